"""The inbox as a board: the first steps of each of its views of a step, in one statement, from the rows the inbox counts and lists.

A column is one element of the process, the last one what is on hold. Of each desk (or of each place, where a filter asks whom steps wait
for) no more than the inbox counts is read, the most urgent first, so that the board costs the same at any number of cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, case, func, literal, null, select

from casework.db import db
from casework.permissions import OPERATIONS, Actor
from casework.reading.counting import MOST_KEPT
from workflows.desks.inbox import Counts, InboxPage, counts_for, page_from
from workflows.desks.inbox_filters import NO_FILTER, InboxFilter, InboxQuery, ranges_of
from workflows.desks.inbox_statements import (
    COUNTED_PER_DESK,
    TASK,
    Asked,
    Kind,
    candidates,
    columns_of_row,
    moments,
    shape_of,
    with_case,
)
from workflows.desks.inbox_steps import InboxStep, listed_step

MOST_CARDS = 8
FROZEN = "frozen"
"""The column of what is on hold; the view of the inbox is called so, too."""


@dataclass(frozen=True, slots=True)
class Column:
    """The first steps of a view, as its part of a page, and how many the view holds."""

    key: str
    page: InboxPage
    number: int

    @property
    def left(self) -> int:
        """How many it holds beyond those shown."""
        return max(0, self.number - len(self.page.tasks))


@dataclass(frozen=True, slots=True)
class Board:
    """The columns in the order of the process, only those with something in them. `counts` are those of the whole inbox."""

    columns: tuple[Column, ...]
    counts: Counts

    @property
    def waiting(self) -> list[InboxStep]:
        """The steps shown that can be done now, the first due first."""
        shown = (task for column in self.columns if column.key != FROZEN for task in column.page.tasks)
        return sorted(shown, key=lambda task: (task.due_at, task.id))

    @property
    def number(self) -> int:
        """How many steps can be done now, shown or not."""
        return sum(column.number for column in self.columns if column.key != FROZEN)


def board_of(
    by: Actor,
    *,
    order: Mapping[str, Any],
    now: datetime,
    most: int = MOST_CARDS,
    chosen: InboxFilter = NO_FILTER,
    desks_of: Actor | None = None,
) -> Board:
    """The board of what fits a filter, `most` steps a column: two statements. `order` has the elements in the order of the process.

    `desks_of` is the person with only some roles, where they want to see only those desks.
    """
    wanted, reader = InboxQuery(chosen=chosen), desks_of or by
    counts = counts_for(by, now=now, wanted=wanted, desks_of=reader)
    asked = Asked.of(reader, wanted)
    on_hold = ranges_of(reader, replace(wanted, only_frozen=True))
    # whom steps wait for says already which of them rest
    asked = replace(asked, ranges=tuple(dict.fromkeys((*asked.ranges, *on_hold))))
    if not asked.ranges or not (chosen.waits or counts.all + counts.frozen):
        return Board((), counts)
    statement = _first_of_each(asked.kinds, shape_of(wanted), with_words=by.holds(OPERATIONS))
    found = db.session.execute(statement, asked.values() | moments(by, now) | {"most": most}).all()
    rows, numbers = [listed_step(row[:-1]) for row in found], {}
    for row, (*_rest, number) in zip(rows, found, strict=True):
        numbers[_key_of(row.step)] = number
    keys = sorted(numbers, key=lambda key: _place_of(key, list(order)))
    return Board(tuple(Column(key, page_from([row for row in rows if _key_of(row.step) == key]), numbers[key]) for key in keys), counts)


def _key_of(step: InboxStep) -> str:
    return FROZEN if step.state == FROZEN else step.element


def _place_of(key: str, order: list[str]) -> tuple[int, str]:
    """The place of a column: in the order of the process, then elements somebody drew, then what is on hold."""
    return (order.index(key) if key in order else len(order) + (key == FROZEN), key)


@lru_cache(MOST_KEPT)
def _first_of_each(kinds: tuple[Kind, ...], shape: InboxQuery, *, with_words: bool) -> Select[Any]:
    """The first steps of each column, with what a row of the list shows, and how many the column has."""
    read = candidates(kinds, shape, None, COUNTED_PER_DESK, is_after=False)
    column = case((TASK.c.state == FROZEN, literal(FROZEN)), else_=TASK.c.element)
    place = func.row_number().over(partition_by=column, order_by=(TASK.c.due_at, TASK.c.id)).label("place")
    number = func.count().over(partition_by=column).label("number")
    placed = select(TASK.c.id, place, number).join_from(TASK, read, read.c.id == TASK.c.id).subquery("placed")
    chosen = select(placed.c.id, placed.c.number).where(placed.c.place <= bindparam("most")).subquery("chosen")
    query = select(*columns_of_row(null(), with_words=with_words), chosen.c.number).select_from(with_case(chosen))
    return query.order_by(TASK.c.due_at, TASK.c.id)

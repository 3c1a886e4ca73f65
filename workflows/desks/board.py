"""The inbox as a board: the first steps of each of its views of a step, in one statement, from the rows the inbox counts and lists.

A column is one element of the process, the last one what is on hold. Of each desk no more than the inbox counts is read, the most urgent
first, so that the board costs the same at any number of cases.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from sqlalchemy import Select, bindparam, case, func, literal, null, select, union_all

from casework.db import db
from casework.permissions import OPERATIONS, Actor
from casework.reading.counting import MOST_KEPT
from workflows.desk_access import desks_read_by
from workflows.desks.inbox import Counts, InboxPage, counts_for, elements_of, page_from
from workflows.desks.inbox_filters import InboxQuery
from workflows.desks.inbox_statements import COUNTED_PER_DESK, TASK, columns_of_row, head, moments, with_case
from workflows.desks.inbox_steps import InboxStep, listed_step

MOST_CARDS = 8
FROZEN = "frozen"
"""The column of what is on hold; the view of the inbox is called so, too."""

STATES = ("waiting", FROZEN)
EVERYTHING = InboxQuery()


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
    """The columns in the order of the process, only those with something in them."""

    columns: tuple[Column, ...]
    counts: Counts

    @property
    def waiting(self) -> list[InboxStep]:
        """The steps shown that can be done now, the first due first."""
        shown = (task for column in self.columns if column.key != FROZEN for task in column.page.tasks)
        return sorted(shown, key=lambda task: (task.due_at, task.id))


def board_of(by: Actor, *, order: Mapping[str, Any], now: datetime, most: int = MOST_CARDS) -> Board:
    """The board of a person's desks, `most` steps a column: two statements. `order` has the elements in the order of the process."""
    desks, counts = desks_read_by(by), counts_for(by, now=now, wanted=EVERYTHING)
    if not desks or not counts.all + counts.frozen:
        return Board((), counts)
    values = moments(by, now) | {f"board{number}_desk": desk for number, desk in enumerate(desks)} | {"most": most}
    rows = [listed_step(row) for row in db.session.execute(_first_of_each(len(desks), with_words=by.holds(OPERATIONS)), values)]
    numbers = {key: counts.elements[key] for key in elements_of(counts, order)} | {FROZEN: counts.frozen}
    columns = ((key, page_from([row for row in rows if _key_of(row.step) == key]), number) for key, number in numbers.items())
    return Board(tuple(Column(*each) for each in columns if each[1].tasks), counts)


def _key_of(step: InboxStep) -> str:
    return FROZEN if step.state == FROZEN else step.element


@lru_cache(MOST_KEPT)
def _first_of_each(desks: int, *, with_words: bool) -> Select[Any]:
    """The first steps of each column, with what a row of the list shows."""
    heads = [
        head(("desk", state, None), f"board{number}_desk", EVERYTHING, "").limit(COUNTED_PER_DESK).subquery()
        for number in range(desks) for state in STATES
    ]  # fmt: skip
    read = union_all(*(select(rows.c.id) for rows in heads)).subquery("read")
    column = case((TASK.c.state == FROZEN, literal(FROZEN)), else_=TASK.c.element)
    place = func.row_number().over(partition_by=column, order_by=(TASK.c.due_at, TASK.c.id)).label("place")
    placed = select(TASK.c.id, place).join_from(TASK, read, read.c.id == TASK.c.id).subquery("placed")
    chosen = select(placed.c.id).where(placed.c.place <= bindparam("most")).subquery("chosen")
    query = select(*columns_of_row(null(), with_words=with_words)).select_from(with_case(chosen))
    return query.order_by(TASK.c.due_at, TASK.c.id)

"""A person's queue: the inbox with a view and a filter, walked from one step to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.permissions import OPERATIONS, Actor
from casework.second_person import SECOND_PERSON
from workflows.bindings import OTHER_THAN
from workflows.definitions.parsed import definition_by
from workflows.desk_access import own_desk
from workflows.desks import queue_statements as statements
from workflows.desks.inbox import MOST_COUNTED, MOST_FIRST, InboxPage, Position, desks_first, page_from, page_of
from workflows.desks.inbox_filters import InboxQuery
from workflows.desks.inbox_statements import Asked, moments, shape_of
from workflows.desks.inbox_steps import InboxStep, listed_step
from workflows.models import WaitingTask
from workflows.running.steps import same_person_words

MOST_PLACES = MOST_COUNTED + 1
"""Steps whose place in a queue is known; the last one stands for all further ones."""

MOST_TRIED = 5
"""Steps looked at for one the person may do, where what they did before bars them from some."""

CHECKED = frozenset(map(str, SECOND_PERSON))
"""Elements of the shipped model that somebody may be barred from by what they did."""


@dataclass(frozen=True, slots=True)
class Queue:
    """The rows around a step, its place among them and in the queue, and how many steps the queue has (both at most MOST_PLACES).

    `at` is None, and `index` too, where the step is not in the queue.
    """

    page: InboxPage
    index: int | None
    at: int | None
    total: int

    @property
    def previous(self) -> InboxStep | None:
        return self.page.tasks[self.index - 1] if self.index else None

    @property
    def next(self) -> InboxStep | None:
        after = self.page.tasks[self.index + 1 :] if self.index is not None else ()
        return after[0] if after else None


def queue_around(by: Actor, wanted: InboxQuery, step: WaitingTask, *, now: datetime, desks_of: Actor) -> Queue:
    """Return the part of a queue in which a step stands, its beginning where it is in none. One statement, two beyond MOST_PLACES.

    `desks_of` is the person with the roles whose desks are read.
    """
    asked, first = Asked.of(desks_of, wanted), desks_first(desks_of, wanted)
    if not asked.ranges or wanted.codes == ():
        return Queue(InboxPage((), None), None, None, 0)
    statement = statements.around(
        asked.kinds, shape_of(wanted), firsts=len(first), most_first=MOST_FIRST, most=MOST_PLACES, with_words=by.holds(OPERATIONS)
    )
    rows = db.session.execute(statement, _values(by, asked, first, now) | {"at_hand": step.ref}).all()
    _, at, total, *_rest = rows[0] if rows else (None, None, 0)
    if at is None and total == MOST_PLACES and step.state == "waiting":
        beyond = _from(by, wanted, step, now=now, desks_of=desks_of)
        if beyond is not None:
            return beyond
    page = page_from([listed_step(row[3:]) for row in rows])
    return Queue(page, _index(page.tasks, step), at, total)


def next_in_queue(by: Actor, wanted: InboxQuery, case_id: int, place: Position, *, now: datetime, desks_of: Actor) -> str | None:
    """Return the reference of the step to go on with after one of a case was done, None where the queue has none that the person can do.

    Of the same case, then what they hold, then the one after `place` in the order of the inbox, then the first. What somebody else holds,
    what rests and what the person's own earlier deeds bar them from is passed over.
    """
    asked, first = Asked.of(desks_of, wanted), desks_first(desks_of, wanted)
    if not asked.ranges or wanted.codes == ():
        return None
    statement = statements.following(asked.kinds, shape_of(wanted), firsts=len(first), most_first=MOST_FIRST, most=MOST_TRIED)
    values = _values(by, asked, first, now) | {"case_at_hand": case_id, "after_due": place.due_at, "after_id": place.id}
    for number, each in enumerate(asked.ranges):
        desk = str(each.value)
        values[f"holders_{number}"] = sorted(by.at(own_desk(by, desk) or desk).counts_as)
    rows = db.session.execute(statement, values).all()
    return next((ref for ref, *element in rows if not _is_checked(*element) or _may_do(by, ref, now)), None)


def _from(by: Actor, wanted: InboxQuery, step: WaitingTask, *, now: datetime, desks_of: Actor) -> Queue | None:
    """The queue from a step on that is too far down for its place to be counted; None if it is not in the queue."""
    page = page_of(
        by, wanted, now=now, after=Position(step.due_at, step.id - 1), limit=statements.SHOWN, desks_of=desks_of, with_words=True
    )  # fmt: skip
    return Queue(page, 0, MOST_PLACES, MOST_PLACES) if _index(page.tasks, step) == 0 else None


def _values(by: Actor, asked: Asked, first: Sequence[str], now: datetime) -> dict[str, Any]:
    return asked.values() | moments(by, now) | {f"first_{number}": desk for number, desk in enumerate(first)}


def _index(tasks: Sequence[InboxStep], step: WaitingTask) -> int | None:
    return next((index for index, each in enumerate(tasks) if each.id == step.id), None)


def _is_checked(element: str, version_id: int, sha256: str) -> bool:
    """Whether what somebody did before may bar them from a step, by the program's rules or its model's."""
    found = definition_by(version_id, sha256).elements.get(element)
    return element in CHECKED or (found is not None and bool(found.properties.get(OTHER_THAN)))


def _may_do(by: Actor, ref: str, now: datetime) -> bool:
    query = select(WaitingTask).where(WaitingTask.ref == ref)
    query = query.options(joinedload(WaitingTask.case), joinedload(WaitingTask.assignment), joinedload(WaitingTask.instance))
    return same_person_words(db.session.scalars(query).unique().one(), by, now=now) is None

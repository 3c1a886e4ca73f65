"""What a merge leaves behind so that a split can undo it, and what both do alike."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from casework.assignments.moves import Moved
from casework.cases import lock_case
from casework.db import db
from casework.models import Addition, Case, Note, Question, Withdrawal
from casework.permissions import Actor
from casework.text import normal

OF_A_REPORT: tuple[type[Addition] | type[Question] | type[Withdrawal], ...] = (Addition, Question, Withdrawal)
"""Rows that are said to or by the sender of one report, and are kept with the case this report is in."""


@dataclass(frozen=True)
class Before:
    """What a case was when it was merged: rows by number, so that a split finds them again. `clocks` are its own, with their due.

    `lent_reason` is the visibility reason the main case had none of before: it came by this merge.
    """

    into: int
    state: str
    hotline_owed: bool
    clocks: dict[str, str]
    assignments: list[Moved]
    publications: list[int]
    followers: list[int]
    followed: list[int]
    lent_reason: int | None = None

    @classmethod
    def read(cls, kept: dict[str, Any] | None) -> "Before | None":
        """What a link keeps, if it was left behind by a merge."""
        if not kept or "into" not in kept:
            return None
        fields = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        return cls(**{**fields, "assignments": [Moved(**each) for each in kept["assignments"]]})


def both_locked(source: Case, main_id: int) -> tuple[Case, Case]:
    """Both rows, the lower number first: two merges that cross would otherwise wait for each other."""
    locked = {case_id: lock_case(case_id) for case_id in sorted({source.id, main_id})}
    return locked[source.id], locked[main_id]


def write_reason(main: Case, reason: str, *, by: Actor, now: datetime) -> None:
    """Keep the words of staff where staff read them: the history holds none."""
    if words := normal(reason):
        db.session.add(Note(case_id=main.id, audience="centre", body=words, written_by_id=by.account_id, written_at=now))


def move_with_reports(report_ids: list[int], old: Case, new: Case) -> None:
    """What was said with the sender of a report goes with the report: who may read the one may read the other, and nobody else.

    With it goes whether somebody still has to read something. An objection and a verdict stay: they are part of the refusal and
    of the publication of the case they were about.
    """
    for table in OF_A_REPORT:
        said = update(table).where(table.report_id.in_(report_ids), table.case_id == old.id)
        db.session.execute(said.values(case_id=new.id))
    for case in (old, new):
        unread = select(func.count()).where(Addition.case_id == case.id, Addition.read_at.is_(None))
        case.has_unread_words = bool(db.session.scalar(unread))

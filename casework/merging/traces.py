"""What a merge records so that a split can undo it, and what both do in the same way."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from casework.assignments.moves import MovedAssignment
from casework.cases import lock_case
from casework.db import db
from casework.models import Addition, Case, Note, Question, Withdrawal
from casework.permissions import Actor
from casework.text import normal

OF_A_REPORT: tuple[type[Addition] | type[Question] | type[Withdrawal], ...] = (Addition, Question, Withdrawal)
"""Rows said to or by the sender of one report, kept with the case the report is in."""


@dataclass(frozen=True)
class Before:
    """What a case was when it was merged: rows by number, so that a split finds them again. `clocks` are its own, with their due.

    `lent_reason` is the visibility reason the main case had none of before: it came by this merge.
    """

    into: int
    state: str
    hotline_owed: bool
    clocks: dict[str, str]
    assignments: list[MovedAssignment]
    publications: list[int]
    followers: list[int]
    followed: list[int]
    lent_reason: int | None = None

    @classmethod
    def read(cls, kept: dict[str, Any] | None) -> "Before | None":
        """What a link has recorded, if a merge left it behind."""
        if not kept or "into" not in kept:
            return None
        fields = {name: kept[name] for name in cls.__dataclass_fields__ if name in kept}
        return cls(**{**fields, "assignments": [MovedAssignment(**each) for each in kept["assignments"]]})


def both_locked(source: Case, main_id: int) -> tuple[Case, Case]:
    """Both rows, locked in id order: two crossing merges would otherwise deadlock."""
    locked = {case_id: lock_case(case_id) for case_id in sorted({source.id, main_id})}
    return locked[source.id], locked[main_id]


def write_reason(main: Case, reason: str, *, by: Actor, now: datetime) -> None:
    """Record staff's words as a note, because the history holds none."""
    if words := normal(reason):
        db.session.add(Note(case_id=main.id, audience="centre", body=words, written_by_id=by.account_id, written_at=now))


def move_with_reports(report_ids: list[int], old: Case, new: Case) -> None:
    """Move the exchanges with a report's sender along with the report, so that the same people may read both.

    Whether something is still unread moves too. Objections and verdicts stay: they belong to the refusal and the publication of their
    case.
    """
    for table in OF_A_REPORT:
        said = update(table).where(table.report_id.in_(report_ids), table.case_id == old.id)
        db.session.execute(said.values(case_id=new.id))
    for case in (old, new):
        unread = select(func.count()).where(Addition.case_id == case.id, Addition.read_at.is_(None))
        case.has_unread_words = bool(db.session.scalar(unread))

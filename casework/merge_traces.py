"""What a merge leaves behind so that a split can undo it, and what both do alike."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select, update

from casework.assignment_moves import Moved
from casework.cases import lock_case
from casework.db import db
from casework.folding import normal
from casework.models import Addition, Case, Note
from casework.permissions import Actor
from casework.states import CaseState

AT_AGENCIES = frozenset({CaseState.AT_AGENCY, CaseState.HANDLING, CaseState.REDO, CaseState.APPROVAL})
"""States that follow from what the agencies are doing: in these a main case takes agencies over."""


@dataclass(frozen=True)
class Before:
    """What a case was when it was merged: rows by number, so that a split finds them again. `clocks` are its own, with their due."""

    into: int
    state: str
    hotline_owed: bool
    clocks: dict[str, str]
    assignments: list[Moved]
    publications: list[int]
    followers: list[int]
    followed: list[int]

    @classmethod
    def read(cls, kept: dict[str, Any] | None) -> "Before | None":
        """What a link keeps, if it was left behind by a merge."""
        if not kept or "into" not in kept:
            return None
        fields = {name: kept[name] for name in cls.__dataclass_fields__}
        return cls(**{**fields, "assignments": [Moved(**each) for each in kept["assignments"]]})


def both_locked(source: Case, main_id: int) -> tuple[Case, Case]:
    """Both rows, the lower number first: two merges that cross would otherwise wait for each other."""
    locked = {case_id: lock_case(case_id) for case_id in sorted({source.id, main_id})}
    return locked[source.id], locked[main_id]


def write_reason(main: Case, reason: str, *, by: Actor, now: datetime) -> None:
    """Keep the words of staff where staff read them: the history holds none."""
    if words := normal(reason):
        db.session.add(Note(case_id=main.id, audience="centre", body=words, written_by_id=by.account_id, written_at=now, mentions=[]))


def move_additions(report_ids: list[int], old: Case, new: Case) -> None:
    """What a reporter wrote goes with the report, and with it whether somebody still has to read it."""
    written = update(Addition).where(Addition.report_id.in_(report_ids), Addition.case_id == old.id)
    db.session.execute(written.values(case_id=new.id))
    for case in (old, new):
        unread = select(func.count()).where(Addition.case_id == case.id, Addition.read_at.is_(None))
        case.has_unread_words = bool(db.session.scalar(unread))

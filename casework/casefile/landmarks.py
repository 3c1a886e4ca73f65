"""What the head of a case page tells of its way: who accepted and distributed it, who works on it for each agency, who was reminded.

The history tells the same to the same people; here are the few events of it that the first screen needs, in one statement made once.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import bindparam, select

from casework.db import db
from casework.models import Account, Case, Event

MOST_READ = 120
"""Newest first. A case of ten agencies, each asked twice and reminded four times, has as many."""

TOLD = ("verify", "classify", "distribute", "accept_assignment", "submit_answer", "remind", "remind_all", "publish", "answer_privately")


@dataclass(frozen=True, slots=True)
class Mark:
    """Something that happened, and the name of whoever did it; empty where nobody is named any more."""

    at: datetime
    by: str = ""


@dataclass(slots=True)
class AgencyMarks:
    """What happened about one agency, the last of each."""

    accepted: Mark | None = None
    submitted: Mark | None = None
    reminded: Mark | None = None
    times_reminded: int = 0


@dataclass(frozen=True, slots=True)
class Landmarks:
    verified: Mark | None = None
    classified: Mark | None = None
    distributed: Mark | None = None
    published: Mark | None = None
    agencies: Mapping[str, AgencyMarks] = field(default_factory=dict)

    def of(self, key: str) -> AgencyMarks:
        """What happened about the agency with a key."""
        return self.agencies.get(key) or AgencyMarks()


_EVENT, _ACCOUNT = Event.__table__, Account.__table__
_MARKS = (
    select(_EVENT.c.type, _EVENT.c.at, _EVENT.c.payload, _ACCOUNT.c.full_name)
    .outerjoin_from(_EVENT, _ACCOUNT, _ACCOUNT.c.id == _EVENT.c.actor_id)
    .where(_EVENT.c.case_id == bindparam("case"), _EVENT.c.type.in_(TOLD))
    .order_by(_EVENT.c.seq.desc())
    .limit(MOST_READ)
)


def landmarks_of(case: Case) -> Landmarks:
    """Read them. Callers have asked whether the person reads the history of the case."""
    first: dict[str, Mark] = {}
    agencies: dict[str, AgencyMarks] = defaultdict(AgencyMarks)
    for row in db.session.execute(_MARKS, {"case": case.id}):
        mark = Mark(row.at, row.full_name or "")
        first.setdefault(row.type, mark)
        for key in _agencies(row.payload or {}):
            _tell(agencies[key], row.type, mark)
    published = max(filter(None, (first.get("publish"), first.get("answer_privately"))), key=lambda mark: mark.at, default=None)
    return Landmarks(first.get("verify"), first.get("classify"), first.get("distribute"), published, dict(agencies))


def _agencies(payload: Mapping[str, object]) -> list[str]:
    several = payload.get("agencies")
    one = payload.get("agency")
    return [str(key) for key in several] if isinstance(several, list) else [one] if isinstance(one, str) else []


def _tell(marks: AgencyMarks, event: str, mark: Mark) -> None:
    if event == "accept_assignment":
        marks.accepted = marks.accepted or mark
    elif event == "submit_answer":
        marks.submitted = marks.submitted or mark
    elif event in ("remind", "remind_all"):
        marks.reminded = marks.reminded or mark
        marks.times_reminded += 1

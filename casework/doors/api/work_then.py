"""Who had the work of a case at a past moment. A reorganisation gives assignments to other agencies, a merge and a split to other cases:
their rows know the last holder alone, the events of the case all of them.
"""

from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select

from casework.db import db
from casework.doors.webhooks.kinds import REORGANISED
from casework.models import Agency, Assignment, Event

MOVING = frozenset({*REORGANISED, "merge", "split"})


class Work(NamedTuple):
    """An assignment. `agency_id` and `key` are its agency's, at the moment that is asked about."""

    id: int
    ref: str
    agency_id: int
    key: str
    ended_at: datetime | None
    distributed_at: datetime
    is_answered: bool


class Holder(NamedTuple):
    id: int
    key: str


@dataclass(frozen=True, slots=True)
class WorkThen:
    """The work of some cases: as it is now, and the events by which it came to be there, the newest first."""

    now: Mapping[int, Sequence[Work]]
    moves: Mapping[int, Sequence[Any]]
    """id, type, at, payload."""
    agencies: Mapping[str, Holder]
    """Those the moves name, by ref."""

    def after(self, case_id: int, event_id: int, at: datetime) -> list[Work]:
        """The assignments of a case right after an event of it, with who had them; what ended later goes on."""
        here = self.now.get(case_id, ())
        holders: dict[str, Holder | None] = {row.ref: Holder(row.agency_id, row.key) for row in here}
        away: dict[str, Holder] = {}
        for move in self.moves.get(case_id, ()):
            if move.id <= event_id:
                break
            self._take_back(move, here, holders, away)
        there = ((row, holders[row.ref]) for row in here if row.distributed_at <= at)
        return [row._replace(agency_id=who.id, key=who.key, ended_at=_by(row.ended_at, at)) for row, who in there if who is not None]

    def _take_back(self, move: Any, here: Sequence[Work], holders: dict[str, Holder | None], away: dict[str, Holder]) -> None:
        payload = move.payload or {}
        if move.type in REORGANISED:
            for ref, former, _new in payload.get("work", ()):
                if ref in holders:
                    holders[ref] = self.agencies.get(former) if former is not None else None
            return
        came = "source" in payload if move.type == "merge" else "main" in payload
        for key in payload.get("agencies", ()):
            if came:
                for row in here:
                    who = holders[row.ref]
                    if who is not None and who.key == key and row.distributed_at <= move.at and _by(row.ended_at, move.at) is None:
                        away[row.ref], holders[row.ref] = who, None
            else:
                for ref in [each for each, who in away.items() if who.key == key]:
                    holders[ref] = away.pop(ref)


def work_of(case_ids: Collection[int]) -> WorkThen:
    """The work of these cases, in three statements at most."""
    now = defaultdict[int, list[Work]](list)
    asked = select(Assignment, Agency.key).join(Agency, Agency.id == Assignment.agency_id).where(Assignment.case_id.in_(case_ids))
    for one, key in db.session.execute(asked.order_by(Assignment.id)):
        now[one.case_id].append(
            Work(one.id, one.ref, one.agency_id, key, one.ended_at, one.distributed_at, one.approved_at is not None)
        )
    moves = defaultdict[int, list[Any]](list)
    happened = select(Event.id, Event.type, Event.at, Event.payload, Event.case_id)
    happened = happened.where(Event.case_id.in_(case_ids), Event.type.in_(MOVING)).order_by(Event.seq.desc())
    for row in db.session.execute(happened):
        moves[row.case_id].append(row)
    refs = set(_refs(row.payload or {} for each in moves.values() for row in each))
    known = db.session.execute(select(Agency.ref, Agency.id, Agency.key).where(Agency.ref.in_(refs))) if refs else ()
    return WorkThen(now, moves, {ref: Holder(id_, key) for ref, id_, key in known})


def _refs(payloads: Iterator[Mapping[str, Any]]) -> Iterator[str]:
    for payload in payloads:
        for _work, *agencies in payload.get("work", ()):
            yield from (each for each in agencies if each is not None)


def _by(moment: datetime | None, at: datetime) -> datetime | None:
    """An end as it was known at `at`."""
    return moment if moment is not None and moment <= at else None

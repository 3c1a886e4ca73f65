"""The content of a centre's wallboard: numbers, urgent, late and soon due cases, and today's events. No private words.

Visitors may see it, so it shows only what is public before a publication, plus the agency at work: field, commune, village once an
operator has set it, state and due instant (rules.md, section 2). No title, no words, no exact place. Sensitive cases are only counted;
quarantined ones are not even counted.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy import case as either
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind
from casework.db import db
from casework.lateness import late, soon
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Area, Case, Clock
from casework.open_cases import count_unconfirmed, is_open
from casework.public.progress import progress_of
from casework.states import ANSWERED_STATES, OPEN_STATES, CaseState, Progress

SOON = timedelta(hours=24)
MOST_URGENT = 4
MOST_DUE = 8
MOST_ACTS = 3
MOST_COMMUNES = 200


@dataclass(frozen=True)
class OpenCounts:
    """The counts of open cases; `unconfirmed` is counted separately (casework.open_cases). `soon`, `late`: of the day promised for the
    answer."""

    open: int
    urgent: int
    soon: int
    late: int
    to_verify: int
    unconfirmed: int


@dataclass(frozen=True)
class TodayCounts:
    """The counts since local midnight."""

    received: int
    accepted: int
    answered: int


@dataclass(frozen=True)
class CaseLine:
    """One case on the wallboard. `is_acceptance`: nobody has accepted it yet, and `due_at` is the limit for that."""

    field: Bilingual | None
    area: Bilingual | None
    village: str | None
    agency: Bilingual | None
    progress: Progress
    due_at: datetime | None
    is_acceptance: bool
    is_from_camera: bool


@dataclass(frozen=True)
class TodayEvent:
    """One of today's events: received, accepted or answered, when, of which field and where."""

    kind: str
    at: datetime
    field: Bilingual | None
    area: Bilingual | None


@dataclass(frozen=True)
class CommuneCount:
    """The open cases of a commune: pins are at its centre point, because exact places are private."""

    area_id: int
    number: int
    urgent: int
    late: int


@dataclass(frozen=True)
class Picture:
    """The whole picture. `beyond` is how many urgent or due cases are not shown."""

    numbers: OpenCounts
    flow: TodayCounts
    urgent: list[CaseLine]
    due: list[CaseLine]
    done: list[TodayEvent]
    communes: list[CommuneCount]

    @property
    def room(self) -> int:
        """How many lines fit below the urgent ones, which are two to a row."""
        return MOST_DUE - 2 * -(-len(self.urgent) // 2)


def picture_of(centre_id: int, *, now: datetime) -> Picture:
    """The present picture, in nine statements however many cases there are."""
    due_at = _due()
    shown = and_(_is_open(centre_id), Case.visibility_reason_id.is_(None))
    urgent = _lines(select(Case, due_at.label("due")).where(shown, Case.urgency == "urgent"), due_at, MOST_URGENT)
    near = and_(shown, Case.urgency != "urgent", late(due_at, now + SOON))
    due = _lines(select(Case, due_at.label("due")).where(near), due_at, MOST_DUE)
    midnight = datetime.combine(local_day(now), time(), LOCAL_ZONE)
    return Picture(
        numbers=_numbers(centre_id, now),
        flow=_flow(centre_id, midnight, now),
        urgent=urgent,
        due=due,
        done=_done(centre_id, midnight, now),
        communes=_communes(shown, now),
    )


def _is_open(centre_id: int) -> ColumnElement[bool]:
    return and_(Case.centre_id == centre_id, *is_open())


def _due() -> ColumnElement[Any]:
    """What a line counts down to: the limit of acceptance until a case is accepted, which has no copy in the case, then that of its
    answer."""
    acceptance = (
        select(func.min(Clock.due_at))
        .where(Clock.case_id == Case.id, Clock.kind == ClockKind.ACCEPTANCE, Clock.ended_at.is_(None))
        .correlate(Case)
        .scalar_subquery()
    )
    return either((Case.state == CaseState.TO_VERIFY, acceptance), else_=Case.due_at)


def _numbers(centre_id: int, now: datetime) -> OpenCounts:
    total, urgent, near, behind, to_verify = db.session.execute(
        select(
            func.count(),
            _count_if(Case.urgency == "urgent"),
            _count_if(soon(Case.due_at, now, now + SOON)),
            _count_if(late(Case.due_at, now)),
            _count_if(Case.state == CaseState.TO_VERIFY),
        ).where(_is_open(centre_id))
    ).one()
    return OpenCounts(total, urgent or 0, near or 0, behind or 0, to_verify or 0, count_unconfirmed([centre_id]))


def _flow(centre_id: int, midnight: datetime, now: datetime) -> TodayCounts:
    counts = [
        select(func.count())
        .where(Case.centre_id == centre_id, Case.quarantined_at.is_(None), Case.parent_id.is_(None), column >= midnight, column <= now)
        .scalar_subquery()
        for column in (Case.opened_at, Case.accepted_at, Case.answered_at)
    ]
    return TodayCounts(*(int(each or 0) for each in db.session.execute(select(*counts)).one()))


def _lines(query: Select[Any], due_at: ColumnElement[Any], most: int) -> list[CaseLine]:
    query = query.order_by(due_at.is_(None), due_at, Case.id).limit(most).options(*_labels(), joinedload(Case.lead_agency))
    return [_line(case, due) for case, due in db.session.execute(query)]


def _line(case: Case, due_at: datetime | None) -> CaseLine:
    return CaseLine(
        field=case.field.name if case.field else None,
        area=case.area.name if case.area else None,
        village=case.village if case.due_at is not None and case.state != CaseState.TO_VERIFY else None,
        agency=case.lead_agency.short_name if case.lead_agency else None,
        progress=progress_of(case),
        due_at=due_at,
        is_acceptance=case.state == CaseState.TO_VERIFY,
        is_from_camera=case.source == "camera",
    )


def _done(centre_id: int, midnight: datetime, now: datetime) -> list[TodayEvent]:
    may_be_known = and_(
        Case.centre_id == centre_id, Case.quarantined_at.is_(None), Case.visibility_reason_id.is_(None), Case.merged_into_id.is_(None),
        Case.parent_id.is_(None), or_(Case.state.in_(sorted(OPEN_STATES)), and_(Case.is_public, Case.state.in_(sorted(ANSWERED_STATES)))),
    )  # fmt: skip
    found: list[TodayEvent] = []
    for kind, column in (("received", Case.opened_at), ("accepted", Case.accepted_at), ("answered", Case.answered_at)):
        query = select(Case, column).where(may_be_known, column >= midnight, column <= now).options(*_labels())
        rows = db.session.execute(query.order_by(column.desc(), Case.id.desc()).limit(MOST_ACTS))
        found += [
            TodayEvent(kind, at, case.field.name if case.field else None, case.area.name if case.area else None) for case, at in rows if at
        ]
    return sorted(found, key=lambda each: each.at, reverse=True)[:MOST_ACTS]


def _communes(shown: ColumnElement[bool], now: datetime) -> list[CommuneCount]:
    query = (
        select(Case.area_id, func.count(), _count_if(Case.urgency == "urgent"), _count_if(late(Case.due_at, now)))
        .where(shown, Case.area_id.is_not(None))
        .group_by(Case.area_id)
        .order_by(func.count().desc(), Case.area_id)
        .limit(MOST_COMMUNES)
    )
    return [CommuneCount(area_id, number, int(urgent or 0), int(late or 0)) for area_id, number, urgent, late in db.session.execute(query)]


def _count_if(condition: ColumnElement[bool]) -> ColumnElement[Any]:
    return func.sum(either((condition, 1), else_=0))


def _labels() -> Sequence[Any]:
    return joinedload(Case.field), joinedload(Case.area).load_only(Area.name_vi, Area.name_en)

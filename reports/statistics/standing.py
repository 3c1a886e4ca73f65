"""What a centre or an agency owes at this moment: how much, whose, where, how near its limit, and the lists behind these numbers.

Read from the open stretches, through their own indexes: the cost grows with what is owed and not with the installation. The state at an
earlier moment follows the same rule as the figures (figures.py: open, open_late). A case that has just left the system for a procedure of
its own is not counted here, even before its facts say so.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, not_, or_, select, true
from sqlalchemy import case as either

from casework.bilingual import Bilingual
from casework.db import db
from casework.facts.reading import APART
from casework.lateness import late, soon
from casework.local_time import midnight
from casework.models import Agency, Area, Case, CaseSpan
from casework.open_cases import is_unconfirmed, unconfirmed_cases
from casework.parsing import MICROSECOND_DIGITS, number_in
from reports.statistics.behind import Behind, CountedFact
from reports.statistics.periods import EARLIEST, LATEST
from reports.statistics.subjects import NOT_YET, Scope

SOON = timedelta(hours=24)
"""A limit is near when no more than this is left."""

RECENT_DAYS = 30
"""Days for which a received case counts as recent on the map."""

MOST_POINTS = 300
MOST_PLACES = 600
MOST_LISTED = 200

FACTS_LAG = timedelta(days=30)
"""Facts follow within minutes, so only cases that left the system more recently than this can still have an open stretch."""

FAR = datetime(2999, 1, 1, tzinfo=UTC)
"""The due instant of stretches without a limit, so that they sort last."""


class OpenState(StrEnum):
    """States of open cases: late, soon and in_time add up to open; urgent is a part of it. Unconfirmed is counted apart."""

    OPEN = "open"
    LATE = "late"
    SOON = "soon"
    IN_TIME = "in_time"
    URGENT = "urgent"
    UNCONFIRMED = "unconfirmed"


STANDING_NAMES: dict[OpenState, Bilingual] = {
    OpenState.OPEN: Bilingual("Đang mở", "Open"),
    OpenState.LATE: Bilingual("Trễ hạn", "Late"),
    OpenState.SOON: Bilingual("Sắp đến hạn", "Due soon"),
    OpenState.IN_TIME: Bilingual("Còn hạn", "In time"),
    OpenState.URGENT: Bilingual("Khẩn đang mở", "Urgent, open"),
    OpenState.UNCONFIRMED: Bilingual("Chờ xác nhận liên hệ", "Contact not confirmed"),
}

STANDING_DEFINITIONS: dict[OpenState, Bilingual] = {
    OpenState.OPEN: Bilingual(
        "Vụ việc lúc này Trung tâm còn nợ câu trả lời: chưa trả lời và chưa kết thúc, hoặc đã mở lại.",
        "Cases the centre owes an answer now: not answered and not ended, or opened again.",
    ),
    OpenState.LATE: Bilingual("Trong số đang mở: đã hết hạn.", "Of the open: their limit has run out."),
    OpenState.SOON: Bilingual("Trong số đang mở: hết hạn trong 24 giờ tới.", "Of the open: their limit runs out within 24 hours."),
    OpenState.IN_TIME: Bilingual(
        "Trong số đang mở: còn hơn 24 giờ, hoặc chưa có hạn.", "Of the open: more than 24 hours are left, or they have no limit yet."
    ),
    OpenState.URGENT: Bilingual("Trong số đang mở: thuộc diện khẩn.", "Of the open: on the urgent track."),
    OpenState.UNCONFIRMED: Bilingual(
        "Phản ánh chưa tiếp nhận mà người gửi chưa xác nhận liên hệ. Đếm riêng: không tính là đang mở, cũng không tính là trễ hạn.",
        "Reports not accepted yet whose sender has not confirmed a contact. Counted apart: they are neither open nor late.",
    ),
}


@dataclass(frozen=True, slots=True)
class OpenPlace:
    """What is open in a commune, or in one village of it; `area_id` is None if no operator has set the area yet."""

    area_id: int | None
    village: str | None
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class StandingFilter:
    """A filter by agency or area (ref, or NOT_YET for none), by a village of the area (name), or by the last day in time."""

    agency: str = ""
    area: str = ""
    village: str = ""
    day: date | None = None


    @classmethod
    def named(cls, given: Mapping[str, Any]) -> "StandingFilter":
        """The filter in an address or an order; a day no limit can have is none."""
        agency, area, village, day = (str(given.get(name) or "")[:120] for name in ("agency", "area", "village", "day"))
        return cls(agency, area, village, _day_named(day))


WHOLE = StandingFilter()


def standing_now(scope: Scope, *, now: datetime) -> dict[int | None, Counter[str]]:
    """How much is open by lead agency, None for cases without one; the keys of each Counter are those of OpenState."""
    left = select(Case.id).where(Case.quarantined_at >= now - FACTS_LAG)
    owed = (*_of(scope), CaseSpan.ended_at.is_(None), CaseSpan.case_id.not_in(left))
    found: dict[int | None, Counter[str]] = {}
    for agency_id, numbers in _standing(now, owed, CaseSpan.agency_id):
        found.setdefault(agency_id, Counter(dict.fromkeys(OpenState, 0))).update(numbers)
    return found


def standing_at(scope: Scope, moment: datetime) -> Counter[str]:
    """How much was open at an earlier moment."""
    return standing_over(scope, [moment])[0]


def standing_over(scope: Scope, moments: Sequence[datetime]) -> list[Counter[str]]:
    """How much was open at each of several earlier moments, which are given oldest first: two statements, however many there are.

    Stretches are grouped by where their beginning, their limit and their end lie among the moments.
    """
    # written so that SQLite uses no index over everything ever opened
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    opened = func.coalesce(CaseSpan.opened_at, CaseSpan.opened_at) if is_sqlite else CaseSpan.opened_at
    number = len(moments)
    begun = either(*((CaseSpan.opened_at < each, place) for place, each in enumerate(moments)), else_=number)
    gone = either(*((CaseSpan.ended_at < each, place) for place, each in enumerate(moments)), else_=number)
    run_out = either(*((late(CaseSpan.due_at, each), place) for place, each in enumerate(moments)), else_=number)
    nearly = either(*((late(CaseSpan.due_at, each + SOON), place) for place, each in enumerate(moments)), else_=number)
    found: list[Counter[str]] = [Counter(dict.fromkeys(OpenState, 0)) for _ in moments]
    for ended in (CaseSpan.ended_at.is_(None), CaseSpan.ended_at >= moments[0]):
        columns = (begun.label("begun"), gone.label("gone"), run_out.label("run_out"), nearly.label("nearly"), CaseSpan.urgency,
                   _is_apart().label("apart"))  # fmt: skip
        rows = select(*columns).where(*_of(scope), ended, opened < moments[-1], CaseSpan.source != APART).subquery()
        grouped: Any = select(*rows.c, func.count()).group_by(*rows.c)
        for first, last, late_from, soon_from, urgency, is_apart, total in db.session.execute(grouped):
            for place in range(first, last):
                kept = found[place]
                if is_apart:
                    kept[OpenState.UNCONFIRMED] += total
                    continue
                kept[OpenState.OPEN] += total
                kept[OpenState.LATE if place >= late_from else OpenState.SOON if place >= soon_from else OpenState.IN_TIME] += total
                kept[OpenState.URGENT] += total if urgency == "urgent" else 0
    return found


def _standing(moment: datetime, conditions: Sequence[ColumnElement[bool]], by: Any) -> Iterator[tuple[Any, dict[str, int]]]:
    """Count stretches by `by`; unconfirmed ones are counted once, and in no other number."""
    known = [each for each in OpenState if each != OpenState.UNCONFIRMED]
    rows = select(by.label("by"), _is_apart().label("apart"), CaseSpan.due_at, CaseSpan.urgency).where(*conditions).subquery()
    sums = [func.count().filter(_is(each, moment, rows.c)) for each in known]
    query = select(rows.c.by, rows.c.apart, func.count(), *sums).group_by(rows.c.by, rows.c.apart)
    for subject, is_apart, number, *numbers in db.session.execute(query):
        yield subject, {OpenState.UNCONFIRMED: number} if is_apart else dict(zip(known, numbers, strict=True))


def places_now(scope: Scope, *, now: datetime) -> list[OpenPlace]:
    """What is open by commune and village. A sensitive case is only counted by commune (rules.md, section 2)."""
    village = either((Case.visibility_reason_id.is_(None), func.nullif(Case.village, literal_column("''"))), else_=None)
    behind = func.count().filter(_is(OpenState.LATE, now, CaseSpan))
    query = (
        select(CaseSpan.area_id, village, func.count(), behind)
        .join(Case, Case.id == CaseSpan.case_id).where(*open_in(scope), ~is_unconfirmed())
        .group_by(CaseSpan.area_id, village).limit(MOST_PLACES)
    )  # fmt: skip
    return [OpenPlace(*row) for row in db.session.execute(query)]


def standing_cases(
    what: OpenState, scope: Scope, *, now: datetime, narrowed: StandingFilter = WHOLE, after: str = "", limit: int = 50
) -> Behind:  # fmt: skip
    """The list behind a number, earliest due first; continues after `after`."""
    # late and nearly due cases have a limit, so the index already has this order
    order: Any = CaseSpan.due_at if what in (OpenState.LATE, OpenState.SOON) else func.coalesce(CaseSpan.due_at, FAR)
    query = select(CaseSpan.id, CaseSpan.case_id, CaseSpan.opened_at, CaseSpan.due_at).join(Case, Case.id == CaseSpan.case_id)
    apart = is_unconfirmed() if what == OpenState.UNCONFIRMED else ~is_unconfirmed()
    query = query.where(*open_in(scope), apart, _is(what, now, CaseSpan), *_narrowing(narrowed))
    if (mark := _mark_in(after)) is not None:
        query = query.where(order >= mark[0], or_(order > mark[0], CaseSpan.id > mark[1]))
    limit = min(limit, MOST_LISTED)
    found = db.session.execute(query.order_by(order, CaseSpan.id).limit(limit + 1)).all()
    rows = [CountedFact(case_id, opened_at, due_at, id_, _mark(due_at or FAR, id_)) for id_, case_id, opened_at, due_at in found[:limit]]
    return Behind(rows, rows[-1].mark if len(found) > limit else None)


def cases_on_map(scope: Scope, *, now: datetime) -> list[int]:
    """The newest open cases, and those received in the last days: at most MOST_POINTS."""
    columns = (CaseSpan.case_id, CaseSpan.opened_at)
    query = select(*columns).join(Case, Case.id == CaseSpan.case_id).order_by(CaseSpan.opened_at.desc(), CaseSpan.id.desc())
    query = query.limit(MOST_POINTS)
    known, recent = and_(Case.quarantined_at.is_(None), ~is_unconfirmed()), CaseSpan.opened_at >= now - timedelta(days=RECENT_DAYS)
    # an agency's recent cases are found among all recent ones: only one of two indexes is usable
    own = [CaseSpan.centre_id.in_(scope.centre_ids)] + ([CaseSpan.agency_id + 0 == scope.agency_id] if scope.agency_id is not None else [])
    found = [*db.session.execute(query.where(*open_in(scope), ~is_unconfirmed())), *db.session.execute(query.where(*own, known, recent))]
    newest = sorted(dict(map(tuple, found)).items(), key=lambda each: each[1], reverse=True)
    return [case_id for case_id, _opened_at in newest[:MOST_POINTS]]


def _of(scope: Scope) -> Sequence[ColumnElement[bool]]:
    """Only one of two indexes is usable, so that no planner picks the worse one."""
    if scope.agency_id is not None:
        return (CaseSpan.agency_id == scope.agency_id, (CaseSpan.centre_id + 0).in_(scope.centre_ids))
    return (CaseSpan.centre_id.in_(scope.centre_ids),)


def open_in(scope: Scope) -> Sequence[ColumnElement[bool]]:
    return (*_of(scope), CaseSpan.ended_at.is_(None), Case.quarantined_at.is_(None))


def _is_apart() -> ColumnElement[bool]:
    return CaseSpan.case_id.in_(unconfirmed_cases())


def _is(what: OpenState, moment: datetime, span: Any) -> ColumnElement[bool]:
    """The condition for a state, for stretches not counted apart."""
    until = moment + SOON
    conditions: dict[OpenState, ColumnElement[bool]] = {
        OpenState.OPEN: true(), OpenState.LATE: late(span.due_at, moment), OpenState.SOON: soon(span.due_at, moment, until),
        OpenState.IN_TIME: or_(span.due_at.is_(None), not_(late(span.due_at, until))), OpenState.URGENT: span.urgency == "urgent",
        OpenState.UNCONFIRMED: true(),
    }  # fmt: skip
    return conditions[what]


def _narrowing(narrowed: StandingFilter) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, model, ref in ((CaseSpan.agency_id, Agency, narrowed.agency), (CaseSpan.area_id, Area, narrowed.area)):
        if ref:
            own: Any = model
            found.append(column.is_(None) if ref == NOT_YET else column.in_(select(own.id).where(own.ref == ref)))
    if narrowed.village:
        found += [Case.village == narrowed.village, Case.visibility_reason_id.is_(None)]
    if narrowed.day is not None:
        found.append(soon(CaseSpan.due_at, midnight(narrowed.day), midnight(narrowed.day + timedelta(days=1))))
    return found


def _day_named(given: str) -> date | None:
    try:
        day = date.fromisoformat(given)
    except ValueError:
        return None
    return day if EARLIEST < day.year < LATEST else None


def _mark(due_at: datetime, id_: int) -> str:
    return f"{int(due_at.timestamp() * 1_000_000)}.{id_}"


def _mark_in(after: str) -> tuple[datetime, int] | None:
    """The position in an address, which people may have edited: anything invalid means the beginning."""
    first, _, second = after.partition(".")
    micros, id_ = number_in(first, digits=MICROSECOND_DIGITS), number_in(second)
    if micros is None or id_ is None:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros), id_

"""What a centre or one agency owes at this moment: how much, whose, where, how near its limit, and the lists behind these numbers.

Read from the stretches that are open, through their own indexes: what it costs grows with what is owed and not with the house. How it
stood at an earlier moment is told by the same rule as the figures (figures.py: open, open_late). A case that has just left the system
for a procedure of its own is in no number here, even before its facts say so.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, and_, func, literal_column, not_, null, or_, select, true
from sqlalchemy import case as either

from casework.bilingual import Bilingual
from casework.db import db
from casework.facts.reading import APART
from casework.lateness import late, soon
from casework.models import Agency, Area, Case, CaseSpan
from casework.open_cases import is_unconfirmed, unconfirmed_cases
from casework.parsing import MICROSECOND_DIGITS, number_in
from reports.statistics.behind import Behind, Row
from reports.statistics.subjects import NOT_YET, Scope

SOON = timedelta(hours=24)
"""A limit is near when no more than this is left."""

RECENT_DAYS = 30
"""So long a case that was received counts for the places where much happens."""

MOST_POINTS = 300
MOST_PLACES = 600
MOST_LISTED = 200

FACTS_LAG = timedelta(days=30)
"""A stretch of a case that left the system longer ago has ended: facts follow by minutes. So it is not looked up of every stretch."""

FAR = datetime(2999, 1, 1, tzinfo=UTC)
"""Where what has no limit stands in the order of limits."""


class Standing(StrEnum):
    """How something open stands: late, soon and in_time are all of it; urgent is what of it is urgent. Unconfirmed is counted apart."""

    OPEN = "open"
    LATE = "late"
    SOON = "soon"
    IN_TIME = "in_time"
    URGENT = "urgent"
    UNCONFIRMED = "unconfirmed"


STANDING_NAMES: dict[Standing, Bilingual] = {
    Standing.OPEN: Bilingual("Đang mở", "Open"),
    Standing.LATE: Bilingual("Trễ hạn", "Late"),
    Standing.SOON: Bilingual("Sắp đến hạn", "Due soon"),
    Standing.IN_TIME: Bilingual("Còn hạn", "In time"),
    Standing.URGENT: Bilingual("Khẩn đang mở", "Urgent, open"),
    Standing.UNCONFIRMED: Bilingual("Chờ xác nhận liên hệ", "Contact not confirmed"),
}

STANDING_DEFINITIONS: dict[Standing, Bilingual] = {
    Standing.OPEN: Bilingual(
        "Vụ việc lúc này Trung tâm còn nợ câu trả lời: chưa trả lời và chưa kết thúc, hoặc đã mở lại.",
        "Cases the centre owes an answer now: not answered and not ended, or opened again.",
    ),
    Standing.LATE: Bilingual("Trong số đang mở: đã hết hạn.", "Of the open: their limit has run out."),
    Standing.SOON: Bilingual("Trong số đang mở: hết hạn trong 24 giờ tới.", "Of the open: their limit runs out within 24 hours."),
    Standing.IN_TIME: Bilingual(
        "Trong số đang mở: còn hơn 24 giờ, hoặc chưa có hạn.", "Of the open: more than 24 hours are left, or they have no limit yet."
    ),
    Standing.URGENT: Bilingual("Trong số đang mở: thuộc diện khẩn.", "Of the open: on the urgent track."),
    Standing.UNCONFIRMED: Bilingual(
        "Phản ánh chưa tiếp nhận mà người gửi chưa xác nhận liên hệ. Đếm riêng: không tính là đang mở, cũng không tính là trễ hạn.",
        "Reports not accepted yet whose sender has not confirmed a contact. Counted apart: they are neither open nor late.",
    ),
}


@dataclass(frozen=True, slots=True)
class Place:
    """What is open in a commune, or in one village of it; `area_id` is None where no operator has said yet where it is."""

    area_id: int | None
    village: str | None
    open: int
    late: int


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a number was told apart by: an agency or area by ref, NOT_YET for none; a village of the area by name."""

    agency: str = ""
    area: str = ""
    village: str = ""


WHOLE = Narrowed()


def standing_now(scope: Scope, *, now: datetime) -> dict[int | None, Counter[str]]:
    """How much is open by leading agency, None for what no agency has yet; of a Counter's keys see Standing."""
    left = select(Case.id).where(Case.quarantined_at >= now - FACTS_LAG)
    owed = (*_of(scope), CaseSpan.ended_at.is_(None), CaseSpan.case_id.not_in(left))
    found: dict[int | None, Counter[str]] = {}
    for agency_id, numbers in _standing(now, owed, CaseSpan.agency_id):
        found.setdefault(agency_id, Counter(dict.fromkeys(Standing, 0))).update(numbers)
    return found


def standing_at(scope: Scope, moment: datetime) -> Counter[str]:
    """How much was open at an earlier moment."""
    # said so that SQLite begins at no index of what was ever opened
    is_sqlite = db.session.get_bind().dialect.name == "sqlite"
    was_opened = (func.coalesce(CaseSpan.opened_at, CaseSpan.opened_at) if is_sqlite else CaseSpan.opened_at) < moment
    found: Counter[str] = Counter(dict.fromkeys(Standing, 0))
    for ended in (CaseSpan.ended_at.is_(None), CaseSpan.ended_at >= moment):
        for _nothing, numbers in _standing(moment, (*_of(scope), ended, was_opened, CaseSpan.source != APART), null()):
            found.update(numbers)
    return found


def _standing(moment: datetime, conditions: Sequence[ColumnElement[bool]], by: Any) -> Iterator[tuple[Any, dict[str, int]]]:
    """Count stretches by something; what is unconfirmed is told apart once, and in no other number."""
    known = [each for each in Standing if each != Standing.UNCONFIRMED]
    rows = select(by.label("by"), _is_apart().label("apart"), CaseSpan.due_at, CaseSpan.urgency).where(*conditions).subquery()
    sums = [func.count().filter(_is(each, moment, rows.c)) for each in known]
    query = select(rows.c.by, rows.c.apart, func.count(), *sums).group_by(rows.c.by, rows.c.apart)
    for subject, is_apart, number, *numbers in db.session.execute(query):
        yield subject, {Standing.UNCONFIRMED: number} if is_apart else dict(zip(known, numbers, strict=True))


def places_now(scope: Scope, *, now: datetime) -> list[Place]:
    """What is open by commune and village. Of a sensitive case nobody learns more than its commune (rules.md, section 2)."""
    village = either((Case.visibility_reason_id.is_(None), func.nullif(Case.village, literal_column("''"))), else_=None)
    behind = func.count().filter(_is(Standing.LATE, now, CaseSpan))
    query = (
        select(CaseSpan.area_id, village, func.count(), behind)
        .join(Case, Case.id == CaseSpan.case_id).where(*_open(scope), ~is_unconfirmed())
        .group_by(CaseSpan.area_id, village).limit(MOST_PLACES)
    )  # fmt: skip
    return [Place(*row) for row in db.session.execute(query)]


def standing_cases(
    what: Standing, scope: Scope, *, now: datetime, narrowed: Narrowed = WHOLE, after: str = "", limit: int = 50
) -> Behind:  # fmt: skip
    """The list behind a number, what is due first before the rest; goes on behind `after`."""
    # what is late or nearly due has a limit: the index has it in this order
    order: Any = CaseSpan.due_at if what in (Standing.LATE, Standing.SOON) else func.coalesce(CaseSpan.due_at, FAR)
    query = select(CaseSpan.id, CaseSpan.case_id, CaseSpan.opened_at, CaseSpan.due_at).join(Case, Case.id == CaseSpan.case_id)
    apart = is_unconfirmed() if what == Standing.UNCONFIRMED else ~is_unconfirmed()
    query = query.where(*_open(scope), apart, _is(what, now, CaseSpan), *_narrowing(narrowed))
    if (mark := _mark_in(after)) is not None:
        query = query.where(order >= mark[0], or_(order > mark[0], CaseSpan.id > mark[1]))
    limit = min(limit, MOST_LISTED)
    found = db.session.execute(query.order_by(order, CaseSpan.id).limit(limit + 1)).all()
    rows = [Row(case_id, opened_at, due_at, id_, _mark(due_at or FAR, id_)) for id_, case_id, opened_at, due_at in found[:limit]]
    return Behind(rows, rows[-1].mark if len(found) > limit else None)


def cases_on_map(scope: Scope, *, now: datetime) -> list[int]:
    """The newest of what is open, and of what was received in the last days: MOST_POINTS cases at most."""
    columns = (CaseSpan.case_id, CaseSpan.opened_at)
    query = select(*columns).join(Case, Case.id == CaseSpan.case_id).order_by(CaseSpan.opened_at.desc(), CaseSpan.id.desc())
    query = query.limit(MOST_POINTS)
    known, recent = and_(Case.quarantined_at.is_(None), ~is_unconfirmed()), CaseSpan.opened_at >= now - timedelta(days=RECENT_DAYS)
    # of an agency what is recent is found among all that is recent: one index of two is offered
    own = [CaseSpan.centre_id.in_(scope.centre_ids)] + ([CaseSpan.agency_id + 0 == scope.agency_id] if scope.agency_id is not None else [])
    found = [*db.session.execute(query.where(*_open(scope), ~is_unconfirmed())), *db.session.execute(query.where(*own, known, recent))]
    newest = sorted(dict(map(tuple, found)).items(), key=lambda each: each[1], reverse=True)
    return [case_id for case_id, _opened_at in newest[:MOST_POINTS]]


def _of(scope: Scope) -> Sequence[ColumnElement[bool]]:
    """One index of two is offered, so that no planner begins at the worse one."""
    if scope.agency_id is not None:
        return (CaseSpan.agency_id == scope.agency_id, (CaseSpan.centre_id + 0).in_(scope.centre_ids))
    return (CaseSpan.centre_id.in_(scope.centre_ids),)


def _open(scope: Scope) -> Sequence[ColumnElement[bool]]:
    return (*_of(scope), CaseSpan.ended_at.is_(None), Case.quarantined_at.is_(None))


def _is_apart() -> ColumnElement[bool]:
    return CaseSpan.case_id.in_(unconfirmed_cases())


def _is(what: Standing, moment: datetime, span: Any) -> ColumnElement[bool]:
    """How a stretch stands that is no case apart, by its columns."""
    until = moment + SOON
    conditions: dict[Standing, ColumnElement[bool]] = {
        Standing.OPEN: true(), Standing.LATE: late(span.due_at, moment), Standing.SOON: soon(span.due_at, moment, until),
        Standing.IN_TIME: or_(span.due_at.is_(None), not_(late(span.due_at, until))), Standing.URGENT: span.urgency == "urgent",
        Standing.UNCONFIRMED: true(),
    }  # fmt: skip
    return conditions[what]


def _narrowing(narrowed: Narrowed) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    for column, model, ref in ((CaseSpan.agency_id, Agency, narrowed.agency), (CaseSpan.area_id, Area, narrowed.area)):
        if ref:
            own: Any = model
            found.append(column.is_(None) if ref == NOT_YET else column.in_(select(own.id).where(own.ref == ref)))
    if narrowed.village:
        found += [Case.village == narrowed.village, Case.visibility_reason_id.is_(None)]
    return found


def _mark(due_at: datetime, id_: int) -> str:
    return f"{int(due_at.timestamp() * 1_000_000)}.{id_}"


def _mark_in(after: str) -> tuple[datetime, int] | None:
    """Where a list goes on, out of an address people may have written: what makes no sense is its beginning."""
    first, _, second = after.partition(".")
    micros, id_ = number_in(first, digits=MICROSECOND_DIGITS), number_in(second)
    if micros is None or id_ is None:
        return None
    return datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=micros), id_

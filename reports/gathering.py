"""Gathers the content of period reports, agency sheets and yearbooks: read once, as values that are then stored.

Figures come from the frozen snapshot if there is one (reports/statistics/snapshots.py); otherwise they are counted now and the report says
so. Titles are included only if the report's recipient may read them, and never those of sensitive cases (rules.md, section 6).
"""

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import literal_column, select
from sqlalchemy.orm import joinedload

from casework.assignments.periods import agency_figures, agency_ratings, open_parts
from casework.casefile.history_changes import limit_words
from casework.db import db
from casework.documents.letters import days_late
from casework.figures.definitions import ANSWER_DAYS
from casework.figures.reading import FiguresLine, shown_figures
from casework.lateness import is_late
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Agency, Assignment, Case, Centre, FiguresSnapshot
from casework.public.cases import page_of as public_page_of
from casework.states import ANSWERED_STATES
from casework.text import fold, normal
from reports.agency_sheet import AgencySheet
from reports.period_report import ComparedPeriod, LateCase, PeriodReport, StepRow, SubjectFigures, of
from reports.statistics.behind import cases_of
from reports.statistics.counting import figures_of
from reports.statistics.periods import NoSuchPeriod, Period, period_named
from reports.statistics.snapshots import content_of, has_facts_before, newest_of
from reports.statistics.subjects import NOT_YET, WHOLE, Scope
from reports.yearbook import Example, Yearbook, YearPart

MOST_LATE = 200
"""Late cases a report lists, as the list behind the figure does; it says how many more there are."""
MOST_EXAMPLES = 6
LOOKED_AT = 150
"""Published cases of a year among which examples are picked, newest first."""
LONGEST_EXAMPLE = 600


def period_report_of(
    period: Period, *, centre_id: int, now: datetime, steps: Sequence[Mapping[str, Any]] = (), with_titles: bool = True
) -> tuple[PeriodReport, FiguresSnapshot | None]:
    """Return the report of a period and the frozen figures it prints, if any. `steps` as in snapshots."""
    centre = db.session.get_one(Centre, centre_id)
    snapshot = newest_of(period, centre_id=centre_id)
    gone = period.up_to(now)
    content = snapshot.content if snapshot is not None else content_of(gone, centre_id=centre_id, steps=steps)
    figures, names = content["figures"], content["names"]
    whole = figures["all"][WHOLE]
    late = _late_cases(gone, centre_id, now, with_titles=with_titles)
    report = PeriodReport(
        kind=period.kind, name=period.name, label=period.label.vi, since=period.since, until=gone.until, counted_at=now,
        centre=centre.name_vi, whole=whole,
        parts={dimension: _subjects(dimension, figures, names) for dimension in ("field", "area", "urgency", "source", "agency")},
        reasons={key: name[0] for key, name in names.get("reason", {}).items()},
        before=_compared(period.before(), centre_id, now), year_ago=_compared(_year_before(period, centre_id), centre_id, now),
        late=late, late_total=max(of(whole, "open_late"), len(late)),
        steps=tuple(_step(each) for each in content.get("steps") or steps),
        frozen_at=snapshot.made_at if snapshot is not None else None, number=snapshot.number if snapshot is not None else 0,
        digest=snapshot.digest if snapshot is not None else "",
    )  # fmt: skip
    return report, snapshot


def agency_sheet_of(agency: Agency, period: Period, *, now: datetime, with_titles: bool = True) -> AgencySheet:
    gone, before = period.up_to(now), period.before()
    rows, total = open_parts(agency.id)
    since_then = agency_figures(agency.id, since=before.since, until=before.until)
    return AgencySheet(
        name=period.name, label=period.label.vi, since=period.since, until=gone.until, counted_at=now, centre=agency.centre.name_vi,
        agency=agency.name_vi, figures=agency_figures(agency.id, since=period.since, until=gone.until), before_label=before.label.vi,
        before=since_then if any(since_then.values()) else {},
        ratings=agency_ratings(agency.id, since=period.since, until=gone.until),
        open_parts=tuple(_open_part(row, now, with_titles=with_titles) for row in rows), open_total=total,
    )  # fmt: skip


def yearbook_of(year: int, *, centre_id: int, now: datetime) -> Yearbook:
    """Return the yearbook of a calendar year, from the public figures counted month by month."""
    centre = db.session.get_one(Centre, centre_id)
    today = local_day(now)
    months = [date(year, month, 1) for month in range(1, 13) if date(year, month, 1) <= today] or [date(year, 1, 1)]
    shown = shown_figures(centre_id, period=months, chart=months)
    return Yearbook(
        year=year, centre=centre.name_vi, counted_at=shown.counted_at or now, whole=_public(shown.whole.figures),
        median_minutes=shown.whole.median_minutes,
        months=tuple(
            YearPart(
                f"Tháng {month_on.month}/{month_on.year}", _public(numbers.figures) if numbers.number("received") is not None else None
            )
            for month_on, numbers in shown.by_month
        ),
        fields=_parts(shown.fields), areas=_parts(shown.areas), agencies=_parts(shown.agencies),
        refused=tuple((name.vi, count) for name, count in shown.refused), examples=tuple(_examples(year, centre_id)),
    )  # fmt: skip


WORDS_IN_ORDER = ("urgent", "normal", "citizen", "phone", "camera")


def _subjects(dimension: str, figures: Mapping[str, Any], names: Mapping[str, Any]) -> tuple[SubjectFigures, ...]:
    """By name, since a snapshot read from PostgreSQL has no order of its own. Cases without field, area or agency come last."""
    known = {subject: str(names.get(dimension, {}).get(subject, [subject])[0]) for subject in figures.get(dimension, {})}
    ranks = {word: place for place, word in enumerate(WORDS_IN_ORDER)}
    ordered = sorted(known, key=lambda each: (each == NOT_YET, ranks.get(each, len(ranks)), fold(known[each]), each))
    return tuple(SubjectFigures(known[subject], figures[dimension][subject]) for subject in ordered)


def _compared(period: Period | None, centre_id: int, now: datetime) -> ComparedPeriod:
    """The totals of another period: as frozen, else as counted now; none before the centre had its first case."""
    if period is None:
        return ComparedPeriod("Cùng kỳ năm trước", None)
    snapshot = newest_of(period, centre_id=centre_id)
    if snapshot is not None:
        return ComparedPeriod(period.label.vi, snapshot.content["figures"]["all"][WHOLE])
    if not has_facts_before(centre_id, period.until):
        return ComparedPeriod(period.label.vi, None)
    return ComparedPeriod(period.label.vi, figures_of(Scope((centre_id,)), period, now=now)[WHOLE])


def _year_before(period: Period, centre_id: int) -> Period | None:
    """The same period a year before; None for a span of days, and for week 53 where the year before has only 52."""
    try:
        return period_named(f"{int(period.name[:4]) - 1}{period.name[4:]}", centre_id=centre_id) if "-2" not in period.name[7:] else None
    except NoSuchPeriod:
        return None


def _step(told: Mapping[str, Any]) -> StepRow:
    name = told.get("name") or told.get("label") or told.get("element") or ""
    median, p90 = told.get("median"), told.get("p90")
    words = str(name if isinstance(name, str) else name[0])
    return StepRow(words, int(told.get("passages") or 0), median, p90)


def _late_cases(period: Period, centre_id: int, now: datetime, *, with_titles: bool) -> tuple[LateCase, ...]:
    """Those that can still be found: a case that has left the system is not listed, although it is counted."""
    rows = cases_of("open_late", Scope((centre_id,)), period, limit=MOST_LATE, now=now).rows
    query = select(Case).where(Case.id.in_({row.case_id for row in rows})).options(joinedload(Case.lead_agency))
    cases = {case.id: case for case in db.session.scalars(query) if case.quarantined_at is None}
    at = min(period.until - timedelta(microseconds=1), now)  # the day that begins at the end of a period is not part of it
    found = [
        LateCase(
            case.code, _title(case, with_titles=with_titles), case.lead_agency.name_vi if case.lead_agency is not None else "chưa giao",
            limit_words(row.due_at).vi if row.due_at is not None else "", days_late(row.due_at, at) if row.due_at is not None else 0,
            case.is_urgent,
        )
        for row in rows
        if (case := cases.get(row.case_id)) is not None
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: (-each.days, each.code)))


def _open_part(row: Assignment, now: datetime, *, with_titles: bool) -> LateCase:
    due = row.due_at
    days = days_late(due, now) if due is not None and is_late(due, now) else -1
    words = limit_words(due).vi if due is not None else "đang tạm dừng"
    return LateCase(row.case.code, _title(row.case, with_titles=with_titles), "", words, days, row.case.is_urgent)


def _title(case: Case, *, with_titles: bool) -> str:
    return case.title if with_titles and case.title and case.visibility_reason_id is None else ""


def _public(figures: Mapping[str, Any]) -> dict[str, Any]:
    """As a yearbook tells them: all but the days to an answer, of which nothing but a median is published."""
    told = ((key, value) for key, value in figures.items() if key != ANSWER_DAYS)
    return {key: dict(value) if isinstance(value, Mapping) else value for key, value in told}


def _parts(lines: Sequence[FiguresLine]) -> tuple[YearPart, ...]:
    return tuple(YearPart(line.name.vi, _public(line.numbers.figures)) for line in lines)


def _examples(year: int, centre_id: int) -> list[Example]:
    """Published cases of the year with a final answer: the newest of each field, those with an after picture first."""
    since = datetime(year, 1, 1, tzinfo=LOCAL_ZONE)
    until = datetime(year + 1, 1, 1, tzinfo=LOCAL_ZONE)
    # written as in the index of public cases: SQLite matches nothing else
    query = select(Case).where(literal_column('"case".is_public'), Case.published_at >= since, Case.published_at < until)
    query = query.where(Case.quarantined_at.is_(None), Case.visibility_reason_id.is_(None), Case.merged_into_id.is_(None))
    query = query.options(joinedload(Case.field), joinedload(Case.area), joinedload(Case.lead_agency))
    rows = [
        case for case in db.session.scalars(query.order_by(Case.published_at.desc(), Case.id.desc()).limit(LOOKED_AT))
        if case.centre_id == centre_id and case.state in ANSWERED_STATES
    ]  # fmt: skip
    newest: dict[int | None, list[Case]] = {}
    for case in rows:
        newest.setdefault(case.field_id, []).append(case)
    found = [example for cases in newest.values() if (example := _example(cases)) is not None]
    return sorted(found, key=lambda each: (not each.after, each.code))[:MOST_EXAMPLES]


def _example(cases: Sequence[Case]) -> Example | None:
    """The newest of a field with an after picture among the first few, else the newest."""
    told = None
    for case in cases[:3]:
        page = public_page_of(case)
        answer = next((each for each in page.answers if each.is_lead), next(iter(page.answers), None))
        if page.item.title is None or answer is None or page.is_interim:
            continue
        published = page.item.published_at or answer.answered_at
        place = ", ".join(filter(None, (page.place, page.item.village, page.item.area.vi if page.item.area is not None else "")))
        example = Example(
            case.code, page.item.title, page.item.field.vi if page.item.field is not None else "", place,
            f"{published.astimezone(LOCAL_ZONE):%d/%m/%Y}", answer.agency.vi, _short(page.question or ""),
            _short(page.summary or answer.actions), tuple(photo.ref for photo in page.item.before[:1]),
            tuple(photo.ref for photo in page.item.after[:1]),
        )  # fmt: skip
        if example.after:
            return example
        told = told or example
    return told


def _short(words: str) -> str:
    line = " ".join(normal(words).split())
    return line if len(line) <= LONGEST_EXAMPLE else f"{line[:LONGEST_EXAMPLE].rsplit(' ', 1)[0]} …"

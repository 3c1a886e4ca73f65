"""A planned change of a calendar: checked, previewed, and carried out as one act with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from sqlalchemy import Select, select

from casework.bilingual import Bilingual
from casework.calendars import hours_of_scope
from casework.clocks.calendar_changes import CalendarChangeRefused, refuse_day, require_calendar_of, set_calendar_day
from casework.clocks.office_hours import refuse_hours, set_office_hours
from casework.db import db
from casework.models import CalendarDay
from casework.permissions import Actor
from casework.setting_events import record_setting
from casework.text import normal
from casework.working_time import SATURDAY

LONGEST_RANGE = 31
FIXED = frozenset({(1, 1), (30, 4), (1, 5), (2, 9), (24, 11)})
"""Day and month of the holidays that keep their date (Bộ luật Lao động 2019, Điều 112; 24/11 since 2026)."""

MISSING_SOURCE = "Chưa có số văn bản"
"""Prefix for the source of a day copied from another year."""


@dataclass(frozen=True, slots=True)
class PlannedDay:
    """A day that becomes off or worked, or with `kind` None ordinary again."""

    day: date
    kind: str | None
    label_vi: str = ""
    label_en: str = ""
    source: str = ""

    @property
    def label(self) -> Bilingual:
        return Bilingual(self.label_vi, self.label_en)


@dataclass(frozen=True, slots=True)
class PlannedHours:
    """Office hours from a day on; without spans the row of that day is removed."""

    valid_from: date
    spans: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class CalendarPlan:
    """A planned change of the calendar of a centre (None: of all)."""

    centre_id: int | None
    days: tuple[PlannedDay, ...] = ()
    hours: PlannedHours | None = None


def days_between(first: date, last: date, kind: str | None, label_vi: str, label_en: str, source: str) -> tuple[PlannedDay, ...]:
    """Every day of a range, both ends included. Raises CalendarChangeRefused for a reversed or too long range."""
    length = (last - first).days + 1
    if not 1 <= length <= LONGEST_RANGE:
        raise CalendarChangeRefused(
            f"Khoảng ngày phải từ 1 đến {LONGEST_RANGE} ngày.", f"A range has 1 to {LONGEST_RANGE} days, the last not before the first.",
            about="last",
        )
    return tuple(PlannedDay(first + timedelta(days=n), kind, label_vi, label_en, source) for n in range(length))


SWAPPED = {"off": Bilingual("Nghỉ hoán đổi", "Day off by a swap"), "worked": Bilingual("Làm việc bù", "Worked for a day off")}
"""Label of the days of a swap where nobody names them."""


def swap(
    off: date, worked: date, label_vi: str, label_en: str, source: str, *, worked_label: Bilingual = SWAPPED["worked"]
) -> tuple[PlannedDay, ...]:
    """Swap a working day for a weekend day, each with its own label, in one act. Raises CalendarChangeRefused."""
    if off.weekday() >= SATURDAY or worked.weekday() < SATURDAY:
        raise CalendarChangeRefused(
            "Hoán đổi là nghỉ một ngày từ thứ Hai đến thứ Sáu và làm bù vào thứ Bảy hoặc Chủ nhật.",
            "A swap gives a day off from Monday to Friday and works a Saturday or Sunday for it.",
            about="off",
        )
    return (
        PlannedDay(off, "off", label_vi, label_en, source),
        PlannedDay(worked, "worked", worked_label.vi, worked_label.en, source),
    )


def fixed_days_of_next_year(centre_id: int | None, year: int) -> tuple[PlannedDay, ...]:
    """A year's holidays with a fixed date, copied to the next year unless already there; their legal source is still to be named.

    Raises CalendarChangeRefused where none is left to copy.
    """
    rows = list(db.session.scalars(days_of_year(centre_id, year)))
    there = {row.day for row in db.session.scalars(days_of_year(centre_id, year + 1))}
    fixed = [row for row in rows if row.kind == "off" and (row.day.day, row.day.month) in FIXED]
    planned = [
        PlannedDay(row.day.replace(year=year + 1), "off", row.label_vi, row.label_en, f"{MISSING_SOURCE} (chép từ năm {year})")
        for row in fixed if row.day.replace(year=year + 1) not in there
    ]  # fmt: skip
    if not planned:
        raise CalendarChangeRefused("Không còn ngày lễ cố định nào để chép.", "There is no fixed holiday left to copy.")
    return tuple(planned)


def days_of_year(centre_id: int | None, year: int) -> Select[CalendarDay]:
    of_scope = CalendarDay.centre_id.is_not_distinct_from(centre_id)
    within = CalendarDay.day.between(date(year, 1, 1), date(year, 12, 31))
    return select(CalendarDay).where(of_scope, within).order_by(CalendarDay.day)


def judge(plan: CalendarPlan, *, by: Actor, now: datetime) -> CalendarPlan:
    """Return the parts of the plan that change something, with normalised texts. Raises NotAllowed, CalendarChangeRefused."""
    require_calendar_of(by, plan.centre_id)
    rows = _rows_on(plan.centre_id, [each.day for each in plan.days])
    days: list[PlannedDay] = []
    for each in plan.days:
        label_vi = normal(each.label_vi)
        wanted = replace(each, label_vi=label_vi, label_en=normal(each.label_en) or label_vi, source=normal(each.source))
        try:
            refuse_day(rows.get(each.day), wanted.kind, wanted.label_vi, wanted.label_en, wanted.source)
        except CalendarChangeRefused:
            # in a range, days that are already as wished are skipped; a single day is refused with its reason
            if len(plan.days) == 1 or not _is_as_wished(rows.get(each.day), wanted):
                raise
            continue
        days.append(wanted)
    if plan.hours is not None:
        refuse_hours(hours_of_scope(plan.centre_id), plan.hours.spans, plan.hours.valid_from, now)
    if not days and plan.hours is None:
        raise CalendarChangeRefused("Lịch đã được ghi như vậy.", "The calendar is set so already.")
    return replace(plan, days=tuple(days))


def carry_out(plan: CalendarPlan, *, by: Actor, now: datetime, reason: str) -> None:
    """Carry out the plan, all of it or nothing; records the events of its days and hours, and one of the change with its reason.

    Raises NotAllowed, CalendarChangeRefused, ReasonMissing.
    """
    plan = judge(plan, by=by, now=now)
    rows = _rows_on(plan.centre_id, [each.day for each in plan.days])
    if plan.days:
        old = {each.day.isoformat(): _told(rows.get(each.day)) for each in plan.days}
        new = {each.day.isoformat(): _told(each) for each in plan.days}
        name = " – ".join(dict.fromkeys(f"{day:%d/%m/%Y}" for day in (plan.days[0].day, plan.days[-1].day)))
        record_setting("calendar_day", name, by=by, at=now, centre_id=plan.centre_id, old=old, new=new, reason=reason)
    for each in plan.days:
        set_calendar_day(
            centre_id=plan.centre_id, day=each.day, kind=each.kind, label_vi=each.label_vi, label_en=each.label_en, source=each.source,
            by=by, now=now,
        )  # fmt: skip
    if plan.hours is not None:
        hours, before = plan.hours, hours_of_scope(plan.centre_id)
        holding = next((row for row in before if row.holds_on(hours.valid_from)), None)
        old_hours = {"spans": ", ".join(holding.spans)} if holding is not None else None
        new_hours = {"spans": ", ".join(hours.spans)} if hours.spans else None
        name = f"{hours.valid_from:%d/%m/%Y}"
        record_setting("office_hours", name, by=by, at=now, centre_id=plan.centre_id, old=old_hours, new=new_hours, reason=reason)
        set_office_hours(centre_id=plan.centre_id, spans=hours.spans, valid_from=hours.valid_from, by=by, now=now)


def _rows_on(centre_id: int | None, days: Sequence[date]) -> dict[date, CalendarDay]:
    query = select(CalendarDay).where(CalendarDay.centre_id.is_not_distinct_from(centre_id), CalendarDay.day.in_(days))
    return {row.day: row for row in db.session.scalars(query)}


def _is_as_wished(row: CalendarDay | None, wanted: PlannedDay) -> bool:
    if wanted.kind is None or row is None:
        return wanted.kind is None and row is None
    return (row.kind, row.label_vi, row.label_en, row.source) == (wanted.kind, wanted.label_vi, wanted.label_en, wanted.source)


def _told(row: CalendarDay | PlannedDay | None) -> str | None:
    return f"{row.kind}: {row.label_vi} ({row.source})" if row is not None and row.kind is not None else None

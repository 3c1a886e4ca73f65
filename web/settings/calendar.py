"""Settings of the calendar of a year: days off, working days, swaps, office hours. The effect of a change is shown before it is made."""

import hashlib
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import DateField, HiddenField, RadioField, StringField
from wtforms.validators import InputRequired, Optional

from casework.bilingual import Bilingual
from casework.calendars import HoursRow, hours_of_scope
from casework.clocks.acts import ClockKind
from casework.clocks.calendar_changes import LONGEST_LABEL, CalendarChangeRefused
from casework.clocks.calendar_plans import (
    MISSING_SOURCE,
    SWAPPED,
    CalendarPlan,
    PlannedHours,
    carry_out,
    days_between,
    days_of_year,
    fixed_days_of_next_year,
    judge,
    swap,
)
from casework.clocks.calendar_preview import MOST_COUNTED, MOST_LEFT, preview, recounts_under_way
from casework.clocks.office_hours import spans_in
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import CalendarDay, Centre
from casework.parsing import day_in, year_in
from casework.permissions import Action, NotAllowed, Role
from casework.setting_events import LONGEST_REASON
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.task_page import at_most

bp = Blueprint("settings_calendar", __name__)

INSTALLATION = "house"
MOST_CENTRES = 200
FIRST_YEAR, YEARS_AHEAD = 2020, 10
WEEKDAYS = (_l("Monday"), _l("Tuesday"), _l("Wednesday"), _l("Thursday"), _l("Friday"), _l("Saturday"), _l("Sunday"))
CLOCKS = {
    ClockKind.ACCEPTANCE: _l("Acceptance"),
    ClockKind.CASE: _l("Answer"),
    ClockKind.ASSIGNMENT_ACCEPTED: _l("Taken on by the agency"),
    ClockKind.ASSIGNMENT: _l("Answer of the agency"),
    ClockKind.APPROVAL: _l("Approval"),
    ClockKind.PUBLICATION: _l("Publication"),
    ClockKind.RATING: _l("Rating"),
    ClockKind.STEP: _l("A step of the process"),
}


@dataclass(frozen=True, slots=True)
class CalendarScope:
    """The owner of a calendar: a centre or the installation."""

    key: str
    name: Bilingual
    centre_id: int | None


class ChangeForm(Form):
    """A change with its reason; `of`, `year` and `seen` identify the page it was made on and the preview that was read."""

    of = HiddenField()
    year = HiddenField()
    seen = HiddenField()
    reason = StringField(_l("Reason of the change"), validators=[at_most(LONGEST_REASON)])

    def plan(self, scope: CalendarScope, year: int) -> CalendarPlan:
        """The submitted change. Raises CalendarChangeRefused."""
        raise NotImplementedError


class LabelledForm(ChangeForm):
    """A change that names a day and the legal act behind it."""

    label_vi = StringField(_l("Name in Vietnamese"), validators=[at_most(LONGEST_LABEL)])
    label_en = StringField(_l("Name in English"), validators=[at_most(LONGEST_LABEL)])
    source = StringField(_l("Number of the act"), validators=[at_most(300)])


class DaysForm(LabelledForm):
    """One day, or each day of a range."""

    first = DateField(_l("Day, or first day"), validators=[InputRequired(_l("Please choose the day."))])
    last = DateField(_l("Last day of a range"), validators=[Optional()])
    kind = RadioField(
        _l("What becomes of it"),
        choices=[("off", _l("Day off")), ("worked", _l("Worked")), ("", _l("Ordinary again: take it out of the calendar"))],
        default="off",
    )

    def plan(self, scope: CalendarScope, year: int) -> CalendarPlan:
        first, kind = self.first.data, self.kind.data or None
        words = (self.label_vi.data or "", self.label_en.data or "", self.source.data or "")
        return CalendarPlan(scope.centre_id, days_between(first, self.last.data or first, kind, *words))


class SwapForm(ChangeForm):
    """A working day taken off in exchange for a working weekend day, each with its own name."""

    off = DateField(_l("Day off"), validators=[InputRequired(_l("Please choose the day."))])
    worked = DateField(_l("Worked instead"), validators=[InputRequired(_l("Please choose the day."))])
    off_vi = StringField(_l("The day off, name in Vietnamese"), default=SWAPPED["off"].vi, validators=[at_most(LONGEST_LABEL)])
    off_en = StringField(_l("The day off, name in English"), default=SWAPPED["off"].en, validators=[at_most(LONGEST_LABEL)])
    worked_vi = StringField(_l("The day worked, name in Vietnamese"), default=SWAPPED["worked"].vi, validators=[at_most(LONGEST_LABEL)])
    worked_en = StringField(_l("The day worked, name in English"), default=SWAPPED["worked"].en, validators=[at_most(LONGEST_LABEL)])
    source = StringField(_l("Number of the act"), validators=[at_most(300)])

    def plan(self, scope: CalendarScope, year: int) -> CalendarPlan:
        words = (self.off_vi.data or "", self.off_en.data or "", self.source.data or "")
        worked_label = Bilingual(self.worked_vi.data or "", self.worked_en.data or "")
        return CalendarPlan(scope.centre_id, swap(self.off.data, self.worked.data, *words, worked_label=worked_label))


class CopyForm(ChangeForm):
    """Copy the fixed holidays of the year shown to the next one."""

    def plan(self, scope: CalendarScope, year: int) -> CalendarPlan:
        return CalendarPlan(scope.centre_id, fixed_days_of_next_year(scope.centre_id, year))


class HoursForm(ChangeForm):
    """Office hours from a given day on."""

    valid_from = DateField(_l("From this day on"), validators=[InputRequired(_l("Please choose the day."))])
    spans = StringField(
        _l("Office hours"),
        description=_l("Such as 07:30-11:30, 13:00-17:00. Empty: what was planned from this day on is taken back."),
    )

    def plan(self, scope: CalendarScope, year: int) -> CalendarPlan:
        typed = (self.spans.data or "").strip()
        return CalendarPlan(scope.centre_id, hours=PlannedHours(self.valid_from.data, spans_in(typed) if typed else ()))


FORMS: dict[str, type[ChangeForm]] = {"days": DaysForm, "swap": SwapForm, "copy": CopyForm, "hours": HoursForm}
TITLES = {
    "days": _l("A day or a range of days"),
    "swap": _l("Swap a working day with a weekend day"),
    "copy": _l("Copy the fixed holidays to the next year"),
    "hours": _l("Office hours"),
}


@bp.get("/settings/calendar")
@performs(Action.CHANGE_CALENDAR)
def calendar() -> ResponseReturnValue:
    scopes = _scopes()
    scope, year = found(scopes.get(request.args.get("of") or next(iter(scopes)))), _year(request.args.get("year", ""))
    own = {row.day: row for row in db.session.scalars(days_of_year(scope.centre_id, year))}
    inherited = {row.day: row for row in db.session.scalars(days_of_year(None, year))} if scope.centre_id is not None else {}
    rows = [own.get(day) or inherited[day] for day in sorted({*own, *inherited})]
    return render_template(
        "settings/calendar.html",
        scopes=scopes,
        scope=scope,
        year=year,
        years=(FIRST_YEAR, local_day(now()).year + YEARS_AHEAD),
        months=_by_month(rows, year),
        weekdays=WEEKDAYS,
        missing=MISSING_SOURCE,
        hours=_hours(scope),
        today=local_day(now()),
        forms={key: _fresh(kind, scope, year) for key, kind in FORMS.items() if key != "copy" or _has_fixed_days(scope, year)},
        titles=TITLES,
        under_way=recounts_under_way([None, *(each.centre_id for each in scopes.values())]),
        names={each.centre_id: each.name for each in scopes.values()},
        most_left=MOST_LEFT,
    )


@bp.post("/settings/calendar/<what>")
@performs(Action.CHANGE_CALENDAR)
def change(what: str) -> ResponseReturnValue:
    """Show what a change would move; its button makes the change."""
    form = found(FORMS.get(what))()
    scope, year = found(_scopes().get(form.of.data or "")), _year(form.year.data or "")
    if not form.validate_on_submit():
        return _change_page(what, form, scope, year), 422
    try:
        plan = form.plan(scope, year)
        if request.form.get("act") == "do" and form.seen.data == _mark(plan):
            with unit_of_work():
                carry_out(plan, by=actor(), now=now(), reason=form.reason.data or "")
        else:
            wanted = judge(plan, by=actor(), now=now())
            form.seen.data = _mark(plan)
            return _change_page(what, form, scope, year, plan=wanted)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _change_page(what, form, scope, year, refusal=form.refuse(refusal)), 422
    flash(_("The calendar is changed. Open limits are being counted anew."))
    shown = plan.days[0].day.year if plan.days else year
    return redirect(url_for(".calendar", of=scope.key, year=shown))


def _change_page(
    what: str, form: ChangeForm, scope: CalendarScope, year: int, *, plan: CalendarPlan | None = None, refusal: str = ""
) -> str:
    context: dict[str, Any] = {"what": what, "title": TITLES[what], "form": form, "scope": scope, "year": year, "refusal": refusal}
    moved = preview(plan, now=now()) if plan is not None else None
    return render_template(
        "settings/calendar_change.html", plan=plan, moved=moved, clocks=CLOCKS, counted=MOST_COUNTED, weekdays=WEEKDAYS, **context
    )


def _scopes() -> dict[str, CalendarScope]:
    """The calendars the person may change, by the key in the address."""
    by, scopes = actor(), dict[str, CalendarScope]()
    if any(grant.role == Role.ADMINISTRATOR and grant.centre_id is None for grant in by.grants):
        scopes[INSTALLATION] = CalendarScope(INSTALLATION, Bilingual("Toàn hệ thống", "The whole installation"), None)
    query = select(Centre).where(Centre.valid_to.is_(None)).order_by(Centre.id).limit(MOST_CENTRES)
    for row in db.session.scalars(query):
        if by.holds([Role.ADMINISTRATOR], centre_id=row.id):
            scopes[row.code_prefix] = CalendarScope(row.code_prefix, row.name, row.id)
    if not scopes:
        raise NotAllowed
    return scopes


def _year(text: str) -> int:
    this = local_day(now()).year
    return min(max(year_in(text) or this, FIRST_YEAR), this + YEARS_AHEAD)


def _by_month(rows: list[CalendarDay], year: int) -> list[tuple[date, list[CalendarDay]]]:
    return [(date(year, month, 1), [row for row in rows if row.day.month == month]) for month in range(1, 13)]


def _hours(scope: CalendarScope) -> list[tuple[HoursRow, bool]]:
    """The present and future rows of office hours, each with whether it is the scope's own."""
    today = local_day(now())
    own = [(row, True) for row in hours_of_scope(scope.centre_id)]
    installation = [(row, False) for row in hours_of_scope(None)] if scope.centre_id is not None else []
    return [(row, is_own) for row, is_own in [*own, *installation] if row.valid_to is None or row.valid_to > today]


def _has_fixed_days(scope: CalendarScope, year: int) -> bool:
    """Whether the year has a fixed holiday that the next one lacks."""
    try:
        return bool(fixed_days_of_next_year(scope.centre_id, year))
    except CalendarChangeRefused:
        return False


def _fresh(kind: type[ChangeForm], scope: CalendarScope, year: int) -> ChangeForm:
    """An empty form, filled in with a day from the address in order to change that day."""
    form = kind(formdata=None, prefix="")
    form.of.data, form.year.data = scope.key, str(year)
    if isinstance(form, DaysForm):
        _prefill(form, scope)
    return form


def _prefill(form: DaysForm, scope: CalendarScope) -> None:
    day = day_in(request.args.get("day", ""))
    if day is None:
        return
    form.first.data = day
    row = db.session.scalars(
        select(CalendarDay).where(CalendarDay.day == day, CalendarDay.centre_id.is_not_distinct_from(scope.centre_id))
    ).first()
    if row is not None:
        form.kind.data, form.label_vi.data, form.label_en.data = row.kind, row.label_vi, row.label_en
        form.source.data = "" if (row.source or "").startswith(MISSING_SOURCE) else row.source


def _mark(plan: CalendarPlan) -> str:
    """Identifies a plan, so that what is done is what was shown."""
    return hashlib.sha256(repr(plan).encode()).hexdigest()[:24]

"""Scheduled reports of a centre: the schedules, their runs and failures, retrying and sending again."""

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from sqlalchemy import select
from wtforms import IntegerField, RadioField, SelectField, SelectMultipleField, StringField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.documents.kinds import AGENCY_SHEET
from casework.errors import CaseworkError
from casework.models import Agency, Centre, Output, ReportSchedule
from casework.outputs import KINDS, retry_output
from casework.outputs.schedule_lists import (
    PAGE,
    agencies_left,
    centres_scheduled_in,
    last_runs,
    people_named,
    people_offered,
    roles_named,
    run_of,
    runs_of,
    schedule_seen,
    schedules_seen,
)
from casework.outputs.schedule_runs import send_again
from casework.outputs.schedules import (
    BY_FIGURES,
    EVERY,
    KEEP_DAYS,
    LONGEST_NAME,
    MOST_DAYS_AFTER,
    SCHEDULED,
    Plan,
    ScheduleRefused,
    change_schedule,
    ended_on,
    heir_of,
    make_schedule,
    stop_schedule,
)
from casework.parsing import number_in
from casework.permissions import Action, NotAllowed, Role, may
from casework.reading.rule_rows import AgencyRow
from casework.search.staff_choices import agencies_of
from casework.settings.role_labels import ROLE_WORDS
from reports.statistics.due import run_after
from reports.statistics.periods import KIND_NAMES
from reports.statistics.subjects import DIMENSION_NAMES, Dimension
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.outputs.pages import FORMS, output_words
from web.sent_forms import answers_again
from web.task_page import at_most

bp = Blueprint("schedules", __name__)

ALL = "all-"
"""Prefix of a centre's ref, meaning each of its agencies."""
KEEP_WORDS = {None: _l("Always"), 90: _l("90 days"), 366: _l("One year"), 1830: _l("Five years")}
DESKS = (Role.OPS_LEAD, Role.COMMITTEE_LEADER, Role.AGENCY_LEADER)


def _checks(label: Any, description: Any = "") -> SelectMultipleField:
    return SelectMultipleField(label, description=description, option_widget=CheckboxInput(), validate_choice=False)


class PlanForm(Form):
    """When it is made, in which format, and who is notified."""

    name = StringField(_l("Name of the schedule"), validators=[at_most(LONGEST_NAME)])
    form = RadioField(_l("Form of the file"), validators=[InputRequired(_l("Please choose a form."))])
    clock_time = StringField(
        _l("Time of day"), default="08:00",
        description=_l("On the first working day on which this time comes after the cut-off of the period. Figures are frozen some hours"
                       " after it; before that a report says that its figures are provisional."),
    )  # fmt: skip
    days_after = IntegerField(
        _l("Working days later"), default=0, validators=[InputRequired(_l("Please give a number; 0 waits no longer."))],
        description=_l("0: on that first working day."),
    )  # fmt: skip
    desks = _checks(_l("Sent to these desks"), _l("Whoever holds the role on that day, and their deputies."))
    accounts = _checks(_l("Sent to these people"), _l("Only who may read the file; it is judged again when it is sent and opened."))
    keep_days = SelectField(_l("The files are kept"))

    @property
    def plan(self) -> Plan:
        kept = self.keep_days.data or ""
        return Plan(
            self.name.data or "", self.form.data or "", (self.clock_time.data or "").strip(), int(self.days_after.data or 0),
            tuple(self.desks.data or ()), tuple(self.accounts.data or ()), number_in(kept),
        )  # fmt: skip


class NewForm(PlanForm):
    """Also what to make, for whom and how often."""

    kind = RadioField(_l("What is made"), validators=[InputRequired(_l("Please choose what is made."))])
    of = SelectField(
        _l("Centre or agency"), description=_l("A sheet is of an agency, reports and yearbooks of a centre, tables and lists of either.")
    )
    every = RadioField(_l("Every"), validators=[InputRequired(_l("Please choose how often."))])
    by = SelectField(_l("A table of figures is broken down by"))


@bp.get("/schedules")
@performs(Action.SCHEDULE_REPORT)
def schedules() -> ResponseReturnValue:
    rows = schedules_seen(actor())
    return render_template(
        "outputs/schedules.html", running=[row for row in rows if row.stopped_at is None],
        stopped=[row for row in rows if row.stopped_at is not None], last=last_runs(rows), **_words(rows),
    )  # fmt: skip


@bp.route("/schedules/new", methods=["GET", "POST"])
@performs(Action.SCHEDULE_REPORT)
@answers_again(lambda: url_for(".schedules"))
def new() -> ResponseReturnValue:
    """Add a schedule; for the sheets of all agencies, one schedule each."""
    form = _new_form()
    if not form.validate_on_submit():
        return _form_page(form), 422 if request.method == "POST" else 200
    try:
        with unit_of_work():
            refs = _made(form)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _form_page(form, refusal=form.refuse(refusal)), 422
    if len(refs) == 1:
        return redirect(url_for(".schedule", ref=refs[0]))
    flash(ngettext("%(num)s schedule was made.", "%(num)s schedules were made.", len(refs)))
    return redirect(url_for(".schedules"))


@bp.get("/schedules/<ref>")
@performs(Action.SCHEDULE_REPORT)
def schedule(ref: str) -> ResponseReturnValue:
    row = found(schedule_seen(actor(), ref))
    before = _moment(request.args.get("before", ""))
    runs = runs_of(row, before=before)
    older = url_for(".schedule", ref=ref, before=runs[-1].for_at.isoformat()) if len(runs) == PAGE and runs[-1].for_at else ""
    return render_template(
        "outputs/schedule.html", row=row, runs=runs, next=older, is_first=before is None, heir=heir_of(row), **_words([row])
    )  # fmt: skip


@bp.route("/schedules/<ref>/change", methods=["GET", "POST"])
@performs(Action.SCHEDULE_REPORT)
def change(ref: str) -> ResponseReturnValue:
    row = found(schedule_seen(actor(), ref))
    if row.stopped_at is not None:
        return redirect(url_for(".schedule", ref=ref))
    form = _change_form(row)
    if not form.validate_on_submit():
        return _form_page(form, row=row), 422 if request.method == "POST" else 200
    row_id = row.id
    try:
        with unit_of_work():
            change_schedule(_locked(row_id), form.plan, by=actor(), now=now())
    except ScheduleRefused as refusal:
        return _form_page(form, row=found(schedule_seen(actor(), ref)), refusal=form.refuse(refusal)), 422
    changed = found(schedule_seen(actor(), ref))
    if changed.made_by_id == actor().own_id:
        flash(_("The schedule is saved and made in your name from now on."))
    else:
        flash(_("The schedule is saved and made in the name of %(name)s, for whom you stand in.", name=changed.made_by.full_name))
    return redirect(url_for(".schedule", ref=ref))


@bp.post("/schedules/<ref>/stop")
@performs(Action.SCHEDULE_REPORT)
def stop(ref: str) -> ResponseReturnValue:
    row_id = found(schedule_seen(actor(), ref)).id
    with unit_of_work():
        stop_schedule(_locked(row_id), by=actor(), now=now())
    flash(_("The schedule is stopped."))
    return redirect(url_for(".schedule", ref=ref))


@bp.post("/schedules/<ref>/runs/<run>/retry")
@performs(Action.SCHEDULE_REPORT)
def retry(ref: str, run: str) -> ResponseReturnValue:
    return _done(ref, run, lambda row: retry_output(row, by=actor(), now=now()), _("It is made again."))


@bp.post("/schedules/<ref>/runs/<run>/sending")
@performs(Action.SCHEDULE_REPORT)
def send(ref: str, run: str) -> ResponseReturnValue:
    return _done(ref, run, lambda row: send_again(row, by=actor(), now=now()), _("It is sent again."))


def _done(ref: str, run: str, act: Callable[[Output], None], words: str) -> ResponseReturnValue:
    row_id = found(run_of(found(schedule_seen(actor(), ref)), run)).id
    query = select(Output).where(Output.id == row_id).execution_options(populate_existing=True)
    try:
        with unit_of_work():
            act(db.session.scalars(query if _is_sqlite() else query.with_for_update(of=Output)).one())
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        flash(local(refusal.text), "wait")
    else:
        flash(words)
    return redirect(url_for(".schedule", ref=ref, _anchor="runs"))


def _made(form: NewForm) -> list[str]:
    kind, every, plan, of = form.kind.data, form.every.data, form.plan, form.of.data or ""
    centre, agency, is_all = _chosen(of)
    if not is_all:
        plans: list[tuple[Agency | AgencyRow | None, Plan]] = [(agency, plan)]
    elif kind != AGENCY_SHEET:
        raise ScheduleRefused("Chỉ phiếu đơn vị mới lập được cho mọi đơn vị một lần.",
                              "Only sheets can be scheduled for every agency at once.")  # fmt: skip
    else:
        left = agencies_left(every, plan.form, centre_id=centre.id, now=now())
        if not left:
            raise ScheduleRefused("Mọi đơn vị đã có lịch như vậy.", "Every agency has such a schedule.")
        plans = [(each, Plan(f"{plan.name}: {each.short_name.vi}"[:LONGEST_NAME], plan.form, plan.clock_time, plan.days_after, plan.desks,
                             plan.accounts, plan.keep_days)) for each in left]  # fmt: skip
    return [
        make_schedule(
            kind, every, each, centre_id=centre.id, agency=of_agency, broken_down_by=form.by.data or "", by=actor(), now=now(),
            next_run=run_after,
        ).ref
        for of_agency, each in plans
    ]  # fmt: skip


def _chosen(of: str) -> tuple[Centre, Agency | None, bool]:
    """The centre, the agency if any, and whether each agency is meant; limited to what the person may schedule."""
    centres = {centre.ref: centre for centre in centres_scheduled_in(actor())}
    if of.removeprefix(ALL) in centres:
        return centres[of.removeprefix(ALL)], None, of.startswith(ALL)
    query = select(Agency).where(Agency.ref == of, Agency.centre_id.in_([centre.id for centre in centres.values()]))
    agency = found(db.session.scalars(query).first())
    return agency.centre, agency, False


def _new_form() -> NewForm:
    form, centres = NewForm(), centres_scheduled_in(actor())
    if not centres:
        raise NotAllowed
    form.kind.choices = [(kind, local(KINDS[kind].name)) for kind in SCHEDULED if all(may(actor(), need) for need in KINDS[kind].needs)]
    form.every.choices = [(every, local(KIND_NAMES[every])) for every in EVERY]
    form.form.choices = [(each, FORMS[each]) for each in ("pdf", "xlsx", "csv", "json")]
    form.of.choices = [choice for centre in centres for choice in _places(centre)]
    form.by.choices = [("", _("nothing: the whole alone"))] + [(word, local(DIMENSION_NAMES[Dimension(word)])) for word in BY_FIGURES[1:]]
    _offer(form)
    if request.method == "GET":
        form.kind.data = request.args.get("kind") if request.args.get("kind") in SCHEDULED else form.kind.choices[0][0]
        form.every.data, form.form.data = "month", "pdf" if "pdf" in SCHEDULED[form.kind.data].forms else "xlsx"
        form.desks.data = [str(Role.OPS_LEAD)]
    return form


def _places(centre: Centre) -> list[tuple[str, str]]:
    agencies = agencies_of(centre.id, now=now())
    every = [(f"{ALL}{centre.ref}", _("Every agency: %(centre)s (a sheet each)", centre=local(centre.name)))] if agencies else []
    return [(centre.ref, local(centre.name)), *every, *((agency.ref, local(agency.name)) for agency in agencies)]


def _change_form(row: ReportSchedule) -> PlanForm:
    form = PlanForm()
    form.form.choices = [(each, FORMS[each]) for each in SCHEDULED[row.kind].forms]
    _offer(form)
    if request.method == "GET":
        form.name.data, form.form.data, form.clock_time.data, form.days_after.data = row.name, row.form, row.clock_time, row.days_after
        form.desks.data = [str(role) for role in roles_named(row)]
        form.accounts.data = [account.ref for account in people_named([row]).values()]
        form.keep_days.data = str(row.keep_days or "")
    return form


def _offer(form: PlanForm) -> None:
    form.desks.choices = [(str(role), local(ROLE_WORDS[role])) for role in DESKS]
    form.accounts.choices = [
        (row.ref, f"{row.full_name}, {local(Bilingual(row.title_vi, row.title_en or row.title_vi))}" if row.title_vi else row.full_name)
        for row in people_offered(actor(), now=now())
    ]
    form.keep_days.choices = [(str(days or ""), KEEP_WORDS[days]) for days in KEEP_DAYS]


def _form_page(form: PlanForm, *, row: ReportSchedule | None = None, refusal: str = "") -> str:
    return render_template("outputs/schedule_form.html", form=form, row=row, refusal=refusal, most_days=MOST_DAYS_AFTER, **_words(()))


def _words(rows: Collection[ReportSchedule]) -> dict[str, Any]:
    people = people_named(rows)

    def named(row: ReportSchedule) -> list[str]:
        accounts = [people[each].full_name or "" for each in row.recipients if each in people]
        return [*(local(ROLE_WORDS[role]) for role in roles_named(row)), *sorted(accounts)]

    return {
        **output_words(), "every_named": KIND_NAMES, "keep_words": KEEP_WORDS, "named": named,
        "dimension_of": _dimension_of, "ended_on": ended_on,
    }  # fmt: skip


def _dimension_of(row: ReportSchedule) -> str:
    word = row.parameters.get("by")
    return local(DIMENSION_NAMES[Dimension(word)]) if word else ""


def _locked(row_id: int) -> ReportSchedule:
    query = select(ReportSchedule).where(ReportSchedule.id == row_id).execution_options(populate_existing=True)
    return db.session.scalars(query if _is_sqlite() else query.with_for_update(of=ReportSchedule)).one()


def _is_sqlite() -> bool:
    return db.session.get_bind().dialect.name == "sqlite"


def _moment(word: str) -> datetime | None:
    try:
        moment = datetime.fromisoformat(word)
    except ValueError:
        return None
    return moment if moment.tzinfo is not None else None

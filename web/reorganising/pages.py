"""Reorganisations: plans of successions, a preview of what they move, and doing or, on the same day, undoing them."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Centre, Reorganisation
from casework.parsing import number_in
from casework.permissions import Action
from casework.reorganising import plans
from casework.reorganising.blueprint import BodyKind, PlanLine
from casework.reorganising.faults import faults_of
from casework.reorganising.plans import PlanUnknown, plan_seen, plans_seen
from casework.reorganising.seen import centres_to_reorganise, moved_cases, names_in
from casework.sent_once import take_key
from casework.text import normal
from web.clock import now
from web.forms import NOTHING, Form
from web.guards import alone, found, performs
from web.locales import in_reader_language as local
from web.reorganising.forms import NEW, DoForm, PlanChoices, PlanForm, ReasonForm
from workflows.reorganising import acts as reorganising
from workflows.reorganising import undo as reorganisation_undo
from workflows.reorganising.preview import CODES_SHOWN, MOST_CASES, preview

bp = Blueprint("settings_reorganisations", __name__)

AT_ONCE = 40
"""Cases moved while somebody waits for the page; the worker moves the others."""

STATES = {
    "draft": _l("Draft"),
    "doing": _l("Being done"),
    "done": _l("Carried out"),
    "undone": _l("Undone"),
}
KINDS = {
    BodyKind.AREA: _l("Areas"),
    BodyKind.AGENCY: _l("Agencies"),
    BodyKind.CENTRE: _l("Centres"),
    BodyKind.PERSON: _l("People who go elsewhere"),
}
COUNTS = {
    "cases": _l("Cases moved"),
    "released": _l("Tasks put back for anybody"),
    "doubled": _l("Agencies of one case that became one"),
    "people": _l("Roles of people"),
    "new": _l("New bodies"),
    "area_ended": _l("Areas that ended"),
    "agency_ended": _l("Agencies that ended"),
    "centre_ended": _l("Centres that ended"),
    "villages": _l("Villages"),
    "areas": _l("Areas in another centre"),
    "agencies": _l("Agencies that go on in another place"),
    "cameras": _l("Cameras"),
    "filters": _l("Saved filters"),
    "templates": _l("Templates of answers"),
    "answer_template": _l("Templates of answers"),
    "letterheads": _l("Letterheads that end; the new bodies need their own"),
    "letterheads_ended": _l("Letterheads that ended; the new bodies need their own"),
    "wallboards": _l("Televisions"),
    "schedules": _l("Schedules"),
    "versions": _l("Process versions and tables of the centre, copied"),
    "field": _l("Fields of work"),
    "clock_rule": _l("Time limits"),
    "calendar_day": _l("Days of the calendar"),
    "office_hours": _l("Office hours"),
    "refusal_reason": _l("Reasons for refusing"),
    "visibility_reason": _l("Reasons for not publishing"),
    "text_template": _l("Words of messages"),
    "reminder_rule": _l("Reminders"),
    "suggestion_rule": _l("Phrases that suggest a field"),
    "complexity": _l("Degrees of difficulty"),
    "extra_question": _l("Extra questions"),
    "house_setting": _l("Single settings"),
}
"""The counts shown, by their names in plans and previews."""


@bp.route("/settings/reorganisations", methods=["GET", "POST"])
@performs(Action.REORGANISE)
def reorganisations() -> ResponseReturnValue:
    form, centres = PlanForm(), _centres()
    form.centre.choices = [(ref, local(centre.name) if centre else _("The whole installation")) for ref, centre in centres.items()]
    refusal = ""
    if form.is_submitted():
        if form.validate() and form.centre.data in centres and form.on.data is not None:
            centre = centres[form.centre.data]
            given = {"title": form.title.data or "", "source": form.source.data or "", "on": form.on.data}
            try:
                with unit_of_work(keeps_rows=True):
                    take_key(now())
                    plan = plans.begin_plan(by=alone(), now=now(), centre_id=centre.id if centre else None, **given)
            except CaseworkError as refused:
                refusal = local(refused.text)
            else:
                return redirect(url_for(".plan", ref=plan.ref))
        elif form.centre.data not in centres:
            refusal = _("Please choose whose bodies.")
    rows = plans_seen(alone())
    page = render_template("reorganising/reorganisations.html", form=form, refusal=refusal, plans=rows, states=STATES)
    return (page, 422) if form.is_submitted() else page


@bp.get("/settings/reorganisations/<ref>")
@performs(Action.REORGANISE)
def plan(ref: str) -> ResponseReturnValue:
    return _page(found(plan_seen(alone(), ref)))


@bp.get("/settings/reorganisations/<ref>/preview")
@performs(Action.REORGANISE)
def look_ahead(ref: str) -> ResponseReturnValue:
    seen = found(plan_seen(alone(), ref))
    return render_template(
        "reorganising/preview.html",
        plan=seen,
        seen=preview(seen, now=now()),
        names=names_in(seen),
        kinds=KINDS,
        counts=COUNTS,
        codes_shown=CODES_SHOWN,
        most=MOST_CASES,
        faults=faults_of(seen),
    )


@bp.post("/settings/reorganisations/<ref>/description")
@performs(Action.REORGANISE)
def description(ref: str) -> ResponseReturnValue:
    form, seen = PlanForm(), found(plan_seen(alone(), ref))
    if not form.validate() or form.on.data is None:
        return _page(seen, described=form), 422
    on, title, source = form.on.data, form.title.data or "", form.source.data or ""
    return _done(ref, lambda: plans.change_plan(ref, by=alone(), title=title, source=source, on=on), _("The plan was changed."))


@bp.post("/settings/reorganisations/<ref>/lines/<kind>")
@performs(Action.REORGANISE)
def line(ref: str, kind: str) -> ResponseReturnValue:
    """Add a line, with its new successor if it creates one."""
    seen = found(plan_seen(alone(), ref))
    wanted = found(BodyKind(kind) if kind in set(BodyKind) else None)
    choices = PlanChoices(seen)
    if wanted is BodyKind.PERSON:
        return _person_line(seen, choices)
    if wanted not in choices.kinds:
        return found(None)
    form = choices.form(wanted)
    before = choices.before[wanted].get(form.predecessor.data or "")
    is_new = form.successor.data == NEW
    behind = choices.behind[wanted].get(form.successor.data or "")
    place = choices.places.get(form.by_area.data or "")
    areas, agencies = choices.behind[BodyKind.AREA], choices.behind[BodyKind.AGENCY]
    if not form.validate() or before is None or (behind is None and not is_new and form.successor.data != NOTHING):
        return _page(seen, choices=choices, forms={wanted: form}, refusal=_("Please choose from the lists.")), 422
    before_id, behind_id, place_id = before.id, behind.id if behind else None, place.id if place else None
    values = form.values(areas, agencies) | ({"centre_id": getattr(before, "centre_id", None)} if wanted is not BodyKind.CENTRE else {})

    def add() -> None:
        made = plans.new_body(ref, by=alone(), kind=wanted, values=values).id if is_new else behind_id
        plans.add_line(
            ref, by=alone(), kind=wanted, predecessor_id=before_id, successor_id=made, by_area_id=place_id, is_main=bool(form.is_main.data)
        )

    return _done(ref, add, _("The line was added."), forms={wanted: form})


@bp.post("/settings/reorganisations/<ref>/removed-lines")
@performs(Action.REORGANISE)
def removed_line(ref: str) -> ResponseReturnValue:
    found(plan_seen(alone(), ref))
    line_id = number_in(request.form.get("line", "")) or 0
    return _done(ref, lambda: plans.remove_line(ref, line_id, by=alone()), _("The line was taken out."))


@bp.post("/settings/reorganisations/<ref>/removal")
@performs(Action.REORGANISE)
def removal(ref: str) -> ResponseReturnValue:
    found(plan_seen(alone(), ref))
    try:
        with unit_of_work():
            plans.drop_plan(ref, by=alone())
    except CaseworkError as refused:
        return _refused(ref, refused)
    flash(_("The draft was thrown away."))
    return redirect(url_for(".reorganisations"))


@bp.post("/settings/reorganisations/<ref>/copy")
@performs(Action.REORGANISE)
def copy(ref: str) -> ResponseReturnValue:
    found(plan_seen(alone(), ref))
    try:
        with unit_of_work(keeps_rows=True):
            take_key(now())
            drawn = plans.copy_plan(ref, by=alone(), now=now())
    except CaseworkError as refused:
        return _refused(ref, refused)
    flash(_("The plan was drawn up again as a draft."))
    return redirect(url_for(".plan", ref=drawn.ref))


@bp.post("/settings/reorganisations/<ref>/doing")
@performs(Action.REORGANISE)
def doing(ref: str) -> ResponseReturnValue:
    """Carry out the plan: the bodies at once, the first cases during the request, the others by the worker."""
    seen, form = found(plan_seen(alone(), ref)), DoForm()
    if not form.validate() or normal(form.typed.data or "") != seen.title:
        return _page(seen, do=form, refusal=_("Please type the title exactly as it stands above.")), 422
    moment, reason = now(), form.reason.data or ""
    try:
        with unit_of_work():
            reorganising.start(ref, by=alone(), now=moment, reason=reason)
    except CaseworkError as refused:
        return _refused(ref, refused, do=form)
    reorganising.go_on(moment, most=AT_ONCE)
    is_done = found(plan_seen(alone(), ref)).state == "done"
    flash(
        _("The reorganisation has been done.")
        if is_done
        else _("The reorganisation is being done. Cases that are still to follow are moved in the background.")
    )
    return redirect(url_for(".plan", ref=ref))


@bp.post("/settings/reorganisations/<ref>/undoing")
@performs(Action.REORGANISE)
def undoing(ref: str) -> ResponseReturnValue:
    found(plan_seen(alone(), ref))
    form, moment = ReasonForm(), now()
    reason = form.reason.data or ""
    try:
        with unit_of_work():
            reorganisation_undo.undo(ref, by=alone(), now=moment, reason=reason)
    except CaseworkError as refused:
        return _refused(ref, refused)
    reorganising.go_on(moment, most=AT_ONCE)
    flash(_("Everything the reorganisation changed is as it was before."))
    return redirect(url_for(".plan", ref=ref))


def _person_line(seen: Reorganisation, choices: PlanChoices) -> ResponseReturnValue:
    form, ref = choices.person_form(), seen.ref
    row = choices.people.get(form.predecessor.data or "")
    kind = BodyKind.AGENCY if row is not None and row.agency_id is not None else BodyKind.CENTRE
    heir = choices.behind.get(kind, {}).get(form.successor.data or "")
    if not form.validate() or row is None or (heir is None and form.successor.data != NOTHING):
        return _page(seen, choices=choices, forms={BodyKind.PERSON: form}, refusal=_("Please choose from the lists.")), 422
    row_id, heir_id = row.id, heir.id if heir is not None else None
    return _done(
        ref, lambda: plans.add_line(ref, by=alone(), kind=BodyKind.PERSON, predecessor_id=row_id, successor_id=heir_id),
        _("The line was added."), forms={BodyKind.PERSON: form},
    )  # fmt: skip


def _done(ref: str, act: Callable[[], object], said: str, *, forms: dict[BodyKind, Form] | None = None) -> ResponseReturnValue:
    try:
        with unit_of_work():
            take_key(now())
            act()
    except CaseworkError as refused:
        return _refused(ref, refused, forms=forms)
    flash(said)
    return redirect(url_for(".plan", ref=ref))


def _refused(ref: str, refused: CaseworkError, **kept: Any) -> ResponseReturnValue:
    if isinstance(refused, PlanUnknown):
        return found(None)
    return _page(found(plan_seen(alone(), ref)), refusal=local(refused.text), **kept), 422


def _page(
    seen: Reorganisation, *, choices: PlanChoices | None = None, forms: dict[BodyKind, Form] | None = None,
    described: PlanForm | None = None, do: DoForm | None = None, refusal: str = "",
) -> str:  # fmt: skip
    is_draft, moment = seen.state == "draft", now()
    choices = choices or (PlanChoices(seen) if is_draft else None)
    blank: dict[BodyKind, Form] = {}
    if choices is not None:
        blank = {kind: choices.form(kind, formdata=None) for kind in choices.kinds}
        blank |= {BodyKind.PERSON: choices.person_form(formdata=None)} if choices.people else {}
    lines = [(kind, [each for each in map(PlanLine.of, seen.steps) if each.kind is kind]) for kind in BodyKind]
    return render_template(
        "reorganising/reorganisation.html",
        plan=seen,
        lines=[(kind, rows) for kind, rows in lines if rows],
        names=names_in(seen),
        forms=blank | (forms or {}),
        opened=set(forms or ()),
        described=described or PlanForm(formdata=None, title=seen.title, source=seen.source, on=seen.on),
        do=do or DoForm(formdata=None),
        undo=ReasonForm(formdata=None),
        refusal=refusal,
        faults=faults_of(seen) if is_draft else [],
        is_early=local_day(moment) < seen.on,
        states=STATES,
        kinds=KINDS,
        counts=[(COUNTS[name], number) for name, number in seen.counts.items() if name in COUNTS],
        cases=moved_cases(seen),
        left=_left(seen),
        is_at_work=reorganising.is_at_work(seen),
        time_left=reorganisation_undo.time_left(seen, moment),
        people={id_: db.session.get(Account, id_) for id_ in (seen.done_by_id, seen.undone_by_id) if id_ is not None},
    )


def _left(seen: Reorganisation) -> int:
    """Cases still to be moved."""
    if seen.state != "doing":
        return 0
    return reorganising.left_to_move(seen, now=now(), most=MOST_CASES)


def _centres() -> dict[str, Centre | None]:
    """The scopes the person may plan for, by ref; the installation has an empty ref."""
    there, is_whole = centres_to_reorganise(alone(), local_day(now()))
    own: dict[str, Centre | None] = {centre.ref: centre for centre in there}
    return own | ({NOTHING: None} if is_whole else {})

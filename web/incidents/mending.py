"""Repairs to the process of one case by an administrator: suspend and resume it, move tokens, correct variables. Shows no content of the
case."""

from collections.abc import Callable
from datetime import date, datetime

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.db import reading_once, unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.models import Case
from casework.permissions import Action
from web.clock import now
from web.filters import local_date, local_datetime
from web.forms import Refusal, refusal_of
from web.guards import actor, found, performs
from web.http.security import allow_inline_style_attributes
from web.locales import in_reader_language as local
from web.locales import language
from workflows.definitions.variables import Type
from workflows.diagrams import diagram_of
from workflows.mending import acts as mending
from workflows.mending.acts import CaseUnknown, MendingRefused, case_to_mend
from workflows.mending.process_view import HeldVariable, processes_of
from workflows.rehearsal.recording import record_scenario
from workflows.rehearsal.scenarios import LONGEST_NAME, ScenarioRefused
from workflows.running.process_variables import ValueRefused

bp = Blueprint("mending", __name__)

STATUSES = {
    "running": _l("running"),
    "suspended": _l("suspended"),
    "incident": _l("put aside by an incident"),
    "ended": _l("ended"),
}
TYPED_MOMENTS = "%Y-%m-%dT%H:%M"


@bp.get("/cases/<ref>/process")
@performs(Action.MEND_PROCESS)
@allow_inline_style_attributes
def process(ref: str) -> ResponseReturnValue:
    return _page(_case(ref))


@bp.post("/cases/<ref>/process/suspension")
@performs(Action.MEND_PROCESS)
@allow_inline_style_attributes
def suspension(ref: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    return _done(ref, "suspend_case", lambda: mending.suspend_case(ref, by=actor(), now=now(), reason=reason),
                 _("The process is suspended: nothing moves until it is resumed."))  # fmt: skip


@bp.post("/cases/<ref>/process/resumption")
@performs(Action.MEND_PROCESS)
@allow_inline_style_attributes
def resumption(ref: str) -> ResponseReturnValue:
    reason = request.form.get("reason", "")
    return _done(ref, "resume_case", lambda: mending.resume_case(ref, by=actor(), now=now(), reason=reason), _("The process goes on."))


@bp.post("/cases/<ref>/process/token")
@performs(Action.MEND_PROCESS)
@allow_inline_style_attributes
def token(ref: str) -> ResponseReturnValue:
    of, engine_task, target, reason = _typed("of", "token", "target", "reason")
    return _done(
        ref, "move_token", lambda: mending.move_token(ref, of, by=actor(), now=now(), token=engine_task, target=target, reason=reason),
        _("It stands where you set it."),
    )  # fmt: skip


@bp.post("/cases/<ref>/process/variable")
@performs(Action.MEND_PROCESS)
@allow_inline_style_attributes
def variable(ref: str) -> ResponseReturnValue:
    of, name, value, reason = _typed("of", "name", "value", "reason")
    return _done(
        ref, "edit_variable", lambda: mending.edit_variable(ref, of, by=actor(), now=now(), name=name, value=value, reason=reason),
        _("The value is corrected."),
    )  # fmt: skip


@bp.post("/cases/<ref>/process/scenario")
@performs(Action.MEND_PROCESS)
@allow_inline_style_attributes
def scenario(ref: str) -> ResponseReturnValue:
    """Record the course of the case as a scenario for rehearsing versions."""
    try:
        with unit_of_work():
            record_scenario(ref, name=request.form.get("name", ""), by=actor(), now=now())
    except CaseUnknown:
        return found(None)
    except ScenarioRefused as refusal:
        return _page(_case(ref), refused="record_scenario", refusal=refusal_of(refusal, {"name": "scenario-name"})), 422
    flash(_("The scenario is kept. Every version can be rehearsed with it."))
    return redirect(url_for(".process", ref=ref))


def _typed(*names: str) -> list[str]:
    return [request.form.get(name, "") for name in names]


def _case(ref: str) -> Case:
    try:
        return case_to_mend(actor(), ref)
    except CaseUnknown:
        return found(None)


def _done(ref: str, verb: str, work: Callable[[], Case], said: str) -> ResponseReturnValue:
    """Do it and report success, or show the page again with what was typed and the refusal."""
    try:
        mending.recorded(_case(ref), verb, work, by=actor(), now=now())
    except CaseUnknown:
        return found(None)
    except (MendingRefused, ValueRefused) as refusal:
        return _page(_case(ref), refused=verb, refusal=refusal_of(refusal, _ids(verb))), 422
    flash(said)
    return redirect(url_for(".process", ref=ref))


def _ids(verb: str) -> dict[str, str]:
    """Field ids of the submitted form, by what a refusal is about."""
    of, engine_task, name = _typed("of", "token", "name")
    match verb:
        case "move_token":
            return {"target": f"move-{engine_task}", "reason": f"move-{engine_task}-reason"}
        case "edit_variable":
            return {"value": f"value-{of}-{name}", "reason": f"value-{of}-{name}-reason"}
    return {"reason": f"{verb.removesuffix('_case')}-reason"}


def _page(case: Case, *, refused: str = "", refusal: Refusal | None = None) -> str:
    with reading_once():
        processes, diagram = processes_of(case), diagram_of(case, language=language(), now=now())
    return render_template(
        "incidents/process.html",
        case=case,
        processes=processes,
        diagram=diagram,
        is_suspended=any(each.status == "suspended" for each in processes),
        is_running=any(each.status == "running" for each in processes),
        statuses=STATUSES,
        types=Type,
        typed_moment=_typed_moment,
        value_words=value_words,
        refused=refused,
        refusal=refusal,
        typed=request.form,
        longest_reason=mending.LONGEST_REASON,
        longest_name=LONGEST_NAME,
    )


def value_words(held: HeldVariable) -> str:
    """A process variable in words: a dash where it is unset, and a note in place of case content."""
    variable, value = held.variable, held.value
    if not held.is_set:
        return "—"
    if held.is_content:
        return str(_("(content of the case, read by the centre alone)"))
    match variable.type:
        case Type.BOOLEAN:
            return str(_("Yes") if value else _("No"))
        case Type.CHOICE:
            return str(next((local(choice.label) for choice in variable.choices if choice.id == value), value))
        case Type.MOMENT:
            return _typed_moment(value) and local_datetime(datetime.fromisoformat(str(value)))
        case Type.DATE:
            return local_date(date.fromisoformat(str(value)))
    return str(value)


def _typed_moment(value: object) -> str:
    """An instant in local time as the browser's input expects it."""
    try:
        return datetime.fromisoformat(str(value)).astimezone(LOCAL_ZONE).strftime(TYPED_MOMENTS)
    except ValueError:
        return ""

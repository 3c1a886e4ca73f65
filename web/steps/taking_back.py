"""Taking back what was just done: how long it is held, the strip that offers it on every page, and the way back into the form."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, session, url_for
from flask.blueprints import BlueprintSetupState
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from casework.db import db, unit_of_work
from casework.models import Case, HeldAct
from casework.permissions import Action
from casework.permissions.sight import seen_by
from casework.taking_back.held_acts import Hold, SentForm, own_held, why_of
from web.clock import now
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.sent_forms import may_repeat
from web.steps.draft_view import OWN, fields_sent, photos_tokens_in
from workflows.running.carrying_out import settle, take_back

bp = Blueprint("taking_back", __name__)

KEPT = "held"
"""What the browser may take back: ref, instant, code and verb of each."""

MOST_KEPT = 8
WITHOUT_WORKER = timedelta(seconds=3)
"""After this long beyond its time whoever meets a held act has it carried out: no worker is there to do it."""

LABELS: dict[str, LazyString] = {
    "publish": _l("Publish"), "answer_privately": _l("Answer in private"), "refuse": _l("Do not accept"), "distribute": _l("Distribute"),
    "approve_answer": _l("Approve"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class HeldHere:
    """Something done in this browser that can still be taken back."""

    ref: str
    code: str
    words: str
    until: datetime
    seconds: int


def hold_asked(*, form: bool = True) -> Hold | None:
    """How what is being sent is held; None where this installation carries everything out at once."""
    if not (seconds := seconds_to_take_back()):
        return None
    fields = fields_sent() if form else []
    return Hold(timedelta(seconds=seconds), SentForm(fields, request.form.get(f"{OWN}ref", ""), photos_tokens_in(fields)))


def offer_back(held: HeldAct, code: str) -> None:
    """Let this browser show the strip until the time is over."""
    kept = [each for each in _kept() if each[1] > now().timestamp()]
    session[KEPT] = [*kept[1 - MOST_KEPT :], [held.ref, held.due_at.timestamp(), code, held.verb]]


def held_label(verb: str) -> str:
    """What the button of an act says."""
    return str(LABELS.get(verb, verb))


def is_overdue(held: HeldAct) -> bool:
    """Whether no worker has carried it out."""
    return held.returned_at is None and held.due_at + WITHOUT_WORKER <= now()


def seconds_to_take_back() -> int:
    """How long what was done can be taken back; 0: not at all."""
    return int(current_app.config.get("TAKE_BACK_SECONDS", 0))


@bp.record_once
def serve_templates(state: BlueprintSetupState) -> None:
    """Let templates, also imported ones, show what this browser can take back now."""
    state.app.jinja_env.globals.update(held_here=_held_here, held_label=held_label, seconds_to_take_back=seconds_to_take_back)


@bp.post("/held/<ref>/take-back")
@performs(Action.PERFORM_TASK)
@may_repeat
def take(ref: str) -> ResponseReturnValue:
    with unit_of_work():
        is_taken = take_back(ref, by=actor(), now=now()) is not None
    _forget(ref)
    held = own_held(ref, by=actor())
    if held is not None:
        if not is_taken:
            return redirect(url_for(".look", ref=ref))
        flash(_("Taken back: nothing has been done, and nobody was told."))
        return redirect(_form_of(held))
    flash(_("It was too late to take it back: it has been carried out."), "wait")
    return redirect(url_for("inbox.inbox"))


@bp.get("/held/<ref>")
@performs(Action.PERFORM_TASK)
def look(ref: str) -> ResponseReturnValue:
    """What became of something one did: held, with the button; or back, with the reason and the way to the form."""
    held = found(own_held(ref, by=actor()))
    if is_overdue(held):
        settle(held.id, now())
        if (held_now := own_held(ref, by=actor())) is None:
            flash(_("It has been carried out."))
            return redirect(url_for("inbox.inbox"))
        held = held_now
    case = db.session.get_one(Case, held.case_id)
    if case.quarantined_at is not None:
        return found(None)
    return render_template(
        "steps/held.html", held=held, case=case, why=why_of(held), form_url=_form_of(held),
        case_url=url_for("cases.case", ref=case.ref) if seen_by(actor(), case) else None,
    )  # fmt: skip


@bp.get("/held/<ref>/state")
@performs(Action.PERFORM_TASK)
def state(ref: str) -> ResponseReturnValue:
    """For the script of the strip, once the time is over."""
    held = own_held(ref, by=actor())
    if held is None:
        return {"state": "done", "words": _("Carried out.")}
    if held.returned_at is None:
        return {"state": "held", "words": ""}
    why = why_of(held)
    return {"state": "back", "words": local(why) if why else _("Taken back."), "url": url_for(".look", ref=ref)}


def _form_of(held: HeldAct) -> str:
    """The form it was sent with, filled in as it was."""
    if held.task_ref is not None:
        return url_for("tasks.task", ref=held.task_ref)
    case = db.session.get_one(Case, held.case_id)
    return url_for("case_acts.act", ref=case.ref, verb=held.verb, held=held.ref)


def _held_here() -> list[HeldHere]:
    moment = now().timestamp()
    return [
        HeldHere(ref, code, held_label(verb), datetime.fromtimestamp(until, UTC), max(1, round(until - moment)))
        for ref, until, code, verb in _kept() if until > moment
    ]  # fmt: skip


def _kept() -> list[list[Any]]:
    kept = session.get(KEPT, [])
    return [each for each in kept if isinstance(each, list) and len(each) == 4]


def _forget(ref: str) -> None:
    session[KEPT] = [each for each in _kept() if each[0] != ref]

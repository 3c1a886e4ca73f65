"""Taking back what was just done, what became of it, and the way back into the form."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import db, unit_of_work
from casework.models import Case, HeldAct
from casework.permissions import Action
from casework.permissions.sight import seen_by
from casework.taking_back.held_acts import own_held, why_of, words_of
from web.clock import now
from web.guards import actor, found, performs
from web.held_here import is_overdue, offer_no_more
from web.locales import in_reader_language as local
from workflows.running.carrying_out import settle, take_back

bp = Blueprint("taking_back", __name__)


@bp.post("/held/<ref>/take-back")
@performs(Action.TAKE_BACK_HELD)
def take(ref: str) -> ResponseReturnValue:
    with unit_of_work():
        is_taken = take_back(ref, by=actor(), now=now()) is not None
    offer_no_more(ref)
    held = own_held(ref, by=actor())
    if held is not None:
        if not is_taken:
            return redirect(url_for(".look", ref=ref))
        flash(_("Taken back: nothing has been done, and nobody was told."))
        return redirect(_form_of(held))
    flash(_("It was too late to take it back: it has been carried out."), "wait")
    return redirect(url_for("inbox.inbox"))


@bp.get("/held/<ref>")
@performs(Action.TAKE_BACK_HELD)
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
        words=words_of(held) if held.returned_at else [],
        case_url=url_for("cases.case", ref=case.ref) if seen_by(actor(), case) else None,
    )  # fmt: skip


@bp.get("/held/<ref>/state")
@performs(Action.TAKE_BACK_HELD)
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

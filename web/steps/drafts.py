"""Saves drafts of step forms: by script while somebody types, by button without one."""

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.permissions import Action
from casework.steps.drafts import DraftRefused, SavedDraft, discard_draft, keep_draft
from web.clock import now
from web.exchange import write_beside
from web.guards import actor, found, performs
from web.http.security import own_address
from web.locales import in_reader_language as local
from web.steps.draft_view import (
    NONE,
    OWN,
    SAID,
    as_if_opened,
    fields_sent,
    is_as_opened,
    new_window,
    photos_tokens_in,
    sent_revision,
    sent_window,
)
from web.steps.pages import draft_refused, page_of, step_done
from web.text_owner import AnothersText, is_of_another, wants_json
from workflows.models import WaitingTask
from workflows.running import steps
from workflows.running.steps import TaskAlreadyDone, TaskUnknown

bp = Blueprint("drafts", __name__)

ANOTHER, RENAME, NEW, OPEN, DROP, TO, SAY = "another", "rename", "new", "open", "drop", "to", "say"
"""Acts on drafts other than saving the text; a ref or an address follows after a colon. DROP without one means the current draft. SAY
writes in the exchange about the agency's work that follows, so that the step's text stays."""

UNTOUCHED = "no"


@bp.post("/tasks/<ref>/draft")
@performs(Action.KEEP_DRAFT)
def keep(ref: str) -> ResponseReturnValue:
    """Save the text, then do what the button says; whatever that is, nothing typed is lost by it.

    One person's text never becomes the draft of another who has signed in since in the same browser: raises AnothersText, before revealing
    whether the step exists.
    """
    if is_of_another():
        raise AnothersText
    try:
        step = steps.task_for(actor(), ref)
    except TaskUnknown:
        return found(None)
    if is_of_another(unsaid=True):
        raise AnothersText
    refusals = []
    if any(file.filename for file in request.files.values()):
        page = page_of(step)
        page.keep_files()
        refusals = page.refusals
    has_nothing = not request.form.get(f"{OWN}ref") and _is_as_opened(step)
    try:
        if wants_json() and has_nothing:
            return {"untouched": True, "words": " ".join(refusals)}
        return _by_script(ref, refusals) if wants_json() else _by_button(ref, refusals, has_nothing=has_nothing)
    except TaskUnknown:
        return found(None)
    except TaskAlreadyDone as refusal:
        # no error for the script: while the page closes, it often sends the text of the step just performed with it
        return {"done": True, "words": local(refusal.text)} if wants_json() else _too_late(ref)
    except DraftRefused as refusal:
        return ({"words": local(refusal.text)}, 422) if wants_json() else draft_refused(ref, local(refusal.text))


def _by_script(ref: str, refusals: list[str]) -> ResponseReturnValue:
    with unit_of_work():
        saved = _kept(ref)
        answer = {
            "ref": saved.draft.ref,
            "revision": saved.draft.revision,
            "time": f"{saved.draft.saved_at.astimezone(LOCAL_ZONE):%H:%M}",
            "words": " ".join(refusals),
        }
    return answer, 409 if saved.is_apart else 200


def _is_as_opened(step: WaitingTask) -> bool:
    fields = fields_sent()
    with as_if_opened():
        return is_as_opened(page_of(step), fields)


def _by_button(ref: str, refusals: list[str], *, has_nothing: bool) -> ResponseReturnValue:
    what, _colon, which = request.form.get(f"{OWN}do", "").partition(":")
    at_hand = request.form.get(f"{OWN}ref", "")
    which = which or (at_hand if what == DROP else "")
    is_touched = request.form.get(f"{OWN}touched") != UNTOUCHED and not has_nothing
    with unit_of_work():
        if what == DROP:
            discard_draft(steps.draft_place(steps.lock_open_step(ref, by=actor())), which, by=actor())
        if what == ANOTHER:
            at_hand = _kept(ref, is_another=True, name=request.form.get(f"{OWN}name", "")).draft.ref
        elif not (what == DROP and which == at_hand) and (is_touched or what == RENAME):
            at_hand = _kept(ref, name=request.form.get(f"{OWN}name", "") if what == RENAME else None).draft.ref
    for words in refusals:
        flash(words, "wait")
    if what == SAY and (refused := write_beside(steps.task_for(actor(), ref).case, which, request.form.get(SAID, ""))) is not None:
        return refused
    if what == TO:
        return redirect(own_address(which, url_for("tasks.task", ref=ref)))
    if what == DROP:
        flash(_("The draft is deleted."))
    elif what != SAY:
        is_kept = bool(at_hand) or what == OPEN
        flash(_("The draft is kept.") if is_kept else _("There is no draft to keep yet: nothing has been written."))
    shown = {NEW: NONE, OPEN: which}.get(what, at_hand)
    return redirect(url_for("tasks.task", ref=ref, draft=shown if not (what == DROP and shown == which) else None))


def _too_late(ref: str) -> ResponseReturnValue:
    """Somebody else has done the step meanwhile: what was typed for it is shown, and a word for the exchange is said all the same."""
    what, _colon, which = request.form.get(f"{OWN}do", "").partition(":")
    words = request.form.get(SAID, "") if what == SAY else ""
    is_said = bool(words) and write_beside(steps.task_for(actor(), ref).case, which, words) is None
    return step_done(ref, but=words if is_said else "")


def _kept(ref: str, *, is_another: bool = False, name: str | None = None) -> SavedDraft:
    fields = fields_sent()
    return keep_draft(
        steps.draft_place(steps.lock_open_step(ref, by=actor())),
        by=actor(),
        now=now(),
        fields=fields,
        window=new_window() if is_another else sent_window(),
        ref="" if is_another else request.form.get(f"{OWN}ref", ""),
        revision=sent_revision(),
        seen=request.form.get(f"{OWN}seen", ""),
        name=name,
        photos_tokens=photos_tokens_in(fields),
    )

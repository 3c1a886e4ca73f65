"""Receives what an officer did without a signal: the script sends one thing after the other, each under a key of its own.

A thing sent again with its key is answered like the first time and recorded once. Where something has changed meanwhile nothing is done:
the answer says what, and the telephone keeps its own version until its owner has chosen.

There is no form token, since a page that was kept without anybody's name in it has none; a header that no page of another site can send
takes its place, as for reports (web/offline/reports.py).
"""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFProtect
from sqlalchemy import select

from casework.answers.acts import LONGEST_CONTACT, LONGEST_PART, PARTS, SubmitAnswerInput, left_to_fill, newest_answer
from casework.bilingual import Bilingual
from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Assignment, Draft
from casework.parsing import number_in
from casework.permissions import Action, NotAllowed
from casework.photos.records import staged_photos
from casework.sealing.seal import lookup_digest
from casework.sent_once import SentBefore, answer_to, key_of, sending
from casework.steps.drafts import DraftRefused, drafts_of, keep_draft, opened_fields
from web.clock import now
from web.field.pages import SECRET_HEADER, draft_told
from web.files.uploads import drop_upload, stage_uploads
from web.filing_fields import client_key, is_sound_token
from web.guards import actor, performs
from web.locales import in_reader_language as local
from web.steps.draft_view import WINDOW_LENGTH
from workflows.desks.field_work import ACCEPT, ANSWER, FieldDraft, field_draft
from workflows.models import WaitingTask
from workflows.running import steps
from workflows.running.incidents import StepFailed, perform_recorded
from workflows.running.steps import TaskAlreadyDone, TaskClaimed, TaskUnknown

bp = Blueprint("field_items", __name__, url_prefix="/field/items")

LONGEST = {**dict.fromkeys(PARTS, LONGEST_PART), "contact": LONGEST_CONTACT, "no_photo_reason": 300}
TOKEN_PURPOSE = "photos an officer took without a signal"
ELEMENTS = {"accept": ACCEPT, "draft": ANSWER, "answer": ANSWER}


class NotTaken(Exception):
    """The thing is not done; `status` is for the script, `content` for the person."""

    def __init__(self, status: int, **content: Any) -> None:
        self.status, self.content = status, content


class DraftApart(Exception):
    """Another window has written the draft since the telephone read it."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where a thing belongs: an agency's work in a case, and the newest step of the kind the thing is for."""

    assignment: Assignment
    step: WaitingTask


@bp.record_once
def _take_without_form_token(state: Any) -> None:
    protection: CSRFProtect = state.app.extensions["csrf"]
    for view in (item, photo):
        protection.exempt(f"{__name__}.{view.__name__}")


@bp.errorhandler(NotTaken)
def not_taken(refusal: NotTaken) -> ResponseReturnValue:
    return refusal.content, refusal.status


@bp.after_request
def _kept_by_nobody(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/<key>")
@performs(Action.SUBMIT_ANSWER)
def item(key: str) -> ResponseReturnValue:
    """One thing: `kind` is accept, draft or answer, `assignment` whose work it belongs to."""
    _refuse_foreign()
    kind, once = request.form.get("kind", ""), _once(key)
    if kind not in ELEMENTS:
        raise NotTaken(400)
    if answer_to(once) is not None:
        return {"state": "done", "was_before": True}
    place = _place(ELEMENTS[kind])
    try:
        return _accepted(place, once) if kind == "accept" else _written(place, once, is_answer=kind == "answer")
    except SentBefore:
        return {"state": "done", "was_before": True}
    except TaskUnknown:
        raise _gone() from None
    except TaskAlreadyDone as refusal:
        raise _done(place, refusal.text) from None
    except TaskClaimed as refusal:
        raise NotTaken(409, conflict="held", words=local(refusal.text)) from None
    except CaseBusy as refusal:
        raise NotTaken(503, words=local(refusal.text)) from None
    except NotAllowed:
        raise
    except (StepFailed, CaseworkError) as refusal:
        raise NotTaken(422, words=local(refusal.text)) from None


@bp.post("/<key>/photo")
@performs(Action.SUBMIT_ANSWER)
def photo(key: str) -> ResponseReturnValue:
    """One photo of an answer with its SHA-256 digest; kept with the photos of the form until the answer is there."""
    _refuse_foreign()
    _once(key)
    place = _place(ANSWER)
    token, sent, digest = _token(place), request.files.get("photo"), request.form.get("sha256", "")
    if sent is None:
        raise NotTaken(400)
    if digest in _digests(token):
        return {"have": digest}
    if sha256(sent.read()).hexdigest() != digest:
        # cut off on the way: the telephone has the right bytes and sends them again
        raise NotTaken(400, damaged=True)
    sent.stream.seek(0)
    if refused := stage_uploads([sent], token=token, purpose="after", by=actor()):
        raise NotTaken(422, words=local(refused[0]))
    return {"have": digest}


def _refuse_foreign() -> None:
    site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
    is_foreign = site not in (None, "same-origin") or (origin is not None and urlsplit(origin).netloc != request.host)
    if is_foreign or SECRET_HEADER not in request.headers:
        raise NotTaken(404)


def _once(key: str) -> str:
    """What a thing is known by here: its telephone's key, for this person alone."""
    if client_key(key) != key:
        raise NotTaken(404)
    return key_of("field", key, actor().account_id)


def _place(element: str) -> Place:
    """The newest step of that kind, if the work is the person's agency's. Raises NotTaken for what they may not see (any more)."""
    ref, by = request.form.get("assignment", ""), actor()
    query = select(WaitingTask).join(Assignment, Assignment.id == WaitingTask.assignment_id)
    query = query.where(Assignment.ref == ref, WaitingTask.element == element).order_by(WaitingTask.id.desc()).limit(1)
    step = db.session.scalar(query)
    if step is None or step.assignment is None or step.case.quarantined_at is not None or not by.works_for(step.assignment, step.case):
        raise _gone()
    return Place(step.assignment, step)


def _gone() -> NotTaken:
    return NotTaken(409, conflict="gone", words=_("This work is no longer with your agency."))


def _accepted(place: Place, once: str) -> dict[str, Any]:
    with sending(once):
        perform_recorded(place.step.ref, by=actor(), now=now(), act=ACCEPT)
    return {"state": "done"}


def _written(place: Place, once: str, *, is_answer: bool) -> dict[str, Any]:
    """Keep what was written as a draft, then hand it to the leader if it is the answer: so a refusal loses nothing either."""
    parts = _parts()
    if number_in(request.form.get("version", ""), digits=4) != len(place.assignment.answers):
        raise _done(place, None)
    token = _token(place)
    digests = request.form.getlist("photo")
    _refuse_missing(token, digests)
    draft = _kept(place, parts, token)
    if not is_answer:
        return {"state": "done", "draft": draft_told(draft)}
    for name in PARTS:
        if left := left_to_fill(parts[name]):
            raise NotTaken(422, words=_("“%(left)s” still has to be filled in.", left=left), draft=draft_told(draft))
    given = SubmitAnswerInput(
        findings=parts["findings"], actions=parts["actions"], remaining=parts["remaining"], contact=parts["contact"],
        photos_token=token, no_photo_reason=parts["no_photo_reason"],
    )  # fmt: skip
    try:
        with sending(once):
            perform_recorded(place.step.ref, by=actor(), now=now(), act=ANSWER, given=given)
    except (TaskUnknown, TaskAlreadyDone, TaskClaimed, CaseBusy, NotAllowed):
        raise
    except CaseworkError as refusal:
        raise NotTaken(422, words=local(refusal.text), draft=draft_told(draft)) from None
    return {"state": "done"}


def _parts() -> dict[str, str]:
    parts = {name: request.form.get(name, "") for name in LONGEST}
    for name, text in parts.items():
        if len(text) > LONGEST[name]:
            raise NotTaken(422, words=_("At most %(max)d characters are taken.", max=LONGEST[name]))
    return parts


def _kept(place: Place, parts: dict[str, str], token: str) -> FieldDraft:
    """The text as the person's draft. Raises NotTaken where another window has changed it since; then nothing is changed."""
    by, base = actor(), request.form.get("draft_ref", "")
    fields = [*parts.items(), ("photos_token", token)]
    try:
        with unit_of_work():
            at = steps.draft_place(steps.lock_open_step(place.step.ref, by=by))
            saved = keep_draft(
                at, by=by, now=now(), fields=fields, window=_window(), ref=base,
                revision=number_in(request.form.get("draft_revision", ""), digits=9) or 0, seen=base, photos_tokens=[token],
            )  # fmt: skip
            if saved.is_apart:
                raise DraftApart
            return field_draft(saved.draft)
    except DraftApart:
        newest = drafts_of(steps.draft_place(place.step), by=by)[0]
        words = _("You have a newer draft of this answer at the centre.")
        raise NotTaken(409, conflict="draft", words=words, theirs=draft_told(field_draft(newest))) from None
    except DraftRefused as refusal:
        raise NotTaken(422, words=local(refusal.text)) from None


def _window() -> str:
    window = request.form.get("window", "")
    if len(window) != WINDOW_LENGTH or not window.isascii():
        raise NotTaken(400)
    return window


def _token(place: Place) -> str:
    """The token of the photos: that of the draft the telephone has read, if it is the person's own, else one of this telephone."""
    wanted = request.form.get("token", "")
    if wanted and is_sound_token(wanted):
        rows: list[Draft] = drafts_of(steps.draft_place(place.step), by=actor())
        if any(("photos_token", wanted) in opened_fields(row) for row in rows):
            return wanted
    return lookup_digest(f"{actor().account_id} {place.assignment.ref} {_window()}", purpose=TOKEN_PURPOSE)[:24]


def _digests(token: str) -> list[str]:
    return [each.sha256 for each in staged_photos(token)]


def _refuse_missing(token: str, digests: list[str]) -> None:
    here = _digests(token)
    if missing := [each for each in digests if each not in here]:
        raise NotTaken(409, missing=missing)
    for each in staged_photos(token) if request.form.get("token", "") != token else []:
        if each.sha256 not in digests:
            # taken out on the telephone after it had been sent
            drop_upload(token, each.ref)


def _done(place: Place, words: Bilingual | None) -> NotTaken:
    """Somebody of the agency was quicker: who, and what they wrote."""
    db.session.rollback()
    assignment = db.session.get_one(Assignment, place.assignment.id)
    if assignment.ended_at is not None and not assignment.answers:
        return _gone()
    answer, theirs = newest_answer(assignment), None
    if answer is not None:
        parts = {name: getattr(answer, name) for name in PARTS} | {"no_photo_reason": answer.no_photo_reason or ""}
        theirs = {"parts": parts, "by": answer.author.full_name, "at": answer.submitted_at.isoformat(), "version": answer.version}
    said = local(words) if words is not None else _("An answer of your agency is there already.")
    return NotTaken(409, conflict="done", words=said, theirs=theirs)

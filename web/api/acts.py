"""The acts of agencies: by the use cases of the pages, for a named officer, on what was read last, and once however often they are sent."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import msgspec
from flask import Response, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import NoResultFound
from werkzeug.exceptions import NotFound

from casework.answers.acts import PARTS, AnswerRefused, SubmitAnswerInput, left_to_fill
from casework.bilingual import Bilingual
from casework.casefile.history import last_deed
from casework.cases import CaseBusy, lock_case_of
from casework.db import db, unit_of_work
from casework.doors.api.photos import gather
from casework.doors.api.within import assignment_found
from casework.doors.fields import acts as fields
from casework.doors.fields.cases import ASSIGNMENT
from casework.doors.fields.told import Seen, Taken
from casework.doors.repeats import Claim, ClaimLost, FirstAnswer, give_back, keep_answer
from casework.errors import CaseworkError
from casework.models import Assignment
from casework.permissions import Action, NotAllowed
from casework.photos.records import TooManyPhotos
from casework.verbs import Input
from web.api.asking import body
from web.api.door import answered_bytes, mark_of
from web.api.once import answered_again, claimed
from web.api.problems import Fault, Refused, refused_by
from web.api.routes import answers
from web.clock import now
from web.door_keys import known_caller
from workflows.models import WaitingTask
from workflows.running.acts import act
from workflows.running.incidents import StepFailed, run_recorded, spot_of
from workflows.running.steps import perform

STEPS = {"accept_assignment": "accept_assignment", "hand_back": "accept_assignment", "submit_answer": "submit_answer"}
"""The elements of the model in which a verb is chosen; the others are acts outside the steps."""
ABOUT_INPUT = (AnswerRefused, TooManyPhotos)


class Met(CaseworkError):
    """What was met under the lock; it travels through the unit of work, which is taken back."""

    def __init__(self, refusal: Refused) -> None:
        super().__init__("", "")
        self.refusal = refusal


@dataclass(frozen=True, slots=True)
class Wanted:
    """One act that was sent: on which assignment, by which verb, with which members, and on which state of it."""

    ref: str
    verb: str
    found: Mapping[str, Any]
    mark: str


def _declare(verb: Action, says: Bilingual, takes: tuple[Taken, ...]) -> Callable[..., ResponseReturnValue]:
    def view(ref: str) -> ResponseReturnValue:
        return _done_once(ref, str(verb), takes)

    view.__name__ = str(verb)
    return answers(f"/assignments/<ref>/{verb}", verb, says, ASSIGNMENT, method="POST", takes=takes, is_act=True)(view)


accept_assignment = _declare(Action.ACCEPT_ASSIGNMENT, Bilingual("Tiếp nhận việc.", "Accept the assignment."), fields.ACCEPT)
hand_back = _declare(Action.HAND_BACK, Bilingual("Chuyển trả, nêu lý do.", "Hand it back, with the reason."), fields.HAND_BACK)
progress_note = _declare(Action.PROGRESS_NOTE, Bilingual("Báo việc đến đâu.", "Tell how the work goes."), fields.PROGRESS)
request_extension = _declare(Action.REQUEST_EXTENSION, Bilingual("Xin thêm thời gian.", "Ask for more time."), fields.EXTENSION)
submit_answer = _declare(Action.SUBMIT_ANSWER, Bilingual("Trình trả lời để lãnh đạo duyệt.", "Submit the answer for approval."),
                         fields.ANSWER)


def _done_once(ref: str, verb: str, takes: tuple[Taken, ...]) -> Response:
    """Do an act, or answer as the first time. Raises Refused, NotFound."""
    claim = claimed(f"{ref}/{verb}")
    if isinstance(claim, FirstAnswer):
        return answered_again(claim)
    try:
        if assignment_found(ref, caller=known_caller()) is None:
            raise NotFound
        found = body(takes)
        mark = request.headers.get("If-Match", "").strip()
        if mark in ("", "*"):
            raise Refused("precondition")
        return answered_bytes(_done(Wanted(ref, verb, found, mark), claim))
    except Exception:
        with unit_of_work():
            give_back(claim)
        raise


def _done(wanted: Wanted, claim: Claim) -> bytes:
    """Do the act in one unit of work with its answer. Raises Refused, NotFound, CaseBusy, StepFailed."""
    step = _step_of(wanted)
    try:
        return run_recorded(lambda: _under_lock(wanted, claim), lambda: spot_of(step) if step else None, now=now())
    except Met as met:
        raise met.refusal from None
    except (NotAllowed, CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        if refusal.about or isinstance(refusal, ABOUT_INPUT):
            raise _about_input(refusal, list(wanted.found)) from None
        raise _not_now(wanted.ref, refusal.text) from None


def _under_lock(wanted: Wanted, claim: Claim) -> bytes:
    seen = _locked(wanted.ref)
    if mark_of(_body_of(seen)) != wanted.mark:
        raise Met(_with_deed(Refused("stale"), seen))
    by = known_caller().actor
    given = _given(wanted)
    if wanted.verb in STEPS:
        step = _step_of(wanted)
        if step is None:
            raise Met(_with_deed(Refused("not_now"), seen))
        perform(step, by=by, now=now(), act=wanted.verb, given=given)
    else:
        act(seen.row.case.ref, wanted.verb, by=by, now=now(), assignment_ref=wanted.ref, given=given)
    db.session.flush()
    db.session.expire_all()
    after = assignment_found(wanted.ref, caller=known_caller())
    told = _body_of(after) if after is not None else b"{}"
    try:
        keep_answer(claim, 200, told, case_id=seen.row.case_id)
    except ClaimLost:
        raise Met(Refused("still_running", headers={"Retry-After": "1"})) from None
    return told


def _locked(ref: str) -> Seen:
    """The assignment, read after its case was locked. Raises Met."""
    try:
        lock_case_of(Assignment.case_id, Assignment.ref, ref)
    except NoResultFound:
        raise Met(Refused("not_found")) from None
    seen = assignment_found(ref, caller=known_caller())
    if seen is None:
        raise Met(Refused("not_found"))
    return seen


def _given(wanted: Wanted) -> Input | None:
    """What the use case takes. Raises Met."""
    if wanted.verb != "submit_answer":
        return fields.input_of(wanted.verb, wanted.found)
    parts = {name: wanted.found.get(name, "") for name in PARTS}
    faults = [
        Fault(f"#/{name}", "refused", Bilingual(f"Còn chỗ phải điền: “{left}”.", f"“{left}” still has to be filled in."))
        for name, text in parts.items() if (left := left_to_fill(text))
    ]  # fmt: skip
    token, missing = gather(wanted.found.get("photos", ()), caller=known_caller())
    words = Bilingual("Không có ảnh này, hoặc đã dùng.", "There is no such photo, or it has been used.")
    faults += [Fault(f"#/photos/{place}", "refused", words) for place in missing]
    if faults:
        raise Met(Refused("invalid", faults=faults))
    return SubmitAnswerInput(**parts, photos_token=token, no_photo_reason=wanted.found.get("no_photo_reason", ""))


def _step_of(wanted: Wanted) -> str | None:
    """The ref of the step in which the verb is chosen, waiting or on hold."""
    query = select(WaitingTask.ref).where(WaitingTask.element == STEPS.get(wanted.verb, ""), WaitingTask.state.in_(("waiting", "frozen")))
    query = query.where(WaitingTask.assignment_id.in_(select(Assignment.id).where(Assignment.ref == wanted.ref)))
    return db.session.scalars(query.order_by(WaitingTask.id.desc()).limit(1)).first()


def _body_of(seen: Seen) -> bytes:
    return msgspec.json.encode(ASSIGNMENT.told(seen))


def _about_input(refusal: CaseworkError, names: list[str]) -> Refused:
    about = next((ours for theirs, ours in fields.MEMBER_OF.items() if theirs == refusal.about and ours in names), refusal.about)
    refusal.about = about
    return refused_by(refusal, names)


def _not_now(ref: str, words: Bilingual) -> Refused:
    seen = assignment_found(ref, caller=known_caller())
    if seen is None:
        raise NotFound
    return _with_deed(Refused("not_now", words), seen)


def _with_deed(refusal: Refused, seen: Seen) -> Refused:
    """The refusal with who did what and when, and the mark as it is now."""
    deed = last_deed(seen.row.case, by=seen.by, agency_key=seen.row.agency.key)
    mark = mark_of(_body_of(seen))
    told = {"by": {"vi": deed.who.vi, "en": deed.who.en} if deed else None, "act": deed.verb if deed else None,
            "at": deed.at if deed else None, "etag": mark}  # fmt: skip
    return Refused(refusal.code, refusal.detail, refusal.faults, told, {"ETag": mark})

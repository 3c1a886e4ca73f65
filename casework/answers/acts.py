"""An agency's answer and its leader's verdict. Author and approver are never the same person, nor do they act for the same person."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from casework.bilingual import Bilingual
from casework.cases import settle_state
from casework.clocks.acts import ClockKind, end_all_clocks, end_clock, running_clock, start_clock
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Answer, Assignment, Case, Decision, Photo, ReplyLink
from casework.outbox import tell_desk
from casework.permissions import Action, Actor, NotAllowed, Role, require
from casework.photos.records import PreparedPhoto, TooManyPhotos, link_carried, link_staged, most_photos
from casework.second_person import Deed, leaders_above, refuse_first_person, seat_of_second_person
from casework.sentences import of_agency
from casework.states import AssignmentEnd, AssignmentState, CaseState
from casework.text import normal
from casework.verbs import DECISION, MESSAGE, Input, Verb

LONGEST_PART = 5_000
LONGEST_CONTACT = 200
PARTS = {
    "findings": Bilingual("1. Hiện trạng", "1. What was found"),
    "actions": Bilingual("2. Việc đã làm", "2. What was done"),
    "remaining": Bilingual("3. Việc còn lại, bao giờ xong", "3. What remains, and by when"),
    "contact": Bilingual("Liên hệ", "Whom to ask"),
}
"""The parts of an answer, in order (domain.md, 5.5)."""

LEFT_TO_FILL = re.compile(r"\{[^{}]*\}|[{}…]")
"""A placeholder a template leaves for its writer, which must not reach a reader."""


class AnswerRefused(CaseworkError):
    """The answer cannot be submitted like this; the text says what is missing."""


class DecisionRefused(CaseworkError):
    """The verdict cannot be given like this; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SubmitAnswerInput(Input):
    findings: str
    actions: str
    remaining: str
    contact: str
    photos_token: str | None = None
    no_photo_reason: str = ""
    carried: Sequence[tuple[Photo, PreparedPhoto]] = ()


@Verb(
    "submit_answer", Action.SUBMIT_ANSWER, kinds=MESSAGE, writes=Answer,
    staff=of_agency("{agency} trình trả lời, bản {version}", "{agency} submitted its answer, version {version}"),
)  # fmt: skip
def submit_answer(assignment: Assignment, given: SubmitAnswerInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Hand a new version of the agency's answer to the leader who decides.

    The answer has four parts: what was found, what was done, what remains and by when, whom to ask. It needs at least one
    after-photo or a reason why there is none: `carried` are photos of the version before, or of what the agency answered by a one-time
    link, with copies of their files, so that each version keeps its own. Records `submit_answer`; starts the approval clock; the
    agency's own clock goes on until approval. Raises AnswerRefused; also when no leader up the chain could approve it.
    Source: rules.md, sections 4 to 6; domain.md, 5.5.
    """
    case = assignment.case
    require(by, Action.SUBMIT_ANSWER, case, agency_id=assignment.agency_id)
    parts = {name: normal(getattr(given, name)) for name in PARTS}
    _refuse_incomplete(parts)
    approval_desk = _approval_desk(assignment, by, now)
    answer = Answer(
        assignment=assignment, version=len(assignment.answers) + 1, author_id=by.account_id, author_for_id=by.principal_id,
        no_photo_reason=normal(given.no_photo_reason) or None, submitted_at=now, **parts,
    )  # fmt: skip
    db.session.add(answer)
    photos = link_carried([_of_version_before(*each, assignment, answer) for each in given.carried], answer=answer, by=by, now=now)
    photos += link_staged(given.photos_token, now=now, answer=answer, first=photos) if given.photos_token else 0
    if photos > most_photos():
        raise TooManyPhotos
    if not photos and not answer.no_photo_reason:
        raise AnswerRefused(
            "Cần ít nhất một ảnh sau xử lý, hoặc nêu lý do không có ảnh.",
            "At least one photo after the work is needed, or the reason why there is none.",
        )
    assignment.state, assignment.submitted_at, assignment.approval_desk = AssignmentState.SUBMITTED, now, approval_desk
    record(case, "submit_answer", by=by, at=now, agency=assignment.agency.key, version=answer.version, photos=photos)
    start_clock(case, ClockKind.APPROVAL, at=now, assignment=assignment)
    settle_state(case)
    return {}


@Verb(
    "approve_answer", Action.APPROVE_ANSWER, kinds=DECISION, writes=Decision,
    staff=of_agency("Phê duyệt trả lời của {agency}, bản {version}", "Approved the answer of {agency}, version {version}", is_main=True),
    public=of_agency("Lãnh đạo {agency} phê duyệt trả lời", "The head of {agency} approved its answer"),
)  # fmt: skip
def approve_answer(assignment: Assignment, *, by: Actor, now: datetime) -> dict[str, object]:
    """Stand behind the agency's newest answer. Ends the agency's clocks. Records `approve_answer`.

    Raises SecondPersonNeeded when the decider wrote it, alone or through a deputy, or is tied to who did.
    """
    require(by, Action.APPROVE_ANSWER)
    answer = _decide(assignment, "approve", None, by=by, now=now)
    case = assignment.case
    assignment.state, assignment.approved_at, assignment.ended_at = AssignmentState.APPROVED, now, now
    assignment.end_reason, assignment.extension_asked = AssignmentEnd.APPROVED, False
    record(case, "approve_answer", by=by, at=now, agency=assignment.agency.key, version=answer.version)
    end_all_clocks(case, at=now, assignment=assignment)
    settle_work(case, at=now)
    return {"outcome": "approve"}


@dataclass(frozen=True, slots=True, kw_only=True)
class RedoAnswerInput(Input):
    instructions: str


@Verb(
    "redo_answer", Action.REDO_ANSWER, kinds=DECISION, writes=Decision,
    staff=of_agency("Yêu cầu {agency} xử lý lại bản {version}", "Sent version {version} back to {agency}"),
)  # fmt: skip
def redo_answer(assignment: Assignment, given: RedoAnswerInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Send the newest answer back with instructions. The clocks of case and agency go on. Records `redo_answer`.

    Raises DecisionRefused without instructions.
    """
    require(by, Action.REDO_ANSWER)
    instructions = normal(given.instructions)
    if not instructions:
        raise DecisionRefused("Vui lòng nêu rõ cần làm lại gì, ở đâu.", "Please say what to do again, and where.", about="instructions")
    answer = _decide(assignment, "redo", instructions, by=by, now=now)
    case = assignment.case
    assignment.state = AssignmentState.REDO
    record(case, "redo_answer", by=by, at=now, agency=assignment.agency.key, version=answer.version)
    end_clock(case, ClockKind.APPROVAL, at=now, assignment=assignment)
    tell_desk(Role.OFFICER, "answer_to_redo", case=case, at=now, agency_id=assignment.agency_id)
    settle_state(case)
    return {"outcome": "redo"}


def settle_work(case: Case, *, at: datetime) -> None:
    """Set the state from the agencies' work; once the last has ended and one has answered, let the operators publish.

    For everything that ends an agency's work: approval, release, removal, closing without its answer. Starts the limit of publication.
    """
    settle_state(case)
    if case.state == CaseState.TO_PUBLISH and running_clock(case, ClockKind.PUBLICATION) is None:
        # another agency's leader may have approved while this approval waited for the lock: the last approval counts
        last = max([at, *(row.approved_at for row in case.assignments if row.approved_at is not None)])
        start_clock(case, ClockKind.PUBLICATION, at=last)
        tell_desk(Role.OPERATOR, "answers_approved", case=case, at=at)


def newest_answer(assignment: Assignment) -> Answer | None:
    return assignment.answers[-1] if assignment.answers else None


def left_to_fill(text: str) -> str | None:
    """The first placeholder left in a text, such as “…” or “{place}”; None when there is none."""
    found = LEFT_TO_FILL.search(text)
    return found[0] if found else None


def _of_version_before(photo: Photo, copy: PreparedPhoto, assignment: Assignment, answer: Answer) -> tuple[Photo, PreparedPhoto]:
    earlier = {row.id for row in assignment.answers if row is not answer}
    is_by_link = photo.reply_link_id is not None and db.session.get_one(ReplyLink, photo.reply_link_id).assignment_id == assignment.id
    if (photo.answer_id not in earlier and not is_by_link) or copy.sha256 != photo.sha256:
        raise NotAllowed
    return photo, copy


def _refuse_incomplete(parts: dict[str, str]) -> None:
    for name in ("findings", "actions"):
        if not parts[name]:
            raise AnswerRefused(
                "Vui lòng ghi hiện trạng đã kiểm tra và việc đã làm.", "Please write what was found and what was done.", about=name
            )
    for name in ("remaining", "contact"):
        if not parts[name]:
            raise AnswerRefused(
                "Vui lòng ghi việc còn lại (hoặc “Không còn”) và người liên hệ.",
                "Please write what remains (or “Nothing”) and whom to contact.",
                about=name,
            )
    for name, text in parts.items():
        if len(text) > (LONGEST_CONTACT if name == "contact" else LONGEST_PART):
            raise AnswerRefused(
                f"Mỗi phần tối đa {LONGEST_PART} ký tự, liên hệ tối đa {LONGEST_CONTACT}.",
                f"Each part may have {LONGEST_PART} characters, the contact {LONGEST_CONTACT}.",
                about=name,
            )
    for name, label in PARTS.items():
        if left := left_to_fill(parts[name]):
            raise AnswerRefused(
                f"Phần “{label.vi}” còn chỗ chưa điền: {left}", f"The part “{label.en}” still has something to be filled in: {left}",
                about=name,
            )


def _decide(assignment: Assignment, verdict: str, instructions: str | None, *, by: Actor, now: datetime) -> Answer:
    answer = newest_answer(assignment)
    if assignment.approval_desk is None or by.grant_at(assignment.approval_desk) is None:
        raise NotAllowed
    if answer is None or answer.decision is not None:
        raise DecisionRefused("Không có trả lời nào đang chờ duyệt.", "No answer is waiting for a decision.")
    refuse_first_person(Action.APPROVE_ANSWER if verdict == "approve" else Action.REDO_ANSWER, assignment, by=by, now=now)
    decision = Decision(
        answer=answer,
        verdict=verdict,
        instructions=instructions,
        decided_by_id=by.account_id,
        decided_for_id=by.at(assignment.approval_desk).principal_id,
        decided_at=now,
    )
    db.session.add(decision)
    return answer


def _approval_desk(assignment: Assignment, author: Actor, now: datetime) -> str:
    """The desk that decides: the agency's leader; if none of them may judge the author, the agency above; last, the committee."""
    deeds = [Deed(person, now) for person in author.counts_as]
    seat = seat_of_second_person(leaders_above(assignment), deeds, now=now)
    if seat is not None:
        return seat.desk
    raise AnswerRefused(
        "Chưa có lãnh đạo nào có thể duyệt trả lời này. Vui lòng báo quản trị viên.",
        "No leader could approve this answer. Please tell the administrator.",
    )

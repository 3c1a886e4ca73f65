"""What an agency nobody of which signs in answered by its link becomes its answer; the next leader up decides on it (rules.md, section 5).

An operator takes it up and changes none of its words. The steps of the agency are done along with it, in the operator's name: who decides
on the answer is another person.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.answers.acts import SubmitAnswerInput, newest_answer
from casework.db import db
from casework.doors.gates import Door, is_open
from casework.doors.links import sentences
from casework.doors.links.answering import DONE
from casework.doors.links.holding import can_answer
from casework.doors.links.sending import LinkRefused, about, with_people
from casework.events import record
from casework.local_time import local_day
from casework.models import Assignment, Photo, ReplyLink
from casework.permissions import Action, Actor, require
from casework.photos.records import PreparedPhoto, photos_of_links
from casework.text import normal
from casework.verbs import MESSAGE, Input, Situation, Verb

NOTHING_LEFT = "Không còn"


@dataclass(frozen=True, slots=True, kw_only=True)
class TakeUpInput(Input):
    """What a body's answer lacks: `contact` is whom to ask; `carried` its photos, with copies of their files."""

    contact: str
    no_photo_reason: str = ""
    carried: Sequence[tuple[Photo, PreparedPhoto]] = ()


def answers_to_take_up(at: Situation) -> list[Assignment]:
    """The work of agencies nobody of which signs in, for which an answer came by a link and waits."""
    rows = [row for row in at.case.assignments if can_answer(row)]
    if not rows or not is_open(Door.LINKS, at.case.centre_id):
        return []
    query = select(ReplyLink.assignment_id).where(ReplyLink.assignment_id.in_([row.id for row in rows]), ReplyLink.answered_at.is_not(None))
    answered = set(db.session.scalars(query))
    waiting = [row for row in rows if row.id in answered and link_to_take_up(row) is not None]
    staffed = with_people({row.agency_id for row in waiting}, local_day(at.now)) if waiting else set()
    return [row for row in waiting if row.agency_id not in staffed]


def link_to_take_up(assignment: Assignment) -> ReplyLink | None:
    """The newest answer by a link, if the work is done by it and the agency has submitted no answer since it came."""
    query = select(ReplyLink).where(ReplyLink.assignment_id == assignment.id, ReplyLink.answered_at.is_not(None))
    query = query.order_by(ReplyLink.answered_at.desc(), ReplyLink.id.desc())
    link = db.session.scalars(query.limit(1)).first()
    submitted = newest_answer(assignment)
    if link is None or link.answered_at is None or link.findings is None or (link.outcome or DONE) != DONE:
        return None
    if submitted is not None and submitted.submitted_at >= link.answered_at:
        return None
    return link


def photos_to_take_up(link: ReplyLink) -> list[Photo]:
    """The photos that came with an answer by a link, in order."""
    return photos_of_links([link.id]).get(link.id, [])


@Verb("take_up_answer", Action.SEND_LINK, kinds=MESSAGE, staff=sentences.taken_up, is_act=True, offered_on=answers_to_take_up)
def take_up_answer(assignment: Assignment, given: TakeUpInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Hand what a body answered by its link to the leader who decides, as the answer of its agency.

    Records `take_up_answer`. Returns, as `for_agency`, the steps that the caller does in the same unit of work: accepting, where the
    agency has not, and submitting. Raises LinkRefused where nothing waits to be taken up, or somebody of the agency signs in by now.
    """
    case = assignment.case
    require(by, Action.SEND_LINK, case)
    link = link_to_take_up(assignment) if can_answer(assignment) else None
    if link is None:
        raise LinkRefused("Không có trả lời nào qua đường dẫn đang chờ trình.", "No answer by a link waits to be submitted.")
    if with_people({assignment.agency_id}, local_day(now)):
        raise LinkRefused(
            "Đơn vị có người đăng nhập được; cán bộ của đơn vị trình trả lời này.",
            "People of this agency can sign in; its officers submit this answer.",
        )
    answer = SubmitAnswerInput(
        findings=link.findings or "", actions=link.actions or "", remaining=link.remaining or NOTHING_LEFT, contact=normal(given.contact),
        no_photo_reason=given.no_photo_reason, carried=given.carried,
    )  # fmt: skip
    record(case, "take_up_answer", by=by, at=now, link=link.ref, **about(link))
    steps = (("accept_assignment", "accept_assignment", None), ("submit_answer", "submit_answer", answer))
    return {"for_agency": assignment.id, "steps": steps}

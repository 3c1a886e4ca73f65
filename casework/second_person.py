"""The four-eyes principle: nobody judges their own act, nor one of a deputy or principal of theirs, now or at the time (rules.md, section
1).

The use cases, the steps and their pages ask here.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import exists, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import (
    Account,
    Agency,
    Answer,
    Assignment,
    Case,
    DataRequest,
    Decision,
    Deputy,
    Extension,
    HandBack,
    Membership,
    Publication,
    Rating,
    Refusal,
    Report,
    Reporter,
    Review,
    Withdrawal,
)
from casework.permissions import Action, Actor, Role, desk_name
from casework.reading.lacking import Part, not_lacked


@dataclass(frozen=True)
class SecondPerson:
    """The action whose author an act judges, and who does it where those people may not."""

    judges: tuple[Action, ...]
    others: Bilingual


_OTHER_LEADER = Bilingual("lãnh đạo khác của đơn vị hoặc lãnh đạo cấp trên", "another leader of the agency, or the leader above,")
_OTHER_OPERATOR = Bilingual("người khác của tổ vận hành", "somebody else of the operations team")
_LEAD_OR_COMMITTEE = Bilingual("tổ trưởng vận hành khác hoặc lãnh đạo UBND", "another operations lead, or the committee's leader,")

SECOND_PERSON: dict[Action, SecondPerson] = {
    Action.APPROVE_ANSWER: SecondPerson((Action.SUBMIT_ANSWER,), _OTHER_LEADER),
    Action.APPROVE_PROCESS: SecondPerson(
        (Action.EDIT_PROCESS,), Bilingual("người duyệt quy trình khác", "another process approver")
    ),
    Action.CONFIRM_DEPUTY: SecondPerson((Action.APPOINT_DEPUTY,), Bilingual("quản trị viên khác", "another administrator")),
    Action.DECIDE_DATA_REQUEST: SecondPerson(
        (Action.REQUEST_DATA,), Bilingual("tổ trưởng vận hành khác", "another operations lead")
    ),
    Action.DECIDE_EXTENSION: SecondPerson((Action.REQUEST_EXTENSION, Action.ENDORSE_EXTENSION), _LEAD_OR_COMMITTEE),
    Action.DECIDE_HAND_BACK: SecondPerson((Action.HAND_BACK,), _OTHER_OPERATOR),
    Action.DECIDE_OBJECTION: SecondPerson((Action.REFUSE, Action.OBJECT_TO_REFUSAL), _LEAD_OR_COMMITTEE),
    Action.DECIDE_WITHDRAWAL: SecondPerson((Action.WITHDRAW_REPORT,), _OTHER_OPERATOR),
    Action.ENDORSE_EXTENSION: SecondPerson((Action.REQUEST_EXTENSION,), _OTHER_LEADER),
    Action.REDO_ANSWER: SecondPerson((Action.SUBMIT_ANSWER,), _OTHER_LEADER),
    Action.REVIEW_RATING: SecondPerson(
        (Action.RATE, Action.SUBMIT_ANSWER, Action.APPROVE_ANSWER, Action.PUBLISH), _LEAD_OR_COMMITTEE
    ),
}  # fmt: skip
"""The acts of a second person. Whoever endorses, decides, approves or reviews is never the person who asked, wrote or decided before, nor
a deputy or principal of theirs. The test of all pairs tries each row, and fails for such a verb without one."""


class Deed(NamedTuple):
    """Who did something, and when; nobody for a guest's act."""

    account_id: int | None
    at: datetime | None


class JudgingSeat(NamedTuple):
    role: Role
    centre_id: int | None = None
    agency_id: int | None = None

    @property
    def desk(self) -> str:
        return desk_name(self.role, centre_id=self.centre_id, agency_id=self.agency_id)


class SecondPersonNeeded(CaseworkError):
    """Somebody else has to do this: the text says why, and who may."""


def refuse_first_person(action: Action, subject: Any, *, by: Actor, now: datetime) -> None:
    """Raise SecondPersonNeeded where the person may not judge the acts in this matter."""
    words = first_person_words(action, deeds_judged(action, subject), by=by, now=now)
    if words is not None:
        raise SecondPersonNeeded(*words)


def first_person_words(
    action: Action, deeds: Sequence[tuple[Action, Deed]], *, by: Actor, now: datetime, among: Sequence[Deputy] | None = None
) -> Bilingual | None:
    """Return why the person may not judge these deeds, and who may; None when they may. `among`: see `tied_to`."""
    judge = own_and_principals(by)
    others = SECOND_PERSON[action].others
    for done, deed in deeds:
        if not judge & tied_to([deed], now=now, among=among):
            continue
        what = _DONE[done]
        if deed.account_id == by.own_id:
            return Bilingual(f"Ông/Bà {what.vi}, nên người quyết định là {others.vi}.", f"You {what.en}, so {others.en} decides.")
        return Bilingual(
            f"Ông/Bà và người {what.vi} thay nhau theo ủy quyền (nay hoặc lúc đó), nên người quyết định là {others.vi}.",
            f"You and whoever {what.en} stand in for one another, now or then, so {others.en} decides.",
        )
    return None


def own_and_principals(by: Actor) -> frozenset[int]:
    """Return the person and everybody they act for now."""
    return frozenset(id_ for id_ in (by.own_id, by.on_behalf_id, *(grant.principal_id for grant in by.grants)) if id_ is not None)


def deeds_judged(action: Action, subject: Any) -> list[tuple[Action, Deed]]:
    """Return the deeds an act judges in a matter: an assignment, a case or a request about personal data."""
    return [(done, deed) for done in SECOND_PERSON[action].judges for deed in _DEEDS[done](subject) if deed.account_id is not None]


def tied_to(deeds: Iterable[Deed], *, now: datetime, among: Sequence[Deputy] | None = None) -> frozenset[int]:
    """Return the authors of deeds with their deputies and principals, at the time or now.

    `among` are the relevant deputyships, and perhaps others, where they were read at once for many matters.
    """
    done = [deed for deed in deeds if deed.account_id is not None]
    found = {deed.account_id for deed in done if deed.account_id is not None}
    for row in deputyships_beside(done, now=now) if among is None else among:
        pair = {row.deputy_id, row.principal_id}
        moments = [moment for deed in done if deed.account_id in pair for moment in (deed.at, now) if moment is not None]
        if any(row.starts_at <= moment < row.ends_at for moment in moments):
            found |= pair
    return frozenset(found)


def deputyships_beside(deeds: Iterable[Deed], *, now: datetime) -> list[Deputy]:
    """Return the deputyships of and for the authors of deeds; no query without an author."""
    ids = not_lacked(Part.DEPUTIES, {deed.account_id for deed in deeds if deed.account_id is not None})
    query = select(Deputy).where(or_(Deputy.deputy_id.in_(ids), Deputy.principal_id.in_(ids)), Deputy.starts_at <= now)
    return list(db.session.scalars(query)) if ids else []


def seat_of_second_person(seats: Sequence[JudgingSeat], deeds: Iterable[Deed], *, now: datetime) -> JudgingSeat | None:
    """Return the first of some seats with a holder who may judge these deeds; None where there is none."""
    tied = tied_to(deeds, now=now)
    return next((seat for seat in seats if _has_other(seat, tied, now)), None)


def leaders_above(assignment: Assignment) -> list[JudgingSeat]:
    """The seats that may judge an agency's work, in order: its leader, those of the agencies above, the committee's leader."""
    seats, agency = [], assignment.agency
    above: Agency | None = agency
    while above is not None:
        seats.append(JudgingSeat(Role.AGENCY_LEADER, agency_id=above.id))
        above = db.session.get(Agency, above.parent_id) if above.parent_id else None
    return [*seats, JudgingSeat(Role.COMMITTEE_LEADER, centre_id=assignment.case.centre_id)]


def deciding_desk(action: Action, seats: Sequence[JudgingSeat], subject: Any, *, now: datetime) -> str:
    """Return the inbox of the first seat that may judge the matter; the first of all where nobody may, until somebody is appointed."""
    deeds = [deed for _, deed in deeds_judged(action, subject)]
    return (seat_of_second_person(seats, deeds, now=now) or seats[0]).desk


def desk_of_either(action: Action, first: JudgingSeat, other: JudgingSeat, subject: Any, *, now: datetime) -> str:
    """Return the inbox of the first seat, or of the other where everybody who holds the first is tied.

    A seat nobody holds passes nothing on: its matters wait until somebody is appointed.
    """
    return deciding_desk(action, [first, other] if _has_other(first, frozenset(), now) else [first], subject, now=now)


def _has_other(seat: JudgingSeat, tied: frozenset[int], now: datetime) -> bool:
    """Whether the seat has a holder who is not tied to the authors, and is not the deputy of anybody who is."""
    today = local_day(now)
    query = select(Membership).join(Membership.account).where(
        Membership.role == seat.role, Account.kind == "staff", Account.disabled_at.is_(None)
    )
    place = Membership.agency_id == seat.agency_id if seat.agency_id is not None else Membership.centre_id == seat.centre_id
    stands_in = exists().where(
        Deputy.deputy_id == Membership.account_id, Deputy.principal_id.in_(tied), Deputy.starts_at <= now, now < Deputy.ends_at
    )
    query = query.where(place, Membership.account_id.not_in(tied), ~stands_in)
    return any(row.holds_on(today) for row in db.session.scalars(query))


# # -- the authors of judged acts -------------------------------------------------------------------------------------------


def _newest_extension(assignment: Assignment) -> Extension | None:
    query = select(Extension).where(Extension.assignment_id == assignment.id)
    return db.session.scalars(query.order_by(Extension.id.desc()).limit(1)).first()


def _request_extension(assignment: Assignment) -> list[Deed]:
    row = _newest_extension(assignment)
    return [Deed(row.requested_by_id, row.requested_at)] if row is not None else []


def _endorse_extension(assignment: Assignment) -> list[Deed]:
    row = _newest_extension(assignment)
    return [Deed(row.endorsed_by_id, row.endorsed_at)] if row is not None else []


def _submit_answer(subject: Assignment | Case) -> list[Deed]:
    """Of an agency its newest answer; of a whole case each that was approved."""
    if isinstance(subject, Assignment):
        answers = list(subject.answers[-1:])
    else:
        answers = [decision.answer for decision in _approvals(subject)]
    return [deed for answer in answers for deed in written_by(answer)]


def written_by(answer: Answer) -> list[Deed]:
    """The authors of an answer, with their principals."""
    return [Deed(person, answer.submitted_at) for person in (answer.author_id, answer.author_for_id)]


def _approve_answer(case: Case) -> list[Deed]:
    return [Deed(person, row.decided_at) for row in _approvals(case) for person in (row.decided_by_id, row.decided_for_id)]


def _approvals(case: Case) -> list[Decision]:
    query = select(Decision).join(Answer, Answer.id == Decision.answer_id).join(Assignment, Assignment.id == Answer.assignment_id)
    return list(db.session.scalars(query.where(Assignment.case_id == case.id, Decision.verdict == "approve")))


def _hand_back(assignment: Assignment) -> list[Deed]:
    query = select(HandBack).where(HandBack.assignment_id == assignment.id).order_by(HandBack.id.desc()).limit(1)
    return [Deed(row.handed_back_by_id, row.handed_back_at) for row in db.session.scalars(query)]


def _newest_refusal(case: Case) -> Refusal | None:
    return db.session.scalars(select(Refusal).where(Refusal.case_id == case.id).order_by(Refusal.id.desc()).limit(1)).first()


def _refuse(case: Case) -> list[Deed]:
    row = _newest_refusal(case)
    return [Deed(row.refused_by_id, row.refused_at)] if row is not None else []


def _object_to_refusal(case: Case) -> list[Deed]:
    row = _newest_refusal(case)
    return [Deed(_sender(row.objected_by_id), row.objected_at)] if row is not None else []


def _withdraw_report(case: Case) -> list[Deed]:
    query = select(Withdrawal).where(Withdrawal.case_id == case.id, Withdrawal.decided_at.is_(None))
    return [Deed(_sender(row.report_id), row.requested_at) for row in db.session.scalars(query)]


def _under_review(case: Case) -> Review | None:
    query = select(Review).join(Publication, Publication.id == Review.publication_id).where(Publication.case_id == case.id)
    return db.session.scalars(query.order_by(Review.id.desc()).limit(1)).first()


def _rate(case: Case) -> list[Deed]:
    review = _under_review(case)
    if review is None:
        return []
    query = select(Reporter.account_id, Rating.rated_at).join(Rating, Rating.reporter_id == Reporter.id)
    return [Deed(*row) for row in db.session.execute(query.where(Rating.publication_id == review.publication_id))]


def _publish(case: Case) -> list[Deed]:
    review = _under_review(case)
    row = db.session.get(Publication, review.publication_id) if review is not None else None
    return [Deed(row.published_by_id, row.published_at)] if row is not None else []


def _appoint_deputy(row: Deputy) -> list[Deed]:
    return [Deed(person, row.asked_at) for person in (row.created_by_id, row.principal_id, row.deputy_id)]


def _request_data(request: DataRequest) -> list[Deed]:
    return [Deed(request.account_id or _sender(request.report_id), request.requested_at)]


def _sender(report_id: int | None) -> int | None:
    """The account of a report's sender, where they have one."""
    query = select(Reporter.account_id).join(Report, Report.reporter_id == Reporter.id).where(Report.id == report_id)
    return db.session.scalar(query) if report_id is not None else None


_DEEDS: dict[Action, Callable[[Any], list[Deed]]] = {
    Action.APPOINT_DEPUTY: _appoint_deputy,
    Action.APPROVE_ANSWER: _approve_answer,
    Action.ENDORSE_EXTENSION: _endorse_extension,
    Action.HAND_BACK: _hand_back,
    Action.OBJECT_TO_REFUSAL: _object_to_refusal,
    Action.PUBLISH: _publish,
    Action.RATE: _rate,
    Action.REFUSE: _refuse,
    Action.REQUEST_DATA: _request_data,
    Action.REQUEST_EXTENSION: _request_extension,
    Action.SUBMIT_ANSWER: _submit_answer,
    Action.WITHDRAW_REPORT: _withdraw_report,
}
"""The authors according to the rows. The author of a process is in its history (workflows.versions.events)."""

_DONE = {
    Action.APPOINT_DEPUTY: Bilingual("cử hoặc được cử làm thay", "appoints or is appointed"),
    Action.APPROVE_ANSWER: Bilingual("đã duyệt kết quả", "approved the answer"),
    Action.EDIT_PROCESS: Bilingual("đã soạn, sửa hoặc trình bản này", "wrote, edited or handed in this version"),
    Action.ENDORSE_EXTENSION: Bilingual("đã đồng ý với đề nghị gia hạn", "endorsed the wish for more time"),
    Action.HAND_BACK: Bilingual("đã chuyển trả", "handed the case back"),
    Action.OBJECT_TO_REFUSAL: Bilingual("đã đề nghị xem lại việc từ chối", "objected to the refusal"),
    Action.PUBLISH: Bilingual("đã công khai kết quả", "published the answer"),
    Action.RATE: Bilingual("đã đánh giá kết quả", "rated the answer"),
    Action.REFUSE: Bilingual("đã từ chối phản ánh", "refused the report"),
    Action.REQUEST_DATA: Bilingual("đã gửi yêu cầu về dữ liệu", "asked about personal data"),
    Action.REQUEST_EXTENSION: Bilingual("đã đề nghị gia hạn", "asked for more time"),
    Action.SUBMIT_ANSWER: Bilingual("đã viết trả lời", "wrote the answer"),
    Action.WITHDRAW_REPORT: Bilingual("đã đề nghị rút phản ánh", "asked to withdraw the report"),
}

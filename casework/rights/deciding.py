"""What an operations lead does with a request about personal data: answer it, take more time once, carry it out, or refuse it.

The person reads each word on their page and is sent a message that says no more than that there is something to read. Source:
Law 91/2025/QH15, Decree 356/2025/NĐ-CP (casework.rights.limits).
"""

from datetime import datetime

from casework.contacts.report_links import newest_links
from casework.db import db
from casework.errors import CaseworkError
from casework.identity import SHORTEST_REASON, Contact, open_contact
from casework.models import Account, Case, DataRequest, Report, Reporter
from casework.outbox import tell_of_data_request
from casework.permissions import Action, Actor, NotAllowed, require
from casework.rights.correcting import correct
from casework.rights.erasing_people import begin_erasure
from casework.rights.limits import extended_due, most_extension
from casework.rights.lists import centres_decided
from casework.rights.requests import (
    CORRECTION,
    ERASURE,
    REPLY_PURPOSE,
    RESTRICTION,
    Person,
    Wish,
    is_restricted,
    record_request,
    reports_about,
    wish_in,
)
from casework.rights.restricting import restrict
from casework.sealing.seal import seal_text
from casework.second_person import refuse_first_person
from casework.successors import centre_at_work
from casework.text import normal

LONGEST_REPLY = 2_000


class DecisionRefused(CaseworkError):
    """The request cannot be decided so; the text says why."""


def answer_request(request: DataRequest, *, by: Actor, now: datetime, words: str = "") -> None:
    """Tell the person that what they ask will be done by its day, perhaps with words. Records `answer_data_request`.

    Raises NotAllowed, DecisionRefused: it was answered or is over, or the words are too long.
    """
    require_decider(request, by, now)
    if request.answered_at is not None or request.done_at is not None:
        raise DecisionRefused("Yêu cầu này đã được trả lời.", "This request has been answered already.")
    _reply(request, words, is_needed=False)
    request.granted, request.answered_at, request.answered_by_id = True, now, by.account_id
    record_request(request, "answer_data_request", by=by, at=now, granted=True)
    _tell(request, template="data_request_answered", now=now)


def refuse_request(request: DataRequest, *, by: Actor, now: datetime, words: str) -> None:
    """Refuse it with the reason, e.g. a duty to keep, or a case that has to be finished first. Records `refuse_data_request`.

    Raises NotAllowed, DecisionRefused: without a reason, over, or erasing has begun.
    """
    require_decider(request, by, now)
    _refuse_over(request)
    if request.begun_at is not None:
        raise DecisionRefused("Việc xóa đã bắt đầu, không từ chối được nữa.", "Erasing has begun; it cannot be refused any more.")
    _reply(request, words, is_needed=True)
    request.granted, request.done_at, request.done_by_id = False, now, by.account_id
    if request.answered_at is None:
        request.answered_at, request.answered_by_id = now, by.account_id
    record_request(request, "refuse_data_request", by=by, at=now)
    _tell(request, template="data_request_answered", now=now)


def extend_request(request: DataRequest, *, by: Actor, now: datetime, days: int, words: str) -> None:
    """Take so many days more to carry it out, once, and tell the person why. Records `extend_data_request`.

    It is an answer to the person too. Raises NotAllowed, DecisionRefused: extended before, over or late already, too many days, or
    no reason.
    """
    require_decider(request, by, now)
    _refuse_over(request)
    most = most_extension(request.centre_id)
    if request.extended_at is not None:
        raise DecisionRefused("Yêu cầu chỉ được gia hạn một lần.", "A request is extended once only.")
    if now >= request.done_due_at:
        raise DecisionRefused("Yêu cầu đã quá hạn nên không gia hạn được.", "The request is late already and cannot be extended.")
    if not 1 <= days <= most:
        raise DecisionRefused(f"Gia hạn từ 1 đến {most} ngày.", f"It is extended by 1 to {most} days.", about="days")
    _reply(request, words, is_needed=True)
    request.done_due_at, request.extended_at = extended_due(request.done_due_at, days, request.centre_id), now
    if request.answered_at is None:
        request.granted, request.answered_at, request.answered_by_id = True, now, by.account_id
    record_request(request, "extend_data_request", by=by, at=now, days=days)
    _tell(request, template="data_request_answered", now=now)


def carry_out(request: DataRequest, *, by: Actor, now: datetime, words: str = "") -> None:
    """Do what was asked. Records `carry_out_data_request`.

    A correction takes the place of what the person gave; of a restriction no message leaves and nobody looks until the person lifts
    it; an erasure begins, and what belongs to reports that still go on is erased when they end (casework.rights.erasing_people).
    Raises NotAllowed, DecisionRefused when it is over or begun.
    """
    require_decider(request, by, now)
    _refuse_over(request)
    if request.begun_at is not None:
        raise DecisionRefused("Việc xóa đã bắt đầu.", "Erasing has begun already.")
    _reply(request, words, is_needed=False)
    if request.answered_at is None:
        request.answered_at, request.answered_by_id = now, by.account_id
    request.granted = True
    record_request(request, "carry_out_data_request", by=by, at=now, kind=request.kind)
    # told before: whose data are erased cannot be told any more
    _tell(request, template="data_request_done", now=now)
    db.session.flush()
    if request.kind == ERASURE:
        begin_erasure(request, by=by, now=now)
        return
    if request.kind == CORRECTION:
        correct(request, wish_in(request))
    elif request.kind == RESTRICTION:
        restrict(request, now=now)
    request.done_at, request.done_by_id = now, by.account_id


def look_at_request(request: DataRequest, *, by: Actor, now: datetime, reason: str) -> tuple[Wish, list[Contact]]:
    """Open the person's words and who they are, for somebody who decides and has a reason.

    Records `look_at_data_request` with the reason before anything is shown. Reports under their own procedure are not among them.
    Raises NotAllowed, DecisionRefused when the reason is too short.
    """
    require_decider(request, by, now)
    reason = normal(reason)
    if len(reason) < SHORTEST_REASON:
        raise DecisionRefused(
            "Vui lòng nêu rõ lý do xem (ít nhất 10 ký tự).", "Please give the reason for looking (at least 10 characters).",
            about="reason",
        )
    record_request(request, "look_at_data_request", by=by, at=now, reason=reason)
    return wish_in(request), contacts_of(request, by)


def can_be_extended(request: DataRequest, now: datetime) -> bool:
    """Whether more time may be taken for it now."""
    is_open = request.done_at is None and request.begun_at is None
    return is_open and request.extended_at is None and now < request.done_due_at


def contacts_of(request: DataRequest, by: Actor) -> list[Contact]:
    """Who the person is: as the account says, and as each form of reports of the decider's centres that said something else; nobody
    while their data rest."""
    if is_restricted(Person(request.account, request.report)):
        return []
    sealed: list[bytes | None] = []
    if request.account_id is not None:
        sealed.append(db.session.get_one(Account, request.account_id).sealed_identity)
    reports, centres = reports_about(request), centres_decided(by)
    cases = {id_: link.case for id_, link in newest_links([report.id for report in reports]).items()}

    def is_open_here(case: Case) -> bool:
        return case.quarantined_at is None and (centres is None or centre_at_work(case.centre_id, case.area_id) in centres)

    reports = [report for report in reports if is_open_here(cases[report.id])]
    sealed += [report.reporter.sealed_identity for report in reports if report.reporter is not None]
    found = [open_contact(each) for each in sealed if each is not None]
    return list(dict.fromkeys(contact for contact in found if contact != Contact()))


def require_decider(request: DataRequest, by: Actor, now: datetime) -> None:
    """Raise NotAllowed unless the person decides the requests of its centre, SecondPersonNeeded where they are tied to who asks."""
    require(by, Action.DECIDE_DATA_REQUEST)
    centres = centres_decided(by)
    if centres is not None and request.centre_id not in centres:
        raise NotAllowed
    refuse_first_person(Action.DECIDE_DATA_REQUEST, request, by=by, now=now)


def _refuse_over(request: DataRequest) -> None:
    if request.done_at is not None:
        raise DecisionRefused("Yêu cầu này đã xong.", "This request is over already.")


def _reply(request: DataRequest, words: str, *, is_needed: bool) -> None:
    words = normal(words)
    if is_needed and not words:
        raise DecisionRefused("Vui lòng nêu lý do để báo cho người yêu cầu.", "Please give the reason; the person is told.", about="words")
    if len(words) > LONGEST_REPLY:
        raise DecisionRefused(
            f"Lời gửi người yêu cầu tối đa {LONGEST_REPLY} ký tự.", f"At most {LONGEST_REPLY} characters are taken.",
            about="words",
        )
    if words:
        request.sealed_reply = seal_text(words, purpose=REPLY_PURPOSE)


def _tell(request: DataRequest, *, template: str, now: datetime) -> None:
    """Send the person a message, if anything leads to them."""
    if request.account_id is not None:
        tell_of_data_request(f"account:{request.account_id}", template, request=request.ref, at=now)
        return
    report = db.session.get_one(Report, request.report_id)
    reporter: Reporter | None = report.reporter
    if reporter is not None and reporter.can_be_told:
        tell_of_data_request(f"reporter:{reporter.id}", template, request=request.ref, at=now, code=report.code)

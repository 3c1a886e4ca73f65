"""Deciding requests about personal data: an operations lead answers, extends once, carries out or refuses them.

The person reads the words on their page and is sent a message that says only that there is something to read. Source: Law 91/2025/QH15,
Decree 356/2025/NĐ-CP (casework.rights.limits).
"""

from datetime import datetime

from casework.contacts.report_links import newest_links
from casework.db import db
from casework.errors import CaseworkError
from casework.models import Account, Case, DataRequest, Report, Reporter
from casework.outbox import tell_of_data_request
from casework.permissions import Action, Actor, NotAllowed, require
from casework.privacy.identity import SHORTEST_REASON, Contact, open_contact
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
from casework.sentences import for_the_centre
from casework.successors import centre_at_work
from casework.text import normal
from casework.verbs import NO_KIND, Verb

LONGEST_REPLY = 2_000


class RequestDecisionRefused(CaseworkError):
    """The request cannot be decided like this; the text says why."""


@Verb(
    "answer_data_request", Action.DECIDE_DATA_REQUEST, kinds=NO_KIND,
    staff=for_the_centre("Trả lời yêu cầu về dữ liệu cá nhân", "Answered the request about personal data"),
)  # fmt: skip
def answer_request(request: DataRequest, *, by: Actor, now: datetime, words: str = "") -> None:
    """Tell the person that their request will be carried out by its day, perhaps with words. Records `answer_data_request`.

    Raises NotAllowed, RequestDecisionRefused: it was answered or is over, or the words are too long.
    """
    require_decider(request, by, now)
    if request.answered_at is not None or request.done_at is not None:
        raise RequestDecisionRefused("Yêu cầu này đã được trả lời.", "This request has been answered already.")
    _reply(request, words, is_needed=False)
    request.granted, request.answered_at, request.answered_by_id = True, now, by.account_id
    record_request(request, "answer_data_request", by=by, at=now, granted=True)
    _tell(request, template="data_request_answered", now=now)


@Verb(
    "refuse_data_request", Action.DECIDE_DATA_REQUEST, kinds=NO_KIND,
    staff=for_the_centre("Từ chối yêu cầu về dữ liệu cá nhân", "Refused the request about personal data"),
)  # fmt: skip
def refuse_request(request: DataRequest, *, by: Actor, now: datetime, words: str) -> None:
    """Refuse it with a reason, e.g. a duty to keep data, or a case that has to be finished first. Records `refuse_data_request`.

    Raises NotAllowed, RequestDecisionRefused: no reason, already over, or erasing has begun.
    """
    require_decider(request, by, now)
    _refuse_over(request)
    if request.begun_at is not None:
        raise RequestDecisionRefused("Việc xóa đã bắt đầu, không từ chối được nữa.", "Erasing has begun; it cannot be refused any more.")
    _reply(request, words, is_needed=True)
    request.granted, request.done_at, request.done_by_id = False, now, by.account_id
    if request.answered_at is None:
        request.answered_at, request.answered_by_id = now, by.account_id
    record_request(request, "refuse_data_request", by=by, at=now)
    _tell(request, template="data_request_answered", now=now)


@Verb(
    "extend_data_request", Action.DECIDE_DATA_REQUEST, kinds=NO_KIND,
    staff=for_the_centre("Gia hạn yêu cầu về dữ liệu cá nhân", "Extended the request about personal data"),
)  # fmt: skip
def extend_request(request: DataRequest, *, by: Actor, now: datetime, days: int, words: str) -> None:
    """Extend the time to carry it out by some days, once, and tell the person why. Records `extend_data_request`.

    This counts as an answer to the person. Raises NotAllowed, RequestDecisionRefused: extended before, over or late, too many days, or no
    reason.
    """
    require_decider(request, by, now)
    _refuse_over(request)
    most = most_extension(request.centre_id)
    if request.extended_at is not None:
        raise RequestDecisionRefused("Yêu cầu chỉ được gia hạn một lần.", "A request is extended once only.")
    if now >= request.done_due_at:
        raise RequestDecisionRefused("Yêu cầu đã quá hạn nên không gia hạn được.", "The request is late already and cannot be extended.")
    if not 1 <= days <= most:
        raise RequestDecisionRefused(f"Gia hạn từ 1 đến {most} ngày.", f"It is extended by 1 to {most} days.", about="days")
    _reply(request, words, is_needed=True)
    request.done_due_at, request.extended_at = extended_due(request.done_due_at, days, request.centre_id), now
    if request.answered_at is None:
        request.granted, request.answered_at, request.answered_by_id = True, now, by.account_id
    record_request(request, "extend_data_request", by=by, at=now, days=days)
    _tell(request, template="data_request_answered", now=now)


@Verb(
    "carry_out_data_request", Action.DECIDE_DATA_REQUEST, kinds=NO_KIND,
    staff=for_the_centre("Thực hiện yêu cầu về dữ liệu cá nhân", "Carried out the request about personal data"),
)  # fmt: skip
def carry_out(request: DataRequest, *, by: Actor, now: datetime, words: str = "") -> None:
    """Carry out the request. Records `carry_out_data_request`.

    A correction replaces what the person gave; under a restriction no message is sent and nobody looks until the person lifts it; an
    erasure begins, and data of reports still under way are erased when they end (casework.rights.erasing_people). Raises NotAllowed,
    RequestDecisionRefused when it is over or begun.
    """
    require_decider(request, by, now)
    _refuse_over(request)
    if request.begun_at is not None:
        raise RequestDecisionRefused("Việc xóa đã bắt đầu.", "Erasing has begun already.")
    _reply(request, words, is_needed=False)
    if request.answered_at is None:
        request.answered_at, request.answered_by_id = now, by.account_id
    request.granted = True
    record_request(request, "carry_out_data_request", by=by, at=now, kind=request.kind)
    # told before: afterwards an erased person cannot be told any more
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


@Verb(
    "look_at_data_request", Action.DECIDE_DATA_REQUEST, kinds=NO_KIND,
    staff=for_the_centre("Xem yêu cầu về dữ liệu cá nhân", "Looked at the request about personal data"),
)  # fmt: skip
def look_at_request(request: DataRequest, *, by: Actor, now: datetime, reason: str) -> tuple[Wish, list[Contact]]:
    """Open the person's words and identity, for a decider with a reason.

    Records `look_at_data_request` with the reason before anything is shown. Quarantined reports are not included. Raises NotAllowed,
    RequestDecisionRefused when the reason is too short.
    """
    require_decider(request, by, now)
    reason = normal(reason)
    if len(reason) < SHORTEST_REASON:
        raise RequestDecisionRefused(
            "Vui lòng nêu rõ lý do xem (ít nhất 10 ký tự).", "Please give the reason for looking (at least 10 characters).",
            about="reason",
        )
    record_request(request, "look_at_data_request", by=by, at=now, reason=reason)
    return wish_in(request), contacts_of(request, by)


def can_be_extended(request: DataRequest, now: datetime) -> bool:
    is_open = request.done_at is None and request.begun_at is None
    return is_open and request.extended_at is None and now < request.done_due_at


def contacts_of(request: DataRequest, by: Actor) -> list[Contact]:
    """The person's identity: from the account, and from each form in the decider's centres that said something else; empty while
    processing is restricted."""
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
    """Raise NotAllowed unless the person decides the requests of its centre, SecondPersonNeeded where they are tied to the requester."""
    require(by, Action.DECIDE_DATA_REQUEST)
    centres = centres_decided(by)
    if centres is not None and request.centre_id not in centres:
        raise NotAllowed
    refuse_first_person(Action.DECIDE_DATA_REQUEST, request, by=by, now=now)


def _refuse_over(request: DataRequest) -> None:
    if request.done_at is not None:
        raise RequestDecisionRefused("Yêu cầu này đã xong.", "This request is over already.")


def _reply(request: DataRequest, words: str, *, is_needed: bool) -> None:
    words = normal(words)
    if is_needed and not words:
        raise RequestDecisionRefused(
            "Vui lòng nêu lý do để báo cho người yêu cầu.", "Please give the reason; the person is told.", about="words"
        )
    if len(words) > LONGEST_REPLY:
        raise RequestDecisionRefused(
            f"Lời gửi người yêu cầu tối đa {LONGEST_REPLY} ký tự.", f"At most {LONGEST_REPLY} characters are taken.",
            about="words",
        )
    if words:
        request.sealed_reply = seal_text(words, purpose=REPLY_PURPOSE)


def _tell(request: DataRequest, *, template: str, now: datetime) -> None:
    """Send the person a message, if any channel reaches them."""
    if request.account_id is not None:
        tell_of_data_request(f"account:{request.account_id}", template, request=request.ref, at=now)
        return
    report = db.session.get_one(Report, request.report_id)
    reporter: Reporter | None = report.reporter
    if reporter is not None and reporter.can_be_told:
        tell_of_data_request(f"reporter:{reporter.id}", template, request=request.ref, at=now, code=report.code)

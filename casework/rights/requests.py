"""Requests about personal data: recorded with their legal time limits, found by the person, and answered.

Words and contacts in a request are sealed; events record only that something was asked. Source: Law 91/2025/QH15, Decree 356/2025/NĐ-CP
(casework.rights.limits).
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, func, select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.contacts.report_links import case_of, newest_links
from casework.db import db
from casework.errors import CaseworkError
from casework.events import append, record
from casework.models import Account, Case, CaseReport, Centre, DataRequest, Event, Report, Reporter
from casework.outbox import tell_of_data_request
from casework.permissions import SYSTEM, Action, Actor, NotAllowed, Role, desk_name, require
from casework.permissions.sight import owns_report
from casework.privacy.identity import Contact
from casework.rights.limits import answer_due, done_due
from casework.sealing.seal import open_json, open_text, seal_json
from casework.sentences import for_the_centre
from casework.successors import centre_at_work
from casework.text import normal
from casework.verbs import NO_KIND, Verb, writes

WORDS_PURPOSE = "words of a data request"
REPLY_PURPOSE = "reply to a data request"
LONGEST_WORDS = 2_000
MOST_SHOWN = 20
"""The newest of one person's requests."""

COPY, CORRECTION, ERASURE, RESTRICTION = "copy", "correction", "erasure", "restriction"
TO_DECIDE = (CORRECTION, ERASURE, RESTRICTION)
"""The kinds an operations lead decides; a copy is handed over at once."""

KIND_LABELS: dict[str, Bilingual] = {
    COPY: Bilingual("Bản sao dữ liệu", "A copy of the data"),
    CORRECTION: Bilingual("Đính chính họ tên, cách liên hệ", "Correcting name or contact"),
    ERASURE: Bilingual("Xóa dữ liệu cá nhân", "Erasing personal data"),
    RESTRICTION: Bilingual("Hạn chế xử lý, rút lại sự đồng ý", "Restricting, withdrawing consent"),
}


class RequestRefused(CaseworkError):
    """It cannot be made like this; the text says why."""


@dataclass(frozen=True)
class Person:
    """The person whose data it is about: a citizen's account with all its reports, or the sender of one report without an account."""

    account: Account | None = None
    report: Report | None = None

    @property
    def language(self) -> str:
        if self.account is not None:
            return self.account.language
        return self.report.language if self.report is not None else "vi"


@dataclass(frozen=True)
class Wish:
    """The sealed part of a request: the person's words and, for a correction, the new values; empty ones stay as they are."""

    words: str = ""
    contact: Contact = Contact()


def person_of(by: Actor, report: Report | None = None) -> Person:
    """The requester: with an account about all of it, with a tracking secret about that report. Raises NotAllowed for anybody else."""
    if report is not None:
        if report.reporter is None or not owns_report(by, report):
            raise NotAllowed
        if report.reporter.account_id is None:
            return Person(report=report)
        # a report sent with an account belongs to the account's data
        if by.account is None or report.reporter.account_id != by.own_id:
            return Person(report=report)
    if by.account is None or by.account.kind != "citizen":
        raise NotAllowed
    return Person(account=db.session.get_one(Account, by.account_id))


@Verb(
    "request_data", Action.REQUEST_DATA, kinds=NO_KIND,
    staff=for_the_centre("Gửi yêu cầu về dữ liệu cá nhân", "Asked something about their personal data"),
)  # fmt: skip
def request_data(kind: str, *, person: Person, by: Actor, now: datetime, wish: Wish | None = None) -> DataRequest:
    """Record a request and start its two limits; the operations leads of the centre are told. Records `request_data`.

    Each centre with reports of an account decides about those: it gets a request of its own, and the first of them, which is returned, is
    the one about the account itself.

    Raises RequestRefused: a correction that corrects nothing, too many words, the same request is open, the data are restricted
    already, or the report is quarantined (rules.md, section 6, "Quarantine"), of which nobody but its confidential readers may learn.
    """
    require(by, Action.REQUEST_DATA)
    wish = wish or Wish()
    wish = Wish(normal(wish.words), wish.contact)
    if kind not in TO_DECIDE:
        raise ValueError(f"no request of kind {kind} is decided")
    _refuse_wish(kind, wish)
    centres = _centres_of(person)
    if any(each.kind == kind and each.done_at is None for each in requests_of(person)):
        raise RequestRefused(
            "Ông/Bà đã gửi yêu cầu này, Trung tâm đang xem xét.", "You have asked for this already; the centre is considering it."
        )
    if kind == RESTRICTION and is_restricted(person):
        raise RequestRefused("Dữ liệu của Ông/Bà đang được hạn chế xử lý.", "Your data are restricted already.")
    requests = [_ask_centre(kind, person, centre, wish, by, now) for centre in centres]
    return requests[0]


@writes("request_data")
def put_down_again(account: Account, *, now: datetime) -> list[DataRequest]:
    """Record again the requests of a person whose account was erased after the backup this database was restored from. Records
    `request_data`."""
    person = Person(account=account)
    requests = [_put_down(ERASURE, person, centre, now) for centre in _centres_of(person)]
    db.session.flush()
    for request in requests:
        record_request(request, "request_data", by=SYSTEM, at=now, kind=ERASURE)
    return requests


def is_first(request: DataRequest) -> bool:
    """Whether it is the first of a request to several centres: the one about the account itself."""
    together = DataRequest.account_id == request.account_id, DataRequest.kind == request.kind
    first = select(func.min(DataRequest.id)).where(*together, DataRequest.requested_at == request.requested_at)
    return request.account_id is not None and db.session.scalar(first) == request.id


@writes("request_data")
def record_copy(*, person: Person, by: Actor, now: datetime) -> DataRequest:
    """Record that a person got a copy of their data, requested and done at once. Records `request_data`."""
    require(by, Action.REQUEST_DATA)
    request = _put_down(COPY, person, _centre_of(person), now)
    request.granted, request.answered_at, request.done_at = True, now, now
    db.session.flush()
    record_request(request, "request_data", by=by, at=now, kind=COPY)
    return request


def requests_of(person: Person) -> list[DataRequest]:
    """The newest requests of a person, newest first. A report's are those made without an account."""
    query = select(DataRequest).where(_of(person)).order_by(DataRequest.id.desc()).limit(MOST_SHOWN)
    return list(db.session.scalars(query))


def reports_of_account(account_id: int) -> list[Report]:
    """Every report of an account, oldest first, with its reporter loaded."""
    query = select(Report).join(Reporter, Reporter.id == Report.reporter_id).where(Reporter.account_id == account_id)
    return list(db.session.scalars(query.options(joinedload(Report.reporter)).order_by(Report.id)))


def reports_about(request: DataRequest) -> list[Report]:
    """The reports a request is about: one, or those of the account that are now in its centre or the successor.

    For the first of several also those at centres that were not asked, because they came there later, and quarantined ones, which nobody
    is told of.
    """
    if request.report_id is not None:
        report = db.session.get(Report, request.report_id)
        return [report] if report is not None else []
    reports = reports_of_account(request.account_id or 0)
    cases = {id_: link.case for id_, link in newest_links([report.id for report in reports]).items()}
    together = select(DataRequest).where(
        DataRequest.account_id == request.account_id, DataRequest.kind == request.kind, DataRequest.requested_at == request.requested_at
    )
    others = [row for row in db.session.scalars(together) if row.id != request.id]

    def is_at(row: DataRequest, case: Case) -> bool:
        here = centre_at_work(case.centre_id, case.area_id)
        return case.quarantined_at is None and here in (row.centre_id, centre_at_work(row.centre_id, case.area_id))

    is_rest = is_first(request)
    return [
        report for report in reports
        if is_at(request, cases[report.id]) or (is_rest and not any(is_at(row, cases[report.id]) for row in others))
    ]  # fmt: skip


def wish_in(request: DataRequest) -> Wish:
    """The sealed part of a request, for its author and for anybody who looks with a reason."""
    if request.sealed_words is None:
        return Wish()
    opened: dict[str, Any] = open_json(request.sealed_words, purpose=WORDS_PURPOSE)
    return Wish(opened["words"], Contact(**opened["contact"]))


def reply_in(request: DataRequest) -> str | None:
    """The centre's newest words to the person, for the person and the decider."""
    return open_text(request.sealed_reply, purpose=REPLY_PURPOSE) if request.sealed_reply is not None else None


def is_restricted(person: Person) -> bool:
    if person.account is not None:
        return person.account.restricted_at is not None
    reporter = person.report.reporter if person.report is not None else None
    return reporter is not None and reporter.restricted_at is not None


def record_request(request: DataRequest, type_: str, *, by: Actor, at: datetime, **payload: Any) -> Event:
    """Append an event about a request: to the stream of the account, or else to that of the case that answers the report.

    The caller holds that case's lock. No words of anybody, no contact.
    """
    if request.report_id is not None:
        report = db.session.get_one(Report, request.report_id)
        return record(case_of(report), type_, by=by, at=at, report=report.code, request=request.ref, **payload)
    account = db.session.get_one(Account, request.account_id)
    return append(account_stream(account), type_, by=by, at=at, payload={"request": request.ref, **payload})


def lock_request(request_id: int) -> DataRequest:
    """Lock what a request is recorded with, first the case of its report, then its own row. To be called first in a unit of work."""
    request = db.session.get_one(DataRequest, request_id)
    if request.report_id is not None:
        lock_case(case_of(db.session.get_one(Report, request.report_id)).id)
    return db.session.get_one(DataRequest, request_id, with_for_update=True, populate_existing=True)


def account_stream(account: Account) -> str:
    """The name of the stream about an account's data."""
    return f"account:{account.ref}"


def _of(person: Person) -> ColumnElement[bool]:
    if person.account is not None:
        return DataRequest.account_id == person.account.id
    return DataRequest.report_id == (person.report.id if person.report is not None else 0)


def _refuse_wish(kind: str, wish: Wish) -> None:
    if len(wish.words) > LONGEST_WORDS:
        raise RequestRefused(f"Nội dung tối đa {LONGEST_WORDS} ký tự.", f"At most {LONGEST_WORDS} characters are taken.", about="wish")
    if kind == CORRECTION and not (wish.words or wish.contact != Contact()):
        raise RequestRefused("Vui lòng cho biết cần đính chính gì.", "Please say what is to be corrected.")


def _ask_centre(kind: str, person: Person, centre: Centre, wish: Wish, by: Actor, now: datetime) -> DataRequest:
    request = _put_down(kind, person, centre, now)
    if wish != Wish():
        contact = {"name": wish.contact.name, "phone": wish.contact.phone, "email": wish.contact.email}
        request.sealed_words = seal_json({"words": wish.words, "contact": contact}, purpose=WORDS_PURPOSE)
    db.session.flush()
    record_request(request, "request_data", by=by, at=now, kind=kind)
    tell_of_data_request(
        f"desk:{desk_name(Role.OPS_LEAD, centre_id=centre.id)}", "data_request_received", request=request.ref, at=now,
        due_at=request.answer_due_at.isoformat(),
    )  # fmt: skip
    return request


def _put_down(kind: str, person: Person, centre: Centre, now: datetime) -> DataRequest:
    request = DataRequest(
        kind=kind, centre_id=centre.id, account_id=person.account.id if person.account is not None else None,
        report_id=person.report.id if person.report is not None else None, requested_at=now,
        answer_due_at=answer_due(centre.id, now), done_due_at=done_due(kind, centre.id, now),
    )  # fmt: skip
    db.session.add(request)
    return request


def _centre_of(person: Person) -> Centre:
    """The centre that answers: the one with the person's report, or their newest one; for an account without any the default one.

    Raises RequestRefused for a quarantined report.
    """
    if person.report is not None:
        case = case_of(person.report)
        if case.quarantined_at is not None:
            raise RequestRefused(
                "Phản ánh này được xử lý theo thủ tục riêng; yêu cầu về dữ liệu vui lòng nêu trực tiếp với Trung tâm.",
                "This report is handled under a separate procedure; please ask the centre in person about your data.",
            )
        return _at_work(case)
    if person.account is not None:
        newest = (
            select(Case)
            .join(CaseReport, CaseReport.case_id == Case.id)
            .join(Report, Report.id == CaseReport.report_id)
            .join(Reporter, Reporter.id == Report.reporter_id)
            .where(Reporter.account_id == person.account.id, CaseReport.left_at.is_(None), Case.quarantined_at.is_(None))
        )
        found = db.session.scalars(newest.order_by(Report.id.desc()).limit(1)).first()
        if found is not None:
            return _at_work(found)
    return db.session.scalars(select(Centre).where(Centre.is_default).order_by(Centre.id).limit(1)).one()


def _centres_of(person: Person) -> list[Centre]:
    """The centres with reports of a person, that of the newest first."""
    first = _centre_of(person)
    if person.account is None:
        return [first]
    links = newest_links([report.id for report in reports_of_account(person.account.id)])
    cases = (link.case for link in links.values() if link.case.quarantined_at is None)
    others = {centre_at_work(case.centre_id, case.area_id) for case in cases} - {first.id}
    return [first, *(db.session.get_one(Centre, id_) for id_ in sorted(others))]


def _at_work(case: Case) -> Centre:
    return db.session.get_one(Centre, centre_at_work(case.centre_id, case.area_id))

"""Erasing a person at their own request: their identity and what they sent, never what the installation made of it or did.

Of an account go identity, contact, password, sessions, browsers, message choices, “Tôi cũng gặp” counts. Of each of its reports
that has ended go the identity, the original words and places, what was written or sent after filing, the originals of photos and
recordings and the centre's copies, and the reasons for which staff looked or did not take more. What was cleared or published stays, for
it names nobody; so do the commune, for statistics, codes, numbers and the chain of events. Village and position of a case stay where they
were published, and where the case answers others too. A report that still goes on is erased when it ends, by a job; until then its sender
can be told of it. Source: Law 91/2025/QH15, articles on erasure; rules.md, section 2, for what stays.
"""

import secrets
from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy import ColumnElement, UpdateBase, delete, select, update

from casework.accounts.outside_identities import forget_identities
from casework.area_news.subscribing import forget_followers
from casework.cases import lock_case
from casework.contacts.report_links import links_of, newest_links
from casework.db import db, unit_of_work
from casework.doors.photo_addresses import forget_addresses
from casework.erasure.erase import GONE
from casework.erasure.people import forget_person
from casework.erasure.reasons_to_look import erase_reasons_to_look
from casework.events import record
from casework.intake.just_sent import forget_sent_reports
from casework.models import (
    Account,
    Addition,
    BlockedSender,
    Case,
    CaseReport,
    DataRequest,
    Delivery,
    Device,
    Draft,
    File,
    Follower,
    HandOverTicket,
    HeldAct,
    IdempotencyKey,
    LoginSession,
    MessageChoice,
    OneTimeCode,
    OutboxMessage,
    Photo,
    PhotoDetection,
    PushSubscription,
    Question,
    Rating,
    Recording,
    Refusal,
    Report,
    Reporter,
    Withdrawal,
)
from casework.outputs import drop_named_outputs
from casework.parts import parts_of
from casework.permissions import SYSTEM, Actor
from casework.photos.records import NAME_PURPOSE
from casework.places.points import forget_place, forget_point, rounded
from casework.places.villages import forget_waiting
from casework.privacy.account_marks import erase_marks
from casework.privacy.dead_addresses import lives_again
from casework.privacy.identity import Contact, open_contact, seal_contact
from casework.public.me_too import erase_me_too
from casework.publications import PUBLIC_KINDS, names_village, newest_publication, shows_exact_place
from casework.reorganising.journal import forget
from casework.rights.requests import account_stream, is_first, lock_request, record_request, reports_about, reports_of_account
from casework.sealing.seal import seal_text
from casework.search.rows import refresh_search_rows
from casework.sentences import for_the_centre
from casework.states import ENDED_STATES, CaseState
from casework.triage.refusals import newest_refusal
from casework.upkeep.batches import OneByOne
from casework.upkeep.erasure_log import handed_over_at, note_forgotten
from casework.verbs import NO_KIND, Verb

JOB = "go_on_erasing"
MOST_AT_ONCE = 20
"""Reports erased in one unit of work: each locks its case, and nobody at work should wait longer."""
NOBODY = "0" * 64
READ_TOGETHER = 100
"""Requests whose rows are read at a time."""


def begin_erasure(request: DataRequest, *, by: Actor, now: datetime) -> None:
    """Erase the account and everything that has ended, at most MOST_AT_ONCE reports; the job does the rest (`go_on_erasing`)."""
    request.begun_at = now
    # what belongs to no centre is erased with the first of the requests to several
    if request.account_id is not None and is_first(request):
        _keep_contact_of_open_reports(request, now)
        erase_account(db.session.get_one(Account, request.account_id), at=now)
    _erase_some(request, by=by, now=now)


def go_on_erasing(now: datetime) -> int:
    """Erase reports that have ended since, of people whose erasure has begun; returns how many. A job.

    Only requests with something to erase get a unit of work, each its own. A request or report that cannot be erased does not hold up the
    others. Raises the first failure at the end: the run has failed.
    """
    work, erased, after = OneByOne(JOB), 0, 0
    with work.each(), unit_of_work():
        _sweep_blocks(now)
    while ids := _begun_after(after):
        for request_id in ids:
            with work.each(request=request_id):
                erased += _go_on(request_id, work, now)
        after = ids[-1]
    work.end()
    return erased


def waits_for(request: DataRequest, now: datetime) -> list[Report]:
    """The reports still under way; quarantined ones are never named."""
    reports = reports_about(request)
    links = newest_links([report.id for report in reports])
    return [report for report in reports if links[report.id].case.quarantined_at is None and not has_ended(links[report.id], now)]


def has_ended(link: CaseReport, now: datetime) -> bool:
    """Whether nothing can happen to a report any more: its case is over, or it was withdrawn. A refusal may still be objected to."""
    case = link.case
    if case.quarantined_at is not None:
        return handed_over_at(case) is not None
    if link.left_at is not None:
        return True
    if case.state != CaseState.REFUSED:
        return case.state in ENDED_STATES
    refusal = newest_refusal(case)
    if refusal is None or refusal.decided_at is not None:
        return True
    return refusal.objected_at is None and (refusal.objection_due_at is None or now >= refusal.objection_due_at)


def erase_account(account: Account, *, at: datetime) -> None:
    """Empty a citizen's account with everything used for signing in or messages; nobody signs in with it again."""
    digests = [digest for digest in (account.phone_digest, account.email_digest) if digest is not None]
    # of a contact that was only claimed somebody else may be the owner
    forget_followers(
        account.phone_digest if account.phone_verified_at is not None else None,
        account.email_digest if account.email_verified_at is not None else None,
    )
    lives_again(account.email_digest)
    account.sealed_identity = account.phone_digest = account.email_digest = account.password_hash = None
    account.phone_verified_at = account.email_verified_at = account.restricted_at = None
    account.disabled_at = at
    db.session.flush()
    forget_identities(account.id)
    sessions = select(LoginSession.id).where(LoginSession.account_id == account.id)
    erase_me_too(account=account)
    for device in db.session.scalars(select(Device).where(Device.account_id == account.id)):
        erase_me_too(device=device)
        # the row stays because reports may reference it; no token fits it any more
        device.account_id = device.session_id = None
        device.token_digest, device.ended_at = secrets.token_hex(32), device.ended_at or at
    db.session.flush()
    _run(update(Device).where(Device.session_id.in_(sessions)).values(session_id=None))
    for table in (PushSubscription, MessageChoice, HandOverTicket, Follower, LoginSession):
        _run(delete(table).where(table.account_id == account.id))
    _forget_codes(OneTimeCode.contact_digest.in_(digests))
    _drop_messages([f"account:{account.id}"], at)
    erase_marks(account)
    note_forgotten("account", account.ref, at=at)


def erase_report(report: Report, link: CaseReport, *, at: datetime, besides: DataRequest | None = None) -> None:
    """Erase the sender and the content of a report that has ended.

    The caller holds the locks of its cases.

    Other requests about it are settled by that, except `besides`, the one being carried out.
    """
    ids, reporter = [report.id], report.reporter
    for text in report.texts:
        text.sealed_body = text.sealed_answers = None
    report.sealed_place = report.sealed_village = report.device_id = report.village = None
    forget_point(report)
    forget(Report, ids)
    for case in {each.case_id: each.case for each in links_of(report)}.values():
        _erase_place_of_case(case, report, at)
        _erase_in_parts(case, report, at)
    _run(update(Addition).where(Addition.report_id.in_(ids)).values(sealed_words=None))
    _run(update(Question).where(Question.report_id.in_(ids)).values(sealed_answer=None))
    _run(update(Refusal).where(Refusal.objected_by_id.in_(ids)).values(sealed_objection=None))
    _run(update(Withdrawal).where(Withdrawal.report_id.in_(ids)).values(sealed_reason=None))
    _run(update(IdempotencyKey).where(IdempotencyKey.result == report.ref).values(sealed_result=None))
    forget_sent_reports([report.ref])
    forget_addresses(ids, at=at)
    _forget_codes(OneTimeCode.report_id.in_(ids))
    if link.left_at is None:
        # staff's drafts stay in a case that goes on for others
        _run(delete(Draft).where(Draft.case_id == link.case_id))
        _run(delete(HeldAct).where(HeldAct.case_id == link.case_id))
    asked = DataRequest.report_id.in_(ids) & (DataRequest.id != (besides.id if besides is not None else 0))
    _run(update(DataRequest).where(asked, DataRequest.done_at.is_(None)).values(done_at=at, granted=False))
    _run(update(DataRequest).where(asked).values(sealed_words=None, sealed_reply=None))
    _run(update(BlockedSender).where(BlockedSender.report_id.in_(ids)).values(reason=GONE))
    _erase_files(ids, at)
    if reporter is not None:
        _run(update(Rating).where(Rating.reporter_id == reporter.id).values(sealed_reason=None))
        drop_named_outputs(at=at)
        forget_sender(reporter, at=at)
    erase_reasons_to_look([report], at=at)
    note_forgotten("report", report.ref, at=at)
    db.session.flush()


def forget_sender(reporter: Reporter, *, at: datetime) -> None:
    """Erase the sender of a report, with the codes sent to them and their unsent messages."""
    digests = [digest for digest in (reporter.phone_digest, reporter.email_digest) if digest is not None]
    _forget_codes(OneTimeCode.contact_digest.in_(digests))
    _drop_messages([f"reporter:{reporter.id}"], at)
    forget_person(reporter)


def _erase_place_of_case(case: Case, report: Report, at: datetime) -> None:
    """Village and position of a case came from its sender: they stay where they were published or sent by others too."""
    forget_waiting(case)
    if case.quarantined_at is not None or shows_exact_place(case):
        return
    if _answers_others(case, report):
        # what others have sent too stays, but nobody's exact point
        case.latitude, case.longitude = rounded(case.latitude, case.longitude)
        case.placed_at = None
        return
    forget_place(case)
    publication = newest_publication(case, kinds=PUBLIC_KINDS) if case.is_public and case.visibility_reason_id is None else None
    if publication is None or not names_village(publication.current):
        case.village = None
    forget(Case, [case.id])
    db.session.flush()
    refresh_search_rows(case, at=at)


def _erase_in_parts(case: Case, report: Report, at: datetime) -> None:
    """Parts of a case without other senders were made from this report: their place came from there, their words are kept as cleared."""
    if case.quarantined_at is not None or _answers_others(case, report):
        return
    for part in [lock_case(each.id) for each in parts_of(case)]:
        for text in part.main_report.texts:
            text.sealed_body = text.sealed_answers = None
        _erase_place_of_case(part, part.main_report, at)


def _answers_others(case: Case, report: Report) -> bool:
    return any(link.report_id != report.id and link.left_at is None for link in case.reports)


def _sweep_blocks(now: datetime) -> None:
    """Delete blocks that are over and whose sender was erased meanwhile: that emptied their reason, and they still told who it was."""
    is_over = BlockedSender.lifted_at.is_not(None) | (BlockedSender.until <= now)
    _run(delete(BlockedSender).where(BlockedSender.reason == GONE, is_over))


def _begun_after(request_id: int) -> list[int]:
    query = select(DataRequest.id).where(DataRequest.done_at.is_(None), DataRequest.begun_at.is_not(None), DataRequest.id > request_id)
    ids = list(db.session.scalars(query.order_by(DataRequest.id).limit(READ_TOGETHER)))
    db.session.rollback()
    return ids


def _go_on(request_id: int, work: OneByOne, now: datetime) -> int:
    def erase(report_ids: Sequence[int]) -> int:
        with unit_of_work():
            return _erase_some(lock_request(request_id), by=SYSTEM, now=now, only=report_ids)

    erased, left_out = 0, set[int]()
    while ids := _ended_reports(request_id, left_out, now):
        done, failed = work.together(ids, erase, kind="report")
        erased, left_out = erased + done, left_out | failed
    if _is_left_to_end(request_id):
        erase([])
    return erased


def _ended_reports(request_id: int, left_out: Collection[int], now: datetime) -> list[int]:
    """The next reports of a request that have ended."""
    request = db.session.get_one(DataRequest, request_id)
    reports = reports_about(request) if request.done_at is None else []
    links = newest_links([report.id for report in reports])
    ended = [report.id for report in reports if report.id not in left_out and has_ended(links[report.id], now)]
    db.session.rollback()
    return ended[:MOST_AT_ONCE]


def _is_left_to_end(request_id: int) -> bool:
    """Whether a request is unfinished although no report is left."""
    request = db.session.get_one(DataRequest, request_id)
    is_left = request.done_at is None and not reports_about(request)
    db.session.rollback()
    return is_left


@Verb(
    "erase_report", None, kinds=NO_KIND,
    staff=for_the_centre("Đã xóa dữ liệu cá nhân trong một phản ánh", "The personal data of a report were erased"),
)  # fmt: skip
def _erase_some(request: DataRequest, *, by: Actor, now: datetime, only: Collection[int] | None = None) -> int:
    """Erase the next reports that have ended, `only` some of them, and end the request where none is left; returns how many were erased.

    An erased report leaves the account, so reports of the account are those left.
    """
    reports = reports_about(request)
    links = newest_links([report.id for report in reports])
    asked = [report for report in reports if only is None or report.id in only]
    ended = [report for report in asked if has_ended(links[report.id], now)][:MOST_AT_ONCE]
    locked = {case_id: lock_case(case_id) for case_id in sorted({link.case_id for report in ended for link in links_of(report)})}
    for report in ended:
        case = locked[links[report.id].case_id]
        erase_report(report, links[report.id], at=now, besides=request)
        if request.account_id is not None and case.quarantined_at is None:
            record(case, "erase_report", by=by, at=now, report=report.code, request=request.ref)
    if ended:
        _sweep_blocks(now)
    if len(ended) == len(reports):
        _end(request, by=by, now=now)
    return len(ended)


@Verb(
    "end_erasure", None, kinds=NO_KIND,
    staff=for_the_centre("Đã xóa dữ liệu cá nhân của người gửi", "The sender's personal data were erased"),
)  # fmt: skip
def _end(request: DataRequest, *, by: Actor, now: datetime) -> None:
    """End the request: nothing of the person is left, and their words in requests are erased too."""
    request.done_at, request.done_by_id = now, by.own_id
    db.session.flush()
    same = DataRequest.account_id == request.account_id if request.account_id is not None else DataRequest.report_id == request.report_id
    # a request another centre has still to decide keeps its words until then
    _run(update(DataRequest).where(same, DataRequest.done_at.is_not(None)).values(sealed_words=None, sealed_reply=None))
    if request.account_id is not None:
        erase_reasons_to_look([], at=now, streams=[account_stream(db.session.get_one(Account, request.account_id))])
    record_request(request, "end_erasure", by=by, at=now)


def _keep_contact_of_open_reports(request: DataRequest, now: datetime) -> None:
    """Seal the account's contact into its reports under way that have none themselves, so that their sender can still be told."""
    account = db.session.get_one(Account, request.account_id)
    if account.sealed_identity is None:
        return
    own = open_contact(account.sealed_identity)
    reports = reports_of_account(account.id)
    links = newest_links([report.id for report in reports])
    for report in (each for each in reports if links[each.id].case.quarantined_at is None and not has_ended(links[each.id], now)):
        reporter: Reporter | None = report.reporter
        if reporter is None or reporter.phone_digest is not None or reporter.email_digest is not None:
            continue
        held = open_contact(reporter.sealed_identity) if reporter.sealed_identity is not None else Contact()
        reporter.sealed_identity = seal_contact(replace(own, name=held.name or own.name))
        reporter.phone_digest, reporter.email_digest = account.phone_digest, account.email_digest


def _erase_files(report_ids: Sequence[int], at: datetime) -> None:
    """Erase the originals and the centre's copies; copies cleared for agencies or the public stay."""
    photos = list(db.session.scalars(select(Photo).where(Photo.report_id.in_(report_ids))))
    recordings = list(db.session.scalars(select(Recording).where(Recording.report_id.in_(report_ids))))
    of_photos = File.photo_id.in_([photo.id for photo in photos]) & File.audience.in_(("sealed", "centre"))
    of_recordings = File.recording_id.in_([recording.id for recording in recordings])
    for which in (of_photos, of_recordings):
        _run(update(File).where(which, File.erased_at.is_(None)).values(erased_at=at))
    _run(delete(PhotoDetection).where(PhotoDetection.photo_id.in_([photo.id for photo in photos])))
    for photo in photos:
        photo.sealed_name, photo.sealed_metadata = seal_text(GONE, purpose=NAME_PURPOSE), None
    for recording in recordings:
        recording.sealed_name = seal_text(GONE, purpose=NAME_PURPOSE)


def _drop_messages(recipients: Collection[str], at: datetime) -> None:
    """Withdraw unsent messages to an erased person."""
    waiting = OutboxMessage.sent_at.is_(None) & OutboxMessage.dropped_at.is_(None)
    _run(update(OutboxMessage).where(OutboxMessage.recipient.in_(recipients), waiting).values(dropped_at=at))
    unsent = Delivery.sent_at.is_(None) & Delivery.dropped_at.is_(None)
    _run(update(Delivery).where(Delivery.recipient.in_(recipients), unsent).values(dropped_at=at, given_up_at=None))


def _forget_codes(which: ColumnElement[bool]) -> None:
    """Detach codes from the person; the rows go with the sweep, which keeps their ids from being reused (casework.contacts.codes)."""
    _run(update(OneTimeCode).where(which).values(contact_digest=NOBODY, sealed_message=None, report_id=None))


def _run(statement: UpdateBase) -> None:
    db.session.execute(statement, execution_options={"synchronize_session": "fetch"})

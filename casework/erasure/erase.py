"""Erasing the content of cases (rules.md, section 6, "Quarantine"): first everything derived from a report, later the report itself.

Two walks over the same rows. `erase_derived` leaves only sealed content: it erases words of staff and agencies, cleared and public texts,
titles, places, drafts, event payloads, messages, search rows and every copy of a photo. The place of a report is sealed with its own
words. `erase_originals` then takes the sealed rest: words, places, photos, identities. Rows stay, so that numbers, histories and the
chain of digests stay intact; texts that must not be NULL become empty. A report may have been in another case before it was split off or
withdrawn, and its sender was asked and answered there: so content is found by the reports and their senders as well as by the cases.
Files are deleted after the commit, by casework/erasure/files.py; until then no page serves them.
"""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, CompoundSelect, Select, Text, and_, cast, exists, or_, select, union, update
from sqlalchemy.orm import aliased

from casework.db import db
from casework.documents.letters import take_out_of_letters
from casework.doors.photo_addresses import forget_addresses
from casework.erasure.elsewhere import drop_drafts_elsewhere, replies_elsewhere
from casework.erasure.people import forget_person
from casework.erasure.reasons_to_look import erase_reasons_to_look
from casework.events import empty_payloads
from casework.exchange.forgetting import drop_packages, erase_packages
from casework.intake.file_report import PLACE_PURPOSE, place_words, typed_village
from casework.intake.just_sent import forget_sent_reports
from casework.merging.traces import OF_A_REPORT
from casework.models import (
    Addition,
    Answer,
    Assignment,
    BlockedSender,
    Camera,
    Case,
    CaseReport,
    DataRequest,
    Decision,
    Delivery,
    Directive,
    DoorRepeat,
    Draft,
    Event,
    Extension,
    File,
    Follower,
    HandBack,
    HeldAct,
    Hold,
    HotlineCall,
    IdempotencyKey,
    MendedQuestion,
    Note,
    OutboxMessage,
    Photo,
    PhotoDetection,
    Publication,
    PublicationVersion,
    Question,
    Rating,
    Recording,
    Referral,
    Refusal,
    ReplyLink,
    Report,
    ReportText,
    Review,
    SearchRow,
    StepRecord,
    StepValue,
    Withdrawal,
)
from casework.models.outbox import LETTERS
from casework.outputs import drop_outputs_of
from casework.pausing.additions import WORDS_PURPOSE
from casework.photos.records import NAME_PURPOSE
from casework.places.points import forget_place, forget_point, point_of
from casework.places.villages import forget_waiting
from casework.publishing.ratings import rating_reason
from casework.reorganising.journal import forget
from casework.sealing.seal import seal_text
from casework.triage.refusals import objection_words

GONE = ""
"""Replaces a text that may not be NULL."""

CODES_TOGETHER = 50
"""Codes sought in letters by one query: a case may have many merged into it."""

Change = tuple[Any, ColumnElement[bool], dict[str, Any]]


def erase_derived(cases: Sequence[Case], *, at: datetime) -> None:
    """Erase everything derived from the reports of these cases. The caller holds the locks; sealed originals stay.

    What the senders said while their reports were in other cases is now sealed in the first of these cases.
    """
    ids = [case.id for case in cases]
    reports = reports_of(ids)
    _take_home(reports, cases)
    for case in cases:
        case.title = case.place = case.village = case.held_reason = None
        case.area_id = case.field_id = case.visibility_reason_id = case.lead_agency_id = None
        forget_place(case)
        forget_waiting(case)
        for assignment in case.assignments:
            assignment.instructions = assignment.end_words = None
    for report in reports:
        _seal_place_away(report)
    _apply(_words_of_staff(ids))
    _apply(replies_elsewhere(reports))
    _apply(_texts_made_of([report.id for report in reports]))
    _apply([(Publication, Publication.case_id.in_(ids) & Publication.unpublished_at.is_(None), {"unpublished_at": at})])
    _apply([(ReplyLink, _links(ids) & ReplyLink.revoked_at.is_(None), {"revoked_at": at, "revoked_for": "apart"})])
    forget_addresses([report.id for report in reports], at=at)
    _apply([(Follower, Follower.case_id.in_(ids) & Follower.ended_at.is_(None), {"ended_at": at})])
    _apply(_made_of_recordings(ids))
    made = or_(File.photo_id.in_(_photos(ids)), File.recording_id.in_(_recordings(ids)))
    _apply([(File, made & (File.audience != "sealed") & File.erased_at.is_(None), {"erased_at": at})])
    _apply([(BlockedSender, BlockedSender.report_id.in_([report.id for report in reports]), {"reason": GONE})])
    # data-protection requests are settled outside, with the report: no list names it any more
    asked = DataRequest.report_id.in_([report.id for report in reports]) & DataRequest.done_at.is_(None)
    _apply([(DataRequest, asked, {"done_at": at, "granted": False})])
    db.session.query(SearchRow).where(SearchRow.case_id.in_(ids)).delete()
    db.session.query(Draft).where(Draft.case_id.in_(ids)).delete()
    db.session.query(HeldAct).where(HeldAct.case_id.in_(ids)).delete()
    db.session.query(DoorRepeat).where(DoorRepeat.case_id.in_(ids)).delete()
    drop_drafts_elsewhere(reports, ids)
    db.session.query(PhotoDetection).where(PhotoDetection.photo_id.in_(_photos(ids))).delete()
    _drop_messages(cases, reports, at)
    # previews before letters: whoever writes a letter from one holds it, and has finished by then
    drop_outputs_of(cases, at=at)
    take_out_of_letters(cases, at=at, reports=reports)
    drop_packages(ids, at=at)
    forget(Case, ids)
    forget(Report, [report.id for report in reports])
    forget(Assignment, [assignment.id for case in cases for assignment in case.assignments])
    erase_reasons_to_look(reports, at=at, cases=ids)
    erase_payloads(ids)
    db.session.flush()
    db.session.expire_all()


def erase_originals(cases: Collection[Case], *, at: datetime) -> None:
    """Erase the sealed rest, which no key can open again. Only the receipt keeps its code and the digest of its secret."""
    ids = [case.id for case in cases]
    reports = reports_of(ids)
    of_reports, senders = [report.id for report in reports], [report.reporter_id for report in reports if report.reporter_id]
    for report in reports:
        report.sealed_place = report.device_id = None
        forget_point(report)
        for text in report.texts:
            text.sealed_body = text.sealed_answers = None
        if report.reporter is not None:
            forget_person(report.reporter)
    _apply(
        [
            (Addition, Addition.case_id.in_(ids) | Addition.report_id.in_(of_reports), {"sealed_words": None}),
            (Question, Question.case_id.in_(ids) | Question.report_id.in_(of_reports), {"sealed_answer": None}),
            (Refusal, Refusal.case_id.in_(ids) | Refusal.objected_by_id.in_(of_reports), {"sealed_objection": None}),
            (DataRequest, DataRequest.report_id.in_(of_reports), {"sealed_words": None, "sealed_reply": None}),
            (Withdrawal, Withdrawal.case_id.in_(ids) | Withdrawal.report_id.in_(of_reports), {"sealed_reason": None}),
            (Rating, Rating.publication_id.in_(_publications(ids)) | Rating.reporter_id.in_(senders), {"sealed_reason": None}),
            (File, File.photo_id.in_(_photos(ids)) & File.erased_at.is_(None), {"erased_at": at}),
            (File, File.recording_id.in_(_recordings(ids)) & File.erased_at.is_(None), {"erased_at": at}),
            (IdempotencyKey, IdempotencyKey.result.in_([report.ref for report in reports]), {"sealed_result": None}),
        ]
    )
    for photo in db.session.scalars(select(Photo).where(Photo.id.in_(_photos(ids)))):
        photo.sealed_name, photo.sealed_metadata = seal_text(GONE, purpose=NAME_PURPOSE), None
    for recording in db.session.scalars(select(Recording).where(Recording.id.in_(_recordings(ids)))):
        recording.sealed_name = seal_text(GONE, purpose=NAME_PURPOSE)
    db.session.query(BlockedSender).where(BlockedSender.report_id.in_(of_reports)).delete()
    forget_sent_reports([report.ref for report in reports])
    erase_packages(ids)
    erase_payloads(ids)
    db.session.flush()
    db.session.expire_all()


def reports_of(case_ids: Collection[int]) -> list[Report]:
    """The reports these cases answer, and those that left them for no other case: withdrawn ones, which withdrawing does not erase."""
    return list(db.session.scalars(select(Report).where(Report.id.in_(_report_ids(case_ids))).order_by(Report.id)))


def erase_payloads(case_ids: Collection[int]) -> None:
    """Empty the event payloads of cases, with their salts: the digests stay and reveal nothing.

    Those of other cases that name one as the report before or after it go, too.
    """
    empty_payloads(Event.case_id.in_(case_ids))
    empty_payloads(and_(Event.type == "report_again", Event.case_id.in_(_led_to_or_from(case_ids))))


# -- what is erased where -----------------------------------------------------------------------------------------------


def _apply(changes: list[Change]) -> None:
    for table, which, values in changes:
        db.session.execute(update(table).where(which).values(values), execution_options={"synchronize_session": False})


def _words_of_staff(ids: list[int]) -> list[Change]:
    """Words written about a case, by table. The reason for a decision can reveal as much as the report."""
    assignments = select(Assignment.id).where(Assignment.case_id.in_(ids))
    answers = select(Answer.id).where(Answer.assignment_id.in_(assignments))
    publications = _publications(ids)
    parts = dict.fromkeys(("findings", "actions", "remaining", "contact"), GONE)
    return [
        (Addition, Addition.case_id.in_(ids), {"cleared_words": None}),
        (Answer, Answer.assignment_id.in_(assignments), {**parts, "no_photo_reason": None}),
        (Decision, Decision.answer_id.in_(answers), {"instructions": None}),
        (Directive, Directive.case_id.in_(ids), {"body": GONE}),
        (Extension, Extension.assignment_id.in_(assignments), {"reason": GONE, "decision_words": None}),
        (HandBack, HandBack.assignment_id.in_(assignments), {"reason": GONE, "decision_words": None, "suggested_agency_id": None}),
        (Hold, Hold.case_id.in_(ids), {"reason": GONE}),
        (HotlineCall, HotlineCall.case_id.in_(ids), {"number": GONE, "spoke_to": None, "what": GONE}),
        (Note, Note.case_id.in_(ids), {"body": GONE}),
        (Publication, Publication.case_id.in_(ids), {"unpublish_reason": None}),
        (PublicationVersion, PublicationVersion.publication_id.in_(publications),
         {"title": GONE, "question": GONE, "summary": None, "place": None, "correction_reason": None}),
        (Question, Question.case_id.in_(ids), {"words": GONE}),
        (Referral, Referral.case_id.in_(ids), {"body": GONE, "reason": GONE, "result": None}),
        (Refusal, Refusal.case_id.in_(ids), {"words": GONE, "decision_words": None}),
        (ReplyLink, _links(ids), {"asked": GONE, "findings": None, "actions": None, "remaining": None, "reason": None,
                                  "revoked_reason": None, "sealed_contact": None, "sealed_signed": None}),
        (Review, Review.publication_id.in_(publications), {"words": None}),
        (StepValue, StepValue.record_id.in_(_step_records(ids)), {"value": None, "shown_vi": None, "shown_en": None}),
        (Withdrawal, Withdrawal.case_id.in_(ids), {"decision_words": None}),
    ]  # fmt: skip


def _take_home(reports: Sequence[Report], cases: Sequence[Case]) -> None:
    """Move what the senders said in other cases into the first of these, so that nobody reads it there any more.

    Questions, withdrawal requests and additions change their case. Objections and reasons of verdicts are part of rows that stay: their
    words leave the row and become additions, sealed for the confidential reader.
    """
    ids, by_id = [case.id for case in cases], {report.id: report for report in reports}
    by_sender = {report.reporter_id: report for report in reports if report.reporter_id is not None}
    written = Addition.report_id.in_(by_id), Addition.case_id.not_in(ids)
    others = list(db.session.scalars(select(Addition.case_id).where(*written).distinct()))
    _apply([(table, table.report_id.in_(by_id) & table.case_id.not_in(ids), {"case_id": ids[0]}) for table in OF_A_REPORT])
    is_unread = exists().where(Addition.case_id == Case.id, Addition.read_at.is_(None))
    _apply([(Case, Case.id.in_(others), {"has_unread_words": is_unread})])
    objected = select(Refusal).where(Refusal.objected_by_id.in_(by_id), Refusal.case_id.not_in(ids))
    for refusal in db.session.scalars(objected):
        _keep_apart(by_id[refusal.objected_by_id or 0], objection_words(refusal), refusal.objected_at, ids[0])
        refusal.sealed_objection = None
    rated = select(Rating).where(Rating.reporter_id.in_(by_sender), Rating.publication_id.not_in(_publications(ids)))
    for rating in db.session.scalars(rated):
        _keep_apart(by_sender[rating.reporter_id], rating_reason(rating), rating.changed_at or rating.rated_at, ids[0])
        rating.sealed_reason = None
    db.session.flush()


def _keep_apart(report: Report, words: str | None, at: datetime | None, case_id: int) -> None:
    if words and at:
        sealed = seal_text(words, purpose=WORDS_PURPOSE)
        db.session.add(Addition(case_id=case_id, report_id=report.id, sealed_words=sealed, written_at=at))


def _texts_made_of(report_ids: list[int]) -> list[Change]:
    return [(ReportText, ReportText.report_id.in_(report_ids), {"body": None})]


def _led_to_or_from(ids: Collection[int]) -> CompoundSelect[int]:
    """The cases a sender of these came back with, or came back after."""
    after = select(CaseReport.case_id).join(MendedQuestion, MendedQuestion.new_report_id == CaseReport.report_id)
    before = select(MendedQuestion.case_id).join(CaseReport, CaseReport.report_id == MendedQuestion.new_report_id)
    return union(after.where(MendedQuestion.case_id.in_(ids)), before.where(CaseReport.case_id.in_(ids)))


def _publications(ids: Collection[int]) -> Select[int]:
    return select(Publication.id).where(Publication.case_id.in_(ids))


def _step_records(ids: Collection[int] | Select[int]) -> Select[int]:
    return select(StepRecord.id).where(StepRecord.case_id.in_(ids))


def _report_ids(case_ids: Collection[int] | Select[int]) -> Select[int]:
    elsewhere = aliased(CaseReport)
    is_elsewhere = exists().where(
        elsewhere.report_id == CaseReport.report_id, elsewhere.left_at.is_(None), elsewhere.case_id.not_in(case_ids)
    )
    return select(CaseReport.report_id).where(CaseReport.case_id.in_(case_ids), or_(CaseReport.left_at.is_(None), ~is_elsewhere))


def _photos(case_ids: Collection[int] | Select[int]) -> Select[int]:
    """Every photo of the cases: of reports, answers, notes, drawn steps and one-time links."""
    answers = select(Answer.id).join(Answer.assignment).where(Assignment.case_id.in_(case_ids))
    notes = select(Note.id).where(Note.case_id.in_(case_ids))
    fields = select(StepValue.id).where(StepValue.record_id.in_(_step_records(case_ids)))
    of_reports = Photo.report_id.in_(_report_ids(case_ids))
    links = select(ReplyLink.id).where(_links(case_ids))
    of_staff = (Photo.answer_id.in_(answers), Photo.note_id.in_(notes), Photo.step_value_id.in_(fields), Photo.reply_link_id.in_(links))
    return select(Photo.id).where(or_(of_reports, *of_staff))


def _links(case_ids: Collection[int] | Select[int]) -> ColumnElement[bool]:
    """The one-time links of the cases' referrals and of agencies' work in them."""
    referred = select(ReplyLink.id).join(Referral, Referral.id == ReplyLink.referral_id).where(Referral.case_id.in_(case_ids))
    assigned = select(ReplyLink.id).join(Assignment, Assignment.id == ReplyLink.assignment_id).where(Assignment.case_id.in_(case_ids))
    return ReplyLink.id.in_(union(referred, assigned))


def _recordings(case_ids: Collection[int] | Select[int]) -> Select[int]:
    """Every voice note and video of the cases, sent with their reports or added later."""
    return select(Recording.id).where(Recording.report_id.in_(_report_ids(case_ids)))


def _made_of_recordings(ids: list[int]) -> list[Change]:
    """Erase transcripts, and cancel copies still to be made. This comes before the files: a worker about to give a copy its row waits for
    these rows, and then finds that it may not."""
    mine = Recording.id.in_(_recordings(ids))
    transcript = {"transcript": None, "transcribed_by_id": None, "transcribed_at": None}
    return [(Recording, mine, transcript), (Recording, mine & Recording.prepared_at.is_(None), {"refused": "apart"})]


def _seal_place_away(report: Report) -> None:
    """Move everything that tells the location into the sealed place, for the confidential reader, and empty the open columns."""
    camera = db.session.get(Camera, report.camera_id) if report.camera_id else None
    point = point_of(report)
    position = f"{point.latitude}, {point.longitude}" if point is not None else None
    named = (row.name_vi for row in (report.area, camera) if row is not None)
    parts = (place_words(report), typed_village(report), *named, position)
    if words := "; ".join(part for part in parts if part):
        report.sealed_place = seal_text(words, purpose=PLACE_PURPOSE)
    forget_point(report)
    report.village = report.sealed_village = report.area_id = report.camera_id = report.field_id = None


def _drop_messages(cases: Collection[Case], reports: Sequence[Report], at: datetime) -> None:
    """Withdraw unsent messages, including notices on pages, and take the cases out of letters waiting for the morning.

    Messages to the reports' senders are withdrawn even where they are about another case.
    """
    ids, codes = [case.id for case in cases], {case.code for case in cases}
    waiting = OutboxMessage.sent_at.is_(None) & OutboxMessage.dropped_at.is_(None)
    to_senders = OutboxMessage.recipient.in_([f"reporter:{report.reporter_id}" for report in reports])
    of_them = OutboxMessage.case_id.in_(ids) | to_senders
    _apply([(OutboxMessage, of_them & waiting, {"dropped_at": at})])
    unsent = Delivery.sent_at.is_(None) & Delivery.dropped_at.is_(None)
    told_outside = Delivery.message_id.in_(select(OutboxMessage.id).where(of_them)) | (
        Delivery.message_id.is_(None) & Delivery.case_id.in_(ids)
    )
    _apply([(Delivery, told_outside & unsent, {"dropped_at": at, "given_up_at": None}), (Delivery, told_outside, {"last_error": None})])
    _apply([(OutboxMessage, of_them, {"parameters": {}, "last_error": None})])
    # no letter can have named a report before it was filed
    since = min([*(case.opened_at for case in cases), *(report.filed_at for report in reports)])
    for letter in _letters_naming(codes, since, waiting):
        left = [code for code in letter.parameters.get("codes", ()) if code not in codes]
        letter.parameters = {**letter.parameters, "codes": left}
        letter.dropped_at = None if left else at


def _letters_naming(codes: Collection[str], since: datetime, *which: ColumnElement[bool]) -> list[OutboxMessage]:
    """The morning letters since then with one of the codes, locked in the order in which writers lock them.

    The database finds them by an index of their own and compares the codes, so that an old or large installation loads no other letter.
    """
    written, ids = cast(OutboxMessage.parameters, Text), list[int]()
    for some in (sorted(codes)[start : start + CODES_TOGETHER] for start in range(0, len(codes), CODES_TOGETHER)):
        named = or_(*(written.contains(f'"{code}"', autoescape=True) for code in some))
        ids += db.session.scalars(select(OutboxMessage.id).where(LETTERS, OutboxMessage.due_at >= since, named, *which))
    if not ids:
        return []
    locked = select(OutboxMessage).where(OutboxMessage.id.in_(ids)).order_by(OutboxMessage.recipient, OutboxMessage.id)
    return list(db.session.scalars(locked.with_for_update().execution_options(populate_existing=True)))

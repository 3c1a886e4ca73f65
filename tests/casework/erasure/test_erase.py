"""After quarantine nothing readable tells the content but what is sealed; after the hand-over nothing does, with whatever key.

Every column of free text is marked, also those that come to be: a new one has to be erased, or named here with a reason.
"""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import JSON, Column, LargeBinary, String, delete, select, update
from sqlalchemy import event as sa_event

from casework.casefile.exchanges import dealings_seen
from casework.casefile.history import staff_steps
from casework.casefile.views import publications_of
from casework.cases import lock_case
from casework.db import METADATA, db, unit_of_work
from casework.doors.owners import TEMPLATE as OWNER_TOLD
from casework.erasure.erase import CODES_TOGETHER, _letters_naming
from casework.erasure.files import MOST_FAILURES, remove_erased_files
from casework.erasure.quarantine import HandOverInput, QuarantineInput, hand_over, original_photo, quarantine
from casework.erasure.reasons_to_look import erase_reasons_to_look
from casework.files.local import LocalFileStore, StorageUnreachable
from casework.intake.file_report import original_words, place_words
from casework.models import (
    Addition,
    BlockedSender,
    Case,
    Delivery,
    Directive,
    DoorRepeat,
    Draft,
    Extension,
    File,
    Follower,
    HandBack,
    HeldAct,
    Hold,
    HotlineCall,
    IncomingPackage,
    Letter,
    Note,
    OutboxMessage,
    OutgoingPackage,
    PackagePiece,
    Question,
    Rating,
    Recording,
    Referral,
    Refusal,
    RefusalReason,
    Reorganisation,
    ReorganisationChange,
    Report,
    StepRecord,
    StepValue,
    Withdrawal,
)
from casework.pausing.additions import clear_addition, write_to_centre
from casework.pausing.questions import answer_question, ask_reporter
from casework.pausing.withdrawals import withdraw_report
from casework.permissions import Action, Actor
from casework.privacy.identity import reveal_identity
from casework.publishing.ratings import rate, rating_reason, ratings_of, review_rating
from casework.sealing.seal import SealBroken, open_text, seal_text
from casework.triage.refusals import decide_objection, object_to_refusal, refuse
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from tests import build, service_accounts
from tests import merged as joined
from tests.casework.acting import guest_of, run
from tests.with_photos import pictured_case

MARK = "zqxkhogu"
PURPOSE = "canary"
NOW = build.NOON + timedelta(days=1)
LATER = NOW + timedelta(days=1)

NOT_OF_A_CASE = frozenset({
    "account", "agency", "agency_succession", "anchor", "area", "area_succession", "calendar_change", "calendar_day", "camera", "centre",
    "clock_rule", "code_counter", "deputy", "event_stream", "field", "idempotency_key", "letterhead", "login_session", "membership",
    "office_hours", "one_time_code", "process_version", "rate_counter", "refusal_reason", "reminder_rule", "text_template",
    "visibility_reason", "answer_template", "ready_text", "extra_question", "suggestion_rule", "consent_notice", "device",
    "hand_over_ticket", "host_app",
    "public_figures", "schema_promise",
    # what the law asks to be kept of the house; of reports their numbers alone
    "processing_activity", "breach", "breach_description", "breach_search", "breach_step", "breach_subject",
    # contacts of people who follow an area, sealed; which case took which step
    "area_subscription", "area_news",
    # settings, and who is told by which way; plans of a reorganisation: their journal is marked below
    "behalf_agreement", "complexity", "house_setting", "provisioned_person", "service_account", "service_key", "wallboard",
    "staged_import", "message_choice", "channel_fault", "push_subscription", "reorganisation", "reorganisation_step",
    # where other systems are called; what is told to them are refs and a code, and goes with a case that is set apart
    "webhook_course", "webhook_endpoint", "webhook_secret",
    # what the process keeps: names of steps, ids and flags, never what people wrote; values of drawn steps: workflows/test_forgetting
    "incident", "process_instance", "process_message", "process_timer", "step_fact", "waiting_task",
})  # fmt: skip
"""Tables that tell nothing of what a case is about."""

VOCABULARY = {
    "case": {"code"}, "report": {"code", "secret_digest", "client_key"}, "search_row": {"code"}, "blocked_sender": {"subject"},
    "recording": {"sha256", "staged_token", "refused"},
    "event": {"stream", "type", "payload_digest", "previous_hash", "hash"}, "photo": {"sha256", "staged_token"},
    "file": {"stored_name", "sha256", "media_type", "key_id"}, "outbox_message": {"recipient", "template", "dedupe_key"},
    "reporter": {"phone_digest", "email_digest"}, "draft": {"subject"}, "draft_photos": {"token"},
    "held_act": {"subject", "verb", "form_key"}, "door_repeat": {"key", "content_digest", "claim"},
    "reply_link": {"digest"}, "reply_address": {"digest"}, "incoming_letter": {"key", "content_digest"}, "assignment": {"approval_desk"},
    "clock": {"kind", "element"},
    "clock_pause": {"reason"}, "rating": {"about"},
    "delivery": {"recipient", "template", "dedupe_key", "lease", "gateway_ref"}, "reorganisation_change": {"table_name"},
    "webhook_delivery": {"message", "about", "type", "told", "body", "last_error"},
    # what stands behind its number, of a setting
    "letter": {"symbol"},
    # identifiers of bodies, names of documents, digests, names of the transport
    "incoming_package": {"sender", "receiver", "document", "sha256", "came_as"},
    "outgoing_package": {"sender", "receiver", "document", "sha256", "sent_as"},
    # labels of the model, the same for every case
    "step_record": {"element", "label_vi", "label_en", "outcome", "outcome_vi", "outcome_en"},
    "step_value": {"field", "label_vi", "label_en"},
}  # fmt: skip
"""Columns with words of the program's own, or digests, that are longer than SHORT."""

SHORT = 19
"""A column of fewer characters holds a word of the program, not of a person."""


OWN_PURPOSE = {("report", "sealed_place"), ("report", "sealed_point"), ("report", "sealed_village"), ("report_text", "sealed_body"),
               ("report_text", "sealed_answers"),
               ("photo", "sealed_name"), ("reporter", "sealed_identity"), ("recording", "sealed_name")}
"""Seals this test opens as the program does."""


def free_text() -> list[Column[str]]:
    """Every column somebody's words stand in."""
    return [
        column
        for table in METADATA.sorted_tables
        if table.name not in NOT_OF_A_CASE
        for column in table.columns
        if isinstance(column.type, String) and (column.type.length or 10_000) > SHORT
        and column.name not in VOCABULARY.get(table.name, ())
    ]  # fmt: skip


def sealed_columns() -> list[Column[bytes]]:
    """Every column with a sealed value."""
    tables = [table for table in METADATA.sorted_tables if table.name not in NOT_OF_A_CASE]
    return [column for table in tables for column in table.columns if isinstance(column.type, LargeBinary) and "sealed" in column.name]


def marked_case(world: build.World, files: Path) -> Case:
    """A case with a row in every table that can belong to one, all words in it marked, and another case merged into it."""
    filed = pictured_case(world, files, "rating")
    case = filed.case
    build.rate(world, case, level="dissatisfied")
    other = build.case_at(world, "handling", agencies=2, by="citizen_2", words=f"Ông {MARK} nhận tiền.")
    joined.merge(world, other, case, reason=MARK)
    for each in (case, other):
        add_rows(each, next(link.report_id for link in each.reports), world)
    mark_all()
    return case


def add_rows(case: Case, report_id: int, world: build.World) -> None:
    reason = db.session.scalars(select(RefusalReason.id)).first()
    service = service_accounts.made(world, Action.READ_CASE, name=f"Hệ thống {case.code}")[0].account_id
    with unit_of_work():                                     # what its owner is told is not about the case
        db.session.execute(delete(OutboxMessage).where(OutboxMessage.template == OWNER_TOLD))
    who, agency, now, given = 1, world.agencies["HKL"].id, build.NOON, case.assignments[0].id
    with unit_of_work():
        db.session.add_all([
            Addition(case_id=case.id, report_id=report_id, written_at=now),
            BlockedSender(kind="device", subject="1", centre_id=case.centre_id, report_id=report_id, reason="", blocked_by_id=who,
                          blocked_at=now, until=now),
            Recording(kind="voice", state="linked", report_id=report_id, sealed_name=seal_text(MARK, purpose="file name"), sha256="0" * 64,
                      uploaded_at=now, linked_at=now),
            Directive(case_id=case.id, body="", given_by_id=who, given_at=now),
            Hold(case_id=case.id, reason="", held_by_id=who, held_at=now, until_at=now),
            HotlineCall(case_id=case.id, called_by_id=who, called_at=now, number="", reached=True, what=""),
            Note(case_id=case.id, audience="centre", body="", written_by_id=who, written_at=now),
            Question(case_id=case.id, report_id=report_id, words="", asked_by_id=who, asked_at=now, due_at=now, when_unanswered="close"),
            Referral(case_id=case.id, body="", reason="", referred_by_id=who, referred_at=now),
            Refusal(case_id=case.id, reason_id=reason, words="", refused_by_id=who, refused_at=now, state_before="to_verify"),
            Withdrawal(case_id=case.id, report_id=report_id, requested_at=now),
            Extension(assignment_id=given, number=1, reason="", until_on=now.date(), requested_by_id=who, requested_at=now),
            HandBack(assignment_id=given, reason="", handed_back_by_id=who, handed_back_at=now, suggested_agency_id=agency),
            Draft(account_id=who, case_id=case.id, subject="verify", sealed_fields=b"", started_at=now, saved_at=now),
            HeldAct(account_id=who, case_id=case.id, subject="verify", verb="refuse", pressed_at=now, due_at=now),
            DoorRepeat(key=f"{case.id}", service_id=service, content_digest="", claim="", claimed_at=now, status=200, sealed_answer=b"",
                       case_id=case.id),
            Follower(case_id=case.id, account_id=who, since=now),
            StepRecord(case_id=case.id, element="legal_review", label_vi="Thẩm định", label_en="Review", done_by_id=who, done_at=now,
                       values=[StepValue(field="basis", type="choice", label_vi="Căn cứ", label_en="Basis")]),
            Letter(kind="apology", centre_id=case.centre_id, case_id=case.id, content={}, made_by_id=who, made_at=now),
            Letter(kind="transfer_slip", centre_id=case.centre_id, agency_id=agency, case_id=case.id, content={}, made_by_id=who,
                   made_at=now),
            Letter(kind="late_list", centre_id=case.centre_id, agency_id=agency, content={"codes": [case.code]}, made_by_id=who,
                   made_at=NOW),
        ])  # fmt: skip
        message = db.session.scalars(select(OutboxMessage).where(OutboxMessage.case_id == case.id)).first()
        assert message is not None
        db.session.add_all([
            Delivery(message_id=message.id, recipient=message.recipient, case_id=case.id, channel="sms", template=message.template,
                     dedupe_key=f"{case.code}:{attempts}", created_at=now, due_at=now, attempts=attempts, sent_at=now if attempts else None)
            for attempts in (0, 1)
        ])  # fmt: skip
        letter = db.session.scalars(select(Letter).where(Letter.case_id == case.id)).first()
        assert letter is not None
        came = IncomingPackage(centre_id=case.centre_id, case_id=case.id, business="new", sender="H36.20", receiver="H36.12", size=1,
                               document=case.code, sha256="", came_as="", came_at=now, sealed_told=b"", state="waiting")  # fmt: skip
        goes = OutgoingPackage(centre_id=case.centre_id, letter_id=letter.id, business="new", sender="H36.12", receiver="H36.20",
                               document=case.code, sealed_told=b"", asked_at=now, due_at=now)  # fmt: skip
        db.session.add_all([came, goes])
        db.session.flush()
        db.session.add_all([PackagePiece(incoming_id=came.id, number=0, sealed_bytes=b""),
                            PackagePiece(outgoing_id=goes.id, number=0, sealed_bytes=b"")])  # fmt: skip
        plan = Reorganisation(title="", source="", on=now.date(), created_at=now)
        db.session.add(plan)
        db.session.flush()
        for row in (case, db.session.get_one(Report, report_id), *case.assignments):
            db.session.add(ReorganisationChange(reorganisation_id=plan.id, table_name=row.__tablename__, row_key={"id": row.id}))


def mark_all() -> None:
    """Write the mark into every free text, and a sealed one into every seal but those this test opens by their own purpose."""
    with unit_of_work():
        for column in free_text():
            length = column.type.length or 40  # type: ignore[attr-defined]
            db.session.execute(update(column.table).values({column.name: f"{MARK} ven suoi"[:length]}))
        sealed = seal_text(MARK, purpose=PURPOSE)
        for column in sealed_columns():
            if (column.table.name, column.name) not in OWN_PURPOSE:
                db.session.execute(update(column.table).values({column.name: sealed}))
        db.session.execute(update(METADATA.tables["outbox_message"]).values(parameters={"words": MARK}, last_error=MARK))
        for letter in db.session.scalars(select(Letter)):
            row = {"code": code, "title": MARK} if (code := next(iter(letter.content.get("codes", ())), "")) else {}
            letter.content = {"rows": [row], "words": MARK} if row else {"reason": MARK, "title": MARK}
        for change in db.session.scalars(select(ReorganisationChange)):
            told = {name: str(value) for name, value in journalled_row(change).items() if value is not None}
            change.before, change.after = told, told
        db.session.add(OutboxMessage(
            recipient="desk:officer@a1", channel="page", template="reminder_letter", dedupe_key="letter:x", created_at=NOW, due_at=LATER,
            parameters={"codes": list(db.session.scalars(select(Case.code)))},
        ))  # fmt: skip


def journalled_row(change: ReorganisationChange) -> dict[str, object]:
    """The row a journal speaks of, as it is."""
    table = METADATA.tables[change.table_name]
    return dict(db.session.execute(select(table).where(table.c.id == change.row_key["id"])).mappings().one())


def emptied_but_journalled() -> set[tuple[str, str]]:
    """Columns of a row that are empty, and that a journal still tells."""
    return {(change.table_name, name) for change in db.session.scalars(select(ReorganisationChange))
            for name, value in journalled_row(change).items()
            if value is None and name in {**(change.before or {}), **(change.after or {})}}


def read_beside(case: Case, by: Actor) -> str:
    """All that a person reads beside the steps of a case, and the verdicts on its answers."""
    seen = dealings_seen(case, by)
    words = [text for question in seen.questions for text in (question.words, question.answer)]
    words += [text for addition in seen.additions for text in (addition.original, addition.cleared)]
    words += [text for refusal in seen.refusals for text in (refusal.objection, refusal.decision)]
    words += [text for wish in seen.withdrawals for text in (wish.reason, wish.decision)]
    words += [rating_reason(rating) for publication in publications_of(case) for rating in ratings_of(publication)]
    words += [step.words.vi for step in staff_steps(case, by=by)]
    return " ".join(text for text in words if text)


def look_at_identity(case: Case, world: build.World, name: str, now: datetime) -> None:
    """Leave words of staff in the history, whose rows only grow and cannot be marked."""
    actor = world.actor(name, now)
    with unit_of_work():
        locked = lock_case(case.id)
        reveal_identity(locked, locked.main_report, by=actor, reason=f"Gọi để hỏi về {MARK}.", now=now)


def readable() -> Iterator[str]:
    """Where the mark stands in the open, by table and row."""
    for table in METADATA.sorted_tables:
        for row in db.session.execute(select(table)):
            if MARK in " ".join(str(value) for column, value in zip(table.columns, row, strict=True) if not _is_bytes(column)):
                yield f"{table.name} {row[0]}"


def sealed_marks() -> Iterator[str]:
    """Where the mark stands behind a seal."""
    for column in sealed_columns():
        for value in db.session.scalars(select(column).where(column.is_not(None))):
            with suppress(SealBroken):
                if MARK in open_text(bytes(value), purpose=PURPOSE):
                    yield f"{column.table.name}.{column.name}"


def _is_bytes(column: Column[object]) -> bool:
    return isinstance(column.type, LargeBinary) and not isinstance(column.type, JSON)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def files(app: Flask) -> Path:
    """Where the application keeps its files: only there is a case with pictures remembered."""
    return Path(app.config["FILES"])


@pytest.mark.on_both
def test_every_text_and_every_byte_goes_in_two_steps(world: build.World, files: Path) -> None:
    store = LocalFileStore(files)
    case = marked_case(world, files)
    operator, reader = world.actor("operator", NOW), world.actor("confidential_reader", NOW)
    words = [original_words(link.report) for link in case.reports if link.left_at is None]
    everything = set(store.list_names())
    look_at_identity(case, world, "operator", NOW)
    assert "event" in {place.split()[0] for place in readable()}
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason=f"Tố cáo ông {MARK}."), by=operator, now=NOW)

    assert list(readable()) == []
    assert emptied_but_journalled() <= {("case", "published_at"), ("case", "state_before")}, "how far it was tells nothing of it"
    assert {letter.withdrawn_at for letter in db.session.scalars(select(Letter))} == {NOW}, "none of them is printed any more"
    db.session.expire_all()
    reports = [link.report for link in case.reports if link.left_at is None]
    assert [original_words(report) for report in reports] == words, "the confidential reader needs them"
    assert all("Xã Lát" in (place_words(report) or "") for report in reports)
    assert remove_erased_files(store, now=NOW) > 0
    left = set(store.list_names())
    assert left < everything
    sealed_refs = [photo.ref for photo in db.session.query(METADATA.tables["photo"]).all()]
    originals = [original_photo(ref, by=reader) for ref in sealed_refs]
    assert {file.stored_name for file in originals if file is not None} == left
    for file in originals:
        assert file is not None
        with store.open(file.stored_name, sealed=True) as opened:
            assert opened.read(3) == b"\xff\xd8\xff"
    db.session.rollback()

    look_at_identity(case, world, "confidential_reader", LATER)
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt="Biên bản 12/BB-TTĐH"), by=reader, now=LATER)
    assert list(readable()) == []
    assert list(sealed_marks()) == []
    db.session.expire_all()
    for report in db.session.scalars(select(Report)):
        assert (original_words(report), place_words(report)) == (None, None)
        assert report.reporter is not None
        assert (report.reporter.sealed_identity, report.reporter.account_id, report.reporter.phone_digest) == (None, None, None)
    assert [open_text(bytes(name), purpose="file name") for name in db.session.scalars(select(METADATA.tables["photo"].c.sealed_name))] == [
        "" for _ in sealed_refs
    ]
    assert {open_text(bytes(name), purpose="file name") for name in db.session.scalars(select(Recording.sealed_name))} == {""}
    remove_erased_files(store, now=LATER)
    assert list(store.list_names()) == []
    assert remove_erased_files(store, now=LATER) == 0
    assert [original_photo(ref, by=reader) for ref in sealed_refs] == [None for _ in sealed_refs]


class FailingStore(LocalFileStore):
    """Does not let go of some files, and counts what it is asked."""

    def __init__(self, root: Path, stuck: set[str]) -> None:
        super().__init__(root)
        self.stuck, self.asked = stuck, 0

    def exists(self, stored_name: str) -> bool:
        self.asked += 1
        return super().exists(stored_name)

    def delete(self, stored_name: str) -> None:
        if stored_name in self.stuck:
            raise StorageUnreachable
        super().delete(stored_name)


def test_a_file_that_cannot_be_removed_keeps_no_other_waiting_and_none_that_is_gone_is_asked_for_again(
    world: build.World, files: Path
) -> None:
    case = pictured_case(world, files, "rating").case
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=NOW)
    names = set(db.session.scalars(select(File.stored_name).where(File.erased_at.is_not(None))))
    stuck = min(names)
    store = FailingStore(files, {stuck})
    with pytest.raises(StorageUnreachable):
        remove_erased_files(store, now=NOW)
    assert ({name for name in names if store.exists(name)}, len(names) > 2) == ({stuck}, True)
    store.stuck, store.asked = set(), 0
    assert (remove_erased_files(store, now=NOW + timedelta(minutes=1)), store.asked) == (1, 1)
    assert (remove_erased_files(store, now=NOW + timedelta(minutes=2)), store.asked) == (0, 1)


def test_a_storage_that_is_away_is_not_asked_for_every_file(world: build.World, files: Path) -> None:
    case = pictured_case(world, files, "rating").case
    with unit_of_work():
        db.session.execute(update(File).values(erased_at=NOW))
    names = set(LocalFileStore(files).list_names())
    assert (len(names) > MOST_FAILURES, case.quarantined_at) == (True, None)
    store = FailingStore(files, names)
    with pytest.raises(StorageUnreachable):
        remove_erased_files(store, now=NOW)
    assert store.asked == MOST_FAILURES


def test_histories_stay_provable_and_rows_in_agreement(world: build.World, files: Path) -> None:
    case = pictured_case(world, files, "rating").case
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=NOW)
    assert [str(finding) for finding in [*check_chains(), *check_cases(now=NOW)]] == []
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt="Biên bản 12"), by=world.actor("confidential_reader", NOW), now=LATER)
    assert [str(finding) for finding in [*check_chains(), *check_cases(now=LATER)]] == []


@pytest.mark.on_both
def test_nothing_of_another_case_is_touched(world: build.World, files: Path) -> None:
    other = pictured_case(world, files, "rating", by="citizen_2").case
    case = build.case_at(world, "rating")
    tables = [table for table in METADATA.sorted_tables if "case_id" in table.columns]
    own = {table.name: select(table).where(table.c.case_id == other.id).order_by(*table.primary_key) for table in tables}
    of_other = {name: db.session.execute(query).all() for name, query in own.items()}
    words, stored = original_words(other.main_report), set(LocalFileStore(files).list_names())
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=NOW)
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt="Biên bản 12"), by=world.actor("confidential_reader", NOW), now=LATER)
    remove_erased_files(LocalFileStore(files), now=LATER)
    assert {name: db.session.execute(query).all() for name, query in own.items()} == of_other
    assert original_words(other.main_report) == words
    assert set(LocalFileStore(files).list_names()) == stored


def test_a_report_split_off_before_is_none_of_it(world: build.World) -> None:
    case, other = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    report = other.main_report
    joined.merge(world, other, case)
    joined.split(world, case, report)
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=NOW)
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt="Biên bản 12"), by=world.actor("confidential_reader", NOW), now=LATER)
    assert original_words(report) is not None
    assert report.reporter is not None
    assert report.reporter.sealed_identity is not None


def spoken_elsewhere(world: build.World) -> tuple[Case, Case]:
    """A case, and another that was merged into it and split off again: its sender was asked, objected and rated meanwhile."""
    main, case = build.case_at(world, "to_distribute"), build.file_report(world, by="citizen_2", words=f"Ông {MARK}.").case
    report = case.main_report
    sender, operator = guest_of(report), world.actor("operator")
    joined.merge(world, case, main)
    run(refuse, main, operator, reason=world.refusal_reason(), words="Chưa rõ nơi xảy ra.")
    run(object_to_refusal, main, sender, report=report, words=f"Ông {MARK} biết nơi đó.")
    run(decide_objection, main, world.actor("ops_lead"), upheld=True, words=f"Hỏi thêm về ông {MARK}.")
    run(ask_reporter, main, operator, report=report, words=f"Ông {MARK} là ai?", when_unanswered="continue")
    run(answer_question, main, sender, report=report, words=f"Ông {MARK} ở xã.")
    run(write_to_centre, main, sender, report=report, words=f"Ông {MARK} nhận tiền.")
    run(clear_addition, main, operator, words=f"Về ông {MARK}.")
    with unit_of_work():
        locked = lock_case(main.id)
        reason = f"Cần hỏi lại về ông {MARK}."
        reveal_identity(locked, db.session.get_one(Report, report.id), by=operator, reason=reason, now=build.NOON)
    build.advance(world, main, "rating")
    moment = build.next_moment(main)
    run(rate, main, sender, now=moment, report=report, level="dissatisfied", reason=f"Ông {MARK} vẫn còn đó.")
    run(review_rating, main, world.actor("ops_lead", moment), now=moment, outcome="explained", words=f"Việc của ông {MARK} là việc khác.")
    joined.split(world, main, report)
    return main, case


@pytest.mark.on_both
def test_what_its_sender_said_in_another_case_leaves_that_case(world: build.World) -> None:
    main, case = spoken_elsewhere(world)
    assert set(readable()) != set()
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason=f"Tố cáo ông {MARK}."), by=world.actor("operator", NOW), now=NOW)
    db.session.expire_all()
    assert list(readable()) == []
    operator, reader = world.actor("operator", NOW), world.actor("confidential_reader", NOW)
    assert MARK not in read_beside(main, operator)
    assert all(text in read_beside(case, reader) for text in ("biết nơi đó", "ở xã", "nhận tiền", "vẫn còn đó")), "they hand it over"
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt="Biên bản 12/BB-TTĐH"), by=reader, now=LATER)
    db.session.expire_all()
    assert MARK not in read_beside(main, operator) + read_beside(case, reader)
    sealed = [*db.session.scalars(select(Addition.sealed_words)), *db.session.scalars(select(Question.sealed_answer)),
              *db.session.scalars(select(Refusal.sealed_objection)), *db.session.scalars(select(Rating.sealed_reason))]  # fmt: skip
    assert set(sealed) == {None}
    assert [rating.level for rating in db.session.scalars(select(Rating))] == ["dissatisfied"], "verdicts are counted"
    assert [str(finding) for finding in [*check_chains(), *check_cases(now=LATER)]] == []


def test_what_a_withdrawn_sender_was_asked_leaves_the_case_that_goes_on(world: build.World) -> None:
    main, case = build.case_at(world, "handling"), build.file_report(world, by="citizen_2").case
    other = build.file_report(world, by="guest").case
    report, third = case.main_report, other.main_report
    joined.merge(world, other, case)
    joined.merge(world, case, main)
    run(ask_reporter, main, world.actor("operator"), report=report, words=f"Ông {MARK} là ai?", when_unanswered="continue")
    run(answer_question, main, guest_of(report), report=report, words=f"Ông {MARK} ở xã.")
    run(write_to_centre, main, guest_of(report), report=report, words=f"Ông {MARK} nhận tiền.")
    run(withdraw_report, main, guest_of(report), report=report, reason=f"Sợ ông {MARK}.")
    joined.split(world, main, third)
    assert main.has_unread_words
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=NOW)
    db.session.expire_all()
    assert MARK not in read_beside(main, world.actor("operator", NOW))
    assert not main.has_unread_words, "there is nothing left to read"
    assert list(readable()) == []


def test_no_message_to_its_sender_about_another_case_waits_any_longer(world: build.World) -> None:
    main, case = spoken_elsewhere(world)
    sender = f"reporter:{case.main_report.reporter_id}"
    about_main = select(OutboxMessage).where(OutboxMessage.recipient == sender, OutboxMessage.case_id == main.id)
    assert {row.dropped_at for row in db.session.scalars(about_main)} == {None}
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=NOW)
    db.session.expire_all()
    assert {(row.dropped_at, str(row.parameters)) for row in db.session.scalars(about_main)} == {(NOW, "{}")}
    others = select(OutboxMessage.dropped_at).where(OutboxMessage.case_id == main.id, OutboxMessage.recipient != sender)
    assert set(db.session.scalars(others)) == {None}


def test_a_report_withdrawn_from_the_case_goes_too(world: build.World) -> None:
    case, other = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    report = other.main_report
    joined.merge(world, other, case)
    with unit_of_work():
        next(link for link in lock_case(case.id).reports if link.report_id == report.id).left_at = NOW
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=NOW)
    with unit_of_work():
        hand_over(lock_case(case.id), HandOverInput(receipt="Biên bản 12"), by=world.actor("confidential_reader", NOW), now=LATER)
    assert original_words(report) is None


def test_a_letter_that_waits_for_the_morning_names_the_case_no_more(world: build.World) -> None:
    case, other = build.file_report(world).case, build.file_report(world, by="citizen_2").case
    both, alone = [case.code, other.code], [case.code]
    with unit_of_work():
        for number, codes in enumerate((both, alone)):
            db.session.add(OutboxMessage(
                recipient="desk:operator@c1", channel="page", template="reminder_letter", dedupe_key=f"letter:{number}", created_at=NOW,
                due_at=LATER, parameters={"codes": codes},
            ))  # fmt: skip
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=NOW)
    letters = list(db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "reminder_letter").order_by(OutboxMessage.id)))
    assert [(letter.parameters["codes"], letter.dropped_at is None) for letter in letters] == [([other.code], True), ([], False)]


def test_letters_of_mornings_that_are_over_name_the_case_no_more(world: build.World) -> None:
    case, much_later = build.file_report(world).case, NOW + timedelta(days=400)
    assert case.main_report.filed_at == NOW - timedelta(days=1)
    codes = [case.code, "LD-2020-000001"]
    with unit_of_work():
        for day in range(3):
            put_letter(f"letter:{day}", NOW - timedelta(days=day), codes)
    with unit_of_work():
        quarantine(lock_case(case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=much_later)
    query = select(OutboxMessage.parameters).where(OutboxMessage.template == "reminder_letter").order_by(OutboxMessage.id)
    assert [letter["codes"] for letter in db.session.scalars(query)] == [codes[1:], codes[1:], codes], "none is from before it was filed"


def test_a_code_is_found_among_many_and_not_within_another(world: build.World) -> None:
    codes = [f"LD-2026-{number:06d}" for number in range(CODES_TOGETHER * 2 + 1)]
    with unit_of_work():
        for number, code in enumerate(codes):
            put_letter(f"one:{number}", NOW, [f"{code}1", code])
        put_letter("longer", NOW, [f"{code}1" for code in codes])
        put_letter("wild", NOW, ["LD_2026_000000", "LD%"])
    with unit_of_work():
        assert len(_letters_naming(codes, NOW)) == len(codes)
        assert len(_letters_naming(codes[-1:], NOW)) == 1
        assert _letters_naming(codes, NOW + timedelta(seconds=1)) == []


@pytest.mark.usefixtures("world")
def test_letters_are_found_by_their_own_index_however_many_messages_there_are() -> None:
    with unit_of_work():
        for number in range(300):
            put_letter(f"letter:{number}", NOW - timedelta(days=number), ["LD-2026-000001"])
            put_letter(f"other:{number}", NOW, ["LD-2026-000001"], template="work_ended")
        db.session.flush()
        with statements_sent() as statements:
            found = _letters_naming(["LD-2026-000001"], NOW)
        assert ([letter.dedupe_key for letter in found], len(statements)) == (["letter:0"], 2)
        assert "ix_outbox_letter" in plan_of(*statements[0])


def test_why_a_sender_was_looked_at_is_found_by_the_cases_alone(world: build.World) -> None:
    filed = build.file_report(world)
    with unit_of_work():
        with statements_sent() as statements:
            erase_reasons_to_look([db.session.merge(filed.report)], at=NOW, cases=[filed.case.id])
        [looked] = [each for each in statements if "FROM event" in each[0] and "payload" in each[0]]
        assert "ix_event_case" in plan_of(*looked)


@contextmanager
def statements_sent() -> Iterator[list[tuple[str, Any]]]:
    """What is sent meanwhile, each with its values."""
    statements: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, given: object, *_: object) -> None:
        statements.append((statement, given))

    sa_event.listen(db.engine, "before_cursor_execute", note)
    try:
        yield statements
    finally:
        sa_event.remove(db.engine, "before_cursor_execute", note)


def plan_of(statement: str, given: Any) -> str:
    """How the database would answer, if it reads a whole table only where no index helps."""
    cursor = db.session.connection().connection.cursor()
    if db.engine.dialect.name != "sqlite":
        cursor.execute("SET LOCAL enable_seqscan = off")
    cursor.execute(("EXPLAIN QUERY PLAN " if db.engine.dialect.name == "sqlite" else "EXPLAIN ") + statement, given)
    return "\n".join(map(str, cursor.fetchall()))


def put_letter(key: str, due: datetime, codes: list[str], *, template: str = "reminder_letter") -> None:
    db.session.add(OutboxMessage(
        recipient="desk:operator@c1", channel="page", template=template, dedupe_key=key, created_at=due, due_at=due,
        parameters={"codes": codes},
    ))  # fmt: skip


def test_a_photo_opens_for_confidential_readers_alone(world: build.World, files: Path) -> None:
    filed = pictured_case(world, files, "to_classify")
    [ref] = [row.ref for row in db.session.query(METADATA.tables["photo"]).all()]
    assert original_photo(ref, by=world.actor("confidential_reader", NOW)) is None
    with unit_of_work():
        quarantine(lock_case(filed.case.id), QuarantineInput(reason="Tố cáo."), by=world.actor("operator", NOW), now=NOW)
    for name in ("operator", "ops_lead", "citizen", "guest", "administrator", "officer_PTNMT"):
        assert original_photo(ref, by=world.actor(name, NOW)) is None
    assert original_photo(ref, by=world.actor("confidential_reader", NOW)) is not None

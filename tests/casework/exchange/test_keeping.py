"""What goes out and what came in: kept once, sealed, in order, answered, forgotten when it has to be."""

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select, update

from casework.db import db, unit_of_work
from casework.documents.numbering import strike_number
from casework.exchange import Business, DocumentId, DocumentType, Organ, Package, PackageRefused, Status, write
from casework.exchange.bodies import bodies_of, centres_by_id, type_of
from casework.exchange.forgetting import forget_refused
from casework.exchange.incoming import KEPT_REFUSED
from casework.exchange.outgoing import (
    LEASE,
    MISFIT,
    TRANSPORT,
    NotExchanged,
    claim_outgoing,
    compose,
    document_of,
    keep_composed,
    keep_unsent,
)
from casework.exchange.pieces import PIECE, bytes_of, told_of
from casework.models import Case, DocumentNumber, Letter, PackagePiece
from casework.parsing import ValueRefused
from casework.setting_values import VALUES
from tests import build
from tests.casework.exchange.house import (
    BODY,
    NOW,
    all_incoming,
    all_outgoing,
    answer_to,
    come,
    letter_of,
    numbered_slip,
    outgoing,
    queued,
    send_next,
    settled,
    status_of,
)
from tests.casework.exchange.samples import OTHER, OURS, PDF, element, package, raw, swapped
from tests.second_centre import second_world

LATER = NOW + timedelta(hours=1)


@pytest.fixture
def world(app: Flask) -> build.World:
    return settled(build.standard_world())


@pytest.fixture
def letter(app: Flask, world: build.World) -> Letter:
    return numbered_slip(app, world, build.case_at(world, "handling"))


def pieces() -> int:
    return db.session.scalar(select(func.count()).select_from(PackagePiece)) or 0


def test_a_letter_goes_out_with_its_number_and_file_and_nothing_of_a_reporter(app: Flask, world: build.World, letter: Letter) -> None:
    row = queued(world, letter)
    sent = send_next(app)
    assert isinstance(sent, Package)
    assert (str(sent.document), sent.number, sent.notation) == (row.document, "01", "PC-TTĐH")
    assert row.document == f"{OURS},2026/03/03,01/PC-TTĐH"
    assert [(file.name, file.content) for file in sent.attachments] == [("01-PC-TTĐH.pdf", PDF)]
    code = db.session.scalar(select(Case.code))
    assert (sent.subject, sent.sender.id, sent.receivers, sent.type.type) == (f"Phiếu chuyển {code}", OURS, (BODY,), "18")
    assert (sent.business, sent.signer.full_name, sent.place) == (Business.NEW, "Lê Văn Ký", "Lạc Dương")
    row = outgoing(row.ref)
    assert (row.due_at, row.sent_as, row.sent_at, pieces()) == (None, f"{row.ref}.edxml", NOW, 0)
    assert send_next(app) is None


def test_a_letter_goes_to_a_body_once(world: build.World, letter: Letter) -> None:
    queued(world, letter)
    with pytest.raises(NotExchanged):
        queued(world, letter)
    queued(world, letter, receiver=Organ("H36.31", "Điện lực"))
    assert len(all_outgoing()) == 2


def test_a_worker_cut_off_sends_the_same_bytes_under_the_same_name(app: Flask, world: build.World, letter: Letter) -> None:
    queued(world, letter)
    found = []
    for now in (NOW, NOW + LEASE):
        with unit_of_work():
            claimed = claim_outgoing(now=now)
            assert claimed is not None
        made = compose(claimed, store=app.extensions["file_store"])
        with unit_of_work():
            found.append((claimed.name, keep_composed(claimed, made)))
        with unit_of_work():
            assert claim_outgoing(now=now + timedelta(seconds=1)) is None, "another worker leaves it alone for a while"
            db.session.execute(update(Letter).values(content={"head": {"place": "Changed meanwhile"}}))
    assert found[0] == found[1]


def test_what_could_not_be_sent_waits_with_its_reason(app: Flask, world: build.World, letter: Letter) -> None:
    row, waits = queued(world, letter), []
    now = NOW
    for _ in range(9):
        with unit_of_work():
            claimed = claim_outgoing(now=now)
            assert claimed is not None
            keep_unsent(claimed, TRANSPORT, now=now)
        due = outgoing(row.ref).due_at
        assert due is not None
        waits.append((due - now) // timedelta(minutes=1))
        now = due
    assert (waits, outgoing(row.ref).last_error) == ([1, 2, 4, 8, 16, 32, 60, 60, 60], "transport")
    with unit_of_work():
        claimed = claim_outgoing(now=now)
        assert claimed is not None
        keep_unsent(claimed, MISFIT, now=now)
    assert outgoing(row.ref).due_at is None


def test_a_letter_taken_back_before_it_left_does_not_leave(app: Flask, world: build.World, letter: Letter) -> None:
    row = queued(world, letter)
    with unit_of_work():
        number = db.session.scalars(select(DocumentNumber)).one()
        strike_number(number, reason="Nhầm", by=world.actor("records_clerk"), now=NOW)
    assert send_next(app) is None
    assert outgoing(row.ref).dropped_at == NOW


def test_nothing_overtakes_what_waits_about_the_same_document(app: Flask, world: build.World, letter: Letter) -> None:
    queued(world, letter)
    queued(world, letter, business="taken_back", reason="Gửi nhầm", now=NOW - timedelta(hours=1))
    first, second = send_next(app), send_next(app)
    assert isinstance(first, Package)
    assert isinstance(second, Package)
    assert (first.business, second.business, second.reason) == (Business.NEW, Business.TAKEN_BACK, "Gửi nhầm")
    assert [answered.document for answered in second.answers] == [first.document]


def test_a_letter_that_replaces_another_names_it(app: Flask, world: build.World, letter: Letter) -> None:
    old = document_of(letter)
    queued(world, numbered_slip(app, world), business="replaces", reason="Sai ngày", replaced=old)
    sent = send_next(app)
    assert isinstance(sent, Package)
    assert (sent.business, sent.replaces[0].document, sent.answers[0].document) == (Business.REPLACES, old, old)


@pytest.mark.parametrize("spoil", ["no identifier", "no number", "of an agency"])
def test_only_numbered_letters_of_a_centre_with_an_identifier_go_out(app: Flask, world: build.World, letter: Letter, spoil: str) -> None:
    if spoil == "no identifier":
        other = second_world(world)
        with unit_of_work():
            db.session.execute(update(Letter).values(centre_id=other.centre.id))
    elif spoil == "no number":
        with unit_of_work():
            db.session.execute(update(Letter).values(withdrawn_at=NOW))
    else:
        with unit_of_work():
            db.session.execute(update(Letter).values(kind="answer", agency_id=world.agencies["HKL"].id))
    with pytest.raises(NotExchanged):
        queued(world, letter_of(letter.ref))


def test_statuses_are_told_at_the_letter_the_latest_said_last(world: build.World, letter: Letter) -> None:
    row = queued(world, letter)
    for code, minutes in (("01", 1), ("05", 30), ("03", 10)):
        come(write(status_of(row, code, at=NOW + timedelta(minutes=minutes), words=f"w{code}")), now=LATER)
    row = outgoing(row.ref)
    assert (row.told_code, told_of(row)["words"], told_of(row)["name"]) == ("05", "w05", "Sở Xây dựng")
    come(write(status_of(row, "06", at=NOW + timedelta(days=400))), now=LATER)
    come(write(status_of(row, "02", at=LATER + timedelta(minutes=1))), now=LATER + timedelta(minutes=2))
    assert outgoing(row.ref).told_code == "02", "a clock that is ahead keeps nothing away for ever"
    assert [each.state for each in all_incoming()] == ["kept"] * 5
    assert [each.business for each in all_outgoing()] == ["new"], "a status is never answered"


def test_a_status_of_somebody_else_changes_nothing(world: build.World, letter: Letter) -> None:
    row = queued(world, letter)
    (kept,) = come(write(status_of(row, "06", sender="H36.66")))
    assert (kept.state, kept.refused_for, kept.centre_id) == ("refused", "unknown", None)
    assert (outgoing(row.ref).told_code, len(all_outgoing())) == (None, 1)


def test_what_is_agreed_to_is_told_at_the_taking_back(app: Flask, world: build.World, letter: Letter) -> None:
    first = queued(world, letter)
    second = queued(world, letter, business="taken_back", reason="Nhầm")
    come(write(status_of(first, "01")))
    come(write(status_of(first, "15")))
    assert (outgoing(first.ref).told_code, outgoing(second.ref).told_code) == ("01", "15")


def test_a_document_is_kept_sealed_as_it_came_and_answered_01(app: Flask, world: build.World, letter: Letter) -> None:
    row = queued(world, letter)
    send_next(app)
    held = write(answer_to(row))
    (kept,) = come(held)
    assert (kept.state, kept.case_id, kept.letter_id, kept.centre_id) == ("waiting", row.case_id, row.letter_id, world.centre.id)
    assert bytes_of(kept) == held
    assert not any(b"edXML" in bytes(piece) for piece in db.session.scalars(select(PackagePiece.sealed_bytes)))
    told = told_of(kept)
    assert (told["subject"], told["files"][0]["name"]) == ("Về ổ gà <sâu> & nước đọng", "tra-loi.pdf")
    said = send_next(app)
    assert isinstance(said, Status)
    assert (said.code, str(said.answers.document), said.sender.id) == ("01", kept.document, OURS)
    assert send_next(app) is None


def test_a_package_that_comes_again_is_there_once_and_answered_once(world: build.World) -> None:
    held = raw()
    assert (len(come(held)), come(held), come(held, now=LATER)) == (1, [], [])
    assert (len(all_incoming()), len(all_outgoing())) == (1, 1)
    assert len(come(raw(content="Bản khác"))) == 1, "the same document with other bytes is another package"


def test_a_document_to_two_centres_waits_at_both(world: build.World) -> None:
    other = settled(second_world(world), exchange_id="H36.13")
    rows = come(raw(receivers=(Organ(OURS), Organ("H36.13"), Organ("000.00.12.H36"))))
    assert [(row.centre_id, row.receiver) for row in rows] == [(world.centre.id, OURS), (other.centre.id, "H36.13")]
    assert [row.sender for row in all_outgoing()] == [OURS, "H36.13"]


@pytest.mark.parametrize("by", ["its name", "its number", "nothing"])
def test_the_case_is_proposed_by_what_the_document_answers(world: build.World, letter: Letter, by: str) -> None:
    row = queued(world, letter)
    (answered,) = answer_to(row).answers
    answers = {"its name": (answered,), "its number": (replace(answered, document=None),), "nothing": ()}[by]
    (kept,) = come(raw(answers=answers))
    assert kept.case_id == (None if by == "nothing" else row.case_id)


def test_no_case_of_another_centre_or_set_apart_is_proposed(app: Flask, world: build.World, letter: Letter) -> None:
    settled(second_world(world), exchange_id="H36.13")
    row = queued(world, letter)
    (elsewhere,) = come(write(answer_to(row, receivers=(Organ("H36.13"),))))
    assert elsewhere.case_id is None
    with unit_of_work():
        db.session.execute(update(Case).values(quarantined_at=NOW))
    (apart,) = come(write(answer_to(row)))
    assert (apart.case_id, apart.letter_id) == (None, None)


def test_what_takes_an_earlier_document_back_is_proposed_to_its_case(world: build.World, letter: Letter) -> None:
    row = queued(world, letter)
    come(write(answer_to(row)))
    named = DocumentId.parse(f"{OTHER},2026/12/03,17/TB-TTĐH")
    assert named is not None
    back = package(business=Business.TAKEN_BACK, answers=(replace(answer_to(row).answers[0], document=named),), attachments=())
    (kept,) = come(write(back))
    assert (kept.business, kept.case_id, kept.letter_id) == ("taken_back", row.case_id, None)
    unknown = replace(back, answers=(replace(back.answers[0], document=DocumentId(OTHER, named.day, "99/X")),))
    (alone,) = come(write(unknown))
    assert (alone.state, alone.case_id) == ("waiting", None)


def test_a_refused_document_is_kept_thirty_days_and_its_sender_told_why(app: Flask, world: build.World) -> None:
    held = swapped(element("BussinessDocType", "0"), element("BussinessDocType", "9"))
    (kept,) = come(held)
    assert (kept.state, kept.refused_for, kept.business, kept.sender) == ("refused", "business", "unread", OTHER)
    said = send_next(app)
    assert isinstance(said, Status)
    assert (said.code, said.description) == ("02", "BussinessDocType phải là 0, 1, 2 hoặc 3.")
    assert bytes_of(kept) == held
    with unit_of_work():
        assert forget_refused(NOW + KEPT_REFUSED - timedelta(seconds=1)) == 0
        assert forget_refused(NOW + KEPT_REFUSED) == 1
    (kept,) = all_incoming()
    assert (kept.sealed_told, kept.forget_at, pieces()) == (None, None, 0)
    assert come(held, now=NOW + KEPT_REFUSED) == [], "it is still known"


@pytest.mark.parametrize("held", [b"", b"no xml", raw().replace(b"QCVN_102_2016", b"other"), raw(receivers=(Organ("H36.99"),))])
def test_what_names_no_sender_or_no_centre_of_ours_is_kept_and_not_answered(world: build.World, held: bytes) -> None:
    (kept,) = come(held)
    assert (kept.state, kept.centre_id) == ("refused", None)
    assert all_outgoing() == []


def test_a_file_with_malware_is_refused_and_said_so(app: Flask, world: build.World) -> None:
    def finds(_content: bytes, name: str) -> None:
        raise PackageRefused("infected", name)

    (kept,) = come(raw(), scan=finds)
    said = send_next(app)
    assert isinstance(said, Status)
    assert (kept.refused_for, said.code, said.description) == ("infected", "02", "Tệp “tra-loi.pdf” có mã độc.")


def test_a_large_package_is_kept_in_pieces(world: build.World) -> None:
    held = raw().replace(b"<!--", b"") + b"\n" * (PIECE * 2)
    (kept,) = come(held)
    assert (bytes_of(kept), db.session.scalar(select(func.count()).where(PackagePiece.incoming_id == kept.id))) == (held, 3)


def test_the_settings_say_who_is_reached_and_how_types_are_told(world: build.World) -> None:
    assert centres_by_id() == {OURS: world.centre.id, "000.00.12.H36": world.centre.id}
    assert [(organ.id, organ.name) for organ in bodies_of(world.centre.id)] == [(OTHER, "Sở Xây dựng"), ("H36.31", "Điện lực")]
    settled(second := second_world(world), exchange_types="1/18 transfer_slip=1/28")
    told = [type_of(kind, second.centre.id, "x") for kind in ("answer", "transfer_slip")]
    assert told == [DocumentType("1", "18", "x"), DocumentType("1", "28", "x")]
    assert bodies_of(0) == []


@pytest.mark.parametrize(("key", "typed", "kept"), [
    ("exchange_id", " H36.12.04  000.00.12.H36 ", "H36.12.04 000.00.12.H36"), ("exchange_id", "", ""), ("exchange_id", "H36,12", None),
    ("exchange_id", "a b c d e f", None),
    ("exchange_bodies", "H36.20  Sở   Xây dựng ;H36.31 Điện lực;", "H36.20 Sở Xây dựng; H36.31 Điện lực"),
    ("exchange_bodies", "H36.20", None), ("exchange_bodies", "H36.20 A; H36.20 B", None), ("exchange_bodies", "", ""),
    ("exchange_types", "18/0", "18/0"), ("exchange_types", "18", None), ("exchange_types", "18/0 answer=2/0", "18/0 answer=2/0"),
])  # fmt: skip
def test_settings_are_read_strictly(key: str, typed: str, kept: str | None) -> None:
    if kept is None:
        with pytest.raises(ValueRefused):
            VALUES[key].read(typed)
    else:
        assert VALUES[key].read(typed) == kept

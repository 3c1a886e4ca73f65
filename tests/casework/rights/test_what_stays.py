"""What an erasure leaves: shown to whoever decides it, with what may say who the person is, and cleared there."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select, update

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.doors.links.answering import LinkAnswer, answer_link
from casework.intake.file_report import VILLAGE_PURPOSE, Filed
from casework.models import Answer, Case, DataRequest, Event, Note, Output, Publication, ReplyLink, SearchRow
from casework.notes.notes import write_note
from casework.outputs import order_output
from casework.permissions import NotAllowed
from casework.privacy.identity import Contact
from casework.rights.deciding import carry_out, look_at_request
from casework.rights.lists import reports_beside
from casework.rights.requests import ERASURE, lock_request, person_of, request_data
from casework.rights.what_stays import LOOK_LASTS, RedactionRefused, RemainingText, redact, what_stays
from casework.sealing.seal import seal_text
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from tests import build, links, tampering
from tests.second_centre import second_world

NOW = build.NOON + timedelta(hours=4)
NAME = "Nguyễn Thị Thử"
WHY = "Xem trước khi xóa dữ liệu."


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def note(world: build.World, case: Case, words: str, *, by: str = "operator", audience: str = "centre") -> int:
    with unit_of_work():
        return write_note(lock_case(case.id), by=world.actor(by), now=NOW, audience=audience, words=words).id or 0


def asked(world: build.World, by: str = "citizen") -> DataRequest:
    with unit_of_work():
        actor = world.actor(by)
        ref = request_data(ERASURE, person=person_of(actor), by=actor, now=NOW).ref
    return db.session.scalars(select(DataRequest).where(DataRequest.ref == ref)).one()


def titled(world: build.World, title: str, state: str) -> Case:
    case = build.file_report(world).case
    build.do(world, case, "verify", "operator", title=title, cleared=[build.cleared(link.report) for link in case.reports])
    return build.advance(world, case, state)


def look(world: build.World, row: DataRequest, by: str = "ops_lead") -> None:
    with unit_of_work():
        look_at_request(lock_request(row.id), by=world.actor(by), now=NOW, reason=WHY)


def stays(world: build.World, row: DataRequest, by: str = "ops_lead") -> list[RemainingText]:
    db.session.expire_all()
    return list(what_stays(db.session.get_one(DataRequest, row.id), by=world.actor(by), now=NOW).texts)


def clear(world: build.World, row: DataRequest, kept: RemainingText, *stretches: str, words: str = "") -> None:
    with unit_of_work():
        redact(row.id, kept.key, kept.version, by=world.actor("ops_lead"), now=NOW, stretches=stretches, words=words)
    db.session.expire_all()


def of(texts: list[RemainingText], key: str) -> RemainingText:
    return next(each for each in texts if each.key.startswith(key))


def own(kept: RemainingText) -> list[str]:
    return [each.words for each in kept.stretches if each.is_own]


def test_a_note_that_names_the_sender_is_shown_with_its_places_and_cleared_there(world: build.World) -> None:
    case = build.case_at(world, "handling")
    number = note(world, case, "Đã gọi chị nguyen thi thu, 0912 345 678. Anh Lê Văn Hùng hàng xóm cũng biết. Biệt danh: Tèo.")
    note(world, case, "Đường trơn, nhớ mang biển báo.")
    row = asked(world)
    with pytest.raises(RedactionRefused, match="reason for looking"):
        what_stays(row, by=world.actor("ops_lead"), now=NOW)
    look(world, row)
    [kept] = [each for each in stays(world, row) if each.key.startswith("note")]
    assert own(kept) == ["nguyen thi thu", "0912 345 678"]
    assert [(each.words, each.is_weak) for each in kept.stretches if not each.is_own] == [("Lê Văn Hùng", True)]
    clear(world, row, kept, *own(kept), words="Tèo")
    assert db.session.get_one(Note, number).body == (
        "Đã gọi chị [tên người gửi], [số điện thoại]. Anh Lê Văn Hùng hàng xóm cũng biết. Biệt danh: […]."
    )
    event = db.session.scalars(select(Event).where(Event.type == "redact_text")).one()
    assert (event.actor_id, event.payload) == (
        world.people["ops_lead"].id, {"what": "note.body", "request": row.ref, "title": db.session.get_one(Case, case.id).title})
    assert [*check_chains(), *check_cases(now=NOW)] == []


def test_what_is_not_chosen_changed_meanwhile_or_not_there_is_refused_and_nothing_is_lost(world: build.World) -> None:
    case = build.case_at(world, "handling")
    number = note(world, case, f"Chị {NAME} gọi lại.")
    row = asked(world)
    look(world, row)
    kept = of(stays(world, row), "note")
    for chosen, words, why in (((), "", "choose what"), ((), "không có từ này", "do not stand"), (("Chị",), "", "choose what")):
        with pytest.raises(RedactionRefused, match=why):
            clear(world, row, kept, *chosen, words=words)
    tampering.run(update(Note).where(Note.id == number).values(body=f"Chị {NAME} đã gọi lại hai lần."))
    with pytest.raises(RedactionRefused, match="changed or is gone"):
        clear(world, row, kept, NAME)
    assert db.session.scalars(select(Event).where(Event.type == "redact_text")).all() == []
    with pytest.raises(NotAllowed):
        what_stays(row, by=world.actor("operator"), now=NOW)
    with pytest.raises(RedactionRefused, match="reason for looking"):
        what_stays(row, by=world.actor("ops_lead"), now=NOW + LOOK_LASTS)


def test_a_title_cleared_leaves_events_search_and_files_too(world: build.World) -> None:
    case = titled(world, f"Nhà {NAME} bị ngập", "to_classify")
    with unit_of_work():
        output = order_output("cases", "csv", {}, by=world.actor("ops_lead"), now=NOW, centre_id=world.centre.id)
        output.state, output.ended_at, ref = "ready", NOW, output.ref
    row = asked(world)
    look(world, row)
    kept = of(stays(world, row), "case")
    clear(world, row, kept, *own(kept))
    assert db.session.get_one(Case, case.id).title == "Nhà [tên người gửi] bị ngập"
    held = [str(event.payload) for event in db.session.scalars(select(Event))]
    held += [f"{each.words} {each.exact_words}" for each in db.session.scalars(select(SearchRow))]
    assert not [each for each in held if "Thị Thử" in each or "thi thu" in each]
    assert db.session.scalars(select(Output.state).where(Output.ref == ref)).one() == "expired"
    assert [*check_chains(), *check_cases(now=NOW)] == []
    tampering.run(update(Case).where(Case.id == case.id).values(title="Khác"))
    assert [each.check for each in check_cases(now=NOW)] == ["case.title"]


def test_neutral_words_never_make_a_text_too_long_for_its_row(world: build.World) -> None:
    case = build.case_at(world, "handling")
    phone = "0912345678"
    tampering.run(update(Case).where(Case.id == case.id).values(place=(f"{phone}, " * 30)[:300]))
    row = asked(world)
    look(world, row)
    clear(world, row, of(stays(world, row), f"case.{case.id}.place"), phone)
    place = db.session.get_one(Case, case.id).place or ""
    assert (len(place), phone in place) == (300, False)


@pytest.mark.parametrize("is_sealed", [True, False])
def test_a_village_only_the_sender_had_typed_is_shown_and_goes_after_a_merge_too(world: build.World, is_sealed: bool) -> None:
    first = build.case_at(world, "to_classify")
    into = build.case_at(world, "handling", by="citizen_2", words="Rác ở cầu, nhiều ngày rồi.")
    build.act(world, first, "merge", "operator", into=into)
    main = db.session.get_one(Case, into.id)
    report = db.session.get_one(Case, first.id).reports[0].report
    with unit_of_work():
        main.village = "xóm nhà tôi sau chùa"
        if is_sealed:
            report.village, report.sealed_village = None, seal_text(main.village, purpose=VILLAGE_PURPOSE)
        else:
            report.village = main.village
    row = asked(world)
    look(world, row)
    kept = of(stays(world, row), f"case.{into.id}.village")
    clear(world, row, kept, *own(kept))
    assert db.session.get_one(Case, into.id).village is None
    assert not [each for each in db.session.scalars(select(SearchRow)) if "sau chùa" in each.exact_words]


def test_what_people_read_now_is_corrected_and_its_older_version_cleared_then(world: build.World) -> None:
    case = build.case_at(world, "rating")
    tampering.run("UPDATE publication_version SET question = :words", words=f"Chị {NAME} phản ánh rác ven suối.")
    row = asked(world)
    look(world, row)
    kept = of(stays(world, row), "publication_version")
    assert (kept.publication is not None, kept.is_public) == (True, True)
    with pytest.raises(RedactionRefused, match="correct the publication"):
        clear(world, row, kept, *own(kept))
    publication = db.session.scalars(select(Publication)).one()
    build.act(world, db.session.get_one(Case, case.id), "correct_publication", "operator", publication=publication, version_seen=1,
              title="Rác ven suối", question="Rác ven suối.", reason="Bỏ tên người.", checked=True)  # fmt: skip
    kept = of(stays(world, row), "publication_version")
    assert kept.publication is None
    clear(world, row, kept, *own(kept))
    assert not [each for each in stays(world, row) if each.key.startswith("publication_version")]


def test_of_an_answer_people_read_nothing_goes_but_what_is_marked(world: build.World) -> None:
    build.case_at(world, "rating")
    said = f"Đã phạt công ty Một 5 triệu đồng, theo lời {NAME}."
    tampering.run("UPDATE answer SET findings = :words", words=said)
    row = asked(world)
    look(world, row)
    kept = of(stays(world, row), "answer")
    assert (kept.is_public, kept.takes_words) == (True, False)
    with pytest.raises(RedactionRefused, match="take the publication back"):
        clear(world, row, kept, words="phạt công ty Một 5 triệu đồng")
    clear(world, row, kept, *own(kept))
    found = db.session.scalars(select(Answer.findings)).one()
    assert found.startswith("Đã phạt công ty Một 5 triệu đồng, theo lời ")
    assert NAME not in found


def test_words_of_others_stay_theirs_and_those_not_to_be_read_are_not_shown(world: build.World) -> None:
    case = build.case_at(world, "handling", words="Tôi tên là Nguyễn Thị Thử, rác nhiều.")
    other = build.case_at(world, "to_classify", by="citizen_2", words="Rác ở cầu.")
    tampering.run("UPDATE report_text SET body = :words WHERE kind = 'cleared'", words="Người gửi: Phạm Văn Khác, số nhà 12.")
    build.act(world, other, "merge", "operator", into=db.session.get_one(Case, case.id))
    number = note(world, case, f"Nội bộ: bà {NAME} là chị họ của Trưởng phòng.", by="officer_PTNMT", audience="agency")
    row = asked(world)
    look(world, row)
    texts = stays(world, row)
    assert len([each for each in texts if each.key.startswith("report_text")]) == 1, "the person's own report alone"
    kept = of(texts, "note")
    assert (kept.pieces, kept.stretches) == (None, ())
    clear(world, row, kept, words="Trưởng phòng")
    assert db.session.get_one(Note, number).body == "Nội bộ: bà [tên người gửi] là chị họ của Trưởng phòng."


def test_a_case_under_its_own_procedure_and_one_of_another_centre_are_not_there(world: build.World) -> None:
    hidden = build.case_at(world, "handling")
    shown = build.case_at(world, "handling")
    elsewhere = second_world(world)
    theirs = build.file_report(elsewhere, by="citizen", contact=Contact(name=NAME, phone=build.PHONE)).case
    for centre, case in ((world, hidden), (world, shown), (elsewhere, theirs)):
        note(centre, case, f"Gặp {NAME} rồi.")
    build.act(world, db.session.get_one(Case, hidden.id), "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên.")
    row = asked(world)
    look(world, row)
    assert {each.case.id for each in stays(world, row) if each.key.startswith("note")} == {shown.id}


def test_a_withdrawn_report_is_named(world: build.World) -> None:
    filed: Filed = build.file_report(world)
    into = build.case_at(world, "handling", by="citizen_2")
    build.advance(world, filed.case, "to_classify")
    build.act(world, filed.case, "merge", "operator", into=into)
    build.act(world, db.session.get_one(Case, into.id), "withdraw_report", "citizen", report=filed.report, reason="Gửi nhầm.")
    row = asked(world)
    assert [(each.report.id, each.is_withdrawn) for each in reports_beside(row, world.actor("ops_lead"))] == [(filed.report.id, True)]


def test_nothing_of_the_person_is_left_once_all_was_cleared_and_the_erasure_carried_out(world: build.World) -> None:
    case = titled(world, f"Rác trước nhà {NAME}", "closed")
    note(world, case, f"Chị {NAME} nhờ gọi 0912345678.")
    row = asked(world)
    look(world, row)
    for _ in range(20):
        left = [each for each in stays(world, row) if own(each) and each.publication is None]
        if not left:
            break
        clear(world, row, left[0], *own(left[0]))
    with unit_of_work():
        carry_out(lock_request(row.id), by=world.actor("ops_lead"), now=NOW)
    tables = [table for table in db.metadata.sorted_tables if table.name not in ("publication_version",)]
    for table in tables:
        rows = " ".join(str(tuple(each)) for each in db.session.execute(select(table)))
        assert NAME not in rows.replace("Người Thử", ""), table.name


def test_what_a_body_outside_was_asked_and_answered_is_shown_too(world: build.World) -> None:
    links.opened(world)
    case = links.referred(world)
    link = links.sent(world, case, asked=f"Cột trước nhà {NAME}?")
    with unit_of_work():
        answer_link(db.session.get_one(ReplyLink, link.id), LinkAnswer(**{**links.ANSWER, "findings": f"Đã gặp {NAME}."}), now=NOW)
    row = asked(world)
    look(world, row)
    texts = stays(world, row)
    assert [each.key.rpartition(".")[2] for each in texts if each.key.startswith("reply_link")] == ["asked", "findings"]
    clear(world, row, next(each for each in texts if each.key.endswith(".findings")), NAME)
    assert NAME not in str(db.session.get_one(ReplyLink, link.id).findings)

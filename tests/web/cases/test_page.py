"""The page of a case: what each reader finds there, the sealed sender, notes, history, diagram."""
from __future__ import annotations

import html
import json
import re
from datetime import date

import pytest
from flask import Flask
from sqlalchemy import event, select

from casework.casefile.history import staff_steps
from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.models import Event, Note, VisibilityReason
from casework.permissions import Role
from casework.photos.records import photos_of_report
from casework.sentences import Audience
from casework.verbs import events_told
from tests import build
from tests import with_photos as pictured
from tests.web.desk import Office
from tests.web.pages import hidden, words_of

ORIGINAL = "Tôi là Nguyễn Văn An, thấy rác ven suối."
CLEARED = "Có đống rác ven suối, mùi nặng."


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def test_each_reader_finds_what_the_table_allows(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "approval", agencies=2, words=ORIGINAL)
    build.approve(office.world, case)
    address = f"/cases/{case.ref}"
    operator, officer = office.words("operator", f"{address}?tab=all"), office.words("officer_PTNMT", f"{address}?tab=all")
    committee, administrator = office.words("committee_leader", f"{address}?tab=all"), office.words("administrator", f"{address}?tab=all")
    assert ORIGINAL in operator
    assert all(ORIGINAL not in page for page in (officer, committee, administrator))
    assert all(CLEARED in page for page in (operator, officer, committee))
    assert CLEARED not in administrator
    assert "Rác đổ ven suối" not in administrator
    assert case.code in administrator
    assert office.get("officer_HKL", address).status_code == 404
    assert office.get("inspector", address).status_code == 403


def test_an_answer_is_its_own_agencys_until_it_is_approved(office: Office) -> None:
    case = build.case_at(office.world, "handling", agencies=2)
    build.do(office.world, case, "submit_answer", "officer_PTNMT", agency=office.world.agencies["PTNMT"], **build.ANSWER)
    address, text = f"/cases/{case.ref}", "khoảng 2 m³ rác ven suối"
    assert text in office.words("officer_PTNMT", f"{address}?tab=all")
    assert text in office.words("operator", f"{address}?tab=all")
    assert text not in office.words("officer_UBND-LAT", f"{address}?tab=all")
    build.do(office.world, case, "approve_answer", "leader_PTNMT", agency=office.world.agencies["PTNMT"])
    assert text in office.words("officer_UBND-LAT", f"{address}?tab=all")


def test_an_agency_that_was_released_keeps_nothing_but_the_process(office: Office) -> None:
    case = build.case_at(office.world, "at_agency", agencies=2)
    lat = office.world.agencies["UBND-LAT"]
    build.do(office.world, case, "accept_assignment", "officer_UBND-LAT", act="hand_back", agency=lat, reason="Không thuộc xã.")
    build.do(office.world, case, "decide_hand_back", "operator", agency=lat, upheld=True, words="")
    page = office.words("officer_UBND-LAT", f"/cases/{case.ref}?tab=all")
    assert case.code in page
    assert CLEARED not in page
    assert "Rác đổ ven suối" not in page
    assert "Không thuộc xã." in page
    assert "Không thuộc xã." not in office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all")


def test_instructions_are_read_by_the_agency_they_are_for(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    ptnmt, lat = office.world.agencies["PTNMT"], office.world.agencies["UBND-LAT"]
    build.do(office.world, case, "distribute", "operator", lead=ptnmt, cooperating=[lat], instructions={ptnmt.id: "Xin dọn trước thứ Sáu."})
    for name, reads in (("operator", True), ("officer_PTNMT", True), ("officer_UBND-LAT", False), ("administrator", False)):
        assert ("Xin dọn trước thứ Sáu." in office.words(name, f"/cases/{case.ref}?tab=all")) is reads, name


def test_the_sender_is_shown_once_for_a_reason(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "to_verify")
    address = f"/cases/{case.ref}"
    page = office.get("operator", address).get_data(as_text=True)
    assert "Nguyễn Thị Thử" not in page
    report = hidden(page, "report")
    refused = office.post("operator", f"{address}/identity", report=report, reason="vì")
    assert refused.status_code == 422
    assert 'value="vì"' in refused.get_data(as_text=True)
    shown = office.post("operator", f"{address}/identity", report=report, reason="Gọi lại hỏi đường vào.")
    assert "Nguyễn Thị Thử" in words_of(shown)
    assert shown.headers["Cache-Control"] == "no-store"
    after = office.words("operator", f"{address}?tab=all")
    assert "Nguyễn Thị Thử" not in after
    assert "Gọi lại hỏi đường vào." in after


def test_nobody_outside_operations_may_ask_for_the_sender(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    report = case.main_report.ref
    for name in ("officer_PTNMT", "committee_leader", "administrator", "confidential_reader"):
        answer = office.post(name, f"/cases/{case.ref}/identity", report=report, reason="Muốn biết là ai.")
        assert answer.status_code in (403, 404)
        if name == "officer_PTNMT":
            assert "/identity" not in office.get(name, f"/cases/{case.ref}?tab=all").get_data(as_text=True)
    assert db.session.query(Event).filter(Event.type == "reveal_identity").count() == 0


def test_a_look_at_the_sender_is_told_to_the_centre_alone(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    office.post("operator", f"/cases/{case.ref}/identity", report=case.main_report.ref, reason="Gọi lại hỏi đường vào.")
    assert "Gọi lại hỏi đường" in office.words("ops_lead", f"/cases/{case.ref}?tab=all")
    for name in ("officer_PTNMT", "committee_leader", "administrator"):
        assert "Gọi lại hỏi đường" not in office.words(name, f"/cases/{case.ref}?tab=all")


def test_notes_are_read_by_whom_they_are_for(office: Office) -> None:
    case = build.case_at(office.world, "at_agency", agencies=2)
    address = f"/cases/{case.ref}"
    for name, audience, words in (("operator", "centre", "riêng trung tâm"), ("operator", "agencies", "cho các đơn vị"),
                                  ("officer_PTNMT", "agency", "của phòng")):
        assert office.post(name, f"{address}/notes", audience=audience, words=words).status_code == 302
    readers = {
        "operator": ("riêng trung tâm", "cho các đơn vị", "của phòng"),
        "committee_leader": ("riêng trung tâm", "cho các đơn vị", "của phòng"),
        "officer_PTNMT": ("cho các đơn vị", "của phòng"),
        "officer_UBND-LAT": ("cho các đơn vị",),
        "administrator": (),
    }
    for name, expected in readers.items():
        page = office.words(name, f"{address}?tab=all")
        assert tuple(words for words in ("riêng trung tâm", "cho các đơn vị", "của phòng") if words in page) == expected, name


@pytest.mark.parametrize(
    ("name", "audience"),
    [("officer_PTNMT", "centre"), ("officer_PTNMT", "agencies"), ("administrator", "centre"), ("committee_leader", "agency")],
)
def test_nobody_writes_notes_to_an_audience_that_is_not_theirs(office: Office, name: str, audience: str) -> None:
    case = build.case_at(office.world, "at_agency")
    assert office.post(name, f"/cases/{case.ref}/notes", audience=audience, words="thử").status_code in (403, 422)
    assert db.session.query(Note).count() == 0


def test_an_empty_note_is_refused(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    assert office.post("operator", f"/cases/{case.ref}/notes", audience="centre", words=" ").status_code == 422


def test_the_history_names_who_did_what(office: Office) -> None:
    case = build.case_at(office.world, "closed", agencies=2)
    page = office.words("operator", f"/cases/{case.ref}?tab=all")
    for words in ("Tiếp nhận phản ánh", "Phân phối:", "trình trả lời, bản 1", "Phê duyệt trả lời", "Công khai kết quả"):
        assert words in page
    assert "Người Thử leader_PTNMT" in page


def test_every_event_the_walk_records_has_a_sentence(office: Office) -> None:
    case = build.case_at(office.world, "closed", agencies=2)
    assert {type_ for (type_,) in db.session.query(Event.type).filter(Event.case_id == case.id)} <= events_told(Audience.CENTRE)


def test_an_event_nobody_foresaw_is_shown_by_its_name(office: Office) -> None:
    from casework.cases import lock_case
    from casework.events import record

    case = build.case_at(office.world, "to_verify")
    with unit_of_work():
        record(lock_case(case.id), "something_new", by=office.world.actor("operator"), at=build.NOON)
    steps = staff_steps(case, by=office.world.actor("operator"))
    assert "something_new" in steps[0].words.vi


def test_a_deputy_is_named_with_the_principal(office: Office) -> None:
    from datetime import timedelta

    from casework.models import Deputy

    case = build.case_at(office.world, "approval")
    with unit_of_work():
        deputy = build.staff(office.world, "deputy", Role.OFFICER, agency=office.world.agencies["HKL"])
        db.session.flush()
        db.session.add(Deputy(principal_id=office.world.people["leader_PTNMT"].id, deputy_id=deputy.id, starts_at=build.NOON,
                              ends_at=build.NOON + timedelta(days=3), created_by_id=deputy.id))
    build.do(office.world, case, "approve_answer", "deputy")
    steps = staff_steps(case, by=office.world.actor("operator"))
    assert steps[0].note is not None
    assert steps[0].note.vi == "Người Thử deputy thay Người Thử leader_PTNMT"


def test_the_diagram_marks_where_the_case_stands_and_says_it_in_words(app: Flask) -> None:
    office = Office(app)
    case = build.case_at(office.world, "handling", agencies=2)
    answer = office.get("officer_PTNMT", f"/cases/{case.ref}/diagram")
    marks = json.loads(html.unescape(re.search(r'data-marks="([^"]*)"', answer.get_data(as_text=True))[1]))  # type: ignore[index]
    assert "submit_answer" in marks["current"]
    assert "verify" in marks["done"]
    assert "Xử lý, trình kết quả" in words_of(answer)
    assert "style-src-attr 'unsafe-inline'" in answer.headers["Content-Security-Policy"]
    assert "unsafe-inline" not in office.get("officer_PTNMT", f"/cases/{case.ref}?tab=all").headers["Content-Security-Policy"]


def test_the_diagram_speaks_the_readers_language(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    with office.browser("operator").session_transaction() as session:
        session["language"] = "en"
    page = html.unescape(office.get("operator", f"/cases/{case.ref}/diagram").get_data(as_text=True))
    assert 'name="Receive and verify"' in page


def test_a_quarantined_case_is_not_there(office: Office) -> None:
    case = build.case_at(office.world, "at_agency")
    with unit_of_work():
        db.session.get_one(type(case), case.id).quarantined_at = build.NOON
    for name in ("operator", "ops_lead", "officer_PTNMT", "committee_leader", "administrator"):
        assert office.get(name, f"/cases/{case.ref}").status_code == 404
        assert office.get(name, f"/cases/{case.ref}/diagram").status_code == 404
    assert office.get("confidential_reader", f"/cases/{case.ref}").status_code == 200
    assert office.get("confidential_reader", f"/cases/{case.ref}/diagram").status_code == 404


def test_photos_on_the_page_are_those_the_reader_may_have(office: Office) -> None:
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "approval")
    for name in ("operator", "officer_PTNMT", "committee_leader"):
        page = office.get(name, f"/cases/{filed.case.ref}?tab=all").get_data(as_text=True)
        sources = set(re.findall(r'src="(/photos/[^"]+)"', page))
        assert sources
        for source in sources:
            with office.get(name, source) as answer:
                assert answer.status_code == 200, name


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("agencies", [1, 3])
def test_the_page_takes_twenty_statements_whatever_there_is_to_show(office: Office, agencies: int) -> None:
    case = build.case_at(office.world, "approval", agencies=agencies)
    for row in list(case.assignments):                  # a second version of every answer, the fourth agency comes midway
        build.redo(office.world, case, row.agency)
    build.submit(office.world, db.session.get_one(type(case), case.id))
    for number in range(4):
        office.post("operator", f"/cases/{case.ref}/notes", audience="agencies", words=f"Ghi chú {number}")
    for who in ("operator", "ops_lead", "officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator"):
        address, seen = f"/cases/{case.ref}", []
        office.get(who, address)

        def note(_connection: object, _cursor: object, statement: str, *_: object, seen: list[str] = seen) -> None:
            seen.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        page = office.words(who, f"{address}?tab=all")
        event.remove(db.engine, "before_cursor_execute", note)
        seen.remove("BEGIN")
        assert len(seen) <= 20, (who, [re.sub(r".* FROM ", "", " ".join(each.split()))[:60] for each in seen])
        if who in ("operator", "officer_PTNMT"):
            assert ("Bản 1" in page, "Ghi chú 3" in page, "trình trả lời, bản 2" in page) == (True, True, True)


def test_the_history_says_what_changed_why_and_in_whose_place(office: Office) -> None:
    world = office.world
    case = build.case_at(world, "handling")
    row = case.assignments[0]
    build.act(world, case, "request_extension", "officer_PTNMT", assignment=row, reason="Chờ xe chuyên dụng.", until=date(2026, 3, 12))
    build.do(world, case, "endorse_extension", "leader_PTNMT", agency=row.agency, act="endorse_extension", endorsed=True)
    build.do(world, case, "decide_extension", "ops_lead", agency=row.agency, act="decide_extension", granted=True, words="Xe đến ngày 12.")
    build.act(world, case, "classify", "operator", field=world.field(), urgency="normal", complexity="complex",
              area=world.areas["xa da chais"], village="", reason="Đã xem lại bản đồ.")
    page = office.words("operator", f"/cases/{case.ref}?tab=all")
    assert "Hạn trả lời: 09/03/2026 → nay là 13/03/2026 Hạn của Phòng Tài nguyên và Môi trường: 07:30 09/03/2026 → nay" in page
    assert "12/03/2026 vì: Xe đến ngày 12." in page
    assert "Địa bàn: Xã Lát → nay là Xã Đạ Chais" in page
    assert "Độ phức tạp: Thông thường → nay là Phức tạp" in page
    assert "vì: Đã xem lại bản đồ." in page
    assert page.count("Hạn trả lời mới") == 0, "what an event says itself is not said again"
    officer, administrator = (office.words(who, f"/cases/{case.ref}?tab=all") for who in ("officer_PTNMT", "administrator"))
    assert "vì: Xe đến ngày 12." in officer
    assert "bản đồ" not in officer, "a note of the centre alone"
    assert "Xã Lát → " not in administrator
    assert "Hạn trả lời: 09/03/2026 → " in administrator
    kinds = ("decisions", "messages", "limits", "nonsense")
    of_kind = {kind: office.words("operator", f"/cases/{case.ref}?history={kind}") for kind in kinds}
    assert {kind: "Tiếp nhận phản ánh ·" in words for kind, words in of_kind.items()} == {
        "decisions": True, "messages": False, "limits": False, "nonsense": True}  # fmt: skip
    assert {kind: "đề nghị gia hạn đến hết" in words for kind, words in of_kind.items()} == {
        "decisions": False, "messages": True, "limits": True, "nonsense": True}  # fmt: skip


@pytest.mark.exhaustive
def test_the_box_on_top_says_whom_the_case_waits_for(office: Office) -> None:
    world = office.world
    case = build.case_at(world, "at_agency", agencies=2)
    address = f"/cases/{case.ref}"
    office.clock(build.next_moment(case))
    assert "Xử lý: xong 0 trên 2 đơn vị (đang ở đây) Chờ Phòng Tài nguyên và Môi trường và 1 đơn vị" in office.words("operator", address)
    waits = r"Đang chờ Phòng Tài nguyên và Môi trường — [^,]+, từ 10:\d\d hôm nay"
    assert re.search(rf"{waits} , hạn 15:\d\d 02/03/2026", office.words("operator", f"{address}/print")), "on paper by its day"
    build.act(world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 6))
    page = office.words("committee_leader", address)
    assert "Tạm dừng đến hết ngày 06/03/2026" in page
    assert "Hồ sơ đang tạm dừng đến 06/03" in page
    paper = f"{address}/print"
    assert "Đang chờ Không chờ ai — hồ sơ tạm dừng, từ 10:20 hôm nay , hạn 06/03/2026" in office.words("committee_leader", paper)
    office.clock(build.NOON.replace(day=3))
    assert "từ 10:20 hôm qua" in office.words("operator", paper)
    build.do(world, case, "resume", "ops_lead")
    asked = {"report": case.main_report, "words": "Ở chỗ nào?", "working_days": 3, "when_unanswered": "continue"}
    build.act(world, case, "ask_reporter", "operator", **asked)
    assert "Chờ Người phản ánh đến" in office.words("operator", address)
    assert "Đang chờ Người phản ánh — trả lời câu hỏi của Trung tâm" in office.words("operator", paper)
    done = build.case_at(world, "closed")
    assert "Đang chờ Không chờ ai: hồ sơ đã kết thúc." in office.words("operator", f"/cases/{done.ref}/print")
    assert "đang ở đây" not in office.words("operator", f"/cases/{done.ref}")


def test_versions_show_their_differences_files_their_audiences_and_paper_shows_no_sender(office: Office) -> None:
    world = office.world
    filed = pictured.pictured_case(world, office.app.config["FILES"], "approval")
    case, row = filed.case, filed.case.assignments[0]
    build.redo(world, case, row.agency)
    changed = {**build.ANSWER, "actions": "Đã thu gom, dọn sạch và cắm biển."}
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=row.agency, **changed)
    address, sent = f"/cases/{case.ref}", photos_of_report(case.main_report)[0].ref
    page = office.get("officer_PTNMT", address).get_data(as_text=True)
    assert re.search(r"<ins class=\"chg\">[^<]*biển", page)
    assert re.search(r"<del class=\"chg\">", page)
    for who in ("operator", "officer_PTNMT"):
        words = office.words(who, f"{address}?tab=all")
        assert re.search(rf"{case.code} Người phản ánh · [\d: /]+ Có bản cho *: Trung tâm, đơn vị", words), words
    paper = office.get("operator", f"{address}/print").get_data(as_text=True)
    assert "<form" not in paper.partition("<main")[2]
    assert "Mở một lần" not in paper
    assert "Có đống rác lớn ven suối" not in paper, "as the sender wrote it"
    assert f"/photos/{sent}/centre/" not in paper, "as the sender took it"
    assert f"/photos/{sent}/agencies/" in paper
    assert paper.count("<details open") >= 3
    assert "<details>" not in paper.partition("<main")[2].replace('<details class="allkeys">', "")
    assert "Nguyễn Thị Thử" not in paper
    assert office.get("officer_HKL", f"{address}/print").status_code == 404


def test_a_directive_is_marked_as_carried_out_by_whoever_answers_for_it(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    build.act(office.world, case, "direct", "committee_leader", words="Dọn trước thứ Sáu.", until=date(2026, 3, 6))
    address = f"/cases/{case.ref}"
    assert "Chưa thực hiện xong" in office.words("officer_PTNMT", f"{address}?tab=all")
    for who, status in (("officer_PTNMT", 403), ("operator", 403), ("administrator", 403)):
        assert office.post(who, f"{address}/directives", number="1").status_code == status
    assert office.post("ops_lead", f"{address}/directives", number="9").status_code == 422
    assert office.post("ops_lead", f"{address}/directives", number="1").status_code == 302
    assert office.post("ops_lead", f"{address}/directives", number="1").status_code == 422
    page = office.words("officer_PTNMT", f"{address}?tab=all")
    assert "Đã thực hiện," in page
    assert "Ghi nhận đã thực hiện chỉ đạo" in page


def test_the_place_is_exact_for_the_centre_rounded_for_agencies_and_of_a_sensitive_case_untold(office: Office) -> None:
    world, point = office.world, {"latitude": 12.07654, "longitude": 108.44321}
    here = Place(area=world.area, **point)
    case, fresh = build.case_at(world, "handling", place=here), build.case_at(world, "to_verify", place=here, words="Cột điện nghiêng.")
    exact, near = "12.07654, 108.44321", "12.07700, 108.44300"
    seen = {name: office.words(name, f"/cases/{case.ref}") for name in ("operator", "officer_PTNMT", "committee_leader", "administrator")}
    assert {name: (exact in words, near in words) for name, words in seen.items()} == {
        "operator": (True, False), "officer_PTNMT": (False, True), "committee_leader": (False, True), "administrator": (False, False),
    }  # fmt: skip
    assert near not in office.words("committee_leader", f"/cases/{fresh.ref}"), "nobody has accepted it yet"
    with unit_of_work():
        row = db.session.get_one(type(case), case.id)
        row.visibility_reason = db.session.scalars(select(VisibilityReason).limit(1)).one()
    assert near not in office.words("officer_PTNMT", f"/cases/{case.ref}")


def test_the_row_of_an_agency_has_its_limit_and_the_readers_own_step(office: Office) -> None:
    world = office.world
    case = build.case_at(world, "at_agency", agencies=2)
    address = f"/cases/{case.ref}"
    operator, officer = office.get("operator", address), office.get("officer_PTNMT", address)
    assert operator.text.count("/acts/remind?") == 2
    assert "để tiếp nhận" in words_of(operator)
    own = build.waiting(case, "accept_assignment", world.agencies["PTNMT"]).ref
    assert re.search(rf'class="btn btn-primary" href="/tasks/{own}\?alone=1"', officer.text)
    assert "btn-primary" not in operator.text.partition("<main")[2], "nothing waits for the operator"
    build.do(world, case, "accept_assignment", "officer_PTNMT", agency=world.agencies["PTNMT"])
    office.clock(build.next_moment(case))
    assert office.post("operator", f"{address}/acts/remind?assignment={case.assignments[0].ref}", words="").status_code == 302
    page = office.words("operator", address)
    assert re.search(r"Đơn vị chủ trì · Người Thử officer_PTNMT · đã nhắc 1 lần, gần nhất \d\d:\d\d 0[23]/03", page), page
    for tab in ("", "exchange", "limits", "documents", "history", "nonsense"):
        assert office.get("operator", f"{address}?tab={tab}").text.count('aria-current="page"') >= 1, tab

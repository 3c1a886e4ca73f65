"""The pages of the acts beside the steps: who is offered which, what they say, what they do, what stays when they are refused."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.casefile.possible_acts import possible_acts
from casework.casefile.views import publications_of
from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.models import Case, Directive, Event, Note, OutboxMessage, Publication, Question
from casework.permissions import Role
from casework.photos.images import RectangleRefused
from casework.photos.records import copy_for
from casework.verbs import acts
from casework.working_time import DayTooFar
from tests import build
from tests import with_photos as pictured
from tests.beside import CASES, merged, one_approved, two_at_work
from tests.conftest import client_of
from tests.web.desk import Office
from tests.web.pages import words_of
from tests.web.steps.test_publishing import halves_covered
from web.steps.act_page import ActPage
from web.steps.acts import PAGES

TEXT = {"title": "Rác ven suối", "question": "Người dân phản ánh rác ven suối.", "summary": "", "place": "Thôn Păng Tiêng"}
NAMES = ("operator", "ops_lead", "committee_leader", "officer_PTNMT", "leader_PTNMT", "administrator", "confidential_reader")


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def address(case: Case, verb: str, **about: str) -> str:
    query = "&".join(f"{name}={ref}" for name, ref in about.items())
    return f"/cases/{case.ref}/acts/{verb}" + (f"?{query}" if query else "")


def version_in(page: str) -> str:
    """The version a form of a correction says it was written over."""
    found = re.search(r'name="version" type="hidden" value="([^"]*)"', page)
    assert found
    return found[1]


def later(office: Office, case: Case) -> None:
    office.clock(build.next_moment(case))


def row_of(case: Case, agency: str) -> str:
    return next(row.ref for row in case.assignments if row.agency.key == agency)


def events(case: Case) -> list[str]:
    return list(db.session.scalars(db.select(Event.type).where(Event.case_id == case.id).order_by(Event.seq)))


# -- what there is -----------------------------------------------------------------------------------------------------


def test_every_act_of_staff_has_a_page_and_no_page_is_without_its_act() -> None:
    assert set(PAGES) == {verb.name for verb in acts() if verb.is_of_staff}
    assert all(page.verb == verb for verb, page in PAGES.items())


@pytest.mark.parametrize("kind", PAGES.values())
def test_every_page_says_what_it_does_and_names_a_role_that_may(kind: type[ActPage]) -> None:
    assert kind.label
    assert kind.what
    assert kind.button
    assert kind.done
    assert {Role(role) for role in kind.action().roles}


@pytest.mark.exhaustive(but=4)
@pytest.mark.parametrize("kind", CASES)
def test_the_case_page_links_to_what_can_be_done_and_each_link_opens_a_form(office: Office, kind: str) -> None:
    case = CASES[kind](office.world)
    later(office, case)
    opened = set()
    for name in NAMES:
        page = office.get(name, f"/cases/{case.ref}?tab=all")
        links = [each.replace("&amp;", "&") for each in re.findall(rf'href="(/cases/{case.ref}/acts/[^"]*)"', page.text)]
        if page.status_code == 200:
            possible = possible_acts(case, office.world.actor(name, office.moment), office.moment)
            assert len([each for each in links if "?agency=" not in each]) == len(possible), (name, links)
        for link in set(links) - opened:
            form = office.get(name, link)
            assert form.status_code == 200, link
            assert f'action="{link}"'.replace("&", "&amp;") in form.text, f"{name} {link}: no form"
            opened.add(link)


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("kind", ["handling", "held", "merged away", "rating", "closed"])
def test_what_cannot_be_done_now_is_said_and_has_no_form(office: Office, kind: str) -> None:
    case = CASES[kind](office.world)
    later(office, case)
    possible = {each.verb for each in possible_acts(case, office.world.actor("ops_lead", office.moment), office.moment)}
    for verb, page in PAGES.items():
        if Role.OPS_LEAD in page.action().roles and verb not in possible:
            answer = office.get("ops_lead", address(case, verb))
            assert answer.status_code == 200, verb
            assert "work-form" not in answer.text, verb


def test_an_act_about_an_agency_lets_choose_which(office: Office) -> None:
    case = two_at_work(office.world)
    page = office.get("operator", address(case, "remind")).get_data(as_text=True)
    assert "work-form" not in page
    assert all(f"acts/remind?assignment={row.ref}" in page for row in case.assignments)


def test_who_may_not_is_told_so_and_what_is_not_there_is_not_there(office: Office) -> None:
    case, other = two_at_work(office.world), build.case_at(office.world, "handling")
    assert office.get("officer_PTNMT", address(case, "hold")).status_code == 403
    assert office.post("officer_PTNMT", address(case, "hold"), reason="x", until="2026-03-09").status_code == 403
    assert office.get("administrator", address(case, "refer")).status_code == 403
    assert office.get("officer_HKL", address(case, "progress_note")).status_code == 404
    assert office.get("inspector", address(case, "hold")).status_code == 404
    assert office.get("ops_lead", address(case, "no_such_act")).status_code == 404
    for wrong in ("x", row_of(other, "PTNMT")):
        assert office.get("operator", address(case, "remind", assignment=wrong)).status_code == 404
        assert office.post("operator", address(case, "remind", assignment=wrong)).status_code == 404
    assert office.post("operator", address(case, "remind")).status_code == 404
    assert office.post("operator", address(case, "unpublish"), reason="x").status_code == 404


def test_an_act_on_another_agencys_work_is_refused(office: Office) -> None:
    case = two_at_work(office.world)
    page = office.get("officer_PTNMT", address(case, "progress_note", assignment=row_of(case, "UBND-LAT"))).text
    assert "work-form" not in page
    answer = office.post("officer_PTNMT", address(case, "progress_note", assignment=row_of(case, "UBND-LAT")), words="Đã xem.")
    assert answer.status_code == 403
    assert "progress_note" not in events(case)


# -- each does what it says --------------------------------------------------------------------------------------------


def done(office: Office, name: str, case: Case, verb: str, about: dict[str, str] | None = None, **form: Any) -> Case:
    """The act through its page; the case as it stands afterwards."""
    later(office, case)
    where = address(case, verb, **(about or {}))
    assert office.get(name, where).status_code == 200
    answer = office.post(name, where, **form)
    assert answer.status_code == 302, words_of(answer)
    return case


def test_a_case_is_held_and_its_page_says_why_and_until_when(app: Flask) -> None:
    office = Office(app)
    case = done(office, "ops_lead", two_at_work(office.world), "hold", reason="Chờ nước rút.", until="2026-03-09")
    assert case.paused_for == "hold"
    page = office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all")
    assert "Chờ nước rút." in page
    assert "09/03/2026" in page


def test_a_case_is_referred(office: Office) -> None:
    case = done(office, "operator", two_at_work(office.world), "refer", body="Điện lực Lâm Đồng", reason="Thuộc lưới điện.")
    assert case.paused_for == "referral"
    assert "Điện lực Lâm Đồng" in office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all")


def test_a_reporter_is_asked_and_the_wait_ended(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    done(office, "operator", case, "ask_reporter", words="Ở đoạn nào?", working_days="3", when_unanswered="close")
    question = db.session.query(Question).one()
    assert (case.state, question.when_unanswered, question.words) == ("waiting_reporter", "close", "Ở đoạn nào?")
    assert question.due_at - case.opened_at < timedelta(days=5)
    assert "Ở đoạn nào?" in office.words("operator", address(case, "stop_waiting"))
    done(office, "operator", case, "stop_waiting")
    assert case.state == "to_verify"


def test_of_several_senders_the_one_chosen_is_asked_and_the_case_cannot_be_closed_for_it(office: Office) -> None:
    case = merged(office.world, main=True)
    asked = case.reports[-1].report
    page = office.get("operator", address(case, "ask_reporter")).get_data(as_text=True)
    assert 'value="continue"' in page
    assert 'value="close"' not in page
    done(office, "operator", case, "ask_reporter", report=asked.ref, words="Ở đoạn nào?", working_days="7", when_unanswered="continue")
    assert db.session.query(Question).one().report_id == asked.id


def test_a_case_is_refused_after_all(office: Office) -> None:
    case = done(office, "operator", build.case_at(office.world, "to_distribute"), "refuse", reason="khong_ro_noi_dung", words="Chưa rõ.")
    assert case.state == "refused"


def test_a_case_is_classified_anew(office: Office) -> None:
    case = two_at_work(office.world)
    before = case.due_at
    form = {"field": "rung_dat_moi_truong", "urgency": "urgent", "complexity": "ordinary", "area": office.world.area.ref, "village": "",
            "visibility": "", "reason": "Có người bị thương."}  # fmt: skip
    page = office.get("operator", address(case, "classify")).get_data(as_text=True)
    assert '<option selected value="rung_dat_moi_truong">' in page
    done(office, "operator", case, "classify", **form)
    assert case.is_urgent
    assert case.due_at is not None
    assert before is not None
    assert case.due_at < before
    assert "Có người bị thương." in office.words("operator", f"/cases/{case.ref}?tab=all")


def test_a_report_is_merged_into_what_is_near_and_alike(office: Office) -> None:
    main = build.case_at(office.world, "handling")
    case = build.file_report(office.world, by="citizen_2", words="Rác đổ ven suối Păng Tiêng, mùi nặng.").case
    later(office, case)
    verify = office.get("operator", f"/tasks/{build.waiting(case, 'verify').ref}").get_data(as_text=True)
    assert f"/cases/{case.ref}/acts/merge?into={main.code}" in verify
    page = office.get("operator", address(case, "merge", into=main.code)).get_data(as_text=True)
    assert f'value="{main.ref}" checked' in page
    done(office, "operator", case, "merge", into=main.ref, code="", reason="Cùng một bãi rác.")
    assert (case.state, case.merged_into_id) == ("merged", main.id)
    assert main.code in office.words("operator", f"/cases/{case.ref}?tab=all")


def test_a_report_is_merged_by_the_last_digits_of_a_code(office: Office) -> None:
    main = build.case_at(office.world, "handling")
    case = build.file_report(office.world, by="citizen_2", words="Chuyện khác hẳn.").case
    done(office, "operator", case, "merge", into="", code=str(int(main.code.rpartition("-")[2])))
    assert case.merged_into_id == main.id


@pytest.mark.parametrize("code", ["", "999999", "LD-2026-999999", "không phải mã"])
def test_a_code_nobody_may_know_merges_nothing_and_stays_typed(office: Office, code: str) -> None:
    case = build.file_report(office.world, by="citizen_2", words="Chuyện khác hẳn.").case
    answer = office.post("operator", address(case, "merge"), into="", code=code, reason="Cùng việc.")
    assert answer.status_code == 422
    assert "Cùng việc." in answer.get_data(as_text=True)
    assert case.state == "to_verify"


def test_a_case_of_another_centre_or_set_apart_is_no_case_to_merge_into(office: Office) -> None:
    with unit_of_work():
        other = build.centre("DN", is_default=False)
    foreign = build.file_report(office.world, centre=other, place=Place(words="Chợ trung tâm"), by="guest").case
    apart = CASES["set apart"](office.world)
    case = build.file_report(office.world, by="citizen_2", words="Chuyện khác hẳn.").case
    for code in (apart.code, foreign.code):
        answer = office.post("operator", address(case, "merge"), into="", code=code)
        assert answer.status_code == 422
        assert "Trung tâm không có hồ sơ nào mang mã này." in words_of(answer)


def test_a_merged_report_is_split_off_again(office: Office) -> None:
    main = merged(office.world, main=True)
    report = next(link.report for link in main.reports if not link.is_main)
    done(office, "operator", main, "split", {"report": report.ref}, reason="Hai việc khác nhau.")
    assert [link.report_id for link in main.reports if link.left_at is None] == [main.main_report.id]
    assert db.session.query(Case).filter_by(code=report.code).one().state == "to_verify"


def test_a_report_is_passed_on_and_is_gone(office: Office) -> None:
    with unit_of_work():
        build.centre("DN", is_default=False)
    case = build.case_at(office.world, "to_verify")
    later(office, case)
    answer = office.post("operator", address(case, "pass_on"), centre="DN", reason="Thuộc Đà Lạt.")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/inbox")
    assert office.get("operator", f"/cases/{case.ref}").status_code == 404


def test_a_case_is_set_apart_by_an_agency_and_handed_over(app: Flask) -> None:
    office = Office(app)
    case = two_at_work(office.world)
    later(office, case)
    where = address(case, "quarantine")
    assert office.post("officer_PTNMT", where, reason="Tố cáo cán bộ.").status_code == 422, "without the tick"
    answer = office.post("officer_PTNMT", where, reason="Tố cáo cán bộ.", is_meant="y")
    assert (answer.status_code, answer.headers["Location"]) == (302, "/inbox")
    for name in ("officer_PTNMT", "operator", "ops_lead", "committee_leader", "administrator"):
        assert office.get(name, f"/cases/{case.ref}").status_code == 404, name
        assert office.get(name, where).status_code == 404, name
    page = office.words("confidential_reader", f"/cases/{case.ref}?tab=all")
    assert "Tố cáo cán bộ." in page
    assert "Có đống rác lớn ven suối" in page
    done(office, "confidential_reader", case, "hand_over", receipt="BB 12/2026, Ban Tiếp công dân", is_meant="y")
    page = office.words("confidential_reader", f"/cases/{case.ref}?tab=all")
    assert "Đã bàn giao và xóa lúc" in page
    assert "Biên bản: BB 12/2026, Ban Tiếp công dân" in page
    assert "Có đống rác lớn ven suối" not in page
    assert "Tố cáo cán bộ." not in page


@pytest.mark.exhaustive
def test_a_confidential_reader_gets_the_photos_as_sent_until_they_are_handed_over(office: Office) -> None:
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "to_distribute")
    ref = pictured.scene_photo(filed).ref
    original = f"/photos/{ref}/sealed/original"
    assert office.get("operator", original).status_code == 404
    done(office, "operator", filed.case, "quarantine", reason="Tố cáo cán bộ.", is_meant="y")
    assert original in office.get("confidential_reader", f"/cases/{filed.case.ref}?tab=all").get_data(as_text=True)
    with office.get("confidential_reader", original) as answer:
        assert answer.data == pictured.jpeg()
        assert answer.headers["Cache-Control"] == "private, no-store"
        assert answer.headers["Content-Disposition"] == f"attachment; filename={ref}.jpg"
    for name in set(office.world.people) - {"confidential_reader"}:
        assert office.get(name, original).status_code == 404, name
    assert client_of(office.app).get(original).status_code == 404
    done(office, "confidential_reader", filed.case, "hand_over", receipt="BB 12/2026", is_meant="y")
    assert office.get("confidential_reader", original).status_code == 404


def test_agencies_are_added_taken_off_and_named_lead(office: Office) -> None:
    case, world = build.case_at(office.world, "handling"), office.world
    done(office, "operator", case, "add_agency", agency=world.agencies["UBND-LAT"].ref, instructions="Xin dọn bờ suối.")
    assert [row.agency.key for row in case.open_assignments] == ["PTNMT", "UBND-LAT"]
    assert case.open_assignments[1].instructions == "Xin dọn bờ suối."
    done(office, "operator", case, "change_lead", agency=world.agencies["UBND-LAT"].ref)
    assert next(row.agency.key for row in case.open_assignments if row.is_lead) == "UBND-LAT"
    done(office, "operator", case, "remove_agency", {"assignment": row_of(case, "PTNMT")}, reason="Không cần nữa.")
    assert [row.agency.key for row in case.open_assignments] == ["UBND-LAT"]
    assert "Không cần nữa." in office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all")
    assert "Không cần nữa." not in office.words("officer_UBND-LAT", f"/cases/{case.ref}?tab=all")


def test_little_time_is_for_the_operations_lead_to_give(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    assert case.due_at is not None
    agency = office.world.agencies["UBND-LAT"].ref
    office.clock(case.due_at + timedelta(days=6))
    refused = office.post("operator", address(case, "add_agency"), agency=agency)
    assert refused.status_code == 422
    assert "confirms_short" not in refused.get_data(as_text=True)
    assert "confirms_short" in office.get("ops_lead", address(case, "add_agency")).get_data(as_text=True)
    assert office.post("ops_lead", address(case, "add_agency"), agency=agency).status_code == 422
    assert office.post("ops_lead", address(case, "add_agency"), agency=agency, confirms_short="y").status_code == 302


def test_a_case_goes_on_without_an_answer_and_the_reason_is_public(office: Office) -> None:
    case = one_approved(office.world)
    about = {"assignment": row_of(case, "UBND-LAT")}
    done(office, "ops_lead", case, "close_without_answer", about, reason="Đơn vị đang sáp nhập.")
    assert case.state == "to_publish"
    for name in ("officer_PTNMT", "committee_leader", "administrator"):
        assert "Đơn vị đang sáp nhập." in office.words(name, f"/cases/{case.ref}?tab=all")


def test_the_operations_lead_reminds_all_agencies_at_once_and_not_again_at_once(office: Office) -> None:
    case = build.case_at(office.world, "handling", agencies=2)
    done(office, "ops_lead", case, "remind_all", {})
    assert db.session.query(OutboxMessage).filter(OutboxMessage.template == "reminder_by_hand").count() == 2
    again = office.post("ops_lead", address(case, "remind_all"))
    assert again.status_code == 422
    assert "Cả nhóm vừa được nhắc" in again.get_data(as_text=True)
    pages = {name: office.get(name, f"/cases/{case.ref}?tab=all").get_data(as_text=True) for name in ("ops_lead", "operator")}
    assert {name: "acts/remind_all" in page for name, page in pages.items()} == {"ops_lead": True, "operator": False}


def test_an_agency_is_reminded(office: Office) -> None:
    case = two_at_work(office.world)
    about = {"assignment": row_of(case, "UBND-LAT")}
    done(office, "committee_leader", case, "remind", about, words="Xin trả lời trước thứ Sáu.")
    assert db.session.query(OutboxMessage).filter(OutboxMessage.template == "reminder_by_hand").count() == 1
    assert "Xin trả lời trước thứ Sáu." in office.words("officer_UBND-LAT", f"/cases/{case.ref}?tab=all")
    assert "Xin trả lời trước thứ Sáu." not in office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all")


def test_a_directive_is_read_by_whoever_works_on_the_case(office: Office) -> None:
    case = two_at_work(office.world)
    done(office, "committee_leader", case, "direct", words="Xử lý dứt điểm.", until="2026-03-06")
    assert db.session.query(Directive).one().body == "Xử lý dứt điểm."
    for name, reads in (("operator", True), ("officer_PTNMT", True), ("committee_leader", True), ("administrator", False)):
        assert ("Xử lý dứt điểm." in office.words(name, f"/cases/{case.ref}?tab=all")) is reads, name


def test_an_agency_tells_how_its_work_goes(office: Office) -> None:
    case = two_at_work(office.world)
    done(office, "leader_PTNMT", case, "progress_note", {"assignment": row_of(case, "PTNMT")}, words="Đã xem hiện trường.")
    assert db.session.query(Note).filter(Note.kind == "progress").count() == 1
    assert "Đã xem hiện trường." in office.words("operator", f"/cases/{case.ref}?tab=all")
    assert "Đã xem hiện trường." not in office.words("officer_UBND-LAT", f"/cases/{case.ref}?tab=all")


def test_an_agency_asks_for_more_time(office: Office) -> None:
    case = two_at_work(office.world)
    about = {"assignment": row_of(case, "PTNMT")}
    done(office, "officer_PTNMT", case, "request_extension", about, reason="Chờ vật tư.", until="2026-03-12")
    assert build.waiting(case, "endorse_extension").assignment.agency.key == "PTNMT"


def test_answers_so_far_are_published_with_the_names_of_those_still_at_work(office: Office) -> None:
    case = one_approved(office.world)
    later(office, case)
    page = office.words("operator", address(case, "publish_interim"))
    assert "Phòng Tài nguyên và Môi trường" in page
    preview = page.partition("Như người dân thấy")[2]
    assert all(words in preview for words in ("UBND xã Lát", "(Đơn vị phối hợp)", "đang xử lý."))
    shown = office.post("operator", address(case, "publish_interim"), act="preview", **{**TEXT, "title": "Tiêu đề thử"})
    assert shown.status_code == 200
    assert "Tiêu đề thử" in words_of(shown)
    assert db.session.query(Publication).count() == 0
    assert office.post("operator", address(case, "publish_interim"), **TEXT).status_code == 422, "without the tick"
    done(office, "operator", case, "publish_interim", checked="y", **TEXT)
    assert db.session.query(Publication).one().kind == "interim"
    assert case.is_public


@pytest.mark.exhaustive
def test_a_correction_keeps_the_photos_as_they_are_published_unless_covered_further(app: Flask) -> None:
    office = Office(app)
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "to_publish")
    case, photo = filed.case, pictured.scene_photo(filed)
    ref = photo.ref
    step = f"/tasks/{build.waiting(case, 'publish').ref}"
    office.post("operator", step, act="publish", checked="y", **TEXT, **{f"show-{ref}": "yes", f"cover-{ref}": "0,0,0.5,1"})
    [publication] = publications_of(case)
    about = {"publication": publication.ref}
    page = office.get("operator", address(case, "correct_publication", **about)).get_data(as_text=True)
    assert re.search(rf'name="show-{ref}" value="yes" checked', page), "what is shown stays shown"
    preview = re.search(r'src="(/cases/[^"]*/publication-photos/[^"]*)"', page)
    assert preview
    with office.get("operator", preview[1].replace("&amp;", "&")) as answer:
        assert halves_covered(answer.data) == (True, False)
    form = {**TEXT, "title": "Rác ven suối đã dọn", "reason": "Sửa tiêu đề.", "checked": "y", "version": "1"}
    done(office, "operator", case, "correct_publication", about, **form, **{f"show-{ref}": "yes", f"cover-{ref}": ""})
    db.session.expire_all()
    assert publications_of(case)[0].current.title == "Rác ven suối đã dọn"
    with office.app.test_client().get(f"/photos/{ref}/public/view") as answer:
        assert halves_covered(answer.data) == (True, False)
    assert "Sửa tiêu đề." in office.words("operator", f"/cases/{case.ref}?tab=all")


def test_a_private_answer_is_corrected_without_place_and_reports_photos(office: Office) -> None:
    case = CASES["answered privately"](office.world)
    about = {"publication": publications_of(case)[0].ref}
    page = office.get("operator", address(case, "correct_publication", **about)).get_data(as_text=True)
    assert 'name="place"' not in page
    form = {"title": "Rác", "question": "Rác ven suối.", "reason": "Sửa.", "checked": "y", "version": "1"}
    done(office, "operator", case, "correct_publication", about, **form)
    assert len(publications_of(case)[0].versions) == 2


def test_a_correction_written_over_an_older_text_is_kept_in_its_form_beside_the_newer_one(office: Office) -> None:
    case = build.case_at(office.world, "rating")
    where = address(case, "correct_publication", publication=publications_of(case)[0].ref)
    office.clock(build.next_moment(case))
    opened = [office.get(name, where).get_data(as_text=True) for name in ("operator", "ops_lead")]
    assert all(version_in(page) == "1" for page in opened)
    first, second = ({**TEXT, "question": words, "reason": "Sửa.", "checked": "y"} for words in ("Đã che tên.", "Chữ đã gõ."))
    assert office.post("operator", where, **first, version="1").status_code == 302
    office.clock(build.next_moment(case))
    answer = office.post("ops_lead", where, **second, version="1")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422
    assert "Nội dung này đã được đính chính sau khi mở biểu mẫu" in words_of(answer)
    assert "Đã che tên." in page[page.index('id="newer"'):page.index("</section>", page.index('id="newer"'))]
    assert "Chữ đã gõ." in page[page.index('name="question"'):]
    db.session.expire_all()
    assert publications_of(case)[0].current.question == "Đã che tên."
    assert version_in(page) == "2"
    assert office.post("ops_lead", where, **second, version=version_in(page)).status_code == 302
    db.session.expire_all()
    assert publications_of(case)[0].current.question == "Chữ đã gõ."


def test_what_was_taken_back_meanwhile_is_published_again_only_by_who_has_read_so(office: Office) -> None:
    case = build.case_at(office.world, "rating")
    [publication] = publications_of(case)
    where = address(case, "correct_publication", publication=publication.ref)
    form = {**TEXT, "reason": "Sửa.", "checked": "y", "version": "1", "again": ""}
    build.act(office.world, case, "unpublish", "operator", publication=publication, reason="Lộ tên người.")
    previewed = office.post("operator", where, **form, act="preview")
    assert (previewed.status_code, 'name="again" type="hidden" value=""' in previewed.text) == (200, True)
    refused = office.post("operator", where, **form)
    assert (refused.status_code, 'name="again" type="hidden" value="yes"' in refused.text) == (422, True)
    assert office.post("operator", where, **{**form, "again": "yes"}).status_code == 302


@pytest.mark.parametrize("version", ["", "x", "²", "9" * 5_000])
def test_a_correction_that_names_no_version_is_refused_in_words(office: Office, version: str) -> None:
    case = build.case_at(office.world, "rating")
    where = address(case, "correct_publication", publication=publications_of(case)[0].ref)
    assert office.post("operator", where, **TEXT, reason="Sửa.", checked="y", version=version).status_code == 422


def test_what_was_published_is_taken_back_and_only_the_centre_reads_why(office: Office) -> None:
    case = build.case_at(office.world, "rating")
    about = {"publication": publications_of(case)[0].ref}
    done(office, "operator", case, "unpublish", about, reason="Lộ biển số xe.")
    assert not case.is_public
    assert "Lộ biển số xe." in office.words("operator", f"/cases/{case.ref}?tab=all")
    assert "Lộ biển số xe." not in office.words("officer_PTNMT", f"/cases/{case.ref}?tab=all")


def test_the_preview_of_a_photo_is_for_who_may_publish_the_case(office: Office) -> None:
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "to_publish")
    path = f"/cases/{filed.case.ref}/publication-photos/{pictured.scene_photo(filed).ref}"
    for name, status in (("operator", 200), ("ops_lead", 200), ("officer_PTNMT", 403), ("committee_leader", 403)):
        assert office.get(name, path).status_code == status, name
    assert office.get("operator", f"{path}x").status_code == 404


# -- refused forms -----------------------------------------------------------------------------------------------------

TYPED: dict[str, tuple[str, str, dict[str, str]]] = {
    "hold": ("two at work", "ops_lead", {"reason": "Chữ đã gõ", "until": "2020-01-01"}),
    "refer": ("two at work", "operator", {"body": "Chữ đã gõ", "reason": ""}),
    "ask_reporter": ("two at work", "operator", {"words": "Chữ đã gõ", "working_days": "3"}),
    "refuse": ("to_distribute", "operator", {"words": "Chữ đã gõ", "reason": ""}),
    "classify": ("two at work", "operator", {"village": "Chữ đã gõ", "field": "x"}),
    "add_agency": ("two at work", "operator", {"instructions": "Chữ đã gõ", "agency": "x"}),
    "change_lead": ("two at work", "operator", {"instructions": "Chữ đã gõ", "agency": ""}),
    "direct": ("two at work", "committee_leader", {"words": "Chữ đã gõ", "until": "2020-01-01"}),
    "publish_interim": ("one of two approved", "operator", {**TEXT, "summary": "Chữ đã gõ"}),
    "quarantine": ("two at work", "operator", {"reason": "Chữ đã gõ"}),
    "hand_over": ("set apart", "confidential_reader", {"receipt": "Chữ đã gõ"}),
    "pass_on": ("to_verify", "operator", {"reason": "Chữ đã gõ", "centre": "x"}),
}


@pytest.mark.parametrize("verb", TYPED)
def test_a_refused_form_keeps_what_was_typed_and_changes_nothing(office: Office, verb: str) -> None:
    kind, name, form = TYPED[verb]
    case = CASES[kind](office.world)
    later(office, case)
    before = events(case)
    answer = office.post(name, address(case, verb), **form)
    assert answer.status_code == 422
    assert "Chữ đã gõ" in answer.get_data(as_text=True)
    assert "data-errors" in answer.get_data(as_text=True)
    assert events(case) == before


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize("verb", PAGES)
def test_an_empty_form_is_refused_in_words_and_is_no_fault(office: Office, verb: str) -> None:
    kinds: dict[str, Callable[[], Case]] = {
        "hand_over": lambda: CASES["set apart"](office.world),
        "split": lambda: merged(office.world, main=True),
        "correct_publication": lambda: build.case_at(office.world, "rating"),
    }
    case = kinds.get(verb, lambda: one_approved(office.world))()
    later(office, case)
    about = {"assignment": row_of(case, "UBND-LAT")} if PAGES[verb].about == "agency" else {}
    about |= {"report": case.reports[-1].report.ref} if verb == "split" else {}
    about |= {"publication": publications_of(case)[0].ref} if verb == "correct_publication" else {}
    own = ("officer_UBND-LAT",) if verb in ("progress_note", "request_extension") else NAMES
    name = next(each for each in own if office.get(each, address(case, verb)).status_code == 200)
    answer = office.post(name, address(case, verb, **about))
    assert answer.status_code in (302, 404, 422), answer.status_code
    assert answer.status_code == 422 or verb in ("remind", "remind_all", "unpublish")


FAR_DAYS = [("direct", "committee_leader", 4), ("hold", "ops_lead", 4), ("add_agency", "ops_lead", 9), ("change_lead", "ops_lead", 9),
            ("request_extension", "officer_PTNMT", 4)]  # fmt: skip


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("day", ["9999-12-31", "2037-01-01"])
@pytest.mark.parametrize(("verb", "name", "days"), FAR_DAYS)
def test_a_day_beyond_ten_years_is_refused_in_words(office: Office, verb: str, name: str, days: int, day: str) -> None:
    case = build.case_at(office.world, "handling")
    office.clock(build.NOON + timedelta(days=days, hours=3))
    agency = office.world.agencies["HKL"].ref
    about = {"assignment": row_of(case, "PTNMT")} if verb == "request_extension" else {}
    before = events(case)
    answer = office.post(name, address(case, verb, **about), words="Làm ngay.", reason="Chờ nước rút.", agency=agency, until=day)
    assert answer.status_code == 422
    assert DayTooFar().vi in words_of(answer)
    assert events(case) == before


def test_a_tampered_rectangle_is_refused_and_not_published(office: Office) -> None:
    filed = pictured.pictured_case(office.world, office.app.config["FILES"], "rating")
    [publication] = publications_of(filed.case)
    ref = pictured.scene_photo(filed).ref
    form = {**TEXT, "reason": "Sửa.", "checked": "y", "version": "1", f"show-{ref}": "yes", f"cover-{ref}": "kaputt"}
    answer = office.post("operator", address(filed.case, "correct_publication", publication=publication.ref), **form)
    assert answer.status_code == 422
    assert RectangleRefused().text.vi in words_of(answer)
    assert copy_for(pictured.scene_photo(filed), "public", "view") is not None

"""What senders typed for village or street stays with the centre until an operator has seen it and released it."""
from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.intake.file_report import Place, place_words, typed_village
from casework.models import Case, SearchRow
from casework.rights.erasing_people import erase_report
from casework.search.rows import refresh_search_rows
from tests import build
from tests.casework.acting import payload
from tests.conftest import client_of
from tests.system.marks import Mark, found_in
from tests.web.desk import Office, step
from tests.web.inbox.test_pages import refs_of, results
from tests.web.pages import words_of
from tests.web.steps.test_drafts import window_of
from tests.web.steps.test_triage import classify_form, verify_form

TYPED = "Nhà tôi số 45/3 đường Bi Đúp, 0912345678"
PLAIN = "Hẻm cụt sau nhà Zýndar"
NEUTRAL = "Nhà tôi số [số nhà] đường Bi Đúp, [số điện thoại]"
PUBLIC = ("/reports?view=map", "/reports", "/reports?state=open", "/reports.atom?state=open",
          "/reports.csv", "/reports.json", "/reports.xlsx", "/reports.atom", "/reports/points.json")


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def reported(office: Office, village: str = TYPED, **given: Any) -> Case:
    return build.file_report(office.world, place=Place(area=office.world.area, village=village), **given).case


def verified(office: Office, village: str = TYPED, **given: Any) -> Case:
    case = reported(office, village, **given)
    build.verify(office.world, case)
    return case


def is_public(office: Office, case: Case, words: str) -> bool:
    """Whether they stand anywhere the public reads about the case, which is there."""
    guest = client_of(office.app)
    pages = [guest.get(path) for path in (*PUBLIC, f"/reports/{case.code}")]
    assert case.code in pages[0].get_data(as_text=True)
    return any(found_in(page.get_data(), [Mark("words", words)]) for page in pages)


def bulk_form(office: Office, *cases: Case) -> dict[str, Any]:
    return {"task": refs_of(*cases), "sent": "yes", "field": office.world.field().service_code, "urgency": "normal", "complexity": "simple"}


def confirmation(page: str) -> str:
    [mark] = re.findall(r'name="leftovers" value="([0-9a-f]+)"', page)
    return mark


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("typed", [TYPED, PLAIN])
def test_classifying_several_releases_nothing_a_sender_typed_and_names_those_to_look_at(office: Office, typed: str) -> None:
    case, listed = verified(office, typed), verified(office, "thon pang tieng")
    page = office.post("operator", "/inbox/bulk/classify", task=refs_of(case, listed))
    assert "1 hồ sơ trong số này có lời người gửi ghi về thôn hoặc đường" in words_of(page)
    assert page.get_data(as_text=True).count(f'href="{step(case, "classify")}"') == 1
    answer = office.post("operator", "/inbox/bulk/classify", **bulk_form(office, case, listed))
    assert results(answer) == ["done", "done"]
    assert words_of(answer).count("Lời người gửi ghi về thôn hoặc đường chưa công khai: xin mở hồ sơ để xem.") == 1
    assert (case.state, case.village, listed.village) == ("to_distribute", None, "Thôn Păng Tiêng")
    assert not is_public(office, case, typed)
    assert typed_village(case.main_report) == typed


@pytest.mark.parametrize("typed", [TYPED, PLAIN])
def test_accepting_and_classifying_with_a_click_each_releases_nothing(office: Office, typed: str) -> None:
    case = reported(office, typed)
    page = office.get("operator", step(case, "verify")).get_data(as_text=True)
    form = verify_form(office, step(case, "verify"), village=field_value(page))
    assert office.post("operator", step(case, "verify"), **form).status_code == 302
    page = office.get("operator", step(case, "classify")).get_data(as_text=True)
    form = classify_form(office, village=field_value(page))
    assert office.post("operator", step(case, "classify"), **form).status_code == 302
    assert (case.state, case.village) == ("to_distribute", None)
    assert not is_public(office, case, typed)


def field_value(page: str) -> str:
    """What stands in the field of the village when the page is opened."""
    found = re.search(r'<input[^>]*name="village"[^>]*>', page)
    value = re.search(r'value="([^"]*)"', found[0]) if found else None
    return value[1] if value else ""


def test_a_village_of_the_list_is_public_as_the_list_spells_it(office: Office) -> None:
    case = reported(office, "thôn  păng tiêng")
    assert case.village == case.main_report.village == "Thôn Păng Tiêng"


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("at", ["verify", "classify"])
def test_who_presses_releases_and_marks_of_a_person_are_confirmed_first(office: Office, at: str) -> None:
    case = reported(office) if at == "verify" else verified(office)
    address = step(case, at)

    def filled(**changes: Any) -> dict[str, Any]:
        return verify_form(office, address, **changes) if at == "verify" else classify_form(office, **changes)

    page = office.get("operator", address)
    assert "Người gửi ghi: " in words_of(page)
    assert '<mark class="personal">45/3</mark>' in page.get_data(as_text=True)
    taken = office.post("operator", address, **filled(village="", act="", take=f"village-{case.main_report.ref}"))
    assert taken.status_code == 200
    assert field_value(taken.get_data(as_text=True)) == TYPED
    assert "Có thể còn cho biết ai gửi: 45/3 (số nhà)" in words_of(taken)
    refused = office.post("operator", address, **filled(village=TYPED))
    assert refused.status_code == 422
    assert case.village is None
    confirmed = confirmation(refused.get_data(as_text=True))
    assert office.post("operator", address, **filled(village=f"{TYPED} A", leftovers=confirmed[::-1])).status_code == 422
    assert office.post("operator", address, **filled(village=TYPED, leftovers=confirmed)).status_code == 302
    assert case.village == TYPED
    if at == "classify":
        assert is_public(office, case, TYPED)


@pytest.mark.parametrize("at", ["verify", "classify"])
def test_neutral_words_stand_in_its_place_by_one_press(office: Office, at: str) -> None:
    case = reported(office) if at == "verify" else verified(office)
    address = step(case, at)
    form = verify_form(office, address, village=TYPED) if at == "verify" else classify_form(office, village=TYPED)
    page = office.post("operator", address, **{**form, "act": "neutral"})
    assert page.status_code == 200
    assert field_value(page.get_data(as_text=True)) == NEUTRAL
    assert office.post("operator", address, **{**form, "village": NEUTRAL}).status_code == 302
    assert case.village == NEUTRAL


def test_a_draft_that_began_with_a_senders_words_gives_them_to_nobody_unpressed(office: Office) -> None:
    """Before 0.9.1 the field was filled with them, and a draft keeps every field."""
    case = verified(office, PLAIN)
    address = step(case, "classify")
    for kept, shown in ((PLAIN, ""), ("Hẻm cụt sau chợ", "Hẻm cụt sau chợ")):
        page = office.get("operator", f"{address}?draft=none").get_data(as_text=True)
        answer = office.browser("operator").post(
            f"{address}/draft", data={**window_of(page), "urgency": "normal", "village": kept}, headers={"Accept": "application/json"}
        )
        again = office.get("operator", f"{address}?draft={answer.json['ref']}").get_data(as_text=True)
        assert re.search(rf'<input[^>]*value="{shown}"[^>]*name="village"|<input[^>]*name="village"[^>]*value="{shown}"', again), shown


def test_who_classifies_anew_sees_what_the_sender_typed_and_releases_it_by_hand(office: Office) -> None:
    case = build.advance(office.world, reported(office, PLAIN), "to_classify")
    assert results(office.post("operator", "/inbox/bulk/classify", **bulk_form(office, case))) == ["done"]
    address = f"/cases/{case.ref}/acts/classify"
    page = office.get("operator", address)
    assert f"Người gửi ghi: {PLAIN}" in words_of(page)
    assert field_value(page.get_data(as_text=True)) == ""
    form = {**classify_form(office, village=""), "reason": "Đã gọi hỏi."}
    taken = office.post("operator", address, **form, take=f"village-{case.main_report.ref}")
    assert field_value(taken.get_data(as_text=True)) == PLAIN
    assert office.post("operator", address, **{**form, "village": PLAIN}).status_code == 302
    assert case.village == PLAIN
    assert office.post("operator", address, **{**form, "village": TYPED}).status_code == 422
    assert case.village == PLAIN


def test_no_agency_and_no_other_desk_reads_what_was_typed(office: Office) -> None:
    case = build.advance(office.world, verified(office, PLAIN), "to_classify")
    office.post("operator", "/inbox/bulk/classify", **bulk_form(office, case))
    build.advance(office.world, case, "handling")
    for name in ("officer_PTNMT", "leader_PTNMT", "committee_leader"):
        pages = [office.get(name, path).get_data(as_text=True) for path in ("/inbox", f"/cases/{case.ref}", "/search?q=zyndar")]
        assert "Zýndar" not in "\n".join(pages), name
    assert PLAIN in words_of(office.get("operator", f"/cases/{case.ref}?tab=all"))


def test_search_rows_never_hold_what_was_typed(office: Office) -> None:
    case = verified(office, PLAIN)
    with unit_of_work():
        refresh_search_rows(db.session.merge(case), at=build.NOON)
    assert all("zyndar" not in row.words for row in db.session.query(SearchRow).filter_by(case_id=case.id))


def test_the_event_says_who_released_words_and_never_which(office: Office) -> None:
    case = verified(office, PLAIN)
    office.post("operator", step(case, "classify"), **classify_form(office, village=PLAIN))
    assert payload(case)["village"] == "released"
    assert "Zýndar" not in str(payload(case))


def test_the_sender_reads_their_own_words(office: Office) -> None:
    case = reported(office, PLAIN)
    assert PLAIN in words_of(office.get("citizen", f"/mine/{case.code}"))


def test_a_case_published_for_its_commune_alone_names_no_village(office: Office) -> None:
    case = build.case_at(office.world, "to_publish")
    assert is_public(office, case, "Thôn Păng Tiêng")
    build.publish(office.world, case)
    assert "Không hiển thị vị trí chính xác, chỉ công khai đến địa bàn xã." in words_of(client_of(office.app).get(f"/reports/{case.code}"))
    assert not is_public(office, case, "Thôn Păng Tiêng")
    assert case.code not in client_of(office.app).get("/reports?q=pang+tieng").get_data(as_text=True)


def test_a_case_published_with_words_for_its_place_names_its_village(office: Office) -> None:
    case = build.case_at(office.world, "to_publish")
    build.do(office.world, case, "publish", "operator", title="Rác ven suối", question="Rác ven suối.", place="Bờ suối", checked=True)
    page = words_of(client_of(office.app).get(f"/reports/{case.code}"))
    assert "Bờ suối, Thôn Păng Tiêng" in page
    assert "chỉ công khai đến địa bàn xã" not in page
    assert "Không hiển thị vị trí chính xác trên bản đồ." in page
    assert case.code in client_of(office.app).get("/reports?q=pang+tieng").get_data(as_text=True)


def test_a_merge_and_a_split_let_nothing_out_and_leave_each_its_own(office: Office) -> None:
    main = build.case_at(office.world, "to_classify")
    case = verified(office, PLAIN, by="citizen_2")
    report = case.main_report
    build.act(office.world, case, "merge", "operator", into=main, reason="Cùng một việc.")
    page = words_of(office.get("operator", step(main, "classify")))
    assert f"Người gửi ghi: {PLAIN}" in page
    office.post("operator", step(main, "classify"), **classify_form(office, village="Thôn Păng Tiêng"))
    assert (main.village, is_public(office, main, PLAIN)) == ("Thôn Păng Tiêng", False)
    build.act(office.world, main, "split", "operator", report=report, reason="Là việc khác.")
    db.session.expire_all()
    assert (main.village, case.village, typed_village(report)) == ("Thôn Păng Tiêng", None, PLAIN)
    assert "Người gửi ghi" not in words_of(office.get("operator", f"/cases/{main.ref}/acts/classify"))


def test_erasure_and_quarantine_leave_nothing_of_it(office: Office) -> None:
    apart, forgotten = reported(office, PLAIN), build.advance(office.world, reported(office, PLAIN), "to_classify")
    office.post("operator", "/inbox/bulk/classify", **bulk_form(office, forgotten))
    build.advance(office.world, forgotten, "closed")
    build.act(office.world, apart, "quarantine", "operator", reason="Tố cáo cán bộ có tên, theo Luật Tố cáo.")
    assert (apart.main_report.village, apart.main_report.sealed_village) == (None, None)
    assert PLAIN in (place_words(apart.main_report) or ""), "with the confidential reader until it is handed over"
    with unit_of_work():
        row = db.session.merge(forgotten)
        erase_report(row.main_report, row.reports[0], at=build.NOON + timedelta(days=90))
    assert (forgotten.main_report.sealed_village, forgotten.village) == (None, None)

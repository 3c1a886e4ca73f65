"""Two tabs on one setting: who sends second reads what stands there now, keeps what was typed, and decides."""

from __future__ import annotations

from typing import Any

import pytest
from flask import Flask

from tests.web.desk import Office
from tests.web.pages import hidden, words_of

WHY = {"reason": "Theo chỉ đạo."}


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def forms(office: Office) -> list[tuple[str, dict[str, Any], str]]:
    """Address, fields as they may be sent, and which of them two people change."""
    world = office.world
    agency = dict.fromkeys(("name_vi", "name_en", "short_name_vi", "short_name_en"), "Phòng thử")
    return [
        ("/settings/values/quiet_from", {"scope": world.centre.ref}, "value"),
        (f"/settings/centres/{world.centre.ref}",
         {"name_vi": "Trung tâm thử", "name_en": "Test centre", "case_clock_starts": "filing"}, "phone"),
        (f"/settings/agencies/{world.agencies['HKL'].ref}", {"act": "change", "corrects_names": "yes", **agency}, "phone"),
        (f"/settings/areas/{world.area.ref}",
         {"act": "change", "corrects_names": "yes", "name_vi": "Xã Lát", "name_en": "Lát"}, "official_code"),
        (f"/settings/people/{world.people['operator'].ref}", {"act": "change", "full_name": "Người Thử"}, "phone"),
        ("/settings/texts?text=report_filed", {
            "act": "save", "subject_vi": "Đã nhận {code}", "subject_en": "Received {code}", "body_vi": "Đã nhận {code}.",
            "body_en": "Received {code}.", "short_en": "Received {code}."}, "short_vi"),
    ]  # fmt: skip


VALUES = {
    "value": ("20:00", "22:00"), "phone": ("02633111222", "02633333444"), "official_code": ("24846", "24848"),
    "short_vi": ("Đã nhận {code} nhé.", "Đã có {code} rồi."),
}  # fmt: skip


def test_who_sends_second_reads_what_stands_there_and_keeps_what_was_typed(office: Office) -> None:
    for address, fields, name in forms(office):
        first, second = VALUES[name]
        seen = hidden(office.get("administrator", address).text, "seen")
        done = office.post("administrator", address, **{**fields, **WHY, name: first, "seen": seen})
        assert done.status_code == 302, (address, words_of(done))
        refused = office.post("administrator", address, **{**fields, **WHY, name: second, "seen": seen})
        words = words_of(refused)
        assert refused.status_code == 422, address
        assert "người khác đã thay đổi" in words, address
        assert first in words or f"+84{first[1:]}" in words, (address, words)
        assert second in refused.text, address
        # told of it, the second may send again; a form refused for another reason does not forget what was seen
        unreasoned = office.post("administrator", address, **{**fields, name: second, "seen": hidden(refused.text, "seen"), "reason": ""})
        assert unreasoned.status_code == 422, address
        again = office.post("administrator", address, **{**fields, **WHY, name: second, "seen": hidden(unreasoned.text, "seen")})
        assert again.status_code == 302, (address, words_of(again))


def test_pressing_twice_without_script_says_that_it_is_done(office: Office) -> None:
    address = "/settings/values/quiet_from"
    form = {"scope": office.world.centre.ref, "value": "20:00", "seen": hidden(office.get("administrator", address).text, "seen"), **WHY}
    assert office.post("administrator", address, **form).status_code == 302
    again = office.post("administrator", address, **form)
    assert (again.status_code, "đã được thay đổi đúng như vậy" in words_of(again)) == (422, True)


def test_an_empty_and_an_overlong_form_are_refused_in_words(office: Office) -> None:
    """No number typed for a limit, no role chosen, a password of 501 signs: each once ended in a failure."""
    world = office.world
    clock = {"centre": world.centre.ref, "kind": "acceptance", "urgency": "", "complexity": "", "unit": "working_hours", **WHY}
    person = f"/settings/people/{world.people['officer_PTNMT'].ref}"
    long = "ắ" * 501
    for address, form, said in (
        ("/settings/rules/clock/new", {**clock, "amount": ""}, "Không được để trống"),
        (person, {"act": "give", "seat": "", **WHY}, "Vui lòng chọn vai trò"),
        (person, {"act": "copy", "colleague": "ai đó", **WHY}, "chọn một đồng nghiệp"),
        (person, {"act": "give", "seat": f"operator.{world.centre.ref}", "reason": long}, "500"),
        ("/account/password", {"present": long, "password": long, "password_again": long}, "Tối đa 200 ký tự"),
    ):
        refused = office.post("administrator", address, **form)
        assert (refused.status_code, said in words_of(refused)) == (422, True), (address, form, words_of(refused))

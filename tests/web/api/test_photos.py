"""Photos sent ahead: the same bytes are one, nobody else's can be read, used or dropped, and what nobody used is not kept."""
from __future__ import annotations

import io
from datetime import timedelta

import pytest
from flask import Flask
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.models import Photo
from casework.permissions import Action
from casework.setting_values import value_of
from casework.upkeep.unsent_files import forget_unsent
from tests import build, service_accounts
from tests.web.api.asked import OF_AGENCY, House, assignment_of, opened
from tests.web.api.test_acts import ANSWER
from tests.web.pages import at
from tests.with_photos import jpeg

WITHOUT = {name: value for name, value in ANSWER.items() if name != "no_photo_reason"}


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


def sent(house: House, colour: str = "olive", key: str | None = None, name: str = "anh.jpg") -> TestResponse:
    return house.ask("POST", "/photos", key=key, data={"file": (io.BytesIO(jpeg(colour)), name)}, content_type="multipart/form-data")


def test_the_same_bytes_are_the_same_photo(house: House) -> None:
    first, again, other = sent(house), sent(house, name="khac.jpg"), sent(house, "green")
    assert [each.status_code for each in (first, again, other)] == [201] * 3
    assert first.json == again.json
    assert other.json["ref"] != first.json["ref"]
    assert db.session.query(Photo).count() == 2
    stranger = sent(house, key=service_accounts.made(house.world, *OF_AGENCY, name="Khác")[1])
    assert stranger.json["ref"] != first.json["ref"], "of another account it is another photo"


def test_a_photo_goes_with_the_answer_and_is_used_once(house: House) -> None:
    case = build.case_at(house.world, "handling")
    row = assignment_of(case)
    at(house.app, build.next_moment(case))
    ref = sent(house).json["ref"]
    twice = house.act(row, "submit_answer", **WITHOUT, photos=[ref, ref])
    assert [each["pointer"] for each in twice.json["errors"]] == ["#/photos/1"]
    answered = house.act(row, "submit_answer", **WITHOUT, photos=[ref])
    assert answered.status_code == 200, answered.json
    [version] = house.json(f"/assignments/{row.ref}/answers")["items"]
    assert [each["ref"] for each in version["photos"]] == [ref]
    copy = house.get(f"/photos/{ref}")
    assert (copy.status_code, copy.mimetype) == (200, "image/jpeg")
    assert house.ask("DELETE", f"/photos/{ref}").status_code == 404, "it belongs to the answer now"


@pytest.mark.parametrize("agency", ["PTNMT", "HKL"])
def test_a_ref_of_another_account_is_as_one_that_never_was(house: House, agency: str) -> None:
    case = build.case_at(house.world, "handling")
    stranger = service_accounts.made(house.world, *OF_AGENCY, agency=agency, name="Khác")[1]
    ref = sent(house, key=stranger).json["ref"]
    for method in ("GET", "DELETE"):
        theirs, never = (house.ask(method, f"/photos/{each}") for each in (ref, "0" * 16))
        assert theirs.status_code == never.status_code == 404
        assert {**theirs.json, "instance": ""} == {**never.json, "instance": ""}
    refused = house.act(assignment_of(case), "submit_answer", **WITHOUT, photos=[ref])
    assert (refused.status_code, [each["pointer"] for each in refused.json["errors"]]) == (422, ["#/photos/0"])
    assert house.ask("DELETE", f"/photos/{ref}", key=stranger).status_code == 204
    assert house.ask("DELETE", f"/photos/{ref}", key=stranger).status_code == 404


def test_what_nobody_used_is_dropped_when_it_said(house: House) -> None:
    case = build.case_at(house.world, "handling")
    told = sent(house).json
    kept_until = build.NOON + timedelta(days=int(value_of("unsent_photo_days")))
    assert told["expires_at"] == f"{kept_until:%Y-%m-%dT%H:%M:%SZ}"
    with unit_of_work():
        assert forget_unsent(now=kept_until + timedelta(days=1)) == 1
    at(house.app, build.next_moment(case))
    refused = house.act(assignment_of(case), "submit_answer", **WITHOUT, photos=[told["ref"]])
    assert (refused.status_code, [each["pointer"] for each in refused.json["errors"]]) == (422, ["#/photos/0"])
    assert house.ask("DELETE", f"/photos/{told['ref']}").status_code == 404
    assert sent(house).json["ref"] != told["ref"]


def test_what_is_no_photo_is_refused_and_needs_the_scope(house: House) -> None:
    refused = house.ask("POST", "/photos", data={"file": (io.BytesIO(b"GIF89a no photo"), "a.jpg")}, content_type="multipart/form-data")
    assert (refused.status_code, refused.json["errors"][0]["pointer"]) == (422, "#/file")
    key = service_accounts.made(house.world, Action.READ_CASE, name="Chỉ đọc")[1]
    assert sent(house, key=key).status_code == 403

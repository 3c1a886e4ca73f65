"""What the foot of every page leads to, and what search engines are told."""
from __future__ import annotations

import json
import re
from datetime import date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.doors.gates import OPEN_DOOR, Door, setting_of
from casework.models import ConsentNotice, Publication
from casework.permissions import Role
from casework.settings.value_changes import set_value
from tests import build
from tests.conftest import client_of
from tests.second_centre import of_the_installation
from tests.web.desk import Office
from tests.web.pages import words_of

WHY = "Người dân hỏi."


@pytest.fixture
def office(app: Flask) -> Office:
    office = Office(app)
    office.world.people["overseer"] = of_the_installation(office.world, "overseer", Role.ADMINISTRATOR)
    return office


def put(office: Office, key: str, value: str, *, for_centre: bool = True) -> None:
    with unit_of_work():
        set_value(key, value, by=office.world.actor("administrator" if for_centre else "overseer"), now=build.NOON, reason=WHY,
                  centre_id=office.world.centre.id if for_centre else None)  # fmt: skip


def test_the_foot_leads_to_the_page_for_developers_where_a_door_is_open(office: Office) -> None:
    link = 'href="/api"'
    assert link not in client_of(office.app).get("/help").get_data(as_text=True)
    put(office, setting_of(Door.OPEN311), OPEN_DOOR)
    page = client_of(office.app).get("/help").get_data(as_text=True)
    assert link in page
    assert client_of(office.app).get("/api").status_code == 200


def linked_data(page: str) -> dict[str, object]:
    [data] = re.findall(r'<script type="application/ld\+json">(.*?)</script>', page, re.DOTALL)
    read: dict[str, object] = json.loads(data)
    return read


def test_the_notice_says_in_days_how_long_data_are_kept_and_until_when_a_right_is_answered(office: Office) -> None:
    put(office, "mask_identity_months", "24", for_centre=False)
    put(office, "unsent_photo_days", "3", for_centre=False)
    page = words_of(office.app.test_client().get("/privacy"))
    assert "24 tháng sau khi vụ việc kết thúc (730 ngày)" in page or "24 tháng sau khi vụ việc kết thúc (731 ngày)" in page
    assert "Ảnh của phản ánh chưa gửi 3 ngày" in page
    assert "trả lời trong 2 ngày làm việc" in page
    assert "làm xong trong 20 ngày" in page
    assert re.search(r"Phiên bản 2026-12, áp dụng từ ngày \d\d/\d\d/20\d\d", page)
    assert "01/01/2020" not in page, "nobody was shown it on that day"


def test_a_notice_of_a_later_day_holds_from_that_day(office: Office) -> None:
    day = (build.NOON - timedelta(days=1)).date()
    with unit_of_work():
        db.session.add(ConsentNotice(version="2027-01", body_vi="Lời mới.", body_en="New words.", valid_from=day))
    put(office, "controller_contact", "dulieu@ioc.example")  # what is cached with the rules is read again
    office.app.config["CLOCK"] = lambda: build.NOON
    assert f"Phiên bản 2027-01, áp dụng từ ngày {day:%d/%m/%Y}" in words_of(office.app.test_client().get("/privacy"))


def test_whoever_finds_a_weakness_reads_whom_to_tell_and_the_copy_expires(office: Office) -> None:
    guest = office.app.test_client()

    def told() -> dict[str, str]:
        answer = guest.get("/.well-known/security.txt")
        assert answer.mimetype == "text/plain"
        return dict(line.split(": ", 1) for line in answer.get_data(as_text=True).splitlines())

    assert told()["Contact"].endswith("/help#security"), "neither address nor hotline is known"
    with unit_of_work():
        db.session.merge(office.world.centre).phone = "0263 000 0000"
    put(office, "controller_contact", "dulieu@ioc.example")
    assert told()["Contact"] == "tel:02630000000", "without an address the hotline takes it"
    put(office, "security_contact", "baomat@ioc.example")
    fields = told()
    assert fields["Contact"] == "mailto:baomat@ioc.example"
    expires = datetime.fromisoformat(fields["Expires"])
    assert timedelta(days=30) < expires - build.NOON < timedelta(days=365)
    assert fields["Canonical"].endswith("/.well-known/security.txt")
    assert "baomat@ioc.example" in words_of(guest.get("/help"))


def test_the_notices_name_what_the_browser_loads_and_what_runs_in_the_centre_without_versions(office: Office) -> None:
    page = words_of(office.app.test_client().get("/licences"))
    assert "@tabler/icons MIT" in page
    assert "SpiffWorkflow" in page
    assert "Flask BSD-3-Clause" in page
    assert not re.search(r"\b\d+\.\d+\.\d+\b", page)


def test_search_engines_are_told_the_service_and_a_published_report_but_nothing_of_one_that_waits(office: Office) -> None:
    guest = office.app.test_client()
    service = linked_data(guest.get("/").get_data(as_text=True))
    assert service["@type"] == "GovernmentService"
    case = build.case_at(office.world, "rating")
    told = linked_data(guest.get(f"/reports/{case.code}").get_data(as_text=True))
    assert (told["@type"], told["reportNumber"]) == ("Report", case.code)
    assert date.fromisoformat(str(told["datePublished"]))
    assert "T" not in str(told["dateCreated"]), "a day, never a time"
    waiting = build.file_report(office.world).case
    assert "ld+json" not in guest.get(f"/reports/{waiting.code}").get_data(as_text=True)


def test_a_title_with_markup_stays_inside_the_linked_data(office: Office) -> None:
    case = build.case_at(office.world, "rating")
    with unit_of_work():
        publication = db.session.scalars(select(Publication).where(Publication.case_id == case.id)).one()
        publication.current.title = "Rác </script><script>alert(1)</script>"
    page = office.app.test_client().get(f"/reports/{case.code}").get_data(as_text=True)
    assert "<script>alert" not in page
    assert linked_data(page)["headline"] == "Rác </script><script>alert(1)</script>"

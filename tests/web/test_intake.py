"""Calls and visitors written down by staff, and cases from cameras: what is kept of whom, what is told once, what is counted apart."""
from __future__ import annotations

import io
import re
from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from lxml import html
from PIL import Image
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.casefile.phone_search import STREAM
from casework.clocks.acts import ClockKind
from casework.db import db, unit_of_work
from casework.intake import cameras
from casework.models import AreaSuccession, Camera, Case, Clock, Event, Rating, Report
from casework.permissions import Role, actor_for
from casework.photos.records import photos_of_report, prepare_copies
from casework.places.points import point_of
from casework.privacy.identity import open_contact
from casework.settings.value_changes import set_value
from casework.triage.acts import ClearedReport
from tests import build
from tests.second_centre import of_the_installation
from tests.system.canary import FILE_NAME, marked_photo
from tests.web.desk import Office, statements_of, step
from tests.web.pages import hidden, words_of
from web.intake import call as call_page

PHONE = "0912 345 678"
CALL = {"source": "phone", "phone": PHONE, "name": "Nguyễn Văn Gọi", "consent": "y", "words": "Cây đổ chắn đường vào thôn.",
        "area": "xa lat", "told": "zns", "language": "vi", "act": "send"}  # fmt: skip


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def take(office: Office, **form: str) -> TestResponse:
    """A call written down by the operator, under a key of its own where none is given."""
    key = form.get("idempotency_key") or hidden(office.get("operator", "/intake/call").get_data(as_text=True), "idempotency_key")
    return office.browser("operator").post("/intake/call", data={**CALL, "idempotency_key": key, **form})


def newest() -> Report:
    db.session.rollback()
    return db.session.scalars(select(Report).order_by(Report.id.desc())).first()  # type: ignore[return-value]


def test_a_call_becomes_a_sealed_report_whose_secret_is_shown_once_and_which_is_verified_at_once(office: Office) -> None:
    page = office.words("operator", "/intake/call")
    assert "Two letters" not in page
    assert "Hai chữ cái là đủ" in page
    seen = datetime(2026, 3, 2, 2, 40, tzinfo=UTC)
    assert take(office, area="la", seen_at="2026-03-02T09:40", urgent="y").status_code == 302
    report = newest()
    assert (report.source, report.area_id, report.seen_at, report.marked_urgent) == ("phone", office.world.area.id, seen, True)
    assert report.filed_by_id == office.world.people["operator"].id
    assert report.consented_at == build.NOON
    contact = open_contact(report.reporter.sealed_identity)  # type: ignore[union-attr, arg-type]
    assert (contact.name, contact.phone, report.reporter.channels) == ("Nguyễn Văn Gọi", build.PHONE, ["zns"])  # type: ignore[union-attr]
    filed = db.session.scalars(select(Event).where(Event.type == "file_report")).one()
    assert filed.payload["consent"] == "voice"
    assert "Nguyễn" not in str(filed.payload)
    clock = db.session.scalars(select(Clock).where(Clock.kind == ClockKind.ACCEPTANCE)).one()
    assert clock.due_at == build.NOON + timedelta(minutes=30)

    first = office.get("operator", "/intake/taken").get_data(as_text=True)
    secret = re.search(r'id="secret">([A-Z0-9-]{14})<', first)
    assert secret
    assert report.code in first
    assert "10:30 hôm nay" in words_of(first)
    again = office.words("operator", "/intake/taken")
    assert secret[1] not in again
    assert report.code in again
    guest = office.app.test_client()
    assert guest.post("/track", data={"code": report.code, "secret": secret[1]}).location.endswith(f"/mine/{report.code}")
    task = build.waiting(db.session.scalars(select(Case)).one(), "verify")
    assert office.post("operator", f"/tasks/{task.ref}/claim", to="task").location.startswith(f"/tasks/{task.ref}")
    assert "Cây đổ chắn đường" in office.words("operator", f"/tasks/{task.ref}")


def test_sent_twice_makes_one_report_and_what_is_missing_is_said_with_everything_kept(office: Office) -> None:
    page = office.get("operator", "/intake/call").get_data(as_text=True)
    key = hidden(page, "idempotency_key")
    for _ in range(2):
        assert take(office, idempotency_key=key).status_code == 302
    assert db.session.query(Report).count() == 1
    other = take(office, words="Việc khác hẳn.", idempotency_key=key)
    assert other.status_code == 422
    assert db.session.query(Report).count() == 1
    for form, said in (
        ({"consent": ""}, "đọc thông báo"), ({"phone": "12"}, "Số điện thoại không đúng"), ({"area": "khong co"}, "Không có xã, phường"),
        ({"area": ""}, "cho biết nơi xảy ra"), ({"words": ""}, "cho biết việc gì"), ({"told": "email"}, "cần có địa chỉ"),
        ({"seen_at": "hôm qua"}, "ngày và giờ"), ({"seen_at": "2026-03-02T11:00"}, "tương lai"),
        ({"phone": "", "name": "", "consent": ""}, "Không có họ tên và số điện thoại"),
    ):
        refused = take(office, **form)
        assert refused.status_code == 422, form
        assert said in words_of(refused), (said, words_of(refused)[:900])
        assert form.get("words", "Cây đổ chắn đường") in refused.get_data(as_text=True)
    assert take(office, phone="", name="", consent="", urgent="y").status_code == 302, "urgent: unknown to the centre"
    assert newest().reporter.is_anonymous
    assert newest().reporter.channels == []
    assert take(office, source="officer", phone="").status_code == 302, "a visitor without telephone leaves a name"


def test_a_place_is_understood_by_its_names_of_before_and_a_divided_one_is_asked_for(office: Office) -> None:
    with unit_of_work():
        joined, beside = build.commune(office.world, "Xã Lạc Dương"), build.commune(office.world, "Phường Lang Biang")
        chais, town, divided = (build.commune(office.world, name, valid_to=date(2025, 7, 1))
                                for name in ("Xã Đạ Chài", "Thị trấn Lạc Dương", "Xã Đạ Sar"))
        for before, behind in ((chais, joined), (town, joined), (divided, joined), (divided, beside)):
            db.session.add(AreaSuccession(predecessor_id=before.id, successor_id=behind.id, on=build.LONG_AGO))
    page = office.get("operator", "/intake/call").get_data(as_text=True)
    assert "“lb”, “dc”" in words_of(page)
    assert 'value="Xã Lạc Dương (trước đây: Xã Đạ Chài)"' in page
    for typed, area in (("ld", joined), ("Đạ Chài", joined), ("thi tran", joined), ("xã lạc dương (trước đây: Xã Đạ Chài)", joined),
                        ("Lát", office.world.area)):
        assert take(office, area=typed).status_code == 302, typed
        assert newest().area_id == area.id, typed
    assert "Xã Lạc Dương (trước đây: Xã Đạ Chài)" in take(office, area="da chai", words="").get_data(as_text=True)
    refused = take(office, area="xa da sar")
    assert refused.status_code == 422
    assert "Phường Lang Biang (trước đây: Xã Đạ Sar) Xã Lạc Dương (trước đây: Xã Đạ Sar)" in words_of(refused)
    assert take(office, area="xa da sar", commune=beside.ref).status_code == 302
    assert newest().area_id == beside.id


def test_a_known_number_leads_to_codes_alone_with_an_event_and_the_words_speak_for_field_and_emergency(office: Office) -> None:
    earlier = build.file_report(office.world).case
    seen = office.post("operator", "/intake/call/known", phone=PHONE).get_json()
    assert [each["code"] for each in seen["cases"]] == [earlier.code]
    assert "1 phản ánh" in seen["words"]
    assert "Nguyễn" not in str(seen)
    event = db.session.scalars(select(Event).where(Event.stream == STREAM)).one()
    assert event.payload["reason"] == call_page.WHY_LOOKED
    assert event.payload["found"] == 1
    assert "912" not in str(event.payload)
    assert office.post("operator", "/intake/call/known", phone="12").status_code == 422
    assert office.post("operator_2", "/intake/call/known", phone="0987 000 111").get_json()["cases"] == []
    heard = office.post("operator", "/intake/call/hints", words="Xe máy đâm nhau, có người bị thương, chay nha").get_json()
    assert [re.findall(r"11[345]", each) for each in heard["emergencies"]] == [["115"]], "typed with accents, they have to be right"
    rubbish = office.post("operator", "/intake/call/hints", words="Đống rác thải lớn đổ trộm ven suối bốc mùi hôi thối").get_json()
    assert rubbish["emergencies"] == []
    assert rubbish["field"][0] == "rung_dat_moi_truong"
    # the same without a script
    looked = take(office, act="look", words="chay nha, co nguoi bi thuong")
    assert looked.status_code == 200
    assert earlier.code in words_of(looked)
    assert "114" in words_of(looked)
    assert "gọi 115 ngay" in words_of(looked)
    for ticked, shown in (({}, True), ({"urgent": "y"}, False)):
        page = html.fromstring(take(office, act="look", words="Dây điện đứt, trẻ con đi học qua", **ticked).data)
        [hint] = page.xpath("//*[@data-hint-urgent]")
        assert "có vẻ khẩn: dây điện đứt" in " ".join(hint.text_content().split()).lower()
        assert (hint.get("hidden") is None) == shown
        [tick] = page.xpath(f"//input[@id='{hint.xpath('.//a')[0].get('href').removeprefix('#')}']")
        assert (tick.get("name"), tick.get("type")) == ("urgent", "checkbox"), "the hint leads to the tick"
    assert db.session.query(Report).count() == 1
    root = of_the_installation(office.world, "root", Role.ADMINISTRATOR)
    # it counts among the look-ups of the page of searches, as many as the administrator allows
    with unit_of_work():
        set_value("phone_look_ups_an_hour", "2", by=actor_for(root, now=build.NOON), now=build.NOON, reason="Thử.")
    for officer, words in (("operator", "quá nhiều số"), *(("ops_lead", each) for each in ("1 phản ánh", "1 phản ánh", "quá nhiều số"))):
        seen = office.post(officer, "/intake/call/known", phone=PHONE).get_json()
        assert (words in seen["words"], bool(seen["cases"])) == (True, words != "quá nhiều số"), (officer, seen)


def camera(office: Office, name: str = "Camera tầm cao Thử") -> Camera:
    with unit_of_work():
        row = Camera(centre_id=office.world.centre.id, name_vi=name, name_en=name, kind="tower", area_id=office.world.area.id,
                     latitude=12.1795, longitude=108.6755, valid_from=build.LONG_AGO)
        db.session.add(row)
    return row


def see(office: Office, seen_on: Camera, moment: str = "2026-03-02T09:40", **form: object) -> int:
    page = office.get("operator", "/intake/camera").get_data(as_text=True)
    sent = {"camera": seen_on.ref, "seen_at": moment, "words": "Khói bốc lên từ rừng thông.", "act": "send",
            "idempotency_key": hidden(page, "idempotency_key"), "photos_token": hidden(page, "photos_token"), **form}
    return office.post("operator", "/intake/camera", **sent).status_code


@pytest.mark.exhaustive
def test_what_a_camera_shows_is_a_case_of_nobody_with_its_camera_time_and_clean_pictures_everywhere(office: Office) -> None:
    row = camera(office)
    assert see(office, row, photos=[(io.BytesIO(marked_photo()), FILE_NAME)]) == 302
    report = newest()
    assert (report.source, report.reporter, report.camera_id, point_of(report)) == ("camera", None, row.id, (12.1795, 108.6755, None))
    assert report.area_id == office.world.area.id
    taken = office.words("operator", "/intake/taken")
    assert report.code in taken
    assert "không có mã bí mật" in taken.lower()
    assert "Từ camera" in taken
    case = db.session.scalars(select(Case)).one()
    for address in (step(case, "verify"), f"/cases/{case.ref}"):
        shown = office.words("operator", address)
        assert [word for word in ("Từ camera", "Camera tầm cao Thử", "09:40 02/03/2026") if word not in shown] == [], address
    [photo] = photos_of_report(case.main_report)
    copies = prepare_copies(photo, [], audience="agencies", store=office.app.extensions["file_store"])
    cleared = ClearedReport(case.main_report, "Khói bốc lên từ rừng thông.", ((photo, copies),))
    build.do(office.world, case, "verify", "operator", title="Cháy rừng", cleared=[cleared])
    assert "Camera tầm cao Thử" in office.words("operator", f"/cases/{case.ref}?tab=all")
    assert "Camera" in office.words("operator", "/inbox")
    assert "Camera tầm cao Thử" in office.words("operator", step(case, "classify"))
    view = office.get("operator", f"/photos/{re.search(r'/photos/([^/]+)/', office.get('operator', f'/cases/{case.ref}').get_data(as_text=True))[1]}/centre/view")  # type: ignore[index]  # noqa: E501
    with Image.open(io.BytesIO(view.data)) as picture:
        assert not picture.getexif()
    for form in ({"seen_at": ""}, {"camera": "unknown"}, {"words": ""}):
        assert see(office, row, **form) == 422, form
    many = [(io.BytesIO(marked_photo(seed)), "a.jpg") for seed in range(7)]
    assert see(office, row, photos=many) == 422
    assert db.session.query(Report).count() == 1


def test_cameras_are_counted_apart_by_month_in_few_statements_and_without_what_was_set_apart(office: Office) -> None:
    first, second = camera(office), camera(office, "Camera an ninh Thử")
    assert [see(office, each) for each in (first, first, second)] == [302, 302, 302]
    take(office)
    cases = list(db.session.scalars(select(Case).order_by(Case.id)))
    for case, minutes in zip(cases[:2], (4, 10), strict=True):
        build.do(office.world, case, "verify", "operator", title="Cháy rừng", cleared=[build.cleared(case.main_report)],
                 now=build.NOON + timedelta(minutes=minutes))
    build.act(office.world, cases[2], "quarantine", "operator", reason="Tố cáo đích danh.")
    page = office.words("operator", "/intake/cameras")
    assert "03/2026 Camera tầm cao Thử 2 2 /2 0 /2 0 /2 27 phút" in page
    assert "Cả năm 2" in page
    assert "Camera an ninh Thử" not in page
    counted = cameras.camera_year(office.world.actor("operator"), 2026, now=build.NOON)
    assert (counted.total.filed, counted.total.median_minutes, counted.is_cut) == (2, 27, False)
    few = statements_of(lambda: office.get("operator", "/intake/cameras"))
    assert [see(office, first, moment=f"2026-03-02T09:{minute}") for minute in (10, 20, 30)] == [302] * 3
    assert statements_of(lambda: office.get("operator", "/intake/cameras")) == few
    assert "chưa có vụ việc" in office.words("operator", "/intake/cameras?year=2019").lower()


def test_a_camera_report_merged_with_a_citizens_leaves_the_rating_to_the_citizen(office: Office) -> None:
    assert see(office, camera(office)) == 302
    seen, filed = db.session.scalars(select(Case)).one(), build.file_report(office.world)
    told = filed.case
    build.act(office.world, told, "merge", "operator", into=seen)
    db.session.rollback()
    build.advance(office.world, db.session.get_one(Case, seen.id), "rating")
    db.session.rollback()
    answered = db.session.get_one(Case, seen.id)
    assert answered.state == "rating", "the citizen is asked, though the main report is a camera's"
    build.do(office.world, answered, "rate", "citizen", act="rate", report=filed.report, level="satisfied")
    db.session.rollback()
    assert [(row.reporter_id, row.level) for row in db.session.scalars(select(Rating))] == [(filed.report.reporter_id, "satisfied")]

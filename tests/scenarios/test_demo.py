"""The demonstration: an installation anybody can look at, made by the real use cases under a clock of its own."""
from __future__ import annotations

import io
import re
import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.calendars import calendar_of
from casework.db import db, unit_of_work
from casework.models import Account, Agency, Case, Event, HotlineCall, Photo, Publication, Report
from casework.permissions import LOCAL_ZONE, Role
from casework.working_time import Calendar
from tests import build
from tests.conftest import client_of, environment_of, prepare_schema, running
from web import demo, demo_cases
from web.config import Config
from web.demo_people import CITIZENS, PASSWORD
from web.demo_stories import STORIES, moments_of, steps_of
from web.passwords import check_password
from web.starting import StartRefused
from web.verifying import verify
from workflows.inbox import Wanted, page_of
from workflows.models import Incident, WaitingTask
from workflows.routing import shipped_table

NOW = datetime(2026, 3, 25, 3, 0, tzinfo=UTC)           # Wednesday, 10:00 local
SMOKE = "Cột khói nghi cháy rừng thông"
CHILD = "Nghi trẻ em bị bạo hành"


@pytest.fixture(scope="module", params=["sqlite", "postgres"])
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Flask]]:
    """A demonstration that was prepared once for all tests that only look at it."""
    url = None
    if request.param == "postgres":
        cluster, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
        url = cluster.create("demonstration", template=template)
    config = Config.from_environment(environment_of(tmp_path_factory.mktemp("demonstration"), url) | {"LANGBIANG_DEMO": "yes"})
    if url is None:
        prepare_schema(config)
    with running(config) as app:
        app.config["CLOCK"] = lambda: NOW
        assert demo.prepare(app, now=NOW)
        yield config, app
    if url is not None:
        request.getfixturevalue("postgres").drop("demonstration")


@pytest.fixture
def app(prepared: tuple[Config, Flask]) -> Iterator[Flask]:
    yield prepared[1]
    db.session.rollback()


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is most of the work, and nothing the tests below are about."""
    monkeypatch.setattr(demo, "draw_pictures", lambda store, *, max_bytes: {})


def case_of(title: str) -> Case:
    return db.session.scalars(select(Case).where(Case.title == title)).one()


def test_every_state_of_the_straight_way_waits_to_be_looked_at(app: Flask) -> None:
    states = Counter(db.session.scalars(select(Case.state)))
    assert set(states) == {"to_verify", "to_classify", "to_distribute", "at_agency", "handling", "redo", "approval", "to_publish", "rating",
                           "review", "closed", "refused"}
    assert states.total() == len(STORIES)
    assert states["closed"] == 4


@pytest.mark.parametrize(("role", "elements"), [
    (Role.OPERATOR, {"verify", "classify", "call_hotline", "distribute", "publish"}),
    (Role.OPS_LEAD, {"review_rating"}),
    (Role.OFFICER, {"accept_assignment", "submit_answer"}),
    (Role.AGENCY_LEADER, {"approve_answer"}),
    ("reporter", {"rate"}),
])
def test_every_desk_has_something_waiting(app: Flask, role: str, elements: set[str]) -> None:
    query = select(WaitingTask.element).where(WaitingTask.state == "waiting", WaitingTask.desk.startswith(f"{role}@"))
    assert set(db.session.scalars(query)) == elements


def test_what_waits_is_in_the_inbox_of_a_person_one_can_sign_in_as(app: Flask) -> None:
    staff = {account.login: account for account in db.session.scalars(select(Account).where(Account.kind == "staff"))}
    desks = set(db.session.scalars(select(WaitingTask.desk).where(WaitingTask.state == "waiting")))
    read = {desk for account in staff.values() for desk in demo_cases.actor_for(account, now=NOW).desks}
    assert {desk for desk in desks if not desk.startswith("reporter@")} <= read
    page = page_of(demo_cases.actor_for(staff["vanhanh"], now=NOW), Wanted(), now=NOW, limit=100)
    assert any(task.urgent for task in page.tasks)


def test_the_decision_table_names_agencies_there_are(app: Flask) -> None:
    named = set(re.findall(r'"([A-Z]+(?:-[A-Z]+)?)"', re.sub(r"<\?.*?\?>|hitPolicy=\S+", "", shipped_table().decode())))
    assert {"HKL", "CAH"} <= named <= set(db.session.scalars(select(Agency.key)))


def test_the_smoke_was_seen_at_13_47_and_its_case_closed_the_same_day(app: Flask) -> None:
    case = case_of(SMOKE)
    assert case.opened_at.astimezone(LOCAL_ZONE).isoformat() == "2022-11-07T13:47:00+07:00"
    assert (case.source, case.urgency, case.village) == ("camera", "urgent", "Thôn Klong Klanh")
    assert case.main_report.camera_id is not None
    assert case.closed_at is not None
    assert case.closed_at.astimezone(LOCAL_ZONE).date() == case.opened_at.astimezone(LOCAL_ZONE).date()
    assert db.session.scalar(select(func.count()).select_from(HotlineCall).where(HotlineCall.case_id == case.id)) == 1
    assert [assignment.agency.key for assignment in case.assignments] == ["HKL", "UBND-DACHAIS"]


def test_rating_windows_of_the_first_years_closed_their_cases_then(app: Flask) -> None:
    for case in db.session.scalars(select(Case).where(Case.state == "closed", Case.source != "camera")):
        assert case.closed_at is not None
        assert timedelta(days=7) < case.closed_at - case.opened_at < timedelta(days=30), case.title


def test_nothing_happened_after_now_or_before_the_system_opened(app: Flask) -> None:
    first, last = db.session.execute(select(func.min(Event.at), func.max(Event.at))).one()
    assert first == demo.OPENED
    assert last == NOW
    codes = list(db.session.scalars(select(Report.code).order_by(Report.filed_at)))
    assert codes == sorted(codes)


def test_the_sensitive_case_was_answered_but_is_on_no_public_page(app: Flask) -> None:
    case = case_of(CHILD)
    assert not case.is_public
    assert list(db.session.scalars(select(Publication.kind).where(Publication.case_id == case.id))) == ["private"]
    client = client_of(app)
    assert CHILD not in client.get("/reports").text
    assert CHILD not in client.get(f"/reports/{case.code}").text


def test_one_urgent_case_still_waits_for_its_call_and_one_case_is_late(app: Flask) -> None:
    calls = db.session.scalars(select(WaitingTask).where(WaitingTask.element == "call_hotline", WaitingTask.state == "waiting")).all()
    assert [task.case.urgency for task in calls] == ["urgent"]
    late = [case.title for case in db.session.scalars(select(Case).where(Case.state == "handling")) if case.is_late(NOW)]
    assert late == ["Ô tô đỗ sai quy định gây ùn tắc giờ cao điểm"]


def test_published_cases_show_the_place_before_and_after(app: Flask) -> None:
    page = client_of(app).get(f"/reports/{case_of(SMOKE).code}")
    assert page.status_code == 200
    assert page.text.count("/public/view") >= 2
    assert {photo.state for photo in db.session.scalars(select(Photo))} == {"linked"}


def test_every_page_says_that_the_data_are_invented(app: Flask) -> None:
    client = client_of(app)
    for address in ("/", "/reports"):
        assert "Dữ liệu minh họa" in client.get(address).text
    client.post("/language", data={"code": "en"})
    assert "Invented data" in client.get("/").text


def test_every_printed_account_opens_with_the_printed_password(prepared: tuple[Config, Flask], app: Flask) -> None:
    out = io.StringIO()
    demo.print_accounts(prepared[0], out)
    table = app.extensions["demo_accounts"]
    assert all(account.login in out.getvalue() and account.full_name in out.getvalue() for account in table)
    assert prepared[0].base_url in out.getvalue()
    assert PASSWORD in out.getvalue()
    roles = {membership.role for account in db.session.scalars(select(Account)) for membership in account.memberships}
    assert roles == set(Role)
    for account in db.session.scalars(select(Account)):
        assert check_password(PASSWORD, account.password_hash)
    assert len({account.full_name for account in table}) == len(table)
    assert len([account for account in table if account.login in dict(CITIZENS)]) == 2


def test_a_second_start_changes_nothing_and_is_quick(app: Flask) -> None:
    events, tasks = (db.session.scalar(select(func.count()).select_from(model)) for model in (Event, WaitingTask))
    began = time.monotonic()
    assert not demo.prepare(app, now=NOW + timedelta(hours=1))
    assert time.monotonic() - began < 5
    assert [db.session.scalar(select(func.count()).select_from(model)) for model in (Event, WaitingTask)] == [events, tasks]


def test_the_whole_of_it_verifies_and_left_no_incident(prepared: tuple[Config, Flask], app: Flask) -> None:
    assert db.session.scalar(select(func.count()).select_from(Incident)) == 0
    found = verify(prepared[0], now=NOW)
    assert [(finding.subject, finding.text.en[:400]) for finding in found.faults] == []


@pytest.mark.usefixtures("without_pictures")
def test_a_window_that_ends_while_the_demonstration_is_off_closes_its_case_at_that_instant(sqlite_app: Flask) -> None:
    demo.prepare(sqlite_app, now=NOW)
    demo.prepare(sqlite_app, now=NOW + timedelta(days=30))
    case = case_of("Nắp hố ga vỡ trước cổng trường tiểu học")
    assert case.state == "closed"
    assert case.closed_at is not None
    assert case.closed_at < NOW + timedelta(days=8)


def test_a_database_with_a_real_centre_is_left_alone(sqlite_app: Flask) -> None:
    with unit_of_work():
        build.centre("DL")
    with pytest.raises(StartRefused, match="no demonstration"):
        demo.prepare(sqlite_app, now=NOW)
    assert db.session.scalar(select(func.count()).select_from(Case)) == 0


@pytest.mark.usefixtures("without_pictures")
def test_a_start_that_breaks_off_leaves_nothing_behind(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(demo_cases.STEPS, "rate", None)
    with pytest.raises(TypeError):
        demo.prepare(sqlite_app, now=NOW)
    assert db.session.scalar(select(func.count()).select_from(Event)) == 0
    monkeypatch.undo()
    assert demo.prepare(sqlite_app, now=NOW)


HO_CHI_MINH = ZoneInfo("Asia/Ho_Chi_Minh")


@pytest.mark.parametrize("now", [
    datetime(2026, 3, 1, 23, 50, tzinfo=HO_CHI_MINH),   # Sunday night
    datetime(2026, 2, 18, 9, 0, tzinfo=HO_CHI_MINH),    # in the Tết holidays
    datetime(2026, 3, 2, 7, 31, tzinfo=HO_CHI_MINH),    # one minute into an office morning
    datetime(2026, 3, 2, 11, 45, tzinfo=HO_CHI_MINH),   # in the noon break
    datetime(2027, 1, 1, 0, 0, tzinfo=HO_CHI_MINH),
])
def test_whenever_it_is_seeded_the_steps_are_in_order_and_in_the_past(now: datetime) -> None:
    for story in STORIES:
        urgent = demo_cases.is_urgent(story)
        steps = list(moments_of(story, urgent=urgent, now=now, calendar=Calendar()))
        assert [step for step, _ in steps] == steps_of(story, urgent=urgent)
        moments = [moment for _, moment in steps]
        assert moments == sorted(set(moments))
        assert moments[-1] < now


@pytest.mark.usefixtures("without_pictures")
def test_it_can_be_seeded_in_the_middle_of_tet(sqlite_app: Flask) -> None:
    now = datetime(2026, 2, 18, 22, 0, tzinfo=HO_CHI_MINH)
    assert demo.prepare(sqlite_app, now=now)
    assert calendar_of(None).days_off
    assert db.session.scalar(select(func.max(Event.at))) == now


def test_the_command_takes_its_folder_and_port_and_shows_the_banner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANGBIANG_DATABASE_URL", raising=False)
    config = demo.demo_config(8099, tmp_path / "demo")
    assert (config.port, config.data, config.demo, config.base_url) == (8099, tmp_path / "demo", True, "http://127.0.0.1:8099")

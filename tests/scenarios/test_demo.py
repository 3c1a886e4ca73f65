"""The demonstration: an installation anybody can look at, made by the real use cases under a clock of its own."""
from __future__ import annotations

import io
import re
import shutil
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from unittest.mock import patch
from zoneinfo import ZoneInfo

import pytest
from flask import Flask
from PIL import Image
from sqlalchemy import func, select

from casework.answers.openings import newest_answers, opened_by
from casework.answers.templates import own_templates
from casework.asking.answers import answers_given
from casework.assignments.extensions import extensions_of
from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.clocks.reminders import send_reminders
from casework.contacts.blocked_senders import blocks_seen
from casework.db import db, unit_of_work
from casework.documents.books import books_seen
from casework.documents.letterheads import letterhead_for
from casework.documents.letters import letters_seen
from casework.documents.register import Shelf, documents_seen, lines_of
from casework.doors.accounts import service_accounts_seen
from casework.doors.behalf import people_agreed
from casework.doors.keys import keys_of
from casework.figures.reading import last_months as months_shown
from casework.figures.reading import shown_figures
from casework.files.under_maps import SKETCH, ground_file
from casework.inbox.saved_filters import filters_of
from casework.installation.seeding import REORGANISED_ON, table_rows
from casework.intake.file_report import cleared_words, original_words
from casework.intake.same_sender import earlier_reports
from casework.intake.similar_cases import alike_nearby
from casework.local_time import LOCAL_ZONE
from casework.messages.dead_letters import channel_states, dead_letters
from casework.models import (
    Account,
    Agency,
    Area,
    AreaSuccession,
    Assignment,
    CalendarDay,
    Case,
    CaseSpan,
    Clock,
    DataRequest,
    Delivery,
    DocumentNumber,
    Event,
    HotlineCall,
    LetterFile,
    OutboxMessage,
    Photo,
    Publication,
    Recording,
    Reminder,
    Reorganisation,
    Report,
    StaleDay,
)
from casework.notes.mentions import unseen_count
from casework.outputs import outputs_seen, retry_output
from casework.outputs.schedule_lists import runs_of, schedules_seen
from casework.permissions import Actor, Role, actor_for
from casework.permissions.sight import Sight, sees
from casework.photos.records import photos_of_answer, photos_of_report
from casework.places.lookup import bounded_area_at
from casework.public.cases import public_list
from casework.public.filters import PublicFilter as PublicWanted
from casework.public.me_too import me_too_counts
from casework.publishing.ratings import ratings_of
from casework.recordings.access import recordings_seen
from casework.reorganising.faults import faults_of
from casework.reorganising.plans import plans_seen
from casework.rights.deputies import principals_of
from casework.settings.elements import element_rule
from casework.settings.event_lists import setting_events
from casework.settings.people import fit_email, fit_phone
from casework.settings.scopes import administered_centres
from casework.states import OPEN_STATES, AssignmentEnd, AssignmentState, CaseState, Pause
from casework.steps.drafts import draft_name, drafts_of
from casework.triage.hotline import hotline_calls
from casework.triage.personal_marks import MarkKind, personal_marks
from casework.triage.refusals import open_objection
from casework.wallboard.wallboards import wallboards_of
from casework.working_time import Calendar
from reports.statistics.snapshots import snapshots_seen
from tests import build
from tests.conftest import client_of, environment_of, prepare_schema, running
from tests.whole import WHOLE, sample
from web import demo
from web.accounts.password_rules import check_password
from web.commands.verify import verify
from web.config import Config
from web.demo import cases as demo_cases
from web.demo import papers as demo_papers
from web.demo import people as demo_people
from web.demo import running as demo_running
from web.demo import settings as demo_settings
from web.demo import studio as demo_studio
from web.demo import telling as demo_telling
from web.demo.cases import STORIES
from web.demo.fresh import FRESH
from web.demo.people import CITIZENS, PASSWORD
from web.demo.seals import demo_seals
from web.demo.stories import moments_of
from web.demo.year import YEAR
from web.startup_checks import StartRefused
from workflows.bindings import STEPS
from workflows.bottlenecks.reading import BottleneckQuery, heat, last_months
from workflows.comparison.changes import changes_between
from workflows.definitions.parsed import text_of
from workflows.desks.inbox import page_of
from workflows.desks.inbox_filters import InboxQuery as WantedTasks
from workflows.desks.inbox_steps import InboxStep
from workflows.desks.late_cases import late_list
from workflows.models import Incident, Message, ProcessMove, ProcessVersion, Rehearsal, Scenario, Timer, WaitingTask
from workflows.moving.plan_cases import counts_of, groups_of
from workflows.moving.plan_choices import choices_of
from workflows.reorganising.preview import preview
from workflows.routing.suggestion import shipped_table
from workflows.running.steps import draft_place
from workflows.running.wakeups import fire_due_timers
from workflows.versions.events import writers_of
from workflows.versions.live import live_version

pytestmark = pytest.mark.exhaustive

NOW = datetime(2026, 3, 25, 3, 0, tzinfo=UTC)           # Wednesday, 10:00 local
SMOKE = "Cột khói nghi cháy rừng thông"
CHILD = "Nghi trẻ em bị bạo hành"
GOING_ON = {"BQLRDN", "VQGBD", "DLLD", "DQLTT"}
"""Bodies of the province, which the reorganisation did not touch."""


KINDS = sample(("sqlite", "postgres"), 2)
"""On PostgreSQL it is prepared by `bin/soak whole`."""


@pytest.fixture(scope="module", params=KINDS)
def prepared(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Flask]]:
    """A demonstration that was prepared once for all tests that only look at it, behind a start that broke off."""
    url = None
    if request.param == "postgres":
        cluster, template = request.getfixturevalue("postgres"), request.getfixturevalue("postgres_template")
        url = cluster.create("demonstration", template=template)
    folder = tmp_path_factory.mktemp("demonstration")
    config = Config.from_environment(environment_of(folder, url) | demo_seals(folder) | {"LANGBIANG_DEMO": "yes"})
    if url is None:
        prepare_schema(config)
    with running(config) as app:
        app.config["CLOCK"] = lambda: NOW
        break_off(app)
        # what is drawn has its own tests, and took a fifth of the time
        with patch.object(demo_cases, "draw_demo_photo", plain_picture):
            assert demo.prepare(app, now=NOW, say=lambda stage: app.extensions.setdefault("said", []).append(stage.en))
        yield config, app
    if url is not None:
        request.getfixturevalue("postgres").drop("demonstration")


def break_off(app: Flask, now: datetime = NOW) -> None:
    """A start that stops in the middle of the stories and leaves nothing behind."""
    with (patch.object(demo, "draw_pictures", lambda painters: {}),
          patch.object(demo, "make_recordings", lambda store: {}), patch.dict(demo_cases.DEEDS, {"correct": None}),
          pytest.raises(TypeError)):
        demo.prepare(app, now=now)
    assert db.session.scalar(select(func.count()).select_from(Event)) == 0


def plain_picture(seed: int, kind: str, label: str | None = None, *, after: bool = False) -> bytes:
    """A small picture of its own for each that would be drawn."""
    target = io.BytesIO()
    Image.new("RGB", (320, 240), "#" + sha256(f"{seed} {kind} {label} {after}".encode()).hexdigest()[:6]).save(target, "JPEG")
    return target.getvalue()


@pytest.fixture
def app(prepared: tuple[Config, Flask]) -> Iterator[Flask]:
    yield prepared[1]
    db.session.rollback()


@pytest.fixture
def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """Drawing is most of the work, and nothing the tests below are about."""
    monkeypatch.setattr(demo, "draw_pictures", lambda painters: {})
    monkeypatch.setattr(demo_cases, "demo_video", lambda seed, kind: None)


def case_of(title: str) -> Case:
    return db.session.scalars(select(Case).where(Case.title == title)).one()


def cases() -> list[Case]:
    """Those of reports; a part split off one of them is not told by the table."""
    return list(db.session.scalars(select(Case).where(Case.parent_id.is_(None)).order_by(Case.id)))


def is_old(case: Case) -> bool:
    return case.opened_at < datetime(2024, 1, 1, tzinfo=UTC)


def is_of_the_district(case: Case) -> bool:
    """It was opened and ended before the reorganisation; some of the year before the last days were, too."""
    return case.opened_at < datetime(2025, 7, 1, tzinfo=LOCAL_ZONE)


def test_every_report_of_the_table_is_told_once(app: Flask) -> None:
    titles = [story.title for story in STORIES]
    assert sorted(titles) == sorted(row["title"] for row in table_rows("demo_reports.csv"))
    [part] = db.session.scalars(select(Case).where(Case.parent_id.is_not(None)))
    assert len(titles) == db.session.scalar(select(func.count()).select_from(Report)) - len(part.reports) == 62
    known = {case.title for case in cases() if case.title}
    assert known <= set(titles)
    # a report nobody has verified yet and one in quarantine have no title
    untitled = ["to_verify", "to_verify", "waiting_reporter", *["refused"] * 3, "quarantined"]
    assert len(known) == 62 - len(untitled)


def test_thirty_five_reports_were_finished_in_the_first_fourteen_months(app: Flask) -> None:
    first, last = datetime(2022, 5, 19, tzinfo=LOCAL_ZONE), datetime(2023, 7, 16, tzinfo=LOCAL_ZONE)
    old = [case for case in cases() if is_old(case)]
    assert len(old) == 35
    for case in old:
        moments = list(db.session.scalars(select(Event.at).where(Event.case_id == case.id, Event.type != "reorganise")))
        assert first <= min(moments) <= max(moments) < last, case.code
        assert case.code[3:7] in ("2022", "2023")
    # the two that are over for their senders alone
    assert [case.state for case in old if case.closed_at is None] == ["referred", "answered"]


def test_fifteen_reports_are_of_the_last_days_and_one_is_of_each_month_before(app: Flask) -> None:
    later = [case for case in cases() if not is_old(case)]
    year = [case for case in later if case.title in {story.title for story in YEAR}]
    fresh = [case for case in later if case not in year]
    assert len(fresh) == len(FRESH) == 15
    assert all(NOW - timedelta(days=40) < case.opened_at < NOW for case in fresh)
    assert {case.code[:7] for case in fresh} == {"LD-2026"}
    assert len({f"{case.opened_at:%Y-%m}" for case in year}) == len(year) == len(YEAR) == 12
    assert {case.state for case in year} == {"closed"}


def test_the_reorganisation_split_the_rows_among_the_three_communes_of_today(app: Flask) -> None:
    areas = {area.id: area for area in db.session.scalars(select(Area))}
    behind = {row.predecessor_id: areas[row.successor_id] for row in db.session.scalars(select(AreaSuccession))}
    communes = {area.name_vi: behind[area.id] for area in areas.values() if area.level == "commune" and area.id in behind}
    by_title = {row["title"]: communes[row["commune"]] for row in table_rows("demo_reports.csv")}
    split = Counter(area.name_vi for area in by_title.values())
    for case in (each for each in cases() if each.title):
        place = areas[case.area_id or 0]
        assert behind.get(place.id, place) is by_title[case.title or ""]
        assert place.valid_to == (REORGANISED_ON if is_of_the_district(case) and case.state != "referred" else None), case.title
    # more rows than the 47 of the project: one that is near another, two of guests, twelve of the year before
    assert split == {"Phường Lang Biang - Đà Lạt": 24 + 2 + 5, "Xã Lạc Dương": 19 + 1 + 5, "Xã Đam Rông 4": 4 + 2}
    plan = db.session.scalars(select(Reorganisation).where(Reorganisation.state == "done")).one()
    assert (plan.state, plan.on, plan.done_by_id) == ("done", REORGANISED_ON, demo_people.staff_account("quantri").id)


def test_every_map_has_ground_and_every_place_of_today_lies_in_its_commune(app: Flask) -> None:
    communes = list(db.session.scalars(select(Area).where(Area.level == "commune", Area.valid_to.is_(None))))
    assert len(communes) == 3
    assert all(area.boundary_source == "vietnamese-provinces-database, © 2021 Thang Le Quoc (MIT)" for area in communes)
    layer = ground_file(SKETCH)
    assert layer is not None
    assert (app.extensions["file_store"].exists(layer.stored_name), layer.count) == (True, 211)
    heirs = {row.predecessor_id: row.successor_id for row in db.session.scalars(select(AreaSuccession))}
    placed = [case for case in cases() if case.latitude is not None and case.longitude is not None]
    assert len(placed) > 40
    for case in placed:
        around = bounded_area_at(case.latitude or 0, case.longitude or 0, NOW.date())
        assert around is not None, case.code
        assert around.id == heirs.get(case.area_id or 0, case.area_id), case.code


def test_closed_cases_keep_the_bodies_of_their_day_and_fresh_ones_are_with_those_of_today(app: Flask) -> None:
    for case in cases():
        for row in case.assignments:
            until = REORGANISED_ON if is_of_the_district(case) and row.agency.key not in GOING_ON else None
            assert row.agency.valid_to == until, (case.code, row.agency.key)
    lead = case_of(SMOKE).assignments[0].agency
    heads = [letterhead_for(lead.centre_id, lead.id, day).issuing_body for day in (lead.valid_from, date(2022, 11, 7))]
    heir = db.session.scalars(select(Agency).where(Agency.key == "HKL-KV")).one()
    heads.append(letterhead_for(heir.centre_id, heir.id, NOW.date()).issuing_body)
    assert heads == ["HẠT KIỂM LÂM HUYỆN LẠC DƯƠNG"] * 2 + ["HẠT KIỂM LÂM KHU VỰC LẠC DƯƠNG"]
    assert lead.centre.name_vi == "Trung tâm Giám sát và Điều hành thông minh xã Lạc Dương"
    page = client_of(app).get(f"/reports/{case_of(SMOKE).code}").text
    assert "Xã Đạ Chais (nay là xã Lạc Dương)" in page
    assert "Hạt Kiểm lâm huyện Lạc Dương" in page
    page = client_of(app).get(f"/reports/{case_of('Hát loa kéo quá 22 giờ gây ồn').code}").text
    assert "Phường Lang Biang - Đà Lạt (trước đây: thị trấn Lạc Dương)" in page
    for words in ("đạ chais", "khói xã lạc dương"):
        assert case_of(SMOKE).code in [item.code for item in public_list(PublicWanted(words=words)).items], words


@pytest.mark.parametrize("state", CaseState)
def test_every_state_of_a_case_is_there_to_look_at(app: Flask, state: CaseState) -> None:
    assert state in set(db.session.scalars(select(Case.state)))


@pytest.mark.parametrize("state", AssignmentState)
def test_every_state_of_an_agency_s_work_is_there_to_look_at(app: Flask, state: AssignmentState) -> None:
    assert state in set(db.session.scalars(select(Assignment.state)))


LOOKS: dict[str, Callable[[Case], Any]] = {
    "held": lambda case: case.paused_for == Pause.HOLD and case.held_reason,
    "waiting for the reporter": lambda case: case.paused_for == Pause.QUESTION,
    "late": lambda case: case.state == "handling" and case.is_late(NOW),
    "soon": lambda case: case.due_at is not None and case.state in OPEN_STATES and NOW < case.due_at < NOW + timedelta(days=1),
    "extended": lambda case: case.state == "handling" and any(each.granted for each in extensions_of(case)),
    "reopened": lambda case: case.reopened and case.state in OPEN_STATES,
    "an objection to decide": lambda case: open_objection(case),
    "an extension to endorse": lambda case: any(each.endorsed is None for each in extensions_of(case)),
    "an extension to decide": lambda case: any(each.endorsed and each.granted is None for each in extensions_of(case)),
    "a withdrawal to decide": lambda case: case.withdrawal_asked,
    "words a reporter added": lambda case: case.has_unread_words,
    "the hotline not reached": lambda case: case.hotline_owed and any(not call.reached for call in hotline_calls(case)),
    "an interim publication": lambda case: case.state == "handling" and kinds_of(case) == ["interim"],
    "a private answer": lambda case: kinds_of(case) == ["private"],
    "interim, then final": lambda case: kinds_of(case) == ["interim", "final"],
    "a corrected publication": lambda case: any(publication.current.version > 1 for publication in publications_of(case)),
    "an agency left out": lambda case: any(row.end_reason == AssignmentEnd.MISSING and row.end_words for row in case.assignments),
    "merged into a case that has ended": lambda case: case.merged_into is not None and case.merged_into.state == "closed",
    "in redo once": lambda case: any(len(row.answers) > 1 for row in case.assignments),
    "several agencies": lambda case: sum(row.approved_at is not None for row in case.assignments) > 2,
    "late when it was answered": lambda case: case.state == "closed" and case.is_late(NOW),
    "unrated": lambda case: case.state == "closed" and case.source != "camera" and not ratings_in(case),
    "handed back": lambda case: any(row.end_reason == AssignmentEnd.HANDED_BACK for row in case.assignments),
    **{level: (lambda case, level=level: level in ratings_in(case)) for level in ("satisfied", "acceptable", "dissatisfied")},
}  # fmt: skip


def publications_of(case: Case) -> list[Publication]:
    return list(db.session.scalars(select(Publication).where(Publication.case_id == case.id).order_by(Publication.number)))


def kinds_of(case: Case) -> list[str]:
    return [publication.kind for publication in publications_of(case)]


def ratings_in(case: Case) -> set[str]:
    return {row.level for publication in publications_of(case) for row in ratings_of(publication)}


@pytest.mark.parametrize("look", LOOKS)
def test_there_is_a_case_to_see(app: Flask, look: str) -> None:
    assert any(LOOKS[look](case) for case in cases())


@pytest.mark.parametrize(("role", "elements"), [
    (Role.OPERATOR, {"verify", "classify", "call_hotline", "distribute", "publish", "decide_hand_back", "clear_text", "close_referral",
                     "decide_withdrawal"}),
    (Role.OPS_LEAD, {"review_rating", "decide_objection", "decide_extension", "resume"}),
    (Role.COMMITTEE_LEADER, {"decide_extension"}),
    (Role.OFFICER, {"accept_assignment", "submit_answer"}),
    (Role.AGENCY_LEADER, {"approve_answer", "endorse_extension"}),
    ("reporter", {"rate", "answer_question", "object_to_refusal"}),
    ("unconfirmed", {"verify"}),
])
def test_every_desk_has_something_waiting(app: Flask, role: str, elements: set[str]) -> None:
    query = select(WaitingTask.element).where(WaitingTask.state == "waiting", WaitingTask.desk.startswith(f"{role}@"))
    assert set(db.session.scalars(query)) == elements


def test_every_step_a_person_can_do_waits_somewhere(app: Flask) -> None:
    waiting = set(db.session.scalars(select(WaitingTask.element).where(WaitingTask.state == "waiting")))
    assert waiting == set(STEPS)


def test_nothing_of_the_past_bursts_out_of_the_worker(app: Flask) -> None:
    due = select(Clock.id).join(Case, Clock.case_id == Case.id).where(Clock.remind_at <= NOW, Case.paused_for.is_(None))
    assert list(db.session.scalars(due)) == []
    assert db.session.scalar(select(func.count()).select_from(Timer).where(Timer.ended_at.is_(None), Timer.due_at <= NOW)) == 0
    assert db.session.scalar(select(func.count()).select_from(Message).where(Message.delivered_at.is_(None))) == 0
    reminded = list(db.session.scalars(select(Reminder.reminded_at)))
    assert reminded
    assert min(reminded) > NOW - timedelta(days=40)
    assert fire_due_timers(NOW) == send_reminders(NOW) == 0
    midnight = NOW.astimezone(LOCAL_ZONE).replace(hour=0)
    left = select(func.count()).select_from(OutboxMessage).where(OutboxMessage.routed_at.is_(None), OutboxMessage.due_at <= NOW)
    assert db.session.scalar(left.where(OutboxMessage.due_at < midnight)) == 0
    assert db.session.scalar(left)                                               # those of today are told once a way is set up
    deliveries = list(db.session.scalars(select(Delivery)))
    assert sorted(row.given_up_at is None for row in deliveries) == [False] * 2 + [True] * 4
    assert {(row.channel, row.recipient.partition(":")[0]) for row in deliveries} == {("email", "reporter")}


def test_the_quarantined_case_is_with_its_reader_alone(app: Flask) -> None:
    case = db.session.scalars(select(Case).where(Case.state == "quarantined")).one()
    reader = demo_telling.actor_for(demo_people.staff_account("baomat"), now=NOW)
    operator = demo_telling.actor_for(demo_people.staff_account("vanhanh"), now=NOW)
    assert sees(reader, Sight.QUARANTINED, case)
    assert not sees(operator, Sight.ORIGINAL, case)
    assert case.code not in client_of(app).get("/reports").text


def test_what_waits_is_in_the_inbox_of_a_person_one_can_sign_in_as(app: Flask) -> None:
    staff = {account.login: account for account in db.session.scalars(select(Account).where(Account.kind == "staff"))}
    desks = set(db.session.scalars(select(WaitingTask.desk).where(WaitingTask.state == "waiting")))
    read = {desk for account in staff.values() for desk in demo_telling.actor_for(account, now=NOW).desks}
    assert {desk for desk in desks if not desk.startswith(("reporter@", "unconfirmed@"))} <= read
    page = page_of(demo_telling.actor_for(staff["vanhanh"], now=NOW), WantedTasks(), now=NOW, limit=100)
    assert any(task.urgent for task in page.tasks)


def test_the_desks_show_what_makes_the_work_lighter(app: Flask) -> None:
    def person(login: str) -> Actor:
        return actor_for(demo_people.staff_account(login), now=NOW)

    def row_of(step: InboxStep) -> WaitingTask:
        return db.session.get_one(WaitingTask, step.id)

    def waiting(login: str) -> dict[str, list[InboxStep]]:
        rows: dict[str, list[InboxStep]] = {}
        for task in page_of(person(login), WantedTasks(), now=NOW, limit=100).tasks:
            rows.setdefault(task.element, []).append(task)
        return rows

    leader, operator = person("lanhdao.ptnmt"), person("vanhanh")
    answers = newest_answers([task.assignment_id for task in waiting("lanhdao.ptnmt")["approve_answer"] if task.assignment_id])
    second = [answer for answer in answers.values() if answer.version == 2]
    assert len(answers) == 3                              # one of the agency whose leader is away
    assert [principal.login for principal in principals_of(leader)] == ["lanhdao.pvhtt"]
    assert all(photos_of_answer(answer) and photos_of_report(answer.assignment.case.main_report) for answer in second)
    assert (len(second), len(opened_by(leader, answers.values()))) == (2, 2)     # the third has to be opened before it can be ticked

    [task] = waiting("vanhanh")["verify"]
    case = db.session.get_one(Case, task.case.id)
    marks = {mark.kind for mark in personal_marks(original_words(case.main_report) or "")}
    assert marks == {MarkKind.NAME, MarkKind.HOUSE, MarkKind.PHONE}
    near = alike_nearby(case, now=NOW)[0]
    assert near.metres is not None
    assert near.metres < 200
    assert near.likeness > 50
    assert 2 <= earlier_reports(case, by=operator).count <= 4
    assert row_of(waiting("vanhanh")["clear_text"][0]).assigned_by_id == person("totruong").account_id
    assert row_of(waiting("vanhanh")["publish"][0]).claimed_by_id == person("vanhanh2").account_id
    assert [row.is_shared for row in filters_of(operator)] == [False, True]
    assert [unseen_count(person(login)) for login in ("totruong", "canbo.ptnmt")] == [1, 1]
    officer, step = person("canbo.ptnmt"), row_of(waiting("canbo.ptnmt")["submit_answer"][0])
    assert [draft_name(draft) for draft in drafts_of(draft_place(step), by=officer)] == ["Bản có khối lượng cát"]
    assert len(own_templates(officer, now=NOW)) == 1


def test_the_rooms_behind_the_desks_show_something(app: Flask) -> None:
    def person(login: str) -> Actor:
        return actor_for(demo_people.staff_account(login), now=NOW)

    late = late_list(person("vanhanh"), now=NOW)
    assert (late.with_apology, late.without_apology) == (1, 1)
    assert {row.can_be_written for row in late.rows} == {True}
    letter = next(letter for letter in letters_seen(person("vanhanh")) if letter.kind == "late_list")
    assert letter.content["head"]["parent_body"] == "UBND XÃ LẠC DƯƠNG"
    assert letter.content["to"].startswith("Phòng")
    administrator = person("quantri")
    assert administered_centres(administrator) is not None
    assert administered_centres(person("quantrihethong")) is None                # of the installation
    for row in db.session.scalars(select(Account).where(Account.kind == "staff")):
        assert (fit_email(row.email or ""), fit_phone(row.phone or "")) == (f"{row.login}@example.com", row.phone)
    assert [letter.reason for letter in dead_letters(administrator, limit=9)] == ["refused", "refused"]
    assert {state.channel: state.waiting > 0 for state in channel_states(administrator)}["email"]
    assert db.session.scalar(select(func.count()).select_from(Delivery).where(Delivery.sent_at.is_not(None))) == 0
    told = {(event.payload or {})["kind"] for event in setting_events(administrator).events}
    assert {"value", "reorganisation", "wallboard", "centre"} <= told
    assert [board.paired_at for board in wallboards_of(person("totruong"))] == [NOW]
    [draft, done] = plans_seen(administrator)
    assert (draft.state, done.state, faults_of(draft)) == ("draft", "done", [])
    assert preview(draft, now=NOW).cases >= 1
    years = {row.day.year for row in db.session.scalars(select(CalendarDay))}
    assert {NOW.year, NOW.year + 1} <= years


def test_another_citys_program_finds_the_door_open_and_a_system_acts_for_an_officer(app: Flask) -> None:
    told = client_of(app).get("/open311/discovery.json").json
    assert (told["endpoints"][0]["type"], told["contact"]) == ("test", demo_settings.CONTACT)
    services, cases = (client_of(app).get(f"/open311/v2/{each}.json").json for each in ("services", "requests"))
    assert {each["service_code"] for each in services} >= {"do_thi", "rung_dat_moi_truong", "khac"}
    assert {each["status"] for each in cases} == {"open", "closed"}
    [system] = service_accounts_seen(actor_for(demo_people.staff_account("quantri"), now=NOW))
    assert [key.last_used_on for key in keys_of([system], now=NOW)[system.account_id]] == [None]
    assert [person.login for person in people_agreed(system, now=NOW)] == [demo_settings.OFFICER]


def test_papers_wait_for_numbers_have_them_and_bear_the_seal(app: Flask) -> None:
    clerk = actor_for(demo_people.staff_account("vanthu"), now=NOW)
    on_shelves = {shelf: [(each.letter.kind, each.state.value) for each in documents_seen(clerk, shelf)] for shelf in Shelf}
    assert on_shelves[Shelf.TO_NUMBER] == [("refusal_notice", "to_number"), ("transfer_slip", "to_number")]
    assert on_shelves[Shelf.TAKEN_BACK] == [("answer", "struck")]
    assert Counter(on_shelves[Shelf.NUMBERED]) == {
        ("answer", "issued"): 3, ("answer", "sealed"): 1, ("late_list", "sealed"): 1, ("extension_notice", "issued"): 1,
        ("yearbook", "issued"): 1, ("period_report", "sealed"): 1,
    }  # fmt: skip
    told = {document.letter.kind: document.about for document in documents_seen(clerk, Shelf.NUMBERED)}
    assert (told["period_report"], told["yearbook"]) == ("Tháng 2/2026", "2025")
    for book in books_seen(clerk):
        lines = lines_of(book)
        assert [line.number.number for line in lines] == list(range(1, len(lines) + 1))
    outside = [row.note for row in db.session.scalars(select(DocumentNumber).where(DocumentNumber.letter_id.is_(None)))]
    assert len(outside) == demo_papers.BEFORE + demo_papers.LEFT_OUT
    signers = ["Lê Thị Minh Họa (Dữ liệu minh họa)", "Trung tâm IOC Lạc Dương (Dữ liệu minh họa)"]
    kept = db.session.scalars(select(LetterFile).where(LetterFile.kind == "sealed").order_by(LetterFile.letter_id, LetterFile.id))
    assert [[signature["signer"] for signature in file.signatures] for file in kept] == [signers[:1], signers] * 3, "the person first"
    assert client_of(app).get("/transparency/yearbook").mimetype == "application/pdf"
    bodies = db.session.scalars(select(Agency).where(Agency.valid_from == REORGANISED_ON)).all()
    nameless = [body.key for body in bodies if not letterhead_for(body.centre_id, body.id, NOW.date()).signer_name]
    assert (len(bodies) > 10, nameless) == (True, []), "under a letter of today stands who signs it"


def test_files_and_schedules_have_run_and_one_can_be_tried_again(app: Flask) -> None:
    operator, lead = (actor_for(demo_people.staff_account(login), now=NOW) for login in ("vanhanh", "totruong"))
    ordered = {(row.kind, row.form): row for row in outputs_seen(operator)}
    assert {key: row.state for key, row in ordered.items()} == {
        ("cases", "xlsx"): "ready", ("case_file", "pdf"): "ready", ("late", "csv"): "failed",
    }  # fmt: skip
    retry_output(ordered["late", "csv"], by=operator, now=NOW)
    db.session.rollback()
    runs = {row.name: [run.state for run in runs_of(row)] for row in schedules_seen(lead)}
    assert sorted(runs.values()) == [[], [], ["ready", "ready"]]
    assert [(row.name, row.number) for row in snapshots_seen(lead)] == [("2026-02", 1)]


def test_what_citizens_do_can_be_looked_at(prepared: tuple[Config, Flask], app: Flask) -> None:
    lead, operator = (demo_telling.actor_for(demo_people.staff_account(login), now=NOW) for login in ("totruong", "vanhanh"))
    voices = {row.transcript is None: row for row in db.session.scalars(select(Recording).where(Recording.kind == "voice"))}
    assert set(voices) == {True, False}
    [video] = db.session.scalars(select(Recording).where(Recording.kind == "video"))
    for recording in (*voices.values(), video):
        assert {file.rendition for file in recording.files} == {"original", "play"}   # copied without what a telephone writes into it
        assert (recording.seconds or 0) > 2
    agency = demo_telling.actor_for(demo_people.staff_account("canbo.ptnmt"), now=NOW)
    read = recordings_seen(case_of("Nghi hút cát trái phép trên sông"), agency)
    assert [(row.rendition, "bãi cát" in (row.transcript or "")) for row in read] == [(None, True)]

    [apart] = page_of(operator, WantedTasks(only_unconfirmed=True), now=NOW, limit=9).tasks
    assert NOW - db.session.get_one(Case, apart.case.id).opened_at > timedelta(hours=24)
    assert len(blocks_seen(lead, now=NOW)) == 1
    added = {photo.addition_id for photo in db.session.scalars(select(Photo)) if photo.addition_id}
    assert len(added) == 2                                                       # with words, and with the answer to a question
    told = {case.title: count for case in cases() if (count := me_too_counts([case.id]).get(case.id))}
    assert told == {"Nắp hố ga vỡ trước cổng trường tiểu học": 4, "Biển quảng cáo che khuất tầm nhìn tại ngã ba": 3}
    requests = [(row.kind, row.done_at is None) for row in db.session.scalars(select(DataRequest).order_by(DataRequest.id))]
    assert sorted(requests) == [("copy", False), ("correction", False), ("correction", True)]
    assert all(demo_people.citizen_by_email(email).email_verified_at for email, _name in CITIZENS)

    year = months_shown(NOW)
    by_month = shown_figures(case_of(SMOKE).centre_id, period=year, chart=year).by_month
    assert [number.number("received") > 0 for _month, number in by_month] == [True] * 12


def test_two_fields_ask_more_and_a_sender_has_answered(app: Flask) -> None:
    page = app.test_client().get("/reports/new").get_data(as_text=True)
    assert all(words in page for words in ("số cột đèn?", "nước sâu khoảng bao nhiêu xăng-ti-mét?", "Dây điện đứt"))
    flooded = case_of("Cống thoát nước tắc, mưa là nước tràn vào nhà")
    assert [(each.code, each.words.vi) for each in answers_given(flooded.main_report)] == [("nuoc_sau", "15")]
    assert "nước sâu khoảng bao nhiêu xăng-ti-mét? 15" in (cleared_words(flooded.main_report) or "")


def test_the_studio_is_seen_at_work(app: Flask) -> None:
    administrator, approver = (actor_for(demo_people.staff_account(login), now=NOW) for login in ("quantri", "pheduyet"))
    centre = case_of(SMOKE).centre_id
    own, district = db.session.scalars(select(ProcessVersion).where(ProcessVersion.centre_id == centre).order_by(ProcessVersion.id))
    assert (own.state, own.live_at, live_version(centre).id, district.state) == ("live", NOW, own.id, "checked")
    assert [each.kind for each in changes_between(text_of(live_version(None)), text_of(own))]
    assert not writers_of(district) & approver.counts_as                          # so that it can be approved
    [move] = db.session.scalars(select(ProcessMove))
    counts = counts_of(move)
    assert (move.state, move.source_id, move.target_id) == ("ready", live_version(None).id, own.id)
    assert sum(counts.values()) == counts["moves"] + counts["choice"]
    assert counts["moves"] > counts["choice"] > 0
    [choice] = choices_of(move, {place for group in groups_of(move) for place in group.places})
    assert demo_studio.REDRAWN in {target for target, _label in choice.targets}
    asked = [(row.kind, row.state, row.version_id) for row in db.session.scalars(select(Rehearsal).order_by(Rehearsal.id))]
    assert asked == [("scenarios", "waiting", district.id), ("history", "waiting", district.id), ("conformance", "waiting", own.id)]
    assert [scenario.name for scenario in db.session.scalars(select(Scenario))] == ["Đá rơi trên quốc lộ, báo khẩn"]
    seen = heat(BottleneckQuery(*last_months(NOW, 12)), by=administrator)
    shown = {element.id: measures.passages for element, measures in seen.steps if measures.median is not None}
    assert shown.keys() >= {"verify", "classify", "distribute", "submit_answer", "approve_answer", "publish"}
    assert element_rule("distribute", centre, NOW).help


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
    assert [assignment.agency.key for assignment in case.assignments] == ["HKL", "UBND-DACHAIS", "VQGBD", "BQLRDN"]


def test_rating_windows_of_the_first_years_closed_their_cases_then(app: Flask) -> None:
    windows = list(db.session.scalars(select(Timer).where(Timer.element == "rating_window", Timer.fired_at.is_not(None))))
    assert len(windows) > 15
    assert all(timer.fired_at == timer.due_at for timer in windows)
    closed = [case for case in cases() if case.state == "closed" and case.source != "camera"]
    assert all(case.closed_at is not None and case.closed_at - case.opened_at < timedelta(days=30) for case in closed)


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
    demo.print_accounts(prepared[0], out, now=NOW)
    table = app.extensions["demo_accounts"]
    assert all(account.login in out.getvalue() and account.full_name in out.getvalue() for account in table)
    assert prepared[0].base_url in out.getvalue()
    assert PASSWORD in out.getvalue()
    lines = out.getvalue().splitlines()
    at = {account.login: next(n for n, line in enumerate(lines) if line.startswith(f"    {account.login} ")) for account in table}
    assert lines[at["canbo.ptnmt"] + 1].strip().startswith("1 việc, 1 câu trả lời đang soạn, 1 ghi chú nhắc tên / 1 task, ")
    assert max(at[login] for login in ("vanhanh", "lanhdao.ptnmt", "nguoidan1@example.com")) < min(at["quantri"], at["canbo.hkl"])
    roles = {membership.role for account in db.session.scalars(select(Account)) for membership in account.memberships}
    assert roles == set(Role)
    people = select(Account.password_hash).where(Account.kind != "service")
    for kept in set(db.session.scalars(people)):     # slow on purpose, and the same for all
        assert check_password(PASSWORD, kept)
    assert len({account.full_name for account in table}) == len(table)
    assert len([account for account in table if account.login in dict(CITIZENS)]) == 2


def test_a_second_start_changes_nothing_and_is_quick(app: Flask) -> None:
    events, tasks = (db.session.scalar(select(func.count()).select_from(model)) for model in (Event, WaitingTask))
    began = time.thread_time()
    assert not demo.prepare(app, now=NOW + timedelta(hours=1))
    assert time.thread_time() - began < 5
    assert [db.session.scalar(select(func.count()).select_from(model)) for model in (Event, WaitingTask)] == [events, tasks]


def test_the_whole_of_it_verifies_and_left_no_incident(prepared: tuple[Config, Flask], app: Flask) -> None:
    assert db.session.scalar(select(func.count()).select_from(Incident)) == 0
    assert set(db.session.scalars(select(CaseSpan.case_id))) == {case.id for case in cases()}
    assert db.session.scalars(select(StaleDay)).all() == []
    found = verify(prepared[0], now=NOW)
    assert [(finding.subject, finding.text.en[:400]) for finding in found.faults] == []


@pytest.mark.parametrize("prepared", ["sqlite"], indirect=True)           # a copy of its folder is what is started later
def test_a_window_that_ends_while_the_demonstration_is_off_closes_its_case_at_that_instant(
    prepared: tuple[Config, Flask], tmp_path: Path
) -> None:
    db.engine.dispose()
    shutil.copytree(prepared[0].data.parent, tmp_path / "later")
    later = Config.from_environment(environment_of(tmp_path / "later") | {"LANGBIANG_DEMO": "yes"})
    with running(later) as app:
        demo.prepare(app, now=NOW + timedelta(days=30))
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
        steps = list(moments_of(story, urgent=story.is_urgent, now=now, calendar=Calendar()))
        assert [deed.step for deed, _ in steps] == [deed.step for deed in story.deeds]
        moments = [moment for _, moment in steps]
        assert moments == sorted(set(moments))
        assert moments[-1] < now


@pytest.mark.skipif(not WHOLE, reason="`bin/soak whole` makes a second one: that above began behind a broken start, too")
@pytest.mark.usefixtures("without_pictures")
def test_a_start_that_breaks_off_leaves_nothing_behind_and_the_next_succeeds_in_the_middle_of_tet(sqlite_app: Flask) -> None:
    now = datetime(2026, 2, 18, 22, 0, tzinfo=HO_CHI_MINH)
    break_off(sqlite_app, now)
    assert demo.prepare(sqlite_app, now=now)
    assert calendar_of(None).days_off
    assert db.session.scalar(select(func.max(Event.at))) == now
    assert {case.state for case in cases()} == set(CaseState)


def test_every_stage_of_the_making_is_told_as_it_begins(prepared: tuple[Config, Flask]) -> None:
    stages = (demo.PICTURES, demo.CASES, demo.DESKS, demo.CATCHING_UP, demo.PAPERS, demo.FIGURES)
    assert prepared[1].extensions["said"] == [stage.en for stage in stages]


def test_the_command_prints_each_stage_as_it_is_told(
    sqlite_app: Flask, sqlite_config: Config, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def prepare(app: Flask, *, now: datetime, cases: int, apart: bool, say: Callable[[Bilingual], None] = lambda stage: None) -> None:
        say(demo.PICTURES)
        say(demo.CASES)

    monkeypatch.setattr(demo, "prepare", prepare)
    monkeypatch.setattr(demo, "print_accounts", lambda *_, now: None)
    demo_running._prepare(sqlite_app, sqlite_config, 62)
    assert capsys.readouterr().out.splitlines() == [f"{stage.vi}… / {stage.en}…" for stage in (demo.PICTURES, demo.CASES)]


def test_the_command_takes_its_folder_and_port_and_shows_the_banner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LANGBIANG_DATABASE_URL", raising=False)
    config = demo_running.demo_config(8099, tmp_path / "demo")
    assert (config.port, config.data, config.demo, config.base_url) == (8099, tmp_path / "demo", True, "http://127.0.0.1:8099")

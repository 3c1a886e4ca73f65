"""The demonstration's year: invented the same for the same day, and played by the real use cases."""
from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.calendars import calendar_of
from casework.db import db, unit_of_work
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts
from casework.figures.reading import last_months as months_shown
from casework.figures.reading import shown_figures
from casework.installation.seeding import install_centre, install_rules, table_rows
from casework.local_time import LOCAL_ZONE
from casework.models import Area, AreaSuccession, Case, Event, Report, StaleDay
from casework.permissions import Role, actor_for
from casework.places.lookup import bounded_area_at
from casework.public.cases import public_list
from casework.public.filters import PublicFilter
from casework.working_time import Calendar
from tests.conftest import environment_of, prepare_schema, running
from tests.scenarios.test_demo import plain_picture
from tests.whole import WHOLE
from web import demo
from web.commands.server import CASES
from web.commands.verify import verify
from web.config import Config
from web.demo import cases as demo_cases
from web.demo.cases import STORIES
from web.demo.life import life
from web.demo.matters import COMMUNE, matters
from web.demo.people import add_people, staff_account
from web.demo.seals import demo_seals
from web.demo.stories import Story, moments_of
from workflows.desks.inbox import page_of
from workflows.desks.inbox_filters import InboxQuery
from workflows.models import Incident, WaitingTask
from workflows.versions.live import install_shipped_model

NOW = datetime(2026, 12, 2, 3, 0, tzinfo=UTC)           # Wednesday, 10:00 local
PLAYED = 30
"""Cases of the year by themselves, in every run; `bin/soak whole` makes the demonstration a visitor gets."""
SLOWEST = 0.1
"""Seconds of processor a deed may take on average, all stages together; a quiet machine takes a seventh."""

MOMENTS = [NOW, datetime(2026, 3, 25, 3, tzinfo=UTC), datetime(2027, 2, 6, 20, tzinfo=UTC), datetime(2030, 1, 1, 0, tzinfo=LOCAL_ZONE)]


def year(now: datetime, number: int = CASES - len(STORIES)) -> list[Story]:
    return life(number, now=now, calendar=Calendar())


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("now", MOMENTS)
def test_the_year_is_always_the_same_and_over_by_now(now: datetime) -> None:
    stories = year(now)
    assert [(story.title, story.filed_at, story.deeds[-1].step) for story in stories] == [
        (story.title, story.filed_at, story.deeds[-1].step) for story in year(now)
    ]
    titles = [story.title for story in (*STORIES, *stories)]
    assert len(set(titles)) == len(titles), "a case is found by its title"
    for story in stories:
        moments = [moment for _, moment in moments_of(story, urgent=story.is_urgent, now=now, calendar=Calendar())]
        assert moments == sorted(set(moments)), story.title
        assert now - timedelta(days=430) < moments[0] < moments[-1] < now, story.title


def test_it_is_what_a_house_sees_in_fourteen_months() -> None:
    stories = year(NOW)
    assert [len(year(NOW, number)) for number in range(20, 40)] == [*range(20, 40)]
    months = Counter((story.filed_at or "")[:7] for story in stories)
    assert len(stories) + 27 >= 400, "27 of the stories are of these months, too"
    assert len(months) >= 14
    assert max(months.values()) < 4 * sorted(months.values())[2], "no month is empty, and none has it all"
    steps = Counter(deed.step for story in stories for deed in story.deeds)
    assert steps.keys() >= {
        "refuse", "merge", "redo", "request_extension", "hand_back", "review", "withdraw", "answer_privately", "correct", "ask_reporter",
        "hold", "object", "call_hotline", "rate",
    }  # fmt: skip
    assert min(sum(story.camera is not None for story in stories), sum(story.is_call for story in stories)) > 10
    assert {story.report["field"] for story in stories} == {row["name_vi"] for row in table_rows("fields.csv")}
    assert len({story.report["commune"] for story in stories}) == 6
    described = [story.report["description"] for story in stories]
    assert max(Counter(described).values()) <= 2, "people do not all write the same"
    fires = [story for story in stories if "khói bốc" in story.title or "Đốt rẫy" in story.title]
    in_the_dry = sum((story.filed_at or "")[5:7] in ("12", "01", "02", "03", "04") for story in fires)
    assert in_the_dry * 2 > len(fires) > 3


def test_every_matter_names_agencies_there_are() -> None:
    known = {row["key"] for row in table_rows("agencies.csv")} | {COMMUNE}
    assert {key for matter in matters() for key in matter.agencies} <= known
    for matter in matters():
        assert len(matter.titles) == len(matter.told) == len(matter.answers)
        assert all("{at}" in words for words in (*matter.titles, *matter.told))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Config, Flask, float]]:
    """A demonstration with a year's life, and the processor seconds it took."""
    folder: Path = tmp_path_factory.mktemp("year")
    config = Config.from_environment(environment_of(folder) | demo_seals(folder) | {"LANGBIANG_DEMO": "yes"})
    prepare_schema(config)
    with running(config) as app:
        app.config["CLOCK"] = lambda: NOW
        began = time.process_time()
        with patch.object(demo_cases, "draw_demo_photo", plain_picture):
            assert demo.prepare(app, now=NOW, cases=CASES)
        yield config, app, time.process_time() - began


def test_cases_of_the_year_are_played_by_the_use_cases_and_verify(sqlite_app: Flask, sqlite_config: Config) -> None:
    store = sqlite_app.extensions["file_store"]
    with unit_of_work():
        install_rules(demo.OPENED)
        centre = install_centre(demo.OPENED, of_district=True)
        install_shipped_model(now=demo.OPENED)
        add_people(centre, [], password_hash="", now=demo.OPENED)
        with patch.object(demo_cases, "STORIES", ()):
            assert demo_cases.tell_stories(centre, now=NOW, store=store, pictures={}, recorded={}, cases=PLAYED) == PLAYED
    demo.catch_up(NOW)
    keep_facts(NOW)
    sum_up_days(NOW)
    assert db.session.scalar(select(func.count()).select_from(Report)) == PLAYED
    assert db.session.scalar(select(func.count()).select_from(Incident)) == 0
    assert set(db.session.scalars(select(Case.state))) <= {"closed", "rating", "merged", "withdrawn", "refused"}
    waiting = set(db.session.scalars(select(WaitingTask.desk).where(WaitingTask.state == "waiting")))
    assert all(desk.startswith("reporter@") for desk in waiting)
    assert [(finding.subject, finding.text.en[:300]) for finding in verify(sqlite_config, now=NOW).faults] == []


@pytest.mark.skipif(not WHOLE, reason="takes minutes; `bin/soak whole` makes it")
@pytest.mark.slow
def test_the_year_is_played_verifies_and_fills_lists_and_figures(made: tuple[Config, Flask, float]) -> None:
    config, _app, took = made
    assert db.session.scalar(select(func.count()).select_from(Report)) == CASES
    assert db.session.scalar(select(func.count()).select_from(Incident)) == 0
    assert db.session.scalars(select(StaleDay)).all() == []
    assert [(finding.subject, finding.text.en[:300]) for finding in verify(config, now=NOW).faults] == []
    codes = list(db.session.scalars(select(Report.code).order_by(Report.filed_at, Report.id)))
    assert codes == sorted(codes)
    events = db.session.scalar(select(func.count()).select_from(Event)) or 0
    assert took < SLOWEST * events, "a first start may not take minutes"

    titles = {story.title for story in STORIES}
    cases = [case for case in db.session.scalars(select(Case)) if case.opened_at > NOW - timedelta(days=430) and case.title not in titles]
    assert len(cases) >= CASES - len(STORIES)
    assert {case.state for case in cases if case.title} <= {"closed", "rating", "merged", "withdrawn"}
    own = [case.id for case in cases if case.title]
    waiting = select(WaitingTask.desk).where(WaitingTask.state == "waiting", WaitingTask.case_id.in_(own))
    assert all(desk.startswith("reporter@") for desk in db.session.scalars(waiting)), "what is open is of the stories"
    heirs = {row.predecessor_id: row.successor_id for row in db.session.scalars(select(AreaSuccession))}
    for case in (each for each in cases if each.latitude is not None):
        around = bounded_area_at(case.latitude or 0, case.longitude or 0, NOW.date())
        assert around is not None, case.title
        assert around.id == heirs.get(case.area_id or 0, case.area_id), case.title
    assert len({case.area_id for case in cases} & set(db.session.scalars(select(Area.id).where(Area.level == "commune")))) >= 3

    listed = public_list(PublicFilter())
    assert listed.items
    months = months_shown(NOW)
    shown = shown_figures(cases[0].centre_id, period=months, chart=months)
    assert [figures.number("received") > 0 for _month, figures in shown.by_month] == [True] * 12
    operator = actor_for(staff_account("vanhanh"), now=NOW)
    assert Role.OPERATOR in operator.roles
    assert {task.element for task in page_of(operator, InboxQuery(), now=NOW, limit=100).tasks} >= {"verify", "classify", "publish"}
    assert calendar_of(None).days_off

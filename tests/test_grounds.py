"""The ground all tests share: nothing of one test is there in the next, and what is brought back is what was built."""
from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event, func, select, text

from casework.calendars import calendar_of
from casework.db import METADATA, db, unit_of_work
from casework.models import CalendarDay, Case, Event, EventStream
from tests import build, tampering
from tests import with_photos as pictured
from tests.conftest import client_of, environment_of
from tests.grounds import Ground, somebody_else
from tests.postgres import Cluster

pytestmark = pytest.mark.on_both

Stand = Callable[[], AbstractContextManager[Flask]]


@pytest.fixture(params=["sqlite", "postgres"])
def ground(request: pytest.FixtureRequest) -> Ground:
    found: Ground = request.getfixturevalue(f"{request.param}_ground")
    return found


@pytest.fixture
def stand(ground: Ground, tmp_path: Path) -> Stand:
    folders: Iterator[Path] = (tmp_path / str(number) for number in range(100))
    return lambda: ground.standing(environment_of, next(folders), remembering=True)


def content() -> dict[str, str]:
    """What every table holds, as digests."""
    db.session.rollback()
    return {table.name: hashlib.sha256(repr(sorted(map(repr, db.session.execute(select(table))))).encode()).hexdigest()
            for table in METADATA.sorted_tables}


@pytest.mark.exhaustive(but=2)
def test_the_next_test_finds_what_the_migrations_leave_and_counts_from_the_same_numbers(stand: Stand) -> None:
    with stand() as app:
        empty, config = content(), dict(app.config)
        world = build.standard_world()
        client_of(app).get("/")
        filed = pictured.pictured_case(world, app.config["FILES"], "handling")
        first, refs = filed.case.id, {filed.case.ref}
        with unit_of_work():
            db.session.execute(CalendarDay.__table__.delete())          # past the history of the rules, by which they are kept
        assert not calendar_of(None).days_off
        app.config.update(CLOCK=None, WTF_CSRF_ENABLED=True, DEMO=True)
        app.extensions["demo_accounts"].append("somebody")
        event.listen(db.engine, "before_cursor_execute", lambda *_: pytest.fail("listens still"))
    with stand() as app:
        assert content() == empty
        assert {name for name in config | dict(app.config) if app.config.get(name) != config.get(name)} <= {
            "DATA", "FILES", "KEYRING", "PMTILES", "SQLALCHEMY_DATABASE_URI"}
        assert app.extensions["demo_accounts"] == []
        assert not any(app.config["FILES"].glob("**/*.*"))
        world = build.standard_world()
        with unit_of_work():
            world.people["operator"].full_name = "Người Khác"            # another situation: built anew, and numbered the same
        assert calendar_of(None).days_off
        case = build.case_at(world, "handling")
        assert case.id == first
        assert case.ref not in refs


@pytest.mark.exhaustive(but=2)
def test_what_is_brought_back_is_what_was_built_with_its_files_and_goes_on_from_there(stand: Stand) -> None:
    seen = []
    for _ in range(3):
        with stand() as app:
            world = build.standard_world()
            filed = pictured.pictured_case(world, app.config["FILES"], "approval", agencies=2)
            then = content()
            files = sorted((path.name, path.read_bytes()) for path in app.config["FILES"].rglob("*") if path.is_file())
            build.approve(world, filed.case)
            pictured.publish(world, filed, app.config["FILES"], pictured.photos_of_report(filed.report))
            told = [event.type for event in db.session.scalars(select(Event).order_by(Event.id))]
            seen.append((then, files, filed.secret, world.people["officer_HKL"].login, filed.case.state, told))
    assert seen[1] == seen[0] == seen[2]
    assert seen[0][4] == "rating"


def test_nothing_is_brought_back_over_what_somebody_wrote(ground: Ground, stand: Stand, request: pytest.FixtureRequest) -> None:
    with stand():
        build.case_at(build.standard_world(), "to_classify")
    with stand():
        world = build.standard_world()
        build.file_report(world, words="Một việc khác.")
        with unit_of_work():
            world.people["operator"].full_name = "Người Khác"
        build.case_at(world, "to_classify")
        assert db.session.scalar(select(func.count()).select_from(Case)) == 2
        assert world.people["operator"].full_name == "Người Khác"
    if db_is_postgres(ground):
        with stand():
            world = build.standard_world()
            cluster: Cluster = request.getfixturevalue("postgres")
            with cluster.connect(ground.database) as other:              # type: ignore[attr-defined]
                other.execute("UPDATE account SET full_name = 'Người Khác' WHERE login = 'operator'")
            build.case_at(world, "to_classify")
            assert world.people["operator"].full_name == "Người Khác"


def db_is_postgres(ground: Ground) -> bool:
    return hasattr(ground, "cluster")


def test_the_history_is_append_only_again_after_a_test_that_took_the_triggers_away(stand: Stand) -> None:
    with stand():
        build.standard_world()
        tampering.drop_triggers()
        tampering.run(EventStream.__table__.delete())
    with stand():
        build.standard_world()
        db.session.rollback()
        with pytest.raises(Exception, match="append-only"), unit_of_work():
            db.session.execute(text("DELETE FROM event"))


def test_a_locked_connection_that_was_left_open_is_in_nobodys_way(stand: Stand) -> None:
    with stand():
        build.standard_world()
        left = somebody_else()
        left.execute(text("UPDATE account SET login = login"))
    with stand():
        assert db.session.scalar(select(func.count()).select_from(Case)) == 0
        assert build.case_at(build.standard_world(), "to_classify").state == "to_classify"
    left.invalidate()
    left.close()

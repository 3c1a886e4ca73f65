"""Public pages come from a streaming replica that is near enough, and from wherever there is an answer when one of the two is away."""
from __future__ import annotations

import contextvars
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from flask import Flask
from flask.testing import FlaskClient
from flask.typing import ResponseReturnValue
from psycopg.errors import SerializationFailure
from sqlalchemy import Engine, create_engine, event, func, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

import web.http.replica_lag
from casework.db import WRITES, db, prepare_engine, reading_from, unit_of_work
from casework.db_errors import is_unreachable
from casework.models import Case, Centre
from casework.permissions import ANYONE, Action
from tests import build
from tests.conftest import client_of, environment_of, running
from tests.postgres import Cluster
from tests.web.pages import signed_in
from web.config import Config, SettingRefused
from web.http.devices import DEVICE_COOKIE
from web.http.replica import BIND, may_be_behind
from web.http.replica_lag import Replica
from web.watching.exposition import exposition
from web.watching.figures import count
from web.watching.findings import findings
from web.watching.surroundings import surroundings

STREAMING = {"wal_level": "replica", "synchronous_commit": "local", "max_wal_senders": "4", "wal_retrieve_retry_interval": "100ms"}
"""What is committed has to be written: the tests ask how far the log goes, and kill the server."""
API = {f"api.{each}" for each in ("dead", "document", "elsewhere", "endpoint", "endpoints", "events", "who")} | {
    "api_reference.problem", "api_reference.reference",
}  # fmt: skip
OPEN311 = {f"open311.{each}" for each in ("definition", "discovery", "elsewhere", "one_request", "request_updates", "requests", "services")}
READ_HERE = {
    "comfort.set_comfort", "consent.notice", "consent.privacy", "field.contact", "field.kept", "foot.licences",
    "for_search_engines.robots", "maps.pmtiles",
    "maps.sketch", "message_choices.push_worker", "offline.away", "offline.form", "offline.manifest", "offline.queue", "offline.worker",
    "public.set_language", *API, *OPEN311,
}  # fmt: skip
"""Public pages that are always read from the database itself: they read nothing from it, belong to forms that are to be sent, or say
whether a session is still on. At the doors Open311 and API the same address is asked with a key, whose rights decide."""

WAIT_SECONDS = 60
MOST_BEHIND = 600
"""Seconds. What is near enough stays so on a machine at work; what is not is told by letting nothing be."""


def wait(until: Callable[[], bool]) -> None:
    end = time.monotonic() + WAIT_SECONDS
    while not until():
        assert time.monotonic() < end
        time.sleep(0.02)


class House:
    """The application, its database and the replica of that."""

    def __init__(self, app: Flask, primary: Cluster, standby: Cluster) -> None:
        self.app, self.primary, self.standby = app, primary, standby
        self.world = build.standard_world()
        self.replica: Replica = app.extensions["replica"]
        self.replica.asks_by_itself = False
        self.read: list[str] = []
        for name, engine in (("primary", db.engine), ("replica", db.engines[BIND])):
            self._note(engine, name)

    def _note(self, engine: Engine, name: str) -> None:
        for asked in ("before_cursor_execute", "do_connect"):
            event.listen(engine, asked, lambda *_: self.read.append(name), insert=True)

    def published(self, words: str) -> Case:
        return build.case_at(self.world, "rating", words=words)

    def caught_up(self) -> None:
        """Wait until the replica has everything, and has been found to have it."""
        def is_level() -> bool:
            self.replica.look()
            return self.replica.nearness().behind == 0.0

        wait(is_level)

    def get(self, path: str, browser: FlaskClient | None = None, *, status: int = 200) -> str:
        """A page; `read` names the databases that were asked for it."""
        browser = browser or client_of(self.app)
        self.read.clear()
        answer = browser.get(path)
        assert answer.status_code == status, path
        return answer.get_data().decode(errors="replace")

    @contextmanager
    def paused(self) -> Iterator[None]:
        """The replica replays nothing of what comes meanwhile."""
        with self.standby.connect("house") as connection:
            connection.execute("SELECT pg_wal_replay_pause()")
            wait(lambda: connection.execute("SELECT pg_get_wal_replay_pause_state()").fetchone() == ("paused",))
            try:
                yield
            finally:
                connection.execute("SELECT pg_wal_replay_resume()")


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory, postgres: Cluster, postgres_template: str) -> Iterator[House]:
    primary = Cluster(**STREAMING)
    standby = None
    try:
        primary.start()
        primary.create("house")
        dump = subprocess.run([primary.programs / "pg_dump", "-h", postgres.folder, "-U", "app", postgres_template],
                              check=True, capture_output=True)  # fmt: skip
        subprocess.run([primary.programs / "psql", "-q", "-h", primary.folder, "-U", "app", "-v", "ON_ERROR_STOP=1", "house"],
                       input=dump.stdout, check=True, capture_output=True)  # fmt: skip
        standby = Cluster(follows=primary, **STREAMING)
        standby.start()
        variables = environment_of(tmp_path_factory.mktemp("house"), primary.own_url("house"))
        variables |= {"LANGBIANG_REPLICA_URL": standby.own_url("house"), "LANGBIANG_REPLICA_LAG": str(MOST_BEHIND)}
        with running(Config.from_environment(variables)) as app:
            app.config["CLOCK"] = lambda: build.NOON
            house = House(app, primary, standby)
            yield house
            house.replica.close()
    finally:
        if standby is not None:
            standby.stop()
        primary.stop()


def asking(house: House, replica: Cluster) -> Replica:
    """Somebody else who asks how far that server is behind."""
    return Replica(db.engines[BIND], primary_url=house.primary.own_url("house"), url=replica.own_url("house"), most_behind=MOST_BEHIND)


@pytest.mark.exhaustive
def test_strangers_read_from_the_replica_and_people_we_know_do_not(house: House) -> None:
    case = house.published("Rác ven suối.")
    house.caught_up()
    for path in ("/", "/reports", f"/reports/{case.code}", "/reports/points.json", "/reports.atom", "/reports.csv",
                 "/reports?q=rác&view=map", f"/reports/{case.code}/card.png", "/transparency", "/transparency.json"):  # fmt: skip
        house.get(path)
        assert set(house.read) == {"replica"}, path
    staff = signed_in(house.app, client_of(house.app), house.world.people["operator"], now=build.NOON)
    sender = client_of(house.app)
    sender.set_cookie(DEVICE_COOKIE, "one we may have given")
    opened = client_of(house.app)
    with opened.session_transaction() as state:
        state["tracked"] = [1]
    for browser in (staff, sender, opened):
        house.get("/reports", browser)
        assert set(house.read) == {"primary"}


def test_what_is_not_there_yet_is_looked_for_in_the_database_itself(house: House) -> None:
    house.caught_up()
    with house.paused():
        case = house.published("Đèn đường hỏng.")
        assert case.code not in house.get("/reports")
        assert case.code in house.get(f"/reports/{case.code}")
        assert set(house.read) == {"replica", "primary"}
        house.get("/reports/LD-2026-999999", status=404)


@pytest.mark.exhaustive
def test_a_replica_too_far_behind_is_left_alone_and_said_to_be(house: House) -> None:
    house.caught_up()
    with house.paused():
        case = house.published("Ngập ở ngã tư.")
        house.replica.look()
        assert case.code not in house.get("/reports"), "it may be some seconds behind"
        house.replica.most_behind = 0
        assert case.code in house.get("/reports")
        assert set(house.read) == {"primary"}
        found = count(house.app, build.NOON)
        assert found.nearness is not None
        assert found.nearness.behind is not None
        assert "public_replica" in {each.key for each in findings(found, surroundings())}
        assert 'langbiang_public_replica_answers{name="public"} 1.0' in exposition(found, []).decode()
    house.replica.most_behind = MOST_BEHIND
    house.caught_up()
    assert case.code in house.get("/reports")
    assert set(house.read) == {"replica"}
    assert "public_replica" not in {each.key for each in findings(count(house.app, build.NOON), surroundings())}


def test_standbys_are_seen_by_a_role_with_the_right_and_by_another_it_is_said_that_they_are_not(house: House) -> None:
    """As the guides give rights to the program's role: it owns what is in the database and is nobody on the server."""
    def look() -> tuple[str, set[str]]:
        db.session.rollback()
        db.session.execute(text("SET LOCAL ROLE langbiang"))
        found = count(house.app, build.NOON)
        return exposition(found, []).decode(), {each.key for each in findings(found, surroundings())}

    house.caught_up()
    house.app.config["SYNCHRONOUS_STANDBYS"] = 1
    with house.primary.connect("house") as connection:
        connection.execute("CREATE ROLE langbiang")
        connection.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO langbiang")
        try:
            told, keys = look()
            assert 'langbiang_standbys{kind="hidden"} 1.0' in told
            assert "langbiang_replica_lag_seconds{" not in told
            assert keys & {"hidden_standby", "no_standby"} == {"hidden_standby"}
            connection.execute("GRANT pg_read_all_stats TO langbiang")
            told, keys = look()
            assert 'langbiang_standbys{kind="asynchronous"} 1.0' in told
            assert 'langbiang_replica_lag_seconds{name="walreceiver"} ' in told
            assert keys & {"hidden_standby", "no_standby"} == {"no_standby"}, "it follows, and no commit waits for it"
            connection.execute("ALTER SYSTEM SET synchronous_standby_names = 'walreceiver'")
            connection.execute("SELECT pg_reload_conf()")
            wait(lambda: 'langbiang_standbys{kind="synchronous"} 1.0' in look()[0])
            assert not look()[1] & {"hidden_standby", "no_standby"}
        finally:
            db.session.rollback()
            house.app.config["SYNCHRONOUS_STANDBYS"] = 0
            connection.execute("ALTER SYSTEM RESET synchronous_standby_names")
            connection.execute("SELECT pg_reload_conf()")
            connection.execute("DROP OWNED BY langbiang")
            connection.execute("DROP ROLE langbiang")


def test_a_replica_that_goes_away_is_missed_by_nobody(house: House) -> None:
    house.caught_up()
    house.standby.server.send_signal(signal.SIGQUIT)                    # type: ignore[union-attr]
    house.standby.server.wait()                                         # type: ignore[union-attr]
    house.get("/reports")
    assert "primary" in house.read
    house.get("/reports")
    assert set(house.read) == {"primary"}, "it is tried no more"
    house.replica.look()
    assert "public_replica" in {each.key for each in findings(count(house.app, build.NOON), surroundings())}
    house.standby.start()
    house.caught_up()
    house.get("/reports")
    assert set(house.read) == {"replica"}


def test_a_page_the_replica_broke_off_is_read_again(house: House) -> None:
    """It has to forget old versions of rows when the primary does, whoever reads them."""
    house.caught_up()
    places = []

    @may_be_behind
    def view() -> str:
        places.append(db.session.get_bind().url == db.engine.url)
        if not places[-1]:
            raise OperationalError("SELECT", {}, SerializationFailure())
        return "read"

    def ask() -> ResponseReturnValue:
        with house.app.test_request_context("/reports"):
            return view()

    assert contextvars.Context().run(ask) == "read"
    assert places == [False, True]
    house.get("/reports")
    assert set(house.read) == {"replica"}, "it is not away for that"


def test_what_is_written_goes_to_the_database_itself(house: House) -> None:
    house.caught_up()
    asked = text("SELECT pg_is_in_recovery()")
    with house.app.app_context():
        reading_from(db.engines[BIND])
        assert db.session.scalar(asked)
        with unit_of_work():
            db.session.scalars(select(Centre).with_for_update()).first()
            assert not db.session.scalar(asked)
        assert not db.session.scalar(asked)


def test_who_wants_to_write_to_a_server_that_is_a_standby_now_is_connected_anew(house: House) -> None:
    engine = create_engine(house.standby.own_url("house"))
    prepare_engine(engine)

    def is_there() -> bool:
        with engine.connect() as reader:
            return reader.scalar(select(func.count()).select_from(Centre)) == 1

    wait(is_there)
    with engine.connect().execution_options(**{WRITES: True}) as writer:
        with pytest.raises(DBAPIError) as refused:
            writer.execute(update(Centre).values(name_en="Elsewhere"))
        assert refused.value.connection_invalidated
        assert is_unreachable(refused.value)
    engine.dispose()


def test_each_process_asks_by_itself_and_no_page_waits_for_it(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web.http.replica_lag, "LOOKED_EVERY", 0.02)
    house.caught_up()
    alone = asking(house, house.standby)
    try:
        assert alone.first_choices() == (None,), "nothing is known yet"
        wait(lambda: alone.first_choices() == (alone.engine, None))
        with house.paused():
            house.published("Cây đổ.")
            alone.most_behind = 0
            assert alone.first_choices() == (None, alone.engine)
    finally:
        alone.close()


def test_while_the_database_is_away_everybody_reads_on_from_the_replica(house: House) -> None:
    code = house.published("Loa phường quá to.").code
    house.caught_up()
    db.session.rollback()
    house.primary.server.send_signal(signal.SIGQUIT)                    # type: ignore[union-attr]
    house.primary.server.wait()                                         # type: ignore[union-attr]
    try:
        assert code in house.get("/reports")
        house.replica.most_behind = 0
        assert code in house.get("/reports"), "it was not known yet that the database is away"
        house.replica.look()
        behind = house.replica.nearness().behind
        assert behind is not None
        assert behind > 0, "what was written since it was last asked is not known"
        for path in ("/", "/reports", f"/reports/{code}", "/reports.json", "/reports/points.json"):
            house.get(path)
            assert set(house.read) == {"replica"}, path
        house.get("/reports/LD-2026-999999", status=404)
        house.get("/reports/new", status=503)
        sender = client_of(house.app)
        sender.set_cookie(DEVICE_COOKIE, "one we may have given")
        house.get("/reports", sender, status=503)
    finally:
        house.primary.start()
        house.replica.most_behind = MOST_BEHIND
    house.caught_up()


def test_every_public_page_is_read_from_the_replica_or_named_here(house: House) -> None:
    behind, here = set(), set()
    for rule in house.app.url_map.iter_rules():
        view = house.app.view_functions[rule.endpoint]
        if getattr(view, "may_be_behind", False):
            behind.add(rule.endpoint)
            assert view.action is Action.READ_PUBLIC, "what a person's rights decide is never read from there"
            assert view.action.roles == ANYONE
            assert "POST" not in (rule.methods or ())
        elif getattr(view, "action", None) is Action.READ_PUBLIC:
            here.add(rule.endpoint)
    assert here == READ_HERE
    assert len(behind) > 10


def test_a_database_that_refuses_the_question_alone_is_not_away(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Else a replica would be read for ever, however far behind it is."""
    monkeypatch.setattr(web.http.replica_lag, "WRITTEN", "SELECT no_such_function()")
    refused = asking(house, house.standby)
    refused.asks_by_itself = False
    refused.look()
    assert refused.first_choices() == (None, refused.engine)
    refused.close()


def test_a_replica_that_has_become_a_database_of_its_own_is_no_replica(house: House) -> None:
    other = asking(house, house.primary)
    other.asks_by_itself = False
    other.look()
    assert other.first_choices() == (None,)
    other.close()


def test_only_postgresql_has_a_replica() -> None:
    for given in ({"LANGBIANG_REPLICA_URL": "postgresql://app@db2/house"}, {"LANGBIANG_REPLICA_URL": "sqlite:////tmp/x.db"},
                  {"LANGBIANG_REPLICA_LAG": "1"}):  # fmt: skip
        with pytest.raises(SettingRefused, match="REPLICA"):
            Config.from_environment(given)

"""The migrations make the tables the models describe, on both databases, and keep what SQLite loses when it copies a table."""
from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.operations import Operations
from flask import Flask
from sqlalchemy import Engine, inspect, select, text
from sqlalchemy.exc import DBAPIError

import migrations
from casework import events
from casework.db import METADATA, WRITES, db, unit_of_work
from casework.intake.unreleased_villages import unreleased_cases
from casework.models import Case, OutboxMessage, SearchRow
from casework.permissions import SYSTEM
from casework.search.rows import refresh_search_rows
from casework.text import index_words
from casework.verification.search import check_search_index
from migrations import full_text
from migrations.append_only import POSTGRESQL_TRIGGERS, SQLITE_TRIGGERS
from migrations.scope import include_object
from tests import build
from tests.build import NOON
from web.config import Config
from workflows import models as process_models  # noqa: F401

pytestmark = pytest.mark.on_both


@pytest.fixture
def engine(config: Config) -> Iterator[Engine]:
    """The migrated database, as a migration sees it."""
    engine = migrations.migration_engine(config.database_url)
    yield engine
    engine.dispose()


@pytest.fixture
def recorded(app: Flask) -> Flask:
    """Two events in one stream."""
    with unit_of_work():
        for word in ("first", "second"):
            events.append("rules", "install_rules", by=SYSTEM, at=NOON, payload={"word": word})
    return app


def triggers_of(engine: Engine) -> set[str]:
    queries = {
        "sqlite": "SELECT name FROM sqlite_master WHERE type = 'trigger'",
        "postgresql": "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal",
    }
    with engine.connect() as connection:
        return set(connection.scalars(text(queries[engine.dialect.name])))


def wanted_triggers(engine: Engine) -> set[str]:
    return {*SQLITE_TRIGGERS, *full_text.SQLITE_TRIGGERS} if engine.dialect.name == "sqlite" else set(POSTGRESQL_TRIGGERS)


def differences(engine: Engine) -> list[Any]:
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"include_object": include_object, "compare_server_default": False})
        return compare_metadata(context, METADATA)


def test_models_and_migrations_agree(engine: Engine) -> None:
    assert differences(engine) == []


@pytest.mark.exhaustive(but=2)
def test_every_index_of_the_models_is_there(engine: Engine) -> None:
    inspector = inspect(engine)
    wanted = {(table.name, index.name) for table in METADATA.tables.values() for index in table.indexes}
    found = {(table, index["name"]) for table in METADATA.tables for index in inspector.get_indexes(table)}
    assert wanted <= found


@pytest.mark.exhaustive(but=2)
def test_every_foreign_key_has_its_name(engine: Engine) -> None:
    inspector = inspect(engine)
    for table in METADATA.tables.values():
        wanted = {constraint.name for constraint in table.foreign_key_constraints}
        assert wanted == {key["name"] for key in inspector.get_foreign_keys(table.name)}, table.name


def test_the_database_is_at_the_newest_revision(engine: Engine) -> None:
    assert migrations.revision_of(engine) == migrations.newest_revision()


@pytest.mark.exhaustive(but=2)
def test_migrating_again_changes_nothing(config: Config, engine: Engine) -> None:
    migrations.upgrade(config.database_url)
    assert differences(engine) == []
    assert triggers_of(engine) == wanted_triggers(engine)


@pytest.mark.exhaustive(but=2)
def test_the_way_back_leaves_nothing(config: Config, engine: Engine) -> None:
    migrations.downgrade(config.database_url, "base")
    assert set(inspect(engine).get_table_names()) == {"alembic_version"}
    assert triggers_of(engine) == set()
    migrations.upgrade(config.database_url)
    assert differences(engine) == []


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize(
    "statement",
    [
        "DELETE FROM event",
        "DELETE FROM event_stream",
        "UPDATE event SET type = 'other'",
        "UPDATE event SET hash = 'x', payload = NULL, salt = NULL",
        "UPDATE event SET actor_id = NULL, at = '2020-01-01 00:00:00'",
        "UPDATE event SET payload = NULL",
        """UPDATE event SET payload = '{"word": "third"}', salt = NULL""",
    ],
)
def test_the_history_cannot_be_rewritten(statement: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"), unit_of_work():
        db.session.execute(text(statement))
    assert db.session.scalar(text("SELECT count(*) FROM event WHERE type = 'install_rules' AND payload IS NOT NULL")) == 2


@pytest.mark.usefixtures("recorded")
def test_a_payload_may_be_erased_with_its_salt() -> None:
    with unit_of_work():
        db.session.execute(text("UPDATE event SET payload = NULL, salt = NULL WHERE seq = 1"))
    assert db.session.scalar(text("SELECT count(*) FROM event WHERE payload IS NULL")) == 1


@pytest.mark.usefixtures("recorded")
@pytest.mark.parametrize("kind_of_database", ["postgres"], indirect=True)
def test_postgresql_refuses_to_empty_the_history() -> None:
    with pytest.raises(DBAPIError, match="append-only"), unit_of_work():
        db.session.execute(text("TRUNCATE event"))


@pytest.mark.exhaustive(but=2)
def test_triggers_survive_a_change_that_copies_the_table(config: Config, engine: Engine, recorded: Flask) -> None:
    db.session.rollback()
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        operations = Operations(MigrationContext.configure(connection))
        with operations.batch_alter_table("event", recreate="auto") as batch:
            batch.alter_column("type", nullable=True)
    if engine.dialect.name == "sqlite":
        assert triggers_of(engine) < wanted_triggers(engine), "the batch kept the triggers: then nothing need put them back"
    migrations.upgrade(config.database_url)
    assert triggers_of(engine) == wanted_triggers(engine)
    with pytest.raises(DBAPIError, match="append-only"), unit_of_work():
        db.session.execute(text("DELETE FROM event"))
    assert db.session.scalar(text("SELECT count(*) FROM event")) == 2


@pytest.mark.exhaustive(but=2)
def test_a_migration_that_fails_leaves_the_database_as_it_was(config: Config, engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_connection: object) -> None:
        raise RuntimeError("broken")

    migrations.downgrade(config.database_url, "base")
    monkeypatch.setattr(migrations, "install_triggers", fail)
    with pytest.raises(RuntimeError, match="broken"):
        migrations.upgrade(config.database_url)
    assert set(inspect(engine).get_table_names()) <= {"alembic_version"}
    assert migrations.revision_of(engine) is None


@pytest.mark.exhaustive
def test_what_nobody_has_released_of_a_place_is_public_no_more_and_waits(config: Config, engine: Engine, app: Flask) -> None:
    world = build.standard_world()
    typed = {"Nhà bà Zýndar, hẻm 12": None, "thon  pang tieng": "Thôn Păng Tiêng", "Thôn Klong Klanh": "Thôn Klong Klanh"}
    cases = {words: build.case_at(world, "closed") for words in typed}
    ids = {words: case.id for words, case in cases.items()}
    lead = world.actor("ops_lead")
    db.session.rollback()
    migrations.downgrade(config.database_url, "0013")
    with engine.connect().execution_options(**{WRITES: True}) as connection, connection.begin():
        connection.execute(text("UPDATE search_row SET exact_words = replace(exact_words, ' Thôn Păng Tiêng', '')"))
        for words, id_ in ids.items():
            connection.execute(text('UPDATE "case" SET village = :words WHERE id = :id'), {"words": words, "id": id_})
            connection.execute(text("UPDATE search_row SET exact_words = replace(exact_words, 'Xã Lát', 'Xã Lát ' || :words)"
                                    " WHERE case_id = :id"), {"words": words, "id": id_})
        for id_, exact in connection.execute(text("SELECT id, exact_words FROM search_row")).all():
            connection.execute(text("UPDATE search_row SET words = :words WHERE id = :id"), {"words": index_words(exact), "id": id_})
    migrations.upgrade(config.database_url)
    assert {words: db.session.get_one(Case, id_).village for words, id_ in ids.items()} == typed
    waiting = [case.id for case in unreleased_cases(by=lead).cases]
    assert waiting == [ids["Nhà bà Zýndar, hẻm 12"]]
    assert [row.case_id for row in db.session.query(SearchRow) if "zyndar" in row.words or "Zýndar" in row.exact_words] == []
    assert {row.case_id for row in db.session.query(SearchRow) if "pang tieng" in row.words} == {ids["thon  pang tieng"]}
    assert list(check_search_index()) == []
    for id_ in ids.values():
        before = {row.audience: row.words for row in db.session.query(SearchRow).filter_by(case_id=id_)}
        with unit_of_work():
            refresh_search_rows(db.session.get_one(Case, id_), at=NOON)
        assert {row.audience: row.words for row in db.session.query(SearchRow).filter_by(case_id=id_)} == before


@pytest.mark.exhaustive(but=2)
def test_what_was_told_before_there_was_a_bell_is_no_news(config: Config, engine: Engine, app: Flask) -> None:
    world, old = build.standard_world(), NOON - timedelta(days=20)
    officer = world.people["officer_PTNMT"].id
    rows = {  # kind, recipient, was it worked out whom else to tell
        "redo": ("answer_to_redo", "desk:officer@a1", NOON), "named": ("mentioned_in_note", f"account:{officer}", NOON),
        "assigned": ("task_assigned", f"account:{officer}", NOON), "to_send": ("directive_given", "desk:operator@c1", None),
    }  # fmt: skip
    with unit_of_work():
        db.session.add_all(
            OutboxMessage(recipient=to, channel="page", template=template, parameters={}, dedupe_key=key, created_at=old, due_at=old,
                          routed_at=routed) for key, (template, to, routed) in rows.items()
        )  # fmt: skip
    db.session.rollback()
    migrations.downgrade(config.database_url, "0023")
    migrations.upgrade(config.database_url)
    unread = set(db.session.scalars(select(OutboxMessage.dedupe_key).where(OutboxMessage.read_at.is_(None))))
    assert unread & rows.keys() == {"assigned", "to_send"}


def test_references_to_nothing_are_refused(sqlite_config: Config) -> None:
    engine = migrations.migration_engine(sqlite_config.database_url)
    with engine.connect() as connection, connection.begin():
        connection.exec_driver_sql("INSERT INTO case_report (case_id, report_id, joined_at) VALUES (7, 7, '2026-01-01 00:00:00')")
    engine.dispose()
    with pytest.raises(RuntimeError, match="case_report"):
        migrations.upgrade(sqlite_config.database_url)

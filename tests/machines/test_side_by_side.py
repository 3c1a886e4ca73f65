"""Two versions of the program on one database, while machines are brought to the next one in turn."""
from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import Engine, event, text

import migrations
from casework.db import db, unit_of_work
from tests.postgres import Cluster
from web.schema_check import refuse_other_schema
from web.startup_checks import StartRefused


def after_a_migration(revision: str, oldest: str | None) -> None:
    with unit_of_work():
        db.session.execute(text("UPDATE alembic_version SET version_num = :revision"), {"revision": revision})
        db.session.execute(text("DELETE FROM schema_promise"))
        if oldest is not None:
            db.session.execute(text("INSERT INTO schema_promise (id, oldest_program) VALUES (1, :oldest)"), {"oldest": oldest})


def test_a_program_goes_on_beside_a_newer_one_where_the_migration_promises_it(app: Flask) -> None:
    own = migrations.newest_revision()
    try:
        for oldest in ("0001", own):
            after_a_migration("9998", oldest)
            assert "newer than" in (refuse_other_schema(db.engine) or ""), "it goes on, and says so"
        for oldest in (None, "9997"):
            after_a_migration("9998", oldest)
            with pytest.raises(StartRefused, match="too new"):
                refuse_other_schema(db.engine)
        after_a_migration("0001", "0001")
        with pytest.raises(StartRefused, match="langbiang migrate"):
            refuse_other_schema(db.engine)
    finally:
        after_a_migration(own, own)
    assert refuse_other_schema(db.engine) is None


def test_migrating_writes_down_who_may_go_on(app: Flask) -> None:
    assert migrations.promised_to(db.engine) == PROMISING[0].oldest_program


PROMISING = [module for module in (script.module for script in ScriptDirectory.from_config(migrations.alembic_config()).walk_revisions())
             if getattr(module, "oldest_program", module.revision) != module.revision]  # fmt: skip
TAKES_AWAY = re.compile(r"\b(DROP|RENAME|ALTER COLUMN|TRUNCATE|DELETE FROM|CREATE UNIQUE INDEX|ADD CONSTRAINT \S+ (CHECK|UNIQUE))\b"
                        r"|ADD COLUMN (?!.*\bDEFAULT\b).*\bNOT NULL\b")  # fmt: skip


OWN_BUSINESS = re.compile(r"\b(TRIGGER|alembic_version|schema_promise|pg_temp)\b")
"""What every migration writes besides: the guards of the history, and how far it has come."""


@pytest.fixture(scope="module")
def said_by_revision(postgres: Cluster) -> Iterator[dict[str, list[str]]]:
    """What each of them says to an empty database of the migration before, as it is carried out."""
    url, said = postgres.create("langbiang_step_by_step"), dict[str, list[str]]()

    def note(_connection: Any, _cursor: Any, statement: str, *_: Any) -> None:
        said[now[0]].append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    try:
        for module in reversed(PROMISING):
            now = [f"before {module.revision}"]
            said[now[0]] = []
            migrations.upgrade(url, module.down_revision)
            now = [module.revision]
            said[now[0]] = []
            migrations.upgrade(url, module.revision)
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    yield said
    postgres.drop("langbiang_step_by_step")


@pytest.mark.parametrize("revision", [module.revision for module in PROMISING])
def test_a_migration_that_lets_older_programs_go_on_takes_nothing_from_them(revision: str, said_by_revision: dict[str, list[str]]) -> None:
    said = [each for each in said_by_revision[revision] if not OWN_BUSINESS.search(each)]
    assert any(re.match(r"\s*(ALTER|CREATE|UPDATE|COMMENT)", each) for each in said), "it was carried out"
    own = set(re.findall(r"CREATE TABLE (\S+)", ";".join(said)))
    of_others = [each for each in said if not own & set(re.findall(r"(?:TABLE|ON) (\S+)", each))]
    wider = {name for each in of_others if (name := widened(each, said_by_revision, revision))}
    dropped = {f"DROP CONSTRAINT {name}" for name in wider}
    left = [each for each in of_others if not any(each.endswith(end) for end in dropped) and not widened(each, said_by_revision, revision)]
    assert not [each for each in left if TAKES_AWAY.search(each)]


def widened(said: str, said_by_revision: dict[str, list[str]], revision: str) -> str | None:
    """The name of a check on a list of words that takes all it took before this revision, and more."""
    added = re.search(r"ADD CONSTRAINT (\S+) CHECK \(\w+ IN \((.*?)\)\)", said)
    if added is None:
        return None
    earlier = ";".join(each for module in PROMISING if module.revision < revision for each in said_by_revision[module.revision])
    before = re.findall(rf"CONSTRAINT {added[1]} CHECK \(\w+ IN \((.*?)\)\)", ";".join(said_by_revision["before 0011"]) + earlier)
    return added[1] if before and set(before[-1].split(", ")) < set(added[2].split(", ")) else None

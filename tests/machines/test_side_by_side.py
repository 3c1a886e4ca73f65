"""Two versions of the program on one database, while machines are brought to the next one in turn."""
from __future__ import annotations

import io
import re
from typing import Any

import pytest
from alembic.migration import MigrationContext
from alembic.operations import Operations
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy import text

import migrations
from casework.db import db, unit_of_work
from web.schema import refuse_other_schema
from web.starting import StartRefused


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


@pytest.mark.parametrize("module", PROMISING, ids=lambda module: module.revision)
def test_a_migration_that_lets_older_programs_go_on_takes_nothing_from_them(module: Any) -> None:
    said = io.StringIO()
    context = MigrationContext.configure(dialect_name="postgresql", opts={"as_sql": True, "output_buffer": said})
    with Operations.context(context):
        module.upgrade()
    own = set(re.findall(r"CREATE TABLE (\S+)", said.getvalue()))
    of_others = [each for each in said.getvalue().split(";") if not own & set(re.findall(r"(?:TABLE|ON) (\S+)", each))]
    assert not [each for each in of_others if TAKES_AWAY.search(each)]

"""Two versions of the program on one database, while machines are brought to the next one in turn."""
from __future__ import annotations

import pytest
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
            refuse_other_schema(db.engine)
        for oldest in (None, "9997"):
            after_a_migration("9998", oldest)
            with pytest.raises(StartRefused, match="too new"):
                refuse_other_schema(db.engine)
        after_a_migration("0001", "0001")
        with pytest.raises(StartRefused, match="langbiang migrate"):
            refuse_other_schema(db.engine)
    finally:
        after_a_migration(own, own)
    refuse_other_schema(db.engine)


def test_migrating_writes_down_who_may_go_on(app: Flask) -> None:
    assert migrations.promised_to(db.engine) == "0010"

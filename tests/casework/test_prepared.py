"""PostgreSQL plans what is asked again and again once; who only reads cannot write, so that reading may end without being taken back."""
from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from flask import Flask
from sqlalchemy import func, make_url, select, text, update
from sqlalchemy.exc import DBAPIError, OperationalError

from casework.db import WrittenOutsideUnit, db, unit_of_work
from casework.db_errors import is_lock_timeout
from casework.models import Centre
from tests import build
from tests.conftest import running
from web.config import Config

OFTEN = 8


@pytest.fixture
def app(postgres_environment: dict[str, str]) -> Iterator[Flask]:
    with running(Config.from_environment(postgres_environment)) as app:
        with unit_of_work():
            build.centre()
        yield app


def name_read() -> str:
    """As a page reads it: the transaction ends with the page."""
    name = db.session.scalars(select(Centre)).one().name_vi
    db.session.remove()
    return name


def prepared() -> int:
    # taken apart, since this question is prepared at its second time, too
    asked = text("SELECT count(*) FROM pg_prepared_statements WHERE statement LIKE '%FROM ' || 'centre%'")
    return int(db.session.execute(asked).scalar_one())


def ask_for_what_cannot_be() -> None:
    with unit_of_work():
        db.session.execute(select(func.count()).select_from(Centre).with_for_update())


def fail_in_a_step() -> None:
    with unit_of_work():
        db.session.scalars(select(Centre)).one().name_vi = "Chưa xong"
        db.session.flush()
        raise ZeroDivisionError


def test_what_page_after_page_asks_is_prepared_and_stays_so_when_steps_are_done_between(app: Flask) -> None:
    for number in range(OFTEN):
        name_read()
        with unit_of_work():
            db.session.scalars(select(Centre)).one().name_en = f"Name {number}"
    assert prepared() == 1
    db.session.remove()
    name_read()
    assert prepared() == 1


def test_what_a_failed_step_wrote_is_taken_back(app: Flask) -> None:
    before = name_read()
    with pytest.raises(ZeroDivisionError):
        fail_in_a_step()
    assert name_read() == before


@pytest.mark.parametrize("act", ["write", "lock"])
def test_outside_of_a_unit_of_work_nothing_is_written_and_no_row_is_held(app: Flask, act: str) -> None:
    centre = db.session.scalars(select(Centre)).one()
    if act == "write":
        centre.name_vi = "Viết ngoài"
    with pytest.raises(WrittenOutsideUnit):
        db.session.flush() if act == "write" else db.session.scalars(select(Centre).with_for_update()).one()
    db.session.rollback()
    assert name_read() != "Viết ngoài"


def test_a_column_that_changes_under_prepared_statements_is_read_by_the_next_try(app: Flask) -> None:
    for _ in range(OFTEN):
        name = name_read()
    address = make_url(app.config["SQLALCHEMY_DATABASE_URI"]).set(drivername="postgresql")
    with psycopg.connect(address.render_as_string(hide_password=False)) as other:
        other.execute("ALTER TABLE centre ALTER COLUMN name_vi TYPE text")
    with pytest.raises(OperationalError) as refused:
        db.session.scalars(select(Centre)).one()
    assert is_lock_timeout(refused.value), "its page says: please try again"
    db.session.remove()
    for _ in range(OFTEN):
        assert name_read() == name
    assert prepared() == 0, "behind a pooler others still have the plan that is void"


def test_what_postgresql_cannot_do_is_no_lock_that_somebody_holds(app: Flask) -> None:
    with pytest.raises(DBAPIError) as refused:
        ask_for_what_cannot_be()
    assert not is_lock_timeout(refused.value)


def test_after_reading_one_moment_the_next_step_writes(app: Flask) -> None:
    for options in ({"isolation_level": "SERIALIZABLE"}, {"isolation_level": "AUTOCOMMIT"}):
        name_read()
        with db.engine.connect().execution_options(**options) as connection:
            connection.execute(update(Centre).values(name_en=options["isolation_level"]))
            connection.commit()
        assert db.session.scalars(select(Centre)).one().name_en == options["isolation_level"]
        db.session.remove()

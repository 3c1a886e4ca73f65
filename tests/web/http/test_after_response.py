"""What a page writes once it is made, when it cannot be written."""
from __future__ import annotations

import psycopg
import pytest
from flask import Flask, Response
from sqlalchemy.exc import IntegrityError, OperationalError, TimeoutError

from web.http.after_response import afterwards

CUT_OFF = psycopg.OperationalError("server closed the connection unexpectedly")


def shown_though(app: Flask, trouble: Exception) -> str:
    """The text of a page after which nothing could be written."""

    def write() -> None:
        raise trouble

    with app.test_request_context():
        afterwards(write)
        return str(app.process_response(Response("page")).get_data(as_text=True))


@pytest.mark.parametrize(
    "trouble",
    [
        OperationalError("INSERT", {}, CUT_OFF),
        OperationalError("INSERT", {}, psycopg.errors.AdminShutdown()),
        OperationalError("INSERT", {}, Exception("database is locked")),
        IntegrityError("INSERT", {}, Exception("UNIQUE constraint failed")),
        TimeoutError("no connection is free"),
    ],
    ids=["cut off", "shut down", "locked", "written by another", "no connection"],
)
def test_a_page_that_was_read_is_shown_though_the_database_went_away_after_it(sqlite_app: Flask, trouble: Exception) -> None:
    assert shown_though(sqlite_app, trouble) == "page"


@pytest.mark.parametrize("fault", [RuntimeError(), OperationalError("INSERT", {}, Exception("no such table"))], ids=["ours", "a table"])
def test_what_is_our_fault_is_not_hidden_by_it(sqlite_app: Flask, fault: Exception) -> None:
    with pytest.raises(type(fault)):
        shown_though(sqlite_app, fault)

"""People at their desks: signed-in browsers by name, steps found by element, pages read as words."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event
from werkzeug.test import TestResponse

from casework.db import db
from casework.models import Case
from tests import build
from tests.conftest import client_of
from tests.web.pages import at, signed_in, words_of
from web.request_log import NO_STATEMENT


def statements_of(act: Callable[[], object]) -> int:
    """How many SQL statements something sends, transaction control not counted."""
    sent: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
        if not NO_STATEMENT.match(statement):
            sent.append(statement)

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    return len(sent)


class Office:
    """One application with the standard world, and a browser for each person who is asked for."""

    def __init__(self, app: Flask, *, now: datetime = build.NOON) -> None:
        self.app = app
        self.world = build.standard_world()
        self._browsers: dict[str, FlaskClient] = {}
        self.clock(now)

    def clock(self, moment: datetime) -> None:
        """Set the time. Sessions do not outlive some days: after those everybody signs in anew."""
        if self._browsers and moment - self.moment > timedelta(hours=12):
            self._browsers.clear()
        self.moment = moment
        at(self.app, moment)

    def browser(self, name: str) -> FlaskClient:
        if name not in self._browsers:
            self._browsers[name] = signed_in(self.app, client_of(self.app), self.world.people[name], now=self.moment)
        return self._browsers[name]

    def get(self, name: str, address: str) -> TestResponse:
        return self.browser(name).get(address)

    def words(self, name: str, address: str) -> str:
        answer = self.get(name, address)
        assert answer.status_code == 200, (address, answer.status_code)
        return words_of(answer)

    def post(self, name: str, address: str, /, **form: Any) -> TestResponse:
        return self.browser(name).post(address, data=form, content_type="multipart/form-data")


def step(case: Case, element: str, agency: str | None = None, office: Office | None = None) -> str:
    """The address of a step that waits."""
    found = build.waiting(case, element, office.world.agencies[agency] if agency and office else None)
    return f"/tasks/{found.ref}"


def named(page: TestResponse | str, start: str) -> list[str]:
    """The names of the fields that begin so."""
    html = page if isinstance(page, str) else page.get_data(as_text=True)
    return list(dict.fromkeys(re.findall(rf'name="({re.escape(start)}[^"]+)"', html)))

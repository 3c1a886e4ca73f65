"""Reading pages as text, and signing a test's browser in without the pages that do it."""
from __future__ import annotations

import html
import re
from datetime import datetime

from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from casework.db import unit_of_work
from casework.models import Account
from web import sessions


def words_of(answer: TestResponse | str) -> str:
    """What a person reads on a page: no tags, single spaces."""
    page = answer if isinstance(answer, str) else answer.get_data(as_text=True)
    return re.sub(r"\s+", " ", html.unescape(re.sub(r"<[^>]*>", " ", page))).strip()


def at(app: Flask, moment: datetime) -> None:
    """Set the clock of the pages."""
    app.config["CLOCK"] = lambda: moment


def signed_in(app: Flask, client: FlaskClient, account: Account, *, now: datetime) -> FlaskClient:
    """The client with a session of the account."""
    with app.test_request_context(), unit_of_work():
        token = sessions.open_session(account, now=now)
    client.set_cookie(sessions.COOKIE, token)
    return client


def hidden(page: str, name: str) -> str:
    """The value of a hidden field."""
    found = re.search(rf'<input[^>]*name="{name}"[^>]*value="([^"]*)"', page)
    assert found, f"no hidden field {name}"
    return html.unescape(found[1])

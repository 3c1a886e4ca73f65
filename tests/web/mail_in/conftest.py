"""A mailbox outside for all tests here, emptied before it is used again, and the house that reads it."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from tests.outside import Outside, running
from tests.web.mail_in.post import Post


@pytest.fixture(scope="session")
def mailbox_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with running("imap", tmp_path_factory.mktemp("outside") / "imap") as server:
        yield server


@pytest.fixture
def mailbox(mailbox_server: Outside) -> Outside:
    mailbox_server.forget()
    return mailbox_server


@pytest.fixture
def post(app: Flask, mailbox: Outside) -> Iterator[Post]:
    with Post.at(app, mailbox) as there:
        yield there


@pytest.fixture
def sqlite_post(sqlite_app: Flask, mailbox: Outside) -> Iterator[Post]:
    with Post.at(sqlite_app, mailbox) as there:
        yield there

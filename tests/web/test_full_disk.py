"""A disk that takes nothing: people are told so in words, what they typed is kept, and the same form is taken once there is room again."""
from __future__ import annotations

import errno
import io
import os
import resource
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from flask import Flask, Request
from flask.testing import FlaskClient
from sqlalchemy import event, func, select

from benchmark.pages import filled
from casework.db import db
from casework.files.local import LocalFileStore
from casework.models import Answer, Report
from tests import build
from tests.web.desk import Office, step
from workflows.models import Incident

WORDS = "Rác đổ ven suối, gửi đúng lúc máy chủ hết chỗ chứa. " * 70


@contextmanager
def full(pragma: str) -> Iterator[None]:
    """The database of this application cannot grow, or takes only reads; as soon as the block ends it goes on."""
    def spoil(connection, *_):
        connection.execute(pragma)

    event.listen(db.engine, "checkout", spoil)
    db.engine.dispose()
    try:
        yield
    finally:
        event.remove(db.engine, "checkout", spoil)
        db.engine.dispose()


@pytest.mark.parametrize("pragma", ["PRAGMA max_page_count=1", "PRAGMA query_only=ON"], ids=["full", "read-only"])
def test_a_report_meets_a_full_database_and_is_taken_once_there_is_room(sqlite_app: Flask, sqlite_client: FlaskClient, pragma: str) -> None:
    world = build.standard_world()
    page = sqlite_client.get("/reports/new").text
    fields = filled(page, "/reports/new", {"words": WORDS, "area": world.area.ref, "name": "Nguyễn Thị Thử", "contact": "0912345678",
                                           "consent": "y", "alike_seen": "y"}, act="send")
    with full(pragma):
        answers = [sqlite_client.post("/reports/new", data=dict(fields)) for _ in range(2)]
        assert sqlite_client.get("/reports").status_code == 200
    for answer in answers:
        assert (answer.status_code, answer.headers["Retry-After"], WORDS.strip() in answer.text) == (503, "15", True)
        assert "Nguyễn Thị Thử" in answer.text
        assert ">\n0912345678</textarea>" in answer.text, "however short it is"
        assert f">\n{world.area.ref}</textarea>" not in answer.text, "a choice says nothing out of its list"
        assert "Kho lưu trữ của hệ thống đang gặp sự cố" in answer.text
    taken = [sqlite_client.post("/reports/new", data=dict(fields)) for _ in range(2)]
    assert [answer.status_code for answer in taken] == [302, 302]
    assert db.session.scalar(select(func.count()).select_from(Report)) == 1


def test_a_step_meets_a_full_database_and_is_done_with_the_same_form_once_there_is_room(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    case = build.case_at(office.world, "handling")
    address = step(case, "submit_answer")
    long = {"findings": "Đã kiểm tra. " * 380, "actions": "Đã thu gom. " * 380}
    form = {"act": "submit_answer", **build.ANSWER, **long}
    with full("PRAGMA max_page_count=1"):
        answer = office.post("officer_PTNMT", address, **form)
    words = "Kho lưu trữ của hệ thống đang gặp sự cố"
    assert (answer.status_code, words in answer.text, long["findings"].strip() in answer.text) == (503, True, True)
    assert db.session.scalars(select(Incident.error_class)).all() == ["OperationalError"], "the administrator sees that a step failed"
    assert office.post("officer_PTNMT", address, **form).status_code == 302
    assert db.session.scalars(select(Answer.findings)).all() == [long["findings"].strip()]


def test_an_upload_meets_a_full_disk_on_its_way_in(sqlite_client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    """Large uploads lie in a temporary file while they come."""
    def no_room(*_args: object, **_named: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Request, "_get_file_stream", no_room)
    answer = sqlite_client.post("/reports/new", data={"photos": (io.BytesIO(b"x" * 1000), "anh.jpg")})
    assert (answer.status_code, "Kho lưu trữ" in answer.text) == (503, True)


def test_a_store_without_room_says_that_it_cannot_be_used(tmp_path: Path) -> None:
    """An empty file finds its place on a full disk; no byte more may be written here."""
    store = LocalFileStore(tmp_path / "files")
    store.refuse_unusable()
    pid = os.fork()
    if pid == 0:
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
        try:
            store.refuse_unusable()
        except OSError:
            os._exit(7)
        os._exit(0)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7

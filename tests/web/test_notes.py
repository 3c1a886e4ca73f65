"""Notes that name colleagues: written on the case's page or picked from a list, found by those they name."""
from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event

from casework.db import db
from casework.models import Note
from tests import build
from tests.web.desk import Office
from tests.web.pages import words_of


@contextmanager
def busy() -> Iterator[None]:
    """Another process writes to the SQLite database all the time; ours does not wait long."""

    def hurry(connection: Any, *_: object) -> None:
        connection.execute("PRAGMA busy_timeout=20")

    engine, other = db.engine, sqlite3.connect(str(db.engine.url.database), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    event.listen(engine, "checkout", hurry)
    try:
        yield
    finally:
        event.remove(engine, "checkout", hurry)
        other.close()
        db.session.rollback()
        engine.dispose()


@pytest.mark.exhaustive
def test_a_colleague_is_named_told_and_has_seen_it_by_opening_the_case(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    case = build.case_at(office.world, "handling")
    address = f"/cases/{case.ref}/notes"
    refused = office.post("operator", address, audience="agencies", words="Nhờ @officer_hkl xem.")
    assert refused.status_code == 422
    assert "Không có đồng nghiệp nào đọc được ghi chú này có tên @officer_hkl." in words_of(refused)
    assert "Nhờ @officer_hkl xem." in refused.get_data(as_text=True)
    assert db.session.query(Note).count() == 0
    listed = office.post("operator", address, audience="agencies", words="Nhờ xem giúp.", act="search", search="officer_2")
    assert (listed.status_code, words_of(listed).count("@officer_2_ptnmt"), "@ops_lead" in words_of(listed)) == (200, 1, False)
    assert "Nhờ xem giúp." in listed.get_data(as_text=True)
    named = office.get("officer_PTNMT", f"{address}/names?audience=agency").get_json()
    assert {"leader_ptnmt", "ops_lead"} <= {each["login"] for each in named["people"]}
    assert len(named["agencies"]) == 1
    assert office.get("officer_PTNMT", f"{address}/names?audience=agencies").status_code == 403, "not an audience of theirs"
    assert office.get("officer_HKL", f"{address}/names?audience=agency").status_code == 404
    ref, opened = office.world.people["officer_2_PTNMT"].ref, f"/cases/{case.ref}?tab=exchange"
    assert office.post("operator", address, audience="agencies", words="Nhờ @leader_ptnmt xem giúp.", picked=ref).status_code == 302
    office.get("leader_PTNMT", "/inbox")
    with busy():
        assert "Nhắc đến Ông/Bà" in office.words("leader_PTNMT", opened), "read all the same; it counts as seen the next time"
    leader = office.world.people["leader_PTNMT"].full_name
    for name in ("leader_PTNMT", "officer_2_PTNMT"):
        assert "1 ghi chú mới nêu tên Ông/Bà" in office.words(name, f"/cases/{case.ref}"), "said at the part, from the first one"
        assert f"Nhờ @{leader} xem giúp." in office.words(name, "/mentions"), "by name, not by user name"
        assert "Mới" in office.words(name, "/mentions"), "the list alone marks nothing as seen"
        assert "Nhắc đến Ông/Bà" in office.words(name, opened)
        assert "Nhắc đến Ông/Bà" not in office.words(name, opened)
        assert "Mới" not in office.words(name, "/mentions")
        assert "ghi chú mới nêu tên" not in office.words(name, f"/cases/{case.ref}")
    assert "Chưa có ai nhắc" in office.words("officer_PTNMT", "/mentions")
    assert office.get("officer_HKL", address).status_code == 404
    assert office.get("committee_leader", address).status_code == 403
    build.advance(office.world, case, "rating")
    assert f"@{leader}" not in office.words("citizen", f"/reports/{case.code}"), "never public"


def test_of_a_case_that_was_set_apart_no_mention_is_counted(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    case = build.case_at(office.world, "handling")
    office.post("operator", f"/cases/{case.ref}/notes", audience="agencies", words="Nhờ @officer_ptnmt xem.")
    assert "Ghi chú nhắc đến tôi 1" in office.words("officer_PTNMT", "/inbox")
    build.act(office.world, case, "quarantine", "ops_lead", reason="Tố cáo cán bộ có tên.")
    assert "Ghi chú nhắc đến tôi 1" not in (words := office.words("officer_PTNMT", "/inbox"))
    assert "Ghi chú nhắc đến tôi" in words, "what was read can be found again"

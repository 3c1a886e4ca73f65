"""What `langbiang migrate` brings an installation beside its tables."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.events import record
from casework.models import Event, TextTemplate
from tests import build
from tests.workflows.running.test_hearing import OLD_MODEL
from web.commands.upgrade_rules import bring_release
from web.config import Config
from workflows.models import ProcessVersion
from workflows.versions import live as versions

LATER = build.NOON + timedelta(days=30)


def states() -> list[tuple[str, int, str]]:
    db.session.rollback()
    rows = db.session.scalars(select(ProcessVersion).order_by(ProcessVersion.key, ProcessVersion.number))
    return [(row.key, row.number, row.state) for row in rows]


def test_an_installation_of_an_older_release_gets_the_process_of_this_one_once(
    sqlite_app: Flask, sqlite_config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as older:
        older.setitem(versions.SHIPPED, versions.FIELD_REPORT, lambda: OLD_MODEL)
        build.standard_world()
    with unit_of_work():
        db.session.delete(db.session.scalars(select(ProcessVersion).where(ProcessVersion.key == versions.ROUTING)).one())
        db.session.delete(db.session.scalars(select(TextTemplate).where(TextTemplate.key == "step_waiting")).one())
    assert bring_release(sqlite_config, now=LATER) == [
        "1 rules and texts of this release were added.",
        "The field_report of this release is live as version 2; open cases finish on theirs.",
        "The routing of this release is live as version 1; open cases finish on theirs.",
    ]
    brought = [("field_report", 1, "retired"), ("field_report", 2, "live"), ("routing", 1, "live")]
    assert states() == brought
    assert bring_release(sqlite_config, now=LATER + timedelta(days=1)) == []
    assert states() == brought


def test_people_who_made_their_own_are_told_of_the_draft(sqlite_app: Flask, sqlite_config: Config) -> None:
    world = build.standard_world()
    with unit_of_work():
        for row in db.session.scalars(select(ProcessVersion)):
            row.author_id, row.sha256 = world.people["administrator"].id, "0" * 64
    assert bring_release(sqlite_config, now=LATER)[0] == (
        "The field_report of this release waits as draft 2, because people have made a version of their own: look at it under /studio."
    )
    assert states()[:2] == [("field_report", 1, "live"), ("field_report", 2, "draft")]


def test_an_installation_that_has_not_begun_is_left_alone(sqlite_app: Flask, sqlite_config: Config) -> None:
    assert bring_release(sqlite_config, now=LATER) == []
    assert states() == []


def test_reasons_typed_for_lists_with_senders_are_taken_out_of_the_cases(sqlite_app: Flask, sqlite_config: Config) -> None:
    world = build.standard_world()
    case = build.file_report(world).case
    with unit_of_work():
        told = {"report": case.code, "reason": "Mời bà Bí họp xóm.", "output": "0123456789abcdef"}
        record(lock_case(case.id), "export_identity", by=world.actor("ops_lead"), at=build.NOON, **told)
    assert bring_release(sqlite_config, now=LATER) == [
        "The reasons of lists with senders were taken out of 1 looks at senders: each stands once now."
    ]
    assert bring_release(sqlite_config, now=LATER) == []
    db.session.rollback()
    streams = {event.stream for event in db.session.scalars(select(Event)) if "Bí" in str(event.payload)}
    assert streams == {"output:0123456789abcdef"}

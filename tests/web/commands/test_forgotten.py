"""An older backup is restored, and who was erased since is erased again by the list that was kept apart."""
from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from casework.area_news.scopes import Scope
from casework.area_news.subscribing import subscribe, unsubscribe
from casework.cases import lock_case
from casework.db import METADATA, db, unit_of_work
from casework.intake.file_report import original_words
from casework.models import Account, AreaSubscription, Case, DataRequest, Report
from casework.permissions import SYSTEM
from casework.privacy.identity import Contact
from casework.rights.deciding import carry_out
from casework.rights.erasing_people import go_on_erasing
from casework.rights.requests import lock_request, person_of, request_data
from casework.upkeep.erasure_log import KINDS, forgotten_since
from tests import build
from tests.casework.acting import guest_of
from tests.conftest import running
from web.commands.backup import backup, restore, verify
from web.commands.erasure_log import ListDamaged, read_forgotten, write_forgotten
from web.config import Config
from workflows.forgetting_again import forget_again

NOW = build.NOON + timedelta(days=40)
MAIL = Contact(email="theo-doi@nguoi-dan.example")
SECRET_MATTER = "Tố cáo ông Trần Văn Mật nhận tiền."


def erase(world: build.World, by: object, report: Report | None = None) -> None:
    with unit_of_work():
        if report is not None:
            report = lock_case(report_case(report)).main_report
        request = request_data("erasure", person=person_of(by, report), by=by, now=NOW)  # type: ignore[arg-type]
    with unit_of_work():
        carry_out(lock_request(request.id), by=world.actor("ops_lead", NOW), now=NOW)


def report_case(report: Report) -> int:
    return db.session.scalars(select(Case.id).where(Case.code == report.code)).one()


def knows_who(code: str) -> bool:
    reporter = db.session.scalars(select(Report).where(Report.code == code)).one().reporter
    assert reporter is not None
    return any((reporter.sealed_identity, reporter.account_id, reporter.phone_digest))


@pytest.mark.exhaustive(but=2)
def test_whom_an_older_backup_brings_back_the_list_erases_again(app: Flask, config: Config, elsewhere: Config, tmp_path: Path) -> None:
    world, keys, kept = build.standard_world(), tmp_path / "keys", tmp_path / "forgotten.jsonl"
    guests = build.case_at(world, "rating", by="guest")
    build.end_rating_window(guests)
    own, stays = build.case_at(world, "handling"), build.case_at(world, "to_classify", by="citizen_2")
    secret = build.case_at(world, "to_classify", by="guest", words=SECRET_MATTER)
    codes = {"guests": guests.code, "own": own.code, "stays": stays.code, "secret": secret.code}
    with unit_of_work():
        followed = subscribe(Scope(area_id=world.area.id), MAIL, rhythm="weekly", language="vi", by=SYSTEM, now=build.NOON).ref
    backup(config, tmp_path / "monday", now=build.NOON, keys=keys)

    with unit_of_work():
        assert unsubscribe(followed, by=SYSTEM, now=NOW)
    erase(world, guest_of(guests.main_report), guests.main_report)
    erase(world, world.actor("citizen", NOW))
    build.act(world, secret, "quarantine", "operator", reason="Tố cáo cán bộ có tên, theo Luật Tố cáo.", now=NOW)
    build.act(world, secret, "hand_over", "confidential_reader", receipt="BB 12/2026", now=NOW + timedelta(days=1))
    later = build.file_report(world, by="guest", now=NOW)
    with unit_of_work():
        db.session.get_one(Case, later.case.id).state = "closed"
    erase(world, guest_of(later.report), later.report)
    assert write_forgotten(kept, forgotten_since(), now=NOW) == 6
    assert {line.kind for line in read_forgotten(kept)} == set(KINDS)
    written, citizen_ref = kept.read_text(), world.people["citizen"].ref
    assert not any(mark in written for mark in (build.PHONE, "Nguyễn", *codes.values())), "it names nobody"
    db.session.remove()

    restore(elsewhere, tmp_path / "monday", now=NOW, keys=keys)
    with running(elsewhere) as restored, restored.app_context():
        assert all(map(knows_who, codes.values())), "the backup brings them back"
        applied = forget_again(read_forgotten(kept), now=NOW)
        assert (dict(applied.done), applied.already, applied.younger, applied.left) == (
            {"report": 1, "account": 1, "quarantine": 1, "hand_over": 1, "area": 1}, 0, 1, [])
        assert db.session.scalars(select(AreaSubscription)).all() == []
        db.session.expire_all()
        assert [knows_who(code) for code in codes.values()] == [False, True, True, False]
        assert db.session.scalars(select(Case.state).where(Case.code == codes["secret"])).one() == "quarantined"
        gone = db.session.scalars(select(Report).where(Report.code.in_([codes["guests"], codes["secret"]]))).all()
        assert [original_words(report) for report in gone] == [None, None]
        everything = "\n".join(str(value) for table in METADATA.sorted_tables for row in db.session.execute(select(table)) for value in row)
        assert "Trần Văn Mật" not in everything
        [citizen] = db.session.scalars(select(Account).where(Account.ref == citizen_ref))
        assert citizen.sealed_identity is None
        # what goes on is erased when it ends, though the wish came after the backup
        [request] = db.session.scalars(select(DataRequest))
        assert (request.begun_at, request.done_at) == (NOW, None)
        with unit_of_work():
            case = db.session.scalars(select(Case).where(Case.code == codes["own"])).one()
            case.state, case.closed_at = "closed", NOW
        assert go_on_erasing(NOW + timedelta(days=1)) == 1
        assert [knows_who(code) for code in codes.values()] == [False, False, True, False]
        again = forget_again(read_forgotten(kept), now=NOW)
        assert (dict(again.done), again.already) == ({}, 5), "broken off and begun anew it does nothing twice"
        with unit_of_work():
            # the closing above was no act: the process is not looked at
            case = db.session.scalars(select(Case).where(Case.code == codes["own"])).one()
            case.state, case.closed_at = "handling", None
    assert {finding.check for finding in verify(elsewhere, now=NOW).faults} == set()


def test_a_list_that_was_cut_short_or_changed_is_not_applied(tmp_path: Path, sqlite_app: Flask) -> None:
    kept = tmp_path / "forgotten.jsonl"
    world = build.standard_world()
    build.act(world, build.file_report(world, by="guest").case, "quarantine", "operator", reason="Tố cáo cán bộ có tên, theo Luật.")
    assert write_forgotten(kept, forgotten_since(), now=NOW) == 1
    whole = kept.read_bytes()
    for damaged in (whole[:-20], whole.replace(b"quarantine", b"hand_over", 1), b"", b"[]\n"):
        kept.write_bytes(damaged)
        with pytest.raises(ListDamaged):
            read_forgotten(kept)

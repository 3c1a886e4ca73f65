"""The pages of rehearsing: a scenario recorded from the process of a case, gone through, and past cases replayed; who reads what."""
from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import orjson
import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from tests import build
from tests import drawn_steps as drawn
from tests.second_centre import second_world
from tests.web.desk import Office
from tests.web.pages import words_of
from workflows.definitions.process import shipped_model
from workflows.drafting.drafts import start_draft
from workflows.models import ProcessVersion, Rehearsal, Scenario
from workflows.rehearsal import asking, running
from workflows.rehearsal.asking import RehearsalRefused, ReplayPeriod, ask_history
from workflows.rehearsal.reading import newest_of
from workflows.rehearsal.running import HISTORY, go_on_with_rehearsals
from workflows.versions.live import live_version


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def sent(office: Office, who: str, address: str, **form: str) -> TestResponse:
    return office.browser(who).post(address, data=form)


def draft_of(office: Office, xml: bytes) -> str:
    with unit_of_work():
        by, centre_id = office.world.actor("administrator"), office.world.centre.id
        return start_draft(by=by, now=build.NOON, centre_id=centre_id, xml=xml).ref


@pytest.mark.exhaustive
def test_a_case_becomes_a_scenario_and_a_draft_is_rehearsed_with_it_and_with_the_past(office: Office) -> None:
    case = build.case_at(office.world, "closed")
    page = f"/cases/{case.ref}/process"
    refused = sent(office, "administrator", f"{page}/scenario", name=" ")
    assert refused.status_code == 422
    assert "Xin đặt tên kịch bản" in words_of(refused)
    assert sent(office, "administrator", f"{page}/scenario", name="Rác ven suối, một đơn vị").status_code == 302
    for nobody in ("operator", "process_approver"):
        assert sent(office, nobody, f"{page}/scenario", name="x").status_code == 403
    ref = draft_of(office, drawn.legal_model())
    address = f"/studio/versions/{ref}/rehearsals"
    words = office.words("administrator", address)
    assert "Rác ven suối, một đơn vị" in words
    assert "1 bước mới: giả định thế nào" in words
    assert "đi kèm phần mềm" in words
    # asked, and run in the background
    assert sent(office, "administrator", f"{address}/scenarios").status_code == 302
    day = build.NOON.date().isoformat()
    said_no = sent(office, "administrator", f"{address}/history", since=day, until=day, **{"hours-legal_review": "bốn"})
    assert (said_no.status_code, "ví dụ 4 hoặc 1,5" in words_of(said_no)) == (422, True)
    assert 'value="bốn"' in said_no.text
    asked = sent(office, "administrator", f"{address}/history", since=day, until=day,
                        **{"hours-legal_review": "1,5", "outcome-legal_review": "comment"})
    assert asked.status_code == 302
    assert "Chờ chạy" in office.words("administrator", address)
    row = db.session.scalars(select(Rehearsal).order_by(Rehearsal.id.desc()).limit(1)).one()
    progress = office.get("administrator", f"{address}/{row.ref}/progress")
    assert ("Chờ chạy" in progress.text, progress.headers.get("HX-Refresh")) == (True, None)
    assert go_on_with_rehearsals(build.NOON) == 2
    assert office.get("administrator", f"{address}/{row.ref}/progress").headers["HX-Refresh"] == "true"
    words = office.words("administrator", address)
    for said in (
        "kịch bản đi như phiên bản", "Đi khác ở 1 chỗ:", "chờ tại “Thẩm định pháp lý”",
        "1 trên 1 hồ sơ chạy lại được trong cả hai bản.",
        "Tỷ lệ chỉ tính trên 1 hồ sơ: thêm hay bớt một hồ sơ, tỷ lệ đổi 100 điểm phần trăm.",
        "giả định mất 1,5 giờ làm việc (như đã nhập), kết quả “Có ý kiến” (1 lượt)",
    ):  # fmt: skip
        assert said in words, words
    assert re.search(r"Thẩm định pháp lý\s+0\s+1\s+\+1", words)
    assert case.code not in words
    # the second person reads it where the version is approved
    told = office.words("process_approver", f"/studio/versions/{ref}")
    assert "kịch bản đi như bản đang dùng." in told
    assert "Trên 1 hồ sơ đã qua: trễ hạn 0, ở bản này 0" in told
    english = office.browser("process_approver").get(address, headers={"Accept-Language": "en"})
    assert english.status_code == 200
    # renamed and dropped
    kept = db.session.scalars(select(Scenario.ref)).one()
    assert sent(office, "administrator", f"/studio/versions/{ref}/scenarios/{kept}/name", name="").status_code == 422
    assert sent(office, "administrator", f"/studio/versions/{ref}/scenarios/{kept}/name", name="Một đơn vị").status_code == 302
    assert sent(office, "administrator", f"/studio/versions/{ref}/scenarios/{kept}/removal").status_code == 302
    assert sent(office, "administrator", f"/studio/versions/{ref}/scenarios/{kept}/removal").status_code == 404
    assert office.get("operator", address).status_code == 403


def test_what_is_no_number_no_day_and_no_step_is_refused_or_not_kept(office: Office) -> None:
    ref, day = draft_of(office, drawn.legal_model()), build.NOON.date().isoformat()
    address = f"/studio/versions/{ref}/rehearsals/history"
    for typed in ("nan", "inf", "-Infinity", "1e400"):
        refused = sent(office, "administrator", address, since=day, until=day, **{"hours-legal_review": typed})
        found = (refused.status_code, "ví dụ 4 hoặc 1,5" in words_of(refused), f'value="{typed}"' in refused.text)
        assert found == (422, True, True), typed
    for typed in ("0,001", "1601", "9" * 12):
        refused = sent(office, "administrator", address, since=day, until=day, **{"hours-legal_review": typed})
        assert (refused.status_code, "không quá 1600 giờ" in words_of(refused)) == (422, True), typed
    refused = sent(office, "administrator", address, since="0001-01-01", until="0001-01-02")
    assert (refused.status_code, "01/01/2000" in words_of(refused), 'value="0001-01-01"' in refused.text) == (422, True, True)
    assert db.session.scalars(select(Rehearsal.id)).all() == []
    outcomes = {f"outcome-{number}": "x" * 900 for number in range(300)} | {"outcome-legal_review": "comment", "outcome-verify": "y" * 1000}
    hours = {"hours-gone": "3", "hours-verify": "2"}
    assert sent(office, "administrator", address, since=day, until=day, **outcomes, **hours).status_code == 302
    wishes = db.session.scalars(select(Rehearsal.wishes)).one()
    assert (wishes["minutes"], wishes["outcomes"]) == ({"verify": 120}, {"legal_review": "comment"})


@pytest.mark.exhaustive
def test_a_draft_with_endless_names_leaves_short_results_and_a_large_result_is_not_kept(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = re.sub(rb'(<bpmn:userTask id="classify" name=")[^"]*"', lambda found: found[1] + b"W" * 300_000 + b'"', shipped_model())
    ref = draft_of(office, text.replace(b'targetRef="verify"', b'targetRef="classify"'))
    address = f"/studio/versions/{ref}/rehearsals"
    assert sent(office, "administrator", f"{address}/scenarios").status_code == 302
    assert go_on_with_rehearsals(build.NOON) == 1
    row = db.session.scalars(select(Rehearsal)).one()
    assert row.state == "done"
    told = orjson.dumps(row.result)
    assert (b"W" * 119 in told, b"W" * 120 in told, len(told) < 20_000) == (True, False, True)
    assert len(office.get("administrator", address).data) < 100_000
    db.session.rollback()
    large = {"scenarios": [{"ref": "shipped:one_agency", "why": "x" * 600_000}]}
    monkeypatch.setattr(running, "in_child", lambda *_program, **_more: large)
    assert sent(office, "administrator", f"{address}/scenarios").status_code == 302
    assert go_on_with_rehearsals(build.NOON) == 1
    row = db.session.scalars(select(Rehearsal).order_by(Rehearsal.id.desc()).limit(1)).one()
    assert (row.state, row.result, row.error_en) == ("failed", None, running.TOO_LONG.en)


def test_one_centre_neither_hides_what_another_asked_nor_keeps_it_from_asking(office: Office) -> None:
    world, day = office.world, build.NOON.date()
    own, other = world.actor("administrator"), second_world(world).actor("administrator")
    version_id = live_version(None).id

    def asked(by: Any, back: int) -> str:
        with unit_of_work():
            since = day - timedelta(days=back)
            return ask_history(db.session.get_one(ProcessVersion, version_id), period=ReplayPeriod(since, since), by=by,
                               now=build.NOON).ref

    def seen(by: Any) -> str | None:
        found = newest_of(db.session.get_one(ProcessVersion, version_id), HISTORY, by=by)
        return found.ref if found else None

    mine = asked(own, 0)
    theirs = [asked(other, back) for back in range(asking.MOST_WAITING)]
    with pytest.raises(RehearsalRefused, match="Too many"):
        asked(other, asking.MOST_WAITING)
    assert (seen(own), seen(other)) == (mine, theirs[-1])
    assert theirs[0] != mine, "the same wish of another centre is another"
    newer = asked(own, 99)
    assert seen(own) == newer
    of_own = set(db.session.scalars(select(Rehearsal.ref).where(Rehearsal.centre_id == world.centre.id)))
    assert of_own == {mine, newer}


def test_leases_follow_the_clock_and_one_that_fails_stops_no_other(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for xml in (drawn.legal_model(), drawn.costly_model(), drawn.every_type_model(), shipped_model()):
        assert sent(office, "administrator", f"/studio/versions/{draft_of(office, xml)}/rehearsals/scenarios").status_code == 302
    time, runs = [build.NOON], []

    def slow(_program: str, _asked: Any, *, tell: running.Tell) -> dict[str, Any]:
        runs.append(time[0])
        assert db.session.scalars(select(Rehearsal.leased_until).where(Rehearsal.state == "running")).one() == time[0] + running.LEASE
        for _each in range(2):
            time[0] += timedelta(minutes=4)
            tell(1, 2)
            assert running.give_up_lost(time[0]) == 0, "told about in time it is nobody else's"
            db.session.rollback()
        if len(runs) == 2:
            raise OverflowError
        if len(runs) == 3:
            time[0] += running.LEASE + timedelta(seconds=1)
            assert running.give_up_lost(time[0]) == 1
        return {"scenarios": []}

    monkeypatch.setattr(running, "in_child", slow)
    assert go_on_with_rehearsals(build.NOON, clock=lambda: time[0]) == 4
    rows = list(db.session.scalars(select(Rehearsal).order_by(Rehearsal.id)))
    assert [(row.state, row.error_en, row.leased_until) for row in rows] == [
        ("done", None, None), ("failed", running.FAILED.en, None), ("failed", running.LOST.en, None), ("done", None, None),
    ]  # fmt: skip
    assert [row.ended_at for row in rows[:2]] == [build.NOON + timedelta(minutes=8), build.NOON + timedelta(minutes=16)]

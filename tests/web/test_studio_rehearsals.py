"""The pages of rehearsing: a scenario recorded from the process of a case, gone through, and past cases replayed; who reads what."""
from __future__ import annotations

import re

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from tests import build, drawn
from tests.web.desk import Office
from tests.web.pages import words_of
from workflows.drafts import start_draft
from workflows.models import Rehearsal, Scenario
from workflows.rehearsal.running import go_on_with_rehearsals


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def sent(office: Office, who: str, address: str, **form: str) -> TestResponse:
    return office.browser(who).post(address, data=form)


def draft_of(office: Office, xml: bytes) -> str:
    with unit_of_work():
        by, centre_id = office.world.actor("administrator"), office.world.centre.id
        return start_draft(by=by, now=build.NOON, centre_id=centre_id, xml=xml).ref


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
        "0 trên 7 kịch bản đi đúng như đã ghi.", "Khác đi từ việc thứ", "nay chờ tại “Thẩm định pháp lý”",
        "1 trên 1 hồ sơ chạy lại được trong cả hai bản.", "giả định mất 1,5 giờ làm việc (như đã nhập), kết quả “Có ý kiến” (1 lượt)",
    ):  # fmt: skip
        assert said in words, words
    assert re.search(r"Thẩm định pháp lý\s+0\s+1\s+\+1", words)
    assert case.code not in words
    # the second person reads it where the version is approved
    told = office.words("process_approver", f"/studio/versions/{ref}")
    assert "0 trên 7 kịch bản đi đúng như đã ghi." in told
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

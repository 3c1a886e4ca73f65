"""The pages of moving open cases: looking ahead, choosing, beginning, watching, undoing, in both languages and for the right people."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db
from casework.models import Case
from tests import build
from tests import drawn_steps as drawn
from tests.second_centre import second_world
from tests.web.desk import Office
from tests.web.pages import words_of
from tests.workflows.moving.cases import faults
from workflows.models import MoveCase, ProcessMove, ProcessVersion
from workflows.moving import batch
from workflows.versions.live import live_version

LATER = build.NOON + timedelta(days=1)


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def plan_of(ref: str) -> ProcessMove:
    db.session.rollback()
    return db.session.scalars(select(ProcessMove).where(ProcessMove.ref == ref)).one()


def looked_ahead(office: Office, source: ProcessVersion, target: ProcessVersion) -> str:
    """The address of a plan made by the page."""
    form = {"source": source.ref, "scope": office.world.centre.ref}
    answer = office.post("administrator", f"/studio/versions/{target.ref}/moves", **form)
    assert answer.status_code == 302, words_of(answer)
    return answer.headers["Location"]


@pytest.mark.exhaustive
def test_cases_are_moved_watched_and_brought_back_by_the_pages(office: Office) -> None:
    world = office.world
    source = drawn.put_live(drawn.legal_model())
    verify, review = build.case_at(world, "to_verify"), build.case_at(world, "approval")
    build.do(world, review, "approve_answer", "leader_PTNMT")
    target = drawn.put_live(drawn.costly_model())
    office.clock(LATER)
    page = office.words("administrator", f"/studio/versions/{target.ref}")
    assert "Chuyển hồ sơ đang mở sang bản này" in page
    page = office.words("administrator", f"/studio/versions/{target.ref}/moves")
    assert f"Bản {source.number} (Toàn hệ thống, 2 hồ sơ đang mở)" in page
    address = looked_ahead(office, source, target)
    page = office.words("administrator", address)
    assert f"Hồ sơ từ bản {source.number} sang bản {target.number}" in page
    assert "Sẵn sàng" in page
    print(page)
    assert " 1 Chuyển được" in page
    assert "Thẩm định pháp lý" in page
    assert "Bản mới không còn “Thẩm định pháp lý” như bản cũ." in page
    assert "Sẽ chờ tại: Tiếp nhận, xác minh Không báo cho ai." in page
    assert "Rác đổ" not in page                                          # nothing of what a case is about
    html = office.get("administrator", address).get_data(as_text=True)
    assert 'name="to-legal_review"' in html

    # an answer that came too late, one that chooses nothing there is, and words that survive a refusal
    chosen = {"revision": "1", "to-legal_review": "verify"}
    answer = office.post("administrator", f"{address}/mapping", **chosen)
    assert answer.status_code == 422
    assert "Không chuyển được từ “Thẩm định pháp lý”" in words_of(answer)
    assert office.post("administrator", f"{address}/mapping", **{**chosen, "revision": "7"}).status_code == 409
    office.post("administrator", f"{address}/mapping", **{"revision": "1", "to-legal_review": "approve_answer", "recomputes_limits": "1"})
    ref = address.rpartition("/")[2]
    move = plan_of(ref)
    assert (move.mapping, move.recomputes_limits, move.revision, move.state) == ({"legal_review": "approve_answer"}, True, 2, "ready")
    office.post("administrator", f"{address}/mapping", **{"revision": "2", "to-legal_review": ""})
    assert (plan_of(ref).mapping, plan_of(ref).recomputes_limits) == ({}, False)
    answer = office.post("administrator", f"{address}/beginning", revision="3", reason=" " * 3)
    assert answer.status_code == 422
    answer = office.post("administrator", f"{address}/beginning", revision="2", reason="Theo kế hoạch tháng Ba")
    assert answer.status_code == 409
    assert "Theo kế hoạch tháng Ba" in answer.get_data(as_text=True)
    assert office.post("administrator", f"{address}/beginning", revision="3", reason="Theo kế hoạch tháng Ba").status_code == 302
    assert office.post("administrator", f"{address}/beginning", revision="3", reason="Bấm hai lần").status_code in (302, 422)

    page = office.words("administrator", address)                       # 40 cases at most were moved while the page waited: all of them
    assert "Đã xong" in page
    assert f"{verify.code} Đã chuyển" in page
    assert "Nay chờ tại: Tiếp nhận, xác minh" in page
    assert f"{review.code} Ở lại" in page
    assert "Lý do Theo kế hoạch tháng Ba" in page
    assert f"{review.code}" not in office.words("administrator", f"{address}?state=moved")
    assert "Chuyển hồ sơ đang mở: bắt đầu" in page
    world.people["elsewhere"] = second_world(world).people["process_approver"]
    history = office.words("elsewhere", f"/studio/versions/{target.ref}")  # a version of the installation: every centre reads it
    assert "Theo kế hoạch tháng Ba" not in history
    assert "Chuyển hồ sơ đang mở: bắt đầu" not in history
    assert "chuyển hồ sơ từ bản" in office.words("operator", f"/cases/{verify.ref}?tab=all")
    office.words("administrator", f"/cases/{verify.ref}/process")
    assert office.get("operator", f"/cases/{verify.ref}/diagram").status_code == 200

    undo = f"{address}/cases/{verify.ref}/undoing"
    assert office.post("administrator", undo).status_code == 302
    assert office.post("administrator", undo).status_code == 422
    assert f"{verify.code} Đã đưa về" in office.words("administrator", address)
    assert office.post("administrator", f"{address}/cases/khongco/undoing").status_code == 404
    again = looked_ahead(office, source, target)
    office.post("administrator", f"{again}/beginning", revision="1", reason="Lần hai")
    assert office.post("administrator", f"{again}/undoing", reason="").status_code == 422
    assert office.post("administrator", f"{again}/undoing", reason="Nhầm bản").status_code == 302
    assert "Đã hoàn tác" in office.words("administrator", again)
    assert faults() == []


def test_progress_is_a_part_of_the_page_that_asks_for_a_new_one_when_the_worker_is_done(office: Office) -> None:
    source = live_version(None)
    for _ in range(3):
        build.case_at(office.world, "to_verify")
    target = drawn.put_live(drawn.costly_model())
    office.clock(LATER)
    address = looked_ahead(office, source, target)
    ref = address.rpartition("/")[2]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batch, "go_on", lambda *_, **__: 0)                # as if there were thousands before these
        office.post("administrator", f"{address}/beginning", revision="1", reason="Theo kế hoạch")
    part = office.get("administrator", f"{address}/progress?seen=moving")
    assert "HX-Refresh" not in part.headers
    assert 'hx-trigger="every 3s"' in part.get_data(as_text=True)
    assert "Còn 3 hồ sơ chưa chuyển." in words_of(part)
    assert "htmx.min.js" in office.get("administrator", address).get_data(as_text=True)
    assert office.post("administrator", f"{address}/pause").status_code == 302
    assert "Đang tạm dừng" in office.words("administrator", address)
    assert office.post("administrator", f"{address}/pause").status_code == 422
    assert office.post("administrator", f"{address}/continuation").status_code == 302
    assert plan_of(ref).state == "done"
    assert office.get("administrator", f"{address}/progress?seen=moving").headers["HX-Refresh"] == "true"
    assert {line.state for line in db.session.scalars(select(MoveCase))} == {"moved"}
    assert db.session.scalars(select(Case.code)).all()


def test_a_draft_is_looked_at_only_and_others_are_shut_out(office: Office) -> None:
    source = live_version(None)
    build.case_at(office.world, "to_verify")
    office.clock(LATER)
    form = {"key": "field_report", "scope": office.world.centre.ref}
    office.post("administrator", "/studio/drafts", **form)
    draft = db.session.scalars(select(ProcessVersion).where(ProcessVersion.state == "draft")).one()
    address = looked_ahead(office, source, draft)
    page = office.words("administrator", address)
    assert "chưa từng được áp dụng" in page
    answer = office.post("administrator", f"{address}/beginning", revision="1", reason="Thử")
    assert answer.status_code == 422
    for name in ("operator", "ops_lead", "inspector", "process_approver"):
        assert office.get(name, address).status_code == 403
        assert office.post(name, f"{address}/beginning", revision="1", reason="Thử").status_code == 403
        assert "Chuyển hồ sơ đang mở sang bản này" not in words_of(office.get(name, f"/studio/versions/{source.ref}"))
    answer = office.post("administrator", f"/studio/versions/{draft.ref}/moves", source=source.ref, scope="all")
    assert answer.status_code == 404                                     # of every centre: not this administrator's
    assert office.post("administrator", f"{address}/dropping").status_code == 302
    assert "Đã bỏ" in office.words("administrator", address)
    office.browser("administrator").set_cookie("langbiang_language", "en")
    assert "Dropped" in office.words("administrator", address)

"""Schedules on their pages: made, run by the worker, opened by whom they are for, tried again, sent again, changed, stopped."""
from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.models import Deputy, OutboxMessage, Output, ReportSchedule
from casework.outputs import OutputRefused
from casework.outputs.schedules import end_schedule
from casework.permissions import Role
from tests.casework.acting import local
from tests.reorganised import DAY, MORNING, carried_out, differences, everything
from tests.scenarios.test_left_cases import centres
from tests.second_centre import of_the_installation
from tests.web.desk import Office, statements_of
from web import cli
from web.config import Config
from web.jobs import output_makers as makers  # noqa: F401  (brings what makes each kind)
from web.outputs.making import MAKERS, Made, Progress, make_outputs
from workflows.reorganising.undo import undo
from workflows.schedules import run_schedules

pytestmark = pytest.mark.exhaustive

NOW = local(3, 3, 9)
FORM = {"kind": "period_report", "every": "month", "name": "Báo cáo tháng của xã", "form": "pdf", "clock_time": "08:00", "days_after": "0",
        "desks": ["ops_lead", "committee_leader"], "by": "", "keep_days": ""}  # fmt: skip


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app, now=NOW)


def work(office: Office, moment: datetime) -> int:
    """A round of the two jobs at a moment."""
    office.clock(moment)
    run_schedules(moment)
    return make_outputs(office.app, office.app.extensions["file_store"], now=moment, clock=lambda: moment)


def send(office: Office, who: str, address: str, **form: object) -> TestResponse:
    return office.browser(who).post(address, data=form, content_type="multipart/form-data")


def schedule(office: Office, who: str = "ops_lead", **form: object) -> str:
    answer = send(office, who, "/schedules/new", **{"of": office.world.centre.ref, **FORM, **form})
    assert answer.status_code == 302, answer.get_data(as_text=True)[-3000:]
    return str(answer.location)


def runs() -> list[Output]:
    db.session.rollback()
    return list(db.session.scalars(select(Output).order_by(Output.id)))


def test_a_monthly_report_is_scheduled_made_read_tried_again_and_sent_again(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    for page in ("/exports", "/statistics", "/statistics/reports"):
        assert 'href="/schedules"' in office.get("ops_lead", page).text
        assert 'href="/schedules"' not in office.get("leader_PTNMT", page).text
    assert [office.get(name, "/schedules").status_code for name in ("operator", "officer_PTNMT", "administrator")] == [403, 403, 403]
    assert "Chưa lập lịch nào" in office.words("ops_lead", "/schedules")
    refusals: tuple[tuple[dict[str, Any], str], ...] = (
                ({"clock_time": "8 giờ rưỡi"}, "nhập giờ dạng 08:00"), ({"desks": []}, "ít nhất một nơi nhận"),
                ({"days_after": "hai"}, "số nguyên"), ({"of": f"all-{office.world.centre.ref}"}, "Chỉ phiếu đơn vị"),
                ({"kind": "yearbook"}, "theo kỳ đã chọn"), ({"form": "json"}, "không có dạng"))  # fmt: skip
    for wrong, words in refusals:
        answer = send(office, "ops_lead", "/schedules/new", **{"of": office.world.centre.ref, **FORM, "name": "Tên đã gõ", **wrong})
        assert (answer.status_code, words in answer.text, 'value="Tên đã gõ"' in answer.text) == (422, True, True), wrong
        assert wrong.get("clock_time", "08:00") in answer.text
        assert len(re.findall(r'checked[^>]*name="desks"|name="desks"[^>]*checked', answer.text)) == (0 if "desks" in wrong else 2)
    place = schedule(office)
    page = office.words("ops_lead", place)
    for words in ("Báo cáo kỳ", "08:00 01/04/2026", "Lãnh đạo UBND", "Luôn giữ", "Chưa lập tệp nào"):
        assert words in page, words
    real = MAKERS["period_report"]

    def broken(_output: Output, _progress: Progress) -> Made:
        raise OutputRefused("Không đọc được số liệu.", "The figures could not be read.")

    monkeypatch.setitem(MAKERS, "period_report", broken)
    assert work(office, local(1, 4, 8)) == 1
    [run] = runs()
    assert "Không đọc được số liệu." in office.words("committee_leader", place)
    assert "Chưa tạo được" in office.words("ops_lead", "/schedules")
    assert f"/exports/{run.ref}/retry" in office.get("ops_lead", f"/exports/{run.ref}").text
    monkeypatch.setattr("web.commands.exports.ready_app", lambda _config, _name: office.app)
    monkeypatch.setattr(Config, "from_environment", classmethod(lambda _class: None))
    told = CliRunner().invoke(cli.commands, ["schedules"])
    assert (told.exit_code, told.output.splitlines()) == (1, [
        "2026-05-04 08:00  LD  period_report (month)  Báo cáo tháng của xã. Last: 2026-03 failed: The figures could not be read.",
        "1 schedule, 1 failed."])  # fmt: skip
    monkeypatch.setitem(MAKERS, "period_report", real)
    assert office.post("committee_leader", f"{place}/runs/{run.ref}/retry").status_code == 302
    assert work(office, local(1, 4, 9)) == 1
    answer = office.get("committee_leader", f"/exports/{run.ref}/file")
    assert (answer.status_code, answer.data[:5]) == (200, b"%PDF-")
    assert re.search(r'filename="bao-cao-2026-03-\d+\.pdf"', answer.headers["Content-Disposition"])
    page = office.get("committee_leader", f"/exports/{run.ref}").text
    assert ("deletion" in page, "Tháng 3/2026" in page, "Báo cáo tháng của xã" in page) == (False, True, True)
    assert office.post("committee_leader", f"/exports/{run.ref}/deletion").status_code == 403
    assert "Báo cáo kỳ, Tháng 3/2026" in office.words("committee_leader", "/exports")
    assert [office.get(name, f"/exports/{run.ref}").status_code for name in ("operator", "leader_PTNMT", "inspector")] == [404, 404, 404]
    assert office.post("ops_lead", f"{place}/runs/{run.ref}/sending").status_code == 302
    assert "gửi lại 09:00 01/04/2026" in office.words("ops_lead", place)
    assert db.session.query(OutboxMessage).filter_by(template="scheduled_output").count() == 4
    answer = send(office, "ops_lead", f"{place}/change", **{**FORM, "name": "Tên mới", "clock_time": "25:00"})
    assert (answer.status_code, 'value="Tên mới"' in answer.text, "25:00" in answer.text) == (422, True, True)
    changed = {**FORM, "name": "Tên mới", "days_after": "2", "keep_days": "366", "desks": ["ops_lead"]}
    answer = send(office, "ops_lead", f"{place}/change", **changed)
    assert answer.status_code == 302
    assert work(office, local(1, 4, 10)) == 0
    page = office.words("ops_lead", place)
    assert "Tên mới" in page
    assert "sau 2 ngày làm việc" in page
    assert office.get("committee_leader", f"/exports/{run.ref}/file").status_code == 200, "who may schedule reads all of the centre's"
    assert office.post("ops_lead", f"{place}/stop").status_code == 302
    assert office.get("ops_lead", f"{place}/change").status_code == 302
    assert "Lịch đã dừng" in office.words("ops_lead", "/schedules")
    assert work(office, local(4, 5, 9)) == 0
    for path in (f"{place}/change", f"{place}/stop", f"{place}/runs/{run.ref}/retry", f"{place}/runs/{run.ref}/sending"):
        assert office.post("operator", path).status_code == 403
    assert office.post("ops_lead", f"{place}/runs/0000000000000000/retry").status_code == 404
    assert office.get("ops_lead", "/schedules/0000000000000000").status_code == 404


def test_each_agency_gets_its_own_sheet_and_pages_cost_the_same_with_many(office: Office) -> None:
    every = f"all-{office.world.centre.ref}"
    schedule(office, of=office.world.agencies["PTNMT"].ref, kind="agency_sheet", desks=["agency_leader"], name="Phiếu riêng")
    office.get("ops_lead", "/schedules")
    few = statements_of(lambda: office.get("ops_lead", "/schedules"))
    assert schedule(office, of=every, kind="agency_sheet", desks=["agency_leader"], name="Phiếu tháng") == "/schedules"
    rows = list(db.session.scalars(select(ReportSchedule).order_by(ReportSchedule.id)))
    assert len({row.agency_id for row in rows}) == len(rows) == len(office.world.agencies)
    answer = send(office, "ops_lead", "/schedules/new", **{**FORM, "of": every, "kind": "agency_sheet", "desks": ["agency_leader"]})
    assert (answer.status_code, "Mọi đơn vị đã có lịch như vậy" in answer.text) == (422, True)
    assert statements_of(lambda: office.get("ops_lead", "/schedules")) == few
    assert work(office, local(1, 4, 8)) == len(rows)
    refs = {row.agency_id: row.ref for row in runs()}
    own, other = (refs[office.world.agencies[key].id] for key in ("PTNMT", "UBND-LAT"))
    assert [office.get("leader_PTNMT", f"/exports/{ref}/file").status_code for ref in (own, other)] == [200, 404]
    page = office.words("leader_PTNMT", "/exports")
    assert "Phiếu kết quả của đơn vị, Tháng 3/2026" in page
    assert office.world.agencies["UBND-LAT"].name_vi not in page
    assert "/schedules" not in office.get("leader_PTNMT", f"/exports/{own}").text
    # tables and lists, of the centre and of an agency
    for kind, form, of in (("late", "xlsx", office.world.agencies["PTNMT"].ref), ("figures", "json", office.world.centre.ref)):
        schedule(office, "committee_leader", kind=kind, form=form, of=of, every="week", by="agency", desks=["committee_leader"])
    assert work(office, local(6, 4, 8)) == 2
    files = [office.get("committee_leader", f"/exports/{row.ref}/file") for row in runs()[-2:]]
    assert sorted((answer.status_code, answer.data[:1]) for answer in files) == [(200, b"P"), (200, b"[")]


def test_a_schedule_outlives_a_deputyship_and_the_end_of_its_centre(office: Office) -> None:
    world, sheet = office.world, "agency_sheet"
    lead, own = world.people["ops_lead"], world.centre.id
    of_the_installation(world, "root", Role.ADMINISTRATOR)
    with unit_of_work():
        db.session.add(Deputy(principal_id=lead.id, deputy_id=world.people["operator"].id, starts_at=NOW, ends_at=NOW + timedelta(hours=1),
                              created_by_id=lead.id))  # fmt: skip
    place = schedule(office, "operator", kind="figures", form="csv", desks=["ops_lead"])
    schedule(office, kind=sheet, of=world.agencies["HKL"].ref, desks=["ops_lead"])
    [row, of_agency] = db.session.scalars(select(ReportSchedule).order_by(ReportSchedule.id))
    assert (row.made_by_id, "đứng tên Người Thử ops_lead" in office.words("operator", f"{place}/change")) == (lead.id, False)
    plan = centres(world.actor("root", MORNING), DAY, "Đổi trung tâm", [own], ("MOI", [None]))
    before = everything()
    carried_out(world, plan, by="root")
    new = next(step.successor_id for step in plan.steps)
    office._browsers.clear()
    heirs = list(db.session.scalars(select(ReportSchedule).where(ReportSchedule.follows_id.is_not(None)).order_by(ReportSchedule.id)))
    assert [(each.follows_id, each.centre_id, each.recipients) for each in heirs] == [
        (row.id, new, [f"desk:ops_lead@c{new}"])]  # fmt: skip
    db.session.refresh(of_agency)
    assert (of_agency.centre_id, of_agency.stopped_at) == (new, None), "the agency goes on, and its schedule with it"
    assert work(office, MORNING) == 0
    words = office.words("ops_lead", place)
    assert "là tệp cuối của lịch này" in words
    assert "Trung tâm MOI" in words
    with unit_of_work():
        end_schedule(db.session.get_one(ReportSchedule, row.id), now=MORNING)
    with unit_of_work():
        undo(plan.ref, by=world.actor("root", MORNING), now=MORNING, reason="Nhầm.")
    assert [each for each in differences(before, everything()) if each[0] in ("report_schedule", "output")] == []
    # done once more: the period of the day is made for the centre that ended, and for who follows
    plan = centres(world.actor("root", MORNING), DAY, "Đổi trung tâm", [own], ("HAI", [None]))
    carried_out(world, plan, by="root")
    office._browsers.clear()
    assert work(office, local(1, 4, 8)) == 3
    assert sorted((run.kind, run.centre_id == own, run.state, run.sent_at is not None) for run in runs()) == [
        (sheet, False, "ready", True), ("figures", False, "ready", True), ("figures", True, "ready", True)]  # fmt: skip
    assert "Lịch này đã dừng theo" in office.words("ops_lead", place)
    for run in runs():
        assert office.get("ops_lead", f"/exports/{run.ref}").status_code == 200
    assert "nơi đã kết thúc" in office.words("ops_lead", re.findall(r'href="(/schedules/[^"/]+)"', office.get("ops_lead", place).text)[-1])
    assert work(office, local(4, 5, 8)) == 2
    assert {run.centre_id for run in runs()[-2:]} != {own}

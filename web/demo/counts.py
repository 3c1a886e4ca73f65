"""The counted part of the demonstration: a frozen month with its report, a numbered yearbook, a schedule with its reports, and ordered
files: a workbook, a list that failed, a case file."""

from datetime import datetime, timedelta
from functools import partial

from flask import Flask
from sqlalchemy import func, select

from casework.bilingual import Bilingual
from casework.casefile.printing import order_case_file
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.documents.kinds import AGENCY_SHEET, PERIOD_REPORT, YEARBOOK
from casework.documents.numbering import give_number
from casework.documents.periodic import Typed, write_periodic
from casework.local_time import local_day
from casework.models import Agency, Case, Centre, Output, ReportSchedule
from casework.outputs import fail_output, order_output, take_output
from casework.outputs.schedules import Plan, make_schedule
from casework.permissions import SYSTEM, Actor, Role, actor_for
from reports.statistics.due import run_after
from reports.statistics.periods import MONTH, YEAR, period_at
from reports.statistics.snapshots import SnapshotRefused, freeze
from web.demo.papers import CLERK, put_seals
from web.demo.people import staff_account
from web.demo.telling import LEAD, OPERATOR
from web.documents.making import make_letter_files
from web.jobs import output_makers as makers  # noqa: F401  (brings what makes each kind)
from web.outputs.making import make_outputs
from web.reporting.makers import preview_of
from workflows.figures.freezing import counted
from workflows.schedules import run_schedules

RUNS = 2
"""Months for which the schedule has made its report."""
FILED = "Nắp hố ga vỡ trước cổng trường tiểu học"
"""The title of the case whose file was ordered."""
SHEET_OF = "PKT-LD"
BEGAN_BEFORE = timedelta(days=5)
"""How long before the end of its first month the report schedule was set up."""
DISK_FULL = Bilingual("Ổ đĩa hết chỗ, chưa lưu được tệp.", "The disk is full, and the file could not be kept.")
ASSESSMENT = (
    "Số phản ánh trong kỳ ở mức bình thường. Các đơn vị tiếp nhận đúng hạn; việc kéo dài chủ yếu do chờ phương tiện."
)
PROPOSALS = "Đề nghị UBND các xã, phường cử đầu mối trực ngoài giờ và cập nhật số điện thoại trực trước ngày 05 hằng tháng."
TO, COPIES = "UBND xã Lạc Dương", ("Các đơn vị thuộc Trung tâm",)


def count_and_order(app: Flask, centre: Centre, *, now: datetime) -> None:
    """Freeze what is due, and make what people and schedules have ordered by now."""
    _freeze_last_month(centre, now)
    _let_schedule_run(app, centre, now)
    _write_reports(app, centre, now)
    _order_files(app, centre, now)


def _freeze_last_month(centre: Centre, now: datetime) -> None:
    """Only months; longer periods are left to the worker."""
    month = period_at(MONTH, now, centre_id=centre.id).before()
    try:
        content = counted(month, centre_id=centre.id, now=now)
        with unit_of_work():
            freeze(month, centre_id=centre.id, by=SYSTEM, now=now, content=content)
    except SnapshotRefused:
        return  # the month has only just ended: the worker freezes it later


def _let_schedule_run(app: Flask, centre: Centre, now: datetime) -> None:
    """Set up months ago, with each report made when it was due. Two younger schedules have not run yet."""
    month = period_at(MONTH, now, centre_id=centre.id)
    for _run in range(RUNS):
        month = month.before()
    began = month.until - BEGAN_BEFORE
    with unit_of_work():
        _have_made(PERIOD_REPORT, "month", "Báo cáo tháng của Trung tâm", "pdf", centre, at=began)
    while (due := db.session.scalar(select(func.min(ReportSchedule.next_at)).where(ReportSchedule.next_at <= now))) is not None:
        run_schedules(due)
        make_outputs(app, app.extensions["file_store"], now=due, clock=partial(_still, due))
    with unit_of_work():
        _have_made("late", "week", "Danh sách trễ hạn sáng thứ hai", "xlsx", centre, at=now)
        sheet_of = db.session.scalars(select(Agency).where(Agency.centre_id == centre.id, Agency.key == SHEET_OF)).one()
        _have_made(AGENCY_SHEET, "quarter", f"Phiếu kết quả quý: {sheet_of.name_vi}", "pdf", centre, at=now, agency=sheet_of)


def _have_made(kind: str, every: str, name: str, form: str, centre: Centre, *, at: datetime, agency: Agency | None = None) -> None:
    desks = [Role.OPS_LEAD, Role.COMMITTEE_LEADER, *([Role.AGENCY_LEADER] if agency is not None else [])]
    plan = Plan(name, form, "08:00", 0, desks)
    make_schedule(kind, every, plan, centre_id=centre.id, agency=agency, by=_staff(LEAD, at), now=at, next_run=run_after)


def _write_reports(app: Flask, centre: Centre, now: datetime) -> None:
    """Reports of the last month and year, as previewed: with the operations lead's words, numbers and the seal."""
    lead, clerk, store = _staff(LEAD, now), _staff(CLERK, now), app.extensions["file_store"]
    periods = {YEARBOOK: period_at(YEAR, now, centre_id=centre.id), PERIOD_REPORT: period_at(MONTH, now, centre_id=centre.id)}
    with unit_of_work():
        previews = [
            order_output(kind, "json", {"period": period.before().name}, by=lead, now=now, centre_id=centre.id).ref
            for kind, period in periods.items()
        ]
    make_outputs(app, store, now=now)
    for ref in previews:
        kind, told, snapshot_id = preview_of(db.session.scalars(select(Output).where(Output.ref == ref)).one(), store=store)
        with unit_of_work():
            typed = Typed(ASSESSMENT, PROPOSALS, (TO,) if kind == PERIOD_REPORT else (), COPIES)
            letter = write_periodic(kind, told, centre_id=centre.id, typed=typed, by=lead, now=now, snapshot_id=snapshot_id, key=ref)
            give_number(letter, on=local_day(now), by=clerk, now=now)
    make_letter_files(app, store, now=now)
    put_seals(app, [PERIOD_REPORT], now=now)


def _order_files(app: Flask, centre: Centre, now: datetime) -> None:
    """Ordered by an operator: a list that failed for lack of disk space, a workbook, and a case file."""
    by = _staff(OPERATOR, now)
    with unit_of_work():
        order_output("late", "csv", {}, by=by, now=now, centre_id=centre.id)
    with unit_of_work():
        taken = take_output(now)
        if taken is not None:
            fail_output(taken, DISK_FULL, now=now, again=False)
    with unit_of_work():
        order_output("cases", "xlsx", {"state": "open"}, by=by, now=now, centre_id=centre.id)
        case = db.session.scalars(select(Case).where(Case.title == FILED)).one()
        order_case_file(lock_case(case.id), by=by, now=now)
    make_outputs(app, app.extensions["file_store"], now=now)


def _still(moment: datetime) -> datetime:
    return moment


def _staff(login: str, moment: datetime) -> Actor:
    return actor_for(staff_account(login), now=moment)

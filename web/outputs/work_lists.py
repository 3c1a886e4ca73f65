"""Exports of the inbox and of what is late, with the filters of their pages, read again for the person ordering."""

from collections.abc import Iterator
from typing import Any

from casework.models import Case, Output
from casework.outputs import OutputRefused
from casework.rights.deputies import principals_of
from reports.tables.table import Column, Table
from web.inbox.filters import filter_in, params_of
from web.inbox.rows import reads_step
from web.inbox.views import wanted_of
from web.outputs.case_list import SOURCES
from web.outputs.listing import as_file, is_of_centre, yes
from web.outputs.making import MAKERS, Progress
from workflows.desks.inbox import cases_behind, looked_for, page_of
from workflows.desks.inbox_filters import InboxQuery, narrowed
from workflows.desks.inbox_steps import Colleague, InboxStep, StepCase
from workflows.desks.late_cases import late_agency, late_list
from workflows.desks.late_rows import LateCase
from workflows.models.running import FAR
from workflows.running.drawn_steps import label_of_step

MOST_STEPS = 10_000
MOST_PARTS = 5_000
PIECE = 200

STEP_COLUMNS = (
    Column("code", "Mã hồ sơ"),
    Column("title", "Tiêu đề", width=48, meaning="Để trống: hồ sơ nhạy cảm, hoặc người kết xuất không đọc nội dung của bước này."),
    Column("step", "Bước", width=30),
    Column("urgent", "Khẩn", width=8),
    Column("due_at", "Hạn", "datetime", 17),
    Column("late", "Trễ hạn", width=9, meaning="Lúc kết xuất đã đến hoặc quá hạn của bước."),
    Column("entered_at", "Chờ từ", "datetime", 17),
    Column("holder", "Người nhận việc", width=26),
    Column("agency", "Đơn vị", width=32),
    Column("area", "Xã, phường", width=24),
)
LATE_COLUMNS = (
    Column("agency", "Đơn vị", width=34, meaning="Để trống: bước của chính Trung tâm."),
    Column("code", "Mã hồ sơ"),
    Column("title", "Tiêu đề", width=48, meaning="Hồ sơ nhạy cảm không in tiêu đề."),
    Column("urgent", "Khẩn", width=8),
    Column("source", "Nguồn", width=12),
    Column("area", "Xã, phường", width=24),
    Column("due_at", "Hạn", "datetime", 17),
    Column("days", "Số ngày trễ", "integer", 11, "Ngày theo lịch sau ngày cuối cùng còn trong hạn."),
    Column("holder", "Người nhận việc", width=26),
    Column("reminded", "Số lần nhắc", "integer", 11),
    Column("promised", "Hẹn lại ngày", "day", 13, "Ngày hẹn mới nhất trong thư xin lỗi."),
    Column("step", "Bước", width=30),
)


def step_table(output: Output, progress: Progress) -> Table:
    """The steps of the inbox by the page's view and filter."""
    asked = output.parameters
    words, view, chosen = str(asked.get("q") or ""), str(asked.get("view") or "all"), filter_in(asked)
    wanted = looked_for(words, now=progress.now) if words else wanted_of(view, chosen)
    shown = "; ".join(f"{name}: {value}" for name, value in ({"q": words} if words else {"view": view, **params_of(chosen)}).items())
    table = Table("Việc đang chờ", STEP_COLUMNS, (), notes=[("Bộ lọc", shown)])
    table.rows = _steps(wanted, output, progress, table, is_of_words=bool(words))
    return table


def _steps(wanted: InboxQuery, output: Output, progress: Progress, table: Table, *, is_of_words: bool) -> Iterator[tuple[Any, ...]]:
    by, after, done = progress.by, None, 0
    principals = {each.ref: each.id for each in principals_of(by)}
    reader = by if is_of_words else narrowed(by, wanted.chosen.whose, principals)
    while done < MOST_STEPS:
        page = page_of(by, wanted, now=progress.now, after=after, limit=PIECE, desks_of=reader)
        cases = cases_behind(page.tasks) if wanted.is_of_places else None
        for task in page.tasks:
            if task.case.quarantined_at is None and is_of_centre(task.case, output.centre_id):
                done += 1
                reads = reads_step(by, task, cases[task.case.id] if cases is not None else None)
                yield _step(task, page.holders.get(task.id), progress, reads=reads)
        progress.tell(done)
        after = page.next
        if after is None:
            return
    table.notes.append(("Bị cắt bớt", f"Chỉ có {MOST_STEPS} việc đầu tiên."))


def _step(task: InboxStep, holder: Colleague | None, progress: Progress, *, reads: bool) -> tuple[Any, ...]:
    case = task.case
    return (
        case.code, _title(case) if reads else None, task.label.vi, yes(task.urgent), task.due_at if task.due_at < FAR else None,
        yes(task.is_late(progress.now)), task.entered_at, holder.full_name if holder is not None else None,
        task.agency.name.vi if task.agency is not None else None, case.area.vi if reads and case.area is not None else None,
    )  # fmt: skip


def late_table(output: Output, progress: Progress) -> Table:
    """What is late by agency, then the centre's own steps."""
    asked = output.parameters
    agency = late_agency(progress.by, str(asked.get("agency") or ""))
    if asked.get("agency") and agency is None:
        raise OutputRefused("Đơn vị đã chọn không thuộc phạm vi của Ông/Bà.", "The agency chosen is not within what you may see.")
    source = str(asked.get("source") or "") or None
    shown = late_list(progress.by, now=progress.now, agency=agency, source=source, limit=MOST_PARTS)
    named = f"đơn vị: {agency.name_vi}" if agency is not None else ""
    words = "; ".join(filter(None, (named, f"nguồn: {SOURCES.get(source, source)}" if source else "")))
    notes = [("Bộ lọc", words or "không có")]
    if shown.is_cut:
        notes.append(("Bị cắt bớt", f"Chỉ có {MOST_PARTS} phần việc khẩn nhất và trễ nhất."))
    if shown.cases is not None:
        notes.append(("Hồ sơ trễ hạn", f"{shown.cases} hồ sơ đã quá ngày hẹn trả lời; các dòng dưới đây là từng phần việc, từng bước."))
    if shown.unconfirmed:
        notes.append(("Đếm riêng", f"{shown.unconfirmed} phản ánh chưa tiếp nhận vì chờ người gửi xác nhận liên hệ."))
    rows: list[tuple[Any, ...]] = []
    for row in shown.rows:
        part, case = row.assignment, row.assignment.case
        if is_of_centre(case, output.centre_id):
            rows.append((
                part.agency.name_vi, case.code, _title(case), yes(case.is_urgent), SOURCES.get(case.source, case.source), _area(case),
                part.due_at, row.days, row.holder, row.reminded, row.promised, None,
            ))  # fmt: skip
    for step in shown.steps:
        task, whole = step.task, step.task.case
        if whole.quarantined_at is None and is_of_centre(whole, output.centre_id):
            rows.append((
                None, whole.code, _title(whole), yes(task.urgent), SOURCES.get(whole.source, whole.source), _area(whole), task.due_at,
                step.days, step.holder, None, None, label_of_step(task).vi,
            ))  # fmt: skip
    progress.tell(0, len(rows))
    return Table("Trễ hạn", LATE_COLUMNS, rows, notes=notes)


def _title(case: Case | StepCase | LateCase) -> str | None:
    """The title; exports leave out that of a sensitive case."""
    return case.title if case.visibility_reason_id is None else None


def _area(case: Case | LateCase) -> str | None:
    return case.area.name_vi if case.area is not None else None


MAKERS["inbox"] = as_file(step_table)
MAKERS["late"] = as_file(late_table)

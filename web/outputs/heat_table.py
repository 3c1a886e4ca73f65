"""Export of the process steps with their times: the numbers of the page “Bottlenecks”, by its filter."""

from collections.abc import Iterator
from typing import Any

from casework.calendars import calendar_of
from casework.local_time import local_day
from casework.models import Output
from casework.outputs import OutputRefused
from reports.tables.table import Column, Table
from web.outputs.listing import FIGURES_OF_OTHERS, as_file, local_words
from web.outputs.making import MAKERS, Progress
from web.studio.heat import asked_for
from workflows.bottlenecks.reading import FEWEST, Heat, heat
from workflows.versions.live import NoLiveVersion

FEW = f"Để trống: dưới {FEWEST} lượt."

COLUMNS = (
    Column("step", "Bước", width=40, en="Step of the process"),
    Column("element", "Mã phần tử", width=26, en="Element"),
    Column("passages", "Số lượt", "integer", 10, en="Times done"),
    Column("median_hours", "Trung vị (giờ làm việc)", "decimal", 14, FEW, "Median, working hours"),
    Column("p90_hours", "Bách phân vị 90 (giờ làm việc)", "decimal", 14, FEW, "90th percentile, working hours"),
    Column("late", "Trễ", "integer", 10, en="Late"),
    Column("late_share", "Tỷ lệ trễ", "share", 10, FEW, "Share late"),
    Column("redone", "Làm lại", "integer", 10, en="Done again"),
    Column("redone_share", "Tỷ lệ làm lại", "share", 10, FEW, "Share done again"),
    Column("withdrawn", "Bị rút", "integer", 10, en="Withdrawn"),
    Column("total_hours", "Tổng thời gian (giờ làm việc)", "decimal", 16, en="Time altogether, working hours"),
)


def heat_table(output: Output, progress: Progress) -> Table:
    """Every step in the chosen months, in model order, then those that only other versions have."""
    asked = asked_for({**output.parameters, "centre": output.centre.ref}, by=progress.by, moment=progress.now)
    wanted = asked.wanted
    if wanted.centre is None:
        raise OutputRefused(*FIGURES_OF_OTHERS)
    try:
        shown = heat(wanted, by=progress.by)
    except NoLiveVersion:
        raise OutputRefused("Chưa có phiên bản quy trình nào.", "No version of the process is live.") from None
    day = calendar_of(wanted.centre.id).office_minutes_on(local_day(progress.now))
    notes = [
        ("Tháng", f"từ {wanted.first:%m/%Y} đến {wanted.last:%m/%Y}"),
        ("Phiên bản", str(wanted.version.number) if wanted.version is not None else "mọi phiên bản"),
        ("Lĩnh vực", next((each.name.vi for each in asked.fields if each.service_code == wanted.field), "mọi lĩnh vực")),
        ("Đơn vị", wanted.agency.name_vi if wanted.agency is not None else "mọi đơn vị và Trung tâm"),
        ("Đếm lúc", local_words(shown.counted_at) if shown.counted_at is not None else "chưa đếm"),
        ("Ngày làm việc", f"{day} phút" if day else "hôm nay không làm việc"),
    ]
    progress.tell(0, len(shown.all))
    return Table("Thời gian các bước", COLUMNS, _rows(shown), notes=notes)


def _rows(shown: Heat) -> Iterator[tuple[Any, ...]]:
    for element, each in shown.all:
        late, redone = each.percent_of(each.late), each.percent_of(each.redone)
        yield (
            element.label.vi if element is not None else None, each.element, each.passages, _hours(each.median), _hours(each.p90),
            each.late, None if late is None else late / 100, each.redone, None if redone is None else redone / 100, each.withdrawn,
            _hours(each.costs),
        )  # fmt: skip


def _hours(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes / 60, 2)


MAKERS["heat"] = as_file(heat_table)

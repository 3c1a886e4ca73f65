"""Turns a table into a downloadable file. Who ordered it, when and from what is noted in it, in Vietnamese as in all documents."""

from collections.abc import Callable
from datetime import datetime

from flask_babel import force_locale

from casework.local_time import LOCAL_ZONE
from casework.models import Case, Output
from casework.outputs import KINDS, OutputRefused
from casework.successors import Followed, heirs_of
from reports.statistics.periods import NoSuchPeriod, Period, period_named
from reports.tables.table import Table
from reports.tables.writing import MEDIA_TYPES, write_table
from web.outputs.making import Made, Maker, Progress
from workflows.desks.inbox_steps import StepCase
from workflows.desks.late_rows import LateCase

SLUGS = {
    "cases": "ho-so", "inbox": "viec-dang-cho", "late": "tre-han", "letters": "van-ban", "register": "so-van-ban", "figures": "thong-ke",
    "counted": "ho-so-sau-con-so",
    "setting_events": "nhat-ky-thiet-lap",
    "processing": "so-xu-ly-du-lieu", "looks": "ai-da-xem", "affected": "su-co-du-lieu",
    "heat": "thoi-gian-buoc", "incidents": "su-co", "people": "can-bo",
    "messages": "tin-khong-gui-duoc", "outputs": "tep-cua-toi", "schedules": "lich",
}  # fmt: skip
"""The beginning of each file name."""

BY_COMMAND = "Người vận hành hệ thống (dòng lệnh)"

FIGURES_OF_OTHERS = ("Số liệu này không thuộc phạm vi của Ông/Bà.", "These figures are not within what you may see.")
"""Why an OutputRefused keeps somebody from figures they may not read."""

TableOf = Callable[[Output, Progress], Table]
"""Reads an output's table as `progress.by` may see it: columns at once, rows while they are written."""


def as_file(table_of: TableOf) -> Maker:
    """A maker that writes a table in the ordered format."""

    def make(output: Output, progress: Progress) -> Made:
        with force_locale("vi"):
            table = table_of(output, progress)
            table.notes[:0] = _notes(output, progress, table)
            path = progress.folder / f"table.{output.form}"
            number = write_table(table, output.form, path, made_at=progress.now)
            progress.tell(number, number)
        return Made(path, f"{_name(output, progress.now)}.{output.form}", MEDIA_TYPES[output.form])

    return make


def _notes(output: Output, progress: Progress, table: Table) -> list[tuple[str, str]]:
    account = progress.by.account
    notes = [
        ("Danh sách", KINDS[output.kind].name.vi),
        ("Trung tâm", output.centre.name_vi),
        ("Người kết xuất", (account.full_name or account.login or "") if account is not None else BY_COMMAND),
        ("Lúc", local_words(progress.now)),
        ("Giờ", "Giờ Việt Nam (UTC+7)"),
    ]
    if output.has_identity:
        notes += [
            ("Lý do lấy thông tin người gửi", output.reason or ""),
            ("Bảo mật", "Có dữ liệu cá nhân. Chỉ dùng vào việc đã nêu, không chuyển tiếp; xóa khi xong việc. Mỗi lượt đều được ghi lại."),
        ]
    elif KINDS[output.kind].needs_reason:
        notes.append(("Lý do kết xuất", output.reason or ""))
    said = [(column.name, " – ".join(filter(None, (column.en, column.meaning)))) for column in table.columns]
    return notes + [each for each in said if each[1]]


def _name(output: Output, now: datetime) -> str:
    return f"{SLUGS[output.kind]}-{output.centre.code_prefix}-{now.astimezone(LOCAL_ZONE):%Y%m%d-%H%M}".lower()


def period_ordered(output: Output) -> Period:
    """The period an output is ordered for. Raises OutputRefused where there is none of that name."""
    try:
        return period_named(str(output.parameters.get("period") or ""), centre_id=output.centre_id)
    except NoSuchPeriod:
        raise OutputRefused("Không có kỳ này.", "There is no such period.") from None


def local_words(instant: datetime) -> str:
    """An instant as written in letters."""
    return f"{instant.astimezone(LOCAL_ZONE):%H:%M ngày %d/%m/%Y}"


def is_of_centre(case: Case | StepCase | LateCase, centre_id: int) -> bool:
    """Whether a case is on a centre's lists: its own, or inherited from a centre that ended."""
    return case.centre_id == centre_id or centre_id in heirs_of(Followed.CENTRE, case.centre_id, case.area_id)


def yes(is_so: bool) -> str:
    """The word for a boolean in a cell."""
    return "có" if is_so else "không"

"""Exports required by the law on personal data: the register of processing, the log of reveals, the reports affected by a breach."""

from collections.abc import Iterator
from typing import Any

from casework.local_time import local_day
from casework.models import Output
from casework.outputs import OutputRefused
from casework.parsing import day_in
from casework.rights.access_log import LookFilter, looks_logged
from casework.rights.affected import WAY_LABELS, subjects_of
from casework.rights.breaches import KIND_LABELS, breach_seen
from casework.rights.processing import kept_now, register_on
from casework.settings.kinds.table import KINDS
from reports.tables.table import Column, Table
from web.outputs.listing import as_file, local_words
from web.outputs.making import MAKERS, Progress
from web.rights.processing import COLUMNS as OF_REGISTER
from web.rights.processing import whose

MOST_ROWS = 100_000
PIECE = 500

HEADINGS = {name: KINDS["processing"].column(name).label for name in OF_REGISTER}
REGISTER_COLUMNS = (
    Column("key", "Mã", width=20, en="Code"),
    Column("name", "Hoạt động xử lý", width=36, en="Processing activity"),
    *(Column(name, HEADINGS[name].vi, width=44, en=HEADINGS[name].en) for name in OF_REGISTER),
    Column("set", "Giá trị đang đặt", width=34, meaning="Giá trị chung mà thời gian giữ theo, lúc kết xuất.", en="Value set now"),
    Column("whose", "Áp dụng cho", width=34, en="Whose"),
    Column("valid_from", "Áp dụng từ", "day", 13, en="From"),
)
LOOK_COLUMNS = (
    Column("at", "Lúc", "datetime", 17, en="When"),
    Column("who", "Cán bộ", width=28, en="Who"),
    Column("login", "Tên đăng nhập", width=20, en="User name"),
    Column("instead_of", "Làm thay", width=28, en="As deputy of"),
    Column("occasion", "Việc", width=40, en="What"),
    Column("code", "Mã", width=18, meaning="Của phản ánh, hoặc của hồ sơ khi thông tin về người gửi đã xóa.", en="Code"),
    Column("file", "Tệp", width=30, en="File"),
    Column("output", "Mã tệp", width=18, en="Code of the file"),
    Column("number", "Số dòng", "integer", 10, en="Rows"),
    Column("reason", "Lý do", width=50, meaning="Chỉ thanh tra đọc được.", en="Reason"),
)
AFFECTED_COLUMNS = (
    Column("code", "Mã phản ánh", width=18, meaning="Để trống: tài khoản của người dân không kèm phản ánh.", en="Report"),
    Column("filed_at", "Gửi lúc", "datetime", 17, en="Sent"),
    Column("way", "Tìm theo", width=44, en="Found by"),
    Column("told", "Đã báo", width=22, en="Told"),
    Column("told_at", "Báo lúc", "datetime", 17, en="Told at"),
)
TOLD = {True: "đã gửi tin", False: "không có cách liên hệ", None: "chưa"}

Rows = Iterator[tuple[Any, ...]]


def register_table(output: Output, progress: Progress) -> Table:
    """The register of a centre as of a given day."""
    day = day_in(str(output.parameters.get("on") or "")) or local_day(progress.now)
    rows = register_on(progress.by, day, centre_id=output.centre_id)
    cells = []
    for row in rows:
        kept = kept_now(row)
        told = f"{kept[0].vi}: {kept[1]}" if kept is not None else None
        cells.append((row.key, row.name_vi, *(getattr(row, name) for name in OF_REGISTER), told, whose(row).vi, row.valid_from))
    progress.tell(len(cells), len(cells))
    return Table("Sổ hoạt động xử lý dữ liệu cá nhân", REGISTER_COLUMNS, cells, notes=[("Ngày của sổ", f"{day:%d/%m/%Y}")])


def look_table(output: Output, progress: Progress) -> Table:
    """The reveals in a centre by the page's filter, newest first, limited to what the reader may know."""
    asked = {name: str(output.parameters.get(name) or "") for name in ("login", "code", "from", "to")}
    wanted = LookFilter(asked["login"], asked["code"], day_in(asked["from"]), day_in(asked["to"]))
    words = {"tên đăng nhập": asked["login"], "mã": asked["code"], "từ ngày": asked["from"], "đến ngày": asked["to"]}
    chosen = "; ".join(f"{name}: {value}" for name, value in words.items() if value)
    table = Table("Ai đã xem dữ liệu cá nhân", LOOK_COLUMNS, (), notes=[("Bộ lọc", chosen or "không có")])
    table.rows = _looks(wanted, output, progress, table)
    return table


def _looks(wanted: LookFilter, output: Output, progress: Progress, table: Table) -> Rows:
    before, done = None, 0
    while done < MOST_ROWS:
        page = looks_logged(progress.by, wanted, before=before, centre_id=output.centre_id, limit=PIECE)
        for look in page.looks:
            reason = "đã xóa cùng dữ liệu của người đó" if look.is_erased else look.reason
            yield (look.at, look.who, look.login, look.instead_of, look.occasion.vi, look.code, look.file, look.output, look.number, reason)
        done, before = done + len(page.looks), page.next_before
        progress.tell(done)
        if before is None:
            return
    table.notes.append(("Bị cắt bớt", f"Chỉ có {MOST_ROWS} dòng mới nhất."))


def affected_table(output: Output, progress: Progress) -> Table:
    """The reports of a centre affected by a breach, by code only: senders are revealed case by case, each with a reason."""
    breach = breach_seen(progress.by, str(output.parameters.get("breach") or ""))
    if breach is None:
        raise OutputRefused("Không có sự cố này.", "There is no such breach.")
    ways = {search.id: WAY_LABELS[search.way].vi for search in breach.searches}
    notes = [("Sự cố", f"{KIND_LABELS[breach.kind].vi}, phát hiện lúc {local_words(breach.noticed_at)}")]
    table = Table("Phản ánh liên quan đến sự cố dữ liệu cá nhân", AFFECTED_COLUMNS, (), notes=notes)

    def rows() -> Rows:
        after, done = 0, 0
        while page := subjects_of(breach, after=after, limit=PIECE, centre_id=output.centre_id):
            for row in page:
                report = row.report
                yield (
                    report.code if report is not None else None, report.filed_at if report is not None else None, ways[row.search_id],
                    TOLD[row.told], row.told_at,
                )  # fmt: skip
            after, done = page[-1].id, done + len(page)
            progress.tell(done)

    table.rows = rows()
    return table


MAKERS["processing"] = as_file(register_table)
MAKERS["looks"] = as_file(look_table)
MAKERS["affected"] = as_file(affected_table)

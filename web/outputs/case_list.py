"""Export of cases by the search page's filter; with the right and a reason, it includes the senders."""

from collections.abc import Iterator, Mapping
from typing import Any

from sqlalchemy import select

from casework.casefile.identity_export import MOST_NAMED, TooManyNamed, export_identity
from casework.casefile.lists import MOST_LISTED, CaseRow, case_rows, count_of_cases
from casework.casefile.search import OPEN, CaseSearch
from casework.db import db, unit_of_work
from casework.models import Area, Field, Output
from casework.parsing import year_in
from casework.privacy.identity import Contact
from casework.search.index import LONGEST_SEARCH, MOST_FOUND
from casework.states import STAFF_LABELS, CaseState
from reports.tables.table import Column, Table
from web.outputs.listing import as_file, yes
from web.outputs.making import MAKERS, Progress
from workflows.desks.inbox import codes_meant

SOURCES = {"citizen": "Người dân", "phone": "Điện thoại", "officer": "Cán bộ", "camera": "Camera"}
TOGETHER = 50
"""Cases whose senders are revealed in one unit of work; each stays locked that long."""

COLUMNS = (
    Column("code", "Mã hồ sơ", width=16),
    Column("title", "Tiêu đề", width=48, meaning="Do người tiếp nhận đặt. Hồ sơ nhạy cảm không in tiêu đề và thôn, tổ."),
    Column("state", "Trạng thái", width=22),
    Column("urgent", "Khẩn", width=8),
    Column("source", "Nguồn", width=12),
    Column("field", "Lĩnh vực", width=28),
    Column("area", "Xã, phường", width=24),
    Column("village", "Thôn, tổ", width=18),
    Column("agency", "Đơn vị chủ trì", width=32),
    Column("opened_at", "Gửi lúc", "datetime", 17),
    Column("accepted_at", "Tiếp nhận lúc", "datetime", 17),
    Column("due_at", "Hạn trả lời", "datetime", 17, "Thời điểm đầu tiên bị coi là trễ."),
    Column("answered_at", "Trả lời lúc", "datetime", 17),
    Column("closed_at", "Kết thúc lúc", "datetime", 17),
    Column("late", "Trễ hạn", width=9, meaning="Đã trả lời sau hạn, hoặc chưa trả lời và đã quá hạn lúc kết xuất."),
    Column("reopened", "Số lần mở lại", "integer", 10),
    Column("reports", "Số phản ánh", "integer", 10, "Số phản ánh mà hồ sơ này trả lời, kể cả phản ánh được gộp."),
    Column("public", "Đã công khai", width=10),
    Column("part_of", "Là phần của hồ sơ", width=16, meaning="Phần tách ra cho nơi khác trả lời; số liệu thống kê không đếm phần này."),
)
NAMED_COLUMNS = (
    Column("report", "Mã phản ánh", width=16, meaning="Mỗi phản ánh của hồ sơ là một dòng."),
    Column("sender", "Người gửi", width=28, meaning="Để trống: gửi ẩn danh, từ camera, hoặc người gửi đã yêu cầu hạn chế xử lý dữ liệu."),
    Column("phone", "Điện thoại", width=16),
    Column("email", "Thư điện tử", width=28),
)


def wanted_in(parameters: Mapping[str, Any], progress: Progress) -> CaseSearch:
    """Read the search page's filter again; values without meaning are ignored."""
    words, state, year = (str(parameters.get(key) or "") for key in ("q", "state", "year"))
    words = words.strip()[:LONGEST_SEARCH]
    return CaseSearch(
        words=words,
        codes=codes_meant(words, now=progress.now),
        state=state if state == OPEN or state in set(CaseState) - {CaseState.QUARANTINED} else "",
        service_code=str(parameters.get("field") or "")[:40],
        area_ref=str(parameters.get("area") or "")[:16],
        year=year_in(year),
    )


def case_table(output: Output, progress: Progress) -> Table:
    """The cases the person ordering may see; with identity, one row per report."""
    wanted = wanted_in(output.parameters, progress)
    total = count_of_cases(wanted, by=progress.by, centre_id=output.centre_id)
    table = Table("Danh sách hồ sơ", COLUMNS, (), notes=_filters(wanted))
    if wanted.words:
        table.notes.append(("Tìm theo từ", f"Nhiều nhất {MOST_FOUND} hồ sơ mới nhất có các từ này, như trên trang tìm kiếm."))
    if total > MOST_LISTED:
        table.notes.append(("Bị cắt bớt", f"Chỉ có {MOST_LISTED} hồ sơ mới nhất. Vui lòng thu hẹp bộ lọc để có phần còn lại."))
    progress.tell(0, min(total, MOST_LISTED))
    if not output.has_identity:
        table.rows = _rows(wanted, output, progress, min(total, MOST_LISTED))
        return table
    if total > MOST_NAMED:
        raise TooManyNamed
    table.columns = (*NAMED_COLUMNS, *COLUMNS)
    table.rows = _named_rows(wanted, output, progress)
    return table


def _rows(wanted: CaseSearch, output: Output, progress: Progress, total: int) -> Iterator[tuple[Any, ...]]:
    done = 0
    for piece in case_rows(wanted, by=progress.by, centre_id=output.centre_id):
        yield from (_cells(row, progress) for row in piece)
        done += len(piece)
        progress.tell(min(done, total), total)


def _named_rows(wanted: CaseSearch, output: Output, progress: Progress) -> Iterator[tuple[Any, ...]]:
    """Each reveal is recorded and committed before its row is written."""
    rows = [row for piece in case_rows(wanted, by=progress.by, centre_id=output.centre_id) for row in piece][:MOST_NAMED]
    for start in range(0, len(rows), TOGETHER):
        piece = rows[start : start + TOGETHER]
        with unit_of_work():
            opened = export_identity(
                [row.id for row in piece], by=progress.by, now=progress.now, reason=output.reason or "", output=output.ref,
                more=progress.event_facts,
            )  # fmt: skip
            told = [(row, [(report.code, contact) for report, contact in opened.get(row.id, ())]) for row in piece]
        for row, reports in told:
            cells = _cells(row, progress)
            yield from ((code, *_person(contact), *cells) for code, contact in reports)
        progress.tell(start + len(piece), len(rows))


def _person(contact: Contact | None) -> tuple[str | None, str | None, str | None]:
    return (contact.name, contact.phone, contact.email) if contact is not None else (None, None, None)


def _cells(row: CaseRow, progress: Progress) -> tuple[Any, ...]:
    return (
        row.code, row.title, STAFF_LABELS[CaseState(row.state)][1].vi, yes(row.urgency == "urgent"), SOURCES.get(row.source, row.source),
        row.field, row.area, row.village, row.lead_agency, row.opened_at, row.accepted_at, row.due_at, row.answered_at, row.closed_at,
        yes(row.is_late(progress.now)), row.reopened, row.reports, yes(row.is_public), row.part_of,
    )  # fmt: skip


def _filters(wanted: CaseSearch) -> list[tuple[str, str]]:
    field = db.session.scalars(select(Field).where(Field.service_code == wanted.service_code).order_by(Field.valid_from.desc())).first()
    area = db.session.scalars(select(Area).where(Area.ref == wanted.area_ref)).first()
    chosen = {
        "từ khóa": wanted.words,
        "trạng thái": "chưa xong" if wanted.state == OPEN else STAFF_LABELS[CaseState(wanted.state)][1].vi if wanted.state else "",
        "lĩnh vực": field.name_vi if field is not None else wanted.service_code,
        "địa bàn": area.name_vi if area is not None else wanted.area_ref,
        "năm gửi": str(wanted.year or ""),
    }
    words = "; ".join(f"{name}: {value}" for name, value in chosen.items() if value)
    return [("Bộ lọc", words or "không có")]


MAKERS["cases"] = as_file(case_table)

"""Exports of the documents and of one of their books (sổ đăng ký văn bản đi, NĐ 30/2020, Phụ lục IV): all that their pages show."""

from collections.abc import Iterator
from typing import Any

from casework.documents.books import book_seen
from casework.documents.kinds import KINDS
from casework.documents.register import STATES, Document, RegisterLine, Shelf, documents_seen, every_line
from casework.models import DocumentBook, Output
from casework.outputs import OutputRefused
from casework.parsing import year_in
from reports.tables.table import Column, Table
from web.outputs.listing import as_file
from web.outputs.making import MAKERS, Progress

PIECE = 500
MOST_LETTERS = 50_000
SHELVES = {Shelf.TO_NUMBER: "chờ cấp số", Shelf.NUMBERED: "đã cấp số", Shelf.TAKEN_BACK: "đã thu hồi"}

LETTER_COLUMNS = (
    Column("number", "Số, ký hiệu", width=18, meaning="Để trống: chưa vào sổ."),
    Column("on", "Ngày văn bản", "day", 13),
    Column("kind", "Loại văn bản", width=32),
    Column("about", "Về", width=20, meaning="Mã hồ sơ hoặc kỳ báo cáo."),
    Column("recipient", "Nơi nhận", width=34),
    Column("issued_by", "Nơi ban hành", width=34),
    Column("signer", "Người ký", width=26),
    Column("state", "Trạng thái", width=24),
    Column("cases", "Số hồ sơ", "integer", 9, "Số hồ sơ nêu trong văn bản."),
    Column("made_at", "Soạn lúc", "datetime", 17),
    Column("reply_by", "Đề nghị trả lời trước", "day", 14),
    Column("withdrawn_at", "Thu hồi lúc", "datetime", 17),
    Column("withdrawn_reason", "Lý do thu hồi", width=36),
)
BOOK_COLUMNS = (
    Column("number", "Số, ký hiệu", width=18),
    Column("on", "Ngày văn bản", "day", 13),
    Column("kind", "Loại văn bản", width=32),
    Column("about", "Về", width=20),
    Column("recipient", "Nơi nhận", width=34),
    Column("signer", "Người ký", width=26),
    Column("state", "Trạng thái", width=24),
    Column("note", "Ghi chú", width=44, meaning="Số dùng cho việc gì ngoài phần mềm, hoặc vì sao bị hủy."),
    Column("given_by", "Người vào sổ", width=26),
    Column("given_at", "Vào sổ lúc", "datetime", 17),
)


def letter_table(output: Output, progress: Progress) -> Table:
    """The centre's documents the reader may see: each shelf, or one, newest first."""
    asked = output.parameters
    shelf, kind, year = (str(asked.get(key) or "") for key in ("shelf", "kind", "year"))
    shelves = [Shelf(shelf)] if shelf in set(Shelf) else list(Shelf)
    chosen = {"mục": SHELVES[shelves[0]] if len(shelves) == 1 else "", "loại": KINDS[kind].name.vi if kind in KINDS else "", "năm": year}
    words = "; ".join(f"{name}: {value}" for name, value in chosen.items() if value)
    table = Table("Danh sách văn bản", LETTER_COLUMNS, (), notes=[("Bộ lọc", words or "không có")])
    of_year = year_in(year)
    table.rows = _letters(output, progress, table, shelves, kind if kind in KINDS else None, of_year)
    return table


def _letters(
    output: Output, progress: Progress, table: Table, shelves: list[Shelf], kind: str | None, year: int | None
) -> Iterator[tuple[Any, ...]]:
    done = 0
    for shelf in shelves:
        before: int | None = None
        while page := documents_seen(progress.by, shelf, kind=kind, year=year, before=before, limit=PIECE):
            for document in page:
                if document.letter.centre_id == output.centre_id:
                    done += 1
                    yield _document(document)
            progress.tell(done)
            before = page[-1].letter.id
            if done >= MOST_LETTERS:
                table.notes.append(("Bị cắt bớt", f"Chỉ có {done} văn bản đầu tiên."))
                return


def _document(document: Document) -> tuple[Any, ...]:
    letter, number = document.letter, document.number
    head = letter.content.get("head") or {}
    listed = letter.content.get("rows")
    return (
        document.number_words, number.given_on if number is not None else None, document.kind.vi, document.about, document.recipient.vi,
        head.get("issuing_body") or letter.centre.name_vi, document.signer, STATES[document.state].vi,
        len(listed) if isinstance(listed, list) else None, letter.made_at, letter.reply_by, letter.withdrawn_at, letter.withdrawn_reason,
    )  # fmt: skip


def register_table(output: Output, progress: Progress) -> Table:
    """One book by number: given, used outside, struck out."""
    book = book_seen(progress.by, str(output.parameters.get("book") or ""))
    if book is None or book.centre_id != output.centre_id:
        raise OutputRefused("Không tìm thấy sổ này.", "There is no such book.")
    name = book.agency.name_vi if book.agency is not None else output.centre.name_vi
    notes = [("Sổ", f"Sổ đăng ký văn bản đi năm {book.year}{f', {book.series}' if book.series else ''}"), ("Cơ quan", name)]
    progress.tell(0, book.last_number)
    return Table("Sổ đăng ký văn bản đi", BOOK_COLUMNS, _lines(book, progress), notes=notes)


def _lines(book: DocumentBook, progress: Progress) -> Iterator[tuple[Any, ...]]:
    for place, line in enumerate(every_line(book), start=1):
        yield _line(line)
        progress.tell(place, max(place, book.last_number))


def _line(line: RegisterLine) -> tuple[Any, ...]:
    document, number = line.document, line.number
    return (
        line.number_words, number.given_on, document.kind.vi if document is not None else None,
        document.about if document is not None else None, document.recipient.vi if document is not None else None,
        document.signer if document is not None else None, STATES[line.state].vi, line.note, number.given_by.full_name, number.given_at,
    )  # fmt: skip


MAKERS["letters"] = as_file(letter_table)
MAKERS["register"] = as_file(register_table)

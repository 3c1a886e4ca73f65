"""What is told of a letter: its number, day, kind and state, never what it says; that is in its file."""

from datetime import date, datetime
from typing import Annotated, Literal

import msgspec

from casework.bilingual import Bilingual
from casework.documents.kinds import KINDS
from casework.documents.register import SHELVES, STATES, Document, Shelf, State
from casework.doors.fields.told import Coded, Ref, Seen, Taken, Thing, Told, Words, both

SHELF_WORDS = Literal[tuple(str(each) for each in Shelf)]  # type: ignore[valid-type]
STATE_WORDS = Literal[tuple(str(each) for each in State)]  # type: ignore[valid-type]
KIND_WORDS = Literal[tuple(KINDS)]  # type: ignore[valid-type]


def _document(seen: Seen) -> Document:
    found: Document = seen.beside[0]
    return found


FILE = Thing("DocumentFile", Bilingual("Tệp văn bản", "File of a document"), (
    Told("sha256", str, Bilingual("SHA-256", "SHA-256"), Bilingual("Của tệp PDF, từng byte.", "Of the PDF, byte for byte."),
         lambda seen: seen.row.sha256),
    Told("size", int, Bilingual("Dung lượng", "Size"), Bilingual("Số byte.", "In bytes."), lambda seen: seen.row.size),
    Told("pages", int, Bilingual("Số trang", "Pages"), Bilingual("Số trang giấy.", "How many sheets it has."), lambda seen: seen.row.pages),
    Told("made_at", datetime, Bilingual("Lập lúc", "Made"), Bilingual("Sau đó không đổi.", "It does not change afterwards."),
         lambda seen: seen.row.made_at),
))  # fmt: skip

DOCUMENT = Thing("Document", Bilingual("Văn bản", "Document"), (
    Told("ref", Ref, Bilingual("Mã tham chiếu", "Ref"), Bilingual("Dùng trong địa chỉ.", "Stands in addresses."),
         lambda seen: seen.row.ref),
    Told("kind", Coded, Bilingual("Loại văn bản", "Kind"), Bilingual("Mã giữ nguyên.", "Its code stays."),
         lambda seen: Coded(seen.row.kind, Words(*_document(seen).kind))),
    Told("number", str | None, Bilingual("Số và ký hiệu", "Number and symbol"),
         Bilingual("Như 05/BC-IOC; null khi chưa cấp số.", "Like 05/BC-IOC; null before it has a number."),
         lambda seen: _document(seen).number_words or None),
    Told("dated_on", date | None, Bilingual("Ngày văn bản", "Day of the document"),
         Bilingual("Ngày ghi trên văn bản; null khi chưa cấp số.", "The day it bears; null before it has a number."),
         lambda seen: getattr(_document(seen).number, "given_on", None)),
    Told("state", STATE_WORDS, Bilingual("Trạng thái", "State"), Bilingual("Văn bản đến bước nào.", "How far it is."),
         lambda seen: str(_document(seen).state)),
    Told("state_words", Words, Bilingual("Trạng thái bằng lời", "State in words"), Bilingual("Như trên trang.", "As pages say it."),
         lambda seen: both(STATES[_document(seen).state])),
    Told("about", str | None, Bilingual("Về", "About"), Bilingual("Mã hồ sơ hoặc kỳ báo cáo.", "The code of a case, or a period."),
         lambda seen: _document(seen).about or None),
    Told("recipient", Words | None, Bilingual("Nơi nhận", "Recipient"),
         Bilingual("Như trong sổ; người dân là mã phản ánh.", "As in the register; a citizen is the code of a report."),
         lambda seen: both(_document(seen).recipient) if _document(seen).recipient.vi else None),
    Told("reply_by_on", date | None, Bilingual("Trả lời trước", "Reply by"), Bilingual("Ngày cuối; null khi không hẹn.",
                                                                                      "The last day; null where none is asked."),
         lambda seen: seen.row.reply_by),
    Told("written_at", datetime, Bilingual("Soạn lúc", "Written"), Bilingual("Khi được soạn.", "When it was written."),
         lambda seen: seen.row.made_at),
    Told("file", FILE, Bilingual("Tệp", "File"),
         Bilingual("PDF ở /documents/{ref}/file; null khi chưa có hoặc không được đọc.",
                   "The PDF at /documents/{ref}/file; null before it is made, or where it may not be read."),
         lambda seen: Seen(seen.beside[1], seen.by, seen.sights) if seen.beside[1] is not None else None, in_lists=False,
         may_be_null=True),
))  # fmt: skip

OF_DOCUMENTS = (
    Taken("shelf", SHELF_WORDS, Bilingual("Danh sách", "List"), Bilingual(
        "; ".join(f"{shelf}: {words.vi}" for shelf, words in SHELVES.items()) + "; mặc định numbered.",
        "; ".join(f"{shelf}: {words.en}" for shelf, words in SHELVES.items()) + "; numbered by default.")),
    Taken("kind", KIND_WORDS, Bilingual("Loại văn bản", "Kind"), Bilingual("Mã của loại.", "The code of a kind.")),
    Taken("year", Annotated[int, msgspec.Meta(ge=2000, le=2200)], Bilingual("Năm", "Year"), Bilingual("Năm soạn.", "When it was written.")),
)  # fmt: skip

"""The columns of imported and exported tables, with headings in both languages and an example."""

from collections.abc import Sequence
from dataclasses import dataclass

from casework.bilingual import Bilingual
from casework.settings.importing.tables import TableLine, TableRefused
from casework.text import fold


@dataclass(frozen=True, slots=True)
class FileColumn:
    """One column: its name in the program, its heading, its example in the template, and whether every row needs it.

    Examples from the present centre are in casework/settings/importing/examples.py.
    """

    key: str
    heading: Bilingual
    example: str
    needed: bool = False


def _column(key: str, vi: str, en: str, example: str = "", *, needed: bool = False) -> FileColumn:
    return FileColumn(key, Bilingual(vi, en), example, needed)


PEOPLE = (
    _column("login", "Tên đăng nhập", "User name", "nguyen.van.mau", needed=True),
    _column("full_name", "Họ và tên", "Full name", "Nguyễn Văn Mẫu", needed=True),
    _column("title_vi", "Chức danh", "Title in Vietnamese", "Chuyên viên"),
    _column("title_en", "Chức danh tiếng Anh", "Title in English", "Officer"),
    _column("language", "Ngôn ngữ", "Language", "vi"),
    _column("email", "Thư điện tử", "E-mail", "mau@example.vn"),
    _column("phone", "Điện thoại", "Telephone", "0912345678"),
    _column("role", "Vai trò", "Role"),
    _column("centre", "Trung tâm", "Centre"),
    _column("agency", "Mã đơn vị", "Key of the agency"),
    _column("is_focal", "Đầu mối", "Focal officer"),
    _column("valid_from", "Từ ngày", "From day"),
    _column("valid_to", "Đến trước ngày", "Until before day"),
)
AGENCIES = (
    _column("centre", "Trung tâm", "Centre"),
    _column("key", "Mã đơn vị", "Key of the agency", "MAU", needed=True),
    _column("name_vi", "Tên", "Name in Vietnamese", "Phòng Mẫu", needed=True),
    _column("name_en", "Tên tiếng Anh", "Name in English", "Model Office"),
    _column("short_name_vi", "Tên ngắn", "Short name in Vietnamese", "Phòng Mẫu"),
    _column("short_name_en", "Tên ngắn tiếng Anh", "Short name in English", "Model Office"),
    _column("parent", "Mã đơn vị cấp trên", "Key of the agency above", ""),
    _column("area", "Địa bàn", "Area"),
    _column("phone", "Điện thoại", "Telephone", "02633822123"),
    _column("valid_from", "Từ ngày", "From day"),
    _column("valid_to", "Đến trước ngày", "Until before day"),
)
AREAS = (
    _column("id", "Mã của hệ thống", "Identifier", ""),
    _column("centre", "Trung tâm", "Centre"),
    _column("level", "Cấp", "Level", needed=True),
    _column("official_code", "Mã hành chính", "Official code", "99999"),
    _column("name_vi", "Tên", "Name in Vietnamese", "Xã Mẫu", needed=True),
    _column("name_en", "Tên tiếng Anh", "Name in English", "Model Commune", needed=True),
    _column("parent", "Thuộc địa bàn", "Lies in"),
    _column("latitude", "Vĩ độ", "Latitude", "12.035"),
    _column("longitude", "Kinh độ", "Longitude", "108.365"),
    _column("valid_from", "Từ ngày", "From day"),
    _column("valid_to", "Đến trước ngày", "Until before day"),
)
COLUMNS = {"people": PEOPLE, "agencies": AGENCIES, "areas": AREAS}
NAMES = {
    "people": Bilingual("Cán bộ", "People"), "agencies": Bilingual("Đơn vị", "Agencies"), "areas": Bilingual("Địa bàn", "Areas"),
}  # fmt: skip
YES = frozenset({"x", "co", "yes", "true", "1"})


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file by the names of our columns."""

    number: int
    cells: dict[str, str]


def heading(column: FileColumn) -> str:
    """The heading in files: in both languages, so that one template serves everybody."""
    return f"{column.heading.vi} / {column.heading.en}"


def named_rows(kind: str, lines: Sequence[TableLine]) -> list[Row]:
    """Name the cells of a file by its headings, in any order and either language.

    Raises TableRefused for a missing, unknown or repeated heading, and for a file without rows.
    """
    columns = COLUMNS[kind]
    known = {fold(words): column.key for column in columns for words in (*column.heading, heading(column), column.key)}
    keys = [known.get(fold(cell)) if cell else "" for cell in lines[0].cells]
    unknown = [cell for cell, key in zip(lines[0].cells, keys, strict=True) if key is None]
    if unknown:
        raise TableRefused(
            f"Không biết cột “{unknown[0][:60]}”. Xin dùng tiêu đề của tệp mẫu.",
            f"The column “{unknown[0][:60]}” is not known. Please use the headings of the template.",
        )
    named = [key for key in keys if key]
    if twice := next((key for key in named if named.count(key) > 1), None):
        raise TableRefused(f"Cột “{twice}” có hai lần.", f"The column “{twice}” is there twice.")
    if missing := next((column for column in columns if column.needed and column.key not in named), None):
        raise TableRefused(f"Thiếu cột “{missing.heading.vi}”.", f"The column “{missing.heading.en}” is missing.")
    if len(lines) == 1:
        raise TableRefused("Tệp chỉ có tiêu đề, không có dòng nào.", "The file has headings and no rows.")
    return [Row(line.number, {key: cell for key, cell in zip(keys, line.cells, strict=False) if key}) for line in lines[1:]]

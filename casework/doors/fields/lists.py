"""What is told of the lists others refer to: fields of work, places, agencies, and the officers in whose names an account acts."""

from datetime import date
from typing import Any

from casework.bilingual import Bilingual
from casework.doors.fields.told import Named, Ref, Thing, Told, Words, both
from casework.models import Area


def _of(name: str) -> Any:
    return lambda seen: getattr(seen.row, name)


_NAME = Told("name", Words, Bilingual("Tên", "Name"), Bilingual("Bằng hai thứ tiếng.", "In both languages."),
             lambda seen: both(seen.row.name))
_REF = Told("ref", Ref, Bilingual("Mã tham chiếu", "Ref"), Bilingual("Dùng trong địa chỉ và bộ lọc.", "Stands in addresses and filters."),
            _of("ref"))  # fmt: skip
_FROM = Told("valid_from", date, Bilingual("Từ ngày", "From"), Bilingual("Ngày đầu có hiệu lực.", "The first day it holds."),
             _of("valid_from"))
_TO = Told("valid_to", date | None, Bilingual("Đến ngày", "To"), Bilingual("Ngày đầu hết hiệu lực; null khi chưa rõ.",
           "The first day it holds no more; null where none is known."), _of("valid_to"))  # fmt: skip


def _parent(area: Area) -> Named | None:
    return Named(area.parent.ref, Words(*area.parent.name)) if area.parent is not None else None


FIELD = Thing("Field", Bilingual("Lĩnh vực", "Field"), (
    Told("code", str, Bilingual("Mã", "Code"), Bilingual("Không đổi; như service_code của Open311.", "Stays; the service_code of Open311."),
         _of("service_code")),
    _NAME,
    Told("hint", Words, Bilingual("Gợi ý", "Hint"), Bilingual("Gồm những gì.", "What belongs to it."),
         lambda seen: Words(seen.row.hint_vi, seen.row.hint_en)),
    _FROM, _TO,
))  # fmt: skip
AREA = Thing("Area", Bilingual("Địa bàn", "Place"), (
    _REF, _NAME,
    Told("level", str, Bilingual("Cấp", "Level"), Bilingual("Tỉnh, xã hoặc thôn.", "A province, commune or village."), _of("level")),
    Told("parent", Named | None, Bilingual("Thuộc", "Within"), Bilingual("null ở cấp cao nhất.", "null at the top."),
         lambda seen: _parent(seen.row)),
    _FROM, _TO,
))  # fmt: skip
AGENCY = Thing("Agency", Bilingual("Đơn vị", "Agency"), (
    _REF, _NAME,
    Told("short_name", Words, Bilingual("Tên gọn", "Short name"), Bilingual("Như trong danh sách.", "As in lists."),
         lambda seen: both(seen.row.short_name)),
    _FROM, _TO,
))  # fmt: skip
PERSON = Thing("Person", Bilingual("Cán bộ", "Officer"), (
    Told("ref", Ref, Bilingual("Mã tham chiếu", "Ref"), Bilingual("Gửi trong Langbiang-On-Behalf-Of.", "Sent as Langbiang-On-Behalf-Of."),
         _of("ref")),
    Told("name", str, Bilingual("Họ tên", "Name"), Bilingual("Như trên trang.", "As on pages."), lambda seen: seen.row.full_name or ""),
    Told("title", Words | None, Bilingual("Chức danh", "Title"), Bilingual("null khi chưa ghi.", "null where none is given."),
         lambda seen: Words(seen.row.title_vi or "", seen.row.title_en or "") if seen.row.title_vi or seen.row.title_en else None),
))  # fmt: skip

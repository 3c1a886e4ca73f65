"""Columns common to several kinds of rules: name in both languages, hint, code, order."""

from typing import Any

from casework.bilingual import Bilingual
from casework.setting_values import whole
from casework.settings.importing.columns import Column, code, line

LONGEST_HINT = 300

FROM_THE_DAY = Bilingual(
    "Áp dụng từ ngày được chọn; hồ sơ đã có giữ nguyên tên và giá trị của ngày đó.",
    "It counts from the chosen day on; what happened before keeps what held on its day.",
)


def name_columns(longest: int = 200, **more: Any) -> tuple[Column, Column]:
    """The name in both languages; `more` applies to the Vietnamese one."""
    return (
        Column("name_vi", Bilingual("Tên tiếng Việt", "Name in Vietnamese"), line(longest), **{"is_words": True, **more}),
        Column(
            "name_en",
            Bilingual("Tên tiếng Anh", "Name in English"),
            line(longest),
            is_required=False,
            is_words=True,
            falls_back_to="name_vi",
            hint=Bilingual("Để trống thì dùng tên tiếng Việt.", "Empty: the Vietnamese name."),
        ),
    )


def hint_columns() -> tuple[Column, Column]:
    """The hint shown next to the name in choices."""
    return (
        Column(
            "hint_vi", Bilingual("Gợi ý tiếng Việt", "Hint in Vietnamese"), line(LONGEST_HINT), is_required=False, empty="", is_words=True
        ),
        Column("hint_en", Bilingual("Gợi ý tiếng Anh", "Hint in English"), line(LONGEST_HINT), is_required=False, empty="", is_words=True),
    )


def code_column(name: str, longest: int) -> Column:
    hint = Bilingual("Tên ngắn, cố định, để các bảng khác nhận ra.", "A short name that stays: other tables know it by this.")
    return Column(name, Bilingual("Mã", "Code"), code(longest), hint=hint, is_fixed=True)


POSITION = Column("position", Bilingual("Thứ tự", "Order"), whole(0, 999), is_words=True)

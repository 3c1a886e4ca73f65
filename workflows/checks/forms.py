"""Checks the forms of drawn steps: fields and buttons that can be shown, filled in and read by conditions."""

import math
from collections import Counter
from collections.abc import Iterator
from typing import Any

from casework.bilingual import Bilingual
from casework.steps.fields import LARGEST_NUMBER
from workflows.bindings import Bindings
from workflows.definitions.findings import NO_ENGLISH, ModelFinding, Rule, shown
from workflows.definitions.step_forms import LANGBIANG, FieldType
from workflows.definitions.vocabulary import place_of

MOST_FIELDS = 30
MOST_CHOICES = 50
MOST_BUTTONS = 6
LONGEST_OUTCOME = 40
"""The pressed button is stored in columns of this length."""

_OWN_PAGE = Rule(
    "form_on_own_page",
    Bilingual(
        "Bước có sẵn của phần mềm có trang riêng; biểu mẫu vẽ thêm sẽ không hiện ra.",
        "A step the software knows has a page of its own; a form drawn on it never shows.",
    ),
    Bilingual("Xóa biểu mẫu, hoặc vẽ một bước mới cho các mục này.", "Delete the form, or draw a new step for its fields."),
)
_MANY = Rule(
    "form_size",
    Bilingual(
        "Biểu mẫu quá dài không ai điền hết, nhất là trên điện thoại.", "Nobody fills in a form that long, least of all on a telephone."
    ),
    Bilingual("Bớt đi hoặc chia thành hai bước.", "Leave some out or make two steps of it."),
)
_TYPE = Rule(
    "field_type",
    Bilingual("Loại lạ thì mục này không hiện trên biểu mẫu.", "A field of an unknown type does not show on the form."),
    Bilingual(
        "Chọn: chữ, chữ dài, số, lựa chọn, có/không, ngày hoặc ảnh.", "Choose text, long text, number, choice, yes/no, date or photo."
    ),
)
_LABEL = Rule(
    "form_label",
    Bilingual("Không có tên thì người điền không biết phải ghi gì.", "Without a name nobody knows what to fill in."),
    Bilingual("Đặt tên tiếng Việt.", "Give it a Vietnamese name."),
)
_CHOICES = Rule(
    "field_choices",
    Bilingual(
        "Danh sách lựa chọn phải có từ hai mục khác nhau, và chỉ mục “lựa chọn” mới có.",
        "A list to choose from has two different items or more, and only a choice has one.",
    ),
    Bilingual("Thêm lựa chọn, hoặc đổi loại của mục.", "Add choices, or change the type of the field."),
)
_BOUNDS = Rule(
    "field_bounds",
    Bilingual("Giới hạn sai thì không số nào được nhận.", "With wrong bounds no number is taken."),
    Bilingual(
        "Nhập số nhỏ nhất không lớn hơn số lớn nhất, chỉ ở mục loại số.", "Give a smallest number not above the largest, on numbers alone."
    ),
)
_REQUIRED = Rule(
    "field_required",
    Bilingual("Phải rõ mục có bắt buộc hay không.", "It must be clear whether a field has to be filled in."),
    Bilingual("Đặt required là true hoặc false.", "Make required true or false."),
)
_ID = Rule(
    "form_id",
    Bilingual("Mỗi mục, lựa chọn và nút cần một mã riêng để ghi lại.", "Each field, choice and button is kept under an id of its own."),
    Bilingual("Đặt mã khác nhau bằng chữ không dấu.", "Give each another id, of letters without accents."),
)


_KIND_WORDS = {
    LANGBIANG + "field": Bilingual("Mục", "field"),
    LANGBIANG + "choice": Bilingual("Lựa chọn", "choice"),
    LANGBIANG + "button": Bilingual("Nút", "button"),
}


def form_findings(root: Any, bindings: Bindings) -> Iterator[ModelFinding]:
    """Yield what is wrong with the forms of the file. Whether field names are free is checked in names.py, with all variables."""
    for form in root.iter(LANGBIANG + "form"):
        step = place_of(form)
        if step in bindings.steps:
            yield _OWN_PAGE.at(
                step,
                f"Bước có sẵn “{step}” mang một biểu mẫu vẽ thêm.",
                f"The step “{step}” of the software carries a form.",
                line=form.sourceline,
            )
        fields, buttons = list(form.iterchildren(LANGBIANG + "field")), list(form.iterchildren(LANGBIANG + "button"))
        if len(fields) > MOST_FIELDS or len(buttons) > MOST_BUTTONS:
            yield _MANY.at(step, f"Biểu mẫu có {len(fields)} mục và {len(buttons)} nút; tối đa {MOST_FIELDS} và {MOST_BUTTONS}.",
                           f"The form has {len(fields)} fields and {len(buttons)} buttons; {MOST_FIELDS} and {MOST_BUTTONS} at most.",
                           line=form.sourceline)  # fmt: skip
            continue
        yield from _id_findings(step, [*fields], buttons)
        for each in [*buttons, *fields]:
            yield from _label_findings(step, each)
        yield from _english_findings(step, form)
        for field in fields:
            yield from _field_findings(step, field)


def _id_findings(step: str | None, fields: list[Any], buttons: list[Any]) -> Iterator[ModelFinding]:
    for group in (fields, buttons):
        counts = Counter(each.get("id", "") for each in group)
        for each in group:
            id_ = each.get("id", "")
            if not id_ or counts[id_] > 1 or (group is buttons and len(id_) > LONGEST_OUTCOME):
                yield _ID.at(
                    step,
                    f"Mã “{shown(id_)}” trong biểu mẫu thiếu, trùng hoặc quá dài.",
                    f"The id “{shown(id_)}” of the form is missing, used twice or too long.",
                    line=each.sourceline,
                )


def _label_findings(step: str | None, each: Any) -> Iterator[ModelFinding]:
    if not each.get("label_vi", "").strip():
        name, kind = shown(each.get("label_en")), _KIND_WORDS[each.tag]
        vi, en = (f"{kind.vi} “{name}” chưa có tên tiếng Việt.", f"The {kind.en} “{name}” has no Vietnamese name.") if name else (
            f"Một {kind.vi.lower()} chưa có tên.", f"A {kind.en} has no name.")  # fmt: skip
        yield _LABEL.at(step, vi, en, line=each.sourceline)


def _english_findings(step: str | None, form: Any) -> Iterator[ModelFinding]:
    """Yield at most one note per form, however many of its names lack their English."""
    named = (each for each in form.iter(*_KIND_WORDS) if each.get("label_vi", "").strip())
    names = [each.get("label_vi") for each in named if not each.get("label_en", "").strip()]
    if names:
        said = shown(", ".join(names), 120)
        yield NO_ENGLISH.at(step, f"Biểu mẫu chưa có tên tiếng Anh cho: {said}.", f"The form has no English names for: {said}.",
                            line=form.sourceline)  # fmt: skip


def _field_findings(step: str | None, field: Any) -> Iterator[ModelFinding]:
    id_, kind = shown(field.get("id", "")), field.get("type", "")
    name = Bilingual(f"“{shown(field.get('label_vi')) or id_}”", f"“{shown(field.get('label_en')) or id_}”")
    choices = list(field.iterchildren(LANGBIANG + "choice"))
    if kind not in [*FieldType]:
        yield _TYPE.at(
            step,
            f"Mục {name.vi} có loại lạ “{shown(kind)}”.",
            f"The field {name.en} has the unknown type “{shown(kind)}”.",
            line=field.sourceline,
        )
    if field.get("required", "false") not in ("true", "false"):
        yield _REQUIRED.at(
            step,
            f"Mục {name.vi}: required là “{shown(field.get('required'))}”.",
            f"The field {name.en}: required is “{shown(field.get('required'))}”.",
            line=field.sourceline,
        )
    ids = [choice.get("id", "") for choice in choices]
    is_list = len(set(ids)) == len(ids) and 2 <= len(ids) <= MOST_CHOICES and all(ids)
    if bool(choices) is not (kind == FieldType.CHOICE) or (choices and not is_list):
        yield _CHOICES.at(
            step, f"Mục {name.vi} có {len(choices)} lựa chọn.", f"The field {name.en} has {len(choices)} choices.", line=field.sourceline
        )
    for choice in choices[:MOST_CHOICES]:
        yield from _label_findings(step, choice)
    if (field.get("min") is not None or field.get("max") is not None) and not (kind == FieldType.NUMBER and _are_bounds(field)):
        yield _BOUNDS.at(
            step, f"Giới hạn của mục {name.vi} không đúng.", f"The bounds of the field {name.en} are wrong.", line=field.sourceline
        )


def _are_bounds(field: Any) -> bool:
    try:
        least, most = (float(field.get(name)) if field.get(name) is not None else None for name in ("min", "max"))
    except ValueError:
        return False
    given = [each for each in (least, most) if each is not None]
    return all(math.isfinite(each) and abs(each) <= LARGEST_NUMBER for each in given) and (least is None or most is None or least <= most)

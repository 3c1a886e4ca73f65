"""Choices in rules: codes with their words, and rows of a centre."""

from typing import Any

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.clocks.acts import ClockKind
from casework.db import db
from casework.models import Agency, Area, Complexity, Field
from casework.permissions import Role
from casework.settings.importing.columns import Choice, Scope
from casework.settings.role_labels import ROLE_WORDS
from casework.working_time import Unit

MOST_CHOICES = 500

CLOCKS: dict[str, Bilingual] = {
    ClockKind.ACCEPTANCE: Bilingual("Tiếp nhận phản ánh", "Acceptance of a report"),
    ClockKind.CASE: Bilingual("Giải quyết hồ sơ", "The whole case"),
    ClockKind.ASSIGNMENT_ACCEPTED: Bilingual("Đơn vị nhận việc", "Acceptance by the agency"),
    ClockKind.ASSIGNMENT: Bilingual("Chừa lại cho duyệt và công khai", "Left of the case for approval and publication"),
    ClockKind.APPROVAL: Bilingual("Duyệt trả lời", "Approval of the answer"),
    ClockKind.PUBLICATION: Bilingual("Công khai", "Publication"),
    ClockKind.RATING: Bilingual("Thời gian đánh giá", "Time to rate"),
}  # fmt: skip
RUNG_CLOCKS: dict[str, Bilingual] = {
    **CLOCKS,
    ClockKind.ASSIGNMENT: Bilingual("Đơn vị xử lý, trả lời", "Work and answer of the agency"),
}
"""The limits people are reminded of; that of an agency's work is named after what the agency does."""
URGENCIES: dict[str, Bilingual] = {
    "": Bilingual("mọi mức độ", "any urgency"),
    "normal": Bilingual("bình thường", "normal"),
    "urgent": Bilingual("khẩn", "urgent"),
}
UNITS: dict[str, Bilingual] = {
    Unit.MINUTES: Bilingual("phút", "minutes"),
    Unit.HOURS: Bilingual("giờ (cả ngày đêm)", "hours (round the clock)"),
    Unit.WORKING_HOURS: Bilingual("giờ làm việc", "working hours"),
    Unit.WORKING_DAYS: Bilingual("ngày làm việc", "working days"),
    Unit.CALENDAR_DAYS: Bilingual("ngày", "days"),
}
REMINDED = (Role.OPERATOR, Role.OPS_LEAD, Role.OFFICER, Role.AGENCY_LEADER, Role.COMMITTEE_LEADER)
ROLES: dict[str, Bilingual] = {str(role): ROLE_WORDS[role] for role in REMINDED}
CAMERA_KINDS: dict[str, Bilingual] = {
    "tower": Bilingual("tầm cao", "tower"),
    "security": Bilingual("an ninh", "security"),
}
PHRASE_KINDS: dict[str, Bilingual] = {
    "field": Bilingual("lĩnh vực", "field of work"),
    "urgency": Bilingual("mức khẩn", "urgency"),
}
URGENT_TARGET = Bilingual("Khẩn", "Urgent")
ANY = Bilingual("tất cả", "any")
THE_CENTRE = Bilingual("Trung tâm", "The centre itself")


def fields(scope: Scope) -> list[Choice]:
    """The fields of work in force for the scope on its day or later, by code, including the row's own."""
    rows = _of_scope(Field, scope)
    found = {row.service_code: row for row in rows if row.valid_to is None or row.valid_to > scope.day}
    return [Choice(code, code, row.name) for code, row in found.items()]


def any_field(scope: Scope) -> list[Choice]:
    """The same, and all of them."""
    return [Choice("", None, ANY), *_with_present(fields(scope), scope, "service_code")]


def targets(scope: Scope) -> list[Choice]:
    """What a phrase may suggest."""
    return _with_present([*fields(scope), Choice("urgent", "urgent", URGENT_TARGET)], scope, "target")


def any_complexity(scope: Scope) -> list[Choice]:
    """The present and future complexities, and all of them."""
    rows = _of_scope(Complexity, scope)
    found = {row.key: row for row in rows if row.valid_to is None or row.valid_to > scope.day}
    return [Choice("", None, ANY), *_with_present([Choice(key, key, row.name) for key, row in found.items()], scope, "complexity")]


def areas(scope: Scope) -> list[Choice]:
    """The communes of the centre in force on the day, by name."""
    query = select(Area).where(Area.centre_id == scope.centre_id, Area.level == "commune").order_by(Area.folded_name, Area.id)
    present = getattr(scope.row, "area_id", None)
    rows = [row for row in db.session.scalars(query.limit(MOST_CHOICES)) if row.holds_on(scope.day) or row.id == present]
    return [Choice("", None, Bilingual("không nêu", "not said")), *(Choice(row.ref, row.id, row.name) for row in rows)]


def agencies(scope: Scope) -> list[Choice]:
    """The centre itself, and its agencies in force on the day, by name."""
    query = select(Agency).where(Agency.centre_id == scope.centre_id).order_by(Agency.name_vi, Agency.id)
    present = getattr(scope.row, "agency_id", None)
    rows = [row for row in db.session.scalars(query.limit(MOST_CHOICES)) if row.holds_on(scope.day) or row.id == present]
    return [Choice("", None, THE_CENTRE), *(Choice(row.ref, row.id, row.name) for row in rows)]


def told_area(kept: int | None) -> str | None:
    return db.session.get_one(Area, kept).name_vi if kept is not None else None


def told_agency(kept: int | None) -> str | None:
    return db.session.get_one(Agency, kept).name_vi if kept is not None else None


def _of_scope(model: Any, scope: Scope) -> list[Any]:
    query = select(model).where(or_(model.centre_id.is_(None), model.centre_id.is_not_distinct_from(scope.centre_id)))
    return list(db.session.scalars(query.order_by(model.position, model.centre_id.is_not(None), model.id).limit(MOST_CHOICES)))


def _with_present(choices: list[Choice], scope: Scope, column: str) -> list[Choice]:
    """The present value of a row stays a choice, even if it could not be chosen anew."""
    present = getattr(scope.row, column, None)
    if present is None or any(choice.kept == present for choice in choices):
        return choices
    return [*choices, Choice(present, present, Bilingual(present, present))]

"""Agencies: adding, correcting and ending them. A new name from a day on is another body, made by a reorganisation (rules.md, section 8).
"""

import re
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Agency, Area, Assignment, Centre, Membership
from casework.permissions import Action, Actor, require
from casework.setting_events import record_setting, require_administrator_of
from casework.settings.people import standard_phone
from casework.settings.scopes import ENDS_TOO_EARLY
from casework.text import normal

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
LONGEST_NAME, LONGEST_SHORT_NAME = 200, 80
NAMES = ("name_vi", "name_en", "short_name_vi", "short_name_en")
MOST_ABOVE = 20


ABOVE_ITSELF = Bilingual("Đơn vị cấp trên tạo thành vòng tròn.", "The agencies above would form a circle.")


class AgencyRefused(CaseworkError):
    """The agency cannot be made, changed or ended like this; the text says why."""


def add_agency(
    centre: Centre, *, by: Actor, now: datetime, key: str, names: dict[str, str], reason: str, parent: Agency | None = None,
    area: Area | None = None, phone: str = "", valid_from: date | None = None, valid_to: date | None = None,
) -> Agency:  # fmt: skip
    """Add an agency to a centre, from a local day on (today when empty). `key` is its permanent name in rules.

    Records `change_setting` of an agency. Raises NotAllowed, AgencyRefused, ReasonMissing.
    """
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, centre.id)
    key, starts = normal(key), valid_from or local_day(now)
    if not KEY.fullmatch(key):
        raise AgencyRefused(
            "Mã đơn vị gồm tối đa 40 chữ không dấu, số, gạch nối.",
            "The key of an agency has at most 40 plain letters, digits and hyphens.",
            about="key",
        )
    if valid_to is not None and valid_to <= starts:
        raise AgencyRefused(*ENDS_TOO_EARLY, about="valid_to")
    same = select(Agency.id).where(Agency.centre_id == centre.id, func.lower(Agency.key) == key.lower())
    same = same.where(or_(Agency.valid_to.is_(None), Agency.valid_to > starts))
    if db.session.scalars(same.where(Agency.valid_from < valid_to) if valid_to is not None else same).first() is not None:
        raise AgencyRefused(f"Mã “{key}” đã dùng cho một đơn vị khác.", f"The key “{key}” is another agency's.", about="key")
    row = Agency(centre=centre, key=key, valid_from=starts, valid_to=valid_to, **fit_names(names))
    row.parent_id, row.area_id = _fit_parent(row, parent), _fit_area(row, area)
    row.phone = fit_phone(phone)
    db.session.add(row)
    db.session.flush()
    record_setting("agency", key, by=by, at=now, centre_id=centre.id, old=None, new=_seen(row), reason=reason)
    return row


def change_agency(
    row: Agency, *, by: Actor, now: datetime, names: dict[str, str], reason: str, parent: Agency | None, area: Area | None, phone: str,
    corrects_names: bool = False,
) -> bool:  # fmt: skip
    """Change its parent, area and phone; a name only to correct a mistake, for its past too.

    Returns whether anything changed. Raises NotAllowed, AgencyRefused (a new name that is no correction, a circle), ReasonMissing.
    """
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, row.centre_id)
    old, fit = _seen(row), fit_names(names)
    if any(getattr(row, column) != fit[column] for column in NAMES) and not corrects_names:
        raise AgencyRefused(
            "Hồ sơ giữ tên đơn vị của ngày xử lý. Nếu tên cũ ghi sai, đánh dấu “Sửa lỗi ghi tên”. Nếu đơn vị đổi tên từ một "
            "ngày, xin dùng trang Sắp xếp lại đơn vị.",
            "Cases keep the name an agency had on their day. If the name was written wrongly, tick “Corrects a mistake”. If it changes "
            "from a day on, please use the page of reorganisations.",
            about="corrects_names",
        )
    parent_id, area_id = _fit_parent(row, parent), _fit_area(row, area)
    phone = normal(phone)
    fit_to = {**fit, "parent_id": parent_id, "area_id": area_id, "phone": row.phone if phone == (row.phone or "") else fit_phone(phone)}
    if all(getattr(row, column) == value for column, value in fit_to.items()):
        return False
    for column, value in fit_to.items():
        setattr(row, column, value)
    record_setting("agency", row.key, by=by, at=now, centre_id=row.centre_id, old=old, new=_seen(row), reason=reason)
    return True


def end_agency(row: Agency, *, by: Actor, now: datetime, on: date, reason: str) -> None:
    """End an agency on a local day. Its work, people and subordinate agencies move by a reorganisation first.

    Raises NotAllowed, AgencyRefused, ReasonMissing.
    """
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, row.centre_id)
    if on < local_day(now) or on <= row.valid_from or (row.valid_to is not None and row.valid_to <= on):
        raise AgencyRefused(
            "Ngày kết thúc không hợp lệ hoặc đơn vị đã kết thúc.", "The day is not possible, or the agency has ended already.",
            about="on",
        )
    work, people, below = open_work(row), people_after(row, on), agencies_below(row, on)
    if work or people or below:
        raise AgencyRefused(
            f"Đơn vị còn {work} phần việc đang xử lý, {people} vai trò của cán bộ, {below} đơn vị trực thuộc. Xin chuyển bằng trang Sắp "
            "xếp lại đơn vị, nơi chọn đơn vị kế tục.",
            f"The agency still has {work} open assignments, {people} roles of people and {below} agencies below it. Please move them by a "
            "reorganisation, which names a successor.",
            about="on",
        )
    old, row.valid_to = _seen(row), on
    record_setting("agency", row.key, by=by, at=now, centre_id=row.centre_id, old=old, new=_seen(row), reason=reason)


def open_work(row: Agency) -> int:
    query = select(func.count()).select_from(Assignment).where(Assignment.agency_id == row.id, Assignment.ended_at.is_(None))
    return db.session.scalar(query) or 0


def people_after(row: Agency, on: date) -> int:
    """How many roles in it continue after a day."""
    query = select(func.count()).select_from(Membership).join(Membership.account)
    query = query.where(Membership.agency_id == row.id, Account.kind == "staff")
    return db.session.scalar(query.where(or_(Membership.valid_to.is_(None), Membership.valid_to > on))) or 0


def agencies_below(row: Agency, on: date) -> int:
    """How many agencies directly below it continue after a day."""
    query = select(func.count()).select_from(Agency).where(Agency.parent_id == row.id)
    return db.session.scalar(query.where(or_(Agency.valid_to.is_(None), Agency.valid_to > on))) or 0


def fit_phone(phone: str) -> str | None:
    """Normalise a number; None for no number. Raises AgencyRefused for anything else."""
    if not normal(phone):
        return None
    number = standard_phone(phone)
    if number is None:
        raise AgencyRefused(
            "Số điện thoại không đúng. Ví dụ: 0263 3822 123, hoặc số ngắn như 113.",
            "The number is not valid. Example: 0263 3822 123, or a short one such as 113.",
            about="phone",
        )
    return number


def fit_names(names: dict[str, str]) -> dict[str, str]:
    """Normalise names: a missing English one is the Vietnamese, a missing short one the long one. Raises AgencyRefused."""
    fit = {column: " ".join(normal(names.get(column, "")).split()) for column in NAMES}
    fit["name_en"] = fit["name_en"] or fit["name_vi"]
    fit["short_name_vi"], fit["short_name_en"] = fit["short_name_vi"] or fit["name_vi"], fit["short_name_en"] or fit["name_en"]
    if not fit["name_vi"]:
        raise AgencyRefused("Vui lòng ghi tên bằng tiếng Việt.", "Please give the name in Vietnamese.", about="name_vi")
    for column, value in fit.items():
        most = LONGEST_SHORT_NAME if column.startswith("short") else LONGEST_NAME
        if len(value) > most:
            raise AgencyRefused(
                f"Tên tối đa {LONGEST_NAME}, tên ngắn tối đa {LONGEST_SHORT_NAME} ký tự.",
                f"A name has {LONGEST_NAME}, a short name {LONGEST_SHORT_NAME} characters at most.",
                about=column,
            )
    return fit


def _fit_parent(row: Agency, parent: Agency | None) -> int | None:
    if parent is None:
        return None
    if parent.centre_id != row.centre_id and parent.centre_id != (row.centre.id if row.centre is not None else None):
        raise AgencyRefused("Đơn vị cấp trên phải cùng trung tâm.", "The agency above must belong to the same centre.", about="parent")
    above: Agency | None = parent
    for _step in range(MOST_ABOVE):
        if above is None:
            break
        if row.id is not None and above.id == row.id:
            raise AgencyRefused(*ABOVE_ITSELF, about="parent")
        above = db.session.get(Agency, above.parent_id) if above.parent_id is not None else None
    if not parent.holds_on(row.valid_from) and (parent.valid_to is not None and parent.valid_to <= row.valid_from):
        raise AgencyRefused("Đơn vị cấp trên đã kết thúc.", "The agency above has ended.", about="parent")
    return parent.id


def _fit_area(row: Agency, area: Area | None) -> int | None:
    if area is None:
        return None
    if area.centre_id is not None and area.centre_id not in (row.centre_id, row.centre.id if row.centre is not None else None):
        raise AgencyRefused("Địa bàn phải thuộc cùng trung tâm.", "The area must belong to the same centre.", about="area")
    return area.id


def _seen(row: Agency) -> dict[str, Any]:
    columns = ("key", *NAMES, "parent_id", "area_id", "phone", "valid_from", "valid_to")
    return {column: getattr(row, column) for column in columns}

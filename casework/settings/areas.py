"""Areas: province, district, commune, village. Official codes are attributes that another row may have at another time (rules.md, 8)."""

import re
from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import func, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Agency, Area, Case, Centre
from casework.permissions import Action, Actor, require
from casework.places.former_areas import other_area_ids
from casework.search.rows import refresh_search_rows
from casework.setting_events import record_setting, require_administrator_of
from casework.settings.scopes import ENDS_TOO_EARLY
from casework.states import OPEN_STATES
from casework.text import fold, normal

LEVELS = ("province", "district", "commune", "village")
LEVEL_WORDS = {
    "province": Bilingual("Tỉnh, thành phố", "Province"), "district": Bilingual("Huyện", "District"),
    "commune": Bilingual("Xã, phường", "Commune"), "village": Bilingual("Thôn, tổ dân phố", "Village"),
}  # fmt: skip
LONGEST_NAME = 200
MOST_COUNTED = 100
CODE = re.compile(r"\d{1,10}")


NO_SUCH_LEVEL = Bilingual("Cấp là tỉnh, huyện, xã hoặc thôn.", "The level is province, district, commune or village.")
NO_OFFICIAL_CODE = Bilingual("Mã hành chính gồm tối đa 10 chữ số.", "An official code has 10 digits at most.")


class AreaRefused(CaseworkError):
    """The area cannot be made, changed or ended like this; the text says why."""


def add_area(
    centre: Centre | None, *, by: Actor, now: datetime, level: str, name_vi: str, name_en: str, reason: str, parent: Area | None = None,
    official_code: str = "", latitude: float | None = None, longitude: float | None = None, valid_from: date | None = None,
    valid_to: date | None = None,
) -> Area:  # fmt: skip
    """Add an area, from a local day on (today when empty).

    Records `change_setting` of an area. Raises NotAllowed, AreaRefused, ReasonMissing.
    """
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, centre.id if centre is not None else None)
    starts = valid_from or local_day(now)
    if level not in LEVELS:
        raise AreaRefused(*NO_SUCH_LEVEL, about="level")
    if valid_to is not None and valid_to <= starts:
        raise AreaRefused(*ENDS_TOO_EARLY, about="valid_to")
    row = Area(centre_id=centre.id if centre is not None else None, level=level, valid_from=starts, valid_to=valid_to)
    _name(row, name_vi, name_en)
    row.latitude, row.longitude = fit_middle(latitude, longitude)
    row.parent_id = _fit_parent(row, parent)
    row.official_code = _fit_code(row, official_code)
    _refuse_same(row)
    db.session.add(row)
    db.session.flush()
    record_setting("area", _label(row), by=by, at=now, centre_id=row.centre_id, old=None, new=_seen(row), reason=reason)
    return row


def change_area(
    row: Area, *, by: Actor, now: datetime, name_vi: str, name_en: str, reason: str, parent: Area | None, official_code: str,
    latitude: float | None = None, longitude: float | None = None, corrects_names: bool = False,
) -> bool:  # fmt: skip
    """Change code, centre point and parent; a name only to correct a mistake. Returns whether anything changed.

    The search rows of its cases are updated by `refresh_search_of`. Raises NotAllowed, AreaRefused, ReasonMissing.
    """
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, row.centre_id)
    old, names = _seen(row), (fit_name(name_vi), fit_name(name_en.strip() or name_vi, "name_en"))
    if names != (row.name_vi, row.name_en) and not corrects_names:
        raise AreaRefused(
            "Hồ sơ giữ tên địa bàn của ngày xử lý. Nếu tên cũ ghi sai, đánh dấu “Sửa lỗi ghi tên”. Nếu địa bàn đổi tên từ một "
            "ngày, xin dùng trang Sắp xếp lại đơn vị.",
            "Cases keep the name an area had on their day. If the name was written wrongly, tick “Corrects a mistake”. If it changes "
            "from a day on, please use the page of reorganisations.",
            about="corrects_names",
        )
    parent_id, code = _fit_parent(row, parent), _fit_code(row, official_code)
    _name(row, *names)
    row.parent_id, row.official_code = parent_id, code
    row.latitude, row.longitude = fit_middle(latitude, longitude)
    if _seen(row) == old:
        return False
    record_setting("area", _label(row), by=by, at=now, centre_id=row.centre_id, old=old, new=_seen(row), reason=reason)
    return True


def end_area(row: Area, *, by: Actor, now: datetime, on: date, reason: str) -> None:
    """End an area on a local day. Open cases, contained areas and agencies working there move first.

    Raises NotAllowed, AreaRefused, ReasonMissing.
    """
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, row.centre_id)
    if on < local_day(now) or on <= row.valid_from or (row.valid_to is not None and row.valid_to <= on):
        raise AreaRefused(
            "Ngày kết thúc không hợp lệ hoặc địa bàn đã kết thúc.", "The day is not possible, or the area has ended already.",
            about="on",
        )
    below, agencies, cases = still_in(row, Area.parent_id, on), still_in(row, Agency.area_id, on), open_cases(row)
    if cases:
        number = f"{cases}" if cases < MOST_COUNTED else f"{MOST_COUNTED}+"
        raise AreaRefused(
            f"Địa bàn còn {number} hồ sơ đang xử lý. Xin dùng trang Sắp xếp lại đơn vị, nơi chọn địa bàn kế tục.",
            f"The area still has {number} open cases. Please use a reorganisation, which names a successor.",
            about="on",
        )
    if below or agencies:
        raise AreaRefused(
            f"Trong địa bàn còn {below} địa bàn cấp dưới và {agencies} đơn vị. Xin chuyển bằng trang Sắp xếp lại đơn vị, "
            "nơi chọn địa bàn kế tục.",
            f"There are still {below} areas in it and {agencies} agencies. Please move them by a reorganisation, which names a successor.",
            about="on",
        )
    old, row.valid_to = _seen(row), on
    record_setting("area", _label(row), by=by, at=now, centre_id=row.centre_id, old=old, new=_seen(row), reason=reason)


def still_in(row: Area, column: Any, on: date) -> int:
    """How many rows that reference the area in a column continue after a day."""
    model = column.class_
    query = select(func.count()).select_from(model).where(column == row.id, or_(model.valid_to.is_(None), model.valid_to > on))
    return db.session.scalar(query) or 0


def open_cases(row: Area) -> int:
    """How many cases there the centre still owes an answer, MOST_COUNTED at most."""
    some = select(Case.id).where(Case.area_id == row.id, Case.state.in_(OPEN_STATES)).limit(MOST_COUNTED).subquery()
    return db.session.scalar(select(func.count()).select_from(some)) or 0


def refresh_search_of(area_ids: Collection[int], *, now: datetime, before: int | None = None, limit: int = 200) -> int | None:
    """Rebuild the search rows of the newest cases of these areas, in the caller's unit of work; returns where the next batch begins, or
    None.

    The names of an area's predecessors and successors are in its cases' rows too: ask `other_area_ids` for them.
    """
    query = select(Case).where(Case.area_id.in_(area_ids))
    cases = list(db.session.scalars((query.where(Case.id < before) if before is not None else query).order_by(Case.id.desc()).limit(limit)))
    for case in cases:
        refresh_search_rows(case, at=now)
    return cases[-1].id if len(cases) == limit else None


def areas_with_name_of(row: Area) -> set[int]:
    """The areas whose cases are found by this one's name."""
    return {row.id, *other_area_ids(row.id)}


def _name(row: Area, name_vi: str, name_en: str) -> None:
    row.name_vi, row.name_en = fit_name(name_vi), fit_name(name_en.strip() or name_vi, "name_en")
    row.folded_name = fold(row.name_vi)


def fit_name(name: str, about: str = "name_vi") -> str:
    """Normalise a name. Raises AreaRefused."""
    name = " ".join(normal(name).split())
    if not name or len(name) > LONGEST_NAME:
        raise AreaRefused(
            f"Vui lòng ghi tên, tối đa {LONGEST_NAME} ký tự.", f"Please give a name of {LONGEST_NAME} characters at most.",
            about=about,
        )
    return name


def fit_middle(latitude: float | None, longitude: float | None) -> tuple[float | None, float | None]:
    """Both degrees or none, valid on earth. Raises AreaRefused."""
    if (latitude is None) != (longitude is None) or (latitude is not None and not -90 <= latitude <= 90):
        raise AreaRefused(
            "Cần cả vĩ độ (từ -90 đến 90) và kinh độ.", "Both latitude (-90 to 90) and longitude are needed.",
            about="latitude",
        )
    if longitude is not None and not -180 <= longitude <= 180:
        raise AreaRefused("Kinh độ từ -180 đến 180.", "A longitude lies between -180 and 180.", about="longitude")
    return latitude, longitude


def _fit_parent(row: Area, parent: Area | None) -> int | None:
    if row.id is not None and row.parent_id == (parent.id if parent is not None else None):
        return row.parent_id
    if parent is None:
        if row.level != LEVELS[0] and row.level != LEVELS[2]:
            raise AreaRefused("Vui lòng chọn địa bàn cấp trên.", "Please choose the area it lies in.", about="parent")
        return None
    if LEVELS.index(parent.level) >= LEVELS.index(row.level):
        raise AreaRefused("Địa bàn cấp trên phải thuộc cấp cao hơn.", "The area it lies in must be of a higher level.", about="parent")
    if parent.centre_id is not None and parent.centre_id != row.centre_id:
        raise AreaRefused(
            "Địa bàn cấp trên phải thuộc cùng trung tâm.", "The area it lies in must belong to the same centre.",
            about="parent",
        )
    ends_before = parent.valid_to is not None and (row.valid_to is None or parent.valid_to < row.valid_to)
    if parent.valid_from > row.valid_from or ends_before:
        raise AreaRefused(
            f"{parent.name_vi} không có hiệu lực trong toàn bộ thời gian của địa bàn này.",
            f"{parent.name_en} does not hold for the whole time of this area.",
            about="parent",
        )
    return parent.id


def _fit_code(row: Area, code: str) -> str | None:
    code = normal(code)
    if not code:
        return None
    if not CODE.fullmatch(code):
        raise AreaRefused(*NO_OFFICIAL_CODE, about="official_code")
    same = _meanwhile(row, select(Area.name_vi).where(Area.official_code == code, Area.level == row.level))
    if row.centre_id is not None:
        # another centre's areas are neither revealed nor in the way: its mistakes must not block this one
        same = same.where(or_(Area.centre_id == row.centre_id, Area.centre_id.is_(None)))
    if (name := db.session.scalars(same).first()) is not None:
        raise AreaRefused(
            f"Trong thời gian đó mã {code} là của {name}.", f"In that time the code {code} is that of {name}.", about="official_code"
        )
    return code


def _refuse_same(row: Area) -> None:
    same = select(Area.id).where(Area.folded_name == row.folded_name, Area.level == row.level, Area.name_vi == row.name_vi)
    same = same.where(Area.parent_id.is_not_distinct_from(row.parent_id), Area.centre_id.is_not_distinct_from(row.centre_id))
    if db.session.scalars(_meanwhile(row, same)).first() is not None:
        raise AreaRefused(f"Đã có {row.name_vi} ở đó.", f"There is {row.name_en} there already.", about="name_vi")


def _meanwhile(row: Area, query: Any) -> Any:
    """Other rows in force on a day this one is."""
    query = query.where(or_(Area.valid_to.is_(None), Area.valid_to > row.valid_from))
    query = query.where(Area.valid_from < row.valid_to) if row.valid_to is not None else query
    return query.where(Area.id != row.id) if row.id is not None else query


def _label(row: Area) -> str:
    return f"{row.level} {row.official_code or ''} {row.name_vi}".replace("  ", " ")


def _seen(row: Area) -> dict[str, Any]:
    columns = ("level", "official_code", "name_vi", "name_en", "parent_id", "latitude", "longitude", "valid_from", "valid_to")
    return {column: getattr(row, column) for column in columns}

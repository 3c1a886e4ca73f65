"""Centres: adding one, and changing its name, its telephone, and from when the limit of its cases counts."""

import re
from datetime import datetime

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Centre
from casework.permissions import Action, Actor, require
from casework.setting_events import record_setting, require_administrator_of
from casework.settings.importing.rows import Faults, RowRefused
from casework.settings.scopes import one_at_a_time
from casework.text import normal

KIND = "centre"
PREFIX = re.compile(r"[A-Z][A-Z0-9]{1,5}")
"""The beginning of a centre's codes: LD of LD-2026-000123."""
STARTS: dict[str, Bilingual] = {
    "filing": Bilingual("lúc người dân gửi", "when it is filed"),
    "acceptance": Bilingual("lúc Trung tâm tiếp nhận", "when the centre accepts it"),
}
"""From when the limit of a case counts (rules.md, section 4, clock "case")."""


def add_centre(
    *, by: Actor, now: datetime, reason: str, code_prefix: str, name_vi: str, name_en: str, phone: str, case_clock_starts: str = "filing"
) -> Centre:
    """Add a centre; its areas, agencies and people are entered next, and until it has areas it gets no reports. Records `change_setting`.

    Only for administrators of the whole installation, in their own role. `code_prefix` begins its codes for good and is never used again.
    Raises NotAllowed, ReasonMissing, RowRefused with every fault.
    """
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, None)
    one_at_a_time()
    new, faults = _said(name_vi=name_vi, name_en=name_en, phone=phone, case_clock_starts=case_clock_starts, old_phone=None)
    prefix = normal(code_prefix).upper()
    if not PREFIX.fullmatch(prefix):
        faults["code_prefix"] = Bilingual(
            "Tiền tố mã gồm 2 đến 6 chữ cái không dấu hoặc số, bắt đầu bằng chữ.",
            "The prefix of codes is of 2 to 6 plain letters or digits and begins with a letter.",
        )
    elif db.session.scalar(select(Centre.id).where(Centre.code_prefix == prefix)) is not None:
        faults["code_prefix"] = Bilingual(f"Tiền tố {prefix} đã được dùng.", f"The prefix {prefix} is taken.")
    if faults:
        raise RowRefused(faults)
    centre = Centre(code_prefix=prefix, is_default=False, valid_from=local_day(now), **new)
    db.session.add(centre)
    db.session.flush()
    record_setting(KIND, prefix, by=by, at=now, centre_id=centre.id, old=None, new=dict(new), reason=reason)
    return centre


def change_centre(
    centre: Centre, *, by: Actor, now: datetime, reason: str, name_vi: str, name_en: str, phone: str, case_clock_starts: str
) -> None:
    """Change a centre's data; the limits of cases opened before still count from where they did. Records `change_setting`.

    Raises NotAllowed, ReasonMissing, RowRefused with every fault.
    """
    require(by, Action.CHANGE_SETTINGS)
    require_administrator_of(by, centre.id)
    new, faults = _said(
        name_vi=name_vi, name_en=name_en, phone=phone, case_clock_starts=case_clock_starts, old_phone=centre.phone
    )
    old = {name: getattr(centre, name) for name in new}
    if not faults and new == old:
        faults[""] = Bilingual("Chưa có gì thay đổi.", "Nothing has been changed.")
    if faults:
        raise RowRefused(faults)
    record_setting(KIND, centre.code_prefix, by=by, at=now, centre_id=centre.id, old=dict(old), new=dict(new), reason=reason)
    for name, value in new.items():
        setattr(centre, name, value)


def _said(
    *, name_vi: str, name_en: str, phone: str, case_clock_starts: str, old_phone: str | None
) -> tuple[dict[str, str | None], Faults]:
    """The typed values normalised, and their faults. A number that is already stored is not checked again."""
    new: dict[str, str | None] = {
        "name_vi": " ".join(normal(name_vi).split()), "name_en": " ".join(normal(name_en).split()),
        "phone": " ".join(normal(phone).split()) or None, "case_clock_starts": case_clock_starts,
    }  # fmt: skip
    names = ("name_vi", "name_en") if new["name_en"] else ("name_vi",)
    new["name_en"] = new["name_en"] or new["name_vi"]
    faults = Faults()
    for name in names:
        if not new[name] or len(new[name] or "") > 200:
            faults[name] = Bilingual("Cần tên, tối đa 200 ký tự.", "A name of at most 200 characters is needed.")
    if new["phone"] and new["phone"] != old_phone and not _is_dialled(new["phone"]):
        faults["phone"] = Bilingual("Số điện thoại không hợp lệ.", "This is no telephone number.")
    if case_clock_starts not in STARTS:
        faults["case_clock_starts"] = Bilingual("Vui lòng chọn một mục.", "Please choose one.")
    return new, faults


def _is_dialled(number: str) -> bool:
    """Whether it can be dialled here: a full number, or a short one such as 1022 or 0263 000 0000."""
    import phonenumbers  # late: docs/architecture.md

    digits = number.replace(" ", "")
    if digits.isdigit() and digits.isascii() and 3 <= len(digits) <= 5:
        return True
    try:
        return len(number) <= 20 and phonenumbers.is_possible_number(phonenumbers.parse(number, "VN"))
    except phonenumbers.NumberParseException:
        return False

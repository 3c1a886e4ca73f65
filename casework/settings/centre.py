"""What an administrator says of a centre itself: its name, its telephone, and from when the limit of its cases counts."""

from datetime import datetime

from casework.folding import normal
from casework.models import Centre
from casework.permissions import Action, Actor, require
from casework.settings.recording import record_setting, require_administrator_of
from casework.settings.rows import Faults, RowRefused
from casework.words import Bilingual

KIND = "centre"
STARTS: dict[str, Bilingual] = {
    "filing": Bilingual("lúc người dân gửi", "when it is filed"),
    "acceptance": Bilingual("lúc Trung tâm tiếp nhận", "when the centre accepts it"),
}
"""From when the limit of a case counts (rules.md, section 4, clock "case")."""


def change_centre(
    centre: Centre, *, by: Actor, now: datetime, reason: str, name_vi: str, name_en: str, phone: str, case_clock_starts: str
) -> None:
    """Change what is said of a centre; cases opened before keep from when their limit counts. Records `change_setting`.

    Raises NotAllowed, ReasonMissing, RowRefused with every fault.
    """
    require(by, Action.CHANGE_SETTINGS)
    require_administrator_of(by, centre.id)
    new: dict[str, str | None] = {
        "name_vi": " ".join(normal(name_vi).split()), "name_en": " ".join(normal(name_en).split()),
        "phone": " ".join(normal(phone).split()) or None, "case_clock_starts": case_clock_starts,
    }  # fmt: skip
    new["name_en"] = new["name_en"] or new["name_vi"]
    old = {name: getattr(centre, name) for name in new}
    faults = Faults()
    for name in ("name_vi", "name_en"):
        if not new[name] or len(new[name] or "") > 200:
            faults[name] = Bilingual("Cần tên, tối đa 200 ký tự.", "A name of at most 200 characters is needed.")
    if new["phone"] and new["phone"] != old["phone"] and not _is_dialled(new["phone"]):
        faults["phone"] = Bilingual("Số điện thoại không hợp lệ.", "This is no telephone number.")
    if case_clock_starts not in STARTS:
        faults["case_clock_starts"] = Bilingual("Vui lòng chọn một mục.", "Please choose one.")
    if not faults and new == old:
        faults[""] = Bilingual("Chưa có gì thay đổi.", "Nothing has been changed.")
    if faults:
        raise RowRefused(faults)
    record_setting(KIND, centre.code_prefix, by=by, at=now, centre_id=centre.id, old=dict(old), new=dict(new), reason=reason)
    for name, value in new.items():
        setattr(centre, name, value)


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

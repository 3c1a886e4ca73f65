"""A new installation's first rows: its rules, its centre and the administrator who enters everything else."""

from datetime import datetime

from sqlalchemy import select

from casework.accounts.requirement import WHY_NEW, guard_sign_in
from casework.calendars import RULES_STREAM
from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.installation.seeding import install_rules
from casework.local_time import local_day
from casework.models import Account, Centre, HouseSetting, Membership
from casework.permissions import SYSTEM, Role
from casework.privacy.account_marks import begin_marks
from casework.setting_events import record_setting
from casework.text import normal

FIRST_VALUES = {"mask_identity_months": 24, "unused_account_months": 24, "fresh_minutes": 60}
"""Settings of a new installation. An upgraded one keeps its own until somebody decides: what the first two erase never comes back, and
being asked to prove one's identity in the middle of work surprises people."""


class InstallationRefused(CaseworkError):
    """The installation cannot be begun like this; the text says why."""


def begin_installation(
    *, prefix: str, name_vi: str, name_en: str, phone: str | None, login: str, full_name: str, password_hash: str, now: datetime
) -> Centre:
    """Add the rules, the default centre and its administrator to an empty installation.

    `prefix` begins every report code of the centre, e.g. LD. Records `begin_installation` in the stream of the rules.
    Raises InstallationRefused when there is a centre already, or prefix, names or login are missing or too long.
    """
    prefix, login = normal(prefix).upper(), normal(login)
    if db.session.scalars(select(Centre.id)).first() is not None:
        raise InstallationRefused("Hệ thống đã có trung tâm.", "The installation has a centre already.")
    if not (prefix.isascii() and prefix.isalpha() and 1 < len(prefix) < 7):
        raise InstallationRefused(
            "Tiền tố mã gồm 2 đến 6 chữ cái không dấu.", "The prefix of codes has 2 to 6 plain letters.",
            about="prefix",
        )
    if not all(map(normal, (name_vi, name_en, full_name))) or not login:
        raise InstallationRefused("Thiếu tên trung tâm hoặc quản trị viên.", "The name of the centre or of the administrator is missing.")
    install_rules(now)
    today = local_day(now)
    centre = Centre(code_prefix=prefix, name_vi=normal(name_vi), name_en=normal(name_en), is_default=True, phone=phone, valid_from=today)
    administrator = Account(kind="staff", login=login, password_hash=password_hash, full_name=normal(full_name), created_at=now)
    administrator.title_vi, administrator.title_en = "Quản trị hệ thống", "Administrator"
    administrator.memberships.append(Membership(role=Role.ADMINISTRATOR, valid_from=today))
    db.session.add_all([centre, administrator])
    append(RULES_STREAM, "begin_installation", by=SYSTEM, at=now, payload={"centre": prefix, "administrator": login})
    db.session.flush()
    begin_marks(now=now)
    guard_sign_in(now=now)
    set_first_values(now=now)
    return centre


def set_first_values(*, now: datetime) -> None:
    for key, value in FIRST_VALUES.items():
        db.session.add(HouseSetting(key=key, value=value, changed_at=now))
        record_setting("value", key, by=SYSTEM, at=now, centre_id=None, old={"value": 0}, new={"value": value}, reason=WHY_NEW)

"""The keys of a service account: made by an administrator, shown once, two valid at once so that one follows the other without a gap."""

import ipaddress
from collections.abc import Iterable, Sequence
from datetime import date, datetime, timedelta

from sqlalchemy import func, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.accounts import ServiceRefused
from casework.doors.key_format import new_key
from casework.doors.owners import tell_owner
from casework.local_time import LOCAL_ZONE
from casework.models import ServiceAccount, ServiceKey
from casework.permissions import Action, Actor, require
from casework.privacy.account_marks import mark_account
from casework.setting_events import record_setting, require_administrator_of
from casework.setting_values import VALUES, value_of
from casework.settings.scopes import one_at_a_time

KIND = "service_key"
MOST_VALID = 2
MOST_NETWORKS = 20
MOST_LISTED = 50
DAYS = "service_key_days"


def add_key(
    row: ServiceAccount, *, by: Actor, now: datetime, reason: str, days: int | None = None, networks: Iterable[str] = ()
) -> tuple[ServiceKey, str]:
    """Make a key and return it with its text, which is kept nowhere. `days` from now it runs out; None: what the setting says.

    The caller makes sure that a second factor has just been shown (web/settings/doors.py). Records `change_setting` with the public signs,
    and tells the owner. Raises NotAllowed, ServiceRefused, ValueRefused for days that are not possible, ReasonMissing.
    """
    _require_administrator(by, row)
    if row.ended_at is not None:
        raise ServiceRefused("Tài khoản kết nối này đã kết thúc.", "This service account has ended.")
    allowed, days = fit_networks(networks), int(value_of(DAYS)) if days is None else days
    VALUES[DAYS].read(str(days))
    one_at_a_time()
    valid = select(func.count()).where(ServiceKey.account_id == row.account_id, ServiceKey.revoked_at.is_(None))
    valid = valid.where(ServiceKey.expires_at > now)
    if (db.session.scalar(valid) or 0) >= MOST_VALID:
        raise ServiceRefused(
            f"Đã có {MOST_VALID} khóa còn hiệu lực. Xin thu hồi một khóa trước.",
            f"{MOST_VALID} keys are valid already. Please revoke one first.",
        )
    made = new_key()
    key = ServiceKey(
        account_id=row.account_id, public=made.public, digest=made.digest, networks=allowed, created_by_id=by.account_id, created_at=now,
        expires_at=now + timedelta(days=days),
    )  # fmt: skip
    told = {"key": made.public, "expires_on": key.expires_at.astimezone(LOCAL_ZONE).date(), "networks": allowed}
    record_setting(KIND, _name(row), by=by, at=now, centre_id=row.centre_id, old=None, new=told, reason=reason)
    db.session.add(key)
    mark_account(row.account, by=by, at=now)
    name = row.account.full_name
    tell_owner(row, Bilingual(f"tài khoản kết nối “{name}” có khóa mới {made.public}",
                              f"the service account “{name}” has a new key {made.public}"), at=now)  # fmt: skip
    return key, made.text


def revoke_key(row: ServiceAccount, key: ServiceKey, *, by: Actor, now: datetime, reason: str) -> None:
    """Let a key open nothing from the next request on. Records `change_setting`, and tells the owner.

    Raises NotAllowed, ServiceRefused where it is revoked already, ReasonMissing.
    """
    _require_administrator(by, row)
    if key.account_id != row.account_id or key.revoked_at is not None:
        raise ServiceRefused("Khóa này đã bị thu hồi.", "This key is revoked already.")
    record_setting(KIND, _name(row), by=by, at=now, centre_id=row.centre_id, old={"key": key.public}, new=None, reason=reason)
    key.revoked_at = now
    mark_account(row.account, by=by, at=now)
    name = row.account.full_name
    tell_owner(row, Bilingual(f"khóa {key.public} của tài khoản kết nối “{name}” đã bị thu hồi",
                              f"the key {key.public} of the service account “{name}” was revoked"), at=now)  # fmt: skip


def keys_of(accounts: Sequence[ServiceAccount], *, now: datetime) -> dict[int, list[ServiceKey]]:
    """The keys of accounts that are neither revoked nor run out, oldest first, by the account; one statement."""
    ids = [row.account_id for row in accounts]
    query = select(ServiceKey).where(ServiceKey.account_id.in_(ids), ServiceKey.revoked_at.is_(None), ServiceKey.expires_at > now)
    found: dict[int, list[ServiceKey]] = {id_: [] for id_ in ids}
    for key in db.session.scalars(query.order_by(ServiceKey.id)) if ids else ():
        found[key.account_id].append(key)
    return found


def last_used(accounts: Sequence[ServiceAccount]) -> dict[int, date]:
    """The last day on which a key of each account was used, those of before too; accounts never used are left out. One statement."""
    ids = [row.account_id for row in accounts]
    query = select(ServiceKey.account_id, func.max(ServiceKey.last_used_on)).where(ServiceKey.account_id.in_(ids))
    query = query.where(ServiceKey.last_used_on.is_not(None)).group_by(ServiceKey.account_id)
    return {id_: day for id_, day in db.session.execute(query) if day is not None} if ids else {}


def past_keys(row: ServiceAccount, *, now: datetime) -> list[ServiceKey]:
    """Those that open nothing any more, newest first; at most MOST_LISTED."""
    query = select(ServiceKey).where(ServiceKey.account_id == row.account_id)
    query = query.where(ServiceKey.revoked_at.is_not(None) | (ServiceKey.expires_at <= now))
    return list(db.session.scalars(query.order_by(ServiceKey.id.desc()).limit(MOST_LISTED)))


def key_seen(row: ServiceAccount, ref: str) -> ServiceKey | None:
    return db.session.scalar(select(ServiceKey).where(ServiceKey.ref == ref, ServiceKey.account_id == row.account_id))


def fit_networks(typed: Iterable[str]) -> list[str]:
    """Networks in CIDR notation, a single address as a network of one. Raises ServiceRefused."""
    words = [word for each in typed for word in each.replace(",", " ").split()]
    try:
        found = list(dict.fromkeys(str(ipaddress.ip_network(word, strict=False)) for word in words))
    except ValueError:
        raise ServiceRefused(
            "Mạng ghi dạng 203.0.113.0/24 hoặc 2001:db8::/32.", "Networks are written as 203.0.113.0/24 or 2001:db8::/32.", about="networks"
        ) from None
    if len(found) > MOST_NETWORKS:
        raise ServiceRefused(f"Tối đa {MOST_NETWORKS} mạng.", f"{MOST_NETWORKS} networks at most.", about="networks")
    return found


def _require_administrator(by: Actor, row: ServiceAccount) -> None:
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, row.centre_id)


def _name(row: ServiceAccount) -> str:
    return row.account.full_name or row.account.ref

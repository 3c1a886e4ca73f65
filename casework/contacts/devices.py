"""Browsers that send reports queued offline: known by a token, of which the row keeps only the digest.

A token does not expire: a report may wait for weeks without a signal. An account's token ends with the session it was made in, with the
account, or when all of the account's tokens are ended.
"""

import secrets
from datetime import datetime, timedelta

from sqlalchemy import String, cast, delete, exists, select, update
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Account, BlockedSender, Device, LoginSession, MeToo, Report
from casework.sealing.seal import lookup_digest

TOKEN_PURPOSE = "device token"
LONGEST_TOKEN = 100
UNUSED_KEPT = timedelta(days=90)
"""How long a guest's unused browser is kept; reports that wait longer in one are sent with a new token."""
MOST_AT_ONCE = 500
SEEN_EVERY = timedelta(days=1)
"""How precisely `last_seen_at` is kept."""


def issue_device(account_id: int | None, *, now: datetime, token: str | None = None, session_id: int | None = None) -> tuple[Device, str]:
    """Let a browser send for this account, or for a guest, and return its token, which only that browser is shown.

    If a live device already has the `token`, that device is returned. `session_id` names the session whose end ends the device too.
    """
    if token is not None and (known := device_of(token)) is not None and known.account_id == account_id:
        known.last_seen_at = now
        return known, token
    token = token or secrets.token_urlsafe(32)
    device = Device(token_digest=_digest(token), account_id=account_id, session_id=session_id, created_at=now, last_seen_at=now)
    db.session.add(device)
    db.session.flush()
    return device, token


def device_of(token: str) -> Device | None:
    """The device of a token; None when there is none, or it, its session or its account has ended."""
    if not token or len(token) > LONGEST_TOKEN:
        return None
    query = select(Device, LoginSession.revoked_at).outerjoin(LoginSession, LoginSession.id == Device.session_id)
    row = db.session.execute(query.where(Device.token_digest == _digest(token)).options(joinedload(Device.account))).first()
    if row is None:
        return None
    device, revoked_at = row
    is_over = device.ended_at is not None or revoked_at is not None
    return None if is_over or (device.account is not None and device.account.disabled_at is not None) else device


def is_long_unseen(device: Device, *, now: datetime) -> bool:
    """Whether `last_seen_at` is due for an update; it is kept to the day."""
    return now - device.last_seen_at >= SEEN_EVERY


def end_devices_of(account: Account, *, now: datetime) -> None:
    """End every device of an account."""
    ended = update(Device).where(Device.account_id == account.id, Device.ended_at.is_(None)).values(ended_at=now)
    db.session.execute(ended, execution_options={"synchronize_session": "fetch"})


def forget_unused_devices(now: datetime) -> int:
    """Delete guests' browsers unused for UNUSED_KEPT that have sent no report, commented on none and are in no block; at most
    MOST_AT_ONCE. Returns how many."""
    is_used = (
        exists().where(Report.device_id == Device.id), exists().where(MeToo.device_id == Device.id),
        exists().where(BlockedSender.kind == "device", BlockedSender.subject == cast(Device.id, String)),
    )  # fmt: skip
    unseen = select(Device.id).where(Device.account_id.is_(None), Device.last_seen_at < now - UNUSED_KEPT, *(~used for used in is_used))
    ids = list(db.session.scalars(unseen.order_by(Device.id).limit(MOST_AT_ONCE)))
    if ids:
        db.session.execute(delete(Device).where(Device.id.in_(ids)), execution_options={"synchronize_session": False})
    return len(ids)


def _digest(token: str) -> str:
    return lookup_digest(token, purpose=TOKEN_PURPOSE)

"""Recognising a report that is sent again from another view of the form: after "back" the browser still holds the text.

Only the holder of the earlier report is told: by account, or because this browser has sent or opened it. Anybody else who writes the same
with the same telephone files a separate report, so a stranger learns nothing. Only a keyed digest is stored, and for a short time.
Different words or another position make two reports, even with one telephone.
"""

import json
from datetime import datetime

from sqlalchemy import delete, func, select

from casework.contacts.report_links import case_of
from casework.db import db
from casework.intake.file_report import Place, ReportRefused
from casework.models import Device, IdempotencyKey, Report
from casework.permissions import Actor
from casework.permissions.sight import owns_report
from casework.places.geometry import metres_between
from casework.places.points import point_of
from casework.privacy.identity import Contact
from casework.rate_limits import JUST_SENT, JUST_SENT_KEPT
from casework.sealing.seal import lookup_digest
from casework.states import ENDED_STATES
from casework.text import normal

DIGEST_PURPOSE = "report just sent"
SAME_METRES = 100
"""Two measured positions closer than this are one place."""


class JustSent(ReportRefused):
    """The sender sent this very report a moment ago; `code` is the one on their receipt."""

    def __init__(self, code: str) -> None:
        super().__init__(
            f"Ông/Bà vừa gửi phản ánh này: {code}. Phản ánh không được gửi thêm lần nữa. Nếu đây là việc khác, vui lòng viết thêm "
            "điểm khác rồi bấm gửi.",
            f"You have just sent this report: {code}. It has not been sent again. If this is another matter, please write what is "
            "different and send it.",
        )
        self.code = code


def key_of_sending(words: str, place: Place, *, by: Actor, contact: Contact | None, device: Device | None) -> str | None:
    """The key of a repeated report; None without words, or when nothing is known of the sender."""
    if by.own_id is not None:
        who = ["account", by.own_id]
    elif contact is not None and (contact.phone or contact.email):
        who = ["contact", contact.phone, contact.email]
    else:
        who = ["browser", device.id] if device is not None else []
    if not who or not normal(words):
        return None
    where = [place.area.id if place.area else None, normal(place.village or ""), normal(place.words or "")]
    return lookup_digest(json.dumps([who, normal(words), where]), purpose=DIGEST_PURPOSE)


def take_turn(key: str) -> None:
    """Let simultaneous senders of the same report wait for the end of this unit of work. On SQLite all writers wait anyway."""
    if db.session.get_bind().dialect.name != "sqlite":
        db.session.execute(select(func.pg_advisory_xact_lock(func.hashtextextended(key, 0))))


def refuse_just_sent(key: str, place: Place, *, by: Actor, device: Device | None, now: datetime) -> None:
    """Raise JustSent when its holder sent the same within JUST_SENT_KEPT and it is still open."""
    kept = db.session.get(IdempotencyKey, key)
    if kept is None or kept.used_at <= now - JUST_SENT_KEPT:
        return
    report = db.session.scalar(select(Report).where(Report.ref == kept.result))
    if report is None or not _is_theirs(report, by, device) or _lies_elsewhere(report, place):
        return
    if case_of(report).state not in ENDED_STATES:
        raise JustSent(report.code)


def note_sent(key: str, report: Report, *, now: datetime) -> None:
    """Remember for JUST_SENT_KEPT that this report was sent."""
    db.session.merge(IdempotencyKey(key=key, purpose=JUST_SENT, result=report.ref, content_digest="", used_at=now))


def forget_sent_reports(refs: list[str]) -> None:
    """Forget that these reports were sent, because their content is erased."""
    db.session.execute(delete(IdempotencyKey).where(IdempotencyKey.purpose == JUST_SENT, IdempotencyKey.result.in_(refs)))


def _is_theirs(report: Report, by: Actor, device: Device | None) -> bool:
    """By account or receipt, or sent without an account by this browser."""
    is_of_browser = device is not None and device.account_id is None and report.device_id == device.id
    return owns_report(by, report) or (by.own_id is None and is_of_browser)


def _lies_elsewhere(report: Report, place: Place) -> bool:
    """Whether both have measured positions at different places."""
    before = point_of(report)
    if before is None or place.latitude is None or place.longitude is None:
        return False
    return metres_between(before.latitude, before.longitude, place.latitude, place.longitude) > SAME_METRES

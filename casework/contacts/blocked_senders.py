"""Senders whose reports a centre does not accept for a while: known by account, browser and keyed digests of their contacts, never by
name.

An operations lead blocks the sender of one report without learning who that is. The sender is told until when and why, goes on reading
and following what was sent before, and may always be told of the emergency numbers (rules.md, section 2; own).
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, exists, select, tuple_
from sqlalchemy.orm import aliased, joinedload

from casework.calendars import calendar_of
from casework.cases import OF_ANOTHER_CASE
from casework.contacts import sentences
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.local_time import LOCAL_ZONE
from casework.models import Account, BlockedSender, Case, CaseReport, Centre, Device, Report
from casework.outbox import tell_reporter
from casework.permissions import Action, Actor, NotAllowed, Role, require
from casework.permissions.sight import Sight, sees
from casework.privacy.identity import EMAIL_PURPOSE, PHONE_PURPOSE, Contact
from casework.sealing.seal import lookup_digest
from casework.setting_values import value_of
from casework.text import normal
from casework.verbs import MESSAGE, Verb

LONGEST_REASON = 300
SHORTEST_REASON = 10
USUAL_DAYS = 30
"""What the form offers."""
MOST_LISTED = 100
KINDS = ("account", "device", "phone", "email")


class BlockRefused(CaseworkError):
    """The sender cannot be blocked like this; the text says why."""


class SenderBlocked(CaseworkError):
    """The centre accepts no report from this sender now; the text says until when, why, and what to do in danger."""


@dataclass(frozen=True, slots=True)
class Block:
    """One act of blocking, with everything its sender is recognised by."""

    ref: str
    report: Report
    reason: str
    kinds: tuple[str, ...]
    blocked_at: datetime
    until: datetime
    by: str

    @property
    def last_day(self) -> date:
        """The last local day on which nothing is accepted."""
        return _last_day(self.until)


@Verb("block_sender", Action.BLOCK_SENDER, kinds=MESSAGE, staff=sentences.blocked)
def block_sender(case: Case, report: Report, *, by: Actor, now: datetime, reason: str, days: int) -> Block:
    """Accept no reports from the sender of this one for some days, today not counted; the caller holds the lock of the case.

    Records `block_sender` with the last day, and tells the sender; the reason stands on the page of their report. Nothing is opened.
    Raises NotAllowed, or BlockRefused without a reason, beyond the days the centre allows, for a report that is not of this case or whose
    sender cannot be recognised, and while the sender is blocked for this report already. (Own rule.)
    """
    require(by, Action.BLOCK_SENDER, case)
    if case.quarantined_at is not None or not sees(by, Sight.ORIGINAL, case):
        raise NotAllowed
    if all(link.report_id != report.id or link.left_at is not None for link in case.reports):
        raise BlockRefused(*OF_ANOTHER_CASE)
    reason = normal(reason)
    _refuse_words(reason)
    most = int(value_of("block_days", case.centre_id))
    if not 1 <= days <= most:
        raise BlockRefused(f"Số ngày từ 1 đến {most}.", f"From 1 to {most} days.", about="days")
    if blocks_of(report, now=now):
        raise BlockRefused(
            "Người gửi phản ánh này đang bị tạm chặn. Muốn đổi thời hạn, vui lòng gỡ lần chặn trước.",
            "The sender of this report is blocked already. To change the day, please lift that block first.",
        )
    known = _known_of(report)
    if not known:
        raise BlockRefused(
            "Phản ánh này không có tài khoản, thiết bị hay cách liên hệ đã xác nhận nào để nhận ra người gửi.",
            "Nothing is known of the sender of this report: no account, no browser, no confirmed contact.",
        )
    calendar = calendar_of(case.centre_id)
    until = calendar.start_of(calendar.day_of(now) + timedelta(days=days + 1))
    rows = [
        BlockedSender(
            kind=kind, subject=subject, centre_id=case.centre_id, report_id=report.id, reason=reason, blocked_by_id=by.own_id,
            blocked_at=now, until=until,
        )
        for kind, subject in known
    ]  # fmt: skip
    db.session.add_all(rows)
    db.session.flush()
    record(case, "block_sender", by=by, at=now, report=report.code, until=_last_day(until).isoformat())
    tell_reporter(report, "sender_blocked", case=case, at=now, due_at=until.isoformat())
    return _blocks(rows)[0]


@Verb("lift_block", Action.BLOCK_SENDER, kinds=MESSAGE, staff=sentences.block_lifted)
def lift_block(case: Case, block: Block, *, by: Actor, now: datetime) -> None:
    """Accept the sender's reports again before that day; the caller holds the lock of the case the report is in.

    Records `lift_block`. Raises NotAllowed, BlockRefused when it has ended.
    """
    require(by, Action.BLOCK_SENDER, case)
    rows = _rows(BlockedSender.report_id == block.report.id, BlockedSender.blocked_at == block.blocked_at, _in_force(now))
    if not rows:
        raise BlockRefused("Lần chặn này đã hết hạn hoặc đã được gỡ.", "This block has ended or was lifted.")
    for row in rows:
        row.lifted_at, row.lifted_by_id = now, by.own_id
    record(case, "lift_block", by=by, at=now, report=block.report.code)
    tell_reporter(block.report, "sender_unblocked", case=case, at=now)


def refuse_blocked(*, centre: Centre, contact: Contact | None, account: Account | None, device: Device | None, now: datetime) -> None:
    """Raise SenderBlocked when the centre accepts nothing from this account, browser or contact now.

    The reason is told to the blocked account, and to one that has proven the contact. A number that is only typed or claimed may be
    another person's, and a telephone may belong to a household: neither is told the reason, and a sender with a proven contact is not
    blocked by the telephone alone.
    """
    is_proven = account is not None and bool(_proven_of(account))
    subjects = _subjects_of(contact, account, None if is_proven else device)
    if not subjects:
        return
    which = tuple_(BlockedSender.kind, BlockedSender.subject).in_(subjects)
    rows = _rows(which, BlockedSender.centre_id == centre.id, _in_force(now))
    if rows:
        longest = max(rows, key=lambda row: row.until)
        told = max((row for row in rows if row.kind != "device" and account is not None), key=lambda row: row.until, default=None)
        raise _blocked(longest.until, told.reason if told is not None else "", centre)


def blocks_of(report: Report, *, now: datetime) -> list[Block]:
    """The blocks in force because of a report, for its sender's page and the page of its case; the acts here allow at most one."""
    return _blocks(_rows(BlockedSender.report_id == report.id, _in_force(now)))


def blocks_seen(by: Actor, *, now: datetime) -> list[Block]:
    """The newest MOST_LISTED blocks in force in the centres the person leads, newest first, without quarantined cases."""
    return _blocks(_rows(_within_sight(by), _in_force(now), most=MOST_LISTED * len(KINDS)))[:MOST_LISTED]


def block_seen(by: Actor, ref: str, *, now: datetime) -> Block | None:
    """One block in force by the ref of any of its rows, within what `blocks_seen` lists."""
    row = aliased(BlockedSender)
    same_act = exists().where(row.ref == ref, row.report_id == BlockedSender.report_id, row.blocked_at == BlockedSender.blocked_at)
    return next(iter(_blocks(_rows(_within_sight(by), _in_force(now), same_act))), None)


def can_be_blocked(report: Report) -> bool:
    """Whether anything is known by which the report's sender could be recognised."""
    reporter = report.reporter
    return report.device_id is not None or (
        reporter is not None and (reporter.account_id is not None or reporter.contact_verified_at is not None)
    )


def kinds_known(report: Report) -> tuple[str, ...]:
    """The kinds of marks by which the report's sender could be recognised."""
    known = {kind for kind, _subject in _known_of(report)}
    return tuple(kind for kind in KINDS if kind in known)


def _refuse_words(reason: str) -> None:
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise BlockRefused(
            f"Vui lòng nêu lý do, từ {SHORTEST_REASON} đến {LONGEST_REASON} ký tự; người gửi sẽ đọc lý do này.",
            f"Please give the reason, {SHORTEST_REASON} to {LONGEST_REASON} characters; the sender will read it.",
            about="reason",
        )


def _known_of(report: Report) -> list[tuple[str, str]]:
    """Everything by which the report's sender can be recognised without opening their identity.

    A contact counts only where it was proven: otherwise somebody could type a stranger's number and get the stranger blocked.
    """
    reporter = report.reporter
    found = [("device", str(report.device_id))] if report.device_id is not None else []
    if reporter is None:
        return found
    digests = set[tuple[str, str | None]]()
    if reporter.verified_contact is not None and reporter.contact_verified_at is not None:
        digests.add((reporter.verified_contact, reporter.phone_digest if reporter.verified_contact == "phone" else reporter.email_digest))
    if reporter.account is not None:
        found.append(("account", str(reporter.account.id)))
        digests |= set(_proven_of(reporter.account))
    return found + sorted((kind, digest) for kind, digest in digests if digest is not None)


def _proven_of(account: Account) -> list[tuple[str, str]]:
    """The contacts the account has proven; one it only claims may be another person's."""
    proven = (("phone", account.phone_digest, account.phone_verified_at), ("email", account.email_digest, account.email_verified_at))
    return [(kind, digest) for kind, digest, proven_at in proven if digest is not None and proven_at is not None]


def _subjects_of(contact: Contact | None, account: Account | None, device: Device | None) -> list[tuple[str, str]]:
    found = set()
    if account is not None:
        found.add(("account", str(account.id)))
        found |= set(_proven_of(account))
    if device is not None:
        found.add(("device", str(device.id)))
    if contact is not None and contact.phone:
        found.add(("phone", lookup_digest(contact.phone, purpose=PHONE_PURPOSE)))
    if contact is not None and contact.email:
        found.add(("email", lookup_digest(contact.email, purpose=EMAIL_PURPOSE)))
    return sorted(found)


def _within_sight(by: Actor) -> ColumnElement[bool]:
    centres = {grant.centre_id for grant in by.grants if grant.role is Role.OPS_LEAD}
    is_apart = exists().where(
        CaseReport.report_id == BlockedSender.report_id, CaseReport.left_at.is_(None), Case.id == CaseReport.case_id,
        Case.quarantined_at.is_not(None),
    )  # fmt: skip
    return BlockedSender.centre_id.in_(centres) & ~is_apart


def _in_force(now: datetime) -> ColumnElement[bool]:
    return BlockedSender.lifted_at.is_(None) & (BlockedSender.until > now)


def _rows(*which: ColumnElement[bool], most: int = 100) -> list[BlockedSender]:
    query = select(BlockedSender).where(*which).order_by(BlockedSender.blocked_at.desc(), BlockedSender.id).limit(most)
    return list(db.session.scalars(query.options(joinedload(BlockedSender.report).joinedload(Report.reporter))))


def _blocks(rows: Sequence[BlockedSender]) -> list[Block]:
    """The rows grouped by act: those with the same report and moment."""
    acts: dict[tuple[int, datetime], list[BlockedSender]] = {}
    for row in rows:
        acts.setdefault((row.report_id, row.blocked_at), []).append(row)
    names = _names({row.blocked_by_id for row in rows})
    return [
        Block(
            ref=first.ref, report=first.report, reason=first.reason, blocked_at=first.blocked_at, until=first.until,
            kinds=tuple(kind for kind in KINDS if any(row.kind == kind for row in act)), by=names.get(first.blocked_by_id, ""),
        )
        for act in acts.values() for first in act[:1]
    ]  # fmt: skip


def _names(account_ids: Collection[int]) -> dict[int, str]:
    if not account_ids:
        return {}
    rows = db.session.execute(select(Account.id, Account.full_name).where(Account.id.in_(account_ids)))
    return {id_: name or "" for id_, name in rows}


def _last_day(until: datetime) -> date:
    return (until - timedelta(microseconds=1)).astimezone(LOCAL_ZONE).date()


def _blocked(until: datetime, reason: str, centre: Centre) -> SenderBlocked:
    day = f"{_last_day(until):%d/%m/%Y}"
    why_vi = f" Lý do: {reason.rstrip('.')}." if reason else " Lý do ghi trên trang theo dõi phản ánh đã gửi."
    why_en = f" Reason: {reason.rstrip('.')}." if reason else " The reason is on the page of the report that was sent."
    phone_vi = f" hoặc tổng đài của Trung tâm {centre.phone}" if centre.phone else ""
    phone_en = f" or the centre's hotline {centre.phone}" if centre.phone else ""
    return SenderBlocked(
        f"Trung tâm tạm không nhận phản ánh mới của Ông/Bà đến hết ngày {day}.{why_vi} Những phản ánh đã gửi vẫn được xử lý và Ông/Bà vẫn "
        f"theo dõi được. Nếu đang có nguy hiểm, vui lòng gọi ngay 113, 114, 115{phone_vi}.",
        f"The centre takes no new reports from you until the end of {day}.{why_en} What you have sent is still handled and you can follow "
        f"it. If there is danger now, please call 113, 114, 115{phone_en} at once.",
    )

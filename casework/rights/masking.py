"""Erasing the senders of long closed cases, and unused accounts, under the retention rule.

The case keeps its words, figures and history; erased are the sealed name and contact, the link to an account, and copies of them
elsewhere. Some are exempt: a quarantined case or one still open to an objection, one with a pending data request, a blocked sender, an
account with restricted processing. Source: rules.md, section 2; Law 91/2025/QH15 on keeping data no longer than needed.
"""

from calendar import monthrange
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, delete, exists, select, tuple_, update

from casework.cases import lock_free_cases
from casework.contacts.report_links import newest_links
from casework.db import db, unit_of_work
from casework.erasure.reasons_to_look import erase_reasons_to_look
from casework.events import append, record
from casework.local_time import LOCAL_ZONE
from casework.messages.recipients import recipient_of
from casework.models import (
    Account,
    BlockedSender,
    Case,
    DataRequest,
    Follower,
    LoginSession,
    Report,
    Reporter,
)
from casework.outbox import tell_of_account
from casework.permissions import SYSTEM
from casework.rights.erasing_people import erase_account, forget_sender, has_ended
from casework.rights.requests import account_stream
from casework.sentences import for_the_centre
from casework.setting_values import value_of
from casework.states import ENDED_STATES
from casework.upkeep.batches import OneByOne
from casework.verbs import NO_KIND, Verb

Mark = tuple[datetime, int]
"""When the last case examined was closed, and its id."""

JOB = "mask_old_identities"
TOGETHER = 20
"""Cases or accounts of one unit of work: each case is locked, and nobody at work should wait longer."""
MOST_AT_ONCE = 20_000
"""Cases examined in one run; the next one continues with the oldest left."""
TOLD_BEFORE = timedelta(days=30)
"""How long before its erasure the owner of an unused account is told."""


def mask_old_identities(now: datetime) -> int:
    """Erase what is old under the rule; returns how many senders and accounts. A job.

    After a kill the next run continues; parallel workers take different cases. A case or account that fails does not hold up the others.
    Raises the first failure at the end: the run has failed.
    """
    work, number = OneByOne(JOB), 0
    for forget in (mask_senders, erase_unused_accounts):
        with work.each():
            number += forget(now, work)
    work.end()
    return number


def mask_senders(now: datetime, work: OneByOne) -> int:
    """Erase the senders of cases closed more than `mask_identity_months` ago (a setting); returns how many reports."""
    months = value_of("mask_identity_months")
    if not months:
        return 0
    before, masked, looked = months_before(now, months), 0, 0

    def mask(case_ids: Sequence[int]) -> int:
        with unit_of_work():
            cases = lock_free_cases(case_ids)
            return sum(_mask(case, now) for case in cases if _is_due(case, before) and not _is_held(case, now))

    mark: Mark | None = None
    while looked < MOST_AT_ONCE and (rows := _due(before, mark)):
        masked += work.together([row.id for row in rows], mask, kind="case")[0]
        looked, mark = looked + len(rows), (rows[-1].closed_at, rows[-1].id)
    return masked


def erase_unused_accounts(now: datetime, work: OneByOne) -> int:
    """Erase citizens' accounts that have no report and were not used for `unused_account_months`; returns how many.

    Reachable owners are told TOLD_BEFORE the erasure; signing in meanwhile keeps the account.
    """
    months = value_of("unused_account_months")
    if not months:
        return 0
    before, erased, after = months_before(now, months), 0, 0

    def erase(account_ids: Sequence[int]) -> int:
        with unit_of_work():
            return sum(_erase_or_tell(account_id, before, now) for account_id in account_ids)

    while ids := _unused(before, after):
        erased += work.together(ids, erase, kind="account")[0]
        after = ids[-1]
    return erased


def months_before(now: datetime, months: int) -> datetime:
    """The same local day and time some months earlier, or the last day of that month."""
    local = now.astimezone(LOCAL_ZONE)
    year, month = divmod(local.year * 12 + local.month - 1 - months, 12)
    return local.replace(year=year, month=month + 1, day=min(local.day, monthrange(year, month + 1)[1]))


def _due(before: datetime, mark: Mark | None) -> list[Any]:
    query = select(Case.id, Case.closed_at).where(
        Case.closed_at.is_not(None), Case.masked_at.is_(None), Case.quarantined_at.is_(None), Case.closed_at < before
    )
    if mark is not None:
        query = query.where(tuple_(Case.closed_at, Case.id) > tuple_(*mark))
    rows = db.session.execute(query.order_by(Case.closed_at, Case.id).limit(TOGETHER)).all()
    db.session.rollback()
    return list(rows)


def _is_due(case: Case, before: datetime) -> bool:
    """Checked again under the lock: the case may have been reopened, quarantined, or done by another worker."""
    is_open = case.masked_at is None and case.quarantined_at is None
    return is_open and case.state in ENDED_STATES and case.closed_at is not None and case.closed_at < before


def _reports(case: Case) -> list[Report]:
    """The reports that are only here: those now in another case, or in one they were merged into, belong to that one."""
    links = newest_links([link.report_id for link in case.reports])
    return [link.report for link in case.reports if links[link.report_id].id == link.id]


def _is_held(case: Case, now: datetime) -> bool:
    reports = _reports(case)
    links = newest_links([report.id for report in reports])
    if not all(has_ended(link, now) for link in links.values()):
        return True
    ids = [report.id for report in reports]
    accounts = [report.reporter.account_id for report in reports if report.reporter is not None and report.reporter.account_id is not None]
    asked = DataRequest.done_at.is_(None) & (DataRequest.report_id.in_(ids) | DataRequest.account_id.in_(accounts))
    is_blocked = BlockedSender.report_id.in_(ids) & BlockedSender.lifted_at.is_(None) & (BlockedSender.until > now)
    return bool(db.session.scalar(select(exists().where(asked) | exists().where(is_blocked))))


@Verb(
    "mask_identity", None, kinds=NO_KIND,
    staff=for_the_centre("Đã xóa thông tin người gửi vì hồ sơ kết thúc từ lâu", "Who sent it was erased, since the case closed long ago"),
)  # fmt: skip
def _mask(case: Case, now: datetime) -> int:
    reports = [report for report in _reports(case) if report.reporter is not None and _tells_who(report.reporter)]
    case.masked_at = now
    if not reports:
        return 0
    ids = [report.id for report in reports]
    for report in reports:
        if report.reporter is not None:
            forget_sender(report.reporter, at=now)
        report.device_id = None
    # data requests hold the contact that was to replace these data
    db.session.execute(update(DataRequest).where(DataRequest.report_id.in_(ids)).values(sealed_words=None, sealed_reply=None))
    db.session.execute(delete(BlockedSender).where(BlockedSender.report_id.in_(ids)))
    erase_reasons_to_look(reports, at=now)
    record(case, "mask_identity", by=SYSTEM, at=now, reports=len(reports))
    return len(reports)


def _tells_who(reporter: Reporter) -> bool:
    return any(
        value is not None for value in (reporter.sealed_identity, reporter.account_id, reporter.phone_digest, reporter.email_digest)
    )


def _not_used(before: datetime) -> Select[int]:
    """Citizens' accounts not used since `before`, without a report, an open data request, a restriction or a followed case.

    Somebody who follows a case waits for news of it.
    """
    used = exists().where(LoginSession.account_id == Account.id, LoginSession.last_seen_at >= before)
    sent = exists().where(Reporter.account_id == Account.id)
    asked = exists().where(DataRequest.account_id == Account.id, DataRequest.done_at.is_(None))
    follows = exists().where(Follower.account_id == Account.id, Follower.ended_at.is_(None))
    return select(Account.id).where(
        Account.kind == "citizen", Account.sealed_identity.is_not(None), Account.restricted_at.is_(None), Account.created_at < before,
        ~used, ~sent, ~asked, ~follows,
    )  # fmt: skip


def _unused(before: datetime, after: int) -> list[int]:
    ids = list(db.session.scalars(_not_used(before).where(Account.id > after).order_by(Account.id).limit(TOGETHER)))
    db.session.rollback()
    return ids


def _erase_or_tell(account_id: int, before: datetime, now: datetime) -> int:
    """Under its lock, erase the account or first tell its owner; returns 1 where it was erased."""
    account = db.session.get_one(Account, account_id, with_for_update=True, populate_existing=True)
    if db.session.scalar(_not_used(before).where(Account.id == account_id)) is None:
        return 0
    told = account.erasure_told_at
    if told is not None and db.session.scalar(select(exists().where(
            LoginSession.account_id == account_id, LoginSession.last_seen_at > told))):  # fmt: skip
        told = None
    recipient = recipient_of(f"account:{account_id}")
    if told is None and recipient is not None and recipient.is_open and recipient.reached:
        account.erasure_told_at = now
        tell_of_account(account_id, "account_unused", at=now, due_at=(now + TOLD_BEFORE).isoformat())
        return 0
    if told is not None and now < told + TOLD_BEFORE:
        return 0
    append(account_stream(account), "erase_unused_account", by=SYSTEM, at=now, payload={})
    erase_account(account, at=now)
    return 1

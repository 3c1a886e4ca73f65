"""Who may answer where: one address for each report, while its case is open and ANSWERED_WITHIN after."""

import secrets
import string
from datetime import datetime, timedelta

from sqlalchemy import delete, select

from casework.contacts.report_links import case_of, links_of
from casework.db import db, inserting
from casework.models import Case, CaseReport, Delivery, ReplyAddress, Report
from casework.sealing.seal import lookup_digest
from casework.states import ENDED_STATES

ANSWERED_WITHIN = timedelta(days=30)
"""After the end of a case an address still leads to it; what comes then waits for a person."""

TOGETHER = 500
SIGNS = string.ascii_lowercase + string.digits
LENGTH = 22
TOKEN_PURPOSE, DIGEST_PURPOSE = "reply address", "token of a reply address"
SENDER = "reporter:"


def token_for(recipient: str, *, now: datetime) -> str | None:
    """The token by which a recipient of our letters answers. Makes the address at the first letter.

    None for whoever did not send a report, asked to restrict processing, or sent one that takes nothing more.
    """
    if not recipient.startswith(SENDER):
        return None
    report = db.session.scalar(select(Report).where(Report.reporter_id == int(recipient.removeprefix(SENDER))).limit(1))
    if report is None or not takes_more(report):
        return None
    table = ReplyAddress.__table__
    salt = secrets.token_hex(8)
    row = {"report_id": report.id, "salt": salt, "digest": _digest(_token(report.id, salt)), "made_at": now}
    db.session.execute(inserting(table).values(row).on_conflict_do_nothing(index_elements=["report_id"]))
    address = db.session.scalars(select(ReplyAddress).where(ReplyAddress.report_id == report.id)).one()
    token = _token(report.id, address.salt)
    address.digest = _digest(token)  # another one after a change of the installation's lookup key
    return token


def report_answered(token: str, *, now: datetime) -> Report | None:
    """The report whose sender was given this token, while it counts."""
    report = db.session.scalar(
        select(Report).join(ReplyAddress, ReplyAddress.report_id == Report.id).where(ReplyAddress.digest == _digest(token))
    )
    return report if report is not None and counts(case_of(report), now) else None


def report_quoted(message_ids: tuple[str, ...], *, now: datetime) -> Report | None:
    """The one report about which we wrote these letters to its sender; None where they are none of ours, or about several."""
    if not message_ids:
        return None
    query = select(Delivery.recipient).where(Delivery.gateway_ref.in_(message_ids[:20]), Delivery.channel == "email").distinct()
    told = list(db.session.scalars(query.limit(2)))
    if len(told) != 1 or not told[0].startswith(SENDER):
        return None
    report = db.session.scalar(select(Report).where(Report.reporter_id == int(told[0].removeprefix(SENDER))).limit(1))
    return report if report is not None and counts(case_of(report), now) else None


def takes_more(report: Report) -> bool:
    """Whether what the sender writes can still be added to the report: as on their own page, and while nothing about them is restricted."""
    links = links_of(report)
    if report.reporter is None or report.reporter.is_restricted or not links or links[-1].left_at is not None:
        return False
    case = links[-1].case
    return case.quarantined_at is None and case.state not in ENDED_STATES


def counts(case: Case, now: datetime) -> bool:
    """Whether the addresses of this case still count."""
    return case.closed_at is None or now < case.closed_at + ANSWERED_WITHIN


def forget_old_addresses(now: datetime) -> None:
    """Delete the addresses that count no more, at most TOGETHER."""
    is_open = select(CaseReport.id).join(Case, Case.id == CaseReport.case_id).where(
        CaseReport.report_id == ReplyAddress.report_id, Case.closed_at.is_(None) | (Case.closed_at > now - ANSWERED_WITHIN)
    )  # fmt: skip
    over = select(ReplyAddress.id).where(ReplyAddress.made_at < now - ANSWERED_WITHIN, ~is_open.exists())
    ids = list(db.session.scalars(over.limit(TOGETHER)))
    if ids:
        db.session.execute(delete(ReplyAddress).where(ReplyAddress.id.in_(ids)))


def _token(report_id: int, salt: str) -> str:
    number = int(lookup_digest(f"{report_id} {salt}", purpose=TOKEN_PURPOSE), 16)
    found = ""
    for _ in range(LENGTH):
        number, rest = divmod(number, len(SIGNS))
        found += SIGNS[rest]
    return found


def _digest(token: str) -> str:
    return lookup_digest(token, purpose=DIGEST_PURPOSE)

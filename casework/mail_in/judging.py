"""What becomes of a letter: whose report it adds to, or why a person has to look at it."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from casework.mail_in.addresses import report_answered, report_quoted
from casework.mail_in.bounces import Bounce, bounce_of
from casework.mail_in.proof import is_proven
from casework.mail_in.reading import Letter
from casework.mail_in.reply_addresses import tokens_of
from casework.messages.recipients import email_digests_of
from casework.messages.undelivered import come_back
from casework.models import Report
from casework.privacy.identity import EMAIL_PURPOSE
from casework.sealing.seal import lookup_digest

MOST_RETURNED = 10


@dataclass(frozen=True, slots=True)
class Verdict:
    """`state` as of IncomingLetter; "taken" means that the letter may be added to the report, which somebody has still to do."""

    state: str
    why: str | None = None
    report_id: int | None = None


def judge(letter: Letter, *, mailbox: str, server: str, now: datetime) -> Verdict:
    """Whose letter it is. It is taken only where its address and its sender are of one report, and our server vouches for the sender.

    `server` is the name under which our mail server writes Authentication-Results. Reads only.
    """
    if bounce_of(letter) is not None:
        return Verdict("bounce")
    if letter.by_machine:
        return Verdict("machine")
    report = _report_of(letter, mailbox, now)
    if report is None:
        return Verdict("unclear", "address")
    if not is_proven(letter, server=server):
        return Verdict("unclear", "unproven", report.id)
    known = email_digests_of(f"reporter:{report.reporter_id}")
    if lookup_digest(letter.sender, purpose=EMAIL_PURPOSE) not in known:
        return Verdict("unclear", "sender", report.id)
    return Verdict("taken", None, report.id)


def take_bounce(letter: Letter, *, now: datetime, configured: Collection[str]) -> bool:
    """Believe a notice that names a letter of ours and the address it went to. Returns whether it does."""
    bounce = bounce_of(letter)
    if bounce is None:
        return False
    digests = [lookup_digest(address, purpose=EMAIL_PURPOSE) for address in bounce.addresses]
    taken = [_comes_back(bounce, each, digests, now, configured) for each in bounce.letters[:MOST_RETURNED]]
    return any(taken)


def _comes_back(bounce: Bounce, message_id: str, digests: list[str], now: datetime, configured: Collection[str]) -> bool:
    return come_back(message_id, digests=digests, status=bounce.status, now=now, configured=configured)


def _report_of(letter: Letter, mailbox: str, now: datetime) -> Report | None:
    tokens = tokens_of(letter, mailbox=mailbox)
    if len(tokens) == 1:
        return report_answered(tokens.pop(), now=now)
    return report_quoted(letter.answers, now=now) if not tokens else None

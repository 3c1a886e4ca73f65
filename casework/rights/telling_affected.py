"""Telling the people a breach affects: a message that says no more than that there is something to read, and the notice on their page."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Breach, BreachSubject, OutboxMessage, Report, Reporter
from casework.outbox import tell_of_breach
from casework.permissions import Actor
from casework.rights.affected import without_those_apart
from casework.rights.breaches import BreachRefused, record_breach, refuse_closed
from casework.rights.requests import Person, reports_of_account

TEMPLATE = "data_breach"
TOLD_AT_ONCE = 2_000
"""Affected a press of the button writes to; whoever pressed it goes on by pressing it again."""
MOST_SHOWN = 20
MOST_REPORTS = 200


@dataclass(frozen=True, slots=True)
class Told:
    """How many were written to, how many there is no way to, and whether some are left for the next time."""

    people: int
    unreachable: int
    has_more: bool


def tell_affected(breach: Breach, *, by: Actor, now: datetime) -> Told:
    """Write to the next TOLD_AT_ONCE who were not written to yet, each person once however many reports are theirs.

    Records `tell_affected` with numbers alone. Raises NotAllowed, BreachRefused where the breach is closed or nobody is left.
    """
    refuse_closed(breach, by=by)
    untold = select(BreachSubject).where(BreachSubject.breach_id == breach.id, BreachSubject.told.is_(None), without_those_apart())
    untold = untold.options(joinedload(BreachSubject.report).joinedload(Report.reporter).joinedload(Reporter.account))
    found = list(db.session.scalars(untold.order_by(BreachSubject.id).limit(TOLD_AT_ONCE + 1)))
    if not found:
        raise BreachRefused("Không còn ai chưa được báo.", "Nobody is left to be told.")
    subjects = found[:TOLD_AT_ONCE]
    keys = {subject.id: _recipient(subject) for subject in subjects}
    known = _told_before(breach, [key for key in keys.values() if key])
    written = 0
    for subject in subjects:
        key = keys[subject.id]
        subject.told, subject.told_at = key is not None, now if key is not None else None
        if key is not None and key not in known:
            known.add(key)
            written += 1
            # who has no account reads it on the page of their report
            guest = subject.report if key.startswith("reporter:") else None
            tell_of_breach(key, TEMPLATE, breach=breach.ref, at=now, **({"code": guest.code} if guest is not None else {}))
    unreachable = sum(key is None for key in keys.values())
    record_breach(breach, "tell_affected", by=by, at=now, people=written, unreachable=unreachable)
    db.session.flush()
    return Told(written, unreachable, len(found) > TOLD_AT_ONCE)


def breaches_told(person: Person) -> list[Breach]:
    """The breaches of which somebody was told, or would have been if there were a way, the newest first: for their own page."""
    reports = [person.report] if person.report is not None else []
    of_person = []
    if person.account is not None:
        reports = reports_of_account(person.account.id)[-MOST_REPORTS:]
        of_person.append(BreachSubject.account_id == person.account.id)
    of_person.append(BreachSubject.report_id.in_([report.id for report in reports]))
    ids = select(BreachSubject.breach_id).where(or_(*of_person), BreachSubject.told.is_not(None), without_those_apart())
    return list(db.session.scalars(select(Breach).where(Breach.id.in_(ids)).order_by(Breach.id.desc()).limit(MOST_SHOWN)))


def _recipient(subject: BreachSubject) -> str | None:
    """Whom a message goes to: the account where there is one, else the sender as they gave themselves; None where nothing leads to them."""
    if subject.account_id is not None:
        return f"account:{subject.account_id}"
    reporter = subject.report.reporter if subject.report is not None else None
    if reporter is None or not reporter.can_be_told:
        return None
    return f"account:{reporter.account_id}" if reporter.account_id is not None else f"reporter:{reporter.id}"


def _told_before(breach: Breach, keys: Sequence[str]) -> set[str]:
    begin = f"{TEMPLATE}:{breach.ref}:"
    query = select(OutboxMessage.dedupe_key).where(OutboxMessage.dedupe_key.in_([begin + key for key in keys]))
    return {key.removeprefix(begin) for key in db.session.scalars(query)}

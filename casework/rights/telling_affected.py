"""Telling the people a breach affects: a message that says only that there is something to read, and the notice on their page.

The handler of the breach decides that those found so far are told; the job writes to them in batches. The decision is the event
`tell_affected` with the last search it covers: people found later need another one.
"""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import joinedload

from casework.db import db, unit_of_work
from casework.db_errors import is_lock_timeout
from casework.models import Breach, BreachSubject, Event, OutboxMessage, Report, Reporter
from casework.outbox import tell_of_breach
from casework.permissions import SYSTEM, Actor
from casework.rights.affected import without_those_apart
from casework.rights.breaches import BreachRefused, breach_stream, lock_breach, record_breach, refuse_closed
from casework.rights.requests import Person, reports_of_account

TEMPLATE = "data_breach"
JOB = "write_to_affected"
PART = 500
"""Affected subjects one unit of work writes to: it locks the breach, and nobody should wait longer."""
MOST_PARTS = 20
"""Batches of one breach in one run; the next run continues."""
MOST_SHOWN = 20
MOST_REPORTS = 200


def tell_affected(breach: Breach, *, by: Actor, now: datetime) -> int:
    """Decide that everybody found so far and not told yet is told; the job does it. Returns how many reports and accounts these are.

    Records `tell_affected` with numbers alone. Raises NotAllowed, BreachRefused where the breach is closed or nobody is left.
    """
    refuse_closed(breach, by=by)
    number = _count(_untold(breach).where(BreachSubject.search_id > _decided(breach)))
    if not number:
        raise BreachRefused("Không còn ai chưa được báo.", "Nobody is left to be told.")
    record_breach(breach, "tell_affected", by=by, at=now, affected=number, up_to=max(search.id for search in breach.searches))
    return number


def waiting_to_be_told(breach: Breach) -> int:
    """How many reports and accounts are decided on and still waiting for the job."""
    return _count(_untold(breach).where(BreachSubject.search_id <= _decided(breach)))


def write_to_affected(now: datetime) -> int:
    """Write to the people decided on, each person once; returns how many. A job.

    A breach that fails does not hold up the others. Raises the first failure at the end: the run has failed.
    """
    written, fault = 0, None
    for breach_id in _begun():
        try:
            for _ in range(MOST_PARTS):
                with unit_of_work():
                    people = _write_part(lock_breach(breach_id), now)
                if people is None:
                    break
                written += people
        except Exception as error:
            if not (isinstance(error, DBAPIError) and is_lock_timeout(error)):  # a search is adding people just now: next run
                fault = fault or error
    if fault is not None:
        raise fault
    return written


def _begun() -> list[int]:
    """Breaches with somebody waiting, found by reading only, so that an idle installation writes nothing.

    One index look-up per breach, of which there are few; more is read only for those decided on.
    """
    found, after = list[int](), 0
    waits = select(BreachSubject.breach_id).where(BreachSubject.told.is_(None)).order_by(BreachSubject.breach_id).limit(1)
    while (breach_id := db.session.scalar(waits.where(BreachSubject.breach_id > after))) is not None:
        after = breach_id
        breach = db.session.get_one(Breach, breach_id)
        if _decided(breach) and _some_of(breach, 1):
            found.append(breach_id)
    return found


def _write_part(breach: Breach, now: datetime) -> int | None:
    """Write to the next PART of them, each person once however many reports they sent; None where nobody waits any more.

    Records `write_to_affected` with numbers alone.
    """
    subjects = _some_of(breach, PART)
    if not subjects:
        return None
    keys = {subject.id: _recipient(subject) for subject in subjects}
    known = _told_before(breach, [key for key in keys.values() if key])
    written = 0
    for subject in subjects:
        key = keys[subject.id]
        subject.told, subject.told_at = key is not None, now if key is not None else None
        if key is not None and key not in known:
            known.add(key)
            written += 1
            # a person without an account reads it on the page of their report
            guest = subject.report if key.startswith("reporter:") else None
            tell_of_breach(key, TEMPLATE, breach=breach.ref, at=now, **({"code": guest.code} if guest is not None else {}))
    record_breach(breach, "write_to_affected", by=SYSTEM, at=now, people=written, unreachable=sum(key is None for key in keys.values()))
    db.session.flush()
    return written


def _some_of(breach: Breach, number: int) -> list[BreachSubject]:
    query = _untold(breach).where(BreachSubject.search_id <= _decided(breach))
    query = query.order_by(BreachSubject.breach_id, BreachSubject.id).limit(number)
    query = query.options(joinedload(BreachSubject.report).joinedload(Report.reporter).joinedload(Reporter.account))
    return list(db.session.scalars(query))


def _untold(breach: Breach) -> Select[BreachSubject]:
    # a range of one: for ranges SQLite uses the index of the untold, for a single value that of all, most of them told long ago
    is_its = BreachSubject.breach_id.between(breach.id, breach.id)
    return select(BreachSubject).where(is_its, BreachSubject.told.is_(None), without_those_apart())


def _count(query: Select[BreachSubject]) -> int:
    return db.session.scalar(query.with_only_columns(func.count())) or 0


def _decided(breach: Breach) -> int:
    """The last search whose affected people are to be told; 0 without a decision. Older versions wrote at once and recorded none."""
    query = select(Event.payload).where(Event.stream == breach_stream(breach), Event.type == "tell_affected")
    return int((db.session.scalar(query.order_by(Event.seq.desc()).limit(1)) or {}).get("up_to", 0))


def breaches_told(person: Person) -> list[Breach]:
    """The breaches a person was told of, or would have been if reachable, newest first: for their own page."""
    reports = [person.report] if person.report is not None else []
    of_person = []
    if person.account is not None:
        reports = reports_of_account(person.account.id)[-MOST_REPORTS:]
        of_person.append(BreachSubject.account_id == person.account.id)
    of_person.append(BreachSubject.report_id.in_([report.id for report in reports]))
    ids = select(BreachSubject.breach_id).where(or_(*of_person), BreachSubject.told.is_not(None), without_those_apart())
    return list(db.session.scalars(select(Breach).where(Breach.id.in_(ids)).order_by(Breach.id.desc()).limit(MOST_SHOWN)))


def _recipient(subject: BreachSubject) -> str | None:
    """The recipient of the message: the account, or else the sender as given on the form; None where no channel reaches them."""
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

"""The morning digest: one letter to each person on each day the offices open, listing what waits for them.

It is planned here as a delivery without words; its content is counted when it is sent (workflows.desks.digests), so that it is current,
and a letter held up by an outage describes the day it is sent. People who are told of everything at once get only the morning's
reminders, collected from all their inboxes.
"""

from collections.abc import Collection, Iterable
from datetime import date, datetime

from sqlalchemy import ColumnElement, Select, String, and_, cast, func, literal, or_, select
from sqlalchemy.dialects import postgresql, sqlite

from casework.calendars import calendar_of
from casework.db import db, unit_of_work
from casework.local_time import LOCAL_ZONE, local_day
from casework.messages.choices import STAFF_TAKES
from casework.messages.push_subscriptions import is_told_in_browser
from casework.models import Account, Agency, Delivery, Membership, MessageChoice, OutboxMessage
from casework.outbox import LETTER
from casework.working_time import Calendar

DIGEST = "morning_digest"
"""The template of the deliveries planned here."""

WHOLE, REMINDERS = "whole", "reminders"
"""The content of a letter, in its parameters as `of`: everything that waits, or the morning's reminders."""

BATCH = 100


def plan_digests(now: datetime, limit: int = BATCH, *, configured: Collection[str]) -> int:
    """Plan this morning's letters for everybody without one; returns how many people were looked at.

    From the opening of a centre's offices until they close, on days they open: a missed morning is not made up for. Any number of workers
    may run this in parallel; a person's letter of a day has a unique key.
    """
    open_now = [centre_id for centre_id in _centres_with_staff() if _is_open_day(calendar_of(centre_id), now)]
    if not open_now or not {"email", "push"} & set(configured):
        return 0
    today = local_day(now)
    query = _without_letter(open_now, today, configured).limit(limit)
    if not (found := list(db.session.execute(query))):
        return 0
    with unit_of_work():
        for account_id, by_mail, told_by_mail, told_by_push in found:
            ways = [("email", WHOLE if by_mail == "digest" else REMINDERS)] if told_by_mail else []
            _put(account_id, [*ways, ("push", REMINDERS)] if told_by_push else ways, today, now)
    return len(found)


def letter_codes(desks: Iterable[str], now: datetime) -> list[str]:
    """The codes in this morning's reminders of some inboxes, each once, in order."""
    today = local_day(now).isoformat()
    keys = [f"letter:{desk}:{today}" for desk in desks]
    query = select(OutboxMessage.parameters).where(OutboxMessage.dedupe_key.in_(keys), OutboxMessage.template == LETTER)
    query = query.where(OutboxMessage.due_at <= now, OutboxMessage.dropped_at.is_(None)).order_by(OutboxMessage.id)
    return list(dict.fromkeys(code for parameters in db.session.scalars(query) for code in parameters.get("codes", ())))


def letter_before(account_id: int, now: datetime) -> datetime | None:
    """When the person's previous letter was planned."""
    before = select(func.max(Delivery.created_at)).where(Delivery.recipient == f"account:{account_id}", Delivery.template == DIGEST)
    return db.session.scalar(before.where(Delivery.created_at < _midnight(now)))


def _midnight(now: datetime) -> datetime:
    return now.astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)


def _centres_with_staff() -> list[int | None]:
    """The centres in which staff work, by role or agency; None for roles of the installation."""
    own = select(Membership.centre_id).where(Membership.agency_id.is_(None)).distinct()
    of_agencies = select(Agency.centre_id).where(Agency.id.in_(select(Membership.agency_id).distinct())).distinct()
    return sorted({*db.session.scalars(own), *db.session.scalars(of_agencies)}, key=lambda id_: id_ or 0)


def _is_open_day(calendar: Calendar, now: datetime) -> bool:
    """Whether the offices have opened today and not yet closed."""
    hours = calendar.hours_of(calendar.day_of(now))
    return bool(hours) and hours[0][0] <= now < hours[-1][1]


def _without_letter(centre_ids: Collection[int | None], today: date, configured: Collection[str]) -> Select[int, str, bool, bool]:
    """Staff of some centres who are told in the morning and have no letter that day, with their e-mail choice and channels."""
    by_mail, no = _choice("email"), literal(False)
    told_by_mail = and_(Account.email.is_not(None), by_mail.in_(("digest", "all"))) if "email" in configured else no
    told_by_push = and_(is_told_in_browser(Account.id), _choice("push") == "all") if "push" in configured else no
    key = literal("digest:") + cast(Account.id, String) + literal(f":{today.isoformat()}")
    return (
        select(Account.id, by_mail, told_by_mail, told_by_push)
        .where(Account.kind == "staff", Account.disabled_at.is_(None), or_(told_by_mail, told_by_push))
        .where(select(Membership.id).where(_works_in(centre_ids, today)).exists())
        .where(~select(Delivery.id).where(Delivery.dedupe_key == key).exists())
        .order_by(Account.id)
    )


def _choice(channel: str) -> ColumnElement[str]:
    chosen = select(MessageChoice.takes).where(MessageChoice.account_id == Account.id, MessageChoice.channel == channel)
    return func.coalesce(chosen.scalar_subquery(), literal(STAFF_TAKES[channel]))


def _works_in(centre_ids: Collection[int | None], today: date) -> ColumnElement[bool]:
    """The condition that the person holds a role in the centre or one of its agencies today."""
    numbers = [id_ for id_ in centre_ids if id_ is not None]
    of_agency = Membership.agency_id.in_(select(Agency.id).where(Agency.centre_id.in_(numbers)))
    of_centre = and_(Membership.agency_id.is_(None), Membership.centre_id.in_(numbers))
    of_house = and_(Membership.agency_id.is_(None), Membership.centre_id.is_(None)) if None in centre_ids else literal(False)
    holds = and_(Membership.valid_from <= today, or_(Membership.valid_to.is_(None), Membership.valid_to > today))
    return and_(Membership.account_id == Account.id, holds, or_(of_agency, of_centre, of_house))


def _put(account_id: int, ways: Iterable[tuple[str, str]], today: date, now: datetime) -> None:
    """Plan the letter, unless another worker has just done so. The delivery of the first channel has the unique key."""
    insert = sqlite.insert if db.session.get_bind().dialect.name == "sqlite" else postgresql.insert
    key = f"digest:{account_id}:{today.isoformat()}"
    for number, (channel, of) in enumerate(ways):
        row = insert(Delivery).values(
            recipient=f"account:{account_id}", channel=channel, template=DIGEST, parameters={"of": of},
            dedupe_key=f"{key}:{channel}" if number else key, created_at=now, due_at=now,
        )  # fmt: skip
        db.session.execute(row.on_conflict_do_nothing(index_elements=[Delivery.dedupe_key]))

"""Routing: deciding who is told of a message by which channel. Outbox rows become deliveries, one per person and channel.

The notice on a page is written with the act; everybody else to tell is decided here, after the commit, from the people at a desk now and
their choices. Nothing is sent here.
"""

import logging
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime

from sqlalchemy import Select, func, select, update
from sqlalchemy import case as sql_case
from sqlalchemy.exc import OperationalError

from casework.db import db, unit_of_work
from casework.messages import reasons
from casework.messages.desks import readers_of
from casework.messages.pacing import is_too_old
from casework.messages.quiet import quiet_until
from casework.messages.recipients import Recipient, recipients_of
from casework.messages.rendering import carried_by_zns
from casework.messages.urgency import is_urgent
from casework.models import Case, Delivery, Event, OutboxMessage
from casework.outbox import LETTER

LOGGER = logging.getLogger("langbiang.messages")

DESK = "desk:"
ROUTER_LOCK = 0x6D657373
"""PostgreSQL's advisory lock that lets one worker route at a time."""


def route_messages(now: datetime, limit: int = 100, *, configured: Collection[str]) -> int:
    """Route at most `limit` due messages and return how many; a job, run by any number of workers.

    One unit of work: a message is marked as routed together with its deliveries, so that a crash makes none twice and loses none. One
    worker routes at a time, so that deliveries have the order of the messages; another finds nothing to do. Channels not in `configured`
    get no delivery, now or later.
    """
    if db.session.scalar(_unrouted(now).with_only_columns(OutboxMessage.id).limit(1)) is None:
        return 0
    with unit_of_work():
        query = _unrouted(now).limit(limit)
        if db.session.get_bind().dialect.name != "sqlite":
            if not db.session.scalar(select(func.pg_try_advisory_xact_lock(ROUTER_LOCK))):
                return 0
            # a message an act is changing at this moment is left for the next run
            query = query.with_for_update(skip_locked=True)
        messages = list(db.session.scalars(query))
        for message in messages:
            message.routed_at = now
        if configured:
            # a morning's letters are sent as one, combined for each person (casework.messages.digests)
            _deliver([message for message in messages if message.dropped_at is None and message.template != LETTER], now, configured)
        return len(messages)


def _unrouted(now: datetime) -> Select[OutboxMessage]:
    return (
        select(OutboxMessage)
        .where(OutboxMessage.routed_at.is_(None), OutboxMessage.due_at <= now)
        .order_by(OutboxMessage.due_at, OutboxMessage.id)
    )


def _deliver(messages: Sequence[OutboxMessage], now: datetime, configured: Collection[str]) -> None:
    """Make the deliveries of some messages; a message that fails is only shown on its page, and logged."""
    try:
        with db.session.begin_nested():
            _put_down(messages, now, configured)
    except OperationalError:
        # the database is busy or gone: nothing is wrong with the messages
        raise
    except Exception as error:
        if len(messages) == 1:
            LOGGER.error("message not routed", extra={"outbox_message": messages[0].id, "error": type(error).__name__})
            return
        for message in messages:
            _deliver([message], now, configured)


def _put_down(messages: Sequence[OutboxMessage], now: datetime, configured: Collection[str]) -> None:
    case_ids = {message.case_id for message in messages if message.case_id is not None}
    cases = {case.id: case for case in db.session.scalars(select(Case).where(Case.id.in_(case_ids)))} if case_ids else {}
    told = _whom(messages, now)
    people = recipients_of({key for keys in told.values() for key in keys})
    of_case = {message.id: cases.get(message.case_id) if message.case_id is not None else None for message in messages}
    by_zns = carried_by_zns([(message, of_case[message.id]) for message in messages], now) if "zns" in configured else frozenset()
    for message in messages:
        case = of_case[message.id]
        for key in sorted(told[message.id]):
            if (person := people.get(key)) is not None and not person.is_left_alone(message.template):
                deliveries = list(_deliveries(message, case, person, now, configured, has_zns=message.id in by_zns))
                _hurry_what_stands_before([each for each in deliveries if each.is_urgent], now)
                db.session.add_all(deliveries)


def _deliveries(
    message: OutboxMessage, case: Case | None, person: Recipient, now: datetime, configured: Collection[str], *, has_zns: bool
) -> Iterable[Delivery]:
    urgent = is_urgent(message, case)
    due_at = now if urgent else quiet_until(now, case.centre_id if case is not None else None) or now
    too_old = {"dropped_at": now, "last_error": reasons.TOO_OLD} if is_too_old(message.due_at, now) else {}
    for channel in person.ways(urgent=urgent, has_zns=has_zns, configured=configured, template=message.template):
        yield Delivery(
            message_id=message.id, recipient=person.key, case_id=message.case_id, channel=channel, is_urgent=urgent,
            template=message.template, dedupe_key=f"{message.id}:{person.key}:{channel}", created_at=now, due_at=due_at, **too_old,
        )  # fmt: skip


def _hurry_what_stands_before(urgent: Sequence[Delivery], now: datetime) -> None:
    """Nothing overtakes within a case: messages waiting for the morning or their turn are sent with the urgent one behind them."""
    for delivery in urgent:
        before = update(Delivery).where(
            Delivery.recipient == delivery.recipient, Delivery.case_id == delivery.case_id, Delivery.channel == delivery.channel,
            Delivery.sent_at.is_(None), Delivery.given_up_at.is_(None), Delivery.dropped_at.is_(None),
        )  # fmt: skip
        db.session.execute(before.values(is_urgent=True, due_at=sql_case((Delivery.due_at > now, now), else_=Delivery.due_at)))


def _whom(messages: Sequence[OutboxMessage], now: datetime) -> dict[int, set[str]]:
    """The people each message is for; for an inbox all its readers except the one who did the act."""
    readers = readers_of({desk for message in messages if (desk := desk_of(message)) is not None}, now=now)
    doers = _doers([message for message in messages if desk_of(message) is not None])
    told: dict[int, set[str]] = {}
    for message in messages:
        desk = desk_of(message)
        if desk is None:
            told[message.id] = {message.recipient}
        else:
            told[message.id] = {f"account:{id_}" for id_ in readers.get(desk, ()) if id_ not in doers.get(message.id, ())}
    return told


def desk_of(message: OutboxMessage) -> str | None:
    return message.recipient.removeprefix(DESK) if message.recipient.startswith(DESK) else None


def _doers(messages: Sequence[OutboxMessage]) -> dict[int, set[int | None]]:
    """Who did the act each message is about: an act, its event and its messages share one instant."""
    case_ids = {message.case_id for message in messages if message.case_id is not None}
    if not case_ids:
        return {}
    query = select(Event.case_id, Event.at, Event.actor_id).where(
        Event.case_id.in_(case_ids), Event.at.in_({message.created_at for message in messages}), Event.actor_id.is_not(None)
    )
    at: dict[tuple[int | None, datetime], set[int | None]] = {}
    for case_id, moment, actor_id in db.session.execute(query):
        at.setdefault((case_id, moment), set()).add(actor_id)
    return {message.id: at.get((message.case_id, message.created_at), set()) for message in messages}

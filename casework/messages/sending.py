"""Sending: one delivery at a time is leased, handed to its gateway outside any transaction, and marked while the lease is still ours.

    claim (committed)  →  gateway  →  mark (committed)

What a worker killed between gateway and mark leaves behind is a lease that runs out. For channels in ONCE_AT_MOST such a delivery is
never sent again by itself: it may be lost, never doubled, and waits with the dead letters. All others are sent again: they may be
doubled, never lost, and carry the same Message-ID or Idempotency-Key each time, so that whoever receives them can tell.

Within a recipient, a case and a channel nothing overtakes: a delivery waits while an earlier one of them is under way, be it in a pause
after a failure. One that was given up or dropped holds back nothing.
"""

import logging
import secrets
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import aliased

from casework.db import db, unit_of_work
from casework.messages import reasons
from casework.messages.pacing import is_too_old, next_attempt, room_for
from casework.messages.push_subscriptions import Endpoint, end_gone, endpoints_of
from casework.messages.quiet import quiet_until
from casework.messages.recipients import account_id_of, contact_of, recipient_of
from casework.messages.rendering import Addresses, MessageWords, NothingToSay, NoWords, words_of
from casework.messages.standing import fault_of
from casework.models import Case, Delivery, OutboxMessage
from casework.privacy.contact_codes import wipe_sent
from casework.sealing.seal import lookup_digest

LOGGER = logging.getLogger("langbiang.messages")

ONCE_AT_MOST = frozenset({"zns"})
"""Channels on which a duplicate is worse than a loss: Zalo counts each against the quality of the account."""

LEASE = timedelta(minutes=2)
"""How long a worker may hold a delivery; every gateway gives up long before."""
HANDED_OVER_WITHIN = 75.0
"""Seconds after which a gateway gives up any delivery; an unreachable resolver may add half a minute."""

LOOKED_AT, ROUNDS = 25, 8
"""Deliveries looked at together, and how many times, to find one that may be sent."""

MOST_FAILURES = 5
"""Failures in a row after which a round ends: it is hardly the messages' fault, and the others wait for the next round."""

TOKEN_PURPOSE = "message id"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A delivery being sent: its address, its words, and a token that is the same in each attempt. Never in `repr`."""

    delivery_id: int
    channel: str
    lease: str
    token: str
    written_at: datetime
    words: MessageWords
    address: str
    endpoints: tuple[Endpoint, ...]
    is_urgent: bool
    recipient: str = ""

    def __repr__(self) -> str:
        return f"Outgoing({self.delivery_id})"


@dataclass(frozen=True, slots=True)
class Receipt:
    """The gateway's confirmation: its own number, and the browsers it no longer knows."""

    reference: str = ""
    gone: tuple[int, ...] = ()


class SendFailed(Exception):
    """The gateway did not accept it. `detail` is a protocol code, without address and words."""

    reason = reasons.BUSY

    def __init__(self, detail: str = "", *, gone: Iterable[int] = ()) -> None:
        super().__init__(detail)
        self.detail, self.gone = detail, tuple(gone)


class Refused(SendFailed):
    """It will never be accepted: a wrong address, or a text the gateway does not allow."""

    reason = reasons.REFUSED


class TryLater(SendFailed):
    """It may be accepted later, not before `after` has passed if the gateway says so. `holds_all`: the whole channel is stuck."""

    def __init__(self, detail: str = "", *, after: timedelta | None = None, holds_all: bool = False, gone: Iterable[int] = ()) -> None:
        super().__init__(detail, gone=gone)
        self.after, self.holds_all = after, holds_all


class Unreachable(TryLater):
    reason = reasons.UNREACHABLE

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, holds_all=True)


class NoAnswer(TryLater):
    """It was handed over but not confirmed: it may have been sent or not."""

    reason = reasons.UNKNOWN

    def __init__(self, detail: str = "") -> None:
        super().__init__(detail, holds_all=True)


Gateway = Callable[[Outgoing], Receipt]


def send_waiting(
    channel: str, gateway: Gateway, *, clock: Callable[[], datetime], pages: Addresses, configured: Collection[str], most: int = 200
) -> int:
    """Send what is due on a channel, as fast as allowed; returns how many were accepted. A job, run by any number of workers.

    E-mail, push, SMS: at least once; a delivery handed over by a worker that was killed before recording it is sent again, with the same
    token. ZNS: at most once; such a delivery is given up with the reason `unknown`. The round ends early when the gateway cannot be
    reached, accepts nothing, or fails MOST_FAILURES times in a row.
    """
    taken = failures = 0
    for _ in range(most):
        outgoing = claim(channel, now=clock(), pages=pages, configured=configured) if failures < MOST_FAILURES else None
        if outgoing is None:
            break
        failures += 1
        try:
            receipt = gateway(outgoing)
        except SendFailed as failure:
            mark_failed(outgoing, failure, now=clock(), configured=configured)
            if isinstance(failure, TryLater) and failure.holds_all:
                break
        except Exception as error:
            # a fault of ours or a library's: it must not stop the others, and its text must not be kept
            LOGGER.error("message failed", extra={"delivery": outgoing.delivery_id, "error": type(error).__name__})
            mark_failed(outgoing, _fault(error), now=clock(), configured=configured)
        else:
            failures = 0
            taken += mark_sent(outgoing, receipt, now=clock())
    return taken


def claim(channel: str, *, now: datetime, pages: Addresses, configured: Collection[str] = ()) -> Outgoing | None:
    """Lease the next delivery that may be sent, urgent ones first, then the oldest; None when there is none.

    None also where the channel has no room left at the moment (`room_for`). Deliveries that may no longer be sent are dropped, those that
    must wait for the end of quiet hours are postponed, and those Zalo has no template for become SMS where that is `configured`. Commits.
    """
    if db.session.scalar(_waiting(channel, now).with_only_columns(Delivery.id).limit(1)) is None:
        db.session.rollback()
        return None
    with unit_of_work():
        if room_for(channel, now) <= 0:
            return None
        for _ in range(ROUNDS):
            found = _next_ones(channel, now)
            for delivery in found:
                outgoing = _prepared(delivery, now, pages, configured)
                if outgoing is not None:
                    return outgoing
            if not found:
                break
            db.session.flush()
    return None


def mark_sent(outgoing: Outgoing, receipt: Receipt, *, now: datetime) -> bool:
    """Record that the gateway accepted it, even if it was to be dropped meanwhile. Commits.

    False when the lease was lost and somebody else has it.
    """
    with unit_of_work():
        for subscription_id in receipt.gone:
            end_gone(subscription_id, now=now)
        wipe_sent(outgoing.recipient)
        values: dict[str, object] = {
            "sent_at": now, "dropped_at": None, "gateway_ref": receipt.reference[:120] or None, "last_error": None,
            "lease": None, "leased_until": None,
        }  # fmt: skip
        return _mark(outgoing, values)


def mark_failed(outgoing: Outgoing, failure: SendFailed, *, now: datetime, configured: Collection[str]) -> bool:
    """Record why it was not accepted and when to try again; given up after the last attempt and when refused for good. Commits.

    What Zalo refuses, or does not accept in any attempt, is sent by SMS instead, where possible; never what may have been sent already.
    False when the lease was lost meanwhile.
    """
    with unit_of_work():
        for subscription_id in failure.gone:
            end_gone(subscription_id, now=now)
        delivery = db.session.get_one(Delivery, outgoing.delivery_id)
        said = f"{failure.reason}: {failure.detail}" if failure.detail else failure.reason
        values: dict[str, object] = {"last_error": said[:500], "lease": None, "leased_until": None}
        again = next_attempt(delivery, now, asked=failure.after) if isinstance(failure, TryLater) else None
        if isinstance(failure, NoAnswer) and delivery.channel in ONCE_AT_MOST:
            again = None
        if delivery.dropped_at is not None:
            values = {"lease": None, "leased_until": None}
        elif again is not None:
            values["due_at"] = again
        elif not isinstance(failure, NoAnswer) and _send_by_sms(delivery, now, configured):
            values |= {"dropped_at": now, "last_error": reasons.REPLACED}
        else:
            values["given_up_at"] = now
        return _mark(outgoing, values)


def under_way() -> ColumnElement[bool]:
    """The condition for unfinished deliveries."""
    return and_(Delivery.sent_at.is_(None), Delivery.given_up_at.is_(None), Delivery.dropped_at.is_(None))


def token_of(delivery: Delivery) -> str:
    """A delivery's identifier for gateways, the same in each attempt; it reveals neither recipient nor subject.

    It includes the instant: after an older backup is restored, row numbers repeat.
    """
    return lookup_digest(f"{delivery.dedupe_key} {delivery.created_at.isoformat()}", purpose=TOKEN_PURPOSE)[:32]


def _waiting(channel: str, now: datetime) -> Select[Delivery]:
    until = Delivery.leased_until
    # a lease far in the future was taken by a clock that has been set back since
    is_free = or_(until.is_(None), until <= now, until > now + 2 * LEASE)
    return select(Delivery).where(Delivery.channel == channel, under_way(), Delivery.due_at <= now, is_free)


def _next_ones(channel: str, now: datetime) -> list[Delivery]:
    """The first of each queue of a recipient and case, locked."""
    earlier = aliased(Delivery)
    is_behind = exists().where(
        earlier.recipient == Delivery.recipient, earlier.case_id == Delivery.case_id, earlier.channel == Delivery.channel,
        earlier.id < Delivery.id, earlier.sent_at.is_(None), earlier.given_up_at.is_(None), earlier.dropped_at.is_(None),
    )  # fmt: skip
    found: list[Delivery] = []
    for urgent in (True, False):
        query = _waiting(channel, now).where(Delivery.is_urgent.is_(urgent), ~is_behind).order_by(Delivery.due_at, Delivery.id)
        query = query.limit(LOOKED_AT).execution_options(populate_existing=True)
        if db.session.get_bind().dialect.name != "sqlite":
            query = query.with_for_update(skip_locked=True)
        found += db.session.scalars(query)
        if found:
            break
    return found


def _prepared(delivery: Delivery, now: datetime, pages: Addresses, configured: Collection[str]) -> Outgoing | None:
    """Lease one that may be sent; None when it was dropped, given up or postponed instead."""
    try:
        with db.session.begin_nested():
            return _judged(delivery, now, pages, configured)
    except OperationalError:
        # the database is busy or gone: nothing is wrong with the message
        raise
    except Exception as error:
        # one that cannot be judged, opened or worded must not stop all others
        LOGGER.error("message not prepared", extra={"delivery": delivery.id, "error": type(error).__name__})
        delivery.lease = delivery.leased_until = None
        _give_up(delivery, f"{reasons.FAULT}: {type(error).__name__}", now)
        return None


def _judged(delivery: Delivery, now: datetime, pages: Addresses, configured: Collection[str]) -> Outgoing | None:
    was_handed_over = delivery.lease is not None and delivery.channel in ONCE_AT_MOST
    delivery.lease = delivery.leased_until = None
    if was_handed_over:
        _give_up(delivery, reasons.UNKNOWN, now)
        return None
    message = db.session.get(OutboxMessage, delivery.message_id) if delivery.message_id is not None else None
    case = db.session.get(Case, delivery.case_id) if delivery.case_id is not None else None
    person = recipient_of(delivery.recipient)
    fault = reasons.TOO_OLD if is_too_old(delivery.due_at, now) else fault_of(delivery, message, case, person, now=now)
    if fault is not None or person is None:
        _drop(delivery, fault or reasons.NO_ADDRESS, now)
        return None
    quiet = None if delivery.is_urgent else quiet_until(now, case.centre_id if case is not None else None)
    if quiet is not None:
        delivery.due_at = quiet
        return None
    if delivery.attempts > 0 and next_attempt(delivery, now) is None:
        # its worker was killed during the last attempt
        _give_up(delivery, delivery.last_error or reasons.UNKNOWN, now)
        return None
    try:
        return _leased(delivery, words_of(delivery, message, case, language=person.language, now=now, pages=pages), now)
    except NothingToSay:
        _drop(delivery, reasons.OUT_OF_DATE, now)
    except NoWords:
        if _send_by_sms(delivery, now, configured):
            _drop(delivery, reasons.REPLACED, now)
        else:
            _give_up(delivery, reasons.NO_WORDS, now)
    return None


def _leased(delivery: Delivery, words: MessageWords, now: datetime) -> Outgoing | None:
    """Open the address and take the lease. Raises NoWords when the channel cannot carry the words."""
    address, endpoints = "", tuple[Endpoint, ...]()
    if delivery.channel == "push":
        account_id = account_id_of(delivery.recipient)
        endpoints = tuple(endpoints_of(account_id)) if account_id is not None else ()
    else:
        contact = contact_of(delivery.recipient)
        address = (contact.email if delivery.channel == "email" else contact.phone) or ""
    if not address and not endpoints:
        _drop(delivery, reasons.NO_ADDRESS, now)
        return None
    if (delivery.channel == "zns" and not words.zns_template) or (delivery.channel == "sms" and not words.sms):
        raise NoWords
    delivery.lease, delivery.leased_until = secrets.token_hex(16), now + LEASE
    delivery.attempts, delivery.attempted_at = delivery.attempts + 1, now
    return Outgoing(
        delivery.id, delivery.channel, delivery.lease, token_of(delivery), delivery.created_at, words, address, endpoints,
        delivery.is_urgent, delivery.recipient,
    )  # fmt: skip


def _give_up(delivery: Delivery, reason: str, now: datetime) -> None:
    delivery.given_up_at, delivery.last_error = now, reason


def _drop(delivery: Delivery, reason: str, now: datetime) -> None:
    delivery.dropped_at, delivery.last_error = now, reason


def _mark(outgoing: Outgoing, values: dict[str, object]) -> bool:
    ours = update(Delivery).where(Delivery.id == outgoing.delivery_id, Delivery.lease == outgoing.lease, Delivery.sent_at.is_(None))
    result = db.session.execute(ours.values(values), execution_options={"synchronize_session": False})
    if not result.rowcount:  # type: ignore[attr-defined]
        LOGGER.warning("message taken over by another worker", extra={"delivery": outgoing.delivery_id})
    return bool(result.rowcount)  # type: ignore[attr-defined]


def _send_by_sms(delivery: Delivery, now: datetime, configured: Collection[str]) -> bool:
    """Replace with an SMS what Zalo refused or has no template for. Returns whether that was possible."""
    person = recipient_of(delivery.recipient)
    if delivery.channel != "zns" or "sms" not in configured or person is None or person.is_staff:
        return False
    if not person.takes("sms", urgent=delivery.is_urgent, template=delivery.template):
        return False
    key = f"{delivery.dedupe_key.removesuffix(':zns')}:sms"
    if db.session.scalar(select(Delivery.id).where(Delivery.dedupe_key == key)) is None:
        db.session.add(
            Delivery(
                message_id=delivery.message_id, recipient=delivery.recipient, case_id=delivery.case_id, channel="sms", due_at=now,
                is_urgent=delivery.is_urgent, template=delivery.template, dedupe_key=key, created_at=now,
            )
        )  # fmt: skip
    return True


def _fault(error: Exception) -> SendFailed:
    failure = TryLater(type(error).__name__)
    failure.reason = reasons.FAULT
    return failure

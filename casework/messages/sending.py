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

from sqlalchemy import update
from sqlalchemy.exc import OperationalError

from casework.db import db, unit_of_work
from casework.messages import reasons
from casework.messages.by_sms import send_by_sms
from casework.messages.faults import WHOLE, Fault, Hold, Holds, end_faults, holds_on, note_fault, note_template, until_hour
from casework.messages.holding import change, divert, outcomes
from casework.messages.pacing import is_too_old, next_attempt, room_for
from casework.messages.push_subscriptions import Endpoint, end_gone, endpoints_of
from casework.messages.queue import LEASE, ONCE_AT_MOST, next_ones, waiting
from casework.messages.quiet import quiet_until
from casework.messages.recipients import account_id_of, contact_of, recipient_of
from casework.messages.rendering import Addresses, MessageWords, NothingToSay, NoWords, words_of
from casework.messages.standing import fault_of
from casework.models import Case, Delivery, OutboxMessage
from casework.privacy.contact_codes import wipe_sent
from casework.sealing.seal import lookup_digest

LOGGER = logging.getLogger("langbiang.messages")

HANDED_OVER_WITHIN = 75.0
"""Seconds after which a gateway gives up any delivery; an unreachable resolver may add half a minute."""

ROUNDS = 8
"""How many times deliveries are looked at together to find one that may be sent."""

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
    """It will never be accepted: a wrong address, or a text the gateway does not allow.

    `fault_of_template`: the template's number at the gateway, where an administrator is to look at it.
    """

    reason = reasons.REFUSED

    def __init__(self, detail: str = "", *, fault_of_template: str = "", gone: Iterable[int] = ()) -> None:
        super().__init__(detail, gone=gone)
        self.fault_of_template = fault_of_template


class TryLater(SendFailed):
    """It may be accepted later, not before `after` has passed if the gateway says so. `holds_all`: the whole channel is stuck."""

    def __init__(self, detail: str = "", *, after: timedelta | None = None, holds_all: bool = False, gone: Iterable[int] = ()) -> None:
        super().__init__(detail, gone=gone)
        self.after, self.holds_all = after, holds_all


class Held(TryLater):
    """Nothing is wrong with the message, which loses no attempt: its channel takes nothing, or with `template` that template alone.

    `until_hour`: until that hour comes in Vietnam. `asks_administrator`: it does not end by itself.
    """

    reason = reasons.HELD

    def __init__(
        self, detail: str = "", *, template: str = "", asks_administrator: bool = False, after: timedelta | None = None,
        until_hour: int | None = None,
    ) -> None:  # fmt: skip
        super().__init__(detail, after=after, holds_all=not template)
        self.template, self.asks_administrator, self.until_hour = template, asks_administrator, until_hour


class Unreachable(Held):
    reason = reasons.UNREACHABLE


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

    None also where the channel is held or has no room left at the moment (`holds_on`, `room_for`). Deliveries that may no longer be sent
    are dropped, those that must wait for the end of quiet hours or of a hold are postponed, and those Zalo has no template for become SMS
    where that is `configured`. Commits.
    """
    if db.session.scalar(waiting(channel, now).with_only_columns(Delivery.id).limit(1)) is None:
        db.session.rollback()
        return None
    with unit_of_work():
        holds = holds_on(channel, now)
        if WHOLE in holds:
            divert(channel, holds[WHOLE], now, configured)
            return None
        if room_for(channel, now) <= 0:
            return None
        for _ in range(ROUNDS):
            found = next_ones(channel, now)
            for delivery in found:
                outgoing = _prepared(delivery, now, pages, configured, holds)
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
        end_faults(outgoing.channel, outgoing.words.zns_template or WHOLE)
        values: dict[str, object] = {
            "sent_at": now, "dropped_at": None, "gateway_ref": receipt.reference[:120] or None, "last_error": None,
            "lease": None, "leased_until": None,
        }  # fmt: skip
        return _mark(outgoing, values)


def mark_failed(outgoing: Outgoing, failure: SendFailed, *, now: datetime, configured: Collection[str]) -> bool:
    """Record why it was not accepted and when to try again; given up after the last attempt and when refused for good. Commits.

    What Zalo refuses, or does not accept in any attempt, is sent by SMS instead, where possible; never what may have been sent already.
    What is held loses no attempt. False when the lease was lost meanwhile.
    """
    with unit_of_work():
        for subscription_id in failure.gone:
            end_gone(subscription_id, now=now)
        delivery = db.session.get_one(Delivery, outgoing.delivery_id)
        hold = _noted(delivery, failure, now)
        said = f"{failure.reason}: {failure.detail}" if failure.detail else failure.reason
        # one that is held again although others were taken in between has a fault of its own
        is_held = hold is not None and not (hold.is_first and reasons.reason_of(delivery.last_error) == failure.reason)
        values: dict[str, object] = {"last_error": said[:500], "lease": None, "leased_until": None}
        again = next_attempt(delivery, now, asked=failure.after) if isinstance(failure, TryLater) else None
        if isinstance(failure, NoAnswer) and delivery.channel in ONCE_AT_MOST:
            again = None
        if delivery.dropped_at is not None:
            values = {"lease": None, "leased_until": None}
        elif hold is not None and is_held:
            values |= {"attempts": delivery.attempts - 1, **outcomes([delivery], hold, now, configured)[0]}
        elif again is not None:
            values["due_at"] = again
        elif not isinstance(failure, NoAnswer) and send_by_sms([delivery], now, configured):
            values |= {"dropped_at": now, "last_error": reasons.REPLACED}
        else:
            values["given_up_at"] = now
        return _mark(outgoing, values)


def _noted(delivery: Delivery, failure: SendFailed, now: datetime) -> Hold | None:
    """Record what the failure says of its channel or template; what is held, if anything is."""
    if isinstance(failure, Held):
        fault = Fault(delivery.channel, failure.template, failure.detail[:120], failure.asks_administrator)
        after = until_hour(failure.until_hour, now) if failure.until_hour is not None else failure.after
        return note_fault(fault, after=after, now=now)
    if isinstance(failure, Refused) and failure.fault_of_template:
        note_template(Fault(delivery.channel, failure.fault_of_template, failure.detail[:120], True), now=now)
    return None


def token_of(delivery: Delivery) -> str:
    """A delivery's identifier for gateways, the same in each attempt; it reveals neither recipient nor subject.

    It includes the instant: after an older backup is restored, row numbers repeat.
    """
    return lookup_digest(f"{delivery.dedupe_key} {delivery.created_at.isoformat()}", purpose=TOKEN_PURPOSE)[:32]


def _prepared(delivery: Delivery, now: datetime, pages: Addresses, configured: Collection[str], holds: Holds) -> Outgoing | None:
    """Lease one that may be sent; None when it was dropped, given up or postponed instead."""
    try:
        with db.session.begin_nested():
            return _judged(delivery, now, pages, configured, holds)
    except OperationalError:
        # the database is busy or gone: nothing is wrong with the message
        raise
    except Exception as error:
        # one that cannot be judged, opened or worded must not stop all others
        LOGGER.error("message not prepared", extra={"delivery": delivery.id, "error": type(error).__name__})
        delivery.lease = delivery.leased_until = None
        _give_up(delivery, f"{reasons.FAULT}: {type(error).__name__}", now)
        return None


def _judged(delivery: Delivery, now: datetime, pages: Addresses, configured: Collection[str], holds: Holds) -> Outgoing | None:
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
        words = words_of(delivery, message, case, language=person.language, now=now, pages=pages)
        hold = holds.get(words.zns_template) if delivery.channel == "zns" and words.zns_template else None
        if hold is None:
            return _leased(delivery, words, now)
        change(delivery, outcomes([delivery], hold, now, configured)[0])
    except NothingToSay:
        _drop(delivery, reasons.OUT_OF_DATE, now)
    except NoWords:
        if send_by_sms([delivery], now, configured):
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


def _fault(error: Exception) -> SendFailed:
    failure = TryLater(type(error).__name__)
    failure.reason = reasons.FAULT
    return failure

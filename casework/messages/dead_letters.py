"""Undelivered messages: how many wait, which were given up and why, and retrying them by hand. No words, addresses or names.

An administrator sees what belongs to their own centres, but none about quarantined cases.
"""

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, String, cast, exists, func, literal, or_, select, true, update
from sqlalchemy.orm import aliased

from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.messages import reasons
from casework.messages.choices import CHANNELS
from casework.messages.queue import under_way
from casework.messages.recipients import recipient_of
from casework.messages.rendering import TEST_MESSAGE
from casework.models import Agency, Case, Delivery, Membership
from casework.permissions import Action, Actor, Role, require
from casework.sent_once import take_key
from casework.text import normal

STREAM = "messages"
"""The stream of events about retrying or dropping messages."""

MOST_COUNTED = 1_000
LONGEST_REASON = 500


class DeadLetterRefused(CaseworkError):
    """It cannot be tried again or dropped like this; the text says why."""


@dataclass(frozen=True, slots=True)
class ChannelState:
    """An outgoing channel: how many wait (counted to at most MOST_COUNTED + 1), since when, and when something was last sent."""

    channel: str
    waiting: int
    oldest_at: datetime | None
    last_sent_at: datetime | None
    given_up: int


@dataclass(frozen=True, slots=True)
class DeadLetter:
    """A message that was given up. `detail` is the gateway's protocol answer."""

    id: int
    template: str
    channel: str
    code: str
    attempts: int
    reason: str
    detail: str
    given_up_at: datetime


def channel_states(by: Actor) -> list[ChannelState]:
    require(by, Action.RETRY_MESSAGE)
    seen = _seen_by(by)
    return [_state_of(channel, seen) for channel in CHANNELS]


def dead_letters(by: Actor, *, limit: int, reason: str = "", skipped: int = 0) -> list[DeadLetter]:
    """Return the messages given up, newest first, skipping some. Raises NotAllowed."""
    require(by, Action.RETRY_MESSAGE)
    query = select(Delivery, Case.code).outerjoin(Case, Case.id == Delivery.case_id).where(Delivery.given_up_at.is_not(None), _seen_by(by))
    if reason:
        query = query.where(_has_reason(reason))
    newest = query.order_by(Delivery.given_up_at.desc(), Delivery.id.desc())
    return [_letter(row, code) for row, code in db.session.execute(newest.offset(skipped).limit(limit))]


def reasons_given(by: Actor) -> dict[str, int]:
    """The number of messages given up for each reason, most frequent first. Raises NotAllowed."""
    require(by, Action.RETRY_MESSAGE)
    counted: Counter[str] = Counter()
    query = select(Delivery.last_error, func.count()).where(Delivery.given_up_at.is_not(None), _seen_by(by)).group_by(Delivery.last_error)
    for last_error, number in db.session.execute(query):
        counted[reasons.reason_of(last_error)] += number
    return dict(counted.most_common())


def retry(by: Actor, *, now: datetime, ids: Collection[int] = (), reason: str = "") -> int:
    """Retry messages that were given up: some rows, or all of one reason; returns how many. Each gets all its attempts again.

    A message that may have been sent already may arrive twice, which the page says before. Records `retry_message` in the stream of
    messages. Raises NotAllowed, DeadLetterRefused where there is nothing of the kind.
    """
    again: dict[str, object] = {"given_up_at": None, "attempts": 0, "due_at": now, "lease": None, "leased_until": None}
    return _change("retry_message", again, by=by, now=now, ids=ids, reason=reason)


def drop(by: Actor, *, now: datetime, why: str, ids: Collection[int] = (), reason: str = "") -> int:
    """Drop messages that were given up; returns how many. `why` is kept in the event and names nobody. Records `drop_message`.

    Raises NotAllowed, DeadLetterRefused without a reason and where there are none.
    """
    why = normal(why)
    if not why or len(why) > LONGEST_REASON:
        raise DeadLetterRefused(
            f"Vui lòng ghi lý do bỏ tin, tối đa {LONGEST_REASON} ký tự.", f"Please say why, in at most {LONGEST_REASON} characters.",
            about="why",
        )
    gone: dict[str, object] = {"given_up_at": None, "dropped_at": now, "last_error": reasons.BY_HAND}
    return _change("drop_message", gone, by=by, now=now, ids=ids, reason=reason, why=why)


def ways_to(by: Actor) -> frozenset[str]:
    """The channels that reach the person; not Zalo, which carries approved templates only and therefore no test."""
    person = recipient_of(f"account:{by.account_id}")
    return person.reached - {"zns"} if person is not None else frozenset()


def send_test(channel: str, *, by: Actor, now: datetime, configured: Collection[str]) -> None:
    """Send a message without content to oneself, in quiet hours too. Raises NotAllowed; DeadLetterRefused where the channel does not
    reach the person."""
    require(by, Action.RETRY_MESSAGE)
    if channel not in configured or channel not in ways_to(by):
        raise DeadLetterRefused(
            "Kênh này chưa cấu hình hoặc tài khoản của Ông/Bà chưa có địa chỉ nhận.",
            "This channel is not configured, or your account has no address for it.",
        )
    take_key(now)
    key = f"test:{by.account_id}:{channel}:{now.timestamp():.6f}"
    db.session.add(
        Delivery(
            recipient=f"account:{by.account_id}", channel=channel, is_urgent=True, template=TEST_MESSAGE, dedupe_key=key,
            created_at=now, due_at=now,
        )
    )  # fmt: skip


def _change(verb: str, values: dict[str, object], *, by: Actor, now: datetime, ids: Collection[int], reason: str, **told: str) -> int:
    require(by, Action.RETRY_MESSAGE)
    asked = Delivery.id.in_(ids) if ids else _has_reason(reason)
    rows = select(Delivery.id).where(Delivery.given_up_at.is_not(None), _seen_by(by), asked).order_by(Delivery.id)
    if db.session.get_bind().dialect.name != "sqlite":
        rows = rows.with_for_update()
    found = list(db.session.scalars(rows)) if ids or reason else []
    if not found:
        raise DeadLetterRefused(
            "Vui lòng chọn tin. Tin đã chọn có thể đã được gửi lại.", "Please choose. What was chosen may have been sent again already."
        )
    db.session.execute(update(Delivery).where(Delivery.id.in_(found)).values(values), execution_options={"synchronize_session": False})
    append(STREAM, verb, by=by, at=now, payload={"messages": len(found), "reason": reason, **told})
    return len(found)


def _seen_by(by: Actor) -> ColumnElement[bool]:
    centre_ids = {grant.centre_id for grant in by.grants if grant.role == Role.ADMINISTRATOR}
    its_case = aliased(Case)
    is_apart = exists().where(its_case.id == Delivery.case_id, its_case.quarantined_at.is_not(None))
    if None in centre_ids:
        return ~is_apart
    of_case = Delivery.case_id.in_(select(Case.id).where(Case.centre_id.in_(centre_ids)))
    agencies = select(Agency.id).where(Agency.centre_id.in_(centre_ids))
    people = select(literal("account:") + cast(Membership.account_id, String)).where(
        or_(Membership.centre_id.in_(centre_ids), Membership.agency_id.in_(agencies))
    )
    return ~is_apart & or_(of_case, Delivery.case_id.is_(None) & Delivery.recipient.in_(people))


def _has_reason(reason: str) -> ColumnElement[bool]:
    if reason not in reasons.WORDS:
        return ~true()
    return or_(Delivery.last_error == reason, Delivery.last_error.startswith(f"{reason}:", autoescape=True))


def _state_of(channel: str, seen: ColumnElement[bool]) -> ChannelState:
    waiting = select(Delivery.created_at).where(Delivery.channel == channel, under_way(), seen).limit(MOST_COUNTED + 1).subquery()
    number, oldest = db.session.execute(select(func.count(), func.min(waiting.c.created_at))).one()
    last = select(Delivery.sent_at).where(Delivery.channel == channel, Delivery.sent_at.is_not(None))
    last = last.order_by(Delivery.sent_at.desc()).limit(1)
    given_up = select(Delivery.id).where(Delivery.channel == channel, Delivery.given_up_at.is_not(None), seen).limit(MOST_COUNTED + 1)
    counted = db.session.scalar(select(func.count()).select_from(given_up.subquery())) or 0
    return ChannelState(channel, number, oldest, db.session.scalar(last), counted)


def _letter(row: Delivery, code: str | None) -> DeadLetter:
    reason, _, detail = (row.last_error or reasons.FAULT).partition(": ")
    at = row.given_up_at
    assert at is not None
    return DeadLetter(row.id, row.template, row.channel, code or "", row.attempts, reason, detail, at)

"""Sending: an endpoint is claimed by one worker at a time, and called outside any transaction; the answer is noted while the claim holds.

    claim, next message (committed)  →  call  →  note, next message (committed)

Within an endpoint and a case (or report) nothing overtakes: the next waits for the one before, or for its end. A worker killed between call
and note leaves a claim that runs out; the message is sent again with the same id and the same bytes. An endpoint that fails rests, longer
each time, so that a dead one costs no other its worker.
"""

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

import orjson
from sqlalchemy import ColumnElement, and_, exists, or_, select, update

from casework.db import db, unit_of_work
from casework.doors.gates import Door as Gate
from casework.doors.gates import is_open
from casework.doors.webhooks.endpoints import ABOUT, ASKED, GONE, SILENT, is_proven, secrets_of, turn_off
from casework.doors.webhooks.kinds import VERIFY
from casework.doors.webhooks.signing import signatures
from casework.local_time import local_day
from casework.messages.http_client import Answer, CallFailed, Door
from casework.models import Agency, Centre, ServiceAccount, WebhookCourse, WebhookDelivery, WebhookEndpoint
from casework.permissions import SYSTEM

DELAYS = tuple(timedelta(seconds=each) for each in (5, 300, 1_800, 7_200, 18_000, 36_000, 50_400, 72_000, 86_400))
"""After each failure; after the last one a message is a dead letter."""
SPREAD = 0.1
LONGEST_WAIT = timedelta(hours=24)
SILENT_FOR = timedelta(days=5)
LEASE = timedelta(seconds=60)
CALL_SECONDS, LARGEST_ANSWER = 15.0, 4_096
TURN_SECONDS, TURN_MOST, LONG_CALL = 3.0, 200, timedelta(seconds=1)
"""How long, and for how many messages, an endpoint is served before others get their turn; a call that takes long is its last."""
RESTS = (timedelta(seconds=5), timedelta(minutes=5))
"""How long an endpoint rests after its first failure, doubled after each further one, and at most."""
AT_ONCE = 100
WAIT_ASKED = frozenset({HTTPStatus.TOO_MANY_REQUESTS, HTTPStatus.SERVICE_UNAVAILABLE})

Clock = Callable[[], datetime]


@dataclass(frozen=True, slots=True)
class WebhookCall:
    """A message as it goes out."""

    delivery_id: int
    message: str
    about: str
    type: str
    url: str
    body: bytes
    held: tuple[tuple[str, bytes], ...]

    def __repr__(self) -> str:
        return f"WebhookCall({self.message})"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of a call: a status, or why there was none."""

    status: int | None = None
    error: str | None = None
    wait: timedelta | None = None
    content: bytes = b""

    @property
    def is_delivered(self) -> bool:
        return self.status is not None and HTTPStatus.OK <= self.status < HTTPStatus.MULTIPLE_CHOICES


def due_endpoints(now: datetime) -> list[tuple[int, bool]]:
    """The endpoints something is due for and nobody calls, and whether each failed last; those that work first, and of them
    those first that have waited longest. At most AT_ONCE."""
    course = exists().where(
        WebhookCourse.endpoint_id == WebhookEndpoint.id, WebhookCourse.due_at <= now, _may_go(WebhookCourse.about)
    )  # fmt: skip
    query = _at_work(select(WebhookEndpoint.id, WebhookEndpoint.failures > 0, ServiceAccount.centre_id), now).where(course, _is_free(now))
    order = (WebhookEndpoint.failures > 0, WebhookEndpoint.last_delivered_at.nulls_first(), WebhookEndpoint.id)
    found = db.session.execute(query.order_by(*order).limit(AT_ONCE)).all()
    # behind a door that was closed meanwhile, what waits goes on waiting
    rows = [(id_, bool(fails)) for id_, fails, centre_id in found if is_open(Gate.WEBHOOKS, centre_id)]
    db.session.rollback()
    return rows


def take_turn(endpoint_id: int, *, door: Door, base: str, clock: Clock) -> int:
    """Send an endpoint what is due, until nothing is, it fails, or its turn is over; returns how many messages were tried."""
    claim, tried, began = secrets.token_urlsafe(12), 0, clock()
    with unit_of_work():
        call = _next(endpoint_id, claim, base, clock()) if _is_claimed(endpoint_id, claim, clock()) else None
    while call is not None:
        asked = clock()
        outcome = _send(call, door, clock)
        heard, tried = clock(), tried + 1
        goes_on = tried < TURN_MOST and (heard - began).total_seconds() < TURN_SECONDS and heard - asked < LONG_CALL
        with unit_of_work():
            is_ours = _note(endpoint_id, claim, call, outcome, heard)
            call = _next(endpoint_id, claim, base, heard) if is_ours and goes_on else None
            if call is None and is_ours:
                _let_go(endpoint_id, claim)
    return tried


def deliver_due(*, door: Door, base: str, clock: Clock) -> int:
    """Give every endpoint that waits a turn, one after another; returns how many messages were tried."""
    return sum(take_turn(endpoint_id, door=door, base=base, clock=clock) for endpoint_id, _fails in due_endpoints(clock()))


def _at_work(query: Any, now: datetime) -> Any:
    """Only endpoints of accounts, centres and agencies that go on."""
    today = local_day(now)
    joined = query.join(ServiceAccount, ServiceAccount.account_id == WebhookEndpoint.account_id)
    joined = joined.join(Centre, Centre.id == ServiceAccount.centre_id).outerjoin(Agency, Agency.id == ServiceAccount.agency_id)
    return joined.where(
        ServiceAccount.ended_at.is_(None), *(or_(each.is_(None), each > today) for each in (Centre.valid_to, Agency.valid_to))
    )


def _is_free(now: datetime) -> ColumnElement[bool]:
    row = WebhookEndpoint
    return (row.claimed_until.is_(None) | (row.claimed_until <= now)) & (row.rests_until.is_(None) | (row.rests_until <= now))


def _may_go(about: Any) -> ColumnElement[bool]:
    """To an endpoint that is on, everything; to another one what concerns itself: its challenge, and that it was turned off."""
    row = WebhookEndpoint
    is_on = and_(row.verified_at.is_not(None), row.disabled_at.is_(None))
    return or_(is_on, and_(about == ABOUT, or_(row.disabled_at.is_(None), row.disabled_for == ASKED)))


def _is_claimed(endpoint_id: int, claim: str, now: datetime) -> bool:
    taken = update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, _is_free(now))
    taken = taken.values(claim=claim, claimed_until=now + LEASE).returning(WebhookEndpoint.id)
    return db.session.execute(taken, execution_options={"synchronize_session": False}).first() is not None


def _let_go(endpoint_id: int, claim: str) -> None:
    left = update(WebhookEndpoint).where(WebhookEndpoint.id == endpoint_id, WebhookEndpoint.claim == claim)
    db.session.execute(left.values(claim=None, claimed_until=None), execution_options={"synchronize_session": False})


def _next(endpoint_id: int, claim: str, base: str, now: datetime) -> WebhookCall | None:
    """Take the next message that is due, its body made and its attempt counted; lets go of the endpoint where there is none."""
    endpoint = db.session.get(WebhookEndpoint, endpoint_id, populate_existing=True)
    goes_on = endpoint is not None and endpoint.service.ended_at is None and is_open(Gate.WEBHOOKS, endpoint.service.centre_id)
    while goes_on and endpoint is not None and (endpoint.rests_until is None or endpoint.rests_until <= now):
        due = select(WebhookCourse).join(WebhookEndpoint, WebhookEndpoint.id == WebhookCourse.endpoint_id)
        due = due.where(WebhookCourse.endpoint_id == endpoint_id, WebhookCourse.due_at <= now, _may_go(WebhookCourse.about))
        due = due.order_by(WebhookCourse.due_at, WebhookCourse.about).limit(1).execution_options(populate_existing=True)
        course = db.session.scalars(due.with_for_update(of=WebhookCourse, key_share=True)).first()
        if course is None:
            break
        row = _first_untold(endpoint_id, course.about)
        if row is None:
            course.due_at = None
            continue
        if row.body is None:
            row.body = body_of(row, base)
        row.attempts, row.tried_at, endpoint.claimed_until = row.attempts + 1, now, now + LEASE
        held = tuple((each.scheme, each.sealed_secret) for each in secrets_of(endpoint_id, now=now))
        return WebhookCall(row.id, row.message, row.about, row.type, endpoint.url, row.body.encode(), held)
    _let_go(endpoint_id, claim)
    return None


def _first_untold(endpoint_id: int, about: str) -> WebhookDelivery | None:
    row = WebhookDelivery
    query = select(row).where(row.endpoint_id == endpoint_id, row.about == about, row.delivered_at.is_(None), row.dead_at.is_(None))
    return db.session.scalars(query.order_by(row.seq).limit(1).execution_options(populate_existing=True)).first()


def body_of(row: WebhookDelivery, base: str) -> str:
    """The body, thin: what happened is fetched at `href`, with the reader's rights of that moment."""
    told = dict(row.told)
    if "href" in told:
        told["href"] = f"{base}{told['href']}"
    at = row.at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    return orjson.dumps({"type": row.type, "timestamp": at, "data": {**told, "seq": row.seq}}).decode()


def _send(call: WebhookCall, door: Door, clock: Clock) -> Outcome:
    timestamp = int(clock().timestamp())
    headers = {
        "Content-Type": "application/json", "webhook-id": call.message, "webhook-timestamp": str(timestamp),
        "webhook-signature": signatures(call.held, message=call.message, timestamp=timestamp, body=call.body),
    }  # fmt: skip
    try:
        answer = door.call("POST", call.url, content=call.body, headers=headers, seconds=CALL_SECONDS, largest=LARGEST_ANSWER, cuts=True)
    except CallFailed as failure:
        return Outcome(error=str(failure)[:40] or "call")
    return Outcome(answer.status, wait=_wait_asked(answer, clock()), content=answer.content)


def _wait_asked(answer: Answer, now: datetime) -> timedelta | None:
    """What `Retry-After` asks for, where it counts; at most LONGEST_WAIT."""
    text = answer.headers.get("retry-after", "").strip()
    if answer.status not in WAIT_ASKED or not text:
        return None
    try:
        wait = timedelta(seconds=int(text)) if text.isascii() and text.isdigit() else parsedate_to_datetime(text) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return min(max(wait, timedelta()), LONGEST_WAIT)


def _note(endpoint_id: int, claim: str, call: WebhookCall, outcome: Outcome, now: datetime) -> bool:
    """Note what came of a call; False where another worker has the endpoint now. Of a message erased meanwhile there is nothing to note."""
    # acts refer to the endpoint in what they write: they wait for the course alone
    lock: Any = {"key_share": True} if db.session.get_bind().dialect.name != "sqlite" else None
    endpoint = db.session.get(WebhookEndpoint, endpoint_id, with_for_update=lock, populate_existing=True)
    if endpoint is None or endpoint.claim != claim:
        return False
    course = db.session.get_one(WebhookCourse, (endpoint_id, call.about), with_for_update=lock, populate_existing=True)
    row = db.session.get(WebhookDelivery, call.delivery_id, populate_existing=True)
    if row is None or row.dead_at is not None:
        return True
    row.last_status, row.last_error = outcome.status, outcome.error
    if call.type == VERIFY:
        _note_proof(endpoint, row, course, outcome, now)
    elif outcome.is_delivered:
        row.delivered_at = endpoint.last_delivered_at = course.due_at = now
        endpoint.failures, endpoint.failing_since, endpoint.rests_until = 0, None, None
    else:
        _note_failure(endpoint, row, course, outcome, now)
    return True


def _note_proof(endpoint: WebhookEndpoint, row: WebhookDelivery, course: WebhookCourse, outcome: Outcome, now: datetime) -> None:
    """A challenge is sent once: whoever does not answer it can be asked again by an administrator."""
    course.due_at = now
    try:
        answered = orjson.loads(outcome.content) if outcome.status == HTTPStatus.OK else None
    except orjson.JSONDecodeError:
        answered = None
    newest = select(WebhookDelivery.id).where(WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.type == VERIFY)
    is_newest = db.session.scalar(newest.order_by(WebhookDelivery.seq.desc()).limit(1)) == row.id
    said = answered.get("challenge") if isinstance(answered, dict) else None
    if isinstance(said, str) and secrets.compare_digest(said.encode(), row.told["challenge"].encode()) and is_newest:
        row.delivered_at = now
        is_proven(endpoint, by=SYSTEM, now=now)
    else:
        row.dead_at, row.last_error = now, row.last_error or "challenge"


def _note_failure(endpoint: WebhookEndpoint, row: WebhookDelivery, course: WebhookCourse, outcome: Outcome, now: datetime) -> None:
    endpoint.failures, endpoint.failing_since = endpoint.failures + 1, endpoint.failing_since or now
    if outcome.status == HTTPStatus.GONE:
        turn_off(endpoint, GONE, by=SYSTEM, now=now, reason="Địa chỉ trả lời 410 / it answered 410")
        return
    if now - endpoint.failing_since >= SILENT_FOR:
        turn_off_silent(endpoint, now)
        return
    is_of_endpoint = outcome.status is None or outcome.status >= HTTPStatus.INTERNAL_SERVER_ERROR or outcome.wait is not None
    if is_of_endpoint:
        rest = min(RESTS[0] * (1 << min(endpoint.failures - 1, 10)), RESTS[1])
        endpoint.rests_until = now + (outcome.wait or min(rest, _spread(DELAYS[0]) if row.attempts == 1 else rest))
    if row.attempts > len(DELAYS) or endpoint.disabled_at is not None:
        row.dead_at, course.due_at = now, now
    else:
        course.due_at = now + max(_spread(DELAYS[row.attempts - 1]), outcome.wait or timedelta())


def turn_off_silent(endpoint: WebhookEndpoint, now: datetime) -> None:
    turn_off(endpoint, SILENT, by=SYSTEM, now=now, reason="Không gửi được tin nào trong 5 ngày / nothing was delivered for 5 days")


def _spread(delay: timedelta) -> timedelta:
    return delay * (1 - SPREAD + 2 * SPREAD * secrets.randbelow(1001) / 1000)

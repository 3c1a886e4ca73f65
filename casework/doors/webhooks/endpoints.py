"""The endpoints of a service account: added, verified, rotated and turned off; an event each, and the owner is told.

Their names in events are hosts: the rest of an address may be a secret of its receiver.
"""

import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import func, select, update

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.accounts import ServiceRefused
from casework.doors.addresses import host_to_call
from casework.doors.owners import tell_owner
from casework.doors.webhooks.kinds import DISABLE, ROTATE, VERIFY, fit_events
from casework.doors.webhooks.signing import SCHEMES, new_secret
from casework.doors.webhooks.telling import Message, queue_rows
from casework.models import ServiceAccount, WebhookCourse, WebhookDelivery, WebhookEndpoint, WebhookSecret
from casework.permissions import Action, Actor, require
from casework.setting_events import record_setting, require_administrator_of
from casework.settings.scopes import one_at_a_time

KIND = "webhook_endpoint"
ABOUT = "endpoint"
MOST_ENDPOINTS, MOST_LISTED = 5, 50
LONGEST_URL = 500
"""On the internet; within this network 443, and what the environment names with the host."""
OVERLAP_DAYS = range(1, 8)
ASKED, GONE, SILENT = "asked", "gone", "silent"


@dataclass(frozen=True, slots=True)
class EndpointWish:
    """What is typed of an endpoint."""

    url: str
    events: Iterable[str]
    scheme: str = SCHEMES[0]


def add_endpoint(
    row: ServiceAccount, wish: EndpointWish, *, inside: frozenset[str], by: Actor, now: datetime, reason: str
) -> tuple[WebhookEndpoint, str]:
    """Add an endpoint, and queue the challenge it has to answer before anything else is sent.

    Returns it with the text the receiver verifies by; that of `v1` is kept nowhere else. Records `change_setting`.
    Raises NotAllowed, ServiceRefused, EventsUnknown, ReasonMissing.
    """
    _require_administrator(by, row)
    one_at_a_time()
    url, events = _fit_url(wish.url, inside), fit_events(wish.events, row.scopes)
    if wish.scheme not in SCHEMES:
        raise ServiceRefused("Vui lòng chọn cách ký.", "Please choose how messages are signed.", about="scheme")
    _refuse_many(row)
    endpoint = WebhookEndpoint(account_id=row.account_id, url=url, events=events, scheme=wish.scheme, created_by_id=by.account_id,
                               created_at=now, service=row)  # fmt: skip
    new = {"host": host_of(url), "events": events, "scheme": wish.scheme}
    record_setting(KIND, _name(row), by=by, at=now, centre_id=row.centre_id, old=None, new=new, reason=reason)
    db.session.add(endpoint)
    db.session.flush()
    text = _give_secret(endpoint, now)
    _challenge(endpoint, now)
    _tell(endpoint, now, "được thêm", "was added")
    return endpoint, text


def change_url(endpoint: WebhookEndpoint, url: str, *, inside: frozenset[str], by: Actor, now: datetime, reason: str) -> None:
    """Call another address from now on. It has to answer a challenge first; what waits is sent there afterwards."""
    _require_administrator(by, endpoint.service)
    one_at_a_time()
    url = _fit_url(url, inside)
    old, new = {"host": host_of(endpoint.url), "verified": endpoint.is_on}, {"host": host_of(url), "verified": False}
    _record(endpoint, old, new, by=by, now=now, reason=reason)
    endpoint.url, endpoint.verified_at = url, None
    _challenge(endpoint, now)
    _tell(endpoint, now, "có địa chỉ mới", "has a new address")


def ask_for_proof(endpoint: WebhookEndpoint, *, by: Actor, now: datetime, reason: str) -> None:
    """Queue another challenge; also the way to turn an endpoint on again. Raises ServiceRefused where it is on."""
    _require_administrator(by, endpoint.service)
    if endpoint.is_on:
        raise ServiceRefused("Địa chỉ này đang hoạt động.", "This endpoint is on.")
    one_at_a_time()
    if endpoint.disabled_at is not None:
        _refuse_many(endpoint.service)
    _record(endpoint, {"state": state_of(endpoint)}, {"state": "proving"}, by=by, now=now, reason=reason)
    endpoint.disabled_at = endpoint.disabled_for = endpoint.verified_at = endpoint.rests_until = endpoint.failing_since = None
    endpoint.failures = 0
    _challenge(endpoint, now)


def is_proven(endpoint: WebhookEndpoint, *, by: Actor, now: datetime) -> None:
    """Turn an endpoint on that has answered its challenge."""
    words = "Địa chỉ đã trả lời đúng câu hỏi xác minh / it answered the challenge"
    _record(endpoint, {"verified": False}, {"verified": True}, by=by, now=now, reason=words)
    endpoint.verified_at, endpoint.failures, endpoint.failing_since = now, 0, None
    _tell(endpoint, now, "đã được xác minh và bắt đầu nhận tin", "was verified and is told from now on")


def rotate_secret(endpoint: WebhookEndpoint, *, days: int, by: Actor, now: datetime, reason: str) -> str:
    """Sign with a new secret, and for some days with the former one beside it. Returns the text the receiver verifies by."""
    _require_administrator(by, endpoint.service)
    if days not in OVERLAP_DAYS:
        raise ServiceRefused("Chọn từ 1 đến 7 ngày.", "Please choose 1 to 7 days.", about="days")
    one_at_a_time()
    ends_at = now + timedelta(days=days)
    _record(endpoint, {"secret": "former"}, {"secret": "new", "former_until": ends_at}, by=by, now=now, reason=reason)
    former = update(WebhookSecret).where(WebhookSecret.endpoint_id == endpoint.id, WebhookSecret.ends_at.is_(None))
    db.session.execute(former.values(ends_at=ends_at))
    text = _give_secret(endpoint, now)
    if endpoint.is_on:
        _queue(endpoint, ROTATE, now, {"former_until": f"{ends_at.astimezone(UTC):%Y-%m-%dT%H:%M:%SZ}"})
    _tell(endpoint, now, "có khóa ký mới", "signs with a new secret")
    return text


def disable_endpoint(endpoint: WebhookEndpoint, *, by: Actor, now: datetime, reason: str) -> None:
    """Tell an endpoint nothing more, but that; what waits becomes dead letters. Raises ServiceRefused where it is off already."""
    _require_administrator(by, endpoint.service)
    if endpoint.disabled_at is not None:
        raise ServiceRefused("Địa chỉ này đã tắt.", "This endpoint is off already.")
    was_on = endpoint.is_on
    turn_off(endpoint, ASKED, by=by, now=now, reason=reason)
    if was_on:
        _queue(endpoint, DISABLE, now, {})


def turn_off(endpoint: WebhookEndpoint, why: str, *, by: Actor, now: datetime, reason: str) -> None:
    """Turn an endpoint off, whoever may: also the worker."""
    _record(endpoint, {"state": state_of(endpoint)}, {"state": why}, by=by, now=now, reason=reason)
    endpoint.disabled_at, endpoint.disabled_for = now, why
    waiting = update(WebhookDelivery).where(
        WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.delivered_at.is_(None), WebhookDelivery.dead_at.is_(None)
    )
    courses = update(WebhookCourse).where(WebhookCourse.endpoint_id == endpoint.id, WebhookCourse.due_at.is_not(None))
    for ends in (courses.values(due_at=None), waiting.values(dead_at=now)):
        db.session.execute(ends, execution_options={"synchronize_session": False})
    _tell(endpoint, now, "đã tắt", "was turned off")


def endpoints_of(row: ServiceAccount) -> list[WebhookEndpoint]:
    """Those of an account, the newest first, those that are off behind; at most MOST_LISTED."""
    query = select(WebhookEndpoint).where(WebhookEndpoint.account_id == row.account_id)
    return list(db.session.scalars(query.order_by(WebhookEndpoint.disabled_at.is_not(None), WebhookEndpoint.id.desc()).limit(MOST_LISTED)))


def endpoint_seen(row: ServiceAccount, ref: str) -> WebhookEndpoint | None:
    return db.session.scalar(select(WebhookEndpoint).where(WebhookEndpoint.ref == ref, WebhookEndpoint.account_id == row.account_id))


def secrets_of(endpoint_id: int, *, now: datetime) -> list[WebhookSecret]:
    """What signs now, the newest first."""
    query = select(WebhookSecret).where(WebhookSecret.endpoint_id == endpoint_id)
    query = query.where(WebhookSecret.ends_at.is_(None) | (WebhookSecret.ends_at > now))
    return list(db.session.scalars(query.order_by(WebhookSecret.id.desc())))


def host_of(url: str) -> str:
    """Of an address what may stand in a list of events."""
    return urlsplit(url).hostname or ""


def state_of(endpoint: WebhookEndpoint) -> str:
    """`on`, `unproven`, or why it is off: `asked`, `gone`, `silent`."""
    return endpoint.disabled_for or ("on" if endpoint.verified_at is not None else "unproven")


def _fit_url(typed: str, inside: frozenset[str]) -> str:
    url = typed.strip()
    if host_to_call(url, inside, longest=LONGEST_URL) is None:
        raise ServiceRefused(
            "Cần địa chỉ https trên mạng Internet, cổng 443 hoặc 8443.", "An https address on the internet is needed, port 443 or 8443.",
            about="url",
        )
    return url


def _refuse_many(row: ServiceAccount) -> None:
    if row.ended_at is not None:
        raise ServiceRefused("Tài khoản kết nối này đã kết thúc.", "This service account has ended.")
    number = select(func.count()).where(WebhookEndpoint.account_id == row.account_id, WebhookEndpoint.disabled_at.is_(None))
    if (db.session.scalar(number) or 0) >= MOST_ENDPOINTS:
        raise ServiceRefused(
            f"Mỗi tài khoản có tối đa {MOST_ENDPOINTS} địa chỉ. Xin tắt một địa chỉ trước.",
            f"An account has {MOST_ENDPOINTS} endpoints at most. Please turn one off first.",
        )


def _give_secret(endpoint: WebhookEndpoint, now: datetime) -> str:
    made = new_secret(endpoint.scheme)
    db.session.add(
        WebhookSecret(endpoint_id=endpoint.id, scheme=endpoint.scheme, public=made.public, sealed_secret=made.sealed, made_at=now)
    )
    return made.text


def _challenge(endpoint: WebhookEndpoint, now: datetime) -> None:
    _queue(endpoint, VERIFY, now, {"challenge": secrets.token_urlsafe(24)})


def _queue(endpoint: WebhookEndpoint, kind: str, now: datetime, more: dict[str, str]) -> None:
    queue_rows([(endpoint.id, None, Message(kind, now, ABOUT, {"ref": endpoint.ref, **more}))])


def _require_administrator(by: Actor, row: ServiceAccount) -> None:
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, row.centre_id)


def _record(endpoint: WebhookEndpoint, old: dict[str, Any], new: dict[str, Any], *, by: Actor, now: datetime, reason: str) -> None:
    row = endpoint.service
    record_setting(KIND, _name(row), by=by, at=now, centre_id=row.centre_id, old=old, new=new, reason=reason)


def _tell(endpoint: WebhookEndpoint, now: datetime, vi: str, en: str) -> None:
    name, host = _name(endpoint.service), host_of(endpoint.url)
    tell_owner(endpoint.service, Bilingual(f"địa chỉ nhận tin {host} của “{name}” {vi}", f"the endpoint {host} of “{name}” {en}"), at=now)


def _name(row: ServiceAccount) -> str:
    return row.account.full_name or row.account.ref

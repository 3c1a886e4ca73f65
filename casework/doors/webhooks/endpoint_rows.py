"""An account's endpoints with what stands beside them on lists: the keys that sign, and how much waits or was given up."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.doors.webhooks.dead_letters import how_many_dead, how_many_wait
from casework.doors.webhooks.endpoints import endpoint_seen, endpoints_of
from casework.models import ServiceAccount, WebhookEndpoint, WebhookSecret


@dataclass(frozen=True, slots=True)
class EndpointRow:
    endpoint: WebhookEndpoint
    public_keys: list[str]
    """Of `v1a`, that sign now, the newest first."""
    waiting: int
    dead: int


def endpoint_rows(account: ServiceAccount, *, now: datetime) -> list[EndpointRow]:
    """Those of an account, in four statements however many there are."""
    return _rows(endpoints_of(account), now)


def endpoint_row(account: ServiceAccount, ref: str, *, now: datetime) -> EndpointRow | None:
    """One of an account's own."""
    found = endpoint_seen(account, ref)
    return _rows([found], now)[0] if found is not None else None


def _rows(endpoints: list[WebhookEndpoint], now: datetime) -> list[EndpointRow]:
    waiting, dead = how_many_wait(endpoints), how_many_dead(endpoints)
    keys = defaultdict[int, list[str]](list)
    signs = WebhookSecret.ends_at.is_(None) | (WebhookSecret.ends_at > now)
    query = select(WebhookSecret.endpoint_id, WebhookSecret.public).where(
        WebhookSecret.endpoint_id.in_([each.id for each in endpoints]), WebhookSecret.public.is_not(None), signs
    )
    for endpoint_id, public in db.session.execute(query.order_by(WebhookSecret.id.desc())) if endpoints else ():
        keys[endpoint_id].append(str(public))
    return [EndpointRow(each, keys[each.id], waiting.get(each.id, 0), dead.get(each.id, 0)) for each in endpoints]

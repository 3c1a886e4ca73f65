"""Which endpoints are told, read once and kept until an endpoint, an account or a door is changed: without any an act asks nothing more."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from casework.db import db
from casework.doors.gates import Door, is_open
from casework.doors.webhooks.kinds import types_for
from casework.models import Agency, Centre, ServiceAccount, WebhookEndpoint
from casework.reading.kept_with_rules import kept_with_rules


@dataclass(frozen=True, slots=True)
class EndpointListening:
    """An endpoint that is on: whose it is, and what it is told."""

    id: int
    account_id: int
    centre_id: int
    agency_id: int | None
    types: frozenset[str]
    ends_on: date | None
    """The day its centre or agency ends."""

    def is_there_on(self, day: date) -> bool:
        return self.ends_on is None or day < self.ends_on


@kept_with_rules
def listeners() -> tuple[EndpointListening, ...]:
    """All endpoints that are verified and on, of accounts that go on, behind an open door."""
    query = (
        select(
            WebhookEndpoint.id, WebhookEndpoint.account_id, WebhookEndpoint.events, ServiceAccount.centre_id, ServiceAccount.agency_id,
            ServiceAccount.scopes, Centre.valid_to, Agency.valid_to,
        )
        .join(ServiceAccount, ServiceAccount.account_id == WebhookEndpoint.account_id)
        .join(Centre, Centre.id == ServiceAccount.centre_id)
        .outerjoin(Agency, Agency.id == ServiceAccount.agency_id)
        .where(WebhookEndpoint.verified_at.is_not(None), WebhookEndpoint.disabled_at.is_(None), ServiceAccount.ended_at.is_(None))
        .order_by(WebhookEndpoint.id)
    )
    return tuple(
        EndpointListening(id_, account_id, centre_id, agency_id, types_for(events, scopes), min(filter(None, ends), default=None))
        for id_, account_id, events, centre_id, agency_id, scopes, *ends in db.session.execute(query)
        if is_open(Door.WEBHOOKS, centre_id)
    )


@kept_with_rules
def has_endpoints() -> bool:
    """Whether there ever was one: something may lie queued."""
    return db.session.scalar(select(WebhookEndpoint.id).limit(1)) is not None

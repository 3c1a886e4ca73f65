"""`langbiang webhooks`: which endpoints there are and what could not be delivered, and sending it again."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from web.commands.console import AT_THE_SERVER, REFUSED, ready_app, say_error

if TYPE_CHECKING:
    from casework.models import WebhookEndpoint

INSTANTS = click.DateTime(["%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d"])


@click.group("webhooks")
def webhooks() -> None:
    """List the endpoints of other systems, or send them again what could not be delivered (docs/webhooks.md)."""


@webhooks.command("list")
def list_endpoints() -> None:
    """Say which there are, how they stand, what waits and what was given up; never a secret, and of an address its host alone."""
    from casework.doors.accounts import service_accounts_seen
    from casework.doors.webhooks.dead_letters import how_many_dead, how_many_wait
    from casework.doors.webhooks.endpoints import endpoints_of, host_of, state_of
    from web.config import Config

    with ready_app(Config.from_environment(), "webhooks").app_context():
        found = [(row, each) for row in service_accounts_seen(AT_THE_SERVER) for each in endpoints_of(row)]
        dead, waiting = (count([each for _row, each in found]) for count in (how_many_dead, how_many_wait))
        for row, each in found:
            words = f"{state_of(each)}, {waiting.get(each.id, 0)} waiting, {dead.get(each.id, 0)} dead letters"
            click.echo(f"{each.ref}  {host_of(each.url)} of {row.account.full_name}: {words}")
        if not found:
            click.echo("There are no endpoints.")


@webhooks.command("replay")
@click.argument("ref")
@click.option("--message", help="One dead letter, by its webhook-id.")
@click.option("--since", type=INSTANTS, help="Of events from then on (UTC).")
@click.option("--until", type=INSTANTS, help="Of events until then (UTC).")
@click.option("--reason", required=True, help="Why; kept with the event.")
def replay_dead(ref: str, message: str | None, since: datetime | None, until: datetime | None, reason: str) -> None:
    """Send the dead letters of the endpoint REF again, all or some, with the ids they had."""
    from casework.doors.accounts import service_accounts_seen
    from casework.doors.webhooks.dead_letters import replay_all
    from casework.doors.webhooks.endpoints import endpoint_seen
    from web.config import Config

    since, until = (each.replace(tzinfo=UTC) if each is not None else None for each in (since, until))

    def find() -> WebhookEndpoint:
        endpoint = next(filter(None, (endpoint_seen(row, ref) for row in service_accounts_seen(AT_THE_SERVER))), None)
        if endpoint is None:
            say_error(f"There is no endpoint {ref}.")
            raise SystemExit(REFUSED)
        return endpoint

    with ready_app(Config.from_environment(), "webhooks").app_context():
        number = replay_all(
            find, by=AT_THE_SERVER, now=datetime.now(UTC), reason=reason, message=message, since=since, until=until
        )
    click.echo(f"{number} messages are sent again.")

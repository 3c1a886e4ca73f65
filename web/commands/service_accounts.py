"""`langbiang service-accounts`: what other systems act here, and ending one at once, e.g. where no administrator can sign in."""

from datetime import UTC, datetime

import click

from web.commands.console import AT_THE_SERVER, REFUSED, ready_app, say_error


@click.group("service-accounts")
def service_accounts() -> None:
    """List the accounts of other systems, or end one (docs/doors.md)."""


@service_accounts.command("list")
def list_accounts() -> None:
    """Say which there are, whose, until when their keys last, and when each was used last; never a key."""
    from casework.doors.accounts import service_accounts_seen
    from casework.doors.keys import keys_of
    from casework.local_time import local_day
    from web.config import Config

    now = datetime.now(UTC)
    with ready_app(Config.from_environment(), "service-accounts").app_context():
        rows = service_accounts_seen(AT_THE_SERVER)
        keys = keys_of(rows, now=now)
        for row in rows:
            body = row.agency.name_en if row.agency is not None else row.centre.name_en
            click.echo(f"{row.account.ref}  {row.account.full_name} ({body}), owner {row.owner.login}: {', '.join(row.scopes)}")
            for key in keys[row.account_id]:
                used = f"used on {key.last_used_on:%d/%m/%Y}" if key.last_used_on else "not used yet"
                click.echo(f"    key {key.public}, until {local_day(key.expires_at):%d/%m/%Y}, {used}")
        if not rows:
            click.echo("There are no service accounts.")


@service_accounts.command("end")
@click.argument("ref")
@click.option("--reason", required=True, help="Why; kept with the event.")
def end_account(ref: str, reason: str) -> None:
    """End the account REF for good, with its keys: it opens nothing from the next request on."""
    from casework.db import unit_of_work
    from casework.doors.accounts import end_service_account, service_account_seen
    from web.config import Config

    with ready_app(Config.from_environment(), "service-accounts").app_context(), unit_of_work():
        row = service_account_seen(AT_THE_SERVER, ref)
        if row is None:
            say_error(f"There is no service account {ref}.")
            raise SystemExit(REFUSED)
        end_service_account(row, by=AT_THE_SERVER, now=datetime.now(UTC), reason=reason)
        name = row.account.full_name
    click.echo(f"The service account {name} has ended.")

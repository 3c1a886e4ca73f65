"""Commands for exports and scheduled outputs."""

from pathlib import Path

import click

from web.commands.console import FAILED, NEW, REFUSED, ready_app, say_error, shown_progress
from web.exports.parameters import LISTS


@click.command("schedules")
def schedules() -> None:
    """List what is made by itself: when each schedule is next due and how its last run ended. Ends with 1 when a last run failed."""
    from web.config import Config
    from web.outputs.schedule_list import schedule_lines

    with ready_app(Config.from_environment(), "schedules").app_context():
        lines, number_failed = schedule_lines()
    for line in lines:
        click.echo(line)
    click.echo(f"{len(lines)} schedules, {number_failed} failed." if len(lines) != 1 else f"1 schedule, {number_failed} failed.")
    if number_failed:
        raise SystemExit(FAILED)


@click.command(epilog=f"LIST is one of {', '.join(LISTS)}.")
@click.argument("list_", metavar="LIST", type=click.Choice(LISTS))
@click.option("--centre", required=True, help="Prefix of the centre's codes, e.g. LD.")
@click.option("--form", type=click.Choice(["xlsx", "csv", "json"]), default="xlsx", show_default=True, help="Form of the file.")
@click.option("--out", type=NEW, required=True, help="New file to write.")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="As in the address of the page, e.g. state=open; several.")
@click.option("--with-identity", is_flag=True, help="With who sent the reports; at most 500 cases, each look is written down.")
@click.option("--reason", help="Why it is taken out: kept in each history. For --with-identity, looks and affected.")
def export(
    list_: str, centre: str, form: str, out: Path, filters: tuple[str, ...], with_identity: bool, reason: str | None
) -> None:
    """Write a LIST of one centre to a file, as those who run the centre see it."""
    from web.clock import now
    from web.commands.outputs import export_file
    from web.config import Config

    chosen = dict(each.partition("=")[::2] for each in filters)
    if not all(chosen.values()):
        say_error("A filter is NAME=VALUE, for example --filter state=open.")
        raise SystemExit(REFUSED)
    app = ready_app(Config.from_environment(), "export")
    try:
        with shown_progress("Rows") as rows, app.app_context():
            written = export_file(app, list_, centre=centre, form=form, out=out, chosen=chosen, with_identity=with_identity, reason=reason,
                                  now=now(), say=rows)  # fmt: skip
    except FileExistsError:
        say_error(f"{out} is there already.")
        raise SystemExit(REFUSED) from None
    except OSError as fault:
        say_error(f"{out} cannot be written: {fault.strerror}.")
        raise SystemExit(REFUSED) from fault
    click.echo(f"Wrote {written}.")

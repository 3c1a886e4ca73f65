"""`langbiang report`: period reports, agency sheets, the yearbook and case files, written to files."""

from collections.abc import Callable
from pathlib import Path
from typing import NoReturn

import click

from casework.errors import CaseworkError
from web.commands.console import NEW, REFUSED, ready_app, say_error, shown_progress


@click.group()
def report() -> None:
    """Make a report of a period, an agency's sheet, the public yearbook or the file of a case, and write it to a file.

    Without --period the last one that is over. Ends with 1 when it cannot be made, with 2 when it was called wrongly.
    """


PERIODS = {"weekly": "2026-W09", "monthly": "2026-03", "quarterly": "2026-Q1", "half-year": "2026-H1", "yearly": "2026"}
"""The period reports, with an example of a period of each."""
OUT = click.option("--out", required=True, type=NEW, help="File to write; there must be none yet.")
CENTRE = click.option("--centre", default="", help="Prefix of its codes, e.g. LD; the default centre when not given.")
FORM = click.option("--form", type=click.Choice(["pdf", "xlsx", "json"]), default="pdf", show_default=True, help="Form of the file.")


def _add_report(name: str, example: str) -> None:
    @report.command(name, help=f"The {name} report of a centre. A period is called {example}.")
    @CENTRE
    @click.option("--period", "--month" if name == "monthly" else "--of", default="", help=f"The period, e.g. {example}.")
    @FORM
    @OUT
    def made(centre: str, period: str, form: str, out: Path) -> None:
        from web.reporting.command import KINDS

        _make_report("period_report", KINDS[name], period=period, centre=centre, agency=None, form=form, out=out)


for _name, _example in PERIODS.items():
    _add_report(_name, _example)


@report.command("agency-sheet")
@click.argument("agency")
@CENTRE
@click.option("--period", required=True, help="Of which period, e.g. 2026-03 or 2026-Q1.")
@FORM
@OUT
def agency_sheet(agency: str, centre: str, period: str, form: str, out: Path) -> None:
    """The sheet of one AGENCY, by its key or its name."""
    _make_report("agency_sheet", None, period=period, centre=centre, agency=agency, form=form, out=out)


@report.command()
@CENTRE
@click.option("--year", type=click.IntRange(2000, 2200), help="Of which year; the last one that is over when not given.")
@FORM
@OUT
def yearbook(centre: str, year: int | None, form: str, out: Path) -> None:
    """The public yearbook of a centre."""
    _make_report("yearbook", None, period=str(year or ""), centre=centre, agency=None, form=form, out=out)


@report.command("case-file")
@click.argument("code")
@click.option("--form", type=click.Choice(["pdf", "json"]), default="pdf", show_default=True, help="Form of the file.")
@OUT
def case_file(code: str, form: str, out: Path) -> None:
    """The file of the case with that CODE. Its history keeps that it was printed by this command."""
    from web.clock import now
    from web.config import Config
    from web.reporting.command import NotFoundHere, make_case_file

    _refuse_taken(out)
    app = ready_app(Config.from_environment(), "report")
    try:
        with shown_progress("Pictures") as told, app.app_context():
            size = make_case_file(app, code, form=form, out=out, now=now(), say=_told_by(told))
    except (NotFoundHere, OSError) as fault:
        _refuse(fault)
    click.echo(f"Wrote {out}, {size} bytes.")


def _make_report(kind: str, every: str | None, *, period: str, centre: str, agency: str | None, form: str, out: Path) -> None:
    from web.clock import now
    from web.config import Config
    from web.reporting.command import NotFoundHere, make_report
    from web.reporting.gathering import PeriodRefused

    _refuse_taken(out)
    app = ready_app(Config.from_environment(), "report")
    try:
        with shown_progress("Steps") as told, app.app_context():
            size = make_report(app, kind, every=every, period=period, centre=centre, agency=agency, form=form, out=out,
                               now=now(), say=_told_by(told))  # fmt: skip
    except (NotFoundHere, PeriodRefused, OSError) as fault:
        _refuse(fault)
    click.echo(f"Wrote {out}, {size} bytes.")


def _told_by(told: Callable[[int, int], None]) -> Callable[[int, int | None], None]:
    return lambda done, total: told(done, total or done or 1)


def _refuse_taken(out: Path) -> None:
    if out.exists() or not out.parent.is_dir():
        say_error(f"{out} is there already." if out.exists() else f"There is no folder {out.parent}.")
        raise SystemExit(REFUSED)


def _refuse(fault: Exception) -> NoReturn:
    """Called wrongly: the name is unknown, or the file cannot be written."""
    say_error(fault.en if isinstance(fault, CaseworkError) else f"The file cannot be written: {getattr(fault, 'strerror', fault)}.")
    raise SystemExit(REFUSED) from fault

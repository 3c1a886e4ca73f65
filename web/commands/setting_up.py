"""Commands that set up an installation: tables, first account, models and boundaries."""

import sys
from datetime import UTC, datetime
from pathlib import Path

import click

from web.commands.console import AT_THE_SERVER, REFUSED, finish, ready_app, say_error


@click.command()
def migrate() -> None:
    """Create the database, or bring it to the tables and the process of this version."""
    import migrations
    from web.commands.upgrade_rules import bring_release
    from web.config import Config
    from web.schema_check import refuse_database_away
    from web.startup_checks import make_data_folder

    config = Config.from_environment()
    refuse_database_away(config)
    make_data_folder(config)
    migrations.upgrade(config.database_url)
    click.echo(f"The database is at revision {migrations.newest_revision()}.")
    for sentence in bring_release(config, now=datetime.now(UTC)):
        click.echo(sentence)


@click.command()
@click.option("--prefix", required=True, help="First letters of every report code, e.g. LD.")
@click.option("--name-vi", required=True, help="Name of the centre in Vietnamese.")
@click.option("--name-en", required=True, help="Name of the centre in English.")
@click.option("--phone", help="Hotline of the centre.")
@click.option("--login", required=True, help="User name of the administrator.")
@click.option("--full-name", required=True, help="Full name of the administrator.")
@click.option("--password", envvar="ADMINISTRATOR_PASSWORD", help="Asked for when not given; also read from ADMINISTRATOR_PASSWORD.")
def install(prefix: str, name_vi: str, name_en: str, phone: str | None, login: str, full_name: str, password: str | None) -> None:
    """Begin a new installation: rules, process, one centre and its administrator."""
    from casework.db import unit_of_work
    from casework.installation.first_start import begin_installation
    from web.accounts.password_lists import open_lists
    from web.accounts.password_rules import SHORTEST, hash_password, weakness_of
    from web.config import Config
    from workflows.versions.live import install_shipped_model

    config, about = Config.from_environment(), (prefix, name_vi, name_en, login, full_name)
    password = password or _asked_password()
    if len(password) < SHORTEST or weakness_of(password, about=about, lists=open_lists(config)):
        say_error(f"The password needs at least {SHORTEST} characters and must not be one everybody tries first, nor be made of names.")
        raise SystemExit(REFUSED)
    app, now, hashed = ready_app(config, "install"), datetime.now(UTC), hash_password(password)
    with app.app_context(), unit_of_work():
        begin_installation(
            prefix=prefix, name_vi=name_vi, name_en=name_en, phone=phone, login=login, full_name=full_name, password_hash=hashed, now=now
        )
        install_shipped_model(now=now)
    click.echo(f"Installed {name_en}. Sign in as {login}.")


def _asked_password() -> str:
    try:
        answer: str = click.prompt("Password of the administrator", hide_input=True, confirmation_prompt=True)
    except click.Abort:
        if sys.stdin.isatty():
            raise
        say_error("There is no terminal to ask for the password of the administrator on: set ADMINISTRATOR_PASSWORD to it.")
        raise SystemExit(REFUSED) from None
    return answer


@click.command("add-centre")
@click.option("--prefix", required=True, help="First letters of every report code, e.g. DD; never used again.")
@click.option("--name-vi", required=True, help="Name of the centre in Vietnamese.")
@click.option("--name-en", default="", help="Name of the centre in English.")
@click.option("--phone", default="", help="Hotline of the centre.")
@click.option("--reason", required=True, help="Why; kept with the event.")
def add_centre(prefix: str, name_vi: str, name_en: str, phone: str, reason: str) -> None:
    """Add a centre beside those that are at work. Its areas, agencies and people are entered on the pages."""
    from casework.db import unit_of_work
    from casework.settings import centre
    from casework.settings.importing.rows import RowRefused
    from web.config import Config

    given = {"code_prefix": prefix, "name_vi": name_vi, "name_en": name_en, "phone": phone, "reason": reason}
    with ready_app(Config.from_environment(), "add-centre").app_context():
        try:
            with unit_of_work():
                added = centre.add_centre(by=AT_THE_SERVER, now=datetime.now(UTC), **given)
                said = f"Added {added.name_en} with the prefix {added.code_prefix}."
        except RowRefused as refused:
            for fault in refused.faults.values():
                say_error(fault.en)
            raise SystemExit(REFUSED) from refused
    click.echo(said)


@click.command("reset-second-factor")
@click.argument("login")
@click.option("--reason", required=True, help="Why; kept with the event.")
def reset_second_factor(login: str, reason: str) -> None:
    """Take the second factors of the account LOGIN away, e.g. of the last administrator who has lost the telephone.

    Every session of the account ends and the person is told; the next sign-in takes the password alone and asks for a new factor.
    """
    from sqlalchemy import select

    from casework.accounts.second_factors import reset_factors
    from casework.db import db, unit_of_work
    from casework.models import Account
    from casework.permissions import SYSTEM
    from web.config import Config

    with ready_app(Config.from_environment(), "reset-second-factor").app_context(), unit_of_work():
        account = db.session.scalar(select(Account).where(Account.login == login.lower(), Account.kind == "staff"))
        if account is None:
            say_error(f"There is no member of staff with the user name {login}.")
            raise SystemExit(REFUSED)
        reset_factors(account, by=SYSTEM, now=datetime.now(UTC), reason=reason)
    click.echo(f"The second factors of {login} are taken away.")


@click.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--language", type=click.Choice(["vi", "en", "both"]), default="both", show_default=True, help="Language of the findings.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON instead of sentences.")
def check(file: Path, language: str, is_json: bool) -> None:
    """Check a process model or decision table in FILE; needs no database.

    Ends with 0 when nothing has to be mended, with 1 when something has, with 2 when FILE cannot be read.
    """
    from web.commands.check_model import as_json, lines
    from workflows.checks.file import check_file

    try:
        checked = check_file(file)
    except OSError as fault:
        say_error(f"{file} cannot be read: {fault.strerror}.")
        raise SystemExit(REFUSED) from fault
    click.echo(as_json(checked, file) if is_json else "\n".join(lines(checked, language)))
    if not checked.is_readable:
        raise SystemExit(REFUSED)
    finish(checked.is_clean)


@click.command("import-boundary")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--source", help="Where the boundaries come from and under which licence; the name of the file when not given.")
@click.option("--reason", help="Why they change; kept with the event.")
@click.option("--code-property", help="Property that holds the official code, where it is not code, ma or ma_xa.")
@click.option("--swap", is_flag=True, help="Turn positions round that have latitude first.")
@click.option("--allow-overlap", is_flag=True, help="Take over shapes that lie over areas of another centre.")
@click.option("--dry-run", is_flag=True, help="Say what would change, and change nothing.")
def import_boundary(
    file: Path, source: str | None, reason: str | None, code_property: str | None, swap: bool, allow_overlap: bool, dry_run: bool
) -> None:
    """Take boundaries of areas over from a GeoJSON FILE, by official code, else by name.

    Shapes no area is found for are left out. When one is broken nothing changes at all and the command ends with 1; the page
    /settings/boundaries can take over the others. Ends with 2 when FILE cannot be read.
    """
    from web.commands.boundaries import import_file
    from web.config import Config

    app = ready_app(Config.from_environment(), "import-boundary")
    said = import_file(app, file, source=source, reason=reason, code_property=code_property, swap=swap, dry_run=dry_run,
                       overlap=allow_overlap)  # fmt: skip
    for line in said.lines:
        click.echo(line)
    for line in said.faults:
        say_error(line)
    if not said.is_readable:
        raise SystemExit(REFUSED)
    finish(not said.faults)

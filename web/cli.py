"""The command `langbiang`. Each command says in sentences what it did; it ends with 0, with 1 when something is wrong, with 2
when it was called or set up wrongly."""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

import casework
import web
from casework.errors import CaseworkError

FAILED, REFUSED = 1, 2
EXISTING = click.Path(path_type=Path, exists=True)
NEW = click.Path(path_type=Path)


class Commands(click.Group):
    """A group whose commands say in one sentence why they cannot run, without a traceback."""

    def invoke(self, context: click.Context) -> Any:
        """Run the command; a refusal becomes its sentence and exit code."""
        from web.config import SettingRefused
        from web.starting import StartRefused

        try:
            return super().invoke(context)
        except (SettingRefused, StartRefused) as refusal:
            say_error(str(refusal))
            context.exit(REFUSED)
        except CaseworkError as refusal:
            say_error(refusal.en)
            context.exit(FAILED)


@click.group(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def commands() -> None:
    """Langbiang: case management for citizens' field reports.

    Settings are LANGBIANG_* environment variables; docs/settings.md lists them.
    """


def main() -> None:
    """Run the command line, if the pages are our own."""
    if (sentence := foreign_web()) is not None:
        say_error(sentence)
        raise SystemExit(REFUSED)
    os.umask(0o077)  # database, log and files are for this account alone, whatever the shell's own habit
    commands()


@commands.command()
def serve() -> None:
    """Serve the pages until SIGTERM, which ends requests in flight first."""
    from web import server
    from web.config import Config

    config = Config.from_environment()
    app = ready_app(config, f"serve-{config.port}")
    many = f" in {config.processes} processes" if config.processes > 1 else ""
    click.echo(f"Serving {config.base_url} on {server.listen_address(config)}{many}.")
    if config.processes == 1:
        server.serve(app, config)
    else:
        serve_in_processes(app, config)
    click.echo("Stopped.")


@commands.command()
def worker() -> None:
    """Run timers, messages and sweeps until SIGTERM; any number may run."""
    from web.config import Config
    from web.worker import work

    app = ready_app(Config.from_environment(), f"worker-{os.getpid()}")
    click.echo("Working.")
    work(app)
    click.echo("Stopped.")


@commands.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Port to serve on.")
@click.option("--data", type=NEW, default=Path("var/demo"), show_default=True, help="Folder for the invented data.")
def demo(port: int, data: Path) -> None:
    """Serve the product with invented data on this machine."""
    from web import demo as demonstration
    from web.request_log import write_log

    write_log(data / "log", "demo", to_stdout=False)
    demonstration.run(port, data)


@commands.command()
def migrate() -> None:
    """Create the database, or bring it to the tables and the process of this version."""
    import migrations
    from web.config import Config
    from web.upgrading import bring_release

    config = Config.from_environment()
    config.data.mkdir(mode=0o700, parents=True, exist_ok=True)
    migrations.upgrade(config.database_url)
    click.echo(f"The database is at revision {migrations.newest_revision()}.")
    for sentence in bring_release(config, now=datetime.now(UTC)):
        click.echo(sentence)


@commands.command()
@click.option("--prefix", required=True, help="First letters of every report code, e.g. LD.")
@click.option("--name-vi", required=True, help="Name of the centre in Vietnamese.")
@click.option("--name-en", required=True, help="Name of the centre in English.")
@click.option("--phone", help="Hotline of the centre.")
@click.option("--login", required=True, help="User name of the administrator.")
@click.option("--full-name", required=True, help="Full name of the administrator.")
@click.option(
    "--password", prompt="Password of the administrator", hide_input=True, confirmation_prompt=True, envvar="ADMINISTRATOR_PASSWORD",
    help="Asked for when not given; also read from ADMINISTRATOR_PASSWORD.",
)  # fmt: skip
def install(prefix: str, name_vi: str, name_en: str, phone: str | None, login: str, full_name: str, password: str) -> None:
    """Begin a new installation: rules, process, one centre and its administrator."""
    from casework.db import unit_of_work
    from casework.first_start import begin_installation
    from web.config import Config
    from web.passwords import SHORTEST, hash_password, is_too_common
    from workflows.versions import install_shipped_model

    if len(password) < SHORTEST or is_too_common(password):
        say_error(f"The password needs at least {SHORTEST} characters and must not be one everybody tries first.")
        raise SystemExit(REFUSED)
    app, now, hashed = ready_app(Config.from_environment(), "install"), datetime.now(UTC), hash_password(password)
    with app.app_context(), unit_of_work():
        begin_installation(
            prefix=prefix, name_vi=name_vi, name_en=name_en, phone=phone, login=login, full_name=full_name, password_hash=hashed, now=now
        )
        install_shipped_model(now=now)
    click.echo(f"Installed {name_en}. Sign in as {login}.")


@commands.command()
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Read every N-th file, another part each day.")
def verify(every: int) -> None:
    """Prove history, anchors, files, cases and processes against each other."""
    from web.config import Config
    from web.keeping import verify as verify_all

    finish(say_verification(verify_all(Config.from_environment(), now=datetime.now(UTC), every=every)))


@commands.command()
@click.argument("folder", type=NEW)
@click.option("--keys", type=NEW, help="Also save the keys, to this file; keep it apart from the backup.")
def backup(folder: Path, keys: Path | None) -> None:
    """Save database, files and anchors to a new FOLDER, while people work."""
    from web.config import Config
    from web.keeping import backup as save

    made = save(Config.from_environment(), folder, now=datetime.now(UTC), keys=keys)
    click.echo(f"Saved {made.files} files, {made.size} bytes in all, to {made.folder}.")
    click.echo(f"Saved the keys to {made.keys}." if made.keys else "The keys are not in it: save them apart with --keys FILE.")
    for name in made.missing:
        say_error(f"The file {name} is named by a row but was not in the storage.")
    finish(not made.missing)


@commands.command()
@click.argument("folder", type=EXISTING)
@click.option("--keys", type=EXISTING, help="File with the keys, as saved by backup --keys.")
def restore(folder: Path, keys: Path | None) -> None:
    """Fill an empty installation from the backup in FOLDER and verify it."""
    from web.config import Config
    from web.keeping import restore as load

    done = load(Config.from_environment(), folder, now=datetime.now(UTC), keys=keys)
    click.echo(f"Restored the backup of {done.manifest.made_at}.")
    for words in done.missing:
        say_error(words.en)
    finish((done.verification is None or say_verification(done.verification)) and not done.missing)


@commands.command()
@click.option("--lives", type=click.IntRange(1), default=None, help="How many cases to walk through.")
@click.option("--database-url", default=None, help="An empty PostgreSQL database to measure on, instead of a new SQLite file.")
@click.option("--pages/--no-pages", default=True, help="Also measure the steps over HTTP.")
@click.option("--out", type=NEW, help="File to keep the result in, as JSON.")
@click.option("--load", is_flag=True, help="Instead, let people work in a house of many cases, with a server and a worker of its own.")
@click.option("--cases", type=click.IntRange(300), default=100_000, show_default=True, help="With --load: cases in the house.")
@click.option("--seconds", type=click.IntRange(2), default=120, show_default=True, help="With --load: length of each part.")
@click.option("--sessions", type=click.IntRange(10), default=200, show_default=True, help="With --load: people signed in.")
@click.option("--servers", type=click.IntRange(1, 8), default=1, show_default=True, help="With --load: server processes on the data.")
def benchmark(
    lives: int | None, database_url: str | None, pages: bool, out: Path | None,
    load: bool, cases: int, seconds: int, sessions: int, servers: int,
) -> None:  # fmt: skip
    """Measure milliseconds and statements of each step of a case, on invented data."""
    from web import benchmark as measuring
    from web.benchmark_table import lines
    from web.request_log import be_quiet

    be_quiet()
    if load:
        from web import benchmark_load
        from web.benchmark_house import Scale

        scale = Scale(cases=cases, open_steps=max(60, cases // 50), sessions=sessions, servers=servers, seconds=seconds)
        for line in benchmark_load.lines(benchmark_load.run(scale, database_url=database_url, out=out, say=click.echo)):
            click.echo(line)
        return
    result = measuring.run(lives=lives or measuring.LIVES, database_url=database_url, with_pages=pages, out=out)
    for line in lines(result):
        click.echo(line)


@commands.command()
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
@click.option("--language", type=click.Choice(["vi", "en", "both"]), default="both", show_default=True, help="Language of the findings.")
@click.option("--json", "is_json", is_flag=True, help="Print JSON instead of sentences.")
def check(file: Path, language: str, is_json: bool) -> None:
    """Check a process model or decision table in FILE; needs no database.

    Ends with 0 when nothing has to be mended, with 1 when something has, with 2 when FILE cannot be read.
    """
    from web.model_check import as_json, lines
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


@commands.command("import-boundary")
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
    from web.boundary_command import import_file
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


@commands.command()
@click.option("--recount", is_flag=True, help="Count every month again, not only those that are missing or may have changed.")
def figures(recount: bool) -> None:
    """Count the figures of the public transparency page; the worker does it each hour.

    What was open in past months cannot be counted any more and stays as it is.
    """
    from casework.figures.keeping import count_public_figures, recount_public_figures
    from web.clock import now
    from web.config import Config

    with ready_app(Config.from_environment(), "figures").app_context():
        number = (recount_public_figures if recount else count_public_figures)(now())
    click.echo(f"Counted {number} months." if number != 1 else "Counted 1 month.")


@commands.command("step-times")
@click.option("--recount", is_flag=True, help="Count every month again, not only those that are missing or may have changed.")
def step_times(recount: bool) -> None:
    """Count how long the steps of the process took, for the page of bottlenecks; the worker does it each hour."""
    from web.clock import now
    from web.config import Config
    from workflows.bottlenecks.keeping import count_step_times, recount_step_times

    with ready_app(Config.from_environment(), "step-times").app_context():
        number = (recount_step_times if recount else count_step_times)(now())
    click.echo(f"Counted {number} months." if number != 1 else "Counted 1 month.")


def ready_app(config: Any, log_name: str) -> Any:
    """The application, logging under a name of its own, on a database with the tables it needs."""
    from casework.db import db
    from web.request_log import write_log
    from web.schema import refuse_other_schema

    write_log(config.log, log_name)
    app = web.create_app(config)
    with app.app_context():
        refuse_other_schema(db.engine)
    return app


def serve_in_processes(app: Any, config: Any) -> None:
    """Serve with several processes that share what was read to start; each has connections and a log of its own."""
    from casework.db import db
    from web import server
    from web.processes import listening_socket, run_processes
    from web.request_log import write_log

    with app.app_context():
        db.engine.dispose()
    shared = listening_socket(config)

    def serve_as(number: int) -> None:
        write_log(config.log, f"serve-{config.port}-{number}")
        server.serve(app, config, shared)

    if code := run_processes(config.processes, serve_as):
        raise SystemExit(code)


def say_verification(found: Any) -> bool:
    """Print what a verification found and return whether nothing is wrong."""
    for finding in found.findings:
        click.echo(f"{'FAULT' if finding.is_fault else 'note '} {finding}")
    if found.unlisted:
        click.echo(f"FAULT and {found.unlisted} more.")
    click.echo("Looked at " + ", ".join(f"{count} {name}" for name, count in found.counts.items()) + ".")
    if found.anchor:
        click.echo(f"The newest anchor is number {found.anchor[0]}, {found.anchor[1]}: note it down outside this machine.")
    click.echo("Nothing is wrong." if found.is_clean else f"{len(found.faults) + found.unlisted} faults.")
    clean: bool = found.is_clean
    return clean


def finish(is_well: bool) -> None:
    """End the command with its exit code."""
    if not is_well:
        raise SystemExit(FAILED)


def say_error(sentence: str) -> None:
    """Print a sentence where errors go."""
    click.echo(sentence, err=True)


def foreign_web() -> str | None:
    """A sentence when the package `web` is another distribution's (web.py on PyPI owns the same name), None when it is ours.

    Installed beside ours, it overwrites our files in the very same folder, so the place alone proves nothing.
    """
    beside = Path(casework.__file__).parent.parent / "web"
    where = Path(web.__file__ or "").parent
    if where == beside and hasattr(web, "create_app"):
        return None
    return (
        f"The Python package `web` in {where} belongs to another distribution, perhaps web.py, and hides the pages of Langbiang. "
        "Install Langbiang into an environment of its own."
    )

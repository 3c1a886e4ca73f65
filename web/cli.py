"""The command `langbiang`. Each command says in sentences what it did; it ends with 0, with 1 when something is wrong, with 2
when it was called or set up wrongly."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NoReturn

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
        from web.config import SettingRefused, StartRefused

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
    from web.config import Config

    config = Config.from_environment()
    if config.processes > 1:
        from web.processes import count_together

        count_together(config.data / "metrics" / str(config.port))
    app = ready_app(config, f"serve-{config.port}")
    from web import server  # not above: who cannot start is told so before the jobs of all parts are read in

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

    app = ready_app(Config.from_environment(), f"worker-{os.getpid()}")
    from web.worker import work  # not above, as in serve

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
    from web.password_lists import open_lists
    from web.passwords import SHORTEST, hash_password, weakness_of
    from workflows.versions import install_shipped_model

    config, about = Config.from_environment(), (prefix, name_vi, name_en, login, full_name)
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


@commands.command("reset-second-factor")
@click.argument("login")
@click.option("--reason", required=True, help="Why; kept with the event.")
def reset_second_factor(login: str, reason: str) -> None:
    """Take the second factors of the account LOGIN away, e.g. of the last administrator who has lost the telephone.

    Every session of the account ends and the person is told; the next sign-in takes the password alone and asks for a new factor.
    """
    from sqlalchemy import select

    from casework.db import db, unit_of_work
    from casework.factors.held import reset_factors
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


@commands.command()
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Read every N-th file, another part each day.")
def verify(every: int) -> None:
    """Prove history, anchors, files, cases and processes against each other."""
    from web.config import Config
    from web.keeping import verify as verify_all
    from web.watching.traces import leave_trace

    config, now = Config.from_environment(), datetime.now(UTC)
    found = verify_all(config, now=now, every=every)
    leave_trace(config, "verify", is_well=found.is_clean, facts={"faults": len(found.faults) + found.unlisted}, now=now)
    finish(say_verification(found))


@commands.command()
@click.argument("folder", type=NEW)
@click.option("--keys", type=NEW, help="Also save the keys, to this file; keep it apart from the backup.")
def backup(folder: Path, keys: Path | None) -> None:
    """Save database, files and anchors to a new FOLDER, while people work."""
    from casework.keyring import Keyring
    from web.backup_folder import oldest_beside
    from web.config import Config
    from web.keeping import backup as save
    from web.watching.traces import leave_trace

    config, now = Config.from_environment(), datetime.now(UTC)
    made = save(config, folder, now=now, keys=keys)
    told = {"files": made.files, "bytes": made.size, "oldest": oldest_beside(folder)}
    leave_trace(config, "backup", is_well=not made.missing, facts=told, now=now)
    if made.keys:
        leave_trace(config, "keys", is_well=True, facts={"keys": sorted(Keyring.load(config.keyring).key_ids)}, now=now)
    click.echo(f"Saved {made.files} files, {made.size} bytes in all, to {made.folder}.")
    click.echo(f"Saved the keys to {made.keys}." if made.keys else "The keys are not in it: save them apart with --keys FILE.")
    for name in made.missing:
        say_error(f"The file {name} is named by a row but was not in the storage.")
    finish(not made.missing)


@commands.command("backed-up")
def backed_up() -> None:
    """Note that another program has just made a backup (of the PostgreSQL server, of the storage), for the health page."""
    from web.config import Config
    from web.watching.traces import leave_trace

    if not leave_trace(Config.from_environment(), "backup", is_well=True, facts={}, now=datetime.now(UTC)):
        say_error("The database could not take it: run `langbiang migrate` first.")
        raise SystemExit(FAILED)
    click.echo("Noted.")


@commands.command()
@click.option("--language", type=click.Choice(["vi", "en"]), default="en", show_default=True, help="Language of the sentences.")
def health(language: str) -> None:
    """Say what is wrong with the installation and what to do, the worst first; ends with 1 when somebody is needed."""
    from web.config import Config
    from web.watching.command import health_lines

    with ready_app(Config.from_environment(), "health").app_context():
        lines, is_well = health_lines(language)
    for line in lines:
        click.echo(line)
    finish(is_well)


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
@click.option("--export", "target", type=NEW, help="Write the list to this file, in place of an older one; keep it apart from the backups.")
@click.option("--apply", "source", type=EXISTING, help="Carry out the list in this file again, after an older backup was restored.")
def forgotten(target: Path | None, source: Path | None) -> None:
    """Keep the list of what was erased or taken out apart, or carry it out again; it has refs alone, and names nobody."""
    from casework.forgotten import forgotten_since
    from web.clock import now
    from web.config import Config
    from web.forgotten_file import read_forgotten, write_forgotten
    from workflows.forgetting_again import forget_again

    if (target is None) == (source is None):
        raise click.UsageError("Give one of --export FILE and --apply FILE.")
    lines = read_forgotten(source) if source is not None else []
    with ready_app(Config.from_environment(), "forgotten").app_context():
        if target is not None:
            click.echo(f"Wrote {write_forgotten(target, forgotten_since(), now=now())} lines to {target}.")
            return
        applied = forget_again(lines, now=now())
    for kind, number in sorted(applied.done.items()):
        click.echo(f"Done again, {kind}: {number}.")
    click.echo(f"Done already: {applied.already}. Younger than the backup: {applied.younger}. Masked: {applied.masked}.")
    for line in applied.left:
        say_error(f"The {line.kind} of {line.subject} could not be done again: it is merged into another case here. Please look at it.")
    finish(not applied.left)


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


@commands.command("facts")
@click.option("--rebuild", is_flag=True, help="Make the facts of every case and the sums of every day anew, whatever is kept.")
def facts(rebuild: bool) -> None:
    """Make the facts the statistics are counted from: of cases in which something has happened; the worker does it all the time."""
    from casework.facts.daily import sum_up_days
    from casework.facts.keeping import keep_facts, rebuild_facts
    from web.clock import now
    from web.config import Config

    with ready_app(Config.from_environment(), "facts").app_context():
        with shown_progress("Cases") as cases:
            number = rebuild_facts(now(), told=cases) if rebuild else keep_facts(now())
        with shown_progress("Days") as days:
            sum_up_days(now(), told=days)
    click.echo(f"Made the facts of {number} cases." if number != 1 else "Made the facts of 1 case.")


@commands.command("schedules")
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


@commands.command()
@click.argument("list_", metavar="LIST", type=click.Choice(["cases", "late", "letters", "register", "figures", "setting_events"]))
@click.option("--centre", required=True, help="Prefix of the centre's codes, e.g. LD.")
@click.option("--form", type=click.Choice(["xlsx", "csv", "json"]), default="xlsx", show_default=True, help="Form of the file.")
@click.option("--out", type=NEW, required=True, help="New file to write.")
@click.option("--filter", "filters", multiple=True, metavar="NAME=VALUE", help="As in the address of the page, e.g. state=open; several.")
@click.option("--with-identity", is_flag=True, help="With who sent the reports; at most 500 cases, each look is written down.")
@click.option("--reason", help="Why they are taken out; needed with --with-identity, kept in the history of each case.")
def export(
    list_: str, centre: str, form: str, out: Path, filters: tuple[str, ...], with_identity: bool, reason: str | None
) -> None:
    """Write a LIST of one centre to a file, as those who run the centre see it."""
    from web.clock import now
    from web.config import Config
    from web.outputs.command import export_file

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


@commands.group()
def keys() -> None:
    """Exchange the keys of the installation for new ones, while people work (docs/operations.md, Keys)."""


@keys.command("list")
def list_keys() -> None:
    """Say what keys there are, and how much each seals."""
    from web.config import Config
    from web.keys_command import key_lines

    config = Config.from_environment()
    for line in key_lines(ready_app(config, "keys"), config):
        click.echo(line)


@keys.command()
@click.argument("name", type=click.Choice(["keyring", "secret_key", "anchor_key", "vapid_key"]))
@click.option("--aside", is_flag=True, help="Of the keyring: add the key and go on with the present one, until every machine has it.")
def rotate(name: str, aside: bool) -> None:
    """Make a new key in place of the present one."""
    from web.config import Config
    from web.keys_command import rotate_key

    config = Config.from_environment()
    for line in rotate_key(ready_app(config, "keys"), config, name, aside=aside, now=datetime.now(UTC)):
        click.echo(line)


@keys.command()
@click.argument("key_id")
def use(key_id: str) -> None:
    """Let new seals use a key that was added aside."""
    from casework.keyring import current_keyring
    from web.config import Config

    ready_app(Config.from_environment(), "keys")
    current_keyring().use(key_id)
    click.echo(f"New seals use the key {key_id}.")


@keys.command()
def reseal() -> None:
    """Seal everything anew that an old key seals. Stop and start it as you like: what is done is passed over."""
    from web.config import Config
    from web.keys_command import reseal_all

    done = reseal_all(ready_app(Config.from_environment(), "keys"))
    click.echo(f"Sealed {done.values} values and {done.files} files anew.")
    for place, count in sorted(done.closed.items()):
        say_error(f"{count} of {place} cannot be opened; langbiang verify says more.")
    finish(not done.closed)


@keys.command()
@click.argument("name", type=click.Choice(["keyring", "secret_key"]))
@click.argument("key_id", default="")
def retire(name: str, key_id: str) -> None:
    """Take an old key away; a sealing key by its KEY_ID, and only when it seals nothing any more."""
    from web.config import Config
    from web.keys_command import retire_key

    config = Config.from_environment()
    for line in retire_key(ready_app(config, "keys"), config, name, key_id):
        click.echo(line)


@contextmanager
def shown_progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A bar on the terminal that is told how much is done, and of how much; none where nobody looks."""
    bar: Any = None

    def told(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = click.progressbar(length=total, label=label, file=sys.stderr)
        bar.update(done - bar.pos)

    try:
        yield told
    finally:
        if bar is not None:
            bar.render_finish()


def ready_app(config: Any, log_name: str) -> Any:
    """The application, logging under a name of its own, on a database with the tables it needs."""
    from casework.db import db
    from web.documents.opening import refuse_unknown_bodies
    from web.request_log import write_log
    from web.schema import refuse_other_schema

    write_log(config.log, log_name)
    app = web.create_app(config)
    with app.app_context():
        refuse_other_schema(db.engine)
        refuse_unknown_bodies(app.extensions["seals"])
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


@commands.command("move-files")
def move_files() -> None:
    """Copy the files and anchors of the data folder to the bucket of LANGBIANG_S3_URL; may be broken off and begun anew."""
    from web import file_moving
    from web.config import Config

    with shown_progress("Files") as told:
        moved = file_moving.move_files(Config.from_environment(), told=told)
    click.echo(f"{moved.now} files were copied and read back, {moved.before} were there already.")
    click.echo("The folder is as it was: delete its files/ once `langbiang verify` finds nothing.")


@commands.group()
def report() -> None:
    """Make a report of a period, an agency's sheet, the public yearbook or the file of a case, and write it to a file.

    Without --period the last one that is over. Ends with 1 when it cannot be made, with 2 when it was called wrongly.
    """


PERIODS = {"weekly": "2026-W09", "monthly": "2026-03", "quarterly": "2026-Q1", "half-year": "2026-H1", "yearly": "2026"}
"""The reports there are, by an example of their periods."""
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
    """What was named is not there, or the file cannot be written: the command was called wrongly."""
    say_error(fault.en if isinstance(fault, CaseworkError) else f"The file cannot be written: {getattr(fault, 'strerror', fault)}.")
    raise SystemExit(REFUSED) from fault


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

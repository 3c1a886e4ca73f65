"""Commands for running an installation: verification, backups, restoring, health."""

from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from web.commands.console import EXISTING, FAILED, NEW, finish, ready_app, say_error, shown_progress


@click.command()
@click.option("--every", type=click.IntRange(1), default=1, show_default=True, help="Read every N-th file, another part each day.")
def verify(every: int) -> None:
    """Prove history, anchors, files, cases and processes against each other."""
    from web.commands.backup import verify as verify_all
    from web.config import Config
    from web.schema_check import refuse_missing_database
    from web.watching.traces import leave_trace

    config, now = Config.from_environment(), datetime.now(UTC)
    refuse_missing_database(config)
    found = verify_all(config, now=now, every=every)
    leave_trace(config, "verify", is_well=found.is_clean, facts={"faults": len(found.faults) + found.unlisted}, now=now)
    finish(say_verification(found))


@click.command()
@click.argument("folder", type=NEW)
@click.option("--keys", type=NEW, help="Also save the keys, to this file; keep it apart from the backup.")
def backup(folder: Path, keys: Path | None) -> None:
    """Save database, files and anchors to a new FOLDER, while people work."""
    from casework.sealing.keyring import Keyring
    from web.commands.backup import backup as save
    from web.commands.backup_folder import oldest_sibling
    from web.config import Config
    from web.schema_check import refuse_missing_database
    from web.watching.traces import leave_trace

    config, now = Config.from_environment(), datetime.now(UTC)
    refuse_missing_database(config)
    made = save(config, folder, now=now, keys=keys)
    told = {"files": made.files, "bytes": made.size, "oldest": oldest_sibling(folder)}
    leave_trace(config, "backup", is_well=not made.missing and made.manifest.seal is not None, facts=told, now=now)
    if made.keys:
        leave_trace(config, "keys", is_well=True, facts={"keys": sorted(Keyring.load(config.keyring).key_ids)}, now=now)
    click.echo(f"Saved {made.files} files, {made.size} bytes in all, to {made.folder}.")
    click.echo(f"Saved the keys to {made.keys}." if made.keys else "The keys are not in it: save them apart with --keys FILE.")
    for name in made.missing:
        say_error(f"The file {name} is named by a row but was not in the storage.")
    if made.manifest.seal is None:
        say_error(f"It has no seal, because there is no keyring at {config.keyring}: nobody can prove later that it was not changed.")
    finish(not made.missing and made.manifest.seal is not None)


@click.command("backed-up")
def backed_up() -> None:
    """Note that another program has just made a backup (of the PostgreSQL server, of the storage), for the health page."""
    from web.config import Config
    from web.schema_check import refuse_missing_database
    from web.watching.traces import leave_trace

    config = Config.from_environment()
    refuse_missing_database(config)
    if not leave_trace(config, "backup", is_well=True, facts={}, now=datetime.now(UTC)):
        say_error("The database could not take it: run `langbiang migrate` first.")
        raise SystemExit(FAILED)
    click.echo("Noted.")


@click.command()
@click.option("--language", type=click.Choice(["vi", "en"]), default="en", show_default=True, help="Language of the sentences.")
def health(language: str) -> None:
    """Say what is wrong with the installation and what to do, the worst first; ends with 1 when somebody is needed."""
    from web.config import Config
    from web.schema_check import DatabaseAway
    from web.watching.command import health_lines, line_of_database_away

    try:
        with ready_app(Config.from_environment(), "health").app_context():
            lines, is_well = health_lines(language)
    except DatabaseAway as away:
        lines, is_well = [line_of_database_away(away, language)], False
    for line in lines:
        click.echo(line)
    finish(is_well)


@click.command()
@click.argument("folder", type=EXISTING)
@click.option("--keys", type=EXISTING, help="File with the keys, as saved by backup --keys.")
@click.option("--unproven", is_flag=True, help="Also restore a backup without a seal, as releases up to 0.9.0 made them, or without keys.")
def restore(folder: Path, keys: Path | None, unproven: bool) -> None:
    """Fill an empty installation from the backup in FOLDER and verify it."""
    from web.commands.backup import restore as load
    from web.config import Config
    from web.schema_check import refuse_database_away

    config = Config.from_environment()
    refuse_database_away(config)
    done = load(config, folder, now=datetime.now(UTC), keys=keys, unproven=unproven)
    if done.unproven is not None:
        say_error(f"WARNING: {done.unproven.en}")
    click.echo(f"Restored the backup of {done.manifest.made_at}.")
    for words in done.missing:
        say_error(words.en)
    if not done.missing:
        finish(done.verification is None or say_verification(done.verification))
        return
    if done.verification is not None:
        say_verification(done.verification, is_whole=False)
    raise SystemExit(FAILED)


@click.command()
@click.option("--export", "target", type=NEW, help="Write the list to this file, in place of an older one; keep it apart from the backups.")
@click.option("--apply", "source", type=EXISTING, help="Carry out the list in this file again, after an older backup was restored.")
def forgotten(target: Path | None, source: Path | None) -> None:
    """Keep the list of what was erased or taken out apart, or carry it out again; it has refs alone, and names nobody."""
    from casework.upkeep.erasure_log import forgotten_since
    from web.clock import now
    from web.commands.erasure_log import read_forgotten, write_forgotten
    from web.config import Config
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


@click.command("move-files")
def move_files() -> None:
    """Copy the files and anchors of the data folder to the bucket of LANGBIANG_S3_URL; may be broken off and begun anew."""
    from web.commands import move_files as file_moving
    from web.config import Config
    from web.schema_check import refuse_missing_database

    config = Config.from_environment()
    refuse_missing_database(config)
    with shown_progress("Files") as told:
        moved = file_moving.move_files(config, told=told)
    click.echo(f"{moved.now} files were copied and read back, {moved.before} were there already.")
    click.echo("The folder is as it was: delete its files/ once `langbiang verify` finds nothing.")


def say_verification(found: Any, *, is_whole: bool = True) -> bool:
    """Print what a verification found and return whether nothing is wrong; `is_whole` says that no other fault is known."""
    for finding in found.findings:
        click.echo(f"{'FAULT' if finding.is_fault else 'note '} {finding}")
    if found.unlisted:
        click.echo(f"FAULT and {found.unlisted} more.")
    click.echo("Looked at " + ", ".join(f"{count} {name}" for name, count in found.counts.items()) + ".")
    if found.anchor:
        click.echo(f"The newest anchor is number {found.anchor[0]}, {found.anchor[1]}: note it down outside this machine.")
    number = len(found.faults) + found.unlisted
    well = "Nothing is wrong." if is_whole else "Nothing else is wrong; what is missing stands above."
    click.echo(well if found.is_clean else f"{number} faults." if number != 1 else "1 fault.")
    clean: bool = found.is_clean
    return clean

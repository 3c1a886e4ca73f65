"""What every command needs: the application, and ways to print results and end with an exit code."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

import web
from casework.permissions import SYSTEM, Grant, Role

FAILED, REFUSED = 1, 2
EXISTING = click.Path(path_type=Path, exists=True)
NEW = click.Path(path_type=Path)
AT_THE_SERVER = replace(SYSTEM, grants=(Grant(Role.ADMINISTRATOR, centre_id=None, agency_id=None),))
"""The reason in events of commands: somebody who can run them has the whole database anyway, so the event names no account."""


def ready_app(config: Any, log_name: str, *, runs_jobs: bool = False) -> Any:
    """The application, logging under its own name, on a database with current tables; `runs_jobs` as in create_app."""
    from casework.db import db
    from web.documents.opening import refuse_unknown_bodies
    from web.request_log import write_log
    from web.schema_check import refuse_missing_database, refuse_other_schema

    refuse_missing_database(config)
    write_log(config.log, log_name)
    app = web.create_app(config, runs_jobs=runs_jobs)
    with app.app_context():
        if (newer := refuse_other_schema(db.engine)) is not None:
            say_error(newer)
        refuse_unknown_bodies(app.extensions["seals"])
    return app


@contextmanager
def shown_progress(label: str) -> Iterator[Callable[[int, int], None]]:
    """A progress bar on a terminal; yields a function that takes how much is done of how much. Silent elsewhere."""
    bar: Any = None

    def told(done: int, total: int) -> None:
        nonlocal bar
        if bar is None:
            bar = click.progressbar(length=total, label=label, file=sys.stderr, hidden=not sys.stderr.isatty())
        bar.update(done - bar.pos)

    try:
        yield told
    finally:
        if bar is not None:
            bar.render_finish()


def finish(is_well: bool) -> None:
    """End the command with its exit code."""
    if not is_well:
        raise SystemExit(FAILED)


def say_error(sentence: str) -> None:
    click.echo(sentence, err=True)

"""The commands that run until stopped: `serve`, `worker`, `demo`."""

import gc
import os
from pathlib import Path
from typing import Any

import click

from web.commands.console import NEW, REFUSED, ready_app, say_error


def _say_where_the_port_is_set(_context: click.Context, _option: click.Parameter, given: str | None) -> None:
    if given is not None:
        say_error(f"The port is a setting: LANGBIANG_PORT={given} langbiang serve")
        raise SystemExit(REFUSED)


@click.command()
@click.option("--port", hidden=True, expose_value=False, callback=_say_where_the_port_is_set)
def serve() -> None:
    """Serve the pages until SIGTERM, which ends requests in flight first."""
    from web.config import Config
    from web.schema_check import refuse_missing_database
    from web.server_processes import count_together, let_in, taken_port

    config = Config.from_environment()
    refuse_missing_database(config)
    shared = taken_port(config)
    if config.processes > 1:
        count_together(config.data / "metrics" / str(config.port))
    app = ready_app(config, f"serve-{config.port}")
    from web.watching.exposed_keys import exposed_keys

    for name in exposed_keys(config.data / "keys", config.keyring):
        say_error(f"Every account of this machine can read the key file {name}: give it mode 600, and its folder 700.")
    from web.serving import server  # imported late: a refusal to start should come before the jobs of all parts are loaded

    gc.freeze()  # garbage collection skips what was loaded so far, which keeps it shared between processes
    let_in(shared, config)
    many = f" in {config.processes} processes" if config.processes > 1 else ""
    click.echo(f"Serving {config.base_url} on {server.listen_address(config)}{many}.")
    if config.processes == 1:
        server.serve(app, config, shared)
    else:
        serve_in_processes(app, config, shared)
    click.echo("Stopped.")


@click.command()
def worker() -> None:
    """Run timers, messages and sweeps until SIGTERM; any number may run."""
    from web.config import Config

    app = ready_app(Config.from_environment(), f"worker-{os.getpid()}", runs_jobs=True)
    from web.jobs.worker import work  # imported late, as in serve

    gc.freeze()
    click.echo("Working.")
    work(app)
    click.echo("Stopped.")


CASES = 436
"""How many cases a demonstration has unless somebody wants fewer: those of its stories, and the fourteen months of a small house."""


@click.command()
@click.option("--port", type=click.IntRange(1, 65535), default=8080, show_default=True, help="Port to serve on.")
@click.option("--data", type=NEW, default=Path("var/demo"), show_default=True, help="Folder for the invented data.")
@click.option("--cases", type=click.IntRange(min=1), default=CASES, show_default=True, help="Invented cases, at least 62.")
def demo(port: int, data: Path, cases: int) -> None:
    """Serve the product with invented data on this machine."""
    from web.demo import running as demonstration

    demonstration.run(port, data, cases)


def serve_in_processes(app: Any, config: Any, shared: Any) -> None:
    """Serve with several forked processes that share what was loaded before; each has its own connections and log."""
    from casework.db import db
    from web.request_log import write_log
    from web.server_processes import run_processes
    from web.serving import server

    with app.app_context():
        db.engine.dispose()

    def serve_as(number: int) -> None:
        write_log(config.log, f"serve-{config.port}-{number}")
        server.serve(app, config, shared)

    if code := run_processes(config.processes, serve_as, shared):
        raise SystemExit(code)

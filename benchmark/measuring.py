"""The command `langbiang benchmark`."""

from pathlib import Path
from typing import Any

import click

from web.commands.console import NEW, shown_progress

SECONDS = "With --load: length of each part (120). With --rate: of all (300). With --arrive: of the arrivals (120)."
FILES = click.Path(path_type=Path, exists=True, dir_okay=False)


@click.command()
@click.option("--lives", type=click.IntRange(1), default=None, help="How many cases to walk through.")
@click.option("--database-url", default=None, help="An empty PostgreSQL database to measure on, instead of a new SQLite file.")
@click.option("--pages/--no-pages", default=True, help="Also measure the steps over HTTP.")
@click.option("--out", type=NEW, help="File to keep the result in, as JSON.")
@click.option("--load", is_flag=True, help="Instead, let people work in a house of many cases, with a server and a worker of its own.")
@click.option("--cases", type=click.IntRange(300), default=100_000, show_default=True, help="With --load: cases in the house.")
@click.option("--seconds", type=click.IntRange(2), default=None, help=SECONDS)
@click.option("--sessions", type=click.IntRange(10), default=200, show_default=True, help="With --load: people signed in.")
@click.option("--servers", type=click.IntRange(1, 8), default=1, show_default=True, help="With --load, --rate, --arrive: server processes.")
@click.option("--rate", is_flag=True, help="Instead, walk cases from filing to rating over HTTP, as many a second as the house takes.")
@click.option("--programs", is_flag=True, help="With --rate: a fifth of the acts by REST, by the systems of the agencies.")
@click.option("--arrive", type=click.FloatRange(0.01), default=None, help="Instead, let so many cases a second begin, whatever happens.")
@click.option("--hands", type=click.IntRange(1, 1000), default=None, help="With --rate (8) and --arrive (400): cases at the same time.")
@click.option("--seed", type=int, default=1, show_default=True, help="With --arrive: of the moments at which cases begin.")
@click.option("--house", type=click.IntRange(100), default=None, help="Instead, build a house of so many cases, weigh it and time it.")
@click.option("--folder", type=click.Path(path_type=Path, file_okay=False), help="With --house: its data folder, where it is gone on with.")
@click.option("--verify", "with_verify", is_flag=True, help="With --house: verify all of it before it is timed.")
@click.option("--asked", type=click.IntRange(5), default=200, show_default=True, help="With --house: pages of each kind.")
@click.option("--table", "tables", type=FILES, multiple=True, help="Instead, print what --house kept in these files as a table.")
def benchmark(**asked: Any) -> None:
    """Measure milliseconds and statements of each step of a case, on invented data."""
    from benchmark.command import measure

    measure(**asked, say=click.echo, progress=shown_progress)

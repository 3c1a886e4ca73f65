"""Runs the measurement that the options of `langbiang benchmark` choose."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path
from typing import Any

import click

from web.request_log import be_quiet

Say = Callable[[str], None]
Progress = Callable[[str], AbstractContextManager[Callable[[int, int], None]]]
"""A progress bar with a label, told how much is done of how much."""

LOAD_SECONDS, RATE_SECONDS, ARRIVE_SECONDS = 120, 300, 120
RATE_HANDS, ARRIVE_HANDS = 8, 400


def measure(*, say: Say, progress: Progress, **asked: Any) -> None:
    """Run the requested measurement and print the result."""
    be_quiet()
    if asked["tables"]:
        from benchmark.sizes_table import lines, results_in

        _say_all(lines(results_in(asked["tables"])), say)
    elif asked["house"]:
        _house(asked, say, progress)
    elif asked["arrive"]:
        _arrive(asked, say)
    elif asked["rate"]:
        from benchmark import rate

        seconds = asked["seconds"] or RATE_SECONDS
        measured = rate.run(
            seconds=seconds, hands=asked["hands"] or RATE_HANDS, servers=asked["servers"], programs=asked["programs"],
            database_url=asked["database_url"], out=asked["out"], say=say,
        )  # fmt: skip
        _say_all(rate.lines(measured), say)
    elif asked["load"]:
        _load(asked, say)
    else:
        from benchmark import steps, steps_table

        result = steps.run(
            lives=asked["lives"] or steps.LIVES, database_url=asked["database_url"], with_pages=asked["pages"], out=asked["out"]
        )
        _say_all(steps_table.lines(result), say)


def _arrive(asked: dict[str, Any], say: Say) -> None:
    from benchmark import arrivals, arrivals_table

    wanted = arrivals.Asked(
        per_second=asked["arrive"], seconds=asked["seconds"] or ARRIVE_SECONDS, hands=asked["hands"] or ARRIVE_HANDS,
        servers=asked["servers"], seed=asked["seed"],
    )  # fmt: skip
    _say_all(arrivals_table.lines(arrivals.run(wanted, database_url=asked["database_url"], out=asked["out"], say=say)), say)


def _load(asked: dict[str, Any], say: Say) -> None:
    from benchmark import load, load_table
    from benchmark.house import Scale

    cases = asked["cases"]
    scale = Scale(
        cases=cases, open_steps=max(60, cases // 50), sessions=asked["sessions"], servers=asked["servers"],
        seconds=asked["seconds"] or LOAD_SECONDS,
    )  # fmt: skip
    _say_all(load_table.lines(load.run(scale, database_url=asked["database_url"], out=asked["out"], say=say)), say)


def _house(asked: dict[str, Any], say: Say, progress: Progress) -> None:
    from benchmark import sizes, sizes_table, weight

    folder: Path | None = asked["folder"]
    if folder is None:
        raise click.UsageError("Give --folder, where the house is kept and gone on with.")
    with _bars(progress) as told:
        result = sizes.run(
            asked["house"], folder=folder, database_url=asked["database_url"], with_verify=asked["with_verify"], asked=asked["asked"],
            out=asked["out"], say=say, told=told,
        )  # fmt: skip
    _say_all(weight.lines(sizes.weighed_in(result)), say)
    _say_all(sizes_table.lines([result]), say)


@contextmanager
def _bars(progress: Progress) -> Iterator[Callable[[str, int, int], None]]:
    """One bar after the other, labelled with the current task."""
    with ExitStack() as stack:
        shown: dict[str, Callable[[int, int], None]] = {}

        def told(what: str, done: int, total: int) -> None:
            if what not in shown:
                stack.close()
                shown[what] = stack.enter_context(progress(what))
            shown[what](done, total)

        yield told


def _say_all(lines: Iterator[str], say: Say) -> None:
    for line in lines:
        say(line)

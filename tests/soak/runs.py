"""What a long run is, and the file its result is kept in."""
from __future__ import annotations

import json
import os
import time
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).parent.parent.parent / "var" / "soak"


@dataclass(frozen=True)
class Options:
    """What was asked for on the command line; `runs` in the run's own unit."""

    seed: int
    runs: int


Round = Callable[[], dict[str, Any]]
"""One part of a run that stands alone: does its work and returns what it found; raises when it failed."""


@dataclass(frozen=True)
class Run:
    """A long run: `rounds` yields the name of each part and what does it, always the same for the same options."""

    name: str
    what: str
    usual_runs: int
    rounds: Callable[[Options], Iterator[tuple[str, Round]]]


class RunFailed(Exception):
    """A round did not end well; the text is its own."""


def carry_out(run: Run, options: Options, *, resume: bool, only: str = "", folder: Path = RESULTS) -> dict[str, Any]:
    """Do the rounds that are not done yet, with `only` those whose names have it in them, and keep each result at once.

    Raises RunFailed at the first that fails.
    """
    path = folder / f"{run.name}.json"
    result = _kept(path, options) if resume else None
    if result is None:
        result = {"run": run.name, "seed": options.seed, "runs": options.runs, "finished": False, "rounds": {}}
    for name, do in run.rounds(options):
        if only not in name:
            continue
        if name in result["rounds"] and not result["rounds"][name].get("failed"):
            print(f"{run.name}: {name} was done before", flush=True)
            continue
        print(f"{run.name}: {name}", flush=True)
        begun = time.monotonic()
        try:
            found = do()
        except Exception as failure:
            result["rounds"][name] = {"failed": "".join(traceback.format_exception(failure)).strip(), "seconds": _since(begun)}
            _keep(path, result)
            raise RunFailed(f"{run.name}: {name} failed: {failure}") from failure
        result["rounds"][name] = {**found, "seconds": _since(begun)}
        _keep(path, result)
    result["finished"] = not only
    _keep(path, result)
    print(f"{run.name}: finished, see {path}", flush=True)
    return result


def _since(begun: float) -> float:
    return round(time.monotonic() - begun, 1)


def _kept(path: Path, options: Options) -> dict[str, Any] | None:
    """The result of a run with the same seed that may be gone on with."""
    if not path.exists():
        return None
    result: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return result if (result["seed"], result["runs"]) == (options.seed, options.runs) else None


def _keep(path: Path, result: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".part")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(result, file, indent=1, ensure_ascii=False)
        file.flush()
        os.fsync(file.fileno())
    draft.rename(path)

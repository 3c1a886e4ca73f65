"""The child process in which models are rehearsed: a model may be a hostile draft, so its time and memory are limited and it opens nothing.

One JSON text comes in on standard input. Standard output has any number of progress lines, and one line with the result. Started by
`shut_in.py`.
"""

import os
import resource
import sys
from collections.abc import Callable, Mapping
from traceback import extract_tb
from typing import Any, NoReturn

import orjson

from casework.errors import CaseworkError
from workflows.definitions.process import parse
from workflows.rehearsal.automaton import Automaton
from workflows.rehearsal.side_by_side import compare
from workflows.rehearsal.stories import DAMAGED, Story, go_through

REFUSED = 3
Tell = Callable[[int, int], None]
"""Called with how many of how many are done."""


def scenarios(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Run every scenario in a text, next to the live text if that is another. Raises ModelRefused."""
    automaton = Automaton(parse(asked["xml"].encode()))
    live = Automaton(parse(asked["live"].encode())) if asked.get("live") else None
    results, stories = [], asked["stories"]
    for number, story in enumerate(stories):
        acts = story["acts"]
        results.append({"ref": story["ref"], **(_alone(acts, automaton) if live is None else _side_by_side(acts, live, automaton))})
        tell(number + 1, len(stories))
    return {"scenarios": results}


def _alone(acts: Story, automaton: Automaton) -> dict[str, Any]:
    passed = go_through(acts, automaton)
    return {"is_clean": passed.is_clean, "at": passed.at, "why": list(passed.why) if passed.why else None}


def _side_by_side(acts: Story, live: Automaton, draft: Automaton) -> dict[str, Any]:
    try:
        compared = compare(acts, live, draft)
    except (KeyError, TypeError, ValueError, AttributeError):
        return {"is_clean": False, "at": 0, "why": list(DAMAGED)}
    differences = [
        {"at": each.at, "process": each.process, "what": list(each.what), "live": list(each.live), "draft": list(each.draft)}
        for each in compared.differences
    ]
    return {"is_clean": not differences, "differences": differences, "more": compared.more, "passed_over": compared.passed_over}


def history(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Replay the closed cases of a period in two texts. Raises ModelRefused."""
    from workflows.rehearsal.what_if import replay

    return replay(asked, tell)


def conformance(asked: Mapping[str, Any], tell: Tell) -> dict[str, Any]:
    """Judge the ways of old cases against a text. Raises ModelRefused."""
    from workflows.bottlenecks.conformance import judged

    return judged(asked, tell)


PROGRAMS: dict[str, Callable[[Mapping[str, Any], Tell], dict[str, Any]]] = {
    "scenarios": scenarios, "history": history, "conformance": conformance
}  # fmt: skip


def main(program: str, seconds: str, memory: str) -> NoReturn:
    """Run one program over standard input."""
    run = PROGRAMS[program]
    _warm()
    _shut_in(int(seconds), int(memory))
    try:
        asked = orjson.loads(sys.stdin.buffer.read())
        _say({"result": run(asked, lambda done, total: _say({"done": done, "total": total}))})
    except CaseworkError as refusal:
        _say({"refused": list(refusal.text)})
        os._exit(REFUSED)
    except MemoryError:
        os._exit(REFUSED + 1)
    except Exception as fault:  # whatever the engine or a hostile model does: the parent process explains it in words
        places = [f"{frame.filename.rpartition('/')[2]}:{frame.lineno}" for frame in extract_tb(fault.__traceback__, limit=-3)]
        _say({"fault": f"{type(fault).__name__} {' '.join(places)}"})
        os._exit(REFUSED)
    os._exit(0)


def _warm() -> None:
    """Import everything that would be imported later, when nothing can be opened any more."""
    import workflows.bottlenecks.conformance
    import workflows.rehearsal.what_if  # noqa: F401
    from workflows.definitions.process import shipped_model

    automaton = Automaton(parse(shipped_model()))
    automaton.start("case")


def _shut_in(seconds: int, memory: int) -> None:
    """Limit the process to what it already holds (as remux.py does): no files, connections or processes, and limited processor time and
    memory."""
    with open("/proc/self/statm", encoding="ascii") as file:
        held = int(file.read().split()[0]) * resource.getpagesize()
    used = int(resource.getrusage(resource.RUSAGE_SELF).ru_utime + resource.getrusage(resource.RUSAGE_SELF).ru_stime) + 1
    for limit, most in (
        (resource.RLIMIT_AS, held + memory),
        (resource.RLIMIT_CPU, used + seconds),
        (resource.RLIMIT_FSIZE, 0),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_NPROC, 0),
        (resource.RLIMIT_NOFILE, 0),
    ):
        resource.setrlimit(limit, (most, most))


def _say(told: Mapping[str, Any]) -> None:
    sys.stdout.buffer.write(orjson.dumps(told) + b"\n")
    sys.stdout.buffer.flush()

"""The readings of a benchmark as a table: milliseconds at the median and the 95th percentile, and SQL statements."""

from collections.abc import Iterator, Mapping
from statistics import median
from typing import Any

from benchmark.life import LIFE
from benchmark.pages import FILE

AIM_MS, AIM_STATEMENTS, AIM_STATE_BYTES = 10, 25, 4096
"""Targets for a step through the use cases, at the median: milliseconds and SQL statements; bytes of state per waiting instance."""

REQUESTS = {"inbox": "an inbox", "page": "a page of a step", "post": "a form sent"}
"""The requests of a step, with who asks."""

WIDTH = 26


def lines(result: Mapping[str, Any]) -> Iterator[str]:
    """One line per step, one for all steps, then the targets. Statements are the most a step ever sent."""
    ways = result["ways"]
    yield (
        f"{result['lives']} lives of {result['steps']} steps on {result['database']}, "
        f"{result['processors']} processors, Python {result['python']}"
    )
    yield f"{'':22}" + "".join(f"{way.replace('_', ' '):>{WIDTH}}" for way in ways)
    yield f"{'':22}" + f"{'p50 / p95 ms  SQL':>{WIDTH}}" * len(ways)
    for name in (FILE, *(step.name for step in LIFE)):
        yield f"{name:22}" + "".join(_cell(way["each"].get(name)) for way in ways.values())
    every = [{**way["step"], "statements": way["step"]["statements_p50"]} for way in ways.values()]
    yield f"{'a step (p50 of SQL)':22}" + "".join(_cell(step) for step in every)
    state = result["state_bytes_per_waiting_instance"]
    yield f"state per waiting instance: {state['mean']} bytes, at most {state['max']} (aim: below {AIM_STATE_BYTES})"
    yield f"database per life: {result['database_bytes_per_life']} bytes"
    step = ways["use_cases"]["step"]
    yield (
        f"a step through the use cases: {step['p50_ms']} ms (aim: {AIM_MS}; of the processor {step['processor_p50_ms']} ms), "
        f"{step['statements_p50']:g} statements (aim: {AIM_STATEMENTS}), "
        f"{step['statements_mean']:g} on average, {step['statements_max']} at most"
    )
    if "requests_of_a_life" in result:
        yield f"requests of a life: {result['requests_of_a_life']:g}"
    for part, words in REQUESTS.items():
        sent = {name: count for name, count in result["statements_of_requests"].get(part, {}).items() if name != FILE}
        if sent:
            yield f"{words}: {median(sent.values()):g} statements, at most {max(sent.values())}"


def _cell(reading: Mapping[str, float] | None) -> str:
    if reading is None:
        return f"{'–':>{WIDTH}}"
    sent = f"{reading['statements']:g}" if reading["statements"] else ""
    return f"{reading['p50_ms']:>{WIDTH - 14}.2f} /{reading['p95_ms']:>7.2f}{sent:>5}"

"""Compares figures of several sizes of installation in a table for documents: `langbiang benchmark --table FILE …`."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmark.sizes import weighed_in
from benchmark.weight import AIM_BYTES

SAME, SEARCHED = 1.3, 2.0
"""How many times the 95th percentile of the smallest installation a page may take."""


def aim_of(kind: str) -> float | None:
    """The target for a page, as a multiple of its time in the smallest installation; None without one."""
    if "search" in kind:
        return SEARCHED
    return SAME if kind.startswith(("inbox", "case page", "public case", "public list")) else None


def results_in(paths: Sequence[Path]) -> list[dict[str, Any]]:
    """The stored results, the smallest installation first."""
    return sorted((json.loads(path.read_text("utf-8")) for path in paths), key=lambda each: each["cases"])


def lines(results: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """Markdown: where and when, one row per kind with the ratio of the largest installation to the smallest, and what was built."""
    newest, first, last = results[-1], results[0], results[-1]
    machine, versions = newest["machine"], newest["versions"]
    yield (
        f"{newest['made_at'][:10]}, {machine['processors']} × {machine['processor']}, {machine['memory_mb'] // 1_000} GB, "
        f"{machine['system']}; {', '.join(f'{name} {version}' for name, version in versions.items())}."
    )
    yield ""
    yield "| ms in the server, p50 / p95 (SQL) |" + "".join(f" {each['cases']:,} cases |" for each in results) + " p95, times | aim |"
    yield "|---|" + "---:|" * (len(results) + 2)
    for kind in first["figures"]:
        if all(kind in each["figures"] for each in results):
            ratio = last["figures"][kind]["p95_ms"] / max(first["figures"][kind]["p95_ms"], 0.1)
            compared = f" {ratio:.2f} | {_verdict(kind, ratio)} |" if last is not first else " | |"
            yield f"| {kind} |" + "".join(f" {_cell(each['figures'][kind])} |" for each in results) + compared
    yield "| seconds to build |" + "".join(f" {each['seconds_to_build']:,.0f} |" for each in results) + " | |"
    if all("verification" in each for each in results):
        yield "| seconds to verify; faults |" + "".join(f" {_verified(each)} |" for each in results) + " | 0 |"
    weight = last["bytes_of_a_case"]
    met = "met" if weight <= AIM_BYTES else "missed"
    yield "| bytes of a case |" + "".join(f" {each['bytes_of_a_case']:,} |" for each in results) + f" | {AIM_BYTES:,}: {met} |"
    yield ""
    yield f"| of a case, {last['cases']:,} cases | rows | bytes | of indexes |"
    yield "|---|---:|---:|---:|"
    cases = last["cases"]
    for each in weighed_in(last):
        yield f"| `{each.table}` | {each.rows / cases:.2f} | {each.bytes / cases:,.0f} | {each.index_bytes / cases:,.0f} |"


def _cell(taken: Mapping[str, float]) -> str:
    return f"{taken['p50_ms']:.1f} / {taken['p95_ms']:.1f} ({taken['statements_p50']:.0f})"


def _verdict(kind: str, ratio: float) -> str:
    aim = aim_of(kind)
    return "" if aim is None else f"{aim:g}: {'met' if ratio <= aim else 'missed'}"


def _verified(result: Mapping[str, Any]) -> str:
    return f"{result['verification']['seconds']:,.0f}; {result['verification']['faults']}"

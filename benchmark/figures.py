"""The figures of a load run: target and measured value, from the servers' logs."""

from dataclasses import dataclass
from statistics import median, quantiles
from typing import Any


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure with a target. `aim` is the most it may be, or with `is_least` the least; `asked` is the number of measurements."""

    name: str
    value: float | None
    unit: str
    aim: float
    asked: int
    is_least: bool = False

    @property
    def is_met(self) -> bool:
        """Whether it was measured and meets the target."""
        return self.value is not None and (self.value >= self.aim if self.is_least else self.value <= self.aim)

    @property
    def verdict(self) -> str:
        return "met" if self.is_met else "MISSED"

    @property
    def line(self) -> str:
        """Name, value and aim for people."""
        shown = "–" if self.value is None else f"{self.value:.10g}"
        return f"{self.name:40}{shown:>12} {self.unit:12}(aim: {self.aim:g}{'' if self.is_least else ' at most'}; {self.verdict})"


def page_figures(name: str, route: str, served: list[dict[str, Any]]) -> list[Figure]:
    """Server time and statements of a page of staff."""
    seen = [each for each in served if each["route"] == route and each["method"] == "GET" and each["status"] == 200]
    times, statements = [each["ms"] for each in seen], [each["statements"] for each in seen]
    return [
        Figure(f"{name}, server time, p95", share_below(times, 95), "ms", 40, len(seen)),
        Figure(f"{name}, statements, most", max(statements, default=None), "SQL", 20, len(seen)),
    ]


def by_route(served: list[dict[str, Any]]) -> dict[str, dict[str, float]]:
    """Server time and statements of every route."""
    kinds: dict[str, list[dict[str, Any]]] = {}
    for each in served:
        kinds.setdefault(f"{each['method']} {each['route']} {each['status']}", []).append(each)
    return {
        kind: {
            "requests": len(found), "p50_ms": share_below([each["ms"] for each in found], 50) or 0.0,
            "p95_ms": share_below([each["ms"] for each in found], 95) or 0.0,
            "statements_p50": median(each["statements"] for each in found), "statements_max": max(each["statements"] for each in found),
        }
        for kind, found in kinds.items()
    }  # fmt: skip


def share_below(values: list[float], percent: int) -> float | None:
    """The value that `percent` per cent do not exceed."""
    if not values:
        return None
    return round(values[0] if len(values) == 1 else quantiles(values, n=100, method="inclusive")[percent - 1], 1)

"""What a figure of the reports is: what it counts, from which facts, and the form of its value."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

from sqlalchemy import ColumnElement

from casework.bilingual import Bilingual
from reports.statistics.periods import Period


class FactSource(StrEnum):
    """The rows a figure is counted from, and by which of their instants."""

    OPENED = "opened"
    ENDED = "ended"
    STOOD_BEFORE = "stood_before"
    STOOD_AFTER = "stood_after"
    MOMENTS = "moments"
    NONE = "none"


class Unit(StrEnum):
    """What a figure counts."""

    CASES = "cases"
    TIMES = "times"
    RATINGS = "ratings"
    MINUTES = "minutes"


class Shape(StrEnum):
    """The form of a value: a number, numbers by reason or level, a part with its whole, or median and 90th percentile."""

    NUMBER = "number"
    REASONS = "reasons"
    LEVELS = "levels"
    PART = "part"
    SPREAD = "spread"
    STEPS = "steps"


Condition = Callable[[Period], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure. `is_standing`: counted at an instant instead of over the period, so that periods are not added up."""

    key: str
    name: Bilingual
    definition: Bilingual
    unit: Unit
    facts: FactSource
    counts: Condition
    is_standing: bool = False
    shape: Shape = Shape.NUMBER
    part_of: str | None = None


LEVELS: dict[str, Bilingual] = {
    "satisfied": Bilingual("Hài lòng", "Satisfied"),
    "acceptable": Bilingual("Chấp nhận được", "Acceptable"),
    "dissatisfied": Bilingual("Chưa hài lòng", "Not satisfied"),
}

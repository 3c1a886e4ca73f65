"""What the reports of the demonstration's year are about (`demo_matters.csv`): texts with a place to fill in, all of them invented."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from itertools import groupby

from casework.installation.seeding import table_rows

ANY, RAIN, DRY, VISITORS = "any", "rain", "dry", "visitors"
"""When a matter comes up more often: the rains from May to October, the dry months with fires and empty pipes, or weekends and holidays."""

STREET, FIELD, VILLAGE, SIGHT, OFFICE = "street", "field", "village", "sight", "office"
"""Where a matter is found: in a street, outside among fields and woods, anywhere in a village, where visitors go, at a counter."""

COMMUNE = "UBND"
"""In place of an agency's key: the committee of the commune the report is about."""


@dataclass(frozen=True)
class Matter:
    """One kind of trouble: how it is called, told and answered, by the same number. `{at}` stands for the place.

    `agencies` are the lead and those that may cooperate. `often` is how often it comes up beside the others.
    """

    field: str
    season: str
    often: int
    where: str
    agencies: tuple[str, ...]
    is_urgent: bool
    visibility: str | None
    is_seen_by_camera: bool
    titles: tuple[str, ...]
    told: tuple[str, ...]
    answers: tuple[str, ...]


@cache
def matters() -> tuple[Matter, ...]:
    return tuple(_read())


def _read() -> Iterator[Matter]:
    for _name, group in groupby(table_rows("demo_matters.csv"), key=lambda row: row["matter"]):
        rows = list(group)
        first = rows[0]
        yield Matter(
            first["field"], first["season"], int(first["often"]), first["where"], tuple(first["agencies"].split()),
            first["urgent"] == "yes", first["visibility"], first["camera"] == "yes",
            *(tuple(row[column] for row in rows) for column in ("title", "told", "answer")),
        )  # fmt: skip

"""The heat map of a model: step times of the counted months, within the reader's centres. Reads monthly numbers, never cases."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import zstandard
from sqlalchemy import ColumnElement, or_, select

from casework.db import db
from casework.figures.counting import month_after, month_before, month_of, start_of
from casework.figures.definitions import FEWEST_FOR_A_RATE
from casework.models import Agency, Centre, Field
from casework.permissions import Action, Actor
from workflows.bottlenecks.keeping import MINUTES
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Element
from workflows.drafting.renaming import APART, drawn_id
from workflows.models import ProcessVersion, StepTimes
from workflows.versions.live import FIELD_REPORT, live_version, scopes_with
from workflows.versions.step_origins import reused_among

if TYPE_CHECKING:
    import numpy as np

FEWEST = FEWEST_FOR_A_RATE
"""Below this number of passages there is no percentage, no median and no colour: a single passage would change them much, and so few may be
the work of one person."""

MOST_MONTHS = 36
MOST_VERSIONS = 60
MOST_AGENCIES = 200
MOST_CENTRES = 50


@dataclass(frozen=True, slots=True)
class BottleneckQuery:
    """Which months (`first` to `last`), and optionally which version, field, agency and centre; None or "" means all."""

    first: date
    last: date
    version: ProcessVersion | None = None
    field: str = ""
    agency: Agency | None = None
    centre: Centre | None = None

    @property
    def since(self) -> datetime:
        """The first instant of the period."""
        return start_of(self.first)

    @property
    def until(self) -> datetime:
        """The first instant after the period."""
        return start_of(month_after(self.last))

    @property
    def months(self) -> int:
        return (self.last.year - self.first.year) * 12 + self.last.month - self.first.month + 1


@dataclass(frozen=True, slots=True)
class Measures:
    """The measures of one step. `by_agency` gives passages and late passages by agency id, None for the centre's own.

    `median` is the mean of the middle two; `p90` the shortest time within which nine in ten were done. Both are office minutes, and None
    below FEWEST passages. `costs` is the sum of all office minutes.
    """

    element: str
    passages: int = 0
    late: int = 0
    redone: int = 0
    withdrawn: int = 0
    median: float | None = None
    p90: int | None = None
    costs: int = 0
    by_agency: Mapping[int | None, tuple[int, int]] = field(default_factory=dict)

    @property
    def is_few(self) -> bool:
        """Whether there are too few passages for a percentage."""
        return self.passages < FEWEST

    def percent_of(self, part: int) -> float | None:
        """`part` in percent of the passages, to one decimal; None where they are few."""
        return None if self.is_few else round(100 * part / self.passages, 1)


Foreign = Mapping[int, frozenset[str]]
"""By version, the ids that stand for another step there than in the drawn version."""
NONE_FOREIGN: Foreign = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Heat:
    """The content of the page: the version that is drawn, its steps in the order of the model, then steps only other versions have."""

    drawn: ProcessVersion
    steps: tuple[tuple[Element, Measures], ...]
    elsewhere: tuple[tuple[Element | None, Measures], ...]
    counted_at: datetime | None

    @property
    def all(self) -> list[tuple[Element | None, Measures]]:
        return [*self.steps, *self.elsewhere]


def centres_read(by: Actor) -> frozenset[int] | None:
    """The centres whose numbers a person may read; None means all."""
    scopes = scopes_with(by, Action.READ_BOTTLENECKS)
    return None if None in scopes else frozenset(scope for scope in scopes if scope is not None)


def centres_offered(by: Actor) -> list[Centre]:
    own = centres_read(by)
    query = select(Centre).order_by(Centre.is_default.desc(), Centre.id).limit(MOST_CENTRES)
    return list(db.session.scalars(query if own is None else query.where(Centre.id.in_(own))))


def versions_offered(by: Actor) -> list[ProcessVersion]:
    """The versions ever live where the person reads, the installation's before a centre's, newest first."""
    own = centres_read(by)
    query = select(ProcessVersion).where(ProcessVersion.key == FIELD_REPORT, ProcessVersion.live_at.is_not(None))
    if own is not None:
        query = query.where(or_(ProcessVersion.centre_id.is_(None), ProcessVersion.centre_id.in_(own)))
    query = query.order_by(
        ProcessVersion.centre_id.is_not(None), ProcessVersion.centre_id, ProcessVersion.live_at.desc(), ProcessVersion.id
    )
    return list(db.session.scalars(query.limit(MOST_VERSIONS)))


def agencies_offered(by: Actor, centre: Centre | None = None) -> list[Agency]:
    """The agencies a person may choose from, including those that have ended, whose months still count."""
    own = centres_read(by)
    query = select(Agency).order_by(Agency.folded_name, Agency.id).limit(MOST_AGENCIES)
    if own is not None:
        query = query.where(Agency.centre_id.in_(own))
    return list(db.session.scalars(query.where(Agency.centre_id == centre.id) if centre is not None else query))


def last_months(now: datetime, number: int) -> tuple[date, date]:
    """The first and last of the most recent `number` months, the current one included."""
    first = last = month_of(now)
    for _ in range(number - 1):
        first = month_before(first)
    return first, last


def heat(wanted: BottleneckQuery, *, by: Actor) -> Heat:
    """Return the heat map. Raises NoLiveVersion where all versions are asked for and none was ever live."""
    versions = [wanted.version] if wanted.version is not None else versions_offered(by)
    drawn = wanted.version or live_version(wanted.centre.id if wanted.centre is not None else _only(centres_read(by)))
    foreign = reused_among(drawn, [version for version in versions if version.id != drawn.id])
    measures, counted_at = _measures(wanted, versions, by, foreign)
    own = definition_of(drawn).steps
    known = {element.id for element in own}
    others = sorted(measures.keys() - known)
    return Heat(
        drawn,
        tuple((element, measures.get(element.id, Measures(element.id))) for element in own),
        tuple(zip(elements_of(others, versions, foreign), (measures[each] for each in others), strict=True)),
        counted_at,
    )


def _only(centres: Collection[int] | None) -> int | None:
    return next(iter(centres)) if centres is not None and len(centres) == 1 else None


def _measures(
    wanted: BottleneckQuery, versions: Iterable[ProcessVersion], by: Actor, foreign: Foreign
) -> tuple[dict[str, Measures], datetime | None]:
    """Measures by step in one statement; the packed minutes of an element's rows are unpacked together."""
    query = select(
        StepTimes.version_id, StepTimes.element, StepTimes.agency_id, StepTimes.passages, StepTimes.late, StepTimes.redone,
        StepTimes.withdrawn, StepTimes.minutes,
    )  # fmt: skip
    conditions = _conditions(wanted, [version.id for version in versions], by)
    found: dict[str, _Sum] = defaultdict(_Sum)
    for version_id, element, agency_id, passages, late, redone, withdrawn, minutes in db.session.execute(query.where(*conditions)):
        total = found[element + APART if element in foreign.get(version_id, ()) else element]
        total.passages += passages
        total.late += late
        total.redone += redone
        total.withdrawn += withdrawn
        total.packed.append(minutes)
        before = total.by_agency.get(agency_id, (0, 0))
        total.by_agency[agency_id] = (before[0] + passages, before[1] + late)
    newest = select(StepTimes.counted_at).where(*conditions).order_by(StepTimes.month_on.desc()).limit(1)
    return {element: total.measured(element) for element, total in found.items()}, db.session.scalar(newest)


@dataclass(slots=True)
class _Sum:
    passages: int = 0
    late: int = 0
    redone: int = 0
    withdrawn: int = 0
    packed: list[bytes] = field(default_factory=list)
    by_agency: dict[int | None, tuple[int, int]] = field(default_factory=dict)

    def measured(self, element: str) -> Measures:
        import numpy as np  # late: docs/architecture.md

        minutes = unpacked(self.packed)
        is_few = self.passages < FEWEST or not len(minutes)
        place = -(-9 * len(minutes) // 10) - 1  # the least whose place covers nine tenths
        return Measures(
            element, self.passages, self.late, self.redone, self.withdrawn,
            None if is_few else float(np.median(minutes)),
            None if is_few else int(np.partition(minutes, place)[place]),
            int(minutes.sum(dtype=np.int64)),
            self.by_agency,
        )  # fmt: skip


def unpacked(packed: Iterable[bytes]) -> np.ndarray[Any, np.dtype[np.uint32]]:
    """The office minutes of several rows, unordered."""
    import numpy as np  # late: docs/architecture.md

    reader = zstandard.ZstdDecompressor().stream_reader(b"".join(packed), read_across_frames=True)
    return np.frombuffer(reader.readall(), dtype=MINUTES)


def _conditions(wanted: BottleneckQuery, version_ids: Collection[int], by: Actor) -> list[ColumnElement[bool]]:
    conditions = [StepTimes.version_id.in_(version_ids), StepTimes.month_on >= wanted.first, StepTimes.month_on <= wanted.last]
    own = centres_read(by)
    if own is not None:
        conditions.append(StepTimes.centre_id.in_(own))
    if wanted.centre is not None:
        conditions.append(StepTimes.centre_id == wanted.centre.id)
    if wanted.agency is not None:
        conditions.append(StepTimes.agency_id == wanted.agency.id)
    if wanted.field:
        conditions.append(StepTimes.field_id.in_(field_ids(wanted.field)))
    return conditions


def field_ids(service_code: str) -> list[int]:
    """Every row of a field, in all centres: the same service code means the same field."""
    return list(db.session.scalars(select(Field.id).where(Field.service_code == service_code)))


def elements_of(names: Collection[str], versions: Iterable[ProcessVersion], foreign: Foreign = NONE_FOREIGN) -> list[Element | None]:
    """The elements for some names, each from the newest version that has it; None where none has.

    A name ending in APART belongs to versions in which that id is `foreign`, meaning another step than in the drawn one.
    """
    found: dict[str, Element] = {}
    for version in versions:
        if len(found) == len(set(names)):
            break
        elements = definition_of(version).elements
        others = foreign.get(version.id, frozenset())
        fitting = [name for name in names if drawn_id(name) in elements and name.endswith(APART) is (drawn_id(name) in others)]
        found |= {name: elements[drawn_id(name)] for name in fitting if name not in found}
    return [found.get(name) for name in names]

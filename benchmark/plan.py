"""The plan for copying cases: which rows belong to which case, how many copies lie where in time, and which rows stand for which."""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from heapq import merge
from secrets import token_hex
from typing import Any

from sqlalchemy import Table, func, select

import workflows.models  # noqa: F401  the tables register themselves
from casework.db import METADATA, db
from casework.models import Agency, Area, Case, CaseReport, CaseSpan, Centre, Field, Report
from casework.places.former_areas import other_names

ROOTS = frozenset({"case", "report", "reporter"})
OPTIONAL = frozenset({"photo", "file", "photo_detection", "publication_photo"})
"""Photos are not copied, because their files would have to be."""


@dataclass
class Block:
    """A case to be copied `copies` times, spread over the last `minutes` before it."""

    case_id: int
    copies: int = 0
    minutes: int = 0


@dataclass(frozen=True)
class Turned:
    """Rows that replace one another: the n-th copy has the n-th agency, area and field after the original's.

    `people` are the officers and the leaders, each list in the order of their agencies.
    """

    agency: list[int]
    area: list[int]
    field: list[int]
    people: list[list[int]]


@dataclass(frozen=True)
class CopyPlan:
    """Everything needed for copying, stored before the first copy is made so that the work can be resumed.

    `rows` are the originals' by table and block; `stride` exceeds all their row numbers, `codes` is their highest code number.
    """

    blocks: list[Block]
    turned: Turned
    rows: dict[str, list[list[int]]]
    stride: int
    codes: int
    now: str

    @property
    def total(self) -> int:
        return sum(block.copies for block in self.blocks)

    def parts(self, size: int) -> list[tuple[int, int]]:
        """The numbers of all copies in parts of `size`: the first and the last of each."""
        return [(first, min(first + size - 1, self.total)) for first in range(1, self.total + 1, size)]

    def as_json(self) -> dict[str, Any]:
        """For storing it in a row."""
        return asdict(self)


@dataclass(slots=True)
class Original:
    """The data of one original that its copies change."""

    case_id: int
    centre_id: int
    prefix: str
    code: str
    title: str
    area_id: int | None
    opened_at: datetime
    answered_at: datetime | None


@dataclass(slots=True)
class Copy:
    """The data of one copy; `number` is its position among all, `back` its minutes before the original."""

    number: int
    block: int
    back: int
    code: str
    title: str
    minutes: int | None
    secret: str = field(default_factory=lambda: token_hex(32))


@dataclass(frozen=True, slots=True)
class Named:
    """Areas, fields or agencies as events, messages and search rows name them, in the order they replace one another."""

    ids: list[int]
    keys: list[str]
    words: list[str] = field(default_factory=list)

    def after(self, place: int, number: int) -> int:
        """The index of the one that replaces the one at `place` in the copy with that number."""
        return (place + number) % len(self.ids)


def plan_of(blocks: Sequence[Block], turned: Turned, *, now: datetime) -> CopyPlan:
    """Find the rows of each block's case, in an installation with few."""
    owned = {name: [found.get(number, []) for number in range(len(blocks))] for name, found in _owned(blocks).items()}
    numbered = [table for table in tables_of_cases() if "id" in table.c]
    stride = max(db.session.scalar(select(func.max(table.c.id))) or 0 for table in numbered) + 1
    codes = max(int(code.rpartition("-")[2]) for code in db.session.scalars(select(Case.code)))
    return CopyPlan(list(blocks), turned, owned, stride, codes, now.isoformat())


def plan_from(kept: Mapping[str, Any]) -> CopyPlan:
    return CopyPlan(**{**kept, "blocks": [Block(**each) for each in kept["blocks"]], "turned": Turned(**kept["turned"])})


def tables_of_cases() -> list[Table]:
    """Every table whose rows belong to a case, parents first."""
    names = set(ROOTS)
    found = [table for table in METADATA.sorted_tables if _belongs(table, names)]
    return [table for table in found if table.name not in OPTIONAL]


def _belongs(table: Table, names: set[str]) -> bool:
    belongs = table.name in names or any(key.column.table.name in names for key in table.foreign_keys)
    if belongs:
        names.add(table.name)
    return belongs


def _owned(blocks: Sequence[Block]) -> dict[str, dict[int, list[int]]]:
    """Which rows belong to which block, by table: everything that refers to its case, directly or through other tables."""
    owner: dict[str, dict[int, int]] = defaultdict(dict)
    owner["case"] = {block.case_id: number for number, block in enumerate(blocks)}
    links = select(CaseReport.case_id, CaseReport.report_id, Report.reporter_id).join(Report, Report.id == CaseReport.report_id)
    for case_id, report_id, reporter_id in db.session.execute(links):
        if case_id in owner["case"]:
            owner["report"][report_id] = owner["case"][case_id]
            if reporter_id is not None:
                owner["reporter"][reporter_id] = owner["case"][case_id]
    for table in tables_of_cases():
        if "id" in table.c and table.name not in ROOTS:
            owner[table.name] = dict(_owned_rows(table, owner))
    found: dict[str, dict[int, list[int]]] = {}
    for name, rows in owner.items():
        found[name] = defaultdict(list)
        for row_id, block in sorted(rows.items()):
            found[name][block].append(row_id)
    return found


def _owned_rows(table: Table, owner: Mapping[str, Mapping[int, int]]) -> Iterator[tuple[int, int]]:
    keys = [key for key in table.foreign_keys if key.column.table.name in owner]
    for row_id, *parents in db.session.execute(select(table.c.id, *(key.parent for key in keys))):
        owners = (owner[key.column.table.name].get(parent) for key, parent in zip(keys, parents, strict=True))
        block = next((each for each in owners if each is not None), None)
        if block is not None:
            yield row_id, block


def rows_of(plan: CopyPlan, table: Table) -> list[tuple[int, str]]:
    """The condition for a table's rows `t` of each block that has some."""
    if "id" in table.c:
        ids, column = plan.rows.get(table.name, []), "id"
    else:
        keys = (key for column in table.primary_key for key in column.foreign_keys if key.column.table.name in plan.rows)
        parent = next(keys, None)
        if parent is None:                                 # what a program asked by its own key: no copied case was asked about
            return []
        ids, column = plan.rows[parent.column.table.name], parent.parent.name
    return [(block, f't."{column}" IN ({", ".join(map(str, each))})') for block, each in enumerate(ids) if each]


def order_of(plan: CopyPlan) -> tuple[Sequence[int], Sequence[int]]:
    """For each copy its block and how many minutes it lies back, oldest first."""
    blocks, minutes = array("H"), array("I")
    for back, number in merge(*(_backwards(number, block) for number, block in enumerate(plan.blocks))):
        blocks.append(number)
        minutes.append(-back)
    return blocks, minutes


def _backwards(number: int, block: Block) -> Iterator[tuple[int, int]]:
    for place in range(block.copies):
        yield -((block.copies - 1 - place) * block.minutes // block.copies), number


def originals_of(plan: CopyPlan) -> list[Original]:
    return [_original(db.session.get_one(Case, block.case_id)) for block in plan.blocks]


def _original(case: Case) -> Original:
    prefix = db.session.get_one(Centre, case.centre_id).code_prefix
    answered_at = db.session.scalar(select(CaseSpan.ended_at).where(CaseSpan.case_id == case.id, CaseSpan.is_first_answer))
    return Original(case.id, case.centre_id, prefix, case.code, case.title or "", case.area_id, case.opened_at, answered_at)


def named_areas(ids: Iterable[int]) -> Named:
    """Areas with their texts in search rows."""
    areas = [db.session.get_one(Area, id_) for id_ in ids]
    words = [" ".join([area.name_vi, *other_names(area.id)]) for area in areas]
    return Named([area.id for area in areas], [area.ref for area in areas], words)


def named_agencies(ids: Iterable[int]) -> Named:
    agencies = [db.session.get_one(Agency, id_) for id_ in ids]
    return Named([agency.id for agency in agencies], [agency.key for agency in agencies])


def named_fields(ids: Iterable[int]) -> Named:
    fields = [db.session.get_one(Field, id_) for id_ in ids]
    return Named([each.id for each in fields], [each.service_code for each in fields])

"""Planning an import row by row before anything is done: new, changed, unchanged or faulty, with column and reason."""

import hashlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import date
from enum import StrEnum
from typing import Any

import orjson

from casework.bilingual import Bilingual
from casework.errors import CaseworkError
from casework.parsing import day_in
from casework.settings.importing.file_columns import COLUMNS, YES, Row
from casework.settings.importing.tables import FORMULA, LONGEST_CELL
from casework.text import fold


class Status(StrEnum):
    NEW = "new"
    CHANGED = "changed"
    UNCHANGED = "unchanged"
    FAULTY = "faulty"


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a row cannot be imported: the column, and the reason."""

    column: Bilingual
    reason: Bilingual


@dataclass(slots=True)
class Planned:
    """One row: its subject and what to do. `changes` are column, before, after."""

    number: int
    name: str
    status: Status = Status.UNCHANGED
    faults: list[Fault] = field(default_factory=list)
    changes: list[tuple[Bilingual, str, str]] = field(default_factory=list)
    deed: Callable[[], None] | None = None


@dataclass(slots=True)
class ImportPlan:
    """All rows of a file. `new_logins` need a start password each."""

    rows: list[Planned]
    new_logins: list[str] = field(default_factory=list)

    @property
    def counts(self) -> Counter[str]:
        """The number of rows by status."""
        return Counter(str(row.status) for row in self.rows)

    @property
    def is_sound(self) -> bool:
        """Whether it can be carried out: no row is faulty."""
        return all(row.status is not Status.FAULTY for row in self.rows)

    @property
    def digest(self) -> str:
        """A digest of what was shown: a database changed meanwhile gives the same file another plan."""
        said = [[row.number, row.name, str(row.status), [[str(each) for each in change] for change in row.changes]] for row in self.rows]
        return hashlib.sha256(orjson.dumps(said)).hexdigest()[:32]


NO_SUCH_AGENCY = Bilingual("Không có đơn vị với mã này.", "There is no agency with this key.")


class Cells:
    """The cells of one row, read by kind; unreadable ones become faults of their columns."""

    def __init__(self, kind: str, row: Row) -> None:
        self.columns = {column.key: column for column in COLUMNS[kind]}
        self.cells, self.planned = row.cells, Planned(row.number, "")
        for key, cell in row.cells.items():
            if cell == FORMULA:
                self.fault(
                    key,
                    Bilingual(
                        "Ô chứa công thức. Xin dán giá trị thay cho công thức.", "The cell holds a formula. Please paste its value instead."
                    ),
                )
            elif len(cell) > LONGEST_CELL:
                self.fault(key, Bilingual(f"Ô dài hơn {LONGEST_CELL} ký tự.", f"The cell has more than {LONGEST_CELL} characters."))
        for column in self.columns.values():
            if column.needed and not row.cells.get(column.key):
                self.fault(column.key, Bilingual("Thiếu giá trị.", "A value is missing."))

    def has(self, key: str) -> bool:
        return key in self.cells

    def text(self, key: str, otherwise: Any = "") -> str:
        """The text of a cell; `otherwise` where the file has no such column."""
        return self.cells[key] if key in self.cells else str(otherwise or "")

    def day(self, key: str) -> date | None:
        """A day as 2026-03-02 or 02/03/2026; None for an empty cell."""
        text = self.text(key)
        day = day_in(text)
        if day is None and text:
            self.fault(key, Bilingual("Cần ngày dạng 02/03/2026.", "A day such as 02/03/2026 is needed."))
        return day

    def number(self, key: str) -> float | None:
        """A decimal number with point or comma; None for an empty cell."""
        text = self.text(key).replace(",", ".")
        try:
            number = float(text) if text else None
        except ValueError:
            number = float("nan")
        if number is not None and not -1000 < number < 1000:
            self.fault(key, Bilingual("Cần một số.", "A number is needed."))
            return None
        return number

    def yes(self, key: str) -> bool:
        return fold(self.text(key)) in YES

    def fault(self, key: str, reason: Bilingual) -> None:
        """Note why the row cannot be imported."""
        self.planned.status = Status.FAULTY
        self.planned.faults.append(Fault(self.columns[key].heading, reason))

    def fitting(self, key: str, read: Callable[[], Any], otherwise: Any = None) -> Any:
        """The result of a use case's own reader; its refusal becomes a fault."""
        try:
            return read()
        except CaseworkError as refusal:
            self.fault(key, refusal.text)
            return otherwise

    def differs(self, key: str, before: Any, after: Any) -> bool:
        """Note a difference from the existing row."""
        if (before or None) == (after or None):
            return False
        self.planned.changes.append((self.columns[key].heading, _shown(before), _shown(after)))
        return True

    def has_faults(self) -> bool:
        return bool(self.planned.faults)


def _shown(value: Any) -> str:
    return (
        "" if value is None or value is False else "x" if value is True else f"{value:%d/%m/%Y}" if isinstance(value, date) else str(value)
    )

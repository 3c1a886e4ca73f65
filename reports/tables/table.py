"""What a table is before it is written: columns that know their type, rows that come one after the other, and what is said beside them."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Type = Literal["text", "integer", "decimal", "datetime", "day", "share"]
"""Of a cell. `datetime` is an instant, shown in local time; `share` a number of which 1 is the whole. None is empty in each."""

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""What no XML document can hold (XML 1.0, 2.2), halves of pairs among it. Nobody types it; some programs that read tables stop at it."""
REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its name as an identifier (JSON), its heading, its width in characters, and what stands in it where that is not plain.

    `en` is the heading in English, which stands beside the table.
    """

    key: str
    name: str
    type: Type = "text"
    width: int = 16
    meaning: str = ""
    en: str = ""


@dataclass(slots=True)
class Table:
    """A table. `rows` have a cell for each column and are read once; `notes` (a heading, then words) are read after them, so what is known
    only at the end can be added on the way."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    notes: list[tuple[str, str]] = field(default_factory=list)


def printable(cell: Any) -> str:
    """The text of a cell as it was typed, but for signs no file of ours can hold."""
    return FORBIDDEN.sub(REPLACEMENT, cell if isinstance(cell, str) else str(cell))

"""A table before it is written: typed columns, rows read one by one, and notes."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

Type = Literal["text", "integer", "decimal", "datetime", "day", "share"]
"""The type of a cell. `datetime` is an instant, shown in local time; `share` a number of which 1 is the whole. Any may be None (empty)."""

FORBIDDEN = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
"""Characters no XML document can hold (XML 1.0, 2.2), surrogates included. Nobody types them; some programs stop at them."""
REPLACEMENT = "\ufffd"


@dataclass(frozen=True, slots=True)
class Column:
    """One column: its key (JSON), heading, width in characters, and the meaning of its content if that is not obvious.

    `en` is the English heading, listed in the notes.
    """

    key: str
    name: str
    type: Type = "text"
    width: int = 16
    meaning: str = ""
    en: str = ""


@dataclass(slots=True)
class Table:
    """A table. `rows` have a cell for each column and are read once; `notes` (heading and text) are read afterwards, so that rows may add
    to them."""

    title: str
    columns: Sequence[Column]
    rows: Iterable[Sequence[Any]]
    notes: list[tuple[str, str]] = field(default_factory=list)


def printable(cell: Any) -> str:
    """The text of a cell as typed, without characters our files cannot hold."""
    return FORBIDDEN.sub(REPLACEMENT, cell if isinstance(cell, str) else str(cell))

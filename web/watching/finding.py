"""One problem of the installation."""

from dataclasses import dataclass
from enum import IntEnum

from casework.bilingual import Bilingual


class Level(IntEnum):
    NOTE = 1
    WARNING = 2
    DANGER = 3


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem. `endpoint` is the page that helps, `section` the part of docs/operations.md."""

    level: Level
    key: str
    what: Bilingual
    todo: Bilingual
    endpoint: str = ""
    section: str = ""

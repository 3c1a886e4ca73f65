"""A field that is told, a thing made of fields, and a field that is taken: answers, schemas and the reference page are made of these."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Annotated, Any

import msgspec

from casework.bilingual import Bilingual
from casework.models import Case
from casework.permissions import Actor
from casework.permissions.sight import SIGHTS, Sight, viewers

FIRST = "1.0"
"""The version of the API that had the first fields."""
YEARS = range(1900, 9000)
"""Of days and instants that are taken."""

Ref = Annotated[str, msgspec.Meta(min_length=16, max_length=16, pattern=r"^[A-Za-z0-9_-]{16}$", description="A ref.")]


class Words(msgspec.Struct, frozen=True):
    """The same words in both languages."""

    vi: str
    en: str


class Named(msgspec.Struct, frozen=True):
    """A body or place: its ref and what it is called."""

    ref: str
    name: Words


class Coded(msgspec.Struct, frozen=True):
    """An entry of a list of settings: its code, which stays, and what it is called."""

    code: str
    name: Words


@dataclass(frozen=True, slots=True)
class Seen:
    """A row together with who looks at it, and the parts of its case they see."""

    row: Any
    by: Actor
    sights: frozenset[Sight]
    beside: Any = None


def sights_of(by: Actor, case: Case) -> frozenset[Sight]:
    """All parts of a case somebody sees; none of one that is set apart (no program is a confidential reader)."""
    if case.quarantined_at is not None:
        return frozenset()
    roles = viewers(by, case)
    return frozenset(sight for sight, who in SIGHTS.items() if who & roles)


@dataclass(frozen=True, slots=True)
class Told:
    """One field: `read` takes it from a Seen. Where the reader lacks `sight` it is null."""

    name: str
    type: Any
    """As msgspec takes it, or another Thing; with `is_many` a list of them."""
    label: Bilingual
    meaning: Bilingual
    read: Callable[[Seen], Any]
    sight: Sight | None = None
    since: str = FIRST
    is_many: bool = False
    in_lists: bool = True
    is_where: bool = False
    """Of a case: where it is, more closely than its commune. In a list it is null where the matter is sensitive (rules.md, section 6)."""
    may_be_null: bool = False
    """Of another Thing; a type says it itself."""


@dataclass(frozen=True, slots=True)
class Thing:
    """What a resource is made of. `name` is that of its schema."""

    name: str
    label: Bilingual
    fields: tuple[Told, ...]

    def told(self, seen: Seen, *, in_list: bool = False) -> dict[str, Any]:
        """The value of one row for its reader: of the fields here, and of nothing else."""
        return {each.name: _value(each, seen, in_list=in_list) for each in self.fields if each.in_lists or not in_list}


def _value(field: Told, seen: Seen, *, in_list: bool) -> Any:
    if field.sight is not None and field.sight not in seen.sights:
        return [] if field.is_many else None
    if in_list and field.is_where and seen.row.visibility_reason_id is not None:
        return None
    value = field.read(seen)
    if isinstance(field.type, Thing):
        if field.is_many:
            return [field.type.told(each, in_list=in_list) for each in value]
        return field.type.told(value, in_list=in_list) if value is not None else None
    return value.astimezone(UTC) if isinstance(value, datetime) else value


@dataclass(frozen=True, slots=True)
class Taken:
    """One field of a body, or one parameter of an address."""

    name: str
    type: Any
    label: Bilingual
    meaning: Bilingual
    is_needed: bool = False
    since: str = FIRST


def both(words: Bilingual | None) -> Words | None:
    return Words(*words) if words is not None else None


def converted(taken: Taken, value: Any, *, is_text: bool = False) -> Any:
    """A value that was sent as its type has it; `is_text` where it stood in an address. Raises msgspec.ValidationError, also for a day or
    instant that is in no calendar of a database once it is brought to another zone.
    """
    found = msgspec.convert(value, taken.type, strict=not is_text)
    if isinstance(found, date) and found.year not in YEARS:
        raise msgspec.ValidationError("out of range")
    return found


def missing(fields: tuple[Taken, ...], sent: Mapping[str, Any]) -> list[str]:
    return [each.name for each in fields if each.is_needed and each.name not in sent]

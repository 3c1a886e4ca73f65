"""What was filled in for an act, packed so that the act can be carried out later: values as they are, rows of the database by table and id.

Only the classes named here are packed and made again, so that a row of `held_act` can name no others.
"""

from collections.abc import Mapping
from dataclasses import fields, is_dataclass
from datetime import date, datetime
from typing import Any

from casework.assignments.distribution import DistributeInput
from casework.db import Model, db
from casework.errors import CaseworkError
from casework.files.local import StoredFile
from casework.models import Agency, Photo, RefusalReason
from casework.photos.records import PreparedCopies, PreparedFile
from casework.publishing.acts import AnswerPrivatelyInput, PublishInput
from casework.reading.rule_rows import KeyedRow
from casework.triage.refusals import RefuseInput
from casework.verbs import Input

VALUES: Mapping[str, type[Any]] = {
    each.__name__: each
    for each in (
        PublishInput, AnswerPrivatelyInput, RefuseInput, DistributeInput, KeyedRow, PreparedCopies, PreparedFile, StoredFile,
    )
}  # fmt: skip
ROWS: Mapping[str, type[Any]] = {each.__tablename__: each for each in (Agency, Photo, RefusalReason)}

Packed = Any
"""JSON: null, true, numbers and texts stand for themselves; everything else is a list that begins with what it is."""


class GivenGone(CaseworkError):
    """Something that was chosen is not there any more."""

    def __init__(self) -> None:
        super().__init__(
            "Một mục Ông/Bà đã chọn không còn nữa. Vui lòng xem lại và chọn lại.",
            "Something you chose is not there any more. Please look at it again and choose once more.",
        )


def packed(value: object) -> Packed:
    """Raises TypeError for anything no act that is held takes."""
    match value:
        case None | bool() | int() | str():
            return value
        case datetime():
            return ["at", value.isoformat()]
        case date():
            return ["on", value.isoformat()]
        case list() | tuple():
            return ["list" if isinstance(value, list) else "tuple", *map(packed, value)]
        case Mapping():
            return ["map", *([packed(key), packed(each)] for key, each in value.items())]
        case Model() if value.__tablename__ in ROWS:
            return ["row", value.__tablename__, value.id]          # type: ignore[attr-defined]  # each of ROWS has one
    if is_dataclass(value) and type(value).__name__ in VALUES:
        return ["value", type(value).__name__, {each.name: packed(getattr(value, each.name)) for each in fields(value)}]
    raise TypeError(f"{type(value).__name__} is not packed")


def unpacked(said: Packed) -> Any:
    """Raises GivenGone where a row is not there any more."""
    if not isinstance(said, list):
        return said
    kind, *rest = said
    match kind:
        case "at":
            return datetime.fromisoformat(rest[0])
        case "on":
            return date.fromisoformat(rest[0])
        case "list":
            return [unpacked(each) for each in rest]
        case "tuple":
            return tuple(unpacked(each) for each in rest)
        case "map":
            return {unpacked(key): unpacked(each) for key, each in rest}
        case "row":
            return _row(*rest)
        case "value":
            return VALUES[rest[0]](**{name: unpacked(each) for name, each in rest[1].items()})
    raise ValueError(kind)


def given_from(said: Packed) -> Input | None:
    """The input of an act, as it was packed."""
    given: Input | None = unpacked(said)
    return given


def _row(table: str, id_: int) -> object:
    found = db.session.get(ROWS[table], id_)
    if found is None:
        raise GivenGone
    return found

"""The centres that have the door open, each by its `jurisdiction_id`. One that has ended goes on answering what is read of it."""

from dataclasses import dataclass
from datetime import date

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.gates import Door, is_open
from casework.models import Centre
from casework.setting_values import value_of


@dataclass(frozen=True, slots=True)
class Jurisdiction:
    """A centre behind the door."""

    id: int
    jurisdiction_id: str
    name: Bilingual
    phone: str | None
    is_at_work: bool


_CENTRES = select(
    Centre.id, Centre.code_prefix, Centre.name_vi, Centre.name_en, Centre.phone, Centre.valid_from, Centre.valid_to
).order_by(Centre.id)  # fmt: skip


def jurisdictions(on: date) -> tuple[Jurisdiction, ...]:
    """The centres behind the door, those that have ended last."""
    found = [
        Jurisdiction(
            row.id, id_of(row.id, row.code_prefix), Bilingual(row.name_vi, row.name_en), row.phone,
            is_at_work=row.valid_to is None or on < row.valid_to,
        )
        for row in db.session.execute(_CENTRES)
        if row.valid_from <= on and is_open(Door.OPEN311, row.id)
    ]  # fmt: skip
    return tuple(sorted(found, key=lambda each: not each.is_at_work))


def id_of(centre_id: int, code_prefix: str) -> str:
    """How clients name a centre: as it was set, else by the first part of its codes in small letters."""
    return str(value_of("open311_jurisdiction", centre_id)) or code_prefix.lower()


def named(known: tuple[Jurisdiction, ...], jurisdiction_id: str) -> Jurisdiction | None:
    """The centre a client names, without regard to case."""
    wanted = jurisdiction_id.casefold()
    return next((each for each in known if each.jurisdiction_id.casefold() == wanted), None)

"""The doors there are, and where each is open: a setting of a centre, closed unless somebody opened it."""

from datetime import date
from enum import StrEnum

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Centre
from casework.setting_values import CLOSED_DOOR, DOORS, OPEN_DOOR, value_of

__all__ = ["CLOSED_DOOR", "DOOR_WORDS", "OPEN_DOOR", "Door", "centres_behind", "is_open", "open_to_developers", "setting_of"]


class Door(StrEnum):
    """The ways by which other systems come in or are told."""

    OPEN311 = "open311"
    API = "api"
    WEBHOOKS = "webhooks"
    LINKS = "links"
    MAIL_IN = "mail_in"
    SCIM = "scim"


FOR_DEVELOPERS = (Door.API, Door.OPEN311, Door.WEBHOOKS)
"""Those the page for developers tells of."""
DOOR_WORDS: dict[Door, Bilingual] = {Door(key): name for key, name, _hint in DOORS}
"""What each is called on pages."""


def setting_of(door: Door) -> str:
    """The key of the single value that opens it (casework/setting_values.py)."""
    return f"door_{door}"


def is_open(door: Door, centre_id: int | None) -> bool:
    """Whether the centre has the door open; with None, whether the installation has it open for all that say nothing of their own."""
    return bool(value_of(setting_of(door), centre_id) == OPEN_DOOR)


def centres_behind(door: Door, *, on: date) -> list[Centre]:
    """The centres in force on a day that have the door open, by name."""
    query = select(Centre).where(Centre.valid_from <= on, or_(Centre.valid_to.is_(None), Centre.valid_to > on))
    return [row for row in db.session.scalars(query.order_by(Centre.name_vi, Centre.id)) if is_open(door, row.id)]


def open_to_developers(on: date) -> frozenset[Door]:
    """Of the doors the page for developers tells of, those that any centre has open."""
    return frozenset(door for door in FOR_DEVELOPERS if centres_behind(door, on=on))

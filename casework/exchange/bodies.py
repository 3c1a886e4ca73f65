"""Who is reached by document exchange, by settings: identifiers of our centres, other bodies, and the types letters go out as."""

from sqlalchemy import select

from casework.db import db
from casework.exchange.packages import DocumentType, Organ
from casework.models import Centre
from casework.setting_values import value_of

MOST_CENTRES = 500


def own_ids(centre_id: int) -> list[str]:
    """The identifiers of a centre: the one it sends by, then older ones it still receives by; none where it exchanges no documents."""
    return str(value_of("exchange_id", centre_id)).split()


def centres_by_id() -> dict[str, int]:
    """The centre of each identifier of ours. One that several centres share is that of the first."""
    found: dict[str, int] = {}
    for centre_id in db.session.scalars(select(Centre.id).order_by(Centre.id).limit(MOST_CENTRES)):
        for organ_id in own_ids(centre_id):
            found.setdefault(organ_id, centre_id)
    return found


def bodies_of(centre_id: int) -> list[Organ]:
    """The bodies a centre may send to, in the order they are set."""
    listed = str(value_of("exchange_bodies", centre_id)).split("; ")
    return [Organ(organ_id, name) for organ_id, _, name in (each.partition(" ") for each in listed) if organ_id]


def type_of(kind: str, centre_id: int, name: str) -> DocumentType:
    """How a kind of letter is told in a package. Systems differ in it, so it is a setting."""
    first, *own = str(value_of("exchange_types", centre_id)).split()
    numbers = dict(each.split("=") for each in own).get(kind, first)
    type_, _, detail = numbers.partition("/")
    return DocumentType(type_, detail, name)

"""What every door does with a report that a program files: which centre holds its place, what is counted, whose contact is proven."""

from datetime import date

from sqlalchemy import or_, select
from sqlalchemy.orm import joinedload

from casework.contacts.partners import PARTNER
from casework.db import db, unit_of_work
from casework.doors.limits import spend_report
from casework.intake.file_report import Place, reserve_code
from casework.intake.limits import TooManyReports, count_filing
from casework.intake.pass_on import centre_for
from casework.local_time import local_day
from casework.models import Area, Centre, Report
from casework.permissions import Actor
from casework.places.lookup import areas_around
from casework.privacy.identity import Contact
from casework.setting_values import value_of
from web.clock import now
from web.door_keys import TooOften, known_caller
from workflows.desks.unconfirmed import confirm_with_step


def is_served(latitude: float, longitude: float) -> bool:
    """Whether a point lies in what the installation serves; catches latitude and longitude in each other's place."""
    south, north, west, east = map(float, str(value_of("open311_box")).split())
    return south <= latitude <= north and west <= longitude <= east


def commune_named(ref: str, today: date) -> tuple[Area, str | None] | None:
    """The commune of a ref, and the village where it is one's; None where there is none in force."""
    query = select(Area).where(Area.ref == ref, Area.valid_from <= today, or_(Area.valid_to.is_(None), Area.valid_to > today))
    found = db.session.scalar(query.options(joinedload(Area.parent)))
    commune = found.parent if found is not None and found.level == "village" else found
    if found is None or commune is None or commune.level != "commune":
        return None
    return commune, found.name_vi if found is not commune else None


def other_centre(place: Place, centre_id: int) -> Centre | None:
    """The other centre that holds a place; None where this one does, or nobody."""
    found = centre_for(area=place.area, latitude=place.latitude, longitude=place.longitude, now=now())
    if found.id == centre_id:
        return None
    is_held = place.area is not None or (
        place.latitude is not None and place.longitude is not None
        and bool(areas_around(place.latitude, place.longitude, local_day(now()), of_centres=True))
    )  # fmt: skip
    return found if is_held else None


def has_partner() -> bool:
    """Whether the system that files keeps the contacts of its people: none is taken, and it tells and asks them itself."""
    return known_caller().contact_mode == PARTNER


def count_report(contact: Contact | None, centre_id: int) -> str:
    """Count a report of its account and of its contact, and take its code. Raises TooOften, TooManyReports."""
    moment = now()
    with unit_of_work():
        spent = spend_report(known_caller(), now=moment)
        until = count_filing(by=Actor(None), contact=contact, device=None, now=moment) if not spent.is_over else None
        code = reserve_code(db.session.get_one(Centre, centre_id), now=moment) if not spent.is_over and until is None else ""
    if spent.is_over:
        raise TooOften(spent)
    if until is not None:
        raise TooManyReports(until, db.session.get_one(Centre, centre_id))
    return code


def vouch_for(report: Report, contact: Contact | None) -> None:
    """Take the contact as proven by the operator of the account, which the event names; no code is sent."""
    if contact is not None:
        way = Contact(phone=contact.phone) if contact.phone else Contact(email=contact.email)
        confirm_with_step(report, contact=way, now=now(), by=known_caller().actor)

"""Seats: one role at one place. Some must never be empty, because work would stop (rules.md, section 1)."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Account, Agency, Assignment, Centre, Membership
from casework.permissions import AGENCY_ROLES, Actor, Role
from casework.settings.role_labels import ROLE_WORDS
from casework.settings.scopes import administered_centres, is_of

EVERYWHERE = "all"
ANYWHERE_ROLES = frozenset({Role.ADMINISTRATOR, Role.PROCESS_APPROVER, Role.INSPECTOR})
"""Roles that may be held for the whole installation."""
KEPT_IN_CENTRES = frozenset({Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER, Role.CONFIDENTIAL_READER})
"""Roles that must be held in each centre that has ever had them."""
WHOLE_INSTALLATION = Bilingual("Toàn hệ thống", "The whole installation")


@dataclass(frozen=True, slots=True)
class Seat:
    """A role in an agency, in a centre, or in the whole installation."""

    role: Role
    centre: Centre | None = None
    agency: Agency | None = None

    @property
    def key(self) -> str:
        """Its name in forms: the role, and the ref of its place."""
        place = self.agency or self.centre
        return f"{self.role}.{place.ref if place is not None else EVERYWHERE}"

    @property
    def centre_id(self) -> int | None:
        """The centre it belongs to; None for the installation."""
        return self.agency.centre_id if self.agency is not None else self.centre.id if self.centre is not None else None

    @property
    def agency_id(self) -> int | None:
        """The agency; None for a seat of a centre or of the installation."""
        return self.agency.id if self.agency is not None else None

    @property
    def place(self) -> Bilingual:
        return self.agency.name if self.agency is not None else self.centre.name if self.centre is not None else WHOLE_INSTALLATION

    @property
    def role_words(self) -> Bilingual:
        return ROLE_WORDS[self.role]

    @property
    def label(self) -> str:
        """Its permanent name in events: the role, and the key of the place."""
        place = self.agency.key if self.agency is not None else self.centre.code_prefix if self.centre is not None else EVERYWHERE
        return f"{self.role}@{place}"

    @property
    def is_here(self) -> ColumnElement[bool]:
        """The condition for memberships that hold this seat."""
        return and_(
            Membership.role == self.role,
            Membership.agency_id == self.agency.id if self.agency is not None else Membership.agency_id.is_(None),
            Membership.centre_id == self.centre.id if self.centre is not None else Membership.centre_id.is_(None),
        )


def seat_of(row: Membership) -> Seat:
    return Seat(Role(row.role), row.centre if row.agency is None else None, row.agency)


def seat_named(by: Actor, role: str, place: str) -> Seat | None:
    """The seat of a role and the ref of a place (EVERYWHERE for none), within the administrator's scope."""
    if role not in list(Role):
        return None
    mine = administered_centres(by)
    if place == EVERYWHERE:
        return Seat(Role(role)) if mine is None else None
    if Role(role) in AGENCY_ROLES:
        agency = db.session.scalars(select(Agency).where(Agency.ref == place, is_of(mine, Agency.centre_id))).first()
        return Seat(Role(role), agency=agency) if agency is not None else None
    centre = db.session.scalars(select(Centre).where(Centre.ref == place, is_of(mine, Centre.id))).first()
    return Seat(Role(role), centre=centre) if centre is not None else None


def must_be_held(seat: Seat) -> bool:
    """Whether work would stop without a holder: the installation's administrators, a centre's desks, an agency with open work."""
    if seat.agency is not None:
        return bool(db.session.scalar(select(exists().where(Assignment.agency_id == seat.agency.id, Assignment.ended_at.is_(None)))))
    if seat.centre is None:
        return seat.role == Role.ADMINISTRATOR
    return seat.role in KEPT_IN_CENTRES


def holders(seat: Seat, *, on: date, besides: int | None = None) -> Select[Account]:
    """The accounts that hold a seat on a day, without disabled ones, leaving one out."""
    query = select(Account).join(Membership, Membership.account_id == Account.id).where(seat.is_here, holds_on(on))
    query = query.where(Account.kind == "staff", Account.disabled_at.is_(None))
    return query.where(Account.id != besides) if besides is not None else query


def holds_on(on: date) -> ColumnElement[bool]:
    """The condition for memberships in force on that local day."""
    return and_(Membership.valid_from <= on, or_(Membership.valid_to.is_(None), Membership.valid_to > on))


def left_empty(rows: Iterable[Membership], *, on: date) -> list[Seat]:
    """The seats that must be held and would have no other holder from that day, once these roles end. Temporary holders do not count."""
    seats = {seat.key: (seat, row) for row in rows if row.holds_on(on) for seat in (seat_of(row),)}
    return [
        seat
        for seat, row in seats.values()
        if must_be_held(seat) and db.session.scalars(_for_good(seat, on, row.account_id)).first() is None
    ]


def _for_good(seat: Seat, on: date, besides: int) -> Select[Account]:
    return holders(seat, on=on, besides=besides).where(Membership.valid_to.is_(None)).limit(1)

"""Seats left empty after a plan: work that moves to a body needs the same roles there (casework/settings/seats.py)."""

from collections import defaultdict
from collections.abc import Iterable, Iterator

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Account, Agency, Assignment, Case, Centre, Membership
from casework.permissions import Role
from casework.reorganising.blueprint import Blueprint, BodyKind, Whereabouts, memberships_of, names_of
from casework.settings.role_labels import ROLE_WORDS
from casework.settings.seats import Seat, must_be_held

MOST_PLACES = 20_000
"""How many places of open work are examined."""

Place = tuple[BodyKind, int]
BODY: dict[BodyKind, type[Agency] | type[Centre]] = {BodyKind.AGENCY: Agency, BodyKind.CENTRE: Centre}


def empty_seats(blueprint: Blueprint) -> Iterator[Bilingual]:
    """A sentence for each seat left empty."""
    missing = missing_seats(blueprint)
    names = {kind: names_of(kind, [id_ for (each, id_), _ in missing if each is kind]) for kind in BODY}
    for (kind, id_), role in missing:
        body = names[kind].get(id_)
        if body is not None:
            vi, en = ROLE_WORDS[role].vi, ROLE_WORDS[role].en
            yield Bilingual(
                f"{body.name.vi} sẽ nhận việc nhưng không còn ai giữ vai trò: {vi}. Vui lòng thêm dòng về người.",
                f"{body.name.en} will take work, but nobody would be left there as: {en}. Please add a line on a person.",
            )


def missing_seats(blueprint: Blueprint) -> list[tuple[Place, Role]]:
    """The seats that must be held, were held in an ending body, and would be empty at a successor that takes its work.

    As when somebody leaves, a temporary holder does not replace a permanent one. A handful of statements, plus the places of the open
    work of divided bodies.
    """
    before, after = _before(blueprint), _after(blueprint)
    missing: dict[tuple[Place, Role], None] = {}
    for (kind, ended_id), roles in before.items():
        for taker in _takers(blueprint, kind, ended_id):
            for role, was_for_good in roles.items():
                holders = after.get(((kind, taker), role), ())
                if not any(is_for_good or not was_for_good for is_for_good in holders):
                    missing[(kind, taker), role] = None
    return list(missing)


def _before(blueprint: Blueprint) -> dict[Place, dict[Role, bool]]:
    """The seats of ending bodies that must be held and are, with whether somebody holds them permanently."""
    found: dict[Place, dict[Role, bool]] = defaultdict(dict)
    seats: dict[tuple[Place, Role], bool] = {}
    rows = {kind: names_of(kind, blueprint.ended(kind)) for kind in BODY}
    for row in _in_office(memberships_of(blueprint)):
        if row.valid_from >= blueprint.on:
            continue
        place: Place = (BodyKind.AGENCY, row.agency_id) if row.agency_id is not None else (BodyKind.CENTRE, row.centre_id or 0)
        role = Role(row.role)
        if (place, role) not in seats:
            body = rows[place[0]].get(place[1])
            seat = Seat(role, centre=body if isinstance(body, Centre) else None, agency=body if isinstance(body, Agency) else None)
            seats[place, role] = body is not None and must_be_held(seat)
        if seats[place, role]:
            found[place][role] = found[place].get(role, False) or row.valid_to is None
    return found


def _after(blueprint: Blueprint) -> dict[tuple[Place, Role], list[bool]]:
    """The holders of the successors' seats on the day, with whether each is permanent."""
    found: dict[tuple[Place, Role], list[bool]] = defaultdict(list)
    there = {kind: {line.successor_id for line in blueprint.of_kind(kind)} - blueprint.ended(kind) - {None} for kind in BODY}
    query = select(Membership).where(
        or_(
            Membership.agency_id.in_(there[BodyKind.AGENCY]),
            Membership.centre_id.in_(there[BodyKind.CENTRE]) & Membership.agency_id.is_(None),
        )
    )
    staying = [row for row in db.session.scalars(query) if row.holds_on(blueprint.on)]
    going = [row for row in memberships_of(blueprint) if row.valid_from <= blueprint.on]
    leaving = {row.id for row in going}
    for row in _in_office([*staying, *going]):
        goes = blueprint.membership_goes(row) if row.id in leaving else [(row.centre_id, row.agency_id)]
        for centre_id, agency_id in goes:
            place: Place = (BodyKind.AGENCY, agency_id) if agency_id is not None else (BodyKind.CENTRE, centre_id or 0)
            found[place, Role(row.role)].append(row.valid_to is None)
    return found


def _in_office(rows: Iterable[Membership]) -> list[Membership]:
    """Those whose account is open."""
    kept = list(rows)
    query = select(Account.id).where(Account.id.in_({row.account_id for row in kept}), Account.kind == "staff")
    open_accounts = set(db.session.scalars(query.where(Account.disabled_at.is_(None))))
    return [row for row in kept if row.account_id in open_accounts]


def _takers(blueprint: Blueprint, kind: BodyKind, ended_id: int) -> set[int]:
    """The successors that get work: for a centre all, because reports come to each; for an agency those its open work goes to."""
    successors = blueprint.successors(kind, ended_id)
    if kind is BodyKind.CENTRE or len(successors) < 2:
        return set(successors)
    columns = (Case.area_id, Case.village, Case.latitude, Case.longitude, Case.centre_id)
    query = select(*columns).join(Assignment, Assignment.case_id == Case.id)
    query = query.where(Assignment.agency_id == ended_id, Assignment.ended_at.is_(None)).distinct().limit(MOST_PLACES)
    found: set[int] = set()
    for area_id, village, latitude, longitude, own in db.session.execute(query):
        spot = Whereabouts(area_id, village, latitude, longitude)
        taker = blueprint.agency_for(ended_id, spot, blueprint.centre_for(own, spot) or own)
        found |= {taker} if taker is not None else set()
        if len(found) == len(successors):
            break
    return found

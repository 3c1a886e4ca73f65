"""What people read about a plan: the names in its lines, the cases it moved, and whose plans they may begin."""

from datetime import date
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Case, Centre, Membership, Reorganisation
from casework.permissions import Actor, Role
from casework.reorganising.blueprint import BODIES, BodyKind, PlanLine
from casework.reorganising.faults import is_planned
from casework.settings.role_labels import ROLE_WORDS

MOST_CENTRES = 200


class NamedBody(NamedTuple):
    """A body in a line, and whether the plan makes it."""

    name: Bilingual
    is_new: bool


class NamedPerson(NamedTuple):
    """A person in a line: name, role, and whether they go to an agency or to a centre."""

    name: str
    role: Bilingual
    goes_to: BodyKind


def names_in(plan: Reorganisation) -> dict[tuple[str, int], NamedBody | NamedPerson]:
    """The bodies and people of the ids in a plan's lines, in one statement per kind."""
    steps = [PlanLine.of(step) for step in plan.steps]
    found: dict[tuple[str, int], NamedBody | NamedPerson] = {}
    for kind, table in BODIES.items():
        ids = {each for step in steps if step.kind is kind for each in (step.predecessor_id, step.successor_id) if each is not None}
        ids |= {step.by_area_id for step in steps if step.by_area_id is not None} if kind is BodyKind.AREA else set()
        people = {step.successor_id for step in steps if step.kind is BodyKind.PERSON and step.successor_id is not None}
        for row in db.session.scalars(select(table).where(table.id.in_(ids | people))):
            found[kind, row.id] = NamedBody(row.name, is_planned(row))
    members = [step.predecessor_id for step in steps if step.kind is BodyKind.PERSON]
    for row in db.session.scalars(select(Membership).where(Membership.id.in_(members)).options(joinedload(Membership.account))):
        goes_to = BodyKind.AGENCY if row.agency_id is not None else BodyKind.CENTRE
        found[BodyKind.PERSON, row.id] = NamedPerson(row.account.full_name or "", ROLE_WORDS[Role(row.role)], goes_to)
    return found


def moved_cases(plan: Reorganisation) -> list[Case]:
    """The moved cases whose codes are stored with a plan, without quarantined ones."""
    codes = plan.counts.get("codes", [])
    query = select(Case).where(Case.code.in_(codes), Case.quarantined_at.is_(None)).order_by(Case.id)
    return list(db.session.scalars(query)) if codes else []


def centres_to_reorganise(by: Actor, today: date) -> tuple[list[Centre], bool]:
    """Today's centres whose plans a person may begin, and whether they may begin those of the installation."""
    scopes = {grant.centre_id for grant in by.alone.grants if grant.role == Role.ADMINISTRATOR}
    query = select(Centre).order_by(Centre.is_default.desc(), Centre.id)
    if None not in scopes:
        query = query.where(Centre.id.in_(scopes))
    return [centre for centre in db.session.scalars(query.limit(MOST_CENTRES)) if centre.holds_on(today)], None in scopes

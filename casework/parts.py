"""The parts of a divided case, each a case of its own with its own limit and answer (rules.md, section 6, "Children"). One level."""

from sqlalchemy import bindparam, select

from casework.db import db
from casework.models import Case
from casework.states import OPEN_STATES

MOST_PARTS = 10
"""Of one case, ended ones included: it bounds every list of them."""

_PARTS = select(Case).where(Case.parent_id == bindparam("parent")).order_by(Case.id).limit(MOST_PARTS)


def parts_of(case: Case) -> list[Case]:
    """All parts, in the order they were split off; no statement for a case that was never divided."""
    return list(db.session.scalars(_PARTS, {"parent": case.id})) if case.is_divided else []


def open_parts(case: Case) -> list[Case]:
    """The parts that still owe their answer. One that is refused, set apart or answered is waited for no more."""
    with db.session.no_autoflush:
        return [part for part in parts_of(case) if part.state in OPEN_STATES and part.quarantined_at is None]


def parent_of(part: Case) -> Case | None:
    return db.session.get(Case, part.parent_id) if part.parent_id is not None else None

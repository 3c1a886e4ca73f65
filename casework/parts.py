"""The parts of a divided case, each a case of its own with its own limit and answer (rules.md, section 6, "Children"). One level."""

from functools import cache

from sqlalchemy import Select, bindparam, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Case
from casework.states import OPEN_STATES, CaseState

MOST_PARTS = 10
"""Of one case, ended ones included: it bounds every list of them."""

GONE = frozenset({CaseState.JOINED, CaseState.REFUSED})
"""States of a part that is none any more: its matter is the case's again, or nobody's."""


@cache
def _parts() -> Select[Case]:
    there = select(Case).where(Case.parent_id == bindparam("parent")).order_by(Case.id).limit(MOST_PARTS)
    return there.options(joinedload(Case.lead_agency))


def parts_of(case: Case) -> list[Case]:
    """All parts, in the order they were split off; no statement for a case that was never divided."""
    return list(db.session.scalars(_parts(), {"parent": case.id})) if case.is_divided else []


def open_parts(case: Case) -> list[Case]:
    """The parts that still owe their answer. One that is refused, joined again, set apart or answered is waited for no more."""
    with db.session.no_autoflush:
        return [part for part in parts_of(case) if is_awaited(part)]


def kept_parts(case: Case) -> list[Case]:
    """The parts that owe an answer or have given one: the case cannot be told without them."""
    return [part for part in parts_of(case) if part.state not in GONE and part.quarantined_at is None]


def is_awaited(part: Case) -> bool:
    return part.state in OPEN_STATES and part.quarantined_at is None


def is_of_family(case: Case) -> bool:
    """Whether it is a part, or has some that it cannot be told without."""
    return case.parent_id is not None or bool(kept_parts(case))


def parent_of(part: Case) -> Case | None:
    return db.session.get(Case, part.parent_id) if part.parent_id is not None else None

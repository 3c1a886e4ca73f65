"""Which cases are open, and which of them are counted separately: the single definition for all counts and lists of open cases.

**Open** is a case the centre owes an answer: not answered, not ended, not with another body, not in quarantine. A part of a case is none:
its case is counted, and is open until all its parts have ended. **Unconfirmed** is one that nobody has accepted yet and whose sender has
not proven a contact: it is neither open nor late anywhere, and whatever leaves it out says how many there are. Once somebody of the centre
has accepted it, it is a case like any other.
"""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, exists, func, select

from casework.db import db
from casework.lateness import late
from casework.models import Case
from casework.states import OPEN_STATES, CaseState

CASE_OF_ROW = Case.__table__.alias("case_of_row").c
"""The case looked up for a row, an alias because the statement may have a case of its own."""

OWED_STATES = tuple(sorted(OPEN_STATES - {CaseState.REFERRED}))


def is_open() -> tuple[ColumnElement[bool], ...]:
    return Case.state.in_(OWED_STATES), Case.quarantined_at.is_(None), Case.parent_id.is_(None), ~is_unconfirmed()


def is_unconfirmed(of: Any = Case) -> ColumnElement[bool]:
    """Whether a case waits for acceptance and for its sender's contact to be confirmed; as casework.models.Case.is_unconfirmed."""
    return and_(of.state == CaseState.TO_VERIFY, of.unconfirmed_since.is_not(None), of.quarantined_at.is_(None))


def unconfirmed_cases() -> Select[int]:
    """Their ids; reads as many rows as wait for acceptance (ix_case_state_newest)."""
    return select(Case.id).where(is_unconfirmed())


def of_unconfirmed(case_id: Any) -> ColumnElement[bool]:
    """Whether a row's case is unconfirmed, looked up by its key: for few rows."""
    return exists().where(CASE_OF_ROW.id == case_id, is_unconfirmed(CASE_OF_ROW))


def count_unconfirmed(centre_ids: Collection[int]) -> int:
    """How many unconfirmed cases some centres have (ix_case_centre_state_due)."""
    query = select(func.count()).select_from(Case).where(Case.centre_id.in_(centre_ids), is_unconfirmed())
    return db.session.scalar(query) or 0


def count_late(centre_ids: Collection[int], now: datetime) -> int:
    """How many open cases of some centres are late (ix_case_centre_state_due)."""
    query = select(func.count()).select_from(Case).where(Case.centre_id.in_(centre_ids), *is_open(), late(Case.due_at, now))
    return db.session.scalar(query) or 0

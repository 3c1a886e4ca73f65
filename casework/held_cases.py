"""Which cases the clock leaves alone, because an act on them is held."""

from sqlalchemy import ColumnElement, exists
from sqlalchemy.orm import InstrumentedAttribute

from casework.models import HeldAct


def is_held(case_id: InstrumentedAttribute[int]) -> ColumnElement[bool]:
    """The condition that an act on the case can still be taken back, or is about to be carried out."""
    return exists().where(HeldAct.case_id == case_id, HeldAct.returned_at.is_(None))

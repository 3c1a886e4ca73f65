"""Whether an exchange with an agency holds something new for the desk of a step, as lists of steps read it."""

from sqlalchemy import case, or_, select

from casework.models import Assignment
from workflows.models import WaitingTask

_TASK, _PART = WaitingTask.__table__, Assignment.__table__
_TALK = Assignment.__table__.alias("talks")
NEW_FOR_DESK = case(
    (_PART.c.id.is_not(None) & _TASK.c.desk.like("%@a%"), _PART.c.centre_said > _PART.c.agency_read),
    else_=select(_TALK.c.id)
    .where(_TALK.c.case_id == _TASK.c.case_id, _TALK.c.agency_said > _TALK.c.centre_read)
    .correlate(_TASK)
    .exists()
    & or_(_TASK.c.desk.startswith("operator@"), _TASK.c.desk.startswith("ops_lead@")),
)
"""Whether an exchange with an agency holds something new for the desk of the step."""

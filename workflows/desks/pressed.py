"""Who has done a waiting step and can still take it back, as lists of steps read it; and whether somebody has."""

from sqlalchemy import exists, select

from casework.models import Account, HeldAct
from workflows.models import WaitingTask

_HELD, _PRESSER, _TASK = HeldAct.__table__, Account.__table__.alias("presser"), WaitingTask.__table__
PRESSED_BY = (
    select(_PRESSER.c.full_name)
    .join_from(_HELD, _PRESSER, _PRESSER.c.id == _HELD.c.account_id)
    .where(_HELD.c.task_ref == _TASK.c.ref, _HELD.c.returned_at.is_(None))
    .correlate(_TASK)
    .scalar_subquery()
)
IS_PRESSED = exists().where(_HELD.c.task_ref == _TASK.c.ref, _HELD.c.returned_at.is_(None))

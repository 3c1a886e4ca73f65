"""The first steps of a case that an act has opened, done along with it."""

from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db
from casework.permissions import Actor, NotAllowed
from casework.verbs import Input
from workflows.bindings import Bindings
from workflows.models import WaitingTask
from workflows.running.instances import start_case
from workflows.running.steps import StepRefused, TaskUnknown, perform

NOT_THEIRS = (TaskUnknown, StepRefused, NotAllowed)
"""Why a step waits for somebody else: its desk, or the rule that another person has to do it."""


def start_with(case_id: int, first: Iterable[tuple[str, Input]], *, by: Actor, now: datetime, bindings: Bindings) -> None:
    """Start the process of a case just opened, and do its first steps for the person.

    It goes as far as its model has these steps wait one after the other at the person's desks; then it waits like every case. Raises what
    the use cases of the steps refuse with.
    """
    start_case(lock_case(case_id), now=now, bindings=bindings)
    for element, given in first:
        steps = select(WaitingTask.ref).where(WaitingTask.case_id == case_id, WaitingTask.state == "waiting")
        ref = db.session.scalar(steps.where(WaitingTask.element == element))
        if ref is None:
            return
        try:
            perform(ref, by=by, now=now, given=given, bindings=bindings)
        except NOT_THEIRS:
            return

"""Steps of an agency nobody of which signs in, done along with an act of the centre."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.doors.links.sending import LinkRefused
from casework.models import Assignment
from casework.permissions import Actor, Grant, Role
from casework.verbs import Input
from workflows.bindings import Bindings
from workflows.models import ProcessInstance, WaitingTask
from workflows.running.drawn_steps import label_of_step
from workflows.running.steps import perform

ACCEPTING = "accept_assignment"
"""The one step that may be past already."""


def do_for_agency(
    assignment_id: int, steps: Iterable[tuple[str, str, Input | None]], *, by: Actor, now: datetime, bindings: Bindings
) -> None:
    """Do steps of an agency's work, each an element, the act chosen there and what it takes, in the name of the person who does the act.

    The caller has locked the case and seen to it that nobody of the agency can do them. Raises LinkRefused where the process has another
    step there, which is for the agency itself, and what the use cases refuse with.
    """
    assignment = db.session.get_one(Assignment, assignment_id)
    seated = replace(by, grants=(*by.grants, Grant(Role.OFFICER, None, assignment.agency_id)))
    for element, act, given in steps:
        db.session.flush()
        waiting = _waiting(assignment)
        step = next((row for row in waiting if row.element == element), None)
        if step is not None:
            perform(step.ref, act=act, given=given, by=seated, now=now, bindings=bindings)
        elif element != ACCEPTING:
            raise _refusal(waiting)


def _waiting(assignment: Assignment) -> list[WaitingTask]:
    query = select(WaitingTask).join(ProcessInstance, ProcessInstance.id == WaitingTask.instance_id)
    query = query.where(ProcessInstance.assignment_id == assignment.id, WaitingTask.state == "waiting").order_by(WaitingTask.id)
    return list(db.session.scalars(query))


def _refusal(waiting: list[WaitingTask]) -> LinkRefused:
    where = label_of_step(waiting[0]) if waiting else None
    vi, en = (f" “{where.vi}”", f" “{where.en}”") if where is not None else ("", "")
    return LinkRefused(
        f"Theo quy trình, việc của đơn vị đang ở bước{vi} và chưa trình được. Xin đợi bước đó xong, hoặc đóng việc của đơn vị không cần "
        "trả lời.",
        f"In the process the agency's work is at the step{en}, so the answer cannot be submitted yet. Wait for that step, or close the "
        "agency's work without an answer.",
    )

"""The first steps of a case that an act has opened, done along with it."""

from collections.abc import Iterable
from datetime import datetime

from casework.bilingual import Bilingual
from casework.db import db
from casework.events import record
from casework.models import Case
from casework.parting.acts import PartRefused
from casework.permissions import Actor, NotAllowed
from casework.verbs import Input
from workflows.bindings import Bindings
from workflows.models import WaitingTask
from workflows.running.case_rows import AT_DESKS
from workflows.running.drawn_steps import label_of_step
from workflows.running.instances import CASE, CaseProcess, start_unsent
from workflows.running.own_steps import OwnStepsBetween, set_before
from workflows.running.steps import StepRefused, TaskUnknown, perform_unsent

NOT_THEIRS = (TaskUnknown, StepRefused, NotAllowed)
"""Why a step waits for somebody else: its desk, or the rule that another person has to do it."""


def start_with(case_id: int, first: Iterable[tuple[str, Input]], *, by: Actor, now: datetime, bindings: Bindings) -> None:
    """Start the process of a case just opened, and do its first steps for the person.

    Steps its organisation has drawn between them were done in the case it is a part of, and are passed, which its history tells. A step at
    another desk, or for another person, waits there. Raises PartRefused where the model has something between that cannot be passed, and
    what the use cases of the steps refuse with.
    """
    case = db.session.get_one(Case, case_id)                  # opened in this unit of work: nobody else can hold it
    there, done = start_unsent(case, now=now, bindings=bindings), set[str]()
    for element, given in first:
        step = _waiting(there, element)
        try:
            if step is None:
                there += _past_own_steps(case, element, done, by=by, now=now, bindings=bindings)
                step = _waiting(there, element)
            if step is not None:
                there += perform_unsent(case, step, given, beside=there, by=by, now=now, bindings=bindings).opened
        except NOT_THEIRS:
            return
        there = [row for row in there if row.state in AT_DESKS]
        done.add(element)


def _waiting(there: Iterable[WaitingTask], element: str) -> WaitingTask | None:
    return next((row for row in there if row.element == element and row.state == "waiting"), None)


def _past_own_steps(
    case: Case, element: str, done: set[str], *, by: Actor, now: datetime, bindings: Bindings
) -> list[WaitingTask]:
    """Bring a case past what its organisation has drawn before a step; returns the steps that now wait. Raises PartRefused."""
    db.session.flush()
    process = CaseProcess(case, now=now, bindings=bindings)
    there = next(iter(process.rows.steps_at_desks()), None)
    try:
        passed = set_before(process, element, done=done, now=now, bindings=bindings)
    except OwnStepsBetween as stopped:
        raise _refusal(stopped.where) from None
    if passed is None:
        raise _refusal(label_of_step(there) if there is not None else None)
    labels = {"from": list(passed.left), "to": list(passed.came_to)}
    moved = {"from": passed.element, "to": element, "labels": labels, "is_part": True}
    record(case, "move_token", by=by, at=now, process=CASE, **moved)
    return process.rows.opened


def _refusal(where: Bilingual | None) -> PartRefused:
    vi, en = (f" “{where.vi}”", f" “{where.en}”") if where is not None else ("", "")
    return PartRefused(
        f"Theo quy trình của Trung tâm, hồ sơ dừng ở{vi} trước khi giao đơn vị, và bước đó không bỏ qua được cho phần tách ra. "
        "Xin thêm đơn vị phối hợp vào hồ sơ, hoặc lập hồ sơ riêng.",
        f"In the centre's process a case stops at{en} before it is given to agencies, and a part cannot be taken past that. "
        "Add an agency to the case, or file a case of its own.",
    )

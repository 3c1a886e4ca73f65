"""What a step comes to: its use case is run and its token moves on, with the case locked and everything else looked at before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.db import db
from casework.models import Case, HeldAct
from casework.permissions import Actor
from casework.steps.drafts import DraftPlace, discard_all
from casework.verbs import Input, carry_out
from workflows.bindings import Bindings
from workflows.desk_access import REPORTER
from workflows.models import WaitingTask
from workflows.running.drawn_steps import step_of
from workflows.running.instances import CaseProcess


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result of a step. `opened` are the steps that now wait because of it; with `held` nothing is done yet."""

    case: Case
    task: WaitingTask
    outcome: str | None
    stays_open: bool
    opened: tuple[WaitingTask, ...]
    values: Mapping[str, Any]
    held: HeldAct | None = None


def do_step(
    case: Case, task: WaitingTask, act: str, given: Input | None, *, by: Actor, now: datetime, bindings: Bindings,
    drafts_at: DraftPlace | None = None, flushes: bool = True,
) -> StepResult:  # fmt: skip
    """Run the use case and move the token; the person's drafts at a place are not needed any more. Without `flushes` the caller sends the
    rows. Raises whatever the use case refuses with."""
    step = step_of(task, bindings)
    result = carry_out(step.acts[act], task.assignment or case, given, by=by, now=now)
    process = CaseProcess(case, now=now, bindings=bindings)
    stays_open = step.stays_open(result)
    outcome = result.pop("outcome", None)
    process.open(task.instance)
    if by.is_staff and drafts_at is not None:
        discard_all(drafts_at, by=by)
    if not stays_open:
        _close(task, by, outcome or act, now)
        process.complete(task, {**result, task.element: outcome} if outcome else result)
    process.bring_to_rest()
    if flushes:
        db.session.flush()
    return StepResult(case, task, outcome, stays_open, tuple(process.rows.opened), result)


def _close(task: WaitingTask, by: Actor, outcome: str, now: datetime) -> None:
    principal_id = None if task.desk.startswith(REPORTER) else by.principal_id
    task.state, task.outcome, task.done_at, task.done_by_id, task.on_behalf_of_id = "done", outcome, now, by.own_id, principal_id

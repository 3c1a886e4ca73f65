"""Steps an administrator drew: done through the form the model declares, with a limit of their own, and not by whom they check."""

from collections.abc import Collection
from functools import partial

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.permissions import Actor
from casework.step_records import DO_STEP, record_step
from casework.words import Bilingual
from casework.working_time import BeyondTenYears, TimeLimit, Unit
from workflows.bindings import Bindings, Step
from workflows.definitions import Element
from workflows.desks import own_desk
from workflows.models import ProcessInstance, ProcessVersion, WaitingTask
from workflows.outcomes import OUTCOMES
from workflows.parsed import definition_of

LIMIT_UNITS = frozenset({Unit.WORKING_HOURS, Unit.HOURS, Unit.WORKING_DAYS})
"""What the own limit of a step may be counted in."""

OTHER_THAN = "other_than"
"""Names another step of the same process: who did that one may not do this one."""


def element_of(task: WaitingTask) -> Element | None:
    """Return what the model of a step's instance says of it."""
    return definition_of(task.instance.process_version).elements.get(task.element)


def is_unforeseen(element_id: str, bindings: Bindings) -> bool:
    """Whether only the model knows the step: no use case of this software is bound to it."""
    return element_id not in bindings.steps


def step_of(task: WaitingTask, bindings: Bindings) -> Step:
    """Return what can be done at a step: what is bound to it, else to fill in the form the model declares."""
    bound = bindings.steps.get(task.element)
    if bound is not None:
        return bound
    element = element_of(task)
    if element is None:
        return Step({DO_STEP: partial(record_step, element=task.element, label=Bilingual(task.element, task.element))})
    form = element.form
    return Step({DO_STEP: partial(record_step, element=element.id, label=element.label, fields=form.fields, buttons=form.buttons)})


def limit_of(element: Element | None) -> TimeLimit | None:
    """Return the limit the model gives the step itself; None where it gives none that can be counted, which the check names."""
    amount, unit = (element.properties.get(name, "") for name in ("limit", "limit_unit")) if element is not None else ("", "")
    if unit not in LIMIT_UNITS or not (amount.isascii() and amount.isdigit()):
        return None
    try:
        return TimeLimit(int(amount), Unit(unit))
    except (ValueError, BeyondTenYears):
        return None


def barred_by(task: WaitingTask, by: Actor) -> WaitingTask | None:
    """Return the earlier step that bars the person from this one, because they did it or it was done for whom they stand in for.

    Of a step done several times the newest counts: that is what is looked at now.
    """
    element = element_of(task)
    other = element.properties.get(OTHER_THAN) if element is not None else None
    if not other:
        return None
    query = select(WaitingTask).where(WaitingTask.instance_id == task.instance_id, WaitingTask.element == other)
    query = query.where(WaitingTask.state == "done").order_by(WaitingTask.done_at.desc(), WaitingTask.id.desc()).limit(1)
    earlier = db.session.scalars(query.options(joinedload(WaitingTask.done_by), joinedload(WaitingTask.instance))).first()
    desk = own_desk(by, task.desk)
    counts_as = by.at(desk).counts_as if desk else by.counts_as
    return earlier if earlier is not None and counts_as & {earlier.done_by_id, earlier.on_behalf_of_id} else None


def names_in_case(case_id: int, elements: Collection[str]) -> dict[str, Bilingual]:
    """Return what the models a case runs on call some of their elements."""
    if not elements:
        return {}
    of_case = select(ProcessInstance.version_id).where(ProcessInstance.case_id == case_id)
    versions = select(ProcessVersion).where(ProcessVersion.id.in_(of_case)).order_by(ProcessVersion.id)
    found = [definition_of(version).elements for version in db.session.scalars(versions)]
    return {element: known[element].label for known in found for element in elements if element in known}


def outcome_words(task: WaitingTask) -> Bilingual | None:
    """Return what people read for how a step went: its button, or the outcome of a step of this software. None where there is one way."""
    element = element_of(task)
    buttons = element.form.buttons if element is not None else ()
    pressed = next((button.label for button in buttons if button.id == task.outcome), None)
    return pressed or OUTCOMES.get(task.outcome or "")

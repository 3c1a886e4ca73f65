"""Steps an administrator drew: done through the form in the model, with their own limit, and not by the person they check."""

from collections.abc import Collection
from datetime import datetime
from functools import partial

from sqlalchemy import select, union
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.casefile.step_records import DO_STEP, record_step
from casework.db import db
from casework.permissions import Actor
from casework.second_person import Deed, own_and_principals, tied_to
from workflows.bindings import OTHER_THAN, Bindings, Step
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Element
from workflows.element_settings import help_on, label_on
from workflows.models import Incident, ProcessInstance, ProcessVersion, WaitingTask
from workflows.outcomes import OUTCOMES
from workflows.versions.past import earlier_names, version_at


def element_of(task: WaitingTask) -> Element | None:
    """Return the element of a step; for one done before its case was moved, from the version of then."""
    of_instance = task.instance.process_version
    version = of_instance if task.version_id == of_instance.id else db.session.get_one(ProcessVersion, task.version_id)
    return definition_of(version).elements.get(task.element)


def is_unforeseen(element_id: str, bindings: Bindings) -> bool:
    """Whether only the model knows the step: no use case is bound to it."""
    return element_id not in bindings.steps


def step_of(task: WaitingTask, bindings: Bindings) -> Step:
    """Return what can be done at a step: what is bound to it, else filling in the form in the model."""
    bound = bindings.steps.get(task.element)
    if bound is not None:
        return bound
    element = element_of(task)
    if element is None:
        return Step({DO_STEP: partial(record_step, element=task.element, label=Bilingual(task.element, task.element))})
    form = element.form
    return Step({DO_STEP: partial(record_step, element=element.id, label=element.label, fields=form.fields, buttons=form.buttons)})


def barred_by(task: WaitingTask, by: Actor, *, now: datetime) -> WaitingTask | None:
    """Return the earlier step that bars the person from this one: they did it, or are tied to somebody who did (casework.second_person).

    If it was done several times the newest counts, because that is what is being checked now.
    """
    element = element_of(task)
    other = element.properties.get(OTHER_THAN) if element is not None else None
    if not other:
        return None
    names = earlier_names(task.case_id, other)
    query = select(WaitingTask).where(WaitingTask.instance_id == task.instance_id, WaitingTask.element.in_(names))
    query = query.where(WaitingTask.state == "done").order_by(WaitingTask.done_at.desc(), WaitingTask.id.desc()).limit(1)
    earlier = db.session.scalars(query.options(joinedload(WaitingTask.done_by), joinedload(WaitingTask.instance))).first()
    if earlier is None:
        return None
    deeds = [Deed(account_id, earlier.done_at) for account_id in (earlier.done_by_id, earlier.on_behalf_of_id)]
    return earlier if own_and_principals(by) & tied_to(deeds, now=now) else None


def names_in_case(case_id: int, elements: Collection[str]) -> dict[str, Bilingual]:
    """Return the labels of some elements in the models a case runs on, or was moved from."""
    if not elements:
        return {}
    of_case = [select(table.version_id).where(table.case_id == case_id) for table in (ProcessInstance, WaitingTask)]
    versions = select(ProcessVersion).where(ProcessVersion.id.in_(union(*of_case))).order_by(ProcessVersion.id)
    found = [definition_of(version).elements for version in db.session.scalars(versions)]
    return {element: known[element].label for known in found for element in elements if element in known}


def outcome_words(task: WaitingTask) -> Bilingual | None:
    """Return the outcome of a step in words: its button, or the outcome of a step of this software. None if it can only be done one way."""
    element = element_of(task)
    buttons = element.form.buttons if element is not None else ()
    pressed = next((button.label for button in buttons if button.id == task.outcome), None)
    return pressed or OUTCOMES.get(task.outcome or "")


def label_of_step(task: WaitingTask | Incident) -> Bilingual:
    """Return the label of the step: as set for the day it began to wait, else as in the diagram."""
    if isinstance(task, WaitingTask):
        element = element_of(task)
        return label_on(element, task.case.centre_id, task.entered_at) if element is not None else Bilingual(task.element, task.element)
    element = definition_of(task.instance.process_version).elements.get(task.element)
    if element is None:
        # the incident dates from before its case was moved to another version
        element = definition_of(version_at(task.instance, task.occurred_at)).elements.get(task.element)
    return element.label if element is not None else Bilingual(task.element, task.element)


def help_with_step(task: WaitingTask) -> Bilingual | None:
    """Return the guidance for the step: as set by the centre, else as in the diagram."""
    return help_on(element_of(task), task.case.centre_id, task.entered_at)

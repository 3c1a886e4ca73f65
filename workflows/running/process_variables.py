"""The variables of a running process: those its model declares, those its tokens hold, and setting one to a new value."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any

from SpiffWorkflow.bpmn import BpmnWorkflow
from SpiffWorkflow.spiff.specs.event_definitions import MessageEventDefinition
from SpiffWorkflow.task import Task

from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE
from workflows.bindings import Bindings
from workflows.definitions.process import Definition, Element
from workflows.definitions.services import SERVICES
from workflows.definitions.step_forms import variables_of
from workflows.definitions.variables import Type, Variable, Variables
from workflows.running.token_moves import tokens_at_rest

Value = str | bool | int | float
LONGEST_NUMBER = 15
GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}[.,]\d{3}")
"""A number like 1.000: one thousand as written here, or one with three decimals."""


class ValueRefused(CaseworkError):
    """The input is not a value of the variable's type."""


def declared_variables(definition: Definition, process_id: str, bindings: Bindings) -> dict[str, Variable]:
    """Return every variable a process can have, by the name conditions use; members of a record as `record.member`."""
    found: dict[str, Variable] = {}
    for element in definition.elements.values():
        if element.process_id == process_id:
            for name, variable in _variables_of(element, definition, bindings).items():
                found.setdefault(name, variable)
    return found


def content_names(definition: Definition, process_id: str, bindings: Bindings) -> frozenset[str]:
    """Return the variables filled in at drawn steps. They are content of the case, hidden from administrators who repair its process."""
    drawn = (each for each in definition.elements.values() if each.process_id == process_id and each.id not in bindings.steps)
    return frozenset(asked.id for each in drawn if each.is_step for asked in each.form.fields)


def value_of(workflow: BpmnWorkflow, definition: Definition, name: str) -> Any:
    """Return a variable's value where a token rests, from the first in the tree that has it; None if none has."""
    return next((value for task in tokens_at_rest(workflow, definition) if (value := _read(task.data, name)) is not None), None)


def set_value(workflow: BpmnWorkflow, definition: Definition, name: str, value: Value) -> None:
    """Set a value where tokens rest. Their parents get it too, since a waiting task takes its data from its parent whenever it is updated.

    A timer that waits already keeps its instant, which was computed when the token arrived.
    """
    for task in tokens_at_rest(workflow, definition):
        for each in (task, *_guards(task), *([task.parent] if task.parent is not None else [])):
            _write(each.data, name, value)


def value_from(variable: Variable, text: str) -> Value:
    """Parse input as a value of the variable's type. Raises ValueRefused, which says what is expected."""
    text = text.strip()
    match variable.type:
        case Type.BOOLEAN if text in ("true", "false"):
            return text == "true"
        case Type.CHOICE if text in {choice.id for choice in variable.choices}:
            return text
        case Type.NUMBER:
            return _number(text)
        case Type.DATE:
            return _day(text).isoformat()
        case Type.MOMENT:
            return _moment(text).isoformat()
    raise ValueRefused("Giá trị không nằm trong các giá trị được chọn.", "The value is none of those that can be chosen.", about="value")


def _variables_of(element: Element, definition: Definition, bindings: Bindings) -> Variables:
    spec = definition.specs[element.process_id].task_specs.get(element.id)
    if element.is_step:
        step = bindings.steps.get(element.id)
        return step.variables(element.id, element.label) if step else variables_of(element.form, element.id, element.label)
    event = getattr(spec, "event_definition", None)
    if isinstance(event, MessageEventDefinition) and event.message_var and event.name in bindings.facts:
        return _members(event.message_var, bindings.facts[event.name].gives)
    if element.kind == "serviceTask" and getattr(spec, "operation_name", None) in SERVICES:
        return _members(spec.result_variable, SERVICES[spec.operation_name].gives)
    return {}


def _members(record: str, members: Variables) -> dict[str, Variable]:
    return {f"{record}.{name}": variable for name, variable in members.items()}


def _guards(task: Task) -> Iterator[Task]:
    """The boundary events of a step, and the task before it, which hold its data too."""
    if task.parent is not None and task.parent.task_spec.name.startswith(f"{task.task_spec.name}."):
        yield from (each for each in task.parent.children if each is not task)
        yield task.parent.parent


def _read(data: Mapping[str, Any], name: str) -> Any:
    record, _, member = name.partition(".")
    value = data.get(record)
    return (value.get(member) if isinstance(value, dict) else None) if member else value


def _write(data: dict[str, Any], name: str, value: Value) -> None:
    record, _, member = name.partition(".")
    if not member:
        data[record] = value
        return
    known = data.get(record)
    data[record] = {**(known if isinstance(known, dict) else {}), member: value}


def _number(text: str) -> int | float:
    if GROUPED.fullmatch(text):
        raise ValueRefused("Xin ghi 1000 hoặc 1,5.", "Please write 1000 or 1.5.", about="value")
    text = text.replace(",", ".")
    try:
        number = float(text) if len(text) <= LONGEST_NUMBER else float("nan")
    except ValueError:
        number = float("nan")
    if not abs(number) < 10**LONGEST_NUMBER:
        raise ValueRefused("Xin nhập một số, ví dụ 2 hoặc 2,5.", "Please give a number, such as 2 or 2.5.", about="value")
    return int(number) if number.is_integer() else number


def _day(text: str) -> date:
    try:
        return date.fromisoformat(text)
    except ValueError as fault:
        raise ValueRefused("Xin chọn một ngày.", "Please choose a day.", about="value") from fault


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as fault:
        raise ValueRefused("Xin chọn ngày và giờ.", "Please choose a day and a time.", about="value") from fault
    return moment if moment.tzinfo else moment.replace(tzinfo=LOCAL_ZONE)

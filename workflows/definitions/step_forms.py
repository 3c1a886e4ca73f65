"""The form an administrator gives a step: its fields and buttons, read from the model's own extension elements.

    <langbiang:form>
      <langbiang:field id="legal_basis" type="long_text" label_vi="Căn cứ" label_en="Basis" required="true" />
      <langbiang:field id="kind" type="choice" label_vi="Loại" label_en="Kind">
        <langbiang:choice id="a" label_vi="…" label_en="…" />
      </langbiang:field>
      <langbiang:button id="agree" label_vi="Đồng ý" label_en="Agree" />
    </langbiang:form>

The id of a field is the variable conditions read, where its type allows that; which button was pressed is a variable named as
the step.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from casework.bilingual import Bilingual
from workflows.definitions.variables import Choice, Type, Variable

LANGBIANG = "{urn:langbiang:model:1}"


class FieldType(StrEnum):
    TEXT = "text"
    LONG_TEXT = "long_text"
    NUMBER = "number"
    CHOICE = "choice"
    YES_NO = "yes_no"
    DATE = "date"
    PHOTO = "photo"


TYPE_IN_CONDITIONS = {
    FieldType.NUMBER: Type.NUMBER,
    FieldType.CHOICE: Type.CHOICE,
    FieldType.YES_NO: Type.BOOLEAN,
    FieldType.DATE: Type.DATE,
}
"""Texts and photos are content: they stay in the rows of the case, and no condition reads them."""


@dataclass(frozen=True, slots=True)
class FormField:
    """One field of a form. `minimum` and `maximum` bound a number."""

    id: str
    type: FieldType
    label: Bilingual
    help: Bilingual
    is_required: bool
    choices: tuple[Choice, ...] = ()
    minimum: float | None = None
    maximum: float | None = None


@dataclass(frozen=True, slots=True)
class StepForm:
    """The fields of a step, in order, and its buttons; without buttons there is one way to go."""

    fields: tuple[FormField, ...] = ()
    buttons: tuple[Choice, ...] = field(default=())


def form_of(node: Any) -> StepForm:
    """Return the form of one element of a checked model; invalid parts are left out, since the check refuses them."""
    form = node.find(f"{{*}}extensionElements/{LANGBIANG}form")
    if form is None:
        return StepForm()
    return StepForm(tuple(_fields(form)), tuple(_choice(each) for each in form.iterchildren(LANGBIANG + "button")))


def variables_of(form: StepForm, element_id: str, label: Bilingual) -> dict[str, Variable]:
    """Return the variables a step with this form leaves to later conditions."""
    found = {
        each.id: Variable(TYPE_IN_CONDITIONS[each.type], each.label, each.choices)
        for each in form.fields
        if each.type in TYPE_IN_CONDITIONS
    }
    if form.buttons:
        found[element_id] = Variable(Type.CHOICE, label, form.buttons)
    return found


def _fields(form: Any) -> Iterator[FormField]:
    for each in form.iterchildren(LANGBIANG + "field"):
        if each.get("type") in [*FieldType]:
            yield FormField(
                id=each.get("id", ""),
                type=FieldType(each.get("type")),
                label=_words(each, "label"),
                help=_words(each, "help"),
                is_required=each.get("required") == "true",
                choices=tuple(_choice(choice) for choice in each.iterchildren(LANGBIANG + "choice")),
                minimum=_number(each.get("min")),
                maximum=_number(each.get("max")),
            )


def _choice(node: Any) -> Choice:
    return Choice(node.get("id", ""), _words(node, "label"))


def _words(node: Any, name: str) -> Bilingual:
    return with_vietnamese(node.get(f"{name}_vi", ""), node.get(f"{name}_en", ""))


def with_vietnamese(vi: str, en: str) -> Bilingual:
    """Return a bilingual text in which the Vietnamese replaces missing English."""
    return Bilingual(vi, en if en.strip() else vi)


def _number(text: str | None) -> float | None:
    try:
        return float(text) if text else None
    except ValueError:
        return None

"""What the gateways of a diagram may read: each variable's type and possible values, declared where the variable comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from casework.bilingual import Bilingual


class Type(StrEnum):
    """The types a variable of the process can have. Content never is one: an instance keeps outcomes, flags, numbers and days."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"
    MOMENT = "moment"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible value, and what people read for it."""

    id: str
    label: Bilingual


@dataclass(frozen=True, slots=True)
class Variable:
    """One variable: `choices` of a CHOICE, `members` of a RECORD. A DATE is `2026-03-02`, a MOMENT an ISO instant."""

    type: Type
    label: Bilingual
    choices: tuple[Choice, ...] = ()
    members: Mapping[str, "Variable"] = field(default_factory=dict)


Variables = Mapping[str, Variable]
"""By the name a diagram uses."""


def flag(vi: str, en: str) -> Variable:
    """A yes or no."""
    return Variable(Type.BOOLEAN, Bilingual(vi, en))


def number(vi: str, en: str) -> Variable:
    """A number."""
    return Variable(Type.NUMBER, Bilingual(vi, en))


def moment(vi: str, en: str) -> Variable:
    """An instant, what a timer can wait for."""
    return Variable(Type.MOMENT, Bilingual(vi, en))

"""Variables the gateways of a diagram may read: the type and possible values of each, declared where it comes from."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from casework.bilingual import Bilingual


class Type(StrEnum):
    """The types of process variables. Content is never one: an instance keeps outcomes, flags, numbers and days."""

    TEXT = "text"
    NUMBER = "number"
    BOOLEAN = "boolean"
    CHOICE = "choice"
    DATE = "date"
    MOMENT = "moment"
    RECORD = "record"


@dataclass(frozen=True, slots=True)
class Choice:
    """One possible value with its label."""

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
"""Variables by the name a diagram uses."""


def flag(vi: str, en: str) -> Variable:
    """Declare a yes-or-no variable."""
    return Variable(Type.BOOLEAN, Bilingual(vi, en))


def number(vi: str, en: str) -> Variable:
    return Variable(Type.NUMBER, Bilingual(vi, en))


def moment(vi: str, en: str) -> Variable:
    """Declare an instant, for which a timer can wait."""
    return Variable(Type.MOMENT, Bilingual(vi, en))

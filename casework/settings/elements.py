"""Settings of process elements that need no new version: limits, roles, words, help.

The domain knows elements only by their ids. The model says which settings an element may have; the process engine registers that here.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields
from datetime import date, datetime

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import ElementSetting
from casework.permissions import Role
from casework.reading.kept_with_rules import kept_with_rules
from casework.working_time import TimeLimit, Unit


@dataclass(frozen=True, slots=True)
class ElementRule:
    """The settings of one element; None where the diagram decides."""

    limit: TimeLimit | None = None
    role: Role | None = None
    label: Bilingual | None = None
    help: Bilingual | None = None


@dataclass(frozen=True, slots=True)
class ElementFacts:
    """The model's description of an element with settings.

    `roles` are those it may be assigned to, none where the diagram or the case decides. `takes_limit` is false where a clock rule decides
    how long it may take.
    """

    label: Bilingual
    is_step: bool
    takes_limit: bool
    limit: TimeLimit | None = None
    role: Role | None = None
    roles: tuple[Role, ...] = field(default=())


Elements = Callable[[int | None], Mapping[str, ElementFacts]]
"""The elements of the model that is live for a centre, by the centre's id (None: the installation)."""

AS_THE_DIAGRAM = ElementRule()
MOST_SETTINGS = 500


@dataclass(frozen=True, slots=True)
class _Row:
    element: str
    centre_id: int | None
    amount: int | None
    unit: str | None
    role: str | None
    label_vi: str | None
    label_en: str | None
    help_vi: str | None
    help_en: str | None
    valid_from: date
    valid_to: date | None

    def holds_on(self, day: date) -> bool:
        return self.valid_from <= day and (self.valid_to is None or day < self.valid_to)


_known_elements: list[Elements] = []


def tell_elements(elements: Elements) -> None:
    """Register, once when the process engine is loaded, which elements the live models have."""
    _known_elements[:] = [elements]


def elements_of(centre_id: int | None) -> Mapping[str, ElementFacts]:
    """The elements with settings in a centre, by id, in the order of the model; empty before tell_elements."""
    return _known_elements[0](centre_id) if _known_elements else {}


def element_rule(element: str, centre_id: int | None, at: datetime) -> ElementRule:
    """The settings of an element on the local day of an instant; a centre's own row replaces the installation's (rules.md, 8)."""
    return element_rules(centre_id, local_day(at)).get(element, AS_THE_DIAGRAM)


def element_rules(centre_id: int | None, day: date) -> dict[str, ElementRule]:
    """The settings in force on a local day, by element; most installations have a handful of rows, cached until the rules change."""
    rows = [row for row in _all_rows() if row.centre_id in (None, centre_id) and row.holds_on(day)]
    return {row.element: rule_of(row) for row in sorted(rows, key=lambda row: row.centre_id is not None)}


def settings_from(day: date, centre_id: int | None) -> list[ElementSetting]:
    """The present and future rows of a scope from a day on, of the installation and of the centre; MOST_SETTINGS at most."""
    query = select(ElementSetting).where(or_(ElementSetting.centre_id.is_(None), ElementSetting.centre_id == centre_id))
    query = query.where(or_(ElementSetting.valid_to.is_(None), ElementSetting.valid_to > day))
    query = query.where(or_(ElementSetting.valid_to.is_(None), ElementSetting.valid_to > ElementSetting.valid_from))
    return list(db.session.scalars(query.order_by(ElementSetting.valid_from, ElementSetting.id).limit(MOST_SETTINGS)))


def renamed_elements(day: date) -> set[str]:
    """The elements with another name than in the diagram on a day, anywhere."""
    return {row.element for row in _all_rows() if row.label_vi and row.holds_on(day)}


def rule_of(row: "_Row | ElementSetting") -> ElementRule:
    return ElementRule(
        limit=TimeLimit(row.amount, Unit(row.unit)) if row.amount is not None and row.unit is not None else None,
        role=Role(row.role) if row.role else None,
        label=Bilingual(row.label_vi, row.label_en or row.label_vi) if row.label_vi else None,
        help=Bilingual(row.help_vi, row.help_en or row.help_vi) if row.help_vi else None,
    )


@kept_with_rules
def _all_rows() -> list[_Row]:
    columns = [getattr(ElementSetting, each.name) for each in fields(_Row)]
    return [_Row(*row) for row in db.session.execute(select(*columns).order_by(ElementSetting.id))]

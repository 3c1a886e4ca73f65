"""Daily settings of diagram elements: what applies to a step on the day it begins to wait, and what may be set for it at all."""

from datetime import datetime

from SpiffWorkflow.bpmn.specs.event_definitions.timer import TimerEventDefinition

from casework.bilingual import Bilingual
from casework.permissions import AGENCY_ROLES, Action, Role
from casework.settings.elements import element_rule
from casework.working_time import BeyondTenYears, TimeLimit, Unit
from workflows.bindings import BINDINGS
from workflows.definitions.process import Definition, Element

OF_THE_CENTRE = (Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER)
OF_AN_AGENCY = (Role.OFFICER, Role.AGENCY_LEADER)
LIMIT_UNITS = frozenset({Unit.WORKING_HOURS, Unit.HOURS, Unit.WORKING_DAYS})
"""Units for a step's own limit."""


def limit_of(element: Element | None) -> TimeLimit | None:
    """Return the limit the model gives the step itself; None without a valid one, which the check reports."""
    amount, unit = (element.properties.get(name, "") for name in ("limit", "limit_unit")) if element is not None else ("", "")
    if unit not in LIMIT_UNITS or not (amount.isascii() and amount.isdigit()):
        return None
    try:
        return TimeLimit(int(amount), Unit(unit))
    except (ValueError, BeyondTenYears):
        return None


def limit_on(element: Element | None, centre_id: int | None, at: datetime) -> TimeLimit | None:
    """The own limit of a step that begins to wait at an instant: as set for that day, else as in the model."""
    if element is None:
        return None
    return (element_rule(element.id, centre_id, at).limit if takes_limit(element) else None) or limit_of(element)


def role_on(element: Element, centre_id: int | None, at: datetime) -> str | None:
    """The role of a step that begins to wait at an instant; a setting the model no longer allows is ignored."""
    role = element_rule(element.id, centre_id, at).role
    return str(role) if role is not None and role in roles_for(element) else element.role


def label_on(element: Element, centre_id: int | None, at: datetime) -> Bilingual:
    """The label of a step that begins to wait at an instant."""
    return element_rule(element.id, centre_id, at).label or element.label


def help_on(element: Element | None, centre_id: int | None, at: datetime) -> Bilingual | None:
    """The guidance for a step that begins to wait at an instant: as set by the centre, else as in the diagram."""
    if element is None:
        return None
    vi, en = (element.properties.get(name, "") for name in ("help_vi", "help_en"))
    return element_rule(element.id, centre_id, at).help or (Bilingual(vi or en, en or vi) if vi or en else None)


def takes_limit(element: Element) -> bool:
    """Whether it may have a limit of its own, because the table of limits has no rule for it."""
    return not element.properties.get("clock")


def waits_as_drawn(element: Element, definition: Definition) -> bool:
    """Whether it is a timer with a duration in the diagram. An instant promised for the case cannot be set by anybody."""
    spec = definition.specs[element.process_id].task_specs.get(element.id)
    event = getattr(spec, "event_definition", None)
    return isinstance(event, TimerEventDefinition) and takes_limit(element) and event.expression.strip()[:1] in ("'", '"')


def roles_for(element: Element) -> tuple[Role, ...]:
    """The roles a step may be given to: those of its process that may do its acts, or only its own if the case decides."""
    if not element.is_step or element.role not in {*OF_THE_CENTRE, *OF_AN_AGENCY}:
        return ()
    near = OF_AN_AGENCY if Role(element.role) in AGENCY_ROLES else OF_THE_CENTRE
    step = BINDINGS.steps.get(element.id)
    if step is None:
        return near
    if step.desk is not None:
        return ()
    # an act allowed under another action (a private answer as a publication) goes with the step's own act
    allowed = [action.roles for action in Action if action in step.acts]
    return tuple(role for role in near if allowed and all(role in roles for roles in allowed))

"""What a diagram may name, for the editor in the browser: steps, facts, services, roles and limits, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.clocks import ClockKind
from casework.permissions import AGENCY_ROLES, Role
from casework.role_words import REPORTER_WORDS, ROLE_WORDS
from web.locales import in_reader_language as local
from web.locales import language
from web.studio.words import WORDS
from workflows.bindings import ASSIGNMENT, STEPS
from workflows.desks import REPORTER
from workflows.expressions import FUNCTIONS
from workflows.facts import FACTS
from workflows.outcomes import OUTCOMES
from workflows.services import SERVICES
from workflows.step_forms import TYPE_IN_CONDITIONS, FieldType
from workflows.variables import Choice, Variable

LANES = (Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER, Role.RECORDS_CLERK, Role.OFFICER, Role.AGENCY_LEADER)
"""Who may do a step, beside the reporter. The other roles read no case."""

CLOCK_WORDS = {
    ClockKind.ACCEPTANCE: _l("Limit for acceptance"),
    ClockKind.CASE: _l("Limit of the whole case"),
    ClockKind.ASSIGNMENT_ACCEPTED: _l("Limit for the agency to accept"),
    ClockKind.ASSIGNMENT: _l("Limit of the agency's answer"),
    ClockKind.APPROVAL: _l("Limit for the leader's decision"),
    ClockKind.PUBLICATION: _l("Limit for publication"),
    ClockKind.RATING: _l("Time for ratings"),
    "pause": _l("End of the standstill"),
}
"""Limits that may run already when a step begins."""

OF_AGENCIES = frozenset({ClockKind.ASSIGNMENT_ACCEPTED, ClockKind.ASSIGNMENT, ClockKind.APPROVAL})

UNIT_WORDS = {"working_hours": _l("working hours"), "working_days": _l("working days"), "hours": _l("hours")}
TIMER_UNITS = {"M": _l("minutes"), "H": _l("hours"), "D": _l("days")}
FIELD_WORDS = {
    FieldType.TEXT: _l("Short text"),
    FieldType.LONG_TEXT: _l("Long text"),
    FieldType.NUMBER: _l("Number"),
    FieldType.CHOICE: _l("One of a list"),
    FieldType.YES_NO: _l("Yes or no"),
    FieldType.DATE: _l("Date"),
    FieldType.PHOTO: _l("Photo"),
}


def vocabulary() -> dict[str, Any]:
    """Return plain data for JSON; the keys are read by web/static/js/studio."""
    return {
        "language": language(),
        "words": {key: str(words) for key, words in WORDS.items()},
        "steps": {
            id_: {
                "process": step.process_id,
                "outcomes": [_choice(Choice(outcome, OUTCOMES[outcome])) for outcome in step.outcomes],
                "gives": _variables(step.gives),
            }
            for id_, step in STEPS.items()
        },
        "facts": {
            name: {"label": local(fact.label), "process": fact.process_id, "gives": _variables(fact.gives)} for name, fact in FACTS.items()
        },
        "services": {
            name: {"label": local(service.label), "parameters": dict(service.parameters), "gives": _variables(service.gives)}
            for name, service in SERVICES.items()
        },
        "roles": [
            *(_option(role, local(ROLE_WORDS[role])) | {"process": ASSIGNMENT if role in AGENCY_ROLES else None} for role in LANES),
            _option(REPORTER, local(REPORTER_WORDS)) | {"process": None},
        ],
        "reporter": REPORTER,
        "clocks": [_option(kind, words) | {"process": ASSIGNMENT if kind in OF_AGENCIES else None} for kind, words in CLOCK_WORDS.items()],
        "units": [_option(unit, words) for unit, words in UNIT_WORDS.items()],
        "timer_units": [_option(unit, words) for unit, words in TIMER_UNITS.items()],
        "field_types": [
            _option(kind, words) | {"reads_as": TYPE_IN_CONDITIONS.get(kind)} for kind, words in FIELD_WORDS.items()
        ],
        "taken_names": [*sorted(FUNCTIONS), "defined"],
        "yes_no": [_("yes"), _("no")],
    }


def _option(id_: str, words: Any) -> dict[str, Any]:
    return {"id": str(id_), "label": str(words)}


def _choice(choice: Choice) -> dict[str, str]:
    return {"id": choice.id, "label": local(choice.label)}


def _variables(given: Mapping[str, Variable]) -> dict[str, Any]:
    return {
        name: {"type": str(each.type), "label": local(each.label), "choices": [_choice(choice) for choice in each.choices]}
        for name, each in given.items()
    }

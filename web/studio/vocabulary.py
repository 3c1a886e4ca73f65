"""What a diagram may refer to, for the editor in the browser: steps, facts, services, roles and limits, in the reader's language."""

from collections.abc import Mapping
from typing import Any

from flask_babel import gettext as _

from casework.clocks.acts import ClockKind
from casework.permissions import AGENCY_ROLES
from casework.settings.role_labels import REPORTER_WORDS, ROLE_WORDS
from web.locales import in_reader_language as local
from web.locales import language
from web.studio.words import WORDS
from workflows.bindings import ASSIGNMENT, OF_THE_PAUSE, STEPS
from workflows.comparison.wording import CLOCK_WORDS, FIELD_WORDS, by_itself, unit_words
from workflows.definitions.expressions import FUNCTIONS
from workflows.definitions.services import SERVICES
from workflows.definitions.step_forms import TYPE_IN_CONDITIONS
from workflows.definitions.variables import Choice, Variable
from workflows.desk_access import REPORTER, STEP_ROLES
from workflows.facts import FACTS
from workflows.outcomes import OUTCOMES

CLOCKS = (
    ClockKind.ACCEPTANCE, ClockKind.CASE, ClockKind.ASSIGNMENT_ACCEPTED, ClockKind.ASSIGNMENT, ClockKind.APPROVAL, ClockKind.PUBLICATION,
    ClockKind.RATING, OF_THE_PAUSE,
)  # fmt: skip
"""Limits that may already be running when a step begins."""

OF_AGENCIES = frozenset({ClockKind.ASSIGNMENT_ACCEPTED, ClockKind.ASSIGNMENT, ClockKind.APPROVAL})

UNITS = ("working_hours", "working_days", "hours")
TIMER_UNITS = {"M": "minutes", "H": "hours", "D": "days"}


def vocabulary() -> dict[str, Any]:
    """Return plain data for JSON; its keys are read by web/static/js/studio."""
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
            *(_option(role, local(ROLE_WORDS[role])) | {"process": ASSIGNMENT if role in AGENCY_ROLES else None} for role in STEP_ROLES),
            _option(REPORTER, local(REPORTER_WORDS)) | {"process": None},
        ],
        "reporter": REPORTER,
        "clocks": [
            _option(kind, local(by_itself(CLOCK_WORDS[kind]))) | {"process": ASSIGNMENT if kind in OF_AGENCIES else None} for kind in CLOCKS
        ],
        "units": [_option(unit, local(unit_words(unit))) for unit in UNITS],
        "timer_units": [_option(sign, local(unit_words(unit))) for sign, unit in TIMER_UNITS.items()],
        "field_types": [
            _option(kind, local(by_itself(words))) | {"reads_as": TYPE_IN_CONDITIONS.get(kind)} for kind, words in FIELD_WORDS.items()
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

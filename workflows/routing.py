"""Which agencies the decision table suggests for a matter. A person always decides (design.md, section 5)."""

from dataclasses import dataclass
from functools import cache
from importlib import resources
from types import SimpleNamespace

from lxml import etree
from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser

from casework.words import Bilingual
from workflows.definitions import read_xml
from workflows.expressions import ClosedScriptEngine

DECISION = "suggest_agencies"


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Keys of the agencies the table names, and why."""

    lead: str
    cooperating: tuple[str, ...]
    reason: Bilingual


def suggest(field: str, area: str, urgency: str) -> Suggestion | None:
    """Return what the table says for a field's `service_code`, the key of the committee of the place, and the urgency.

    The first rule that fits counts; cells are worked out in the closed environment. None when no rule fits.
    """
    facts = {"field": field, "area": area, "urgency": urgency}
    task = SimpleNamespace(data=facts, workflow=SimpleNamespace(script_engine=ClosedScriptEngine()))
    table = _table()
    matching = table.decide(task)
    if not matching:
        return None
    found = matching[0].output_as_dict(task)
    reason_vi, _, reason_en = matching[0].description.partition(" / ")
    cooperating = tuple(dict.fromkeys(key for key in found["cooperating"] if key != found["lead"]))
    return Suggestion(found["lead"], cooperating, Bilingual(reason_vi, reason_en))


def shipped_table() -> bytes:
    """Return the decision table that comes with the software."""
    return resources.files("bpmn").joinpath("routing.dmn").read_bytes()


@cache
def _table() -> DMNEngine:
    parser = SpiffBpmnParser()
    parser.add_dmn_xml(read_xml(shipped_table()))
    return parser.get_engine(DECISION, etree.Element("none"))

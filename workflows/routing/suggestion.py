"""Which agencies the decision table suggests for a case. A person always decides."""

from dataclasses import dataclass
from types import SimpleNamespace

from lxml import etree
from SpiffWorkflow.dmn.engine.DMNEngine import DMNEngine
from SpiffWorkflow.spiff.parser.process import SpiffBpmnParser

from casework.bilingual import Bilingual
from workflows.definitions.cache import LruCache
from workflows.definitions.expressions import ClosedScriptEngine
from workflows.definitions.parsed import text_of
from workflows.definitions.process import read_xml, shipped_table
from workflows.versions.live import ROUTING, NoLiveVersion, live_version

__all__ = ["DECISION", "Suggestion", "live_table", "shipped_table", "suggest"]

DECISION = "suggest_agencies"
CACHED_TABLES = 16


@dataclass(frozen=True, slots=True)
class Suggestion:
    """Keys of the agencies the table names, and why."""

    lead: str
    cooperating: tuple[str, ...]
    reason: Bilingual


def suggest(field: str, area: str, urgency: str, *, table: DMNEngine | None = None) -> Suggestion | None:
    """Return the table's answer for a field's `service_code`, the key of the committee of the area, and the urgency.

    `table` comes from `live_table`; by default it is the one that comes with the software. The first matching rule counts; cells are
    evaluated in the closed environment. None if no rule matches.
    """
    facts = {"field": field, "area": area, "urgency": urgency}
    task = SimpleNamespace(data=facts, workflow=SimpleNamespace(script_engine=ClosedScriptEngine()))
    matching = (table or _shipped()).decide(task)
    if not matching:
        return None
    found = matching[0].output_as_dict(task)
    reason_vi, _, reason_en = matching[0].description.partition(" / ")
    cooperating = tuple(dict.fromkeys(key for key in found["cooperating"] if key != found["lead"]))
    return Suggestion(found["lead"], cooperating, Bilingual(reason_vi, reason_en))


def live_table(centre_id: int) -> DMNEngine:
    """Return the live decision table of a centre; without one, that of the software."""
    try:
        version = live_version(centre_id, key=ROUTING)
    except NoLiveVersion:
        return _shipped()
    return _tables.get(version.sha256, lambda: _parsed(text_of(version)))


def _shipped() -> DMNEngine:
    return _tables.get(_SHIPPED, lambda: _parsed(shipped_table()))


def _parsed(xml: bytes) -> DMNEngine:
    parser = SpiffBpmnParser()
    parser.add_dmn_xml(read_xml(xml))
    return parser.get_engine(DECISION, etree.Element("none"))


_SHIPPED = "shipped"
_tables: LruCache[str, DMNEngine] = LruCache(CACHED_TABLES)

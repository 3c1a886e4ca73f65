"""The diagram of a case's process version in the reader's language, and its tokens as values a page can draw or list."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import joinedload, undefer

from casework.db import db
from casework.models import Assignment, Case
from casework.words import Bilingual
from workflows.definitions import XMLNS, read_xml
from workflows.models import ProcessInstance, ProcessVersion
from workflows.parsed import definition_of
from workflows.tokens import Tokens, tokens_of

NAMED = ".//bpmn:*[bpmn:extensionElements]"


@dataclass(frozen=True, slots=True)
class Standing:
    """Where one process of a case stands, in words: its agency (None for the case's own), the steps somebody has to do, what
    else it waits for, its end. A branch that waits for another one is no place anybody asks for."""

    agency: Bilingual | None
    steps: tuple[Bilingual, ...]
    waits_for: tuple[Bilingual, ...]
    is_ended: bool
    started_at: datetime


@dataclass(frozen=True, slots=True)
class Diagram:
    """What the diagram page needs: the model's text, marks for the drawing, and the same in words."""

    xml: str
    marks: dict[str, list[str]]
    standings: tuple[Standing, ...]
    version_number: int


def diagram_of(case: Case, *, language: str) -> Diagram | None:
    """Return the diagram of a case; None when it has no process."""
    instances = _instances(case)
    if not instances:
        return None
    tokens = tokens_of(case)
    version = instances[0].process_version
    return Diagram(
        _named_in(_text_of(version), language),
        marks_of(tokens),
        tuple(_standing(*pair) for pair in zip(instances, tokens, strict=True)),
        version.number,
    )


def marks_of(tokens: Iterable[Tokens]) -> dict[str, list[str]]:
    """Return the ids of elements and flows by how they are drawn; what waits in one instance is not drawn as done by another."""
    current: set[str] = set()
    done: set[str] = set()
    taken: set[str] = set()
    for each in tokens:
        current |= each.current
        done |= each.done
        taken |= each.taken
    return {"current": sorted(current), "done": sorted(done - current), "taken": sorted(taken)}


def _instances(case: Case) -> list[ProcessInstance]:
    query = select(ProcessInstance).where(ProcessInstance.case_id == case.id)
    query = query.options(joinedload(ProcessInstance.assignment).joinedload(Assignment.agency))
    return list(db.session.scalars(query.order_by(ProcessInstance.assignment_id.is_not(None), ProcessInstance.id)))


def _text_of(version: ProcessVersion) -> bytes:
    query = select(ProcessVersion).where(ProcessVersion.id == version.id).options(undefer(ProcessVersion.xml))
    return db.session.scalars(query).one().xml


def _standing(instance: ProcessInstance, tokens: Tokens) -> Standing:
    elements = definition_of(instance.process_version).elements
    current = [elements[element] for element in sorted(tokens.current) if element in elements]
    agency = instance.assignment.agency.name if instance.assignment else None
    steps = tuple(element.label for element in current if element.is_step)
    events = tuple(element.label for element in current if element.kind.endswith("Event"))
    return Standing(agency, steps, events, tokens.is_ended, instance.started_at)


def _named_in(xml: bytes, language: str) -> str:
    """The names of the model are Vietnamese; their English stands beside them as a property. What has no name is drawn without one."""
    root = read_xml(xml)
    for element in root.iterfind(NAMED, XMLNS):
        name = _property(element, f"label_{language}")
        if name and element.get("name"):
            element.set("name", name)
    return str(etree.tostring(root, encoding="unicode"))


def _property(element: Any, name: str) -> str | None:
    found = element.find(f"bpmn:extensionElements/spiffworkflow:properties/spiffworkflow:property[@name='{name}']", XMLNS)
    return found.get("value") if found is not None else None

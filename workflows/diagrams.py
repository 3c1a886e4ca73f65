"""The diagram of a case's process version in the reader's language, with its tokens as data a page can draw or list."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from lxml import etree
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Assignment, Case
from workflows.definitions.parsed import definition_of, text_of
from workflows.definitions.process import XMLNS, read_xml
from workflows.desks.inbox_filters import is_late
from workflows.models import ProcessInstance, WaitingTask
from workflows.running.tokens import Tokens, tokens_of

NAMED = ".//bpmn:*[bpmn:extensionElements]"


@dataclass(frozen=True, slots=True)
class ProcessPosition:
    """Where one process of a case stands, in words: its agency (None for the case's own), its waiting steps and whether each is late, what
    else it waits for, whether it has ended. A branch that waits at a join is left out.

    `key` names it in an address: the assignment's ref, or OF_THE_CASE. If the state is damaged (`is_readable` false), nothing is said.
    """

    key: str
    agency: Bilingual | None
    steps: tuple[tuple[Bilingual, bool], ...]
    waits_for: tuple[Bilingual, ...]
    is_ended: bool
    started_at: datetime
    status: str
    is_readable: bool
    short_name: Bilingual | None = None
    waits_at: tuple[str, ...] = ()
    """The elements at which it waits, as the drawing names them."""


@dataclass(frozen=True, slots=True)
class Diagram:
    """The diagram page: the model's text, the marks for the drawing, and the same in words."""

    xml: str
    marks: dict[str, list[str]]
    standings: tuple[ProcessPosition, ...]
    version_number: int


def diagram_of(case: Case, *, language: str, now: datetime, only: str | None = None) -> Diagram | None:
    """Return the diagram of a case, marked for all its processes or for the one with the key `only`; None without one."""
    instances, tokens = _instances(case), tokens_of(case)
    if not instances or (only is not None and only not in {each.key for each in instances}):
        return None
    late = _late_steps(case, now)
    pairs = list(zip(instances, tokens, strict=True))
    shown = [(each, late.get(instance.id, set())) for instance, each in pairs if only in (None, instance.key)]
    # an agency that finished before the case moved to another version stays on its old one
    version = next((each for each in instances if each.key == only), instances[0]).process_version
    return Diagram(
        named_in(text_of(version), language),
        marks_of([each for each, _late in shown], late=set().union(*(elements for _each, elements in shown))),
        tuple(_standing(instance, each, late.get(instance.id, set())) for instance, each in pairs),
        version.number,
    )


def marks_of(tokens: Iterable[Tokens], *, late: Collection[str] = ()) -> dict[str, list[str]]:
    """Return element and flow ids by how they are drawn; what waits in one instance is not drawn as done by another."""
    current: set[str] = set()
    done: set[str] = set()
    taken: set[str] = set()
    for each in tokens:
        current |= each.current
        done |= each.done
        taken |= each.taken
    return {"current": sorted(current), "done": sorted(done - current), "taken": sorted(taken), "late": sorted(current & set(late))}


def _instances(case: Case) -> list[ProcessInstance]:
    query = select(ProcessInstance).where(ProcessInstance.case_id == case.id)
    query = query.options(joinedload(ProcessInstance.assignment).joinedload(Assignment.agency))
    return list(db.session.scalars(query.order_by(ProcessInstance.assignment_id.is_not(None), ProcessInstance.id)))


def _late_steps(case: Case, now: datetime) -> dict[int, set[str]]:
    """The late waiting steps by instance; steps on hold are never late, since their limit is stopped."""
    query = select(WaitingTask.instance_id, WaitingTask.element)
    query = query.where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting", is_late(now))
    late: dict[int, set[str]] = {}
    for instance_id, element in db.session.execute(query):
        late.setdefault(instance_id, set()).add(element)
    return late


def _standing(instance: ProcessInstance, tokens: Tokens, late: Collection[str]) -> ProcessPosition:
    elements = definition_of(instance.process_version).elements
    current = [elements[element] for element in sorted(tokens.current) if element in elements]
    return ProcessPosition(
        key=instance.key,
        agency=instance.assignment.agency.name if instance.assignment else None,
        steps=tuple((element.label, element.id in late) for element in current if element.is_step),
        waits_for=tuple(element.label for element in current if element.kind.endswith("Event")),
        is_ended=tokens.is_ended,
        started_at=instance.started_at,
        status=instance.status,
        is_readable=tokens.is_readable,
        short_name=instance.assignment.agency.short_name if instance.assignment else None,
        waits_at=tuple(element.id for element in current),
    )


def named_in(xml: bytes, language: str) -> str:
    """Return a model's text with its labels in a language.

    Labels in the model are Vietnamese; their English is stored with them as a property. Unnamed elements are drawn without a label.
    """
    root = read_xml(xml)
    for element in root.iterfind(NAMED, XMLNS):
        name = _property(element, f"label_{language}")
        if name and element.get("name"):
            element.set("name", name)
    return str(etree.tostring(root, encoding="unicode"))


def _property(element: Any, name: str) -> str | None:
    found = element.find(f"bpmn:extensionElements/spiffworkflow:properties/spiffworkflow:property[@name='{name}']", XMLNS)
    return found.get("value") if found is not None else None

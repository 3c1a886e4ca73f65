"""Every check of a process model, in order, from the bytes of the file to the states the model can reach."""

from collections.abc import Iterator, Mapping
from itertools import islice
from typing import Any

from casework.bilingual import Bilingual
from workflows.bindings import BINDINGS, Bindings
from workflows.checks.allowed import CONFUSING, vocabulary_findings
from workflows.checks.choices import Budget, choice_findings
from workflows.checks.circles.choiceless import loop_findings
from workflows.checks.circles.timed import round_findings
from workflows.checks.diagram import Process, processes_of
from workflows.checks.drawn import drawing_findings
from workflows.checks.events import message_findings, timer_findings
from workflows.checks.forms import form_findings
from workflows.checks.look_ahead import look_ahead_findings
from workflows.checks.names import name_findings
from workflows.checks.net import net_findings
from workflows.checks.path_rules import rule_findings
from workflows.checks.schema import model_schema_findings
from workflows.checks.services import service_findings
from workflows.checks.steps import defaults_of, property_findings, step_findings
from workflows.checks.structure import structure_findings
from workflows.checks.token_game import Games
from workflows.checks.values import values_of
from workflows.checks.walk import walk_findings
from workflows.definitions.findings import MOST_FINDINGS, Checked, ModelFinding, Rule, bounded, shown
from workflows.definitions.reading import Unreadable, read_tree
from workflows.definitions.vocabulary import BPMN

_NOT_A_MODEL = Rule(
    "file_not_a_model",
    Bilingual("Tệp là XML nhưng không phải mô hình quy trình BPMN.", "The file is XML but no BPMN model of a process."),
    Bilingual("Chọn tệp .bpmn tải từ trình sửa quy trình.", "Choose a .bpmn file downloaded from the editor."),
)


def check_model(xml: bytes, bindings: Bindings = BINDINGS) -> Checked:
    """Return everything found in a model, at most MOST_FINDINGS. Never raises, whatever the bytes are.

    Consequences of a fault are not reported: the token game is played only if the drawing makes sense, and the engine reads the model only
    if nothing else is wrong.
    """
    try:
        root = read_tree(xml)
    except Unreadable as fault:
        return Checked((fault.finding,), is_readable=False)
    if root.tag != BPMN + "definitions":
        name = shown(str(root.tag).rpartition("}")[2])
        return Checked(
            (_NOT_A_MODEL.at(None, f"Tệp bắt đầu bằng “{name}”.", f"The file begins with “{name}”.", line=root.sourceline),), False
        )
    return bounded(_findings(xml, root, bindings))


def _findings(xml: bytes, root: Any, bindings: Bindings) -> Iterator[ModelFinding]:
    spoken = list(islice(vocabulary_findings(root), MOST_FINDINGS + 1))
    spoken += model_schema_findings(root, {finding.line for finding in spoken if finding.line})
    yield from spoken
    if any(finding.check in CONFUSING for finding in spoken):
        return
    processes = processes_of(root)
    drawn = [*structure_findings(root, processes), *(finding for process in processes.values() for finding in loop_findings(process))]
    yield from drawn
    yield from (hidden := list(drawing_findings(root)))
    judged = list(meanings(root, processes, bindings))
    yield from judged
    played, games = list[ModelFinding](), Games()
    if not any(finding.is_error for finding in [*spoken, *drawn]):
        for process in processes.values():
            played += [*net_findings(process, games), *look_ahead_findings(process), *round_findings(process)]
        played += rule_findings(processes, bindings, games)
        yield from played
    if not any(finding.is_error for finding in [*spoken, *drawn, *hidden, *judged, *played]):
        yield from walk_findings(xml, processes, bindings)


def meanings(root: Any, processes: Mapping[str, Process], bindings: Bindings) -> Iterator[ModelFinding]:
    """The findings about steps, events, forms, services and conditions."""
    yield from property_findings(root)
    yield from form_findings(root, bindings)
    yield from name_findings(processes, bindings)
    yield from message_findings(root, bindings)
    budget, defaults = Budget(), defaults_of(root)
    for process in processes.values():
        values = values_of(process, bindings)
        yield from step_findings(root, process, bindings)
        yield from service_findings(process, values)
        yield from timer_findings(process, values)
        yield from choice_findings(process, values, defaults, budget)

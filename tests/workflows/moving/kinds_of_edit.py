"""Kinds of edit an administrator makes, each as a function on the drawing of any model and the element it is made at.

An edit returns what has to be chosen by hand for the cases that stand there (nothing, mostly), or None where it does not apply.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from tests.workflows.drawing import XSI_TYPE, Drawing
from tests.workflows.drawing import field as form_field
from workflows.bindings import BINDINGS
from workflows.checks.choices import Budget, choice_findings
from workflows.checks.diagram import Process, processes_of
from workflows.checks.events import timer_findings
from workflows.checks.net import net_findings
from workflows.checks.steps import defaults_of
from workflows.checks.values import values_of
from workflows.definitions.process import BPMN, Definition, ModelRefused, parse, properties_of, read_xml
from workflows.definitions.step_forms import LANGBIANG

Mapping = dict[str, str | None]
Change = Callable[["Draft", str], "Mapping | None"]
STEPS = ("userTask", "manualTask")
SERVICE = "end_rating_window"


class Draft(Drawing):
    """A drawing with a look at its graph."""

    def kind(self, id_: str) -> str:
        return str(self.find(id_).tag.removeprefix(BPMN))

    def process_of(self, id_: str) -> str:
        return str(self.find(id_).getparent().get("id"))

    def into(self, id_: str) -> list[Any]:
        return [flow for flow in self.root.iter(BPMN + "sequenceFlow") if flow.get("targetRef") == id_]

    def out_of(self, id_: str) -> list[Any]:
        return [flow for flow in self.root.iter(BPMN + "sequenceFlow") if flow.get("sourceRef") == id_]

    def after(self, id_: str) -> str | None:
        """What comes next, where that is one thing."""
        flows = self.out_of(id_)
        return str(flows[0].get("targetRef")) if len(flows) == 1 else None

    def events_at(self, id_: str) -> list[Any]:
        return [event for event in self.root.iter(BPMN + "boundaryEvent") if event.get("attachedToRef") == id_]

    def behind_gateway(self, id_: str) -> bool:
        return any(self.kind(flow.get("sourceRef")) == "eventBasedGateway" for flow in self.into(id_))

    def new(self, kind: str, near: str, /, **more: Any) -> str:
        return self.node(kind, self.fresh("added"), process=self.process_of(near), lane=self.lane_of(near), **more)

    def lane_of(self, id_: str) -> str | None:
        found = (ref.getparent().get("id") for ref in self.root.iter(BPMN + "flowNodeRef") if ref.text == id_)
        return next(found, None)

    def before_it(self, at: str, entry: str, leave: str) -> None:
        """Lead all that came to an element to something new, and that to the element."""
        for flow in self.into(at):
            flow.set("targetRef", entry)
        self.flow(leave, at)

    def after_it(self, at: str, entry: str, leave: str) -> None:
        self.between(self.out_of(at)[0].get("id"), entry, leave)

    def rename(self, old: str, new: str) -> None:
        """Another id for a node, wherever it is named."""
        for node in self.root.iter():
            for name in ("id", "sourceRef", "targetRef", "attachedToRef", "bpmnElement"):
                if node.get(name) == old:
                    node.set(name, new)
            if node.tag == BPMN + "flowNodeRef" and node.text == old:
                node.text = new
            if node.tag == BPMN + "conditionExpression" and node.text:
                node.text = re.sub(rf"\b{re.escape(old)}\b", new, node.text)

    def timer_of(self, id_: str) -> Any:
        return self.find(id_).find(BPMN + "timerEventDefinition")

    def drop_unreached(self) -> None:
        """Take out what nothing leads to any more."""
        while True:
            lonely = [
                node.get("id") for process in self.root.iter(BPMN + "process") for node in process
                if node.tag.removeprefix(BPMN) not in ("startEvent", "boundaryEvent", "sequenceFlow", "laneSet", "extensionElements")
                and node.get("id") and not self.into(node.get("id"))
            ]  # fmt: skip
            if not lonely:
                return
            self.drop(lonely[0])


@dataclass(frozen=True)
class Edit:
    """One edit made: the new version, and what was chosen by hand."""

    kind: str
    at: str
    new: Definition
    mapping: Mapping = field(default_factory=dict)


def edits(xml: bytes, kinds: dict[str, Change] | None = None, only: Callable[[str], bool] = lambda _: True) -> Iterator[Edit]:
    """Yield every edit of every kind at every element of a model it applies to that leaves the model sound."""
    base = Draft(xml)
    places = [node.get("id") for process in base.root.iter(BPMN + "process") for node in process if node.get("id")]
    for kind in kinds or KINDS:
        for at in places:
            if only(at) and (made := edited(xml, kind, at)) is not None:
                yield made


def edited(xml: bytes, kind: str, at: str) -> Edit | None:
    """Make one edit; None where it does not apply or leaves the model unsound."""
    draft = Draft(xml)
    draft._fresh = 90_000
    mapping = KINDS[kind](draft, at)
    if mapping is None:
        return None
    new = draft.xml
    try:
        return Edit(kind, at, parse(new), mapping) if is_sound(new) else None
    except ModelRefused:
        return None


def is_sound(xml: bytes) -> bool:
    """Whether the nets and the conditions of a model are without fault; what is not drawn well is not asked here."""
    root = read_xml(xml)
    budget, defaults = Budget(), defaults_of(root)
    return not any(finding.is_error for process in processes_of(root).values() for finding in _faults(process, defaults, budget))


def _faults(process: Process, defaults: Any, budget: Budget) -> Iterator[Any]:
    values = values_of(process, BINDINGS)
    yield from net_findings(process)
    yield from timer_findings(process, values)
    yield from choice_findings(process, values, defaults, budget)


# -- what is only said otherwise -----------------------------------------------------------------------------------------


def _label(draft: Draft, at: str) -> Mapping | None:
    if draft.kind(at) in ("sequenceFlow", "laneSet", "startEvent", "endEvent", "serviceTask", "extensionElements"):
        return None
    draft.find(at).set("name", "Tên khác")
    return {}


def _lane(draft: Draft, at: str) -> Mapping | None:
    lanes = [lane.get("id") for lane in draft.find(draft.process_of(at)).iter(BPMN + "lane")] if draft.kind(at) in STEPS else []
    other = next((lane for lane in lanes if lane != draft.lane_of(at)), None)
    if other is None:
        return None
    draft.to_lane(at, other)
    return {}


def _fields(draft: Draft, at: str) -> Mapping | None:
    if draft.kind(at) not in STEPS:
        return None
    extensions = draft.find(at).find(BPMN + "extensionElements")
    form = extensions.find(LANGBIANG + "form")
    if form is None:
        form = draft.root.makeelement(LANGBIANG + "form")
        extensions.append(form)
    form.insert(0, form_field("added_field", "text", required=False))
    return {}


def _manual(draft: Draft, at: str) -> Mapping | None:
    if draft.kind(at) != "userTask":
        return None
    draft.find(at).tag = BPMN + "manualTask"
    return {}


# -- steps ---------------------------------------------------------------------------------------------------------------


def _rests(draft: Draft, at: str) -> bool:
    return draft.kind(at) in (*STEPS, "intermediateCatchEvent", "eventBasedGateway") and not draft.behind_gateway(at)


def _inserted_before(draft: Draft, at: str) -> Mapping | None:
    if not _rests(draft, at):
        return None
    step = draft.new("userTask", at)
    draft.before_it(at, step, step)
    return {}


def _inserted_after(draft: Draft, at: str) -> Mapping | None:
    if draft.kind(at) not in (*STEPS, "intermediateCatchEvent", "boundaryEvent") or draft.after(at) is None:
        return None
    step = draft.new("userTask", at)
    draft.after_it(at, step, step)
    return {}


def _inserted_behind(draft: Draft, at: str) -> Mapping | None:
    """Further on: behind what comes next."""
    if draft.kind(at) not in STEPS or (after := draft.after(at)) is None or not draft.out_of(after):
        return None
    step = draft.new("userTask", at)
    draft.between(draft.out_of(after)[-1].get("id"), step, step)
    return {}


def _removed(draft: Draft, at: str) -> Mapping | None:
    if not _rests(draft, at) or draft.after(at) is None:
        return None
    draft.bridge(at)
    draft.drop_unreached()
    return {}


def _removed_mapped(draft: Draft, at: str) -> Mapping | None:
    """The same, and what waited there goes to what comes next."""
    after = draft.after(at)
    if _removed(draft, at) is None or after is None or draft.kind(after) not in (*STEPS, "intermediateCatchEvent"):
        return None
    return {at: after}


def _renamed(draft: Draft, at: str) -> Mapping | None:
    if not _rests(draft, at) or (at in BINDINGS.steps and BINDINGS.steps[at].variables(at, BINDINGS_LABEL)):
        return None
    draft.rename(at, f"{at}_new")
    return {at: f"{at}_new"}


def _renamed_unmapped(draft: Draft, at: str) -> Mapping | None:
    return {} if _renamed(draft, at) is not None else None


def _gateway_renamed(draft: Draft, at: str) -> Mapping | None:
    if draft.kind(at) not in ("exclusiveGateway", "parallelGateway"):
        return None
    draft.rename(at, f"{at}_new")
    return {at: f"{at}_new"} if draft.kind(f"{at}_new") == "parallelGateway" and len(draft.into(f"{at}_new")) > 1 else {}


def _split(draft: Draft, at: str) -> Mapping | None:
    if _inserted_after(draft, at) is None or not _rests(draft, at) or _renamed(draft, at) is None:
        return None
    return {at: f"{at}_new"}


def _merged(draft: Draft, at: str) -> Mapping | None:
    after = draft.after(at)
    if draft.kind(at) not in STEPS or after is None or draft.kind(after) not in STEPS or len(draft.into(after)) > 1:
        return None
    step = draft.new("userTask", at)
    draft.before_it(at, step, step)
    draft.bridge(at)
    draft.bridge(after)
    return {at: step, after: step}


def _service(draft: Draft, at: str) -> Mapping | None:
    if draft.kind(at) not in STEPS or draft.process_of(at) != "case" or draft.after(at) is None:
        return None
    service = draft.new("serviceTask", at, service=SERVICE, variable="added_result")
    draft.after_it(at, service, service)
    return {}


# -- time and messages -----------------------------------------------------------------------------------------------------


def _timer_added(draft: Draft, at: str) -> Mapping | None:
    after = draft.after(at) if draft.kind(at) in STEPS else None
    if after is None:
        return None
    event = draft.new("boundaryEvent", at, at=at, timer=("timeDuration", '"P5D"'))
    merge = draft.new("exclusiveGateway", at)
    draft.after_it(at, merge, merge)
    draft.flow(event, merge)
    return {}


def _timer_changed(draft: Draft, at: str) -> Mapping | None:
    if draft.kind(at) not in ("intermediateCatchEvent", "boundaryEvent") or (timer := draft.timer_of(at)) is None:
        return None
    for each in list(timer):
        timer.remove(each)
    moment = draft.root.makeelement(BPMN + "timeDuration")
    moment.set(XSI_TYPE, "bpmn:tFormalExpression")
    moment.text = '"P90D"'
    timer.append(moment)
    return {}


def _timer_removed(draft: Draft, at: str) -> Mapping | None:
    if draft.kind(at) != "boundaryEvent" or draft.timer_of(at) is None:
        return None
    draft.drop(at)
    draft.drop_unreached()
    return {}


def _message_removed(draft: Draft, at: str) -> Mapping | None:
    if draft.kind(at) != "boundaryEvent" or draft.timer_of(at) is not None:
        return None
    draft.drop(at)
    draft.drop_unreached()
    return {}


def _message_added(draft: Draft, at: str) -> Mapping | None:
    after = draft.after(at) if draft.kind(at) in STEPS else None
    if after is None:
        return None
    event = draft.new("boundaryEvent", at, at=at, message="added_message")
    merge = draft.new("exclusiveGateway", at)
    draft.after_it(at, merge, merge)
    draft.flow(event, merge)
    return {}


def _beside_added(draft: Draft, at: str) -> Mapping | None:
    """An event that begins a step beside the step it stands at."""
    if draft.kind(at) not in STEPS:
        return None
    event = draft.new("boundaryEvent", at, at=at, interrupts=False, message="added_message")
    step = draft.new("userTask", at)
    draft.flow(event, step)
    draft.flow(step, draft.new("endEvent", at))
    return {}


def _message_renamed(draft: Draft, at: str) -> Mapping | None:
    event = draft.find(at).find(BPMN + "messageEventDefinition")
    if event is None or draft.kind(at) not in ("intermediateCatchEvent", "boundaryEvent"):
        return None
    event.set("messageRef", draft._message("renamed_message"))
    return {}


def _timer_beside_message(draft: Draft, at: str) -> Mapping | None:
    """A gateway before a message, to wait no longer than so long."""
    if draft.kind(at) != "intermediateCatchEvent" or draft.behind_gateway(at) or draft.after(at) is None or draft.timer_of(at) is not None:
        return None
    gateway, merge = draft.new("eventBasedGateway", at), draft.new("exclusiveGateway", at)
    timer = draft.new("intermediateCatchEvent", at, timer=("timeDuration", '"P30D"'))
    draft.before_it(at, gateway, gateway)
    draft.flow(gateway, timer)
    draft.after_it(at, merge, merge)
    draft.flow(timer, merge)
    return {}


# -- choices ---------------------------------------------------------------------------------------------------------------


def _condition(draft: Draft, at: str) -> Mapping | None:
    """Two ways change their conditions."""
    asked = [flow.find(BPMN + "conditionExpression") for flow in draft.out_of(at)] if draft.kind(at) == "exclusiveGateway" else []
    if len(asked) < 2 or asked[0] is None or asked[1] is None:
        return None
    asked[0].text, asked[1].text = asked[1].text, asked[0].text
    return {}


def _default(draft: Draft, at: str) -> Mapping | None:
    """Another way is the one that is taken when no condition holds."""
    flows = draft.out_of(at) if draft.kind(at) == "exclusiveGateway" else []
    if len(flows) != 2:
        return None
    gateway, default = draft.find(at), draft.find(at).get("default")
    if default is None:
        gateway.set("default", flows[1].get("id"))
        flows[1].remove(flows[1].find(BPMN + "conditionExpression"))
        return {}
    other = next(flow for flow in flows if flow.get("id") != default)
    was = next(flow for flow in flows if flow.get("id") == default)
    condition = other.find(BPMN + "conditionExpression")
    other.remove(condition)
    was.append(condition)
    gateway.set("default", other.get("id"))
    return {}


def _choice_inserted(draft: Draft, at: str) -> Mapping | None:
    """A step only some cases do, after another."""
    if draft.kind(at) not in STEPS or draft.after(at) is None:
        return None
    ask, gateway, step, merge = (draft.new(kind, at) for kind in ("userTask", "exclusiveGateway", "userTask", "exclusiveGateway"))
    form = draft.root.makeelement(LANGBIANG + "form")
    form.append(form_field("added_asked", "yes_no"))
    draft.find(ask).find(BPMN + "extensionElements").append(form)
    draft.after_it(at, ask, merge)
    draft.flow(ask, gateway)
    draft.flow(gateway, step, "added_asked")
    draft.flow(gateway, merge, "not added_asked")
    draft.flow(step, merge)
    return {}


def _condition_on_the_past(draft: Draft, at: str) -> Mapping | None:
    """A choice that asks for a field a step before it has only now."""
    after = draft.after(at) if draft.kind(at) in STEPS else None
    if after is None or draft.kind(after) not in STEPS or draft.after(after) is None:
        return None
    form = draft.find(at).find(BPMN + "extensionElements").find(LANGBIANG + "form")
    if form is None:
        if at in BINDINGS.steps:
            return None
        form = draft.root.makeelement(LANGBIANG + "form")
        draft.find(at).find(BPMN + "extensionElements").append(form)
    form.insert(0, form_field("added_asked", "yes_no"))
    gateway, step, merge = (draft.new(kind, at) for kind in ("exclusiveGateway", "userTask", "exclusiveGateway"))
    draft.after_it(after, gateway, merge)
    draft.flow(gateway, step, "added_asked")
    draft.flow(gateway, merge, "not added_asked")
    draft.flow(step, merge)
    return {}


# -- parallel ways -----------------------------------------------------------------------------------------------------------


def _parallel_wrapped(draft: Draft, at: str) -> Mapping | None:
    """A second step at the same time as one, joined before what comes next."""
    if draft.kind(at) not in STEPS or draft.after(at) is None or draft.events_at(at):
        return None
    fork, join, step = draft.new("parallelGateway", at), draft.new("parallelGateway", at), draft.new("userTask", at)
    draft.before_it(at, fork, fork)
    draft.after_it(at, join, join)
    draft.flow(fork, step)
    draft.flow(step, join)
    return {}


def _branch_added(draft: Draft, at: str) -> Mapping | None:
    """One branch more between a fork and the join behind it."""
    if draft.kind(at) != "parallelGateway" or len(draft.out_of(at)) < 2 or (join := _join_behind(draft, at)) is None:
        return None
    step = draft.new("userTask", at)
    draft.flow(at, step)
    draft.flow(step, join)
    return {}


def _branch_removed(draft: Draft, at: str) -> Mapping | None:
    """A step that is the whole branch of a fork."""
    before = draft.into(at)
    if draft.kind(at) not in STEPS or len(before) != 1 or draft.events_at(at) or (after := draft.after(at)) is None:
        return None
    fork = before[0].get("sourceRef")
    if draft.kind(fork) != "parallelGateway" or draft.kind(after) != "parallelGateway" or len(draft.out_of(fork)) < 3:
        return None
    draft.drop(at)
    return {at: None}


def _join_behind(draft: Draft, fork: str) -> str | None:
    seen, ahead = set[str](), [fork]
    while ahead:
        for flow in draft.out_of(ahead.pop(0)):
            target = flow.get("targetRef")
            if draft.kind(target) == "parallelGateway" and len(draft.into(target)) > 1:
                return str(target)
            if target not in seen:
                seen.add(target)
                ahead.append(target)
    return None


def _row_added(draft: Draft, at: str) -> Mapping | None:
    """A row that listens beside the whole way, begun where the process begins."""
    if draft.kind(at) != "startEvent":
        return None
    fork, again = draft.new("parallelGateway", at), draft.new("exclusiveGateway", at)
    heard, step = draft.new("intermediateCatchEvent", at, message="added_message"), draft.new("userTask", at)
    draft.after_it(at, fork, fork)
    for source, target in ((fork, again), (again, heard), (heard, step), (step, again)):
        draft.flow(source, target)
    return {}


def _row_added_at_fork(draft: Draft, at: str) -> Mapping | None:
    """One more row at a fork whose ways never meet, put before its last way."""
    if draft.kind(at) != "parallelGateway" or len(draft.out_of(at)) < 2:
        return None
    fork, again = draft.new("parallelGateway", at), draft.new("exclusiveGateway", at)
    heard, step = draft.new("intermediateCatchEvent", at, message="added_message"), draft.new("userTask", at)
    draft.between(draft.out_of(at)[-1].get("id"), fork, fork)
    for source, target in ((fork, again), (again, heard), (heard, step), (step, again)):
        draft.flow(source, target)
    return {}


def _row_removed(draft: Draft, at: str) -> Mapping | None:
    """A row that listens, with all that only it leads to."""
    if "beside" not in properties_of(draft.find(at)) or draft.kind(at) != "intermediateCatchEvent" or len(draft.into(at)) != 1:
        return None
    entry = draft.into(at)[0].get("sourceRef")
    while draft.kind(entry) == "exclusiveGateway":
        forks = [flow for flow in draft.into(entry) if draft.kind(flow.get("sourceRef")) == "parallelGateway"]
        if len(forks) != 1:
            return None
        entry = forks[0].get("sourceRef")
    if draft.kind(entry) != "parallelGateway":
        return None
    row, ahead = set[str](), [flow.get("targetRef") for flow in draft.out_of(entry) if _leads_only_to(draft, flow.get("targetRef"), at)]
    while ahead:
        node = ahead.pop()
        if node not in row:
            row.add(node)
            ahead += [flow.get("targetRef") for flow in draft.out_of(node)] + [event.get("id") for event in draft.events_at(node)]
    if not row:
        return None
    draft.drop(*[node for node in row if draft.kind(node) != "boundaryEvent"])
    if len(draft.out_of(entry)) == 1 and len(draft.into(entry)) == 1:
        draft.bridge(entry)
    return {}


def _leads_only_to(draft: Draft, start: str, goal: str) -> bool:
    return start == goal or (draft.kind(start) == "exclusiveGateway" and draft.after(start) == goal)


class _Label:
    vi = en = ""


BINDINGS_LABEL: Any = _Label()

KINDS: dict[str, Change] = {
    "label": _label,
    "lane": _lane,
    "fields": _fields,
    "step becomes manual": _manual,
    "step inserted before": _inserted_before,
    "step inserted after": _inserted_after,
    "step inserted behind": _inserted_behind,
    "removed": _removed,
    "removed, mapped on": _removed_mapped,
    "id renamed, mapped": _renamed,
    "id renamed, not mapped": _renamed_unmapped,
    "gateway renamed": _gateway_renamed,
    "step split in two": _split,
    "two steps merged": _merged,
    "service inserted": _service,
    "timer added": _timer_added,
    "timer changed": _timer_changed,
    "timer removed": _timer_removed,
    "message event added": _message_added,
    "event that begins a step beside added": _beside_added,
    "message event removed": _message_removed,
    "message renamed": _message_renamed,
    "timer beside a message": _timer_beside_message,
    "condition": _condition,
    "default way": _default,
    "choice inserted": _choice_inserted,
    "choice on a field a step before now has": _condition_on_the_past,
    "parallel step added": _parallel_wrapped,
    "parallel branch added": _branch_added,
    "parallel branch removed": _branch_removed,
    "listening row added": _row_added,
    "listening row added at a fork": _row_added_at_fork,
    "listening row removed": _row_removed,
}
"""Each kind with what makes it."""

"""Checks that nodes and flows lead from one start to an end: no second start, no dead end, nothing unreachable."""

from collections.abc import Iterator, Mapping
from typing import Any

from casework.bilingual import Bilingual
from workflows.checks.diagram import Node, Process
from workflows.checks.graph import Graph, graph_of
from workflows.definitions.findings import ModelFinding, Rule, named, shown
from workflows.definitions.vocabulary import BPMN, FLOW_NODES, place_of

PROCESSES = ("case", "assignment")
GATEWAYS = frozenset({"exclusiveGateway", "parallelGateway", "eventBasedGateway"})

_TWO_PROCESSES = Rule(
    "process_missing",
    Bilingual("Phần mềm chạy hai quy trình: “case” của trung tâm và “assignment” của từng đơn vị.",
              "The software runs two processes: “case” for the centre and “assignment” for each agency."),
    Bilingual("Bắt đầu lại từ mô hình đi kèm phần mềm.", "Begin again from the model that comes with the software."),
)  # fmt: skip
_NOT_RUN = Rule(
    "process_not_run",
    Bilingual(
        "Quy trình khác hoặc không đánh dấu chạy được thì không bao giờ bắt đầu.",
        "Another process, or one not marked to run, never begins.",
    ),
    Bilingual("Xóa quy trình thừa; đặt isExecutable thành true.", "Delete the other process; set isExecutable to true."),
)
_ONE_START = Rule(
    "start_one",
    Bilingual("Mỗi hồ sơ bắt đầu ở đúng một chỗ; hai chỗ bắt đầu làm hỏng hồ sơ khi chạy.",
              "A case begins in one place; two starts break it while it runs."),
    Bilingual("Giữ một sự kiện bắt đầu.", "Keep one start event."),
)  # fmt: skip
_START_KIND = Rule(
    "start_kind",
    Bilingual("Quy trình của hồ sơ bắt đầu khi có phản ánh; quy trình của đơn vị bắt đầu khi nhận tin “assigned”.",
              "The case begins with a report; the process of an agency begins with the message “assigned”."),
    Bilingual("Dùng lại sự kiện bắt đầu của mô hình đi kèm.", "Use the start event of the shipped model."),
)  # fmt: skip
_NOWHERE = Rule(
    "flow_nowhere",
    Bilingual("Mũi tên phải nối hai phần của cùng một quy trình, nếu không hồ sơ rơi mất.",
              "An arrow joins two parts of the same process; otherwise the case is lost."),
    Bilingual("Nối lại hai đầu mũi tên hoặc xóa nó.", "Connect both ends of the arrow, or delete it."),
)  # fmt: skip
_INTO_START = Rule(
    "start_entered",
    Bilingual(
        "Không gì dẫn về điểm bắt đầu hoặc vào sự kiện gắn trên bước.", "Nothing leads to a start, or into an event on the edge of a step."
    ),
    Bilingual("Dẫn mũi tên đến bước hoặc cổng phía sau.", "Lead the arrow to the step or gateway behind it."),
)
_AFTER_END = Rule(
    "end_left",
    Bilingual("Điểm kết thúc không có gì theo sau.", "Nothing comes after an end."),
    Bilingual("Xóa mũi tên, hoặc thay điểm kết thúc bằng bước khác.", "Delete the arrow, or put something else in the place of the end."),
)
_UNREACHED = Rule(
    "node_unreachable",
    Bilingual("Không có đường nào từ điểm bắt đầu đến đây nên việc này không bao giờ được làm.",
              "No way leads here from the start, so this is never done."),
    Bilingual("Nối vào đường đi hoặc xóa đi.", "Connect it to the way, or delete it."),
)  # fmt: skip
_DEAD_END = Rule(
    "node_dead_end",
    Bilingual("Hồ sơ đến đây sẽ đứng mãi, không bao giờ kết thúc.", "A case that comes here stays for ever and never ends."),
    Bilingual("Vẽ đường đi tiếp đến một điểm kết thúc.", "Draw the way on to an end."),
)
_NO_END = Rule(
    "node_no_end",
    Bilingual(
        "Từ đây không có đường nào đến điểm kết thúc, hồ sơ chạy vòng mãi.",
        "From here no way leads to an end: the case goes round for ever.",
    ),
    Bilingual("Vẽ một lối ra khỏi vòng này đến điểm kết thúc.", "Draw a way out of the circle to an end."),
)
_SPLIT = Rule(
    "split_implicit",
    Bilingual("Hai mũi tên ra khỏi một bước làm hồ sơ chạy hai nhánh cùng lúc mà không ai chủ ý.",
              "Two arrows out of a step send the case two ways at once without anybody meaning it."),
    Bilingual("Đặt một cổng sau bước: cổng loại trừ để chọn một, cổng song song để làm cả hai.",
              "Put a gateway behind it: exclusive to choose one, parallel to do both."),
)  # fmt: skip
_TWICE = Rule(
    "flow_twice",
    Bilingual("Cổng song song đi mọi mũi tên cùng lúc và cổng nối chờ từng mũi tên một: hai mũi tên giữa cùng hai phần làm việc sau đó "
              "xảy ra hai lần, hoặc không bao giờ.",
              "A parallel gateway takes all its arrows at once, and a join waits for each: two between the same parts make what follows "
              "happen twice, or never."),
    Bilingual("Xóa bớt một mũi tên.", "Delete one of the two arrows."),
)  # fmt: skip
_IDLE_GATEWAY = Rule(
    "gateway_idle",
    Bilingual("Cổng một vào một ra không làm gì.", "A gateway with one way in and one way out does nothing."),
    Bilingual("Xóa cổng, hoặc thêm nhánh còn thiếu.", "Delete it, or draw the branch that is missing."),
    is_error=False,
)
_EVENTS_ONLY = Rule(
    "gateway_events_only",
    Bilingual("Cổng chờ sự kiện chỉ biết chờ tin hoặc thời gian, mỗi nhánh một sự kiện khác nhau.",
              "A gateway that waits for events knows only messages and times, another on each branch."),
    Bilingual("Đặt ngay sau cổng các sự kiện chờ tin hoặc chờ thời gian, từ hai nhánh trở lên, mỗi sự kiện một đường vào.",
              "Put events that wait for a message or a time right behind it, two or more, each with one way in."),
)  # fmt: skip
_ATTACHED = Rule(
    "boundary_attached",
    Bilingual("Sự kiện gắn trên bước chỉ xảy ra khi có người đang được chờ ở bước đó.",
              "An event on the edge of a step happens only while a person is waited for there."),
    Bilingual("Gắn sự kiện vào một bước của người, trong cùng quy trình.", "Put the event on a step of a person, in the same process."),
)  # fmt: skip
_DEFINITION = Rule(
    "event_definition",
    Bilingual("Mỗi sự kiện chờ đúng một điều: một tin hoặc một thời điểm.", "An event waits for one thing: a message or a time."),
    Bilingual("Chọn một loại cho sự kiện này.", "Choose one kind for the event."),
)
_DEFINITIONS = {
    "startEvent": ({"messageEventDefinition"}, False),
    "endEvent": ({"terminateEventDefinition"}, False),
    "intermediateCatchEvent": ({"messageEventDefinition", "timerEventDefinition"}, True),
    "intermediateThrowEvent": (set(), False),
    "boundaryEvent": ({"messageEventDefinition", "timerEventDefinition"}, True),
}
"""The definitions each event may have, and whether it needs one."""
_NO_NODES = frozenset({"sequenceFlow", "laneSet", "textAnnotation", "association", "extensionElements", "documentation"})


def structure_findings(root: Any, processes: Mapping[str, Process]) -> Iterator[ModelFinding]:
    """Yield what is wrong with the two processes: starts, ends, flows, gateways and events."""
    yield from _process_findings(root, processes)
    yield from _definition_findings(root)
    for element in root.iter(BPMN + "process"):
        process = processes[element.get("id", "")]
        yield from _start_findings(process)
        dangling = list(_dangling_flows(element, process))
        yield from dangling
        for node in process.nodes.values():
            yield from _way_findings(process, node)
        if not dangling and not foreign_nodes(element) and len(process.starts) == 1:
            yield from _reach_findings(process)


def foreign_nodes(process: Any) -> set[str]:
    """Ids of elements of a refused kind that flows may lead to. Whatever is unreachable behind them is their fault."""
    return {node.get("id") for node in process if node.tag.removeprefix(BPMN) not in FLOW_NODES | _NO_NODES and node.get("id")}


def _process_findings(root: Any, processes: Mapping[str, Process]) -> Iterator[ModelFinding]:
    for id_ in PROCESSES:
        if id_ not in processes:
            yield _TWO_PROCESSES.at(id_, f"Thiếu quy trình “{id_}”.", f"The process “{id_}” is missing.")
    for element in root.iter(BPMN + "process"):
        id_ = element.get("id", "")
        if id_ not in PROCESSES:
            yield _NOT_RUN.at(shown(id_), f"Quy trình “{shown(id_)}” không được chạy.", f"The process “{shown(id_)}” is not run.",
                              line=element.sourceline)  # fmt: skip
        elif element.get("isExecutable") != "true":
            yield _NOT_RUN.at(id_, f"Quy trình “{id_}” không đánh dấu chạy được.", f"The process “{id_}” is not marked to run.",
                              line=element.sourceline)  # fmt: skip


def _definition_findings(root: Any) -> Iterator[ModelFinding]:
    for kind, (allowed, is_required) in _DEFINITIONS.items():
        for event in root.iter(BPMN + kind):
            found = [each.tag.removeprefix(BPMN) for each in event if each.tag.endswith("EventDefinition")]
            if len(found) > 1 or not set(found) <= allowed or (is_required and not found):
                what = ", ".join(found) or "–"
                yield _DEFINITION.at(place_of(event), f"Sự kiện này có loại không dùng được ({shown(what)}).",
                                     f"This event is of a kind that cannot be used ({shown(what)}).", line=event.sourceline)  # fmt: skip


def _start_findings(process: Process) -> Iterator[ModelFinding]:
    starts = process.starts
    if not starts:
        yield _ONE_START.at(process.id, f"Quy trình “{process.id}” chưa có điểm bắt đầu.", f"The process “{process.id}” has no start.")
    for start in starts[1:]:
        yield _ONE_START.at(
            start.id,
            f"{named(start.called, start.id).vi} là điểm bắt đầu thứ hai của quy trình “{process.id}”.",
            f"{named(start.called, start.id).en} is a second start of the process “{process.id}”.",
            line=start.line,
        )
    wanted = "assigned" if process.id == "assignment" else None
    if starts and starts[0].message != wanted:
        start = starts[0]
        yield _START_KIND.at(
            start.id,
            f"{named(start.called, start.id).vi} bắt đầu quy trình “{process.id}” không đúng cách.",
            f"{named(start.called, start.id).en} does not begin the process “{process.id}” as it should.",
            line=start.line,
        )


def _dangling_flows(element: Any, process: Process) -> Iterator[ModelFinding]:
    known = process.nodes.keys() | foreign_nodes(element)
    for flow in element.iterchildren(BPMN + "sequenceFlow"):
        if not {flow.get("sourceRef"), flow.get("targetRef")} <= known:
            yield _NOWHERE.at(place_of(flow), "Mũi tên này không nối hai phần của cùng quy trình.",
                              "This arrow does not join two parts of one process.", line=flow.sourceline)  # fmt: skip


def _way_findings(process: Process, node: Node) -> Iterator[ModelFinding]:
    leaving, entering, name = process.leaving(node.id), process.entering(node.id), named(node.called, node.id)
    if node.kind in ("startEvent", "boundaryEvent") and entering:
        yield _INTO_START.at(node.id, f"Có mũi tên dẫn vào {name.vi}.", f"An arrow leads into {name.en}.", line=node.line)
    if node.kind == "endEvent" and leaving:
        yield _AFTER_END.at(node.id, f"Có mũi tên ra khỏi {name.vi}.", f"An arrow leaves {name.en}.", line=node.line)
    if node.kind not in GATEWAYS and len(leaving) > 1:
        yield _SPLIT.at(node.id, f"{name.vi} có {len(leaving)} mũi tên ra.", f"{name.en} has {len(leaving)} arrows out.", line=node.line)
    if node.kind in GATEWAYS and len(leaving) == 1 and len(entering) == 1:
        yield _IDLE_GATEWAY.at(node.id, f"Cổng {name.vi} không làm gì.", f"The gateway {name.en} does nothing.", line=node.line)
    yield from _twice(process, node)
    if node.kind == "eventBasedGateway":
        yield from _event_gateway_findings(process, node, name)
    if node.kind == "boundaryEvent":
        host = process.nodes.get(node.attached_to or "")
        if host is None or not host.is_step:
            yield _ATTACHED.at(
                node.id, f"{name.vi} không gắn vào bước của người nào.", f"{name.en} is on no step of a person.", line=node.line
            )


def _twice(process: Process, node: Node) -> Iterator[ModelFinding]:
    """Yield two arrows between the same nodes at a parallel gateway. Elsewhere they may stand for two reasons, and only one is taken."""
    seen: set[str] = set()
    for flow in process.leaving(node.id):
        target = process.nodes[flow.target]
        if flow.target in seen and "parallelGateway" in (node.kind, target.kind):
            name, other = named(node.called, node.id), named(target.called, target.id)
            yield _TWICE.at(flow.id, f"Hai mũi tên đi từ {name.vi} tới {other.vi}.", f"Two arrows lead from {name.en} to {other.en}.",
                            line=node.line)  # fmt: skip
        seen.add(flow.target)


def _event_gateway_findings(process: Process, node: Node, name: Bilingual) -> Iterator[ModelFinding]:
    targets = [process.nodes[flow.target] for flow in process.leaving(node.id)]
    for target in targets:
        if target.kind != "intermediateCatchEvent" or len(process.entering(target.id)) != 1:
            other = named(target.called, target.id)
            yield _EVENTS_ONLY.at(
                target.id,
                f"Sau cổng {name.vi} là {other.vi}, không phải sự kiện chờ của riêng cổng.",
                f"Behind the gateway {name.en} stands {other.en}, not an event of its own to wait for.",
                line=target.line,
            )
    messages = [target.message for target in targets if target.message]
    timers = [target for target in targets if target.timer]
    if len(targets) < 2 or len(messages) != len(set(messages)) or len(timers) > 1:
        yield _EVENTS_ONLY.at(
            node.id,
            f"Cổng {name.vi} chờ dưới hai nhánh, chờ một tin hai lần, hoặc chờ hai thời điểm.",
            f"The gateway {name.en} waits for less than two, for one message twice, or for two times.",
            line=node.line,
        )


def _reach_findings(process: Process) -> Iterator[ModelFinding]:
    """Yield one finding per unreachable element, per dead end, and at the entry of each loop without a way out."""
    graph = graph_of(process)
    reached = graph.reach([process.starts[0].id])
    unreached = [id_ for id_ in process.nodes if id_ not in reached]
    for id_ in [*(id_ for id_ in unreached if not graph.before(id_)), *unreached]:
        if id_ not in reached:
            reached |= graph.reach([id_])
            name, line = named(process.nodes[id_].called, id_), process.nodes[id_].line
            yield _UNREACHED.at(id_, f"Không có đường nào dẫn đến {name.vi}.", f"No way leads to {name.en}.", line=line)
    dead = [node for node in process.nodes.values() if node.kind != "endEvent" and not graph.leaving[node.id]]
    for node in dead:
        name = named(node.called, node.id)
        yield _DEAD_END.at(node.id, f"Sau {name.vi} không có đường đi tiếp.", f"No way leads on from {name.en}.", line=node.line)
    ends = [node.id for node in process.nodes.values() if node.kind == "endEvent"]
    leading = graph.reach([*ends, *(node.id for node in dead), *_listening(graph)], graph.before)
    endless = process.nodes.keys() - leading - set(unreached)
    for node in process.nodes.values():
        inside = graph.reach([node.id])
        if node.id in endless and not set(graph.before(node.id)) & endless - inside:
            endless = endless - inside
            name = named(node.called, node.id)
            yield _NO_END.at(
                node.id, f"Từ {name.vi} không đến được điểm kết thúc nào.", f"No end can be reached from {name.en}.", line=node.line
            )


def _listening(graph: Graph) -> Iterator[str]:
    """Events in loops that listen for the whole process; a terminate event on another branch ends them."""
    terminating = graph.reach([node.id for node in graph.nodes.values() if node.is_terminate], graph.before)
    beside = graph.reach([node.id for node in graph.nodes.values() if node.kind == "parallelGateway" and node.id in terminating])
    for node in graph.nodes.values():
        is_listener = node.kind == "intermediateCatchEvent" and node.message and node.id in beside
        if is_listener and node.id in graph.reach(graph.after(node.id)):
            yield node.id

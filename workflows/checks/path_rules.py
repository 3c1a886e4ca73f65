"""Checks a model against rule_table.py: steps that must exist or be passed, events that must listen, roles that may do a step."""

from collections.abc import Iterable, Iterator, Mapping

from casework.bilingual import Bilingual
from workflows.bindings import BINDINGS, Bindings
from workflows.checks.diagram import Node, Process
from workflows.checks.graph import Graph, graph_of
from workflows.checks.rule_table import (
    APPROVER,
    AUTHOR,
    ENDS,
    EVENTS,
    GUARDS,
    LISTENERS,
    PATH_RULES,
    SERVICES,
    Guard,
    Listener,
    PathRule,
    RoleRule,
)
from workflows.checks.runs import Runs
from workflows.checks.token_game import AT, ENDED, TERMINATED, Game, Games, TokenLine, TooManyStates, can_reach, play
from workflows.checks.ways import Bypass, Mark, bypass, done, end, hears, marked, path_query, runs
from workflows.definitions.findings import ModelFinding, named, shown

_NEEDED = Bilingual(
    "Phần mềm trông vào phần này; thiếu nó hồ sơ sẽ dừng mà không ai thấy.",
    "The software relies on it; without it a case would stand still and nobody would see.",
)  # fmt: skip


def rule_findings(
    processes: Mapping[str, Process], bindings: Bindings = BINDINGS, games: Games | None = None
) -> Iterator[ModelFinding]:
    """Yield each broken rule at the element that breaks it. A rule about a missing element is skipped; the lack has its own finding.

    `games` are the token games played so far.
    """
    for process in processes.values():
        graph = graph_of(process)
        missing = set(_missing(graph, bindings))
        yield from (_lack(process, mark, bindings) for mark in sorted(missing))
        yield from (_unguarded(graph, guard) for guard in GUARDS if _is_open(graph, guard))
        yield from (finding for rule in (AUTHOR, APPROVER) for finding in _wrong_role(graph, rule))
        game = _game(graph, {} if games is None else games)
        lines = list(game.lines()) if game else []
        every_run = Runs(game) if game else None
        for listener in LISTENERS:
            if listener.process_id == process.id and hears(listener.message) not in missing:
                yield from _deaf(graph, listener, lines)
        for rule in PATH_RULES:
            if rule.process_id == process.id and not missing & _as_present({*rule.passing, *rule.goals, rule.start} - {None}):
                yield from _broken(graph, rule, every_run)


# -- what must be there ------------------------------------------------------------------------------------------------


def _missing(graph: Graph, bindings: Bindings) -> Iterator[Mark]:
    process_id = graph.process.id
    steps = [done(name) for name, step in bindings.steps.items() if step.process_id == process_id]
    listeners = [hears(each.message) for each in LISTENERS if each.process_id == process_id]
    events = [hears(each) for each in EVENTS.get(process_id, ())]
    services = [runs(each) for each in SERVICES.get(process_id, ())]
    ends = [end(each) for each in ENDS.get(process_id, ())]
    for mark in (*steps, *listeners, *events, *services, *ends):
        found = marked(graph, mark)
        if not found or (mark.kind == "done" and not found[0].is_step):
            yield mark


def _as_present(marks: Iterable[Mark | None]) -> set[Mark]:
    """The marks that must exist for these marks to mean anything."""
    same = {"offered": "done", "waits": "hears", "stands": "hears"}
    return {Mark(same.get(mark.kind, mark.kind), mark.name) for mark in marks if mark is not None}


def _lack(process: Process, mark: Mark, bindings: Bindings) -> ModelFinding:
    match mark.kind:
        case "done":
            name = mark.name
            what = Bilingual(f"Thiếu bước “{name}”.", f"The step “{name}” is missing.")
            mend = Bilingual(f"Đặt lại bước có mã {name} như trong mô hình đi kèm.",
                             f"Put the step with the id {name} back, as in the model that comes with the software.")  # fmt: skip
        case "hears":
            fact = bindings.facts.get(mark.name)
            vi, en = fact.label if fact else (mark.name, mark.name)
            what = Bilingual(f"Không sự kiện nào chờ tin “{vi}” ({mark.name}).", f"No event waits for “{en}” ({mark.name}).")
            mend = Bilingual("Đặt lại sự kiện nhận tin này như trong mô hình đi kèm.",
                             "Put the event that waits for it back, as in the model that comes with the software.")  # fmt: skip
        case "runs":
            what = Bilingual(f"Không bước tự động nào gọi dịch vụ {mark.name}.", f"No automatic step calls the service {mark.name}.")
            mend = Bilingual("Đặt lại bước tự động sau sự kiện hết hạn.", "Put the automatic step after the event of its last day back.")
        case _:
            what = Bilingual(f"Thiếu điểm kết thúc “{mark.name}”.", f"The end “{mark.name}” is missing.")
            mend = Bilingual(f"Đặt lại điểm kết thúc có mã {mark.name}.", f"Put the end with the id {mark.name} back.")
    kind = {"done": "step", "hears": "listener", "runs": "service"}.get(mark.kind, "end")
    return ModelFinding(f"missing_{kind}", process.id, what, _NEEDED, mend)


# -- events at the edge of a step --------------------------------------------------------------------------------------


def _is_open(graph: Graph, guard: Guard) -> bool:
    if guard.process_id != graph.process.id or guard.step not in graph.nodes:
        return False
    return not any(
        event.interrupts and (event.message == guard.message if guard.message else event.timer is not None)
        for event in graph.attached[guard.step]
    )


def _unguarded(graph: Graph, guard: Guard) -> ModelFinding:
    vi, en = _name(graph.nodes[guard.step])
    if guard.message:
        fact = BINDINGS.facts[guard.message].label
        what = Bilingual(f"Bước {vi} không dừng khi có tin “{fact.vi}”.", f"The step {en} does not stop when “{fact.en}” is true.")
    else:
        what = Bilingual(f"Bước {vi} không có hạn chót.", f"The step {en} has no last day.")
    mend = Bilingual("Gắn lại sự kiện ngắt bước đó vào cạnh của bước.", "Attach that event to the step again, as one that interrupts it.")
    return ModelFinding(guard.id, guard.step, what, guard.why, mend)


# -- who does a step ---------------------------------------------------------------------------------------------------


def _wrong_role(graph: Graph, rule: RoleRule) -> Iterator[ModelFinding]:
    node = graph.nodes.get(rule.step)
    if rule.process_id != graph.process.id or node is None or node.role in rule.roles:
        return
    name, role = named(node.called, node.id), shown(node.role)
    allowed = ", ".join(sorted(rule.roles))
    yield ModelFinding(
        rule.id, node.id,
        Bilingual(f"Bước {name.vi} nằm ở làn của vai trò “{role}”.", f"The step {name.en} stands in the lane of the role “{role}”."),
        rule.why,
        Bilingual(f"Đưa bước về làn của: {allowed}.", f"Move the step to a lane of: {allowed}."), line=node.line,
    )  # fmt: skip


# -- events that listen throughout ---------------------------------------------------------------------------------------------


def _game(graph: Graph, games: Games) -> Game | None:
    """The token game; None if it cannot be played to the end, which has a finding of its own."""
    process = graph.process
    if process.id not in games and len(process.starts) == 1:
        try:
            games[process.id] = play(graph, process.starts[0])
        except TooManyStates:
            games[process.id] = None
    game = games.get(process.id)
    return None if game is None or any(line.doubled for line in game.lines()) else game


def _deaf(graph: Graph, rule: Listener, lines: list[TokenLine]) -> Iterator[ModelFinding]:
    """Yield why the events for a message would not always hear it."""
    events = marked(graph, hears(rule.message))
    at_first = graph.reach([node.id for node in graph.process.starts], lambda node: _at_once(graph, node))
    before = {flow.source for event in events for flow in graph.entering[event.id]}
    places = {event.id for event in events} | {node for node in before if graph.nodes[node].kind == "eventBasedGateway"}
    if not places & at_first:
        yield _listens_late(events[0], rule)
        return
    listening = {(AT, place) for place in places & at_first}
    for line in lines:
        if any(state & listening for state in line.after):
            lost = line.after.keys() - can_reach(line, lambda state: state == TERMINATED or bool(state & listening))
            if lost:
                rests = {place[1] for state in lost for place in state}
                ends = line.ended_by if ENDED in lost else {node for node in graph.nodes if node in rests}
                yield _stops_listening(events[0], graph.nodes[min(ends, default=events[0].id)], rule)
                return


def _at_once(graph: Graph, node_id: str) -> list[str]:
    """The nodes a token reaches from a node without waiting and without a choice."""
    node, flows = graph.nodes[node_id], graph.leaving[node_id]
    passes = node.kind in ("startEvent", "parallelGateway") or (node.kind == "exclusiveGateway" and len(flows) == 1)
    joins = node.kind == "parallelGateway" and len(graph.entering[node_id]) > 1
    return [flow.target for flow in flows] if passes and not joins else []


def _listens_late(event: Node, rule: Listener) -> ModelFinding:
    vi, en = _name(event)
    return ModelFinding(
        "listens_too_late", event.id,
        Bilingual(f"Sự kiện {vi} không chờ ngay từ đầu.", f"The event {en} does not wait from the beginning."), rule.why,
        Bilingual("Nối nó vào cổng song song ngay sau điểm bắt đầu.", "Connect it to the parallel gateway right after the start."),
    )  # fmt: skip


def _stops_listening(event: Node, node: Node, rule: Listener) -> ModelFinding:
    vi, en = _name(event)
    own_vi, own_en = _name(node)
    return ModelFinding(
        "stops_listening", node.id,
        Bilingual(f"Sau {own_vi}, sự kiện {vi} không chờ trở lại.", f"After {own_en} the event {en} does not wait again."), rule.why,
        Bilingual("Dẫn nhánh về lại sự kiện, hoặc tới điểm kết thúc toàn bộ quy trình.",
                  "Lead the way back to the event, or to an end of the whole process."),
    )  # fmt: skip


# -- what every way must pass ------------------------------------------------------------------------------------------


def _broken(graph: Graph, rule: PathRule, every_run: Runs | None) -> Iterator[ModelFinding]:
    wanted = path_query(graph, rule.start, rule.goals, rule.passing, rule.given)
    way = found = bypass(graph, wanted)
    if way is not None and way.is_joined and every_run is not None:
        try:
            found = every_run.bypass(wanted)
        except TooManyStates:
            yield _untried(graph, way, rule)
            return
    if found is None:
        return
    start_vi, start_en = _name((marked(graph, rule.start) if rule.start else graph.process.starts)[0])
    goal_vi, goal_en = _name(found.goal)
    if any(mark.kind == "stands" for mark in rule.goals):
        yield _stands_still(found.goal, rule)
        return
    passed = [node for mark in rule.passing for node in marked(graph, mark)[:1]]
    vi, en = (" / ".join(_name(node)[index] for node in passed) for index in (0, 1))
    case_vi, case_en = _given(rule)
    if passed:
        what = Bilingual(f"Có đường từ {start_vi}{case_vi} tới {goal_vi} mà không qua {vi}.",
                         f"A way leads from {start_en}{case_en} to {goal_en} without passing {en}.")  # fmt: skip
        mend = Bilingual(f"Dẫn đường đó qua {vi}, hoặc bỏ nó.", f"Lead that way through {en}, or take it out.")
    else:
        what = Bilingual(f"Từ {start_vi}{case_vi} có đường tới {goal_vi}.",
                         f"From {start_en}{case_en} a way leads to {goal_en}.")  # fmt: skip
        mend = Bilingual("Dẫn đường đó tới điểm kết thúc.", "Lead that way to an end.")
    yield ModelFinding(rule.id, found.element, what, rule.why, mend)


def _untried(graph: Graph, way: Bypass, rule: PathRule) -> ModelFinding:
    passed = [_name(node) for mark in rule.passing for node in marked(graph, mark)[:1]] or [_name(way.goal)]
    vi, en = (" / ".join(each[index] for each in passed) for index in (0, 1))
    return ModelFinding(
        rule.id, way.element,
        Bilingual(f"Không thử hết được mọi cách chạy song song quanh {vi}.",
                  f"Not every way to run side by side around {en} can be tried."), rule.why,
        Bilingual(f"Bớt nhánh song song, hoặc đặt {vi} ngoài chúng.", f"Draw fewer parallel ways, or put {en} outside of them."),
    )  # fmt: skip


def _stands_still(event: Node, rule: PathRule) -> ModelFinding:
    vi, en = _name(event)
    return ModelFinding(
        rule.id, event.id,
        Bilingual(f"Ở đây hồ sơ chỉ đi tiếp khi có {vi}.", f"Here the case goes on only after {en}."), rule.why,
        Bilingual("Bỏ sự kiện này, hoặc đặt nó sau một cổng chờ sự kiện cùng với một hạn chờ.",
                  "Take this event out, or put it behind a gateway that waits for events, together with a time."),
        line=event.line,
    )  # fmt: skip


def _given(rule: PathRule) -> Bilingual:
    """The outcome a rule is about, in words, as conditions state it."""
    if not rule.given:
        return Bilingual("", "")
    text = ", ".join(f"{name} = {str(value).lower() if isinstance(value, bool) else value}" for name, value in rule.given.items())
    return Bilingual(f" ({text})", f" ({text})")


def _name(node: Node) -> Bilingual:
    return named(node.called, node.id)



"""The steps a case has surely passed when it reaches an element of the main way."""

from collections.abc import Mapping

from workflows.checks.diagram import Process
from workflows.checks.graph import Graph, graph_of


def surely_passed(process: Process) -> dict[str, frozenset[str]]:
    """Return, by node of the main way, the steps that every case arriving there has passed.

    The main way leaves out elements marked as listeners. Of parallel branches all steps count; of alternatives, only those they share.
    """
    graph = graph_of(_main(process))
    reached = graph.reach([node.id for node in graph.process.starts])
    before = _surely(graph, reached)
    return {id_: before[id_] for id_ in graph.nodes if id_ in reached}


def _main(process: Process) -> Process:
    nodes = {id_: node for id_, node in process.nodes.items() if node.properties.get("beside") != "yes"}
    return Process(process.id, nodes, {id_: flow for id_, flow in process.flows.items() if flow.source in nodes and flow.target in nodes})


def _surely(graph: Graph, reached: set[str]) -> Mapping[str, frozenset[str]]:
    """By node the steps a token has surely passed on arrival: the greatest solution, as in checks/values.py.

    If parallel branches can never join, which the check reports, no case arrives behind the join, so every step counts as passed there.
    """
    own = {id_: frozenset({id_}) if node.is_step and id_ in reached else frozenset[str]() for id_, node in graph.nodes.items()}
    everything = frozenset[str]().union(*own.values())
    starts = {node.id for node in graph.process.starts}
    before = {id_: frozenset[str]() if id_ in starts else everything for id_ in graph.nodes}
    waiting = [id_ for id_ in graph.nodes if id_ in reached]
    while waiting:
        id_ = waiting.pop(0)
        node = graph.nodes[id_]
        if node.attached_to:
            brought = [before[node.attached_to]] if node.attached_to in before else []
        else:
            brought = [before[flow.source] | own[flow.source] for flow in graph.entering[id_] if flow.source in reached]
        if not brought or id_ in starts:
            continue
        new = frozenset[str]().union(*brought) if node.kind == "parallelGateway" else frozenset.intersection(*brought)
        if new != before[id_]:
            before[id_] = new
            waiting += [each for each in graph.after(id_) if each not in waiting]
    return before

"""Which steps a case has passed for sure when it comes to an element of the main way: what a version asks of all that get there."""

from collections.abc import Mapping

from workflows.checks.diagram import Process
from workflows.checks.graph import Graph, graph_of


def surely_passed(process: Process) -> dict[str, frozenset[str]]:
    """Return by each node of the main way the steps that whatever comes to it has passed.

    The main way leaves out what is marked as lying beside it. Of several ways at once all are passed; of several ways of which one
    is taken, what they share.
    """
    graph = graph_of(_main(process))
    reached = graph.reach([node.id for node in graph.process.starts])
    before = _surely(graph, reached)
    return {id_: before[id_] for id_ in graph.nodes if id_ in reached}


def _main(process: Process) -> Process:
    nodes = {id_: node for id_, node in process.nodes.items() if node.properties.get("beside") != "yes"}
    return Process(process.id, nodes, {id_: flow for id_, flow in process.flows.items() if flow.source in nodes and flow.target in nodes})


def _surely(graph: Graph, reached: set[str]) -> Mapping[str, frozenset[str]]:
    """By node the steps a token has surely passed when it comes there: the greatest solution, as for the values of the checks.

    In a model whose ways can never all come together, which the check names, what stands behind that is passed by none and so by "all".
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

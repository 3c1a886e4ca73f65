"""The neighbours of an element as people know them: the nearest steps, events and services, with gateways skipped."""

from workflows.comparison.model import Model

MOST_NEAR = 3
"""Neighbours named before or after an element."""


def near(model: Model, start: str, side: str, *, itself: bool = False, steps_only: bool = False) -> list[str]:
    """The next steps, events and services before or after a node, gateways skipped; at most MOST_NEAR."""
    process = model.processes.get(model.nodes[start].process_id) if start in model.nodes else None
    if process is None:
        return []
    ahead = [start] if itself else next_to(model, start, side)
    seen, found = {start}, list[str]()
    while ahead and len(found) < MOST_NEAR:
        id_ = ahead.pop(0)
        if id_ in seen and not (itself and id_ == start):
            continue
        seen.add(id_)
        node = model.nodes[id_]
        is_stop = node.is_step if steps_only else not node.kind.endswith("Gateway")
        if is_stop:
            found.append(id_)
        else:
            ahead += next_to(model, id_, side)
    return found


def next_to(model: Model, id_: str, side: str) -> list[str]:
    """The nodes directly before or after one. Before a boundary event comes its step."""
    if side == "after":
        return list(model.after.get(id_, ()))
    host = model.nodes[id_].attached_to
    return [*model.before.get(id_, ()), *([host] if host and host in model.nodes else [])]


def is_led(model: Model, source: str, target: str, through: set[str]) -> bool:
    """Whether a way through at least one node of `through`, and no other node, leads from one node to another."""
    ahead = [id_ for id_ in model.after.get(source, ()) if id_ in through]
    seen = set[str]()
    while ahead:
        id_ = ahead.pop()
        if id_ in seen:
            continue
        seen.add(id_)
        following = model.after.get(id_, ())
        if target in following:
            return True
        ahead += [each for each in following if each in through]
    return False

"""What stands near an element: the steps, events and services people know, with the gateways between them passed over."""

from workflows.comparison.model import Model

MOST_NEAR = 3
"""Steps named as standing before or behind another one."""


def near(model: Model, start: str, side: str, *, itself: bool = False, steps_only: bool = False) -> list[str]:
    """The next steps, events and services before or behind a node, gateways passed over; at most MOST_NEAR of them."""
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
    """The nodes directly before or behind one; before an event at the edge of a step stands the step."""
    if side == "after":
        return list(model.after.get(id_, ()))
    host = model.nodes[id_].attached_to
    return [*model.before.get(id_, ()), *([host] if host and host in model.nodes else [])]


def is_led(model: Model, source: str, target: str, through: set[str]) -> bool:
    """Whether a way of one node or more of a set leads from one node to another."""
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

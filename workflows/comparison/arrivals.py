"""Sentences about new elements: whose they are, what they stand between, when they are reached, and what they ask."""

from collections.abc import Iterator

from casework.bilingual import Bilingual
from workflows.bindings import OTHER_THAN
from workflows.checks.diagram import Flow, Node
from workflows.comparison.conditions import OTHERWISE, condition_words
from workflows.comparison.facts import field_words, kind_words, limit_words, message_words, service_words, waits_words
from workflows.comparison.model import Model
from workflows.comparison.nearby import near
from workflows.comparison.wording import NOTHING, begun, fill, listed, quoted, role_words


def added_words(model: Model, node: Node) -> Bilingual:
    if node.is_step:
        return _step_words(model, node)
    leaving = [flow for flow in model.flows.values() if flow.source == node.id]
    match node.kind:
        case "boundaryEvent":
            return _boundary_words(model, node)
        case "serviceTask":
            return _service_words(model, node)
        case "exclusiveGateway" if len(leaving) > 1:
            return _choice_words(model, node, leaving)
        case "parallelGateway" if len(leaving) > 1:
            return fill(
                "Sau {before} hồ sơ đi nhiều nhánh cùng lúc: {branches}.",
                "After {before} several ways are gone at once: {branches}.",
                before=_before(model, node),
                branches=listed([model.quoted(flow.target) for flow in leaving]),
            )
        case "parallelGateway" | "exclusiveGateway" | "eventBasedGateway":
            vi, en = _GATEWAYS[node.kind]
            return fill(vi, en, before=_before(model, node), after=_after(model, node))
        case "intermediateCatchEvent" if node.timer is not None or node.message:
            return _wait_words(model, node)
    it, place = model.quoted(node.id), place_of(model, node)
    if node.kind == "endEvent":
        all_ = Bilingual(" (kết thúc mọi nhánh)", " (which ends every way)") if node.is_terminate else NOTHING
        return fill("Có thêm điểm kết thúc {it}{all}{place}.", "There is a new end, {it}{all}{place}.", it=it, all=all_, place=place)
    return fill(
        "Có thêm {kind} {it}{place}.", "There is a new part: {kind} {it}{place}.", kind=kind_words(node, node.kind), it=it, place=place
    )


_GATEWAYS = {
    "parallelGateway": ("Phải xong cả {before} rồi mới đến {after}.", "All of {before} must be done before {after}."),
    "exclusiveGateway": ("Các đường từ {before} nhập lại trước {after}.", "The ways from {before} come together before {after}."),
    "eventBasedGateway": (
        "Sau {before} hồ sơ chờ việc nào đến trước: {after}.", "After {before} whichever comes first is waited for: {after}.",
    ),
}  # fmt: skip
"""Gateways that are no choice and no fork."""


def _before(model: Model, node: Node) -> Bilingual:
    return names_of(model, near(model, node.id, "before"))


def _after(model: Model, node: Node) -> Bilingual:
    return names_of(model, near(model, node.id, "after"), "hoặc", "or")


def _step_words(model: Model, node: Node) -> Bilingual:
    role = begun(role_words(node.role)) if node.role else Bilingual("Chưa giao cho ai: quy trình", "Given to nobody yet: the process")
    return fill(
        "{role} có thêm bước {it}{limit}{place}{when}.",
        "{role} gets a new step, {it}{limit}{place}{when}.",
        role=role,
        it=model.quoted(node.id),
        limit=limit_of(node),
        place=place_of(model, node),
        when=_entered_when(model, node),
    )


def _service_words(model: Model, node: Node) -> Bilingual:
    return fill(
        "Phần mềm tự làm thêm một việc: {does}{place}{when}.",
        "The software does one thing more: {does}{place}{when}.",
        does=service_words(node.service) if node.service else model.quoted(node.id),
        place=place_of(model, node),
        when=_entered_when(model, node),
    )


def _choice_words(model: Model, node: Node, leaving: list[Flow]) -> Bilingual:
    ways = [
        fill("sang {target} {when}", "to {target} {when}", target=model.quoted(flow.target), when=when_taken(model, flow))
        for flow in leaving
    ]
    return fill(
        "Sau {before} có thêm chỗ rẽ {it}: {ways}.",
        "After {before} there is a new choice, {it}: {ways}.",
        before=_before(model, node),
        it=model.quoted(node.id),
        ways=Bilingual("; ".join(way.vi for way in ways), "; ".join(way.en for way in ways)),
    )


def _wait_words(model: Model, node: Node) -> Bilingual:
    if node.timer is not None:
        waits = waits_words(model, node)
    else:
        waits = fill("sự việc: {message}", "for: {message}", message=message_words(node.message or ""))
    return fill(
        "Quy trình có thêm chỗ chờ {it} ({waits}){place}.",
        "There is a new wait, {it} ({waits}){place}.",
        it=model.quoted(node.id),
        waits=waits,
        place=place_of(model, node),
    )


def _boundary_words(model: Model, node: Node) -> Bilingual:
    after = _after(model, node)
    if node.timer is not None:
        when = waits_words(model, node)
    elif node.message:
        when = fill("khi có sự việc {message}", "on {message}", message=message_words(node.message))
    else:
        when = NOTHING
    stops = Bilingual("bước kết thúc", "the step ends") if node.interrupts else Bilingual("bước vẫn làm tiếp", "the step goes on")
    on = fill(" và hồ sơ sang {after}", " and the way leads to {after}", after=after) if after.vi else NOTHING
    return fill(
        "Bước {host} có thêm sự kiện {it}: {when}, {stops}{on}.",
        "The step {host} has a new event, {it}: {when}, {stops}{on}.",
        host=model.quoted(node.attached_to),
        it=model.quoted(node.id),
        when=when,
        stops=stops,
        on=on,
    )


def form_words(model: Model, node: Node) -> Iterator[Bilingual]:
    it = model.quoted(node.id)
    if node.form.fields:
        yield fill(
            "Bước {it} hỏi: {fields}.",
            "The step {it} asks for: {fields}.",
            it=it,
            fields=listed([field_words(each) for each in node.form.fields]),
        )
    if node.form.buttons:
        buttons = listed([quoted(each.label, each.id) for each in node.form.buttons], "hoặc", "or")
        yield fill("Bước {it} kết thúc bằng nút {buttons}.", "The step {it} ends with the button {buttons}.", it=it, buttons=buttons)
    other = node.properties.get(OTHER_THAN)
    if other:
        yield fill(
            "Người đã làm bước {other} không được làm bước {it}.", "Whoever did {other} may not do {it}.", other=model.quoted(other), it=it
        )


def limit_of(node: Node) -> Bilingual:
    words = limit_words(node)
    if words is None:
        return NOTHING
    if node.properties.get("clock") and not node.properties.get("limit"):
        return fill(" (theo {limit})", " (within {limit})", limit=words)
    return fill(" (hạn {limit})", " (time limit: {limit})", limit=words)


def place_of(model: Model, node: Node) -> Bilingual:
    """`, sau “A” và trước “B”`: the named elements before and after, gateways skipped."""
    before, after = (near(model, node.id, side) for side in ("before", "after"))
    behind, ahead = names_of(model, before, "hoặc", "or"), names_of(model, after, "hoặc", "or")
    if before and after:
        return fill(", sau {behind} và trước {ahead}", ", after {behind} and before {ahead}", behind=behind, ahead=ahead)
    if before:
        return fill(", sau {behind}", ", after {behind}", behind=behind)
    return fill(", trước {ahead}", ", before {ahead}", ahead=ahead) if after else NOTHING


def formerly(place: Bilingual) -> Bilingual:
    return Bilingual(f" (trước đây đứng{place.vi[1:]})", f" (it stood{place.en[1:]})") if place.vi else NOTHING


def _entered_when(model: Model, node: Node) -> Bilingual:
    """`, khi …` if the only way to a node has a condition."""
    entering = [flow for flow in model.flows.values() if flow.target == node.id]
    if len(entering) != 1 or not (entering[0].condition or entering[0].is_default):
        return NOTHING
    words = when_taken(model, entering[0])
    return Bilingual(f", {words.vi}", f", {words.en}")


def when_taken(model: Model, flow: Flow) -> Bilingual:
    if flow.is_default:
        return OTHERWISE
    if not flow.condition:
        return Bilingual("không cần điều kiện", "without a condition")
    return fill("khi {condition}", "when {condition}", condition=condition_words(flow.condition, model.known_at(flow.id)))


def taken_when(model: Model, flow: Flow) -> Bilingual:
    if not flow.is_default and not flow.condition:
        return NOTHING
    words = when_taken(model, flow)
    return Bilingual(f" {words.vi}", f" {words.en}")


def way_words(model: Model, flow: Flow, vi: str, en: str) -> Bilingual:
    return fill(vi, en, source=model.quoted(flow.source), target=model.quoted(flow.target), when=taken_when(model, flow))


def names_of(model: Model, ids: list[str], vi: str = "và", en: str = "and") -> Bilingual:
    return listed([model.quoted(id_) for id_ in ids], vi, en) if ids else Bilingual("…", "…")

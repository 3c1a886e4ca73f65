"""Checks that an exclusive gateway always has one way on, never two, by trying every value its conditions distinguish."""

import ast
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import pairwise, product
from math import prod
from typing import Any

from casework.bilingual import Bilingual
from workflows.checks.diagram import Flow, Node, Process
from workflows.checks.expressions import Scope, condition_finding
from workflows.checks.values import Known, Values, words_for
from workflows.definitions.expressions import ExpressionRefused, checked, evaluate
from workflows.definitions.findings import ModelFinding, Rule, named, shown
from workflows.definitions.variables import Type

MOST_TRIED = 2_000
"""Combinations of values tried at one gateway."""

MOST_EVALUATED = 40_000
"""Conditions evaluated for one model, about a second; beyond that, a default flow is needed."""

YES, NO = Bilingual("có", "yes"), Bilingual("không", "no")
EMPTY, MISSING = Bilingual("để trống", "left empty"), Bilingual("chưa có", "not there")

_MISPLACED = Rule(
    "condition_misplaced",
    Bilingual(
        "Chỉ cổng loại trừ có hai nhánh trở lên mới xét điều kiện; ở chỗ khác hồ sơ có thể đứng lại.",
        "Only an exclusive gateway with two or more ways out looks at conditions; elsewhere a case may stop.",
    ),
    Bilingual(
        "Xóa điều kiện, hoặc đặt một cổng loại trừ ở đầu mũi tên.",
        "Delete the condition, or put an exclusive gateway where the arrow begins.",
    ),
)
_MISSING = Rule(
    "condition_missing",
    Bilingual(
        "Cổng loại trừ chọn một nhánh theo điều kiện; nhánh không có điều kiện thì không biết khi nào đi.",
        "An exclusive gateway chooses by conditions; without one nobody knows when to go this way.",
    ),
    Bilingual(
        "Viết điều kiện, hoặc chọn mũi tên này làm nhánh “còn lại”.", "Write a condition, or make this arrow the way for “otherwise”."
    ),
)
_DEFAULT = Rule(
    "gateway_default",
    Bilingual("Nhánh “còn lại” được đi khi không điều kiện nào đúng, nên phải là một nhánh của cổng và không có điều kiện.",
              "The way for “otherwise” is taken when no condition holds, so it is one of the gateway's own and has no condition."),
    Bilingual("Chọn lại nhánh “còn lại” và xóa điều kiện của nó.", "Choose that way again and delete its condition."),
)  # fmt: skip
_INCOMPLETE = Rule(
    "gateway_incomplete",
    Bilingual("Khi không nhánh nào đúng, hồ sơ dừng lại vì lỗi ở cổng này.", "When no way holds, the case stops here with a fault."),
    Bilingual(
        "Thêm điều kiện cho trường hợp này, hoặc chọn một nhánh “còn lại”.", "Add a condition for it, or choose a way for “otherwise”."
    ),
)
_NEVER = Rule(
    "condition_never",
    Bilingual(
        "Không giá trị nào làm điều kiện này đúng nên nhánh không bao giờ được đi.",
        "No value makes this condition true, so the way is never taken.",
    ),
    Bilingual("Sửa điều kiện hoặc xóa nhánh.", "Mend the condition or delete the way."),
)
_OVERLAP = Rule(
    "conditions_overlap",
    Bilingual(
        "Khi hai điều kiện cùng đúng, máy đi nhánh tới phần vẽ cao hơn: kéo một phần lên xuống là đổi đường đi mà không ai thấy.",
        "When two conditions hold at once, the engine goes to what is drawn higher up: to move a part up or down would change the way "
        "of a case, and nobody would see it.",
    ),
    Bilingual(
        "Viết các điều kiện sao cho chỉ một điều kiện đúng, ví dụ thêm “and not (…)”, hoặc chọn một nhánh làm nhánh “còn lại”.",
        "Write the conditions so that only one of them holds, for example with “and not (…)”, or make one the way for “otherwise”.",
    ),
)
_UNTRIED = Rule(
    "conditions_untried",
    Bilingual(
        "Có quá nhiều giá trị để thử hết; nếu hai điều kiện cùng đúng, máy đi nhánh tới phần vẽ cao hơn.",
        "There are too many values to try them all; if two conditions hold at once, the engine goes to what is drawn higher up.",
    ),
    Bilingual("Xem lại để chỉ một điều kiện đúng, hoặc hỏi ít trường hơn.", "See that only one of them can hold, or ask for fewer fields."),
    is_error=False,
)


@dataclass(slots=True)
class Budget:
    """How many conditions may still be evaluated for this model."""

    left: int = MOST_EVALUATED


def choice_findings(process: Process, values: Values, defaults: Mapping[str, str], budget: Budget) -> Iterator[ModelFinding]:
    """Yield what is wrong with conditions and exclusive gateways. `defaults` gives the default flow of each gateway, as written."""
    for flow in process.flows.values():
        yield from _flow_findings(process, flow, values)
    for node in process.nodes.values():
        leaving = process.leaving(node.id)
        default = defaults.get(node.id)
        if default is not None and default not in {flow.id for flow in leaving}:
            name = named(node.called, node.id)
            yield _DEFAULT.at(node.id, f"Nhánh “còn lại” của {name.vi} không phải là nhánh của cổng này.",
                              f"The way for “otherwise” of {name.en} is none of its own.", line=node.line)  # fmt: skip
        elif node.kind == "exclusiveGateway" and len(leaving) > 1:
            yield from _gateway_findings(node, leaving, values, budget)


def _flow_findings(process: Process, flow: Flow, values: Values) -> Iterator[ModelFinding]:
    source = process.nodes[flow.source]
    is_choice = source.kind == "exclusiveGateway" and len(process.leaving(source.id)) > 1
    name = named(flow.called, flow.id)
    if flow.condition is None:
        if is_choice and not flow.is_default:
            yield _MISSING.at(flow.id, f"Nhánh {name.vi} chưa có điều kiện.", f"The way {name.en} has no condition.")
        return
    if not is_choice:
        yield _MISPLACED.at(flow.id, f"Mũi tên {name.vi} có điều kiện nhưng không ra từ một lựa chọn.",
                            f"The arrow {name.en} has a condition but leaves no choice.")  # fmt: skip
    if flow.is_default:
        yield _DEFAULT.at(flow.id, f"Nhánh “còn lại” {name.vi} có điều kiện.", f"The way for “otherwise” {name.en} has a condition.")
    finding = condition_finding(flow.condition, Scope(values.known, values.sure[source.id]), element=flow.id)
    if finding is not None:
        yield finding


def _gateway_findings(node: Node, leaving: list[Flow], values: Values, budget: Budget) -> Iterator[ModelFinding]:
    scope = Scope(values.known, values.sure[node.id])
    flows = [flow for flow in leaving if flow.condition is not None and not flow.is_default]
    if any(condition_finding(flow.condition or "", scope, element=flow.id) for flow in flows):
        return
    has_default = any(flow.is_default for flow in leaving)
    if not has_default and any(flow.condition is None for flow in leaving):
        return
    name = named(node.called, node.id)
    trees = [checked(flow.condition or "") for flow in flows]
    domains = _domains(trees, scope)
    tried = prod(len(domain) for domain in domains.values())
    if tried > MOST_TRIED or tried * len(flows) > budget.left:
        if not has_default:
            yield _INCOMPLETE.at(
                node.id,
                f"Cổng {name.vi} xét quá nhiều giá trị để thử hết và chưa có nhánh “còn lại”.",
                f"The gateway {name.en} reads too many values to try them all, and has no way for “otherwise”.",
                line=node.line,
            )
        elif len({flow.target for flow in flows}) > 1:
            yield _UNTRIED.at(
                node.id,
                f"Chưa thử được các điều kiện của cổng {name.vi} có cùng đúng hay không.",
                f"Whether two conditions of the gateway {name.en} can hold at once was not tried.",
                line=node.line,
            )
        return
    budget.left -= tried * len(flows)
    yield from _tried(node, name, flows, domains, scope, has_default)


def _tried(
    node: Node, name: Bilingual, flows: list[Flow], domains: Mapping[str, list[Any]], scope: Scope, has_default: bool
) -> Iterator[ModelFinding]:
    uncovered = overlap = None
    both: list[Flow] = []
    taken: set[str] = set()
    for chosen in product(*domains.values()):
        worth = dict(zip(domains, chosen, strict=True))
        true = [flow for flow in flows if _holds(flow.condition or "", worth)]
        taken |= {flow.id for flow in true}
        uncovered = uncovered or (None if true or has_default else worth)
        # two arrows to the same element are one way, drawn for two reasons
        if overlap is None and len({flow.target for flow in true}) > 1:
            overlap, both = worth, [true[0], next(flow for flow in true if flow.target != true[0].target)]
    if uncovered is not None:
        case = _words(uncovered, scope)
        yield _INCOMPLETE.at(
            node.id,
            f"Cổng {name.vi} không có nhánh cho trường hợp {case.vi}.",
            f"The gateway {name.en} has no way for {case.en}.",
            line=node.line,
        )
    for flow in flows:
        if flow.id not in taken:
            said = named(flow.called, flow.id)
            yield _NEVER.at(
                flow.id, f"Điều kiện của nhánh {said.vi} không bao giờ đúng.", f"The condition of the way {said.en} never holds."
            )
    if overlap is not None:
        case, (one, other) = _words(overlap, scope), [named(flow.called, flow.id) for flow in both]
        yield _OVERLAP.at(
            node.id,
            f"Ở cổng {name.vi} hai nhánh {one.vi} và {other.vi} cùng đúng khi {case.vi}.",
            f"At the gateway {name.en} the ways {one.en} and {other.en} both hold for {case.en}.",
            line=node.line,
        )


_ABSENT = object()


def _holds(condition: str, worth: Mapping[str, Any]) -> bool:
    variables: dict[str, Any] = {}
    for key, value in worth.items():
        name, _, member = key.partition(".")
        if value is not _ABSENT and member:
            variables.setdefault(name, {})[member] = value
        elif value is not _ABSENT:
            variables[name] = value
    try:
        return bool(evaluate(condition, variables))
    except ExpressionRefused:
        return False


def _domains(trees: list[ast.expr], scope: Scope) -> dict[str, list[Any]]:
    """The values to try, by `name` or `name.member`. A value read only behind `defined` may also be missing."""
    constants = [each.value for tree in trees for each in ast.walk(tree) if isinstance(each, ast.Constant)]
    together = _compared(trees)
    domains: dict[str, list[Any]] = {}
    for tree in trees:
        for key in _read(tree):
            known = _known(key, scope)
            if known.variable.type is Type.RECORD:
                domains[key] = [{}]
            else:
                others = together.get(key, {key})
                bounds = [bound for other in others for bound in (_known(other, scope).minimum, _known(other, scope).maximum)]
                domains[key] = _possible(known, [*constants, *(each for each in bounds if each is not None)], len(others))
            if key.partition(".")[0] not in scope.sure:
                domains[key] = [*domains[key], _ABSENT]
    return domains


def _known(key: str, scope: Scope) -> Known:
    name, _, member = key.partition(".")
    known = scope.known[name]
    return Known(known.variable.members[member], known.may_be_empty, known.minimum, known.maximum) if member else known


def _compared(trees: list[ast.expr]) -> dict[str, set[str]]:
    """By variable the ones it is compared with, directly or through others: one can only be less than another if both are given the same
    values to try."""
    together: dict[str, set[str]] = {}
    for compared in (each for tree in trees for each in ast.walk(tree) if isinstance(each, ast.Compare)):
        group = set(_read(compared))
        group |= {other for key in group for other in together.get(key, ())}
        together |= dict.fromkeys(group, group)
    return together


def _read(tree: ast.AST) -> Iterator[str]:
    match tree:
        case ast.Subscript(value=ast.Name(id=name), slice=ast.Constant(value=str() as member)):
            yield f"{name}.{member}"
        case ast.Call(func=ast.Name(id="defined"), args=[ast.Constant(value=name)]):
            yield str(name)
        case ast.Call(args=arguments):
            for argument in arguments:
                yield from _read(argument)
        case ast.Name(id=name):
            yield name
        case _:
            for child in ast.iter_child_nodes(tree):
                yield from _read(child)


def _possible(known: Known, constants: list[Any], compared: int) -> list[Any]:
    """One value for each answer the comparisons can give: every choice, and for numbers and days the written values and their neighbours.

    `compared` is how many variables are compared with each other, this one included: as many values are tried between two written ones.
    """
    variable, found = known.variable, list[Any]()
    match variable.type:
        case Type.BOOLEAN:
            found = [True, False]
        case Type.CHOICE:
            found = [choice.id for choice in variable.choices]
        case Type.NUMBER:
            found = _numbers(known, [each for each in constants if isinstance(each, int | float) and not isinstance(each, bool)], compared)
        case Type.DATE | Type.MOMENT:
            found = _days([each for each in constants if isinstance(each, str)], compared)
        case _:
            found = ["", *(each for each in constants if isinstance(each, str))]
    return [*found, None] if known.may_be_empty else found


def _numbers(known: Known, written: list[int | float], compared: int) -> list[int | float]:
    points = sorted({*written, *(-each for each in written), *(each for each in (known.minimum, known.maximum) if each is not None)}) or [0]
    parts = range(1, compared + 1)
    between = [before + (after - before) * part / (compared + 1) for before, after in pairwise(points) for part in parts]
    outside = [edge for part in parts for edge in (points[0] - part, points[-1] + part)]
    everything = sorted({*points, *between, *outside})
    fits = [
        each for each in everything if (known.minimum is None or each >= known.minimum) and (known.maximum is None or each <= known.maximum)
    ]
    return fits or everything


def _days(written: list[str], compared: int) -> list[str]:
    found = set[str]()
    for text in written:
        try:
            day = date.fromisoformat(text[:10])
        except ValueError:
            continue
        near = range(max(date.min.toordinal(), day.toordinal() - compared), min(date.max.toordinal(), day.toordinal() + compared) + 1)
        found |= {date.fromordinal(each).isoformat() + text[10:] for each in near}
    return sorted(found) or [(date(2026, 1, 1) + timedelta(days=step)).isoformat() for step in range(compared + 1)]


def _words(worth: Mapping[str, Any], scope: Scope) -> Bilingual:
    """A combination of values in words."""
    parts = [_value_words(key, value, scope) for key, value in worth.items()]
    if not parts:
        return Bilingual("này", "this")
    return Bilingual(shown(", ".join(part.vi for part in parts), 200), shown(", ".join(part.en for part in parts), 200))


def _value_words(key: str, value: Any, scope: Scope) -> Bilingual:
    name, _, member = key.partition(".")
    known = scope.known[name]
    if member:
        known = Known(known.variable.members[member])
    words = words_for(member or name, known)
    said = Bilingual(str(value), str(value))
    if value is _ABSENT:
        said = MISSING
    elif value is None:
        said = EMPTY
    elif isinstance(value, bool):
        said = YES if value else NO
    elif known.variable.type is Type.CHOICE:
        label = next((choice.label for choice in known.variable.choices if choice.id == value), said)
        said = named(label, str(value))
    elif known.variable.type is Type.RECORD:
        said = Bilingual("đã có", "there")
    return Bilingual(f"{words.vi} = {said.vi}", f"{words.en} = {said.en}")

"""Checks the names of values: each can be written in a condition and means one thing."""

import keyword
import re
from collections.abc import Iterator, Mapping

from casework.bilingual import Bilingual
from workflows.bindings import Bindings
from workflows.checks.diagram import Node, Process
from workflows.definitions.expressions import FUNCTIONS
from workflows.definitions.findings import ModelFinding, Rule, shown
from workflows.definitions.vocabulary import OF_EVERY_OBJECT

MAX_NAME = 60
RESERVED = OF_EVERY_OBJECT | {*keyword.kwlist, *keyword.softkwlist, *FUNCTIONS, "defined", "outcome", "true", "false", "null", "none"}
"""Words of expressions, names every object in a browser has, and `outcome`, under which a step says how it went."""
_NAME = re.compile(r"[A-Za-z][A-Za-z0-9_]*")

_FORM = Rule(
    "name_form",
    Bilingual(
        "Điều kiện gọi giá trị bằng mã này, nên mã phải viết được trong điều kiện.",
        "Conditions know the value by this name, so it must be one they can write.",
    ),
    Bilingual(
        f"Dùng chữ không dấu, số và dấu gạch dưới, bắt đầu bằng chữ, không phải từ dành riêng, tối đa {MAX_NAME} ký tự.",
        f"Use letters without accents, digits and underscores, a letter first, no reserved word, {MAX_NAME} characters at most.",
    ),
)
_TAKEN = Rule(
    "name_taken",
    Bilingual(
        "Hai giá trị cùng tên ghi đè lên nhau và điều kiện đọc nhầm.",
        "Two values of one name overwrite each other, and conditions read the wrong one.",
    ),
    Bilingual("Đặt tên khác.", "Choose another name."),
)


def name_findings(processes: Mapping[str, Process], bindings: Bindings) -> Iterator[ModelFinding]:
    """Yield names that cannot be written in a condition, and names used for two different things."""
    fields: dict[str, tuple[str, ...]] = {}
    for process in processes.values():
        taken: dict[str, tuple[str, ...]] = {node.id: ("step", node.id) for node in process.nodes.values() if node.is_step}
        for node in process.nodes.values():
            for name, source in _named_by(node, bindings):
                if len(name) > MAX_NAME or not _NAME.fullmatch(name) or name in RESERVED:
                    yield _FORM.at(
                        node.id,
                        f"Tên “{shown(name)}” không viết được trong điều kiện.",
                        f"The name “{shown(name)}” cannot be written in a condition.",
                        line=node.line,
                    )
                elif taken.setdefault(name, source) != source or (source[0] == "field" and fields.setdefault(name, source) != source):
                    yield _TAKEN.at(
                        node.id,
                        f"Tên “{shown(name)}” đã dùng cho giá trị khác.",
                        f"The name “{shown(name)}” is that of another value.",
                        line=node.line,
                    )


def _named_by(node: Node, bindings: Bindings) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The names a node gives to values, with their meanings: where two nodes agree in both, it is one value."""
    if node.is_step and node.id in bindings.steps:
        yield from ((name, ("given", node.id)) for name in bindings.steps[node.id].gives)
    elif node.is_step:
        if node.form.buttons:
            yield node.id, ("step", node.id)
        yield from ((field.id, ("field", node.id, field.id)) for field in node.form.fields)
    if node.message_variable is not None:
        yield node.message_variable, ("message", node.message or "")
    if node.result_variable is not None:
        yield node.result_variable, ("service", node.service or "")

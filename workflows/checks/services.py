"""Checks service tasks: the service is on the software's list and gets the parameters it takes."""

from collections.abc import Iterator

from casework.bilingual import Bilingual
from workflows.checks.diagram import Process
from workflows.checks.expressions import Misread, Scope, refused_text, typed
from workflows.checks.values import Values
from workflows.definitions.findings import ModelFinding, Rule, named, shown
from workflows.definitions.services import SERVICES

_SERVICE = Rule(
    "service_unknown",
    Bilingual("Chỉ những dịch vụ trong danh mục của phần mềm mới chạy được.", "Only services of the software's own list can run."),
    Bilingual("Chọn một dịch vụ trong danh sách.", "Choose a service of the list."),
)
_PARAMETER = Rule(
    "service_parameter",
    Bilingual("Dịch vụ chỉ nhận đúng những giá trị nó khai báo.", "A service takes just the values it declares."),
    Bilingual("Đặt lại các giá trị của dịch vụ.", "Give the service the values it takes."),
)


def service_findings(process: Process, values: Values) -> Iterator[ModelFinding]:
    """Yield services that are not on the list, and wrong parameters or result names."""
    for node in process.nodes.values():
        if node.kind != "serviceTask":
            continue
        name = named(node.called, node.id)
        service = SERVICES.get(node.service or "")
        if service is None:
            yield _SERVICE.at(node.id, f"Dịch vụ “{shown(node.service or '–')}” của {name.vi} không có trong danh mục.",
                              f"The service “{shown(node.service or '–')}” of {name.en} is not in the list.", line=node.line)  # fmt: skip
            continue
        wanted, given = set(service.parameters), set(node.parameters)
        if wanted != given:
            odd = ", ".join(sorted(wanted ^ given))
            yield _PARAMETER.at(
                node.id,
                f"Dịch vụ của {name.vi} thừa hoặc thiếu: {shown(odd)}.",
                f"The service of {name.en} has too much or lacks: {shown(odd)}.",
                line=node.line,
            )
        scope = Scope(values.known, values.sure[node.id])
        for parameter in sorted(wanted & given):
            text = node.parameters[parameter]
            if (refused := refused_text(text, element=node.id, line=node.line)) is not None:
                yield refused
                continue
            try:
                if typed(text, scope) is not service.parameters[parameter]:
                    yield _PARAMETER.at(
                        node.id,
                        f"Giá trị “{parameter}” của {name.vi} không đúng loại.",
                        f"“{parameter}” of {name.en} is of the wrong kind.",
                        line=node.line,
                    )
            except Misread as fault:
                yield fault.rule.at(node.id, *fault.words, line=node.line)

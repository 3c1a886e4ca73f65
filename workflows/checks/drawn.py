"""Checks that everything that runs is drawn, because approvers look at the picture."""

import math
from collections.abc import Iterator
from typing import Any

from casework.bilingual import Bilingual
from workflows.definitions.findings import ModelFinding, Rule, shown
from workflows.definitions.vocabulary import BPMN, BPMNDI, DC, DI, NODES

FARTHEST = 100_000
LARGEST = 20_000

_HIDDEN = Rule(
    "drawing_missing",
    Bilingual(
        "Phần không có trong hình vẫn chạy mà người duyệt không nhìn thấy.",
        "What is not in the picture runs unseen by whoever approves it.",
    ),
    Bilingual("Vẽ lại phần này trong trình sửa, hoặc xóa nó.", "Draw it again in the editor, or delete it."),
)
_NO_PICTURE = Rule(
    "drawing_none",
    Bilingual("Trình sửa chỉ mở được mô hình có hình vẽ.", "The editor opens only a model that has a picture."),
    Bilingual("Vẽ mô hình trong trình sửa.", "Draw the model in the editor."),
    is_error=False,
)


def drawing_findings(root: Any) -> Iterator[ModelFinding]:
    """Yield what runs but is not drawn, or is drawn out of sight. If a file has several diagrams, people see the first."""
    plane = next(root.iter(BPMNDI + "BPMNPlane"), None)
    if plane is None:
        yield _NO_PICTURE.at(None, "Tệp không có hình vẽ.", "The file has no picture.")
        return
    # if one element has several shapes, the first is drawn
    drawn = {each.get("bpmnElement"): each for each in reversed(list(plane.iterchildren(BPMNDI + "BPMNShape", BPMNDI + "BPMNEdge")))}
    seen = {id_ for id_, each in drawn.items() if (_is_visible(each) if each.tag == BPMNDI + "BPMNShape" else _is_line(each))}
    for node in root.iter(*NODES, BPMN + "sequenceFlow"):
        if node.get("id") not in seen:
            name = shown(node.get("name") or node.get("id"))
            yield _HIDDEN.at(
                shown(node.get("id")), f"“{name}” không có trong hình vẽ.", f"“{name}” is not in the picture.", line=node.sourceline
            )


def _is_visible(shape: Any) -> bool:
    bounds = shape.find(DC + "Bounds")
    if bounds is None:
        return False
    x, y, width, height = (_number(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return abs(x) <= FARTHEST and abs(y) <= FARTHEST and 1 <= width <= LARGEST and 1 <= height <= LARGEST


def _is_line(edge: Any) -> bool:
    points = [(_number(point.get("x")), _number(point.get("y"))) for point in edge.iterchildren(DI + "waypoint")]
    return len(set(points)) > 1 and all(abs(x) <= FARTHEST and abs(y) <= FARTHEST for x, y in points)


def _number(text: str | None) -> float:
    try:
        return float(text or "")
    except ValueError:
        return math.nan

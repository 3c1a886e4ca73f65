"""The picture of the shipped model, judged by computation from its diagram interchange: can a person read it?"""

from collections import Counter
from dataclasses import dataclass
from itertools import combinations, pairwise

import pytest
from lxml import etree

from workflows.definitions.process import BPMN, FLOW_NODES, label_of, properties_of, read_xml, shipped_model

BPMNDI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
DI = "{http://www.omg.org/spec/DD/20100524/DI}"

CHARACTER, LINE = 6, 13
"""Width and height of a label's character in the viewer's 11-pixel type, on the generous side."""

Point = tuple[float, float]


@dataclass(frozen=True)
class Box:
    left: float
    top: float
    right: float
    bottom: float

    def overlaps(self, other: "Box", gap: float = 0) -> bool:
        return (self.left < other.right + gap and other.left < self.right + gap
                and self.top < other.bottom + gap and other.top < self.bottom + gap)  # fmt: skip

    def contains(self, other: "Box") -> bool:
        return self.left <= other.left and self.top <= other.top and self.right >= other.right and self.bottom >= other.bottom

    def touches(self, point: Point) -> bool:
        return self.left - 1 <= point[0] <= self.right + 1 and self.top - 1 <= point[1] <= self.bottom + 1

    @property
    def middle(self) -> Point:
        return (self.left + self.right) / 2, (self.top + self.bottom) / 2


def box_of(bounds) -> Box:
    x, y, width, height = (float(bounds.get(name)) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


ROOT = read_xml(shipped_model())
BY_ID = {node.get("id"): node for node in ROOT.iter() if node.get("id") and node.tag.startswith(BPMN)}
SHAPES = {shape.get("bpmnElement"): box_of(shape.find(DC + "Bounds")) for shape in ROOT.iter(BPMNDI + "BPMNShape")}
EDGES = {edge.get("bpmnElement"): [(float(p.get("x")), float(p.get("y"))) for p in edge.iter(DI + "waypoint")]
         for edge in ROOT.iter(BPMNDI + "BPMNEdge")}  # fmt: skip
LABELS = {label.getparent().get("bpmnElement"): box_of(label.find(DC + "Bounds")) for label in ROOT.iter(BPMNDI + "BPMNLabel")}
NODES = {id_: node for id_, node in BY_ID.items() if etree.QName(node).localname in FLOW_NODES}
LANES = {id_: node for id_, node in BY_ID.items() if node.tag == BPMN + "lane"}
FLOWS = {id_: node for id_, node in BY_ID.items() if node.tag == BPMN + "sequenceFlow"}
MESSAGES = {id_: node for id_, node in BY_ID.items() if node.tag == BPMN + "messageFlow"}
POOLS = {id_: node for id_, node in BY_ID.items() if node.tag == BPMN + "participant"}


def segments(edge: str) -> list[tuple[Point, Point]]:
    points = EDGES[edge]
    return list(pairwise(points))


def box_of_segment(segment: tuple[Point, Point]) -> Box:
    (x1, y1), (x2, y2) = segment
    return Box(min(x1, x2), min(y1, y2), max(x1, x2), max(y1, y2))


def meet(one: tuple[Point, Point], other: tuple[Point, Point]) -> bool:
    """Orthogonal segments meet exactly when their boxes touch."""
    a, b = box_of_segment(one), box_of_segment(other)
    return a.left <= b.right and b.left <= a.right and a.top <= b.bottom and b.top <= a.bottom


def crossings(edges: list[str]) -> list[tuple[str, str]]:
    return [(one, other) for one, other in combinations(edges, 2) if any(meet(a, b) for a in segments(one) for b in segments(other))]


def test_everything_has_a_place_in_the_picture():
    assert set(SHAPES) == set(NODES) | set(LANES) | set(POOLS)
    assert set(EDGES) == set(FLOWS) | set(MESSAGES)


@pytest.mark.parametrize("id_", [*NODES, *LANES, *POOLS, *MESSAGES, "case", "assignment"])
def test_everything_has_a_name_in_both_languages(id_):
    label = label_of(BY_ID[id_])
    assert label.vi
    assert label.en


def test_flows_out_of_a_decision_say_when_they_are_taken():
    for flow in FLOWS.values():
        source = BY_ID[flow.get("sourceRef")]
        splits = source.tag == BPMN + "exclusiveGateway" and len(source.findall(BPMN + "outgoing")) > 1
        assert (flow.find(BPMN + "conditionExpression") is not None) == splits, flow.get("id")
        if splits:
            assert label_of(flow).vi, flow.get("id")
        assert bool(label_of(flow).vi) == bool(label_of(flow).en), flow.get("id")


def test_only_gateways_that_merge_go_without_a_drawn_name():
    for id_, node in NODES.items():
        merges = node.tag == BPMN + "exclusiveGateway" and len(node.findall(BPMN + "outgoing")) == 1
        assert (node.get("name") is None) == merges, id_


def test_what_is_drawn_outside_a_shape_has_a_place_for_its_words():
    drawn_inside = {BPMN + "userTask", BPMN + "serviceTask", BPMN + "manualTask"}
    named = {id_: node for id_, node in (NODES | FLOWS | MESSAGES).items() if node.get("name")}
    assert set(LABELS) == {id_ for id_, node in named.items() if node.tag not in drawn_inside}


@pytest.mark.parametrize("id_", list(LABELS))
def test_the_words_fit_their_place_in_both_languages(id_):
    box = LABELS[id_]
    for text in label_of(BY_ID[id_]):
        lines = -(-len(text) * CHARACTER // (box.right - box.left))
        assert lines * LINE <= box.bottom - box.top + 1, f"{text!r} needs {lines} lines"


@pytest.mark.parametrize("id_", [id_ for id_, node in NODES.items() if node.tag == BPMN + "userTask"])
def test_the_words_of_a_step_fit_into_its_shape(id_):
    for text in label_of(BY_ID[id_]):
        assert max(map(len, text.split())) * 7 <= 90, text
        assert len(text) * 7 <= 90 * 3, text


def test_no_two_flows_cross_or_touch():
    assert crossings(list(FLOWS)) == []


def test_messages_cross_neither_each_other_nor_a_flow():
    assert crossings([*FLOWS, *MESSAGES]) == []


@pytest.mark.parametrize("edge", list(EDGES))
def test_edges_are_orthogonal_and_dock_where_they_belong(edge):
    points = EDGES[edge]
    for (x1, y1), (x2, y2) in segments(edge):
        assert (x1 == x2) != (y1 == y2)
    assert SHAPES[BY_ID[edge].get("sourceRef")].touches(points[0])
    assert SHAPES[BY_ID[edge].get("targetRef")].touches(points[-1])


def test_shapes_do_not_overlap():
    hosts = {id_: node.get("attachedToRef") for id_, node in NODES.items() if node.get("attachedToRef")}
    overlapping = [(one, other) for one, other in combinations(NODES, 2) if SHAPES[one].overlaps(SHAPES[other], gap=10)]
    assert {frozenset(pair) for pair in overlapping} == {frozenset(pair) for pair in hosts.items()}


def test_labels_overlap_neither_shapes_nor_each_other_nor_edges():
    wrong = [(f"label of {one}", other) for one, box in LABELS.items() for other in NODES if box.overlaps(SHAPES[other])]
    wrong += [(f"label of {one}", f"label of {other}") for one, other in combinations(LABELS, 2) if LABELS[one].overlaps(LABELS[other])]
    wrong += [(f"label of {one}", edge) for one, box in LABELS.items() for edge in EDGES
              if any(box.overlaps(box_of_segment(segment)) for segment in segments(edge))]  # fmt: skip
    assert wrong == []


def test_edges_run_through_no_shape_but_their_own():
    wrong = []
    for edge in EDGES:
        own = {BY_ID[edge].get("sourceRef"), BY_ID[edge].get("targetRef")}
        own |= {node.get("attachedToRef") for id_, node in NODES.items() if id_ in own}
        wrong += [(edge, id_) for id_ in NODES if id_ not in own and any(SHAPES[id_].overlaps(box_of_segment(s)) for s in segments(edge))]
    assert wrong == []


def test_every_node_lies_in_exactly_one_lane_and_in_the_one_that_names_it():
    named = Counter(reference.text for lane in LANES.values() for reference in lane.iter(BPMN + "flowNodeRef"))
    assert named == Counter(NODES.keys())
    for lane_id, lane in LANES.items():
        for reference in lane.iter(BPMN + "flowNodeRef"):
            assert SHAPES[lane_id].contains(SHAPES[reference.text]), reference.text
            if reference.text in LABELS:
                assert SHAPES[lane_id].contains(LABELS[reference.text]), reference.text


def test_lanes_fill_their_pool_and_do_not_overlap():
    for pool_id, pool in POOLS.items():
        lanes = [lane for lane in LANES.values() if lane.getparent().getparent().get("id") == pool.get("processRef")]
        boxes = [SHAPES[lane.get("id")] for lane in lanes]
        assert all(SHAPES[pool_id].contains(box) for box in boxes)
        assert sum(box.bottom - box.top for box in boxes) == SHAPES[pool_id].bottom - SHAPES[pool_id].top
        assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


@pytest.mark.parametrize("way", [
    ["received", "begin", "verify", "classify", "distribute", "again_waiting", "wait_for_agencies", "is_answered", "publish",
     "is_rateable", "ready_to_close", "wait_for_rest", "closed"],
    ["assigned", "begin_assignment", "accept_assignment", "is_taken", "submit_answer"],
])  # fmt: skip
def test_the_happy_path_is_straight(way):
    assert len({SHAPES[id_].middle[1] for id_ in way}) == 1
    lefts = [SHAPES[id_].left for id_ in way]
    assert lefts == sorted(lefts)


def test_steps_carry_role_clock_and_a_label_under_known_properties():
    known = {"label_en", "label_vi", "role", "clock", "beside"}
    for id_, node in (NODES | LANES | FLOWS | POOLS).items():
        assert set(properties_of(node)) <= known, id_
    for id_, node in NODES.items():
        if node.tag == BPMN + "userTask":
            assert properties_of(node)["clock"], id_

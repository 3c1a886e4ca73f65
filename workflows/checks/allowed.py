"""Checks that a model holds only allowed elements, each in its place, with ids and texts within bounds."""

import difflib
import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from lxml import etree

from casework.bilingual import Bilingual
from workflows.checks.signs import sign_findings
from workflows.definitions.findings import ModelFinding, Rule, shown
from workflows.definitions.step_forms import LANGBIANG
from workflows.definitions.vocabulary import (
    ALLOWED,
    BPMN,
    COLOURED,
    DRAWING,
    EXECUTABLE,
    LABEL_ENDING,
    LONGEST_ID,
    NODES,
    OF_EVERY_OBJECT,
    PLACES,
    REQUIRED,
    SPIFF,
    place_of,
)

MAX_NODES = 300
MAX_FLOWS = 900
MAX_LABEL = 80
TOO_MANY_NODES = "limit_nodes"
MAX_HELP = 200
MAX_TEXT = 1_000
MOST_CHARACTERS = {"name": MAX_LABEL, "label_vi": MAX_LABEL, "label_en": MAX_LABEL, "help_vi": MAX_HELP, "help_en": MAX_HELP}
CONFUSING = frozenset({TOO_MANY_NODES, "id_duplicate", "vocabulary_incomplete"})
"""Findings after which nothing else can be said about the meaning of a model's parts."""

NC_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_.\-]*")
COLOUR = re.compile(r"#[0-9A-Fa-f]{3,8}|[A-Za-z]{1,30}|rgba?\([0-9., %]{1,40}\)")

_REPEATED = frozenset({SPIFF + "property", SPIFF + "parameter", LANGBIANG + "field", LANGBIANG + "button", LANGBIANG + "choice"})

_REFERENCES = {"processRef": "process", "messageRef": "message", "sourceRef": None, "targetRef": None, "bpmnElement": None}
"""Attributes that name another element, and its kind. Those of flows and events are checked with their meaning."""
_REFERRING = (*(BPMN + tag for tag in ("participant", "messageFlow", "association")), *DRAWING)

_ONLY_WHAT_RUNS = Bilingual(
    "Quy trình chỉ được chứa những gì phần mềm hiểu và chạy an toàn; phần lạ có thể bị bỏ qua hoặc chạy mã ngoài ý muốn.",
    "A process holds only what the software understands and runs safely; anything else is ignored or runs code nobody wanted.",
)
_ELEMENT = Rule("vocabulary_element", _ONLY_WHAT_RUNS, Bilingual("Xóa phần này, dùng hình có trong bảng công cụ.",
                                                                "Delete it and use a shape of the palette."))  # fmt: skip
_ATTRIBUTE = Rule("vocabulary_attribute", _ONLY_WHAT_RUNS, Bilingual("Xóa thuộc tính này.", "Delete the attribute."))
_PLACE = Rule(
    "vocabulary_place",
    Bilingual("Đặt sai chỗ thì phần này không có tác dụng, hoặc có tác dụng không ai ngờ.",
              "In the wrong place it does nothing, or something nobody expects."),
    Bilingual("Chuyển về đúng chỗ hoặc xóa đi.", "Move it where it belongs or delete it."),
)  # fmt: skip
_TWICE = Rule(
    "vocabulary_twice",
    Bilingual("Viết hai lần thì không rõ lần nào có hiệu lực.", "Written twice, nobody knows which of them counts."),
    Bilingual("Chỉ giữ một.", "Keep one of them."),
)
_INCOMPLETE = Rule(
    "vocabulary_incomplete",
    Bilingual("Thiếu thông tin này thì phần mềm không chạy được phần đó.", "Without it the software cannot run this part."),
    Bilingual("Điền vào trong trình sửa, hoặc xóa và vẽ lại.", "Fill it in with the editor, or delete it and draw it again."),
)
_COLOUR = Rule(
    "drawing_colour",
    Bilingual("Màu được đưa thẳng vào hình vẽ trên trang.", "The colour goes straight into the drawing on the page."),
    Bilingual("Chọn lại màu, ví dụ #fff4d6.", "Choose a colour such as #fff4d6."),
)
_TOO_MANY = Rule(
    TOO_MANY_NODES,
    Bilingual("Quy trình quá lớn thì không ai đọc hết được.", "Nobody can read a process that large."),
    Bilingual("Lược bớt các bước và cổng.", "Leave out steps and gateways."),
)
_TEXT = Rule(
    "limit_text",
    Bilingual("Chữ dài không vừa hình vẽ và hộp việc.", "Long words fit neither the drawing nor the inbox."),
    Bilingual("Viết ngắn lại.", "Make it shorter."),
)
_ID_SHAPE = Rule(
    "id_shape",
    Bilingual("Mã là tên mà cơ sở dữ liệu và điều kiện dùng để gọi.", "The id is the name database and conditions know it by."),
    Bilingual(f"Dùng chữ không dấu, số và dấu gạch dưới, bắt đầu bằng chữ, tối đa {LONGEST_ID} ký tự.",
              f"Use letters without accents, digits and underscores, a letter first, {LONGEST_ID} characters at most."),
)  # fmt: skip
_NOT_DRAWN = Rule(
    "id_not_drawn",
    Bilingual("Trình duyệt dùng tên này cho việc khác nên không vẽ phần này: nó vẫn chạy mà người duyệt không nhìn thấy.",
              "Browsers use this name for something else and do not draw the part: it would run unseen by whoever approves it."),
    Bilingual("Đặt mã khác theo việc của phần này, ví dụ legal_review.", "Choose another id by what the part does, such as legal_review."),
)  # fmt: skip
_ID_TWICE = Rule(
    "id_duplicate",
    Bilingual("Hai phần cùng mã thì hồ sơ không biết đang ở đâu.", "With two of the same id a case does not know where it stands."),
    Bilingual("Đặt cho một trong hai mã khác.", "Give one of the two another id."),
)
_REFERENCE = Rule(
    "vocabulary_reference",
    Bilingual(
        "Tham chiếu đến phần không có thì hình vẽ không mở được để sửa.",
        "A drawing that names what is not there cannot be opened for editing.",
    ),
    Bilingual("Nối lại hoặc xóa phần tham chiếu.", "Connect it again or delete the reference."),
)


def vocabulary_findings(root: Any) -> Iterator[ModelFinding]:
    """Yield elements that are not allowed or out of place, and ids and texts out of bounds. `root` comes from `read_tree`."""
    yield from _size_findings(root)
    for node in root.iter():
        if node.tag not in ALLOWED:
            if node.getparent() is None or node.getparent().tag in ALLOWED:
                yield _unknown(node)
            continue
        yield from _attribute_findings(node)
        yield from _place_findings(node)
        yield from _text_findings(node)
    yield from id_findings(root)
    yield from sign_findings(root)
    yield from _reference_findings(root)


def _size_findings(root: Any) -> Iterator[ModelFinding]:
    nodes, flows = list(root.iter(*NODES)), list(root.iter(BPMN + "sequenceFlow"))
    if len(nodes) > MAX_NODES:
        yield _TOO_MANY.at(place_of(nodes[MAX_NODES]), f"Có {len(nodes)} bước, cổng và sự kiện; tối đa {MAX_NODES}.",
                           f"There are {len(nodes)} steps, gateways and events; {MAX_NODES} at most.")  # fmt: skip
    if len(flows) > MAX_FLOWS:
        yield _TOO_MANY.at(place_of(flows[MAX_FLOWS]), f"Có {len(flows)} mũi tên; tối đa {MAX_FLOWS}.",
                           f"There are {len(flows)} arrows; {MAX_FLOWS} at most.")  # fmt: skip


def _unknown(node: Any) -> ModelFinding:
    name = etree.QName(node)
    known = [etree.QName(tag).localname for tag in ALLOWED]
    close = difflib.get_close_matches(name.localname[:LONGEST_ID], known, n=1, cutoff=0.8)
    mend = None
    if close:
        prefix = next(("langbiang:" if tag.startswith(LANGBIANG) else "spiffworkflow:" if tag.startswith(SPIFF) else "bpmn:"
                       for tag in EXECUTABLE if etree.QName(tag).localname == close[0]), "")  # fmt: skip
        mend = Bilingual(f"Có phải ý là {prefix}{close[0]}? Nếu không thì xóa đi.", f"Was {prefix}{close[0]} meant? If not, delete it.")
    where = place_of(node if node.get("id") else node.getparent())
    tag = shown(f"{node.prefix}:{name.localname}" if node.prefix else name.localname)
    return _ELEMENT.at(where, f"Phần “{tag}” không được dùng.", f"“{tag}” may not be used.", line=node.sourceline, mend=mend)


def _attribute_findings(node: Any) -> Iterator[ModelFinding]:
    for name in REQUIRED.get(node.tag, ()):
        if node.get(name) is None or (name != "value" and not node.get(name)):
            tag = etree.QName(node).localname
            yield _INCOMPLETE.at(place_of(node), f"{tag} thiếu “{name}”.", f"{tag} lacks “{name}”.", line=node.sourceline)
    for name, value in node.attrib.items():
        if name not in ALLOWED[node.tag]:
            tag, local = etree.QName(node).localname, shown(etree.QName(name).localname)
            yield _ATTRIBUTE.at(
                place_of(node),
                f"Thuộc tính “{local}” không được dùng ở {tag}.",
                f"The attribute “{local}” may not be used on {tag}.",
                line=node.sourceline,
            )
        elif name in COLOURED and not COLOUR.fullmatch(value):
            yield _COLOUR.at(
                node.get("bpmnElement") or place_of(node),
                f"Màu “{shown(value)}” không hợp lệ.",
                f"“{shown(value)}” is no colour.",
                line=node.sourceline,
            )


def _place_findings(node: Any) -> Iterator[ModelFinding]:
    if node.tag not in PLACES:
        return
    name, where = etree.QName(node).localname, place_of(node)
    parent = node.getparent()
    owner = parent.getparent() if parent.tag == BPMN + "extensionElements" else parent
    if owner is not None and owner.tag not in ALLOWED:
        return  # its owner has a finding already
    is_direct = parent.tag == BPMN + "extensionElements" or not owner.tag.startswith(BPMN)
    if owner is None or owner.tag not in PLACES[node.tag] or not is_direct:
        kinds = ", ".join(sorted(etree.QName(tag).localname for tag in PLACES[node.tag])[:4])
        yield _PLACE.at(where, f"“{name}” không được đặt ở đây, chỉ ở: {kinds}.", f"“{name}” may not stand here, only in: {kinds}.",
                        line=node.sourceline)  # fmt: skip
    elif node.tag not in _REPEATED and any(True for _ in node.itersiblings(node.tag, preceding=True)):
        yield _TWICE.at(where, f"“{name}” được viết hai lần.", f"“{name}” is written twice.", line=node.sourceline)


def _text_findings(node: Any) -> Iterator[ModelFinding]:
    for name, text in node.attrib.items():
        most = MOST_CHARACTERS.get(name, MAX_TEXT)
        if name == "value":
            most = MAX_LABEL if node.get("name", "").startswith("label_") else MAX_HELP
        if len(text) > most and node.tag != BPMN + "definitions":
            yield _too_long(node, len(text), most)
    if node.tag in (BPMN + "text", BPMN + "documentation") and len(node.text or "") > MAX_TEXT:
        yield _too_long(node, len(node.text), MAX_TEXT)


def _too_long(node: Any, length: int, most: int) -> ModelFinding:
    return _TEXT.at(place_of(node), f"Chữ dài {length} ký tự; tối đa {most}.", f"A text of {length} characters; {most} at most.",
                    line=node.sourceline)  # fmt: skip


def id_findings(root: Any) -> Iterator[ModelFinding]:
    """Yield invalid and duplicate ids."""
    own = [node for node in root.iter() if node.get("id") is not None and not node.tag.startswith((SPIFF, LANGBIANG))]
    inner = [node for node in root.iter(SPIFF + "*", LANGBIANG + "*") if node.get("id") is not None]
    for node in [*own, *inner]:
        id_ = node.get("id")
        # the id of an operator or parameter is a name from the service list, checked by services.py
        if (len(id_) > LONGEST_ID or not NC_NAME.fullmatch(id_)) and not node.tag.startswith(SPIFF):
            yield _ID_SHAPE.at(place_of(node) if node in inner else id_[:LONGEST_ID], f"Mã “{shown(id_)}” không hợp lệ.",
                               f"“{shown(id_)}” cannot be an id.", line=node.sourceline)  # fmt: skip
    counts = Counter(node.get("id") for node in own)
    for node in [*own, *inner]:
        id_ = node.get("id")
        if id_ in OF_EVERY_OBJECT or (node.tag in NODES and id_.endswith(LABEL_ENDING) and id_.removesuffix(LABEL_ENDING) in counts):
            yield _NOT_DRAWN.at(place_of(node), f"Phần có mã “{id_}” không được vẽ ra.", f"What has the id “{id_}” is not drawn.",
                                line=node.sourceline)  # fmt: skip
    told: set[str] = set()
    for node in own:
        if counts[node.get("id")] > 1 and node.get("id") not in told:
            told.add(node.get("id"))
            lines = ", ".join(str(each.sourceline) for each in own if each.get("id") == node.get("id"))
            yield _ID_TWICE.at(
                node.get("id")[:LONGEST_ID],
                f"Mã “{shown(node.get('id'))}” được dùng {counts[node.get('id')]} lần (dòng {shown(lines)}).",
                f"The id “{shown(node.get('id'))}” is used {counts[node.get('id')]} times (lines {shown(lines)}).",
                line=node.sourceline,
            )
    for node in inner:
        # the engine looks up the target of a flow by its id alone, anywhere in the process
        if node.get("id") in counts:
            kind = etree.QName(node).localname
            yield _ID_TWICE.at(
                place_of(node),
                f"Mã “{shown(node.get('id'))}” ({kind}) trùng với mã của một phần khác trong quy trình.",
                f"The id “{shown(node.get('id'))}” ({kind}) is that of another part of the process.",
                line=node.sourceline,
            )


def _reference_findings(root: Any) -> Iterator[ModelFinding]:
    kinds = {node.get("id"): etree.QName(node).localname for node in root.iter() if node.get("id") and node.tag.startswith(BPMN)}
    for node in root.iter(*_REFERRING):
        for name, kind in _REFERENCES.items():
            target = node.get(name)
            if target is not None and (target not in kinds or (kind is not None and kinds[target] != kind)):
                tag = etree.QName(node).localname
                yield _REFERENCE.at(place_of(node), f"{tag} tham chiếu đến “{shown(target)}” không có trong tệp.",
                                    f"{tag} names “{shown(target)}”, which is not in the file.", line=node.sourceline)  # fmt: skip
    for node in root.iter(BPMN + "flowNodeRef", BPMN + "incoming", BPMN + "outgoing"):
        if (node.text or "").strip() not in kinds:
            yield _REFERENCE.at(place_of(node), f"Có tham chiếu đến “{shown(node.text)}” không có trong tệp.",
                                f"It names “{shown(node.text)}”, which is not in the file.", line=node.sourceline)  # fmt: skip

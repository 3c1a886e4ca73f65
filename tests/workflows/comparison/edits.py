"""What an administrator can change in the editor, one change each, with the sentence it makes: the model with a form of every type."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from lxml import etree

from tests.workflows.drawing import XSI_TYPE, Drawing, button, field
from workflows.definitions.process import BPMN, SPIFF
from workflows.definitions.step_forms import LANGBIANG

STEP = "inspection"
Change = Callable[[Drawing], None]


def set_property(draft: Drawing, id_: str, name: str, value: str | None) -> None:
    listed = draft.find(id_).find(f"{BPMN}extensionElements/{SPIFF}properties")
    found = next((each for each in listed if each.get("name") == name), None)
    if found is None and value is not None:
        etree.SubElement(listed, SPIFF + "property", name=name, value=value)
    elif found is not None and value is None:
        listed.remove(found)
    elif found is not None:
        found.set("value", value)


def prop(id_: str, name: str, value: str | None) -> Change:
    return lambda draft: set_property(draft, id_, name, value)


def attribute(id_: str, name: str, value: str) -> Change:
    return lambda draft: draft.find(id_).set(name, value)


def in_form(name: str, act: Callable[[Any], None]) -> Change:
    """Do something with one field or button of the step, by its id."""

    def change(draft: Drawing) -> None:
        form = draft.find(STEP).find(f"{BPMN}extensionElements/{LANGBIANG}form")
        act(next(each for each in form.iter() if each.get("id") == name))

    return change


def form_of(act: Callable[[Any], None]) -> Change:
    return lambda draft: act(draft.find(STEP).find(f"{BPMN}extensionElements/{LANGBIANG}form"))


def turned(node: Any) -> None:
    """Put it before what stands before it."""
    node.getparent().insert(node.getparent().index(node) - 1, node)


def written(draft: Drawing, id_: str, kind: str, text: str) -> None:
    found = next(iter(draft.find(id_).iter(BPMN + kind)), None)
    if found is None:
        found = etree.SubElement(draft.find(id_), BPMN + kind)
        found.set(XSI_TYPE, "bpmn:tFormalExpression")
    found.text = text


def timer(id_: str, kind: str, text: str) -> Change:
    def change(draft: Drawing) -> None:
        definition = draft.find(id_).find(BPMN + "timerEventDefinition")
        for each in list(definition):
            definition.remove(each)
        moment = etree.SubElement(definition, BPMN + kind)
        moment.set(XSI_TYPE, "bpmn:tFormalExpression")
        moment.text = text

    return change


def condition(id_: str, text: str) -> Change:
    return lambda draft: written(draft, id_, "conditionExpression", text)


def default_way(draft: Drawing) -> None:
    flow = draft.find("is_rateable_to_rate")
    flow.remove(flow.find(BPMN + "conditionExpression"))
    draft.find("is_rateable").set("default", "is_rateable_to_rate")


def role_of_lane(draft: Drawing) -> None:
    set_property(draft, "lane_ops_lead", "role", "committee_leader")


def note(draft: Drawing) -> None:
    made = etree.SubElement(draft.find("case"), BPMN + "textAnnotation", id="note_1")
    etree.SubElement(made, BPMN + "text").text = "Xem quy chế"


def documentation(draft: Drawing) -> None:
    made = etree.Element(BPMN + "documentation")
    made.text = "Theo quy chế"
    draft.find(STEP).insert(0, made)


def message_of(id_: str, name: str) -> Change:
    def change(draft: Drawing) -> None:
        draft.find(id_).find(BPMN + "messageEventDefinition").set("messageRef", draft._message(name))

    return change


def service_of(id_: str, name: str) -> Change:
    def change(draft: Drawing) -> None:
        draft.find(id_).find(f"{BPMN}extensionElements/{SPIFF}serviceTaskOperator").set("id", name)

    return change


def not_terminating(draft: Drawing) -> None:
    end = draft.find("answered")
    end.remove(end.find(BPMN + "terminateEventDefinition"))


def pick(id_: str, choice: str) -> Change:
    """Another choice on the list of a field."""
    made = {"id": choice, "label_vi": "Vừa", "label_en": "Medium"}
    return in_form(id_, lambda node: etree.SubElement(node, LANGBIANG + "choice", made))


FIELDS = "“Nơi khảo sát”, “Độ sâu (m)”, “Ghi nhận”, “Mức nguy hiểm”, “Đã rào chắn”, “Ngày khảo sát lại” rồi “Ảnh hiện trường”"
ANSWERED_NO = "“Đã có trả lời” của “Các đơn vị đã xong việc” là “không”"
DANGER_HIGH = "nay khi “Có người đánh giá” là “có” và “Mức nguy hiểm” là “Cao”; trước đây khi “Có người đánh giá” là “có”"
I = "“Khảo sát”"  # noqa: E741 - the step
EDITS: dict[str, tuple[Change, str]] = {
    "Vietnamese name": (attribute(STEP, "name", "Đi khảo sát"), f"Bước {I} đổi tên thành “Đi khảo sát”."),
    "English name": (prop(STEP, "label_en", "Survey"), f"Tên tiếng Anh của bước {I} từ “Inspection” thành “Survey”."),
    "role": (prop(STEP, "role", "ops_lead"), f"Bước {I} chuyển từ tổ vận hành sang tổ trưởng vận hành."),
    "role of a lane": (role_of_lane, "Bước “Xem xét đánh giá” chuyển từ tổ trưởng vận hành sang lãnh đạo UBND."),
    "lane": (
        lambda draft: draft.to_lane(STEP, "lane_operator_beside"),
        f"Bước {I} chuyển từ làn “Tổ vận hành” sang làn “Tổ vận hành (bất cứ lúc nào)”.",
    ),
    "limit": (
        lambda draft: [set_property(draft, STEP, *each) for each in (("limit", "3"), ("limit_unit", "working_days"))],
        f"Bước {I} nay có hạn: 3 ngày làm việc.",
    ),
    "running limit": (prop("classify", "clock", "acceptance"), "Hạn của bước “Phân loại” từ hạn của cả hồ sơ thành hạn tiếp nhận."),
    "limit taken off": (prop("classify", "clock", None), "Bước “Phân loại” không còn hạn, trước đây là hạn của cả hồ sơ."),
    "other than": (prop(STEP, "other_than", "classify"), f"Người đã làm bước “Phân loại” nay không được làm bước {I}."),
    "guidance": (prop(STEP, "help_vi", "Chụp ảnh trước."), f"Bước {I} có thêm lời hướng dẫn."),
    "words in the file": (documentation, f"Lời ghi trong tệp của bước {I} nay là Theo quy chế."),
    "field added": (
        form_of(lambda form: form.append(field("area_m2", "number", required=False))),
        f"Bước {I} hỏi thêm mục “Ô area_m2” (số).",
    ),
    "field removed": (in_form("depth", lambda node: node.getparent().remove(node)), f"Bước {I} không hỏi mục “Độ sâu (m)” (số) nữa."),
    "name of a field": (
        in_form("depth", lambda node: node.set("label_vi", "Độ sâu")),
        f"Ở bước {I}, mục “Độ sâu (m)” đổi tên thành “Độ sâu”.",
    ),
    "English name of a field": (
        in_form("depth", lambda node: node.set("label_en", "Deep")),
        f"Ở bước {I}, tên tiếng Anh của mục “Độ sâu (m)” từ “Depth (m)” thành “Deep”.",
    ),
    "name in conditions": (
        in_form("depth", lambda node: node.set("id", "deep")),
        f"Ở bước {I}, mục “Độ sâu (m)” (số) đổi tên trong điều kiện từ “depth” thành “deep”.",
    ),
    "kind of answer": (
        in_form("place", lambda node: node.set("type", "long_text")),
        f"Ở bước {I}, kiểu trả lời của mục “Nơi khảo sát” từ “văn bản ngắn” thành “văn bản dài”.",
    ),
    "required": (in_form("place", lambda node: node.set("required", "true")), f"Ở bước {I}, mục “Nơi khảo sát” nay bắt buộc phải điền."),
    "no longer required": (
        in_form("findings", lambda node: node.set("required", "false")),
        f"Ở bước {I}, mục “Ghi nhận” không còn bắt buộc.",
    ),
    "smallest number": (
        in_form("depth", lambda node: node.set("min", "1.5")),
        f"Ở bước {I}, số nhỏ nhất được nhận tại mục “Độ sâu (m)” từ 0 thành 1,5.",
    ),
    "no largest number": (
        in_form("depth", lambda node: node.attrib.pop("max")),
        f"Ở bước {I}, mục “Độ sâu (m)” không còn số lớn nhất, trước đây là 99,5.",
    ),
    "guidance of a field": (
        in_form("place", lambda node: node.set("help_vi", "Ghi tên buôn.")),
        f"Ở bước {I}, lời hướng dẫn của mục “Nơi khảo sát” được viết lại.",
    ),
    "order of fields": (in_form("depth", turned), f"Ở bước {I}, các mục cần điền xếp lại: {FIELDS}."),
    "choice added": (pick("danger", "medium"), f"Ở bước {I}, mục “Mức nguy hiểm” có thêm lựa chọn “Vừa”."),
    "choice removed": (
        in_form("high", lambda node: node.getparent().remove(node)),
        f"Ở bước {I}, mục “Mức nguy hiểm” không còn lựa chọn “Cao”.",
    ),
    "name of a choice": (
        in_form("high", lambda node: node.set("label_vi", "Rất cao")),
        f"Ở bước {I}, lựa chọn “Cao” đổi tên thành “Rất cao”.",
    ),
    "id of a choice": (
        in_form("high", lambda node: node.set("id", "top")),
        f"Ở bước {I}, lựa chọn “Cao” đổi tên trong điều kiện từ “high” thành “top”.",
    ),
    "order of choices": (in_form("high", turned), f"Ở bước {I}, các lựa chọn của mục “Mức nguy hiểm” xếp lại: “Cao” rồi “Thấp”."),
    "button added": (form_of(lambda form: form.append(button("wait"))), f"Bước {I} có thêm nút “Nút wait”."),
    "button removed": (in_form("fail", lambda node: node.getparent().remove(node)), f"Bước {I} không còn nút “Không đạt”."),
    "name of a button": (
        in_form("fail", lambda node: node.set("label_vi", "Chưa đạt")),
        f"Ở bước {I}, nút “Không đạt” đổi tên thành “Chưa đạt”.",
    ),
    "id of a button": (
        in_form("fail", lambda node: node.set("id", "failed")),
        f"Ở bước {I}, nút “Không đạt” đổi tên trong điều kiện từ “fail” thành “failed”.",
    ),
    "order of buttons": (in_form("fail", turned), f"Ở bước {I}, các nút xếp lại: “Không đạt” rồi “Đạt”."),
    "condition": (
        condition("is_rateable_to_rate", 'has_rater and danger == "high"'),
        f"Từ “Có người đánh giá?” sang “Đánh giá kết quả”: {DANGER_HIGH}.",
    ),
    "default way": (default_way, "Ở chỗ rẽ “Có người đánh giá?”, trong mọi trường hợp còn lại nay sang “Đánh giá kết quả”."),
    "where a way leads": (
        lambda draft: draft.lead("is_answered_to_distribute", target="classify"),
        f"Từ “Đã có trả lời?” nay sang “Phân loại” khi {ANSWERED_NO}, không còn sang “Phân công đơn vị”.",
    ),
    "a way more": (
        lambda draft: draft.flow("is_answered", "classify", "has_rater"),
        "“Đã có trả lời?” nay có thêm đường sang “Phân loại” khi “Có người đánh giá” là “có”.",
    ),
    "a way less": (
        lambda draft: draft.drop("is_answered_to_distribute"),
        f"“Đã có trả lời?” không còn dẫn sang “Phân công đơn vị” khi {ANSWERED_NO}.",
    ),
    "name of a way": (
        attribute("is_rateable_to_rate", "name", "Được"),
        "Đường từ “Có người đánh giá?” sang “Đánh giá kết quả” nay ghi “Được” / “Yes”, trước đây “Có” / “Yes”.",
    ),
    "timer": (
        timer("objection_window", "timeDuration", '"P1DT4H"'),
        "Sự kiện “Hết hạn đề nghị” nay xảy ra sau 1 ngày 4 giờ, trước đây vào thời điểm “Đến lúc” của “Không tiếp nhận”.",
    ),
    "what is waited for": (
        message_of("agency_added", "merged"),
        "Sự kiện “Thêm đơn vị” nay chờ “Đã gộp vào hồ sơ khác”, trước đây chờ “Có đơn vị được thêm”.",
    ),
    "name of a message": (attribute("message_agency_added", "name", "merged"), "Thông điệp “agency_added” đổi tên thành “merged”."),
    "service": (
        service_of("close_rating", "end_hold"),
        "Ở việc phần mềm tự làm “Khép đánh giá”, phần mềm nay làm “Kết thúc tạm dừng”, trước đây làm “Khép thời gian đánh giá”.",
    ),
    "attached to": (
        attribute("agency_added", "attachedToRef", STEP),
        f"Sự kiện “Thêm đơn vị” chuyển từ bước “Biên tập, công khai kết quả” sang bước {I}.",
    ),
    "interrupting": (attribute("agency_added", "cancelActivity", "false"), "Khi sự kiện “Thêm đơn vị” xảy ra, bước ấy nay vẫn làm tiếp."),
    "kind of end": (not_terminating, "Điểm kết thúc “Đã trả lời” nay chỉ kết thúc nhánh ấy."),
    "name of a lane": (attribute("lane_officer", "name", "Cán bộ"), "Làn “Cán bộ xử lý” đổi tên thành “Cán bộ”."),
    "name of a pool": (attribute("centre_pool", "name", "Trung tâm"), "Khung quy trình “Trung tâm điều hành” đổi tên thành “Trung tâm”."),
    "note": (note, "Có thêm ghi chú trên sơ đồ “Xem quy chế”."),
    "kind": (lambda draft: setattr(draft.find("wait_for_rest"), "tag", BPMN + "userTask"), "“Hết việc còn dở” đổi từ chỗ chờ thành bước."),
}
"""By what is changed: the change, and the sentence that tells it."""

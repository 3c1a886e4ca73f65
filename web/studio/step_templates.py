"""Templates for the editor: small sets of elements that are inserted into a flow of a drawing and work as they are.

`chain` are the elements inserted one after the other; `beside` are branches from one of them: `after` is the number of that element in the
chain, `edge` an event on its boundary, `back_to` the element of the chain the branch returns to, or None for its own end. A gateway's
`asks` is the number of the step whose buttons it reads: `button` takes the branch, every other one continues.
"""

from dataclasses import dataclass, field
from typing import Any

from casework.bilingual import Bilingual
from casework.permissions import Role
from web.locales import in_reader_language as local
from workflows.definitions.step_forms import FieldType


@dataclass(frozen=True, slots=True)
class TemplateField:
    """A field or, without a type, a button or an option."""

    id: str
    label: Bilingual
    type: FieldType | None = None
    is_required: bool = True
    choices: tuple["TemplateField", ...] = ()


@dataclass(frozen=True, slots=True)
class TemplateElement:
    """An element to draw: `kind` as in web/static/js/studio/kinds.js. A limit is a number and one of the studio's units; `timer` is e.g.
    `P1D`."""

    kind: str
    label: Bilingual
    role: Role | None = None
    limit: tuple[int, str] | None = None
    help: Bilingual | None = None
    fields: tuple[TemplateField, ...] = ()
    buttons: tuple[TemplateField, ...] = ()
    timer: str = ""
    asks: int | None = None
    button: str = ""
    ways: tuple[Bilingual, Bilingual] | None = None
    """Of a gateway: the labels of the continuing and of the branching flow."""


@dataclass(frozen=True, slots=True)
class TemplateBranch:
    """A branch from one element of the chain."""

    after: int
    parts: tuple[TemplateElement, ...]
    edge: TemplateElement | None = None
    back_to: int | None = None


@dataclass(frozen=True, slots=True)
class StepTemplate:
    """One entry of the list: its name and its purpose."""

    id: str
    label: Bilingual
    about: Bilingual
    chain: tuple[TemplateElement, ...]
    beside: tuple[TemplateBranch, ...] = field(default=())


def _asked(id_: str, vi: str, en: str, type_: FieldType | None = None, *choices: TemplateField, needed: bool = True) -> TemplateField:
    return TemplateField(id_, Bilingual(vi, en), type_, needed, choices)


YES, REDO = Bilingual("Có", "Yes"), Bilingual("Làm lại", "Redo")

TEMPLATES = (
    StepTemplate(
        "survey", Bilingual("Khảo sát tại chỗ", "Survey on the spot"),
        Bilingual("Cử người xuống hiện trường, ghi nhận và chụp ảnh.", "Somebody goes there, notes what is found and takes photos."),
        (TemplateElement("step", Bilingual("Khảo sát tại chỗ", "Survey on the spot"), Role.OPERATOR, (2, "working_days"),
              Bilingual("Đến nơi, ghi lại những gì thấy và chụp ít nhất một ảnh.", "Go there, note what you see, take a photo."),
              (_asked("ngay_khao_sat", "Ngày khảo sát", "Day of the survey", FieldType.DATE),
               _asked("ghi_nhan", "Ghi nhận tại hiện trường", "What was found", FieldType.LONG_TEXT),
               _asked("anh_hien_truong", "Ảnh hiện trường", "Photos", FieldType.PHOTO, needed=False))),),
    ),
    StepTemplate(
        "opinion", Bilingual("Lấy ý kiến cơ quan khác", "Ask another agency’s opinion"),
        Bilingual("Hỏi một cơ quan không được phân công và ghi lại trả lời.", "Ask an agency that has no part in it; note its answer."),
        (TemplateElement("step", Bilingual("Lấy ý kiến cơ quan khác", "Ask another agency’s opinion"), Role.OPERATOR, (3, "working_days"),
              Bilingual("Gửi câu hỏi bằng văn bản hoặc điện thoại, ghi lại ai trả lời và trả lời gì.",
                        "Ask in writing or by telephone; note who answered and what."),
              (_asked("co_quan_hoi", "Cơ quan được hỏi", "Agency asked", FieldType.TEXT),
               _asked("noi_dung_y_kien", "Nội dung ý kiến", "Its opinion", FieldType.LONG_TEXT))),),
    ),
    StepTemplate(
        "second_approval", Bilingual("Phê duyệt lần hai", "Second approval"),
        Bilingual("Một người nữa phê duyệt; trả lại thì có bước bổ sung rồi phê duyệt lại.",
                  "One more person approves; what is sent back is completed and approved again."),
        (TemplateElement("step", Bilingual("Phê duyệt lần hai", "Second approval"), Role.OPS_LEAD, (1, "working_days"),
              buttons=(_asked("dong_y", "Đồng ý", "Agree"), _asked("tra_lai", "Trả lại", "Send back"))),
         TemplateElement("choice", Bilingual("Đồng ý lần hai?", "Agreed again?"), asks=0, button="tra_lai", ways=(YES, REDO))),
        (TemplateBranch(1, (TemplateElement(
            "step", Bilingual("Bổ sung theo ý kiến", "Complete as asked"), Role.OPERATOR, (1, "working_days"),
            fields=(_asked("noi_dung_bo_sung", "Nội dung bổ sung", "What was completed", FieldType.LONG_TEXT),)),),
                back_to=0),),
    ),
    StepTemplate(
        "call_back", Bilingual("Gọi lại người phản ánh", "Call the reporter back"),
        Bilingual("Gọi điện hỏi thêm hoặc báo kết quả, ghi lại cuộc gọi.", "Call to ask more or to tell the result, and note the call."),
        (TemplateElement("step", Bilingual("Gọi lại người phản ánh", "Call the reporter back"), Role.OPERATOR, (4, "working_hours"),
              Bilingual("Gọi tối đa ba lần vào giờ khác nhau. Không ghi số điện thoại vào đây.",
                        "Call up to three times at different hours. Do not write the telephone number here."),
              (_asked("da_lien_he_duoc", "Đã liên hệ được", "Reached", FieldType.YES_NO),
               _asked("noi_dung_cuoc_goi", "Nội dung cuộc gọi", "What was said", FieldType.LONG_TEXT, needed=False))),),
    ),
    StepTemplate(
        "check_photos", Bilingual("Kiểm tra ảnh", "Check the photos"),
        Bilingual("Xem ảnh có rõ, đúng chỗ và không lộ người, biển số.", "Whether photos are clear, of that place, without faces."),
        (TemplateElement("step", Bilingual("Kiểm tra ảnh", "Check the photos"), Role.OPERATOR, (4, "working_hours"),
              Bilingual("Nhìn từng ảnh: rõ nội dung, đúng địa điểm, đã che mặt người và biển số.",
                        "Look at each: clear, of that place, faces and plates covered."),
              (_asked("ket_luan_anh", "Kết luận", "Finding", FieldType.CHOICE, _asked("dat", "Đạt", "Good"),
                      _asked("can_che", "Cần che thêm", "More to cover"), _asked("khong_dung", "Không dùng được", "Not to be used")),
               _asked("ghi_chu_anh", "Ghi chú", "Note", FieldType.TEXT, needed=False))),),
    ),
    StepTemplate(
        "wait_and_remind", Bilingual("Chờ, có nhắc việc", "Wait, with a reminder"),
        Bilingual("Một việc phải chờ; sau một ngày có thêm bước nhắc, việc chính vẫn chờ tiếp.",
                  "Something that takes waiting; after a day somebody is to remind, and the waiting goes on."),
        (TemplateElement("step", Bilingual("Chờ kết quả", "Wait for the result"), Role.OPERATOR, (3, "working_days"),
              fields=(_asked("ket_qua_cho", "Kết quả", "Result", FieldType.LONG_TEXT),)),),
        (TemplateBranch(0, (TemplateElement("step", Bilingual("Nhắc việc", "Remind"), Role.OPERATOR, (4, "working_hours"),
                         fields=(_asked("da_nhac_ai", "Đã nhắc ai, bằng cách nào", "Who was reminded, and how", FieldType.TEXT),)),
                    TemplateElement("end", Bilingual("Đã nhắc", "Reminded"))),
                edge=TemplateElement("time", Bilingual("Sau một ngày", "After a day"), timer='"P1D"')),),
    ),
    StepTemplate(
        "wait", Bilingual("Chờ một thời gian", "Wait some time"),
        Bilingual("Hồ sơ đứng yên một thời gian rồi đi tiếp.", "The case rests for some time, then goes on."),
        (TemplateElement("time", Bilingual("Chờ hai ngày", "Wait two days"), timer='"P2D"'),),
    ),
    StepTemplate(
        "legal_review", Bilingual("Thẩm định pháp lý", "Legal review"),
        Bilingual("Xem căn cứ pháp luật trước khi trả lời dân.", "Look at the legal basis before people are answered."),
        (TemplateElement("step", Bilingual("Thẩm định pháp lý", "Legal review"), Role.OPS_LEAD, (1, "working_days"),
              fields=(_asked("can_cu_phap_ly", "Căn cứ pháp lý", "Legal basis", FieldType.LONG_TEXT),
                      _asked("phu_hop_phap_luat", "Phù hợp pháp luật", "Lawful", FieldType.YES_NO))),),
    ),
)  # fmt: skip


AT_AGENCY = {Role.OPERATOR: Role.OFFICER, Role.OPS_LEAD: Role.AGENCY_LEADER}
"""The performer where the flow belongs to an agency."""


def templates_told() -> list[dict[str, Any]]:
    """The templates as plain data for web/static/js/studio/templates.js: list entries in the reader's language, drawn labels in both."""
    return [
        {
            "id": each.id,
            "label": local(each.label),
            "about": local(each.about),
            "chain": [_part(part) for part in each.chain],
            "beside": [
                {
                    "after": one.after,
                    "edge": _part(one.edge) if one.edge else None,
                    "parts": [_part(part) for part in one.parts],
                    "back_to": one.back_to,
                }
                for one in each.beside
            ],
        }
        for each in TEMPLATES
    ]


def _part(part: TemplateElement) -> dict[str, Any]:
    told = {
        "kind": part.kind,
        **_labels(part.label),
        "role": part.role,
        "agency_role": AT_AGENCY.get(part.role) if part.role else None,
        "limit": part.limit and {"limit": str(part.limit[0]), "limit_unit": part.limit[1]},
        "help": part.help and {"help_vi": part.help.vi, "help_en": part.help.en},
        "fields": [_asked_told(each) for each in part.fields],
        "buttons": [_asked_told(each) for each in part.buttons],
        "timer": part.timer,
        "asks": part.asks,
        "button": part.button,
        "ways": part.ways and [_labels(each) for each in part.ways],
    }
    return {name: value for name, value in told.items() if value not in (None, "", [])}


def _asked_told(asked: TemplateField) -> dict[str, Any]:
    told: dict[str, Any] = {"id": asked.id, **_labels(asked.label)}
    if asked.type is None:
        return told
    choices = [_asked_told(each) for each in asked.choices]
    return {**told, "type": asked.type, "required": "true" if asked.is_required else "", "choices": choices}


def _labels(label: Bilingual) -> dict[str, str]:
    return {"label_vi": label.vi, "label_en": label.en}

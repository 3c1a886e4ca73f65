"""The extra questions of the demonstration's centre: what its operators would otherwise have to ask again by telephone."""

from collections.abc import Mapping
from datetime import date, datetime

from casework.asking.questions import GivenAnswer, answer_to, questions_of
from casework.models import Centre, Field
from casework.permissions import actor_for
from casework.settings.importing.rows import add_row
from casework.settings.kinds.table import KINDS
from web.demo.people import staff_account

ADMINISTRATOR = "quantri"
REASON = "Tổ vận hành thường phải gọi lại để hỏi."
ASKED = (
    {"service_code": "do_thi", "code": "so_cot_den", "position": "1", "kind": "text",
     "name_vi": "Nếu là đèn đường: số cột đèn?", "name_en": "If it is a street light: the number on the post?",
     "hint_vi": "Số sơn trên thân cột, ví dụ LD-027.", "hint_en": "Painted on the post, for example LD-027."},
    {"service_code": "do_thi", "code": "nuoc_sau", "position": "2", "kind": "number", "least": "0", "most": "500",
     "name_vi": "Nếu bị ngập: nước sâu khoảng bao nhiêu xăng-ti-mét?",
     "name_en": "If it is flooded: how deep is the water, in centimetres?",
     "hint_vi": "Đến mắt cá chân khoảng 10, đến đầu gối khoảng 50.", "hint_en": "About 10 up to the ankle, about 50 up to the knee."},
    {"service_code": "kinh_te", "code": "dien_nguy_hiem", "position": "1", "kind": "stop", "may_send": "yes",
     "name_vi": "Dây điện đứt, cột điện đổ, chập điện: rất nguy hiểm, xin tránh xa.",
     "name_en": "A broken cable, a fallen electricity post, a short circuit: very dangerous, please keep away.",
     "hint_vi": "Xin gọi ngay đường dây nóng điện lực: 0263 000 0000 (số minh họa).",
     "hint_en": "Please call the electricity hotline at once: 0263 000 0000 (an invented number)."},
)  # fmt: skip
EMPTY = dict.fromkeys(("least", "most", "options_vi", "options_en", "is_required", "may_send"), "")
EVERYWHERE = {"for_citizens": "yes", "for_operators": "yes"}


def ask_more(centre: Centre, *, now: datetime) -> None:
    """Enter the questions as an administrator of the centre does; belongs in the caller's transaction."""
    by = actor_for(staff_account(ADMINISTRATOR), now=now)
    for typed in ASKED:
        add_row(KINDS["extra_question"], {**EMPTY, **EVERYWHERE, **typed}, by=by, now=now, reason=REASON, centre_id=centre.id)


def answers_of(field: Field, centre: Centre, typed: Mapping[str, str], *, on: date) -> list[GivenAnswer]:
    """What a story's sender answers to the questions of the field; `typed` by the code of the question."""
    if not typed:
        return []
    given = (answer_to(each, typed.get(each.code, "")) for each in questions_of(field, centre.id, on=on))
    return [answer for answer in given if answer is not None]

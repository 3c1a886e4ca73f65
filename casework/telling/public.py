"""What the public and a report's sender are told of each kind of event (rules.md, sections 2 and 6). Neither names a person."""

from collections.abc import Callable
from datetime import date
from typing import Any, NamedTuple

from casework.bilingual import Bilingual


class Told(NamedTuple):
    """What is said of one event."""

    words: Bilingual
    is_main: bool = False
    note: Bilingual | None = None


Teller = Callable[[dict[str, Any], dict[str, Bilingual]], Told | None]
"""Says what an event's payload means, given the full names of agencies by their key; None: nothing is told."""


def _told_as(vi: str, en: str, *, is_main: bool = False, note: Bilingual | None = None) -> Told:
    return Told(Bilingual(vi, en), is_main, note)


def _always(vi: str, en: str, *, is_main: bool = False) -> Teller:
    return lambda _payload, _names: _told_as(vi, en, is_main=is_main)


def _filed(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    match payload.get("source"):
        case "camera":
            return _told_as("Trung tâm phát hiện qua camera", "The centre saw it on a camera", is_main=True)
        case "phone":
            return _told_as("Người dân gọi điện phản ánh", "Somebody reported it by telephone", is_main=True)
        case _:
            return _told_as("Người dân gửi phản ánh", "Somebody sent the report", is_main=True)


def _classified(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told | None:
    if "changed" in payload:
        return _reclassified(payload)
    if payload.get("urgency") == "urgent":
        return _told_as("Trung tâm xác định mức độ khẩn", "The centre found it urgent")
    return _told_as("Trung tâm phân loại và hẹn ngày trả lời", "The centre classified it and set the day of the answer")


def _reclassified(payload: dict[str, Any]) -> Told | None:
    """What is said of a change: of the urgency, or of what the day of the answer hangs on. The rest tells people outside nothing."""
    if "urgency" in payload["changed"]:
        if payload.get("urgency") == "urgent":
            return _told_as("Trung tâm chuyển sang mức độ khẩn", "The centre now treats it as urgent")
        return _told_as("Trung tâm chuyển sang mức độ bình thường", "The centre no longer treats it as urgent")
    if {"field", "complexity"} & set(payload["changed"]):
        return _told_as("Trung tâm phân loại lại", "The centre classified it anew")
    return None


def _distributed(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told:
    lead, others = names.get(payload.get("lead", "")), len(payload.get("cooperating", ()))
    note = Bilingual(f"{lead.vi} chủ trì", f"{lead.en} leads") if lead else None
    if not others:
        return _told_as("Trung tâm phân phối đến đơn vị xử lý", "The centre gave it to an agency", note=note)
    return _told_as(f"Trung tâm phân phối đến {others + 1} đơn vị", f"The centre gave it to {others + 1} agencies", note=note)


def _hotline(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told | None:
    return _told_as("Trung tâm gọi đường dây nóng", "The centre called the hotline") if payload.get("reached") else None


def _by_agency(vi: str, en: str) -> Teller:
    def tell(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
        agency = names.get(payload.get("agency", ""))
        return _told_as(f"{agency.vi} {vi}", f"{agency.en} {en}") if agency else None

    return tell


def _approved(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
    agency = names.get(payload.get("agency", ""))
    return _told_as(f"Lãnh đạo {agency.vi} phê duyệt trả lời", f"The head of {agency.en} approved its answer") if agency else None


def _added(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
    agency = names.get(payload.get("agency", ""))
    return _told_as(f"Trung tâm giao thêm cho {agency.vi}", f"The centre asked {agency.en} as well") if agency else None


def _lead_changed(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
    lead = names.get(payload.get("lead", ""))
    return _told_as(f"Trung tâm giao {lead.vi} chủ trì", f"The centre let {lead.en} lead") if lead else None


def _extended(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
    agency = names.get(payload.get("agency", ""))
    if agency is None or not payload.get("granted"):
        return None
    return _told_as(f"{agency.vi} được gia hạn", f"{agency.en} was given more time")


def _recounted(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told | None:
    if payload.get("clock") != "case":
        return None
    return _told_as("Hạn trả lời tính lại theo lịch làm việc mới", "The day of the answer was counted anew under a new calendar")


def _reorganised(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    """Who goes on, by the names of the day: the agencies, else the centre, else the place it is now."""
    pairs = payload.get("moved") or [payload[name] for name in ("centre", "area") if payload.get(name)][:1]
    said = list(dict.fromkeys(tuple(behind) for _before, behind in pairs if behind))
    note = Bilingual(", ".join(each[0] for each in said), ", ".join(each[1] for each in said)) if said else None
    return _told_as("Do sắp xếp đơn vị, hồ sơ được xử lý tiếp", "Public bodies were reorganised; the work goes on", note=note)


def _published(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    if payload.get("kind") == "interim":
        return _told_as("Trung tâm công khai kết quả bước đầu", "The centre published an interim result", is_main=True)
    return _told_as("Trung tâm công khai kết quả", "The centre published the result", is_main=True)


def _corrected(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    if payload.get("again"):
        return _told_as("Trung tâm đính chính và công khai lại", "The centre corrected and published it again", is_main=True)
    return _told_as("Trung tâm đính chính kết quả", "The centre corrected the result", is_main=True)


def _corrected_in_public(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
    return None if payload.get("kind") == "private" else _corrected(payload, names)


def _reviewed(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told | None:
    if payload.get("outcome") != "explained":
        return None
    return _told_as("Trung tâm xem lại và giải thích", "The centre looked again and explained", is_main=True)


def _day(iso: str | None) -> Bilingual:
    """A local day of a payload, as both languages write it here."""
    said = f"{date.fromisoformat(iso[:10]):%d/%m/%Y}" if iso else "…"
    return Bilingual(said, said)


def _held(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    day = _day(payload.get("until"))
    return _told_as(f"Tạm dừng đến hết ngày {day.vi}", f"Put on hold until the end of {day.en}")


def _joined_by_others(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told | None:
    """In the history of the main case, where the other one's code stands as `source`."""
    if "source" not in payload:
        return None
    return _told_as("Trung tâm gộp thêm phản ánh cùng việc", "The centre added another report of the same matter")


def _merged(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
    if "into" not in payload:
        return _joined_by_others(payload, names)
    code = payload["into"]
    return _told_as(f"Trung tâm gộp với phản ánh {code} cùng việc", f"The centre merged it with report {code}", is_main=True)


def _split_off(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told | None:
    if "main" not in payload:
        return None
    return _told_as("Trung tâm tách ra để xử lý riêng", "The centre took it apart to be handled on its own", is_main=True)


def _objection_decided(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    if payload.get("upheld"):
        return _told_as("Trung tâm xem lại và tiếp tục xử lý", "The centre looked again and goes on", is_main=True)
    return _told_as("Trung tâm xem lại và giữ nguyên", "The centre looked again and stands by it", is_main=True)


def _question_ended(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    if payload.get("closes"):
        return _told_as("Kết thúc vì chưa có thông tin bổ sung", "Closed, because no answer came", is_main=True)
    return _told_as("Trung tâm xử lý tiếp theo thông tin đã có", "The centre goes on with what it knows")


def _withdrawn(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    if payload.get("at_once"):
        return _told_as("Ông/Bà rút phản ánh", "You withdrew the report", is_main=True)
    return _told_as("Ông/Bà đề nghị rút phản ánh", "You asked to withdraw the report")


def _withdrawal_decided(payload: dict[str, Any], _names: dict[str, Bilingual]) -> Told:
    if payload.get("granted"):
        return _told_as("Trung tâm đồng ý cho rút", "The centre let you withdraw it", is_main=True)
    return _told_as("Trung tâm tiếp tục xử lý, không nêu tên ai", "The centre goes on, naming nobody", is_main=True)


PUBLIC_TELLERS: dict[str, Teller] = {
    "file_report": _filed,
    "verify": _always("Trung tâm tiếp nhận", "The centre accepted it", is_main=True),
    "classify": _classified,
    "call_hotline": _hotline,
    "distribute": _distributed,
    "accept_assignment": _by_agency("tiếp nhận xử lý", "took it on"),
    "approve_answer": _approved,
    "add_agency": _added,
    "change_lead": _lead_changed,
    "decide_extension": _extended,
    "recount_due": _recounted,
    "close_without_answer": _by_agency("chưa có trả lời, Trung tâm đi tiếp", "has no answer; the centre goes on"),
    "publish": _published,
    "correct_publication": _corrected_in_public,
    "unpublish": _always("Trung tâm gỡ kết quả đã công khai", "The centre took the published result back", is_main=True),
    "rate": _always("Người gửi đánh giá kết quả", "Its sender rated the result"),
    "reopen": _always("Trung tâm mở lại để xử lý tiếp", "The centre reopened it", is_main=True),
    "hold": _held,
    "resume": _always("Trung tâm xử lý tiếp", "The work goes on"),
    "refer": _always("Trung tâm chuyển cơ quan khác", "The centre referred it to another body", is_main=True),
    "take_back": _always("Trung tâm nhận lại để xử lý tiếp", "The centre took it back and goes on"),
    "close_referral": _always("Kết thúc, cơ quan khác đã giải quyết", "Closed: another body has settled it", is_main=True),
    "merge": _joined_by_others,
    "reorganise": _reorganised,
}
"""What stays inside is not listed: drafts and redone answers, hand-backs, notes, looks at an identity."""

def _apologised(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told:
    unit = names.get(payload.get("agency") or "", Bilingual("Trung tâm", "The centre"))
    day = f"{date.fromisoformat(payload['new_day']):%d/%m/%Y}"
    return _told_as(f"{unit.vi} xin lỗi vì trả lời chậm, hẹn lại ngày {day}", f"{unit.en} apologised and promised {day}", is_main=True)


LETTERS_TO_SENDERS = {
    "answer": Bilingual("công văn trả lời", "an answer letter"),
    "extension_notice": Bilingual("thông báo gia hạn", "a notice of more time"),
    "refusal_notice": Bilingual("thông báo không tiếp nhận", "a notice of refusal"),
}


def _letter_written(payload: dict[str, Any], names: dict[str, Bilingual]) -> Told | None:
    """Of letters to the senders alone: what the centre writes to agencies and other bodies stays inside."""
    what = LETTERS_TO_SENDERS.get(payload.get("kind", ""))
    if what is None:
        return None
    unit = names.get(payload.get("agency") or "", Bilingual("Trung tâm", "The centre"))
    return _told_as(f"{unit.vi} gửi {what.vi}", f"{unit.en} wrote {what.en}")


OWN_TELLERS: dict[str, Teller] = PUBLIC_TELLERS | {
    "apologise": _apologised,
    "write_letter": _letter_written,
    "file_report": _always("Ông/Bà gửi phản ánh", "You sent the report", is_main=True),
    "pass_on": _always("Chuyển đến trung tâm phụ trách địa bàn", "Passed to the centre of the place"),
    "correct_publication": _corrected,
    "refuse": _always("Trung tâm không tiếp nhận", "The centre did not accept it", is_main=True),
    "answer_privately": _always("Trung tâm trả lời riêng Ông/Bà", "The centre answered you in private", is_main=True),
    "rate": _always("Ông/Bà đánh giá kết quả", "You rated the result"),
    "review_rating": _reviewed,
    "close": _always("Kết thúc", "Closed", is_main=True),
    "object_to_refusal": _always("Ông/Bà đề nghị xem lại", "You asked for another look"),
    "decide_objection": _objection_decided,
    "ask_reporter": _always("Trung tâm hỏi thêm Ông/Bà", "The centre asked you a question", is_main=True),
    "answer_question": _always("Ông/Bà trả lời câu hỏi", "You answered the question"),
    "stop_waiting": _always("Trung tâm xử lý tiếp theo thông tin đã có", "The centre goes on with what it knows"),
    "end_question": _question_ended,
    "withdraw_report": _withdrawn,
    "decide_withdrawal": _withdrawal_decided,
    "write_to_centre": _always("Ông/Bà viết thêm", "You wrote more"),
    "merge": _merged,
    "split": _split_off,
}
"""Ditto for a sender, who is told of the private acts of their own report too."""

PERSONAL = frozenset(
    {"file_report", "rate", "ask_reporter", "answer_question", "object_to_refusal", "withdraw_report", "decide_withdrawal",
     "write_to_centre"}
)  # fmt: skip
"""Events about one report of a case, named in their payload: other senders are not told of them."""

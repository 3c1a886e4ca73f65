"""What happened beside the way of a case, as staff read it."""

from datetime import date
from typing import Any

from casework.bilingual import Bilingual
from casework.telling.sentence import Audience, Known, Said, Sentence, agency_name, always, of_agency


def _objection_decided(payload: dict[str, Any], _known: Known) -> Said:
    if payload.get("upheld"):
        return Said(Bilingual("Chấp nhận đề nghị xem lại, hồ sơ tiếp tục", "Upheld the objection; the case goes on"), is_main=True)
    return Said(Bilingual("Giữ nguyên việc từ chối", "Dismissed the objection"))


def _asked(payload: dict[str, Any], _known: Known) -> Said:
    days = payload.get("working_days", 0)
    return Said(Bilingual(f"Hỏi người phản ánh, chờ {days} ngày làm việc", f"Asked the reporter, waiting {days} working days"))


def _question_ended(payload: dict[str, Any], _known: Known) -> Said:
    if payload.get("closes"):
        return Said(Bilingual("Không có trả lời, kết thúc hồ sơ", "No answer came; the case is closed"), is_main=True)
    return Said(Bilingual("Không có trả lời, tiếp tục xử lý", "No answer came; the work goes on"))


def _held(payload: dict[str, Any], _known: Known) -> Said:
    day = _day(payload.get("until"))
    return Said(Bilingual(f"Tạm dừng đến hết ngày {day}", f"Held until the end of {day}"), is_main=True)


def _withdrawn(payload: dict[str, Any], _known: Known) -> Said:
    if payload.get("at_once"):
        return Said(Bilingual("Rút phản ánh", "Withdrew the report"), is_main=True)
    return Said(Bilingual("Đề nghị rút phản ánh", "Asked to withdraw the report"))


def _withdrawal_decided(payload: dict[str, Any], _known: Known) -> Said:
    if payload.get("granted"):
        return Said(Bilingual("Đồng ý cho rút phản ánh", "Let the report be withdrawn"), is_main=True)
    return Said(Bilingual("Tiếp tục xử lý, không nêu tên người gửi", "Went on without naming the sender"))


def _extension_asked(payload: dict[str, Any], known: Known) -> Said:
    agency, day = agency_name(payload.get("agency"), known), _day(payload.get("until"))
    return Said(Bilingual(f"{agency.vi} đề nghị gia hạn đến hết ngày {day}", f"{agency.en} asked for more time until the end of {day}"))


def _extension_endorsed(payload: dict[str, Any], known: Known) -> Said:
    agency = agency_name(payload.get("agency"), known)
    if payload.get("endorsed"):
        return Said(Bilingual(f"Lãnh đạo {agency.vi} đồng ý đề nghị gia hạn", f"The head of {agency.en} endorsed the wish for more time"))
    return Said(Bilingual(f"Lãnh đạo {agency.vi} không đồng ý gia hạn", f"The head of {agency.en} did not endorse the wish for more time"))


def _extension_decided(payload: dict[str, Any], known: Known) -> Said:
    agency, day = agency_name(payload.get("agency"), known), _day(payload.get("until"))
    if payload.get("granted"):
        return Said(Bilingual(f"Cho {agency.vi} gia hạn đến hết ngày {day}", f"Gave {agency.en} until the end of {day}"), is_main=True)
    return Said(Bilingual(f"Không cho {agency.vi} gia hạn", f"Did not give {agency.en} more time"))


def _day(iso: str | None) -> str:
    """A local day of a payload as both languages write it here."""
    return f"{date.fromisoformat(iso[:10]):%d/%m/%Y}" if iso else "…"


def _merged(payload: dict[str, Any], known: Known) -> Said:
    moved = ", ".join(agency_name(key, known).vi for key in payload.get("agencies", ()))
    moved_en = ", ".join(agency_name(key, known).en for key in payload.get("agencies", ()))
    if "into" in payload:
        return Said(Bilingual(f"Gộp vào hồ sơ {payload['into']}", f"Merged into case {payload['into']}"), is_main=True)
    vi, en = f"Nhận gộp hồ sơ {payload.get('source', '')}", f"Took in case {payload.get('source', '')}"
    if moved:
        vi, en = f"{vi}; {moved} tiếp tục tại đây", f"{en}; {moved_en} goes on here"
    return Said(Bilingual(vi, en), is_main=True)


def _split(payload: dict[str, Any], _known: Known) -> Said:
    if "main" in payload:
        return Said(Bilingual(f"Tách khỏi hồ sơ {payload['main']}", f"Taken out of case {payload['main']}"), is_main=True)
    return Said(Bilingual(f"Tách hồ sơ {payload.get('source', '')}", f"Case {payload.get('source', '')} taken out"), is_main=True)


def _lead_changed(payload: dict[str, Any], known: Known) -> Said:
    lead = agency_name(payload.get("lead"), known)
    return Said(Bilingual(f"Chuyển chủ trì sang {lead.vi}", f"Made {lead.en} the lead"), is_main=True)


def _apologised(payload: dict[str, Any], known: Known) -> Said:
    day = _day(payload.get("new_day"))
    vi, en = f"Xin lỗi người phản ánh, hẹn trả lời chậm nhất ngày {day}", f"Apologised to the reporters, a new day: {day}"
    if payload.get("agency"):
        agency = agency_name(payload["agency"], known)
        vi, en = f"{agency.vi} xin lỗi người phản ánh, hẹn trả lời chậm nhất ngày {day}", f"{agency.en} apologised to the reporters: {day}"
    return Said(Bilingual(vi, en), is_main=True)


LETTERS = {
    "transfer_slip": Bilingual("phiếu chuyển", "a transfer slip"),
    "answer": Bilingual("công văn trả lời", "an answer letter"),
    "extension_notice": Bilingual("thông báo gia hạn", "a notice of more time"),
    "refusal_notice": Bilingual("thông báo không tiếp nhận", "a notice of refusal"),
    "handover_minutes": Bilingual("biên bản bàn giao", "minutes of hand-over"),
}
"""Letters about a case, as the middle of a sentence names them."""


def _letter_written(payload: dict[str, Any], known: Known) -> Said:
    what = LETTERS.get(payload.get("kind", ""), Bilingual("văn bản", "a letter"))
    if not payload.get("agency"):
        return Said(Bilingual(f"Soạn {what.vi}", f"Wrote {what.en}"))
    agency = agency_name(payload["agency"], known)
    if payload.get("kind") == "transfer_slip":
        return Said(Bilingual(f"Soạn {what.vi} gửi {agency.vi}", f"Wrote {what.en} to {agency.en}"))
    return Said(Bilingual(f"{agency.vi} soạn {what.vi}", f"{agency.en} wrote {what.en}"))


def _blocked(payload: dict[str, Any], known: Known) -> Said | None:
    if known.audience is not Audience.CENTRE:
        return None
    code, day = payload.get("report", ""), _day(payload.get("until"))
    return Said(Bilingual(f"Tạm chặn người gửi {code} đến hết ngày {day}", f"Blocked the sender of {code} until the end of {day}"))


def _block_lifted(payload: dict[str, Any], known: Known) -> Said | None:
    if known.audience is not Audience.CENTRE:
        return None
    code = payload.get("report", "")
    return Said(Bilingual(f"Gỡ chặn người gửi {code}", f"Lifted the block of the sender of {code}"))


def _for_the_centre(vi: str, en: str) -> Sentence:
    """A sentence only the centre reads."""
    said = Said(Bilingual(vi, en))
    return lambda _payload, known: said if known.audience is Audience.CENTRE else None


SENTENCES_BESIDE: dict[str, Sentence] = {
    "object_to_refusal": always("Đề nghị xem lại việc từ chối", "Objected to the refusal"),
    "decide_objection": _objection_decided,
    "ask_reporter": _asked,
    "answer_question": always("Trả lời câu hỏi của Trung tâm", "Answered the centre's question"),
    "stop_waiting": always("Thôi chờ trả lời, tiếp tục xử lý", "Stopped waiting and went on"),
    "end_question": _question_ended,
    "hold": _held,
    "resume": always("Tiếp tục xử lý", "Took it up again"),
    "refer": always("Chuyển cơ quan khác", "Referred it to another body", is_main=True),
    "close_referral": always("Cơ quan khác đã giải quyết, kết thúc hồ sơ", "Another body settled it; the case is closed", is_main=True),
    "take_back": always("Nhận lại từ cơ quan khác", "Took it back from the other body"),
    "withdraw_report": _withdrawn,
    "decide_withdrawal": _withdrawal_decided,
    "block_sender": _blocked,
    "lift_block": _block_lifted,
    "transcribe": always("Ghi lại lời ghi âm cho đơn vị đọc", "Wrote down what a recording says, for agencies to read"),
    "write_to_centre": always("Viết thêm cho Trung tâm", "Wrote to the centre"),
    "request_data": _for_the_centre("Gửi yêu cầu về dữ liệu cá nhân", "Asked something about their personal data"),
    "answer_data_request": _for_the_centre("Trả lời yêu cầu về dữ liệu cá nhân", "Answered the request about personal data"),
    "extend_data_request": _for_the_centre("Gia hạn yêu cầu về dữ liệu cá nhân", "Extended the request about personal data"),
    "refuse_data_request": _for_the_centre("Từ chối yêu cầu về dữ liệu cá nhân", "Refused the request about personal data"),
    "carry_out_data_request": _for_the_centre("Thực hiện yêu cầu về dữ liệu cá nhân", "Carried out the request about personal data"),
    "look_at_data_request": _for_the_centre("Xem yêu cầu về dữ liệu cá nhân", "Looked at the request about personal data"),
    "lift_restriction": _for_the_centre("Bỏ yêu cầu hạn chế xử lý dữ liệu", "Lifted the restriction of personal data"),
    "erase_report": _for_the_centre("Đã xóa dữ liệu cá nhân trong một phản ánh", "The personal data of a report were erased"),
    "end_erasure": _for_the_centre("Đã xóa dữ liệu cá nhân của người gửi", "The sender's personal data were erased"),
    "redact_text": _for_the_centre(
        "Thay từ trung tính vào chỗ có thể cho biết ai là người gửi", "Put neutral words where a text could say who sent it"
    ),
    "mask_identity": _for_the_centre(
        "Đã xóa thông tin người gửi vì hồ sơ kết thúc từ lâu", "Who sent it was erased, since the case closed long ago"
    ),
    "merge": _merged,
    "split": _split,
    "quarantine": always("Đưa ra khỏi hệ thống để xử lý theo thủ tục riêng", "Taken out of the system for its own procedure", is_main=True),
    "hand_over": always("Bàn giao nội dung ngoài hệ thống và xóa", "Content handed over outside the system and erased", is_main=True),
    "request_extension": _extension_asked,
    "endorse_extension": _extension_endorsed,
    "decide_extension": _extension_decided,
    "apologise": _apologised,
    "write_letter": _letter_written,
    "recount_due": always("Tính lại thời hạn theo lịch làm việc mới", "Counted a time limit anew under the changed calendar"),
    "finish_directive": always("Ghi nhận đã thực hiện chỉ đạo", "Wrote down that a directive has been carried out"),
    "direct": always("Lãnh đạo UBND chỉ đạo", "The committee leader gave a directive", is_main=True),
    "print_case_file": always("In hồ sơ vụ việc", "Printed the case file"),
    "remind": of_agency("Nhắc việc {agency}", "Reminded {agency}"),
    "progress_note": of_agency("{agency} ghi tiến độ", "{agency} noted its progress"),
    "pass_on": always("Chuyển trung tâm phụ trách địa bàn", "Passed to the centre of the place", is_main=True),
    "add_agency": of_agency("Giao thêm {agency}", "Asked {agency} as well", is_main=True),
    "remove_agency": of_agency("Rút {agency} khỏi hồ sơ", "Took {agency} off the case", is_main=True),
    "change_lead": _lead_changed,
    "close_without_answer": of_agency("Đi tiếp khi {agency} chưa trả lời", "Went on without an answer of {agency}", is_main=True),
    "correct_publication": always("Đính chính kết quả đã công khai", "Corrected what was published", is_main=True),
    "unpublish": always("Gỡ kết quả đã công khai", "Took back what was published", is_main=True),
}

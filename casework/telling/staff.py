"""What happened on the way of a case, from filing to closing, as staff read it."""

from typing import Any

from casework.bilingual import Bilingual
from casework.telling.sentence import Audience, Known, Said, Sentence, agency_name, always, of_agency


def _filed(payload: dict[str, Any], _known: Known) -> Said:
    sources = {
        "camera": Bilingual("Lập phản ánh từ camera", "Opened from a camera"),
        "phone": Bilingual("Nhập phản ánh qua điện thoại", "Entered a report made by telephone"),
        "officer": Bilingual("Cán bộ nhập phản ánh", "A member of staff entered the report"),
    }
    words = sources.get(payload.get("source", ""), Bilingual("Gửi phản ánh", "Sent the report"))
    if payload.get("marked_urgent"):
        words = Bilingual(f"{words.vi}, đánh dấu khẩn", f"{words.en}, marked urgent")
    return Said(words, is_main=True)


URGENCIES = {"urgent": Bilingual("khẩn", "urgent"), "normal": Bilingual("bình thường", "normal")}
COMPLEXITIES = {
    "simple": Bilingual("đơn giản", "simple"),
    "ordinary": Bilingual("thông thường", "ordinary"),
    "complex": Bilingual("phức tạp", "complex"),
}


CHANGES = {
    "field": Bilingual("lĩnh vực", "field"),
    "urgency": Bilingual("mức độ", "urgency"),
    "complexity": Bilingual("độ phức tạp", "complexity"),
    "area": Bilingual("địa bàn", "place"),
    "village": Bilingual("địa bàn", "place"),
    "visibility_reason": Bilingual("việc công khai", "visibility"),
}


def _complexity_of(payload: dict[str, Any]) -> Bilingual:
    """The complexity under its name of the day; events of before rows had names know three keys."""
    if rated := payload.get("rated"):
        return Bilingual(*(name[:1].lower() + name[1:] for name in rated))
    return COMPLEXITIES.get(payload.get("complexity", ""), COMPLEXITIES["ordinary"])


def _classified(payload: dict[str, Any], known: Known) -> Said:
    urgency = URGENCIES.get(payload.get("urgency", ""), URGENCIES["normal"])
    complexity = _complexity_of(payload)
    vi, en = f"Phân loại: {urgency.vi}, {complexity.vi}", f"Classified: {urgency.en}, {complexity.en}"
    changed = [CHANGES[name] for name in payload.get("changed", ()) if name in CHANGES]
    if changed:
        what = Bilingual(", ".join(dict.fromkeys(each.vi for each in changed)), ", ".join(dict.fromkeys(each.en for each in changed)))
        vi = f"Phân loại lại ({what.vi}): {urgency.vi}, {complexity.vi}"
        en = f"Classified anew ({what.en}): {urgency.en}, {complexity.en}"
    if payload.get("visibility") and known.audience is not Audience.PROCESS:
        vi, en = f"{vi}, không công khai", f"{en}, not public"
    return Said(Bilingual(vi, en))


def _cleared(payload: dict[str, Any], _known: Known) -> Said:
    if (village := payload.get("village")) is not None:
        if village == "unsaid":
            return Said(Bilingual("Giữ kín lời ghi về thôn hoặc đường", "Left what was typed for village or street unsaid"))
        return Said(Bilingual("Công khai thôn hoặc đường", "Let everybody read the village or street"))
    if payload.get("additions"):
        if payload.get("cleared") or payload.get("photos"):
            return Said(Bilingual("Đọc nội dung bổ sung và biên tập gửi đơn vị", "Read what was added and cleared it for agencies"))
        return Said(Bilingual("Đọc nội dung bổ sung của người phản ánh", "Read what the reporter added"))
    photos = payload.get("photos", 0)
    if not photos:
        return Said(Bilingual("Biên tập nội dung gửi đơn vị", "Cleared the words for agencies"))
    return Said(Bilingual(f"Biên tập nội dung và {photos} ảnh gửi đơn vị", f"Cleared the words and {photos} photos for agencies"))


def _hotline(payload: dict[str, Any], _known: Known) -> Said:
    if payload.get("reached"):
        return Said(Bilingual("Gọi đường dây nóng, đã trao đổi", "Called the hotline and spoke to somebody"))
    return Said(Bilingual("Gọi đường dây nóng, không liên lạc được", "Called the hotline, nobody answered"))


def _distributed(payload: dict[str, Any], known: Known) -> Said:
    lead = agency_name(payload.get("lead"), known)
    others = [agency_name(key, known) for key in payload.get("cooperating", ())]
    vi, en = f"Phân phối: {lead.vi} chủ trì", f"Distributed: {lead.en} leads"
    if others:
        vi = f"{vi}; phối hợp {', '.join(name.vi for name in others)}"
        en = f"{en}; with {', '.join(name.en for name in others)}"
    return Said(Bilingual(vi, en), is_main=True)


def _handed_back(payload: dict[str, Any], known: Known) -> Said:
    agency, suggested = agency_name(payload.get("agency"), known), payload.get("suggested")
    vi, en = f"{agency.vi} chuyển trả", f"{agency.en} handed it back"
    if suggested:
        name = agency_name(suggested, known)
        vi, en = f"{vi}, đề xuất {name.vi}", f"{en}, suggesting {name.en}"
    return Said(Bilingual(vi, en))


def _hand_back_decided(payload: dict[str, Any], known: Known) -> Said:
    agency = agency_name(payload.get("agency"), known)
    if payload.get("upheld"):
        return Said(Bilingual(f"Đồng ý cho {agency.vi} chuyển trả", f"Released {agency.en}"))
    return Said(Bilingual(f"Giữ nguyên {agency.vi}", f"Kept {agency.en} on the case"))


def _rated(payload: dict[str, Any], known: Known) -> Said:
    levels = {
        "satisfied": Bilingual("hài lòng", "satisfied"),
        "acceptable": Bilingual("chấp nhận", "acceptable"),
        "dissatisfied": Bilingual("không hài lòng", "not satisfied"),
    }
    level = levels.get(payload.get("level", ""))
    if level is None or known.audience is Audience.PROCESS:
        return Said(Bilingual("Đánh giá kết quả", "Rated the result"))
    return Said(Bilingual(f"Đánh giá: {level.vi}", f"Rated it: {level.en}"), is_main=True)


def _reviewed(payload: dict[str, Any], _known: Known) -> Said:
    if payload.get("outcome") == "reopened":
        return Said(Bilingual("Xem lại đánh giá: mở lại hồ sơ", "Reviewed the rating: to be reopened"))
    return Said(Bilingual("Xem lại đánh giá: giải thích với người gửi", "Reviewed the rating: explained to the sender"))


def _revealed(payload: dict[str, Any], known: Known) -> Said | None:
    if known.audience is not Audience.CENTRE:
        return None
    reason = payload.get("reason", "")
    return Said(Bilingual(f"Xem danh tính người gửi. Lý do: {reason}", f"Looked at the sender's identity. Reason: {reason}"))


def _named_in_export(payload: dict[str, Any], known: Known) -> Said | None:
    if known.audience is not Audience.CENTRE:
        return None
    reason = payload.get("reason")
    if not reason:
        return Said(Bilingual("Kết xuất danh sách có danh tính người gửi", "Exported a list with the sender's identity"))
    return Said(
        Bilingual(
            f"Kết xuất danh sách có danh tính người gửi. Lý do: {reason}", f"Exported a list with the sender's identity. Reason: {reason}"
        )
    )


def _noted(payload: dict[str, Any], known: Known) -> Said | None:
    audience = payload.get("audience")
    if audience == "centre" and known.audience not in (Audience.CENTRE, Audience.COMMITTEE):
        return None
    return Said(Bilingual("Ghi chú nội bộ", "Wrote an internal note"))


def _published(payload: dict[str, Any], _known: Known) -> Said:
    if payload.get("kind") == "interim":
        return Said(Bilingual("Công khai kết quả bước đầu", "Published an interim answer"), is_main=True)
    return Said(Bilingual("Công khai kết quả", "Published the result"), is_main=True)


def _step_done(payload: dict[str, Any], known: Known) -> Said:
    """A step an administrator drew, by the name it had that day. How it went is read by whoever reads what was written in it."""
    label, outcome = Bilingual(*payload["label"]), payload.get("outcome_label")
    vi, en = f"Thực hiện bước “{label.vi}”", f"Did the step “{label.en}”"
    if payload.get("agency"):
        agency = agency_name(payload["agency"], known)
        vi, en = f"{vi} ({agency.vi})", f"{en} ({agency.en})"
    if outcome and known.audience in (Audience.CENTRE, Audience.COMMITTEE):
        said = Bilingual(*outcome)
        vi, en = f"{vi}: {said.vi}", f"{en}: {said.en}"
    return Said(Bilingual(vi, en))


SENTENCES_OF_THE_WAY: dict[str, Sentence] = {
    "file_report": _filed,
    "verify": always("Tiếp nhận phản ánh", "Accepted the report", is_main=True),
    "clear_text": _cleared,
    "refuse": always("Từ chối tiếp nhận", "Did not accept the report", is_main=True),
    "classify": _classified,
    "call_hotline": _hotline,
    "distribute": _distributed,
    "accept_assignment": of_agency("{agency} tiếp nhận xử lý", "{agency} took it on"),
    "hand_back": _handed_back,
    "decide_hand_back": _hand_back_decided,
    "submit_answer": of_agency("{agency} trình trả lời, bản {version}", "{agency} submitted its answer, version {version}"),
    "approve_answer": of_agency(
        "Phê duyệt trả lời của {agency}, bản {version}", "Approved the answer of {agency}, version {version}", is_main=True
    ),
    "redo_answer": of_agency("Yêu cầu {agency} xử lý lại bản {version}", "Sent version {version} back to {agency}"),
    "do_step": _step_done,
    "publish": _published,
    "answer_privately": always("Trả lời riêng người gửi", "Answered the sender in private", is_main=True),
    "rate": _rated,
    "review_rating": _reviewed,
    "reopen": always("Mở lại hồ sơ", "Reopened the case", is_main=True),
    "close": always("Kết thúc hồ sơ", "Closed the case", is_main=True),
    "reveal_identity": _revealed,
    "export_identity": _named_in_export,
    "fetch_output": always("Tải văn bản về để ký hoặc đóng dấu", "Fetched a document to sign or seal it"),
    "restate_look": lambda _payload, _known: None,
    "confirm_contact": always("Người gửi xác nhận cách liên hệ bằng mã", "The sender confirmed by a code how to be reached"),
    "write_note": _noted,
}

"""How the history says what was found of a report: accepted, read, classified, called about, refused."""

from casework.bilingual import Bilingual
from casework.sentences import Audience, Known, Payload, Said, says

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


def classified(payload: Payload, known: Known) -> Said:
    """For staff: how, and at another time what of it changed."""
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
    return says(vi, en)


def _complexity_of(payload: Payload) -> Bilingual:
    """The complexity under its name of the day; events of before rows had names know three keys."""
    if rated := payload.get("rated"):
        return Bilingual(*(name[:1].lower() + name[1:] for name in rated))
    return COMPLEXITIES.get(payload.get("complexity", ""), COMPLEXITIES["ordinary"])


def classified_for_outside(payload: Payload, _known: Known) -> Said | None:
    """For people outside."""
    if "changed" in payload:
        return _reclassified(payload)
    if payload.get("urgency") == "urgent":
        return says("Trung tâm xác định mức độ khẩn", "The centre found it urgent")
    return says("Trung tâm phân loại và hẹn ngày trả lời", "The centre classified it and set the day of the answer")


def _reclassified(payload: Payload) -> Said | None:
    """What is said of a change: of the urgency, or of what the day of the answer hangs on. The rest tells people outside nothing."""
    if "urgency" in payload["changed"]:
        if payload.get("urgency") == "urgent":
            return says("Trung tâm chuyển sang mức độ khẩn", "The centre now treats it as urgent")
        return says("Trung tâm chuyển sang mức độ bình thường", "The centre no longer treats it as urgent")
    if {"field", "complexity"} & set(payload["changed"]):
        return says("Trung tâm phân loại lại", "The centre classified it anew")
    return None


def cleared(payload: Payload, _known: Known) -> Said:
    """For staff: what was made readable for agencies or for everybody."""
    if (village := payload.get("village")) is not None:
        if village == "unsaid":
            return says("Giữ kín lời ghi về thôn hoặc đường", "Left what was typed for village or street unsaid")
        return says("Công khai thôn hoặc đường", "Let everybody read the village or street")
    if payload.get("additions"):
        if payload.get("cleared") or payload.get("photos"):
            return says("Đọc nội dung bổ sung và biên tập gửi đơn vị", "Read what was added and cleared it for agencies")
        return says("Đọc nội dung bổ sung của người phản ánh", "Read what the reporter added")
    photos = payload.get("photos", 0)
    if not photos:
        return says("Biên tập nội dung gửi đơn vị", "Cleared the words for agencies")
    return says(f"Biên tập nội dung và {photos} ảnh gửi đơn vị", f"Cleared the words and {photos} photos for agencies")


def hotline_called(payload: Payload, _known: Known) -> Said:
    """For staff."""
    if payload.get("reached"):
        return says("Gọi đường dây nóng, đã trao đổi", "Called the hotline and spoke to somebody")
    if payload.get("again"):
        return says("Gọi đường dây nóng, hẹn gọi lại", "Called the hotline, to be called again")
    return says("Gọi đường dây nóng, không liên lạc được", "Called the hotline, nobody answered")


def hotline_reached(payload: Payload, _known: Known) -> Said | None:
    """For people outside."""
    return says("Trung tâm gọi đường dây nóng", "The centre called the hotline") if payload.get("reached") else None


def objection_decided(payload: Payload, _known: Known) -> Said:
    """For staff."""
    if payload.get("upheld"):
        return says("Chấp nhận đề nghị xem lại, hồ sơ tiếp tục", "Upheld the objection; the case goes on", is_main=True)
    return says("Giữ nguyên việc từ chối", "Dismissed the objection")


def looked_at_again(payload: Payload, _known: Known) -> Said:
    """For the sender: what came of the objection."""
    if payload.get("upheld"):
        return says("Trung tâm xem lại và tiếp tục xử lý", "The centre looked again and goes on", is_main=True)
    return says("Trung tâm xem lại và giữ nguyên", "The centre looked again and stands by it", is_main=True)

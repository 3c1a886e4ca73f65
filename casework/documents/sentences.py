"""How the history says that something was written and signed on paper."""

from datetime import date

from casework.bilingual import Bilingual
from casework.sentences import Known, Payload, Said, agency_name, day_words, says

THE_CENTRE = Bilingual("Trung tâm", "The centre")
LETTERS_TO_SENDERS = {
    "answer": Bilingual("công văn trả lời", "an answer letter"),
    "extension_notice": Bilingual("thông báo gia hạn", "a notice of more time"),
    "refusal_notice": Bilingual("thông báo không tiếp nhận", "a notice of refusal"),
}
LETTERS = LETTERS_TO_SENDERS | {
    "transfer_slip": Bilingual("phiếu chuyển", "a transfer slip"),
    "handover_minutes": Bilingual("biên bản bàn giao", "minutes of hand-over"),
}
"""Letters about a case, as the middle of a sentence names them."""


def apologised(payload: Payload, known: Known) -> Said:
    """For staff."""
    day = day_words(payload.get("new_day"))
    if not payload.get("agency"):
        vi, en = f"Xin lỗi người phản ánh, hẹn trả lời chậm nhất ngày {day}", f"Apologised to the reporters, a new day: {day}"
        return says(vi, en, is_main=True)
    agency = agency_name(payload["agency"], known)
    vi, en = f"{agency.vi} xin lỗi người phản ánh, hẹn trả lời chậm nhất ngày {day}", f"{agency.en} apologised to the reporters: {day}"
    return says(vi, en, is_main=True)


def apologised_to_you(payload: Payload, known: Known) -> Said:
    """For the sender."""
    unit = known.agencies.get(payload.get("agency") or "", THE_CENTRE)
    day = f"{date.fromisoformat(payload['new_day']):%d/%m/%Y}"
    return says(f"{unit.vi} xin lỗi vì trả lời chậm, hẹn lại ngày {day}", f"{unit.en} apologised and promised {day}", is_main=True)


def letter_written(payload: Payload, known: Known) -> Said:
    """For staff."""
    what = LETTERS.get(payload.get("kind", ""), Bilingual("văn bản", "a letter"))
    if not payload.get("agency"):
        return says(f"Soạn {what.vi}", f"Wrote {what.en}")
    agency = agency_name(payload["agency"], known)
    if payload.get("kind") == "transfer_slip":
        return says(f"Soạn {what.vi} gửi {agency.vi}", f"Wrote {what.en} to {agency.en}")
    return says(f"{agency.vi} soạn {what.vi}", f"{agency.en} wrote {what.en}")


def written_to_you(payload: Payload, known: Known) -> Said | None:
    """For the sender: what the centre writes to agencies and other bodies stays inside."""
    what = LETTERS_TO_SENDERS.get(payload.get("kind", ""))
    if what is None:
        return None
    unit = known.agencies.get(payload.get("agency") or "", THE_CENTRE)
    return says(f"{unit.vi} gửi {what.vi}", f"{unit.en} wrote {what.en}")

"""How the history says that senders were asked whether it is really mended, and what they said."""

from casework.bilingual import Bilingual
from casework.sentences import Audience, Known, Payload, Said, says

ANSWERS = {"yes": Bilingual("đã xử lý thật", "really mended"), "no": Bilingual("chưa xử lý xong", "not mended")}


def asked(payload: Payload, _known: Known) -> Said:
    """For staff."""
    number = int(payload.get("asked") or 0)
    return says(f"Hỏi lại {number} người gửi: đã xử lý thật chưa", f"Asked {number} of its senders whether it is really mended")


def said(payload: Payload, known: Known) -> Said:
    """For staff: what was said, for whoever knows more than the process."""
    words = ANSWERS.get(str(payload.get("answer")))
    if words is None or known.audience is Audience.PROCESS:
        return says("Người gửi trả lời câu hỏi đã xử lý thật chưa", "Its sender said whether it is really mended")
    return says(f"Người gửi cho biết: {words.vi}", f"Its sender says: {words.en}", is_main=True)


def said_by_you(payload: Payload, _known: Known) -> Said:
    """For the sender."""
    words = ANSWERS.get(str(payload.get("answer")), Bilingual("…", "…"))
    return says(f"Ông/Bà cho biết: {words.vi}", f"You said: {words.en}", is_main=True)


def reported_again(payload: Payload, known: Known) -> Said:
    """For staff and the sender: which report came before, or after."""
    is_sender = known.audience is Audience.SENDER
    vi, en = ("Ông/Bà", "You") if is_sender else ("Người gửi", "Its sender")
    if not payload.get("later") and not payload.get("earlier"):
        return says(f"{vi} gửi phản ánh về cùng việc", f"{en} sent a report about the same matter")
    if later := payload.get("later"):
        return says(f"{vi} gửi phản ánh mới {later} vì việc chưa xử lý xong", f"{en} sent the new report {later}: it is not mended")
    return says(f"{vi} gửi tiếp sau phản ánh {payload.get('earlier', '…')} đã trả lời",
                f"{en} sent it after report {payload.get('earlier', '…')} had been answered", is_main=True)  # fmt: skip

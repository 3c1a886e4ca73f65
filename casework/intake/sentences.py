"""How the history says that a report came in."""

from casework.bilingual import Bilingual
from casework.sentences import Known, Payload, Said, says

SOURCES = {
    "camera": Bilingual("Lập phản ánh từ camera", "Opened from a camera"),
    "phone": Bilingual("Nhập phản ánh qua điện thoại", "Entered a report made by telephone"),
    "officer": Bilingual("Cán bộ nhập phản ánh", "A member of staff entered the report"),
}


def filed(payload: Payload, _known: Known) -> Said:
    """For staff."""
    words = SOURCES.get(payload.get("source", ""), Bilingual("Gửi phản ánh", "Sent the report"))
    if payload.get("marked_urgent"):
        words = Bilingual(f"{words.vi}, đánh dấu khẩn", f"{words.en}, marked urgent")
    return Said(words, is_main=True)


def filed_by_somebody(payload: Payload, _known: Known) -> Said:
    """For the public."""
    match payload.get("source"):
        case "camera":
            return says("Trung tâm phát hiện qua camera", "The centre saw it on a camera", is_main=True)
        case "phone":
            return says("Người dân gọi điện phản ánh", "Somebody reported it by telephone", is_main=True)
        case _:
            return says("Người dân gửi phản ánh", "Somebody sent the report", is_main=True)

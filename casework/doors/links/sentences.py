"""How the history tells of links: for staff alone; the public and the senders hear nothing of them."""

from casework.bilingual import Bilingual
from casework.sentences import Known, Payload, Said, agency_name, day_words, says

_OUTCOMES = {
    "done": Bilingual(": đã làm xong", ": the work is done"),
    "longer": Bilingual(": cần thêm thời gian", ": it takes longer"),
    "not_ours": Bilingual(": không thuộc đơn vị này", ": it is not for this body"),
}
"""What came of the matter, in events since they name it."""
_TO_REFERRED = Bilingual("cơ quan đã chuyển", "the body it was referred to")


def _body(payload: Payload, known: Known) -> Bilingual:
    key = payload.get("agency")
    return agency_name(key, known) if key else _TO_REFERRED


def sent(payload: Payload, known: Known) -> Said:
    body, day = _body(payload, known), day_words(payload.get("until"))
    return says(f"Tạo đường dẫn trả lời cho {body.vi}, đến hết ngày {day}", f"Made a link for {body.en} to answer, until the end of {day}")


def revoked(payload: Payload, known: Known) -> Said:
    body = _body(payload, known)
    if payload.get("why") == "codes":
        return says(f"Thu hồi đường dẫn của {body.vi}: nhập sai mã quá nhiều lần",
                    f"Revoked the link of {body.en}: its code was typed wrongly too often")  # fmt: skip
    if payload.get("why") == "renewed":
        return says(f"Thay đường dẫn của {body.vi} bằng đường dẫn mới", f"Replaced the link of {body.en} by a new one")
    return says(f"Thu hồi đường dẫn của {body.vi}", f"Revoked the link of {body.en}")


def opened(payload: Payload, known: Known) -> Said:
    body, network = _body(payload, known), payload.get("network", "")
    return says(f"Đường dẫn của {body.vi} được mở (mạng {network})", f"The link of {body.en} was opened (network {network})")


def taken_up(payload: Payload, known: Known) -> Said:
    body = _body(payload, known)
    return says(f"Trình trả lời của {body.vi} đến qua đường dẫn", f"Submitted the answer of {body.en} that came by its link")


def answered(payload: Payload, known: Known) -> Said:
    body, outcome = _body(payload, known), _OUTCOMES.get(payload.get("outcome") or "", Bilingual("", ""))
    return says(f"Trả lời của {body.vi} đến qua đường dẫn{outcome.vi}, chưa duyệt",
                f"An answer of {body.en} came by its link{outcome.en}, not approved")  # fmt: skip

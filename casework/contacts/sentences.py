"""How the history of staff says that a sender was blocked. The centre alone reads it."""

from casework.sentences import Audience, Known, Payload, Said, day_words, says


def blocked(payload: Payload, known: Known) -> Said | None:
    """Who, and until when."""
    if known.audience is not Audience.CENTRE:
        return None
    code, day = payload.get("report", ""), day_words(payload.get("until"))
    return says(f"Tạm chặn người gửi {code} đến hết ngày {day}", f"Blocked the sender of {code} until the end of {day}")


def block_lifted(payload: Payload, known: Known) -> Said | None:
    """Whose."""
    if known.audience is not Audience.CENTRE:
        return None
    code = payload.get("report", "")
    return says(f"Gỡ chặn người gửi {code}", f"Lifted the block of the sender of {code}")

"""How the history says what was told in public or in private, and how it was rated."""

from casework.bilingual import Bilingual
from casework.sentences import Audience, Known, Payload, Said, says

LEVELS = {
    "satisfied": Bilingual("hài lòng", "satisfied"),
    "acceptable": Bilingual("chấp nhận", "acceptable"),
    "dissatisfied": Bilingual("không hài lòng", "not satisfied"),
}


def published(payload: Payload, _known: Known) -> Said:
    """For staff."""
    if payload.get("kind") == "interim":
        return says("Công khai kết quả bước đầu", "Published an interim answer", is_main=True)
    return says("Công khai kết quả", "Published the result", is_main=True)


def published_by_centre(payload: Payload, _known: Known) -> Said:
    """For people outside."""
    if payload.get("kind") == "interim":
        return says("Trung tâm công khai kết quả bước đầu", "The centre published an interim result", is_main=True)
    return says("Trung tâm công khai kết quả", "The centre published the result", is_main=True)


def corrected_in_public(payload: Payload, known: Known) -> Said | None:
    """For the public: a private answer is none of it."""
    return None if payload.get("kind") == "private" else corrected_by_centre(payload, known)


def corrected_by_centre(payload: Payload, _known: Known) -> Said:
    """For the sender."""
    if payload.get("again"):
        return says("Trung tâm đính chính và công khai lại", "The centre corrected and published it again", is_main=True)
    return says("Trung tâm đính chính kết quả", "The centre corrected the result", is_main=True)


def rated(payload: Payload, known: Known) -> Said:
    """For staff: how, for whoever knows more than the process."""
    level = LEVELS.get(payload.get("level", ""))
    if level is None or known.audience is Audience.PROCESS:
        return says("Đánh giá kết quả", "Rated the result")
    return says(f"Đánh giá: {level.vi}", f"Rated it: {level.en}", is_main=True)


def rating_reviewed(payload: Payload, _known: Known) -> Said:
    """For staff."""
    if payload.get("outcome") == "reopened":
        return says("Xem lại đánh giá: mở lại hồ sơ", "Reviewed the rating: to be reopened")
    return says("Xem lại đánh giá: giải thích với người gửi", "Reviewed the rating: explained to the sender")


def explained(payload: Payload, _known: Known) -> Said | None:
    """For the sender; that it was reopened is an event of its own."""
    if payload.get("outcome") != "explained":
        return None
    return says("Trung tâm xem lại và giải thích", "The centre looked again and explained", is_main=True)

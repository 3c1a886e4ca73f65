"""How the history of staff says that a note was written."""

from casework.sentences import Audience, Known, Payload, Said, says


def noted(payload: Payload, known: Known) -> Said | None:
    """That it was, to those it is for."""
    if payload.get("audience") == "centre" and known.audience not in (Audience.CENTRE, Audience.COMMITTEE):
        return None
    return says("Ghi chú nội bộ", "Wrote an internal note")

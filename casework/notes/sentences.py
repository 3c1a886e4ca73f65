"""How the history of staff says that a note was written."""

from casework.sentences import Audience, Known, Payload, Said, agency_name, says


def noted(payload: Payload, known: Known) -> Said | None:
    """That it was, to those it is for; a word between the centre and one agency to neither the others nor the agency, which reads it."""
    is_inside = known.audience in (Audience.CENTRE, Audience.COMMITTEE)
    if (payload.get("audience") == "centre" or "agency" in payload) and not is_inside:
        return None
    if "agency" in payload:
        name = agency_name(payload["agency"], known)
        return says(f"Trao đổi riêng giữa Trung tâm và {name.vi}", f"A word between the centre and {name.en}")
    return says("Ghi chú nội bộ", "Wrote an internal note")

"""How the history of staff says that a drawn step was done, or a list with names taken out."""

from casework.bilingual import Bilingual
from casework.sentences import Audience, Known, Payload, Said, agency_name, says


def step_done(payload: Payload, known: Known) -> Said:
    """A step an administrator drew, by the name it had that day. How it went is read by whoever reads what was written in it."""
    label, outcome = Bilingual(*payload["label"]), payload.get("outcome_label")
    vi, en = f"Thực hiện bước “{label.vi}”", f"Did the step “{label.en}”"
    if payload.get("agency"):
        agency = agency_name(payload["agency"], known)
        vi, en = f"{vi} ({agency.vi})", f"{en} ({agency.en})"
    if outcome and known.audience in (Audience.CENTRE, Audience.COMMITTEE):
        said = Bilingual(*outcome)
        vi, en = f"{vi}: {said.vi}", f"{en}: {said.en}"
    return says(vi, en)


def named_in_export(payload: Payload, known: Known) -> Said | None:
    """For the centre, with the reason as long as it is kept."""
    if known.audience is not Audience.CENTRE:
        return None
    vi, en, reason = "Kết xuất danh sách có danh tính người gửi", "Exported a list with the sender's identity", payload.get("reason")
    return says(f"{vi}. Lý do: {reason}", f"{en}. Reason: {reason}") if reason else says(vi, en)

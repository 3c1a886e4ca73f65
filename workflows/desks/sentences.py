"""How the history of staff says who got a step to do."""

from casework.bilingual import Bilingual
from casework.sentences import Audience, Known, Payload, Said, says


def task_assigned(payload: Payload, known: Known) -> Said | None:
    """What was done with the step, without the names of those it went from and to; an agency reads of its own people's steps alone."""
    if known.audience is Audience.AGENCY and "agency" not in payload:
        return None
    label = Bilingual(*payload.get("step", ("?", "?")))
    match payload.get("how"):
        case "taken":
            return says(f"Chuyển bước “{label.vi}” cho người khác làm", f"Gave the step “{label.en}” to somebody else")
        case "freed":
            return says(f"Đưa bước “{label.vi}” về việc chung", f"Put the step “{label.en}” back for anybody")
        case "returned":
            return says(
                f"Bước “{label.vi}” trở về việc chung vì người giữ đã rời vị trí",
                f"The step “{label.en}” is free again: whoever held it has left",
            )
        case _:
            return says(f"Giao bước “{label.vi}” cho cán bộ", f"Gave the step “{label.en}” to a colleague")

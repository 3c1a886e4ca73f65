"""One event in words for one reader, as its verb's row tells it (casework/verbs.py)."""

from casework.sentences import OUTSIDE, Known, Payload, Said, says
from casework.verbs import verb_of

ERASED = says("Nội dung sự kiện đã được xóa theo quy định", "What happened here has been erased as the rules demand")


def narrate(event_type: str, payload: Payload | None, known: Known) -> Said | None:
    """Say what happened; None where this reader is not told. Of what was erased people outside are told nothing."""
    if payload is None:
        return None if known.audience in OUTSIDE else ERASED
    verb = verb_of(event_type)
    tell = verb.sentence_for(known.audience) if verb is not None else None
    if tell is not None:
        return tell(payload, known)
    return None if known.audience in OUTSIDE else says(f"Sự kiện “{event_type}”", f"Event “{event_type}”")

"""Which messages cannot wait: those of an urgent matter that somebody has to act on or was promised to hear of."""

from casework.messages.kinds import KINDS
from casework.models import Case, OutboxMessage


def is_urgent(message: OutboxMessage, case: Case | None) -> bool:
    """Whether it leaves in quiet hours and before others. A report its sender marked counts, though nobody has looked at it yet."""
    kind = KINDS.get(message.template)
    if kind is None or not kind.hurries:
        return False
    said = message.parameters.get("urgent") or message.parameters.get("marked_urgent")
    return bool(said) or (case is not None and case.is_urgent)

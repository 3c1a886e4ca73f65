"""Messages that cannot wait: about an urgent matter that somebody has to act on or was promised to hear about."""

from casework.messages.kinds import KINDS
from casework.models import Case, OutboxMessage


def is_urgent(message: OutboxMessage, case: Case | None) -> bool:
    """Whether it is sent in quiet hours and before others. A report its sender marked urgent counts even before anybody has looked at it.
    """
    kind = KINDS.get(message.template)
    if kind is None or not kind.hurries:
        return False
    said = message.parameters.get("urgent") or message.parameters.get("marked_urgent")
    return bool(said) or (case is not None and case.is_urgent)

"""The parts of a case on its page, and on the page of a part the case it belongs to."""

from dataclasses import dataclass
from typing import Any

from casework.models import Case
from casework.parts import parent_of, parts_of
from casework.permissions.sight import Sight, seen_by, sees
from casework.states import OPEN_STATES, STAFF_LABELS, CaseState
from web.clock import now
from web.due_words import DueWords, due_words
from web.guards import actor


@dataclass(frozen=True, slots=True)
class PartRow:
    case: Case
    state: Any
    due: DueWords | None


@dataclass(frozen=True, slots=True)
class Family:
    """`parent` only for who may open it; `parts` for the centre and the committee, who read every answer."""

    is_part: bool = False
    parent: Case | None = None
    parts: tuple[PartRow, ...] = ()


def family_of(seen: Case) -> Family:
    """Without a statement for a case that is no part and has none."""
    by = actor()
    if (parent := parent_of(seen)) is not None:
        return Family(is_part=True, parent=seen_by(by, parent))
    there = parts_of(seen) if seen.is_divided and sees(by, Sight.SUBMITTED_ANSWERS, seen) else []
    return Family(parts=tuple(_row(part) for part in there if seen_by(by, part) is not None))


def _row(part: Case) -> PartRow:
    due = due_words(part.due_at, now=now()) if part.state in OPEN_STATES else None
    return PartRow(part, STAFF_LABELS[CaseState(part.state)], due)

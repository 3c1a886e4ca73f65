"""Parts of a text that may still reveal its author, each listed once next to the text with a suggested replacement."""

from dataclasses import dataclass

from casework.bilingual import Bilingual
from casework.triage.personal_marks import MARK_LABELS, NEUTRAL_WORDS, WEAK, personal_marks


@dataclass(frozen=True, slots=True)
class MarkLeft:
    """A stretch of the text. `is_weak` where it may be part of the matter itself."""

    text: str
    label: Bilingual
    neutral: str
    is_weak: bool


def marks_left(text: str) -> list[MarkLeft]:
    """The marks of a text in order, each stretch once."""
    found: dict[str, MarkLeft] = {}
    for mark in personal_marks(text):
        stretch = text[mark.start : mark.end]
        found.setdefault(stretch, MarkLeft(stretch, MARK_LABELS[mark.kind], NEUTRAL_WORDS[mark.kind], mark.kind in WEAK))
    return list(found.values())

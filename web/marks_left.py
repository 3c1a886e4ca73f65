"""What in a text may still tell who wrote it, as the page beside it names it: once each, with the word that may stand in its place."""

from dataclasses import dataclass

from casework.bilingual import Bilingual
from casework.triage.personal_marks import MARK_LABELS, NEUTRAL_WORDS, WEAK, personal_marks


@dataclass(frozen=True, slots=True)
class MarkLeft:
    """A stretch of the text. `is_weak` where it may be the matter itself."""

    text: str
    label: Bilingual
    neutral: str
    is_weak: bool


def marks_left(text: str) -> list[MarkLeft]:
    """Return the marks of a text in their order, each stretch once."""
    found: dict[str, MarkLeft] = {}
    for mark in personal_marks(text):
        stretch = text[mark.start : mark.end]
        found.setdefault(stretch, MarkLeft(stretch, MARK_LABELS[mark.kind], NEUTRAL_WORDS[mark.kind], mark.kind in WEAK))
    return list(found.values())

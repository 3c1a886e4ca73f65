"""What changed from one version of an answer or a publication to the next."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

from casework.casefile.views import SeenAnswer
from casework.models import PublicationVersion
from web.text_diff import Change, changes

ANSWER_PARTS = ("findings", "actions", "remaining", "contact")
PUBLICATION_PARTS = ("title", "question", "summary", "place")


@dataclass(frozen=True)
class TextDifference:
    """One changed part of a text; `part` is its column."""

    part: str
    pieces: list[Change]


def answer_differences(versions: Sequence[SeenAnswer]) -> dict[int, list[TextDifference]]:
    """For each answer, by row, its changes from the previous version that the reader may read. `versions` are newest first."""
    return {newer.answer.id: _between(older.answer, newer.answer, ANSWER_PARTS) for newer, older in pairwise(versions)}


def publication_differences(versions: Sequence[PublicationVersion]) -> dict[int, list[TextDifference]]:
    """For each correction, by row, its changes from the previous version. `versions` are oldest first."""
    return {newer.id: _between(older, newer, PUBLICATION_PARTS) for older, newer in pairwise(versions)}


def _between(older: object, newer: object, parts: Sequence[str]) -> list[TextDifference]:
    found = []
    for part in parts:
        before, after = getattr(older, part) or "", getattr(newer, part) or ""
        if before != after:
            found.append(TextDifference(part, changes(before, after)))
    return found

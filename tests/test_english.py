"""English in the words of a native colleague: what was once said otherwise is said nowhere any more."""
from __future__ import annotations

import re
from pathlib import Path

import pytest

from tools.translations import catalogue

ROOT = Path(__file__).parent.parent
OLD = re.compile(r"where it hurts|\btake (?:it )?down\b|let (?:it|them) go on\b|words of reporters|\bmonth %\(|\bmonth \d+/\d{4}|"
                 r"until (?:their|the) case goes on|lately finished|present place", re.IGNORECASE)  # fmt: skip
"""Each was carried over from the Vietnamese, word by word."""
SOURCES = [path for folder, kinds in (("web", ("py", "html", "js")), ("casework", ("py",)), ("workflows", ("py",)), ("reports", ("py",)),
                                      ("benchmark", ("py",)), ("bpmn", ("bpmn", "dmn")), ("docs", ("md",)))
           for kind in kinds for path in (ROOT / folder).rglob(f"*.{kind}")]  # fmt: skip
NAMED = {
    "Bottlenecks", "Take a report", "Added by senders", "Resume the process", "On hold until the case resumes:",
    "On hold until their case resumes", "File the report", "Send the decision",
}  # fmt: skip
"""What stands in their place."""


def test_old_words_stand_in_no_source_and_no_text() -> None:
    wrong = [f"{path.relative_to(ROOT)}: {found[0]}" for path in SOURCES if (found := OLD.search(path.read_text(encoding="utf-8")))]
    wrong += [str(message.id) for message in catalogue() if message.id and OLD.search(str(message.id))]
    assert (wrong, len(SOURCES) > 500) == ([], True)


@pytest.mark.parametrize("words", [
    "Where it hurts", "Take it down", "Take down", "The case is on hold. Let it go on first.", "Words of reporters", "Month 12/2026",
    "Month %(month)s",
])  # fmt: skip
def test_an_old_word_would_be_seen(words: str) -> None:
    assert OLD.search(words)


def test_what_stands_in_their_place_is_in_the_catalogue() -> None:
    assert {str(message.id) for message in catalogue() if message.id} >= NAMED

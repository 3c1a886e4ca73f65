"""What a sender answered to the questions of a field: sealed beside their words, and read with them.

Nothing of it is public or for agencies until an operator has read it and released it in the cleared text, as with the words.
"""

from collections.abc import Sequence

from casework.asking.questions import GivenAnswer
from casework.bilingual import Bilingual
from casework.models import Report, ReportText
from casework.sealing.seal import open_json, seal_json

ANSWERS_PURPOSE = "answers to the questions of a field"


def sealed_answers(answers: Sequence[GivenAnswer]) -> bytes | None:
    if not answers:
        return None
    kept = [[each.code, each.question.vi, each.question.en, each.words.vi, each.words.en] for each in answers]
    return seal_json(kept, purpose=ANSWERS_PURPOSE)


def answers_given(report: Report) -> tuple[GivenAnswer, ...]:
    """Open a report's answers; callers check as for `original_words`. Empty once erased."""
    text: ReportText | None = next((text for text in report.texts if text.kind == "original"), None)
    return opened_answers(text.sealed_answers if text else None)


def opened_answers(sealed: bytes | None) -> tuple[GivenAnswer, ...]:
    """The same for sealed answers that were read without their report."""
    rows: list[list[str]] = open_json(sealed, purpose=ANSWERS_PURPOSE) if sealed else []
    return tuple(GivenAnswer(code, Bilingual(vi, en), Bilingual(said_vi, said_en)) for code, vi, en, said_vi, said_en in rows)


def with_answers(words: str | None, answers: Sequence[GivenAnswer], *, language: str = "vi") -> str | None:
    """The words, and below them a line for each answer. Staff read them in Vietnamese, the language cleared texts are written in."""
    lines = "\n".join(_line(each.question.in_language(language), each.words.in_language(language)) for each in answers)
    return "\n\n".join(part for part in (words, lines) if part) if lines else words


def as_sent(words: str | None, answers: Sequence[GivenAnswer]) -> str:
    """What tells whether two reports say the same: without the wording of the questions, which may change before a report is repeated."""
    return "\n".join([words or "", *(f"{each.code}: {each.words.vi}" for each in answers)]) if answers else words or ""


def _line(question: str, answer: str) -> str:
    return f"{question} {answer}" if question.endswith(("?", ":")) else f"{question}: {answer}"

"""Questions asked where a field of work was chosen: settings keep them, the form for senders and the intake of calls ask them.

A centre's own question replaces the installation's of the same field and code. Source: rules.md, section 8.
"""

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import date
from decimal import Decimal, InvalidOperation
from enum import StrEnum

from sqlalchemy import or_

from casework.bilingual import Bilingual
from casework.models import ExtraQuestion, Field
from casework.reading.kept_with_rules import kept_with_rules
from casework.reading.rule_rows import FieldRow, RuleRow, columns_for, own_before_shared, rows_by
from casework.text import normal

MOST_OF_A_FIELD = 6
MOST_OPTIONS = 12
LONGEST_OPTION = 80
LONGEST_ANSWER = 500


class QuestionKind(StrEnum):
    """What is answered. A notice that stops is not answered: it says that such reports are not taken here, and whom to call."""

    TEXT = "text"
    NUMBER = "number"
    CHOICE = "choice"
    STOP = "stop"


KINDS: dict[str, Bilingual] = {
    QuestionKind.TEXT: Bilingual("Chữ", "Text"),
    QuestionKind.NUMBER: Bilingual("Số", "Number"),
    QuestionKind.CHOICE: Bilingual("Chọn một", "Choice"),
    QuestionKind.STOP: Bilingual("Thông báo không nhận", "Notice that stops"),
}


@dataclass(frozen=True, slots=True)
class AskedQuestion(RuleRow):
    """A question as a form asks it; its name is the question, of a notice the sentence."""

    service_code: str
    code: str
    position: int
    kind: str
    hint_vi: str
    hint_en: str
    least: int | None
    most: int | None
    options_vi: str
    options_en: str
    is_required: bool
    for_citizens: bool
    for_operators: bool
    may_send: bool

    @property
    def key(self) -> tuple[str, str]:
        return self.service_code, self.code

    @property
    def hint(self) -> Bilingual:
        return Bilingual(self.hint_vi, self.hint_en)

    @property
    def stops(self) -> bool:
        return self.kind == QuestionKind.STOP

    @property
    def options(self) -> tuple[Bilingual, ...]:
        """The words that can be chosen, in order; those of another language stand on the same line."""
        return tuple(Bilingual(*pair) for pair in zip(options_in(self.options_vi), options_in(self.options_en), strict=False))


@dataclass(frozen=True, slots=True)
class GivenAnswer:
    """What was answered, with the question as it was asked: a later change of the rules does not change what somebody has said."""

    code: str
    question: Bilingual
    words: Bilingual


class AnswerRefused(ValueError):
    """An answer cannot be taken; `text` says why, to be shown at the question."""

    def __init__(self, vi: str, en: str) -> None:
        super().__init__(en)
        self.text = Bilingual(vi, en)


def questions_of(field: Field | FieldRow, centre_id: int | None, *, on: date) -> tuple[AskedQuestion, ...]:
    """The questions of a field for reports to a centre on a day, in order."""
    return tuple(row for row in questions_at(centre_id, on) if row.service_code == field.service_code)


@kept_with_rules
def questions_at(centre_id: int | None, day: date) -> tuple[AskedQuestion, ...]:
    """The questions of all fields of a centre on a day, in order."""
    return own_before_shared(AskedQuestion, ExtraQuestion, centre_id, day, key="key")


def former_questions(ids: Iterable[int], centre_id: int | None, *, on: date) -> tuple[AskedQuestion, ...]:
    """Questions that may have been replaced or ended since a report was written, as they stood in its form; no more than a field has."""
    query = columns_for(AskedQuestion, ExtraQuestion).where(
        ExtraQuestion.id.in_(sorted(ids)[:MOST_OF_A_FIELD]), ExtraQuestion.valid_from <= on, ExtraQuestion.kind != QuestionKind.STOP,
        or_(ExtraQuestion.centre_id == centre_id, ExtraQuestion.centre_id.is_(None)),
    )  # fmt: skip
    return rows_by(AskedQuestion, query.order_by(ExtraQuestion.position, ExtraQuestion.id))


def row_of(kept: ExtraQuestion) -> AskedQuestion:
    """A question of the settings as a form asks it."""
    return AskedQuestion(*(getattr(kept, each.name) for each in fields(AskedQuestion)))


def options_in(lines: str) -> list[str]:
    return [option for line in lines.splitlines() if (option := " ".join(line.split()))]


def answer_to(question: AskedQuestion, typed: str) -> GivenAnswer | None:
    """The answer in what was typed; of a choice its words in Vietnamese. None where nothing was. Raises AnswerRefused."""
    text = normal(typed)
    if not text:
        if question.is_required and not question.stops:
            raise AnswerRefused("Vui lòng trả lời câu hỏi này.", "Please answer this question.")
        return None
    return GivenAnswer(question.code, question.name, _read(question, text))


def _read(question: AskedQuestion, text: str) -> Bilingual:
    if question.kind == QuestionKind.CHOICE:
        chosen = next((option for option in question.options if option.vi == text), None)
        if chosen is None:
            raise AnswerRefused("Vui lòng chọn một mục trong danh sách.", "Please choose one of the list.")
        return chosen
    if question.kind == QuestionKind.NUMBER:
        return _number(question, text)
    if len(text) > LONGEST_ANSWER:
        raise AnswerRefused(f"Tối đa {LONGEST_ANSWER} ký tự.", f"At most {LONGEST_ANSWER} characters are taken.")
    return Bilingual(text, text)


def _number(question: AskedQuestion, text: str) -> Bilingual:
    """A number of at most nine digits; a comma or a point before its decimals, as people write it."""
    plain = text.replace(",", ".", 1)
    try:
        number = Decimal(plain) if len(plain) <= 12 and plain.replace(".", "", 1).lstrip("-").isdecimal() and plain.isascii() else None
    except InvalidOperation:
        number = None
    if number is None:
        raise AnswerRefused("Vui lòng ghi một số, như 12 hoặc 1,5.", "Please write a number, such as 12 or 1.5.")
    least, most = question.least, question.most
    if (least is not None and number < least) or (most is not None and number > most):
        if least is not None and most is not None:
            raise AnswerRefused(f"Cần một số từ {least} đến {most}.", f"A number from {least} to {most} is needed.")
        if least is not None:
            raise AnswerRefused(f"Cần một số từ {least} trở lên.", f"A number of {least} or more is needed.")
        raise AnswerRefused(f"Cần một số không quá {most}.", f"A number of {most} at most is needed.")
    return Bilingual(plain.replace(".", ","), plain)

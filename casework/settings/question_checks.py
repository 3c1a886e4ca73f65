"""Checks of the extra questions of a field: how many there are, and that each can be answered."""

from collections.abc import Iterator

from casework.asking.questions import (
    LONGEST_OPTION,
    MOST_OF_A_FIELD,
    MOST_OPTIONS,
    AskedQuestion,
    QuestionKind,
    options_in,
)
from casework.bilingual import Bilingual
from casework.db import db
from casework.models import ExtraQuestion
from casework.reading.rule_rows import columns_for
from casework.settings.importing.rows import Proposal

Fault = tuple[str, Bilingual]


def check_question(proposal: Proposal) -> Iterator[Fault]:
    """Options for a choice, bounds for a number, whom to call for a notice; and no more questions than people answer."""
    values = proposal.values
    kind = values["kind"]
    if kind == QuestionKind.CHOICE:
        yield from _of_options(options_in(values["options_vi"]), options_in(values["options_en"]))
    elif values["options_vi"] or values["options_en"]:
        yield "options_vi", Bilingual("Chỉ câu hỏi chọn một mới có các mục.", "Only a choice has options.")
    yield from _of_bounds(kind, values["least"], values["most"])
    if kind == QuestionKind.STOP and not values["hint_vi"]:
        yield "hint_vi", Bilingual("Vui lòng ghi nơi cần gọi hoặc gửi.", "Please say whom to call instead.")
    if values["may_send"] and kind != QuestionKind.STOP:
        yield "may_send", Bilingual("Chỉ dùng cho thông báo không nhận.", "Only for a notice that stops.")
    if not (values["for_citizens"] or values["for_operators"]):
        yield "for_citizens", Bilingual("Vui lòng chọn ít nhất một nơi hỏi.", "Please choose at least one place where it is asked.")
    if _others_of_field(proposal) >= MOST_OF_A_FIELD:
        yield "service_code", Bilingual(
            f"Mỗi lĩnh vực có tối đa {MOST_OF_A_FIELD} câu hỏi.", f"A field has {MOST_OF_A_FIELD} questions at most."
        )


def _of_options(vi: list[str], en: list[str]) -> Iterator[Fault]:
    if not 2 <= len(vi) <= MOST_OPTIONS:
        yield "options_vi", Bilingual(
            f"Cần 2 đến {MOST_OPTIONS} mục, mỗi dòng một mục.", f"2 to {MOST_OPTIONS} options are needed, one a line."
        )
    elif len(set(vi)) != len(vi):
        yield "options_vi", Bilingual("Có hai mục giống nhau.", "Two options are the same.")
    elif len(en) != len(vi):
        yield "options_en", Bilingual("Cần cùng số dòng với tiếng Việt.", "As many lines as in Vietnamese are needed.")
    if any(len(option) > LONGEST_OPTION for option in (*vi, *en)):
        yield "options_vi", Bilingual(f"Mỗi mục tối đa {LONGEST_OPTION} ký tự.", f"An option has {LONGEST_OPTION} characters at most.")


def _of_bounds(kind: str, least: int | None, most: int | None) -> Iterator[Fault]:
    if kind != QuestionKind.NUMBER and (least is not None or most is not None):
        yield "least", Bilingual("Chỉ câu hỏi về số mới có giới hạn.", "Only a number has bounds.")
    elif least is not None and most is not None and least > most:
        yield "most", Bilingual("Không được nhỏ hơn giới hạn dưới.", "It must not be below the lower bound.")


def _others_of_field(proposal: Proposal) -> int:
    """How many other questions would be asked beside this one on its day, or later, in its centre; those of the installation that the
    centre replaces are not."""
    scope, code = proposal.scope, proposal.values["service_code"]
    query = columns_for(AskedQuestion, ExtraQuestion).where(ExtraQuestion.service_code == code)
    query = query.where(ExtraQuestion.centre_id.is_(None) | (ExtraQuestion.centre_id == scope.centre_id))
    rows = [AskedQuestion(*row) for row in db.session.execute(query)]
    return len({row.code for row in rows if row.valid_to is None or row.valid_to > scope.day} - {proposal.values["code"]})

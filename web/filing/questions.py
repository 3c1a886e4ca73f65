"""The extra questions of a form with a field of work: fields of the form, one group for each field of work.

All groups stand in the page, the chosen one is shown; a script shows another at once. What stands in a group that is not chosen is
never read. Used by the form for senders and by the intake of calls; the use case never sees more than the answers.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import BooleanField, Field, Form, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import ValidationError

from casework.asking.questions import AnswerRefused, AskedQuestion, GivenAnswer, QuestionKind, answer_to, former_questions, questions_at
from casework.bilingual import Bilingual
from casework.local_time import local_day
from web.clock import now
from web.locales import in_reader_language

NOTHING = ""
ASK = "ask-"
"""Before the number of a question in the name of its input. A new version has a new number, so an answer stays one to what was asked."""


@dataclass(frozen=True, slots=True)
class AskedField:
    """A question with the field of the form that takes its answer; of a notice the tick that sends all the same."""

    question: AskedQuestion
    input: Field

    @property
    def is_required(self) -> bool:
        return self.question.is_required


@dataclass(frozen=True, slots=True)
class Group:
    """The questions of a field of work; `is_open` where it is the chosen one."""

    service_code: str
    asked: tuple[AskedField, ...]
    is_open: bool

    @property
    def asks(self) -> bool:
        """Whether anything is asked, besides notices to be read."""
        return any(not each.question.stops for each in self.asked)


class ExtraQuestions:
    """The questions a form asks. `form.field` holds the service code of what is chosen. `has_waited`: it was filled in without a signal,
    perhaps before today's questions or without those of its centre, and cannot ask again; so it owes only what stood in it."""

    def __init__(self, form: Any, questions: Iterable[AskedQuestion], formdata: Any, *, has_waited: bool = False) -> None:
        self._form, self._sent, self._has_waited = form, formdata or (), has_waited
        self._asked = tuple(AskedField(each, self._added(each, formdata)) for each in questions)

    @property
    def groups(self) -> list[Group]:
        def code_of(each: AskedField) -> str:
            return each.question.service_code

        chosen = self._form.field.data
        return [Group(code, tuple(asked), code == chosen) for code, asked in groupby(sorted(self._asked, key=code_of), key=code_of)]

    @property
    def by_input(self) -> dict[str, str]:
        """The questions by the names of their inputs, for a list of what is left to put right; a notice says all itself."""
        return {each.input.name: in_reader_language(each.question.name) for each in self._asked if not each.question.stops}

    @property
    def asks_now(self) -> bool:
        """Whether the chosen field has questions, which must not stand in a folded part of the page then."""
        return bool(self._of_chosen())

    @property
    def answers(self) -> list[GivenAnswer]:
        """What was answered to the questions of the chosen field; the form must have been validated."""
        given = (_answer(each.question, each.input.data or "") for each in self._of_chosen() if not each.question.stops)
        return [answer for answer in given if answer is not None]

    def _of_chosen(self) -> Sequence[AskedField]:
        return [each for each in self._asked if each.question.service_code == self._form.field.data]

    def _added(self, question: AskedQuestion, formdata: Any) -> Field:
        name = f"{ASK}{question.id}"
        field = _input_of(question, self._check(question)).bind(form=self._form, name=name, prefix="")
        field.process(formdata)
        self._form._fields[name] = field
        return field

    def _check(self, question: AskedQuestion) -> Any:
        def check(form: Form, field: Field) -> None:
            if form["field"].data != question.service_code:
                return
            if question.stops:
                if not (question.may_send and self._has_waited):
                    _check_notice(question, is_sent=bool(field.data))
                return
            if self._has_waited and field.name not in self._sent:
                return
            try:
                answer_to(question, field.data or "")
            except AnswerRefused as refused:
                raise ValidationError(in_reader_language(refused.text)) from None

        return check


def ask(form: Any, centre_id: int | None, *, by_staff: bool = False, has_waited: bool = False, formdata: Any = None) -> ExtraQuestions:
    """Add the questions of a centre's fields of work to a form: those for senders, or those for who takes a call."""
    sent = formdata if formdata is not None else request.form if form.is_submitted() else None
    today = local_day(now())
    questions = {each.key: each for each in questions_at(centre_id, today)}
    if sent and (numbers := _answered(sent) - {each.id for each in questions.values()}):
        # written before a question was changed or ended, and sent after it: answered as it was asked
        former = former_questions(numbers, centre_id, on=today)
        questions.update({each.key: each for each in former if each.key not in questions or not questions[each.key].stops})
    in_order = sorted(questions.values(), key=lambda each: (each.position, each.id))
    wanted = (each for each in in_order if (each.for_operators if by_staff else each.for_citizens))
    return ExtraQuestions(form, wanted, sent, has_waited=has_waited)


def previewed(question: AskedQuestion) -> ExtraQuestions:
    """A question as people will see it, for the page of its settings: a form of its own that is never sent."""
    form = _Preview(formdata=None)
    form["field"].data = question.service_code
    return ExtraQuestions(form, [question], None)


class _Preview(Form):
    field = StringField()


def _answered(sent: Any) -> set[int]:
    """The numbers of the questions that were answered in a form."""
    typed = {name.removeprefix(ASK) for name, value in sent.items() if name.startswith(ASK) and value.strip()}
    return {int(number) for number in typed if number.isascii() and number.isdecimal() and len(number) < 16}


def _answer(question: AskedQuestion, typed: str) -> GivenAnswer | None:
    try:
        return answer_to(question, typed)
    except AnswerRefused:
        # of a form that was validated only a repeat comes here: what it says was taken before the question was corrected
        return GivenAnswer(question.code, question.name, Bilingual(typed, typed)) if typed.strip() else None


def _input_of(question: AskedQuestion, check: Any) -> Any:
    words, hint = in_reader_language(question.name), in_reader_language(question.hint)
    if question.stops:
        return BooleanField(_l("I have read this and send it all the same"), description=hint, validators=[check])
    if question.kind == QuestionKind.CHOICE:
        options = [SelectChoice(option.vi, in_reader_language(option)) for option in question.options]
        return SelectField(
            words, description=hint, validators=[check], choices=[SelectChoice(NOTHING, _("Please choose")), *options],
            validate_choice=False, default=NOTHING,
        )  # fmt: skip
    kind = StringField if question.kind == QuestionKind.NUMBER else TextAreaField
    return kind(words, description=hint, validators=[check])


def _check_notice(question: AskedQuestion, *, is_sent: bool) -> None:
    if question.may_send:
        if not is_sent:
            raise ValidationError(_("Please read the notice on this field of work, then tick this to send it all the same."))
        return
    notice, instead = in_reader_language(question.name), in_reader_language(question.hint)
    raise ValidationError(_("%(notice)s %(instead)s Everything you typed is kept; for another matter choose another field.",
                            notice=notice, instead=instead))  # fmt: skip

"""The page of a step drawn by an administrator: shows the form declared by the model, and validates it field by field."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from wtforms import Field, HiddenField, MultipleFileField, RadioField, SelectField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice

from casework.casefile.step_records import DO_STEP, StepInput, step_records_seen
from casework.casefile.views import answers_seen
from casework.models import Photo
from casework.parsing import day_in
from casework.photos.records import staged_photos
from casework.steps.fields import LONGEST_LONG_TEXT, LONGEST_TEXT, PHOTO, FieldRefused, fitted, number_words
from web.files.photos import remember_form
from web.files.uploads import drop_upload, photo_types, photos_taken, stage_uploads
from web.filing_fields import sound_token
from web.forms import NOTHING, Form
from web.guards import actor
from web.locales import in_reader_language as local
from web.locales import language
from web.task_page import Act, TaskPage
from workflows.definitions.step_forms import FieldType, FormField
from workflows.desk_access import reads_matter
from workflows.running.doing import StepResult
from workflows.running.drawn_steps import element_of, label_of_step

ASKED, TOKEN = "asked_", "photos_"
"""Prefixes of input names; the field's id follows, so that no input can be mistaken for a part of the form itself."""

MOST_RADIOS = 5
PURPOSE = "step"
DECIMAL = re.compile(r"[+-]?(\d+|\d{1,3}(\.\d{3})+)(,\d+)?")
POINTED = re.compile(r"[+-]?\d+\.\d+")
GROUPED = re.compile(r"[+-]?\d{1,3}\.\d{3}")


@dataclass(frozen=True)
class ShownField:
    """One field as the template draws it: `help` in the reader's language, `staged` the photos sent so far."""

    asked: FormField
    bound: Any
    help: str
    staged: list[Photo]


class FormStepPage(TaskPage):
    """Photos are kept as soon as they are sent."""

    template = "steps/form_step.html"

    def build(self) -> None:
        self.element = element_of(self.task)
        self.fields = self.element.form.fields if self.element is not None else ()
        self.buttons = self.element.form.buttons if self.element is not None else ()
        self.form = form_class(self.fields)()
        for field in self._photo_fields():
            token = self.form[TOKEN + field.id]
            token.data = sound_token(token.data)

    @classmethod
    def works_before_lock(cls) -> bool:
        return super().works_before_lock() or any(request.form.get(button) for button in ("remove", "keep"))

    def act(self) -> Act | None:
        is_valid = self.form.validate_on_submit()
        tokens = {field.id: self.form[TOKEN + field.id].data for field in self._photo_fields()}
        self._stage(tokens)
        if request.form.get("remove") or request.form.get("keep"):
            self.is_unfinished = not self.refusals
            return None
        values = self._values(tokens)
        button = self.chosen if self.buttons else None
        if self.buttons and button not in {each.id for each in self.buttons}:
            self.refusals.append(_("Please press one of the buttons of this step."))
        if not is_valid or self.refusals or self.form.errors:
            return None
        return Act(DO_STEP, StepInput(button=button, values=values, photos=tokens))

    def keep_files(self) -> None:
        self._stage({field.id: self.form[TOKEN + field.id].data for field in self._photo_fields()})

    def context(self) -> dict[str, Any]:
        by, part = actor(), self.task.assignment
        for field in self._photo_fields():
            remember_form(self.form[TOKEN + field.id].data)
        reads = reads_matter(self.task.desk)
        parts = [part] if part is not None else list(self.case.assignments)
        return {
            "fields": [self._shown(field) for field in self.fields],
            "buttons": self.buttons,
            "answers": [(row, newest[0]) for row in parts if (newest := answers_seen(parts, by)[row.id])] if reads else [],
            "records": step_records_seen(self.case, by, at_step_of=(part,) if reads else ()),
            "max_bytes": current_app.config["MAX_PHOTO_BYTES"],
            "photo_types": photo_types(),
            "photos_taken": photos_taken(),
        }

    def said(self, act: Act, result: StepResult) -> str:
        return str(_("“%(step)s” is done for case %(code)s.", step=local(label_of_step(self.task)), code=result.case.code))

    def _photo_fields(self) -> list[FormField]:
        return [field for field in self.fields if field.type == PHOTO]

    def _stage(self, tokens: dict[str, str]) -> None:
        """Decode and stage the photos sent with the form before anything else is validated, so that none is lost."""
        for field in self._photo_fields():
            refused = stage_uploads(self.form[ASKED + field.id].data or [], token=tokens[field.id], purpose=PURPOSE, by=actor())
            self.refusals += [local(refusal) for refusal in refused]
            if ref := request.form.get("remove"):
                drop_upload(tokens[field.id], ref)

    def _values(self, tokens: dict[str, str]) -> dict[str, Any]:
        """The values by field; a field with an invalid value shows its own error."""
        values: dict[str, Any] = {}
        for field in self.fields:
            bound = self.form[ASKED + field.id]
            try:
                sent = len(staged_photos(tokens[field.id])) if field.type == PHOTO else 0
                values[field.id] = fitted(field, None if field.type == PHOTO else typed(field, bound.data), photos=sent)
            except FieldRefused as refusal:
                bound.errors = [local(refusal.reason)]
        return values

    def _shown(self, field: FormField) -> ShownField:
        staged = staged_photos(self.form[TOKEN + field.id].data) if field.type == PHOTO else []
        return ShownField(field, self.form[ASKED + field.id], " ".join(_helps(field)), staged)


def form_class(fields: Iterable[FormField]) -> type[Form]:
    """Build the form of the declared fields: one input each, and a hidden token for each photo field."""
    inputs: dict[str, Any] = {}
    for field in fields:
        inputs[ASKED + field.id] = _input(field)
        if field.type == PHOTO:
            inputs[TOKEN + field.id] = HiddenField()
    return type("DeclaredForm", (Form,), inputs)


def typed(field: FormField, text: str | None) -> Any:
    """Parse an input as the value of its field; None when empty. Raises FieldRefused."""
    words = (text or "").strip()
    if not words:
        return None
    match field.type:
        case FieldType.NUMBER:
            return _number(field, words)
        case FieldType.YES_NO:
            return {"true": True, "false": False}.get(words, words)
        case FieldType.DATE:
            day = day_in(words)
            if day is None:
                raise FieldRefused(field, "Vui lòng chọn một ngày.", "Please choose a day.")
            return day
        case _:
            return text


def _number(field: FormField, words: str) -> float:
    """A number with a comma, as people here write it, or a point. Raises FieldRefused, also where a point could mean either."""
    words = words.replace(" ", "").replace("\u00a0", "").replace("−", "-")
    is_ambiguous = GROUPED.fullmatch(words) or (language() == "en" and GROUPED.fullmatch(words.replace(",", ".")))
    if is_ambiguous:
        whole, part = words.replace(".", "").replace(",", ""), number_words(float(words.replace(",", ".")))
        raise FieldRefused(field, f"Vui lòng ghi {whole} hoặc {part.vi}.", f"Please write {whole} or {part.en}.")
    if len(words) <= 40 and POINTED.fullmatch(words):
        return float(words)
    if len(words) <= 40 and DECIMAL.fullmatch(words):
        return float(words.replace(".", "").replace(",", "."))
    raise FieldRefused(field, "Vui lòng ghi một số, ví dụ 12,5.", "Please write a number, such as 12.5.")


def _input(field: FormField) -> Any:
    label = local(field.label)
    match field.type:
        case FieldType.LONG_TEXT:
            return TextAreaField(label, render_kw={"rows": 5, "maxlength": LONGEST_LONG_TEXT})
        case FieldType.NUMBER:
            return StringField(label, render_kw={"inputmode": "decimal", "autocomplete": "off", "maxlength": 40})
        case FieldType.DATE:
            return StringField(label, render_kw={"type": "date"})
        case FieldType.YES_NO:
            return _one_of(field, [SelectChoice("true", _("Yes")), SelectChoice("false", _("No"))])
        case FieldType.CHOICE:
            return _one_of(field, [SelectChoice(option.id, local(option.label)) for option in field.choices])
        case FieldType.PHOTO:
            return MultipleFileField(label)
        case _:
            return StringField(label, render_kw={"maxlength": LONGEST_TEXT})


def _one_of(field: FormField, options: list[SelectChoice]) -> Field:
    """Few options as radio buttons, many as a list; an optional field can be emptied again."""
    if len(options) > MOST_RADIOS:
        choices = [SelectChoice(NOTHING, _("Please choose")), *options]
        return SelectField(local(field.label), choices=choices, validate_choice=False, default=NOTHING)
    empty = [] if field.is_required else [SelectChoice(NOTHING, _("Not stated"))]
    return RadioField(local(field.label), choices=[*options, *empty], validate_choice=False, default=None if field.is_required else NOTHING)


def _helps(field: FormField) -> Iterable[str]:
    if words := local(field.help):
        yield words
    if field.type == FieldType.NUMBER:
        least, most = (local(number_words(bound)) if bound is not None else None for bound in (field.minimum, field.maximum))
        if least is not None and most is not None:
            yield _("From %(least)s to %(most)s.", least=least, most=most)
        elif least is not None:
            yield _("At least %(least)s.", least=least)
        elif most is not None:
            yield _("At most %(most)s.", most=most)

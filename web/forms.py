"""The base class of every form: its hidden token, and WTForms' own sentences in the reader's language."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from flask import request
from flask_babel import gettext
from flask_babel import lazy_gettext as _l
from flask_wtf import FlaskForm
from werkzeug.datastructures import MultiDict
from wtforms import Field, HiddenField

from casework.errors import CaseworkError
from web.locales import in_reader_language
from web.sent_forms import FormToken

NOTHING = ""
"""The value of a select in which nothing is chosen."""

LIBRARY_TEXTS = (
    _l("This field is required."),
    _l("Not a valid choice."),
    _l("Not a valid choice"),
    _l("Not a valid integer value."),
    _l("Not a valid decimal value."),
    _l("Not a valid float value."),
    _l("Not a valid date value."),
    _l("Not a valid datetime value."),
    _l("Invalid Choice: could not coerce."),
    _l("Field must be equal to %(other_name)s."),
    _l("Field cannot be longer than %(max)d characters."),
    _l("Field must be at least %(min)d characters long."),
)
"""Sentences of WTForms. It ships no Vietnamese, so they are in our catalogue."""


class _Words:
    def gettext(self, text: str) -> str:
        return str(gettext(text))

    def ngettext(self, _singular: str, plural: str, _number: int) -> str:
        # WTForms fills in the numbers itself, and no field here is limited to one character
        return str(gettext(plural))


def said_with(field: Field, help: Any = "") -> dict[str, str]:
    """The ARIA attributes that join a field with its help and its errors by their ids (components/forms.html)."""
    described_by = [*([f"{field.id}-help"] if help else []), *([f"{field.id}-error"] if field.errors else [])]
    return ({"aria-invalid": "true"} if field.errors else {}) | ({"aria-describedby": " ".join(described_by)} if described_by else {})


@dataclass(frozen=True)
class Refusal:
    """Why a form with hand-written fields was refused: the words, and the id of the field they belong to, if any."""

    words: str = ""
    at: str = ""

    def __bool__(self) -> bool:
        return bool(self.words)


def refusal_of(refused: CaseworkError, ids: Mapping[str, str]) -> Refusal:
    """The Refusal for such a page. `ids` maps the names a use case gives its arguments to field ids."""
    return Refusal(in_reader_language(refused.text), ids.get(refused.about, ""))


class Form(FlaskForm):
    """The base of our forms. Its token is valid as long as the session: a draft may wait over lunch."""

    class Meta(FlaskForm.Meta):
        """Hooks for WTForms' sentences and the hidden token."""

        csrf_class = FormToken

        def get_translations(self, form: Any) -> Any:
            return _Words()

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """The submitted form. Never JSON, which the library would accept as well: its values need not be texts, and no page
            sends it."""
            is_given = formdata is None or isinstance(formdata, MultiDict)
            return None if request.is_json and not is_given else super().wrap_formdata(form, formdata)

    about: ClassVar[Mapping[str, str]] = {}
    """The field for each name in a refusal's `about`, where the two differ."""

    def refuse(self, refusal: CaseworkError) -> str:
        """Attach a refusal to the field it is about; returns the text to show above the form, empty where a field has it."""
        words, name = in_reader_language(refusal.text), self.about.get(refusal.about, refusal.about)
        field = self._fields.get(name)
        if field is None or isinstance(field, HiddenField):
            return words
        field.errors = [*field.errors, words]
        return ""

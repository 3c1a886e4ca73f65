"""The base of every form: its hidden token, and the library's own sentences in the reader's language."""

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
"""What a select sends while nothing is chosen in it."""

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
"""Sentences WTForms says by itself. It ships no Vietnamese, so they stand in our catalogue."""


class _Words:
    def gettext(self, text: str) -> str:
        return str(gettext(text))

    def ngettext(self, _singular: str, plural: str, _number: int) -> str:
        # the library fills in the numbers itself, and no field here takes one character
        return str(gettext(plural))


def said_with(field: Field, help: Any = "") -> dict[str, str]:
    """How a field in HTML is joined with its help and with what is wrong with it, both by id beside it (components/forms.html)."""
    beside = [*([f"{field.id}-help"] if help else []), *([f"{field.id}-error"] if field.errors else [])]
    return ({"aria-invalid": "true"} if field.errors else {}) | ({"aria-describedby": " ".join(beside)} if beside else {})


@dataclass(frozen=True)
class Refusal:
    """Why a form was refused whose fields its template writes by hand: the words, and the id of the field they belong to, if it is one."""

    words: str = ""
    at: str = ""

    def __bool__(self) -> bool:
        return bool(self.words)


def refusal_of(refused: CaseworkError, ids: Mapping[str, str]) -> Refusal:
    """A refusal for such a page. `ids` names the fields of the form that was sent: what a use case calls something, and its id there."""
    return Refusal(in_reader_language(refused.text), ids.get(refused.about, ""))


class Form(FlaskForm):
    """A form of this program. The token in it holds as long as the browser's session: a draft may wait over lunch."""

    class Meta(FlaskForm.Meta):
        """Where WTForms asks for its sentences and its hidden token."""

        csrf_class = FormToken

        def get_translations(self, form: Any) -> Any:
            """Our catalogue instead of the library's."""
            return _Words()

        def wrap_formdata(self, form: Any, formdata: Any) -> Any:
            """What a form sent. Never JSON, which the library takes for one as well: its values need not be texts, and no page sends it."""
            is_given = formdata is None or isinstance(formdata, MultiDict)
            return None if request.is_json and not is_given else super().wrap_formdata(form, formdata)

    about: ClassVar[Mapping[str, str]] = {}
    """By the name a use case has for something, the field it is typed into, where that is called otherwise."""

    def refuse(self, refusal: CaseworkError) -> str:
        """Say a refusal at the field it is about; returns what is to stand above the form, nothing where it has found its field."""
        words, name = in_reader_language(refusal.text), self.about.get(refusal.about, refusal.about)
        field = self._fields.get(name)
        if field is None or isinstance(field, HiddenField):
            return words
        field.errors = [*field.errors, words]
        return ""

"""Texts ready for a field of a form: offered below it, put into it, and not sent with a blank left in them."""

from collections.abc import Mapping

from flask import request
from flask_babel import gettext as _

from casework.answers.acts import left_to_fill
from casework.models import Case
from casework.steps.ready_texts import Purpose, ReadyTextRow, ready_texts
from web.clock import now
from web.forms import Form

BUTTON = "ready_text"
"""The name of the buttons; their value is the field and the text, parted by a colon."""


def texts_for(case: Case, purposes: Mapping[str, Purpose]) -> dict[str, list[ReadyTextRow]]:
    """The texts a page offers, by the name of the field they are for."""
    return {name: ready_texts(case, purpose, now=now()) for name, purpose in purposes.items()}


def has_put_text(form: Form, case: Case, purposes: Mapping[str, Purpose]) -> bool:
    """Put the chosen text into its field, behind what was typed there; returns whether such a button was pressed.

    A text that does not exist (any more) changes nothing.
    """
    if not (chosen := request.form.get(BUTTON)):
        return False
    name, _colon, ref = chosen.partition(":")
    row = next((each for each in texts_for(case, purposes).get(name, ()) if each.ref == ref), None)
    if row is not None:
        typed = (form[name].data or "").strip()
        form[name].data = typed if row.body in typed else f"{typed}\n{row.body}".strip()
    return True


def refuse_blanks(form: Form, *names: str) -> bool:
    """Mark the fields in which a text still has a blank; returns whether there is one."""
    for name in names:
        if left := left_to_fill(form[name].data or ""):
            form[name].errors = [*form[name].errors, _("“%(left)s” still has to be filled in.", left=left)]
    return bool(form.errors)

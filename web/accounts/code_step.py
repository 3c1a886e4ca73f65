"""The page on which a one-time code is typed or requested again; used for signing in, for following a report by its contact, and for
adding a contact to an account."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from flask import flash, redirect, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from casework.contacts.codes import Purpose
from web.accounts.contact_codes import (
    ASKED_KEY,
    ContactProof,
    code_page,
    contact_typed,
    forget_asked,
    is_right,
    keep_asked,
    kept_asked,
    request_code,
    wrong_words,
)
from web.addresses import this_path
from web.clock import now
from web.forms import Form

AGAIN = "again"


class CodeForm(Form):
    digits = StringField(_l("Code"), validators=[InputRequired(_l("Please type the code you were sent.")), Length(max=40)])


@dataclass(frozen=True, slots=True)
class CodeStep:
    """One flow that sends a code: its page title, and `begins`, which takes the address the flow leads to in the end and returns the URL
    of the form that asks for the contact."""

    purpose: Purpose
    title: str
    begins: Callable[[str], str]


def ask_for_code(typed: str, purpose: Purpose, *, target: str = "") -> str:
    """Send a code to what was typed and remember the request. Returns why not, or an empty text; the answer is the same for known and
    unknown contacts."""
    given = contact_typed(typed)
    if given is None:
        return str(_("Please type a telephone number such as 0912 345 678, or an e-mail address."))
    refusal = request_code(given, purpose=purpose)
    if not refusal:
        keep_asked(ASKED_KEY, ContactProof(given, purpose, now(), target))
    return refusal


def take_code(step: CodeStep) -> ContactProof | ResponseReturnValue:
    """Return the contact proven by the code in this request, or the response to send instead."""
    asked, form = kept_asked(ASKED_KEY, step.purpose), CodeForm()
    if asked is None:
        return redirect(step.begins(""))
    if request.method == "POST" and request.form.get("act") == AGAIN:
        refusal = request_code(asked.contact, purpose=step.purpose)
        if refusal:
            return _page(step, asked, CodeForm(formdata=None), refusal), 429
        keep_asked(ASKED_KEY, replace(asked, at=now()))
        flash(_("A code is on its way."))
        return redirect(this_path())
    if not form.validate_on_submit():
        return _page(step, asked, form), 422 if form.errors else 200
    if not is_right(asked.contact, form.digits.data or "", purpose=step.purpose):
        return _page(step, asked, form, wrong_words()), 422
    forget_asked(ASKED_KEY)
    return asked


def _page(step: CodeStep, asked: ContactProof, form: CodeForm, refusal: str = "") -> str:
    other = step.begins(asked.target)
    return render_template("accounts/code.html", form=form, refusal=refusal, title=step.title, other=other, **code_page(asked))

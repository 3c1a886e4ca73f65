"""The templates of one's agency: read, named anew, retired. They are made from a text at hand, on the page of an answer."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.answer_templates import PLACEHOLDERS, TemplateRefused, own_templates, rename_template, retire_template
from casework.answering import PARTS
from casework.db import unit_of_work
from casework.models import AnswerTemplate
from casework.permissions import Action
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local

bp = Blueprint("answer_templates", __name__)


@bp.get("/answer-templates")
@performs(Action.KEEP_TEMPLATE)
def templates() -> ResponseReturnValue:
    return _page()


@bp.post("/answer-templates/<ref>")
@performs(Action.KEEP_TEMPLATE)
def change(ref: str) -> ResponseReturnValue:
    """Give a template another name, or retire it; one of another agency is not there."""
    if not Form().validate_on_submit():
        return _page(), 422
    retires = request.form.get("act") == "retire"
    try:
        with unit_of_work():
            template = _own(ref)
            if retires:
                retire_template(template, by=actor(), now=now())
            else:
                rename_template(template, by=actor(), now=now(), name=request.form.get("name", ""))
    except TemplateRefused as refusal:
        return _page(refusal=local(refusal.text)), 422
    flash(_("The template is retired.") if retires else _("The template has its new name."))
    return redirect(url_for(".templates"))


def _own(ref: str) -> AnswerTemplate:
    return found(next((row for row in own_templates(actor(), now=now()) if row.ref == ref), None))


def _page(*, refusal: str = "") -> str:
    rows = own_templates(actor(), now=now())
    return render_template("inbox/answer_templates.html", rows=rows, form=Form(), refusal=refusal, part_labels=PARTS, places=PLACEHOLDERS)

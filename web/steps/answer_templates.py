"""An agency's answer templates: listed, renamed, retired; inserted into an answer's form, or made from it."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.answers.acts import PARTS
from casework.answers.templates import (
    PLACEHOLDERS,
    TemplateRefused,
    TemplateRow,
    filled,
    keep_template,
    own_templates,
    rename_template,
    retire_template,
    templates_for,
    values_for,
)
from casework.db import unit_of_work
from casework.models import AnswerTemplate, Assignment
from casework.permissions import Action
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.sent_forms import answers_again

bp = Blueprint("answer_templates", __name__)

AFTER, INSTEAD = "after", "instead"
"""Where a template goes if text has been written: after it, or in place of it."""


@dataclass(frozen=True, slots=True)
class TemplatesUsed:
    """The result of a template button. `asked`: the template, and the parts in which other text has been written."""

    asked: tuple[TemplateRow, list[str]] | None = None
    refusals: tuple[str, ...] = ()


def use_templates(form: Form, assignment: Assignment) -> TemplatesUsed | None:
    """Insert the requested template into an answer's form, or save the text as one; None where neither was requested.

    A template that does not exist (any more) inserts nothing.
    """
    if chosen := request.form.get("template"):
        how, _colon, ref = chosen.rpartition(":")
        template = next((row for row in templates_for(assignment, now=now()) if row.ref == ref), None)
        asked = _fill_in(form, assignment, template, how) if template is not None else []
        return TemplatesUsed(asked=(template, asked) if template is not None and asked else None)
    return TemplatesUsed(refusals=_keep_at_hand(form, assignment)) if request.form.get("template_keep") else None


def _fill_in(form: Form, assignment: Assignment, template: TemplateRow, how: str) -> list[str]:
    """Insert a template into the empty parts; returns the parts with text, which stays until its writer decides."""
    asked = []
    for name, text in filled(template, values_for(assignment, by=actor(), now=now())).items():
        field = form[name]
        typed = (field.data or "").strip()
        if not typed or how == INSTEAD:
            field.data = text
        elif how == AFTER:
            field.data = typed if name == "contact" or text in typed else f"{typed}\n{text}"
        elif typed != text:
            asked.append(name)
    return asked


def _keep_at_hand(form: Form, assignment: Assignment) -> tuple[str, ...]:
    """Save the text as a template of the agency; returns why that failed."""
    case, parts = assignment.case, {name: form[name].data or "" for name in PARTS}
    values = values_for(assignment, by=actor(), now=now())
    field = case.field.service_code if case.field else None
    name = request.form.get("template_name", "")
    try:
        with unit_of_work():
            keep_template(assignment.agency, by=actor(), now=now(), name=name, parts=parts, values=values, service_code=field)
    except TemplateRefused as refusal:
        return (local(refusal.text),)
    flash(_("The template is kept for your agency."))
    return ()


@bp.get("/answer-templates")
@performs(Action.KEEP_TEMPLATE)
def templates() -> ResponseReturnValue:
    return _page()


@bp.post("/answer-templates/<ref>")
@performs(Action.KEEP_TEMPLATE)
@answers_again(lambda ref: url_for(".templates"))
def change(ref: str) -> ResponseReturnValue:
    """Rename a template or retire it. Raises NotFound for one of another agency."""
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
    return render_template("steps/answer_templates.html", rows=rows, form=Form(), refusal=refusal, part_labels=PARTS, places=PLACEHOLDERS)

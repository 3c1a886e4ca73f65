"""Settings of centres: adding one, and its name, telephone, and the start of its limits."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import SelectField, StringField

from casework.db import unit_of_work
from casework.local_time import local_day
from casework.models import Centre
from casework.permissions import Action
from casework.setting_events import ReasonMissing
from casework.settings.centre import KIND, STARTS, add_centre, change_centre
from casework.settings.event_lists import setting_events
from casework.settings.importing.rows import RowRefused
from casework.settings.scopes import administered_centres, centres_of
from web.clock import now
from web.forms import Form
from web.guards import actor, alone, found, performs
from web.locales import in_reader_language as local
from web.settings.edit_conflicts import ChangedMeanwhile, lock_before_reading, mark_for_form, refuse_changed
from web.settings.event_sentences import told_events
from web.settings.row_forms import centre_called, show_faults

bp = Blueprint("settings_centres", __name__)


class CentreForm(Form):
    name_vi = StringField(_l("Name in Vietnamese"))
    name_en = StringField(_l("Name in English"))
    phone = StringField(_l("Telephone"), description=_l("Shown on every page; empty where there is none."))
    case_clock_starts = SelectField(
        _l("The limit of a case counts"), validate_choice=False, description=_l("Cases that are open keep what held when they came in.")
    )
    reason = StringField(_l("Reason for the change"))


class NewCentreForm(CentreForm):
    code_prefix = StringField(
        _l("First part of its codes"), description=_l("Two to six plain letters or digits, a letter first. It never changes.")
    )
    reason = StringField(_l("Reason"))


@bp.get("/settings/centres")
@performs(Action.CHANGE_SETTINGS)
def centres() -> ResponseReturnValue:
    may_add = administered_centres(alone()) is None
    return render_template("settings/centres.html", centres=centres_of(actor(), on=local_day(now())), may_add=may_add)


@bp.route("/settings/centres/new", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def new() -> ResponseReturnValue:
    """Add a centre, as an administrator of the whole installation."""
    found(True if administered_centres(alone()) is None else None)
    form, refusal = NewCentreForm(), ""
    form.case_clock_starts.choices = [(key, local(words)) for key, words in STARTS.items()]
    if form.validate_on_submit():
        given = {name: form[name].data or "" for name in ("code_prefix", "name_vi", "name_en", "phone", "case_clock_starts", "reason")}
        try:
            with unit_of_work():
                ref = add_centre(by=alone(), now=now(), **given).ref
        except RowRefused as refused:
            refusal = show_faults(form, refused.faults)
        except ReasonMissing as refused:
            form.reason.errors = [local(refused.text)]
        else:
            flash(_("The centre is added. Give it areas, agencies and people; until it has areas no report goes there."))
            return redirect(url_for(".centre", ref=ref))
    page = render_template("settings/centre_new.html", form=form, refusal=refusal)
    return page, 422 if form.is_submitted() else 200


@bp.get("/settings/centres/<ref>")
@performs(Action.CHANGE_SETTINGS)
def centre(ref: str) -> ResponseReturnValue:
    return _page(_found(ref))


@bp.post("/settings/centres/<ref>")
@performs(Action.CHANGE_SETTINGS)
def change(ref: str) -> ResponseReturnValue:
    form, refusal = _form(_found(ref)), ""
    if form.validate_on_submit():
        try:
            with unit_of_work():
                lock_before_reading()
                refuse_changed(_stands(_found(ref)))
                given = {name: form[name].data or "" for name in ("name_vi", "name_en", "phone", "case_clock_starts", "reason")}
                change_centre(_found(ref), by=actor(), now=now(), **given)
        except RowRefused as refused:
            refusal = show_faults(form, refused.faults)
        except ReasonMissing as refused:
            form.reason.errors = [local(refused.text)]
        except ChangedMeanwhile as refused:
            refusal = local(refused.text)
        else:
            flash(_("The change is kept."))
            return redirect(url_for(".centre", ref=ref))
    return _page(_found(ref), form, refusal), 422


def _found(ref: str) -> Centre:
    return found(centre_called(ref, actor(), now=now()))


def _stands(row: Centre) -> dict[str, Any]:
    return {"name_vi": row.name_vi, "name_en": row.name_en, "phone": row.phone or "", "case_clock_starts": row.case_clock_starts}


def _form(row: Centre) -> CentreForm:
    form = CentreForm(obj=row)
    form.case_clock_starts.choices = [(key, local(words)) for key, words in STARTS.items()]
    return form


def _page(row: Centre, form: CentreForm | None = None, refusal: str = "") -> str:
    events = told_events(setting_events(actor(), kind=KIND, row=row.code_prefix).events)
    seen = mark_for_form(_stands(row))
    return render_template("settings/centre.html", centre_row=row, form=form or _form(row), refusal=refusal, events=events, seen=seen)

"""Settings of applications that sign their users in here: added with their public key, ended at once. For administrators of the
installation."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField, TextAreaField

from casework.contacts.host_apps import LONGEST_KEY, LONGEST_NAME, LONGEST_PEM, HostRefused, add_host, end_host, host_apps, host_of
from casework.db import unit_of_work
from casework.permissions import Action, Role
from casework.setting_events import LONGEST_REASON, ReasonMissing
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.task_page import at_most

bp = Blueprint("settings_host_apps", __name__)


class HostForm(Form):
    name_vi = StringField(_l("Name in Vietnamese"), validators=[at_most(LONGEST_NAME)])
    name_en = StringField(_l("Name in English"), validators=[at_most(LONGEST_NAME)])
    key = StringField(_l("Key of the application"), validators=[at_most(LONGEST_KEY)])
    public_key = TextAreaField(_l("Public key"), validators=[at_most(LONGEST_PEM)])
    reason = StringField(_l("Reason"), validators=[at_most(LONGEST_REASON)])


@bp.route("/settings/host-apps", methods=["GET", "POST"])
@performs(Action.CHANGE_SETTINGS)
def apps() -> ResponseReturnValue:
    _refuse_of_centre()
    form = HostForm()
    if not form.validate_on_submit():
        return _page(form), 422 if form.errors else 200
    try:
        with unit_of_work():
            add_host(
                name_vi=form.name_vi.data or "", name_en=form.name_en.data or "", key=form.key.data or "",
                public_key=form.public_key.data or "", reason=form.reason.data or "", by=actor(), now=now(),
            )  # fmt: skip
    except (HostRefused, ReasonMissing) as refusal:
        return _page(form, refusal=form.refuse(refusal)), 422
    flash(_("The application may sign its people in from now on."))
    return redirect(url_for(".apps"))


@bp.post("/settings/host-apps/<key>/end")
@performs(Action.CHANGE_SETTINGS)
def end(key: str) -> ResponseReturnValue:
    _refuse_of_centre()
    found(host_of(key))
    try:
        with unit_of_work():
            end_host(found(host_of(key)), reason=request.form.get("reason", ""), by=actor(), now=now())
    except ReasonMissing as refusal:
        return _page(HostForm(formdata=None), refusal=local(refusal.text)), 422
    flash(_("The application signs nobody in any more."))
    return redirect(url_for(".apps"))


def _refuse_of_centre() -> None:
    """Raise NotFound for administrators of a single centre."""
    found(True if any(grant.role == Role.ADMINISTRATOR and grant.centre_id is None for grant in actor().grants) else None)


def _page(form: HostForm, *, refusal: str = "") -> str:
    return render_template("settings/host_apps.html", form=form, refusal=refusal, apps=host_apps(), audience=current_app.config["BASE_URL"])

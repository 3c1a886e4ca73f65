"""Settings of a single value: the value in force and its scope, setting another one, and reverting."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField

from casework.db import unit_of_work
from casework.local_time import local_day
from casework.permissions import Action, NotAllowed
from casework.setting_events import ReasonMissing
from casework.setting_values import GROUPS, VALUES, Value, ValueRefused
from casework.settings.event_lists import setting_events
from casework.settings.scopes import administered_centres, centres_of
from casework.settings.value_changes import KIND, ScopedValue, clear_value, set_value, values_seen
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.settings.edit_conflicts import ChangedMeanwhile, lock_before_reading, mark_for_form, refuse_changed
from web.settings.event_sentences import told_events
from web.settings.row_forms import INSTALLATION

bp = Blueprint("settings_values", __name__)


class ValueForm(Form):
    value = StringField(_l("Value"))
    reason = StringField(_l("Reason for the change"))


@bp.get("/settings/values")
@performs(Action.CHANGE_SETTINGS)
def values() -> ResponseReturnValue:
    held = values_seen(actor())
    groups = [(GROUPS.get(group, group), [each for each in held if each.value.group == group]) for group in _groups()]
    return render_template("settings/values.html", groups=[pair for pair in groups if pair[1]], whose=_whose, centres=_centres())


@bp.get("/settings/values/<key>")
@performs(Action.CHANGE_SETTINGS)
def value(key: str) -> ResponseReturnValue:
    return _page(found(VALUES.get(key)))


@bp.post("/settings/values/<key>")
@performs(Action.CHANGE_SETTINGS)
def change(key: str) -> ResponseReturnValue:
    """Set a value for the named scope, or remove the one set there."""
    which, form, scope = found(VALUES.get(key)), ValueForm(), request.form.get("scope", INSTALLATION)
    centre = next((each for each in _centres() if each.ref == scope), None)
    if scope != INSTALLATION and centre is None:
        found(None)
    if scope == INSTALLATION and administered_centres(actor()) is not None:
        raise NotAllowed
    if not form.validate_on_submit():
        return _page(which, form, scope), 422
    given: dict[str, Any] = {
        "by": actor(), "now": now(), "reason": form.reason.data or "", "centre_id": centre.id if centre is not None else None,
    }  # fmt: skip
    clears, refusal = request.form.get("act") == "clear", ""
    try:
        with unit_of_work():
            lock_before_reading()
            refuse_changed({"value": _in_force(which, given["centre_id"])})
            if clears:
                clear_value(key, **given)
            else:
                set_value(key, form.value.data or "", **given)
    except ValueRefused as refused:
        if clears:
            refusal = local(refused.text)
        else:
            form.value.errors = [local(refused.text)]
    except (ChangedMeanwhile, ReasonMissing) as refused:
        refusal = form.refuse(refused)
    if form.errors or refusal:
        return _page(which, form, scope, refusal), 422
    flash(_("The value of before holds again.") if clears else _("The value holds from now on."))
    return redirect(url_for(".value", key=key))


def _in_force(which: Value, centre_id: int | None) -> Any:
    return next(each for each in values_seen(actor()) if each.value.key == which.key).in_force(centre_id)


def _page(which: Value, sent: ValueForm | None = None, sent_scope: str = "", refusal: str = "") -> str:
    by = actor()
    held = next(each for each in values_seen(by) if each.value.key == which.key)
    scopes: list[tuple[str, str, int | None, ValueForm]] = []
    if administered_centres(by) is None:
        scopes.append((INSTALLATION, str(_("The whole installation")), None, _form(held, None, sent, sent_scope == INSTALLATION)))
    own = _centres() if which.for_centre else []
    scopes += [(centre.ref, local(centre.name), centre.id, _form(held, centre.id, sent, sent_scope == centre.ref)) for centre in own]
    events = told_events(setting_events(by, kind=KIND, row=which.key).events)
    return render_template(
        "settings/value.html", value=which, held=held, scopes=scopes, events=events, whose=_whose, refusal=refusal,
        sent_scope=sent_scope, mark_for_form=mark_for_form,
    )


def _form(held: ScopedValue, centre_id: int | None, sent: ValueForm | None, is_sent: bool) -> ValueForm:
    return sent if sent is not None and is_sent else ValueForm(formdata=None, data={"value": str(held.in_force(centre_id))})


def _whose(held: ScopedValue, centre_id: int | None) -> str:
    if centre_id is not None and centre_id in held.by_scope:
        return str(_("set by the centre"))
    return str(_("set for the installation")) if None in held.by_scope else str(_("default"))


def _centres() -> list[Any]:
    return centres_of(actor(), on=local_day(now()))


def _groups() -> list[str]:
    return [*GROUPS, *dict.fromkeys(value.group for value in VALUES.values() if value.group not in GROUPS)]

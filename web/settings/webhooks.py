"""Endpoints of a service account: added, proven, rotated, turned off, and what could not be delivered to them.

A shared secret is shown in the answer to the form that made it and nowhere else; the public key of a pair can be read at any time.
"""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import IntegerField, RadioField, SelectMultipleField, StringField
from wtforms.validators import InputRequired
from wtforms.widgets import CheckboxInput

from casework.db import unit_of_work
from casework.doors.accounts import service_account_seen
from casework.doors.webhooks.dead_letters import MOST_LISTED, dead_letters, how_many_dead, how_many_wait, replay_all
from casework.doors.webhooks.endpoints import (
    LONGEST_URL,
    MOST_ENDPOINTS,
    EndpointWish,
    add_endpoint,
    ask_for_proof,
    change_url,
    disable_endpoint,
    endpoint_seen,
    endpoints_of,
    host_of,
    rotate_secret,
    secrets_of,
    state_of,
)
from casework.doors.webhooks.kinds import THING_WORDS, Thing, things_for
from casework.doors.webhooks.signing import V1, V1A
from casework.errors import CaseworkError
from casework.models import ServiceAccount, WebhookEndpoint
from casework.permissions import Action, NotAllowed
from casework.setting_events import LONGEST_REASON
from web.clock import now
from web.forms import Form, Refusal, refusal_of
from web.guards import alone, found, performs
from web.locales import in_reader_language as local
from web.sent_forms import answers_again
from web.settings.event_words import CODES
from web.task_page import at_most

bp = Blueprint("settings_webhooks", __name__)

Find = Callable[[], WebhookEndpoint]
SCHEME_CHOICES = [(V1A, _l("By a key pair (v1a): the receiver needs no secret")), (V1, _l("By a shared secret (v1)"))]


class EndpointForm(Form):
    """What an endpoint is told, where, and how it is signed."""

    url = StringField(_l("Receiving address"), validators=[InputRequired(), at_most(LONGEST_URL)])
    events = SelectMultipleField(
        _l("What it is told of"), validators=[InputRequired()], option_widget=CheckboxInput(), validate_choice=False
    )  # fmt: skip
    scheme = RadioField(_l("How messages are signed"), default=V1A)
    reason = StringField(_l("Reason"), validators=[InputRequired(), at_most(LONGEST_REASON)])


class RotationForm(Form):
    """How long the former secret goes on signing."""

    days = IntegerField(_l("The former one signs for (days)"), validators=[InputRequired()], default=1)
    reason = StringField(_l("Reason"), validators=[InputRequired(), at_most(LONGEST_REASON)])


@bp.get("/settings/doors/<ref>/endpoints")
@performs(Action.MANAGE_PEOPLE)
def endpoints(ref: str) -> ResponseReturnValue:
    row = _account(ref)
    rows = endpoints_of(row)
    return render_template(
        "settings/webhooks/endpoints.html", row=row, rows=rows, dead=how_many_dead(rows), waiting=how_many_wait(rows), most=MOST_ENDPOINTS,
        state_words=_state_words, host_of=host_of, told_of=_told_of,
    )  # fmt: skip


@bp.route("/settings/doors/<ref>/endpoints/new", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE, is_fresh=True)
@answers_again(lambda ref: url_for(".endpoints", ref=ref))
def new(ref: str) -> ResponseReturnValue:
    """Add an endpoint; what the receiver verifies by is shown in the answer."""
    row, form = _going_on(ref), EndpointForm()
    form.scheme.choices = SCHEME_CHOICES
    form.events.choices = [(str(each), local(THING_WORDS[each])) for each in things_for(row.scopes)]
    if not form.validate_on_submit():
        return _new_page(row, form), 422 if request.method == "POST" else 200
    wish = EndpointWish(form.url.data or "", form.events.data or (), form.scheme.data)
    try:
        with unit_of_work(keeps_rows=True):
            row = _going_on(ref)
            endpoint, text = add_endpoint(row, wish, inside=_inside(), by=alone(), now=now(), reason=form.reason.data or "")
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _new_page(_going_on(ref), form, form.refuse(refusal)), 422
    return _secret_page(row, endpoint, text)


@bp.get("/settings/doors/<ref>/endpoints/<endpoint_ref>")
@performs(Action.MANAGE_PEOPLE)
def endpoint(ref: str, endpoint_ref: str) -> ResponseReturnValue:
    row = _account(ref)
    return _endpoint_page(row, _endpoint(row, endpoint_ref))


@bp.route("/settings/doors/<ref>/endpoints/<endpoint_ref>/secret", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE, is_fresh=True)
@answers_again(lambda ref, endpoint_ref: url_for(".endpoint", ref=ref, endpoint_ref=endpoint_ref))
def secret(ref: str, endpoint_ref: str) -> ResponseReturnValue:
    """Rotate: the new secret signs at once, the former one beside it for some days."""
    row, form = _going_on(ref), RotationForm()
    each = _endpoint(row, endpoint_ref)
    if not form.validate_on_submit():
        return _rotation_page(row, each, form), 422 if request.method == "POST" else 200
    try:
        with unit_of_work(keeps_rows=True):
            row = _going_on(ref)
            each = _endpoint(row, endpoint_ref)
            text = rotate_secret(each, days=form.days.data or 0, by=alone(), now=now(), reason=form.reason.data or "")
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        row = _going_on(ref)
        return _rotation_page(row, _endpoint(row, endpoint_ref), form, form.refuse(refusal)), 422
    return _secret_page(row, each, text)


@bp.post("/settings/doors/<ref>/endpoints/<endpoint_ref>/<act>")
@performs(Action.MANAGE_PEOPLE)
@answers_again(lambda ref, endpoint_ref, act: url_for(".endpoint", ref=ref, endpoint_ref=endpoint_ref))
def change(ref: str, endpoint_ref: str, act: str) -> ResponseReturnValue:
    """What is done to an endpoint by one button and a reason: `address`, `proof`, `off`, `replay`."""
    does, sent = found(ACTS.get(act)), request.form
    _endpoint(_account(ref), endpoint_ref)
    try:
        said = does(lambda: _endpoint(_account(ref), endpoint_ref), {"by": alone(), "now": now(), "reason": sent.get("reason", "")})
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        row = _account(ref)
        names = {"reason": f"reason-{act}", "url": "url"}
        return _endpoint_page(row, _endpoint(row, endpoint_ref), refusal_of(refusal, names)), 422
    flash(said)
    return redirect(url_for(".endpoint", ref=ref, endpoint_ref=endpoint_ref))


def _address(find: Find, given: dict[str, Any]) -> str:
    with unit_of_work():
        change_url(find(), request.form.get("url", ""), inside=_inside(), **given)
    return str(_("It is asked to prove itself now; what waits is sent afterwards."))


def _proof(find: Find, given: dict[str, Any]) -> str:
    with unit_of_work():
        ask_for_proof(find(), **given)
    return str(_("It is asked to prove itself now."))


def _off(find: Find, given: dict[str, Any]) -> str:
    with unit_of_work():
        disable_endpoint(find(), **given)
    return str(_("The endpoint is off."))


def _replay(find: Find, given: dict[str, Any]) -> str:
    number = replay_all(find, message=request.form.get("message") or None, **given)
    return str(ngettext("%(num)s message is sent again.", "%(num)s messages are sent again.", number))


ACTS = {"address": _address, "proof": _proof, "off": _off, "replay": _replay}


def _account(ref: str) -> ServiceAccount:
    return found(service_account_seen(alone(), ref))


def _going_on(ref: str) -> ServiceAccount:
    row = _account(ref)
    return row if row.ended_at is None else found(None)


def _endpoint(row: ServiceAccount, ref: str) -> WebhookEndpoint:
    return found(endpoint_seen(row, ref))


def _inside() -> frozenset[str]:
    return frozenset(current_app.config["INSIDE_HOSTS"])


def _state_words(each: WebhookEndpoint) -> str:
    return local(CODES["state"][state_of(each)])


def _told_of(each: WebhookEndpoint) -> list[str]:
    return [local(THING_WORDS[Thing(name)]) if name in set(Thing) else name for name in map(str, each.events)]


def _new_page(row: ServiceAccount, form: EndpointForm, refusal: str = "") -> str:
    return render_template("settings/webhooks/new.html", row=row, form=form, refusal=refusal)


def _rotation_page(row: ServiceAccount, each: WebhookEndpoint, form: RotationForm, refusal: str = "") -> str:
    return render_template("settings/webhooks/rotation.html", row=row, each=each, form=form, refusal=refusal, host=host_of(each.url))


def _secret_page(row: ServiceAccount, each: WebhookEndpoint, text: str) -> str:
    given = {"is_secret": each.scheme == V1, "host": host_of(each.url)}
    return render_template("settings/webhooks/secret.html", row=row, each=each, text=text, **given)


def _endpoint_page(row: ServiceAccount, each: WebhookEndpoint, refusal: Refusal | None = None) -> str:
    return render_template(
        "settings/webhooks/endpoint.html", row=row, each=each, refusal=refusal, typed=request.form, host=host_of(each.url),
        state=_state_words(each), told_of=_told_of(each), dead=dead_letters(each), most=MOST_LISTED,
        keys=[key for key in secrets_of(each.id, now=now()) if key.public], waiting=how_many_wait([each]).get(each.id, 0),
    )  # fmt: skip

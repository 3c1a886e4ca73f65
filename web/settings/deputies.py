"""Settings of deputies: administrators appoint them for everybody, leaders for themselves."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.models import Account
from casework.permissions import Action, NotAllowed, Role
from casework.settings.deputyships import (
    LONGEST,
    DeputyRefused,
    appoint_deputy,
    confirm_deputy,
    deputyships_seen,
    end_deputyship,
    one_seen,
    possible_deputies,
)
from casework.settings.scopes import person_of
from web.clock import now
from web.forms import Form, Refusal, refusal_of
from web.guards import alone, found, own_account, performs, signed_in_account
from web.settings.date_fields import typed_instant

bp = Blueprint("settings_deputies", __name__)

FIELDS = {"deputy": "deputy", "starts_at": "f-starts_at", "ends_at": "f-ends_at", "reason": "reason"}
"""Field ids of the appointment form, by what a refusal is about."""
MOST_SHOWN = 200


@bp.route("/settings/deputies", methods=["GET", "POST"])
@performs(Action.APPOINT_DEPUTY)
def deputies() -> ResponseReturnValue:
    """`principal` in the address is the person an administrator appoints a deputy for; a leader appoints for themselves."""
    form, ref = Form(), request.values.get("principal", "")
    if request.method == "GET":
        return _page(form, _principal(ref))
    if not form.validate_on_submit():
        return _page(form, _principal(ref)), 422
    ends = request.form.get("act") == "end"
    try:
        with unit_of_work():
            words = _ended(ref) if ends else _appointed(ref)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _page(form, _principal(ref), refusal_of(refusal, {"reason": _id_of_reason("end")} if ends else FIELDS)), 422
    flash(words)
    return redirect(url_for(".deputies"))


@bp.post("/settings/deputies/confirmations")
@performs(Action.CONFIRM_DEPUTY)
def confirmations() -> ResponseReturnValue:
    """The confirmation by a second person, after which the deputy of a confidential reader may act."""
    form, sent = Form(), request.form
    if not form.validate_on_submit():
        return _page(form, None), 422
    row = found(one_seen(alone(), sent.get("principal", ""), sent.get("deputy", ""), sent.get("starts_at", ""), now=now()))
    try:
        with unit_of_work():
            confirm_deputy(row, by=alone(), now=now(), reason=sent.get("reason", ""))
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _page(form, None, refusal_of(refusal, {"reason": _id_of_reason("confirm")})), 422
    flash(_("The deputy is confirmed."))
    return redirect(url_for(".deputies"))


def _id_of_reason(act: str) -> str:
    return f"{act}-{request.form.get('deputy', '')}-{request.form.get('starts_at', '')}"


def _appointed(ref: str) -> str:
    principal, sent = found(_principal(ref)), request.form
    deputy = next((each for each in possible_deputies(principal, now=now()) if each.ref == sent.get("deputy")), None)
    if deputy is None and not sent.get("deputy"):
        raise DeputyRefused("Vui lòng chọn người làm thay.", "Please choose the deputy.", about="deputy")
    starts_at, ends_at = (typed_instant(sent.get(name, ""), name) for name in ("starts_at", "ends_at"))
    row = appoint_deputy(
        principal=principal,
        deputy=found(deputy),
        starts_at=starts_at,
        ends_at=ends_at,
        by=alone(),
        now=now(),
        reason=sent.get("reason", ""),
    )
    names = {"deputy": deputy.full_name if deputy else "", "principal": principal.full_name}
    if row.wanted_until is not None:
        return str(_("%(deputy)s stands in for %(principal)s once an administrator has confirmed it.", **names))
    return str(_("%(deputy)s stands in for %(principal)s.", **names))


def _ended(ref: str) -> str:
    sent = request.form
    row = found(one_seen(alone(), ref, sent.get("deputy", ""), sent.get("starts_at", ""), now=now()))
    end_deputyship(row, by=alone(), now=now(), reason=sent.get("reason", ""))
    return str(_("The deputy is called back."))


def _principal(ref: str) -> Account | None:
    """The person who gets a deputy: for a leader themselves, for an administrator whoever is chosen, else None."""
    own = found(own_account())
    if ref in ("", own.ref):
        return own if ref or Role.ADMINISTRATOR not in alone().roles else None
    return found(person_of(alone(), ref) if Role.ADMINISTRATOR in alone().roles else None)


def _page(form: Form, principal: Account | None, refusal: Refusal | None = None) -> str:
    return render_template(
        "settings/people/deputies.html", form=form, principal=principal, refusal=refusal, typed=request.form, now=now(),
        rows=deputyships_seen(alone(), now=now(), limit=MOST_SHOWN), is_administrator=Role.ADMINISTRATOR in alone().roles,
        candidates=possible_deputies(principal, now=now()) if principal is not None else [], most_days=LONGEST.days,
        own_ref=found(signed_in_account()).ref,
    )  # fmt: skip

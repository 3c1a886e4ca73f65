"""Identities at other providers that open an account: listed, linked and removed by their owner, or for staff by an administrator."""

from flask import Blueprint, current_app, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.accounts.outside_identities import OutsideRefused, Subject, identities_of, link_identity, unlink_identity, unlink_own_identity
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Account
from casework.permissions import Action, NotAllowed
from casework.settings.people import is_own
from casework.settings.scopes import person_of
from web.accounts.contact_codes import can_reach
from web.accounts.oidc_client import ProviderClient
from web.accounts.oidc_providers import STAFF
from web.accounts.sign_in_elsewhere import leave_for, outside_providers
from web.clock import now
from web.forms import Form, Refusal, refusal_of
from web.guards import actor, alone, found, own_account, performs, signed_in_account
from web.locales import in_reader_language as local

bp = Blueprint("outside_identities", __name__)


@bp.get("/account/identities")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def identities() -> ResponseReturnValue:
    return _own_page()


@bp.post("/account/identities/<provider>")
@performs(Action.MANAGE_SESSIONS, with_account=True, is_fresh=True)
def link(provider: str) -> ResponseReturnValue:
    """Send the browser to the provider and link the identity it returns with."""
    account = found(own_account())
    client = found(next((each for each in _clients_for(account) if each.provider.key == provider), None))
    return leave_for(client, target="", account=account)


@bp.post("/account/identities/<ref>/removal")
@performs(Action.MANAGE_SESSIONS, with_account=True, is_fresh=True)
def removal(ref: str) -> ResponseReturnValue:
    own_id, by, moment = found(signed_in_account()).id, actor(), now()
    reaches = [kind for kind in ("phone", "email") if can_reach(kind)]
    try:
        with unit_of_work():
            is_gone = unlink_own_identity(db.session.get_one(Account, own_id), ref, by=by, reaches=reaches, now=moment)
    except OutsideRefused as refusal:
        return _own_page(local(refusal.text)), 422
    found(is_gone or None)
    flash(_("The link has been taken away."))
    return redirect(url_for(".identities"))


@bp.route("/settings/people/<ref>/identities", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def of_person(ref: str) -> ResponseReturnValue:
    """Link an identity of a member of staff by its subject, or remove one, as an administrator."""
    account, form = _person(ref), Form()
    if not form.validate_on_submit():
        return _person_page(account, form), 422 if request.method == "POST" else 200
    sent, moment, by = request.form, now(), alone()
    try:
        with unit_of_work():
            account = _person(ref)
            if sent.get("act") == "unlink":
                found(unlink_identity(account, sent.get("identity", ""), by=by, reason=sent.get("reason", ""), now=moment) or None)
            else:
                provider = found(_provider_of_staff(sent.get("provider", "")))
                who = Subject(provider.provider.key, provider.provider.issuer, sent.get("subject", "").strip())
                link_identity(account, who, by=by, reason=sent.get("reason", ""), now=moment)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        of = sent.get("identity", "") if sent.get("act") == "unlink" else "link"
        return _person_page(_person(ref), form, refusal_of(refusal, {"subject": "f-subject", "reason": f"reason-{of}"})), 422
    flash(_("The link has been taken away.") if sent.get("act") == "unlink" else _("The identity is linked."))
    return redirect(url_for(".of_person", ref=ref))


def label_of(key: str) -> str:
    """A provider's name; its key where it is no longer configured."""
    client = current_app.extensions["outside"].get(key)
    return local(client.provider.label) if client is not None else key


def _own_page(refusal: str = "") -> str:
    account = found(own_account())
    rows = identities_of(account)
    linked = {row.provider for row in rows}
    offered = [each for each in _clients_for(account) if each.provider.key not in linked]
    return render_template("accounts/outside_identities.html", rows=rows, offered=offered, label_of=label_of, refusal=refusal)


def _person_page(account: Account, form: Form, refusal: Refusal | None = None) -> str:
    return render_template(
        "accounts/outside_of_person.html", account=account, rows=identities_of(account), providers=outside_providers(STAFF),
        label_of=label_of, form=form, refusal=refusal, typed=request.form,
    )  # fmt: skip


def _person(ref: str) -> Account:
    """A member of staff whose account the administrator may change; raises NotFound for others."""
    account = found(person_of(alone(), ref))
    return found(account if is_own(alone(), account, now()) else None)


def _clients_for(account: Account) -> list[ProviderClient]:
    return [each for each in outside_providers() if each.provider.account_kind == account.kind]


def _provider_of_staff(key: str) -> ProviderClient | None:
    return next((each for each in outside_providers(STAFF) if each.provider.key == key), None)

"""A citizen's account page: name, contacts, password, language and sessions."""

from datetime import timedelta

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from wtforms import PasswordField
from wtforms.validators import EqualTo, InputRequired, Length

from casework.contacts.codes import Purpose
from casework.contacts.proven import ContactRefused, change_name, give_contact, tell_sign_in_changed
from casework.db import db, unit_of_work
from casework.messages.choices import contact_of
from casework.models import Account
from casework.permissions import Action
from casework.privacy.account_marks import mark_account
from casework.privacy.contact_codes import kind_of
from casework.privacy.identity import Contact
from casework.rate_limits import Limit, TooManyAttempts, count_attempt
from casework.rights.requests import Person
from casework.settings.people import change_own_password
from web.accounts.code_step import CodeStep, ask_for_code, take_code
from web.accounts.contact_codes import (
    ContactProof,
    can_reach,
    configured,
    contact_typed,
    masked,
)
from web.accounts.password_lists import refused_because
from web.accounts.password_rules import LONGEST, SHORTEST, check_password, hash_password
from web.accounts.proof import proof_box, unproven
from web.clock import now
from web.forms import Form
from web.guards import actor, found, own_account, performs, signed_in_account
from web.locales import in_reader_language as local
from web.locales import languages
from web.sessions import current_session, drop_cookie, open_sessions, revoke_session

bp = Blueprint("contacts_account", __name__)

GUESSES = Limit("own password", 5, timedelta(minutes=15))
"""The counter is shared with changing the password (web.accounts.password)."""


class FirstPasswordForm(Form):
    password = PasswordField(
        _l("New password"),
        validators=[
            InputRequired(_l("Please choose a password.")),
            Length(min=SHORTEST, max=LONGEST, message=_l("A password has at least %(min)d characters.")),
        ],
    )
    password_again = PasswordField(_l("The password once more"), validators=[EqualTo("password", message=_l("The two passwords differ."))])


@bp.get("/account")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def account() -> ResponseReturnValue:
    """The account page of a citizen; staff are led to the page of their sessions."""
    return _page() if found(signed_in_account()).kind == "citizen" else redirect(url_for("auth.sessions"))


@bp.post("/account/name")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def name() -> ResponseReturnValue:
    own_id = found(_citizen()).id
    try:
        with unit_of_work():
            change_name(db.session.get_one(Account, own_id), request.form.get("name", ""))
    except ContactRefused as refusal:
        return _page(name_refusal=local(refusal.text)), 422
    flash(_("Your name is kept."))
    return redirect(url_for(".account"))


@bp.post("/account/contact")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def contact() -> ResponseReturnValue:
    """Send a code to another number or address; the account gets the contact once the code has been typed.

    Somebody who finds the page open must not be able to take the account over, so the person first proves who they are
    (web.accounts.proof).
    """
    judged = unproven(Person(account=found(_citizen()))) if contact_typed(request.form.get("contact", "")) is not None else None
    if judged is not None:
        return _page(contact_refusal=judged[0], said=("contact", judged[1])), 422 if judged[0] else 200
    refusal = ask_for_code(request.form.get("contact", ""), Purpose.ADD_CONTACT)
    return (_page(contact_refusal=refusal), 422) if refusal else redirect(url_for(".contact_code"))


@bp.route("/account/contact/code", methods=["GET", "POST"])
@performs(Action.MANAGE_SESSIONS, with_account=True)
def contact_code() -> ResponseReturnValue:
    own_id = found(_citizen()).id
    taken = take_code(CodeStep(Purpose.ADD_CONTACT, _("Confirm a number or address"), lambda _target: url_for(".account")))
    if not isinstance(taken, ContactProof):
        return taken
    try:
        with unit_of_work():
            give_contact(db.session.get_one(Account, own_id), taken.contact, now=now(), configured=configured())
    except ContactRefused as refusal:
        return _page(contact_refusal=local(refusal.text)), 422
    except IntegrityError:
        return _page(contact_refusal=_("This number or address belongs to another account. Please sign in with it.")), 422
    flash(_("Confirmed: %(masked)s", masked=masked(taken.contact)))
    return redirect(url_for(".account"))


@bp.post("/account/first-password")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def first_password() -> ResponseReturnValue:
    """Set a password on an account that signs in by codes. An account with a password changes it in web.accounts.password."""
    mine, form = found(_citizen()), FirstPasswordForm()
    if mine.password_hash is not None:
        return redirect(url_for("account.password"))
    judged = unproven(Person(account=mine))
    if judged is not None:
        return _page(password=FirstPasswordForm(formdata=None), said=("password", *judged)), 422 if judged[0] else 200
    # rows read before the proof was counted may be out of date
    mine, this = found(_citizen()), found(current_session())
    if not form.validate_on_submit():
        return _page(password=form), 422
    typed, own_id, session_id, by = form.password.data or "", mine.id, this.id, actor()
    own = contact_of(mine)
    if words := refused_because(typed, own.name, own.phone, own.email):
        form.password.errors = [words]
        return _page(password=form), 422
    password_hash = hash_password(typed)
    with unit_of_work():
        account = db.session.get_one(Account, own_id)
        change_own_password(account, by=by, now=now(), password_hash=password_hash, session_id=session_id)
        tell_sign_in_changed(account, now=now())
    flash(_("Your password is set. You can sign in with it or with a code."))
    return redirect(url_for(".account"))


@bp.post("/account/password-removal")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def password_removal() -> ResponseReturnValue:
    """Remove the password. Refused unless a code can reach a proven contact, since nobody could sign in any more."""
    mine = found(_citizen())
    found(True if _can_do_without_password(mine) else None)
    own_id, kept, moment = mine.id, mine.password_hash, now()
    with unit_of_work():
        until = count_attempt(GUESSES, str(own_id), now=moment)
    if until is not None:
        return _page(removal_refusal=local(TooManyAttempts(until).text)), 429
    if not check_password(request.form.get("present", ""), kept):
        return _page(removal_refusal=_("The present password is not right.")), 422
    with unit_of_work():
        account = db.session.get_one(Account, own_id)
        account.password_hash = None
        mark_account(account, by=actor(), at=moment)
        tell_sign_in_changed(account, now=moment)
    flash(_("Your password is removed. From now on you sign in with a code."))
    return redirect(url_for(".account"))


@bp.post("/account/language")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def account_language() -> ResponseReturnValue:
    own_id, chosen = found(_citizen()).id, request.form.get("language", "")
    if chosen in languages():
        with unit_of_work():
            db.session.get_one(Account, own_id).language = chosen
        session["language"] = chosen
    return redirect(url_for(".account"))


@bp.post("/account/sign-out-everywhere")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def sign_out_everywhere() -> ResponseReturnValue:
    """End every session, including this one."""
    mine, moment = found(_citizen()), now()
    with unit_of_work():
        for one in open_sessions(mine, now=moment):
            revoke_session(mine, one.ref, now=moment)
    chosen = session.get("language")
    session.clear()
    if chosen:
        session["language"] = chosen
    flash(_("You have been signed out everywhere."))
    answer = make_response(redirect(url_for("auth.sign_in")))
    drop_cookie(answer)
    return answer


def _citizen() -> Account | None:
    mine = signed_in_account()
    return own_account() if mine is not None and mine.kind == "citizen" else None


def _can_do_without_password(mine: Account) -> bool:
    has_way = (mine.phone_verified_at is not None and can_reach("phone")) or (mine.email_verified_at is not None and can_reach("email"))
    return mine.password_hash is not None and has_way


def _page(
    *, name_refusal: str = "", contact_refusal: str = "", removal_refusal: str = "", password: FirstPasswordForm | None = None,
    said: tuple[str, ...] = (),
) -> str:
    """`said` names the form whose proof was judged and the sentence shown there."""
    mine = found(_citizen())
    known = contact_of(mine)
    ways = [
        (way, kind_of(way), proven_at)
        for way, proven_at in (
            (Contact(phone=known.phone), mine.phone_verified_at), (Contact(email=known.email), mine.email_verified_at),
        ) if way.phone or way.email
    ]  # fmt: skip
    return render_template(
        "accounts/contacts.html",
        form=Form(formdata=None),
        name=request.form.get("name", "") if name_refusal else known.name or "",
        name_refusal=name_refusal,
        ways=[(kind, masked(way), way.phone or way.email, proven_at) for way, kind, proven_at in ways],
        opens="contacts" in request.args,
        typed=request.form.get("contact", "") if contact_refusal or said else "",
        box=proof_box(Person(account=mine)),
        said=said,
        contact_refusal=contact_refusal,
        can_add=can_reach("phone") or can_reach("email"),
        has_password=mine.password_hash is not None,
        can_remove=_can_do_without_password(mine),
        removal_refusal=removal_refusal,
        password=password or FirstPasswordForm(formdata=None),
        rights_url=url_for("rights_own.of_account") if "rights_own.of_account" in current_app.view_functions else "",
    )

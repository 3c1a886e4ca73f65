"""Signing in, or opening an account, with a code sent to a telephone number or an e-mail address.

    contact  →  code  →  the account that has it proven, or: agree to the notice  →  a new account

Nothing is stored about a newcomer before they have agreed. A proof does not open an account that only claimed the contact: whoever knows
its password keeps the account and its contact is then proven; otherwise the account loses the contact (casework.contacts.proven).
"""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from wtforms import BooleanField, PasswordField, StringField
from wtforms.validators import InputRequired, Length

from casework.contacts.codes import Purpose
from casework.contacts.proven import LONGEST_NAME, ContactRefused, account_claiming, account_of, claim_reports, note_proof, open_account
from casework.db import db, unit_of_work
from casework.models import Account
from casework.permissions import Action
from casework.privacy.contact_codes import digest_of
from casework.privacy.identity import Contact
from casework.rate_limits import Limit, TooManyAttempts, count_attempt, forget_attempts
from casework.settings.consent_notices import notice_shown, notice_today
from web.accounts.code_step import CodeStep, ask_for_code, take_code
from web.accounts.contact_codes import (
    PROVEN_KEY,
    ContactProof,
    forget_asked,
    keep_asked,
    kept_asked,
    masked,
)
from web.accounts.in_app import mark_in_app
from web.accounts.password_rules import LONGEST, check_password
from web.accounts.proof import note_signed_in_by_code
from web.accounts.sign_in import QUARTER, home_of, sign_in_page, signed_in_answer
from web.clock import now
from web.forms import Form
from web.guards import performs
from web.http.security import own_address
from web.locales import in_reader_language as local
from web.locales import language
from web.request_log import note_security
from web.sessions import open_session

bp = Blueprint("contacts_sign_in", __name__)

OLD_PASSWORDS = Limit("password of a claimed contact", 5, QUARTER)


class NewAccountForm(Form):
    """Consent to the notice. The name may stay empty."""

    name = StringField(_l("Full name"), validators=[Length(max=LONGEST_NAME, message=_l("At most %(max)d characters are taken."))])
    consent = BooleanField(
        _l("I have read and agree to the notice on personal data"),
        validators=[InputRequired(_l("Please read and agree to the notice on personal data."))],
    )


class OldAccountForm(Form):
    """The password of an account that claimed the contact before it could be proven."""

    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Please type your password.")), Length(max=LONGEST)])


@bp.post("/sign-in/contact")
@performs(Action.SIGN_IN)
def contact() -> ResponseReturnValue:
    """Send a code; the answer is the same for known and unknown contacts."""
    typed, target = request.form.get("contact", ""), own_address(request.form.get("next"), "")
    refusal = ask_for_code(typed, Purpose.SIGN_IN, target=target)
    return (sign_in_page(typed=typed, target=target, code_refusal=refusal), 422) if refusal else redirect(url_for(".code"))


@bp.route("/sign-in/code", methods=["GET", "POST"])
@performs(Action.SIGN_IN)
def code() -> ResponseReturnValue:
    taken = take_code(CodeStep(Purpose.SIGN_IN, _("Sign in"), lambda target: url_for("auth.sign_in", next=target or None)))
    return go_on_with(taken.contact, target=taken.target) if isinstance(taken, ContactProof) else taken


@bp.route("/sign-in/new", methods=["GET", "POST"])
@performs(Action.SIGN_IN)
def new() -> ResponseReturnValue:
    """A newcomer with a proven contact agrees to the notice, or leaves without a trace."""
    asked = kept_asked(PROVEN_KEY, Purpose.SIGN_IN)
    if asked is None:
        return redirect(url_for("auth.sign_in"))
    form = NewAccountForm(name=asked.contact.name or "")
    if not form.validate_on_submit():
        return _new_page(asked, form), 422 if form.errors else 200
    moment, words_language = now(), language()
    way = Contact(phone=asked.contact.phone, email=asked.contact.email)
    try:
        with unit_of_work():
            notice = notice_shown(request.form.get("consent_notice", ""), moment)
            account = open_account(way, name=form.name.data or "", language=words_language, notice=notice, now=moment)
            token = open_session(account, now=moment, factors=("contact",))
    except (ContactRefused, IntegrityError):
        # the same person opened it meanwhile in another window
        return go_on_with(asked.contact, target=asked.target, in_app=asked.in_app)
    forget_asked(PROVEN_KEY)
    flash(_("Your account has been opened."))
    return _signed_in(account, token, asked.target, asked.in_app, by_code=not asked.in_app)


@bp.post("/sign-in/known")
@performs(Action.SIGN_IN)
def known() -> ResponseReturnValue:
    """The owner of an account that claimed the contact gives its password and keeps the contact, proven from now on."""
    asked, form = kept_asked(PROVEN_KEY, Purpose.SIGN_IN), OldAccountForm()
    if asked is None:
        return redirect(url_for("auth.sign_in"))
    way = Contact(phone=asked.contact.phone, email=asked.contact.email)
    if not form.validate_on_submit():
        return _new_page(asked, NewAccountForm(formdata=None, name=asked.contact.name or ""), old=form), 422
    moment, subject = now(), digest_of(way)
    with unit_of_work():
        until = count_attempt(OLD_PASSWORDS, subject, now=moment)
    if until is not None:
        refusal = local(TooManyAttempts(until).text)
        return _new_page(asked, NewAccountForm(formdata=None, name=asked.contact.name or ""), old=form, refusal=refusal), 429
    account = account_claiming(way)
    is_known = check_password(form.password.data or "", account.password_hash if account is not None else None)
    if account is None or not is_known or account.disabled_at is not None:
        note_security("sign-in refused")
        form.password.errors = [_("This is not the password of that account.")]
        return _new_page(asked, NewAccountForm(formdata=None, name=asked.contact.name or ""), old=form), 422
    account_id = account.id
    with unit_of_work(keeps_rows=True):
        account = db.session.get_one(Account, account_id)
        note_proof(account, way, now=moment)
        claim_reports(account)
        forget_attempts(OLD_PASSWORDS, subject, now=moment)
        token = open_session(account, now=moment)
    forget_asked(PROVEN_KEY)
    return _signed_in(account, token, asked.target, asked.in_app)


def go_on_with(contact: Contact, *, target: str, in_app: str = "", by_code: bool = False) -> ResponseReturnValue:
    """Sign in the person who has just proven a contact, or lead them to the notice where no account has it proven.

    `by_code`: they have just typed a code sent there, which counts as a recent proof.
    """
    way, moment = Contact(phone=contact.phone, email=contact.email), now()
    account = account_of(way)
    if account is None:
        keep_asked(PROVEN_KEY, ContactProof(contact, Purpose.SIGN_IN, moment, target, in_app))
        return redirect(url_for("contacts_sign_in.new"))
    if account.disabled_at is not None:
        flash(_("This account is closed. Please call the centre."), "wait")
        return redirect(url_for("auth.sign_in"))
    account_id = account.id
    with unit_of_work(keeps_rows=True):
        account = db.session.get_one(Account, account_id)
        claim_reports(account)
        token = open_session(account, now=moment, factors=("contact",))
    return _signed_in(account, token, target, in_app, by_code=by_code)


def _signed_in(account: Account, token: str, target: str, in_app: str, *, by_code: bool = False) -> ResponseReturnValue:
    answer = signed_in_answer(account, token, own_address(target, home_of(account)))
    if by_code:
        note_signed_in_by_code(account)
    mark_in_app(in_app)
    return answer


def _new_page(asked: ContactProof, form: NewAccountForm, *, old: OldAccountForm | None = None, refusal: str = "") -> str:
    way = Contact(phone=asked.contact.phone, email=asked.contact.email)
    claiming = account_claiming(way)
    return render_template(
        "accounts/new_account.html",
        form=form,
        old=old or OldAccountForm(formdata=None),
        refusal=refusal,
        masked=masked(way),
        notice=notice_today(None, now()),
        is_claimed=claiming is not None and claiming.password_hash is not None,
    )

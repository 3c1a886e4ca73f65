"""The page on which people change their password; those with a start password must do so first."""

from datetime import timedelta

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, PasswordField
from wtforms.validators import EqualTo, InputRequired, Length

from casework.contacts.proven import tell_sign_in_changed
from casework.db import db, unit_of_work
from casework.models import Account, LoginSession
from casework.permissions import Action
from casework.rate_limits import Limit, TooManyAttempts, count_attempt, forget_attempts
from casework.settings.people import change_own_password
from web.accounts.password_lists import refused_because
from web.accounts.password_rules import LONGEST, SHORTEST, check_password, hash_password
from web.clock import now
from web.forms import Form
from web.guards import actor, found, own_account, performs
from web.http.security import own_address
from web.locales import in_reader_language
from web.sessions import authenticate_again, current_session, set_cookie

bp = Blueprint("account", __name__)

GUESSES = Limit("own password", 5, timedelta(minutes=15))
"""Limits guessing by somebody who sits down at another person's open page."""


class PasswordForm(Form):
    present = PasswordField(_l("Present password"), validators=[InputRequired(_l("Please type your password.")), Length(max=LONGEST)])
    password = PasswordField(
        _l("New password"),
        validators=[
            InputRequired(_l("Please choose a password.")),
            Length(min=SHORTEST, max=LONGEST, message=_l("A password has at least %(min)d characters.")),
        ],
    )
    password_again = PasswordField(_l("The password once more"), validators=[EqualTo("password", message=_l("The two passwords differ."))])
    next = HiddenField()


@bp.route("/account/password", methods=["GET", "POST"])
@performs(Action.MANAGE_SESSIONS, with_account=True)
def password() -> ResponseReturnValue:
    """The attempt is counted before the slow comparison, which runs outside any unit of work. Other sessions end with the change."""
    form, account, session = PasswordForm(next=request.args.get("next", "")), found(own_account()), found(current_session())
    is_first = account.must_change_password
    if not form.validate_on_submit():
        return _page(form, is_first), 422 if form.errors else 200
    account_id, session_id, login, kept = account.id, session.id, account.login or "", account.password_hash
    names, moment, by = (account.full_name, account.email, account.phone), now(), actor()
    with unit_of_work():
        until = count_attempt(GUESSES, str(account_id), now=moment)
    if until is not None:
        return _page(form, is_first, in_reader_language(TooManyAttempts(until).text)), 429
    typed = form.password.data or ""
    if not check_password(form.present.data or "", kept):
        return _page(form, is_first, _("The present password is not right.")), 422
    words = refused_because(typed, login, *names)
    if not words and check_password(typed, kept):
        words = _("This is the present password. Please choose another.")
    if words:
        form.password.errors = [words]
        return _page(form, is_first), 422
    password_hash = hash_password(typed)
    with unit_of_work():
        account = db.session.get_one(Account, account_id)
        change_own_password(account, by=by, now=moment, password_hash=password_hash, session_id=session_id)
        forget_attempts(GUESSES, str(account_id), now=moment)
        token = authenticate_again(db.session.get_one(LoginSession, session_id), now=moment)
        if account.kind == "citizen":
            tell_sign_in_changed(account, now=moment)
    flash(_("Your password has been changed. Other browsers have been signed out."))
    home = url_for("inbox.inbox") if account.kind == "staff" else url_for("tracking.mine")
    response = make_response(redirect(own_address(form.next.data, home) if is_first else url_for("auth.sessions")))
    set_cookie(response, token, account)
    return response


def _page(form: PasswordForm, is_first: bool, refusal: str = "") -> str:
    return render_template("accounts/password.html", form=form, is_first=is_first, refusal=refusal)

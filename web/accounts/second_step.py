"""The second step of signing in, and signing in by passkey alone.

After a correct password the browser holds a token that opens only these pages. Until then no page reveals whether a person has an account,
a passkey or a code.
"""

import secrets
from datetime import datetime, timedelta

from flask import Blueprint, current_app, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import Length

from casework.accounts.code_apps import take_code
from casework.accounts.passkeys import LONGEST_ANSWER, PasskeyRefused, Purpose, signing_options, spend_challenge, take_passkey
from casework.accounts.pending_sign_ins import count_try, finish_sign_in
from casework.accounts.second_factors import held_by, use_recovery_code
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Account, SignInBegun
from casework.permissions import Action
from casework.rate_limits import Limit, TooManyAttempts, count_attempt, forget_attempts
from casework.sealing.seal import lookup_digest
from web.accounts.factor_gate import begun_here, drop_begun_cookie
from web.accounts.known_browsers import browser_known_to, remember_browser
from web.accounts.relying_party import bound_to_begun, our_party
from web.accounts.sign_in import home_of, sign_in_page, signed_in_answer
from web.clock import now
from web.forms import Form
from web.guards import performs
from web.http.security import own_address
from web.locales import in_reader_language as local
from web.networks import this_network
from web.request_log import note_security
from web.sessions import open_session

bp = Blueprint("factors_second", __name__)

CODES = Limit("second step", 20, timedelta(hours=1))
CODES_KNOWN = Limit("second step here", 10, timedelta(minutes=15))
"""Limits on wrong codes after a correct password, elsewhere and in the person's own browser, which nobody else can use up. Three codes in a
million are valid at a time: 480 tries a day hit one in two years. Passkeys cannot be guessed and are not counted."""
CHALLENGES = Limit("passkey challenges of network", 300, timedelta(minutes=15))
COOKIE = "langbiang_challenge"
"""Names the browser a challenge was made for before anybody is known."""


class _TooLate(Exception):
    """Another browser finished the same half sign-in first; the correct code is not used up."""


class SecondForm(Form):
    """A code from the app or from paper; the script fills in a passkey's response."""

    code = StringField(_l("Code from the app"), validators=[Length(max=20)])
    recovery = StringField(_l("Recovery code"), validators=[Length(max=40)])
    answer = HiddenField(validators=[Length(max=LONGEST_ANSWER)])
    next = HiddenField()


class PasskeyForm(Form):
    answer = HiddenField(validators=[Length(max=LONGEST_ANSWER)])
    next = HiddenField()


@bp.route("/sign-in/second", methods=["GET", "POST"])
@performs(Action.SIGN_IN)
def second() -> ResponseReturnValue:
    """Each attempt is counted before it is checked; a correct one opens the session, once."""
    begun, form = begun_here(), SecondForm(next=request.args.get("next", ""))
    if begun is None:
        return _from_the_beginning(form.next.data)
    if not form.validate_on_submit():
        return _page(begun, form), 422 if form.errors else 200
    begun_id, account_id, login, moment = begun.id, begun.account_id, begun.account.login or "", now()
    if form.answer.data:
        way = "passkey"
    else:
        way = "recovery" if (form.recovery.data or "").strip() else "code"
        with unit_of_work():
            has_more = count_try(db.session.get_one(SignInBegun, begun_id))
        until = _count(account_id, login, moment) if has_more else None
        if not has_more:
            return _from_the_beginning(form.next.data)
        if until is not None:
            still = begun_here()
            refusal = local(TooManyAttempts(until).text)
            return (_page(still, form, refusal), 429) if still is not None else _from_the_beginning(form.next.data)
    first = begun.first_factor
    try:
        entered = _entered(begun_id, account_id, way, form, first, moment)
    except _TooLate:
        return _from_the_beginning(form.next.data)
    except CaseworkError as refusal:
        return _again(form, form.refuse(refusal))
    if entered is None:
        return _again(form, _("This code is not right, or it was used already. Please type the one the app shows now."))
    account, token = entered
    response = signed_in_answer(account, token, own_address(form.next.data, home_of(account)))
    drop_begun_cookie(response)
    remember_browser(response, login)
    return response


@bp.post("/sign-in/second/passkey")
@performs(Action.SIGN_IN)
def challenge() -> ResponseReturnValue:
    begun = begun_here()
    if begun is None:
        return {"words": _("Please sign in from the beginning.")}, 404
    bound_to, account_id = bound_to_begun(begun), begun.account_id
    with unit_of_work():
        told = signing_options(Purpose.SECOND, bound_to=bound_to, party=our_party(), now=now(), account_id=account_id)
    return jsonify(told)


@bp.post("/sign-in/passkey/challenge")
@performs(Action.SIGN_IN)
def passkey_challenge() -> ResponseReturnValue:
    """A challenge for any passkey of this site, before anybody is known; the response must come from the same browser."""
    moment, token = now(), request.cookies.get(COOKIE) or secrets.token_urlsafe(16)
    with unit_of_work():
        until = count_attempt(CHALLENGES, this_network(), now=moment)
    if until is not None:
        return {"words": local(TooManyAttempts(until).text)}, 429
    with unit_of_work():
        told = signing_options(Purpose.SIGN_IN, bound_to=_bound_to(token), party=our_party(), now=moment)
    response = jsonify(told)
    response.set_cookie(
        COOKIE, token, max_age=600, path=url_for("auth.sign_in"), httponly=True, samesite="Strict",
        secure=current_app.config["SESSION_COOKIE_SECURE"],
    )  # fmt: skip
    return response


@bp.post("/sign-in/passkey")
@performs(Action.SIGN_IN)
def passkey() -> ResponseReturnValue:
    """Sign in by passkey alone, which proves both the device and its owner. Every rejection gets the same sentence."""
    form, moment, token = PasskeyForm(), now(), request.cookies.get(COOKIE, "")
    try:
        if not form.validate_on_submit() or not form.answer.data or not token:
            raise PasskeyRefused
        with unit_of_work():
            spent = spend_challenge(form.answer.data, Purpose.SIGN_IN, bound_to=_bound_to(token), now=moment)
        with unit_of_work(keeps_rows=True):
            account = take_passkey(form.answer.data, spent, party=our_party(), now=moment).account
            if account.disabled_at is not None or account.kind != "staff":
                raise PasskeyRefused
            session_token, login = open_session(account, now=moment, factors=("passkey",)), account.login or ""
    except PasskeyRefused as refusal:
        note_security("sign-in refused")
        return sign_in_page(refusal=form.refuse(refusal), target=form.next.data or ""), 422
    response = signed_in_answer(account, session_token, own_address(form.next.data, home_of(account)))
    response.delete_cookie(COOKIE, path=url_for("auth.sign_in"))
    remember_browser(response, login)
    return response


def _entered(
    begun_id: int, account_id: int, way: str, form: SecondForm, first: str, moment: datetime
) -> tuple[Account, str] | None:
    """Check the second step and open the session; None where it was wrong. Raises PasskeyRefused."""
    answer, spent = form.answer.data or "", b""
    if way == "passkey":
        with unit_of_work():
            spent = spend_challenge(answer, Purpose.SECOND, bound_to=f"begun {begun_id}", now=moment)
    with unit_of_work(keeps_rows=True):
        if way == "passkey":
            take_passkey(answer, spent, party=our_party(), now=moment, account_id=account_id)
        elif way == "recovery":
            if not use_recovery_code(db.session.get_one(Account, account_id), form.recovery.data or "", now=moment):
                return None
        elif not take_code(account_id, form.code.data or "", now=moment):
            return None
        account = finish_sign_in(begun_id, now=moment)
        if account is None:
            raise _TooLate
        for limit, subject in _counters(account_id, account.login or ""):
            forget_attempts(limit, subject, now=moment)
        return account, open_session(account, now=moment, factors=(first, way))


def _count(account_id: int, login: str, moment: datetime) -> datetime | None:
    with unit_of_work():
        counted = [count_attempt(limit, subject, now=moment) for limit, subject in _counters(account_id, login)]
    return max((until for until in counted if until is not None), default=None)


def _counters(account_id: int, login: str) -> list[tuple[Limit, str]]:
    known = browser_known_to(login)
    return [(CODES_KNOWN, f"{account_id} {known}")] if known else [(CODES, str(account_id))]


def _again(form: SecondForm, refusal: str) -> ResponseReturnValue:
    note_security("second step refused")
    begun = begun_here()
    return (_page(begun, form, refusal), 422) if begun is not None else _from_the_beginning(form.next.data)


def _from_the_beginning(target: str | None) -> ResponseReturnValue:
    flash(_("Please sign in from the beginning: the second step took too long, or was tried too often."), "wait")
    return redirect(url_for("auth.sign_in", next=target or None))


def _page(begun: SignInBegun, form: SecondForm, refusal: str = "") -> str:
    form.code.data = form.recovery.data = form.answer.data = ""
    return render_template("accounts/second.html", form=form, refusal=refusal, held=held_by(begun.account_id))


def _bound_to(token: str) -> str:
    return lookup_digest(token, purpose="browser of a passkey challenge")

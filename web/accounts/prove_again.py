"""Asks for a proof in the middle of an act, by password, code or passkey, and then lets the submitted form continue."""

from datetime import timedelta
from urllib.parse import urlsplit

from flask import Blueprint, current_app, flash, jsonify, make_response, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import HTTPException

from casework.accounts.code_apps import take_code
from casework.accounts.passkeys import Purpose, passkeys_of, signing_options, spend_challenge, take_passkey
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import LoginSession
from casework.permissions import Action
from casework.rate_limits import Limit, TooManyAttempts, count_attempt, forget_attempts
from web.accounts.password_rules import check_password
from web.accounts.relying_party import bound_to_session, our_party
from web.clock import now
from web.fresh_proof import proof_page
from web.guards import found, own_account, performs
from web.http.security import own_address
from web.locales import in_reader_language as local
from web.request_log import note_security
from web.sessions import authenticate_again, current_session, set_cookie

bp = Blueprint("factors_again", __name__)

GUESSES = Limit("own proof", 5, timedelta(minutes=15))
"""Counted per session, so that somebody at one browser does not lock the owner out of their others."""


@bp.post("/account/again")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def again() -> ResponseReturnValue:
    """The attempt is counted first. A correct proof renews the session token, and a 307 makes the browser resend the form to its target."""
    session, account = found(current_session()), found(own_account())
    if account.kind != "staff":
        found(None)
    target, has_files = own_address(request.args.get("to"), ""), request.args.get("files") == "yes"
    if not target:
        return redirect(url_for("factors_own.security"))
    moment, session_id, account_id, password_hash = now(), session.id, account.id, account.password_hash
    with unit_of_work():
        until = count_attempt(GUESSES, str(session_id), now=moment)
    if until is not None:
        return proof_page(target, has_files=has_files, refusal=local(TooManyAttempts(until).text)), 429
    try:
        factor = _proven_by(account_id, session_id, password_hash)
    except CaseworkError as refusal:
        note_security("proof refused")
        return proof_page(target, has_files=has_files, refusal=local(refusal.text)), 422
    if factor is None:
        note_security("proof refused")
        words = _("That was not right. Your work is still here: please try again.")
        return proof_page(target, has_files=has_files, refusal=words), 422
    with unit_of_work(keeps_rows=True):
        row = db.session.get_one(LoginSession, session_id)
        token = authenticate_again(row, now=moment, factor=factor)
        forget_attempts(GUESSES, str(session_id), now=moment)
        account = row.account
    if has_files:
        flash(_("Thank you. Files cannot wait with a form: please choose them again and send it once more."), "wait")
        response = make_response(redirect(_page_before(target)))
    else:
        response = make_response(redirect(target, code=307))
    set_cookie(response, token, account)
    return response


@bp.post("/account/again/passkey")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def challenge() -> ResponseReturnValue:
    session = found(current_session())
    bound_to, account_id = bound_to_session(session), session.account_id
    found(passkeys_of(account_id) or None)
    with unit_of_work():
        told = signing_options(Purpose.AGAIN, bound_to=bound_to, party=our_party(), now=now(), account_id=account_id)
    return jsonify(told)


def _proven_by(account_id: int, session_id: int, password_hash: str | None) -> str | None:
    """How the person proved who they are, None where the proof was wrong. Commits; raises PasskeyRefused."""
    sent, moment = request.form, now()
    if answer := sent.get("again_answer", ""):
        bound_to = bound_to_session(found(current_session()))
        with unit_of_work():
            spent = spend_challenge(answer, Purpose.AGAIN, bound_to=bound_to, now=moment)
        with unit_of_work():
            take_passkey(answer, spent, party=our_party(), now=moment, account_id=account_id)
        return "passkey"
    if code := sent.get("again_code", "").strip():
        with unit_of_work():
            return "code" if take_code(account_id, code, now=moment) else None
    password = sent.get("again_password", "")
    return "password" if password and check_password(password, password_hash) else None


def _page_before(target: str) -> str:
    """The page the form was on: its target where that can be opened by GET, else the inbox."""
    path = urlsplit(target).path.removeprefix(request.root_path)
    try:
        current_app.url_map.bind("").match(path, method="GET")
    except HTTPException:
        return url_for("inbox.inbox")
    return target



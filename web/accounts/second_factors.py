"""A person's own second factors: app, passkeys and printed codes. Every change needs a recent proof (web.fresh_proof)."""

from base64 import urlsafe_b64decode, urlsafe_b64encode
from datetime import datetime, timedelta

from flask import Blueprint, flash, jsonify, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField
from wtforms.validators import InputRequired, Length

from casework.accounts import second_factors as held
from casework.accounts.code_apps import address_of, new_secret, step_of, typed_key
from casework.accounts.passkeys import LONGEST_ANSWER, LONGEST_NAME, MOST_PASSKEYS, Purpose, registration_options, spend_challenge
from casework.accounts.recovery_codes import NUMBER
from casework.accounts.requirement import Need, need_of, needed_from
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Account, LoginSession, Passkey
from casework.permissions import Action, Actor, actor_for
from casework.permissions.acting_account import ActingAccount
from casework.sealing.seal import SealBroken, open_json, seal_json
from casework.settings.people import end_sessions
from web.accounts.relying_party import bound_to_session, our_party
from web.clock import now
from web.forms import Form
from web.guards import found, must_set_up, performs, signed_in_account
from web.http.security import own_address
from web.locales import in_reader_language as local
from web.navigation import PRODUCT
from web.sessions import SECOND_FACTORS, authenticate_again, current_session, open_sessions, set_cookie

bp = Blueprint("factors_own", __name__)

SET_UP_WITHIN = timedelta(minutes=30)
"""How long a displayed key may wait for its first code."""


class AppForm(Form):
    """The first code of an app. The key travels sealed in the page until that code is correct."""

    code = StringField(_l("Code from the app"), validators=[InputRequired(_l("Please type the code the app shows.")), Length(max=20)])
    key = HiddenField(validators=[Length(max=1_000)])
    next = HiddenField()


class PasskeyForm(Form):
    """A name for the new passkey and the browser's response."""

    name = StringField(_l("Name of the passkey"), validators=[Length(max=LONGEST_NAME)])
    answer = HiddenField(validators=[Length(max=LONGEST_ANSWER)])
    next = HiddenField()


@bp.app_template_global("can_have_passkeys")
def can_have_passkeys() -> bool:
    """Whether passkeys are offered: browsers make none for a numeric host."""
    return our_party().can_have_passkeys


@bp.get("/account/security")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def security() -> ResponseReturnValue:
    return _page(PasskeyForm(formdata=None, next=request.args.get("next", "")))


@bp.route("/account/security/app", methods=["GET", "POST"])
@performs(Action.MANAGE_SESSIONS, with_account=True, is_fresh=True)
def app() -> ResponseReturnValue:
    """Show a key and check the first code made with it; only then is the app a factor."""
    account, moment = _account(), now()
    form = AppForm(next=request.args.get("next", ""))
    secret = _opened(account, form.key.data or "", moment) if request.method == "POST" else None
    if secret is None:
        # no key yet, or the page was open too long: show another key
        if request.method == "POST":
            flash(_("This page lay open too long. Please scan the new picture."), "wait")
        page = _app_page(account, AppForm(formdata=None, next=form.next.data), new_secret(), moment)
        return page, 422 if request.method == "POST" else 200
    if not form.validate_on_submit():
        return _app_page(account, form, secret, moment), 422
    step = step_of(secret, form.code.data or "", now=moment)
    if step is None:
        form.code.errors = [_("This code is not right. Please type the one the app shows now, and check the clock of the telephone.")]
        return _app_page(account, form, secret, moment), 422
    with unit_of_work(keeps_rows=True):
        mine = db.session.get_one(Account, account.id)
        is_first = not held.held_by(account.id).number
        held.add_code_app(mine, secret, step=step, by=Actor(account), now=moment)
        token = _prove(mine, "code", is_first, moment)
    flash(_("The app is added. From now on a code is asked for after the password."))
    return _added(account, token, form.next.data)


@bp.post("/account/security/app/removal")
@performs(Action.MANAGE_SESSIONS, with_account=True, is_fresh=True)
def app_removal() -> ResponseReturnValue:
    account = _account()
    found(held.held_by(account.id).app)
    return _removed(account, lambda mine, by, is_needed: held.remove_code_app(mine, by=by, now=now(), is_needed=is_needed))


@bp.post("/account/security/passkeys/challenge")
@performs(Action.MANAGE_SESSIONS, with_account=True, is_fresh=True)
def passkey_challenge() -> ResponseReturnValue:
    account, bound_to, moment = _account(), bound_to_session(found(current_session())), now()
    with unit_of_work():
        told = registration_options(db.session.get_one(Account, account.id), bound_to=bound_to, party=our_party(), now=moment)
    return jsonify(told)


@bp.post("/account/security/passkeys")
@performs(Action.MANAGE_SESSIONS, with_account=True, is_fresh=True)
def passkey() -> ResponseReturnValue:
    account, form, moment = _account(), PasskeyForm(), now()
    bound_to = bound_to_session(found(current_session()))
    if not form.validate_on_submit():
        return _page(form), 422
    try:
        with unit_of_work():
            spent = spend_challenge(form.answer.data or "", Purpose.REGISTER, bound_to=bound_to, now=moment)
        with unit_of_work(keeps_rows=True):
            mine = db.session.get_one(Account, account.id)
            is_first = not held.held_by(account.id).number
            held.add_passkey(
                mine, form.answer.data or "", spent, name=form.name.data or "", party=our_party(), by=Actor(account), now=moment
            )
            token = _prove(mine, "passkey", is_first, moment)
    except CaseworkError as refusal:
        return _page(form, form.refuse(refusal)), 422
    flash(_("The passkey is added."))
    return _added(account, token, form.next.data)


@bp.post("/account/security/passkeys/<ref>/name")
@performs(Action.MANAGE_SESSIONS, with_account=True, is_fresh=True)
def passkey_name(ref: str) -> ResponseReturnValue:
    account, moment = _account(), now()
    row_id = found(next((row.id for row in held.held_by(account.id).passkeys if row.ref == ref), None))
    try:
        with unit_of_work():
            mine = db.session.get_one(Account, account.id)
            row = db.session.get_one(Passkey, row_id)
            held.rename_passkey(mine, row, name=request.form.get("new_name", ""), by=Actor(account), now=moment)
    except CaseworkError as refusal:
        return _page(PasskeyForm(formdata=None), local(refusal.text)), 422
    flash(_("The passkey has its new name."))
    return redirect(url_for(".security"))


@bp.post("/account/security/passkeys/<ref>/removal")
@performs(Action.MANAGE_SESSIONS, with_account=True, is_fresh=True)
def passkey_removal(ref: str) -> ResponseReturnValue:
    account = _account()
    row_id = found(next((row.id for row in held.held_by(account.id).passkeys if row.ref == ref), None))
    return _removed(
        account,
        lambda mine, by, is_needed: held.remove_passkey(
            mine, db.session.get_one(Passkey, row_id), by=by, now=now(), is_needed=is_needed
        ),
    )


@bp.post("/account/security/recovery-codes")
@performs(Action.MANAGE_SESSIONS, with_account=True, is_fresh=True)
def recovery_codes() -> ResponseReturnValue:
    """Show ten codes, once, in this response only."""
    account, form, moment = _account(), Form(), now()
    if not form.validate_on_submit() or not held.held_by(account.id).number:
        return _page(PasskeyForm(formdata=None), _("Please add an app or a passkey first: recovery codes stand in for it.")), 422
    with unit_of_work():
        codes = held.make_recovery_codes(db.session.get_one(Account, account.id), by=Actor(account), now=moment)
    return render_template(
        "accounts/recovery_codes.html", codes=codes, login=account.login, today=moment, next=own_address(request.form.get("next"), "")
    )  # fmt: skip


def _account() -> ActingAccount:
    """The signed-in member of staff. Raises NotFound for citizens, who have no second factor here."""
    account = found(signed_in_account())
    return account if account.kind == "staff" else found(None)


def _removed(account: ActingAccount, remove: "held.Removal") -> ResponseReturnValue:
    moment = now()
    try:
        with unit_of_work():
            mine = db.session.get_one(Account, account.id)
            remove(mine, Actor(account), need_of(actor_for(mine, now=moment), now=moment) is Need.NOW)
    except CaseworkError as refusal:
        return _page(PasskeyForm(formdata=None), local(refusal.text)), 422
    flash(_("It is removed."))
    return redirect(url_for(".security"))


def _prove(account: Account, factor: str, is_first: bool, moment: datetime) -> str:
    """Mark this session as having used the factor. With a person's first factor, their other sessions end."""
    session = db.session.get_one(LoginSession, found(current_session()).id)
    if is_first:
        end_sessions(account, at=moment, besides=session.id)
    return authenticate_again(session, now=moment, factor=factor)


def _added(account: ActingAccount, token: str, target: str | None) -> ResponseReturnValue:
    response = redirect(url_for(".security", next=target or None))
    set_cookie(response, token, account)  # type: ignore[arg-type]
    return response


def _page(form: PasskeyForm, refusal: str = "") -> str:
    account, session, moment = _account(), found(current_session()), now()
    who = Actor(account, session.grants)
    form.answer.data = ""
    return render_template(
        "accounts/security.html", form=form, refusal=refusal, held=held.held_by(account.id), needed_from=needed_from(who, now=moment),
        must_set_up=must_set_up(), next=own_address(form.next.data, ""), sessions=open_sessions(account, now=moment), this=session,
        most=MOST_PASSKEYS, number=NUMBER, by_two=bool(SECOND_FACTORS & session.proven_by),
    )  # fmt: skip


def _app_page(account: ActingAccount, form: AppForm, secret: bytes, moment: datetime) -> str:
    import segno  # late: docs/architecture.md

    form.key.data = _sealed(account, secret, moment)
    address = address_of(secret, issuer=PRODUCT.vi, login=account.login or "")
    picture = segno.make(address, error="m", micro=False).svg_inline(border=4, svgclass="qr", lineclass=None, omitsize=True)
    return render_template("accounts/code_app.html", form=form, picture=picture, key=typed_key(secret), login=account.login,
                           had_one=held.held_by(account.id).app is not None)  # fmt: skip


def _sealed(account: ActingAccount, secret: bytes, moment: datetime) -> str:
    told = {"secret": secret.hex(), "at": moment.isoformat()}
    return urlsafe_b64encode(seal_json(told, purpose=_purpose(account))).decode()


def _opened(account: ActingAccount, sent: str, moment: datetime) -> bytes | None:
    """The key a page was made with; None where it belongs to another person or is too old."""
    try:
        told = open_json(urlsafe_b64decode(sent), purpose=_purpose(account))
    except (SealBroken, ValueError):
        return None
    return bytes.fromhex(told["secret"]) if moment < datetime.fromisoformat(told["at"]) + SET_UP_WITHIN else None


def _purpose(account: ActingAccount) -> str:
    return f"authenticator app being set up by account {account.id}"

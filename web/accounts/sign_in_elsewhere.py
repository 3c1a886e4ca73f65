"""Signing in through another provider: the browser goes there and returns once, and its account opens.

    POST /sign-in/outside/<provider>          a page that leads on: a form may not be answered by a redirect to elsewhere (form-action)
    GET  /sign-in/outside/<provider>/return   the provider sends the browser back; each provider has an address of its own
    /sign-in/outside-new                      a citizen without an account agrees to the notice first

The state of a started sign-in is kept in the database and is valid once, in that browser only (casework.accounts.outside_identities).
"""

import secrets
from datetime import timedelta

from flask import Blueprint, current_app, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import IntegrityError
from wtforms import BooleanField, StringField
from wtforms.validators import InputRequired, Length

from casework.accounts.outside_identities import (
    LONGEST_NAME,
    Begun,
    OutsideRefused,
    Subject,
    account_of_subject,
    begin_outside,
    keep_newcomer,
    link_own_identity,
    newcomer_of,
    open_outside_account,
    take_back,
)
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Account
from casework.permissions import Action
from casework.rate_limits import Limit, TooManyAttempts, count_attempt
from casework.settings.consent_notices import notice_shown, notice_today
from web.accounts.factor_gate import asked_first, enter, entry_answer
from web.accounts.known_browsers import browser_known, remember_browser
from web.accounts.oidc_client import ProviderAway, ProviderClient, TokenRefused
from web.accounts.sign_in import home_of, sign_in_page, signed_in_answer
from web.addresses import on_the_web
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs, signed_in_account
from web.http.security import own_address
from web.locales import in_reader_language as local
from web.locales import language
from web.networks import this_network
from web.request_log import LOGGER
from web.sessions import open_session

bp = Blueprint("outside_sign_in", __name__)

BROWSER_KEY = "outside_browser"
QUARTER = timedelta(minutes=15)
NETWORK = Limit("sign-in elsewhere", 1_500, QUARTER)
KNOWN = Limit("sign-in elsewhere known browser", 30, QUARTER)
"""Only departures are counted: a return without one opens nothing and costs one lookup. The limit bounds rows, not guesses, so that people
sharing the network of an office or a mobile operator can all sign in within a quarter of an hour. A known browser has its own counter, so
strangers in its network do not stop it."""
LONGEST_CODE = 4_000


class NewcomerForm(Form):
    """Consent to the notice. The name comes from the provider and may be changed or left out."""

    name = StringField(_l("Full name"), validators=[Length(max=LONGEST_NAME, message=_l("At most %(max)d characters are taken."))])
    consent = BooleanField(
        _l("I have read and agree to the notice on personal data"),
        validators=[InputRequired(_l("Please read and agree to the notice on personal data."))],
    )


@bp.app_template_global("outside_providers")
def outside_providers(serves: str = "") -> list[ProviderClient]:
    """The providers offered here, for staff, citizens or both."""
    return [each for each in _clients().values() if serves in ("", each.provider.serves)]


@bp.post("/sign-in/outside/<provider>")
@performs(Action.SIGN_IN)
def begin(provider: str) -> ResponseReturnValue:
    return leave_for(found(_clients().get(provider)), target=own_address(request.form.get("next"), ""), account=None)


@bp.get("/sign-in/outside/<provider>/return")
@performs(Action.SIGN_IN)
def come_back(provider: str) -> ResponseReturnValue:
    """Use up the state, verify over the network outside any unit of work, then open the account."""
    client, moment, browser = found(_clients().get(provider)), now(), session.get(BROWSER_KEY) or ""
    try:
        with unit_of_work():
            begun = take_back(request.args.get("state", ""), provider=provider, browser=browser, now=moment)
        who, has_two_factors = _proven(client, begun)
    except (OutsideRefused, ProviderAway, TokenRefused) as refusal:
        LOGGER.warning("sign-in elsewhere failed", extra={"provider": provider, "reason": getattr(refusal, "reason", "over")})
        return _refused(local(refusal.text))
    if begun.purpose == "link":
        return _link(begun, who)
    return _sign_in(client, begun, who, has_two_factors=has_two_factors)


@bp.route("/sign-in/outside-new", methods=["GET", "POST"])
@performs(Action.SIGN_IN)
def new() -> ResponseReturnValue:
    """A newcomer proven by a provider agrees to the notice, or leaves without a trace."""
    moment, browser = now(), session.get(BROWSER_KEY) or ""
    waiting = newcomer_of(browser, now=moment)
    if waiting is None:
        return redirect(url_for("auth.sign_in"))
    who, target = waiting
    form = NewcomerForm(name=who.name or "")
    if not form.validate_on_submit():
        return _new_page(who, form), 422 if form.errors else 200
    words_language = language()
    try:
        with unit_of_work(keeps_rows=True):
            notice = notice_shown(request.form.get("consent_notice", ""), moment)
            account = open_outside_account(browser, name=form.name.data or "", language=words_language, notice=notice, now=moment)
            token = open_session(account, now=moment, factors=("oidc",))
    except (OutsideRefused, IntegrityError) as refusal:
        # the same person opened it meanwhile in another window
        return _refused(local(refusal.text) if isinstance(refusal, CaseworkError) else _("Please sign in once more."))
    flash(_("Your account has been opened."))
    subject = account.ref
    response = signed_in_answer(account, token, own_address(target, home_of(account)))
    remember_browser(response, subject)
    return response


def leave_for(client: ProviderClient, *, target: str, account: Account | None) -> ResponseReturnValue:
    """Send the browser to a provider to sign in, or with `account` to link an identity. Stores nothing where the provider cannot be
    reached."""
    if (stopped := _counted(client)) is not None:
        return stopped
    browser = session.setdefault(BROWSER_KEY, secrets.token_urlsafe(24))
    try:
        client.metadata()
        with unit_of_work():
            own = db.session.get_one(Account, account.id) if account is not None else None
            state, nonce, verifier = begin_outside(client.provider.key, browser=browser, target=target, account=own, now=now())
        address = client.authorization_url(redirect_uri=_return_address(client), state=state, nonce=nonce, verifier=verifier)
    except (ProviderAway, TokenRefused) as refusal:
        LOGGER.warning("sign-in elsewhere failed", extra={"provider": client.provider.key, "reason": refusal.reason})
        return _refused(local(refusal.text))
    response = make_response(render_template("accounts/outside_leaving.html", address=address, label=client.provider.label))
    response.headers["Refresh"] = f"0; url={address}"
    response.headers["Cache-Control"] = "no-store"
    return response


def _proven(client: ProviderClient, begun: Begun) -> tuple[Subject, bool]:
    sent, moment = request.args, now()
    if not client.is_answer_of_this(sent.get("iss")):
        raise TokenRefused("iss of the answer")
    if sent.get("error"):
        raise OutsideRefused(
            "Nơi đăng nhập báo là Ông/Bà chưa đồng ý hoặc đã dừng lại. Có thể thử lại, hoặc đăng nhập bằng cách khác.",
            "The provider says that you did not agree or stopped. You can try again, or sign in another way.",
        )
    code = sent.get("code", "")
    if not 0 < len(code) <= LONGEST_CODE:
        raise TokenRefused("no code")
    who, said = client.subject_of(
        code, redirect_uri=_return_address(client), nonce=begun.nonce, verifier=begun.verifier, now=moment
    )
    return who, client.provider.proves_two_factors(said)


def _sign_in(client: ProviderClient, begun: Begun, who: Subject, *, has_two_factors: bool) -> ResponseReturnValue:
    moment, kind, browser = now(), client.provider.account_kind, session.get(BROWSER_KEY) or ""
    with unit_of_work(keeps_rows=True):
        account = account_of_subject(who, kind=kind, by_number=client.provider.number_identifies, now=moment)
        is_open = account is not None and account.disabled_at is None
        if account is None and kind == "citizen":
            keep_newcomer(who, browser=browser, target=begun.target, now=moment)
        if account is not None and is_open and has_two_factors:
            token, entry = open_session(account, now=moment, factors=("oidc", "elsewhere")), None
        elif account is not None and is_open:
            entry = enter(account, first="oidc", now=moment)
            token = entry.token
    if account is None and kind == "citizen":
        return redirect(url_for(".new"))
    if account is None:
        return _refused(_(
            "This identity opens no account here yet. Sign in with your user name, then link it under “Other ways to sign in”, "
            "or ask an administrator."
        ))  # fmt: skip
    if not is_open:
        return _refused(_("This account is closed. Please call the centre."))
    target = own_address(begun.target, home_of(account))
    if entry is not None and entry.is_half:
        return entry_answer(entry, target)
    subject = account.login or account.ref
    response = signed_in_answer(account, token, asked_first(entry, target) if entry is not None else target)
    remember_browser(response, subject)
    return response


def _link(begun: Begun, who: Subject) -> ResponseReturnValue:
    account, by, moment = signed_in_account(), actor(), now()
    if account is None or account.id != begun.account_id:
        return _refused(_("You have been signed out meanwhile. Please sign in and link the identity again."))
    account_id = account.id
    try:
        with unit_of_work():
            link_own_identity(db.session.get_one(Account, account_id), who, by=by, now=moment)
    except (OutsideRefused, IntegrityError) as refusal:
        words = local(refusal.text) if isinstance(refusal, CaseworkError) else _("This identity is linked to another account already.")
        flash(words, "wait")
    else:
        flash(_("Linked. You can sign in with it from now on."))
    return redirect(url_for("outside_identities.identities"))


def _counted(client: ProviderClient) -> ResponseReturnValue | None:
    """Count one departure for a provider; returns the page that names the next possible time once there were too many."""
    moment, browser, key = now(), browser_known(), client.provider.key
    with unit_of_work():
        until = (
            count_attempt(KNOWN, f"{key} {browser}", now=moment) if browser
            else count_attempt(NETWORK, f"{key} {this_network()}", now=moment)
        )  # fmt: skip
    return (sign_in_page(refusal=local(TooManyAttempts(until).text)), 429) if until is not None else None


def _refused(words: str) -> ResponseReturnValue:
    """Show a refusal where the person continues: signed in, on their identities page; otherwise on the sign-in page."""
    if signed_in_account() is not None:
        flash(words, "wait")
        return redirect(url_for("outside_identities.identities"))
    return sign_in_page(refusal=words), 422


def _return_address(client: ProviderClient) -> str:
    return on_the_web(url_for("outside_sign_in.come_back", provider=client.provider.key))


def _new_page(who: Subject, form: NewcomerForm) -> str:
    label = _clients()[who.provider].provider.label if who.provider in _clients() else None
    return render_template("accounts/outside_new.html", form=form, label=label, notice=notice_today(None, now()))


def _clients() -> dict[str, ProviderClient]:
    clients: dict[str, ProviderClient] = current_app.extensions["outside"]
    return clients


"""Signing in and out, registration, and the list of a person's own sessions."""

from datetime import datetime, timedelta
from typing import Any

from flask import Blueprint, Response, current_app, flash, make_response, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from wtforms import BooleanField, HiddenField, PasswordField, StringField
from wtforms.validators import EqualTo, InputRequired, Length, ValidationError

from casework.db import db, unit_of_work
from casework.models import Account, LoginSession
from casework.permissions import SYSTEM, Action, Role, actor_for, may
from casework.privacy.account_marks import mark_account
from casework.privacy.identity import EMAIL_PURPOSE, PHONE_PURPOSE, Contact, citizen_account
from casework.rate_limits import Limit, TooManyAttempts, count_attempt, forget_attempts, limit_set_by
from casework.sealing.seal import lookup_digest
from casework.settings.consent_notices import notice_shown, notice_today
from casework.settings.people import is_start_password_over
from web.accounts.contact_codes import can_prove_contacts, can_reach
from web.accounts.factor_gate import asked_first, enter, entry_answer
from web.accounts.in_app import IN_APP_KEY, in_app
from web.accounts.known_browsers import browser_known_to, remember_browser
from web.accounts.offered_accounts import offer
from web.accounts.password_lists import refused_because
from web.accounts.password_rules import LONGEST, SHORTEST, check_password, hash_password, is_outdated
from web.clock import now
from web.field_secret import drop_device_secret
from web.forms import Form
from web.guards import TRACKED_KEY, actor, found, own_account, performs, signed_in_account
from web.http.security import own_address
from web.locales import in_reader_language, language
from web.networks import this_network
from web.request_log import note_security
from web.sessions import current_session, drop_cookie, open_session, open_sessions, revoke_session, set_cookie
from web.typed_contact import email_address, phone_number

bp = Blueprint("auth", __name__)

INBOX = "inbox.inbox"
HOMES = {
    Role.RECORDS_CLERK: "documents_register.documents",
    Role.INSPECTOR: "rights_access.looks",
    Role.CONFIDENTIAL_READER: "quarantined.cases",
}
"""Start pages of people whose only role has no step in the shipped process."""

QUARTER = timedelta(minutes=15)
HERE = limit_set_by("sign_in_attempts", "sign-in here", QUARTER)
KNOWN = limit_set_by("sign_in_attempts", "sign-in known browser", QUARTER)
ANYWHERE = Limit("sign-in", 50, timedelta(hours=1))
NETWORK = Limit("sign-in network", 300, QUARTER)
"""Few guesses at one account from one network, more from everywhere together; a whole network, perhaps a commune's office or a mobile
operator, is stopped last. A browser the person has signed in with has its own counter, and guesses from elsewhere do not stop a network
they have signed in from: knowing a user name is not enough to lock its owner out."""
KNOWN_FOR = timedelta(days=30)
REGISTRATIONS = limit_set_by("registrations_an_hour", "register network", timedelta(hours=1))


class SignInForm(Form):
    """One form for everybody: the login may be a user name, a number or an address."""

    login = StringField(
        _l("Phone number, e-mail or user name"),
        validators=[InputRequired(_l("Please type your phone number, e-mail or user name.")), Length(max=200)],
    )
    password = PasswordField(_l("Password"), validators=[InputRequired(_l("Please type your password.")), Length(max=LONGEST)])
    next = HiddenField()


class RegistrationForm(Form):
    name = StringField(_l("Full name"), validators=[InputRequired(_l("Please type your name.")), Length(max=120)])
    phone = StringField(_l("Phone number"), validators=[Length(max=30)])
    email = StringField(_l("E-mail"), validators=[Length(max=200)])
    password = PasswordField(
        _l("Password"),
        validators=[
            InputRequired(_l("Please choose a password.")),
            Length(min=SHORTEST, max=LONGEST, message=_l("A password has at least %(min)d characters.")),
        ],
    )
    password_again = PasswordField(_l("The password once more"), validators=[EqualTo("password", message=_l("The two passwords differ."))])
    consent = BooleanField(
        _l("I have read and agree to the notice on personal data"),
        validators=[InputRequired(_l("Please read and agree to the notice on personal data."))],
    )
    next = HiddenField()

    @property
    def contact(self) -> Contact:
        name, phone, email = (self.name.data or "").strip(), phone_number(self.phone.data or ""), email_address(self.email.data or "")
        return Contact(name=name, phone=phone, email=email)

    def validate_phone(self, phone: StringField) -> None:
        """Require a possible number, or else an e-mail address."""
        typed = (phone.data or "").strip()
        if typed and phone_number(typed) is None:
            raise ValidationError(_("This telephone number is not valid. Example: 0912 345 678"))
        if not typed and not (self.email.data or "").strip():
            raise ValidationError(_("Please give a phone number or an e-mail address."))
        if typed and can_reach("phone"):
            raise ValidationError(_("A telephone number is confirmed by a code here: please choose “Sign in” and have one sent."))

    def validate_email(self, email: StringField) -> None:
        if (email.data or "").strip() and email_address(email.data) is None:
            raise ValidationError(_("This e-mail address is not valid. Example: ten@example.vn"))
        if (email.data or "").strip() and can_reach("email"):
            raise ValidationError(_("An e-mail address is confirmed by a code here: please choose “Sign in” and have one sent."))

    def validate_password(self, password: PasswordField) -> None:
        """Refuse passwords an attacker would try first."""
        typed = password.data or ""
        if words := refused_because(typed, self.name.data, self.phone.data, self.email.data):
            raise ValidationError(words)


@bp.route("/sign-in", methods=["GET", "POST"])
@performs(Action.SIGN_IN)
def sign_in() -> ResponseReturnValue:
    """The attempt is counted, then the password compared outside any unit of work, then the session opened."""
    form = SignInForm(next=request.args.get("next", ""))
    if not form.validate_on_submit():
        if request.method == "GET" and (account := own_account()) is not None:
            return redirect(own_address(form.next.data, home_of(account)))
        return sign_in_page(form), 422 if form.errors else 200
    moment, login = now(), (form.login.data or "").strip()
    with unit_of_work():
        until = _count_attempts(login, moment)
    if until is not None:
        return sign_in_page(form, refusal=in_reader_language(TooManyAttempts(until).text)), 429, _retry_after(until, moment)
    account, password = find_account(login), form.password.data or ""
    if not check_password(password, account.password_hash if account else None) or account is None or account.disabled_at is not None:
        note_security("sign-in refused")
        return sign_in_page(form, refusal=_("Name and password do not belong together, or the account is closed.")), 422
    if is_start_password_over(account, now=moment):
        note_security("start password over")
        return sign_in_page(form, refusal=_("This start password is no longer valid. Please ask your administrator for another one.")), 422
    new_hash = hash_password(password) if is_outdated(account.password_hash or "") else None
    account_id = account.id
    with unit_of_work(keeps_rows=True):
        account = db.session.get_one(Account, account_id)
        if new_hash is not None:
            account.password_hash = new_hash
            mark_account(account, by=SYSTEM, at=moment)
        for limit, subject in ((HERE, _here(login)), (KNOWN, _in_browser(login))):
            forget_attempts(limit, subject, now=moment)
        entry = enter(account, first="password", now=moment)
    if entry.is_half:
        return entry_answer(entry, own_address(form.next.data, ""))
    response = signed_in_answer(account, entry.token, asked_first(entry, own_address(form.next.data, home_of(account))))
    remember_browser(response, _subject(login))
    return response


@bp.post("/sign-out")
@performs(Action.SIGN_OUT)
def sign_out() -> ResponseReturnValue:
    """End the session here and in the database. The browser keeps only the language."""
    this, app_around = current_session(), in_app()
    if this is not None:
        account, ref = this.account, this.ref
        with unit_of_work():
            revoke_session(account, ref, now=now())
    _renew_state(kept=("language",))
    if app_around:
        flash(_("You have signed out. Close this page to go back to %(app)s.", app=app_around))
    response = make_response(redirect(url_for("public.home")))
    drop_cookie(response)
    drop_device_secret(response)
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


@bp.route("/register", methods=["GET", "POST"])
@performs(Action.SIGN_IN)
def register() -> ResponseReturnValue:
    """Open a citizen's account with a password, for contacts that no code can reach. Name and contact are sealed; one phone number or
    address opens one account, which only claims it until it is proven."""
    form = RegistrationForm(next=request.args.get("next", ""))
    if can_reach("phone") and can_reach("email"):
        return redirect(url_for(".sign_in", next=form.next.data or None))
    if not form.validate_on_submit():
        return _register_page(form), 422 if form.errors else 200
    moment = now()
    with unit_of_work():
        until = count_attempt(REGISTRATIONS, this_network(), now=moment)
    if until is not None:
        refusal = in_reader_language(TooManyAttempts(until).text)
        return _register_page(form, refusal), 429, _retry_after(until, moment)
    password_hash, account_language = hash_password(form.password.data or ""), language()
    try:
        with unit_of_work():
            notice = notice_shown(request.form.get("consent_notice", ""), moment)
            account = citizen_account(form.contact, password_hash=password_hash, language=account_language, now=moment)
            account.consented_at, account.consent_notice_id = moment, notice.id if notice is not None else None
            mark_account(account, by=SYSTEM, at=moment)
            token = open_session(account, now=moment)
    except IntegrityError:
        refusal = _("There is an account with this phone number or e-mail already. Please sign in with it.")
        return _register_page(form, refusal), 422
    flash(_("Your account has been opened."))
    return signed_in_answer(account, token, own_address(form.next.data, home_of(account)))


@bp.get("/sessions")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def sessions() -> ResponseReturnValue:
    account, this = found(signed_in_account()), found(current_session())
    appoints = may(actor(), Action.APPOINT_DEPUTY)
    return render_template("accounts/sessions.html", sessions=open_sessions(account, now=now()), this=this, appoints=appoints)


@bp.post("/sessions/<ref>/revocation")
@performs(Action.MANAGE_SESSIONS, with_account=True)
def session_revocation(ref: str) -> ResponseReturnValue:
    """End one of the account's own sessions at once."""
    account, is_this = found(signed_in_account()), found(current_session()).ref == ref
    with unit_of_work():
        found(revoke_session(account, ref, now=now()))
    if is_this:
        return redirect(url_for(".sign_in"))
    flash(_("The session has been ended."))
    return redirect(url_for(".sessions"))


def find_account(login: str) -> Account | None:
    """Find an account by login: staff by user name, citizens by phone number or e-mail."""
    if phone := phone_number(login):
        by_contact = select(Account).where(Account.phone_digest == lookup_digest(phone, purpose=PHONE_PURPOSE))
    elif email := email_address(login):
        by_contact = select(Account).where(Account.email_digest == lookup_digest(email, purpose=EMAIL_PURPOSE))
    else:
        by_contact = None
    account = db.session.scalar(by_contact) if by_contact is not None else None
    return account or db.session.scalar(select(Account).where(Account.login == login.lower(), Account.kind == "staff"))


def home_of(account: Account) -> str:
    """The start page of an account: the inbox, except for roles without a step in the shipped process."""
    if account.kind != "staff":
        return url_for("tracking.mine")
    roles = actor_for(account, now=now()).roles
    return url_for(HOMES.get(next(iter(roles)), INBOX) if len(roles) == 1 else INBOX)


def _register_page(form: RegistrationForm, refusal: str = "") -> str:
    return render_template("accounts/register.html", form=form, refusal=refusal, notice=notice_today(None, now()))


def _count_attempts(login: str, moment: datetime) -> datetime | None:
    """Count the attempt at all three counters, the narrowest first, or only at that of a known browser. Returns the latest end of the
    counters that are full."""
    if browser_known_to(_subject(login)):
        return count_attempt(KNOWN, _in_browser(login), now=moment)
    anywhere = count_attempt(ANYWHERE, _subject(login), now=moment)
    counted = (
        count_attempt(HERE, _here(login), now=moment),
        anywhere if anywhere is None or not _has_been_here(login, moment) else None,
        count_attempt(NETWORK, this_network(), now=moment),
    )
    return max((until for until in counted if until is not None), default=None)


def _has_been_here(login: str, moment: datetime) -> bool:
    """Whether the person has signed in from this network lately; guesses from elsewhere do not use up its attempts."""
    account = find_account(login)
    if account is None:
        return False
    here = select(LoginSession.id).where(LoginSession.account_id == account.id, LoginSession.network == this_network())
    return db.session.scalar(here.where(LoginSession.created_at > moment - KNOWN_FOR).limit(1)) is not None


def _subject(login: str) -> str:
    """One counter subject for all spellings of a number or address."""
    return phone_number(login) or email_address(login) or login.lower()


def _here(login: str) -> str:
    return f"{_subject(login)} {this_network()}"


def _in_browser(login: str) -> str:
    return f"{_subject(login)} {browser_known_to(_subject(login)) or ''}"


def _retry_after(until: datetime, moment: datetime) -> dict[str, str]:
    return {"Retry-After": str(max(int((until - moment).total_seconds()), 1))}


def signed_in_answer(account: Account, token: str, target: str) -> Response:
    """Start a new session state: old form tokens become invalid, and staff do not keep a citizen's opened reports."""
    _renew_state(kept=("language",) if account.kind == "staff" else ("language", TRACKED_KEY, "_flashes", IN_APP_KEY))
    response = make_response(redirect(target))
    set_cookie(response, token, account)
    return response


def _renew_state(*, kept: tuple[str, ...]) -> None:
    values: dict[str, Any] = {key: session[key] for key in kept if key in session}
    session.clear()
    session.update(values)


def sign_in_page(
    form: SignInForm | None = None, *, refusal: str = "", typed: str = "", target: str = "", code_refusal: str = ""
) -> str:
    """Both ways to sign in: by code where this installation can send one, and by password."""
    form = form or SignInForm(formdata=None, next=target)
    accounts = current_app.extensions["demo_accounts"] if current_app.config["DEMO"] else []
    offered = offer(accounts, words=request.args.get("who", ""), wants_all="all" in request.args) if accounts else None
    return render_template(
        "accounts/sign_in.html", form=form, refusal=refusal, offered=offered, by_code=can_prove_contacts(), typed=typed,
        code_refusal=code_refusal, can_register=not (can_reach("phone") and can_reach("email")),
    )  # fmt: skip

"""What a person is notified of and how: on one page, by browsers that agree to show notices, and by the links in e-mails."""

from dataclasses import dataclass
from hashlib import sha256
from typing import Any

from flask import Blueprint, current_app, flash, redirect, render_template, request, send_from_directory, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_wtf.csrf import CSRFProtect
from itsdangerous import Signer

from casework.db import db, unit_of_work
from casework.messages.choices import (
    CHANNELS,
    ChoiceRefused,
    NothingLeft,
    choose,
    contact_of,
    may_take,
    take_again,
    take_back,
    wishes_of,
    wishes_of_reporter,
)
from casework.messages.push_subscriptions import SubscriptionRefused, subscribe, subscriptions_of, unsubscribe
from casework.models import Account, Reporter
from casework.parsing import number_in
from casework.permissions import Action
from web.areas_followed import PATH, area_link
from web.clock import now
from web.forms import Form
from web.guards import actor, found, own_account, performs
from web.http.security import sent_json
from web.http.signing_keys import signing_keys
from web.locales import in_reader_language as local
from web.sessions import PUSH_COOKIE, current_session
from web.user_agents import browser_words

bp = Blueprint("message_choices", __name__)

ONE_YEAR = 365 * 86_400
BY_MAIL = "email"

CHANNEL_LABELS = {"email": _l("E-mail"), "push": _l("Notices in the browser"), "zns": _l("Zalo"), "sms": _l("SMS")}
TAKE_LABELS = {
    "all": _l("Everything, at once"),
    "urgent": _l("Urgent matters only"),
    "digest": _l("Urgent at once, the rest in one letter each morning"),
    "none": _l("Nothing"),
}


@dataclass(frozen=True, slots=True)
class ChannelChoice:
    """One outgoing channel as it applies to a person: its name, their address on it, the choices, and the present one."""

    channel: str
    words: str
    address: str
    choices: tuple[str, ...]
    takes: str


@bp.record_once
def _take_from_mail_programs(state: Any) -> None:
    """Exempt from the CSRF check: a mail program sending `List-Unsubscribe=One-Click` (RFC 8058) has no form token, and the signed address
    is proof enough."""
    protection: CSRFProtect = state.app.extensions["csrf"]
    protection.exempt(f"{__name__}.{unsubscribe_page.__name__}")


@bp.route("/account/messages", methods=["GET", "POST"])
@performs(Action.CHOOSE_MESSAGES, with_account=True)
def choices() -> ResponseReturnValue:
    """Save one choice for each channel that reaches the person."""
    if request.method == "GET":
        return _page()
    form, ways = Form(), ways_of(found(own_account()))
    chosen = {way.channel: request.form[f"takes-{way.channel}"] for way in ways if f"takes-{way.channel}" in request.form}
    if not form.validate_on_submit() or not chosen:
        return _page(refusal=_("Please choose.")), 422
    reaches = [way.channel for way in ways]
    try:
        with unit_of_work():
            choose(chosen, by=actor(), now=now(), reaches=reaches, knows_nothing_is_left="knows" in request.form)
    except ChoiceRefused as refusal:
        return _page(refusal=local(refusal.text), chosen=chosen, asks=isinstance(refusal, NothingLeft)), 422
    flash(_("Your choice is kept and holds from the next message on."))
    return redirect(url_for(".choices"))


@bp.post("/account/messages/browsers")
@performs(Action.CHOOSE_MESSAGES, with_account=True)
def browser() -> ResponseReturnValue:
    """Save a push subscription sent by `push.js`: this browser then shows notices for the signed-in account."""
    sent = sent_json()
    keys = sent.get("keys") if isinstance(sent, dict) else None
    given = [sent.get("endpoint"), keys.get("p256dh"), keys.get("auth")] if isinstance(sent, dict) and isinstance(keys, dict) else []
    texts = [each for each in given if isinstance(each, str)]
    if len(texts) != 3 or "push" not in channels_here():
        return {"error": local(SubscriptionRefused().text)}, 422
    words, session = browser_words(request.user_agent.string), found(current_session())
    try:
        with unit_of_work(keeps_rows=True):
            row = subscribe(*texts, by=actor(), session_id=session.id, browser=words, now=now(), inside=current_app.config["INSIDE_HOSTS"])
            digest = row.endpoint_digest
    except SubscriptionRefused as refusal:
        return {"error": local(refusal.text)}, 422
    answer = current_app.make_response(({"kept": True}, 201))
    # outlives the session, so that the next person to sign in here is not shown this person's notices
    secure = current_app.config["SESSION_COOKIE_SECURE"]
    answer.set_cookie(PUSH_COOKIE, digest, max_age=ONE_YEAR, httponly=True, samesite="Lax", secure=secure)
    return answer


@bp.post("/account/messages/browsers/end")
@performs(Action.CHOOSE_MESSAGES, with_account=True)
def browser_end() -> ResponseReturnValue:
    """Stop notices on one of the person's own browsers."""
    with unit_of_work():
        was_there = unsubscribe(request.form.get("browser", ""), by=actor(), now=now())
    found(was_there or None)
    flash(_("That browser shows no more notices."))
    return redirect(url_for(".choices"))


@bp.get("/push-worker.js")
@performs(Action.READ_PUBLIC)
def push_worker() -> ResponseReturnValue:
    """The script that shows a notice while no page is open. Served at the root, so that it covers the whole site; cached only briefly."""
    answer = send_from_directory(f"{current_app.static_folder}/js", "push-worker.js", mimetype="text/javascript", max_age=0)
    answer.headers["Cache-Control"] = "no-cache"
    return answer


@bp.route("/unsubscribe", methods=["GET", "POST"], endpoint="unsubscribe")
@performs(Action.TRACK_REPORT)
def unsubscribe_page() -> ResponseReturnValue:
    """The page linked in e-mails to a sender without an account, to stop them. It shows nothing of the report."""
    reporter = found(_reporter_of(request.args.get("token", "")))
    if request.method == "POST":
        takes_again = request.form.get("act") == "again"
        with unit_of_work():
            kept = db.session.get_one(Reporter, reporter.id)
            (take_again if takes_again else take_back)(kept, BY_MAIL)
        reporter = db.session.get_one(Reporter, reporter.id)
    is_told = BY_MAIL in wishes_of_reporter(reporter)
    others = [CHANNEL_LABELS[each] for each in CHANNELS if each != BY_MAIL and each in wishes_of_reporter(reporter) & _ways_to(reporter)]
    return render_template("accounts/unsubscribe.html", is_told=is_told, others=others, token=request.args["token"])


def unsubscribe_link(recipient: str) -> str:
    """The link in the foot of an e-mail by which its recipient (`reporter:<id>`, `account:<id>`, `area:<ref>`) changes what is sent."""
    kind, _colon, number = recipient.partition(":")
    base = current_app.config["BASE_URL"]
    if kind == "area":
        return area_link(number)
    reporter = db.session.get(Reporter, int(number)) if kind == "reporter" else None
    if reporter is None or reporter.account_id is not None:
        return f"{base}/account/messages"
    return f"{base}/unsubscribe?token={_token_of(reporter.id)}"


def takes_one_click(link: str) -> bool:
    """Whether a mail program may post `List-Unsubscribe=One-Click` to that address (RFC 8058)."""
    return "/unsubscribe?token=" in link or PATH in link


def channels_here() -> frozenset[str]:
    return frozenset(current_app.extensions.get("gateways", ())) & frozenset(CHANNELS)


def ways_of(account: Account) -> list[ChannelChoice]:
    """The channels that reach the person: the installation has them, and the person has an address or a browser that agreed."""
    takes, addresses = wishes_of([account.id])[account.id], _addresses_of(account)
    return [
        ChannelChoice(channel, str(CHANNEL_LABELS[channel]), addresses[channel], may_take(account.kind, channel), takes[channel])
        for channel in CHANNELS if channel in channels_here() and channel in addresses
    ]  # fmt: skip


def _addresses_of(account: Account) -> dict[str, str]:
    """The person's masked address by channel: recognisable to them, little to others who see the screen."""
    contact, browsers = contact_of(account), subscriptions_of(account.id)
    found_addresses = {}
    if contact.email:
        name, _at, host = contact.email.partition("@")
        found_addresses["email"] = f"{name[:2]}…@{host}"
    if contact.phone:
        found_addresses["zns"] = found_addresses["sms"] = f"… {contact.phone[-3:]}"
    if browsers:
        found_addresses["push"] = ", ".join(dict.fromkeys(row.browser for row in browsers))
    return found_addresses


def _page(*, refusal: str = "", chosen: dict[str, str] | None = None, asks: bool = False) -> str:
    account = found(own_account())
    here = channels_here()
    return render_template(
        "accounts/messages.html",
        form=Form(),
        refusal=refusal,
        asks=asks,
        ways=ways_of(account),
        chosen=chosen or {},
        take_labels=TAKE_LABELS,
        missing=[str(CHANNEL_LABELS[each]) for each in CHANNELS if each in here - {"push"} and each not in _addresses_of(account)],
        push_key=_push_key() if "push" in here else "",
        browsers=subscriptions_of(account.id),
        this_browser=request.cookies.get(PUSH_COOKIE, ""),
    )


def _push_key() -> str:
    """The installation's public VAPID key (RFC 8292), by which a browser's push service knows who may send."""
    return str(current_app.extensions["gateways"]["push"].public_key)


def _ways_to(reporter: Reporter) -> frozenset[str]:
    """The channels that reach a sender without an account."""
    ways = ({"sms", "zns"} if reporter.phone_digest else set()) | ({"email"} if reporter.email_digest else set())
    return channels_here() & ways


def _token_of(reporter_id: int) -> str:
    return f"{reporter_id}-{_signer().get_signature(str(reporter_id)).decode()}"


def _reporter_of(token: str) -> Reporter | None:
    """The reporter a token names; None if this installation did not sign it."""
    words, _dash, signature = token.partition("-")
    number = number_in(words)
    if number is None or not _signer().verify_signature(words.encode(), signature):
        return None
    reporter = db.session.get(Reporter, number)
    return reporter if reporter is not None and reporter.account_id is None else None


def _signer() -> Signer:
    return Signer(signing_keys(), salt="unsubscribe", key_derivation="hmac", digest_method=sha256)

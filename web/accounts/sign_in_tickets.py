"""Sign-in from another application: its server requests a ticket, its web view opens it (docs/host-apps.md).

Opening the address only shows a page, because link previews open it too; that page submits itself or waits for a press. It waits for a
press where somebody is already signed in, or where a page of another site led here: nobody should end up in a stranger's account without
noticing and write there.
"""

from datetime import timedelta
from typing import Any

from flask import Blueprint, current_app, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_wtf.csrf import CSRFProtect

from casework.contacts.sign_in_tickets import (
    LONGEST_TOKEN,
    HandOverRefused,
    contact_in,
    issue_ticket,
    read_token,
    use_ticket,
    waiting_ticket,
)
from casework.db import unit_of_work
from casework.permissions import Action
from casework.rate_limits import Limit, count_attempt
from web.accounts.contact_codes import masked
from web.accounts.sign_in_by_code import go_on_with
from web.addresses import on_the_web
from web.clock import now
from web.guards import performs, signed_in_account
from web.http.security import own_address
from web.locales import in_reader_language as local
from web.networks import this_network
from web.typed_contact import email_address, phone_number

bp = Blueprint("contacts_hand_over", __name__)

BY_HOST = Limit("hand-over by host", 300, timedelta(minutes=1))
FROM_NETWORK = Limit("hand-over from network", 60, timedelta(minutes=15))
"""Limit on rejected tokens per network, so that nobody can try out keys."""
OPENED = Limit("hand-over opened", 300, timedelta(minutes=15))

STATUS = {"host_unknown": 401, "signature_wrong": 401, "token_used": 409}
REFUSED = 422


@bp.record_once
def _take_from_servers(state: Any) -> None:
    """Exempt from the CSRF check: a server has no form or cookie, and its signature is proof enough."""
    protection: CSRFProtect = state.app.extensions["csrf"]
    protection.exempt(f"{__name__}.{tickets.__name__}")


@bp.post("/hand-over/tickets")
@performs(Action.SIGN_IN)
def tickets() -> ResponseReturnValue:
    """Answer 201 with the address for the web view, else a stable error code; the answer never repeats what was sent."""
    moment = now()
    sent = request.get_data(as_text=False)[: LONGEST_TOKEN + 1]
    try:
        claims = read_token(
            sent.decode("latin-1").strip(), audience=current_app.config["BASE_URL"], now=moment, read_phone=phone_number,
            read_email=email_address, is_own_path=lambda path: own_address(path, "") == path,
        )  # fmt: skip
    except HandOverRefused as refusal:
        with unit_of_work():
            until = count_attempt(FROM_NETWORK, this_network(), now=moment)
        return ({"error": "too_many"}, 429) if until is not None else ({"error": refusal.code}, STATUS.get(refusal.code, REFUSED))
    with unit_of_work():
        until = count_attempt(BY_HOST, claims.host.key, now=moment)
    if until is not None:
        return {"error": "too_many"}, 429
    try:
        with unit_of_work():
            ticket = issue_ticket(claims, now=moment)
    except HandOverRefused as refusal:
        return {"error": refusal.code}, STATUS.get(refusal.code, REFUSED)
    address = on_the_web(url_for(".ticket", ticket=ticket))
    return {"url": address}, 201, {"Cache-Control": "no-store"}


@bp.route("/hand-over/<ticket>", methods=["GET", "POST"])
@performs(Action.SIGN_IN)
def ticket(ticket: str) -> ResponseReturnValue:
    moment = now()
    if request.method == "GET":
        waiting = waiting_ticket(ticket, now=moment)
        if waiting is None:
            return _over_page(), 404
        return render_template(
            "accounts/hand_over.html", ticket=ticket, host=waiting.host_app.name, masked=masked(contact_in(waiting)),
            is_taken=signed_in_account() is not None, is_led=not _is_opened_directly(),
        )  # fmt: skip
    with unit_of_work():
        until = count_attempt(OPENED, this_network(), now=moment)
    if until is not None:
        return _over_page(), 429
    try:
        with unit_of_work(keeps_rows=True):
            used, contact = use_ticket(ticket, now=moment)
            target, host = used.target, local(used.host_app.name)
    except HandOverRefused:
        return _over_page(), 404
    return go_on_with(contact, target=target, in_app=host)


@bp.get("/hand-over")
@performs(Action.SIGN_IN)
def nowhere() -> ResponseReturnValue:
    """Answer the address without a ticket."""
    return redirect(url_for("public.home"))


def _is_opened_directly() -> bool:
    """Whether a web view or a person opened the address rather than a page of another site. Older browsers send only a referrer."""
    site, before = request.headers.get("Sec-Fetch-Site"), request.referrer
    if site is not None:
        return site == "none"
    return not before or f"{before}/".startswith(f"{current_app.config['BASE_URL']}/")


def _over_page() -> str:
    return render_template("accounts/hand_over_over.html")

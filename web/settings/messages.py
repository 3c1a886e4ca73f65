"""Outgoing messages: the state of each channel, failed messages and why, retrying, and a test to oneself."""

from collections.abc import Callable
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from casework.bilingual import Bilingual
from casework.db import unit_of_work
from casework.messages import reasons
from casework.messages.dead_letters import (
    MOST_COUNTED,
    DeadLetterRefused,
    channel_states,
    dead_letters,
    drop,
    reasons_given,
    retry,
    send_test,
    ways_to,
)
from casework.messages.digests import DIGEST
from casework.messages.faults import faults
from casework.messages.kinds import KINDS
from casework.messages.rendering import TEST_MESSAGE
from casework.parsing import number_in
from casework.permissions import Action
from web.accounts.notification_preferences import CHANNEL_LABELS
from web.clock import now
from web.exports.links import export_url
from web.forms import Form
from web.gateways.fault_words import what_is_wrong, what_to_do
from web.gateways.opening import gateways_here
from web.guards import actor, performs
from web.locales import in_reader_language as local

bp = Blueprint("settings_messages", __name__)

MOST_SHOWN, MOST_PAGES = 50, 40
BESIDE = {
    TEST_MESSAGE: Bilingual("Tin thử", "A test message"),
    DIGEST: Bilingual("Thư tóm tắt buổi sáng", "The digest of a morning"),
}
"""Messages without a kind of their own."""


@bp.get("/settings/messages")
@performs(Action.RETRY_MESSAGE)
def messages() -> ResponseReturnValue:
    return _page()


@bp.post("/settings/messages/retries")
@performs(Action.RETRY_MESSAGE)
def retries() -> ResponseReturnValue:
    """Retry the chosen messages, or all that failed for one reason."""

    def act() -> Any:
        number = retry(actor(), now=now(), ids=_chosen(), reason=request.form.get("reason", ""))
        return ngettext("%(num)s message is being sent again.", "%(num)s messages are being sent again.", number)

    return _done(act)


@bp.post("/settings/messages/dropped")
@performs(Action.RETRY_MESSAGE)
def dropped() -> ResponseReturnValue:
    def act() -> Any:
        number = drop(actor(), now=now(), why=request.form.get("why", ""), ids=_chosen() or (0,))
        return ngettext("%(num)s message was dropped.", "%(num)s messages were dropped.", number)

    return _done(act)


@bp.post("/settings/messages/tests")
@performs(Action.RETRY_MESSAGE)
def tests() -> ResponseReturnValue:
    def act() -> Any:
        send_test(request.form.get("channel", ""), by=actor(), now=now(), configured=gateways_here())
        return _("The test message is on its way to you; it leaves within seconds while the worker runs.")

    return _done(act)


def _done(act: Callable[[], Any]) -> ResponseReturnValue:
    """Do it and show the sentence it returns; a refusal is shown on the page."""
    try:
        with unit_of_work():
            said = act()
    except DeadLetterRefused as refusal:
        return _page(refusal=local(refusal.text)), 422
    flash(said)
    return redirect(url_for(".messages"))


def _chosen() -> list[int]:
    return [number for text in request.form.getlist("message") if (number := number_in(text)) is not None]


def kind_words(template: str) -> Bilingual:
    if template in KINDS:
        return KINDS[template].when
    return BESIDE.get(template) or Bilingual(template, template)


def _page(*, refusal: str = "") -> str:
    page, reason = request.args.get("page", 1, int), request.args.get("reason", "")
    page = min(max(page, 1), MOST_PAGES)
    rows = dead_letters(actor(), limit=MOST_SHOWN + 1, reason=reason, skipped=(page - 1) * MOST_SHOWN)
    shown = rows[:MOST_SHOWN]
    return render_template(
        "settings/messages.html",
        form=Form(),
        refusal=refusal,
        why=request.form.get("why", ""),
        chosen=set(_chosen()),
        channels=channel_states(actor()),
        faults=faults(gateways_here(), now()),
        what_is_wrong=what_is_wrong,
        what_to_do=what_to_do,
        configured=gateways_here(),
        labels=CHANNEL_LABELS,
        most_counted=MOST_COUNTED,
        letters=shown,
        kinds={row.template: kind_words(row.template) for row in shown},
        reasons=reasons_given(actor()),
        reason=reason if reason in reasons.WORDS else "",
        reason_words=reasons.WORDS,
        export=export_url("messages", reason=reason if reason in reasons.WORDS else ""),
        next_url=url_for(".messages", page=page + 1, reason=reason or None) if len(rows) > MOST_SHOWN and page < MOST_PAGES else "",
        first_url=url_for(".messages", reason=reason or None) if page > 1 else "",
        own_ways=[channel for channel in gateways_here() if channel in ways_to(actor())],
    )

"""The records clerk sends a letter to a body as a package, asks it back, and tries again what could not be sent."""

from flask import Blueprint, flash, redirect, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from werkzeug.exceptions import NotFound

from casework.db import unit_of_work
from casework.documents.register import Document, document_seen
from casework.exchange.letters_out import may_send, send_again, send_letter, take_back_letter
from casework.exchange.outgoing import NotExchanged
from casework.permissions import Action
from web.clock import now
from web.documents.exchange_panel import BackForm, panel_of, send_form
from web.documents.register import page_of
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.sent_forms import answers_again

bp = Blueprint("documents_exchange", __name__)


@bp.post("/documents/<ref>/packages")
@performs(Action.NUMBER_LETTER)
@answers_again(lambda ref: url_for("documents_register.document", ref=ref))
def send(ref: str) -> ResponseReturnValue:
    seen = _sendable(ref)
    form = send_form(seen.letter)
    if not form.validate_on_submit():
        return page_of(seen, exchange=panel_of(seen.letter, form=form)), 422
    try:
        with unit_of_work():
            send_letter(
                _sendable(ref).letter, form.receiver.data, by=actor(), now=now(), replaces=form.replaces.data or "",
                reason=form.replacing_reason.data or "",
            )  # fmt: skip
    except NotExchanged as refusal:
        seen = _sendable(ref)
        return page_of(seen, refusal=form.refuse(refusal), exchange=panel_of(seen.letter, form=form)), 422
    flash(_("The document is sent in a moment."))
    return _back(ref)


@bp.post("/documents/<ref>/packages/<package>/back")
@performs(Action.NUMBER_LETTER)
@answers_again(lambda ref, package: url_for("documents_register.document", ref=ref))
def take_back(ref: str, package: str) -> ResponseReturnValue:
    seen, form = _sendable(ref), BackForm()
    if not form.validate_on_submit():
        return page_of(seen, exchange=panel_of(seen.letter, back_form=form, back_at=package)), 422
    try:
        with unit_of_work():
            take_back_letter(package, _sendable(ref).letter, reason=form.reason.data or "", by=actor(), now=now())
    except LookupError:
        raise NotFound from None
    except NotExchanged as refusal:
        seen = _sendable(ref)
        shown = form.refuse(refusal)
        return page_of(seen, refusal=shown, exchange=panel_of(seen.letter, back_form=form, back_at=package)), 422
    flash(_("The receiving body is asked to give it back."))
    return _back(ref)


@bp.post("/documents/<ref>/packages/<package>/again")
@performs(Action.NUMBER_LETTER)
@answers_again(lambda ref, package: url_for("documents_register.document", ref=ref))
def again(ref: str, package: str) -> ResponseReturnValue:
    try:
        with unit_of_work():
            send_again(package, _sendable(ref).letter, by=actor(), now=now())
    except LookupError:
        raise NotFound from None
    except NotExchanged as refusal:
        flash(local(refusal.text), "wait")
    else:
        flash(_("It is tried again in a moment."))
    return _back(ref)


def _sendable(ref: str) -> Document:
    """The document, where the person sends it at all; otherwise there is nothing here."""
    seen = found(document_seen(actor(), ref))
    if not may_send(actor(), seen.letter):
        raise NotFound
    return seen


def _back(ref: str) -> ResponseReturnValue:
    return redirect(url_for("documents_register.document", ref=ref))

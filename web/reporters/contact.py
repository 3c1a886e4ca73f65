"""Opening one's reports with a code to a proven contact, after losing the receipt or for several reports at once."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.contacts.codes import Purpose
from casework.contacts.proven import reports_proven_by
from casework.permissions import Action
from web.accounts.code_step import CodeStep, ask_for_code, take_code
from web.accounts.contact_codes import (
    ContactProof,
)
from web.forms import Refusal
from web.guards import TRACKED_KEY, performs
from web.reporters.pages import remember_report
from web.reporters.view import RECEIPT_KEY

bp = Blueprint("contacts_tracking", __name__)


@bp.route("/track/contact", methods=["GET", "POST"])
@performs(Action.TRACK_REPORT)
def contact() -> ResponseReturnValue:
    """Ask for the contact and send a code; the answer is the same whether or not reports were sent with it."""
    typed, refusal = request.form.get("contact", ""), ""
    if request.method == "POST":
        refusal = ask_for_code(typed, Purpose.TRACK)
        if not refusal:
            return redirect(url_for(".code"))
    shown = render_template("reporters/contact.html", typed=typed, refusal=Refusal(refusal, "contact"))
    return shown, 422 if refusal else 200


@bp.route("/track/code", methods=["GET", "POST"])
@performs(Action.TRACK_REPORT)
def code() -> ResponseReturnValue:
    taken = take_code(CodeStep(Purpose.TRACK, _("Follow a report"), lambda _target: url_for(".contact")))
    if not isinstance(taken, ContactProof):
        return taken
    opened = reports_proven_by(taken.contact)
    if not opened:
        flash(_("No report was confirmed with this number or address. Code and secret on the receipt open it."), "wait")
        return redirect(url_for("tracking.track"))
    for report in reversed(opened):
        remember_report(report)
    return redirect(url_for("tracking.own", code=opened[0].code) if len(opened) == 1 else url_for("tracking.mine"))


@bp.get("/track/reports")
@performs(Action.FOLLOW_OWN)
def reports() -> ResponseReturnValue:
    """Where the reports open in this browser were listed before; old links lead on."""
    return redirect(url_for("tracking.mine"))


@bp.post("/track/closing")
@performs(Action.TRACK_REPORT)
def close_here() -> ResponseReturnValue:
    """Make this browser forget its open reports and the last receipt's secret, since telephones keep sessions after browsers close."""
    for key in (TRACKED_KEY, RECEIPT_KEY):
        session.pop(key, None)
    flash(_("No report is open in this browser any more."))
    return redirect(url_for("public.home"))

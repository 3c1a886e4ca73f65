"""Opening one's reports with a code to a contact that is proven: for who has lost the receipt, and for several reports at once."""

from flask import Blueprint, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.contacts.codes import Purpose
from casework.contacts.proven import reports_proven_by, reports_tracked_by
from casework.own_lists import own_list
from casework.permissions import Action
from web.clock import now
from web.contacts.codes import (
    ASKED_KEY,
    Asked,
    code_page,
    contact_typed,
    forget_asked,
    is_right,
    keep_asked,
    kept_asked,
    request_code,
    wrong_words,
)
from web.contacts.sign_in import CodeForm
from web.filing import RECEIPT_KEY
from web.guards import TRACKED_KEY, actor, performs
from web.tracking import remember_report

bp = Blueprint("contacts_tracking", __name__)


@bp.route("/track/contact", methods=["GET", "POST"])
@performs(Action.TRACK_REPORT)
def contact() -> ResponseReturnValue:
    """Ask for the contact and send a code there: the same whether reports were sent with it."""
    if request.method == "GET":
        return _contact_page()
    given = contact_typed(request.form.get("contact", ""))
    if given is None:
        return _contact_page(_("Please type a telephone number such as 0912 345 678, or an e-mail address.")), 422
    refusal = request_code(given, purpose=Purpose.TRACK)
    if refusal:
        return _contact_page(refusal), 422
    keep_asked(ASKED_KEY, Asked(given, Purpose.TRACK, now()))
    return redirect(url_for(".code"))


@bp.route("/track/code", methods=["GET", "POST"])
@performs(Action.TRACK_REPORT)
def code() -> ResponseReturnValue:
    asked, form = kept_asked(ASKED_KEY, Purpose.TRACK), CodeForm()
    if asked is None:
        return redirect(url_for(".contact"))
    if request.method == "POST" and request.form.get("act") == "again":
        refusal = request_code(asked.contact, purpose=Purpose.TRACK)
        if refusal:
            return _code_page(asked, CodeForm(formdata=None), refusal), 429
        keep_asked(ASKED_KEY, Asked(asked.contact, Purpose.TRACK, now()))
        return redirect(url_for(".code"))
    if not form.validate_on_submit():
        return _code_page(asked, form), 422 if form.errors else 200
    if not is_right(asked.contact, form.digits.data or "", purpose=Purpose.TRACK):
        return _code_page(asked, form, wrong_words()), 422
    forget_asked(ASKED_KEY)
    opened = reports_proven_by(asked.contact)
    if not opened:
        flash(_("No report was confirmed with this number or address. Code and secret on the receipt open it."), "wait")
        return redirect(url_for("tracking.track"))
    for report in reversed(opened):
        remember_report(report)
    return redirect(url_for("tracking.own", code=opened[0].code) if len(opened) == 1 else url_for(".reports"))


@bp.get("/track/reports")
@performs(Action.FOLLOW_OWN)
def reports() -> ResponseReturnValue:
    """What is open in this browser without an account."""
    return render_template("contacts/opened.html", reports=own_list(reports_tracked_by(actor())))


@bp.post("/track/closing")
@performs(Action.TRACK_REPORT)
def close_here() -> ResponseReturnValue:
    """Let this browser forget the reports it has open and the secret of the last receipt: telephones keep sessions when browsers close."""
    for key in (TRACKED_KEY, RECEIPT_KEY):
        session.pop(key, None)
    flash(_("No report is open in this browser any more."))
    return redirect(url_for("public.home"))


def _contact_page(refusal: str = "") -> str:
    return render_template("contacts/track_contact.html", typed=request.form.get("contact", ""), refusal=refusal)


def _code_page(asked: Asked, form: CodeForm, refusal: str = "") -> str:
    return render_template(
        "contacts/code.html", form=form, refusal=refusal, title=_("Follow a report"), action=url_for(".code"), again=url_for(".code"),
        other=url_for(".contact"), **code_page(asked),
    )  # fmt: skip

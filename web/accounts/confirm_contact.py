"""On the receipt and the report's page: the sender proves that their contact reaches them, and chooses how they are notified."""

from dataclasses import dataclass

from flask import Blueprint, flash, redirect, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.contacts.codes import RESEND_AFTER, Purpose, open_code
from casework.contacts.confirming import contacts_of, is_unconfirmed
from casework.contacts.proven import reports_tracked_by
from casework.db import db, unit_of_work
from casework.messages.choices import CHANNELS, NO_WAY, wishes_of_reporter
from casework.models import Report, Reporter
from casework.permissions import Action
from casework.permissions.sight import report_owned_by
from casework.privacy.contact_codes import digest_of, kind_of
from casework.privacy.identity import Contact
from web.accounts.contact_codes import can_reach, configured, is_right, masked, request_code, shown_digits, wrong_words
from web.accounts.notification_preferences import CHANNEL_LABELS
from web.clock import now
from web.guards import actor, found, own_report_here, performs
from web.http.security import own_address
from workflows.desks.unconfirmed import confirm_with_step

bp = Blueprint("contacts_confirming", __name__)


@dataclass(frozen=True, slots=True)
class ConfirmBox:
    """What the confirmation box of an unconfirmed report shows. `contact` is masked; `is_sent`: a code is on its way or may be typed."""

    code: str
    kind: str
    contact: str
    is_sent: bool
    digits: str
    wait: int


def confirm_box(code: str) -> ConfirmBox | None:
    """The box for one's own report; None where there is nothing to prove or no code can be sent."""
    report = own_report_here(code)
    way = _way_of(report) if report is not None else None
    if report is None or way is None:
        return None
    row = open_code(way, purpose=Purpose.CONFIRM_REPORT, now=now(), report=report)
    wait = max(0, round((row.created_at + RESEND_AFTER - now()).total_seconds())) if row is not None else 0
    digits = shown_digits(way, purpose=Purpose.CONFIRM_REPORT, report=report)
    return ConfirmBox(report.code, kind_of(way), masked(way), row is not None, digits, wait)


def told_by(code: str) -> list[tuple[str, str, bool]] | None:
    """The channels by which a sender without an account is notified: channel, its name, and whether it is switched on. None where there is
    nothing to choose or the contact is not proven."""
    report = own_report_here(code)
    reporter = report.reporter if report is not None else None
    if reporter is None or reporter.account_id is not None or reporter.contact_verified_at is None:
        return None
    taken = wishes_of_reporter(reporter)
    return [(channel, str(CHANNEL_LABELS[channel]), channel in taken) for channel in _channels_to(reporter)] or None


@bp.post("/reports/<code>/contact-code")
@performs(Action.CONFIRM_CONTACT)
def contact_code(code: str) -> ResponseReturnValue:
    """Send a code to the contact given with the report."""
    report = found(report_owned_by(actor(), code))
    way = _way_of(report)
    refusal = request_code(way, purpose=Purpose.CONFIRM_REPORT, report=report) if way is not None else ""
    if _asks_json():
        return ({"error": refusal}, 422) if refusal else {"sent": way is not None, "confirmed": not is_unconfirmed(_own(code))}
    flash(refusal or _("A code is on its way."), "wait" if refusal else "message")
    return redirect(_back(code))


@bp.post("/reports/<code>/contact-confirmation")
@performs(Action.CONFIRM_CONTACT)
def contact_confirmation(code: str) -> ResponseReturnValue:
    """Check the code. It also confirms other reports open in this browser that were sent with the same contact."""
    report = found(report_owned_by(actor(), code))
    way = _way_of(report)
    if way is not None and not is_right(way, request.form.get("digits", ""), purpose=Purpose.CONFIRM_REPORT, report=report):
        if _asks_json():
            return {"error": wrong_words()}, 422
        flash(wrong_words(), "wait")
        return redirect(_back(code))
    if way is not None:
        for ref in [report.code, *_same_contact(report, way)]:
            with unit_of_work():
                confirm_with_step(found(report_owned_by(actor(), ref)), contact=way, now=now(), by=actor())
    if _asks_json():
        return {"confirmed": True}
    flash(_("Thank you: the centre can reach you."))
    return redirect(_back(code))


@bp.post("/mine/<code>/ways")
@performs(Action.FOLLOW_OWN)
def ways(code: str) -> ResponseReturnValue:
    """Save by which channels a sender without an account is notified; their page shows everything in any case."""
    report = found(report_owned_by(actor(), code))
    found(told_by(code))
    reporter_id, offered = found(report.reporter).id, set(_channels_to(found(report.reporter)))
    chosen = [channel for channel in CHANNELS if channel in offered and channel in request.form.getlist("ways")]
    if not chosen and "knows" not in request.form:
        flash(_("Please choose a way, or tick that you know that nobody tells you then."), "wait")
        return redirect(url_for("tracking.own", code=code, _anchor="ways"))
    with unit_of_work():
        kept = db.session.get_one(Reporter, reporter_id)
        kept.channels = [] if set(chosen) == offered else chosen or [NO_WAY]
    flash(_("Your choice is kept and holds from the next message on."))
    return redirect(url_for("tracking.own", code=code, _anchor="ways"))


def can_be_confirmed(report: Report) -> bool:
    """Whether the sender's contact is still unproven and a code can reach it."""
    return _way_of(report) is not None


def send_first_code(report: Report) -> None:
    """Send the first code right after a report came in without an account. Rate limits apply, and a failure does not undo the filing."""
    way = _way_of(report)
    if way is not None:
        request_code(way, purpose=Purpose.CONFIRM_REPORT, report=report)


def _own(code: str) -> Report:
    return found(report_owned_by(actor(), code))


def _way_of(report: Report) -> Contact | None:
    """The first contact of the sender that a code can reach."""
    if not is_unconfirmed(report):
        return None
    return next((way for way in contacts_of(report) if can_reach(kind_of(way))), None)


def _same_contact(report: Report, way: Contact) -> list[str]:
    digest = digest_of(way)
    others = [each for each in reports_tracked_by(actor()) if each.id != report.id and is_unconfirmed(each)]
    return [each.code for each in others if each.reporter and digest in (each.reporter.phone_digest, each.reporter.email_digest)]


def _channels_to(reporter: Reporter) -> list[str]:
    by_phone, by_mail = reporter.phone_digest is not None, reporter.email_digest is not None
    leads = {"email": by_mail, "zns": by_phone, "sms": by_phone}
    return [channel for channel in CHANNELS if channel in configured() and leads.get(channel)]


def _asks_json() -> bool:
    return request.accept_mimetypes.best == "application/json"


def _back(code: str) -> str:
    return own_address(request.form.get("back"), url_for("tracking.own", code=code, _anchor="confirm"))


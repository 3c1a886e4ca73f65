"""The page after intake: code and secret to read out, and the next step."""

from base64 import urlsafe_b64decode, urlsafe_b64encode

from flask import Blueprint, Response, make_response, redirect, render_template, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from casework.clocks.acts import ClockKind
from casework.contacts.report_links import case_of
from casework.db import db
from casework.intake.emergencies import emergencies_in
from casework.intake.file_report import original_words
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Case, Clock, Report
from casework.permissions import Action
from casework.permissions.sight import Sight, seen_by, sees
from casework.sealing.keyring import KeyMissing
from casework.sealing.seal import SealBroken, grouped_secret, open_text, seal_text
from web.clock import now
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from workflows.desk_access import is_at
from workflows.desks.inbox import waiting_in_case
from workflows.models import WaitingTask

bp = Blueprint("intake_taken", __name__)

TAKEN_KEY = "taken"


@bp.get("/intake/taken")
@performs(Action.TAKE_REPORT)
def taken() -> ResponseReturnValue:
    """The report this browser has just taken down. Only the first of these pages shows its secret."""
    code = (session.get(TAKEN_KEY) or {}).get("code")
    if code is None:
        return redirect(url_for("intake_call.call"))
    report = found(db.session.scalar(select(Report).where(Report.code == code)))
    case = case_of(report)
    is_ours = seen_by(actor(), case) is not None
    secret = _secret_once(code)
    words = (original_words(report) or "") if sees(actor(), Sight.ORIGINAL, case) else ""
    page = render_template(
        "intake/taken.html",
        report=report,
        case=case if is_ours else None,
        centre=report.centre,
        secret=grouped_secret(secret) if secret else None,
        accepted_by=_moment_words(case),
        emergencies=[local(sentence) for sentence in emergencies_in(words)],
        step=_verify_step(case) if is_ours else None,
    )
    response: Response = make_response(page)
    response.headers["Cache-Control"] = "private, no-store"
    return response


def keep_taken(report: Report, *, secret: str | None) -> None:
    """Let this browser show the new report. The cookie is signed but readable, so the secret is sealed in it."""
    sealed = seal_text(secret, purpose=_purpose(report.code)) if secret else None
    session[TAKEN_KEY] = {"code": report.code, "secret": urlsafe_b64encode(sealed).decode() if sealed else None}


def _secret_once(code: str) -> str | None:
    kept = session[TAKEN_KEY].get("secret")
    session[TAKEN_KEY] = {"code": code, "secret": None}
    if not kept:
        return None
    try:
        return open_text(urlsafe_b64decode(kept), purpose=_purpose(code))
    except (SealBroken, KeyMissing):
        return None


def _purpose(code: str) -> str:
    return f"secret of {code} on the screen that took it down"


def _moment_words(case: Case) -> str:
    """By when it will be accepted, as said on the telephone."""
    query = select(Clock.first_due_at).where(Clock.case_id == case.id, Clock.kind == ClockKind.ACCEPTANCE).order_by(Clock.id).limit(1)
    due_at = db.session.scalar(query)
    if due_at is None:
        return ""
    there = due_at.astimezone(LOCAL_ZONE)
    if there.date() == local_day(now()):
        return str(_("%(time)s today", time=f"{there:%H:%M}"))
    return f"{there:%H:%M %d/%m/%Y}"


def _verify_step(case: Case) -> WaitingTask | None:
    """The verification step, where it still waits on one of the person's desks."""
    steps = (step for step in waiting_in_case(case.id) if step.element == "verify")
    return next((step for step in steps if is_at(actor(), step.desk, case)), None)

"""A sender's own reports: opened by account or by code and secret, read, and rated."""

from datetime import timedelta

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import StringField
from wtforms.validators import InputRequired, Length

from casework.cases import lock_case
from casework.contacts.report_links import case_of, id_of_case
from casework.db import unit_of_work
from casework.models import Report
from casework.parsing import number_in
from casework.permissions import Action
from casework.permissions.sight import report_owned_by
from casework.public.cases import code_of_case
from casework.publishing.ratings import RateInput, RatingRefused
from casework.rate_limits import Limit, TooManyAttempts, count_attempt, limit_set_by
from casework.reporters.followed_list import followed_list
from casework.reporters.list import OwnPage, own_page_here, own_page_of
from casework.reporters.own_rows import OwnPart
from casework.reporters.report import report_opened_by
from casework.reporters.unread import put_news_away
from web.clock import now
from web.forms import Form, refusal_of
from web.guards import TRACKED_KEY, actor, found, own_report_here, performs, signed_in_account
from web.locales import in_reader_language
from web.networks import this_network
from web.reporters.view import RefusedAct, agency_levels, own_here, own_page
from web.request_log import note_security
from web.sent_forms import answers_again
from workflows.running.faults import FaultSpot
from workflows.running.incidents import run_recorded, spot_in_case
from workflows.running.rating import rate_report

bp = Blueprint("tracking", __name__)

MOST_TRACKED = 20
HERE = limit_set_by("track_attempts", "track here", timedelta(minutes=15))
SHOWS = ("open", "ended")
"""The filters of the list of one's own reports."""
NETWORK = Limit("track network", 300, timedelta(minutes=15))


class TrackForm(Form):
    """Code and secret, both on the receipt."""

    code = StringField(_l("Report code"), validators=[InputRequired(_l("Please type the code on your receipt.")), Length(max=40)])
    secret = StringField(_l("Secret"), validators=[InputRequired(_l("Please type the secret on your receipt.")), Length(max=80)])


@bp.route("/track", methods=["GET", "POST"])
@performs(Action.TRACK_REPORT)
def track() -> ResponseReturnValue:
    form = TrackForm(code=request.args.get("code", ""))
    if request.args.get("public") and (shown := _shown_to(form.code.data or "")):
        return redirect(shown)
    if not form.validate_on_submit():
        return _track_page(form), 422 if form.errors else 200
    moment, code = now(), (form.code.data or "").strip().upper()
    with unit_of_work():
        until = count_attempt(NETWORK, this_network(), now=moment)
    report = report_opened_by(code, form.secret.data or "") if until is None else None
    if until is None and report is None:
        note_security("tracking secret refused")
        with unit_of_work():
            # only wrong secrets are counted, by digest: 59 bits cannot be guessed, and a stranger guessing in an office's
            # network locks nobody out of their own report
            until = count_attempt(HERE, f"{code} {this_network()}", now=moment)
    if until is not None:
        return _track_page(form, refusal=in_reader_language(TooManyAttempts(until).text)), 429
    if report is None:
        refusal = _("Code and secret do not belong together. Please compare them with your receipt.")
        return _track_page(form, refusal=refusal), 422
    remember_report(report)
    return redirect(url_for(".own", code=report.code))


@bp.get("/mine")
@performs(Action.FOLLOW_OWN)
def mine() -> ResponseReturnValue:
    """An account's reports by pages, and those opened in this browser; without an account these alone."""
    has_account = signed_in_account() is not None
    shows = asked if has_account and (asked := request.args.get("show", "")) in SHOWS else ""
    after = number_in(request.args.get("before", ""))
    is_first = after is None and not shows
    here = own_page_here(actor(), now=now()) if is_first or not has_account else OwnPage()
    page = own_page_of(actor(), now=now(), shows=shows, before=after) if has_account else here
    return render_template(
        "reporters/mine.html", page=page, here=here if has_account else OwnPage(), shows=shows, is_first=after is None, form=TrackForm(),
        has_account=has_account, followed=followed_list(actor()) if is_first and has_account else [],
    )  # fmt: skip


@bp.get("/mine/<code>")
@performs(Action.FOLLOW_OWN)
def own(code: str) -> ResponseReturnValue:
    row = own_here(code)
    page = own_page(row)
    if OwnPart.NEWS in row.there:
        put_news_away(row.report, now=now())
    return page


@bp.post("/mine/<code>/rating")
@performs(Action.RATE)
@answers_again(lambda code: url_for(".own", code=code, _anchor="rating"))
def rating(code: str) -> ResponseReturnValue:
    try:
        found(run_recorded(lambda: _rate(code), lambda: _spot(code), now=now()))
    except RatingRefused as refused:
        why = refusal_of(refused, {"level": "level", "reason": "reason"})
        return own_page(own_here(code), refused=RefusedAct("rating", why.words, at=why.at)), 422
    return redirect(url_for(".own", code=code, _anchor="rating"))


def remember_report(report: Report) -> None:
    """Let this browser see a report until it is closed."""
    kept = [each for each in session.get(TRACKED_KEY, ()) if each != report.id]
    session[TRACKED_KEY] = [*kept[1 - MOST_TRACKED :], report.id]


def _shown_to(typed: str) -> str | None:
    """The page that shows a code's report to the reader: their own, else the public one; None if there is neither."""
    code = typed.strip().upper()
    if own_report_here(code) is not None:
        return url_for(".own", code=code)
    main_code = code_of_case(code)
    return url_for("public.report", code=main_code) if main_code else None


def _track_page(form: TrackForm, *, refusal: str = "") -> str:
    public_code = None if refusal else code_of_case((form.code.data or "").strip().upper())
    return render_template("reporters/track.html", form=form, refusal=refusal, public_code=public_code)


def _rate(code: str) -> Report | None:
    """The report, rated; None where it is not the person's own."""
    report = report_owned_by(actor(), code)
    if report is None:
        return None
    case = lock_case(id_of_case(report))
    ids = {row.agency.ref: row.agency_id for row in case.assignments}
    given = RateInput(
        report=report, level=request.form.get("level", ""), reason=request.form.get("reason", ""),
        agency_levels={ids[ref]: level for ref, level in agency_levels().items() if ref in ids},
    )  # fmt: skip
    rate_report(case, given, by=actor(), now=now())
    return report


def _spot(code: str) -> FaultSpot | None:
    report = report_owned_by(actor(), code)
    return spot_in_case(case_of(report).id, "rate") if report is not None else None

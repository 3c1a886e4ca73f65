"""“Is it really mended?”: answered by the link of the message, or on the page of one's own report; after a no the form of a new report."""

from flask import Blueprint, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue

from casework.db import db, unit_of_work
from casework.local_time import local_day
from casework.mended.answering import (
    NO,
    MendedRefused,
    PlaceAgain,
    is_open,
    may_report_again,
    place_again,
    question_by_ref,
    say_if_mended,
)
from casework.models import Case, MendedQuestion, Report
from casework.permissions import Action
from web.clock import now
from web.guards import actor, found, own_report_here, performs
from web.locales import in_reader_language
from web.signed_links import ref_in, signed_ref

bp = Blueprint("mended", __name__)

PURPOSE = "mended"
AGAIN_KEY = "again"
"""In the session: the signed question a new report leads back to."""


@bp.route("/m/<token>", methods=["GET", "POST"])
@performs(Action.SAY_IF_MENDED)
def question(token: str) -> ResponseReturnValue:
    """Without sign-in: whoever holds the message may answer once. Looking changes nothing, and shows nothing but the code."""
    asked = found(question_by_ref(found(ref_in(token, purpose=PURPOSE))))
    if request.method == "GET":
        return _page(asked, token)
    try:
        _say(asked.ref)
    except MendedRefused as refused:
        return _page(found(question_by_ref(asked.ref)), token, refusal=in_reader_language(refused.text)), 422
    return _go_on(token) if request.form.get("answer") == NO else redirect(url_for(".question", token=token))


@bp.post("/mine/<code>/mended")
@performs(Action.SAY_IF_MENDED)
def own(code: str) -> ResponseReturnValue:
    """The same on the page of one's own report."""
    report = found(own_report_here(code))
    ref = request.form.get("question", "")
    asked = found(question_by_ref(ref))
    found(report if asked.report_id == report.id else None)
    token = signed_ref(ref, purpose=PURPOSE)
    try:
        _say(ref)
    except MendedRefused as refused:
        return _page(found(question_by_ref(ref)), token, refusal=in_reader_language(refused.text)), 422
    return _go_on(token) if request.form.get("answer") == NO else redirect(url_for("tracking.own", code=code))


def follows_in(token: str) -> str:
    """The ref of the question a form leads back to; empty where there is none."""
    return ref_in(token, purpose=PURPOSE) or ""


def again_here() -> tuple[str, PlaceAgain] | None:
    """What the form takes over from the report before, for the browser in which the no was said; with the token the form carries."""
    token = str(session.get(AGAIN_KEY) or "")
    ref = follows_in(token)
    asked = question_by_ref(ref) if ref else None
    if asked is None or not may_report_again(asked, _case_of(asked), now()):
        return None
    return token, place_again(asked, on=local_day(now()))


def code_before(token: str) -> str:
    """The code of the report a form leads back to, for its words above; empty where it leads nowhere any more."""
    ref = follows_in(token)
    asked = question_by_ref(ref) if ref else None
    return _report_of(asked).code if asked is not None and may_report_again(asked, _case_of(asked), now()) else ""


def _say(ref: str) -> None:
    with unit_of_work():
        say_if_mended(ref, answer=request.form.get("answer", ""), by=actor(), now=now())


def _go_on(token: str) -> ResponseReturnValue:
    session[AGAIN_KEY] = token
    return redirect(url_for("filing.new_report", again="1"))


def _page(asked: MendedQuestion, token: str, *, refusal: str = "") -> str:
    case = _case_of(asked)
    return render_template(
        "mended/question.html", code=_report_of(asked).code, token=token, refusal=refusal, answer=asked.answer,
        is_open=is_open(asked, case, now()), until=asked.expires_at, can_report=may_report_again(asked, case, now()),
    )  # fmt: skip


def _case_of(asked: MendedQuestion) -> Case:
    return db.session.get_one(Case, asked.case_id)


def _report_of(asked: MendedQuestion) -> Report:
    return db.session.get_one(Report, asked.report_id)

"""A sender's acts on their own report after filing: answer, object, add, withdraw. Rating is in web.reporters.pages."""

from collections.abc import Callable
from datetime import timedelta

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.cases import CaseBusy
from casework.contacts.report_links import case_of
from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.models import Report
from casework.pausing.additions import WriteToCentreInput
from casework.pausing.questions import AnswerQuestionInput
from casework.pausing.withdrawals import WithdrawReportInput
from casework.permissions import Action
from casework.permissions.sight import report_owned_by
from casework.rate_limits import TooManyAttempts, count_attempt, limit_set_by
from casework.reporters.report import own_report
from casework.triage.refusals import ObjectToRefusalInput
from casework.verbs import Input
from web.clock import now
from web.forms import Refusal, refusal_of
from web.guards import actor, found, performs
from web.reporters.files import WITH_FILES, files_kept, take_files
from web.reporters.view import RefusedAct, own_here, own_page, shown_to_sender
from web.sent_forms import answers_again
from workflows.running.acts import act_recorded
from workflows.running.incidents import StepFailed, run_recorded, spot_in_case
from workflows.running.reporter_steps import do_own_step

bp = Blueprint("own_acts", __name__)

ACTS = limit_set_by("own_acts_an_hour", "acts on an own report", timedelta(hours=1))
"""Per report: more than anybody needs, and few enough that no script can fill a desk with text."""
SURE = "withdraw"
"""Sent by the second click of a withdrawal; without it the form withdraws nothing."""


@bp.post("/mine/<code>/answer")
@performs(Action.ANSWER_QUESTION)
@answers_again(lambda code: url_for("tracking.own", code=code))
def answer_question(code: str) -> ResponseReturnValue:
    report = _own(code)
    return _done(
        report, "answer", lambda token: _step(report, "answer_question", AnswerQuestionInput(report=report, words=_words(), token=token)),
        _("Your answer has been sent to the centre."),
    )  # fmt: skip


@bp.post("/mine/<code>/objection")
@performs(Action.OBJECT_TO_REFUSAL)
@answers_again(lambda code: url_for("tracking.own", code=code))
def object_to_refusal(code: str) -> ResponseReturnValue:
    """The one possible objection to a refusal."""
    report = _own(code)
    return _done(
        report, "objection", lambda _token: _step(report, "object_to_refusal", ObjectToRefusalInput(report=report, words=_words())),
        _("Your objection has been sent. The centre looks again."),
    )  # fmt: skip


@bp.post("/mine/<code>/additions")
@performs(Action.WRITE_TO_CENTRE)
@answers_again(lambda code: url_for("tracking.own", code=code))
def write_to_centre(code: str) -> ResponseReturnValue:
    """Add words, photos or voice until the report is closed."""
    report = _own(code)
    return _done(
        report, "addition", lambda token: _act(report, "write_to_centre", WriteToCentreInput(report=report, words=_words(), token=token)),
        _("What you wrote has been sent to the centre."),
    )  # fmt: skip


@bp.route("/mine/<code>/withdrawal", methods=["GET", "POST"])
@performs(Action.WITHDRAW_REPORT)
@answers_again(lambda code: url_for("tracking.own", code=code))
def withdraw_report(code: str) -> ResponseReturnValue:
    """Two clicks: the first leads to a page of consequences, the second withdraws."""
    if request.method == "GET":
        return _withdrawal_page(code)
    if request.form.get("sure") != SURE:
        return _withdrawal_page(code), 422
    report = _own(code)
    reason = request.form.get("reason", "")
    try:
        _count(report)
        _act(report, "withdraw_report", WithdrawReportInput(report=report, reason=reason))
    except (CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        return _withdrawal_page(code, refusal=refusal_of(refusal, {"reason": "reason"}), reason=reason), _status(refusal)
    flash(_said_of_withdrawal(_own(code)))
    return redirect(url_for("tracking.own", code=code))


def _own(code: str) -> Report:
    return found(report_owned_by(actor(), code))


def _words() -> str:
    return request.form.get("words", "")


def _step(report: Report, element: str, given: Input) -> None:
    case, by, moment = case_of(report), actor(), now()
    run_recorded(
        lambda: do_own_step(case, element, by=by, now=moment, given=given),
        lambda: spot_in_case(case.id, element),
        now=moment,
    )


def _act(report: Report, verb: str, given: Input) -> None:
    act_recorded(case_of(report).ref, verb, by=actor(), now=now(), given=given)


def _done(report: Report, act: str, work: Callable[[str | None], None], said: str) -> ResponseReturnValue:
    """Do it and report success; a refusal is shown at its form, which keeps words and files.

    `work` gets the token of the files sent along. If one of them is refused nothing is sent, so that its sender decides whether to go
    without it.
    """
    code, files = report.code, None
    try:
        _count(report)
        if act in WITH_FILES:
            files = take_files()
            if files.refused or "remove" in request.form:
                return own_page(own_here(code), refused=RefusedAct(act, "", _words(), files)), 422 if files.refused else 200
        work(files.token if files else None)
    except (CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        files = files_kept(files.token) if files else None
        why = refusal_of(refusal, {"words": f"{act}-words"})
        return own_page(own_here(code), refused=RefusedAct(act, why.words, _words(), files, why.at)), _status(refusal)
    flash(said)
    return redirect(url_for("tracking.own", code=code))


def _count(report: Report) -> None:
    """Count one more act on this report. Raises TooManyAttempts; the count is committed first and stays."""
    code, moment = report.code, now()
    with unit_of_work():
        until = count_attempt(ACTS, code, now=moment)
    if until is not None:
        raise TooManyAttempts(until)


def _status(refusal: CaseworkError) -> int:
    return 429 if isinstance(refusal, TooManyAttempts) else 422


def _withdrawal_page(code: str, *, refusal: Refusal | None = None, reason: str = "") -> str:
    report = shown_to_sender(own_here(code))
    return render_template("reporters/withdraw_report.html", report=report, refusal=refusal, reason=reason, sure=SURE)


def _said_of_withdrawal(report: Report) -> str:
    if own_report(report, now=now()).is_withdrawn:
        return str(_("You have withdrawn your report."))
    return str(_("The centre has your request to withdraw and will decide on it."))

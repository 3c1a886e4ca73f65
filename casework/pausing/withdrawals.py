"""Withdrawing a report: at once before acceptance, later as a request the centre decides (rules.md, section 6)."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.main_reports import make_main
from casework.models import Case, CaseReport, Report, Withdrawal
from casework.outbox import tell_desk, tell_reporter
from casework.parts import open_parts
from casework.pausing import sentences
from casework.pausing.questions import open_question
from casework.pausing.standstills import end_case, go_on
from casework.permissions import Action, Actor, Role, require
from casework.permissions.sight import require_sender
from casework.sealing.seal import open_text, seal_text
from casework.search.rows import refresh_search_rows
from casework.second_person import refuse_first_person
from casework.states import OPEN_STATES, AssignmentEnd, CaseState
from casework.text import normal
from casework.verbs import DECISION, MESSAGE, Input, Verb

REASON_PURPOSE = "reason of a withdrawal"
LONGEST_REASON = 2_000
TAKEN_BACK = "Người phản ánh đã rút phản ánh; đơn vị không cần tiếp tục."


class WithdrawalRefused(CaseworkError):
    """The report cannot be withdrawn, or the request not decided, like this; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WithdrawReportInput(Input):
    report: Report
    reason: str = ""


@Verb(
    "withdraw_report", Action.WITHDRAW_REPORT, kinds=MESSAGE, is_personal=True, is_from_outside=True,
    staff=sentences.withdrawn, sender=sentences.you_withdrew, is_act=True, needs=("withdrawal_asked",),
)  # fmt: skip
def withdraw_report(case: Case, given: WithdrawReportInput, *, by: Actor, now: datetime) -> None:
    """Withdraw a report. One of several just leaves the case; the only one ends the case before acceptance, and later is a request.

    Records `withdraw_report` without the reason, which is sealed. Raises NotAllowed for anybody but the report's sender,
    WithdrawalRefused once the case is answered or ended, or when a request is open. Source: rules.md, section 6, "Withdraw report".
    """
    require_sender(by, given.report, case)
    if case.state not in OPEN_STATES:
        raise WithdrawalRefused("Phản ánh này không còn rút được nữa.", "This report can no longer be withdrawn.")
    if case.withdrawal_asked and (asked := open_withdrawal(case)) is not None and asked.report_id == given.report.id:
        raise WithdrawalRefused(
            "Ông/Bà đã đề nghị rút phản ánh này, Trung tâm đang xem xét.",
            "You asked to withdraw this report; the centre is considering it.",
        )
    reason = normal(given.reason)
    if len(reason) > LONGEST_REASON:
        raise WithdrawalRefused(
            f"Lý do rút tối đa {LONGEST_REASON} ký tự.", f"Please give the reason in {LONGEST_REASON} characters at most.",
            about="reason",
        )
    withdrawal = Withdrawal(
        case_id=case.id, report_id=given.report.id, requested_at=now,
        sealed_reason=seal_text(reason, purpose=REASON_PURPOSE) if reason else None,
    )  # fmt: skip
    db.session.add(withdrawal)
    at_once = len(_present(case)) > 1 or case.accepted_at is None
    record(case, "withdraw_report", by=by, at=now, report=given.report.code, at_once=at_once)
    if at_once:
        withdrawal.granted, withdrawal.decided_at = True, now
        _take_out(case, given.report, now)
        tell_reporter(given.report, "report_withdrawn", case=case, at=now)
        tell_desk(Role.OPERATOR, "report_left", case=case, at=now, report=given.report.code)
    else:
        case.withdrawal_asked = True
        tell_reporter(given.report, "withdrawal_received", case=case, at=now)
        tell_desk(Role.OPERATOR, "withdrawal_to_decide", case=case, at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideWithdrawalInput(Input):
    granted: bool
    words: str


@Verb(
    "decide_withdrawal", Action.DECIDE_WITHDRAWAL, kinds=DECISION, is_personal=True,
    staff=sentences.withdrawal_decided, sender=sentences.let_withdraw,
)  # fmt: skip
def decide_withdrawal(case: Case, given: DecideWithdrawalInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Grant the withdrawal of an accepted report, or continue without naming anybody because the public is in danger, and tell its
    sender.

    The case is still open: no answer is given before the request is decided. Records `decide_withdrawal`. Raises WithdrawalRefused
    without a request, or without words when the case continues. Source: rules.md, section 6, "Withdraw report".
    """
    require(by, Action.DECIDE_WITHDRAWAL, case)
    withdrawal, words = open_withdrawal(case), normal(given.words)
    if withdrawal is None:
        raise WithdrawalRefused("Không có đề nghị rút nào đang chờ.", "No request to withdraw is waiting.")
    if not given.granted and not words:
        raise WithdrawalRefused("Vui lòng giải thích vì sao vẫn tiếp tục xử lý.", "Please explain why the work goes on.")
    if given.granted and len(_present(case)) == 1 and open_parts(case):
        raise WithdrawalRefused(
            "Hồ sơ còn phần tách ra đang được xử lý. Xin chờ các phần đó xong, hoặc tiếp tục hồ sơ.",
            "Parts of the case are still being handled. Wait until they are done, or go on with the case.",
        )
    refuse_first_person(Action.DECIDE_WITHDRAWAL, case, by=by, now=now)
    report = db.session.get_one(Report, withdrawal.report_id)
    withdrawal.granted, withdrawal.decided_by_id, withdrawal.decided_at = given.granted, by.account_id, now
    withdrawal.decision_words, case.withdrawal_asked = words or None, False
    record(case, "decide_withdrawal", by=by, at=now, report=report.code, granted=given.granted)
    if given.granted:
        _take_out(case, report, now)
    tell_reporter(report, "report_withdrawn" if given.granted else "withdrawal_kept", case=case, at=now)
    return {"outcome": "granted" if given.granted else "kept"}


def open_withdrawal(case: Case) -> Withdrawal | None:
    query = select(Withdrawal).where(Withdrawal.case_id == case.id, Withdrawal.decided_at.is_(None))
    return db.session.scalars(query.order_by(Withdrawal.id)).first()


def withdrawal_reason(withdrawal: Withdrawal) -> str | None:
    """The sender's reason, for the operations team and their writer."""
    return open_text(withdrawal.sealed_reason, purpose=REASON_PURPOSE) if withdrawal.sealed_reason else None


def _present(case: Case) -> list[CaseReport]:
    return [link for link in case.reports if link.left_at is None]


def _take_out(case: Case, report: Report, now: datetime) -> None:
    """The only report ends its case and stays with it, so that its sender still finds it; one of several leaves."""
    present = _present(case)
    link = next((link for link in present if link.report_id == report.id), None)
    if link is None:
        # a split has moved it to a case of its own since the request
        return
    if len(present) == 1:
        end_case(case, CaseState.WITHDRAWN, end=AssignmentEnd.CLOSED, words=TAKEN_BACK, at=now)
        return
    link.left_at = now
    if link.is_main:
        make_main(case, next(other.report for other in present if other is not link))
    question = open_question(case)
    if question is not None and question.report_id == report.id:
        question.ended_at = now
        go_on(case, at=now)
    if case.accepted_at is not None:
        refresh_search_rows(case, at=now)

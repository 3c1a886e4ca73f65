"""Approving several answers at once: only those that were opened before, each in its own unit of work and with its own result."""

from dataclasses import dataclass

from flask import Blueprint, render_template, request
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.answers.openings import newest_answers, opened_by, refuse_unopened
from casework.errors import CaseworkError
from casework.models import Answer, Deputy
from casework.parsing import number_in
from casework.permissions import Action
from casework.second_person import deputyships_beside, first_person_words, written_by
from web.clock import now
from web.guards import actor, performs
from web.held_here import NO_FORM, hold_with, offer_back
from web.locales import in_reader_language as local
from workflows.desks.inbox import page_of
from workflows.desks.inbox_filters import InboxQuery
from workflows.desks.inbox_steps import Colleague, InboxStep
from workflows.running.incidents import perform_recorded
from workflows.running.steps import TaskUnknown, task_for

bp = Blueprint("bulk_approval", __name__)

ELEMENT, VERB = "approve_answer", "approve_answer"
MOST = 50
PICK, VERSION = "pick", "version-"
OPENING_LENGTH = 140


@dataclass(frozen=True)
class WaitingAnswer:
    """An answer waiting for approval: whether it may be selected, and if not why."""

    task: InboxStep
    answer: Answer
    barred: str
    is_opened: bool

    @property
    def opening(self) -> str:
        """The first words about what was done."""
        words = " ".join(self.answer.actions.split())
        return words if len(words) <= OPENING_LENGTH else f"{words[:OPENING_LENGTH].rsplit(' ', 1)[0]} …"


@dataclass(frozen=True)
class ApprovalOutcome:
    code: str
    title: str
    is_done: bool
    words: str


@bp.get("/approvals")
@performs(Action.APPROVE_ANSWER)
def approvals() -> ResponseReturnValue:
    return _shown([])


@bp.post("/approvals")
@performs(Action.APPROVE_ANSWER)
def approve() -> ResponseReturnValue:
    picked = list(dict.fromkeys(request.form.getlist(PICK)))[:MOST]
    outcomes = [_approved(ref, request.form.get(f"{VERSION}{ref}", "")) for ref in picked]
    return _shown(outcomes, nothing_picked=not picked)


def _approved(ref: str, version: str) -> ApprovalOutcome:
    """Approve one answer; a refusal does not affect the others."""
    try:
        task = task_for(actor(), ref)
    except TaskUnknown as refusal:
        return ApprovalOutcome("", "", False, local(refusal.text))
    code, title = task.case.code, task.case.title or ""
    try:
        if task.element != ELEMENT or task.assignment is None:
            raise TaskUnknown
        if task.state == "waiting":
            # somebody who comes second is told who was first, whatever they have opened
            refuse_unopened(task.assignment, by=actor(), version=number_in(version) or 0)
        done = perform_recorded(ref, by=actor(), now=now(), act=VERB, hold=hold_with(NO_FORM))
    except CaseworkError as refusal:
        return ApprovalOutcome(code, title, False, local(refusal.text))
    if done.held is not None:
        offer_back(done.held, code)
        return ApprovalOutcome(code, title, True, _("Approved; it can be taken back for some seconds."))
    return ApprovalOutcome(code, title, True, _("Approved."))


def _shown(outcomes: list[ApprovalOutcome], *, nothing_picked: bool = False) -> ResponseReturnValue:
    page = page_of(actor(), InboxQuery(element=ELEMENT), now=now(), limit=MOST)
    answers = newest_answers([task.assignment_id for task in page.tasks if task.assignment_id is not None])
    opened = opened_by(actor(), answers.values())
    deputyships = deputyships_beside([deed for answer in answers.values() for deed in written_by(answer)], now=now())
    rows = [
        _row(task, page.holders.get(task.id), answers[task.assignment_id], opened, deputyships)
        for task in page.tasks if task.assignment_id is not None and task.assignment_id in answers
    ]  # fmt: skip
    refused = nothing_picked or any(not outcome.is_done for outcome in outcomes)
    return render_template(
        "inbox/bulk_approval.html", rows=rows, outcomes=outcomes, nothing_picked=nothing_picked, has_more=page.next is not None, most=MOST
    ), 422 if refused else 200


def _row(task: InboxStep, holder: Colleague | None, answer: Answer, opened: frozenset[int], deputyships: list[Deputy]) -> WaitingAnswer:
    is_opened, by = answer.id in opened, actor()
    barred, deeds = "", [(Action.SUBMIT_ANSWER, deed) for deed in written_by(answer) if deed.account_id is not None]
    if holder is not None and holder.id != by.account_id:
        barred = _("%(name)s has taken it.", name=holder.full_name)
    elif (why := first_person_words(Action.APPROVE_ANSWER, deeds, by=by, now=now(), among=deputyships)) is not None:
        barred = local(why)
    elif not is_opened:
        barred = _("Not opened yet: open and read it first.")
    return WaitingAnswer(task, answer, barred, is_opened)

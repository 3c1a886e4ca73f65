"""The page of one step: shows its element's form and performs the step in one unit of work; a fault leaves an incident."""

from functools import partial

from flask import Blueprint, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from sqlalchemy.exc import DBAPIError
from wtforms import HiddenField, StringField

from casework.bilingual import Bilingual
from casework.casefile.views import reports_seen, title_seen
from casework.cases import STANDSTILLS, CaseBusy
from casework.db import db, reading_once
from casework.errors import CaseworkError
from casework.models import HeldAct
from casework.permissions import Action, NotAllowed
from casework.permissions.sight import seen_by
from casework.states import ASSIGNMENT_LABELS, STAFF_LABELS, CaseState
from casework.steps.drafts import drafts_of, opened_fields
from casework.taking_back.held_acts import why_of
from casework.together.bell import read_in_case, unread_about
from casework.verbs import Input
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.held_here import is_overdue, offer_back
from web.http.after_response import afterwards
from web.inbox.queue import next_address, queue_asked, queue_beside
from web.inbox.return_url import inbox_address
from web.locales import in_reader_language as local
from web.navigation import counted_here, counted_in_bar
from web.sent_forms import answers_again
from web.steps import answering, approving, decisions, distribution, extensions, hotline, publishing, triage
from web.steps.draft_view import NONE, SAID, DraftAtHand, as_if_sent, draft_sent, draft_wanted, hold_asked
from web.steps.drawn_steps import FormStepPage
from web.steps.where import where_is
from web.task_page import STEP_PAGES, Act, TaskPage
from web.text_owner import AnothersText, is_of_another
from workflows.desk_access import REPORTER, is_at, leads_desk, reads_matter
from workflows.desks.inbox import Position, waiting_in_case
from workflows.models import WaitingTask
from workflows.running import steps
from workflows.running.carrying_out import settle
from workflows.running.claims import holder_of
from workflows.running.doing import StepResult
from workflows.running.drawn_steps import help_with_step, label_of_step, outcome_words
from workflows.running.holding import ActHeld, held_words
from workflows.running.incidents import StepFailed, perform_recorded, run_recorded, spot_of
from workflows.running.step_rows import CASE_OF_STEP
from workflows.running.steps import TaskAlreadyDone, TaskClaimed, TaskUnknown, perform_chosen

bp = Blueprint("tasks", __name__)

WITH_PAGES = (triage, hotline, distribution, answering, approving, publishing, decisions, extensions)
"""One page per step of the shipped model; steps drawn by administrators get the page of their declared form."""

PAGES = STEP_PAGES

TYPED_OUTSIDE_FORMS = {
    triage.WORDS: _l("Words agencies read"),
    triage.SAID: _l("What is said"),
    distribution.INSTRUCTIONS: _l("What to mind"),
    SAID: _l("Write in the exchange"),
}
"""Prefixes of text fields outside the form, of which there is one per report or agency, and their labels."""


@bp.route("/tasks/<ref>", methods=["GET", "POST"])
@performs(Action.PERFORM_TASK)
@answers_again(lambda ref: _next_now(ref))
def task(ref: str) -> ResponseReturnValue:
    if request.method == "POST" and is_of_another():
        raise AnothersText
    if request.method == "POST" and (answer := _sent(ref)) is not None:
        return answer
    if request.method == "GET":
        with reading_once():
            step = _step(ref)
            if g.bell_here:
                afterwards(partial(read_in_case, step.case.ref, by=actor(), now=now()))
            held = _held_at(step)
            if held is None or not is_overdue(held):
                is_there = step.state == "waiting" and held is None
                return _opened(step) if is_there else (_done(step, _unsent(step), held=held), 409)
        settle(held.id, now())                             # no worker has done it
        return redirect(url_for(".task", ref=ref))
    step = _step(ref)
    page = page_of(step)
    if step.state != "waiting":
        return _done(step, typed_in(page.form)), 409
    act = page.act()
    if act is None:
        return _shown(page), 200 if page.is_unfinished else 422
    try:
        result = perform_recorded(ref, by=actor(), now=now(), act=act.verb, given=act.given, hold=hold_asked())
    except (TaskAlreadyDone, TaskClaimed, ActHeld):
        step = _step(ref)
        return _done(step, typed_in(page.form), held=_held_at(step)), 409
    except (NotAllowed, TaskUnknown, CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        return _shown(page, refusal=page.form.refuse(refusal)), 422
    return _followed(page, act, result)


class NotFilledIn(CaseworkError):
    """Nothing can be done with the submission under the lock: it is answered without one."""


def _sent(ref: str) -> ResponseReturnValue | None:
    """Lock the case, read the form, act: the case is loaded once. None where the submission is to be read before the case is locked:
    it brings files or makes pictures, is not complete, or the step is not there for the person (any more)."""
    filled: list[tuple[TaskPage, Act]] = []

    def choose(step: WaitingTask) -> tuple[str, Input | None]:
        filled.clear()                                     # begun anew after a deadlock
        try:
            page = None if step.desk.startswith(REPORTER) or page_class_of(step).works_before_lock() else page_of(step)
            act = page.act() if page is not None else None
        except DBAPIError:                                 # what met others' locks is begun anew
            raise
        except Exception as fault:                         # a form that cannot be read is no incident of the case
            raise NotFilledIn("", "") from fault
        if page is None or act is None:
            raise NotFilledIn("", "")
        filled.append((page, act))
        return act.verb, act.given

    try:
        result = run_recorded(
            lambda: perform_chosen(ref, choose, by=actor(), now=now(), hold=hold_asked()), lambda: spot_of(ref), now=now()
        )
    except (CaseBusy, StepFailed):
        raise
    except CaseworkError as refusal:
        if not filled or isinstance(refusal, TaskUnknown | NotAllowed | TaskAlreadyDone | TaskClaimed | ActHeld):
            return None
        page, _act = filled[0]
        return _shown(page, refusal=page.form.refuse(refusal)), 422
    return _followed(*filled[0], result)


def _followed(page: TaskPage, act: Act, result: StepResult) -> ResponseReturnValue:
    """What is said of a step done, and the way on: perhaps to another case, so the words name theirs. Of one that is held the strip says
    what is to be said."""
    if result.held is not None:
        offer_back(result.held, result.case.code)
        return redirect(_on_from(result, _after(result.task, page.place)))
    if (then := page.then(act)) is not None:
        result = _gone_on(then, result)
    said, code = page.said(act, result), result.case.code
    flash(said if code in said else f"{code}: {said}")
    return redirect(_on_from(result, _next(result, page.place)))


def _on_from(result: StepResult, address: str) -> str:
    if request.form.get("to") == "case" and seen_by(actor(), result.case) is not None:
        return url_for("cases.case", ref=result.case.ref)
    return address


def _gone_on(then: Act, result: StepResult) -> StepResult:
    """Do what was chosen along with a step at the one it has opened. A refusal is said, and its own page is the way on."""
    ref = next((each.ref for each in result.opened if each.element == then.verb), None)
    if ref is None:
        return result
    try:
        return perform_recorded(ref, by=actor(), now=now(), act=then.verb, given=then.given)
    except CaseworkError as refusal:
        flash(local(refusal.text))
        return result


def page_of(step: WaitingTask) -> TaskPage:
    return page_class_of(step)(step)


def page_class_of(step: WaitingTask) -> type[TaskPage]:
    return PAGES.get(step.element, FormStepPage)


def step_done(ref: str, *, but: str = "") -> ResponseReturnValue:
    """The response for somebody whose step has been done meanwhile, with what they typed, `but` for a text that went where it belongs."""
    step = _step(ref)
    typed = typed_in(page_of(step).form)
    return _done(step, [each for each in typed if each[1] != but.strip()]), 409


def draft_refused(ref: str, words: str) -> ResponseReturnValue:
    """The page again, with what was typed and why it could not be saved as a draft."""
    return _shown(page_of(_step(ref)), refusal=words), 422


def _opened(step: WaitingTask) -> str:
    """The page as opened: filled in from the person's draft of this round, if there is one."""
    draft, fields = draft_wanted(step)
    with as_if_sent(fields):
        page = page_of(step)
        if fields is not None:
            page.restored()
        return _shown(page, draft=draft)


def _step(ref: str) -> WaitingTask:
    """The step, if it is on one of the person's desks. Raises NotFound, also for a sender's own steps, which are on
    their own page, and for quarantined cases."""
    try:
        here = unread_about(actor(), CASE_OF_STEP, {"ref": ref}, now=now())
        step, counts = steps.task_with_counts(actor(), ref, {**counted_in_bar(now()), "bell_here": here})
    except TaskUnknown:
        return found(None)
    counted_here(counts)
    g.act_of_step, g.bell_here = counts[steps.HELD], counts["bell_here"]
    return found(None if step.desk.startswith(REPORTER) or step.case.quarantined_at is not None else step)


def _held_at(step: WaitingTask) -> HeldAct | None:
    """The act held at a step that was just read."""
    held = db.session.get(HeldAct, g.act_of_step) if g.act_of_step else None
    return held if held is not None and held.returned_at is None and step.state == "waiting" else None


def _why_back() -> Bilingual | None:
    """Why the person's own act went back to them, until they have put the notice away."""
    held = db.session.get(HeldAct, g.act_of_step) if g.get("act_of_step") else None
    is_mine = held is not None and held.account_id == actor().own_id and held.returned_at is not None and held.seen_at is None
    return why_of(held) if held is not None and is_mine else None


def _shown(page: TaskPage, *, refusal: str = "", draft: DraftAtHand | None = None) -> str:
    step, by, moment = page.task, actor(), now()
    holder = holder_of(step, now=moment)
    is_mine = holder is not None and holder.id == by.account_id
    if page.is_unfinished:
        _forget_errors(page.form)
    return render_template(
        page.template,
        page=page,
        task=step,
        case=page.case,
        form=page.form,
        label=label_of_step(step),
        step_help=help_with_step(step),
        state=STAFF_LABELS[CaseState(page.case.state)],
        assignment_labels=ASSIGNMENT_LABELS,
        title=page.case.title if reads_matter(step.desk) else None,
        reports_seen=reports_seen(page.case, by, has_step=True) if reads_matter(step.desk) else [],
        holder=None if is_mine else holder,
        barred=page.barred,
        is_mine=is_mine,
        may_release=holder is not None and steps.may_release(step, holder, by=by, now=moment),
        may_assign=leads_desk(by, step.desk),
        can_read_case=seen_by(by, page.case) is not None,
        refusal=" ".join([*page.refusals, refusal]).strip(),
        draft_at_hand=draft or draft_sent(step),
        queue=queue_beside(step, moment),
        moment=moment,
        why_back=_why_back(),
        account_id=by.account_id,
        **{"where": where_is(page.case, has_step=True) if reads_matter(step.desk) else None, **page.context()},
    )


def _unsent(step: WaitingTask) -> list[tuple[str, str]]:
    """What the person had typed for a step somebody else did, as far as it was kept as a draft."""
    rows = drafts_of(steps.draft_place(step), by=actor())
    if not rows:
        return []
    with as_if_sent(opened_fields(rows[0])):
        return typed_in(page_of(step).form)


def _done(step: WaitingTask, typed: list[tuple[str, str]] | None = None, *, held: HeldAct | None = None) -> str:
    """Who did what and when, with what was typed, so that nothing typed is lost. `held`: it can still be taken back."""
    return render_template(
        "steps/done.html",
        task=step,
        holder=holder_of(step, now=now()),
        case=step.case,
        title=title_seen(step.case, actor()),
        label=label_of_step(step),
        outcome=outcome_words(step),
        typed=typed or [],
        was_sent=request.method == "POST",
        is_own=step.done_by_id is not None and step.done_by_id == actor().account_id,
        held=held,
        held_words=held_words(held) if held is not None else None,
        holds_oneself=held is not None and held.account_id == actor().account_id,
        standstill=_why_it_rests(step),
        case_url=url_for("cases.case", ref=step.case.ref) if seen_by(actor(), step.case) else None,
    )


def _why_it_rests(step: WaitingTask) -> Bilingual | None:
    if step.instance.status == "suspended":
        return steps.SUSPENDED
    return STANDSTILLS.get(step.case.standstill) if step.case.standstill else None


def typed_in(form: Form) -> list[tuple[str, str]]:
    """The texts typed into a form, in order, each with its field's label."""
    fields = [(field.label.text, field.data) for field in form if isinstance(field, StringField) and not isinstance(field, HiddenField)]
    typed = request.form.items()
    outside = [(label, words) for name, words in typed for start, label in TYPED_OUTSIDE_FORMS.items() if name.startswith(start)]
    return [(str(name), words.strip()) for name, words in (*fields, *outside) if words and words.strip()]


def _forget_errors(form: Form) -> None:
    """Missing fields are no errors in a form that is not finished yet."""
    for field in form:
        field.errors = []


def _next_now(ref: str) -> str:
    """Where somebody continues who submitted a step twice: as `_next`, by what is waiting now."""
    step = _step(ref)
    is_open = step.state == "waiting" and _held_at(step) is None
    return url_for(".task", ref=ref, draft=NONE) if is_open else _after(step, Position(step.due_at, step.id))


def _next(result: StepResult, place: Position) -> str:
    """The same step while it stays open, else the next one of the queue."""
    if result.stays_open and result.task.state == "waiting":
        return url_for(".task", ref=result.task.ref, draft=NONE)
    return _after(result.task, place)


def _after(done: WaitingTask, place: Position) -> str:
    """The next step of the queue the person came from that they can do, else the inbox. Whoever walks no queue goes on with the case."""
    moment = now()
    asked = queue_asked(moment)
    if asked is not None:
        return next_address(done.case_id, place, asked, moment) or inbox_address()
    mine = (each for each in waiting_in_case(done.case_id) if not each.desk.startswith(REPORTER) and is_at(actor(), each.desk, each.case))
    return next((url_for(".task", ref=each.ref) for each in mine if each.ref != done.ref), None) or inbox_address()

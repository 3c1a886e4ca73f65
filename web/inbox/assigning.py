"""The page for assigning a step to a colleague; taking it away from its holder needs a confirmation."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, TextAreaField

from casework.casefile.views import title_seen
from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.permissions import Action, NotAllowed
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.inbox.filters import WAITS_LABELS
from web.inbox.return_url import inbox_address, way_back
from web.locales import in_reader_language as local
from web.sent_forms import answers_again
from web.task_page import at_most
from workflows.desks.assigning import (
    LONGEST_REASON,
    AlreadyTheirs,
    HeldByColleague,
    assign_task,
    assignable,
    colleagues_at,
    desks_working_at,
)
from workflows.desks.inbox_filters import NOBODY, Waits
from workflows.desks.teams import held_by
from workflows.models import WaitingTask
from workflows.running.claims import holder_of
from workflows.running.drawn_steps import label_of_step
from workflows.running.steps import TaskUnknown

bp = Blueprint("assigning", __name__)


class AssignForm(Form):
    """The assignee, and a reason where a colleague loses the step."""

    to = RadioField(_l("Give to"), validate_choice=False)
    reason = TextAreaField(_l("Why it is moved"), validators=[at_most(LONGEST_REASON)])


@bp.route("/tasks/<ref>/assign", methods=["GET", "POST"])
@performs(Action.ASSIGN_TASK)
@answers_again(lambda ref: inbox_address(row=ref))
def assign(ref: str) -> ResponseReturnValue:
    task, form = _task(ref), AssignForm()
    people = colleagues_at(desks_working_at(task.desk), now=now())
    loads = held_by([person.id for person in people], now=now())
    form.to.choices = [
        *((person.ref, _("%(name)s, has %(number)s", name=person.full_name, number=loads.get(person.id, 0))) for person in people),
        (NOBODY, _("Nobody: free for all")),
    ]
    if not form.is_submitted():
        holder = holder_of(task, now=now())
        form.to.data = holder.ref if holder is not None else None
        return _shown(task, form)
    if not form.validate() or form.to.data not in {value for value, _label in form.to.choices}:
        form.to.errors = form.to.errors or [_("Please choose one of the list.")]
        return _shown(task, form), 422
    to = None if form.to.data == NOBODY else form.to.data
    try:
        with unit_of_work():
            assign_task(ref, by=actor(), now=now(), to=to, reason=form.reason.data or "", takes_over_from=_confirmed_holder())
    except HeldByColleague as held:
        return _confirm(_task(ref), form, local(held.text))
    except TaskUnknown:
        return found(None)
    except NotAllowed:
        raise
    except AlreadyTheirs as refusal:
        flash(local(refusal.text), "wait")
        return redirect(inbox_address(row=ref))
    except CaseworkError as refusal:
        task = _task(ref)
        shown = _confirm(task, form, form.refuse(refusal)) if _confirmed_holder() else _shown(task, form, form.refuse(refusal))
        return shown, 422
    name = next((person.full_name for person in people if person.ref == form.to.data), None)
    flash(_("The task is given to %(name)s, who is told.", name=name) if name else _("The task is free again."))
    return redirect(inbox_address(row=ref))


def _confirmed_holder() -> str:
    return request.form.get("takes_over_from", "")


def _task(ref: str) -> WaitingTask:
    try:
        return assignable(ref, by=actor())
    except TaskUnknown:
        return found(None)


def _shown(task: WaitingTask, form: AssignForm, refusal: str = "") -> str:
    return render_template("inbox/assign.html", form=form, refusal=refusal, **_facts(task))


def _confirm(task: WaitingTask, form: AssignForm, words: str) -> str:
    chosen = next((label for value, label in form.to.choices if value == form.to.data), "")
    return render_template("inbox/assign_confirm.html", form=form, words=words, chosen=chosen, **_facts(task))


def _facts(task: WaitingTask) -> dict[str, object]:
    role = task.desk.partition("@")[0]
    return {
        "task": task,
        "holder": holder_of(task, now=now()),
        "case": task.case,
        "title": title_seen(task.case, actor()),
        "label": label_of_step(task),
        "party": WAITS_LABELS.get(Waits(role)) if role in list(Waits) else None,
        "back": way_back(),
        "address": url_for(".assign", ref=task.ref, back=way_back()),
        "longest": LONGEST_REASON,
    }

"""Acts on several steps of the inbox at once: each in its own unit of work, each with its own result."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.clocks.complexities import complexities_of
from casework.clocks.reminders import LONGEST_WORDS, RemindInput, owing_agencies
from casework.errors import CaseworkError
from casework.intake.unreleased_villages import typed_for
from casework.local_time import local_day
from casework.models import Account, Case
from casework.notes.mentions import mention_in
from casework.notes.notes import LONGEST_NOTE, note_audiences, write_note
from casework.permissions import Action, Actor, require
from casework.permissions.sight import case_seen_by
from casework.search.staff_choices import fields_for, visibility_reasons_for
from casework.sent_once import SentBefore
from casework.triage.acts import ClassificationRefused, ClassifyInput
from web.clock import now
from web.forms import NOTHING, Form
from web.guards import actor, performs
from web.inbox.return_url import inbox_address, way_back
from web.inbox.rows import titles_of
from web.locales import in_reader_language as local
from web.notes import NOTE_LABELS
from web.sent_forms import may_repeat, said_before, sending_part
from web.task_page import at_most
from workflows.desk_access import leads_desk
from workflows.desks.assigning import AlreadyTheirs, HeldByColleague, assign_task, colleagues_at, desks_working_at
from workflows.desks.inbox import listed
from workflows.models import WaitingTask
from workflows.running import steps
from workflows.running.acts import act
from workflows.running.claims import holder_of, holders
from workflows.running.drawn_steps import label_of_step
from workflows.running.faults import FaultSpot
from workflows.running.incidents import run_recorded, spot_of
from workflows.running.steps import TaskAlreadyDone

bp = Blueprint("inbox_bulk", __name__)

MOST_AT_ONCE = 50
"""The most steps handled at once."""

ALREADY = (TaskAlreadyDone, AlreadyTheirs)
"""Refusals meaning that the request was already fulfilled."""


@dataclass(frozen=True, slots=True)
class ChosenStep:
    """A selected step as it was when the page was requested. `title` is empty for people who may not read it."""

    ref: str
    element: str
    desk: str
    holder_id: int | None
    code: str
    title: str
    case_id: int
    case_ref: str
    assignment_id: int | None
    label: Bilingual


@dataclass(frozen=True, slots=True)
class StepResult:
    """The result for one step: `state` is done, already or refused, `words` say what or why not; `more_url` leads to where it can
    be done."""

    chosen: ChosenStep
    state: str
    words: str
    more_url: str = ""


class AssignForm(Form):
    to = SelectField(_l("Colleague"), validate_choice=False, default=NOTHING)


class RemindForm(Form):
    """An optional message."""

    words = TextAreaField(_l("Words to the agency"), validators=[Optional(), at_most(LONGEST_WORDS)])


class ClassifyForm(Form):
    """What all steps have in common; each keeps its own place."""

    field = SelectField(_l("Field"), validate_choice=False, default=NOTHING)
    urgency = RadioField(
        _l("Urgency"), choices=[SelectChoice("normal", _l("Normal")), SelectChoice("urgent", _l("Urgent"))], default="normal"
    )
    complexity = RadioField(_l("Complexity"), default="ordinary")
    visibility = SelectField(_l("Publication"), default=NOTHING)


class NoteForm(Form):
    """One note to write on each of the cases."""

    audience = RadioField(_l("Who may read it"))
    words = TextAreaField(
        _l("Note"), validators=[at_most(LONGEST_NOTE)], description=_l("Write @ and a colleague's user name, and they are told.")
    )


@bp.post("/inbox/bulk/claim")
@performs(Action.CLAIM_TASK)
def claim() -> ResponseReturnValue:
    by = actor()

    def claim_one(each: ChosenStep) -> str:
        if each.holder_id == by.account_id:
            raise AlreadyTheirs("Việc này đã ở chỗ Ông/Bà.", "You have this task already.")
        steps.claim(each.ref, by=by, now=now())
        return str(_("Yours now."))

    return _done(_("Take it"), _chosen(), claim_one)


@bp.post("/inbox/bulk/release")
@performs(Action.CLAIM_TASK)
def release() -> ResponseReturnValue:
    by = actor()

    def release_one(each: ChosenStep) -> str:
        if each.holder_id is None:
            raise AlreadyTheirs("Việc này chưa ai nhận.", "Nobody has taken this task.")
        if each.holder_id != by.account_id:
            raise HeldByColleague(*_holder_of(each))
        steps.release(each.ref, by=by, now=now())
        return str(_("Free again."))

    return _done(_("Put back"), _chosen(), release_one)


@bp.post("/inbox/bulk/assign")
@performs(Action.ASSIGN_TASK)
@may_repeat
def assign() -> ResponseReturnValue:
    by, form, chosen = actor(), AssignForm(), _chosen()
    people = colleagues_at({desk for each in chosen for desk in desks_working_at(each.desk) if leads_desk(by, each.desk)}, now=now())
    names = {person.ref: person.full_name or "" for person in people}
    form.to.choices = [(NOTHING, _("Please choose")), *names.items()]
    if not _is_sent() or not form.validate_on_submit():
        return _form("assign", _("Give to a colleague"), form, chosen)
    to = form.to.data
    if to not in names:
        form.to.errors = [_("Please choose one of the list.")]
        return _form("assign", _("Give to a colleague"), form, chosen)

    def assign_one(each: ChosenStep) -> str:
        assign_task(each.ref, by=by, now=now(), to=to)
        return str(_("Given to %(name)s.", name=names[to]))

    return _done(_("Give to a colleague"), chosen, assign_one)


@bp.post("/inbox/bulk/remind")
@performs(Action.REMIND)
@may_repeat
def remind() -> ResponseReturnValue:
    by, form, chosen = actor(), RemindForm(), _chosen()
    if not _is_sent() or not form.validate_on_submit():
        return _form("remind", _("Remind"), form, chosen)
    words = form.words.data or ""
    return _done(_("Remind"), chosen, lambda each: _remind(each, words, by))


@bp.post("/inbox/bulk/classify")
@performs(Action.CLASSIFY)
@may_repeat
def classify() -> ResponseReturnValue:
    by, moment, form, chosen = actor(), now(), ClassifyForm(), _chosen()
    cases = {row.ref: row for row in map(_case, (each.case_ref for each in chosen)) if row is not None}
    one_of_each_centre = {case.centre_id: case for case in cases.values()}.values()
    offered = {row.service_code: local(row.name) for case in one_of_each_centre for row in fields_for(case, now=moment)}
    reasons = {row.key: local(row.name) for case in one_of_each_centre for row in visibility_reasons_for(case, now=moment)}
    form.field.choices = [(NOTHING, _("Please choose")), *offered.items()]
    today = local_day(moment)
    rated = {row.key: local(row.name) for case in one_of_each_centre for row in complexities_of(case.centre_id, today)}
    form.complexity.choices = list(rated.items())
    shown = [(key, _("Not public: %(reason)s", reason=name)) for key, name in reasons.items()]
    form.visibility.choices = [(NOTHING, _("Public after the answer")), *shown]
    is_filled = _is_sent() and form.validate_on_submit()
    if is_filled and form.field.data not in offered:
        form.field.errors = [_("Please choose one of the list.")]
        is_filled = False
    if not is_filled:
        misfits = {each.ref: local(why.text) for each in chosen if (why := _misfit(each, cases.get(each.case_ref))) is not None}
        typed = {each.ref for each in chosen if (case := cases.get(each.case_ref)) is not None and typed_for(case)}
        return _form("classify", _("Classify"), form, chosen, misfits=misfits, typed=typed)
    return _done(_("Classify"), chosen, lambda each: _classify(each, form, by), spot_of)


@bp.post("/inbox/bulk/note")
@performs(Action.WRITE_NOTE)
@may_repeat
def note() -> ResponseReturnValue:
    by, form, chosen = actor(), NoteForm(), _chosen()
    seen = [row for row in map(_case, (each.case_ref for each in chosen)) if row is not None]
    audiences = list(dict.fromkeys(audience for row in seen for audience in note_audiences(by, row)))
    form.audience.choices = [(key, str(NOTE_LABELS[key])) for key in audiences]
    if form.audience.data not in audiences and not _is_sent():
        form.audience.data = audiences[0] if audiences else None
    if not _is_sent() or not form.validate_on_submit():
        return _form("note", _("Note"), form, chosen, button=_("Keep the note"))
    audience, words = form.audience.data, form.words.data or ""
    return _done(_("Note"), chosen, lambda each: _note(each, audience, words, by))


def _remind(each: ChosenStep, words: str, by: Actor) -> str:
    case, moment = _locked(each, by), now()
    require(by, Action.REMIND, case)
    owing = owing_agencies(case, assignment_id=each.assignment_id)
    for row in owing:
        act(case.ref, "remind", by=by, now=moment, given=RemindInput(assignment=row, words=words))
    names = ", ".join(local(row.agency.short_name) for row in owing)
    return str(_("Reminded: %(agencies)s.", agencies=names))


def _misfit(each: ChosenStep, case: Case | None) -> CaseworkError | None:
    """Why a step cannot be classified together with others, whatever is chosen; None where it can."""
    if each.element != "classify":
        return ClassificationRefused("Việc này không phải bước phân loại.", "This is not a step of classifying.")
    if case is None:
        return steps.TaskUnknown()
    if case.area is None:
        return ClassificationRefused(
            "Hồ sơ chưa rõ địa bàn. Vui lòng mở ra và phân loại riêng.", "The place of the case is not known. Please classify it by itself."
        )
    return None


def _classify(each: ChosenStep, form: ClassifyForm, by: Actor) -> str:
    moment, case = now(), _case(each.case_ref)
    if (why := _misfit(each, case)) is not None or case is None or case.area is None:
        raise why or steps.TaskUnknown
    field = next((row for row in fields_for(case, now=moment) if row.service_code == form.field.data), None)
    reason = next((row for row in visibility_reasons_for(case, now=moment) if row.key == form.visibility.data), None)
    if field is None:
        raise ClassificationRefused("Trung tâm của hồ sơ không có lĩnh vực này.", "The centre of the case does not have this field.")
    if form.visibility.data != NOTHING and reason is None:
        # no reason for "never public", because another centre's reasons mean nothing here
        raise ClassificationRefused(
            "Trung tâm của hồ sơ không có lý do không công khai này. Vui lòng mở ra và phân loại riêng.",
            "The centre of the case does not have this reason for not publishing. Please classify it by itself.",
        )
    if form.urgency.data == "normal" and any(link.report.marked_urgent for link in case.reports if link.left_at is None):
        raise ClassificationRefused(
            "Người gửi đánh dấu khẩn. Vui lòng mở ra và phân loại riêng.",
            "Its sender marked it as urgent. Please classify it by itself.",
        )
    given = ClassifyInput(
        field=field, urgency=form.urgency.data, complexity=form.complexity.data, area=case.area, village=case.village,
        visibility_reason=reason,
    )  # fmt: skip
    left = typed_for(case)
    steps.perform(each.ref, by=by, now=moment, act="classify", given=given)
    said = str(_("Classified: %(field)s.", field=local(field.name)))
    unseen = _("What its sender wrote for village or street is not public: open the case to look at it.")
    return f"{said} {unseen}" if left else said


def _note(each: ChosenStep, audience: str, words: str, by: Actor) -> str:
    case, moment = _locked(each, by), now()
    named = mention_in(write_note(case, by=by, now=moment, audience=audience, words=words), case, by=by, now=moment)
    return str(_("The note is kept, and those named in it are told.") if named else _("The note is kept."))


def _locked(each: ChosenStep, by: Actor) -> Case:
    """The case of a step, locked, if the person has any business with it."""
    case = lock_case(each.case_id)
    if case_seen_by(by, each.case_ref) is None:
        raise steps.TaskUnknown
    return case


def _case(ref: str) -> Case | None:
    return case_seen_by(actor(), ref)


def _chosen() -> list[ChosenStep]:
    """The selected steps that are in the person's inbox, at most MOST_AT_ONCE."""
    refs = list(dict.fromkeys(request.form.getlist("task")))[:MOST_AT_ONCE]
    tasks = listed(actor(), refs) if refs else []
    titles = titles_of(actor(), tasks)
    held = holders(tasks, now=now())
    return [_as_chosen(task, titles[task.id], held.get(task.id)) for task in tasks]


def _as_chosen(task: WaitingTask, title: str, holder: Account | None) -> ChosenStep:
    return ChosenStep(
        task.ref, task.element, task.desk, holder.id if holder is not None else None, task.case.code, title, task.case_id, task.case.ref,
        task.assignment_id, label_of_step(task),
    )  # fmt: skip


def _holder_of(chosen: ChosenStep) -> tuple[str, Any]:
    [task] = listed(actor(), [chosen.ref])
    holder = holder_of(task, now=now())
    return (holder.full_name or "" if holder else "", task.claimed_at)


def _is_sent() -> bool:
    """Whether the second page was submitted, rather than only the selection."""
    return request.form.get("sent") == "yes"


def _refusal_of_ticks() -> str:
    refs = set(request.form.getlist("task"))
    if not refs:
        return str(_("Please tick at least one task first."))
    if len(refs) > MOST_AT_ONCE:
        return str(_("At most %(most)d tasks are done at once. Please tick fewer.", most=MOST_AT_ONCE))
    return ""


def _form(
    name: str, heading: str, form: Form, chosen: list[ChosenStep], *, button: str = "", misfits: Mapping[str, str] = MappingProxyType({}),
    typed: Collection[str] = (),
) -> ResponseReturnValue:
    """The page that asks for what is needed in addition to the selection. `misfits`: why some steps will be refused, by step; `typed`:
    steps of cases with sender-typed village or street names that nobody has released."""
    if refusal := _refusal_of_ticks():
        return _to_inbox(refusal)
    if not _is_sent():
        for field in form:
            field.errors = []
    shown = {"name": name, "heading": heading, "button": button or heading, "form": form, "chosen": chosen, "misfits": misfits,
             "typed": typed}  # fmt: skip
    return render_template("inbox/bulk_form.html", **shown, back=way_back()), 422 if _is_sent() else 200


def _to_inbox(refusal: str) -> ResponseReturnValue:
    flash(refusal, "wait")
    return redirect(inbox_address())


def _done(
    heading: str, chosen: list[ChosenStep], work: Callable[[ChosenStep], str], spot: Callable[[str], FaultSpot | None] = lambda ref: None
) -> ResponseReturnValue:
    """Do the work for each step in turn and show each result: one refusal does not stop the others.

    Sent again after an interruption, it does the rest, because each step is recorded once.

    `spot` gives the incident location for a step's ref, in case of a fault.
    """
    if refusal := _refusal_of_ticks():
        return _to_inbox(refusal)
    results = [_result(each, work, spot) for each in chosen]
    missing = len(set(request.form.getlist("task"))) - len(chosen)
    done = sum(result.state == "done" for result in results)
    said = ngettext("%(num)s task is done.", "%(num)s tasks are done.", done)
    return render_template("inbox/bulk_done.html", heading=heading, results=results, said=said, missing=missing, rest=len(results) - done)


def _result(each: ChosenStep, work: Callable[[ChosenStep], str], spot: Callable[[str], FaultSpot | None]) -> StepResult:
    try:
        with sending_part(each.ref):
            return StepResult(each, "done", run_recorded(lambda: work(each), lambda: spot(each.ref), now=now()))
    except SentBefore:
        return StepResult(each, "already", said_before())
    except ALREADY as refusal:
        return StepResult(each, "already", local(refusal.text))
    except HeldByColleague as refusal:
        may_move = leads_desk(actor(), each.desk)
        more_url = url_for("assigning.assign", ref=each.ref, back=way_back()) if may_move else ""
        return StepResult(each, "refused", local(refusal.text), more_url)
    except CaseworkError as refusal:
        return StepResult(each, "refused", local(refusal.text))

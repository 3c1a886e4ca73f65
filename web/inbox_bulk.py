"""Things done with several steps of the inbox at once: each in a unit of work of its own, each answered for by itself."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from flask_babel import ngettext
from wtforms import RadioField, SelectField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import Optional

from casework.cases import lock_case
from casework.done_twice import DoneAlready, refuse_same_note, refuse_same_reminder
from casework.errors import CaseworkError
from casework.models import Case
from casework.notes import LONGEST_NOTE, note_audiences, write_note
from casework.permissions import Action, Actor, case_seen_by, require
from casework.reminders import LONGEST_WORDS, RemindRefused
from casework.staff_choices import fields_of, visibility_reasons_for
from casework.triage import ClassificationRefused
from casework.words import Bilingual
from web.clock import now
from web.forms import Form
from web.guards import actor, performs
from web.inbox import MOST_AT_ONCE
from web.inbox_back import inbox_address, way_back
from web.locales import in_reader_language as local
from web.notes import NOTE_LABELS
from web.task_page import at_most
from web.triage import COMPLEXITY_LABELS, NOTHING
from workflows import steps
from workflows.acts import act
from workflows.assigning import AlreadyTheirs, HeldByColleague, assign_task, colleagues_at, desks_working_at, leads_desk
from workflows.inbox import listed
from workflows.incidents import perform_recorded, run_recorded
from workflows.models import WaitingTask
from workflows.steps import TaskAlreadyDone

bp = Blueprint("inbox_bulk", __name__)

ALREADY = (TaskAlreadyDone, AlreadyTheirs, DoneAlready)
"""Refusals that say that what was asked for has happened."""


@dataclass(frozen=True, slots=True)
class Chosen:
    """One step that was ticked, as it stood when the page was asked for."""

    ref: str
    element: str
    desk: str
    holder_id: int | None
    code: str
    case_id: int
    case_ref: str
    assignment_id: int | None
    label: Bilingual


@dataclass(frozen=True, slots=True)
class Result:
    """What came of one: `state` is done, already or refused, `words` say what or why not; `more_url` leads to where it can be done."""

    chosen: Chosen
    state: str
    words: str
    more_url: str = ""


class AssignForm(Form):
    """Whom to give them to."""

    to = SelectField(_l("Colleague"), validate_choice=False, default=NOTHING)


class RemindForm(Form):
    """What to say, if anything."""

    words = TextAreaField(_l("Words to the agency"), validators=[Optional(), at_most(LONGEST_WORDS)])


class ClassifyForm(Form):
    """What is the same for all of them; each keeps its own place."""

    field = SelectField(_l("Field"), validate_choice=False, default=NOTHING)
    urgency = RadioField(
        _l("Urgency"), choices=[SelectChoice("normal", _l("Normal")), SelectChoice("urgent", _l("Urgent"))], default="normal"
    )
    complexity = RadioField(_l("Complexity"), default="ordinary")
    visibility = SelectField(_l("Publication"), default=NOTHING)


class NoteForm(Form):
    """The same note on each of the cases."""

    audience = RadioField(_l("Who may read it"))
    words = TextAreaField(_l("Note"), validators=[at_most(LONGEST_NOTE)])


@bp.post("/inbox/bulk/claim")
@performs(Action.CLAIM_TASK)
def claim() -> ResponseReturnValue:
    by, moment = actor(), now()

    def take(chosen: Chosen) -> str:
        if chosen.holder_id == by.account_id:
            raise AlreadyTheirs("Việc này đã ở chỗ Ông/Bà.", "You have this task already.")
        run_recorded(lambda: steps.claim(chosen.ref, by=by, now=moment), lambda: None, now=moment)
        return str(_("Yours now."))

    return _done(_("Take them"), take)


@bp.post("/inbox/bulk/release")
@performs(Action.CLAIM_TASK)
def release() -> ResponseReturnValue:
    by, moment = actor(), now()

    def put_back(chosen: Chosen) -> str:
        if chosen.holder_id is None:
            raise AlreadyTheirs("Việc này chưa ai nhận.", "Nobody has taken this task.")
        if chosen.holder_id != by.account_id:
            raise HeldByColleague(*_holder_of(chosen))
        run_recorded(lambda: steps.release(chosen.ref, by=by), lambda: None, now=moment)
        return str(_("Free again."))

    return _done(_("Put them back"), put_back)


@bp.post("/inbox/bulk/assign")
@performs(Action.ASSIGN_TASK)
def assign() -> ResponseReturnValue:
    by, moment, form, chosen = actor(), now(), AssignForm(), _chosen()
    people = colleagues_at({desk for each in chosen for desk in desks_working_at(each.desk) if leads_desk(by, each.desk)}, now=moment)
    form.to.choices = [(NOTHING, _("Please choose")), *((person.ref, person.full_name or "") for person in people)]
    if not _is_sent() or not form.validate_on_submit():
        return _form("assign", _("Give to a colleague"), form, chosen)
    if form.to.data not in {person.ref for person in people}:
        form.to.errors = [_("Please choose one of the list.")]
        return _form("assign", _("Give to a colleague"), form, chosen)
    to, name = form.to.data, next(person.full_name for person in people if person.ref == form.to.data)

    def give(each: Chosen) -> str:
        run_recorded(lambda: assign_task(each.ref, by=by, now=moment, to=to), lambda: None, now=moment)
        return str(_("Given to %(name)s.", name=name))

    return _done(_("Give to a colleague"), give)


@bp.post("/inbox/bulk/remind")
@performs(Action.REMIND)
def remind() -> ResponseReturnValue:
    by, moment, form = actor(), now(), RemindForm()
    if not _is_sent() or not form.validate_on_submit():
        return _form("remind", _("Remind"), form, _chosen())
    words = form.words.data or ""

    def ring(each: Chosen) -> str:
        return run_recorded(lambda: _remind(each, words, by), lambda: None, now=moment)

    return _done(_("Remind"), ring)


@bp.post("/inbox/bulk/classify")
@performs(Action.CLASSIFY)
def classify() -> ResponseReturnValue:
    by, moment, form, chosen = actor(), now(), ClassifyForm(), _chosen()
    cases = {row.id: row for row in map(_case, (each.case_ref for each in chosen)) if row is not None}
    fields = {
        centre_id: {row.service_code: row for row in fields_of(centre_id, now=moment)}
        for centre_id in {c.centre_id for c in cases.values()}
    }
    reasons = {row.key: row for row in visibility_reasons_for(next(iter(cases.values())), now=moment)} if cases else {}
    offered = {code: local(row.name) for rows in fields.values() for code, row in rows.items()}
    form.field.choices = [(NOTHING, _("Please choose")), *offered.items()]
    form.complexity.choices = [(key, str(label)) for key, label in COMPLEXITY_LABELS.items()]
    shown = [(key, _("Not public: %(reason)s", reason=local(row.name))) for key, row in reasons.items()]
    form.visibility.choices = [(NOTHING, _("Public after the answer")), *shown]
    places = {each.ref: cases[each.case_id].area is not None for each in chosen if each.case_id in cases}
    if not _is_sent() or not form.validate_on_submit():
        return _form("classify", _("Classify"), form, chosen)
    if form.field.data not in offered:
        form.field.errors = [_("Please choose one of the list.")]
        return _form("classify", _("Classify"), form, chosen)

    def sort(each: Chosen) -> str:
        return _classify(each, form, by, has_place=places.get(each.ref, False))

    return _done(_("Classify"), sort)


@bp.post("/inbox/bulk/note")
@performs(Action.WRITE_NOTE)
def note() -> ResponseReturnValue:
    by, moment, form, chosen = actor(), now(), NoteForm(), _chosen()
    seen = [row for row in map(_case, (each.case_ref for each in chosen)) if row is not None]
    audiences = list(dict.fromkeys(audience for row in seen for audience in note_audiences(by, row)))
    form.audience.choices = [(key, str(NOTE_LABELS[key])) for key in audiences]
    if form.audience.data not in audiences and not _is_sent():
        form.audience.data = audiences[0] if audiences else None
    if not _is_sent() or not form.validate_on_submit():
        return _form("note", _("Note"), form, chosen)
    audience, words = form.audience.data, form.words.data or ""

    def write(each: Chosen) -> str:
        return run_recorded(lambda: _note(each, audience, words, by), lambda: None, now=moment)

    return _done(_("Note"), write)


def _remind(each: Chosen, words: str, by: Actor) -> str:
    case, moment = _locked(each, by), now()
    require(by, Action.REMIND, case)
    owing = [row for row in case.open_assignments if each.assignment_id in (None, row.id)]
    if not owing:
        raise RemindRefused(
            "Hồ sơ chưa giao cho đơn vị nào nên chưa có ai để nhắc.", "No agency has the case, so there is nobody to remind."
        )
    for row in owing:
        refuse_same_reminder(case, row, by=by, now=moment)
    for row in owing:
        act(case.ref, "remind", by=by, now=moment, form={"assignment": row, "words": words})
    names = ", ".join(local(row.agency.short_name) for row in owing)
    return str(_("Reminded: %(agencies)s.", agencies=names))


def _classify(each: Chosen, form: ClassifyForm, by: Actor, *, has_place: bool) -> str:
    moment = now()
    if each.element != "classify":
        raise ClassificationRefused("Việc này không phải bước phân loại.", "This is not a step of classifying.")
    if not has_place:
        raise ClassificationRefused(
            "Hồ sơ chưa rõ địa bàn. Vui lòng mở ra và phân loại riêng.", "The place of the case is not known. Please classify it by itself."
        )
    case = _case(each.case_ref)
    if case is None:
        raise steps.TaskUnknown
    field = next((row for row in fields_of(case.centre_id, now=moment) if row.service_code == form.field.data), None)
    reason = next((row for row in visibility_reasons_for(case, now=moment) if row.key == form.visibility.data), None)
    if field is None or case.area is None:
        raise ClassificationRefused("Trung tâm của hồ sơ không có lĩnh vực này.", "The centre of the case does not have this field.")
    if form.visibility.data != NOTHING and reason is None:
        # never public because a reason of another centre means nothing here
        raise ClassificationRefused(
            "Trung tâm của hồ sơ không có lý do không công khai này. Vui lòng mở ra và phân loại riêng.",
            "The centre of the case does not have this reason for not publishing. Please classify it by itself.",
        )
    if form.urgency.data == "normal" and any(link.report.marked_urgent for link in case.reports if link.left_at is None):
        raise ClassificationRefused(
            "Người gửi đánh dấu khẩn. Vui lòng mở ra và phân loại riêng.",
            "Its sender marked it as urgent. Please classify it by itself.",
        )
    given: dict[str, Any] = {
        "field": field, "urgency": form.urgency.data, "complexity": form.complexity.data, "area": case.area, "village": case.village,
        "visibility_reason": reason,
    }  # fmt: skip
    perform_recorded(each.ref, by=by, now=moment, act="classify", form=given)
    return str(_("Classified: %(field)s.", field=local(field.name)))


def _note(each: Chosen, audience: str, words: str, by: Actor) -> str:
    case, moment = _locked(each, by), now()
    refuse_same_note(case, by=by, now=moment, audience=audience, words=words)
    write_note(case, by=by, now=moment, audience=audience, words=words)
    return str(_("The note is kept."))


def _locked(each: Chosen, by: Actor) -> Case:
    """The case of a step, locked, if the person has any business with it."""
    case = lock_case(each.case_id)
    if case_seen_by(by, each.case_ref) is None:
        raise steps.TaskUnknown
    return case


def _case(ref: str) -> Case | None:
    return case_seen_by(actor(), ref)


def _chosen() -> list[Chosen]:
    """The steps that were ticked and that the person's inbox lists, at most MOST_AT_ONCE."""
    refs = list(dict.fromkeys(request.form.getlist("task")))[:MOST_AT_ONCE]
    return [_as_chosen(task) for task in listed(actor(), refs)] if refs else []


def _as_chosen(task: WaitingTask) -> Chosen:
    return Chosen(
        task.ref, task.element, task.desk, task.claimed_by_id, task.case.code, task.case_id, task.case.ref, task.assignment_id,
        steps.label_of_step(task),
    )  # fmt: skip


def _holder_of(chosen: Chosen) -> tuple[str, Any]:
    [task] = listed(actor(), [chosen.ref])
    return (task.claimed_by.full_name or "" if task.claimed_by else "", task.claimed_at)


def _is_sent() -> bool:
    """Whether the second page was sent, and not only the ticks."""
    return request.form.get("sent") == "yes"


def _refusal_of_ticks() -> str:
    refs = set(request.form.getlist("task"))
    if not refs:
        return str(_("Please tick at least one task first."))
    if len(refs) > MOST_AT_ONCE:
        return str(_("At most %(most)d tasks are done at once. Please tick fewer.", most=MOST_AT_ONCE))
    return ""


def _form(name: str, heading: str, form: Form, chosen: list[Chosen]) -> ResponseReturnValue:
    """The page that asks what is needed beside the ticks."""
    if refusal := _refusal_of_ticks():
        return _to_inbox(refusal)
    if not _is_sent():
        for field in form:
            field.errors = []
    page = render_template("inbox/bulk_form.html", name=name, heading=heading, form=form, chosen=chosen, back=way_back())
    return page, 422 if _is_sent() else 200


def _to_inbox(refusal: str) -> ResponseReturnValue:
    flash(refusal, "wait")
    return redirect(inbox_address())


def _done(heading: str, work: Callable[[Chosen], str]) -> ResponseReturnValue:
    """Do the work for each, one after the other, and answer what came of each: a refusal of one keeps no other from being done."""
    if refusal := _refusal_of_ticks():
        return _to_inbox(refusal)
    chosen = _chosen()
    results = [_result(each, work) for each in chosen]
    missing = len(set(request.form.getlist("task"))) - len(chosen)
    done = sum(result.state == "done" for result in results)
    said = ngettext("%(num)s task is done.", "%(num)s tasks are done.", done)
    return render_template("inbox/bulk_done.html", heading=heading, results=results, said=said, missing=missing, rest=len(results) - done)


def _result(each: Chosen, work: Callable[[Chosen], str]) -> Result:
    try:
        return Result(each, "done", work(each))
    except ALREADY as refusal:
        return Result(each, "already", local(refusal.text))
    except HeldByColleague as refusal:
        may_move = leads_desk(actor(), each.desk)
        return Result(each, "refused", local(refusal.text), url_for("assigning.assign", ref=each.ref, back=way_back()) if may_move else "")
    except CaseworkError as refusal:
        return Result(each, "refused", local(refusal.text))

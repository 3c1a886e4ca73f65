"""The page of a case for whoever has business with it: texts, agencies, answers, limits, notes, history, diagram."""

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, RadioField, StringField, TextAreaField

from casework.case_history import audience_of, staff_steps
from casework.cases import lock_case
from casework.clocks import ClockKind
from casework.db import unit_of_work
from casework.identity import RevealRefused, reveal_identity
from casework.models import Case
from casework.notes import LONGEST_NOTE, NoteRefused, note_audiences, notes_seen_by, write_note
from casework.permissions import Action, Sight, case_seen_by, may, sees
from casework.said import Audience
from casework.staff_views import answers_seen, clocks_of, hand_backs_seen, instructions_seen, publications_of, reports_seen
from casework.states import ASSIGNMENT_LABELS, OPEN_STATES, STAFF_LABELS, AssignmentState, CaseState
from web.case_page import beside, due_of
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.locales import language
from web.security import allow_inline_style_attributes
from web.task_page import at_most
from workflows.desks import is_at
from workflows.diagrams import diagram_of
from workflows.inbox import waiting_in_case
from workflows.steps import label_of_step
from workflows.unforeseen import names_in_case

bp = Blueprint("cases", __name__)

CLOCK_LABELS = {
    ClockKind.ACCEPTANCE: _l("Acceptance"),
    ClockKind.CASE: _l("Whole case"),
    ClockKind.ASSIGNMENT_ACCEPTED: _l("Agency accepts"),
    ClockKind.ASSIGNMENT: _l("Agency answers"),
    ClockKind.APPROVAL: _l("Leader decides"),
    ClockKind.PUBLICATION: _l("Publication"),
    ClockKind.RATING: _l("Rating"),
    ClockKind.STEP: _l("Limit of the step"),
}
SOURCE_LABELS = {"citizen": _l("citizen"), "camera": _l("camera"), "phone": _l("telephone"), "officer": _l("member of staff")}
NOTE_LABELS = {
    "centre": _l("Only the centre and the committee"),
    "agencies": _l("The agencies on the case too"),
    "agency": _l("My agency and the centre"),
}
NOTE_KINDS = {"progress": _l("How the work goes"), "reminder": _l("Reminder")}
KIND_LABELS = {"interim": _l("Interim answer"), "final": _l("Published"), "private": _l("Answered in private")}


class RevealForm(Form):
    """Why somebody looks at who sent a report."""

    report = HiddenField()
    reason = StringField(_l("Reason for looking"), validators=[at_most(300)])


class NoteForm(Form):
    """A note for staff."""

    audience = RadioField(_l("Who may read it"))
    words = TextAreaField(_l("Note"), validators=[at_most(LONGEST_NOTE)])


@bp.get("/cases/<ref>")
@performs(Action.READ_CASE)
def case(ref: str) -> ResponseReturnValue:
    return _page(found(case_seen_by(actor(), ref)))


@bp.get("/cases/<ref>/diagram")
@performs(Action.READ_CASE)
@allow_inline_style_attributes
def diagram(ref: str) -> ResponseReturnValue:
    seen = found(case_seen_by(actor(), ref))
    only = request.args.get("of")
    drawn = found(diagram_of(seen, language=language(), now=now(), only=only) if sees(actor(), Sight.PROCESS, seen) else None)
    return render_template(
        "cases/diagram.html", case=seen, title=_title(seen), diagram=drawn, state=_state(seen), runs=seen.state in OPEN_STATES, only=only,
        can_mend=may(actor(), Action.MEND_PROCESS, seen),
    )  # fmt: skip


@bp.post("/cases/<ref>/identity")
@performs(Action.REVEAL_IDENTITY)
def identity(ref: str) -> ResponseReturnValue:
    """Show who sent a report, once, in this answer: it is kept nowhere on the way and not shown again by going back."""
    seen, form = found(case_seen_by(actor(), ref)), RevealForm()
    report = found(next((link.report for link in seen.reports if link.report.ref == form.report.data), None))
    if not form.validate_on_submit():
        return _page(seen, reveal=form), 422
    try:
        with unit_of_work():
            contact = reveal_identity(lock_case(seen.id), report, by=actor(), reason=form.reason.data or "", now=now())
    except RevealRefused as refusal:
        return _page(seen, reveal=form, reveal_refusal=local(refusal.text)), 422
    response = make_response(
        render_template("cases/identity.html", case=seen, report=report, contact=contact, reason=form.reason.data, title=_title(seen))
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/cases/<ref>/notes")
@performs(Action.WRITE_NOTE)
def note(ref: str) -> ResponseReturnValue:
    seen = found(case_seen_by(actor(), ref))
    form = _note_form(seen)
    if not form.validate_on_submit():
        return _page(seen, note_form=form), 422
    try:
        with unit_of_work():
            write_note(lock_case(seen.id), by=actor(), now=now(), audience=form.audience.data, words=form.words.data or "")
    except NoteRefused as refusal:
        return _page(seen, note_form=form, note_refusal=local(refusal.text)), 422
    flash(_("The note is kept."))
    return redirect(url_for(".case", ref=ref, _anchor="notes"))


def _page(seen: Case, **forms: Any) -> str:
    by = actor()
    audience = audience_of(by, seen)
    waiting = [(task, is_at(by, task.desk, seen)) for task in waiting_in_case(seen.id, with_frozen=True)] if audience is not None else []
    clocks = clocks_of(seen) if audience in (Audience.CENTRE, Audience.COMMITTEE) else []
    # an administrator and an agency that has left know that something was told, not what
    publications = publications_of(seen) if audience not in (None, Audience.PROCESS) else []
    shown: dict[str, Any] = {"reveal": RevealForm(), "note_form": _note_form(seen), "reveal_refusal": "", "note_refusal": "", **forms}
    return render_template(
        "cases/case.html",
        case=seen,
        title=_title(seen),
        state=_state(seen),
        due=due_of(seen, runs=seen.state in OPEN_STATES),
        reports=reports_seen(seen, by),
        assignments=_assignments(seen),
        publications=publications,
        reads_all=audience in (Audience.CENTRE, Audience.COMMITTEE),
        clocks=clocks,
        timed_steps=names_in_case(seen.id, {clock.element for clock in clocks if clock.element is not None}),
        notes=notes_seen_by(by, seen),
        can_note=bool(note_audiences(by, seen)),
        steps=staff_steps(seen, by=by),
        tasks=waiting,
        step_labels={task.id: label_of_step(task) for task, _is_mine in waiting},
        sees_content=sees(by, Sight.CLEARED, seen) or sees(by, Sight.ORIGINAL, seen),
        sees_process=audience is not None,
        clock_labels=CLOCK_LABELS,
        source_labels=SOURCE_LABELS,
        note_labels=NOTE_LABELS,
        note_kinds=NOTE_KINDS,
        kind_labels=KIND_LABELS,
        agency_names={row.id: row.agency.short_name for row in seen.assignments},
        **beside(seen, publications),
        **shown,
    )


def _note_form(seen: Case) -> NoteForm:
    audiences = note_audiences(actor(), seen)
    form = NoteForm()
    form.audience.choices = [(key, str(NOTE_LABELS[key])) for key in audiences]
    if request.method == "GET" and audiences:
        form.audience.data = audiences[0]
    return form


def _assignments(seen: Case) -> list[tuple[Any, tuple[str, Any], str | None, list[Any], list[Any]]]:
    """Each agency with its state, and what the person may read: the centre's instructions, answers, requests to be released."""
    hand_backs, answers = hand_backs_seen(seen, actor()), answers_seen(seen.assignments, actor())
    return [
        (
            row,
            ASSIGNMENT_LABELS[AssignmentState(row.state)],
            instructions_seen(row, actor()),
            answers[row.id],
            [each for each in hand_backs if each.assignment_id == row.id],
        )
        for row in sorted(seen.assignments, key=lambda row: (-row.round, not row.is_lead, row.id))
    ]


def _title(seen: Case) -> str:
    """The operator's title for whoever reads the matter; others see the code alone."""
    by = actor()
    reads = sees(by, Sight.CLEARED, seen) or sees(by, Sight.ORIGINAL, seen)
    return seen.title if reads and seen.title else _("Case %(code)s", code=seen.code)


def _state(seen: Case) -> tuple[str, Any]:
    """Disc and words of the case's state."""
    return STAFF_LABELS[CaseState(seen.state)]

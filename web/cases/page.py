"""The page of a case: texts, agencies, answers, limits, notes, history and diagram, each as far as its reader may see it."""

from typing import Any

from flask import Blueprint, flash, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField

from casework.casefile.exchanges import Dealings
from casework.casefile.history import audience_of, staff_steps
from casework.casefile.matter import matter_of
from casework.casefile.views import SeenAnswer, instructions_seen, reads_words
from casework.cases import lock_case
from casework.clocks.acts import ClockKind
from casework.db import reading_once, unit_of_work
from casework.models import Assignment, Case, Clock, HandBack
from casework.notes.directives import finish_directive
from casework.parsing import number_in
from casework.permissions import Action, may
from casework.permissions.sight import Sight, case_seen_by, sees
from casework.privacy.identity import RevealRefused, reveal_identity
from casework.public.me_too import me_too_counts
from casework.states import ASSIGNMENT_LABELS, OPEN_STATES, STAFF_LABELS, AssignmentState, CaseState
from casework.verbs import HistoryKind
from web.accounts.blocked_senders import blockable
from web.cases.page_parts import AUDIENCE_WORDS, FILE_WORDS, acts_offered, apart_seen, due_of, files_of, moment_words, version_of
from web.cases.text_versions import TextDifference, answer_differences, publication_differences
from web.clock import now
from web.documents.beside import Documents, documents_shown
from web.forms import Form
from web.guards import actor, found, performs
from web.http.security import allow_inline_style_attributes
from web.inbox.source_labels import SOURCE_LABELS
from web.locales import language
from web.notes import notes_shown, title_for
from web.sent_forms import answers_again
from web.task_page import at_most
from workflows.desk_access import REPORTER, is_at
from workflows.desks.inbox import waiting_in_case
from workflows.desks.waiting_on import waiting_on
from workflows.diagrams import diagram_of
from workflows.models import WaitingTask
from workflows.running.claims import holders
from workflows.running.drawn_steps import label_of_step, names_in_case
from workflows.running.steps import may_release

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
HISTORY_KINDS = {
    None: _l("Everything"),
    HistoryKind.DECISIONS: _l("Decisions"),
    HistoryKind.MESSAGES: _l("Messages"),
    HistoryKind.LIMITS: _l("Limits"),
}
PART_LABELS = {
    "findings": _l("What was found"),
    "actions": _l("What was done"),
    "remaining": _l("What remains, and by when"),
    "contact": _l("Whom to ask"),
    "title": _l("Title"),
    "question": _l("The matter"),
    "summary": _l("Summary of the centre"),
    "place": _l("Place"),
}
KIND_LABELS = {"interim": _l("Interim answer"), "final": _l("Published"), "private": _l("Answered in private")}
LABELS = {
    "history_kinds": HISTORY_KINDS,
    "file_words": FILE_WORDS,
    "audience_words": AUDIENCE_WORDS,
    "part_labels": PART_LABELS,
    "clock_labels": CLOCK_LABELS,
    "source_labels": SOURCE_LABELS,
    "kind_labels": KIND_LABELS,
    "moment_words": moment_words,
}
"""Functions for the wording of rows, by their names in the template."""


class RevealForm(Form):
    report = HiddenField()
    reason = StringField(_l("Reason for looking"), validators=[at_most(300)])


@bp.get("/cases/<ref>")
@performs(Action.READ_CASE)
def case(ref: str) -> ResponseReturnValue:
    return _page(found(case_seen_by(actor(), ref)))


@bp.get("/cases/<ref>/print")
@performs(Action.READ_CASE)
def printed(ref: str) -> ResponseReturnValue:
    """The case for paper: everything expanded, no acts, no sender, the whole history. Quarantined cases have no page for print."""
    nothing = {"acts": [], "blockable": [], "can_note": False, "can_finish_directive": False, "apart": None, "documents": Documents()}
    return _page(found(case_seen_by(actor(), ref)), printed=True, **nothing)


@bp.post("/cases/<ref>/directives")
@performs(Action.FINISH_DIRECTIVE)
@answers_again(lambda ref: url_for(".case", ref=ref, _anchor="directives-heading"))
def directive(ref: str) -> ResponseReturnValue:
    seen, number = found(case_seen_by(actor(), ref)), number_in(request.form.get("number", "")) or 0
    with unit_of_work():
        finish_directive(lock_case(seen.id), number, by=actor(), now=now())
    flash(_("The directive is down as carried out."))
    return redirect(url_for(".case", ref=ref, _anchor="directives-heading"))


@bp.get("/cases/<ref>/diagram")
@performs(Action.READ_CASE)
@allow_inline_style_attributes
def diagram(ref: str) -> ResponseReturnValue:
    seen = found(case_seen_by(actor(), ref))
    only = request.args.get("of")
    drawn = found(diagram_of(seen, language=language(), now=now(), only=only) if sees(actor(), Sight.PROCESS, seen) else None)
    return render_template(
        "cases/diagram.html", case=seen, title=title_for(seen), diagram=drawn, state=_state(seen), runs=seen.state in OPEN_STATES,
        only=only, can_mend=may(actor(), Action.MEND_PROCESS, seen),
    )  # fmt: skip


@bp.post("/cases/<ref>/identity")
@performs(Action.REVEAL_IDENTITY)
def identity(ref: str) -> ResponseReturnValue:
    """Show the sender of a report once, in this response only: caches and the browser's history do not keep it."""
    seen, form = found(case_seen_by(actor(), ref)), RevealForm()
    report = found(next((link.report for link in seen.reports if link.report.ref == form.report.data), None))
    if not form.validate_on_submit():
        return _page(seen, reveal=form), 422
    try:
        with unit_of_work():
            contact = reveal_identity(lock_case(seen.id), report, by=actor(), reason=form.reason.data or "", now=now())
    except RevealRefused as refusal:
        return _page(seen, reveal=form, reveal_refusal=form.refuse(refusal)), 422
    response = make_response(
        render_template("cases/identity.html", case=seen, report=report, contact=contact, reason=form.reason.data, title=title_for(seen))
    )
    response.headers["Cache-Control"] = "no-store"
    return response


def _page(seen: Case, **forms: Any) -> str:
    with reading_once():
        return render_template("cases/case.html", **_shown(seen, forms))


def _shown(seen: Case, forms: dict[str, Any]) -> dict[str, Any]:
    """The template values. Order matters: what was read first is not queried again by later entries."""
    by = actor()
    audience = audience_of(by, seen)
    tasks = waiting_in_case(seen.id, with_frozen=True) if audience is not None else []
    matter = matter_of(seen, by, for_paper=bool(forms.get("printed")))
    clocks, dealings, reports, answers, publications = matter.clocks, matter.dealings, matter.reports, matter.answers, matter.publications
    notes, kind = notes_shown(seen), _history_kind()
    return {
        "case": seen,
        "title": title_for(seen),
        "state": _state(seen),
        "due": due_of(seen, runs=seen.state in OPEN_STATES),
        "reports": reports,
        "assignments": _assignments(seen, answers, matter.hand_backs),
        "publications": publications,
        "reads_all": matter.reads_all,
        **_time_shown(seen, clocks),
        "steps": staff_steps(seen, by=by, kind=kind, reasons=matter.reasons(seen, notes["notes"])),
        "history_kind": kind,
        **_waits_shown(seen, tasks, dealings),
        "sees_content": (sees_content := reads_words(seen, by)),
        "also": me_too_counts([seen.id]).get(seen.id, 0) if sees_content else 0,
        "sees_process": audience is not None,
        "files": files_of(reports, answers, seen, dealings),
        "publication_changes": {row.id: publication_differences(row.versions) for row in publications},
        "prints_file": sees_content and may(by, Action.PRINT_CASE_FILE, seen),
        "can_finish_directive": may(by, Action.FINISH_DIRECTIVE, seen),
        "agency_names": {row.id: row.agency.short_name for row in seen.assignments},
        "dealings": dealings,
        "apart": apart_seen(seen),
        "end_words": matter.ends,
        "acts": acts_offered(seen, publications, version=version_of(tasks)),
        "blockable": blockable(seen),
        "documents": documents_shown(seen, matter),
        **_blank(),
        **LABELS,
        **notes,
        **forms,
    }


def _time_shown(seen: Case, clocks: list[Clock]) -> dict[str, Any]:
    """The limits of the case, and the names of the steps some of them belong to."""
    return {
        "clocks": clocks,
        "timed_steps": names_in_case(seen.id, {clock.element for clock in clocks if clock.element is not None}),
    }


def _waits_shown(seen: Case, tasks: list[WaitingTask], dealings: Dealings) -> dict[str, Any]:
    """Who is waited for, which of these steps are the reader's own, and what is on hold with the case."""
    labels, held = {task.id: label_of_step(task) for task in tasks}, holders(tasks, now=now())
    return {
        "waits": waiting_on(seen, tasks, labels, dealings, held),
        "released_here": {task.ref for task in tasks if task.id in held and may_release(task, held[task.id], by=actor(), now=now())},
        "own_tasks": {task.ref for task in tasks if is_at(actor(), task.desk, seen) and not task.desk.startswith(f"{REPORTER}@")},
        "resting": list(dict.fromkeys(labels[task.id] for task in tasks if task.state == "frozen")),
    }


def _blank() -> dict[str, Any]:
    """The defaults of the page: for a screen, with an empty form to reveal the sender."""
    return {"printed": False, "printed_at": now(), "reveal": RevealForm(), "reveal_refusal": ""}


def _history_kind() -> HistoryKind | None:
    asked = request.args.get("history", "")
    return HistoryKind(asked) if asked in set(HistoryKind) else None


def _assignments(
    seen: Case, answers: dict[int, list[SeenAnswer]], hand_backs: list[HandBack]
) -> list[tuple[Assignment, tuple[str, Any], str | None, list[SeenAnswer], list[HandBack], dict[int, list[TextDifference]]]]:
    """Each agency with its state and what the reader may see: instructions, answers, requests to be released, changes between versions."""
    return [
        (
            row,
            ASSIGNMENT_LABELS[AssignmentState(row.state)],
            instructions_seen(row, actor()),
            answers[row.id],
            [each for each in hand_backs if each.assignment_id == row.id],
            answer_differences(answers[row.id]),
        )
        for row in sorted(seen.assignments, key=lambda row: (-row.round, not row.is_lead, row.id))
    ]


def _state(seen: Case) -> tuple[str, Any]:
    return STAFF_LABELS[CaseState(seen.state)]

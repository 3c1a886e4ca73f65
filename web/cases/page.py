"""The page of a case: texts, agencies, answers, limits, notes, history and diagram, each as far as its reader may see it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from flask import Blueprint, flash, g, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, StringField

from casework.casefile.history import audience_of, staff_steps, steps_counted
from casework.casefile.landmarks import Landmarks, landmarks_of
from casework.casefile.matter import Matter, matter_of
from casework.casefile.views import SeenAnswer, instructions_seen, reads_words
from casework.cases import lock_case
from casework.clocks.acts import ClockKind
from casework.db import reading_once, unit_of_work
from casework.doors.links.reading import links_counted, links_seen
from casework.models import Assignment, Case, HandBack, Note
from casework.notes.directives import finish_directive
from casework.notes.exchange import Exchange, exchanges_of
from casework.notes.mentions import unseen_here, unseen_in
from casework.notes.notes import note_audiences, notes_seen_by
from casework.parsing import number_in
from casework.permissions import Action, may
from casework.permissions.sight import case_seen_by
from casework.privacy.identity import RevealRefused, reveal_identity
from casework.public.me_too import me_too_counts
from casework.states import ASSIGNMENT_LABELS, OPEN_STATES, STAFF_LABELS, AssignmentState, CaseState
from casework.taking_back.in_case import held_counted, held_seen
from casework.together.bell import OF_REF, read_in_case, unread_about
from web.accounts.blocked_senders import blockable
from web.cases.acts_placed import PlacedActs, acts_placed
from web.cases.agency_rows import AgencyRow, RowsRead, agency_rows
from web.cases.family import family_of
from web.cases.page_parts import AUDIENCE_WORDS, FILE_WORDS, apart_seen, due_of, files_of, moment_words, version_of
from web.cases.place import place_seen
from web.cases.strip import strip_of
from web.cases.tabs import (
    ALL,
    ANSWERS,
    DOCUMENTS,
    EXCHANGE,
    HISTORY,
    HISTORY_KINDS,
    LIMITS,
    exchanged,
    history_kind,
    tab_asked,
    tabs_of,
)
from web.cases.text_versions import TextDifference, answer_differences, publication_differences
from web.clock import now
from web.documents.beside import Documents, documents_shown
from web.exchange import exchanges_shown
from web.forms import Form
from web.guards import actor, found, performs
from web.http.after_response import afterwards
from web.inbox.source_labels import SOURCE_LABELS
from web.links.outcome_words import OUTCOME_WORDS
from web.navigation import counted_here, counted_in_bar
from web.notes import notes_shown, title_for
from web.reorganising.former_names import former_agency_name, former_place_name
from web.sent_forms import answers_again
from web.task_page import at_most
from workflows.desk_access import REPORTER, is_at
from workflows.desks.case_opening import case_opened
from workflows.desks.inbox import waiting_in_case
from workflows.desks.waiting_on import WaitsFor, waiting_on
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
PART_LABELS = {
    "findings": _l("What was found"),
    "actions": _l("What was done"),
    "remaining": _l("What remains, and by when"),
    "contact": _l("Whom to ask"),
    "reason": _l("Reason"),
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
    "outcome_labels": OUTCOME_WORDS,
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
    with reading_once():
        return _screen(opened(ref))


@bp.get("/cases/<ref>/print")
@performs(Action.READ_CASE)
def printed(ref: str) -> ResponseReturnValue:
    """The case for paper: everything expanded, no acts, no sender, the whole history. Quarantined cases have no page for print."""
    with reading_once():
        return render_template("cases/printed.html", **_on_paper(opened(ref)))


@bp.post("/cases/<ref>/directives")
@performs(Action.FINISH_DIRECTIVE)
@answers_again(lambda ref: url_for(".case", ref=ref, tab=EXCHANGE, _anchor="directives-heading"))
def directive(ref: str) -> ResponseReturnValue:
    seen, number = found(case_seen_by(actor(), ref)), number_in(request.form.get("number", "")) or 0
    with unit_of_work():
        finish_directive(lock_case(seen.id), number, by=actor(), now=now())
    flash(_("The directive is down as carried out."))
    return redirect(url_for(".case", ref=ref, tab=EXCHANGE, _anchor="directives-heading"))


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


def opened(ref: str) -> Case:
    """The case, with the number in the bar above, and what its parts tell of themselves, counted along."""
    by = actor()
    own = {"links": links_counted(ref), "bell_here": unread_about(by, OF_REF, {"bell_case": ref}, now=now()), "named": unseen_here(by, ref)}
    counted = {**counted_in_bar(now()), **own, "steps": steps_counted(ref), "held": held_counted(ref)}
    seen, counts = case_opened(by, ref, counted)
    counted_here(counts)
    g.case_counts = counts
    if seen is not None and counts["bell_here"]:
        afterwards(lambda: read_in_case(ref, by=by, now=now()))
    return found(seen)


def _page(seen: Case, **forms: Any) -> str:
    with reading_once():
        return _screen(seen, **forms)


def _screen(seen: Case, **forms: Any) -> str:
    """The page for a screen: the head of the case, its agencies, and the part that the address asks for."""
    read = _read(seen, for_paper=False)
    asked = tab_asked()
    placed = acts_placed(seen, read.matter.publications, version=version_of(read.tasks))
    documents = documents_shown(seen, read.matter)
    rows = agency_rows(seen, actor(), RowsRead(
        read.marks, read.waits, read.own, read.matter.clocks, read.matter.dealings, read.matter.answers, placed, documents,
        {each.assignment.id: len(each.new) for each in read.exchanges},
    )) if read.matter.reads_way else []  # fmt: skip
    counted, there = _numbers(seen, read, placed, documents)
    parts = tabs_of(seen, asked, counted, there, named=_named(read), new=sum(len(each.new) for each in read.exchanges))
    current = ALL if asked == ALL else next((tab.key for tab in parts if tab.is_current), "")
    return render_template(
        "cases/case.html",
        **_shared(seen, read),
        **_part(seen, read, current),
        printed=False,
        strip=strip_of(seen, read.marks, read.waits) if read.matter.reads_way else None,
        held=held_seen(actor(), seen) if "case_counts" in g and g.case_counts["held"] else [],
        links=links_seen(seen, actor(), now()) if "case_counts" in g and g.case_counts["links"] else [],
        place=place_seen(seen, actor()),
        rows=rows,
        primary=primary_step(read, rows),
        acts=placed,
        case_parts=parts,
        shown=current,
        blockable=blockable(seen),
        documents=documents,
        apart=apart_seen(seen),
        family=family_of(seen),
        can_finish_directive=may(actor(), Action.FINISH_DIRECTIVE, seen),
        prints_file=read.reads_words and may(actor(), Action.PRINT_CASE_FILE, seen),
        can_mend=may(actor(), Action.MEND_PROCESS, seen),
        **({"reveal": RevealForm(), "reveal_refusal": ""} | forms),
    )  # fmt: skip


def _on_paper(seen: Case) -> dict[str, Any]:
    read = _read(seen, for_paper=True)
    return {
        **_shared(seen, read), **_part(seen, read, ALL), "printed": True, "printed_at": now(), "shown": ALL, "acts": PlacedActs(),
        "documents": Documents(), "can_note": False, "can_finish_directive": False, "apart": None,
    }  # fmt: skip


@dataclass(frozen=True, slots=True)
class CaseRead:
    """What every form of the page is made of. `own` are the references of steps the reader may do."""

    matter: Matter
    tasks: list[WaitingTask]
    waits: list[WaitsFor]
    own: frozenset[str]
    released: frozenset[str]
    resting: list[Any]
    marks: Landmarks
    notes: list[Note]
    exchanges: list[Exchange]
    reads_words: bool


def _read(seen: Case, *, for_paper: bool) -> CaseRead:
    """Order matters: what was read first is not queried again by later entries."""
    by = actor()
    tasks = waiting_in_case(seen.id, with_frozen=True) if audience_of(by, seen) is not None else []
    matter = matter_of(seen, by, for_paper=for_paper)
    labels, held = {task.id: label_of_step(task) for task in tasks}, holders(tasks, now=now())
    former_place_name(seen)                                # read now, since the template asks for it
    for row in seen.assignments:
        former_agency_name(row)
    notes = notes_seen_by(by, seen)
    return CaseRead(
        matter=matter,
        tasks=tasks,
        waits=waiting_on(seen, tasks, labels, matter.dealings, held),
        own=frozenset(task.ref for task in tasks if is_at(by, task.desk, seen) and not task.desk.startswith(f"{REPORTER}@")),
        released=frozenset(task.ref for task in tasks if task.id in held and may_release(task, held[task.id], by=by, now=now())),
        resting=list(dict.fromkeys(labels[task.id] for task in tasks if task.state == "frozen")),
        marks=landmarks_of(seen) if matter.reads_way else Landmarks(),
        notes=notes,
        exchanges=exchanges_of(by, seen, notes),
        reads_words=reads_words(seen, by),
    )


def _shared(seen: Case, read: CaseRead) -> dict[str, Any]:
    """What the screen and the paper both show."""
    matter = read.matter
    return {
        "case": seen,
        "title": title_for(seen),
        "state": state_words(seen),
        "due": due_of(seen, runs=seen.state in OPEN_STATES),
        "reports": matter.reports,
        "dealings": matter.dealings,
        "sees_content": read.reads_words,
        "sees_process": matter.reads_way,
        "waits": read.waits,
        "released_here": read.released,
        "own_tasks": read.own,
        "resting": read.resting,
        "also": me_too_counts([seen.id]).get(seen.id, 0) if read.reads_words else 0,
        **LABELS,
    }


def _part(seen: Case, read: CaseRead, tab: str) -> dict[str, Any]:
    """What the part of the case needs that is shown."""
    matter, found_ = read.matter, dict[str, Any]()
    if tab in (ANSWERS, ALL):
        found_ |= {
            "assignments": _assignments(seen, matter.answers, matter.hand_backs),
            "publications": matter.publications,
            "publication_changes": {row.id: publication_differences(row.versions) for row in matter.publications},
            "end_words": matter.ends,
            "reads_all": matter.reads_all,
        }
    if tab in (EXCHANGE, ALL):
        found_ |= notes_shown(seen, read.notes) | exchanges_shown(read.exchanges, read.notes)
    if tab in (LIMITS, ALL):
        found_ |= {
            "clocks": matter.clocks,
            "timed_steps": names_in_case(seen.id, {clock.element for clock in matter.clocks if clock.element is not None}),
            "agency_names": {row.id: row.agency.short_name for row in seen.assignments},
        }
    if tab in (DOCUMENTS, ALL):
        found_ |= {"files": files_of(matter.reports, matter.answers, seen, matter.dealings)}
    if tab in (HISTORY, ALL):
        kind = history_kind()
        found_ |= {"history_kind": kind,
                   "steps": staff_steps(seen, by=actor(), kind=kind, reasons=matter.reasons(seen, read.notes))}  # fmt: skip
    return found_


def _numbers(seen: Case, read: CaseRead, acts: PlacedActs, documents: Documents) -> tuple[dict[str, int | None], set[str]]:
    """How many things stand in each part, and in which of them the reader has something to read or to do."""
    matter, dealings = read.matter, read.matter.dealings
    answered = sum(bool(versions) for versions in matter.answers.values())
    talked = exchanged(dealings) + len(read.notes)
    pictures = any(seen_.photos or seen_.recordings for seen_ in matter.reports)
    there = {
        ANSWERS: bool(answered or matter.publications or dealings.records or seen.assignments or ANSWERS in acts.by_tab)
        and matter.reads_way,
        EXCHANGE: bool(talked or note_audiences(actor(), seen) or EXCHANGE in acts.by_tab),
        LIMITS: bool(matter.clocks or dealings.extensions),
        DOCUMENTS: bool(documents or pictures or answered or DOCUMENTS in acts.by_tab),
        HISTORY: matter.reads_way,
    }
    steps = g.case_counts["steps"] if "case_counts" in g else None
    numbers = {ANSWERS: answered, EXCHANGE: talked, DOCUMENTS: len(documents.written), HISTORY: steps}
    return numbers, {key for key, is_there in there.items() if is_there}


def _named(read: CaseRead) -> int:
    """How many notes name the reader, who has not seen them; asked only where the case was counted to have some."""
    is_named = "case_counts" in g and g.case_counts["named"] > 0
    return unseen_in(read.notes, by=actor()) if is_named else 0


def primary_step(read: CaseRead, rows: Sequence[AgencyRow]) -> str:
    """The step of the reader that the one filled button of the page is for: a decision over an agency, then the case's own, then theirs."""
    asked = next((row.ask.step.ref for row in rows if row.ask is not None and row.ask.step is not None), "")
    own = next((each.task.ref for each in read.waits if each.task is not None and each.task.ref in read.own), "")
    return asked or own


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


def state_words(seen: Case) -> tuple[str, Any]:
    return STAFF_LABELS[CaseState(seen.state)]

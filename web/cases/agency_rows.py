"""One row for each agency of a case: who, in which role, where its work is, by when, what can be done about it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext

from casework.assignments.extensions import case_due_after, is_over
from casework.bilingual import Bilingual
from casework.casefile.exchanges import Dealings, SeenExtension
from casework.casefile.landmarks import AgencyMarks, Landmarks
from casework.casefile.views import SeenAnswer, instructions_seen
from casework.clocks.acts import ClockKind
from casework.models import Assignment, Case, Clock
from casework.permissions import Actor
from casework.states import ASSIGNMENT_LABELS, AssignmentEnd, AssignmentState
from web.cases.acts_placed import Link, PlacedActs
from web.cases.strip import short_moment
from web.clock import now
from web.documents.beside import Documents, OfferedLetter
from web.due_words import DueWords, due_words, limit_words
from workflows.desks.waiting_on import WaitsFor

LEAVE = frozenset({AssignmentEnd.HANDED_BACK, AssignmentEnd.REMOVED, AssignmentEnd.MERGED, AssignmentEnd.REORGANISED})
DECISIONS = ("decide_extension", "endorse_extension")


@dataclass(frozen=True, slots=True)
class OwnStep:
    """A step about an agency that the reader can do now."""

    ref: str
    element: str
    words: Bilingual
    address: str


@dataclass(frozen=True, slots=True)
class Ask:
    """An agency's open request for more time. `step` is the decision, where it is the reader's; `can_grant`: its day is not over."""

    until_on: date
    reason: str
    said: tuple[str, ...]
    step: OwnStep | None
    can_grant: bool


@dataclass(frozen=True, slots=True)
class AgencyRow:
    """What the row shows. `due_note` says what the limit is for where it is not the answer, `said` are facts in small print.

    `claims` say who has which step; `act` is the first thing to do, `more` the others. `new_words`: of the exchange with it, for the
    reader's desk.
    """

    assignment: Assignment
    state: tuple[str, Bilingual]
    due: DueWords | None
    due_note: str
    said: tuple[str, ...]
    claims: tuple[WaitsFor, ...]
    instructions: str | None
    ask: Ask | None
    step: OwnStep | None
    act: Link | None
    more: tuple[Link, ...]
    letters: tuple[OfferedLetter, ...]
    has_answer: bool
    has_left: bool
    can_lead: bool
    new_words: int

    @property
    def is_late(self) -> bool:
        """Whether the agency is late with what it owes."""
        return self.assignment.is_open and self.due is not None and self.due.state == "late"

    @property
    def has_more(self) -> bool:
        """Whether there is anything behind the menu."""
        return bool(self.more or self.letters or self.can_lead)


@dataclass(frozen=True, slots=True)
class RowsRead:
    """What the rows are made of, read before."""

    marks: Landmarks
    waits: Sequence[WaitsFor]
    own: frozenset[str]
    clocks: Sequence[Clock]
    dealings: Dealings
    answers: Mapping[int, Sequence[SeenAnswer]]
    acts: PlacedActs
    documents: Documents
    new_words: Mapping[int, int]
    """Of the exchange with each agency, by its newest assignment."""


def agency_rows(case: Case, by: Actor, read: RowsRead) -> list[AgencyRow]:
    """The rows: the last round first, whoever leads first, those that left the case last."""
    lead = any(link[0].verb == "change_lead" for link in read.acts.whole)
    rows = [_row(case, row, by, read, can_change_lead=lead) for row in case.assignments]
    return sorted(rows, key=lambda row: (-row.assignment.round, row.has_left, not row.assignment.is_lead, row.assignment.id))


def _row(case: Case, row: Assignment, by: Actor, read: RowsRead, *, can_change_lead: bool) -> AgencyRow:
    waits = tuple(each for each in read.waits if each.task is not None and each.task.assignment_id == row.id)
    steps = [step for each in waits if (step := _own(each, read.own)) is not None]
    ask = _ask(case, row, read, steps)
    step = next((each for each in steps if ask is None or ask.step is not each), None)
    links = read.acts.of_row(row.id)
    first = next((link for link in links if link[0].verb == "remind"), None) if step is None and ask is None else None
    has_answer, is_asked = bool(read.answers.get(row.id)), row.is_open and row.state == AssignmentState.ASKED
    return AgencyRow(
        assignment=row,
        state=ASSIGNMENT_LABELS[AssignmentState(row.state)],
        due=_accepts_by(waits) if is_asked else _due(row, read.clocks),
        due_note=_("to accept it") if is_asked else "",
        said=_said(row, read.marks.of(row.agency.key)),
        claims=tuple(each for each in waits if each.holder is not None),
        instructions=instructions_seen(row, by) if by.works_for(row, case) else None,
        ask=ask,
        step=step,
        act=first,
        more=tuple(link for link in links if link is not first),
        letters=read.documents.about(row.ref),
        has_answer=has_answer,
        has_left=row.end_reason in LEAVE or (row.round < case.reopened and not row.is_open),
        can_lead=can_change_lead and row.is_open and not row.is_lead,
        new_words=read.new_words.get(row.id, 0),
    )


def _own(each: WaitsFor, own: frozenset[str]) -> OwnStep | None:
    if each.task is None or each.task.ref not in own or each.what is None:
        return None
    return OwnStep(each.task.ref, each.task.element, each.what, url_for("tasks.task", ref=each.task.ref, alone=1))


def _accepts_by(waits: Sequence[WaitsFor]) -> DueWords | None:
    """The limit for accepting, of the step that waits for it."""
    return due_words(next((each.due for each in waits if each.due is not None), None), now=now())


def _due(row: Assignment, clocks: Sequence[Clock]) -> DueWords | None:
    """The limit of a running work; of one that is done whether it was kept, where the reader reads limits."""
    if row.is_open and row.approved_at is None:
        running = next((each for each in clocks if each.assignment_id == row.id and each.kind == ClockKind.ASSIGNMENT), None)
        return due_words(running if running is not None and running.ended_at is None else row.due_at, now=now())
    ended = next((each for each in reversed(clocks) if each.assignment_id == row.id and each.kind == ClockKind.ASSIGNMENT), None)
    return due_words(ended, now=now()) if ended is not None and row.approved_at is not None else None


def _said(row: Assignment, marks: AgencyMarks) -> tuple[str, ...]:
    found = [_("leads") if row.is_lead else _("cooperates")]
    if row.state == AssignmentState.SUBMITTED and marks.submitted is not None:
        found += filter(None, (marks.submitted.by, _("submitted %(time)s", time=short_moment(marks.submitted.at))))
    elif row.accepted_at is not None and marks.accepted is not None and marks.accepted.by:
        found.append(marks.accepted.by)
    if row.is_open and marks.reminded is not None and marks.reminded.at >= row.distributed_at:
        found.append(ngettext("reminded once, %(day)s", "reminded %(num)s times, last %(day)s", marks.times_reminded,
                              day=short_moment(marks.reminded.at)))  # fmt: skip
    if row.ended_at is not None and row.approved_at is None:
        found.append(_("until %(day)s", day=short_moment(row.ended_at)))
    return tuple(found)


def _ask(case: Case, row: Assignment, read: RowsRead, steps: Sequence[OwnStep]) -> Ask | None:
    """The open request of an agency, as its readers may see it."""
    if not row.extension_asked:
        return None
    asked_for = [each for each in read.dealings.extensions if each.extension.assignment_id == row.id]
    seen: SeenExtension | None = next((each for each in reversed(asked_for) if each.extension.granted is None), None)
    if seen is None or not seen.reads_reason:
        return None
    asked, names = seen.extension, read.dealings
    said = [f"{names.name(asked.requested_by_id)}, {short_moment(asked.requested_at)}".removeprefix(", ")]
    if asked.endorsed_at is not None:
        said.append(_("its leader agreed %(time)s", time=short_moment(asked.endorsed_at)))
    else:
        said.append(_("waits for its leader"))
    over = is_over(asked, case, now())
    if row.is_lead and not over:
        said.append(_("the case would be due %(day)s", day=limit_words(_case_due(case, asked.until_on))))
    elif not row.is_lead:
        said.append(_("the limit of the case stays"))
    if over:
        said.append(_("that day is over: it can no longer be given"))
    step = next((each for each in steps if each.element in DECISIONS), None)
    return Ask(asked.until_on, asked.reason, tuple(said), step, not over)


def _case_due(case: Case, until_on: date) -> datetime:
    wished = case_due_after(case, until_on)
    return max(case.due_at, wished) if case.due_at is not None else wished

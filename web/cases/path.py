"""The way of a case as a path anybody reads: what was done, the agencies side by side, what is to come."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _

from casework.casefile.landmarks import AgencyMarks, Landmarks, Mark
from casework.models import Assignment, Case
from casework.permissions import Role
from casework.settings.role_labels import REPORTER_WORDS, ROLE_WORDS
from casework.states import OPEN_STATES, AssignmentState
from web.cases.strip import PUBLISHING, RATING, short_moment, stage_at, taking_part
from web.clock import now
from web.due_words import due_words
from web.locales import in_reader_language as local

BEFORE_SUBMITTING = frozenset({AssignmentState.HANDLING, AssignmentState.REDO})


@dataclass(frozen=True, slots=True)
class Stop:
    """One stop: done, now, late, asks or later, with when or until when."""

    name: str
    place: str
    note: str = ""


@dataclass(frozen=True, slots=True)
class Lane:
    """One agency on the path: its name, its role and whoever works on it, its stops."""

    name: str
    said: str
    stops: tuple[Stop, ...]


@dataclass(frozen=True, slots=True)
class Path:
    """The stops before the agencies, the agencies, and the stops after them."""

    before: tuple[Stop, ...]
    lanes: tuple[Lane, ...]
    after: tuple[Stop, ...]


def path_of(case: Case, marks: Landmarks) -> Path:
    """The path of a case for somebody who may read its way."""
    at, runs = stage_at(case), case.state in OPEN_STATES
    agencies = taking_part(case)
    first = [
        (_("Report sent"), Mark(case.opened_at)),
        (_("Acceptance"), marks.verified),
        (_("Classification"), marks.classified),
        (_("Distribution"), marks.distributed if case.assignments else None),
    ]
    return Path(
        _one_after_another(first, runs=runs and not agencies),
        tuple(_lane(row, marks.of(row.agency.key)) for row in agencies),
        (
            _later(_("Publication"), case.answered_at, at == PUBLISHING and runs, local(ROLE_WORDS[Role.OPERATOR])),
            _later(_("Rating"), case.closed_at, at == RATING, local(REPORTER_WORDS)),
        ),
    )


def _one_after_another(stops: Sequence[tuple[str, Mark | None]], *, runs: bool) -> tuple[Stop, ...]:
    """Stops of which the first that is not done is the present one, while the case runs."""
    found, is_open = [], runs
    for name, mark in stops:
        if mark is not None:
            found.append(Stop(name, "done", short_moment(mark.at)))
        else:
            found.append(Stop(name, "now" if is_open else "later"))
            is_open = False
    return tuple(found)


def _later(name: str, at: datetime | None, is_now: bool, who: str) -> Stop:
    return Stop(name, "done", short_moment(at)) if at is not None else Stop(name, "now" if is_now else "later", who)


def _lane(row: Assignment, marks: AgencyMarks) -> Lane:
    name, state = local(row.agency.short_name), AssignmentState(row.state)
    due = due_words(row.due_at, now=now()) if row.is_open else None
    place, note = ("late" if due is not None and due.state == "late" else "now"), (due.short or due.words) if due is not None else ""
    if row.extension_asked and state in BEFORE_SUBMITTING:
        place, note = ("late" if place == "late" else "asks"), _("asks for more time")
    steps = (
        (_("Accepts"), row.accepted_at is not None, state in (AssignmentState.ASKED, AssignmentState.HANDED_BACK), row.accepted_at),
        (_("Works, submits"), state in (AssignmentState.SUBMITTED, AssignmentState.APPROVED), state in BEFORE_SUBMITTING, row.submitted_at),
        (_("Leader approves"), row.approved_at is not None, state == AssignmentState.SUBMITTED, row.approved_at),
    )
    stops = (
        Stop(words, place, note) if is_now and row.is_open else Stop(words, "done" if is_done else "later",
                                                                    short_moment(at) if is_done and at else "")
        for words, is_done, is_now, at in steps
    )  # fmt: skip
    who = marks.accepted.by if marks.accepted is not None else ""
    return Lane(name, " · ".join(filter(None, (_("leads") if row.is_lead else _("cooperates"), who))), tuple(stops))

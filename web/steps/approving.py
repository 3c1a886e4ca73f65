"""The step in which a leader decides on an answer, shown with the instructions, earlier photos and the previous version."""

from typing import Any, NamedTuple

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import StringField

from casework.answers.acts import RedoAnswerInput
from casework.answers.openings import opened_by, record_opening
from casework.assignments.extensions import open_extension
from casework.casefile.views import SeenAnswer, answers_seen
from casework.db import db
from casework.models import Answer
from casework.notes.exchange import is_of_exchange
from casework.notes.notes import notes_seen_by
from casework.steps.ready_texts import Purpose
from web.clock import now
from web.exchange import exchange_beside
from web.forms import Form
from web.guards import actor
from web.http.after_response import afterwards
from web.steps.answering import PARTS, before_photos
from web.steps.ready_texts import has_put_text, refuse_blanks, texts_for
from web.task_page import Act, TaskPage, at_most
from web.text_diff import Change, changes
from workflows.desk_access import is_at
from workflows.models import WaitingTask
from workflows.running.doing import StepResult

MOST_NOTES = 10
"""The newest notes of the agency shown here; the case page has all."""


READY = {"instructions": Purpose.REDO}


class ApprovalForm(Form):
    """The decision; instructions only for a redo."""

    instructions = StringField(_l("What to do again, and where"), validators=[at_most(2000)])


class ChangesSince(NamedTuple):
    """What was done since an answer was sent back: the changed parts, and the number of new photos."""

    parts: tuple[str, ...]
    photos: int


class ApprovalPage(TaskPage, element="approve_answer"):
    """Shows the newest version next to the previous one, and its photos next to those of the report."""

    template = "steps/approve_answer.html"
    form: ApprovalForm

    def build(self) -> None:
        self.form = ApprovalForm()

    def act(self) -> Act | None:
        if has_put_text(self.form, self.case, READY):
            self.is_unfinished = True
            return None
        if not self.form.validate_on_submit():
            return None
        if self.chosen == "redo_answer":
            if refuse_blanks(self.form, "instructions"):
                return None
            return Act("redo_answer", RedoAnswerInput(instructions=self.form.instructions.data or ""))
        return Act("approve_answer")

    def context(self) -> dict[str, Any]:
        versions = answers_seen([self.assignment], actor())[self.assignment.id]
        newest, earlier = (versions[0] if versions else None), (versions[1] if len(versions) > 1 else None)
        plain, notes = request.args.get("show") == "plain" or earlier is None, notes_seen_by(actor(), self.case)
        if newest is not None:
            self._remember_opening(newest.answer)
        return {
            "ready": texts_for(self.case, READY),
            "assignment": self.assignment,
            "instructions": self.assignment.instructions,
            "newest": newest,
            "earlier": earlier,
            "plain": plain,
            "parts": parts_of(newest, None if plain else earlier),
            "pairs": pairs_of(before_photos(self), newest.photos if newest else ()),
            "asked": earlier.answer.decision if earlier else None,
            "since": since(newest, earlier) if newest and earlier else None,
            "notes": [note for note in notes if note.assignment_id == self.assignment.id and not is_of_exchange(note)][:MOST_NOTES],
            "exchange": exchange_beside(self.assignment, notes),
            "extension": open_extension(self.assignment) if self.assignment.extension_asked else None,
            "extension_step": self._extension_step() if self.assignment.extension_asked else None,
            "mates": [row for row in self.case.assignments if row.id != self.assignment.id],
        }

    def _remember_opening(self, answer: Answer) -> None:
        """Record, once the page is sent, that somebody entitled to decide has read this version."""
        by, moment, answer_id = actor(), now(), answer.id
        if self.task.state == "waiting" and self.barred is None and not opened_by(by, [answer]):
            afterwards(lambda: record_opening(answer_id, by=by, now=moment))

    def _extension_step(self) -> WaitingTask | None:
        """The step in which this leader decides on the same agency's request for more time."""
        query = select(WaitingTask).where(WaitingTask.case_id == self.case.id, WaitingTask.state == "waiting")
        query = query.where(WaitingTask.assignment_id == self.assignment.id, WaitingTask.element == "endorse_extension")
        step = db.session.scalars(query).first()
        return step if step is not None and is_at(actor(), step.desk, self.case) else None

    def said(self, act: Act, result: StepResult) -> str:
        if act.verb == "redo_answer":
            return str(_("The agency is asked to do it again."))
        if result.case.open_assignments:
            return str(_("The answer is approved. Another agency has not finished yet."))
        return str(_("The answer is approved. The centre will publish it."))


def since(newest: SeenAnswer, earlier: SeenAnswer) -> ChangesSince:
    """What the newest version has and the one sent back had not."""
    changed = tuple(name for name in PARTS if getattr(newest.answer, name) != getattr(earlier.answer, name))
    return ChangesSince(changed, len(newest.photos))


def pairs_of(before: tuple[Any, ...], after: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """Photos side by side: as many rows as the longer side has, None where there is no photo."""
    rows = max(len(before), len(after), 1)
    padded = [[*side, *([None] * (rows - len(side)))] for side in (before, after)]
    return list(zip(*padded, strict=True))


def parts_of(newest: SeenAnswer | None, earlier: SeenAnswer | None) -> list[tuple[str, list[Change]]]:
    """The four parts with their changes from the earlier version; unchanged where there is none."""
    if newest is None:
        return []
    return [(name, _changed(newest.answer, earlier.answer if earlier else None, name)) for name in PARTS]


def _changed(newest: Answer, earlier: Answer | None, part: str) -> list[Change]:
    text = getattr(newest, part)
    return changes(getattr(earlier, part), text) if earlier else [Change("same", text)]

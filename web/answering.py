"""An agency's answer: written with its photos, and judged by the leader beside what was there before."""

from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, MultipleFileField, StringField, TextAreaField

from casework.answering import LONGEST_PART, newest_answer
from casework.models import Answer
from casework.photo_records import photos_of_report, staged_photos
from casework.staff_views import SeenAnswer, answers_seen, photos_seen
from web.filing_form import sound_token
from web.forms import Form
from web.guards import actor
from web.locales import in_reader_language as local
from web.photos import remember_form
from web.task_page import Act, TaskPage, at_most
from web.text_changes import Change, changes
from web.uploads import drop_upload, stage_uploads
from workflows.steps import StepResult

PARTS = ("findings", "actions", "remaining", "contact")
SHORTEST_PART = 15
"""Fewer characters than this say nothing about what was found or done; the check beside the form only hints."""


class AnswerForm(Form):
    """The answer as a letter in four parts (domain.md, 5.5)."""

    findings = TextAreaField(_l("1. What was found"), validators=[at_most(LONGEST_PART)])
    actions = TextAreaField(_l("2. What was done"), validators=[at_most(LONGEST_PART)])
    remaining = TextAreaField(_l("3. What remains, and by when"), validators=[at_most(LONGEST_PART)])
    contact = StringField(_l("Whom to ask"), validators=[at_most(200)])
    photos = MultipleFileField(_l("Photos after the work"))
    no_photo_reason = StringField(_l("Why there is no photo"), validators=[at_most(300)])
    photos_token = HiddenField()


class AnswerPage(TaskPage):
    """Write the answer. Photos are kept as soon as they are sent, so that a refused form loses none."""

    template = "tasks/submit_answer.html"
    form: AnswerForm

    def build(self) -> None:
        newest = newest_answer(self.assignment)
        self.form = AnswerForm(**{name: getattr(newest, name) for name in PARTS} if newest else {})
        self.form.photos_token.data = sound_token(self.form.photos_token.data)

    def act(self) -> Act | None:
        form, token = self.form, self.form.photos_token.data
        is_valid = form.validate_on_submit()
        refused = stage_uploads(form.photos.data or [], token=token, purpose="after", by=actor())
        self.refusals += [local(refusal) for refusal in refused]
        if ref := request.form.get("remove"):
            drop_upload(token, ref)
        if ref or self.chosen == "photos":
            self.is_unfinished = not self.refusals
            return None
        if not is_valid or self.refusals:
            return None
        parts = {name: form[name].data or "" for name in PARTS}
        return Act("submit_answer", {**parts, "photos_token": token, "no_photo_reason": form.no_photo_reason.data or ""})

    def context(self) -> dict[str, Any]:
        remember_form(self.form.photos_token.data)
        staged = staged_photos(self.form.photos_token.data)
        versions = answers_seen([self.assignment], actor())[self.assignment.id]
        return {
            "assignment": self.assignment,
            "staged": staged,
            "checks": self._checks(has_photos=bool(staged)),
            "before": before_photos(self),
            "versions": versions,
            "redo": versions[0].answer.decision if versions else None,
            "mates": [row for row in self.case.assignments if row.id != self.assignment.id],
            "max_bytes": current_app.config["MAX_PHOTO_BYTES"],
        }

    def said(self, act: Act, result: StepResult) -> str:
        return str(_("The answer to %(code)s is with the leader for approval.", code=result.case.code))

    def _checks(self, *, has_photos: bool) -> list[tuple[str, bool, str]]:
        """What is there and what is still missing: words, whether it is there, the field to go to."""
        form = self.form
        return [
            (_("Photo after the work, or why there is none"), has_photos or bool(form.no_photo_reason.data), form.photos.id),
            (_("What was found"), len(form.findings.data or "") >= SHORTEST_PART, form.findings.id),
            (_("What was done"), len(form.actions.data or "") >= SHORTEST_PART, form.actions.id),
            (_("What remains, and by when"), bool(form.remaining.data), form.remaining.id),
            (_("Whom to ask"), bool(form.contact.data), form.contact.id),
        ]


class ApprovalForm(Form):
    """The leader's verdict; instructions only where it is to be done again."""

    instructions = StringField(_l("What to do again, and where"), validators=[at_most(2000)])


class ApprovalPage(TaskPage):
    """Judge the newest version beside the one before, its photos beside those of the report."""

    template = "tasks/approve_answer.html"
    form: ApprovalForm

    def build(self) -> None:
        self.form = ApprovalForm()

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        if self.chosen == "redo_answer":
            return Act("redo_answer", {"instructions": self.form.instructions.data or ""})
        return Act("approve_answer")

    def context(self) -> dict[str, Any]:
        versions = answers_seen([self.assignment], actor())[self.assignment.id]
        newest, earlier = (versions[0] if versions else None), (versions[1] if len(versions) > 1 else None)
        plain = request.args.get("show") == "plain" or earlier is None
        return {
            "assignment": self.assignment,
            "newest": newest,
            "earlier": earlier,
            "plain": plain,
            "parts": parts_of(newest, None if plain else earlier),
            "pairs": pairs_of(before_photos(self), newest.photos if newest else ()),
            "asked": earlier.answer.decision if earlier else None,
            "mates": [row for row in self.case.assignments if row.id != self.assignment.id],
        }

    def said(self, act: Act, result: StepResult) -> str:
        if act.verb == "redo_answer":
            return str(_("The agency is asked to do it again."))
        if result.case.open_assignments:
            return str(_("The answer is approved. Another agency has not finished yet."))
        return str(_("The answer is approved. The centre will publish it."))


def before_photos(page: TaskPage) -> tuple[Any, ...]:
    """The photos of the reports as agencies may see them."""
    photos = [photo for link in page.case.reports if link.left_at is None for photo in photos_of_report(link.report)]
    return photos_seen(photos, "agencies")


def pairs_of(before: tuple[Any, ...], after: tuple[Any, ...]) -> list[tuple[Any, Any]]:
    """Photos side by side: as many rows as the longer side has, None where there is no photo."""
    rows = max(len(before), len(after), 1)
    padded = [[*side, *([None] * (rows - len(side)))] for side in (before, after)]
    return list(zip(*padded, strict=True))


def parts_of(newest: SeenAnswer | None, earlier: SeenAnswer | None) -> list[tuple[str, list[Change]]]:
    """The four parts with their changes from the earlier version; all the same where there is none."""
    if newest is None:
        return []
    return [(name, _changed(newest.answer, earlier.answer if earlier else None, name)) for name in PARTS]


def _changed(newest: Answer, earlier: Answer | None, part: str) -> list[Change]:
    text = getattr(newest, part)
    return changes(getattr(earlier, part), text) if earlier else [Change("same", text)]


PAGES: dict[str, type[TaskPage]] = {"submit_answer": AnswerPage, "approve_answer": ApprovalPage}

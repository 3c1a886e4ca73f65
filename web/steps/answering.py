"""The step in which an agency writes its answer, with photos."""

from typing import Any

from flask import current_app, request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, MultipleFileField, StringField, TextAreaField

from casework.answers.acts import LONGEST_CONTACT, LONGEST_PART, PARTS, SubmitAnswerInput, left_to_fill, newest_answer
from casework.answers.templates import PLACEHOLDERS, TemplateRow, templates_for
from casework.casefile.place_seen import held_point
from casework.casefile.possible_acts import PossibleAct
from casework.casefile.views import answers_seen, photos_seen
from casework.files.local import FileNotStored
from casework.models import Photo
from casework.photos.records import PreparedPhoto, photos_of_answer, photos_of_report, prepare_again, staged_photos
from web.clock import now
from web.exchange import exchange_beside
from web.files.photos import remember_form
from web.files.uploads import drop_upload, photo_types, photos_taken, stage_uploads
from web.filing_fields import sound_token
from web.forms import Form
from web.guards import actor, file_store
from web.http.security import lets_use_camera
from web.locales import in_reader_language as local
from web.steps import acts_own_work
from web.steps.act_page import ActPage
from web.steps.answer_templates import use_templates
from web.steps.where import on_open_map
from web.task_page import Act, TaskPage, at_most
from workflows.desks.near_work import MOST_COUNTED, around, count_near
from workflows.running.doing import StepResult
from workflows.running.hearing import acts_to_offer

SHORTEST_PART = 15
"""Fewer characters than this cannot tell what was found or done; the check next to the form only hints at it."""

KEEP = "keep-"
"""Prefix of the ticks that carry a photo of the previous version into the new one; the photo's ref follows."""

BUTTONS = frozenset({"remove", "template", "template_keep"})
"""Buttons that do something else than send the answer: take a photo out, insert a template, keep the text as one."""


class AnswerForm(Form):
    """The answer as a letter in four parts (domain.md, 5.5)."""

    findings = TextAreaField(_l("1. What was found"), validators=[at_most(LONGEST_PART)])
    actions = TextAreaField(_l("2. What was done"), validators=[at_most(LONGEST_PART)])
    remaining = TextAreaField(_l("3. What remains, and by when"), validators=[at_most(LONGEST_PART)])
    contact = StringField(_l("Whom to ask"), validators=[at_most(LONGEST_CONTACT)])
    photos = MultipleFileField(_l("Photos after the work"))
    no_photo_reason = StringField(_l("Why there is no photo"), validators=[at_most(300)])
    photos_token = HiddenField()


class AnswerPage(TaskPage, element="submit_answer"):
    """Photos are kept as soon as they are sent, so that a refused form loses none."""

    template = "steps/submit_answer.html"
    form: AnswerForm

    def build(self) -> None:
        newest = newest_answer(self.assignment)
        self.form = AnswerForm(**{name: getattr(newest, name) for name in PARTS} if newest else {})
        self.form.photos_token.data = sound_token(self.form.photos_token.data)
        earlier = photos_of_answer(newest) if newest else []
        self.carried = [(photo, f"{KEEP}{photo.ref}" in request.form if request.method == "POST" else True) for photo in earlier]
        self.template_asked: tuple[TemplateRow, list[str]] | None = None

    def initial_fields(self) -> list[tuple[str, str]]:
        return [(f"{KEEP}{photo.ref}", "yes") for photo, is_kept in self.carried if is_kept]

    def keep_files(self) -> None:
        refused = stage_uploads(self.form.photos.data or [], token=self.form.photos_token.data, purpose="after", by=actor())
        self.refusals += [local(refusal) for refusal in refused]

    @classmethod
    def works_before_lock(cls) -> bool:
        only_sends = request.form.get("act") == "submit_answer" and not BUTTONS.intersection(request.form)
        return not only_sends or super().works_before_lock() or any(name.startswith(KEEP) for name in request.form)

    def act(self) -> Act | None:
        form, token = self.form, self.form.photos_token.data
        is_valid = form.validate_on_submit()
        self.keep_files()
        if ref := request.form.get("remove"):
            drop_upload(token, ref)
        if used := use_templates(form, self.assignment):
            self.template_asked = used.asked
            self.refusals += used.refusals
        if used or ref or self.chosen == "photos":
            self.is_unfinished = not self.refusals
            return None
        parts = {name: form[name].data or "" for name in PARTS}
        for name, text in parts.items():
            if left := left_to_fill(text):
                form[name].errors = [_("“%(left)s” still has to be filled in.", left=left)]
        if not is_valid or self.refusals or form.errors:
            return None
        carried = self._carried_again() if all(part.strip() for part in parts.values()) else []
        if self.refusals:
            return None
        return Act(
            "submit_answer",
            SubmitAnswerInput(
                findings=parts["findings"], actions=parts["actions"], remaining=parts["remaining"], contact=parts["contact"],
                photos_token=token, no_photo_reason=form.no_photo_reason.data or "", carried=carried,
            ),
        )

    def context(self) -> dict[str, Any]:
        remember_form(self.form.photos_token.data)
        lets_use_camera()
        token = self.form.photos_token.data
        staged = staged_photos(token) if token == request.form.get("photos_token") else []  # a new token has none
        versions = answers_seen([self.assignment], actor())[self.assignment.id]
        checks = self._checks(has_photos=bool(staged) or any(is_kept for _photo, is_kept in self.carried))
        return {
            "assignment": self.assignment,
            "exchange": exchange_beside(self.assignment),
            "staged": staged,
            "carried": [(seen, is_kept) for (photo, is_kept) in self.carried for seen in photos_seen([photo], "centre")],
            "checks": checks,
            "near": self._near(),
            "missing": sum(not is_there for _words, is_there, _field, _least in checks),
            "templates": templates_for(self.assignment, now=now()),
            "template_asked": self.template_asked,
            "placeholders": PLACEHOLDERS,
            "part_labels": PARTS,
            "ways": self._ways(),
            "before": before_photos(self),
            "versions": versions,
            "redo": versions[0].answer.decision if versions else None,
            "mates": [row for row in self.case.assignments if row.id != self.assignment.id],
            "max_bytes": current_app.config["MAX_PHOTO_BYTES"],
            "photo_types": photo_types(),
            "photos_taken": photos_taken(),
        }

    def said(self, act: Act, result: StepResult) -> str:
        return str(_("The answer to %(code)s is with the leader for approval.", code=result.case.code))

    def _near(self) -> tuple[int, str, bool] | None:
        """Other open work of the agency near this case: how much, where the map shows it, and whether there is more than was counted."""
        point = held_point(self.case)
        several = self.assignment.agency.ref if len(actor().agency_ids) > 1 else ""
        if point is None or not (url := on_open_map(self.case, agency=several)):
            return None
        box = around(point.latitude, point.longitude)
        number = count_near(box, agency_id=self.assignment.agency_id, case_id=self.case.id)
        return min(number, MOST_COUNTED), url, number > MOST_COUNTED

    def _ways(self) -> list[tuple[PossibleAct, type[ActPage]]]:
        """Other acts of the agency on its work: report progress, ask for more time."""
        pages, part = {page.verb: page for page in acts_own_work.OWN_WORK}, self.assignment
        offered = [each for each in acts_to_offer(self.case, actor(), now()) if each.verb in pages]
        return [(each, pages[each.verb]) for each in offered if each.assignment is not None and each.assignment.id == part.id]

    def _checks(self, *, has_photos: bool) -> list[tuple[str, bool, str, int]]:
        """The checklist: label, whether it is fulfilled, the field to go to, and how many characters are enough."""
        form = self.form
        return [
            (
                _("Photo after the work, or why there is none"),
                has_photos or bool((form.no_photo_reason.data or "").strip()),
                form.photos.id,
                1,
            ),
            (_("What was found"), _has(form.findings, SHORTEST_PART), form.findings.id, SHORTEST_PART),
            (_("What was done"), _has(form.actions, SHORTEST_PART), form.actions.id, SHORTEST_PART),
            (_("What remains, and by when"), _has(form.remaining, 1), form.remaining.id, 1),
            (_("Whom to ask"), _has(form.contact, 1), form.contact.id, 1),
        ]

    def _carried_again(self) -> list[tuple[Photo, PreparedPhoto]]:
        """The kept photos of the previous version, with copies of their files for the new one."""
        kept = [photo for photo, is_kept in self.carried if is_kept]
        try:
            return [(photo, prepare_again(photo, store=file_store())) for photo in kept]
        except (FileNotStored, LookupError, OSError):
            self.refusals.append(_("A photo of the last version cannot be read. Please send it again and take out the old one."))
            return []


def _has(field: StringField, least: int) -> bool:
    text = (field.data or "").strip()
    return len(text) >= least and left_to_fill(text) is None


def before_photos(page: TaskPage) -> tuple[Any, ...]:
    """The reports' photos as agencies may see them."""
    photos = [photo for link in page.case.reports if link.left_at is None for photo in photos_of_report(link.report)]
    return photos_seen(photos, "agencies")

"""Acts about what people read: publish what there is so far, correct it, take it back."""

from dataclasses import replace
from typing import Any

from flask import request, url_for
from flask_babel import lazy_gettext as _l
from wtforms import HiddenField, TextAreaField

from casework.intake.file_report import cleared_words
from casework.models import Answer, PublicationVersion
from casework.photos.images import RectangleRefused
from casework.publishing.acts import PublishInput, approved_answers
from casework.publishing.corrections import CorrectPublicationInput, UnpublishInput
from casework.verbs import Input
from web.files.photo_choices import PhotoChoice, copies_of
from web.forms import Form
from web.guards import file_store
from web.locales import in_reader_language as local
from web.steps.act_page import PUBLICATION, ActPage, PublicationActPage
from web.steps.publication_editing import draft_context, leftovers_refusal, page_draft, photos_changed, words_changed
from web.steps.publication_photos import covers_of, photo_choices
from web.steps.publishing import PublishForm, publish_input
from web.task_page import Act, at_most

LONGEST_REASON = 2_000


class PublicationEditPage(ActPage):
    """An act whose form is the public text, with a preview of the public page next to it."""

    template = "steps/acts/publication.html"
    about = PUBLICATION
    choices: list[PhotoChoice]
    form: PublishForm

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        if self.chosen == "preview":
            self.is_unfinished = True
            return None
        if not self.is_private and (left := leftovers_refusal(self.form)):
            self.refusals.append(left)
            return None
        given = self.given()
        # pictures take seconds: not made for a form that is refused anyway
        is_complete = self.is_current and given.checked and given.title.strip() and given.question.strip()
        try:
            photos = copies_of(self.choices if is_complete else [], audience="public", store=file_store())
        except RectangleRefused as refusal:
            self.refusals.append(local(refusal.text))
            return None
        return Act(self.verb, replace(given, photos=photos))

    def given(self) -> PublishInput:
        return publish_input(self.form, self.case)

    def context(self) -> dict[str, Any]:
        publication = self.subject.publication
        draft = page_draft(self.case, self.form, self.choices, self.answers, is_interim=self.is_interim, publication=publication)
        return {"choices": self.choices, **draft_context(self, draft)}

    def cover_url(self, choice: PhotoChoice, *, as_it_is: bool = False) -> str:
        """The address of a photo covered as the form says, or as it is published now."""
        of: dict[str, Any] = {"of": self.subject.publication.ref} if self.subject.publication is not None else {}
        covers = covers_of(choice, as_it_is=as_it_is)
        return url_for("publishing.case_preview", ref=self.case.ref, photo_ref=choice.ref, **of, **covers)

    @property
    def is_current(self) -> bool:
        """Whether the form was filled in from the version that is public now."""
        return True

    @property
    def is_interim(self) -> bool:
        """Whether it is an interim answer, while the work continues."""
        return self.subject.publication is None or self.subject.publication.kind == "interim"

    @property
    def is_private(self) -> bool:
        """Whether only the senders read it, so that no personal data of theirs need be confirmed."""
        return self.subject.publication is not None and self.subject.publication.kind == "private"

    @property
    def answers(self) -> list[Answer]:
        """The answers shown below the text."""
        return approved_answers(self.case)


class InterimPage(PublicationEditPage):
    """Publish the answers there are, while other agencies still work."""

    verb, icon = "publish_interim", "world-upload"
    label = _l("Publish what there is so far")
    what = _l("Everybody reads the answers approved so far; the case goes on until the other agencies have answered.")
    then = (_l("No limit ends and nobody rates it yet."), _l("The senders and those who follow the case are told."))
    button = _l("Publish so far")
    done = _l("What there is so far is published.")

    def build(self) -> None:
        case = self.case
        words = [cleared_words(link.report) or "" for link in case.reports if link.left_at is None]
        self.form = PublishForm(title=case.title, question="\n\n".join(filter(None, words)), place=case.place or "")
        self.choices = photo_choices(case, request.form.to_dict() if request.method == "POST" else None)


class CorrectForm(PublishForm):
    """The public words, why they change, and which version they were written over."""

    version = HiddenField()
    again = HiddenField()
    reason = TextAreaField(
        _l("What is corrected, and why"),
        validators=[at_most(LONGEST_REASON)],
        description=_l("Everybody reads it beside the corrected text."),
    )


class CorrectPage(PublicationEditPage, PublicationActPage):
    """Write a new version of what was published."""

    verb, icon = "correct_publication", "pencil"
    label = _l("Correct it")
    what = _l("The text people read is replaced by a new version, marked as corrected; the answers of the agencies stay as they are.")
    then = (
        _l("Ratings stay and are marked “before the correction”. No limit changes. What was taken back is published again by it."),
        _l("The senders are told, and of a public text those who follow the case."),
    )
    button = _l("Publish the correction")
    done = _l("The correction is published.")
    form: CorrectForm

    def build(self) -> None:
        version = self.publication.current
        self.form = CorrectForm(
            version=version.version, title=version.title, question=version.question, summary=version.summary, place=version.place,
            shows_exact_place=version.shows_exact_place, again=self.taken_back,
        )  # fmt: skip
        self.choices = photo_choices(self.case, request.form.to_dict() if request.method == "POST" else None, version)
        if self.publication.kind == "private":
            # its readers know the place, and each sender has their own photos
            self.choices = [choice for choice in self.choices if choice.photo.answer_id is not None]
            del self.form.place, self.form.shows_exact_place
            self.form.checked.data = True
        self.version_seen = _number(self.form.version.data)

    def act(self) -> Act | None:
        wanted = super().act()
        if wanted is not None and not self.is_known_to_be_taken_back:
            # refused with the words that it was taken back: whoever sends the page that shows them has read them
            self.form.again.data = self.taken_back
        return wanted

    def given(self) -> CorrectPublicationInput:
        words = publish_input(self.form, self.case)
        return CorrectPublicationInput(
            title=words.title, question=words.question, summary=words.summary, place=words.place,
            shows_exact_place=words.shows_exact_place, checked=words.checked, publication=self.publication,
            version_seen=self.version_seen, reason=self.form.reason.data or "", again=self.is_known_to_be_taken_back,
        )  # fmt: skip

    def context(self) -> dict[str, Any]:
        newer: PublicationVersion | None = None if self.is_current else self.publication.current
        if newer is not None:
            # shown next to what was typed; the next submission replaces this version
            self.form.version.data = newer.version
        changed = words_changed(self.form, self.publication.current) if self.is_current else []
        return {**super().context(), "newer": newer, "words_changed": changed, "photos_changed": photos_changed(self.choices)}

    @property
    def taken_back(self) -> str:
        """The value of a hidden field that says whether the publication has been withdrawn."""
        return "yes" if self.publication.unpublished_at is not None else ""

    @property
    def is_known_to_be_taken_back(self) -> bool:
        """Whether the sent form and the publication agree on this: taken back, or not."""
        return bool(self.form.again.data == self.taken_back)

    @property
    def is_current(self) -> bool:
        return self.version_seen == self.publication.current.version

    @property
    def answers(self) -> list[Answer]:
        """The answers under the present version."""
        return [row.answer for row in self.publication.current.answers]


def _number(sent: object) -> int:
    """The version a form says it showed; 0 where it is missing or malformed."""
    try:
        return int(str(sent))
    except ValueError:
        return 0


class UnpublishForm(Form):
    """Why."""

    reason = TextAreaField(_l("Reason"), validators=[at_most(LONGEST_REASON)])


class UnpublishPage(PublicationActPage):
    """Take back what was published."""

    verb, icon, is_danger = "unpublish", "eye-off", True
    label = _l("Take it back")
    what = _l("The public page shows the answer, its photos and its ratings no more.")
    then = (
        _l("The senders still read the answer on their own page. Nothing is erased; no limit changes."),
        _l("The reason stays with the centre."),
    )
    button = _l("Take it back")
    done = _l("It is no longer public.")
    form: UnpublishForm

    def build(self) -> None:
        self.form = UnpublishForm()

    def given(self) -> Input:
        return UnpublishInput(publication=self.publication, reason=self.form.reason.data or "")

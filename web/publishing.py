"""Editing what the public will read, and deciding on a dissatisfied rating."""

from io import BytesIO
from typing import Any

from flask import Blueprint, Response, request, send_file
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from casework.db import db
from casework.intake import cleared_words
from casework.models import Case, Rating, Review
from casework.permissions import Action
from casework.photo_records import copy_for, open_copy, photos_of_answer, photos_of_report
from casework.photos import RectangleRefused, cover
from casework.publications import newest_publication
from casework.publishing import ChosenPhotos, approved_answers
from casework.ratings import MOST_REOPENED, rating_reason, ratings_of
from casework.states import ANSWERED
from web.forms import Form
from web.guards import actor, file_store, found, performs
from web.locales import in_reader_language as local
from web.photo_choices import EVERYTHING, PhotoChoice, choices_of, copies_of, rectangles_in
from web.task_page import Act, TaskPage, at_most
from workflows.steps import StepResult, TaskUnknown, task_for

bp = Blueprint("publishing", __name__)


class PublishForm(Form):
    """The public words; nobody rewrites an agency's answer."""

    title = StringField(_l("Title"), validators=[at_most(200)])
    question = TextAreaField(_l("What was reported, in words fit for everybody"), validators=[at_most(5000)])
    summary = TextAreaField(_l("The centre's own summary"), validators=[at_most(5000)])
    place = StringField(_l("Place as everybody reads it"), validators=[at_most(300)])
    shows_exact_place = BooleanField(_l("Show the exact place on the map"))
    checked = BooleanField(_l("Personal data, faces and number plates are covered"))


class PublishPage(TaskPage):
    """Tools at the left, at the right exactly what everybody will see."""

    template = "tasks/publish.html"
    form: PublishForm

    def build(self) -> None:
        case = self.case
        words = [cleared_words(link.report) or "" for link in case.reports if link.left_at is None]
        self.form = PublishForm(title=case.title, question="\n\n".join(filter(None, words)), place=case.place or place_of(case))
        sent = request.form.to_dict() if request.method == "POST" else None
        self.choices = photo_choices(case, sent)

    def act(self) -> Act | None:
        form = self.form
        if not form.validate_on_submit():
            return None
        if self.chosen == "preview":
            self.is_unfinished = True
            return None
        words = {"title": form.title.data or "", "question": form.question.data or "", "summary": form.summary.data or ""}
        if self.chosen == "answer_privately":
            return self._answer_privately(words)
        return self._publish(words)

    def context(self) -> dict[str, Any]:
        return {
            "choices": self.choices,
            "answers": approved_answers(self.case),
            "chosen_photos": [choice for choice in self.choices if choice.is_shown],
            "is_previewed": request.method == "POST",
            "area_words": place_of(self.case),
            "answered": ANSWERED,
        }

    def said(self, act: Act, result: StepResult) -> str:
        if act.verb == "answer_privately":
            return str(_("The answer to %(code)s has gone to its sender alone.", code=result.case.code))
        return str(_("Case %(code)s is published. Its sender is asked to rate it.", code=result.case.code))

    def _publish(self, words: dict[str, str]) -> Act | None:
        form = self.form
        # pictures take seconds: not made for a form that is refused anyway
        is_complete = form.checked.data and words["title"].strip() and words["question"].strip() and self.case.visibility_reason_id is None
        photos = self._copies(self.choices if is_complete else [])
        if photos is None:
            return None
        exact = form.shows_exact_place.data and self.case.latitude is not None
        place = {"place": form.place.data or "", "shows_exact_place": exact}
        return Act("publish", {**words, **place, "checked": form.checked.data, "photos": photos})

    def _answer_privately(self, words: dict[str, str]) -> Act | None:
        is_complete = words["title"].strip() and words["question"].strip()
        photos = self._copies([choice for choice in self.choices if choice.photo.answer_id is not None] if is_complete else [])
        return None if photos is None else Act("answer_privately", {**words, "photos": photos})

    def _copies(self, choices: list[PhotoChoice]) -> ChosenPhotos | None:
        try:
            return copies_of(choices, audience="public", store=file_store())
        except RectangleRefused as refusal:
            self.refusals.append(local(refusal.text))
            return None


@bp.get("/tasks/<ref>/photos/<photo_ref>")
@performs(Action.PUBLISH)
def preview(ref: str, photo_ref: str) -> ResponseReturnValue:
    """Show a photo covered as the form says, as the public would get it. Nothing is written."""
    try:
        task = task_for(actor(), ref)
    except TaskUnknown:
        task = None
    case = found(task).case
    photo = found(next((choice.photo for choice in photo_choices(case, None) if choice.ref == photo_ref), None))
    try:
        rectangles = [EVERYTHING] if "all" in request.args else rectangles_in(request.args.get("cover", ""))
    except RectangleRefused:
        rectangles = [EVERYTHING]
    copy = found(copy_for(photo, "agencies", "view") or copy_for(photo, "centre", "view"))
    with open_copy(copy, store=file_store()) as opened:
        response: Response = send_file(BytesIO(cover(opened.read(), rectangles)), mimetype="image/jpeg", download_name="preview.jpg")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def photo_choices(case: Case, sent: dict[str, str] | None) -> list[PhotoChoice]:
    """The photos that could be published: those agencies may see, and those of the approved answers."""
    choices: list[PhotoChoice] = []
    for link in case.reports:
        if link.left_at is None:
            cleared = [photo for photo in photos_of_report(link.report) if copy_for(photo, "agencies", "view")]
            choices += choices_of(cleared, sent, audience="agencies", caption=_("Before"))
    for answer in approved_answers(case):
        caption = _("After: %(agency)s", agency=local(answer.assignment.agency.short_name))
        choices += choices_of(photos_of_answer(answer), sent, audience="centre", caption=caption)
    return choices


def place_of(case: Case) -> str:
    """Village and commune, in the reader's language."""
    return ", ".join(part for part in (case.village, local(case.area.name) if case.area else None) if part)


class ReviewForm(Form):
    """Explain, or reopen; words either way."""

    outcome = RadioField(
        _l("Result of the review"),
        choices=[SelectChoice("explained", _l("Explain and close")), SelectChoice("reopened", _l("Reopen and distribute again"))],
        validators=[InputRequired(_l("Please choose the result of the review."))],
    )
    words = TextAreaField(_l("Words to the sender"), validators=[at_most(3000)])


class ReviewPage(TaskPage):
    """Look again at a case somebody was not satisfied with."""

    template = "tasks/review_rating.html"
    form: ReviewForm

    def build(self) -> None:
        self.form = ReviewForm()

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        return Act("review_rating", {"outcome": self.form.outcome.data, "words": self.form.words.data or ""})

    def context(self) -> dict[str, Any]:
        publication = newest_publication(self.case, kinds=("final", "private"))
        review = publication and db.session.scalars(select(Review).where(Review.publication_id == publication.id)).first()
        ratings = publication and ratings_of(publication)
        return {
            "publication": publication,
            "version": publication.current if publication else None,
            "review": review,
            "ratings": [(rating, rating_reason(rating), self._agency_name(rating)) for rating in ratings or ()],
            "left": MOST_REOPENED - self.case.reopened,
        }

    def said(self, act: Act, result: StepResult) -> str:
        if act.form["outcome"] == "reopened":
            return str(_("Case %(code)s is reopened. Its sender is told the new day.", code=result.case.code))
        return str(_("The explanation has gone to the sender; case %(code)s is closed.", code=result.case.code))

    def _agency_name(self, rating: Rating) -> str:
        names = {row.agency_id: row.agency.name for row in self.case.assignments}
        return local(names[rating.agency_id]) if rating.agency_id in names else ""


PAGES: dict[str, type[TaskPage]] = {"publish": PublishPage, "review_rating": ReviewPage}

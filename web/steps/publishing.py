"""The steps of editing a publication, and of deciding on a dissatisfied rating."""

from dataclasses import replace
from typing import Any

from flask import Blueprint, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import BooleanField, RadioField, StringField, TextAreaField
from wtforms.fields.choices import SelectChoice
from wtforms.validators import InputRequired

from casework.casefile.views import publications_of
from casework.db import db
from casework.intake.file_report import cleared_words
from casework.models import Case, Rating, Review
from casework.permissions import Action, may
from casework.permissions.sight import case_seen_by
from casework.photos.images import RectangleRefused
from casework.places.points import exact_point
from casework.publications import rated_publication
from casework.publishing.acts import AnswerPrivatelyInput, ChosenPhotos, PublishInput, approved_answers
from casework.publishing.ratings import MOST_REOPENED, ReviewRatingInput, rating_reason, ratings_of
from web.files.photo_choices import PhotoChoice, copies_of, shown_of, shows_any
from web.forms import Form
from web.guards import actor, file_store, found, performs
from web.locales import in_reader_language as local
from web.steps.publication_editing import draft_context, leftovers_refusal, page_draft
from web.steps.publication_photos import covered_photo, covers_of, photo_choices
from web.task_page import Act, TaskPage, at_most
from workflows.running.doing import StepResult
from workflows.running.steps import TaskUnknown, task_for

bp = Blueprint("publishing", __name__)


class PublishForm(Form):
    """The public words; nobody rewrites an agency's answer."""

    title = StringField(_l("Title"), validators=[at_most(200)])
    question = TextAreaField(_l("What was reported, in words fit for everybody"), validators=[at_most(5000)])
    summary = TextAreaField(_l("The centre's own summary"), validators=[at_most(5000)])
    place = StringField(_l("Place as everybody reads it"), validators=[at_most(300)])
    shows_exact_place = BooleanField(_l("Show the exact place on the map"))
    checked = BooleanField(_l("Personal data, faces and number plates are covered"))


def publish_input(form: PublishForm, case: Case) -> PublishInput:
    """What a form of public words says, without photos; that of a private answer has no fields for the place."""
    place = form if "place" in form else None
    return PublishInput(
        title=form.title.data or "", question=form.question.data or "", summary=form.summary.data or "", checked=form.checked.data,
        place=(place.place.data or "") if place else "",
        shows_exact_place=bool(place and place.shows_exact_place.data) and exact_point(case) is not None,
    )  # fmt: skip


class PublishPage(TaskPage, element="publish"):
    """Tools on the left, on the right exactly what will be public."""

    template = "steps/publish.html"
    form: PublishForm

    def build(self) -> None:
        case = self.case
        words = [cleared_words(link.report) or "" for link in case.reports if link.left_at is None]
        self.form = PublishForm(title=case.title, question="\n\n".join(filter(None, words)), place=case.place or "")
        sent = request.form.to_dict() if request.method == "POST" else None
        self.answers = approved_answers(case)
        self.choices = photo_choices(case, sent, answers=self.answers)

    def initial_fields(self) -> list[tuple[str, str]]:
        return shown_of(self.choices)

    @classmethod
    def works_before_lock(cls) -> bool:
        return request.form.get("act") == "preview" or shows_any(request.form) or super().works_before_lock()

    def act(self) -> Act | None:
        form = self.form
        if not form.validate_on_submit():
            return None
        if self.chosen == "preview":
            self.is_unfinished = True
            return None
        return self._answer_privately() if self.chosen == "answer_privately" else self._publish()

    def context(self) -> dict[str, Any]:
        draft = page_draft(self.case, self.form, self.choices, self.answers)
        return {"choices": self.choices, **draft_context(self, draft)}

    def said(self, act: Act, result: StepResult) -> str:
        if act.verb == "answer_privately":
            return str(_("The answer to %(code)s has gone to its sender alone.", code=result.case.code))
        if result.values.get("has_rater"):
            return str(_("Case %(code)s is published. Its sender is asked to rate it.", code=result.case.code))
        if result.case.closed_at is not None:
            return str(_("Case %(code)s is published and closed: it has no sender who could be asked to rate it.", code=result.case.code))
        return str(_("Case %(code)s is published. It has no sender who could be asked to rate it.", code=result.case.code))

    def cover_url(self, choice: PhotoChoice, *, as_it_is: bool = False) -> str:
        """The address of a photo covered as the form says."""
        return url_for("publishing.preview", ref=self.task.ref, photo_ref=choice.ref, **covers_of(choice, as_it_is=as_it_is))

    def _publish(self) -> Act | None:
        if refusal := leftovers_refusal(self.form):
            self.refusals.append(refusal)
            return None
        given = publish_input(self.form, self.case)
        # pictures take seconds: not made for a form that is refused anyway
        is_complete = given.checked and given.title.strip() and given.question.strip() and self.case.visibility_reason_id is None
        photos = self._copies(self.choices if is_complete else [])
        return None if photos is None else Act("publish", replace(given, photos=photos))

    def _answer_privately(self) -> Act | None:
        form = self.form
        given = AnswerPrivatelyInput(title=form.title.data or "", question=form.question.data or "", summary=form.summary.data or "")
        is_complete = given.title.strip() and given.question.strip()
        photos = self._copies([choice for choice in self.choices if choice.photo.answer_id is not None] if is_complete else [])
        return None if photos is None else Act("answer_privately", replace(given, photos=photos))

    def _copies(self, choices: list[PhotoChoice]) -> ChosenPhotos | None:
        try:
            return copies_of(choices, audience="public", store=file_store())
        except RectangleRefused as refusal:
            self.refusals.append(local(refusal.text))
            return None


@bp.get("/tasks/<ref>/photos/<photo_ref>")
@performs(Action.PUBLISH)
def preview(ref: str, photo_ref: str) -> ResponseReturnValue:
    """A photo, covered as the form of the step says."""
    try:
        task = task_for(actor(), ref)
    except TaskUnknown:
        task = None
    return covered_photo(photo_choices(found(task).case, None), photo_ref)


@bp.get("/cases/<ref>/publication-photos/<photo_ref>")
@performs(Action.PUBLISH)
def case_preview(ref: str, photo_ref: str) -> ResponseReturnValue:
    """A photo, covered as the form of an act outside the process says; with `of`, chosen from that publication."""
    case = case_seen_by(actor(), ref)
    case = found(case if case is not None and may(actor(), Action.PUBLISH, case) else None)
    published = next((each for each in publications_of(case) if each.ref == request.args.get("of")), None)
    return covered_photo(photo_choices(case, None, published.current if published else None), photo_ref)


class ReviewForm(Form):
    """Explain, or reopen; words are required either way."""

    outcome = RadioField(
        _l("Result of the review"),
        choices=[SelectChoice("explained", _l("Explain and close")), SelectChoice("reopened", _l("Reopen and distribute again"))],
        validators=[InputRequired(_l("Please choose the result of the review."))],
    )
    words = TextAreaField(_l("Words to the sender"), validators=[at_most(3000)])


class ReviewPage(TaskPage, element="review_rating"):
    """Review a case somebody was not satisfied with."""

    template = "steps/review_rating.html"
    form: ReviewForm

    def build(self) -> None:
        self.form = ReviewForm()
        if self.case.reopened >= MOST_REOPENED:
            self.form.outcome.choices = self.form.outcome.choices[:1]

    def act(self) -> Act | None:
        if not self.form.validate_on_submit():
            return None
        return Act("review_rating", ReviewRatingInput(outcome=self.form.outcome.data, words=self.form.words.data or ""))

    def context(self) -> dict[str, Any]:
        publication = rated_publication(self.case)
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
        if result.outcome == "reopened":
            return str(_("Case %(code)s is reopened. Its sender is told the new day.", code=result.case.code))
        return str(_("The explanation has gone to the sender; case %(code)s is closed.", code=result.case.code))

    def _agency_name(self, rating: Rating) -> str:
        names = {row.agency_id: row.agency.name for row in self.case.assignments}
        return local(names[rating.agency_id]) if rating.agency_id in names else ""

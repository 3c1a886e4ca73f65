"""A sender's view of their own report: opened by account or by tracking secret, in their own terms (rules.md, sections 2, 3 and 7)."""

from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import select

from casework.asking.answers import opened_answers, with_answers
from casework.bilingual import Bilingual
from casework.contacts.report_links import ended_questions, open_questions
from casework.db import db
from casework.documents.apologies import OwnApology, apologies_in
from casework.documents.to_senders import OwnLetter, letters_told, own_letters
from casework.intake.file_report import opened_words, place_words, typed_village
from casework.mended.links import OwnMended, own_mended
from casework.models import Case, Clock, Publication, Question, Rating, Recording, Refusal, Report
from casework.pausing.questions import CLOSE
from casework.pausing.withdrawals import open_withdrawal
from casework.photos.records import photos_of_report
from casework.public.parts import PublicPart, parts_told_to_senders
from casework.public.photos import photos_of_answers
from casework.public.publication import MissingAnswer, PublicAnswer, answers_of, missing_from
from casework.publications import WHOLE
from casework.publishing.ratings import rating_reason
from casework.recordings.staging import recordings_of_report
from casework.reporters.conversation import ANSWERED, Conversation, ConversationTurn, Granted, ReferralTold, talk_about
from casework.reporters.course import ADDITION, CourseStep, Found, course_of
from casework.reporters.labels import Standing, is_going_on, standing_of
from casework.reporters.next_steps import ADDED_NEXT, DISSATISFIED_NEXT, OBJECTED_NEXT
from casework.reporters.own_rows import OwnCase, OwnPart, OwnRow, own_case, publication_told, row_of
from casework.reporters.photos import OwnPhoto, own_photos
from casework.reporters.reviews import AnswerRow, ReviewAhead, ReviewTold, answers_given, review_ahead, review_told
from casework.sealing.seal import secret_matches
from casework.states import OPEN_STATES, CaseState, Pause, Progress
from casework.telling.due_reasons import DueMove, moves_told
from casework.telling.steps import Step, own_steps, with_moves
from casework.triage.refusals import newest_refusal

_NOBODYS_DIGEST = "0" * 64


@dataclass(frozen=True)
class RefusalTold:
    """Why a report was refused, as its sender reads it."""

    reason: Bilingual
    guidance: Bilingual
    words: str
    refused_at: datetime


@dataclass(frozen=True)
class OpenQuestion:
    """The centre's question. From `due_at` on the wait may end at any moment; with `closes` the report is closed by that."""

    words: str
    asked_at: datetime
    due_at: datetime
    closes: bool


@dataclass(frozen=True)
class GivenRating:
    """A rating by the sender: of the whole, or of the agency with this ref; perhaps from before a correction of the answer."""

    level: str
    reason: str | None
    agency_ref: str | None
    before_correction: bool = False


@dataclass(frozen=True)
class Rateable:
    """What may be rated, and until when; `agencies` are pairs of ref and full name."""

    until: datetime
    agencies: tuple[tuple[str, Bilingual], ...]


@dataclass(frozen=True)
class OwnReport:
    """Everything a sender reads of their report: for a quarantined one only what is on the receipt; for one withdrawn from a case that
    goes on for others, only their own part.

    `case_id` is the case that answers it, `centre_id` the centre that handles that one, `case_code` another one's code once the report was
    merged, `public_code` that of its public page. `question`, `objection_until`, `may_write` and `may_withdraw` say what the sender can do
    now; the use cases check again.
    """

    code: str
    case_id: int
    centre_id: int
    case_code: str
    filed_at: datetime
    state: CaseState
    label: Bilingual
    progress: Progress
    next_step: Bilingual
    is_withdrawn: bool = False
    words: str | None = None
    place: str | None = None
    village: str | None = None
    area: Bilingual | None = None
    photos: tuple[OwnPhoto, ...] = ()
    recordings: tuple[Recording, ...] = ()
    clock: Clock | None = None
    acceptance: Clock | None = None
    held_until: datetime | None = None
    question: OpenQuestion | None = None
    refusal: RefusalTold | None = None
    objection_until: datetime | None = None
    may_write: bool = False
    may_withdraw: bool = False
    withdrawal_asked: bool = False
    leaves_at_once: bool = False
    shares_case: bool = False
    referral: ReferralTold | None = None
    extensions: tuple[Granted, ...] = ()
    apologies: tuple[OwnApology, ...] = ()
    letters: tuple[OwnLetter, ...] = ()
    publication: Publication | None = None
    answers: tuple[PublicAnswer, ...] = ()
    missing: tuple[MissingAnswer, ...] = ()
    parts: tuple[PublicPart, ...] = ()
    rateable: Rateable | None = None
    given: tuple[GivenRating, ...] = ()
    review: ReviewTold | None = None
    review_ahead: ReviewAhead | None = None
    turns: tuple[ConversationTurn, ...] = ()
    moves: tuple[DueMove, ...] = ()
    masked_at: datetime | None = None
    erased_at: datetime | None = None
    public_code: str | None = None
    mended: OwnMended = OwnMended()
    steps: tuple[Step, ...] = ()
    course: tuple[CourseStep, ...] = ()

    @property
    def is_dissatisfied(self) -> bool:
        """Whether its sender is not satisfied with the answer."""
        return any(one.agency_ref is None and one.level == "dissatisfied" for one in self.given)

    @property
    def why_that_day(self) -> Bilingual | None:
        """Why the present day is not the first one; None where it is, or where something else has moved it since."""
        newest = self.moves[0] if self.moves else None
        return newest.reason if newest and self.clock and self.clock.due_at == newest.due_at else None


def report_opened_by(code: str, secret: str) -> Report | None:
    """The report with this code, if the typed secret is that of its receipt. Refusing an unknown code takes as long."""
    report = db.session.scalar(select(Report).where(Report.code == code.strip().upper()))
    return report if secret_matches(secret, report.secret_digest if report else _NOBODYS_DIGEST) else None


def own_report(of: Report | OwnRow, *, now: datetime) -> OwnReport:
    """The report as its sender reads it now. Callers make sure that it is their own (permissions.report_owned_by)."""
    row = of if isinstance(of, OwnRow) else row_of(of)
    report, own = row.report, own_case(row)
    there = own.there
    link = own.links[-1]
    case = link.case
    question = open_questions([report.id]).get(report.id) if OwnPart.QUESTIONS in there else None
    ended = ended_questions([case.id]).get(case.id) if OwnPart.ENDED_QUESTIONS in there else None
    standing = standing_of(case, link, report.code, is_asked=question is not None, ended=ended)
    receipt = OwnReport(
        code=report.code, case_id=case.id, centre_id=case.centre_id, case_code=standing.merged_into or report.code,
        filed_at=report.filed_at, state=standing.state, label=standing.label, progress=standing.progress, next_step=standing.next_step,
        is_withdrawn=standing.state == CaseState.WITHDRAWN,
    )  # fmt: skip
    if standing.state == CaseState.QUARANTINED:
        return receipt
    talk, moves = talk_about(report, case, there), moves_told(row.told, report.code, own.links)
    own_part = replace(
        receipt, words=_said(row), place=place_words(report), village=typed_village(report),
        area=report.area.name if report.area else None, turns=talk.turns, moves=tuple(moves), masked_at=case.masked_at,
        erased_at=row.erased_at, steps=tuple(with_moves(own_steps(report, own.links), moves)),
    )  # fmt: skip
    if link.left_at is not None:
        found = Found(talk.turns, talk.referrals, _answers_given(own, None))
        return replace(own_part, course=course_of(report, own.links, standing.state, found))
    written = letters_told(report) if OwnPart.LETTERS in there else []
    referral = next((each for each in talk.referrals if each.case_id == case.id), None)
    own_part = replace(
        own_part, referral=referral, extensions=talk.extensions, apologies=tuple(apologies_in(written)),
        letters=tuple(own_letters(written)), public_code=case.code if own.is_shown else None,
        mended=own_mended(report, case, now) if OwnPart.MENDED in there else OwnMended(),
    )  # fmt: skip
    return _with_case(own_part, report, own, talk, question, standing, now)


def _with_case(
    own_part: OwnReport, report: Report, own: OwnCase, talk: Conversation, question: Question | None, standing: Standing, now: datetime
) -> OwnReport:
    """The parts that depend on the case the report is in."""
    there, case = own.there, own.links[-1].case
    publication = publication_told(case) if OwnPart.PUBLICATIONS in there else None
    answers: tuple[PublicAnswer, ...] = ()
    missing: tuple[MissingAnswer, ...] = ()
    parts: tuple[PublicPart, ...] = ()
    if publication is not None:
        version = publication.current
        photos = photos_of_answers(version) if OwnPart.PUBLISHED_PHOTOS in there else {}
        answers, missing = answers_of(version, photos), missing_from(publication, case)
        parts = parts_told_to_senders(case) if publication.kind != "interim" else ()
    refusal = newest_refusal(case) if standing.state == CaseState.REFUSED else None
    # a camera's report has no sender
    goes_on = report.reporter_id is not None and is_going_on(standing)
    others, asks_back = own.answers - 1, _asks_back(case, report)
    is_looked_at_again = refusal is not None and refusal.objected_at is not None and refusal.decided_at is None
    given = _given(report, publication) if OwnPart.RATINGS in there else ()
    given_answers = _answers_given(own, publication)
    found = Found(talk.turns, talk.referrals, given_answers, refusal.refused_at if refusal else None)
    course = course_of(report, own.links, standing.state, found)
    return replace(
        own_part, next_step=_next_step(own_part, standing, given, course, is_looked_at_again=is_looked_at_again), course=course,
        photos=own_photos(photo for photo in photos_of_report(report) if photo.addition_id is None) if OwnPart.PHOTOS in there else (),
        recordings=tuple(each for each in recordings_of_report(report) if each.addition_id is None) if OwnPart.RECORDINGS in there else (),
        acceptance=own.acceptance, clock=own.limit if standing.limit_counts else None,
        held_until=case.paused_until if case.paused_for == Pause.HOLD else None, question=_asked(question, shares_case=others > 0),
        refusal=_refusal(refusal), objection_until=_objection_until(refusal, now),
        may_write=goes_on, may_withdraw=goes_on and case.state in OPEN_STATES and not asks_back, withdrawal_asked=asks_back,
        leaves_at_once=others > 0 or case.accepted_at is None, shares_case=others > 0,
        publication=publication, answers=answers, missing=missing, parts=parts,
        rateable=_rateable(case, report, publication, own.window, now), given=given,
        review=review_told(case, given_answers), review_ahead=review_ahead(case, given_answers, own.limit),
    )  # fmt: skip


def _answers_given(own: OwnCase, publication: Publication | None) -> list[AnswerRow]:
    """The answers and reviews of the report's cases; one only answer that is on the page already needs no statement."""
    if OwnPart.REVIEWS in own.there or (OwnPart.PUBLICATIONS in own.there and (len(own.links) > 1 or publication is None)):
        return answers_given({link.case_id for link in own.links})
    if publication is None or publication.kind == "interim":
        return []
    return [AnswerRow(publication.case_id, publication.published_at)]


def _next_step(
    own_part: OwnReport, standing: Standing, given: tuple[GivenRating, ...], course: tuple[CourseStep, ...], *, is_looked_at_again: bool
) -> Bilingual:
    """What comes next; a sender who asked for a review, or answered a question, reads that they were heard."""
    if is_looked_at_again:
        return OBJECTED_NEXT
    if standing.state == CaseState.TO_CLASSIFY and _has_just_answered(own_part, course):
        return ADDED_NEXT
    is_theirs = any(one.agency_ref is None and one.level == "dissatisfied" for one in given)
    return DISSATISFIED_NEXT if standing.state == CaseState.REVIEW and is_theirs else own_part.next_step


def _has_just_answered(own_part: OwnReport, course: tuple[CourseStep, ...]) -> bool:
    is_last = any(step.words == ADDITION and step.standing == "now" for step in course)
    return is_last and any(turn.heading == ANSWERED for turn in own_part.turns)


def _asked(question: Question | None, *, shares_case: bool) -> OpenQuestion | None:
    """The question as asked. A case that answers others too is not closed because one sender is silent."""
    if question is None:
        return None
    return OpenQuestion(question.words, question.asked_at, question.due_at, question.when_unanswered == CLOSE and not shares_case)


def _asks_back(case: Case, report: Report) -> bool:
    withdrawal = open_withdrawal(case) if case.withdrawal_asked else None
    return withdrawal is not None and withdrawal.report_id == report.id


def _objection_until(refusal: Refusal | None, now: datetime) -> datetime | None:
    if refusal is None or refusal.objected_at is not None or refusal.objection_due_at is None or now >= refusal.objection_due_at:
        return None
    return refusal.objection_due_at


def _refusal(row: Refusal | None) -> RefusalTold | None:
    if row is None:
        return None
    return RefusalTold(row.reason.name, Bilingual(row.reason.guidance_vi, row.reason.guidance_en), row.words, row.refused_at)


def _rateable(case: Case, report: Report, publication: Publication | None, clock: Clock | None, now: datetime) -> Rateable | None:
    if clock is None or clock.ended_at is not None or clock.due_at is None:
        return None
    if report.reporter is None or publication is None or publication.kind == "interim":
        return None
    if case.state == CaseState.REVIEW and now >= clock.due_at:
        return None
    agencies = [row.answer.assignment.agency for row in publication.current.answers]
    return Rateable(clock.due_at, tuple((agency.ref, agency.name) for agency in agencies))


def _given(report: Report, publication: Publication | None) -> tuple[GivenRating, ...]:
    if publication is None or report.reporter_id is None:
        return ()
    query = select(Rating).where(Rating.publication_id == publication.id, Rating.reporter_id == report.reporter_id).order_by(Rating.id)
    refs = {row.answer.assignment.agency_id: row.answer.assignment.agency.ref for row in publication.current.answers}
    current = publication.current.id
    return tuple(
        GivenRating(
            level=rating.level,
            reason=rating_reason(rating) if rating.about == WHOLE else None,
            agency_ref=refs.get(rating.agency_id or 0),
            before_correction=rating.version_id != current,
        )
        for rating in db.session.scalars(query)
        if rating.about == WHOLE or rating.agency_id in refs
    )


def _said(row: OwnRow) -> str | None:
    """Their words with what they answered below them, in the language they wrote in."""
    return with_answers(opened_words(row.sealed_words), opened_answers(row.sealed_answers), language=row.report.language)

"""A case's public page before publication, from what has been typed and chosen."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from casework.models import Answer, Case, Photo, Publication
from casework.places.points import exact_point
from casework.public.cases import PublicCase, public_item
from casework.public.parts import public_parts
from casework.public.photos import PublicPhoto
from casework.public.progress import progress_of
from casework.public.publication import missing_beside, public_answer, verdicts_of
from casework.publications import names_village
from casework.states import ANSWERED
from casework.telling.steps import public_steps


@dataclass(frozen=True)
class PublicationWords:
    """The words typed on the publishing page. `correction_reason` is empty unless something published is corrected."""

    title: str
    question: str
    summary: str = ""
    place: str = ""
    shows_exact_place: bool = False
    correction_reason: str = ""


def page_once_published(
    case: Case,
    words: PublicationWords,
    *,
    answers: Sequence[Answer],
    photos: Mapping[Photo, tuple[int, int]],
    now: datetime,
    is_interim: bool = False,
    publication: Publication | None = None,
) -> PublicCase:
    """Return the future public page. `photos` are those chosen, in order, with the size of their copies; the caller makes their
    addresses, as their published copies do not exist yet. `publication` is the one to be corrected."""
    shown = {photo: PublicPhoto(photo.ref, "", "", width, height) for photo, (width, height) in photos.items()}
    by_answer = {answer.id: tuple(one for photo, one in shown.items() if photo.answer_id == answer.id) for answer in answers}
    item = public_item(case)
    exact = exact_point(case) if words.shows_exact_place else None
    is_new = publication is None
    item = replace(
        item,
        village=case.village if names_village(words) else None,
        title=words.title or "…",
        published_at=now,
        progress=progress_of(case) if is_interim else ANSWERED,
        limit=replace(item.limit, ended_at=now) if item.limit is not None and is_new and not is_interim else item.limit,
        lead=next((answer.assignment.agency.name for answer in answers), None),
        before=tuple(one for photo, one in shown.items() if photo.answer_id is None),
        after=tuple(photo for group in by_answer.values() for photo in group),
    )
    return PublicCase(
        item,
        source=case.source,
        question=words.question or "…",
        summary=words.summary or None,
        place=words.place or None,
        latitude=exact[0] if exact else None,
        longitude=exact[1] if exact else None,
        is_interim=is_interim,
        corrected_at=None if is_new else now,
        correction_reason=words.correction_reason or None,
        answers=tuple(public_answer(answer, by_answer[answer.id]) for answer in answers),
        missing=missing_beside(answers, case, is_interim=is_interim),
        verdicts=None if publication is None else verdicts_of(publication),
        steps=public_steps(case),
        parts=() if is_interim else public_parts(case, is_preview=True),
    )

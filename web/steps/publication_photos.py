"""The photos available for a publication, and a preview of each as covered, before anything is written."""

from collections.abc import Sequence
from io import BytesIO
from typing import Any

from flask import Response, request, send_file
from flask_babel import gettext as _

from casework.models import Answer, Case, File, Photo, PublicationVersion
from casework.photos.copied import is_overtaken
from casework.photos.face_search import found_in
from casework.photos.images import RectangleRefused, cover
from casework.photos.records import copy_for, open_copy, photos_of_answer, photos_of_report, start_of
from casework.publishing.acts import approved_answers
from web.files.photo_choices import EVERYTHING, PUBLISHED, PhotoChoice, choices_of, rectangles_in
from web.guards import file_store, found
from web.locales import in_reader_language as local


def photo_choices(
    case: Case, sent: dict[str, str] | None, version: PublicationVersion | None = None, *, answers: Sequence[Answer] | None = None
) -> list[PhotoChoice]:
    """The photos that could be published: those agencies may see, and those of the approved `answers`, if these have been read already.

    Those in a `version` come first, ticked and as it shows them: what was covered stays covered.
    """
    shown = [row.photo for row in version.photos if row.copy("view") is not None and not is_overtaken(row)] if version else []
    groups: list[tuple[list[Photo], str, str]] = [
        ([photo], PUBLISHED, _("Before") if photo.answer_id is None else _("After")) for photo in shown
    ]
    for link in case.reports:
        if link.left_at is None:
            cleared = [photo for photo in photos_of_report(link.report) if photo not in shown and is_released(photo)]
            groups.append((cleared, "agencies", _("Before")))
    for answer in approved_answers(case) if answers is None else answers:
        caption = _("After: %(agency)s", agency=local(answer.assignment.agency.short_name))
        groups.append(([photo for photo in photos_of_answer(answer) if photo not in shown], "centre", caption))
    found = found_in([photo for photos, _audience, _caption in groups for photo in photos])
    return [
        choice
        for photos, audience, caption in groups
        for choice in choices_of(photos, sent, audience=audience, preset=audience == PUBLISHED, caption=caption, found=found)
    ]


def covers_of(choice: PhotoChoice, *, as_it_is: bool = False) -> dict[str, Any]:
    """The address parameters for how a photo is covered."""
    if as_it_is:
        return {}
    return {**({"cover": choice.cover} if choice.cover else {}), **({"all": "yes"} if choice.is_hidden else {})}


def covered_photo(choices: list[PhotoChoice], photo_ref: str) -> Response:
    """One of the available photos as the public would get it, covered as the address says. Writes nothing."""
    choice = found(next((choice for choice in choices if choice.ref == photo_ref), None))
    try:
        rectangles = [EVERYTHING] if "all" in request.args else rectangles_in(request.args.get("cover", ""))
    except RectangleRefused:
        rectangles = [EVERYTHING]
    with open_copy(found(_source(choice.photo, choice.audience)), store=file_store()) as opened:
        response: Response = send_file(BytesIO(cover(opened.read(), rectangles)), mimetype="image/jpeg", download_name="preview.jpg")
    response.headers["Cache-Control"] = "private, no-store"
    return response


def _source(photo: Photo, audience: str) -> File | None:
    if audience == PUBLISHED:
        return copy_for(photo, PUBLISHED, "view")
    return start_of(photo, PUBLISHED)


def is_released(photo: Photo) -> bool:
    """Whether a photo of a report may be shown: agencies may see it, and the case of a copied one has not withdrawn it."""
    return copy_for(photo, "agencies", "view") is not None and start_of(photo, PUBLISHED) is not None

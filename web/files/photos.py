"""Serves photos. Who may have which copy is decided in casework.casefile.photo_access, how long it may be cached here."""

from flask import Blueprint, Response, request, send_file, session
from flask.typing import ResponseReturnValue

from casework.casefile.photo_access import private_copy, public_copy
from casework.erasure.quarantine import original_photo
from casework.models import File
from casework.permissions import Action
from casework.photos.records import open_copy
from casework.public.photos import mark_of
from web.files.streams import opened_whole
from web.guards import actor, file_store, found, performs
from web.http.replica import may_be_behind

bp = Blueprint("photos", __name__)

EXTENSIONS = {"image/jpeg": "jpg", "image/webp": "webp", "image/png": "png", "image/heic": "heic"}
FORMS_KEY = "photo_forms"
MOST_FORMS = 8
KEPT_SECONDS = 86_400
"""A day, not a year: a published photo may have to be withdrawn, and caches on the way cannot be told."""


@bp.get("/photos/<ref>/<audience>/<rendition>")
@performs(Action.READ_PUBLIC)
@may_be_behind
def photo(ref: str, audience: str, rendition: str) -> ResponseReturnValue:
    if audience == "public":
        file = found(public_copy(ref, rendition))
        if (mark := request.args.get("v")) is not None and mark != mark_of(file.sha256):
            # a marked address never means other bytes: a corrected photo gets a new one
            return found(None)
        return _sent(file, is_public=True)
    if (audience, rendition) == ("sealed", "original"):
        # of a quarantined case, for its confidential readers: the other copies are gone
        original = _sent(found(original_photo(ref, by=actor())), is_public=False)
        original.headers["Content-Disposition"] = f"attachment; filename={ref}.{_extension(original.mimetype)}"
        return original
    file = found(private_copy(actor(), ref, audience, rendition, form_tokens=frozenset(session.get(FORMS_KEY, ()))))
    return _sent(file, is_public=False)


def remember_form(token: str) -> None:
    """Let this browser see the photos of a form that is not sent yet."""
    tokens = [each for each in session.get(FORMS_KEY, ()) if each != token]
    session[FORMS_KEY] = [*tokens[1 - MOST_FORMS :], token]


def _sent(file: File, *, is_public: bool) -> Response:
    """The bytes under a neutral name: the original file name may be a person's."""
    opened = open_copy(file, store=file_store())
    response = send_file(
        opened if file.key_id is None else opened_whole(opened),
        mimetype=file.media_type,
        download_name=f"{file.rendition}.{_extension(file.media_type)}",
        etag=file.sha256 if is_public else False,
        last_modified=file.created_at if is_public else None,
        conditional=is_public,
    )
    response.content_length = file.size
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Disposition"] = f"inline; filename={file.rendition}.{_extension(file.media_type)}"
    if not is_public:
        response.headers["Cache-Control"] = "private, no-store"
    elif "v" in request.args:
        response.headers["Cache-Control"] = f"public, max-age={KEPT_SECONDS}, immutable"
    else:
        response.headers["Cache-Control"] = "public, no-cache"
    return response


def _extension(media_type: str | None) -> str:
    return EXTENSIONS.get(media_type or "", "bin")

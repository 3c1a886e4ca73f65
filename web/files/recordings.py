"""Serves voice notes and videos in ranges, so that a player can seek, and the page for writing a transcript."""

from collections.abc import Iterator
from dataclasses import replace
from typing import BinaryIO

from flask import Blueprint, Response, flash, redirect, render_template, request, session, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField

from casework.casefile.views import title_seen
from casework.cases import lock_case
from casework.db import unit_of_work
from casework.files.local import PIECE
from casework.models import Case, File
from casework.permissions import Action, require
from casework.permissions.sight import case_seen_by
from casework.photos.records import open_copy
from casework.recordings.access import SeenRecording, recording_file, recordings_seen
from casework.recordings.formats import MEDIA_TYPES
from casework.recordings.preparing import copy_again
from casework.recordings.transcripts import LONGEST_WORDS, TranscriptRefused, recording_of, transcribe
from casework.states import STAFF_LABELS, CaseState
from casework.triage.personal_marks import neutral
from web.clock import now
from web.files.photos import FORMS_KEY
from web.files.streams import opened_first
from web.forms import Form
from web.guards import actor, file_store, found, performs
from web.http.replica import may_be_behind
from web.marks_left import marks_left
from web.sent_forms import answers_again
from web.task_page import at_most

bp = Blueprint("recordings", __name__)

EXTENSIONS = {"audio/mpeg": "mp3", "audio/mp4": "m4a", "audio/3gpp": "3gp", "video/3gpp": "3gp", "video/quicktime": "mov"}
"""File extensions that are not the subtype of the media type."""

SENT_AT_ONCE = 64 * 1024
"""Bytes handed to the server at a time; no more than one sealed piece of the file is in memory."""


class TranscriptForm(Form):
    words = TextAreaField(
        _l("What is said"), validators=[at_most(LONGEST_WORDS)],
        description=_l("Agencies read it in place of hearing the voice. Leave out what tells who speaks: names, telephone, house number."),
    )  # fmt: skip


@bp.get("/recordings/<ref>/<rendition>")
@performs(Action.READ_PUBLIC)
@may_be_behind
def recording(ref: str, rendition: str) -> ResponseReturnValue:
    file = found(recording_file(actor(), ref, rendition, form_tokens=frozenset(session.get(FORMS_KEY, ()))))
    return _part_of(file)


@bp.route("/cases/<ref>/recordings/<recording>", methods=["GET", "POST"])
@performs(Action.TRANSCRIBE)
@answers_again(lambda ref, recording: url_for("cases.case", ref=ref))
def transcript(ref: str, recording: str) -> ResponseReturnValue:
    case = found(case_seen_by(actor(), ref))
    require(actor(), Action.TRANSCRIBE, case)
    seen = found(next((each for each in recordings_seen(case, actor()) if each.ref == recording), None))
    form = TranscriptForm(words=seen.transcript)
    if request.method == "GET":
        return _page(case, seen, form)
    if request.form.get("act") == "neutral":
        form.words.data = neutral(form.words.data or "")
        return _page(case, seen, form)
    if request.form.get("act") == "copy":
        return _copied_again(case, seen, form)
    if not form.validate_on_submit():
        return _page(case, seen, form), 422
    try:
        with unit_of_work():
            locked = lock_case(case.id)
            transcribe(locked, by=actor(), now=now(), recording=found(recording_of(locked, recording)), words=form.words.data or "")
    except TranscriptRefused as refusal:
        return _page(found(case_seen_by(actor(), ref)), seen, form, refusal=form.refuse(refusal)), 422
    flash(_("The words are kept. Agencies read them in place of hearing the recording."))
    return redirect(url_for("cases.case", ref=ref))


def _copied_again(case: Case, seen: SeenRecording, form: TranscriptForm) -> str:
    with unit_of_work():
        locked = lock_case(case.id)
        copy_again(locked, by=actor(), recording=found(recording_of(locked, seen.ref)))
    flash(_("The file is made in a moment."))
    return _page(found(case_seen_by(actor(), case.ref)), replace(seen, refused=None, can_retry=False), form)


def _page(case: Case, seen: SeenRecording, form: TranscriptForm, *, refusal: str = "") -> str:
    return render_template(
        "cases/transcript.html",
        case=case,
        title=title_seen(case, actor()) or case.code,
        state=STAFF_LABELS[CaseState(case.state)],
        recording=seen,
        form=form,
        left_over=marks_left(form.words.data or ""),
        refusal=refusal,
    )


def _part_of(file: File) -> Response:
    """The whole file or the requested range, under a neutral name: the original file name may be a person's.

    Several ranges at once are answered with the whole file, as HTTP allows. The response may be neither cached nor executed.
    """
    start, stop = 0, file.size
    asked = request.range if "If-Range" not in request.headers else None
    is_part = asked is not None and asked.units == "bytes" and len(asked.ranges) == 1
    if is_part and asked is not None:
        span = asked.range_for_length(file.size)
        if span is None:
            return _kept_private(Response(status=416, headers={"Content-Range": f"bytes */{file.size}"}))
        start, stop = span[0] or 0, min(span[1] or file.size, file.size)
    opened = open_copy(file, store=file_store())
    response = Response(opened_first(_pieces(opened, start, stop - start)), status=206 if is_part else 200)
    response.call_on_close(opened.close)
    if is_part:
        response.headers["Content-Range"] = f"bytes {start}-{stop - 1}/{file.size}"
    media_type = file.media_type if file.media_type in MEDIA_TYPES else "application/octet-stream"
    response.headers["Content-Type"] = media_type
    response.headers["Accept-Ranges"] = "bytes"
    response.content_length = stop - start
    end = EXTENSIONS.get(media_type, media_type.partition("/")[2])
    response.headers["Content-Disposition"] = f"inline; filename={media_type.partition('/')[0]}.{end}"
    return _kept_private(response)


def _kept_private(response: Response) -> Response:
    response.headers["Cache-Control"] = "private, no-store"
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "default-src 'none'; sandbox"
    return response


def _pieces(opened: BinaryIO, start: int, length: int) -> Iterator[bytes]:
    """Sealed content can only be read from its beginning, so what precedes the range is read and discarded."""
    while start > 0 and (skipped := len(opened.read(min(start, PIECE)))):
        start -= skipped
    while length > 0 and (piece := opened.read(min(length, SENT_AT_ONCE))):
        length -= len(piece)
        yield piece

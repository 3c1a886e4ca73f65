"""Photos and a voice note sent with an act on one's own report: each file is judged separately, and the good ones are kept until the act is
done."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from flask import request

from casework.bilingual import Bilingual
from casework.db import unit_of_work
from casework.photos.records import staged_photos
from casework.recordings.staging import drop_staged_recording, staged_recordings
from web.files.photos import remember_form
from web.files.report_files import most_report_photos, stage_report_files
from web.files.staged_files import missing_files
from web.files.uploads import drop_upload
from web.filing_fields import sound_token
from web.guards import actor
from web.locales import in_reader_language

WITH_FILES = frozenset({"answer", "addition"})
"""Acts that may come with photos and a voice note."""


@dataclass(frozen=True)
class FormFiles:
    """The files of one form: its token, the staged files, and why others were refused."""

    token: str
    photos: tuple[Any, ...] = ()
    recordings: tuple[Any, ...] = ()
    refused: tuple[str, ...] = ()

    @property
    def most_photos(self) -> int:
        return most_report_photos()


def empty_form() -> FormFiles:
    """The files of a form that was not submitted yet."""
    return FormFiles(sound_token(None))


def take_files() -> FormFiles:
    """Stage the files sent with this request; returns everything staged and why files were refused.

    Call it outside any unit of work: decoding and writing files takes time.
    """
    token = sound_token(request.form.get("files_token"))
    remember_form(token)
    if ref := request.form.get("remove"):
        drop_upload(token, ref)
        with unit_of_work():
            drop_staged_recording(token, ref)
    photos, voice = request.files.getlist("photos"), request.files.get("voice")
    refused = stage_report_files(photos=photos, voice=voice, video=None, token=token, by=actor())
    return files_kept(token, [*refused, *missing_files(token)])


def files_kept(token: str, refused: Iterable[Bilingual] = ()) -> FormFiles:
    told = tuple(in_reader_language(text) for text in refused)
    return FormFiles(token, tuple(staged_photos(token)), tuple(staged_recordings(token)), told)

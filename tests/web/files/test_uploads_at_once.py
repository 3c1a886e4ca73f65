"""The same file that comes several times at one moment, because a tap was doubled or no answer came, is kept once."""
from __future__ import annotations

import io

from flask import Flask
from werkzeug.datastructures import FileStorage

from casework.db import db
from casework.photos.records import staged_photos
from casework.recordings.staging import staged_recordings
from tests import build
from tests.casework.intake.test_filing_at_once import AT_ONCE, at_once
from tests.web.offline.test_offline_api import voice
from tests.with_photos import jpeg
from web.files.report_files import stage_report_files
from web.offline.uploads import keep_file


def test_files_that_come_many_times_at_once_are_kept_once(app: Flask) -> None:
    by = build.standard_world().actor("guest")
    photo, spoken = jpeg("olive"), voice()
    db.session.rollback()

    def of_a_form(_number: int) -> str:
        files = [FileStorage(io.BytesIO(photo), "anh.jpg")]
        with app.test_request_context():
            voice_note = FileStorage(io.BytesIO(spoken), "noi.wav")
            assert stage_report_files(photos=files, voice=voice_note, video=None, token="f" * 24, by=by) == []
        return ""

    def that_waited(_number: int) -> str:
        keep_file(photo, "anh.jpg", kind="photos", token="w" * 24, by=by)
        return ""

    for act in (of_a_form, that_waited):
        assert len(at_once(app, act)) == AT_ONCE
    db.session.rollback()
    assert [len(found("f" * 24)) for found in (staged_photos, staged_recordings)] == [1, 1]
    assert len(staged_photos("w" * 24)) == 1

"""Faces found by a detector are suggestions drawn already; without one, or where it fails, the pages say that a person has to look."""
from __future__ import annotations

import io
import re
from typing import BinaryIO

import pytest
from flask import Flask
from PIL import Image, ImageDraw, ImageFilter

from casework.db import db, unit_of_work
from casework.files.local import LocalFileStore, StorageUnreachable
from casework.models import File, Photo, PhotoDetection
from casework.photos import faces as face_detection
from casework.photos.face_search import STORAGE_AWAY, TRIED_AGAIN_AFTER, claim_unsought, has_unsought
from casework.photos.records import photos_of_report, prepare_photo, stage_photo
from tests import build
from tests.web.desk import Office, step
from tests.with_photos import jpeg
from web.jobs import faces as face_jobs
from web.jobs.faces import seek_faces

needs_detector = pytest.mark.skipif(not face_detection.is_installed(), reason="the extra faces is not installed")

FACE = (280, 180, 340, 258)
"""Left, top, right, bottom of the face that is drawn, in pixels of a picture of 640 by 480."""


def drawn_face(*, turned: bool = False) -> bytes:
    """A picture with one face, drawn here: it shows that the decoder reads the model's answer right, not how often the model is."""
    picture = Image.new("RGB", (640, 480), (120, 150, 110))
    draw = ImageDraw.Draw(picture)
    left, top, right, bottom = FACE
    wide, tall = right - left, bottom - top

    def at(x: float, y: float) -> tuple[float, float]:
        return left + wide * x, top + tall * y

    draw.rectangle((left - 30, bottom + 4, right + 30, 480), fill=(50, 80, 140))
    draw.rectangle((*at(0.3, 0.8), *at(0.7, 1.15)), fill=(196, 148, 120))
    draw.ellipse((*at(-0.1, -0.12), *at(1.1, 0.75)), fill=(40, 25, 18))
    draw.ellipse((left, top, right, bottom), fill=(214, 165, 135))
    for eye in (0.3, 0.7):
        draw.ellipse((*at(eye - 0.1, 0.38), *at(eye + 0.1, 0.46)), fill=(250, 250, 250))
        draw.ellipse((*at(eye - 0.045, 0.385), *at(eye + 0.045, 0.46)), fill=(30, 20, 15))
        draw.arc((*at(eye - 0.14, 0.29), *at(eye + 0.14, 0.42)), 200, 340, fill=(40, 25, 18), width=4)
    draw.polygon([at(0.5, 0.45), at(0.43, 0.63), at(0.57, 0.63)], fill=(190, 138, 110))
    draw.ellipse((*at(0.33, 0.72), *at(0.67, 0.8)), fill=(165, 70, 70))
    picture = picture.filter(ImageFilter.GaussianBlur(3))
    target, exif = io.BytesIO(), Image.Exif()
    if turned:
        picture = picture.transpose(Image.Transpose.ROTATE_90)
        exif[0x0112] = 6
    picture.save(target, "JPEG", quality=92, exif=exif.tobytes())
    return target.getvalue()


def report_with(office: Office, *photos: bytes) -> build.Filed:
    store = LocalFileStore(office.app.config["FILES"])
    for data in photos:
        prepared = prepare_photo(data, "anh.jpg", store=store, max_bytes=10_000_000)
        with unit_of_work():
            stage_photo(prepared, token="scene", purpose="scene", by=office.world.actor("citizen"), now=build.NOON)
    return build.file_report(office.world, photos_token="scene")


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def test_without_a_detector_the_page_says_so_and_covers_nothing(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(face_detection, "find_spec", lambda name: None)
    filed = report_with(office, jpeg())
    assert not face_detection.is_installed()
    assert seek_faces(LocalFileStore(office.app.config["FILES"]), now=build.NOON) == 0
    page = office.get("operator", step(filed.case, "verify")).get_data(as_text=True)
    assert "Chưa có máy dò khuôn mặt xem ảnh này: xin tự che." in page
    assert re.search(r'name="cover-[^"]+" value=""', page)
    with pytest.raises(face_detection.DetectorMissing):
        face_detection.FaceDetector()


def test_each_photo_is_taken_once_the_newest_first_and_never_again(app: Flask) -> None:
    office = Office(app)
    first, second = report_with(office, jpeg("red")), report_with(office, jpeg("blue"))
    later = build.NOON + (office.moment - build.NOON)
    with unit_of_work():
        db.session.merge(photos_of_report(second.report)[0]).linked_at = later.replace(minute=30)
        [newest] = claim_unsought(now=later.replace(minute=40), most=1)
    assert newest.photo_id == photos_of_report(second.report)[0].id
    with unit_of_work():
        assert [each.photo_id for each in claim_unsought(now=later, most=5)] == [photos_of_report(first.report)[0].id]
    with unit_of_work():
        assert claim_unsought(now=later, most=5) == []


class Away(LocalFileStore):
    """Does not answer."""

    def open(self, stored_name: str, *, sealed: bool = False) -> BinaryIO:
        raise StorageUnreachable


class Detector:
    """Sees no face, or fails at whatever it is shown."""

    def __init__(self, error: Exception | None = None) -> None:
        self.error, self.shown = error, 0

    def faces_in(self, _data: bytes) -> list[face_detection.Face]:
        self.shown += 1
        if self.error is not None:
            raise self.error
        return []


@pytest.mark.on_both
def test_a_photo_is_looked_at_once_the_storage_is_back(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(app)
    report_with(office, jpeg("red"), jpeg("blue"))
    store, away, detector = LocalFileStore(app.config["FILES"]), Away(app.config["FILES"]), Detector()
    monkeypatch.setattr(face_jobs, "FaceDetector", lambda: detector)
    monkeypatch.setattr(face_jobs, "is_installed", lambda: True)
    now = office.moment
    for _ in range(4):
        assert seek_faces(away, now=now) == 2
        assert not has_unsought(now=now + TRIED_AGAIN_AFTER / 2), "it is not asked for all the time"
        now += TRIED_AGAIN_AFTER
    assert detector.shown == 0
    assert (seek_faces(store, now=now), detector.shown) == (2, 2)
    assert [row.error for row in db.session.query(PhotoDetection)] == [None, None]
    assert not has_unsought(now=now + 2 * TRIED_AGAIN_AFTER)


def test_a_picture_the_detector_fails_at_or_is_brought_down_by_is_not_tried_again(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    office = Office(app)
    report_with(office, jpeg("red"))
    store, later = LocalFileStore(app.config["FILES"]), office.moment + 2 * TRIED_AGAIN_AFTER
    monkeypatch.setattr(face_jobs, "is_installed", lambda: True)
    # as Pillow says that a picture is cut off: of the same kind as a disk that fails
    monkeypatch.setattr(face_jobs, "FaceDetector", lambda: Detector(OSError("truncated")))
    assert seek_faces(store, now=office.moment) == 1
    assert not has_unsought(now=later)
    report_with(office, jpeg("blue"))
    monkeypatch.setattr(face_jobs, "FaceDetector", Detector)
    assert seek_faces(Away(app.config["FILES"]), now=office.moment) == 1
    with unit_of_work():
        assert len(claim_unsought(now=later, most=5)) == 1
    assert not has_unsought(now=later + 2 * TRIED_AGAIN_AFTER), "its worker was killed this time"


@needs_detector
def test_a_face_is_found_where_it_is_also_in_a_photo_held_sideways() -> None:
    detector = face_detection.FaceDetector()
    for turned in (False, True):
        [face] = detector.faces_in(drawn_face(turned=turned))
        assert face.score > face_detection.LEAST_SCORE
        left, top, right, bottom = (at * side for at, side in zip(face[:4], (640, 480, 640, 480), strict=True))
        assert left < FACE[0] < FACE[2] < right
        assert top < FACE[1] < FACE[3] < bottom
        assert (right - left) * (bottom - top) < 3 * (FACE[2] - FACE[0]) * (FACE[3] - FACE[1])
    assert detector.faces_in(jpeg()) == []


@needs_detector
def test_the_worker_marks_faces_and_the_person_who_clears_finds_them_covered(office: Office) -> None:
    filed = report_with(office, drawn_face(), jpeg(), jpeg("blue"))
    store = LocalFileStore(office.app.config["FILES"])
    with_face, without, broken = photos_of_report(filed.report)
    original = next(file for file in broken.files if file.rendition == "original")
    store.delete(original.stored_name)
    assert seek_faces(store, now=office.moment) == 3
    assert seek_faces(store, now=office.moment) == 0
    rows = {row.photo_id: row for row in db.session.query(PhotoDetection)}
    assert [len(rows[photo.id].rectangles) for photo in (with_face, without, broken)] == [1, 0, 0]
    assert [rows[photo.id].error for photo in (with_face, without, broken)] == [None, None, STORAGE_AWAY]
    page = office.get("operator", step(filed.case, "verify")).get_data(as_text=True)
    assert "Máy dò đã đánh dấu 1 khuôn mặt" in page
    assert "Máy dò không thấy khuôn mặt nào" in page
    assert page.count("Chưa có máy dò khuôn mặt xem ảnh này") == 1
    cover = re.search(rf'name="cover-{with_face.ref}" value="([^"]+)"', page)
    assert cover
    # what was marked is a suggestion: taken away by the person it is not there, left it covers
    assert db.session.query(File).filter_by(audience="agencies").count() == 0
    assert db.session.query(Photo).filter(Photo.faces_sought_at.is_(None)).count() == 0

"""The pictures of a case file: which copy of each is printed, and how it is scaled."""

import io
from collections.abc import Iterator, Mapping

from PIL import Image
from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.casefile.matter import Matter
from casework.casefile.views import SeenPhoto
from casework.db import db
from casework.files.local import FileMissing, FileStore
from casework.models import Case, File, Photo
from casework.photos.records import copy_for, open_copy
from reports.case_file import Picture

AFTER, BEFORE = "kết quả xử lý", "hiện trường"

MOST_PICTURES = 120
"""Of one case; what its reports, answers and steps usually hold together is a tenth of it."""
LARGE, SMALL, MANY = 1000, 640, 14
"""The longer side of a printed picture in pixels, for few and for many pictures: 78 mm wide they have at least 200 dpi."""
QUALITY = 78


def printed_pictures(copies: Mapping[str, File], *, store: FileStore) -> Iterator[tuple[str, bytes]]:
    """The pictures scaled for print as JPEG, one after the other, so that only one is decoded at a time.

    Missing ones are left out; the file says so in their place.
    """
    longest = LARGE if len(copies) <= MANY else SMALL
    for name, copy in copies.items():
        try:
            with open_copy(copy, store=store) as opened:
                yield name, scaled(opened.read(), longest)
        except (FileMissing, OSError):
            continue


def scaled(data: bytes, longest: int) -> bytes:
    """A picture as JPEG whose longer side is at most `longest` pixels."""
    with Image.open(io.BytesIO(data)) as image:
        image.draft("RGB", (longest, longest))
        small = image.convert("RGB")
        small.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=3.0)
    target = io.BytesIO()
    small.save(target, "JPEG", quality=QUALITY, optimize=True)
    return target.getvalue()


def pictures_of(case: Case, matter: Matter) -> list[tuple[Picture, File]]:
    """Every picture of the case in its most redacted copy, in the order of the file."""
    wanted: list[tuple[SeenPhoto, str, bool]] = []
    for seen in matter.reports:
        wanted += [(photo, f"{BEFORE}, phản ánh {seen.report.code}", False) for photo in seen.photos]
    for row in sorted(case.assignments, key=lambda row: (row.round, not row.is_lead, row.id)):
        for answer in reversed(matter.answers[row.id]):
            words = f"{AFTER}, {row.agency.short_name.vi}, bản {answer.answer.version}"
            wanted += [(photo, words, True) for photo in answer.photos]
    for record in reversed(matter.dealings.records):
        wanted += [(photo, f"bước {record.label.vi}", True) for value in record.values for photo in value.photos]
    wanted = wanted[:MOST_PICTURES]
    query = select(Photo).where(Photo.ref.in_([photo.ref for photo, _words, _own in wanted])).options(joinedload(Photo.files))
    rows = {row.ref: row for row in db.session.scalars(query).unique()}
    found: list[tuple[Picture, File]] = []
    for seen_photo, words, is_agencys in wanted:
        audiences = ("public", "agencies", "centre") if is_agencys else ("public", "agencies")
        copies = (copy_for(rows[seen_photo.ref], audience, "view") for audience in audiences)
        copy = next((each for each in copies if each is not None), None)
        if copy is not None:
            name = f"{len(found) + 1:03}"
            found.append((Picture(name, copy.sha256, f"Ảnh {len(found) + 1}: {words}", seen_photo.at, copy.width, copy.height), copy))
    return found

"""Compares the files a form showed as kept with those that still are, since files that waited too long are swept
(casework.upkeep.unsent_files). A sender is told when one is missing."""

from flask import request

from casework.bilingual import Bilingual
from casework.photos.records import staged_photos
from casework.recordings.staging import KINDS, staged_recordings

KEPT_FILE = "kept_file"
"""A form field, once for each file shown: its kind (`photos`, `voice`, `video`), a colon, and its SHA-256 digest."""
PHOTOS = "photos"
MOST_NAMED = 20

_GONE = {
    "voice": Bilingual("Lời ghi âm đã hết hạn lưu tạm, vui lòng chọn lại.", "The voice note was kept too long: please choose it again."),
    "video": Bilingual("Video đã hết hạn lưu tạm, vui lòng chọn lại.", "The video was kept too long: please choose it again."),
}


def missing_files(token: str) -> list[Bilingual]:
    """A sentence for each file the submitted form showed as kept that is no longer there.

    Photos are named by their place on the page. A form has one recording of each kind, so a newer one replaces the one shown.
    """
    shown = request.form.getlist(KEPT_FILE)[:MOST_NAMED]
    if not shown:
        return []
    photos, kinds = {each.sha256 for each in staged_photos(token)}, {each.kind for each in staged_recordings(token)}
    gone, number = list[Bilingual](), 0
    for kind, _colon, digest in (each.partition(":") for each in shown):
        number += kind == PHOTOS
        if kind == PHOTOS and digest not in photos:
            gone.append(
                Bilingual(
                    f"Ảnh {number} đã hết hạn lưu tạm, vui lòng chọn lại.",
                    f"Photo {number} was kept too long: please choose it again.",
                )
            )
        elif kind in KINDS and kind not in kinds:
            gone.append(_GONE[kind])
    return gone

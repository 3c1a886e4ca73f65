"""The files a form shows as kept: it names them when it is sent, because what waited too long was swept (casework.upkeep.unsent_files), and
nothing a page shows may be missing from what it sends without a word."""

from flask import request

from casework.bilingual import Bilingual
from casework.photos.records import staged_photos
from casework.recordings.staging import KINDS, staged_recordings

KEPT_FILE = "kept_file"
"""Of a form, once for each file it shows: its kind (`photos`, `voice`, `video`), a colon, and its SHA-256 digest."""
PHOTOS = "photos"
MOST_NAMED = 20

_GONE = {
    "voice": Bilingual("Lời ghi âm đã hết hạn lưu tạm, vui lòng chọn lại.", "The voice note was kept too long: please choose it again."),
    "video": Bilingual("Video đã hết hạn lưu tạm, vui lòng chọn lại.", "The video was kept too long: please choose it again."),
}


def missing_files(token: str) -> list[Bilingual]:
    """A sentence for each file the form that was sent shows as kept and that is not kept any more.

    Photos are named by their place on the page. Of recordings a form has one of a kind, so a newer one replaces what was shown.
    """
    photos, kinds = {each.sha256 for each in staged_photos(token)}, {each.kind for each in staged_recordings(token)}
    gone, number = list[Bilingual](), 0
    for kind, _colon, digest in (each.partition(":") for each in request.form.getlist(KEPT_FILE)[:MOST_NAMED]):
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

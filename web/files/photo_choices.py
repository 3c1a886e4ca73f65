"""The choices about each photo of a step: whether it may be shown, and what is covered. Scripts draw the rectangles; without them the ticks
remain.

Where a detector has looked for faces, its rectangles are suggested, for a person to remove, move and complete.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from casework.files.local import FileStore
from casework.models import Photo, PhotoDetection
from casework.photos.face_search import found_in
from casework.photos.images import Rectangle, RectangleRefused
from casework.photos.records import PreparedCopies, copy_for, prepare_copies

MOST_RECTANGLES = 40
EVERYTHING = Rectangle(0.0, 0.0, 1.0, 1.0)
PUBLISHED = "public"
"""Examined as already published: more may be covered, never less."""

SHOWN, HIDDEN, COVER = "show-", "hide-", "cover-"
"""Prefixes of the field names; the photo's ref follows."""


@dataclass(frozen=True)
class PhotoChoice:
    """The choices for one photo. `cover` is as the script wrote it: "left,top,right,bottom;…" in fractions."""

    photo: Photo
    audience: str
    is_shown: bool
    is_hidden: bool
    cover: str
    caption: str = ""
    faces: int | None = None
    """How many faces a detector found; None where none has looked, or it failed."""

    @property
    def ref(self) -> str:
        return self.photo.ref

    @property
    def rectangles(self) -> list[Rectangle]:
        """The rectangles to cover. Raises RectangleRefused when the text is no list of rectangles."""
        return [EVERYTHING] if self.is_hidden else rectangles_in(self.cover)

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, in pixels, of the copy that is shown."""
        copy = copy_for(self.photo, self.audience, "view")
        return (copy.width, copy.height) if copy else (4, 3)


def choices_of(
    photos: Iterable[Photo],
    sent: Mapping[str, str] | None,
    *,
    audience: str = "centre",
    preset: bool = False,
    caption: str = "",
    found: Mapping[int, PhotoDetection] | None = None,
) -> list[PhotoChoice]:
    """The choices for some photos: as sent, or else with the detector's findings covered.

    `audience` selects the copy that is shown; `found` is the detectors' result if the caller has already read it.
    """
    photos = list(photos)
    found = found_in(photos) if found is None else found
    return [
        PhotoChoice(
            photo=photo,
            audience=audience,
            is_shown=preset if sent is None else f"{SHOWN}{photo.ref}" in sent,
            is_hidden=sent is not None and f"{HIDDEN}{photo.ref}" in sent,
            cover=_suggested(found.get(photo.id), audience) if sent is None else sent.get(f"{COVER}{photo.ref}", ""),
            caption=caption,
            faces=len(found[photo.id].rectangles) if photo.id in found else None,
        )
        for photo in photos
    ]


def shown_of(choices: Iterable[PhotoChoice]) -> list[tuple[str, str]]:
    """The field values of some choices: ticks that are set, and what is covered."""
    choices = list(choices)
    ticks = [(SHOWN, choice) for choice in choices if choice.is_shown] + [(HIDDEN, choice) for choice in choices if choice.is_hidden]
    return [*((f"{name}{choice.ref}", "yes") for name, choice in ticks), *((f"{COVER}{choice.ref}", choice.cover) for choice in choices)]


def shows_any(sent: Iterable[str]) -> bool:
    """Whether any photo may be shown by a form with these fields, so that copies of it will be made."""
    return any(name.startswith(SHOWN) for name in sent)


def rectangles_in(text: str) -> list[Rectangle]:
    """Read "left,top,right,bottom;…". Raises RectangleRefused for anything else and for more than MOST_RECTANGLES."""
    parts = [part for part in text.split(";") if part.strip()]
    if len(parts) > MOST_RECTANGLES:
        raise RectangleRefused
    try:
        corners = [tuple(float(number) for number in part.split(",")) for part in parts]
        found = [Rectangle(left, top, right, bottom) for left, top, right, bottom in corners]
    except ValueError:
        raise RectangleRefused from None
    for rectangle in found:
        if not (0 <= rectangle.left < rectangle.right <= 1 and 0 <= rectangle.top < rectangle.bottom <= 1):
            raise RectangleRefused
    return found


def _suggested(detection: PhotoDetection | None, audience: str) -> str:
    """A detector's rectangles as the script writes them; empty for a published photo, which a person has already examined."""
    if detection is None or audience == PUBLISHED:
        return ""
    return ";".join(",".join(f"{number:.4f}" for number in rectangle[:4]) for rectangle in detection.rectangles[:MOST_RECTANGLES])


def copies_of(choices: Iterable[PhotoChoice], *, audience: str, store: FileStore) -> tuple[tuple[Photo, PreparedCopies], ...]:
    """Make the copies of the photos that may be shown, before the unit of work. Raises RectangleRefused."""
    found = []
    for choice in choices:
        if choice.is_shown:
            source = copy_for(choice.photo, PUBLISHED, "view") if choice.audience == PUBLISHED else None
            found.append((choice.photo, prepare_copies(choice.photo, choice.rectangles, audience=audience, store=store, source=source)))
    return tuple(found)

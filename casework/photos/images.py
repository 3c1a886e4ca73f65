"""Accepting photos, reading their metadata, and making the copies without metadata, which alone are ever served.

The original is evidence: its bytes are kept unchanged, sealed. Everything else is drawn anew from its pixels, so that nothing in the file
(position, camera, owner, comments, an embedded preview) is carried over.
"""

import hashlib
import io
import math
import os
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import IO, Any, NamedTuple

from PIL import Image, ImageCms, ImageFile

from casework.errors import CaseworkError
from casework.photos.exif import SIDEWAYS, TURNS, CameraPosition, camera_notes, orientation, place_of, taken_at
from casework.photos.uploads import MAX_BYTES, PhotoRefused, damaged, opened, refuse_by_size, shown_name

__all__ = [
    "AcceptedPhoto",
    "PhotoRefused",
    "CameraPosition",
    "Rectangle",
    "RectangleRefused",
    "accept_photo",
    "cover",
    "thumb_of",
    "upright",
]

VIEW_SIZE = 1600
"""Longest side of the copy people look at, in pixels."""

ImageFile.MAXBLOCK = max(ImageFile.MAXBLOCK, 3 * VIEW_SIZE * VIEW_SIZE)
# a progressive JPEG is written in one piece: Pillow's own buffer is too small for pure noise

THUMB_SIZE = 400
"""Longest side of the copy in lists, in pixels."""

JPEG_QUALITY = 82
WEBP_QUALITY = 75

BLOCK, SPREAD = 8, 5
"""Pixels: a JPEG block, each stored by itself as long as colours are not subsampled, and how far scaling down spreads a pixel."""

PIXELATED_BLOCKS = 6
"""Blocks along the longer side of a pixelated rectangle: too few to reconstruct a face or number plate."""


class RectangleRefused(CaseworkError):
    def __init__(self) -> None:
        super().__init__(
            "Vùng cần che không nằm trong ảnh. Vui lòng vẽ lại.",
            "The area to cover does not lie in the picture. Please draw it again.",
        )


class Rectangle(NamedTuple):
    """A part of a picture, as fractions (0 to 1) of its width and height from the upper left corner."""

    left: float
    top: float
    right: float
    bottom: float
    pixelated: bool = False


@dataclass(frozen=True)
class AcceptedPhoto:
    """An accepted photo: the original to be sealed, its private facts, and the two copies to serve."""

    filename: str = field(repr=False)
    media_type: str
    original: bytes = field(repr=False)
    sha256: str
    width: int
    height: int
    taken_at: datetime | None = field(repr=False)
    place: CameraPosition | None = field(repr=False)
    view: bytes = field(repr=False)
    thumb: bytes = field(repr=False)

    def private_facts(self) -> dict[str, Any]:
        """Facts that may reveal the sender, ready for `seal_json`: name of the file, time and place it was taken."""
        return {
            "filename": self.filename,
            "taken_at": self.taken_at.isoformat() if self.taken_at else None,
            "place": list(self.place) if self.place else None,
        }


def accept_photo(data: bytes, filename: str, *, max_bytes: int = MAX_BYTES) -> AcceptedPhoto:
    """Check a file that someone sent and make the copies to serve: `view` (JPEG) and `thumb` (WebP).

    Raises PhotoRefused, with a sentence for the sender, if it is empty, larger than `max_bytes` or MAX_PIXELS, of
    another type than JPEG, PNG, WebP (HEIC where pillow-heif is installed), or damaged.
    """
    name = shown_name(filename)
    refuse_by_size(len(data), max_bytes, name)
    with opened(data, name) as image:
        exif = camera_notes(image)
        media_type = "image/jpeg" if image.format == "MPO" else Image.MIME[image.format or ""]
        width, height = image.size
        turned = orientation(exif) in SIDEWAYS
        picture = _clean_copy(image, exif, name)
    return AcceptedPhoto(
        filename=name,
        media_type=media_type,
        original=data,
        sha256=hashlib.sha256(data).hexdigest(),
        width=height if turned else width,
        height=width if turned else height,
        taken_at=taken_at(exif),
        place=place_of(exif),
        view=_jpeg(picture),
        thumb=_webp_thumb(picture),
    )


def cover(data: bytes, rectangles: Iterable[Rectangle]) -> bytes:
    """The picture as a `view` JPEG with these parts painted over or coarsely pixelated, for release to others.

    Painting over is the default: what is not in the file cannot be recovered from it. The result never has metadata. Make its thumb with
    `thumb_of`, since the old one still shows the covered parts. Raises RectangleRefused, PhotoRefused.
    """
    with opened(data, "photo") as image:
        picture = _clean_copy(image, camera_notes(image), "photo")
    for rectangle in rectangles:
        _cover_one(picture, rectangle)
    return _jpeg(picture)


def thumb_of(data: bytes) -> bytes:
    """The small WebP copy of a picture; raises PhotoRefused."""
    with opened(data, "photo") as image:
        return _webp_thumb(_clean_copy(image, camera_notes(image), "photo"))


def upright(data: bytes, *, longest: int) -> Image.Image:
    """The pixels of a photo as sent, upright, sRGB, no side longer than `longest`; raises PhotoRefused."""
    with opened(data, "photo") as image:
        return _clean_copy(image, camera_notes(image), "photo", longest=longest)


def size_of(data: bytes) -> tuple[int, int]:
    """Width and height in pixels of a picture this module accepted or made."""
    with Image.open(io.BytesIO(data)) as image:
        return image.size


# -- drawing the copies -------------------------------------------------------------------------------------------------


def _clean_copy(image: Image.Image, exif: Image.Exif, name: str, *, longest: int = VIEW_SIZE) -> Image.Image:
    """The pixels alone: upright, sRGB, no side over `longest`; raises PhotoRefused when they cannot be decoded."""
    try:
        profile = image.info.get("icc_profile")
        # The JPEG decoder can scale down while it reads, which saves most of the time for a large photo.
        image.draft(None, _fitted(image.size, longest))
        picture = _flattened(image)
        picture.thumbnail((longest, longest), Image.Resampling.LANCZOS, reducing_gap=2.0)
        picture = _in_srgb(picture, profile)
        turn = TURNS.get(orientation(exif))
        picture = picture if turn is None else picture.transpose(turn)
    except Exception:  # a forged body can raise anything in a decoder
        raise damaged(name) from None
    # Encoders copy what they find in `info` (a comment, a profile): a new image has none.
    clean = Image.new("RGB", picture.size)
    clean.paste(picture)
    return clean


def _fitted(size: tuple[int, int], longest: int) -> tuple[int, int]:
    scale = min(1.0, longest / max(size))
    return max(1, math.ceil(size[0] * scale)), max(1, math.ceil(size[1] * scale))


def _flattened(image: Image.Image) -> Image.Image:
    """One of the modes RGB, L, CMYK; transparent parts become white."""
    if image.mode in ("RGB", "L", "CMYK") and "transparency" not in image.info:
        image.load()
        return image
    if image.mode.startswith("I"):  # sixteen bits a pixel: Pillow would clip instead of scaling
        return image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    layered = image.convert("RGBA")
    white = Image.new("RGBA", layered.size, "white")
    return Image.alpha_composite(white, layered).convert("RGB")


def _in_srgb(picture: Image.Image, profile: bytes | None) -> Image.Image:
    """The colours converted by the profile, without the profile; a profile that does not fit is ignored."""
    if profile:
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(picture, source, ImageCms.createProfile("sRGB"), outputMode="RGB")
        except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
            converted = None
        if converted is not None:
            return converted
    return picture.convert("RGB")


def _cover_one(picture: Image.Image, rectangle: Rectangle) -> None:
    left, top, right, bottom = rectangle[:4]
    if not (0 <= left < right <= 1 and 0 <= top < bottom <= 1):
        raise RectangleRefused
    box = _box(picture.size, left, top, right, bottom)
    if not rectangle.pixelated:
        picture.paste((64, 64, 64), box)
        return
    part = picture.crop(box)
    blocks = part.resize(_fitted(part.size, PIXELATED_BLOCKS), Image.Resampling.BOX)
    picture.paste(blocks.resize(part.size, Image.Resampling.NEAREST), box)


def _box(size: tuple[int, int], left: float, top: float, right: float, bottom: float) -> tuple[int, int, int, int]:
    """The pixels to paint over: outwards to the blocks the picture was stored in.

    Making a photo smaller and storing it as JPEG spreads a little of every pixel over its neighbours, SPREAD pixels far and then over the
    whole block. Outside these borders nothing of the rectangle's content is left, however often the copy was stored before.
    """
    width, height = size
    starts = (math.floor((math.floor(at * side) - SPREAD) / BLOCK) * BLOCK for at, side in ((left, width), (top, height)))
    ends = (math.ceil((math.ceil(at * side) + SPREAD) / BLOCK) * BLOCK for at, side in ((right, width), (bottom, height)))
    (first_x, first_y), (last_x, last_y) = starts, ends
    return max(0, first_x), max(0, first_y), min(width, last_x), min(height, last_y)


def _jpeg(picture: Image.Image) -> bytes:
    with _file_in_memory() as target:
        picture.save(target, "JPEG", quality=JPEG_QUALITY, subsampling="4:4:4", progressive=True)
        target.seek(0)
        return target.read()


def _file_in_memory() -> IO[bytes]:
    """An in-memory file. On a system file the library writes without letting other requests run meanwhile."""
    return os.fdopen(os.memfd_create("photo"), "w+b") if hasattr(os, "memfd_create") else io.BytesIO()


def _webp_thumb(picture: Image.Image) -> bytes:
    target = io.BytesIO()
    small = picture.copy()
    small.thumbnail((THUMB_SIZE, THUMB_SIZE), Image.Resampling.LANCZOS, reducing_gap=2.0)
    small.save(target, "WEBP", quality=WEBP_QUALITY)
    return target.getvalue()

"""The metadata a camera wrote into a photo (EXIF): orientation, time and place. It may reveal the sender."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import Any, NamedTuple

from PIL import Image

CAMERA_OFFSET = "+07:00"
"""The zone of a camera's clock that states none: Vietnam has had UTC+7 without summer time since 1975."""

# Tags of Exif 2.32 (JEITA CP-3451), sections 4.6.4 to 4.6.6
_DATE_TIME, _EXIF_IFD, _GPS_IFD, _ORIENTATION = 0x0132, 0x8769, 0x8825, 0x0112
_ORIGINAL_TIME, _ORIGINAL_OFFSET = 0x9003, 0x9011

SIDEWAYS = (5, 6, 7, 8)
"""Orientations that swap width and height."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""The transformation that brings each orientation upright."""


class CameraPosition(NamedTuple):
    """The camera's position, in degrees (WGS 84)."""

    latitude: float
    longitude: float


def camera_notes(image: Image.Image) -> Image.Exif:
    """The metadata; empty when unreadable, because a photo with broken metadata is still a photo."""
    try:
        return image.getexif()
    except Exception:
        return Image.Exif()


def orientation(exif: Image.Exif) -> int:
    """The orientation, 1 to 8; 1 is upright, and the default."""
    value = exif.get(_ORIENTATION)
    return value if isinstance(value, int) else 1


def taken_at(exif: Image.Exif) -> datetime | None:
    """When the photo was taken, by the camera's clock, as a UTC instant; None if not readable."""
    try:
        details = exif.get_ifd(_EXIF_IFD)
        local = str(details.get(_ORIGINAL_TIME) or exif[_DATE_TIME]).strip("\0 ")
        offset = str(details.get(_ORIGINAL_OFFSET) or "").strip("\0 ") or CAMERA_OFFSET
        return datetime.strptime(f"{local} {offset}", "%Y:%m:%d %H:%M:%S %z").astimezone(UTC)
    except Exception:
        return None


def place_of(exif: Image.Exif) -> CameraPosition | None:
    """The camera's position; None if missing or nonsense (0, 0 is a receiver without a fix)."""
    try:
        gps = exif.get_ifd(_GPS_IFD)
        place = CameraPosition(_degrees(gps[2], gps[1], "S"), _degrees(gps[4], gps[3], "W"))
    except Exception:
        return None
    sensible = abs(place.latitude) <= 90 and abs(place.longitude) <= 180 and place != (0, 0)  # NaN compares false
    return place if sensible else None


def _degrees(parts: Iterable[Any], reference: str, negative: str) -> float:
    degrees, minutes, seconds = (float(part) for part in parts)
    value = degrees + minutes / 60 + seconds / 3600
    return round(-value if str(reference).strip("\0 ").upper() == negative else value, 6)

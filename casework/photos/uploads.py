"""Which files are accepted as photos: size, type and header are checked here before a pixel is decoded."""

import importlib
import io
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile

from casework.bilingual import Bilingual
from casework.errors import CaseworkError

MAX_BYTES = 15 * 1024 * 1024
"""Bytes of one photo, unless the caller sets another limit."""

MAX_PIXELS = 50_000_000
"""Pixels of one photo: more than any telephone in use here, while a few bytes can claim billions."""

MAX_SCANS = 100
"""Scans of one progressive JPEG: cameras write about ten, and each costs the decoder a pass over all pixels."""

_decoding = threading.BoundedSemaphore(2)
"""Two photos in memory at once: fifty million pixels are 200 MB, whatever the number of server threads."""


class PhotoRefused(CaseworkError):
    """The file cannot be accepted as a photo. The texts name the file: for its sender only, never for a log."""


def _heif_formats() -> tuple[str, ...]:
    """HEIC needs pillow-heif, an optional extra because its wheel bundles GPL code."""
    try:
        importlib.import_module("pillow_heif").register_heif_opener()
    except ImportError:
        return ()
    return ("HEIF",)


FORMATS = ("JPEG", "PNG", "WEBP", *_heif_formats())
"""The formats Pillow may read; it has dozens of other decoders that nobody here needs."""


def takes_heic() -> bool:
    """Whether iPhones' HEIC photos can be read."""
    return "HEIF" in FORMATS


def refuse_by_size(size: int, max_bytes: int, name: str) -> None:
    """Raise PhotoRefused for an empty file or one over the limit; both in bytes."""
    if size == 0:
        raise PhotoRefused(
            f"Tệp «{name}» rỗng (0 byte). Vui lòng chọn lại ảnh.",
            f"The file “{name}” is empty (0 bytes). Please choose the photo again.",
        )
    if size > max_bytes:
        weight, limit = f"{size / 2**20:.1f}", f"{max_bytes / 2**20:g}"
        raise PhotoRefused(
            f"Ảnh «{name}» nặng {weight.replace('.', ',')} MB, vượt mức {limit.replace('.', ',')} MB. Vui lòng gửi ảnh nhẹ hơn.",
            f"The photo “{name}” has {weight} MB, more than the {limit} MB allowed. Please send a smaller one.",
        )


@contextmanager
def opened(data: bytes, name: str) -> Iterator[Image.Image]:
    """The picture with its header read and size checked, pixels not yet decoded; at most two at a time."""
    with _decoding:
        # WeasyPrint, once imported, lets Pillow read broken pictures in the whole process, which would disable our own refusals
        ImageFile.LOAD_TRUNCATED_IMAGES = False
        try:
            image = Image.open(io.BytesIO(data), formats=FORMATS)
        except (Image.DecompressionBombError, Image.DecompressionBombWarning):
            raise _too_many_pixels(name) from None
        except Exception:  # a forged header can raise anything in a decoder
            raise _not_a_photo(data, name) from None
        with image:
            # Checked here and not by Pillow's warning turned into an error: warning filters belong to the whole
            # process and are not safe between threads.
            if image.width * image.height > MAX_PIXELS:
                raise _too_many_pixels(name)
            if image.format in ("JPEG", "MPO") and _scans(data) > MAX_SCANS:
                raise damaged(name)
            yield image


_MARKER = re.compile(rb"\xff[\x01-\xcf\xd8-\xfe]", re.DOTALL)
_START_OF_SCAN, _END_OF_IMAGE = 0xDA, 0xD9


def _scans(data: bytes) -> int:
    """The number of a JPEG's scans: a few megabytes can hold a hundred thousand empty ones."""
    scans, at = 0, 2
    while (found := _MARKER.search(data, at)) and (marker := data[found.start() + 1]) != _END_OF_IMAGE:
        scans += marker == _START_OF_SCAN
        at = found.end() + int.from_bytes(data[found.end() : found.end() + 2], "big")
    return scans


def _too_many_pixels(name: str) -> PhotoRefused:
    return PhotoRefused(
        f"Ảnh «{name}» có quá nhiều điểm ảnh (nhiều nhất {MAX_PIXELS // 1_000_000} triệu). Vui lòng giảm cỡ ảnh rồi gửi lại.",
        f"The photo “{name}” has too many pixels (at most {MAX_PIXELS // 1_000_000} million). Please make it smaller and send it again.",
    )


def damaged(name: str) -> PhotoRefused:
    return PhotoRefused(
        f"Ảnh «{name}» bị hỏng hoặc chưa tải lên trọn vẹn nên không đọc được. Vui lòng gửi lại.",
        f"The photo “{name}” is damaged or did not arrive whole and cannot be read. Please send it again.",
    )


_BY_FIRST_BYTES = (
    (b"GIF8", Bilingual("ảnh động GIF", "a GIF animation")),
    (b"MZ", Bilingual("chương trình máy tính", "a computer program")),
    (b"\x7fELF", Bilingual("chương trình máy tính", "a computer program")),
    (b"%PDF", Bilingual("tài liệu PDF", "a PDF document")),
    (b"PK\x03\x04", Bilingual("tệp nén hoặc tài liệu văn phòng", "an archive or office document")),
    (b"BM", Bilingual("ảnh BMP", "a BMP picture")),
    (b"II*\x00", Bilingual("ảnh TIFF", "a TIFF picture")),
    (b"MM\x00*", Bilingual("ảnh TIFF", "a TIFF picture")),
    (b"<", Bilingual("hình vẽ SVG hoặc trang web", "an SVG drawing or web page")),
)
_HEIC_BRANDS = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def _not_a_photo(data: bytes, name: str) -> PhotoRefused:
    """A refusal that says what the file is instead, judged by its bytes, because a name proves nothing."""
    heic = data[4:8] == b"ftyp" and data[8:12] in _HEIC_BRANDS
    if heic and not takes_heic():
        return PhotoRefused(
            f"Ảnh «{name}» có định dạng HEIC, hệ thống chưa đọc được. Trên iPhone: Cài đặt › Camera › Định dạng › Tương thích nhất, "
            "rồi chụp lại; hoặc gửi ảnh chụp màn hình.",
            f"The photo “{name}” is in HEIC format, which cannot be read here. On an iPhone: Settings › Camera › Formats › Most "
            "Compatible, then take it again; or send a screenshot of it.",
        )
    if heic or data.startswith((b"\xff\xd8\xff", b"\x89PNG")) or data[8:12] == b"WEBP":
        return damaged(name)
    kind = next((kind for start, kind in _BY_FIRST_BYTES if data.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(start)), None)
    if kind is None and data[4:8] == b"ftyp":
        kind = Bilingual("ảnh AVIF", "an AVIF picture") if data[8:12] in (b"avif", b"avis") else Bilingual("video", "a video")
    if kind is None:
        return PhotoRefused(
            f"Tệp «{name}» không phải là ảnh. Vui lòng gửi ảnh JPEG, PNG hoặc WebP.",
            f"The file “{name}” is not a photo. Please send a JPEG, PNG or WebP picture.",
        )
    return PhotoRefused(
        f"Tệp «{name}» là {kind.vi}, không nhận được. Vui lòng gửi ảnh JPEG, PNG hoặc WebP.",
        f"The file “{name}” is {kind.en}, which cannot be taken. Please send a JPEG, PNG or WebP picture.",
    )


def shown_name(filename: str) -> str:
    """The name without folders, control and direction characters, short enough for a sentence."""
    name = "".join(each for each in filename.replace("\\", "/").rpartition("/")[2] if each.isprintable()).strip()
    return (name if len(name) <= 60 else f"{name[:40]}…{name[-15:]}") or "photo"

"""Photos: what is taken, what is refused and how it is said, and that no copy tells who sent it."""

import contextlib
import hashlib
import io
import struct
import time
import zlib
from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms, PngImagePlugin

from casework.photos import uploads as photo_files
from casework.photos.images import CameraPosition, PhotoRefused, Rectangle, RectangleRefused, accept_photo, cover, thumb_of
from tests.whole import examples

CANARY = b"CANARY-K'BREST"
DA_SAR = CameraPosition(12.025, 108.536)


def picture(size: tuple[int, int] = (640, 480), mode: str = "RGB") -> Image.Image:
    """Smooth colours with a red upper left quarter, to see which way is up."""
    image = Image.linear_gradient("L").resize(size).convert("RGB")
    image.paste((200, 20, 20), (0, 0, size[0] // 2, size[1] // 2))
    return image.convert(mode)


def encoded(image: Image.Image, form: str = "JPEG", **how: object) -> bytes:
    target = io.BytesIO()
    image.save(target, form, **how)
    return target.getvalue()


def exif_with(orientation: int = 1, *, taken: str = "2026:03:02 10:15:30", offset: str | None = None) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010E] = CANARY.decode()
    exif[0x013B] = CANARY.decode()
    details = {0x9003: taken, 0x9286: b"ASCII\0\0\0" + CANARY, 0x927C: CANARY}
    if offset:
        details[0x9011] = offset
    exif.get_ifd(0x8769).update(details)
    exif.get_ifd(0x8825).update({1: "N", 2: (12.0, 1.0, 30.0), 3: "E", 4: (108.0, 32.0, 9.6)})
    return exif


def canary_profile() -> bytes:
    """An sRGB profile that carries the canary behind its tables."""
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes() + CANARY


def with_segment(jpeg: bytes, marker: int, payload: bytes) -> bytes:
    return jpeg[:2] + bytes([0xFF, marker]) + struct.pack(">H", len(payload) + 2) + payload + jpeg[2:]


def talkative_jpeg() -> bytes:
    preview = encoded(picture((160, 120)), comment=CANARY)
    jpeg = encoded(picture(), exif=exif_with(6).tobytes(), comment=CANARY, icc_profile=canary_profile())
    jpeg = with_segment(jpeg, 0xE1, b"http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>" + CANARY + b"</x:xmpmeta>")
    jpeg = with_segment(jpeg, 0xED, b"Photoshop 3.0\x008BIM\x04\x04\0\0\0\0\0\x14" + CANARY)
    return with_segment(jpeg, 0xE4, preview) + CANARY


def talkative_png() -> bytes:
    notes = PngImagePlugin.PngInfo()
    notes.add_text("Author", CANARY.decode())
    notes.add_text("Comment", CANARY.decode(), zip=True)
    notes.add_itxt("XML:com.adobe.xmp", CANARY.decode())
    notes.add(b"prVt", CANARY)
    return encoded(picture(), "PNG", pnginfo=notes, exif=exif_with().tobytes(), icc_profile=canary_profile()) + CANARY


def talkative_webp() -> bytes:
    return encoded(picture(), "WEBP", exif=exif_with().tobytes(), xmp=CANARY, icc_profile=canary_profile())


@pytest.mark.parametrize("make", [talkative_jpeg, talkative_png, talkative_webp])
def test_no_copy_says_what_the_original_says(make: Callable[[], bytes]) -> None:
    original = make()
    photo = accept_photo(original, "a.jpg")
    assert CANARY in original
    assert photo.original == original
    covered = cover(original, [Rectangle(0, 0, 0.1, 0.1)])
    for copy in (photo.view, photo.thumb, covered, thumb_of(original), thumb_of(covered)):
        assert CANARY not in copy
        shown = Image.open(io.BytesIO(copy))
        assert not set(shown.info) & {"exif", "icc_profile", "comment", "xmp", "photoshop", "XML:com.adobe.xmp", "dpi"}
        assert not shown.getexif()


def test_a_jpeg_copy_holds_nothing_but_a_picture() -> None:
    view = accept_photo(talkative_jpeg(), "a.jpg").view
    markers, at = [], 2
    while view[at + 1] != 0xDA:
        markers.append(view[at + 1])
        at += 2 + int.from_bytes(view[at + 2 : at + 4], "big")
    assert set(markers) <= {0xE0, 0xDB, 0xC2, 0xC4}  # JFIF, tables, frame: no other application segment, no comment


def test_the_original_is_kept_with_its_digest() -> None:
    original = talkative_jpeg()
    photo = accept_photo(original, "ảnh.jpg")
    assert photo.sha256 == hashlib.sha256(original).hexdigest()
    assert (photo.media_type, photo.filename) == ("image/jpeg", "ảnh.jpg")


@pytest.mark.parametrize("make", [talkative_jpeg, talkative_png, talkative_webp])
def test_time_and_place_are_read_for_the_sealed_part(make: Callable[[], bytes]) -> None:
    photo = accept_photo(make(), "a.jpg")
    assert photo.taken_at == datetime(2026, 3, 2, 3, 15, 30, tzinfo=UTC)
    assert photo.place == pytest.approx((12.025, 108.536))
    assert photo.private_facts() == {"filename": "a.jpg", "taken_at": "2026-03-02T03:15:30+00:00", "place": [12.025, 108.536]}
    assert "12.0" not in repr(photo)
    assert "a.jpg" not in repr(photo)


def test_a_camera_that_names_its_zone_is_believed() -> None:
    photo = accept_photo(encoded(picture(), exif=exif_with(offset="+09:00").tobytes()), "a.jpg")
    assert photo.taken_at == datetime(2026, 3, 2, 1, 15, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    "gps", [{}, {1: "N", 2: (0, 0, 0), 3: "E", 4: (0, 0, 0)}, {1: "N", 2: (95.0, 0, 0), 3: "E", 4: (1, 0, 0)}, {1: "N", 2: (1, 2)}]
)
def test_a_place_that_makes_no_sense_is_no_place(gps: dict[int, object]) -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update(gps)
    assert accept_photo(encoded(picture(), exif=exif.tobytes()), "a.jpg").place is None


@pytest.mark.parametrize("taken", ["0000:00:00 00:00:00", "yesterday", ""])
def test_a_time_that_makes_no_sense_is_no_time(taken: str) -> None:
    assert accept_photo(encoded(picture(), exif=exif_with(taken=taken).tobytes()), "a.jpg").taken_at is None


def test_south_and_west_are_negative() -> None:
    exif = Image.Exif()
    exif.get_ifd(0x8825).update({1: "S", 2: (33.0, 30.0, 0.0), 3: "W", 4: (70.0, 0.0, 36.0)})
    assert accept_photo(encoded(picture(), exif=exif.tobytes()), "a.jpg").place == CameraPosition(-33.5, -70.01)


@pytest.mark.filterwarnings("ignore:Corrupt EXIF data")
def test_broken_notes_of_a_camera_do_not_cost_the_photo() -> None:
    jpeg = with_segment(encoded(picture()), 0xE1, b"Exif\0\0II*\0\xff\xff\xff\x7f" + b"\xee" * 40)
    photo = accept_photo(jpeg, "a.jpg")
    assert (photo.place, photo.taken_at) == (None, None)


@pytest.mark.parametrize("orientation", range(1, 9))
def test_copies_stand_upright_however_the_camera_was_held(orientation: int) -> None:
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # Image.Transpose that undoes what the viewer will do
    upright = picture((640, 480))
    stored = upright.transpose(Image.Transpose(back[orientation])) if orientation > 1 else upright
    photo = accept_photo(encoded(stored, exif=exif_with(orientation).tobytes(), quality=95), "a.jpg")
    shown = Image.open(io.BytesIO(photo.view)).convert("RGB")
    assert shown.size == (photo.width, photo.height) == (640, 480)
    assert [shown.getpixel(at)[0] > 150 > 60 > shown.getpixel(at)[1] for at in ((40, 40), (600, 40), (40, 440), (600, 440))] == [
        True,
        False,
        False,
        False,
    ]


@pytest.mark.parametrize(
    ("size", "view", "thumb"),
    [((4000, 3000), (1600, 1200), (400, 300)), ((300, 200), (300, 200), (300, 200)), ((1, 3000), (1, 1600), (1, 400))],
)
def test_copies_are_made_smaller_and_never_larger(size: tuple[int, int], view: tuple[int, int], thumb: tuple[int, int]) -> None:
    photo = accept_photo(encoded(picture(size)), "a.jpg")
    assert (photo.width, photo.height) == size
    assert Image.open(io.BytesIO(photo.view)).size == view
    assert Image.open(io.BytesIO(photo.thumb)).size == thumb
    assert (Image.open(io.BytesIO(photo.view)).format, Image.open(io.BytesIO(photo.thumb)).format) == ("JPEG", "WEBP")


@pytest.mark.parametrize(
    ("mode", "form"),
    [
        ("L", "JPEG"),
        ("CMYK", "JPEG"),
        ("L", "PNG"),
        ("1", "PNG"),
        ("P", "PNG"),
        ("LA", "PNG"),
        ("RGBA", "PNG"),
        ("I;16", "PNG"),
        ("RGBA", "WEBP"),
    ],
)
def test_every_kind_of_pixel_is_taken(mode: str, form: str) -> None:
    image = Image.new("I;16", (64, 48), 30000) if mode == "I;16" else picture((64, 48), mode)
    shown = Image.open(io.BytesIO(accept_photo(encoded(image, form), "a").view))
    assert shown.mode == "RGB"
    if mode == "I;16":
        assert shown.getpixel((30, 30))[0] == pytest.approx(117, abs=2)


def test_what_was_transparent_becomes_white() -> None:
    see_through = encoded(Image.new("RGBA", (50, 50), (0, 0, 0, 0)), "PNG")
    keyed = encoded(Image.new("P", (50, 50), 0), "PNG", transparency=0)
    for data in (see_through, keyed):
        assert Image.open(io.BytesIO(accept_photo(data, "a.png").view)).getpixel((5, 5)) == (255, 255, 255)


def test_the_two_lens_files_of_some_phones_are_photos() -> None:
    data = encoded(picture(), "MPO", save_all=True, append_images=[picture((320, 240))])
    assert Image.open(io.BytesIO(data)).format == "MPO"
    assert accept_photo(data, "a.jpg").media_type == "image/jpeg"


def test_a_colour_profile_that_does_not_fit_is_passed_over() -> None:
    for profile in (b"not a profile", ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()):
        assert accept_photo(encoded(picture(), icc_profile=profile), "a.jpg").view


def test_colours_are_turned_to_srgb_before_the_profile_is_dropped() -> None:
    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    red, green = bytes(swapped).find(b"rXYZ"), bytes(swapped).find(b"gXYZ")
    swapped[red : red + 4], swapped[green : green + 4] = b"gXYZ", b"rXYZ"
    photo = accept_photo(encoded(Image.new("RGB", (64, 64), (230, 10, 10)), "PNG", icc_profile=bytes(swapped)), "a.png")
    shown = Image.open(io.BytesIO(photo.view)).getpixel((30, 30))
    assert shown[1] > 200 > 60 > shown[0]


def heic(brand: bytes = b"heic") -> bytes:
    return b"\0\0\0\x18ftyp" + brand + b"\0" * 60


@pytest.mark.parametrize(
    ("data", "vietnamese", "english"),
    [
        (b"", "rỗng", "empty"),
        (b"GIF89a" + b"\0" * 50, "GIF", "GIF"),
        (encoded(picture((20, 20)), "GIF"), "GIF", "GIF"),
        (b"MZ\x90\0" + b"\0" * 300, "chương trình", "program"),
        (b"\x7fELF" + b"\0" * 300, "chương trình", "program"),
        (b'<?xml version="1.0"?><svg onload="alert(1)"/>', "SVG", "SVG"),
        (b"\xef\xbb\xbf\n <svg/>", "SVG", "SVG"),
        (b"%PDF-1.7 ...", "PDF", "PDF"),
        (b"PK\x03\x04" + b"\0" * 50, "tài liệu văn phòng", "archive"),
        (encoded(picture((20, 20)), "BMP"), "BMP", "BMP"),
        (encoded(picture((20, 20)), "TIFF"), "TIFF", "TIFF"),
        (heic(b"isom"), "video", "video"),
        (heic(b"avif"), "AVIF", "AVIF"),
        (b"hello", "không phải là ảnh", "not a photo"),
        (b"\xff\xd8\xff" + b"\0" * 30, "hỏng", "damaged"),
        (b"\x89PNG\r\n\x1a\n" + b"\0" * 30, "hỏng", "damaged"),
        (encoded(picture())[:4000], "hỏng", "damaged"),
        (encoded(picture())[:200], "hỏng", "damaged"),
        (encoded(picture(), "PNG")[:900], "hỏng", "damaged"),
        (encoded(picture(), "WEBP")[:-300], "hỏng", "damaged"),
    ],
)
def test_what_is_not_a_whole_photo_is_refused_with_a_sentence(data: bytes, vietnamese: str, english: str) -> None:
    with pytest.raises(PhotoRefused) as refusal:
        accept_photo(data, "IMG_0001.jpg")
    assert vietnamese in refusal.value.vi
    assert english in refusal.value.en
    assert "IMG_0001.jpg" in refusal.value.vi
    assert "IMG_0001.jpg" in refusal.value.en


@pytest.mark.skipif("HEIF" in photo_files.FORMATS, reason="pillow-heif is installed")
def test_heic_is_refused_with_advice_where_it_cannot_be_read() -> None:
    with pytest.raises(PhotoRefused) as refusal:
        accept_photo(heic(), "IMG_0001.HEIC")
    assert "Tương thích nhất" in refusal.value.vi
    assert "Most Compatible" in refusal.value.en


def test_a_photo_over_the_size_limit_is_refused_with_both_numbers() -> None:
    with pytest.raises(PhotoRefused) as refusal:
        accept_photo(b"\xff" * (3 * 2**20 + 2**19), "to.jpg", max_bytes=3 * 2**20)
    assert "3,5 MB" in refusal.value.vi
    assert "3.5 MB" in refusal.value.en


def bomb(width: int, height: int) -> bytes:
    """A one-bit PNG of a few kilobytes."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))

    rows = zlib.compressobj(9)
    row = bytes(1 + (width + 7) // 8)
    body = b"".join(rows.compress(row) for _ in range(height)) + rows.flush()
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0))
        + chunk(b"IDAT", body)
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(("width", "height"), [(8000, 8000), (10000, 10000), (20000, 20000)])
def test_a_picture_that_would_fill_the_memory_is_refused_at_once(width: int, height: int) -> None:
    data = bomb(width, height)
    assert len(data) < 100_000
    began = time.thread_time()
    with pytest.raises(PhotoRefused, match="too many pixels"):
        accept_photo(data, "a.png")
    assert time.thread_time() - began < 0.2


def test_a_png_whose_texts_would_fill_the_memory_is_refused_at_once() -> None:
    png = encoded(picture((20, 20)), "PNG")
    body = b"Comment\0\0" + zlib.compress(bytes(30_000_000), 9)
    text = struct.pack(">I", len(body)) + b"zTXt" + body + struct.pack(">I", zlib.crc32(b"zTXt" + body))
    with pytest.raises(PhotoRefused):
        accept_photo(png[:33] + text + png[33:], "a.png")


def test_a_jpeg_that_would_keep_the_decoder_busy_is_refused_at_once() -> None:
    jpeg = encoded(picture((3000, 3000)), progressive=True)
    last = jpeg.rindex(b"\xff\xda")
    with pytest.raises(PhotoRefused):
        accept_photo(jpeg[:-2] + jpeg[last:-2] * 200 + jpeg[-2:], "a.jpg")


def test_scans_are_counted_in_the_picture_and_not_in_what_is_attached() -> None:
    assert photo_files._scans(encoded(picture())) == 1
    progressive = encoded(picture(), progressive=True)
    assert 5 < photo_files._scans(progressive) < 15
    noisy = with_segment(progressive, 0xE1, b"\xff\xda" * 500) + b"\xff\xda" * 500
    assert photo_files._scans(noisy) == photo_files._scans(progressive)
    assert accept_photo(noisy, "a.jpg").view


@settings(max_examples=examples(150), deadline=None)
@given(st.sampled_from(["JPEG", "PNG", "WEBP"]), st.data())
def test_a_spoilt_file_is_taken_or_refused_but_never_crashes(form: str, data: st.DataObject) -> None:
    blob = bytearray(encoded(picture((60, 40)), form))
    for _ in range(data.draw(st.integers(1, 6))):
        blob[data.draw(st.integers(0, len(blob) - 1))] = data.draw(st.integers(0, 255))
    with contextlib.suppress(PhotoRefused):
        accept_photo(bytes(blob[: data.draw(st.integers(0, len(blob)))]), "a.jpg")


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("../../etc/passwd", "passwd"),
        ("C:\\Users\\an\\ổ gà.jpg", "ổ gà.jpg"),
        ("a\u202egpj.exe\n\0", "agpj.exe"),
        ("", "photo"),
        ("x" * 300 + ".jpg", "x" * 40 + "…" + "x" * 11 + ".jpg"),
    ],
)
def test_a_file_name_is_shown_without_tricks(sent: str, shown: str) -> None:
    assert accept_photo(encoded(picture((20, 20))), sent).filename == shown


@pytest.mark.exhaustive
def test_twelve_megapixels_take_at_most_a_second_and_a_half() -> None:
    noise = Image.effect_noise((1000, 750), 60).resize((4000, 3000)).convert("RGB")
    data = encoded(noise, quality=90)
    times = []
    for _ in range(3):
        began = time.thread_time()
        accept_photo(data, "a.jpg")
        times.append(time.thread_time() - began)
    assert min(times) < 1.5


def test_a_covered_part_is_gone_and_the_rest_stays() -> None:
    view = accept_photo(encoded(picture((800, 600))), "a.jpg").view
    covered = Image.open(io.BytesIO(cover(view, [Rectangle(0.1, 0.1, 0.3, 0.3)]))).convert("RGB")
    assert covered.size == (800, 600)
    assert all(abs(value - 64) < 12 for at in ((100, 80), (160, 120), (230, 170)) for value in covered.getpixel(at))
    assert covered.getpixel((40, 40))[0] > 150


def test_nothing_of_what_is_covered_is_left_in_the_file_even_beside_it() -> None:
    place = Image.effect_noise((2000, 1500), 60).convert("RGB")
    made = []
    for face in (Image.new("RGB", (401, 303), "white"), Image.effect_noise((401, 303), 120).convert("RGB")):
        place.paste(face, (777, 555))
        for_agencies = cover(accept_photo(encoded(place, "PNG"), "a.png").view, [])
        covered = cover(for_agencies, [Rectangle(777 / 2000, 555 / 1500, 1178 / 2000, 858 / 1500)])
        made.append((for_agencies, covered, thumb_of(covered)))
    first, second = made
    assert first[0] != second[0]
    assert first[1:] == second[1:]


def test_a_pixelated_part_keeps_only_a_few_colours() -> None:
    noise = Image.effect_noise((800, 600), 100).convert("RGB")
    covered = Image.open(io.BytesIO(cover(encoded(noise, "PNG"), [Rectangle(0.25, 0.25, 0.75, 0.5, pixelated=True)]))).convert("L")
    part = covered.crop((200, 150, 600, 300))
    blocks = [part.crop((x + 8, y + 8, x + 58, y + 42)).getextrema() for x in range(0, 396, 66) for y in range(0, 150, 50)]
    assert all(high - low < 24 for low, high in blocks)
    low, high = covered.crop((0, 0, 190, 140)).getextrema()
    assert high - low > 150


@settings(max_examples=examples(40), deadline=None)
@given(st.floats(0, 0.99), st.floats(0, 0.99), st.floats(0.001, 1), st.floats(0.001, 1), st.booleans())
def test_any_rectangle_inside_the_picture_can_be_covered(left: float, top: float, width: float, height: float, pixelated: bool) -> None:
    view = encoded(picture((97, 61)))
    assert cover(view, [Rectangle(left, top, min(1.0, left + width), min(1.0, top + height), pixelated)])


@pytest.mark.parametrize(
    "corners", [(-0.1, 0, 1, 1), (0, 0, 1.01, 1), (0.5, 0, 0.5, 1), (0, 0.6, 1, 0.5), (float("nan"), 0, 1, 1), (0, 0, float("inf"), 1)]
)
def test_a_rectangle_outside_the_picture_is_refused(corners: tuple[float, float, float, float]) -> None:
    with pytest.raises(RectangleRefused) as refusal:
        cover(encoded(picture((50, 50))), [Rectangle(*corners)])
    assert refusal.value.vi != refusal.value.en

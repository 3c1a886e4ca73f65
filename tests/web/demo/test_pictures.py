"""The demonstration's pictures: the same for the same seed, an after beside every before, and real photos to the rules."""

import io
import subprocess
import sys
from hashlib import sha256

import pytest
from PIL import Image, ImageChops

from casework.photos.images import accept_photo
from web.demo.pictures import KINDS, draw_demo_photo


@pytest.mark.exhaustive(but=6)
@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_has_a_before_and_an_after_of_the_same_place(kind: str) -> None:
    before, after = (Image.open(io.BytesIO(draw_demo_photo(7, kind, after=each))) for each in (False, True))
    assert before.size == after.size == (1280, 960)
    difference = ImageChops.difference(before, after).convert("L").point(lambda value: 255 if value > 40 else 0)
    changed = sum(difference.histogram()[255:]) / (1280 * 960)
    assert 0.001 < changed < 0.6


@pytest.mark.exhaustive
def test_the_same_seed_draws_the_same_picture_in_every_process() -> None:
    code = "import sys; from web.demo.pictures import draw_demo_photo; sys.stdout.buffer.write(draw_demo_photo(3, 'smoke'))"
    elsewhere = subprocess.run([sys.executable, "-c", code], capture_output=True, check=True).stdout
    assert sha256(elsewhere).digest() == sha256(draw_demo_photo(3, "smoke")).digest()
    assert draw_demo_photo(4, "smoke") != elsewhere


def test_a_label_is_drawn_in_the_corner_without_accents() -> None:
    plain, labelled, folded = (draw_demo_photo(1, "pothole", label) for label in (None, "Đạ Sar", "Da Sar"))
    assert labelled == folded != plain


def test_a_demo_picture_is_accepted_like_any_photo() -> None:
    photo = accept_photo(draw_demo_photo(1, "trash"), "rac.jpg")
    assert (photo.width, photo.height, photo.taken_at, photo.place) == (1280, 960, None, None)


def test_an_unknown_kind_is_named() -> None:
    with pytest.raises(ValueError, match="volcano"):
        draw_demo_photo(1, "volcano")

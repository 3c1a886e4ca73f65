"""The picture a case is shared as: names are told whole, in two lines where one is too short."""
from __future__ import annotations

import io
from dataclasses import replace

from PIL import Image, ImageChops

from reports.share_card import HEIGHT, MARGIN, PHOTO_WIDTH, WIDTH, Card, _font, cut_lines, draw_card

BESIDE_A_PHOTO = WIDTH - PHOTO_WIDTH - 44 - MARGIN
CENTRE = "Trung tâm Giám sát, điều hành thông minh xã Lạc Dương"
CARD = Card("Rác đổ ven suối", "Thôn Păng Tiêng, xã Lát", "Đang xử lý", "Còn 3 ngày", "", "LD-2026-000062", CENTRE)


def test_a_name_of_two_lines_keeps_every_word() -> None:
    font = _font("Bold", 28)
    assert cut_lines("Trung tâm Lạc Dương", font, BESIDE_A_PHOTO) == ["Trung tâm Lạc Dương"]
    lines = cut_lines(CENTRE, font, BESIDE_A_PHOTO)
    assert (len(lines), " ".join(lines)) == (2, CENTRE)
    assert all(font.getlength(line) <= BESIDE_A_PHOTO for line in lines)


def test_only_what_does_not_fit_in_two_lines_is_cut() -> None:
    font = _font("Bold", 28)
    first, second = cut_lines(f"{CENTRE}, thuộc Ủy ban nhân dân xã Lạc Dương, tỉnh Lâm Đồng", font, BESIDE_A_PHOTO)
    assert second.endswith("…")
    assert CENTRE.removeprefix(first).strip() in second, "as much as fits stands there"
    assert font.getlength(second) <= BESIDE_A_PHOTO


def test_both_lines_of_centre_and_place_are_on_the_card() -> None:
    """Each line is looked for where it is drawn, by what changes when it says something else."""
    whole = drawn(CARD)
    place = "Tổ dân phố Bon Đưng 1, phường Langbiang - Đà Lạt (nay: xã Lạc Dương)"
    for name, words in (("sender", CENTRE), ("place", place)):
        one, other = (drawn(replace(CARD, **{name: each})) for each in (words, f"{words[:-3]}nơi"))
        # where one colour more stands, all others are a little different
        changed = ImageChops.difference(one, other).convert("L").point(lambda value: 255 * (value > 100)).getbbox()
        assert changed is not None, "the last word is not on it"
        assert 0 <= changed[1] < changed[3] <= HEIGHT - 166, "and over nothing that stands below"
    assert whole.size == (WIDTH, HEIGHT)


def drawn(card: Card) -> Image.Image:
    photo = io.BytesIO()
    Image.new("RGB", (800, 600), "olive").save(photo, "JPEG")
    with Image.open(io.BytesIO(draw_card(card, photo.getvalue()))) as picture:
        return picture.convert("RGB")

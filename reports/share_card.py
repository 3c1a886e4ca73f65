"""The preview picture of a case for shared links, and its QR code: public words and photos only."""

import io
from dataclasses import asdict, dataclass
from functools import cache, lru_cache
from hashlib import sha256
from importlib import resources

from PIL import Image, ImageDraw, ImageFont, ImageOps

WIDTH, HEIGHT = 1200, 630
MARGIN = 64
PHOTO_WIDTH = 480
PINE, PINE_50, INK, INK_2, AMBER, RED, WHITE = "#123B2C", "#EEF5F1", "#14231C", "#4A5B53", "#8A5A00", "#B42318", "#FFFFFF"
TONES = {"late": RED, "missed": RED, "soon": AMBER}
MOST_TITLE_LINES = 4
COLOURS = 192
"""With this many colours a picture takes a quarter of the bytes; next to a photo nobody notices."""
DRAWING = 2
"""The version of the drawing: raising it redraws every card."""


@dataclass(frozen=True, slots=True)
class Card:
    """The content of a card, in the reader's language. `photo` is the digest of the photo on it, if any."""

    title: str
    place: str
    state: str
    due: str
    due_tone: str
    code: str
    sender: str
    photo: str = ""

    @property
    def digest(self) -> str:
        """A name for exactly this picture."""
        return sha256(repr((DRAWING, sorted(asdict(self).items()))).encode()).hexdigest()[:20]


def draw_card(card: Card, photo: bytes | None = None) -> bytes:
    """The card as PNG. An unreadable photo is left out."""
    picture = Image.new("RGB", (WIDTH, HEIGHT), WHITE)
    draw = ImageDraw.Draw(picture)
    right = WIDTH - MARGIN
    if photo is not None and (beside := _photo(photo)) is not None:
        picture.paste(beside, (WIDTH - PHOTO_WIDTH, 0))
        right = WIDTH - PHOTO_WIDTH - 44
    width = right - MARGIN
    draw.rectangle((0, 0, 20, HEIGHT), fill=PINE)
    _few_lines(draw, card.sender, _font("Bold", 28), width, top=52, colour=PINE, rises=True)
    lines, size = _title(card.title, width)
    top = 124
    for line in lines:
        draw.text((MARGIN, top), line, font=_font("Bold", size), fill=INK)
        top += round(size * 1.36)
    _few_lines(draw, card.place, _font("Regular", 30), width, top=top + 12, colour=INK_2)
    _state(draw, card, width)
    draw.text((MARGIN, HEIGHT - 72), card.code, font=_font("Regular", 26), fill=INK_2)
    file = io.BytesIO()
    picture.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.FLOYDSTEINBERG).save(file, "PNG", compress_level=6)
    return file.getvalue()


@lru_cache(maxsize=1024)
def address_code(address: str) -> str:
    """The QR code of an address as an inline SVG element, without size or style.

    Readers accept any of the eight masks; searching for the best one takes six times as long as everything else.
    """
    import segno  # late: docs/architecture.md

    return segno.make(address, error="m", micro=False, mask=0).svg_inline(border=4, svgclass="qr", lineclass=None, omitsize=True)


def _few_lines(
    draw: ImageDraw.ImageDraw, words: str, font: ImageFont.FreeTypeFont, width: int, *, top: int, colour: str, rises: bool = False
) -> None:  # fmt: skip
    """Names in one or two lines, since a name cut to one could be somebody else's. With `rises`, two lines begin higher and end where one
    does."""
    lines = cut_lines(words, font, width)
    high = round(font.size * 1.3)
    for number, line in enumerate(lines):
        draw.text((MARGIN, top + high * (number - (len(lines) - 1) * rises)), line, font=font, fill=colour)


def cut_lines(words: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    """At most two lines; only what does not fit in the two is cut."""
    lines = _lines(words, font, width)
    return lines if len(lines) <= 2 else [lines[0], _fitting(" ".join(lines[1:]), font, width)]


def _state(draw: ImageDraw.ImageDraw, card: Card, width: int) -> None:
    """State and due date, each in a box of its own."""
    left, font = MARGIN, _font("Bold", 30)
    for words, colour in ((card.state, PINE), (card.due, TONES.get(card.due_tone, INK))):
        if not words:
            continue
        length = round(font.getlength(words)) + 44
        if left + length > MARGIN + width:
            return
        draw.rounded_rectangle((left, HEIGHT - 166, left + length, HEIGHT - 104), radius=12, fill=PINE_50)
        draw.text((left + 22, HEIGHT - 155), words, font=font, fill=colour)
        left += length + 16


def _title(words: str, width: int) -> tuple[list[str], int]:
    """The title in the largest size that fits; if none fits, it is cut."""
    for size in (54, 46, 40):
        lines = _lines(words, _font("Bold", size), width)
        if len(lines) <= MOST_TITLE_LINES - (size > 46):
            return lines, size
    cut = [*lines[: MOST_TITLE_LINES - 1], " ".join(lines[MOST_TITLE_LINES - 1 :])]
    return [_fitting(line, _font("Bold", 40), width) for line in cut], 40


def _lines(words: str, font: ImageFont.FreeTypeFont, width: int) -> list[str]:
    lines = [""]
    for word in words.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and font.getlength(longer) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return [_fitting(line, font, width) for line in lines]


def _fitting(words: str, font: ImageFont.FreeTypeFont, width: int) -> str:
    if font.getlength(words) <= width:
        return words
    while words and font.getlength(words + "…") > width:
        words = words[:-1]
    return words.rstrip() + "…"


def _photo(data: bytes) -> Image.Image | None:
    try:
        with Image.open(io.BytesIO(data)) as opened:
            opened.draft("RGB", (PHOTO_WIDTH * 2, HEIGHT * 2))
            return ImageOps.fit(opened.convert("RGB"), (PHOTO_WIDTH, HEIGHT))
    except (OSError, Image.DecompressionBombError):
        return None


@cache
def _font(weight: str, size: int) -> ImageFont.FreeTypeFont:
    data = (resources.files("reports") / "fonts" / f"BeVietnamPro-{weight}.ttf").read_bytes()
    return ImageFont.truetype(io.BytesIO(data), size, layout_engine=ImageFont.Layout.BASIC)

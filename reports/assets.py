"""What documents are printed with: typefaces, pictures, and attached files.

Typefaces are whole TrueType files: from the web's woff2 subsets WeasyPrint makes one font with mixed glyphs.
"""

import io
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources

Assets = Mapping[str, tuple[str, bytes]]
"""Media type and bytes by name."""

FONT_FILES = (
    "BeVietnamPro-Regular.ttf", "BeVietnamPro-Bold.ttf", "BeVietnamPro-Italic.ttf",
    "LiberationSerif-Regular.ttf", "LiberationSerif-Bold.ttf", "LiberationSerif-Italic.ttf", "LiberationSerif-BoldItalic.ttf",
)  # fmt: skip
FONT_FACES = """
@font-face { font-family: "Be Vietnam Pro"; src: url("app:///fonts/BeVietnamPro-Regular.ttf"); }
@font-face { font-family: "Be Vietnam Pro"; src: url("app:///fonts/BeVietnamPro-Bold.ttf"); font-weight: 700; }
@font-face { font-family: "Be Vietnam Pro"; src: url("app:///fonts/BeVietnamPro-Italic.ttf"); font-style: italic; }
"""

SERIF_FACES = """
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-Regular.ttf"); }
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-Bold.ttf"); font-weight: 700; }
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-Italic.ttf"); font-style: italic; }
@font-face { font-family: "Liberation Serif"; src: url("app:///fonts/LiberationSerif-BoldItalic.ttf"); font-weight: 700;
font-style: italic; }
"""
"""For official letters: metrically compatible with Times New Roman, which NĐ 30/2020 requires but which may not be redistributed."""

FAMILIES = {"Be Vietnam Pro": FONT_FILES[0], "Liberation Serif": FONT_FILES[3]}
"""One file of each family; all of a family have the same characters."""


@dataclass(frozen=True, slots=True)
class Attachment:
    """A file inside the PDF: the data the document was made of, for machines to read (PDF/A-3, relationship Data)."""

    name: str
    content: bytes
    description: str = ""


@cache
def characters(families: tuple[str, ...]) -> frozenset[int]:
    from fontTools.ttLib import TTFont  # late: docs/architecture.md

    each = [frozenset(TTFont(io.BytesIO(font_assets()[f"fonts/{FAMILIES[name]}"][1]), lazy=True).getBestCmap()) for name in families]
    return frozenset.intersection(*each)


@cache
def font_assets() -> Assets:
    """The typefaces, under the names used in FONT_FACES and SERIF_FACES."""
    folder = resources.files("reports") / "fonts"
    return {f"fonts/{name}": ("font/ttf", (folder / name).read_bytes()) for name in FONT_FILES}

"""Kept pictures of every sample: what a change of a template or stylesheet does to a page is seen, and said yes to by a person.

`.venv/bin/python -m tests.reports.pictures --renew [PART OF A NAME ...]` makes those anew that are other than before (all without a
name) and puts a sheet "before | after | what differs" of each into var/pictures/. Look at every sheet before you commit.
"""
from __future__ import annotations

import re
import subprocess
import sys
import unicodedata
from pathlib import Path
from tempfile import TemporaryDirectory

from PIL import Image, ImageChops

KEPT = Path(__file__).parent / "pictures"
SHEETS = Path(__file__).parent.parent.parent / "var" / "pictures"
RESOLUTION = 50
MOST_PAGES = 3
"""Pages of one document that are kept: the first two and the last."""
SHADES = 16
OTHER = 64
"""How much darker or lighter a point must be to count; edges of letters differ a little from one poppler to the next."""
TOLERATED = 0.0015
"""Share of the points of a page that may: less than one word of a letter."""


def slug(name: str) -> str:
    """The name of a sample as part of a file's name."""
    plain = unicodedata.normalize("NFKD", name.lower()).encode("ascii", "ignore").decode()
    return re.sub(r"[^a-z0-9]+", "-", plain).strip("-")


def pictures_of(path: Path, pages: int) -> dict[int, Image.Image]:
    """The pages of a PDF that are kept, by their number, in shades of grey."""
    wanted = sorted({1, min(2, pages), pages})
    found = {}
    with TemporaryDirectory() as folder:
        for first, last in ((1, min(2, pages)), *([(pages, pages)] if pages > 2 else [])):
            pages_wanted = ["-f", str(first), "-l", str(last)]
            subprocess.run(["pdftoppm", "-r", str(RESOLUTION), "-gray", *pages_wanted, path, f"{folder}/page"], check=True)
        for each in Path(folder).iterdir():
            number = int(each.stem.rpartition("-")[2])
            if number in wanted:
                with Image.open(each) as image:
                    found[number] = image.convert("L").copy()
    return found


def kept(name: str, page: int) -> Path:
    """Where the picture of a page is kept."""
    return KEPT / f"{slug(name)}-{page}.png"


def is_alike(image: Image.Image, path: Path) -> bool:
    """Whether a page looks as its kept picture does."""
    if not path.exists():
        return False
    with Image.open(path) as before:
        if before.size != image.size:
            return False
        other = ImageChops.difference(before.convert("L"), image).point(lambda shade: 255 if shade > OTHER else 0)
        return other.histogram()[255] <= TOLERATED * image.width * image.height


def keep(image: Image.Image, path: Path) -> None:
    """Keep a picture, small: sixteen shades are enough to compare by."""
    path.parent.mkdir(exist_ok=True)
    image.quantize(SHADES).save(path, optimize=True)


def sheet(image: Image.Image, path: Path) -> Path:
    """Before, after and the difference beside each other, for a person."""
    SHEETS.mkdir(parents=True, exist_ok=True)
    before = Image.new("L", image.size, 200)
    if path.exists():
        with Image.open(path) as old:
            before = old.convert("L")
    size = (max(before.width, image.width), max(before.height, image.height))
    whole = Image.new("L", (3 * size[0] + 20, size[1]), 128)
    whole.paste(before, (0, 0))
    whole.paste(image, (size[0] + 10, 0))
    if before.size == image.size:
        whole.paste(ImageChops.invert(ImageChops.difference(before, image)), (2 * size[0] + 20, 0))
    whole.save(SHEETS / path.name)
    return SHEETS / path.name


def renew(parts: list[str]) -> int:
    """Make the pictures of the samples named anew where they differ, and throw away those of samples that are no more."""
    import io

    import pypdf

    from tests.reports.samples import SAMPLES, pdf_of

    wanted = set()
    with TemporaryDirectory() as folder:
        for name in SAMPLES:
            file = Path(folder) / "sample.pdf"
            if parts and not any(part in name or part in slug(name) for part in parts):
                continue
            file.write_bytes(pdf_of(name))
            for page, image in pictures_of(file, len(pypdf.PdfReader(io.BytesIO(pdf_of(name))).pages)).items():
                path = kept(name, page)
                wanted.add(path)
                if not is_alike(image, path):
                    print(f"{path.name}: look at {sheet(image, path)}")
                    keep(image, path)
    if not parts:
        for path in set(KEPT.glob("*.png")) - wanted:
            print(f"{path.name}: no such page any more")
            path.unlink()
    return 0


if __name__ == "__main__":
    if sys.argv[1:2] != ["--renew"]:
        sys.exit(__doc__)
    sys.exit(renew(sys.argv[2:]))

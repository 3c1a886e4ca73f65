"""The files of a package: strict base64, each file or a zip of it, within bounds that are counted and not believed."""

import binascii
import zipfile
from base64 import b64encode
from io import BytesIO

from casework.exchange.refusals import PackageRefused
from casework.text import normal

LONGEST_NAME = 120
NAMELESS = "tep"
_FORBIDDEN = str.maketrans("", "", ':*?"<>|\u200d')
_SPACES = str.maketrans("", "", " \t\r\n")
_OFFICE = ("[Content_Types].xml", "mimetype")
"""A member that says that the archive is itself a document (OOXML, OpenDocument)."""
_MOST_MEMBERS = 2_000
_PIECE = 1024 * 1024
_SHOWN = (
    b"%PDF-",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",  # DOC and XLS
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\x00",
    b"MM\x00*",
)


def clean_name(name: str) -> str:
    """A file's name without folders, signs that are not seen, and what systems forbid; never empty, at most 120 characters."""
    last = name.replace("\\", "/").rstrip("/").rpartition("/")[2]
    kept = " ".join(normal(last).translate(_FORBIDDEN).split()).strip(". ")
    stem, dot, ending = kept.rpartition(".")
    if dot and len(kept) > LONGEST_NAME and len(ending) <= 10:
        kept = f"{stem[: LONGEST_NAME - len(ending) - 1].rstrip()}.{ending}"
    return kept[:LONGEST_NAME].strip() or NAMELESS


def decoded(text: str, *, name: str) -> bytes:
    """The bytes of strict base64, in which line ends may stand. Raises PackageRefused."""
    plain = text.translate(_SPACES)
    try:
        content = binascii.a2b_base64(plain, strict_mode=True)
    except (binascii.Error, ValueError):
        raise PackageRefused("base64", name) from None
    if not content or b64encode(content[-(len(content) % 3 or 3) :]).decode() != plain[-4:]:
        raise PackageRefused("base64", name)
    return content


def unpacked(content: bytes, *, name: str, most: int) -> bytes:
    """The file itself: what is in a zip of one file, or the content as it is. `most`: bytes it may have. Raises PackageRefused."""
    if content[:4] != b"PK\x03\x04":
        return _within(content, most)
    try:
        with zipfile.ZipFile(BytesIO(content)) as archive:
            members = archive.infolist()
            if len(members) <= _MOST_MEMBERS and any(member.filename in _OFFICE for member in members):
                return _within(content, most)
            return _only_member(archive, members, name, most)
    except PackageRefused:
        raise
    # what zipfile raises for archives that are broken on purpose is not bounded by its documentation
    except Exception:
        raise PackageRefused("zip", name) from None


def is_shown(content: bytes) -> bool:
    """Whether the first bytes are those of a PDF, a document of an office, or an image."""
    if content.startswith(_SHOWN) or (content[:4] == b"RIFF" and content[8:12] == b"WEBP"):
        return True
    return content[:4] == b"PK\x03\x04" and b"[Content_Types].xml" in content


def _within(content: bytes, most: int) -> bytes:
    if len(content) > most:
        raise PackageRefused("unpacked")
    return content


def _only_member(archive: zipfile.ZipFile, members: list[zipfile.ZipInfo], name: str, most: int) -> bytes:
    inside = members[0].filename if len(members) == 1 else ""
    if not inside or "/" in inside or "\\" in inside or ":" in inside or inside.strip(". ") == "" or members[0].flag_bits & 0x1:
        raise PackageRefused("zip", name)
    pieces, size = [], 0
    with archive.open(members[0]) as file:
        while piece := file.read(_PIECE):
            size += len(piece)
            if size > most:
                raise PackageRefused("unpacked")
            pieces.append(piece)
    if not size:
        raise PackageRefused("zip", name)
    return b"".join(pieces)

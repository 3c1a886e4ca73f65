"""Checks names and texts for characters people cannot see, line breaks, and marks that reverse the reading direction."""

from collections.abc import Iterator
from typing import Any
from unicodedata import category

from casework.bilingual import Bilingual
from workflows.definitions.findings import ModelFinding, Rule, shown
from workflows.definitions.vocabulary import place_of

BLANK = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u2800\u3164\uffa0")
"""Letters and marks that show nothing."""
LINES = frozenset("\n\r\t")
_MANY_LINES = ("help_vi", "help_en")
"""Attributes that may have line breaks, like elements that hold a text."""

_SIGNS = Rule(
    "name_signs",
    Bilingual("Chữ ẩn, chữ xuống dòng hay chữ đảo chiều làm người duyệt đọc khác với điều máy chạy, hoặc không thấy gì.",
              "Hidden signs, broken lines and words turned round make whoever approves read something else than what runs, or nothing."),
    Bilingual("Xóa hết chữ ở đó rồi gõ lại bằng tay, trên một dòng; đừng dán từ nơi khác.",
              "Delete the whole text there and type it again by hand, on one line; do not paste it."),
)  # fmt: skip


def hidden_sign(text: str, *, lines: bool = False) -> str | None:
    """Return the first character that is invisible or changes how others are read; `lines` allows line breaks."""
    if text.isprintable() and BLANK.isdisjoint(text):
        return None
    return next((sign for sign in text if _is_hidden(sign) and not (lines and sign in LINES)), None)


def can_be_seen(text: str) -> bool:
    """Whether a text has something to read: a letter, number, punctuation mark or symbol."""
    return any(category(sign)[0] in "LNPS" and sign not in BLANK for sign in text)


def sign_findings(root: Any) -> Iterator[ModelFinding]:
    """Yield each element of a model or table with a text that does not read as it is stored."""
    for node in root.iter():
        for text, lines in _texts(node):
            if (sign := hidden_sign(text, lines=lines)) is not None:
                yield _SIGNS.at(
                    place_of(node), f"“{shown(text)}” có ký tự ẩn, xuống dòng hoặc đảo chiều (U+{ord(sign):04X}).",
                    f"“{shown(text)}” has a sign that is hidden, breaks the line or turns words round (U+{ord(sign):04X}).",
                    line=node.sourceline,
                )  # fmt: skip
                break
            if text.strip() and not can_be_seen(text):
                yield _SIGNS.at(place_of(node), "Tên hoặc chữ ở đây không có gì nhìn thấy được.",
                                "There is nothing to be seen in a name or text here.", line=node.sourceline)  # fmt: skip
                break


def _texts(node: Any) -> Iterator[tuple[str, bool]]:
    """The texts of an element, and whether each may have line breaks."""
    is_help = node.get("name") in _MANY_LINES
    yield from ((str(value), name in _MANY_LINES or (is_help and name == "value")) for name, value in node.attrib.items())
    yield from ((text, True) for text in (node.text, node.tail) if text)


def _is_hidden(sign: str) -> bool:
    return category(sign) in ("Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp") or sign in BLANK

"""Header lines of a letter as text: of bounded length, in one line, without signs that are not seen."""

import re
from email.errors import HeaderParseError
from email.header import decode_header
from email.message import Message

LONGEST = 2_000
"""Characters of a header that are looked at; RFC 5322 allows 998 in a line."""

MOST_OF_ONE = 20
"""Lines of one name that are looked at, for example of Delivered-To."""

_UNSEEN = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ud800-\udfff\ufeff]")
_ADDRESS = re.compile(r"[^\s<>@\"(),;:]{1,200}@[^\s<>@\"(),;:]{1,250}")
_MESSAGE_ID = re.compile(r"<[^<>\s]{3,250}>")


def seen(text: str) -> str:
    """The text without control signs, signs of no width and signs that turn the direction of writing; line ends become \\n."""
    return _UNSEEN.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def inside_of(message: Message) -> list[Message]:
    """The parts of a letter of parts, or the letter enclosed in it; none if it is neither."""
    inside = message.get_payload()
    return [part for part in inside if isinstance(part, Message)] if isinstance(inside, list) else []


def lines_of(message: Message, name: str) -> list[str]:
    """The lines of this name as they stand, unfolded, undecoded, the topmost first."""
    found = message.get_all(name, [])[:MOST_OF_ONE]
    return [" ".join(seen(str(each)[:LONGEST]).split()) for each in found]


def words_of(message: Message, name: str) -> str:
    """The topmost line of this name, decoded (RFC 2047), or nothing."""
    return _decoded(next(iter(lines_of(message, name)), ""))


def addresses_of(message: Message, *names: str) -> list[str]:
    """The addresses in these lines, in lower case; what is no plain address is none.

    The parser of the standard library calls itself for each comment in a comment, and finds addresses within names.
    """
    lines = [line for name in names for line in lines_of(message, name) if len(line) < LONGEST]
    pieces = [piece.strip() for line in lines for piece in without_comments(line).split(",")]
    plain = [piece[:-1].rpartition("<")[2] if piece.endswith(">") else piece for piece in pieces]
    return [address.lower() for address in plain if _ADDRESS.fullmatch(address)]


def message_ids_of(message: Message, *names: str) -> list[str]:
    """The Message-IDs in these lines, with their angle brackets."""
    return [found for name in names for line in lines_of(message, name) for found in _MESSAGE_ID.findall(line)]


def decoded_bytes(content: bytes, charset: str) -> str:
    """Text of an alleged character set; UTF-8 where it has no such name, and a sign for each byte that does not fit."""
    try:
        return content.decode(charset or "utf-8", "replace")
    except (LookupError, ValueError):  # an unknown name, one with NUL, or a codec that does not make text
        return content.decode("utf-8", "replace")


def _decoded(line: str) -> str:
    try:
        pieces = decode_header(line)
    except (HeaderParseError, ValueError):  # base64 that is none
        return line
    text = "".join(piece if isinstance(piece, str) else decoded_bytes(piece, charset or "utf-8") for piece, charset in pieces)
    return " ".join(seen(text).split())


def without_comments(line: str) -> str:
    """The line without comments, which nest, and with _ for what is quoted: a sender can write anything into both."""
    kept, depth, quoted, escaped = [], 0, False, False
    for sign in line:
        if escaped:
            escaped = False
        elif sign == "\\":
            escaped = True
        elif quoted:
            quoted = sign != '"'
        elif sign == '"' and not depth:
            quoted = True
            kept.append("_")
        elif sign == "(":
            depth += 1
        elif sign == ")" and depth:
            depth -= 1
        elif not depth:
            kept.append(sign)
    return "".join(kept)

"""A letter read within bounds: what is too large or too intricate is not taken apart at all, but waits for a person."""

from collections.abc import Iterator
from dataclasses import dataclass
from email import message_from_bytes
from email.message import Message
from email.policy import compat32

from casework.errors import CaseworkError
from casework.mail_in.headers import addresses_of, decoded_bytes, inside_of, lines_of, message_ids_of, seen, words_of
from casework.mail_in.words import LONGEST_HTML, text_of_html, without_history

MAX_BYTES = 25 * 1024 * 1024
"""Bytes of a letter as it came."""

MAX_HEAD = 256 * 1024
"""Bytes before the first empty line."""

MAX_NESTED = 20
"""Mentions of a boundary and of an enclosed message, counted before parsing: the parser calls itself once for each."""

MAX_SEPARATORS = 500
"""Lines that begin with two hyphens: each may begin a part."""

MAX_PARTS = 100
MAX_ATTACHMENTS = 10
LONGEST_NAME = 120
IMAGES = frozenset({"image/jpeg", "image/png", "image/webp", "image/heic", "image/heif"})
TNEF = frozenset({"application/ms-tnef", "application/vnd.ms-tnef"})


class Unreadable(CaseworkError):
    """The letter is past a bound. `why`: size, head, nested or parts. Says nothing of its content."""

    def __init__(self, why: str) -> None:
        super().__init__(
            "Thư quá lớn hoặc quá nhiều phần để đọc tự động.", "The letter is too large or has too many parts to be read by itself."
        )
        self.why = why


@dataclass(frozen=True)
class Attachment:
    """A file as it came: its alleged name and type prove nothing. Of what is not an image the content is not kept."""

    name: str
    media_type: str
    size: int
    content: bytes | None


@dataclass(frozen=True)
class Letter:
    """What a letter holds. `words` without quoted history; `left_out`: attachments beyond the tenth. All of it is contact data."""

    message_id: str
    sender: str
    subject: str
    words: str
    attachments: tuple[Attachment, ...]
    left_out: int
    answers: tuple[str, ...]
    by_machine: bool
    message: Message


def read_letter(raw: bytes) -> Letter:
    """Read a letter as a server handed it over. `sender` is empty unless it is one address. Raises Unreadable."""
    _refuse_past_bounds(raw)
    message = message_from_bytes(raw, policy=compat32)
    parts = list(_leaves(message))
    files = [_attachment(part) for part in parts if _is_file(part)]
    senders = addresses_of(message, "From")
    return Letter(
        message_id=next(iter(message_ids_of(message, "Message-ID")), ""),
        sender=senders[0] if len(senders) == 1 else "",
        subject=words_of(message, "Subject"),
        words=without_history(_words(parts)),
        attachments=tuple(files[:MAX_ATTACHMENTS]),
        left_out=max(0, len(files) - MAX_ATTACHMENTS),
        answers=tuple(message_ids_of(message, "In-Reply-To", "References")),
        by_machine=_is_by_machine(message),
        message=message,
    )


def _refuse_past_bounds(raw: bytes) -> None:
    if len(raw) > MAX_BYTES:
        raise Unreadable("size")
    ends = [end for end in (raw.find(b"\n\n"), raw.find(b"\r\n\r\n"), raw.find(b"\r\r")) if end >= 0]
    if min(ends, default=len(raw)) > MAX_HEAD:
        raise Unreadable("head")
    low = raw.lower()
    if low.count(b"boundary") + low.count(b"message/") > MAX_NESTED:
        raise Unreadable("nested")
    if raw.count(b"\n--") + raw.count(b"\r--") > MAX_SEPARATORS:
        raise Unreadable("parts")


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold something; a letter enclosed in the letter is a file, nothing in it is read."""
    waiting, met = [message], 0
    while waiting:
        part = waiting.pop()
        met += 1
        if met > MAX_PARTS:
            raise Unreadable("parts")
        inside = inside_of(part)
        if part.get_content_maintype() == "multipart" and inside:
            waiting.extend(reversed(inside[: MAX_PARTS + 1]))
        else:
            yield part


def _is_file(part: Message) -> bool:
    if part.get_content_type() in TNEF:
        return True
    return part.get_content_maintype() != "text" or bool(_name(part)) or _disposition(part) == "attachment"


def _disposition(part: Message) -> str:
    return next(iter(lines_of(part, "Content-Disposition")), "").partition(";")[0].strip().lower()


def _name(part: Message) -> str:
    try:
        name = part.get_filename() or ""
    except (LookupError, ValueError, TypeError):  # parameters that contradict each other (RFC 2231)
        return "?"
    return " ".join(seen(name).replace("/", " ").replace("\\", " ").split())[:LONGEST_NAME]


def _content(part: Message) -> bytes:
    try:
        content = part.get_payload(decode=True)
    except (LookupError, ValueError):
        return b""
    return content if isinstance(content, bytes) else b""


def _attachment(part: Message) -> Attachment:
    content, media_type = _content(part), seen(part.get_content_type())[:LONGEST_NAME]
    return Attachment(_name(part), media_type, len(content), content if media_type in IMAGES else None)


def _words(parts: list[Message]) -> str:
    texts = [part for part in parts if not _is_file(part)]
    for media_type in ("text/plain", "text/html"):
        for part in (part for part in texts if part.get_content_type() == media_type):
            text = decoded_bytes(_content(part)[: LONGEST_HTML * 4], _charset(part))
            text = text_of_html(text) if media_type == "text/html" else text
            if text.strip():
                return text
    return ""


def _charset(part: Message) -> str:
    try:
        return part.get_content_charset() or ""
    except (LookupError, ValueError, TypeError):
        return ""


def _is_by_machine(message: Message) -> bool:
    """Whether an answer to it could begin a loop (RFC 3834)."""
    first = {name: [line.lower() for line in lines_of(message, name)] for name in ("Auto-Submitted", "Precedence", "Return-Path")}
    return (
        any(line.partition(";")[0].strip() != "no" for line in first["Auto-Submitted"])
        or any(line in ("bulk", "junk", "list", "auto_reply") for line in first["Precedence"])
        or any(line in ("<>", "") for line in first["Return-Path"])
        or message.get_content_type() == "multipart/report"
        or any(lines_of(message, name) for name in ("List-Id", "X-Autoreply", "X-Autorespond"))
        or any(address.partition("@")[0] in ("mailer-daemon", "postmaster") for address in addresses_of(message, "From"))
    )

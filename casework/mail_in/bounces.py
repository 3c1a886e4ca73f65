"""Notices that a letter of ours could not be delivered (RFC 3464)."""

import re
from dataclasses import dataclass
from email.message import Message

from casework.mail_in.headers import inside_of, lines_of, message_ids_of
from casework.mail_in.reading import Letter

MOST_PARTS = 10
_PERMANENT = re.compile(r"5\.\d{1,3}\.\d{1,3}")


@dataclass(frozen=True)
class Bounce:
    """A notice of a permanent failure. `letters`: the Message-IDs it returns; `addresses`: to whom they could not be delivered.

    Anybody can write one: it means something only if one of these letters is ours.
    """

    status: str
    letters: tuple[str, ...]
    addresses: tuple[str, ...] = ()


def bounce_of(letter: Letter) -> Bounce | None:
    """The permanent failure a letter tells of; None for any other letter, delays and successes included."""
    if letter.message.get_content_type() != "multipart/report":
        return None
    parts = inside_of(letter.message)[:MOST_PARTS]
    statuses = [status for part in parts for status in _failures(part)]
    letters = [found for part in parts for found in _returned(part)]
    named = [address for part in parts for address in _addressed(part)]
    return Bounce(statuses[0], tuple(letters), tuple(named)) if statuses and letters else None


def _failures(part: Message) -> list[str]:
    if part.get_content_type() != "message/delivery-status":
        return []
    return [
        found.group()
        for block in inside_of(part)[:MOST_PARTS]
        if [line.lower() for line in lines_of(block, "Action")] == ["failed"]
        for line in lines_of(block, "Status")
        if (found := _PERMANENT.match(line))
    ]


def _addressed(part: Message) -> list[str]:
    if part.get_content_type() != "message/delivery-status":
        return []
    return [
        line.partition(";")[2].strip().strip("<>").lower()
        for block in inside_of(part)[:MOST_PARTS]
        if [line.lower() for line in lines_of(block, "Action")] == ["failed"]
        for name in ("Original-Recipient", "Final-Recipient")
        for line in lines_of(block, name)[:1]
        if line.lower().startswith("rfc822")
    ]


def _returned(part: Message) -> list[str]:
    if part.get_content_type() == "message/rfc822":
        return [found for returned in inside_of(part)[:1] for found in message_ids_of(returned, "Message-ID")]
    inside = part.get_payload()
    if part.get_content_type() == "text/rfc822-headers" and isinstance(inside, str):
        heads = re.findall(r"^Message-ID:[ \t]*(<[^<>\s]{3,250}>)", inside[:20_000], re.IGNORECASE | re.MULTILINE)
        return [str(head) for head in heads]
    return []

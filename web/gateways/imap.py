"""The mailbox that answers to our e-mails come to, by IMAP (RFC 9051): what is there is fetched, kept elsewhere, and deleted here.

Every letter that is neither deleted nor flagged counts as new, whoever has opened the mailbox in a mail program. Sizes are asked for
before anything is fetched; answers, and the whole conversation, have an end.
"""

import imaplib
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from casework.mail_in import MAX_BYTES
from web.gateways.line import Line

TIMEOUT_SECONDS = 20
FETCHED_WITHIN = 120.0
"""Seconds of a whole conversation; what is not fetched by then comes next time."""

LONGEST_ANSWER = MAX_BYTES + 2**16
"""Bytes of one answer that are read; a server asked for less that sends more is not listened to any longer."""

REFUSED_FOR = 900.0
"""Seconds without another attempt after a sign-in was refused: many in a row lock accounts."""

PORTS = {"tls": 993, "starttls": 143, "no": 143}
NEW = "UNDELETED UNFLAGGED"
FAULTS = (OSError, imaplib.IMAP4.error, ValueError, LookupError, TypeError, AttributeError)
"""What the library raises at a line that is cut and at answers that are none."""

_SIZE = re.compile(rb"RFC822\.SIZE (\d{1,18})")
_UID = re.compile(rb"UID (\d{1,10})")


class MailboxAway(Exception):
    """The mailbox cannot be read now. Says what failed in a word, nothing of what the server said."""


class SignInRefused(MailboxAway):
    """User or password are not accepted."""


class NotGiven(Exception):
    """The server does not give this letter."""


@dataclass(frozen=True)
class ImapServer:
    """A mailbox's server, as in `imaps://user:password@host:port`. `tls`: tls from the first byte, starttls, or no."""

    host: str
    port: int
    tls: str
    user: str
    password: str

    def __repr__(self) -> str:
        return f"ImapServer({self.host}:{self.port})"

    @classmethod
    def read(cls, url: str) -> "ImapServer":
        """Parse an address that web.config has validated."""
        parts = urlsplit(url)
        tls = "tls" if parts.scheme == "imaps" else parse_qs(parts.query).get("tls", ["starttls"])[0]
        return cls(parts.hostname or "", parts.port or PORTS[tls], tls, unquote(parts.username or ""), unquote(parts.password or ""))


@dataclass(frozen=True, slots=True)
class LetterThere:
    """A letter in the mailbox: its number there, and its size in bytes as the server says. `name` is the mailbox's own of it."""

    uid: int
    size: int
    name: str


class Mailbox:
    """A mailbox to open. `address` without a token; `authserv_id`: the name by which its server signs what it found out about senders."""

    def __init__(self, server: ImapServer, address: str, authserv_id: str) -> None:
        self.address, self.authserv_id = address, authserv_id
        self._server, self._refused_until = server, 0.0

    @contextmanager
    def opened(self) -> Iterator["OpenMailbox"]:
        """Sign in, and out at the end. Raises MailboxAway."""
        if time.monotonic() < self._refused_until:
            raise SignInRefused("refused before")
        with Line(FETCHED_WITHIN) as line:
            connection = _asked(self._connected, line)
            try:
                self._sign_in(connection)
                yield OpenMailbox(connection)
            finally:
                with suppress(*FAULTS):
                    connection.logout()
                with suppress(*FAULTS):
                    connection.shutdown()

    def _connected(self, line: Line) -> imaplib.IMAP4:
        server = self._server
        if server.tls == "tls":
            return _BoundedTls(line, server.host, server.port, TIMEOUT_SECONDS)
        connection = _Bounded(line, server.host, server.port, TIMEOUT_SECONDS)
        if server.tls == "starttls":
            try:
                connection.starttls(ssl.create_default_context())
            except BaseException:
                with suppress(*FAULTS):
                    connection.shutdown()
                raise
        return connection

    def _sign_in(self, connection: imaplib.IMAP4) -> None:
        server = self._server
        secret = f"\0{server.user}\0{server.password}".encode()
        try:
            if "AUTH=PLAIN" in connection.capabilities:
                connection.authenticate("PLAIN", lambda _challenge: secret)
            else:
                connection.login(server.user, server.password)
        except (imaplib.IMAP4.abort, OSError) as error:
            raise MailboxAway(type(error).__name__) from None
        except FAULTS:
            self._refused_until = time.monotonic() + REFUSED_FOR
            raise SignInRefused("sign-in") from None


class OpenMailbox:
    """A mailbox somebody is signed in to."""

    def __init__(self, connection: imaplib.IMAP4) -> None:
        self._connection = connection
        _told(connection.select, "INBOX")
        kind, said = _asked(connection.response, "UIDVALIDITY")
        self._validity = said[0].decode("ascii", "replace") if kind and said and isinstance(said[0], bytes) else ""

    def new_letters(self, most: int) -> list[LetterThere]:
        """The oldest letters nobody has taken, the smallest of them first. Raises MailboxAway."""
        said = _told(self._connection.uid, "SEARCH", NEW)
        uids = sorted(int(word) for line in said if isinstance(line, bytes) for word in line.split() if word.isdigit())[:most]
        if not uids:
            return []
        rows = _told(self._connection.uid, "FETCH", ",".join(map(str, uids)), "(RFC822.SIZE)")
        sizes: dict[int, int] = {}
        for row in rows:
            line = row if isinstance(row, bytes) else b""
            uid, size = _UID.search(line), _SIZE.search(line)
            if uid and size:
                sizes[int(uid[1])] = int(size[1])
        there = [LetterThere(uid, sizes[uid], f"{self._validity} {uid}") for uid in uids if uid in sizes]
        return sorted(there, key=lambda each: each.size)

    def content_of(self, letter: LetterThere) -> bytes:
        """The letter as it came, cut one byte after the most that is taken. Raises NotGiven, MailboxAway."""
        kind, said = _asked(self._connection.uid, "FETCH", str(letter.uid), f"(BODY.PEEK[]<0.{MAX_BYTES + 1}>)")
        found = [each[1] for each in said if isinstance(each, tuple) and b"BODY[" in each[0] and isinstance(each[1], bytes)]
        if kind != "OK" or not found:
            raise NotGiven
        return bytes(found[0])

    def remove(self, letter: LetterThere) -> None:
        """Mark a letter that is kept as deleted; `clear` takes it out. Raises MailboxAway."""
        _told(self._connection.uid, "STORE", str(letter.uid), "+FLAGS.SILENT", r"(\Deleted)")

    def leave(self, letter: LetterThere) -> None:
        """Flag a letter that stays where it is, for whoever looks into the mailbox. Raises MailboxAway."""
        _told(self._connection.uid, "STORE", str(letter.uid), "+FLAGS.SILENT", r"(\Flagged)")

    def clear(self) -> None:
        """Take out what is marked as deleted. Raises MailboxAway."""
        _told(self._connection.expunge)


class _Bounded(imaplib.IMAP4):
    """IMAP on a Line, whose answers have an end."""

    def __init__(self, line: Line, *given: Any) -> None:
        self._line = line
        super().__init__(*given)

    def _create_socket(self, timeout: float) -> socket.socket:
        return self._line.connect(self.host, self.port, timeout)

    def read(self, size: int) -> bytes:
        if size > LONGEST_ANSWER:
            raise self.abort("answer too long")
        return super().read(size)

    def readline(self) -> bytes:
        line = bytes(self.file.readline(LONGEST_ANSWER))  # type: ignore[arg-type]
        if len(line) >= LONGEST_ANSWER:
            raise self.abort("line too long")
        return line


class _BoundedTls(_Bounded):
    """The same with TLS from the first byte."""

    def _create_socket(self, timeout: float) -> socket.socket:
        return ssl.create_default_context().wrap_socket(super()._create_socket(timeout), server_hostname=self.host)


def _told(ask: Callable[..., tuple[str, list[Any]]], *what: str) -> list[Any]:
    """What the server says to a command it carries out. Raises MailboxAway."""
    kind, said = _asked(ask, *what)
    if kind != "OK" or not isinstance(said, list):
        raise MailboxAway(f"{what[0] if what else 'EXPUNGE'} {kind}")
    return said


def _asked(ask: Callable[..., Any], *what: Any) -> Any:
    try:
        return ask(*what)
    except FAULTS as error:
        # from None: what the library says quotes what the server said
        raise MailboxAway(type(error).__name__) from None

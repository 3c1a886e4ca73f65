"""E-mail by SMTP: one message to one person, in text and HTML.

Delivered at least once: a message counts as handed over when the server has acknowledged its end; one cut off before is sent again with the
same Message-ID, by which mailboxes recognise it.
"""

import re
import smtplib
import socket
import ssl
from dataclasses import dataclass
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from html import escape
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from casework.messages import sending
from casework.messages.rendering import MessageWords
from casework.messages.sending import Held, NoAnswer, Outgoing, Receipt, Refused, TryLater, Unreachable
from web.accounts.notification_preferences import takes_one_click
from web.gateways.line import Line

TIMEOUT_SECONDS = 10
"""For each of the dozen exchanges of a conversation; all of them together end after `sending.HANDED_OVER_WITHIN`."""

PORTS = {"tls": 465, "starttls": 587, "no": 25}
STATUS = re.compile(rb"([245]\.\d{1,3}\.\d{1,3})\b")
OURS = frozenset({503, 530, 534, 535, 538})
"""Answers that demand a sign-in or refuse ours (RFC 4954), so that every message fails alike (RFC 5321: 503, wrong order of commands)."""
BARRED, RELAY = b"5.7.", re.compile(rb"(?<![@.-])\brelay(ing)?\b(?![@.-]\w)", re.IGNORECASE)
"""Not permitted by the server's rules (RFC 3463, 3.8), for example when it does not relay for us; older servers say so in words."""
UNREAD = {
    "vi": "Thư tự động, xin không trả lời.",
    "en": "This letter was sent by itself; please do not answer it.",
}
ANSWERED = {
    "vi": "Ông/Bà trả lời thư này thì Trung tâm nhận được vào hồ sơ của Ông/Bà. Xin không gửi mật khẩu, mã xác nhận, số giấy tờ tuỳ thân, "
          "số tài khoản hay thông tin riêng của người khác.",
    "en": "If you reply to this letter, the centre gets it with your case. Please do not send passwords, one-time codes, numbers of "
          "identity papers or accounts, or what is private to others.",
}
CHOOSE = {"vi": "Ông/Bà chọn cách nhận tin tại: ", "en": "Choose how you are told: "}
READ = {"vi": "Xem tại: ", "en": "Read it here: "}


@dataclass(frozen=True)
class SmtpServer:
    """The server for outgoing e-mail, as in `smtp://user:password@host:port?tls=…`. `tls`: starttls, tls from the first byte, or no."""

    host: str
    port: int
    tls: str
    user: str = ""
    password: str = ""

    def __repr__(self) -> str:
        return f"SmtpServer({self.host}:{self.port})"

    @classmethod
    def read(cls, url: str) -> "SmtpServer":
        """Parse an address that web.config has validated."""
        parts = urlsplit(url)
        tls = "tls" if parts.scheme == "smtps" else parse_qs(parts.query).get("tls", ["starttls"])[0]
        return cls(parts.hostname or "", parts.port or PORTS[tls], tls, unquote(parts.username or ""), unquote(parts.password or ""))


class MailGateway:
    """Hands e-mails to one server. `sender` is an address, optionally with a name before it."""

    def __init__(self, server: SmtpServer, sender: str) -> None:
        self.server = server
        self.sender = sender

    def __call__(self, outgoing: Outgoing) -> Receipt:
        """Send one message. Raises Refused, TryLater, Held, Unreachable before it was handed over, NoAnswer after."""
        recipient = _ascii_address(outgoing.address)
        letter = letter_of(outgoing, recipient, self.sender)
        with Line(sending.HANDED_OVER_WITHIN) as line:
            return self._hand_in(letter, recipient, self._open(line))

    def _hand_in(self, letter: EmailMessage, recipient: str, connection: smtplib.SMTP) -> Receipt:
        sender = parseaddr(self.sender)[1]
        try:
            for turn, code, said in (("MAIL", *connection.mail(sender)), ("RCPT", *connection.rcpt(recipient))):
                _refuse_unless_taken(turn, code, said)
            return _hand_over(connection, letter)
        except smtplib.SMTPResponseException as error:
            raise TryLater(f"SMTP {error.smtp_code}") from error
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(type(error).__name__) from error
        finally:
            _leave(connection)

    def _open(self, line: Line) -> smtplib.SMTP:
        # greet with the sender's domain: a DNS query for our own name may take longer than the message
        server, name = self.server, parseaddr(self.sender)[1].rpartition("@")[2]
        try:
            if server.tls == "tls":
                context = ssl.create_default_context()
                connection: smtplib.SMTP = _BoundedSsl(line, server.host, server.port, name, timeout=TIMEOUT_SECONDS, context=context)
            else:
                connection = _Bounded(line, server.host, server.port, name, timeout=TIMEOUT_SECONDS)
        except (OSError, smtplib.SMTPException) as error:
            raise Unreachable(type(error).__name__) from error
        try:
            if server.tls == "starttls":
                connection.starttls(context=ssl.create_default_context())
            if server.user:
                connection.login(server.user, server.password)
            connection.ehlo_or_helo_if_needed()
        except smtplib.SMTPResponseException as error:
            _leave(connection)
            raise Held(f"SMTP {error.smtp_code}", asks_administrator=error.smtp_code >= 500) from error
        except (OSError, smtplib.SMTPException) as error:
            _leave(connection)
            raise Unreachable(type(error).__name__) from error
        return connection


class _Bounded(smtplib.SMTP):
    """SMTP on such a line."""

    def __init__(self, line: Line, *given: Any, **named: Any) -> None:
        self._line = line
        super().__init__(*given, **named)

    def _get_socket(self, host: str, port: int, timeout: float) -> socket.socket:
        return self._line.connect(host, port, timeout)


class _BoundedSsl(smtplib.SMTP_SSL, _Bounded):
    """SMTP on such a line with TLS from the first byte."""

    def __init__(self, line: Line, *given: Any, **named: Any) -> None:
        self._line = line
        smtplib.SMTP_SSL.__init__(self, *given, **named)


def letter_of(outgoing: Outgoing, recipient: str, sender: str) -> EmailMessage:
    """The e-mail: text and HTML, Message-ID from its token, marked as sent automatically."""
    words, domain = outgoing.words, parseaddr(sender)[1].rpartition("@")[2]
    letter = EmailMessage(policy=SMTP)
    name, address = parseaddr(sender)
    letter["From"] = Address(display_name=name, addr_spec=address)
    letter["To"] = Address(addr_spec=recipient)
    if words.answers:
        letter["Reply-To"] = Address(addr_spec=words.answers)
    letter["Subject"] = words.subject
    letter["Date"] = format_datetime(outgoing.written_at)
    letter["Message-ID"] = f"<{outgoing.token}@{domain}>"
    letter["Auto-Submitted"] = "auto-generated"
    letter["X-Auto-Response-Suppress"] = "All"
    if words.choices:
        letter["List-Unsubscribe"] = f"<{words.choices}>"
    if takes_one_click(words.choices):
        letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    letter.set_content(_text(words))
    letter.add_alternative(_html(words), subtype="html")
    letter["Content-Language"] = words.language
    return letter


def _hand_over(connection: smtplib.SMTP, letter: EmailMessage) -> Receipt:
    code, said = connection.docmd("DATA")
    _refuse_unless_taken("DATA", code, said, good=354)
    try:
        connection.send(smtplib._quote_periods(letter.as_bytes()) + b".\r\n")  # type: ignore[attr-defined]
        code, said = connection.getreply()
    except (OSError, smtplib.SMTPException) as error:
        raise NoAnswer(type(error).__name__) from error
    _refuse_unless_taken("end", code, said)
    return Receipt(str(letter["Message-ID"]))


def _refuse_unless_taken(turn: str, code: int, said: bytes, *, good: int = 250) -> None:
    """Only the numbers of a server's answer are kept, because its words quote addresses."""
    if code == good or (good == 250 and code == 251):
        return
    status = STATUS.search(said)
    detail = f"SMTP {turn} {code}" + (f" {status[1].decode()}" if status else "")
    # a sender that is not accepted is our own fault, not the recipient's
    is_ours = turn == "MAIL" or code in OURS
    # so are most of the server's rules; but they may concern one recipient, so others are tried
    is_barred = status[1].startswith(BARRED) if status else RELAY.search(said) is not None
    if 500 <= code < 600 and not is_ours and not is_barred:
        raise Refused(detail)
    if code == 421 or is_ours:
        raise Held(detail, asks_administrator=code >= 500)
    raise TryLater(detail)


def _ascii_address(address: str) -> str:
    name, _, domain = address.rpartition("@")
    try:
        plain = f"{name}@{domain.encode('idna').decode()}"
        Address(addr_spec=plain)
    except (ValueError, UnicodeError, IndexError) as error:
        raise Refused("address") from error
    if not name.isascii():
        raise Refused("address")
    return plain


def _leave(connection: smtplib.SMTP) -> None:
    try:
        connection.quit()
    except (OSError, smtplib.SMTPException):
        connection.close()


def _text(words: MessageWords) -> str:
    link = f"\n\n{READ[words.language]}{words.link}" if words.link and words.link not in words.body else ""
    foot = f"\n\n-- \n{_foot(words)}{words.choices}" if words.choices else ""
    return f"{words.body}{link}{foot}\n"


def _html(words: MessageWords) -> str:
    """Plain HTML: the text and two links."""
    parts = "".join(f"<p>{'<br>'.join(map(escape, part.splitlines()))}</p>" for part in words.body.split("\n\n") if part.strip())
    link, choices = escape(words.link), escape(words.choices)
    if link and link in parts:
        parts = parts.replace(link, f'<a href="{link}">{link}</a>')
    elif link:
        parts += f'<p>{escape(READ[words.language])}<a href="{link}">{link}</a></p>'
    foot = f'<hr><p><small>{escape(_foot(words))}<a href="{choices}">{choices}</a></small></p>' if choices else ""
    head = f'<meta charset="utf-8"><title>{escape(words.subject)}</title>'
    return f'<!doctype html><html lang="{words.language}"><head>{head}</head><body>{parts}{foot}</body></html>'


def _foot(words: MessageWords) -> str:
    return f"{(ANSWERED if words.answers else UNREAD)[words.language]} {CHOOSE[words.language]}"

"""Readers for one kind of value of a setting each; they are strict, and raise ValueError with what is allowed."""
from __future__ import annotations

import base64
import ipaddress
import re
from collections.abc import Callable
from email.utils import parseaddr
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

HOST_NAME = re.compile(r"[a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?|[0-9a-f:]{2,45}", re.ASCII)
PLAIN_NAME = re.compile(r"[a-z0-9]([a-z0-9._-]{0,38}[a-z0-9])?", re.ASCII)   # with + and a token at most 64 (RFC 5321, 4.5.3.1.1)
PORT = re.compile(r"(?<=[^:]):[0-9]{1,5}\Z", re.ASCII)
SITE_PATH = re.compile(r"(/[a-zA-Z0-9._~-]+)+", re.ASCII)
BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]", re.ASCII)
SHORTEST_SECRET = 32                                    # characters; 192 bits when written as urlsafe base64

Reader = Callable[[str], Any]


def text(value: str) -> str:
    return value


def folder(value: str) -> Path:
    """A path, made absolute from the current folder, with `~` expanded."""
    return Path(value).expanduser().absolute()


def folders(value: str) -> tuple[Path, ...]:
    found = tuple(Path(each.strip()) for each in value.split(","))
    if not all(each.is_absolute() for each in found):
        raise ValueError("allowed are absolute paths of folders, separated by commas")
    return found


def switch(value: str) -> bool:
    """Accepts only yes and no: elsewhere "True", "1" and "on" have too often been read as strings, and strings as true."""
    if value not in {"yes", "no"}:
        raise ValueError("allowed are yes and no")
    return value == "yes"


def whole_number(least: int, most: int) -> Reader:
    def read(value: str) -> int:
        if not (value.isascii() and value.isdigit() and least <= int(value) <= most):
            raise ValueError(f"allowed is a whole number from {least} to {most}")
        return int(value)
    return read


def one_of(*allowed: str) -> Reader:
    def read(value: str) -> str:
        if value not in allowed:
            raise ValueError(f"allowed are {' and '.join(allowed)}")
        return value
    return read


def secret(value: str) -> str:
    if len(value) < SHORTEST_SECRET:
        raise ValueError(f"allowed are at least {SHORTEST_SECRET} characters")
    return value


def database(value: str) -> str:
    """An SQLAlchemy URL of SQLite or PostgreSQL; `postgresql://` means psycopg 3, the one driver installed."""
    allowed = "allowed are sqlite:////absolute/path and postgresql://user@host/name"
    try:
        url = make_url(value)
    except ArgumentError:
        raise ValueError(allowed) from None
    if url.drivername == "postgresql":
        url = url.set(drivername="postgresql+psycopg")
    if url.drivername == "sqlite":
        if not url.database or not Path(url.database).is_absolute():
            raise ValueError(allowed)
    elif url.drivername != "postgresql+psycopg" or not url.database:
        raise ValueError(allowed)
    return url.render_as_string(hide_password=False)


def replica(value: str) -> str:
    """The URL of a PostgreSQL database."""
    try:
        found = database(value)
    except ValueError:
        found = ""
    if not found.startswith("postgresql"):
        raise ValueError("allowed is postgresql://user@host/name")
    return found


def site_address(value: str) -> str:
    """The address people type: links in letters and QR codes are built from it. Its path, if any, is that of plain folders."""
    parts = urlsplit(value)
    host, path = web_address(parts._replace(path="").geturl()), parts.path.rstrip("/")
    if path and not (SITE_PATH.fullmatch(path) and {".", ".."}.isdisjoint(path.split("/"))):
        raise ValueError("allowed is a path of Latin letters, digits and - _ . ~ between slashes")
    return host + path


def web_address(value: str) -> str:
    """An address without a path."""
    parts = urlsplit(value)
    try:
        port_is_sound = parts.port is None or parts.port > 0
    except ValueError:
        port_is_sound = False
    is_bare = parts.path in {"", "/"} and not parts.query and not parts.fragment and not parts.username
    if parts.scheme not in {"http", "https"} or not parts.hostname or not port_is_sound or not is_bare:
        raise ValueError("allowed is http:// or https://, a host and, if need be, a port")
    return value.rstrip("/")


def mail_server(value: str) -> str:
    """The server for outgoing e-mail; without TLS only on this machine, because letters would travel readable."""
    return _server_of_mail(value, "smtp", secure="smtps")


def mailbox_server(value: str) -> str:
    """The server of the mailbox for incoming e-mail, with the account there; without TLS only on this machine."""
    found = _server_of_mail(value, "imap", secure="imaps")
    if not urlsplit(value).username or not urlsplit(value).password:
        raise ValueError("user and password are needed")
    return found


def _server_of_mail(value: str, plain: str, *, secure: str) -> str:
    parts = urlsplit(value)
    query = parse_qs(parts.query, keep_blank_values=True)
    tls = "tls" if parts.scheme == secure else (query.get("tls") or ["starttls"])[0]
    try:
        is_sound = parts.scheme in {plain, secure} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        is_sound = False
    if not is_sound or tls not in {"starttls", "tls", "no"} or set(query) - {"tls"} or parts.path not in {"", "/"}:
        raise ValueError(f"allowed is {plain}://user:password@host:port?tls=starttls (or tls, or no) and {secure}://user:password@host:port")
    if tls == "no" and not is_loopback(parts.hostname or ""):
        raise ValueError("tls=no is allowed for a server on this machine only")
    return value


def mail_sender(value: str) -> str:
    address = parseaddr(value)[1]
    name, _, domain = address.rpartition("@")
    if not (name and "." in domain and address.isascii() and value.isprintable()):
        raise ValueError("allowed is an e-mail address, or a name and an address in angle brackets")
    return value


def plain_address(value: str) -> str:
    """An e-mail address alone, in small letters and without a plus, which begins what is added to it."""
    name, at, domain = value.lower().rpartition("@")
    if not (at and PLAIN_NAME.fullmatch(name) and "." in domain and HOST_NAME.fullmatch(domain)):
        raise ValueError("allowed is an e-mail address without a plus, such as phanhoi@example.vn")
    return value.lower()


def gateway_address(value: str) -> str:
    """The address of a message gateway: https, or http on this machine."""
    parts = urlsplit(value)
    if not parts.hostname or parts.username or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(parts.hostname))):
        raise ValueError("allowed is an https:// address without user and password; http:// on this machine only")
    return value


def zalo_number(value: str) -> str:
    """The number of an app or account at Zalo; text, since it is longer than some programs' numbers."""
    if not re.fullmatch("[0-9]{1,24}", value):
        raise ValueError("allowed is a number of up to 24 digits")
    return value


def scanner_address(value: str) -> str:
    """The address of a ClamAV daemon: a socket of this machine, or a host and port in a trusted network."""
    host, _, port = value.rpartition(":")
    is_path = value.startswith("unix:/") and len(value) > len("unix:/")
    is_host = HOST_NAME.fullmatch(host.strip("[]").lower()) is not None and port.isascii() and port.isdigit() and 0 < int(port) < 65536
    if not is_path and not is_host:
        raise ValueError("allowed are unix:/path/of/the/socket and host:port")
    return value


def host_name(value: str) -> str:
    if not HOST_NAME.fullmatch(value.lower()):
        raise ValueError("allowed is the name of a host")
    return value.lower()


def host_names(value: str) -> frozenset[str]:
    """Hosts separated by commas: names or addresses, one with its port where no other may be called; no scheme and no path."""
    hosts = frozenset(each.strip().lower() for each in value.split(","))
    if not all(HOST_NAME.fullmatch(PORT.sub("", host).strip("[]")) for host in hosts):
        raise ValueError("allowed are names or addresses of hosts, separated by commas")
    return hosts


def bucket(value: str) -> str:
    if not BUCKET_NAME.fullmatch(value):
        raise ValueError("allowed are 3 to 63 small letters, digits, dots and hyphens")
    return value


def push_key(value: str) -> str:
    try:
        number = base64.urlsafe_b64decode(value + "=" * (-len(value) % 4))
    except ValueError:
        number = b""
    if len(number) != 32:
        raise ValueError("allowed are 32 bytes in base64url, 43 characters")
    return value.rstrip("=")


def is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False

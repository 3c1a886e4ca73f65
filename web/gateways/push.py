"""Notices in browsers: Web Push (RFC 8030), encrypted for the browser alone (RFC 8291), signed by the house (VAPID, RFC 8292).

At least once: a notice is handed over when one of the person's browsers' services has taken it. Sent again it has the same Topic, so
that a service which still holds the first puts the second in its place.
"""

import base64
import ipaddress
import json
import os
import secrets
import socket
import ssl
import time
from collections.abc import Callable, Iterable
from functools import cached_property
from itertools import zip_longest
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import http_ece  # type: ignore[import-untyped]
import httpcore
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from py_vapid import Vapid02  # type: ignore[import-untyped]

from casework.messages.push_subscriptions import Endpoint
from casework.messages.sending import NoAnswer, Outgoing, Receipt, Refused, SendFailed, TryLater, Unreachable
from web.gateways.answers import CONNECT_SECONDS, READ_SECONDS, refuse_unless_taken

LONGEST_BODY = 600
"""Characters: with title, link and padding far below the 4096 bytes every service takes."""
KEPT_SECONDS = {True: 6 * 3600, False: 48 * 3600}
"""How long a service keeps a notice for a browser that is switched off, by whether it is urgent."""
GONE = frozenset({404, 410})
SIGNED_FOR_SECONDS = 12 * 3600
KEY_BYTES = 32
MOST_TRIED = 4
"""Addresses of a service that are tried, one after the other."""


class PushGateway:
    """Hands notices to the services of a person's browsers. `contact` is what a service may complain to: mailto: or https:.

    `key` is asked for when the first notice leaves, or a page offers them.
    """

    def __init__(self, key: Callable[[], str], contact: str, *, allows_loopback: bool) -> None:
        self._key = key
        self._contact = contact
        self._allows_loopback = allows_loopback

    @cached_property
    def public_key(self) -> str:
        """The house's public key, by which a browser's service knows who may call it; uncompressed, base64url."""
        return _text_of(self._vapid.public_key.public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))

    @cached_property
    def _pool(self) -> httpcore.ConnectionPool:
        backend = OutsideOnly(allows_loopback=self._allows_loopback)
        return httpcore.ConnectionPool(ssl_context=ssl.create_default_context(), network_backend=backend, max_connections=4)

    @cached_property
    def _vapid(self) -> Vapid02:
        return Vapid02.from_raw(self._key().encode("ascii"))

    def __call__(self, outgoing: Outgoing) -> Receipt:
        """Hand a notice to every browser of the person. Raises Refused when all of them are gone or refuse, TryLater when none took it."""
        content = _content(outgoing)
        taken, gone, failures = 0, list[int](), list[SendFailed]()
        for endpoint in outgoing.endpoints:
            try:
                status, retry_after = self._post(endpoint, content, outgoing)
                if status in GONE:
                    gone.append(endpoint.subscription_id)
                else:
                    refuse_unless_taken(status, retry_after)
                    taken += 1
            except SendFailed as failure:
                failures.append(failure)
        if taken:
            return Receipt(gone=tuple(gone))
        later = next((failure for failure in failures if isinstance(failure, TryLater)), None)
        if later is not None:
            # one browser's service that is out of reach is no reason to hold back those of others
            raise TryLater(later.detail, after=later.after, gone=gone)
        raise Refused(failures[0].detail if failures else "gone", gone=gone)

    def _post(self, endpoint: Endpoint, content: bytes, outgoing: Outgoing) -> tuple[int, str | None]:
        parts = urlsplit(endpoint.url)
        if parts.scheme != "https" and not self._allows_loopback:
            raise Refused("scheme")
        headers = {
            **self._vapid.sign({"aud": f"{parts.scheme}://{parts.netloc}", "sub": self._contact, "exp": _expiry()}),
            "Content-Encoding": "aes128gcm",
            "Content-Type": "application/octet-stream",
            "TTL": str(KEPT_SECONDS[outgoing.is_urgent]),
            "Urgency": "high" if outgoing.is_urgent else "normal",
            "Topic": outgoing.token[:32],
        }
        timeouts = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": CONNECT_SECONDS}
        try:
            with self._pool.stream(
                "POST", endpoint.url, headers=headers, content=_encrypted(content, endpoint), extensions={"timeout": timeouts}
            ) as answer:
                fields = {name.lower(): value for name, value in answer.headers}
                return answer.status, fields.get(b"retry-after", b"").decode("ascii", "replace") or None
        except (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout) as error:
            raise Unreachable(type(error).__name__) from error
        except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
            raise NoAnswer(type(error).__name__) from error


class OutsideOnly(httpcore.SyncBackend):
    """Connects to addresses of the internet alone: an endpoint comes from a browser and must lead to nothing inside the house.

    The address that was judged is the one connected to, so that a name cannot say something else the second time.
    """

    def __init__(self, *, allows_loopback: bool) -> None:
        self._allows_loopback = allows_loopback

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """Connect to an address of the name, the first that answers. Raises ConnectError where one of them is not outside.

        `timeout`, in seconds, is shared among those that are tried: together they take no longer than one would.
        """
        try:
            found = list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except OSError as error:
            raise httpcore.ConnectError("name") from error
        if not found or not all(self._may_be_called(address) for address in found):
            raise httpcore.ConnectError("address")
        tried = _of_both_kinds(found)
        share = timeout / len(tried) if timeout is not None else None
        for address in tried[:-1]:
            try:
                return super().connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                # a server without IPv6 learns of such addresses all the same
                continue
        return super().connect_tcp(tried[-1], port, share, local_address, socket_options)

    def _may_be_called(self, text: str) -> bool:
        address = ipaddress.ip_address(text.partition("%")[0])
        return (address.is_global and not address.is_multicast) or (self._allows_loopback and address.is_loopback)


def _of_both_kinds(addresses: list[str]) -> list[str]:
    """At most MOST_TRIED of some addresses, in their order, IPv4 and IPv6 in turn."""
    six, four = ([address for address in addresses if (":" in address) is is_six] for is_six in (True, False))
    in_turn = [address for pair in zip_longest(six, four) for address in pair if address is not None]
    return in_turn[:MOST_TRIED]


def kept_key(path: Path) -> str:
    """The private key kept at `path`, made at the first call; two processes that start together get the same one."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        number = ec.generate_private_key(ec.SECP256R1()).private_numbers().private_value
        draft = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
        with open(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="ascii") as file:
            file.write(_text_of(number.to_bytes(KEY_BYTES)))
            file.flush()
            os.fsync(file.fileno())
        try:
            os.link(draft, path)
        except FileExistsError:
            pass
        finally:
            draft.unlink()
    return path.read_text(encoding="ascii").strip()


def _content(outgoing: Outgoing) -> bytes:
    words, link = outgoing.words, urlsplit(outgoing.words.link)
    path = link.path + (f"?{link.query}" if link.query else "")
    body = "" if words.short == words.subject else words.short[:LONGEST_BODY]
    said = {"title": words.subject[:120], "body": body, "link": path or "/", "tag": words.topic, "lang": words.language}
    return json.dumps(said, ensure_ascii=False).encode()


def _encrypted(content: bytes, endpoint: Endpoint) -> bytes:
    key = ec.generate_private_key(ec.SECP256R1())
    encrypted: bytes = http_ece.encrypt(
        content, private_key=key, dh=_bytes_of(endpoint.p256dh), auth_secret=_bytes_of(endpoint.auth), version="aes128gcm"
    )
    return encrypted


def _expiry() -> int:
    # by the clock of the machine: the services compare it with theirs
    return int(time.time()) + SIGNED_FOR_SECONDS


def _bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text.rstrip("=") + "=" * (-len(text.rstrip("=")) % 4))


def _text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")

"""The single way out of the installation: every HTTP call uses it, to the internet only, within limits.

https only, no redirects, and the name is resolved once, so that the address checked is the one connected to. An address of this machine
or network is called only where the environment names its host (LANGBIANG_INSIDE_HOSTS); http only on this machine. The size of an answer
and the duration of a whole call are limited, however slow the other side is. Where the environment names a proxy (HTTPS_PROXY), it
resolves the names.
"""

import ipaddress
import json
import os
import re
import socket
import ssl
import time
import urllib.request
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from itertools import zip_longest
from typing import Any
from urllib.parse import urlsplit

import httpcore

CONNECT_SECONDS, READ_SECONDS = 5.0, 15.0
"""How long connecting, and each wait for the other side, may take."""
CALL_SECONDS = 20.0
"""How long a whole call may take; far less than a lease, so that nobody else sends the same."""
TRUST_SECONDS = 3_600
"""How long the machine's certificates are kept in memory: reading them takes as long as many calls, and they change rarely."""
LARGEST_ANSWER = 1_000_000
HTTPS_PORT = 443
DEFAULT_PORTS = {"http": 80, "https": HTTPS_PORT}
MOST_TRIED = 4
"""How many addresses of a name are tried in turn."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
NEVER_OUTSIDE = tuple(map(ipaddress.ip_network, ("192.0.0.0/24", "::/96", "64:ff9b:1::/48", "fec0::/10", "3fff::/20", "5f00::/16")))
"""Addresses that are never on the internet, whatever an older Python's library says (IANA special-purpose registries): protocol
assignments, IPv4-compatible addresses, local NAT64, site-local addresses, documentation, segment routing."""
HOST = re.compile(r"(?=.{1,253}\Z)[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?(\.[a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?)*\.?")
"""A host name (RFC 1123; other scripts in Punycode), which resolvers and libraries read in only one way."""
IN_TURN = {"connect": CONNECT_SECONDS, "read": READ_SECONDS, "write": READ_SECONDS, "pool": CONNECT_SECONDS}

BEFORE = (httpcore.ConnectError, httpcore.ConnectTimeout, httpcore.PoolTimeout, httpcore.ProxyError, httpcore.UnsupportedProtocol)
"""Failures before anything was handed over."""

_ends: ContextVar[float | None] = ContextVar("end of a call", default=None)


class CallFailed(Exception):
    """A call failed; the text is short and quotes neither address nor answer."""


class NotReached(CallFailed):
    """Nothing was handed over: the address may not be called, or does not answer."""


class Unanswered(CallFailed):
    """Something may have been handed over, but there was no usable answer."""


def _host_and_port(named: str) -> tuple[str, int | None]:
    """A host as the environment names it: with a port behind its last colon, unless it is a bare IPv6 address."""
    host, colon, port = named.rpartition(":")
    if not colon or (":" in host and not host.endswith("]")) or not port.isdigit():
        return named.strip("[]"), None
    return host.strip("[]"), int(port)


@dataclass(frozen=True)
class Answer:
    """An answer; names of headers in lower case."""

    status: int
    headers: Mapping[str, str]
    content: bytes

    @property
    def has_succeeded(self) -> bool:
        return 200 <= self.status < 300

    def json(self) -> Any:
        return json.loads(self.content)


class Door:
    """Calls to the outside. `inside` are hosts of this network that the environment allows; one that is named with ports alone is called
    on those or on 443."""

    def __init__(self, inside: Collection[str] = (), *, uses_proxy: bool = True) -> None:
        self._named = frozenset(each.lower() for each in inside)
        self._ports: dict[str, set[int | None]] = {}
        for host, port in map(_host_and_port, self._named):
            self._ports.setdefault(host, set()).add(port)
        self.inside = frozenset(self._ports)
        self._uses_proxy = uses_proxy

    def and_to(self, *urls: str) -> "Door":
        """The same door, which also allows those of the addresses that are this machine: they were typed on purpose."""
        own = {host for host in map(_host_of, urls) if is_this_machine(host)}
        return Door(self._named | own, uses_proxy=self._uses_proxy)

    def on_this_machine(self) -> "Door":
        """The same door, which allows of the hosts of this network those that are this machine alone."""
        return Door({each for each in self._named if is_this_machine(_host_and_port(each)[0])}, uses_proxy=self._uses_proxy)

    def call(
        self, method: str, url: str, *, content: bytes = b"", headers: Mapping[str, str] | None = None, seconds: float = CALL_SECONDS,
        largest: int = LARGEST_ANSWER, cuts: bool = False,
    ) -> Answer:  # fmt: skip
        """Make one call and return its answer, whatever its status. Raises NotReached before anything was handed over, Unanswered after.

        `largest` bounds the answer in bytes: a larger one is no answer, or with `cuts` is read no further.
        """
        self.refuse_unless_open(url)
        said = [("Accept-Encoding", "identity"), ("User-Agent", "Langbiang"), *(headers or {}).items()]
        with (
            no_longer_than(seconds), _failures_named(), self._pool_to(url) as pool,
            pool.stream(method, url, headers=said, content=content, extensions={"timeout": IN_TURN}) as answer,
        ):  # fmt: skip
            return Answer(answer.status, _texts(answer.headers), _bounded(answer.iter_stream(), largest, cuts))

    def refuse_unless_open(self, url: str) -> None:
        """Raise NotReached for a forbidden address, before its name is resolved."""
        try:
            parts = urlsplit(url)
            host, is_sound = (parts.hostname or "").lower(), parts.port != 0 and not parts.username
        except ValueError:
            raise NotReached("address") from None
        is_plain = parts.scheme == "http" and host in self.inside and is_this_machine(host)
        if not is_sound or not (url.isascii() and _is_host(host)) or not (parts.scheme == "https" or is_plain):
            raise NotReached("address")
        if host not in self.inside and not _may_be_outside(host):
            raise NotReached("address")
        ports = self._ports.get(host, {None})
        if None not in ports and (parts.port or DEFAULT_PORTS[parts.scheme]) not in {*ports, HTTPS_PORT}:
            raise NotReached("address")

    def is_named(self, host: str, port: int) -> bool:
        """Whether the environment names the host with this port."""
        return port in self._ports.get(host, ())

    def direct_pool(self, *, most: int = 1) -> httpcore.ConnectionPool:
        """Kept-alive connections for calling the same few hosts often; to be used within `no_longer_than`."""
        backend = OutsideOnly(self.inside)
        return httpcore.ConnectionPool(ssl_context=_trusting(), network_backend=backend, max_connections=most)

    def _pool_to(self, url: str) -> httpcore.ConnectionPool:
        host, proxy = _host_of(url), self._proxy_for(url)
        if proxy is None or host in self.inside:
            return self.direct_pool()
        return httpcore.HTTPProxy(proxy, ssl_context=_trusting(), network_backend=TimedBackend())

    def _proxy_for(self, url: str) -> str | None:
        parts = urlsplit(url)
        if not self._uses_proxy or urllib.request.proxy_bypass(parts.hostname or ""):
            return None
        found = urllib.request.getproxies()
        return found.get(parts.scheme) or found.get("all")


def _trusting() -> ssl.SSLContext:
    """Trusts whom the machine trusts."""
    return _trusting_in(int(time.monotonic() // TRUST_SECONDS), os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=1)
def _trusting_in(_hour: int, _file: str | None, _folder: str | None) -> ssl.SSLContext:
    return ssl.create_default_context()


class TimedBackend(httpcore.SyncBackend):
    """Connects, and ends a connection's waits with its call."""

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        return _TimedStream(super().connect_tcp(host, port, _left(timeout, httpcore.ConnectTimeout), local_address, socket_options))


class OutsideOnly(TimedBackend):
    """Connects only to internet addresses and to the hosts in `inside`.

    The address checked is the one connected to, so that a name cannot resolve differently the second time.
    """

    def __init__(self, inside: Collection[str] = ()) -> None:
        self._inside = frozenset(inside)

    def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None,
        socket_options: Iterable[Any] | None = None,
    ) -> httpcore.NetworkStream:  # fmt: skip
        """Connect to an address of the name, the first that answers. Raises ConnectError where one of them is not outside.

        `timeout`, in seconds, is shared by all addresses tried.
        """
        try:
            found = list(dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)))
        except OSError as error:
            raise httpcore.ConnectError("name") from error
        if not found or not (host.lower() in self._inside or all(map(is_outside, found))):
            raise httpcore.ConnectError("address")
        tried = _of_both_kinds(found)
        share = timeout / len(tried) if timeout is not None else None
        for address in tried[:-1]:
            try:
                return super().connect_tcp(address, port, share, local_address, socket_options)
            except (httpcore.ConnectError, httpcore.ConnectTimeout):
                # a server without IPv6 is given such addresses all the same
                continue
        return super().connect_tcp(tried[-1], port, share, local_address, socket_options)


def is_outside(text: str) -> bool:
    """Whether an address is on the internet and embeds none that is not: IPv6 carries IPv4 addresses in several ways."""
    address = ipaddress.ip_address(text.partition("%")[0])
    if isinstance(address, ipaddress.IPv6Address):
        carried = [address.ipv4_mapped, address.sixtofour, *(address.teredo or ())]
        if address in NAT64:
            carried.append(ipaddress.IPv4Address(int(address) & 0xFFFFFFFF))
        if not all(each.is_global for each in carried if each is not None):
            return False
    return address.is_global and not address.is_multicast and not any(address in each for each in NEVER_OUTSIDE)


def is_this_machine(host: str) -> bool:
    """Whether a host denotes this machine: localhost, or a loopback address."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@contextmanager
def no_longer_than(seconds: float = CALL_SECONDS) -> Iterator[None]:
    """Limit the total time of everything sent and read inside, on connections of this module."""
    token = _ends.set(time.monotonic() + seconds)
    try:
        yield
    finally:
        _ends.reset(token)


@contextmanager
def _failures_named() -> Iterator[None]:
    try:
        yield
    except BEFORE as error:
        raise NotReached(type(error).__name__) from error
    except (httpcore.NetworkError, httpcore.TimeoutException, httpcore.ProtocolError) as error:
        raise Unanswered(type(error).__name__) from error


class _TimedStream(httpcore.NetworkStream):
    """A connection whose every wait ends with the call."""

    def __init__(self, stream: httpcore.NetworkStream) -> None:
        self._stream = stream

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        return self._stream.read(max_bytes, _left(timeout, httpcore.ReadTimeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        self._stream.write(buffer, _left(timeout, httpcore.WriteTimeout))

    def close(self) -> None:
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        left = _left(timeout, httpcore.ConnectTimeout)
        return _TimedStream(self._stream.start_tls(ssl_context, server_hostname, left))

    def get_extra_info(self, info: str) -> Any:
        return self._stream.get_extra_info(info)


def _left(timeout: float | None, over: type[Exception]) -> float | None:
    end = _ends.get()
    if end is None:
        return timeout
    left = end - time.monotonic()
    if left <= 0:
        raise over("the call took too long")
    return left if timeout is None else min(timeout, left)


def _texts(headers: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    read = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in headers}
    if read.get("content-encoding", "identity").lower() != "identity":
        # none was asked for: compressed content may be far larger than it looks
        raise Unanswered("encoding")
    return read


def _bounded(pieces: Iterable[bytes], largest: int, cuts: bool) -> bytes:
    content = bytearray()
    for piece in pieces:
        content += piece
        if len(content) > largest and cuts:
            return bytes(content[:largest])
        if len(content) > largest:
            raise Unanswered("too large")
    return bytes(content)


def _host_of(url: str) -> str:
    return (urlsplit(url).hostname or "").lower()


def _is_host(host: str) -> bool:
    """Whether it is an IP address or a well-formed host name."""
    try:
        ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return HOST.fullmatch(host) is not None
    return True


def _may_be_outside(host: str) -> bool:
    """Whether a host may be called as written: names are checked again when resolved, addresses at once, this machine never."""
    try:
        return is_outside(host)
    except ValueError:
        return host != "localhost" and not host.endswith(".localhost")


def _of_both_kinds(addresses: list[str]) -> list[str]:
    """The first MOST_TRIED addresses in their order, alternating IPv4 and IPv6."""
    six, four = ([address for address in addresses if (":" in address) is is_six] for is_six in (True, False))
    in_turn = [address for pair in zip_longest(six, four) for address in pair if address is not None]
    return in_turn[:MOST_TRIED]

"""Addresses of other systems that are typed or sent here: which of them may be called at all, and which hosts an account may name."""

import re
from collections.abc import Collection
from urllib.parse import urlsplit

from casework.messages.http_client import DEFAULT_PORTS, HOST, HTTPS_PORT, Door, NotReached

PORTS = frozenset({HTTPS_PORT, 8443})
MOST_HOSTS = 20
_APART = re.compile(r"[\s,;]+")


class HostRefused(ValueError):
    """What was typed is no list of host names."""


def host_to_call(url: str, inside: Collection[str], *, longest: int) -> str | None:
    """The host of an address that may be called: https on the internet, on 443 or 8443; of the hosts in `inside`, which the environment
    names, on 443 or the port named with them. None for any other."""
    try:
        parts = urlsplit(url)
        door, host = Door(inside), (parts.hostname or "").lower()
        port = parts.port or DEFAULT_PORTS.get(parts.scheme, 0)
        door.refuse_unless_open(url)
        is_port = port == HTTPS_PORT or door.is_named(host, port) if host in door.inside else port in PORTS
    except (ValueError, NotReached):
        return None
    return host if host and len(url) <= longest and not parts.fragment and is_port else None


def hosts_in(typed: str) -> list[str]:
    """The host names in a text, small and each once. Raises HostRefused."""
    hosts = sorted({each.lower() for each in _APART.split(typed) if each})
    if len(hosts) > MOST_HOSTS or not all(HOST.fullmatch(each) and "." in each for each in hosts):
        raise HostRefused
    return hosts

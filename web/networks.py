"""The network a request comes from, truncated: a whole address is personal data and is not stored."""

import ipaddress

from flask import request

UNKNOWN = "unknown"


def network_of(address: str | None) -> str:
    """The /24 of an IPv4 or the /48 of an IPv6 address; `unknown` for anything else."""
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return UNKNOWN
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return str(ipaddress.ip_network((parsed, 24 if parsed.version == 4 else 48), strict=False))


def this_network() -> str:
    return network_of(request.remote_addr)

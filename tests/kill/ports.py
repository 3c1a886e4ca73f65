"""A port nobody listens on."""
from __future__ import annotations

import socket


def free_port() -> int:
    """One the system has just given out; it could be taken again before it is used, which has to be looked for."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port

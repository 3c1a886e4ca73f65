"""A connection that ends in time, whatever the other side does."""

import socket
import threading
import time
from contextlib import suppress


class Line:
    """The connection of one conversation, closed when its time is over however slowly the other side speaks: a timeout per read would not
    stop an answer that arrives character by character."""

    def __init__(self, seconds: float) -> None:
        self._ends = time.monotonic() + seconds
        self._held: socket.socket | None = None
        self._timer: threading.Timer | None = None

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_: object) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer.join()
        if self._held is not None:
            self._held.close()

    def connect(self, host: str, port: int, seconds: float) -> socket.socket:
        """Connect to the first responding address of a name. Raises OSError."""
        fault: OSError = TimeoutError("the call took too long")
        for address in dict.fromkeys(str(info[4][0]) for info in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)):
            left = self._ends - time.monotonic()
            if left <= 0:
                break
            try:
                made = socket.create_connection((address, port), min(seconds, left))
            except OSError as error:
                fault = error
                continue
            made.settimeout(seconds)
            self._watch(made)
            return made
        raise fault

    def _watch(self, made: socket.socket) -> None:
        # a duplicate: TLS takes over the first one, and no other thread may touch the TLS object
        self._held = made.dup()
        self._timer = threading.Timer(max(self._ends - time.monotonic(), 0), self._hang_up)
        self._timer.daemon = True
        self._timer.start()

    def _hang_up(self) -> None:
        if self._held is not None:
            with suppress(OSError):
                self._held.shutdown(socket.SHUT_RDWR)

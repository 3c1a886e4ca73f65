"""Renames cookies over https: with the prefix `__Host-`, a browser accepts them only from this very host.

Another host of the same domain can set a cookie for all of them, but not one with this prefix. The rest of the program uses the plain
names, which are also those over http on one's own machine: the prefix is added and removed where responses leave and requests arrive.
"""

from collections.abc import Callable, Iterable
from typing import Any

PREFIX = "__Host-"
OURS = "langbiang_"

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class HostCookies:
    """WSGI middleware for an application that is served over https only."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            named = [(name, prefixed(value) if name.lower() == "set-cookie" else value) for name, value in headers]
            return start_response(status, named, *more)

        if "HTTP_COOKIE" in environ:
            environ["HTTP_COOKIE"] = plain(environ["HTTP_COOKIE"])
        return self._application(environ, start)


def plain(sent: str) -> str:
    """The request's cookies under their plain names. Ours without the prefix may have been planted, and are left out."""
    kept = []
    for pair in map(str.strip, sent.split(";")):
        if pair.startswith(PREFIX + OURS):
            kept.append(pair.removeprefix(PREFIX))
        elif not pair.startswith(OURS):
            kept.append(pair)
    return "; ".join(kept)


def prefixed(cookie: str) -> str:
    """A Set-Cookie value with the prefix and for the whole host, as browsers require."""
    if not cookie.startswith(OURS):
        return cookie
    parts = [part for part in cookie.split("; ") if not part.lower().startswith(("path=", "domain="))]
    return "; ".join([PREFIX + parts[0], *parts[1:], "Path=/"])

"""What cookies are called over https: with `__Host-` before their name, which a browser takes from this very host alone.

Another host of the same domain can set a cookie for all of them; one with this prefix it cannot. The rest of the program knows the plain
names, which are those over http on one's own machine too: the prefix is put on and taken off where requests come in and answers go out.
"""

from collections.abc import Callable, Iterable
from typing import Any

PREFIX = "__Host-"
OURS = "langbiang_"

Environ = dict[str, Any]
Application = Callable[[Environ, Callable[..., Any]], Iterable[bytes]]


class HostCookies:
    """Goes around an application that speaks https alone."""

    def __init__(self, application: Application) -> None:
        self._application = application

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        """Answer a request."""

        def start(status: str, headers: list[tuple[str, str]], *more: Any) -> Any:
            named = [(name, prefixed(value) if name.lower() == "set-cookie" else value) for name, value in headers]
            return start_response(status, named, *more)

        if "HTTP_COOKIE" in environ:
            environ["HTTP_COOKIE"] = plain(environ["HTTP_COOKIE"])
        return self._application(environ, start)


def plain(sent: str) -> str:
    """The cookies of a request under their plain names; those of ours without the prefix may be somebody else's, and are left out."""
    kept = []
    for pair in map(str.strip, sent.split(";")):
        if pair.startswith(PREFIX + OURS):
            kept.append(pair.removeprefix(PREFIX))
        elif not pair.startswith(OURS):
            kept.append(pair)
    return "; ".join(kept)


def prefixed(cookie: str) -> str:
    """A cookie that is set, with its prefix, for the whole host, as browsers demand of one so called."""
    if not cookie.startswith(OURS):
        return cookie
    parts = [part for part in cookie.split("; ") if not part.lower().startswith(("path=", "domain="))]
    return "; ".join([PREFIX + parts[0], *parts[1:], "Path=/"])

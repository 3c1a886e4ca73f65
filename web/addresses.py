"""Addresses of this installation, which may be served under a path of its host (the path of LANGBIANG_BASE_URL).

`url_for` puts that path in front by itself; `request.path` and `request.full_path` leave it out.
"""

from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import urlsplit

from flask import Flask, current_app, request


def install(app: Flask) -> None:
    app.jinja_env.globals.update(this_address=this_address, this_path=this_path)


def serve_under(app: Flask, root: str) -> None:
    """Answer under a path of the host, whether the proxy in front leaves that path in what it passes on or takes it off."""
    if root:
        app.wsgi_app = _under(root, app.wsgi_app)  # type: ignore[method-assign]


def _under(root: str, answering: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        path = environ.get("PATH_INFO", "")
        environ["SCRIPT_NAME"] = root
        if f"{path}/".startswith(f"{root}/"):
            environ["PATH_INFO"] = path[len(root) :]
        return answering(environ, start_response)

    return answer


def this_address(*, with_mark: bool = False) -> str:
    """The address of this page within the host, to come back to. `with_mark` keeps the question mark of a page without a query."""
    address = f"{request.root_path}{request.full_path}"
    return address if with_mark else address.rstrip("?")


def this_path() -> str:
    """The same without its query."""
    return f"{request.root_path}{request.path}"


def on_the_web(path: str) -> str:
    """The whole address of a path made by `url_for`, as it stands in messages, feeds and QR codes: by the configured address, never by the
    host the browser asked for."""
    own = urlsplit(current_app.config["BASE_URL"])
    return f"{own.scheme}://{own.netloc}{path}"

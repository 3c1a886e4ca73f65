"""/metrics: figures for monitoring in Prometheus' text format, for this machine and for holders of the token."""

import ipaddress
import secrets
from collections.abc import Callable, Iterable
from typing import Any

from flask import Blueprint, Flask, current_app, request
from flask.typing import ResponseReturnValue
from prometheus_client import CONTENT_TYPE_LATEST
from werkzeug.exceptions import NotFound

from casework.permissions import Action
from web.guards import performs
from web.http import metrics as http_metrics
from web.watching.exposition import exposition
from web.watching.figures import figures
from web.watching.surroundings import kept_findings

bp = Blueprint("metrics", __name__)

PATH = "/metrics"
BEARER = "Bearer "


@bp.get(PATH)
@performs(Action.CHECK_HEALTH)
def metrics() -> ResponseReturnValue:
    """All figures, without anything about a person. Others get 404."""
    if not current_app.config["METRICS"] or not _may_read():
        raise NotFound
    found = figures()
    return exposition(found, kept_findings(found)), 200, {"Content-Type": CONTENT_TYPE_LATEST, "Cache-Control": "no-store"}


def install(app: Flask) -> None:
    """Count requests, and allow any host name for /metrics, because each of several servers is monitored separately."""
    http_metrics.install(app)
    app.wsgi_app = _named(app.wsgi_app)  # type: ignore[method-assign]


def _may_read() -> bool:
    token, given = current_app.config["METRICS_TOKEN"], request.headers.get("Authorization", "")
    if given:
        return bool(token) and secrets.compare_digest(given.encode(), f"{BEARER}{token}".encode())
    # behind a proxy, remote_addr is the visitor's address as the proxy names it
    return _is_this_machine(request.remote_addr) and not any(name in request.headers for name in ("X-Forwarded-For", "Forwarded"))


def _is_this_machine(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


def _named(answering: Callable[..., Iterable[bytes]]) -> Callable[..., Iterable[bytes]]:
    def answer(environ: dict[str, Any], start_response: Any) -> Iterable[bytes]:
        if environ.get("PATH_INFO") == PATH:
            environ["HTTP_HOST"] = "localhost"
        return answering(environ, start_response)

    return answer

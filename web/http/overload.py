"""Refuses who has waited too long for a free thread, so that the queue in front of an overloaded server stays short.

Otherwise everybody would wait for everybody before them, minutes in the end, and threads would work for people who left long ago. Pages are
refused first: what people have typed may wait FORM_TIMES as long. A refusal needs neither database nor session (web/errors.py). Styles,
health and metrics are always answered: a proxy that took an overloaded server out would overload the others.
"""

from contextvars import ContextVar

from flask import Flask, current_app, request
from werkzeug.exceptions import SecurityError

FORM_TIMES = 4

WAITED: ContextVar[float] = ContextVar("waited", default=0.0)
"""Seconds the present request waited for its thread, as the server that runs it says."""

READING = frozenset({"GET", "HEAD"})
ALWAYS_ANSWERED = frozenset({"static", "health.healthz", "health.readyz", "metrics.metrics"})


class Overloaded(Exception):
    """The request waited too long and is not begun."""


def install(app: Flask) -> None:
    app.before_request(_refuse_what_waited_too_long)


def _refuse_what_waited_too_long() -> None:
    if request.endpoint in ALWAYS_ANSWERED or isinstance(request.routing_exception, SecurityError):
        return
    longest = current_app.config["WAIT_SECONDS"] * (1 if request.method in READING else FORM_TIMES)
    if WAITED.get() > longest:
        raise Overloaded

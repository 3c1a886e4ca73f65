"""The way back to the inbox: the view, filter and page that somebody came from are carried by the pages they open from it.

So is ALONE, which says that a step was opened from the page of its case: then no queue is walked.
"""

from typing import Any
from urllib.parse import urlsplit

from flask import Flask, has_request_context, request, url_for

from web.addresses import this_address
from web.http.security import own_address

LONGEST = 600
CARRIED_BY = ("tasks", "cases", "case_path", "case_acts", "assigning")
"""Blueprints whose pages link to each other and keep the way back."""
CARRIED_TO = ("inbox.claim", "inbox.release")
ALONE = "alone"


def install(app: Flask) -> None:
    app.url_defaults(_carry)
    app.jinja_env.globals.update(inbox_address=inbox_address, way_back=way_back)


def inbox_address(*, row: str | None = None) -> str:
    """The address of the inbox as the person left it, or of the plain inbox where none is named.

    An address is accepted only when it leads to this installation's inbox. `row` is the step to scroll to; on the page of a step it is that
    step.
    """
    back = _named()
    if row is None and request.method == "GET" and request.endpoint == "tasks.task":
        row = (request.view_args or {}).get("ref")
    return f"{back or url_for('inbox.inbox')}{f'#t-{row}' if row and back else ''}"


def way_back() -> str | None:
    """What an address needs to lead back; None for the plain inbox."""
    return _named() or None


def present() -> str | None:
    """The same on the inbox itself: its own address, None where nothing is chosen."""
    address = this_address()
    return address if "?" in address and len(address) <= LONGEST else None


def is_alone() -> bool:
    """Whether the step was opened from the page of its case."""
    return ALONE in request.args


def is_carried(endpoint: str) -> bool:
    """Whether the addresses of an endpoint may carry the way back."""
    return endpoint.partition(".")[0] in CARRIED_BY or endpoint in CARRIED_TO


def _carry(endpoint: str, values: dict[str, Any]) -> None:
    if not is_carried(endpoint) or "back" in values or not has_request_context() or request.blueprint not in CARRIED_BY:
        return
    if back := way_back():
        values["back"] = back
    if is_alone() and request.blueprint == "tasks" and (endpoint.startswith("tasks.") or endpoint in CARRIED_TO):
        values[ALONE] = "1"


def _named() -> str:
    given = request.args.get("back") or request.form.get("back") or ""
    target = own_address(given, "") if len(given) <= LONGEST else ""
    return target if target and urlsplit(target).path == url_for("inbox.inbox") else ""

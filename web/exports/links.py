"""The link from a list to the page on which it is ordered as a file, with the filter of the page."""

from typing import Any

from flask import url_for

from casework.outputs import KINDS
from casework.permissions import may
from web.exports.parameters import PARAMETERS
from web.guards import actor

LONGEST = 120


def export_url(kind: str, /, **chosen: object) -> str:
    """The address for ordering a list with the page's filter; empty for people who may not export it."""
    if not all(may(actor(), action) for action in KINDS[kind].needs):
        return ""
    given: dict[str, Any] = {name: str(chosen[name])[:LONGEST] for name in PARAMETERS[kind] if chosen.get(name)}
    return url_for("outputs.new", key=kind, **given)

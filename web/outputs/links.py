"""The link from a list to the page on which it is ordered as a file, with the filter of the page."""

from typing import Any

from flask import url_for

from casework.outputs import KINDS
from casework.permissions import may
from web.guards import actor

PARAMETERS: dict[str, tuple[str, ...]] = {
    "cases": ("q", "state", "field", "area", "year"),
    "inbox": ("q", "view", "state", "field", "area", "urgency", "agency", "source", "due", "waits", "holder", "whose"),
    "late": ("agency", "source"),
    "letters": ("shelf", "kind", "year"),
    "register": ("book",),
    "figures": ("period", "by", "of", "rows", "columns", "figure", "table", "trend", "snapshot"),
    "counted": ("of", "period", "figure", "by", "subject", "part", "beside", "beside_subject", "what", "agency", "area", "village"),
    "setting_events": ("kind",),
    "processing": ("on",),
    "looks": ("login", "code", "from", "to"),
    "affected": ("breach",),
    "heat": ("from", "to", "version", "field", "agency", "centre"),
    "incidents": (),
    "people": ("q", "state"),
    "messages": ("reason",),
    "outputs": (),
    "schedules": (),
}
"""What a list takes from its page's address; what else stands there is left out."""

LONGEST = 120


def export_url(kind: str, /, **chosen: object) -> str:
    """Where a list is ordered as it is chosen on the page; empty for who may not have it."""
    if not all(may(actor(), action) for action in KINDS[kind].needs):
        return ""
    given: dict[str, Any] = {name: str(chosen[name])[:LONGEST] for name in PARAMETERS[kind] if chosen.get(name)}
    return url_for("outputs.new", key=kind, **given)

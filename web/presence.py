"""The pulse of an open case: says that the person has it open and perhaps is writing, and answers who else has."""

from collections.abc import Sequence

from flask import Blueprint, request
from flask.typing import ResponseReturnValue

from casework.db import unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.permissions import Action
from casework.together.presence import Colleague, be_here, leave
from web.clock import now
from web.guards import actor, found, performs

bp = Blueprint("presence", __name__)


@bp.post("/presence")
@performs(Action.BE_SEEN)
def pulse() -> ResponseReturnValue:
    """Which case stands in the form, never in the address, which servers in front write down. One statement besides who asks."""
    ref = request.form.get("case", "")
    if request.form.get("leaves"):
        with unit_of_work():
            leave(ref, by=actor())
        return "", 204
    with unit_of_work():
        others = be_here(ref, by=actor(), now=now(), is_writing=request.form.get("writes") == "1")
    return {"others": as_told(found(others))}, {"Cache-Control": "no-store"}


def as_told(others: Sequence[Colleague]) -> list[dict[str, str | bool]]:
    """Colleagues as scripts show them (static/js/presence.js)."""
    return [
        {
            "name": each.name, "initials": _initials(each.name), "since": f"{each.since.astimezone(LOCAL_ZONE):%H:%M}",
            "writes": each.is_writing,
        }
        for each in others
    ]  # fmt: skip


def _initials(name: str) -> str:
    return "".join(word[0] for word in name.split()[-2:]).upper()

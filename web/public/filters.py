"""The filters of the public list: read from an address, written to one, and described in words. Its map and feed share them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from flask_babel import gettext as _

from casework.parsing import day_in
from casework.public.filter_choices import Choice, Choices
from casework.public.filters import LONGEST_SEARCH, PublicFilter, PublicState
from web.clock import now
from web.due_words import day_words
from web.locales import in_reader_language

"""As browsers send a day, and as people type one where the browser has no field for it."""
YES = {"urgency": "urgent", "late": "late"}
TABS = (PublicState.ANSWERED, PublicState.OPEN)
"""The tabs of the list; the first one is shown where the address names no state."""


@dataclass(frozen=True, slots=True)
class Chip:
    """One filter in words, and the address without it."""

    words: str
    without: dict[str, str]


def wanted_in_address() -> PublicFilter:
    """The filters in the address; values without meaning are ignored."""
    state = request.args.get("state", "")
    return PublicFilter(
        words=request.args.get("q", "").strip()[:LONGEST_SEARCH],
        service_code=request.args.get("field", "")[:40],
        area_ref=request.args.get("area", "")[:16],
        state=PublicState(state) if state in list(PublicState) else None,
        urgent_only=request.args.get("urgency") == YES["urgency"],
        late_at=now() if request.args.get("late") == YES["late"] else None,
        since=day_typed("from"),
        until=day_typed("to"),
        centre_ref=request.args.get("centre", "")[:16],
    )


def address_of(wanted: PublicFilter) -> dict[str, str]:
    """What stands in the address of these filters."""
    return dict(_parts(wanted))


def day_typed(name: str) -> date | None:
    """The day in an address parameter; None when it is missing or not a day."""
    return day_in(request.args.get(name, ""))


def misunderstood(wanted: PublicFilter) -> list[str]:
    """Sentences about impossible days, which are ignored as filters."""
    faults = []
    for name, day in (("from", wanted.since), ("to", wanted.until)):
        typed = request.args.get(name, "").strip()[:20]
        if typed and day is None:
            faults.append(_("“%(typed)s” is not a day. Example: 31/12/2026", typed=typed))
    if wanted.since and wanted.until and wanted.since > wanted.until:
        faults.append(_("The first day lies behind the last one, so nothing can be found."))
    return faults


def chips_of(wanted: PublicFilter, choices: Choices, *, but_tabs: bool = False) -> list[Chip]:
    """The filters in force, except the search words, each removable by itself. `but_tabs`: a tab of the list says its state itself."""
    parts = address_of(wanted)
    words = {
        "field": _name(choices.fields, wanted.service_code),
        "area": _name((*choices.communes, *choices.former), wanted.area_ref),
        "state": state_words().get(wanted.state, "") if wanted.state else "",
        "urgency": _("Urgent"),
        "late": _("Late"),
        "from": _("From %(day)s", day=day_words(wanted.since)) if wanted.since else "",
        "to": _("To %(day)s", day=day_words(wanted.until)) if wanted.until else "",
        "centre": _name(choices.centres, wanted.centre_ref),
    }
    told = [key for key in parts if key != "q" and not (key == "state" and but_tabs and wanted.state in TABS)]
    return [Chip(words[key] or "?", {name: value for name, value in parts.items() if name != key}) for key in told]


def state_words() -> dict[PublicState, str]:
    return {
        PublicState.RECEIVED: _("Received"), PublicState.ACCEPTED: _("Accepted"), PublicState.IN_PROGRESS: _("In progress"),
        PublicState.ANSWERED: _("Answered"), PublicState.OPEN: _("Not answered yet"),
    }  # fmt: skip


def _parts(wanted: PublicFilter) -> Iterator[tuple[str, str]]:
    parts: dict[str, Any] = {
        "q": wanted.words, "field": wanted.service_code, "area": wanted.area_ref, "state": wanted.state,
        "urgency": wanted.urgent_only and YES["urgency"], "late": wanted.late_at and YES["late"],
        "from": wanted.since and wanted.since.isoformat(), "to": wanted.until and wanted.until.isoformat(), "centre": wanted.centre_ref,
    }  # fmt: skip
    yield from ((name, str(value)) for name, value in parts.items() if value)


def _name(choices: tuple[Choice, ...], value: str) -> str:
    return next((in_reader_language(each.name) for each in choices if each.value == value), "")

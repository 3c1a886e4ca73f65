"""The map of open work and the list beside it. The list with its filters is the page; the map is drawn where there is a script."""

import re
from collections.abc import Mapping
from typing import Any

import orjson
from flask import Blueprint, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l

from casework.db import db
from casework.models import Centre
from casework.parsing import number_in
from casework.permissions import Action, Actor
from casework.reading.counting import count_together
from casework.search.staff_choices import centres_worked_in
from casework.states import STAFF_LABELS
from web.base_map import base_map
from web.clock import now
from web.guards import actor, performs
from web.inbox.filters import FilterSelect, choices_for, filter_in, params_of
from web.inbox.views import STANDSTILL_LABELS
from web.navigation import CentreWords, centre_words, counted_here, counted_in_bar
from workflows.desks.inbox_filters import InboxFilter
from workflows.desks.open_map import MOST_LISTED, Asked, Box, Cell, Kind, ListedCase, OpenMap, View, open_map
from workflows.desks.open_map_statements import MOST_LOOKED_AT

bp = Blueprint("open_map", __name__)

VIEW_LABELS = {
    View.ALL: _l("All"), View.LATE: _l("Late"), View.URGENT: _l("Urgent"), View.SOON: _l("Due within 24 hours"), View.MINE: _l("My tasks"),
}  # fmt: skip
CHOICES = ("field", "agency")
"""The selects, of those of the inbox."""
GROUP_LABELS = {"late": _l("Late"), "urgent": _l("Urgent"), "rest": _l("The rest")}
BOX = re.compile(r"\d{1,2}(\.\d{1,5})?,\d{1,2}(\.\d{1,5})?,\d{1,3}(\.\d{1,5})?,\d{1,3}(\.\d{1,5})?")
"""South, north, west, east in an address. No place of Vietnam has a negative degree."""


@bp.get("/open-map")
@performs(Action.READ_OPEN_MAP)
def map_of_open_work() -> ResponseReturnValue:
    by, moment = actor(), now()
    asked = _asked(request.args)
    shown = open_map(by, asked, now=moment)
    given = _given(asked)
    counted_here(count_together(counted_in_bar(moment)))
    return render_template(
        "inbox/open_map.html",
        shown=shown,
        view=asked.view,
        views=[(view, words, _address(given, view=view), shown.counts[view]) for view, words in VIEW_LABELS.items()],
        total=sum(shown.of_kind.values()),
        groups=_groups(shown),
        choices=_choices(by, asked.chosen),
        chosen=params_of(asked.chosen),
        box=given.get("box", ""),
        without=lambda key: _address({name: value for name, value in given.items() if name != key}),
        clear_url=_address({}, view=asked.view),
        next_url=_address(given, page=asked.page + 1) if shown.has_next else "",
        first_url=_address(given) if asked.page > 1 else "",
        left=sum(shown.of_kind.values()) - MOST_LISTED * asked.page,
        cells=orjson.dumps([_cell(each, given) for each in shown.cells]).decode() if shown.cells else "",
        base=base_map(_centre_shown(by)),
        states=STAFF_LABELS,
        standstills=STANDSTILL_LABELS,
        most=MOST_LOOKED_AT,
    )


def _asked(given: Mapping[str, str]) -> Asked:
    """What an address asks for; values without meaning are ignored."""
    view = given.get("view", "")
    chosen = filter_in({name: given.get(name, "") for name in CHOICES})
    page = number_in(given.get("page", ""), digits=2) or 1
    return Asked(View(view) if view in set(View) else View.ALL, chosen, _box_in(given.get("box", "")), page)


def _box_in(text: str) -> Box | None:
    return Box(*map(float, text.split(","))) if BOX.fullmatch(text) else None


def _box_text(box: Box) -> str:
    """A box in an address, no smaller than a street so that points on its edge are in it."""
    return f"{box.south - 0.0006:.4f},{box.north + 0.0006:.4f},{box.west - 0.0006:.4f},{box.east + 0.0006:.4f}"


def _given(asked: Asked) -> dict[str, str]:
    """The address without its page."""
    given = {"view": "" if asked.view == View.ALL else str(asked.view), **params_of(asked.chosen)}
    given["box"] = request.args["box"] if asked.box is not None else ""
    return {name: value for name, value in given.items() if value}


def _address(given: Mapping[str, str], **more: Any) -> str:
    values = {**given, **more}
    if values.get("view") == View.ALL:
        del values["view"]
    return url_for(".map_of_open_work", **values)


def _choices(by: Actor, chosen: InboxFilter) -> list[FilterSelect]:
    return [each for each in choices_for(by, chosen, principals=[]) if each.key in CHOICES]


def _groups(shown: OpenMap) -> list[tuple[str, str, int, list[ListedCase]]]:
    """The rows of this page by what presses: key, heading, how many there are of it in the whole list, and those of this page."""
    numbers = {
        "late": shown.of_kind[Kind.LATE], "urgent": shown.of_kind[Kind.URGENT],
        "rest": shown.of_kind[Kind.OPEN] + shown.of_kind[Kind.PAUSED],
    }  # fmt: skip
    found: list[tuple[str, str, int, list[ListedCase]]] = []
    for key, words in GROUP_LABELS.items():
        rows = [row for row in shown.rows if (row.open.kind if row.open.kind in ("late", "urgent") else "rest") == key]
        if rows:
            found.append((key, str(words), numbers[key], rows))
    return found


def _cell(cell: Cell, given: Mapping[str, str]) -> dict[str, Any]:
    """A cell of the grid as the script draws it."""
    return {
        "at": [round(each, 5) for each in cell.at], "count": cell.count, "late": cell.late, "urgent": cell.urgent,
        "url": _address({**given, "box": _box_text(cell.box)}),
    }  # fmt: skip


def _centre_shown(by: Actor) -> Centre | CentreWords:
    """The centre whose land is drawn: the person's, where they work in one alone."""
    centres = centres_worked_in(by)
    default = centre_words()
    if centres is None or len(centres) != 1 or centres[0] == default.id:
        return default
    return db.session.get_one(Centre, centres[0])

"""The inbox for a second screen: as a board with a column for each step, and as a television for the desk. Both from the same read.

The board is links alone: a step is done, not moved. The television hangs where visitors may stand: what a row of the wallboard may show is
all it shows (casework/wallboard/picture.py), and nobody's name.
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, Response, g, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Agency, Case
from casework.permissions import Action, Actor
from casework.settings.elements import renamed_elements
from casework.states import CaseState
from web.clock import now
from web.guards import actor, performs
from web.inbox.asking import InboxRequest, asked_in
from web.inbox.filters import choices_for
from web.inbox.rows import InboxRow, rows_of
from web.inbox.views import ELEMENT_LABELS, STANDSTILL_LABELS, element_label, view_words
from web.navigation import centre_words
from web.wallboard import DAYS, release
from workflows.desks.board import FROZEN, Board, Column, board_of
from workflows.desks.inbox import Counts, cases_behind, names_of_elements, shown_count
from workflows.desks.inbox_steps import InboxStep

bp = Blueprint("board", __name__)

LINES = 5
"""Rows of one page of the television: as many as are read from across a room."""
MOST_LINES = 6 * LINES
"""A minute and a half until the first page is back."""


@dataclass(frozen=True, slots=True)
class ShownColumn:
    """A column as it is drawn. `left` says how many more its view holds."""

    key: str
    words: str
    url: str
    count: str
    left: str
    tasks: tuple[InboxStep, ...]
    rows: Mapping[int, InboxRow]


@bp.get("/inbox/board")
@performs(Action.READ_INBOX)
def board() -> ResponseReturnValue:
    by, moment = actor(), now()
    # what was typed to find steps has no columns: words stay with the list
    asked = asked_in(by, {key: value for key, value in request.args.items() if key != "q"}, now=moment)
    given, is_of_places = _as_address(asked.given), asked.wanted.is_of_places
    shown = board_of(by, order=ELEMENT_LABELS, now=moment, chosen=asked.chosen, desks_of=asked.reader)
    # the bar above shows the same number
    g.waiting_count = shown.counts.all
    names = _names(shown.counts, moment)
    cases = cases_behind([task for each in shown.columns for task in each.page.tasks]) if is_of_places else None
    return render_template(
        "inbox/board.html",
        columns=[_column(by, each, names, asked, cases) for each in shown.columns],
        total=shown_count(shown.number),
        chosen=given,
        choices=choices_for(by, asked.chosen, principals=asked.principals),
        outside=max(0, shown.counts.all - shown.number) if given and not is_of_places else 0,
        without=lambda key: url_for(".board", **{name: value for name, value in given.items() if name != key}),
        clear_url=url_for(".board"),
        list_url=url_for("inbox.inbox", **given),
        reported=frozenset().union(*(each.page.reported for each in shown.columns)),
        standstills=STANDSTILL_LABELS,
        moment=moment,
        is_of_places=is_of_places,
        account_id=by.account_id,
        pulse_url="" if is_of_places else url_for("inbox.pulse", view="all", since=shown.counts.newest, **given),
    )


@bp.get("/desk-wall")
@performs(Action.READ_INBOX)
def wall() -> ResponseReturnValue:
    """The television: the page is shown as long as the session of whoever opened it lasts."""
    there = now().astimezone(LOCAL_ZONE)
    page = render_template(
        "inbox/wall.html",
        desk=_desk(actor()),
        clock=f"{there:%H:%M}",
        day=_("%(weekday)s, %(day)s", weekday=DAYS[there.weekday()], day=f"{there:%d/%m/%Y}"),
        zone=str(LOCAL_ZONE),
        release=release(),
        picture_url=url_for(".wall_picture"),
        moment=now(),
        **_on_wall(actor()),
    )
    answer = make_response(page)
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


@bp.get("/desk-wall/picture")
@performs(Action.READ_INBOX)
def wall_picture() -> ResponseReturnValue:
    """The middle of the television; 304 while it is unchanged."""
    body = render_template("inbox/wall_picture.html", **_on_wall(actor()))
    answer = Response(body, mimetype="text/html")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.headers["X-Server-Time"] = now().isoformat()
    answer.headers["X-Release"] = release()
    answer.set_etag(hashlib.sha256(body.encode()).hexdigest()[:32])
    return answer.make_conditional(request)


def _on_wall(by: Actor) -> dict[str, object]:
    """What the television shows: numbers of every step, and those due first in pages of LINES."""
    moment = now()
    shown = board_of(by, order=ELEMENT_LABELS, now=moment, most=MOST_LINES)
    lines = [task for task in shown.waiting if _may_hang(task)][:MOST_LINES]
    names = _names(shown.counts, moment)
    return {
        "counts": shown.counts,
        "shown_count": shown_count,
        "steps": [(_words(each, names), shown_count(each.number)) for each in shown.columns if each.key != FROZEN],
        "pages": [lines[first : first + LINES] for first in range(0, len(lines), LINES)],
        "left": shown.counts.all - len(lines),
        "place_of": _place,
        "held": _held(shown),
        "is_late": lambda task: task.is_late(moment),
    }


def _may_hang(task: InboxStep) -> bool:
    """Whether a case may have a row where visitors see it: sensitive ones are counted only."""
    return task.case.visibility_reason_id is None and task.case.quarantined_at is None


def _place(task: InboxStep) -> list[Bilingual | str]:
    """The commune, and the village once the first reading let it out."""
    village = task.case.village if task.case.state != CaseState.TO_VERIFY else None
    return [each for each in (village, task.case.area) if each]


def _held(shown: Board) -> frozenset[int]:
    """The steps somebody has taken; who it is, is not told."""
    return frozenset(step for column in shown.columns for step in column.page.holders)


def _column(
    by: Actor, column: Column, names: Mapping[str, Bilingual], asked: InboxRequest, cases: Mapping[int, Case] | None
) -> ShownColumn:
    url = url_for("inbox.inbox", view=column.key, **_as_address(asked.given))
    rows = rows_of(by, column.page, asked.principals, back=url, cases=cases)
    left = shown_count(column.left) if column.left else ""
    return ShownColumn(column.key, _words(column, names), url, shown_count(column.number), left, column.page.tasks, rows)


def _as_address(given: Mapping[str, str]) -> dict[str, Any]:
    """A filter as the values of an address."""
    return dict(given)


def _words(column: Column, names: Mapping[str, Bilingual]) -> str:
    if column.key == FROZEN:
        return view_words(FROZEN)
    # of a step on no desk of the person's own, no newest one is counted
    drawn = column.page.tasks[0].label if column.key not in ELEMENT_LABELS else None
    return element_label(column.key, names.get(column.key, drawn))


def _names(counts: Counts, moment: datetime) -> dict[str, Bilingual]:
    """The names of steps that administrators drew or renamed."""
    renamed = renamed_elements(local_day(moment))
    return names_of_elements(counts, [each for each in counts.elements if each not in ELEMENT_LABELS or each in renamed])


def _desk(by: Actor) -> Bilingual:
    """Whose television it is: the person's agency, where it is one, else the centre."""
    if len(by.agency_ids) == 1:
        return db.session.get_one(Agency, next(iter(by.agency_ids))).name
    return centre_words().name

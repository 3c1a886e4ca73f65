"""The bell in the bar: the page of what concerns the person, its newest lines as a piece of a page, and reading them."""

from flask import Blueprint, make_response, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue

from casework.db import unit_of_work
from casework.notes.exchange import exchanges_new_for
from casework.parsing import number_in
from casework.permissions import Action
from casework.together.bell import BellLine, lines_for, read_all, read_lines
from web.clock import now
from web.guards import actor, performs
from web.http.after_response import afterwards
from web.notes import title_for

bp = Blueprint("bell", __name__)

NEWEST, MOST_TALKS = 8, 4
"""Lines shown in the bar, and how many of them may be exchanges; the page has them all."""

ICONS = {
    "mentioned_in_note": "notes", "task_assigned": "user-plus", "task_taken_over": "users", "deputy_changed": "users",
    "deputy_to_confirm": "users", "assignment_handed_back": "arrow-back-up", "hand_back_decided": "arrow-back-up",
    "case_taken_up_again": "refresh", "answer_to_redo": "refresh", "extension_granted": "calendar-plus",
    "extension_not_granted": "calendar", "extension_not_endorsed": "calendar", "question_answered": "message-circle",
    "directive_given": "flag", "reminder": "bell-ringing", "reminder_by_hand": "bell-ringing",
}  # fmt: skip


@bp.get("/bell")
@performs(Action.READ_BELL)
def lines() -> ResponseReturnValue:
    """The page does not read anything by being opened: opening a case does, and the button."""
    talks = exchanges_new_for(actor())
    titles = {row.case.id: title_for(row.case) for row in talks}
    return render_template("bell/bell.html", lines=_shown(), talks=talks, titles=titles, icons=ICONS)


@bp.get("/bell/newest")
@performs(Action.READ_BELL)
def newest() -> ResponseReturnValue:
    shown, talks = _shown(), exchanges_new_for(actor())
    unread = len(talks) + sum(line.is_unread for line in shown)
    first_talks = talks[:MOST_TALKS]
    first = sorted(shown, key=lambda line: not line.is_unread)[: NEWEST - len(first_talks)]
    titles = {row.case.id: title_for(row.case) for row in first_talks}
    response = make_response(
        render_template("bell/newest.html", lines=first, talks=first_talks, titles=titles, unread=unread, icons=ICONS)
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/bell/read")
@performs(Action.READ_BELL)
def read() -> ResponseReturnValue:
    """Mark one line as read, or all."""
    line = number_in(request.form.get("line", ""))
    with unit_of_work():
        if line is not None:
            read_lines([line], by=actor(), now=now())
        else:
            read_all(by=actor(), now=now())
    return redirect(url_for(".lines"))


def _shown() -> list[BellLine]:
    """The person's lines. Unread ones that lead nowhere any more are read by that, so that nobody looks for them in vain."""
    by, moment = actor(), now()
    found, hidden = lines_for(by, now=moment)
    if hidden:
        afterwards(lambda: read_lines(hidden, by=by, now=moment))
    return found

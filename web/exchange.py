"""The exchange with one agency beside the case: writing in it, showing it, and the list of what is new for the person's desks."""

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import TextAreaField

from casework.cases import lock_case
from casework.db import reading_once, unit_of_work
from casework.models import Assignment, Case, Note
from casework.notes.colleagues import MentionRefused
from casework.notes.exchange import (
    Exchange,
    Side,
    exchange_at,
    exchanges_new_for,
    is_of_exchange,
    mark_exchange_read,
    reads_for_desk,
)
from casework.notes.mentions import mention_in
from casework.notes.notes import LONGEST_NOTE, NoteRefused, may_exchange, write_note
from casework.permissions import Action
from casework.permissions.sight import case_seen_by
from casework.states import STAFF_LABELS, CaseState
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.http.after_response import afterwards
from web.notes import title_for
from web.sent_forms import answers_again
from web.task_page import at_most

bp = Blueprint("exchange", __name__)


class WordForm(Form):
    words = TextAreaField(_l("Write in the exchange"), validators=[at_most(LONGEST_NOTE)])


@bp.route("/cases/<ref>/exchange/<assignment>", methods=["GET", "POST"])
@performs(Action.WRITE_NOTE)
@answers_again(lambda ref, assignment: _place(ref, assignment))
def write(ref: str, assignment: str) -> ResponseReturnValue:
    """One more word in the exchange with an agency; its own page where a word was refused."""
    with reading_once():
        seen = found(case_seen_by(actor(), ref))
        part = found(_part(seen, assignment))
    form = WordForm()
    if not form.is_submitted():
        return _page(seen, part, form)
    if not form.validate():
        return _page(seen, part, form), 422
    return _said(seen, assignment, form) or redirect(_place(ref, assignment))


@bp.get("/exchanges")
@performs(Action.WRITE_NOTE)
def exchanges() -> ResponseReturnValue:
    """The exchanges with something new for the person's desks."""
    with reading_once():
        rows = exchanges_new_for(actor())
        titles = {row.case.id: title_for(row.case) for row in rows}
    return render_template("cases/exchanges.html", rows=rows, titles=titles)


def write_beside(case: Case, assignment: str, words: str) -> ResponseReturnValue | None:
    """Write a word from the page of a step; where it is refused, the exchange's own page with it."""
    found(_part(case, assignment))
    return _said(case, assignment, WordForm(formdata=None, data={"words": words}))


def _said(case: Case, assignment: str, form: WordForm) -> ResponseReturnValue | None:
    """Write the form's word under the lock of its case; the page again where it is refused."""
    case_id, ref = case.id, case.ref
    try:
        with unit_of_work():
            case = lock_case(case_id)
            part = found(_part(case, assignment))
            note = write_note(case, by=actor(), now=now(), audience="agency", words=form.words.data or "", assignment=part)
            mention_in(note, case, by=actor(), now=now())
    except (NoteRefused, MentionRefused) as refusal:
        case = found(case_seen_by(actor(), ref))
        return _page(case, found(_part(case, assignment)), form, refusal=form.refuse(refusal)), 422
    flash(_("It stands in the exchange, new for the other side."))
    return None


def exchanges_shown(there: Sequence[Exchange], notes: Sequence[Note]) -> dict[str, Any]:
    """The exchanges of a case page, and the notes that belong to none. Showing what is new marks it as read for the desk."""
    _read(there)
    return {
        "exchanges": there,
        "other_notes": [note for note in notes if not is_of_exchange(note)],
        "new_words": frozenset().union(*(each.new for each in there)),
        "unread_words": frozenset().union(*(each.unread_there for each in there)),
        "is_for_agency": any(each.side is Side.AGENCY and each.can_write for each in there),
    }


def exchange_beside(assignment: Assignment, notes: Sequence[Note] | None = None) -> Exchange | None:
    """The exchange for the page of a step about an agency's work; of `notes` where the page has read the case's."""
    exchange = exchange_at(actor(), assignment, notes)
    if exchange is not None:
        _read([exchange])
    return exchange


def _read(there: Sequence[Exchange]) -> None:
    for each in there:
        if each.new and reads_for_desk(actor(), each):
            afterwards(lambda exchange=each: mark_exchange_read(exchange))  # type: ignore[misc]


def _part(case: Case, assignment: str) -> Assignment | None:
    """The agency's part, where the person writes in its exchange."""
    part = next((row for row in case.assignments if row.ref == assignment), None)
    return part if part is not None and case.quarantined_at is None and may_exchange(actor(), part, case) else None


def _place(ref: str, assignment: str) -> str:
    return url_for("cases.case", ref=ref, tab="exchange", _anchor=f"exchange-{assignment}")


def _page(seen: Case, part: Assignment, form: WordForm, *, refusal: str = "") -> str:
    return render_template(
        "cases/exchange.html",
        case=seen,
        part=part,
        form=form,
        refusal=refusal,
        title=title_for(seen),
        state=STAFF_LABELS[CaseState(seen.state)],
        back=_place(seen.ref, part.ref),
    )

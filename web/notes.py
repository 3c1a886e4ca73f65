"""Notes among staff: writing them, naming colleagues, and the list of notes that name the reader."""

from collections.abc import Collection
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import RadioField, SelectMultipleField, StringField, TextAreaField

from casework.casefile.views import title_seen
from casework.cases import lock_case
from casework.db import reading_once, unit_of_work
from casework.models import Case, Note
from casework.notes.colleagues import MentionRefused, agencies_named, colleagues, readers
from casework.notes.mentions import (
    forget_unreadable,
    mark_seen,
    mention_in,
    mentions_in,
    mentions_of,
    unseen_count,
)
from casework.notes.notes import LONGEST_NOTE, NoteRefused, note_audiences, write_note
from casework.permissions import Action, NotAllowed
from casework.permissions.sight import case_seen_by
from casework.states import STAFF_LABELS, CaseState
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.http.after_response import afterwards
from web.locales import in_reader_language as local
from web.sent_forms import answers_again
from web.task_page import at_most

bp = Blueprint("notes", __name__)

NOTE_LABELS = {
    "centre": _l("Only the centre and the committee"),
    "agencies": _l("The agencies on the case too"),
    "agency": _l("My agency and the centre"),
}
READ_ELSEWHERE = {**NOTE_LABELS, "agency": _l("The agency, to the centre alone")}
"""The same for whoever is of no agency."""
NOTE_KINDS = {
    "to_agency": _l("The centre, to the agency alone"), "progress": _l("How the work goes"), "reminder": _l("Reminder"),
    "moved": _l("Why a task was moved"),
}  # fmt: skip


class NoteForm(Form):
    """A note for staff, and colleagues named in it in addition to those written with an @."""

    audience = RadioField(_l("Who may read it"))
    words = TextAreaField(
        _l("Note"), validators=[at_most(LONGEST_NOTE)],
        description=_l("Write @ and the name of a colleague or an agency, and they are told."),
    )
    picked = SelectMultipleField(_l("Who is told of it"), validate_choice=False)
    search = StringField(_l("Find a colleague"), validators=[at_most(60)])


@bp.route("/cases/<ref>/notes", methods=["GET", "POST"])
@performs(Action.WRITE_NOTE)
@answers_again(lambda ref: url_for("cases.case", ref=ref, tab="exchange", _anchor="notes"))
def write(ref: str) -> ResponseReturnValue:
    seen = found(case_seen_by(actor(), ref))
    form = note_form(seen)
    if not form.audience.choices:
        raise NotAllowed
    if request.method == "GET":
        return _page(seen, form)
    if not form.validate_on_submit() or request.form.get("act") == "search":
        return _page(seen, form), 422 if form.errors else 200
    try:
        with unit_of_work():
            case = lock_case(seen.id)
            note = write_note(case, by=actor(), now=now(), audience=form.audience.data, words=form.words.data or "")
            named = mention_in(note, case, by=actor(), now=now(), picked=form.picked.data or ())
            number = len(named)
    except (NoteRefused, MentionRefused) as refusal:
        return _page(found(case_seen_by(actor(), ref)), form, refusal=form.refuse(refusal)), 422
    flash(_("The note is kept, and those named in it are told.") if number else _("The note is kept."))
    return redirect(url_for("cases.case", ref=ref, tab="exchange", _anchor="notes"))


@bp.get("/cases/<ref>/notes/names")
@performs(Action.WRITE_NOTE)
def names(ref: str) -> ResponseReturnValue:
    """Who may be named in a note of that audience, for the list under the @ (static/js/mentions.js). Nothing of what is typed is sent."""
    with reading_once():
        seen, by = found(case_seen_by(actor(), ref)), actor()
        audiences = note_audiences(by, seen)
        audience = request.args.get("audience") or next(iter(audiences), "")
        if audience not in audiences:
            raise NotAllowed
        agencies = [local(each.name) for each in agencies_named(seen, audience, by=by)]
        people = [each for each in readers(seen, audience, by=by, now=now()) if each.id != by.own_id]
    return {
        "agencies": agencies,
        "people": [{"name": each.full_name, "login": each.login, "title": local(each.title)} for each in people],
    }, {"Cache-Control": "no-store"}


@bp.get("/mentions")
@performs(Action.READ_CASE)
def mentions() -> ResponseReturnValue:
    """Notes that name the person. Opening a case marks its notes as seen; this list does not."""
    rows = mentions_of(actor())
    if unseen_count(actor()) > sum(row.mention.seen_at is None for row in rows):
        afterwards(lambda: forget_unreadable(by=actor(), now=now()))
    return render_template("cases/mentions.html", rows=rows, titles={row.case.id: title_for(row.case) for row in rows})


def notes_shown(seen: Case, notes: list[Note]) -> dict[str, Any]:
    """The notes section of a case page, with the notes its reader sees. Showing it marks the reader's mentions in it as seen."""
    by = actor()
    named = mentions_in(notes)
    unseen = [note_id for note_id, rows in named.items() if any(row.account_id == by.own_id and row.seen_at is None for row in rows)]
    if unseen:
        afterwards(lambda: mark_seen(unseen, by=by, now=now()))
    agencies = {name for row in seen.assignments for name in row.agency.short_name}
    people = {note_id: [row.account.full_name or "" for row in rows] for note_id, rows in named.items()}
    return {
        "notes": notes,
        "said": {note.id: _said(note.body, {*agencies, *people.get(note.id, ())}) for note in notes},
        "can_note": bool(note_audiences(by, seen)),
        "note_form": note_form(seen),
        "named": {note_id: [row.account for row in rows] for note_id, rows in named.items()},
        "unseen_notes": set(unseen),
        "note_labels": NOTE_LABELS if any(by.works_for(row, seen) for row in seen.assignments) else READ_ELSEWHERE,
        "note_kinds": NOTE_KINDS,
    }


def _said(words: str, names: Collection[str]) -> list[tuple[str, bool]]:
    """The words in pieces, and which of these name somebody."""
    longest_first, pieces = sorted(filter(None, names), key=len, reverse=True), list[tuple[str, bool]]()
    start, at = 0, words.find("@")
    while at >= 0:
        name = next((each for each in longest_first if words.startswith(each, at + 1)), "")
        if name:
            pieces += [(words[start:at], False), (f"@{name}", True)]
            start = at + 1 + len(name)
        at = words.find("@", max(start, at + 1))
    return [(piece, is_name) for piece, is_name in [*pieces, (words[start:], False)] if piece]


def note_form(seen: Case) -> NoteForm:
    """The form, with the audiences the person may write to."""
    audiences = note_audiences(actor(), seen)
    form = NoteForm()
    form.audience.choices = [(key, str(NOTE_LABELS[key])) for key in audiences]
    if audiences and request.method == "GET":
        form.audience.data = audiences[0]
    return form


def title_for(seen: Case) -> str:
    """The operator's title for readers of the matter; others see only the code."""
    return title_seen(seen, actor()) or _("Case %(code)s", code=seen.code)


def _page(seen: Case, form: NoteForm, *, refusal: str = "") -> str:
    audiences = note_audiences(actor(), seen)
    audience = form.audience.data if form.audience.data in audiences else audiences[0]
    there = colleagues(seen, audience, by=actor(), now=now(), search=form.search.data or "")
    return render_template(
        "cases/note.html",
        case=seen,
        title=title_for(seen),
        state=STAFF_LABELS[CaseState(seen.state)],
        note_form=form,
        refusal=refusal,
        colleagues=there,
        picked=set(form.picked.data or ()),
    )

"""The register of outgoing documents (sổ đăng ký văn bản đi): a year's books as tables, numbers used outside the program, struck-out
numbers."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select
from wtforms import DateField, IntegerField, SelectField, TextAreaField
from wtforms.validators import InputRequired, NumberRange

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.documents.books import book_seen, books_seen, history_of
from casework.documents.numbering import (
    LONGEST_NOTE,
    MOST_SKIPPED,
    PLAIN_LETTERS,
    Body,
    NumberRefused,
    bodies_kept,
    may_strike,
    note_outside,
    series_kept,
    strike_number,
)
from casework.documents.register import LINES, STATES, lines_of
from casework.local_time import local_day
from casework.models import Agency, Centre, DocumentBook, DocumentNumber, Event
from casework.parsing import number_in
from casework.permissions import Action
from web.clock import now
from web.documents.register import HIGHEST
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.task_page import at_most

bp = Blueprint("documents_books", __name__)

PLAIN = Bilingual("Công văn", "Official letters")


@dataclass(frozen=True, slots=True)
class NumberSeries:
    """A series of a body into which a number may be entered. `kind` is one of the kinds numbered in it."""

    place: str
    body: Body
    kind: str
    name: Bilingual
    series: str
    next: int

    @property
    def key(self) -> str:
        """The value of the choice. It contains the next number, because somebody else may take that number in the meantime."""
        return f"{self.place}:{self.next}"

    @property
    def words(self) -> str:
        following = _("next number %(number)s", number=f"{self.next:02}")
        return " · ".join(filter(None, (local(self.name), self.series, following)))


class OutsideForm(Form):
    """Numbers used for papers that were not written here."""

    place = SelectField(_l("Book"), validators=[InputRequired(_l("Please choose the book."))])
    last = IntegerField(
        _l("Up to number"), validators=[InputRequired(_l("Please give the number.")), NumberRange(1, HIGHEST, _l("Numbers begin with 01."))]
    )
    on = DateField(_l("Day of the last of them"), validators=[InputRequired(_l("Please give the day."))])
    note = TextAreaField(
        _l("What for"), validators=[InputRequired(_l("Please say what the numbers were used for.")), at_most(LONGEST_NOTE)],
        description=_l("For example: invitation to the meeting on 5 March, written on paper. Please name no citizen."),
    )  # fmt: skip


class StrikeForm(Form):
    """A number that will not be used, and why."""

    number = IntegerField(
        _l("Number"), validators=[InputRequired(_l("Please give the number.")), NumberRange(1, HIGHEST, _l("Numbers begin with 01."))]
    )
    reason = TextAreaField(_l("Reason"), validators=[InputRequired(_l("Please give the reason.")), at_most(LONGEST_NOTE)])


@bp.get("/documents/books")
@performs(Action.READ_LETTERS)
def books() -> ResponseReturnValue:
    return _page()


@bp.post("/documents/books/outside")
@performs(Action.NUMBER_LETTER)
def outside() -> ResponseReturnValue:
    places = _places(local_day(now()))
    form = OutsideForm()
    place = _as_seen(places, form.place.data or "")
    form.place.choices = [(place.key, place.words)] if place is not None else []
    if not form.validate_on_submit() or place is None:
        return _page(outside_form=form), 422
    try:
        with unit_of_work():
            rows = note_outside(
                place.body, kind=place.kind, first=place.next, last=form.last.data, on=form.on.data, note=form.note.data or "", by=actor(),
                now=now(),
            )  # fmt: skip
            book = rows[0].book.ref
    except NumberRefused as refusal:
        return _page(outside_form=form, refusal=form.refuse(refusal)), 422
    flash(_("The numbers stand in the book."))
    return redirect(url_for(".books", book=book))


@bp.post("/documents/books/strike")
@performs(Action.NUMBER_LETTER)
def strike() -> ResponseReturnValue:
    book, form = found(book_seen(actor(), request.form.get("book", ""))), StrikeForm()
    if not may_strike(actor(), book):
        return found(None)
    if not form.validate_on_submit():
        return _page(book=book, strike_form=form), 422
    try:
        with unit_of_work():
            again = found(book_seen(actor(), book.ref))
            row = db.session.scalars(
                select(DocumentNumber).where(DocumentNumber.book_id == again.id, DocumentNumber.number == form.number.data)
            ).first()
            if row is None:
                raise NumberRefused("Sổ không có số này.", "The book has no such number.")
            strike_number(row, reason=form.reason.data or "", by=actor(), now=now())
    except NumberRefused as refusal:
        return _page(book=found(book_seen(actor(), request.form["book"])), strike_form=form, refusal=form.refuse(refusal)), 422
    flash(_("The number is struck out. It is not given again."))
    return redirect(url_for(".books", book=request.form["book"]))


def _page(
    *, book: DocumentBook | None = None, outside_form: OutsideForm | None = None, strike_form: StrikeForm | None = None, refusal: str = ""
) -> str:
    by, today, sent_strike, sent_outside = actor(), local_day(now()), strike_form is not None, outside_form is not None
    every = books_seen(by)
    chosen = book or _chosen(every, today)
    lines = lines_of(chosen, after=number_in(request.args.get("after", ""), digits=9) or 0) if chosen else []
    is_full = len(lines) == LINES and chosen is not None and lines[-1].number.number < chosen.last_number
    places = _places(today)
    if outside_form is None and places:
        outside_form = _empty(places, chosen, today)
    elif outside_form is not None:
        outside_form.place.choices = [(each.key, each.words) for each in places]
        chosen_place = _place_in(outside_form.place.data or "")
        outside_form.place.data = next((each.key for each in places if each.place == chosen_place), outside_form.place.data)
    keeps = chosen is not None and may_strike(by, chosen)
    return render_template(
        "documents/books.html",
        books=every,
        names={each.ref: _name(each) for each in every},
        book=chosen,
        lines=lines,
        states=STATES,
        next=url_for(".books", book=chosen.ref, after=lines[-1].number.number) if is_full and chosen else "",
        history=[(event, _told(event)) for event in history_of(chosen)] if chosen else [],
        outside_form=outside_form if places else None,
        strike_form=(strike_form or StrikeForm(formdata=None)) if keeps else None,
        refusal=refusal,
        opens="strike" if sent_strike else "outside" if sent_outside else "",
        most=MOST_SKIPPED,
        today=today,
    )


def _chosen(books: list[DocumentBook], today: date) -> DocumentBook | None:
    asked = request.args.get("book")
    if asked:
        return found(next((each for each in books if each.ref == asked), None))
    return books[0] if books else None


def _name(book: DocumentBook) -> str:
    """The body, year and series of a book."""
    body = book.agency.short_name if book.agency is not None else db.session.get_one(Centre, book.centre_id).name
    return " · ".join(filter(None, (str(book.year), local(body), _series(book.series))))


def _series(series: str) -> str:
    return local(PLAIN) if series == PLAIN_LETTERS else series


def _places(today: date) -> list[NumberSeries]:
    """The series the person may enter numbers into this year, whether or not a book has been opened."""
    last = {(each.centre_id, each.agency_id, each.series): each.last_number for each in books_seen(actor(), year=today.year)}
    places: list[NumberSeries] = []
    for body in bodies_kept(actor()):
        if not (owner := _owner(body)).holds_on(today):
            continue
        for series, kind in sorted(series_kept(body, today.year).items()):
            after = last.get((body.centre_id, body.agency_id, series), 0) + 1
            places.append(NumberSeries(f"{owner.ref}:{series}", body, kind, owner.name, _series(series), after))
    return places


def _as_seen(places: Sequence[NumberSeries], key: str) -> NumberSeries | None:
    """The place of a choice with the next number its sender saw; if that has been taken since, nothing is entered."""
    first = number_in(key.rpartition(":")[2], digits=9)
    place = next((each for each in places if each.place == _place_in(key)), None)
    return replace(place, next=first) if place is not None and first is not None else None


def _place_in(key: str) -> str:
    return key.rpartition(":")[0]


def _owner(body: Body) -> Agency | Centre:
    return db.session.get_one(Centre, body.centre_id) if body.agency_id is None else db.session.get_one(Agency, body.agency_id)


def _empty(places: list[NumberSeries], chosen: DocumentBook | None, today: date) -> OutsideForm:
    form = OutsideForm(formdata=None, data={"on": today})
    form.place.choices = [(each.key, each.words) for each in places]
    of_chosen = [each for each in places if chosen is not None and each.body == Body(chosen.centre_id, chosen.agency_id)]
    form.place.data = (of_chosen or places)[0].key
    return form


def _told(event: Event) -> str:
    told = event.payload or {}
    number = f"{told.get('number', 0):02}"
    first, last = (f"{each:02}" for each in told.get("skipped") or (told.get("first", 0), told.get("last", 0)))
    match event.type:
        case "give_number":
            given = str(_("Gave the number %(number)s.", number=number))
            return " ".join((given, _("Left out: %(first)s–%(last)s.", first=first, last=last))) if "skipped" in told else given
        case "note_outside":
            return str(_("Entered %(first)s–%(last)s as used outside the software.", first=first, last=last))
        case "strike_number":
            return str(_("Struck out the number %(number)s.", number=number))
        case "ask_seal":
            return str(_("Asked to seal the number %(number)s.", number=number))
        case "seal_letter":
            return str(_("Sealed the number %(number)s.", number=number))
        case "fetch_output":
            return str(_("Fetched the number %(number)s to sign or seal it.", number=number))
        case "send_package":
            return str(_("Sent the number %(number)s to %(body)s by document exchange.", number=number, body=told.get("receiver", "")))
        case "take_back_package":
            return str(_("Asked %(body)s to give back the number %(number)s.", number=number, body=told.get("receiver", "")))
        case "return_signed":
            return str(_("Kept a signed copy of the number %(number)s.", number=number))
        case _:
            return event.type

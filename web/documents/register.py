"""The documents list by state (waiting for a number, numbered, withdrawn), and one document with the acts on it."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from wtforms import DateField, IntegerField, TextAreaField
from wtforms.validators import InputRequired, NumberRange, Optional

from casework.db import db, unit_of_work
from casework.documents.files import files_of, retry_file
from casework.documents.kinds import KINDS, YEARBOOK
from casework.documents.letters import PAGE
from casework.documents.numbering import (
    LONGEST_NOTE,
    AlreadyNumbered,
    NumberRefused,
    NumberSkipped,
    body_of,
    earliest_day,
    give_number,
    may_number,
    may_strike,
    may_withdraw,
    next_number,
    strike_number,
    withdraw_letter,
)
from casework.documents.periodic import public_standing
from casework.documents.register import (
    MOST_COUNTED,
    SHELVES,
    STATES,
    Document,
    Shelf,
    State,
    count_to_number,
    document_seen,
    documents_seen,
    reads_paper,
    years_seen,
)
from casework.documents.sealing import SealRefused, may_fetch, note_fetched
from casework.documents.to_senders import letter_told
from casework.local_time import local_day
from casework.models import Case
from casework.parsing import number_in, year_in
from casework.permissions import Action, may
from casework.permissions.sight import report_owned_by, seen_by
from web.clock import now
from web.documents.exchange_panel import ExchangePanel, panel_of
from web.documents.making import FAULTS
from web.documents.printing import letter_file, own_letter_file, shown_page
from web.forms import Form
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.sent_forms import answers_again
from web.task_page import at_most

bp = Blueprint("documents_register", __name__)

HIGHEST = 999_999
WAY = (State.TO_NUMBER, State.ISSUED, State.SEALED)
"""The steps of a document, as its page draws them."""
STEP_OF = {State.TO_NUMBER: 0, State.MAKING: 1, State.FAILED: 1, State.ISSUED: 1, State.SEALED: 2, State.RETURNED: 2}


class NumberForm(Form):
    number = IntegerField(
        _l("Number"), validators=[InputRequired(_l("Please give the number.")), NumberRange(1, HIGHEST, _l("Numbers begin with 01."))]
    )
    on = DateField(_l("Day of the document"), validators=[InputRequired(_l("Please give the day."))])
    gap_note = TextAreaField(
        _l("Why numbers are left out"), validators=[Optional(), at_most(LONGEST_NOTE)],
        description=_l("It stands in the register next to each number that is left out. Please name no citizen."),
    )  # fmt: skip


class ReasonForm(Form):
    """Why a document is withdrawn or its number struck out."""

    reason = TextAreaField(
        _l("Reason"), validators=[InputRequired(_l("Please give the reason.")), at_most(LONGEST_NOTE)],
        description=_l("It stands in the register. Please name no citizen."),
    )  # fmt: skip


@bp.get("/documents")
@performs(Action.READ_LETTERS)
def documents() -> ResponseReturnValue:
    by = actor()
    shelf = Shelf(asked) if (asked := request.args.get("shelf", "")) in list(Shelf) else Shelf.TO_NUMBER
    kind = asked if (asked := request.args.get("kind", "")) in KINDS else None
    year = year_in(request.args.get("year", ""))
    rows = documents_seen(by, shelf, kind=kind, year=year, before=number_in(request.args.get("before", "")))
    given: dict[str, Any] = {"shelf": shelf.value, "kind": kind, "year": year}
    return render_template(
        "documents/documents.html",
        documents=rows,
        shelf=shelf,
        shelves=SHELVES,
        kinds=KINDS,
        kind=kind,
        year=year,
        years=years_seen(by),
        states=STATES,
        waiting=count_to_number(by),
        most=MOST_COUNTED,
        next=url_for(".documents", **given, before=rows[-1].letter.id) if len(rows) == PAGE else "",
        late=may(by, Action.READ_LATE),
    )


@bp.get("/documents/<ref>")
@performs(Action.READ_LETTERS)
def document(ref: str) -> ResponseReturnValue:
    return page_of(found(document_seen(actor(), ref)))


@bp.get("/documents/<ref>/file")
@performs(Action.READ_LETTERS)
def file(ref: str) -> ResponseReturnValue:
    by, seen = actor(), found(document_seen(actor(), ref))
    letter = seen.letter
    if letter.withdrawn_at is not None or (seen.number is not None and not may_fetch(by, letter)):
        return found(None)
    kept = files_of(letter)
    if seen.number is not None and not kept:
        flash(_("The file is being made. Please try again in a moment."))
        return redirect(url_for(".document", ref=ref))
    asked = request.args.get("file")
    chosen = found(next((row for row in kept if row.ref == asked), None)) if asked else None
    if seen.number is not None and not reads_paper(by, letter) and request.method != "HEAD":
        try:
            with unit_of_work():
                note_fetched(found(document_seen(by, ref)).letter, by=by, now=now())
        except SealRefused:
            return found(None)
    return letter_file(letter, seen.number, reader=by, kept=chosen)


@bp.get("/mine/<code>/letters/<ref>")
@performs(Action.FOLLOW_OWN)
def own_file(code: str, ref: str) -> ResponseReturnValue:
    report = found(report_owned_by(actor(), code))
    return own_letter_file(found(letter_told(report, ref)), report)


@bp.post("/documents/<ref>/number")
@performs(Action.NUMBER_LETTER)
@answers_again(lambda ref: url_for(".document", ref=ref))
def number(ref: str) -> ResponseReturnValue:
    seen, form = found(document_seen(actor(), ref)), NumberForm()
    if not may_number(actor(), body_of(seen.letter)):
        return found(None)
    if not form.validate_on_submit():
        return page_of(seen, number_form=form), 422
    try:
        with unit_of_work():
            again = found(document_seen(actor(), ref)).letter
            given = give_number(
                again, number=form.number.data, on=form.on.data, by=actor(), now=now(), gap_note=form.gap_note.data or None
            ).number
    except AlreadyNumbered as refusal:
        # a double click: the number has been given
        flash(local(refusal.text))
        return redirect(url_for(".document", ref=ref))
    except NumberRefused as refusal:
        skips = isinstance(refusal, NumberSkipped)
        return page_of(found(document_seen(actor(), ref)), number_form=form, refusal=form.refuse(refusal), skips=skips), 422
    flash(_("The document has the number %(number)s. Its file is made in a moment.", number=f"{given:02}"))
    return redirect(url_for(".document", ref=ref))


@bp.post("/documents/<ref>/withdrawal")
@performs(Action.READ_LETTERS)
def withdrawal(ref: str) -> ResponseReturnValue:
    return _taken_back(ref, _withdraw)


@bp.post("/documents/<ref>/strike")
@performs(Action.NUMBER_LETTER)
@answers_again(lambda ref: url_for(".document", ref=ref))
def strike(ref: str) -> ResponseReturnValue:
    return _taken_back(ref, _strike)


@bp.post("/documents/<ref>/retry")
@performs(Action.READ_LETTERS)
@answers_again(lambda ref: url_for(".document", ref=ref))
def retry(ref: str) -> ResponseReturnValue:
    try:
        with unit_of_work():
            retry_file(found(document_seen(actor(), ref)).letter, by=actor(), now=now())
    except NumberRefused as refusal:
        return page_of(found(document_seen(actor(), ref)), refusal=local(refusal.text)), 409
    flash(_("The file is made in a moment."))
    return redirect(url_for(".document", ref=ref))


@bp.get("/letters")
@bp.get("/letters/<ref>")
@bp.get("/letters/<ref>/file")
@performs(Action.READ_LETTERS)
def old_address(ref: str = "") -> ResponseReturnValue:
    """Letters used to have addresses of their own, which still occur in messages."""
    if not ref:
        return redirect(url_for(".documents"))
    return redirect(url_for(".file" if request.path.endswith("/file") else ".document", ref=ref))


def _withdraw(seen: Document, reason: str) -> None:
    withdraw_letter(seen.letter, reason=reason, by=actor(), now=now())


def _strike(seen: Document, reason: str) -> None:
    strike_number(found(seen.number), reason=reason, by=actor(), now=now())


def _taken_back(ref: str, act: Any) -> ResponseReturnValue:
    seen, form = found(document_seen(actor(), ref)), ReasonForm()
    if not _may_take_back(seen):
        return found(None)
    if not form.validate_on_submit():
        return page_of(seen, reason_form=form), 422
    try:
        with unit_of_work():
            act(found(document_seen(actor(), ref)), form.reason.data or "")
    except NumberRefused as refusal:
        return page_of(found(document_seen(actor(), ref)), reason_form=form, refusal=form.refuse(refusal)), 422
    flash(_("The document is taken back."))
    return redirect(url_for(".document", ref=ref))


def _may_take_back(seen: Document) -> bool:
    return may_withdraw(actor(), seen.letter) if seen.number is None else may_strike(actor(), seen.number.book, seen.letter)


def page_of(
    seen: Document, *, number_form: NumberForm | None = None, reason_form: ReasonForm | None = None, refusal: str = "", skips: bool = False,
    exchange: ExchangePanel | None = None,
) -> str:
    """The page of a document; a form that was sent comes back with its errors."""
    by, letter, today = actor(), seen.letter, local_day(now())
    numbers = seen.state is State.TO_NUMBER and may_number(by, body_of(letter))
    case = seen_by(by, db.session.get_one(Case, letter.case_id)) if letter.case_id is not None and may(by, Action.READ_CASE) else None
    following = next_number(letter, on=today) if numbers else None
    if numbers and number_form is None:
        number_form = NumberForm(formdata=None, data={"number": following, "on": today})
    return render_template(
        "documents/document.html",
        document=seen,
        letter=letter,
        case=case,
        shown=shown_page(letter, seen.number, reader=by),
        states=STATES,
        way=[(STATES[each], place) for place, each in enumerate(WAY)],
        step=STEP_OF.get(seen.state),
        number_form=number_form if numbers else None,
        following=following,
        first_day=earliest_day(letter, today=today) if numbers else None,
        today=today,
        takes_back=seen.state not in (State.WITHDRAWN, State.STRUCK) and _may_take_back(seen),
        reason_form=reason_form or ReasonForm(formdata=None),
        refusal=refusal,
        skips=skips or (number_form is not None and bool(number_form.gap_note.errors or number_form.gap_note.data)),
        files=files_of(letter) if letter.withdrawn_at is None and may_fetch(by, letter) else [],
        is_paper_hidden=not reads_paper(by, letter),
        exchange=exchange or panel_of(letter),
        fault=_fault(seen),
        retries=seen.state is State.FAILED,
        public=public_standing(letter) if letter.kind == YEARBOOK and letter.withdrawn_at is None else None,
    )


def _fault(seen: Document) -> str:
    """Why its file could not be made, in words."""
    error = seen.number.file_error if seen.number is not None else None
    if error is None:
        return ""
    return local(FAULTS[error]) if error in FAULTS else _("An unforeseen failure: %(name)s.", name=error)

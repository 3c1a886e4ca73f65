"""The pages of all rules that are rows: present, future and ended ones; adding, changing and ending a row, and its history."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from casework.asking.questions import row_of
from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.local_time import local_day
from casework.models import Centre, ExtraQuestion
from casework.parsing import number_in
from casework.permissions import Action, NotAllowed
from casework.settings.event_lists import setting_events
from casework.settings.importing.columns import Column, Scope
from casework.settings.importing.row_lists import (
    RowState,
    may_edit,
    own_rows,
    row_seen,
    rows_pointed_to,
    rows_seen,
    state_beside,
    state_of,
    versions_of,
)
from casework.settings.importing.rows import RowRefused, RuleKind, add_row, change_row, end_row
from casework.settings.kinds.table import KINDS
from casework.settings.scopes import centres_of
from web.clock import now
from web.filing.questions import previewed
from web.guards import actor, found, performs
from web.settings.event_sentences import told_events
from web.settings.row_forms import (
    INSTALLATION,
    EndForm,
    begin_with,
    centre_called,
    change_form,
    new_form,
    scopes_of,
    show_faults,
    typed_in,
)

bp = Blueprint("settings_rows", __name__)

MOST_CENTRES = 20
"""The most centres for whose agencies and fields a list offers a filter."""
NOTHING = "none"
"""Stands in an address for a choice stored as NULL."""
STATES: dict[RowState, Bilingual] = {
    RowState.HOLDS: Bilingual("Đang áp dụng", "In force"),
    RowState.COMING: Bilingual("Sắp áp dụng", "Coming"),
    RowState.ENDED: Bilingual("Đã kết thúc", "Ended"),
    RowState.OVERRIDDEN: Bilingual("Đã có dòng riêng", "Replaced by an own row"),
}


@dataclass(frozen=True, slots=True)
class RowFilter:
    """A column to filter a list by: its choices in words, the chosen one (empty: all), and the stored value."""

    column: Column
    choices: dict[str, Bilingual]
    chosen: str
    kept: Any


@bp.get("/settings/rules/<kind>")
@performs(Action.CHANGE_SETTINGS)
def rows(kind: str) -> ResponseReturnValue:
    which, today, ended = found(KINDS.get(kind)), _today(), request.args.get("ended") == "1"
    filters = _filters(which, today)
    sent: dict[str, Any] = {f"by_{each.column.name}": each.chosen for each in filters if each.chosen}
    narrowed = {each.column.name: each.kept for each in filters if each.chosen}
    page = rows_seen(which, actor(), day=today, ended=ended, after=request.args.get("after", type=int), narrowed=narrowed)
    more = url_for(".rows", kind=kind, after=page.next_after, ended="1" if ended else None, **sent) if page.next_after else ""
    return render_template(
        "settings/rows.html", kind=which, rows=page.rows, total=page.total, next_url=more, ended=ended, filters=filters, sent=sent,
        **_shown(which, page.rows, today),
    )  # fmt: skip


@bp.route("/settings/rules/<kind>/new", methods=["GET", "POST"])
@performs(Action.CHANGE_SETTINGS)
def new(kind: str) -> ResponseReturnValue:
    """Add a row; `like` copies another one into the form, so that a centre can start from it, and an address may name initial values."""
    which, by, moment = found(KINDS.get(kind)), actor(), now()
    scopes = scopes_of(by, which, now=moment)
    chosen = request.values.get("centre") or (scopes[0][0] if scopes else "")
    found(dict(scopes).get(chosen))
    centre = centre_called(chosen, by, now=moment)
    like = row_seen(which, by, _id(request.args.get("like", "")))
    scope = Scope(centre.id if centre is not None else None, _today(), begun=request.values)
    form, refusal = new_form(which, scope, chosen, like), ""
    if request.method == "GET":
        begin_with(which, form, request.args)
    if form.validate_on_submit():
        try:
            with unit_of_work():
                row = add_row(
                    which, typed_in(which, form), by=by, now=moment, reason=form.reason.data or "",
                    centre_id=centre.id if centre is not None else None, from_day=form.from_day.data,
                )  # fmt: skip
            flash(_("The row has been added."))
            return redirect(url_for(".row", kind=kind, number=row.id))
        except RowRefused as refused:
            refusal = show_faults(form, refused.faults)
    status = 422 if form.errors or refusal else 200
    return render_template("settings/new.html", kind=which, form=form, refusal=refusal, scopes=scopes, chosen=chosen), status


@bp.get("/settings/rules/<kind>/<number>")
@performs(Action.CHANGE_SETTINGS)
def row(kind: str, number: str) -> ResponseReturnValue:
    which = found(KINDS.get(kind))
    seen = found(row_seen(which, actor(), _id(number)))
    return _page(which, seen)


@bp.post("/settings/rules/<kind>/<number>")
@performs(Action.CHANGE_SETTINGS)
def change(kind: str, number: str) -> ResponseReturnValue:
    """Change a row or end it, by the button that was pressed."""
    which, by, moment = found(KINDS.get(kind)), actor(), now()
    seen = found(row_seen(which, by, _id(number)))
    if not may_edit(by, seen.centre_id):
        raise NotAllowed
    ends = request.form.get("act") == "end"
    form = EndForm() if ends else change_form(which, seen, _today())
    if not form.validate_on_submit():
        return _page(which, seen, **{"ending" if ends else "form": form}), 422
    try:
        with unit_of_work():
            there = found(row_seen(which, by, _id(number)))
            if ends:
                end_row(which, there, by=by, now=moment, reason=form.end_reason.data or "", on=form.end_day.data, seen=form.seen.data)
                then = there
            else:
                then = change_row(
                    which, there, typed_in(which, form), by=by, now=moment, reason=form.reason.data or "", from_day=form.from_day.data,
                    is_slip="is_slip" in form and bool(form.is_slip.data), seen=form.seen.data,
                )  # fmt: skip
            db.session.flush()
            goes_to = then.id
    except RowRefused as refused:
        renamed = {"from_day": "end_day", "reason": "end_reason"} if ends else None
        refusal = show_faults(form, refused.faults, renamed=renamed)
        return _page(which, found(row_seen(which, by, _id(number))), refusal=refusal, **{"ending" if ends else "form": form}), 422
    flash(_("The row has ended.") if ends else _("The change is kept."))
    return redirect(url_for(".row", kind=kind, number=goes_to))


def _page(kind: RuleKind, seen: Any, *, form: Any = None, ending: EndForm | None = None, refusal: str = "") -> str:
    by, today = actor(), _today()
    versions = versions_of(kind, seen)
    shown = _shown(kind, [seen, *versions], today)
    is_mine = may_edit(by, seen.centre_id) and state_of(seen, today) != RowState.ENDED
    if is_mine:
        form = form or change_form(kind, seen, today)
        # a mark of its own: after a refusal the form refers to the row as it is shown now
        form.seen.data = change_form(kind, seen, today).seen.data
        ending = ending or EndForm(formdata=None, data={"end_day": max(today, seen.valid_from)})
        ending.seen.data = form.seen.data
    events = setting_events(by, kind=kind.name, row=kind.name_of(seen)).events
    mine = [scope for scope in scopes_of(by, kind, now=now()) if scope[0] != INSTALLATION]
    return render_template(
        "settings/row.html", kind=kind, row=seen, versions=versions, form=form if is_mine else None, ending=ending, refusal=refusal,
        is_mine=is_mine, events=told_events(events), takes_own=mine if seen.centre_id is None else [],
        preview=previewed(row_of(seen)) if isinstance(seen, ExtraQuestion) else None, **shown,
    )  # fmt: skip


def _filters(kind: RuleKind, today: date) -> list[RowFilter]:
    """The list's filters, and the address's choice in each."""
    found = []
    for name in kind.filters:
        column = kind.column(name)
        scopes = [Scope(None, today), *(Scope(centre.id, today) for centre in centres_of(actor(), on=today)[:MOST_CENTRES])]
        choices = {choice.typed or NOTHING: choice for scope in scopes for choice in (column.choices or (lambda _scope: []))(scope)}
        chosen = request.args.get(f"by_{name}", "")
        kept = choices[chosen].kept if chosen in choices else None
        words = {typed: choice.words for typed, choice in choices.items()}
        found.append(RowFilter(column, words, chosen if chosen in choices else "", kept))
    return found


def _shown(kind: RuleKind, rows: list[Any], today: date) -> dict[str, Any]:
    """Template values of rows: their values in words, their scope, and whether they hold."""
    pointed_to = rows_pointed_to(kind, rows)
    own = own_rows(kind, rows, actor(), today)
    mine = [centre.id for centre in centres_of(actor(), on=today)] if own else []
    ids = {row.centre_id for row in rows} | {each.centre_id for some in own.values() for each in some} - {None}
    centres = {row.id: row.name for row in db.session.scalars(select(Centre).where(Centre.id.in_(ids)))} if ids else {}

    chosen: dict[tuple[str, int | None], dict[Any, Bilingual]] = {}

    def words_of(row: Any, name: str) -> Bilingual | str:
        column, kept = kind.column(name), getattr(row, name)
        if column.choices is not None and column.points_to is None and kept is not None and kept not in column.codes:
            place = (name, row.centre_id)
            if place not in chosen:
                chosen[place] = {choice.kept: choice.words for choice in column.choices(Scope(row.centre_id, today))}
            return chosen[place].get(kept, str(kept))
        return column.words_of(column.tell(kept))

    return {
        "words_of": words_of,
        "whose": lambda row: centres[row.centre_id] if row.centre_id else Bilingual("Toàn hệ thống", "The whole installation"),
        "state_of": lambda row: state_beside(row, today, own.get(row.id, []), mine),
        "own_rows_of": lambda row: own.get(row.id, []),
        "states": STATES,
        "remark": lambda row: kind.remark(row, today),
        "held": pointed_to,
    }


def _id(number: str) -> int:
    """The row number in an address; 0, which no row has, for anything else."""
    return number_in(number) or 0


def _today() -> date:
    return local_day(now())

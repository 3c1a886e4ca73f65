"""Ending a role or a whole account: first the consequences, then doing it with a successor for open work."""

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from casework.db import unit_of_work
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Membership
from casework.permissions import Action, NotAllowed
from casework.settings.people import PersonRefused, refuse_oneself, require_own
from casework.settings.scopes import administered_centres, centre_of, person_of
from casework.settings.seats import Seat, seat_of
from web.clock import now
from web.forms import Form, Refusal, refusal_of
from web.guards import alone, found, performs
from web.locales import in_reader_language as local
from web.settings.date_fields import DayRefused, typed_day
from web.settings.people import role_choices, seat_chosen
from workflows.reorganising.leaving import leave, look_ahead

bp = Blueprint("settings_leaving", __name__)

TAKES_OVER = "takes_over-"
FIELDS = {"on": "f-on", "seat": "moves_to", "reason": "reason"}
"""Field ids on the page, by what a refusal is about."""
EVERYTHING = "all"
"""The seat value for disabling the whole account."""


@bp.route("/settings/people/<ref>/leaving", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def leaving(ref: str) -> ResponseReturnValue:
    """`seat` names the role to end; EVERYTHING disables the account."""
    account, form, key = found(person_of(alone(), ref)), Form(), request.values.get("seat", EVERYTHING)
    rows = _rows(account, key)
    if key == EVERYTHING:
        try:
            refuse_oneself(account, by=alone())
        except PersonRefused as refusal:
            return _page(account, rows, form, key, refusal_of(refusal, {})), 200 if request.method == "GET" else 422
    if request.method == "GET" or request.form.get("act") != "leave":
        return _page(account, rows, form, key), 422 if form.is_submitted() and not form.validate() else 200
    if not form.validate_on_submit():
        return _page(account, rows, form, key), 422
    try:
        on, moves_to = typed_day(request.form.get("on", ""), "on"), _moves_to(rows, key)
        with unit_of_work():
            account = found(person_of(alone(), ref))
            heirs = {
                name.removeprefix(TAKES_OVER): person_of(alone(), value)
                for name, value in request.form.items()
                if name.startswith(TAKES_OVER)
            }
            freed = leave(
                account, _rows(account, key), by=alone(), now=now(), reason=request.form.get("reason", ""), on=on,
                takes_over={seat: heir for seat, heir in heirs.items() if heir is not None}, disables=key == EVERYTHING, moves_to=moves_to,
            )  # fmt: skip
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        account = found(person_of(alone(), ref))
        rows = _rows(account, key)
        heirs_at = {f"{TAKES_OVER}{seat.key}": f"heir-{seat.key}" for seat in map(seat_of, rows)}
        return _page(account, rows, form, key, refusal_of(refusal, FIELDS | heirs_at)), 422
    done = _("The account is disabled.") if key == EVERYTHING else _("The role is ended.")
    flash(f"{done} " + (ngettext("%(num)s task went back to the group.", "%(num)s tasks went back to the group.", freed) if freed else ""))
    return redirect(url_for("settings_people.person", ref=ref))


def _rows(account: Account, key: str) -> list[Membership]:
    """The roles that end: one, or all of them. Raises NotFound for a role of another centre."""
    mine, today = administered_centres(alone()), local_day(now())
    present = [row for row in account.memberships if row.valid_to is None or row.valid_to > max(today, row.valid_from)]
    if key == EVERYTHING:
        require_own(alone(), account, now())
        return present
    chosen = [row for row in present if seat_of(row).key == key and (mine is None or centre_of(row) in mine)]
    return [found(chosen[0] if chosen else None)]


def _moves_to(rows: list[Membership], key: str) -> Seat | None:
    typed = request.form.get("moves_to", "")
    return found(seat_chosen(typed)) if typed and key != EVERYTHING and rows else None


def _page(account: Account, rows: list[Membership], form: Form, key: str, refusal: Refusal | None = None) -> str:
    try:
        on = typed_day(request.values.get("on", ""))
    except DayRefused:
        on = None
    ahead = look_ahead(account, rows, now=now(), on=on, disables=key == EVERYTHING)
    seats = [(seat.key, f"{local(seat.role_words)}, {local(seat.place)}") for seat in (seat_of(row) for row in rows)]
    return render_template(
        "settings/people/leaving.html", account=account, ahead=ahead, form=form, key=key, seats=seats, refusal=refusal,
        typed=request.values, disables=key == EVERYTHING, moves=[] if key == EVERYTHING else role_choices(),
        takes_over=TAKES_OVER, today=local_day(now()), may_leave=key != EVERYTHING or account.id != alone().own_id,
    )  # fmt: skip

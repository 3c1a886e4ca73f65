"""Settings of staff: the list, adding somebody, and a person's page with their roles."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from casework.accounts.second_factors import held_by, reset_factors
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Agency, Membership
from casework.permissions import AGENCY_ROLES, Action, Actor, NotAllowed, Role
from casework.settings.lists import people_page
from casework.settings.people import add_person, change_person, enable_account, give_start_password, is_own
from casework.settings.role_labels import ROLE_WORDS
from casework.settings.roles import RoleRefused, RoleWish, copy_roles, give_role, set_focal
from casework.settings.scopes import administered_centres, centre_of, centres_of, is_of, person_of, works_in
from casework.settings.seats import ANYWHERE_ROLES, EVERYWHERE, Seat, seat_named, seat_of
from web.accounts.password_rules import new_start_password
from web.clock import now
from web.exports.links import export_url
from web.forms import Form, Refusal, refusal_of
from web.guards import alone, found, performs
from web.locales import in_reader_language as local
from web.settings.date_fields import typed_day
from web.settings.edit_conflicts import lock_before_reading, mark_for_form, refuse_changed

bp = Blueprint("settings_people", __name__)

PERSON = ("full_name", "title_vi", "title_en", "language", "email", "phone")
FIELDS = {name: f"f-{name}" for name in (*PERSON, "login", "colleague", "starts_on", "ends_on")} | {"seat": "seat", "reason": "reason"}
"""Field ids on both pages, by what a refusal is about; on a person's page the reason's id depends on the act."""
MOST_COLLEAGUES = 1_000


@bp.get("/settings/people")
@performs(Action.MANAGE_PEOPLE)
def people() -> ResponseReturnValue:
    typed, state = request.args.get("q", ""), request.args.get("state", "")
    rows, after = people_page(alone(), typed=typed, after=request.args.get("after", ""), state=state)
    roles = {row.id: [seat_of(each) for each in _present(row)] for row in rows}
    return render_template(
        "settings/people/people.html", rows=rows, roles=roles, after=after, typed=typed, state=state,
        export=export_url("people", q=typed, state=state),
    )  # fmt: skip


@bp.route("/settings/people/new", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def new() -> ResponseReturnValue:
    """Add somebody in one form: the name, and a role or those of a colleague; the start password is shown only this once."""
    form = Form()
    if request.method == "GET":
        return _new_page(form, {})
    if not form.validate_on_submit():
        return _new_page(form, request.form), 422
    password, password_hash = new_start_password()
    try:
        with unit_of_work():
            account = _joined(password_hash)
            db.session.flush()
            ref = account.ref
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _new_page(form, request.form, refusal_of(refusal, FIELDS)), 422
    return _password_page(ref, password)


@bp.route("/settings/people/<ref>", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def person(ref: str) -> ResponseReturnValue:
    """One person; `act` selects what is done to them."""
    account, form = _person(ref), Form()
    if request.method == "GET":
        return _person_page(account, form)
    if not form.validate_on_submit():
        return _person_page(account, form), 422
    password, password_hash = new_start_password()
    act = request.form.get("act", "")
    try:
        with unit_of_work():
            lock_before_reading()
            words = _done(_person(ref), act, password_hash)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _person_page(_person(ref), form, refusal_of(refusal, FIELDS | {"reason": f"reason-{act}"})), 422
    if act in ("password", "enable"):
        return _password_page(ref, password)
    flash(words)
    return redirect(url_for(".person", ref=ref))


def role_choices() -> list[tuple[str, list[tuple[str, str]]]]:
    """Every seat the administrator may give, grouped by place: its key and label."""
    by, today = alone(), local_day(now())
    groups = []
    if administered_centres(by) is None:
        seats = [Seat(role) for role in Role if role in ANYWHERE_ROLES]
        groups.append((_("The whole installation"), [(seat.key, local(seat.role_words)) for seat in seats]))
    for centre in centres_of(by, on=today):
        seats = [Seat(role, centre) for role in Role if role not in AGENCY_ROLES]
        groups.append((local(centre.name), [(seat.key, local(seat.role_words)) for seat in seats]))
    query = select(Agency).where(is_of(administered_centres(by), Agency.centre_id)).order_by(Agency.folded_name, Agency.id)
    for agency in (row for row in db.session.scalars(query) if row.holds_on(today)):
        seats = [Seat(role, agency=agency) for role in (Role.OFFICER, Role.AGENCY_LEADER)]
        groups.append((local(agency.name), [(seat.key, local(seat.role_words)) for seat in seats]))
    return groups


def seat_chosen(key: str) -> Seat | None:
    """The seat named by a form, within what the person administers."""
    role, _dot, place = key.partition(".")
    return seat_named(alone(), role, place)


def _joined(password_hash: str) -> Account:
    by, moment, sent = alone(), now(), request.form
    seat, colleague = seat_chosen(sent.get("seat", "")), _colleague(sent.get("colleague", ""))
    if seat is None and colleague is None and (sent.get("seat") or sent.get("colleague") or administered_centres(by) is not None):
        raise RoleRefused(
            "Vui lòng chọn vai trò, hoặc một đồng nghiệp để sao chép vai trò.", "Please choose a role, or a colleague whose roles to copy.",
            about="seat",
        )
    reason, centre_id = sent.get("reason", ""), seat.centre_id if seat is not None else _only_centre(by)
    account = add_person(
        by=by, now=moment, login=sent.get("login", ""), password_hash=password_hash, reason=reason, centre_id=centre_id,
        **_sent_person(),
    )  # fmt: skip
    if seat is not None:
        give_role(account, _wish(seat), by=by, now=moment, reason=reason)
    if colleague is not None:
        copy_roles(account, of=colleague, by=by, now=moment, reason=reason)
    return account


def _done(account: Account, act: str, password_hash: str) -> str:
    """Do one act and return the sentence about it."""
    given: dict[str, Any] = {"by": alone(), "now": now(), "reason": request.form.get("reason", "")}
    match act:
        case "change":
            refuse_changed(_stands(account))
            changed = change_person(account, **{**_sent_person(), **given})
            return str(_("The change is kept.") if changed else _("Nothing was different."))
        case "password":
            give_start_password(account, password_hash=password_hash, **given)
        case "factors":
            reset_factors(account, **given)
            return str(_("The second factors are taken away; the person is told."))
        case "enable":
            enable_account(account, password_hash=password_hash, **given)
        case "give":
            if not request.form.get("seat"):
                raise RoleRefused("Vui lòng chọn vai trò.", "Please choose the role.", about="seat")
            give_role(account, _wish(found(seat_chosen(request.form["seat"]))), **given)
            return str(_("The role is given."))
        case "copy":
            colleague = _colleague(request.form.get("colleague", ""))
            if colleague is None:
                raise RoleRefused(
                    "Vui lòng chọn một đồng nghiệp trong danh sách.", "Please choose a colleague of the list.", about="colleague"
                )
            copy_roles(account, of=colleague, **given)
            return str(_("The roles are copied."))
        case "focal":
            set_focal(found(next((row for row in _present(account) if seat_of(row).key == request.form.get("seat")), None)), **given)
            return str(_("The focal officer is named."))
        case _:
            found(None)
    return ""


def _wish(seat: Seat) -> RoleWish:
    sent = request.form
    starts_on, ends_on = (typed_day(sent.get(name, ""), name) for name in ("starts_on", "ends_on"))
    return RoleWish(seat, sent.get("is_focal") == "yes", starts_on, ends_on)


def _sent_person() -> dict[str, Any]:
    return {column: request.form[column] for column in PERSON if column in request.form}


def _stands(account: Account) -> dict[str, Any]:
    return {column: getattr(account, column) or "" for column in PERSON}


def _person(ref: str) -> Account:
    return found(person_of(alone(), ref))


def _present(account: Account) -> list[Membership]:
    """The present roles in the administrator's centres."""
    mine, today = administered_centres(alone()), local_day(now())
    rows = [row for row in account.memberships if row.valid_to is None or row.valid_to > max(today, row.valid_from)]
    return [row for row in rows if mine is None or centre_of(row) in mine]


def _colleague(typed: str) -> Account | None:
    """A colleague as the form's list writes them: `name (login)`."""
    login = typed.rpartition("(")[2].rstrip(") ").strip().lower()
    query = select(Account).where(Account.login == login, works_in(administered_centres(alone()))) if login else None
    return db.session.scalars(query).first() if query is not None else None


def _only_centre(by: Actor) -> int | None:
    mine = administered_centres(by)
    return next(iter(mine)) if mine is not None and len(mine) == 1 else None


def _new_page(form: Form, typed: Mapping[str, str], refusal: Refusal | None = None) -> str:
    return render_template("settings/people/new.html", form=form, typed=typed, refusal=refusal, **_choices())


def _person_page(account: Account, form: Form, refusal: Refusal | None = None) -> str:
    today = local_day(now())
    over = [row for row in account.memberships if row.valid_to is not None and row.valid_to <= today]
    return render_template(
        "settings/people/person.html", account=account, form=form, refusal=refusal, typed=request.form, today=today,
        rows=[(row, seat_of(row)) for row in _present(account)], over=[(row, seat_of(row)) for row in over],
        is_own=is_own(alone(), account, now()), is_self=account.id == alone().own_id, has_factors=_has_factors(account),
        present=_stands(account),
        seen=mark_for_form(_stands(account)), **_choices(),
    )  # fmt: skip


def _has_factors(account: Account) -> bool:
    held = held_by(account.id)
    return bool(held.number or held.codes_left)


def _choices() -> dict[str, Any]:
    query = select(Account).where(works_in(administered_centres(alone())), Account.disabled_at.is_(None))
    colleagues = db.session.scalars(query.order_by(Account.folded_name, Account.id).limit(MOST_COLLEAGUES))
    return {"seats": role_choices(), "colleagues": list(colleagues), "role_words": ROLE_WORDS, "everywhere": EVERYWHERE}


def _password_page(ref: str, password: str) -> str:
    return render_template("settings/people/start_password.html", account=_person(ref), password=password)

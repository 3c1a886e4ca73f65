"""Settings of the doors to other systems: which are open, the service accounts, and their keys.

A key is shown in the answer to the form that made it and nowhere else: no address, session, redirect or log holds one.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from wtforms import SelectField

from casework.db import unit_of_work
from casework.doors.accounts import (
    BY_CODE,
    ServiceRefused,
    ServiceWish,
    add_service_account,
    change_service_account,
    end_service_account,
    owners_offered,
    service_account_seen,
    service_accounts_seen,
)
from casework.doors.behalf import people_agreed
from casework.doors.gates import CLOSED_DOOR, DOOR_WORDS, OPEN_DOOR, Door, setting_of
from casework.doors.keys import DAYS, MOST_VALID, add_key, key_seen, keys_of, last_used, past_keys, revoke_key
from casework.doors.scope_words import SCOPE_WORDS, scope_words
from casework.doors.scopes import BY_AGREEMENT, IN_A_NAME, grantable
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Agency, Centre, ServiceAccount
from casework.permissions import Action, NotAllowed
from casework.setting_values import VALUES, ValueRefused, value_of
from casework.settings.scopes import administered_centres, bodies_of, centres_of
from casework.settings.value_changes import set_value, values_seen
from web.accounts.oidc_providers import STAFF
from web.accounts.outside_identities import label_of
from web.accounts.sign_in_elsewhere import outside_providers
from web.api.routes import called_of_late
from web.clock import now
from web.door_forms import CONTACT_WORDS, AccountForm, KeyForm, NewForm
from web.forms import Form, Refusal, refusal_of
from web.guards import alone, found, performs
from web.locales import in_reader_language as local
from web.sent_forms import answers_again
from web.settings.date_fields import typed_day
from web.settings.edit_conflicts import lock_before_reading, mark_for_form, refuse_changed
from web.settings.row_forms import INSTALLATION

bp = Blueprint("settings_doors", __name__)


@dataclass(frozen=True, slots=True)
class Gate:
    """A door on the page: whether it is open in each scope the person administers."""

    door: Door
    name: str
    hint: str
    scopes: Sequence[tuple[str, str, bool]]
    """Ref, words, and whether it is open there."""

    @property
    def is_open(self) -> bool:
        return any(is_open for _ref, _words, is_open in self.scopes)


@bp.get("/settings/doors")
@performs(Action.MANAGE_PEOPLE)
def doors() -> ResponseReturnValue:
    return _list_page()


@bp.post("/settings/doors/gates/<door>")
@performs(Action.CHANGE_SETTINGS)
@answers_again(lambda door: url_for(".doors"))
def gate(door: str) -> ResponseReturnValue:
    """Open or close a door, for the installation or a centre."""
    which, sent = found(Door(door) if door in set(Door) else None), request.form
    scopes = {ref: centre_id for ref, _words, centre_id in _scopes()}
    scope = sent.get("scope", "") if len(scopes) > 1 else next(iter(scopes), "")
    state = sent.get("state", "")
    if not Form().validate_on_submit() or scope not in scopes or state not in (OPEN_DOOR, CLOSED_DOOR):
        return _list_page(Refusal(_("Please choose where, and whether it is open."), f"scope-{which}")), 422
    try:
        with unit_of_work():
            lock_before_reading()
            set_value(setting_of(which), state, by=alone(), now=now(), reason=sent.get("reason", ""), centre_id=scopes[scope])
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _list_page(refusal_of(refusal, {"reason": f"reason-{which}"})), 422
    name = local(DOOR_WORDS[which])
    flash(_("The door “%(name)s” is open.", name=name) if state == OPEN_DOOR else _("The door “%(name)s” is closed.", name=name))
    return redirect(url_for(".doors"))


@bp.route("/settings/doors/new", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE, is_fresh=True)
@answers_again(lambda: url_for(".doors"))
def new() -> ResponseReturnValue:
    """Choose where it belongs, by `body` in the address; then the account with its first key, which is shown in the answer."""
    bodies = {row.ref: row for row in bodies_of(alone(), on=local_day(now()))}
    body = bodies.get(request.args.get("body", ""))
    if body is None:
        page = render_template("settings/doors/body.html", bodies=_grouped(bodies), is_wrong="body" in request.args)
        return page, 422 if request.method == "POST" else 200
    form = NewForm()
    _offer(form, body, None)
    if not form.validate_on_submit():
        return _new_page(form, body), 422 if request.method == "POST" else 200
    centre, agency = (body.centre, body) if isinstance(body, Agency) else (body, None)
    try:
        wish = _wish(form, body)
        with unit_of_work(keeps_rows=True):
            given: dict[str, Any] = {"by": alone(), "now": now(), "reason": form.reason.data or ""}
            row = add_service_account(wish, centre=centre, agency=agency, **given)
            key, text = add_key(row, **form.given(), **given)
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _new_page(form, body, _refused(form, refusal)), 422
    return render_template("settings/doors/key.html", row=row, key=key, text=text)


@bp.get("/settings/doors/<ref>")
@performs(Action.MANAGE_PEOPLE)
def account(ref: str) -> ResponseReturnValue:
    return _account_page(_account(ref))


@bp.route("/settings/doors/<ref>/change", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def change(ref: str) -> ResponseReturnValue:
    row = _going_on(ref)
    form = AccountForm(data=_stands(row))
    _offer(form, row.agency or row.centre, row)
    if not form.validate_on_submit():
        return _change_page(row, form), 422 if request.method == "POST" else 200
    try:
        wish = _wish(form, row.agency or row.centre, row)
        with unit_of_work():
            lock_before_reading()
            row = _going_on(ref)
            refuse_changed(_told(row))
            is_changed = change_service_account(row, wish, by=alone(), now=now(), reason=form.reason.data or "")
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _change_page(_going_on(ref), form, _refused(form, refusal)), 422
    flash(_("The change is kept.") if is_changed else _("Nothing was different."))
    return redirect(url_for(".account", ref=ref))


@bp.route("/settings/doors/<ref>/key", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE, is_fresh=True)
@answers_again(lambda ref: url_for(".account", ref=ref))
def key(ref: str) -> ResponseReturnValue:
    """Make another key beside the one in use, so that it follows without a gap; it is shown in the answer alone."""
    row, form = _going_on(ref), KeyForm()
    if not form.validate_on_submit():
        return _key_page(row, form), 422 if request.method == "POST" else 200
    try:
        with unit_of_work(keeps_rows=True):
            row = _going_on(ref)
            made, text = add_key(row, by=alone(), now=now(), reason=form.reason.data or "", **form.given())
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _key_page(_going_on(ref), form, _refused(form, refusal)), 422
    return render_template("settings/doors/key.html", row=row, key=made, text=text)


@bp.post("/settings/doors/<ref>/keys/<key_ref>/revocation")
@performs(Action.MANAGE_PEOPLE)
@answers_again(lambda ref, key_ref: url_for(".account", ref=ref))
def revocation(ref: str, key_ref: str) -> ResponseReturnValue:
    public = found(key_seen(_account(ref), key_ref)).public
    try:
        with unit_of_work():
            row = _account(ref)
            revoke_key(row, found(key_seen(row, key_ref)), by=alone(), now=now(), reason=request.form.get("reason", ""))
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _account_page(_account(ref), refusal_of(refusal, {"reason": f"reason-{public}"})), 422
    flash(_("The key %(key)s opens nothing any more.", key=public))
    return redirect(url_for(".account", ref=ref))


@bp.post("/settings/doors/<ref>/end")
@performs(Action.MANAGE_PEOPLE)
@answers_again(lambda ref: url_for(".account", ref=ref))
def end(ref: str) -> ResponseReturnValue:
    """End an account for good."""
    _account(ref)
    try:
        with unit_of_work():
            end_service_account(_account(ref), by=alone(), now=now(), reason=request.form.get("reason", ""))
    except NotAllowed:
        raise
    except CaseworkError as refusal:
        return _account_page(_account(ref), refusal_of(refusal, {"reason": "reason-end"})), 422
    flash(_("The account has ended; it opens nothing any more."))
    return redirect(url_for(".account", ref=ref))


def _account(ref: str) -> ServiceAccount:
    return found(service_account_seen(alone(), ref))


def _going_on(ref: str) -> ServiceAccount:
    row = _account(ref)
    return row if row.ended_at is None else found(None)


def _scopes() -> list[tuple[str, str, int | None]]:
    """Where the administrator may open a door: the installation, and centres."""
    by = alone()
    of_all = [(INSTALLATION, str(_("The whole installation")), None)] if administered_centres(by) is None else []
    return [*of_all, *((row.ref, local(row.name), row.id) for row in centres_of(by, on=local_day(now())))]


def _gates() -> list[Gate]:
    held, scopes = {each.value.key: each for each in values_seen(alone())}, _scopes()
    return [
        Gate(door, local(DOOR_WORDS[door]), local(VALUES[setting_of(door)].hint),
             [(ref, words, held[setting_of(door)].in_force(centre_id) == OPEN_DOOR) for ref, words, centre_id in scopes])
        for door in Door
    ]  # fmt: skip


def _grouped(bodies: Mapping[str, Centre | Agency]) -> list[tuple[str, list[tuple[str, str]]]]:
    groups: list[tuple[str, list[tuple[str, str]]]] = []
    for ref, row in bodies.items():
        words = local(row.name)
        if isinstance(row, Centre):
            groups.append((words, [(ref, str(_("%(name)s itself", name=words)))]))
        else:
            groups[-1][1].append((ref, words))
    return groups


def _offer(form: AccountForm, body: Centre | Agency, row: ServiceAccount | None) -> None:
    """Fill in what can be chosen, the present owner in any case."""
    owners = _owners(body, row)
    form.owner.choices = [("", str(_("Please choose"))), *((each.ref, f"{each.full_name} ({each.login})") for each in owners)]
    form.scopes.choices = [(str(each), local(SCOPE_WORDS[each])) for each in grantable(is_of_agency=isinstance(body, Agency))]
    keys = sorted({row.provider or "" if row else "", *(each.provider.key for each in outside_providers(STAFF))} - {""})
    form.provider.choices = [("", str(_("Not linked"))), *((key, label_of(key)) for key in keys)]


def _owners(body: Centre | Agency, row: ServiceAccount | None) -> list[Account]:
    offered = owners_offered(body.centre_id if isinstance(body, Agency) else body.id, today=local_day(now()))
    return offered if row is None or row.owner in offered else [row.owner, *offered]


def _wish(form: AccountForm, body: Centre | Agency, row: ServiceAccount | None = None) -> ServiceWish:
    """What was typed. Raises ServiceRefused, DayRefused."""
    owner = next((each for each in _owners(body, row) if each.ref == form.owner.data), None)
    if owner is None:
        raise ServiceRefused("Vui lòng chọn người được báo.", "Please choose who is told.", about="owner")
    offered = grantable(is_of_agency=isinstance(body, Agency))
    return ServiceWish(
        name=form.name.data or "", owner=owner, purpose=form.purpose.data or "",
        scopes=[each for each in offered if str(each) in (form.scopes.data or ())], agreement_number=form.agreement_number.data or "",
        agreement_on=typed_day(form.agreement_on.data or "", "agreement_on"), reports_an_hour=form.reports_an_hour.data,
        reports_a_day=form.reports_a_day.data, contact_mode=form.contact_mode.data or BY_CODE,
        extended_statuses=form.extended_statuses.data, photo_hosts=form.photo_hosts.data or "", provider=_chosen(form.provider),
    )  # fmt: skip


def _chosen(field: SelectField) -> str:
    return field.data if field.data in dict(field.choices or ()) else ""


def _refused(form: Form, refusal: CaseworkError) -> str:
    """Days that are not possible name no field: the value of the setting refuses them."""
    if isinstance(refusal, ValueRefused) and isinstance(form, KeyForm):
        form.days.errors = [*form.days.errors, local(refusal.text)]
        return ""
    return form.refuse(refusal)


def _stands(row: ServiceAccount) -> dict[str, Any]:
    columns = ("purpose", "agreement_number", "reports_an_hour", "reports_a_day", "contact_mode", "extended_statuses", "provider")
    day: date | None = row.agreement_on
    return {
        "name": row.account.full_name, "owner": row.owner.ref, "scopes": [str(each) for each in row.scopes],
        "agreement_on": day.isoformat() if day else "", "photo_hosts": "\n".join(row.photo_hosts),
        **{column: getattr(row, column) for column in columns},
    }  # fmt: skip


def _told(row: ServiceAccount) -> dict[str, Any]:
    """What stands there, as somebody is told who changes it at the same time."""
    return {**_stands(row), "owner": row.owner.full_name, "scopes": ", ".join(local(words) for words in scope_words(row.scopes))}


def _list_page(refusal: Refusal | None = None) -> str:
    ended = request.args.get("state") == "ended"
    rows, moment = service_accounts_seen(alone(), ended=ended), now()
    return render_template(
        "settings/doors/doors.html", rows=rows, ended=ended, keys=keys_of(rows, now=moment), used=last_used(rows), gates=_gates(),
        scope_words=scope_words, refusal=refusal, typed=request.form, open_door=OPEN_DOOR, closed_door=CLOSED_DOOR,
    )  # fmt: skip


def _new_page(form: NewForm, body: Centre | Agency, refusal: str = "") -> str:
    return render_template("settings/doors/new.html", form=form, body=body, refusal=refusal, **_limits(body))


def _change_page(row: ServiceAccount, form: AccountForm, refusal: str = "") -> str:
    body = row.agency or row.centre
    return render_template(
        "settings/doors/change.html", form=form, row=row, refusal=refusal, seen=mark_for_form(_told(row)), **_limits(body)
    )


def _key_page(row: ServiceAccount, form: KeyForm, refusal: str = "") -> str:
    held = keys_of([row], now=now())[row.account_id]
    return render_template(
        "settings/doors/new_key.html", form=form, row=row, keys=held, most=MOST_VALID, refusal=refusal, days=value_of(DAYS)
    )


def _limits(body: Centre | Agency) -> dict[str, Any]:
    """What the form of an account says beside its fields."""
    files = not isinstance(body, Agency) and bool(BY_AGREEMENT)
    return {"may_file": files, "days": value_of(DAYS), "reports": (value_of("door_reports_an_hour"), value_of("door_reports_a_day"))}


def _account_page(row: ServiceAccount, refusal: Refusal | None = None) -> str:
    moment = now()
    acts_in_names = row.agency_id is not None and any(str(each) in row.scopes for each in IN_A_NAME)
    return render_template(
        "settings/doors/account.html", row=row, keys=keys_of([row], now=moment)[row.account_id], past=past_keys(row, now=moment),
        most=MOST_VALID, words=scope_words(row.scopes), acts_in_names=acts_in_names, refusal=refusal, typed=request.form,
        agreed=people_agreed(row, now=moment) if acts_in_names and row.ended_at is None else [], label_of=label_of, contact=CONTACT_WORDS,
        going=called_of_late(row, at=moment) if row.ended_at is None else [],
    )  # fmt: skip

"""Settings of agencies: the list, adding one, and an agency's page."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from sqlalchemy import select

from casework.db import db
from casework.local_time import local_day
from casework.models import Agency
from casework.permissions import Action
from casework.settings.agencies import NAMES, AgencyRefused, add_agency, agencies_below, change_agency, end_agency, open_work, people_after
from casework.settings.importing.area_words import AreaWords
from casework.settings.lists import agencies_page
from casework.settings.scopes import administered_centres, agency_of, centres_of, is_of
from web.clock import now
from web.forms import Form, Refusal
from web.guards import alone, found, performs
from web.settings.date_fields import typed_day
from web.settings.done_or_refused import done_or_refused
from web.settings.edit_conflicts import lock_before_reading, mark_for_form, refuse_changed

bp = Blueprint("settings_agencies", __name__)

NEW = "new"
FIELDS = {name: f"f-{name}" for name in ("key", *NAMES, "phone", "parent", "area", "valid_from")}
FIELDS |= {"corrects_names": "corrects_names", "reason": "reason"}
END_FIELDS = {"on": "f-on", "reason": "reason-end"}
"""Field ids on the page, by what a refusal is about."""


@bp.get("/settings/agencies")
@performs(Action.MANAGE_PEOPLE)
def agencies() -> ResponseReturnValue:
    typed, state = request.args.get("q", ""), request.args.get("state", "")
    rows, after = agencies_page(alone(), typed=typed, after=request.args.get("after", ""), on=_today(), state=state)
    return render_template("settings/people/agencies.html", rows=rows, after=after, typed=typed, state=state)


@bp.route("/settings/agencies/new", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def new() -> ResponseReturnValue:
    form = Form()
    if request.method == "GET" or not form.validate_on_submit():
        return _page(None, form, request.form), 422 if form.errors else 200
    ref, refusal = done_or_refused(_added, FIELDS)
    if refusal:
        return _page(None, form, request.form, refusal), 422
    flash(_("The agency is added."))
    return redirect(url_for(".agency", ref=ref))


@bp.route("/settings/agencies/<ref>", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def agency(ref: str) -> ResponseReturnValue:
    row, form = found(agency_of(alone(), ref)), Form()
    if request.method == "GET" or not form.validate_on_submit():
        return _page(row, form, {}), 422 if form.errors else 200
    ends = request.form.get("act") == "end"
    words, refusal = done_or_refused(lambda: _done(ref), END_FIELDS if ends else FIELDS)
    if refusal:
        return _page(found(agency_of(alone(), ref)), form, {} if ends else request.form, refusal, request.form if ends else {}), 422
    flash(words)
    return redirect(url_for(".agency", ref=ref))


def _added() -> str:
    sent, centres = request.form, centres_of(alone(), on=_today())
    centre = next((each for each in centres if each.ref == sent.get("centre")), centres[0] if len(centres) == 1 else None)
    row = add_agency(
        found(centre), by=alone(), now=now(), key=sent.get("key", ""), names=_names(), reason=sent.get("reason", ""), **_above(),
        phone=sent.get("phone", ""), valid_from=typed_day(sent.get("valid_from", ""), "valid_from"),
    )  # fmt: skip
    return row.ref


def _done(ref: str) -> str:
    lock_before_reading()
    sent, row = request.form, found(agency_of(alone(), ref))
    given: dict[str, Any] = {"by": alone(), "now": now(), "reason": sent.get("reason", "")}
    if sent.get("act") == "end":
        on = typed_day(sent.get("on", ""), "on")
        if on is None:
            raise AgencyRefused("Vui lòng chọn ngày kết thúc.", "Please choose the day.", about="on")
        end_agency(row, on=on, **given)
        return str(_("The agency ends on that day."))
    refuse_changed(_stands(row))
    changed = change_agency(
        row, names=_names(), phone=sent.get("phone", ""), corrects_names=sent.get("corrects_names") == "yes", **_above(), **given
    )
    return str(_("The change is kept.") if changed else _("Nothing was different."))


def _names() -> dict[str, str]:
    return {column: request.form.get(column, "") for column in NAMES}


def _above() -> dict[str, Any]:
    """The parent agency and the area as chosen: by key and by a code for an area."""
    sent, today = request.form, _today()
    parent_key, area_word = sent.get("parent", "").strip(), sent.get("area", "").strip()
    parents = [each for each in _present() if each.key == parent_key.partition(" ")[0]]
    if parent_key and not parents:
        raise AgencyRefused("Không có đơn vị cấp trên với mã này.", "There is no agency with this key to be above it.", about="parent")
    words = AreaWords(alone(), today) if area_word else None
    areas = (
        words.named(area_word, None if words is None else (parents[0].centre_id if parents else _own_centre())) if words is not None else []
    )
    if area_word and len(areas) != 1:
        raise AgencyRefused(
            "Không rõ địa bàn; xin ghi mã hành chính.", "It is not clear which area; please give the official code.", about="area"
        )
    return {"parent": parents[0] if parents else None, "area": areas[0] if areas else None}


def _own_centre() -> int | None:
    ref = (request.view_args or {}).get("ref", "")
    row = agency_of(alone(), ref) if ref else None
    if row is not None:
        return row.centre_id
    centres = centres_of(alone(), on=_today())
    chosen = next((each for each in centres if each.ref == request.form.get("centre")), centres[0] if centres else None)
    return chosen.id if chosen is not None else None


def _present() -> list[Agency]:
    query = select(Agency).where(is_of(administered_centres(alone()), Agency.centre_id)).order_by(Agency.folded_name, Agency.id)
    return [row for row in db.session.scalars(query) if row.holds_on(_today())]


def _today() -> Any:
    return local_day(now())


def _stands(row: Agency) -> dict[str, Any]:
    above = next((each for each in _present() if each.id == row.parent_id), None)
    words = {"parent": above.key if above is not None else "", "area": AreaWords(alone(), _today()).word(row.area_id)}
    return {column: getattr(row, column) or "" for column in (*NAMES, "phone")} | words


def _page(
    row: Agency | None, form: Form, typed: Mapping[str, str], refusal: Refusal | None = None, ended: Mapping[str, str] | None = None
) -> str:
    today, agencies = _today(), _present()
    words = AreaWords(alone(), today)
    stands = _stands(row) if row is not None else {}
    counts = (open_work(row), people_after(row, today), agencies_below(row, today)) if row is not None else (0, 0, 0)
    return render_template(
        "settings/people/agency.html", row=row, form=form, typed=dict(typed) or stands, seen=mark_for_form(stands),
        refusal=refusal, ended=ended or {}, today=today, agencies=agencies, counts=counts,
        centres=centres_of(alone(), on=today), areas=sorted(words.rows.values(), key=lambda each: each.folded_name),
    )  # fmt: skip

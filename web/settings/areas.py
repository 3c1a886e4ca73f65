"""Settings of areas: the list by level and parent, adding one, and an area's page."""

from collections.abc import Mapping
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.local_time import local_day
from casework.models import Area, Centre
from casework.permissions import Action
from casework.settings.areas import LEVEL_WORDS, LEVELS, AreaRefused, add_area, areas_with_name_of, change_area, end_area, refresh_search_of
from casework.settings.importing.area_words import AreaWords
from casework.settings.lists import areas_page
from casework.settings.scopes import administered_centres, area_of, centres_of
from web.clock import now
from web.forms import Form, Refusal
from web.guards import alone, found, performs
from web.settings.date_fields import typed_day
from web.settings.done_or_refused import done_or_refused
from web.settings.edit_conflicts import lock_before_reading, mark_for_form, refuse_changed

bp = Blueprint("settings_areas", __name__)

_LINES = ("name_vi", "name_en", "official_code", "parent", "latitude", "longitude", "valid_from")
FIELDS = {name: f"f-{name}" for name in _LINES} | {name: name for name in ("level", "corrects_names", "reason")}
END_FIELDS = {"on": "f-on", "reason": "reason-end"}
"""Field ids on the page, by what a refusal is about."""
MOST_BATCHES = 25
"""Batches of cases reindexed for search while the administrator waits; each is a unit of work of its own."""


@bp.get("/settings/areas")
@performs(Action.MANAGE_PEOPLE)
def areas() -> ResponseReturnValue:
    typed, state, level = request.args.get("q", ""), request.args.get("state", ""), request.args.get("level", "")
    above = area_of(alone(), request.args.get("in", "")) if request.args.get("in") else None
    level = level if level in LEVELS else ""
    rows, after = areas_page(alone(), typed=typed, after=request.args.get("after", ""), on=_today(), state=state, level=level, parent=above)
    return render_template(
        "settings/people/areas.html", rows=rows, after=after, typed=typed, state=state, level=level, above=above, levels=LEVEL_WORDS
    )


@bp.route("/settings/areas/new", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def new() -> ResponseReturnValue:
    form = Form()
    if request.method == "GET" or not form.validate_on_submit():
        return _page(None, form, request.form), 422 if form.errors else 200
    ref, refusal = done_or_refused(_added, FIELDS)
    if refusal:
        return _page(None, form, request.form, refusal), 422
    flash(_("The area is added."))
    return redirect(url_for(".area", ref=ref))


@bp.route("/settings/areas/<ref>", methods=["GET", "POST"])
@performs(Action.MANAGE_PEOPLE)
def area(ref: str) -> ResponseReturnValue:
    row, form = found(area_of(alone(), ref)), Form()
    if request.method == "GET" or not form.validate_on_submit():
        return _page(row, form, {}), 422 if form.errors else 200
    before = row.name_vi
    ends = request.form.get("act") == "end"
    words, refusal = done_or_refused(lambda: _done(ref), END_FIELDS if ends else FIELDS)
    if refusal:
        return _page(found(area_of(alone(), ref)), form, {} if ends else request.form, refusal, request.form if ends else {}), 422
    flash(words)
    if found(area_of(alone(), ref)).name_vi != before and not _searchable(ref):
        flash(_("Search knows the new name in the newest cases only; older ones follow as they change."), "wait")
    return redirect(url_for(".area", ref=ref))


def _searchable(ref: str) -> bool:
    """Make cases findable by the new name; False where there were too many to wait for."""
    ids, before = areas_with_name_of(found(area_of(alone(), ref))), None
    for _batch in range(MOST_BATCHES):
        with unit_of_work():
            before = refresh_search_of(ids, now=now(), before=before)
        if before is None:
            return True
    return False


def _added() -> str:
    sent, centre = request.form, _centre()
    row = add_area(
        centre, by=alone(), now=now(), level=sent.get("level", ""), name_vi=sent.get("name_vi", ""), name_en=sent.get("name_en", ""),
        reason=sent.get("reason", ""), parent=_parent(centre.id if centre is not None else None, sent.get("level", "")),
        official_code=sent.get("official_code", ""), valid_from=typed_day(sent.get("valid_from", ""), "valid_from"), **_middle(),
    )  # fmt: skip
    return row.ref


def _done(ref: str) -> str:
    lock_before_reading()
    sent, row = request.form, found(area_of(alone(), ref))
    given: dict[str, Any] = {"by": alone(), "now": now(), "reason": sent.get("reason", "")}
    if sent.get("act") == "end":
        on = typed_day(sent.get("on", ""), "on")
        if on is None:
            raise AreaRefused("Vui lòng chọn ngày kết thúc.", "Please choose the day.", about="on")
        end_area(row, on=on, **given)
        return str(_("The area ends on that day."))
    refuse_changed(_stands(row))
    changed = change_area(
        row, name_vi=sent.get("name_vi", ""), name_en=sent.get("name_en", ""), parent=_parent(row.centre_id, row.level, kept=row.parent_id),
        official_code=sent.get("official_code", ""), corrects_names=sent.get("corrects_names") == "yes", **_middle(), **given,
    )  # fmt: skip
    return str(_("The change is kept.") if changed else _("Nothing was different."))


def _parent(centre_id: int | None, level: str, *, kept: int | None = None) -> Area | None:
    word = request.form.get("parent", "").strip()
    words = AreaWords(alone(), _today())
    if not word:
        return None
    if kept is not None and words.word(kept) == word:
        return words.rows[kept]
    higher = LEVELS[: LEVELS.index(level)] if level in LEVELS else ()
    rows = [row for row in words.named(word, centre_id) if row.level in higher]
    if len(rows) != 1:
        raise AreaRefused(
            "Không rõ địa bàn cấp trên; xin ghi mã hành chính.", "It is not clear what it lies in; please give the official code.",
            about="parent",
        )
    return rows[0]


def _centre() -> Centre | None:
    centres = centres_of(alone(), on=_today())
    chosen = next((each for each in centres if each.ref == request.form.get("centre")), None)
    if chosen is None and administered_centres(alone()) is not None:
        return found(centres[0] if len(centres) == 1 else None)
    return chosen


def _middle() -> dict[str, Any]:
    middle: dict[str, Any] = {}
    for name in ("latitude", "longitude"):
        text = request.form.get(name, "").strip().replace(",", ".")
        try:
            middle[name] = float(text) if text else None
        except ValueError:
            raise AreaRefused("Cần số độ, ví dụ 12.035.", "Degrees are needed, such as 12.035.", about=name) from None
    return middle


def _today() -> Any:
    return local_day(now())


def _stands(row: Area) -> dict[str, Any]:
    columns = ("name_vi", "name_en", "official_code", "latitude", "longitude")
    shown = {column: "" if (value := getattr(row, column)) is None else value for column in columns}
    return {**shown, "parent": AreaWords(alone(), _today()).word(row.parent_id)}


def _page(
    row: Area | None, form: Form, typed: Mapping[str, str], refusal: Refusal | None = None, ended: Mapping[str, str] | None = None
) -> str:
    words = AreaWords(alone(), _today())
    stands = _stands(row) if row is not None else {}
    return render_template(
        "settings/people/area.html", row=row, form=form, typed=dict(typed) or stands, seen=mark_for_form(stands),
        refusal=refusal, ended=ended or {}, levels=LEVEL_WORDS, today=_today(),
        centres=centres_of(alone(), on=_today()), is_everywhere=administered_centres(alone()) is None,
        areas=[each for each in sorted(words.rows.values(), key=lambda each: each.folded_name) if each.level != LEVELS[-1]],
    )  # fmt: skip

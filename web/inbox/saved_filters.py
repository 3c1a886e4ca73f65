"""Saved inbox filters: saving, listing, renaming, removing."""

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.inbox.saved_filters import (
    LONGEST_NAME,
    MOST_KEPT,
    FilterRefused,
    FilterUnknown,
    SeenFilter,
    SharedWith,
    filters_of,
    keep_filter,
    may_change,
    remove_filter,
    rename_filter,
    sharing_places,
)
from casework.permissions import Action
from web.clock import now
from web.guards import actor, found, performs
from web.inbox.filters import choices_for, filter_in, params_of
from web.inbox.return_url import inbox_address
from web.inbox.views import element_label, views_of
from web.locales import in_reader_language as local
from web.sent_forms import answers_again
from workflows.desks.inbox import Counts

bp = Blueprint("inbox_saved", __name__)


@bp.get("/inbox/filters")
@performs(Action.KEEP_FILTER)
def filters() -> ResponseReturnValue:
    return _page()


@bp.post("/inbox/filters")
@performs(Action.KEEP_FILTER)
@answers_again(inbox_address)
def keep() -> ResponseReturnValue:
    """Save what the inbox shows now; the form also carries its address."""
    chosen = _chosen()
    try:
        shared_with = _shared_with(request.form.get("shared", ""))
        with unit_of_work():
            row = keep_filter(by=actor(), now=now(), name=request.form.get("name", ""), chosen=chosen, shared_with=shared_with)
            name = row.name
    except FilterRefused as refusal:
        return _page(refusal=local(refusal.text), chosen=chosen), 422
    flash(_("The filter “%(name)s” is saved.", name=name))
    return redirect(inbox_address())


@bp.post("/inbox/filters/<ref>/rename")
@performs(Action.KEEP_FILTER)
def rename(ref: str) -> ResponseReturnValue:
    try:
        with unit_of_work():
            rename_filter(ref, by=actor(), name=request.form.get("name", ""))
    except FilterUnknown:
        return found(None)
    except FilterRefused as refusal:
        return _page(refusal=local(refusal.text)), 422
    flash(_("The filter has its new name."))
    return redirect(url_for(".filters"))


@bp.post("/inbox/filters/<ref>/remove")
@performs(Action.KEEP_FILTER)
def remove(ref: str) -> ResponseReturnValue:
    try:
        with unit_of_work():
            remove_filter(ref, by=actor())
    except FilterUnknown:
        return found(None)
    flash(_("The filter is removed."))
    return redirect(url_for(".filters"))


def _page(*, refusal: str = "", chosen: dict[str, str] | None = None) -> str:
    by = actor()
    rows = filters_of(by)
    return render_template(
        "inbox/filters.html",
        rows=[(row, may_change(by, row), row.owner_id == by.own_id, _words(row)) for row in rows],
        places={(place.centre_id, place.agency_id): place for place in sharing_places(by)},
        refusal=refusal,
        chosen=chosen or {},
        typed=request.form,
        most=MOST_KEPT,
        longest=LONGEST_NAME,
    )


def _words(row: SeenFilter) -> str:
    by = actor()
    chosen = filter_in(row.chosen)
    view = str(row.chosen.get("view") or "all")
    named = {each.key: each.words for each in views_of(Counts())}
    parts = [named.get(view) or element_label(view)]
    parts += [f"{each.label}: {each.chosen_words}" for each in _choices(by, chosen) if each.chosen]
    return " · ".join(parts)


def _choices(by: Any, chosen: Any) -> Any:
    return choices_for(by, chosen, principals=[])


def _chosen() -> dict[str, str]:
    """The submitted conditions, as far as they have a meaning."""
    view = request.form.get("view", "")[:80]
    given = params_of(filter_in(request.form))
    return {**({"view": view} if view not in ("", "all") else {}), **given}


def _shared_with(ref: str) -> SharedWith | None:
    """The place a filter is shared with; None for a private one. Raises FilterRefused for a place that is not theirs."""
    if not ref:
        return None
    place = next((each for each in sharing_places(actor()) if each.ref == ref), None)
    if place is None:
        raise FilterRefused("Ông/Bà không làm việc ở nơi này.", "You do not work there.")
    return place

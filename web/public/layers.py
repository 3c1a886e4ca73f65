"""Other forms of the public list: points for its map, a feed, a table. All take its filters and give public facts only."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from urllib.parse import urlsplit

import orjson
from flask import Blueprint, Response, current_app, make_response, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext

from casework.local_time import local_day
from casework.permissions import Action
from casework.public.cases import PublicItem
from casework.public.feed import MOST_LISTED, FeedItem, feed_items, listed_items
from casework.public.filters import PublicFilter, PublicState
from casework.public.map import MOST_POINTS, CommuneSpot, MapPoint, PublicMap, public_map
from reports.tables.table import Column, Table
from reports.tables.writing import MEDIA_TYPES, write_table
from web.addresses import on_the_web
from web.clock import now
from web.filters import local_date
from web.guards import performs
from web.http.replica import may_be_behind
from web.locales import in_reader_language, language
from web.public.filters import address_of, wanted_in_address

bp = Blueprint("public_layers", __name__)

BEFORE_ANYTHING = datetime(2026, 1, 1, tzinfo=UTC)
"""The modification time of a feed without entries."""
SUMMARY_LENGTH = 500


@bp.get("/reports/points.json")
@performs(Action.READ_PUBLIC)
@may_be_behind
def points() -> ResponseReturnValue:
    """The map of a filtered list. Words are in the reader's language."""
    found = public_map(wanted_in_address(), now=now())
    body = {
        "points": [_point(each) for each in found.points],
        "areas": [_spot(each) for each in found.spots if each.latitude is not None and each.longitude is not None],
        "words": map_words(found),
        "more": found.is_more,
    }
    return _unless_known(make_response(orjson.dumps(body)), "application/json")


@bp.get("/reports.atom")
@performs(Action.READ_PUBLIC)
@may_be_behind
def feed() -> ResponseReturnValue:
    """The newest cases of a filtered list as Atom, with GeoRSS points where an exact place is public: answered ones, unless the address
    names another state."""
    wanted = wanted_in_address()
    if wanted.state is None:
        wanted = replace(wanted, state=PublicState.ANSWERED)
    entries = feed_items(wanted)
    changed_at = max((entry.changed_at for entry in entries), default=BEFORE_ANYTHING)
    answer = make_response(_atom(list_title(wanted), entries, changed_at, address_of(wanted)))
    answer.last_modified = changed_at
    return _unless_known(answer, "application/atom+xml")


@bp.get("/reports.<any(csv, json, xlsx):form>")
@performs(Action.READ_PUBLIC)
@may_be_behind
def table(form: str) -> ResponseReturnValue:
    """The newest cases of a filtered list as a table: the columns of the list, in both languages."""
    wanted = wanted_in_address()
    shown = Table(
        title=list_title(wanted), columns=_columns(), rows=[_row(each) for each in listed_items(wanted)],
        notes=[(_("At most"), str(MOST_LISTED))],
    )  # fmt: skip
    with TemporaryDirectory() as folder:
        path = Path(folder) / form
        write_table(shown, form, path, made_at=now())
        answer = make_response(path.read_bytes())
    answer.headers["Content-Disposition"] = f'attachment; filename="phan-anh-{local_day(now()):%Y%m%d}.{form}"'
    return _unless_known(answer, MEDIA_TYPES[form])


def _columns() -> tuple[Column, ...]:
    return (
        Column("code", _("Code")), Column("title", _("Title"), width=48), Column("field_vi", _("Field (Vietnamese)"), width=28),
        Column("field_en", _("Field (English)"), width=28), Column("area_vi", _("Commune (Vietnamese)"), width=24),
        Column("area_en", _("Commune (English)"), width=24), Column("village", _("Village"), width=18),
        Column("filed_on", _("Sent on"), "day", 13), Column("state_vi", _("State (Vietnamese)"), width=20),
        Column("state_en", _("State (English)"), width=20), Column("urgent", _("Urgent"), "integer", 8, "1, 0"),
        Column("due_on", _("Due"), "day", 13), Column("published_at", _("Published at"), "datetime", 17),
        Column("agency_vi", _("Answered by (Vietnamese)"), width=32), Column("agency_en", _("Answered by (English)"), width=32),
        Column("me_too", _("Concerns others too"), "integer", 10), Column("url", _("Address"), width=44),
    )  # fmt: skip


def _row(item: PublicItem) -> tuple[Any, ...]:
    url = on_the_web(url_for("public.report", code=item.code))
    return (
        item.code, item.title, *(item.field or (None, None)), *(item.area or (None, None)), item.village, item.opened_on,
        *item.progress.label, int(item.is_urgent), item.limit.due_on if item.limit is not None else None, item.published_at,
        *(item.lead or (None, None)), item.also, url,
    )  # fmt: skip


def map_words(found: PublicMap) -> str:
    """How many cases a map shows, and in which form."""
    told = [ngettext("%(num)s report at its place", "%(num)s reports at their place", len(found.points))] if found.points else []
    hidden = sum(spot.cases for spot in found.spots) + found.elsewhere
    if hidden:
        told.append(ngettext("%(num)s report by commune only", "%(num)s reports by commune only", hidden))
    if not told:
        return str(_("No report matches."))
    words = "; ".join(told) + "."
    return f"{words} {_('There are more than %(most)s; the newest are shown.', most=MOST_POINTS)}" if found.is_more else words


def list_address(**filters: Any) -> str:
    return url_for("public.reports", **filters)


def spot_words(spot: CommuneSpot) -> str:
    """How many cases of a commune have no point."""
    return str(ngettext("%(name)s: %(num)s report", "%(name)s: %(num)s reports", spot.cases, name=in_reader_language(spot.name)))


def _point(point: MapPoint) -> dict[str, Any]:
    is_done = point.progress.step == "4"
    kind = "done" if is_done else "late" if point.is_late else "urgent" if point.is_urgent else "open"
    told = [_("Urgent")] if point.is_urgent else []
    told += [in_reader_language(point.progress.label), *([_("Late")] if point.is_late else []), local_date(point.opened_on)]
    return {
        "at": [round(point.latitude, 6), round(point.longitude, 6)], "title": point.title, "words": " · ".join(told), "kind": kind,
        "url": url_for("public.report", code=point.code),
    }  # fmt: skip


def _spot(spot: CommuneSpot) -> dict[str, Any]:
    url = list_address(**{**address_of(wanted_in_address()), "area": spot.area_ref})
    return {"at": [spot.latitude, spot.longitude], "count": spot.cases, "words": spot_words(spot), "url": url}


def list_title(wanted: PublicFilter) -> str:
    """The title of the feed or file: only answered cases are published, others are still waiting."""
    if wanted.state == PublicState.ANSWERED:
        return str(_("Answered reports"))
    return str(_("All reports") if wanted.state is None else _("Reports without an answer yet"))


def _atom(title: str, entries: list[FeedItem], changed_at: datetime, filters: dict[str, str]) -> bytes:
    from feedgen.feed import FeedGenerator  # late: docs/architecture.md

    parts: dict[str, Any] = dict(filters)
    own, page = on_the_web(url_for(".feed", **parts)), on_the_web(list_address(**parts))
    feed = FeedGenerator()
    feed.load_extension("geo", atom=True, rss=False)
    feed.id(_tag("/reports" + (f"?{urlsplit(own).query}" if filters else "")))
    feed.title(title)
    feed.link(href=own, rel="self", type="application/atom+xml")
    feed.link(href=page, rel="alternate", type="text/html")
    feed.language(language())
    feed.updated(changed_at)
    feed.author(name=_("Field reports"))
    for each in entries:
        _add(feed.add_entry(order="append"), each)
    body: bytes = feed.atom_str(pretty=False)
    return body


def _add(entry: Any, each: FeedItem) -> None:
    item = each.item
    entry.id(_tag(f"/reports/{item.code}"))
    entry.title(title_words(item))
    entry.link(href=on_the_web(url_for("public.report", code=item.code)), rel="alternate", type="text/html")
    entry.published(each.filed_at)
    entry.updated(each.changed_at)
    entry.summary(_summary(each))
    if item.field is not None:
        entry.category(term=in_reader_language(item.field))
    if each.point is not None:
        entry.geo.point(f"{each.point[0]:.6f} {each.point[1]:.6f}")


def title_words(item: PublicItem) -> str:
    """The title of a published case; for others the field of work, or that they are not classified yet."""
    return item.title or (in_reader_language(item.field) if item.field is not None else _("Not classified yet"))


def where_words(item: PublicItem) -> str:
    area = in_reader_language(item.area) if item.area is not None else _("Place not known yet")
    return f"{item.village}, {area}" if item.village else area


def _summary(each: FeedItem) -> str:
    words = f"{where_words(each.item)} · {in_reader_language(each.item.progress.label)}"
    return f"{words}. {' '.join(each.question.split())}"[:SUMMARY_LENGTH] if each.question else words


def _tag(path: str) -> str:
    """A permanent identifier, independent of the address (RFC 4151)."""
    return f"tag:{urlsplit(current_app.config['BASE_URL']).hostname or 'localhost'},2026:{path}"


def _unless_known(answer: Response, mimetype: str) -> Response:
    """Add an ETag; a client that has these bytes gets 304."""
    answer.mimetype = mimetype.partition(";")[0]  # for text types the response adds its charset itself
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.add_etag()
    answer.vary.add("Cookie")
    answer.make_conditional(request)
    return answer

"""The geography on a dashboard: open cases by commune and village, and their map."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from flask import url_for
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Area, Case
from casework.open_cases import OWED_STATES
from casework.permissions.sight import seen_by, with_viewers
from casework.public.map import CommuneSpot, spots_of
from casework.states import STAFF_LABELS, CaseState
from reports.statistics.counting import figures_of
from reports.statistics.periods import Period, period_between
from reports.statistics.reach import Reach
from reports.statistics.standing import MOST_POINTS, RECENT_DAYS, OpenState, cases_on_map, places_now
from reports.statistics.subjects import NOTHING_YET, WHOLE, Dimension
from web.clock import now
from web.guards import actor
from web.locales import in_reader_language as local
from web.statistics.figures import titles_in_lists
from web.statistics.figures_request import FiguresRequest


@dataclass(frozen=True, slots=True)
class CommuneLoad:
    """Of one commune: open cases, late ones, recent receipts, and open cases by village."""

    ref: str
    name: Bilingual
    open: int
    late: int
    recent: int
    villages: tuple[tuple[str, int], ...]


def recent_days(moment: datetime, reach: Reach) -> Period:
    """The last whole days including today, as a period for which the figures have lists."""
    today = local_day(moment)
    return period_between(today - timedelta(days=RECENT_DAYS - 1), today, centre_id=reach.centre.id)


def spots_by_commune(reach: Reach, moment: datetime) -> list[CommuneLoad]:
    """Open cases by commune and village, in the order of names."""
    counted = places_now(reach.scope, now=moment)
    told = figures_of(reach.scope, recent_days(moment, reach), by=Dimension.AREA, keys=["received"], now=moment)
    received = {ref: numbers["received"] for ref, numbers in told.items() if ref != WHOLE}
    ids = {place.area_id for place in counted if place.area_id is not None}
    areas = select(Area.id, Area.ref, Area.name_vi, Area.name_en).where(Area.id.in_(ids) | Area.ref.in_(received))
    rows = [(id_, ref, Bilingual(vi, en)) for id_, ref, vi, en in db.session.execute(areas.order_by(Area.folded_name, Area.id))]
    spotted = []
    for id_, ref, name in [*rows, (None, "none", NOTHING_YET[Dimension.AREA])]:
        own = [place for place in counted if place.area_id == id_]
        villages = tuple((place.village, place.open) for place in sorted(own, key=lambda each: each.village or "") if place.village)
        late, all_open = sum(place.late for place in own), sum(place.open for place in own)
        if all_open or received.get(ref):
            spotted.append(CommuneLoad(ref, name, all_open, late, received.get(ref, 0), villages))
    return spotted


def points_on_map(asked: FiguresRequest) -> dict[str, Any]:
    moment = now()
    ids = cases_on_map(asked.reach.scope, now=moment)
    query = select(Case).where(Case.id.in_(ids)).options(*with_viewers()).order_by(Case.opened_at.desc(), Case.id.desc())
    cases = [case for case in db.session.scalars(query) if seen_by(actor(), case) is not None] if ids else []
    titles = titles_in_lists(cases)
    placed = [case for case in cases if case.id in titles and case.latitude is not None and case.longitude is not None]
    counted: dict[int | None, int] = {}
    for case in cases:
        if case not in placed:
            counted[case.area_id] = counted.get(case.area_id, 0) + 1
    spots = [spot for spot in spots_of(counted) if spot.latitude is not None and spot.longitude is not None]
    words = [ngettext("%(num)s case at its place", "%(num)s cases at their place", len(placed))] if placed else []
    if len(cases) > len(placed):
        words.append(ngettext("%(num)s case by commune only", "%(num)s cases by commune only", len(cases) - len(placed)))
    told = "; ".join(words) + "." if words else _("Nothing is open, and nothing was received lately.")
    if len(ids) == MOST_POINTS:
        told = f"{told} {_('The newest %(most)s are shown.', most=MOST_POINTS)}"
    return {
        "points": [_point(case, titles[case.id], moment) for case in placed],
        "areas": [_area(spot, asked) for spot in spots],
        "words": told,
    }


def _point(case: Case, title: str, moment: datetime) -> dict[str, Any]:
    is_open = case.state in OWED_STATES
    kind = "late" if is_open and case.is_late(moment) else "open" if is_open else "done"
    words = [local(STAFF_LABELS[CaseState(case.state)][1]), *([_("Late")] if kind == "late" else [])]
    return {
        "at": [round(case.latitude or 0, 6), round(case.longitude or 0, 6)], "title": title or case.code, "words": " · ".join(words),
        "kind": kind, "url": url_for("cases.case", ref=case.ref),
    }  # fmt: skip


def _area(spot: CommuneSpot, asked: FiguresRequest) -> dict[str, Any]:
    words = ngettext("%(name)s: %(num)s case", "%(name)s: %(num)s cases", spot.cases, name=local(spot.name))
    url = url_for("dashboard.cases", what=OpenState.OPEN.value, area=spot.area_ref, **asked.own_address)
    return {"at": [spot.latitude, spot.longitude], "count": spot.cases, "words": words, "url": url}

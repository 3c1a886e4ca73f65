"""The dashboard of a centre, its committee or an agency's leader: what is late and why, who owes what, where, and what needs attention.

Present numbers are read from what is open (reports/statistics/standing.py), those of a period from the figures. Every number links to the
list behind it, for people who may read cases. The page's parts are made in `owing`, `over_time` and `places`.
"""

import hashlib
from collections import Counter
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db, reading_once
from casework.models import Agency, Area, Case
from casework.permissions import Action, may
from casework.states import STAFF_LABELS, CaseState
from reports.charts import ACROSS_WIDTH, NAMES
from reports.statistics.behind import CountedFact
from reports.statistics.counting import series_of
from reports.statistics.periods import MONTH, WEEK, Period, month_words, period_at
from reports.statistics.rates import RATES, share_of
from reports.statistics.reach import Reach, reach_named, reaches_of
from reports.statistics.snapshots import newest_of
from reports.statistics.standing import (
    STANDING_DEFINITIONS,
    STANDING_NAMES,
    OpenState,
    StandingFilter,
    standing_at,
    standing_cases,
    standing_now,
)
from reports.statistics.subjects import NOTHING_YET, Dimension
from web.base_map import base_map
from web.clock import now
from web.exports.links import export_url
from web.guards import actor, found, performs
from web.navigation import looks_at_wallboard
from web.statistics.figures import read_behind, titles_in_lists
from web.statistics.figures_request import LAST_DAYS, FiguresRequest, asked_in_address, asked_of_last_days, told_to_pages
from web.statistics.over_time import shown_trend, step_times, steps_chart, traces_of, trend_chart, trend_of
from web.statistics.owing import (
    ATTENTION_DEFINITIONS,
    ATTENTION_NAMES,
    LOADS,
    attention_told,
    latest,
    owed_by_agency,
    owed_chart,
    own_decisions,
    ratings_bars,
    team_of,
)
from web.statistics.places import points_on_map, recent_days, spots_by_commune
from workflows.desks.attention import Attention, attention_of

bp = Blueprint("dashboard", __name__)

PERIOD_KEYS = ("handled", "handled_in_time", "handled_in_time_after_extension", "handled_late", "ratings_given")


@bp.get("/dashboard")
@performs(Action.READ_STATISTICS)
def dashboard() -> ResponseReturnValue:
    with reading_once():
        return _page(asked_of_last_days())


@bp.get("/dashboard/pulse")
@performs(Action.READ_STATISTICS)
def pulse() -> ResponseReturnValue:
    """The numbers of now, for an open page; empty where nothing changed. One statement beside those that say who asks and of what."""
    reach = found(reach_named(reaches_of(actor()), request.args.get("of", "")))
    told = sum(standing_now(reach.scope, now=now()).values(), Counter(dict.fromkeys(OpenState, 0)))
    answer = Response(orjson.dumps({each.value: told[each] for each in OpenState}), mimetype="application/json")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32])
    return answer.make_conditional(request)


@bp.get("/dashboard/cases")
@performs(Action.READ_STATISTICS)
def cases() -> ResponseReturnValue:
    """The list behind a present number, as far as the person may see its cases."""
    found(may(actor(), Action.READ_CASE) or None)
    with reading_once():
        return _list_page(asked_in_address())


@bp.get("/dashboard/places.json")
@performs(Action.READ_STATISTICS)
def places() -> ResponseReturnValue:
    """The map: cases at their places; sensitive ones and those without a place are counted at their commune."""
    found(may(actor(), Action.READ_CASE) or None)
    with reading_once():
        answer = Response(orjson.dumps(points_on_map(asked_in_address())), mimetype="application/json")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


# -- contents of the pages --------------------------------------------------------------------------------------------------------


def _page(asked: FiguresRequest) -> str:
    moment, reach, before = now(), asked.reach, asked.period.before()
    owed = owed_by_agency(standing_now(reach.scope, now=moment))
    standing = {each: sum(row.numbers[each] for row in owed) for each in OpenState}
    told, told_before = series_of(reach.scope, [asked.period, before], keys=PERIOD_KEYS, now=moment)
    reads_cases = may(actor(), Action.READ_CASE)
    kind = MONTH if request.args.get("trend") == MONTH else WEEK
    weeks = trend_of(reach, WEEK, moment)
    trend = shown_trend(weeks if kind == WEEK else trend_of(reach, kind, moment), kind)
    spots = spots_by_commune(reach, moment)
    steps, steps_of_month = step_times(asked, moment)
    return render_template(
        "statistics/dashboard.html",
        moment=moment,
        before=before,
        standing=standing,
        standing_before=standing_at(reach.scope, asked.period.since),
        in_time=(share_of(RATES["in_time_of_handled"], told), share_of(RATES["in_time_of_handled"], told_before)),
        content=(share_of(RATES["content_of_rated"], told), share_of(RATES["content_of_rated"], told_before)),
        told=told,
        told_before=told_before,
        owed=owed if reach.agency is None else [],
        owed_chart=owed_chart(owed) if reach.agency is None else None,
        team=team_of(reach, moment),
        trend=trend,
        trend_kind=kind,
        trend_chart=trend_chart(trend, kind, since=asked.period.since if asked.days else None),
        traces=traces_of(reach, standing, weeks, moment),
        ratings_bars=ratings_bars(told, told_before, (asked.label, asked.label_before)),
        steps=steps,
        steps_chart=steps_chart(steps),
        steps_of_month=month_words(steps_of_month),
        spots=spots,
        recent=recent_days(moment, reach),
        base=base_map(reach.centre) if reads_cases and spots else None,
        freezing=_month_to_freeze(reach, moment),
        reads_cases=reads_cases,
        export=export_url("figures", period=asked.period.name, by=asked.by.value, of=asked.reach.ref),
        loads=LOADS,
        chart_width=ACROSS_WIDTH,
        names_width=NAMES,
        last_days=LAST_DAYS,
        own_decisions=own_decisions(reach, moment),
        **latest(reach, moment, reads_cases=reads_cases),
        **attention_told(reach, reads_cases=reads_cases),
        **_leads_on(),
        **_told(asked),
    )


def _leads_on() -> dict[str, Any]:
    """The pages the person may go on to."""
    return {
        "reads_late": may(actor(), Action.READ_LATE),
        "reads_bottlenecks": may(actor(), Action.READ_BOTTLENECKS),
        "looks_at_wallboard": looks_at_wallboard(),
        "decides_data": may(actor(), Action.DECIDE_DATA_REQUEST),
        "writes_letters": may(actor(), Action.WRITE_LETTER),
        "has_outputs": may(actor(), Action.EXPORT_LIST),
    }


def _list_page(asked: FiguresRequest) -> str:
    moment, reach, given = now(), asked.reach, request.args
    what = given.get("what", "")
    narrowed = StandingFilter.named(given)
    following = ""
    if what in list(Attention):
        why = Attention(what)
        name, definition = ATTENTION_NAMES[why], ATTENTION_DEFINITIONS[why]
        ids = attention_of(reach.centre.id, agency_id=reach.agency_id)[why]
        known = {row.id: row for row in db.session.execute(select(Case.id, Case.opened_at, Case.due_at).where(Case.id.in_(ids)))}
        behind = [CountedFact(id_, known[id_].opened_at, known[id_].due_at, id_, "") for id_ in ids if id_ in known]
        narrowed = StandingFilter()
    else:
        standing = found(next((each for each in OpenState if each == what), None))
        name, definition = STANDING_NAMES[standing], STANDING_DEFINITIONS[standing]
        page = standing_cases(standing, reach.scope, now=moment, narrowed=narrowed, after=given.get("after", ""))
        behind, following = page.rows, page.next or ""
    rows = read_behind(behind)
    address: dict[str, Any] = {"what": what, "agency": narrowed.agency, "area": narrowed.area, "village": narrowed.village,
                               "day": narrowed.day.isoformat() if narrowed.day else ""}  # fmt: skip
    address |= asked.own_address
    address = {key: value for key, value in address.items() if value}
    return render_template(
        "statistics/standing.html",
        name=name,
        definition_words=definition,
        moment=moment,
        rows=rows,
        hidden=len(behind) - len(rows),
        chips=_chips_of(narrowed, address),
        titles=titles_in_lists([case for _row, case in rows]),
        state_of=lambda case: STAFF_LABELS[CaseState(case.state)],
        export=export_url("counted", of=reach.ref, **{key: value for key, value in address.items() if key not in asked.own_address}),
        next=url_for(".cases", **address, after=following) if following else "",
        first=url_for(".cases", **address) if given.get("after") else "",
        **_told(asked),
    )


def _told(asked: FiguresRequest) -> dict[str, Any]:
    return {
        **told_to_pages(asked),
        "own": asked.own_address,
        "standings": OpenState,
        "standing_names": STANDING_NAMES,
        "standing_definitions": STANDING_DEFINITIONS,
    }


def _chips_of(narrowed: StandingFilter, address: Mapping[str, Any]) -> list[tuple[Bilingual, str]]:
    """What narrows the list, each with the address of the list without it; a village goes with its commune."""
    held: list[tuple[Bilingual, tuple[str, ...]]] = []
    for model, ref, dimension, keys in (
        (Agency, narrowed.agency, Dimension.AGENCY, ("agency",)), (Area, narrowed.area, Dimension.AREA, ("area", "village")),
    ):  # fmt: skip
        if ref:
            row: Any = db.session.scalar(select(model).where(model.ref == ref))
            held.append((row.name if row is not None else NOTHING_YET[dimension], keys))
    if narrowed.village:
        held.append((Bilingual(narrowed.village, narrowed.village), ("village",)))
    if narrowed.day:
        held.append((Bilingual(f"hạn {narrowed.day:%d/%m/%Y}", f"due {narrowed.day:%d/%m/%Y}"), ("day",)))
    return [(name, url_for(".cases", **{key: value for key, value in address.items() if key not in keys})) for name, keys in held]


def _month_to_freeze(reach: Reach, moment: datetime) -> Period | None:
    """The last month, where its figures are not frozen yet and the person may freeze them."""
    if not reach.freezes:
        return None
    month = period_at(MONTH, moment, centre_id=reach.centre.id).before()
    return month if newest_of(month, centre_id=reach.centre.id) is None else None

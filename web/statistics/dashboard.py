"""The dashboard of a centre, its committee, or an agency's leader: what is late and why, what is owed, where, and what to look at now.

Everything that is of now is read from what is open (reports/statistics/standing.py); what is of a period is what the figures say. Every
number opens the list behind it, for who may read cases.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import ngettext
from sqlalchemy import select

from casework.db import db, reading_once
from casework.figures.counting import month_after, month_of, start_of
from casework.models import Agency, Area, Case
from casework.permissions import LOCAL_ZONE, WITH_VIEWERS, Action, Role, may, seen_by
from casework.public_points import Spot, spots_of
from casework.states import OPEN_STATES, STAFF_LABELS, CaseState
from casework.words import Bilingual
from reports.statistics.counting import NOTHING_YET, WHOLE, Dimension, Row, figures_of, series_of
from reports.statistics.figures import RATES
from reports.statistics.periods import MONTH, WEEK, Period, period_at, period_between
from reports.statistics.reach import Reach
from reports.statistics.snapshots import newest_of
from reports.statistics.standing import (
    MOST_POINTS,
    RECENT_DAYS,
    STANDING_DEFINITIONS,
    STANDING_NAMES,
    Narrowed,
    Standing,
    cases_on_map,
    places_now,
    standing_at,
    standing_cases,
    standing_now,
)
from web.base_map import base_map
from web.charts import ACROSS_WIDTH, NAMES, Across, Groups, across, against_limits, grouped
from web.clock import now
from web.guards import actor, found, performs
from web.locales import in_reader_language as local
from web.navigation import looks_at_wallboard
from web.outputs.links import export_url
from web.statistics.figures import Asked, asked_in_address, hours, read_behind, share_of, titles_in_lists, told_to_pages
from workflows.attention import Attention, attention_of, said_of, steps_of
from workflows.inbox_filters import NOBODY
from workflows.step_figures import is_kept, step_hours
from workflows.step_limits import limits_of_steps
from workflows.teams import Load, teams_of

bp = Blueprint("dashboard", __name__)

LATEST = 10
"""How many of the latest are told with their reason; the others are behind the number."""

POINTS = 12
"""Weeks or months of the trend."""

MOST_BARS = 30
"""Lying bars of a chart; the table below has everything."""

SHOWN = 5
"""Cases of a kind in the list of what to look at."""

PERIOD_KEYS = ("handled", "handled_in_time", "handled_in_time_after_extension", "handled_late", "ratings_given")
TREND_KEYS = ("received", "handled_late")
LOADS = (Standing.LATE, Standing.SOON, Standing.IN_TIME)

ATTENTION_NAMES: dict[Attention, Bilingual] = {
    Attention.HANDED_BACK: Bilingual("Chuyển trả từ lần thứ hai", "Handed back a second time"),
    Attention.EXTENSION: Bilingual("Xin gia hạn chờ quyết định", "Extensions waiting for a decision"),
    Attention.REVIEW: Bilingual("Đánh giá chưa hài lòng chờ xem lại", "Dissatisfied ratings waiting for a review"),
}

ATTENTION_DEFINITIONS: dict[Attention, Bilingual] = {
    Attention.HANDED_BACK: Bilingual(
        "Vụ việc đã bị đơn vị chuyển trả ít nhất hai lần và đang chờ Trung tâm chốt đơn vị.",
        "Cases handed back at least twice that wait for the centre to settle whose they are.",
    ),
    Attention.EXTENSION: Bilingual(
        "Vụ việc có đề nghị gia hạn chờ lãnh đạo đơn vị đồng ý hoặc chờ quyết định.",
        "Cases with a request for more time that waits for the agency's leader or for a decision.",
    ),
    Attention.REVIEW: Bilingual(
        "Vụ việc có người gửi chưa hài lòng với câu trả lời, Trung tâm chưa xem lại.",
        "Cases whose sender is not satisfied with the answer, and the centre has not reviewed it yet.",
    ),
}


@dataclass(frozen=True, slots=True)
class Owed:
    """What is open of one agency, or of nobody yet: `ref` opens the list."""

    ref: str
    name: Bilingual
    short_name: Bilingual
    numbers: dict[str, int]


@dataclass(frozen=True, slots=True)
class Spotted:
    """What is open in a commune, what of it is late, what was received there lately, and what is open in its villages."""

    ref: str
    name: Bilingual
    open: int
    late: int
    recent: int
    villages: tuple[tuple[str, int], ...]


@dataclass(frozen=True, slots=True)
class StepTime:
    """How long a step took, beside its limit, in office minutes."""

    name: Bilingual
    passages: int
    median: float | None
    limit: int | None

    @property
    def is_over(self) -> bool:
        """Whether half of the times it took longer than it may."""
        return self.median is not None and self.limit is not None and self.median > self.limit


@bp.get("/dashboard")
@performs(Action.READ_STATISTICS)
def dashboard() -> ResponseReturnValue:
    with reading_once():
        return _page(asked_in_address())


@bp.get("/dashboard/cases")
@performs(Action.READ_STATISTICS)
def cases() -> ResponseReturnValue:
    """The list behind a number of now, as far as the person may see its cases."""
    found(may(actor(), Action.READ_CASE) or None)
    with reading_once():
        return _list_page(asked_in_address())


@bp.get("/dashboard/places.json")
@performs(Action.READ_STATISTICS)
def places() -> ResponseReturnValue:
    """What the map shows: cases at their places, sensitive ones and those without a place counted at their commune."""
    found(may(actor(), Action.READ_CASE) or None)
    with reading_once():
        answer = Response(orjson.dumps(_points(asked_in_address())), mimetype="application/json")
    answer.headers["Cache-Control"] = "private, no-store"
    return answer


# -- what pages are made of -------------------------------------------------------------------------------------------------------


def _page(asked: Asked) -> str:
    moment, reach, before = now(), asked.reach, asked.period.before()
    owed = _owed(standing_now(reach.scope, now=moment))
    standing = {each: sum(row.numbers[each] for row in owed) for each in Standing}
    told, told_before = series_of(reach.scope, [asked.period, before], keys=PERIOD_KEYS, now=moment)
    reads_cases = may(actor(), Action.READ_CASE)
    kind = MONTH if request.args.get("trend") == MONTH else WEEK
    trend = _trend(reach, kind, moment)
    spots = _spots(reach, moment)
    steps, steps_of_month = _step_times(asked, moment)
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
        owed_chart=_owed_chart(owed) if reach.agency is None else None,
        team=_team(reach, moment),
        trend=trend,
        trend_kind=kind,
        trend_chart=_trend_chart(trend, kind),
        trend_days=[_chart_label(period, kind) for period, _numbers in trend],
        steps=steps,
        steps_chart=_steps_chart(steps),
        steps_of_month=steps_of_month,
        spots=spots,
        recent=_recent(moment, reach),
        base=base_map(reach.centre) if reads_cases and spots else None,
        freezing=_month_to_freeze(reach, moment),
        reads_cases=reads_cases,
        reads_late=may(actor(), Action.READ_LATE),
        reads_bottlenecks=may(actor(), Action.READ_BOTTLENECKS),
        looks_at_wallboard=looks_at_wallboard(),
        decides_data=may(actor(), Action.DECIDE_DATA_REQUEST),
        writes_letters=may(actor(), Action.WRITE_LETTER),
        export=export_url("figures", period=asked.period.name, by=asked.by.value, of=asked.reach.ref),
        has_outputs=may(actor(), Action.EXPORT_LIST),
        loads=LOADS,
        chart_width=ACROSS_WIDTH,
        names_width=NAMES,
        **_late(reach, moment, reads_cases=reads_cases),
        **_attention(reach, reads_cases=reads_cases),
        **_told(asked),
    )


def _list_page(asked: Asked) -> str:
    moment, reach, given = now(), asked.reach, request.args
    what = given.get("what", "")
    narrowed = Narrowed(*(given.get(name, "")[:120] for name in ("agency", "area", "village")))
    following = ""
    if what in list(Attention):
        why = Attention(what)
        name, definition = ATTENTION_NAMES[why], ATTENTION_DEFINITIONS[why]
        ids = attention_of(reach.centre.id, agency_id=_agency_id(reach))[why]
        known = {row.id: row for row in db.session.execute(select(Case.id, Case.opened_at, Case.due_at).where(Case.id.in_(ids)))}
        behind = [Row(id_, known[id_].opened_at, known[id_].due_at, id_, "") for id_ in ids if id_ in known]
        narrowed = Narrowed()
    else:
        standing = found(next((each for each in Standing if each == what), None))
        name, definition = STANDING_NAMES[standing], STANDING_DEFINITIONS[standing]
        page = standing_cases(standing, reach.scope, now=moment, narrowed=narrowed, after=given.get("after", ""))
        behind, following = page.rows, page.next or ""
    rows = read_behind(behind)
    address: dict[str, Any] = {"what": what, "agency": narrowed.agency, "area": narrowed.area, "village": narrowed.village, **_own(asked)}
    address = {key: value for key, value in address.items() if value}
    return render_template(
        "statistics/standing.html",
        name=name,
        definition_words=definition,
        moment=moment,
        rows=rows,
        hidden=len(behind) - len(rows),
        narrowed=_names_of(narrowed),
        titles=titles_in_lists([case for _row, case in rows]),
        state_of=lambda case: STAFF_LABELS[CaseState(case.state)],
        next=url_for(".cases", **address, after=following) if following else "",
        first=url_for(".cases", **address) if given.get("after") else "",
        **_told(asked),
    )


def _told(asked: Asked) -> dict[str, Any]:
    return {
        **told_to_pages(asked),
        "own": _own(asked),
        "standings": Standing,
        "standing_names": STANDING_NAMES,
        "standing_definitions": STANDING_DEFINITIONS,
    }


def _own(asked: Asked) -> dict[str, Any]:
    """Whose dashboard it is, for addresses, where a person reads several."""
    return {"of": asked.reach.ref} if len(asked.reaches) > 1 else {}


def _agency_id(reach: Reach) -> int | None:
    return reach.agency.id if reach.agency is not None else None


def _names_of(narrowed: Narrowed) -> list[Bilingual]:
    names: list[Bilingual] = []
    for model, ref, dimension in ((Agency, narrowed.agency, Dimension.AGENCY), (Area, narrowed.area, Dimension.AREA)):
        if ref:
            row: Any = db.session.scalar(select(model).where(model.ref == ref))
            names.append(row.name if row is not None else NOTHING_YET[dimension])
    return [*names, *([Bilingual(narrowed.village, narrowed.village)] if narrowed.village else [])]


# -- late -------------------------------------------------------------------------------------------------------------------------


def _late(reach: Reach, moment: datetime, *, reads_cases: bool) -> dict[str, Any]:
    """The cases that are late longest, where they stand and what was said of it; nothing for who reads no cases."""
    if not reads_cases:
        return {"late": [], "titles": {}, "steps_at": {}, "said": {}, "may_direct": lambda _case: False}
    late = read_behind(standing_cases(Standing.LATE, reach.scope, now=moment, limit=LATEST).rows)
    rows = [case for _row, case in late]
    return {
        "late": late,
        "titles": titles_in_lists(rows),
        "steps_at": steps_of(rows),
        "said": said_of(actor(), rows),
        "may_direct": lambda case: may(actor(), Action.DIRECT, case),
    }


# -- who owes it ------------------------------------------------------------------------------------------------------------------


def _owed(standing: dict[int | None, Any]) -> list[Owed]:
    """By agency in the order of their names, never of merit; what no agency has yet comes last."""
    query = select(Agency).where(Agency.id.in_([each for each in standing if each is not None])).order_by(Agency.folded_name, Agency.id)
    rows = [Owed(agency.ref, agency.name, agency.short_name, standing[agency.id]) for agency in db.session.scalars(query)]
    if None in standing:
        words = NOTHING_YET[Dimension.AGENCY]
        rows.append(Owed("none", words, words, standing[None]))
    return rows


def _owed_chart(owed: Sequence[Owed]) -> Across:
    return across([(local(row.short_name), [(KIND[each], row.numbers[each]) for each in LOADS]) for row in owed[:MOST_BARS]])


KIND = {Standing.LATE: "late", Standing.SOON: "soon", Standing.IN_TIME: "open"}
"""What the parts of a bar look like."""


def _team(reach: Reach, moment: datetime) -> dict[str, Any] | None:
    """Who in the agency has taken what, of the steps that wait at its desks; None of a whole centre."""
    if reach.agency is None:
        return None
    grants = tuple(grant for grant in actor().grants if grant.role == Role.AGENCY_LEADER and grant.agency_id == reach.agency.id)
    teams = teams_of(replace(actor(), grants=grants[:1]), now=moment) if grants else []
    if not teams:
        return None
    loads = [(member.account.full_name or "", member.account.ref, member.load) for member in teams[0].members]
    loads += [(_("Nobody yet"), NOBODY, teams[0].free)] if teams[0].free.taken else []
    bars = [(name, [("late", load.late), ("soon", load.soon), ("open", _in_time(load))]) for name, _ref, load in loads[:MOST_BARS]]
    return {"rows": loads, "in_time": _in_time, "chart": across(bars)}


def _in_time(load: Load) -> int:
    return load.taken - load.late - load.soon


# -- trend ------------------------------------------------------------------------------------------------------------------------


def _trend(reach: Reach, kind: str, moment: datetime) -> list[tuple[Period, dict[str, Any]]]:
    """The last weeks or months, the oldest first, each as the figures count it."""
    period = period_at(kind, moment, centre_id=reach.centre.id)
    periods = [period]
    while len(periods) < POINTS:
        periods.append(periods[-1].before())
    periods.reverse()
    return list(zip(periods, series_of(reach.scope, periods, keys=TREND_KEYS, now=moment), strict=True))


def _trend_chart(trend: Sequence[tuple[Period, dict[str, Any]]], kind: str) -> Groups:
    bars = [
        (_chart_label(period, kind), [("open", numbers["received"]), ("late", numbers["handled_late"])]) for period, numbers in trend
    ]  # fmt: skip
    return grouped(bars)


def _chart_label(period: Period, kind: str) -> str:
    """The Monday of a week, or the month: 8/5, 5/26."""
    since = period.since.astimezone(LOCAL_ZONE)
    return f"{since.day}/{since.month}" if kind == WEEK else f"{int(period.name[5:7])}/{period.name[2:4]}"


# -- where it hurts ---------------------------------------------------------------------------------------------------------------


def _step_times(asked: Asked, moment: datetime) -> tuple[list[StepTime], date]:
    """The steps of the calendar month in which the period ends, as it was kept: nothing is counted while somebody waits."""
    reach = asked.reach
    month = month_of(min(moment, asked.period.until - timedelta(seconds=1)))
    if not is_kept(month):
        return [], month
    period = Period(MONTH, f"{month:%Y-%m}", start_of(month), start_of(month_after(month)), reach.centre.id)
    limits = limits_of_steps(reach.centre.id, now=moment)
    rows = step_hours(period, centre_id=reach.centre.id, agency_id=_agency_id(reach))
    return [StepTime(Bilingual(*row["name"]), row["passages"], row["median"], limits.get(row["step"])) for row in rows], month


def _steps_chart(steps: Sequence[StepTime]) -> Across | None:
    bars = []
    for step in steps[:MOST_BARS]:
        if step.median is not None:
            time = hours(step.median)
            words = _("%(hours)s h · over its limit", hours=time) if step.is_over else _("%(hours)s h", hours=time)
            limit = float(step.limit) if step.limit is not None else None
            bars.append((local(step.name), step.median, limit, "soon" if step.is_over else "done", str(words)))
    return against_limits(bars) if bars else None


# -- where ------------------------------------------------------------------------------------------------------------------------


def _recent(moment: datetime, reach: Reach) -> Period:
    """The last whole days, today among them, as a period whose lists the figures have."""
    today = moment.astimezone(LOCAL_ZONE).date()
    return period_between(today - timedelta(days=RECENT_DAYS - 1), today, centre_id=reach.centre.id)


def _spots(reach: Reach, moment: datetime) -> list[Spotted]:
    """What is open by commune and village, in the order of their names."""
    counted = places_now(reach.scope, now=moment)
    told = figures_of(reach.scope, _recent(moment, reach), by=Dimension.AREA, keys=["received"], now=moment)
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
            spotted.append(Spotted(ref, name, all_open, late, received.get(ref, 0), villages))
    return spotted


def _points(asked: Asked) -> dict[str, Any]:
    moment = now()
    ids = cases_on_map(asked.reach.scope, now=moment)
    query = select(Case).where(Case.id.in_(ids)).options(*WITH_VIEWERS).order_by(Case.opened_at.desc(), Case.id.desc())
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
    is_open = case.state in OPEN_STATES
    kind = "late" if is_open and case.is_late(moment) else "open" if is_open else "done"
    words = [local(STAFF_LABELS[CaseState(case.state)][1]), *([_("Late")] if kind == "late" else [])]
    return {
        "at": [round(case.latitude or 0, 6), round(case.longitude or 0, 6)], "title": title or case.code, "words": " · ".join(words),
        "kind": kind, "url": url_for("cases.case", ref=case.ref),
    }  # fmt: skip


def _area(spot: Spot, asked: Asked) -> dict[str, Any]:
    words = ngettext("%(name)s: %(num)s case", "%(name)s: %(num)s cases", spot.cases, name=local(spot.name))
    url = url_for(".cases", what=Standing.OPEN.value, area=spot.area_ref, **_own(asked))
    return {"at": [spot.latitude, spot.longitude], "count": spot.cases, "words": words, "url": url}


# -- to look at -------------------------------------------------------------------------------------------------------------------


def _attention(reach: Reach, *, reads_cases: bool) -> dict[str, Any]:
    """What waits for a decision: how many of each kind, and the first of them by name."""
    waiting = attention_of(reach.centre.id, agency_id=_agency_id(reach))
    ids = {case_id for found_ids in waiting.values() for case_id in found_ids[:SHOWN]} if reads_cases else set()
    query = select(Case).where(Case.id.in_(ids)).options(*WITH_VIEWERS)
    rows = {case.id: case for case in db.session.scalars(query) if seen_by(actor(), case) is not None} if ids else {}
    return {
        "waiting": {why: len(found_ids) for why, found_ids in waiting.items()},
        "attention_cases": {why: [rows[id_] for id_ in found_ids[:SHOWN] if id_ in rows] for why, found_ids in waiting.items()},
        "attention_titles": titles_in_lists(list(rows.values())),
        "attention_names": ATTENTION_NAMES,
        "review": Attention.REVIEW,
    }


def _month_to_freeze(reach: Reach, moment: datetime) -> Period | None:
    """The last month, where its figures are still to be frozen and the person may."""
    if not reach.freezes:
        return None
    month = period_at(MONTH, moment, centre_id=reach.centre.id).before()
    return month if newest_of(month, centre_id=reach.centre.id) is None else None



"""Exports of the dashboard's tables: trend, debts by agency, team load, steps compared with their limits, places, ratings."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Any

from casework.bilingual import Bilingual
from casework.outputs import OutputRefused
from casework.permissions import Actor, Role
from reports.statistics.counting import series_of
from reports.statistics.figure import LEVELS
from reports.statistics.figures import FIGURES
from reports.statistics.periods import MONTH, WEEK, Period
from reports.statistics.reach import Reach, reaches_of
from reports.statistics.standing import STANDING_DEFINITIONS, STANDING_NAMES, OpenState, standing_now
from reports.statistics.subjects import Dimension
from reports.tables.table import Column, Table
from web.outputs.listing import FIGURES_OF_OTHERS, local_words
from web.statistics.figures_request import FiguresRequest
from web.statistics.over_time import TREND_KEYS, shown_trend, step_times, trend_of
from web.statistics.owing import LOADS, owed_by_agency
from web.statistics.places import spots_by_commune
from workflows.desks.teams import Workload, teams_of

Notes = list[tuple[str, str]]
TableOf = Callable[[Actor, Reach, Period, Mapping[str, Any], datetime], tuple[Bilingual, tuple[Column, ...], Iterator[tuple[Any, ...]]]]


def dashboard_table(
    name: str, *, by: Actor, centre_id: int, agency_id: int | None, period: Period, asked: Mapping[str, Any], now: datetime, notes: Notes
) -> Table:  # fmt: skip
    """One table by name, with the figures the person may read. Raises OutputRefused."""
    reach = next((each for each in reaches_of(by) if each.centre.id == centre_id and each.agency_id == agency_id), None)
    if reach is None:
        raise OutputRefused(*FIGURES_OF_OTHERS)
    title, columns, rows = DASHBOARD[name](by, reach, period, asked, now)
    if name in OF_NOW:
        notes = [note for note in notes if note[0] not in ("Kỳ", "Kỳ chưa kết thúc")] + [("Tính đến", local_words(now))]
    return Table(title.vi, columns, rows, notes=notes)


def _number(key: str, name: Bilingual, meaning: str = "") -> Column:
    return Column(key, name.vi, "integer", 14, meaning, en=name.en)


def _standing(each: OpenState) -> Column:
    return _number(each.value, STANDING_NAMES[each], STANDING_DEFINITIONS[each].vi)


def _trend(_by: Actor, reach: Reach, _period: Period, asked: Mapping[str, Any], now: datetime) -> Any:
    kind = MONTH if asked.get("trend") == MONTH else WEEK
    columns = (
        Column("period", "Kỳ", width=28, en="Period"), Column("since", "Từ", "datetime", 17, en="From"),
        Column("until", "Đến trước", "datetime", 17, en="Until before"),
        *(_number(key, FIGURES[key].name, FIGURES[key].definition.vi) for key in TREND_KEYS),
    )  # fmt: skip
    rows = (
        (period.label.vi, period.since, period.until, *(numbers[key] for key in TREND_KEYS))
        for period, numbers in shown_trend(trend_of(reach, kind, now), kind)
    )
    return Bilingual("Tiếp nhận và xong theo kỳ", "Received and handled by period"), columns, rows


def _owed(_by: Actor, reach: Reach, _period: Period, _asked: Mapping[str, Any], now: datetime) -> Any:
    columns = (Column("agency", "Đơn vị", width=36, en="Agency"), *(_standing(each) for each in (*LOADS, OpenState.OPEN)))
    rows = (
        (row.name.vi, *(row.numbers[each] for each in (*LOADS, OpenState.OPEN)))
        for row in owed_by_agency(standing_now(reach.scope, now=now))
    )
    return Bilingual("Đang xử lý theo đơn vị", "Open by agency"), columns, rows


def _team(by: Actor, reach: Reach, _period: Period, _asked: Mapping[str, Any], now: datetime) -> Any:
    """For the leader of an agency."""
    grants = tuple(each for each in by.grants if each.role == Role.AGENCY_LEADER and each.agency_id == reach.agency_id)
    teams = teams_of(replace(by, grants=grants[:1]), now=now) if grants and reach.agency is not None else []
    if not teams:
        raise OutputRefused("Bảng này dành cho lãnh đạo của một đơn vị.", "This table is for who leads an agency.")
    columns = (
        Column("person", "Cán bộ", width=30, meaning="“Chưa ai nhận”: việc còn chờ.", en="Person"),
        *(_standing(each) for each in LOADS), _number("taken", Bilingual("Tất cả", "All")),
    )  # fmt: skip
    loads = [(member.account.full_name or "", member.load) for member in teams[0].members] + [("Chưa ai nhận", teams[0].free)]
    return Bilingual("Việc đã nhận theo cán bộ", "Steps taken by person"), columns, (_load(name, load) for name, load in loads)


def _load(name: str, load: Workload) -> tuple[Any, ...]:
    return name, load.late, load.soon, load.taken - load.late - load.soon, load.taken


def _steps(_by: Actor, reach: Reach, period: Period, _asked: Mapping[str, Any], now: datetime) -> Any:
    steps, month = step_times(FiguresRequest([reach], reach, period, Dimension.FIELD), now)
    columns = (
        Column("step", "Bước", width=40, meaning=f"Tháng {month:%m/%Y}, giờ làm việc.", en="Step of the process"),
        _number("passages", Bilingual("Số lượt", "Times done")), Column("median", "Trung vị (giờ)", "decimal", 14, en="Median, hours"),
        Column("limit", "Hạn (giờ)", "decimal", 14, en="Limit, hours"),
    )  # fmt: skip
    rows = ((step.name.vi, step.passages, _hours(step.median), _hours(step.limit)) for step in steps)
    return Bilingual("Thời gian các bước", "Times of steps"), columns, rows


def _hours(minutes: float | None) -> float | None:
    return None if minutes is None else round(minutes / 60, 2)


def _spots(_by: Actor, reach: Reach, _period: Period, _asked: Mapping[str, Any], now: datetime) -> Any:
    columns = (
        Column("area", "Xã, phường", width=28, en="Commune"),
        Column("village", "Thôn, tổ", width=22, meaning="Để trống: cả xã, phường.", en="Village"),
        _standing(OpenState.OPEN), _standing(OpenState.LATE),
        _number("recent", Bilingual("Tiếp nhận trong 30 ngày", "Received in 30 days")),
    )  # fmt: skip
    return Bilingual("Nơi xảy ra", "Where it happens"), columns, _places(reach, now)


def _places(reach: Reach, now: datetime) -> Iterator[tuple[Any, ...]]:
    for spot in spots_by_commune(reach, now):
        yield spot.name.vi, None, spot.open, spot.late, spot.recent
        yield from ((spot.name.vi, village, number, None, None) for village, number in spot.villages)


def _ratings(_by: Actor, reach: Reach, period: Period, _asked: Mapping[str, Any], now: datetime) -> Any:
    before = period.before()
    told, told_before = series_of(reach.scope, [period, before], keys=("ratings_given",), now=now)
    columns = (
        Column("level", "Mức đánh giá", width=24, en="Rating"), _number("number", period.label),
        _number("before", before.label), Column("since", "Từ", "datetime", 17, en="From"),
        Column("until", "Đến trước", "datetime", 17, en="Until before"),
    )  # fmt: skip
    given, given_before = told["ratings_given"], told_before["ratings_given"]
    levels = [(name.vi, given[level], given_before[level]) for level, name in LEVELS.items()]
    whole = ("Tất cả", sum(given.values()), sum(given_before.values()))
    return Bilingual("Mức độ hài lòng", "Satisfaction"), columns, ((*row, period.since, period.until) for row in [*levels, whole])


DASHBOARD: dict[str, TableOf] = {
    "trend": _trend, "owed": _owed, "team": _team, "limits": _steps, "spots": _spots, "ratings": _ratings,
}  # fmt: skip
"""By the name in their links."""
OF_NOW = ("owed", "team", "spots", "trend")
"""Tables about the moment the file is made, whatever period was chosen on the page."""

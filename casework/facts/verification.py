"""Verifying that the stored facts match the histories, and the daily sums match the facts.

A case with events the worker has not reached yet is not checked, nor is a day waiting to be summed up.
"""

from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

from sqlalchemy import func, select

from casework.calendars import calendar_of
from casework.db import db
from casework.facts.daily import days_known, sums_between
from casework.facts.histories import TOGETHER, History, histories_of
from casework.facts.keeping import kept_facts, same_moments, same_spans
from casework.facts.progress import progress
from casework.facts.reading import Facts, Row, facts_from
from casework.findings import Finding, fault
from casework.models import Case, Centre, DailyFigures, Event, StaleDay
from casework.open_cases import OWED_STATES

DAYS_TOGETHER = 31


def check_facts(*, every: int = 1, first: int = 0) -> Iterator[Finding]:
    """Check the facts of every `every`-th case, another part for another `first`, and the sums of all days; inside `one_moment`.

    Finds nothing where no facts are kept yet.
    """
    row = progress()
    if row is None:
        return
    yield from _facts(row.event_id, every, first % every)
    yield from _sums()


def _facts(upto: int, every: int, rest: int) -> Iterator[Finding]:
    after = 0
    while ids := list(
        db.session.scalars(select(Case.id).where(Case.id > after, Case.id % every == rest).order_by(Case.id).limit(TOGETHER))
    ):
        after, histories, kept = ids[-1], histories_of(ids), kept_facts(ids)
        calendars = {centre_id: calendar_of(centre_id) for centre_id in {each.case.centre_id for each in histories.values()}}
        behind = [case_id for case_id, (spans, _) in kept.items() if not spans or spans[0]["event_seq"] != histories[case_id].seq]
        forgotten = _forgotten(behind, kept, upto)
        for case_id, history in histories.items():
            if case_id in forgotten:
                yield fault(
                    "facts.missing", history.case.code,
                    f"Số liệu của hồ sơ {history.case.code} chưa được cập nhật theo lịch sử của nó.",
                    f"The facts of the case {history.case.code} have not followed its history.",
                )  # fmt: skip
            elif case_id not in behind:
                yield from _of_case(history, kept[case_id], facts_from(history, calendars[history.case.centre_id]))


def _forgotten(case_ids: list[int], kept: dict[int, tuple[list[Row], list[Row]]], upto: int) -> set[int]:
    """The cases without facts, or with facts made before their last event up to that number, which the worker has read."""
    if not case_ids:
        return set()
    query = select(Event.case_id, func.max(Event.seq)).where(Event.case_id.in_(case_ids), Event.id <= upto).group_by(Event.case_id)
    seen = {case_id: seq for case_id, seq in db.session.execute(query) if case_id is not None}
    return {case_id for case_id, seq in seen.items() if not kept[case_id][0] or kept[case_id][0][0]["event_seq"] < seq}


def _of_case(history: History, kept: tuple[list[Row], list[Row]], fresh: Facts) -> Iterator[Finding]:
    code = history.case.code
    if not same_spans(kept[0], fresh.spans) or not same_moments(kept[1], fresh.moments):
        yield fault(
            "facts.differ", code,
            f"Số liệu đã lưu của hồ sơ {code} khác với số liệu tính lại từ lịch sử của nó.",
            f"The facts kept of the case {code} differ from those its history tells.",
        )  # fmt: skip
    if (fresh.spans[-1]["ended_at"] is None) != (history.case.state in OWED_STATES):
        yield fault(
            "facts.state", code,
            f"Hồ sơ {code} ở trạng thái {history.case.state}, nhưng theo lịch sử thì ngược lại: còn phải trả lời hay không.",
            f"The case {code} is in state {history.case.state}; its history says otherwise whether an answer is owed.",
        )  # fmt: skip


def _sums() -> Iterator[Finding]:
    for centre_id, prefix in db.session.execute(select(Centre.id, Centre.code_prefix).order_by(Centre.id)).all():
        known = days_known(centre_id)
        since, last = known or (date.max, date.min)
        stale = set(db.session.scalars(select(StaleDay.day).where(StaleDay.centre_id == centre_id)))
        while since <= last:
            until = min(since + timedelta(days=DAYS_TOGETHER - 1), last)
            made, summed = sums_between(centre_id, since, until), _summed(centre_id, since, until)
            for day in sorted((made.keys() | summed.keys()) - stale):
                if made.get(day, {}) != summed.get(day, {}):
                    yield fault(
                        "facts.sums", f"{prefix} {day}",
                        f"Số liệu cộng dồn ngày {day:%d/%m/%Y} của {prefix} khác với tổng của các hồ sơ.",
                        f"The sums of {prefix} on {day} differ from those of its cases.",
                    )  # fmt: skip
            since = until + timedelta(days=1)


def _summed(centre_id: int, first: date, last: date) -> dict[date, dict[tuple[str, str], Any]]:
    query = select(DailyFigures.day, DailyFigures.dimension, DailyFigures.subject, DailyFigures.figures)
    query = query.where(DailyFigures.centre_id == centre_id, DailyFigures.day.between(first, last))
    found: dict[date, dict[tuple[str, str], Any]] = {}
    for day, dimension, subject, figures in db.session.execute(query):
        found.setdefault(day, {})[dimension, subject] = figures
    return found

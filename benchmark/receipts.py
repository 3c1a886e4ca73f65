"""Whether every receipt that was given stands for one report and one case, and every step of a finished life was done once."""

from collections import Counter
from collections.abc import Iterator, Sequence

from sqlalchemy import func, select

from benchmark.life import LIFE
from casework.db import db
from casework.models import CaseReport, Event, Report

STEPS = Counter(step.act or step.element for step in LIFE)
"""How often each act is in the history of a finished life."""


def wrong_receipts(codes: Sequence[str], finished: Sequence[str], *, may_be_more: int = 0) -> list[str]:
    """What is wrong, in sentences. `may_be_more`: how many reports may be there whose senders got no receipt."""
    return [*_receipts(codes, may_be_more), *_histories(finished)]


def _receipts(codes: Sequence[str], may_be_more: int) -> Iterator[str]:
    given = Counter(codes)
    yield from (f"{code} was given to {times} senders" for code, times in given.items() if times > 1)
    query = select(Report.code, func.count(CaseReport.case_id)).outerjoin(CaseReport, CaseReport.report_id == Report.id)
    cases = {code: count for code, count in db.session.execute(query.group_by(Report.code))}  # noqa: C416
    yield from (f"{code} is lost" for code in given if code not in cases)
    yield from (f"{code} has {count} cases" for code, count in cases.items() if count != 1)
    if (more := len(cases) - len(given)) > may_be_more:
        yield f"{more} reports have no sender with a receipt, where {may_be_more} got no answer"


def _histories(finished: Sequence[str]) -> Iterator[str]:
    query = (
        select(Report.code, Event.type, func.count())
        .join(CaseReport, CaseReport.report_id == Report.id)
        .join(Event, Event.case_id == CaseReport.case_id)
        .where(Event.type.in_(STEPS))
        .group_by(Report.code, Event.type)
    )
    done: dict[str, Counter[str]] = {code: Counter() for code in finished}
    for code, type_, count in db.session.execute(query):
        if code in done:
            done[code][type_] = count
    yield from (f"{code}: done were {dict(steps)}" for code, steps in done.items() if steps != STEPS)

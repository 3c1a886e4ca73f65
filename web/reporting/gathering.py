"""From a request (kind, period, agency) to the document, both for the worker and for the command."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.documents.kinds import AGENCY_SHEET, KINDS, PERIOD_REPORT, YEARBOOK
from casework.documents.letterheads import letterhead_for
from casework.documents.periodic import reads_titles, refuse_reading
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Agency
from casework.permissions import Actor
from reports.gathering import agency_sheet_of, period_report_of, yearbook_of
from reports.periodic import Document, document_html
from reports.statistics.periods import YEAR, NoSuchPeriod, Period, period_named
from workflows.figures.steps import step_hours

Told = Callable[[int, int | None], None]


class PeriodRefused(CaseworkError):
    """There is no such period, or no such document of it."""


@dataclass(frozen=True, slots=True)
class Gathered:
    """A document, and the row of the frozen figures in it."""

    document: Document
    snapshot_id: int | None = None


def asked_period(kind: str, name: str, *, centre_id: int, now: datetime) -> Period:
    """The period of that name. Raises PeriodRefused for an unknown one, one that has not begun, and a yearbook of anything but a year."""
    try:
        period = period_named(name, centre_id=centre_id)
    except NoSuchPeriod:
        raise PeriodRefused("Không có kỳ này.", "There is no such period.") from None
    if kind == YEARBOOK and period.kind != YEAR:
        raise PeriodRefused("Báo cáo công khai lập theo năm.", "A yearbook is about a year.")
    if period.since >= now:
        raise PeriodRefused("Kỳ này chưa bắt đầu.", "This period has not begun.")
    return period


def gather(kind: str, name: str, *, centre_id: int, agency: Agency | None, by: Actor | None, now: datetime, tell: Told) -> Gathered:
    """Count and collect. `by` None is the server's command, which may read everything. Raises ReadingRefused, PeriodRefused."""
    if by is not None:
        refuse_reading(kind, by=by, centre_id=centre_id, agency=agency)
    period = asked_period(kind, name, centre_id=centre_id, now=now)
    with_titles = by is None or reads_titles(by, centre_id=centre_id, agency=agency)
    tell(0, 2)
    if kind == AGENCY_SHEET and agency is not None:
        found = Gathered(agency_sheet_of(agency, period, now=now, with_titles=with_titles))
    elif kind == PERIOD_REPORT:
        report, snapshot = period_report_of(
            period, centre_id=centre_id, now=now, steps=step_hours(period.up_to(now), centre_id=centre_id), with_titles=with_titles
        )
        found = Gathered(report, snapshot.id if snapshot is not None else None)
    else:
        found = Gathered(yearbook_of(int(period.name), centre_id=centre_id, now=now))
    tell(1, 2)
    return found


def page_for(kind: str, document: Document, *, centre_id: int, now: datetime, **marks: Any) -> str:
    """The page of a document that is no letter yet: with today's letterhead and room for the number."""
    head, known = letterhead_for(centre_id, None, local_day(now)), KINDS[kind]
    symbol = known.symbol(head.symbol) or f"{known.abbreviation}-………"
    return document_html(document, head, local_day(now), **{"symbol": symbol, **marks})

"""The list of a sender's own reports, read with as many questions however long it is."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.orm import selectinload

from casework.clocks import ClockKind
from casework.db import db
from casework.intake import original_words
from casework.models import CaseReport, Clock, Report
from casework.own_labels import standing_of
from casework.own_links import newest_links, open_questions
from casework.states import CaseState, Progress
from casework.words import Bilingual


@dataclass(frozen=True)
class OwnListed:
    """One report in its sender's list; `clock` is the newest of kind case. Of a quarantined one there are no words and no limit."""

    code: str
    filed_at: datetime
    label: Bilingual
    progress: Progress
    words: str | None = None
    clock: Clock | None = None


def own_list(reports: list[Report]) -> list[OwnListed]:
    """The reports of one sender as their list shows them, in the order given and with as many questions however many there are."""
    ids = [report.id for report in reports]
    with_texts = select(Report).where(Report.id.in_(ids)).options(selectinload(Report.texts)).execution_options(populate_existing=True)
    read = {report.id: report for report in db.session.scalars(with_texts)}
    links = newest_links(ids)
    asked = open_questions(ids)
    case_ids = {link.case_id for link in links.values()}
    limits = select(Clock).where(Clock.case_id.in_(case_ids), Clock.kind == ClockKind.CASE)
    clocks = {clock.case_id: clock for clock in db.session.scalars(limits.options(selectinload(Clock.pauses)).order_by(Clock.id))}
    return [_listed(read[id_], links[id_], clocks, is_asked=id_ in asked) for id_ in ids]


def _listed(report: Report, link: CaseReport, clocks: dict[int, Clock], *, is_asked: bool) -> OwnListed:
    standing = standing_of(link.case, link, report.code, is_asked=is_asked, with_reason=False)
    if standing.state == CaseState.QUARANTINED:
        return OwnListed(report.code, report.filed_at, standing.label, standing.progress)
    clock = clocks.get(link.case_id) if standing.limit_counts else None
    return OwnListed(report.code, report.filed_at, standing.label, standing.progress, original_words(report), clock)

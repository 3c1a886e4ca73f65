"""The steps of cases as updates of Open311, oldest first: the public's of published cases, and the senders' of the reports a key filed."""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import and_, select

from casework.bilingual import Bilingual
from casework.contacts.report_links import links_of_reports
from casework.db import db
from casework.doors.open311.finding import TooMany, changed_since
from casework.local_time import local_day, midnight
from casework.models import Agency, Assignment, Case, CaseReport, Report
from casework.public.filters import is_shown
from casework.sealing.seal import lookup_digest
from casework.telling.steps import Step, own_steps_of, public_steps_of

MOST_CASES, MOST_OWN, MOST_UPDATES = 1_000, 200, 1_000
ID_PURPOSE = "update of Open311"
ID_LENGTH = 24
FILED = "file_report"
WRITTEN = frozenset({"write_to_centre", "answer_question"})
"""What the sender's own system sent: it is not told of it again."""
CLOSING = frozenset({"refuse", "withdraw_report", "answer_privately", "close_referral"})
OPENING = frozenset({"reopen", "verify", "classify", "distribute"})
EXTENDED = {
    "verify": "INVESTIGATING", "classify": "INVESTIGATING", "reopen": "INVESTIGATING", "distribute": "IN_PROGRESS",
    "accept_assignment": "IN_PROGRESS", "add_agency": "IN_PROGRESS", "change_lead": "IN_PROGRESS", "take_back": "IN_PROGRESS",
    "refer": "NOT_COUNCILS_RESPONSIBILITY", "pass_on": "NOT_COUNCILS_RESPONSIBILITY", "refuse": "NO_FURTHER_ACTION",
    "withdraw_report": "CANCELLED",
}  # fmt: skip
"""FixMyStreet's words for what a step leads to, where an account asks for them; other steps leave the word as it was. Never FIXED: that is
for the citizen to say."""
MERGED, OPEN, CLOSED = "DUPLICATE", "OPEN", "CLOSED"


@dataclass(frozen=True, slots=True)
class Update:
    """A step of a case under the code of a report."""

    update_id: str
    code: str
    is_closed: bool
    word: str
    """What EXTENDED says of it, CLOSED for an answer."""
    at: datetime
    words: Bilingual


def update_id_of(event_id: int) -> str:
    """The name of a step for clients: no number, so that no hidden event shows as a gap."""
    return lookup_digest(str(event_id), purpose=ID_PURPOSE)[:ID_LENGTH]


def updates(centre_id: int, since: datetime, until: datetime, *, service_id: int | None = None) -> list[Update]:
    """The updates of a span, both ends included. One told by its day lies in it with its whole day. Raises TooMany."""
    ids = changed_since(midnight(local_day(since)))
    own = _own_reports(ids, service_id) if service_id is not None and ids else []
    found: list[Update] = []
    told = [report for report, is_apart in own if not is_apart]
    links = links_of_reports([report.id for report in told])
    steps_told = own_steps_of({report: links[report.id] for report in told})
    for report in told:
        found += _in_span(report.code, steps_told[report.id], since, until, is_of_sender=True)
    covered = {report.code for report, _ in own}
    codes = {case_id: code for case_id, code in _published(ids, centre_id) if code not in covered}
    for case_id, steps in public_steps_of(_agencies(codes)).items():
        found += _in_span(codes[case_id], steps, since, until)
    return sorted(found, key=lambda each: (each.at, each.code, each.update_id))[:MOST_UPDATES]


def _in_span(code: str, steps: Iterable[Step], since: datetime, until: datetime, *, is_of_sender: bool = False) -> Iterator[Update]:
    is_closed, word = False, OPEN
    for step in sorted((each for each in steps if each.event_id is not None), key=lambda each: (each.at, each.event_id)):
        is_closed = (is_closed or step.closes or step.type in CLOSING) and step.type not in OPENING
        word = _word_after(step, word, is_closed=is_closed, is_of_sender=is_of_sender)
        at = midnight(local_day(step.at)) if step.is_of_day else step.at
        last = at + timedelta(days=1) - timedelta(seconds=1) if step.is_of_day else at
        if step.type != FILED and step.type not in WRITTEN and step.event_id is not None and last >= since and at <= until:
            yield Update(update_id_of(step.event_id), code, is_closed, word, at, step.words)


def _word_after(step: Step, word: str, *, is_closed: bool, is_of_sender: bool) -> str:
    if step.type == "merge" and is_of_sender:
        return MERGED
    return EXTENDED.get(step.type) or (CLOSED if is_closed and (step.closes or step.type in CLOSING) else word)


def _published(ids: list[int], centre_id: int) -> list[tuple[int, str]]:
    """The published cases of a centre among some, by row and code. Raises TooMany."""
    query = select(Case.id, Case.code).where(is_shown(), Case.is_public, Case.centre_id == centre_id, Case.id.in_(ids))
    rows = [(row.id, row.code) for row in db.session.execute(query.limit(MOST_CASES + 1))] if ids else []
    if len(rows) > MOST_CASES:
        raise TooMany
    return rows


def _agencies(codes: dict[int, str]) -> dict[int, dict[str, Bilingual]]:
    query = select(Assignment.case_id, Agency.key, Agency.name_vi, Agency.name_en).join(Agency, Agency.id == Assignment.agency_id)
    names: dict[int, dict[str, Bilingual]] = defaultdict(dict)
    for row in db.session.execute(query.where(Assignment.case_id.in_(list(codes)))) if codes else ():
        names[row.case_id][row.key] = Bilingual(row.name_vi, row.name_en)
    return {case_id: names[case_id] for case_id in codes}


def _own_reports(ids: list[int], service_id: int) -> list[tuple[Report, bool]]:
    """The reports of a service account in some cases, and whether the case is set apart. Raises TooMany."""
    query = select(Report, Case.quarantined_at).join(CaseReport, and_(CaseReport.report_id == Report.id))
    query = query.join(Case, Case.id == CaseReport.case_id).where(Report.service_id == service_id, CaseReport.case_id.in_(ids))
    rows = db.session.execute(query.order_by(CaseReport.left_at.is_(None), CaseReport.id).limit(MOST_OWN + 1)).all()
    if len(rows) > MOST_OWN:
        raise TooMany
    newest = {report.id: (report, quarantined_at is not None) for report, quarantined_at in rows}
    return list(newest.values())

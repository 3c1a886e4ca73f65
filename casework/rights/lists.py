"""The requests an operations lead decides: waiting ones by due day, and finished ones."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import joinedload

from casework.contacts.report_links import case_of, newest_links
from casework.db import db
from casework.models import Case, Centre, DataRequest, Report
from casework.parsing import number_in
from casework.permissions import Action, Actor, Role
from casework.rights.requests import COPY, reports_about
from casework.successors import centre_at_work

PAGE = 50
"""Requests on one page of the list."""
SECOND_DIGITS = 11
"""Digits of a number of seconds since 1970: enough until the year 5138."""
MOST_REPORTS = 50
"""The newest reports listed with a request."""


@dataclass(frozen=True)
class Page:
    """Some requests and the number after which the next page begins, None on the last one."""

    rows: list[DataRequest]
    after: str | None


@dataclass(frozen=True)
class ReportBeside:
    """A report a request is about, and the case that answers it, or did before the report was withdrawn."""

    report: Report
    case: Case
    is_withdrawn: bool


def open_requests(by: Actor, *, after: str = "") -> Page:
    """The unfinished ones, by the day they are due. `after` is what the previous page ended with."""
    query = _of(by, select(DataRequest)).where(DataRequest.done_at.is_(None))
    first, _sign, second = after.partition("_")
    instant, number = number_in(first, digits=SECOND_DIGITS), number_in(second)
    if instant is not None and number is not None:
        last = datetime.fromtimestamp(instant, tz=UTC)
        query = query.where(or_(DataRequest.done_due_at > last, and_(DataRequest.done_due_at == last, DataRequest.id > number)))
    rows = list(db.session.scalars(query.order_by(DataRequest.done_due_at, DataRequest.id).limit(PAGE + 1)))
    shown = rows[:PAGE]
    return Page(shown, f"{int(shown[-1].done_due_at.timestamp())}_{shown[-1].id}" if len(rows) > PAGE else None)


def done_requests(by: Actor, *, after: str = "") -> Page:
    """The finished ones, newest first; including copies handed over at once."""
    query = _of(by, select(DataRequest)).where(DataRequest.done_at.is_not(None))
    number = number_in(after)
    if number is not None:
        query = query.where(DataRequest.id < number)
    rows = list(db.session.scalars(query.order_by(DataRequest.id.desc()).limit(PAGE + 1)))
    shown = rows[:PAGE]
    return Page(shown, str(shown[-1].id) if len(rows) > PAGE else None)


def request_seen(by: Actor, ref: str) -> DataRequest | None:
    """A request of a centre whose requests the person decides; the look-up is the permission check. One about a quarantined report is not
    found."""
    query = _of(by, select(DataRequest)).where(DataRequest.ref == ref, DataRequest.kind != COPY)
    row = db.session.scalar(query.options(joinedload(DataRequest.account), joinedload(DataRequest.report)))
    is_apart = row is not None and row.report is not None and case_of(row.report).quarantined_at is not None
    return None if is_apart else row


def is_late(request: DataRequest, now: datetime) -> bool:
    """Whether answering or carrying out is late. A request that waits for reports to end is not: the person was told so before."""
    if request.done_at is not None or request.begun_at is not None:
        return False
    return now >= (request.answer_due_at if request.answered_at is None else request.done_due_at)


def was_late(request: DataRequest) -> bool:
    """Whether it was answered or carried out after its day."""
    answered_late = request.answered_at is not None and request.answered_at >= request.answer_due_at
    done_at = request.begun_at or request.done_at
    return answered_late or (done_at is not None and done_at >= request.done_due_at)


def next_due(request: DataRequest) -> datetime | None:
    """The due instant of the next thing to do; None where nothing is left."""
    if request.done_at is not None or request.begun_at is not None:
        return None
    return request.answer_due_at if request.answered_at is None else request.done_due_at


def reports_beside(request: DataRequest, by: Actor) -> list[ReportBeside]:
    """The newest reports of a request in the centres the person decides for, including withdrawn ones, without quarantined ones."""
    centres, reports = centres_decided(by), {report.id: report for report in reports_about(request)}
    newest = newest_links(sorted(reports)[-MOST_REPORTS:])
    return [
        ReportBeside(reports[report_id], link.case, is_withdrawn=link.left_at is not None)
        for report_id, link in sorted(newest.items(), reverse=True)
        if link.case.quarantined_at is None and (centres is None or link.case.centre_id in centres)
    ]


def centres_decided(by: Actor) -> set[int] | None:
    """The centres whose requests a person decides; None for all."""
    return centres_where(by, Action.DECIDE_DATA_REQUEST)


def centres_where(by: Actor, action: Action) -> set[int] | None:
    """The centres in which a person may do that by role: their own, and those that ended and left their work to one of them; None for
    all."""
    roles = frozenset(Role(role) for role in action.roles)
    own = {grant.centre_id for grant in by.grants if grant.role in roles}
    if None in own:
        return None
    return centres_with_heirs({centre_id for centre_id in own if centre_id is not None})


def centres_with_heirs(centre_ids: set[int]) -> set[int]:
    """The centres, and those that have ended and left their work to one of them."""
    ended = db.session.scalars(select(Centre.id).where(Centre.valid_to.is_not(None))) if centre_ids else ()
    return centre_ids | {centre_id for centre_id in ended if centre_at_work(centre_id, None) in centre_ids}


def _of(by: Actor, query: Select[DataRequest]) -> Select[DataRequest]:
    centres = centres_decided(by)
    return query if centres is None else query.where(DataRequest.centre_id.in_(sorted(centres)))

"""Verifying that the rows of a case agree: state, agencies, clocks, publication, search rows, history, messages."""

from collections.abc import Iterator
from contextlib import suppress
from datetime import datetime, timedelta
from itertools import combinations, groupby
from typing import Any

import orjson
from sqlalchemy import Select, String, and_, case, cast, exists, func, or_, select
from sqlalchemy.orm import aliased

from casework.cases import settle_state
from casework.clocks.acts import ClockKind
from casework.db import db
from casework.findings import Finding, fault
from casework.models import (
    Answer,
    Assignment,
    Case,
    CaseReport,
    Clock,
    Decision,
    Delivery,
    Event,
    OutboxMessage,
    Publication,
    Report,
    SearchRow,
)
from casework.states import ANSWERED_STATES, AT_AGENCIES, ENDED_STATES, OPEN_STATES, CaseState
from casework.verbs import events_where
from casework.verification.parts import check_parts
from casework.verification.search import check_search_index

BATCH = 1000
"""Rows read at a time."""

TO_BE_HEARD = timedelta(hours=1)
"""How long a case may take to hear that its part has ended: far longer than a worker that runs needs."""

LONGEST_LEASE = timedelta(days=1)
"""A message reserved for longer than this would never be sent."""

TIMED = AT_AGENCIES | {CaseState.TO_DISTRIBUTE, CaseState.TO_PUBLISH}
"""States in which the answer day is promised and its clock runs."""


MOVED = {Answer: "answers_moved", Decision: "decisions_moved"}
"""How many of these rows a merge or split has brought to a case (or taken, below zero), according to its history."""


def check_cases(*, now: datetime) -> Iterator[Finding]:
    """Check every case; to be called inside `one_moment`."""
    yield from _states_against_assignments(now)
    yield from _closing_instants()
    yield from _due_copies()
    yield from _running_clocks()
    yield from _publicity()
    yield from _search_rows()
    yield from check_search_index()
    yield from _main_reports()
    yield from _rows_against_events()
    yield from _titles()
    yield from check_parts()
    yield from _outbox(now)


def _rows(query: Select[*tuple[Any, ...]]) -> Iterator[Any]:
    yield from db.session.execute(query.execution_options(yield_per=BATCH))


def _states_against_assignments(now: datetime) -> Iterator[Finding]:
    of_part = (Assignment.state.label("part"), Assignment.round, Assignment.ended_at, Assignment.approved_at)
    columns = (Case.id, Case.code, Case.state, Case.reopened, *of_part)
    query = select(*columns).join(Assignment, Assignment.case_id == Case.id).order_by(Case.id, Assignment.id)
    for _, group in groupby(_rows(query), key=lambda row: int(row.id)):
        rows = list(group)
        code, state = rows[0].code, CaseState(rows[0].state)
        assignments = [
            Assignment(state=row.part, round=row.round, ended_at=row.ended_at, approved_at=row.approved_at) for row in rows
        ]
        if any(assignment.is_open for assignment in assignments):
            if state not in OPEN_STATES:
                yield fault(
                    "case.open_assignment", code,
                    f"Hồ sơ {code} đã kết thúc ({state}) nhưng còn đơn vị chưa xong.",
                    f"The case {code} has ended ({state}), and an agency still owes something.",
                )  # fmt: skip
                continue
            told = Case(state=state, reopened=rows[0].reopened, assignments=assignments)  # only to evaluate the rule
            settle_state(told)
            if state not in {told.state, CaseState.WAITING_REPORTER, CaseState.REFERRED}:
                yield fault(
                    "case.state", code,
                    f"Hồ sơ {code} ở trạng thái {state}, nhưng theo các đơn vị phải là {told.state}.",
                    f"The case {code} is in state {state}; going by its agencies it should be {told.state}.",
                )  # fmt: skip
    yield from _states_without_agency(now)


def _states_without_agency(now: datetime) -> Iterator[Finding]:
    """A case hears that its last part has ended in a step of its own, which takes the worker a moment."""
    has_open = exists().where(Assignment.case_id == Case.id, Assignment.ended_at.is_(None))
    part = aliased(Case)
    just_ended = or_(part.closed_at > now - TO_BE_HEARD, part.quarantined_at > now - TO_BE_HEARD)
    is_waited_for = exists().where(part.parent_id == Case.id, or_(part.state.in_(OPEN_STATES), just_ended))
    has_part = and_(Case.is_divided, is_waited_for)
    waits_for_part = and_(Case.state == CaseState.HANDLING, has_part)
    for row in _rows(select(Case.code, Case.state).where(Case.state.in_(AT_AGENCIES), ~has_open, ~waits_for_part)):
        yield fault(
            "case.state", row.code,
            f"Hồ sơ {row.code} ở trạng thái {row.state} nhưng không có đơn vị nào đang xử lý.",
            f"The case {row.code} is in state {row.state}, and no agency has it.",
        )  # fmt: skip


def _closing_instants() -> Iterator[Finding]:
    must = Case.state.in_((CaseState.CLOSED, CaseState.REFUSED))
    must_not = Case.state.in_(OPEN_STATES)
    query = select(Case.code, Case.state).where(or_(and_(must, Case.closed_at.is_(None)), and_(must_not, Case.closed_at.is_not(None))))
    for row in _rows(query):
        yield fault(
            "case.closed_at", row.code,
            f"Hồ sơ {row.code} ở trạng thái {row.state} nhưng thời điểm kết thúc không phù hợp.",
            f"The case {row.code} is in state {row.state}, and the instant of its closing does not fit.",
        )  # fmt: skip


def _due_copies() -> Iterator[Finding]:
    """The copies that lists sort by must equal those of the newest clock of their kind."""
    for owner, kind, key in ((Case, ClockKind.CASE, Clock.case_id), (Assignment, ClockKind.ASSIGNMENT, Clock.assignment_id)):
        newest = select(key.label("owner_id"), func.max(Clock.id).label("clock_id")).where(Clock.kind == kind).group_by(key).subquery()
        query = (
            select(owner.id, owner.due_at.label("copied"), Clock.due_at.label("due"), Case.code)
            .select_from(owner)
            .outerjoin(newest, newest.c.owner_id == owner.id)
            .outerjoin(Clock, Clock.id == newest.c.clock_id)
            .where(owner.due_at.is_distinct_from(Clock.due_at))
        )
        if owner is Assignment:
            query = query.join(Case, Case.id == Assignment.case_id)
        for row in _rows(query):
            subject = row.code if owner is Case else f"{row.code}, assignment {row.id}"
            yield fault(
                "clock.copy", subject,
                f"Hạn ghi ở {subject} ({row.copied}) khác với đồng hồ của nó ({row.due}).",
                f"The due instant of {subject} ({row.copied}) differs from that of its clock ({row.due}).",
            )  # fmt: skip


def _running_clocks() -> Iterator[Finding]:
    running = select(Clock.id, Clock.kind, Case.code, Case.state).join(Case, Case.id == Clock.case_id).where(Clock.ended_at.is_(None))
    answered = and_(Case.state.in_(ANSWERED_STATES), Clock.kind == ClockKind.CASE)
    for row in _rows(running.where(or_(and_(Case.state.in_(ENDED_STATES), Clock.kind != ClockKind.RATING), answered))):
        yield fault(
            "clock.runs_on", row.code,
            f"Hồ sơ {row.code} ở trạng thái {row.state} nhưng đồng hồ {row.kind} vẫn chạy.",
            f"The case {row.code} is in state {row.state}, and its clock {row.kind} still runs.",
        )  # fmt: skip
    # the limit of a step ends with its step, which may come after the agency's answer
    of_agency = running.join(Assignment, Assignment.id == Clock.assignment_id).where(Clock.kind != ClockKind.STEP)
    for row in _rows(of_agency.where(Assignment.ended_at.is_not(None))):
        yield fault(
            "clock.runs_on", row.code,
            f"Hồ sơ {row.code}: một đơn vị đã xong nhưng đồng hồ {row.kind} của đơn vị vẫn chạy.",
            f"The case {row.code}: an agency is done, and its clock {row.kind} still runs.",
        )  # fmt: skip
    twice = (
        select(Case.code, Clock.kind)
        .join(Clock, Clock.case_id == Case.id)
        .where(Clock.ended_at.is_(None))
        .group_by(Case.id, Case.code, Clock.kind, Clock.assignment_id, Clock.publication_id, Clock.element)
        .having(func.count() > 1)
    )
    for row in _rows(twice):
        yield fault(
            "clock.twice", row.code,
            f"Hồ sơ {row.code} có nhiều đồng hồ {row.kind} cùng chạy.", f"The case {row.code} has several running clocks {row.kind}.",
        )  # fmt: skip
    is_timed = exists().where(Clock.case_id == Case.id, Clock.kind == ClockKind.CASE, Clock.ended_at.is_(None))
    for row in _rows(select(Case.code, Case.state).where(Case.state.in_(TIMED), ~is_timed)):
        yield fault(
            "clock.missing", row.code,
            f"Hồ sơ {row.code} ở trạng thái {row.state} nhưng không có đồng hồ nào đếm thời hạn trả lời.",
            f"The case {row.code} is in state {row.state}, and no clock times its answer.",
        )  # fmt: skip


def _publicity() -> Iterator[Finding]:
    is_published = exists().where(
        Publication.case_id == Case.id, Publication.kind.in_(("interim", "final")), Publication.unpublished_at.is_(None)
    )
    for row in _rows(
        select(Case.code, Case.is_public).where(or_(and_(Case.is_public, ~is_published), and_(~Case.is_public, is_published)))
    ):
        yield fault(
            "public.publication", row.code,
            f"Hồ sơ {row.code}: việc công khai ({row.is_public}) không khớp với các bản công khai.",
            f"The case {row.code}: being public ({row.is_public}) does not agree with its publications.",
        )  # fmt: skip
    must_not = or_(Case.quarantined_at.is_not(None), Case.visibility_reason_id.is_not(None))
    for row in _rows(select(Case.code).where(Case.is_public, must_not)):
        yield fault(
            "public.must_not", row.code,
            f"Hồ sơ {row.code} đang công khai nhưng thuộc diện không được công khai.",
            f"The case {row.code} is public and must not be.",
        )  # fmt: skip


def _search_rows() -> Iterator[Finding]:
    """Nobody may find by words what they may not read (rules.md, section 2); a part is found by no word of the public."""
    found = select(Case.code, SearchRow.audience).join(SearchRow, SearchRow.case_id == Case.id)
    may_not = or_(Case.quarantined_at.is_not(None), and_(SearchRow.audience == "public", or_(~Case.is_public, Case.parent_id.is_not(None))))
    for row in _rows(found.where(may_not)):
        yield fault(
            "search.must_not", row.code,
            f"Hồ sơ {row.code} có dòng tìm kiếm cho “{row.audience}” dù không được phép.",
            f"The case {row.code} has a search row for “{row.audience}” and must not.",
        )  # fmt: skip
    for audience in ("centre", "agencies", "public"):
        has_row = exists().where(SearchRow.case_id == Case.id, SearchRow.audience == audience)
        query = select(Case.code).where(Case.quarantined_at.is_(None), ~has_row)
        for row in _rows(query.where(Case.is_public, Case.parent_id.is_(None)) if audience == "public" else query):
            yield fault(
                "search.missing", row.code,
                f"Hồ sơ {row.code} thiếu dòng tìm kiếm cho “{audience}”.", f"The case {row.code} lacks its search row for “{audience}”.",
            )  # fmt: skip


def _main_reports() -> Iterator[Finding]:
    main = aliased(CaseReport)
    is_main = and_(main.case_id == Case.id, main.is_main, main.left_at.is_(None))
    query = (
        select(Case.code, func.count(Report.id).label("reports"), func.max(Report.code).label("report"))
        .outerjoin(main, is_main)
        .outerjoin(Report, Report.id == main.report_id)
        .where(Case.state != CaseState.MERGED)
        .group_by(Case.id, Case.code)
        .having(or_(func.count(Report.id) != 1, func.max(Report.code) != Case.code))
    )
    for row in _rows(query):
        yield fault(
            "case.main_report", row.code,
            f"Hồ sơ {row.code} không có đúng một phản ánh chính mang mã này (có {row.reports}).",
            f"The case {row.code} does not have exactly one main report with its code (it has {row.reports}).",
        )  # fmt: skip


def _rows_against_events() -> Iterator[Finding]:
    """A last event cut off together with its head, before an anchor saw it, still leaves the row it was written with."""
    owners: dict[type[Any], Select[Any]] = {
        Publication: select(Publication.case_id),
        Answer: select(Assignment.case_id).join(Answer, Answer.assignment_id == Assignment.id),
        Decision: select(Assignment.case_id)
        .join(Answer, Answer.assignment_id == Assignment.id)
        .join(Decision, Decision.answer_id == Answer.id),
    }
    counted = {table: _written_with(table) for table in owners}
    sums = [func.sum(case((Event.type.in_(verbs), 1), else_=0)).label(table.__tablename__) for table, verbs in counted.items()]
    told = Event.type.in_(frozenset().union(*counted.values()))
    history = select(Event.case_id, *sums).where(told).group_by(Event.case_id).subquery()
    joined = select(Event.case_id).where(Event.type.in_(("merge", "split")))
    for table, owner in owners.items():
        name = table.__tablename__
        rows = owner.add_columns(func.count().label("rows")).group_by(owner.selected_columns[0]).subquery()
        events, there = func.coalesce(history.c[name], 0), func.coalesce(rows.c.rows, 0)
        query = (
            select(Case.id, Case.code, there.label("rows"), events.label("events"))
            .outerjoin(rows, rows.c.case_id == Case.id)
            .outerjoin(history, history.c.case_id == Case.id)
            .where(or_(there != events, Case.id.in_(joined)), Case.quarantined_at.is_(None))
        )
        for row in _rows(query):
            if row.rows == row.events + _moved_to(row.id, MOVED.get(table)):
                continue
            yield fault(
                "case.history", row.code,
                f"Hồ sơ {row.code} có {row.rows} dòng “{name}” nhưng lịch sử ghi {row.events} lần.",
                f"The case {row.code} has {row.rows} rows “{name}”; its history tells of {row.events}.",
            )  # fmt: skip


def _written_with(table: type[Any]) -> frozenset[str]:
    """The types of events of which each was written together with a row of a table."""
    return events_where(lambda verb: verb.writes is table)


def _titles() -> Iterator[Finding]:
    """A title is written by an act, and the newest of these tells it; one whose content was erased tells nothing any more."""
    of_titles = Event.type.in_(events_where(lambda verb: verb.gives_title))
    newest = select(Event.case_id, func.max(Event.seq).label("seq")).where(of_titles).group_by(Event.case_id).subquery()
    query = (
        select(Case.code, Case.title, cast(Event.payload, String).label("payload"))
        .join(newest, newest.c.case_id == Case.id)
        .join(Event, and_(Event.case_id == Case.id, Event.seq == newest.c.seq))
    )
    for row in _rows(query.where(Case.quarantined_at.is_(None))):
        with suppress(ValueError, TypeError, KeyError):
            if orjson.loads(row.payload)["title"] == row.title:
                continue
            yield fault(
                "case.title", row.code,
                f"Tiêu đề hồ sơ {row.code} đã bị sửa ngoài chương trình, không khớp với lịch sử.",
                f"The title of the case {row.code} was changed past the program and differs from its history.",
            )  # fmt: skip


def _moved_to(case_id: int, name: str | None) -> int:
    """The rows merges and splits brought to a case; a damaged payload counts as none, and is a finding of its own."""
    query = select(cast(Event.payload, String)).where(Event.case_id == case_id, Event.type.in_(("merge", "split")))
    told = 0
    for payload in db.session.scalars(query) if name else ():
        with suppress(ValueError, TypeError, AttributeError):
            told += int((orjson.loads(payload) or {}).get(name, 0))
    return told


def _outbox(now: datetime) -> Iterator[Finding]:
    is_stuck = and_(OutboxMessage.sent_at.is_(None), OutboxMessage.dropped_at.is_(None), OutboxMessage.leased_until > now + LONGEST_LEASE)
    is_both = and_(OutboxMessage.sent_at.is_not(None), OutboxMessage.dropped_at.is_not(None))
    for row in _rows(select(OutboxMessage.id, OutboxMessage.template).where(or_(is_stuck, is_both))):
        yield fault(
            "outbox.lease", f"message {row.id}",
            f"Tin nhắn {row.id} ({row.template}) bị giữ quá lâu, hoặc vừa đã gửi vừa đã hủy.",
            f"The message {row.id} ({row.template}) is reserved for too long, or both sent and withdrawn.",
        )  # fmt: skip
    ends = [Delivery.sent_at.is_not(None), Delivery.given_up_at.is_not(None), Delivery.dropped_at.is_not(None)]
    has_two_ends = or_(*(and_(one, other) for one, other in combinations(ends, 2)))
    is_held = and_(*(~end for end in ends), Delivery.leased_until > now + LONGEST_LEASE)
    for each in _rows(select(Delivery.id, Delivery.channel).where(or_(is_held, has_two_ends))):
        yield fault(
            "outbox.lease", f"delivery {each.id}",
            f"Tin gửi đi {each.id} ({each.channel}) bị giữ quá lâu, hoặc có hai kết cục.",
            f"The delivery {each.id} ({each.channel}) is reserved for too long, or has come to two ends.",
        )  # fmt: skip

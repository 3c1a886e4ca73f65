"""Keeping the facts of every case up to date: cases with new events are read again, and unchanged rows stay.

Every act on a case is recorded in its history in the same transaction, so a case is up to date when its facts were made from the last
event of its stream. Event numbers are assigned before the commit: on PostgreSQL a smaller one may appear later. Events are therefore
looked at again until SETTLED has passed, at the cost of a look at their streams.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from typing import Any

from sqlalchemy import delete, func, insert, select, update

from casework.calendars import RULES_STREAM, calendar_of
from casework.clocks.calendar_changes import HOURS_VERB, VERB
from casework.db import db, unit_of_work
from casework.facts.daily import counted_of, mark_all_days, mark_days, start_of, sum_up_days
from casework.facts.histories import TOGETHER, heads_of, histories_of
from casework.facts.progress import begin_progress, lock_facts, progress
from casework.facts.reading import Facts, Row, facts_from, moment_order, office_minutes
from casework.local_time import local_day
from casework.models import CalendarChange, Case, CaseMoment, CaseSpan, Centre, Event, FactsProgress
from casework.upkeep.batches import OneByOne

JOB = "keep_facts"
SETTLED = timedelta(minutes=2)
"""No transaction takes longer: after this no smaller event number can appear."""

EVENTS_TOGETHER = 2_000
MOST_UNSETTLED = 50_000
"""More events than any installation writes within SETTLED."""
MOST_TRIES = 100
LEASE = timedelta(minutes=1)
"""How long a dead worker keeps others from continuing."""
NOTED_EVERY = timedelta(minutes=1)

Told = Callable[[int, int], object]

SPAN = tuple(column.key for column in CaseSpan.__table__.columns if column.key != "id")
MOMENT = tuple(column.key for column in CaseMoment.__table__.columns if column.key != "id")
COMPARED = tuple(name for name in SPAN if name != "event_seq")


def keep_facts(now: datetime) -> int:
    """Update the facts of every case with new events; returns how many. The job.

    It continues until it has caught up, in separate units of work, so that the next run continues after a kill. It yields to another
    worker that is doing so. A case whose history cannot be read does not hold up the others; but while there is one, events from its own
    on count as not kept, so that no figures are frozen without it. Raises the first failure at the end: the run has failed.
    """
    if not _is_news() or not _claim(now):
        return 0
    work, kept = OneByOne(JOB), 0
    try:
        with work.each():
            kept += _keep_calendar_changes(work)
        kept += _keep_events(work, now)
    finally:
        with unit_of_work():
            row = begin_progress(now)
            row.leased_until = None
    work.end()
    return kept


def rebuild_facts(now: datetime, *, told: Told | None = None) -> int:
    """Rebuild the facts of every case and have every day summed up anew; returns the number of cases.

    `told` hears how many cases are done, and of how many. Unchanged rows stay. A case whose history cannot be read is left out; the first
    failure is raised when all others are done.
    """
    with unit_of_work():
        begin_progress(now)
    settled = _settled_before(now)
    total, done, after = db.session.scalar(select(func.count()).select_from(Case)) or 0, 0, 0
    work, missed = OneByOne(JOB), list[int]()
    while ids := list(db.session.scalars(select(Case.id).where(Case.id > after).order_by(Case.id).limit(TOGETHER))):
        missed += _refresh_all(ids, work)[0]
        after, done = ids[-1], done + len(ids)
        if told is not None:
            told(min(done, total), total)
    tries = 0
    while missed and (tries := tries + 1) < MOST_TRIES:
        missed, _ = _refresh_all(missed, work)
    with unit_of_work():
        row = begin_progress(now)
        row.event_id, row.at = row.event_id if missed or work.first else max(row.event_id, settled), now
        row.calendar_change_id = db.session.scalar(select(func.max(CalendarChange.id))) or 0
        mark_all_days()
    work.end()
    return done


def refresh(case_ids: Collection[int]) -> list[int]:
    """Update the facts of at most TOGETHER cases, writing the differences in one unit of work.

    Returns the cases skipped because somebody is at work on them; the next run takes them.
    """
    histories = histories_of(case_ids)
    calendars = {centre_id: calendar_of(centre_id) for centre_id in {each.case.centre_id for each in histories.values()}}
    fresh = {case_id: facts_from(each, calendars[each.case.centre_id]) for case_id, each in histories.items()}
    seqs = {case_id: each.seq for case_id, each in histories.items()}
    with unit_of_work():
        lock_facts()
        free, heads = _free(list(fresh)), heads_of(list(fresh))
        mine = [case_id for case_id in fresh if case_id in free and heads.get(case_id, 0) == seqs[case_id]]
        _write({case_id: fresh[case_id] for case_id in mine})
    return [case_id for case_id in fresh if case_id not in set(mine)]


def kept_facts(case_ids: Collection[int]) -> dict[int, tuple[list[Row], list[Row]]]:
    """The stored rows of cases, with their ids, in the order of `facts_from`."""
    found: dict[int, tuple[list[Row], list[Row]]] = {case_id: ([], []) for case_id in case_ids}
    spans = select(*CaseSpan.__table__.columns).where(CaseSpan.case_id.in_(case_ids)).order_by(CaseSpan.case_id, CaseSpan.number)
    for row in db.session.execute(spans).mappings():
        found[row["case_id"]][0].append(dict(row))
    moments = select(*CaseMoment.__table__.columns).where(CaseMoment.case_id.in_(case_ids)).order_by(CaseMoment.id)
    for row in db.session.execute(moments).mappings():
        found[row["case_id"]][1].append(dict(row))
    for _, rows in found.values():
        rows.sort(key=moment_order)
    return found


def same_spans(kept: list[Row], fresh: list[Row]) -> bool:
    """Whether spans are equal, from whichever event they were read."""
    return len(kept) == len(fresh) and all(old[name] == new[name] for old, new in zip(kept, fresh, strict=True) for name in COMPARED)


def same_moments(kept: list[Row], fresh: list[Row]) -> bool:
    return len(kept) == len(fresh) and all(old[name] == new[name] for old, new in zip(kept, fresh, strict=True) for name in MOMENT)


def recount_minutes(centre_id: int, *, since: datetime | None = None) -> int:
    """Recount the office minutes of a centre's first answers, or of those given since an instant; returns how many changed.

    For a calendar changed for the past, and for copied cases. Not to be used while the cases are in another unit of work.
    """
    calendar, changed, after = calendar_of(centre_id), 0, 0
    query = select(CaseSpan.id, Case.opened_at, CaseSpan.ended_at, CaseSpan.minutes).join(Case, Case.id == CaseSpan.case_id)
    query = query.where(CaseSpan.centre_id == centre_id, CaseSpan.is_first_answer)
    if since is not None:
        query = query.where(CaseSpan.ended_at >= since)
    while rows := db.session.execute(query.where(CaseSpan.id > after).order_by(CaseSpan.id).limit(EVENTS_TOGETHER)).all():
        after = rows[-1].id
        counted = [(row, office_minutes(row.opened_at, row.ended_at, calendar)) for row in rows]
        differing = [(row, minutes) for row, minutes in counted if minutes != row.minutes]
        if not differing:
            continue
        with unit_of_work():
            lock_facts()
            db.session.execute(update(CaseSpan), [{"id": row.id, "minutes": minutes} for row, minutes in differing])
            mark_days((centre_id, local_day(row.ended_at)) for row, _ in differing)
        changed += len(differing)
    return changed


def count_copies(now: datetime) -> None:
    """Treat facts copied together with their cases as read, and sum up all days anew. Only for benchmarks."""
    with unit_of_work():
        begin_progress(now).event_id = _newest()
        mark_all_days()
    sum_up_days(now)


def _is_news() -> bool:
    """Whether there may be anything to do; the check takes no lock."""
    row = progress()
    if row is None:
        return True
    events = select(Event.id).where(Event.id > row.event_id)
    changes = select(CalendarChange.id).where(CalendarChange.id > row.calendar_change_id)
    is_news = any(db.session.scalar(query.limit(1)) is not None for query in (events, changes))
    db.session.rollback()
    return is_news


def _claim(now: datetime) -> bool:
    with unit_of_work():
        row = begin_progress(now)
        # a lease far in the future was taken by a clock that has been set back since
        if row.leased_until is not None and now < row.leased_until <= now + 2 * LEASE:
            return False
        row.leased_until = now + LEASE
    return True


def _refresh_all(case_ids: Collection[int], work: OneByOne) -> tuple[list[int], set[int]]:
    """Update the facts of any number of cases; returns those somebody is at work on, and those that failed."""
    missed, failed = list[int](), set[int]()

    def act(ids: Sequence[int]) -> int:
        missed.extend(refresh(ids))
        return len(ids)

    for ids in _parts(case_ids):
        failed |= work.together(ids, act, kind="case")[1]
    return missed, failed


def _keep_events(work: OneByOne, now: datetime) -> int:
    row = progress()
    after = settled = row.event_id if row is not None else 0
    kept, goes_on = 0, True
    began = datetime.now(UTC)
    while True:
        columns = (Event.id, Event.case_id, Event.seq, Event.at)
        events = db.session.execute(select(*columns).where(Event.id > after).order_by(Event.id).limit(EVENTS_TOGETHER)).all()
        seqs: dict[int, int] = {}
        for event in events:
            if event.case_id is not None:
                seqs[event.case_id] = max(event.seq, seqs.get(event.case_id, 0))
        behind = _behind(seqs)
        missed, failed = _refresh_all(behind, work)
        kept += len(behind) - len(missed) - len(failed)
        goes_on = goes_on and not missed and not failed
        for event in events if goes_on else ():
            if event.at > now - SETTLED:
                goes_on = False
                break
            settled = event.id
        after = events[-1].id if events else after
        _note(settled, now, lease=now + (datetime.now(UTC) - began) + LEASE)
        if len(events) < EVENTS_TOGETHER:
            return kept


def _note(settled: int, now: datetime, *, lease: datetime) -> None:
    """Record the progress, and that a worker is still at it."""
    row = progress()
    if row is not None and row.event_id == settled and now - row.at < NOTED_EVERY:
        return
    with unit_of_work():
        row = begin_progress(now)
        row.event_id, row.at, row.leased_until = max(row.event_id, settled), now, lease


def _settled_before(now: datetime) -> int:
    """The newest event below which no smaller number can still appear."""
    newest = _newest()
    young = select(func.min(Event.id)).where(Event.at > now - SETTLED, Event.id > newest - MOST_UNSETTLED)
    return (db.session.scalar(young) or newest + 1) - 1


def _newest() -> int:
    return db.session.scalar(select(func.max(Event.id))) or 0


def _behind(seqs: Mapping[int, int]) -> list[int]:
    """The cases whose facts are older than these events."""
    kept: dict[int, int] = {}
    for ids in _parts(sorted(seqs), 500):
        query = select(CaseSpan.case_id, func.max(CaseSpan.event_seq)).where(CaseSpan.case_id.in_(ids)).group_by(CaseSpan.case_id)
        kept.update((case_id, seq) for case_id, seq in db.session.execute(query))
    return [case_id for case_id in sorted(seqs) if kept.get(case_id, 0) < seqs[case_id]]


def _keep_calendar_changes(work: OneByOne) -> int:
    """Recount office minutes where past days were made off or worked; changes of future days touch no fact."""
    row = progress()
    after = row.calendar_change_id if row is not None else 0
    changes = db.session.scalars(select(CalendarChange).where(CalendarChange.id > after).order_by(CalendarChange.id)).all()
    if not changes:
        return 0
    days = _days_of({change.id for change in changes}, since=min(change.changed_at for change in changes))
    since = start_of(min(days)) if days else None
    newest, kept = changes[-1].id, 0
    for centre_id in db.session.scalars(select(Centre.id).order_by(Centre.id)).all():
        with work.each(centre=centre_id):
            kept += recount_minutes(centre_id, since=since)
    if work.first is None:
        with unit_of_work():
            db.session.execute(update(FactsProgress).values(calendar_change_id=newest))
    return kept


def _days_of(changes: Collection[int], *, since: datetime) -> list[date]:
    """The days from which these changes alter the calendar, according to the history of the rules."""
    query = select(Event.payload).where(
        Event.stream == RULES_STREAM, Event.type.in_((VERB, HOURS_VERB)), Event.at >= since, Event.payload.is_not(None)
    )
    told = [payload or {} for payload in db.session.scalars(query)]
    return [date.fromisoformat(each.get("day") or each["valid_from"]) for each in told if each["change"] in changes]


def _free(case_ids: list[int]) -> set[int]:
    """The cases nobody is working on now. New facts reference their rows, so without this the job and a step could wait for each other."""
    if db.session.get_bind().dialect.name == "sqlite":
        return set(case_ids)
    query = select(Case.id).where(Case.id.in_(case_ids)).order_by(Case.id)
    return set(db.session.scalars(query.with_for_update(read=True, key_share=True, skip_locked=True)))


def _write(fresh: Mapping[int, Facts]) -> None:
    """Replace stored facts row by row; days whose sums change are marked for summing up."""
    kept = kept_facts(fresh)
    changes: dict[str, list[Any]] = defaultdict(list)
    stale: set[tuple[int, date]] = set()
    for case_id, facts in fresh.items():
        spans, moments = kept[case_id]
        if spans and same_spans(spans, facts.spans) and same_moments(moments, facts.moments):
            if spans[0]["event_seq"] != facts.spans[0]["event_seq"]:
                changes["read"] += [{"id": span["id"], "event_seq": facts.spans[0]["event_seq"]} for span in spans]
            continue
        changes["changed"] += [{**new, "id": old["id"]} for old, new in zip(spans, facts.spans, strict=False)]
        changes["new"] += facts.spans[len(spans) :]
        changes["gone"] += [old["id"] for old in spans[len(facts.spans) :]]
        changes["changed moments"] += [{**new, "id": old["id"]} for old, new in zip(moments, facts.moments, strict=False)]
        changes["new moments"] += facts.moments[len(moments) :]
        changes["gone moments"] += [old["id"] for old in moments[len(facts.moments) :]]
        stale |= _differing(Counter(counted_of(spans, moments)), Counter(counted_of(facts.spans, facts.moments)))
    for table, gone, changed, new in (
        (CaseSpan, "gone", ("read", "changed"), "new"), (CaseMoment, "gone moments", ("changed moments",), "new moments"),
    ):  # fmt: skip
        for ids in _parts(changes[gone], 500):
            db.session.execute(delete(table).where(table.id.in_(ids)))
        for each in changed:
            if changes[each]:
                db.session.execute(update(table), changes[each])
        if changes[new]:
            db.session.execute(insert(table), changes[new])
    mark_days(stale)


def _differing(old: Counter[Any], new: Counter[Any]) -> set[tuple[int, date]]:
    return {(counted.centre_id, counted.day) for counted in ((old - new) | (new - old))}


def _parts(ids: Collection[int], size: int = TOGETHER) -> Iterator[list[int]]:
    rest = iter(ids)
    while part := list(islice(rest, size)):
        yield part

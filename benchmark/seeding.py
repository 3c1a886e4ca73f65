"""Builds an installation with many cases: two dozen lives played by the use cases, then copied until there are enough.

Progress is recorded in the database itself, in tables of the benchmark's own and in the transaction that made it. So a killed run can be
resumed: a half-played life is played again (its remains are one more case), and of a half-copied part nothing is there.
"""

import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime, timedelta
from queue import Empty, SimpleQueue
from time import monotonic
from typing import Any

from flask import Flask
from sqlalchemy import (
    JSON,
    Column,
    Connection,
    Engine,
    Integer,
    MetaData,
    Table,
    create_engine,
    event,
    func,
    insert,
    inspect,
    select,
    update,
)

from benchmark.bulk import Bulk
from benchmark.copies import Copier, set_sequences
from benchmark.house import (
    FINISHED,
    FINISHED_MINUTES,
    OPEN,
    OPEN_MINUTES,
    RESTING,
    URGENT_MINUTES,
    YOUNG,
    YOUNG_MINUTES,
    Installation,
    Life,
    Player,
    Scale,
    take_on_staff,
)
from benchmark.indexes import create_indexes, drop_indexes, kept_indexes
from benchmark.plan import Block, CopyPlan, Turned, plan_from, plan_of, tables_of_cases
from casework.db import db, unit_of_work
from casework.facts.keeping import count_copies, keep_facts
from casework.messages.routing import route_messages
from casework.models import Case, CodeCounter, FactsProgress, OutboxMessage
from workflows.models import Timer, WaitingTask
from workflows.running.wakeups import deliver_messages, fire_due_timers

BOOKS = MetaData()
HOUSE = Table(
    "benchmark_house", BOOKS, Column("id", Integer, primary_key=True), Column("scale", JSON), Column("now", JSON), Column("house", JSON),
    Column("plan", JSON), Column("indexes", JSON), Column("seconds", Integer), Column("is_finished", Integer),
)  # fmt: skip
"""The state of the build: one row."""
LIVES = Table("benchmark_life", BOOKS, Column("number", Integer, primary_key=True), Column("case_id", Integer))
PARTS = Table("benchmark_part", BOOKS, Column("first", Integer, primary_key=True))
ONLY = 1
AT_WORK = 0x686F7573
"""PostgreSQL's advisory lock that building connections hold together."""

PART = 2_000
"""Copies per transaction."""
HANDS = 2
"""Connections that copy in parallel on PostgreSQL. SQLite has one writer."""
LARGE = 5_000
"""From this many copies on, indexes are created at the end."""

FINISHED_BACK, OPEN_BACK = timedelta(days=30), timedelta(hours=4)
WINDOWS_OVER = timedelta(days=14)
"""After this long every window of a finished life is over: for ratings, for objections."""

Told = Callable[[str, int, int], None]
"""Told what is being done, how much of it is done, and of how much."""


def build_house(app: Flask, scale: Scale, *, now: datetime, told: Told = lambda _what, _done, _total: None) -> Installation:
    """Fill an empty database, or resume a build of the same scale. Lives are played up to now."""
    begun = monotonic()
    with app.app_context():
        house, now = _begin(scale, now.replace(microsecond=0))
        _play(house, scale, now, told)
        plan = _planned(house, scale, now)
        url = db.engine.url
        db.session.remove()
        db.engine.dispose()  # copies are written over connections of their own
        if not _row().is_finished:
            db.session.remove()
            engine = create_engine(url, hide_parameters=True)
            if engine.dialect.name == "postgresql":
                event.listen(engine, "connect", _be_there)
            try:
                _wait_for_the_killed(engine)
                _copy_all(app, engine, plan, told)
                _finish(engine, house, now, told)
            finally:
                engine.dispose()
            _note(seconds=int(_row().seconds or 0) + round(monotonic() - begun), is_finished=1)
        house.seconds = float(_row().seconds or 0)
        house.cases = db.session.scalar(select(func.count()).select_from(Case)) or 0
        at_desks = select(func.count()).select_from(WaitingTask).where(WaitingTask.state == "waiting")
        house.open_steps = db.session.scalar(at_desks.where(~WaitingTask.desk.startswith("reporter"))) or 0
        db.session.remove()
    return house


def is_begun(connection: Connection, scale: Scale) -> bool:
    """Whether an installation of that scale is, or is being, built in this database."""
    if not inspect(connection).has_table(HOUSE.name):
        return False
    return connection.scalar(select(HOUSE.c.scale)) == asdict(scale)


def _row() -> Any:
    return db.session.execute(select(HOUSE)).one()


def _note(**values: Any) -> None:
    with unit_of_work():
        db.session.execute(update(HOUSE).values(**values))


def _begin(scale: Scale, now: datetime) -> tuple[Installation, datetime]:
    """Create the staff, once; the record says as of when."""
    with unit_of_work():
        BOOKS.create_all(db.session.connection())
    kept = db.session.execute(select(HOUSE)).one_or_none()
    if kept is not None:
        return Installation(**kept.house), datetime.fromisoformat(kept.now)
    with unit_of_work():
        house = take_on_staff(scale, now)
        db.session.execute(insert(HOUSE).values(id=ONLY, scale=asdict(scale), now=now.isoformat(), house=asdict(house)))
    return house, now


def _lives(scale: Scale) -> list[tuple[Life, timedelta]]:
    kinds = [(FINISHED, FINISHED_BACK), (OPEN, OPEN_BACK), *([] if scale.is_small else [(RESTING, OPEN_BACK)])]
    return [(life, back) for lives, back in kinds for life in lives if life.is_basic or not scale.is_small]


def _play(house: Installation, scale: Scale, now: datetime, told: Told) -> None:
    """Play each life once; finished lives before the open ones, so that their windows can end."""
    lives, player = _lives(scale), Player(house, now)
    played = set(db.session.scalars(select(LIVES.c.number)))
    if len(played) < len(lives):
        _free_what_the_killed_held()
    for number, (life, back) in enumerate(lives):
        told("Lives", number, len(lives))
        if number in played:
            continue
        if back == OPEN_BACK:
            _let_windows_end(now)
        player.play(life, number, now - back)
        keep_facts(now)  # facts are copied with the case
        with unit_of_work():
            db.session.execute(insert(LIVES).values(number=number, case_id=player.case_id))
    while route_messages(now, 1_000, configured=()):
        pass
    told("Lives", len(lives), len(lives))


def _free_what_the_killed_held() -> None:
    """Release what a killed run had leased: time stands still during a build, so leases would never end."""
    with unit_of_work():
        for kind in (FactsProgress, OutboxMessage, Timer):
            db.session.execute(update(kind).where(kind.leased_until.is_not(None)).values(leased_until=None))


def _let_windows_end(now: datetime) -> None:
    for moment in (now - FINISHED_BACK + WINDOWS_OVER, now):
        for _ in range(3):
            fire_due_timers(moment, 1_000)
            deliver_messages(moment, 1_000)


def _planned(house: Installation, scale: Scale, now: datetime) -> CopyPlan:
    """The plan of all copies, made once."""
    kept = _row()
    if kept.plan is not None:
        return plan_from(kept.plan)
    case_ids = {row.number: row.case_id for row in db.session.execute(select(LIVES))}
    blocks = [(life, Block(case_ids[number])) for number, (life, _) in enumerate(_lives(scale))]
    # a life interrupted by a kill has left one more case
    share_out(blocks, scale, beside=(db.session.scalar(select(func.count()).select_from(Case)) or 0) - len(blocks))
    people = [[house.accounts[f"work_{role}_{number}"] for number in range(scale.agencies)] for role in ("officer", "leader")]
    turned = Turned(house.agency_ids, house.area_ids, house.field_ids, people)
    plan = plan_of([block for _, block in blocks], turned, now=now)
    _note(plan=plan.as_json())
    return plan


def share_out(blocks: Sequence[tuple[Life, Block]], scale: Scale, *, beside: int = 0) -> None:
    """Set how often each life is copied, and over how long its copies are spread; `beside` are cases that are not copied."""
    finished = [each for each in blocks if each[0] in FINISHED]
    opened, resting = [each for each in blocks if each[0] in OPEN], [each for each in blocks if each[0] in RESTING]
    for life, block in opened:
        shares = sum(each.share for each, _ in opened)
        block.copies = max(0, scale.cases_at_desks * life.share // shares // life.agencies - 1)
        block.minutes = URGENT_MINUTES if life.urgent else YOUNG_MINUTES if life.goes_to in YOUNG else OPEN_MINUTES
    for life, block in resting:
        block.copies = scale.cases_at_desks * life.share // 500
        block.minutes = OPEN_MINUTES
    left = scale.cases - beside - sum(block.copies + 1 for _, block in (*opened, *resting))
    for life, block in finished:
        block.copies = max(0, left * life.share // sum(each.share for each, _ in finished) - 1)
        block.minutes = FINISHED_MINUTES
    finished[0][1].copies += max(0, left - sum(block.copies + 1 for _, block in finished))


def _copy_all(app: Flask, engine: Engine, plan: CopyPlan, told: Told) -> None:
    """Copy the missing parts."""
    with engine.connect() as connection:
        done = set(connection.scalars(select(PARTS.c.first)))
    waiting: SimpleQueue[tuple[int, int]] = SimpleQueue()
    for part in plan.parts(PART):
        if part[0] not in done:
            waiting.put(part)
    if plan.total >= LARGE:
        if _row().indexes is None:
            _note(indexes=kept_indexes(engine))
        drop_indexes(engine, _row().indexes)
    db.session.remove()
    db.engine.dispose()
    lock, copied = threading.Lock(), [sum(min(first + PART - 1, plan.total) - first + 1 for first in done)]

    def work() -> None:
        with app.app_context(), _fast(engine) as connection:
            copier = Copier(connection, plan)
            db.session.remove()
            copier.prepare()
            connection.commit()
            while True:
                try:
                    first, last = waiting.get_nowait()
                except Empty:
                    return
                connection.execute(insert(PARTS).values(first=first))
                copier.copy(first, last)
                connection.commit()
                with lock:
                    copied[0] += last - first + 1
                    told("Copies", copied[0], plan.total)

    hands = 1 if engine.dialect.name == "sqlite" else HANDS
    with ThreadPoolExecutor(hands) as pool:
        for hand in [pool.submit(work) for _ in range(hands)]:
            hand.result()


def _be_there(connection: Any, _record: Any) -> None:
    """Hold a lock as long as the connection lasts, since the server completes a statement whose client was killed."""
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT pg_advisory_lock_shared({AT_WORK})")
    connection.commit()


def _wait_for_the_killed(engine: Engine) -> None:
    """Wait until the server has finished what a killed process had sent."""
    if engine.dialect.name == "postgresql":
        with engine.connect() as connection:
            connection.exec_driver_sql(f"SELECT pg_advisory_unlock_shared({AT_WORK})")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock({AT_WORK}), pg_advisory_unlock({AT_WORK})")
            connection.exec_driver_sql(f"SELECT pg_advisory_lock_shared({AT_WORK})")
            connection.commit()


@contextmanager
def _fast(engine: Engine) -> Iterator[Connection]:
    """A connection without fsync and foreign-key checks. If killed, only its transaction is lost."""
    with engine.connect() as connection:
        bulk = Bulk(connection)
        if bulk.dialect == "sqlite":
            for pragma in ("foreign_keys=OFF", "synchronous=OFF", "cache_size=-400000", "temp_store=MEMORY", "busy_timeout=30000"):
                bulk.send(f"PRAGMA {pragma}")
        else:
            # only a superuser may skip foreign-key checks; for others it takes longer
            if connection.exec_driver_sql("SELECT rolsuper FROM pg_roles WHERE rolname = current_user").scalar():
                bulk.send("SET session_replication_role = replica")
            bulk.send("SET synchronous_commit = off")
            bulk.send("SET TIME ZONE 'UTC'")
            connection.commit()
        yield connection


def _finish(engine: Engine, house: Installation, now: datetime, told: Told) -> None:
    """The work after all copies are there; repeating it does no harm."""
    indexes = _row().indexes or []
    db.session.remove()
    create_indexes(engine, indexes, told)
    with engine.begin() as connection:
        set_sequences(Bulk(connection))
    of_cases = [*(table.name for table in tables_of_cases()), "event_stream"]
    _tidy(engine, "Tables of cases", of_cases, told)
    with unit_of_work():
        _count_codes(house)
    told("Figures", 0, 1)
    count_copies(now)
    told("Figures", 1, 1)
    db.session.remove()
    _tidy(engine, "Other tables", [name for name in db.metadata.tables if name not in of_cases], told)


def _tidy(engine: Engine, what: str, tables: Sequence[str], told: Told) -> None:
    """Analyse PostgreSQL's tables, as autovacuum would have done over two years."""
    if engine.dialect.name != "postgresql":
        return
    done: list[str] = []

    def tidy(table: str) -> None:
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f'VACUUM ANALYZE "{table}"')
        done.append(table)
        told(what, len(done), len(tables))

    with ThreadPoolExecutor(HANDS) as pool:
        for hand in [pool.submit(tidy, table) for table in tables]:
            hand.result()


def _count_codes(house: Installation) -> None:
    """Set the counter so that the next report has the next number of its year."""
    highest = int((db.session.scalar(select(func.max(Case.code))) or "0").rpartition("-")[2])
    for counter in db.session.scalars(select(CodeCounter).where(CodeCounter.centre_id == house.centre_id)):
        counter.last_number = max(counter.last_number, highest)

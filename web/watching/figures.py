"""Counts what is waiting, late or failed: each count uses an index and has a limit, and runs at most once in a few seconds."""

import shutil
import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from flask import Flask, current_app
from sqlalchemy import ColumnElement, Select, and_, case, func, literal, select, text
from sqlalchemy.engine import make_url

from casework.db import db
from casework.lateness import late
from casework.local_time import LOCAL_ZONE
from casework.messages.choices import CHANNELS
from casework.messages.faults import faults
from casework.messages.queue import under_way
from casework.models import (
    Anchor,
    Breach,
    Case,
    Centre,
    ChannelFault,
    Delivery,
    DocumentNumber,
    Event,
    OutboxMessage,
    OutgoingPackage,
    Output,
    Photo,
    ProgramProcess,
    Recording,
    RecurringJob,
    Report,
    SealingOrder,
    UpkeepMark,
)
from casework.open_cases import OWED_STATES, count_unconfirmed, is_open
from casework.photos import faces as face_detection
from casework.places.points import is_in_clear
from casework.places.villages import waits
from casework.rights.breaches import waits_for_notice
from casework.setting_values import value_of
from casework.upkeep.jobs import job_rows
from casework.upkeep.server_processes import known_processes, marks
from casework.zalo.consent import AccountSeen, account_seen
from web.clock import now
from web.http.replica import nearness_here
from web.watching.certificates import Certificate, certificates_here
from web.watching.jobs import steady
from workflows.desks.inbox_filters import is_late
from workflows.models import Incident, ProcessInstance, Timer, WaitingTask
from workflows.running.claims import is_free

if TYPE_CHECKING:
    from web.http.replica_lag import ReplicaState  # late: docs/architecture.md

MOST = 100_000
"""The most rows counted of one kind: beyond that the exact number does not matter."""
SYNCHRONOUS = ("sync", "quorum")
"""A standby that commits wait for, in PostgreSQL's words."""
KEPT = timedelta(seconds=15)
SEEN_SINCE = timedelta(days=1)
NOTICE_SOON = timedelta(hours=24)
"""Warning time before the authority's 72 hours are over."""


@dataclass(frozen=True, slots=True)
class Backlog:
    """How many rows are waiting, and since when the oldest."""

    count: int = 0
    oldest_at: datetime | None = None

    def age(self, at: datetime) -> timedelta:
        """How long the oldest has waited."""
        return max(at - self.oldest_at, timedelta()) if self.oldest_at else timedelta()


@dataclass(frozen=True, slots=True)
class Disk:
    """One file system: what it holds, and its bytes."""

    total: int
    free: int


@dataclass(frozen=True, slots=True)
class Standbys:
    """The servers that follow the database's log, if any: how many of each kind, and how many should be synchronous."""

    wanted: int = 0
    synchronous: int = 0
    asynchronous: int = 0
    hidden: int = 0
    """Those of which our role may see only that they exist."""
    behind: Mapping[str, float] = field(default_factory=dict)
    """In seconds, by name."""


@dataclass(frozen=True)
class Figures:
    """The state of an installation at one moment. Contains no name, address, words or case code."""

    at: datetime
    open_cases: Mapping[str, int]
    late_cases: int
    unconfirmed_cases: int
    steps_waiting: int
    steps_unclaimed: int
    steps_late: int
    filed_today: int
    answered_today: int
    timers: Backlog
    incidents: Backlog
    unrouted: Backlog
    deliveries: Mapping[str, Backlog]
    given_up: Mapping[str, int]
    files: Mapping[str, Backlog]
    disks: Mapping[str, Disk]
    database_bytes: int
    jobs: Mapping[str, RecurringJob]
    processes: tuple[ProgramProcess, ...]
    marks: Mapping[str, UpkeepMark]
    anchored_at: datetime | None
    event_at: datetime | None
    certificates: tuple[Certificate, ...]
    unseen_disks: tuple[str, ...] = ()
    """Configured folders that cannot be examined."""
    standbys: Standbys = Standbys()
    nearness: "ReplicaState | None" = None
    backup_days: int = 30
    notices_late: Backlog = Backlog()
    notices_due: Backlog = Backlog()
    """Breaches to be reported to the authority that are late or due within NOTICE_SOON, and the first one's deadline."""
    unreleased: int = 0
    """Cases whose village or street nobody has released, counted up to MOST."""
    points_in_clear: int = 0
    faults: tuple[ChannelFault, ...] = ()
    """Of the configured channels."""
    zalo: AccountSeen | None = None
    """The Official Account, where one is set up."""


_guard = threading.Lock()


def figures() -> Figures:
    """This installation's figures, at most KEPT old. Callers wait for a count in progress instead of starting another."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    with _guard:
        kept: tuple[timedelta, Figures] | None = app.extensions.get("figures")
        if kept is None or steady() - kept[0] > KEPT:
            kept = app.extensions["figures"] = steady(), count(app, now())
        return kept[1]


def count(app: Flask, at: datetime) -> Figures:
    centres = list(db.session.scalars(select(Centre.id)))
    day = at.astimezone(LOCAL_ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    states = _open_cases(centres, at)
    disks, unseen_disks = _disks(app)
    waiting, unclaimed, steps_late = _steps(centres, at)
    found = Figures(
        at=at,
        open_cases={state: number for state, (number, _) in states.items()},
        late_cases=sum(number for _, number in states.values()),
        unconfirmed_cases=count_unconfirmed(centres),
        steps_waiting=waiting, steps_unclaimed=unclaimed, steps_late=steps_late,
        filed_today=_number(select(Report.id).where(Report.centre_id.in_(centres), Report.filed_at >= day)),
        answered_today=_number(select(Case.id).where(Case.centre_id.in_(centres), Case.answered_at >= day)),
        timers=_backlog(_due_timers(at), Timer.due_at),
        incidents=_backlog(select(Incident.id).where(Incident.resolved_at.is_(None)), Incident.occurred_at),
        unrouted=_backlog(_since(OutboxMessage, OutboxMessage.routed_at.is_(None), at), OutboxMessage.due_at),
        deliveries={channel: _backlog(_due_deliveries(channel, at), Delivery.due_at) for channel in CHANNELS},
        given_up=_given_up(),
        files=_files(app, at),
        disks=disks, unseen_disks=unseen_disks, database_bytes=_database_bytes(),
        jobs=job_rows(), processes=tuple(known_processes(since=at - SEEN_SINCE)), marks=marks(),
        anchored_at=db.session.scalar(select(Anchor.made_at).order_by(Anchor.number.desc()).limit(1)),
        event_at=db.session.scalar(select(Event.at).order_by(Event.id.desc()).limit(1)),
        certificates=certificates_here(app),
        standbys=_standbys(app.config["SYNCHRONOUS_STANDBYS"]), nearness=nearness_here(app), backup_days=value_of("backup_days"),
        notices_late=_backlog(_untold_breaches(Breach.authority_due_at <= at), Breach.authority_due_at),
        notices_due=_backlog(
            _untold_breaches(Breach.authority_due_at > at, Breach.authority_due_at <= at + NOTICE_SOON), Breach.authority_due_at
        ),
        unreleased=_number(select(Case.id).where(waits(), Case.quarantined_at.is_(None))),
        points_in_clear=_number(select(Report.id).where(is_in_clear())),
        faults=tuple(faults(app.extensions["gateways"], at)),
        zalo=_zalo(app),
    )  # fmt: skip
    for row in (*found.jobs.values(), *found.processes, *found.marks.values(), *found.faults):
        db.session.expunge(row)             # kept longer than the session
    return found


def _zalo(app: Flask) -> AccountSeen | None:
    zalo = app.extensions["zalo"]
    return replace(account_seen(zalo.app.oa_id), consented_by=None) if zalo is not None else None


def _open_cases(centres: list[int], at: datetime) -> dict[str, tuple[int, int]]:
    is_late = case((late(Case.due_at, at), 1), else_=0)
    query = select(Case.state, func.count(), func.sum(is_late)).where(Case.centre_id.in_(centres), *is_open())
    found = {state: (number, int(behind)) for state, number, behind in db.session.execute(query.group_by(Case.state))}
    return {state: found.get(state, (0, 0)) for state in OWED_STATES}


def _steps(centres: list[int], at: datetime) -> tuple[int, int, int]:
    """Steps waiting for staff: all, unclaimed, late. A sender's own steps are not among them."""
    waits = and_(WaitingTask.centre_id.in_(centres), WaitingTask.state == "waiting")
    flags = select(
        case((is_free(at), 1), else_=0).label("unclaimed"),
        case((is_late(at), 1), else_=0).label("late"),
    ).where(waits, ~WaitingTask.desk.startswith("reporter@")).limit(MOST).subquery()  # fmt: skip
    number, unclaimed, behind = db.session.execute(select(func.count(), func.sum(flags.c.unclaimed), func.sum(flags.c.late))).one()
    return number, int(unclaimed or 0), int(behind or 0)


def _due_timers(at: datetime) -> Select[Any]:
    is_due = and_(Timer.ended_at.is_(None), Timer.due_at <= at, ProcessInstance.status == "running")
    return select(Timer.id).join(Timer.instance).where(is_due)


def _due_deliveries(channel: str, at: datetime) -> Select[Any]:
    return select(Delivery.id).where(Delivery.channel == channel, under_way(), Delivery.due_at <= at)


def _since(model: Any, condition: Any, at: datetime) -> Select[Any]:
    return select(model.id).where(condition, model.due_at <= at)


def _untold_breaches(*where: Any) -> Select[Any]:
    """Open breaches not yet reported to the authority. Breaches are few, so none of this has an index."""
    return select(Breach.id).where(waits_for_notice(), *where)


def _given_up() -> dict[str, int]:
    newest = select(Delivery.channel).where(Delivery.given_up_at.is_not(None)).limit(MOST).subquery()
    rows = db.session.execute(select(newest.c.channel, func.count()).group_by(newest.c.channel))
    found: dict[str, int] = {channel: number for channel, number in rows}  # noqa: C416  (rows are no pairs to the type checker)
    return {channel: found.get(channel, 0) for channel in CHANNELS}


def _files(app: Flask, at: datetime) -> dict[str, Backlog]:
    """Files the worker must make or examine. What settings or missing extras make it skip does not count as waiting."""
    unseen = and_(Photo.linked_at.is_not(None), Photo.faces_sought_at.is_(None), Photo.linked_at > at - timedelta(days=60))
    unprepared = and_(Recording.linked_at.is_not(None), Recording.prepared_at.is_(None), Recording.refused.is_(None))
    found = {
        "recordings": _backlog(select(Recording.id).where(unprepared), Recording.linked_at),
        "letters": _backlog(select(DocumentNumber.id).where(DocumentNumber.file_due_at <= at), DocumentNumber.file_due_at),
        "seals": _backlog(_since(SealingOrder, SealingOrder.state.in_(("waiting", "sealing")), at), SealingOrder.due_at),
        "packages": _backlog(select(OutgoingPackage.id).where(_unsent()), OutgoingPackage.asked_at),
        "outputs": _backlog(_since(Output, Output.state.in_(("waiting", "making")), at), Output.due_at),
    }
    if app.config["FIND_FACES"] and face_detection.is_installed():
        found["faces"] = _backlog(select(Photo.id).where(unseen), Photo.linked_at)
    return found


def _unsent() -> ColumnElement[bool]:
    """Packages to other bodies that have not left, whatever holds them up."""
    return and_(OutgoingPackage.sent_at.is_(None), OutgoingPackage.dropped_at.is_(None))


def _disks(app: Flask) -> tuple[dict[str, Disk], tuple[str, ...]]:
    """The file systems of our files and of configured folders, and the folders that cannot be examined.

    A configured folder on a disk already listed is not listed again.
    """
    folders, named = {"data": Path(app.config["DATA"])}, {str(each): each for each in app.config["DISKS"]}
    url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
    if url.drivername.startswith("sqlite") and url.database:
        folders["database"] = Path(url.database).parent
    found, unseen, told = dict[str, Disk](), list[str](), set[int]()
    for name, folder in (folders | named).items():
        try:
            usage, device = shutil.disk_usage(folder), folder.stat().st_dev
        except OSError:
            unseen.append(name)
            continue
        if name not in named or device not in told:
            found[name] = Disk(usage.total, usage.free)
            told.add(device)
    return found, tuple(unseen)


def _database_bytes() -> int:
    if db.session.get_bind().dialect.name == "sqlite":
        pages, size = (db.session.scalar(text(f"PRAGMA {name}")) or 0 for name in ("page_count", "page_size"))
        return int(pages * size)
    return int(db.session.scalar(text("SELECT pg_database_size(current_database())")) or 0)


def _standbys(wanted: int) -> Standbys:
    if db.session.get_bind().dialect.name == "sqlite":
        return Standbys()
    rows = db.session.execute(text("SELECT application_name, state, sync_state, EXTRACT(EPOCH FROM replay_lag) FROM pg_stat_replication"))
    hidden, behind, kinds = 0, dict[str, float](), Counter[bool]()
    for name, state, sync_state, lag in rows:
        hidden += state is None             # a role without pg_read_all_stats sees only the process's number
        if state == "streaming":
            kinds[sync_state in SYNCHRONOUS] += 1
            behind[str(name)] = float(lag or 0)
    return Standbys(wanted, kinds[True], kinds[False], hidden, behind)


def _number(query: Select[Any]) -> int:
    return db.session.scalar(select(func.count()).select_from(query.limit(MOST).subquery())) or 0


def _backlog(query: Select[Any], since: Any) -> Backlog:
    rows = query.with_only_columns(since.label("since")).limit(MOST).subquery()
    number, oldest = db.session.execute(select(func.count(literal(1)), func.min(rows.c.since)).select_from(rows)).one()
    return Backlog(number, oldest)

"""Rehearsals: requested for a version, run by the worker one at a time in a child process, and read again.

To add a kind of rehearsal, add its runner to RUNNERS.
"""

import logging
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import Select, func, select, update
from sqlalchemy.orm import defer, joinedload

from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Centre
from casework.permissions import Action, Actor, NotAllowed
from casework.sent_once import take_key
from casework.settings.elements import element_rules
from workflows.clock import Clock, clock_from
from workflows.definitions.parsed import definition_of, text_of
from workflows.definitions.process import Element, ModelRefused
from workflows.models import ProcessVersion, Rehearsal, Scenario
from workflows.rehearsal.history import History, closed_cases, lives_of
from workflows.rehearsal.office_time import told_calendar
from workflows.rehearsal.scenarios import SHIPPED, scenarios_for, shipped_scenarios
from workflows.rehearsal.shut_in import FAILED, RehearsalFailed, in_child
from workflows.running.faults import place_of
from workflows.versions.live import FIELD_REPORT, NoLiveVersion, acting, live_version, scopes_with

SCENARIOS, HISTORY = "scenarios", "history"
LOGGER = logging.getLogger("langbiang.rehearsal")

LEASE = timedelta(minutes=5)
MOST_WAITING = 12
"""Pending rehearsals of one centre, or of those who rehearse for several, so that nobody's requests block those of another centre."""
MOST_AT_ONCE = 5
"""Rehearsals per run of the job, so that its other work goes on too."""
LONGEST_PERIOD = timedelta(days=3 * 366)
FIRST_DAY = date(2000, 1, 1)
"""No case is older; days long before it cannot be computed with."""
MOST_HOURS = 1_600
LONGEST_ELEMENT = 80
MOST_BYTES = 512 * 1024
"""Largest stored result; whatever a hostile draft makes of its names is neither stored nor read again."""
MOST_LOOKED_AT = 20

Tell = Callable[[int, int], None]
Runner = Callable[[Rehearsal, Tell], dict[str, Any]]
"""`(rehearsal, tell) -> result`: reads what it needs, lets go of the database (`db.session.rollback()`), then computes; `tell(done, total)`
says how far it has come. Raises RehearsalFailed with the words people read."""


class _LeaseLost(Exception):
    """Another worker has given up this rehearsal meanwhile; nothing more of it is written."""


class RehearsalRefused(CaseworkError):
    """The rehearsal cannot be requested; the text says why."""


class RehearsalUnknown(CaseworkError):
    """The person sees no such rehearsal."""

    def __init__(self) -> None:
        super().__init__("Không tìm thấy lần diễn tập này.", "There is no such rehearsal.")


@dataclass(frozen=True, slots=True)
class ReplayPeriod:
    """Local days from `since` to `until`, both included. `minutes` and `outcomes` by step replace assumptions."""

    since: date
    until: date
    minutes: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)


# -- asked ---------------------------------------------------------------------------------------------------------------


def ask_scenarios(version: ProcessVersion, *, by: Actor, now: datetime) -> Rehearsal:
    """Request a run of all scenarios in the present text, compared with the scope's live one. Raises NotAllowed and RehearsalRefused."""
    by = _asking(version, by)
    chosen = [each.ref for each in scenarios_for(version, by=by)]
    try:
        live = live_version(version.centre_id)
    except NoLiveVersion:
        live = None
    basis = live if live is not None and live.sha256 != version.sha256 else None
    wishes = {"scenarios": chosen}
    return ask_rehearsal(version, kind=SCENARIOS, wishes=wishes, centre_id=only(_centres(version, by)), basis=basis, by=by, now=now)


def ask_history(version: ProcessVersion, *, period: ReplayPeriod, by: Actor, now: datetime) -> Rehearsal:
    """Request a replay of a period's closed cases in a version and in the live one of its scope.

    The cases are those of the centres where the person rehearses, or of the version's own. Raises NotAllowed, RehearsalRefused and
    NoLiveVersion.
    """
    by = _asking(version, by)
    today = local_day(now)
    if period.until < period.since:
        raise RehearsalRefused("Ngày kết thúc phải sau ngày bắt đầu.", "The last day must not come before the first.", about="until")
    if period.since < FIRST_DAY:
        raise RehearsalRefused(
            "Kỳ bắt đầu sớm nhất từ ngày 01/01/2000.", "A period begins on 1 January 2000 at the earliest.",
            about="since",
        )
    if period.since > today:
        raise RehearsalRefused("Kỳ này chưa bắt đầu.", "The period has not begun yet.", about="since")
    if period.until - period.since > LONGEST_PERIOD:
        raise RehearsalRefused("Kỳ dài nhất là ba năm.", "A period is three years at most.", about="until")
    for element, minutes in period.minutes.items():
        if not 0 < minutes <= MOST_HOURS * 60:
            raise RehearsalRefused(
                f"Thời lượng của một bước phải lớn hơn 0 và không quá {MOST_HOURS} giờ.",
                f"A step takes more than 0 hours and {MOST_HOURS} at most.",
                about=f"hours-{element}",
            )
    centres, steps = _centres(version, by), _steps_of(version)
    wishes = {
        "since": period.since.isoformat(), "until": period.until.isoformat(), "centres": centres,
        "minutes": {step: minutes for step, minutes in period.minutes.items() if step in steps},
        "outcomes": {step: button for step, button in period.outcomes.items() if step in steps and _has_button(steps[step], button)},
    }  # fmt: skip
    basis = live_version(version.centre_id)
    return ask_rehearsal(version, kind=HISTORY, wishes=wishes, centre_id=only(centres), basis=basis, by=by, now=now)


def ask_rehearsal(
    version: ProcessVersion, *, kind: str, wishes: dict[str, Any], centre_id: int | None, by: Actor, now: datetime,
    basis: ProcessVersion | None = None,
) -> Rehearsal:  # fmt: skip
    """Store a request for the worker. A request already pending is not stored again.

    `centre_id` is the centre it is about, None for several and for all. Raises NotAllowed and RehearsalRefused.
    """
    by = _asking(version, by)
    if version.key != FIELD_REPORT or kind not in RUNNERS:
        raise RehearsalRefused("Chỉ mô hình quy trình mới diễn tập được.", "Only the model of a process can be rehearsed.")
    take_key(now)
    of_centre = Rehearsal.centre_id.is_not_distinct_from(centre_id)
    open_ones = select(Rehearsal).where(Rehearsal.state.in_(("waiting", "running")), of_centre)
    for row in db.session.scalars(open_ones.where(Rehearsal.version_id == version.id, Rehearsal.kind == kind)):
        if (row.sha256, row.wishes, row.basis_id) == (version.sha256, wishes, basis.id if basis else None):
            return row
    if (db.session.scalar(select(func.count()).select_from(open_ones.subquery())) or 0) >= MOST_WAITING:
        raise RehearsalRefused(
            "Đang có quá nhiều lần diễn tập chờ chạy. Xin thử lại sau ít phút.",
            "Too many rehearsals are waiting. Please try again in a few minutes.",
        )
    row = Rehearsal(
        kind=kind, version_id=version.id, centre_id=centre_id, basis_id=basis.id if basis is not None else None, sha256=version.sha256,
        wishes=wishes, state="waiting", asked_by_id=by.own_id, asked_at=now,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def _asking(version: ProcessVersion, by: Actor) -> Actor:
    """The person at the desk that lets them rehearse the version. Raises NotAllowed.

    Whoever rehearses in any centre may rehearse a version of the installation.
    """
    scopes = scopes_with(by, Action.REHEARSE)
    if version.centre_id is not None or None in scopes:
        return acting(by, version.centre_id, Action.REHEARSE)
    if not scopes:
        raise NotAllowed
    return acting(by, min(each for each in scopes if each is not None), Action.REHEARSE)


def _centres(version: ProcessVersion, by: Actor) -> list[int] | None:
    """The centres whose cases are replayed; None for all."""
    if version.centre_id is not None:
        return [version.centre_id]
    scopes = scopes_with(by, Action.REHEARSE)
    return None if None in scopes else sorted(each for each in scopes if each is not None)


def only(centres: Collection[int] | None) -> int | None:
    """The single centre something is about; None if it is about several or all."""
    return next(iter(centres)) if centres is not None and len(centres) == 1 else None


def _steps_of(version: ProcessVersion) -> Mapping[str, Element]:
    """The steps assumptions can be made for; none for a text that cannot be read, about which the worker then says why."""
    try:
        return {step.id: step for step in definition_of(version).steps if len(step.id) <= LONGEST_ELEMENT}
    except ModelRefused:
        return {}


def _has_button(step: Element, button: str) -> bool:
    return len(button) <= LONGEST_ELEMENT and any(each.id == button for each in step.form.buttons)


# -- read ----------------------------------------------------------------------------------------------------------------


def rehearsal_for(by: Actor, version: ProcessVersion, ref: str) -> Rehearsal:
    """Return one rehearsal of a version the person reads. Raises RehearsalUnknown."""
    row = db.session.scalars(select(Rehearsal).where(Rehearsal.ref == ref, Rehearsal.version_id == version.id).options(*_READ)).first()
    if row is None or not _sees(by, row):
        raise RehearsalUnknown
    return row


def newest_of(version: ProcessVersion, kind: str, *, by: Actor) -> Rehearsal | None:
    """Return the newest request for a version, whatever became of it: for its present text, else for an earlier one."""
    scopes = scopes_with(by, Action.REHEARSE)
    own = None if None in scopes else frozenset(each for each in scopes if each is not None)
    query = select(Rehearsal).where(Rehearsal.version_id == version.id, Rehearsal.kind == kind).options(*_READ)
    for of_text in (query.where(Rehearsal.sha256 == version.sha256), query):
        row = newest_about(of_text, own) or (_first(of_text.where(Rehearsal.centre_id.is_(None))) if kind == SCENARIOS and scopes else None)
        if row is not None:
            return row
    return None


def newest_about(query: Select[Rehearsal], centres: frozenset[int] | None) -> Rehearsal | None:
    """Return the newest row about centres a person reads (None: all), however many about other centres came after it.

    A person who reads all centres gets a row about several or all of them first.
    """
    if centres is None:
        return _first(query.where(Rehearsal.centre_id.is_(None))) or _first(query)
    found = [row for row in (_first(query.where(Rehearsal.centre_id.in_(centres))),) if row is not None]
    if len(centres) > 1:
        several = query.where(Rehearsal.centre_id.is_(None)).order_by(Rehearsal.id.desc()).limit(MOST_LOOKED_AT)
        found += [row for row in db.session.scalars(several) if _is_within(row, centres)][:1]
    return max(found, key=lambda row: row.id, default=None)


def _first(query: Select[Rehearsal]) -> Rehearsal | None:
    return db.session.scalars(query.order_by(Rehearsal.id.desc()).limit(1)).first()


_READ = (joinedload(Rehearsal.basis), joinedload(Rehearsal.asked_by), defer(Rehearsal.result))


def _is_within(row: Rehearsal, centres: Collection[int | None]) -> bool:
    """Whether a row not about one centre is about only these centres."""
    about = row.wishes.get("centres")
    return about is not None and set(about) <= set(centres)


def _sees(by: Actor, row: Rehearsal) -> bool:
    """Case counts of a centre are for those who rehearse there."""
    scopes = scopes_with(by, Action.REHEARSE)
    if None in scopes or (row.centre_id is not None and row.centre_id in scopes):
        return True
    return bool(scopes) and row.centre_id is None and (row.kind == SCENARIOS or _is_within(row, scopes))


# -- run -----------------------------------------------------------------------------------------------------------------


def go_on_with_rehearsals(now: datetime, *, clock: Clock | None = None) -> int:
    """Run what is pending, oldest first; returns how many were run. A job of the worker.

    `clock` gives the time as the run goes on; without it the time really elapsed is added to `now`.
    """
    clock = clock or clock_from(now)
    for number in range(MOST_AT_ONCE):
        claimed = _claim(clock())
        if claimed is None:
            return number
        _Run(*claimed, clock).run()
    return MOST_AT_ONCE


def _claim(now: datetime) -> tuple[int, datetime] | None:
    """Lease the oldest pending rehearsal; returns it and the end of the lease."""
    waits = select(Rehearsal.id).where(Rehearsal.state == "waiting").order_by(Rehearsal.id).limit(1)
    give_up_lost(now)
    if db.session.scalar(waits) is None:
        db.session.rollback()
        return None
    with unit_of_work():
        found = db.session.scalar(waits.with_for_update(skip_locked=True))
        if found is None:
            return None
        until = now + LEASE
        db.session.execute(update(Rehearsal).where(Rehearsal.id == found).values(state="running", leased_until=until))
    return found, until


def give_up_lost(now: datetime) -> int:
    """End, with a reason, rehearsals whose worker has reported nothing for as long as its lease. Returns how many."""
    lost = (Rehearsal.state == "running", Rehearsal.leased_until < now)
    if db.session.scalar(select(Rehearsal.id).where(*lost).limit(1)) is None:
        db.session.rollback()
        return 0
    with unit_of_work():
        given_up = update(Rehearsal).where(*lost).values(
            state="failed", ended_at=now, leased_until=None, error_vi=LOST.vi, error_en=LOST.en
        ).returning(Rehearsal.id)  # fmt: skip
        return len(list(db.session.scalars(given_up)))


LOST = Bilingual(
    "Tiến trình diễn tập bị dừng giữa chừng. Xin chạy lại.", "The process that rehearsed it was stopped on its way. Please run it again."
)
TOO_LONG = Bilingual("Kết quả diễn tập quá lớn nên không lưu được.", "The result of the rehearsal is too large to be kept.")


class _Run:
    """One rehearsal leased by a worker. It writes only while the lease is its own, and raises nothing, since others are pending."""

    def __init__(self, rehearsal_id: int, until: datetime, clock: Clock) -> None:
        self.rehearsal_id, self.until, self.clock = rehearsal_id, until, clock

    def run(self) -> None:
        try:
            try:
                self._end(self._result())
            except _LeaseLost:
                raise
            except Exception as fault:  # the result cannot be stored
                self._log(fault)
                self._end(FAILED)
        except _LeaseLost:
            LOGGER.warning("rehearsal lost its lease", extra={"rehearsal": self.rehearsal_id})

    def _result(self) -> dict[str, Any] | Bilingual:
        """The result, or why there is none."""
        try:
            row = db.session.get_one(Rehearsal, self.rehearsal_id)
            result = RUNNERS[row.kind](row, self._tell)
            return result if len(orjson.dumps(result)) <= MOST_BYTES else TOO_LONG
        except CaseworkError as refusal:
            return refusal.text
        except _LeaseLost:
            raise
        except Exception as fault:
            self._log(fault)
            return FAILED

    def _log(self, fault: Exception) -> None:
        LOGGER.error("rehearsal failed", extra={"rehearsal": self.rehearsal_id, "error": type(fault).__name__, "place": place_of(fault)})

    def _tell(self, done: int, total: int) -> None:
        with unit_of_work():
            until = self.clock() + LEASE
            self._write(done=done, total=total, leased_until=until)
        self.until = until

    def _end(self, outcome: dict[str, Any] | Bilingual) -> None:
        db.session.rollback()
        result, error = (None, outcome) if isinstance(outcome, Bilingual) else (outcome, None)
        with unit_of_work():
            self._write(
                state="done" if error is None else "failed", ended_at=self.clock(), leased_until=None, result=result,
                error_vi=error.vi if error else None, error_en=error.en if error else None,
            )  # fmt: skip

    def _write(self, **values: Any) -> None:
        """Raises _LeaseLost if another worker has given up the rehearsal meanwhile."""
        own = (Rehearsal.id == self.rehearsal_id, Rehearsal.state == "running", Rehearsal.leased_until == self.until)
        if db.session.scalar(update(Rehearsal).where(*own).values(**values).returning(Rehearsal.id)) is None:
            raise _LeaseLost


def _text(version: ProcessVersion, sha256: str) -> str:
    """The text that was requested; a draft saved since needs a new request."""
    if version.sha256 != sha256:
        raise RehearsalFailed(
            "Bản nháp đã được lưu lại trong lúc chờ. Xin chạy lại với nội dung mới.",
            "The draft was saved again while this waited. Please run it again on the new text.",
        )
    return text_of(version).decode()


def run_scenarios(rehearsal: Rehearsal, tell: Tell) -> dict[str, Any]:
    """Run the requested scenarios, as far as they still exist."""
    refs = list(rehearsal.wishes["scenarios"])
    stories = {each.ref: (list(each.name), each.story) for each in shipped_scenarios() if each.ref in refs}
    kept = select(Scenario).where(Scenario.ref.in_([ref for ref in refs if not ref.startswith(SHIPPED)]), Scenario.dropped_at.is_(None))
    stories |= {row.ref: ([row.name, row.name], row.acts) for row in db.session.scalars(kept)}
    asked = {
        "xml": _text(rehearsal.version, rehearsal.sha256),
        "live": text_of(rehearsal.basis).decode() if rehearsal.basis is not None else None,
        "stories": [{"ref": ref, "acts": stories[ref][1]} for ref in refs if ref in stories],
    }
    db.session.rollback()
    result = in_child(SCENARIOS, asked, tell=tell)
    return {"scenarios": [{**each, "name": stories[each["ref"]][0]} for each in result["scenarios"]]}


def run_history(rehearsal: Rehearsal, tell: Tell) -> dict[str, Any]:
    """Replay the closed cases of the period in the version and in the one it is compared with."""
    wishes, version, basis = rehearsal.wishes, rehearsal.version, rehearsal.basis
    assert basis is not None
    since, until = (date.fromisoformat(wishes[name]) for name in ("since", "until"))
    centres = wishes["centres"]
    history: History = closed_cases(_start_of(since), _start_of(until + timedelta(days=1)), centre_ids=centres)
    if not history.case_ids:
        raise RehearsalFailed("Trong kỳ này chưa có hồ sơ nào đã kết thúc.", "No case of this period is over yet.")
    lives = [life for _, life in lives_of(history.case_ids)]
    used = {life.version for life in lives} - {"", version.sha256, basis.sha256}
    texts = select(ProcessVersion.sha256, ProcessVersion.xml).where(ProcessVersion.sha256.in_(used))
    asked = {
        "draft": _text(version, rehearsal.sha256), "basis": text_of(basis).decode(), "lives": [life.told() for life in lives],
        "versions": {sha256: xml.decode() for sha256, xml in db.session.execute(texts)},
        "calendar": told_calendar(calendar_of(version.centre_id)), "found": history.found,
        "minutes": wishes["minutes"], "outcomes": wishes["outcomes"],
        "has_daily_settings": _has_daily_settings(basis, centres, local_day(rehearsal.asked_at)),
    }  # fmt: skip
    db.session.rollback()
    return in_child(HISTORY, asked, tell=tell)


def _has_daily_settings(live: ProcessVersion, centres: Collection[int] | None, day: date) -> bool:
    """Whether daily settings override the drawn model anywhere whose cases are replayed."""
    elements = definition_of(live).elements
    of_all = db.session.scalars(select(Centre.id)) if centres is None else centres
    return any(not elements.keys().isdisjoint(element_rules(centre_id, day)) for centre_id in (None, *of_all))


def _start_of(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), LOCAL_ZONE)


RUNNERS: dict[str, Runner] = {SCENARIOS: run_scenarios, HISTORY: run_history}
"""By the kind of a rehearsal."""

"""The worker runs requested rehearsals, one at a time, in a child process.

To add a kind of rehearsal, add its runner to RUNNERS.
"""

import logging
from collections.abc import Callable, Collection
from datetime import date, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import select, update

from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Centre
from casework.settings.elements import element_rules
from workflows.clock import Clock, clock_from
from workflows.definitions.parsed import definition_of, text_of
from workflows.models import ProcessVersion, Rehearsal, Scenario
from workflows.rehearsal.history import History, closed_cases, lives_of
from workflows.rehearsal.office_time import told_calendar
from workflows.rehearsal.scenarios import SHIPPED, shipped_scenarios
from workflows.rehearsal.shut_in import FAILED, RehearsalFailed, in_child
from workflows.running.faults import place_of

SCENARIOS, HISTORY = "scenarios", "history"
LOGGER = logging.getLogger("langbiang.rehearsal")

LEASE = timedelta(minutes=5)
MOST_AT_ONCE = 5
"""Rehearsals per run of the job, so that its other work goes on too."""
MOST_BYTES = 512 * 1024
"""Largest stored result; whatever a hostile draft makes of its names is neither stored nor read again."""

Tell = Callable[[int, int], None]
Runner = Callable[[Rehearsal, Tell], dict[str, Any]]
"""`(rehearsal, tell) -> result`: reads what it needs, lets go of the database (`db.session.rollback()`), then computes; `tell(done, total)`
says how far it has come. Raises RehearsalFailed with the words people read."""


class _LeaseLost(Exception):
    """Another worker has given up this rehearsal meanwhile; nothing more of it is written."""


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

"""What is asked of a version and takes its time: asked, run by the worker one at a time in a process of its own, and read again.

A further kind of rehearsal adds its runner to RUNNERS.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update
from sqlalchemy.orm import joinedload

from casework.calendars import calendar_of
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.permissions import LOCAL_ZONE, Action, Actor, NotAllowed
from casework.words import Bilingual
from workflows.models import ProcessVersion, Rehearsal, Scenario
from workflows.parsed import text_of
from workflows.rehearsal.history import History, closed_cases, lives_of
from workflows.rehearsal.office_time import told_calendar
from workflows.rehearsal.scenarios import SHIPPED, scenarios_for, shipped_scenarios
from workflows.rehearsal.shut_in import FAILED, RehearsalFailed, in_child
from workflows.versions import FIELD_REPORT, acting, live_version, scopes_with

SCENARIOS, HISTORY = "scenarios", "history"
LEASE = timedelta(minutes=5)
MOST_WAITING = 30
MOST_AT_ONCE = 5
"""Rehearsals a round of the job takes: its other work goes on beside it."""
LONGEST_PERIOD = timedelta(days=3 * 366)
MOST_MINUTES = 100_000

Tell = Callable[[int, int], None]
Runner = Callable[[Rehearsal, Tell], dict[str, Any]]
"""`(rehearsal, tell) -> result`: reads what it needs, lets go of the database (`db.session.rollback()`), then computes; `tell(done, total)`
says how far it has come. Raises RehearsalFailed with the words people read."""


class RehearsalRefused(CaseworkError):
    """It cannot be asked; the text says why."""


class RehearsalUnknown(CaseworkError):
    """There is no such rehearsal for the person."""

    def __init__(self) -> None:
        super().__init__("Không tìm thấy lần diễn tập này.", "There is no such rehearsal.")


@dataclass(frozen=True, slots=True)
class Period:
    """Local days from `since` to `until`, both counted in. `minutes` and `outcomes` by step in place of what would be assumed."""

    since: date
    until: date
    minutes: Mapping[str, int] = field(default_factory=dict)
    outcomes: Mapping[str, str] = field(default_factory=dict)


# -- asked ---------------------------------------------------------------------------------------------------------------


def ask_scenarios(version: ProcessVersion, *, by: Actor, now: datetime) -> Rehearsal:
    """Ask for all scenarios to be gone through in the text as it is now. Raises NotAllowed and RehearsalRefused."""
    by = _asking(version, by)
    chosen = [each.ref for each in scenarios_for(version, by=by)]
    return ask_rehearsal(version, kind=SCENARIOS, wishes={"scenarios": chosen}, by=by, now=now)


def ask_history(version: ProcessVersion, *, period: Period, by: Actor, now: datetime) -> Rehearsal:
    """Ask for the closed cases of a period to be replayed in a version and in what is live for its scope.

    Of the centres in which the person rehearses, or of the version's own. Raises NotAllowed, RehearsalRefused and NoLiveVersion.
    """
    by = _asking(version, by)
    today = now.astimezone(LOCAL_ZONE).date()
    if period.until < period.since:
        raise RehearsalRefused("Ngày kết thúc phải sau ngày bắt đầu.", "The last day must not come before the first.")
    if period.since > today:
        raise RehearsalRefused("Kỳ này chưa bắt đầu.", "The period has not begun yet.")
    if period.until - period.since > LONGEST_PERIOD:
        raise RehearsalRefused("Kỳ dài nhất là ba năm.", "A period is three years at most.")
    if any(not 0 < each <= MOST_MINUTES for each in period.minutes.values()):
        raise RehearsalRefused("Thời lượng của một bước phải lớn hơn 0.", "A step takes more than 0 hours.")
    wishes = {
        "since": period.since.isoformat(), "until": period.until.isoformat(), "minutes": dict(period.minutes),
        "outcomes": dict(period.outcomes), "centres": _centres(version, by),
    }  # fmt: skip
    basis = live_version(version.centre_id)
    return ask_rehearsal(version, kind=HISTORY, wishes=wishes, basis=basis, by=by, now=now)


def ask_rehearsal(
    version: ProcessVersion, *, kind: str, wishes: dict[str, Any], by: Actor, now: datetime, basis: ProcessVersion | None = None
) -> Rehearsal:
    """Write down what is asked; the worker takes it up. What is asked already and not answered yet is not asked twice.

    Raises NotAllowed and RehearsalRefused.
    """
    by = _asking(version, by)
    if version.key != FIELD_REPORT or kind not in RUNNERS:
        raise RehearsalRefused("Chỉ mô hình quy trình mới diễn tập được.", "Only the model of a process can be rehearsed.")
    open_ones = select(Rehearsal).where(Rehearsal.state.in_(("waiting", "running")))
    for row in db.session.scalars(open_ones.where(Rehearsal.version_id == version.id, Rehearsal.kind == kind)):
        if (row.sha256, row.wishes, row.basis_id) == (version.sha256, wishes, basis.id if basis else None):
            return row
    if (db.session.scalar(select(func.count()).select_from(open_ones.subquery())) or 0) >= MOST_WAITING:
        raise RehearsalRefused(
            "Đang có quá nhiều lần diễn tập chờ chạy. Xin thử lại sau ít phút.",
            "Too many rehearsals are waiting. Please try again in a few minutes.",
        )
    row = Rehearsal(
        kind=kind, version_id=version.id, basis_id=basis.id if basis is not None else None, sha256=version.sha256, wishes=wishes,
        state="waiting", asked_by_id=by.own_id, asked_at=now,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    return row


def _asking(version: ProcessVersion, by: Actor) -> Actor:
    """The person at the desk that lets them rehearse the version; what they may read they may rehearse. Raises NotAllowed."""
    scopes = scopes_with(by, Action.REHEARSE)
    if version.centre_id is not None or None in scopes:
        return acting(by, version.centre_id, Action.REHEARSE)
    if not scopes:
        raise NotAllowed
    return acting(by, min(each for each in scopes if each is not None), Action.REHEARSE)


def _centres(version: ProcessVersion, by: Actor) -> list[int] | None:
    """Whose cases are replayed; None for those of all centres."""
    if version.centre_id is not None:
        return [version.centre_id]
    scopes = scopes_with(by, Action.REHEARSE)
    return None if None in scopes else sorted(each for each in scopes if each is not None)


# -- read ----------------------------------------------------------------------------------------------------------------


def rehearsal_for(by: Actor, version: ProcessVersion, ref: str) -> Rehearsal:
    """Return one rehearsal of a version the person reads. Raises RehearsalUnknown."""
    row = db.session.scalars(select(Rehearsal).where(Rehearsal.ref == ref, Rehearsal.version_id == version.id).options(*_READ)).first()
    if row is None or not _sees(by, row):
        raise RehearsalUnknown
    return row


def newest_of(version: ProcessVersion, kind: str, *, by: Actor) -> Rehearsal | None:
    """Return what was last asked of a version, whatever became of it; of its present text or, failing that, of one before."""
    query = select(Rehearsal).where(Rehearsal.version_id == version.id, Rehearsal.kind == kind).options(*_READ)
    rows = list(db.session.scalars(query.order_by(Rehearsal.id.desc()).limit(10)))
    seen = [row for row in rows if _sees(by, row)]
    return next((row for row in seen if row.sha256 == version.sha256), seen[0] if seen else None)


_READ = (joinedload(Rehearsal.basis), joinedload(Rehearsal.asked_by))


def _sees(by: Actor, row: Rehearsal) -> bool:
    """Counts of the cases of a centre are for those who rehearse there."""
    scopes = scopes_with(by, Action.REHEARSE)
    centres = row.wishes.get("centres", []) if row.kind != SCENARIOS else []
    return None in scopes or (bool(scopes) and centres is not None and set(centres) <= scopes)


# -- run -----------------------------------------------------------------------------------------------------------------


def go_on_with_rehearsals(now: datetime) -> int:
    """The job of the worker: run what waits, the oldest first. Returns how many were run."""
    for number in range(MOST_AT_ONCE):
        rehearsal_id = _claim(now)
        if rehearsal_id is None:
            return number
        _run(rehearsal_id, now)
    return MOST_AT_ONCE


def _claim(now: datetime) -> int | None:
    """Take the oldest that waits; one whose worker was lost is given up, in words."""
    waits = select(Rehearsal.id).where(
        Rehearsal.state.in_(("waiting", "running")), or_(Rehearsal.state == "waiting", Rehearsal.leased_until < now)
    )
    if db.session.scalar(waits.limit(1)) is None:
        db.session.rollback()
        return None
    with unit_of_work():
        lost = update(Rehearsal).where(Rehearsal.state == "running", Rehearsal.leased_until < now)
        db.session.execute(lost.values(state="failed", ended_at=now, error_vi=LOST.vi, error_en=LOST.en))
        first = select(Rehearsal.id).where(Rehearsal.state == "waiting").order_by(Rehearsal.id).limit(1)
        found = db.session.scalar(first.with_for_update(skip_locked=True))
        if found is not None:
            taken = update(Rehearsal).where(Rehearsal.id == found).values(state="running", leased_until=now + LEASE)
            db.session.execute(taken)
    return found


LOST = Bilingual(
    "Tiến trình diễn tập bị dừng giữa chừng. Xin chạy lại.", "The process that rehearsed it was stopped on its way. Please run it again."
)


def _run(rehearsal_id: int, now: datetime) -> None:
    row = db.session.get_one(Rehearsal, rehearsal_id)

    def tell(done: int, total: int) -> None:
        with unit_of_work():
            told = update(Rehearsal).where(Rehearsal.id == rehearsal_id)
            db.session.execute(told.values(done=done, total=total, leased_until=now + LEASE))

    try:
        result = RUNNERS[row.kind](row, tell)
    except CaseworkError as refusal:
        _end(rehearsal_id, now, error=refusal.text)
        return
    except Exception:
        _end(rehearsal_id, now, error=FAILED)
        raise
    _end(rehearsal_id, now, result=result)


def _end(rehearsal_id: int, now: datetime, *, result: dict[str, Any] | None = None, error: Bilingual | None = None) -> None:
    db.session.rollback()
    with unit_of_work():
        row = db.session.get_one(Rehearsal, rehearsal_id)
        row.state, row.ended_at, row.leased_until = "failed" if error is not None else "done", now, None
        row.result = result
        row.error_vi, row.error_en = (error.vi, error.en) if error is not None else (None, None)


def _text(version: ProcessVersion, sha256: str) -> str:
    """The text that was meant; a draft that was saved since is asked for anew."""
    if version.sha256 != sha256:
        raise RehearsalFailed(
            "Bản nháp đã được lưu lại trong lúc chờ. Xin chạy lại với nội dung mới.",
            "The draft was saved again while this waited. Please run it again on the new text.",
        )
    return text_of(version).decode()


def run_scenarios(rehearsal: Rehearsal, tell: Tell) -> dict[str, Any]:
    """Go through the scenarios that were asked for, as far as they are still kept."""
    refs = list(rehearsal.wishes["scenarios"])
    stories = {each.ref: (list(each.name), each.story) for each in shipped_scenarios() if each.ref in refs}
    kept = select(Scenario).where(Scenario.ref.in_([ref for ref in refs if not ref.startswith(SHIPPED)]), Scenario.dropped_at.is_(None))
    stories |= {row.ref: ([row.name, row.name], row.acts) for row in db.session.scalars(kept)}
    asked = {
        "xml": _text(rehearsal.version, rehearsal.sha256),
        "stories": [{"ref": ref, "acts": stories[ref][1]} for ref in refs if ref in stories],
    }
    db.session.rollback()
    result = in_child(SCENARIOS, asked, tell=tell)
    return {"scenarios": [{**each, "name": stories[each["ref"]][0]} for each in result["scenarios"]]}


def run_history(rehearsal: Rehearsal, tell: Tell) -> dict[str, Any]:
    """Replay the closed cases of the period in the version and in what it is measured against."""
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
    }  # fmt: skip
    db.session.rollback()
    return in_child(HISTORY, asked, tell=tell)


def _start_of(day: date) -> datetime:
    return datetime.combine(day, datetime.min.time(), LOCAL_ZONE)


RUNNERS: dict[str, Runner] = {SCENARIOS: run_scenarios, HISTORY: run_history}
"""By the kind of a rehearsal."""

"""Plans to move open cases to another version: made, previewed, begun for a reason, paused, resumed, undone or dropped.

The page and the worker share the work: `previewing.py` finds out which cases can move, `batch.py` moves them and undoes moves.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, and_, cast, exists, func, insert, literal, or_, select, update
from sqlalchemy.orm import aliased, joinedload

from casework.bilingual import Bilingual
from casework.db import Json, db
from casework.errors import CaseworkError
from casework.events import append
from casework.models import Account, Case, Event
from casework.permissions import Action, Actor, NotAllowed
from workflows.definitions.parsed import definition_of
from workflows.definitions.process import Definition
from workflows.drafting.drafts import is_discarded
from workflows.drafting.renaming import APART
from workflows.drafting.version_lists import OPEN
from workflows.models import OF_THE_CASE, Incident, MoveCase, ProcessInstance, ProcessMove, ProcessVersion
from workflows.moving.mapping import Verdict, fates, targets
from workflows.versions.events import MOST_READ, VersionEvent, record_version, stream_of
from workflows.versions.live import FIELD_REPORT, acting, check_version, refuse_unclean, scopes_with
from workflows.versions.step_origins import reused_between

LONGEST_REASON = 500
FILLED_TOGETHER = 2000
"""The most cases put on a plan in one statement."""
MOST_SHOWN = 30
"""Plans listed with a version, the newest."""
ACTS = ("plan_move", "map_move", "begin_move", "pause_move", "go_on_with_move", "undo_move", "drop_move")
PREVIEWED = ("moves", "choice", "cannot")
"""Results of a preview; a change of the plan discards those it concerns."""


class MoveRefused(CaseworkError):
    """The plan does not allow this in its present state; the text says why."""


class MoveChanged(MoveRefused):
    """Somebody changed the plan meanwhile."""

    def __init__(self) -> None:
        super().__init__(
            "Kế hoạch vừa được thay đổi. Vui lòng xem lại rồi làm tiếp.", "The plan has just been changed. Please look at it and go on."
        )


class MoveUnknown(CaseworkError):
    """There is no such plan here."""

    def __init__(self) -> None:
        super().__init__("Không tìm thấy kế hoạch chuyển hồ sơ này.", "There is no such plan of cases to be moved.")


# -- what a person sees --------------------------------------------------------------------------------------------------


def move_for(by: Actor, ref: str) -> ProcessMove | None:
    """Return a plan the person may read, else None: this look-up is the permission check."""
    query = select(ProcessMove).where(ProcessMove.ref == ref, _seen(by))
    return db.session.scalars(query.options(joinedload(ProcessMove.source), joinedload(ProcessMove.target))).first()


def moves_of(version: ProcessVersion, *, by: Actor) -> list[ProcessMove]:
    """Return the newest plans from or to a version, without dropped ones."""
    own = or_(ProcessMove.source_id == version.id, ProcessMove.target_id == version.id)
    query = select(ProcessMove).where(own, ProcessMove.state != "dropped", _seen(by)).order_by(ProcessMove.id.desc()).limit(MOST_SHOWN)
    return list(db.session.scalars(query.options(joinedload(ProcessMove.source), joinedload(ProcessMove.target))))


def move_scopes(by: Actor, target: ProcessVersion) -> list[int | None]:
    """Return the centres for whose cases the person may plan a move to a version; None among them means every centre."""
    scopes = scopes_with(by, Action.MOVE_CASES)
    if target.centre_id is not None:
        return [target.centre_id] if {None, target.centre_id} & scopes else []
    return sorted(scopes, key=lambda scope: (scope is not None, scope or 0))


@dataclass(frozen=True, slots=True)
class Forecast:
    """The forecast for a case that moves, and where it came to rest. Elements of the new version; `skips` may be of either."""

    rests: tuple[str, ...] = ()
    skips: tuple[str, ...] = ()
    tells: tuple[str, ...] = ()
    came_to: tuple[str, ...] | None = None

    @property
    def is_true(self) -> bool:
        """Whether it rests where forecast, as far as it has moved."""
        return self.came_to is None or self.came_to == self.rests


def forecast_of(line: MoveCase) -> Forecast | None:
    """Return the forecast for a case of a plan; None if it does not move, or moved before there were forecasts."""
    told = line.forecast
    if told is None or line.state not in ("moves", "moved"):
        return None
    came_to = tuple(line.came_to) if line.state == "moved" and line.came_to is not None else None
    return Forecast(tuple(told["rests"]), tuple(told["skips"]), tuple(told["tells"]), came_to)


@dataclass(frozen=True, slots=True)
class CaseGroup:
    """Cases of a plan that rest at the same places with the same result: how many, why they do not move, or their forecast."""

    places: tuple[str, ...]
    state: str
    number: int
    why: Bilingual | None
    forecast: Forecast | None


def groups_of(move: ProcessMove) -> list[CaseGroup]:
    """Return the listed cases of a plan, grouped by places, state, reason and forecast, the largest groups first."""
    texts = (cast(each, String) for each in (MoveCase.places, MoveCase.forecast, MoveCase.came_to))
    shown = func.max(cast(MoveCase.id, Integer))
    query = select(shown, func.count()).join(MoveCase.case).where(*_listed(move))
    numbers = {row[0]: row[1] for row in db.session.execute(query.group_by(*texts, MoveCase.state, MoveCase.why_vi, MoveCase.why_en))}
    lines: list[MoveCase] = []
    for start in range(0, len(numbers), 500):
        lines += db.session.scalars(select(MoveCase).where(MoveCase.id.in_(list(numbers)[start : start + 500])))
    found = [
        CaseGroup(
            tuple(line.places), line.state, numbers[line.id], Bilingual(line.why_vi, line.why_en or line.why_vi) if line.why_vi else None,
            forecast_of(line),
        )
        for line in lines
    ]  # fmt: skip
    return sorted(found, key=lambda group: (-group.number, group.state, group.places))


def counts_of(move: ProcessMove) -> dict[str, int]:
    """Return how many listed cases of a plan are in each state."""
    query = select(MoveCase.state, func.count()).join(MoveCase.case).where(*_listed(move)).group_by(MoveCase.state)
    return {row[0]: row[1] for row in db.session.execute(query)}


def lines_of(move: ProcessMove, *, state: str | None = None, after: int = 0, limit: int = 50) -> list[MoveCase]:
    """Return the cases of a plan in order, in one state or all, after the one with the number `after`.

    Quarantined ones are left out, and from a centre's plan those that have gone to another centre since.
    """
    query = select(MoveCase).join(MoveCase.case).where(*_listed(move), MoveCase.id > after)
    if state is not None:
        query = query.where(MoveCase.state == state)
    return list(db.session.scalars(query.options(joinedload(MoveCase.case)).order_by(MoveCase.id).limit(limit)))


def _listed(move: ProcessMove) -> tuple[ColumnElement[bool], ...]:
    own = (MoveCase.move_id == move.id, Case.quarantined_at.is_(None))
    return own if move.centre_id is None else (*own, Case.centre_id == move.centre_id)


def events_of(move: ProcessMove) -> list[VersionEvent]:
    """Return what people did with a plan and why, newest first."""
    actor, principal = aliased(Account), aliased(Account)
    query = (
        select(Event, actor.full_name, principal.full_name)
        .outerjoin(actor, Event.actor_id == actor.id)
        .outerjoin(principal, Event.on_behalf_of_id == principal.id)
        .where(Event.stream == _stream_of(move), Event.type.in_(ACTS), Event.at >= move.made_at)
        .order_by(Event.seq.desc())
        .limit(MOST_READ)
    )
    found: list[VersionEvent] = []
    for event, by, on_behalf_of in db.session.execute(query):
        told = dict(event.payload or {})
        if told.get("move") == move.ref:
            found.append(VersionEvent(event.at, event.type, told["target"], by, on_behalf_of, told.pop("words", ""), told))
    return found[:MOST_SHOWN]


# -- the plan ------------------------------------------------------------------------------------------------------------


def make_move(
    source: ProcessVersion, target: ProcessVersion, *, by: Actor, now: datetime, centre_id: int | None = None
) -> ProcessMove:
    """Plan a move of the open cases of a version to another: those of one centre, or of all for None.

    The target may still be a draft. If the same plan exists and has not begun, it is returned. The first cases are added at once, the
    others by the worker. Records `plan_move`. Raises NotAllowed and MoveRefused.
    """
    if target.centre_id is not None:
        centre_id = target.centre_id
    by = acting(by, centre_id, Action.MOVE_CASES)
    if source.key != FIELD_REPORT or target.key != FIELD_REPORT or source.id == target.id:
        raise MoveRefused("Hãy chọn hai bản khác nhau của quy trình.", "Please choose two different versions of the process.")
    if source.live_at is None:
        raise MoveRefused("Chưa có hồ sơ nào chạy theo bản này.", "No case has ever run on this version.", about="source")
    if is_discarded(target):
        raise MoveRefused("Bản nháp này đã bỏ.", "This draft was discarded.")
    same = select(ProcessMove).where(
        ProcessMove.source_id == source.id, ProcessMove.target_id == target.id,
        ProcessMove.centre_id.is_not_distinct_from(centre_id), ProcessMove.state.in_(("previewing", "ready")),
    )  # fmt: skip
    _lock_source(source)
    if (there := db.session.scalars(same.order_by(ProcessMove.id.desc()).limit(1)).first()) is not None:
        return there
    move = ProcessMove(
        source_id=source.id, target_id=target.id, centre_id=centre_id, mapping={}, recomputes_limits=False, state="previewing",
        revision=1, made_by_id=by.account_id, made_at=now,
    )  # fmt: skip
    db.session.add(move)
    db.session.flush()
    if fill(move) == 0:
        raise MoveRefused("Không có hồ sơ nào đang mở ở bản này.", "No case is open on this version.")
    _record(move, "plan_move", by=by, at=now)
    return move


def fill(move: ProcessMove) -> int:
    """Add the next open cases to a plan, FILLED_TOGETHER at most; returns how many, 0 if none are left."""
    last = select(func.coalesce(func.max(MoveCase.case_id), 0)).where(MoveCase.move_id == move.id).scalar_subquery()
    cases = (
        select(literal(move.id), ProcessInstance.case_id, literal("waiting"), literal([], Json))
        .join(Case, ProcessInstance.case_id == Case.id)
        .where(
            ProcessInstance.status.in_(OPEN), ProcessInstance.version_id == move.source_id, ProcessInstance.process_id == OF_THE_CASE,
            Case.quarantined_at.is_(None), ProcessInstance.case_id > last,
        )
    )  # fmt: skip
    if move.centre_id is not None:
        cases = cases.where(Case.centre_id == move.centre_id)
    rows = insert(MoveCase).from_select(
        ["move_id", "case_id", "state", "places"], cases.order_by(ProcessInstance.case_id).limit(FILLED_TOGETHER)
    )
    return int(getattr(db.session.execute(rows), "rowcount", 0))


def map_elements(
    move: ProcessMove,
    mapping: Mapping[str, str | None],
    *,
    by: Actor,
    now: datetime,
    revision: int,
    recomputes_limits: bool = False,
    by_itself: Collection[str] = (),
) -> None:
    """Choose where tokens at some elements go, None for nowhere; for elements in `by_itself` the choice is removed.

    Elements that are not named keep their choice. `revision` is the plan that was read. The cases concerned are previewed again. Records
    `map_move`. Raises NotAllowed, MoveUnknown, MoveChanged, and MoveRefused where it has begun, or for a place that cannot be chosen.
    """
    by, move = _acting_on(move, by)
    _refuse_unless(move, "previewing", "ready")
    if move.revision != revision:
        raise MoveChanged
    old, new = definition_of(move.source), definition_of(move.target)
    for element, chosen in mapping.items():
        if not _may_choose(element, chosen, old, new):
            raise MoveRefused(
                f"Không chuyển được từ “{_named(old, element).vi}” đến nơi đã chọn.",
                f"“{_named(old, element).en}” cannot go where it was sent.",
            )
    before = move.mapping
    after = {element: chosen for element, chosen in {**before, **mapping}.items() if element not in by_itself or element in mapping}
    if after == before and move.recomputes_limits == recomputes_limits:
        return
    differ = {each for each in {*before, *after} if (each in before, before.get(each)) != (each in after, after.get(each))}
    concerns_all = move.recomputes_limits != recomputes_limits or any("beside" in old.elements[each].properties for each in differ)
    _preview_again(move, None if concerns_all else differ)
    move.mapping, move.recomputes_limits, move.revision, move.state = after, recomputes_limits, move.revision + 1, "previewing"
    _record(move, "map_move", by=by, at=now, mapping=after, recomputes_limits=recomputes_limits)


def begin_move(move: ProcessMove, *, by: Actor, now: datetime, reason: str, revision: int) -> bool:
    """Let the worker move the cases that can move; the others stay, with their reasons.

    False if a preview is outdated, because the target was saved since or because it has no forecast: then the cases are previewed again,
    and nothing has begun. Records `begin_move` with the reason and how many move. Raises NotAllowed, MoveUnknown, MoveChanged,
    ModelNotClean where the target does not pass today's check, and MoveRefused without a reason, before all are previewed, where none can
    move, or where the target was never live.
    """
    by, move = _acting_on(move, by)
    reason = _reason(reason)
    if move.state == "moving":
        return True  # pressed twice
    _refuse_unless(move, "previewing", "ready")
    if move.revision != revision:
        raise MoveChanged
    if move.state == "previewing":
        raise MoveRefused(
            "Chưa xem trước hết các hồ sơ. Vui lòng chờ rồi thử lại.", "Not all cases are previewed yet. Please wait and try again."
        )
    target = move.target
    if target.live_at is None or target.state not in ("live", "retired"):
        raise MoveRefused(
            "Chỉ chuyển hồ sơ sang bản đang hoặc đã từng áp dụng. Bản nháp chỉ để xem trước.",
            "Cases move only to a version that is or was live. A draft is for looking ahead.",
        )
    refuse_unclean(check_version(target))
    if _is_outdated(move):
        _preview_again(move, None)
        move.state, move.revision = "previewing", move.revision + 1
        return False
    counts = counts_of(move)
    if not counts.get("moves"):
        raise MoveRefused("Không có hồ sơ nào chuyển được.", "There is no case that can be moved.")
    stay = update(MoveCase).where(MoveCase.move_id == move.id, MoveCase.state.in_(("choice", "cannot")))
    db.session.execute(stay.values(state="stayed"), execution_options={"synchronize_session": False})
    move.state, move.reason, move.begun_by_id, move.begun_at, move.ended_at = "moving", reason, by.account_id, now, None
    _record(move, "begin_move", by=by, at=now, words=reason, cases=counts["moves"], mapping=move.mapping,
            recomputes_limits=move.recomputes_limits)  # fmt: skip
    return True


def pause_move(move: ProcessMove, *, by: Actor, now: datetime) -> None:
    """Stop moving further cases for now. Records `pause_move`. Raises NotAllowed, MoveUnknown and MoveRefused."""
    by, move = _acting_on(move, by)
    _refuse_unless(move, "moving")
    move.state = "paused"
    _record(move, "pause_move", by=by, at=now)


def go_on_with_move(move: ProcessMove, *, by: Actor, now: datetime) -> None:
    """Resume a paused plan. Records `go_on_with_move`. Raises NotAllowed, MoveUnknown and MoveRefused."""
    by, move = _acting_on(move, by)
    _refuse_unless(move, "paused")
    move.state = "moving"
    _record(move, "go_on_with_move", by=by, at=now)


def undo_move(move: ProcessMove, *, by: Actor, now: datetime, reason: str) -> None:
    """Let the worker bring back every case of a plan that has not gone on since; the others stay in the new version, with the reason.

    Records `undo_move` with the reason. Raises NotAllowed, MoveUnknown and MoveRefused, also without a reason.
    """
    by, move = _acting_on(move, by)
    reason = _reason(reason)
    _refuse_unless(move, "paused", "done", "undone")
    if not counts_of(move).get("moved"):
        raise MoveRefused("Không còn hồ sơ nào để hoàn tác.", "There is no case left to be brought back.")
    again = update(MoveCase).where(MoveCase.move_id == move.id, MoveCase.state == "moved")
    db.session.execute(again.values(why_vi=None, why_en=None), execution_options={"synchronize_session": False})
    move.state, move.undone_by_id, move.ended_at = "undoing", by.account_id, None
    _record(move, "undo_move", by=by, at=now, words=reason)


def drop_move(move: ProcessMove, *, by: Actor, now: datetime) -> None:
    """Drop a plan that was never begun. Records `drop_move`. Raises NotAllowed, MoveUnknown and MoveRefused."""
    by, move = _acting_on(move, by)
    _refuse_unless(move, "previewing", "ready")
    move.state, move.ended_at = "dropped", now
    _record(move, "drop_move", by=by, at=now)


def locked_move(move_id: int) -> ProcessMove:
    """Lock a plan's row until the transaction ends, and return it."""
    query = select(ProcessMove).where(ProcessMove.id == move_id).execution_options(populate_existing=True)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update()
    return db.session.scalars(query).one()


def locked_line(line_id: int) -> tuple[MoveCase, bool]:
    """Lock the row of a case on a plan; returns it and whether the case has an open incident. Lock the case itself first."""
    of_plan = joinedload(MoveCase.move, innerjoin=True).options(
        joinedload(ProcessMove.source, innerjoin=True), joinedload(ProcessMove.target, innerjoin=True)
    )
    failed = exists().where(Incident.case_id == MoveCase.case_id, Incident.resolved_at.is_(None))
    query = select(MoveCase, failed).where(MoveCase.id == line_id).options(of_plan).execution_options(populate_existing=True)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update(of=MoveCase)
    line, has_incident = db.session.execute(query).one()
    return line, has_incident


# -- what may be chosen --------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class MoveChoice:
    """An element of the old version whose tokens do not simply go to the same element, or were sent elsewhere by hand."""

    element: str
    label: Bilingual
    targets: tuple[tuple[str, Bilingual], ...]
    chosen: str | None
    is_chosen: bool
    may_end: bool
    why: Bilingual | None


def choices_of(move: ProcessMove, places: set[str]) -> list[MoveChoice]:
    """Return the pending and the made choices for the elements at which cases of the plan rest."""
    old, new = definition_of(move.source), definition_of(move.target)
    found = fates(old, new, mapping_of(move))
    shown = [name for name in old.elements if name in move.mapping or (name in places and _needs_choice(found.get(name)))]
    return [
        MoveChoice(
            name, _named(old, name), tuple((each.id, each.label) for each in targets(name, old, new)), move.mapping.get(name),
            name in move.mapping, not old.elements[name].is_step, found[name].why if name in found else None,
        )
        for name in shown
    ]  # fmt: skip


def mapping_of(move: ProcessMove) -> dict[str, str | None]:
    """Return the choices made by hand, and the ids the target uses for another part, marked as such."""
    return {**{element + APART: None for element in reused_between(move.source, move.target)}, **move.mapping}


def _may_choose(element: str, chosen: str | None, old: Definition, new: Definition) -> bool:
    """Whether a target (None: nowhere) can be chosen for an element: somebody's step never goes nowhere."""
    if element not in old.elements:
        return False
    return not old.elements[element].is_step if chosen is None else chosen in {each.id for each in targets(element, old, new)}


def _needs_choice(fate: Any) -> bool:
    return fate is not None and fate.verdict != Verdict.MOVES


def _named(definition: Any, element: str) -> Bilingual:
    found = definition.elements.get(element)
    return found.label if found is not None else Bilingual(element, element)


# -- within --------------------------------------------------------------------------------------------------------------


def _seen(by: Actor) -> ColumnElement[bool]:
    scopes = scopes_with(by, Action.MOVE_CASES)
    if None in scopes:
        return ProcessMove.id.is_not(None)
    return ProcessMove.centre_id.in_(scopes)


def _acting_on(move: ProcessMove, by: Actor) -> tuple[Actor, ProcessMove]:
    by = acting(by, move.centre_id, Action.MOVE_CASES)
    return by, locked_move(move.id)


def _refuse_unless(move: ProcessMove, *states: str) -> None:
    if move.state not in states:
        words = STATE_WORDS[move.state]
        raise MoveRefused(
            f"Kế hoạch hiện {words.vi}, không còn làm được việc này.", f"The plan is {words.en} now; this can no longer be done."
        )


STATE_WORDS = {
    "previewing": Bilingual("đang xem trước", "being previewed"), "ready": Bilingual("đã xem trước xong", "previewed"),
    "moving": Bilingual("đang chuyển hồ sơ", "moving cases"), "paused": Bilingual("đang tạm dừng", "paused"),
    "done": Bilingual("đã xong", "done"), "undoing": Bilingual("đang hoàn tác", "being undone"),
    "undone": Bilingual("đã hoàn tác", "undone"), "dropped": Bilingual("đã bỏ", "dropped"),
}  # fmt: skip


def _reason(text: str) -> str:
    reason = " ".join(text.split())
    if not reason or len(reason) > LONGEST_REASON:
        raise MoveRefused(
            f"Vui lòng ghi lý do (tối đa {LONGEST_REASON} ký tự).", f"Please give a reason ({LONGEST_REASON} characters at most)."
        )
    return reason


def _preview_again(move: ProcessMove, elements: set[str] | None) -> None:
    """Have the cases resting at one of some elements previewed again, or all for None."""
    again = update(MoveCase).where(MoveCase.move_id == move.id, MoveCase.state.in_(PREVIEWED))
    again = again.values(state="waiting", why_vi=None, why_en=None)
    if elements is None:
        db.session.execute(again, execution_options={"synchronize_session": False})
        return
    shapes: Select[Any] = select(MoveCase.places).where(MoveCase.move_id == move.id, MoveCase.state.in_(PREVIEWED)).distinct()
    for places in db.session.scalars(shapes):
        if elements & set(places):
            db.session.execute(again.where(MoveCase.places == literal(places, Json)), execution_options={"synchronize_session": False})


def _is_outdated(move: ProcessMove) -> bool:
    """Whether a case was previewed before the target's text was last saved, or before there were forecasts."""
    is_old = and_(MoveCase.state == "moves", cast(MoveCase.forecast, String).is_(None))
    if move.target.saved_at is not None:
        is_old = or_(is_old, MoveCase.previewed_at < move.target.saved_at)
    earlier = select(MoveCase.id).where(MoveCase.move_id == move.id, MoveCase.state.in_(PREVIEWED), is_old)
    return db.session.scalar(earlier.limit(1)) is not None


def _lock_source(source: ProcessVersion) -> None:
    """Lock the version, so that two people who make the same plan at once make one."""
    if db.session.get_bind().dialect.name != "sqlite":
        row = select(ProcessVersion.id).where(ProcessVersion.id == source.id)
        db.session.execute(row.with_for_update(key_share=True)).all()


def _record(move: ProcessMove, act: str, *, by: Actor, at: datetime, **facts: Any) -> None:
    """Record the event in the streams of the versions; for a plan of one centre only in that centre's stream."""
    db.session.flush()
    source, target = move.source, move.target
    if source is None or target is None:
        raise NotAllowed
    told = {"move": move.ref, "source": source.number, "target": target.number, **facts}
    versions = [each for each in (source, target) if move.centre_id in (None, each.centre_id)]
    for version in {stream_of(each): each for each in versions}.values():
        record_version(version, act, by=by, at=at, **told)
    if not versions:
        append(_stream_of(move), act, by=by, at=at, payload=told)  # no number, which would look like one of the centre's own versions


def _stream_of(move: ProcessMove) -> str:
    """The stream for everything about a plan: that of its scope."""
    for version in (move.target, move.source):
        if version.centre_id == move.centre_id:
            return stream_of(version)
    assert move.centre is not None
    return f"process:{move.target.key}:{move.centre.ref}"

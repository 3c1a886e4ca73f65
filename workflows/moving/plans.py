"""Plans to move open cases to another version: made, previewed, begun for a reason, paused, resumed, undone or dropped.

The page and the worker share the work: `previewing.py` finds out which cases can move, `batch.py` moves them and undoes moves.
"""

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select, update
from sqlalchemy.orm import aliased, joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.models import Account, Event
from casework.permissions import Action, Actor, NotAllowed
from workflows.definitions.parsed import definition_of
from workflows.drafting.drafts import is_discarded
from workflows.models import MoveCase, ProcessMove, ProcessVersion
from workflows.moving.plan_cases import counts_of, fill, has_outdated_preview, preview_again
from workflows.moving.plan_choices import label_in, may_choose
from workflows.versions.events import MOST_READ, VersionEvent, record_version, stream_of
from workflows.versions.live import FIELD_REPORT, acting, check_version, refuse_unclean, scopes_with

LONGEST_REASON = 500
MOST_SHOWN = 30
"""Plans listed with a version, the newest."""
ACTS = ("plan_move", "map_move", "begin_move", "pause_move", "go_on_with_move", "undo_move", "drop_move")


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
        if not may_choose(element, chosen, old, new):
            raise MoveRefused(
                f"Không chuyển được từ “{label_in(old, element).vi}” đến nơi đã chọn.",
                f"“{label_in(old, element).en}” cannot go where it was sent.",
            )
    before = move.mapping
    after = {element: chosen for element, chosen in {**before, **mapping}.items() if element not in by_itself or element in mapping}
    if after == before and move.recomputes_limits == recomputes_limits:
        return
    differ = {each for each in {*before, *after} if (each in before, before.get(each)) != (each in after, after.get(each))}
    concerns_all = move.recomputes_limits != recomputes_limits or any("beside" in old.elements[each].properties for each in differ)
    preview_again(move, None if concerns_all else differ)
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
    if has_outdated_preview(move):
        preview_again(move, None)
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

"""What would become of each case of a plan: its trees are moved on copies, nothing is saved but the verdict."""

import logging
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime

from SpiffWorkflow.bpmn import BpmnWorkflow
from sqlalchemy import bindparam, select, update

from casework.db import db, unit_of_work
from casework.models import Case
from casework.words import Bilingual
from workflows import engine
from workflows.definitions import Definition
from workflows.faults import root_of
from workflows.models import Incident, MoveCase, ProcessInstance, ProcessMove
from workflows.moving.mapping import Fate, MoveImpossible, Verdict, fates
from workflows.moving.plans import fill, locked_move
from workflows.moving.tree import move_tree, places_of
from workflows.parsed import definition_of

LOGGER = logging.getLogger("langbiang.moving")

TOGETHER = 20
"""Cases previewed between two writes."""

HAS_INCIDENT = Bilingual(
    "Hồ sơ có sự cố chưa xử lý. Hãy xử lý sự cố trước.", "An incident of this case is not resolved. Settle that first."
)
UNREADABLE = Bilingual("Không đọc được trạng thái quy trình của hồ sơ.", "The state of the case's process cannot be read.")
GONE = Bilingual(
    "Hồ sơ không còn chạy theo bản cũ (đã kết thúc, đã chuyển, hoặc không còn thuộc phạm vi này).",
    "The case no longer runs on the old version: it has ended, was moved, or is out of this scope.",
)


@dataclass(frozen=True)
class Way:
    """What a worker knows of a plan while it is at it: read once, so that no case asks again."""

    move_id: int
    source_id: int
    target_id: int
    centre_id: int | None
    revision: int
    old: Definition
    new: Definition
    mapping: Mapping[str, str | None]
    keeps_limits: bool
    fates: Mapping[str, Fate]

    @classmethod
    def of(cls, move: ProcessMove) -> "Way":
        """Read a plan, with the fate of each resting place."""
        old, new = definition_of(move.source), definition_of(move.target)
        mapping = dict(move.mapping)
        return cls(
            move.id, move.source_id, move.target_id, move.centre_id, move.revision, old, new, mapping, not move.recomputes_limits,
            fates(old, new, mapping),
        )  # fmt: skip

    def leads(self, process_id: str) -> bool:
        """Whether both versions know the process."""
        return process_id in self.old.specs and process_id in self.new.specs


@dataclass(frozen=True, slots=True)
class Preview:
    """What was found of one case."""

    state: str
    places: tuple[str, ...] = ()
    why: Bilingual | None = None


def preview_next(move_id: int, now: datetime, *, most: int = TOGETHER) -> int:
    """Look at the next waiting cases of a plan; returns how many were looked at. When none is left the plan is ready.

    What is found is kept only if the plan is still as it was read. Nothing is locked while the trees are moved.
    """
    db.session.rollback()
    move = db.session.get_one(ProcessMove, move_id, populate_existing=True)
    if move.state != "previewing":
        return 0
    waiting = select(MoveCase.id, MoveCase.case_id).where(MoveCase.move_id == move_id, MoveCase.state == "waiting")
    rows = db.session.execute(waiting.order_by(MoveCase.id).limit(most)).all()
    if not rows:
        return _fill_or_finish(move_id)
    way = Way.of(move)
    found = previews(way, [case_id for _id, case_id in rows], now)
    db.session.rollback()
    with unit_of_work():
        move = locked_move(move_id)
        if move.state != "previewing" or move.revision != way.revision:
            return len(rows)
        _keep({id_: found[case_id] for id_, case_id in rows}, now)
        return len(rows)


def previews(way: Way, case_ids: Collection[int], now: datetime) -> dict[int, Preview]:
    """Return what would become of some cases as they stand now. Reads only."""
    query = select(ProcessInstance).join(Case, ProcessInstance.case_id == Case.id)
    query = query.where(ProcessInstance.case_id.in_(case_ids), ProcessInstance.ended_at.is_(None), Case.quarantined_at.is_(None))
    if way.centre_id is not None:
        query = query.where(Case.centre_id == way.centre_id)
    instances: dict[int, list[ProcessInstance]] = {}
    for row in db.session.scalars(query.order_by(ProcessInstance.assignment_id.is_not(None), ProcessInstance.id)):
        instances.setdefault(row.case_id, []).append(row)
    failed = set(db.session.scalars(select(Incident.case_id).where(Incident.case_id.in_(case_ids), Incident.resolved_at.is_(None))))
    return {case_id: preview_of(way, instances.get(case_id, []), case_id in failed, now) for case_id in case_ids}


def preview_of(way: Way, instances: Collection[ProcessInstance], has_incident: bool, now: datetime) -> Preview:
    """Return what would become of one case: all of its open instances on the old version go, or none."""
    own = next((each for each in instances if each.assignment_id is None), None)
    if own is None or own.version_id != way.source_id:
        return Preview("gone", why=GONE)
    places: set[str] = set()
    first: Preview | None = None
    for instance in instances:
        if instance.version_id != way.source_id:
            continue
        try:
            workflow = engine.unpack(instance.state, way.old.specs[instance.process_id])
            here = places_of(workflow, way.old)
        except Exception:  # damaged: whatever the engine meets in it
            return Preview("cannot", tuple(sorted(places)), UNREADABLE)
        # what only listens beside the way listens in every case: nobody asks for it
        places |= {place for place in here if "beside" not in way.old.elements[place].properties}
        first = first or reason_against(way, instance.process_id, here)
        if first is None:
            first = _tried(way, instance, workflow, now)
    if has_incident:
        first = Preview("cannot", why=HAS_INCIDENT)
    state, why = (first.state, first.why) if first is not None else ("moves", None)
    return Preview(state, tuple(sorted(places)), why)


def reason_against(way: Way, process_id: str, places: Collection[str]) -> Preview | None:
    """What the plan itself says against moving tokens from some places: the first that cannot go, else the first to be chosen for."""
    if not way.leads(process_id):
        return Preview("cannot", why=Bilingual("Bản mới không có quy trình này.", "The new version lacks this process."))
    held = [way.fates[place] for place in places if place in way.fates and way.fates[place].verdict != Verdict.MOVES]
    held.sort(key=lambda fate: fate.verdict != Verdict.CANNOT)
    return Preview(str(held[0].verdict), why=held[0].why) if held else None


def unforeseen(fault: BaseException) -> Bilingual:
    """What is said of a fault nobody foresaw: its class alone."""
    name = type(root_of(fault)).__name__
    return Bilingual(f"Gặp lỗi ngoài dự kiến ({name}); hồ sơ vẫn như trước.", f"An unforeseen fault ({name}); the case is as before.")


def _tried(way: Way, instance: ProcessInstance, workflow: BpmnWorkflow, now: datetime) -> Preview | None:
    try:
        move_tree(
            workflow, process_id=instance.process_id, old=way.old, new=way.new, mapping=way.mapping, now=now, keeps_limits=way.keeps_limits
        )
    except MoveImpossible as impossible:
        return Preview("cannot", why=impossible.text)
    except Exception as fault:  # one case must not keep the others from being looked at
        LOGGER.error("preview failed", extra={"instance": instance.id, "error": type(root_of(fault)).__name__})
        return Preview("cannot", why=unforeseen(fault))
    return None


def _keep(found: Mapping[int, Preview], now: datetime) -> None:
    rows = [
        {
            "line": id_, "found": each.state, "at_places": list(each.places), "vi": each.why.vi if each.why else None,
            "en": each.why.en if each.why else None,
        }
        for id_, each in found.items()
    ]  # fmt: skip
    table = MoveCase.__table__
    change = (
        update(table)  # type: ignore[arg-type]  # a mapped class's table is one
        .where(table.c.id == bindparam("line"), table.c.state == "waiting")
        .values(state=bindparam("found"), places=bindparam("at_places"), why_vi=bindparam("vi"), why_en=bindparam("en"), previewed_at=now)
    )
    db.session.connection().execute(change, rows)


def _fill_or_finish(move_id: int) -> int:
    """Put further cases on the plan, or note that all are previewed; returns how many came."""
    with unit_of_work():
        move = locked_move(move_id)
        if move.state != "previewing":
            return 0
        if (more := fill(move)) > 0:
            return more
        left = select(MoveCase.id).where(MoveCase.move_id == move_id, MoveCase.state == "waiting").limit(1)
        if db.session.scalar(left) is None:
            move.state = "ready"
    return 0

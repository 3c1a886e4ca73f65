"""Moves one case to another version of its process, with everything people have begun in it, and brings it back byte for byte.

Every change is journalled row by row as it is made (casework.reorganising.journal): the former rows, to be restored, and the resulting
rows, which show whether the case has gone on since.
"""

import hashlib
from datetime import datetime
from typing import Any

import orjson
import zstandard
from SpiffWorkflow.bpmn import BpmnWorkflow
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.casefile.step_records import tell_step_waits
from casework.clocks.acts import end_step_clock, running_step_clock
from casework.db import db, kept_for_step
from casework.events import last_seq, record
from casework.models import Account, Case, Draft
from casework.permissions import Action, Actor, actor_for
from casework.reorganising.journal import NetChange, Row, changed_since, net_of, take_back, watched
from casework.verbs import DECISION, Verb
from workflows import engine
from workflows.bindings import BINDINGS, Bindings
from workflows.definitions.parsed import definition_of
from workflows.desk_access import REPORTER, desk_of, own_desk
from workflows.element_settings import limit_on
from workflows.models import Incident, MoveCase, ProcessInstance, ProcessVersion, WaitingTask
from workflows.moving.leaps import left_undone
from workflows.moving.mapping import MoveImpossible
from workflows.moving.net import Spot, nets_of
from workflows.moving.sentences import to_version
from workflows.moving.token_plans import OVER_AT_ONCE
from workflows.moving.token_targets import reason_against_standing
from workflows.moving.tokens import tokens_of
from workflows.moving.tree import move_tree, places_of
from workflows.moving.way import GONE, HAS_INCIDENT, UNREADABLE, Arrival, LoadedMove, reason_against
from workflows.running.case_rows import AT_DESKS, steps_of, timers_of
from workflows.running.drawn_steps import is_unforeseen
from workflows.running.instances import CaseProcess

Changes = list[Row]


GONE_ON = Bilingual(
    "Hồ sơ đã được xử lý tiếp từ khi chuyển nên không hoàn tác được.",
    "The case has been worked on since it was moved, so it cannot be brought back.",
)
FORGOTTEN = Bilingual(
    "Hồ sơ đã kết thúc hoặc chuyển đã lâu, trạng thái trước khi chuyển không còn được giữ nên không hoàn tác được.",
    "The case has ended or was moved long ago; how it was before is no longer kept, so it cannot be brought back.",
)


class UndoRefused(MoveImpossible):
    """The case cannot be brought back, most often because it has gone on since it was moved; the text says why."""

    def __init__(self, why: Bilingual = GONE_ON) -> None:
        super().__init__(*why)


@Verb(
    "move_case", Action.MOVE_CASES, kinds=DECISION,
    staff=to_version(
        "Quản trị chuyển hồ sơ từ bản {source} sang bản {target} của quy trình",
        "Moved the case from version {source} to version {target} of the process",
    ),
)  # fmt: skip
def move_case(
    case: Case, line: MoveCase, way: LoadedMove, *, by: Actor, now: datetime, has_incident: bool, bindings: Bindings = BINDINGS
) -> Arrival | None:
    """Move every open process of a locked case that runs on the old version, or raise, in which case the unit of work has to be rolled
    back.

    Claims, drafts, limits and timers go along; limits begin anew only where the plan says so, and a claim is released where the step goes
    to a desk its holder does not work at. Returns where the case rests; None for one that has ended, runs on another version or belongs
    elsewhere: it is marked as gone from the plan. Records `move_case`. Raises MoveImpossible, also for an open incident and where a process
    would end or stand past what the case lacks, StateUnreadable, and whatever the engine raises when the new version runs on.
    """
    process = CaseProcess(case, now=now, bindings=bindings)
    own = process.instance_of(None)
    is_elsewhere = case.quarantined_at is not None or way.centre_id not in (None, case.centre_id)
    if is_elsewhere or own is None or own.ended_at is not None or own.version_id != way.source_id:
        line.state, line.why_vi, line.why_en = "gone", *GONE
        return None
    if has_incident:
        raise MoveImpossible(*HAS_INCIDENT)
    changes: Changes = []
    move = line.move
    # each row is written once, at the end: queries in between read only rows that are unchanged here
    with watched(changes.extend), db.session.no_autoflush:
        moved = [each for each in process.instances if each.ended_at is None and each.version_id == way.source_id]
        passage, first = _Passage(process, way, move.target), last_seq(case) + 1
        told = passage.go(moved)
        process.bring_to_rest()
        arrival = passage.arrived()
        for row in told:
            if row.state == "waiting":
                tell_step_waits(case, desk=row.desk, element=row.element, at=now)
        told_of = _versions(move.source, move.target)
        # the move's own events begin at `first`: an undo takes all of them back (casework.facts)
        record(case, "move_case", by=by, at=now, **told_of, reason=move.reason or "", move=move.ref, first=first)
    kept = {"changes": changes, "after": _digests(process.instances)}
    line.before = zstandard.compress(orjson.dumps(kept), level=9)
    line.state, line.moved_at, line.undone_at, line.why_vi, line.why_en = "moved", now, None, None, None
    line.came_to = list(arrival.rests)
    return arrival


@Verb(
    "undo_move_case", Action.MOVE_CASES, kinds=DECISION,
    staff=to_version(
        "Quản trị đưa hồ sơ từ bản {source} về lại bản {target} của quy trình",
        "Brought the case back from version {source} to version {target} of the process",
    ),
)  # fmt: skip
def bring_back(case: Case, line: MoveCase, *, by: Actor, now: datetime, bindings: Bindings = BINDINGS) -> None:
    """Put a locked case back to where it was before it was moved. It then hears what it could not hear meanwhile.

    A step claimed at another desk meanwhile is free again if its holder does not work at the desk it returns to. Records `undo_move_case`.
    Raises UndoRefused where anything in it is no longer as the move left it, or where its former rows have been dropped.
    """
    if line.before is None:
        raise UndoRefused(FORGOTTEN)
    kept = orjson.loads(zstandard.decompress(line.before))
    changes: Changes = kept["changes"]
    _refuse_gone_on(case, kept["after"], net_of(changes))
    told, ref = _versions(line.move.target, line.move.source), line.move.ref
    for draft in _drafts_begun_since(case, changes):
        draft.subject = _subjects_back(changes)[draft.assignment_id, draft.subject]
    db.session.flush()
    take_back(changes)
    for kind in ("clocks", "instances", "steps", "timers"):
        kept_for_step().pop((kind, case.id), None)
    for row in steps_of(case):
        _release_stranger(row, now)
    record(case, "undo_move_case", by=by, at=now, **told, move=ref)
    line.state, line.undone_at, line.before, line.why_vi, line.why_en = "undone", now, None, None, None
    db.session.flush()
    _hear(case, now, bindings)


def _versions(source: ProcessVersion, target: ProcessVersion) -> dict[str, Any]:
    """The versions for an event: their numbers, and their scopes if these differ."""
    numbers: dict[str, Any] = {"from": source.number, "to": target.number}
    if source.centre_id == target.centre_id:
        return numbers
    return numbers | {"whose": ["installation" if each.centre_id is None else "centre" for each in (source, target)]}


class _Passage:
    """The rows of one case during a move: the new name of each step and timer, and its desk."""

    def __init__(self, process: CaseProcess, way: LoadedMove, target: ProcessVersion) -> None:
        self.process, self.way, self.target = process, way, target
        self.case, self.now, self.bindings = process.case, process.now, process.bindings
        # FlatRows asks for the same rows when the case has come to rest
        self.steps, self.timers = process.rows.steps_at_desks(), timers_of(self.case, keeps=True)
        self.stood: dict[ProcessInstance, frozenset[Spot]] = {}

    def go(self, instances: list[ProcessInstance]) -> list[WaitingTask]:
        """Move the instances; returns the drawn steps that now wait at another desk, whose people are to be notified."""
        renamed: dict[tuple[int | None, str], str] = {}
        told: list[WaitingTask] = []
        for instance in instances:
            names = self._move(instance)
            for timer in (each for each in self.timers if each.instance_id == instance.id):
                timer.element = names.get(timer.engine_task, timer.element)
            for row in (each for each in self.steps if each.instance_id == instance.id and each.state in AT_DESKS):
                name = names.get(row.engine_task)
                if name is None:
                    continue  # it no longer waits: FlatRows withdraws it
                if name != row.element:
                    renamed[row.assignment_id, row.element] = name
                if self._follow(row, name) and is_unforeseen(name, self.bindings):
                    told.append(row)
        self._rename_drafts(renamed)
        return told

    def arrived(self) -> Arrival:
        """Return where the moved processes rest once they have run on; raises MoveImpossible if one ended or skipped a required step."""
        rests: set[str] = set()
        skips: list[str] = []
        for instance, stood in self.stood.items():
            if instance.ended_at is not None:
                raise MoveImpossible(*OVER_AT_ONCE)
            old, new = (nets_of(definition)[instance.process_id] for definition in (self.way.old, self.way.new))
            stands = frozenset(token.spot for token in tokens_of(self.process.open(instance), self.way.new, new))
            if (why := reason_against_standing(instance, old, stood, new, stands)) is not None:
                raise MoveImpossible(*why)
            rests |= self.way.shown(spot[-1] for spot in stands)
            skips += left_undone(old, stood, new, stands, self.way.mapping)
        return Arrival(tuple(sorted(rests)), tuple(dict.fromkeys(skips)))

    def _move(self, instance: ProcessInstance) -> dict[str, str]:
        """Move one tree; returns the new names of its waiting steps and timers, by their ids, which stay."""
        workflow = self.process.open(instance)
        try:
            here = places_of(workflow, self.way.old)
            net = nets_of(self.way.old)[instance.process_id]
            self.stood[instance] = frozenset(token.spot for token in tokens_of(workflow, self.way.old, net))
        except LookupError as fault:
            raise MoveImpossible(*UNREADABLE) from fault
        if (held := reason_against(self.way, instance.process_id, here)) is not None:
            raise MoveImpossible(*(held.why or UNREADABLE))
        moved = move_tree(
            workflow, process_id=instance.process_id, old=self.way.old, new=self.way.new, mapping=self.way.mapping, now=self.now,
            keeps_limits=self.way.keeps_limits, services=self.process.call_service,
        )  # fmt: skip
        instance.process_version = self.target
        self.process.replace(instance, moved)
        return _names(moved)

    def _follow(self, row: WaitingTask, name: str) -> bool:
        """Give a waiting step its name and desk in the new version; returns whether the desk changed. People who work there keep their
        claims."""
        element = self.way.new.elements[name]
        clock = running_step_clock(self.case, row.element, assignment=row.assignment)
        if clock is not None:
            if not self.way.keeps_limits or limit_on(element, self.case.centre_id, row.entered_at) is None:
                end_step_clock(self.case, row.element, at=self.now, assignment=row.assignment)
            else:
                clock.element = name
        row.version_id, row.element = self.target.id, name
        desk = desk_of(element, self.case, row.assignment, self.bindings, since=row.entered_at, now=self.now)
        if desk == row.desk:
            return False
        row.desk = desk
        _release_stranger(row, self.now)
        return True

    def _rename_drafts(self, renamed: dict[tuple[int | None, str], str]) -> None:
        if not renamed:
            return
        query = select(Draft).where(Draft.case_id == self.case.id, Draft.subject.in_({element for _assignment, element in renamed}))
        for draft in db.session.scalars(query).all():
            draft.subject = renamed.get((draft.assignment_id, draft.subject), draft.subject)


def _release_stranger(row: WaitingTask, now: datetime) -> None:
    """Release a step whose holder does not work at its desk."""
    if row.claimed_by_id is None or row.desk.startswith(f"{REPORTER}@"):
        return
    if own_desk(actor_for(db.session.get(Account, row.claimed_by_id), now=now), row.desk) is None:
        row.claimed_by_id = row.claimed_at = row.assigned_by_id = None


def _names(workflow: BpmnWorkflow) -> dict[str, str]:
    waiting = [*engine.waiting_steps(workflow), *(task for task, _due in engine.waiting_timers(workflow))]
    return {str(task.id): task.task_spec.name for task in waiting}


def _digests(instances: list[ProcessInstance]) -> dict[str, str]:
    """Digests of the stored trees of the open processes of a case, by process id."""
    return {str(each.id): hashlib.sha256(each.state).hexdigest() for each in instances if each.ended_at is None}


def _refuse_gone_on(case: Case, after: dict[str, str], nets: list[NetChange]) -> None:
    instances = list(db.session.scalars(select(ProcessInstance).where(ProcessInstance.case_id == case.id)))
    failed = select(Incident.id).where(Incident.case_id == case.id, Incident.resolved_at.is_(None)).limit(1)
    if _digests(instances) != after or db.session.scalar(failed) is not None:
        raise UndoRefused
    for net, _columns in changed_since(nets):
        # a draft discarded or sent is no reason, nor that the case was put on hold or resumed since
        if not (net.table.name == "draft" and db.session.scalar(select(Draft.id).where(Draft.id == net.key["id"])) is None):
            raise UndoRefused


def _subjects_back(changes: Changes) -> dict[tuple[int | None, str], str]:
    """The old name of each step, by assignment and its name in the new version."""
    back: dict[tuple[int | None, str], str] = {}
    for net in net_of(changes):
        if net.table.name == WaitingTask.__tablename__ and "element" in net.before:
            row = db.session.get(WaitingTask, net.key["id"])
            if row is not None:
                back[row.assignment_id, net.after["element"]] = net.before["element"]
    return back


def _drafts_begun_since(case: Case, changes: Changes) -> list[Draft]:
    """Drafts of a renamed step that the journal does not know, which follow it back."""
    back = _subjects_back(changes)
    if not back:
        return []
    known = {net.key["id"] for net in net_of(changes) if net.table.name == Draft.__tablename__}
    query = select(Draft).where(Draft.case_id == case.id, Draft.subject.in_({element for _assignment, element in back}))
    return [each for each in db.session.scalars(query) if each.id not in known and (each.assignment_id, each.subject) in back]


def _hear(case: Case, now: datetime, bindings: Bindings) -> None:
    """Let processes that were brought back hear what the other version did not listen for; touch nothing else."""
    process, is_open = CaseProcess(case, now=now, bindings=bindings), False
    for instance in process.instances:
        if instance.status != "running":
            continue
        workflow = engine.unpack(instance.state, definition_of(instance.process_version).specs[instance.process_id])
        names = engine.awaited_messages(workflow) & bindings.facts.keys()
        if any(bindings.facts[name](instance.subject) is not None for name in names):
            process.open(instance)
            is_open = True
    if is_open:
        process.settle()

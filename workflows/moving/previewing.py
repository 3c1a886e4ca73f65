"""Previews what would become of each case of a plan, on copies of its trees; only the verdict is saved.

A case that stays at the same elements and hears nothing new is judged from the copies. Any other is actually moved, in a unit of work that
is rolled back, since only that shows where it comes to rest and who is notified.
"""

import logging
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime

from SpiffWorkflow.bpmn import BpmnWorkflow
from sqlalchemy import bindparam, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError

from casework.cases import lock_case
from casework.db import db, kept_for_step, unit_of_work
from casework.events import case_stream, lock_streams_ahead
from casework.models import Account, Case, EventStream, OutboxMessage
from casework.permissions import SYSTEM, Actor
from casework.permissions.acting_account import ActingAccount
from workflows import engine
from workflows.bindings import BINDINGS, Bindings
from workflows.clock import Clock
from workflows.models import Incident, MoveCase, ProcessInstance, ProcessMove
from workflows.moving.cases import move_case
from workflows.moving.leaps import left_undone
from workflows.moving.mapping import MoveImpossible
from workflows.moving.net import Spot, nets_of
from workflows.moving.plan_cases import fill, locked_line
from workflows.moving.plans import locked_move
from workflows.moving.token_targets import reason_against_standing
from workflows.moving.tokens import tokens_of
from workflows.moving.tree import move_tree, places_of
from workflows.moving.way import GONE, HAS_INCIDENT, UNREADABLE, Arrival, CasePreview, LoadedMove, reason_against, unforeseen
from workflows.running.faults import place_of, root_of
from workflows.running.instances import StateUnreadable

LOGGER = logging.getLogger("langbiang.moving")

TOGETHER = 20
"""Cases previewed between two writes."""


def preview_next(move_id: int, now: datetime, *, most: int = TOGETHER, bindings: Bindings = BINDINGS) -> int:
    """Preview the next waiting cases of a plan and return how many.

    If none is waiting, further cases are added to the plan and counted instead; with none of those either, the plan is ready.

    Results are kept only if the plan is still as it was read. Nothing is locked while trees are moved except a case in a trial move; a case
    somebody is working on is left to the next call.
    """
    db.session.rollback()
    move = db.session.get_one(ProcessMove, move_id, populate_existing=True)
    if move.state != "previewing":
        return 0
    waiting = select(MoveCase.id, MoveCase.case_id).where(MoveCase.move_id == move_id, MoveCase.state == "waiting")
    rows = db.session.execute(waiting.order_by(MoveCase.id).limit(most)).all()
    if not rows:
        return _fill_or_finish(move_id)
    way, by = LoadedMove.of(move), actor_of(move.begun_by_id or move.made_by_id)
    found = previews(way, [case_id for _id, case_id in rows], now, bindings)
    db.session.rollback()
    for line_id, case_id in rows:
        if found[case_id].state == "moves" and found[case_id].arrival is None:
            found[case_id] = _moved_on_trial(line_id, case_id, found[case_id], way, by, now, bindings)
    with unit_of_work():
        move = locked_move(move_id)
        if move.state != "previewing" or move.revision != way.revision:
            return len(rows)
        _keep({id_: found[case_id] for id_, case_id in rows if found[case_id].state != "waiting"}, now)
        return len(rows)


def previews(way: LoadedMove, case_ids: Collection[int], now: datetime, bindings: Bindings = BINDINGS) -> dict[int, CasePreview]:
    """Return the previews of some cases as they are now; one that moves but has no arrival needs a trial move. Reads only."""
    query = select(ProcessInstance).join(Case, ProcessInstance.case_id == Case.id)
    query = query.where(ProcessInstance.case_id.in_(case_ids), ProcessInstance.ended_at.is_(None), Case.quarantined_at.is_(None))
    if way.centre_id is not None:
        query = query.where(Case.centre_id == way.centre_id)
    instances: dict[int, list[ProcessInstance]] = {}
    for row in db.session.scalars(query.order_by(ProcessInstance.assignment_id.is_not(None), ProcessInstance.id)):
        instances.setdefault(row.case_id, []).append(row)
    failed = set(db.session.scalars(select(Incident.case_id).where(Incident.case_id.in_(case_ids), Incident.resolved_at.is_(None))))
    return {case_id: _Looked(way, now, bindings).at(instances.get(case_id, []), case_id in failed) for case_id in case_ids}


class _Looked:
    """One preview of the trees of a case, moved on copies."""

    def __init__(self, way: LoadedMove, now: datetime, bindings: Bindings) -> None:
        self.way, self.now, self.bindings = way, now, bindings
        self.places: set[str] = set()
        self.rests: set[str] = set()
        self.skips: list[str] = []
        self.is_plain = True

    def at(self, instances: Collection[ProcessInstance], has_incident: bool) -> CasePreview:
        """Return the preview: either all of its open instances on the old version move, or none."""
        own = next((each for each in instances if each.assignment_id is None), None)
        if own is None or own.version_id != self.way.source_id:
            return CasePreview("gone", why=GONE)
        first: CasePreview | None = None
        for instance in instances:
            if instance.version_id == self.way.source_id:
                found = self._one(instance, tries=first is None)
                if found is not None and found.why is UNREADABLE:
                    return CasePreview("cannot", self._stood(), UNREADABLE)
                first = first or found
        if has_incident:
            first = CasePreview("cannot", why=HAS_INCIDENT)
        if first is not None:
            return CasePreview(first.state, self._stood(), first.why)
        arrival = Arrival(tuple(sorted(self.rests)), tuple(dict.fromkeys(self.skips))) if self.is_plain else None
        return CasePreview("moves", self._stood(), arrival=arrival)

    def _stood(self) -> tuple[str, ...]:
        return tuple(sorted(self.places))

    def _one(self, instance: ProcessInstance, *, tries: bool) -> CasePreview | None:
        """Preview one instance; returns what prevents its move, UNREADABLE if nothing can be said."""
        try:
            workflow = engine.unpack(instance.state, self.way.old.specs[instance.process_id])
            here = places_of(workflow, self.way.old)
        except Exception:  # damaged: the engine may raise anything
            return CasePreview("cannot", why=UNREADABLE)
        # what only listens does so in every case, so it is not reported
        self.places |= {place for place in here if "beside" not in self.way.old.elements[place].properties}
        held = reason_against(self.way, instance.process_id, here)
        if held is not None or not tries:
            return held
        try:
            moved = move_tree(
                workflow, process_id=instance.process_id, old=self.way.old, new=self.way.new, mapping=self.way.mapping, now=self.now,
                keeps_limits=self.way.keeps_limits,
            )  # fmt: skip
            return self._arrived(instance, workflow, moved)
        except MoveImpossible as impossible:
            return CasePreview("cannot", why=impossible.text)
        except Exception as fault:  # one case must not keep the others from being looked at
            LOGGER.error("preview failed", extra={"instance": instance.id, "error": type(root_of(fault)).__name__})
            return CasePreview("cannot", why=unforeseen(fault))

    def _arrived(self, instance: ProcessInstance, before: BpmnWorkflow, moved: BpmnWorkflow) -> CasePreview | None:
        old, new = (nets_of(definition)[instance.process_id] for definition in (self.way.old, self.way.new))
        stood: frozenset[Spot] = frozenset(token.spot for token in tokens_of(before, self.way.old, old))
        stands: frozenset[Spot] = frozenset(token.spot for token in tokens_of(moved, self.way.new, new))
        hears = (engine.awaited_messages(moved) - engine.awaited_messages(before)) & self.bindings.facts.keys()
        roles = [(self.way.old.elements[spot[1]].role, self.way.new.elements[spot[1]].role) for spot in stood & stands]
        self.is_plain = self.is_plain and stood == stands and not hears and all(was == is_now for was, is_now in roles)
        self.rests |= self.way.shown(spot[-1] for spot in stands)
        self.skips += left_undone(old, stood, new, stands, self.way.mapping)
        why = reason_against_standing(instance, old, stood, new, stands) if self.is_plain else None
        return CasePreview("cannot", why=why) if why is not None else None


class _TrialDone(Exception):
    """Ends a trial move with its result, so that everything it did is rolled back."""

    def __init__(self, arrival: Arrival | None) -> None:
        self.arrival = arrival
        super().__init__()


def _moved_on_trial(
    line_id: int, case_id: int, looked: CasePreview, way: LoadedMove, by: Actor, now: datetime, bindings: Bindings
) -> CasePreview:  # fmt: skip
    """Move a case for real and let it run on; note where it rests and who is notified, and roll everything back."""
    try:
        with unit_of_work():
            case = lock_case(case_id)
            line, has_incident = locked_line(line_id)
            at = instant_for(case, lambda: now)
            arrival = move_case(case, line, way, by=by, now=at, has_incident=has_incident, bindings=bindings)
            raise _TrialDone(replace(arrival, tells=_told(case)) if arrival is not None else None)
    except _TrialDone as seen:
        return replace(looked, arrival=seen.arrival) if seen.arrival is not None else CasePreview("gone", looked.places, GONE)
    except MoveImpossible as impossible:
        return CasePreview("cannot", looked.places, impossible.text)
    except StateUnreadable:
        return CasePreview("cannot", looked.places, UNREADABLE)
    except (StaleDataError, OperationalError) as fault:
        LOGGER.warning("trial put off", extra={"case": case_id, "error": type(fault).__name__})
        return CasePreview("waiting")
    except Exception as fault:  # one case must not keep the others from being looked at
        root = root_of(fault)
        LOGGER.error("trial failed", extra={"case": case_id, "error": type(root).__name__, "place": place_of(root)})
        return CasePreview("cannot", looked.places, unforeseen(fault))


def _told(case: Case) -> tuple[str, ...]:
    """Who was notified of the case in this unit of work: `reporter`, `account`, or the role of a desk."""
    written = [each for each in kept_for_step().values() if isinstance(each, OutboxMessage) and each.case_id == case.id]
    told = [each.recipient.partition(":") for each in written]
    return tuple(sorted({rest.partition("@")[0] if kind == "desk" else kind for kind, _, rest in told}))


def instant_for(case: Case, clock: Clock) -> datetime:
    """The instant for an act on a locked case: never before the last one on it, whichever server's clock that was."""
    lock_streams_ahead([case])
    head = db.session.get(EventStream, case_stream(case))
    return clock() if head is None else max(clock(), head.changed_at)


def actor_of(account_id: int | None) -> Actor:
    """The person on whose behalf a plan is carried out; the software where nobody is named."""
    account = db.session.get(Account, account_id) if account_id is not None else None
    return Actor(ActingAccount.of(account)) if account is not None else SYSTEM


def _keep(found: Mapping[int, CasePreview], now: datetime) -> None:
    rows = [
        {
            "line": id_, "found": each.state, "at_places": list(each.places), "vi": each.why.vi if each.why else None,
            "en": each.why.en if each.why else None,
            "told": each.arrival.told() if each.arrival else None,
        }
        for id_, each in found.items()
    ]  # fmt: skip
    table = MoveCase.__table__
    change = (
        update(table)  # type: ignore[arg-type]  # a mapped class's table is one
        .where(table.c.id == bindparam("line"), table.c.state == "waiting")
        .values(
            state=bindparam("found"), places=bindparam("at_places"), why_vi=bindparam("vi"), why_en=bindparam("en"),
            forecast=bindparam("told"), previewed_at=now,
        )
    )
    db.session.connection().execute(change, rows)


def _fill_or_finish(move_id: int) -> int:
    """Add further cases to the plan, or note that all are previewed; returns how many were added."""
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

"""Ways that cross from one version of the process to another: on to its end in the new one, and back into the old one."""
from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace

from casework.db import db, unit_of_work
from tests import drawn_steps as drawn
from tests.build import World
from tests.scenarios.straight import EVENTS, STRAIGHT, WINDOW, answer, at_work, finish, publish, straight_but
from tests.scenarios.walking import Walk
from tests.scenarios.way import Way, at, look
from tests.workflows.moving.cases import begun, fates, planned, undone, versions
from workflows.definitions.process import shipped_model
from workflows.models import ProcessMove, ProcessVersion
from workflows.moving import batch
from workflows.versions.live import live_version

HANDLING = look("handling", ["submit_answer officer PTNMT"], "Đang xử lý", "Đang xử lý", due="10/03 00:00")


@contextmanager
def other_version(xml: bytes) -> Iterator[tuple[ProcessVersion, ProcessVersion]]:
    """The version that is live and another one, which is live inside alone: the other ways of this world run on the shipped one."""
    before = live_version(None)
    new = drawn.put_live(xml)
    try:
        yield before, new
    finally:
        with unit_of_work():
            new, before = db.session.get_one(ProcessVersion, new.id), db.session.get_one(ProcessVersion, before.id)
            new.state, new.retired_at = "retired", new.live_at
            db.session.flush()
            before.state, before.retired_at = "live", None


def all_of_it(w: Walk) -> None:
    """What the worker has to do for a plan, in as many rounds as that takes."""
    while batch.go_on(w.now):
        pass


def moved(w: Walk, when: str, source: ProcessVersion, target: ProcessVersion) -> ProcessMove:
    """By an administrator; the case of this way goes along."""
    w.now = at(when)
    move = planned(w.world, source, target, now=w.now)
    all_of_it(w)
    move = begun(w.world, db.session.get_one(ProcessMove, move.id), now=w.now)
    all_of_it(w)
    assert fates(move)[w.case.code] == "moved"
    return move


# -- on to the end in the new version ---------------------------------------------------------------------------------

def with_cost_check() -> bytes:
    """The shipped model with one step more before an answer is published."""
    return drawn.step_on(shipped_model(), "is_answered_to_publish", drawn.COST_CHECK)


def walk_moved(world: World) -> Walk:
    w = at_work(world)
    with other_version(with_cost_check()) as (source, target):
        moved(w, "02/03 15:00", source, target)
        w.look("moved")
        assert {number for _process, number, _ended in versions(w.case)} == {target.number}
        answer(w)
        w.look("answered")
        w.do("03/03 11:00", "cost_check", "operator", values={"settled": True, "cost": 3})
        publish(w)
        w.window_ends(WINDOW, "rating_window")
    return w


MOVED = Way("moved to another version of the process", walk_moved, straight_but(
    after="accept_assignment", does=("move_case",), told=("step_waiting operator",), elements=STRAIGHT - {"is_answered_to_publish"},
    events=(*EVENTS[:6], "move_case", *EVENTS[6:-2], "do_step", *EVENTS[-2:]),
    looks={"moved": HANDLING, "answered": replace(HANDLING, state="to_publish", tasks=frozenset({"cost_check operator"}))},
))

# -- and back ---------------------------------------------------------------------------------------------------------

def walk_there_and_back(world: World) -> Walk:
    w = at_work(world)
    before = versions(w.case)
    with other_version(with_cost_check()) as (source, target):
        move = moved(w, "02/03 15:00", source, target)
        w.now = at("02/03 15:30")
        undone(w.world, move, now=w.now)
        all_of_it(w)
        w.look("back")
    assert versions(w.case) == before
    return finish(w)


THERE_AND_BACK = Way("moved to another version of the process, and back", walk_there_and_back, straight_but(
    after="accept_assignment", does=("move_case", "undo_move_case"), told=(), looks={"back": HANDLING},
))

WAYS = (MOVED, THERE_AND_BACK)

"""Cases that are divided and joined at random, while everything else happens to them too: redone, handed back, merged, withdrawn, reopened,
set apart, moved to another version of the process."""
from __future__ import annotations

from collections import Counter
from random import Random

import pytest
from flask import Flask

from casework.db import db
from casework.models import Case
from casework.parts import parts_of
from tests import build
from tests import drawn_steps as drawn
from tests.scenarios.lives import Lives
from tests.whole import WHOLE
from tests.workflows.moving.cases import carried_out, live
from workflows.definitions.process import shipped_model
from workflows.running.wakeups import deliver_messages

FAMILY = ("merge", "split", "withdraw_report", "quarantine", "hold", "remove_agency", "add_agency", "publish_interim",
          "correct_publication", "unpublish", "refuse", "request_extension")  # fmt: skip
ACTS = 200 if WHOLE else 50
LIVES = 6 if WHOLE else 1
MET = ("divide", "join_part", "moved", "approve_answer/redo_answer", "accept_assignment/hand_back")
"""What these lives must have brought at least once."""


def moved(lives: Lives, number: int) -> None:
    """All running cases go to a new version, which reads otherwise in one place."""
    source = live()
    target = drawn.put_live(shipped_model().replace("Người phản ánh rút".encode(), f"Người gửi rút, bản {number}".encode()))
    carried_out(lives.world, source, target, now=lives.now)
    lives.done["moved"] += 1


def divide(lives: Lives) -> None:
    """Somebody tries to split a part off a case that agencies are at work on."""
    at_work = [each.id for each in cases_of(lives) if each.parent_id is None and each.state in ("handling", "approval", "redo")]
    lives.act_beside(["divide"], at_work)


def join(lives: Lives) -> None:
    """Somebody tries to join a part to its case again."""
    lives.act_beside(["join_part"], [each.id for each in cases_of(lives) if each.parent_id is not None and each.closed_at is None])


def cases_of(lives: Lives) -> list[Case]:
    return [db.session.get_one(Case, id_) for id_ in lives.case_ids]


def lived(world: build.World, lot: int) -> Lives:
    """Five cases at work and one to be looked at again, two of them divided; then whatever the lot brings."""
    cases = [build.case_at(world, state) for state in ("handling", "handling", "handling", "approval", "at_agency")]
    again = build.case_at(world, "rating")
    build.rate(world, again, level="dissatisfied")
    lives = Lives(world, Random(lot))
    lives.case_ids = [case.id for case in (*cases, again)]
    for number in range(ACTS):
        what = lives.random.random()
        if number < 4 or what < 0.08:
            divide(lives)
        elif what < 0.12:
            join(lives)
        elif what < 0.62:
            lives.do_a_step()
        elif what < 0.90:
            lives.act_beside(FAMILY)
        elif what < 0.96:
            lives.act_beside()
        else:
            lives.let_time_pass()
        if number % 30 == 29:
            moved(lives, lot * 1000 + number)
            look(lives)
    look(lives)
    return lives


def look(lives: Lives) -> None:
    """A case hears that its part has ended when the worker tells it, which takes a moment."""
    deliver_messages(lives.now)
    lives.check_all()


@pytest.mark.exhaustive(but=2)
def test_whatever_is_divided_and_joined_the_house_stays_in_order(app: Flask) -> None:
    world, done, parts = build.standard_world(), Counter[str](), 0
    for lot in range(LIVES):
        lives = lived(world, lot)
        done += lives.done
        parts += sum(len(parts_of(case)) for case in cases_of(lives))
    assert [what for what in MET if not done[what]] == []
    assert parts == done["divide"]

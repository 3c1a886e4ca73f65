"""What may be told to whom: nothing of a case in quarantine, not even to its sender."""
from __future__ import annotations

from collections.abc import Callable

import pytest
from flask import Flask

from casework import publishing
from casework.db import db, unit_of_work
from casework.models import Case, Publication
from tests import build

WORDS = {"title": "Rác đổ ven suối", "question": "Người dân phản ánh rác đổ ven suối."}


def publish(case: Case, world: build.World) -> None:
    publishing.publish(case, by=world.actor("operator"), now=build.NOON, checked=True, **WORDS)


def answer_privately(case: Case, world: build.World) -> None:
    publishing.answer_privately(case, by=world.actor("operator"), now=build.NOON, **WORDS)


@pytest.mark.parametrize("act", [publish, answer_privately])
def test_a_case_in_quarantine_is_answered_to_nobody(app: Flask, act: Callable[[Case, build.World], None]) -> None:
    world = build.standard_world()
    case = build.case_at(world, "to_publish")
    with unit_of_work():
        db.session.merge(case).quarantined_at = build.NOON
    with pytest.raises(publishing.PublicationRefused, match="a procedure of its own"), unit_of_work():
        act(case, world)
    assert db.session.query(Publication).count() == 0

"""What Open311 gives away of a marked sender while a report goes its whole way: nothing, in either form, to anybody who asks."""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from flask import Flask

from casework.db import db
from casework.doors.gates import Door, setting_of
from casework.models import Answer
from tests import build
from tests.system.canary import IN_TRANSCRIPT, MARKS
from tests.system.journey import Journey
from tests.system.marks import Mark, found_in
from tests.web.open311.asked import House, new_key, put
from tests.web.open311.test_filing import code_of, sent
from tests.web.pages import at

pytestmark = pytest.mark.exhaustive(but=1)

UNPUBLISHED = (Mark("findings of an answer", "có khoảng 2 m³ rác"), Mark("what an agency did", "dọn sạch (PTNMT)"))
"""What the agencies have written, and nobody has published."""


def answers(house: House, code: str, keys: tuple[str, ...]) -> Iterator[tuple[str, bytes]]:
    """Each answer to whoever asks, with its headers."""
    paths = ("requests", f"requests/{code}", "servicerequestupdates", "services", f"tokens/{code}")
    for key in keys:
        for path in paths:
            for form in ("json", "xml"):
                for query in ({}, {"extensions": "true"}):
                    told = house.get(f"{path}.{form}", key=key, **query)
                    yield f"{path}.{form} {'with' if key else 'without'} a key", told.data + str(told.headers).encode()


def test_a_marked_report_goes_its_whole_way_and_no_answer_holds_a_mark(sqlite_app: Flask) -> None:
    world = build.standard_world()
    at(sqlite_app, build.NOON)
    put(world, setting_of(Door.OPEN311), "open")
    house, keys, faults, stages = House(sqlite_app, world), ("", new_key(world)), list[str](), list[str]()

    def look(act: str) -> None:
        stages.append(act)
        unwanted = (*MARKS, IN_TRANSCRIPT, *(() if act in ("publish", "rate") else UNPUBLISHED))
        listed = dict(answers(house, journey.code, keys))
        assert any(journey.code.encode() in told for told in listed.values()), "it is there, or that no mark is proves nothing"
        faults.extend(f"{act}, {place}: {found}" for place, told in listed.items() if (found := found_in(told, unwanted)))

    journey = Journey(sqlite_app, world, stop=look)
    journey.whole()
    assert faults == []
    assert stages[-1] == "rate"
    shown = b"".join(told for _place, told in answers(house, journey.code, keys))
    assert found_in(shown, UNPUBLISHED), "once it is published the same words are found"


@pytest.mark.parametrize("state", ["to_verify", "approval", "to_publish"])
def test_neither_the_exact_point_nor_a_waiting_answer_is_told(app: Flask, state: str) -> None:
    world = build.standard_world()
    at(app, build.NOON)
    put(world, setting_of(Door.OPEN311), "open")
    house = House(app, world)
    key = new_key(world)
    other = new_key(world, name="Ứng dụng khác")
    code = code_of(sent(house, key, address_id=None, lat="12.012345", long="108.456789", attribute=None))
    case = build.advance(world, db.session.query(build.Case).filter_by(code=code).one(), state)
    at(app, build.next_moment(case))
    waiting = [Mark(f"answer {row.id}", row.findings) for row in db.session.query(Answer)]
    assert bool(waiting) is (state != "to_verify")
    point = (Mark("latitude", "12.0123"), Mark("longitude", "108.4567"))
    for place, told in answers(house, code, ("", other, key)):
        assert found_in(told, (*waiting, *point)) == set(), place

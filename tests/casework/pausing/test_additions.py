"""What reporters write after filing: sealed, read by an operator, cleared for agencies or not."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask

from casework.db import db
from casework.models import Case
from casework.pausing import additions, holds
from casework.pausing.additions import AdditionRefused
from casework.permissions import Actor, NotAllowed
from casework.triage import refusals
from tests import build
from tests.build import NOON, World
from tests.casework.acting import guest_of, local, payload, run, told


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def write(world: World, case: Case, words: str = "Nay có thêm xác cá.", *, by: Actor | None = None, **arguments: Any) -> None:
    run(additions.write_to_centre, case, by or world.actor("citizen"), report=case.main_report, words=words, **arguments)


def clear(world: World, case: Case, words: str = "", *, by: str = "operator", **arguments: Any) -> Any:
    return run(additions.clear_addition, case, world.actor(by), words=words, **arguments)


@pytest.mark.parametrize("state", ["to_verify", "handling", "rating"])
def test_a_reporter_writes_until_the_case_is_closed(world: World, state: str) -> None:
    case = build.case_at(world, state)
    write(world, case)
    assert (case.state, case.has_unread_words) == (state, True)
    row, = additions.additions_of(case)
    assert additions.addition_words(row) == "Nay có thêm xác cá."
    assert "xác cá".encode() not in (row.sealed_words or b"")
    assert told("reporter_wrote") == [f"desk:operator@c{world.centre.id}"]
    assert payload(case) == {"report": case.code}


def test_also_while_the_case_rests(small: World) -> None:
    case = build.case_at(small, "handling")
    run(holds.hold, case, small.actor("ops_lead"), reason="Chờ đo.", until=local(6, 3).date())
    write(small, case)
    assert case.has_unread_words


def test_nothing_is_added_to_what_has_ended(small: World) -> None:
    closed, refused = build.case_at(small, "closed"), build.case_at(small, "to_verify")
    run(refusals.refuse, refused, small.actor("operator"), reason=small.refusal_reason(), words="Chưa rõ.")
    for case in (closed, refused):
        with pytest.raises(AdditionRefused, match="Nothing more"):
            write(small, case)


@pytest.mark.parametrize("words", ["\n ", "x" * 4001])
def test_an_addition_has_words_of_a_readable_length(small: World, words: str) -> None:
    case = build.case_at(small, "to_verify")
    with pytest.raises(AdditionRefused, match="4000 characters"):
        write(small, case, words)


def test_only_the_sender_adds(small: World) -> None:
    case = build.case_at(small, "to_verify")
    for stranger in ("citizen_2", "operator", "guest"):
        with pytest.raises(NotAllowed):
            write(small, case, by=small.actor(stranger))
    write(small, case, by=guest_of(case.main_report))


def test_the_operator_reads_all_and_clears_what_agencies_may_know(world: World) -> None:
    case = build.case_at(world, "handling")
    write(world, case)
    write(world, case, "Tôi là Thử, số 0912345678, có xác cá.", now=NOON + timedelta(minutes=1))
    later = NOON + timedelta(hours=1)
    assert clear(world, case, "Có xác cá nổi.", now=later) == {"outcome": "read", "left": 0}
    first, second = additions.additions_of(case)
    assert (first.cleared_words, second.cleared_words) == (None, "Có xác cá nổi.")
    assert {(row.read_at, row.read_by_id) for row in (first, second)} == {(later, world.people["operator"].id)}
    assert case.has_unread_words is False
    assert told("words_cleared") == [f"desk:officer@a{world.agencies['PTNMT'].id}"]
    assert payload(case) == {"report": case.code, "additions": 2, "cleared": True}


def test_what_is_only_read_is_told_to_no_agency(small: World) -> None:
    case = build.case_at(small, "handling")
    write(small, case)
    clear(small, case)
    assert [row.cleared_words for row in additions.additions_of(case)] == [None]
    assert told("words_cleared") == []
    assert payload(case)["cleared"] is False


def test_what_came_in_while_the_operator_read_stays_unread(small: World) -> None:
    case = build.case_at(small, "handling")
    write(small, case)
    seen = [row.ref for row in additions.additions_of(case)]
    write(small, case, "Còn nữa.", now=NOON + timedelta(minutes=1))
    assert clear(small, case, "Có xác cá.", seen=seen) == {"outcome": "read", "left": 1}
    assert case.has_unread_words is True
    assert [row.cleared_words for row in additions.additions_of(case)] == ["Có xác cá.", None]
    assert clear(small, case) == {"outcome": "read", "left": 0}


def test_there_is_nothing_to_read_where_nobody_wrote(small: World) -> None:
    case = build.case_at(small, "handling")
    with pytest.raises(AdditionRefused, match="Nothing"):
        clear(small, case)
    write(small, case)
    with pytest.raises(AdditionRefused, match="4000"):
        clear(small, case, "x" * 4001)


def test_only_the_operations_team_reads(small: World) -> None:
    case = build.case_at(small, "handling")
    write(small, case)
    with pytest.raises(NotAllowed):
        clear(small, case, by="officer_PTNMT")
    assert db.session.merge(case).has_unread_words

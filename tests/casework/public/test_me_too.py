"""“Tôi cũng gặp”: one voice a person and case, counted and never named, gone with whoever gave it."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.contacts.devices import issue_device
from casework.db import db, unit_of_work
from casework.models import Case, Device, Event, MeToo, Reporter
from casework.permissions import Actor
from casework.public.me_too import MeTooRefused, erase_me_too, has_said_me_too, me_too_counts, say_me_too, take_me_too_back
from tests import build

NOON = build.NOON
GUEST = Actor(account=None)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def browser() -> Device:
    with unit_of_work():
        return issue_device(None, now=NOON)[0]


def say(case: Case, by: Actor = GUEST, device: Device | None = None) -> int:
    with unit_of_work():
        here = db.session.merge(device) if device is not None else None
        say_me_too(db.session.merge(case), by=by, device=here, now=NOON + timedelta(hours=1))
    return me_too_counts([case.id]).get(case.id, 0)


def test_each_person_counts_once_by_account_or_by_browser(world: build.World) -> None:
    case, first, second = build.case_at(world, "handling"), browser(), browser()
    events = db.session.scalar(select(func.count()).select_from(Event))
    neighbour = world.actor("citizen_2")
    assert [say(case, device=first), say(case, device=first), say(case, device=second), say(case, neighbour), say(case, neighbour)] == [
        1, 1, 2, 3, 3]  # fmt: skip
    # whoever said it before signing in is the same person after it
    assert say(case, neighbour, second) == 2
    assert has_said_me_too(case, by=neighbour, device=None)
    assert not has_said_me_too(case, by=GUEST, device=second)
    with unit_of_work():
        take_me_too_back(db.session.merge(case), by=GUEST, device=first)
        take_me_too_back(db.session.merge(case), by=GUEST, device=first)
    assert me_too_counts([case.id]) == {case.id: 1}
    assert db.session.scalar(select(func.count()).select_from(Event)) == events


def test_nobody_says_it_of_their_own_report_or_without_anything_to_be_known_by(world: build.World) -> None:
    case, sender = build.case_at(world, "handling"), browser()
    tracker = Actor(account=None, tracked_report_ids=frozenset({case.main_report.id}))
    with unit_of_work():
        db.session.merge(case).main_report.device_id = sender.id
    for by, device in ((world.actor("citizen"), None), (tracker, browser())):
        with pytest.raises(MeTooRefused, match="You sent this report"):
            say(case, by, device)
    with pytest.raises(MeTooRefused, match="sign in"):
        say(case)
    assert me_too_counts([case.id]) == {}
    say(case, GUEST, sender)
    assert me_too_counts([case.id]) == {case.id: 1}, "who else holds the telephone is not told that an account has sent it"
    with unit_of_work():
        db.session.get_one(Reporter, case.main_report.reporter_id).account_id = None
    with pytest.raises(MeTooRefused, match="You sent this report"):
        say(case, GUEST, sender)


@pytest.mark.parametrize("columns", [{"quarantined_at": NOON}, {"state": "refused"}, {"state": "withdrawn"}])
def test_it_is_said_of_no_case_the_public_may_not_know_of(world: build.World, columns: dict[str, object]) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        for name, value in columns.items():
            setattr(db.session.merge(case), name, value)
    with pytest.raises(MeTooRefused, match="no such case"):
        say(case, world.actor("citizen_2"))


@pytest.mark.exhaustive
def test_what_was_said_of_a_merged_case_counts_at_its_main_and_comes_back_with_a_split(world: build.World) -> None:
    main = build.case_at(world, "handling")
    other = build.case_at(world, "handling", by="citizen_2", now=NOON + timedelta(minutes=5))
    say(other, world.actor("operator"))
    say(main, device=browser())
    with unit_of_work():
        db.session.merge(other).merged_into_id = main.id
    assert me_too_counts([main.id]) == {main.id: 2}
    assert say(db.session.get_one(Case, other.id), world.actor("operator_2")) == 0
    assert me_too_counts([main.id]) == {main.id: 3}
    with unit_of_work():
        db.session.merge(other).merged_into_id = None
    assert me_too_counts([main.id, other.id]) == {main.id: 2, other.id: 1}


def test_with_an_account_or_a_browser_all_it_said_is_gone(world: build.World) -> None:
    case, device = build.case_at(world, "handling"), browser()
    say(case, device=device)
    say(case, world.actor("citizen_2"))
    with unit_of_work():
        erase_me_too(account=world.people["citizen_2"])
    assert me_too_counts([case.id]) == {case.id: 1}
    with unit_of_work():
        erase_me_too(device=device)
    assert db.session.scalars(select(MeToo)).all() == []

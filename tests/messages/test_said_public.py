"""What a sender is told of an answer that was taken off the public page before the message left, by a real mail server."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Case, HeldAct, Publication
from casework.taking_back.held_acts import Hold, SentForm
from tests import build, merged
from tests.messages.house import BY_MAIL, House, gateways_to, told_of_everything
from tests.outside import Outside
from workflows.running import steps
from workflows.running.carrying_out import carry_out_due, take_back

TEXT = {"title": "Rác ven suối", "question": "Người dân báo có rác ven suối.", "checked": True}


@pytest.fixture
def house(sqlite_app: Flask, mail: Outside) -> House:
    return House(sqlite_app, gateways_to(mail))


def unsaid(house: House, state: str = "to_publish", **arguments: int) -> Case:
    """A case whose sender was told of everything so far."""
    case = build.case_at(house.world, state, by="guest", contact=BY_MAIL, **arguments)
    told_of_everything()
    return case


def newest(case: Case, kind: str = "final") -> Publication:
    query = select(Publication).where(Publication.case_id == case.id, Publication.kind == kind)
    return db.session.scalars(query.order_by(Publication.number.desc())).first()  # type: ignore[return-value]


def unpublish(house: House, case: Case, kind: str = "final") -> None:
    build.act(house.world, case, "unpublish", "operator", publication=newest(case, kind), reason="Lộ tên người.")


def publish_again(house: House, case: Case) -> None:
    row = newest(case)
    build.act(house.world, case, "correct_publication", "operator", publication=row, version_seen=row.current.version, again=True,
              reason="Đã che tên người.", **TEXT)  # fmt: skip


def heard(house: House, case: Case) -> tuple[list[str], dict[str, str | None]]:
    """What the sender hears once everything has left, and why the rest does not leave."""
    house.now = build.next_moment(case)
    house.route()
    house.send()
    rows = house.deliveries
    assert all(row.sent_at is not None or row.dropped_at is not None for row in rows)
    return [row.template for row in rows if row.sent_at is not None], {row.template: row.last_error for row in rows if row.sent_at is None}


@pytest.mark.parametrize("is_routed", [False, True], ids=["before it is routed", "while it waits for its turn"])
def test_of_an_answer_taken_back_before_its_message_left_only_that_it_was_taken_back_is_told(house: House, is_routed: bool) -> None:
    case = unsaid(house)
    build.publish(house.world, case)
    if is_routed:
        house.now = build.next_moment(case)
        house.route()
    unpublish(house, case)
    assert heard(house, case) == (["report_unpublished"], {"report_published": "not_public"})


def test_an_answer_published_again_before_anything_left_is_told_as_one_that_stands(house: House) -> None:
    case = unsaid(house)
    build.publish(house.world, case)
    unpublish(house, case)
    publish_again(house, case)
    assert heard(house, case) == (["report_published", "report_corrected"], {"report_unpublished": "out_of_date"})


def test_what_was_heard_before_is_followed_by_all_that_came_of_it(house: House) -> None:
    case = unsaid(house)
    build.publish(house.world, case)
    assert heard(house, case)[0] == ["report_published"]
    unpublish(house, case)
    assert heard(house, case)[0] == ["report_published", "report_unpublished"]
    publish_again(house, case)
    assert heard(house, case) == (["report_published", "report_unpublished", "report_corrected"], {})


def test_first_results_taken_back_are_not_told_though_the_answer_is_public_by_now(house: House) -> None:
    case = unsaid(house, "approval", agencies=2)
    leader = f"leader_{case.assignments[0].agency.key}"
    build.do(house.world, case, "approve_answer", leader, agency=case.assignments[0].agency)
    build.act(house.world, case, "publish_interim", "operator", **TEXT)
    unpublish(house, case, "interim")
    assert heard(house, case) == (["report_unpublished"], {"report_interim": "not_public"})
    build.advance(house.world, case, "rating", agencies=2)
    assert heard(house, case)[0] == ["report_unpublished", "report_published"]


def test_who_joins_by_a_merge_hears_of_an_answer_taken_back_that_it_is_theirs_alone(house: House) -> None:
    into = build.case_at(house.world, "rating", by="citizen_2")
    unpublish(house, into)
    case = unsaid(house, "to_verify")
    merged.merge(house.world, case, into)
    assert heard(house, into) == (["report_merged", "report_answered"], {})


def test_an_answer_taken_back_after_a_merge_is_not_told_to_who_joined(house: House) -> None:
    into = build.case_at(house.world, "rating", by="citizen_2")
    case = unsaid(house, "to_verify")
    merged.merge(house.world, case, into)
    unpublish(house, into)
    assert heard(house, into) == (["report_merged", "report_unpublished"], {"report_published": "not_public"})


def test_a_publication_held_and_taken_back_is_never_told_and_the_next_one_is(house: House) -> None:
    case, world = unsaid(house), house.world
    now = build.next_moment(case)
    task = build.waiting(case, "publish")
    held = Hold(timedelta(minutes=2), SentForm())
    with unit_of_work():
        steps.perform(task.ref, by=world.actor("operator", now), now=now, act="publish", given=build.input_at(task, "publish", TEXT),
                      hold=held)  # fmt: skip
    [row] = db.session.scalars(select(HeldAct))
    with unit_of_work():
        take_back(row.ref, by=world.actor("operator", now), now=now + timedelta(minutes=1))
    carry_out_due(now + timedelta(minutes=3))
    assert heard(house, case) == ([], {})
    build.publish(world, case)
    assert heard(house, case)[0] == ["report_published"]

"""A new step: an administrator draws it, a second person approves it, a new case goes through it on a phone, and an old one ends on its
version; then, on Monday, every open case moves, and a leader works the new step of one of them.

Everything by the pages but what other tests press already: cases are brought near the step by the use cases themselves. Hundreds of cases
move in a whole run (WHOLE_TESTS=yes), else a few more than the page moves by itself.
"""
from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import expect
from sqlalchemy import create_engine, func, select

from benchmark.copies import multiply
from benchmark.plan import Block, Turned, plan_of
from casework.db import db, unit_of_work
from casework.models import Case
from tests import build
from tests.browser.drawing import BASIS, approve, do, draw_the_step, records, versions, work_the_step
from tests.browser.house import House, Visitor, opened
from tests.browser.waiting import next_document
from tests.whole import WHOLE
from tests.workflows.moving.cases import faults
from web.clock import now
from web.studio.moves import AT_ONCE
from workflows.models import MoveCase, ProcessInstance, ProcessMove
from workflows.moving import batch
from workflows.running.steps import claim
from workflows.versions.live import live_version

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.exhaustive]

CASES = 300 if WHOLE else AT_ONCE + 5


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment) as house:
        yield house


def test_a_drawn_step_is_worked_while_old_cases_end_as_they_began_until_on_monday_every_open_one_goes_on_with_it(house: House) -> None:
    world = house.world
    assert world is not None
    old, one = (build.case_at(world, "approval") for _ in range(2))
    first = live_version(world.centre.id).id

    administrator = house.visitor("administrator")
    draw_the_step(administrator)
    approve(house.visitor("process_approver"))
    administrator.page.reload()
    do(administrator, "put_live")
    db.session.rollback()
    second = live_version(world.centre.id)
    assert second.id != first

    new = build.case_at(world, "to_publish", now=build.NOON)
    ops_lead = house.visitor("ops_lead")
    work_the_step(ops_lead, new)
    db.session.rollback()
    build.advance(world, new, "closed")
    build.advance(world, old, "closed")
    db.session.expire_all()
    assert {case.state for case in (old, new)} == {"closed"}
    assert records(new) == {("can_cu", BASIS), ("hop_phap", "true")}
    assert not records(old)
    assert versions(old) == {first}
    assert versions(new) == {second.id}

    let_there_be_more_like(one, world)
    held = claimed(world, one)
    move(administrator, second.ref)
    db.session.rollback()
    assert list(db.session.scalars(select(MoveCase.state))) == ["moved"] * CASES
    assert open_on(first) == 0
    assert versions(one) == {second.id}
    assert build.waiting(one, "approve_answer").claimed_by_id == held
    assert faults() == []

    build.do(world, one, "approve_answer", "leader_PTNMT", now=now())
    work_the_step(ops_lead, one)
    db.session.rollback()
    assert len(records(one)) == 2
    assert build.waiting(one, "publish").version_id == second.id
    assert not house.faults, "\n".join(house.faults)


def let_there_be_more_like(case: Case, world: build.World) -> None:
    """So many cases that wait for the approval of their agency's leader, as this one does, on the version it began on."""
    before = db.session.scalar(select(func.count()).select_from(Case)) or 0
    own = Turned([world.agencies["PTNMT"].id], [world.area.id], [world.field().id], [])
    plan = plan_of([Block(case.id, CASES - 1)], own, now=build.NOON)
    db.session.rollback()
    engine = create_engine(db.engine.url)
    with engine.begin() as connection:
        multiply(connection, plan)
    engine.dispose()
    db.session.rollback()
    assert db.session.scalar(select(func.count()).select_from(Case)) == before + CASES - 1


def claimed(world: build.World, case: Case) -> int:
    """A leader holds the step of that case; whose number."""
    moment = build.next_moment(case)
    with unit_of_work():
        claim(build.waiting(case, "approve_answer").ref, by=world.actor("leader_PTNMT", moment), now=moment)
    return world.people["leader_PTNMT"].id


def move(administrator: Visitor, target: str) -> None:
    """From the page of the version to the last case, watched while the worker is at it."""
    page = administrator.page
    administrator.go(f"/studio/versions/{target}")
    administrator.press("Chuyển hồ sơ đang mở sang bản này")
    administrator.look("moves-from")
    administrator.press("Xem trước")
    preview_the_rest(administrator)
    expect(page.locator("main")).to_contain_text(f"{CASES} hồ sơ được chuyển")
    administrator.look("move-ready")
    page.get_by_label("Lý do").fill("Áp dụng bước thẩm định pháp lý cho hồ sơ đang mở.")
    with next_document(page):
        page.locator("form[action$='/beginning'] button").click()
    expect(page.locator("#progress")).to_contain_text("hồ sơ chưa chuyển.")
    administrator.look("move-going-on")
    at_work()
    expect(page.locator("main")).to_contain_text("Đã xong")                       # the page loads itself again
    administrator.look("move-done")


def preview_the_rest(administrator: Visitor) -> None:
    """What the page did not look at while one waited, the worker does."""
    expect(administrator.page.locator("#progress")).to_contain_text("chưa xem trước")
    at_work()


def at_work() -> None:
    """The worker's job, until nothing is left."""
    db.session.rollback()
    while db.session.scalar(select(ProcessMove.id).where(ProcessMove.state.in_(batch.AT_WORK)).limit(1)) is not None:
        batch.go_on(now())
        db.session.rollback()


def open_on(version_id: int) -> int:
    query = select(func.count()).select_from(ProcessInstance)
    return db.session.scalar(query.where(ProcessInstance.version_id == version_id, ProcessInstance.ended_at.is_(None))) or 0

"""Plans drawn at random over one world with cases in many states, done and undone again: what must hold whatever the plan."""
from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import count
from typing import Any

from hypothesis import strategies as st
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Agency, Area, Assignment, Case, Centre, Clock, Membership
from casework.permissions import Role
from casework.reorganising import plans
from casework.reorganising.blueprint import BodyKind
from casework.reorganising.cases import GOING_STATES
from tests import build, reorganised
from tests.reorganised import MORNING, differences, everything
from tests.second_centre import of_the_installation
from workflows.models import WaitingTask
from workflows.reorganising import acts as reorganising
from workflows.reorganising import undo as reorganisation_undo
from workflows.running import steps
from workflows.verification import check_process

NUMBERS = count(1)
ROOT = "root"
STATES = ("to_verify", "to_distribute", "at_agency", "handling", "approval", "to_publish", "rating", "closed")


def furnished() -> build.World:
    """A world with five communes, six agencies and cases in them, some steps taken, one case on hold."""
    world = build.standard_world()
    cases = [build.case_at(world, state, agencies=1 + number % 3) for number, state in enumerate(STATES)]
    cases.append(build.case_at(world, "handling", agencies=3))
    build.act(world, cases[-1], "hold", "ops_lead", reason="Chờ khảo sát.", until=reorganised.DAY + timedelta(days=2))
    with unit_of_work():
        for name in ("Xã Một", "Xã Hai", "Xã Ba"):
            build.commune(world, name)
        for number in (1, 2, 3):
            row = build.agency(world, f"DV{number}", f"Đơn vị {number}", f"Agency {number}")
            build.staff(world, f"officer_DV{number}", Role.OFFICER, agency=row)
        areas = list(world.areas.values())
        for number, case in enumerate(cases[:-3]):
            db.session.get_one(Case, case.id).area_id = areas[number % len(areas)].id
    for element, by in (("submit_answer", "officer_PTNMT"), ("verify", "operator")):
        task = db.session.scalars(select(WaitingTask).where(WaitingTask.element == element, WaitingTask.state == "waiting")).first()
        assert task is not None
        with unit_of_work():
            steps.claim(task.ref, by=world.actor(by), now=build.NOON + timedelta(hours=3))
    of_the_installation(world, ROOT, Role.ADMINISTRATOR)
    return world


@dataclass
class Drawn:
    """Who follows whom, by rows: what a plan of lines comes to."""

    plan_ref: str
    at: datetime
    heirs: dict[BodyKind, dict[int, set[int]]] = field(
        default_factory=lambda: {BodyKind.AREA: {}, BodyKind.AGENCY: {}, BodyKind.CENTRE: {}}
    )


def draw_plan(data: st.DataObject, world: build.World) -> Drawn:
    """Many to many: some rows end, each followed by one to three of those that stay or are made; a third of the plans split the centre."""
    number = next(NUMBERS)
    actor = world.actor(ROOT, MORNING)
    with unit_of_work():
        plan = plans.begin_plan(by=actor, now=MORNING, title=f"Sắp xếp {number}", source="NQ 1", on=reorganised.DAY, centre_id=None)
        drawn = Drawn(plan.ref, MORNING + timedelta(seconds=2 * number))
        centres = _centres(data, world, plan.ref, drawn, number)
        areas = _bodies(data, world, plan.ref, drawn, BodyKind.AREA, [area.id for area in world.areas.values()], centres, number, [])
        _bodies(data, world, plan.ref, drawn, BodyKind.AGENCY, [row.id for row in world.agencies.values()], centres, number, areas)
        if not plan.steps:
            lonely, other = list(world.agencies.values())[:2]
            _follow(world, plan.ref, drawn, BodyKind.AGENCY, lonely.id, other.id)
    reorganised.posts_filled(world, plan, by=ROOT)
    return drawn


def try_out(world: build.World, drawn: Drawn) -> None:
    """Do the plan, look at everything, undo it, and find every row as it was."""
    before, cases = everything(), {case.id: _picture(case) for case in db.session.scalars(select(Case))}
    roles, dues = _roles(), _limits()
    with unit_of_work():
        reorganising.start(drawn.plan_ref, by=world.actor(ROOT, drawn.at), now=drawn.at, reason="Thử.")
    reorganised.follow(drawn.plan_ref, drawn.at, most=3)
    ended = {kind: set(found) for kind, found in drawn.heirs.items()}
    for case in db.session.scalars(select(Case)):
        _look_at(case, cases[case.id], drawn)
    assert {account: roles[account] - lost for account, lost in _lost(roles).items()} == {}
    gone = {row.id for row in db.session.scalars(select(Assignment)) if row.end_reason == "reorganised"}
    after = _limits()
    assert {id_: row for id_, row in after.items() if row[0] not in gone} == {id_: row for id_, row in dues.items() if row[0] not in gone}
    for task in db.session.scalars(select(WaitingTask).where(WaitingTask.state.in_(["waiting", "frozen"]))):
        assert task.agency_id not in ended[BodyKind.AGENCY]
        assert task.centre_id not in ended[BodyKind.CENTRE]
        assert task.desk.partition("@")[2] not in {f"a{id_}" for id_ in ended[BodyKind.AGENCY]} | {
            f"c{id_}" for id_ in ended[BodyKind.CENTRE]
        }
    assert list(check_process()) == []
    later = drawn.at + timedelta(seconds=1)
    with unit_of_work():
        reorganisation_undo.undo(drawn.plan_ref, by=world.actor(ROOT, later), now=later, reason="Thử.")
    reorganised.follow(drawn.plan_ref, later)
    assert differences(before, everything()) == []


def _centres(data: st.DataObject, world: build.World, ref: str, drawn: Drawn, number: int) -> list[int]:
    if data.draw(st.integers(0, 2), "splits the centre") != 2:
        return []
    made = []
    for part in range(data.draw(st.integers(1, 3), "centres")):
        values = {"name_vi": f"Trung tâm {number}.{part}", "name_en": f"Centre {number}.{part}", "code_prefix": f"C{number}{'ABC'[part]}"}
        made.append(plans.new_body(ref, by=world.actor(ROOT, MORNING), kind=BodyKind.CENTRE, values=values).id)
        _follow(world, ref, drawn, BodyKind.CENTRE, world.centre.id, made[-1])
        if part:
            claimed = data.draw(st.sampled_from(list(world.areas.values())), "by area")
            plans.add_line(ref, by=world.actor(ROOT, MORNING), kind=BodyKind.CENTRE, predecessor_id=world.centre.id, successor_id=made[-1],
                           by_area_id=claimed.id)
    return made


def _bodies(
    data: st.DataObject, world: build.World, ref: str, drawn: Drawn, kind: BodyKind, there: list[int], centres: list[int], number: int,
    areas: list[int],
) -> list[int]:
    ended = data.draw(st.sets(st.sampled_from(there), max_size=len(there) - 1), f"{kind} ends")
    stay = [id_ for id_ in there if id_ not in ended]
    made: list[int] = []
    for part in range(data.draw(st.integers(0, 2), f"new {kind}") if ended else 0):
        own = data.draw(st.sampled_from([world.centre.id, *centres]), "of centre")
        values: dict[str, Any] = {"name_vi": f"Mới {number}.{part}", "name_en": f"New {number}.{part}", "centre_id": own}
        if kind is BodyKind.AREA:
            values["level"] = "commune"
        else:
            values |= {"key": f"M{number}-{part}", "area_id": data.draw(st.sampled_from([None, *areas, *stay_of(world)]), "area")}
        made.append(plans.new_body(ref, by=world.actor(ROOT, MORNING), kind=kind, values=values).id)
    used: list[int] = []
    for id_ in sorted(ended):
        for heir in data.draw(st.lists(st.sampled_from([*stay, *made]), min_size=1, max_size=3, unique=True), "heirs"):
            _follow(world, ref, drawn, kind, id_, heir)
            used.append(heir)
    return [id_ for id_ in made if id_ in used]


def stay_of(world: build.World) -> list[int]:
    return [area.id for area in world.areas.values()]


def _follow(world: build.World, ref: str, drawn: Drawn, kind: BodyKind, before: int, behind: int) -> None:
    plans.add_line(ref, by=world.actor(ROOT, MORNING), kind=kind, predecessor_id=before, successor_id=behind)
    drawn.heirs[kind].setdefault(before, set()).add(behind)


def _picture(case: Case) -> dict[str, Any]:
    return {"state": case.state, "area": case.area_id, "centre": case.centre_id, "due": case.due_at, "row": _row(case),
            "assignments": {row.id: row.agency_id for row in case.open_assignments}}


def _row(case: Case) -> tuple[Any, ...]:
    return tuple(getattr(case, name) for name in ("state", "area_id", "centre_id", "lead_agency_id", "due_at", "closed_at", "version"))


def _look_at(case: Case, was: dict[str, Any], drawn: Drawn) -> None:
    """One case after the day: each of its bodies is one that follows, or itself where it goes on."""
    def heirs(kind: BodyKind, id_: int) -> set[int]:
        return drawn.heirs[kind].get(id_, {id_})

    if case.state == "closed":
        assert _row(case) == was["row"]
        return
    assert case.due_at == was["due"]
    assert case.centre_id in heirs(BodyKind.CENTRE, was["centre"])
    assert db.session.get_one(Centre, case.centre_id).holds_on(reorganised.DAY)
    if was["state"] not in GOING_STATES:
        assert case.area_id == was["area"]
        return
    if was["area"] is not None:
        assert case.area_id in heirs(BodyKind.AREA, was["area"])
        assert db.session.get_one(Area, case.area_id).holds_on(reorganised.DAY)
    rows = {row.id: row for row in case.assignments}
    open_now = [rows[id_] for id_ in was["assignments"] if rows[id_].is_open]
    assert len({row.agency_id for row in open_now}) == len(open_now)
    for id_, agency_id in was["assignments"].items():
        row = rows[id_]
        if row.is_open:
            assert row.agency_id in heirs(BodyKind.AGENCY, agency_id)
            assert db.session.get_one(Agency, row.agency_id).holds_on(reorganised.DAY)
        else:
            assert row.end_reason == "reorganised"
            assert any(other.agency_id in heirs(BodyKind.AGENCY, agency_id) for other in open_now)
    assert sum(row.is_lead for row in open_now) == (1 if was["assignments"] and any(rows[id_].is_lead for id_ in was["assignments"]) else 0)


def _roles() -> dict[int, Counter[str]]:
    """How many roles of a kind each person holds on the day; several may come to be one where bodies join."""
    found: dict[int, Counter[str]] = {}
    for row in db.session.scalars(select(Membership)):
        if row.holds_on(reorganised.DAY):
            found.setdefault(row.account_id, Counter())[row.role] += 1
    return found


def _lost(before: dict[int, Counter[str]]) -> dict[int, Counter[str]]:
    after = _roles()
    return {account_id: roles for account_id, roles in before.items() if set(after.get(account_id, ())) != set(roles)}


def _limits() -> dict[int, tuple[Any, ...]]:
    columns = (Clock.assignment_id, Clock.due_at, Clock.first_due_at, Clock.remind_at, Clock.ended_at)
    return {row[0]: tuple(row[1:]) for row in db.session.execute(select(Clock.id, *columns))}

"""The row of an order on both databases: leased to one worker, kept, tried again, dropped with the case it may hold."""
from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework import outputs
from casework.db import db, unit_of_work
from casework.files.local import StoredFile
from casework.models import Account, Agency, Case, CaseSuccession, Event, File, Membership, Output, ReportSchedule
from casework.outputs import KINDS, Taken, centres_ordered_in, finish_output, order_output, take_output
from casework.outputs.erasing import RUNS_KEPT
from casework.outputs.schedules import Plan, make_schedule, stop_schedule
from casework.permissions import SYSTEM, Actor, NotAllowed, Role, actor_for
from reports.statistics.due import run_after
from reports.tables.writing import MEDIA_TYPES
from tests import build
from tests.second_centre import of_the_installation, second_world

NOW = build.NOON + timedelta(days=3)
REASON = "Gọi lại cho người gửi để hẹn ngày."


def ordered(by: Actor, kind: str = "cases", *, centre_id: int, named: bool = False) -> int:
    with unit_of_work():
        asked = {"year": str(2000 + (db.session.query(Output).count()))}
        return order_output(kind, "csv", asked, by=by, now=NOW, centre_id=centre_id, with_identity=named, reason=REASON).id


def take() -> Taken:
    with unit_of_work():
        taken = take_output(NOW)
    assert taken is not None
    return taken


def finish(taken: Taken, by: Actor, name: str) -> bool:
    with unit_of_work():
        return finish_output(taken, StoredFile(name, 1, "0" * 64, "k1"), name="a.csv", media_type=MEDIA_TYPES["xlsx"], by=by, now=NOW)


def states() -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Output.state).order_by(Output.id)))


@pytest.mark.exhaustive(but=2)
def test_an_order_goes_through_one_worker_to_its_file_and_with_a_case_that_leaves_it_goes(app: Flask) -> None:
    world = build.standard_world()
    other = second_world(world)
    case = build.case_at(world, "to_verify")
    lead, far = world.actor("ops_lead", NOW), other.actor("ops_lead", NOW)
    ids = [ordered(lead, centre_id=world.centre.id), ordered(lead, centre_id=world.centre.id, named=True),
           ordered(lead, "figures", centre_id=world.centre.id), ordered(far, centre_id=other.centre.id)]  # fmt: skip
    taken = [take() for _ in ids]
    assert [each.output_id for each in taken] == ids
    with unit_of_work():
        assert take_output(NOW) is None
    assert [finish(each, SYSTEM, f"aa/bb/aabb{number:028d}") for number, each in enumerate(taken)] == [True] * 4
    assert not finish(taken[0], SYSTEM, "aa/bb/aabb" + "9" * 28), "the lease ended with the file"
    ids.append(ordered(lead, centre_id=world.centre.id))
    making = take()
    with unit_of_work():
        assert outputs.drop_outputs_of([db.session.get_one(Case, case.id)], at=NOW) == 2
    assert states() == ["expired", "expired", "ready", "ready", "waiting"]
    assert [row.erased_at for row in db.session.scalars(select(File).order_by(File.id))] == [NOW, NOW, None, None]
    assert not finish(making, SYSTEM, "aa/bb/aabb" + "8" * 28)
    with unit_of_work():
        outputs.retry_output(db.session.get_one(Output, ids[0]), by=lead, now=NOW)
    assert finish(take(), lead, "aa/bb/aabb" + "7" * 28)
    assert db.session.scalars(select(File.stored_name).where(File.output_id == ids[0])).all() == ["aa/bb/aabb" + "7" * 28]
    again = take()
    with unit_of_work():
        db.session.get_one(Case, case.id).quarantined_at = NOW
    assert not finish(again, lead, "aa/bb/aabb" + "6" * 28), "a case left the system while rows were read"
    assert (states()[-1], db.session.get_one(Output, ids[-1]).attempts) == ("waiting", again.attempts - 1)
    with unit_of_work():
        db.session.add(CaseSuccession(kind="centre", predecessor_id=other.centre.id, successor_id=world.centre.id))
    with unit_of_work():
        assert outputs.drop_outputs_of([db.session.get_one(Case, case.id)], at=NOW) == 2, "a centre that was followed listed it too"
    named = ordered(lead, centre_id=world.centre.id, named=True)
    assert take().output_id == ids[-1]
    assert finish(take(), lead, "aa/bb/aabb" + "5" * 28)
    with unit_of_work():
        assert (outputs.drop_named_outputs(at=NOW), db.session.get_one(Output, named).state) == (1, "expired")
    with unit_of_work():
        outputs.erase_expired(NOW + timedelta(days=7))
    assert states() == ["expired"] * 4 + ["making", "expired"]
    seen = outputs.outputs_seen(lead)
    assert [row.id for row in seen] == [named, ids[4], ids[2], ids[1], ids[0]]
    assert [row.id for row in outputs.outputs_seen(lead, before=ids[4])] == [ids[2], ids[1], ids[0]]
    assert outputs.output_seen(far, seen[0].ref) is None


def test_nobody_is_given_tries_or_takes_back_what_somebody_else_ordered(sqlite_app: Flask) -> None:
    """Whoever knows its row, with the same role in the same centre: the file is its orderer's."""
    world = build.standard_world()
    orderer, other = world.actor("ops_lead", NOW), world.actor("operator", NOW)
    id_ = ordered(orderer, centre_id=world.centre.id)
    assert finish(take(), orderer, "aa/bb/aabb" + "0" * 28)
    row = db.session.get_one(Output, id_)
    assert outputs.file_of(row, by=orderer, now=NOW).output_id == id_
    assert outputs.output_seen(other, row.ref) is None
    for act in (outputs.file_of, outputs.retry_output, outputs.drop_output):
        for by in (other, world.actor("citizen", NOW), SYSTEM):
            with pytest.raises(NotAllowed):
                act(row, by=by, now=NOW)
    with unit_of_work():
        db.session.get_one(Output, id_).state = "failed"
    with pytest.raises(NotAllowed):
        outputs.retry_output(db.session.get_one(Output, id_), by=other, now=NOW)


def test_rows_of_files_long_gone_are_forgotten_but_not_the_events_nor_the_runs_a_schedule_still_asks_for(app: Flask) -> None:
    world = build.standard_world()
    lead, year = world.actor("ops_lead", NOW), timedelta(days=366)
    ids = [ordered(lead, centre_id=world.centre.id) for _ in range(2)]
    assert finish(take(), SYSTEM, "aa/bb/aabb" + "0" * 28)
    with unit_of_work():
        outputs.drop_output(db.session.get_one(Output, ids[1]), by=lead, now=NOW)
        plan = Plan("Bảng", "csv", "08:00", 0, ("ops_lead",), keep_days=90)
        schedule = make_schedule("figures", "week", plan, centre_id=world.centre.id, by=lead, now=NOW, next_run=run_after)
        for week in range(RUNS_KEPT + 1):
            at = NOW + timedelta(weeks=week)
            db.session.add(Output(kind="figures", form="csv", parameters={}, centre_id=world.centre.id, state="expired", asked_at=at,
                                  due_at=at, ended_at=at, schedule_id=schedule.id, for_at=at))  # fmt: skip
        events = db.session.query(Event).count()
        ran = NOW + timedelta(weeks=RUNS_KEPT)
    with unit_of_work():
        assert outputs.forget_outputs(NOW + year, most=1) == 1, "so many at a time"
    with unit_of_work():
        assert outputs.forget_outputs(NOW + year) == 1, "the dropped one and the oldest run; the other has its file, and the runs are newer"
    with unit_of_work():
        outputs.erase_expired(NOW + year)
    with unit_of_work():
        assert outputs.forget_outputs(ran + 2 * year) == 1, "of a schedule that runs, which periods it has made is told by the newest"
    assert (states(), db.session.query(File).count()) == (["expired"] * RUNS_KEPT, 0), "the file with its row"
    assert db.session.query(Event).count() == events
    with unit_of_work():
        stop_schedule(db.session.get_one(ReportSchedule, schedule.id), by=lead, now=ran)
        assert outputs.forget_outputs(ran + 2 * year) == RUNS_KEPT


def test_who_may_order_in_which_centre_is_by_the_role_held_there(sqlite_app: Flask) -> None:
    world = build.standard_world()
    other = second_world(world)
    house, cases = of_the_installation(world, "house_lead", Role.OPS_LEAD), KINDS["cases"]

    def prefixes(by: Actor, kind: str = "cases") -> list[str]:
        return [centre.code_prefix for centre in centres_ordered_in(KINDS[kind], by=by)]

    officer, operator = world.actor("officer_PTNMT", NOW), other.actor("operator", NOW)
    assert (prefixes(officer), prefixes(operator), prefixes(actor_for(house, now=NOW))) == (["LD"], ["DN"], ["DN", "LD"])
    assert [prefixes(world.actor(name, NOW)) for name in ("administrator", "inspector", "records_clerk", "citizen")] == [[]] * 4
    assert (prefixes(world.actor("inspector", NOW), "setting_events"), prefixes(officer, "late")) == (["LD"], [])
    administrator = world.actor("administrator", NOW)
    stands_in = replace(administrator, grants=tuple(replace(grant, principal_id=1) for grant in administrator.grants))
    assert (prefixes(administrator, "people"), prefixes(stands_in, "people"), prefixes(stands_in, "incidents")) == (["LD"], [], ["LD"])
    for by, centre, named in ((officer, other.centre, False), (operator, world.centre, False), (officer, world.centre, True),
                              (world.actor("operator", NOW), world.centre, True), (SYSTEM, world.centre, False)):  # fmt: skip
        with pytest.raises(NotAllowed):
            outputs.refuse_order(cases, by=by, centre_id=centre.id, with_identity=named, reason=REASON)
    # an officer here who inspects there reads the changes of settings there, and no cases
    account = db.session.merge(Account(id=world.people["officer_PTNMT"].id))
    with unit_of_work():
        db.session.add(Membership(account_id=account.id, role=Role.INSPECTOR, centre_id=other.centre.id, valid_from=build.LONG_AGO))
    both = actor_for(db.session.get_one(Account, account.id), now=NOW)
    assert (prefixes(both), prefixes(both, "setting_events")) == (["LD"], ["DN"])
    assert db.session.scalar(select(Agency.centre_id).where(Agency.id.in_(both.agency_ids))) == world.centre.id

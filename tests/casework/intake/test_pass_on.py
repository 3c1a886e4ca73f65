"""Which centre a place belongs to, passing a report on, and each centre under its own rules."""
from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.casefile.possible_acts import possible_acts
from casework.cases import CaseNotOpen, lock_case
from casework.clocks.acts import ClockKind, rule_for, running_clock
from casework.clocks.reminders import send_reminders
from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.intake.pass_on import CentreMissing, PassOnInput, PassOnRefused, centre_for, other_centres, pass_on
from casework.local_time import LOCAL_ZONE
from casework.models import Area, CalendarDay, Case, Centre, Clock, ClockRule, Event, Field, OutboxMessage, ReminderRule, SearchRow
from casework.notes.notes import notes_seen_by
from casework.permissions import NotAllowed, Role
from casework.permissions.sight import case_seen_by
from tests import build
from tests import merged as joined
from tests.second_centre import HOME, add_rule, of_the_installation, second_world

NOON = build.NOON
WHY = "Địa bàn thuộc Trung tâm Đơn Dương."


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def other(world: build.World) -> build.World:
    return second_world(world)


def local(text: str) -> datetime:
    return datetime.strptime(text, "%d/%m/%Y %H:%M").replace(tzinfo=LOCAL_ZONE).astimezone(UTC)


def chosen(area: Area | None = None, position: tuple[float, float] | None = None, *, now: datetime = NOON) -> str:
    latitude, longitude = position or (None, None)
    return centre_for(area=area, latitude=latitude, longitude=longitude, now=now).code_prefix


class TestWhere:
    def test_the_centre_is_the_one_whose_area_was_chosen(self, world: build.World, other: build.World) -> None:
        assert chosen(world.area) == "LD"
        assert chosen(other.area) == "DN"
        assert chosen(other.area, (12.0, 108.4)) == "DN"

    def test_a_position_alone_leads_to_the_centre_around_it_and_to_the_default_one_where_there_is_none(self, other: build.World) -> None:
        assert chosen(position=HOME) == "DN"
        assert chosen(position=(12.1, 108.4)) == "LD"
        assert chosen(position=(21.03, 105.85)) == "LD"
        assert chosen() == "LD"

    def test_the_smallest_area_around_a_position_counts(self, world: build.World, other: build.World) -> None:
        with unit_of_work():
            build.commune(world, "Huyện rộng", south=11.0, north=13.0, west=108.0, east=109.0)
        assert chosen(position=HOME) == "DN"
        with unit_of_work():
            build.commune(world, "Khu phố hẹp", south=11.79, north=11.81, west=108.44, east=108.46)
        assert chosen(position=HOME) == "LD"

    def test_a_boundary_counts_more_than_the_box_around_it(self, world: build.World, other: build.World) -> None:
        corner = [[108.44, 11.79], [108.445, 11.79], [108.44, 11.795], [108.44, 11.79]]
        with unit_of_work():
            build.commune(world, "Góc", south=11.79, north=11.81, west=108.44, east=108.46,
                          boundary={"type": "Polygon", "coordinates": [corner]})
        assert chosen(position=HOME) == "DN"
        assert chosen(position=(11.791, 108.441)) == "LD"

    def test_an_area_without_a_centre_has_that_of_the_area_above(self, other: build.World) -> None:
        with unit_of_work():
            hamlet = Area(parent_id=other.area.id, level="village", name_vi="Xóm", name_en="Hamlet", folded_name="xom",
                          valid_from=build.LONG_AGO)
            db.session.add(hamlet)
            db.session.flush()
            assert chosen(hamlet) == "DN"
            hamlet.parent_id = None
            db.session.flush()
            db.session.expire(hamlet)
            assert chosen(hamlet) == "LD"

    def test_areas_and_centres_of_other_days_do_not_count(self, other: build.World) -> None:
        with unit_of_work():
            db.session.get_one(Area, other.area.id).valid_to = date(2026, 3, 3)
        assert chosen(position=HOME) == "DN"
        assert chosen(position=HOME, now=NOON + timedelta(days=1)) == "LD"
        with unit_of_work():
            db.session.get_one(Centre, other.centre.id).valid_to = date(2026, 3, 2)
        assert (chosen(position=HOME), chosen(other.area)) == ("LD", "LD")

    def test_an_installation_without_a_default_centre_says_so(self, world: build.World) -> None:
        with unit_of_work():
            db.session.get_one(Centre, world.centre.id).is_default = False
        with pytest.raises(CentreMissing):
            chosen()


def passed(world: build.World, case: Case, to: Centre, by: str = "operator", *, reason: str = WHY) -> None:
    now, actor = build.next_moment(case), world.actor(by)
    with unit_of_work():
        pass_on(lock_case(case.id), PassOnInput(centre=db.session.get_one(Centre, to.id), reason=reason), by=actor, now=now)


class TestPassOn:
    def test_the_other_centre_has_the_report_from_then_on_and_the_first_not(self, world: build.World, other: build.World) -> None:
        case = build.case_at(world, "to_verify")
        acceptance = db.session.scalars(select(Clock).where(Clock.case_id == case.id)).one()
        due, code, ref = acceptance.due_at, case.code, case.ref
        passed(world, case, other.centre)
        assert (case.centre_id, case.main_report.centre_id, case.code) == (other.centre.id, other.centre.id, code)
        assert acceptance.due_at == due
        assert set(db.session.scalars(select(SearchRow.centre_id).where(SearchRow.case_id == case.id))) == {other.centre.id}
        assert [name for name in ("operator", "ops_lead") if case_seen_by(world.actor(name), ref) is not None] == []
        assert case_seen_by(other.actor("operator"), ref) is not None

    def test_operators_and_reporters_are_told_and_the_reason_is_a_note(self, world: build.World, other: build.World) -> None:
        case = build.case_at(world, "to_verify")
        passed(world, case, other.centre)
        rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.case_id == case.id).order_by(OutboxMessage.id.desc()).limit(2))
        to_whom = [(row.template, row.recipient.partition(":")[0]) for row in rows]
        assert to_whom == [("report_passed_on", "reporter"), ("report_to_verify", "desk")]
        assert [note.body for note in notes_seen_by(other.actor("operator"), case)] == [WHY]
        event = db.session.scalars(select(Event).where(Event.type == "pass_on")).one()
        assert event.payload == {"former": "LD", "centre": "DN"}

    def test_a_case_can_be_worked_on_to_its_end_where_it_went(self, world: build.World, other: build.World) -> None:
        case = build.case_at(world, "to_verify")
        with unit_of_work():
            target = db.session.get_one(Centre, other.centre.id)
        build.act(world, case, "pass_on", "operator", centre=target, reason=WHY)
        build.advance(other, case, "to_publish")
        assert {assignment.agency.centre_id for assignment in case.assignments} == {other.centre.id}

    def test_only_what_was_not_accepted_yet_goes(self, world: build.World, other: build.World) -> None:
        with pytest.raises(PassOnRefused, match="accepted"):
            passed(world, build.case_at(world, "to_classify"), other.centre)
        case = build.case_at(world, "to_verify")
        with unit_of_work():
            lock_case(case.id).paused_for = "hold"
        with pytest.raises(CaseNotOpen):
            passed(world, case, other.centre)

    def test_what_was_merged_in_is_split_off_before_a_report_goes(self, world: build.World, other: build.World) -> None:
        case, joining = (build.case_at(world, "to_verify", by=name) for name in ("citizen", "citizen_2"))
        report = joining.main_report
        joined.merge(world, joining, case)
        operator = world.actor("operator")
        with pytest.raises(PassOnRefused, match="split the merged reports first"):
            passed(world, case, other.centre)
        assert "pass_on" not in [act.verb for act in possible_acts(case, operator, build.next_moment(case))]
        joined.split(world, case, report)
        assert "pass_on" in [act.verb for act in possible_acts(case, operator, build.next_moment(case))]
        passed(world, case, other.centre)
        assert (case.centre_id, joining.centre_id, report.centre_id) == (other.centre.id, world.centre.id, world.centre.id)

    def test_it_takes_a_reason_and_another_centre_that_is_at_work(self, world: build.World, other: build.World) -> None:
        case = build.case_at(world, "to_verify")
        with pytest.raises(PassOnRefused, match="reason"):
            passed(world, case, other.centre, reason=" ")
        with pytest.raises(PassOnRefused, match="another centre"):
            passed(world, case, world.centre)
        assert [centre.code_prefix for centre in other_centres(case, now=NOON)] == ["DN"]
        with unit_of_work():
            db.session.get_one(Centre, other.centre.id).valid_to = date(2026, 3, 2)
        with pytest.raises(PassOnRefused, match="another centre"):
            passed(world, case, other.centre)
        assert other_centres(case, now=NOON) == []

    @pytest.mark.parametrize("name", ["officer_PTNMT", "committee_leader", "administrator", "citizen"])
    def test_others_do_not_pass_on(self, world: build.World, other: build.World, name: str) -> None:
        with pytest.raises(NotAllowed):
            passed(world, build.case_at(world, "to_verify"), other.centre, name)

    def test_the_other_centres_operator_takes_nothing(self, world: build.World, other: build.World) -> None:
        with pytest.raises(NotAllowed):
            passed(other, build.case_at(world, "to_verify"), other.centre)

    def test_a_field_of_the_first_centres_own_becomes_the_shared_one(self, world: build.World, other: build.World) -> None:
        shared = world.field()
        with unit_of_work():
            own = Field(centre_id=world.centre.id, service_code=shared.service_code, position=1, name_vi="Riêng", name_en="Own", hint_vi="",
                        hint_en="", valid_from=build.LONG_AGO)
            db.session.add(own)
        case = build.case_at(world, "to_verify", field=own)
        passed(world, case, other.centre)
        assert case.field_id == shared.id


class TestOwnRules:
    def test_a_centres_own_limit_takes_precedence_in_that_centre_alone(self, world: build.World, other: build.World) -> None:
        add_rule(ClockRule(centre_id=other.centre.id, kind="case", urgency="normal", complexity="ordinary", amount=2, unit="working_days",
                           valid_from=build.LONG_AGO))
        assert build.case_at(world, "to_distribute").due_at == local("10/03/2026 00:00")
        assert build.case_at(other, "to_distribute").due_at == local("05/03/2026 00:00")

    def test_a_centres_own_limit_for_all_takes_precedence_over_the_installations_for_some(
        self, world: build.World, other: build.World
    ) -> None:
        """Whose rule it is decides first, and only then which speaks of less."""
        add_rule(ClockRule(centre_id=other.centre.id, kind="acceptance", amount=1, unit="working_hours", valid_from=build.LONG_AGO))
        found = [rule_for(ClockKind.ACCEPTANCE, centre_id=each.centre.id, on=NOON.date(), urgency="urgent") for each in (world, other)]
        assert [(rule.amount, rule.unit) for rule in found] == [(30, "minutes"), (1, "working_hours")]

    def test_a_centres_own_day_off_moves_its_own_days(self, world: build.World, other: build.World) -> None:
        add_rule(CalendarDay(centre_id=other.centre.id, day=date(2026, 3, 4), kind="off", label_vi="Lễ hội", label_en="Festival"))
        assert build.case_at(world, "to_distribute").due_at == local("10/03/2026 00:00")
        assert build.case_at(other, "to_distribute").due_at == local("11/03/2026 00:00")

    def test_a_centres_own_ladder_reminds_its_own_people(self, world: build.World, other: build.World) -> None:
        add_rule(ReminderRule(centre_id=other.centre.id, kind="acceptance", urgency="normal", share=25, role=Role.OPS_LEAD,
                              merges_into_letter=False, valid_from=build.LONG_AGO))
        here, there = build.case_at(world, "to_verify"), build.case_at(other, "to_verify")
        send_reminders(local("02/03/2026 11:00"))
        rows = db.session.scalars(select(OutboxMessage).where(OutboxMessage.template == "reminder"))
        assert [(row.case_id, row.recipient) for row in rows] == [(there.id, f"desk:ops_lead@c{other.centre.id}")]
        clock = running_clock(here, ClockKind.ACCEPTANCE)
        assert clock is not None
        assert clock.remind_at == local("02/03/2026 13:30")

    def test_reports_are_numbered_by_each_centre(self, world: build.World, other: build.World) -> None:
        codes = [build.file_report(each).report.code for each in (world, other, world)]
        assert codes == ["LD-2026-000001", "DN-2026-000001", "LD-2026-000002"]


def test_nobody_reads_across_centres_but_whose_role_is_the_installations(world: build.World, other: build.World) -> None:
    case = build.case_at(world, "handling", place=Place(area=world.area, latitude=12.0, longitude=108.4))
    of_the_installation(world, "overseer", Role.OPS_LEAD)
    strangers = [name for name in other.people if not name.startswith("citizen")]
    assert [name for name in strangers if case_seen_by(other.actor(name), case.ref) is not None] == []
    theirs = build.case_at(other, "handling")
    overseer = world.actor("overseer")
    assert {case_seen_by(overseer, each.ref) is not None for each in (case, theirs)} == {True}

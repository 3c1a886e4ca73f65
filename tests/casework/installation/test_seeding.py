"""The rules and the centre an installation starts with."""
from __future__ import annotations

import re
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import func, select

from casework.calendars import RULES_STREAM, calendar_of
from casework.clocks.acts import ClockKind, rule_for, start_clock
from casework.db import db, unit_of_work
from casework.installation import seeding
from casework.messages.kinds import KINDS
from casework.models import (
    Agency,
    Area,
    AreaSuccession,
    CalendarDay,
    Camera,
    Case,
    Centre,
    ClockRule,
    Event,
    Field,
    Letterhead,
    RefusalReason,
    ReminderRule,
    TextTemplate,
    VisibilityReason,
)
from casework.permissions import Role
from casework.text import fold
from casework.working_time import Pause, TimeLimit, Unit, due_at
from tests import build
from tests.second_centre import add_rule

pytestmark = pytest.mark.usefixtures("app")

HO_CHI_MINH = ZoneInfo("Asia/Ho_Chi_Minh")
NOW = build.NOON


def local(day: str, clock: str) -> datetime:
    return datetime.strptime(f"{day} {clock}", "%d/%m/%Y %H:%M").replace(tzinfo=HO_CHI_MINH)


def count(model: type) -> int:
    return db.session.scalar(select(func.count()).select_from(model)) or 0


SEEDED = (Field, ClockRule, CalendarDay, RefusalReason, VisibilityReason, TextTemplate, ReminderRule, Event, Centre, Area, AreaSuccession,
          Agency, Letterhead, Camera)


def install() -> Centre:
    with unit_of_work():
        seeding.install_rules(NOW)
        return seeding.install_centre(NOW)


def test_installing_twice_adds_nothing_and_records_nothing() -> None:
    centre = install()
    before = {model: count(model) for model in SEEDED}
    assert all(before.values()), before
    assert install().id == centre.id
    assert {model: count(model) for model in SEEDED} == before


def test_the_rules_are_one_event_that_says_how_many_of_each() -> None:
    with unit_of_work():
        added = seeding.install_rules(NOW)
    event = db.session.scalars(select(Event).where(Event.stream == RULES_STREAM)).one()
    assert event.type == "install_rules"
    assert event.payload is not None
    assert sum(event.payload["added"].values()) == added
    assert event.payload["added"]["fields"] == 6


def test_a_rule_an_administrator_has_ended_stays_ended_and_a_lost_one_comes_back() -> None:
    with unit_of_work():
        seeding.install_rules(NOW)
        ended, lost = db.session.scalars(select(ClockRule).where(ClockRule.kind == "acceptance")).all()
        ended.valid_to = date(2026, 1, 1)
        db.session.delete(lost)
    with unit_of_work():
        assert seeding.install_rules(NOW) == 1
    rules = db.session.scalars(select(ClockRule).where(ClockRule.kind == "acceptance")).all()
    assert sorted((rule.urgency or "", rule.valid_to) for rule in rules if rule.valid_to) == [(ended.urgency or "", date(2026, 1, 1))]
    assert len(rules) == 2


LIMITS = [                                              # rules.md, section 4: the table of clocks
    (ClockKind.ACCEPTANCE, "normal", None, TimeLimit(4, Unit.WORKING_HOURS)),
    (ClockKind.ACCEPTANCE, "urgent", None, TimeLimit(30, Unit.MINUTES)),
    (ClockKind.CASE, "urgent", "complex", TimeLimit(24, Unit.HOURS)),
    (ClockKind.CASE, "normal", "simple", TimeLimit(3, Unit.WORKING_DAYS)),
    (ClockKind.CASE, "normal", "ordinary", TimeLimit(5, Unit.WORKING_DAYS)),
    (ClockKind.CASE, "normal", "complex", TimeLimit(7, Unit.WORKING_DAYS)),
    (ClockKind.ASSIGNMENT_ACCEPTED, "normal", "ordinary", TimeLimit(4, Unit.WORKING_HOURS)),
    (ClockKind.ASSIGNMENT_ACCEPTED, "urgent", "ordinary", TimeLimit(30, Unit.MINUTES)),
    (ClockKind.ASSIGNMENT, "normal", "ordinary", TimeLimit(8, Unit.WORKING_HOURS)),
    (ClockKind.ASSIGNMENT, "urgent", "ordinary", TimeLimit(2, Unit.HOURS)),
    (ClockKind.APPROVAL, "normal", "ordinary", TimeLimit(4, Unit.WORKING_HOURS)),
    (ClockKind.APPROVAL, "urgent", "ordinary", TimeLimit(1, Unit.HOURS)),
    (ClockKind.PUBLICATION, "normal", "ordinary", TimeLimit(4, Unit.WORKING_HOURS)),
    (ClockKind.PUBLICATION, "urgent", "ordinary", TimeLimit(1, Unit.HOURS)),
    (ClockKind.RATING, "normal", "ordinary", TimeLimit(7, Unit.CALENDAR_DAYS)),
]


def test_every_clock_has_the_limit_of_the_rules_from_the_first_day_of_the_system() -> None:
    with unit_of_work():
        seeding.install_rules(NOW)
    for on in (date(2022, 5, 19), date(2026, 3, 2)):
        for kind, urgency, complexity, limit in LIMITS:
            rule = rule_for(kind, centre_id=None, on=on, urgency=urgency, complexity=complexity)
            assert (rule.amount, rule.unit) == (limit.amount, limit.unit), (kind, urgency, complexity, on)


WORKED_OUT = [                                          # rules.md, section 4: the table worked out by hand
    (ClockKind.CASE, "normal", "ordinary", "02/03/2026 10:00", None, "10/03/2026 00:00"),
    (ClockKind.CASE, "normal", "ordinary", "06/03/2026 16:59", None, "14/03/2026 00:00"),
    (ClockKind.CASE, "normal", "ordinary", "07/03/2026 20:15", None, "14/03/2026 00:00"),
    (ClockKind.CASE, "normal", "ordinary", "12/02/2026 09:00", None, "27/02/2026 00:00"),
    (ClockKind.CASE, "normal", "ordinary", "19/08/2026 14:00", None, "26/08/2026 00:00"),
    (ClockKind.CASE, "normal", "simple", "24/04/2026 15:00", None, "05/05/2026 00:00"),
    (ClockKind.CASE, "normal", "ordinary", "02/03/2026 10:00", ("04/03/2026 15:00", "09/03/2026 09:00"), "13/03/2026 00:00"),
    (ClockKind.ACCEPTANCE, "normal", "ordinary", "02/03/2026 10:00", None, "02/03/2026 15:30"),
    (ClockKind.ACCEPTANCE, "normal", "ordinary", "06/03/2026 16:00", None, "09/03/2026 10:30"),
    (ClockKind.ACCEPTANCE, "normal", "ordinary", "21/08/2026 16:30", None, "22/08/2026 11:00"),
    (ClockKind.ACCEPTANCE, "normal", "ordinary", "02/03/2026 14:00", ("02/03/2026 15:00", "03/03/2026 10:00"), "03/03/2026 14:30"),
    (ClockKind.CASE, "urgent", "ordinary", "14/02/2026 22:10", None, "15/02/2026 22:10"),
    (ClockKind.CASE, "urgent", "ordinary", "07/11/2026 13:47", ("07/11/2026 15:00", "07/11/2026 18:30"), "08/11/2026 17:17"),
]


def test_the_seeded_rules_and_calendar_give_the_table_worked_out_by_hand() -> None:
    with unit_of_work():
        seeding.install_rules(NOW)
        centre = build.centre()
        for number, (kind, urgency, complexity, start, pause, due) in enumerate(WORKED_OUT):
            case = a_case(centre, number, urgency, complexity)
            clock = start_clock(case, kind, at=local(*start.split()))
            limit = TimeLimit(clock.amount, Unit(clock.unit))
            pauses = [Pause(*(local(*each.split()) for each in pause))] if pause else []
            assert due_at(limit, clock.started_at, calendar_of(centre.id), pauses) == local(*due.split()), (start, due)
            assert pause or clock.due_at == local(*due.split()), (start, due)


def test_a_limit_is_counted_by_the_rule_of_the_day_it_starts() -> None:
    install()
    with unit_of_work():
        centre = build.centre("DN", is_default=False)
    add_rule(ClockRule(kind="case", urgency="normal", complexity="ordinary", amount=3, unit="working_days", source="own",
                       valid_from=date(2026, 3, 4), valid_to=date(2026, 3, 6)))
    found = {}
    with unit_of_work():
        for number, day in enumerate(("03/03/2026", "04/03/2026", "05/03/2026", "06/03/2026")):
            found[day] = start_clock(a_case(centre, number, "normal", "ordinary"), ClockKind.CASE, at=local(day, "10:00")).amount
    assert found == {"03/03/2026": 5, "04/03/2026": 3, "05/03/2026": 3, "06/03/2026": 5}


def a_case(centre: Centre, number: int, urgency: str, complexity: str) -> Case:
    case = Case(code=f"LD-2026-{number:06}", centre=centre, state="to_classify", source="citizen", opened_at=NOW, clock_starts="filing",
                urgency=urgency, complexity=complexity, reopened=0)
    db.session.add(case)
    db.session.flush()
    return case


def test_tet_2023_and_the_holidays_of_the_first_years_are_known() -> None:
    install()
    days_off = calendar_of(None).days_off
    assert {date(2022, 9, 2), date(2023, 1, 23), date(2023, 5, 3)} <= days_off


SOURCES = Path(seeding.__file__).parent.parent


def keys_told() -> set[str]:
    """The templates named where the domain tells somebody something."""
    pattern = re.compile(r"tell_(?:reporters?|desk)\(\s*[\w.\[\]]+,\s*(?:Role\.\w+,\s*)?\"(\w+)\"|template=\"(\w+)\"")
    return {first or second for path in SOURCES.rglob("*.py") for first, second in pattern.findall(path.read_text(encoding="utf-8"))}


def test_every_message_the_domain_sends_has_words_in_both_languages() -> None:
    with unit_of_work():
        seeding.install_rules(NOW)
    told, templates = keys_told(), {row.key: row for row in db.session.scalars(select(TextTemplate))}
    assert len(told) > 12, "the pattern no longer finds the calls"
    assert told - templates.keys() == set()
    for row in templates.values():
        assert all((row.subject_vi, row.subject_en, row.body_vi, row.body_en)), row.key
        places = [set(re.findall(r"{(\w+)}", text)) for text in (row.body_vi, row.body_en)]
        assert places[0] == places[1], row.key
        assert places[0] <= set(KINDS[row.key].places), row.key


def test_fields_and_reasons_have_the_keys_the_statistics_count_by() -> None:
    install()
    codes = ["do_thi", "rung_dat_moi_truong", "giao_thong_an_ninh", "kinh_te", "van_hoa_thong_tin_du_lich", "khac"]
    assert list(db.session.scalars(select(Field.service_code).order_by(Field.position))) == codes
    reasons = set(db.session.scalars(select(RefusalReason.key)))
    assert {"khong_ro_noi_dung", "ngoai_tham_quyen", "trung_lap", "khieu_nai_to_cao"} <= reasons
    agencies = set(db.session.scalars(select(Agency.key)))
    assert {"CAH", "HKL", "PKTHT", "PTNMT", "UBND-DASAR", "UBND-LAT"} <= agencies


def test_reminders_climb_to_the_committee_and_only_those_of_urgent_cases_go_alone() -> None:
    with unit_of_work():
        seeding.install_rules(NOW)
    rules = db.session.scalars(select(ReminderRule)).all()
    for kind in ("acceptance", "case", "assignment_accepted", "assignment", "approval", "publication"):
        for urgency, unit, late in (("normal", "working_days", [1, 3]), ("urgent", "hours", [2, 6])):
            ladder = [rule for rule in rules if rule.kind == kind and rule.urgency == urgency]
            assert sorted({rule.share for rule in ladder if rule.share}) == [50, 80, 100]
            assert sorted(rule.after_amount for rule in ladder if rule.after_unit == unit) == late
            assert {rule.role for rule in ladder} <= set(Role)
            assert any(rule.role == Role.COMMITTEE_LEADER for rule in ladder)
            assert all(rule.merges_into_letter == (urgency == "normal") for rule in ladder)


def test_the_district_gave_way_to_three_communes_and_their_codes_changed_hands() -> None:
    install()
    communes = db.session.scalars(select(Area).where(Area.level == "commune")).all()
    before = {area.name_vi: area for area in communes if area.holds_on(date(2025, 6, 30))}
    after = {area.name_vi: area for area in communes if area.holds_on(date(2025, 7, 1))}
    assert (len(before), len(after)) == (6, 3)
    assert before["Xã Đạ Nhim"].official_code == after["Xã Lạc Dương"].official_code == "24848"
    assert before["Thị trấn Lạc Dương"].official_code == after["Phường Lang Biang - Đà Lạt"].official_code == "24846"
    assert {successor_of(area).name_vi for area in before.values()} == set(after)
    for area in (*before.values(), *after.values()):
        assert area.south < area.latitude < area.north
        assert area.west < area.longitude < area.east


def test_a_village_lives_on_under_its_new_commune() -> None:
    install()
    for old in db.session.scalars(select(Area).where(Area.level == "village", Area.valid_to.is_not(None))):
        new = successor_of(old)
        assert (new.name_vi, new.valid_from, new.valid_to) == (old.name_vi, date(2025, 7, 1), None)
        assert new.parent_id == successor_of(old.parent).id
    assert db.session.scalars(select(Area).where(Area.folded_name == fold("Thôn Klong Klanh"))).all()


def successor_of(area: Area) -> Area:
    query = select(Area).join(AreaSuccession, AreaSuccession.successor_id == Area.id).where(AreaSuccession.predecessor_id == area.id)
    return db.session.scalars(query).one()


def test_every_agency_works_today_and_has_a_letterhead() -> None:
    centre = install()
    agencies = db.session.scalars(select(Agency).where(Agency.centre_id == centre.id)).all()
    assert len(agencies) == 29
    today = datetime.now(UTC).date()
    assert all(agency.holds_on(today) and agency.holds_on(date(2022, 5, 19)) for agency in agencies)
    heads = {head.agency_id: head for head in db.session.scalars(select(Letterhead))}
    assert set(heads) == {agency.id for agency in agencies} | {None}
    assert all(head.issuing_body.isupper() for head in heads.values())


def test_every_agency_can_be_called_and_no_invented_number_is_somebodys() -> None:
    centre = install()
    phones = {row.key: row.phone or "" for row in db.session.scalars(select(Agency).where(Agency.centre_id == centre.id))}
    assert (phones.pop("CAH"), phones.pop("TTYT")) == ("113", "115")
    assert all(re.fullmatch(r"\+8426300001\d\d", phone) for phone in phones.values()), "no subscriber's number begins with 0"
    assert len(set(phones.values())) == 27


def test_a_camera_stands_in_the_commune_of_its_day() -> None:
    install()
    for day in (date(2022, 11, 7), date(2026, 3, 2)):
        cameras = [camera for camera in db.session.scalars(select(Camera)) if camera.holds_on(day)]
        assert len(cameras) == 4
        assert all(db.session.get_one(Area, camera.area_id).holds_on(day) for camera in cameras)

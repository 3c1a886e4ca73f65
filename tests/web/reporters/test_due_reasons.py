"""Why the day of an answer became another one: said to its sender and to staff, in words of both languages."""
from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date, timedelta
from pathlib import Path

import pytest
from flask import Flask

import casework
from casework.clocks.calendar_changes import recount_after_calendar_change, set_calendar_day
from casework.db import unit_of_work
from casework.models import Case
from casework.telling.due_reasons import REASONS
from tests import build
from tests.beside import two_at_work
from tests.web.desk import Office

World = build.World


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app)


def several_agencies(world: World) -> Case:
    return build.case_at(world, "at_agency", agencies=2)


def more_time(world: World) -> Case:
    case = build.case_at(world, "handling")
    [lead] = case.open_assignments
    build.act(world, case, "request_extension", "officer_PTNMT", assignment=lead, reason="Chờ xe.", until=date(2026, 3, 12))
    build.do(world, case, "endorse_extension", "leader_PTNMT", act="endorse_extension", endorsed=True, words="")
    build.do(world, case, "decide_extension", "ops_lead", act="decide_extension", granted=True, words="")
    return case


def classified_anew(world: World, **changes: str) -> Case:
    case = build.case_at(world, "handling")
    given = {"urgency": "normal", "complexity": "ordinary", **changes}
    build.act(world, case, "classify", "operator", field=world.field(), area=world.area, village=case.village, reason="Xem lại.", **given)
    return case


def rested(world: World) -> Case:
    case = build.case_at(world, "handling")
    build.act(world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 6))
    build.do(world, case, "resume", "ops_lead", now=build.NOON + timedelta(days=2))
    return case


def another_calendar(world: World) -> Case:
    case = build.case_at(world, "handling")
    now = build.next_moment(case)
    with unit_of_work():
        set_calendar_day(centre_id=world.centre.id, day=date(2026, 3, 5), kind="off", label_vi="Nghỉ bù", label_en="Day in lieu",
                         source="QĐ 1", by=world.actor("administrator"), now=now)
    recount_after_calendar_change(now)
    return case


MOVES: dict[str, tuple[Callable[[World], Case], str, str]] = {
    "several agencies": (several_agencies, "hết ngày 11/03/2026", "nhiều đơn vị cùng xử lý"),
    "extension": (more_time, "hết ngày 13/03/2026", "đơn vị chủ trì được gia hạn"),
    "complexity": (lambda world: classified_anew(world, complexity="complex"), "hết ngày 11/03/2026", "phân loại lại"),
    "urgency": (lambda world: classified_anew(world, urgency="urgent"), "03/03/2026", "chuyển sang mức độ khẩn"),
    "pause": (rested, "hết ngày 11/03/2026", "thời gian tạm dừng không tính vào hạn"),
    "calendar": (another_calendar, "hết ngày 10/03/2026", "lịch làm việc thay đổi"),
}


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("kind", MOVES)
def test_the_sender_and_staff_read_the_new_day_and_why(office: Office, kind: str) -> None:
    make, day, why = MOVES[kind]
    case = make(office.world)
    office.clock(build.next_moment(case) + timedelta(minutes=1))
    own = office.words("citizen", f"/mine/{case.code}")
    assert f"{day} · {why}" in own[own.index("Hạn trả lời mới: ") :]
    assert f"(đổi hạn: {why}" in own
    for name in ("operator", "officer_PTNMT", "committee_leader"):
        # staff read it with the act that moved it, the old day beside the new one
        page = office.words(name, f"/cases/{case.ref}?tab=all")
        assert re.search(rf"Hạn trả lời: 09/03/2026 → nay là (\d\d:\d\d )?{day.removeprefix('hết ngày ')}", page), name


def test_who_joins_another_case_gets_its_day_and_the_case_keeps_its_own(office: Office) -> None:
    main = build.case_at(office.world, "handling")
    case = build.case_at(office.world, "to_distribute", by="citizen_2", now=build.NOON + timedelta(days=2))
    build.act(office.world, case, "merge", "operator", into=main)
    office.clock(build.next_moment(main))
    assert "xử lý chung với phản ánh cùng việc" in office.words("citizen_2", f"/mine/{case.code}")
    assert "Hạn trả lời mới" not in office.words("citizen", f"/mine/{main.code}")
    assert "Hạn trả lời mới" not in office.words("operator", f"/cases/{main.ref}?tab=all")


def test_a_day_that_never_moved_needs_no_reason(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    office.clock(build.next_moment(case))
    assert "đổi hạn" not in office.words("citizen", f"/mine/{case.code}")
    assert "Hạn trả lời mới" not in office.words("operator", f"/cases/{case.ref}?tab=all")


def test_of_a_case_set_apart_no_reason_is_left(office: Office) -> None:
    case = two_at_work(office.world)
    build.act(office.world, case, "quarantine", "operator", reason="Tố cáo cán bộ.")
    office.clock(build.next_moment(case))
    assert "nhiều đơn vị" not in office.words("citizen", f"/mine/{case.code}")
    assert "nhiều đơn vị" not in office.words("confidential_reader", f"/cases/{case.ref}?tab=all")


def test_every_reason_a_day_is_moved_for_has_words() -> None:
    sources = "\n".join(path.read_text(encoding="utf-8") for path in Path(casework.__file__).parent.rglob("*.py"))
    given = set(re.findall(r'"due_moved", .*reason="(\w+)"', sources)) | {"pause", "objection", "extended_by_centre", "several_agencies"}
    assert given == set(REASONS)

"""Who looked at whom, as inspectors and administrators read it, and the register of processing as of a day."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select, text

from casework.casefile.phone_search import look_up_phone
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.erasure.reasons_to_look import erase_reasons_to_look
from casework.installation.seeding import table_rows
from casework.models import Case, Event, ProcessingActivity, Report
from casework.models.events import LOOKS
from casework.outputs import order_output
from casework.permissions import NotAllowed, Role
from casework.privacy.identity import reveal_identity
from casework.rights import access_log
from casework.rights.access_log import LogRefused, LookFilter, LookPage, looks_logged
from casework.rights.processing import kept_now, register_on
from casework.setting_values import VALUES
from casework.settings.importing.rows import add_row, change_row
from casework.settings.kinds.table import KINDS
from tests import build
from tests.second_centre import of_the_installation, second_world

WHY = "Gọi lại hỏi đường vào chỗ rác."
TODAY = build.NOON.date()


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> build.World:
    """For what cannot differ between the databases."""
    return build.standard_world()


def look(world: build.World, case: Case, *, by: str = "operator", hours: int = 0, reason: str = WHY) -> None:
    with unit_of_work():
        locked, moment = lock_case(case.id), build.NOON + timedelta(hours=hours)
        reveal_identity(locked, locked.main_report, by=world.actor(by), reason=reason, now=moment)


def codes(page: LookPage) -> list[str]:
    return [each.code for each in page.looks]


def test_an_inspector_reads_who_looked_at_what_and_why_and_an_administrator_without_why(world: build.World) -> None:
    case = build.file_report(world).case
    look(world, case)
    with unit_of_work():
        look_up_phone(build.PHONE, by=world.actor("operator"), now=build.NOON + timedelta(hours=1), reason="Người dân gọi lại hỏi.")
    with unit_of_work():
        order_output("cases", "csv", {}, by=world.actor("ops_lead"), now=build.NOON + timedelta(hours=2), centre_id=world.centre.id,
                     with_identity=True, reason=WHY)  # fmt: skip
    read = {name: looks_logged(world.actor(name), LookFilter()).looks for name in ("inspector", "administrator")}
    told = [(each.login, each.occasion.en, each.code, each.file, each.number, each.reason) for each in read["inspector"]]
    lead, operator = (str(world.people[name].login) for name in ("ops_lead", "operator"))
    assert told == [
        (lead, "Had a file made", "", "Danh sách hồ sơ", None, ""),
        (operator, "Looked cases up by a telephone number", "", "", 1, "Người dân gọi lại hỏi."),
        (operator, "Looked at the sender of a report", case.code, "", None, WHY),
    ]
    assert [each.reason for each in read["administrator"]] == [None] * 3
    assert [each.code for each in read["administrator"]] == ["", "", case.code]


def test_it_is_narrowed_by_person_case_and_days_and_goes_on_from_page_to_page(world: build.World) -> None:
    cases = [build.file_report(world).case for _ in range(3)]
    for number, case in enumerate(cases):
        look(world, case, by="operator_2" if number == 1 else "operator", hours=24 * number)
    reader = world.actor("inspector")
    newest = [case.code for case in cases[::-1]]
    first = looks_logged(reader, LookFilter(), limit=2)
    assert (codes(first), first.next_before is None) == (newest[:2], False)
    assert codes(looks_logged(reader, LookFilter(), limit=2, before=first.next_before)) == newest[2:]
    assert codes(looks_logged(reader, LookFilter(login=str(world.people["operator_2"].login)))) == [cases[1].code]
    assert codes(looks_logged(reader, LookFilter(code=cases[2].code.lower()))) == [cases[2].code]
    assert codes(looks_logged(reader, LookFilter(first=TODAY + timedelta(days=1)))) == newest[:2]
    assert codes(looks_logged(reader, LookFilter(first=TODAY, last=TODAY + timedelta(days=1)))) == newest[1:]
    for wanted in (LookFilter(login="nobody"), LookFilter(code="LD-1999-000001")):
        with pytest.raises(LogRefused):
            looks_logged(reader, wanted)


def test_each_reads_of_their_own_centres_and_nobody_of_a_case_under_its_own_procedure(world: build.World) -> None:
    other = second_world(world)
    world.people["overseer"] = of_the_installation(world, "overseer", Role.INSPECTOR)
    mine, theirs, hidden = build.file_report(world).case, build.file_report(other).case, build.file_report(world).case
    look(world, mine)
    look(other, theirs)
    look(world, hidden)
    with unit_of_work():
        look_up_phone(build.PHONE, by=other.actor("operator"), now=build.NOON, reason="Người dân gọi lại hỏi.")
    build.act(world, hidden, "quarantine", "operator", reason="Tố cáo cán bộ có tên, theo Luật.")
    assert set(codes(looks_logged(world.actor("inspector"), LookFilter()))) == {mine.code}
    assert sorted(codes(looks_logged(other.actor("inspector"), LookFilter()))) == ["", theirs.code]
    overseer = world.actor("overseer")
    assert sorted(codes(looks_logged(overseer, LookFilter()))) == sorted(["", mine.code, theirs.code])
    assert codes(looks_logged(overseer, LookFilter(), centre_id=world.centre.id)) == [mine.code]
    assert codes(looks_logged(world.actor("operator"), LookFilter())) == [], "who may not read it finds nothing"
    for code in (hidden.code, theirs.code):
        with pytest.raises(LogRefused):
            looks_logged(world.actor("inspector"), LookFilter(code=code))


def test_what_was_erased_with_the_person_is_said_to_be_so(small: build.World) -> None:
    filed = build.file_report(small)
    look(small, filed.case)
    with unit_of_work():
        erase_reasons_to_look([db.session.get_one(Report, filed.report.id)], at=build.NOON)
    [told] = looks_logged(small.actor("inspector"), LookFilter()).looks
    assert (told.is_erased, told.reason, told.code) == (True, "", filed.case.code)


def test_one_page_goes_through_so_many_looks_and_no_more(small: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    other = second_world(small)
    own = build.file_report(small).case
    look(small, own)
    theirs = build.file_report(other).case
    for number in range(3):
        look(other, theirs, hours=1 + number)
    monkeypatch.setattr(access_log, "LOOKED_AT", 2)
    reader = small.actor("inspector")
    first = looks_logged(reader, LookFilter())
    assert (codes(first), first.next_before is not None) == ([], True)
    assert codes(looks_logged(reader, LookFilter(), before=first.next_before)) == [own.code]


@pytest.mark.usefixtures("small")
def test_looks_are_found_by_their_own_indexes() -> None:
    def plan(*where: object) -> str:
        query = select(Event.id).where(LOOKS, *where).order_by(Event.at.desc(), Event.id.desc()).limit(5)  # type: ignore[arg-type]
        compiled = query.compile(db.engine, compile_kwargs={"literal_binds": True})
        return str(db.session.execute(text(f"EXPLAIN QUERY PLAN {compiled}")).all())

    assert ("ix_event_look" in plan(), "TEMP B-TREE" in plan()) == (True, False)
    assert "ix_event_look_actor" in plan(Event.actor_id == 1)


# -- the register of processing --------------------------------------------------------------------------------------------


def test_the_register_begins_with_what_the_product_does_and_points_to_real_values(small: build.World) -> None:
    rows = register_on(small.actor("inspector"), date(2026, 3, 2))
    assert len(rows) == len(list(table_rows("processing_activities.csv"))) > 10
    assert register_on(small.actor("inspector"), date(2025, 12, 31)) == [], "the law was not in force"
    by_key = {row.key: row for row in rows}
    assert kept_now(by_key["exports"]) == (VALUES["identity_export_hours"].name, VALUES["identity_export_hours"].default)
    assert kept_now(by_key["publication"]) is None
    assert {row.kept_by for row in rows if row.kept_by} <= set(VALUES)
    for row in rows:
        assert all(getattr(row, name).strip() for name in ("purpose", "legal_basis", "data_kinds", "people", "recipients", "kept",
                                                           "protection", "answers_for_it")), row.key  # fmt: skip


def test_a_change_of_the_register_leaves_the_days_before_as_they_were(small: build.World) -> None:
    small.people["overseer"] = of_the_installation(small, "overseer", Role.ADMINISTRATOR)
    kind, by, tomorrow = KINDS["processing"], small.actor("overseer"), TODAY + timedelta(days=1)
    row = db.session.scalars(select(ProcessingActivity).where(ProcessingActivity.key == "calls")).one()
    typed = {column.name: str(getattr(row, column.name) or "") for column in kind.columns} | {"recipients": "Tổ vận hành, tổng đài 1022."}
    with unit_of_work():
        again = db.session.get_one(ProcessingActivity, row.id)
        change_row(kind, again, typed, by=by, now=build.NOON, reason="Thêm tổng đài.", from_day=tomorrow)

    def recipients(day: date) -> list[str]:
        return [each.recipients for each in register_on(by, day) if each.key == "calls"]

    assert (recipients(TODAY), recipients(tomorrow)) == (["Tổ vận hành của Trung tâm."], ["Tổ vận hành, tổng đài 1022."])


def test_a_centres_own_row_stands_in_place_of_the_installations_for_its_people(small: build.World) -> None:
    other = second_world(small)
    kind, by = KINDS["processing"], small.actor("administrator")
    row = db.session.scalars(select(ProcessingActivity).where(ProcessingActivity.key == "calls")).one()
    typed = {column.name: str(getattr(row, column.name) or "") for column in kind.columns} | {"recipients": "Tổng đài của Trung tâm."}
    with unit_of_work():
        add_row(kind, typed, by=by, now=build.NOON, reason="Trung tâm có tổng đài.", centre_id=small.centre.id)
    with pytest.raises(NotAllowed), unit_of_work():
        add_row(kind, typed, by=by, now=build.NOON, reason="Không phải của mình.", centre_id=other.centre.id)
    told = {who: [each.recipients for each in register_on(world.actor("inspector"), TODAY) if each.key == "calls"]
            for who, world in (("small", small), ("other", other))}  # fmt: skip
    assert told == {"small": ["Tổng đài của Trung tâm."], "other": ["Tổ vận hành của Trung tâm."]}

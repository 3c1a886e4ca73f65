"""Who has a case open, and the bell: of the same centre or agency alone, for as long as the page is open, and read on every device."""
from __future__ import annotations

import re
import sqlite3
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, func, insert, select, text

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.models import Account, BellRead, Case, Deputy, Event, OutboxMessage, Presence
from casework.notes.mentions import mention_in
from casework.notes.notes import write_note
from casework.permissions import Role
from casework.reading.counting import count
from casework.together.bell import KEPT, lines_for, unread
from casework.together.presence import GONE, who_is_where
from casework.together.sweeping import sweep_presence
from tests import build, reorganised
from tests import drawn_steps as drawn
from tests.conftest import client_of
from tests.second_centre import second_world
from tests.web.desk import Office, statements_of
from tests.web.pages import signed_in, words_of
from tests.workflows.moving import cases as moving
from web.commands.dumps import dumped


@pytest.fixture
def office(app: Flask) -> Office:
    return Office(app)


def here(office: Office, name: str, ref: str, **form: Any) -> list[str] | int:
    """Who else is there for somebody, with a * behind those who write; the status where they see nobody."""
    told = office.browser(name).post("/presence", data={"case": ref, **form})
    if told.status_code != 200:
        return told.status_code
    return [f"{each['name']}{'*' if each['writes'] else ''}" for each in told.json["others"]]


# -- who is here -------------------------------------------------------------------------------------------------------


def test_colleagues_of_the_same_centre_see_each_other_and_who_writes(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    assert here(office, "operator", case.ref) == []
    assert here(office, "operator_2", case.ref, writes="1") == ["Người Thử operator"]
    assert here(office, "operator", case.ref) == ["Người Thử operator_2*"]
    # an agency sees its own people alone, and is not seen by the centre
    assert here(office, "officer_PTNMT", case.ref) == []
    assert here(office, "leader_PTNMT", case.ref) == ["Người Thử officer_PTNMT"]
    assert here(office, "committee_leader", case.ref) == ["Người Thử operator", "Người Thử operator_2*"]
    # who watches or administers, and who has no business with the case, sees nobody and leaves no row
    for name, status in (("administrator", 403), ("records_clerk", 403), ("officer_HKL", 404)):
        assert here(office, name, case.ref) == status, name
    assert db.session.scalar(select(func.count()).select_from(Presence)) == 5
    office.browser("operator_2").post("/presence", data={"case": case.ref, "leaves": "1"})
    assert here(office, "operator", case.ref) == ["Người Thử committee_leader"]


def test_a_closed_page_is_forgotten_within_half_a_minute_and_swept(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    here(office, "operator", case.ref)
    since = db.session.scalars(select(Presence.began_at)).one()
    office.clock(build.NOON + GONE / 2)
    here(office, "operator", case.ref)
    db.session.expire_all()
    assert db.session.scalars(select(Presence.began_at)).one() == since, "since when the page was opened, not since the last pulse"
    office.clock(build.NOON + GONE * 2)
    assert here(office, "operator_2", case.ref) == []
    sweep_presence(office.moment)
    assert db.session.scalars(select(Presence.account_id)).all() == [office.world.people["operator_2"].id]
    sweep_presence(office.moment + GONE)
    assert db.session.scalar(select(func.count()).select_from(Presence)) == 0


def test_a_pulse_is_one_statement_besides_who_asks_and_leaves_nothing_in_the_history(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    ref = case.ref
    here(office, "operator_2", ref)
    here(office, "operator", ref)
    events = db.session.scalar(select(func.count()).select_from(Event))
    browser = office.browser("operator")
    assert statements_of(lambda: browser.post("/presence", data={"case": ref, "writes": "1"})) == 2
    assert db.session.scalar(select(func.count()).select_from(Event)) == events
    assert statements_of(lambda: browser.get("/inbox/pulse?since=0")) == 3, "who asks, the numbers with the bell's, and who is where"


def test_the_inbox_is_told_who_has_which_case_open(office: Office) -> None:
    case, other = build.case_at(office.world, "to_verify"), build.case_at(office.world, "handling")
    for name, ref in (("operator_2", case.ref), ("officer_PTNMT", other.ref)):
        here(office, name, ref)
    told = office.get("operator", "/inbox/pulse?since=0").json["here"]
    assert {ref: [each["name"] for each in others] for ref, others in told.items()} == {case.ref: ["Người Thử operator_2"]}
    assert office.get("leader_PTNMT", "/inbox/pulse?since=0").json["here"].keys() == {other.ref}
    assert office.get("operator_2", "/inbox/pulse?since=0").json["here"] == {}, "not oneself"
    assert office.get("administrator", "/inbox/pulse?since=0").json["here"] == {}
    assert f'data-here="{case.ref}"' in office.get("operator", "/inbox").text


def test_two_centres_see_nobody_of_each_other(office: Office) -> None:
    other = second_world(office.world)
    ours, theirs = build.case_at(office.world, "to_verify"), build.case_at(other, "to_verify")
    stranger = signed_in(office.app, client_of(office.app), other.people["operator"], now=office.moment)
    here(office, "operator", ours.ref)
    assert stranger.post("/presence", data={"case": ours.ref}).status_code == 404
    assert here(office, "operator", theirs.ref) == 404
    assert stranger.post("/presence", data={"case": theirs.ref}).json["others"] == []
    assert stranger.get("/inbox/pulse?since=0").json["here"] == {}


def test_nobody_is_seen_at_a_case_that_is_set_apart(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    here(office, "operator", case.ref)
    here(office, "operator_2", case.ref)
    build.act(office.world, case, "quarantine", "operator", reason="Nghi lộ bí mật nhà nước.")
    assert here(office, "operator", case.ref) == 404
    assert here(office, "confidential_reader", case.ref) == 403
    assert office.get("ops_lead", "/inbox/pulse?since=0").json["here"] == {}


def test_a_deputy_is_seen_where_the_principal_works_by_their_own_name(office: Office) -> None:
    people, case = office.world.people, build.case_at(office.world, "handling")
    _stand_in(office, "leader_PTNMT", "officer_HKL")
    assert here(office, "officer_HKL", case.ref) == []
    assert here(office, "officer_PTNMT", case.ref) == ["Người Thử officer_HKL"]
    assert people["leader_PTNMT"].full_name not in str(here(office, "officer_PTNMT", case.ref))


def test_presence_is_in_no_backup(office: Office, tmp_path: Path) -> None:
    case = build.case_at(office.world, "to_verify")
    here(office, "operator", case.ref)
    db.session.rollback()
    target, url = tmp_path / "dump", office.app.config["SQLALCHEMY_DATABASE_URI"]
    with dumped(str(url), target):
        pass
    if db.engine.dialect.name == "sqlite":
        with closing(sqlite3.connect(target)) as copy:
            assert copy.execute("SELECT count(*) FROM presence").fetchone() == (0,)
    else:
        assert b"presence" in target.read_bytes(), "the table itself is there"
        assert db.session.scalar(text("SELECT relpersistence FROM pg_class WHERE relname = 'presence'")) == "u", "in no archive of changes"
    assert db.session.scalar(select(func.count()).select_from(Presence)) == 1


# -- the bell ----------------------------------------------------------------------------------------------------------


def _stand_in(office: Office, principal: str, deputy: str) -> None:
    people = office.world.people
    with unit_of_work():
        db.session.add(Deputy(principal_id=people[principal].id, deputy_id=people[deputy].id, created_by_id=people["ops_lead"].id,
                              starts_at=build.NOON - timedelta(days=1), ends_at=build.NOON + timedelta(days=9)))


def _name(office: Office, ref_id: int, words: str, by: str = "operator") -> None:
    with unit_of_work():
        case = lock_case(ref_id)
        note = write_note(case, by=office.world.actor(by), now=office.moment, audience="agencies", words=words)
        mention_in(note, case, by=office.world.actor(by), now=office.moment)


def _say(office: Office, case: Case, by: str, words: str) -> None:
    moment = build.next_moment(case)
    with unit_of_work():
        locked = lock_case(case.id)
        [part] = [row for row in locked.open_assignments if row.agency.key == "PTNMT"]
        write_note(locked, by=office.world.actor(by, moment), now=moment, audience="agency", words=words, assignment=part)
    office.clock(build.next_moment(case))


def number(office: Office, name: str, address: str = "/inbox") -> int:
    """The number beside the bell."""
    found = re.search(r"data-bell-number( hidden)?>(\d+)<", office.get(name, address).text)
    assert found is not None
    assert (found[1] is not None) == (found[2] == "0")
    return int(found[2])


def told(office: Office, name: str) -> list[str]:
    return [line.template for line in lines_for(office.world.actor(name, office.moment), now=office.moment)[0]]


def test_the_bell_tells_what_concerns_a_person_and_nobody_else(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    assert told(office, "officer_PTNMT") == ["answer_to_redo"]
    assert told(office, "officer_HKL") == told(office, "operator") == []
    office.clock(build.next_moment(case))
    _name(office, case.id, "Nhờ @officer_ptnmt xem.")
    assert told(office, "officer_PTNMT") == ["mentioned_in_note", "answer_to_redo"]
    assert told(office, "officer_2_PTNMT") == ["answer_to_redo"], "a note names one person, a redo waits on the desk"
    page = office.words("officer_PTNMT", "/bell")
    assert "Đồng nghiệp nhắc tên trong ghi chú" in page
    assert "Lãnh đạo yêu cầu làm lại trả lời" in page
    assert case.code in page
    assert "Nhờ" not in page, "the words of a note are read at the case"
    assert number(office, "officer_PTNMT") == 2
    assert office.get("officer_PTNMT", "/inbox/pulse?since=0").json["bell"] == 2


def test_what_is_read_on_one_device_is_read_on_the_other_and_not_for_a_colleague(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    office.clock(build.next_moment(case))
    other_device = signed_in(office.app, client_of(office.app), office.world.people["officer_PTNMT"], now=office.moment)
    assert other_device.get("/inbox/pulse?since=0").json["bell"] == 1
    assert 'data-unread-number="1"' in office.get("officer_PTNMT", "/bell/newest").text
    office.get("officer_PTNMT", "/bell")
    assert other_device.get("/inbox/pulse?since=0").json["bell"] == 1, "the list alone reads nothing"
    office.get("officer_PTNMT", f"/cases/{case.ref}")
    assert other_device.get("/inbox/pulse?since=0").json["bell"] == 0, "opening the case reads what is about it"
    assert "Mới" not in words_of(other_device.get("/bell"))
    assert number(office, "officer_2_PTNMT") == 1
    office.post("officer_2_PTNMT", "/bell/read")
    office.post("officer_2_PTNMT", "/bell/read")
    assert number(office, "officer_2_PTNMT") == 0
    assert told(office, "officer_2_PTNMT") == ["answer_to_redo"], "what was read stays in the list"


def test_one_line_is_read_by_itself_and_never_somebody_elses(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    for words in ("Nhờ @officer_ptnmt xem.", "Nhờ @officer_ptnmt và @leader_ptnmt xem."):
        _name(office, case.id, words)
    of_leader = db.session.scalars(
        select(OutboxMessage.id).where(OutboxMessage.recipient == f"account:{office.world.people['leader_PTNMT'].id}",
                                       OutboxMessage.template == "mentioned_in_note")
    ).one()  # fmt: skip
    office.post("officer_PTNMT", "/bell/read", line=of_leader)
    assert (number(office, "officer_PTNMT"), number(office, "leader_PTNMT")) == (2, 1)
    line = re.search(r'name="line" value="(\d+)"', office.get("officer_PTNMT", "/bell").text)
    assert line is not None
    office.post("officer_PTNMT", "/bell/read", line=line[1])
    assert (number(office, "officer_PTNMT"), number(office, "leader_PTNMT")) == (1, 1)


def test_lines_of_a_quarantined_case_are_gone_and_so_are_those_of_an_agency_that_lost_it(office: Office) -> None:
    apart, lost = build.case_at(office.world, "approval"), build.case_at(office.world, "approval")
    for case in (apart, lost):
        build.redo(office.world, case, office.world.agencies["PTNMT"])
    office.clock(max(build.next_moment(apart), build.next_moment(lost)))
    assert number(office, "officer_PTNMT") == 2
    build.act(office.world, apart, "quarantine", "operator", reason="Nghi lộ bí mật nhà nước.")
    assert number(office, "officer_PTNMT") == 1
    assert apart.code not in office.words("officer_PTNMT", "/bell")
    second = second_world(office.world)
    stranger = second.actor("officer_PTNMT", office.moment)
    assert lines_for(stranger, now=office.moment)[0] == []


def test_a_deputy_reads_the_desk_of_the_principal_but_not_what_names_the_principal(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    office.clock(build.next_moment(case))
    _name(office, case.id, "Nhờ @officer_ptnmt xem.")
    _stand_in(office, "officer_PTNMT", "officer_HKL")
    assert told(office, "officer_HKL") == ["answer_to_redo"]
    office.post("officer_HKL", "/bell/read")
    assert (number(office, "officer_HKL"), number(office, "officer_PTNMT")) == (0, 2), "each has read for themselves"


def test_lines_go_after_a_month_and_so_does_what_was_read(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    office.clock(build.next_moment(case))
    office.post("officer_PTNMT", "/bell/read")
    assert db.session.scalar(select(func.count()).select_from(BellRead)) == 1
    office.clock(office.moment + KEPT + timedelta(minutes=1))
    assert told(office, "officer_2_PTNMT") == []
    sweep_presence(office.moment)
    assert db.session.scalar(select(func.count()).select_from(BellRead)) == 0


def test_new_words_of_an_exchange_stand_in_the_bell_until_the_desk_has_read_them(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    _say(office, case, "operator", "Xin cho biết số nhà.")
    assert [number(office, name) for name in ("officer_PTNMT", "leader_PTNMT", "officer_HKL", "operator")] == [1, 1, 0, 0]
    page = office.words("officer_PTNMT", "/bell")
    assert "Trung tâm đã viết cho" in page
    assert case.code in page
    assert "số nhà" not in page
    assert 'data-unread-number="1"' in office.get("officer_PTNMT", "/bell/newest").text
    assert office.get("officer_PTNMT", "/inbox/pulse?since=0").json["bell"] == 1
    office.post("officer_PTNMT", "/bell/read")
    assert number(office, "officer_PTNMT") == 1, "lines are read by a person, words of an exchange by the desk, where they stand"
    office.get("officer_PTNMT", f"/cases/{case.ref}?tab=exchange")
    assert [number(office, name) for name in ("officer_PTNMT", "leader_PTNMT")] == [0, 0]
    assert "Trung tâm đã viết cho" not in office.words("officer_PTNMT", "/bell")


# -- beside what else happens to a case --------------------------------------------------------------------------------


def test_after_a_merge_the_bell_leads_to_cases_the_person_still_has(office: Office) -> None:
    case, main = build.case_at(office.world, "approval"), build.case_at(office.world, "to_distribute")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    build.do(office.world, main, "distribute", "operator", lead=office.world.agencies["UBND-LAT"], cooperating=[])
    _say(office, case, "operator", "Xin cho biết số nhà.")
    assert here(office, "officer_PTNMT", case.ref) == []
    build.act(office.world, case, "merge", "operator", now=max(build.next_moment(case), build.next_moment(main)), into=main)
    office.clock(build.next_moment(main))
    assert here(office, "officer_PTNMT", main.ref) == [], "the agency goes along"
    assert here(office, "operator", case.ref) == [], "the case that is merged is still read by the centre"
    _say(office, main, "operator", "Xin cho biết số thửa.")
    page = office.get("officer_PTNMT", "/bell")
    lines = re.findall(r'href="/cases/([^"?]+)', page.text)
    assert main.ref in lines
    assert [office.get("officer_PTNMT", f"/cases/{ref}").status_code for ref in lines] == [200] * len(lines)


def test_after_a_reorganisation_lines_and_words_are_with_the_successor(office: Office) -> None:
    world = office.world
    case = build.case_at(world, "approval")
    build.redo(world, case, world.agencies["PTNMT"])
    _say(office, case, "operator", "Xin cho biết số nhà.")
    assert number(office, "officer_2_PTNMT") == 2
    plan = reorganised.planned(world)
    reorganised.posts_filled(world, plan)
    office.clock(reorganised.MORNING)
    reorganised.carried_out(world, plan)
    db.session.expire_all()
    [part] = db.session.get_one(Case, case.id).open_assignments
    name = next(name for name, person in world.people.items() if Role.OFFICER in
                {row.role for row in db.session.get_one(Account, person.id).memberships if row.agency_id == part.agency_id})  # fmt: skip
    office.clock(office.moment + timedelta(minutes=5))
    assert here(office, name, case.ref) == []
    assert number(office, name) >= 2
    assert case.code in office.words(name, "/bell")
    officers = ("officer_PTNMT", "officer_2_PTNMT", "officer_HKL")
    other = next(each for each in officers if office.get(each, f"/cases/{case.ref}").status_code == 404)
    assert case.code not in office.words(other, "/bell")
    assert here(office, other, case.ref) == 404


def test_a_move_to_another_version_changes_nothing_in_the_bell(office: Office) -> None:
    source = moving.live()
    case = build.case_at(office.world, "approval")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    office.clock(build.next_moment(case))
    before = told(office, "officer_PTNMT"), number(office, "officer_PTNMT")
    moving.carried_out(office.world, source, drawn.put_live(drawn.legal_model()), now=office.moment)
    assert (told(office, "officer_PTNMT"), number(office, "officer_PTNMT")) == before
    assert here(office, "officer_PTNMT", case.ref) == []


def test_of_a_case_set_apart_and_erased_neither_bell_nor_presence_keeps_anything(office: Office) -> None:
    case = build.case_at(office.world, "approval")
    build.redo(office.world, case, office.world.agencies["PTNMT"])
    _say(office, case, "operator", "Xin cho biết số nhà.")
    here(office, "officer_PTNMT", case.ref)
    build.act(office.world, case, "quarantine", "operator", reason="Nghi lộ bí mật nhà nước.")
    office.clock(build.next_moment(case))
    assert number(office, "officer_PTNMT") == number(office, "operator") == 0
    assert case.code not in office.words("officer_PTNMT", "/bell")
    assert who_is_where(office.world.actor("leader_PTNMT", office.moment), now=office.moment) == {}
    build.act(office.world, case, "hand_over", "confidential_reader", receipt="Biên bản 12/BB-TTĐH")
    office.clock(build.next_moment(case) + GONE)
    sweep_presence(office.moment)
    assert db.session.scalar(select(func.count()).select_from(Presence)) == 0
    assert number(office, "officer_PTNMT") == 0


def test_the_number_beside_the_bell_is_counted_with_the_steps_that_wait(office: Office) -> None:
    case = build.case_at(office.world, "to_verify")
    browser, step = office.browser("operator"), f"/tasks/{build.waiting(case, 'verify').ref}"
    for address in ("/inbox", "/open-map", f"/cases/{case.ref}", step, "/search", "/late", "/inbox/pulse?since=0"):
        sent: list[str] = []

        def note(_connection: object, _cursor: object, statement: str, *_: object, sent: list[str] = sent) -> None:
            sent.append(statement)

        event.listen(db.engine, "before_cursor_execute", note)
        browser.get(address)
        event.remove(db.engine, "before_cursor_execute", note)
        of_bell = [statement for statement in sent if "bell_read" in statement]
        assert len(of_bell) == 1, address
        assert "waiting_task" in of_bell[0], f"{address}: not for itself"


@pytest.mark.exhaustive(but=2)
@pytest.mark.on_both
def test_the_bell_and_the_pulse_read_by_their_indexes(office: Office) -> None:
    case = build.case_at(office.world, "handling")
    here(office, "leader_PTNMT", case.ref)
    by, on_sqlite = office.world.actor("officer_PTNMT", office.moment), db.engine.dialect.name == "sqlite"
    with unit_of_work():
        db.session.execute(insert(OutboxMessage), [
            {"recipient": f"desk:officer@a{number % 40}", "template": "answer_to_redo" if number % 9 == 0 else "step_waiting",
             "channel": "page", "parameters": {}, "dedupe_key": f"filled:{number}", "created_at": build.NOON, "due_at": build.NOON}
            for number in range(8_000)
        ])  # fmt: skip
    with unit_of_work():
        db.session.execute(text("ANALYZE outbox_message"))         # of the others nothing is known, so there may be many
    sent: list[tuple[str, Any]] = []

    def note(_connection: object, _cursor: object, statement: str, values: Any, *_: object) -> None:
        sent.append((statement, values))

    event.listen(db.engine, "before_cursor_execute", note)
    counted = unread(by, now=office.moment)
    assert counted is not None
    count(counted)
    who_is_where(by, now=office.moment)
    event.remove(db.engine, "before_cursor_execute", note)
    of_bell, of_presence = (next(each for each in sent if word in each[0]) for word in ("bell_read", "presence"))
    for (statement, values), index, others in (
        (of_bell, "ix_outbox_bell", ("outbox_message",)), (of_presence, "ix_presence_seen_at", ("case", '"case"', "account")),
    ):  # fmt: skip
        with db.engine.connect() as connection:
            if not on_sqlite and index != "ix_outbox_bell":         # of a handful of rows PostgreSQL reads all
                connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
            how = "EXPLAIN QUERY PLAN" if on_sqlite else "EXPLAIN"
            plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"{how} {statement}", values))
        assert index in plan, plan
        read_whole = [table for table in others if f"Seq Scan on {table}" in plan or re.search(rf"SCAN {table}\b", plan)]
        assert read_whole == [], plan

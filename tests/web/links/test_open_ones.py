"""Administrators see the open links of their centre without being able to open one, and revoke one with a reason."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event, select

from casework.db import db, unit_of_work
from casework.doors.gates import CLOSED_DOOR
from casework.doors.links import open_ones
from casework.doors.links.secrets import code_of, secret_of
from casework.local_time import local_day
from casework.models import Case, Event, ReplyLink
from casework.permissions import Role
from tests import build, links
from tests.casework.acting import events, payload, told
from tests.conftest import client_of
from tests.second_centre import of_the_installation, second_world
from tests.web.desk import Office
from tests.web.pages import words_of

LIST = "/settings/doors/links"
WHY = "Gửi nhầm cho đơn vị khác."


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    found = Office(sqlite_app)
    links.opened(found.world)
    return found


def revoked(office: Office, link: ReplyLink, reason: str = WHY, by: str = "administrator") -> int:
    return office.post(by, f"{LIST}/{link.ref}/revocation", reason=reason).status_code


def again(link: ReplyLink) -> ReplyLink:
    return db.session.get_one(ReplyLink, link.id, populate_existing=True)


def test_the_list_says_case_body_maker_last_day_and_state_and_nothing_that_opens_a_link(office: Office) -> None:
    case = links.referred(office.world)
    link = links.sent(office.world, case, with_code=True, email="vanthu@dienluc.example")
    assert office.browser("administrator").get("/settings/doors").get_data(as_text=True).count(f'href="{LIST}"') == 1
    page = office.get("administrator", LIST)
    words = words_of(page)
    maker, last_day = office.world.people["operator"].full_name or "", f"{local_day(link.expires_at) - timedelta(days=1):%d/%m/%Y}"
    for told_words in (case.code, links.BODY, maker, "chờ trả lời", last_day):
        assert told_words in words
    for hidden in (secret_of(link.ref), code_of(link.ref), links.ASKED, "vanthu@dienluc.example", case.title or "đống rác"):
        assert hidden not in page.get_data(as_text=True)


def test_what_was_answered_revoked_or_has_run_out_is_not_in_the_list_and_what_opens_nothing_says_why(office: Office) -> None:
    open_one, answered, taken_back = (links.referred(office.world, by=by) for by in ("citizen", "citizen_2", "citizen_2"))
    links.sent(office.world, open_one)
    client_of(office.app).post(links.address(links.sent(office.world, answered)), data=links.ANSWER)
    links.sent(office.world, taken_back, days=2)
    build.do(office.world, taken_back, "close_referral", "operator", act="take_back", result="Không thuộc công ty.")
    words = office.words("administrator", LIST)
    assert answered.code not in words
    assert words.count("không mở được: đơn vị không còn phải trả lời") == 1
    links.opened(office.world, CLOSED_DOOR)
    assert "không mở được: cửa đang đóng" in office.words("administrator", LIST)
    office.clock(build.NOON + timedelta(days=5))
    words = office.words("administrator", LIST)
    assert (open_one.code in words, taken_back.code in words) == (True, False)


def test_the_administrator_revokes_one_with_a_reason_the_operators_are_told_and_read_it(office: Office) -> None:
    case = links.referred(office.world)
    link = links.sent(office.world, case)
    page = office.post("administrator", f"{LIST}/{link.ref}/revocation", reason=" ")
    assert page.status_code == 422
    assert "Vui lòng ghi lý do thu hồi" in words_of(page)
    assert again(link).revoked_at is None
    assert office.post("administrator", f"{LIST}/{link.ref}/revocation", reason="x" * 501).status_code == 422
    assert revoked(office, link) == 302
    assert client_of(office.app).get(links.address(link)).status_code == 404
    assert events(case)[-1] == "revoke_link"
    last = db.session.scalars(select(Event).where(Event.type == "revoke_link").order_by(Event.id.desc())).first()
    assert last is not None
    assert last.actor_id == office.world.people["administrator"].id
    assert WHY not in payload(case)
    assert told("link_withdrawn") == [f"desk:operator@c{office.world.centre.id}"]
    assert f"Quản trị viên thu hồi: {WHY}" in office.words("operator", f"/cases/{case.ref}")
    page = office.post("administrator", f"{LIST}/{link.ref}/revocation", reason=WHY)
    assert page.status_code == 422
    assert "đã được dùng hoặc đã thu hồi" in words_of(page)


def test_the_reason_goes_with_a_case_that_is_set_apart(office: Office) -> None:
    case = links.referred(office.world)
    link = links.sent(office.world, case)
    revoked(office, link)
    build.act(office.world, case, "quarantine", "operator", reason="Tố cáo.")
    assert again(link).revoked_reason is None


def test_a_link_of_a_case_set_apart_is_neither_listed_nor_found(office: Office) -> None:
    case = links.referred(office.world)
    link = links.sent(office.world, case)
    build.act(office.world, case, "quarantine", "operator", reason="Tố cáo.")
    assert case.code not in office.words("administrator", LIST)
    assert revoked(office, link) == 404


def test_only_administrators_of_the_centre_see_and_revoke_there(office: Office) -> None:
    other = second_world(office.world)
    link = links.sent(office.world, links.referred(office.world))
    office.world.people["foreign"] = other.people["administrator"]
    office.world.people["of_all"] = of_the_installation(office.world, "of_all", Role.ADMINISTRATOR)
    code = db.session.get_one(Case, link.case_id).code
    assert code not in office.words("foreign", LIST)
    assert revoked(office, link, by="foreign") == 404
    assert office.get("operator", LIST).status_code == 403
    assert revoked(office, link, by="operator") == 403          # in the place of administrators; on the page of the case they may
    assert revoked(office, link, by="officer_PTNMT") == 403
    assert again(link).revoked_at is None
    assert code in office.words("of_all", LIST)
    assert revoked(office, link, by="of_all") == 302


def test_a_page_goes_on_after_its_last_link_and_links_of_one_moment_are_not_lost(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(open_ones, "PAGE", 2)
    case = links.referred(office.world)
    first = links.sent(office.world, case)
    with unit_of_work():
        for number in range(3):
            copied = {key: getattr(first, key) for key in ("referral_id", "asked", "with_place", "with_code", "sent_by_id", "sent_at")}
            db.session.add(ReplyLink(**copied, digest=f"{number:064}", expires_at=first.expires_at + timedelta(days=number // 2)))
    seen, after, pages = list[str](), None, 0
    while True:
        page = open_ones.open_links(office.world.actor("administrator"), now=build.NOON, after=after)
        seen, after, pages = [*seen, *(each.ref for each in page.links)], page.next_after, pages + 1
        if after is None:
            break
    assert pages == 2
    assert len(set(seen)) == len(seen) == 4
    assert "after=" in office.get("administrator", LIST).get_data(as_text=True)
    assert office.get("administrator", f"{LIST}?after=nobody").status_code == 200


def test_the_list_is_one_statement_and_walks_along_the_index_of_open_links(app: Flask) -> None:
    world = build.standard_world()
    links.opened(world)
    links.sent(world, links.referred(world))
    asked = list[tuple[str, object]]()

    def note(_connection: object, _cursor: object, statement: str, values: object, *_: object) -> None:
        asked.append((statement, values))

    by = world.actor("administrator")
    event.listen(db.engine, "before_cursor_execute", note)
    try:
        assert len(open_ones.open_links(by, now=build.NOON).links) == 1
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    [(statement, values)] = [each for each in asked if "FROM reply_link" in each[0]]
    with db.engine.connect() as connection:
        is_sqlite = db.engine.dialect.name == "sqlite"
        if not is_sqlite:
            connection.exec_driver_sql("SET LOCAL enable_seqscan = off")
        plan = "\n".join(str(row[-1]) for row in connection.exec_driver_sql(f"EXPLAIN {'QUERY PLAN ' * is_sqlite}{statement}", values))
    assert "ix_reply_link_open" in plan, plan

"""Reminders and letters for many late cases at once: what happens to cases between showing and pressing, and who may press for whom."""
from __future__ import annotations

import re
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.documents.letters import shared_reply_day, usual_reply_day
from casework.models import Agency, Assignment, CalendarDay, Case, Event, Letter, Membership
from casework.states import AssignmentState
from tests import build, reorganised
from tests.casework.acting import local
from tests.second_centre import add_rule, second_world
from tests.web.desk import Office
from tests.web.inbox.test_late import LATE, late_cases
from tests.web.pages import words_of

KEY = "token~AbCdEfGhIjKlMnOp"
"""A form's token with the key of one showing of it."""


def late_office(app: Flask) -> Office:
    office = Office(app)
    late_cases(office.world)
    office.clock(LATE)
    return office


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return late_office(sqlite_app)


def parts_of(office: Office, agency: str, address: str = "/late") -> list[str]:
    """The boxes of an agency's late cases, the urgent one first."""
    page = office.get("operator", address).get_data(as_text=True)
    [group] = [each for each in page.split("<tbody") if f"a-{office.world.agencies[agency].ref}" in each]
    return re.findall(r'name="part" value="([^"]+)"', group)


def reminders() -> int:
    return db.session.scalar(select(func.count()).where(Event.type == "remind")) or 0


def left_late_list(ref: str, state: str) -> None:
    """What may befall a part while the list is open in a browser."""
    with unit_of_work():
        part = db.session.scalars(select(Assignment).where(Assignment.ref == ref)).one()
        if state == "quarantined":
            part.case.quarantined_at = LATE
        elif state == "on hold":
            part.case.paused_for = "hold"
        elif state == "handed back":
            part.state = AssignmentState.HANDED_BACK
        else:
            part.ended_at = LATE


@pytest.mark.parametrize("state", ["quarantined", "on hold", "handed back", "answered"])
def test_a_case_that_left_the_list_before_the_press_is_passed_over_and_said_so(office: Office, state: str) -> None:
    first, second = parts_of(office, "PTNMT")
    left_late_list(first, state)
    office.post("operator", "/late/remind", part=[first, second])
    shown = office.words("operator", "/late")
    assert "Đã gửi 1 lời nhắc. Đơn vị: " in shown
    assert "1 hồ sơ đã đánh dấu không còn trễ hạn nên được bỏ qua." in shown
    assert reminders() == 1
    office.post("operator", "/late/remind", part=first)
    assert "Những hồ sơ đã đánh dấu không còn trễ hạn." in office.words("operator", "/late")


@pytest.mark.exhaustive
def test_pressing_twice_reminds_once_and_so_does_pressing_again_within_four_working_hours(app: Flask) -> None:
    office = late_office(app)
    parts = parts_of(office, "PTNMT")
    for _press in range(2):
        office.post("operator", "/late/remind", part=parts, csrf_token=KEY)
        assert "Đã gửi 2 lời nhắc." in office.words("operator", "/late"), "the second press is answered like the first"
    assert reminders() == 2
    office.clock(LATE + timedelta(hours=1))
    office.post("ops_lead", "/late/remind", part=parts)
    codes = ", ".join(db.session.scalars(select(Case.code).join(Assignment).where(Assignment.ref.in_(parts)).order_by(Case.urgency.desc())))
    assert f"{codes}: Đơn vị vừa được nhắc, chưa quá 4 giờ làm việc." in office.words("ops_lead", "/late"), "the reason stands once"
    assert reminders() == 2
    office.clock(local(13, 3, 9))
    office.post("ops_lead", "/late/remind", part=parts)
    assert reminders() == 4


def test_a_letter_is_written_once_and_only_of_what_was_looked_at(office: Office) -> None:
    parts, lat = parts_of(office, "PTNMT"), office.world.agencies["UBND-LAT"]
    sent = {"part": parts, "sent": "yes", "reply_by": "2026-03-16", "words": "", "csrf_token": KEY}
    other = office.post("operator", "/late/letters", **sent, to=lat.ref)
    assert (other.status_code, "đã thay đổi" in words_of(other)) == (422, True), "another agency was shown"
    for _press in range(2):
        assert office.post("operator", "/late/letters", **sent, to=office.world.agencies["PTNMT"].ref).status_code == 302
    assert db.session.query(Letter).count() == 1
    left_late_list(parts[0], "answered")
    again = office.post("operator", "/late/letters", part=parts, sent="yes", reply_by="2026-03-17")
    html = again.get_data(as_text=True)
    assert (again.status_code, "đã thay đổi" in html) == (422, True)
    assert re.findall(r'name="part" value="([^"]+)"', html) == parts[1:], "what is left is shown again"
    one = office.post("operator", f"/late/{office.world.agencies['PTNMT'].ref}/letter", part=parts, reply_by="2026-03-17")
    assert (one.status_code, "đã thay đổi" in words_of(one)) == (422, True)
    assert db.session.query(Letter).count() == 1


def test_a_narrowed_list_ticks_no_whole_agency_without_a_script_and_is_come_back_to(office: Office) -> None:
    office.post("operator", "/late/remind", part=parts_of(office, "PTNMT")[:1])
    narrowed = office.get("operator", "/late?source=citizen").get_data(as_text=True)
    boxes = re.findall(r'<label class="tick"( hidden)?><input type="checkbox" class="form-check-input" name="agency"', narrowed)
    assert {*boxes} == {" hidden"}, "a tick of an agency means all of it, and not all of it is shown"
    assert 'name="agency"' in office.get("operator", "/late").get_data(as_text=True)
    answer = office.post("operator", "/late/remind?source=citizen", part=parts_of(office, "UBND-LAT"))
    assert answer.location == "/late?source=citizen"


def test_nobody_reminds_or_writes_for_another_centre(office: Office) -> None:
    other = second_world(office.world)
    office.world.people["operator_dn"] = other.people["operator"]
    build.case_at(other, "handling", now=local(2, 3, 9))
    shown = office.get("operator_dn", "/late").get_data(as_text=True)
    own, parts = re.findall(r'name="part" value="([^"]+)"', shown), parts_of(office, "PTNMT")
    assert set(own) - set(parts) == set(own) != set()
    agency = office.world.agencies["PTNMT"].ref
    for address in ("/late/remind", "/late/letters"):
        assert office.post("operator_dn", address, part=parts, agency=agency).location == "/late"
    assert (reminders(), db.session.query(Letter).count()) == (0, 0)
    office.post("operator_dn", "/late/remind", part=[*parts, *own])
    assert reminders() == len(own)


# -- what really befalls a case between opening the list and pressing --------------------------------------------------------------


def late_case(office: Office, ref: str) -> Case:
    return db.session.scalars(select(Case).join(Assignment).where(Assignment.ref == ref)).one()


def letters_shown(office: Office, **form: object) -> tuple[int, str]:
    answer = office.post("operator", "/late/letters", **form)
    return answer.status_code, words_of(answer) if answer.status_code != 302 else office.words("operator", "/late")


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("verb", ["merge", "quarantine"])
def test_a_case_merged_or_set_apart_while_the_list_was_open_is_neither_reminded_of_nor_written_about(app: Flask, verb: str) -> None:
    office = late_office(app)
    first, second = parts_of(office, "PTNMT")
    gone, left = late_case(office, first), late_case(office, second)
    if verb == "merge":
        build.act(office.world, gone, "merge", "operator", now=LATE, into=left)
    else:
        build.act(office.world, gone, "quarantine", "operator", now=LATE, reason="Tố cáo cán bộ.")
    sent = {"part": [first, second], "to": office.world.agencies["PTNMT"].ref, "reply_by": "2026-03-16", "words": "", "sent": "yes"}
    status, words = letters_shown(office, **sent)
    assert (status, "đã thay đổi" in words, gone.code in words, left.code in words) == (422, True, False, True)
    office.post("operator", "/late/remind", part=[first, second])
    assert reminders() == 1
    shown = office.words("operator", "/late")
    assert "1 hồ sơ đã đánh dấu không còn trễ hạn nên được bỏ qua." in shown
    assert gone.code not in shown.split("hồ sơ đã đánh dấu")[1], "it is not named where it was taken out of sight"
    office.post("operator", "/late/remind", part=first)
    assert "Những hồ sơ đã đánh dấu không còn trễ hạn." in office.words("operator", "/late")
    assert (reminders(), db.session.query(Letter).count()) == (1, 0)


def test_work_that_went_to_a_successor_while_the_list_was_open_is_reminded_of_there_and_written_about_after_another_look(
    app: Flask,
) -> None:
    office = Office(app)
    late_cases(office.world)
    office.clock(local(3, 3, 15))
    [part] = parts_of(office, "PTNMT")
    before = office.world.agencies["PTNMT"].ref
    plan = reorganised.planned(office.world)
    reorganised.posts_filled(office.world, plan)
    reorganised.carried_out(office.world, plan)
    office.clock(reorganised.MORNING + timedelta(hours=1))
    status, words = letters_shown(office, part=part, to=before, reply_by="2026-03-09", words="", sent="yes")
    successor = db.session.scalars(select(Agency).join(Assignment).where(Assignment.ref == part)).one()
    assert successor.ref != before
    assert (status, "đã thay đổi" in words, successor.name_vi in words) == (422, True, True), "a letter says what was looked at"
    office.post("operator", "/late/remind", agency=before)
    assert "Những hồ sơ đã đánh dấu không còn trễ hạn." in office.words("operator", "/late"), "that agency is no more"
    assert reminders() == 0
    office.post("operator", "/late/remind", part=part)
    assert f"Đã gửi 1 lời nhắc. Đơn vị: {successor.short_name_vi}" in office.words("operator", "/late")
    status, words = letters_shown(office, part=part, to=successor.ref, reply_by="2026-03-09", words="", sent="yes")
    assert "Đã soạn 1 công văn" in words
    assert db.session.scalars(select(Letter)).one().agency_id == successor.id


def test_letters_of_two_centres_offer_a_working_day_of_both_and_none_is_written_for_a_day_off_in_one(app: Flask) -> None:
    office = late_office(app)
    world = office.world
    other = second_world(world)
    build.case_at(other, "handling", now=local(2, 3, 9))
    with unit_of_work():
        world.people["operator"].memberships.append(Membership(role="operator", centre_id=other.centre.id, valid_from=build.LONG_AGO))
    usual = usual_reply_day(world.centre.id, LATE)
    add_rule(CalendarDay(centre_id=other.centre.id, day=usual, kind="off", label_vi="Lễ hội", label_en="Festival"))
    agencies = [world.agencies["PTNMT"].ref, other.agencies["PTNMT"].ref]
    asked = office.post("operator", "/late/letters", agency=agencies).get_data(as_text=True)
    [offered] = re.findall(r'id="reply_by"[^>]*value="([^"]+)"', asked)
    assert date.fromisoformat(offered) == shared_reply_day({world.centre.id, other.centre.id}, LATE) > usual
    form = {"part": re.findall(r'name="part" value="([^"]+)"', asked), "to": agencies, "words": "", "sent": "yes"}
    status, words = letters_shown(office, **form, reply_by=usual.isoformat())
    assert (status, f"{other.centre.name_vi}: Vui lòng chọn một ngày làm việc" in words) == (422, True)
    assert db.session.query(Letter).count() == 0, "nor the one of the centre that works on that day"
    status, words = letters_shown(office, **form, reply_by=offered)
    assert (status, "Đã soạn 2 công văn" in words) == (302, True)

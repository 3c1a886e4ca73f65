"""Ten seconds to take back what was just done: held, not reversed, carried out with the moment of its press, and told to nobody before."""
from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import func, select, text
from werkzeug.test import TestResponse

from casework.cases import lock_case
from casework.clocks.reminders import send_reminders
from casework.db import db, unit_of_work
from casework.models import Account, Case, Clock, Draft, Event, HeldAct, Membership, OutboxMessage, Publication, Refusal
from casework.notes.notes import write_note
from casework.permissions import Role
from tests import build
from tests.web.desk import Office, statements_of, step
from tests.web.pages import hidden, words_of
from workflows.models import WaitingTask
from workflows.running import carrying_out
from workflows.running.carrying_out import carry_out_due

TEN = timedelta(seconds=10)
PUBLIC = {"title": "Rác ven suối đã được dọn", "question": "Người dân phản ánh rác đổ ven suối."}


@dataclass(frozen=True)
class Kind:
    """One of the five acts: where its case stands, at which step, by whom, and what is sent."""

    verb: str
    state: str
    element: str
    by: str
    form: Callable[[Office, Case], dict[str, Any]]
    left: str
    """The state of the case once it is done."""
    text: str = ""
    """A piece of what was typed."""


def _distribute(office: Office, case: Case) -> dict[str, Any]:
    agency = office.world.agencies["PTNMT"]
    return {"lead": agency.ref, f"instructions-{agency.ref}": "Đến trước giờ tan học."}


KINDS = [
    Kind("publish", "to_publish", "publish", "operator", lambda *_: {**PUBLIC, "checked": "y"}, "rating", PUBLIC["title"]),
    Kind("answer_privately", "to_publish", "publish", "operator", lambda *_: PUBLIC, "rating", PUBLIC["question"]),
    Kind("refuse", "to_verify", "verify", "operator",
         lambda *_: {"reason": "khong_ro_noi_dung", "refusal_words": "Việc này của nơi khác."}, "refused", "Việc này của nơi khác."),
    Kind("distribute", "to_distribute", "distribute", "operator", _distribute, "at_agency", "Đến trước giờ tan học."),
    Kind("approve_answer", "approval", "approve_answer", "leader_PTNMT", lambda *_: {}, "to_publish"),
]
each_kind = pytest.mark.parametrize("kind", KINDS, ids=[kind.verb for kind in KINDS])


@pytest.fixture
def office(app: Flask) -> Office:
    app.config["TAKE_BACK_SECONDS"] = 10
    return Office(app)


def begun(office: Office, kind: Kind) -> Case:
    """A case at the step, some minutes after what happened last."""
    case = build.case_at(office.world, kind.state)
    office.clock(build.next_moment(case))
    return case


def press(office: Office, kind: Kind, case: Case, by: str = "") -> TestResponse:
    return office.post(by or kind.by, step(case, kind.element), act=kind.verb, **kind.form(office, case))


def held() -> HeldAct:
    db.session.expire_all()
    return db.session.scalars(select(HeldAct)).one()


def take(office: Office, kind: Kind) -> TestResponse:
    return office.post(kind.by, f"/held/{held().ref}/take-back")


def footprint(case: Case) -> tuple[object, ...]:
    """What anybody outside or inside could read of it."""
    db.session.expire_all()
    tables = (Event, OutboxMessage, Publication, Refusal, WaitingTask)
    counts = (db.session.scalar(select(func.count()).select_from(table)) for table in tables)
    return (case.state, case.is_public, *counts, *db.session.execute(select(WaitingTask.id, WaitingTask.state).order_by(WaitingTask.id)))


def work(office: Office, seconds: float) -> int:
    """The worker, so many seconds later."""
    office.clock(office.moment + timedelta(seconds=seconds))
    return carry_out_due(office.moment)


def note(office: Office, case: Case, moment: datetime) -> None:
    """A colleague writes something down about the case."""
    with unit_of_work():
        write_note(lock_case(case.id), by=office.world.actor("ops_lead", moment), now=moment, audience="centre", words="Đã gọi lại.")


@each_kind
def test_until_the_time_is_over_nothing_is_done_and_nobody_told(office: Office, kind: Kind) -> None:
    case = begun(office, kind)
    before = footprint(case)
    answer = press(office, kind, case)
    assert answer.status_code == 302, words_of(answer)
    assert footprint(case) == before
    assert work(office, 9) == 0
    assert footprint(case) == before


@pytest.mark.exhaustive(but=2)
@each_kind
def test_taken_back_it_never_happened_and_what_was_typed_is_in_the_form(office: Office, kind: Kind) -> None:
    case = begun(office, kind)
    before, address = footprint(case), step(case, kind.element)
    press(office, kind, case)
    office.clock(office.moment + timedelta(seconds=7))
    answer = take(office, kind)
    assert answer.status_code == 302
    assert answer.location.startswith(address)
    assert kind.text in office.get(kind.by, answer.location).get_data(as_text=True)
    assert work(office, 60) == 0
    assert footprint(case) == before
    assert press(office, kind, case).status_code == 302, "and it can be done after all"
    assert work(office, 10) == 1
    db.session.expire_all()
    assert case.state == kind.left


@pytest.mark.exhaustive(but=2)
@each_kind
def test_it_is_carried_out_with_the_moment_of_the_press(office: Office, kind: Kind) -> None:
    case = begun(office, kind)
    pressed, messages = office.moment, db.session.query(OutboxMessage).count()
    press(office, kind, case)
    assert work(office, 90) == 1, "the worker was late"
    db.session.expire_all()
    assert case.state == kind.left
    assert db.session.query(HeldAct).count() == 0
    assert db.session.query(Draft).count() == 0
    done = db.session.scalars(select(Event).where(Event.case_id == case.id).order_by(Event.seq.desc())).first()
    assert done is not None
    assert (done.at, done.type) == (pressed, kind.verb)
    ended = [clock for clock in db.session.scalars(select(Clock)) if clock.case_id == case.id and clock.ended_at]
    started = [clock for clock in db.session.scalars(select(Clock)) if clock.case_id == case.id]
    assert pressed in {clock.ended_at for clock in ended} | {clock.started_at for clock in started}
    assert office.moment not in {clock.ended_at for clock in ended} | {clock.started_at for clock in started}
    assert db.session.query(OutboxMessage).count() > messages
    assert work(office, 1) == 0


@pytest.mark.exhaustive(but=3)
@each_kind
def test_what_was_recorded_meanwhile_brings_it_back_with_the_text_and_the_reason(office: Office, kind: Kind) -> None:
    case = begun(office, kind)
    address = step(case, kind.element)
    press(office, kind, case)
    build.act(office.world, case, "direct", "committee_leader", now=office.moment + timedelta(seconds=4), words="Xem lại ngay.")
    before = footprint(case)
    assert work(office, 10) == 1
    assert footprint(case) == before
    assert held().returned_at is not None
    page = office.get(kind.by, address).get_data(as_text=True)
    assert "Hồ sơ vừa có thay đổi khác trong lúc chờ." in page
    assert kind.text in page
    inbox = office.get(kind.by, "/inbox").get_data(as_text=True)
    assert "Chưa thực hiện được, đã trả lại Ông/Bà:" in inbox
    assert f'href="/held/{held().ref}"' in inbox
    looked = office.words(kind.by, f"/held/{held().ref}")
    assert "Hồ sơ vừa có thay đổi khác trong lúc chờ." in looked
    office.post(kind.by, "/inbox/notices")
    assert "Chưa thực hiện được" not in office.words(kind.by, "/inbox")
    assert press(office, kind, case).status_code == 302, "and the same can be decided again"
    assert work(office, 10) == 1
    db.session.expire_all()
    assert case.state == kind.left


def test_refusing_beside_the_steps_is_held_too_and_its_words_come_back(office: Office) -> None:
    case = build.case_at(office.world, "to_distribute")
    office.clock(build.next_moment(case))
    address, form = f"/cases/{case.ref}/acts/refuse", {"reason": "khong_ro_noi_dung", "words": "Không phải việc của xã."}
    before = footprint(case)
    assert office.post("operator", address, **form).status_code == 302
    assert footprint(case) == before
    answer = office.post("operator", address, **form)
    assert (answer.status_code, "còn có thể hoàn tác đến" in words_of(answer)) == (422, True)
    assert "Từ chối tiếp nhận" in office.words("operator", f"/held/{held().ref}")
    back = office.post("operator", f"/held/{held().ref}/take-back")
    page = office.get("operator", back.location).get_data(as_text=True)
    assert "Không phải việc của xã." in page
    assert office.post("operator", back.location, **form).status_code == 302
    assert work(office, 10) == 1
    db.session.expire_all()
    assert case.state == "refused"


def test_colleagues_see_who_has_just_done_it_and_cannot_do_it_as_well(office: Office) -> None:
    kind = KINDS[0]
    case = begun(office, kind)
    press(office, kind, case)
    page = office.get("operator_2", step(case, "publish"))
    assert page.status_code == 409
    assert "Người Thử operator đã thực hiện bước này lúc" in words_of(page)
    assert PUBLIC["title"] not in words_of(page), "of what was written nobody reads anything yet"
    assert f"/held/{held().ref}" not in page.get_data(as_text=True)
    assert "Người Thử operator" in office.words("operator_2", "/inbox")
    typed = press(office, kind, case, by="operator_2")
    assert (typed.status_code, PUBLIC["question"] in words_of(typed)) == (409, True)
    claimed = office.get("operator_2", office.post("operator_2", f"{step(case, 'publish')}/claim").location)
    assert "còn có thể hoàn tác đến" in words_of(claimed)
    assert office.post("operator_2", f"/held/{held().ref}/take-back").location == "/inbox"
    assert held().returned_at is None, "what one has done nobody else takes back"
    assert office.get("operator_2", f"/held/{held().ref}").status_code == 404
    assert work(office, 10) == 1
    assert case.is_public


def test_who_was_typing_the_same_step_still_reads_their_own_words_when_a_colleague_has_done_it(office: Office) -> None:
    kind = KINDS[0]
    case = begun(office, kind)
    page, own = step(case, "publish"), {**PUBLIC, "question": "Bãi rác cạnh cầu treo."}
    owner = hidden(office.get("operator_2", page).text, "draft_owner")
    assert office.post("operator_2", f"{page}/draft", draft_owner=owner, **own).status_code == 302
    press(office, kind, case)
    assert own["question"] in words_of(office.get("operator_2", page)), "while it is held"
    assert own["question"] not in words_of(office.get("operator", page))
    assert work(office, 10) == 1
    assert own["question"] in words_of(office.get("operator_2", page)), "and once it is done"


def test_the_next_page_offers_to_take_it_back_until_the_time_is_over(office: Office) -> None:
    kind = KINDS[0]
    case = begun(office, kind)
    page = office.get("operator", press(office, kind, case).location)
    html = page.get_data(as_text=True)
    assert f'action="/held/{held().ref}/take-back" data-once data-held="10"' in html
    assert case.code in words_of(page)
    assert "data-held=" not in office.get("operator_2", "/inbox").get_data(as_text=True)
    office.clock(office.moment + TEN)
    assert "data-held=" not in office.get("operator", "/inbox").get_data(as_text=True)
    assert office.get("operator", f"/held/{held().ref}/state").json == {"state": "held", "words": ""}
    ref = held().ref
    carry_out_due(office.moment)
    told = office.get("operator", f"/held/{ref}/state").json
    assert told is not None
    assert told["state"] == "done"
    late = office.get("operator", office.post("operator", f"/held/{ref}/take-back").location)
    assert "Không kịp hoàn tác" in words_of(late)
    assert case.is_public


@pytest.mark.exhaustive(but=5)
@each_kind
def test_holding_takes_two_statements_more_than_doing_at_most(office: Office, kind: Kind) -> None:
    took = []
    for seconds in (0, 0, 10):                                          # the first fills what is kept in memory
        office.app.config["TAKE_BACK_SECONDS"] = seconds
        case = begun(office, kind)
        address, form = step(case, kind.element), kind.form(office, case)
        office.get(kind.by, address)
        took.append(statements_of(lambda: office.post(kind.by, address, act=kind.verb, **form)))  # noqa: B023
    assert took[2] <= took[1] + 2


@pytest.mark.exhaustive(but=5)
@each_kind
def test_the_next_one_of_the_queue_opens_and_never_the_step_that_is_held(office: Office, kind: Kind) -> None:
    first, second = build.case_at(office.world, kind.state), begun(office, kind)
    answer = press(office, kind, second)
    assert answer.location.partition("?")[0] == step(first, kind.element)
    assert press(office, kind, first).location.partition("?")[0] in ("/inbox", "/")
    assert work(office, 10) == 2


def test_a_form_sent_twice_is_held_once_and_after_taking_back_it_can_be_sent_again(office: Office) -> None:
    office.app.config["WTF_CSRF_ENABLED"] = True
    kind = KINDS[0]
    case = begun(office, kind)
    html = office.get("operator", step(case, "publish")).get_data(as_text=True)
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', html)
    assert token
    form = {**PUBLIC, "checked": "y", "act": "publish", "csrf_token": token[1]}
    first, second = (office.post("operator", step(case, "publish"), **form) for _ in range(2))
    assert (first.status_code, second.status_code) == (302, 302)
    assert db.session.query(HeldAct).count() == 1
    assert office.post("operator", f"/held/{held().ref}/take-back", csrf_token=token[1]).status_code == 302
    assert office.post("operator", step(case, "publish"), **form).status_code == 302, "gone back to the old page"
    assert work(office, 10) == 1
    db.session.expire_all()
    assert case.is_public


def test_whoever_lost_the_role_meanwhile_gets_it_back(office: Office) -> None:
    kind = KINDS[0]
    case = begun(office, kind)
    press(office, kind, case)
    with unit_of_work():
        operator = db.session.merge(office.world.people["operator"])
        for row in db.session.scalars(select(Membership).where(Membership.account_id == operator.id, Membership.role == Role.OPERATOR)):
            row.valid_to = (office.moment - timedelta(days=1)).date()
    before = footprint(case)
    assert work(office, 10) == 1
    assert footprint(case) == before
    assert held().returned_at is not None


def test_a_case_set_apart_meanwhile_tells_nobody_and_one_put_on_hold_gives_the_text_back(office: Office) -> None:
    apart, merged = (begun(office, KINDS[0]) for _ in range(2))
    for case in (apart, merged):
        press(office, KINDS[0], case)
    moment = office.moment + timedelta(seconds=3)
    build.act(office.world, apart, "quarantine", "ops_lead", now=moment, reason="Người gửi bị đe dọa.")
    build.act(office.world, merged, "hold", "ops_lead", now=moment, reason="Chờ nước rút.", until=date(2026, 3, 12))
    told = db.session.query(OutboxMessage).count()
    assert work(office, 10) == 1
    assert db.session.query(OutboxMessage).count() == told
    inbox = office.words("operator", "/inbox")
    assert merged.code in inbox
    assert apart.code not in inbox
    assert (held().case_id, held().returned_at) == (merged.id, office.moment), "what was typed about the other is erased like a draft"


def test_reminders_and_timers_of_the_case_wait_for_what_is_held(office: Office) -> None:
    case = build.case_at(office.world, "to_publish")
    clock = next(each for each in db.session.scalars(select(Clock)) if each.case_id == case.id and each.kind == "case")
    assert clock.due_at is not None
    office.clock(clock.due_at - timedelta(seconds=3))
    press(office, KINDS[0], case)
    told = db.session.query(OutboxMessage).count()
    office.clock(office.moment + timedelta(seconds=9))
    send_reminders(office.moment)
    assert db.session.query(OutboxMessage).count() == told, "nobody is told that it is late"
    assert work(office, 2) == 1
    db.session.expire_all()
    assert (clock.ended_at, clock.is_late(office.moment)) == (clock.due_at - timedelta(seconds=3), False)


def test_a_unit_of_work_that_breaks_leaves_it_held_and_a_fault_gives_it_back(office: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    kind = KINDS[0]
    case = begun(office, kind)
    press(office, kind, case)
    before = footprint(case)

    def killed(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(db.session, "commit", killed)
        broken.setattr("sqlalchemy.orm.Session.commit", killed)
        with pytest.raises(KeyboardInterrupt):
            work(office, 10)
    db.session.rollback()
    assert footprint(case) == before
    assert held().returned_at is None
    with monkeypatch.context() as broken:
        broken.setattr(carrying_out, "perform", lambda *_, **__: 1 / 0)
        assert work(office, 1) == 1
    assert footprint(case) == before
    assert held().returned_at is not None
    assert press(office, kind, case).status_code == 302


def test_without_a_worker_whoever_opens_the_step_has_it_carried_out(office: Office) -> None:
    kind = KINDS[0]
    case = begun(office, kind)
    address = step(case, "publish")
    press(office, kind, case)
    office.clock(office.moment + timedelta(seconds=12))
    assert office.get("operator_2", address).status_code == 409, "the worker has its turn first"
    office.clock(office.moment + timedelta(seconds=2))
    assert office.get("operator_2", address).status_code == 302
    db.session.expire_all()
    assert case.is_public


def test_several_answers_of_one_case_approved_together_are_all_carried_out(office: Office) -> None:
    case = build.case_at(office.world, "approval", agencies=2)
    office.clock(build.next_moment(case))
    names = {row.agency.key: f"leader_{row.agency.key}" for row in case.assignments}
    for key, name in names.items():
        address = step(case, "approve_answer", key, office)
        assert office.get(name, address).status_code == 200
        ref = address.rsplit("/", 1)[1]
        answer = office.browser(name).post("/approvals", data={"pick": [ref], f"version-{ref}": "1"})
        assert "còn hoàn tác được trong ít giây" in words_of(answer)
        office.clock(office.moment + timedelta(seconds=1))
    assert work(office, 10) == 2
    db.session.expire_all()
    assert case.state == "to_publish"


def test_an_author_who_has_left_leaves_nothing_that_waits_for_ever(office: Office) -> None:
    kind = KINDS[0]
    case = begun(office, kind)
    press(office, kind, case)
    with unit_of_work():
        db.session.get_one(Account, office.world.people["operator"].id).disabled_at = office.moment
    assert work(office, 10) == 1
    assert held().returned_at is not None


@each_kind
def test_what_was_typed_rests_sealed(office: Office, kind: Kind) -> None:
    case = begun(office, kind)
    press(office, kind, case)
    row = db.session.execute(text("SELECT sealed_given, sealed_fields FROM held_act")).one()
    assert all(kind.text.encode() not in bytes(each) for each in row if each is not None) or not kind.text


def test_after_half_a_day_without_a_worker_it_goes_back(office: Office) -> None:
    kind = KINDS[0]
    case = begun(office, kind)
    press(office, kind, case)
    assert work(office, 13 * 3600) == 1
    assert (held().returned_at, case.is_public) == (office.moment, False)
    assert "Hệ thống tạm dừng quá lâu" in office.words(kind.by, f"/held/{held().ref}")

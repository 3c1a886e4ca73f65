"""Letters nobody could be sure of, as operators meet them: who sees which, what it shows, and what becomes of each."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.models import Case, Event, IncomingLetter, Photo, Question, Report
from casework.pausing.questions import answer_words
from tests import beside, build
from tests.conftest import client_of
from tests.merged import merge
from tests.messages.house import BY_MAIL, quiet_case
from tests.second_centre import second_world
from tests.system.canary import plain_photo
from tests.web.mail_in.post import ADDRESS, OURS, Post, said_in, told_to
from tests.web.mail_in.test_taking import types, with_files
from tests.web.pages import at, signed_in

WORDS = "Cột đèn thứ hai cũng tắt"
REASON = "Cần biết ai viết để gọi lại."


@pytest.fixture
def stray(post: Post) -> IncomingLetter:
    """A letter that names no report of ours."""
    return post.receive(post.written(OURS, WORDS))


def unproven(post: Post, case: Case) -> IncomingLetter:
    return post.receive(post.written(told_to(case, post.house), WORDS, head=""))


@dataclass
class Answer:
    status: int
    text: str
    headers: Any


@dataclass
class Browser:
    """A person of staff, signed in."""

    client: FlaskClient

    def get(self, address: str) -> Answer:
        return self._read(self.client.get(address))

    def post(self, address: str, form: dict[str, str]) -> Answer:
        return self._read(self.client.post(address, data=form, content_type="multipart/form-data"))

    def _read(self, answer: TestResponse) -> Answer:
        db.session.rollback()
        return Answer(answer.status_code, answer.get_data(as_text=True), answer.headers)


def as_(post: Post, name: str, world: build.World | None = None) -> Browser:
    app = post.house.app
    at(app, post.house.now)
    return Browser(signed_in(app, client_of(app), (world or post.house.world).people[name], now=post.house.now))


def test_an_operator_reads_the_words_and_learns_the_sender_with_a_reason_alone(post: Post, stray: IncomingLetter) -> None:
    browser = as_(post, "operator")
    page = browser.get("/unclear-letters")
    assert f"/unclear-letters/{stray.ref}" in page.text
    page = browser.get(f"/unclear-letters/{stray.ref}")
    assert WORDS in page.text
    assert ADDRESS not in page.text
    refused = browser.post(f"/unclear-letters/{stray.ref}/sender", {"reason": "vì"})
    assert (refused.status, ADDRESS in refused.text) == (422, False)
    shown = browser.post(f"/unclear-letters/{stray.ref}/sender", {"reason": REASON})
    assert (shown.status, ADDRESS in shown.text, shown.headers["Cache-Control"]) == (200, True, "no-store")
    event = db.session.scalars(select(Event).where(Event.type == "reveal_identity")).one()
    assert event.payload == {"letter": stray.ref, "reason": REASON}


def test_a_look_at_a_letter_to_a_report_stands_in_the_history_of_its_case(post: Post) -> None:
    case = quiet_case(post.house.world)
    row = unproven(post, case)
    assert as_(post, "operator").post(f"/unclear-letters/{row.ref}/sender", {"reason": REASON}).status == 200
    assert types(case)[-1] == "reveal_identity"
    with unit_of_work():
        reporter = db.session.get_one(Report, case.main_report.id).reporter
        assert reporter is not None
        reporter.restricted_at = post.house.now
    refused = as_(post, "operator").post(f"/unclear-letters/{row.ref}/sender", {"reason": REASON})
    assert (refused.status, ADDRESS in refused.text, "hạn chế xử lý" in refused.text) == (422, False, True)


def test_a_letter_put_into_a_case_is_an_addition_of_its_sender(post: Post) -> None:
    case = quiet_case(post.house.world)
    row = post.receive(with_files(post, f"phanhoi+{'a' * 22}@xa.example", ("mot.png", "image/png", plain_photo(1)), words=WORDS))
    browser = as_(post, "operator")
    refused = browser.post(f"/unclear-letters/{row.ref}/attach", {"code": "LD-2026-999999"})
    assert (refused.status, "LD-2026-999999" in refused.text) == (422, True)
    for _ in range(2):
        assert browser.post(f"/unclear-letters/{row.ref}/attach", {"code": case.code.lower()}).status in (302, 404)
    assert said_in(case) == [WORDS]
    assert db.session.scalar(select(func.count()).where(Photo.report_id == case.main_report.id, Photo.addition_id.is_not(None))) == 1
    assert types(case)[-2:] == ["write_to_centre", "attach_letter"]
    [event] = db.session.scalars(select(Event).where(Event.type == "attach_letter"))
    assert (event.actor_id, event.payload) == (post.house.world.people["operator"].id, {"report": case.code})
    assert [(each.state, each.sealed_raw) for each in post.letters] == [("taken", None)]


def test_a_letter_put_into_a_case_that_waits_answers_its_question(post: Post) -> None:
    world = post.house.world
    case = beside.ask(world, build.case_at(world, "handling", by="guest", contact=BY_MAIL))
    post.house.wait(hours=1)
    row = unproven(post, case)
    assert as_(post, "operator").post(f"/unclear-letters/{row.ref}/attach", {"code": case.code}).status == 302
    question = db.session.scalars(select(Question).where(Question.case_id == case.id)).one()
    assert answer_words(question) == WORDS


def test_a_letter_is_thrown_away_with_a_reason_and_erased(post: Post, stray: IncomingLetter) -> None:
    browser = as_(post, "operator")
    refused = browser.post(f"/unclear-letters/{stray.ref}/throw", {"reason": "rác"})
    assert (refused.status, 'value="rác"' in refused.text) == (422, True)
    assert browser.post(f"/unclear-letters/{stray.ref}/throw", {"reason": "Quảng cáo không liên quan."}).status == 302
    assert [(each.state, each.sealed_raw) for each in post.letters] == [("thrown", None)]
    event = db.session.scalars(select(Event).where(Event.type == "throw_letter")).one()
    assert event.payload == {"letter": stray.ref, "why": "address", "reason": "Quảng cáo không liên quan."}
    assert browser.get(f"/unclear-letters/{stray.ref}").status == 404


def test_a_report_is_filed_from_a_letter_by_the_form_of_a_call_with_its_pictures(post: Post) -> None:
    row = post.receive(with_files(post, OURS, ("mot.png", "image/png", plain_photo(1)), words="Ổ gà lớn trước trường học"))
    browser = as_(post, "operator")
    page = browser.get(f"/intake/call?letter={row.ref}")
    assert "Ổ gà lớn trước trường học" in page.text
    assert ADDRESS not in page.text
    form = {"letter": row.ref, "words": "Ổ gà lớn trước trường học", "place": "Trước trường học", "urgent": "y", "source": "officer",
            "told": "none", "language": "vi", "idempotency_key": "k" * 22, "act": "send"}  # fmt: skip
    assert browser.post("/intake/call", form).status == 302
    report = db.session.scalars(select(Report).order_by(Report.id.desc()).limit(1)).one()
    assert db.session.scalar(select(func.count()).where(Photo.report_id == report.id)) == 1
    assert [(each.state, each.sealed_raw) for each in post.letters] == [("filed", None)]
    assert db.session.scalars(select(Event).where(Event.type == "file_letter")).one().payload == {"letter": row.ref, "report": report.code}


def test_whoever_looks_after_a_letter_is_the_one_who_deals_with_it_until_they_leave_it(post: Post, stray: IncomingLetter) -> None:
    first, second, lead = (as_(post, name) for name in ("operator", "operator_2", "ops_lead"))
    address = f"/unclear-letters/{stray.ref}"
    assert first.post(f"{address}/holder", {"takes": "yes"}).status == 302
    refused = second.post(f"{address}/throw", {"reason": "Quảng cáo không liên quan."})
    assert (refused.status, "đồng nghiệp" in refused.text) == (422, True)
    assert second.post(f"{address}/holder", {"takes": "no"}).status == 422
    assert lead.post(f"{address}/holder", {"takes": "no"}).status == 302
    assert second.post(f"{address}/throw", {"reason": "Quảng cáo không liên quan."}).status == 302


@pytest.mark.parametrize("name", ["officer_PTNMT", "leader_PTNMT", "committee_leader", "administrator", "citizen"])
def test_nobody_else_reads_them(post: Post, stray: IncomingLetter, name: str) -> None:
    browser = as_(post, name)
    assert browser.get("/unclear-letters").status == 403
    assert browser.get(f"/unclear-letters/{stray.ref}").status == 403


def test_of_a_case_set_apart_its_confidential_reader_alone_reads_the_letter(post: Post) -> None:
    case = quiet_case(post.house.world)
    row = unproven(post, case)
    reader, operator = as_(post, "confidential_reader"), as_(post, "operator")
    assert reader.get(f"/unclear-letters/{row.ref}").status == 404
    with unit_of_work():
        db.session.get_one(Case, case.id).quarantined_at = post.house.now
    assert operator.get(f"/unclear-letters/{row.ref}").status == 404
    assert row.ref not in operator.get("/unclear-letters").text
    shown = reader.get(f"/unclear-letters/{row.ref}")
    assert (shown.status, WORDS in shown.text, "/attach" in shown.text) == (200, True, False)
    assert operator.post(f"/unclear-letters/{row.ref}/attach", {"code": case.code}).status == 404


def test_the_list_is_read_in_pages(sqlite_post: Post, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("casework.mail_in.unclear.unclear_letters.__kwdefaults__", {"after": 0, "limit": 2})
    for _ in range(5):
        sqlite_post.receive(sqlite_post.written(OURS))
    browser, address, seen = as_(sqlite_post, "operator"), "/unclear-letters", list[str]()
    for _ in range(3):
        page = browser.get(address)
        seen += [row.ref for row in sqlite_post.letters if row.ref in page.text]
        address = f"/unclear-letters?after={max((row.id for row in sqlite_post.letters if f'after={row.id}' in page.text), default=0)}"
    assert sorted(seen) == sorted(row.ref for row in sqlite_post.letters)


def test_words_that_would_be_a_page_are_shown_as_words(sqlite_post: Post) -> None:
    row = sqlite_post.receive(sqlite_post.written(OURS, "<script>alert(1)</script><img src=x onerror=alert(2)>"))
    page = as_(sqlite_post, "operator").get(f"/unclear-letters/{row.ref}")
    assert "<script>alert" not in page.text
    assert "&lt;script&gt;alert" in page.text


def test_a_letter_follows_its_report_to_another_centre_and_into_another_case(post: Post) -> None:
    world = post.house.world
    other = second_world(world)
    case, main = quiet_case(world), quiet_case(world)
    row = unproven(post, case)
    theirs, ours = as_(post, "operator", other), as_(post, "operator")
    assert theirs.get(f"/unclear-letters/{row.ref}").status == 404
    assert row.ref not in theirs.get("/unclear-letters").text
    merge(world, db.session.get_one(Case, case.id), db.session.get_one(Case, main.id))
    assert ours.get(f"/unclear-letters/{row.ref}").status == 200
    post.house.wait(minutes=5)
    assert ours.post(f"/unclear-letters/{row.ref}/attach", {"code": case.code}).status == 302
    assert (said_in(case), said_in(main)) == ([], [WORDS])
    moved = quiet_case(world)
    row = unproven(post, moved)
    with unit_of_work():
        db.session.get_one(Case, moved.id).centre_id = other.centre.id
    assert (ours.get(f"/unclear-letters/{row.ref}").status, theirs.get(f"/unclear-letters/{row.ref}").status) == (404, 200)
    assert row.ref in theirs.get("/unclear-letters").text


def test_the_inbox_leads_to_them_while_some_wait(post: Post) -> None:
    assert "/unclear-letters" not in as_(post, "operator").get("/inbox").text
    post.receive(post.written(OURS, WORDS))
    assert "/unclear-letters" in as_(post, "operator").get("/inbox").text
    assert "/unclear-letters" not in as_(post, "officer_PTNMT").get("/inbox").text


def test_what_nobody_deals_with_is_erased_after_its_days(post: Post, stray: IncomingLetter) -> None:
    from casework.mail_in.keeping import KEPT_FOR, forget_old_letters

    assert len(post.letters) == 1
    with unit_of_work():
        forget_old_letters(post.house.now + KEPT_FOR + timedelta(minutes=1))
    assert post.letters == []

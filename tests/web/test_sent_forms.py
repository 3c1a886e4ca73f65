"""What is sent twice with one showing of a form is recorded once, and the second is answered as the first one was."""
from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest.mock import patch

import psycopg
import pytest
from flask import Flask, request
from sqlalchemy import func, select

import web
from casework.cases import CaseBusy
from casework.db import METADATA, db, unit_of_work
from casework.events import append
from casework.models import Case, IdempotencyKey, Note
from casework.permissions import SYSTEM, Action
from casework.rate_limits import drop_old_keys
from tests import build
from tests.casework.intake.test_filing_at_once import at_once
from tests.web.desk import Office
from tests.web.pages import hidden, signed_in, words_of
from web.sent_forms import MARK, MAY_REPEAT, TOKEN, sent_key, takes_part
from web.settings.edit_conflicts import SEEN

pytestmark = pytest.mark.on_both

BEFORE = "đã được ghi nhận ở lần gửi trước"
NOTE = {"audience": "centre", "words": "Đã gọi hỏi thêm."}
KEPT_ASIDE = {"idempotency_key", "login_session", "rate_counter", "request_metric"}
"""Tables that also a look at a page may write."""


@pytest.fixture
def office(app: Flask) -> Office:
    app.config["WTF_CSRF_ENABLED"] = True
    return Office(app)


@pytest.fixture
def small(sqlite_app: Flask) -> Office:
    """The same on one database, for what asks nothing of it."""
    sqlite_app.config["WTF_CSRF_ENABLED"] = True
    return Office(sqlite_app)


def shown(office: Office, name: str, address: str) -> dict[str, str]:
    """The hidden token of a form as it is shown."""
    answer = office.get(name, address)
    assert answer.status_code == 200, (address, answer.status_code, words_of(answer))
    return {TOKEN: hidden(answer.text, TOKEN)}


def rows() -> dict[str, int]:
    """How many rows each table has."""
    db.session.rollback()
    tables = [table for table in METADATA.sorted_tables if table.name not in KEPT_ASIDE]
    return {table.name: db.session.scalar(select(func.count()).select_from(table)) or 0 for table in tables}


def notes_of(case: Case) -> list[str]:
    db.session.rollback()
    return list(db.session.scalars(select(Note.body).where(Note.case_id == case.id).order_by(Note.id)))


# -- everything that adds -------------------------------------------------------------------------------------------------


def handling(office: Office) -> Case:
    return build.case_at(office.world, "handling")


def of_case(act: str) -> Callable[[Office], str]:
    return lambda office: f"/cases/{handling(office).ref}/acts/{act}"


def of_agency(act: str) -> Callable[[Office], str]:
    def address(office: Office) -> str:
        case = handling(office)
        return f"/cases/{case.ref}/acts/{act}?assignment={case.open_assignments[0].ref}"

    return address


def own(office: Office, what: str = "") -> str:
    return f"/mine/{handling(office).main_report.code}{what}"


ADDING: dict[str, tuple[str, Callable[[Office], str], str | None, dict[str, Any]]] = {
    "a note": ("operator", lambda office: f"/cases/{handling(office).ref}/notes", None, NOTE),
    "a directive": ("committee_leader", of_case("direct"), None, {"words": "Xử lý ngay trong ngày."}),
    "a reminder": ("operator", of_agency("remind"), None, {"words": "Sắp đến hạn."}),
    "a progress note": ("officer_PTNMT", of_agency("progress_note"), None, {"words": "Đã xem hiện trường."}),
    "a hold": ("ops_lead", of_case("hold"), None, {"reason": "Chờ nước rút.", "until": "2026-03-06"}),
    "words of a sender": ("citizen", own, "/additions", {"words": "Hôm nay vẫn còn."}),
    "a withdrawal": ("citizen", lambda office: own(office, "/withdrawal"), None, {"sure": "withdraw", "reason": "Đã dọn."}),
    "an extension": ("officer_PTNMT", of_agency("request_extension"), None, {"reason": "Chờ máy.", "until": "2026-03-12"}),
    "an order": ("ops_lead", lambda _office: "/exports/new/cases", None, {"form": "csv"}),
    "a step": ("operator", lambda office: f"/tasks/{build.waiting(build.case_at(office.world, 'to_publish'), 'publish').ref}", None,
               {"title": "Rác ven suối", "question": "Người dân phản ánh rác.", "checked": "y", "act": "publish"}),
}  # fmt: skip
"""By name: who sends it, the page of the form, where the form leads unless to its page (added to the address), and what is typed."""


def address_of(page: str, leads: str | None) -> str:
    if leads is None:
        return page
    return page.partition("?")[0] + leads


@pytest.mark.exhaustive(but=4)
@pytest.mark.parametrize("name", ADDING)
def test_whatever_adds_is_recorded_once_and_the_second_time_answered_as_the_first(small: Office, name: str) -> None:
    who, page_of, leads, typed = ADDING[name]
    page = page_of(small)
    form, before = shown(small, who, page) | typed, rows()
    send = lambda: small.browser(who).post(address_of(page, leads), data=form)  # noqa: E731
    first = send()
    assert first.status_code == 302, words_of(first)
    small.get(who, first.location)
    after = rows()
    assert after != before
    again = send()
    assert (again.status_code, again.location) == (302, first.location)
    assert (BEFORE in words_of(small.get(who, again.location))) is (name != "an order"), "who orders the same is shown the same"
    assert rows() == after


def test_a_note_is_written_once_on_either_database(office: Office) -> None:
    case = handling(office)
    address = f"/cases/{case.ref}/notes"
    form = shown(office, "operator", address) | NOTE
    answers = [office.post("operator", address, **form) for _ in range(3)]
    assert {(answer.status_code, answer.location) for answer in answers} == {(302, f"/cases/{case.ref}?tab=exchange#notes")}
    assert notes_of(case) == [NOTE["words"]]


def test_who_sends_a_setting_twice_is_not_told_of_somebody_else(small: Office) -> None:
    page = f"/settings/centres/{small.world.centre.ref}"
    answer = small.get("administrator", page)
    found = {name: hidden(answer.text, name) for name in (TOKEN, SEEN)}
    form = found | {"name_vi": "Trung tâm mới", "name_en": "New centre", "phone": "02630000000", "case_clock_starts": "filing",
                    "reason": "Đổi tên."}
    first = small.browser("administrator").post(page, data=form)
    assert first.status_code == 302, words_of(first)
    again = small.browser("administrator").post(page, data=form)
    assert (again.status_code, again.location) == (302, first.location)
    assert BEFORE in words_of(small.get("administrator", again.location))


# -- by accident ----------------------------------------------------------------------------------------------------------


def test_of_several_at_one_moment_one_is_recorded_and_all_are_answered_alike(office: Office) -> None:
    case = handling(office)
    address = f"/cases/{case.ref}/notes"
    form = shown(office, "operator", address) | NOTE
    cookies = dict(office.browser("operator")._cookies or {})
    case_ref, case_id = case.ref, case.id

    def send(_number: int) -> str:
        browser = office.app.test_client()
        browser._cookies = dict(cookies)
        answer = browser.post(address, data=form)
        return f"{answer.status_code} {answer.location}"

    assert set(at_once(office.app, send)) == {f"302 /cases/{case_ref}?tab=exchange#notes"}
    assert notes_of(db.session.get_one(Case, case_id)) == [NOTE["words"]]


@contextmanager
def lost_answers() -> Iterator[None]:
    """The database keeps what is committed, and goes away before it says so."""
    commit = db.engine.dialect.do_commit

    def lose(connection: Any) -> None:
        commit(connection)
        raise psycopg.OperationalError("server closed the connection unexpectedly")

    with patch.object(db.engine.dialect, "do_commit", lose):
        yield


@pytest.mark.parametrize("kind_of_database", ["postgres"], indirect=True)
def test_what_was_kept_though_its_answer_was_lost_is_not_recorded_again(office: Office) -> None:
    case = handling(office)
    address = f"/cases/{case.ref}/notes"
    form = shown(office, "operator", address) | NOTE
    with lost_answers():
        lost = office.post("operator", address, **form)
    assert lost.status_code == 503
    assert notes_of(case) == [NOTE["words"]]
    again = office.post("operator", address, **form)
    assert (again.status_code, again.location) == (302, f"/cases/{case.ref}?tab=exchange#notes")
    assert notes_of(case) == [NOTE["words"]]


def test_the_page_that_gives_what_was_typed_back_keeps_the_key(small: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    case = handling(small)
    address = f"/cases/{case.ref}/notes"
    form = shown(small, "operator", address) | NOTE

    def busy(*_: object, **__: object) -> None:
        raise CaseBusy

    with monkeypatch.context() as patched:
        patched.setattr("web.notes.write_note", busy)
        refused = small.browser("operator").post(address, data=form, headers={"Sec-Fetch-Site": "same-origin"})
    assert refused.status_code == 503
    back = {name: hidden(refused.text, name) for name in (TOKEN, *NOTE)}
    assert back[TOKEN].partition(MARK)[2] == form[TOKEN].partition(MARK)[2]
    assert small.post("operator", address, **back).status_code == 302
    assert BEFORE not in small.words("operator", f"/cases/{case.ref}?tab=all")
    assert small.post("operator", address, **form).status_code == 302
    assert notes_of(case) == [NOTE["words"]]


def test_a_form_shown_again_because_it_was_refused_keeps_its_key(small: Office) -> None:
    address = f"/cases/{handling(small).ref}/notes"
    form = shown(small, "operator", address)
    assert shown(small, "operator", address) != form
    refused = small.post("operator", address, **form, audience="centre", words="")
    assert refused.status_code == 422
    assert hidden(refused.text, TOKEN).partition(MARK)[2] == form[TOKEN].partition(MARK)[2]


def test_other_words_from_the_same_page_are_another_note(small: Office) -> None:
    case = handling(small)
    address = f"/cases/{case.ref}/notes"
    form = shown(small, "operator", address)
    for words in ("Một.", "Hai.", "Một."):
        assert small.post("operator", address, **form, audience="centre", words=words).status_code == 302
    assert notes_of(case) == ["Một.", "Hai."]


def test_another_photo_of_the_same_name_is_something_else(small: Office) -> None:
    """Telephones call every picture image.jpg."""
    address = f"/cases/{handling(small).ref}/notes"
    form = shown(small, "operator", address)

    def key(content: bytes) -> str | None:
        sent = {**form, "photos": (io.BytesIO(content), "image.jpg")}
        with small.app.test_request_context(address, method="POST", data=sent):
            found = sent_key()
            assert request.files["photos"].read() == content, "who reads it after finds it whole"
            return found

    assert key(b"one") == key(b"one")
    assert key(b"one") != key(b"two")


def test_a_page_kept_through_a_new_session_is_still_the_same_page(small: Office) -> None:
    case = handling(small)
    address = f"/cases/{case.ref}/notes"
    form = shown(small, "operator", address) | NOTE
    small.post("operator", address, **form)
    signed_in(small.app, small.browser("operator"), small.world.people["operator"], now=small.moment)
    token = shown(small, "operator", address)[TOKEN].partition(MARK)[0]
    key = form[TOKEN].partition(MARK)[2]
    missing = small.browser("operator").post(address, data={**form, TOKEN: f"old{MARK}{key}"}, headers={"Sec-Fetch-Site": "same-origin"})
    assert (missing.status_code, hidden(missing.text, TOKEN).partition(MARK)[2]) == (400, key)
    assert small.post("operator", address, **{**form, TOKEN: f"{token}{MARK}{key}"}).status_code == 302
    assert notes_of(case) == [NOTE["words"]]


def test_the_same_key_in_anothers_hands_is_another_key(small: Office) -> None:
    case = handling(small)
    address = f"/cases/{case.ref}/notes"
    form = shown(small, "operator", address) | NOTE
    small.post("operator", address, **form)
    theirs = shown(small, "ops_lead", address)[TOKEN].partition(MARK)[0]
    small.post("ops_lead", address, **{**form, TOKEN: f"{theirs}{MARK}{form[TOKEN].partition(MARK)[2]}"})
    assert len(notes_of(case)) == 2


def test_a_script_is_never_told_that_it_has_said_that_before(small: Office) -> None:
    case = handling(small)
    address = f"/cases/{case.ref}/notes"
    form = shown(small, "operator", address) | NOTE
    for _ in range(2):
        small.browser("operator").post(address, data=form, headers={"Sec-Fetch-Mode": "cors"})
    assert len(notes_of(case)) == 2


# -- several at once ------------------------------------------------------------------------------------------------------


def test_of_a_round_that_was_cut_off_only_the_rest_is_done(small: Office, monkeypatch: pytest.MonkeyPatch) -> None:
    from web.inbox import bulk as inbox_bulk

    cases = [build.case_at(small.world, "to_verify") for _ in range(3)]
    tasks = [build.waiting(case, "verify").ref for case in cases]
    asked = {TOKEN: hidden(small.get("operator", "/inbox").text, TOKEN), "task": tasks}
    form = {TOKEN: hidden(small.post("operator", "/inbox/bulk/note", **asked).text, TOKEN), "task": tasks, "sent": "yes", **NOTE}
    whole, done = inbox_bulk._result, []

    def cut_off(each: Any, *more: Any) -> Any:
        if len(done) == 2:
            raise KeyboardInterrupt
        done.append(each)
        return whole(each, *more)

    with monkeypatch.context() as patched:
        patched.setattr(inbox_bulk, "_result", cut_off)
        with pytest.raises(KeyboardInterrupt):
            small.post("operator", "/inbox/bulk/note", **form)
    assert words_of(small.post("operator", "/inbox/bulk/note", **form)).count(BEFORE) == 2
    assert [notes_of(case) for case in cases] == [[NOTE["words"]]] * 3


# -- what is kept ---------------------------------------------------------------------------------------------------------


def test_a_key_says_nothing_and_is_forgotten(small: Office) -> None:
    case = handling(small)
    address = f"/cases/{case.ref}/notes"
    form = shown(small, "operator", address) | NOTE
    small.post("operator", address, **form)
    [row] = db.session.scalars(select(IdempotencyKey).where(IdempotencyKey.purpose == "sent_form"))
    assert re.fullmatch("[0-9a-f]{64}", row.key)
    assert (row.result, row.sealed_result) == ("", None)
    with unit_of_work():
        assert drop_old_keys(build.NOON + timedelta(days=1)) == 0
        assert drop_old_keys(build.NOON + timedelta(days=3)) == 1


# -- every form -----------------------------------------------------------------------------------------------------------

OF_THEIR_PARTS = {f"inbox_bulk.{verb}" for verb in ("assign", "remind", "classify", "note")} | {"late_bulk.remind", "late_bulk.letters"}
LOOKS = {
    "rights_requests.look", "settings_imports.passwords", "rights_own.copy_of_account", "rights_own.copy_of_report",
    "settings_wallboards.new_code",
}  # fmt: skip
BY_A_KEY_OF_ITS_OWN = {"mail_in.attach"}
"""A letter is added once, whoever asks, by the worker's job too."""


def posts(app: Flask) -> dict[str, Any]:
    return {rule.endpoint: app.view_functions[rule.endpoint] for rule in app.url_map.iter_rules() if "POST" in (rule.methods or ())}


def test_every_form_is_recorded_once_but_those_that_may_say_so_again(sqlite_app: Flask) -> None:
    exempt = {
        endpoint for endpoint, view in posts(sqlite_app).items()
        if hasattr(view, "action") and view.action not in MAY_REPEAT and not takes_part(view, view.action)
    }  # fmt: skip
    assert exempt == OF_THEIR_PARTS | LOOKS | BY_A_KEY_OF_ITS_OWN
    assert all(MAY_REPEAT.values())
    adding = {Action.WRITE_NOTE, Action.ACT_ON_CASE, Action.PERFORM_TASK, Action.WRITE_TO_CENTRE, Action.CHANGE_SETTINGS}
    assert not adding & set(MAY_REPEAT)


def test_every_form_of_the_pages_has_the_token_that_holds_the_key() -> None:
    folder = Path(web.__file__).parent / "templates"
    without = [
        f"{path.relative_to(folder)}: {form[:80]}"
        for path in sorted(folder.rglob("*.html")) if path.name not in ("unsubscribe.html", "followed.html")
        for form in re.findall(r'<form[^>]*method="post".*?</form>', path.read_text(), re.DOTALL)
        if not re.search(r"csrf_token|hidden_fields\(|hidden_tag\(|token\(\)|tokens?\(|begin\(|change_fields\(", form)
    ]
    assert without == []


def test_whatever_is_recorded_takes_the_key(small: Office) -> None:
    """The one place every event goes through, so that no form that adds can forget it."""
    from casework.sent_once import SentBefore, answer_to, key_of, sending, take_key

    key = key_of("a form")
    with sending(key), unit_of_work():
        append("rules", "install_rules", by=SYSTEM, at=build.NOON, payload={})
    assert answer_to(key) == ""
    with pytest.raises(SentBefore), sending(key), unit_of_work():
        append("rules", "install_rules", by=SYSTEM, at=build.NOON, payload={})
    other = key_of("another form")
    with pytest.raises(ZeroDivisionError), sending(other), unit_of_work():
        append("rules", "install_rules", by=SYSTEM, at=build.NOON, payload={"refused": 1 / 0})
    with sending(other), unit_of_work():
        take_key(build.NOON)
        db.session.rollback()
    assert answer_to(other) is None

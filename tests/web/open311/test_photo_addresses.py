"""Photos that a report names by their address: fetched from hosts the account may name, and kept like those sent along."""
from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import CaseBusy
from casework.db import db, unit_of_work
from casework.doors.accounts import ServiceRefused
from casework.doors.photo_addresses import LEASE, LONGEST_WAIT, TRIED_FOR, claim_address, keep_fetched
from casework.erasure.erase import erase_derived
from casework.errors import CaseworkError
from casework.messages.http_client import Door
from casework.models import Addition, Case, Event, Photo, PhotoAddress
from casework.pausing.added_files import TooManyOfAReport
from casework.pausing.additions import AdditionRefused
from casework.photos.records import prepare_photo
from casework.rights.erasing_people import erase_report
from casework.telling.steps import own_steps_of, public_steps_of
from casework.triage.acts import VerificationRefused
from tests import build
from tests.conftest import client_of
from tests.merged import merge
from tests.outside import Outside, running
from tests.outside.clamav import EICAR
from tests.system.canary import plain_photo
from tests.web.open311.asked import House, new_key, opened
from tests.web.open311.test_filing import code_of, report, sent
from tests.web.open311.test_read_again import agreed
from tests.web.open311.test_updates import case_of, say
from tests.web.pages import at, signed_in, words_of
from web.files.scanning import Scanner
from web.jobs.photos_elsewhere import fetch_photos

HERE = "127.0.0.1"
LATER = build.NOON + timedelta(minutes=5)


@dataclass
class Host:
    """A host with photos, and what it was asked for."""

    url: str = ""
    asked: list[str] = field(default_factory=list)
    status: int = 200
    content: bytes = b""


@pytest.fixture
def host(house: House, monkeypatch: pytest.MonkeyPatch) -> Iterator[Host]:
    there = Host(content=plain_photo(1))

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            there.asked.append(self.path)
            self.send_response(there.status)
            self.send_header("Content-Length", str(len(there.content)))
            self.end_headers()
            self.wfile.write(there.content)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer((HERE, 0), Handler)
    there.url = f"http://{HERE}:{server.server_port}/photos/a.jpg?of=Bich"
    monkeypatch.setitem(house.app.config, "INSIDE_HOSTS", frozenset({f"{HERE}:{server.server_port}"}))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield there
    server.shutdown()
    server.server_close()
    thread.join()


@pytest.fixture
def house(app: Flask) -> House:
    return opened(app)


@pytest.fixture
def key(house: House) -> str:
    """Of an account that may name photos of the host."""
    text = new_key(house.world)
    agreed(house, code_of(sent(house, text, description="Việc trước đó.")), photo_hosts=f"{HERE}\nanh.example.vn")
    return text


def named(house: House, key: str, *urls: str) -> Any:
    return sent(house, key, media_url=list(urls))


def fetched(house: House, now: datetime = LATER) -> int:
    db.session.rollback()
    at(house.app, now)
    return fetch_photos(house.app, now)


def photos_of(code: str) -> list[Photo]:
    return list(db.session.scalars(select(Photo).where(Photo.report_id == report(code).id).order_by(Photo.position)))


def ends() -> list[tuple[str | None, bytes | None]]:
    return [(row.reason, row.sealed_url) for row in db.session.scalars(select(PhotoAddress).order_by(PhotoAddress.id))]


def test_a_photo_named_by_its_address_is_fetched_and_is_the_reports(house: House, key: str, host: Host) -> None:
    answer = named(house, key, host.url)
    code = code_of(answer)
    assert "1 ảnh sẽ được tải" in answer.json[0]["service_notice"]
    assert host.asked == [], "never while the report is filed"
    [row] = db.session.scalars(select(PhotoAddress))
    assert host.url.encode() not in (row.sealed_url or b"")
    assert fetched(house) == 1
    assert host.asked == ["/photos/a.jpg?of=Bich"]
    [photo] = photos_of(code)
    assert (photo.state, photo.addition_id, len(photo.files)) == ("linked", None, 3)
    assert ends() == [("fetched", None)]
    event = db.session.scalars(select(Event).where(Event.type == "fetch_photo")).one()
    assert "photos" not in str(event.payload), "no address in the history"
    case = case_of(code)
    assert "fetch_photo" not in {step.type for step in public_steps_of({case.id: {}})[case.id]}
    assert "fetch_photo" not in {step.type for step in own_steps_of({report(code): list(case.reports)})[report(code).id]}
    assert fetched(house, LATER + timedelta(minutes=1)) == 0


def test_no_transaction_is_open_while_the_host_is_called(house: House, key: str, host: Host, monkeypatch: pytest.MonkeyPatch) -> None:
    code_of(named(house, key, host.url))
    call, was_open = Door.call, []

    def called(*given: Any, **more: Any) -> Any:
        was_open.append(db.session().in_transaction())
        return call(*given, **more)

    monkeypatch.setattr(Door, "call", called)
    fetched(house)
    assert was_open == [False]


def test_after_the_operator_has_looked_it_is_what_the_sender_adds(house: House, key: str, host: Host) -> None:
    code = code_of(named(house, key, host.url))
    build.advance(house.world, case_of(code), "to_classify")
    assert fetched(house, build.NOON + timedelta(hours=5)) == 1
    [addition] = db.session.scalars(select(Addition)).all()
    [photo] = photos_of(code)
    assert photo.addition_id == addition.id
    assert case_of(code).has_unread_words, "an operator reads and clears it"
    event = db.session.scalars(select(Event).where(Event.type == "write_to_centre")).one()
    assert event.actor_id == report(code).service_id


def test_a_photo_that_comes_while_the_operator_verifies_is_looked_at_before_agencies_have_their_copy(
    house: House, key: str, host: Host
) -> None:
    code = code_of(named(house, key, host.url))
    operator = signed_in(house.app, client_of(house.app), house.world.people["operator"], now=LATER)
    task = f"/tasks/{build.waiting(case_of(code), 'verify').ref}"
    words = {"act": "verify", "title": "Ổ gà", "village": "", "place": "", f"words-{report(code).ref}": "Ổ gà sâu."}
    at(house.app, LATER)
    assert 'name="show-' not in operator.get(task).get_data(as_text=True)
    assert fetched(house) == 1
    [photo] = photos_of(code)
    refused = operator.post(task, data=words)
    assert (refused.status_code, "Còn 1 ảnh chưa được xem" in words_of(refused)) == (422, True)
    assert case_of(code).state == "to_verify"
    assert operator.post(task, data={**words, f"show-{photo.ref}": "yes"}).status_code == 302
    db.session.expire_all()
    assert case_of(code).state == "to_classify"
    assert "agencies" in {file.audience for file in photos_of(code)[0].files}


def test_a_photo_that_comes_after_the_form_was_read_is_not_accepted_unseen(house: House, key: str, host: Host) -> None:
    """Between reading the form and the lock: the use case itself refuses what nobody has cleared."""
    code = code_of(named(house, key, host.url))
    case = case_of(code)
    cleared = [build.cleared(report(code))]
    assert fetched(house) == 1
    with pytest.raises(VerificationRefused):
        build.do(house.world, case, "verify", "operator", title="Ổ gà", cleared=cleared)


def test_of_a_photo_that_comes_later_agencies_have_a_copy_once_the_operator_has_looked(house: House, key: str, host: Host) -> None:
    code = code_of(named(house, key, host.url))
    build.advance(house.world, case_of(code), "to_classify")
    moment = build.NOON + timedelta(hours=5)
    assert fetched(house, moment) == 1
    [photo] = photos_of(code)
    assert "agencies" not in {file.audience for file in photo.files}
    [addition] = db.session.scalars(select(Addition)).all()
    operator = signed_in(house.app, client_of(house.app), house.world.people["operator"], now=moment)
    task = f"/tasks/{build.waiting(case_of(code), 'clear_text').ref}"
    operator.post(task, data={"act": "clear_text", "seen": addition.ref, "words": "", f"show-{photo.ref}": "yes"})
    db.session.expire_all()
    assert "agencies" in {file.audience for file in photos_of(code)[0].files}


def test_of_a_merged_report_it_comes_to_the_case_that_answers_it_now(house: House, key: str, host: Host) -> None:
    code = code_of(named(house, key, host.url))
    main = build.case_at(house.world, "handling")
    merge(house.world, case_of(code), main)
    assert fetched(house, build.NOON + timedelta(hours=5)) == 1
    [addition] = db.session.scalars(select(Addition)).all()
    assert (addition.case_id, addition.report_id) == (main.id, report(code).id)
    assert case_of(main.code).has_unread_words


def test_no_other_host_is_called_and_the_answer_says_so(house: House, key: str, host: Host) -> None:
    others = ("https://example.org/c.jpg", "https://anh.example.vn.example.org/c.jpg", "https://u:p@anh.example.vn/c.jpg",
              "http://anh.example.vn/c.jpg", "https://anh.example.vn:22/c.jpg", "file:///etc/passwd", "ftp://anh.example.vn/c.jpg",
              host.url.replace(HERE, "localhost"), "https://10.0.0.5/c.jpg")  # fmt: skip
    told = named(house, key, *others).json[0]["service_notice"]
    assert f"{len(others)} ảnh ở địa chỉ khác không được tải" in told
    assert ends() == []
    assert fetched(house) == 0


def test_a_host_inside_is_not_called_because_an_account_names_it(house: House, key: str) -> None:
    code = code_of(sent(house, key, description="Một việc nữa."))
    agreed(house, code, photo_hosts="10.0.0.5 169.254.169.254 intern.local")
    told = named(house, key, "https://10.0.0.5/a.jpg", "https://169.254.169.254/latest").json[0]["service_notice"]
    assert "2 ảnh ở địa chỉ khác không được tải" in told
    for wrong in ("https://anh.example.vn/", "anh example", "*.example.vn", "a.vn " * 3 + " ".join(f"h{n}.vn" for n in range(21))):
        with pytest.raises(ServiceRefused):
            agreed(house, code, photo_hosts=wrong)


def test_a_host_that_is_away_is_asked_again_for_a_day(house: House, key: str, host: Host) -> None:
    code, host.status = code_of(named(house, key, host.url)), 503
    assert fetched(house) == 1
    assert fetched(house, LATER + timedelta(seconds=50)) == 0, "not at once"
    moments = [LATER + timedelta(minutes=2), LATER + LONGEST_WAIT, LATER + 3 * LONGEST_WAIT]
    assert [fetched(house, moment) for moment in moments] == [1, 1, 1]
    host.status = 200
    assert fetched(house, LATER + 5 * LONGEST_WAIT) == 1
    assert len(photos_of(code)) == 1
    code_of(sent(house, key, description="Ảnh khác.", media_url=[host.url.replace("a.jpg", "b.jpg")]))
    host.status = 404
    fetched(house, LATER + 6 * LONGEST_WAIT)
    asked = len(host.asked)
    assert fetched(house, LATER + TRIED_FOR + 7 * LONGEST_WAIT) == 0
    assert (len(host.asked), ends()[-1]) == (asked, ("away", None))


@pytest.mark.parametrize("content", [b"<html>no photo</html>", b"", b"\xff\xd8" + b"x" * 16_000_000], ids=["page", "nothing", "too large"])
def test_what_is_no_photo_is_asked_for_once(house: House, key: str, host: Host, content: bytes) -> None:
    code, host.content = code_of(named(house, key, host.url)), content
    assert fetched(house) == 1
    assert fetched(house, LATER + LONGEST_WAIT) == 0
    assert (ends(), photos_of(code)) == ([("no_photo", None)], [])


@pytest.fixture(scope="module")
def running_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with running("clamav", tmp_path_factory.mktemp("outside") / "clamav") as server:
        yield server


@pytest.fixture
def scanner(house: House, running_daemon: Outside, monkeypatch: pytest.MonkeyPatch) -> Outside:
    running_daemon.forget()
    monkeypatch.setitem(house.app.extensions, "scanner", Scanner.read(f"127.0.0.1:{running_daemon.port}"))
    return running_daemon


def test_what_the_scanner_finds_is_not_kept_and_asked_for_once(house: House, key: str, host: Host, scanner: Outside) -> None:
    host.content = plain_photo(1) + EICAR
    code = code_of(named(house, key, host.url))
    assert fetched(house) == 1
    assert ends() == [("infected", None)]
    assert fetched(house, LATER + timedelta(hours=3)) == 0
    assert (photos_of(code), len(host.asked)) == ([], 1)
    assert db.session.scalars(select(Event).where(Event.type == "fetch_photo")).all() == []


def test_while_the_scanner_is_away_nothing_is_kept_unseen_and_it_is_fetched_again(
    house: House, key: str, host: Host, scanner: Outside
) -> None:
    code = code_of(named(house, key, host.url))
    scanner.order("hang up")
    assert fetched(house) == 1
    assert (photos_of(code), [reason for reason, _ in ends()]) == ([], [None])
    assert fetched(house, LATER) == 0, "not before its time"
    assert fetched(house, LATER + timedelta(minutes=2)) == 1
    assert (len(photos_of(code)), ends()) == (1, [("fetched", None)])


def test_a_host_taken_off_the_account_is_not_called_any_more(house: House, key: str, host: Host) -> None:
    code = code_of(named(house, key, host.url))
    agreed(house, code, photo_hosts="")
    assert fetched(house) == 0
    assert (host.asked, ends()) == ([], [("refused", None)])


def test_what_is_set_apart_or_erased_is_fetched_no_more(house: House, key: str, host: Host) -> None:
    first, second = (code_of(sent(house, key, description=words, media_url=[host.url])) for words in ("Một.", "Hai."))
    with unit_of_work():
        erase_derived([case_of(first)], at=LATER)
        erase_report(report(second), case_of(second).reports[0], at=LATER)
    assert ends() == [("gone", None), ("gone", None)]
    assert fetched(house) == 0
    assert host.asked == []


def test_an_address_whose_key_is_away_holds_up_no_other(house: House, key: str, host: Host) -> None:
    code_of(named(house, key, host.url))
    with unit_of_work():
        db.session.scalars(select(PhotoAddress)).one().sealed_url = b"sealed by another key"
    code = code_of(sent(house, key, description="Việc khác.", media_url=[host.url]))
    assert fetched(house) == 1
    assert len(photos_of(code)) == 1


def test_the_claim_of_a_worker_that_was_cut_off_runs_out(house: House, key: str, host: Host) -> None:
    code = code_of(named(house, key, host.url))
    with unit_of_work():
        assert claim_address(inside=house.app.config["INSIDE_HOSTS"], now=LATER) is not None
    assert fetched(house, LATER + timedelta(minutes=1)) == 0
    assert fetched(house, LATER + LEASE) == 1
    assert len(photos_of(code)) == 1


def test_what_is_erased_while_it_is_fetched_is_not_kept(house: House, key: str, host: Host) -> None:
    code = code_of(named(house, key, host.url))
    with unit_of_work():
        waiting = claim_address(inside=house.app.config["INSIDE_HOSTS"], now=LATER)
    assert waiting is not None
    assert host.url not in repr(waiting)
    prepared = prepare_photo(plain_photo(1), "photo", store=house.app.extensions["file_store"], max_bytes=10**7)
    with unit_of_work():
        erase_derived([case_of(code)], at=LATER)
    with unit_of_work():
        assert keep_fetched(waiting, prepared, now=LATER) is None
    assert photos_of(code) == []


def test_a_closed_case_takes_none(house: House, key: str, host: Host) -> None:
    code = code_of(named(house, key, host.url))
    build.do(house.world, case_of(code), "verify", "operator", act="refuse", reason=house.world.refusal_reason(), words="Không rõ.")
    assert fetched(house, build.NOON + timedelta(hours=5)) == 1
    assert (ends(), photos_of(code)) == ([("closed", None)], [])


def test_a_report_has_no_more_photos_than_by_the_form_and_the_same_one_once(house: House, key: str, host: Host) -> None:
    urls = [f"{host.url}&n={number}" for number in range(30)]
    told = named(house, key, *urls, urls[0]).json[0]["service_notice"]
    assert "ảnh ở địa chỉ khác không được tải" in told
    asked_for = len(ends())
    assert 0 < asked_for < 30
    fetched(house)
    assert len(db.session.scalars(select(Photo.id)).all()) == 1, "its bytes are the same"
    assert [each[0] for each in ends()[:2]] == ["fetched", "fetched"]


def test_a_photo_of_an_update_is_fetched_too(house: House, key: str, host: Host) -> None:
    code = code_of(sent(house, key))
    assert say(house, key, code, media_url=host.url).status_code == 200
    assert say(house, key, code, media_url=host.url).status_code == 200
    assert len(ends()) == 1, "sent again it is asked for once"
    assert fetched(house) == 1
    assert len(photos_of(code)) == 1
    assert db.session.query(Case).count() == 2


def test_the_answer_to_an_update_says_which_photos_come_and_which_do_not(house: House, key: str, host: Host) -> None:
    code = code_of(sent(house, key))
    given = {"service_request_id": code, "update_id": "u-7", "description": "Nước đã rút.",
             "media_url": [host.url, "https://example.org/c.jpg", "data:image/jpeg;base64,bm90IGEgcGhvdG8="]}  # fmt: skip
    first = house.post("servicerequestupdates.json", key, **given)
    assert first.status_code == 200
    said = first.json[0]["service_notice"]
    assert "1 ảnh sẽ được tải từ địa chỉ đã nêu." in said
    assert "1 ảnh ở địa chỉ khác không được tải" in said
    assert "media_url-1" in said, "a photo that cannot be taken loses no update, and is named"
    assert "example.org" not in said
    again = house.post("servicerequestupdates.json", key, **given)
    assert again.json[0]["update_id"] == first.json[0]["update_id"]
    assert (len(ends()), db.session.query(Addition).count()) == (1, 1)


def test_an_update_asks_for_its_photos_with_its_words_or_does_neither(
    house: House, key: str, host: Host, monkeypatch: pytest.MonkeyPatch
) -> None:
    code = code_of(sent(house, key))

    def dies(*_: object, **__: object) -> None:
        raise OSError("the process ended here")

    with monkeypatch.context() as broken:
        broken.setattr("web.open311.updates.ask_for_photos", dies)
        assert say(house, key, code, media_url=host.url).status_code == 500
    db.session.rollback()
    assert (db.session.query(Addition).count(), ends()) == (0, [])
    assert say(house, key, code, media_url=host.url).status_code == 200
    assert (db.session.query(Addition).count(), len(ends())) == (1, 1)


@pytest.mark.parametrize(("refusal", "end"), [
    (CaseBusy(), None), (TooManyOfAReport(), "too_many"), (AdditionRefused("Đã khép.", "Closed."), "closed"),
])  # fmt: skip
def test_what_a_case_does_not_take_ends_by_its_reason_and_waits_where_the_case_is_busy(
    house: House, key: str, host: Host, monkeypatch: pytest.MonkeyPatch, refusal: CaseworkError, end: str | None
) -> None:
    code = code_of(named(house, key, host.url))
    build.advance(house.world, case_of(code), "to_classify")

    def refuses(*_: object, **__: object) -> None:
        raise refusal

    with monkeypatch.context() as refused:
        refused.setattr("web.jobs.photos_elsewhere.act", refuses)
        assert fetched(house, build.NOON + timedelta(hours=5)) == 1
    assert [reason for reason, _ in ends()] == [end]
    db.session.rollback()
    taken = fetched(house, build.NOON + timedelta(hours=7))
    assert taken == len(photos_of(code)) == (1 if end is None else 0)

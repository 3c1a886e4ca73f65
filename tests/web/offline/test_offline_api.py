"""What a browser sends that had no signal: files one by one, then the fields, for whom the browser sends, once however often."""
from __future__ import annotations

import io
import json
import re
import subprocess
import wave
from datetime import timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.test import TestResponse

from casework.contacts.devices import device_of, end_devices_of, forget_unused_devices
from casework.db import db, unit_of_work
from casework.intake.file_report import original_words
from casework.models import Case, Device, OutboxMessage, Photo, Report
from casework.photos.records import open_copy, photos_of_report
from casework.rate_limits import Limit, drop_old_keys
from casework.recordings.staging import recordings_of_report
from casework.sealing.seal import parse_tracking_secret, secret_matches
from casework.settings.value_changes import set_value
from tests import build
from tests.conftest import client_of
from tests.web.desk import Office
from tests.web.pages import at, signed_in, words_of
from tests.web.test_old_browsers import NODE
from tests.with_photos import jpeg
from web.guards import file_store
from web.http.devices import DEVICE_COOKIE, GUEST
from web.offline import reports as pages

NOON = build.NOON
KEY = "3f0c1a52-8b1e-4a57-9d0e-6a2f2f6f9c11"
WORDS = "Cầu gỗ mục, trẻ con đi học qua."


def voice(seconds: float = 0.2) -> bytes:
    target = io.BytesIO()
    with wave.open(target, "wb") as sound:
        sound.setparams((1, 2, 8000, 0, "NONE", ""))
        sound.writeframes(bytes(2 * int(8000 * seconds)))
    return target.getvalue()


FILES = [("photos", "một.jpg", jpeg("olive")), ("photos", "hai.jpg", jpeg("teal")), ("voice", "noi.wav", voice())]


def digest(data: bytes) -> str:
    return sha256(data).hexdigest()


class Telephone:
    """A browser as the script in it talks to the server."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.token = client, ""

    def ask(self, owner: str | None = None, **headers: str) -> TestResponse:
        body = json.dumps({"owner": owner} if owner else {})
        answer = self.client.post("/offline/token", data=body, headers={"X-Langbiang-Device": "", **headers})
        if answer.status_code == 200:
            self.token = answer.json["token"]
        return answer

    def headers(self, **more: str) -> dict[str, str]:
        return {"X-Langbiang-Device": self.token, "X-Langbiang-Language": "vi", **more}

    def file(self, kind: str, name: str, data: bytes, *, key: str = KEY, claimed: str = "", **headers: str) -> TestResponse:
        sent = {"kind": kind, "sha256": claimed or digest(data), "file": (io.BytesIO(data), name)}
        return self.client.post(f"/offline/reports/{key}/files", data=sent, headers=self.headers(**headers))

    def state(self, key: str = KEY) -> TestResponse:
        return self.client.get(f"/offline/reports/{key}", headers=self.headers())

    def report(self, world: build.World, files: list[tuple[str, str, bytes]] = FILES, *, key: str = KEY, **fields: Any) -> TestResponse:
        headers = {name: fields.pop(name) for name in list(fields) if name.startswith(("X-", "Sec-"))}
        typed = {"words": WORDS, "area": world.area.ref, "phone": "0912 345 678", "consent": "y"} | fields
        typed = {name: value for name, value in typed.items() if value is not None}
        return self.client.post(f"/offline/reports/{key}", data=typed | {"file": [f"{kind}:{digest(data)}" for kind, _, data in files]},
                                headers=self.headers(**headers))

    def everything(self, world: build.World, files: list[tuple[str, str, bytes]] = FILES, **fields: Any) -> TestResponse:
        for each in files:
            assert self.file(*each, key=fields.get("key", KEY)).status_code == 200
        return self.report(world, files, **fields)


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    at(sqlite_app, NOON)
    return build.standard_world()


@pytest.fixture
def phone(world: build.World, sqlite_client: FlaskClient) -> Telephone:
    return guest(sqlite_client)


def guest(client: FlaskClient) -> Telephone:
    phone = Telephone(client)
    assert phone.ask().json["owner"] == GUEST
    return phone


def of(app: Flask, world: build.World, name: str) -> Telephone:
    phone = Telephone(signed_in(app, client_of(app), world.people[name], now=NOON))
    assert phone.ask().json["owner"] != GUEST
    return phone


def reports() -> list[Report]:
    return list(db.session.scalars(select(Report).order_by(Report.id)))


def acknowledgements() -> int:
    return db.session.scalar(select(func.count()).select_from(OutboxMessage).where(OutboxMessage.template == "report_filed")) or 0


def bytes_kept(report: Report) -> list[str]:
    """Digests of the originals as they lie in the store, unsealed."""
    rows = [*photos_of_report(report), *recordings_of_report(report)]
    return [digest(open_copy(next(file for file in row.files if file.audience == "sealed"), store=file_store()).read()) for row in rows]


@pytest.mark.exhaustive(but=2)
def test_a_report_is_filed_once_with_its_files_however_often_each_part_comes(app: Flask, client: FlaskClient) -> None:
    at(app, NOON)
    world, phone = build.standard_world(), guest(client)
    first = phone.report(world)
    assert (first.status_code, first.json["missing"]) == (409, [digest(data) for _, _, data in FILES]), "nothing is there yet"
    assert phone.file(*FILES[1]).json["have"] == phone.file(*FILES[1]).json["have"] == [digest(FILES[1][2])], "the second came first, twice"
    resumed = phone.report(world)
    assert resumed.json["missing"] == [digest(FILES[0][2]), digest(FILES[2][2])], "only what is missing is asked for"
    assert not reports()
    filed = phone.everything(world)
    again, state = phone.report(world), phone.state().json
    assert (filed.status_code, filed.headers["Cache-Control"]) == (200, "no-store")
    assert filed.json == again.json, "the answer may have been lost"
    assert state["filed"] is True
    [report] = reports()
    assert original_words(report) == WORDS
    assert bytes_kept(report) == [digest(data) for _, _, data in FILES], "in their order, as they were in the telephone"
    assert (report.client_key, report.code) == (KEY, filed.json["code"])
    assert secret_matches(parse_tracking_secret(filed.json["secret"]), report.secret_digest)
    assert acknowledgements() == 1
    assert phone.file(*FILES[0]).status_code == 200, "a file that comes late is answered alike"
    assert db.session.scalars(select(Photo).where(Photo.state == "staged")).all() == []


def test_a_guests_report_with_a_contact_waits_to_be_confirmed(world: build.World, phone: Telephone) -> None:
    assert phone.report(world, []).status_code == 200
    [report] = reports()
    case = db.session.scalars(select(Case)).one()
    assert case.unconfirmed_since == NOON
    assert report.device_id == device_of(phone.token).id                           # type: ignore[union-attr]
    assert report.reporter is not None
    assert report.reporter.account_id is None


def test_it_is_filed_for_the_account_of_the_browser_and_under_no_other_login(sqlite_app: Flask, world: build.World) -> None:
    first = of(sqlite_app, world, "citizen")
    second = Telephone(signed_in(sqlite_app, client_of(sqlite_app), world.people["citizen_2"], now=NOON))
    second.token = first.token                                                     # the same telephone, somebody else has signed in
    refused = second.report(world, [], phone=None)
    assert refused.status_code == 412
    assert "code" not in refused.json
    assert second.file(*FILES[0]).status_code == second.state().status_code == 412
    assert second.ask(first.ask().json["owner"]).status_code == 412, "nor is the token of another given out"
    officer = Telephone(signed_in(sqlite_app, client_of(sqlite_app), world.people["operator"], now=NOON))
    officer.token = first.token
    assert officer.report(world, [], phone=None).status_code == 412
    assert not reports()
    nobody = Telephone(client_of(sqlite_app))
    nobody.token = first.token                                                     # the session has run out, the report waited longer
    assert nobody.report(world, [], phone=None).status_code == 200
    [report] = reports()
    assert report.reporter is not None
    assert report.reporter.account_id == world.people["citizen"].id
    assert db.session.scalars(select(Case)).one().unconfirmed_since is None
    assert first.report(world, [], phone=None).json == nobody.report(world, [], phone=None).json


def test_what_a_guest_wrote_goes_as_a_guests_whoever_is_signed_in(sqlite_app: Flask, world: build.World, phone: Telephone) -> None:
    token = phone.token
    signed_in(sqlite_app, phone.client, world.people["citizen"], now=NOON)
    assert phone.ask(GUEST).json["token"] == token
    assert phone.report(world, []).status_code == 200
    [report] = reports()
    assert report.reporter is not None
    assert report.reporter.account_id is None
    with phone.client.session_transaction() as state:
        assert not state.get("tracked"), "it is not in the list of whoever is signed in"


def test_a_token_ends_with_its_session_and_a_new_login_makes_a_new_one(sqlite_app: Flask, world: build.World) -> None:
    phone = of(sqlite_app, world, "citizen")
    token = phone.token
    assert phone.ask().json["token"] == token, "asked again it is the same"
    assert db.session.scalars(select(Device)).one().token_digest != token
    phone.client.post("/sign-out")
    db.session.expire_all()
    assert phone.report(world, [], phone=None).status_code == 401
    signed_in(sqlite_app, phone.client, world.people["citizen"], now=NOON)
    assert phone.ask().json["token"] != token
    assert phone.report(world, [], phone=None).status_code == 200
    with unit_of_work():
        end_devices_of(world.people["citizen"], now=NOON)
    assert phone.report(world, [], key=str(uuid4()), phone=None).status_code == 401


def test_files_staged_before_signing_out_are_there_after_signing_in_again(sqlite_app: Flask, world: build.World) -> None:
    phone = of(sqlite_app, world, "citizen")
    phone.file(*FILES[0])
    phone.client.post("/sign-out")
    signed_in(sqlite_app, phone.client, world.people["citizen"], now=NOON)
    phone.ask()
    assert phone.state().json["have"] == [digest(FILES[0][2])]
    other = of(sqlite_app, world, "citizen_2")
    assert other.state().json == {"filed": False, "have": []}, "of another account there is nothing under the same key"


@pytest.mark.parametrize(("headers", "status"), [
    ({"Sec-Fetch-Site": "cross-site"}, 403), ({"Sec-Fetch-Site": "same-site"}, 403), ({"Origin": "https://evil.example"}, 403),
    ({"Origin": "null"}, 403), ({"Sec-Fetch-Site": "same-origin", "Origin": "http://localhost"}, 200)])
def test_another_sites_page_can_do_nothing_with_it(sqlite_app: Flask, headers: dict[str, str], status: int) -> None:
    at(sqlite_app, NOON)
    world = build.standard_world()
    sqlite_app.config["WTF_CSRF_ENABLED"] = True                    # no form token is asked of a script of ours
    phone = Telephone(client_of(sqlite_app))
    phone.ask()
    assert phone.ask(**headers).status_code == status
    answer = phone.client.post(f"/offline/reports/{KEY}", headers=phone.headers(**headers),
                               data={"words": WORDS, "area": world.area.ref, "phone": "0912345678", "consent": "y"})
    assert answer.status_code == status
    assert len(reports()) == (status == 200)


def test_who_shows_no_token_or_an_unknown_one_gets_nothing(sqlite_app: Flask) -> None:
    world = build.standard_world()
    phone = Telephone(client_of(sqlite_app))
    assert phone.client.post("/offline/token").status_code == 403, "a form of another site sends no header of ours"
    for token in ("", "x", "ă" * 20, "y" * 5000):
        phone.token = token
        assert [phone.report(world, []).status_code, phone.state().status_code, phone.file(*FILES[0]).status_code] == [401] * 3
    phone.ask()
    for key in ("x", KEY.upper(), KEY.replace("-", ""), "../../etc"):
        assert phone.report(world, [], key=key).status_code == 404
    assert not reports()


def test_a_planted_cookie_is_not_taken_over(sqlite_app: Flask) -> None:
    build.standard_world()
    phone = Telephone(client_of(sqlite_app))
    phone.client.set_cookie(DEVICE_COOKIE, "planted")
    answer = phone.ask()
    given = next(each for each in answer.headers.getlist("Set-Cookie") if each.startswith(DEVICE_COOKIE))
    assert "planted" not in given
    assert all(part in given for part in ("HttpOnly", "SameSite=Lax"))
    assert phone.client.get_cookie(DEVICE_COOKIE).value not in phone.token          # type: ignore[union-attr]


def test_a_refusal_says_what_to_mend_in_the_readers_language_and_files_nothing(world: build.World, phone: Telephone) -> None:
    refused = phone.report(world, FILES[:2], words="", area="", phone="0912", consent=None)
    assert refused.status_code == 422
    assert {fault["field"] for fault in refused.json["faults"]} >= {"Chuyện gì vậy?", "Xã, phường", "Số điện thoại hoặc thư điện tử"}
    said = " ".join(fault["text"] for fault in refused.json["faults"])
    for words in ("0912 345 678", "đồng ý"):
        assert words in said
    english = phone.report(world, [], words="", **{"X-Langbiang-Language": "en"})
    assert "Please say what you saw" in english.json["faults"][0]["text"]
    unknown = phone.report(world, [], phone=None)
    [fault] = unknown.json["faults"]
    assert (fault["field"], "số điện thoại" in fault["text"]) == ("Số điện thoại hoặc thư điện tử", True)
    assert phone.report(world, [], website="http://spam").status_code == 422
    assert not reports()
    assert phone.report(world, [FILES[2]]).status_code == 409
    phone.file(*FILES[2])
    assert phone.report(world, [FILES[2]], words="").status_code == 200, "a voice note is enough"


def test_refused_and_damaged_files_are_named(world: build.World, phone: Telephone) -> None:
    refused = phone.file("photos", "virus.exe", b"MZ" + b"\0" * 400)
    assert (refused.status_code, "«virus.exe»" in refused.json["text"]) == (422, True)
    assert "«noi.wav»" in phone.file("voice", "noi.wav", jpeg()).json["text"]
    cut = phone.file("photos", "anh.jpg", FILES[0][2][:-9], claimed=digest(FILES[0][2]))
    assert (cut.status_code, cut.json) == (400, {"damaged": True}), "the telephone sends it again"
    assert phone.file("cat", "anh.jpg", jpeg()).status_code == 400
    assert phone.state().json["have"] == []


@pytest.mark.exhaustive
def test_a_mended_report_takes_along_only_what_it_still_has(world: build.World, phone: Telephone) -> None:
    for each in FILES:
        phone.file(*each)
    colours = [("photos", f"{number}.jpg", jpeg((number * 20, 90, 60))) for number in range(7)]           # type: ignore[arg-type]
    assert phone.report(world, colours).status_code == 409
    for each in colours:
        assert phone.file(*each).status_code == 200, "what was taken out of the report has made room"
    assert "6" in phone.report(world, colours).json["text"]
    assert phone.report(world, colours[2:4]).status_code == 200
    [report] = reports()
    assert bytes_kept(report) == [digest(data) for _, _, data in colours[2:4]]
    changed = phone.report(world, [], words="Một chuyện khác hẳn.")
    assert (changed.status_code, changed.json["is_another"]) == (422, True)
    assert report.code in changed.json["text"]


def test_after_three_months_a_repeat_still_makes_no_second_report(sqlite_app: Flask, world: build.World, phone: Telephone) -> None:
    code = phone.report(world, []).json["code"]
    later = NOON + timedelta(days=120)
    at(sqlite_app, later)
    with unit_of_work():
        drop_old_keys(later)
    again = phone.report(world, [])
    assert (again.status_code, again.json["code"], "secret" in again.json) == (200, code, False)
    assert len(reports()) == 1


def test_who_sends_without_end_is_told_when_to_go_on(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    at(sqlite_app, NOON)
    world = build.standard_world()
    phone = Telephone(client_of(sqlite_app))
    phone.ask()
    for name in ("FILES", "NETWORK"):
        limit = getattr(pages, name)
        monkeypatch.setattr(pages, name, type(limit)(f"test {name}", 0, limit.window))
    for answer in (phone.file(*FILES[0]), phone.report(world, [])):
        assert (answer.status_code, answer.json["wait"] > 0) == (429, True)
        assert "Vui lòng" in answer.json["text"]


def test_a_network_fills_no_disk_with_browsers_made_for_it_and_those_nobody_used_are_forgotten(
    sqlite_app: Flask, world: build.World, phone: Telephone, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pages, "FILES_HERE", Limit("test files", 2, pages.HOUR))
    monkeypatch.setattr(pages, "TOKENS", Limit("test tokens", 1, pages.HOUR))
    second = guest(client_of(sqlite_app))
    assert [browser.file(*each).status_code for browser, each in zip((phone, second, second), FILES, strict=True)] == [200, 200, 429]
    assert Telephone(client_of(sqlite_app)).ask().status_code == 429
    assert second.ask().status_code == 200, "one that is known asks on"
    assert phone.report(world, FILES[:1]).status_code == 200
    monkeypatch.setattr(pages, "FILES_HERE", Limit("other files", 9, pages.HOUR))
    monkeypatch.setattr(pages, "MEGABYTES_HERE", Limit("test megabytes", 1, pages.HOUR))
    assert [second.file(*each, key=str(uuid4())).status_code for each in FILES[:2]] == [200, 429]
    with unit_of_work():
        assert [forget_unused_devices(NOON + timedelta(days=days)) for days in (89, 91)] == [0, 1]
    assert [phone.state().status_code, second.state().status_code] == [200, 401]


def test_the_kept_pages_are_of_nobody(sqlite_app: Flask) -> None:
    at(sqlite_app, NOON)
    world = build.standard_world()
    sqlite_app.config["WTF_CSRF_ENABLED"] = True
    citizen = signed_in(sqlite_app, client_of(sqlite_app), world.people["citizen"], now=NOON)
    citizen.get("/reports/new")
    citizen.set_cookie("langbiang_language", "en")
    kept = ("/offline?lang=vi", "/offline/queue?lang=vi", "/offline?lang=en", "/offline/away?lang=vi")
    pages = {path: citizen.get(path) for path in kept}
    stranger = client_of(sqlite_app)
    for path, page in pages.items():
        assert page.status_code == 200
        assert page.text == stranger.get(path).text, "the same for everybody, whoever asks"
        assert page.headers["Cache-Control"] == "no-cache"
        assert not any("langbiang_state" in each for each in page.headers.getlist("Set-Cookie"))
        for mark in ("csrf_token", "/sign-out", "Nguyễn Thị Thử"):
            assert mark not in page.text
        assert 'data-owner=""' in page.text
        for name in ("photos_token", "idempotency_key", "client_key"):
            assert not re.search(rf'name="{name}"[^>]*value="[^"]+"', page.text)
    assert ('lang="vi"' in pages["/offline?lang=vi"].text, 'lang="en"' in pages["/offline?lang=en"].text) == (True, True)
    assert "Gửi phản ánh" in words_of(pages["/offline?lang=vi"])
    assert "csrf_token" in citizen.get("/offline/queue").text, "the page that is not kept lets one sign out"


def test_the_worker_is_another_one_when_its_pages_or_the_language_are(sqlite_app: Flask) -> None:
    at(sqlite_app, NOON)
    world = build.standard_world()
    client = client_of(sqlite_app)
    answer = client.get("/sw.js")
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("text/javascript", "no-cache")
    assert answer.text == client.get("/sw.js").text
    assert client.get("/sw.js", headers={"If-None-Match": answer.headers["ETag"]}).status_code == 304
    with unit_of_work():
        set_value("block_days", "40", by=world.actor("administrator"), now=NOON, reason="Thử nghiệm", centre_id=world.centre.id)
    changed = client.get("/sw.js").text
    assert changed != answer.text, "the rules stand in the form"
    client.set_cookie("langbiang_language", "en")
    english = client.get("/sw.js").text
    assert english != changed
    assert "/offline?lang=en" in english


def worker_run(worker: str, folder: Path, root: str = "/") -> dict[str, Any]:
    """What a worker does while it is installed and takes over, on a site under `root` (worker_asks.js)."""
    script = folder / "sw.js"
    script.write_text(worker, encoding="utf-8")
    asks = Path(__file__).parent.parent / "worker_asks.js"
    ran = subprocess.run([NODE, asks, script, root], capture_output=True, text=True, check=True, timeout=60)
    said: dict[str, Any] = json.loads(ran.stdout)
    return said


def test_a_new_worker_throws_away_what_the_one_before_kept_and_nothing_else(sqlite_app: Flask, tmp_path: Path) -> None:
    build.standard_world()
    said = worker_run(client_of(sqlite_app).get("/sw.js").text, tmp_path)
    assert len(set(said["opened"])) == 1
    assert said["thrown"] == ["langbiang-before"]


def test_the_worker_asks_for_everything_it_keeps_as_nobody_whoever_is_signed_in(sqlite_app: Flask, tmp_path: Path) -> None:
    """The pages are the same for everybody today; what is kept must stay so the day one of them is not."""
    said = worker_run(Office(sqlite_app).get("citizen", "/sw.js").text, tmp_path)
    pages = ["/offline?lang=vi", "/offline/queue?lang=vi", "/offline/away?lang=vi"]
    files = ["/static/js/of.js?v=abc123", "/static/css/of.css?v=def456"]
    assert sorted(said["kept"]) == sorted([*pages, *files])
    assert {(address, how.get("credentials")) for address, how in said["asked"]} == {(each, "omit") for each in (*pages, *files)}


def test_the_manifest_speaks_both_languages_and_its_pictures_are_there(sqlite_app: Flask) -> None:
    build.standard_world()
    client = client_of(sqlite_app)
    vietnamese, english = (client.get(f"/manifest.webmanifest?lang={code}") for code in ("vi", "en"))
    assert vietnamese.mimetype == "application/manifest+json"
    assert (vietnamese.json["name"], english.json["name"]) == ("Phản ánh hiện trường", "Field reports")
    assert vietnamese.json["start_url"] == "/?app=1"
    for icon in vietnamese.json["icons"]:
        with client.get(icon["src"]) as picture:
            assert picture.mimetype == "image/png"
    page = client.get("/").text
    assert 'rel="manifest" href="/manifest.webmanifest?lang=vi"' in page

"""Files people send are shown to a scanner first: what it finds is refused by name, and what it cannot see is not kept unseen."""
from __future__ import annotations

import io
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from tests.outside import Outside, running
from tests.outside.clamav import EICAR, LARGEST
from tests.web.desk import Office
from tests.web.offline import test_offline_api
from tests.web.pages import words_of
from tests.with_photos import jpeg
from web.config import Config, SettingRefused
from web.files import scanning
from web.files.scanning import Scanner, ScannerAway

CITIZEN = {"words": "Ổ gà sâu, nước đọng.", "phone": "0912 345 678", "consent": "y", "act": "send"}


@pytest.fixture(scope="module")
def running_daemon(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outside]:
    with running("clamav", tmp_path_factory.mktemp("outside") / "clamav") as server:
        yield server


@pytest.fixture
def daemon(running_daemon: Outside) -> Outside:
    running_daemon.forget()
    return running_daemon


@pytest.fixture
def office(sqlite_app: Flask, daemon: Outside) -> Office:
    there = Office(sqlite_app)
    there.app.extensions["scanner"] = Scanner.read(f"127.0.0.1:{daemon.port}")
    return there


def bad(data: bytes = b"") -> bytes:
    return data + EICAR


def send(office: Office, **files: Any) -> Any:
    client = office.app.test_client()
    client.get("/reports/new")
    return client.post("/reports/new", data={**CITIZEN, "area": office.world.area.ref, **files})


def test_every_way_in_refuses_what_is_found_by_name_and_keeps_the_rest(office: Office) -> None:
    page = send(office, photos=[(io.BytesIO(bad(jpeg())), "anh-nha.jpg")], voice=(io.BytesIO(bad(test_offline_api.voice())), "noi.wav"))
    words = words_of(page)
    assert page.status_code == 422
    for name in ("anh-nha.jpg", "noi.wav"):
        assert f"Tệp “{name}” không nhận được: phát hiện mã độc (Eicar-Test-Signature)" in words
    assert "Ổ gà sâu, nước đọng." in words, "what was typed stays"
    phone = test_offline_api.guest(office.app.test_client())
    assert phone.file("photos", "anh.jpg", bad(jpeg())).status_code == 422
    assert phone.file("photos", "anh.jpg", jpeg()).status_code == 200
    answer = office.post("administrator", "/settings/imports/people", file=(io.BytesIO(b"login\n" + bad()), "can-bo.csv"))
    assert answer.status_code == 422
    assert "can-bo.csv" in words_of(answer)


def test_without_an_answer_files_wait_and_the_report_does_not(office: Office, daemon: Outside, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(scanning, "SECONDS", 0.3)
    began = time.monotonic()
    for order in ("hold", "hang up", "ERROR"):
        daemon.order(order)
        page = send(office, photos=[(io.BytesIO(jpeg()), "anh.jpg")])
        assert page.status_code == 422
        assert "hiện không kiểm tra được mã độc" in words_of(page), order
    assert time.monotonic() - began < 60, "it would not have answered for an hour"
    daemon.order("hang up")
    assert test_offline_api.guest(office.app.test_client()).file("photos", "anh.jpg", jpeg()).status_code == 503, "the queue sends it again"
    assert send(office).status_code == 302, "without a file a report is taken"
    office.app.config["CLAMAV_DOWN"] = "accept"
    daemon.order("hang up")
    assert send(office, photos=[(io.BytesIO(jpeg()), "anh.jpg")]).status_code == 302


def test_large_files_go_in_pieces_and_one_too_large_for_the_daemon_was_not_seen(daemon: Outside) -> None:
    scanner = Scanner.read(f"127.0.0.1:{daemon.port}")
    data = b"x" * (LARGEST - len(EICAR))
    assert scanner.finds(data) is None
    assert scanner.finds(data + EICAR) == "Eicar-Test-Signature"
    assert daemon.bytes[0] == str(len(data)).encode()
    with pytest.raises(ScannerAway):
        scanner.finds(b"x" * (LARGEST + 1))
    with pytest.raises(ScannerAway):
        Scanner.read("unix:/nowhere/clamd.ctl").finds(b"x")


@pytest.mark.parametrize("value", ["clamd", "unix:", "unix:clamd.ctl", "http://clamd:3310", "clamd:0", "clamd:99999", ":3310"])
def test_an_address_nobody_can_listen_at_stops_the_program(tmp_path: Path, value: str) -> None:
    with pytest.raises(SettingRefused, match="LANGBIANG_CLAMAV"):
        Config.from_environment({"LANGBIANG_DATA": str(tmp_path), "LANGBIANG_CLAMAV": value})

"""What docs/open311.md shows is run as it stands against the program being served, and so is our client beside it."""
from __future__ import annotations

import importlib.util
import json
import re
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from urllib.error import HTTPError
from xml.etree import ElementTree

import pytest
from flask import Flask
from sqlalchemy import select
from werkzeug.serving import make_server

from casework.db import db
from casework.intake.file_report import original_words
from casework.models import Addition, Photo, Report
from tests import build
from tests.system.canary import plain_photo
from tests.web.open311.asked import House, new_key, opened
from tests.web.pages import at

DOCS = Path(__file__).parents[3] / "docs"
PAGE = (DOCS / "open311.md").read_text(encoding="utf-8")
SHOWN = [line for block in re.findall(r"```sh\n(.*?)```", PAGE, re.DOTALL) for line in block.replace("\\\n", " ").splitlines()]
"""Its examples, in order, each on one line."""


@pytest.fixture
def served(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[House, str]]:
    """The house and its address."""
    monkeypatch.setenv("NO_PROXY", "*")
    house = opened(sqlite_app)
    server = make_server("127.0.0.1", 0, sqlite_app, threaded=True)
    running = threading.Thread(target=server.serve_forever)
    running.start()
    try:
        yield house, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        running.join(60)
        server.server_close()


def client() -> Any:
    """docs/open311_client.py, as whoever copies it has it."""
    spec = importlib.util.spec_from_file_location("open311_client", DOCS / "open311_client.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def run(line: str, folder: Path, **names: str) -> str:
    """What a line of the page prints; an answer that refuses fails it."""
    command, env = line.replace("curl ", "curl -sSf ", 1), {"PATH": "/usr/bin:/bin", "NO_PROXY": "*", **names}
    done = subprocess.run(["sh", "-ec", command], cwd=folder, env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (line, done.stderr)
    return done.stdout


@pytest.mark.exhaustive
@pytest.mark.skipif(shutil.which("curl") is None, reason="the page shows curl")
def test_every_example_of_the_page_does_what_is_said(served: tuple[House, str], tmp_path: Path) -> None:
    house, base = served
    build.case_at(house.world, "rating")
    build.case_at(house.world, "handling")
    at(house.app, build.NOON + timedelta(hours=8))
    (tmp_path / "photo.jpg").write_bytes(plain_photo(1))
    names = {"BASE": base, "KEY": new_key(house.world), "ID": ""}
    assert len(SHOWN) == 9
    for line in SHOWN:
        if "$ID" in line:
            names["ID"] = db.session.scalars(select(Report.code).where(Report.service_id.is_not(None))).one()
        told = run(line, tmp_path, **names)
        if ".xml" in line:
            assert len(ElementTree.fromstring(told)) > 0, line
        else:
            assert json.loads(told), line
        db.session.rollback()
    filed = db.session.scalars(select(Report).where(Report.service_id.is_not(None))).one()
    assert original_words(filed) == "Có ổ gà sâu giữa đường."
    assert db.session.scalars(select(Photo.report_id)).one() == filed.id
    assert db.session.scalars(select(Addition)).one().report_id == filed.id


def test_our_client_lists_files_and_follows(served: tuple[House, str], tmp_path: Path) -> None:
    house, base = served
    photo = tmp_path / "a.jpg"
    photo.write_bytes(plain_photo(2))
    city = client().Open311(f"{base}/open311/v2", new_key(house.world))
    code = city.get("services")[0]["service_code"]
    sent = {"service_code": code, "description": "Cây đổ chắn lối.", "address_id": house.world.area.ref, "phone": "0912345678"}
    [filed] = city.post("requests", sent, (photo,), name="a-name-of-ours")
    assert city.post("requests", sent, (photo,), name="a-name-of-ours")[0]["service_request_id"] == filed["service_request_id"]
    [mine] = city.get(f"requests/{filed['service_request_id']}")
    assert (mine["status"], mine["service_code"]) == ("open", code)
    [added] = city.post("servicerequestupdates", {
        "service_request_id": filed["service_request_id"], "update_id": "1", "description": "Đã dọn một nửa."
    })  # fmt: skip
    assert added["update_id"]
    db.session.rollback()
    assert len(db.session.scalars(select(Photo)).all()) == 1
    with pytest.raises(HTTPError) as refused:
        city.get("services/none")
    assert json.load(refused.value)[0]["code"] == "service_code_unknown"


@pytest.fixture
def three(monkeypatch: pytest.MonkeyPatch) -> Any:
    """The client of others (tests/vendor/three) as it stands. It was written for Python 2: `ifilter` is what `filter` is today, and what it
    imports for XML and as a quicker JSON is not needed for what is tried."""
    monkeypatch.setattr("itertools.ifilter", filter, raising=False)
    monkeypatch.setitem(sys.modules, "relaxml", SimpleNamespace(xml=None))
    monkeypatch.setitem(sys.modules, "simplejson", json)
    monkeypatch.setattr("sys.dont_write_bytecode", True)               # beside it stands only what is listed
    spec = importlib.util.spec_from_file_location("three", Path(__file__).parents[2] / "vendor/three/core.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.Three


def test_a_client_written_by_others_lists_files_with_a_photo_and_follows(served: tuple[House, str], three: Any) -> None:
    house, base = served
    done, key = build.case_at(house.world, "rating"), new_key(house.world)
    city = three(f"{base}/open311/v2", api_key=key, jurisdiction="ld")
    found = three(discovery=f"{base}/open311/discovery.json").discovery()
    assert found["endpoints"][0]["url"].endswith("/open311/v2")
    [first, *_] = city.services()
    assert city.services(first["service_code"])["service_code"] == first["service_code"]
    [filed] = city.post(first["service_code"], name="Bích Lê", phone="0912345678", address="Trước nhà văn hóa", lat="12.0", long="108.4",
                        description="Cây đổ chắn lối.", media=("a.jpg", plain_photo(2), "image/jpeg"))  # fmt: skip
    code = filed["service_request_id"]
    assert {each["service_request_id"] for each in city.requests()} == {done.code, code}
    assert [each["service_request_id"] for each in city.requests(status="closed", count=5)] == [done.code]
    assert [each["service_request_id"] for each in city.requests(between=["03-01-2026", "03-03-2026"])] == [code, done.code]
    [followed] = city.request(code, api_key=key)
    assert (followed["status"], followed["service_code"]) == ("open", first["service_code"])
    [refused] = city.post("none", description="Cây đổ.", address="Ở đâu đó")
    assert refused["code"] == "service_code_unknown"
    db.session.rollback()
    report = db.session.scalars(select(Report).where(Report.code == code)).one()
    assert original_words(report) == "Cây đổ chắn lối."
    assert db.session.scalars(select(Photo.report_id)).all().count(report.id) == 1


def test_our_client_has_about_fifty_lines() -> None:
    lines = (DOCS / "open311_client.py").read_text(encoding="utf-8").splitlines()
    assert len([line for line in lines if line.strip()]) <= 55

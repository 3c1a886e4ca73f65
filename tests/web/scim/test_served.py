"""The door as others see it: the tester of RFC 7643 and 7644 against a served application, sign-ins linked by `sub`, logs and machines."""
from __future__ import annotations

import io
import json
import logging
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from flask import Flask
from sqlalchemy import select

from casework.accounts.outside_identities import Subject, account_of_subject
from casework.db import db, unit_of_work
from casework.doors.accounts import ServiceWish, change_service_account
from casework.doors.people.acts import IdentityStays
from casework.messages.http_client import Door
from casework.models import Account, Event, Membership, OutsideIdentity, RateCounter, ServiceAccount
from casework.permissions import Action, Role
from tests.conftest import _made, client_of, on_sqlite
from tests.kill.ports import free_port
from tests.outside.provider import CLIENT
from tests.web.accounts.outside_provider import write
from tests.web.open311.asked import put
from tests.web.pages import at, signed_in
from tests.web.scim.asked import NOON, Directory, opened
from web import request_log
from web.accounts.oidc_client import ProviderClient
from web.accounts.oidc_providers import open_providers
from web.config import Config
from web.serving.server import Server

ISSUER = "https://dangnhap.tinh.example.vn/realms/canbo"


@pytest.fixture
def directory(app: Flask) -> Directory:
    return opened(app)


@contextmanager
def served(app: Flask, config: Config) -> Iterator[str]:
    """The application as its own server serves it."""
    port = free_port()
    server = Server(app, replace(config, port=port))
    running = threading.Thread(target=server.run)
    running.start()
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.stop()
        running.join(60)


@pytest.mark.exhaustive(but=2)
def test_the_tester_of_scim_finds_no_fault(app: Flask, config: Config) -> None:
    tester = pytest.importorskip("scim2_tester", reason="an extra of development: scim2-tester")
    from scim2_client import BaseSyncSCIMClient

    class Client(BaseSyncSCIMClient):
        """The tester's client, by the HTTP library that is here."""

        def __init__(self, http: httpx.Client) -> None:
            super().__init__()
            self.http = http

        def _stays_under_base_url(self, endpoint: str) -> bool:
            return True

        def _parse_json(self, response: Any) -> Any:
            return response.json()

        def request(self, method: str, url: str, **more: Any) -> Any:
            return self.http.request(method, url, **more)

    directory = opened(app)
    for limit in ("door_acts", "door_reads_key"):
        put(directory.world, limit, "100000", everywhere=True)
    with served(app, config) as base:
        app.config["BASE_URL"] = base
        with httpx.Client(base_url=f"{base}/scim/v2", headers={"Authorization": f"Bearer {directory.key}"}, timeout=60) as http:
            results = tester.check_server(Client(http), raise_exceptions=False)
    wrong = (tester.Status.ERROR, tester.Status.CRITICAL, tester.Status.DEVIATION)
    assert [(each.title, each.reason) for each in results if each.status in wrong] == []
    assert len([each for each in results if each.status is tester.Status.SUCCESS]) > 30


def linking(directory: Directory, folder: Path, provider: str = "so-noi-vu") -> None:
    """Name a provider on the directory's account, beside the one that is configured."""
    client = {"enabled": True, "serves": "staff", "name": {"vi": "Tỉnh", "en": "Province"}, "issuer": ISSUER, "client_id": CLIENT,
              "authentication": "none"}  # fmt: skip
    known = open_providers(write(folder, {"so-noi-vu": client}))  # type: ignore[arg-type]
    directory.app.extensions["outside"] = {key: ProviderClient(each, Door()) for key, each in known.items()}
    with unit_of_work():
        row = db.session.scalars(select(ServiceAccount)).one()
        wish = ServiceWish(name=row.account.full_name or "", owner=row.owner, purpose=row.purpose, scopes=[Action.MANAGE_PEOPLE],
                           provider=provider)  # fmt: skip
        change_service_account(row, wish, by=directory.world.actor("administrator"), now=NOON, reason="Nối đăng nhập")


def opens(subject: str) -> Account | None:
    """The account an identity there opens."""
    with unit_of_work():
        return account_of_subject(Subject("so-noi-vu", ISSUER, subject), kind="staff", now=NOON)


@on_sqlite
def test_the_identifier_is_the_subject_that_signs_the_person_in(directory: Directory, tmp_path: Path) -> None:
    linking(directory, tmp_path)
    ref = directory.add("le.moi", externalId="sub-1")["id"]
    found = opens("sub-1")
    assert found is not None
    assert found.ref == ref
    assert opens("sub-2") is None
    taken = directory.send("POST", "Users", {"userName": "ai.khac", "displayName": "Ai Khác", "externalId": "sub-1"})
    assert (taken.status_code, taken.json["scimType"]) == (409, "uniqueness")
    assert directory.patch(ref, {"op": "replace", "path": "externalId", "value": "sub-2"}).status_code == 200
    assert opens("sub-1") is None
    assert opens("sub-2") is not None
    directory.patch(ref, {"op": "remove", "path": "externalId"})
    assert opens("sub-2") is None
    assert db.session.scalars(select(OutsideIdentity)).first() is None


@on_sqlite
def test_whoever_comes_in_closed_is_linked_once_opened(directory: Directory, tmp_path: Path) -> None:
    linking(directory, tmp_path)
    ref = directory.add("le.moi", externalId="sub-1", active=False)["id"]
    assert opens("sub-1") is None
    assert directory.patch(ref, {"op": "replace", "path": "active", "value": "True"}).status_code == 200
    assert opens("sub-1") is not None


@on_sqlite
def test_who_administers_or_was_there_before_signs_in_as_before_whatever_the_directory_says(directory: Directory, tmp_path: Path) -> None:
    linking(directory, tmp_path)
    at(directory.app, NOON + timedelta(hours=1))
    for name in ("administrator", "operator"):
        kept = directory.patch(directory.ref(name), {"op": "add", "path": "externalId", "value": f"sub-{name}"})
        again = directory.send("PUT", f"Users/{directory.ref(name)}", {"displayName": "Ai", "externalId": f"sub-{name}"})
        assert (kept.status_code, again.status_code) == (200, 200)
        assert opens(f"sub-{name}") is None
    ref = directory.add("le.moi", externalId="sub-1")["id"]
    with unit_of_work():
        le = db.session.scalars(select(Account).where(Account.ref == ref)).one()
        later = NOON.date() + timedelta(days=9)
        db.session.add(Membership(account=le, role=Role.ADMINISTRATOR, centre_id=directory.world.centre.id, valid_from=later))
    for change in ({"op": "replace", "path": "externalId", "value": "sub-2"}, {"op": "remove", "path": "externalId"}):
        refused = directory.patch(ref, change)
        assert (refused.status_code, refused.json["detail"]) == (409, IdentityStays().vi)
    assert opens("sub-1") is not None
    assert opens("sub-2") is None
    assert directory.patch(ref, {"op": "replace", "path": "title", "value": "Phó phòng"}).status_code == 200


@on_sqlite
def test_without_a_provider_or_with_one_switched_off_nothing_is_linked(directory: Directory, tmp_path: Path) -> None:
    directory.add("le.moi", externalId="sub-1")
    linking(directory, tmp_path, provider="khong-con")
    directory.add("tran.moi", externalId="sub-2")
    assert db.session.scalars(select(OutsideIdentity)).first() is None


@on_sqlite
def test_logs_counters_and_errors_hold_no_key_and_no_name(directory: Directory) -> None:
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(request_log.JsonLines())
    request_log.LOGGER.addHandler(handler)
    try:
        ref = directory.add("canary.login", "Canary Họ Tên", externalId="canary-sub", emails=[{"value": "canary@lamdong.vn"}])["id"]
        directory.found('userName eq "canary.login"')
        directory.patch(ref, {"op": "replace", "path": "displayName", "value": "x" * 300})
        directory.send("GET", f"Users/{ref}", key="lb1_canarykey")
        directory.send("DELETE", f"Users/{ref}")
    finally:
        request_log.LOGGER.removeHandler(handler)
    lines = stream.getvalue()
    assert lines
    assert not [word for word in ("canary", "Canary", directory.key, directory.key[-20:]) if word in lines]
    counters = " ".join(db.session.scalars(select(RateCounter.bucket)))
    assert "canary" not in counters
    assert directory.key not in counters
    events = json.dumps([event.payload for event in db.session.scalars(select(Event))], default=str)
    assert directory.key not in events
    assert "canary-sub" not in events


@pytest.mark.exhaustive(but=2)
@pytest.mark.on_both
def test_a_leaver_is_out_on_every_machine_at_the_next_request(app: Flask, config: Config) -> None:
    """Two applications on one database: what one was told, the other knows."""
    directory, other = opened(app), _made(config)
    at(other, NOON)
    with other.app_context():
        browser = signed_in(other, client_of(other), directory.world.people["operator"], now=NOON)
        assert browser.get("/inbox").status_code == 200
    assert directory.set_active("operator").status_code == 200
    with other.app_context():
        assert browser.get("/inbox").status_code == 302
        for engine in db.engines.values():
            engine.dispose()

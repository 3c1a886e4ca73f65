"""Notices in browsers: readable by that browser alone, signed by the house, and sent to nothing inside it."""
from __future__ import annotations

import base64
import json
from pathlib import Path

import http_ece
import httpcore
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask import Flask

from casework.db import db, unit_of_work
from casework.messages.http_client import OutsideOnly
from casework.messages.push_subscriptions import subscribe
from casework.models import LoginSession, PushSubscription
from tests import build
from tests.messages.house import House, told_of_everything
from tests.outside import Outside
from web.gateways.push import PushGateway, kept_key


class Browser:
    """One that agreed to be told: it alone can read what it is sent."""

    def __init__(self, house: House, name: str, gateway: Outside, path: str) -> None:
        self.key, self.secret = ec.generate_private_key(ec.SECP256R1()), b"0123456789abcdef"
        point = self.key.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
        with unit_of_work():
            account = house.world.people[name]
            session = LoginSession(token_digest=path, account_id=account.id, created_at=house.now, last_seen_at=house.now,
                                   expires_at=house.now, browser="Firefox", network="127.0.0.0/24")
            db.session.add(session)
            db.session.flush()
            subscribe(f"http://127.0.0.1:{gateway.port}/push/{path}", _text(point), _text(self.secret), by=house.world.actor(name),
                      session_id=session.id, browser="Firefox", now=house.now, inside={"127.0.0.1"})

    def read(self, body: str) -> dict[str, str]:
        plain = http_ece.decrypt(base64.b64decode(body), private_key=self.key, auth_secret=self.secret, version="aes128gcm")
        return json.loads(plain)


def _text(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_a_notice_is_for_its_browser_alone_and_ends_where_the_browser_is_gone(sqlite_app: Flask, gateway: Outside, tmp_path: Path) -> None:
    push = PushGateway(lambda: kept_key(tmp_path / "keys" / "vapid_key"), "mailto:phananh@trung-tam.example", inside={"127.0.0.1"})
    house = House(sqlite_app, {"push": push})
    laptop, phone = Browser(house, "operator", gateway, "laptop"), Browser(house, "operator", gateway, "phone")
    told_of_everything()
    case = build.file_report(house.world, words="Cháy rừng ở đồi thông!", marked_urgent=True).case
    house.route()
    assert house.send("push") == 1
    newest, oldest = gateway.requests
    assert (newest["path"], oldest["path"]) == ("/push/phone", "/push/laptop")
    said = laptop.read(oldest["body"])
    assert (said["tag"], said["link"], said["lang"]) == (case.code, f"/cases/{case.ref}", "vi")
    assert case.code in said["title"]
    with pytest.raises(http_ece.ECEException):
        phone.read(oldest["body"])
    heads = {name.lower(): value for name, value in oldest["headers"].items()}
    assert (heads["content-encoding"], heads["urgency"], len(heads["topic"])) == ("aes128gcm", "high", 32)
    token, key = heads["authorization"].removeprefix("vapid ").split(",")
    assert key.strip() == f"k={push.public_key}"
    claims = json.loads(base64.urlsafe_b64decode(token.split(".")[1] + "=="))
    assert (claims["aud"], claims["sub"]) == (f"http://127.0.0.1:{gateway.port}", "mailto:phananh@trung-tam.example")

    gateway.order("410", "503 60")
    build.file_report(house.world, words="Sạt lở đường!", marked_urgent=True)
    house.route()
    assert house.send("push") == 0
    assert [row.ended_at is not None for row in db.session.query(PushSubscription).order_by(PushSubscription.id)] == [False, True]
    house.wait(minutes=2)
    assert house.send("push") == 1
    gateway.order("404")
    build.file_report(house.world, words="Cây đổ!", marked_urgent=True)
    house.route()
    house.send("push")
    last = house.deliveries[-1]
    assert (last.given_up_at is not None, last.last_error) == (True, "refused: gone")


@pytest.mark.parametrize("host", ["127.0.0.1", "10.0.0.8", "169.254.169.254", "localhost", "::1", "0.0.0.0"])
def test_no_notice_is_sent_to_an_address_inside(host: str) -> None:
    with pytest.raises(httpcore.ConnectError):
        OutsideOnly().connect_tcp(host, 443, timeout=1)


def test_the_key_of_the_house_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "vapid_key"
    assert kept_key(path) == kept_key(path)
    assert path.stat().st_mode & 0o777 == 0o600

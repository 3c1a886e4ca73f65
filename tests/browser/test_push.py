"""A notice all its way: a browser agrees, the house encrypts and signs, a push service takes it, the browser shows it.

The push service is the gateway of tests.outside, since the true one of a browser without a head cannot be reached: what the browser
would get from it is handed to its PushManager and, at the end, to its service worker by the browser's own tools.
"""
from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import http_ece
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.asymmetric.utils import encode_dss_signature
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from playwright.sync_api import Page

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.messages.routing import route_messages
from casework.messages.sending import send_waiting
from casework.models import Delivery
from casework.outbox import tell_account
from casework.setting_values import value_of
from casework.settings.value_changes import set_value
from tests import build
from tests.browser.house import House, opened
from tests.browser.waiting import PATIENCE, ask_until, next_document
from tests.outside import Outside, running
from web.clock import now
from web.gateways.opening import page_addresses

pytestmark = pytest.mark.exhaustive

PAGE = "/account/messages"
AUTH = b"0123456789abcdef"
DELIVERED_AGAIN, ASKED_EVERY = 8_000, 500                       # milliseconds
SUBSCRIBE = """
PushManager.prototype.subscribe = async ({ applicationServerKey }) => ({
  options: { applicationServerKey },
  toJSON: () => ({ endpoint: %s, keys: %s }),
  unsubscribe: async () => true,
});
"""
SHOWN = """() => navigator.serviceWorker.ready.then(worker => worker.getNotifications()).then(
  list => list.map(each => ({ title: each.title, body: each.body, tag: each.tag, link: each.data.link })))"""


@pytest.fixture
def house(sqlite_environment: dict[str, str]) -> Iterator[House]:
    with opened(sqlite_environment | {"LANGBIANG_INSIDE_HOSTS": "127.0.0.1"}, with_window=True) as house:
        assert house.world is not None
        with unit_of_work():                                    # the clock is the true one, and this is tried at night, too
            set_value("quiet_until", value_of("quiet_from"), by=house.world.actor("administrator"), now=now(), reason="Thử.",
                      centre_id=house.world.centre.id)
        yield house


@pytest.fixture
def service(tmp_path: Path) -> Iterator[Outside]:
    with running("gateway", tmp_path / "service") as service:
        yield service


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def bytes_of(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def tell_and_send(house: House, name: str) -> Delivery:
    """A colleague's mention, told by every way the house has."""
    world, gateway = house.world, house.app.extensions["gateways"]["push"]
    assert world is not None
    filed, person = build.file_report(world, now=now()), world.people[name].id
    case_id = filed.case.id
    with unit_of_work():
        tell_account(person, "mentioned_in_note", case=lock_case(case_id), at=now())
    while route_messages(now(), configured={"push"}):
        pass
    send_waiting("push", gateway, clock=now, pages=page_addresses(house.app), configured={"push"})
    db.session.rollback()
    return db.session.query(Delivery).filter_by(template="mentioned_in_note").order_by(Delivery.id.desc()).first()  # type: ignore[return-value]


def judge_signature(request: dict[str, Any], key: str, origin: str) -> None:
    """RFC 8292: signed with the key the page gave the browser, for this service, for a day at most."""
    scheme, _, rest = request["headers"]["Authorization"].partition(" ")
    parts = dict(part.strip().split("=", 1) for part in rest.split(","))
    assert scheme == "vapid"
    assert parts["k"] == key
    signed, _, signature = parts["t"].rpartition(".")
    r, s = bytes_of(signature)[:32], bytes_of(signature)[32:]
    point = ec.EllipticCurvePublicKey.from_encoded_point(ec.SECP256R1(), bytes_of(key))
    point.verify(encode_dss_signature(int.from_bytes(r), int.from_bytes(s)), signed.encode(), ec.ECDSA(SHA256()))
    claims = json.loads(bytes_of(signed.partition(".")[2]))
    assert claims["aud"] == origin
    assert 0 < claims["exp"] - now().timestamp() <= 86_400
    assert claims["sub"].startswith(("mailto:", "https:"))


class PushService:
    """Hands messages to the service worker of a page by the browser's own tools, as the push service of its maker would."""

    def __init__(self, page: Page, origin: str) -> None:
        self.page, self.origin, self.number = page, origin, ""
        self.tools = page.context.new_cdp_session(page)
        self.tools.on("ServiceWorker.workerRegistrationUpdated", self.hear)
        self.tools.send("ServiceWorker.enable")
        ask_until(page, "navigator.serviceWorker.ready.then(each => each.active.state)", lambda state: state == "activated" and self.number)

    def hear(self, event: dict[str, Any]) -> None:
        self.number = next((each["registrationId"] for each in event["registrations"] if not each["isDeleted"]), self.number)

    def deliver(self, message: str, title: str) -> list[dict[str, str]]:
        """What the browser then shows, once it shows that title. Delivered again until it does, as a push service does: Chromium takes away
        what is asked for between being put down and being shown, so asking often would lose the very notice that is waited for."""
        def is_there(shown: list[dict[str, str]]) -> bool:
            return any(each["title"] == title for each in shown)

        end = time.monotonic() + PATIENCE / 1000
        while True:
            self.tools.send("ServiceWorker.deliverPushMessage", {"origin": self.origin, "registrationId": self.number, "data": message})
            self.page.wait_for_timeout(ASKED_EVERY)
            try:
                found: list[dict[str, str]] = ask_until(self.page, SHOWN, is_there, every=ASKED_EVERY, patience=DELIVERED_AGAIN)
                return found
            except AssertionError:
                if time.monotonic() > end:
                    raise


def test_a_notice_reaches_the_browser_that_agreed_and_no_other_person_in_it(house: House, service: Outside) -> None:
    private = ec.generate_private_key(ec.SECP256R1())
    point = private.public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint)
    origin = f"http://127.0.0.1:{service.port}"
    officer = house.visitor("operator")
    officer.context.grant_permissions(["notifications"], origin=house.address)
    endpoint, keys = json.dumps(f"{origin}/push/abc"), json.dumps({"p256dh": text_of(point), "auth": text_of(AUTH)})
    officer.page.add_init_script(SUBSCRIBE % (endpoint, keys))
    page = officer.go(PAGE)
    key = page.get_attribute("[data-push]", "data-key") or ""
    with next_document(page):
        page.click("[data-push-on]")
    assert "trình duyệt này" in page.inner_text("#browsers")
    assert page.is_hidden("[data-push-on]")
    page.check("input[name=takes-push][value=all]")
    officer.press("Lưu lựa chọn")

    delivery = tell_and_send(house, "operator")
    assert delivery.sent_at is not None, delivery.last_error
    request = service.requests[-1]
    judge_signature(request, key, origin)
    assert request["headers"]["Content-Encoding"] == "aes128gcm"
    assert (request["headers"]["Urgency"], len(request["headers"]["Topic"])) == ("normal", 32)
    content = http_ece.decrypt(base64.b64decode(request["body"]), private_key=private, auth_secret=AUTH, version="aes128gcm").decode()
    said = json.loads(content)
    code = said["tag"]
    assert (said["title"], said["body"]) == (f"Có người nhắc Ông/Bà trong hồ sơ {code}", "")

    pushed = PushService(page, house.address)
    (shown,) = pushed.deliver(content, said["title"])
    assert shown == {"title": said["title"], "body": "", "tag": code, "link": f"{house.address}{said['link']}"}
    assert said["link"].startswith("/cases/")
    (shown,) = pushed.deliver(json.dumps({"title": "Khác", "link": "https://evil.example/", "tag": code}), "Khác")
    assert shown == {"title": "Khác", "body": "", "tag": code, "link": f"{house.address}/"}, "one of a tag, and no other site"

    taken = len(service.requests)
    with next_document(page):
        page.click(".sitebar form[action='/sign-out'] button")
    assert tell_and_send(house, "operator").id == delivery.id, "signed out: nothing more is for this browser"
    assert len(service.requests) == taken
    assert house.faults == []

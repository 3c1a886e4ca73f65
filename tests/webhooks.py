"""An endpoint of a world and a receiver to call.

    row = service_accounts.made(world, Action.READ_CASE)[0]
    endpoint = webhooks.listening(world, row)            # verified, told of all it may be told
    webhooks.queued(endpoint)                            # [(type, seq), …]
    with webhooks.receiver() as heard: …                 # heard.url, heard.requests, heard.answers
"""
from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.doors.gates import OPEN_DOOR, Door, is_open, setting_of
from casework.doors.webhooks.endpoints import EndpointWish, add_endpoint, is_proven
from casework.doors.webhooks.kinds import things_for
from casework.messages import http_client
from casework.models import ServiceAccount, WebhookCourse, WebhookDelivery, WebhookEndpoint
from casework.permissions import SYSTEM
from casework.settings.value_changes import set_value
from tests import build

HERE = frozenset({"127.0.0.1"})
WHY = "Theo thỏa thuận."
DOOR = http_client.Door(HERE)
BASE = "https://phananh.example"


def opened(world: build.World) -> None:
    """Open the door for the centre of the world."""
    if is_open(Door.WEBHOOKS, world.centre.id):
        return
    with unit_of_work():
        by = world.actor("administrator")
        set_value(setting_of(Door.WEBHOOKS), OPEN_DOOR, by=by, now=build.NOON, reason=WHY, centre_id=world.centre.id)


def added(
    world: build.World, row: ServiceAccount, *, url: str = "https://nhan.example/hook", scheme: str = "v1a",
    events: list[str] | None = None, now: datetime = build.NOON,
) -> tuple[WebhookEndpoint, str]:  # fmt: skip
    with unit_of_work(keeps_rows=True):
        row = db.session.get_one(ServiceAccount, row.account_id)
        wish = EndpointWish(url=url, events=events or list(map(str, things_for(row.scopes))), scheme=scheme)
        inside = frozenset({f"127.0.0.1:{urlsplit(url).port or 443}"})
        return add_endpoint(row, wish, inside=inside, by=world.actor("administrator"), now=now, reason=WHY)


def listening(world: build.World, row: ServiceAccount, **given: Any) -> WebhookEndpoint:
    """One that has answered its challenge; the door is open."""
    return listening_with(world, row, **given)[0]


def listening_with(world: build.World, row: ServiceAccount, **given: Any) -> tuple[WebhookEndpoint, str]:
    opened(world)
    endpoint, text = added(world, row, **given)
    with unit_of_work(keeps_rows=True):
        endpoint = db.session.get_one(WebhookEndpoint, endpoint.id)
        is_proven(endpoint, by=SYSTEM, now=given.get("now", build.NOON))
        for each in db.session.scalars(select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id)):
            each.delivered_at = build.NOON
        for course in db.session.scalars(select(WebhookCourse).where(WebhookCourse.endpoint_id == endpoint.id)):
            course.due_at = None
    return endpoint, text


def rows_of(endpoint: WebhookEndpoint) -> list[WebhookDelivery]:
    query = select(WebhookDelivery).where(WebhookDelivery.endpoint_id == endpoint.id, WebhookDelivery.about != "endpoint")
    return list(db.session.scalars(query.order_by(WebhookDelivery.id).execution_options(populate_existing=True)))


def queued(endpoint: WebhookEndpoint) -> list[str]:
    """The types of what was written for an endpoint, in order."""
    return [row.type for row in rows_of(endpoint)]


@dataclass
class Heard:
    """A receiver, and what it was sent. `answers` gives the status, headers and content for each request; by default 204."""

    url: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)
    answers: Callable[[int, dict[str, Any]], tuple[int, dict[str, str], bytes]] = lambda _number, _body: (204, {}, b"")

    @property
    def bodies(self) -> list[dict[str, Any]]:
        return [json.loads(content) for _headers, content in self.requests]


@contextmanager
def receiver() -> Iterator[Heard]:
    """Listen on this machine while the block runs; a challenge is answered."""
    heard = Heard()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            content = self.rfile.read(int(self.headers["content-length"]))
            body = json.loads(content)
            heard.requests.append(({name.lower(): value for name, value in self.headers.items()}, content))
            if body["type"] == "endpoint.verify":
                status, headers, answer = 200, {}, json.dumps({"challenge": body["data"]["challenge"]}).encode()
            else:
                status, headers, answer = heard.answers(len(heard.requests), body)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(answer)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    heard.url = f"http://127.0.0.1:{server.server_port}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield heard
    finally:
        server.shutdown()
        server.server_close()
        thread.join()

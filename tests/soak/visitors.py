"""People at an installation by install.md: they come through nginx, from an address nothing else has here."""
from __future__ import annotations

import os
import re
import socket
import ssl
import time
from contextlib import suppress
from typing import Any

import httpcore
import httpx
from lxml import html

from benchmark.pages import errors_on, filled

NAME = "phananh.example.vn"
LOGIN, PASSWORD = "admin", "chín con cá chép vượt vũ môn"
WORDS = "Cây đổ chắn ngang đường vào thôn Đạ Nghịt."
VISITOR = "127.0.0.77"
TYPED = "nobodyelsetypesthis"
PHOTO_BYTES = 6_000_000
PLAIN_BODY_BYTES = 2_000_000
"""More than nginx takes where nothing else is said, as on the port without TLS."""


class GuideWrong(Exception):
    """What the guide promises did not come about."""


class _Here(httpcore.SyncBackend):
    """Every name is this machine's."""

    def connect_tcp(self, host: str, port: int, *arguments: Any, **options: Any) -> httpcore.NetworkStream:
        return super().connect_tcp("127.0.0.1", port, *arguments, **options)


def browser(address: str = VISITOR) -> httpx.Client:
    """Somebody at the address of the installation, who trusts the certificate to begin with."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    transport = httpx.HTTPTransport(verify=context, local_address=address)
    transport._pool._network_backend = _Here()
    return httpx.Client(base_url=f"https://{NAME}", transport=transport, timeout=60, headers={"Accept-Language": "vi"})


def sent(client: httpx.Client, path: str, typed: dict[str, Any], act: str | None = None) -> httpx.Response:
    """A form of a page, filled and sent. Raises GuideWrong when the page comes back."""
    page = client.get(path)
    fields: dict[str, Any] = {}
    for name, value in filled(page.text, path, typed, act=act):
        fields.setdefault(name, []).append(value)
    answer = client.post(path, data=fields)
    if answer.status_code not in (302, 303):
        raise GuideWrong(f"POST {path}: {answer.status_code} {errors_on(answer.text)}")
    return answer


def file_report() -> dict[str, str]:
    """A citizen reports through nginx; returns the code and the secret of the receipt."""
    with browser() as client:
        page = client.get("/reports/new").text
        area = next(value for value in html.fromstring(page).xpath("//select[@name='area']/option/@value") if value)
        typed = {"words": WORDS, "area": area, "name": "Nguyễn Thị Thử", "contact": "0912345678", "consent": "y"}
        receipt = client.get(sent(client, "/reports/new", typed, "send").headers["Location"]).text
    page = html.fromstring(receipt)
    code, secret = re.search(r"\b[A-Z]{2,4}-\d{4}-\d{6}\b", page.text_content()), page.xpath("string(//*[@id='secret'])").strip()
    if not code or not secret:
        raise GuideWrong(f"no code and secret on the receipt: {' '.join(page.text_content().split())[:300]}")
    return {"code": code.group(), "secret": secret}


def follow(report: dict[str, str]) -> None:
    """The citizen opens their report by code and secret and reads their own words. Raises GuideWrong."""
    with browser() as client:
        location = sent(client, "/track", report).headers["Location"]
        if WORDS not in client.get(location).text:
            raise GuideWrong(f"the words of {report['code']} are not on its page")


def sign_in() -> None:
    """The administrator signs in and sees the settings. Raises GuideWrong."""
    with browser() as client:
        sent(client, "/sign-in", {"login": LOGIN, "password": PASSWORD})
        if client.get("/settings").status_code != 200:
            raise GuideWrong("the administrator does not see the settings")


def people_come_in_every_way() -> None:
    """A photo, too much on the port without TLS, a question, and a line that is no TLS: what nginx has something to say of."""
    with browser() as client:
        statuses = [client.post("/reports/new", files={"photos": ("anh.jpg", os.urandom(PHOTO_BYTES))}).status_code,
                    client.post(f"http://{NAME}/reports/new", content=os.urandom(PLAIN_BODY_BYTES)).status_code,
                    client.get("/", params={"q": TYPED}).status_code]
    if statuses[0] >= 500 or statuses[0] == 413 or statuses[1:] != [413, 200]:
        raise GuideWrong(f"a photo, a body without TLS and a question were answered with {statuses}")
    with suppress(OSError), socket.create_connection(("127.0.0.1", 443), source_address=(VISITOR, 0)) as line:
        line.sendall(b"\x16\x03\x01 no greeting of TLS\r\n\r\n")
        line.recv(1000)


def wait_until_ready() -> None:
    with browser("127.0.0.1") as client:
        deadline = time.monotonic() + 60
        while client.get("/readyz").status_code != 200:
            if time.monotonic() > deadline:
                raise GuideWrong("the server was started anew and is not ready after a minute")
            time.sleep(0.5)

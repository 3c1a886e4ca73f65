"""A gateway gives up a delivery long before its lease runs out, whatever the other side does: else somebody else sends it too."""
from __future__ import annotations

import base64
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from casework.messages import sending
from casework.messages.push_subscriptions import Endpoint
from casework.messages.queue import LEASE
from casework.messages.rendering import MessageWords
from casework.messages.sending import HANDED_OVER_WITHIN, NoAnswer, Outgoing, Receipt, TryLater, Unreachable
from tests.build import NOON
from tests.messages.house import MAIL_FROM
from tests.outside import Outside
from web.gateways.push import PushGateway, kept_key
from web.gateways.smtp import MailGateway, SmtpServer

RESOLVER_AWAY = 30
WITHIN = 1.5
SLACK = 8
"""Seconds a machine at work may take for its part; whoever is not hung up on speaks for much longer."""
BROWSERS, WITHIN_OF_BROWSERS = 10, 5.0
"""A tenth of the time is each browser's: half a second, in which who answers does so on a machine at work, too."""


@pytest.fixture(autouse=True)
def soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sending, "HANDED_OVER_WITHIN", WITHIN)


@contextmanager
def server(speak: Callable[[socket.socket], None]) -> Iterator[int]:
    """Something that takes connections and does with each as it likes."""
    def serve() -> None:
        with suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    def answer(connection: socket.socket) -> None:
        with suppress(OSError), connection:
            speak(connection)

    with socket.create_server(("127.0.0.1", 0)) as listening:
        threading.Thread(target=serve, daemon=True).start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)


def outgoing(address: str = "", endpoints: tuple[Endpoint, ...] = ()) -> Outgoing:
    words = MessageWords(subject="Hồ sơ LD-2026-000123", body="Hồ sơ đã có trả lời.", short="Hồ sơ đã có trả lời.", link="", language="vi")
    return Outgoing(1, "push" if endpoints else "email", "lease", "t" * 32, NOON, words, address, endpoints, False)


def taken_by(act: Callable[[], Receipt]) -> tuple[object, float]:
    began = time.monotonic()
    try:
        told: object = act()
    except TryLater as failure:
        told = type(failure)
    return told, time.monotonic() - began


def text_of(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def test_the_time_of_a_delivery_ends_long_before_its_lease() -> None:
    assert LEASE.total_seconds() > HANDED_OVER_WITHIN + RESOLVER_AWAY


@pytest.mark.parametrize("answering", [None, BROWSERS - 1])
def test_services_of_ten_browsers_that_hang_end_together_and_leave_time_for_the_one_that_answers(
    tmp_path: Path, gateway: Outside, answering: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sending, "HANDED_OVER_WITHIN", WITHIN_OF_BROWSERS)
    push = PushGateway(lambda: kept_key(tmp_path / "vapid_key"), "mailto:phananh@trung-tam.example", inside={"127.0.0.1"})
    key = text_of(ec.generate_private_key(ec.SECP256R1()).public_key().public_bytes(Encoding.X962, PublicFormat.UncompressedPoint))
    with server(lambda connection: connection.recv(1) and time.sleep(60)) as hanging:
        ports = [gateway.port if number == answering else hanging for number in range(BROWSERS)]
        endpoints = tuple(Endpoint(number, f"http://127.0.0.1:{port}/push/{number}", key, text_of(b"0123456789abcdef"))
                          for number, port in enumerate(ports))
        told, took = taken_by(lambda: push(outgoing(endpoints=endpoints)))
    assert took < WITHIN_OF_BROWSERS + SLACK
    assert told == (TryLater if answering is None else Receipt())


def dribble(connection: socket.socket) -> None:
    """A greeting that comes letter by letter and does not end."""
    while True:
        connection.sendall(b"2")
        time.sleep(0.05)


def lines_for_ever(connection: socket.socket) -> None:
    """An answer to the first word that has always one line more."""
    connection.sendall(b"220 here\r\n")
    connection.recv(1000)
    more_and_more(connection)


def more_and_more(connection: socket.socket) -> None:
    while True:
        connection.sendall(b"250-more\r\n")
        time.sleep(0.05)


def talks_at_the_end(connection: socket.socket) -> None:
    """One that takes the whole letter and does not come to the end of saying so."""
    connection.sendall(b"220 here\r\n")
    while not connection.recv(1000).startswith(b"DATA"):
        connection.sendall(b"250 OK\r\n")
    connection.sendall(b"354 go on\r\n")
    while not connection.recv(100_000).endswith(b"\r\n.\r\n"):
        pass
    more_and_more(connection)


@pytest.mark.parametrize(("speak", "tls", "failure"), [
    (dribble, "no", Unreachable), (dribble, "tls", Unreachable), (lines_for_ever, "no", Unreachable),
    (lines_for_ever, "starttls", Unreachable),
    (talks_at_the_end, "no", NoAnswer), (lambda connection: time.sleep(60), "tls", Unreachable),
])  # fmt: skip
def test_a_mail_server_that_speaks_for_ever_is_hung_up_on(
    speak: Callable[[socket.socket], None], tls: str, failure: type[TryLater]
) -> None:
    with server(speak) as port:
        mail = MailGateway(SmtpServer("127.0.0.1", port, tls), MAIL_FROM)
        told, took = taken_by(lambda: mail(outgoing("thu@nguoi-dan.example")))
    assert (told, took < WITHIN + SLACK) == (failure, True)


def test_a_name_of_many_addresses_is_tried_no_longer_than_a_delivery_may_take(monkeypatch: pytest.MonkeyPatch) -> None:
    tried: list[float] = []

    def hang(_address: object, seconds: float) -> socket.socket:
        tried.append(seconds)
        time.sleep(min(seconds, 0.4))
        raise TimeoutError

    found = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (f"192.0.2.{number}", 25)) for number in range(30)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    monkeypatch.setattr(socket, "create_connection", hang)
    told, took = taken_by(lambda: MailGateway(SmtpServer("mail.example", 25, "no"), MAIL_FROM)(outgoing("thu@nguoi-dan.example")))
    assert (told, took < WITHIN + SLACK) == (Unreachable, True)
    assert max(tried) <= WITHIN

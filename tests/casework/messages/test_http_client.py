"""Calls out of the house: to the internet alone, no further than the first address, within a size and a time."""
from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest

from casework.messages.http_client import CallFailed, Door, NotReached, Unanswered, is_outside

HERE = {"127.0.0.1"}


@contextmanager
def server(speak: Callable[[socket.socket], None]) -> Iterator[tuple[int, list[bytes]]]:
    """A server of this machine that says something to each who comes, and what it was sent."""
    heard: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def serve() -> None:
            while True:
                try:
                    line, _ = listening.accept()
                except OSError:
                    return
                with line:
                    heard.append(line.recv(65_536))
                    with suppress(OSError):
                        speak(line)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield listening.getsockname()[1], heard
        listening.shutdown(socket.SHUT_RDWR)
    thread.join(5)


def says(text: str) -> Callable[[socket.socket], None]:
    return lambda line: line.sendall(text.encode())


OK = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize("address", [
    "127.0.0.1", "10.0.0.8", "172.16.9.1", "192.168.1.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1", "::1", "fe80::1%eth0",
    "fd00::1", "::ffff:10.0.0.8", "2002:0a00:0008::1", "64:ff9b::a00:8", "64:ff9b::a9fe:a9fe", "192.0.0.192", "::7f00:1",
    "64:ff9b:1::7f00:1", "fec0::1", "3fff::1", "5f00::1"])  # fmt: skip
def test_addresses_of_a_machine_or_network_are_not_outside_however_they_are_written(address: str) -> None:
    assert not is_outside(address)
    url = f"https://[{address.partition('%')[0]}]/" if ":" in address else f"https://{address}/"
    with pytest.raises(NotReached):
        Door().call("GET", url)


def refuses(door: Door, url: str) -> bool:
    try:
        door.refuse_unless_open(url)
    except NotReached:
        return True
    return False


def test_a_host_named_with_ports_alone_is_called_on_those_or_on_443() -> None:
    door = Door({"10.0.0.5:9443", "[fd00::5]:9443", "10.0.0.6", "10.0.0.6:9443"})
    for further in (door, door.and_to("https://sms.example.vn/")):
        assert [refuses(further, f"https://10.0.0.5{port}/") for port in (":9443", "", ":443", ":9200")] == [False, False, False, True]
        assert [refuses(further, f"https://[fd00::5]{port}/") for port in (":9443", "", ":9200")] == [False, False, True]
        assert not refuses(further, "https://10.0.0.6:9200/")


def test_of_this_network_a_door_of_notices_leads_to_this_machine_alone() -> None:
    door = Door({"127.0.0.1:9443", "10.0.0.5"}).on_this_machine()
    assert [refuses(door, url) for url in ("http://127.0.0.1:9443/", "http://127.0.0.1:9200/", "https://10.0.0.5/")] == [False, True, True]


def test_addresses_of_the_internet_are_outside() -> None:
    assert all(map(is_outside, ("8.8.8.8", "2001:4860:4860::8888", "64:ff9b::808:808")))


@pytest.mark.parametrize("url", [
    "http://example.vn/", "ftp://example.vn/", "file:///etc/passwd", "https://user:password@example.vn/", "https://localhost/",
    "https://anything.localhost/", "https:///path", "https://example.vn:99999/", "nothing"])  # fmt: skip
def test_what_is_no_open_https_address_is_refused_before_anybody_is_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    with pytest.raises(NotReached):
        Door().call("GET", url)


@pytest.mark.parametrize("host", [
    "127。0。0。1", "127．0．0．1", "１２７.0.0.1", "①27.0.0.1", "ⅼocalhost", "münchen.example", "ex ample.vn", "a..vn",
    f"{'a' * 70}.vn"])  # fmt: skip
def test_a_host_that_is_not_written_in_the_letters_of_host_names_is_refused_by_name(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: pytest.fail("a name was looked up"))
    with pytest.raises(NotReached, match="address"):
        Door().call("GET", f"https://{host}/")


def test_a_name_that_leads_inside_is_refused_and_one_the_environment_names_is_called(monkeypatch: pytest.MonkeyPatch) -> None:
    looked_up, real = list[str](), socket.getaddrinfo

    def names(host: str, *rest: object, **named: object) -> object:
        looked_up.append(host)
        return real("127.0.0.1" if host == "sms.lan" else host, *rest, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(socket, "getaddrinfo", names)
    with server(says(OK)) as (port, heard):
        with pytest.raises(NotReached):
            Door(uses_proxy=False).call("GET", f"https://sms.lan:{port}/")
        assert heard == [], "nobody was called"
        with pytest.raises(CallFailed):
            Door({"sms.lan"}, uses_proxy=False).call("GET", f"https://sms.lan:{port}/")
        assert len(heard) == 1, "it was, and does not speak TLS"
    assert looked_up.count("sms.lan") == 2, "once for each call: the address that was judged is the one connected to"


def test_no_redirect_is_followed() -> None:
    with server(says(OK)) as (inner, heard), server(says(f"HTTP/1.1 302 Found\r\nLocation: http://127.0.0.1:{inner}/\r\n"
                                                         "Content-Length: 0\r\n\r\n")) as (port, _):  # fmt: skip
        assert Door(HERE).call("GET", f"http://127.0.0.1:{port}/").status == 302
        assert heard == []


def test_an_answer_is_read_up_to_its_size_and_unpacked_by_nobody() -> None:
    with server(says(f"HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n{'x' * 5000}")) as (port, _):
        assert len(Door(HERE).call("GET", f"http://127.0.0.1:{port}/", largest=5000).content) == 5000
        with pytest.raises(Unanswered, match="too large"):
            Door(HERE).call("GET", f"http://127.0.0.1:{port}/", largest=4999)
    packed = says("HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n")
    with server(packed) as (port, _), pytest.raises(Unanswered, match="encoding"):
        Door(HERE).call("GET", f"http://127.0.0.1:{port}/")


def test_whoever_speaks_slowly_is_left_when_the_time_is_over() -> None:
    def drip(line: socket.socket) -> None:
        for sign in OK * 20:
            line.sendall(sign.encode())
            time.sleep(0.05)

    with server(drip) as (port, _):
        began = time.monotonic()
        with pytest.raises(Unanswered):
            Door(HERE).call("GET", f"http://127.0.0.1:{port}/", seconds=0.3)
        assert time.monotonic() - began < 20, "it would have gone on for longer"


def test_whom_the_machine_trusts_is_read_once_for_many_calls_and_anew_where_it_is_named_elsewhere(monkeypatch: pytest.MonkeyPatch) -> None:
    def trusting() -> object:
        return Door(HERE).direct_pool()._ssl_context

    first = trusting()
    assert trusting() is first
    monkeypatch.setenv("SSL_CERT_DIR", "/etc")
    assert trusting() is not first

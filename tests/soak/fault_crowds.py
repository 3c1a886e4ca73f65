"""People who send the same thing many times at one moment, and people whose upload hangs in the middle."""
from __future__ import annotations

import os
import random
import socket
import statistics
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from hashlib import sha256
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import httpx
from lxml import html

from benchmark.pages import filled
from tests.kill.killing import READY_SECONDS, ROOT
from tests.kill.people import WORK, Citizen, Staff, Surroundings, choices_of
from tests.kill.ports import free_port
from tests.kill.site import PromiseBroken, Site
from tests.machines.front import plain_configuration

HALF_SENT = 40
AT_ONCE = 8
LONGEST_MEANWHILE = 25.0
"""Seconds nobody may wait for a page while others hang. A server that is held up by them answers never; one on a busy machine, late."""

START_SECONDS = 240



def sent_at_once(house: Site, *, times: int) -> dict[str, Any]:
    """So many times: a form, a report that waited in a browser, and a step, each sent AT_ONCE times at one moment."""
    around, found = house.around, Counter[str]()
    citizen, staff = Citizen("impatient", around, 1), Staff("operator", around, 1)
    citizen.email = ""
    lot = random.Random(1)
    staff.arrive()
    for number in range(times):
        found["forms"] += _form_at_once(citizen, number)
        found["reports that waited"] += _waiting_at_once(citizen, lot)
        found["steps"] += _step_at_once(staff)
    for person in (citizen, staff):
        person.browser.close()
        person.journal.close()
    if not found["steps"]:
        raise PromiseBroken("there was no step to send many times")
    return {"sent_at_once": AT_ONCE, **found}


def _form_at_once(citizen: Citizen, number: int) -> int:
    path, mark = "/reports/new", f"impatient-{number}"
    page = citizen.ask(path).text
    files, sha = citizen.photo()
    typed = {"words": f"Rác đổ ven suối, mốc {mark}.", "area": choices_of(page, "area")[0], "name": "Nguyễn Thị Thử",
             "contact": "0912345678", "consent": "y", "alike_seen": "y"}  # fmt: skip
    fields = filled(page, path, typed, act="send")
    codes = {urlsplit(answer.headers["location"]).path.split("/")[2] for answer in at_once(lambda: citizen.send(path, fields, files))}
    if len(codes) != 1:
        raise PromiseBroken(f"one form became {codes}")
    citizen.journal.told("file_report", code=codes.pop(), key=dict(fields)["idempotency_key"], mark=mark, photos=[sha])
    return 1


def _waiting_at_once(citizen: Citizen, lot: random.Random) -> int:
    """As the script of the page sends it: the file, then the fields, and both again because no answer came."""
    browser = citizen.browser
    area = choices_of(citizen.ask("/reports/new").text, "area")[0]
    own = {"X-Langbiang-Language": "vi", "Origin": str(browser.base_url).rstrip("/")}
    token = browser.post("/offline/token", content=b"{}", headers={"X-Langbiang-Device": "", **own}).json()["token"]
    own["X-Langbiang-Device"] = token
    key = str(UUID(int=lot.getrandbits(128), version=4))
    [(_, (name, data, kind))], sha = citizen.photo()
    where, told = f"/offline/reports/{key}", {"kind": "photos", "sha256": sha256(data).hexdigest()}
    at_once(lambda: browser.post(f"{where}/files", data=told, files={"file": (name, data, kind)}, headers=own))
    typed = {"words": f"Gửi sau khi có sóng, {key}.", "area": area, "contact": "0912345678", "consent": "y", "file": f"photos:{sha}"}
    answers = at_once(lambda: browser.post(where, data=typed, headers=own))
    codes = {answer.json().get("code") for answer in answers if answer.status_code == 200}
    if len(codes) != 1 or any(answer.status_code not in (200, 503) for answer in answers):
        raise PromiseBroken(f"a report that waited became {codes}, answered with {sorted(answer.status_code for answer in answers)}")
    citizen.journal.told("file_report", code=codes.pop(), key=key, mark=key, photos=[sha])
    return 1


def _step_at_once(staff: Staff) -> int:
    """One of the steps anybody at the desk may do; the others at work there may be quicker."""
    links = html.fromstring(staff.ask("/inbox").text).xpath("//a/@href")
    for path in sorted({path for path in links if path.startswith("/tasks/") and path.count("/") == 2}):
        page = staff.ask(path)
        verb = staff.verb_of(page.text) if page.status_code == 200 else None
        if verb not in ("verify", "classify"):
            continue
        fields = filled(page.text, path, WORK[verb](staff, page.text), act=verb)
        done = [answer for answer in at_once(lambda path=path, fields=fields: staff.send(path, fields)) if answer.status_code == 302]  # type: ignore[misc]
        if len(done) > 1:
            raise PromiseBroken(f"the step {path} was acknowledged {len(done)} times")
        if done:
            staff.journal.told(verb, task=path.rpartition("/")[2], login=staff.login, photos=[])
            return 1
    return 0


def at_once(act: Callable[[], httpx.Response]) -> list[httpx.Response]:
    """The same by AT_ONCE threads that wait for each other."""
    start, answers = threading.Barrier(AT_ONCE), list[httpx.Response]()

    def run() -> None:
        start.wait()
        answers.append(act())

    threads = [threading.Thread(target=run) for _ in range(AT_ONCE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if len(answers) != AT_ONCE:
        raise PromiseBroken("somebody who sent the same at one moment got no answer")
    return answers


def half_sent(house: Site, *, server: str, seconds: float) -> dict[str, Any]:
    """HALF_SENT uploads hang in the middle; others go on; then every second one is sent to its end, and the rest hang up."""
    with _behind_nginx(house) if server == "gunicorn" else _direct(house) as address:
        around = Surroundings(address, house.around.journals, patience=house.around.patience)
        slow = [_HalfSent(Citizen(f"slow_{number}", around, 1), address) for number in range(HALF_SENT)]
        for each in slow:
            each.begin()
        meanwhile, passer_by = [], Citizen("passer_by", around, 1)
        end = time.monotonic() + seconds
        while time.monotonic() < end or len(meanwhile) < 10:
            for act in (lambda: passer_by.ask("/reports"), passer_by.file_report):
                begun = time.monotonic()
                act()
                meanwhile.append(time.monotonic() - begun)
        ended = [each.finish() for each in slow[::2]]
        for each in slow[1::2]:
            each.hang_up()
        for citizen in (passer_by, *(each.citizen for each in slow)):
            citizen.browser.close()
            citizen.journal.close()
    house.around.complaints += around.complaints
    if max(meanwhile) > LONGEST_MEANWHILE:
        raise PromiseBroken(f"somebody waited {max(meanwhile):.1f} seconds while {HALF_SENT} uploads hung")
    if not all(ended):
        raise PromiseBroken(f"of {len(ended)} uploads that were sent to their end {ended.count(True)} were taken")
    return {"hung": HALF_SENT, "finished": len(ended), "acts_meanwhile": len(meanwhile), "longest_seconds": round(max(meanwhile), 2),
            "median_seconds": round(statistics.median(meanwhile), 2)}


class _HalfSent:
    """A report with a photo, of which the telephone has sent one half."""

    def __init__(self, citizen: Citizen, address: str) -> None:
        self.citizen = citizen
        path = "/reports/new"
        page = citizen.ask(path).text
        files, self.sha = citizen.photo()
        self.mark = citizen.who
        typed = {"words": f"Rác đổ ven suối, mốc {self.mark}.", "area": choices_of(page, "area")[0], "name": "Nguyễn Thị Thử",
                 "contact": "0912345678", "consent": "y", "alike_seen": "y"}  # fmt: skip
        fields = filled(page, path, typed, act="send")
        self.key = dict(fields)["idempotency_key"]
        request = citizen.browser.build_request("POST", path, data=dict(fields), files=files)
        body = request.read()
        head = f"POST {path} HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in request.headers.items()) + "\r\n"
        self._whole = head.encode() + body
        self._half = len(head) + len(body) // 2
        where = urlsplit(address)
        self._socket = socket.create_connection((where.hostname or "", where.port or 80), timeout=READY_SECONDS)

    def begin(self) -> None:
        self._socket.sendall(self._whole[: self._half])

    def finish(self) -> bool:
        """Send the rest; True when the report was taken."""
        with self._socket as line:
            line.sendall(self._whole[self._half :])
            answer = b""
            with suppress(OSError):
                while b"\r\n\r\n" not in answer and (data := line.recv(65_536)):
                    answer += data
        head = dict(each.lower().split(": ", 1) for each in answer.decode("latin-1").split("\r\n")[1:] if ": " in each)
        if b" 302 " not in answer[:20]:
            return False
        code = urlsplit(head["location"]).path.split("/")[2].upper()
        self.citizen.journal.told("file_report", code=code, key=self.key, mark=self.mark, photos=[self.sha])
        return True

    def hang_up(self) -> None:
        self._socket.close()


@contextmanager
def _direct(house: Site) -> Iterator[str]:
    yield house.server.address


@contextmanager
def _behind_nginx(house: Site) -> Iterator[str]:
    """gunicorn with the configuration that ships, and nginx before it with its own, on other ports."""
    front, back, folder = free_port(), free_port(), house.folder / "nginx"
    folder.mkdir()
    address = f"http://127.0.0.1:{front}"
    own = {name: value for name, value in os.environ.items() if not name.startswith("LANGBIANG_")} | house.variables
    own |= {"LANGBIANG_PORT": str(back), "LANGBIANG_BASE_URL": address, "LANGBIANG_PROCESSES": "2", "LANGBIANG_THREADS": "4"}
    command = [sys.executable, "-m", "gunicorn", "--config", "python:web.serving.gunicorn_config", "wsgi:application"]
    (folder / "nginx.conf").write_text(plain_configuration(folder, port=front, servers=[back], how="max_fails=0;\n"), encoding="utf-8")
    with (folder / "output.log").open("wb") as log:
        gunicorn = subprocess.Popen(command, cwd=ROOT, env=own, stdout=log, stderr=log)
        nginx = subprocess.Popen(["/usr/sbin/nginx", "-c", str(folder / "nginx.conf"), "-p", str(folder)], stdout=log, stderr=log)
    try:
        end = time.monotonic() + START_SECONDS
        while True:
            with suppress(httpx.TransportError):
                if httpx.get(f"{address}/healthz", verify=False).status_code == 200:
                    break
            if time.monotonic() > end:
                raise RuntimeError(f"nginx and gunicorn did not start: {(folder / 'output.log').read_text()[-2000:]}")
            time.sleep(0.5)
        yield address
    finally:
        for process in (nginx, gunicorn):
            process.terminate()
            process.wait(READY_SECONDS)

"""A system of an agency works cases by docs/api_client.py alone, over HTTP, while its people work the same ones at pages."""
from __future__ import annotations

import importlib.util
import json
import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextvars import Context
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any
from urllib.error import HTTPError

import pytest
from flask import Flask
from werkzeug.serving import make_server

from casework.db import db
from casework.models import Answer, Event
from tests import build
from tests.conftest import client_of
from tests.web.api.asked import House, assignment_of, opened
from tests.web.pages import at, signed_in
from workflows.models import WaitingTask

CLIENT = Path(__file__).parents[3] / "docs" / "api_client.py"
CASES = 10
VERBS = ("accept_assignment", "progress_note", "submit_answer")
BY_SYSTEM = {**build.ANSWER, "findings": "Theo hệ thống: có rác ven suối."}
BY_PERSON = {**build.ANSWER, "findings": "Theo cán bộ: có rác ven suối."}


@dataclass(frozen=True)
class Work:
    case_id: int
    case: str
    assignment: str
    accept: str
    """The step of accepting, as the person saw it."""


@pytest.fixture
def served(app: Flask, monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[House, str]]:
    """The house and its address."""
    monkeypatch.setenv("NO_PROXY", "*")
    house = opened(app)
    server = make_server("127.0.0.1", 0, app, threaded=True)
    running = threading.Thread(target=server.serve_forever)
    running.start()
    try:
        yield house, f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        running.join(60)
        server.server_close()


def client() -> Any:
    """docs/api_client.py, as whoever copies it has it."""
    spec = importlib.util.spec_from_file_location("api_client", CLIENT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


class Meeting:
    """Where the system has read a piece of work and a person acts on it before the system does; for every other case."""

    def __init__(self, works: list[str]) -> None:
        self.read = {each: threading.Event() for each in works}
        self.acted = {each: threading.Event() for each in works}
        self.forced = set(works[::2])

    def let_the_person_be_quicker(self, assignment: str) -> None:
        if assignment in self.forced and not self.acted[assignment].is_set():
            self.read[assignment].set()
            assert self.acted[assignment].wait(60)
        self.read[assignment].set()


class System:
    """What the agency's software does with each piece of work, reading again where somebody was quicker."""

    def __init__(self, api: Any, officer: str, meeting: Meeting) -> None:
        self.api, self.officer, self.meeting = api, officer, meeting
        self.done: Counter[str] = Counter()
        self.refusals: list[dict[str, Any]] = []

    def work(self, assignment: str) -> None:
        has_noted = False
        for _ in range(30):
            told, mark = self.api.get(f"/assignments/{assignment}")
            if told["state"] not in ("asked", "handling"):
                return
            verb = "accept_assignment" if told["state"] == "asked" else "submit_answer" if has_noted else "progress_note"
            self.meeting.let_the_person_be_quicker(assignment)
            has_noted |= self._has_done(assignment, verb, mark) and verb == "progress_note"
        raise AssertionError("it never came to an end")

    def _has_done(self, assignment: str, verb: str, mark: str) -> bool:
        given = {"progress_note": {"words": "Hệ thống: đã cử người."}, "submit_answer": BY_SYSTEM}
        try:
            self.api.act(assignment, verb, officer=self.officer, mark=mark, **given.get(verb, {}))
        except HTTPError as refused:
            if refused.code not in (409, 412):
                raise
            self.refusals.append(json.load(refused))
            return False
        self.done[verb] += 1
        return True


class Person:
    """An officer at the pages, who takes one piece of work after the other; what is not done is told by the answer."""

    def __init__(self, house: House, name: str, meeting: Meeting) -> None:
        self.app, self.meeting = house.app, meeting
        self.browser = signed_in(house.app, client_of(house.app), house.world.people[name], now=build.NOON)
        self.done: Counter[str] = Counter()

    def work(self, works: list[Work]) -> None:
        with self.app.app_context():
            for each in works:
                self._take(each)

    def _take(self, each: Work) -> None:
        if each.assignment in self.meeting.forced:
            assert self.meeting.read[each.assignment].wait(60)
        self._post("accept_assignment", f"/tasks/{each.accept}", act="accept_assignment")
        self.meeting.acted[each.assignment].set()
        note = f"/cases/{each.case}/acts/progress_note?assignment={each.assignment}"
        self._post("progress_note", note, words="Cán bộ: đang ở hiện trường.")
        waits = WaitingTask.case_id == each.case_id, WaitingTask.element == "submit_answer", WaitingTask.state == "waiting"
        found = db.session.scalar(db.select(WaitingTask.ref).where(*waits))
        if found is not None:
            self._post("submit_answer", f"/tasks/{found}", act="submit_answer", **BY_PERSON)

    def _post(self, verb: str, address: str, **form: str) -> None:
        answer = self.browser.post(address, data=form, content_type="multipart/form-data")
        assert answer.status_code in (200, 302, 404, 409), (verb, answer.status_code)
        self.done[verb] += answer.status_code == 302


@pytest.mark.exhaustive(but=2)
@pytest.mark.on_both
def test_ten_cases_are_worked_by_a_system_and_people_together_and_nothing_is_lost(served: tuple[House, str]) -> None:
    house, base = served
    cases = [build.case_at(house.world, "at_agency") for _ in range(CASES)]
    at(house.app, max(build.next_moment(case) for case in cases) + timedelta(minutes=5))
    works = [Work(case.id, case.ref, assignment_of(case).ref, build.waiting(case, "accept_assignment").ref) for case in cases]
    meeting = Meeting([each.assignment for each in works])
    system = System(client().Api(f"{base}/api/v1", house.key, "en"), house.world.people["officer_PTNMT"].ref, meeting)
    person, name = Person(house, "officer_2_PTNMT", meeting), house.world.people["officer_2_PTNMT"].full_name
    service = house.account.account_id
    db.session.rollback()
    with ThreadPoolExecutor(1) as pool:
        people = pool.submit(Context().run, person.work, works)
        for each in works:
            system.work(each.assignment)
        people.result(120)

    events = [event for event in db.session.scalars(db.select(Event).where(Event.case_id.in_([each.case_id for each in works])))
              if event.type in VERBS]  # fmt: skip
    by_system = Counter(event.type for event in events if service in (event.actor_id, event.on_behalf_of_id))
    assert by_system == +system.done
    assert Counter(event.type for event in events) - by_system == +person.done
    for verb in ("accept_assignment", "submit_answer"):
        assert sorted(event.case_id for event in events if event.type == verb) == sorted(each.case_id for each in works)
    answers = Counter(answer.findings for answer in db.session.scalars(db.select(Answer)))
    assert answers == +Counter({BY_SYSTEM["findings"]: system.done["submit_answer"], BY_PERSON["findings"]: person.done["submit_answer"]})
    assert len(system.refusals) >= CASES // 2
    for refusal in system.refusals:
        assert name in refusal["by"]["en"], refusal
        assert refusal["act"] in VERBS, refusal
        assert refusal["at"], refusal


def test_the_client_has_fifty_lines() -> None:
    assert len([line for line in CLIENT.read_text(encoding="utf-8").splitlines() if line.strip()]) <= 50

"""A house with the API open, keys of agencies and of the centre, and requests that name who acts."""
from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from casework.db import unit_of_work
from casework.doors.behalf import agree
from casework.doors.gates import Door, setting_of
from casework.models import Assignment, Case, ServiceAccount
from casework.permissions import Action
from casework.settings.value_changes import set_value
from tests import build, service_accounts
from tests.conftest import client_of
from tests.web.pages import at

BASE = "/api/v1"
OF_AGENCY = (
    Action.READ_CASE, Action.SEARCH_CASES, Action.READ_INBOX, Action.ACCEPT_ASSIGNMENT, Action.PROGRESS_NOTE, Action.REQUEST_EXTENSION,
    Action.SUBMIT_ANSWER, Action.HAND_BACK, Action.READ_LETTERS, Action.READ_STATISTICS,
)  # fmt: skip
OF_CENTRE = (Action.READ_CASE, Action.SEARCH_CASES, Action.READ_LETTERS, Action.READ_STATISTICS)


@dataclass
class House:
    app: Flask
    world: build.World
    key: str
    """Of the agency PTNMT, with all scopes of agencies."""
    account: ServiceAccount
    counted: list[int] = field(default_factory=list)

    def ask(self, method: str, path: str, *, key: str | None = None, **more: Any) -> TestResponse:
        headers = {"Accept-Language": "en", **more.pop("headers", {})}
        shown = self.key if key is None else key
        if shown:
            headers["Authorization"] = f"Bearer {shown}"
        return client_of(self.app).open(path if path.startswith("/api") else f"{BASE}{path}", method=method, headers=headers, **more)

    def get(self, path: str, *, key: str | None = None, **query: Any) -> TestResponse:
        headers = query.pop("headers", {})
        return self.ask("GET", path, key=key, headers=headers, **({"query_string": query} if query else {}))

    def json(self, path: str, **more: Any) -> Any:
        answer = self.get(path, **more)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json

    def act(
        self, assignment: Assignment, verb: str, *, by: str | None = "officer_PTNMT", etag: str | None = None, repeat: str | None = None,
        key: str | None = None, **body: Any,
    ) -> TestResponse:  # fmt: skip
        path = f"/assignments/{assignment.ref}"
        headers: dict[str, str] = {}
        if by is not None:
            headers["Langbiang-On-Behalf-Of"] = self.world.people[by].ref
        mark = etag if etag is not None else self.get(path, key=key).headers.get("ETag", "")
        if mark:
            headers["If-Match"] = mark
        self.counted.append(1)
        headers["Idempotency-Key"] = repeat or f"key-of-this-act-{len(self.counted):06d}"
        return self.ask("POST", f"{path}/{verb}", key=key, headers=headers, json=body)


def opened(app: Flask, *scopes: Action, agrees: bool = True) -> House:
    """The standard world with the API open, and an account of PTNMT in whose officers' names it may act."""
    world = build.standard_world()
    at(app, build.NOON)
    put_open(world)
    row, key = service_accounts.made(world, *(scopes or OF_AGENCY))
    if agrees:
        with unit_of_work(keeps_rows=True):
            agree(row, by=world.actor("officer_PTNMT"), now=build.NOON)
    return House(app, world, key, row)


def put_open(world: build.World, value: str = "open") -> None:
    with unit_of_work():
        set_value(setting_of(Door.API), value, by=world.actor("administrator"), now=build.NOON, reason="Theo thỏa thuận.",
                  centre_id=world.centre.id)  # fmt: skip


def assignment_of(case: Case) -> Assignment:
    return case.assignments[0]

"""A house with the door open and the key of a centre's directory."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Flask
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.doors.gates import Door, setting_of
from casework.models import Account
from casework.permissions import Action, Role
from tests import build, service_accounts
from tests.conftest import client_of
from tests.web.open311.asked import put
from tests.web.pages import at

NOON = build.NOON
USER = "urn:ietf:params:scim:schemas:core:2.0:User"
PATCH = "urn:ietf:params:scim:api:messages:2.0:PatchOp"
MEDIA = "application/scim+json"


@dataclass
class Directory:
    """A directory that shows its key, and the house it speaks to."""

    app: Flask
    world: build.World
    key: str

    def send(self, method: str, path: str, body: Any = None, *, key: str | None = None, **headers: str) -> TestResponse:
        shown = self.key if key is None else key
        named = {name.replace("_", "-"): value for name, value in headers.items()} | ({"Authorization": f"Bearer {shown}"} if shown else {})
        sent = {"json": body, "content_type": MEDIA} if body is not None else {}
        return client_of(self.app).open(f"/scim/v2/{path}", method=method, headers=named, **sent)

    def get(self, path: str, **query: str) -> Any:
        answer = client_of(self.app).get(f"/scim/v2/{path}", query_string=query, headers={"Authorization": f"Bearer {self.key}"})
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json

    def found(self, filter: str) -> list[Any]:
        rows: list[Any] = self.get("Users", filter=filter)["Resources"]
        return rows

    def add(self, login: str, name: str = "Trần Thị Mới", **more: Any) -> Any:
        answer = self.send("POST", "Users", {"schemas": [USER], "userName": login, "displayName": name, **more})
        assert answer.status_code == 201, answer.get_data(as_text=True)
        return answer.json

    def patch(self, ref: str, *operations: Any, **headers: str) -> TestResponse:
        return self.send("PATCH", f"Users/{ref}", {"schemas": [PATCH], "Operations": list(operations)}, **headers)

    def set_active(self, name: str, state: Any = False) -> TestResponse:
        return self.patch(self.ref(name), {"op": "replace", "path": "active", "value": state})

    def ref(self, name: str) -> str:
        return db.session.scalars(select(Account.ref).where(Account.id == self.world.people[name].id)).one()

    def account(self, name: str) -> Account:
        db.session.expire_all()
        return db.session.get_one(Account, self.world.people[name].id)


def opened(app: Flask, now: datetime = NOON) -> Directory:
    world = build.standard_world()
    at(app, now)
    _, key = service_accounts.made(world, Action.MANAGE_PEOPLE, agency=None, name="Danh bạ cán bộ", owner="administrator")
    put(world, setting_of(Door.SCIM), "open")
    return Directory(app, world, key)


def second_administrator(world: build.World) -> Account:
    """Another administrator of the centre, so that the first is not the last."""
    with unit_of_work():
        account = build.staff(world, "administrator_2", Role.ADMINISTRATOR)
        db.session.flush()
    return account

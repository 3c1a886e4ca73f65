"""A house with the door open, a key that files reports there, and answers of both formats as one value."""
from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any
from xml.etree import ElementTree

from flask import Flask
from werkzeug.test import TestResponse

from casework.db import unit_of_work
from casework.doors.accounts import ServiceWish, add_service_account
from casework.doors.gates import Door, setting_of
from casework.doors.keys import add_key
from casework.permissions import Action, Actor, Grant, Role
from casework.settings.value_changes import set_value
from tests import build
from tests.conftest import client_of
from tests.web.pages import at

NOON = build.NOON
WHY = "Theo thỏa thuận."
BASE = "/open311/v2"


@dataclass
class House:
    app: Flask
    world: build.World

    def get(self, path: str, *, key: str = "", language: str = "vi", **query: str) -> TestResponse:
        headers = {"Accept-Language": language} | ({"Authorization": f"Bearer {key}"} if key else {})
        return client_of(self.app).get(path if path.startswith("/open311") else f"{BASE}/{path}", query_string=query, headers=headers)

    def json(self, path: str, *, key: str = "", language: str = "vi", **query: str) -> Any:
        answer = self.get(f"{path}.json", key=key, language=language, **query)
        assert answer.status_code == 200, answer.get_data(as_text=True)
        return answer.json

    def post(self, path: str, key: str = "", headers: dict[str, str] | None = None, **fields: Any) -> TestResponse:
        sent = (headers or {}) | ({"Authorization": f"Bearer {key}"} if key else {})
        return client_of(self.app).post(f"{BASE}/{path}", data=fields, headers=sent)


def overseer(world: build.World) -> Actor:
    """The administrator of the installation, who alone sets what counts for all centres."""
    return replace(world.actor("administrator"), grants=(Grant(Role.ADMINISTRATOR, None, None),))


def opened(app: Flask) -> House:
    world = build.standard_world()
    at(app, NOON)
    put(world, setting_of(Door.OPEN311), "open")
    return House(app, world)


def put(world: build.World, setting: str, value: str, *, everywhere: bool = False) -> None:
    with unit_of_work():
        set_value(setting, value, by=overseer(world), now=NOON, reason=WHY, centre_id=None if everywhere else world.centre.id)


def new_key(world: build.World, *scopes: Action, name: str = "Ứng dụng thành phố") -> str:
    with unit_of_work():
        wish = ServiceWish(name=name, owner=world.people["operator"], purpose="Thử", scopes=list(scopes or (Action.FILE_REPORT,)),
                           agreement_number="12/TT-LD", agreement_on=NOON.date())  # fmt: skip
        row = add_service_account(wish, centre=world.centre, agency=None, by=world.actor("administrator"), now=NOON, reason=WHY)
        return add_key(row, by=world.actor("administrator"), now=NOON, reason=WHY)[1]


def in_xml(answer: TestResponse) -> ElementTree.Element:
    assert answer.content_type == "text/xml; charset=utf-8"
    text = answer.get_data(as_text=True)
    assert text.startswith('<?xml version="1.0" encoding="utf-8"?>\n')
    assert "DOCTYPE" not in text
    return ElementTree.fromstring(text)


def as_value(element: ElementTree.Element, like: Any) -> Any:
    """The XML as the value JSON has, which says what is a list."""
    if isinstance(like, dict):
        assert [each.tag for each in element if each.tag != "media_url"] == [name for name in like if name != "media_url"]
        return {name: as_value(element.find(name), held) for name, held in like.items()}  # type: ignore[arg-type]
    if isinstance(like, list):
        assert len(element) == len(like)
        return [as_value(each, held) for each, held in zip(element, like, strict=True)]
    text = element.text
    if isinstance(like, bool):
        return {"true": True, "false": False}[text or ""]
    if isinstance(like, (int, float)):
        return type(like)(text or "")
    return text

"""Beginning an installation: one centre, its rules, its administrator."""
from __future__ import annotations

from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.clocks.acts import ClockKind, rule_for
from casework.db import db, unit_of_work
from casework.installation.first_start import InstallationRefused, begin_installation
from casework.models import Account, Centre
from casework.permissions import Role, actor_for
from tests.build import NOON

WHOLE = {
    "prefix": "dl", "name_vi": "Trung tâm Đà Lạt", "name_en": "Đà Lạt centre", "phone": None,
    "login": "quantri", "full_name": "Nguyễn Văn Mẫu", "password_hash": "x",
}  # fmt: skip


def begin(**changed: Any) -> Centre:
    return begin_installation(now=NOON, **{**WHOLE, **changed})


def test_an_empty_installation_gets_rules_a_default_centre_and_an_administrator(app: Flask) -> None:
    with unit_of_work():
        begin()
    centre = db.session.scalars(select(Centre)).one()
    account = db.session.scalars(select(Account)).one()
    assert (centre.code_prefix, centre.is_default) == ("DL", True)
    assert actor_for(account, now=NOON).roles == {Role.ADMINISTRATOR}
    assert rule_for(ClockKind.CASE, centre_id=centre.id, on=NOON.date(), urgency="urgent", complexity="simple").amount == 24


def test_a_second_beginning_is_refused(sqlite_app: Flask) -> None:
    with unit_of_work():
        begin()
    with pytest.raises(InstallationRefused, match="already"), unit_of_work():
        begin(prefix="LD")


@pytest.mark.parametrize(("name", "value"), [("prefix", "Đ"), ("prefix", "ABCDEFG"), ("prefix", "L1"), ("login", " "), ("name_en", "")])
def test_what_is_missing_or_wrong_is_refused(sqlite_app: Flask, name: str, value: str) -> None:
    with pytest.raises(InstallationRefused), unit_of_work():
        begin(**{name: value})

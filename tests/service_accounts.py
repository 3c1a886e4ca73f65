"""A service account of a world, and its key.

    row, text = service_accounts.made(world, Action.READ_CASE, Action.PROGRESS_NOTE)             # of the agency PTNMT
    row, text = service_accounts.made(world, Action.SEARCH_CASES, agency=None)                   # of the centre
"""
from __future__ import annotations

from datetime import datetime
from typing import Any

from casework.db import unit_of_work
from casework.doors.accounts import ServiceWish, add_service_account
from casework.doors.keys import add_key
from casework.models import ServiceAccount
from casework.permissions import Action
from tests import build

WHY = "Theo thỏa thuận kết nối."


def made(
    world: build.World, *scopes: Action, agency: str | None = "PTNMT", name: str = "Hệ thống thử", owner: str = "ops_lead",
    now: datetime = build.NOON,
) -> tuple[ServiceAccount, str]:  # fmt: skip
    given: dict[str, Any] = {"by": world.actor("administrator"), "now": now, "reason": WHY}
    agreed: dict[str, Any] = {"agreement_number": "12/TT-LD", "agreement_on": now.date()} if Action.FILE_REPORT in scopes else {}
    wish = ServiceWish(name=name, owner=world.people[owner], purpose="Trao đổi việc", scopes=scopes, **agreed)
    with unit_of_work(keeps_rows=True):
        row = add_service_account(wish, centre=world.centre, agency=world.agencies[agency] if agency else None, **given)
        return row, add_key(row, **given)[1]

"""One-time links: a centre with the door open, a case that is with another body, and the address by which that body answers.

    links.opened(world)
    case = links.referred(world)
    link = links.sent(world, case, asked="Cột điện của ai?")
    client.get(links.address(link))
"""
from __future__ import annotations

from typing import Any

from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.doors.gates import OPEN_DOOR, Door, setting_of
from casework.doors.links.secrets import secret_of
from casework.models import Assignment, Case, ReplyLink
from casework.settings.value_changes import set_value
from tests import build

BODY = "Công ty Điện lực Lâm Đồng"
ASKED = "Cột điện đổ có phải của công ty không, bao giờ thay?"
ANSWER: dict[str, Any] = {
    "outcome": "done",
    "findings": "Cột điện gãy gốc.", "actions": "Đã cô lập đường dây.", "remaining": "Thay cột trong tuần.", "name": "Trần Văn Điện",
    "position": "Đội trưởng", "phone": "0263 3 000 022",
}


def opened(world: build.World, state: str = OPEN_DOOR) -> None:
    with unit_of_work():
        set_value(
            setting_of(Door.LINKS), state, by=world.actor("administrator"), now=build.NOON, reason="Theo thỏa thuận.",
            centre_id=world.centre.id,
        )  # fmt: skip


def referred(world: build.World, state: str = "to_distribute", **case: Any) -> Case:
    """A case that was referred to another body."""
    found = build.case_at(world, state, **case)
    build.act(world, found, "refer", "operator", body=BODY, reason="Lưới điện do công ty quản lý.")
    return found


def sent(
    world: build.World, case: Case, *, assignment: Assignment | None = None, by: str = "operator", asked: str = ASKED, **given: Any
) -> ReplyLink:
    """A new link of the case."""
    build.act(world, case, "send_agency_link" if assignment else "send_link", by, assignment=assignment, asked=asked, **given)
    return newest()


def newest() -> ReplyLink:
    query = select(ReplyLink).order_by(ReplyLink.id.desc()).limit(1)
    return db.session.scalars(query.execution_options(populate_existing=True)).one()


def address(link: ReplyLink) -> str:
    return f"/reply/{secret_of(link.ref)}"

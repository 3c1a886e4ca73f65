"""Extra questions of a field, kept by the settings' own use case, so that they hold at once."""
from __future__ import annotations

from typing import Any

from casework.db import unit_of_work
from casework.local_time import local_day
from casework.models import ExtraQuestion
from casework.permissions import Role
from casework.settings.importing.rows import add_row
from casework.settings.kinds.table import KINDS
from tests import build
from tests.second_centre import of_the_installation

FIELD = "do_thi"
USUAL = {
    "service_code": FIELD, "code": "do_sau", "position": "1", "kind": "number", "name_vi": "Sâu khoảng bao nhiêu cm?",
    "name_en": "How deep is it, in cm?", "hint_vi": "", "hint_en": "", "least": "", "most": "", "options_vi": "", "options_en": "",
    "is_required": "", "for_citizens": "yes", "for_operators": "yes", "may_send": "",
}  # fmt: skip


def extra_question(world: build.World, *, centre_id: int | None = None, **typed: str) -> ExtraQuestion:
    """A question from today on: for the installation, or for a centre."""
    if "overseer" not in world.people:
        world.people["overseer"] = of_the_installation(world, "overseer", Role.ADMINISTRATOR)
    by: Any = world.actor("overseer", build.NOON)
    with unit_of_work():
        row: ExtraQuestion = add_row(
            KINDS["extra_question"], {**USUAL, **typed}, by=by, now=build.NOON, reason="Thử", centre_id=centre_id,
            from_day=local_day(build.NOON),
        )  # fmt: skip
    return row


def input_of(row: ExtraQuestion) -> str:
    """The name of the input that takes its answer."""
    return f"ask-{row.id}"

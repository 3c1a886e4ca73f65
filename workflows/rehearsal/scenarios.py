"""Scenarios: ways through the process used for rehearsals. The software's own are files, recorded ones are rows."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from importlib import resources
from typing import Any

import orjson
from sqlalchemy import func, or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.models import Centre
from casework.permissions import Action, Actor
from workflows.checks.signs import can_be_seen, hidden_sign
from workflows.models import ProcessVersion, Scenario
from workflows.rehearsal.stories import Story
from workflows.versions.events import INSTALLATION
from workflows.versions.live import FIELD_REPORT, acting, may_in_scope, scopes_with

LONGEST_NAME = 200
MOST_SCENARIOS = 100
"""Per scope, all rehearsed together."""
MOST_BYTES = 256 * 1024
"""Size of one scenario's acts, since all are read together."""
SHIPPED = "shipped:"
"""Prefix of the refs of the software's own scenarios; no row has such a ref."""


class ScenarioRefused(CaseworkError):
    """The scenario cannot be stored, or its name is not acceptable."""


class ScenarioUnknown(CaseworkError):
    """There is no such scenario where the person rehearses."""

    def __init__(self) -> None:
        super().__init__("Không tìm thấy kịch bản này.", "There is no such scenario.")


@dataclass(frozen=True, slots=True)
class ScenarioSeen:
    """A scenario in a list. `row` is None for one of the software's own."""

    ref: str
    name: Bilingual
    story: Story
    row: Scenario | None
    may_change: bool

    @property
    def acts(self) -> int:
        """How many acts it has."""
        return sum(1 for each in self.story if each.get("kind") != "begin")


@cache
def shipped_scenarios() -> tuple[ScenarioSeen, ...]:
    folder = resources.files("bpmn").joinpath("scenarios")
    files = sorted((each for each in folder.iterdir() if each.name.endswith(".json")), key=lambda each: each.name)
    return tuple(_shipped(each.name.removesuffix(".json"), orjson.loads(each.read_bytes())) for each in files)


def _shipped(name: str, told: dict[str, Any]) -> ScenarioSeen:
    return ScenarioSeen(SHIPPED + name, Bilingual(told["name_vi"], told["name_en"]), told["acts"], None, may_change=False)


def scenarios_for(version: ProcessVersion, *, by: Actor) -> list[ScenarioSeen]:
    """Return the scenarios for a version: the software's own, and those recorded where the person rehearses, newest first."""
    if version.key != FIELD_REPORT:
        return []
    return [*shipped_scenarios(), *_recorded(version, by)]


def _recorded(version: ProcessVersion, by: Actor) -> Iterator[ScenarioSeen]:
    scopes = scopes_with(by, Action.REHEARSE)
    query = select(Scenario).where(Scenario.key == version.key, Scenario.dropped_at.is_(None))
    if version.centre_id is not None:
        query = query.where(or_(Scenario.centre_id == version.centre_id, Scenario.centre_id.is_(None)))
    if None not in scopes:
        query = query.where(or_(Scenario.centre_id.in_([each for each in scopes if each]), Scenario.centre_id.is_(None)))
    for row in db.session.scalars(query.order_by(Scenario.id.desc()).limit(MOST_SCENARIOS)):
        yield ScenarioSeen(row.ref, Bilingual(row.name, row.name), row.acts, row, may_in_scope(by, Action.REHEARSE, row.centre_id))


def keep_scenario(story: Story, *, name: str, centre_id: int | None, case_id: int | None, by: Actor, now: datetime) -> Scenario:
    """Store a story under a name. Records `record_scenario` in the stream of the process. Raises NotAllowed and ScenarioRefused."""
    by = acting(by, centre_id, Action.REHEARSE)
    name = tidy_name(name)
    if len(orjson.dumps(story)) > MOST_BYTES:
        raise ScenarioRefused("Hồ sơ quá dài cho một kịch bản.", "The case is too long for a scenario.")
    of_scope = (Scenario.key == FIELD_REPORT, Scenario.centre_id.is_not_distinct_from(centre_id), Scenario.dropped_at.is_(None))
    if (db.session.scalar(select(func.count()).select_from(Scenario).where(*of_scope)) or 0) >= MOST_SCENARIOS:
        raise ScenarioRefused(
            f"Đã có {MOST_SCENARIOS} kịch bản. Xin bỏ bớt kịch bản cũ trước khi ghi thêm.",
            f"There are {MOST_SCENARIOS} scenarios already. Please drop old ones before recording more.",
        )
    row = Scenario(
        key=FIELD_REPORT, centre_id=centre_id, name=name, case_id=case_id, acts=story, made_by_id=by.own_id, made_at=now,
    )  # fmt: skip
    db.session.add(row)
    db.session.flush()
    _record(row, "record_scenario", by, now)
    return row


def name_scenario(ref: str, *, name: str, by: Actor, now: datetime) -> Scenario:
    """Rename a recorded scenario. Records `name_scenario`. Raises ScenarioUnknown, NotAllowed and ScenarioRefused."""
    row, by = _own(ref, by)
    name = tidy_name(name)
    before, row.name = row.name, name
    _record(row, "name_scenario", by, now, old=before)
    return row


def drop_scenario(ref: str, *, by: Actor, now: datetime) -> Scenario:
    """Drop a recorded scenario from further rehearsals. Records `drop_scenario`. Raises as `name_scenario`."""
    row, by = _own(ref, by)
    row.dropped_at, row.case_id = now, None
    _record(row, "drop_scenario", by, now)
    return row


def _own(ref: str, by: Actor) -> tuple[Scenario, Actor]:
    row = db.session.scalars(select(Scenario).where(Scenario.ref == ref, Scenario.dropped_at.is_(None)).with_for_update()).first()
    if row is None or not may_in_scope(by, Action.REHEARSE, row.centre_id):
        raise ScenarioUnknown
    return row, acting(by, row.centre_id, Action.REHEARSE)


def tidy_name(name: str) -> str:
    """Return a name as it is stored. Raises ScenarioRefused."""
    name = " ".join(name.split())
    if not name or len(name) > LONGEST_NAME:
        raise ScenarioRefused(
            f"Xin đặt tên kịch bản (tối đa {LONGEST_NAME} ký tự).", f"Please name the scenario ({LONGEST_NAME} characters at most).",
            about="name",
        )
    if hidden_sign(name) is not None or not can_be_seen(name):
        raise ScenarioRefused(
            "Tên kịch bản có ký tự ẩn hoặc đảo chiều. Xin gõ lại bằng tay.",
            "The name has signs that are hidden or turn words round. Please type it again by hand.",
            about="name",
        )
    return name


def _record(row: Scenario, act: str, by: Actor, now: datetime, **facts: Any) -> None:
    centre = select(Centre.ref).where(Centre.id == row.centre_id)
    place = INSTALLATION if row.centre_id is None else db.session.scalars(centre).one()
    append(f"process:{row.key}:{place}", act, by=by, at=now, payload={"scenario": row.ref, "name": row.name, **facts})

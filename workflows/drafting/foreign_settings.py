"""Ends daily settings for a step once its id stands for another step."""

from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import ColumnElement, or_, select

from casework.db import db
from casework.local_time import local_day
from casework.models import ElementSetting
from casework.permissions import SYSTEM, Actor
from casework.setting_events import record_setting
from casework.settings.kinds.table import KINDS
from workflows.models import ProcessVersion
from workflows.versions.events import live_periods_of
from workflows.versions.live import FIELD_REPORT
from workflows.versions.step_origins import reused_among

REASON = "Mã này nay là bước khác / The id stands for another step now"


def end_foreign_settings(live: ProcessVersion, *, by: Actor = SYSTEM, now: datetime) -> int:
    """End the settings of a scope that were made for a step whose id means another one in the version now live.

    These are settings that began before the version came into service, each judged by the version live when it began. For a version of the
    installation, centres without a version of their own are included. Records `change_setting` for each; returns how many.
    """
    today, since = local_day(now), local_day(live.live_at or now)
    begun = ElementSetting.valid_from < since if since < today else ElementSetting.id.is_not(None)
    holds = or_(ElementSetting.valid_to.is_(None), ElementSetting.valid_to > today)
    query = select(ElementSetting).where(_made_for(live), holds, begun).order_by(ElementSetting.id)
    rows = list(db.session.scalars(query)) if live.live_at else []
    ended = _foreign(live, rows) if rows else []
    kind = KINDS["element"]
    for row in ended:
        old, row.valid_to = kind.told(row), max(row.valid_from, today)
        db.session.flush()
        record_setting(kind.name, kind.name_of(row), by=by, at=now, centre_id=row.centre_id, old=old, new=kind.told(row), reason=REASON)
    return len(ended)


def end_all_foreign_settings(*, now: datetime) -> int:
    """Do so in every scope with a live version of its own."""
    query = select(ProcessVersion).where(ProcessVersion.key == FIELD_REPORT, ProcessVersion.state == "live").order_by(ProcessVersion.id)
    return sum(end_foreign_settings(version, now=now) for version in db.session.scalars(query))


def _made_for(live: ProcessVersion) -> ColumnElement[bool]:
    if live.centre_id is not None:
        return ElementSetting.centre_id == live.centre_id
    own = select(ProcessVersion.centre_id).where(
        ProcessVersion.key == live.key, ProcessVersion.state == "live", ProcessVersion.centre_id.is_not(None)
    )
    return or_(ElementSetting.centre_id.is_(None), ElementSetting.centre_id.not_in(own))


def _foreign(live: ProcessVersion, rows: Sequence[ElementSetting]) -> list[ElementSetting]:
    """The rows whose step was another one in the version live when they began."""
    before = [each for each in live_periods_of(live) if (each.since, each.version_id) != (live.live_at, live.id)]
    if not before:
        return []
    days = [local_day(each.since) for each in before]
    made_for = {row.id: before[max(bisect_right(days, row.valid_from) - 1, 0)].version_id for row in rows}
    others = db.session.scalars(select(ProcessVersion).where(ProcessVersion.id.in_({*made_for.values()} - {live.id}))).all()
    reused = reused_among(live, others)
    return [row for row in rows if row.element in reused.get(made_for[row.id], ())]

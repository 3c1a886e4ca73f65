"""Schedules of ending centres and agencies: the period of the day is made once more as before, then the successor's takes over."""

from collections.abc import Collection, Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select

from casework.db import db
from casework.events import append
from casework.local_time import LOCAL_ZONE
from casework.models import Agency, Event, ReportSchedule
from casework.outputs.schedules import STREAM
from casework.permissions import AGENCY_ROLES, Actor, Role, desk_name
from casework.reorganising.blueprint import Blueprint, BodyKind
from casework.reorganising.journal import NetChange, rows_with


def hand_schedules_on(blueprint: Blueprint, *, by: Actor, now: datetime) -> int:
    """Copy each schedule of an ending body to its main successor, from the period of the day on; returns how many.

    The ended body's own schedule keeps its runs, tells the successor's desks, and ends with the period of the day
    (workflows/schedules.py). No copy is made without a successor, or where it has such a schedule. Records `follow_schedule`.
    """
    begins = datetime.combine(blueprint.on, datetime.min.time(), LOCAL_ZONE)
    centres, agencies = blueprint.ended(BodyKind.CENTRE), blueprint.ended(BodyKind.AGENCY)
    of_ended = or_(ReportSchedule.centre_id.in_(centres), ReportSchedule.agency_id.in_(agencies))
    query = select(ReportSchedule).where(ReportSchedule.stopped_at.is_(None), of_ended).order_by(ReportSchedule.id)
    made = 0
    for row in db.session.scalars(query).all():
        place = _place_after(row, blueprint)
        if place is None:
            continue
        centre_id, agency = place
        row.recipients = [_recipient(str(each), centre_id, agency) for each in row.recipients]
        if agency is not None and agency.id == row.agency_id:
            # the agency continues in another centre, and its schedule with it
            row.centre_id, made = centre_id, made + 1
            continue
        parameters = {**row.parameters, "agency": agency.ref} if "agency" in row.parameters and agency is not None else dict(row.parameters)
        if _is_there(row, centre_id, agency, parameters):
            continue
        heir = ReportSchedule(
            centre_id=centre_id, agency_id=agency.id if agency is not None else None, name=row.name, kind=row.kind, form=row.form,
            every=row.every, parameters=parameters, recipients=list(row.recipients),
            clock_time=row.clock_time, days_after=row.days_after, keep_days=row.keep_days, made_by_id=row.made_by_id, made_at=now,
            # periods cut off before or on that day belong to the ended body's own schedule
            first_cut_off=begins + timedelta(seconds=1), next_at=now, follows_id=row.id,
        )  # fmt: skip
        db.session.add(heir)
        db.session.flush()
        payload = {"schedule": heir.ref, "kind": heir.kind, "centre_id": centre_id, "follows": row.ref}
        append(STREAM, "follow_schedule", by=by, at=now, payload=payload)
        made += 1
    return made


def run_again(nets: Collection[NetChange]) -> None:
    """After an undo: restart schedules stopped meanwhile because their centre or agency had ended."""
    ids = [net.key["id"] for net in rows_with(list(nets), ReportSchedule.__tablename__) if not net.is_new]
    for row in db.session.scalars(select(ReportSchedule).where(ReportSchedule.id.in_(ids), ReportSchedule.stopped_at.is_not(None))):
        ended = select(Event.payload).where(Event.stream == STREAM, Event.type == "end_schedule", Event.at == row.stopped_at)
        if any(payload and payload["schedule"] == row.ref for payload in db.session.scalars(ended)):
            row.stopped_at = None


def _place_after(row: ReportSchedule, blueprint: Blueprint) -> tuple[int, Agency | None] | None:
    """The succeeding centre and agency; None without a successor."""
    if row.agency_id is not None:
        agency_id = blueprint.main(BodyKind.AGENCY, row.agency_id)
        agency = db.session.get(Agency, agency_id) if agency_id is not None else None
        return (agency.centre_id, agency) if agency is not None else None
    centre_id = blueprint.main(BodyKind.CENTRE, row.centre_id)
    return (centre_id, None) if centre_id is not None else None


def _is_there(row: ReportSchedule, centre_id: int, agency: Agency | None, parameters: Mapping[str, Any]) -> bool:
    same = select(ReportSchedule).where(
        ReportSchedule.centre_id == centre_id, ReportSchedule.stopped_at.is_(None), ReportSchedule.kind == row.kind,
        ReportSchedule.every == row.every, ReportSchedule.form == row.form,
    )  # fmt: skip
    wanted = (agency.id if agency is not None else None, dict(parameters))
    return any((each.agency_id, each.parameters) == wanted for each in db.session.scalars(same))


def _recipient(named: str, centre_id: int, agency: Agency | None) -> str:
    """The desk of the same role after the day; a person stays the same."""
    if not named.startswith("desk:"):
        return named
    role = Role(named.removeprefix("desk:").partition("@")[0])
    if role in AGENCY_ROLES:
        return f"desk:{desk_name(role, agency_id=agency.id)}" if agency is not None else named
    return f"desk:{desk_name(role, centre_id=centre_id)}"

"""The reorganisation of 01/07/2025 as planned and carried out in the demonstration: the district ends, three communes begin.

The succession of bodies is invented after domain.md, 3.8; the staff are the people of the district.
"""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from casework.calendars import RULES_STREAM
from casework.db import db
from casework.events import append
from casework.installation.seeding import LETTERHEAD, REORGANISED_ON, SIGNED_AT, Row, table_rows
from casework.local_time import LOCAL_ZONE
from casework.models import Agency, Area, Centre, Letterhead, Reorganisation
from casework.permissions import SYSTEM, Actor, Role, actor_for
from casework.reorganising import plans
from casework.reorganising.blueprint import Blueprint, BodyKind, memberships_of
from casework.settings.centre import change_centre
from web.demo.people import agency_account, staff_account
from web.demo.telling import begin_step
from workflows.reorganising import acts as reorganising
from workflows.running.wakeups import fire_first_due

PLANNED = datetime(2025, 6, 27, 9, 0, tzinfo=LOCAL_ZONE)
DONE = datetime(2025, 7, 1, 7, 5, tzinfo=LOCAL_ZONE)
TITLE = "Sắp xếp đơn vị hành chính cấp xã, kết thúc cấp huyện từ 01/07/2025"
SOURCE = "Nghị quyết 1671/NQ-UBTVQH15 ngày 16/6/2025; Nghị định 150/2025/NĐ-CP"
ADMINISTRATOR = "quantri"
SIGNER = "lanhdao"
"""The leader of the centre, who signs its letters."""
CENTRE_NAME = "Trung tâm Giám sát và Điều hành thông minh xã Lạc Dương"
CENTRE_HEAD = ("UBND XÃ LẠC DƯƠNG", "TRUNG TÂM GIÁM SÁT VÀ ĐIỀU HÀNH THÔNG MINH", "IOC", "", "GIÁM ĐỐC")
"""The letterhead of the centre, which belongs to the commune of its seat from then on."""


def reorganise(centre: Centre) -> None:
    """Plan and carry out the reorganisation, in the caller's unit of work and at its own moments."""
    while fire_first_due(PLANNED):
        begin_step()  # limits that ran out in the first years have long ended their cases
    by = actor_for(staff_account(ADMINISTRATOR), now=PLANNED)
    plan = plans.begin_plan(by=by, now=PLANNED, title=TITLE, source=SOURCE, on=REORGANISED_ON, centre_id=centre.id)
    areas = _areas(centre, plan.ref, by)
    _agencies(centre, plan.ref, by, areas)
    _people(plan, by)
    reorganising.carry_out(plan.ref, by=actor_for(staff_account(ADMINISTRATOR), now=DONE), now=DONE, reason="Đúng ngày hiệu lực.")
    _name_centre(centre)
    _letterheads(centre)
    db.session.flush()


def _areas(centre: Centre, ref: str, by: Actor) -> dict[str, Area]:
    """The former communes get the new ones as successors; the district gets none, having no cases of its own."""
    known = {row.name_vi: row for row in db.session.scalars(select(Area).where(Area.centre_id == centre.id, Area.level != "village"))}
    rows = {row.pop("key"): row for row in table_rows("areas.csv")}
    areas = {key: known[row["name_vi"]] for key, row in rows.items() if row["name_vi"] in known and row["valid_from"] < REORGANISED_ON}
    for succession in table_rows("area_successions.csv"):
        before, key = areas[succession["predecessor"]], succession["successor"]
        if key not in areas:
            values = {name: value for name, value in rows[key].items() if name not in ("parent", "valid_from", "valid_to")}
            made = plans.new_body(ref, by=by, kind=BodyKind.AREA, values=values | {"parent_id": areas[rows[key]["parent"]].id})
            areas[key] = db.session.get_one(Area, made.id)
        plans.add_line(ref, by=by, kind=BodyKind.AREA, predecessor_id=before.id, successor_id=areas[key].id)
    plans.add_line(ref, by=by, kind=BodyKind.AREA, predecessor_id=areas["huyen_lac_duong"].id, successor_id=None)
    return areas


def _agencies(centre: Centre, ref: str, by: Actor, areas: dict[str, Area]) -> None:
    known = {row.key: row.id for row in db.session.scalars(select(Agency).where(Agency.centre_id == centre.id))}
    for row in table_rows("agencies_2025.csv"):
        names = ("key", "name_vi", "name_en", "short_name_vi", "short_name_en", "phone")
        values: Row = {name: row[name] for name in names}
        values["area_id"] = areas[row["area"]].id if row["area"] else None
        values["parent_id"] = known[row["under"]] if row["under"] else None
        known[row["key"]] = plans.new_body(ref, by=by, kind=BodyKind.AGENCY, values=values).id
        for key in row["follows"].split():
            plans.add_line(ref, by=by, kind=BodyKind.AGENCY, predecessor_id=known[key], successor_id=known[row["key"]])


def _name_centre(centre: Centre) -> None:
    """The centre no longer belongs to the district; it keeps its hotline and its way of counting limits."""
    at = DONE + timedelta(minutes=3)
    change_centre(
        centre, by=actor_for(staff_account(ADMINISTRATOR), now=at), now=at, reason=f"{TITLE} ({SOURCE}).", name_vi=CENTRE_NAME,
        name_en=centre.name_en, phone=centre.phone or "", case_clock_starts=centre.case_clock_starts,
    )  # fmt: skip


def _letterheads(centre: Centre) -> None:
    """The letterheads of the new bodies, and of the centre under the commune of its seat."""
    there = {row.key: row for row in db.session.scalars(select(Agency).where(Agency.valid_from == REORGANISED_ON))}
    for row in table_rows("agencies_2025.csv"):
        head: dict[str, Any] = {column: row[column] or "" for column in LETTERHEAD}
        agency = there[row["key"]]
        signed = SIGNED_AT | {"signer_name": agency_account(agency, Role.AGENCY_LEADER).full_name or ""}
        db.session.add(Letterhead(centre_id=centre.id, agency_id=agency.id, valid_from=REORGANISED_ON, **head, **signed))
    for former in db.session.scalars(select(Letterhead).where(Letterhead.centre_id == centre.id, Letterhead.agency_id.is_(None))):
        former.valid_to = REORGANISED_ON
    head = dict(zip(LETTERHEAD, CENTRE_HEAD, strict=True))
    signed = SIGNED_AT | {"signer_name": staff_account(SIGNER).full_name or ""}
    db.session.add(Letterhead(centre_id=centre.id, valid_from=REORGANISED_ON, **head, **signed))
    append(RULES_STREAM, "install_letterheads", by=SYSTEM, at=DONE + timedelta(minutes=5), payload={"number": len(there) + 1})


def _people(plan: Reorganisation, by: Actor) -> None:
    """People who follow the main line also work for the other communes until their posts are filled, so that no task waits in vain."""
    blueprint, filled = Blueprint.of(plan), set[tuple[str, int]]()
    for row in memberships_of(blueprint):
        successors = blueprint.successors(BodyKind.AGENCY, row.agency_id) if row.agency_id is not None else []
        posts = [id_ for id_ in successors[1:] if (row.role, id_) not in filled]
        filled |= {(row.role, id_) for id_ in posts}
        for successor_id in [successors[0], *posts] if posts else []:
            plans.add_line(plan.ref, by=by, kind=BodyKind.PERSON, predecessor_id=row.id, successor_id=successor_id)

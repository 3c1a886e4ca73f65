"""What people choose from in forms: rows in force today, the centre's own before the installation's."""

from datetime import datetime
from typing import TypeVar

from sqlalchemy import or_, select

from casework.db import db
from casework.models import Agency, Area, Case, Field, RefusalReason, VisibilityReason
from casework.permissions import LOCAL_ZONE

Row = TypeVar("Row", Field, RefusalReason, VisibilityReason)


def fields_for(case: Case, *, now: datetime) -> list[Field]:
    """The fields of work, in their order."""
    return fields_of(case.centre_id, now=now)


def fields_of(centre_id: int | None, *, now: datetime) -> list[Field]:
    """The fields of work of a centre, in their order; of the installation alone where no centre is named."""
    return _own_first(_in_force(Field, centre_id, now), "service_code")


def refusal_reasons_for(case: Case, *, now: datetime) -> list[RefusalReason]:
    """The reasons for not taking a report, in their order."""
    return _own_first(_in_force(RefusalReason, case.centre_id, now), "key")


def visibility_reasons_for(case: Case, *, now: datetime) -> list[VisibilityReason]:
    """The reasons for not showing a case, in their order."""
    return _own_first(_in_force(VisibilityReason, case.centre_id, now), "key")


def communes_for(case: Case, *, now: datetime) -> list[Area]:
    """The communes of the case's centre, by name; the case's own stays among them after a reorganisation."""
    query = select(Area).where(Area.centre_id == case.centre_id, Area.level == "commune").order_by(Area.folded_name, Area.id)
    today = now.astimezone(LOCAL_ZONE).date()
    return [area for area in db.session.scalars(query) if area.holds_on(today) or area.id == case.area_id]


def villages_for(case: Case, *, now: datetime) -> list[Area]:
    """The villages of the case's centre, by name."""
    query = select(Area).where(Area.centre_id == case.centre_id, Area.level == "village").order_by(Area.folded_name, Area.id)
    today = now.astimezone(LOCAL_ZONE).date()
    return [area for area in db.session.scalars(query) if area.holds_on(today)]


def agencies_for(case: Case, *, now: datetime) -> list[Agency]:
    """The agencies that exist today in the case's centre, by name."""
    return agencies_of(case.centre_id, now=now)


def agencies_of(centre_id: int | None, *, now: datetime) -> list[Agency]:
    """The agencies that exist today in a centre, by name; in any centre, each key once, where no centre is named."""
    query = select(Agency).order_by(Agency.name_vi, Agency.id)
    if centre_id is not None:
        query = query.where(Agency.centre_id == centre_id)
    today = now.astimezone(LOCAL_ZONE).date()
    return list({agency.key: agency for agency in db.session.scalars(query) if agency.holds_on(today)}.values())


def free_agencies(case: Case, agencies: list[Agency]) -> list[Agency]:
    """Those of the agencies that could be asked: which do not have the case already."""
    busy = {assignment.agency_id for assignment in case.open_assignments}
    return [agency for agency in agencies if agency.id not in busy]


def hotline_numbers_for(case: Case, *, now: datetime) -> list[tuple[Agency, str]]:
    """The agencies with a telephone, the committee of the place first: whom to call about an urgent case."""
    called = [(agency, agency.phone) for agency in agencies_for(case, now=now) if agency.phone]
    return sorted(called, key=lambda pair: (pair[0].area_id != case.area_id or case.area_id is None, pair[0].name_vi))


def committee_key_of(case: Case, agencies: list[Agency]) -> str:
    """The key of that agency which is the people's committee of the case's commune, empty when there is none."""
    found = [agency.key for agency in agencies if case.area_id is not None and agency.area_id == case.area_id]
    return found[0] if found else ""


def _in_force(table: type[Row], centre_id: int | None, now: datetime) -> list[Row]:
    today = now.astimezone(LOCAL_ZONE).date()
    query = select(table).where(or_(table.centre_id == centre_id, table.centre_id.is_(None))).order_by(table.position, table.id)
    return [row for row in db.session.scalars(query) if row.holds_on(today)]


def _own_first(rows: list[Row], key: str) -> list[Row]:
    """The rows without those of the installation that the centre has one of its own for (rules.md, section 8)."""
    own = {getattr(row, key) for row in rows if row.centre_id is not None}
    return [row for row in rows if row.centre_id is not None or getattr(row, key) not in own]

"""Choices in staff's forms: rows in force today, the centre's own before the installation's; and, for searching cases, the present and
former rows of the centres they work in."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import TypeVar

from sqlalchemy import func, or_, select

from casework.bilingual import Bilingual
from casework.calendars import rules_head
from casework.db import db
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Agency, Area, Case, Field, RefusalReason, VisibilityReason
from casework.permissions import Actor

MOST_OPTIONS = 200
"""The most choices of a list across centres."""

MOST_KEPT = 500
"""Different sets of centres and agencies whose choices a process caches."""

Row = TypeVar("Row", Field, RefusalReason, VisibilityReason)


def fields_for(case: Case, *, now: datetime) -> list[Field]:
    """The fields of work, in order."""
    return fields_of(case.centre_id, now=now)


def fields_of(centre_id: int | None, *, now: datetime) -> list[Field]:
    """The fields of work of a centre, in order; without a centre those of the installation only."""
    return _own_first(_in_force(Field, centre_id, now), "service_code")


def refusal_reasons_for(case: Case, *, now: datetime) -> list[RefusalReason]:
    """The reasons for refusing a report, in order."""
    return _own_first(_in_force(RefusalReason, case.centre_id, now), "key")


def visibility_reasons_for(case: Case, *, now: datetime) -> list[VisibilityReason]:
    """The reasons for not publishing a case, in order."""
    return _own_first(_in_force(VisibilityReason, case.centre_id, now), "key")


def communes_for(case: Case, *, now: datetime) -> list[Area]:
    """The communes of the case's centre, by name; the case's own stays included after a reorganisation."""
    query = select(Area).where(Area.centre_id == case.centre_id, Area.level == "commune").order_by(Area.folded_name, Area.id)
    today = local_day(now)
    return [area for area in db.session.scalars(query) if area.holds_on(today) or area.id == case.area_id]


def villages_for(case: Case, *, now: datetime) -> list[Area]:
    return villages_of(case.centre_id, now=now)


def villages_of(centre_id: int, *, now: datetime) -> list[Area]:
    query = select(Area).where(Area.centre_id == centre_id, Area.level == "village").order_by(Area.folded_name, Area.id)
    today = local_day(now)
    return [area for area in db.session.scalars(query) if area.holds_on(today)]


def agencies_for(case: Case, *, now: datetime) -> list[Agency]:
    return agencies_of(case.centre_id, now=now)


def agencies_of(centre_id: int | None, *, now: datetime) -> list[Agency]:
    """Today's agencies in a centre, by name; without a centre in all, each key once."""
    query = select(Agency).order_by(Agency.name_vi, Agency.id)
    if centre_id is not None:
        query = query.where(Agency.centre_id == centre_id)
    today = local_day(now)
    return list({agency.key: agency for agency in db.session.scalars(query) if agency.holds_on(today)}.values())


def centres_worked_in(by: Actor) -> list[int] | None:
    """The centres a person works in, or in whose agencies; None for all. One statement for agencies."""
    if any(grant.centre_id is None and grant.agency_id is None for grant in by.grants):
        return None
    found = {grant.centre_id for grant in by.grants if grant.centre_id is not None}
    if by.agency_ids:
        found |= set(db.session.scalars(select(Agency.centre_id).where(Agency.id.in_(by.agency_ids))))
    return sorted(found)


def fields_within(centres: Collection[int] | None, *, now: datetime, is_past_too: bool = False) -> list[Field]:
    """The fields of some centres (None: of all) and the installation's, each code once; at most MOST_OPTIONS.

    Without `is_past_too` those in force today; with it every field there ever was, under its newest name.
    """
    query = select(Field).order_by(Field.valid_from, Field.id).limit(MOST_OPTIONS)
    if centres is not None:
        query = query.where(or_(Field.centre_id.in_(centres), Field.centre_id.is_(None)))
    today = local_day(now)
    rows = {row.service_code: row for row in db.session.scalars(query) if is_past_too or row.holds_on(today)}
    return sorted(rows.values(), key=lambda row: (row.position, row.id))


def areas_within(centres: Collection[int] | None) -> list[Area]:
    """The communes of some centres (None: of all), present ones first, then former ones, where cases still are. At most MOST_OPTIONS."""
    query = select(Area).where(Area.level == "commune").order_by(Area.valid_to.is_not(None), Area.folded_name, Area.id)
    if centres is not None:
        query = query.where(Area.centre_id.in_(centres))
    return list(db.session.scalars(query.limit(MOST_OPTIONS)))


def agencies_within(centres: Collection[int] | None) -> list[Agency]:
    """The present and former agencies of some centres (None: all), by short name; at most MOST_OPTIONS."""
    query = select(Agency).order_by(Agency.short_name_vi, Agency.id)
    if centres is not None:
        query = query.where(Agency.centre_id.in_(centres))
    return list(db.session.scalars(query.limit(MOST_OPTIONS)))


@dataclass(frozen=True, slots=True)
class WorkChoices:
    """The choices of an inbox filter: value in the address, and name."""

    fields: tuple[tuple[str, Bilingual], ...]
    areas: tuple[tuple[str, Bilingual], ...]
    agencies: tuple[tuple[str, Bilingual], ...]


_kept: dict[tuple[str, frozenset[tuple[int | None, int | None]]], tuple[tuple[str, date], WorkChoices]] = {}


def work_choices(by: Actor, *, now: datetime) -> WorkChoices:
    """The fields, communes and agencies of the centres a person works in; cached for all who work in the same ones until the rules
    change."""
    head = rules_head(), local_day(now)
    place = str(db.engine.url), frozenset((grant.centre_id, grant.agency_id) for grant in by.grants)
    kept = _kept.get(place)
    if kept is None or kept[0] != head:
        centres = centres_worked_in(by)
        found = WorkChoices(
            tuple((row.service_code, row.name) for row in fields_within(centres, now=now)),
            tuple((row.ref, row.name) for row in areas_within(centres)),
            tuple((row.ref, row.short_name) for row in agencies_within(centres)),
        )
        if len(_kept) >= MOST_KEPT:
            _kept.clear()
        kept = _kept[place] = head, found
    return kept[1]


def years_of_cases(*, now: datetime) -> list[int]:
    """From this year back to that of the first case."""
    first, this_year = db.session.scalar(select(func.min(Case.opened_at))), now.astimezone(LOCAL_ZONE).year
    return list(range(this_year, (first.astimezone(LOCAL_ZONE).year if first else this_year) - 1, -1))


def free_agencies(case: Case, agencies: list[Agency]) -> list[Agency]:
    """Those of the agencies that could be asked because they do not have the case already."""
    busy = {assignment.agency_id for assignment in case.open_assignments}
    return [agency for agency in agencies if agency.id not in busy]


def hotline_numbers_for(case: Case, *, now: datetime) -> list[tuple[Agency, str]]:
    """The agencies with a telephone, the commune's committee first: whom to call about an urgent case."""
    called = [(agency, agency.phone) for agency in agencies_for(case, now=now) if agency.phone]
    return sorted(called, key=lambda pair: (pair[0].area_id != case.area_id or case.area_id is None, pair[0].name_vi))


def committee_key_of(case: Case, agencies: list[Agency]) -> str:
    """The key of the people's committee of the case's commune, empty when there is none.

    Of a commune's agencies it is the one the others are under.
    """
    there = [agency for agency in agencies if case.area_id is not None and agency.area_id == case.area_id]
    ids = {agency.id for agency in there}
    found = [agency.key for agency in there if agency.parent_id not in ids]
    return found[0] if found else ""


def _in_force(table: type[Row], centre_id: int | None, now: datetime) -> list[Row]:
    today = local_day(now)
    query = select(table).where(or_(table.centre_id == centre_id, table.centre_id.is_(None))).order_by(table.position, table.id)
    return [row for row in db.session.scalars(query) if row.holds_on(today)]


def _own_first(rows: list[Row], key: str) -> list[Row]:
    """The rows without those of the installation that the centre has replaced (rules.md, section 8)."""
    own = {getattr(row, key) for row in rows if row.centre_id is not None}
    return [row for row in rows if row.centre_id is not None or getattr(row, key) not in own]

"""Choices in staff's forms: rows in force today, the centre's own before the installation's; and, for searching cases, the present and
former rows of the centres they work in."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, or_, select

from casework.bilingual import Bilingual
from casework.calendars import rules_head
from casework.db import db
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Agency, Area, Case, Field, RefusalReason, VisibilityReason
from casework.permissions import Actor
from casework.reading.kept_with_rules import kept_with_rules
from casework.reading.rule_rows import AgencyRow, AreaRow, FieldRow, KeyedRow, columns_for, own_before_shared, rows_by

MOST_OPTIONS = 200
"""The most choices of a list across centres."""

MOST_KEPT = 500
"""Different sets of centres and agencies whose choices a process caches."""


def fields_for(case: Case, *, now: datetime) -> tuple[FieldRow, ...]:
    """The fields of work, in order."""
    return fields_of(case.centre_id, now=now)


def fields_of(centre_id: int | None, *, now: datetime) -> tuple[FieldRow, ...]:
    """The fields of work of a centre, in order; without a centre those of the installation only."""
    return _fields(centre_id, local_day(now))


def refusal_reasons_for(case: Case, *, now: datetime) -> tuple[KeyedRow, ...]:
    """The reasons for refusing a report, in order."""
    return _refusal_reasons(case.centre_id, local_day(now))


def visibility_reasons_for(case: Case, *, now: datetime) -> tuple[KeyedRow, ...]:
    """The reasons for not publishing a case, in order."""
    return _visibility_reasons(case.centre_id, local_day(now))


def communes_for(case: Case, *, now: datetime) -> list[AreaRow]:
    """The communes of the case's centre, by name; the case's own stays included after a reorganisation."""
    today = local_day(now)
    return [area for area in _areas(case.centre_id, "commune") if area.holds_on(today) or area.id == case.area_id]


def villages_for(case: Case, *, now: datetime) -> tuple[AreaRow, ...]:
    return villages_of(case.centre_id, now=now)


def villages_of(centre_id: int, *, now: datetime) -> tuple[AreaRow, ...]:
    return _villages(centre_id, local_day(now))


def agencies_for(case: Case, *, now: datetime) -> tuple[AgencyRow, ...]:
    return agencies_of(case.centre_id, now=now)


def agencies_of(centre_id: int | None, *, now: datetime) -> tuple[AgencyRow, ...]:
    """Today's agencies in a centre, by name; without a centre in all, each key once."""
    return _agencies(centre_id, local_day(now))


def agencies_chosen(chosen: Sequence[Agency | AgencyRow]) -> list[Agency]:
    """The rows of agencies that were chosen, in the same order."""
    found = {row.id: row for row in db.session.scalars(select(Agency).where(Agency.id.in_([each.id for each in chosen])))} if chosen else {}
    return [found[each.id] for each in chosen]


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


def free_agencies(case: Case, agencies: Sequence[AgencyRow]) -> list[AgencyRow]:
    """Those of the agencies that could be asked because they do not have the case already."""
    busy = {assignment.agency_id for assignment in case.open_assignments}
    return [agency for agency in agencies if agency.id not in busy]


def committee_key_of(case: Case, agencies: Sequence[AgencyRow]) -> str:
    """The key of the people's committee of the case's commune, empty when there is none.

    Of a commune's agencies it is the one the others are under; the commune's police stand beside it, under nobody here.
    """
    there = [agency for agency in agencies if case.area_id is not None and agency.area_id == case.area_id]
    ids, above = {agency.id for agency in there}, {agency.parent_id for agency in there}
    found = sorted((agency for agency in there if agency.parent_id not in ids), key=lambda agency: agency.id not in above)
    return found[0].key if found else ""


@kept_with_rules
def _fields(centre_id: int | None, day: date) -> tuple[FieldRow, ...]:
    return own_before_shared(FieldRow, Field, centre_id, day, key="service_code")


@kept_with_rules
def _refusal_reasons(centre_id: int, day: date) -> tuple[KeyedRow, ...]:
    return own_before_shared(KeyedRow, RefusalReason, centre_id, day, key="key")


@kept_with_rules
def _visibility_reasons(centre_id: int, day: date) -> tuple[KeyedRow, ...]:
    return own_before_shared(KeyedRow, VisibilityReason, centre_id, day, key="key")


@kept_with_rules
def _areas(centre_id: int, level: str) -> tuple[AreaRow, ...]:
    """The present and former areas of a level, by name."""
    query = columns_for(AreaRow, Area).where(Area.centre_id == centre_id, Area.level == level)
    return rows_by(AreaRow, query.order_by(Area.folded_name, Area.id))


@kept_with_rules
def _villages(centre_id: int, day: date) -> tuple[AreaRow, ...]:
    return tuple(area for area in _areas(centre_id, "village") if area.holds_on(day))


@kept_with_rules
def _agencies(centre_id: int | None, day: date) -> tuple[AgencyRow, ...]:
    query = columns_for(AgencyRow, Agency).order_by(Agency.name_vi, Agency.id)
    if centre_id is not None:
        query = query.where(Agency.centre_id == centre_id)
    return tuple({agency.key: agency for agency in rows_by(AgencyRow, query) if agency.holds_on(day)}.values())

"""The statements of the map of open work: the open cases somebody may see, and what the list beside the map shows of some of them.

Each is made once for its shape, as those of the inbox. Every range is read through an index in the order of its limits and no further than
MOST_LOOKED_AT, so that the page costs the same at any number of cases.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from sqlalchemy import ColumnElement, Float, Select, and_, bindparam, case, exists, func, literal, null, or_, select, union_all

from casework.models import Agency
from casework.open_cases import OWED_STATES
from casework.reading.counting import MOST_KEPT
from casework.states import CaseState
from workflows.desks.inbox_filters import NO_FILTER, InboxFilter
from workflows.desks.inbox_statements import (
    AREA,
    CASE,
    FIELD,
    LEAD_AGENCY,
    PART,
    SEALED_WORDS,
    TASK,
    UNCLASSIFIED_CASE,
    is_reported,
    several,
)

MOST_LOOKED_AT = 2_000
"""Open cases of somebody that are considered, those due first before all others."""

RELEASED, HIDDEN = literal(1), literal(0)
SIDES = ("south", "north", "west", "east")


@dataclass(frozen=True, slots=True)
class ReachShape:
    """Of how many centres and agencies somebody sees the open cases."""

    operated: int
    led: int
    agencies: int


@lru_cache(MOST_KEPT)
def open_cases(reach: ReachShape, shape: InboxFilter, *, in_box: bool) -> Select[Any]:
    """What the map needs of each open case, the first due first, at most MOST_LOOKED_AT + 1. Columns: see `open_map.OpenCase`."""
    arms = [
        _of_centre(f"{name}_{number}", state, released, shape, in_box=in_box)
        for name, count, released in (("operated", reach.operated, RELEASED), ("led", reach.led, _is_released()))
        for number in range(count)
        for state in OWED_STATES
    ]
    arms += [_of_agency(f"agency_{number}", shape, in_box=in_box) for number in range(reach.agencies)]
    found = union_all(*(select(arm.subquery()) for arm in arms)).subquery("found")
    due_at, released = func.min(found.c.due_at), func.max(found.c.released)
    seen = select(found.c.id, due_at.label("due_at"), released.label("released")).group_by(found.c.id)
    seen_first = seen.order_by(due_at.asc().nulls_last(), found.c.id).limit(MOST_LOOKED_AT + 1).subquery("seen")
    is_shown = and_(seen_first.c.released == 1, CASE.c.visibility_reason_id.is_(None))
    is_mine = exists().where(TASK.c.case_id == CASE.c.id, TASK.c.state == "waiting", TASK.c.desk.in_(several("desks")))
    return select(
        CASE.c.id, seen_first.c.due_at, CASE.c.urgency, CASE.c.paused_for, case((is_shown, CASE.c.latitude)),
        case((is_shown, CASE.c.longitude)), CASE.c.accepted_at.is_not(None), and_(UNCLASSIFIED_CASE, is_reported(CASE.c.id)), is_mine,
    ).select_from(seen_first.join(CASE, CASE.c.id == seen_first.c.id))  # fmt: skip


@lru_cache(1)
def near_cases() -> Select[Any]:
    """The cases of `agency` in a box of the map, one of them, `but`, left out (ix_assignment_agency_state)."""
    return _of_agency("agency", NO_FILTER, in_box=True).where(CASE.c.id != bindparam("but")).order_by(None)


@lru_cache(2)
def listed_cases(*, with_words: bool) -> Select[Any]:
    """What a row of the list shows of each of some cases. Columns: see `open_map.ListedCase`."""
    words = case((CASE.c.title.is_(None), SEALED_WORDS)) if with_words else null()
    return (
        select(
            CASE.c.id, CASE.c.ref, CASE.c.code, CASE.c.title, words, CASE.c.centre_id, CASE.c.area_id, CASE.c.released_village,
            CASE.c.state, CASE.c.paused_for, CASE.c.visibility_reason_id.is_not(None), LEAD_AGENCY.c.short_name_vi,
            LEAD_AGENCY.c.short_name_en,
        )
        .select_from(CASE.outerjoin(LEAD_AGENCY, LEAD_AGENCY.c.id == CASE.c.lead_agency_id))
        .where(CASE.c.id.in_(several("ids")))
    )  # fmt: skip


def _of_centre(name: str, state: str, released: ColumnElement[Any], shape: InboxFilter, *, in_box: bool) -> Select[Any]:
    """The open cases of a centre in one state (ix_case_centre_state_due)."""
    query = select(CASE.c.id, CASE.c.due_at, released.label("released")).where(CASE.c.centre_id == bindparam(name), CASE.c.state == state)
    if state == CaseState.TO_VERIFY:
        query = query.where(CASE.c.unconfirmed_since.is_(None))
    query = query.where(*_narrowing(shape, in_box=in_box, released=released))
    return query.order_by(CASE.c.due_at.asc().nulls_last()).limit(MOST_LOOKED_AT + 1)


def _of_agency(name: str, shape: InboxFilter, *, in_box: bool) -> Select[Any]:
    """The open cases on which an agency still has to work, with its own limits (ix_assignment_agency_state)."""
    released = _is_released()
    query = select(CASE.c.id, PART.c.due_at, released.label("released")).join_from(PART, CASE, CASE.c.id == PART.c.case_id)
    query = query.where(PART.c.agency_id == bindparam(name), PART.c.ended_at.is_(None), CASE.c.state.in_(OWED_STATES))
    query = query.where(*_narrowing(shape, in_box=in_box, released=released))
    return query.order_by(PART.c.due_at.asc().nulls_last()).limit(MOST_LOOKED_AT + 1)


def _is_released() -> ColumnElement[int]:
    """Whether the first reading let the case out of the operations team."""
    return case((CASE.c.accepted_at.is_not(None), RELEASED), else_=HIDDEN)


def _narrowing(shape: InboxFilter, *, in_box: bool, released: ColumnElement[Any]) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = [CASE.c.quarantined_at.is_(None)]
    if shape.state is not None:
        found.append(CASE.c.state == bindparam("state"))
    if shape.field is not None:
        found.append(CASE.c.field_id.in_(select(FIELD.c.id).where(FIELD.c.service_code == bindparam("field"))))
    if shape.area is not None:
        found.append(CASE.c.area_id.in_(select(AREA.c.id).where(AREA.c.ref == bindparam("area"))))
    if shape.source is not None:
        found.append(CASE.c.source == bindparam("source"))
    if shape.agency is not None:
        found.append(_concerns_agency())
    if in_box:
        # what is not shown is not found by its place either
        south, north, west, east = (bindparam(side, type_=Float) for side in SIDES)
        found += [released == 1, CASE.c.visibility_reason_id.is_(None)]
        found += [CASE.c.latitude.between(south, north), CASE.c.longitude.between(west, east)]
    return found


def _concerns_agency() -> ColumnElement[bool]:
    """The agency leads the case or is asked to take part in it."""
    table, part = Agency.__table__, PART.alias("part")
    agency = select(table.c.id).where(table.c.ref == bindparam("agency")).scalar_subquery()
    taking_part = exists().where(part.c.case_id == CASE.c.id, part.c.agency_id == agency, part.c.ended_at.is_(None))
    return or_(CASE.c.lead_agency_id == agency, taking_part)

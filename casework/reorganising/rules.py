"""The rules of centres and agencies that end: each successor without rules of that kind gets a copy.

Letterheads are not copied, because they name the body that ended. A successor's own rules take precedence. Copies are in force from the
day of their originals, because a limit follows the rules of the day it began, which may be long past.
"""

from collections import Counter
from collections.abc import Sequence
from datetime import date
from typing import Any

from sqlalchemy import inspect, or_, select

from casework.db import Model, db
from casework.models import (
    Agency,
    AnswerTemplate,
    CalendarDay,
    ClockRule,
    Complexity,
    ExtraQuestion,
    Field,
    HouseSetting,
    Letterhead,
    OfficeHours,
    ReadyText,
    RefusalReason,
    ReminderRule,
    SuggestionRule,
    TextTemplate,
    VisibilityReason,
)
from casework.models.columns import Dated
from casework.reorganising.blueprint import Blueprint, BodyKind

RULES: Sequence[type[Any]] = (
    Field, ClockRule, CalendarDay, OfficeHours, RefusalReason, VisibilityReason, TextTemplate, ReminderRule, SuggestionRule, Complexity,
    HouseSetting, AnswerTemplate, ReadyText, ExtraQuestion,
)  # fmt: skip
"""Tables whose rows may belong to a centre."""
OF_FORMER_DAYS: frozenset[type[Any]] = frozenset({ClockRule, ReminderRule, OfficeHours})
"""Tables also read for past days: former rows are copied, too."""


def hand_rules_on(blueprint: Blueprint, *, on: date) -> Counter[str]:
    """End the rules of ending bodies and copy them to the successors; returns how many rows of each table were copied."""
    made: Counter[str] = Counter()
    for predecessor_id in sorted(blueprint.ended(BodyKind.CENTRE)):
        for table in RULES:
            rows = rules_of(table, predecessor_id, on)
            for successor_id in blueprint.successors(BodyKind.CENTRE, predecessor_id):
                if rows and not has_own(table, successor_id):
                    made[table.__tablename__] += len(rows)
                    db.session.add_all(copy_of(row, centre_id=successor_id) for row in rows)
            _end(rows, on)
    for predecessor_id in sorted(blueprint.ended(BodyKind.AGENCY)):
        query = select(AnswerTemplate).where(AnswerTemplate.agency_id == predecessor_id).order_by(AnswerTemplate.id)
        templates = [row for row in db.session.scalars(query) if row.holds_on(on)]
        for successor_id in blueprint.successors(BodyKind.AGENCY, predecessor_id):
            made["answer_template"] += len(templates)
            centre_id = blueprint.centre_of_agency.get(successor_id)
            own = {} if not templates or templates[0].centre_id is None else {"centre_id": centre_id}
            db.session.add_all(copy_of(row, agency_id=successor_id, **own) for row in templates)
        _end(templates, on)
    agencies, centres = blueprint.ended(BodyKind.AGENCY), blueprint.ended(BodyKind.CENTRE)
    own_head = or_(Letterhead.agency_id.in_(agencies), Letterhead.centre_id.in_(centres) & Letterhead.agency_id.is_(None))
    heads = [row for row in db.session.scalars(select(Letterhead).where(own_head).order_by(Letterhead.id)) if row.holds_on(on)]
    _end(heads, on)
    made["letterheads_ended"] += len(heads)
    _follow_agencies(blueprint, on)
    db.session.flush()
    return +made


def rules_of(table: type[Any], centre_id: int, on: date) -> list[Any]:
    """A centre's own rows of a table in force on a day or later, without those of its agencies; for OF_FORMER_DAYS former ones, too."""
    query = select(table).where(table.centre_id == centre_id).order_by(table.id)
    if table is AnswerTemplate:
        query = query.where(AnswerTemplate.agency_id.is_(None))
    rows = list(db.session.scalars(query))
    if not issubclass(table, Dated):
        return rows
    return [row for row in rows if row.valid_to is None or row.valid_to > (row.valid_from if table in OF_FORMER_DAYS else on)]


def has_own(table: type[Any], centre_id: int) -> bool:
    return db.session.scalars(select(table.id).where(table.centre_id == centre_id).limit(1)).first() is not None


def copy_of(row: Any, **changed: Any) -> Model:
    """A new row with the same columns, except its id, its ref and what is `changed`."""
    mapper = inspect(type(row))
    values = {prop.key: getattr(row, prop.key) for prop in mapper.column_attrs if prop.key not in ("id", "ref")}
    made: Model = type(row)(**(values | changed))
    return made


def copied_rules(table: type[Any], centre_id: int, successor_id: int) -> dict[int, int]:
    """The ids of copied rules by the originals' ids: they are equal except for place and last day."""
    beside = {"id", "ref", "centre_id", "valid_to"}
    names = [prop.key for prop in inspect(table).column_attrs if prop.key not in beside]

    def rows(of: int) -> dict[tuple[Any, ...], list[int]]:
        found: dict[tuple[Any, ...], list[int]] = {}
        for row in db.session.scalars(select(table).where(table.centre_id == of).order_by(table.id)):
            found.setdefault(tuple(str(getattr(row, name)) for name in names), []).append(row.id)
        return found

    copies = rows(successor_id)
    return {id_: copy for key, ids in rows(centre_id).items() for id_, copy in zip(ids, copies.get(key, ()), strict=False)}


def _follow_agencies(blueprint: Blueprint, on: date) -> None:
    """Move the rules of a continuing agency into its new centre; its letterhead from the day on."""
    agencies, centres = blueprint.ended(BodyKind.AGENCY), blueprint.ended(BodyKind.CENTRE)
    tables: tuple[type[Any], ...] = (Letterhead, AnswerTemplate)
    for table in tables:
        query = select(table, Agency.centre_id).join(Agency, table.agency_id == Agency.id)
        query = query.where(table.centre_id.in_(centres), table.agency_id.not_in(agencies)).order_by(table.id)
        for row, centre_id in db.session.execute(query).all():
            if isinstance(row, AnswerTemplate):
                row.centre_id = centre_id
            elif row.holds_on(on):
                db.session.add(copy_of(row, centre_id=centre_id, valid_from=on))
                row.valid_to = on


def _end(rows: Sequence[Any], on: date) -> None:
    for row in rows:
        if isinstance(row, Dated) and row.holds_on(on):
            row.valid_to = on

"""The first rows of a new installation: its rules and its first centre, read from the tables in `seed_data/`.

Every function adds only what is missing, so it can run at each start: rows are recognised by their natural key and first day, and rows an
administrator has ended or replaced stay ended. Each addition is one event of the stream `rules`.
"""

import csv
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import date, datetime
from importlib import resources
from typing import Any

from sqlalchemy import insert, select

from casework.calendars import RULES_STREAM
from casework.db import Model, db
from casework.events import append
from casework.models import (
    Agency,
    AnswerTemplate,
    Area,
    AreaSuccession,
    CalendarDay,
    Camera,
    Centre,
    ClockRule,
    Complexity,
    ConsentNotice,
    Field,
    Letterhead,
    OfficeHours,
    ProcessingActivity,
    ReadyText,
    RefusalReason,
    ReminderRule,
    SuggestionRule,
    TextTemplate,
    VisibilityReason,
)
from casework.permissions import SYSTEM
from casework.text import fold

Row = dict[str, Any]

READERS: dict[str, Callable[[str], Any]] = {
    "valid_from": date.fromisoformat, "valid_to": date.fromisoformat, "day": date.fromisoformat, "on": date.fromisoformat,
    "position": int, "amount": int, "share": int, "after_amount": int, "weight": int,
    "latitude": float, "longitude": float, "south": float, "north": float, "west": float, "east": float,
    "allows_anonymous": "yes".__eq__, "merges_into_letter": "yes".__eq__,
    "spans": str.split,
}  # fmt: skip
"""How a non-text cell is read; an empty cell is None."""

FIRST_DAY = date(2020, 1, 1)
"""The first day of the seed's places, agencies and rules: before the first case of the demonstration."""

REORGANISED_ON = date(2025, 7, 1)
"""The day the district ended and three communes began (NQ 1671/NQ-UBTVQH15)."""

LAC_DUONG: Row = {
    "name_vi": "Trung tâm Giám sát và Điều hành thông minh huyện Lạc Dương",
    "name_en": "Lạc Dương Smart Operations Centre",
    "code_prefix": "LD",
    "is_default": True,
    "phone": "0263 000 0000",  # the true hotline is not known; an invented number might be somebody's
    "case_clock_starts": "filing",
}

COLUMNS = {"date": "day"}
"""Headings that differ from their column's name."""

RULES: tuple[tuple[str, type[Model], tuple[str, ...]], ...] = (
    ("consent_notices.csv", ConsentNotice, ("version", "valid_from")),
    ("fields.csv", Field, ("service_code", "valid_from")),
    ("complexities.csv", Complexity, ("key", "valid_from")),
    ("clock_rules.csv", ClockRule, ("kind", "urgency", "complexity", "valid_from")),
    ("calendar_vn.csv", CalendarDay, ("day",)),
    ("office_hours.csv", OfficeHours, ("valid_from",)),
    ("refusal_reasons.csv", RefusalReason, ("key", "valid_from")),
    ("visibility_reasons.csv", VisibilityReason, ("key", "valid_from")),
    ("templates.csv", TextTemplate, ("key", "valid_from")),
    ("answer_templates.csv", AnswerTemplate, ("name_vi", "valid_from")),
    ("ready_texts.csv", ReadyText, ("purpose", "name_vi", "valid_from")),
    ("reminder_rules.csv", ReminderRule, ("kind", "urgency", "share", "after_amount", "role", "valid_from")),
    ("suggestion_rules.csv", SuggestionRule, ("kind", "target", "phrase", "valid_from")),
    ("processing_activities.csv", ProcessingActivity, ("key", "valid_from")),
)
"""A table of `seed_data/`, the rows it makes, and their natural key. None belongs to a centre: they apply everywhere.

Named places in templates.csv are the parameters of the outbox row, shown to people: `due_at` as 'HH:mm dd/MM/yyyy', a reason or an agency
by its name, `guidance` as the refusal reason's. An assignment's clock rule holds the time it leaves of the case's limit.
"""


def install_rules(now: datetime) -> int:
    """Add the rules of rules.md, section 4, and domain.md, 2.4, that the installation lacks; returns how many.

    They hold from 01/01/2020, so that cases of the system's first years are judged by them. Runs inside the caller's unit of
    work. Records one `install_rules` with the number of rows per table, when there was anything to add.
    """
    added = {table: _add_missing(model, key, table_rows(table), scope={"centre_id": None}) for table, model, key in RULES}
    return _recorded("install_rules", added, now)


def install_centre(now: datetime, *, of_district: bool = False) -> Centre:
    """Add the centre of Lạc Dương with its areas, agencies, letterheads and cameras, unless there is one; returns it.

    The places are those of the district and, from 01/07/2025, of the three communes that took it over, with their successions (domain.md,
    3.8 and 4). The agencies are those of the district, without an end: applying the reorganisation to them ends them. With `of_district`
    the places, too, are those of the district alone, without an end. Records `install_centre`. Runs inside the caller's unit of work.
    """
    known = db.session.scalars(select(Centre).where(Centre.code_prefix == LAC_DUONG["code_prefix"])).first()
    if known is not None:
        return known
    centre = Centre(**LAC_DUONG, valid_from=FIRST_DAY)
    db.session.add(centre)
    db.session.flush()
    areas = _add_areas(centre, of_district)
    added = {
        "areas": len(areas),
        "villages": _add_villages(centre, areas),
        "agencies": _add_agencies(centre, areas),
        "cameras": _add_cameras(centre, areas),
    }
    db.session.flush()
    _recorded("install_centre", added, now, centre=centre.code_prefix)
    return centre


def table_rows(name: str) -> Iterator[Row]:
    """Yield the rows of a table of `seed_data/`, cells converted as READERS says."""
    text = resources.files("casework").joinpath("seed_data", name).read_text(encoding="utf-8")
    for row in csv.DictReader(text.splitlines(keepends=True)):
        named = {COLUMNS.get(column, column): cell for column, cell in row.items()}
        yield {column: READERS.get(column, str)(cell) if cell else None for column, cell in named.items()}


def _add_missing(model: type[Model], key: tuple[str, ...], rows: Iterable[Row], *, scope: Mapping[str, Any]) -> int:
    columns = [getattr(model, column) for column in key]
    known = {tuple(row) for row in db.session.execute(select(*columns).filter_by(**scope))}
    missing = [row for row in rows if tuple(row[column] for column in key) not in known]
    if missing:
        # in one statement, not row by row as objects: there are hundreds of phrases
        db.session.execute(insert(model), [{**scope, **row} for row in missing])
    return len(missing)


def _recorded(type_: str, added: Mapping[str, int], now: datetime, **payload: Any) -> int:
    if total := sum(added.values()):
        counts = {table.removesuffix(".csv"): number for table, number in added.items() if number}
        append(RULES_STREAM, type_, by=SYSTEM, at=now, payload={**payload, "added": counts})
    return total


def _add_areas(centre: Centre, of_district: bool) -> dict[str, Area]:
    areas: dict[str, Area] = {}
    for row in table_rows("areas.csv"):
        if of_district and row["valid_from"] >= REORGANISED_ON:
            continue
        row["valid_to"] = None if of_district else row["valid_to"]
        key, parent = row.pop("key"), row.pop("parent")
        area = areas[key] = Area(
            centre_id=centre.id, parent_id=areas[parent].id if parent else None, folded_name=fold(row["name_vi"]), **row
        )
        db.session.add(area)
        db.session.flush()
    for row in table_rows("area_successions.csv") if not of_district else ():
        predecessor, successor = areas[row.pop("predecessor")], areas[row.pop("successor")]
        db.session.add(AreaSuccession(predecessor_id=predecessor.id, successor_id=successor.id, **row))
    return areas


def _add_villages(centre: Centre, areas: Mapping[str, Area]) -> int:
    """A village outlives its commune: it has a row under each, the later one succeeding the earlier."""
    villages = []
    for row in table_rows("villages.csv"):
        before = None
        for commune in _in_turn(areas[row.pop("commune")]):
            village = Area(
                centre_id=centre.id, parent_id=commune.id, level="village", folded_name=fold(row["name_vi"]),
                valid_from=commune.valid_from, valid_to=commune.valid_to, **row,
            )  # fmt: skip
            db.session.add(village)
            db.session.flush()
            if before is not None:
                db.session.add(AreaSuccession(predecessor_id=before.id, successor_id=village.id, on=village.valid_from))
            before = village
            villages.append(village)
    return len(villages)


def _add_agencies(centre: Centre, areas: Mapping[str, Area]) -> int:
    rows = list(table_rows("agencies.csv"))
    for row in rows:
        head = {column: row.pop(column) or "" for column in LETTERHEAD}
        area = row.pop("area")
        agency = Agency(centre_id=centre.id, area_id=areas[area].id if area else None, **row)
        db.session.add(agency)
        db.session.flush()
        db.session.add(Letterhead(centre_id=centre.id, agency_id=agency.id, valid_from=row["valid_from"], **head, **SIGNED_AT))
    head = dict(zip(LETTERHEAD, ("UBND HUYỆN LẠC DƯƠNG", "TRUNG TÂM GIÁM SÁT VÀ ĐIỀU HÀNH THÔNG MINH", "IOC", "", "GIÁM ĐỐC"), strict=True))
    db.session.add(Letterhead(centre_id=centre.id, valid_from=FIRST_DAY, **head, **SIGNED_AT))
    return len(rows)


# Telephones in agencies.csv: 113 and 115 are what they are everywhere; the true numbers of the others are not known, and no
# subscriber's number begins with 0, so an invented one is nobody's.

LETTERHEAD = ("parent_body", "issuing_body", "symbol", "authority", "signer_title")
SIGNED_AT = {"place": "Lạc Dương", "signer_name": ""}
"""Where letters are signed. The administrator enters the signers: the seed names nobody."""


def _add_cameras(centre: Centre, areas: Mapping[str, Area]) -> int:
    rows = [(commune, row) for row in table_rows("cameras.csv") for commune in _in_turn(areas[row.pop("commune")])]
    for commune, row in rows:
        db.session.add(Camera(centre_id=centre.id, area_id=commune.id, valid_from=commune.valid_from, valid_to=commune.valid_to, **row))
    return len(rows)


def _in_turn(area: Area) -> list[Area]:
    """The area and its successors, one after the other."""
    query = select(Area).join(AreaSuccession, AreaSuccession.successor_id == Area.id).where(AreaSuccession.predecessor_id == area.id)
    return [area, *(later for successor in db.session.scalars(query) for later in _in_turn(successor))]

"""The sixty cases of the oracle as rows of the product: centre, fields, areas and agencies are real, the facts are what the table says."""
from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.db import db, unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.models import Agency, Area, Case, CaseMoment, CaseSpan, Field
from casework.working_time import working_minutes
from tests import build
from tests.grounds import remembered
from tests.reports.statistics import by_hand
from tests.reports.statistics.by_hand import Row

ENDED_BY = {"final": "answered"}
STATES = {"answered": "closed", None: "handling"}
MOMENTS = {"extended_at": "extended", "handed_back_at": "handed_back", "redone_at": "redone"}


@dataclass
class Loaded:
    """The centre of the oracle; rows by the names of the table."""

    world: build.World
    fields: dict[str, Field]
    areas: dict[str, Area]
    agencies: dict[str, Agency]
    cases: dict[str, Case]

    @property
    def centre_id(self) -> int:
        return self.world.centre.id


@remembered
def load() -> Loaded:
    """Load it into a standard world; no sums of days are made."""
    return load_into(build.standard_world())


def load_into(world: build.World) -> Loaded:
    """Load it into a world there is."""
    rows = by_hand.rows()
    with unit_of_work():
        fields = {field.service_code: field for field in db.session.scalars(select(Field).where(Field.centre_id.is_(None)))}
        areas = {name: build.commune(world, name) for name in sorted({row["area"] for row in rows})}
        keys = sorted({row["lead_agency"] for row in rows})
        agencies = {key: world.agencies.get(key) or build.agency(world, key, key, key) for key in keys}
        loaded = Loaded(world, fields, areas, agencies, {})
        for row in rows:
            _load(loaded, row)
    return loaded


def _load(loaded: Loaded, row: Row) -> None:
    by = {
        "centre_id": loaded.centre_id, "field_id": loaded.fields[row["field"]].id, "area_id": loaded.areas[row["area"]].id,
        "urgency": row["urgency"], "source": row["source"],
    }  # fmt: skip
    agency_id = loaded.agencies[row["lead_agency"]].id
    ended = by_hand.end_of(row)
    end, ended_at = (ENDED_BY.get(ended[1], ended[1]), utc(ended[0])) if ended else (None, None)
    reopened_at, again_at = instant(row, "reopened_at"), instant(row, "second_final_at")
    case = Case(
        code=row["code"], state=STATES.get(end, end), opened_at=instant(row, "filed_at"), clock_starts="filing", lead_agency_id=agency_id,
        accepted_at=instant(row, "accepted_at"), due_at=instant(row, "second_due_at") or instant(row, "due_at"),
        quarantined_at=instant(row, "quarantined_at"), **by,
    )  # fmt: skip
    db.session.add(case)
    db.session.flush()
    loaded.cases[row["code"]] = case
    facts: dict[str, Any] = {**by, "case_id": case.id, "agency_id": agency_id}
    is_answered = end == "answered"
    opened_at = instant(row, "filed_at")
    assert opened_at is not None
    db.session.add(CaseSpan(
        **facts, number=0, event_seq=1, opened_at=opened_at, opened_by="received", accepted_at=instant(row, "accepted_at"),
        ended_at=ended_at, ended_by=end, refusal_reason=row["refusal_reason"] or None, first_due_at=instant(row, "original_due_at"),
        due_at=instant(row, "due_at"), is_extended=bool(row["extended_at"]), is_first_answer=is_answered, is_private=row["private"] == "1",
        verdict=by_hand.verdict(row) if is_answered else None, rated_at=instant(row, "rated_at"),
        minutes=working_minutes(opened_at, ended_at, calendar_of(loaded.centre_id)) if is_answered and ended_at else None,
    ))  # fmt: skip
    if reopened_at is not None:
        second_due = instant(row, "second_due_at")
        db.session.add(CaseSpan(
            **facts, number=1, event_seq=1, opened_at=reopened_at, opened_by="reopened", ended_at=again_at,
            ended_by="answered" if again_at else None, first_due_at=second_due, due_at=second_due,
            verdict=None if again_at is None else "late" if second_due and again_at >= second_due else "in_time",
        ))  # fmt: skip
    moments = [(kind, utc(moment)) for column, kind in MOMENTS.items() for moment in by_hand.all_of(row, column)]
    rated_at = instant(row, "rated_at")
    moments += [(row["rating"], rated_at)] if rated_at is not None else []
    db.session.add_all(CaseMoment(**facts, kind=kind, at=moment, acting_agency_id=agency_id) for kind, moment in moments)


def utc(local: datetime) -> datetime:
    """The instant of a local time."""
    return local.replace(tzinfo=LOCAL_ZONE).astimezone(UTC)


def instant(row: Row, column: str) -> datetime | None:
    """One column of the table as an instant."""
    found = by_hand.at(row, column)
    return utc(found) if found is not None else None

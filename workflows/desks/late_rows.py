"""The rows of the list of late work: an agency's part of a case and the step it waits at, with what is shown of them and no more."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.lateness import is_late
from casework.models import Account, Agency, Area, Assignment, Case
from casework.states import AssignmentState
from workflows.desks.inbox_steps import label_of
from workflows.models import ProcessVersion, WaitingTask
from workflows.running.claims import counts

TASK, PART, CASE, AREA, AGENCY = (each.__table__ for each in (WaitingTask, Assignment, Case, Area, Agency))
VERSION, HOLDER = ProcessVersion.__table__, Account.__table__

COLUMNS = (
    PART.c.id, PART.c.ref, PART.c.state, PART.c.due_at, PART.c.distributed_at,
    CASE.c.id, CASE.c.ref, CASE.c.code, CASE.c.title, CASE.c.urgency, CASE.c.source, CASE.c.released_village, CASE.c.visibility_reason_id,
    CASE.c.centre_id, CASE.c.area_id, CASE.c.due_at, CASE.c.answered_at, CASE.c.closed_at,
    AREA.c.name_vi, AREA.c.name_en,
    AGENCY.c.id, AGENCY.c.ref, AGENCY.c.key, AGENCY.c.centre_id, AGENCY.c.parent_id, AGENCY.c.name_vi, AGENCY.c.name_en,
    AGENCY.c.short_name_vi, AGENCY.c.short_name_en,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class LateArea:
    name_vi: str
    name_en: str

    @property
    def name(self) -> Bilingual:
        return Bilingual(self.name_vi, self.name_en)


@dataclass(frozen=True, slots=True)
class OwingAgency:
    """The agency of a late part."""

    id: int
    ref: str
    key: str
    centre_id: int
    parent_id: int | None
    name_vi: str
    name_en: str
    short_name_vi: str
    short_name_en: str

    @property
    def name(self) -> Bilingual:
        return Bilingual(self.name_vi, self.name_en)

    @property
    def short_name(self) -> Bilingual:
        return Bilingual(self.short_name_vi, self.short_name_en)


@dataclass(frozen=True, slots=True)
class LateCase:
    """The case of a late part. `village` is the one that was let out."""

    id: int
    ref: str
    code: str
    title: str | None
    urgency: str
    source: str
    village: str | None
    visibility_reason_id: int | None
    centre_id: int
    area_id: int | None
    due_at: datetime | None
    decided_at: datetime | None
    area: LateArea | None

    @property
    def is_urgent(self) -> bool:
        return self.urgency == "urgent"

    def is_late(self, now: datetime) -> bool:
        """As casework.models.Case.is_late."""
        return is_late(self.due_at, self.decided_at or now)


@dataclass(frozen=True, slots=True)
class LatePart:
    """An agency's open part of a case."""

    id: int
    ref: str
    state: str
    due_at: datetime
    distributed_at: datetime
    case: LateCase
    agency: OwingAgency

    @property
    def case_id(self) -> int:
        return self.case.id

    @property
    def owes_answer(self) -> bool:
        """As casework.clocks.reminders.owes_answer, of a part that is open."""
        return self.state != AssignmentState.HANDED_BACK


def late_part(row: Any) -> LatePart:
    """Read a row of COLUMNS."""
    id_, ref, state, due_at, distributed_at, *rest = row
    case_id, case_ref, code, title, urgency, source, village, reason_id, centre_id, area_id, case_due, answered_at, closed_at, *rest = rest
    area_vi, area_en, *agency = rest
    area = LateArea(area_vi, area_en) if area_vi is not None else None
    decided_at = answered_at or closed_at
    case = LateCase(
        case_id, case_ref, code, title, urgency, source, village, reason_id, centre_id, area_id, case_due, decided_at, area
    )  # fmt: skip
    return LatePart(id_, ref, state, due_at, distributed_at, case, OwingAgency(*agency))


def steps_at(parts: Iterable[LatePart], *, now: datetime) -> Mapping[int, tuple[Bilingual, str | None]]:
    """The step that waits at the agency and who has taken it, by its part of a case. One statement."""
    is_held: ColumnElement[bool] = counts(now)
    query = (
        select(TASK.c.assignment_id, TASK.c.element, VERSION.c.id, VERSION.c.sha256, CASE.c.centre_id, TASK.c.entered_at,
               HOLDER.c.full_name, HOLDER.c.id.is_not(None) & is_held)
        .select_from(
            TASK.join(VERSION, VERSION.c.id == TASK.c.version_id)
            .join(CASE, CASE.c.id == TASK.c.case_id)
            .outerjoin(HOLDER, HOLDER.c.id == TASK.c.claimed_by_id)
        )
        .where(TASK.c.assignment_id.in_([part.id for part in parts]), TASK.c.state == "waiting")
        .order_by(TASK.c.id)
    )  # fmt: skip
    return {
        part: (label_of(element, version_id, sha256, centre_id, entered_at), (name or "") if is_taken else None)
        for part, element, version_id, sha256, centre_id, entered_at, name, is_taken in db.session.execute(query)
    }

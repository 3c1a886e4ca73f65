"""The cameras of a centre: where they are, and the outcome of the reports opened from them.

Statistics of cameras are separate from those of citizens' reports, because nobody sent or rates them (rules.md, section 6).
"""

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median
from typing import Any

from sqlalchemy import ColumnElement, Select, or_, select

from casework.db import db
from casework.lateness import is_late
from casework.local_time import LOCAL_ZONE, local_day
from casework.models import Area, Camera, Case, CaseReport, Report
from casework.permissions import OPERATIONS, Actor

MOST_CAMERAS = 500
MOST_READ = 20_000
"""Reports of a year that are counted. More than fifty a day from cameras alone would be another kind of system."""


@dataclass
class CameraCounts:
    """The outcome of one camera's reports in one month; `minutes` from when something was seen until it was accepted."""

    filed: int = 0
    accepted: int = 0
    answered: int = 0
    late: int = 0
    minutes: list[int] = field(default_factory=list)

    @property
    def median_minutes(self) -> int | None:
        """The median; None where none has been accepted."""
        return round(median(self.minutes)) if self.minutes else None


@dataclass(frozen=True)
class CameraMonth:
    """One line of the table."""

    month: date
    camera: Camera
    counts: CameraCounts


@dataclass(frozen=True)
class CameraYear:
    """The lines of a year, newest month first, and their total."""

    months: list[CameraMonth]
    total: CameraCounts
    is_cut: bool


def centres_of_operations(by: Actor) -> list[int] | None:
    """The centres a person takes reports for; None for all."""
    grants = [grant for grant in by.grants if grant.role in OPERATIONS]
    return None if any(grant.centre_id is None for grant in grants) else sorted({grant.centre_id for grant in grants if grant.centre_id})


def cameras_for(by: Actor, *, now: datetime) -> list[Camera]:
    """Today's cameras in the centres where the person takes reports, by name; at most MOST_CAMERAS."""
    today = local_day(now)
    query = _of_centres(by).where(Camera.valid_from <= today, or_(Camera.valid_to.is_(None), Camera.valid_to > today))
    return list(db.session.scalars(query))


def areas_of(cameras: Iterable[Camera]) -> dict[int, Area]:
    """The communes of cameras, by id."""
    numbers = {camera.area_id for camera in cameras if camera.area_id is not None}
    return {area.id: area for area in db.session.scalars(select(Area).where(Area.id.in_(numbers)))} if numbers else {}


def camera_year(by: Actor, year: int, *, now: datetime) -> CameraYear:
    """Count the outcomes of reports filed from cameras in a local year. Two statements; quarantined cases are not counted.

    A report counts as its case does: accepted, answered and late with the case that answers it now.
    """
    cameras = {camera.id: camera for camera in db.session.scalars(_of_centres(by))}
    first, after = (datetime(each, 1, 1, tzinfo=LOCAL_ZONE) for each in (year, year + 1))
    rows = _reports_between(cameras, first, after) if cameras else []
    counts: dict[tuple[date, int], CameraCounts] = {}
    total = CameraCounts()
    for row in rows[:MOST_READ]:
        local = row.filed_at.astimezone(LOCAL_ZONE)
        for each in (counts.setdefault((date(local.year, local.month, 1), row.camera_id), CameraCounts()), total):
            _count(each, row, now)
    lines = [CameraMonth(month, cameras[camera_id], each) for (month, camera_id), each in counts.items()]
    lines.sort(key=lambda line: (-line.month.month, line.camera.name_vi, line.camera.id))
    return CameraYear(lines, total, len(rows) > MOST_READ)


def first_year(by: Actor, *, now: datetime) -> int:
    """The year of the first camera report in these centres, or the present one."""
    numbers = select(Camera.id).where(*_conditions(by))
    first = db.session.scalar(select(Report.filed_at).where(Report.camera_id.in_(numbers)).order_by(Report.filed_at).limit(1))
    return (first or now).astimezone(LOCAL_ZONE).year


def _count(counts: CameraCounts, row: Any, now: datetime) -> None:
    counts.filed += 1
    counts.answered += row.answered_at is not None
    # as casework.models.Case.is_late
    counts.late += is_late(row.due_at, row.answered_at or row.closed_at or now)
    if row.accepted_at is not None:
        counts.accepted += 1
        # merged into a case accepted earlier: counts from when it was filed
        accepted_at = max(row.accepted_at, row.filed_at)
        counts.minutes.append(max(0, int((accepted_at - (row.seen_at or row.filed_at)) / timedelta(minutes=1))))


def _reports_between(cameras: Collection[int], first: datetime, after: datetime) -> list[Any]:
    query = (
        select(Report.camera_id, Report.filed_at, Report.seen_at, Case.accepted_at, Case.answered_at, Case.closed_at, Case.due_at)
        .join(CaseReport, CaseReport.report_id == Report.id)
        .join(Case, Case.id == CaseReport.case_id)
        .where(Report.camera_id.in_(cameras), Report.filed_at >= first, Report.filed_at < after)
        .where(CaseReport.left_at.is_(None), Case.quarantined_at.is_(None))
        .order_by(Report.filed_at)
        .limit(MOST_READ + 1)
    )
    return list(db.session.execute(query))


def _conditions(by: Actor) -> list[ColumnElement[bool]]:
    centres = centres_of_operations(by)
    return [] if centres is None else [Camera.centre_id.in_(centres)]


def _of_centres(by: Actor) -> Select[Camera]:
    return select(Camera).where(*_conditions(by)).order_by(Camera.name_vi, Camera.id).limit(MOST_CAMERAS)

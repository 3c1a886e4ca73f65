"""The command `langbiang schedules`, for administrators of the server without a browser."""

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.models import Output, ReportSchedule
from casework.outputs.schedule_lists import last_runs


def schedule_lines() -> tuple[list[str], int]:
    """One line for each active schedule, the next due first; and how many failed in their last run."""
    query = select(ReportSchedule).where(ReportSchedule.stopped_at.is_(None)).options(joinedload(ReportSchedule.centre))
    rows = list(db.session.scalars(query.order_by(ReportSchedule.next_at, ReportSchedule.id)))
    last = last_runs(rows)
    failed = [row for row in rows if row.id in last and _has_failed(last[row.id])]
    return [_line(row, last.get(row.id)) for row in rows], len(failed)


def _line(row: ReportSchedule, run: Output | None) -> str:
    result = "none yet"
    if run is not None:
        result = f"{run.parameters.get('period', '')} {'not sent' if run.state == 'ready' and run.sent_at is None else run.state}"
        result += f": {run.error_en}" if run.error_en and _has_failed(run) else ""
    moment = f"{row.next_at.astimezone(LOCAL_ZONE):%Y-%m-%d %H:%M}"
    return f"{moment}  {row.centre.code_prefix}  {row.kind} ({row.every})  {row.name}. Last: {result}"


def _has_failed(run: Output) -> bool:
    return run.state == "failed" or (run.state == "ready" and run.sent_at is None)

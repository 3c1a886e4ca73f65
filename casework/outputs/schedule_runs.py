"""Runs of schedules: taken by one worker, ordered for the period that is due, and sent again on request."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Output, ReportSchedule
from casework.outputs import tell_of_run
from casework.outputs.erasing import RUNS_KEPT
from casework.outputs.schedules import SCHEDULED, Run, ScheduleRefused, record_schedule, require_scheduler
from casework.permissions import SYSTEM, Actor

AGAIN_AFTER = timedelta(minutes=1)
"""The time between two sendings of one file: a second click sends nothing."""
MOST_MISSED = RUNS_KEPT
"""Periods named as missed after the worker stood still."""

MISSED = Bilingual(
    "Hệ thống không chạy khi kỳ này đến hạn; kỳ mới hơn đã được lập. Bấm “Thử lại” nếu vẫn cần.",
    "The system did not run when this period was due, and a newer one was made. Press “Try again” if it is still needed.",
)


def due_schedules(now: datetime, *, most: int = 100) -> list[int]:
    """The due schedules, by row."""
    query = select(ReportSchedule.id).where(ReportSchedule.stopped_at.is_(None), ReportSchedule.next_at <= now)
    return list(db.session.scalars(query.order_by(ReportSchedule.next_at, ReportSchedule.id).limit(most)))


def take_schedule(id_: int, now: datetime) -> ReportSchedule | None:
    """Lock a due schedule for this unit of work; None where another worker holds or has run it."""
    due = ReportSchedule.stopped_at.is_(None), ReportSchedule.next_at <= now
    query = select(ReportSchedule).where(ReportSchedule.id == id_, *due).execution_options(populate_existing=True)
    if db.session.get_bind().dialect.name != "sqlite":
        query = query.with_for_update(skip_locked=True)
    return db.session.scalars(query).first()


def order_runs(schedule: ReportSchedule, runs: Sequence[Run], *, next_at: datetime, now: datetime) -> int:
    """Order the newest due run (`runs` are newest first) and record the others as missed; returns how many are made.

    A period has one run, however many workers come. After days without a worker nobody gets a burst of old papers: missed runs are shown
    on the schedule's page and made on request. A list of late cases is as of the moment it is made, so none is missed. Records
    `order_output`.
    """
    asked = select(Output.for_at).where(Output.schedule_id == schedule.id, Output.for_at.in_([run.cut_off for run in runs]))
    done, ordered = set(db.session.scalars(asked)), 0
    for place, run in enumerate(runs):
        is_missed = place > 0
        if run.cut_off in done or (is_missed and not SCHEDULED[schedule.kind].is_of_period):
            continue
        parameters: dict[str, Any] = {**schedule.parameters, "period": run.period, "label": list(run.label)}
        output = Output(
            kind=schedule.kind, form=schedule.form, parameters=parameters, centre_id=schedule.centre_id, agency_id=schedule.agency_id,
            state="failed" if is_missed else "waiting", asked_at=now, due_at=now, schedule_id=schedule.id, for_at=run.cut_off,
            ended_at=now if is_missed else None, error=MISSED.vi if is_missed else None, error_en=MISSED.en if is_missed else None,
        )  # fmt: skip
        db.session.add(output)
        db.session.flush()
        record_schedule("miss_run" if is_missed else "order_output", schedule, by=SYSTEM, at=now, output=output.ref, period=run.period)
        ordered += not is_missed
    schedule.next_at = next_at
    db.session.flush()
    return ordered


def send_again(output: Output, *, by: Actor, now: datetime) -> None:
    """Tell every recipient again where the file is. Records `send_output_again`. Raises NotAllowed, ScheduleRefused."""
    require_scheduler(by, output.centre_id)
    schedule = output.schedule
    if schedule is None or output.state != "ready":
        raise ScheduleRefused("Tệp chưa có nên chưa gửi được.", "There is no file to send yet.")
    if output.sent_again_at is not None and now - output.sent_again_at < AGAIN_AFTER:
        return
    if not tell_of_run(output, now=now, again=True):
        raise ScheduleRefused("Không còn ai trong số người nhận được xem tệp này. Xin sửa lịch.",
                              "Nobody it is for may read this file any more. Please change the schedule.")  # fmt: skip
    output.sent_again_at = now
    record_schedule("send_output_again", schedule, by=by, at=now, output=output.ref)

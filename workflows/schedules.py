"""Runs schedules: each output that is due is ordered once, by whichever worker comes first, and made by the worker of the pages."""

import logging
from datetime import datetime, timedelta

from sqlalchemy.exc import OperationalError

from casework.db import db, unit_of_work
from casework.local_time import LOCAL_ZONE
from casework.models import ReportSchedule
from casework.outputs.schedule_runs import MOST_MISSED, due_schedules, order_runs, take_schedule
from casework.outputs.schedules import end_schedule, ended_on, times_of
from reports.statistics.due import run_after, runs_due

LOGGER = logging.getLogger("langbiang.schedules")

PUT_OFF = timedelta(hours=1)
"""How long a schedule waits if its times cannot be computed, so that the others go on."""


def run_schedules(now: datetime) -> int:
    """Order the due outputs of every schedule, and return how many were ordered. A job.

    Each schedule is a unit of work of its own under a lock on its row. Its times are computed anew: if a calendar or a cut-off has changed
    since, the run moves, and nothing is ordered before its time.
    """
    number = 0
    for id_ in due_schedules(now):
        try:
            with unit_of_work():
                schedule = take_schedule(id_, now)
                if schedule is not None:
                    number += _run(schedule, now)
        except OperationalError:
            # the database is busy or unavailable: nothing is wrong with the schedule
            raise
        except Exception as error:
            LOGGER.error("schedule not run", extra={"schedule": id_, "error": type(error).__name__})
            with unit_of_work():
                db.session.get_one(ReportSchedule, id_).next_at = now + PUT_OFF
    return number


def _run(schedule: ReportSchedule, now: datetime) -> int:
    """Order what is due. For a centre or an agency that has ended, the period of its last day is the last."""
    times, day = times_of(schedule), ended_on(schedule)
    end = datetime.combine(day, datetime.min.time(), LOCAL_ZONE) if day is not None else None
    runs, following = runs_due(now, first_cut_off=schedule.first_cut_off, most=MOST_MISSED, **times), run_after(now, **times)
    number = order_runs(schedule, [run for run in runs if end is None or run.since < end], next_at=following.due_at, now=now)
    if end is not None and following.since >= end:
        end_schedule(schedule, now=now)
    return number

"""`langbiang worker`: APScheduler runs the table of recurring jobs. Any number of workers may run, since each job claims its rows."""

import signal
import threading
from datetime import UTC, datetime

from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask
from sqlalchemy import func, select

from casework.anchors import write_anchor
from casework.db import db, unit_of_work
from casework.erasing import remove_erased_files
from casework.limits import drop_old_counters, drop_old_keys
from casework.models import OutboxMessage
from casework.unsent_photos import sweep_unsent
from web.clock import now
from web.face_jobs import seek_faces
from web.request_log import LOGGER, failure_facts
from workflows.jobs import Job, recurring_jobs

READ_ON_PAGES = "page"
"""The channel of notices that are delivered by being read."""


def work(app: Flask) -> None:
    """Run the jobs until SIGTERM or Ctrl-C; a job that is running is finished first."""
    stopped = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stopped.set())
    scheduler = start_jobs(app)
    stopped.wait()
    scheduler.shutdown(wait=True)


def start_jobs(app: Flask) -> BackgroundScheduler:
    """Start the jobs in threads of this process, each at once and then at its interval, never twice at a time."""
    scheduler = BackgroundScheduler(timezone=UTC, job_defaults={"max_instances": 1, "coalesce": True, "misfire_grace_time": None})
    for job in jobs_of(app):
        scheduler.add_job(
            run_job, "interval", args=(app, job), id=job.name, seconds=job.every.total_seconds(), next_run_time=datetime.now(UTC)
        )
    scheduler.start()
    return scheduler


def jobs_of(app: Flask) -> list[Job]:
    """The whole table, with the jobs that need this installation's folders."""
    return recurring_jobs(
        {
            "send_outbox": send_outbox,
            "sweep_files": lambda moment: sweep(app, moment),
            "erase_files": lambda moment: remove_erased_files(app.extensions["file_store"], now=moment),
            "write_anchors": lambda moment: write_anchor(app.config["DATA"], now=moment),
            "seek_faces": lambda moment: seek_faces(app.extensions["file_store"], now=moment) if app.config["FIND_FACES"] else 0,
        }
    )


def run_job(app: Flask, job: Job) -> bool:
    """Run one job in a context of its own; one that fails is logged and tried again at its next time."""
    with app.app_context():
        try:
            job.run(now())
        except Exception as error:
            LOGGER.error("job failed", extra={"job": job.name, **failure_facts(error)})
            return False
    return True


def sweep(app: Flask, moment: datetime) -> list[str]:
    """Remove what nobody needs any more: photos of forms never sent, files without rows, old counters, old keys of forms."""
    with unit_of_work():
        drop_old_counters(moment)
        drop_old_keys(moment)
    return sweep_unsent(app.extensions["file_store"], now=moment)


def send_outbox(moment: datetime) -> int:
    """Send what is due and return how many messages are waiting for a way out.

    All messages are notices on pages so far, which need no sending; one for another channel is reported, not lost.
    """
    waiting = select(func.count()).where(
        OutboxMessage.channel != READ_ON_PAGES,
        OutboxMessage.sent_at.is_(None),
        OutboxMessage.dropped_at.is_(None),
        OutboxMessage.due_at <= moment,
    )
    count = db.session.scalar(waiting) or 0
    if count:
        LOGGER.error("messages without a way out", extra={"messages": count})
    return count

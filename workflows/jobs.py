"""The table of all recurring jobs; the worker passes it to APScheduler, and any number of workers may run it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from casework.area_news.sweeping import sweep_area_news
from casework.clocks.calendar_changes import recount_after_calendar_change
from casework.clocks.reminders import send_reminders
from casework.doors.standing import look_after_service_accounts
from casework.doors.webhooks.dead_letters import sweep_webhooks
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts
from casework.figures.keeping import count_public_figures
from casework.intake.unreleased_villages import seal_villages
from casework.mended.asking import ask_if_mended
from casework.places.points import seal_points
from casework.rights.erasing_people import go_on_erasing
from casework.rights.masking import mask_old_identities
from casework.rights.telling_affected import write_to_affected
from casework.settings.importing.staging import forget_staged_imports
from casework.together.sweeping import sweep_presence
from workflows.bottlenecks import conforming  # noqa: F401  (brings its runner)
from workflows.bottlenecks.keeping import count_step_times
from workflows.clock import clock_from
from workflows.figures.freezing import freeze_figures
from workflows.moving.batch import go_on as go_on_with_moves
from workflows.rehearsal.running import go_on_with_rehearsals
from workflows.reorganising.acts import go_on as go_on_with_reorganisations
from workflows.reorganising.leaving import return_tasks_of_leavers
from workflows.running.carrying_out import carry_out_due
from workflows.running.wakeups import deliver_messages, fire_due_timers
from workflows.schedules import run_schedules

Run = Callable[[datetime], object]

BATCH = 100
"""Rows a job takes at a time."""


@dataclass(frozen=True, slots=True)
class Job:
    """A recurring job. `run(now)` claims its own rows, so that two workers never do the same work twice."""

    name: str
    every: timedelta
    run: Run


INTERVALS: dict[str, timedelta] = {
    "carry_out_held_acts": timedelta(seconds=1),
    "fire_due_timers": timedelta(seconds=2),
    "deliver_messages": timedelta(seconds=30),
    "send_reminders": timedelta(seconds=60),
    "recount_after_calendar_change": timedelta(seconds=60),
    "go_on_with_reorganisations": timedelta(seconds=10),
    "go_on_with_moves": timedelta(seconds=3),
    "go_on_with_rehearsals": timedelta(seconds=5),
    "return_tasks_of_leavers": timedelta(minutes=10),
    "forget_staged_imports": timedelta(hours=1),
    "look_after_service_accounts": timedelta(hours=1),
    "tell_endpoints": timedelta(seconds=1),
    "sweep_webhooks": timedelta(hours=1),
    "fetch_photos": timedelta(seconds=15),
    "exchange_documents": timedelta(seconds=15),
    "fetch_letters": timedelta(seconds=60),
    "take_letters": timedelta(seconds=15),
    "sweep_presence": timedelta(seconds=30),
    "route_messages": timedelta(seconds=5),
    "plan_digests": timedelta(seconds=60),
    "send_email": timedelta(seconds=5),
    "send_push": timedelta(seconds=5),
    "send_zns": timedelta(seconds=5),
    "send_sms": timedelta(seconds=5),
    "renew_zalo": timedelta(seconds=20),
    "sweep_files": timedelta(hours=6),
    "erase_files": timedelta(minutes=1),
    "write_anchors": timedelta(days=1),
    "set_apart_unconfirmed": timedelta(minutes=5),
    "sweep_codes": timedelta(minutes=5),
    "seek_faces": timedelta(seconds=20),
    "prepare_recordings": timedelta(seconds=10),
    "count_public_figures": timedelta(hours=1),
    "count_step_times": timedelta(hours=1),
    "keep_facts": timedelta(seconds=20),
    "sum_up_days": timedelta(seconds=30),
    "freeze_figures": timedelta(minutes=10),
    "go_on_erasing": timedelta(minutes=10),
    "seal_points": timedelta(minutes=1),
    "seal_villages": timedelta(minutes=1),
    "mask_old_identities": timedelta(hours=12),
    "write_to_affected": timedelta(seconds=30),
    "ask_if_mended": timedelta(minutes=10),
    "tell_areas": timedelta(seconds=30),
    "sweep_area_news": timedelta(hours=6),
    "run_schedules": timedelta(seconds=60),
    "make_outputs": timedelta(seconds=3),
    "make_letter_files": timedelta(seconds=3),
    "seal_letters": timedelta(seconds=3),
}



def _drained(take: Callable[[datetime, int], int]) -> Run:
    """Make a job that repeats at once while full batches come back, since thousands of rows may be due at the same moment.

    Each batch gets the time at which it begins: leases count from it, and events must not be dated before those others recorded.
    """

    def run(now: datetime) -> None:
        clock = clock_from(now)
        while take(clock(), BATCH) >= BATCH:
            pass

    return run


OWN: dict[str, Run] = {
    "carry_out_held_acts": _drained(carry_out_due),
    "fire_due_timers": _drained(fire_due_timers),
    "deliver_messages": deliver_messages,
    "send_reminders": _drained(send_reminders),
    "recount_after_calendar_change": recount_after_calendar_change,
    "go_on_with_reorganisations": go_on_with_reorganisations,
    "go_on_with_moves": go_on_with_moves,
    "go_on_with_rehearsals": go_on_with_rehearsals,
    "return_tasks_of_leavers": return_tasks_of_leavers,
    "forget_staged_imports": forget_staged_imports,
    "look_after_service_accounts": look_after_service_accounts,
    "sweep_webhooks": sweep_webhooks,
    "sweep_presence": sweep_presence,
    "count_public_figures": count_public_figures,
    "count_step_times": count_step_times,
    "keep_facts": keep_facts,
    "sum_up_days": sum_up_days,
    "freeze_figures": freeze_figures,
    "go_on_erasing": go_on_erasing,
    "seal_points": seal_points,
    "seal_villages": seal_villages,
    "mask_old_identities": mask_old_identities,
    "write_to_affected": write_to_affected,
    "ask_if_mended": ask_if_mended,
    "sweep_area_news": sweep_area_news,
    "run_schedules": run_schedules,
}


def recurring_jobs(others: Mapping[str, Run]) -> list[Job]:
    """Return the table of jobs. `others` are the jobs that need the edge's configuration (mail host, file store, keys).

    Raises KeyError if one is missing or has no interval, so that no job is forgotten silently.
    """
    runs = {**OWN, **others}
    if set(runs) != set(INTERVALS):
        raise KeyError(f"jobs and intervals differ: {sorted(set(runs) ^ set(INTERVALS))}")
    return [Job(name, every, runs[name]) for name, every in INTERVALS.items()]

"""The page of recurring jobs, with their last run and the running processes; a job can be started at once."""

from flask import Blueprint, flash, redirect, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.permissions import Action, may
from casework.upkeep.jobs import FAILED, ask_for_run, job_rows, next_run
from casework.upkeep.server_processes import LOST_AFTER, known_processes
from web.clock import now
from web.forms import Form
from web.guards import actor, found, performs
from web.settings.health import refuse_of_centre
from web.watching.figures import SEEN_SINCE
from web.watching.job_words import what_is
from web.watching.spans import span
from workflows.jobs import INTERVALS

bp = Blueprint("settings_jobs", __name__)


@bp.get("/settings/jobs")
@performs(Action.READ_HEALTH)
def jobs() -> ResponseReturnValue:
    """Jobs whose last run failed come first, then in the order of the table."""
    refuse_of_centre()
    rows, at = job_rows(), now()
    told = [(name, every, row := rows.get(name), next_run(row, every)) for name, every in INTERVALS.items()]
    told.sort(key=lambda each: each[2] is None or not each[2].failures_in_a_row)
    return render_template(
        "settings/jobs.html", jobs=told, processes=known_processes(since=at - SEEN_SINCE), lost_before=at - LOST_AFTER, what_is=what_is,
        span=span, failed=FAILED, form=Form(), may_run=may(actor(), Action.RUN_JOB),
    )  # fmt: skip


@bp.post("/settings/jobs/<name>/runs")
@performs(Action.RUN_JOB)
def run(name: str) -> ResponseReturnValue:
    refuse_of_centre()
    found(INTERVALS.get(name))
    with unit_of_work():
        is_known = ask_for_run(name, by=actor(), now=now())
    if is_known:
        flash(_("It runs within seconds while a worker is there. Load the page again in a minute to see how it went."))
    else:
        flash(_("No worker of this version has been started yet: nothing runs."), "danger")
    return redirect(url_for(".jobs"))

"""What waits for the person: grouped by day due, narrowed by views, taken and put back."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.models import Case
from casework.permissions import LOCAL_ZONE, Action, case_seen_by
from casework.staff_views import openings
from web.clock import now
from web.due import day_words, last_day
from web.guards import actor, found, performs
from web.inbox_views import ELEMENT_LABELS, STANDSTILL_LABELS, views_of, wanted_of
from web.locales import in_reader_language as local
from workflows import steps
from workflows.desks import reads_matter
from workflows.inbox import Position, Wanted, cases_with, codes_meant, counts_for, names_of_elements, page_of
from workflows.models import WaitingTask
from workflows.steps import StepRefused, TaskAlreadyDone, TaskClaimed, TaskUnknown

bp = Blueprint("inbox", __name__)

PER_PAGE = 50


@dataclass(frozen=True)
class Group:
    """The steps due in one stretch of time."""

    key: str
    words: str
    tasks: list[WaitingTask]


@bp.get("/inbox")
@performs(Action.READ_INBOX)
def inbox() -> ResponseReturnValue:
    by, moment = actor(), now()
    words, view = request.args.get("q", "").strip()[:60], request.args.get("view", "all")
    codes = codes_meant(words, now=moment) if words else None
    wanted = Wanted(codes=codes) if words else wanted_of(view)
    page = page_of(by, wanted, now=moment, after=position_in(request.args.get("after", "")), limit=PER_PAGE)
    tasks = list(page.tasks)
    counts = counts_for(by, now=moment)
    views = views_of(counts, names_of_elements(by, [each for each in counts.elements if each not in ELEMENT_LABELS]))
    return render_template(
        "inbox/inbox.html",
        views=views,
        view=None if words else view,
        heading=_("Search: %(words)s", words=words)
        if words
        else next((each.words for each in views if each.key == view), _("All my tasks")),
        total=next((each.count for each in views if each.key == view), str(len(tasks))) if not words else str(len(tasks)),
        words=words,
        groups=groups_of(tasks, now=moment),
        openings=openings([task.case for task in tasks], by),
        labels={task.id: steps.label_of_step(task) for task in tasks},
        next_url=url_for(".inbox", view=view, q=words or None, after=position_text(page.next)) if page.next else "",
        first_url=url_for(".inbox", view=view, q=words or None) if request.args.get("after") else "",
        others=_others(codes or (), tasks),
        account_id=by.account_id,
        unread={task.id for task in tasks if not reads_matter(task.desk)},
        moment=moment,
        standstills=STANDSTILL_LABELS,
    )


@bp.post("/tasks/<ref>/claim")
@performs(Action.CLAIM_TASK)
def claim(ref: str) -> ResponseReturnValue:
    try:
        with unit_of_work():
            task = steps.claim(ref, by=actor(), now=now())
            code = task.case.code
    except TaskUnknown:
        return found(None)
    except (TaskClaimed, TaskAlreadyDone, StepRefused) as refusal:
        flash(local(refusal.text), "wait")
    else:
        flash(_("Case %(code)s is yours now.", code=code))
    return redirect(_back(ref))


@bp.post("/tasks/<ref>/release")
@performs(Action.CLAIM_TASK)
def release(ref: str) -> ResponseReturnValue:
    try:
        with unit_of_work():
            steps.release(ref, by=actor())
    except TaskUnknown:
        return found(None)
    except TaskAlreadyDone as refusal:
        flash(local(refusal.text), "wait")
    else:
        flash(_("The task is free again."))
    return redirect(_back(ref))


def groups_of(tasks: list[WaitingTask], *, now: datetime) -> list[Group]:
    """Cut the list, which is in order of its limits, into late, today, tomorrow, later, and without a limit."""
    today = now.astimezone(LOCAL_ZONE).date()
    found_groups: list[Group] = []
    for task in tasks:
        key = _group_key(task, now, today)
        if not found_groups or found_groups[-1].key != key:
            found_groups.append(Group(key, _group_words(key, today), []))
        found_groups[-1].tasks.append(task)
    return found_groups


def position_text(position: Position) -> str:
    """A place in the list as the address carries it: microseconds and row."""
    return f"{int(position.due_at.timestamp() * 1_000_000)}-{position.id}"


def position_in(text: str) -> Position | None:
    """The place in the list an address names; None when it names none."""
    instant, _dash, row = text.partition("-")
    if not (instant.isascii() and instant.isdigit() and row.isascii() and row.isdigit() and len(text) < 40):
        return None
    try:
        return Position(datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=int(instant)), int(row))
    except OverflowError:
        return None


def _group_key(task: WaitingTask, moment: datetime, today: date) -> str:
    if task.state == "frozen":
        return "frozen"
    if task.limit is None:
        return "none"
    if task.is_late(moment):
        return "late"
    day = last_day(task.due_at)
    if day <= today:
        return "today"
    return "tomorrow" if day == today + timedelta(days=1) else "later"


def _group_words(key: str, today: date) -> str:
    tomorrow = day_words(today + timedelta(days=1))
    words: dict[str, str] = {
        "late": _("Late"),
        "today": _("Today"),
        "tomorrow": _("Tomorrow, %(day)s", day=tomorrow),
        "later": _("Later"),
        "frozen": _("Rest until their case goes on"),
    }
    return words.get(key) or str(_("No time limit"))


def _others(codes: tuple[str, ...], tasks: list[WaitingTask]) -> list[Case]:
    """Cases with the code looked for in which nothing waits for the person, but which they may read."""
    waiting = {task.case_id for task in tasks}
    seen: list[Any] = [case_seen_by(actor(), case.ref) for case in cases_with(codes) if case.id not in waiting] if codes else []
    return [case for case in seen if case is not None]


def _back(ref: str) -> str:
    """Where the button was; the inbox for who may put a step back without having it on a desk of theirs."""
    if request.form.get("to") == "task" and _has(ref):
        return url_for("tasks.task", ref=ref)
    return url_for(".inbox", view=request.form.get("view") or "all")


def _has(ref: str) -> bool:
    try:
        steps.task_for(actor(), ref)
    except TaskUnknown:
        return False
    return True

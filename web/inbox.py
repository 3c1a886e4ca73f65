"""What waits for the person: grouped by day due, narrowed by views and filters, taken and put back, and what has come since."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import orjson
from flask import Blueprint, Response, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.db import unit_of_work
from casework.deputies import principals_of
from casework.mentions import unseen_count
from casework.models import Account, Case, SavedFilter
from casework.notices import put_notices_away, unread_notices
from casework.permissions import LOCAL_ZONE, Action, Actor, Sight, case_seen_by, may, seen_by, sees
from casework.saved_filters import filters_of, sharing_places
from casework.staff_views import openings
from web.clock import now
from web.due import day_words, last_day
from web.guards import actor, found, performs
from web.inbox_back import inbox_address, present, way_back
from web.inbox_filters import WAITS_LABELS, choices_for, filter_in, params_of
from web.inbox_views import ELEMENT_LABELS, STANDSTILL_LABELS, View, views_of, wanted_of
from web.locales import in_reader_language as local
from workflows import steps
from workflows.assigning import leads_desk
from workflows.desks import is_at, own_desk, reads_matter
from workflows.inbox import (
    Counts,
    Position,
    Wanted,
    cases_with,
    codes_meant,
    count_each,
    counts_for,
    names_of_elements,
    page_of,
    shown_count,
)
from workflows.inbox_filters import Filter, Waits, narrowed, parties_for, party_of
from workflows.models import WaitingTask
from workflows.steps import StepRefused, TaskAlreadyDone, TaskClaimed, TaskUnknown

bp = Blueprint("inbox", __name__)

PER_PAGE = 50
MOST_AT_ONCE = 50
"""Steps that something is done with at once."""


@dataclass(frozen=True)
class Group:
    """The steps due in one stretch of time."""

    key: str
    words: str
    tasks: list[WaitingTask]


@dataclass(frozen=True)
class Row:
    """What one person may see of a step in the list, and do with it."""

    url: str
    title: str
    reads_matter: bool
    is_mine_to_do: bool
    principal: str
    party: str
    may_assign: bool


@bp.get("/inbox")
@performs(Action.READ_INBOX)
def inbox() -> ResponseReturnValue:
    by, moment = actor(), now()
    words, view, chosen = request.args.get("q", "").strip()[:60], request.args.get("view", "all"), filter_in(request.args)
    principals = principals_of(by)
    codes = codes_meant(words, now=moment) if words else None
    wanted = Wanted(codes=codes) if words else wanted_of(view, chosen)
    reader = by if words else _reader(by, chosen, principals)
    page = page_of(by, wanted, now=moment, after=position_in(request.args.get("after", "")), limit=PER_PAGE, desks_of=reader)
    tasks = list(page.tasks)
    counts = counts_for(by, now=moment, wanted=wanted, desks_of=reader)
    # the bar above shows the same number
    g.waiting_count = counts.all
    views = views_of(counts, names_of_elements(by, [each for each in counts.elements if each not in ELEMENT_LABELS]))
    saved = filters_of(by)
    beyond, *kept = _count_beside(by, wanted, saved, principals, moment)
    given = {} if words else params_of(chosen)
    return render_template(
        "inbox/inbox.html",
        views=views,
        view=None if words or chosen.waits else view,
        base_view=view,
        beyond=_beyond(by, beyond, is_shown=chosen.waits is not None and not words),
        saved=list(zip(saved, (shown_count(number) for number in kept), strict=True)),
        saved_url=_saved_url,
        heading=_heading(words, chosen, view, views),
        total=_total(words, chosen, view, views, counts, beyond, tasks),
        outside=0 if words or chosen.waits or not chosen else max(0, _in_view(view, counts) - counts.shown),
        words=words,
        chosen=given,
        choices=choices_for(by, chosen, principals=principals),
        places=sharing_places(by) if given else [],
        clear_url=url_for(".inbox", view=None if view == "all" else view),
        without=lambda key: _address(view, {name: value for name, value in given.items() if name != key}),
        groups=groups_of(tasks, now=moment),
        rows=_rows(by, tasks, principals, is_of_places=wanted.is_of_places),
        is_of_places=wanted.is_of_places,
        labels={task.id: steps.label_of_step(task) for task in tasks},
        next_url=_address(view, given, q=words or None, after=position_text(page.next)) if page.next else "",
        first_url=_address(view, given, q=words or None) if request.args.get("after") else "",
        others=_others(codes or (), tasks),
        account_id=by.account_id,
        moment=moment,
        standstills=STANDSTILL_LABELS,
        back=present(),
        principals=principals,
        notices=unread_notices(by),
        mentions=_mentions(by),
        bulk=_bulk_acts(by),
        pulse_url="" if words or wanted.is_of_places else _address(view, given, endpoint=".pulse", since=counts.newest),
        all_urgent=counts.urgent,
    )


@bp.get("/inbox/pulse")
@performs(Action.READ_INBOX)
def pulse() -> ResponseReturnValue:
    """Answer how many steps wait now, and how many have come since the row an open page knows; nothing where nothing changed.

    One statement beside those that find out who asks, bounded as `counts_for`.
    """
    by, chosen, since = actor(), filter_in(request.args), request.args.get("since", "")
    wanted = wanted_of(request.args.get("view", "all"), chosen)
    known = int(since) if since.isascii() and since.isdigit() and len(since) < 19 else 0
    counts = counts_for(by, now=now(), wanted=wanted, desks_of=_reader(by, chosen, principals_of(by)), since=known)
    views = {view.key: {"count": view.count, "late": view.is_late} for view in views_of(counts)}
    told = {
        "views": views, "all": counts.all, "shown": shown_count(counts.shown), "newest": counts.newest, "urgent": counts.urgent,
        "fresh": counts.fresh, "fresh_urgent": counts.fresh_urgent,
    }  # fmt: skip
    answer = Response(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), mimetype="application/json")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32])
    return answer.make_conditional(request)


@bp.post("/inbox/notices")
@performs(Action.READ_INBOX)
def notices() -> ResponseReturnValue:
    """Put away what the person was told on this page."""
    with unit_of_work():
        put_notices_away(by=actor(), now=now())
    return redirect(inbox_address())


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
        return url_for("tasks.task", ref=ref, back=way_back())
    return inbox_address(row=ref) if way_back() else url_for(".inbox", view=request.form.get("view") or "all")


def _has(ref: str) -> bool:
    try:
        steps.task_for(actor(), ref)
    except TaskUnknown:
        return False
    return True


def _reader(by: Actor, chosen: Filter, principals: list[Account]) -> Actor:
    return narrowed(by, chosen.whose, {each.ref: each.id for each in principals})


def _count_beside(by: Actor, wanted: Wanted, saved: list[SavedFilter], principals: list[Account], moment: datetime) -> list[int]:
    """How much waits for others where the person may list that, else 0; then how much each kept filter holds. One statement."""
    answers_for = bool(parties_for(by))
    beyond = wanted if wanted.is_of_places else wanted_of("all", Filter(waits=Waits.OTHERS))
    asked = [(beyond, _reader(by, beyond.chosen, principals))] if answers_for else []
    for row in saved:
        chosen = filter_in(row.chosen)
        asked.append((wanted_of(str(row.chosen.get("view", "all")), chosen), _reader(by, chosen, principals)))
    numbers = count_each(by, asked, now=moment)
    return numbers if answers_for else [0, *numbers]


def _beyond(by: Actor, number: int, *, is_shown: bool) -> View | None:
    """The line of the left column that leads beyond the person's own desks."""
    if not parties_for(by):
        return None
    return View("others", _("Waiting for others"), "" if is_shown else shown_count(number), url=url_for(".inbox", waits="others"))


def _saved_url(row: SavedFilter) -> str:
    return _address(str(row.chosen.get("view", "all")), params_of(filter_in(row.chosen)))


def _address(view: str, given: Mapping[str, str], *, endpoint: str = ".inbox", **more: Any) -> str:
    """The inbox under a view and a filter."""
    values: dict[str, Any] = {"view": view, **given, **more}
    return url_for(endpoint, **values)


def _heading(words: str, chosen: Filter, view: str, views: list[View]) -> str:
    if words:
        return str(_("Search: %(words)s", words=words))
    if chosen.waits is not None:
        return str(_("Waiting for: %(party)s", party=WAITS_LABELS[chosen.waits]))
    return next((each.words for each in views if each.key == view), str(_("All my tasks")))


def _total(words: str, chosen: Filter, view: str, views: list[View], counts: Counts, beyond: int, tasks: list[WaitingTask]) -> str:
    if words:
        return str(len(tasks))
    if chosen.waits is not None:
        return shown_count(beyond)
    if chosen:
        return shown_count(counts.shown)
    return next((each.count for each in views if each.key == view), str(len(tasks)))


def _in_view(view: str, counts: Counts) -> int:
    """How many steps a view holds without a filter."""
    named = {"all": counts.all, "mine": counts.mine, "soon": counts.soon, "late": counts.late, "frozen": counts.frozen}
    return named.get(view, counts.elements.get(view, 0))


def _rows(by: Actor, tasks: list[WaitingTask], principals: list[Account], *, is_of_places: bool) -> dict[int, Row]:
    begun, names = openings([task.case for task in tasks], by), {each.id: each.full_name or "" for each in principals}
    back = present()
    return {task.id: _row(by, task, begun, names, back, is_of_places=is_of_places) for task in tasks}


def _row(by: Actor, task: WaitingTask, begun: Mapping[int, str], names: Mapping[int, str], back: str | None, *, is_of_places: bool) -> Row:
    """A step on the person's desk leads to the step; one that rests or waits for others to the case, if they may read it."""
    case, desk = task.case, own_desk(by, task.desk)
    is_theirs = desk is not None if not is_of_places else is_at(by, task.desk, case)
    reads = reads_matter(task.desk) if is_theirs else sees(by, Sight.CLEARED, case)
    if is_theirs and task.state == "waiting":
        url = url_for("tasks.task", ref=task.ref, back=back)
    else:
        url = url_for("cases.case", ref=case.ref, back=back) if not is_of_places or seen_by(by, case) is not None else ""
    principal_id = by.at(desk).principal_id if desk is not None else None
    return Row(
        url=url,
        title=(case.title or begun.get(case.id) or "") if reads else "",
        reads_matter=reads,
        is_mine_to_do=is_theirs and task.state == "waiting",
        principal=names.get(principal_id or 0, ""),
        party=str(WAITS_LABELS.get(Waits(party), "")) if (party := party_of(task)) in list(Waits) else "",
        may_assign=task.state == "waiting" and leads_desk(by, task.desk),
    )


def _bulk_acts(by: Actor) -> list[tuple[str, str, str]]:
    """What may be done with several steps at once: the endpoint, its words and its icon."""
    acts = [
        (Action.CLAIM_TASK, "claim", _("Take them"), "user-plus"),
        (Action.CLAIM_TASK, "release", _("Put them back"), "arrow-back-up"),
        (Action.ASSIGN_TASK, "assign", _("Give to a colleague"), "users"),
        (Action.REMIND, "remind", _("Remind"), "bell-ringing"),
        (Action.CLASSIFY, "classify", _("Classify"), "list-search"),
        (Action.WRITE_NOTE, "note", _("Note"), "notes"),
    ]
    return [(f"inbox_bulk.{name}", words, icon) for action, name, words, icon in acts if may(by, action)]


def _mentions(by: Actor) -> View | None:
    """The line that leads to notes that name the person, while there are some they have not seen."""
    number = unseen_count(by)
    return View("mentions", _("Notes that name me"), shown_count(number), url=url_for("notes.mentions")) if number else None

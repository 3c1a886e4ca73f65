"""The inbox: steps grouped by due date, narrowed by views and filters, claimed and released, with a check for new ones."""

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response, current_app, flash, g, redirect, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _

from casework.contacts.confirming import UNCONFIRMED
from casework.db import unit_of_work
from casework.erasure.quarantined_list import count_to_hand_over
from casework.inbox.kept import kept_for
from casework.inbox.notices import put_notices_away, unread
from casework.inbox.saved_filters import SeenFilter, seen_filters, sharing_places
from casework.intake.unreleased_villages import unreleased
from casework.local_time import local_day
from casework.mail_in.unclear import unclear
from casework.models import Account, Case
from casework.notes.exchange import new_exchanges
from casework.notes.mentions import unseen
from casework.parsing import number_in
from casework.permissions import OPERATIONS, Action, Actor, Role, may
from casework.permissions.sight import case_seen_by
from casework.reading.counting import Counted
from casework.rights.breaches import untold
from casework.rights.deputies import principals_of
from casework.settings.elements import renamed_elements
from casework.together.bell import unread as unread_lines
from casework.together.presence import who_is_where
from web.clock import now
from web.exports.links import export_url
from web.guards import actor, found, performs
from web.inbox.asking import InboxRequest, asked_in, reader_of
from web.inbox.filters import WAITS_LABELS, choices_for, filter_in, params_of
from web.inbox.groups import groups_of, position_in, position_text
from web.inbox.return_url import ALONE, inbox_address, present, way_back
from web.inbox.rows import rows_of
from web.inbox.views import ELEMENT_LABELS, STANDSTILL_LABELS, View, view_words, views_of, wanted_of
from web.locales import in_reader_language as local
from web.presence import as_told
from workflows.desks.inbox import (
    MOST_COUNTED,
    Counts,
    InboxPage,
    cases_behind,
    cases_with,
    count_each,
    counts_for,
    names_of_elements,
    page_of,
    shown_count,
)
from workflows.desks.inbox_filters import InboxFilter, Waits, parties_for
from workflows.desks.inbox_statements import Asked
from workflows.desks.inbox_steps import InboxStep
from workflows.drafting.version_lists import versions_to_approve
from workflows.running import steps
from workflows.running.holding import ActHeld
from workflows.running.steps import StepRefused, TaskAlreadyDone, TaskClaimed, TaskUnknown

bp = Blueprint("inbox", __name__)

OTHERS = "others"
"""The line of the left column that leads beyond the person's own desks."""

PER_PAGE = 25
"""About a screenful: each row adds to the cost of a page that is requested all day."""


@bp.get("/inbox")
@performs(Action.READ_INBOX)
def inbox() -> ResponseReturnValue:
    by, moment = actor(), now()
    asked = asked_in(by, request.args, now=moment)
    words, view, chosen, wanted = asked.words, asked.view, asked.chosen, asked.wanted
    page = page_of(
        by, wanted, now=moment, after=position_in(request.args.get("after", "")), limit=PER_PAGE, desks_of=asked.reader, with_words=True
    )  # fmt: skip
    tasks = list(page.tasks)
    counts = counts_for(by, now=moment, wanted=wanted, desks_of=asked.reader, beside=_counted_beside(by, asked, moment))
    # the bar above shows the same number
    g.waiting_count, g.bell_count = counts.all, counts.beside["bell"]
    beyond, apart = counts.beside["beyond"], counts.beside["unconfirmed"]
    filters, told = kept_for(by) if counts.beside["filters"] or counts.beside["notices"] else ([], [])
    renamed = renamed_elements(local_day(moment))
    own_names = [each for each in counts.elements if each not in ELEMENT_LABELS or each in renamed]
    views = views_of(counts, names_of_elements(counts, own_names))
    if apart or (view == UNCONFIRMED and not words):
        views.append(View(UNCONFIRMED, view_words(UNCONFIRMED), shown_count(apart)))
    return render_template(
        "inbox/inbox.html",
        **_column(by, asked, views, counts),
        saved=_numbered(by, filters, asked.principals, moment),
        **_narrowed(by, asked),
        total=_total(words, chosen, view, views, counts, beyond, tasks),
        outside=0 if words or chosen.waits or not chosen else max(0, _in_view(view, counts) - counts.shown),
        groups=groups_of(tasks, now=moment, first=page.first, of_others=_of_others(by, page)),
        reported=page.reported,
        rows=rows_of(by, page, asked.principals, back=present(), cases=cases_behind(tasks) if wanted.is_of_places else None),
        is_of_places=wanted.is_of_places,
        next_url=_address(view, asked.given, q=words or None, after=position_text(page.next)) if page.next else "",
        first_url=_address(view, asked.given, q=words or None) if request.args.get("after") else "",
        others=_others(asked.codes, tasks),
        account_id=by.account_id,
        moment=moment,
        standstills=STANDSTILL_LABELS,
        back=present(),
        principals=asked.principals,
        notices=told,
        bulk=_bulk_acts(by),
        export=export_url("inbox", **({"q": words} if words else {"view": view, **asked.given})) if tasks else "",
        pulse_url="" if words or wanted.is_of_places else _address(view, asked.given, endpoint=".pulse", since=counts.newest),
    )


@bp.get("/inbox/pulse")
@performs(Action.READ_INBOX)
def pulse() -> ResponseReturnValue:
    """Answer how many steps are waiting, and how many are newer than the row an open page knows; empty where nothing changed.

    Takes two statements in addition to those identifying the person: the numbers, bounded as `counts_for`, and which colleagues have
    which case open.
    """
    by, chosen = actor(), filter_in(request.args)
    wanted = wanted_of(request.args.get("view", "all"), chosen)
    known = number_in(request.args.get("since", "")) or 0
    moment = now()
    beside = {"bell": unread_lines(by, now=moment)}
    counts = counts_for(by, now=moment, wanted=wanted, desks_of=reader_of(by, chosen, principals_of(by)), since=known, beside=beside)
    views = {view.key: {"count": view.count, "late": view.is_late} for view in views_of(counts)}
    told = {
        "views": views, "all": counts.all, "shown": shown_count(counts.shown), "newest": counts.newest, "urgent": counts.urgent,
        "fresh": counts.fresh, "fresh_urgent": counts.fresh_urgent, "bell": counts.beside["bell"],
        "here": {ref: as_told(others) for ref, others in who_is_where(by, now=moment).items()},
    }  # fmt: skip
    answer = Response(orjson.dumps(told, option=orjson.OPT_SORT_KEYS), mimetype="application/json")
    answer.headers["Cache-Control"] = "private, no-cache"
    answer.set_etag(hashlib.sha256(answer.get_data()).hexdigest()[:32])
    return answer.make_conditional(request)


@bp.post("/inbox/notices")
@performs(Action.READ_INBOX)
def notices() -> ResponseReturnValue:
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
    except (TaskClaimed, TaskAlreadyDone, StepRefused, ActHeld) as refusal:
        flash(local(refusal.text), "wait")
    else:
        flash(_("Case %(code)s is yours now.", code=code))
    return redirect(_back(ref))


@bp.post("/tasks/<ref>/release")
@performs(Action.CLAIM_TASK)
def release(ref: str) -> ResponseReturnValue:
    try:
        with unit_of_work():
            steps.release(ref, by=actor(), now=now())
    except TaskUnknown:
        return found(None)
    except TaskAlreadyDone as refusal:
        flash(local(refusal.text), "wait")
    else:
        flash(_("The task is free again."))
    return redirect(_back(ref))


def _column(by: Actor, asked: InboxRequest, views: list[View], counts: Counts) -> dict[str, Any]:
    """Template values of the left column and the heading."""
    is_of_others = asked.chosen.waits is not None and not asked.words
    beside = (
        _beyond(by, counts.beside["beyond"], is_shown=is_of_others), _mentions(by, counts), _exchanges(by, counts), _approvals(by),
        _apart(by), _breaches(counts), _villages(counts), _letters(counts),
    )  # fmt: skip
    view = None if asked.words or asked.chosen.waits else asked.view
    return {
        "views": [*views, *(each for each in beside if each is not None)],
        "view": view,
        "shown_view": OTHERS if is_of_others else view,
        "base_view": asked.view,
        "saved_url": _saved_url,
        "heading": _heading(asked.words, asked.chosen, asked.view, views),
    }


def _narrowed(by: Actor, asked: InboxRequest) -> dict[str, Any]:
    """Template values of the search and the filter: the choice, the options, and addresses without each part."""
    view, given = asked.view, asked.given
    return {
        "words": asked.words,
        "chosen": given,
        "choices": choices_for(by, asked.chosen, principals=asked.principals),
        "places": sharing_places(by) if given else [],
        "clear_url": url_for(".inbox", view=None if view == "all" else view),
        "without": lambda key: _address(view, {name: value for name, value in given.items() if name != key}),
    }


def _of_others(by: Actor, page: InboxPage) -> set[int]:
    """The steps of a page that a colleague holds."""
    return {step for step, holder in page.holders.items() if holder.id != by.account_id}


def _others(codes: tuple[str, ...], tasks: list[InboxStep]) -> list[Case]:
    """Cases with the searched code in which nothing waits for the person, but which they may read."""
    waiting = {task.case.id for task in tasks}
    seen: list[Any] = [case_seen_by(actor(), case.ref) for case in cases_with(codes) if case.id not in waiting] if codes else []
    return [case for case in seen if case is not None]


def _back(ref: str) -> str:
    """The page the button was on; the inbox for somebody who may release a step that is not on their own desk."""
    if request.form.get("to") == "case":
        return url_for("cases.case", ref=request.form.get("case", ""))
    if request.form.get("to") == "task" and _has(ref):
        return url_for("tasks.task", ref=ref, back=way_back(), alone=request.args.get(ALONE))
    return inbox_address(row=ref) if way_back() else url_for(".inbox", view=request.form.get("view") or "all")


def _has(ref: str) -> bool:
    try:
        steps.task_for(actor(), ref)
    except TaskUnknown:
        return False
    return True


def _counted_beside(by: Actor, asked: InboxRequest, moment: datetime) -> dict[str, Counted | None]:
    """What is counted with the views: steps waiting for others where the person may list those, steps of unconfirmed cases, notes that name
    the person, and what else they may have to do or have kept."""
    beyond = asked.wanted if asked.wanted.is_of_places else wanted_of("all", InboxFilter(waits=Waits.OTHERS))
    others = Asked.of(reader_of(by, beyond.chosen, asked.principals), beyond) if parties_for(by) else None
    return {
        "beyond": others.counted(by, now=moment, most=MOST_COUNTED, prefix="beyond_") if others is not None else None,
        "unconfirmed": Asked.of(by, wanted_of(UNCONFIRMED)).counted(by, now=moment, most=MOST_COUNTED, prefix="unconfirmed_"),
        "mentions": unseen(by) if may(by, Action.READ_CASE) else None,
        "exchanges": new_exchanges(by),
        "breaches": untold(by) if may(by, Action.HANDLE_BREACH) else None,
        "villages": unreleased(by) if by.holds((Role.OPS_LEAD,)) else None,
        "letters": unclear(by) if current_app.extensions["mailbox"] is not None and by.holds(OPERATIONS) else None,
        "filters": seen_filters(by),
        "notices": unread(by),
        "bell": unread_lines(by, now=moment),
    }


def _numbered(by: Actor, saved: list[SeenFilter], principals: list[Account], moment: datetime) -> list[tuple[SeenFilter, str]]:
    """The saved filters, each with how many steps it shows."""
    asked = []
    for row in saved:
        chosen = filter_in(row.chosen)
        asked.append((wanted_of(str(row.chosen.get("view", "all")), chosen), reader_of(by, chosen, principals)))
    return list(zip(saved, map(shown_count, count_each(by, asked, now=moment)), strict=True))


def _beyond(by: Actor, number: int, *, is_shown: bool) -> View | None:
    """The line of the left column that leads beyond the person's own desks."""
    if not parties_for(by):
        return None
    return View(OTHERS, _("Waiting for others"), "" if is_shown else shown_count(number), url=url_for(".inbox", waits="others"))


def _saved_url(row: SeenFilter) -> str:
    return _address(str(row.chosen.get("view", "all")), params_of(filter_in(row.chosen)))


def _address(view: str, given: Mapping[str, str], *, endpoint: str = ".inbox", **more: Any) -> str:
    """The address of the inbox with a view and a filter."""
    values: dict[str, Any] = {"view": view, **given, **more}
    return url_for(endpoint, **values)


def _heading(words: str, chosen: InboxFilter, view: str, views: list[View]) -> str:
    if words:
        return str(_("Search: %(words)s", words=words))
    if chosen.waits is not None:
        return str(_("Waiting for: %(party)s", party=local(WAITS_LABELS[chosen.waits])))
    return next((each.words for each in views if each.key == view), str(_("All my tasks")))


def _total(words: str, chosen: InboxFilter, view: str, views: list[View], counts: Counts, beyond: int, tasks: list[InboxStep]) -> str:
    if words:
        return str(len(tasks))
    if chosen.waits is not None:
        return shown_count(beyond)
    if chosen and view == UNCONFIRMED:
        return str(len(tasks))
    if chosen:
        return shown_count(counts.shown)
    return next((each.count for each in views if each.key == view), str(len(tasks)))


def _in_view(view: str, counts: Counts) -> int:
    """The number of steps in a view without a filter."""
    named = {"all": counts.all, "mine": counts.mine, "soon": counts.soon, "late": counts.late, "frozen": counts.frozen}
    return named.get(view, counts.elements.get(view, 0))


def _bulk_acts(by: Actor) -> list[tuple[str, str, str]]:
    """The bulk acts on offer: endpoint, words and icon."""
    acts = [
        (Action.CLAIM_TASK, "claim", _("Take it"), "user-plus"),
        (Action.CLAIM_TASK, "release", _("Put back"), "arrow-back-up"),
        (Action.ASSIGN_TASK, "assign", _("Give to a colleague"), "users"),
        (Action.REMIND, "remind", _("Remind"), "bell-ringing"),
        (Action.CLASSIFY, "classify", _("Classify"), "list-search"),
        (Action.WRITE_NOTE, "note", _("Note"), "notes"),
    ]
    return [(f"inbox_bulk.{name}", words, icon) for action, name, words, icon in acts if may(by, action)]


def _mentions(by: Actor, counts: Counts) -> View | None:
    """The line leading to notes that name the person, for everybody who may be named; with a number where some are unseen."""
    if not may(by, Action.READ_CASE):
        return None
    number = counts.beside["mentions"]
    return View(
        "mentions", _("Notes that name me"), shown_count(number) if number else "", url=url_for("notes.mentions"), counted=_("notes")
    )  # fmt: skip


def _exchanges(by: Actor, counts: Counts) -> View | None:
    """The line leading to what is new in exchanges between the centre and agencies, for those who write there."""
    if not may(by, Action.WRITE_NOTE):
        return None
    number = counts.beside["exchanges"]
    shown, url = shown_count(number) if number else "", url_for("exchange.exchanges")
    return View("exchanges", _("New in exchanges"), shown, url=url, counted=_("cases"))


def _approvals(by: Actor) -> View | None:
    """The line for approvers of processes: versions waiting for them."""
    if not may(by, Action.APPROVE_PROCESS):
        return None
    waiting = versions_to_approve(by, now=now())
    url = url_for("studio.version", ref=waiting[0].ref) if len(waiting) == 1 else url_for("studio.studio")
    return _calling("approvals", _("Processes to approve"), len(waiting), url)


def _breaches(counts: Counts) -> View | None:
    """The line for people who handle data breaches: those that must be reported to the authority."""
    if not (number := counts.beside["breaches"]):
        return None
    return _calling("breaches", _("Breaches the authority has no notice of"), number, url_for("rights_breaches.breaches"))


def _villages(counts: Counts) -> View | None:
    """The line for operations leads: places that were public before they needed a release."""
    if not (number := counts.beside["villages"]):
        return None
    return _calling("villages", _("Places nobody has let out yet"), number, url_for("unreleased_villages.villages"))


def _letters(counts: Counts) -> View | None:
    """The line for operators: letters nobody could be sure of."""
    if not (number := counts.beside["letters"]):
        return None
    return _calling("letters", _("Unclear letters"), number, url_for("mail_in.letters"))


def _apart(by: Actor) -> View | None:
    """The line for confidential readers: cases waiting to be handed over."""
    if not may(by, Action.HAND_OVER):
        return None
    return _calling("apart", _("Cases under their own procedure"), count_to_hand_over(by=by), url_for("quarantined.cases"))


def _calling(key: str, words: str, number: int, url: str) -> View:
    """A line that is told above the list, too, while something waits there."""
    return View(key, words, shown_count(number) if number else "", url=url, counted=_("waiting"), calls=True)

"""The command palette: cases, acts of the open case, pages, people and bodies, found by a few letters without accents and in any order.

It only leads somewhere: nothing is done by choosing a row. Each group has its own bound, and holds what its reader may open, no more.
A caller's number is not looked up here, which takes a reason and is written down.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from flask import Blueprint, current_app, make_response, render_template, request, url_for
from flask.typing import ResponseReturnValue
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l

from casework.casefile.possible_acts import PossibleAct
from casework.casefile.search import CaseSearch, Hit, search_cases
from casework.db import reading_once
from casework.models import Account, Agency, Case
from casework.permissions import Action, Actor, may
from casework.permissions.sight import case_seen_by
from casework.search.index import LONGEST_SEARCH, words_asked
from casework.search.staff_choices import work_choices
from casework.states import STAFF_LABELS, CaseState
from casework.text import index_words
from web.cases.search import MarkedPiece, marked
from web.clock import now
from web.guards import actor, performs
from web.locales import in_reader_language as local
from web.navigation import DASHBOARD_ICON, entries_here, looks_at_wallboard
from web.settings.index import sections_for
from web.steps.acts import PAGES as ACT_PAGES
from workflows.desk_access import REPORTER, is_at
from workflows.desks.assigning import colleagues_at
from workflows.desks.inbox import codes_meant, waiting_in_case
from workflows.desks.inbox_filters import Waits, parties_for, team_desks
from workflows.running.drawn_steps import label_of_step
from workflows.running.hearing import acts_to_offer

bp = Blueprint("palette", __name__)

MOST = 8
"""The most rows of a group."""

LEAST_LETTERS = 2
"""Cases are looked for from so many letters on: with one nearly all would be found."""

ACTS_ONLY, PEOPLE_ONLY = ">", "@"

FURTHER_PAGES = (
    ("bell.lines", _l("What concerns me"), "bell"),
    ("notes.mentions", _l("Notes that name me"), "notes"),
    ("inbox_saved.filters", _l("Saved filters"), "bookmark-plus"),
    ("due_calendar.calendar", _l("Calendar of due dates"), "calendar"),
    ("statistics.figures", _l("Figures"), DASHBOARD_ICON),
    ("reporting.reports", _l("Reports of a period"), "report-analytics"),
    ("outputs.outputs", _l("My files"), "download"),
    ("schedules.schedules", _l("Schedules"), "calendar-due"),
    ("intake_camera.camera", _l("From a camera"), "video"),
    ("mail_in.letters", _l("Unclear letters"), "mail"),
    ("contacts_blocked.blocked", _l("Blocked senders"), "ban"),
    ("rights_requests.requests", _l("Requests about personal data"), "shield-lock"),
    ("message_choices.choices", _l("How you are told"), "bell"),
    ("account.password", _l("Change your password"), "key"),
    ("factors_own.security", _l("Signing in safely"), "shield-check"),
    ("acting_for_me.systems", _l("Systems that act in my name"), "arrows-exchange"),
    ("auth.sessions", _l("My sessions"), "user"),
)
"""Pages that stand in no bar, by endpoint. Who may open one is what its view says."""


@dataclass(frozen=True, slots=True)
class Row:
    """One row: where it leads, its words with what was matched, and a second line."""

    url: str
    icon: str
    words: Sequence[MarkedPiece]
    under: Sequence[MarkedPiece] = ()
    is_urgent: bool = False
    is_danger: bool = False


@dataclass(frozen=True, slots=True)
class Group:
    key: str
    heading: str
    rows: Sequence[Row]


@bp.get("/palette")
@performs(Action.OPEN_PALETTE)
def rows() -> ResponseReturnValue:
    """The rows for what is typed so far, as a piece of a page (static/js/palette.js); the palette itself where `frame` is asked for."""
    if "frame" in request.args:
        return render_template("palette/frame.html")
    typed = request.args.get("q", "")[:LONGEST_SEARCH].strip()
    sign = typed[:1] if typed[:1] in (ACTS_ONLY, PEOPLE_ONLY) else ""
    with reading_once():
        groups = [group for group in groups_of(actor(), typed.removeprefix(sign).strip(), sign) if group.rows]
        page = render_template("palette/rows.html", groups=groups, number=sum(len(group.rows) for group in groups))
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


def groups_of(by: Actor, typed: str, sign: str = "") -> list[Group]:
    """The groups for what was typed, in order; `sign` narrows to acts, or to people and bodies."""
    words = tuple(words_asked(typed))
    if sign == PEOPLE_ONLY:
        return [Group("people", _("People"), people(by, words)), Group("bodies", _("Agencies"), agencies(by, words))]
    seen = case_seen_by(by, request.args.get("case", "")) if may(by, Action.READ_CASE) and request.args.get("case") else None
    acts = [Group("acts", _("With %(code)s, which is open", code=seen.code), acts_with(by, seen, words))] if seen is not None else []
    if sign == ACTS_ONLY:
        return acts
    found = cases(by, typed, words)
    pages = [*pages_of(by, words), *([_everywhere(typed)] if words and may(by, Action.SEARCH_CASES) else [])]
    shown = [Group("cases", _("Cases: without accents, words in any order"), found)]
    return [*shown, *acts, Group("pages", _("Go to"), pages)] if words else [*acts, Group("pages", _("Go to"), pages)]


def cases(by: Actor, typed: str, words: tuple[str, ...]) -> list[Row]:
    """Cases by code, words or place, as the search page finds them."""
    codes = codes_meant(typed, now=now())
    if not may(by, Action.SEARCH_CASES) or not (codes or sum(map(len, words)) >= LEAST_LETTERS):
        return []
    wanted = CaseSearch(words=typed, codes=codes)
    return [_case_row(hit, words) for hit in search_cases(wanted, by=by).hits[:MOST]]


def acts_with(by: Actor, case: Case, words: tuple[str, ...]) -> list[Row]:
    """The steps of a case that wait for the person, then what else they may do with it. Each row leads to the page of the act."""
    tasks = [] if case.quarantined_at is not None else waiting_in_case(case.id)
    mine = [each for each in tasks if not each.desk.startswith(f"{REPORTER}@") and is_at(by, each.desk, case)]
    steps = ((url_for("tasks.task", ref=each.ref), "checklist", local(label_of_step(each)), False) for each in mine)
    offered = acts_to_offer(case, by, now()) if not mine or len(mine) < MOST else []
    acts = ((_address(case, each), ACT_PAGES[each.verb].icon, _act_words(each), ACT_PAGES[each.verb].is_danger) for each in offered)
    return _fitting(((url, icon, label, danger) for url, icon, label, danger in (*steps, *acts)), words)


def pages_of(by: Actor, words: tuple[str, ...]) -> list[Row]:
    """The pages of the person's bar, further ones, and the parts of the settings they may open."""
    bar = [(entry.url, entry.icon, entry.words, False) for entry in entries_here()]
    further = [(url_for(endpoint), icon, str(label), False) for endpoint, label, icon in FURTHER_PAGES if _opens(by, endpoint)]
    if looks_at_wallboard():
        further.append((url_for("wallboard.wallboard"), "arrows-maximize", str(_("Wallboard")), False))
    if words and may(by, Action.READ_OPEN_MAP):
        areas = work_choices(by, now=now()).areas
        further += [(url_for("open_map.map_of_open_work", area=ref), "map-2", f"{_('Map')}: {local(name)}", False) for ref, name in areas]
    settings = []
    if words and may(by, Action.OPEN_SETTINGS):
        settings = [(section.url, "settings", f"{_('Settings')}: {section.title}", False) for section in sections_for(by)]
    known: dict[str, tuple[str, str, str, bool]] = {}
    for page in (*bar, *further, *settings):
        known.setdefault(page[0], page)
    return _fitting(known.values(), words)


def people(by: Actor, words: tuple[str, ...]) -> list[Row]:
    """The people whom the person leads, each with what they hold."""
    if not may(by, Action.READ_TEAM):
        return []
    team = colleagues_at(team_desks(by), now=now())
    return _fitting(((_held_by(each), "user", each.full_name or "", False) for each in team), words)


def agencies(by: Actor, words: tuple[str, ...]) -> list[Row]:
    """The agencies of the centres the person works in, each with what waits there, or with its page in the settings."""
    to_settings = may(by, Action.MANAGE_PEOPLE)
    if not to_settings and (Waits.OFFICER not in parties_for(by) or not may(by, Action.READ_OPEN_MAP)):
        return []

    def address(ref: str) -> str:
        return url_for("settings_agencies.agency", ref=ref) if to_settings else url_for("inbox.inbox", waits="others", agency=ref)

    return _fitting(((address(ref), "building", local(name), False) for ref, name in work_choices(by, now=now()).agencies), words)


def _fitting(pages: Iterable[tuple[str, str, str, bool]], words: tuple[str, ...]) -> list[Row]:
    """The first MOST whose label has, for each of the words, a word beginning with it."""
    found = []
    for url, icon, label, is_danger in pages:
        there = index_words(label).split()
        if all(any(part.startswith(word) for part in there) for word in words):
            found.append(Row(url, icon, marked(label, words), is_danger=is_danger))
            if len(found) == MOST:
                break
    return found


def _case_row(hit: Hit, words: tuple[str, ...]) -> Row:
    case = hit.case
    place = ", ".join(filter(None, [case.village, local(case.area.name) if case.area else None]))
    under = " · ".join(filter(None, [case.code, place, local(STAFF_LABELS[CaseState(case.state)][1]).lower()]))
    title = marked(case.title, words) if case.title else [MarkedPiece(_("No title yet"), False)]
    return Row(url_for("cases.case", ref=case.ref), "file-text", title, marked(under, words), is_urgent=bool(case.is_urgent))


def _everywhere(typed: str) -> Row:
    return Row(url_for("search.search", q=typed), "search", [MarkedPiece(_("Look for “%(words)s” in all cases", words=typed), False)])


def _act_words(possible: PossibleAct) -> str:
    """The act, and which part of the case it is about."""
    label = str(ACT_PAGES[possible.verb].label)
    if possible.assignment is not None:
        return f"{label}: {local(possible.assignment.agency.short_name)}"
    if possible.publication is not None:
        return f"{label}: {possible.publication.current.title}"
    return f"{label}: {possible.report.code}" if possible.report is not None else label


def _address(case: Case, possible: PossibleAct) -> str:
    about: dict[str, Agency | object | None] = {
        "assignment": possible.assignment, "publication": possible.publication, "report": possible.report,
    }  # fmt: skip
    refs = {name: getattr(part, "ref", None) for name, part in about.items()}
    return url_for("case_acts.act", ref=case.ref, verb=possible.verb, **refs)


def _held_by(account: Account) -> str:
    return url_for("inbox.inbox", waits="team", holder=account.ref)


def _opens(by: Actor, endpoint: str) -> bool:
    """Whether a page is the person's to open, as its view declares."""
    view: Callable[..., object] | None = current_app.view_functions.get(endpoint)
    action = getattr(view, "action", None)
    return isinstance(action, Action) and may(by, action)

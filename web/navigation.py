"""What every page is given: the reader, the language, and the navigation entries."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from flask import Flask, current_app, g, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.local import LocalProxy

from casework.bilingual import Bilingual
from casework.calendars import rules_head
from casework.db import db
from casework.doors.gates import open_to_developers
from casework.local_time import local_day
from casework.models import Centre
from casework.permissions import OPERATIONS, Action, Role, may
from casework.reading.counting import Counted, count, count_together
from casework.setting_values import value_of
from casework.together.bell import unread
from web.clock import now
from web.guards import actor
from web.locales import language, languages
from web.request_log import request_id
from workflows.desks.inbox import MOST_COUNTED, waiting_for

LOOKERS = OPERATIONS | {Role.COMMITTEE_LEADER}
"""Roles that see the wallboard when signed in (web/wallboard.py)."""
DOCUMENTS_ICON = "file-text"
DASHBOARD_ICON = "chart-bar"
LATE_ICON = "clock-exclamation"
SEARCH_ICON = "search"
DASHBOARD_PAGES = ("dashboard.", "due_calendar.", "statistics.", "reporting.reports")
OWN_PAGES = ("tracking.", "contacts_", "rights_own.", "message_choices.", "auth.sign_in")
"""What a sender reaches from “Mine”."""
MOST_TABS = 5
"""Most tabs in the bottom bar of a telephone, for a person with a dashboard."""
PRODUCT = Bilingual("Phản ánh hiện trường", "Field reports")


@dataclass(frozen=True, slots=True)
class NavigationEntry:
    url: str
    words: str
    icon: str
    is_current: bool
    count: int = 0
    is_main: bool = False


@dataclass(frozen=True, slots=True)
class NavigationBar:
    """Links computed by the page that shows them. Not a LocalProxy: while iterating, Python replaces its exception by a TypeError, and a
    database that was briefly away became a failure (500) instead of a pause (503)."""

    ask: Callable[[], list[NavigationEntry]]

    def __iter__(self) -> Iterator[NavigationEntry]:
        return iter(self.ask())

    def __bool__(self) -> bool:
        return bool(self.ask())


@dataclass(frozen=True, slots=True)
class CentreWords:
    """The centre whose pages these are."""

    name: Bilingual
    phone: str | None
    id: int | None = None
    ref: str = ""
    short_name: str = ""
    """What the bar of the pages for staff says instead of the name, where something is set."""
    is_for_developers: bool = False
    """Whether any door to other systems is open, which the page for developers tells of."""


SHORT_NAME = "centre_short_name"
_kept: dict[str, tuple[str, CentreWords]] = {}
"""Cached by database URL: each page names the centre, which only changes with the rules."""


def install(app: Flask) -> None:
    """Give every template its context. Entries that cost a query are computed only by pages that show them."""
    app.context_processor(_told_to_pages)


def _told_to_pages() -> dict[str, Any]:
    return {
        "language": language(),
        "direction": languages()[language()].direction,
        "demo": current_app.config["DEMO"],
        "max_photo_mb": current_app.config["MAX_PHOTO_MB"],
        "request_id": request_id(),
        "is_staff": LocalProxy(lambda: actor().is_staff),
        "may_be_seen": LocalProxy(lambda: may(actor(), Action.BE_SEEN)),
        "may_search": LocalProxy(lambda: may(actor(), Action.SEARCH_CASES)),
        "centre": LocalProxy(centre_words),
        "navigation": NavigationBar(lambda: _entries()[0]),
        "bell_number": LocalProxy(_bell_number),
        "tabs": NavigationBar(lambda: _entries()[1]),
        "few_settings": LocalProxy(_few_settings),
    }


def centre_words() -> CentreWords:
    """The default centre; the product itself before the first one is installed."""
    head, place = rules_head(), str(db.engine.url)
    kept = _kept.get(place)
    if kept is None or kept[0] != head:
        centre = db.session.scalar(select(Centre).where(Centre.is_default).order_by(Centre.id).limit(1))
        if centre is None:
            return CentreWords(PRODUCT, None)
        short, has_doors = value_of(SHORT_NAME, centre.id), bool(open_to_developers(local_day(now())))
        kept = _kept[place] = (head, CentreWords(centre.name, centre.phone, centre.id, centre.ref, short, has_doors))
    return kept[1]


def _entries() -> tuple[list[NavigationEntry], list[NavigationEntry]]:
    if "navigation" not in g:
        g.navigation = _staff_entries() if actor().is_staff else _citizen_entries()
    entries: tuple[list[NavigationEntry], list[NavigationEntry]] = g.navigation
    return entries


def _staff_entries() -> tuple[list[NavigationEntry], list[NavigationEntry]]:
    reads_inbox = may(actor(), Action.READ_INBOX)
    bar = [_entry("inbox.inbox", _("Inbox"), "inbox", count=_waiting())] if reads_inbox else []
    if may(actor(), Action.READ_FIELD_DESK):
        bar.append(_entry("field.desk", _("Nearby"), "current-location"))
    if may(actor(), Action.READ_OPEN_MAP):
        bar.append(_entry("open_map.map_of_open_work", _("Map"), "map-2"))
    has_dashboard = may(actor(), Action.READ_STATISTICS)
    if has_dashboard:
        bar.append(_entry("dashboard.dashboard", _("Dashboard"), DASHBOARD_ICON, pages=DASHBOARD_PAGES))
    if may(actor(), Action.TAKE_REPORT):
        bar.append(_entry("intake_call.call", _("Take a report"), "phone-call", pages="intake_"))
    if may(actor(), Action.READ_TEAM):
        leads_centre = actor().holds([Role.OPS_LEAD])
        bar.append(_entry("team.team", _("Team") if leads_centre else _("Staff"), "users-group"))
    if may(actor(), Action.SEARCH_CASES):
        bar.append(_entry("search.search", _("Search"), SEARCH_ICON))
    if may(actor(), Action.READ_LATE):
        bar.append(_entry("late.late", _("Late"), LATE_ICON, pages="late."))
    if may(actor(), Action.READ_LETTERS):
        bar.append(_entry("documents_register.documents", _("Documents"), DOCUMENTS_ICON, pages="documents_"))
    if may(actor(), Action.RETRY_INCIDENT):
        bar.append(_entry("incidents.incidents", _("Incidents"), "alert-triangle"))
    if may(actor(), Action.READ_PROCESS):
        bar.append(_entry("studio.studio", _("Process"), "sitemap"))
    if may(actor(), Action.READ_SETTING_EVENTS):
        bar.append(_entry("settings_index.settings", _("Settings"), "settings", pages="settings_"))
    if not has_dashboard:               # else the bar is full, and the dashboard links to the list, the wallboard and requests about data
        bar.append(_entry("public.reports", _("Public list"), "list-search"))
    # a telephone has no room for rare entries: documents are linked from the late list
    tabs = [entry for entry in bar if entry.icon != DOCUMENTS_ICON or not may(actor(), Action.READ_LATE)]
    for icon in (LATE_ICON, SEARCH_ICON):            # the dashboard starts with what is late, and the inbox searches all cases, too
        if has_dashboard and len(tabs) > MOST_TABS:
            tabs = [entry for entry in tabs if entry.icon != icon]
    return bar, tabs


def entries_here() -> list[NavigationEntry]:
    """The entries of the reader's bar, for a page that shows none of it: without the number beside the inbox, which costs a statement."""
    g.waiting_count = 0
    return _entries()[0]


def looks_at_wallboard() -> bool:
    return actor().holds(LOOKERS)


def _few_settings() -> NavigationEntry | None:
    """The settings entry of people with few sections and a full bar: shown next to their name instead of in the bar."""
    if not may(actor(), Action.OPEN_SETTINGS) or may(actor(), Action.READ_SETTING_EVENTS):
        return None
    return _entry("settings_index.settings", _("Settings"), "settings", pages="settings_")


def counted_in_bar(moment: datetime) -> dict[str, Counted | None]:
    """The numbers of the bar, for a page that counts them along with its own and hands them to `counted_here`."""
    return {"waiting": waiting_for(actor(), now=moment), "bell": unread(actor(), now=moment)}


def counted_here(counts: Mapping[str, int]) -> None:
    """Keep the numbers of the bar that a page has counted."""
    g.waiting_count, g.bell_count = counts["waiting"], counts["bell"]


def _waiting() -> int:
    """How many steps are waiting for the person; reuses what the page has counted."""
    if g.get("waiting_count") is None:
        counted_here(count_together(counted_in_bar(now())))
    waiting: int = g.waiting_count
    return min(waiting, MOST_COUNTED + 1)


def _bell_number() -> int:
    """How many lines of the bell the person has not read."""
    if g.get("bell_count") is None:
        g.bell_count = count(unread(actor(), now=now()))
    number: int = g.bell_count
    return number


def _citizen_entries() -> tuple[list[NavigationEntry], list[NavigationEntry]]:
    on_map = request.args.get("view") == "map"
    home, results = _entry("public.home", _("Home"), "home"), _entry("public.reports", _("Results"), "list-search")
    reports_map = NavigationEntry(url_for("public.reports", view="map"), _("Map"), "map-2", results.is_current and on_map)
    results = replace(results, is_current=results.is_current and not on_map)
    report = _entry("filing.new_report", _("Send"), "camera-plus", is_main=True)
    figures = _entry("transparency.transparency", _("Transparency"), "file-text")
    own = _entry("tracking.mine", _("Mine"), "user", pages=OWN_PAGES)
    return [home, results, reports_map, figures, own], [home, results, report, reports_map, own]


def _entry(
    endpoint: str, words: str, icon: str, *, count: int = 0, is_main: bool = False, pages: str | tuple[str, ...] = ()
) -> NavigationEntry:
    """`pages` are the endpoint prefixes of all pages that belong to one entry."""
    here = request.endpoint or ""
    return NavigationEntry(url_for(endpoint), words, icon, here == endpoint or here.startswith(pages), count, is_main)

"""The index of all settings pages, each with a sentence on its purpose."""

from dataclasses import dataclass, field, replace
from typing import Any

from flask import Blueprint, render_template, url_for
from flask.typing import ResponseReturnValue
from flask_babel import lazy_gettext as _l
from flask_babel.speaklater import LazyString

from casework.bilingual import Bilingual
from casework.permissions import Action, Actor, may
from casework.settings.kinds.table import KINDS
from web.guards import actor, performs
from web.locales import in_reader_language as local
from web.settings.titles import TITLES

bp = Blueprint("settings_index", __name__)

Lazy = Any
"""The type of a lazy_gettext text."""

GROUPS: dict[str, Lazy] = {
    "people": _l("People and bodies"),
    "rules": _l("Rules of handling"),
    "words": _l("Words and messages"),
    "places": _l("Places and cameras"),
    "personal_data": _l("Personal data"),
    "system": _l("The system"),
}
"""The headings of the page, in order."""


@dataclass(frozen=True, slots=True)
class Section:
    """One link of the page: its target, name, purpose, and the permissions of which one is needed to see it."""

    endpoint: str
    title: Lazy
    sentence: Lazy
    action: Action = Action.CHANGE_SETTINGS
    group: str = "rules"
    parts: dict[str, Any] = field(default_factory=dict)
    of_installation: bool = False
    """Whether it is only for people of the whole installation."""

    @property
    def url(self) -> str:
        return url_for(self.endpoint, **self.parts)


GROUP_OF = {
    "phrase": "words", "answer_template": "words", "ready_text": "words", "letterhead": "words", "consent_notice": "words",
    "camera": "places", "processing": "personal_data",
}  # fmt: skip
"""The group of kinds of rules that are not among the rules of handling."""


def lazy(words: Bilingual) -> Lazy:
    return LazyString(local, words)


SECTIONS: list[Section] = [
    Section(
        "settings_people.people", lazy(TITLES["people"]), _l("Who works here, with which roles; who joins and who leaves."),
        Action.MANAGE_PEOPLE, group="people",
    ),
    Section(
        "settings_deputies.deputies", lazy(TITLES["deputy"]), _l("Who stands in for whom, from when until when."),
        Action.APPOINT_DEPUTY, group="people",
    ),
    Section(
        "settings_agencies.agencies", lazy(TITLES["agency"]), _l("The bodies that answer, with telephone, area and who is above them."),
        Action.MANAGE_PEOPLE, group="people",
    ),
    Section(
        "settings_areas.areas", lazy(TITLES["area"]), _l("Province, district, commune and village, each with its time and official code."),
        Action.MANAGE_PEOPLE, group="places",
    ),
    *(
        Section(
            "settings_rows.rows", lazy(TITLES[kind.name]), lazy(kind.what), group=GROUP_OF.get(kind.name, "rules"),
            parts={"kind": kind.name},
        )
        for kind in KINDS.values()
    ),
    Section("settings_centres.centres", lazy(TITLES["centre"]), _l("Its name and telephone, and from when the limit of a case counts."),
            group="people"),
    Section("settings_values.values", lazy(TITLES["value"]), _l("Limits, times and how long things are kept."), group="system"),
    Section("settings_events.events", lazy(TITLES["events"]), _l("Who changed what, from what to what, and why."),
            Action.READ_SETTING_EVENTS, group="system"),
    Section(
        "settings_calendar.calendar",
        lazy(TITLES["calendar"]),
        _l("Days off, days worked, swaps and office hours, with what moves before a change is done."),
        action=Action.CHANGE_CALENDAR,
    ),
    Section(
        "settings_texts.texts",
        lazy(TITLES["text"]),
        _l("What people are told by e-mail, SMS, Zalo and in the browser, with a preview."),
        group="words",
    ),
    Section(
        "settings_messages.messages",
        lazy(TITLES["messages"]),
        _l("What waits to leave, what could not be sent and why, and a test message."),
        Action.RETRY_MESSAGE,
        "words",
    ),
    Section(
        "settings_zalo.zalo",
        lazy(TITLES["zalo_account"]),
        _l("Whether messages may leave by the Official Account; giving the permission."),
        group="words",
    ),
    Section(
        "settings_reorganisations.reorganisations",
        lazy(TITLES["reorganisation"]),
        _l("Areas, agencies and centres that end and are followed by others, with what moves where."),
        Action.REORGANISE,
        group="people",
    ),
    Section(
        "settings_boundaries.boundaries", lazy(TITLES["boundary"]), _l("Which commune a position lies in, from a GeoJSON file."),
        group="places",
    ),
    Section(
        "settings_wallboards.wallboards", lazy(TITLES["wallboard"]), _l("Which televisions show the wallboard without anybody signed in."),
        Action.MANAGE_WALLBOARDS, group="system",
    ),
    Section(
        "settings_host_apps.apps",
        lazy(TITLES["host_app"]),
        _l("Which other applications may sign their people in here, and by which key."),
        group="system", of_installation=True,
    ),
    Section(
        "settings_doors.doors", lazy(TITLES["doors"]), _l("Which other systems may come in, what each may do, and the keys they show."),
        Action.MANAGE_PEOPLE, group="system",
    ),
    Section(
        "settings_health.health", lazy(TITLES["health"]), _l("What is wrong, the worst first, and what to do."),
        Action.READ_HEALTH, group="system", of_installation=True,
    ),
    Section(
        "settings_jobs.jobs", lazy(TITLES["jobs"]), _l("What runs by itself, when it ran last and how that went; run it now."),
        Action.READ_HEALTH, group="system", of_installation=True,
    ),
    Section(
        "rights_processing.register", lazy(TITLES["register"]), _l("As it stands or stood on a day, to read, print or export."),
        Action.READ_PROCESSING, group="personal_data",
    ),
    Section(
        "rights_access.looks", lazy(TITLES["looks"]), _l("Who looked at who a sender is, or took lists out, when and for which case."),
        Action.READ_LOOKS, group="personal_data",
    ),
    Section(
        "rights_breaches.breaches", lazy(TITLES["breach"]),
        _l("When data got where they should not be: the 72 hours, who is affected, notices to the authority and to people."),
        Action.READ_BREACHES, group="personal_data",
    ),
    Section(
        "settings_map.settings_map", lazy(TITLES["house_setting"]), _l("What lies under the points of a map, and where it comes from."),
        group="places",
    ),
]
"""Every section, by group in the order of the page."""


@bp.app_template_global("settings_title")
def settings_title(part: str) -> str:
    """The name of a part of the settings, for page titles and links back."""
    return local(TITLES[part])


@bp.get("/settings")
@performs(Action.OPEN_SETTINGS)
def settings() -> ResponseReturnValue:
    """Shows each person the sections they may use; anybody who may open this page has at least one (tests/web/settings/test_values.py)."""
    seen = sections_for(actor())
    groups = [(words, [section for section in seen if section.group == group]) for group, words in GROUPS.items()]
    return render_template("settings/index.html", groups=[pair for pair in groups if pair[1]])


def sections_for(by: Actor) -> list[Section]:
    """The sections a person may open; those about the whole installation are not for administrators of one centre."""
    of_all = replace(by, grants=tuple(grant for grant in by.grants if grant.centre_id is None))
    return [section for section in SECTIONS if may(of_all if section.of_installation else by, section.action)]

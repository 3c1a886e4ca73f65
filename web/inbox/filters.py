"""The filter of the inbox, read from and written to its address, and the selects of its form."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.models import Account
from casework.permissions import Actor, Role
from casework.search.staff_choices import work_choices
from casework.settings.role_labels import OTHER_BODY_WORDS, REPORTER_WORDS, ROLE_WORDS
from casework.states import STAFF_LABELS, CaseState
from web.clock import now
from web.inbox.source_labels import SOURCE_LABELS
from web.locales import in_reader_language as local
from workflows.desks.inbox_filters import NOBODY, OWN, InboxFilter, Waits, parties_for

NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
NOT_WAITING = {CaseState.CLOSED, CaseState.MERGED, CaseState.WITHDRAWN, CaseState.JOINED, CaseState.QUARANTINED}

WAITS_LABELS = {
    Waits.OTHERS: Bilingual("Người khác", "Others"),
    Waits.TEAM: Bilingual("Nhân sự của tôi", "My team"),
    Waits.REPORTER: REPORTER_WORDS,
    Waits.OTHER_BODY: OTHER_BODY_WORDS,
    **{Waits(role): ROLE_WORDS[role] for role in (Role.OPERATOR, Role.OPS_LEAD, Role.OFFICER, Role.AGENCY_LEADER, Role.COMMITTEE_LEADER)},
}
URGENCY_LABELS = {"urgent": _l("Urgent"), "normal": _l("Not urgent")}
DUE_LABELS = {"late": _l("Late"), "soon": _l("Due soon")}
CLOSED_VALUES: dict[str, Iterable[str]] = {
    "state": [state.value for state in CaseState if state not in NOT_WAITING], "urgency": URGENCY_LABELS, "due": DUE_LABELS,
    "source": SOURCE_LABELS, "waits": [each.value for each in Waits],
}  # fmt: skip
KEYS = tuple(each.name for each in fields(InboxFilter))


@dataclass(frozen=True, slots=True)
class FilterSelect:
    """One select of the form: its name in the address, its label, the text for no choice, and its options."""

    key: str
    label: str
    anything: str
    options: list[tuple[str, str]]
    chosen: str

    @property
    def chosen_words(self) -> str:
        return next((words for value, words in self.options if value == self.chosen), self.chosen)


def filter_in(given: Mapping[str, str]) -> InboxFilter:
    """Read a filter from an address or a saved filter; values without meaning are ignored."""
    values: dict[str, str] = {}
    for key in KEYS:
        value = str(given.get(key) or "").strip()
        if NAME.fullmatch(value) and value in CLOSED_VALUES.get(key, (value,)):
            values[key] = value
    waits = values.pop("waits", None)
    return InboxFilter(**values, waits=Waits(waits) if waits else None)


def params_of(chosen: InboxFilter) -> dict[str, str]:
    return {key: str(value) for key in KEYS if (value := getattr(chosen, key)) is not None}


def choices_for(by: Actor, chosen: InboxFilter, *, principals: list[Account]) -> list[FilterSelect]:
    """The selects of the form. Takes four statements unless cached since the last change of rules."""
    given, offered = params_of(chosen), work_choices(by, now=now())
    states = [(state, local(STAFF_LABELS[CaseState(state)][1])) for state in CLOSED_VALUES["state"]]
    found = [
        _choice("state", _("State"), _("Any state"), states, given),
        _choice("field", _("Field"), _("Any field"), _named(offered.fields), given),
        _choice("area", _("Area"), _("Any area"), _named(offered.areas), given),
        _choice("urgency", _("Urgency"), _("Any urgency"), _labelled(URGENCY_LABELS), given),
        _choice("agency", _("Agency"), _("Any agency"), _named(offered.agencies), given),
        _choice("source", _("Source"), _("Any source"), _labelled(SOURCE_LABELS), given),
        _choice("due", _("Limit"), _("Any limit"), _labelled(DUE_LABELS), given),
    ]  # fmt: skip
    parties = parties_for(by)
    if parties:
        options = [(each.value, local(WAITS_LABELS[each])) for each in dict.fromkeys([*parties, *([chosen.waits] if chosen.waits else [])])]
        found.append(_choice("waits", _("Waiting for"), _("Waiting for me"), options, given))
    found.append(_choice("holder", _("Taken by"), _("Taken by anybody or nobody"), _holders(chosen), given))
    if principals:
        options = [(OWN, _("My own desks alone")), *((each.ref, _("For %(name)s", name=each.full_name)) for each in principals)]
        found.append(_choice("whose", _("Whose desk"), _("My desks and those I stand in for"), options, given))
    return found


def _choice(key: str, label: str, anything: str, options: list[tuple[str, str]], given: Mapping[str, str]) -> FilterSelect:
    return FilterSelect(key, label, anything, options, given.get(key, ""))


def _named(rows: Iterable[tuple[str, Bilingual]]) -> list[tuple[str, str]]:
    return [(value, local(name)) for value, name in rows]


def _labelled(labels: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(value, str(words)) for value, words in labels.items()]


def _holders(chosen: InboxFilter) -> list[tuple[str, str]]:
    options = [(NOBODY, _("Nobody yet"))]
    if chosen.holder not in (None, NOBODY):
        name = db.session.scalar(select(Account.full_name).where(Account.ref == chosen.holder, Account.kind == "staff"))
        options.append((chosen.holder or "", name or _("somebody unknown")))
    return options

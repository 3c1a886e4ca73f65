"""The filter of the inbox as its address carries it and as its form shows it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, fields
from typing import Any

from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy import ColumnElement, or_, select

from casework.db import db
from casework.models import Account, Agency, Area, Field
from casework.permissions import LOCAL_ZONE, Actor
from casework.states import STAFF_LABELS, CaseState
from web.clock import now
from web.locales import in_reader_language as local
from workflows.inbox_filters import NOBODY, OWN, Filter, Waits, parties_for

NAME = re.compile(r"[A-Za-z0-9_-]{1,40}")
MOST_OPTIONS = 200
NOT_WAITING = {CaseState.CLOSED, CaseState.MERGED, CaseState.WITHDRAWN, CaseState.QUARANTINED}

WAITS_LABELS = {
    Waits.OTHERS: _l("Others"),
    Waits.TEAM: _l("My team"),
    Waits.OPERATOR: _l("Operators"),
    Waits.OPS_LEAD: _l("The head of operations"),
    Waits.OFFICER: _l("The agency's officer"),
    Waits.AGENCY_LEADER: _l("The agency's leader"),
    Waits.COMMITTEE_LEADER: _l("The committee's leader"),
    Waits.REPORTER: _l("The reporter"),
    Waits.OTHER_BODY: _l("Another body"),
}
URGENCY_LABELS = {"urgent": _l("Urgent"), "normal": _l("Not urgent")}
DUE_LABELS = {"late": _l("Late"), "soon": _l("Due soon")}
SOURCE_LABELS = {
    "citizen": _l("From a citizen"), "camera": _l("From a camera"), "phone": _l("By telephone"), "officer": _l("By a member of staff"),
}  # fmt: skip
CLOSED_VALUES: dict[str, Iterable[str]] = {
    "state": [state.value for state in CaseState if state not in NOT_WAITING], "urgency": URGENCY_LABELS, "due": DUE_LABELS,
    "source": SOURCE_LABELS, "waits": [each.value for each in Waits],
}  # fmt: skip
KEYS = tuple(each.name for each in fields(Filter))


@dataclass(frozen=True, slots=True)
class Choice:
    """One select of the form: its name in the address, what it is about, what is said for no choice, and its options."""

    key: str
    label: str
    anything: str
    options: list[tuple[str, str]]
    chosen: str

    @property
    def chosen_words(self) -> str:
        """What is chosen, in words."""
        return next((words for value, words in self.options if value == self.chosen), self.chosen)


def filter_in(given: Mapping[str, str]) -> Filter:
    """Read a filter from an address (or from one that was kept); what it cannot mean is left out."""
    values: dict[str, str] = {}
    for key in KEYS:
        value = str(given.get(key) or "").strip()
        if NAME.fullmatch(value) and value in CLOSED_VALUES.get(key, (value,)):
            values[key] = value
    waits = values.pop("waits", None)
    return Filter(**values, waits=Waits(waits) if waits else None)


def params_of(chosen: Filter) -> dict[str, str]:
    """Return a filter as an address carries it."""
    return {key: str(value) for key in KEYS if (value := getattr(chosen, key)) is not None}


def choices_for(by: Actor, chosen: Filter, *, principals: list[Account]) -> list[Choice]:
    """Return the selects of the form. Four statements at most; of a long list the first MOST_OPTIONS are offered."""
    given = params_of(chosen)
    states = [(state, local(STAFF_LABELS[CaseState(state)][1])) for state in CLOSED_VALUES["state"]]
    found = [
        _choice("state", _("State"), _("Any state"), states, given),
        _choice("field", _("Field"), _("Any field"), _fields(by), given),
        _choice("area", _("Area"), _("Any area"), _areas(by), given),
        _choice("urgency", _("Urgency"), _("Any urgency"), _labelled(URGENCY_LABELS), given),
        _choice("agency", _("Agency"), _("Any agency"), _agencies(by), given),
        _choice("source", _("Source"), _("Any source"), _labelled(SOURCE_LABELS), given),
        _choice("due", _("Limit"), _("Any limit"), _labelled(DUE_LABELS), given),
    ]  # fmt: skip
    parties = parties_for(by)
    if parties:
        options = [(each.value, str(WAITS_LABELS[each])) for each in parties]
        found.append(_choice("waits", _("Waiting for"), _("Waiting for me"), options, given))
    found.append(_choice("holder", _("Taken by"), _("Taken by anybody or nobody"), _holders(chosen), given))
    if principals:
        options = [(OWN, _("My own desks alone")), *((each.ref, _("For %(name)s", name=each.full_name)) for each in principals)]
        found.append(_choice("whose", _("Whose desk"), _("My desks and those I stand in for"), options, given))
    return found


def _choice(key: str, label: str, anything: str, options: list[tuple[str, str]], given: Mapping[str, str]) -> Choice:
    return Choice(key, label, anything, options, given.get(key, ""))


def _labelled(labels: Mapping[str, object]) -> list[tuple[str, str]]:
    return [(value, str(words)) for value, words in labels.items()]


def _fields(by: Actor) -> list[tuple[str, str]]:
    in_centres = or_(_in_own_centres(Field.centre_id, by), Field.centre_id.is_(None))
    rows = db.session.scalars(select(Field).where(in_centres).order_by(Field.position, Field.id).limit(MOST_OPTIONS))
    today = now().astimezone(LOCAL_ZONE).date()
    return list({row.service_code: (row.service_code, local(row.name)) for row in rows if row.holds_on(today)}.values())


def _areas(by: Actor) -> list[tuple[str, str]]:
    """The communes there are or were: open cases may still stand in one that is no more."""
    query = select(Area).where(_in_own_centres(Area.centre_id, by), Area.level == "commune").order_by(Area.folded_name, Area.id)
    return [(row.ref, local(row.name)) for row in db.session.scalars(query.limit(MOST_OPTIONS))]


def _agencies(by: Actor) -> list[tuple[str, str]]:
    query = select(Agency).where(_in_own_centres(Agency.centre_id, by)).order_by(Agency.short_name_vi, Agency.id).limit(MOST_OPTIONS)
    return [(row.ref, local(row.short_name)) for row in db.session.scalars(query)]


def _holders(chosen: Filter) -> list[tuple[str, str]]:
    options = [(NOBODY, _("Nobody yet"))]
    if chosen.holder not in (None, NOBODY):
        name = db.session.scalar(select(Account.full_name).where(Account.ref == chosen.holder, Account.kind == "staff"))
        options.append((chosen.holder or "", name or _("somebody unknown")))
    return options


def _in_own_centres(column: Any, by: Actor) -> ColumnElement[bool]:
    """Of the centres a person works in or for."""
    own = {grant.centre_id for grant in by.grants if grant.centre_id is not None}
    return or_(column.in_(own), column.in_(select(Agency.centre_id).where(Agency.id.in_(by.agency_ids))))

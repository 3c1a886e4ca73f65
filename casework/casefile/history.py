"""The timeline of a case as staff read it: who did what when, told to each audience in what it may know (rules.md, section 2)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from sqlalchemy import bindparam, select
from sqlalchemy.orm import aliased, joinedload

from casework.bilingual import Bilingual
from casework.casefile.history_changes import HistoryChange, changes_of
from casework.db import db
from casework.models import Account, Agency, Case, Event
from casework.permissions import Actor
from casework.permissions.sight import Sight, Viewer, sees, viewers
from casework.places.former_agencies import names_in_events
from casework.privacy.look_reasons import payloads_told
from casework.reading.counting import Counted
from casework.sentences import Audience, Known
from casework.telling.due_reasons import moves_of
from casework.telling.narrator import narrate
from casework.telling.steps import Step, with_moves
from casework.verbs import HistoryKind, events_of, events_where

MOST_STEPS = 200
"""Steps shown, newest first: a case that was merged and reopened has about sixty."""

MOST_COUNTED = 99
MOST_LOOKED_AT = 20
_STEPS = select(Event.id).join(Case, Case.id == Event.case_id).where(Case.ref == bindparam("history_of")).limit(MOST_COUNTED + 1)

REPORTER = Bilingual("Người phản ánh", "The reporter")
SYSTEM_NAME = Bilingual("Hệ thống", "The system")

def audience_of(actor: Actor, case: Case) -> Audience | None:
    """Return how much of the history a person may read; None for nothing."""
    if not sees(actor, Sight.PROCESS, case):
        return None
    seen = viewers(actor, case)
    if seen & {Viewer.OPERATOR, Viewer.OPS_LEAD}:
        return Audience.CENTRE
    if Viewer.COMMITTEE_LEADER in seen:
        return Audience.COMMITTEE
    return Audience.AGENCY if Viewer.AGENCY in seen else Audience.PROCESS


@dataclass(frozen=True)
class StaffStep(Step):
    """One line of the staff history: what changed, and why if the reader may read the reason. `note` names the person."""

    changes: tuple[HistoryChange, ...] = ()
    why: str | None = None


Reasons = Mapping[tuple[str, datetime], str]
"""Reasons by event type and instant (casework/casefile/history_reasons.py)."""


def steps_counted(ref: str) -> Counted:
    """How many steps the history of a case has, counted one past MOST_COUNTED, with other numbers of its page."""
    return Counted(_STEPS, {"history_of": ref})


def staff_steps(case: Case, *, by: Actor, kind: HistoryKind | None = None, reasons: Reasons = MappingProxyType({})) -> list[Step]:
    """The newest MOST_STEPS steps of a case for a member of staff, newest first; empty when they may read none.

    `kind` selects one part of the history.
    """
    audience = audience_of(by, case)
    if audience is None:
        return []
    principal = aliased(Account)
    query = select(Event, principal.full_name).outerjoin(principal, principal.id == Event.on_behalf_of_id).where(Event.case_id == case.id)
    if kind is not None:
        query = query.where(Event.type.in_(events_of(kind)))
    rows = list(db.session.execute(query.options(joinedload(Event.actor)).order_by(Event.seq.desc()).limit(MOST_STEPS)))
    known = Known(_agency_names(case, [event.payload or {} for event, _principal in rows]), audience)
    payloads, steps = payloads_told(event for event, _principal in rows), list[Step]()
    about_limits, from_outside = events_where(lambda verb: verb.about_limit), events_where(lambda verb: verb.is_from_outside)
    for event, principal_name in rows:
        said = narrate(event.type, payloads[event.id], known)
        if said is None:
            continue
        changes = changes_of(event.type, event.payload or {}, known)
        if kind is HistoryKind.LIMITS and event.type not in about_limits and not any(change.is_limit for change in changes):
            continue
        why = reasons.get((event.type, event.at))
        steps.append(StaffStep(said.words, event.at, said.is_main, _who(event, principal_name, from_outside), changes=changes, why=why))
    told = {event.at for event, _principal in rows if "due" in (event.payload or {})}
    may_move = events_where(lambda verb: verb.moves_limit)
    is_untold = any(event.type in may_move and event.at not in told and event.payload is not None for event, _principal in rows)
    moves = moves_of(case) if is_untold and kind in (None, HistoryKind.LIMITS) else []
    return with_moves(steps, [move for move in moves if move.at not in told])


@dataclass(frozen=True, slots=True)
class LastDeed:
    """The newest step of a case somebody may read: its verb, when, and by whom as pages say it."""

    verb: str
    at: datetime
    who: Bilingual


def last_deed(case: Case, *, by: Actor, agency_key: str) -> LastDeed | None:
    """The newest step that concerns one agency's work, or the whole case; None where nothing may be read."""
    audience = audience_of(by, case)
    if audience is None:
        return None
    principal = aliased(Account)
    query = select(Event, principal.full_name).outerjoin(principal, principal.id == Event.on_behalf_of_id).where(Event.case_id == case.id)
    rows = db.session.execute(query.options(joinedload(Event.actor)).order_by(Event.seq.desc()).limit(MOST_LOOKED_AT)).all()
    known = Known(_agency_names(case, [event.payload or {} for event, _principal in rows]), audience)
    from_outside = events_where(lambda verb: verb.is_from_outside)
    for event, principal_name in rows:
        payload = event.payload or {}
        if payload.get("agency", agency_key) == agency_key and narrate(event.type, payload, known) is not None:
            return LastDeed(event.type, event.at, _who(event, principal_name, from_outside))
    return None


def _who(event: Event, principal: str | None, from_outside: frozenset[str]) -> Bilingual:
    """Whoever acted. Without an account a guest with the tracking secret does what people outside do, the clock the rest."""
    actor = event.actor
    if actor is None:
        return REPORTER if event.type in from_outside else SYSTEM_NAME
    if actor.full_name is None:
        return REPORTER
    if principal is None:
        return Bilingual(actor.full_name, actor.full_name)
    return Bilingual(f"{actor.full_name} thay {principal}", f"{actor.full_name} for {principal}")


def _agency_names(case: Case, payloads: Sequence[Mapping[str, Any]]) -> dict[str, Bilingual]:
    """The names of agencies mentioned in events; besides those of the case there may be suggested ones or ones that came by a merge."""
    names = names_in_events(payloads) | {row.agency.key: row.agency.short_name for row in case.assignments}
    if not _keys_in(payloads) <= set(names):
        query = select(Agency).where(Agency.centre_id == case.centre_id).order_by(Agency.valid_from)
        names = {agency.key: agency.short_name for agency in db.session.scalars(query)} | names
    return names


def _keys_in(payloads: Sequence[Mapping[str, Any]]) -> set[str]:
    found: set[str] = set()
    for payload in payloads:
        found |= {payload[name] for name in ("agency", "lead", "suggested") if isinstance(payload.get(name), str)}
        found |= {key for name in ("cooperating", "former", "agencies") if isinstance(payload.get(name), list) for key in payload[name]}
    return found

"""The sources of cases' facts, read together: a dozen statements for TOGETHER cases, none for a single case.

Rows take precedence over events, because quarantine empties the payloads of a history and leaves only types and instants.
"""

from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import Select, case, null, select

from casework.clocks.acts import ClockKind
from casework.db import db
from casework.facts.undone import TURNS, standing
from casework.models import (
    Answer,
    Assignment,
    Case,
    Clock,
    ClockPause,
    Decision,
    Event,
    EventStream,
    Extension,
    HandBack,
    MendedQuestion,
    Publication,
    Rating,
    Refusal,
    RefusalReason,
)
from casework.publications import WHOLE

TOGETHER = 200
"""Cases read at a time."""

JOINING = ("merge", "split")
TOLD = (
    *JOINING, "classify", "refuse", "decide_objection", "refer", "take_back", "withdraw_report", "decide_withdrawal", "end_question",
    "publish", "answer_privately", "reopen", "close", *TURNS,
)  # fmt: skip
"""The events that open or end a span, promise an answer, or undo others."""


class HistoryEvent(NamedTuple):
    """An event. `payload` is read for merges, which are in two histories, and for moves."""

    type: str
    seq: int
    at: datetime
    payload: dict[str, Any] | None


class GivenAnswer(NamedTuple):
    """A publication or private answer, and when it was first rated."""

    id: int
    kind: str
    rated_at: datetime | None


class Promise(NamedTuple):
    """The limit of one round."""

    first_due_at: datetime
    due_at: datetime | None
    extended_at: datetime | None
    rested: dict[datetime, datetime | None]
    """The due instant as it was when the limit was paused, by the instant of the pause."""


class HistoryMoment(NamedTuple):
    """A moment; `agency_id` is the agency's, None for the lead's."""

    kind: str
    at: datetime
    agency_id: int | None


@dataclass(slots=True)
class History:
    """What is known of a case. `seq` is the head of its stream, read before everything else: anything newer is read again."""

    case: Any
    seq: int
    events: list[HistoryEvent] = field(default_factory=list)
    given: list[GivenAnswer] = field(default_factory=list)
    refusals: list[tuple[str, bool | None]] = field(default_factory=list)
    promises: dict[int, Promise] = field(default_factory=dict)
    moments: list[HistoryMoment] = field(default_factory=list)


OF_CASE = (
    Case.id, Case.code, Case.centre_id, Case.field_id, Case.area_id, Case.lead_agency_id, Case.urgency, Case.source, Case.state,
    Case.opened_at, Case.accepted_at, Case.closed_at, Case.quarantined_at, Case.merged_into_id,
)  # fmt: skip


def histories_of(case_ids: Collection[int]) -> dict[int, History]:
    """What is known of some cases, TOGETHER at most; nothing is locked. A part of a case has no facts: its case is counted, once."""
    heads = heads_of(case_ids)
    rows = db.session.execute(select(*OF_CASE).where(Case.id.in_(case_ids), Case.parent_id.is_(None)))
    found = {row.id: History(row, heads.get(row.id, 0)) for row in rows}
    _read_events(found)
    _read_answers(found)
    _read_refusals(found)
    _read_promises(found)
    _read_acts_of_agencies(found)
    _read_mended(found)
    return found


def heads_of(case_ids: Collection[int]) -> dict[int, int]:
    """The number of events in each history."""
    query = select(EventStream.stream, EventStream.seq).where(EventStream.stream.in_([f"case:{case_id}" for case_id in case_ids]))
    return {int(stream[5:]): seq for stream, seq in db.session.execute(query)}


def _read_events(found: dict[int, History]) -> None:
    payload = case((Event.type.in_((*JOINING, *TURNS)), Event.payload), else_=null())
    query = select(Event.case_id, Event.type, Event.seq, Event.at, payload).where(Event.case_id.in_(found), Event.type.in_(TOLD))
    for case_id, *told in db.session.execute(query.order_by(Event.case_id, Event.seq)):
        found[case_id].events.append(HistoryEvent(*told))
    for history in found.values():
        history.events = standing(history.events)


def _read_answers(found: dict[int, History]) -> None:
    """A publication's events are written together with its rows, so that the n-th belongs to the n-th."""
    rated: dict[int, list[HistoryMoment]] = defaultdict(list)
    of_whole = select(Rating.publication_id, Rating.level, Rating.rated_at).join(Publication, Publication.id == Rating.publication_id)
    for publication_id, level, at in db.session.execute(of_whole.where(Publication.case_id.in_(found), Rating.about == WHOLE)):
        rated[publication_id].append(HistoryMoment(level, at, None))
    query = select(Publication.case_id, Publication.id, Publication.kind).where(Publication.case_id.in_(found))
    for case_id, id_, kind in db.session.execute(query.order_by(Publication.case_id, Publication.number)):
        found[case_id].given.append(GivenAnswer(id_, kind, min((each.at for each in rated[id_]), default=None)))
        found[case_id].moments += rated[id_]


def _read_mended(found: dict[int, History]) -> None:
    """How senders answered, weeks later, whether it is really mended."""
    query = select(MendedQuestion.case_id, MendedQuestion.asked_at, MendedQuestion.answer, MendedQuestion.answered_at)
    for case_id, asked_at, answer, answered_at in db.session.execute(query.where(MendedQuestion.case_id.in_(found))):
        found[case_id].moments.append(HistoryMoment("asked_mended", asked_at, None))
        if answered_at is not None:
            found[case_id].moments.append(HistoryMoment("mended" if answer == "yes" else "not_mended", answered_at, None))


def _read_refusals(found: dict[int, History]) -> None:
    query = select(Refusal.case_id, RefusalReason.key, Refusal.objection_upheld).join(RefusalReason, RefusalReason.id == Refusal.reason_id)
    for case_id, reason, is_upheld in db.session.execute(query.where(Refusal.case_id.in_(found)).order_by(Refusal.id)):
        found[case_id].refusals.append((reason, is_upheld))


def _read_promises(found: dict[int, History]) -> None:
    rested: dict[int, dict[datetime, datetime | None]] = defaultdict(dict)
    of_case = (Clock.case_id.in_(found), Clock.kind == ClockKind.CASE)
    rests = select(ClockPause.clock_id, ClockPause.since, ClockPause.due_before).join(Clock, Clock.id == ClockPause.clock_id)
    for clock_id, since, due in db.session.execute(rests.where(*of_case)):
        rested[clock_id][since] = due
    query = select(Clock.case_id, Clock.round, Clock.id, Clock.first_due_at, Clock.due_at, Clock.extended_at).where(*of_case)
    for case_id, round_, id_, first_due, due, extended in db.session.execute(query.order_by(Clock.id)):
        found[case_id].promises[round_] = Promise(first_due, due, extended, rested[id_])


def _read_acts_of_agencies(found: dict[int, History]) -> None:
    """What agencies asked for or had to redo moves with their assignment in a merge."""
    of_case = Assignment.case_id.in_(found)
    start = (Assignment.case_id, Assignment.agency_id)
    extended = select(*start, Extension.decided_at).join(Extension, Extension.assignment_id == Assignment.id)
    _add(found, "extended", extended.where(of_case, Extension.granted.is_(True)))
    handed_back = select(*start, HandBack.handed_back_at).join(HandBack, HandBack.assignment_id == Assignment.id)
    _add(found, "handed_back", handed_back.where(of_case))
    redone = select(*start, Decision.decided_at).join(Answer, Answer.assignment_id == Assignment.id)
    _add(found, "redone", redone.join(Decision, Decision.answer_id == Answer.id).where(of_case, Decision.verdict == "redo"))


def _add(found: dict[int, History], kind: str, query: Select[*tuple[Any, ...]]) -> None:
    rows: Iterable[Any] = db.session.execute(query)
    for case_id, agency_id, at in rows:
        found[case_id].moments.append(HistoryMoment(kind, at, agency_id))

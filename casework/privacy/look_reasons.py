"""The reason for a list that names senders: stored once, in the list's own stream, to which the looks at each sender point.

A reason is about all senders of a list, and may name one of them: in the history of each case it would survive the erasure of that
sender, and appear in the data copies of the others. Older looks hold the reason themselves; `gather_reasons` takes it out of them. A
payload can only be emptied as a whole (casework/events.py), so another event of the same history repeats the rest.
"""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, and_, select, tuple_, update

from casework.bilingual import Bilingual
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.events import append, empty_payloads, record
from casework.models import Event, EventStream, Output
from casework.models.events import LOOKS
from casework.permissions import SYSTEM, Actor
from casework.sentences import never
from casework.verbs import NO_KIND, Verb

LOOKED, GIVEN, RESTATED = "export_identity", "give_reason", "restate_look"
GONE = "…"
"""Replaces the reason in an order."""
ERASED = Bilingual(
    "Lý do đã bị xóa cùng dữ liệu của một người gửi. Vui lòng yêu cầu lại.",
    "The reason was erased with a sender's data. Please ask for it again.",
)
TOGETHER = 200
"""Looks read at a time while reasons are gathered."""

Payload = dict[str, Any]


def give_reason(output: str, reason: str, *, by: Actor, at: datetime) -> None:
    """Record why the list with this ref names senders, only once however often it is tried. Records `give_reason`."""
    if db.session.get(EventStream, _stream(output)) is None:
        append(_stream(output), GIVEN, by=by, at=at, payload={"reason": reason})


def payloads_told(events: Iterable[Event]) -> dict[int, Payload | None]:
    """The payloads of events by id: looks for a list get its reason, or None once it was erased."""
    events = list(events)
    again = _told_again([event for event in events if event.type == LOOKED and event.payload is None])
    told = {event.id: event.payload if event.payload is not None else again.get((event.stream, event.seq)) for event in events}
    pointing = {event.id: str(payload["output"]) for event in events if (payload := told[event.id]) and _points(event, payload)}
    reasons = _reasons_of(set(pointing.values()))
    return told | {id_: {**(told[id_] or {}), "reason": reasons.get(output)} for id_, output in pointing.items()}


def looks_of_output(output: str, *, since: datetime, most: int) -> list[Payload]:
    """The payloads of looks for one list; `since` is when it was ordered."""
    looked = select(Event.payload).where(LOOKS, Event.at >= since, Event.type == LOOKED, Event.case_id.is_not(None))
    emptied = select(Event.case_id).where(LOOKS, Event.at >= since, Event.type == LOOKED, Event.case_id.is_not(None), Event.salt.is_(None))
    again = select(Event.payload).where(Event.case_id.in_(emptied), Event.type == RESTATED)
    found = [db.session.scalars(query.where(_is_of({output})).limit(most)) for query in (looked, again)]
    return [payload for payloads in found for payload in payloads if payload]


def erase_reasons_given(outputs: Collection[str], *, at: datetime) -> None:
    """Erase the reasons for these lists, in events and orders. A list still to be made has to be ordered again, with a reason."""
    if not outputs:
        return
    empty_payloads(and_(Event.stream.in_([_stream(output) for output in outputs]), Event.type == GIVEN))
    of_them = update(Output).where(Output.ref.in_(outputs), Output.has_identity)
    ended = {"state": "failed", "ended_at": at, "leased_until": None, "error": ERASED.vi, "error_en": ERASED.en}
    for change in (of_them.where(Output.state.in_(("waiting", "making"))).values(ended), of_them.values(reason=GONE)):
        db.session.execute(change, execution_options={"synchronize_session": "fetch"})


def erase_reasons_within(outputs: Collection[str]) -> None:
    """Empty every look for these lists that holds the reason itself, written by an older program since they were gathered."""
    if outputs:
        query = select(Event.id).where(_holds_reason(), _is_of(outputs))
        empty_payloads(Event.id.in_(list(db.session.scalars(query))))


def gather_reasons(now: datetime) -> int:
    """Move the reasons of lists out of the looks that hold them themselves; returns how many looks. Records `give_reason` for each list,
    and for each look `restate_look` with all but the reason.

    Each case is a unit of work of its own, so that the next run continues after a kill.
    """
    gathered, after = 0, None
    while rows := _holding(after):
        after = (rows[-1].at, rows[-1].id)
        for case_id in sorted({row.case_id for row in rows}):
            with unit_of_work():
                gathered += _gather(case_id, now)
    return gathered


def _holding(after: tuple[datetime, int] | None) -> Sequence[Any]:
    query = select(Event.at, Event.id, Event.case_id).where(_holds_reason()).order_by(Event.at, Event.id).limit(TOGETHER)
    if after is not None:
        query = query.where(tuple_(Event.at, Event.id) > tuple_(*after))
    rows = db.session.execute(query).all()
    db.session.rollback()
    return rows


@Verb(RESTATED, None, kinds=NO_KIND, staff=never)
def _gather(case_id: int, now: datetime) -> int:
    case = lock_case(case_id)
    query = select(Event).where(_holds_reason(), Event.case_id == case_id).order_by(Event.seq)
    events = list(db.session.scalars(query.execution_options(populate_existing=True)))
    for event in events:
        told = dict(event.payload or {})
        give_reason(str(told["output"]), str(told.pop("reason")), by=SYSTEM, at=now)
        record(case, RESTATED, by=SYSTEM, at=now, seq=event.seq, **told)
    db.session.flush()
    empty_payloads(Event.id.in_([event.id for event in events]))
    db.session.expire_all()
    return len(events)


def _points(event: Event, payload: Payload) -> bool:
    return event.type == LOOKED and event.case_id is not None and "output" in payload and "reason" not in payload


def _told_again(events: Sequence[Event]) -> dict[tuple[str, int], Payload]:
    """The remaining payloads of events whose reason was taken out, by stream and number."""
    cases = {event.case_id for event in events if event.case_id is not None}
    if not cases:
        return {}
    query = select(Event.stream, Event.payload).where(Event.case_id.in_(cases), Event.type == RESTATED)
    found = [(row.stream, dict(row.payload)) for row in db.session.execute(query) if row.payload]
    return {(stream, payload.pop("seq")): payload for stream, payload in found}


def _reasons_of(outputs: Collection[str]) -> dict[str, str]:
    if not outputs:
        return {}
    streams = {_stream(output): output for output in outputs}
    query = select(Event.stream, Event.payload).where(Event.stream.in_(streams), Event.seq == 1)
    return {streams[row.stream]: str(row.payload["reason"]) for row in db.session.execute(query) if row.payload}


def _holds_reason() -> ColumnElement[bool]:
    is_look = and_(LOOKS, Event.type == LOOKED, Event.case_id.is_not(None))
    return and_(is_look, Event.payload["reason"].as_string().is_not(None), Event.payload["output"].as_string().is_not(None))


def _is_of(outputs: Collection[str]) -> ColumnElement[bool]:
    output: ColumnElement[str] = Event.payload["output"].as_string()
    return output.in_(outputs)


def _stream(output: str) -> str:
    return f"output:{output}"

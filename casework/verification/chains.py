"""Verifying that the history is intact: each stream's chain from its first event to its head.

Rows are read as a stream, so memory stays flat however many events there are. Findings name the event: changed, missing, swapped or cut
off at the end. Rewriting hashes and heads too is detected by `anchor_check.py`.
"""

from collections.abc import Iterable, Iterator
from itertools import groupby
from typing import Any

import orjson
from sqlalchemy import String, cast, exists, literal, select

from casework.db import db
from casework.events import START, chain_hash, payload_digest
from casework.findings import Finding, fault
from casework.models import Case, Event, EventStream

BATCH = 1000
"""Events read at a time."""

MOST_MISFITS = 100
"""Events of one stream that are compared to tell swapped ones from changed ones."""

CASE_STREAM = "case:"

LINK = (
    Event.stream, Event.seq, Event.type, Event.at, Event.case_id, Event.actor_id, Event.on_behalf_of_id, Event.salt, Event.payload_digest,
    Event.previous_hash, Event.hash,
)  # fmt: skip
"""What a hash covers, with the event's position: as columns, because making ten million objects would take longest."""
PAYLOAD = cast(Event.payload, String).label("payload")
"""As text: damaged JSON is a finding, not an error."""


def check_chains() -> Iterator[Finding]:
    """Walk every stream from its first event to its head."""
    query = (
        select(*LINK, PAYLOAD, EventStream.seq.label("head_seq"), EventStream.hash.label("head"), Case.code)
        .outerjoin(EventStream, EventStream.stream == Event.stream)
        .outerjoin(Case, Case.id == Event.case_id)
        .order_by(Event.stream, Event.seq)
        .execution_options(yield_per=BATCH)
    )
    for stream, rows in groupby(db.session.execute(query), key=lambda row: str(row.stream)):
        yield from _check_chain(stream, rows)
    yield from _emptied_streams()
    yield from _cases_without_stream()


def _check_chain(stream: str, rows: Iterable[Any]) -> Iterator[Finding]:
    expected, previous, misfits, head = 1, START, list[Any](), (None, None)
    for event in rows:
        head, code = (event.head_seq, event.head), event.code
        where = f"{stream}#{event.seq}" + (f" ({code})" if code else "")
        if event.seq != expected:
            yield _gap(stream, expected, event.seq, code)
        elif event.previous_hash != previous:
            yield fault(
                "chain.link", where,
                f"Sự kiện {where} không nối với sự kiện trước nó: mã băm trước không khớp.",
                f"The event {where} does not follow the one before it: the previous hash differs.",
            )  # fmt: skip
        yield from _check_event(event, where, code)
        if chain_hash(event) != event.hash and len(misfits) < MOST_MISFITS:
            misfits.append(event)
        expected, previous = event.seq + 1, event.hash
    yield from _misfits(misfits)
    yield from _check_head(stream, head, expected - 1, previous)


def _check_event(event: Any, where: str, code: str | None) -> Iterator[Finding]:
    if not _is_payload_whole(event.payload, event.salt, event.payload_digest):
        yield fault(
            "chain.payload", where,
            f"Nội dung sự kiện {where} đã bị sửa: không khớp với mã tóm tắt.",
            f"The content of the event {where} has been changed: it does not match its digest.",
        )  # fmt: skip
    if event.stream.startswith(CASE_STREAM) and (code is None or event.stream != f"{CASE_STREAM}{event.case_id}"):
        yield fault(
            "chain.case", where,
            f"Sự kiện {where} không thuộc hồ sơ nào đang có: hồ sơ của chuỗi này đã bị xóa hoặc bị thay.",
            f"The event {where} belongs to no case there is: the case of this stream was deleted or exchanged.",
        )  # fmt: skip


def _is_payload_whole(payload: str | None, salt: bytes | None, digest: str) -> bool:
    """Whether the content matches its digest, or was erased together with its salt."""
    if payload is None or payload == "null" or salt is None:
        return payload in (None, "null") and salt is None
    try:
        return payload_digest(orjson.loads(payload), salt) == digest
    except ValueError:
        return False


def _gap(stream: str, first: int, found: int, code: str | None) -> Finding:
    missing = f"{stream}#{first}" + (f"–{found - 1}" if found - 1 > first else "") + (f" ({code})" if code else "")
    return fault(
        "chain.gap", missing,
        f"Thiếu sự kiện {missing}: đã bị xóa khỏi giữa chuỗi.",
        f"The event {missing} is missing: it was deleted from the middle of the stream.",
    )  # fmt: skip


def _misfits(events: list[Any]) -> Iterator[Finding]:
    """Distinguish changed events from intact ones that have swapped places."""
    for event in events:
        subject = f"{event.stream}#{event.seq}"
        own_place = next((other.seq for other in events if other is not event and _hash_at(event, other.seq) == event.hash), None)
        if own_place is not None:
            yield fault(
                "chain.swapped", subject,
                f"Sự kiện {subject} bị đổi chỗ: đúng ra là sự kiện số {own_place} của chuỗi.",
                f"The event {subject} was swapped: it is the stream's event number {own_place}.",
            )  # fmt: skip
        else:
            yield fault(
                "chain.hash", subject,
                f"Sự kiện {subject} đã bị sửa: mã băm không khớp.",
                f"The event {subject} has been changed: its hash does not match.",
            )  # fmt: skip


def _hash_at(event: Any, seq: int) -> str:
    """The hash the event would have at another position."""
    return chain_hash(
        Event(
            stream=event.stream, seq=seq, type=event.type, at=event.at, case_id=event.case_id, actor_id=event.actor_id,
            on_behalf_of_id=event.on_behalf_of_id, payload_digest=event.payload_digest, previous_hash=event.previous_hash,
        )
    )  # fmt: skip


def _check_head(stream: str, head: tuple[int | None, str | None], last_seq: int, last_hash: str) -> Iterator[Finding]:
    head_seq, head_hash = head
    if head_seq is None:
        yield fault(
            "head.missing", stream,
            f"Chuỗi {stream} không có dòng đầu chuỗi: dòng này đã bị xóa.",
            f"The stream {stream} has no head: its row was deleted.",
        )  # fmt: skip
    elif head_seq > last_seq:
        yield fault(
            "head.cut", f"{stream}#{last_seq + 1}",
            f"Chuỗi {stream} bị cắt đuôi: có {head_seq} sự kiện nhưng chỉ còn đến số {last_seq}.",
            f"The end of the stream {stream} was cut off: it had {head_seq} events, and the last one left is number {last_seq}.",
        )  # fmt: skip
    elif (head_seq, head_hash) != (last_seq, last_hash):
        yield fault(
            "head.differs", stream,
            f"Dòng đầu chuỗi {stream} không khớp với sự kiện cuối (số {last_seq}).",
            f"The head of the stream {stream} does not agree with its last event (number {last_seq}).",
        )  # fmt: skip


def _emptied_streams() -> Iterator[Finding]:
    query = (
        select(EventStream.stream, EventStream.seq)
        .where(~exists().where(Event.stream == EventStream.stream))
        .execution_options(yield_per=BATCH)
    )
    for stream, seq in db.session.execute(query):
        yield fault(
            "chain.emptied", stream,
            f"Toàn bộ {seq} sự kiện của chuỗi {stream} đã bị xóa.",
            f"All {seq} events of the stream {stream} have been deleted.",
        )  # fmt: skip


def _cases_without_stream() -> Iterator[Finding]:
    stream_name = literal(CASE_STREAM) + cast(Case.id, String)
    query = select(Case.id, Case.code).where(~exists().where(EventStream.stream == stream_name)).execution_options(yield_per=BATCH)
    for case_id, code in db.session.execute(query):
        yield fault(
            "case.no_stream", code,
            f"Hồ sơ {code} không có chuỗi sự kiện {CASE_STREAM}{case_id}.",
            f"The case {code} has no stream of events {CASE_STREAM}{case_id}.",
        )  # fmt: skip

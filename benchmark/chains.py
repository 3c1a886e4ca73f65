"""The histories of copied cases: each event rewritten for its own case, with its own salt and hashes, and the timers of the processes.

Digests and hashes come from the functions every event uses.
"""

import os
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, cast

import orjson
import zstandard
from sqlalchemy import select

from benchmark.plan import Copy, CopyPlan, Named, Original
from casework.db import db
from casework.events import START, chain_hash, payload_digest
from casework.models import Event
from workflows.models import ProcessInstance

EVENT = (
    "id", "stream", "seq", "type", "at", "case_id", "actor_id", "on_behalf_of_id", "payload", "salt", "payload_digest", "previous_hash",
    "hash",
)  # fmt: skip
HEAD = ("stream", "seq", "hash", "changed_at")

DAY = re.compile(r"\d{4}-\d\d-\d\d")
INSTANT = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d+)?\+00:00")
SALT_BYTES = 16


@dataclass(slots=True)
class Link:
    """The fields of an event its hash covers."""

    stream: str
    seq: int
    type: str
    at: datetime
    case_id: int
    actor_id: int | None
    on_behalf_of_id: int | None
    payload_digest: str
    previous_hash: str


class Chains:
    """Events, chain heads and process states of copies."""

    def __init__(
        self, plan: CopyPlan, originals: Sequence[Original], *, areas: Named, agencies: Named, fields: Named, is_sqlite: bool
    ) -> None:
        self.stride, self.people, self.originals, self.is_sqlite = plan.stride, plan.turned.people, originals, is_sqlite
        self.standing = [{key: (named, place) for place, key in enumerate(named.keys)} for named in (areas, agencies, fields)]
        self.events = [db.session.execute(_events(original)).all() for original in originals]
        self.timed = [list(_timed_states(plan, block)) for block in range(len(plan.blocks))]
        self.heads: list[tuple[Any, ...]] = []
        """The ends of the chains told last."""

    def told(self, copies: Iterable[Copy]) -> Iterator[tuple[Any, ...]]:
        """The rows of the events of some copies; the heads of their chains are left in `heads`."""
        self.heads = []
        for copy in copies:
            original = self.originals[copy.block]
            case_id, back, previous = original.case_id + copy.number * self.stride, timedelta(minutes=copy.back), START
            stream, seq, at = f"case:{case_id}", 0, ""
            for event in self.events[copy.block]:
                payload, salt = self._told_of(event.payload, copy, original), os.urandom(SALT_BYTES)
                link = Link(
                    stream, event.seq, event.type, event.at - back, case_id, self._turned(event.actor_id, copy.number),
                    self._turned(event.on_behalf_of_id, copy.number), payload_digest(payload, salt), previous,
                )  # fmt: skip
                previous, seq, at = chain_hash(cast(Event, link)), event.seq, self._instant(link.at)
                yield (
                    event.id + copy.number * self.stride, stream, seq, event.type, at, case_id, link.actor_id, link.on_behalf_of_id,
                    orjson.dumps(payload).decode(), salt, link.payload_digest, link.previous_hash, previous,
                )  # fmt: skip
            self.heads.append((stream, seq, previous, at))

    def states(self, copies: Iterable[Copy]) -> Iterator[tuple[int, bytes]]:
        """The states of processes with timers, shifted back as far as their copies."""
        for copy in copies:
            back = timedelta(minutes=copy.back)
            for id_, tree, instants in self.timed[copy.block]:
                for instant in instants:
                    tree = tree.replace(instant, (datetime.fromisoformat(instant) - back).isoformat())
                yield id_ + copy.number * self.stride, zstandard.compress(tree.encode(), level=9)

    def _told_of(self, value: Any, copy: Copy, original: Original) -> Any:
        """A payload rewritten for the copy: its code, title, place, field, agencies and days."""
        if isinstance(value, Mapping):
            return {key: self._told_of(each, copy, original) for key, each in value.items()}
        if isinstance(value, list):
            return [self._told_of(each, copy, original) for each in value]
        if not isinstance(value, str):
            return value
        if value == original.code:
            return copy.code
        if value == original.title:
            return copy.title
        for standing in self.standing:
            if value in standing:
                named, place = standing[value]
                return named.keys[named.after(place, copy.number)]
        return _moved(value, timedelta(minutes=copy.back))

    def _turned(self, account_id: int | None, number: int) -> int | None:
        for people in self.people:
            if account_id in people:
                account_id = people[(people.index(account_id) + number) % len(people)]
        return account_id

    def _instant(self, at: datetime) -> str:
        return f"{at:%Y-%m-%d %H:%M:%S.%f}" if self.is_sqlite else at.isoformat()


def _events(original: Original) -> Any:
    columns = (Event.id, Event.seq, Event.type, Event.at, Event.actor_id, Event.on_behalf_of_id, Event.payload)
    return select(*columns).where(Event.stream == f"case:{original.case_id}").order_by(Event.seq)


def _timed_states(plan: CopyPlan, block: int) -> Iterator[tuple[int, str, set[str]]]:
    """Running processes whose states hold instants; nobody reads the state of an ended one."""
    ids = plan.rows["process_instance"][block]
    query = select(ProcessInstance.id, ProcessInstance.state).where(ProcessInstance.id.in_(ids), ProcessInstance.ended_at.is_(None))
    for id_, state in db.session.execute(query):
        tree = zstandard.decompress(state).decode()
        instants = set(INSTANT.findall(tree))
        if instants:
            yield id_, tree, instants


def _moved(value: str, back: timedelta) -> str:
    """A day or instant shifted back as far as the copy; any other text is unchanged."""
    if INSTANT.fullmatch(value):
        return (datetime.fromisoformat(value) - back).isoformat()
    return (date.fromisoformat(value) - back).isoformat() if DAY.fullmatch(value) else value

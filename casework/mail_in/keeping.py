"""Letters from the mailbox, kept sealed before anything is done with them: each once, however often it is fetched.

    keep (committed)  →  claim (committed)  →  the act, which takes the letter's key  →  mark (committed)

Whoever is killed between two of these leaves a claim that runs out; the act, done before, is not done again.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from casework.db import db, inserting, new_ref, unit_of_work
from casework.models import IncomingLetter
from casework.sealing.seal import lookup_digest, open_sealed, seal

RAW_PURPOSE = "letter that came"
KEY_PURPOSE, CONTENT_PURPOSE = "Message-ID that came", "body that came"
CLAIMED_FOR = timedelta(minutes=5)
MOST_ATTEMPTS = 5
KEPT_FOR = timedelta(days=30)
"""How long the trace of a letter stays after it was handled, and the letter itself where it is unclear."""

TOGETHER = 500
MOST_KEPT, MOST_KEPT_BYTES = 1_000, 2**30
"""Letters, and their bytes, that wait for a person; more are left in the mailbox, which has a limit of its own."""

LONGEST_HEAD = 256 * 1024
_MESSAGE_ID = re.compile(rb"^message-id:\s*(<[^<>\s]{3,250}>)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Kept:
    """A letter that was kept, now or before, and what has become of it."""

    id: int
    state: str


@dataclass(frozen=True, slots=True)
class Claimed:
    """A letter somebody works on. `key` names it for ever."""

    id: int
    key: str
    raw: bytes

    def __repr__(self) -> str:
        return f"Claimed({self.id})"


def keep_letter(raw: bytes, *, mailbox: str, now: datetime) -> Kept:
    """Keep a letter as it came. Of two with one Message-ID and one body the second is the first; with another body it is unclear. Commits.
    """
    head, content = _parted(raw)
    found = _MESSAGE_ID.search(head)
    said = found[1].decode("latin-1") if found else ""
    content_digest = lookup_digest(content.hex(), purpose=CONTENT_PURPOSE)
    key = lookup_digest(f"{mailbox} {said or content_digest + head.hex()}", purpose=KEY_PURPOSE)
    with unit_of_work():
        kept = _put(key, content_digest, raw, now)
        if kept.content_digest != content_digest:
            kept = _put(lookup_digest(f"{key} {content_digest}", purpose=KEY_PURPOSE), content_digest, raw, now, why="repeated")
        return Kept(kept.id, kept.state)


def note_left(name: str, *, mailbox: str, size: int, why: str, now: datetime) -> Kept:
    """Note a letter that stays in the mailbox, too large ("size") or not given by its server ("not_given"). Commits.

    `name` is the mailbox's own of it, `size` what the server says.
    """
    with unit_of_work():
        kept = _put(lookup_digest(f"{mailbox} {name}", purpose=KEY_PURPOSE), "", None, now, why=why, size=size)
        return Kept(kept.id, kept.state)


def has_room() -> bool:
    """Whether letters may be fetched, or as many wait already as people can look through."""
    table = IncomingLetter
    kept = select(table.size).where(table.state.in_(("waiting", "unclear")), table.sealed_raw.is_not(None)).limit(MOST_KEPT)
    count, size = db.session.execute(select(func.count(), func.coalesce(func.sum(kept.subquery().c.size), 0))).one()
    return bool(count < MOST_KEPT and size < MOST_KEPT_BYTES)


def waiting_letters(now: datetime, most: int) -> list[int]:
    """The rows of the oldest letters nobody has begun with."""
    table = IncomingLetter
    free = table.claimed_until.is_(None) | (table.claimed_until <= now)
    return list(db.session.scalars(select(table.id).where(table.state == "waiting", free).order_by(table.id).limit(most)))


def claim_letter(letter_id: int, *, now: datetime) -> Claimed | None:
    """Take a waiting letter for CLAIMED_FOR; None where somebody else has it. After MOST_ATTEMPTS it is unclear. Commits."""
    table = IncomingLetter
    with unit_of_work():
        is_free = table.claimed_until.is_(None) | (table.claimed_until <= now)
        claim = update(table).where(table.id == letter_id, table.state == "waiting", is_free)
        claim = claim.values(claimed_until=now + CLAIMED_FOR, attempts=table.attempts + 1)
        if not db.session.execute(claim, execution_options={"synchronize_session": False}).rowcount:  # type: ignore[attr-defined]
            return None
        row = db.session.get_one(table, letter_id, populate_existing=True)
        if row.attempts > MOST_ATTEMPTS or row.sealed_raw is None:
            row.state, row.why, row.handled_at, row.claimed_until = "unclear", "fault", now, None
            return None
        key, sealed = row.key, row.sealed_raw
    return Claimed(letter_id, key, open_sealed(sealed, purpose=RAW_PURPOSE))


def give_back(letter_id: int) -> None:
    """Let a letter be taken up again at once: the case was busy, or a server away. Commits."""
    with unit_of_work():
        db.session.execute(update(IncomingLetter).where(IncomingLetter.id == letter_id).values(claimed_until=None))


def mark_handled(letter_id: int, *, state: str, now: datetime, why: str | None = None, report_id: int | None = None) -> None:
    """Say what has become of a letter; only one that is unclear is kept any longer. In the caller's unit of work."""
    values: dict[str, object] = {"state": state, "why": why, "report_id": report_id, "handled_at": now, "claimed_until": None}
    if state != "unclear":
        values["sealed_raw"] = None
    db.session.execute(update(IncomingLetter).where(IncomingLetter.id == letter_id).values(values))


def forget_old_letters(now: datetime) -> None:
    """Delete letters handled more than KEPT_FOR ago, at most TOGETHER."""
    query = select(IncomingLetter.id).where(IncomingLetter.handled_at < now - KEPT_FOR)
    ids = list(db.session.scalars(query.order_by(IncomingLetter.handled_at).limit(TOGETHER)))
    if ids:
        db.session.execute(delete(IncomingLetter).where(IncomingLetter.id.in_(ids)))


def _put(key: str, content_digest: str, raw: bytes | None, now: datetime, *, why: str | None = None, size: int = 0) -> IncomingLetter:
    row = {
        "key": key, "content_digest": content_digest, "sealed_raw": seal(raw, purpose=RAW_PURPOSE) if raw is not None else None,
        "state": "unclear" if why else "waiting", "why": why, "received_at": now, "handled_at": now if why else None,
        "ref": new_ref(), "size": len(raw) if raw is not None else size,
    }  # fmt: skip
    known = db.session.scalar(select(IncomingLetter).where(IncomingLetter.key == key))
    if known is None:
        db.session.execute(inserting(IncomingLetter.__table__).values(row).on_conflict_do_nothing(index_elements=["key"]))
        known = db.session.scalars(select(IncomingLetter).where(IncomingLetter.key == key)).one()
    return known


def _parted(raw: bytes) -> tuple[bytes, bytes]:
    """Head and body; a letter without an empty line is all head."""
    ends = [(end, end + len(line)) for line in (b"\r\n\r\n", b"\n\n") if (end := raw.find(line)) >= 0]
    end, begin = min(ends, default=(len(raw), len(raw)))
    return raw[: min(end, LONGEST_HEAD)], raw[begin:]

"""The list of erased and quarantined data, by refs only: kept separately from the backups, for repeating erasures after an older one is
restored.

Erasures under the retention rule are not on it, because their job repeats them by itself (casework.rights.masking).
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select

from casework.db import db, inserting
from casework.models import Case, Event, Forgotten

IS_HAND_OVER = Event.type == "hand_over"
"""An event after which nobody has the content any more."""

ACCOUNT, REPORT, QUARANTINE, HAND_OVER, AREA = "account", "report", "quarantine", "hand_over", "area"
KINDS = (ACCOUNT, REPORT, QUARANTINE, HAND_OVER, AREA)
TOGETHER = 1_000


@dataclass(frozen=True, slots=True)
class ErasureEntry:
    """One entry of the list."""

    kind: str
    subject: str
    at: datetime


def note_forgotten(kind: str, subject: str, *, at: datetime) -> None:
    """Record that an account, report or case was erased or quarantined, or that somebody ended following an area; once however often."""
    if kind not in KINDS:
        raise ValueError(f"nothing is forgotten as {kind}")
    db.session.execute(inserting(Forgotten).values(kind=kind, subject=subject, at=at).on_conflict_do_nothing())


def forgotten_since(since: datetime | None = None) -> Iterator[ErasureEntry]:
    """The whole list, or the entries since an instant; oldest first."""
    after = 0
    query = select(Forgotten.id, Forgotten.kind, Forgotten.subject, Forgotten.at)
    if since is not None:
        query = query.where(Forgotten.at >= since)
    while rows := db.session.execute(query.where(Forgotten.id > after).order_by(Forgotten.id).limit(TOGETHER)).all():
        yield from (ErasureEntry(row.kind, row.subject, row.at) for row in rows)
        after = rows[-1].id


def handed_over_at(case: Case) -> datetime | None:
    """When the content was erased; None while the confidential readers still have it."""
    return db.session.scalar(select(Event.at).where(Event.case_id == case.id, IS_HAND_OVER))

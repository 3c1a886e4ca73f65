"""Rehearsals as people read them: one of a version, the newest of a kind, and which of other centres they see."""

from collections.abc import Collection

from sqlalchemy import Select, select
from sqlalchemy.orm import defer, joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.permissions import Action, Actor
from workflows.models import ProcessVersion, Rehearsal
from workflows.rehearsal.running import SCENARIOS
from workflows.versions.live import scopes_with

MOST_LOOKED_AT = 20
_READ = (joinedload(Rehearsal.basis), joinedload(Rehearsal.asked_by), defer(Rehearsal.result))


class RehearsalUnknown(CaseworkError):
    """The person sees no such rehearsal."""

    def __init__(self) -> None:
        super().__init__("Không tìm thấy lần diễn tập này.", "There is no such rehearsal.")


def rehearsal_for(by: Actor, version: ProcessVersion, ref: str) -> Rehearsal:
    """Return one rehearsal of a version the person reads. Raises RehearsalUnknown."""
    row = db.session.scalars(select(Rehearsal).where(Rehearsal.ref == ref, Rehearsal.version_id == version.id).options(*_READ)).first()
    if row is None or not _sees(by, row):
        raise RehearsalUnknown
    return row


def newest_of(version: ProcessVersion, kind: str, *, by: Actor) -> Rehearsal | None:
    """Return the newest request for a version, whatever became of it: for its present text, else for an earlier one."""
    scopes = scopes_with(by, Action.REHEARSE)
    own = None if None in scopes else frozenset(each for each in scopes if each is not None)
    query = select(Rehearsal).where(Rehearsal.version_id == version.id, Rehearsal.kind == kind).options(*_READ)
    for of_text in (query.where(Rehearsal.sha256 == version.sha256), query):
        row = newest_about(of_text, own) or (_first(of_text.where(Rehearsal.centre_id.is_(None))) if kind == SCENARIOS and scopes else None)
        if row is not None:
            return row
    return None


def newest_about(query: Select[Rehearsal], centres: frozenset[int] | None) -> Rehearsal | None:
    """Return the newest row about centres a person reads (None: all), however many about other centres came after it.

    A person who reads all centres gets a row about several or all of them first.
    """
    if centres is None:
        return _first(query.where(Rehearsal.centre_id.is_(None))) or _first(query)
    found = [row for row in (_first(query.where(Rehearsal.centre_id.in_(centres))),) if row is not None]
    if len(centres) > 1:
        several = query.where(Rehearsal.centre_id.is_(None)).order_by(Rehearsal.id.desc()).limit(MOST_LOOKED_AT)
        found += [row for row in db.session.scalars(several) if _is_within(row, centres)][:1]
    return max(found, key=lambda row: row.id, default=None)


def _first(query: Select[Rehearsal]) -> Rehearsal | None:
    return db.session.scalars(query.order_by(Rehearsal.id.desc()).limit(1)).first()


def _is_within(row: Rehearsal, centres: Collection[int | None]) -> bool:
    """Whether a row not about one centre is about only these centres."""
    about = row.wishes.get("centres")
    return about is not None and set(about) <= set(centres)


def _sees(by: Actor, row: Rehearsal) -> bool:
    """Case counts of a centre are for those who rehearse there."""
    scopes = scopes_with(by, Action.REHEARSE)
    if None in scopes or (row.centre_id is not None and row.centre_id in scopes):
        return True
    return bool(scopes) and row.centre_id is None and (row.kind == SCENARIOS or _is_within(row, scopes))

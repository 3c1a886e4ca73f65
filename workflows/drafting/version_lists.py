"""The versions of each scope as the studio lists them, with how many open cases run on each."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from itertools import islice

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Case, Centre
from casework.permissions import Action, Actor
from workflows.models import OF_THE_CASE, ProcessInstance, ProcessVersion
from workflows.versions.events import why_not_approve
from workflows.versions.live import FIELD_REPORT, SHIPPED, centres_counted, in_scope, may_in_scope, scopes_with

MOST_VERSIONS = 30
MOST_LOOKED_AT = 300
"""Submitted versions searched for those the reader may approve."""
MOST_DISCARDED = 10
MOST_CENTRES = 50
MOST_COUNTED = 1000
"""Open cases of a version are counted up to here; a page says 999+ then."""
OPEN = ("running", "suspended", "incident")


@dataclass(frozen=True, slots=True)
class VersionSeen:
    """A version in a list. `open_cases` counts the reader's centres only, up to MOST_COUNTED; None if cases do not run on it."""

    version: ProcessVersion
    open_cases: int | None


@dataclass(frozen=True, slots=True)
class ScopeSeen:
    """The versions of one process in one scope, newest first and always including the live one; centre None is the installation."""

    key: str
    centre: Centre | None
    versions: tuple[VersionSeen, ...]
    discarded: tuple[ProcessVersion, ...]
    has_more: bool
    may_edit: bool

    @property
    def runs_cases(self) -> bool:
        """Whether cases run on the versions; not for a decision table."""
        return self.key == FIELD_REPORT

    @property
    def live(self) -> ProcessVersion | None:
        """The version new cases of the scope begin on; None if the installation's applies."""
        return next((each.version for each in self.versions if each.version.state == "live"), None)


def versions_seen(by: Actor, *, key: str | None = None) -> list[ScopeSeen]:
    """Return the scopes a person may read, for one process or all: the installation first, then their centres and those with versions."""
    if not scopes_with(by, Action.READ_PROCESS):
        return []
    keys = [key] if key else list(SHIPPED)
    centres = _centres_seen(by)
    return [_scope(each, centre, by) for each in keys for centre in (None, *centres)]


def versions_to_approve(by: Actor, *, now: datetime) -> list[ProcessVersion]:
    """Return the versions waiting for the person's approval, oldest first: submitted within their scopes, and not written by them or
    anybody they are tied to."""
    scopes = scopes_with(by, Action.APPROVE_PROCESS)
    if not scopes:
        return []
    query = select(ProcessVersion).where(ProcessVersion.state == "checked").order_by(ProcessVersion.id).limit(MOST_LOOKED_AT)
    if None not in scopes:
        query = query.where(ProcessVersion.centre_id.in_(scopes))
    # the writers are in a version's history, which is read for as many versions as needed
    others = (row for row in db.session.scalars(query) if why_not_approve(row, by=by, now=now) is None)
    return list(islice(others, MOST_VERSIONS))


def places_to_edit(by: Actor) -> list[Centre | None]:
    """Return the scopes in which the person may begin a draft; None is the installation."""
    own = scopes_with(by, Action.EDIT_PROCESS)
    query = select(Centre).order_by(Centre.id).limit(MOST_CENTRES)
    centres = db.session.scalars(query if None in own else query.where(Centre.id.in_(own))).all()
    return [*([None] if None in own else []), *centres]


def open_cases_of(versions: Collection[ProcessVersion], *, by: Actor) -> dict[int, int]:
    """Return by version how many cases of the reader's centres run on it, each counted up to MOST_COUNTED."""
    counted = [version for version in versions if version.key == FIELD_REPORT and version.live_at is not None]
    if not counted:
        return {}
    centres = centres_counted(by)
    numbers = db.session.execute(select(*[_count(version.id, centres) for version in counted])).one()
    return {version.id: number for version, number in zip(counted, numbers, strict=True)}


def _count(version_id: int, centres: Collection[int] | None) -> ScalarSelect[int]:
    # filtered by process_id, since `assignment_id IS NULL` would make SQLite use that index and read every case there ever was
    cases = select(ProcessInstance.id).where(
        ProcessInstance.status.in_(OPEN), ProcessInstance.version_id == version_id, ProcessInstance.process_id == OF_THE_CASE
    )
    if centres is not None:
        cases = cases.join(Case, ProcessInstance.case_id == Case.id).where(Case.centre_id.in_(centres))
    return select(func.count()).select_from(cases.limit(MOST_COUNTED).subquery()).scalar_subquery()


def _centres_seen(by: Actor) -> list[Centre]:
    """The person's centres, or for a role of the installation those with versions of their own."""
    scopes = scopes_with(by, Action.READ_PROCESS)
    owning = select(ProcessVersion.centre_id).where(ProcessVersion.centre_id.is_not(None))
    shown = Centre.id.in_(scopes - {None})
    query = select(Centre).where(shown | Centre.id.in_(owning) if None in scopes else shown)
    return list(db.session.scalars(query.order_by(Centre.id).limit(MOST_CENTRES)))


def _scope(key: str, centre: Centre | None, by: Actor) -> ScopeSeen:
    centre_id = centre.id if centre else None
    query = select(ProcessVersion).where(*in_scope(key, centre_id)).order_by(ProcessVersion.number.desc())
    query = query.options(joinedload(ProcessVersion.author))
    is_discarded = (ProcessVersion.state == "retired") & ProcessVersion.live_at.is_(None)
    rows = list(db.session.scalars(query.where(~is_discarded).limit(MOST_VERSIONS + 1)))
    shown = rows[:MOST_VERSIONS]
    if len(rows) > MOST_VERSIONS and all(row.state != "live" for row in shown):
        shown += db.session.scalars(query.where(ProcessVersion.state == "live"))
    counts = open_cases_of(shown, by=by)
    return ScopeSeen(
        key=key,
        centre=centre,
        versions=tuple(VersionSeen(row, counts.get(row.id)) for row in shown),
        discarded=tuple(db.session.scalars(query.where(is_discarded).limit(MOST_DISCARDED))),
        has_more=len(rows) > MOST_VERSIONS,
        may_edit=may_in_scope(by, Action.EDIT_PROCESS, centre_id),
    )

"""The public map: published cases with an exact place as points, all others counted at their commune.

A case has no point before its first publication, nor where the publication does not show the exact place (rules.md, section 2); sensitive
cases are not on the map.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import func, select
from sqlalchemy.orm import load_only

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import local_day
from casework.models import Area, Case, Publication, PublicationVersion
from casework.public.filters import PublicFilter, matching
from casework.public.limits import is_late_by_day
from casework.public.progress import progress_of
from casework.public.search import found_by_words
from casework.publications import PUBLIC_KINDS
from casework.states import Progress

MOST_POINTS = 500
"""Cases on one map, the newest that match."""


@dataclass(frozen=True, slots=True)
class MapPoint:
    code: str
    title: str
    latitude: float
    longitude: float
    progress: Progress
    is_late: bool
    is_urgent: bool
    opened_on: date


@dataclass(frozen=True, slots=True)
class CommuneSpot:
    """The cases of a commune without a point: how many, and the commune's position, if known."""

    area_ref: str
    name: Bilingual
    latitude: float | None
    longitude: float | None
    cases: int


@dataclass(frozen=True, slots=True)
class PublicMap:
    """The points and counts of a filter. `elsewhere` are cases of unknown commune; `is_more`: older ones are not on it."""

    points: tuple[MapPoint, ...]
    spots: tuple[CommuneSpot, ...]
    elsewhere: int
    is_more: bool


def public_map(wanted: PublicFilter, *, now: datetime) -> PublicMap:
    """The map of a filter: the newest MOST_POINTS matching cases, or with words the best."""
    if wanted.words.strip():
        found = found_by_words(wanted)
        ids, is_more = found.ids, found.is_more
    else:
        match = matching(wanted, most=MOST_POINTS + 1)
        ids, is_more = match.ids, len(match.ids) > MOST_POINTS or match.goes_on_at is not None
    cases = _cases(ids[:MOST_POINTS])
    shown = _exact_titles([case.id for case in cases if case.is_public and case.latitude is not None and case.longitude is not None])
    points = tuple(
        MapPoint(case.code, shown[case.id], case.latitude or 0, case.longitude or 0, progress_of(case), is_late_by_day(case, now),
              case.is_urgent, local_day(case.opened_at))
        for case in cases
        if case.id in shown
    )  # fmt: skip
    counted = Counter(case.area_id for case in cases if case.id not in shown)
    return PublicMap(points, tuple(spots_of(counted)), counted[None], is_more)


def _cases(ids: Sequence[int]) -> list[Case]:
    columns = (Case.code, Case.state, Case.state_before, Case.reopened, Case.area_id, Case.latitude, Case.longitude, Case.is_public,
               Case.opened_at, Case.due_at, Case.answered_at, Case.closed_at, Case.urgency, Case.version)  # fmt: skip
    query = select(Case).where(Case.id.in_(ids)).options(load_only(*columns)).order_by(Case.opened_at.desc(), Case.id.desc())
    return list(db.session.scalars(query)) if ids else []


def _exact_titles(case_ids: Sequence[int]) -> dict[int, str]:
    """The titles of those whose present publication shows the exact place."""
    query = (
        select(Publication.case_id, PublicationVersion.title, PublicationVersion.shows_exact_place)
        .join(PublicationVersion, PublicationVersion.publication_id == Publication.id)
        .where(Publication.case_id.in_(case_ids), Publication.kind.in_(PUBLIC_KINDS), Publication.unpublished_at.is_(None))
        .order_by(Publication.number, PublicationVersion.version)
    )
    newest = {case_id: (title, is_exact) for case_id, title, is_exact in db.session.execute(query)} if case_ids else {}
    return {case_id: title for case_id, (title, is_exact) in newest.items() if is_exact}


def spots_of(counted: Mapping[int | None, int]) -> list[CommuneSpot]:
    """The positions of communes with counted cases, by name."""
    ids = [area_id for area_id in counted if area_id is not None]
    middle = (Area.south + Area.north) / 2, (Area.west + Area.east) / 2
    latitude, longitude = func.coalesce(Area.latitude, middle[0]), func.coalesce(Area.longitude, middle[1])
    query = select(Area.id, Area.ref, Area.name_vi, Area.name_en, latitude, longitude).where(Area.id.in_(ids)).order_by(Area.folded_name)
    rows = db.session.execute(query).all() if ids else []
    return [CommuneSpot(ref, Bilingual(vi, en), at, across, counted[id_]) for id_, ref, vi, en, at, across in rows]

"""The entries of a feed of the public list: the facts of the list, when they last changed, and a point where it is public."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import and_, select

from casework.db import db
from casework.local_time import local_day, midnight
from casework.models import Case, Publication, PublicationVersion
from casework.public.cases import PublicItem, newest_published, public_items
from casework.public.filters import PublicFilter, PublicState, matching
from casework.public.search import found_by_words
from casework.publications import PUBLIC_KINDS

MOST_ENTRIES = 50


@dataclass(frozen=True, slots=True)
class FeedItem:
    """One entry. `changed_at` is when its words last changed; before the first publication only to the day (local midnight), as
    `filed_at` always is. `question` is empty before the first publication."""

    item: PublicItem
    filed_at: datetime
    changed_at: datetime
    question: str = ""
    point: tuple[float, float] | None = None


MOST_LISTED = 1_000
"""Cases in a file of the public list, limited because it is made while somebody waits."""


def listed_items(wanted: PublicFilter) -> list[PublicItem]:
    if wanted.words.strip():
        return public_items(sorted(found_by_words(wanted).ids, reverse=True)[:MOST_LISTED])
    return public_items(matching(wanted, most=MOST_LISTED).ids)


def feed_items(wanted: PublicFilter) -> list[FeedItem]:
    """The newest cases of a filter; for answered ones without another filter, the last published."""
    if wanted == PublicFilter(state=PublicState.ANSWERED):
        items = newest_published(size=MOST_ENTRIES)
    elif wanted.words.strip():
        items = public_items(sorted(found_by_words(wanted).ids)[-MOST_ENTRIES:])
    else:
        items = public_items(matching(wanted, most=MOST_ENTRIES).ids)
    facts = _facts([item.code for item in items])
    return [_entry(item, *facts[item.code]) for item in items if item.code in facts]


def _facts(codes: list[str]) -> dict[str, tuple[Case, PublicationVersion | None]]:
    """The cases, with the version of each that people read now."""
    is_read = and_(Publication.case_id == Case.id, Publication.kind.in_(PUBLIC_KINDS), Publication.unpublished_at.is_(None))
    query = (
        select(Case, PublicationVersion)
        .outerjoin(Publication, is_read)
        .outerjoin(PublicationVersion, PublicationVersion.publication_id == Publication.id)
        .where(Case.code.in_(codes))
        .order_by(Publication.number, PublicationVersion.version)
    )
    return {case.code: (case, version) for case, version in db.session.execute(query)} if codes else {}


def _entry(item: PublicItem, case: Case, version: PublicationVersion | None) -> FeedItem:
    filed_at = midnight(local_day(case.opened_at))
    if version is None or item.title is None:
        return FeedItem(item, filed_at, midnight(local_day(max(case.accepted_at or case.opened_at, case.opened_at))))
    point = (case.latitude, case.longitude) if case.latitude is not None and case.longitude is not None else None
    return FeedItem(item, filed_at, version.written_at, version.question, point if version.shows_exact_place else None)

"""The one-time links of the centres of an administrator that nobody has answered or revoked, and that have not run out."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import contains_eager

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.links.holding import Standing, standing_of
from casework.doors.links.reading import body_of
from casework.models import Account, Assignment, Case, Referral, ReplyLink
from casework.permissions import Actor
from casework.settings.scopes import administered_centres, is_of

PAGE = 50


@dataclass(frozen=True, slots=True)
class OpenLink:
    """A link as an administrator sees it: neither its address, nor its code, nor what it asks."""

    ref: str
    code: str
    body: Bilingual
    made_by: str
    sent_at: datetime
    until: datetime
    standing: Standing


@dataclass(frozen=True, slots=True)
class LinkPage:
    """Some links, the one that ends first before the others, and the ref after which the next page starts; None at the end."""

    links: list[OpenLink]
    next_after: str | None


def open_links(by: Actor, *, now: datetime, after: str | None = None) -> LinkPage:
    """Those of the centres the person administers; a page begins after the link of that ref. Walked along the index of open links."""
    query = _of_centres(by).order_by(ReplyLink.expires_at, ReplyLink.id)
    query = query.where(ReplyLink.answered_at.is_(None), ReplyLink.revoked_at.is_(None), ReplyLink.expires_at > now)
    last = _place_of(after) if after else None
    if last is not None:
        expires_at, id_ = last
        query = query.where(ReplyLink.expires_at >= expires_at, or_(ReplyLink.expires_at > expires_at, ReplyLink.id > id_))
    found = db.session.execute(query.limit(PAGE + 1)).all()
    rows = [_seen(link, case, name, now) for link, case, name in found[:PAGE]]
    return LinkPage(rows, rows[-1].ref if len(found) > PAGE else None)


def link_of_centre(by: Actor, ref: str) -> ReplyLink | None:
    """A link of a case of these centres, read anew, also one that is not open any more."""
    query = _of_centres(by).where(ReplyLink.ref == ref).execution_options(populate_existing=True)
    return db.session.scalars(query).one_or_none()


def _of_centres(by: Actor) -> Select[ReplyLink, Case, str | None]:
    query = select(ReplyLink, Case, Account.full_name)
    query = query.outerjoin(ReplyLink.referral).outerjoin(ReplyLink.assignment).outerjoin(Assignment.agency)
    query = query.join(Case, Case.id == func.coalesce(Referral.case_id, Assignment.case_id))
    query = query.join(Account, Account.id == ReplyLink.sent_by_id)
    query = query.where(Case.quarantined_at.is_(None), is_of(administered_centres(by.alone), Case.centre_id))
    agency = contains_eager(ReplyLink.assignment).contains_eager(Assignment.agency)
    return query.options(contains_eager(ReplyLink.referral), agency)


def _place_of(ref: str) -> tuple[datetime, int] | None:
    """Where in the list a link stands, also one that is not open any more."""
    row = db.session.execute(select(ReplyLink.expires_at, ReplyLink.id).where(ReplyLink.ref == ref)).first()
    return (row.expires_at, row.id) if row is not None else None


def _seen(link: ReplyLink, case: Case, made_by: str | None, now: datetime) -> OpenLink:
    return OpenLink(
        ref=link.ref, code=case.code, body=body_of(link), made_by=made_by or "", sent_at=link.sent_at, until=link.expires_at,
        standing=standing_of(link, case, now),
    )  # fmt: skip

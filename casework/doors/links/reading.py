"""What is read of links: by the body that holds one, and by staff on the page of the case."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import ColumnElement, CompoundSelect, bindparam, select, union_all
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.casefile.views import SeenPhoto, photos_seen
from casework.db import db
from casework.doors.links.answering import DONE, Signed, signed_by
from casework.doors.links.holding import holds
from casework.doors.links.secrets import code_of, secret_of
from casework.doors.links.sending import is_opened_by_code
from casework.intake.file_report import cleared_words
from casework.models import Addition, Assignment, Case, File, Photo, Referral, ReplyLink
from casework.permissions import Action, Actor, may
from casework.permissions.sight import Sight, sees
from casework.photos.records import copy_for, photos_of_links, photos_of_report
from casework.places.points import exact_point
from casework.reading.counting import Counted

MOST = 50


@dataclass(frozen=True, slots=True)
class ShownCase:
    """What a body outside reads: what was cleared for agencies, and nothing of the sender, other agencies or the history."""

    code: str
    title: str
    texts: tuple[str, ...]
    photos: tuple[SeenPhoto, ...]
    area: Bilingual | None
    village: str | None
    place: str | None
    point: tuple[float, float] | None
    asked: str
    until: datetime


@dataclass(frozen=True, slots=True)
class SeenLink:
    """A link on the page of its case, and what came by it."""

    ref: str
    body: Bilingual
    asked: str
    sent_at: datetime
    until: datetime
    holds: bool
    why_ended: str | None
    why_revoked: str | None
    """In the administrator's words."""
    answered_at: datetime | None
    outcome: str | None
    ready_on: date | None
    parts: dict[str, str]
    signed: Signed | None
    photos: tuple[SeenPhoto, ...]
    can_manage: bool
    """Also who is told the telephone of who answered."""


@dataclass(frozen=True, slots=True)
class ToTell:
    """What opens a link, to be read out by whoever may send one."""

    secret: str
    code: str | None


def shown_case(link: ReplyLink, case: Case) -> ShownCase:
    """What the holder of a link reads; the caller has seen to it that the link holds."""
    reports = [each.report for each in case.reports if each.left_at is None]
    texts = [words for report in reports if (words := cleared_words(report))]
    added = select(Addition.cleared_words).where(
        Addition.case_id == case.id, Addition.report_id.in_([report.id for report in reports]), Addition.cleared_words.is_not(None)
    )
    more = [words for words in db.session.scalars(added.order_by(Addition.id).limit(MOST)) if words]
    point = exact_point(case) if link.with_place else None
    return ShownCase(
        code=case.code, title=case.title or "", texts=(*texts, *more),
        photos=tuple(photo for report in reports for photo in photos_seen(photos_of_report(report), "agencies")),
        area=case.area.name if case.area is not None else None, village=case.village,
        place=case.place if link.with_place else None, point=point, asked=link.asked, until=link.expires_at,
    )  # fmt: skip


def photo_shown(case: Case, ref: str) -> File | None:
    """The cleared copy of a photo of the case's reports, for the holder of a link; None for any other photo."""
    present = [each.report for each in case.reports if each.left_at is None]
    photo = next((photo for report in present for photo in photos_of_report(report) if photo.ref == ref), None)
    return copy_for(photo, "agencies", "view") if photo is not None else None


def links_counted(ref: str) -> Counted:
    """How many links a case has, to be counted with other numbers of its page."""
    return Counted(_OF_CASE, {"links_of": ref})


def links_seen(case: Case, by: Actor, now: datetime) -> list[SeenLink]:
    """The links of a case the person may know of, newest first: the centre's and the committee's all, an agency's its own."""
    if case.quarantined_at is not None:
        return []
    sees_all, manages = sees(by, Sight.SUBMITTED_ANSWERS, case), may(by, Action.SEND_LINK, case)
    rows = [row for row in _rows(case) if sees_all or (row.assignment is not None and by.works_for(row.assignment, case))]
    photos = photos_of_links([row.id for row in rows if row.answered_at is not None])
    return [_seen(row, case, now, photos.get(row.id, []), manages=manages) for row in rows]


def link_seen(case: Case, ref: str, by: Actor) -> ReplyLink | None:
    """A link of the case, for whoever may send one."""
    if case.quarantined_at is not None or not may(by, Action.SEND_LINK, case):
        return None
    return next((row for row in _rows(case) if row.ref == ref), None)


def to_tell(link: ReplyLink, case: Case, now: datetime) -> ToTell | None:
    """What to read out or send; None once the link holds no longer."""
    if not holds(link, case, now):
        return None
    return ToTell(secret_of(link.ref), code_of(link.ref) if is_opened_by_code(link, case) else None)


def body_of(link: ReplyLink) -> Bilingual:
    """Whom it was made for."""
    if link.assignment is not None:
        return link.assignment.agency.name
    words = link.referral.body if link.referral is not None else ""
    return Bilingual(words, words)


def _seen(row: ReplyLink, case: Case, now: datetime, photos: Sequence[Photo], *, manages: bool) -> SeenLink:
    parts = {"reason": row.reason, "findings": row.findings, "actions": row.actions, "remaining": row.remaining}
    outcome = (row.outcome or DONE) if row.answered_at is not None else None
    return SeenLink(
        ref=row.ref, body=body_of(row), asked=row.asked, sent_at=row.sent_at, until=row.expires_at, holds=holds(row, case, now),
        why_ended=row.revoked_for, why_revoked=row.revoked_reason, answered_at=row.answered_at, outcome=outcome, ready_on=row.ready_on,
        parts={key: words for key, words in parts.items() if words},
        signed=signed_by(row), photos=photos_seen(list(photos), "centre"), can_manage=manages,
    )  # fmt: skip


def _ids(which: ColumnElement[bool]) -> CompoundSelect[int]:
    """The links of the referrals and of the agencies' work of some case, each found by its index."""
    referred = select(ReplyLink.id).join(Referral, Referral.id == ReplyLink.referral_id).join(Case, Case.id == Referral.case_id)
    assigned = select(ReplyLink.id).join(Assignment, Assignment.id == ReplyLink.assignment_id).join(Case, Case.id == Assignment.case_id)
    return union_all(referred.where(which), assigned.where(which))


def _rows(case: Case) -> list[ReplyLink]:
    query = select(ReplyLink).where(ReplyLink.id.in_(_ids(Case.id == case.id))).order_by(ReplyLink.id.desc()).limit(MOST)
    return list(db.session.scalars(query.options(joinedload(ReplyLink.referral), joinedload(ReplyLink.assignment))))


_COUNTED = _ids(Case.ref == bindparam("links_of")).subquery()
_OF_CASE = select(_COUNTED.c.id).limit(MOST)

"""Making and revoking links: whoever refers or distributes a case says in a sentence what is asked, and until when it can be answered."""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import ColumnElement, or_, select

from casework.calendars import calendar_of
from casework.db import db, new_ref
from casework.doors.gates import Door, is_open
from casework.doors.links import sentences
from casework.doors.links.holding import can_answer
from casework.doors.links.secrets import digest_of, secret_of
from casework.doors.links.telling import send
from casework.errors import CaseworkError
from casework.events import record
from casework.local_time import local_day
from casework.models import Account, Assignment, Case, Membership, Referral, ReplyLink
from casework.outbox import tell_desk
from casework.pausing.referrals import NOT_REFERRED, open_referral
from casework.permissions import AGENCY_ROLES, Action, Actor, Role, may, require
from casework.privacy.identity import Contact, open_contact, seal_contact
from casework.setting_values import value_of
from casework.settings.people import fit_email
from casework.states import Pause
from casework.text import normal
from casework.verbs import MESSAGE, Input, Situation, Verb

LONGEST_ASKED = 2_000
MOST_DAYS = 30
LONGEST_EMAIL = 254
LONGEST_REASON = 500
LOOKED_AT = 50
"""Work of an agency among which the address last used for it is looked for."""


class LinkRefused(CaseworkError):
    """The link cannot be made or revoked like this; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SendLinkInput(Input):
    asked: str
    days: int | None = None
    """How many days it holds; None: what is set for the centre."""
    with_place: bool = False
    with_code: bool = False
    email: str = ""
    """Where it is sent; nothing: it is read out."""


def is_for_referral(at: Situation) -> bool:
    """A case that is with another body, where the door is open."""
    case = at.case
    return case.paused_for == Pause.REFERRAL and case.merged_into_id is None and is_open(Door.LINKS, case.centre_id)


def agencies_without_people(at: Situation) -> list[Assignment]:
    """The work under way of agencies nobody of which signs in, where the door is open."""
    rows = [row for row in at.case.assignments if can_answer(row)]
    if not rows or not is_open(Door.LINKS, at.case.centre_id):
        return []
    staffed = with_people({row.agency_id for row in rows}, local_day(at.now))
    return [row for row in rows if row.agency_id not in staffed]


def must_have_code(case: Case) -> bool:
    """Urgent and sensitive matters are opened by a code told by telephone, whatever was ticked (doors.md, section 5)."""
    return case.is_urgent or case.visibility_reason_id is not None


def is_opened_by_code(link: ReplyLink, case: Case) -> bool:
    """Whether a link asks for its code now: also where the matter became urgent or sensitive after it was made."""
    return link.with_code or must_have_code(case)


@Verb("send_link", Action.SEND_LINK, kinds=MESSAGE, staff=sentences.sent, is_act=True, offered=is_for_referral)
def send_link(case: Case, given: SendLinkInput, *, by: Actor, now: datetime) -> None:
    """Make a link for the body a case was referred to; one made before is revoked.

    The caller holds the case's lock. Records `send_link`, before it `revoke_link` where one held. Raises LinkRefused where the door is
    closed, the case is with no other body, or the words or days do not fit; PersonRefused where the address is none.
    """
    require(by, Action.SEND_LINK, case)
    _refuse_closed(case)
    referral = open_referral(case)
    if referral is None:
        raise LinkRefused(*NOT_REFERRED)
    _make(case, given, referral=referral, assignment=None, by=by, now=now)


@Verb("send_agency_link", Action.SEND_LINK, kinds=MESSAGE, recorded_as="send_link", is_act=True, offered_on=agencies_without_people)
def send_agency_link(assignment: Assignment, given: SendLinkInput, *, by: Actor, now: datetime) -> None:
    """The same for an agency nobody of which signs in, as long as it works on the case. Records `send_link`; raises LinkRefused."""
    case = assignment.case
    require(by, Action.SEND_LINK, case)
    _refuse_closed(case)
    if not can_answer(assignment):
        raise LinkRefused("Đơn vị không còn phải trả lời hồ sơ này.", "The agency owes this case no answer any more.")
    if with_people({assignment.agency_id}, local_day(now)):
        raise LinkRefused(
            "Đơn vị có người đăng nhập được; xin để họ trả lời trong hệ thống.",
            "People of this agency can sign in; please let them answer in the system.",
        )
    _make(case, given, referral=None, assignment=assignment, by=by, now=now)


@Verb("revoke_link", Action.REVOKE_LINK, kinds=MESSAGE, staff=sentences.revoked)
def revoke_link(link: ReplyLink, case: Case, *, by: Actor, now: datetime, reason: str = "") -> None:
    """Revoke a link; it opens nothing from the next request. The caller holds the case's lock.

    Who may not make one, as an administrator, gives a reason, which the operators read with the link; they are told. Records `revoke_link`
    without it. Raises LinkRefused where it has been answered or is revoked already, or the reason is missing or too long.
    """
    require(by, Action.REVOKE_LINK, case)
    reason, sends = normal(reason), may(by, Action.SEND_LINK, case)
    if link.revoked_at is not None or link.answered_at is not None:
        raise LinkRefused("Đường dẫn này đã được dùng hoặc đã thu hồi.", "This link was used or revoked already.")
    if (not reason and not sends) or len(reason) > LONGEST_REASON:
        raise LinkRefused(
            f"Vui lòng ghi lý do thu hồi, tối đa {LONGEST_REASON} ký tự.",
            f"Please give the reason for revoking it, {LONGEST_REASON} characters at most.",
            about="reason",
        )
    end_link(link, case, why="asked", by=by, now=now)
    link.revoked_reason = reason or None
    if not sends:
        tell_desk(Role.OPERATOR, "link_withdrawn", case=case, at=now)


def end_link(link: ReplyLink, case: Case, *, why: str, by: Actor, now: datetime) -> None:
    """End a link of a locked case. Records `revoke_link` with the reason."""
    record(case, "revoke_link", by=by, at=now, link=link.ref, why=why, **about(link))
    link.revoked_at, link.revoked_for = now, why


def about(link: ReplyLink) -> dict[str, str]:
    """What an event says of whose link it is: an agency by its key; a body outside by nothing."""
    return {"agency": link.assignment.agency.key} if link.assignment is not None else {}


def _refuse_closed(case: Case) -> None:
    if not is_open(Door.LINKS, case.centre_id):
        raise LinkRefused("Trung tâm chưa mở cửa “Đường dẫn dùng một lần”.", "The centre has not opened the door “One-time links”.")


def _make(
    case: Case, given: SendLinkInput, *, referral: Referral | None, assignment: Assignment | None, by: Actor, now: datetime
) -> None:
    asked, days = normal(given.asked), given.days if given.days is not None else int(value_of("link_days", case.centre_id))
    if not asked or len(asked) > LONGEST_ASKED:
        raise LinkRefused(
            f"Vui lòng ghi điều cần trả lời, tối đa {LONGEST_ASKED} ký tự.",
            f"Please write what is asked, {LONGEST_ASKED} characters at most.",
            about="asked",
        )
    if not 1 <= days <= MOST_DAYS:
        raise LinkRefused(f"Đường dẫn có hạn từ 1 đến {MOST_DAYS} ngày.", f"A link lasts 1 to {MOST_DAYS} days.", about="days")
    email = fit_email(given.email)
    for earlier in _held(referral, assignment):
        end_link(earlier, case, why="renewed", by=by, now=now)
    ref, last_day = new_ref(), local_day(now) + timedelta(days=days)
    link = ReplyLink(
        ref=ref, digest=digest_of(secret_of(ref)), referral_id=referral.id if referral else None, assignment=assignment, asked=asked,
        with_place=given.with_place, with_code=given.with_code or must_have_code(case), sent_by_id=by.account_id, sent_at=now,
        expires_at=calendar_of(case.centre_id).end_of(last_day, now), sealed_contact=seal_contact(Contact(email=email)) if email else None,
    )  # fmt: skip
    record(case, "send_link", by=by, at=now, link=ref, until=last_day.isoformat(), **about(link))
    db.session.add(link)
    if email:
        send(link, case, now)


def email_before(*, referral: Referral | None, assignment: Assignment | None) -> str:
    """The address a body was last sent a link to: for a referral one of the same, for an agency one of its latest work."""
    if assignment is not None:
        latest = select(Assignment.id).where(Assignment.agency_id == assignment.agency_id).order_by(Assignment.id.desc()).limit(LOOKED_AT)
        of: ColumnElement[bool] = ReplyLink.assignment_id.in_(latest)
    else:
        of = ReplyLink.referral_id == (referral.id if referral is not None else 0)
    query = select(ReplyLink.sealed_contact).where(of, ReplyLink.sealed_contact.is_not(None)).order_by(ReplyLink.id.desc()).limit(1)
    sealed = db.session.scalar(query)
    return (open_contact(sealed).email or "") if sealed is not None else ""


def _held(referral: Referral | None, assignment: Assignment | None) -> list[ReplyLink]:
    """The links of one body that were neither answered nor revoked."""
    of: ColumnElement[bool] = (
        ReplyLink.referral_id == referral.id if referral is not None else ReplyLink.assignment_id == (assignment.id if assignment else 0)
    )
    return list(db.session.scalars(select(ReplyLink).where(of, ReplyLink.answered_at.is_(None), ReplyLink.revoked_at.is_(None))))


def with_people(agency_ids: Collection[int], on: date) -> set[int]:
    """Those of some agencies of which somebody can sign in on a day."""
    query = select(Membership.agency_id).join(Account, Account.id == Membership.account_id)
    query = query.where(
        Membership.agency_id.in_(agency_ids), Membership.role.in_(AGENCY_ROLES), Account.kind == "staff", Account.disabled_at.is_(None),
        Membership.valid_from <= on, or_(Membership.valid_to.is_(None), Membership.valid_to > on),
    )  # fmt: skip
    return {each for each in db.session.scalars(query.distinct()) if each is not None}

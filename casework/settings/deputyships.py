"""Appointing and recalling deputies: a person acts for another for a period (rules.md, section 1)."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, or_, select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Deputy, Membership
from casework.outbox import tell_of_deputyship
from casework.permissions import Action, Actor, NotAllowed, Role, desk_name, require
from casework.privacy.account_marks import mark_account
from casework.second_person import refuse_first_person
from casework.setting_events import record_setting
from casework.settings.scopes import administered_centres, centre_of, holds_between, one_at_a_time, principals_of_own, works_in
from casework.settings.watchers import meeting_by_deputy, read_one_at_a_time, watched_roles

LONGEST = timedelta(days=90)
BEGUN = timedelta(hours=24)
"""How far in the past a start may be: the hour somebody began to type, or this morning."""
MOST_COLLEAGUES = 500
APPOINTED = Bilingual("đã cử một người làm thay Ông/Bà", "somebody was appointed to stand in for you")
CONFIRMED = Bilingual("người Ông/Bà cử làm thay đã được xác nhận", "the deputy you appointed was confirmed")
ENDED = Bilingual("người làm thay Ông/Bà đã thôi làm thay", "your deputy was called back")


class DeputyRefused(CaseworkError):
    """The deputy cannot be appointed like this; the text says why."""


def appoint_deputy(
    *, principal: Account, deputy: Account, starts_at: datetime, ends_at: datetime, by: Actor, now: datetime, reason: str
) -> Deputy:
    """Let `deputy` act for `principal` for a period. An administrator appoints for their people, leaders only for themselves.

    Confidential readers appoint only for themselves, and the deputyship begins when an administrator has confirmed it (`confirm_deputy`).
    A start that has just passed counts as now. The principal is told when somebody else appoints. Records `change_setting` of a deputy.
    Raises NotAllowed, also where the principal has a role of another centre at any moment of that time, ReasonMissing, and DeputyRefused
    for oneself, somebody the administrator stands in for, a chain or circle, a second deputy in the same time, somebody disabled or
    without a common place of work, roles that watch each other and would meet, and a period that ends before it starts, has passed or is
    longer than LONGEST.
    """
    require(by, Action.APPOINT_DEPUTY)
    if now - BEGUN <= starts_at < now:
        starts_at = now
    if not (principal.id == by.own_id or _administers(by, principal, starts_at, ends_at)):
        raise NotAllowed
    if principal.id in principals_of_own(by, now=now):
        raise DeputyRefused(
            f"Ông/Bà đang hoặc sắp thay {principal.full_name}; xin nhờ một quản trị viên khác cử người.",
            f"You stand in for {principal.full_name} yourself; please ask another administrator to appoint somebody.",
        )
    read_one_at_a_time(principal, deputy)
    _refuse_people(principal, deputy, by, now, starts_at, ends_at)
    _refuse_time(starts_at, ends_at, now)
    waits = Role.CONFIDENTIAL_READER in watched_roles(principal, starts_at, ends_at)
    if waits and principal.id != by.own_id:
        raise DeputyRefused(
            f"{principal.full_name} được giao đọc hồ sơ mật nên chỉ chính người này cử người thay mình; quản trị viên xác nhận sau đó.",
            f"{principal.full_name} reads confidential cases, so only they appoint their deputy; an administrator then confirms it.",
        )
    _refuse_others(principal, deputy, starts_at, ends_at)
    row = Deputy(
        principal=principal, deputy_id=deputy.id, starts_at=starts_at, ends_at=starts_at if waits else ends_at, created_by_id=by.account_id,
        asked_at=now if waits else None, wanted_until=ends_at if waits else None,
    )  # fmt: skip
    db.session.add(row)
    told = {"principal": principal.login, "deputy": deputy.login, "starts_at": starts_at, "ends_at": ends_at}
    _record(row, principal, deputy, by=by, now=now, old=None, new=told | ({"waits": True} if waits else {}), reason=reason)
    if waits:
        for centre_id in {centre_of(each) for each in principal.memberships} | {None}:
            desk = desk_name(Role.ADMINISTRATOR, centre_id=centre_id)
            tell_of_deputyship(f"desk:{desk}", "deputy_to_confirm", at=now)
    else:
        _tell(row, APPOINTED, by=by, now=now)
    return row


def confirm_deputy(row: Deputy, *, by: Actor, now: datetime, reason: str) -> None:
    """Start a deputyship that waits for a second person, as an administrator who is not part of it. The principal is told.

    Raises NotAllowed, SecondPersonNeeded, DeputyRefused where it does not wait (any more) or could not be appointed now, ReasonMissing.
    """
    require(by, Action.CONFIRM_DEPUTY)
    deputy = db.session.get_one(Account, row.deputy_id)
    read_one_at_a_time(row.principal, deputy)
    db.session.refresh(row)
    if row.wanted_until is None or row.wanted_until <= now:
        raise DeputyRefused("Việc ủy quyền này không còn chờ xác nhận.", "This deputy does not wait to be confirmed any more.")
    starts_at, ends_at = max(now, row.starts_at), row.wanted_until
    if not _administers(by, row.principal, starts_at, ends_at):
        raise NotAllowed
    refuse_first_person(Action.CONFIRM_DEPUTY, row, by=by, now=now)
    _refuse_people(row.principal, deputy, by, now, starts_at, ends_at)
    _refuse_others(row.principal, deputy, starts_at, ends_at)
    row.starts_at, row.ends_at, row.wanted_until = starts_at, ends_at, None
    row.confirmed_at, row.confirmed_by_id = now, by.account_id
    new = {"starts_at": starts_at, "ends_at": ends_at, "confirmed": True}
    _record(row, row.principal, deputy, by=by, now=now, old={"waits": True}, new=new, reason=reason)
    _tell(row, CONFIRMED, by=by, now=now)


def end_deputyship(row: Deputy, *, by: Actor, now: datetime, reason: str) -> None:
    """Recall a deputy early; one that has not begun never does. Raises NotAllowed, DeputyRefused, ReasonMissing."""
    require(by, Action.APPOINT_DEPUTY)
    one_at_a_time()
    db.session.refresh(row)
    ends_at = row.wanted_until or row.ends_at
    if not (row.principal_id == by.own_id or _administers(by, row.principal, max(now, row.starts_at), ends_at)):
        raise NotAllowed
    if ends_at <= now:
        raise DeputyRefused("Việc ủy quyền này đã kết thúc.", "This deputy's time is over already.")
    cut_short(row, by=by, now=now, reason=reason)


def cut_short(row: Deputy, *, by: Actor, now: datetime, reason: str) -> None:
    """End a deputyship now, without a check of permission; one that waits for confirmation never begins. The principal is told."""
    old = {"ends_at": row.wanted_until or row.ends_at}
    row.ends_at, row.wanted_until = row.starts_at if row.wanted_until is not None else max(now, row.starts_at), None
    deputy = db.session.get_one(Account, row.deputy_id)
    _record(row, row.principal, deputy, by=by, now=now, old=old, new={"ends_at": row.ends_at, "called_back": True}, reason=reason)
    _tell(row, ENDED, by=by, now=now)


def deputyships_of(account: Account, *, now: datetime) -> list[Deputy]:
    """The unfinished deputyships for and of a person, earliest start first."""
    mine = or_(Deputy.principal_id == account.id, Deputy.deputy_id == account.id)
    query = select(Deputy).where(mine, _is_there(now)).options(joinedload(Deputy.principal))
    return list(db.session.scalars(query.order_by(Deputy.starts_at, Deputy.id)))


def deputyships_seen(by: Actor, *, now: datetime, limit: int) -> list[tuple[Deputy, Account]]:
    """The deputyships on the page, unfinished ones only, with the deputies: an administrator's whole scope, otherwise one's own."""
    query = select(Deputy, Account).join(Account, Account.id == Deputy.deputy_id).options(joinedload(Deputy.principal))
    query = query.where(_is_there(now))
    if Role.ADMINISTRATOR in by.alone.roles:
        theirs = select(Account.id).where(works_in(administered_centres(by.alone)))
        query = query.where(or_(Deputy.principal_id.in_(theirs), Deputy.principal_id == by.own_id))
    else:
        query = query.where(Deputy.principal_id == by.own_id)
    return [(row, deputy) for row, deputy in db.session.execute(query.order_by(Deputy.starts_at, Deputy.id).limit(limit))]


def possible_deputies(principal: Account, *, now: datetime) -> list[Account]:
    """Colleagues who share a place of work with the person today, the same agency or a role in the same centre, by name."""
    here = [_same_place(row) for row in principal.memberships if row.holds_on(local_day(now))]
    if not here:
        return []
    today = local_day(now)
    query = select(Account).join(Membership, Membership.account_id == Account.id).where(or_(*here)).distinct()
    query = query.where(Membership.valid_from <= today, or_(Membership.valid_to.is_(None), Membership.valid_to > today))
    query = query.where(Account.kind == "staff", Account.disabled_at.is_(None), Account.id != principal.id)
    return list(db.session.scalars(query.order_by(Account.folded_name, Account.id).limit(MOST_COLLEAGUES)))


def _is_there(now: datetime) -> ColumnElement[bool]:
    """Not over, including those that wait for a second person."""
    return or_(and_(Deputy.ends_at > now, Deputy.starts_at < Deputy.ends_at), Deputy.wanted_until > now)


def _same_place(row: Membership) -> ColumnElement[bool]:
    if row.agency_id is not None:
        return Membership.agency_id == row.agency_id
    return and_(Membership.centre_id.is_not_distinct_from(row.centre_id), Membership.agency_id.is_(None))


def _administers(by: Actor, principal: Account, starts_at: datetime, ends_at: datetime) -> bool:
    if Role.ADMINISTRATOR not in by.alone.roles:
        return False
    mine = administered_centres(by.alone)
    # a deputy gets every desk of the principal, including those that begin in that period, so the administrator must be responsible for all
    rows = [row for row in principal.memberships if holds_between(row, starts_at, ends_at)]
    return mine is None or (bool(rows) and all(centre_of(row) in mine for row in rows))


def _refuse_people(principal: Account, deputy: Account, by: Actor, now: datetime, starts_at: datetime, ends_at: datetime) -> None:
    if principal.id == deputy.id:
        raise DeputyRefused("Không tự làm người thay cho chính mình được.", "Nobody can be their own deputy.", about="deputy")
    if deputy.id == by.own_id:
        raise DeputyRefused(
            "Không tự cử mình thay người khác được; xin nhờ một quản trị viên khác.",
            "You cannot appoint yourself for somebody else; please ask another administrator.",
            about="deputy",
        )
    for person in (principal, deputy):
        if person.kind != "staff" or person.disabled_at is not None:
            raise DeputyRefused(
                f"Tài khoản của {person.full_name} đang bị khóa.", f"The account of {person.full_name} is disabled.", about="deputy"
            )
    if deputy.id not in {person.id for person in possible_deputies(principal, now=now)}:
        raise DeputyRefused(
            f"{deputy.full_name} không làm việc cùng đơn vị hay cùng trung tâm với {principal.full_name}.",
            f"{deputy.full_name} does not work in the same agency or centre as {principal.full_name}.",
            about="deputy",
        )
    if (meeting := meeting_by_deputy(principal, deputy, starts_at, ends_at)) is not None:
        raise DeputyRefused(*meeting, about="deputy")


def _refuse_time(starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    if ends_at <= starts_at:
        raise DeputyRefused("Giờ kết thúc phải sau giờ bắt đầu.", "The end must lie behind the start.", about="ends_at")
    if starts_at < now:
        raise DeputyRefused("Giờ bắt đầu đã qua.", "The start has passed.", about="starts_at")
    if ends_at - starts_at > LONGEST:
        raise DeputyRefused(
            f"Mỗi lần ủy quyền tối đa {LONGEST.days} ngày.", f"A deputy acts for {LONGEST.days} days at most at a time.",
            about="ends_at",
        )


def _refuse_others(principal: Account, deputy: Account, starts_at: datetime, ends_at: datetime) -> None:
    involved = or_(Deputy.principal_id.in_((principal.id, deputy.id)), Deputy.deputy_id == principal.id)
    meanwhile = select(Deputy).where(involved, Deputy.starts_at < ends_at, Deputy.ends_at > starts_at, Deputy.starts_at < Deputy.ends_at)
    rows = list(db.session.scalars(meanwhile))
    if any(row.principal_id == principal.id for row in rows):
        raise DeputyRefused(
            f"Trong thời gian đó {principal.full_name} đã có người thay.", f"{principal.full_name} has a deputy in that time already.",
            about="starts_at",
        )
    if any(row.principal_id == deputy.id for row in rows):
        raise DeputyRefused(
            f"{deputy.full_name} vắng và có người thay trong thời gian đó.", f"{deputy.full_name} is away and has a deputy in that time.",
            about="deputy",
        )
    if rows:
        raise DeputyRefused(
            f"{principal.full_name} đang thay người khác trong thời gian đó; việc ủy quyền không nối tiếp được.",
            f"{principal.full_name} stands in for somebody else in that time; deputies form no chains.",
        )


def _record(row: Deputy, principal: Account, deputy: Account, *, by: Actor, now: datetime, old: Any, new: Any, reason: str) -> None:
    centres = {centre_of(each) for each in principal.memberships}
    name = f"{deputy.login} ← {principal.login}"
    record_setting("deputy", name, by=by, at=now, centre_id=centres.pop() if len(centres) == 1 else None, old=old, new=new, reason=reason)
    mark_account(principal, by=by, at=now)


def _tell(row: Deputy, change: Bilingual, *, by: Actor, now: datetime) -> None:
    """Tell the principal, unless they did it themselves; the name is on the page of deputies, not in the message."""
    if row.principal_id != by.own_id:
        tell_of_deputyship(f"account:{row.principal_id}", "deputy_changed", at=now, change=list(change))


def one_seen(by: Actor, principal_ref: str, deputy_ref: str, starts_at: str, *, now: datetime) -> Deputy | None:
    """One deputyship on the page, identified by both people and the start as the page wrote it."""
    for row, deputy in deputyships_seen(by, now=now, limit=MOST_COLLEAGUES):
        if (row.principal.ref, deputy.ref, row.starts_at.isoformat()) == (principal_ref, deputy_ref, starts_at):
            return row
    return None

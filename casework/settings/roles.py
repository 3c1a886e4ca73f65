"""Giving and ending roles: dated memberships, within what the administrator administers."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select

from casework.bilingual import Bilingual
from casework.db import db
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Membership
from casework.permissions import AGENCY_ROLES, WATCHERS, Action, Actor, Role, require
from casework.privacy.account_marks import mark_account
from casework.setting_events import record_setting, require_administrator_of
from casework.settings.scopes import ENDS_TOO_EARLY, administered_centres, centre_of, has_left_others, one_at_a_time, principals_of_own
from casework.settings.seats import ANYWHERE_ROLES, Seat, left_empty, seat_of
from casework.settings.watchers import meeting_by_role, read_one_at_a_time

STOOD_IN_FOR = Bilingual(
    "Ông/Bà đang hoặc sắp thay người này, nên vai trò của họ do một quản trị viên khác giao và kết thúc.",
    "You stand in for this person, so that another administrator gives and ends their roles.",
)
LEFT_OTHERS = Bilingual(
    "Người này không còn vai trò nào và từng làm việc ở nơi khác; xin nhờ quản trị viên toàn hệ thống.",
    "This person has no role any more and was at work elsewhere; please ask an administrator of the whole installation.",
)


class RoleRefused(CaseworkError):
    """The role cannot be given or ended like this; the text says why."""


class NobodyTakesOver(RoleRefused):
    """The person is the last one in some seats; somebody has to be named to take over each."""

    def __init__(self, seats: list[Seat]) -> None:
        self.seats = seats
        vi = "; ".join(f"{seat.role_words.vi} ({seat.place.vi})" for seat in seats)
        en = "; ".join(f"{seat.role_words.en} ({seat.place.en})" for seat in seats)
        super().__init__(
            f"Đây là người cuối cùng giữ: {vi}. Vui lòng chọn người tiếp nhận.",
            f"This is the last person at: {en}. Please say who takes over.",
            about=f"takes_over-{seats[0].key}",
        )


@dataclass(frozen=True, slots=True)
class RoleWish:
    """A role to give: from a day on (local; today when empty), perhaps until the day before `ends_on`."""

    seat: Seat
    is_focal: bool = False
    starts_on: date | None = None
    ends_on: date | None = None


def give_role(account: Account, wish: RoleWish, *, by: Actor, now: datetime, reason: str, is_known_other: bool = False) -> Membership:
    """Give a person a role. A focal officer replaces the agency's former one.

    `is_known_other` says that the person is not a principal of the administrator, where many were checked at once. Records
    `change_setting` of a membership. Raises NotAllowed, and RoleRefused for a role that does not fit its place, a place outside the
    administrator's centres or not in force on those days, a disabled person, somebody who has left other centres, oneself and one's
    principals, a role held already, and one that must not meet another of theirs.
    """
    require(by, Action.MANAGE_PEOPLE)
    seat, today = wish.seat, local_day(now)
    starts_on = wish.starts_on or today
    _refuse_unfit(account, seat, by, today)
    if not is_known_other:
        refuse_principal(account, by=by, now=now)
    _refuse_days(wish, starts_on, today)
    if seat.role in WATCHERS:
        read_one_at_a_time(account)
    if (meeting := meeting_by_role(account, seat.role, starts_on, wish.ends_on, now=now)) is not None:
        raise RoleRefused(*meeting, about="seat")
    if _overlapping(account, seat, starts_on, wish.ends_on):
        raise RoleRefused(
            f"Người này đã giữ vai trò {seat.role_words.vi} tại {seat.place.vi} trong thời gian đó.",
            f"This person already is {seat.role_words.en} at {seat.place.en} in that time.",
            about="seat",
        )
    row = Membership(
        account=account, role=seat.role, centre=seat.centre, agency=seat.agency, is_focal=wish.is_focal and seat.role == Role.OFFICER,
        valid_from=starts_on, valid_to=wish.ends_on,
    )  # fmt: skip
    db.session.add(row)
    _record(row, by=by, now=now, centre_id=seat.centre_id, old=None, new=_seen(row), reason=reason)
    if row.is_focal:
        _only_focal(row, by=by, now=now, reason=reason)
    return row


def set_focal(row: Membership, *, by: Actor, now: datetime, reason: str) -> None:
    """Make an officer the agency's focal one, replacing the former. Raises NotAllowed, RoleRefused."""
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, centre_of(row))
    if row.role != Role.OFFICER or row.is_focal:
        raise RoleRefused("Chỉ cán bộ đơn vị chưa là đầu mối mới chọn được.", "Only an officer who is not the focal one can be made it.")
    row.is_focal = True
    _record(row, by=by, now=now, centre_id=centre_of(row), old={"is_focal": False}, new={"is_focal": True}, reason=reason)
    _only_focal(row, by=by, now=now, reason=reason)


def copy_roles(account: Account, *, of: Account, by: Actor, now: datetime, reason: str) -> list[Membership]:
    """Give a person every present role of a colleague, as far as the administrator may; roles already held stay."""
    mine, today = administered_centres(by.alone), local_day(now)
    held = {seat_of(row).key for row in account.memberships if row.holds_on(today)}
    theirs = [row for row in of.memberships if row.holds_on(today) and (mine is None or centre_of(row) in mine)]
    wishes = [RoleWish(seat_of(row), ends_on=row.valid_to) for row in theirs if seat_of(row).key not in held]
    if not wishes:
        raise RoleRefused(
            "Đồng nghiệp đó không có vai trò nào để sao chép.", "That colleague holds no role that could be copied.",
            about="colleague",
        )
    return [give_role(account, wish, by=by, now=now, reason=reason) for wish in wishes]


def end_roles(
    account: Account, rows: list[Membership], *, by: Actor, now: datetime, on: date, takes_over: Mapping[str, Account], reason: str
) -> None:
    """End roles from a local day on. `takes_over` names the new holder by the key of a seat, in the same unit of work.

    Records one `change_setting` for each. Raises NotAllowed; NobodyTakesOver where a seat that must be held would be empty; RoleRefused
    for a day that has passed, a role that has ended, one's own last role of administrator, and one's principals.
    """
    require(by, Action.MANAGE_PEOPLE)
    today = local_day(now)
    if on < today:
        raise RoleRefused("Ngày kết thúc không được ở trong quá khứ.", "The day must not lie in the past.", about="on")
    for row in rows:
        require_administrator_of(by.alone, centre_of(row))
        if row.account_id != account.id or (row.valid_to is not None and row.valid_to <= on):
            raise RoleRefused("Vai trò này đã kết thúc.", "This role has ended already.")
    refuse_own_last(account, rows, by=by)
    refuse_principal(account, by=by, now=now)
    one_at_a_time()
    empty = left_empty(rows, on=max(on, today))
    missing = [seat for seat in empty if seat.key not in takes_over]
    if missing:
        raise NobodyTakesOver(missing)
    for row in rows:
        old, row.valid_to = _seen(row), max(on, row.valid_from)
        _record(row, by=by, now=now, centre_id=centre_of(row), old=old, new=_seen(row), reason=reason)
    db.session.flush()
    for seat in (seat_of(row) for row in rows):
        heir = takes_over.get(seat.key)
        if heir is not None and not _overlapping(heir, seat, on, None):
            if heir.id == account.id:
                raise RoleRefused("Người tiếp nhận phải là người khác.", "Somebody else has to take over.")
            give_role(heir, RoleWish(seat, starts_on=on), by=by, now=now, reason=reason)


def refuse_own_last(account: Account, rows: list[Membership], *, by: Actor) -> None:
    """Raise RoleRefused for ending one's own last role of administrator, so that nobody locks themselves out."""
    own = [row for row in account.memberships if row.role == Role.ADMINISTRATOR and row.valid_to is None]
    if account.id == by.own_id and own and all(row in rows for row in own):
        raise RoleRefused(
            "Không tự kết thúc vai trò quản trị cuối cùng của mình được; xin nhờ một quản trị viên khác.",
            "You cannot end your own last role of administrator; please ask another administrator.",
        )


def refuse_principal(account: Account, *, by: Actor, now: datetime) -> None:
    """Raise RoleRefused for a principal of the administrator: a deputy would get what the principal is given."""
    if account.id in principals_of_own(by, now=now):
        raise RoleRefused(*STOOD_IN_FOR)


def _refuse_unfit(account: Account, seat: Seat, by: Actor, today: date) -> None:
    mine = administered_centres(by.alone)
    if (seat.role in AGENCY_ROLES) != (seat.agency is not None) or (
        seat.centre is None and seat.agency is None and seat.role not in ANYWHERE_ROLES
    ):
        raise RoleRefused(
            f"Vai trò {seat.role_words.vi} không đặt ở {seat.place.vi} được.",
            f"The role {seat.role_words.en} cannot be held at {seat.place.en}.",
            about="seat",
        )
    if mine is not None and seat.centre_id not in mine:
        raise RoleRefused(
            "Ông/Bà chỉ giao vai trò trong trung tâm mình quản trị.", "You can only give roles in the centre you administer.",
            about="seat",
        )
    if account.kind != "staff" or account.disabled_at is not None:
        raise RoleRefused(
            f"Tài khoản của {account.full_name} đang bị khóa nên không nhận vai trò được.",
            f"The account of {account.full_name} is disabled and takes no role.",
        )
    if account.id == by.own_id:
        raise RoleRefused(
            "Không tự giao vai trò cho mình được; xin nhờ một quản trị viên khác.",
            "You cannot give yourself a role; please ask another administrator.",
        )
    if has_left_others(by, account, today):
        raise RoleRefused(*LEFT_OTHERS)


def _refuse_days(wish: RoleWish, starts_on: date, today: date) -> None:
    if wish.ends_on is not None and wish.ends_on <= max(starts_on, today):
        raise RoleRefused(*ENDS_TOO_EARLY, about="ends_on")
    place: Any = wish.seat.agency or wish.seat.centre
    if place is not None and not place.holds_on(max(starts_on, today)):
        raise RoleRefused(
            f"{place.name_vi} không hoạt động trong thời gian đó.", f"{place.name_en} is not at work in that time.",
            about="seat",
        )


def _overlapping(account: Account, seat: Seat, starts_on: date, ends_on: date | None) -> bool:
    """Whether the person holds the seat on a day of that period, including roles just given."""
    return any(
        seat_of(row) == seat
        and row.valid_from != row.valid_to
        and (row.valid_to is None or row.valid_to > starts_on)
        and (ends_on is None or row.valid_from < ends_on)
        for row in account.memberships
    )


def _only_focal(row: Membership, *, by: Actor, now: datetime, reason: str) -> None:
    others = select(Membership).where(Membership.agency_id == seat_of(row).agency_id, Membership.is_focal)
    for other in (each for each in db.session.scalars(others) if each is not row):
        other.is_focal = False
        _record(other, by=by, now=now, centre_id=centre_of(row), old={"is_focal": True}, new={"is_focal": False}, reason=reason)


def _record(row: Membership, *, by: Actor, now: datetime, centre_id: int | None, old: Any, new: Any, reason: str) -> None:
    record_setting("membership", _name(row), by=by, at=now, centre_id=centre_id, old=old, new=new, reason=reason)
    mark_account(row.account, by=by, at=now)


def _name(row: Membership) -> str:
    return f"{row.account.login}: {seat_of(row).label}"


def _seen(row: Membership) -> dict[str, Any]:
    return {"role": row.role, "place": seat_of(row).label, "is_focal": row.is_focal, "valid_from": row.valid_from, "valid_to": row.valid_to}

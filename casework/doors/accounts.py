"""Service accounts of centres and agencies: made, changed and ended by an administrator, one event each.

An account ends for good, with its centre or agency at the latest (`standing.py`); whoever goes on gets an account of their own.
"""

import re
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select, update
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.contacts.partners import PARTNER
from casework.db import db
from casework.doors.addresses import MOST_HOSTS, HostRefused, hosts_in
from casework.doors.owners import tell_owner
from casework.doors.scopes import BY_AGREEMENT, grantable, roles_for, scopes_in
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Agency, BehalfAgreement, Centre, Membership, ServiceAccount, ServiceKey
from casework.permissions import Action, Actor, require
from casework.privacy.account_marks import mark_account
from casework.setting_events import record_setting, require_administrator_of
from casework.settings.scopes import administered_centres, is_of, one_at_a_time
from casework.text import normal

KIND = "service_account"
BY_CODE, PROVEN = "reporter", "proven"
CONTACT_MODES = (BY_CODE, PROVEN, PARTNER)
"""Who proves the contact of a sender: the sender by a code of ours, or the operator, which vouches for it under its agreement; or nobody:
the operator keeps it, and tells and asks its people itself."""
LONGEST_NAME, LONGEST_PURPOSE, LONGEST_NUMBER, LONGEST_PROVIDER = 120, 300, 60, 40
MOST_REPORTS = 1_000_000
MOST_LISTED = 200
_SPACES = re.compile(r"\s+")


class ServiceRefused(CaseworkError):
    """The account or key cannot be made or changed like this; the text says why."""


@dataclass(frozen=True, slots=True)
class ServiceWish:
    """What is typed of an account; `centre` and `agency` stay as they were made."""

    name: str
    owner: Account
    purpose: str
    scopes: Collection[Action]
    agreement_number: str = ""
    agreement_on: date | None = None
    reports_an_hour: int | None = None
    reports_a_day: int | None = None
    contact_mode: str = BY_CODE
    extended_statuses: bool = False
    """Whether updates of Open311 come in FixMyStreet's words."""
    photo_hosts: str = ""
    """From which photos are fetched that its reports name by their address; one a line."""
    provider: str = ""
    """Of sign-ins, whose subjects it names for people it adds; only with the scope to manage people."""


def add_service_account(
    wish: ServiceWish, *, centre: Centre, agency: Agency | None, by: Actor, now: datetime, reason: str
) -> ServiceAccount:
    """Make an account of a centre, or of one of its agencies, with the least roles its scopes need; it has no key yet.

    Records `change_setting`, and tells the owner. Raises NotAllowed, ServiceRefused, ReasonMissing.
    """
    _require_administrator(by, centre.id)
    today = local_day(now)
    if agency is not None and agency.centre_id != centre.id:
        raise ServiceRefused("Đơn vị này không thuộc Trung tâm.", "This agency is not of the centre.", about="body")
    if not centre.holds_on(today) or (agency is not None and not agency.holds_on(today)):
        raise ServiceRefused("Nơi này không còn hoạt động.", "This body is at work no more.", about="body")
    one_at_a_time()
    columns = _fit(wish, is_of_agency=agency is not None, centre_id=centre.id, today=today)
    name = columns.pop("name")
    _refuse_taken(name, centre.id, besides=None)
    account = Account(kind="service", full_name=name, created_at=now)
    db.session.add(account)
    db.session.flush()
    row = ServiceAccount(
        account_id=account.id, centre_id=centre.id, agency_id=agency.id if agency is not None else None, owner_id=wish.owner.id,
        created_by_id=by.account_id, created_at=now, **columns,
    )  # fmt: skip
    row.account, row.owner, row.centre, row.agency = account, wish.owner, centre, agency
    record_setting(KIND, name, by=by, at=now, centre_id=centre.id, old=None, new=_seen(row), reason=reason)
    db.session.add(row)
    _hold_roles(row, today)
    mark_account(account, by=by, at=now)
    tell_owner(row, Bilingual(f"đã lập tài khoản kết nối “{name}”", f"the service account “{name}” was made"), at=now)
    return row


def change_service_account(row: ServiceAccount, wish: ServiceWish, *, by: Actor, now: datetime, reason: str) -> bool:
    """Change an account and, with its scopes, its roles; keys stay. Returns whether anything changed.

    Records `change_setting`, and tells the owner, the former one too. Raises NotAllowed, ServiceRefused, ReasonMissing.
    """
    _require_administrator(by, row.centre_id)
    _refuse_ended(row)
    one_at_a_time()
    columns = _fit(wish, is_of_agency=row.agency_id is not None, centre_id=row.centre_id, today=local_day(now), owner_before=row.owner_id)
    name, old, former = columns.pop("name"), _seen(row), row.owner
    _refuse_taken(name, row.centre_id, besides=row.account_id)
    new = {**old, **columns, "name": name, "owner": wish.owner.login}
    if new == old:
        return False
    record_setting(KIND, row.account.full_name or "", by=by, at=now, centre_id=row.centre_id, old=old, new=new, reason=reason)
    row.account.full_name, row.owner, row.owner_id = name, wish.owner, wish.owner.id
    for column, value in columns.items():
        setattr(row, column, value)
    _hold_roles(row, local_day(now))
    mark_account(row.account, by=by, at=now)
    words = Bilingual(f"tài khoản kết nối “{name}” đã được sửa", f"the service account “{name}” was changed")
    tell_owner(row, words, at=now)
    if former.id != row.owner_id:
        tell_owner(row, words, at=now, owner_id=former.id)
    return True


def end_service_account(row: ServiceAccount, *, by: Actor, now: datetime, reason: str) -> None:
    """End an account for good: its keys, roles and agreements end with it, and it opens nothing from the next request.

    Records `change_setting`, and tells the owner. Raises NotAllowed, ServiceRefused, ReasonMissing.
    """
    _require_administrator(by, row.centre_id)
    _refuse_ended(row)
    close(row, by=by, now=now, reason=reason)


def close(row: ServiceAccount, *, by: Actor, now: datetime, reason: str) -> None:
    """End an account, whoever may: also the clock, with its centre or agency."""
    name, today = row.account.full_name or "", local_day(now)
    record_setting(KIND, name, by=by, at=now, centre_id=row.centre_id, old={"ended": False}, new={"ended": True}, reason=reason)
    row.ended_at = row.account.disabled_at = now
    for membership in row.account.memberships:
        if membership.valid_to is None or membership.valid_to > today:
            membership.valid_to = max(today, membership.valid_from)
    keys = update(ServiceKey).where(ServiceKey.account_id == row.account_id, ServiceKey.revoked_at.is_(None)).values(revoked_at=now)
    agreements = update(BehalfAgreement).where(BehalfAgreement.service_id == row.account_id, BehalfAgreement.ended_at.is_(None))
    for ends in (keys, agreements.values(ended_at=now)):
        db.session.execute(ends)
    mark_account(row.account, by=by, at=now)
    tell_owner(row, Bilingual(f"tài khoản kết nối “{name}” đã kết thúc", f"the service account “{name}” has ended"), at=now)


def service_accounts_seen(by: Actor, *, ended: bool = False) -> list[ServiceAccount]:
    """The accounts of the centres the person administers, by name; those that ended, newest first. At most MOST_LISTED."""
    query = select(ServiceAccount).join(ServiceAccount.account).where(is_of(administered_centres(by.alone), ServiceAccount.centre_id))
    query = query.where(ServiceAccount.ended_at.is_not(None) if ended else ServiceAccount.ended_at.is_(None))
    order = (ServiceAccount.ended_at.desc(),) if ended else (Account.folded_name,)
    return list(db.session.scalars(query.options(*beside()).order_by(*order, Account.id).limit(MOST_LISTED)))


def service_account_seen(by: Actor, ref: str) -> ServiceAccount | None:
    """One of them by the ref of its account, also after it ended."""
    query = select(ServiceAccount).join(ServiceAccount.account).where(Account.ref == ref)
    query = query.where(is_of(administered_centres(by.alone), ServiceAccount.centre_id))
    return db.session.scalars(query.options(*beside())).one_or_none()


def beside() -> tuple[Any, ...]:
    """What a page shows of an account is read with it."""
    return tuple(joinedload(each) for each in (ServiceAccount.account, ServiceAccount.owner, ServiceAccount.centre, ServiceAccount.agency))


def owners_offered(centre_id: int, *, today: date) -> list[Account]:
    """Who may own an account of the centre: staff at work in it or in one of its agencies, by name."""
    return list(db.session.scalars(_may_own(centre_id, today).order_by(Account.folded_name, Account.id).limit(2 * MOST_LISTED)))


def _may_own(centre_id: int, today: date) -> Any:
    agencies = select(Agency.id).where(Agency.centre_id == centre_id)
    here = (Membership.centre_id == centre_id) | Membership.agency_id.in_(agencies)
    held = select(Membership.account_id).where(here, Membership.valid_from <= today)
    held = held.where(Membership.valid_to.is_(None) | (Membership.valid_to > today))
    return select(Account).where(Account.kind == "staff", Account.disabled_at.is_(None), Account.id.in_(held))


def _fit(wish: ServiceWish, *, is_of_agency: bool, centre_id: int, today: date, owner_before: int | None = None) -> dict[str, Any]:
    """The columns of an account. Raises ServiceRefused."""
    name, purpose, number = (_SPACES.sub(" ", normal(words)) for words in (wish.name, wish.purpose, wish.agreement_number))
    if not name or len(name) > LONGEST_NAME:
        raise ServiceRefused(f"Cần tên, tối đa {LONGEST_NAME} ký tự.", f"A name of at most {LONGEST_NAME} characters is needed.",
                             about="name")  # fmt: skip
    if not purpose or len(purpose) > LONGEST_PURPOSE:
        raise ServiceRefused(
            f"Vui lòng ghi mục đích, tối đa {LONGEST_PURPOSE} ký tự.", f"Please say what it is for, {LONGEST_PURPOSE} characters at most.",
            about="purpose",
        )
    scopes = scopes_in(wish.scopes, is_of_agency=is_of_agency)
    if not scopes or len(scopes) != len(set(wish.scopes)):
        raise ServiceRefused("Vui lòng chọn ít nhất một việc được làm.", "Please choose at least one thing it may do.", about="scopes")
    if wish.owner.id != owner_before and db.session.scalar(_may_own(centre_id, today).where(Account.id == wish.owner.id)) is None:
        raise ServiceRefused("Chủ tài khoản phải là cán bộ đang làm việc ở đây.", "The owner has to be staff at work here.", about="owner")
    if len(wish.provider) > LONGEST_PROVIDER or (wish.provider and Action.MANAGE_PEOPLE not in scopes):
        raise ServiceRefused(
            "Nơi đăng nhập chỉ chọn cho hệ thống thêm và khóa tài khoản cán bộ.",
            "A provider of sign-ins is chosen only for a system that adds and disables staff.",
            about="provider",
        )
    _refuse_without_agreement(scopes, number, wish.agreement_on, today)
    for field in ("reports_an_hour", "reports_a_day"):
        agreed = getattr(wish, field)
        if agreed is not None and not 1 <= agreed <= MOST_REPORTS:
            raise ServiceRefused("Số phản ánh không hợp lệ.", "This number of reports is not possible.", about=field)
    if wish.contact_mode not in CONTACT_MODES:
        raise ServiceRefused("Vui lòng chọn ai xác nhận cách liên hệ.", "Please choose who proves the contact.", about="contact_mode")
    return {
        "name": name, "purpose": purpose, "scopes": [str(each) for each in grantable(is_of_agency=is_of_agency) if each in scopes],
        "agreement_number": number or None, "agreement_on": wish.agreement_on, "reports_an_hour": wish.reports_an_hour,
        "reports_a_day": wish.reports_a_day, "contact_mode": wish.contact_mode, "extended_statuses": wish.extended_statuses,
        "photo_hosts": _fit_hosts(wish), "provider": wish.provider or None,
    }  # fmt: skip


def _fit_hosts(wish: ServiceWish) -> list[str]:
    try:
        return hosts_in(wish.photo_hosts)
    except HostRefused:
        raise ServiceRefused(
            f"Ghi tên máy chủ, mỗi dòng một tên, tối đa {MOST_HOSTS}: anh.example.vn",
            f"Names of hosts, one a line, {MOST_HOSTS} at most: photos.example.vn",
            about="photo_hosts",
        ) from None


def _refuse_without_agreement(scopes: Collection[Action], number: str, on: date | None, today: date) -> None:
    if len(number) > LONGEST_NUMBER or (on is not None and on > today) or bool(number) != (on is not None):
        raise ServiceRefused(
            "Cần cả số và ngày của thỏa thuận, ngày không ở tương lai.", "Number and day of the agreement are both needed, no day to come.",
            about="agreement_number",
        )
    if BY_AGREEMENT.intersection(scopes) and not number:
        raise ServiceRefused(
            "Gửi phản ánh thay người dân cần số và ngày thỏa thuận về việc lấy đồng ý.",
            "To file reports, the number and day of the agreement on collecting consent are needed.",
            about="agreement_number",
        )


def _refuse_taken(name: str, centre_id: int, *, besides: int | None) -> None:
    query = select(ServiceAccount.account_id).join(ServiceAccount.account).where(
        ServiceAccount.centre_id == centre_id, ServiceAccount.ended_at.is_(None), Account.full_name == name
    )
    taken = db.session.scalar(query.where(ServiceAccount.account_id != besides) if besides is not None else query)
    if taken is not None:
        raise ServiceRefused(f"Đã có tài khoản “{name}”.", f"There is an account “{name}” already.", about="name")


def _refuse_ended(row: ServiceAccount) -> None:
    if row.ended_at is not None:
        raise ServiceRefused("Tài khoản kết nối này đã kết thúc.", "This service account has ended.")


def _require_administrator(by: Actor, centre_id: int) -> None:
    require(by, Action.MANAGE_PEOPLE)
    require_administrator_of(by.alone, centre_id)


def _hold_roles(row: ServiceAccount, today: date) -> None:
    """Let the account hold the roles its scopes need from today on, and no other."""
    scopes = scopes_in(row.scopes, is_of_agency=row.agency_id is not None)
    wanted = roles_for(scopes, is_of_agency=row.agency_id is not None)
    held = {each.role: each for each in row.account.memberships if each.valid_to is None}
    for role in sorted(wanted - set(held)):
        place = {"agency_id": row.agency_id} if row.agency_id is not None else {"centre_id": row.centre_id}
        row.account.memberships.append(Membership(role=role, valid_from=today, **place))
    for ended in set(held) - {str(each) for each in wanted}:
        held[ended].valid_to = max(today, held[ended].valid_from)


def _seen(row: ServiceAccount) -> dict[str, Any]:
    columns = ("purpose", "scopes", "agreement_number", "agreement_on", "reports_an_hour", "reports_a_day", "contact_mode",
               "extended_statuses", "photo_hosts", "provider")  # fmt: skip
    return {"name": row.account.full_name, "owner": row.owner.login, **{column: getattr(row, column) for column in columns}}

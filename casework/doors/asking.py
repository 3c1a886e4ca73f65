"""Who asks by a key: its account, the roles it holds now, what the key opens at this door, and in whose name. One statement, two with a
name."""

import hmac
import ipaddress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from sqlalchemy import bindparam, exists, or_, select, true, update

from casework.calendars import RULES_STREAM, hold_head
from casework.db import db
from casework.doors.gates import Door
from casework.doors.key_format import digest_of, public_of
from casework.doors.scopes import AGENCY_ROLES_HELD, AT_ONE_DOOR, CENTRE_ROLES_HELD, IN_A_NAME, at_door, scopes_in
from casework.errors import CaseworkError
from casework.local_time import local_day
from casework.models import Account, Agency, BehalfAgreement, Centre, EventStream, Membership, ServiceAccount, ServiceKey
from casework.permissions import Action, Actor, Grant, Role, grants_in, may, moments, roles_held
from casework.permissions.acting_account import COLUMNS, ActingAccount


class KeyRefused(CaseworkError):
    """There is no key, or none that opens anything: the text is the same for each reason."""

    def __init__(self) -> None:
        super().__init__("Khóa thiếu, sai hoặc không còn hiệu lực.", "The key is missing, wrong or no longer valid.")


class ScopeMissing(CaseworkError):
    """The key is valid, and opens something else."""

    def __init__(self) -> None:
        super().__init__("Khóa này không được dùng cho việc này.", "This key may not be used for this.")


class BehalfMissing(CaseworkError):
    """An officer's act names nobody in whose name it is done."""

    def __init__(self) -> None:
        super().__init__(
            "Cần nêu cán bộ mà hệ thống làm thay (Langbiang-On-Behalf-Of).",
            "The officer in whose name this is done has to be named (Langbiang-On-Behalf-Of).",
        )


class BehalfRefused(CaseworkError):
    """The person named has not agreed, or does not hold the role there now."""

    def __init__(self) -> None:
        super().__init__(
            "Người được nêu chưa đồng ý cho hệ thống này làm thay, hoặc nay không giữ vai trò đó ở đơn vị.",
            "The person named has not agreed that this system acts in their name, or does not hold the role there now.",
        )


@dataclass(frozen=True, slots=True)
class Caller:
    """A service account at a door: who acts, and what the door needs to know of the account and its key."""

    actor: Actor
    centre_id: int
    agency_id: int | None
    key: str
    """The public signs of the key that was shown."""
    expires_at: datetime
    reports_an_hour: int | None
    reports_a_day: int | None
    contact_mode: str
    extended_statuses: bool
    was_used_today: bool
    provider: str | None = None
    """The provider of sign-ins whose subjects it names (casework/doors/people)."""
    photo_hosts: tuple[str, ...] = ()
    """From which photos are fetched that its reports name by their address."""

    @property
    def account_id(self) -> int:
        return self.actor.account_id

    @property
    def account(self) -> ActingAccount:
        assert self.actor.account is not None
        return self.actor.account


_KEY, _SERVICE, _ACCOUNT = ServiceKey.__table__, ServiceAccount.__table__, Account.__table__
_CENTRE, _AGENCY, _STREAM = Centre.__table__, Agency.__table__, EventStream.__table__
_OWN = ("centre_id", "agency_id", "scopes", "reports_an_hour", "reports_a_day", "contact_mode", "extended_statuses", "provider", "ended_at",
        "photo_hosts")  # fmt: skip
_WHO = (
    select(
        _KEY.c.id.label("key_id"), _KEY.c.public, _KEY.c.digest, _KEY.c.networks, _KEY.c.expires_at, _KEY.c.revoked_at,
        _KEY.c.last_used_on, _ACCOUNT.c.disabled_at, _CENTRE.c.valid_to.label("centre_ends"), _AGENCY.c.valid_to.label("agency_ends"),
        *(_SERVICE.c[name].label(f"own_{name}") for name in _OWN), *(_ACCOUNT.c[name].label(f"account_{name}") for name in COLUMNS),
    )
    .join(_SERVICE, _SERVICE.c.account_id == _KEY.c.account_id)
    .join(_ACCOUNT, _ACCOUNT.c.id == _SERVICE.c.account_id)
    .join(_CENTRE, _CENTRE.c.id == _SERVICE.c.centre_id)
    .outerjoin(_AGENCY, _AGENCY.c.id == _SERVICE.c.agency_id)
    .where(_KEY.c.public == bindparam("public"))
    .cte("who")
)  # fmt: skip
_HELD = roles_held(_WHO)
_ASKING = (
    select(
        _HELD.c.role, _HELD.c.centre_id, _HELD.c.agency_id, _HELD.c.holder_id,
        select(_STREAM.c.hash).where(_STREAM.c.stream == RULES_STREAM).scalar_subquery().label("head"), *_WHO.c,
    )
    .select_from(_WHO.outerjoin(_HELD, true()))
    .order_by(_HELD.c.id)
)  # fmt: skip
NO_DIGEST = "0" * 64


def caller_of(text: str, *, door: Door, address: str | None, now: datetime) -> Caller:
    """The service account that shows a key from an address. Raises KeyRefused.

    A key that is no key, unknown or wrong is refused by the same work as one that has run out. Whether the door is open is asked with the
    centre of the caller; that this key was used today is noted by `note_used`.
    """
    rows = db.session.execute(_ASKING, {"public": public_of(text) or "", **moments(now)}).all()
    row: Any = rows[0] if rows else None
    is_right = hmac.compare_digest(digest_of(text), row.digest if row is not None else NO_DIGEST)
    if row is None or not is_right or not _is_in_force(row, now) or not is_within(row.networks, address):
        raise KeyRefused
    hold_head(row.head)
    account = ActingAccount(*(getattr(row, f"account_{name}") for name in COLUMNS))
    scopes = at_door(scopes_in(row.own_scopes, is_of_agency=row.own_agency_id is not None), door)
    grants = tuple(each for each in grants_in(rows, account.id) if _is_own(each, row))
    return Caller(
        Actor(account, grants, scopes=scopes), row.own_centre_id, row.own_agency_id, row.public, row.expires_at, row.own_reports_an_hour,
        row.own_reports_a_day, row.own_contact_mode, row.own_extended_statuses, row.last_used_on == local_day(now), row.own_provider,
        tuple(row.own_photo_hosts),
    )


def require_scope(caller: Caller, *actions: Action) -> None:
    """Raise ScopeMissing unless the key opens one of the actions and the roles of the account allow it. The case is asked for by the use
    case."""
    scopes = caller.actor.scopes or frozenset()
    if not any((action in AT_ONE_DOOR and action in scopes) or may(caller.actor, action) for action in actions):
        raise ScopeMissing


def in_the_name_of(caller: Caller, person_ref: str | None, action: Action, *, now: datetime) -> Caller:
    """The caller acting for a person, where the action is an officer's. Raises BehalfMissing, BehalfRefused.

    The person has agreed, is at work, and holds a role that may do it in the agency of the account. Acts of no officer take no name.
    """
    if action not in IN_A_NAME:
        return caller
    if not person_ref:
        raise BehalfMissing
    person_id = db.session.scalar(
        select(Account.id).where(
            Account.ref == person_ref, Account.kind == "staff", Account.disabled_at.is_(None),
            exists().where(
                BehalfAgreement.person_id == Account.id, BehalfAgreement.service_id == caller.account_id,
                BehalfAgreement.ended_at.is_(None),
            ),
            holds_there(caller.agency_id, frozenset(Role(role) for role in action.roles), now=now),
        )
    )  # fmt: skip
    if person_id is None:
        raise BehalfRefused
    return replace(caller, actor=replace(caller.actor, on_behalf_id=person_id))


def holds_there(agency_id: int | None, roles: frozenset[Role], *, now: datetime) -> Any:
    """The condition that an Account holds one of the roles in an agency today, in its own right."""
    today = local_day(now)
    return exists().where(
        Membership.account_id == Account.id, Membership.agency_id == agency_id, Membership.role.in_(sorted(roles)),
        Membership.valid_from <= today, or_(Membership.valid_to.is_(None), Membership.valid_to > today),
    )  # fmt: skip


def note_used(caller: Caller, *, now: datetime) -> None:
    """Keep the day of the last use; nothing where that was done today."""
    if not caller.was_used_today:
        used = update(ServiceKey).where(ServiceKey.public == caller.key).values(last_used_on=local_day(now))
        db.session.execute(used, execution_options={"synchronize_session": False})


def is_within(networks: list[Any], address: str | None) -> bool:
    """Whether an address lies in one of the networks; without any, every address does."""
    if not networks:
        return True
    try:
        parsed = ipaddress.ip_address(address or "")
    except ValueError:
        return False
    if isinstance(parsed, ipaddress.IPv6Address) and parsed.ipv4_mapped is not None:
        parsed = parsed.ipv4_mapped
    return any(parsed in ipaddress.ip_network(str(network)) for network in networks)


def _is_in_force(row: Any, now: datetime) -> bool:
    """Whether nothing has ended: the key, the account, its centre and its agency."""
    today = local_day(now)
    return (
        row.revoked_at is None and now < row.expires_at and row.disabled_at is None and row.own_ended_at is None
        and all(ends is None or today < ends for ends in (row.centre_ends, row.agency_ends))
    )  # fmt: skip


def _is_own(grant: Grant, row: Any) -> bool:
    """Whether a role is one a service account may act by, in its own centre or agency."""
    if row.own_agency_id is not None:
        return grant.agency_id == row.own_agency_id and grant.role in AGENCY_ROLES_HELD
    return grant.agency_id is None and grant.centre_id == row.own_centre_id and grant.role in CENTRE_ROLES_HELD

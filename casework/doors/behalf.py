"""Whom a service account may act for: people of its agency who have agreed on their own page, until they say otherwise.

What an officer does is theirs to answer for; no administrator agrees in their place.
"""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import or_, select

from casework.bilingual import Bilingual
from casework.db import db
from casework.doors.accounts import MOST_LISTED, beside
from casework.doors.asking import BehalfRefused, holds_there
from casework.doors.owners import tell_owner
from casework.doors.scopes import IN_A_NAME, scopes_in
from casework.local_time import local_day
from casework.models import Account, BehalfAgreement, Membership, ServiceAccount
from casework.permissions import AGENCY_ROLES, Actor, NotAllowed
from casework.setting_events import record_setting

KIND = "behalf_agreement"
AGREED, ENDED = "Tự đồng ý / agreed by themselves", "Tự thôi đồng ý / ended by themselves"


@dataclass(frozen=True, slots=True)
class Offer:
    """A service account that a person may let act in their name, and since when they do."""

    service: ServiceAccount
    agreement: BehalfAgreement | None


def offers_for(by: Actor, *, now: datetime) -> list[Offer]:
    """The accounts of the agencies a person works in that do officers' acts, and those they still have an agreement with."""
    held = select(BehalfAgreement).where(BehalfAgreement.person_id == by.account_id, BehalfAgreement.ended_at.is_(None))
    agreements = {row.service_id: row for row in db.session.scalars(held)}
    query = select(ServiceAccount).where(ServiceAccount.ended_at.is_(None))
    query = query.where(or_(ServiceAccount.agency_id.in_(_own_agencies(by, now)), ServiceAccount.account_id.in_(list(agreements))))
    rows = db.session.scalars(query.options(*beside()).order_by(ServiceAccount.account_id).limit(MOST_LISTED))
    return [Offer(row, agreements.get(row.account_id)) for row in rows if row.account_id in agreements or _acts_in_names(row)]


def offer_of(by: Actor, ref: str, *, now: datetime) -> Offer | None:
    return next((offer for offer in offers_for(by, now=now) if offer.service.account.ref == ref), None)


def agree(service: ServiceAccount, *, by: Actor, now: datetime) -> BehalfAgreement:
    """Let a service account of one's own agency act in one's name. Records `change_setting`, and tells the owner; twice is once.

    Raises NotAllowed for a deputy or an account, BehalfRefused for an account of another agency, or one that does nothing of the kind.
    """
    _require_person(by)
    if service.ended_at is not None or not _acts_in_names(service) or not _works_there(service, by, now):
        raise BehalfRefused
    held = _held(service, by)
    if held is not None:
        return held
    _record(service, by=by, now=now, agrees=True)
    row = BehalfAgreement(service_id=service.account_id, person_id=by.account_id, agreed_at=now)
    db.session.add(row)
    db.session.flush()
    return row


def end_agreement(service: ServiceAccount, *, by: Actor, now: datetime) -> None:
    """End one's agreement, from the next request on. Records `change_setting`, and tells the owner; nothing where there is none."""
    _require_person(by)
    held = _held(service, by)
    if held is not None:
        _record(service, by=by, now=now, agrees=False)
        held.ended_at = now


def end_agreements_of(person: Account, *, by: Actor, now: datetime, reason: str) -> None:
    """End every agreement of somebody whose account is closed, without a check of permission; it does not come back with the account.

    Records `change_setting` for each, and tells the owners.
    """
    query = select(BehalfAgreement, ServiceAccount).join(ServiceAccount, ServiceAccount.account_id == BehalfAgreement.service_id)
    query = query.where(BehalfAgreement.person_id == person.id, BehalfAgreement.ended_at.is_(None)).options(*beside())
    for held, service in db.session.execute(query.order_by(BehalfAgreement.id)).all():
        _record(service, by=by, now=now, agrees=False, person=person, reason=reason)
        held.ended_at = now


def people_agreed(service: ServiceAccount, *, now: datetime) -> list[Account]:
    """The officers of the agency who let the account act in their name and work there today, by name."""
    query = select(Account).join(BehalfAgreement, BehalfAgreement.person_id == Account.id)
    query = query.where(BehalfAgreement.service_id == service.account_id, BehalfAgreement.ended_at.is_(None))
    query = query.where(Account.kind == "staff", Account.disabled_at.is_(None), holds_there(service.agency_id, AGENCY_ROLES, now=now))
    return list(db.session.scalars(query.order_by(Account.folded_name, Account.id).limit(MOST_LISTED)))


def owned_by(by: Actor) -> list[ServiceAccount]:
    """The accounts a person owns that have not ended."""
    query = select(ServiceAccount).where(ServiceAccount.owner_id == by.account_id, ServiceAccount.ended_at.is_(None))
    return list(db.session.scalars(query.options(*beside()).order_by(ServiceAccount.account_id).limit(MOST_LISTED)))


def _held(service: ServiceAccount, by: Actor) -> BehalfAgreement | None:
    query = select(BehalfAgreement).where(BehalfAgreement.service_id == service.account_id, BehalfAgreement.person_id == by.account_id)
    return db.session.scalar(query.where(BehalfAgreement.ended_at.is_(None)).with_for_update())


def _own_agencies(by: Actor, now: datetime) -> list[int]:
    today = local_day(now)
    query = select(Membership.agency_id).where(Membership.account_id == by.account_id, Membership.role.in_(sorted(AGENCY_ROLES)))
    query = query.where(Membership.valid_from <= today, or_(Membership.valid_to.is_(None), Membership.valid_to > today))
    return [id_ for id_ in db.session.scalars(query) if id_ is not None]


def _works_there(service: ServiceAccount, by: Actor, now: datetime) -> bool:
    return service.agency_id is not None and service.agency_id in _own_agencies(by, now)


def _acts_in_names(service: ServiceAccount) -> bool:
    return bool(IN_A_NAME & scopes_in(service.scopes, is_of_agency=service.agency_id is not None))


def _require_person(by: Actor) -> None:
    if by.is_machine or by.account is None or by.account.kind != "staff":
        raise NotAllowed


def _record(
    service: ServiceAccount, *, by: Actor, now: datetime, agrees: bool, person: Account | None = None, reason: str = ""
) -> None:
    whose = person or by.account
    login, name = (whose.login if whose is not None else "") or "", service.account.full_name
    record_setting(
        KIND, f"{name}: {login}", by=by, at=now, centre_id=service.centre_id, old={"agrees": not agrees}, new={"agrees": agrees},
        reason=reason or (AGREED if agrees else ENDED),
    )  # fmt: skip
    words = Bilingual(f"một cán bộ đồng ý cho “{name}” làm thay", f"an officer lets “{name}” act in their name") if agrees else Bilingual(
        f"một cán bộ thôi cho “{name}” làm thay", f"an officer no longer lets “{name}” act in their name"
    )
    tell_owner(service, words, at=now)

"""Which staff need a second factor and from which day nothing opens without it: rules by role, of the installation or a centre."""

from collections.abc import Iterable, Mapping
from datetime import date, datetime, timedelta
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import select

from casework.db import db
from casework.local_time import local_day
from casework.models import Agency, HouseSetting, SecondFactorRule
from casework.permissions import SYSTEM, Actor, Grant, Role
from casework.reading.kept_with_rules import kept_with_rules
from casework.setting_events import record_setting

FOR_NEW = (Role.ADMINISTRATOR, Role.PROCESS_APPROVER, Role.CONFIDENTIAL_READER, Role.INSPECTOR)
"""The roles a new installation guards from its first day: those who change the rules for all, and those who read what nobody else may."""
GRACE_DAYS, FRESH_MINUTES = 7, 30
WHY_NEW = "Quy định khi bắt đầu hệ thống / set when the installation began"


class Need(StrEnum):
    """What the rules require of a person today."""

    NONE = "none"
    SOON = "soon"
    NOW = "now"


class _Rule(NamedTuple):
    role: str
    centre_id: int | None
    grace_days: int
    valid_from: date
    valid_to: date | None


class _Rules(NamedTuple):
    """The rules, and, where a centre has rules of its own, the centre of each agency."""

    rules: list[_Rule]
    centre_of_agency: dict[int, int]


def needed_from(actor: Actor, *, now: datetime) -> date | None:
    """Return the day from which the person can do nothing without a second factor; None where no role of theirs needs one.

    New members of staff have the days of grace from the day they join.
    """
    kept, today = _rules(), local_day(now)
    rules = [rule for rule in kept.rules if _holds(rule, today)]
    if not rules or actor.account is None:
        return None
    joined = min(local_day(actor.account.created_at), today)
    days = [max(rule.valid_from, joined) + timedelta(days=rule.grace_days) for rule in _meant(rules, actor.grants, kept.centre_of_agency)]
    return min(days, default=None)


def need_of(actor: Actor, *, now: datetime) -> Need:
    """What is required of the person today, whether or not they have a second factor."""
    day = needed_from(actor, now=now)
    if day is None:
        return Need.NONE
    return Need.NOW if local_day(now) >= day else Need.SOON


def guard_sign_in(*, now: datetime) -> None:
    """Require a second factor of the roles in FOR_NEW within GRACE_DAYS, and a fresh proof of everybody before acts that want one.

    For a new installation. Records `change_setting` for each rule.
    """
    today = local_day(now)
    for role in FOR_NEW:
        db.session.add(SecondFactorRule(role=role, grace_days=GRACE_DAYS, valid_from=today))
        told = {"role": str(role), "grace_days": GRACE_DAYS, "valid_from": today, "valid_to": None}
        record_setting("second_factor", role, by=SYSTEM, at=now, centre_id=None, old=None, new=told, reason=WHY_NEW)
    db.session.add(HouseSetting(key="fresh_minutes", value=FRESH_MINUTES, changed_at=now))
    told_value = {"value": FRESH_MINUTES}
    record_setting("value", "fresh_minutes", by=SYSTEM, at=now, centre_id=None, old={"value": 0}, new=told_value, reason=WHY_NEW)


@kept_with_rules
def _rules() -> _Rules:
    """Every rule: each staff page asks."""
    columns = (SecondFactorRule.role, SecondFactorRule.centre_id, SecondFactorRule.grace_days, SecondFactorRule.valid_from,
               SecondFactorRule.valid_to)  # fmt: skip
    rules = [_Rule(*row) for row in db.session.execute(select(*columns))]
    agencies = db.session.execute(select(Agency.id, Agency.centre_id)) if any(rule.centre_id is not None for rule in rules) else ()
    return _Rules(rules, {row.id: row.centre_id for row in agencies})


def _holds(rule: _Rule, day: date) -> bool:
    return rule.valid_from <= day and (rule.valid_to is None or day < rule.valid_to)


def _meant(rules: list[_Rule], grants: Iterable[Grant], centre_of_agency: Mapping[int, int]) -> Iterable[_Rule]:
    """The rules of the roles held, a centre's before the installation's."""
    for grant in grants:
        of_role = [rule for rule in rules if rule.role == grant.role]
        if not of_role:
            continue
        centre_id = grant.centre_id if grant.agency_id is None else centre_of_agency.get(grant.agency_id)
        own = [rule for rule in of_role if rule.centre_id is not None and rule.centre_id == centre_id]
        yield from own or (rule for rule in of_role if rule.centre_id is None)

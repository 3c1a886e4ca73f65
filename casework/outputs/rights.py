"""Who may order which output in which centre, and who reads scheduled ones."""

from sqlalchemy import select

from casework.db import db
from casework.models import Agency, Centre, Output, ReportSchedule
from casework.outputs.kinds import KINDS, Kind, OutputRefused
from casework.permissions import AGENCY_ROLES, OWN_ROLE_ALONE, Action, Actor, Grant, NotAllowed, Role
from casework.privacy.identity import SHORTEST_REASON
from casework.successors import Followed, followed_whole

LONGEST_REASON = 300
READ_MATTER = frozenset({Role.OPERATOR, Role.OPS_LEAD, Role.COMMITTEE_LEADER})
"""The roles that read the titles of all cases of a centre, as the owner of a schedule does."""


def refuse_order(kind: Kind, *, by: Actor, centre_id: int, with_identity: bool = False, reason: str | None = None) -> None:
    """Raise NotAllowed unless the person may have that output of the centre; OutputRefused where a reason is needed and missing."""
    needs = (*kind.needs, Action.EXPORT_IDENTITY) if with_identity else kind.needs
    if (with_identity and not kind.can_name) or not all(may_in_centre(by, action, centre_id) for action in needs):
        raise NotAllowed
    if (with_identity or kind.needs_reason) and not SHORTEST_REASON <= len(reason or "") <= LONGEST_REASON:
        taken = ("lấy thông tin người gửi", "taking out who sent reports") if with_identity else ("kết xuất", "taking it out")
        raise OutputRefused(
            f"Vui lòng nêu rõ lý do {taken[0]} ({SHORTEST_REASON} đến {LONGEST_REASON} ký tự).",
            f"Please give the reason for {taken[1]} ({SHORTEST_REASON} to {LONGEST_REASON} characters).",
            about="reason",
        )


def may_in_centre(by: Actor, action: Action, centre_id: int) -> bool:
    """Whether the person may do it in a centre: by a role there, of the whole installation, or of one of its agencies.

    For a centre that has ended, holders of the role in its sole successor may too.
    """
    roles, places = action.roles, {centre_id, *followed_whole(Followed.CENTRE, centre_id)}
    held = [grant for grant in _grants(by, action) if grant.role in roles]
    if any(grant.role not in AGENCY_ROLES and (grant.centre_id is None or grant.centre_id in places) for grant in held):
        return True
    agencies = {grant.agency_id for grant in held if grant.role in AGENCY_ROLES}
    theirs = select(Agency.id).where(Agency.id.in_(agencies), Agency.centre_id.in_(places))
    return bool(agencies) and db.session.scalar(theirs.limit(1)) is not None


def seen_from(by: Actor, kind: Kind, centre_id: int) -> list[int] | None:
    """The agencies by whose roles alone the person reads that output of a centre; None where they read it by a role in the centre."""
    places = {centre_id, *followed_whole(Followed.CENTRE, centre_id)}
    held = [grant for grant in by.grants if any(grant.role in action.roles for action in kind.needs)]
    if any(grant.role not in AGENCY_ROLES and (grant.centre_id is None or grant.centre_id in places) for grant in held):
        return None
    return sorted({grant.agency_id for grant in held if grant.role in AGENCY_ROLES and grant.agency_id is not None})


def refuse_moved(output: Output, by: Actor) -> None:
    """Raise OutputRefused for a file read by roles the person no longer holds, even if they hold others in the same centre."""
    now_seen = seen_from(by, KINDS[output.kind], output.centre_id)
    if now_seen is None or output.state != "ready":
        return
    if output.seen_from is None or any({each, *followed_whole(Followed.AGENCY, each)}.isdisjoint(now_seen) for each in output.seen_from):
        raise OutputRefused(
            "Tệp này được tạo theo vai trò mà Ông/Bà không còn giữ. Vui lòng tạo tệp mới.",
            "This file was made for a role you do not hold any more. Please have a new one made.",
        )


def centres_ordered_in(kind: Kind, *, by: Actor) -> list[Centre]:
    """The centres in which the person may order that kind, by name; with a role in the whole installation, all."""
    held = {action: [grant for grant in _grants(by, action) if grant.role in action.roles] for action in kind.needs}
    agencies = {grant.agency_id for grants in held.values() for grant in grants if grant.role in AGENCY_ROLES}
    homes = {row.id: row.centre_id for row in db.session.execute(select(Agency.id, Agency.centre_id).where(Agency.id.in_(agencies)))}
    query = select(Centre).order_by(Centre.code_prefix)
    for grants in held.values():
        places = {homes.get(grant.agency_id or 0) if grant.role in AGENCY_ROLES else grant.centre_id for grant in grants}
        if not any(grant.role not in AGENCY_ROLES and grant.centre_id is None for grant in grants):
            query = query.where(Centre.id.in_([place for place in places if place is not None]))
    return list(db.session.scalars(query))


def _grants(by: Actor, action: Action) -> tuple[Grant, ...]:
    """The roles that count for an action; for some only a person's own."""
    return by.alone.grants if action in OWN_ROLE_ALONE else by.grants


def may_schedule(by: Actor, centre_id: int) -> bool:
    return may_in_centre(by, Action.SCHEDULE_REPORT, centre_id)


def is_recipient(schedule: ReportSchedule, by: Actor) -> bool:
    """Whether a schedule names the person, or a desk they read now."""
    return f"account:{by.own_id}" in schedule.recipients or any(f"desk:{desk}" in schedule.recipients for desk in by.desks)


def reads_scheduled(kind: str, *, by: Actor, centre_id: int, agency_id: int | None) -> bool:
    """Whether the person may read a schedule's outputs: for a whole centre by a role there, for an agency as its leader too.

    Outputs are made as one person sees them and read by others; those about cases may only be read by people who may read the titles.
    """
    roles = frozenset.intersection(*(frozenset(Role(role) for role in action.roles) for action in KINDS[kind].needs))
    whole = (roles & READ_MATTER) if KINDS[kind].holds_cases else roles - AGENCY_ROLES
    if any(by.holds(whole, centre_id=each) for each in (centre_id, *followed_whole(Followed.CENTRE, centre_id))):
        return True
    leads = roles & {Role.AGENCY_LEADER}
    led = () if agency_id is None else (agency_id, *followed_whole(Followed.AGENCY, agency_id))
    return any(by.holds(leads, agency_id=each) for each in led)


def reads_run(output: Output, by: Actor) -> bool:
    if output.schedule is None or not (may_schedule(by, output.centre_id) or is_recipient(output.schedule, by)):
        return False
    return reads_scheduled(output.kind, by=by, centre_id=output.centre_id, agency_id=output.agency_id)


def refuse_others(output: Output, by: Actor) -> None:
    if output.asked_by_id is None or output.asked_by_id != by.own_id:
        raise NotAllowed


def principal_for(by: Actor, kind: Kind, centre_id: int) -> int | None:
    """The principal for whom a deputy orders what they may not have themselves."""
    if all(may_in_centre(by.alone, action, centre_id) for action in kind.needs):
        return None
    roles = frozenset(kind.needs[0].roles)
    return next((grant.principal_id for grant in by.grants if grant.role in roles and grant.principal_id is not None), None)

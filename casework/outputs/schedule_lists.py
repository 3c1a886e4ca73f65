"""Lists about recurring outputs: the schedules a person sees, what was sent to them, and who and what may be chosen for one."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.documents.kinds import AGENCY_SHEET
from casework.local_time import local_day
from casework.models import Account, Agency, Centre, Membership, Output, ReportSchedule
from casework.outputs import is_recipient, reads_scheduled
from casework.outputs.schedules import MOST_RUNNING
from casework.permissions import Action, Actor, Role
from casework.reading.rule_rows import AgencyRow
from casework.search.staff_choices import MOST_OPTIONS, agencies_of, centres_worked_in
from casework.successors import Followed, left_whole_to

PAGE = 25
SENT_SHOWN = 10
SENT_WITHIN = timedelta(days=400)


def centres_scheduled_in(by: Actor) -> list[Centre]:
    """The centres in which the person may schedule, the default one first."""
    places = [grant.centre_id for grant in by.grants if grant.role in Action.SCHEDULE_REPORT.roles]
    query = select(Centre).order_by(Centre.is_default.desc(), Centre.id).limit(MOST_OPTIONS)
    return list(db.session.scalars(query if None in places else query.where(Centre.id.in_([place for place in places if place]))))


def schedules_seen(by: Actor) -> list[ReportSchedule]:
    """The running schedules of the person's centres, earliest due first, then the latest that were stopped. This includes those an ended
    centre left entirely to one of them."""
    running = _of(by).where(ReportSchedule.stopped_at.is_(None)).order_by(ReportSchedule.next_at, ReportSchedule.id).limit(MOST_RUNNING)
    stopped = _of(by).where(ReportSchedule.stopped_at.is_not(None)).order_by(ReportSchedule.stopped_at.desc()).limit(PAGE)
    return [*db.session.scalars(running), *db.session.scalars(stopped)]


def schedule_seen(by: Actor, ref: str) -> ReportSchedule | None:
    return db.session.scalars(_of(by).where(ReportSchedule.ref == ref)).first()


def runs_of(schedule: ReportSchedule, *, before: datetime | None = None, limit: int = PAGE) -> list[Output]:
    """A schedule's orders, newest period first; `before` is the cut-off the previous page ended with."""
    query = select(Output).where(Output.schedule_id == schedule.id).order_by(Output.for_at.desc()).limit(limit)
    if before is not None:
        query = query.where(Output.for_at < before)
    return list(db.session.scalars(query.options(joinedload(Output.file))))


def run_of(schedule: ReportSchedule, ref: str) -> Output | None:
    return db.session.scalars(select(Output).where(Output.schedule_id == schedule.id, Output.ref == ref)).first()


def last_runs(schedules: Collection[ReportSchedule]) -> dict[int, Output]:
    """The newest run of each schedule that has one."""
    newest = select(Output.schedule_id, func.max(Output.for_at).label("for_at")).group_by(Output.schedule_id)
    found = newest.where(Output.schedule_id.in_([row.id for row in schedules])).subquery()
    query = select(Output).join(found, (Output.schedule_id == found.c.schedule_id) & (Output.for_at == found.c.for_at))
    return {row.schedule_id or 0: row for row in db.session.scalars(query)}


def outputs_sent_to(by: Actor, *, now: datetime) -> list[Output]:
    """The latest files schedules sent to the person or to one of their desks."""
    centres = centres_worked_in(by)
    named = select(ReportSchedule).order_by(ReportSchedule.id.desc()).limit(MOST_RUNNING)
    if centres is not None:
        named = named.where(ReportSchedule.centre_id.in_(centres))
    theirs = [row.id for row in db.session.scalars(named) if is_recipient(row, by)]
    if not theirs:
        return []
    query = select(Output).where(Output.schedule_id.in_(theirs), Output.for_at > now - SENT_WITHIN, Output.sent_at.is_not(None))
    query = query.where(Output.state == "ready").order_by(Output.for_at.desc(), Output.id.desc()).limit(SENT_SHOWN)
    rows = db.session.scalars(query.options(joinedload(Output.agency), joinedload(Output.schedule)))
    return [row for row in rows if reads_scheduled(row.kind, by=by, centre_id=row.centre_id, agency_id=row.agency_id)]


def people_offered(by: Actor, *, now: datetime) -> list[Account]:
    """The people who may be named as recipients: readers of figures or late lists in the centres where the person schedules, by name."""
    places, today = [row.id for row in centres_scheduled_in(by)], local_day(now)
    roles = Action.READ_STATISTICS.roles | Action.READ_LATE.roles
    of_agency = Membership.agency_id.in_(select(Agency.id).where(Agency.centre_id.in_(places)))
    query = (
        select(Account).join(Membership, Membership.account_id == Account.id)
        .where(Membership.role.in_(sorted(roles)), or_(Membership.centre_id.in_(places), of_agency))
        .where(Account.kind == "staff", Account.disabled_at.is_(None))
        .where(Membership.valid_from <= today, or_(Membership.valid_to.is_(None), Membership.valid_to > today))
        .distinct().order_by(Account.full_name, Account.id).limit(MOST_OPTIONS)
    )  # fmt: skip
    return list(db.session.scalars(query))


def agencies_left(every: str, form: str, *, centre_id: int, now: datetime) -> list[AgencyRow]:
    """The agencies of a centre without such a scheduled sheet, by name."""
    running = select(ReportSchedule.agency_id).where(
        ReportSchedule.centre_id == centre_id, ReportSchedule.stopped_at.is_(None), ReportSchedule.kind == AGENCY_SHEET,
        ReportSchedule.every == every, ReportSchedule.form == form,
    )  # fmt: skip
    taken = set(db.session.scalars(running))
    return [agency for agency in agencies_of(centre_id, now=now) if agency.id not in taken]


def roles_named(schedule: ReportSchedule) -> list[Role]:
    """The roles of a schedule's desks."""
    return [Role(each.removeprefix("desk:").partition("@")[0]) for each in schedule.recipients if each.startswith("desk:")]


def people_named(schedules: Collection[ReportSchedule]) -> dict[str, Account]:
    """The people schedules name, by the reference used there."""
    named = {each for row in schedules for each in row.recipients if each.startswith("account:")}
    ids = [int(each.removeprefix("account:")) for each in named]
    return {f"account:{row.id}": row for row in db.session.scalars(select(Account).where(Account.id.in_(ids)))} if ids else {}


def _of(by: Actor) -> Select[ReportSchedule]:
    own = [row.id for row in centres_scheduled_in(by)]
    places = [*own, *left_whole_to(Followed.CENTRE, own)]
    query = select(ReportSchedule).where(ReportSchedule.centre_id.in_(places))
    return query.options(joinedload(ReportSchedule.centre), joinedload(ReportSchedule.agency), joinedload(ReportSchedule.made_by))

"""Reports from unconfirmed senders, moved out of the operators' inbox after some hours.

The step that verifies them moves to a desk of its own, `unconfirmed@c1`, which the operators of the centre read in a separate view. So the
inbox reads no more rows, however many such reports come in. Limits, reminders and everything else stay. Once the contact is confirmed, or
something else happens in the case, the step returns. Urgent ones never leave (rules.md, section 4).
"""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, false, or_, select, update

from casework.cases import lock_case
from casework.contacts.confirming import confirm_report
from casework.contacts.report_links import case_of
from casework.db import db, unit_of_work
from casework.models import Case, CaseReport, Centre, Report, Reporter
from casework.open_cases import is_unconfirmed
from casework.permissions import Actor, Role, desk_name
from casework.privacy.identity import Contact
from casework.setting_values import value_of
from casework.states import CaseState
from workflows.desk_access import unconfirmed_desk
from workflows.models import WaitingTask
from workflows.running.claims import is_free

LOOKED_BACK = timedelta(days=7)
"""How long after its time a report may still be moved, in case the worker has stood still for some days."""
TOGETHER = 200


def set_apart_unconfirmed(now: datetime, *, provable: Collection[str]) -> int:
    """Move steps that have waited longer than the value `unconfirmed_hours`, and return how many. A job; commits.

    `provable` are the kinds of contact (`phone`, `email`) this installation can send a code to: nobody is asked for a proof that cannot be
    given, and a sender without a provable contact is no longer counted apart (casework.open_cases). At most TOGETHER per centre and run.
    """
    moved = 0
    for centre_id in db.session.scalars(select(Centre.id).order_by(Centre.id)).all():
        until = now - timedelta(hours=value_of("unconfirmed_hours", centre_id))
        with unit_of_work():
            _let_count(centre_id, provable)
            moved += _set_apart(centre_id, until, provable, now)
    return moved


def confirm_with_step(report: Report, *, contact: Contact, now: datetime, by: Actor) -> bool:
    """Confirm a report's contact as `confirm_report` does; a step that was moved returns to the operators' inbox."""
    confirmed = confirm_report(report, contact=contact, now=now, by=by)
    if confirmed:
        case = case_of(report)
        back = update(WaitingTask).where(WaitingTask.case_id == case.id, WaitingTask.desk == unconfirmed_desk(case.centre_id))
        db.session.execute(back.values(desk=desk_name(Role.OPERATOR, centre_id=case.centre_id)))
    return confirmed


def _can_be_proven(provable: Collection[str]) -> ColumnElement[bool]:
    phone = Reporter.phone_digest.is_not(None) if "phone" in provable else false()
    return or_(phone, Reporter.email_digest.is_not(None) if "email" in provable else false())


def _let_count(centre_id: int, provable: Collection[str]) -> None:
    """Let a case count like any other if its sender left nothing that can be confirmed."""
    query = select(Case.id).join(CaseReport, CaseReport.case_id == Case.id).join(Report, Report.id == CaseReport.report_id)
    query = query.join(Reporter, Reporter.id == Report.reporter_id).where(Case.centre_id == centre_id, is_unconfirmed())
    query = query.where(CaseReport.is_main, CaseReport.left_at.is_(None), ~_can_be_proven(provable)).limit(TOGETHER)
    for case_id in db.session.scalars(query).all():
        lock_case(case_id).unconfirmed_since = None


def _set_apart(centre_id: int, until: datetime, provable: Collection[str], now: datetime) -> int:
    desk = desk_name(Role.OPERATOR, centre_id=centre_id)
    waiting = (
        select(WaitingTask.id)
        .join(Case, Case.id == WaitingTask.case_id)
        .join(CaseReport, CaseReport.case_id == Case.id)
        .join(Report, Report.id == CaseReport.report_id)
        .join(Reporter, Reporter.id == Report.reporter_id)
        .where(
            Case.centre_id == centre_id, Case.unconfirmed_since <= until, Case.unconfirmed_since > until - LOOKED_BACK,
            Case.state == CaseState.TO_VERIFY, CaseReport.is_main, CaseReport.left_at.is_(None), Report.marked_urgent.is_(False),
            WaitingTask.desk == desk, WaitingTask.state == "waiting", WaitingTask.urgent.is_(False), is_free(now),
            _can_be_proven(provable),
        )
        .order_by(Case.unconfirmed_since)
        .limit(TOGETHER)
    )  # fmt: skip
    ids = list(db.session.scalars(waiting))
    if not ids:
        return 0
    # a step somebody takes or does at this moment stays where it is
    free = update(WaitingTask).where(
        WaitingTask.id.in_(ids), WaitingTask.desk == desk, WaitingTask.state == "waiting", is_free(now)
    )
    moved = db.session.execute(free.values(desk=unconfirmed_desk(centre_id)).returning(WaitingTask.id)).all()
    return len(moved)

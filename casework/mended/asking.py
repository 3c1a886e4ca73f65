"""Asking each sender, some weeks after a final answer, whether the matter is really mended.

A job looks for final answers that are old enough: of public cases that were not reopened, taken back, merged or set apart since. A case
that is answered again has a new final publication, whose days begin anew. A private answer is never asked about: weeks later a message
could tell somebody else at home of a matter that is nobody's business. Source: rules.md, section 6, "Really mended?".
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Select, and_, exists, or_, select
from sqlalchemy.orm import aliased

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.events import record
from casework.mended import sentences
from casework.models import Account, Case, CaseReport, Centre, MendedQuestion, Publication, Report, Reporter
from casework.outbox import tell_reporter
from casework.permissions import SYSTEM
from casework.publications import RATED_KINDS, SETTLED_STATES
from casework.setting_values import value_of
from casework.upkeep.batches import OneByOne
from casework.verbs import MESSAGE, Verb

TEMPLATE = "asked_if_mended"
JOB = "ask_if_mended"
ANSWERABLE = timedelta(days=30)
"""How long the link in the message, and the question on the sender's page, can be answered."""
NOT_LATER = timedelta(days=30)
"""After so much delay (no worker, an upgrade, another number of days) a question comes out of the blue and is not asked any more."""


def ask_if_mended(now: datetime, limit: int = 100) -> int:
    """Ask the senders of at most `limit` answers of each centre whose day has come; returns how many answers these were. A job.

    Each answer is a unit of work, with the lock of its case: two workers ask nobody twice, and one that is killed has asked all senders of
    an answer or none.
    """
    work, asked = OneByOne(JOB), 0
    for centre_id in list(db.session.scalars(select(Centre.id).order_by(Centre.id))):
        days = int(value_of("mended_days", centre_id))
        if not days:
            continue
        wanted = _due(centre_id, now - timedelta(days=days)).limit(limit)
        for publication_id, case_id in db.session.execute(wanted).all():
            with work.each(publication=publication_id), unit_of_work():
                asked += _ask(publication_id, case_id, wanted, now)
    work.end()
    return asked


@Verb(JOB, None, kinds=MESSAGE, staff=sentences.asked)
def _ask(publication_id: int, case_id: int, wanted: Select[int, int], now: datetime) -> bool:
    """Ask every sender the case has now. False where another worker was faster, or something has happened to the case since."""
    case = lock_case(case_id)
    if db.session.execute(wanted.where(Publication.id == publication_id)).first() is None:
        return False
    reports = _askable(case)
    for report in reports:
        question = MendedQuestion(
            publication_id=publication_id, case_id=case.id, report_id=report.id, asked_at=now, expires_at=now + ANSWERABLE
        )
        db.session.add(question)
        db.session.flush()
        tell_reporter(report, TEMPLATE, case=case, at=now, question=question.ref)
    record(case, "ask_if_mended", by=SYSTEM, at=now, asked=len(reports))
    return True


def _due(centre_id: int, day: datetime) -> Select[int, int]:
    """The final answers of a centre given until `day` that may be asked about, oldest first; found by the index of their instants."""
    later = aliased(Publication)
    is_newest = ~exists().where(later.case_id == Publication.case_id, later.number > Publication.number, later.kind.in_(RATED_KINDS))
    query = select(Publication.id, Publication.case_id).join(Case, Case.id == Publication.case_id)
    query = query.where(
        Publication.published_at <= day, Publication.published_at > day - NOT_LATER, Publication.kind == "final",
        Publication.unpublished_at.is_(None), Case.centre_id + 0 == centre_id, Case.is_public, Case.state.in_(SETTLED_STATES),
        Case.quarantined_at.is_(None), Case.visibility_reason_id.is_(None), is_newest,
        ~exists().where(MendedQuestion.publication_id == Publication.id), _has_somebody(),
    )  # fmt: skip
    return query.order_by(Publication.published_at, Publication.id)


def _has_somebody() -> ColumnElement[bool]:
    of_case = select(CaseReport.id).join(Report, Report.id == CaseReport.report_id).join(Reporter, Reporter.id == Report.reporter_id)
    of_case = of_case.outerjoin(Account, Account.id == Reporter.account_id)
    return of_case.where(CaseReport.case_id == Publication.case_id, CaseReport.left_at.is_(None), _can_be_asked()).exists()


def _can_be_asked() -> ColumnElement[bool]:
    """Whether a sender can be reached and has not asked that their data rest."""
    reachable = or_(Reporter.account_id.is_not(None), Reporter.phone_digest.is_not(None), Reporter.email_digest.is_not(None))
    return and_(reachable, Reporter.restricted_at.is_(None), Account.restricted_at.is_(None))


def _askable(case: Case) -> Sequence[Report]:
    """The reports the case answers now whose senders can be asked: those that were merged into it too, not those that left it."""
    links = (link.report for link in case.reports if link.left_at is None)
    return [each for each in links if each.reporter is not None and each.reporter.can_be_told and not each.reporter.is_restricted]

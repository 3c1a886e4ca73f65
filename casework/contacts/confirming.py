"""Proving that a report's sender can be reached: a report by somebody without an account is unconfirmed until then."""

from datetime import datetime

from sqlalchemy import select

from casework.cases import lock_case
from casework.contacts.report_links import case_of
from casework.db import db
from casework.events import record
from casework.models import Case, CaseReport, Report
from casework.permissions import SYSTEM, Action, Actor
from casework.privacy.contact_codes import digest_of, kind_of
from casework.privacy.dead_addresses import lives_again
from casework.privacy.identity import Contact, open_contact
from casework.sentences import always
from casework.verbs import MESSAGE, Verb

GUEST_SOURCE = "citizen"
UNCONFIRMED = "unconfirmed"
"""Used as the role of a desk: the desk where reports of unproven senders wait once they are set apart (workflows.desks.unconfirmed);
operators work at it."""


def is_unconfirmed(report: Report) -> bool:
    """Whether the sender left a contact that nobody has proven. Accounts, callers and cameras need no proof."""
    reporter = report.reporter
    return (
        reporter is not None and report.source == GUEST_SOURCE and reporter.account_id is None
        and reporter.contact_verified_at is None and bool(reporter.phone_digest or reporter.email_digest)
    )  # fmt: skip


def contacts_of(report: Report) -> list[Contact]:
    """The addresses of a report's sender, one contact each, telephone first; only for sending codes to them."""
    reporter = report.reporter
    if reporter is None or reporter.sealed_identity is None:
        return []
    given = open_contact(reporter.sealed_identity)
    ways = (Contact(phone=given.phone) if given.phone else None, Contact(email=given.email) if given.email else None)
    return [way for way in ways if way is not None]


@Verb(
    "confirm_contact", Action.CONFIRM_CONTACT, kinds=MESSAGE,
    staff=always("Người gửi xác nhận cách liên hệ bằng mã", "The sender confirmed by a code how to be reached"),
)  # fmt: skip
def confirm_report(report: Report, *, contact: Contact, now: datetime, by: Actor = SYSTEM) -> bool:
    """Record that the contact sent with a report belongs to its sender. Done before it changes nothing and returns False.

    Locks the case that answers the report; records `confirm_contact` with which of the two ways it is. The case it opened is no longer
    unconfirmed, also where it is merged with another.
    """
    reporter, kind = report.reporter, kind_of(contact)
    if reporter is None or digest_of(contact) != (reporter.phone_digest if kind == "phone" else reporter.email_digest):
        raise ValueError("not the contact of this report")
    case = lock_case(case_of(report).id)
    db.session.refresh(reporter)                           # two presses at once: the second sees what the first has confirmed
    if reporter.contact_verified_at is not None:
        return False
    record(case, "confirm_contact", by=by, at=now, report=report.code, contact=kind)
    reporter.contact_verified_at, reporter.verified_contact = now, kind
    if kind == "email":
        lives_again(reporter.email_digest)
    for opened in _cases_opened_by(report):
        opened.unconfirmed_since = None
    return True


def _cases_opened_by(report: Report) -> list[Case]:
    query = select(Case).join(CaseReport, CaseReport.case_id == Case.id)
    return list(db.session.scalars(query.where(CaseReport.report_id == report.id, CaseReport.is_main)))

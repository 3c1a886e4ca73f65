"""Correcting a person's identity: what a request for correction says replaces what was sealed before."""

from dataclasses import replace

from casework.contacts.report_links import case_of
from casework.db import db
from casework.models import DataRequest, Reporter
from casework.privacy.identity import EMAIL_PURPOSE, PHONE_PURPOSE, Contact, open_contact, seal_contact
from casework.rights.requests import Wish, is_first, reports_about
from casework.sealing.seal import lookup_digest


def correct(request: DataRequest, wish: Wish) -> None:
    """Correct the sealed identity of the reports a request is about, and the name of the account.

    An account signs in with its number and address, which are changed on its own page, with a code that proves them. A changed contact is
    no longer proven.
    """
    account = request.account if request.account_id is not None else None
    if account is not None and is_first(request) and account.sealed_identity is not None and wish.contact.name:
        account.sealed_identity = seal_contact(replace(open_contact(account.sealed_identity), name=wish.contact.name))
    for report in reports_about(request):
        if report.reporter is not None and case_of(report).quarantined_at is None:
            _correct_reporter(report.reporter, wish.contact)
    db.session.flush()


def _correct_reporter(reporter: Reporter, given: Contact) -> None:
    if reporter.sealed_identity is None:
        return
    held = open_contact(reporter.sealed_identity)
    if held == Contact() and reporter.account_id is not None:
        # sent with the account: the identity is read there
        return
    corrected = Contact(given.name or held.name, given.phone or held.phone, given.email or held.email)
    if (corrected.phone, corrected.email) != (held.phone, held.email):
        reporter.contact_verified_at = reporter.verified_contact = None
    reporter.sealed_identity = seal_contact(corrected)
    reporter.phone_digest = lookup_digest(corrected.phone, purpose=PHONE_PURPOSE) if corrected.phone else None
    reporter.email_digest = lookup_digest(corrected.email, purpose=EMAIL_PURPOSE) if corrected.email else None

"""Senders who are forgotten, and incoming e-mail of reports that nothing may lead to any more."""

from collections.abc import Collection

from sqlalchemy import delete, select, update

from casework.db import db
from casework.models import IncomingLetter, ReplyAddress, Report, Reporter
from casework.privacy.dead_addresses import lives_again


def _forget_letters_of(report_ids: Collection[int]) -> None:
    """Erase the reply addresses of these reports, and the letters sent there that nobody has taken."""
    waiting = IncomingLetter.report_id.in_(report_ids) & IncomingLetter.state.in_(("waiting", "unclear"))
    letters = update(IncomingLetter).where(waiting).values(sealed_raw=None, state="thrown", why=None)
    db.session.execute(letters, execution_options={"synchronize_session": False})
    addresses = delete(ReplyAddress).where(ReplyAddress.report_id.in_(report_ids))
    db.session.execute(addresses, execution_options={"synchronize_session": False})


def forget_mail_of(reporter: Reporter) -> None:
    """The same of a sender who is forgotten, and that their address took no letters."""
    _forget_letters_of(list(db.session.scalars(select(Report.id).where(Report.reporter_id == reporter.id))))
    lives_again(reporter.email_digest)


def forget_person(reporter: Reporter) -> None:
    """Empty the identity of a sender; the row stays, for numbers and for ratings. No letter leads to their report any more."""
    forget_mail_of(reporter)
    reporter.sealed_identity = reporter.account_id = reporter.phone_digest = reporter.email_digest = None
    reporter.contact_verified_at = reporter.verified_contact = reporter.restricted_at = None
    reporter.channels = []

"""Finding a caller's cases by telephone number: by keyed digest, with a reason, and recorded (rules.md, section 2).

The result is cases. The senders of their reports stay sealed; revealing them is a separate act (casework/privacy/identity.py).
"""

from datetime import datetime, timedelta

from sqlalchemy import or_, select
from sqlalchemy.orm import aliased, joinedload

from casework.db import db
from casework.errors import CaseworkError
from casework.events import append
from casework.models import Account, Case, CaseReport, Report, Reporter
from casework.permissions import OPERATIONS, Action, Actor, require
from casework.privacy.identity import PHONE_PURPOSE, SHORTEST_REASON
from casework.rate_limits import limit_set_by
from casework.sealing.seal import lookup_digest
from casework.successors import Followed, left_to
from casework.text import normal

LOOKED_UP_PURPOSE = "telephone number looked up"
"""Purpose of the digest in the event: it shows that a number was looked up twice, and matches no digest of a sender."""

STREAM = "phone_look_ups"
LONGEST_REASON = 300
MOST_FOUND = 50
LOOK_UPS = limit_set_by("phone_look_ups_an_hour", "phone look up", timedelta(hours=1))
"""Look-ups allowed to one person; the caller counts them before looking (casework.rate_limits.count_attempt)."""


class LookUpRefused(CaseworkError):
    """Nothing is looked up; the text says why."""


def look_up_phone(phone: str, *, by: Actor, now: datetime, reason: str) -> list[Case]:
    """Return the newest cases that answer a report sent under a number, in the centres where the person is at work there.

    `phone` in E.164. Records `look_up_phone` in the stream STREAM, with the reason, a keyed digest and how many were found, never the
    number. Raises NotAllowed, LookUpRefused without a reason. Quarantined cases are not found.
    """
    require(by, Action.LOOK_UP_PHONE)
    reason = normal(reason)
    if not SHORTEST_REASON <= len(reason) <= LONGEST_REASON:
        raise LookUpRefused(
            f"Vui lòng nêu rõ lý do tra cứu, từ {SHORTEST_REASON} đến {LONGEST_REASON} ký tự.",
            f"Please give the reason for looking, in {SHORTEST_REASON} to {LONGEST_REASON} characters.",
            about="reason",
        )
    cases = _cases_of(phone, by)
    digest = lookup_digest(phone, purpose=LOOKED_UP_PURPOSE)
    append(STREAM, "look_up_phone", by=_at_their_desk(by), at=now, payload={"number": digest, "reason": reason, "found": len(cases)})
    return cases


def _cases_of(phone: str, by: Actor) -> list[Case]:
    digest, account = lookup_digest(phone, purpose=PHONE_PURPOSE), aliased(Account)
    centres = {grant.centre_id for grant in by.grants if grant.role in OPERATIONS}
    query = (
        select(Case)
        .join(CaseReport, CaseReport.case_id == Case.id)
        .join(Report, Report.id == CaseReport.report_id)
        .join(Reporter, Reporter.id == Report.reporter_id)
        .outerjoin(account, account.id == Reporter.account_id)
        .where(CaseReport.left_at.is_(None), Case.quarantined_at.is_(None))
        .where(or_(Reporter.phone_digest == digest, account.phone_digest == digest))
        .options(joinedload(Case.area), joinedload(Case.field), joinedload(Case.lead_agency))
        .order_by(Case.id.desc())
    )
    if None not in centres:
        own = set(filter(None, centres))
        left = left_to(Followed.CENTRE, own, body=Case.centre_id.expression, area=Case.area_id.expression)
        query = query.where(or_(Case.centre_id.in_(sorted(own)), *left))
    return list(db.session.scalars(query.limit(MOST_FOUND)).unique())


def _at_their_desk(by: Actor) -> Actor:
    """The person as they look: a deputy whose only right is the principal's acts in the principal's name."""
    grants = [grant for grant in by.grants if grant.role in OPERATIONS]
    return by.at(min(grants, key=lambda grant: grant.principal_id is not None).desk)

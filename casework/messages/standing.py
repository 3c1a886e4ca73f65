"""Whether a message may still be sent, checked again right before: seconds or two days may lie between writing and sending."""

from datetime import datetime

from sqlalchemy import select

from casework.db import db
from casework.followers import is_known_to_public
from casework.messages import reasons
from casework.messages.kinds import KINDS, Audience
from casework.messages.recipients import Recipient, account_id_of
from casework.messages.routing import desk_of
from casework.models import Account, Case, Clock, Delivery, Follower, OutboxMessage
from casework.parsing import number_in
from casework.permissions import actor_for
from casework.publications import is_settled, is_taken_back
from casework.states import OPEN_STATES, CaseState

REMINDER = "reminder"
TOLD_WHEN_OVER = frozenset({
    "answers_approved", "case_quarantined", "closed_without_answer", "agency_removed", "work_ended", "rating_to_review", "directive_done",
    "report_left", "mentioned_in_note", "refusal_objected", "reporter_wrote", "step_waiting", "task_assigned", "task_taken_over",
})  # fmt: skip
"""Messages staff still get about cases whose work is over; the others ask for something nobody has to do any more."""

SAYS_PUBLIC = {"report_interim": "interim", "report_published": "final"}
"""Messages that tell a sender that everybody can read something, and the kind of the publication."""


def fault_of(
    delivery: Delivery, message: OutboxMessage | None, case: Case | None, person: Recipient | None, *, now: datetime
) -> str | None:
    """Why a delivery is to be dropped unsent; None when it may be sent. A message without an outbox row (a digest, a test) is judged by
    its recipient alone."""
    if message is not None and (message.dropped_at is not None or _is_set_apart(message, case)):
        return reasons.WITHDRAWN
    if person is None or delivery.channel not in person.reached:
        return reasons.NO_ADDRESS
    if not person.is_open:
        return reasons.DISABLED
    if message is None:
        return None
    if person.is_left_alone(message.template):
        return reasons.RESTRICTED
    if not person.takes(delivery.channel, urgent=delivery.is_urgent, template=delivery.template):
        return reasons.NOT_WISHED
    audience = KINDS[message.template].audience if message.template in KINDS else Audience.REPORTER
    if audience is Audience.FOLLOWER:
        return _fault_of_follower(message, case, person)
    if audience is Audience.STAFF:
        return _fault_of_staff(message, case, person, now)
    return _fault_of_sender(message, case)


def is_out_of_date(message: OutboxMessage, case: Case | None) -> bool:
    """Whether staff need not be told any more: the limit was kept, the report verified."""
    if message.template == REMINDER:
        return _clock_has_ended(message)
    if case is None:
        return False
    if message.template == "report_to_verify":
        return case.state != CaseState.TO_VERIFY
    if message.template == "reporter_wrote":
        return not case.has_unread_words
    if message.template == "withdrawal_to_decide":
        return not case.withdrawal_asked
    return case.state not in OPEN_STATES and message.template not in TOLD_WHEN_OVER


def _is_set_apart(message: OutboxMessage, case: Case | None) -> bool:
    """Whether it was written before its case was quarantined; messages written with that act or later are neutral."""
    return case is not None and case.quarantined_at is not None and message.created_at < case.quarantined_at


def _fault_of_sender(message: OutboxMessage, case: Case | None) -> str | None:
    """A sender is told that something is public, or no longer is, as long as that is so; that it was taken back is a message of its own.
    """
    if message.template == "asked_if_mended":
        return reasons.OUT_OF_DATE if case is None or not is_settled(case) else None
    if case is None:
        return None
    kind = SAYS_PUBLIC.get(message.template)
    if kind is not None:
        return reasons.NOT_PUBLIC if is_taken_back(case, kind=kind, told_at=message.created_at) else None
    return reasons.OUT_OF_DATE if message.template == "report_unpublished" and case.is_public else None


def _fault_of_follower(message: OutboxMessage, case: Case | None, person: Recipient) -> str | None:
    """A follower is told what the public may know, as long as they follow. News of a merger is sent in any case: it is about
    the case they followed before."""
    if case is None or (message.template != "followed_merged" and not is_known_to_public(case)):
        return reasons.NOT_PUBLIC
    if message.template == "followed_merged":
        return None
    account_id = account_id_of(person.key)
    query = select(Follower.id).where(Follower.case_id == case.id, Follower.account_id == account_id, Follower.ended_at.is_(None))
    return None if db.session.scalar(query) is not None else reasons.NOT_WISHED


def _fault_of_staff(message: OutboxMessage, case: Case | None, person: Recipient, now: datetime) -> str | None:
    desk = desk_of(message)
    if desk is not None and desk not in actor_for(db.session.get(Account, account_id_of(person.key)), now=now).desks:
        return reasons.DISABLED
    if desk is None and message.read_at is not None:
        return reasons.OUT_OF_DATE
    return reasons.OUT_OF_DATE if is_out_of_date(message, case) else None


def _clock_has_ended(message: OutboxMessage) -> bool:
    """Whether the clock named in a reminder's key (casework.clocks.reminders) has ended."""
    number = number_in(message.dedupe_key.partition(":")[2].partition(":")[0])
    clock = db.session.get(Clock, number) if number is not None else None
    return clock is None or clock.ended_at is not None



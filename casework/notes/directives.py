"""A committee leader's directive on a case: read by everybody who works on it, carried out by those it concerns."""

from dataclasses import dataclass
from datetime import date, datetime

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.local_time import local_day
from casework.models import Case, Directive
from casework.outbox import tell_desk
from casework.permissions import Action, Actor, Role, require
from casework.sentences import always
from casework.states import ENDED_STATES
from casework.text import normal
from casework.verbs import DECISION, MESSAGE, Input, Situation, Verb

LONGEST_DIRECTIVE = 4_000


class DirectiveRefused(CaseworkError):
    """The directive cannot be given like this; the text says why."""


def can_be_directed(at: Situation) -> bool:
    """Until the case has ended."""
    return at.case.state not in ENDED_STATES


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectInput(Input):
    words: str
    until: date | None = None


@Verb(
    "direct", Action.DIRECT, kinds=DECISION | MESSAGE,
    staff=always("Lãnh đạo UBND chỉ đạo", "The committee leader gave a directive", is_main=True),
    is_act=True, offered=can_be_directed,
)  # fmt: skip
def direct(case: Case, given: DirectInput, *, by: Actor, now: datetime) -> None:
    """Give a directive on a case that has not ended, even while it is paused.

    `until` is the last local day in time for what is ordered; it moves no limit of the case. Tells the operators, their lead and the
    leaders of the agencies at work. Records `direct` without the words. Raises DirectiveRefused, DayTooFar.
    """
    require(by, Action.DIRECT, case)
    words = normal(given.words)
    if case.quarantined_at is not None or case.state in ENDED_STATES:
        raise DirectiveRefused("Hồ sơ đã kết thúc nên không chỉ đạo được nữa.", "The case has ended and takes no directive any more.")
    if not words or len(words) > LONGEST_DIRECTIVE:
        raise DirectiveRefused(
            f"Vui lòng ghi nội dung chỉ đạo, tối đa {LONGEST_DIRECTIVE} ký tự.",
            f"Please write the directive, {LONGEST_DIRECTIVE} characters at most.",
            about="words",
        )
    if given.until is not None and given.until < local_day(now):
        raise DirectiveRefused("Ngày hoàn thành đã qua.", "The day by which it is to be done has passed.", about="until")
    due = calendar_of(case.centre_id).end_of(given.until, now) if given.until is not None else None
    record(case, "direct", by=by, at=now, until=given.until.isoformat() if given.until is not None else None)
    db.session.add(Directive(case_id=case.id, body=words, given_by_id=by.account_id, given_at=now, due_at=due))
    for role in (Role.OPERATOR, Role.OPS_LEAD):
        tell_desk(role, "directive_given", case=case, at=now)
    for assignment in case.open_assignments:
        tell_desk(Role.AGENCY_LEADER, "directive_given", case=case, at=now, agency_id=assignment.agency_id)


@Verb(
    "finish_directive", Action.FINISH_DIRECTIVE, kinds=MESSAGE,
    staff=always("Ghi nhận đã thực hiện chỉ đạo", "Wrote down that a directive has been carried out"),
)  # fmt: skip
def finish_directive(case: Case, number: int, *, by: Actor, now: datetime) -> None:
    """Record that directive `number` of the case (1 is the oldest) has been carried out.

    For the operations lead, who answers for the case, and for the committee leader. Tells the committee leader's inbox. Records
    `finish_directive` with the number. Raises NotAllowed, DirectiveRefused when there is none or it was finished before.
    """
    require(by, Action.FINISH_DIRECTIVE, case)
    rows = directives_of(case)[::-1]
    row = rows[number - 1] if 0 < number <= len(rows) and case.quarantined_at is None else None
    if row is None or row.done_at is not None:
        raise DirectiveRefused("Chỉ đạo này đã được ghi là xong.", "This directive is down as done already.")
    row.done_at = now
    record(case, "finish_directive", by=by, at=now, number=number)
    if not by.holds([Role.COMMITTEE_LEADER], centre_id=case.centre_id):
        tell_desk(Role.COMMITTEE_LEADER, "directive_done", case=case, at=now)


def directives_of(case: Case) -> list[Directive]:
    return list(db.session.scalars(select(Directive).where(Directive.case_id == case.id).order_by(Directive.id.desc())))

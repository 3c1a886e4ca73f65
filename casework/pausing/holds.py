"""Pausing a case publicly, with a reason (rules.md, section 4, "Pauses")."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from casework.calendars import calendar_of
from casework.cases import refuse_unless_open
from casework.clocks.limit_changes import limits_moved, limits_of
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Case, Hold
from casework.outbox import tell_reporters
from casework.pausing import sentences
from casework.pausing.standstills import go_on, stand_still
from casework.permissions import SYSTEM, Action, Actor, require
from casework.reading.lacking import Part, is_lacked
from casework.sentences import always
from casework.states import Pause
from casework.text import normal
from casework.verbs import DECISION, Input, Situation, Verb
from casework.working_time import working_days_between

MOST_WORKING_DAYS = 10
"""For all holds of a case together."""

LONGEST_REASON = 300


class HoldRefused(CaseworkError):
    """The case cannot be held or resumed like this; the text says why."""


def can_be_held(at: Situation) -> bool:
    """Until it has been held for all the working days a case may be."""
    return at.is_under_way and held_working_days(at.case) < MOST_WORKING_DAYS


@dataclass(frozen=True, slots=True, kw_only=True)
class HoldInput(Input):
    reason: str
    until: date


@Verb(
    "hold", Action.HOLD, kinds=DECISION, about_limit=True, staff=sentences.held, public=sentences.put_on_hold,
    is_act=True, needs=("held",), offered=can_be_held,
)  # fmt: skip
def hold(case: Case, given: HoldInput, *, by: Actor, now: datetime) -> None:
    """Pause the case and its limits until the end of a day (local, inclusive), for a public reason.

    Records `hold` with the day, without the reason. The state stays: held is a flag over it. Raises CaseNotOpen, or HoldRefused without a
    reason, for a day that is not in the future, or beyond MOST_WORKING_DAYS in all; DayTooFar. Source: rules.md, section 4, "Pauses":
    hold by the operations lead.
    """
    require(by, Action.HOLD, case)
    refuse_unless_open(case)
    reason = normal(given.reason)
    if not reason or len(reason) > LONGEST_REASON:
        raise HoldRefused(
            f"Vui lòng nêu lý do tạm dừng để công khai, tối đa {LONGEST_REASON} ký tự.",
            f"Please give the reason, which will be public, in {LONGEST_REASON} characters at most.",
            about="reason",
        )
    calendar = calendar_of(case.centre_id)
    if given.until <= calendar.day_of(now):
        raise HoldRefused("Ngày kết thúc tạm dừng phải sau hôm nay.", "The last day of the hold must be after today.", about="until")
    left = MOST_WORKING_DAYS - held_working_days(case)
    until_at = calendar.end_of(given.until, now)
    if working_days_between(now, calendar.start_of(given.until), calendar) > left:
        raise HoldRefused(
            f"Một hồ sơ được tạm dừng tổng cộng không quá {MOST_WORKING_DAYS} ngày làm việc; còn {left} ngày.",
            f"A case may be held for {MOST_WORKING_DAYS} working days in all; {left} are left.",
            about="until",
        )
    db.session.add(Hold(case_id=case.id, reason=reason, held_by_id=by.account_id, held_at=now, until_at=until_at))
    record(case, "hold", by=by, at=now, until=given.until.isoformat())
    case.held_reason = reason
    stand_still(case, Pause.HOLD, at=now, until=until_at)
    tell_reporters(case, "case_held", at=now, due_at=until_at.isoformat())


@Verb(
    "resume", Action.RESUME, kinds=DECISION, moves_limit=True,
    staff=always("Tiếp tục xử lý", "Took it up again"), public=always("Trung tâm xử lý tiếp", "The work goes on"),
)  # fmt: skip
def resume(case: Case, *, by: Actor, now: datetime) -> dict[str, object]:
    """Resume a held case before its day. Records `resume`. Raises HoldRefused when it is not held."""
    require(by, Action.RESUME, case)
    open_hold(case).ended_by_id = by.account_id
    _go_on(case, by, now)
    return {"outcome": "resumed"}


def end_hold(case: Case, *, now: datetime) -> dict[str, object]:
    """Resume a held case because its last day is over. Records `resume`. Raises HoldRefused when it is not held."""
    _go_on(case, SYSTEM, now)
    return {}


def open_hold(case: Case) -> Hold:
    """The present hold of the case. Raises HoldRefused when there is none."""
    query = select(Hold).where(Hold.case_id == case.id, Hold.ended_at.is_(None)).order_by(Hold.id.desc())
    found = db.session.scalars(query).first() if case.paused_for == Pause.HOLD else None
    if found is None:
        raise HoldRefused("Hồ sơ không tạm dừng.", "The case is not on hold.")
    return found


def holds_of(case: Case) -> list[Hold]:
    """Every hold of a case, oldest first."""
    if is_lacked(Part.HOLDS, case.id):
        return []
    return list(db.session.scalars(select(Hold).where(Hold.case_id == case.id).order_by(Hold.id)))


def held_working_days(case: Case) -> int:
    """The working days a case has been held so far: the day a hold begins is worked, the day it ends is not."""
    calendar, instant = calendar_of(case.centre_id), timedelta(microseconds=1)
    # a hold ends before its last midnight, even where a worker noticed that late
    ends = [(row.held_at, min(row.ended_at or row.until_at, row.until_at) - instant) for row in holds_of(case)]
    return sum(working_days_between(since, until, calendar) for since, until in ends)


def _go_on(case: Case, by: Actor, now: datetime) -> None:
    open_hold(case).ended_at = now
    case.held_reason, before = None, limits_of(case)
    is_told = go_on(case, at=now)
    record(case, "resume", by=by, at=now, **limits_moved(before, case))
    if not is_told:
        tell_reporters(case, "case_resumed", at=now)

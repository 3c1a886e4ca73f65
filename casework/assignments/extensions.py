"""More time for an agency: asked for by an officer, endorsed by the agency's leader, decided by the centre or the committee."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from sqlalchemy import select

from casework.assignments import sentences
from casework.calendars import calendar_of
from casework.cases import refuse_unless_open
from casework.clocks.acts import ClockKind, mark_extended, move_due, running_clock
from casework.clocks.due_changes import URGENT_ALLOWANCE, last_day_in_time
from casework.clocks.limit_changes import limits_moved, limits_of
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.models import Assignment, Case, Extension
from casework.outbox import tell_desk, tell_inbox, tell_reporters
from casework.parts import open_parts
from casework.permissions import LEADERS, Action, Actor, NotAllowed, Role, may, require
from casework.reading.lacking import Part, is_lacked
from casework.second_person import JudgingSeat, deciding_desk, desk_of_either, leaders_above, refuse_first_person
from casework.states import AssignmentState, CaseState
from casework.text import normal
from casework.verbs import DECISION, MESSAGE, Input, Situation, Verb
from casework.working_time import Calendar, working_days_between

MOST_WORKING_DAYS = 7
"""Counted from the present last day to the new one."""

MOST_EXTENSIONS = 2
"""Per case; one that the agency's own leader did not endorse does not count."""

LONGEST_WORDS = 2_000
AT_WORK = frozenset({AssignmentState.HANDLING, AssignmentState.REDO})
_DAY = timedelta(days=1)


class ExtensionRefused(CaseworkError):
    """More time cannot be asked for or decided like this; the text says which rule."""


def more_time_can_be_asked_for(at: Situation) -> Iterator[Assignment]:
    """The person's own agencies that may still get more time."""
    for row in at.case.open_assignments if at.is_under_way else ():
        if may(at.by, Action.REQUEST_EXTENSION, at.case, agency_id=row.agency_id) and may_still_be_extended(row, at.now):
            yield row


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestExtensionInput(Input):
    reason: str
    until: date


@Verb(
    "request_extension", Action.REQUEST_EXTENSION, kinds=MESSAGE, about_limit=True, staff=sentences.extension_asked,
    is_act=True, needs=("extension_asked",), offered_on=more_time_can_be_asked_for,
)  # fmt: skip
def request_extension(assignment: Assignment, given: RequestExtensionInput, *, by: Actor, now: datetime) -> None:
    """Ask for more time, before the present time is over.

    `until` is the last local day in time, at most MOST_WORKING_DAYS working days after the present one. The agency's leader is told; the
    limits stay until the request is granted. Records `request_extension` without the reason. Raises CaseNotOpen, ExtensionRefused,
    DayTooFar. Source: rules.md, section 4, "Extension".
    """
    case = assignment.case
    require(by, Action.REQUEST_EXTENSION, case, agency_id=assignment.agency_id)
    refuse_unless_open(case)
    reason = _fit(given.reason, "Vui lòng nêu lý do cần thêm thời gian.", "Please say why more time is needed.", about="reason")
    _refuse_day(_refuse_untimely(assignment, now), given.until, calendar_of(case.centre_id), now)
    number = _counted(case) + 1
    record(case, "request_extension", by=by, at=now, agency=assignment.agency.key, number=number, until=given.until.isoformat())
    db.session.add(
        Extension(
            assignment_id=assignment.id, number=number, reason=reason, until_on=given.until, requested_by_id=by.signs_as, requested_at=now
        )
    )  # fmt: skip
    assignment.extension_asked = True
    db.session.flush()
    tell_inbox(endorsing_desk(assignment, now), "extension_to_endorse", case=case, at=now)


@dataclass(frozen=True, slots=True, kw_only=True)
class EndorseExtensionInput(Input):
    endorsed: bool
    words: str = ""


@Verb("endorse_extension", Action.ENDORSE_EXTENSION, kinds=DECISION, about_limit=True, staff=sentences.extension_endorsed)
def endorse_extension(assignment: Assignment, given: EndorseExtensionInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Endorse the agency's request, or end it and say why; then it does not count as an extension of the case.

    Records `endorse_extension`. Raises NotAllowed at another desk than endorsing_desk, SecondPersonNeeded, and ExtensionRefused without
    an open request, for a day that is over, or for a refusal without words.
    """
    case = assignment.case
    require(by, Action.ENDORSE_EXTENSION)
    extension = open_extension(assignment)
    if extension is None or extension.endorsed is not None:
        raise ExtensionRefused("Không có đề nghị gia hạn nào đang chờ.", "No wish for more time is waiting.")
    if by.grant_at(endorsing_desk(assignment, now)) is None and not by.holds(LEADERS, agency_id=assignment.agency_id):
        raise NotAllowed
    refuse_first_person(Action.ENDORSE_EXTENSION, assignment, by=by, now=now)
    if given.endorsed:
        _refuse_over(extension, case, now, about="endorsed")
    else:
        words = _fit(given.words, "Vui lòng nêu lý do không đồng ý.", "Please say why you do not agree.", about="words")
    extension.endorsed, extension.endorsed_by_id, extension.endorsed_at = given.endorsed, by.account_id, now
    record(case, "endorse_extension", by=by, at=now, agency=assignment.agency.key, number=extension.number, endorsed=given.endorsed)
    if given.endorsed:
        db.session.flush()
        tell_inbox(extension_desk(assignment, now), "extension_to_decide", case=case, at=now, agency=assignment.agency.key)
        return {"outcome": "endorse"}
    extension.decision_words, assignment.extension_asked = words, False
    tell_desk(Role.OFFICER, "extension_not_endorsed", case=case, at=now, agency_id=assignment.agency_id)
    return {"outcome": "decline"}


@dataclass(frozen=True, slots=True, kw_only=True)
class DecideExtensionInput(Input):
    granted: bool
    words: str = ""


@Verb(
    "decide_extension", Action.DECIDE_EXTENSION, kinds=DECISION, moves_limit=True, about_limit=True,
    staff=sentences.extension_decided, public=sentences.given_more_time,
)  # fmt: skip
def decide_extension(assignment: Assignment, given: DecideExtensionInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Grant or refuse the time asked for and say why. The agency's limit moves and, if it leads, the case's with it.

    The case gets enough time for approval and publication on top. Reporters are told when the day moves; they read the reason in the row.
    Records `decide_extension`. Raises NotAllowed at another desk than extension_desk, SecondPersonNeeded, and ExtensionRefused without an
    endorsed request, for a day that is over, or for a refusal without words. Source: rules.md, section 4, "Extension".
    """
    case = assignment.case
    require(by, Action.DECIDE_EXTENSION, case)
    extension = open_extension(assignment)
    if extension is None or extension.endorsed is None:
        raise ExtensionRefused("Không có đề nghị gia hạn nào chờ quyết định.", "No endorsed wish for more time is waiting.")
    if by.grant_at(extension_desk(assignment, now)) is None and not by.holds([_decider(extension.number, case)], centre_id=case.centre_id):
        raise NotAllowed
    refuse_first_person(Action.DECIDE_EXTENSION, assignment, by=by, now=now)
    if given.granted:
        _refuse_over(extension, case, now, about="granted")
        words = normal(given.words)
    else:
        words = _fit(given.words, "Vui lòng nêu lý do không cho gia hạn.", "Please say why the time is not given.", about="words")
    extension.granted, extension.decided_by_id, extension.decided_at = given.granted, by.account_id, now
    extension.decision_words, assignment.extension_asked = words or None, False
    before = limits_of(case)
    if given.granted:
        _move(assignment, extension, now)
    record(
        case, "decide_extension", by=by, at=now, agency=assignment.agency.key, number=extension.number, granted=given.granted,
        until=extension.until_on.isoformat(), **limits_moved(before, case),
    )  # fmt: skip
    template = "extension_granted" if given.granted else "extension_not_granted"
    tell_desk(Role.OFFICER, template, case=case, at=now, agency_id=assignment.agency_id)
    return {"outcome": "grant" if given.granted else "deny"}


def endorsing_desk(assignment: Assignment, now: datetime) -> str:
    """The inbox that endorses the open request: the agency leader's, or the next one up who may judge it."""
    return deciding_desk(Action.ENDORSE_EXTENSION, leaders_above(assignment), assignment, now=now)


def extension_desk(assignment: Assignment, now: datetime) -> str:
    """The inbox that decides the open request (or the next one): the operations lead's; the committee's for a second one and in urgent
    cases.

    Where everybody who holds that seat is tied to what is judged, the other one of the two.
    """
    case, extension = assignment.case, open_extension(assignment)
    decider = _decider(extension.number if extension else _counted(case) + 1, case)
    [other] = {Role.OPS_LEAD, Role.COMMITTEE_LEADER} - {decider}
    seats = JudgingSeat(decider, case.centre_id), JudgingSeat(other, case.centre_id)
    return desk_of_either(Action.DECIDE_EXTENSION, *seats, assignment, now=now)


def open_extension(assignment: Assignment) -> Extension | None:
    """The request that waits for the agency's leader or for the decision."""
    if not assignment.extension_asked:
        return None
    query = select(Extension).where(Extension.assignment_id == assignment.id, Extension.granted.is_(None)).order_by(Extension.id.desc())
    return db.session.scalars(query.limit(1)).first()


def is_over(extension: Extension, case: Case, now: datetime) -> bool:
    """Whether the day asked for has passed without a decision."""
    return now >= calendar_of(case.centre_id).end_of(extension.until_on, extension.requested_at)


def extensions_of(case: Case) -> list[Extension]:
    """Every request for more time in a case, granted or not, oldest first."""
    if is_lacked(Part.EXTENSIONS, case.id):
        return []
    query = select(Extension).join(Assignment, Extension.assignment_id == Assignment.id).where(Assignment.case_id == case.id)
    return list(db.session.scalars(query.order_by(Extension.id)))


def may_still_be_extended(assignment: Assignment, now: datetime) -> bool:
    """Whether more time can be asked for now: at work, in time, no open request, and not the third of the case."""
    try:
        _refuse_untimely(assignment, now)
    except ExtensionRefused:
        return False
    return True


def _refuse_untimely(assignment: Assignment, now: datetime) -> datetime:
    """Return the present due instant; raise where it is too late to ask for more time."""
    clock = running_clock(assignment.case, ClockKind.ASSIGNMENT, assignment=assignment)
    if not assignment.is_open and (parts := _waited_for(assignment.case)):
        codes = ", ".join(part.code for part in parts)
        raise ExtensionRefused(
            f"Hồ sơ chỉ còn chờ phần tách ra ({codes}) nên không có đơn vị nào để gia hạn. Đơn vị của phần xin gia hạn ở phần đó; hạn đã "
            "hứa của hồ sơ giữ nguyên. Nếu phải dừng chờ, tổ trưởng có thể tạm dừng hồ sơ.",
            f"The case waits for its parts alone ({codes}), so there is no agency to give more time to. The agency of a part asks for it "
            "there; what was promised for the case stays. If it has to rest meanwhile, the head of operations can put it on hold.",
        )
    if not assignment.is_open or assignment.state not in AT_WORK or clock is None or clock.due_at is None:
        raise ExtensionRefused(
            "Chỉ xin gia hạn khi đơn vị đã tiếp nhận và đang xử lý.", "Ask for more time once the agency has accepted and is at work."
        )
    if assignment.extension_asked:
        raise ExtensionRefused("Đơn vị đã có một đề nghị gia hạn đang chờ.", "The agency has asked for more time already.")
    if now >= clock.due_at:
        raise ExtensionRefused(
            "Đã quá hạn nên không xin gia hạn được nữa.", "The time is over; more of it had to be asked for before it ended."
        )
    if _counted(assignment.case) >= MOST_EXTENSIONS:
        raise ExtensionRefused(
            f"Hồ sơ đã xin gia hạn {MOST_EXTENSIONS} lần, không gia hạn thêm được.",
            f"More time was asked for {MOST_EXTENSIONS} times in this case; there is no third time.",
        )
    return clock.due_at


def _waited_for(case: Case) -> list[Case]:
    """The parts a case waits for where it waits for nothing else."""
    return open_parts(case) if case.state == CaseState.HANDLING and not case.open_assignments else []


def _refuse_day(due: datetime, until: date, calendar: Calendar, now: datetime) -> None:
    last = last_day_in_time(due, calendar)
    if calendar.end_of(until, now) <= due:
        raise ExtensionRefused(
            f"Ngày mới phải sau hạn hiện nay ({last:%d/%m/%Y}).", f"The new day must be after the present one ({last:%d/%m/%Y}).",
            about="until",
        )
    if working_days_between(calendar.start_of(last), calendar.start_of(until), calendar) > MOST_WORKING_DAYS:
        raise ExtensionRefused(
            f"Chỉ gia hạn tối đa {MOST_WORKING_DAYS} ngày làm việc sau ngày {last:%d/%m/%Y}.",
            f"The new day may be at most {MOST_WORKING_DAYS} working days after {last:%d/%m/%Y}.",
            about="until",
        )


def _move(assignment: Assignment, extension: Extension, now: datetime) -> None:
    """Move the limit. The row keeps the old and the new due instant: for the lead the case's, which the reporters were promised."""
    case = assignment.case
    calendar = calendar_of(case.centre_id)
    end = calendar.start_of(extension.until_on + _DAY)
    given = [(running_clock(case, ClockKind.ASSIGNMENT, assignment=assignment), end)]
    if assignment.is_lead:
        given.append((running_clock(case, ClockKind.CASE), _case_due(end, case.is_urgent, calendar)))
    for clock, wished in given:
        if clock is None or clock.due_at is None:
            continue
        old, new = clock.due_at, max(clock.due_at, wished)
        mark_extended(clock, at=now)
        extension.old_due_at, extension.new_due_at = old, new
        move_due(clock, new, case=case, assignment=assignment)
        if clock.kind == ClockKind.CASE and calendar.day_of(old) != calendar.day_of(new):
            tell_reporters(case, "due_moved", at=now, due_at=new.isoformat(), reason="extension", extension=extension.ref)


def case_due_after(case: Case, until_on: date) -> datetime:
    """Until when the case would have, if its lead agency had until a day."""
    calendar = calendar_of(case.centre_id)
    return _case_due(calendar.start_of(until_on + _DAY), case.is_urgent, calendar)


def _case_due(end: datetime, urgent: bool, calendar: Calendar) -> datetime:
    """The due instant of a case whose lead agency ends at `end`: one working day later, or two hours if urgent."""
    if urgent:
        return end + URGENT_ALLOWANCE.length
    day = calendar.day_of(end)
    while not calendar.is_working_day(day):
        day += _DAY
    return calendar.start_of(day + _DAY)


def _counted(case: Case) -> int:
    return sum(extension.endorsed is not False for extension in extensions_of(case))


def _decider(number: int, case: Case) -> Role:
    return Role.OPS_LEAD if number < MOST_EXTENSIONS and not case.is_urgent else Role.COMMITTEE_LEADER


def _refuse_over(extension: Extension, case: Case, now: datetime, *, about: str) -> None:
    """Raise where the senders would be promised a day that has passed."""
    if is_over(extension, case, now):
        day = f"{extension.until_on:%d/%m/%Y}"
        raise ExtensionRefused(
            f"Ngày đơn vị xin ({day}) đã qua nên không gia hạn đến ngày này được nữa. Vui lòng chọn không gia hạn và nêu lý do.",
            f"The day asked for ({day}) is over, so no time can be given until then. Please do not grant it, and say why.",
            about=about,
        )


def _fit(words: str, vi: str, en: str, *, about: str) -> str:
    words = normal(words)
    if not words or len(words) > LONGEST_WORDS:
        raise ExtensionRefused(f"{vi} Tối đa {LONGEST_WORDS} ký tự.", f"{en} At most {LONGEST_WORDS} characters.", about=about)
    return words

"""Reclassifying a case under way: urgent or no longer, another field, complexity or place."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.bilingual import Bilingual
from casework.calendars import calendar_of
from casework.cases import refuse_unless_open
from casework.clocks.acts import ClockKind, LimitRule, allowance_from, move_due, pauses_of, rule_for, running_clock, running_clocks
from casework.clocks.complexities import SEVERAL_AGENCIES, complexities_for
from casework.clocks.due_changes import assignment_due, moved_to_normal, moved_to_urgent, recomputed_never_earlier
from casework.clocks.limit_changes import limits_moved, limits_of
from casework.clocks.pauses import hangs_on
from casework.db import db
from casework.events import record
from casework.local_time import local_day
from casework.models import Assignment, Case, Clock, Note
from casework.outbox import tell_desk, tell_reporters
from casework.permissions import Action, Actor, Role, require
from casework.places.villages import release_village, released
from casework.search.rows import refresh_search_rows
from casework.states import UNCLASSIFIED
from casework.text import normal
from casework.triage import sentences
from casework.triage.acts import ClassificationRefused, ClassifyInput, classes_told
from casework.verbs import DECISION, Situation, Verb
from casework.working_time import Calendar, TimeLimit, Unit

SHORT_LIMITS = frozenset({ClockKind.ASSIGNMENT_ACCEPTED, ClockKind.APPROVAL, ClockKind.PUBLICATION})
"""The limits of agency and centre in hours, which follow the urgency of the case."""


def can_be_reclassified(at: Situation) -> bool:
    """Once it has been classified, as long as it is owed an answer and does not rest."""
    return at.is_under_way and at.case.state not in UNCLASSIFIED


@dataclass(frozen=True, slots=True, kw_only=True)
class ReclassifyInput(ClassifyInput):
    reason: str


@Verb(
    "classify", Action.CLASSIFY, kinds=DECISION, moves_limit=True, is_noted=True,
    staff=sentences.classified, public=sentences.classified_for_outside,
    is_act=True, may_need=("hotline_needed", "hotline_dropped"), offered=can_be_reclassified,
)  # fmt: skip
def reclassify(case: Case, given: ReclassifyInput, *, by: Actor, now: datetime) -> None:
    """Change the classification of a case, and let its limits follow.

    To urgent: due within the urgent limit from now, unless it was due sooner, and the hotline is owed. To normal: counted from the start
    under the new rule, never earlier than before. Anything else: counted anew from the start, never earlier than before. The limits of
    agencies follow. `reason` becomes a note of the centre. Records `classify` with the names of what changed; the reporters are told when
    the day of the answer moves. Raises CaseNotOpen, ClassificationRefused. Source: rules.md, section 4.
    """
    require(by, Action.CLASSIFY, case)
    refuse_unless_open(case)
    reason, (place, how) = normal(given.reason), released(case.centre_id, given.village, area_id=given.area.id)
    rated = {row.key: row.name for row in complexities_for(case, now=now, counted_from=reclassified_from(case, now))}
    _refuse(case, given, reason, rated)
    wanted = {
        "field_id": given.field.id, "urgency": given.urgency, "complexity": given.complexity, "area_id": given.area.id, "village": place,
        "visibility_reason_id": given.visibility_reason.id if given.visibility_reason else None,
    }  # fmt: skip
    changed = [name for name, value in wanted.items() if getattr(case, name) != value]
    if not changed:
        raise ClassificationRefused("Không có thông tin nào thay đổi.", "Nothing has changed.")
    was, limits, was_urgent = _labels(case, changed, rated), limits_of(case), case.is_urgent
    for name in changed:
        setattr(case, name, wanted[name])
    release_village(case, place, area_id=given.area.id)
    if case.is_urgent != was_urgent:
        case.hotline_owed = case.is_urgent
        _tell_agencies(case, now)
    db.session.add(Note(case_id=case.id, audience="centre", body=reason, written_by_id=by.account_id, written_at=now))
    _move_limits(case, was_urgent, now)
    db.session.flush()
    db.session.refresh(case, ["area", "field", "visibility_reason"])
    record(
        case, "classify", by=by, at=now, **classes_told(given, rated), village=how, was=was, became=_labels(case, changed, rated),
        changed=[name.removesuffix("_id") for name in changed], **limits_moved(limits, case),
    )  # fmt: skip
    refresh_search_rows(case, at=now)


def hurry(case: Case, *, now: datetime) -> None:
    """Tell the agencies of a case that it has become urgent, and put the limits in hours under the urgent rules."""
    calendar = calendar_of(case.centre_id)
    _tell_agencies(case, now)
    for clock in running_clocks(case):
        if clock.kind in SHORT_LIMITS:
            _change_urgency(clock, _rule(case, clock, now), case, now, calendar)


def _labels(case: Case, changed: list[str], rated: Mapping[str, Bilingual]) -> dict[str, Any]:
    """The old and new values for the history, as labels of the day. Words released as a village may be withdrawn again."""
    labels = {
        "field_id": [case.field.name_vi, case.field.name_en] if case.field else None,
        "area_id": [case.area.name_vi, case.area.name_en] if case.area else None,
        "visibility_reason_id": [case.visibility_reason.name_vi, case.visibility_reason.name_en] if case.visibility_reason else None,
        "urgency": case.urgency,
        "complexity": list(rated.get(case.complexity, (case.complexity, case.complexity))),
    }
    return {name.removesuffix("_id"): labels[name] for name in changed if name in labels}


def reclassified_from(case: Case, now: datetime) -> datetime:
    """The instant from which the limit of a reclassified case counts."""
    clock = running_clock(case, ClockKind.CASE)
    return clock.started_at if clock is not None else now


def _refuse(case: Case, given: ReclassifyInput, reason: str, rated: Mapping[str, Bilingual]) -> None:
    if case.state in UNCLASSIFIED:
        raise ClassificationRefused("Hồ sơ chưa được phân loại lần đầu.", "The case has not been classified for the first time.")
    if given.urgency not in ("urgent", "normal") or given.complexity not in {*rated, case.complexity}:
        raise ClassificationRefused("Mức độ hoặc độ phức tạp không hợp lệ.", "Urgency or complexity is not valid.")
    if not reason:
        raise ClassificationRefused("Vui lòng nêu lý do phân loại lại.", "Please say why it is classified anew.", about="reason")
    if given.visibility_reason is not None and case.is_public:
        raise ClassificationRefused(
            "Hồ sơ đang có nội dung công khai. Xin gỡ nội dung đó trước.", "The case is published. Take the publication down first."
        )


def _move_limits(case: Case, was_urgent: bool, now: datetime) -> None:
    calendar, whole = calendar_of(case.centre_id), running_clock(case, ClockKind.CASE)
    old_due = whole.due_at if whole is not None else None
    if whole is not None:
        _move_case_limit(whole, case, was_urgent, now, calendar)
    agencies = {assignment.id: assignment for assignment in case.open_assignments}
    for clock in running_clocks(case):
        assignment = agencies.get(clock.assignment_id or 0)
        if clock.kind == ClockKind.ASSIGNMENT and assignment is not None:
            _follow_case(clock, assignment, old_due, was_urgent, calendar)
        elif clock.kind in SHORT_LIMITS and case.is_urgent != was_urgent:
            _change_urgency(clock, _rule(case, clock, now), case, now, calendar)
    if old_due is None or case.due_at is None or calendar.day_of(old_due) == calendar.day_of(case.due_at):
        return
    if case.due_at < old_due:
        tell_reporters(case, "due_sooner", at=now, due_at=case.due_at.isoformat(), urgent=True)
    else:
        tell_reporters(case, "due_moved", at=now, due_at=case.due_at.isoformat(), reason="reclassified")


def _move_case_limit(clock: Clock, case: Case, was_urgent: bool, now: datetime, calendar: Calendar) -> None:
    rule = _rule(case, clock, now)
    if case.is_urgent != was_urgent:
        _change_urgency(clock, rule, case, now, calendar)
        return
    due = recomputed_never_earlier(clock.due_at, clock.started_at, _limit(rule), calendar, pauses_of(clock))
    if due != clock.due_at:
        _put_under(clock, rule)
        move_due(clock, due, case=case)


def _change_urgency(clock: Clock, rule: LimitRule, case: Case, now: datetime, calendar: Calendar) -> None:
    if case.is_urgent:
        due = moved_to_urgent(clock.due_at, now, calendar, limit=_limit(rule))
    else:
        due = moved_to_normal(clock.due_at, clock.started_at, _limit(rule), calendar, pauses_of(clock))
    _put_under(clock, rule)
    move_due(clock, due, case=case)


def _follow_case(clock: Clock, assignment: Assignment, old_case_due: datetime | None, was_urgent: bool, calendar: Calendar) -> None:
    """Move an agency's limit with the case's if it depended on it; one set earlier by hand moves only where the case's overtakes it."""
    case = assignment.case
    due, latest = clock.due_at, assignment_due(case.due_at, case.is_urgent, calendar, allowance_from(case, clock.started_at))
    before = allowance_from(case, clock.started_at, urgency="urgent" if was_urgent else "normal")
    if due is None or latest is None or (case.due_at, case.is_urgent) == (old_case_due, was_urgent):
        return
    if case.is_urgent and not was_urgent:
        due = min(due, latest)
    elif hangs_on(due, old_case_due, was_urgent, calendar, before):
        due = max(due, latest)
    if case.is_urgent != was_urgent:
        _put_under(clock, rule_for(ClockKind.ASSIGNMENT, centre_id=case.centre_id, on=local_day(clock.started_at), urgency=case.urgency))
    move_due(clock, due, case=case, assignment=assignment)


def _rule(case: Case, clock: Clock, now: datetime) -> LimitRule:
    """The rule for a limit of the present case: that of the day of the change when it becomes urgent, otherwise of the day it began."""
    several = len({row.agency_id for row in case.assignments if row.round == case.reopened and (row.is_open or row.approved_at)}) > 1
    return rule_for(
        ClockKind(clock.kind),
        centre_id=case.centre_id,
        on=local_day(now if case.is_urgent else clock.started_at),
        urgency=case.urgency,
        complexity=SEVERAL_AGENCIES if several else case.complexity,
    )


def _put_under(clock: Clock, rule: LimitRule) -> None:
    clock.rule_id, clock.amount, clock.unit = rule.id, rule.amount, rule.unit


def _limit(rule: LimitRule) -> TimeLimit:
    return TimeLimit(rule.amount, Unit(rule.unit))


def _tell_agencies(case: Case, now: datetime) -> None:
    template = "case_urgent" if case.is_urgent else "case_not_urgent"
    for assignment in case.open_assignments:
        tell_desk(Role.OFFICER, template, case=case, at=now, agency_id=assignment.agency_id)

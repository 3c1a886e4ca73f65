"""What a case's history says: each stretch in which the centre owed an answer, how it ended, and what happened meanwhile.

A stretch begins when the report is filed (*received*), when a dissatisfied verdict opens the case again (*reopened*), and when a case
comes back whose stretch had ended otherwise than by an answer (*returned*: an objection was upheld, a merge was undone, the other body
sent it back). It ends with the first of: a final publication or private answer, refusal, merge into another case, referral, withdrawal,
quarantine, closing without an answer. Between two stretches of a case is a time in which nothing was owed; none overlap. A wish to
withdraw ends nothing before it is granted, nor does a hold or a question: the case stays owed, its limit rests.

A case in quarantine is one stretch from filing to quarantine and nothing else, told apart by nothing: without field, area and agency,
`urgency` and `source` empty. It counts for the whole alone (rules.md, section 6, "counts keep 1 referred outside"). What was merged into
it stays merged, so that the matter counts once. A case whose sender has not proven a contact has a stretch like any other: it was
received, and somebody has to answer it. What counts open stretches counts it apart until it is accepted (casework/open_cases.py).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from casework.calendars import calendar_of
from casework.facts.histories import GivenAnswer, History, HistoryEvent, Promise, histories_of
from casework.models import Case, CaseMoment, CaseSpan
from casework.states import CaseState
from casework.working_time import BeyondTenYears, Calendar, working_minutes

Row = dict[str, Any]

APART = ""
"""Urgency and source of a quarantined case, which is counted under none."""

UNRATED = (None, None)


@dataclass(slots=True)
class Facts:
    """The facts of one case as rows without numbers, in the order they are compared in."""

    spans: list[Row]
    moments: list[Row]


@dataclass(slots=True)
class _Stretch:
    opened_at: datetime
    opened_by: str
    round: int
    ended_at: datetime | None = None
    ended_by: str | None = None
    is_promised: bool = False
    reason: str | None = None
    answer: GivenAnswer | None = None

    def end(self, by: str, told: HistoryEvent, *, is_promised: bool) -> None:
        self.ended_at, self.ended_by, self.is_promised = told.at, by, is_promised


def facts_of(case: Case) -> tuple[list[CaseSpan], list[CaseMoment]]:
    history = histories_of([case.id])[case.id]
    facts = facts_from(history, calendar_of(history.case.centre_id))
    return [CaseSpan(**row) for row in facts.spans], [CaseMoment(**row) for row in facts.moments]


def facts_from(history: History, calendar: Calendar) -> Facts:
    """The facts of one case by the calendar of its centre."""
    case = history.case
    by = {
        "case_id": case.id, "centre_id": case.centre_id, "field_id": case.field_id, "area_id": case.area_id,
        "agency_id": case.lead_agency_id, "urgency": case.urgency, "source": case.source,
    }  # fmt: skip
    if case.quarantined_at is not None:
        nobody = {"field_id": None, "area_id": None, "agency_id": None, "urgency": APART, "source": APART}
        return Facts(_spans([_apart(history)], history, by | nobody, calendar), [])
    moments = [
        {**by, "kind": each.kind, "at": each.at, "acting_agency_id": each.agency_id if each.agency_id is not None else case.lead_agency_id}
        for each in history.moments
    ]
    return Facts(_spans(_stretches(history), history, by, calendar), sorted(moments, key=moment_order))


def moment_order(row: Mapping[str, Any]) -> tuple[datetime, str, int]:
    """The sort key for comparing the moments of a case."""
    return row["at"], row["kind"], row["acting_agency_id"] or 0


def _apart(history: History) -> _Stretch:
    case = history.case
    only = _Stretch(case.opened_at, "received", 0, case.quarantined_at, "quarantined")
    if case.merged_into_id is not None:
        only.ended_at = next((told.at for told in reversed(history.events) if told.type == "merge"), case.quarantined_at)
        only.ended_by = "merged"
    return only


def _stretches(history: History) -> list[_Stretch]:
    """Walk through the history; an event that does not fit where it stands changes nothing."""
    case = history.case
    found = [_Stretch(case.opened_at, "received", 0)]
    merges = [told for told in history.events if told.type == "merge"]
    given, refusals = iter(history.given), iter(history.refusals)
    refusal: tuple[str | None, bool | None] = UNRATED
    promised, round_ = False, 0

    def again(by: str, told: HistoryEvent) -> None:
        found.append(_Stretch(told.at, by, round_))

    for told in history.events:
        present = found[-1]
        is_open = present.ended_at is None
        match told.type:
            case "classify":
                promised = True
            case "publish" | "answer_privately":
                answer = next(given, None)
                if is_open and answer is not None and answer.kind in ("final", "private"):
                    present.end("answered", told, is_promised=promised)
                    present.answer = answer
            case "reopen" if not is_open:
                round_ += 1
                again("reopened", told)
            case "refuse":
                refusal = next(refusals, UNRATED)
                if is_open:
                    present.end("refused", told, is_promised=promised)
                    present.reason = refusal[0]
            case "decide_objection" if present.ended_by == "refused" and refusal[1]:
                again("returned", told)
            case "merge" if is_open and _leaves(told, case, told is merges[-1]):
                present.end("merged", told, is_promised=promised)
            case "split" if present.ended_by == "merged":
                again("returned", told)
            case "refer" if is_open:
                present.end("referred", told, is_promised=promised)
            case "take_back" if present.ended_by == "referred":
                again("returned", told)
            case "withdraw_report" | "decide_withdrawal" if is_open and _ends_case(told, case, CaseState.WITHDRAWN):
                present.end("withdrawn", told, is_promised=promised)
            case "end_question" if is_open and _ends_case(told, case, CaseState.CLOSED):
                present.end("closed", told, is_promised=promised)
            case "close" if is_open:
                present.end("closed", told, is_promised=promised)
    if found[-1].ended_at is None:
        found[-1].is_promised = promised
    return found


def _leaves(told: HistoryEvent, case: Any, is_last: bool) -> bool:
    """Whether a merge took this case into another; the same event type is in the history of the case that took it in."""
    return "into" in told.payload if told.payload else is_last and case.merged_into_id is not None


def _ends_case(told: HistoryEvent, case: Any, state: CaseState) -> bool:
    """Whether the act ended the case for good: withdrawing one of several reports does not, and a question may end otherwise."""
    return bool(case.state == state and case.closed_at == told.at)


def _spans(stretches: list[_Stretch], history: History, by: Row, calendar: Calendar) -> list[Row]:
    rows: list[Row] = []
    is_answered = False
    for number, each in enumerate(stretches):
        promise = history.promises.get(each.round) if each.is_promised else None
        due, is_extended = _due(each, promise), _is_extended(each, promise)
        is_first = each.answer is not None and not is_answered
        is_answered = is_answered or is_first
        rows.append({
            **by, "number": number, "event_seq": history.seq, "opened_at": each.opened_at, "opened_by": each.opened_by,
            "accepted_at": history.case.accepted_at if number == 0 else None, "ended_at": each.ended_at, "ended_by": each.ended_by,
            "refusal_reason": each.reason, "first_due_at": promise.first_due_at if promise is not None else None, "due_at": due,
            "is_extended": is_extended, "verdict": _verdict(each, promise, due, is_extended), "is_first_answer": is_first,
            "is_private": each.answer is not None and each.answer.kind == "private",
            "minutes": office_minutes(history.case.opened_at, each.ended_at, calendar) if is_first else None,
            "rated_at": each.answer.rated_at if each.answer is not None else None,
        })  # fmt: skip
    return rows


def _due(each: _Stretch, promise: Promise | None) -> datetime | None:
    """The due instant when the stretch ended: the limit of a case that came back has moved since."""
    if promise is None:
        return None
    if each.ended_at is not None and each.ended_by in ("refused", "referred"):
        return promise.rested.get(each.ended_at, promise.due_at)
    return promise.due_at


def _is_extended(each: _Stretch, promise: Promise | None) -> bool:
    if promise is None or promise.extended_at is None:
        return False
    return each.ended_at is None or promise.extended_at <= each.ended_at


def _verdict(each: _Stretch, promise: Promise | None, due: datetime | None, is_extended: bool) -> str | None:
    """Late is `at >= due_at`; "in time after extension" is what the first promised day would have called late."""
    if each.answer is None or each.ended_at is None:
        return None
    if due is not None and each.ended_at >= due:
        return "late"
    return "after_extension" if is_extended and promise is not None and each.ended_at >= promise.first_due_at else "in_time"


def office_minutes(filed_at: datetime, answered_at: datetime | None, calendar: Calendar) -> int | None:
    """Office minutes from filing to the first answer; None for a case that took more than ten years."""
    if answered_at is None:
        return None
    try:
        return working_minutes(filed_at, answered_at, calendar)
    except BeyondTenYears:
        return None

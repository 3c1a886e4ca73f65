"""The stages of a case in one strip: what is done, where it is, what comes next, each with who and when."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from flask_babel import gettext as _
from flask_babel import ngettext

from casework.casefile.landmarks import Landmarks, Mark
from casework.lateness import is_late
from casework.local_time import LOCAL_ZONE
from casework.models import Assignment, Case
from casework.parts import open_parts
from casework.permissions import Role
from casework.settings.role_labels import REPORTER_WORDS, ROLE_WORDS
from casework.states import AT_AGENCIES, ENDED_STATES, STAFF_LABELS, AssignmentEnd, CaseState, Standstill
from web.clock import now
from web.due_words import short_limit_words, span_words
from web.locales import in_reader_language as local
from workflows.desks.waiting_on import WaitsFor

RECEIVING, DISTRIBUTING, HANDLING, PUBLISHING, RATING, OVER = range(6)
STAGE_OF = {
    CaseState.TO_VERIFY: RECEIVING, CaseState.TO_CLASSIFY: DISTRIBUTING, CaseState.TO_DISTRIBUTE: DISTRIBUTING,
    **dict.fromkeys(AT_AGENCIES, HANDLING), CaseState.REFERRED: HANDLING, CaseState.TO_PUBLISH: PUBLISHING,
    CaseState.RATING: RATING, CaseState.REVIEW: RATING, CaseState.ANSWERED: RATING, CaseState.CLOSED: OVER,
}  # fmt: skip
"""Where a case in a state is. Those that end without an answer, or wait for the reporter, are where they had come to."""


@dataclass(frozen=True, slots=True)
class Stage:
    """One stage. `place` is done, now, next, later, or off where the case never came to it; `late` is said in red after the lines."""

    name: str
    place: str
    lines: tuple[str, ...] = ()
    late: str = ""


@dataclass(frozen=True, slots=True)
class Strip:
    """All stages, and those that are over in one line for narrow screens."""

    stages: tuple[Stage, ...]
    passed: str


def strip_of(case: Case, marks: Landmarks, waits: Sequence[WaitsFor]) -> Strip:
    """The strip of a case for somebody who may read its way."""
    at = stage_at(case)
    agencies = taking_part(case)
    done = [_received(case, marks), _distributed(case, marks, agencies), _handled(agencies), _published(case, marks), _rated(case)]
    ahead = [(), (local(ROLE_WORDS[Role.OPERATOR]),), (_("The agencies asked"),), _to_publish(case), _to_rate(case)]
    ended = case.state in ENDED_STATES and case.state != CaseState.CLOSED
    names, stages = _names(case), []
    for number, name in enumerate(names):
        if number < at:
            stages.append(Stage(name, "done", done[number]))
        elif number == at:
            stages.append(_ended(name, case) if ended else _present(number, name, case, agencies, waits))
        else:
            stages.append(Stage(name, "off" if ended else "next" if number == at + 1 else "later", () if ended else ahead[number]))
    return Strip(tuple(stages), ", ".join(name.lower() for name in names[:at]))


def _names(case: Case) -> list[str]:
    told = _("Answer in private") if case.visibility_reason_id is not None else _("Publication")
    return [_("Acceptance"), _("Distribution"), _("Handling"), told, _("Rating")]


def stage_at(case: Case) -> int:
    """The number of the stage a case is in, or had come to when it ended or began to wait for its reporter."""
    state = CaseState(case.state)
    if state == CaseState.WAITING_REPORTER and case.state_before is not None:
        state = CaseState(case.state_before)
    if state in STAGE_OF:
        return STAGE_OF[state]
    return RATING if case.answered_at else HANDLING if taking_part(case) else DISTRIBUTING if case.accepted_at else RECEIVING


def taking_part(case: Case) -> list[Assignment]:
    """The agencies of the present round that still owe an answer or have given it."""
    last = max((row.round for row in case.assignments), default=0)
    rows = [row for row in case.assignments if row.round == last]
    return [row for row in rows if row.is_open or row.approved_at or row.end_reason == AssignmentEnd.MISSING]


def _received(case: Case, marks: Landmarks) -> tuple[str, ...]:
    at = case.accepted_at or (marks.verified.at if marks.verified else None)
    if at is None:
        return ()
    taken = _("%(time)s, within %(span)s", time=short_moment(at), span=span_words(at - case.opened_at))
    return _lines(taken, marks.verified.by if marks.verified else "")


def _distributed(case: Case, marks: Landmarks, agencies: Sequence[Assignment]) -> tuple[str, ...]:
    if not case.assignments:
        return (_("not needed"),)
    mark = marks.distributed or Mark(min(row.distributed_at for row in case.assignments))
    number = ngettext("%(num)s agency", "%(num)s agencies", len(agencies) or len(case.assignments))
    return _lines(f"{short_moment(mark.at)}, {number}", mark.by)


def _handled(agencies: Sequence[Assignment]) -> tuple[str, ...]:
    ends = [at for row in agencies if (at := row.approved_at or row.ended_at) is not None]
    if not ends:
        return ()
    return _lines(short_moment(max(ends)), ngettext("%(num)s agency has answered", "%(num)s agencies have answered", len(ends)))


def _published(case: Case, marks: Landmarks) -> tuple[str, ...]:
    return _lines(short_moment(case.answered_at), marks.published.by if marks.published else "") if case.answered_at else ()


def _rated(case: Case) -> tuple[str, ...]:
    return (_("Closed %(time)s", time=short_moment(case.closed_at)),) if case.closed_at else ()


def _to_publish(case: Case) -> tuple[str, ...]:
    who = local(ROLE_WORDS[Role.OPERATOR])
    if case.due_at is None or case.paused_for is not None:
        return (who,)
    return who, _("Case due %(day)s", day=short_limit_words(case.due_at, now=now()))


def _to_rate(case: Case) -> tuple[str, ...]:
    return (local(REPORTER_WORDS),) if case.parent_id is None else (_("with its case"),)


def _ended(name: str, case: Case) -> Stage:
    words = local(STAFF_LABELS[CaseState(case.state)][1])
    return Stage(name, "ended", _lines(words, short_moment(case.closed_at) if case.closed_at else ""))


def _present(number: int, name: str, case: Case, agencies: Sequence[Assignment], waits: Sequence[WaitsFor]) -> Stage:
    moment = now()
    if case.standstill is not None:
        first = next((each for each in waits if each.task is None), None)
        until = _("until %(day)s", day=short_limit_words(case.paused_until, now=moment)) if case.paused_until else ""
        rests = _("The case rests") if case.standstill == Standstill.HOLD or first is None else _("Waits for %(who)s", who=local(first.who))
        return Stage(name, "now", _lines(rests, until))
    if number == HANDLING and agencies:
        owing = [row for row in agencies if row.is_open and row.approved_at is None]
        late = sum(is_late(row.due_at, moment) for row in owing)
        heading = _("%(name)s: %(done)s of %(all)s agencies done", name=name, done=len(agencies) - len(owing), all=len(agencies))
        words = ngettext("%(num)s late", "%(num)s late", late) if late else ""
        return Stage(heading, "now", _lines(_owing_words(owing) or _parts_words(case), _due_of_agencies(owing, moment)), words)
    mine = next((each for each in waits if each.task is not None), None)
    due = mine.due if mine is not None else None
    who = _("Waits for %(who)s", who=local(mine.who)) if mine is not None else ""
    limit = _("until %(day)s", day=short_limit_words(due, now=moment)) if due else ""
    return Stage(name, "now", _lines(who, limit), _("%(span)s late", span=span_words(moment - due)) if due and is_late(due, moment) else "")


def _owing_words(owing: Sequence[Assignment]) -> str:
    if not owing:
        return ""
    first = local(next((row for row in owing if row.is_lead), owing[0]).agency.short_name)
    if len(owing) == 1:
        return str(_("Waits for %(who)s", who=first))
    others = len(owing) - 1
    return str(ngettext("Waits for %(who)s and %(num)s more", "Waits for %(who)s and %(num)s more", others, who=first))


def _parts_words(case: Case) -> str:
    """Which parts the case waits for, when its own agencies are done."""
    codes = ", ".join(part.code for part in open_parts(case))
    return str(_("Waits for the part %(codes)s", codes=codes)) if codes else ""


def _due_of_agencies(owing: Sequence[Assignment], moment: datetime) -> str:
    ends = [row.due_at for row in owing if row.due_at is not None]
    return _("Agencies due %(day)s", day=short_limit_words(max(ends), now=moment)) if ends else ""


def _lines(*lines: str) -> tuple[str, ...]:
    return tuple(line for line in lines if line)


def short_moment(instant: datetime) -> str:
    """11:22 20/11; of another year the day with it, and no hour."""
    there = instant.astimezone(LOCAL_ZONE)
    return f"{there:%H:%M %d/%m}" if there.year == now().astimezone(LOCAL_ZONE).year else f"{there:%d/%m/%Y}"

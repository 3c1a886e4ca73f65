"""Whom a case waits for, and since when: told from the waiting steps, or from the reason the case is on hold."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from casework.bilingual import Bilingual
from casework.casefile.exchanges import Dealings
from casework.contacts.confirming import UNCONFIRMED
from casework.models import Account, Case
from casework.permissions import AGENCY_ROLES, Role
from casework.settings.role_labels import OTHER_BODY_WORDS, REPORTER_WORDS, ROLE_WORDS
from casework.states import Standstill
from workflows.desk_access import REPORTER
from workflows.models import WaitingTask

LEADER_ABOVE = Bilingual("Lãnh đạo cấp trên", "The leader above")
FOR_NOBODY = Bilingual("Không chờ ai", "Nobody")
ANSWERS = Bilingual("trả lời câu hỏi của Trung tâm", "to answer the centre's question")
HELD = Bilingual("hồ sơ tạm dừng", "the case is on hold")
REFERRED = Bilingual("giải quyết, Trung tâm theo dõi", "to settle it, watched by the centre")
OBJECTS = Bilingual("có thể đề nghị xem lại việc từ chối", "may object to the refusal")


@dataclass(frozen=True)
class WaitsFor:
    """A party the case waits for. `task` is the step, if there is one, `holder` its holder; `since` is None if unknown."""

    who: Bilingual
    what: Bilingual | None
    since: datetime | None
    due: datetime | None = None
    task: WaitingTask | None = None
    holder: Account | None = None


def waiting_on(
    case: Case, tasks: Sequence[WaitingTask], labels: dict[int, Bilingual], dealings: Dealings, holders: Mapping[int, Account]
) -> list[WaitsFor]:
    """Return whom the case waits for now; empty once it is over. `labels` and `holders` are by row of the step."""
    still = _standing_still(case, dealings)
    steps = [_of_step(task, labels[task.id], holders.get(task.id)) for task in tasks if task.state != "frozen"]
    return [*still, *(each for each in steps if not still or each.who != REPORTER_WORDS)]


def _standing_still(case: Case, dealings: Dealings) -> list[WaitsFor]:
    match case.standstill:
        case Standstill.QUESTION:
            since = next((seen.question.asked_at for seen in dealings.questions if seen.question.ended_at is None), None)
            return [WaitsFor(REPORTER_WORDS, ANSWERS, since, case.paused_until)]
        case Standstill.HOLD:
            since = next((hold.held_at for hold in dealings.holds if hold.ended_at is None), None)
            return [WaitsFor(FOR_NOBODY, HELD, since, case.paused_until)]
        case Standstill.REFERRAL:
            row = next((row for row in dealings.referrals if row.ended_at is None), None)
            body = Bilingual(row.body, row.body) if row is not None else OTHER_BODY_WORDS
            return [WaitsFor(body, REFERRED, row.referred_at if row is not None else None)]
        case Standstill.REFUSED:
            refusal = dealings.refusals[-1].refusal if dealings.refusals else None
            if refusal is not None and refusal.objected_at is None and refusal.objection_due_at is not None:
                return [WaitsFor(REPORTER_WORDS, OBJECTS, refusal.refused_at, refusal.objection_due_at)]
    return []


def _of_step(task: WaitingTask, label: Bilingual, holder: Account | None) -> WaitsFor:
    return WaitsFor(_who(task), label, task.entered_at, task.limit, task, holder)


def _who(task: WaitingTask) -> Bilingual:
    role, _, place = task.desk.partition("@")
    if role == REPORTER:
        return REPORTER_WORDS
    if role == UNCONFIRMED:
        return ROLE_WORDS[Role.OPERATOR]
    assignment = task.assignment
    if assignment is not None and Role(role) in AGENCY_ROLES and place == f"a{assignment.agency_id}":
        name = assignment.agency.short_name
        return name if role == Role.OFFICER else Bilingual(f"Lãnh đạo {name.vi}", f"The head of {name.en}")
    return LEADER_ABOVE if assignment is not None and Role(role) == Role.AGENCY_LEADER else ROLE_WORDS[Role(role)]

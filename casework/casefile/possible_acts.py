"""What a person may do with a case beside the steps that wait: the one place that knows which acts make sense for whom and when.

The use cases refuse by themselves whatever is not allowed. This says beforehand what is worth offering; a test holds the two
together, on cases in every state.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from casework.assignments.asking import due_with_several, is_short, taking_part
from casework.assignments.extensions import may_still_be_extended
from casework.casefile.views import publications_of
from casework.cases import answered_this_round
from casework.clocks.reminders import owes_answer
from casework.documents.apologies import can_be_apologised_for, may_apologise
from casework.intake.pass_on import other_centres
from casework.merging.split import reports_merged_in
from casework.models import Assignment, Case, Publication, Report
from casework.pausing.holds import MOST_WORKING_DAYS, held_working_days
from casework.permissions import AGENCY_ROLES, OPERATIONS, Action, Actor, Role, may
from casework.publications import PUBLIC_KINDS
from casework.publishing.acts import has_new_answer
from casework.publishing.corrections import can_be_corrected
from casework.states import AT_AGENCIES, ENDED_STATES, OPEN_STATES, UNCLASSIFIED, CaseState, Pause
from casework.upkeep.erasure_log import handed_over_at

CLASSIFIED = OPEN_STATES - UNCLASSIFIED


@dataclass(frozen=True)
class PossibleAct:
    """An act, and what of the case it is about where that is not the whole of it."""

    verb: str
    assignment: Assignment | None = None
    publication: Publication | None = None
    report: Report | None = None


def possible_acts(case: Case, by: Actor, now: datetime, *, publications: Sequence[Publication] | None = None) -> list[PossibleAct]:
    """Return the acts beside the tokens that a person may do with a case now, in the order they are offered.

    `publications` of the case, where the caller has read them already.
    """
    if case.quarantined_at is not None:
        can_hand_over = may(by, Action.HAND_OVER, case) and case.state == CaseState.QUARANTINED and handed_over_at(case) is None
        return [PossibleAct("hand_over")] if can_hand_over else []
    found = [*_while_it_rests(case, by)]
    if case.state in OPEN_STATES and case.standstill is None:
        found += [*_on_its_way(case, by, now), *_with_agencies(case, by, now)]
    found += [*_own_work(case, by), *_joined(case, by), *_published(case, by, publications)]
    if can_be_apologised_for(case, now) and may(by, Action.WRITE_LETTER, case) and may_apologise(case, by, now):
        found.append(PossibleAct("apologise"))
    if case.state not in ENDED_STATES and may(by, Action.DIRECT, case):
        found.append(PossibleAct("direct"))
    if case.merged_into_id is None and _may_set_apart(case, by):
        found.append(PossibleAct("quarantine"))
    return found


def _while_it_rests(case: Case, by: Actor) -> Iterator[PossibleAct]:
    if case.paused_for == Pause.QUESTION and may(by, Action.ASK_REPORTER, case):
        yield PossibleAct("stop_waiting")


def _on_its_way(case: Case, by: Actor, now: datetime) -> Iterator[PossibleAct]:
    """Acts on a case that is owed an answer and does not rest."""
    if may(by, Action.ASK_REPORTER, case) and any(_can_be_asked(link.report) for link in case.reports if link.left_at is None):
        yield PossibleAct("ask_reporter")
    if case.state in CLASSIFIED and may(by, Action.CLASSIFY, case):
        yield PossibleAct("classify")
    if may(by, Action.HOLD, case) and held_working_days(case) < MOST_WORKING_DAYS:
        yield PossibleAct("hold")
    if may(by, Action.REFER, case):
        yield PossibleAct("refer")
    if may(by, Action.MERGE, case) and not case.withdrawal_asked:
        yield PossibleAct("merge")
    if case.state == CaseState.TO_VERIFY and may(by, Action.PASS_ON, case) and _can_go(case, now):
        yield PossibleAct("pass_on")
    # at verification it is a button of the step itself
    can_be_refused = case.state != CaseState.TO_VERIFY and all(assignment.accepted_at is None for assignment in case.assignments)
    if can_be_refused and may(by, Action.REFUSE, case):
        yield PossibleAct("refuse")


def _with_agencies(case: Case, by: Actor, now: datetime) -> Iterator[PossibleAct]:
    """Acts on the agencies of a case that does not rest, of the centre and of the agencies themselves."""
    at_work, has_answers = case.open_assignments, answered_this_round(case)
    if case.state in AT_AGENCIES | {CaseState.TO_PUBLISH} and may(by, Action.ADD_AGENCY, case) and _has_time(case, by, now):
        yield PossibleAct("add_agency")
    if case.state in AT_AGENCIES and may(by, Action.CHANGE_LEAD, case):
        yield PossibleAct("change_lead")
    if at_work and has_answers and case.visibility_reason_id is None and may(by, Action.PUBLISH, case) and has_new_answer(case):
        yield PossibleAct("publish_interim")
    for assignment in at_work:
        if owes_answer(assignment) and may(by, Action.REMIND, case):
            yield PossibleAct("remind", assignment=assignment)
        is_needed = assignment.is_lead and len(taking_part(case)) > 1
        if not is_needed and may(by, Action.REMOVE_AGENCY, case):
            yield PossibleAct("remove_agency", assignment=assignment)
        if has_answers and may(by, Action.CLOSE, case):
            yield PossibleAct("close_without_answer", assignment=assignment)
        can_ask = may(by, Action.REQUEST_EXTENSION, case, agency_id=assignment.agency_id)
        if can_ask and may_still_be_extended(assignment, now):
            yield PossibleAct("request_extension", assignment=assignment)


def _own_work(case: Case, by: Actor) -> Iterator[PossibleAct]:
    """What an agency may say of its work at any time, also while the case rests."""
    for assignment in case.open_assignments:
        can_tell = assignment.accepted_at is not None and case.state not in ENDED_STATES
        if can_tell and may(by, Action.PROGRESS_NOTE, case, agency_id=assignment.agency_id):
            yield PossibleAct("progress_note", assignment=assignment)


def _joined(case: Case, by: Actor) -> Iterator[PossibleAct]:
    """Reports that were merged in and can be split off again."""
    is_fit = case.standstill is None and case.state not in ENDED_STATES and not case.withdrawal_asked
    has_several = sum(link.left_at is None for link in case.reports) > 1
    if is_fit and has_several and may(by, Action.SPLIT, case):
        for report in reports_merged_in(case):
            yield PossibleAct("split", report=report)


def _published(case: Case, by: Actor, publications: Sequence[Publication] | None) -> Iterator[PossibleAct]:
    if not (may(by, Action.CORRECT_PUBLICATION, case) or may(by, Action.UNPUBLISH, case)):
        return
    publications = publications_of(case) if publications is None else publications
    for publication in publications:
        is_public = publication.kind in PUBLIC_KINDS
        is_fit = not (is_public and case.visibility_reason_id is not None) and can_be_corrected(publication, case, publications)
        if is_fit and may(by, Action.CORRECT_PUBLICATION, case):
            yield PossibleAct("correct_publication", publication=publication)
        if is_public and publication.unpublished_at is None and may(by, Action.UNPUBLISH, case):
            yield PossibleAct("unpublish", publication=publication)


def _may_set_apart(case: Case, by: Actor) -> bool:
    """The centre always, an agency as long as it works on the case."""
    works_on_it = any(by.holds(AGENCY_ROLES, agency_id=assignment.agency_id) for assignment in case.open_assignments)
    return may(by, Action.QUARANTINE, case) and (by.holds_for(OPERATIONS, case) or works_on_it)


def _has_time(case: Case, by: Actor, now: datetime) -> bool:
    """Whether an agency asked now gets a working day; of less the operations lead answers for it."""
    return by.holds([Role.OPS_LEAD], centre_id=case.centre_id) or not is_short(case, due_with_several(case), now)


def _can_go(case: Case, now: datetime) -> bool:
    """Whether there is another centre to go to, and nothing merged in that would be left behind."""
    return bool(other_centres(case, now=now)) and not reports_merged_in(case)


def _can_be_asked(report: Report) -> bool:
    return report.reporter is not None and report.reporter.can_be_told

"""Joining two cases about one matter (rules.md, section 6, "Merge").

The case that disappears keeps its row, its code and its history; its reports are answered by the main case from then on. What a split has
to restore is in the link each report leaves behind (`CaseReport.before`).
"""

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from datetime import datetime

from sqlalchemy import select, update

from casework.assignments.moves import MovedAssignment, end_by_merge, follow_case_due, goes_along, move_assignment, texts_moved
from casework.bilingual import Bilingual
from casework.cases import STANDSTILLS, refuse_unless_open, settle_state
from casework.clocks.acts import ClockKind, end_all_clocks, move_due, running_clock, running_clocks
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.followers import is_known_to_public
from casework.merging import sentences
from casework.merging.split import SplitRefused, reports_merged_in, split
from casework.merging.traces import Before, both_locked, move_with_reports, write_reason
from casework.models import Case, CaseReport, Follower, Publication, Report
from casework.outbox import tell_desk, tell_followers, tell_reporter
from casework.parts import is_of_family
from casework.permissions import Action, Actor, Role, require
from casework.publications import rated_publication
from casework.publishing.ratings import invite_to_rate
from casework.search.rows import refresh_search_rows
from casework.states import AT_AGENCIES, OPEN_STATES, UNCLASSIFIED, CaseState
from casework.triage.reclassification import hurry
from casework.verbs import DECISION, Input, Situation, Verb

__all__ = ["MergeRefused", "SplitRefused", "merge", "reports_merged_in", "split"]

ANSWERED = frozenset({CaseState.RATING, CaseState.ANSWERED, CaseState.REVIEW})
"""Answered and not closed: reports that join get the answer and may rate it."""


class MergeRefused(CaseworkError):
    """The two cases cannot be joined like this; the text says why."""


def can_be_merged(at: Situation) -> bool:
    """Unless its sender has asked to withdraw it."""
    return at.is_under_way and not at.case.withdrawal_asked and not is_of_family(at.case)


@dataclass(frozen=True, slots=True, kw_only=True)
class MergeInput(Input):
    into: Case
    reason: str = ""

    @property
    def other_cases(self) -> Sequence[Case]:
        return (self.into,)


@Verb(
    "merge", Action.MERGE, kinds=DECISION, moves_limit=True, is_noted=True,
    staff=sentences.merged, public=sentences.joined_by_others, sender=sentences.merged_with,
    is_act=True, needs=("merged",), offered=can_be_merged, locks_family=True,
)  # fmt: skip
def merge(case: Case, given: MergeInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Answer the reports of this case in another one of the same centre, open or answered and not closed; this one disappears.

    A case merged before leads to its main, so there are no chains. The earlier due instant and the higher urgency win; open assignments
    move if the main case is with agencies and not yet with that one, the others end. A visibility reason moves too, so that a merge
    reveals nothing. The main case's count of reopenings stays its own. Records `merge` in both histories; `reason` becomes a note of the
    centre. Returns the main case's row number as `into` and the assignments that moved as `moved`, for the process to follow. Raises
    CaseNotOpen, MergeRefused.
    """
    require(by, Action.MERGE, case)
    source, main = both_locked(case, given.into.merged_into_id or given.into.id)
    _refuse_unfit(source, main)
    moving = [assignment for assignment in source.open_assignments if goes_along(assignment, main, AT_AGENCIES)]
    joining = [link.report for link in source.reports if link.left_at is None]
    before = _before(source, main, [MovedAssignment.of(assignment) for assignment in moving])
    told = {"reports": [report.code for report in joining], "agencies": [assignment.agency.key for assignment in moving]}
    record(source, "merge", by=by, at=now, into=main.code, **told, **texts_moved(before.assignments, -1))
    record(main, "merge", by=by, at=now, source=source.code, **told, **texts_moved(before.assignments, 1))
    write_reason(main, given.reason, by=by, now=now)
    if is_known_to_public(main):
        tell_followers(source, "followed_merged", at=now, main=main.code)
    _join(source, main, before, now)
    promised = source.due_at if running_clock(source, ClockKind.CASE) else None
    was_urgent, due_moved = main.is_urgent, _take_the_stricter(source, main)
    for assignment in moving:
        move_assignment(assignment, main, slot="cooperating")
        tell_desk(Role.OFFICER, "assignment_moved", case=main, at=now, agency_id=assignment.agency_id, former=source.code)
    for assignment in source.open_assignments:
        end_by_merge(assignment, main, now)
    end_all_clocks(source, at=now)
    follow_case_due(main)
    if main.is_urgent and not was_urgent:
        hurry(main, now=now)
    if moving:
        settle_state(main)
    _tell_joined(main, joining, now)
    _tell_due(main, joining, promised, due_moved, now)
    _close(source, main, now)
    _share_followers(source, main, now)
    db.session.flush()
    refresh_search_rows(source, at=now)
    refresh_search_rows(main, at=now)
    return {"into": main.id, "moved": [assignment.id for assignment in moving]}


def why_not_into(case: Case, main: Case) -> Bilingual | None:
    """The reason why a case cannot be merged into another now; None where it can."""
    try:
        _refuse_unfit(case, main)
    except CaseworkError as refusal:
        return refusal.text
    return None


def _refuse_unfit(source: Case, main: Case) -> None:
    if source.id == main.id:
        raise MergeRefused("Hai hồ sơ này là một.", "These two are the same case.")
    if main.centre_id != source.centre_id or main.quarantined_at is not None:
        # nobody is told that a quarantined case exists
        raise MergeRefused("Không tìm thấy hồ sơ này ở Trung tâm.", "There is no such case in this centre.")
    if source.parent_id is not None or main.parent_id is not None:
        raise MergeRefused(
            "Một phần tách ra thì không gộp với hồ sơ khác. Nếu không cần tách nữa, xin nhập lại vào hồ sơ chính.",
            "A part is not merged with another case. Where it is not needed any more, join it to its own case again.",
        )
    if is_of_family(source):
        raise MergeRefused(
            "Hồ sơ có phần đã tách nên không gộp vào hồ sơ khác được. Xin gộp hồ sơ kia vào hồ sơ này, hoặc nhập lại các phần.",
            "The case has parts, so it goes into no other. Merge the other one into this, or join the parts again.",
        )
    refuse_unless_open(source)
    if source.withdrawal_asked:
        raise MergeRefused(
            "Người phản ánh đang đề nghị rút. Xin quyết định trước.", "Its reporter asks to withdraw it. Decide on that first.",
            about="source",
        )
    if main.standstill is not None:
        words = STANDSTILLS[main.standstill]
        raise MergeRefused(f"Không gộp được vào hồ sơ {main.code}: {words.vi}", f"{main.code} cannot take it in: {words.en}")
    if main.state not in OPEN_STATES | ANSWERED:
        raise MergeRefused(
            f"Hồ sơ {main.code} đã kết thúc nên không gộp vào được.", f"The case {main.code} has ended and takes nothing in."
        )
    if _is_further(source, main):
        raise MergeRefused(
            f"Hồ sơ {source.code} đã đi xa hơn. Xin gộp {main.code} vào {source.code}.",
            f"The case {source.code} is further on. Merge {main.code} into {source.code}.",
        )
    if source.visibility_reason_id is not None and main.visibility_reason_id is None and main.is_public:
        raise MergeRefused(
            "Hồ sơ không được công khai thì không gộp vào hồ sơ đã công khai.",
            "A case that must not be public does not go into a published one.",
        )


def _is_further(source: Case, main: Case) -> bool:
    """Whether a merge would lose work or a promise: agencies have the source and not the main case, or only the source has its day."""
    if main.state in UNCLASSIFIED and source.state not in UNCLASSIFIED:
        return True
    return main.state == CaseState.TO_DISTRIBUTE and (bool(source.open_assignments) or source.state == CaseState.TO_PUBLISH)


def _before(source: Case, main: Case, moving: list[MovedAssignment]) -> Before:
    at_work = {assignment.id for assignment in source.open_assignments}
    own_clocks = [clock for clock in running_clocks(source) if clock.assignment_id not in at_work]
    shown = select(Publication.id).where(
        Publication.case_id == source.id, Publication.kind.in_(("interim", "final")), Publication.unpublished_at.is_(None)
    )
    following = select(Follower.account_id).where(Follower.case_id == source.id, Follower.ended_at.is_(None))
    return Before(
        into=main.id, state=source.state, hotline_owed=source.hotline_owed,
        clocks={str(clock.id): clock.due_at.isoformat() for clock in own_clocks if clock.due_at is not None}, assignments=moving,
        publications=list(db.session.scalars(shown)), followers=list(db.session.scalars(following)),
        followed=list(db.session.scalars(select(Case.id).where(Case.merged_into_id == source.id))),
        lent_reason=source.visibility_reason_id if main.visibility_reason_id is None else None,
    )  # fmt: skip


def _join(source: Case, main: Case, before: Before, now: datetime) -> None:
    leaving = [link for link in source.reports if link.left_at is None]
    for link in leaving:
        link.left_at, link.before = now, {**asdict(before), "is_main": link.is_main}
    db.session.flush()  # a report is in one case at a time: the old link goes before the new one comes
    for link in leaving:
        main.reports.append(CaseReport(report=link.report, is_main=False, joined_at=now))
    move_with_reports([link.report_id for link in leaving], source, main)


def _take_the_stricter(source: Case, main: Case) -> bool:
    """Apply the higher urgency and the earlier due while the main case is open; returns whether its answer day moved."""
    if main.visibility_reason_id is None:
        main.visibility_reason_id = source.visibility_reason_id
    if main.state in ANSWERED:
        # an answer does not call the hotline: the urgent case's duties are done before the main case closes
        main.hotline_owed = main.hotline_owed or (source.hotline_owed and not main.is_urgent)
        return False
    moved = False
    if source.is_urgent and not main.is_urgent:
        # where the hotline was called for the same matter already, nobody calls again
        main.urgency, main.hotline_owed = source.urgency, source.hotline_owed
        _count_as_urgent(source, main)
    for kind in (ClockKind.ACCEPTANCE, ClockKind.CASE):
        theirs, ours = running_clock(source, kind), running_clock(main, kind)
        if theirs and ours and theirs.due_at and ours.due_at and theirs.due_at < ours.due_at:
            move_due(ours, theirs.due_at, case=main)
            moved = kind == ClockKind.CASE
    return moved


def _count_as_urgent(source: Case, main: Case) -> None:
    """Put the main case's limit under the rule of the more urgent one, so that hours count from now on, as do its reminders."""
    theirs, ours = running_clock(source, ClockKind.CASE), running_clock(main, ClockKind.CASE)
    if theirs is not None and ours is not None:
        ours.rule_id, ours.amount, ours.unit = theirs.rule_id, theirs.amount, theirs.unit
        move_due(ours, ours.due_at, case=main)


def _close(source: Case, main: Case, now: datetime) -> None:
    db.session.execute(update(Case).where(Case.merged_into_id == source.id).values(merged_into_id=main.id))
    shown = update(Publication).where(Publication.case_id == source.id, Publication.unpublished_at.is_(None))
    db.session.execute(shown.where(Publication.kind.in_(("interim", "final"))).values(unpublished_at=now))
    source.state_before, source.state, source.merged_into = source.state, CaseState.MERGED, main
    source.closed_at, source.is_public, source.hotline_owed = now, False, False


def _share_followers(source: Case, main: Case, now: datetime) -> None:
    rows = {row.account_id: row for row in db.session.scalars(select(Follower).where(Follower.case_id == main.id))}
    for row in db.session.scalars(select(Follower).where(Follower.case_id == source.id, Follower.ended_at.is_(None))):
        row.ended_at, present = now, rows.get(row.account_id)
        if present is None:
            db.session.add(Follower(case_id=main.id, account_id=row.account_id, since=now))
        elif present.ended_at is not None:
            present.since, present.ended_at = now, None


def _tell_joined(main: Case, joining: list[Report], now: datetime) -> None:
    publication = rated_publication(main) if main.state in ANSWERED else None
    for report in joining:
        tell_reporter(report, "report_merged", case=main, at=now, main=main.code)
        if publication is not None:
            is_read_by_all = publication.kind == "final" and publication.unpublished_at is None
            tell_reporter(report, "report_published" if is_read_by_all else "report_answered", case=main, at=now)
            invite_to_rate(main, report, at=now)


def _tell_due(main: Case, joining: list[Report], promised: datetime | None, due_moved: bool, now: datetime) -> None:
    """Tell those whose answer day changed: `promised` is the day of the reports that joined."""
    if main.state in ANSWERED or main.due_at is None:
        return
    for report in (link.report for link in main.reports if link.left_at is None):
        if promised not in (None, main.due_at) if report in joining else due_moved:
            tell_reporter(report, "due_moved", case=main, at=now, due_at=main.due_at.isoformat(), reason="merge")
    if due_moved:
        tell_followers(main, "followed_due_moved", at=now, due_at=main.due_at.isoformat())

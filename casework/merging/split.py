"""Taking a report out of the case it was merged into (rules.md, section 6, "Merge")."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import select, update

from casework.answers.acts import settle_work
from casework.assignments.moves import forget_clocks, goes_back, move_assignment, texts_moved
from casework.cases import resume_first
from casework.clocks.acts import move_due
from casework.clocks.calendar_changes import recount_missed
from casework.db import db
from casework.errors import CaseworkError
from casework.events import record
from casework.main_reports import make_main
from casework.merging import sentences
from casework.merging.traces import Before, both_locked, move_with_reports, write_reason
from casework.models import Case, CaseReport, Clock, Event, Follower, Publication, Report
from casework.outbox import tell_desk, tell_reporter
from casework.permissions import Action, Actor, Role, require
from casework.search.rows import refresh_search_rows
from casework.states import AT_AGENCIES, ENDED_STATES
from casework.text import normal
from casework.verbs import DECISION, Input, Situation, Verb


class SplitRefused(CaseworkError):
    """The report cannot be taken out of the case; the text says why."""


def can_be_split_off(at: Situation) -> list[Report]:
    """Reports that were merged in, as long as the case neither rests nor has ended."""
    case = at.case
    is_fit = case.standstill is None and case.state not in ENDED_STATES and not case.withdrawal_asked
    has_several = sum(link.left_at is None for link in case.reports) > 1
    return reports_merged_in(case) if is_fit and has_several else []


@dataclass(frozen=True, slots=True, kw_only=True)
class SplitInput(Input):
    report: Report
    reason: str


@Verb(
    "split", Action.SPLIT, kinds=DECISION, is_noted=True, staff=sentences.split_off, sender=sentences.handled_on_its_own,
    is_act=True, offered_on=can_be_split_off, locks_family=True,
)  # fmt: skip
def split(case: Case, given: SplitInput, *, by: Actor, now: datetime) -> dict[str, object]:
    """Split a merged report off again: its own case is restored with state, clocks and code.

    Reports that came with one case are split off together with it; reports merged into that case come along and can be split from it in
    turn. Assignments that moved with the merge and are still open go back; those it ended stay ended, so the state follows from what is
    left. The main case keeps its due day: it has been promised. Records `split` in both histories; `reason` becomes a note of the centre.
    Returns the row number of the case that came back as `source` and the assignments that went back as `moved`. Raises SplitRefused when
    the main case has ended or stands still, or the report is its own. Source: rules.md, section 6, "Split restores code, state and clock
    of before".
    """
    require(by, Action.SPLIT, case)
    reason = normal(given.reason)
    if not reason:
        raise SplitRefused("Vui lòng nêu lý do tách phản ánh.", "Please give the reason for splitting the report off.", about="reason")
    _refuse_no_split(case)
    kept, before = _left_behind(case, given.report)
    source, main = both_locked(kept.case, case.id)
    _refuse_no_split(main)
    if source.merged_into_id != main.id:
        raise SplitRefused("Phản ánh này vừa được tách.", "This report has just been split off.")
    merged_at = kept.left_at
    returning = _part(source, main, before, now)
    _take_reason_back(main, before, merged_at)
    moved = [each for each in before.assignments if goes_back(each, main)]
    told = {"reports": [each.code for each in returning], "agencies": [each.assignment.agency.key for each in moved]}
    record(main, "split", by=by, at=now, source=source.code, **told, **texts_moved(moved, -1))
    record(source, "split", by=by, at=now, main=main.code, **told, **texts_moved(moved, 1))
    write_reason(main, reason, by=by, now=now)
    _reopen(source, main, before, now)
    for each in moved:
        move_assignment(each.assignment, source, slot=each.slot, round_=each.round)
        tell_desk(Role.OFFICER, "assignment_moved", case=source, at=now, agency_id=each.assignment.agency_id, former=main.code)
    for parted in (source, main):
        if parted.state in AT_AGENCIES:
            settle_work(parted, at=now)
    for each_report in returning:
        tell_reporter(each_report, "report_split", case=source, at=now, main=main.code)
    db.session.flush()
    refresh_search_rows(source, at=now)
    refresh_search_rows(main, at=now)
    return {"source": source.id, "moved": [each.id for each in moved]}


def reports_merged_in(case: Case) -> list[Report]:
    """The reports that could be split off a case: those another case brought."""
    links = [link for link in case.reports if link.left_at is None and not link.is_main]
    return [link.report for link in links if _find_left_behind(case, link.report) is not None]


def _refuse_no_split(main: Case) -> None:
    if main.standstill is not None:
        raise SplitRefused(*resume_first(main.standstill))
    if main.quarantined_at is not None or main.state in ENDED_STATES:
        raise SplitRefused("Hồ sơ đã kết thúc nên không tách được nữa.", "The case has ended; nothing can be split off any more.")
    if main.withdrawal_asked:
        raise SplitRefused("Có đề nghị rút phản ánh. Xin quyết định trước.", "Somebody asks to withdraw a report. Decide on that first.")


def _left_behind(main: Case, report: Report) -> tuple[CaseReport, Before]:
    """The link the report left in its own case when that was merged."""
    present = next((link for link in main.reports if link.report_id == report.id and link.left_at is None), None)
    found = _find_left_behind(main, report) if present is not None and not present.is_main else None
    if found is None:
        raise SplitRefused("Phản ánh này không phải do gộp mà có trong hồ sơ.", "This report did not come into the case by a merge.")
    return found


def _find_left_behind(main: Case, report: Report) -> tuple[CaseReport, Before] | None:
    query = select(CaseReport).join(CaseReport.case).where(CaseReport.report_id == report.id, Case.merged_into_id == main.id)
    for link in db.session.scalars(query.order_by(CaseReport.id.desc())):
        before = Before.read(link.before)
        if before is not None and before.into == main.id:
            return link, before
    return None


def _part(source: Case, main: Case, before: Before, now: datetime) -> list[Report]:
    """End the links in the main case and restore the old ones; returns the reports that leave."""
    present = {link.report_id: link for link in main.reports if link.left_at is None and not link.is_main}
    old = [link for link in source.reports if link.report_id in present and (kept := Before.read(link.before)) and kept.into == before.into]
    for link in old:
        present[link.report_id].left_at = now
    db.session.flush()
    for link in old:
        link.left_at, link.is_main, link.before = None, bool((link.before or {}).get("is_main")), None
    move_with_reports([link.report_id for link in old], main, source)
    if all(not link.is_main for link in old):
        # its own main report was withdrawn meanwhile, or is now that of the main case
        make_main(source, old[0].report)
    return [link.report for link in old]


def _take_reason_back(main: Case, before: Before, merged_at: datetime | None) -> None:
    """Remove from the main case the visibility reason that came with the merge, as the reports it protects have left.

    Nothing that was hidden becomes public by that. The case that left keeps its reason and all of its texts. While the main case had the
    reason nothing could be published in it, and a published case would not have got it; so it shows what it showed before the merge until
    somebody publishes. The reason stays if it is more than a trace of this merge: where the main case was classified since, which is the
    centre's own decision, and where a case still merged in has one, for which it is then kept.
    """
    if before.lent_reason is None or main.visibility_reason_id != before.lent_reason or merged_at is None:
        return
    classified = select(Event.id).where(Event.case_id == main.id, Event.type == "classify", Event.at >= merged_at)
    if db.session.scalars(classified.limit(1)).first() is not None:
        return
    main.visibility_reason_id = None
    for link in _merged_in(main):
        if (reason := link.case.visibility_reason_id) is not None and main.visibility_reason_id in (None, reason):
            main.visibility_reason_id = reason
            link.before = {**(link.before or {}), "lent_reason": reason}


def _merged_in(main: Case) -> list[CaseReport]:
    """The links that reports, now in the main case, left in their own cases."""
    present = [link.report_id for link in main.reports if link.left_at is None and not link.is_main]
    query = select(CaseReport).join(CaseReport.case).where(CaseReport.report_id.in_(present), Case.merged_into_id == main.id)
    links = db.session.scalars(query.order_by(CaseReport.id))
    return [link for link in links if (before := Before.read(link.before)) is not None and before.into == main.id]


def _reopen(source: Case, main: Case, before: Before, now: datetime) -> None:
    source.state, source.state_before, source.merged_into, source.closed_at = before.state, None, None, None
    source.hotline_owed = before.hotline_owed
    _revive_clocks(source, before.clocks, now)
    db.session.execute(update(Publication).where(Publication.id.in_(before.publications)).values(unpublished_at=None))
    source.is_public = bool(before.publications)
    followed = update(Case).where(Case.id.in_(before.followed), Case.merged_into_id == main.id)
    db.session.execute(followed.values(merged_into_id=source.id))
    still = select(Follower.account_id).where(Follower.case_id == main.id, Follower.ended_at.is_(None))
    again = update(Follower).where(Follower.case_id == source.id, Follower.account_id.in_(before.followers))
    db.session.execute(again.where(Follower.account_id.in_(list(db.session.scalars(still)))).values(ended_at=None))


def _revive_clocks(case: Case, due: dict[str, str], now: datetime) -> None:
    """Resume its own limits as if there had been no merge: its promised days still hold.

    Calendar changes since then apply as to every case; the agencies' limits were counted where they ran.
    """
    db.session.flush()
    clocks = list(db.session.scalars(select(Clock).where(Clock.id.in_([int(number) for number in due]))))
    merged_at = min((clock.ended_at for clock in clocks if clock.ended_at is not None), default=now)
    for clock in clocks:
        clock.ended_at, clock.ended_late = None, None
        move_due(clock, datetime.fromisoformat(due[str(clock.id)]), case=case)
    db.session.flush()
    forget_clocks(case)
    recount_missed(case, since=merged_at, now=now)
    db.session.flush()
    forget_clocks(case)

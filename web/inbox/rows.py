"""What a reader may see of the steps in a list, and do with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import url_for

from casework.casefile.views import opening_of, openings
from casework.models import Account, Case
from casework.permissions import OPERATIONS, Actor
from casework.permissions.sight import Sight, seen_by, sees
from casework.successors import Followed, heirs_of
from web.inbox.filters import WAITS_LABELS
from web.locales import in_reader_language as local
from workflows.desk_access import is_at, leads_desk, own_desk, reads_matter
from workflows.desks.inbox import InboxPage
from workflows.desks.inbox_filters import Waits, party_of
from workflows.desks.inbox_steps import Colleague, InboxStep, StepCase
from workflows.models import WaitingTask


@dataclass(frozen=True, slots=True)
class InboxRow:
    """One step in the list as a reader may see and handle it."""

    url: str
    title: str
    reads_matter: bool
    is_mine_to_do: bool
    principal: str
    party: str
    may_assign: bool
    holder: Colleague | None


def rows_of(
    by: Actor, page: InboxPage, principals: Sequence[Account], *, back: str | None, cases: Mapping[int, Case] | None = None
) -> dict[int, InboxRow]:
    """The rows of a page by step. `back` is the way back from the pages they lead to; `cases` are those behind a list that goes beyond the
    person's own desks."""
    names = {each.id: each.full_name or "" for each in principals}
    return {
        task.id: _row(by, task, page.holders.get(task.id), cases[task.case.id] if cases is not None else None, names, back)
        for task in page.tasks
    }


def reads_step(by: Actor, step: InboxStep, case: Case | None) -> bool:
    """Whether the person reads what the case is about; `case` is given for steps beyond their own desks."""
    return _reads(by, step.desk, case) if case is not None else reads_matter(step.desk)


def titles_of(by: Actor, tasks: Sequence[WaitingTask]) -> dict[int, str]:
    """The titles of the steps' cases, by step: empty for people who may not read what a case is about."""
    begun = openings([task.case for task in tasks], by)
    return {
        task.id: task.case.title or begun.get(task.case_id) or "" if _reads(by, task.desk, task.case) else "" for task in tasks
    }  # fmt: skip


def _row(
    by: Actor, task: InboxStep, holder: Colleague | None, case: Case | None, names: Mapping[int, str], back: str | None
) -> InboxRow:
    """A waiting step on the person's own desk links to the step; others link to the case, if they may read it.

    `case` is given for steps beyond the person's own desks.
    """
    desk = own_desk(by, task.desk)
    is_theirs = desk is not None if case is None else is_at(by, task.desk, case)
    if is_theirs and task.state == "waiting":
        url = url_for("tasks.task", ref=task.ref, back=back)
    else:
        url = url_for("cases.case", ref=task.case.ref, back=back) if case is None or seen_by(by, case) is not None else ""
    principal_id = by.at(desk).principal_id if desk is not None and names else None
    reads, party = reads_step(by, task, case), party_of(task.desk, task.state, task.case.paused_for)
    return InboxRow(
        url=url,
        title=task.case.title or _opening(by, task.case) if reads else "",
        reads_matter=reads,
        is_mine_to_do=is_theirs and task.state == "waiting",
        principal=names.get(principal_id or 0, ""),
        party=local(WAITS_LABELS[Waits(party)]) if party in WAITS_LABELS else "",
        may_assign=task.state == "waiting" and leads_desk(by, task.desk),
        holder=holder,
    )


def _reads(by: Actor, desk: str, case: Case) -> bool:
    return reads_matter(desk) if is_at(by, desk, case) else sees(by, Sight.CLEARED, case)


def _opening(by: Actor, case: StepCase) -> str:
    """The first words of an untitled case, for readers of the original: the operations team of its centre, or of the successor."""
    centres = (case.centre_id, *heirs_of(Followed.CENTRE, case.centre_id, case.area_id))
    if case.words is None or case.quarantined_at is not None or not any(by.holds(OPERATIONS, centre_id=each) for each in centres):
        return ""
    return opening_of(case.words)

"""What a reader may see of the steps in a list, and do with them."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from flask import url_for

from casework.casefile.views import openings
from casework.models import Account
from casework.permissions import Actor
from casework.permissions.sight import Sight, seen_by, sees
from web.inbox.filters import WAITS_LABELS
from web.inbox.return_url import present
from web.locales import in_reader_language as local
from workflows.desk_access import is_at, leads_desk, own_desk, reads_matter
from workflows.desks.inbox import InboxPage
from workflows.desks.inbox_filters import Waits, party_of
from workflows.models import WaitingTask


@dataclass(frozen=True)
class InboxRow:
    """One step in the list as a reader may see and handle it."""

    url: str
    title: str
    reads_matter: bool
    is_mine_to_do: bool
    principal: str
    party: str
    may_assign: bool
    holder: Account | None


def rows_of(by: Actor, page: InboxPage, principals: Sequence[Account], *, is_of_places: bool) -> dict[int, InboxRow]:
    """The rows of a page by step. `is_of_places`: the list goes beyond the person's own desks."""
    tasks = page.tasks
    begun, names = openings([task.case for task in tasks], by), {each.id: each.full_name or "" for each in principals}
    back = present()
    return {task.id: _row(by, task, page.holders.get(task.id), begun, names, back, is_of_places=is_of_places) for task in tasks}


def titles_of(by: Actor, tasks: Sequence[WaitingTask]) -> dict[int, str]:
    """The titles of the steps' cases, by step: empty for people who may not read what a case is about."""
    begun = openings([task.case for task in tasks], by)
    return {task.id: _title(task, begun) if _reads(by, task, is_at(by, task.desk, task.case)) else "" for task in tasks}


def _row(
    by: Actor, task: WaitingTask, holder: Account | None, begun: Mapping[int, str], names: Mapping[int, str], back: str | None, *,
    is_of_places: bool,
) -> InboxRow:
    """A waiting step on the person's own desk links to the step; others link to the case, if they may read it."""
    case, desk = task.case, own_desk(by, task.desk)
    is_theirs = desk is not None if not is_of_places else is_at(by, task.desk, case)
    reads = _reads(by, task, is_theirs)
    if is_theirs and task.state == "waiting":
        url = url_for("tasks.task", ref=task.ref, back=back)
    else:
        url = url_for("cases.case", ref=case.ref, back=back) if not is_of_places or seen_by(by, case) is not None else ""
    principal_id = by.at(desk).principal_id if desk is not None else None
    return InboxRow(
        url=url,
        title=_title(task, begun) if reads else "",
        reads_matter=reads,
        is_mine_to_do=is_theirs and task.state == "waiting",
        principal=names.get(principal_id or 0, ""),
        party=local(WAITS_LABELS[Waits(party)]) if (party := party_of(task)) in list(Waits) else "",
        may_assign=task.state == "waiting" and leads_desk(by, task.desk),
        holder=holder,
    )


def _reads(by: Actor, task: WaitingTask, is_theirs: bool) -> bool:
    return reads_matter(task.desk) if is_theirs else sees(by, Sight.CLEARED, task.case)


def _title(task: WaitingTask, begun: Mapping[int, str]) -> str:
    return task.case.title or begun.get(task.case_id) or ""

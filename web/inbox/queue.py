"""The queue of whoever does a step: the inbox with the view and the filter they came from, beside the step and after it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from urllib.parse import parse_qsl, urlsplit

from flask import g, url_for

from casework.permissions import Action, may
from web.guards import actor
from web.inbox.asking import InboxRequest, asked_in
from web.inbox.return_url import is_alone, way_back
from web.inbox.rows import InboxRow, rows_of
from web.inbox.views import view_words
from web.locales import in_reader_language as local
from workflows.desks.inbox import Position, shown_count
from workflows.desks.inbox_steps import InboxStep, StepCase
from workflows.desks.queue import Queue, next_in_queue, queue_around
from workflows.models import WaitingTask


@dataclass(frozen=True, slots=True)
class CaseInQueue:
    """A case with its steps in the queue; late where one of them is."""

    case: StepCase
    steps: list[tuple[InboxStep, InboxRow]]
    is_late: bool


@dataclass(frozen=True, slots=True)
class QueueBeside:
    """What the page of a step shows of the queue. `at` is empty where the step is not in it."""

    words: str
    cases: list[CaseInQueue]
    reported: frozenset[int]
    at: str
    total: str
    previous_url: str
    next_url: str


def queue_asked(moment: datetime) -> InboxRequest | None:
    """The queue the person came from, by the way back; the whole inbox without one.

    None for whoever opened the step from the page of its case, or from a list in which nothing waits for the person: what rests, and what
    waits for others.
    """
    if is_alone() or not may(actor(), Action.READ_INBOX):
        return None
    asked = asked_in(actor(), dict(parse_qsl(urlsplit(way_back() or "").query)), now=moment)
    return None if asked.wanted.is_of_places or asked.wanted.only_frozen else asked


def next_address(case_id: int, place: Position, asked: InboxRequest, moment: datetime) -> str | None:
    """The page of the step to go on with after one of a case, which stood at `place`; None where the queue has none for the person."""
    ref = next_in_queue(actor(), asked.wanted, case_id, place, now=moment, desks_of=asked.reader)
    return url_for("tasks.task", ref=ref) if ref is not None else None


def queue_beside(step: WaitingTask, moment: datetime) -> QueueBeside | None:
    """The queue a step stands in, for its page; None where none is walked or nothing waits in it."""
    by, asked = actor(), queue_asked(moment)
    if asked is None:
        return None
    queue = queue_around(by, asked.wanted, step, now=moment, desks_of=asked.reader)
    if not (asked.words or asked.chosen) and asked.view == "all":
        g.waiting_count = queue.total                      # the bar above shows the same number
    if not queue.page.tasks:
        return None
    rows = rows_of(by, queue.page, asked.principals, back=way_back())
    return QueueBeside(
        words=_words(asked, queue),
        cases=_by_case(queue.page.tasks, rows, moment),
        reported=queue.page.reported,
        at=shown_count(queue.at) if queue.at is not None else "",
        total=shown_count(queue.total),
        previous_url=rows[queue.previous.id].url if queue.previous is not None else "",
        next_url=rows[queue.next.id].url if queue.next is not None else "",
    )


def _by_case(steps: Sequence[InboxStep], rows: Mapping[int, InboxRow], moment: datetime) -> list[CaseInQueue]:
    """The steps of a queue, in which those of one case follow one another, by case."""
    each_case = (list(each) for _, each in groupby(steps, key=lambda step: step.case_id))
    return [
        CaseInQueue(each[0].case, [(step, rows[step.id]) for step in each], is_late=any(step.is_late(moment) for step in each))
        for each in each_case
    ]


def _words(asked: InboxRequest, queue: Queue) -> str:
    return view_words("all" if asked.words else asked.view) or local(queue.page.tasks[0].label)

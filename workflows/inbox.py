"""What waits for whom: the steps of a person's desks, narrowed by one choice or by a code, and how many each view holds.

Every answer costs the same at any number of cases: each desk is read through the index, and no further than what is shown.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, tuple_, union_all
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Assignment, Case, CaseReport, Centre, Report
from casework.permissions import LOCAL_ZONE, Actor
from casework.words import Bilingual
from workflows.desks import desks_read_by
from workflows.models import WaitingTask
from workflows.unforeseen import element_of

PAGE = 25
MOST_COUNTED = 99
MOST_NAMED = 20
"""Steps administrators drew that are called by their names; a desk with more of them than this shows ids for the rest."""

SOON = timedelta(hours=24)
"""A limit is near when less than this is left (look, "How state is shown")."""

COUNTED_PER_DESK = 1_000
"""Steps of one desk that are counted, the most urgent first, so that the left column costs the same at any number of cases."""

YEARS_BACK = 3
"""How many years a bare number is looked for in."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the last row's place in the order."""

    due_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of waiting steps; `next` is where the following one begins, None at the end."""

    tasks: tuple[WaitingTask, ...]
    next: Position | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person chose to see: steps of one element, their own, those nearly due, those late, those that rest, or one code."""

    element: str | None = None
    only_mine: bool = False
    only_soon: bool = False
    only_late: bool = False
    only_frozen: bool = False
    codes: tuple[str, ...] | None = None


@dataclass(slots=True)
class Counts:
    """How many steps each view holds; `elements` by element id. `frozen` ones rest with their cases and are in no other number."""

    all: int = 0
    mine: int = 0
    soon: int = 0
    late: int = 0
    frozen: int = 0
    elements: dict[str, int] = field(default_factory=dict)


def page_of(by: Actor, wanted: Wanted, *, now: datetime, after: Position | None = None, limit: int = PAGE) -> InboxPage:
    """Return one page of the steps a person wants to see, the first due first.

    Each desk is read through the index and no further than one page.
    """
    heads = [_head(desk, by, wanted, now, after).limit(limit + 1).subquery() for desk in desks_read_by(by)]
    if not heads or wanted.codes == ():
        return InboxPage((), None)
    candidates = union_all(*(select(head.c.id) for head in heads)).subquery()
    query = (
        select(WaitingTask)
        .where(WaitingTask.id.in_(select(candidates.c.id)))
        .options(joinedload(WaitingTask.claimed_by), joinedload(WaitingTask.instance))
        .options(joinedload(WaitingTask.case).joinedload(Case.area), joinedload(WaitingTask.case).joinedload(Case.lead_agency))
        .options(joinedload(WaitingTask.assignment).joinedload(Assignment.agency))
        .order_by(WaitingTask.due_at, WaitingTask.id)
        .limit(limit + 1)
    )
    found = list(db.session.scalars(query))
    shown = found[:limit]
    return InboxPage(tuple(shown), Position(shown[-1].due_at, shown[-1].id) if len(found) > limit else None)


def counts_for(by: Actor, *, now: datetime) -> Counts:
    """Return how many steps each view of a person holds; at most COUNTED_PER_DESK of each desk are looked at."""
    heads = [_all_of(desk).limit(COUNTED_PER_DESK).subquery() for desk in desks_read_by(by)]
    counts = Counts()
    if not heads:
        return counts
    waiting = union_all(*(select(head) for head in heads)).subquery()
    facts = select(
        waiting.c.element,
        (waiting.c.claimed_by_id == by.account_id).label("mine"),
        (waiting.c.due_at <= now).label("late"),
        (waiting.c.due_at <= now + SOON).label("near"),
    ).subquery()
    for row in db.session.execute(select(*facts.c, func.count()).group_by(*facts.c)):
        element, mine, late, near, number = tuple(row)
        counts.all += number
        counts.elements[element] = counts.elements.get(element, 0) + number
        counts.mine += number if mine else 0
        counts.late += number if late else 0
        counts.soon += number if near and not late else 0
    counts.frozen = _count(by, Wanted(only_frozen=True), now=now, most=MOST_COUNTED)
    return counts


def count_waiting(by: Actor, *, now: datetime, most: int = MOST_COUNTED) -> int:
    """Return how many steps wait, counting no further than `most` + 1 (shown as "99+")."""
    return _count(by, Wanted(), now=now, most=most)


def _count(by: Actor, wanted: Wanted, *, now: datetime, most: int) -> int:
    heads = [_head(desk, by, wanted, now, None).limit(most + 1).subquery() for desk in desks_read_by(by)]
    if not heads:
        return 0
    candidates = union_all(*(select(head.c.id) for head in heads)).limit(most + 1).subquery()
    return db.session.scalar(select(func.count()).select_from(candidates)) or 0


def waiting_in_case(case_id: int, *, with_frozen: bool = False) -> list[WaitingTask]:
    """Return the steps of one case that wait, for the case page; `with_frozen` also those that rest until it goes on."""
    states = ("waiting", "frozen") if with_frozen else ("waiting",)
    query = select(WaitingTask).where(WaitingTask.case_id == case_id, WaitingTask.state.in_(states))
    query = query.options(joinedload(WaitingTask.claimed_by), joinedload(WaitingTask.instance))
    return list(db.session.scalars(query.order_by(WaitingTask.id)))


def shown_count(number: int) -> str:
    """Return a count as the left column shows it, "99+" above what anybody reads."""
    return str(number) if number <= MOST_COUNTED else f"{MOST_COUNTED}+"


def codes_meant(words: str, *, now: datetime) -> tuple[str, ...]:
    """Return the codes somebody may have meant: `LD-2026-000123`, or `123` in every centre and the last YEARS_BACK years.

    A merged report's own code leads to the case it is in now. Empty when the words are no code.
    """
    words = words.strip().upper().replace(" ", "")
    if words.isascii() and words.isdigit() and len(words) <= 6:
        year = now.astimezone(LOCAL_ZONE).year
        prefixes = list(db.session.scalars(select(Centre.code_prefix)))
        return tuple(f"{prefix}-{year - back}-{int(words):06d}" for prefix in prefixes for back in range(YEARS_BACK))
    prefix, _, rest = words.partition("-")
    year_words, _, number = rest.partition("-")
    if not (prefix.isalnum() and year_words.isdigit() and number.isdigit()):
        return ()
    return (f"{prefix}-{year_words}-{number.zfill(6)}",)


def cases_with(codes: tuple[str, ...]) -> list[Case]:
    """Return the cases that hold a report with one of the codes; who may know of them is for the caller to ask."""
    query = select(Case).join(CaseReport, CaseReport.case_id == Case.id).join(Report, CaseReport.report_id == Report.id)
    return list(db.session.scalars(query.where(Report.code.in_(codes), CaseReport.left_at.is_(None)).limit(len(codes))).unique())


def elements_of(counts: Counts, order: Mapping[str, Any]) -> list[str]:
    """Return the elements that wait, in the order of the process."""
    places = list(order)
    return sorted(counts.elements, key=lambda element: (places.index(element) if element in places else len(places), element))


def names_of_elements(by: Actor, elements: Collection[str]) -> dict[str, Bilingual]:
    """Return what the models call steps that wait on a person's desks, by element; the first MOST_NAMED of them."""
    names: dict[str, Bilingual] = {}
    for element in sorted(elements)[:MOST_NAMED]:
        query = select(WaitingTask).where(WaitingTask.desk.in_(desks_read_by(by)), WaitingTask.state == "waiting")
        task = db.session.scalars(query.where(WaitingTask.element == element).options(joinedload(WaitingTask.instance)).limit(1)).first()
        found = element_of(task) if task is not None else None
        if found is not None:
            names[element] = found.label
    return names


def _all_of(desk: str) -> Select[str, int | None, datetime]:
    columns = (WaitingTask.element, WaitingTask.claimed_by_id, WaitingTask.due_at)
    return select(*columns).where(WaitingTask.desk == desk, WaitingTask.state == "waiting").order_by(WaitingTask.due_at, WaitingTask.id)


def _head(desk: str, by: Actor, wanted: Wanted, now: datetime, after: Position | None) -> Select[Any]:
    query = select(WaitingTask.id).where(WaitingTask.desk == desk, WaitingTask.state == ("frozen" if wanted.only_frozen else "waiting"))
    if wanted.element is not None:
        query = query.where(WaitingTask.element == wanted.element)
    if wanted.only_mine:
        query = query.where(WaitingTask.claimed_by_id == by.account_id)
    if wanted.only_soon:
        query = query.where(WaitingTask.due_at > now, WaitingTask.due_at <= now + SOON)
    if wanted.only_late:
        query = query.where(WaitingTask.due_at <= now)
    if wanted.codes is not None:
        in_cases = select(CaseReport.case_id).join(Report, CaseReport.report_id == Report.id)
        query = query.where(WaitingTask.case_id.in_(in_cases.where(Report.code.in_(wanted.codes), CaseReport.left_at.is_(None))))
    if after is not None:
        query = query.where(tuple_(WaitingTask.due_at, WaitingTask.id) > (after.due_at, after.id))
    return query.order_by(WaitingTask.due_at, WaitingTask.id)

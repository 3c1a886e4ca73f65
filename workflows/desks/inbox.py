"""The inbox: the waiting steps of a person's desks, filtered by one choice or by a code, and the count of each view.

The cost does not grow with the number of cases: each desk is read through the index, no further than what is shown.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, case, false, func, literal, or_, select, tuple_, union, union_all
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.lateness import late, soon
from casework.local_time import LOCAL_ZONE
from casework.models import Account, Assignment, Case, CaseReport, Centre, Report
from casework.permissions import Actor, Role
from casework.permissions.sight import with_viewers
from casework.states import UNCLASSIFIED
from workflows.desk_access import desks_read_by, reads_matter, unconfirmed_desks
from workflows.desks.inbox_filters import (
    NO_FILTER,
    SOON,
    InboxFilter,
    IndexRange,
    all_of,
    conditions_of,
    is_late,
    is_near,
    late_step,
    places_of,
    sources_for,
    team_desks,
)
from workflows.element_settings import label_on
from workflows.models import WaitingTask
from workflows.running.claims import counts
from workflows.running.drawn_steps import element_of

PAGE = 25
MOST_COUNTED = 99
MOST_NAMED = 20
"""Drawn steps shown by name; a desk with more shows ids for the rest."""

COUNTED_PER_DESK = 1_000
"""Steps counted per desk, the most urgent first, so that the left column costs the same at any number of cases."""

MOST_FIRST = 10
"""Steps listed before those due earlier; further calls are sorted by their limits, which are short."""

HURRY = timedelta(hours=1)
"""A step due this soon needs somebody at once, urgent or not: a report its sender marked urgent is due in half an hour."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""The position where the list begins, after the steps listed before all others."""

YEARS_BACK = 3
"""How many years back a bare number is looked for."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the last row's place in the order."""

    due_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of waiting steps. `next` is where the following page begins, None at the end; `holders` gives the holder by step.

    `first` are the steps listed before all others, because their case was called in or reported urgent and is not classified yet;
    `reported` are those of them, and of the others shown, that were reported urgent.
    """

    tasks: tuple[WaitingTask, ...]
    next: Position | None
    holders: dict[int, Account] = field(default_factory=dict)
    first: frozenset[int] = frozenset()
    reported: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class InboxQuery:
    """The view a person chose: steps of one element, their own, nearly due, late, on hold, of unconfirmed senders, or of certain codes.

    `chosen` filters further, or asks for the steps of a whole centre or agency.
    """

    element: str | None = None
    only_mine: bool = False
    only_soon: bool = False
    only_late: bool = False
    only_frozen: bool = False
    only_unconfirmed: bool = False
    codes: tuple[str, ...] | None = None
    chosen: InboxFilter = NO_FILTER

    @property
    def is_of_places(self) -> bool:
        """Whether it reaches beyond the person's own desks; rows then lead to the case instead of the step."""
        return self.chosen.waits is not None


@dataclass(slots=True)
class Counts:
    """How many steps each view holds; `elements` by element id. Steps on hold (`frozen`) are in no other number.

    `shown` counts the rows of the chosen filter, `urgent` those of them that are urgent or due within HURRY; `newest` is the highest row
    number among them, and `fresh` and `fresh_urgent` count those newer than a row the person knew.
    """

    all: int = 0
    mine: int = 0
    soon: int = 0
    late: int = 0
    frozen: int = 0
    elements: dict[str, int] = field(default_factory=dict)
    shown: int = 0
    urgent: int = 0
    newest: int = 0
    fresh: int = 0
    fresh_urgent: int = 0


def page_of(
    by: Actor, wanted: InboxQuery, *, now: datetime, after: Position | None = None, limit: int = PAGE, desks_of: Actor | None = None
) -> InboxPage:
    """Return one page of the steps a person asked for: called-in and urgently reported ones first, then by due date.

    Each desk (or centre or agency) is read through its index, at most one page of matching rows; at worst everything open there is visited.
    `desks_of` is the person with only some roles, where they want to see only those desks.
    """
    before = _to_see_first(desks_of or by, by, wanted, now, most=min(MOST_FIRST, limit))
    heads = [
        head.where(WaitingTask.id.not_in(before)).limit(limit + 1).subquery() if before else head.limit(limit + 1).subquery()
        for head in _heads(desks_of or by, by, wanted, now, after)
    ]
    if not heads or wanted.codes == ():
        return InboxPage((), None)
    # a join instead of IN, for which PostgreSQL would first gather every step there ever was; a union, as two ranges may share a row
    parts = [select(head.c.id) for head in heads]
    shown_before = before if after is None else []
    candidates = union(*parts, *([select(WaitingTask.id).where(WaitingTask.id.in_(shown_before))] if shown_before else [])).subquery()
    of_case: Any = joinedload(WaitingTask.case)
    query = (
        select(WaitingTask, counts(now), _is_reported(WaitingTask.case_id))
        .join(candidates, candidates.c.id == WaitingTask.id)
        .options(joinedload(WaitingTask.claimed_by), joinedload(WaitingTask.assigned_by), joinedload(WaitingTask.instance))
        .options(of_case.joinedload(Case.area), of_case.joinedload(Case.lead_agency))
        .options(joinedload(WaitingTask.assignment).joinedload(Assignment.agency))
        .order_by(case((WaitingTask.id.in_(before), 0), else_=1), WaitingTask.due_at, WaitingTask.id)
        .limit(limit + 1)
    )
    if wanted.is_of_places:
        query = query.options(of_case.options(*with_viewers()))
    found = [(task, is_held, is_reported) for task, is_held, is_reported in db.session.execute(query)]
    shown = tuple(task for task, _, _ in found[:limit])
    holders = {task.id: task.claimed_by for task, is_held, _ in found if is_held and task.claimed_by is not None}
    reported = frozenset(task.id for task, _, is_reported in found if is_reported and task.case.state in UNCLASSIFIED)
    following = None
    if len(found) > limit:
        rest = [task for task in shown if task.id not in before]
        following = Position(rest[-1].due_at, rest[-1].id) if rest else Position(EARLIEST, 0)
    return InboxPage(shown, following, holders, frozenset(before), reported)


def _to_see_first(desks_of: Actor, by: Actor, wanted: InboxQuery, now: datetime, *, most: int) -> list[int]:
    """The steps listed before all others: of unclassified cases that were called in or reported urgent, at most `most`.

    Only the COUNTED_PER_DESK earliest due steps of the operators' desks are considered, their cases looked up by key.
    """
    if wanted.codes is not None or wanted.only_frozen or wanted.only_unconfirmed or wanted.is_of_places:
        return []
    desks = [desk for desk in desks_read_by(desks_of) if desk.startswith(f"{Role.OPERATOR}@")]
    if not desks:
        return []
    heads = [
        _head(IndexRange(WaitingTask.desk == desk, "waiting"), by, wanted, now, None).limit(COUNTED_PER_DESK).subquery() for desk in desks
    ]
    due_first = union_all(*(select(head.c.id) for head in heads)).subquery()
    query = (
        select(WaitingTask.id)
        .join(due_first, due_first.c.id == WaitingTask.id)
        .join(Case, Case.id == WaitingTask.case_id)
        .where(Case.state.in_(UNCLASSIFIED), or_(Case.source == "phone", _is_reported(Case.id)))
        .order_by(WaitingTask.due_at, WaitingTask.id)
        .limit(most)
    )
    return list(db.session.scalars(query))


def _is_reported(case_id: Any) -> ColumnElement[bool]:
    query = select(CaseReport.id).join(Report, Report.id == CaseReport.report_id)
    return query.where(CaseReport.case_id == case_id, CaseReport.left_at.is_(None), Report.marked_urgent).exists()


def counts_for(
    by: Actor, *, now: datetime, wanted: InboxQuery | None = None, desks_of: Actor | None = None, since: int | None = None
) -> Counts:
    """Return how many steps each view of a person holds, and how many match the chosen filter, in one statement.

    At most COUNTED_PER_DESK of each desk are read, the most urgent first. A filter that reaches beyond the person's own desks is not
    counted here. `since` is the newest row the person knew.
    """
    fitting = _own_desks_of(wanted, desks_of or by)
    heads = [
        _all_of(desk, state, _fits(by, wanted, now, state) if wanted is not None and desk in fitting else false(), wanted)
        for desk in desks_read_by(by)
        for state in ("waiting", "frozen")
    ]
    counts = Counts()
    if not heads:
        return counts
    waiting = union_all(*(select(head.limit(COUNTED_PER_DESK).subquery()) for head in heads)).subquery()
    facts = select(
        waiting.c.element,
        waiting.c.state,
        (waiting.c.urgent | late(waiting.c.due_at, now + HURRY)).label("hurried"),
        waiting.c.fits,
        (waiting.c.claimed_by_id == by.account_id).label("mine"),
        late_step(waiting.c, now).label("late"),
        soon(waiting.c.due_at, now, now + SOON).label("near"),
        waiting.c.id,
    ).subquery()
    kinds = [column for column in facts.c if column.name != "id"]
    is_fresh = case((facts.c.id > (since if since is not None else 0), 1), else_=0)
    for row in db.session.execute(select(*kinds, func.count(), func.max(facts.c.id), func.sum(is_fresh)).group_by(*kinds)):
        element, state, urgent, fits, mine, behind, near, number, newest, fresh = tuple(row)
        if fits:
            counts.shown += number
            counts.newest = max(counts.newest, newest)
            counts.urgent += number if urgent else 0
            counts.fresh += int(fresh) if since is not None else 0
            counts.fresh_urgent += int(fresh) if since is not None and urgent else 0
        if state == "frozen":
            counts.frozen += number
            continue
        counts.all += number
        counts.elements[element] = counts.elements.get(element, 0) + number
        counts.mine += number if mine else 0
        counts.late += number if behind else 0
        counts.soon += number if near else 0
    return counts


def count_waiting(by: Actor, *, now: datetime, most: int = MOST_COUNTED) -> int:
    """Return how many steps wait, counting no further than `most` + 1 (shown as "99+")."""
    return count_each(by, [(InboxQuery(), by)], now=now, most=most)[0]


def count_each(by: Actor, wanted: Sequence[tuple[InboxQuery, Actor]], *, now: datetime, most: int = MOST_COUNTED) -> list[int]:
    """Return how many steps each of several queries matches, none counted further than `most` + 1, in one statement.

    Each query comes with the person reduced to the roles whose desks it reads.
    """
    numbers: list[Any] = []
    for each, desks_of in wanted:
        heads = [head.limit(most + 1).subquery() for head in _heads(desks_of, by, each, now, None)]
        if not heads:
            numbers.append(literal(0))
            continue
        candidates = union(*(select(head.c.id) for head in heads)).limit(most + 1).subquery()
        numbers.append(select(func.count()).select_from(candidates).scalar_subquery())
    if not wanted or not any(desks_read_by(desks_of) for _, desks_of in wanted):
        return [0] * len(wanted)
    return [int(number or 0) for number in db.session.execute(select(*(each.label(f"n{n}") for n, each in enumerate(numbers)))).one()]


def waiting_in_case(case_id: int, *, with_frozen: bool = False) -> list[WaitingTask]:
    """Return the waiting steps of one case; `with_frozen` also those on hold."""
    states = ("waiting", "frozen") if with_frozen else ("waiting",)
    query = select(WaitingTask).where(WaitingTask.case_id == case_id, WaitingTask.state.in_(states))
    query = query.options(joinedload(WaitingTask.claimed_by), joinedload(WaitingTask.instance))
    return list(db.session.scalars(query.order_by(WaitingTask.id)))


def shown_count(number: int) -> str:
    """Return a count for the left column, "99+" above MOST_COUNTED."""
    return str(number) if number <= MOST_COUNTED else f"{MOST_COUNTED}+"


def listed(by: Actor, refs: Sequence[str]) -> list[WaitingTask]:
    """Return the steps of `refs` that the person's inbox can list, on a desk or in a place of theirs, waiting or not."""
    places = places_of(by)
    query = select(WaitingTask).join(Case, Case.id == WaitingTask.case_id).where(WaitingTask.ref.in_(refs), Case.quarantined_at.is_(None))
    desks = [*desks_read_by(by), *unconfirmed_desks(by), *team_desks(by)]
    query = query.where(or_(WaitingTask.desk.in_(desks), *(place.within for place in places)))
    query = query.options(joinedload(WaitingTask.instance), joinedload(WaitingTask.case), joinedload(WaitingTask.claimed_by))
    found = {task.ref: task for task in db.session.scalars(query)}
    return [found[ref] for ref in dict.fromkeys(refs) if ref in found]


def codes_meant(words: str, *, now: datetime) -> tuple[str, ...]:
    """Return the codes somebody may have meant: `LD-2026-000123`, or `123` in every centre and the last YEARS_BACK years.

    A merged report's own code leads to the case it is in now. Empty if the text is no code.
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
    """Return the cases that hold a report with one of the codes; the caller checks who may see them."""
    query = select(Case).join(CaseReport, CaseReport.case_id == Case.id).join(Report, CaseReport.report_id == Report.id)
    return list(db.session.scalars(query.where(Report.code.in_(codes), CaseReport.left_at.is_(None)).limit(len(codes))).unique())


def elements_of(counts: Counts, order: Mapping[str, Any]) -> list[str]:
    """Return the waiting elements in the order of the process."""
    places = list(order)
    return sorted(counts.elements, key=lambda element: (places.index(element) if element in places else len(places), element))


def names_of_elements(by: Actor, elements: Collection[str]) -> dict[str, Bilingual]:
    """Return the labels of steps waiting on a person's desks, by element; at most MOST_NAMED."""
    names: dict[str, Bilingual] = {}
    for element in sorted(elements)[:MOST_NAMED]:
        query = select(WaitingTask).where(WaitingTask.desk.in_(desks_read_by(by)), WaitingTask.state == "waiting")
        task = db.session.scalars(query.where(WaitingTask.element == element).options(joinedload(WaitingTask.instance)).limit(1)).first()
        if task is not None and (found := element_of(task)) is not None:
            names[element] = label_on(found, task.centre_id, task.entered_at)
    return names


def _own_desks_of(wanted: InboxQuery | None, desks_of: Actor) -> set[str]:
    """The desks whose rows a query can match; none for a query by place or code."""
    if wanted is None or wanted.is_of_places or wanted.only_unconfirmed or wanted.codes is not None:
        return set()
    return {desk for desk in desks_read_by(desks_of) if not wanted.chosen.is_about_matter or reads_matter(desk)}


def _all_of(desk: str, state: str, fits: ColumnElement[bool], wanted: InboxQuery | None) -> Select[Any]:
    columns = (
        WaitingTask.element, WaitingTask.claimed_by_id, WaitingTask.due_at, WaitingTask.case_id, WaitingTask.urgent, WaitingTask.state,
        WaitingTask.id,
    )  # fmt: skip
    query: Any = select(*columns, fits.label("fits")).where(WaitingTask.desk == desk, WaitingTask.state == state)
    if wanted is not None and wanted.chosen.needs_case:
        query = query.join(Case, Case.id == WaitingTask.case_id)
    ordered: Select[Any] = query.order_by(WaitingTask.due_at, WaitingTask.id)
    return ordered


def _heads(desks_of: Actor, by: Actor, wanted: InboxQuery, now: datetime, after: Position | None) -> list[Select[Any]]:
    """One query per index range, its rows in order."""
    if wanted.only_unconfirmed:
        apart = [IndexRange(WaitingTask.desk == desk, "waiting") for desk in unconfirmed_desks(desks_of)]
        return [_head(source, by, wanted, now, after) for source in apart]
    sources = sources_for(desks_of, wanted.chosen, frozen=wanted.only_frozen, with_apart=wanted.codes is not None)
    return [_head(source, by, wanted, now, after) for source in sources]


def _head(source: IndexRange, by: Actor, wanted: InboxQuery, now: datetime, after: Position | None) -> Select[Any]:
    query = select(WaitingTask.id).where(source.within, WaitingTask.state == source.state, *source.only)
    if source.needs_case or wanted.chosen.needs_case:
        query = query.join(Case, Case.id == WaitingTask.case_id)
    query = query.where(*_narrows(by, wanted, now))
    if after is not None:
        query = query.where(tuple_(WaitingTask.due_at, WaitingTask.id) > (after.due_at, after.id))
    return query.order_by(WaitingTask.due_at, WaitingTask.id)


def _fits(by: Actor, wanted: InboxQuery, now: datetime, state: str) -> ColumnElement[bool]:
    """Whether a row of the person's own desk, in that state, matches the query."""
    if (state == "frozen") != wanted.only_frozen:
        return false()
    return all_of(_narrows(by, wanted, now))


def _narrows(by: Actor, wanted: InboxQuery, now: datetime) -> list[ColumnElement[bool]]:
    found = list(conditions_of(wanted.chosen, now=now))
    if wanted.element is not None:
        found.append(WaitingTask.element == wanted.element)
    if wanted.only_mine:
        found.append(WaitingTask.claimed_by_id == by.account_id)
    if wanted.only_soon:
        found.append(is_near(now))
    if wanted.only_late:
        found.append(is_late(now))
    if wanted.codes is not None:
        in_cases = select(CaseReport.case_id).join(Report, CaseReport.report_id == Report.id)
        in_cases = in_cases.where(Report.code.in_(wanted.codes), CaseReport.left_at.is_(None))
        found.append(WaitingTask.case_id.in_(in_cases))
    return found

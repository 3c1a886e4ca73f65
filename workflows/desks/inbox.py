"""What waits for whom: the steps of a person's desks, narrowed by one choice or by a code, and how many each view holds.

Every answer costs the same at any number of cases: each desk is read through the index, and no further than what is shown.
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
from casework.permissions import Actor, Role, with_viewers
from casework.states import UNCLASSIFIED
from workflows.desk_access import desks_read_by, reads_matter, unconfirmed_desks
from workflows.desks.inbox_filters import (
    NO_FILTER,
    SOON,
    Filter,
    Source,
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
"""Steps administrators drew that are called by their names; a desk with more of them than this shows ids for the rest."""

COUNTED_PER_DESK = 1_000
"""Steps of one desk that are counted, the most urgent first, so that the left column costs the same at any number of cases."""

MOST_FIRST = 10
"""Steps that stand before those due earlier; more calls than that at once wait by their limits, which are short."""

HURRY = timedelta(hours=1)
"""What is due so soon calls for somebody at once, marked urgent or not: a report that its sender marked so is due in half an hour."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""Where a list begins behind what stands before all others."""

YEARS_BACK = 3
"""How many years a bare number is looked for in."""


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the last row's place in the order."""

    due_at: datetime
    id: int


@dataclass(frozen=True, slots=True)
class InboxPage:
    """One page of waiting steps; `next` is where the following one begins, None at the end. `holders` by step: who has it.

    `first` are the steps that stand before all others for their case was called in or reported urgent and nobody has classified it;
    `reported` those of them, and of the others shown, that were reported urgent.
    """

    tasks: tuple[WaitingTask, ...]
    next: Position | None
    holders: dict[int, Account] = field(default_factory=dict)
    first: frozenset[int] = frozenset()
    reported: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a person chose to see: steps of one element, their own, those nearly due, those late, those that rest, those of senders
    nobody has heard of again, or one code.

    `chosen` narrows further, or asks for the steps of a whole place.
    """

    element: str | None = None
    only_mine: bool = False
    only_soon: bool = False
    only_late: bool = False
    only_frozen: bool = False
    only_unconfirmed: bool = False
    codes: tuple[str, ...] | None = None
    chosen: Filter = NO_FILTER

    @property
    def is_of_places(self) -> bool:
        """Whether it reaches beyond the person's own desks: then rows may lead to the case and not to the step."""
        return self.chosen.waits is not None


@dataclass(slots=True)
class Counts:
    """How many steps each view holds; `elements` by element id. `frozen` ones rest with their cases and are in no other number.

    `shown` counts what a choice narrows its view to, `urgent` those of them that are urgent or due within HURRY, `newest` is the row
    of the newest of them, and `fresh` and `fresh_urgent` count those that came after a row one knew.
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
    by: Actor, wanted: Wanted, *, now: datetime, after: Position | None = None, limit: int = PAGE, desks_of: Actor | None = None
) -> InboxPage:
    """Return one page of the steps a person wants to see, what was called in or reported urgent before the rest, each the first due first.

    Each desk (or place) is read through its index and no further than one page of rows that fit; what is looked at is at most
    what is open there. `desks_of` is the person with only some of their roles where they wish to see only those desks.
    """
    before = _to_see_first(desks_of or by, by, wanted, now, most=min(MOST_FIRST, limit))
    heads = [
        head.where(WaitingTask.id.not_in(before)).limit(limit + 1).subquery() if before else head.limit(limit + 1).subquery()
        for head in _heads(desks_of or by, by, wanted, now, after)
    ]
    if not heads or wanted.codes == ():
        return InboxPage((), None)
    # joined, not asked for with IN: PostgreSQL would gather every step there ever was first; and once each, where two heads hold one
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


def _to_see_first(desks_of: Actor, by: Actor, wanted: Wanted, now: datetime, *, most: int) -> list[int]:
    """The steps that stand before all others: of cases called in or reported urgent that nobody has classified, so many of them.

    Looked for among the COUNTED_PER_DESK steps of the operators' desks that are due first, their cases by key.
    """
    if wanted.codes is not None or wanted.only_frozen or wanted.only_unconfirmed or wanted.is_of_places:
        return []
    desks = [desk for desk in desks_read_by(desks_of) if desk.startswith(f"{Role.OPERATOR}@")]
    if not desks:
        return []
    heads = [
        _head(Source(WaitingTask.desk == desk, "waiting"), by, wanted, now, None).limit(COUNTED_PER_DESK).subquery() for desk in desks
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
    by: Actor, *, now: datetime, wanted: Wanted | None = None, desks_of: Actor | None = None, since: int | None = None
) -> Counts:
    """Return how many steps each view of a person holds, and what a choice narrows its view to, in one statement.

    At most COUNTED_PER_DESK of each desk are looked at, the most urgent first. Of a choice that reaches beyond the person's own
    desks nothing is counted here. `since` is the newest row the person knew.
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
    return count_each(by, [(Wanted(), by)], now=now, most=most)[0]


def count_each(by: Actor, wanted: Sequence[tuple[Wanted, Actor]], *, now: datetime, most: int = MOST_COUNTED) -> list[int]:
    """Return how many steps each of several choices holds, none counted further than `most` + 1, in one statement.

    Each choice comes with the person holding those of their roles whose desks it reads.
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
    """Return the steps of one case that wait, for the case page; `with_frozen` also those that rest until it goes on."""
    states = ("waiting", "frozen") if with_frozen else ("waiting",)
    query = select(WaitingTask).where(WaitingTask.case_id == case_id, WaitingTask.state.in_(states))
    query = query.options(joinedload(WaitingTask.claimed_by), joinedload(WaitingTask.instance))
    return list(db.session.scalars(query.order_by(WaitingTask.id)))


def shown_count(number: int) -> str:
    """Return a count as the left column shows it, "99+" above what anybody reads."""
    return str(number) if number <= MOST_COUNTED else f"{MOST_COUNTED}+"


def listed(by: Actor, refs: Sequence[str]) -> list[WaitingTask]:
    """Return those of the steps that the person's inbox can list, on a desk of theirs or in a place of theirs, waiting or not."""
    places = places_of(by)
    query = select(WaitingTask).join(Case, Case.id == WaitingTask.case_id).where(WaitingTask.ref.in_(refs), Case.quarantined_at.is_(None))
    desks = [*desks_read_by(by), *unconfirmed_desks(by), *team_desks(by)]
    query = query.where(or_(WaitingTask.desk.in_(desks), *(place.of_it for place in places)))
    query = query.options(joinedload(WaitingTask.instance), joinedload(WaitingTask.case), joinedload(WaitingTask.claimed_by))
    found = {task.ref: task for task in db.session.scalars(query)}
    return [found[ref] for ref in dict.fromkeys(refs) if ref in found]


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
    """Return what steps that wait on a person's desks are called, by element; the first MOST_NAMED of them."""
    names: dict[str, Bilingual] = {}
    for element in sorted(elements)[:MOST_NAMED]:
        query = select(WaitingTask).where(WaitingTask.desk.in_(desks_read_by(by)), WaitingTask.state == "waiting")
        task = db.session.scalars(query.where(WaitingTask.element == element).options(joinedload(WaitingTask.instance)).limit(1)).first()
        if task is not None and (found := element_of(task)) is not None:
            names[element] = label_on(found, task.centre_id, task.entered_at)
    return names


def _own_desks_of(wanted: Wanted | None, desks_of: Actor) -> set[str]:
    """The desks whose rows a choice can hold; none where it asks for a place or for a code."""
    if wanted is None or wanted.is_of_places or wanted.only_unconfirmed or wanted.codes is not None:
        return set()
    return {desk for desk in desks_read_by(desks_of) if not wanted.chosen.is_about_matter or reads_matter(desk)}


def _all_of(desk: str, state: str, fits: ColumnElement[bool], wanted: Wanted | None) -> Select[Any]:
    columns = (
        WaitingTask.element, WaitingTask.claimed_by_id, WaitingTask.due_at, WaitingTask.case_id, WaitingTask.urgent, WaitingTask.state,
        WaitingTask.id,
    )  # fmt: skip
    query: Any = select(*columns, fits.label("fits")).where(WaitingTask.desk == desk, WaitingTask.state == state)
    if wanted is not None and wanted.chosen.needs_case:
        query = query.join(Case, Case.id == WaitingTask.case_id)
    ordered: Select[Any] = query.order_by(WaitingTask.due_at, WaitingTask.id)
    return ordered


def _heads(desks_of: Actor, by: Actor, wanted: Wanted, now: datetime, after: Position | None) -> list[Select[Any]]:
    """A query for each stretch of an index, its rows in order."""
    if wanted.only_unconfirmed:
        apart = [Source(WaitingTask.desk == desk, "waiting") for desk in unconfirmed_desks(desks_of)]
        return [_head(source, by, wanted, now, after) for source in apart]
    sources = sources_for(desks_of, wanted.chosen, frozen=wanted.only_frozen, with_apart=wanted.codes is not None)
    return [_head(source, by, wanted, now, after) for source in sources]


def _head(source: Source, by: Actor, wanted: Wanted, now: datetime, after: Position | None) -> Select[Any]:
    query = select(WaitingTask.id).where(source.of_it, WaitingTask.state == source.state, *source.only)
    if source.needs_case or wanted.chosen.needs_case:
        query = query.join(Case, Case.id == WaitingTask.case_id)
    query = query.where(*_narrows(by, wanted, now))
    if after is not None:
        query = query.where(tuple_(WaitingTask.due_at, WaitingTask.id) > (after.due_at, after.id))
    return query.order_by(WaitingTask.due_at, WaitingTask.id)


def _fits(by: Actor, wanted: Wanted, now: datetime, state: str) -> ColumnElement[bool]:
    """Whether a row of one's own desk, in that state, is one of those wanted."""
    if (state == "frozen") != wanted.only_frozen:
        return false()
    return all_of(_narrows(by, wanted, now))


def _narrows(by: Actor, wanted: Wanted, now: datetime) -> list[ColumnElement[bool]]:
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

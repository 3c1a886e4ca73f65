"""The inbox: the waiting steps of a person's desks, filtered by one choice, by a code or by words, and the count of each view.

The cost does not grow with the number of cases: each desk is read through the index, no further than what is shown.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import bindparam, or_, select
from sqlalchemy.orm import joinedload

from casework.bilingual import Bilingual
from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.models import Case, CaseReport, Centre, Report
from casework.permissions import OPERATIONS, Actor, Role
from casework.permissions.sight import with_viewers
from casework.reading.counting import Counted, count, count_together, rows_of, values_of
from casework.reading.kept_with_rules import kept_with_rules
from casework.search.index import words_asked
from workflows.desk_access import desks_read_by, reads_matter, unconfirmed_desks
from workflows.desks import inbox_statements as statements
from workflows.desks.inbox_filters import InboxQuery, places_of, team_desks
from workflows.desks.inbox_statements import KINDS, TASK, VERSION, Asked, moments, shape_of
from workflows.desks.inbox_steps import Colleague, InboxStep, ListedStep, label_of, listed_step
from workflows.models import WaitingTask

PAGE = 25
MOST_COUNTED = 99
MOST_NAMED = 20
"""Drawn steps shown by name; a desk with more shows ids for the rest."""

MOST_FIRST = 10
"""Steps listed before those due earlier; further calls are sorted by their limits, which are short."""

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
"""The position where the list begins, after the steps listed before all others."""

YEARS_BACK = 3
"""How many years back a bare number is looked for."""

EXAMPLES = (
    select(TASK.c.element, VERSION.c.id, VERSION.c.sha256, TASK.c.centre_id, TASK.c.entered_at)
    .join_from(TASK, VERSION, VERSION.c.id == TASK.c.version_id)
    .where(TASK.c.id.in_(bindparam("examples", expanding=True)))
)

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

    tasks: tuple[InboxStep, ...]
    next: Position | None
    holders: Mapping[int, Colleague] = field(default_factory=dict)
    first: frozenset[int] = frozenset()
    reported: frozenset[int] = frozenset()


@dataclass(slots=True)
class Counts:
    """How many steps each view holds; `elements` by element id. Steps on hold (`frozen`) are in no other number.

    `shown` counts the rows of the chosen filter, `urgent` those of them that are urgent or due within HURRY; `newest` is the highest row
    number among them, and `fresh` and `fresh_urgent` count those newer than a row the person knew. `newest_of` is the highest row number
    by element. `beside` are the further numbers asked for, by name.
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
    newest_of: dict[str, int] = field(default_factory=dict)
    beside: dict[str, int] = field(default_factory=dict)

    def add(self, kind: "Kind") -> None:
        """Add the steps of one kind."""
        if kind.fits:
            self.shown += kind.number
            self.newest = max(self.newest, kind.newest)
            self.urgent += kind.number if kind.hurried else 0
            self.fresh += kind.fresh
            self.fresh_urgent += kind.fresh if kind.hurried else 0
        if kind.state == "frozen":
            self.frozen += kind.number
            return
        self.all += kind.number
        self.elements[kind.element] = self.elements.get(kind.element, 0) + kind.number
        self.newest_of[kind.element] = max(self.newest_of.get(kind.element, 0), kind.newest)
        self.mine += kind.number if kind.mine else 0
        self.late += kind.number if kind.late else 0
        self.soon += kind.number if kind.near else 0


@dataclass(frozen=True, slots=True)
class Kind:
    """Steps that no view tells apart, as `inbox_statements.tally` counts them."""

    element: str
    state: str
    hurried: bool
    fits: bool
    mine: bool | None
    late: bool
    near: bool
    number: int
    newest: int
    fresh: int


def page_of(
    by: Actor,
    wanted: InboxQuery,
    *,
    now: datetime,
    after: Position | None = None,
    limit: int = PAGE,
    desks_of: Actor | None = None,
    with_words: bool = False,
) -> InboxPage:
    """Return one page of the steps a person asked for: called-in and urgently reported ones first, then by due date. One statement.

    Each desk (or centre or agency) is read through its index, at most one page of matching rows; at worst everything open there is visited.
    `desks_of` is the person with only some roles, where they want to see only those desks. `with_words`: untitled cases come with the
    sealed words of their report where the person may be a reader of the original.
    """
    asked, first = Asked.of(desks_of or by, wanted), desks_first(desks_of or by, wanted)
    if not asked.ranges or wanted.codes == ():
        return InboxPage((), None)
    statement = statements.page(
        asked.kinds, shape_of(wanted), firsts=len(first), most_first=min(MOST_FIRST, limit), most=limit + 1, is_after=after is not None,
        with_words=with_words and by.holds(OPERATIONS),
    )  # fmt: skip
    values = asked.values() | moments(by, now) | {f"first_{number}": desk for number, desk in enumerate(first)}
    if after is not None:
        values |= {"after_due": after.due_at, "after_id": after.id}
    found = [listed_step(row) for row in db.session.execute(statement, values)]
    shown = found[:limit]
    following = None
    if len(found) > limit:
        rest = [each.step for each in shown if not each.is_first]
        following = Position(rest[-1].due_at, rest[-1].id) if rest else Position(EARLIEST, 0)
    return page_from(shown, following)


def page_from(shown: Sequence[ListedStep], following: Position | None = None) -> InboxPage:
    """Put rows together to a page."""
    return InboxPage(
        tasks=tuple(each.step for each in shown),
        next=following,
        holders={each.step.id: each.step.claimed_by for each in shown if each.is_held and each.step.claimed_by is not None},
        first=frozenset(each.step.id for each in shown if each.is_first),
        reported=frozenset(each.step.id for each in shown if each.is_reported),
    )


def counts_for(
    by: Actor,
    *,
    now: datetime,
    wanted: InboxQuery | None = None,
    desks_of: Actor | None = None,
    since: int | None = None,
    beside: Mapping[str, Counted | None] | None = None,
) -> Counts:
    """Return how many steps each view of a person holds, and how many match the chosen filter, in one statement.

    At most COUNTED_PER_DESK of each desk are read, the most urgent first. A filter that reaches beyond the person's own desks is not
    counted here. `since` is the newest row the person knew; `beside` is counted with them in the same statement.
    """
    desks, counts = desks_read_by(by), Counts(beside=dict.fromkeys(beside or {}, 0))
    further = {name: each for name, each in (beside or {}).items() if each is not None}
    if not desks and not further:
        return counts
    statement = statements.tally(
        _fitting(wanted, desks_of or by, desks), shape_of(wanted) if wanted is not None else None, rows_of(further)
    )  # fmt: skip
    values = values_of(further) | moments(by, now) | {f"desk{number}": desk for number, desk in enumerate(desks)}
    values |= statements.values_in(wanted) if wanted is not None else {}
    rows = db.session.execute(statement, values | {"since": since}).all()
    counts.beside.update(zip(further, rows[0], strict=False))
    for row in rows:
        kind = Kind(*row[-len(KINDS):])
        if kind.number:
            counts.add(kind)
    return counts


def count_waiting(by: Actor, *, now: datetime, most: int = MOST_COUNTED) -> int:
    """Return how many steps wait, counting no further than `most` + 1 (shown as "99+")."""
    return count(waiting_for(by, now=now, most=most))


def waiting_for(by: Actor, *, now: datetime, most: int = MOST_COUNTED) -> Counted | None:
    """The steps that wait for a person, to be counted with whatever else a page reads."""
    return Asked.of(by, InboxQuery()).counted(by, now=now, most=most, prefix="waiting_")


def count_each(by: Actor, wanted: Sequence[tuple[InboxQuery, Actor]], *, now: datetime, most: int = MOST_COUNTED) -> list[int]:
    """Return how many steps each of several queries matches, none counted further than `most` + 1, in one statement.

    Each query comes with the person reduced to the roles whose desks it reads.
    """
    asked = {
        f"n{number}": Asked.of(desks_of, each).counted(by, now=now, most=most, prefix=f"n{number}_")
        for number, (each, desks_of) in enumerate(wanted)
    }
    return list(count_together(asked).values())


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
    places = [place.key for place in places_of(by)]
    query = select(WaitingTask).join(Case, Case.id == WaitingTask.case_id).where(WaitingTask.ref.in_(refs), Case.quarantined_at.is_(None))
    desks = [*desks_read_by(by), *unconfirmed_desks(by), *team_desks(by)]
    query = query.where(or_(WaitingTask.desk.in_(desks), *(TASK.c[column] == value for column, value in places)))
    query = query.options(joinedload(WaitingTask.instance), joinedload(WaitingTask.case), joinedload(WaitingTask.claimed_by))
    found = {task.ref: task for task in db.session.scalars(query)}
    return [found[ref] for ref in dict.fromkeys(refs) if ref in found]


def looked_for(words: str, *, now: datetime) -> InboxQuery:
    """Return the query of what somebody typed to find steps: of cases with the code they mean, else with the words in their texts or place.

    What holds neither letters nor digits finds nothing.
    """
    codes = codes_meant(words, now=now)
    asked = tuple(words_asked(words)) if not codes else ()
    return InboxQuery(words=asked) if asked else InboxQuery(codes=codes)


def codes_meant(words: str, *, now: datetime) -> tuple[str, ...]:
    """Return the codes somebody may have meant: `LD-2026-000123`, or `123` in every centre and the last YEARS_BACK years.

    A merged report's own code leads to the case it is in now. Empty if the text is no code.
    """
    words = words.strip().upper().replace(" ", "")
    if words.isascii() and words.isdigit() and len(words) <= 6:
        year = now.astimezone(LOCAL_ZONE).year
        return tuple(f"{prefix}-{year - back}-{int(words):06d}" for prefix in _prefixes() for back in range(YEARS_BACK))
    prefix, _, rest = words.partition("-")
    year_words, _, number = rest.partition("-")
    if not (prefix.isalnum() and year_words.isdigit() and number.isdigit()):
        return ()
    return (f"{prefix}-{year_words}-{number.zfill(6)}",)


@kept_with_rules
def _prefixes() -> tuple[str, ...]:
    """The prefixes of all centres' codes."""
    return tuple(db.session.scalars(select(Centre.code_prefix)))


def cases_with(codes: tuple[str, ...]) -> list[Case]:
    """Return the cases that hold a report with one of the codes; the caller checks who may see them."""
    query = select(Case).join(CaseReport, CaseReport.case_id == Case.id).join(Report, CaseReport.report_id == Report.id)
    return list(db.session.scalars(query.where(Report.code.in_(codes), CaseReport.left_at.is_(None)).limit(len(codes))).unique())


def elements_of(counts: Counts, order: Mapping[str, Any]) -> list[str]:
    """Return the waiting elements in the order of the process."""
    places = list(order)
    return sorted(counts.elements, key=lambda element: (places.index(element) if element in places else len(places), element))


def names_of_elements(counts: Counts, elements: Collection[str]) -> dict[str, Bilingual]:
    """Return the labels of counted steps by element, each as its newest step has it; at most MOST_NAMED."""
    examples = [counts.newest_of[element] for element in sorted(elements)[:MOST_NAMED]]
    rows = db.session.execute(EXAMPLES, {"examples": examples}) if examples else ()
    return {element: label_of(element, *rest) for element, *rest in rows}


def cases_behind(steps: Sequence[InboxStep]) -> dict[int, Case]:
    """Return the cases of some steps with all that decides who sees what of them, for steps beyond the person's own desks."""
    query = select(Case).where(Case.id.in_({step.case.id for step in steps})).options(*with_viewers())
    return {case.id: case for case in db.session.scalars(query)} if steps else {}


def _fitting(wanted: InboxQuery | None, desks_of: Actor, desks: Sequence[str]) -> tuple[bool, ...]:
    """Of each desk, whether its rows can match a query; none can for a query by place, or one that looks for something."""
    if wanted is None or wanted.is_of_places or wanted.only_unconfirmed or wanted.is_looked_for:
        return (False,) * len(desks)
    read = set(desks_read_by(desks_of))
    return tuple(desk in read and (not wanted.is_about_matter or reads_matter(desk)) for desk in desks)


def desks_first(desks_of: Actor, wanted: InboxQuery) -> list[str]:
    """Return the desks of which some steps are listed before all others: the operators'."""
    if wanted.is_looked_for or wanted.only_frozen or wanted.only_unconfirmed or wanted.is_of_places:
        return []
    return [desk for desk in desks_read_by(desks_of) if desk.startswith(f"{Role.OPERATOR}@")]

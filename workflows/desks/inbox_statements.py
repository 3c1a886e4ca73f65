"""The statements of the inbox. Each is made once for its shape and kept: which ranges and conditions a query has, whatever their values.

Values are parameters: of the moment and the person (NOW, TODAY, …) under one name each, those of a query under names with its prefix,
since one statement may count several queries. No name is that of a column with a number (`desk_1`): SQLAlchemy names values so itself.
"""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cached_property, lru_cache
from typing import Any

from sqlalchemy import (
    CTE,
    BindParameter,
    ColumnElement,
    Date,
    FromClause,
    Join,
    Select,
    Subquery,
    and_,
    bindparam,
    case,
    exists,
    false,
    func,
    literal,
    literal_column,
    null,
    or_,
    select,
    true,
    tuple_,
    union,
    union_all,
)

from casework.db import BigId, Instant
from casework.lateness import late, soon
from casework.local_time import local_day
from casework.models import Account, Agency, Area, Assignment, Case, CaseReport, Field, Report, ReportText, SearchRow
from casework.notes.exchange import new_for_desk
from casework.open_cases import is_unconfirmed
from casework.permissions import Actor
from casework.reading.counting import MOST_KEPT, Counted, Rows, number_of
from casework.states import UNCLASSIFIED, Pause
from workflows.desk_access import desks_read_by, unconfirmed_desks
from workflows.desks.inbox_filters import NO_FILTER, NOBODY, SOON, InboxFilter, InboxQuery, IndexRange, Waits, late_step, ranges_of
from workflows.desks.pressed import PRESSED_BY
from workflows.models import ProcessVersion, WaitingTask
from workflows.running.claims import counts_at

COUNTED_PER_DESK = 1_000
"""Steps counted per desk, the most urgent first, so that the left column costs the same at any number of cases."""

HURRY = timedelta(hours=1)
"""A step due this soon needs somebody at once, urgent or not: a report its sender marked urgent is due in half an hour."""

TASK, CASE, VERSION = WaitingTask.__table__, Case.__table__, ProcessVersion.__table__
LINK, REPORT, WORDS, FOUND = CaseReport.__table__, Report.__table__, ReportText.__table__, SearchRow.__table__
PART, AREA, FIELD = Assignment.__table__, Area.__table__, Field.__table__
OWN_AGENCY, LEAD_AGENCY = Agency.__table__.alias("own_agency"), Agency.__table__.alias("lead_agency")
HOLDER, GIVER = Account.__table__.alias("holder"), Account.__table__.alias("giver")

NOW, TODAY = bindparam("now", type_=Instant), bindparam("today", type_=Date)
SOON_AT, HURRY_AT = bindparam("soon_at", type_=Instant), bindparam("hurry_at", type_=Instant)
ME, SINCE = bindparam("me", type_=BigId), bindparam("since", type_=BigId)
AFTER = tuple_(bindparam("after_due", type_=Instant), bindparam("after_id", type_=BigId))

_GIVEN = "given"
"""Stands in a shape where a query has a value."""

FREE_CHOICES = ("state", "field", "area", "agency", "source")

Kind = tuple[str, str, Waits | None]
"""Of an index range: column, state and party."""


@dataclass(frozen=True)
class Asked:
    """A query of one person, split into its shape and its values."""

    wanted: InboxQuery
    ranges: tuple[IndexRange, ...]
    own_desks: tuple[str, ...] = ()
    """The desks whose steps do not wait for others."""

    @classmethod
    def of(cls, desks_of: Actor, wanted: InboxQuery) -> "Asked":
        """`desks_of` is the person with the roles whose desks are read."""
        own = (*desks_read_by(desks_of), *unconfirmed_desks(desks_of)) if wanted.chosen.waits == Waits.OTHERS else ()
        return cls(wanted, tuple(ranges_of(desks_of, wanted)), own)

    @cached_property
    def kinds(self) -> tuple[Kind, ...]:
        return tuple((each.column, each.state, each.waits) for each in self.ranges)

    def values(self, prefix: str = "") -> dict[str, Any]:
        chosen = self.wanted.chosen
        found: dict[str, Any] = {f"{prefix}in_{number}": each.value for number, each in enumerate(self.ranges)}
        if chosen.waits == Waits.OTHERS:
            found[f"{prefix}own_desks"] = self.own_desks
        return found | values_in(self.wanted, prefix)

    def counted(self, by: Actor, *, now: datetime, most: int, prefix: str = "") -> Counted | None:
        """Its rows, to be counted no further than `most` + 1; None where it can have none."""
        if not self.ranges:
            return None
        rows = matching(self.kinds, shape_of(self.wanted), prefix, most + 1)
        return Counted(rows, self.values(prefix) | moments(by, now))


def moments(by: Actor, now: datetime) -> dict[str, Any]:
    """The values of the moment and the person."""
    return {"now": now, "today": local_day(now), "soon_at": now + SOON, "hurry_at": now + HURRY, "me": by.account_id}


def shape_of(wanted: InboxQuery) -> InboxQuery:
    """A query without its values: the same for all that are written alike."""
    chosen = wanted.chosen
    if chosen:
        holder = chosen.holder if chosen.holder in (None, NOBODY) else _GIVEN
        given: dict[str, Any] = {name: _GIVEN for name in FREE_CHOICES if getattr(chosen, name) is not None}
        chosen = InboxFilter(**given, urgency=chosen.urgency, due=chosen.due, holder=holder)
    codes, words = None if wanted.codes is None else (), (_GIVEN,) * len(wanted.words)
    return replace(wanted, element=None if wanted.element is None else _GIVEN, codes=codes, words=words, chosen=chosen)


def values_in(wanted: InboxQuery, prefix: str = "") -> dict[str, Any]:
    """What `shape_of` leaves out."""
    found: dict[str, Any] = {}
    if wanted.element is not None:
        found[f"{prefix}element"] = wanted.element
    if wanted.codes is not None:
        found[f"{prefix}codes"] = wanted.codes
    found |= {f"{prefix}word{number}": f"% {word}%" for number, word in enumerate(wanted.words)}
    if wanted.chosen is not NO_FILTER:
        for name in (*FREE_CHOICES, "holder"):
            if (value := getattr(wanted.chosen, name)) is not None:
                found[f"{prefix}{name}"] = value
    return found


# -- conditions --------------------------------------------------------------------------------------------------------


def conditions_of(shape: InboxQuery, prefix: str) -> list[ColumnElement[bool]]:
    """The conditions on a row, its range apart. Its case is looked up by primary key."""
    found = _of_filter(shape.chosen, prefix)
    if shape.element is not None:
        found.append(TASK.c.element == bindparam(f"{prefix}element"))
    if shape.only_mine:
        found.append(TASK.c.claimed_by_id == ME)
    if shape.only_soon:
        found.append(_is_near())
    if shape.only_late:
        found.append(late_step(TASK.c, NOW))
    if shape.codes is not None:
        in_cases = select(LINK.c.case_id).join_from(LINK, REPORT, LINK.c.report_id == REPORT.c.id)
        in_cases = in_cases.where(REPORT.c.code.in_(several(f"{prefix}codes")), LINK.c.left_at.is_(None))
        found.append(TASK.c.case_id.in_(in_cases))
    if shape.words:
        found.append(_has_words(len(shape.words), prefix))
    return found


def _has_words(number: int, prefix: str) -> ColumnElement[bool]:
    """Whether the texts of the case that every desk may find hold, for each word, one beginning with it: one row by its key."""
    begins = ((literal(" ") + FOUND.c.words).like(bindparam(f"{prefix}word{each}")) for each in range(number))
    return exists().where(FOUND.c.case_id == TASK.c.case_id, FOUND.c.audience == literal_column("'agencies'"), *begins)


def _of_filter(chosen: InboxFilter, prefix: str) -> list[ColumnElement[bool]]:
    found: list[ColumnElement[bool]] = []
    if chosen.state is not None:
        found.append(CASE.c.state == bindparam(f"{prefix}state"))
    if chosen.field is not None:
        found.append(CASE.c.field_id.in_(select(FIELD.c.id).where(FIELD.c.service_code == bindparam(f"{prefix}field"))))
    if chosen.area is not None:
        found.append(CASE.c.area_id.in_(select(AREA.c.id).where(AREA.c.ref == bindparam(f"{prefix}area"))))
    if chosen.urgency is not None:
        found.append(TASK.c.urgent.is_(chosen.urgency == "urgent"))
    if chosen.source is not None:
        found.append(CASE.c.source == bindparam(f"{prefix}source"))
    if chosen.agency is not None:
        found.append(_concerns_agency(bindparam(f"{prefix}agency")))
    if chosen.holder == NOBODY:
        found.append(or_(TASK.c.claimed_by_id.is_(None), ~counts_at(NOW, TODAY)))
    elif chosen.holder is not None:
        account = Account.__table__
        found += (
            TASK.c.claimed_by_id.in_(select(account.c.id).where(account.c.ref == bindparam(f"{prefix}holder"))), counts_at(NOW, TODAY),
        )  # fmt: skip
    if chosen.due is not None:
        found.append(late_step(TASK.c, NOW) if chosen.due == "late" else _is_near())
    return found


def _is_near() -> ColumnElement[bool]:
    """Not late, but less than SOON left."""
    return soon(TASK.c.due_at, NOW, SOON_AT)


def _concerns_agency(ref: BindParameter[str]) -> ColumnElement[bool]:
    """The agency works on the step itself, leads the case, or is asked to take part in it."""
    table = Agency.__table__
    agency = select(table.c.id).where(table.c.ref == ref).scalar_subquery()
    taking_part = exists().where(PART.c.case_id == TASK.c.case_id, PART.c.agency_id == agency, PART.c.ended_at.is_(None))
    return or_(TASK.c.agency_id == agency, CASE.c.lead_agency_id == agency, taking_part)


def _of_party(waits: Waits, state: str, prefix: str) -> list[ColumnElement[bool]]:
    """The further conditions under which an open step of a place waits for a party."""
    known = CASE.c.quarantined_at.is_(None)
    if waits == Waits.OTHERS:
        return [known, TASK.c.desk.not_in(several(f"{prefix}own_desks"))]
    if state == "frozen":
        return [known, CASE.c.paused_for == (Pause.QUESTION if waits == Waits.REPORTER else Pause.REFERRAL)]
    return [known, TASK.c.desk.startswith(f"{waits}@", autoescape=True)]


def is_reported(case_id: ColumnElement[int]) -> ColumnElement[bool]:
    """Whether a sender or caller marked one of the case's reports urgent."""
    query = select(LINK.c.id).join_from(LINK, REPORT, REPORT.c.id == LINK.c.report_id)
    return query.where(LINK.c.case_id == case_id, LINK.c.left_at.is_(None), REPORT.c.marked_urgent).exists()


def several(name: str) -> BindParameter[Any]:
    return bindparam(name, expanding=True)


# -- columns -----------------------------------------------------------------------------------------------------------

UNCLASSIFIED_CASE = CASE.c.state.in_([literal(str(state)) for state in sorted(UNCLASSIFIED)])
_STEP: tuple[ColumnElement[Any], ...] = (
    TASK.c.id, TASK.c.ref, TASK.c.element, TASK.c.desk, TASK.c.state, TASK.c.urgent, TASK.c.due_at, TASK.c.entered_at, TASK.c.claimed_at,
    TASK.c.assignment_id, VERSION.c.id, VERSION.c.sha256, OWN_AGENCY.c.name_vi, OWN_AGENCY.c.name_en, OWN_AGENCY.c.short_name_vi,
    OWN_AGENCY.c.short_name_en, HOLDER.c.id, HOLDER.c.full_name, GIVER.c.id, GIVER.c.full_name, counts_at(NOW, TODAY),
    and_(UNCLASSIFIED_CASE, is_reported(TASK.c.case_id)), PRESSED_BY,
)  # fmt: skip
_CASE_OF_STEP: tuple[ColumnElement[Any], ...] = (
    CASE.c.id, CASE.c.code, CASE.c.ref, CASE.c.centre_id, CASE.c.area_id, CASE.c.state, CASE.c.source, CASE.c.title, CASE.c.urgency,
    CASE.c.released_village, CASE.c.visibility_reason_id, CASE.c.quarantined_at, CASE.c.unconfirmed_since, CASE.c.paused_for,
    CASE.c.paused_until, CASE.c.reopened, is_unconfirmed(CASE.c), AREA.c.name_vi, AREA.c.name_en, LEAD_AGENCY.c.name_vi,
    LEAD_AGENCY.c.name_en, LEAD_AGENCY.c.short_name_vi, LEAD_AGENCY.c.short_name_en, CASE.c.parent_id.is_not(None), CASE.c.is_divided,
)  # fmt: skip

SEALED_WORDS = (
    select(WORDS.c.sealed_body)
    .join_from(WORDS, REPORT, REPORT.c.id == WORDS.c.report_id)
    .where(REPORT.c.code == CASE.c.code, WORDS.c.kind == "original")
    .order_by(WORDS.c.id)
    .limit(1)
    .correlate(CASE)
    .scalar_subquery()
)
"""The words of a case's main report, as sealed."""


# -- statements --------------------------------------------------------------------------------------------------------


def head(kind: Kind, name: str, shape: InboxQuery, prefix: str, *, is_after: bool = False) -> Select[int]:
    """The rows of one range, in their order."""
    column, state, waits = kind
    query: Select[int] = select(TASK.c.id).where(TASK.c[column] == bindparam(name), TASK.c.state == state)
    if waits is not None or shape.chosen.needs_case:
        query = query.join_from(TASK, CASE, CASE.c.id == TASK.c.case_id)
    if waits is not None:
        query = query.where(*_of_party(waits, state, prefix))
    query = query.where(*conditions_of(shape, prefix))
    if is_after:
        query = query.where(tuple_(TASK.c.due_at, TASK.c.id) > AFTER)
    return query.order_by(TASK.c.due_at, TASK.c.id)


def _heads(kinds: tuple[Kind, ...], shape: InboxQuery, prefix: str, most: int, *, is_after: bool = False) -> list[Select[int]]:
    heads = (head(kind, f"{prefix}in_{number}", shape, prefix, is_after=is_after).limit(most) for number, kind in enumerate(kinds))
    return [select(rows.subquery().c.id) for rows in heads]


@lru_cache(MOST_KEPT)
def matching(kinds: tuple[Kind, ...], shape: InboxQuery, prefix: str, most: int) -> Rows:
    """The steps that match a query, at most `most`: a union, as two ranges may share a row."""
    return union(*_heads(kinds, shape, prefix, most)).limit(most)


@lru_cache(MOST_KEPT)
def page(
    kinds: tuple[Kind, ...], shape: InboxQuery, *, firsts: int, most_first: int, most: int, is_after: bool, with_words: bool
) -> Select[Any]:
    """A page of steps with what a row of the list shows: `firsts` desks have steps that are listed before all others, `most_first` of them.

    `with_words`: with the sealed words of an untitled case's report, for readers of the original. `is_after`: those after a position.
    """
    first = first_of(firsts, shape, most_first) if firsts else None
    source = with_case(candidates(kinds, shape, first, most + (most_first if firsts else 0), is_after=is_after))
    if first is None:
        query = select(*columns_of_row(null(), with_words=with_words)).select_from(source)
        return query.order_by(TASK.c.due_at, TASK.c.id).limit(most)
    is_first = first.c.id.is_not(None)
    query = select(*columns_of_row(is_first, with_words=with_words)).select_from(source.outerjoin(first, first.c.id == TASK.c.id))
    if is_after:
        query = query.where(~is_first)
    return query.order_by(is_first.desc(), TASK.c.due_at, TASK.c.id).limit(most)


def candidates(kinds: tuple[Kind, ...], shape: InboxQuery, first: CTE | None, most: int, *, is_after: bool) -> Subquery:
    """The steps a page is chosen from: the first rows of each range, and those listed before all others."""
    heads = _heads(kinds, shape, "", most, is_after=is_after)
    return union(*heads, *([select(first.c.id)] if first is not None and not is_after else [])).subquery("candidates")


def with_case(chosen: FromClause) -> Join:
    """Some steps, by `id`, with all that `columns_of_row` reads."""
    # a join instead of IN, for which PostgreSQL would first gather every step there ever was
    return (
        TASK.join(chosen, chosen.c.id == TASK.c.id)
        .join(CASE, CASE.c.id == TASK.c.case_id)
        .join(VERSION, VERSION.c.id == TASK.c.version_id)
        .outerjoin(AREA, AREA.c.id == CASE.c.area_id)
        .outerjoin(LEAD_AGENCY, LEAD_AGENCY.c.id == CASE.c.lead_agency_id)
        .outerjoin(PART, PART.c.id == TASK.c.assignment_id)
        .outerjoin(OWN_AGENCY, OWN_AGENCY.c.id == PART.c.agency_id)
        .outerjoin(HOLDER, HOLDER.c.id == TASK.c.claimed_by_id)
        .outerjoin(GIVER, GIVER.c.id == TASK.c.assigned_by_id)
    )


def columns_of_row(is_first: ColumnElement[Any], *, with_words: bool) -> tuple[ColumnElement[Any], ...]:
    """The columns `inbox_steps.listed_step` reads."""
    words = case((CASE.c.title.is_(None), SEALED_WORDS)) if with_words else null()
    return (*_STEP, is_first, words, *_CASE_OF_STEP, new_for_desk(TASK.c.desk, TASK.c.case_id, PART))


def first_of(desks: int, shape: InboxQuery, most: int) -> CTE:
    """The steps listed before all others: of unclassified cases that were called in or reported urgent, at most `most`.

    Only the COUNTED_PER_DESK earliest due steps of the operators' desks are considered, their cases looked up by key.
    """
    heads = [head(("desk", "waiting", None), f"first_{number}", shape, "").limit(COUNTED_PER_DESK).subquery() for number in range(desks)]
    due_first = union_all(*(select(rows.c.id) for rows in heads)).subquery()
    query = select(TASK.c.id).join_from(TASK, due_first, due_first.c.id == TASK.c.id).join(CASE, CASE.c.id == TASK.c.case_id)
    query = query.where(UNCLASSIFIED_CASE, or_(CASE.c.source == "phone", is_reported(CASE.c.id)))
    return query.order_by(TASK.c.due_at, TASK.c.id).limit(most).cte("first")


@lru_cache(MOST_KEPT)
def tally(fitting: tuple[bool, ...], shape: InboxQuery | None, beside: tuple[tuple[str, Rows], ...]) -> Select[Any]:
    """The open steps of some desks, counted by what the views tell apart, and further numbers by name: in a row of their own where no step
    is open, else repeated in each.

    `fitting` says of each desk whether its rows can match the query. At most COUNTED_PER_DESK of each desk are read, the most urgent first.
    """
    numbers = select(true().label("one"), *(number_of(rows).label(name) for name, rows in beside)).subquery("numbers")
    named = [numbers.c[name] for name, _ in beside]
    if not fitting:
        return select(*named, *([null()] * len(KINDS)))
    heads = [
        _all_of(number, state, shape if is_fitting and shape is not None and (state == "frozen") == shape.only_frozen else None, shape)
        for number, is_fitting in enumerate(fitting)
        for state in ("waiting", "frozen")
    ]
    waiting = union_all(*(select(rows.limit(COUNTED_PER_DESK).subquery()) for rows in heads)).subquery()
    facts = select(
        waiting.c.element,
        waiting.c.state,
        (waiting.c.urgent | late(waiting.c.due_at, HURRY_AT)).label("hurried"),
        waiting.c.fits,
        (waiting.c.claimed_by_id == ME).label("mine"),
        late_step(waiting.c, NOW).label("late"),
        soon(waiting.c.due_at, NOW, SOON_AT).label("near"),
        waiting.c.id,
    ).subquery()
    kinds = [facts.c[name] for name in KINDS[:-3]]
    is_fresh = case((facts.c.id > SINCE, 1), else_=0)
    groups = select(*kinds, func.count().label("number"), func.max(facts.c.id).label("newest"), func.sum(is_fresh).label("fresh"))
    counted = groups.group_by(*kinds).subquery("counted")
    return select(*named, *(counted.c[name] for name in KINDS)).select_from(numbers.outerjoin(counted, true()))


KINDS = ("element", "state", "hurried", "fits", "mine", "late", "near", "number", "newest", "fresh")
"""The columns of a tally after its further numbers: what is told apart, then how many, the highest row, and how many are new."""


def _all_of(number: int, state: str, fits: InboxQuery | None, shape: InboxQuery | None) -> Select[Any]:
    """The steps of one desk in one state, and whether each matches the query."""
    columns = (
        TASK.c.element, TASK.c.claimed_by_id, TASK.c.due_at, TASK.c.case_id, TASK.c.urgent, TASK.c.state, TASK.c.id,
    )  # fmt: skip
    is_fit: ColumnElement[bool] = and_(true(), *conditions_of(fits, "")) if fits is not None else false()
    query: Select[Any] = select(*columns, is_fit.label("fits"))
    if shape is not None and shape.chosen.needs_case:
        query = query.join_from(TASK, CASE, CASE.c.id == TASK.c.case_id)
    query = query.where(TASK.c.desk == bindparam(f"desk{number}"), TASK.c.state == state)
    return query.order_by(TASK.c.due_at, TASK.c.id)

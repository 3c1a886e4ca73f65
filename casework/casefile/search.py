"""Staff search by words, codes and place names in the cases a person may find, best match first (rules.md, section 2).

Only texts the person may read are searched: the search rows hold no original words, no identity, no notes and nothing of a quarantined
case. Operators find their centre's cases, committee leaders those of theirs by the texts cleared for agencies, an agency those it works
on or has answered, but none it lost. Those who oversee all agencies also find cases by the present or former name of an agency that works
or worked on them, listed after the cases whose texts contain the words.
"""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import ColumnElement, CompoundSelect, Select, and_, false, func, or_, select, union_all
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.local_time import LOCAL_ZONE
from casework.models import Area, Assignment, Case, CaseReport, Field, Report, SearchRow
from casework.permissions import OPERATIONS, Action, Actor, Role, require
from casework.places.former_agencies import agencies_called
from casework.places.former_areas import former_names
from casework.search.index import FEW, MOST_FOUND, in_few, newest_with, words_asked
from casework.search.ranking import exact_words, score
from casework.states import OPEN_STATES
from casework.successors import Followed, left_to
from casework.text import fold

PAGE = 25
OPEN = "open"
"""A choice among the states: every state in which an answer is owed."""


@dataclass(frozen=True)
class CaseSearch:
    """A search; empty fields mean all. `codes` are those the words may mean, `year` is the local year in which the case was opened."""

    words: str = ""
    codes: tuple[str, ...] = ()
    state: str = ""
    service_code: str = ""
    area_ref: str = ""
    year: int | None = None

    @property
    def is_nothing(self) -> bool:
        """Whether the search is empty."""
        return not (words_asked(self.words) or self.codes or self.is_narrowed)

    @property
    def is_narrowed(self) -> bool:
        """Whether the search has more than words."""
        return bool(self.state or self.service_code or self.area_ref or self.year)


@dataclass(frozen=True)
class Hit:
    """A case found. `text` is the text of its search row as written; `by_code` a report of another code that it answers."""

    case: Case
    text: str
    former: tuple[str, ...] = ()
    by_code: str | None = None


@dataclass(frozen=True)
class SearchPage:
    """One page of results; `total` is how many were looked at, and `is_more` says whether there are more."""

    hits: tuple[Hit, ...]
    total: int
    is_more: bool
    page: int
    words: tuple[str, ...] = ()

    @property
    def has_next(self) -> bool:
        return self.page * PAGE < self.total


@dataclass(frozen=True)
class _Scope:
    """The search rows of one audience a person may see."""

    audience: str
    condition: ColumnElement[bool]
    case_ids: Select[int] | CompoundSelect[int] | None = None
    """The cases the person may see, where their sight is limited to some."""


def search_cases(wanted: CaseSearch, *, by: Actor, page: int = 1) -> SearchPage:
    """Return one page of matching cases the person may see: those with the code typed first, then those with the words in their titles,
    then by `score`.

    Looks at the newest MOST_FOUND matches. Raises NotAllowed for roles that search nothing.
    """
    require(by, Action.SEARCH_CASES)
    words, scopes = words_asked(wanted.words), _scopes(by)
    if wanted.is_nothing or not scopes:
        return SearchPage((), 0, False, 1)
    named = _cases_with(wanted, scopes)
    whole, is_more = _matching(wanted, words, scopes, named)
    page = max(1, min(page, -(-len(whole) // PAGE)))
    shown = whole[(page - 1) * PAGE : page * PAGE]
    return SearchPage(_hits(shown, scopes, named), len(whole), is_more, page, tuple(words))


def cases_to_list(wanted: CaseSearch, *, by: Actor, centre_id: int) -> Select[int]:
    """The ids of all matching cases of a centre that the person may see; by words or codes as many as the search itself finds.

    Raises NotAllowed for roles that search nothing.
    """
    require(by, Action.SEARCH_CASES)
    words, scopes = words_asked(wanted.words), _scopes(by)
    left = left_to(Followed.CENTRE, {centre_id}, body=Case.centre_id.expression, area=Case.area_id.expression)
    query = select(Case.id).where(or_(Case.centre_id == centre_id, *left), Case.quarantined_at.is_(None), *_conditions(wanted))
    query = query.where(or_(false(), *(_of_cases(scope) for scope in scopes)))
    if words or wanted.codes:
        whole, _is_more = _matching(wanted, words, scopes, _cases_with(wanted, scopes))
        query = query.where(Case.id.in_(whole))
    return query


def _matching(wanted: CaseSearch, words: Sequence[str], scopes: Sequence[_Scope], named: dict[int, str]) -> tuple[list[int], bool]:
    """The matching cases, best first, and whether there are more than the MOST_FOUND newest looked at."""
    rows = {} if wanted.codes and named else _candidates(words, wanted, scopes, with_text=bool(words))
    exact = exact_words(wanted.words)
    kept = sorted(rows)[-MOST_FOUND:]
    best = {id_: score(words, exact, folded=rows[id_][1], written=rows[id_][2]) for id_ in kept} if words else {}
    named_so = _in_titles(words, [rows[id_][0] for id_ in kept]) if words else {}
    order = sorted(kept, key=lambda id_: (-named_so.get(rows[id_][0], 0), -best[id_], -id_)) if words else kept[::-1]
    ids = [case_id for case_id in (rows[id_][0] for id_ in order) if case_id not in named]
    return [*named, *ids], len(rows) > MOST_FOUND


def _in_titles(words: Sequence[str], case_ids: Sequence[int]) -> dict[int, int]:
    """How many of the words are in the title of each case: a title says more about a case than the name of its commune."""
    query = select(Case.id, Case.title).where(Case.id.in_(case_ids), Case.title.is_not(None))
    titles = ((case_id, f" {fold(title or '')}") for case_id, title in db.session.execute(query))
    return {case_id: sum(f" {word}" in title for word in words) for case_id, title in titles}


def _scopes(by: Actor) -> list[_Scope]:
    """At most three: the centre's rows, the agencies' rows of a committee's centre, and those of the person's own agencies."""
    found = []
    for audience, roles in (("centre", OPERATIONS), ("agencies", frozenset({Role.COMMITTEE_LEADER}))):
        centres = {grant.centre_id for grant in by.grants if grant.role in roles}
        if centres:
            condition = SearchRow.id.is_not(None) if None in centres else _of_centres(set(filter(None, centres)))
            found.append(_Scope(audience, condition))
    if by.agency_ids:
        own = and_(_of_agencies(by.agency_ids), or_(Assignment.ended_at.is_(None), Assignment.approved_at.is_not(None)))
        # the leader of an agency above decides where the agency's own leader wrote the answer
        decides = and_(Assignment.approval_desk.in_(_leaders(by)), Assignment.ended_at.is_(None))
        of_row = select(Assignment.id).where(Assignment.case_id == SearchRow.case_id, or_(own, decides) if _leaders(by) else own).exists()
        case_ids: Select[int] | CompoundSelect[int] = select(Assignment.case_id).where(own)
        if _leaders(by):
            case_ids = union_all(case_ids, select(Assignment.case_id).where(decides))
        found.append(_Scope("agencies", of_row, case_ids))
    return found


def _of_centres(centres: Collection[int]) -> ColumnElement[bool]:
    """The cases of those centres, and of the centres they succeed."""
    area = select(Case.area_id).where(Case.id == SearchRow.case_id).correlate(SearchRow).scalar_subquery()
    left = left_to(Followed.CENTRE, centres, body=SearchRow.centre_id.expression, area=area)
    return or_(SearchRow.centre_id.in_(sorted(centres)), *left)


def _of_agencies(agencies: Collection[int]) -> ColumnElement[bool]:
    area = select(Case.area_id).where(Case.id == Assignment.case_id).correlate(Assignment).scalar_subquery()
    left = left_to(Followed.AGENCY, agencies, body=Assignment.agency_id.expression, area=area)
    return or_(Assignment.agency_id.in_(sorted(agencies)), *left)


def _leaders(by: Actor) -> list[str]:
    """The desks at which the person decides on agencies' answers."""
    return sorted({grant.desk for grant in by.grants if grant.role == Role.AGENCY_LEADER})


def _of_cases(scope: _Scope) -> ColumnElement[bool]:
    return select(SearchRow.id).where(SearchRow.case_id == Case.id, SearchRow.audience == scope.audience, scope.condition).exists()


def _candidates(
    words: Sequence[str], wanted: CaseSearch, scopes: Sequence[_Scope], *, with_text: bool
) -> dict[int, tuple[int, str, str]]:
    """The newest matches by case id, each case once: its id, its folded words and the words as written."""
    found: dict[int, tuple[int, str, str]] = {}
    cases: set[int] = set()
    narrowed = select(Case.id).where(*_conditions(wanted))
    texts = (SearchRow.words, SearchRow.exact_words) if with_text else ()
    given = _given_to(words) if any(scope.case_ids is None for scope in scopes) else None
    for scope in scopes:
        few = _few_of(scope.case_ids, narrowed if wanted.is_narrowed else None)
        where = [scope.condition]
        if few is not None:
            where.append(in_few(few))
        if wanted.is_narrowed and few is not narrowed:
            where.append(select(Case.id).where(Case.id == SearchRow.case_id, *_conditions(wanted)).exists())
        columns = (SearchRow.id, SearchRow.case_id, *texts)
        newest = _newest_first(scope.case_ids) if scope.case_ids is not None else None
        rows = newest_with(words, *columns, audience=scope.audience, where=where, of_few=few is not None, cases=newest)
        if given is not None and scope.case_ids is None:
            where = [scope.condition, SearchRow.case_id.in_(given)]
            where += [SearchRow.case_id.in_(narrowed)] if wanted.is_narrowed else []
            rows += newest_with((), *columns, audience=scope.audience, where=where, of_few=_few_of(given) is not None)
        for id_, case_id, *text in rows:
            if case_id not in cases:
                cases.add(case_id)
                found[id_] = (case_id, *text) if text else (case_id, "", "")
    return found


def _given_to(words: Sequence[str]) -> Select[int] | None:
    """The cases on which the agencies whose name was typed work or worked; None where no name matches."""
    agencies = agencies_called(words)
    return select(Assignment.case_id).where(Assignment.agency_id.in_(sorted(agencies))) if agencies else None


def _newest_first(case_ids: Select[int] | CompoundSelect[int]) -> Select[int]:
    theirs = case_ids.subquery()
    return select(theirs.c.case_id).order_by(theirs.c.case_id.desc())


def _few_of(*choices: Select[int] | CompoundSelect[int] | None) -> Select[int] | CompoundSelect[int] | None:
    """The first of the choices that holds FEW cases or less, if any: a common word is then sought only in those."""
    for case_ids in choices:
        if case_ids is not None and (db.session.scalar(select(func.count()).select_from(case_ids.limit(FEW + 1).subquery())) or 0) <= FEW:
            return case_ids
    return None


def _conditions(wanted: CaseSearch) -> Iterator[ColumnElement[bool]]:
    if wanted.state == OPEN:
        yield Case.state.in_(sorted(OPEN_STATES))
    elif wanted.state:
        yield Case.state == wanted.state
    if wanted.service_code:
        yield Case.field_id.in_(select(Field.id).where(Field.service_code == wanted.service_code))
    if wanted.area_ref:
        yield Case.area_id.in_(select(Area.id).where(Area.ref == wanted.area_ref))
    if wanted.year:
        yield Case.opened_at >= datetime(wanted.year, 1, 1, tzinfo=LOCAL_ZONE).astimezone(UTC)
        yield Case.opened_at < datetime(wanted.year + 1, 1, 1, tzinfo=LOCAL_ZONE).astimezone(UTC)


def _cases_with(wanted: CaseSearch, scopes: Sequence[_Scope]) -> dict[int, str]:
    """The cases that answer a report with a code typed, by the code; a merged report leads to its main case."""
    if not wanted.codes:
        return {}
    query = (
        select(Case.id, Report.code)
        .join(CaseReport, CaseReport.case_id == Case.id)
        .join(Report, CaseReport.report_id == Report.id)
        .where(Report.code.in_(wanted.codes), CaseReport.left_at.is_(None), Case.quarantined_at.is_(None))
        .where(or_(*(_of_cases(scope) for scope in scopes)), *_conditions(wanted))
        .order_by(Report.id.desc())
        .limit(len(wanted.codes))
    )
    found: dict[int, str] = {}
    for case_id, code in db.session.execute(query):
        found.setdefault(case_id, code)
    return found


def _hits(case_ids: Sequence[int], scopes: Sequence[_Scope], named: dict[int, str]) -> tuple[Hit, ...]:
    """The labelled cases of one page, in order; two queries, and a third where a place has another name."""
    if not case_ids:
        return ()
    query = (
        select(Case, func.max(SearchRow.exact_words))
        .join(SearchRow, SearchRow.case_id == Case.id)
        .where(Case.id.in_(case_ids), Case.quarantined_at.is_(None))
        .where(or_(*(and_(SearchRow.audience == scope.audience, scope.condition) for scope in scopes)))
        .group_by(Case.id)
    )
    rows = {case.id: (case, text) for case, text in db.session.execute(query)}
    labels = select(Case).where(Case.id.in_(rows)).options(joinedload(Case.area), joinedload(Case.field), joinedload(Case.lead_agency))
    list(db.session.scalars(labels))
    former = former_names({case.area_id for case, _text in rows.values() if case.area_id is not None})
    return tuple(
        Hit(
            rows[id_][0], rows[id_][1], tuple(former.get(rows[id_][0].area_id or 0, ())),
            named[id_] if id_ in named and named[id_] != rows[id_][0].code else None,
        )
        for id_ in case_ids
        if id_ in rows
    )  # fmt: skip

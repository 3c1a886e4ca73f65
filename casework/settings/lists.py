"""Pages of long lists: people, agencies and areas by name without accents, narrowed by words."""

from datetime import date
from typing import Any

from sqlalchemy import Select, or_, select, tuple_
from sqlalchemy.orm import joinedload, selectinload

from casework.db import db
from casework.models import Account, Agency, Area, Membership
from casework.permissions import Actor
from casework.settings.scopes import administered_centres, is_of, works_in
from casework.text import fold

PAGE = 50
MOST_WORDS = 5
LONGEST_SEARCH = 100


def people_page(by: Actor, *, typed: str, after: str, state: str) -> tuple[list[Account], str]:
    """One page of staff, and the ref after which the next begins, empty at the end. `state`: `disabled` ones, otherwise the active."""
    query = select(Account).where(
        works_in(administered_centres(by)), Account.disabled_at.is_not(None) if state == "disabled" else Account.disabled_at.is_(None)
    )
    query = _narrowed(query, typed, Account.folded_name, Account.login)
    query = query.options(selectinload(Account.memberships).joinedload(Membership.agency))
    return _page(query.options(selectinload(Account.memberships).joinedload(Membership.centre)), Account, after)


def agencies_page(by: Actor, *, typed: str, after: str, on: date, state: str) -> tuple[list[Agency], str]:
    """One page of agencies in force today or later, or of those that have `ended`."""
    query = select(Agency).where(is_of(administered_centres(by), Agency.centre_id), _in_time(Agency, on, state))
    return _page(_narrowed(query, typed, Agency.folded_name, Agency.key).options(joinedload(Agency.centre)), Agency, after)


def areas_page(by: Actor, *, typed: str, after: str, on: date, state: str, level: str, parent: Area | None) -> tuple[list[Area], str]:
    """One page of areas in force today or later, or of those that have `ended`; optionally of one level or parent."""
    query = select(Area).where(_seen_areas(by), _in_time(Area, on, state))
    query = query.where(Area.level == level) if level else query
    query = query.where(Area.parent_id == parent.id) if parent is not None else query
    return _page(_narrowed(query, typed, Area.folded_name, Area.official_code).options(joinedload(Area.parent)), Area, after)


def _seen_areas(by: Actor) -> Any:
    return or_(is_of(administered_centres(by), Area.centre_id), Area.centre_id.is_(None))


def _in_time(model: Any, on: date, state: str) -> Any:
    if state == "ended":
        return (model.valid_to <= on) & (model.valid_to > model.valid_from)
    # areas of a reorganisation plan that has not begun are never in force
    return or_(model.valid_to.is_(None), (model.valid_to > on) & (model.valid_to > model.valid_from))


def _narrowed(query: Select[Any], typed: str, *columns: Any) -> Select[Any]:
    for word in fold(typed[:LONGEST_SEARCH]).split()[:MOST_WORDS]:
        query = query.where(or_(*(column.icontains(word, autoescape=True) for column in columns)))
    return query


def _page(query: Select[Any], model: Any, after: str) -> tuple[list[Any], str]:
    last = db.session.execute(select(model.folded_name, model.id).where(model.ref == after)).first() if after else None
    if last is not None:
        query = query.where(tuple_(model.folded_name, model.id) > tuple_(*last))
    rows = list(db.session.scalars(query.order_by(model.folded_name, model.id).limit(PAGE + 1)).unique())
    return rows[:PAGE], rows[PAGE - 1].ref if len(rows) > PAGE else ""

"""What is common everywhere is found in a commune among its newest cases, and by its name where those are not enough."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from casework.db import db, unit_of_work
from casework.models import Case, SearchRow
from casework.public import search as public_search
from casework.public.filters import PublicFilter, PublicState, matching_among, newest_of
from casework.public.search import found_by_words
from casework.search.index import FEW, in_few
from casework.search.rows import refresh_search_rows
from tests import build
from tests.grounds import remembered

pytestmark = pytest.mark.on_both


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def cases(world: build.World, monkeypatch: pytest.MonkeyPatch) -> list[Case]:
    """Three in the commune, then three elsewhere, all with a word that two of are too many."""
    found = three_and_three(world)
    monkeypatch.setattr(public_search, "MOST_FOUND", 2)
    return found


@remembered
def three_and_three(world: build.World) -> list[Case]:
    found = [build.case_at(world, "rating", now=build.NOON + timedelta(hours=hour)) for hour in range(6)]
    with unit_of_work():
        for case in found[3:]:
            row = db.session.merge(case)
            row.area_id = world.areas["xa da chais"].id
            db.session.flush()
            db.session.expire(row)
            refresh_search_rows(row, at=build.NOON)
    return found


@pytest.mark.exhaustive(but=6)
@pytest.mark.parametrize("looked_at", [1, 2, 3, 100])
def test_a_commune_finds_its_newest_however_many_are_looked_at(
    world: build.World, cases: list[Case], monkeypatch: pytest.MonkeyPatch, looked_at: int
) -> None:
    monkeypatch.setattr(public_search, "FEW", looked_at)
    found = found_by_words(PublicFilter(words="rac", area_ref=world.area.ref))
    assert (found.ids, found.is_more) == ([cases[2].id, cases[1].id], True)
    assert found_by_words(PublicFilter(words="rac", area_ref=world.area.ref, state=PublicState.RECEIVED)).ids == []


def test_of_the_newest_are_all_only_where_none_lies_behind(world: build.World, cases: list[Case]) -> None:
    wanted = PublicFilter(area_ref=world.area.ref)
    newest = [newest_of(wanted, looked_at=most) for most in (2, 3)]
    assert [each.are_all for each in newest] == [False, True]
    assert [sorted(db.session.scalars(each.ids)) for each in newest] == [[case.id for case in cases[1:3]], [case.id for case in cases[:3]]]


def test_among_given_cases_no_index_of_a_choice_leads(world: build.World, cases: list[Case]) -> None:
    """SQLite would read all cases of a commune rather than the few it is handed; PostgreSQL knows better by itself."""
    given, sent = [case.id for case in cases], []
    wanted = PublicFilter(area_ref=world.area.ref)

    def keep(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", keep)
    try:
        assert matching_among(wanted, given) == given[2::-1]
    finally:
        event.remove(db.engine, "before_cursor_execute", keep)
    if db.engine.dialect.name == "sqlite":
        statement, parameters = sent[-1]
        plan = db.session.connection().exec_driver_sql(f"EXPLAIN QUERY PLAN {statement}", parameters)
        assert "INTEGER PRIMARY KEY" in " ".join(str(row[-1]) for row in plan)


def test_the_few_cases_a_word_is_sought_in_are_read_once_and_not_for_each_row(app: Flask) -> None:
    """With them as a table of its own PostgreSQL read all cases of a commune for each row with the word: a second among 2,000."""
    world = build.standard_world()
    case = build.case_at(world, "closed")
    few = select(Case.id).where(Case.area_id == case.area_id).limit(FEW)
    query = select(SearchRow.case_id).where(SearchRow.audience == "public", in_few(few))
    assert set(db.session.scalars(query)) == {case.id}
    if db.engine.dialect.name == "postgresql":
        shown = query.compile(db.engine, compile_kwargs={"literal_binds": True})
        plan = " ".join(row[0] for row in db.session.connection().exec_driver_sql(f"EXPLAIN {shown}".replace("%%", "%")))
        assert "InitPlan" in plan
        assert "Join" not in plan, plan

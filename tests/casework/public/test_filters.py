"""What the public filters find, that a search ranks as staff's does, and that no choice reads more the more cases there are."""
from __future__ import annotations

from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import select

from casework.calendars import rules_head
from casework.db import db, unit_of_work
from casework.local_time import local_day, midnight
from casework.models import Area, AreaSuccession, Case, Publication, VisibilityReason
from casework.public import filters as public_filters
from casework.public import search as public_search
from casework.public.cases import public_list
from casework.public.feed import feed_items
from casework.public.filter_choices import choices_on
from casework.public.filters import PublicFilter, PublicState
from casework.public.limits import is_late_by_day
from casework.public.map import public_map
from casework.public.search import found_by_words
from casework.reading import kept_with_rules
from casework.search.rows import refresh_search_rows
from tests import build

pytestmark = pytest.mark.on_both

NOON = build.NOON
LATER = NOON + timedelta(days=60)


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def codes(wanted: PublicFilter | None = None, **where: str) -> list[str]:
    return [item.code for item in public_list(wanted or PublicFilter(), **where).items]


def changed(case: Case, **columns: object) -> Case:
    with unit_of_work():
        row = db.session.merge(case)
        for name, value in columns.items():
            setattr(row, name, value)
        db.session.flush()
        db.session.expire(row)
        refresh_search_rows(row, at=NOON)
    return case


def retitled(case: Case, title: str) -> Case:
    with unit_of_work():
        db.session.scalars(select(Publication).where(Publication.case_id == case.id)).one().current.title = title
        refresh_search_rows(db.session.merge(case), at=NOON)
    return case


@pytest.mark.exhaustive(but=2)
def test_an_urgent_case_is_late_to_the_public_from_the_day_after_its_limit_whatever_the_hour(world: build.World) -> None:
    open_, done = (build.case_at(world, state, urgent=True) for state in ("handling", "rating"))
    due_at = open_.due_at
    assert due_at is not None
    morrow = midnight(local_day(due_at) + timedelta(days=1))
    for moment, is_late in ((due_at, False), (morrow - timedelta(seconds=1), False), (morrow, True)):
        assert (codes(PublicFilter(late_at=moment)), is_late_by_day(open_, moment)) == ([open_.code] if is_late else [], is_late)
        changed(done, answered_at=moment)
        assert codes(PublicFilter(late_at=moment, state=PublicState.ANSWERED)) == ([done.code] if is_late else [])


@pytest.mark.exhaustive(but=2)
def test_late_means_late_of_open_and_ended_cases_alike_and_days_are_local(world: build.World) -> None:
    open_ = build.case_at(world, "handling")
    done = build.case_at(world, "rating", now=NOON + timedelta(days=1))
    due_at = db.session.get_one(Case, open_.id).due_at
    assert due_at is not None
    assert codes(PublicFilter(late_at=due_at - timedelta(microseconds=1))) == []
    assert codes(PublicFilter(late_at=due_at)) == [open_.code]
    # what was answered in time stays so, however late it is now; what was answered behind its limit stays late
    assert codes(PublicFilter(late_at=LATER)) == [open_.code]
    changed(done, due_at=done.opened_at - timedelta(days=1))
    assert codes(PublicFilter(late_at=LATER, state=PublicState.ANSWERED)) == [done.code]
    first, second = date(2026, 3, 2), date(2026, 3, 3)
    assert codes(PublicFilter(until=first)) == [open_.code]
    assert codes(PublicFilter(since=second)) == codes(PublicFilter(since=second, until=second)) == [done.code]
    midnight = NOON.replace(hour=17, minute=0) - timedelta(days=1)
    changed(open_, opened_at=midnight)
    assert codes(PublicFilter(since=first, until=first)) == [open_.code]
    changed(open_, opened_at=midnight - timedelta(microseconds=1))
    assert codes(PublicFilter(since=first, until=first)) == []


@pytest.mark.exhaustive(but=2)
def test_a_commune_finds_what_ended_under_the_names_it_was_made_of(world: build.World) -> None:
    closed, moved = build.case_at(world, "rating"), build.case_at(world, "handling", now=NOON + timedelta(hours=1))
    with unit_of_work():
        new = build.commune(world, "Xã Lạc Dương", valid_from=date(2026, 3, 5))
        db.session.get_one(Area, world.area.id).valid_to = date(2026, 3, 5)
        db.session.add(AreaSuccession(predecessor_id=world.area.id, successor_id=new.id, on=date(2026, 3, 5)))
    build_head_moves(world)
    changed(moved, area_id=new.id)
    assert codes(PublicFilter(area_ref=new.ref)) == [moved.code, closed.code]
    assert codes(PublicFilter(area_ref=world.area.ref)) == [closed.code]
    assert codes(PublicFilter(area_ref=new.ref, state=PublicState.ANSWERED)) == [closed.code]
    assert codes(PublicFilter(area_ref=new.ref, words="rac")) == [closed.code]
    offered = choices_on(date(2026, 3, 6))
    assert [each.value for each in offered.communes if each.value in (new.ref, world.area.ref)] == [new.ref]
    assert [each.value for each in offered.former] == [world.area.ref]
    assert not offered.is_of_several_centres


@pytest.mark.exhaustive(but=2)
def test_a_day_long_ago_is_looked_for_there_and_no_page_goes_on_from_what_is_not_public(
    world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = build.case_at(world, "handling")
    apart, *new = [build.case_at(world, "to_classify", now=NOON + timedelta(days=day)) for day in range(1, 5)]
    monkeypatch.setattr(public_filters, "LOOKED_AT", 2)
    assert codes(PublicFilter(until=date(2026, 3, 2))) == [old.code], "however many came since"
    assert codes(PublicFilter(since=date(2026, 3, 6))) == [new[-1].code]
    with unit_of_work():
        db.session.get_one(Case, apart.id).quarantined_at = NOON + timedelta(days=9)
    assert codes(after=apart.code) == codes(after="LD-2026-999999") == codes()
    # looking stops at the case set apart: the page goes on from the one before, and finds what lies behind
    page = public_list(PublicFilter(urgent_only=True), after=new[1].code)
    assert (page.items, page.older) == ([], new[0].code)
    monkeypatch.setattr(public_filters, "LOOKED_AT", 3)
    assert public_list(PublicFilter(urgent_only=True), after=new[0].code).older is None


def build_head_moves(world: build.World) -> None:
    """Areas are kept until the rules change; here they changed by hand."""
    assert rules_head() is not None
    kept_with_rules.KEPT.clear()


def test_one_centre_or_all(world: build.World) -> None:
    case = build.case_at(world, "handling")
    with unit_of_work():
        other = build.centre("DN", is_default=False)
    assert codes(PublicFilter(centre_ref=world.centre.ref)) == codes() == [case.code]
    assert codes(PublicFilter(centre_ref=other.ref)) == codes(PublicFilter(centre_ref="nobody's")) == []


@pytest.mark.exhaustive(but=2)
def test_words_with_their_accents_come_first_then_whole_words_then_beginnings(world: build.World) -> None:
    titles = ("Bò thả rông", "Nắp hố ga bị bỏ ngỏ", "Bóng đèn hỏng")
    cases = [build.case_at(world, "rating", now=NOON + timedelta(hours=hour)) for hour in range(3)]
    cow, left, lamp = (retitled(case, title) for case, title in zip(cases, titles, strict=True))

    def ranked(words: str) -> list[int]:
        return found_by_words(PublicFilter(words=words)).ids

    assert ranked("bò") == [cow.id, left.id, lamp.id]
    assert ranked("bỏ") == [left.id, cow.id, lamp.id]
    assert ranked("bo")[:1] == [left.id]
    assert ranked("hố ga") == [left.id]
    assert ranked(cow.code) == [cow.id]
    assert found_by_words(PublicFilter(words="bo", state=PublicState.RECEIVED)).ids == []


def test_of_a_common_word_the_newest_are_ranked_and_a_commune_still_finds_its_own(
    world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = build.case_at(world, "rating")
    new = [build.case_at(world, "rating", now=NOON + timedelta(hours=hour)) for hour in (1, 2)]
    for case in new:
        changed(case, area_id=world.areas["xa da chais"].id)
    monkeypatch.setattr(public_search, "MOST_FOUND", 2)
    found = found_by_words(PublicFilter(words="rac"))
    assert (found.ids, found.is_more) == ([new[1].id, new[0].id], True)
    assert found_by_words(PublicFilter(words="rac", area_ref=world.area.ref)).ids == [old.id]


def test_what_is_rare_is_looked_for_among_so_many_and_older_ones_are_asked_for(world: build.World, monkeypatch: pytest.MonkeyPatch) -> None:
    urgent = build.case_at(world, "handling", urgent=True)
    others = [build.file_report(world, now=NOON + timedelta(hours=hour)).case.code for hour in range(1, 6)]
    monkeypatch.setattr(public_filters, "LOOKED_AT", 3)
    wanted = PublicFilter(urgent_only=True)
    first = public_list(wanted)
    assert (first.items, first.older) == ([], others[2])
    second = public_list(wanted, after=first.older or "")
    assert [item.code for item in second.items] == [urgent.code]
    assert second.older is None
    back = public_list(wanted, before=urgent.code)
    assert (back.items, back.newer) == ([], others[2])
    assert public_list(wanted, before=back.newer or "").newer is None


@pytest.mark.exhaustive(but=2)
def test_the_map_has_points_where_a_publication_says_so_and_counts_all_others_at_their_commune(world: build.World) -> None:
    exact, vague = (build.case_at(world, "rating", now=NOON + timedelta(hours=hour)) for hour in (0, 1))
    for case in (exact, vague):
        changed(case, latitude=12.1, longitude=108.4)
    hidden = changed(build.case_at(world, "handling", now=NOON + timedelta(hours=2)), latitude=12.2, longitude=108.5)
    sensitive = changed(build.case_at(world, "rating", now=NOON + timedelta(hours=3)), latitude=12.3, longitude=108.6)
    nowhere = changed(build.case_at(world, "handling", now=NOON + timedelta(hours=4)), area_id=None)
    with unit_of_work():
        for case in (exact, sensitive):
            db.session.scalars(select(Publication).where(Publication.case_id == case.id)).one().current.shows_exact_place = True
    changed(sensitive, visibility_reason_id=db.session.scalars(select(VisibilityReason.id)).first())
    shown = public_map(PublicFilter(), now=LATER)
    assert [(point.code, point.latitude, point.longitude, point.is_late) for point in shown.points] == [(exact.code, 12.1, 108.4, False)]
    assert [(spot.area_ref, spot.cases) for spot in shown.spots] == [(world.area.ref, 2)]
    assert shown.spots[0].latitude == pytest.approx((11.98 + 12.178) / 2)
    assert (shown.elsewhere, shown.is_more) == (1, False)
    assert public_map(PublicFilter(words="rac"), now=LATER).points == shown.points
    answered = public_map(PublicFilter(state=PublicState.ANSWERED), now=LATER)
    assert ([point.code for point in answered.points], answered.spots[0].cases) == ([exact.code], 1)
    assert {vague.code, hidden.code, nowhere.code}.isdisjoint(point.code for point in shown.points)
    entries = {each.item.code: each for each in feed_items(PublicFilter())}
    assert {code: each.point for code, each in entries.items() if each.point} == {exact.code: (12.1, 108.4)}
    assert sensitive.code not in entries
    assert entries[hidden.code].question == ""

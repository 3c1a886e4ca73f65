"""The hint that something alike was reported nearby: near enough, new enough, of the same centre, and nothing given away."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.intake.file_report import Place
from casework.intake.similar_cases import COARSE, NEAR_METRES, alike_nearby
from casework.models import Case, Publication, VisibilityReason
from casework.places.points import place_exactly
from casework.states import CaseState
from tests import build
from tests.second_centre import second_world

NOON = build.NOON
LATER = NOON + timedelta(hours=2)
HERE = (12.0120, 108.4280)
DEGREES = 1 / 111_195
"""Of latitude, to a metre."""
RUBBISH = "Có đống rác lớn ven suối, mùi rất nặng."
SAID = "rác đổ ven suối"


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return build.standard_world()


def reported(world: build.World, words: str = RUBBISH, *, metres: float | None = 0, state: str = "to_verify", now=NOON,  # type: ignore[no-untyped-def]
             village: str = "Thôn Păng Tiêng") -> Case:
    position = (None, None) if metres is None else (HERE[0] + metres * DEGREES, HERE[1])
    place = Place(area=world.area, village=village, latitude=position[0], longitude=position[1])
    return build.case_at(world, state, words=words, place=place, now=now)


def near(subject: Case | Place, *, words: str = "", now=LATER, limit: int = 5) -> list[Case]:  # type: ignore[no-untyped-def]
    return [each.case for each in alike_nearby(subject, now=now, words=words, limit=limit)]


def place(world: build.World, *, metres: float | None = 0, village: str = "") -> Place:
    position = (None, None) if metres is None else (HERE[0] + metres * DEGREES, HERE[1])
    return Place(area=world.area, village=village, latitude=position[0], longitude=position[1])


def test_two_who_report_the_same_within_minutes_are_found_before_anybody_has_read_either(world: build.World) -> None:
    first, unlike = reported(world), reported(world, "Đèn đường hỏng ba ngày nay, tối om.", metres=40)
    second = reported(world, "Ven suối có đống rác to, bốc mùi nặng.", metres=120)
    [best, other] = alike_nearby(second, now=LATER)
    assert (best.case, best.metres) == (first, 111), "as far as their rounded points are apart"
    assert other.case == unlike
    assert best.likeness > 60 > other.likeness


@pytest.mark.parametrize(("metres", "is_found"), [(NEAR_METRES - 5, True), (NEAR_METRES + 5, False)])
def test_near_is_within_half_a_kilometre(world: build.World, metres: float, is_found: bool) -> None:
    other = reported(world, metres=metres)
    assert (other in near(reported(world))) == is_found


def test_without_a_position_the_village_and_then_the_words_decide(world: build.World) -> None:
    with unit_of_work():
        build.village(world, "Thôn Đạ Nghịt", world.area)
    same = reported(world, metres=None)
    reported(world, metres=None, village="Thôn Đạ Nghịt")
    reported(world, "Đèn đường hỏng ba ngày nay, tối om.", metres=None)
    unnamed = reported(world, metres=None, village="")
    subject = reported(world, metres=None)
    found = alike_nearby(subject, now=LATER)
    assert {each.case.id for each in found} == {same.id, unnamed.id}
    assert {each.metres for each in found} == {None}


def test_with_a_position_those_without_one_are_found_by_commune(world: build.World) -> None:
    unlocated, far = reported(world, metres=None), reported(world, metres=5_000)
    assert near(reported(world)) == [unlocated]
    assert unlocated in near(far)


def test_what_is_older_than_sixty_days_has_ended_or_is_set_apart_is_left_out(world: build.World) -> None:
    old = reported(world, now=NOON - timedelta(days=61))
    ended, apart, still_there = reported(world), reported(world), reported(world, state="to_publish")
    with unit_of_work():
        lock_case(ended.id).state = CaseState.CLOSED
        lock_case(apart.id).quarantined_at = NOON
    subject = reported(world)
    assert near(subject) == [still_there]
    assert old.id not in {case.id for case in near(subject)}


def test_another_centre_is_never_asked(world: build.World) -> None:
    other = second_world(world)
    theirs = reported(other)
    subject = reported(world)
    assert near(subject) == []
    assert near(theirs) == []


def test_no_more_than_the_limit_come_the_most_alike_first(world: build.World) -> None:
    for number in range(6):
        reported(world, f"Đèn đường số {number} hỏng.", metres=number * 10)
    same = reported(world)
    found = alike_nearby(reported(world), now=LATER, limit=3)
    assert found[0].case == same
    assert [each.likeness for each in found] == sorted((each.likeness for each in found), reverse=True)
    assert len(found) == 3


class TestForThePublic:
    def test_half_of_a_title_has_to_be_said_again_and_no_distance_is_told(self, world: build.World) -> None:
        case = reported(world, state="to_classify")
        [found] = alike_nearby(place(world), now=LATER, words="rác đổ ở ven suối")
        assert (found.case, found.metres) == (case, None)
        assert found.likeness == 100

    def test_what_lies_close_by_and_tells_of_something_else_is_not_shown(self, world: build.World) -> None:
        case = reported(world, state="to_classify")
        with unit_of_work():
            lock_case(case.id).title = "Hát loa kéo quá 22 giờ gây ồn"
        for words in ("Con chó lạ chảy dãi, cắn người đi đường.", "Phân gà ủ sát nhà, mùi hôi cả ngày.", "Sau 22 giờ còn khoan đục.", ""):
            assert near(place(world), words=words) == []
        for words in ("Nhà bên hát loa kẹo kéo tới khuya, ồn quá", "hat loa keo keo on ao ca dem"):
            assert near(place(world), words=words) == [case]

    def test_words_of_the_south_and_of_the_north_are_the_same(self, world: build.World) -> None:
        case = reported(world, state="to_classify")
        with unit_of_work():
            lock_case(case.id).title = "Nắp hố ga vỡ, cống tắc"
        assert near(place(world), words="Cống nghẹt, nắp hố bể rồi") == [case]

    def test_how_far_it_is_is_told_of_what_everybody_can_read_the_exact_place_of(self, world: build.World) -> None:
        case = reported(world, state="rating")
        with unit_of_work():
            row = lock_case(case.id)
            db.session.scalars(select(Publication)).one().current.shows_exact_place = True
            place_exactly(row, now=NOON)
        [found] = alike_nearby(place(world, metres=120), now=LATER, words="rác đổ ven suối")
        assert found.metres == 120
        with unit_of_work():
            db.session.scalars(select(Publication)).one().current.shows_exact_place = False
        [found] = alike_nearby(place(world, metres=120), now=LATER, words="rác đổ ven suối")
        assert found.metres is None

    def test_original_words_do_not_count(self, world: build.World) -> None:
        reported(world, "Nhà bà Hai ở cuối xóm nuôi heo, xả nước thải.")
        reported(world, "Nhà bà Hai ở cuối xóm nuôi heo, xả nước thải.", state="to_classify")
        assert near(place(world), words="bà Hai nuôi heo xả nước thải") == []

    def test_sensitive_cases_are_never_hinted_at(self, world: build.World) -> None:
        case = reported(world, state="to_distribute")
        with unit_of_work():
            lock_case(case.id).visibility_reason_id = db.session.query(VisibilityReason.id).limit(1).scalar()
        assert near(place(world), words="rác đổ ven suối") == []
        assert near(reported(world)) == [case]

    @pytest.mark.exhaustive
    def test_asked_from_many_sides_the_hint_gives_no_place_away(self, world: build.World) -> None:
        """Two cases in the same coarse square answer alike wherever one asks from, so their places cannot be told apart."""
        south = (HERE[0] // COARSE) * COARSE
        answers: list[set[float]] = []
        for offset in (0.0003, 0.0044):                # 0.0045 is rounded into the next square
            case = build.case_at(world, "to_classify", place=Place(area=world.area, latitude=south + offset, longitude=HERE[1]))
            answers.append({metres for metres in range(-2_000, 2_000, 50) if case in near(Place(
                latitude=south + metres * DEGREES, longitude=HERE[1]), words=SAID, limit=50)})
        assert answers[0] == answers[1] != set()

    def test_who_is_near_is_told(self, world: build.World) -> None:
        for offset in range(5):
            case = reported(world, state="to_classify", metres=offset * 120)
            for away in (-490, 0, 490):
                assert case in near(place(world, metres=offset * 120 + away), words=SAID, limit=50)


def test_the_hint_costs_the_same_at_any_number_of_cases(world: build.World) -> None:
    subject = reported(world)
    seen: list[str] = []
    sqlalchemy_event.listen(db.engine, "before_cursor_execute", lambda *given: seen.append(given[2]))

    def asked() -> int:
        db.session.expire_all()
        seen.clear()
        alike_nearby(db.session.get_one(Case, subject.id), now=LATER)
        return len(seen)

    reported(world)
    few = asked()
    for number in range(8):
        reported(world, metres=number)
    assert asked() == few <= 8
    assert any("LIMIT" in each for each in seen)

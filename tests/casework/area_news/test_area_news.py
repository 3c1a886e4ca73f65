"""Following an area: who is told of what, when, once, and only of what is public at that moment."""
from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.area_news.matching import BETWEEN, next_morning, number_news
from casework.area_news.scopes import Scope, circle
from casework.area_news.subscribing import MOST_OF_ONE, AreaRefused, forget_followers, subscribe, unsubscribe
from casework.area_news.sweeping import NEWS_KEPT, sweep_area_news
from casework.area_news.telling import MOST_WAITING, tell_areas
from casework.area_news.words import TEMPLATE, what_is_new
from casework.db import db, unit_of_work
from casework.messages.rendering import NothingToSay, words_of
from casework.models import (
    Area,
    AreaNews,
    AreaSubscription,
    AreaSuccession,
    Case,
    Delivery,
    Event,
    Field,
    Publication,
    PublicationVersion,
)
from casework.permissions import SYSTEM
from casework.privacy.contact_codes import digest_of
from casework.privacy.identity import Contact
from casework.upkeep.erasure_log import forgotten_since
from tests import build, merged
from tests.build import World
from tests.casework.acting import local
from tests.casework.parting import family
from tests.second_centre import add_rule, second_world
from web.gateways.opening import page_addresses
from workflows.forgetting_again import forget_again

MAIL = Contact(email="theo-doi@nguoi-dan.example")
BOTH = frozenset({"email", "sms"})
NIGHT, MORNING = local(3, 3, 23), local(4, 3, 8)
"""A Tuesday night, and the Wednesday after it."""
HERE = (12.0, 108.4)


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


def follow(scope: Scope, contact: Contact = MAIL, rhythm: str = "at_once", now: datetime = build.NOON) -> AreaSubscription:
    with unit_of_work():
        return subscribe(scope, contact, rhythm=rhythm, language="vi", by=SYSTEM, now=now)


def commune(world: World) -> Scope:
    return Scope(area_id=world.area.id)


def tell(now: datetime, configured: frozenset[str] = BOTH) -> int:
    return tell_areas(now, configured=configured)


def planned() -> list[Delivery]:
    db.session.rollback()
    return list(db.session.scalars(select(Delivery).where(Delivery.template == TEMPLATE).order_by(Delivery.id)))


def said(app: Flask, delivery: Delivery) -> str:
    return words_of(delivery, None, None, language="vi", now=MORNING, pages=page_addresses(app)).body


def shown_at(case: Case, latitude: float, longitude: float) -> None:
    """Its publication shows the exact place."""
    with unit_of_work():
        row = db.session.get_one(Case, case.id)
        row.latitude, row.longitude, row.placed_at = latitude, longitude, build.NOON
        query = select(PublicationVersion).join(Publication).where(Publication.case_id == case.id)
        for version in db.session.scalars(query):
            version.shows_exact_place = True


def test_what_becomes_public_in_a_commune_is_told_with_code_title_place_and_link(world: World, app: Flask) -> None:
    follow(commune(world))
    case = build.case_at(world, "rating")
    assert tell(MORNING) == 1
    [delivery] = planned()
    assert (delivery.channel, delivery.message_id, delivery.case_id) == ("email", None, None)
    body = said(app, delivery)
    for part in (case.code, "Rác đổ ven suối", world.area.name_vi, f"/reports/{case.code}", "/a/"):
        assert part in body
    assert "Nguyễn Thị Thử" not in body
    assert tell(MORNING + timedelta(days=1)) == 0, "twice"


@pytest.mark.exhaustive
def test_nothing_of_before_is_told(world: World) -> None:
    build.case_at(world, "rating")
    with unit_of_work():
        number_news(build.NOON, 100)
    follow(commune(world))
    assert tell(MORNING) == 0


def test_at_once_tells_of_answers_alone_and_a_morning_of_every_public_step(world: World, app: Flask) -> None:
    follow(commune(world))
    daily = follow(commune(world), Contact(email="sang@nguoi-dan.example"), "daily")
    case = build.case_at(world, "handling")
    assert tell(MORNING) == 0
    assert tell(local(5, 3, 7)) == 1
    [delivery] = planned()
    assert delivery.recipient == f"area:{daily.ref}"
    assert case.code in said(app, delivery)


def test_a_telephone_is_told_by_sms_and_nobody_where_no_way_leads(world: World) -> None:
    follow(commune(world), Contact(phone=build.PHONE))
    follow(commune(world))
    build.case_at(world, "rating")
    assert tell(MORNING, frozenset({"sms"})) == 2
    assert [each.channel for each in planned()] == ["sms"]
    assert {row.due_at for row in db.session.scalars(select(AreaSubscription))} == {None}, "piles up"


def test_a_field_narrows_a_commune_and_stands_alone(world: World) -> None:
    case = build.case_at(world, "rating")
    own = case.field.service_code
    wanted = follow(Scope(area_id=world.area.id, field_code=own))
    other = follow(Scope(area_id=world.area.id, field_code="an_ninh"), Contact(email="b@nguoi-dan.example"))
    anywhere = follow(Scope(field_code=own), Contact(email="c@nguoi-dan.example"))
    with unit_of_work():
        db.session.add(AreaNews(case_id=case.id, step="corrected", at=MORNING))
    assert tell(MORNING) == 2
    assert {each.recipient for each in planned()} == {f"area:{wanted.ref}", f"area:{anywhere.ref}"}
    assert other.due_at is None


@pytest.mark.exhaustive
def test_a_circle_hears_of_what_is_shown_exactly_within_it_and_of_nothing_else(world: World, app: Flask) -> None:
    """A case of which the public knows the commune alone lies in no circle: else small circles would find it."""
    near, far = follow(circle(*HERE, 1_000)), follow(circle(HERE[0] + 0.02, HERE[1], 1_000), Contact(email="xa@nguoi-dan.example"))
    case, hidden = build.case_at(world, "rating"), build.case_at(world, "rating")
    with unit_of_work():
        row = db.session.get_one(Case, hidden.id)
        row.latitude, row.longitude = HERE
    shown_at(case, HERE[0] + 0.005, HERE[1])
    assert tell(MORNING) == 1
    [delivery] = planned()
    assert (delivery.recipient, far.due_at) == (f"area:{near.ref}", None)
    assert (case.code in said(app, delivery), hidden.code in said(app, delivery)) == (True, False)


@pytest.mark.parametrize("metres", [500, 1_000, 3_000])
def test_a_circle_ends_where_it_ends_wherever_its_square_ends(world: World, metres: int) -> None:
    case = build.case_at(world, "rating")
    degrees = metres / 111_195
    for number, (north, east) in enumerate(((0.039, 0.039), (0.0399, 0.001), (0.02, 0.02))):
        middle = (12.0 + north, 108.4 + east)
        with unit_of_work():
            for row in db.session.scalars(select(AreaSubscription)):
                db.session.delete(row)
        row = follow(circle(*middle, metres), Contact(email=f"{number}@nguoi-dan.example"))
        for share, is_in in ((0.9, True), (1.15, False)):
            with unit_of_work():
                db.session.get_one(AreaSubscription, row.id).due_at = None
                db.session.add(AreaNews(case_id=case.id, step="final", at=MORNING))
            shown_at(case, row.latitude + degrees * share, row.longitude)
            with unit_of_work():
                number_news(MORNING, 100)
            assert (db.session.get_one(AreaSubscription, row.id).due_at is not None) is is_in, (middle, share)


@pytest.mark.exhaustive(but=4)
@pytest.mark.parametrize("change", [
    {"quarantined_at": build.NOON}, {"is_public": False}, {"merged_into_id": 1}, {"visibility_reason_id": 1},
])  # fmt: skip
@pytest.mark.parametrize("is_planned", [False, True])
def test_what_is_not_public_any_more_is_not_told(world: World, app: Flask, change: dict[str, Any], is_planned: bool) -> None:
    follow(commune(world))
    case = build.case_at(world, "rating")
    if is_planned:
        tell(MORNING)
    with unit_of_work():
        for name, value in change.items():
            setattr(db.session.get_one(Case, case.id), name, value)
    tell(MORNING)
    for delivery in planned():
        with pytest.raises(NothingToSay):
            said(app, delivery)
    assert len(planned()) == is_planned


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("rhythm", ["at_once", "daily", "weekly"])
def test_an_answer_unpublished_before_its_message_leaves_is_named_in_none(world: World, app: Flask, rhythm: str) -> None:
    follow(commune(world), rhythm=rhythm)
    case = build.case_at(world, "rating")
    for day in range(8):
        tell(MORNING + timedelta(days=day))
    [delivery] = planned()
    assert case.code in said(app, delivery)
    [answer] = db.session.scalars(select(Publication).where(Publication.case_id == case.id))
    build.act(world, case, "unpublish", "operator", publication=answer, reason="Lộ tên người.")
    db.session.expire_all()
    with pytest.raises(NothingToSay):
        said(app, delivery)


def test_an_answer_taken_back_while_the_case_is_open_again_is_not_told(world: World, app: Flask) -> None:
    row = follow(commune(world), rhythm="daily")
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Xin xử lý lại.")
    with unit_of_work():
        db.session.scalars(select(Publication).where(Publication.case_id == case.id)).one().unpublished_at = build.NOON
        db.session.get_one(Case, case.id).is_public = False
        number_news(MORNING, 100)
    final = max(db.session.scalars(select(AreaNews.number).where(AreaNews.step == "final")))
    assert what_is_new(row, after=final - 1, up_to=final).items == []
    assert [item.code for item in what_is_new(row, after=0, up_to=99).items] == [case.code], "that it is being handled is public"


def test_a_merged_case_is_told_as_its_main_alone(world: World, app: Flask) -> None:
    follow(commune(world), rhythm="daily")
    case, main = build.case_at(world, "handling"), build.case_at(world, "handling")
    merged.merge(world, case, main)
    assert tell(MORNING) == 0
    tell(local(5, 3, 7))
    [delivery] = planned()
    assert (main.code in said(app, delivery), f"{case.code}:" in said(app, delivery)) == (True, False)


def test_a_hundred_publications_of_a_quiet_night_are_one_message_in_the_morning(world: World, app: Flask) -> None:
    follow(commune(world))
    case = build.case_at(world, "rating")
    with unit_of_work():
        db.session.add_all([AreaNews(case_id=case.id, step="corrected", at=NIGHT) for _ in range(100)])
    assert tell(NIGHT) == 0
    assert tell(local(4, 3, 6, 59)) == 0
    assert tell(local(4, 3, 7)) == 1
    assert said(app, planned()[0]).count(f"{case.code}:") == 1


def test_at_once_is_at_most_once_an_hour(world: World) -> None:
    follow(commune(world))
    build.case_at(world, "rating")
    assert tell(MORNING) == 1
    build.case_at(world, "rating")
    assert tell(MORNING + timedelta(minutes=5)) == 0
    assert tell(MORNING + timedelta(minutes=5) + BETWEEN) == 1


@pytest.mark.parametrize(("now", "daily", "weekly"), [
    (local(4, 3, 6), local(4, 3, 7), local(9, 3, 7)), (local(4, 3, 7), local(5, 3, 7), local(9, 3, 7)),
    (local(9, 3, 6), local(9, 3, 7), local(9, 3, 7)), (local(9, 3, 8), local(10, 3, 7), local(16, 3, 7)),
])  # fmt: skip
def test_mornings_and_mondays(world: World, now: datetime, daily: datetime, weekly: datetime) -> None:
    assert (next_morning(now, weekly=False), next_morning(now, weekly=True)) == (daily, weekly)


def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    for number in range(3):
        follow(commune(world), Contact(email=f"{number}@nguoi-dan.example"))
    build.case_at(world, "rating")
    from casework.area_news import telling

    put, calls = telling._put, []

    def killed(*given: Any) -> None:
        put(*given)
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(telling, "_put", killed)
    with pytest.raises(KeyboardInterrupt):
        tell(MORNING)
    assert planned() == []
    monkeypatch.setattr(telling, "_put", put)
    assert (tell(MORNING), tell(MORNING)) == (3, 0)
    assert len({each.recipient for each in planned()}) == 3


def test_others_do_not_wait_behind_thousands(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    from casework.area_news import telling

    monkeypatch.setattr(telling, "MOST_WAITING", 2)
    for number in range(5):
        follow(commune(world), Contact(email=f"{number}@nguoi-dan.example"))
    build.case_at(world, "rating")
    assert (tell(MORNING), tell(MORNING)) == (2, 0)
    with unit_of_work():
        for delivery in db.session.scalars(select(Delivery).where(Delivery.template == TEMPLATE)):
            delivery.sent_at = MORNING
    assert tell(MORNING) == 2
    assert MOST_WAITING > 2


def test_a_reorganisation_does_not_end_what_is_followed(world: World) -> None:
    follow(commune(world))
    with unit_of_work():
        new = build.commune(world, "Xã Lang Biang", south=11.0, north=11.1, west=108.0, east=108.1)
        db.session.flush()
        new_id = new.id
    add_rule(AreaSuccession(predecessor_id=world.area.id, successor_id=new_id, on=build.NOON.date(), source="NQ 1"))
    case = build.case_at(world, "rating")
    with unit_of_work():
        db.session.get_one(Case, case.id).area_id = new_id
    assert tell(MORNING) == 1


def test_each_centre_tells_of_its_own_communes(world: World) -> None:
    other = second_world(world)
    here = follow(commune(world))
    follow(Scope(area_id=other.areas["xa lat"].id), Contact(email="dn@nguoi-dan.example"))
    build.case_at(world, "rating")
    tell(MORNING)
    assert [each.recipient for each in planned()] == [f"area:{here.ref}"]


def test_ending_deletes_the_contact_and_what_waits_is_not_sent(world: World, app: Flask) -> None:
    row = follow(commune(world))
    build.case_at(world, "rating")
    tell(MORNING)
    with unit_of_work():
        assert unsubscribe(row.ref, by=SYSTEM, now=MORNING) is True
        assert unsubscribe(row.ref, by=SYSTEM, now=MORNING) is False
    assert db.session.scalars(select(AreaSubscription)).all() == []
    with pytest.raises(NothingToSay):
        said(app, planned()[0])


def test_another_rhythm_holds_for_what_is_due_already(world: World) -> None:
    follow(commune(world), rhythm="weekly")
    build.case_at(world, "rating")
    assert tell(MORNING) == 0
    follow(commune(world), rhythm="daily", now=MORNING)
    assert (tell(local(5, 3, 6)), tell(local(5, 3, 7))) == (0, 1)


def test_a_restored_backup_does_not_bring_back_who_has_ended_it(world: World) -> None:
    ref = follow(commune(world)).ref
    with unit_of_work():
        unsubscribe(ref, by=SYSTEM, now=MORNING)
    lines = list(forgotten_since())
    assert [(line.kind, line.subject) for line in lines] == [("area", ref)]
    again = follow(commune(world))
    with unit_of_work():
        db.session.get_one(AreaSubscription, again.id).ref = ref
    assert forget_again(lines, now=MORNING).done == {"area": 1}
    assert db.session.scalars(select(AreaSubscription)).all() == []


def test_one_contact_follows_a_few_areas_and_the_same_one_once(world: World) -> None:
    first = follow(commune(world), rhythm="weekly")
    assert follow(commune(world), rhythm="daily").id == first.id
    for radius in (500, 1_000, 3_000):
        follow(circle(*HERE, radius))
    follow(Scope(field_code="moi_truong"))
    with pytest.raises(AreaRefused, match=str(MOST_OF_ONE)):
        follow(Scope(field_code="giao_thong"))
    with unit_of_work():
        assert forget_followers(digest_of(MAIL), None) == MOST_OF_ONE


@pytest.mark.parametrize("scope", [
    Scope(), Scope(radius_m=1_000), Scope(latitude=12.0, longitude=108.0, radius_m=50_000), Scope(area_id=1, latitude=12.0,
    longitude=108.0, radius_m=1_000),
])  # fmt: skip
def test_what_is_no_area_is_refused(scope: Scope) -> None:
    with pytest.raises(ValueError, match=r"one|commune"):
        _ = scope.kind


def test_the_middle_of_a_circle_is_kept_as_roughly_as_a_case(world: World) -> None:
    row = follow(circle(12.0123456, 108.4567891, 500))
    assert (row.latitude, row.longitude) == (12.012, 108.457)


def test_old_news_and_those_who_followed_too_long_are_forgotten(world: World) -> None:
    follow(commune(world))
    case = build.case_at(world, "rating")
    with unit_of_work():
        number_news(MORNING, 100)
    kept = max(db.session.scalars(select(AreaNews.number)))
    sweep_area_news(MORNING + NEWS_KEPT + timedelta(days=3))
    assert list(db.session.scalars(select(AreaNews.number))) == [kept]
    assert len(db.session.scalars(select(AreaSubscription)).all()) == 1
    sweep_area_news(build.NOON + timedelta(days=24 * 31))
    assert db.session.scalars(select(AreaSubscription)).all() == []
    assert db.session.scalar(select(Event.id).where(Event.case_id == case.id).limit(1)) is not None


def test_a_part_is_no_news_of_its_own(world: World) -> None:
    """The public reads it with its case: nobody is told of nothing, and who is told at once does not wait an hour for the case."""
    at_once = follow(commune(world))
    follow(commune(world), Contact(email="sang@nguoi-dan.example"), "daily")
    case, part = family.divided(world)
    family.answer(world, part)
    assert set(db.session.scalars(select(AreaNews.case_id))) == {case.id}
    assert tell(MORNING) == 0, "the case itself has no answer yet"
    assert db.session.get_one(AreaSubscription, at_once.id).due_at is None


@pytest.mark.parametrize("column", ["area_id", "field_id"])
def test_a_case_that_went_to_another_commune_or_field_meanwhile_is_no_news_of_the_one_before(world: World, column: str) -> None:
    case = build.case_at(world, "rating")
    row = follow(Scope(area_id=world.area.id, field_code=case.field.service_code), rhythm="weekly")
    with unit_of_work():
        number_news(build.NOON, 100)
    assert [item.code for item in what_is_new(row, after=0, up_to=99).items] == [case.code]
    elsewhere = {"area_id": select(Area.id).where(Area.level == "commune", Area.id != world.area.id),
                 "field_id": select(Field.id).where(Field.service_code != case.field.service_code)}  # fmt: skip
    with unit_of_work():
        setattr(db.session.get_one(Case, case.id), column, db.session.scalars(elsewhere[column].limit(1)).one())
    assert what_is_new(row, after=0, up_to=99).items == []

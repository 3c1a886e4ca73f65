"""Two centres in one installation, tried through the pages: reports go where their place is, and nobody reads across."""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from functools import cached_property

import pytest
from flask import Flask
from sqlalchemy import select

from casework.answers.templates import keep_template
from casework.db import db, unit_of_work
from casework.inbox.saved_filters import keep_filter, sharing_places
from casework.intake.file_report import Filed, Place
from casework.models import Account, Agency, ClockRule, Draft, Event, Membership, Photo, Report, ServiceAccount
from casework.notes.notes import write_note
from casework.permissions import Action, Role
from tests import build, service_accounts
from tests.conftest import running
from tests.second_centre import HOME, add_rule, of_the_installation, second_world
from tests.system.person import Page, Person
from tests.system.routes import SHUT_TO, Address, addresses, beside
from tests.whole import WHOLE, is_at_turn
from tests.with_photos import pictured_case
from web.config import Config
from workflows.models import WaitingTask

MARK = {"LD": "dấuriêngcủalạcdương", "DN": "dấuriêngcủađơndương"}
"""A word in the note of each centre's case and in its title, found nowhere else."""

STAFF = ("operator", "operator_2", "ops_lead", "committee_leader", "administrator", "confidential_reader", "inspector",
         "officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT", "leader_HKL")  # fmt: skip
ALIKE = ("operator_2", "officer_UBND-LAT", "leader_HKL")
"""Whose role another has: to the other centre all agencies are strange alike."""
TRYING = tuple(each for each in STAFF if WHOLE or each not in ALIKE)
"""Who tries to get across: in a test run one of each role."""


@dataclass
class House:
    """The installation with a case at work in each centre, and a browser for whoever is asked for."""

    app: Flask
    worlds: dict[str, build.World]
    filed: dict[str, Filed]
    people: dict[str, Person]
    looked: int = 0

    @cached_property
    def addresses(self) -> list[Address]:
        """Every address there is when they are first asked for: what comes later is not of the two cases."""
        return list(addresses(self.app))

    def person(self, login: str) -> Person:
        if login not in self.people:
            person = self.people[login] = Person(self.app, login)
            if login:
                assert person.sign_in(login, build.PASSWORD).status == 200
        return self.people[login]

    def identifiers(self, prefix: str) -> set[str]:
        """Everything by which the case of a centre, its steps, photos, people and agencies are addressed."""
        filed, centre_id = self.filed[prefix], self.filed[prefix].case.centre_id
        agencies = set(db.session.scalars(select(Agency.ref).where(Agency.centre_id == centre_id)))
        people = set(db.session.scalars(select(Account.ref).join(Account.memberships).where(Membership.centre_id == centre_id)))
        tasks = db.session.scalars(select(WaitingTask.ref).where(WaitingTask.case_id == filed.case.id))
        photos = db.session.scalars(select(Photo.ref).where(Photo.report_id == filed.report.id))
        programs = db.session.scalars(select(Account.ref).join(ServiceAccount, ServiceAccount.account_id == Account.id)
                                      .where(ServiceAccount.centre_id == centre_id))
        return {filed.case.ref, *tasks, *photos, *agencies, *people, *programs}


def other_than(prefix: str) -> str:
    return "DN" if prefix == "LD" else "LD"


def login_of(prefix: str, name: str) -> str:
    return name.lower() if prefix == "LD" else f"{name}_DN".lower()


@pytest.fixture(scope="module")
def house(one_for_all: Config) -> Iterator[House]:
    with running(one_for_all) as app:
        app.config["CLOCK"] = lambda: build.NOON.replace(hour=9)
        world = build.standard_world()
        worlds = {"LD": world, "DN": second_world(world)}
        add_rule(ClockRule(centre_id=worlds["DN"].centre.id, kind="acceptance", urgency=None, amount=1, unit="working_hours",
                           valid_from=build.LONG_AGO))
        of_the_installation(world, "overseer", Role.OPS_LEAD)
        filed = {prefix: pictured_case(each, one_for_all.files, "handling") for prefix, each in worlds.items()}
        for prefix, each in worlds.items():
            now = build.next_moment(filed[prefix].case)
            with unit_of_work():
                write_note(filed[prefix].case, by=each.actor("operator"), now=now, audience="agencies", words=MARK[prefix])
                filed[prefix].case.title = f"Việc {MARK[prefix]}"
            service_accounts.made(each, Action.READ_CASE, Action.PROGRESS_NOTE, name=f"Hệ thống {MARK[prefix]}")
        yield House(app, worlds, filed, {})


def sent(house: House, **fields: str) -> Page:
    """A guest's report through the form of the page."""
    person = Person(house.app, "guest")
    typed = {"words": "Ổ gà sâu giữa đường.", "contact": "0912 345 678", "consent": "y", "alike_seen": "y", **fields}
    return person.submit(person.get("/reports/new"), press=("act", "send"), **typed)


def code_of(page: Page) -> str:
    return page.path.split("/")[2]


# -- where a report goes -----------------------------------------------------------------------------------------------


def test_a_report_goes_to_the_centre_of_the_commune_that_was_chosen(house: House) -> None:
    for prefix, world in house.worlds.items():
        assert code_of(sent(house, area=world.area.ref)).startswith(f"{prefix}-2026-")


def test_a_position_alone_leads_to_the_centre_around_it(house: House) -> None:
    page = sent(house, latitude=str(HOME[0]), longitude=str(HOME[1]))
    report = db.session.scalars(select(Report).where(Report.code == code_of(page))).one()
    assert (report.code[:2], report.centre_id) == ("DN", house.worlds["DN"].centre.id)


def test_what_no_centre_holds_goes_to_the_default_one(house: House) -> None:
    assert code_of(sent(house, place="Gần cầu treo, không rõ xã nào")).startswith("LD-")
    asked = sent(house, latitude="21.03", longitude="105.85")
    assert asked.status == 422, "it may be where the sender is, and not where the matter is"
    assert code_of(Person(house.app, "guest").submit(asked, press=("act", "send"), outside="y")).startswith("LD-")


def test_the_receipt_promises_by_the_rule_of_the_centre_it_went_to(house: House) -> None:
    """16:00 local: four working hours lead to the next morning, one to the end of the day."""
    there, here = (sent(house, area=house.worlds[prefix].area.ref) for prefix in ("DN", "LD"))
    assert "17:00 02/03/2026" in there.shown
    assert "10:30 03/03/2026" in here.shown


def test_the_new_report_waits_at_its_own_centres_desk_alone(house: House) -> None:
    code = code_of(sent(house, area=house.worlds["DN"].area.ref))
    assert code in house.person("operator_dn").get("/inbox").text
    assert code not in house.person("operator").get("/inbox").text


def is_tried(address: Address, number: int) -> bool:
    """Of the acts on a case and of the copies of a photo each of the staff tries some in a test run: one sight shuts them all."""
    parts = address.parts
    kinds = {"case_acts.act": ("verb",), "photos.photo": ("audience", "rendition")}.get(address.endpoint, ())
    return not kinds or is_at_turn(" ".join(parts[each] for each in kinds), number, SHUT_TO)


# -- who reads what ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["LD", "DN"])
@pytest.mark.parametrize("name", TRYING)
def test_nobody_of_one_centre_is_given_anything_of_the_other(house: House, prefix: str, name: str) -> None:
    person, theirs = house.person(login_of(prefix, name)), other_than(prefix)
    closed = house.identifiers(theirs)
    given = {}
    for address in house.addresses:
        if closed & set(address.parts.values()) and is_tried(address, STAFF.index(name)):
            given[address.path] = person.get(address.path, follows=False).status
    assert len(given) > 20
    assert {path: status for path, status in given.items() if status not in (302, 303, 403, 404)} == {}
    code, tried = house.filed[theirs].case.code, beside(STAFF.index(name), is_stranger=False)
    read = "\n".join(person.get(path).text for path in ("/inbox", *tried, f"/inbox?q={code.lower()}", "/inbox?q=1"))
    assert MARK[theirs] not in "\n".join(page.text for page in person.everything)
    assert f"/cases/{house.filed[theirs].case.ref}" not in read


@pytest.mark.parametrize("prefix", ["LD", "DN"])
def test_each_centre_finds_its_own_by_code_and_opens_it(house: House, prefix: str) -> None:
    person, case = house.person(login_of(prefix, "operator")), house.filed[prefix].case
    assert f"/cases/{case.ref}" in person.get(f"/inbox?q={case.code}").text
    page = person.get(f"/cases/{case.ref}")
    assert MARK[prefix] in page.text


def test_a_photo_is_its_own_centres(house: House) -> None:
    for prefix in ("LD", "DN"):
        [photo] = db.session.scalars(select(Photo.ref).where(Photo.report_id == house.filed[prefix].report.id))
        path = f"/photos/{photo}/centre/view"
        assert house.person(login_of(prefix, "operator")).get(path).status == 200
        assert house.person(login_of(other_than(prefix), "operator")).get(path).status == 404


def test_a_step_of_the_other_centre_cannot_be_claimed_by_its_address(house: House) -> None:
    """The form is taken from an own page; only the address is another one."""
    case = build.case_at(house.worlds["LD"], "to_verify", place=Place(area=house.worlds["LD"].area))
    task = build.waiting(case, "verify").ref
    assert house.person("operator_dn").get(f"/tasks/{task}").status == 404
    assert house.person("operator").get(f"/tasks/{task}").status == 200


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize("prefix", ["LD", "DN"])
def test_nothing_is_done_to_found_in_or_shared_with_the_other_centre(house: House, prefix: str) -> None:
    theirs = other_than(prefix)
    world, case = house.worlds[theirs], house.filed[theirs].case
    tasks = list(db.session.scalars(select(WaitingTask.ref).where(WaitingTask.case_id == case.id, WaitingTask.state == "waiting")))
    with unit_of_work():
        by = world.actor("operator")
        place, chosen = sharing_places(by)[0], {"waits": "officer"}
        kept = keep_filter(by=by, now=build.NOON, name=f"Lọc của {theirs}", chosen=chosen, shared_with=place).ref
        agency = db.session.merge(world.agencies["PTNMT"])
        officer = world.actor("officer_PTNMT")
        words = keep_template(agency, by=officer, now=build.NOON, name=f"Mẫu của {theirs}", parts=dict(build.ANSWER)).ref
    before = db.session.query(Event).count(), db.session.query(Draft).count()
    ticked = {"task": tasks, "sent": "yes", "words": "Nhắc.", "audience": "centre", "to": "nobody"}
    for name in TRYING:
        person = house.person(login_of(prefix, name))
        for path in (*(f"/tasks/{ref}{way}" for ref in tasks for way in ("", "/claim", "/release", "/assign", "/draft")),
                     f"/cases/{case.ref}/notes", f"/cases/{case.ref}/acts/remind", f"/inbox/filters/{kept}/remove",
                     f"/inbox/filters/{kept}/rename", f"/answer-templates/{words}"):  # fmt: skip
            form = {"act": "retire", "name": "Đổi", "words": "Ghi.", "audience": "agencies", "to": "nobody", "draft_do": "keep"}
            assert person.post(path, form, follows=False).status in (403, 404), (name, path)
        for verb in ("claim", "release", "assign", "note", "remind", "classify"):
            assert case.code not in person.post(f"/inbox/bulk/{verb}", ticked).text.split("<main")[-1], (name, verb)
        places = ("/inbox", "/inbox/board", "/desk-wall", "/inbox/filters", "/answer-templates", f"/search?q={MARK[theirs]}",
                  f"/search?q={case.code}", f"/palette?q={MARK[theirs]}", f"/palette?q={case.code}&case={case.ref}", "/palette?q=%40",
                  "/bell", "/inbox/pulse")
        found = [person.get(path).text for path in places]
        assert person.post("/presence", {"case": case.ref}, follows=False).status in (403, 404), name
        found.append(person.post("/search/phone", {"phone": build.PHONE, "reason": "Người gọi hỏi về phản ánh."}).text)
        assert not [page for page in found if case.ref in page or f"của {theirs}" in page], name
    db.session.rollback()
    looked = db.session.query(Event).filter(Event.type == "look_up_phone").count()
    assert (db.session.query(Event).count() - looked, db.session.query(Draft).count()) == (before[0] - house.looked, before[1])
    house.looked = looked


def test_a_role_of_the_installation_sees_both(house: House) -> None:
    overseer = house.person("overseer")
    for filed in house.filed.values():
        assert overseer.get(f"/cases/{filed.case.ref}").status == 200
        assert f"/cases/{filed.case.ref}" in overseer.get(f"/inbox?q={filed.case.code}").text
        assert f"/cases/{filed.case.ref}" in overseer.get("/open-map").text


def test_the_public_list_shows_every_centre(house: House) -> None:
    page = Person(house.app, "guest").get("/reports?view=map")
    assert all(filed.case.code in page.text for filed in house.filed.values())


# -- passing on --------------------------------------------------------------------------------------------------------


def test_a_report_passed_on_changes_desks_and_its_sender_follows_it_by_the_same_code(house: House) -> None:
    world, other = house.worlds["LD"], house.worlds["DN"]
    filed = build.file_report(world, by="guest", now=build.NOON + timedelta(minutes=7))
    case, secret = filed.case, filed.secret
    build.act(world, case, "pass_on", "operator", centre=other.centre, reason="Thuộc địa bàn Đơn Dương.")
    assert case.code not in house.person("operator").get("/inbox").text
    assert house.person("operator").get(f"/cases/{case.ref}").status == 404
    assert case.code in house.person("operator_dn").get("/inbox").text
    sender = Person(house.app, "guest")
    tracked = sender.submit(sender.get("/track"), code=case.code, secret=secret)
    assert tracked.status == 200
    assert case.code in tracked.shown
    build.advance(other, case, "handling")
    assert {row.agency.centre_id for row in case.assignments} == {other.centre.id}

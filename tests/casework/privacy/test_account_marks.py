"""What lets somebody in and what they may do stands in events too: what was changed in the database alone is found."""
from __future__ import annotations

from datetime import timedelta

import pytest
from flask import Flask
from sqlalchemy import delete, insert, select, update

from casework.db import db, unit_of_work
from casework.models import Account, Case, Deputy, Event, Membership
from casework.permissions import SYSTEM, Role
from casework.privacy.account_marks import begin_marks, check_account_marks, mark_accounts
from casework.rights.erasing_people import erase_account
from casework.settings.deputyships import appoint_deputy, end_deputyship
from casework.settings.people import change_own_password, disable_account, give_start_password
from casework.settings.roles import RoleWish, end_roles, give_role
from casework.settings.seats import Seat, seat_of
from casework.verification.cases import check_cases
from casework.verification.chains import check_chains
from tests import build, reorganised, tampering
from workflows.reorganising.undo import undo

LATER = build.NOON + timedelta(hours=2)
HASH, OTHER_HASH = (f"$argon2id$v=19$m=65536,t=3,p=4$c2FsdHNhbHQ${each * 40}" for each in "ab")


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


@pytest.fixture
def marked(world: build.World) -> build.World:
    """An installation to which the first `langbiang migrate` has come."""
    with unit_of_work():
        begin_marks(now=build.NOON)
    return world


def found() -> set[tuple[str, str]]:
    db.session.rollback()
    findings = [*check_account_marks(), *check_chains(), *check_cases(now=LATER)]
    db.session.rollback()
    return {(each.check, each.subject) for each in findings}


def account(world: build.World, name: str) -> Account:
    return db.session.get_one(Account, world.people[name].id)


def test_accounts_of_before_there_were_marks_are_nobodys_fault(world: build.World) -> None:
    assert found() == set()
    with unit_of_work():
        give_start_password(account(world, "operator"), by=world.actor("administrator"), now=LATER, password_hash=HASH, reason="Quên.")
    tampering.run(update(Account).where(Account.login == "inspector").values(password_hash=OTHER_HASH))
    assert found() == set()


@pytest.mark.on_both
def test_whatever_is_changed_in_the_database_alone_is_found_and_named(marked: build.World) -> None:
    officer, lead = account(marked, "officer_PTNMT").id, account(marked, "ops_lead").id
    assert found() == set()
    changes = {
        "account.sign_in": [update(Account).where(Account.id == officer).values(password_hash=OTHER_HASH)],
        "account.roles": [
            insert(Membership).values(account_id=officer, role="administrator", valid_from=build.LONG_AGO, is_focal=False),
            update(Membership).where(Membership.account_id == officer).values(role="administrator"),
            delete(Membership).where(Membership.account_id == officer),
        ],
        "account.deputies": [
            insert(Deputy).values(principal_id=officer, deputy_id=lead, starts_at=build.NOON, ends_at=LATER, created_by_id=lead)
        ],
    }
    login = str(account(marked, "officer_PTNMT").login)
    seen = set()
    for check, statements in changes.items():
        for statement in statements:
            tampering.run(statement)
            seen.add((check, login))
            assert found() == seen


@pytest.mark.on_both
def test_an_account_added_in_the_database_alone_is_found(marked: build.World) -> None:
    tampering.run(insert(Account).values(ref="f" * 16, kind="staff", login="hacker", password_hash=HASH, created_at=build.NOON))
    assert found() == {("account.unmarked", "hacker")}


def test_whatever_the_program_does_is_none_of_it(marked: build.World) -> None:
    by, officer = marked.actor("administrator"), account(marked, "officer_PTNMT")
    with unit_of_work():
        give_start_password(officer, by=by, now=LATER, password_hash=HASH, reason="Quên mật khẩu.")
    assert found() == set()
    with unit_of_work():
        officer = account(marked, "officer_PTNMT")
        change_own_password(officer, by=marked.actor("officer_PTNMT"), now=LATER, password_hash=OTHER_HASH, session_id=0)
    assert found() == set()
    with unit_of_work():
        seat = Seat(Role.INSPECTOR, marked.centre, None)
        row = give_role(account(marked, "committee_leader"), RoleWish(seat), by=by, now=LATER, reason="Kiêm nhiệm.")
        number = row.id
    assert found() == set()
    with unit_of_work():
        row = db.session.get_one(Membership, number)
        end_roles(row.account, [row], by=by, now=LATER, on=LATER.date(), takes_over={seat_of(row).key: account(marked, "operator")},
                  reason="Thôi.")  # fmt: skip
    assert found() == set()
    with unit_of_work():
        stands_in = appoint_deputy(
            principal=account(marked, "operator_2"), deputy=account(marked, "operator"), starts_at=LATER, by=by, now=LATER,
            ends_at=LATER + timedelta(days=1), reason="Nghỉ phép.",
        )  # fmt: skip
        number = stands_in.id
    assert found() == set()
    with unit_of_work():
        end_deputyship(db.session.get_one(Deputy, number), by=by, now=LATER + timedelta(hours=1), reason="Về sớm.")
    with unit_of_work():
        disable_account(account(marked, "operator_2"), by=by, now=LATER, reason="Nghỉ việc.")
    assert found() == set()
    tampering.run(update(Account).where(Account.login == "operator_2").values(disabled_at=None))
    assert found() == {("account.sign_in", "operator_2")}


def test_a_citizens_password_is_held_and_forgotten_with_the_citizen(world: build.World) -> None:
    citizen = world.people["citizen"].id
    with unit_of_work():
        by = world.actor("citizen")
        change_own_password(db.session.get_one(Account, citizen), by=by, now=LATER, password_hash=HASH, session_id=0)
    ref = db.session.get_one(Account, citizen).ref
    assert found() == set()
    tampering.run(update(Account).where(Account.id == citizen).values(password_hash=OTHER_HASH))
    assert found() == {("account.sign_in", ref)}
    with unit_of_work():
        erase_account(db.session.get_one(Account, citizen), at=LATER)
    assert found() == set()
    stream = select(Event.payload).where(Event.stream == f"account_marks:{ref}")
    assert set(db.session.scalars(stream)) == {None}


def test_a_mark_is_written_only_where_something_has_changed(marked: build.World) -> None:
    with unit_of_work():
        ids = [person.id for person in marked.people.values() if person.kind == "staff"]
        mark_accounts(ids, by=SYSTEM, at=LATER)
        begin_marks(now=LATER)
    streams = list(db.session.scalars(select(Event.stream).where(Event.stream.startswith("account_marks"))))
    assert len(streams) == len(set(streams)) == len(ids) + 1


def test_a_title_changed_in_the_database_alone_is_found(world: build.World) -> None:
    case = build.case_at(world, "handling")
    assert found() == set()
    tampering.run(update(Case).where(Case.id == case.id).values(title="Tiêu đề khác hẳn"))
    assert found() == {("case.title", case.code)}
    tampering.run(update(Case).where(Case.id == case.id).values(title=None))
    assert found() == {("case.title", case.code)}


def test_a_reorganisation_and_its_undo_are_none_of_it(app: Flask) -> None:
    world = build.standard_world()
    plan = reorganised.planned(world)
    with unit_of_work():
        begin_marks(now=build.NOON)
    reorganised.carried_out(world, plan)
    assert len(list(db.session.scalars(select(Event.id).where(Event.type == "mark_account", Event.at > build.NOON)))) > 0
    assert found() == set()
    with unit_of_work():
        undo(plan.ref, by=world.actor("administrator", reorganised.MORNING), now=reorganised.MORNING, reason="Nhầm.")
    assert found() == set()

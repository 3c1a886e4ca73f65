"""Four eyes: all pairs of an act and the one that judges it, with deputies appointed before, between and after (rules.md, section 1).

The pairs come from the table beside the actions: a row more is tried by itself, and fails here until it says how it is played.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from casework.assignments.extensions import extension_desk
from casework.casefile.step_records import DO_STEP
from casework.db import db, unit_of_work
from casework.local_time import local_day
from casework.models import Case, DataRequest, Deputy, Membership
from casework.permissions import Action, NotAllowed, Role, desk_name
from casework.rights.deciding import carry_out
from casework.rights.requests import Person, request_data
from casework.second_person import SECOND_PERSON, SecondPersonNeeded
from casework.settings.deputyships import DeputyRefused, confirm_deputy
from casework.triage.refusals import DecideObjectionInput, decide_objection
from tests import build
from tests.whole import WHOLE
from tests.workflows.drafting.test_drafts import CHANGED, NOTE
from workflows.bindings import BINDINGS
from workflows.drafting.approvals import approve_version
from workflows.drafting.drafts import hand_in, start_draft
from workflows.models import ProcessVersion
from workflows.running import steps
from workflows.running.steps import StepRefused

NOON, DAY, HOUR, MINUTE = build.NOON, timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
REFUSALS = (SecondPersonNeeded, StepRefused, NotAllowed, DeputyRefused)

FIRST_WORDS = ("approve", "confirm", "decide", "dismiss", "endorse", "finish", "grant", "judge", "redo", "release", "review", "second")
"""How the name of an act begins that answers what another did."""

ALONE = {
    Action.CONFIRM_CONTACT: "a sender proves their own telephone or address",
    Action.FINISH_DIRECTIVE: "says that what a leader ordered has been done: of the leader's own word, which judges nobody's wish",
}
"""Acts with such a name that judge nobody, and why."""


@dataclass
class Play:
    """One matter: the first act and the one that judges it, by name; `second` is tried by anybody at a moment."""

    world: build.World
    doer: str
    judge: str
    first: Callable[[], None]
    second: Callable[[str, datetime], Any]


def extension(world: build.World) -> tuple[Case, Callable[[], Any], Callable[..., Any]]:
    case = build.case_at(world, "handling")
    [part] = case.assignments

    def ask() -> None:
        build.act(world, case, "request_extension", "officer_PTNMT", assignment=part, reason="Chờ vật tư.", until=date(2026, 3, 12))

    def endorse(by: str = "leader_PTNMT", now: datetime | None = None) -> None:
        build.do(world, case, "endorse_extension", by, now=now, endorsed=True)

    return case, ask, endorse


def plays_extension_to_endorse(world: build.World) -> Play:
    _case, ask, endorse = extension(world)
    return Play(world, "officer_PTNMT", "leader_PTNMT", ask, endorse)


def plays_extension_to_decide(world: build.World, doer: str) -> Play:
    case, ask, endorse = extension(world)

    def first() -> None:
        ask()
        if doer == "officer_PTNMT":
            # whoever endorses has no part in the tie that is tried
            with unit_of_work():
                build.staff(world, "leader_2", Role.AGENCY_LEADER, agency=world.agencies["PTNMT"])
            endorse("leader_2")
        else:
            endorse()

    def decide(by: str, now: datetime) -> None:
        build.do(world, case, "decide_extension", by, now=now, granted=True)

    return Play(world, doer, "ops_lead", first, decide)


def plays_answer(world: build.World, act: str) -> Play:
    case = build.case_at(world, "handling")
    form = {} if act == "approve_answer" else {"instructions": "Chụp lại ảnh."}

    def second(by: str, now: datetime) -> None:
        build.do(world, case, "approve_answer", by, act=act, now=now, **form)

    return Play(world, "officer_PTNMT", "leader_PTNMT", lambda: build.submit(world, case), second)


def plays_hand_back(world: build.World) -> Play:
    case = build.case_at(world, "at_agency")

    def first() -> None:
        build.do(world, case, "accept_assignment", "officer_PTNMT", act="hand_back", reason="Không thuộc thẩm quyền.")

    def second(by: str, now: datetime) -> None:
        build.do(world, case, "decide_hand_back", by, now=now, upheld=True, words="")

    return Play(world, "officer_PTNMT", "operator", first, second)


def sent_by(world: build.World, case: Case, name: str) -> None:
    """Let a member of staff be the sender, as a citizen of the town may be."""
    with unit_of_work():
        reporter = db.session.get_one(Case, case.id).main_report.reporter
        assert reporter is not None
        reporter.account_id = world.people[name].id


def plays_objection(world: build.World, doer: str) -> Play:
    case = build.case_at(world, "to_verify")
    sender = "records_clerk" if doer == "operator" else doer
    sent_by(world, case, sender)

    def first() -> None:
        refuser = "operator" if doer == "operator" else "operator_2"
        build.do(world, case, "verify", refuser, act="refuse", reason=world.refusal_reason(), words="Chưa rõ nơi xảy ra.")
        build.do(world, case, "object_to_refusal", sender, report=case.main_report, words="Đã ghi rõ.")

    def second(by: str, now: datetime) -> None:
        build.do(world, case, "decide_objection", by, now=now, upheld=False, words="Giữ nguyên.")

    return Play(world, doer, "ops_lead", first, second)


def plays_withdrawal(world: build.World) -> Play:
    case = build.case_at(world, "handling")
    sent_by(world, case, "records_clerk")

    def first() -> None:
        build.act(world, case, "withdraw_report", "records_clerk", report=case.main_report)

    def second(by: str, now: datetime) -> None:
        build.do(world, case, "decide_withdrawal", by, now=now, granted=True, words="")

    return Play(world, "records_clerk", "operator", first, second)


def plays_review(world: build.World, doer: str) -> Play:
    case = build.case_at(world, "handling")
    sender = doer if doer == "records_clerk" else "inspector"
    sent_by(world, case, sender)

    def first() -> None:
        build.submit(world, case)
        build.approve(world, case)
        build.publish(world, case)
        build.rate(world, case, by=sender, level="dissatisfied")

    def second(by: str, now: datetime) -> None:
        build.do(world, case, "review_rating", by, now=now, outcome="explained", words="Đã giải thích.")

    return Play(world, doer, "ops_lead", first, second)


def plays_request(world: build.World) -> Play:
    case, found = build.case_at(world, "handling"), list[DataRequest]()
    sent_by(world, case, "records_clerk")

    def first() -> None:
        by = world.actor("records_clerk")
        with unit_of_work():
            found.append(request_data("restriction", person=Person(account=world.people["records_clerk"]), by=by, now=NOON))

    def second(by: str, now: datetime) -> None:
        with unit_of_work():
            carry_out(found[0], by=world.actor(by, now), now=now)

    return Play(world, "records_clerk", "ops_lead", first, second)


def plays_confirmation(world: build.World) -> Play:
    """Who is stood in for appoints; whoever of the administrators has a part in it is out."""
    found: list[Deputy] = []
    with unit_of_work():
        build.staff(world, "chosen", Role.RECORDS_CLERK)

    def first() -> None:
        # as appoint_deputy leaves it: that deputies form no chains is tried elsewhere
        people = world.people
        with unit_of_work():
            row = Deputy(principal_id=people["confidential_reader"].id, deputy_id=people["chosen"].id, starts_at=NOON, ends_at=NOON,
                         created_by_id=people["confidential_reader"].id, asked_at=NOON, wanted_until=NOON + 9 * DAY)  # fmt: skip
            db.session.add(row)
        found.append(row)

    def second(by: str, now: datetime) -> None:
        with unit_of_work():
            confirm_deputy(db.session.get_one(Deputy, found[0].id), by=world.actor(by, now), now=now, reason="Đã trao đổi.")

    return Play(world, "confidential_reader", "administrator", first, second)


def plays_process(world: build.World) -> Play:
    found: list[ProcessVersion] = []
    with unit_of_work():
        for name, role in (("admin", Role.ADMINISTRATOR), ("approver", Role.PROCESS_APPROVER)):
            build.staff(world, name, role).memberships[0].centre_id = None

    def first() -> None:
        with unit_of_work():
            found.append(start_draft(by=world.actor("admin"), now=NOON, xml=CHANGED, centre_id=None))
        with unit_of_work():
            hand_in(found[0], by=world.actor("admin"), now=NOON, note=NOTE)

    def second(by: str, now: datetime) -> None:
        with unit_of_work():
            approve_version(found[0], by=world.actor(by, now), now=now)

    return Play(world, "admin", "approver", first, second)


PLAYS: dict[tuple[Action, Action], Callable[[build.World], Play]] = {
    (Action.APPROVE_ANSWER, Action.SUBMIT_ANSWER): lambda world: plays_answer(world, "approve_answer"),
    (Action.APPROVE_PROCESS, Action.EDIT_PROCESS): plays_process,
    (Action.CONFIRM_DEPUTY, Action.APPOINT_DEPUTY): plays_confirmation,
    (Action.DECIDE_DATA_REQUEST, Action.REQUEST_DATA): plays_request,
    (Action.DECIDE_EXTENSION, Action.ENDORSE_EXTENSION): lambda world: plays_extension_to_decide(world, "leader_PTNMT"),
    (Action.DECIDE_EXTENSION, Action.REQUEST_EXTENSION): lambda world: plays_extension_to_decide(world, "officer_PTNMT"),
    (Action.DECIDE_HAND_BACK, Action.HAND_BACK): plays_hand_back,
    (Action.DECIDE_OBJECTION, Action.OBJECT_TO_REFUSAL): lambda world: plays_objection(world, "records_clerk"),
    (Action.DECIDE_OBJECTION, Action.REFUSE): lambda world: plays_objection(world, "operator"),
    (Action.DECIDE_WITHDRAWAL, Action.WITHDRAW_REPORT): plays_withdrawal,
    (Action.ENDORSE_EXTENSION, Action.REQUEST_EXTENSION): plays_extension_to_endorse,
    (Action.REDO_ANSWER, Action.SUBMIT_ANSWER): lambda world: plays_answer(world, "redo_answer"),
    (Action.REVIEW_RATING, Action.APPROVE_ANSWER): lambda world: plays_review(world, "leader_PTNMT"),
    (Action.REVIEW_RATING, Action.PUBLISH): lambda world: plays_review(world, "operator"),
    (Action.REVIEW_RATING, Action.RATE): lambda world: plays_review(world, "records_clerk"),
    (Action.REVIEW_RATING, Action.SUBMIT_ANSWER): lambda world: plays_review(world, "officer_PTNMT"),
}
PAIRS = [(action, done) for action, row in SECOND_PERSON.items() for done in row.judges]
SECOND_AT = NOON + DAY
LONG_BEFORE, LONG_AFTER = NOON - 30 * DAY, NOON + 30 * DAY


def stand_in(world: build.World, principal: str, deputy: str, starts_at: datetime, ends_at: datetime) -> Deputy:
    with unit_of_work():
        row = Deputy(principal_id=world.people[principal].id, deputy_id=world.people[deputy].id, starts_at=starts_at, ends_at=ends_at,
                     created_by_id=world.people["inspector"].id)  # fmt: skip
        db.session.add(row)
    return row


def end(row: Deputy, at: datetime) -> None:
    with unit_of_work():
        db.session.get_one(Deputy, row.id).ends_at = at


def same_person(play: Play) -> str:
    seat = play.world.people[play.judge].memberships[0]
    play.first()
    with unit_of_work():
        db.session.add(Membership(account_id=play.world.people[play.doer].id, role=seat.role, centre_id=seat.centre_id,
                                  agency_id=seat.agency_id, valid_from=build.LONG_AGO))  # fmt: skip
    return play.doer


def before(principal: str, deputy: str) -> Callable[[Play], str]:
    """A deputyship that was there at the first act and is over at the second."""

    def played(play: Play) -> str:
        row = stand_in(play.world, getattr(play, principal), getattr(play, deputy), LONG_BEFORE, LONG_AFTER)
        play.first()
        end(row, SECOND_AT - 6 * HOUR)
        return play.judge

    return played


def between(principal: str, deputy: str, *, is_over: bool = False, by: str = "judge") -> Callable[[Play], str]:
    def played(play: Play) -> str:
        play.first()
        stand_in(
            play.world, getattr(play, principal), getattr(play, deputy), SECOND_AT - 6 * HOUR, SECOND_AT - HOUR if is_over else LONG_AFTER
        )
        return str(getattr(play, by))

    return played


def of_one_principal(play: Play) -> str:
    """Who acted stood in for somebody; who judges stands in for the same one now."""
    with unit_of_work():
        build.staff(play.world, "absent", Role.RECORDS_CLERK)
    row = stand_in(play.world, "absent", play.doer, LONG_BEFORE, LONG_AFTER)
    play.first()
    end(row, SECOND_AT - 6 * HOUR)
    stand_in(play.world, "absent", play.judge, SECOND_AT - 5 * HOUR, LONG_AFTER)
    return play.judge


def strangers(play: Play) -> str:
    play.first()
    return play.judge


def colleagues_of_others(play: Play) -> str:
    """Deputies of people who have no part in it."""
    with unit_of_work():
        build.staff(play.world, "absent", Role.RECORDS_CLERK)
        build.staff(play.world, "away", Role.RECORDS_CLERK)
    stand_in(play.world, "absent", play.doer, LONG_BEFORE, LONG_AFTER)
    stand_in(play.world, "away", play.judge, LONG_BEFORE, LONG_AFTER)
    play.first()
    return play.judge


BARRED = {
    "the same person": same_person,
    "stood in for who acted, then": before("doer", "judge"),
    "was stood in for by who acted, then": before("judge", "doer"),
    "stands in for who acted, appointed between": between("doer", "judge"),
    "is stood in for by who acted, appointed between": between("judge", "doer"),
    "who acted, as deputy of who judges": between("judge", "doer", by="doer"),
    "both for the same principal": of_one_principal,
}
FREE = {
    "strangers": strangers,
    "deputies of others": colleagues_of_others,
    "a deputyship between that is over": between("doer", "judge", is_over=True),
    "the other way round, over": between("judge", "doer", is_over=True),
}


def each_pair(ties: Iterable[str]) -> list[tuple[Action, Action, str]]:
    """Every pair with every other tie, so that each tie is tried with every other pair; in a whole run with all of them."""
    return [(action, done, how) for number, (action, done) in enumerate(PAIRS) for at, how in enumerate(ties)
            if WHOLE or (number + at) % 2 == 0]  # fmt: skip


def played(action: Action, done: Action) -> Play:
    return PLAYS[action, done](build.standard_world())


@pytest.mark.parametrize(("action", "done", "how"), each_pair(BARRED))
def test_who_acted_or_is_tied_to_them_does_not_judge(sqlite_app: Flask, action: Action, done: Action, how: str) -> None:
    play = played(action, done)
    who = BARRED[how](play)
    with pytest.raises(REFUSALS) as refusal:
        play.second(who, SECOND_AT)
    assert refusal.value.vi
    assert refusal.value.en


CHAINS = {(Action.CONFIRM_DEPUTY, "deputies of others")}
"""Who stands in for somebody has no deputy at all."""


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("action", "done", "how"), each_pair(FREE))
def test_who_has_no_part_in_it_judges(sqlite_app: Flask, action: Action, done: Action, how: str) -> None:
    if (action, how) in CHAINS:
        return
    play = played(action, done)
    who = FREE[how](play)
    play.second(who, SECOND_AT)
    # a deputy appointed after it changes nothing of what was done
    stand_in(play.world, play.doer, play.judge, SECOND_AT + MINUTE, LONG_AFTER)


def test_every_act_that_answers_another_has_its_row() -> None:
    """By the names of the actions and of the steps; one that judges nobody says why."""
    verbs = {str(action) for action in Action} | {verb for step in BINDINGS.steps.values() for verb in step.acts} - {DO_STEP}
    judging = {verb for verb in verbs if verb.partition("_")[0] in FIRST_WORDS}
    assert judging == {str(action) for action in {*SECOND_PERSON, *ALONE}}
    assert not set(SECOND_PERSON) & set(ALONE)
    assert set(PLAYS) == set(PAIRS), "each pair of the table is played"


def test_the_refusal_says_why_and_who_may_in_both_languages_and_the_step_cannot_be_taken(app: Flask) -> None:
    play = plays_extension_to_endorse(build.standard_world())
    with unit_of_work():
        build.staff(play.world, "leader_2", Role.AGENCY_LEADER, agency=play.world.agencies["PTNMT"])
    play.first()
    stand_in(play.world, "leader_PTNMT", "officer_PTNMT", SECOND_AT - HOUR, LONG_AFTER)
    with pytest.raises(SecondPersonNeeded) as own:
        play.second("officer_PTNMT", SECOND_AT)
    assert own.value.vi == "Ông/Bà đã đề nghị gia hạn, nên người quyết định là lãnh đạo khác của đơn vị hoặc lãnh đạo cấp trên."
    assert own.value.en == "You asked for more time, so another leader of the agency, or the leader above, decides."
    with pytest.raises(SecondPersonNeeded, match="stand in for one another"):
        play.second("leader_PTNMT", SECOND_AT)
    task = build.waiting(db.session.query(Case).one(), "endorse_extension")
    with pytest.raises(StepRefused), unit_of_work():
        steps.claim(task.ref, by=play.world.actor("leader_PTNMT", SECOND_AT), now=SECOND_AT)
    play.second("leader_2", SECOND_AT)


# -- where nobody is left, the next one up ------------------------------------------------------------------------------


def test_an_objection_to_the_only_operations_leads_refusal_goes_to_the_committee(app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "to_verify")
    build.do(world, case, "verify", "ops_lead", act="refuse", reason=world.refusal_reason(), words="Chưa rõ.")
    build.do(world, case, "object_to_refusal", "citizen", report=case.main_report, words="Đã ghi rõ.")
    task = build.waiting(case, "decide_objection")
    assert task.desk == desk_name(Role.COMMITTEE_LEADER, centre_id=world.centre.id)
    given = DecideObjectionInput(upheld=False, words="Giữ nguyên.")
    with pytest.raises(SecondPersonNeeded), unit_of_work():
        decide_objection(db.session.get_one(Case, case.id), given, by=world.actor("ops_lead"), now=SECOND_AT)
    build.do(world, case, "decide_objection", "committee_leader", now=SECOND_AT, upheld=True, words="")
    assert case.state == "to_verify"


def test_of_several_operations_leads_another_decides(app: Flask) -> None:
    world = build.standard_world()
    with unit_of_work():
        build.staff(world, "ops_lead_2", Role.OPS_LEAD)
    case = build.case_at(world, "to_verify")
    build.do(world, case, "verify", "ops_lead", act="refuse", reason=world.refusal_reason(), words="Chưa rõ.")
    build.do(world, case, "object_to_refusal", "citizen", report=case.main_report, words="Đã ghi rõ.")
    assert build.waiting(case, "decide_objection").desk == desk_name(Role.OPS_LEAD, centre_id=world.centre.id)
    with pytest.raises(SecondPersonNeeded, match="another operations lead"):
        build.do(world, case, "decide_objection", "ops_lead", now=SECOND_AT, upheld=False, words="Giữ nguyên.")
    build.do(world, case, "decide_objection", "ops_lead_2", now=SECOND_AT, upheld=False, words="Giữ nguyên.")


def test_a_wish_of_the_only_leaders_deputy_is_endorsed_above_and_decided_by_somebody_else(app: Flask) -> None:
    world = build.standard_world()
    stand_in(world, "leader_PTNMT", "officer_PTNMT", LONG_BEFORE, LONG_AFTER)
    case, ask, _endorse = extension(world)
    ask()
    task = build.waiting(case, "endorse_extension")
    assert task.desk == desk_name(Role.COMMITTEE_LEADER, centre_id=world.centre.id)
    build.do(world, case, "endorse_extension", "committee_leader", now=SECOND_AT, endorsed=True)
    assert build.waiting(case, "decide_extension").desk == desk_name(Role.OPS_LEAD, centre_id=world.centre.id)
    build.do(world, case, "decide_extension", "ops_lead", now=SECOND_AT, granted=True)


def test_what_is_the_committees_alone_waits_while_its_seat_is_empty(app: Flask) -> None:
    world = build.standard_world()
    with unit_of_work():
        for row in db.session.merge(world.people["committee_leader"]).memberships:
            row.valid_to = local_day(LONG_BEFORE)
    case = build.case_at(world, "handling", urgent=True)
    assert extension_desk(case.assignments[0], SECOND_AT) == desk_name(Role.COMMITTEE_LEADER, centre_id=world.centre.id)


def test_what_the_only_committee_leader_endorsed_an_operations_lead_decides_even_where_it_is_urgent(app: Flask) -> None:
    world = build.standard_world()
    stand_in(world, "leader_PTNMT", "officer_PTNMT", LONG_BEFORE, LONG_AFTER)
    case = build.case_at(world, "handling", urgent=True)
    [part] = case.assignments
    build.act(world, case, "request_extension", "officer_PTNMT", assignment=part, reason="Chờ vật tư.", until=date(2026, 3, 4))
    build.do(world, case, "endorse_extension", "committee_leader", endorsed=True)
    assert build.waiting(case, "decide_extension").desk == desk_name(Role.OPS_LEAD, centre_id=world.centre.id)
    build.do(world, case, "decide_extension", "ops_lead", granted=True)


def test_an_answer_by_a_deputy_of_the_only_leader_goes_to_the_leader_above(app: Flask) -> None:
    world = build.standard_world()
    stand_in(world, "leader_PTNMT", "officer_PTNMT", LONG_BEFORE, LONG_AFTER)
    case = build.case_at(world, "handling")
    build.submit(world, case)
    assert build.waiting(case, "approve_answer").desk == desk_name(Role.COMMITTEE_LEADER, centre_id=world.centre.id)

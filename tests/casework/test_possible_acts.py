"""What is offered beside the steps is what the use cases take: on cases in every state, for everybody, both ways round."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from flask import Flask

from casework.asking import taking_part
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.identity import Contact
from casework.models import Assignment, Case, Publication
from casework.permissions import Role
from casework.possible_acts import PossibleAct, possible_acts
from casework.staff_choices import agencies_for
from casework.staff_views import publications_of
from tests import build
from workflows import acts

PEOPLE = ("operator", "ops_lead", "committee_leader", "officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT", "administrator",
          "confidential_reader", "operator_DN")  # fmt: skip
NEXT_WEEK = date(2026, 3, 9)
TEXT = {"title": "Rác ven suối", "question": "Người dân phản ánh rác ven suối.", "summary": "", "place": "", "shows_exact_place": False,
        "photos": (), "checked": True}  # fmt: skip


def two_at_work(world: build.World) -> Case:
    return build.case_at(world, "handling", agencies=2)


def act(world: build.World, case: Case, verb: str, by: str = "operator", **form: Any) -> Case:
    build.act(world, case, verb, by, **form)
    return case


def ask(world: build.World, case: Case) -> Case:
    return act(world, case, "ask_reporter", report=case.main_report, words="Ở đoạn nào?", when_unanswered="continue")


def refused(world: build.World, case: Case) -> Case:
    return act(world, case, "refuse", reason=world.refusal_reason(), words="Chưa rõ nơi xảy ra.")


def objected(world: build.World, case: Case) -> Case:
    build.do(world, refused(world, case), "object_to_refusal", "citizen", report=case.main_report, words="Xin xem lại.")
    return case


def one_approved(world: build.World) -> Case:
    case = two_at_work(world)
    ptnmt = world.agencies["PTNMT"]
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=ptnmt, **build.ANSWER)
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=ptnmt)
    return case


def redo(world: build.World) -> Case:
    case = build.case_at(world, "approval")
    build.redo(world, case, world.agencies["PTNMT"])
    return case


def handed_back(world: build.World) -> Case:
    case = build.case_at(world, "at_agency")
    build.do(world, case, "accept_assignment", "officer_PTNMT", act="hand_back", agency=world.agencies["PTNMT"], reason="Không thuộc phòng.")
    return case


def merged(world: build.World, *, main: bool) -> Case:
    joining = build.file_report(world, by="citizen_2", contact=Contact(name="Trần Văn Mẫu", phone="+84987654321")).case
    into = build.case_at(world, "to_distribute")
    act(world, joining, "merge", into=into)
    return into if main else joining


def withdrawal(world: build.World, state: str) -> Case:
    case = build.case_at(world, state)
    return act(world, case, "withdraw_report", "citizen", report=case.main_report)


def apart(world: build.World, *, over: bool = False) -> Case:
    case = act(world, two_at_work(world), "quarantine", reason="Tố cáo một cán bộ.")
    return act(world, case, "hand_over", "confidential_reader", receipt="BB 12/2026") if over else case


def answered(world: build.World, *, taken_back: bool = False) -> Case:
    case = build.case_at(world, "rating")
    if taken_back:
        act(world, case, "unpublish", publication=publications_of(case)[0], reason="Lộ biển số xe.")
    return case


def answered_privately(world: build.World) -> Case:
    case = build.case_at(world, "to_publish")
    build.do(world, case, "publish", "operator", act="answer_privately", title="Rác", question="Rác ven suối.")
    return case


def reopened(world: build.World) -> Case:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn lại.")
    return build.advance(world, case, "handling")


def in_review(world: build.World) -> Case:
    case = build.case_at(world, "rating")
    build.rate(world, case, level="dissatisfied")
    return case


def more_time_asked(world: build.World) -> Case:
    case = build.case_at(world, "handling")
    [row] = case.open_assignments
    build.act(world, case, "request_extension", "officer_PTNMT", assignment=row, reason="Chờ vật tư.", until=date(2026, 3, 11))
    return case


CASES: dict[str, Callable[[build.World], Case]] = {
    **{state: lambda world, state=state: build.case_at(world, state) for state in build.WALK},
    "urgent": lambda world: build.case_at(world, "handling", urgent=True),
    "two at work": two_at_work,
    "one of two approved": one_approved,
    "published so far": lambda world: act(world, one_approved(world), "publish_interim", **TEXT),
    "redo": redo,
    "handed back": handed_back,
    "more time asked": more_time_asked,
    "asked at verification": lambda world: ask(world, build.case_at(world, "to_verify")),
    "asked while at work": lambda world: ask(world, two_at_work(world)),
    "held": lambda world: act(world, two_at_work(world), "hold", "ops_lead", reason="Chờ nước rút.", until=NEXT_WEEK),
    "held as long as can be": lambda world: held_up(world),
    "referred": lambda world: act(world, two_at_work(world), "refer", body="Điện lực Lâm Đồng", reason="Thuộc lưới điện."),
    "refused": lambda world: refused(world, build.case_at(world, "to_distribute")),
    "objected": lambda world: objected(world, build.case_at(world, "at_agency")),
    "merged away": lambda world: merged(world, main=False),
    "merged into": lambda world: merged(world, main=True),
    "withdrawn": lambda world: withdrawal(world, "to_verify"),
    "to be withdrawn": lambda world: withdrawal(world, "handling"),
    "unpublished": lambda world: answered(world, taken_back=True),
    "answered privately": answered_privately,
    "in review": in_review,
    "reopened": reopened,
    "set apart": apart,
    "handed over": lambda world: apart(world, over=True),
}  # fmt: skip


def held_up(world: build.World) -> Case:
    """Ten working days, and a little after they have run out."""
    case = act(world, two_at_work(world), "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 16))
    build.do(world, case, "resume", "ops_lead", now=datetime(2026, 3, 16, 10, tzinfo=build.NOON.tzinfo))
    return case


def form_of(world: build.World, case: Case, possible: PossibleAct, now: datetime) -> dict[str, Any]:
    """What a person would fill in who knows what they do."""
    words = {"reason": "Lý do đủ rõ."}
    other_centre = world.centre.__class__
    others = [agency for agency in agencies_for(case, now=now) if agency.id not in {row.agency_id for row in taking_part(case)}]
    forms: dict[str, Callable[[], dict[str, Any]]] = {
        "hold": lambda: {**words, "until": (now + timedelta(days=1)).date()},
        "refer": lambda: {**words, "body": "Điện lực Lâm Đồng"},
        "ask_reporter": lambda: {"report": askable(case), "words": "Ở đoạn nào?", "when_unanswered": "continue"},
        "refuse": lambda: {"reason": world.refusal_reason(), "words": "Chưa rõ."},
        "classify": lambda: {**words, "field": world.field(), "urgency": "normal", "complexity": "complex", "area": world.area},
        "merge": lambda: {"into": db.session.query(Case).filter(Case.code == world.other_code).one()},  # type: ignore[attr-defined]
        "split": lambda: {**words, "report": possible.report},
        "pass_on": lambda: {**words, "centre": db.session.query(other_centre).filter_by(code_prefix="DN").one()},
        "quarantine": lambda: words,
        "hand_over": lambda: {"receipt": "BB 12/2026"},
        "add_agency": lambda: {"agency": others[0], "confirms_short": True},
        "change_lead": lambda: {"agency": others[0], "confirms_short": True},
        "remove_agency": lambda: words,
        "close_without_answer": lambda: words,
        "remind": lambda: {"assignment": possible.assignment},
        "direct": lambda: {"words": "Xử lý ngay."},
        "progress_note": lambda: {"words": "Đã xem hiện trường."},
        "request_extension": lambda: {**words, "until": next_day(possible.assignment)},
        "publish_interim": lambda: TEXT,
        "correct_publication": lambda: {**TEXT, **words, "publication": possible.publication},
        "unpublish": lambda: {**words, "publication": possible.publication},
        "stop_waiting": dict,
    }
    return forms[possible.verb]()


VERBS = ("hold", "refer", "ask_reporter", "stop_waiting", "refuse", "classify", "merge", "pass_on", "quarantine", "hand_over", "add_agency",
         "change_lead", "publish_interim", "direct")  # fmt: skip
OF_AGENCY = ("remove_agency", "close_without_answer", "remind", "progress_note", "request_extension")
OF_PUBLICATION = ("correct_publication", "unpublish")


def askable(case: Case) -> Any:
    present = [link.report for link in case.reports if link.left_at is None]
    return present[-1] if present else case.reports[-1].report


def next_day(assignment: Assignment | None) -> date:
    assert assignment is not None
    return ((assignment.due_at or build.NOON) + timedelta(days=2)).date()


def everything(case: Case) -> Iterator[PossibleAct]:
    """Every act on every part of a case, sensible or not."""
    yield from (PossibleAct(verb) for verb in VERBS)
    yield from (PossibleAct(verb, assignment=row) for verb in OF_AGENCY for row in case.assignments)
    yield from (PossibleAct(verb, publication=row) for verb in OF_PUBLICATION for row in publications_of(case))
    yield from (PossibleAct("split", report=link.report) for link in case.reports if link.left_at is None)


class Undone(Exception):
    """Nothing of it stays."""


def refusal_of(world: build.World, case: Case, possible: PossibleAct, name: str, now: datetime) -> CaseworkError | None:
    """What the use case says to the act; whatever it would have done is undone."""
    ref, actor, form = case.ref, world.actor(name, now), form_of(world, case, possible, now)
    row = possible.assignment if possible.verb != "remind" else None
    try:
        with unit_of_work():
            acts.act(ref, possible.verb, by=actor, now=now, assignment_ref=row.ref if row else None, form=form)
            raise Undone
    except Undone:
        return None
    except CaseworkError as refusal:
        return refusal


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    world = build.standard_world()
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        world.people["operator_DN"] = build.staff(other, "operator_DN", Role.OPERATOR)
    world.other_code = build.case_at(world, "handling", agencies=1).code  # type: ignore[attr-defined]
    return world


NOT_OFFERED = {("refuse", "to_verify")}
"""Taken by the use case, and offered elsewhere: at verification it is a button of the step."""


@pytest.mark.parametrize("kind", CASES)
def test_what_is_offered_is_taken_and_what_is_not_is_refused(world: build.World, kind: str) -> None:
    case = CASES[kind](world)
    now, wrong, offered = build.next_moment(case), [], 0
    for name in PEOPLE:
        actor = world.actor(name, now)
        with unit_of_work():
            case = lock_case(case.id)
            possible = possible_acts(case, actor, now)
        offered += len(possible)
        for each in everything(case):
            refusal = refusal_of(world, case, each, name, now)
            if each in possible and refusal is not None:
                wrong.append(f"{name}: {each.verb} is offered and refused: {refusal.text.en}")
            if each not in possible and refusal is None and (each.verb, case.state) not in NOT_OFFERED:
                wrong.append(f"{name}: {each.verb} would be taken and is not offered")
    assert not wrong, "\n".join(wrong)
    assert offered or kind in ("handed over",)


def test_an_agency_may_set_apart_only_while_it_works_on_the_case(world: build.World) -> None:
    case = one_approved(world)
    now = build.next_moment(case)
    offered = {name: {each.verb for each in possible_acts(case, world.actor(name, now), now)} for name in ("officer_PTNMT", "officer_UBND-LAT")}
    assert "quarantine" not in offered["officer_PTNMT"]
    assert "quarantine" in offered["officer_UBND-LAT"]


def test_publications_are_not_read_again_where_they_are_at_hand(world: build.World) -> None:
    case = build.case_at(world, "rating")
    now, actor = build.next_moment(case), world.actor("operator", build.NOON)
    assert [each.verb for each in possible_acts(case, actor, now, publications=[]) if each.publication] == []
    assert {each.verb for each in possible_acts(case, actor, now) if isinstance(each.publication, Publication)} == set(OF_PUBLICATION)

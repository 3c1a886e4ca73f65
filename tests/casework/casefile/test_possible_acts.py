"""What is offered beside the steps is what the use cases take: on cases in every state, for everybody, both ways round."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from typing import Any, get_args

import pytest
from flask import Flask

from casework.assignments.asking import taking_part
from casework.casefile.possible_acts import PossibleAct, possible_acts
from casework.casefile.views import publications_of
from casework.cases import lock_case
from casework.db import db, unit_of_work
from casework.errors import CaseworkError
from casework.models import Assignment, Case, Centre, Publication, Report
from casework.parts import parts_of
from casework.permissions import Role
from casework.search.staff_choices import agencies_chosen, agencies_for
from casework.verbs import acts
from tests import build
from tests.beside import CASES, TEXT, one_approved
from tests.grounds import remembered
from tests.whole import is_at_turn, sample
from workflows.running import acts as running

PEOPLE = ("operator", "ops_lead", "committee_leader", "officer_PTNMT", "leader_PTNMT", "officer_UBND-LAT", "administrator",
          "confidential_reader", "operator_DN")  # fmt: skip


def form_of(world: build.World, case: Case, possible: PossibleAct, now: datetime) -> dict[str, Any]:
    """What a person would fill in who knows what they do."""
    words = {"reason": "Lý do đủ rõ."}
    there = {row.agency_id for row in taking_part(case)}
    others = agencies_chosen([agency for agency in agencies_for(case, now=now) if agency.id not in there])
    forms: dict[str, Callable[[], dict[str, Any]]] = {
        "hold": lambda: {**words, "until": (now + timedelta(days=1)).date()},
        "refer": lambda: {**words, "body": "Điện lực Lâm Đồng"},
        "ask_reporter": lambda: {"report": askable(case), "words": "Ở đoạn nào?", "when_unanswered": "continue"},
        "refuse": lambda: {"reason": world.refusal_reason(), "words": "Chưa rõ."},
        "classify": lambda: {**words, "field": world.field(), "urgency": "normal", "complexity": "complex", "area": world.area},
        "merge": lambda: {"into": db.session.query(Case).order_by(Case.id).first()},
        "split": lambda: {**words, "report": possible.report},
        "pass_on": lambda: {**words, "centre": db.session.query(Centre).filter_by(code_prefix="DN").one()},
        "quarantine": lambda: words,
        "hand_over": lambda: {"receipt": "BB 12/2026"},
        "add_agency": lambda: {"agency": others[0], "confirms_short": True},
        "change_lead": lambda: {"agency": others[0], "confirms_short": True},
        "remove_agency": lambda: words,
        "close_without_answer": lambda: words,
        "remind": lambda: {"assignment": possible.assignment},
        "remind_all": dict,
        "direct": lambda: {"words": "Xử lý ngay."},
        "progress_note": lambda: {"words": "Đã xem hiện trường."},
        "request_extension": lambda: {**words, "until": next_day(possible.assignment)},
        "publish_interim": lambda: TEXT,
        "correct_publication": lambda: {
            **TEXT, **words, "publication": possible.publication, "version_seen": possible.publication.current.version,
            "again": possible.publication.unpublished_at is not None,
        },
        "unpublish": lambda: {**words, "publication": possible.publication},
        "stop_waiting": dict,
        "divide": lambda: {
            "title": "Cột điện", "words": "Cột điện nghiêng.", "field": world.field(), "area": world.area,
            "lead": world.agencies["UBND-LAT"], "parts_seen": len(parts_of(case)),
        },
        "join_part": lambda: words,
        "send_link": lambda: {"asked": "Bao giờ xong?"},
        "send_agency_link": lambda: {"asked": "Bao giờ xong?"},
        "take_up_answer": lambda: {"contact": "Tổ trực, 0263 3822 822", "no_photo_reason": "Không chụp được."},
        "apologise": lambda: {**words, "until": (now + timedelta(days=7)).date()},
    }
    return forms[possible.verb]()


WHEN_LATE = ("apologise",)
OFFERED = [verb for verb in acts() if verb.is_of_staff and verb.name not in WHEN_LATE]


def about(part: type[Any] | None) -> list[str]:
    """The acts on the whole of a case, or on its parts of one kind, as the row's function says which it finds."""
    return [verb.name for verb in OFFERED if part is (get_args(verb.offered_on.__annotations__["return"])[0] if verb.offered_on else None)]


VERBS, OF_AGENCY, OF_PUBLICATION, OF_REPORT = (about(part) for part in (None, Assignment, Publication, Report))


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
    yield from (PossibleAct(verb, report=link.report) for verb in OF_REPORT for link in case.reports if link.left_at is None)


class Undone(Exception):
    """Nothing of it stays."""


def refusal_of(world: build.World, case: Case, possible: PossibleAct, name: str, now: datetime) -> CaseworkError | None:
    """What the use case says to the act; whatever it would have done is undone."""
    ref, actor = case.ref, world.actor(name, now)
    given = build.input_to_act(possible.verb, form_of(world, case, possible, now))
    row = possible.assignment if possible.verb != "remind" else None
    try:
        with unit_of_work():
            running.act(ref, possible.verb, by=actor, now=now, assignment_ref=row.ref if row else None, given=given)
            raise Undone
    except Undone:
        return None
    except CaseworkError as refusal:
        return refusal


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    return world_with_a_neighbour()


@remembered
def world_with_a_neighbour() -> build.World:
    world = build.standard_world()
    with unit_of_work():
        other = build.World(build.centre("DN", is_default=False))
        world.people["operator_DN"] = build.staff(other, "operator_DN", Role.OPERATOR)
    build.case_at(world, "handling")                    # the first case there is: what others are merged into
    return world


NOT_OFFERED = {("refuse", "to_verify")}
"""Taken by the use case, and offered elsewhere: at verification it is a button of the step."""


REFUSED_TO = 3
"""Of so many people in a row to whom an act is not offered, one tries it in a test run."""


@pytest.mark.exhaustive(but=3)
@pytest.mark.parametrize("kind", sample(list(CASES), 3))
def test_what_is_offered_is_taken_and_what_is_not_is_refused(world: build.World, kind: str) -> None:
    case = CASES[kind](world)
    now, wrong, offered = build.next_moment(case), [], 0
    for number, name in enumerate(PEOPLE):
        actor = world.actor(name, now)
        with unit_of_work():
            case = lock_case(case.id)
            possible = possible_acts(case, actor, now)
        offered += len(possible)
        for each in everything(case):
            if each not in possible and not is_at_turn(f"{kind} {each.verb}", number, REFUSED_TO):
                continue
            refusal = refusal_of(world, case, each, name, now)
            if each in possible and refusal is not None:
                wrong.append(f"{name}: {each.verb} is offered and refused: {refusal.text.en}")
            if each not in possible and refusal is None and (each.verb, case.state) not in NOT_OFFERED:
                wrong.append(f"{name}: {each.verb} would be taken and is not offered")
    assert not wrong, "\n".join(wrong)
    assert offered or kind in ("merged away", "handed over")


@pytest.mark.parametrize("verb", WHEN_LATE)
def test_what_is_for_late_cases_is_offered_from_the_first_late_instant_to_whom_it_is_taken_from(world: build.World, verb: str) -> None:
    case = build.case_at(world, "handling", agencies=2)
    assert case.due_at is not None
    offered = set()
    for now in (case.due_at - timedelta(seconds=1), case.due_at):
        for name in PEOPLE:
            with unit_of_work():
                case = lock_case(case.id)
                is_offered = PossibleAct(verb) in possible_acts(case, world.actor(name, now), now)
            assert is_offered is (refusal_of(world, case, PossibleAct(verb), name, now) is None), (name, now)
            offered |= {(name, now == case.due_at)} if is_offered else set()
    assert offered == {(name, True) for name in ("operator", "ops_lead", "leader_PTNMT")}


def test_an_agency_may_set_apart_only_while_it_works_on_the_case(world: build.World) -> None:
    case = one_approved(world)
    now = build.next_moment(case)
    for name, may in (("officer_PTNMT", False), ("officer_UBND-LAT", True)):
        assert ("quarantine" in {each.verb for each in possible_acts(case, world.actor(name, now), now)}) is may


def test_publications_are_not_read_again_where_they_are_at_hand(world: build.World) -> None:
    case = build.case_at(world, "rating")
    now, actor = build.next_moment(case), world.actor("operator", build.NOON)
    assert [each.verb for each in possible_acts(case, actor, now, publications=[]) if each.publication] == []
    assert {each.verb for each in possible_acts(case, actor, now) if isinstance(each.publication, Publication)} == set(OF_PUBLICATION)

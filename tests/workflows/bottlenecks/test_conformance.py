"""Old cases against the live model: walked cases are allowed, what departs is said where and how, and who reads it."""
from __future__ import annotations

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.permissions import NotAllowed
from tests import build
from tests.second_centre import second_world
from tests.workflows.bottlenecks.facts import Ground, local
from workflows.bottlenecks.conformance import ASSIGNMENT, CASE, Fit, Judge
from workflows.bottlenecks.conforming import ask_conformance, newest_conformance
from workflows.bottlenecks.reading import BottleneckQuery, last_months
from workflows.definitions.process import parse, shipped_model
from workflows.rehearsal.automaton import Automaton
from workflows.rehearsal.running import go_on_with_rehearsals

NOW = local(4, 10)
ANSWERED = (("accept_assignment", None), ("submit_answer", None), ("approve_answer", None))


def test_a_way_departs_where_the_drawing_leads_nowhere_and_says_what_it_allows() -> None:
    judge = Judge(Automaton(parse(shipped_model())))
    assert judge.finding(ASSIGNMENT, ANSWERED).fit == Fit.ALLOWED
    assert judge.finding(ASSIGNMENT, ANSWERED[:2]).fit == Fit.ALLOWED, "its case may have ended it"
    skipped = judge.finding(ASSIGNMENT, (ANSWERED[0], ANSWERED[2]))
    assert (skipped.fit, skipped.at) == (Fit.DEPARTS, 1)
    assert skipped.why is not None
    assert skipped.why.vi.startswith(
        "Sau “Nhận việc hoặc chuyển trả”, hồ sơ làm bước “Duyệt kết quả”; mô hình đang áp dụng chỉ cho: “Xử lý, trình kết quả”"
    )
    gone = judge.finding(CASE, (("verify", "accept"), ("gone", None)))
    assert (gone.fit, gone.at, gone.why and gone.why.en) == (Fit.DEPARTS, 1, "The live model has no step “gone”.")
    assert judge.automaton.runs < 200


@pytest.mark.exhaustive
def test_walked_cases_are_allowed_and_others_are_counted_as_departing(sqlite_app: Flask) -> None:
    world = build.standard_world()
    other = second_world(world)
    for agencies in (1, 2):
        build.case_at(world, "closed", agencies=agencies)
    with unit_of_work():
        ground = Ground(world)
        for day in (1, 2):
            case = ground.case("PTNMT", ended_at=local(3, 20 + day))
            ground.step(case, "verify", at=local(3, day), outcome="accept")
            ground.step(case, "approve_answer", at=local(3, day, 12), agency="PTNMT", outcome="approve_answer")
    admin, wanted = world.actor("administrator"), BottleneckQuery(*last_months(NOW, 3))
    with pytest.raises(NotAllowed), unit_of_work():
        ask_conformance(wanted, by=world.actor("ops_lead"), now=NOW)
    with unit_of_work():
        asked = ask_conformance(wanted, by=admin, now=NOW)
        assert ask_conformance(wanted, by=admin, now=NOW).id == asked.id, "what waits is not asked twice"
    assert go_on_with_rehearsals(NOW) == 1
    found = newest_conformance(by=world.actor("ops_lead"))
    assert found is not None
    result = found.result
    assert result is not None, found.rehearsal.error_vi
    assert {key: result[key] for key in ("cases", "allowed", "departs", "undecided", "is_sample")} == {
        "cases": 4, "allowed": 2, "departs": 2, "undecided": 0, "is_sample": False,
    }  # fmt: skip
    assert [(each["process"], each["steps"], each["number"], each["at"]) for each in result["departing"]] == [
        ("assignment", ["approve_answer"], 2, 0),
    ], "a case that ended after its verification may have been withdrawn"  # fmt: skip
    assert newest_conformance(by=other.actor("ops_lead")) is None, "the cases of another centre"
    db.session.rollback()

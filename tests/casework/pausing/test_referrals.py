"""Handing a matter to a body outside and watching it."""
from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from casework.cases import CaseNotOpen
from casework.db import db
from casework.models import Case, Referral
from casework.pausing import referrals
from casework.pausing.referrals import ReferralRefused
from casework.permissions import NotAllowed
from tests import build
from tests.build import NOON, World
from tests.casework.acting import clock, events, local, payload, run, running, told


@pytest.fixture
def world(app: Flask) -> World:
    return build.standard_world()


@pytest.fixture
def small(sqlite_app: Flask) -> World:
    """The same on one database, for rules that ask nothing of it."""
    return build.standard_world()


def refer(world: World, case: Case, *, by: str = "operator", body: str = "Công ty Điện lực Lâm Đồng",
          reason: str = "Lưới điện do công ty quản lý.", **arguments: Any) -> None:
    run(referrals.refer, case, world.actor(by), body=body, reason=reason, **arguments)


def referred(world: World, state: str = "to_classify") -> Case:
    case = build.case_at(world, state)
    refer(world, case)
    return case


@pytest.mark.parametrize("state", ["to_verify", "to_distribute", "handling"])
def test_a_referred_case_is_watched_while_its_limits_rest(world: World, state: str) -> None:
    case = referred(world, state)
    assert (case.state, case.state_before, case.standstill) == ("referred", state, "referral")
    assert (case.paused_until, case.due_at) == (None, None)
    assert told("report_referred") == [f"reporter:{case.main_report.reporter_id}"]
    assert payload(case) == {}
    rows = db.session.scalars(select(Referral).where(Referral.case_id == case.id).order_by(Referral.id))
    assert [row.body for row in rows] == ["Công ty Điện lực Lâm Đồng"]


def test_its_result_closes_the_case(world: World) -> None:
    case = referred(world, "handling")
    later = NOON + timedelta(days=30)
    assert run(referrals.close_referral, case, world.actor("operator"), now=later, result="Đã thay cột điện.") == {"outcome": "closed"}
    assert (case.state, case.closed_at, case.standstill) == ("closed", later, None)
    assert running(case) == []
    assert clock(case).ended_late is False, "it rested in time"
    assert [(row.state, row.end_reason) for row in case.assignments] == [("removed", "closed")]
    assert told("referral_closed") == [f"reporter:{case.main_report.reporter_id}"]
    row = db.session.query(Referral).one()
    assert (row.result, row.came_back, row.ended_at, row.ended_by_id) == ("Đã thay cột điện.", False, later, world.people["operator"].id)
    assert events(case)[-2:] == ["refer", "close_referral"]


def test_what_the_other_body_does_not_settle_comes_back(world: World) -> None:
    case = referred(world, "handling")                           # due Tuesday 10/03, 00:00
    taken = run(referrals.take_back, case, world.actor("operator"), now=local(4, 3, 9), result="Không thuộc công ty.")
    assert taken == {"outcome": "came_back"}
    assert (case.state, case.state_before, case.standstill) == ("handling", None, None)
    assert clock(case).due_at == case.due_at == local(12, 3)
    assert db.session.query(Referral).one().came_back is True
    assert told("referral_came_back") == [f"reporter:{case.main_report.reporter_id}"]


@pytest.mark.parametrize("changes", [{"body": " "}, {"body": "x" * 201}, {"reason": ""}, {"reason": "x" * 2001}])
def test_a_referral_names_the_body_and_the_reason(small: World, changes: dict[str, str]) -> None:
    case = build.case_at(small, "to_classify")
    with pytest.raises(ReferralRefused, match="the body"):
        refer(small, case, **changes)


@pytest.mark.parametrize("act", [referrals.close_referral, referrals.take_back])
def test_a_referral_ends_with_a_result(small: World, act: Any) -> None:
    case = build.case_at(small, "to_classify")
    with pytest.raises(ReferralRefused, match="no other body"):
        run(act, case, small.actor("operator"), result="Xong.")
    refer(small, case)
    with pytest.raises(ReferralRefused, match="what the other body did"):
        run(act, case, small.actor("operator"), result="")
    with pytest.raises(NotAllowed):
        run(act, case, small.actor("leader_PTNMT"), result="Xong.")


def test_only_the_operations_team_refers_and_not_what_stands_still(small: World) -> None:
    case = build.case_at(small, "handling")
    with pytest.raises(NotAllowed):
        refer(small, case, by="officer_PTNMT")
    refer(small, case)
    with pytest.raises(CaseNotOpen, match="was referred"):
        refer(small, case)

"""Late and open are one thing on every page, list, count, file and paper, and what is not confirmed is counted apart on each."""
from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts
from casework.figures.keeping import recount_public_figures
from casework.messages.digests import WHOLE
from casework.models import Case, PublicFigures, Report
from casework.permissions import SYSTEM
from casework.privacy.identity import Contact
from tests import build
from tests.web.desk import Office
from workflows.desks.digests import digest_of
from workflows.desks.late_cases import late_list
from workflows.desks.teams import teams_of
from workflows.desks.unconfirmed import confirm_with_step, set_apart_unconfirmed

ROOT = Path(__file__).parents[3]
DAY = timedelta(days=1)


class GuestOffice(Office):
    """An office that knows which report was set apart."""

    guest: str


@pytest.fixture
def office(app: Flask) -> GuestOffice:
    """Nine cases: three late (one of them on hold), two in time, one to be accepted beyond its limit, one with another body that was
    late before, and two of senders who have not proven who they are, one of them set apart from the inbox."""
    office = GuestOffice(app)
    world, now = office.world, build.NOON
    for days in (20, 21, 22):
        case = build.case_at(world, "handling", now=now - days * DAY)
    build.act(world, case, "hold", "ops_lead", reason="Chờ cấp vật tư.", until=(now + 3 * DAY).date(), now=now - 2 * DAY)
    for _number in range(2):
        build.case_at(world, "handling", now=now - timedelta(hours=2))
    build.file_report(world, now=now - 2 * DAY)
    gone = build.case_at(world, "handling", now=now - 23 * DAY)
    build.act(world, gone, "refer", "operator", body="Chi cục Kiểm lâm", reason="Thuộc thẩm quyền kiểm lâm.", now=now - DAY)
    office.guest = build.file_report(world, by="guest", now=now - 2 * DAY).report.code
    set_apart_unconfirmed(now, provable=("phone",))
    build.file_report(world, by="guest", now=now - timedelta(hours=20))
    return office


TOLD = {
    "the wallboard": ("/wallboard", r"(\d+) Đang mở", r"(\d+) Trễ hạn", r"thêm (\d+): chưa xác nhận liên hệ"),
    "the dashboard": (
        "/dashboard", r"đang trễ hạn, trên (\d+)", r"(\d+) : Trễ hạn đang trễ hạn", r"hay trễ hạn: (\d+) : Chờ xác nhận liên hệ"
    ),
    "its table": ("/dashboard", r"Tất cả \d+ : Trễ hạn \d+ \d+ : Còn hạn (\d+) : Đang mở", r"Tất cả (\d+) : Trễ hạn", ""),
    "the late list": ("/late", "", r"(\d+) hồ sơ đã quá ngày hẹn trả lời", r"hay trễ hạn: (\d+) phản ánh"),
    "the figures": ("/statistics", r"(\d+) : Còn mở cuối kỳ", r"(\d+) : Còn mở, trễ hạn", r"(\d+) : Chờ xác nhận liên hệ"),
    "the public figures": ("/transparency", "", r"Đang xử lý, trễ hạn (\d+) ", r"Chờ xác nhận liên hệ (\d+) "),
}
"""Where each is read, and how open, late and unconfirmed are said there; what a page does not say of the whole is empty."""


def told_by(office: GuestOffice) -> dict[str, tuple[int | None, ...]]:
    keep_facts(office.moment)
    sum_up_days(office.moment)
    recount_public_figures(office.moment)
    told: dict[str, tuple[int | None, ...]] = {}
    for name, (address, *patterns) in TOLD.items():
        words = office.words("operator", address)
        found = [re.search(pattern, words) if pattern else None for pattern in patterns]
        assert all(each for each, pattern in zip(found[:2], patterns, strict=False) if pattern), (name, words[:3_000])
        # where nothing is counted apart no page speaks of it
        told[name] = tuple(int(each[1]) if each else (0 if pattern else None) for each, pattern in zip(found, patterns, strict=True))
    for what in ("open", "late", "unconfirmed"):
        rows = office.get("operator", f"/dashboard/cases?what={what}").get_data(as_text=True)
        told[f"the list of {what}"] = tuple(len(set(re.findall(r"LD-2026-\d{6}", rows))) if each == what else None for each in WHAT)
    gauges = office.get("operator", "/metrics").get_data(as_text=True)
    told["the figures for machines"] = (
        sum(int(float(each)) for each in re.findall(r"^langbiang_cases_open\{[^}]+\} (\S+)", gauges, re.M)),
        *(int(float(re.findall(rf"^langbiang_cases_{what} (\S+)", gauges, re.M)[0])) for what in ("late", "unconfirmed")),
    )
    kept = db.session.scalars(select(PublicFigures).where(PublicFigures.dimension == "all").order_by(PublicFigures.month_on.desc())).first()
    in_time, late, apart = (kept.figures.get(key, 0) if kept is not None else 0 for key in ("open_in_time", "open_late", "unconfirmed"))
    told["the open data"] = in_time + late, late, apart
    return told


WHAT = ("open", "late", "unconfirmed")


@pytest.mark.exhaustive
def test_every_page_list_and_file_that_counts_open_and_late_cases_says_the_same_at_one_minute(office: GuestOffice) -> None:
    assert differing(told_by(office), (6, 3, 2)) == {}


@pytest.mark.exhaustive
def test_a_sender_who_proves_the_contact_moves_the_case_from_one_number_to_the_other_everywhere(office: GuestOffice) -> None:
    report = db.session.scalars(select(Report).where(Report.code == office.guest)).one()
    with unit_of_work():
        confirm_with_step(report, contact=Contact(phone=build.PHONE), now=office.moment, by=SYSTEM)
    assert differing(told_by(office), (7, 3, 1)) == {}


@pytest.mark.exhaustive
def test_accepting_a_case_whose_contact_is_not_confirmed_makes_it_one_like_any_other(office: GuestOffice) -> None:
    case = db.session.scalars(select(Case).where(Case.code == office.guest)).one()
    build.advance(office.world, case, "to_classify")
    assert differing(told_by(office), (7, 3, 1)) == {}


def differing(told: dict[str, tuple[int | None, ...]], expected: tuple[int, ...]) -> dict[str, tuple[int | None, ...]]:
    return {name: each for name, each in told.items() if any(a not in (None, b) for a, b in zip(each, expected, strict=True))}


def test_a_step_of_a_case_that_is_counted_apart_is_not_late_in_inbox_team_and_letter(office: GuestOffice) -> None:
    """It waits where it waited, and says why it is not counted."""
    office.clock(build.NOON + timedelta(hours=6))
    shown = office.words("operator", "/inbox")
    assert "Trễ hạn 2 việc và 1 việc chưa xác nhận liên hệ" in shown, "what another body has, and what nobody has accepted for two days"
    late = office.words("operator", "/inbox?view=late")
    assert "Trễ hạn 2 việc, xếp theo hạn" in late
    with office.app.test_request_context():
        operator = office.world.people["operator"]
        assert digest_of(operator.id, now=office.moment, of=WHOLE).late == 2
        [team] = teams_of(office.world.actor("ops_lead", office.moment), now=office.moment)
        assert team.free.late == 2
        assert len(late_list(office.world.actor("operator", office.moment), now=office.moment).steps) == 2


@pytest.mark.exhaustive
def test_where_nobody_can_prove_a_contact_nobody_is_counted_apart_for_it(office: GuestOffice) -> None:
    office.clock(build.NOON + timedelta(hours=1))
    assert set_apart_unconfirmed(office.moment, provable=("email",)) == 0, "nobody is asked for what cannot be given"
    assert differing(told_by(office), (8, 3, 0)) == {}, "both senders left a telephone number"


SUBJECTS = {"Case", "Assignment", "CaseSpan", "WaitingTask", "case", "assignment", "part", "task", "waiting.c", "facts.c"}
"""What is late on the pages of the house, as modules call it. Timers, messages and orders of files are due, and nobody calls them late."""

OTHER = {
    "casework/doors/api/within.py: Assignment.due_at < wanted.due_before",
    "casework/triage/reclassification.py: case.due_at < old_due",
    "web/outputs/work_lists.py: task.due_at < FAR",
}
"""Comparisons of one limit with another, or with the moment a program asks for."""


@pytest.mark.exhaustive
def test_no_module_but_one_compares_the_limit_of_a_case_a_part_or_a_step_with_a_moment() -> None:
    """Whoever says late asks casework/lateness.py."""
    found = []
    folders = ("benchmark", "casework", "reports", "workflows", "web")
    for path in sorted(each for folder in folders for each in (ROOT / folder).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.LtE | ast.GtE | ast.Lt | ast.Gt):
                continue
            sides = [each for each in (node.left, *node.comparators) if isinstance(each, ast.Attribute) and each.attr == "due_at"]
            if any(ast.unparse(each.value) in SUBJECTS for each in sides):
                found.append(f"{path.relative_to(ROOT)}: {ast.unparse(node)}")
    assert set(found) == OTHER

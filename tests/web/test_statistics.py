"""The pages of the figures: what stands on them, whose figures who reads, the lists behind numbers, freezing and correcting."""
from __future__ import annotations

import json
import re
from datetime import date, timedelta
from html import unescape
from typing import Any

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.events import append
from casework.models import Assignment, Case, CaseSpan, FiguresSnapshot, VisibilityReason
from reports.statistics.figures import FIGURES
from reports.statistics.rates import RATES
from tests.reports.statistics import by_hand, oracle
from tests.reports.statistics.oracle import Loaded
from tests.reports.statistics.test_figures import cut_off
from tests.reports.statistics.test_snapshots import LATER
from tests.web.desk import Office, statements_of
from tests.workflows.bottlenecks.facts import Ground, local
from web.jobs.output_makers import figure_tables
from web.outputs.making import make_outputs
from workflows.bottlenecks.keeping import count_month

MARCH = "/statistics?period=2026-03"


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return Office(sqlite_app, now=LATER)


@pytest.fixture
def loaded(office: Office) -> Loaded:
    loaded = oracle.load_into(office.world)
    cut_off(loaded)
    return loaded


def counted(office: Office) -> int:
    """A round of the worker, which counts what was asked."""
    return make_outputs(office.app, office.app.extensions["file_store"], now=office.moment, clock=lambda: office.moment)


def kept(office: Office, address: str) -> str:
    """The snapshot a page says was kept last."""
    found = re.findall(r'href="(/statistics/snapshots/[^"/]+)"', office.get("ops_lead", address).get_data(as_text=True))
    assert found, office.words("ops_lead", address)
    return str(found[0])


def spans_of(loaded: Loaded) -> Any:
    """The facts of one case that was answered in the period."""
    return db.session.query(CaseSpan).filter_by(case_id=loaded.cases["PA-2026-000003"].id)


def links(page: str, start: str) -> list[str]:
    return [unescape(each) for each in re.findall(r'href="([^"]+)"', page) if each.startswith(start)]


@pytest.mark.exhaustive
def test_the_page_tells_every_figure_with_its_definition_and_every_number_opens_its_list(office: Office, loaded: Loaded) -> None:
    page = office.get("ops_lead", MARCH).get_data(as_text=True)
    words = office.words("ops_lead", MARCH)
    for each in (*FIGURES.values(), *RATES.values()):
        if each.key != "step_hours":
            assert page.count(unescape(each.definition.vi)) or each.definition.vi in unescape(page), each.key
    assert "11/22 (50 %)" in words
    assert "40,8 / 60" in words, "median and 90th percentile in hours, beside the month before"
    assert re.search(r"\b[0-4]/[1-4] (?!\()", words), "under five cases a rate has no percentage"
    assert not re.search(r"\b[0-4]/[1-4] \(", words)
    assert "12:00 25/02/2026" in words
    lists = links(page, "/statistics/cases")
    assert len(lists) > 90
    for link in lists[:: max(1, len(lists) // 25)]:
        assert office.get("ops_lead", link).status_code == 200, link
    received = office.get("ops_lead", next(link for link in lists if "figure=received" in link and "subject" not in link))
    assert received.get_data(as_text=True).count('class="code">') == 33, "34 were received; the quarantined one is in no list"
    assert "PA-2026-000010" not in received.get_data(as_text=True)
    assert "PA-2026-000012" in office.words("ops_lead", "/statistics/cases?period=2026-03&figure=refused&part=ngoai_tham_quyen")
    for by in ("area", "agency", "urgency", "source", "nonsense"):
        assert office.get("inspector", f"{MARCH}&by={by}").status_code == 200
    crossed = office.words("committee_leader", "/statistics/cross?period=2026-03&rows=field&columns=source&figure=handled")
    assert "Lĩnh vực × nguồn" in crossed
    page = office.get("ops_lead", "/statistics/cross?period=2026-03&rows=urgency&columns=source&figure=handled").get_data(as_text=True)
    cell = next(link for link in links(page, "/statistics/cases") if "subject=urgent" in link and "beside_subject=camera" in link)
    behind = office.get("ops_lead", cell).get_data(as_text=True)
    assert re.findall(r"PA-2026-\d+", behind) == ["PA-2026-000014"]
    chips = dict(re.findall(r'<a class="chip" href="([^"]+)">([^<]+) <', behind))
    assert list(chips.values()) == ["Khẩn", "Camera"]
    without_urgent, without_camera = (unescape(address) for address in chips)
    assert ("subject=urgent" in without_urgent, "beside_subject=camera" in without_urgent) == (False, True), without_urgent
    assert ("subject=urgent" in without_camera, "beside" in without_camera) == (True, False)
    for wider in (without_urgent, without_camera):
        assert "PA-2026-000014" in office.words("ops_lead", wider), "what narrowed the list is taken away one by one"
    days = "from=2026-03-01&to"
    for address in ("?period=9999-99&of=", f"?period=other&{days}=x", f"?{days}=2026-03-09", "?period=2026-Q1&by=month"):
        assert office.get("ops_lead", f"/statistics{address}").status_code == 200
    assert office.get("ops_lead", "/statistics?of=nowhere").status_code == 404
    for address in ("?period=20000101-22001231", "?from=2000-01-01&to=2000-01-02", "/cases?figure=received&by=month&subject=2026-99",
                    "/cases?figure=open&after=0.-63082281600000000.1"):
        assert office.get("ops_lead", f"/statistics{address}").status_code == 200, address
    assert "Tháng 4/2026" in office.words("ops_lead", "/statistics?period=2027-01").split("Kỳ số liệu")[0], "what has not begun is not told"
    for figure in ("quarantined", "step_hours", "nonsense", ""):
        assert office.get("ops_lead", f"/statistics/cases?period=2026-03&figure={figure}").status_code == 404
    assert statements_of(lambda: office.get("ops_lead", MARCH)) < 45


def test_a_file_of_the_figures_says_in_its_keys_what_its_values_are(office: Office, loaded: Loaded) -> None:
    answer = office.post("ops_lead", "/exports/new/figures?period=2026-03", form="json", centre=office.world.centre.ref)
    assert figure_tables.MAKERS.keys() >= {"figures"}
    assert counted(office) == 1
    [row] = json.loads(office.get("ops_lead", f"{answer.location}/file").data)
    expected = by_hand.EXPECTED["total"]["working_minutes_filed_to_final"]
    assert {key: value for key, value in row.items() if "filed_to_final" in key} == {
        f"working_hours_filed_to_final_{each}": round(expected[each] / 60, 2) for each in ("median", "p90")
    }, "the file tells hours, as people read it"


@pytest.mark.exhaustive
def test_pages_tell_the_hours_by_step_and_since_when_what_happened_is_not_counted(office: Office, loaded: Loaded) -> None:
    with unit_of_work():
        ground = Ground(office.world)
        case = ground.case("PTNMT")
        ground.step(case, "verify", at=local(3, 2), minutes=60)
    assert count_month(date(2026, 3, 1), now=local(3, 2, 12)), "counted while it lasted, and never after: what came later is not in it"
    with unit_of_work():
        for minutes in (120, 180, 240, 600):
            ground.step(case, "verify", at=local(3, 3), minutes=minutes)
        ground.step(case, "submit_answer", at=local(3, 3), minutes=60, agency="PTNMT")
    for period in ("2026-03", "20260301-20260331", "2026"):
        steps = office.words("ops_lead", f"/statistics/steps?period={period}")
        assert re.search(r"Tiếp nhận, xác minh 5 3 10\b", steps), "times done, median and 90th percentile in hours"
        assert re.search(r" 1 – –", steps), "under five there is no median"
        page = office.get("ops_lead", f"/statistics/steps?period={period}").get_data(as_text=True)
        [chart] = re.findall(r'<svg class="chart".*?</svg>', page, re.DOTALL)
        assert ("Bảng bên dưới có cùng các số này." in chart, chart.count("<rect")) == (True, 1), "one bar, and its figures as text"
        assert re.search(r">3 giờ(?: · quá hạn bước)?<", chart), chart
        assert count_month(date(2026, 3, 1), now=LATER), "from the month kept as from the passages"
    assert "/statistics/steps?period=2026-03" in office.get("ops_lead", MARCH).get_data(as_text=True)
    assert "Kỳ này không có gì để đếm" in office.words("leader_HKL", "/statistics/steps?period=2026-03"), "another agency's steps"
    assert "Số liệu chưa tính xong" not in office.words("ops_lead", MARCH)
    frozen = office.post("ops_lead", "/statistics/freeze", period="2026-03")
    assert counted(office) == 1
    snapshot = kept(office, frozen.location)
    with unit_of_work():
        db.session.query(CaseSpan).filter_by(case_id=loaded.cases["PA-2026-000003"].id).update({"verdict": "in_time"})
        at = LATER - timedelta(minutes=6)
        append(f"case:{case.id}", "classify", by=office.world.actor("operator"), at=at, payload={}, case_id=case.id)
    for address in (MARCH, "/statistics/cross?period=2026-03"):
        assert "Số liệu chưa tính xong: còn thiếu những việc từ" in office.words("ops_lead", address)
    refused = office.post("ops_lead", f"{snapshot}/correct", reason="Một lý do đủ dài.")
    assert refused.status_code == 422
    assert "chưa tính kịp" in refused.get_data(as_text=True), "a correction of half-counted figures would be frozen for good"


def test_who_reads_whose_figures_and_which_cases_behind_them(office: Office, loaded: Loaded) -> None:
    for name in ("records_clerk", "administrator", "officer_PTNMT"):
        assert office.get(name, "/statistics").status_code == 403
    own = office.words("leader_HKL", MARCH)
    assert "Hạt Kiểm lâm huyện Lạc Dương" in own
    page = office.get("leader_HKL", MARCH).get_data(as_text=True)
    assert "Phòng Tài nguyên" not in page
    assert "by=agency" not in page
    assert office.get("leader_HKL", f"{MARCH}&of={loaded.world.centre.ref}").status_code == 404
    assert office.get("leader_HKL", f"{MARCH}&of={loaded.agencies['PTNMT'].ref}").status_code == 404
    assert office.get("leader_HKL", "/statistics/cross?period=2026-03&rows=agency&columns=field").status_code == 200
    # a number counts all, its list has what the leader may read: here the one case their agency has a part of
    with unit_of_work():
        case = db.session.get_one(Case, loaded.cases["PA-2026-000004"].id)
        case.title = "Đường bị sạt lở"
        db.session.add(Assignment(case_id=case.id, agency_id=loaded.agencies["HKL"].id, slot="lead", state="handling", distributed_at=LATER,
                                  distributed_by_id=loaded.world.people["operator"].id))
    behind = "/statistics/cases?period=2026-03&figure=received"
    shown = office.words("leader_HKL", behind)
    assert "PA-2026-000004" in shown
    assert "Đường bị sạt lở" in shown
    link = f'href="/cases/{loaded.cases["PA-2026-000004"].ref}">Đường bị sạt lở</a>'
    assert link in office.get("leader_HKL", behind).get_data(as_text=True), "the title opens the case"
    assert "7 vụ việc" in shown
    assert "PA-2026-000016" not in shown
    assert office.get("inspector", behind).status_code == 404, "an inspector reads registers, no cases"
    assert "/statistics/cases" not in office.get("inspector", MARCH).get_data(as_text=True)
    with unit_of_work():
        reason = db.session.query(VisibilityReason).first()
        db.session.get_one(Case, loaded.cases["PA-2026-000004"].id).visibility_reason_id = reason.id
    assert "Đường bị sạt lở" not in office.words("ops_lead", behind)


@pytest.mark.exhaustive
def test_figures_are_frozen_corrected_and_read_on_pages(office: Office, loaded: Loaded) -> None:
    assert "Chốt số liệu" not in office.words("operator", MARCH)
    form = {"period": "2026-03", "by": "field"}
    for name, status in (("operator", 403), ("committee_leader", 403), ("leader_HKL", 403)):
        assert office.post(name, "/statistics/freeze", **form).status_code == status
    early = office.post("ops_lead", "/statistics/freeze", period="2026-04")
    assert early.status_code == 422
    assert "chưa hết" in early.get_data(as_text=True)
    asked = office.post("ops_lead", "/statistics/freeze", **form)
    assert (asked.status_code, db.session.query(FiguresSnapshot).count()) == (302, 0), "nothing is counted while somebody waits"
    page = office.get("ops_lead", asked.location).get_data(as_text=True)
    progress = re.search(r'hx-get="(/statistics/counting/[^"]+)"', page)
    assert progress is not None
    assert "/statistics/freeze" not in page
    assert "Đang đếm số liệu" in office.words("ops_lead", progress[1])
    for name, status in (("operator", 403), ("committee_leader", 403)):
        assert office.get(name, progress[1]).status_code == status
    assert office.post("ops_lead", "/statistics/freeze", **form).location == asked.location
    assert counted(office) == 1, "asked twice, counted once"
    frozen = kept(office, progress[1])
    words = office.words("ops_lead", frozen)
    assert "Số liệu đã chốt: Tháng 3/2026" in words
    assert "khieu_nai_to_cao" not in words
    again = office.post("ops_lead", "/statistics/freeze", **form)
    assert again.status_code == 422
    assert "Tháng 3/2026" in office.words("committee_leader", "/statistics/snapshots")
    was = spans_of(loaded).one().verdict
    with unit_of_work():
        spans_of(loaded).update({"verdict": "in_time"})
    assert "khác với bản đã chốt" in office.words("ops_lead", MARCH)
    correct = f"{frozen}/correct"
    assert office.post("operator", correct, reason="Một lý do đủ dài.").status_code == 403
    short = office.post("ops_lead", correct, reason="ngắn")
    assert short.status_code == 422
    assert ">ngắn<" in short.get_data(as_text=True).replace("\r", "").replace("\n", ""), "what was typed stays"
    reason = "Ghi nhầm <b>kết luận</b> của vụ việc."
    assert office.post("ops_lead", correct, reason=reason).location == frozen
    with unit_of_work():
        spans_of(loaded).update({"verdict": was})
    assert counted(office) == 1
    page = office.get("ops_lead", frozen).get_data(as_text=True)
    assert "Số liệu hiện nay không khác bản đã chốt" in page, "judged again when it is counted"
    assert "&lt;b&gt;kết luận" in page, "and what was typed stays"
    with unit_of_work():
        spans_of(loaded).update({"verdict": "in_time"})
    assert office.post("ops_lead", correct, reason=reason).status_code == 302
    assert counted(office) == 1
    done = kept(office, frozen)
    page = office.get("ops_lead", done).get_data(as_text=True)
    assert "&lt;b&gt;kết luận" in page
    assert "Đúng hạn" in office.words("ops_lead", done)
    assert "Có bản đính chính sau" in office.words("inspector", frozen)
    assert office.get("leader_HKL", frozen).status_code == 404
    assert "Đã chốt" in office.words("leader_HKL", MARCH), "an agency leader reads what was frozen of their own agency"
    assert db.session.query(FiguresSnapshot).count() == 2

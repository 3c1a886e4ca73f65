"""The pages of bottlenecks: what stands on them, whose numbers, and the event log as files."""
from __future__ import annotations

import csv
import io
import json
import re
from collections import Counter
from datetime import datetime
from html import unescape
from itertools import pairwise

import pytest
from flask import Flask
from flask.testing import FlaskClient
from lxml import etree
from sqlalchemy import select
from werkzeug.test import TestResponse

from casework.db import db, unit_of_work
from casework.models import Case, Event
from tests import build
from tests.second_centre import second_world
from tests.web.pages import at, signed_in, words_of
from tests.workflows.bottlenecks.facts import Ground, local
from workflows.bottlenecks import traces as of_traces
from workflows.bottlenecks import variants as of_variants
from workflows.bottlenecks.event_log import NAMESPACE, STREAM
from workflows.bottlenecks.keeping import count_step_times
from workflows.bottlenecks.reading import BottleneckQuery, last_months
from workflows.bottlenecks.traces import PIECE
from workflows.bottlenecks.variants import directly_follows
from workflows.models import ProcessVersion, Rehearsal

NOW = local(4, 10)
XES = f"{{{NAMESPACE}}}"


@pytest.fixture
def world(sqlite_app: Flask) -> build.World:
    """A house with six cases of the agency PTNMT, one of them handled twice and late, and one in another centre."""
    at(sqlite_app, NOW)
    world = build.standard_world()
    other = second_world(world)
    with unit_of_work():
        ground = Ground(world)
        for day in range(1, 7):
            case = ground.case("PTNMT", ended_at=local(3, 20 + day))
            ground.step(case, "verify", at=local(3, day), minutes=30)
            rounds = 2 if day == 6 else 1
            for number in range(rounds):
                due = local(3, day) if day == 6 else local(3, 30)
                ground.step(case, "submit_answer", at=local(3, day + number, 10), minutes=960, agency="PTNMT", due=due, role="officer")
            ground.step(case, "publish", at=local(3, day + 3), minutes=60)
        ground.step(case, "approve_answer", at=local(3, 7), agency="PTNMT", state="withdrawn")
        elsewhere = Ground(other)
        elsewhere.step(elsewhere.case(ended_at=local(3, 20)), "distribute", at=local(3, 2))
        hidden = ground.case(ended_at=local(3, 20), quarantined_at=local(3, 19))
        ground.step(hidden, "call_hotline", at=local(3, 2))
    count_step_times(NOW)
    return world


def as_(app: Flask, client: FlaskClient, world: build.World, name: str, language: str = "vi") -> FlaskClient:
    signed_in(app, client, world.people[name], now=NOW)
    client.set_cookie("langbiang_language", language)
    return client


def log_of(client: FlaskClient, form: str) -> TestResponse:
    return client.post(f"/studio/heat/log.{form}", buffered=True)


def table_of(answer: TestResponse) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


@pytest.mark.exhaustive
def test_the_page_shows_each_step_with_all_its_numbers_and_says_which_cost_the_most(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    lead = as_(sqlite_app, sqlite_client, world, "ops_lead")
    answer = lead.get("/studio/heat?measure=late")
    page, html = words_of(answer), unescape(answer.text)
    assert "Bước “Xử lý, trình kết quả” tốn nhiều thời gian nhất: nửa số lần từ 2 ngày làm việc trở lên" in page
    assert "2 trên 7 lần trễ hạn; 1 trên 7 lần là làm lại." in page
    assert "Xử lý, trình kết quả 7 2 ngày làm việc 2 ngày làm việc 2/7 28,6 % 1/7 14,3 % 0 14 ngày làm việc" in page
    assert "Duyệt kết quả 0 – – – – 1 –" in page
    assert "Phân công đơn vị 0" in page, "what another centre did is not counted"
    assert "Gọi đường dây nóng 0" in page, "what is in quarantine is not counted"
    marks, badges = (json.loads(unescape(re.search(rf'data-{name}="([^"]*)"', answer.text)[1])) for name in ("marks", "badges"))
    assert (marks["heat4"], badges["submit_answer"], badges["verify"]) == (["submit_answer"], "2/7", "0/6")
    assert "style=" not in re.sub(r'data-diagram="[^"]*"', "", answer.text)
    for anchor in re.findall(r'href="#(at-[\w-]+)"', html):
        assert f'id="{anchor}"' in html
    assert words_of(lead.get("/studio/heat?from=2026-04&to=2026-04")).count("Không có bước nào nổi bật") == 1
    english = words_of(as_(sqlite_app, sqlite_client, world, "committee_leader", "en").get("/studio/heat?measure=median"))
    assert "costs the most time: half take 2 working days or more" in english
    assert "Event log" not in english, "leaders take no log"
    nonsenses = ("from=9999-99&to=x", "version=x&field=x&agency=x&centre=x&measure=x", "from=9999-12&to=2020-01", "from=0001-01&to=0001-01")
    for nonsense in nonsenses:
        assert lead.get(f"/studio/heat?{nonsense}").status_code == 200, nonsense
        assert lead.get(f"/studio/heat/variants?{nonsense}").status_code == 200, nonsense
    assert as_(sqlite_app, sqlite_client, world, "operator").get("/studio/heat").status_code == 403


def test_leaders_find_the_page_from_what_is_late_and_administrators_from_the_studio(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    ref = db.session.scalars(select(ProcessVersion.ref).where(ProcessVersion.key == "field_report")).one()
    ways = (("ops_lead", "/late"), ("committee_leader", "/late"), ("inspector", "/studio"), ("administrator", f"/studio/versions/{ref}"))
    for name, path in ways:
        assert "/studio/heat" in as_(sqlite_app, sqlite_client, world, name).get(path).text, name
    assert "/studio/heat" not in as_(sqlite_app, sqlite_client, world, "operator").get("/late").text
    drawn = as_(sqlite_app, sqlite_client, world, "administrator").get(f"/studio/heat?version={ref}")
    assert "Bản 1" in words_of(drawn)


def test_ways_stand_with_how_many_cases_went_them_and_a_sample_says_so(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    lead = as_(sqlite_app, sqlite_client, world, "ops_lead")
    page = words_of(lead.get("/studio/heat/variants"))
    assert "6 hồ sơ, 2 cách đi" in page
    assert "5 trên 6 hồ sơ (83,3 %) · một nửa mất từ 80 ngày" in page
    assert "1 trên 6 hồ sơ (16,7 %) · quá ít để nêu thời gian · có bước trễ hạn: 1 trên 1" in page
    assert "Tiếp nhận, xác minh → Xử lý, trình kết quả × 2 → Biên tập, công khai kết quả" in page
    monkeypatch.setattr(of_variants, "MOST", 2)
    assert "Kỳ này còn nhiều hồ sơ khác." in words_of(lead.get("/studio/heat/variants"))


def test_the_comparison_with_the_live_model_is_asked_by_who_rehearses_and_read_by_the_leaders(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    assert as_(sqlite_app, sqlite_client, world, "ops_lead").post("/studio/heat/conformance").status_code == 403
    admin = as_(sqlite_app, sqlite_client, world, "administrator")
    assert "Chưa ai yêu cầu đối chiếu" in words_of(admin.get("/studio/heat/variants"))
    assert admin.post("/studio/heat/conformance", data={"from": "2026-03", "to": "2026-03"}).status_code == 302
    assert "Đang chờ đến lượt" in words_of(admin.get("/studio/heat/variants"))
    why = ["Sau “<b>X</b>” …", "After X"]
    told = {"fit": "departs", "at": 1, "why": why, "process": "assignment", "steps": ["verify", "gone"], "number": 5}
    with unit_of_work():
        row = db.session.scalars(select(Rehearsal)).one()
        row.state, row.result = "done", {
            "cases": 6, "is_sample": False, "number": 1, "ways": 2, "allowed": 4, "departs": 2, "undecided": 0, "departing": [told],
            "departing_ways": 1,
        }  # fmt: skip
    page = as_(sqlite_app, sqlite_client, world, "committee_leader").get("/studio/heat/variants")
    assert "Được phép như đã làm 4/6 (66,7 %) Khác với mô hình 2/6 (33,3 %)" in words_of(page)
    assert "Tiếp nhận, xác minh → gone 5 quy trình của đơn vị" in words_of(page)
    assert "<b>X</b>" not in page.text, "a hostile label stays text"


def test_the_log_opens_as_xes_and_csv_and_both_follow_each_other_as_we_count(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert PIECE > 2
    monkeypatch.setattr(of_traces, "PIECE", 2)                               # six cases are read in four pieces
    admin = as_(sqlite_app, sqlite_client, world, "administrator")
    ours = directly_follows(BottleneckQuery(*last_months(NOW, 12)), by=world.actor("administrator"))
    assert ours == {("verify", "submit_answer"): 6, ("submit_answer", "submit_answer"): 1, ("submit_answer", "publish"): 6}

    answer = log_of(admin, "xes")
    assert answer.headers["Content-Disposition"] == 'attachment; filename="nhat-ky-2025-05-2026-04.xes"'
    log = etree.fromstring(answer.data)
    assert [child.tag.removeprefix(XES) for child in log][:8] == ["extension"] * 4 + ["global"] * 2 + ["classifier", "string"]
    # what the log says that every trace and event has, each of them has, and of that type
    declared = {each.get("scope"): [(child.tag, child.get("key")) for child in each] for each in log.iter(f"{XES}global")}
    assert {scope: [key for _type, key in attributes] for scope, attributes in declared.items()} == {
        "trace": ["concept:name"], "event": ["concept:name", "time:timestamp", "lifecycle:transition", "org:role"],
    }  # fmt: skip
    for scope, attributes in declared.items():
        for each in log.iter(f"{XES}{scope}"):
            assert {(child.tag, child.get("key")) for child in each} >= set(attributes), (scope, etree.tostring(each))
    ways = [
        [event.find(f"{XES}string[@key='concept:name']").get("value") for event in trace.iter(f"{XES}event")]
        for trace in log.iter(f"{XES}trace")
    ]
    assert Counter(pair for way in ways for pair in pairwise(way)) == ours
    instants = [datetime.fromisoformat(each.get("value")) for each in log.iter(f"{XES}date") if each.get("key") == "time:timestamp"]
    assert len(instants) == 1 + 6 * 3 + 1
    text = answer.text
    for secret in (*db.session.scalars(select(Case.code)), *(person.full_name for person in world.people.values() if person.full_name)):
        assert secret not in text, "neither codes nor persons"
    assert "call_hotline" not in text

    table = table_of(log_of(admin, "csv"))
    assert [row["element"] for row in table] == [step for way in ways for step in way]
    assert {row["agency"] for row in table if row["element"] == "submit_answer"} == {"PTNMT"}
    assert {row["role"] for row in table} == {"operator", "officer"}
    assert {row["case"] for row in table} == {each.find(f"{XES}string").get("value") for each in log.iter(f"{XES}trace")}
    taken = db.session.scalars(select(Event).where(Event.stream == STREAM).order_by(Event.seq)).all()
    assert [(each.type, each.payload["form"], each.actor_id) for each in taken] == [
        ("export_event_log", form, world.people["administrator"].id) for form in ("xes", "csv")
    ]
    too_long = admin.post("/studio/heat/log.csv", data={"from": "2025-01", "to": "2026-03"})
    assert (too_long.status_code, "tối đa 12 tháng" in words_of(too_long)) == (422, True)
    assert admin.post("/studio/heat/log.exe").status_code == 404
    assert as_(sqlite_app, sqlite_client, world, "ops_lead").post("/studio/heat/log.csv").status_code == 403


def test_cells_that_begin_a_formula_and_hostile_outcomes_stay_text(
    sqlite_app: Flask, sqlite_client: FlaskClient, world: build.World
) -> None:
    with unit_of_work():
        ground = Ground(world)
        ground.step(ground.case(ended_at=local(3, 28)), "verify", at=local(3, 27), outcome='=HYPERLINK("x")')
    admin = as_(sqlite_app, sqlite_client, world, "administrator")
    last = table_of(log_of(admin, "csv"))[-1]
    assert last["outcome"] == "'=HYPERLINK(\"x\")"
    assert "=HYPERLINK(\"x\")" in [each.get("value") for each in etree.fromstring(log_of(admin, "xes").data).iter(f"{XES}string")]

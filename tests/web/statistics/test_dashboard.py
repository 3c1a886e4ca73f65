"""The dashboard: every number is the length of the list it opens, who sees whose, no percentage of a few, nothing quarantined."""
from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from datetime import datetime, timedelta
from html import unescape

import pytest
from flask import Flask
from sqlalchemy import func, select

from casework.db import db, unit_of_work
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts
from casework.models import Assignment, Case, CaseSpan, VisibilityReason
from casework.permissions import Role, desk_name
from reports.charts import ACROSS_WIDTH, LINES_WIDTH, SHARES_WIDTH, across, against_limits, divided, lined, traced
from reports.statistics.counting import figures_of, series_of
from reports.statistics.periods import period_at
from reports.statistics.standing import MOST_POINTS, OpenState, standing_at, standing_cases, standing_now, standing_over
from reports.statistics.subjects import WHOLE, Scope
from tests import build
from tests.casework.acting import local
from tests.grounds import remembered
from tests.web.desk import Office, statements_of
from web.statistics.over_time import TREND_KEYS
from workflows.bottlenecks.keeping import count_step_times
from workflows.models import WaitingTask

NOW = local(12, 3, 9)
"""The urgent case was due on Tuesday 03/03, the one with two agencies when Wednesday 11/03 was over."""

LINK = re.compile(r'<a[^>]*href="(/(?:dashboard|statistics)/cases\?[^"]+)"[^>]*>(\d+)<')
LATE_WORDS = r"%d ?: Trễ hạn đang trễ hạn, trên %d ?: Đang mở đang mở"


@remembered
def busy_centre(world: build.World) -> None:
    """Late ones and such that have time, one to verify, one answered, one in quarantine."""
    build.case_at(world, "handling", agencies=2)
    build.case_at(world, "handling", urgent=True, by="citizen_2")
    build.case_at(world, "to_verify", now=local(12, 3, 8))
    build.case_at(world, "handling", now=local(11, 3, 9))
    build.case_at(world, "handling", now=local(5, 3, 9))
    hidden = build.case_at(world, "handling", now=local(6, 3, 9))
    build.act(world, hidden, "quarantine", "operator", reason="Nội dung là tố cáo.", now=local(6, 3, 14))
    build.case_at(world, "rating")
    keep_facts(NOW)


def busy_office(app: Flask) -> Office:
    office = Office(app)
    busy_centre(office.world)
    office.clock(NOW)
    return office


@pytest.fixture
def office(sqlite_app: Flask) -> Office:
    return busy_office(sqlite_app)


def numbers_of(page: str) -> Iterator[tuple[str, int]]:
    for link, number in LINK.findall(page):
        yield unescape(link), int(number)


def listed(office: Office, name: str, link: str) -> list[str]:
    """The codes of a list, page after page."""
    codes: list[str] = []
    while link:
        answer = office.get(name, link)
        assert answer.status_code == 200, link
        page = answer.get_data(as_text=True)
        codes += re.findall(r'class="code">([^<]+)<', page)
        following = re.search(r'href="([^"]+after=[^"]+)"', page)
        link = unescape(following[1]) if following else ""
    return codes


def test_every_number_is_the_length_of_the_list_it_opens_and_what_is_quarantined_is_nowhere(office: Office) -> None:
    hidden = db.session.scalars(select(Case).where(Case.quarantined_at.is_not(None))).one()
    count_step_times(NOW)
    page = office.get("ops_lead", "/dashboard").get_data(as_text=True)
    found = dict(numbers_of(page))
    assert len(found) >= 19
    for link, number in found.items():
        codes = listed(office, "ops_lead", link)
        # the figures of a period count what has left the system too, for the whole alone, and only count it (docs/statistics.md)
        is_counted = "figure=received" in link and "W10" in link
        assert len(codes) == number - is_counted, link
        assert hidden.code not in codes
    assert hidden.code not in page
    words = office.words("ops_lead", "/dashboard")
    assert re.search(LATE_WORDS % (2, 5), words), words
    assert "Xử lý" in words
    assert "/acts/direct" not in page
    assert not re.search(r"\b[0-4]/[0-4] \(", words), "under five cases a rate has no percentage"
    assert "Chưa giao đơn vị" in words
    # what was counted before the facts are read anew is not told either
    with unit_of_work():
        fresh = db.session.scalars(select(Case).where(Case.state == "handling").order_by(Case.id)).first()
        assert fresh is not None
        fresh.quarantined_at = NOW
        code = fresh.code
    assert re.search(LATE_WORDS % (1, 4), office.words("ops_lead", "/dashboard"))
    assert code not in office.get("ops_lead", "/dashboard").get_data(as_text=True)
    assert code not in office.get("ops_lead", "/dashboard/places.json").get_data(as_text=True)
    month = office.words("ops_lead", "/dashboard?trend=month&period=2026-02")
    assert "từng tháng" in month
    assert office.get("ops_lead", "/dashboard?period=nonsense&trend=x").status_code == 200


def test_who_reads_it_and_that_an_agencys_leader_sees_their_own_alone(office: Office) -> None:
    world = office.world
    for name in ("records_clerk", "administrator", "officer_PTNMT", "process_approver", "confidential_reader"):
        assert office.get(name, "/dashboard").status_code == 403
    leader = office.get("committee_leader", "/dashboard").get_data(as_text=True)
    assert leader.count("/acts/direct") == 2
    assert "Đôn đốc" not in leader
    assert "Chờ Ông/Bà quyết định" not in leader
    with unit_of_work():
        waiting = select(WaitingTask).where(WaitingTask.desk.startswith("operator@"), WaitingTask.state == "waiting")
        step = db.session.scalars(waiting.order_by(WaitingTask.id)).first()
        assert step is not None
        step.desk = desk_name(Role.COMMITTEE_LEADER, centre_id=world.centre.id)
    assert f'href="/tasks/{step.ref}"' in office.get("committee_leader", "/dashboard").get_data(as_text=True), "a short list of their own"
    assert "Chờ Ông/Bà quyết định" not in office.words("ops_lead", "/dashboard")
    inspector = office.get("inspector", "/dashboard").get_data(as_text=True)
    assert not list(numbers_of(inspector))
    assert "/cases/" not in inspector
    for address in ("/dashboard/cases?what=open", "/dashboard/places.json"):
        assert office.get("inspector", address).status_code == 404
    own = office.get("leader_PTNMT", "/dashboard").get_data(as_text=True)
    others = [row.name_vi for key, row in world.agencies.items() if key != "PTNMT"]
    assert "Việc ai đang giữ" in own
    assert not any(other in own for other in others)
    for link, number in numbers_of(own):
        assert len(listed(office, "leader_PTNMT", link)) == number, link
    open_cases = listed(office, "leader_PTNMT", "/dashboard/cases?what=open")
    mine = db.session.scalars(select(Case.code).where(Case.lead_agency_id == world.agencies["PTNMT"].id, Case.quarantined_at.is_(None)))
    assert set(open_cases) < set(mine)
    assert listed(office, "leader_HKL", "/dashboard/cases?what=open") == []
    assert "Không có việc nào trễ hạn" in office.words("leader_HKL", "/dashboard")
    for ref in (world.centre.ref, world.agencies["HKL"].ref, "nowhere"):
        for address in ("/dashboard?", "/dashboard/cases?what=open&", "/dashboard/places.json?"):
            assert office.get("leader_PTNMT", f"{address}of={ref}").status_code == 404
    assert listed(office, "leader_PTNMT", f"/dashboard/cases?what=open&agency={world.agencies['HKL'].ref}") == []
    for what in ("", "nonsense", "closed"):
        assert office.get("ops_lead", f"/dashboard/cases?what={what}").status_code == 404
    assert office.get("ops_lead", "/dashboard/cases?what=open&after=9999999999999999999.1").status_code == 200


def test_sensitive_cases_stand_at_their_commune_without_a_title(office: Office) -> None:
    with unit_of_work():
        case = db.session.scalars(select(Case).where(Case.state == "handling").order_by(Case.id)).first()
        assert case is not None
        case.title, case.village, case.latitude, case.longitude = "Tên không được in", "Thôn kín", 12.0123, 108.4321
        case.visibility_reason_id = db.session.scalars(select(VisibilityReason.id)).first()
        code, area = case.code, case.area.ref if case.area else ""
    for address in ("/dashboard", "/dashboard/places.json", "/dashboard/cases?what=late"):
        told = office.get("ops_lead", address).get_data(as_text=True)
        assert "Tên không được in" not in told
        assert "Thôn kín" not in told
        assert "12.0123" not in told
    assert code in listed(office, "ops_lead", f"/dashboard/cases?what=open&area={area}")
    assert listed(office, "ops_lead", f"/dashboard/cases?what=open&area={area}&village=Thôn kín") == []
    points = office.get("ops_lead", "/dashboard/places.json").get_json()
    assert len(points["points"]) + sum(area["count"] for area in points["areas"]) <= MOST_POINTS
    assert points["words"]


@pytest.mark.exhaustive
def test_what_waits_for_a_decision_is_told_with_its_list(office: Office) -> None:
    world = office.world
    part = db.session.scalars(select(Assignment).where(Assignment.ended_at.is_(None)).order_by(Assignment.id)).first()
    assert part is not None
    case, agency = part.case, part.agency
    build.act(world, case, "progress_note", f"officer_{agency.key}", assignment=part, words="Chờ ống D110, hẹn 14/03.", now=NOW)
    assert "Tiến độ: Chờ ống D110" in office.words("ops_lead", "/dashboard")
    assert "Chờ ống D110" not in office.words("inspector", "/dashboard")
    # asked for before the time is over: of another case, which is not late
    waiting = db.session.scalars(select(Assignment).where(Assignment.due_at > NOW).order_by(Assignment.due_at.desc())).first()
    assert waiting is not None
    case = waiting.case
    build.act(world, case, "request_extension", f"officer_{waiting.agency.key}", assignment=waiting, reason="Cần thêm vật tư.",
              until=local(25, 3, 9).date(), now=NOW)
    words = office.words("ops_lead", "/dashboard")
    assert "1 xin gia hạn chờ quyết định" in words
    assert listed(office, "ops_lead", "/dashboard/cases?what=extension") == [case.code]
    assert listed(office, "ops_lead", "/dashboard/cases?what=review") == []
    rated = build.case_at(world, "rating", now=local(9, 3, 9))
    build.rate(world, rated, level="dissatisfied")
    words = office.words("committee_leader", "/dashboard")
    assert "1 đánh giá chưa hài lòng chờ xem lại" in words
    assert "Chưa dọn hết" not in words, "the words of a rating are read at its step alone"
    assert listed(office, "committee_leader", "/dashboard/cases?what=review") == [rated.code]
    # once is no matter for a leader, twice is
    back = build.case_at(world, "at_agency", now=local(11, 3, 14))
    handed = {"act": "hand_back", "agency": world.agencies["PTNMT"], "reason": "Không thuộc thẩm quyền."}
    build.do(world, back, "accept_assignment", "officer_PTNMT", **handed)
    assert listed(office, "ops_lead", "/dashboard/cases?what=handed_back") == []
    build.do(world, back, "decide_hand_back", "operator", agency=world.agencies["PTNMT"], upheld=False, words="Xin xem lại.")
    build.do(world, back, "accept_assignment", "officer_PTNMT", **handed)
    assert listed(office, "ops_lead", "/dashboard/cases?what=handed_back") == [back.code]
    assert "1 chuyển trả từ lần thứ hai" in office.words("leader_PTNMT", "/dashboard")
    assert "chuyển trả từ lần thứ hai" not in office.words("leader_HKL", "/dashboard")
    assert "Số liệu của tháng 2/2026 chưa chốt" in office.words("ops_lead", "/dashboard")
    assert "chưa chốt" not in office.words("operator", "/dashboard")


@pytest.mark.exhaustive
def test_an_empty_centre_has_a_dashboard_and_what_it_costs_does_not_grow(sqlite_app: Flask) -> None:
    office = Office(sqlite_app)
    for name in ("ops_lead", "committee_leader", "leader_PTNMT", "inspector"):
        words = office.words(name, "/dashboard")
        assert "Không có việc nào trễ hạn" in words
        assert not list(numbers_of(office.get(name, "/dashboard").get_data(as_text=True)))
    empty = statements_of(lambda: office.get("ops_lead", "/dashboard"))
    busy_centre(office.world)
    office.clock(NOW)
    office.get("ops_lead", "/dashboard")
    busy = statements_of(lambda: office.get("ops_lead", "/dashboard"))
    for _ in range(4):
        build.case_at(office.world, "handling")
    keep_facts(NOW)
    assert statements_of(lambda: office.get("ops_lead", "/dashboard")) <= busy
    assert (empty, busy) < (95, 130), (empty, busy)


@pytest.mark.exhaustive
def test_how_it_stood_then_is_what_stood_now_at_that_time(app: Flask) -> None:
    office = Office(app)
    busy_centre(office.world)
    office.clock(NOW)
    for name in ("ops_lead", "leader_PTNMT"):
        page = office.get(name, "/dashboard").get_data(as_text=True)
        own = [(link, number) for link, number in numbers_of(page) if link.startswith("/dashboard")]
        assert own
        assert all(len(listed(office, name, link)) == number for link, number in own)
    scope = Scope((office.world.centre.id,))
    for hours in (0, 1, 30):
        moment = NOW + timedelta(hours=hours)
        now = standing_now(scope, now=moment)
        then = standing_at(scope, moment)
        assert {each: sum(row[each] for row in now.values()) for each in OpenState} == {each: then[each] for each in OpenState}
        weekly = [moment - timedelta(days=7 * ago) for ago in range(6, -1, -1)]
        assert standing_over(scope, weekly)[-1] == then
        for each, kept in zip(weekly, standing_over(scope, weekly), strict=True):
            assert kept == counted_one_by_one(each), each
        for what in OpenState:
            one_by_one, after = [], ""
            while True:
                page = standing_cases(what, scope, now=moment, after=after, limit=1)
                one_by_one += [row.case_id for row in page.rows]
                if page.next is None:
                    break
                after = page.next
            assert len(set(one_by_one)) == len(one_by_one) == then[what]
    assert db.session.scalar(select(func.count(CaseSpan.id))) == 7
    own = Scope((office.world.centre.id,), agency_id=office.world.agencies["PTNMT"].id)
    for kind in ("week", "month"):
        periods = [period_at(kind, NOW, centre_id=office.world.centre.id)]
        periods += [periods[0].before()]
        for _ in range(2):        # from the facts, then from the sums of days
            for each in (scope, own):
                one_by_one = [figures_of(each, period, keys=TREND_KEYS, now=NOW)[WHOLE] for period in periods]
                assert series_of(each, periods, keys=TREND_KEYS, now=NOW) == one_by_one
                assert any(row["received"] for row in one_by_one)
            sum_up_days(NOW)


def counted_one_by_one(moment: datetime) -> Counter[str]:
    """What was open at a moment, from every stretch by itself; no contact is unconfirmed here."""
    found: Counter[str] = Counter(dict.fromkeys(OpenState, 0))
    for span in db.session.scalars(select(CaseSpan)):
        if not span.source or span.opened_at >= moment or (span.ended_at is not None and span.ended_at < moment):
            continue
        left = span.due_at - moment if span.due_at is not None else None
        if left is not None and left <= timedelta(0):
            what = OpenState.LATE
        else:
            what = OpenState.SOON if left is not None and left <= timedelta(hours=24) else OpenState.IN_TIME
        found.update([OpenState.OPEN, what, *([OpenState.URGENT] if span.urgency == "urgent" else [])])
    return found


def test_charts_hold_their_bars_in_their_frame() -> None:
    assert across([]).bars == against_limits([]).bars == lined([], []).lines == ()
    lying = across([("Một đơn vị có tên rất dài ở huyện", [("late", 1), ("soon", 0), ("open", 999)]), ("Hai", [("late", 0)])])
    assert all(piece.x + piece.width <= ACROSS_WIDTH for bar in lying.bars for piece in bar.pieces)
    assert lying.bars[0].name.endswith("…")
    assert lying.bars[0].pieces[0].words == "", "no room for a number"
    limits = against_limits([("Bước", 90.0, 30.0, "soon", "1,5 giờ"), ("Khác", 10.0, None, "done", "0,2 giờ")])
    assert limits.bars[0].limit is not None
    assert limits.bars[0].limit < ACROSS_WIDTH
    chart = lined(["1/3", "8/3"], [("in", [12, 3]), ("out", [0, 0])], since=1.0)
    assert [line.peak[2] if line.peak else None for line in chart.lines] == [12, None]
    assert chart.since is not None
    assert chart.labels[0][0] < chart.since < chart.labels[1][0] < LINES_WIDTH
    whole, nothing = divided([("Nay", [("satisfied", 3), ("dissatisfied", 1)]), ("Trước", [("satisfied", 0)])])
    assert whole.pieces[-1].x + whole.pieces[-1].width <= SHARES_WIDTH
    assert ([piece.words for piece in whole.pieces], nothing.pieces) == (["3", "1"], ())


def test_a_trace_leaves_out_what_is_not_known() -> None:
    assert traced([None, 2.0, None]) is None, "one point is no trace"
    gap = traced([1.0, None, 3.0, 4.0])
    assert gap is not None
    assert (gap.path.count("M"), gap.path.count("L")) == (2, 1)
    flat = traced([2.0, 2.0, None])
    assert flat is not None
    assert flat.end is None


def test_the_last_days_are_shown_unless_others_are_asked_for_and_the_numbers_of_now_can_be_asked_again(office: Office) -> None:
    usual = office.words("ops_lead", "/dashboard")
    assert "so với 28 ngày trước đó" in usual
    assert "Tám tuần qua: " in usual, "a trace says its numbers"
    assert "so với 7 ngày trước đó" in office.words("ops_lead", "/dashboard?days=7")
    assert "so với 28 ngày trước đó" in office.words("ops_lead", "/dashboard?days=29")
    assert "so với tháng 2/2026" in office.words("ops_lead", "/dashboard?period=2026-03")
    asked = office.get("ops_lead", "/dashboard/pulse")
    page = dict(numbers_of(office.get("ops_lead", "/dashboard").get_data(as_text=True)))
    told = {each: asked.json[each] for each in ("late", "open", "soon", "urgent")}
    assert all(told[each] == page.get(f"/dashboard/cases?what={each}", 0) for each in told), (told, page)
    again = office.browser("ops_lead").get("/dashboard/pulse", headers={"If-None-Match": asked.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    with unit_of_work():
        case = db.session.scalars(select(Case).where(Case.state == "handling").order_by(Case.id)).first()
        assert case is not None
        case.quarantined_at = NOW
    assert office.get("ops_lead", "/dashboard/pulse").json["open"] == told["open"] - 1
    assert office.get("leader_PTNMT", "/dashboard/pulse").json["open"] < told["open"], "theirs alone"
    assert office.get("leader_PTNMT", f"/dashboard/pulse?of={office.world.centre.ref}").status_code == 404
    assert office.get("officer_PTNMT", "/dashboard/pulse").status_code == 403
    office.clock(local(1, 4, 9))
    first = office.get("ops_lead", "/dashboard").get_data(as_text=True)
    assert "period=20260305-20260401" in first, "the first of a month is a day like others"


DAY = re.compile(
    r'<time datetime="([\d-]+)">(?:(?!<time).)*?href="(/dashboard/cases\?[^"]+)"><span class="due-n"><svg.*?</svg>(\d+)<', re.DOTALL
)


def test_each_day_of_the_calendar_opens_what_is_due_on_it_and_each_sees_their_own(app: Flask) -> None:
    office = busy_office(app)
    page = office.get("ops_lead", "/dashboard/calendar?month=2026-03").get_data(as_text=True)
    days = {day: (unescape(link), int(number)) for day, link, number in DAY.findall(page)}
    assert {"2026-03-03", "2026-03-11"} <= set(days), "a limit that ends with a day stands on that day"
    for day, (link, number) in days.items():
        assert f"day={day}" in link
        assert len(listed(office, "ops_lead", link)) == number, day
    due = db.session.scalars(select(CaseSpan).join(Case).where(CaseSpan.ended_at.is_(None), CaseSpan.due_at.is_not(None),
                                                              Case.quarantined_at.is_(None))).all()  # fmt: skip
    assert sum(number for _link, number in days.values()) == len(due)
    assert "trễ hạn" in office.words("ops_lead", "/dashboard/calendar?month=2026-03")
    week = office.get("ops_lead", "/dashboard/calendar?week=2026-03-03").get_data(as_text=True)
    assert {day for day, _link, _number in DAY.findall(week)} == {day for day in days if "2026-03-02" <= day <= "2026-03-08"}
    own = office.get("leader_PTNMT", "/dashboard/calendar?month=2026-03").get_data(as_text=True)
    theirs = sum(int(number) for _day, _link, number in DAY.findall(own))
    assert theirs == sum(span.agency_id == office.world.agencies["PTNMT"].id for span in due) > 0
    assert not DAY.findall(office.get("leader_HKL", "/dashboard/calendar?month=2026-03").get_data(as_text=True)), "theirs alone"
    assert not DAY.findall(office.get("inspector", "/dashboard/calendar?month=2026-03").get_data(as_text=True)), "numbers, no lists"
    assert office.get("officer_PTNMT", "/dashboard/calendar").status_code == 403
    assert office.get("leader_PTNMT", f"/dashboard/calendar?of={office.world.centre.ref}").status_code == 404
    for odd in ("month=0000-13", "month=9999-12", "week=x", "month="):
        assert office.get("ops_lead", f"/dashboard/calendar?{odd}").status_code == 200, odd
    assert office.get("ops_lead", "/dashboard/cases?what=open&day=9999-99-99").status_code == 200

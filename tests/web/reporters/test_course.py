"""The bar of a sender's own page is made of what happened: it only grows, whatever becomes of the report."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

import pytest
from flask import Flask

from casework.db import db
from casework.models import Case, Report
from casework.reporters.report import own_report
from tests import build
from tests.conftest import on_sqlite
from tests.web.pages import at

NOON = build.NOON
Day = tuple[str, str]
Story = Callable[[build.World], Iterator[Report]]
PUBLISHED = {"title": "Rác đổ ven suối", "question": "Người dân phản ánh rác đổ ven suối.", "checked": True}


@pytest.fixture
def world(app: Flask) -> build.World:
    at(app, NOON + timedelta(hours=3))
    return build.standard_world()


def happened(report: Report) -> list[Day]:
    """The steps of the bar that have a day."""
    db.session.expire_all()
    course = own_report(report, now=NOON + timedelta(days=9)).course
    assert [step.standing for step in course].count("now") == 1
    standings = [step.standing for step in course]
    assert standings == sorted(standings, key=("done", "now", "ahead").index), "what is to come stands at the right"
    return [(step.words.vi, f"{step.at:%d %H:%M}") for step in course if step.at is not None]


def later(*cases: Case) -> dict[str, object]:
    return {"now": max(build.next_moment(case) for case in cases)}


# -- the stories: each gives the report again whenever something has happened ---------------------------------------------


def redone_and_handed_back(world: build.World) -> Iterator[Report]:
    case = build.case_at(world, "to_distribute")
    yield case.main_report
    build.distribute(world, case, agencies=2)
    build.do(world, case, "accept_assignment", "officer_PTNMT", agency=world.agencies["PTNMT"])
    yield case.main_report
    build.do(world, case, "accept_assignment", "officer_UBND-LAT", act="hand_back", agency=world.agencies["UBND-LAT"], reason="Thuộc xã.")
    build.do(world, case, "decide_hand_back", "operator", agency=world.agencies["UBND-LAT"], upheld=True, words="")
    yield case.main_report
    build.submit(world, case)
    build.redo(world, case, world.agencies["PTNMT"])
    yield case.main_report
    build.advance(world, case, "rating")
    yield case.main_report


def reopened_twice_over(world: build.World) -> Iterator[Report]:
    case = build.case_at(world, "rating")
    for _ in range(2):
        yield case.main_report
        build.rate(world, case, level="dissatisfied")
        yield case.main_report
        build.do(world, case, "review_rating", "ops_lead", outcome="reopened", words="Sẽ dọn tiếp.")
        yield case.main_report
        build.advance(world, case, "rating")
    yield case.main_report
    build.rate_and_close(world, case)
    yield case.main_report


def an_interim_answer_first(world: build.World) -> Iterator[Report]:
    case = build.case_at(world, "handling", agencies=2)
    yield case.main_report
    agency = world.agencies["PTNMT"]
    build.do(world, case, "submit_answer", "officer_PTNMT", agency=agency, **build.ANSWER)
    build.do(world, case, "approve_answer", "leader_PTNMT", agency=agency)
    build.act(world, case, "publish_interim", "operator", **PUBLISHED)
    yield case.main_report
    build.advance(world, case, "rating")
    yield case.main_report


def asked_twice_and_referred_twice(world: build.World) -> Iterator[Report]:
    case = build.case_at(world, "to_classify")
    report = case.main_report
    for _ in range(2):
        build.act(world, case, "ask_reporter", "operator", report=report, words="Ở bờ nào?", when_unanswered="continue")
        yield report
        build.do(world, case, "answer_question", "citizen", report=report, words="Bờ phía thôn.")
        yield report
    build.advance(world, case, "handling")
    yield report
    for _ in range(2):
        build.act(world, case, "refer", "operator", body="Điện lực", reason="Trụ điện.")
        yield report
        build.do(world, case, "close_referral", "operator", act="take_back", result="Không phải trụ điện.")
        yield report
    build.advance(world, case, "rating")
    yield report


def refused_objected(world: build.World, *, upheld: bool) -> Iterator[Report]:
    case = build.case_at(world, "to_verify")
    report = case.main_report
    yield report
    build.do(world, case, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Chưa rõ nơi.")
    yield report
    build.do(world, case, "object_to_refusal", "citizen", report=report, words="Đã ghi rõ.")
    yield report
    build.do(world, case, "decide_objection", "ops_lead", upheld=upheld, words="Đã xem ảnh.")
    yield report
    if upheld:
        build.advance(world, case, "handling")
        yield report


def upheld(world: build.World) -> Iterator[Report]:
    yield from refused_objected(world, upheld=True)


def dismissed(world: build.World) -> Iterator[Report]:
    yield from refused_objected(world, upheld=False)


def merged_and_split_off(world: build.World) -> Iterator[Report]:
    """A report with a past of its own: referred and taken back, merged into a case that is further on, split off once that is answered."""
    main, other = build.case_at(world, "handling"), build.case_at(world, "to_classify", by="citizen_2", words="Suối đầy rác.")
    report = other.main_report
    build.act(world, other, "refer", "operator", body="Điện lực", reason="Trụ điện.")
    build.do(world, other, "close_referral", "operator", act="take_back", result="Không phải trụ điện.")
    yield report
    build.act(world, other, "merge", "operator", into=main, **later(main, other))                    # type: ignore[arg-type]
    yield report
    build.advance(world, main, "rating")
    yield report
    build.act(world, main, "split", "operator", report=report, reason="Là việc khác.", **later(main, other))  # type: ignore[arg-type]
    yield report
    build.advance(world, other, "handling")
    yield report
    build.advance(world, other, "rating")
    yield report


def merged_with_its_agency(world: build.World) -> Iterator[Report]:
    main, other = build.case_at(world, "handling"), build.case_at(world, "to_distribute", by="citizen_2", words="Suối đầy rác.")
    build.do(world, other, "distribute", "operator", lead=world.agencies["HKL"], cooperating=[])
    build.do(world, other, "accept_assignment", "officer_HKL", agency=world.agencies["HKL"])
    report = other.main_report
    yield report
    build.act(world, other, "merge", "operator", into=main, **later(main, other))                    # type: ignore[arg-type]
    yield report
    build.act(world, main, "split", "operator", report=report, reason="Là việc khác.", **later(main, other))  # type: ignore[arg-type]
    yield report


def withdrawn_from_a_case_of_others(world: build.World) -> Iterator[Report]:
    main, other = build.case_at(world, "handling"), build.case_at(world, "to_classify", by="citizen_2", words="Suối đầy rác.")
    report = other.main_report
    build.act(world, other, "merge", "operator", into=main, **later(main, other))                    # type: ignore[arg-type]
    build.act(world, main, "refer", "operator", body="Điện lực", reason="Trụ điện.")
    build.do(world, main, "close_referral", "operator", act="take_back", result="Không phải trụ điện.")
    yield report
    build.act(world, main, "withdraw_report", "citizen_2", report=report)
    yield report
    build.advance(world, main, "rating")
    yield report


STORIES: tuple[Story, ...] = (
    redone_and_handed_back, reopened_twice_over, an_interim_answer_first, asked_twice_and_referred_twice, upheld, dismissed,
    merged_and_split_off, merged_with_its_agency, withdrawn_from_a_case_of_others,
)  # fmt: skip


@pytest.mark.exhaustive(but=3)
@on_sqlite
@pytest.mark.parametrize("story", STORIES, ids=lambda story: story.__name__)
def test_what_has_happened_stays_on_the_bar_with_its_day(world: build.World, app: Flask, story: Story) -> None:
    before: list[Day] = []
    for report in story(world):
        steps = happened(report)
        assert steps[: len(before)] == before
        before = steps


def words_at_the_end(world: build.World, story: Story) -> list[str]:
    report = list(story(world))[-1]
    return [words for words, _day in happened(report)]


@pytest.mark.exhaustive(but=5)
@on_sqlite
@pytest.mark.parametrize(("story", "steps"), [
    (redone_and_handed_back, "Đã gửi, Tiếp nhận, Xử lý, Trả lời"),
    (an_interim_answer_first, "Đã gửi, Tiếp nhận, Xử lý, Trả lời"),
    (reopened_twice_over, "Đã gửi, Tiếp nhận, Xử lý, Trả lời, Xem lại, Xử lý lại, Trả lời lại, Xem lại, Xử lý lại, Trả lời lại, Kết thúc"),
    (asked_twice_and_referred_twice, ("Đã gửi, Tiếp nhận, Bổ sung, Xử lý, Chuyển cơ quan khác, Xử lý tiếp, Chuyển cơ quan khác, "
                                     "Xử lý tiếp, Trả lời")),
    (upheld, "Đã gửi, Không tiếp nhận, Xem lại, Tiếp nhận, Xử lý"),
    (dismissed, "Đã gửi, Không tiếp nhận, Xem lại, Không tiếp nhận"),
    (merged_and_split_off, "Đã gửi, Tiếp nhận, Chuyển cơ quan khác, Xử lý tiếp, Xử lý, Trả lời, Xử lý lại, Trả lời lại"),
    (merged_with_its_agency, "Đã gửi, Tiếp nhận, Xử lý"),
    (withdrawn_from_a_case_of_others, "Đã gửi, Tiếp nhận, Xử lý, Chuyển cơ quan khác, Xử lý tiếp, Đã rút"),
], ids=lambda value: getattr(value, "__name__", ""))
def test_the_bar_says_in_order_what_became_of_the_report(world: build.World, app: Flask, story: Story, steps: str) -> None:
    assert words_at_the_end(world, story) == steps.split(", ")


@on_sqlite
def test_what_a_case_had_done_before_counts_for_a_sender_from_the_merge(world: build.World, app: Flask) -> None:
    main = build.case_at(world, "handling", now=NOON - timedelta(days=2))
    other = build.case_at(world, "to_classify", by="citizen_2", words="Suối đầy rác.")
    now, joined = build.next_moment(other), other.main_report
    build.act(world, other, "merge", "operator", into=main, now=now)
    assert happened(joined)[-1] == ("Xử lý", f"{now:%d %H:%M}")
    words, day = happened(main.main_report)[-1]
    assert words == "Xử lý"
    assert day.startswith(f"{NOON - timedelta(days=2):%d}")


@on_sqlite
def test_a_report_under_a_procedure_of_its_own_has_no_bar_until_it_is_over(world: build.World, app: Flask) -> None:
    case = build.case_at(world, "handling")
    before = happened(case.main_report)
    build.act(world, case, "quarantine", "operator", reason="Tố cáo cán bộ.")
    db.session.expire_all()
    assert own_report(case.main_report, now=NOON).course == ()
    assert before

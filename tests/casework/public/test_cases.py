"""The public finds what it may know and nothing else: before publication bare facts, never sensitive, refused or withdrawn cases."""
from __future__ import annotations

from dataclasses import asdict
from datetime import date, timedelta

import pytest
from flask import Flask
from sqlalchemy import event as sqlalchemy_event
from sqlalchemy import select

from casework.db import db, unit_of_work
from casework.models import Case, Clock, Publication, Question, ReportText, VisibilityReason
from casework.public import filters as public_filters
from casework.public.cases import code_of_case, newest_published, public_case, public_list
from casework.public.filters import PublicFilter, PublicState
from casework.reporters.next_steps import NEXT
from casework.search.rows import refresh_search_rows
from casework.states import CaseState
from tests import build
from tests.casework.acting import local
from tests.with_photos import pictured_case, publish, reopened_case, scene_photo

NOON = build.NOON


@pytest.fixture
def world(app: Flask) -> build.World:
    return build.standard_world()


def codes(wanted: PublicFilter | None = None) -> list[str]:
    return [item.code for item in public_list(wanted or PublicFilter()).items]


def changed(case: Case, **columns: object) -> Case:
    with unit_of_work():
        for name, value in columns.items():
            setattr(db.session.merge(case), name, value)
        refresh_search_rows(db.session.merge(case), at=NOON)
    return case


def everything_shown(code: str) -> str:
    case = public_case(code)
    assert case is not None
    return repr(asdict(case) | {"clock": None})


@pytest.mark.parametrize("state", ["to_verify", "to_classify", "to_distribute", "at_agency", "handling", "approval", "to_publish"])
def test_before_publication_a_case_is_bare_facts(world: build.World, state: str) -> None:
    case = build.case_at(world, state)
    shown = public_case(case.code)
    assert shown is not None
    assert (shown.item.title, shown.question, shown.place, shown.latitude, shown.steps) == (None, None, None, None, [])
    assert (shown.item.before, shown.item.after, shown.answers) == ((), (), ())
    assert shown.item.area == world.area.name
    for words in ("suối", "rác", "Rác", "thu gom"):
        assert words not in everything_shown(case.code)


def test_the_village_a_sender_typed_is_shown_only_after_classification(world: build.World) -> None:
    case = build.case_at(world, "to_classify")
    assert public_list(PublicFilter()).items[0].village is None
    build.advance(world, case, "to_distribute")
    assert public_list(PublicFilter()).items[0].village == "Thôn Păng Tiêng"


def test_a_published_case_shows_each_answer_under_its_agencys_full_name_lead_first(world: build.World) -> None:
    case = build.case_at(world, "rating", agencies=2)
    shown = public_case(case.code)
    assert shown is not None
    assert shown.item.title == "Rác đổ ven suối"
    assert [(answer.agency.vi, answer.is_lead) for answer in shown.answers] == [
        ("Phòng Tài nguyên và Môi trường", True), ("UBND xã Lát", False)]
    assert shown.item.lead == shown.answers[0].agency
    assert shown.item.limit is not None
    assert shown.item.limit.days_late(NOON) is None


def test_the_centre_adds_a_summary_and_rewrites_no_answer(world: build.World) -> None:
    case = build.case_at(world, "to_publish", agencies=2)
    build.do(world, case, "publish", "operator", title="Rác", question="Rác ven suối.", summary="Suối đã sạch.", checked=True)
    shown = public_case(case.code)
    assert shown is not None
    assert shown.summary == "Suối đã sạch."
    assert [(answer.findings, answer.actions, answer.remaining, answer.contact) for answer in shown.answers] == [
        tuple(build.ANSWER[part] for part in ("findings", "actions", "remaining", "contact"))] * 2


def test_the_steps_of_a_published_case_name_bodies_and_never_people(world: build.World) -> None:
    case = build.case_at(world, "rating", agencies=2)
    build.rate(world, case)
    steps = public_case(case.code).steps  # type: ignore[union-attr]
    told = [step.words.vi for step in steps]
    assert told[0] == "Người gửi đánh giá kết quả"
    assert told[-1] == "Người dân gửi phản ánh"
    assert "Lãnh đạo UBND xã Lát phê duyệt trả lời" in told
    assert not any("Người Thử" in words for words in told)
    assert [step.at for step in steps] == sorted((step.at for step in steps), reverse=True)


@pytest.mark.parametrize("state", [CaseState.REFUSED, CaseState.MERGED, CaseState.WITHDRAWN, CaseState.QUARANTINED])
def test_what_was_not_taken_is_nowhere(world: build.World, state: CaseState) -> None:
    case = changed(build.case_at(world, "to_classify"), state=state)
    assert codes() == []
    assert public_case(case.code) is None
    assert code_of_case(case.code) is None


def test_a_sensitive_case_is_nowhere_even_if_it_was_published(world: build.World) -> None:
    case = build.case_at(world, "rating")
    changed(case, visibility_reason_id=db.session.scalars(select(VisibilityReason.id)).first())
    assert codes() == []
    assert public_case(case.code) is None
    assert newest_published() == []


def test_a_quarantined_case_is_nowhere_whatever_its_state_says(world: build.World) -> None:
    case = changed(build.case_at(world, "rating"), quarantined_at=NOON)
    assert codes() == []
    assert codes(PublicFilter(words="rac")) == []
    assert public_case(case.code) is None


def test_a_private_answer_takes_the_case_out_of_every_public_page(world: build.World) -> None:
    case = build.case_at(world, "rating")
    with unit_of_work():
        publication = db.session.scalars(select(Publication)).one()
        publication.kind = "private"
    changed(case, is_public=False)
    assert codes() == []
    assert public_case(case.code) is None


def test_an_unpublished_text_is_not_read_any_more(world: build.World) -> None:
    case = build.case_at(world, "rating")
    with unit_of_work():
        db.session.scalars(select(Publication)).one().unpublished_at = NOON
    changed(case, is_public=False, reopened=1, state="to_distribute")
    shown = public_case(case.code)
    assert shown is not None
    assert shown.item.title is None
    assert shown.question is None
    assert codes(PublicFilter(words="rac")) == []


def test_a_reopened_case_is_in_progress_and_keeps_its_publication(world: build.World) -> None:
    case = changed(build.case_at(world, "rating"), state="to_distribute", reopened=1)
    shown = public_case(case.code)
    assert shown is not None
    assert shown.item.progress.label.en == "In progress"
    assert shown.item.title == "Rác đổ ven suối"
    assert codes(PublicFilter(state=PublicState.IN_PROGRESS)) == [case.code]
    assert codes(PublicFilter(state=PublicState.ACCEPTED)) == []


@pytest.mark.parametrize(("state", "internal"), [
    (PublicState.RECEIVED, "to_verify"), (PublicState.ACCEPTED, "at_agency"), (PublicState.IN_PROGRESS, "handling"),
    (PublicState.ANSWERED, "rating")])
def test_the_list_is_filtered_by_the_state_the_public_reads(world: build.World, state: PublicState, internal: str) -> None:
    case = build.case_at(world, internal)
    found = [each for each in PublicState if codes(PublicFilter(state=each)) == [case.code]]
    assert found == [state, *([PublicState.OPEN] if state != PublicState.ANSWERED else [])]


@pytest.mark.exhaustive(but=2)
@pytest.mark.parametrize(("internal", "steps"), [("to_verify", "011"), ("to_classify", "111"), ("handling", "222")])
def test_a_question_takes_no_case_back_on_its_page_nor_out_of_its_step_of_the_list(world: build.World, internal: str, steps: str) -> None:
    case = build.case_at(world, internal)
    seen = [step_everywhere(case)]
    build.act(world, case, "ask_reporter", "operator", report=case.main_report, words="Ở đâu?", when_unanswered="continue")
    seen.append(step_everywhere(case))
    build.act(world, case, "stop_waiting", "operator")
    assert case.state == internal
    seen.append(step_everywhere(case))
    assert "".join(seen) == steps


def step_everywhere(case: Case) -> str:
    """The step a case is at by its page, which is that of the one filter that finds it."""
    page = public_case(case.code)
    assert page is not None
    named = {PublicState.RECEIVED: "0", PublicState.ACCEPTED: "1", PublicState.IN_PROGRESS: "2", PublicState.ANSWERED: "4"}
    assert [step for state, step in named.items() if codes(PublicFilter(state=state)) == [case.code]] == [page.item.progress.step]
    [item] = public_list(PublicFilter()).items
    assert item.progress == page.item.progress
    return page.item.progress.step


@pytest.mark.on_both
def test_of_those_asked_before_they_were_accepted_so_many_are_looked_for_as_of_any_kind(
    world: build.World, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = build.case_at(world, "to_verify")
    monkeypatch.setattr(public_filters, "LOOKED_AT", 2)
    with unit_of_work():
        db.session.add(
            Question(
                case_id=asked.id, report_id=asked.main_report.id, words="Ở đâu?", asked_by_id=world.people["operator"].id, asked_at=NOON,
                due_at=NOON, when_unanswered="continue", ended_at=NOON,
            )
        )  # fmt: skip
    for hour in range(1, 5):
        build.file_report(world, now=NOON + timedelta(hours=hour))
    wanted, seen, after = PublicFilter(state=PublicState.ACCEPTED), [], ""
    for _ in range(3):
        page = public_list(wanted, after=after)
        seen.append([item.code for item in page.items])
        after = page.older or ""
    assert (seen, after) == ([[], [], [asked.code]], ""), "two at a time, whatever lies between"


@pytest.mark.exhaustive(but=2)
@pytest.mark.on_both
def test_the_list_is_filtered_by_field_area_and_urgency(world: build.World) -> None:
    normal = build.case_at(world, "handling", now=NOON)
    urgent = build.case_at(world, "handling", urgent=True, now=NOON + timedelta(hours=1))
    changed(urgent, area_id=world.areas["xa da chais"].id, field_id=world.field("do_thi").id)
    assert codes() == [urgent.code, normal.code]
    assert codes(PublicFilter(urgent_only=True)) == [urgent.code]
    assert codes(PublicFilter(area_ref=world.areas["xa lat"].ref)) == [normal.code]
    assert codes(PublicFilter(service_code="do_thi")) == [urgent.code]
    assert codes(PublicFilter(service_code="do_thi", area_ref=world.areas["xa lat"].ref)) == []
    assert codes(PublicFilter(area_ref="nobody's")) == []


def test_words_find_published_cases_without_accents_and_nothing_before_publication(world: build.World) -> None:
    published = build.case_at(world, "rating")
    build.case_at(world, "handling", now=NOON + timedelta(hours=1))
    assert codes(PublicFilter(words="rac suoi")) == [published.code]
    assert codes(PublicFilter(words="RÁC  Suối")) == [published.code]
    assert codes(PublicFilter(words="rac khong-co-trong-bai")) == []
    assert codes(PublicFilter(words="%")) == []
    assert codes(PublicFilter(words="_")) == []


def test_original_and_cleared_words_are_not_found_by_the_public(world: build.World) -> None:
    case = build.case_at(world, "rating")
    with unit_of_work():
        for text in db.session.scalars(select(ReportText).where(ReportText.kind == "cleared")):
            text.body = "chỉ đơn vị đọc"
        refresh_search_rows(db.session.merge(case), at=NOON)
    assert codes(PublicFilter(words="chi don vi doc")) == []


def test_pages_follow_one_another_forwards_and_back_without_gap_or_repeat(world: build.World) -> None:
    filed = [build.file_report(world, now=NOON + timedelta(minutes=minute // 2)).case.code for minute in range(5)]
    newest_first = filed[::-1]
    first = public_list(PublicFilter(), size=2)
    second = public_list(PublicFilter(), after=first.older or "", size=2)
    third = public_list(PublicFilter(), after=second.older or "", size=2)
    assert [item.code for page in (first, second, third) for item in page.items] == newest_first
    assert (first.newer, third.older) == (None, None)
    back = public_list(PublicFilter(), before=third.newer or "", size=2)
    assert [item.code for item in back.items] == newest_first[2:4]
    assert [item.code for item in public_list(PublicFilter(), before=back.newer or "", size=2).items] == newest_first[:2]
    assert public_list(PublicFilter(), before=newest_first[0]).items == []


def test_a_list_of_exactly_one_page_leads_nowhere_else(world: build.World) -> None:
    filed = [build.file_report(world, now=NOON + timedelta(minutes=minute)).case.code for minute in range(3)]
    whole = public_list(PublicFilter(), size=3)
    assert [item.code for item in whole.items] == filed[::-1]
    assert (whole.newer, whole.older) == (None, None)
    last = public_list(PublicFilter(), after=filed[2], size=2)
    assert ([item.code for item in last.items], last.older) == ([filed[1], filed[0]], None)
    first = public_list(PublicFilter(), before=filed[0], size=2)
    assert ([item.code for item in first.items], first.newer) == ([filed[2], filed[1]], None)



@pytest.mark.exhaustive
@pytest.mark.on_both
def test_a_page_takes_the_same_few_statements_for_one_case_and_for_many(world: build.World) -> None:
    def statements() -> int:
        seen: list[str] = []
        db.session.rollback()
        db.session.expire_all()

        def note(_connection: object, _cursor: object, statement: str, *_: object) -> None:
            seen.append(statement)

        sqlalchemy_event.listen(db.engine, "before_cursor_execute", note)
        try:
            public_list(PublicFilter())
        finally:
            sqlalchemy_event.remove(db.engine, "before_cursor_execute", note)
        return len(seen)

    build.case_at(world, "rating")
    one = statements()
    for hour in range(1, 4):
        build.case_at(world, "rating", agencies=2, now=NOON + timedelta(hours=hour))
    assert statements() == one <= 14


def test_photos_of_a_published_case_are_its_public_copies(world: build.World, app: Flask) -> None:
    filed = pictured_case(world, app.config["FILES"], "to_publish")
    assert public_list(PublicFilter()).items[0].before == ()
    pictured_case(world, app.config["FILES"], "rating", by="citizen_2")
    [item] = newest_published()
    assert len(item.before) == len(item.after) == 1
    assert item.before[0].width == 320
    assert item.code != filed.report.code


@pytest.mark.exhaustive
def test_a_case_published_again_shows_the_photos_chosen_then_and_no_others(world: build.World, app: Flask) -> None:
    filed = reopened_case(world, app.config["FILES"])
    publish(world, filed, app.config["FILES"], [scene_photo(filed)])
    shown = public_case(filed.case.code)
    assert shown is not None
    assert [photo.ref for photo in shown.item.before] == [scene_photo(filed).ref]
    assert (shown.item.after, shown.answers[0].photos) == ((), ())


def test_the_exact_position_is_shown_only_when_the_publication_says_so(world: build.World) -> None:
    case = changed(build.case_at(world, "rating"), latitude=12.1, longitude=108.4)
    assert public_case(case.code).latitude is None  # type: ignore[union-attr]
    with unit_of_work():
        db.session.scalars(select(Publication)).one().current.shows_exact_place = True
    assert public_case(case.code).latitude == 12.1  # type: ignore[union-attr]


def test_ratings_are_counted_and_nobodys(world: build.World) -> None:
    case = build.case_at(world, "rating", agencies=2)
    assert public_case(case.code).verdicts is None  # type: ignore[union-attr]
    build.rate(world, case, level="dissatisfied")
    verdicts = public_case(case.code).verdicts  # type: ignore[union-attr]
    assert verdicts is not None
    assert (dict(verdicts.whole), verdicts.total) == ({"dissatisfied": 1}, 1)
    assert "Chưa dọn hết" not in everything_shown(case.code)


def test_a_late_case_says_so_from_its_clock(world: build.World) -> None:
    case = build.case_at(world, "handling")
    clock = db.session.scalars(select(Clock).where(Clock.case_id == case.id, Clock.kind == "case")).one()
    item = public_list(PublicFilter()).items[0]
    assert item.limit is not None
    assert clock.due_at is not None
    assert item.limit.days_late(clock.due_at) == 0
    assert item.limit.days_late(clock.due_at - timedelta(microseconds=1)) is None


def test_a_case_on_hold_says_why_and_until_when(world: build.World) -> None:
    case = build.case_at(world, "handling")
    build.act(world, case, "hold", "ops_lead", reason="Chờ nước rút.", until=date(2026, 3, 6))
    shown = public_case(case.code)
    assert shown is not None
    [listed] = public_list(PublicFilter()).items
    for item in (shown.item, listed):
        assert (item.paused_for, item.held_reason, item.paused_until) == ("hold", "Chờ nước rút.", local(7, 3))
    build.do(world, case, "resume", "ops_lead")
    [listed] = public_list(PublicFilter()).items
    assert (listed.paused_for, listed.held_reason) == (None, None)


def test_every_state_tells_its_sender_what_happens_next() -> None:
    assert set(NEXT) == set(CaseState)

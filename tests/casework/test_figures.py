"""The public's figures, counted by hand for a small world and by the job, on both databases."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import count
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import event, select

from casework.bilingual import Bilingual
from casework.db import db, unit_of_work
from casework.figures.counting import counted
from casework.figures.definitions import FIGURES, NOUGHT_LEFT_OUT, RATES, Figure, Rate
from casework.figures.keeping import count_month, count_public_figures, recount_public_figures
from casework.figures.reading import PeriodFigures, late_cases, open_rows, shown_figures, summed
from casework.models import (
    Assignment,
    Case,
    Clock,
    Extension,
    Publication,
    PublicationVersion,
    PublicFigures,
    Rating,
    Referral,
    Refusal,
    Reporter,
    Review,
    VisibilityReason,
)
from tests import build
from tests.grounds import somebody_else
from tests.web.desk import statements_of

MARCH, APRIL, FEBRUARY = date(2026, 3, 1), date(2026, 4, 1), date(2026, 2, 1)
NUMBERS = count(900)


def local(day: str, hour: str = "10:00") -> datetime:
    return datetime.fromisoformat(f"2026-{day}T{hour}:00+07:00").astimezone(UTC)


def facts(world: build.World, state: str, opened: datetime, *, agency: str = "PTNMT", area: str = "xa lat", **columns: Any) -> Case:
    """A case as the use cases leave it, without walking there; inside the caller's unit of work."""
    case = Case(
        code=f"LD-2026-{next(NUMBERS):06}",
        centre_id=world.centre.id,
        state=state,
        source="citizen",
        opened_at=opened,
        clock_starts="filing",
        field_id=world.field().id,
        area_id=world.areas[area].id,
        lead_agency_id=world.agencies[agency].id,
        **columns,
    )
    db.session.add(case)
    db.session.flush()
    return case


def answered(
    world: build.World,
    case: Case,
    at: datetime,
    *,
    due: datetime,
    first_due: datetime | None = None,
    number: int = 1,
    kind: str = "final",
    round: int = 0,
) -> Publication:
    db.session.add(
        Clock(
            case_id=case.id,
            kind="case",
            round=round,
            amount=5,
            unit="working_days",
            started_at=case.opened_at,
            first_due_at=first_due or due,
            due_at=due,
            extended_at=local("03-02") if first_due else None,
            ended_at=at,
            ended_late=at >= due,
        )
    )
    publication = Publication(case_id=case.id, number=number, kind=kind, published_by_id=world.people["operator"].id, published_at=at)
    db.session.add(publication)
    db.session.flush()
    return publication


def rated(publication: Publication, version: PublicationVersion, reporter: Reporter, level: str, agency_id: int | None = None) -> Rating:
    row = Rating(
        publication_id=publication.id,
        reporter_id=reporter.id,
        about=f"agency:{agency_id}" if agency_id else "whole",
        level=level,
        agency_id=agency_id,
        rated_at=publication.published_at + timedelta(days=1),
        version_id=version.id,
    )
    db.session.add(row)
    db.session.flush()
    return row


def fill(world: build.World) -> None:
    """Of March: fourteen received. The comments say what each case counts for."""
    operator = world.people["operator"].id
    with unit_of_work():
        reporter = Reporter()
        db.session.add(reporter)
        # in time: 60 working minutes to acceptance
        good = facts(
            world, "closed", local("03-03"), accepted_at=local("03-03", "11:00"), answered_at=local("03-06"), is_public=True
        )  # fmt: skip
        first = answered(world, good, local("03-06"), due=local("03-11", "00:00"))
        version = PublicationVersion(
            publication_id=first.id, version=1, title="T", question="Q", written_by_id=operator, written_at=first.published_at
        )
        db.session.add(version)
        db.session.flush()
        rated(first, version, reporter, "satisfied")
        rated(first, version, reporter, "dissatisfied", world.agencies["PTNMT"].id)
        # in time after an extension, privately: of the whole alone; an interim publication before is no answer. 120 minutes, over noon
        moved = facts(world, "rating", local("03-04"), area="xa da chais", accepted_at=local("03-04", "13:30"), answered_at=local("03-16"))
        db.session.add(Publication(case_id=moved.id, number=1, kind="interim", published_by_id=operator, published_at=local("03-05")))
        answered(world, moved, local("03-16"), due=local("03-18", "00:00"), first_due=local("03-12", "00:00"), number=2, kind="private")
        part = Assignment(
            case_id=moved.id,
            agency_id=world.agencies["HKL"].id,
            slot="lead",
            state="approved",
            distributed_at=local("03-04"),
            distributed_by_id=operator,
        )
        db.session.add(part)
        db.session.flush()
        for granted in (True, False):
            db.session.add(
                Extension(
                    assignment_id=part.id,
                    number=1,
                    reason="Mưa",
                    until_on=date(2026, 3, 17),
                    requested_by_id=operator,
                    requested_at=local("03-06"),
                    granted=granted,
                    decided_at=local("03-07"),
                )
            )
        # late at the very instant; reopened, and its second answer counts no more
        twice = facts(
            world, "closed", local("03-02"), agency="HKL", area="xa da chais", accepted_at=local("03-02", "10:02"), reopened=1,
            is_public=True,
        )  # fmt: skip
        late = answered(world, twice, local("03-10", "00:00"), due=local("03-10", "00:00"))
        answered(world, twice, local("03-20"), due=local("03-25", "00:00"), number=2, round=1)
        version = PublicationVersion(
            publication_id=late.id, version=1, title="T", question="Q", written_by_id=operator, written_at=late.published_at
        )
        db.session.add(version)
        db.session.flush()
        bad = rated(late, version, reporter, "dissatisfied")
        db.session.add(
            Review(publication_id=late.id, rating_id=bad.id, opened_at=bad.rated_at, outcome="reopened", decided_at=local("03-12"))
        )
        # refused, and one whose refusal was taken back; that one is open and late
        for state, upheld in (("refused", False), ("handling", True)):
            case = facts(
                world, state, local("03-09"), due_at=local("03-16", "00:00"), accepted_at=None if state == "refused" else local("03-10")
            )
            db.session.add(
                Refusal(
                    case_id=case.id,
                    reason_id=world.refusal_reason().id,
                    words="…",
                    refused_by_id=operator,
                    refused_at=local("03-09", "11:00"),
                    state_before="to_verify",
                    objection_upheld=upheld,
                )
            )
        # closed without an answer: received and eligible, neither answered nor open, and not public. 60 minutes
        facts(world, "closed", local("03-10"), accepted_at=local("03-10", "11:00"), closed_at=local("03-17"))
        # merged and withdrawn are received and no more
        facts(world, "merged", local("03-09"), accepted_at=local("03-09", "11:00"), merged_into_id=good.id)
        facts(world, "withdrawn", local("03-09"))
        # open: in time, to verify (no day promised yet), sensitive and late, resting without a day
        facts(world, "handling", local("03-18"), accepted_at=local("03-18", "11:00"), due_at=local("03-27", "00:00"))
        facts(world, "to_verify", local("03-19"))
        facts(
            world,
            "approval",
            local("03-05"),
            accepted_at=local("03-05", "11:00"),
            due_at=local("03-12", "00:00"),
            visibility_reason_id=db.session.scalar(select(VisibilityReason.id).limit(1)),
        )
        facts(world, "waiting_reporter", local("03-05"), accepted_at=local("03-05", "11:00"), paused_for="question")
        # referred: not open any more
        gone = facts(world, "referred", local("03-06"), accepted_at=local("03-06", "11:00"))
        db.session.add(Referral(case_id=gone.id, body="Tỉnh", reason="…", referred_by_id=operator, referred_at=local("03-08")))
        # quarantine: received and referred of the whole, and of nothing else
        facts(world, "quarantined", local("03-06"), accepted_at=local("03-06", "11:00"), quarantined_at=local("03-07"))
        # of other months, on either edge of local midnight
        facts(world, "withdrawn", local("03-01", "00:00") - timedelta(seconds=1))
        facts(world, "withdrawn", local("04-01", "00:00"))


WHOLE = {
    "received": 14,
    "not_public": 7,
    "eligible": 9,
    "refused": {"khong_ro_noi_dung": 1},
    "answered": 3,
    "in_time": 1,
    "in_time_after_extension": 1,
    "late": 1,
    "open_in_time": 3,
    "open_late": 2,
    "extended": 1,
    "reopened": 1,
    "referred": 2,
    "satisfied": 1,
    "dissatisfied": 1,
    "acceptance_minutes": {"0": 1, "60": 7, "120": 1, "480": 1},
    "answer_days": {"3": 1, "8": 1, "12": 1},
}


def test_a_month_counted_by_hand_is_what_the_job_counts_and_what_the_page_reads(app: Flask) -> None:
    world = build.standard_world()
    fill(world)
    now = local("03-24")
    figures = counted(MARCH, centre_id=world.centre.id, now=now)
    assert figures["all", ""] == WHOLE
    agency = {name: figures["agency", world.agencies[name].ref] for name in ("PTNMT", "HKL")}
    assert agency["HKL"] == {
        "received": 1,
        "eligible": 1,
        "answered": 1,
        "late": 1,
        "reopened": 1,
        "acceptance_minutes": {"0": 1},
        "answer_days": {"8": 1},
    }, "its extension was of a case answered privately"
    assert agency["PTNMT"]["dissatisfied"] == 1, "the verdict on the agency's own work"
    assert "satisfied" not in agency["PTNMT"]
    assert figures["area", world.areas["xa da chais"].ref] == {
        "received": 1,
        "eligible": 1,
        "answered": 1,
        "late": 1,
        "reopened": 1,
        "dissatisfied": 1,
        "acceptance_minutes": {"0": 1},
        "answer_days": {"8": 1},
    }, "nobody learns that one more was answered privately there"
    assert figures["field", "rung_dat_moi_truong"]["received"] == 7, "nor of a sensitive, refused, merged, withdrawn or quarantined one"

    count_public_figures(now)
    rows = list(db.session.scalars(select(PublicFigures).where(PublicFigures.month_on == MARCH)))
    assert {(row.dimension, row.subject): {key: value for key, value in row.figures.items() if value} for row in rows} == figures
    [whole] = [row.figures for row in rows if row.dimension == "all"]
    assert (whole.keys(), whole["acceptable"]) == (FIGURES.keys(), 0), "of the whole, nought is told from not counted"
    assert count_month(MARCH, centre_id=world.centre.id, now=now + timedelta(minutes=5), unless_since=now - timedelta(minutes=25)) is False

    shown = shown_figures(world.centre.id, period=[MARCH], chart=[FEBRUARY, MARCH])
    assert [numbers.number("received") for _month, numbers in shown.by_month] == [1, 14]
    assert shown.whole.median_minutes == 60
    few = shown.whole.share("in_time_of_answered")
    assert (few.part, few.whole, few.percent) == (1, 3, None), "three cases make no rate"
    assert shown.whole.share("eligible_of_received").percent == pytest.approx(64.3)
    assert [(name.en, number) for name, number in shown.refused] == [("Unclear, incomplete or without a place", 1)]
    assert [line.name.vi for line in shown.areas] == ["Xã Đạ Chais", "Xã Lát"], "by name"
    [late] = late_cases(world.centre.id, now=now)
    assert late.title is None, "the sensitive one is only counted"

    # a month that is over keeps what was open in it, and takes in what was learnt since
    with unit_of_work():
        db.session.get_one(Case, db.session.scalar(select(Case.id).where(Case.code == late.code))).state = "withdrawn"
    recount_public_figures(local("04-03"))
    again = shown_figures(world.centre.id, period=[MARCH, APRIL], chart=[MARCH, APRIL])
    march = again.by_month[0][1]
    assert (march.number("open_late"), march.number("eligible"), again.whole.number("received")) == (2, 8, 15)
    [february] = db.session.scalars(select(PublicFigures).where(PublicFigures.month_on == FEBRUARY, PublicFigures.dimension == "all"))
    assert "open_late" not in february.figures, "first counted when it was over: nobody knows what was open then"
    assert again.whole.number("open_late") == again.by_month[1][1].number("open_late"), "what stands at an instant is not added up"


@pytest.mark.parametrize(("days", "half"), [
    ({"0": 3, "1": 1, "40": 1}, 0), ({"2": 2, "3": 1, "30": 2}, 3), ({"2": 3, "9": 3}, 2), ({"2": 2, "9": 4}, 9), ({"10": 3, "9": 2}, 10),
    ({"3": 4}, None), ({}, None),
])  # fmt: skip
def test_half_were_done_within_the_fewest_days_that_hold_half_of_them_and_of_few_nothing_is_told(
    days: dict[str, int], half: int | None
) -> None:
    assert PeriodFigures({"answer_days": days}).half_days == half
    assert PeriodFigures({"answer_days": days}, frozenset({"answer_days"})).half_days is None, "a month of the period was kept without it"


def test_the_days_to_an_answer_are_told_as_a_median_alone(sqlite_app: Flask) -> None:
    world = build.standard_world()
    days = {"all": {"1": 2, "4": 3}, "area": {"4": 3}}
    with unit_of_work():
        for month_on, dimension, subject in ((FEBRUARY, "all", ""), (MARCH, "all", ""), (MARCH, "area", world.area.ref)):
            figures = {"not_public": 0, "answered": 5, "answer_days": days[dimension]}
            if month_on == FEBRUARY:
                del figures["answer_days"]
            db.session.add(PublicFigures(month_on=month_on, centre_id=world.centre.id, dimension=dimension, subject=subject,
                                         figures=figures, counted_at=local("03-24")))  # fmt: skip
    rows, medians = open_rows(world.centre.id, [MARCH])
    assert {row.dimension: row.figures["answer_days"] for row in rows} == {"all": 4, "area": None}
    assert (medians["all", ""], medians["area", world.area.ref]) == ({"answer_days": 4}, {"answer_days": None})
    rows, medians = open_rows(world.centre.id, [FEBRUARY, MARCH])
    assert [row.figures["answer_days"] for row in rows if row.dimension == "all"] == [None, 4]
    assert medians["all", ""] == {"answer_days": None}, "February was kept without it"


def test_what_is_kept_from_before_fields_and_places_counted_public_cases_alone_is_not_told_and_counted_anew(sqlite_app: Flask) -> None:
    world = build.standard_world()
    fill(world)
    count_public_figures(local("03-24"))
    with unit_of_work():
        for row in db.session.scalars(select(PublicFigures).where(PublicFigures.month_on == MARCH)):
            row.figures = {key: value for key, value in row.figures.items() if key != "not_public"} | {"received": 99, "open_late": 9}
    rows, _medians = open_rows(world.centre.id, [MARCH])
    assert [(row.dimension, row.figures["received"]) for row in rows] == [("all", 99)]
    assert shown_figures(world.centre.id, period=[MARCH], chart=[MARCH]).areas == []

    count_public_figures(local("06-02"))
    rows, _medians = open_rows(world.centre.id, [MARCH])
    told = {(row.dimension, row.subject): (row.figures.get("received"), row.figures.get("open_late")) for row in rows}
    assert told["all", ""] == (14, 9), "what was open in March can only be kept"
    assert told["area", world.areas["xa lat"].ref] == (6, None), "and is not kept where it counted too much"


@pytest.mark.exhaustive(but=2)
def test_counting_reads_its_month_by_index_and_a_second_centre_by_itself(app: Flask) -> None:
    world = build.standard_world()
    fill(world)
    with unit_of_work():
        other = build.centre("XX", is_default=False)
    now = local("03-24")
    centre_id, other_id = world.centre.id, other.id

    def statements() -> int:
        counted(MARCH, centre_id=centre_id, now=now)  # reads the calendar once
        return statements_of(lambda: counted(MARCH, centre_id=centre_id, now=now))

    few = statements()
    assert few <= 15
    with unit_of_work():
        for _ in range(30):
            facts(world, "handling", local("03-21"), accepted_at=local("03-21", "11:00"))
    assert statements() == few
    assert counted(MARCH, centre_id=other_id, now=now) == {("all", ""): {}}

    plans = plans_of(lambda: counted(MARCH, centre_id=centre_id, now=now))
    for index in INDEXES if db.engine.dialect.name == "sqlite" else ("ix_case_newest", *INDEXES[3:6]):
        assert any(index in plan for plan in plans), (index, plans)
    assert not any("ix_case_centre_answered" in plan or "SCAN case" in plan for plan in plans), plans


INDEXES = (
    "ix_review_decided_at", "ix_referral_referred_at", "ix_extension_decided_at", "ix_refusal_refused_at", "ix_publication_published_at",
    "ix_case_centre_accepted", "ix_case_newest", "ix_rating_rated_at", "ix_case_quarantined", "ix_case_centre_state_due",
)  # fmt: skip
"""Each statement begins at one of them. PostgreSQL chooses by what a table weighs, and is asked of those that were made heavy."""

HEAVY = (
    """INSERT INTO "case" (code, centre_id, state, source, opened_at, accepted_at, clock_starts, ref)
       SELECT 'X' || n, centre_id, 'closed', 'citizen', since, since, 'filing', 'x' || n
       FROM (SELECT centre_id FROM "case" LIMIT 1) AS one,
            (SELECT n, timestamptz '2020-01-01' + n * interval '1 day' AS since FROM generate_series(1, 2200) AS n) AS days""",
    """INSERT INTO publication (case_id, number, kind, published_by_id, published_at, ref)
       SELECT id, 9, 'final', (SELECT min(id) FROM account), opened_at, ref FROM "case" WHERE code LIKE 'X%'""",
    """INSERT INTO refusal (case_id, reason_id, words, refused_by_id, refused_at, state_before)
       SELECT id, (SELECT min(id) FROM refusal_reason), 'x', (SELECT min(id) FROM account), opened_at, 'x'
       FROM "case" WHERE code LIKE 'X%'""",
    "ANALYZE",
)


def plans_of(act: Callable[[], object]) -> list[str]:
    """How the database goes about each statement it is sent, in a transaction that is given up."""
    sent: list[tuple[str, Any]] = []

    def note(_connection: Any, _cursor: Any, statement: str, parameters: Any, *_: Any) -> None:
        sent.append((statement, parameters))

    event.listen(db.engine, "before_cursor_execute", note)
    try:
        act()
    finally:
        event.remove(db.engine, "before_cursor_execute", note)
    is_sqlite = db.engine.dialect.name == "sqlite"
    db.session.rollback()
    plans = []
    with somebody_else() as connection, connection.begin() as given_up:
        cursor = connection.connection.cursor()
        for statement in () if is_sqlite else HEAVY:
            cursor.execute(statement)
        for statement, parameters in sent:
            if "FROM event_stream" not in statement:
                cursor.execute(("EXPLAIN QUERY PLAN " if is_sqlite else "EXPLAIN ") + statement, parameters)
                plans.append("\n".join(str(row[-1]) for row in cursor.fetchall()))
        given_up.rollback()
    return plans


def test_every_rate_is_made_of_figures_that_are_defined_in_both_languages() -> None:
    for rate in RATES.values():
        assert {*rate.part, *rate.whole} <= set(FIGURES)
        assert set(rate.part) <= set(rate.whole) or len(rate.whole) == 1
    for each in (*FIGURES.values(), *RATES.values()):
        assert all(len(words) > 3 for words in (*each.name, *each.definition))
    assert summed([(FEBRUARY, {"open_late": 4, "late": 1}), (MARCH, {"late": 2})], MARCH).figures == {"late": 3}


def test_a_new_figure_is_not_counted_of_months_before_it_and_never_nought(sqlite_app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    world = build.standard_world()
    fill(world)
    count_public_figures(local("03-24"))
    new = Figure("first_day", Bilingual("Trả lời trong ngày", "Answered on the first day"), Bilingual("Thử.", "A trial."))
    rate = Rate("first_day_of_answered", new.name, ("first_day",), ("answered",), new.definition)
    monkeypatch.setitem(FIGURES, new.key, new)
    monkeypatch.setitem(RATES, rate.key, rate)

    centre_id = world.centre.id
    march = shown_figures(centre_id, period=[MARCH], chart=[MARCH])
    told = march.whole.share(rate.key)
    assert (told.part, told.whole, told.percent) == (None, 3, None), "no 0 of 3"
    assert march.fields[0].numbers.number("first_day") is None
    assert march.whole.number("acceptable") == 0, "what was counted and is not there is nought"
    rows, _medians = open_rows(centre_id, [MARCH])
    assert {row.figures["first_day"] for row in rows} == {None}, "null, not left out: what is left out is nought"

    count_month(APRIL, centre_id=centre_id, now=local("04-02"))
    assert shown_figures(centre_id, period=[APRIL], chart=[APRIL]).whole.number("first_day") == 0
    both = shown_figures(centre_id, period=[MARCH, APRIL], chart=[FEBRUARY, MARCH, APRIL])
    assert (both.whole.number("first_day"), both.whole.number("received")) == (None, 15), "one month without it, and there is no sum"
    # a month that is not there at all is no row of noughts, and one that is missing between others is named
    empty = date(2025, 12, 1)
    longer = shown_figures(centre_id, period=[MARCH, APRIL, date(2026, 5, 1)], chart=[empty, MARCH])
    assert [numbers.number("received") for _month, numbers in longer.by_month] == [None, 14]
    assert longer.gaps == [date(2026, 5, 1)]
    assert longer.whole.number("open_late") is None, "what is open stands at an instant of the newest month alone"


def test_no_figure_is_added_to_those_whose_nought_older_months_left_out() -> None:
    """A new one would be told as 0 of every month before it."""
    assert {
        "received", "eligible", "refused", "answered", "in_time", "in_time_after_extension", "late", "extended", "reopened", "referred",
        "satisfied", "acceptable", "dissatisfied", "acceptance_minutes",
    } == NOUGHT_LEFT_OUT  # fmt: skip

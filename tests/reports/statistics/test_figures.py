"""The hand-made oracle, figure by figure and dimension by dimension, on both databases, from facts and from the sums of days.

expected.json is never written from what we count. No cell of it is believed to be wrong: a second count in plain Python (by_hand.py)
agrees with every one.
"""
from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from flask import Flask

from casework.db import db, unit_of_work
from casework.facts.daily import mark_all_days, sum_up_days
from casework.local_time import LOCAL_ZONE
from casework.models import Case, CaseSpan
from casework.settings.value_changes import set_value
from reports.statistics.behind import cases_of, is_listed
from reports.statistics.counting import COUNTED, cross, figures_of
from reports.statistics.figures import FIGURES
from reports.statistics.periods import Period, period_named
from reports.statistics.rates import RATES
from reports.statistics.subjects import NOT_YET, WHOLE, Dimension, Scope, names_of
from tests import build
from tests.reports.statistics import by_hand, oracle
from tests.reports.statistics.oracle import Loaded, utc

pytestmark = pytest.mark.on_both

BY = {"by_field": (Dimension.FIELD, "field"), "by_lead_agency": (Dimension.AGENCY, "lead_agency"),
      "by_source": (Dimension.SOURCE, "source"), "by_urgency": (Dimension.URGENCY, "urgency")}  # fmt: skip


LATER = build.NOON + timedelta(days=300)


@pytest.fixture
def loaded(app: Flask) -> Loaded:
    return oracle.load()


def cut_off(loaded: Loaded) -> None:
    """At 12:00 on the 25th, as the province of the oracle has it (domain.md, section 2.5)."""
    administrator = loaded.world.actor("administrator")
    with unit_of_work():
        for key, value in (("report_cutoff_day", "25"), ("report_cutoff_time", "12:00")):
            set_value(key, value, by=administrator, now=build.NOON, reason="Theo quy định của tỉnh.", centre_id=loaded.centre_id)


def as_in_the_oracle(figures: dict[str, Any]) -> dict[str, Any]:
    """Without what the oracle does not know, and with every reason it does."""
    assert figures["returned"] == figures["closed"] == 0
    assert set(figures["refused"]) <= set(by_hand.REASONS)
    told = {key: figures[key] for key in by_hand.EXPECTED["total"]}
    return {**told, "refused": {reason: figures["refused"].get(reason, 0) for reason in by_hand.REASONS}}


def balances(figures: dict[str, Any]) -> bool:
    """What was there and came is what went and is there."""
    went = sum(figures[key] for key in ("merged", "referred", "withdrawn", "quarantined", "closed", "handled", "handled_again"))
    came = sum(figures[key] for key in ("carried_over", "received", "reopened", "returned"))
    parts = figures["handled_in_time"] + figures["handled_in_time_after_extension"] + figures["handled_late"]
    return (
        came - went - sum(figures["refused"].values()) == figures["open"] == figures["open_in_time"] + figures["open_late"]
        and parts == figures["handled"]
    )  # fmt: skip


def subject_of(loaded: Loaded, dimension: Dimension, word: str) -> str:
    return loaded.agencies[word].ref if dimension == Dimension.AGENCY else word


def dimensions_of(loaded: Loaded) -> Iterable[tuple[Dimension, str, dict[str, str]]]:
    """Each dimension with its column, and how its words are called here."""
    for dimension, column in BY.values():
        words = {row[column] for row in by_hand.rows()}
        yield dimension, column, {word: subject_of(loaded, dimension, word) for word in words}
    yield Dimension.AREA, "area", {name: area.ref for name, area in loaded.areas.items()}


def summed_up(loaded: Loaded) -> None:
    with unit_of_work():
        mark_all_days()
    assert sum_up_days(LATER) > 60


@pytest.mark.exhaustive(but=2)
def test_every_figure_of_the_oracle_agrees_in_total_and_by_each_dimension(loaded: Loaded) -> None:
    cut_off(loaded)
    scope, period = Scope((loaded.centre_id,)), period_named("2026-03", centre_id=loaded.centre_id)
    assert (period.since, period.until) == (utc(by_hand.FIRST), utc(by_hand.LAST))
    assert set(by_hand.EXPECTED["total"]) == set(COUNTED) - {
        "returned", "closed", "unconfirmed", "asked_mended", "mended", "not_mended",
    }  # fmt: skip
    for kept in ("facts", "sums of days"):
        if kept == "sums of days":
            summed_up(loaded)
        for name, (dimension, column) in BY.items():
            found = figures_of(scope, period, by=dimension)
            assert as_in_the_oracle(found.pop(WHOLE)) == by_hand.EXPECTED["total"], kept
            expected = {subject_of(loaded, dimension, word): figures for word, figures in by_hand.EXPECTED[name].items()}
            assert {subject: as_in_the_oracle(figures) for subject, figures in found.items()} == expected, (kept, name)
            for word in by_hand.EXPECTED[name]:
                own = [row for row in by_hand.rows() if row[column] == word]
                assert by_hand.figures(own, by_hand.FIRST, by_hand.LAST) == by_hand.EXPECTED[name][word], (name, word)
        whole = figures_of(scope, period)[WHOLE]
        for key in COUNTED:
            assert figures_of(scope, period, keys=[key])[WHOLE] == {key: whole[key]}, (kept, key)
    assert by_hand.figures(by_hand.rows(), by_hand.FIRST, by_hand.LAST) == by_hand.EXPECTED["total"]


@pytest.mark.exhaustive(but=2)
def test_other_periods_agree_with_the_second_count_and_every_one_balances(loaded: Loaded) -> None:
    scope, centre_id = Scope((loaded.centre_id,)), loaded.centre_id
    names = ("2026", "2026-Q1", "2026-02", "2026-03", "2026-W09", "20260225-20260225")
    summed_up(loaded)
    for name in names:
        period = period_named(name, centre_id=centre_id)
        since, until = (edge.astimezone(LOCAL_ZONE).replace(tzinfo=None) for edge in (period.since, period.until))
        for dimension, column, subjects in dimensions_of(loaded):
            found = figures_of(scope, period, by=dimension)
            assert as_in_the_oracle(found[WHOLE]) == by_hand.figures(by_hand.rows(), since, until), name
            for word, subject in subjects.items():
                own = by_hand.figures([row for row in by_hand.rows() if row[column] == word], since, until)
                assert (as_in_the_oracle(found[subject]) if subject in found else empty(own)) == own, (name, word)
            assert all(balances(figures) for figures in found.values()), (name, dimension)
    quarter = figures_of(scope, period_named("2026-Q1", centre_id=centre_id), by=Dimension.MONTH)
    assert list(quarter) == [WHOLE, "2026-01", "2026-02", "2026-03"]
    assert sum(quarter[name]["received"] for name in list(quarter)[1:]) == quarter[WHOLE]["received"]
    assert quarter["2026-02"]["open"] == quarter["2026-03"]["carried_over"], "what one month leaves the next one finds"
    # a period that still lasts is counted as far as it has gone: what falls due later is not late yet
    moment = datetime.fromisoformat("2026-03-10T09:30")
    so_far = figures_of(scope, period_named("2026-03", centre_id=centre_id), now=utc(moment))[WHOLE]
    assert as_in_the_oracle(so_far) == by_hand.figures(by_hand.rows(), datetime.fromisoformat("2026-03-01"), moment)


def test_what_was_taken_up_again_is_counted_as_worked_out_by_hand(app: Flask) -> None:
    world = build.standard_world()
    told = by_hand.came_back()
    ends = {stretch["how"] for _name, stretches in told for stretch in stretches if "how" in stretch}
    assert ends | {"quarantined"} == {"answered", "refused", "merged", "referred", "withdrawn", "quarantined", "closed"}, "every ending"

    def noon(day: str) -> datetime | None:
        return utc(datetime.fromisoformat(f"2026-{day}T12:00")) if day else None

    with unit_of_work():
        for name, stretches in told:
            case = Case(centre_id=world.centre.id, code=f"LD-2026-{name}", state="handling", source="citizen", clock_starts="filing",
                        opened_at=noon(stretches[0]["opened"]))  # fmt: skip
            db.session.add(case)
            db.session.flush()
            for number, stretch in enumerate(stretches):
                how = stretch.get("how")
                db.session.add(CaseSpan(
                    centre_id=world.centre.id, case_id=case.id, number=number, event_seq=number + 1, urgency="normal", source="citizen",
                    opened_at=noon(stretch["opened"]), opened_by=stretch["by"], accepted_at=noon(stretch["accepted"]),
                    ended_at=noon(stretch.get("ended", "")), ended_by=how, refusal_reason="khong_ro_noi_dung" if how == "refused" else None,
                    verdict="in_time" if how == "answered" else None, is_first_answer=how == "answered", minutes=60,
                    due_at=noon("05-01"), first_due_at=noon("05-01"),
                ))  # fmt: skip
    scope = Scope((world.centre.id,))
    for kept in ("facts", "sums of days"):
        if kept == "sums of days":
            with unit_of_work():
                mark_all_days()
            sum_up_days(LATER)
        for name, expected in (("2026-03", by_hand.CAME_BACK_IN_MARCH), ("20260301-20260430", by_hand.CAME_BACK_BY_APRIL)):
            figures = figures_of(scope, period_named(name, centre_id=world.centre.id))[WHOLE]
            assert {key: figures[key] for key in expected} == expected, (kept, name)
            assert balances(figures), (kept, name)


def empty(figures: dict[str, Any]) -> dict[str, Any]:
    """What of a subject nobody counted anything for: nought everywhere."""
    assert not any(value for key, value in figures.items() if isinstance(value, int))
    return figures


def test_cross_tables_and_filters_are_the_same_numbers_told_otherwise(loaded: Loaded) -> None:
    cut_off(loaded)
    scope, period = Scope((loaded.centre_id,)), period_named("2026-03", centre_id=loaded.centre_id)
    crossed = cross(scope, period, Dimension.FIELD, Dimension.AGENCY)
    by_field, by_agency = figures_of(scope, period, by=Dimension.FIELD), figures_of(scope, period, by=Dimension.AGENCY)
    assert {row: crossed[row, WHOLE] for row in by_field} == by_field
    assert {column: crossed[WHOLE, column] for column in by_agency} == by_agency
    assert all(balances(figures) for figures in crossed.values())
    for key, agency in loaded.agencies.items():
        own = figures_of(Scope(scope.centre_ids, agency_id=agency.id), period, by=Dimension.FIELD)
        assert as_in_the_oracle(own[WHOLE]) == by_hand.EXPECTED["by_lead_agency"][key]
        assert {row: figures for row, figures in own.items() if row} == {
            row: figures for (row, column), figures in crossed.items() if column == agency.ref and row
        }  # fmt: skip
    urgent = figures_of(Scope(scope.centre_ids, urgency="urgent"), period)[WHOLE]
    assert as_in_the_oracle(urgent) == by_hand.EXPECTED["by_urgency"]["urgent"]
    by_month = cross(scope, period, Dimension.SOURCE, Dimension.MONTH, keys=["received"])
    assert by_month["camera", "2026-03"] == by_month["camera", WHOLE] == {"received": 4}
    assert list(names_of(Dimension.FIELD, by_field)) == ["do_thi", "rung_dat_moi_truong", "giao_thong_an_ninh", "kinh_te",
                                                         "van_hoa_thong_tin_du_lich", "khac"]  # fmt: skip


@pytest.mark.exhaustive(but=2)
def test_behind_every_number_is_a_list_as_long_as_it(loaded: Loaded) -> None:
    cut_off(loaded)
    scope, period = Scope((loaded.centre_id,)), period_named("2026-03", centre_id=loaded.centre_id)
    apart = loaded.cases["PA-2026-000010"].id
    assert "quarantined" not in filter(is_listed, COUNTED)
    with unit_of_work():
        db.session.get_one(Case, apart).quarantined_at = None
    for dimension in (None, Dimension.AGENCY):
        for subject, figures in figures_of(scope, period, by=dimension).items():
            asked: dict[str, Any] = {"by": dimension, "subject": subject} if subject else {}
            for key in filter(is_listed, COUNTED):
                rows = listed(key, scope, period, **asked)
                number = figures["handled"] if key == "working_minutes_filed_to_final" else length_of(figures[key])
                assert len({row.id for row in rows}) == len(rows) == number, (key, dimension, subject)
    with unit_of_work():
        db.session.get_one(Case, apart).quarantined_at = period.since
    assert apart not in {row.case_id for key in filter(is_listed, COUNTED) for row in listed(key, scope, period)}
    assert {row.case_id for row in listed("refused", scope, period, part="ngoai_tham_quyen")} == {loaded.cases["PA-2026-000012"].id}
    assert not listed("received", scope, period, by=Dimension.FIELD, subject=NOT_YET)
    assert cases_of("open", scope, period, after="nonsense", limit=500).next is None
    with pytest.raises(KeyError):
        cases_of("step_hours", scope, period)


def listed(key: str, scope: Scope, period: Period, **asked: Any) -> list[Any]:
    """The whole list, in pages of seven."""
    rows: list[Any] = []
    after: str | None = None
    while True:
        page = cases_of(key, scope, period, after=after, limit=7, **asked)
        rows += page.rows
        if page.next is None:
            return rows
        assert len(page.rows) == 7
        after = page.next


def length_of(value: Any) -> int:
    if isinstance(value, dict):
        return sum(value.values())
    return int(value[0]) if isinstance(value, list) else int(value)


def points_under(page: str, heading: str) -> list[str]:
    """The points of the list under a heading, each in one line; other lists are somebody else's."""
    [text] = re.findall(rf"^## {heading}\n(.*?)(?=^## |\Z)", page, re.MULTILINE | re.DOTALL)
    return [line for line in re.sub(r"(?<=\S)\n +(?=\S)", " ", text).splitlines() if line.startswith("- ")]


def test_every_definition_is_documented_as_the_program_has_it() -> None:
    page = (Path(__file__).parents[3] / "docs" / "statistics.md").read_text(encoding="utf-8")
    for heading, defined in (("Definitions", FIGURES), ("Rates", RATES)):
        points = [f"- `{each.key}` ({each.name.vi}), {each.name.en}: {each.definition.en}" for each in defined.values()]
        assert points_under(page, heading) == points, f"docs/statistics.md, {heading}"
    assert all(min(len(text) for text in (*each.name, *each.definition)) > 2 for each in (*FIGURES.values(), *RATES.values()))

"""Jobs that do many things: one that fails keeps none of the others waiting, the run has failed, and what is mended is done the next
time."""
from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

import psycopg
import pytest
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError

from casework.db import db, unit_of_work
from casework.facts import daily, keeping
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts, kept_facts, rebuild_facts
from casework.figures import keeping as figures_keeping
from casework.figures.keeping import count_public_figures
from casework.installation.first_start import set_first_values
from casework.models import Account, Case, CaseSpan, DataRequest, FactsProgress, FiguresSnapshot, PublicFigures, StaleDay
from casework.rights import erasing_people, masking
from casework.rights.deciding import carry_out
from casework.rights.erasing_people import go_on_erasing
from casework.rights.masking import mask_old_identities
from casework.rights.requests import lock_request, person_of, request_data
from casework.upkeep.batches import MOST_IN_A_ROW, OneByOne
from tests import build
from tests.casework.acting import guest_of
from workflows.figures import freezing
from workflows.figures.freezing import freeze_figures

NOW = build.NOON + timedelta(days=1)
SOON = build.NOON + timedelta(minutes=6)
LONG_AFTER = datetime(2028, 6, 1, 3, tzinfo=UTC)


class Broken(Exception):
    """What the one thing raises."""


@pytest.fixture
def breaks(monkeypatch: pytest.MonkeyPatch) -> Callable[..., set[Any]]:
    """Let a function of a module raise where its arguments name one of the returned set."""

    def let(module: Any, name: str, names: Callable[..., Any]) -> set[Any]:
        broken, whole = set[Any](), getattr(module, name)

        def failing(*given: Any, **named: Any) -> Any:
            if names(*given, **named) in broken:
                raise Broken
            return whole(*given, **named)

        monkeypatch.setattr(module, name, failing)
        return broken

    return let


# -- the pattern -----------------------------------------------------------------------------------------------------------


@pytest.mark.usefixtures("sqlite_app")
class TestOneByOne:
    def test_what_fails_together_is_done_alone(self) -> None:
        work, done = OneByOne("job"), list[int]()

        def act(ids: Sequence[int]) -> int:
            if 2 in ids:
                raise Broken
            done.extend(ids)
            return len(ids)

        assert work.together([1, 2, 3], act, kind="case") == (2, {2})
        assert work.together([4, 5], act, kind="case") == (2, set())
        assert (work.together([], act, kind="case"), done) == ((0, set()), [1, 3, 4, 5])
        with pytest.raises(Broken):
            work.end()

    def test_many_failures_in_a_row_end_the_run(self) -> None:
        work, tried = OneByOne("job"), list[int]()

        def act(ids: Sequence[int]) -> int:
            tried.extend(ids)
            raise Broken

        for number in range(MOST_IN_A_ROW - 1):
            assert work.together([number], act, kind="case") == (0, {number})
        with pytest.raises(Broken):
            work.together([-1, -2], act, kind="case")
        assert tried[MOST_IN_A_ROW - 1 :] == [-1, -2, -1]

    def test_what_somebody_holds_is_no_failure_and_a_database_that_is_away_ends_the_run(self) -> None:
        work = OneByOne("job")
        with work.each(case=1):
            raise OperationalError("", {}, psycopg.errors.LockNotAvailable())
        work.end()
        with pytest.raises(OperationalError), work.each(case=2):
            raise OperationalError("", {}, psycopg.errors.AdminShutdown())
        with pytest.raises(OperationalError):
            work.together([1, 2], lambda _ids: (_ for _ in ()).throw(OperationalError("", {}, psycopg.errors.AdminShutdown())), kind="case")


# -- each of the jobs ------------------------------------------------------------------------------------------------------


def asked_to_erase(by: Any, now: datetime, report: Any = None) -> DataRequest:
    with unit_of_work():
        return request_data("erasure", person=person_of(by, report) if report else person_of(by), by=by, now=now)


def test_erasing_goes_on_with_other_people_and_other_reports(sqlite_app: Flask, breaks: Callable[..., set[Any]]) -> None:
    world = build.standard_world()
    own = [build.file_report(world, words=f"Đèn đường số {number} tắt ba đêm nay.").case for number in range(3)]
    theirs = build.file_report(world, by="guest").case
    requests = [asked_to_erase(world.actor("citizen", NOW), NOW), asked_to_erase(guest_of(theirs.main_report), NOW, theirs.main_report)]
    for request in requests:
        with unit_of_work():
            carry_out(lock_request(request.id), by=world.actor("ops_lead", NOW), now=NOW)
    with unit_of_work():
        for case in (*own, theirs):
            row = db.session.get_one(Case, case.id)
            row.state, row.closed_at = "withdrawn", NOW
    broken = breaks(erasing_people, "erase_report", lambda report, *_, **__: report.id)
    broken.add(own[0].main_report.id)
    later = NOW + timedelta(days=1)
    for _ in range(2):
        with pytest.raises(Broken):
            go_on_erasing(later)
        db.session.expire_all()
        assert [case.main_report.reporter.sealed_identity is None for case in (*own, theirs)] == [False, True, True, True]
        assert [request.done_at for request in requests] == [None, later]
    broken.clear()
    assert go_on_erasing(later) == 1
    db.session.expire_all()
    assert requests[0].done_at == later


def test_masking_goes_on_with_other_senders_and_with_accounts(sqlite_app: Flask, breaks: Callable[..., set[Any]]) -> None:
    with unit_of_work():
        set_first_values(now=build.NOON)
    world = build.standard_world()
    cases = [build.case_at(world, "rating", by="guest") for _ in range(3)]
    for case in cases:
        build.end_rating_window(case)
    with unit_of_work():
        for name in ("citizen", "citizen_2"):
            account = db.session.get_one(Account, world.people[name].id)
            account.phone_digest = account.email_digest = None
    senders = breaks(masking, "_mask", lambda case, _now: case.id)
    accounts = breaks(masking, "_erase_or_tell", lambda account_id, *_: account_id)
    senders.add(cases[0].id)
    accounts.add(world.people["citizen"].id)
    with pytest.raises(Broken):
        mask_old_identities(LONG_AFTER)
    db.session.expire_all()
    assert [db.session.get_one(Case, case.id).masked_at for case in cases] == [None, LONG_AFTER, LONG_AFTER]
    assert [world.people[name].sealed_identity is None for name in ("citizen", "citizen_2")] == [False, True]
    senders.clear()
    accounts.clear()
    assert mask_old_identities(LONG_AFTER) == 2


def test_facts_are_kept_of_other_cases_and_nothing_is_called_kept_meanwhile(app: Flask, breaks: Callable[..., set[Any]]) -> None:
    world = build.standard_world()
    cases = [build.file_report(world, words=f"Đèn đường số {number} tắt ba đêm nay.").case.id for number in range(3)]
    broken = breaks(keeping, "facts_from", lambda history, _calendar: history.case.id)
    broken.add(cases[0])
    for _ in range(2):
        with pytest.raises(Broken):
            keep_facts(SOON)
        assert [len(kept_facts([case_id])[case_id][0]) for case_id in cases] == [0, 1, 1]
        first = db.session.get_one(FactsProgress, 1)
        assert (first.event_id, first.leased_until) == (0, None), "figures without this case are not frozen"
        db.session.rollback()
    with pytest.raises(Broken):
        rebuild_facts(SOON)
    assert db.session.get_one(FactsProgress, 1).event_id == 0
    broken.clear()
    db.session.rollback()
    assert keep_facts(SOON) == 1
    assert db.session.scalars(select(CaseSpan.case_id).order_by(CaseSpan.case_id)).all() == cases
    assert db.session.get_one(FactsProgress, 1).event_id > 0


def test_days_are_summed_up_beside_one_that_cannot_be(sqlite_app: Flask, breaks: Callable[..., set[Any]]) -> None:
    centre_id = build.standard_world().centre.id
    days = [date(2026, 3, 2), date(2026, 3, 20)]
    keep_facts(SOON)
    sum_up_days(SOON)
    with unit_of_work():
        db.session.add_all(StaleDay(centre_id=centre_id, day=day) for day in days)
    broken = breaks(daily, "_sum_up", lambda _centre_id, run: run[0])
    broken.add(days[1])
    with pytest.raises(Broken):
        sum_up_days(SOON)
    assert db.session.scalars(select(StaleDay.day)).all() == days[1:]
    broken.clear()
    assert sum_up_days(SOON) == 1


def test_public_figures_are_counted_beside_a_month_that_cannot_be(sqlite_app: Flask, breaks: Callable[..., set[Any]]) -> None:
    world = build.standard_world()
    with unit_of_work():
        other_id = build.centre("XX", is_default=False).id
    broken = breaks(figures_keeping, "counted", lambda month_on, *, centre_id, now: (centre_id, month_on))
    broken.add((world.centre.id, date(2026, 3, 1)))
    with pytest.raises(Broken):
        count_public_figures(NOW)
    rows = db.session.execute(select(PublicFigures.centre_id, PublicFigures.month_on).where(PublicFigures.dimension == "all")).all()
    assert set(rows) == {(world.centre.id, date(2026, 2, 1)), (other_id, date(2026, 2, 1)), (other_id, date(2026, 3, 1))}
    broken.clear()
    assert count_public_figures(NOW) == 1


@pytest.mark.exhaustive
def test_periods_are_frozen_beside_one_that_cannot_be(sqlite_app: Flask, breaks: Callable[..., set[Any]]) -> None:
    world = build.standard_world()
    build.file_report(world)
    after = datetime(2026, 7, 20, 3, tzinfo=UTC)
    keep_facts(after)
    broken = breaks(freezing, "counted", lambda period, **_: period.kind)
    broken.add("month")
    with pytest.raises(Broken):
        freeze_figures(after)
    assert set(db.session.scalars(select(FiguresSnapshot.period))) == {"quarter", "half_year"}
    broken.clear()
    assert freeze_figures(after) >= 1
    assert "month" in set(db.session.scalars(select(FiguresSnapshot.period)))

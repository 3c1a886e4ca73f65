"""Facts of a large house: copied with its cases, held against what they are made from, made anew, and everything anew from nothing."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from tempfile import TemporaryDirectory
from time import monotonic
from typing import Any

from sqlalchemy import delete, func, select

from benchmark.house import Scale
from benchmark.seeding import build_house
from benchmark.steps import empty_application
from casework.db import db, unit_of_work
from casework.facts.daily import sum_up_days
from casework.facts.keeping import keep_facts, rebuild_facts
from casework.facts.verification import check_facts
from casework.findings import one_moment
from casework.models import CaseMoment, CaseSpan, DailyFigures, FactsProgress, StaleDay
from tests.postgres import Cluster
from tests.soak.runs import Options, Round, Run
from web.config import Config

MOST_REBUILT = 200_000
"""In a larger house verification takes every tenth case, and nothing is made anew: it would take as long as ten such houses."""


def measured(database_url: str | None, cases: int) -> dict[str, Any]:
    """Build the house and go through all of it; raises AssertionError where facts are not those of their cases."""
    told: dict[str, Any] = {}
    with TemporaryDirectory(prefix="langbiang-facts-") as folder:
        config = Config.from_environment({"LANGBIANG_DATA": folder, **({"LANGBIANG_DATABASE_URL": database_url} if database_url else {})})
        with empty_application(config) as app:
            house = build_house(app, Scale(cases=cases), now=datetime.now(UTC))
            told |= {"cases": house.cases, "seconds_to_build": house.seconds}
            with app.app_context():
                for table in (CaseSpan, CaseMoment, DailyFigures):
                    told[table.__tablename__] = db.session.scalar(select(func.count()).select_from(table))
                is_large = cases > MOST_REBUILT
                told["verify_seconds"] = _seconds(lambda: _refuse_findings(10 if is_large else 1))
                told["idle_seconds"] = _seconds(lambda: keep_facts(datetime.now(UTC)))
                told["peak_megabytes"] = _peak()
                if not is_large:
                    told |= _made_anew(house.cases)
    return told


def _made_anew(cases: int) -> dict[str, Any]:
    now, before = datetime.now(UTC), _pictured()
    unchanged = _seconds(lambda: rebuild_facts(now))
    with unit_of_work():
        for table in (CaseSpan, CaseMoment, DailyFigures, StaleDay, FactsProgress):
            db.session.execute(delete(table))
    anew = _seconds(lambda: rebuild_facts(now))
    days = _seconds(lambda: sum_up_days(now))
    assert _pictured() == before
    _refuse_findings(1)
    return {"rebuild_unchanged_seconds": unchanged, "rebuild_seconds": anew, "cases_per_second": round(cases / anew), "sums_seconds": days}


def _pictured() -> list[Any]:
    """What the sums of the whole come to, which every fact is part of."""
    query = select(DailyFigures.day, DailyFigures.figures).where(DailyFigures.dimension == "all").order_by(DailyFigures.day)
    return [tuple(row) for row in db.session.execute(query)]


def _refuse_findings(every: int) -> None:
    with one_moment():
        assert [str(finding) for finding in check_facts(every=every)] == []


def _seconds(do: Callable[[], object]) -> float:
    begun = monotonic()
    do()
    return round(monotonic() - begun, 2)


def _peak() -> int:
    with open("/proc/self/status", encoding="ascii") as status:
        return next(int(line.split()[1]) // 1024 for line in status if line.startswith("VmHWM"))


def _on_postgresql(cases: int) -> dict[str, Any]:
    cluster = Cluster(durable=False)
    try:
        cluster.start()
        return measured(cluster.create("facts"), cases)
    finally:
        cluster.stop()


def _rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "sqlite", lambda: measured(None, options.runs)
    yield "postgresql", lambda: _on_postgresql(options.runs)


RUN = Run("facts", "the facts of a house of so many cases, on SQLite and PostgreSQL", 100_000, _rounds)

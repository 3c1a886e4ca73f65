"""Facts against histories walked by the real use cases: stretches and moments by hand, sums of days, and what verification finds."""
from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from flask import Flask
from sqlalchemy import delete, event, func, select, update

from casework.cases import lock_case
from casework.clocks.calendar_changes import set_calendar_day
from casework.db import db, unit_of_work
from casework.events import record
from casework.facts.daily import DIMENSIONS, sum_up_days
from casework.facts.keeping import keep_facts, kept_facts, rebuild_facts
from casework.facts.reading import facts_of
from casework.facts.verification import check_facts
from casework.findings import one_moment
from casework.models import Case, CaseMoment, CaseSpan, Centre, DailyFigures, Event, FactsProgress, StaleDay
from casework.open_cases import OWED_STATES
from tests import build
from tests.conftest import on_sqlite
from tests.grounds import somebody_else
from tests.scenarios import walking, ways
from tests.scenarios.way import local
from tests.second_centre import of_the_installation, second_world
from tests.whole import WHOLE
from web.cli import commands

pytestmark = pytest.mark.on_both

LATER = build.NOON + timedelta(days=60)
"""When every event of a test has settled."""

EXPECTED: dict[str, dict[str, list[str]]] = {
    "objection of the reporter upheld, agencies had been asked": {"main": [
        "received 02/03 10:00 > refused 02/03 14:00 due 10/03 00:00 ngoai_tham_quyen",
        "returned 04/03 10:00 > answered 05/03 14:00 due 12/03 00:00 in_time first 1590",
    ]},
    "split again": {
        "main": ["received 02/03 10:00 > answered 11/03 14:00 due 06/03 00:00 late first 3510"],
        "other": [
            "received 02/03 10:10 > merged 02/03 14:00 due 06/03 00:00",
            "returned 02/03 15:00 > answered 03/03 14:00 due 06/03 00:00 in_time first 620",
        ],
    },
    "refer elsewhere: it came back": {"main": [
        "received 02/03 10:00 > referred 02/03 11:00 due 10/03 00:00",
        "returned 04/03 10:00 > answered 05/03 14:00 due 12/03 00:00 in_time first 1590",
    ]},
    "ask the reporter: not answered, closed with notice": {"main": ["received 02/03 10:00 > closed 12/03 00:00 due 20/03 00:00"]},
    "quarantine later: when it was closed": {"main": ["received 02/03 10:00 > quarantined 12/03 08:00 apart"]},
    "withdrawn by the reporter after acceptance": {"main": ["received 02/03 10:00 > withdrawn 03/03 08:00 due 10/03 00:00"]},
    "withdrawn by the reporter after acceptance: the centre goes on": {"main": [
        "received 02/03 10:00 > answered 03/03 14:00 due 10/03 00:00 in_time first 630",
    ]},
    "handed back twice": {"main": [
        "received 02/03 10:00 > answered 03/03 14:00 due 10/03 00:00 in_time first 630",
        "handed_back 02/03 13:30", "handed_back 02/03 15:00",
    ]},
    "extension endorsed and granted": {"main": [
        "received 02/03 10:00 > answered 10/03 14:00 due 13/03 00:00 extended after_extension first 3030", "extended 03/03 14:00",
    ]},
    "redo twice": {"main": [
        "received 02/03 10:00 > answered 05/03 14:00 due 10/03 00:00 in_time first 1590", "redone 03/03 10:00", "redone 04/03 10:00",
    ]},
    "private answer": {"main": [
        "received 02/03 10:00 > answered 03/03 14:00 due 10/03 00:00 in_time first 630 private rated 04/03 09:00", "satisfied 04/03 09:00",
    ]},
    "camera-only case without rating": {"main": ["received 02/03 10:00 > answered 03/03 14:00 due 10/03 00:00 in_time first 630"]},
    "reopened twice": {"main": [
        "received 02/03 10:00 > answered 03/03 14:00 due 10/03 00:00 in_time first 630 rated 04/03 09:00",
        "reopened 05/03 09:00 > answered 06/03 14:00 due 13/03 00:00 in_time rated 09/03 09:00",
        "reopened 10/03 09:00 > answered 11/03 14:00 due 18/03 00:00 in_time",
        "dissatisfied 04/03 09:00", "dissatisfied 09/03 09:00",
    ]},
}  # fmt: skip
ON_POSTGRES = ("quarantine later: when it was closed", "handed back twice", "redo twice", "reopened twice")
"""Where SQL of another kind is met: an erased history, moments of every kind, several rounds."""
NOT_ON_SQLITE = (*ON_POSTGRES[1:], "withdrawn by the reporter after acceptance: the centre goes on", "camera-only case without rating")
"""What is walked there already, or is the plainest of ways; a whole run walks all on both."""


def lines_of(case_id: int) -> list[str]:
    spans, moments = kept_facts([case_id])[case_id]
    return [_line(span) for span in spans] + [f"{moment['kind']} {local(moment['at'])}" for moment in moments]


def _line(span: dict[str, Any]) -> str:
    told = [span["opened_by"], local(span["opened_at"])]
    told += [">", span["ended_by"], local(span["ended_at"])] if span["ended_at"] else []
    told += ["due", local(span["due_at"])] if span["due_at"] else []
    told += ["extended"] if span["is_extended"] else []
    told += [span["verdict"], span["refusal_reason"], "first" if span["is_first_answer"] else None, span["minutes"]]
    told += ["private"] if span["is_private"] else []
    told += ["rated", local(span["rated_at"])] if span["rated_at"] else []
    if span["source"] == "":
        assert (span["field_id"], span["area_id"], span["agency_id"], span["urgency"]) == (None, None, None, "")
        told.append("apart")
    return " ".join(str(each) for each in told if each is not None)


def found() -> list[tuple[str, str]]:
    """What verification says, by check and case or day."""
    with one_moment():
        findings = list(check_facts())
    assert all(finding.text.vi and finding.text.en and finding.is_fault for finding in findings)
    return [(finding.check, finding.subject) for finding in findings]


def everything() -> list[dict[str, Any]]:
    """Every row of facts and sums, without its number."""
    tables = (CaseSpan.__table__, CaseMoment.__table__, DailyFigures.__table__)
    rows = [dict(row._mapping) for table in tables for row in db.session.execute(select(*[c for c in table.c if c.name != "id"]))]
    db.session.rollback()
    return sorted(rows, key=str)


def sums(dimension: str = "all", centre_id: int | None = None) -> Counter[tuple[str, str]]:
    """The sums of all days by subject and figure; of minutes how many there are."""
    total: Counter[tuple[str, str]] = Counter()
    query = select(DailyFigures).where(DailyFigures.dimension == dimension)
    for row in db.session.scalars(query.where(DailyFigures.centre_id == centre_id) if centre_id else query):
        for key, number in row.figures.items():
            total[row.subject, key] += len(number) if key == "minutes" else number
    return total


@contextmanager
def kept_at_every_look(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """The worker keeps up while a way is walked: facts are made at each moment somebody looks, not at the end alone."""
    look = walking.Walk.look

    def with_facts(walk: walking.Walk, *given: Any, **named: Any) -> None:
        keep_facts(walk.now)
        look(walk, *given, **named)

    with monkeypatch.context() as patched:
        patched.setattr(walking.Walk, "look", with_facts)
        yield


@pytest.mark.exhaustive
def test_each_way_leaves_the_stretches_and_moments_its_history_tells(
    app: Flask, kind_of_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = walking.world_of_ways()
    left_out = {"sqlite": set(NOT_ON_SQLITE), "postgres": EXPECTED.keys() - set(ON_POSTGRES)}[kind_of_database]
    wanted = {name: lines for name, lines in EXPECTED.items() if WHOLE or name not in left_out}
    cases: dict[tuple[str, str], int] = {}
    with kept_at_every_look(monkeypatch):
        for way in (each for each in ways.WAYS if each.name in wanted):
            cases |= {(way.name, of): case.id for of, case in way.walk(world).cases.items()}
    keep_facts(LATER)
    assert {key: lines_of(case_id) for key, case_id in cases.items()} == {
        (name, of): lines for name, of_way in wanted.items() for of, lines in of_way.items()
    }
    _stretches_of_a_case_never_overlap()
    assert db.session.scalar(select(func.count()).select_from(StaleDay))
    sum_up_days(LATER)
    assert found() == []
    _sums_of_all_days_come_to_what_is_open(cases)
    _making_all_anew_changes_nothing()
    _verification_finds_every_change()


def _stretches_of_a_case_never_overlap() -> None:
    ended: dict[int, datetime | None] = {}
    for span in db.session.scalars(select(CaseSpan).order_by(CaseSpan.case_id, CaseSpan.number)):
        before = ended.get(span.case_id, span.opened_at)
        assert before is not None
        assert before <= span.opened_at
        assert span.ended_at is None or span.opened_at <= span.ended_at
        assert (span.number == 0) == (span.opened_by == "received")
        ended[span.case_id] = span.ended_at


OPENED = ("received", "reopened", "returned")
ENDED = (
    "merged", "referred", "withdrawn", "quarantined", "closed", "handled_in_time", "handled_in_time_after_extension", "handled_late",
    "handled_again",
)  # fmt: skip


def _sums_of_all_days_come_to_what_is_open(cases: dict[tuple[str, str], int]) -> None:
    whole = sums()
    opened = sum(number for (_, key), number in whole.items() if key in OPENED)
    ended = sum(number for (_, key), number in whole.items() if key in ENDED or key.startswith("refused:"))
    assert opened - ended == db.session.scalar(select(func.count()).where(Case.state.in_(OWED_STATES)))
    assert whole["", "received"] == len(cases)
    handled = sum(number for (_, key), number in whole.items() if key.startswith("handled_") and key != "handled_again")
    assert whole["", "minutes"] == handled
    quarantined = whole["", "quarantined"]
    assert quarantined == 1
    for dimension in DIMENSIONS:
        parts = sums(dimension)
        assert sum(number for (_, key), number in parts.items() if key == "received") == len(cases) - quarantined
        assert not any(key == "quarantined" for _, key in parts)


def _making_all_anew_changes_nothing() -> None:
    before, numbers = everything(), set(db.session.scalars(select(CaseSpan.id)))
    assert rebuild_facts(LATER) == db.session.scalar(select(func.count()).select_from(Case))
    sum_up_days(LATER)
    assert everything() == before
    assert set(db.session.scalars(select(CaseSpan.id))) == numbers
    with unit_of_work():
        for table in (CaseSpan, CaseMoment, DailyFigures, StaleDay, FactsProgress):
            db.session.execute(delete(table))
    assert found() == []  # nothing kept, nothing to be said
    rebuild_facts(LATER)
    sum_up_days(LATER)
    assert everything() == before


def _verification_finds_every_change() -> None:
    """Somebody changes what is kept; each change is found, and making all anew mends it."""
    span = db.session.scalars(select(CaseSpan).where(CaseSpan.ended_by == "answered").order_by(CaseSpan.id)).first()
    assert span is not None
    code = db.session.get_one(Case, span.case_id).code
    row = db.session.scalars(select(DailyFigures).where(DailyFigures.dimension == "field").order_by(DailyFigures.id)).first()
    assert row is not None
    prefix = db.session.get_one(Centre, row.centre_id).code_prefix
    key = next(key for key, number in row.figures.items() if key != "minutes")
    wrong = {**row.figures, key: row.figures[key] + 1}
    sum_of_day = ("facts.sums", f"{prefix} {row.day}")
    state = update(Case).where(Case.id == span.case_id)
    tampered: list[tuple[Any, tuple[str, str] | None]] = [
        (update(DailyFigures).where(DailyFigures.id == row.id).values(figures=wrong), sum_of_day),
        (delete(DailyFigures).where(DailyFigures.id == row.id), sum_of_day),
        (update(CaseSpan).where(CaseSpan.id == span.id).values(due_at=span.opened_at), ("facts.differ", code)),
        (update(CaseSpan).where(CaseSpan.case_id == span.case_id).values(event_seq=1), ("facts.missing", code)),
        (state.values(state="handling"), ("facts.state", code)),
        (state.values(state="closed"), None),
        (delete(CaseMoment), ("facts.differ", "")),
        (delete(CaseSpan).where(CaseSpan.case_id == span.case_id), ("facts.missing", code)),
    ]
    for statement, said in tampered:
        with unit_of_work():
            db.session.execute(statement)
        if said is not None:
            assert any(check == said[0] and said[1] in subject for check, subject in found()), said
            rebuild_facts(LATER)
            sum_up_days(LATER)
            assert [each for each in found() if each[0] != "facts.state"] == []
    assert found() == []


def test_a_report_of_a_sender_who_has_proven_no_contact_is_owed_an_answer_like_any_other(sqlite_app: Flask) -> None:
    case = build.file_report(build.standard_world(), by="guest").case
    assert case.unconfirmed_since is not None
    (span,), moments = facts_of(case)
    assert (span.opened_by, span.opened_at, span.ended_at, span.due_at, moments) == ("received", build.NOON, None, None, [])


def test_a_verdict_that_is_changed_counts_as_it_is_now_on_the_day_it_was_given(sqlite_app: Flask) -> None:
    world = build.standard_world()
    case = build.case_at(world, "rating")
    build.rate(world, case, level="acceptable")
    keep_facts(LATER)
    sum_up_days(LATER)
    assert sums()["", "acceptable"] == 1
    given = db.session.scalars(select(CaseMoment)).one()
    number, given_at = given.id, given.at
    build.rate(world, case)
    keep_facts(LATER)
    sum_up_days(LATER)
    after = db.session.scalars(select(CaseMoment)).one()
    assert (after.id, after.kind, after.at) == (number, "satisfied", given_at)
    assert (sums()["", "acceptable"], sums()["", "satisfied"]) == (0, 1)
    assert sums("agency")[str(world.agencies["PTNMT"].id), "satisfied"] == 1
    assert found() == []


@pytest.mark.exhaustive(but=2)
def test_facts_go_with_a_case_to_another_field_and_another_centre(app: Flask) -> None:
    """Every day the case counts on is summed up anew, in both centres."""
    world = build.standard_world()
    other = second_world(world)
    passed, kept = build.file_report(world).case, build.case_at(world, "to_classify")
    home, target = world.centre.id, other.centre.id
    keep_facts(LATER)
    sum_up_days(LATER)
    assert sums(centre_id=home)["", "received"] == 2
    assert sums("field", home)["", "received"] == 2
    build.act(world, passed, "pass_on", "operator", centre=other.centre, reason="Thuộc địa bàn Ka Đô.")
    build.classify(world, kept)
    keep_facts(LATER)
    assert sum_up_days(LATER) == 2
    assert (sums(centre_id=home)["", "received"], sums(centre_id=target)["", "received"]) == (1, 1)
    assert sums("field", home) == {(str(world.field().id), "received"): 1}
    assert sums("area", target) == {(str(passed.area_id), "received"): 1}
    assert found() == []


@contextmanager
def numbered(first: int) -> Iterator[None]:
    """Events get these numbers and not the next ones, as beside a transaction that began earlier and ends later."""
    numbers = iter(range(first, first + 1000))

    def give(_connection: object, statement: Any, several: list[Any], one: dict[str, Any], _options: object) -> tuple[Any, ...]:
        if getattr(statement, "is_insert", False) and statement.table is Event.__table__:
            several = [{**row, "id": next(numbers)} for row in several]
            one = {**one, "id": next(numbers)} if one else one
        return statement, several, one

    event.listen(db.engine, "before_execute", give, retval=True)
    try:
        yield
    finally:
        event.remove(db.engine, "before_execute", give)


def test_an_event_that_appears_later_with_a_smaller_number_is_not_missed(app: Flask) -> None:
    world = build.standard_world()
    one, two = build.file_report(world).case, build.file_report(world, by="citizen_2", words="Đèn đường tắt ba đêm nay.").case
    soon = build.NOON + timedelta(minutes=6)
    with numbered(5_000):
        build.do(world, one, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Chưa rõ địa điểm.")
    assert keep_facts(soon) == 2
    assert db.session.get_one(FactsProgress, 1).event_id < 5_000
    with numbered(4_000):
        build.do(world, two, "verify", "operator", act="refuse", reason=world.refusal_reason(), words="Chưa rõ địa điểm.")
    assert keep_facts(soon) == 1
    assert [lines_of(case.id)[0].split()[4] for case in (one, two)] == ["refused", "refused"]
    assert keep_facts(LATER) == 0
    assert db.session.get_one(FactsProgress, 1).event_id >= 5_000
    assert found() == []


@pytest.mark.parametrize("kind_of_database", ["postgres"], indirect=True)
def test_a_case_somebody_works_on_is_left_for_the_next_time_and_nobody_waits(app: Flask) -> None:
    world = build.standard_world()
    busy, free = build.file_report(world).case, build.file_report(world, by="citizen_2", words="Đèn đường tắt ba đêm nay.").case
    busy_id, free_id = busy.id, free.id
    with somebody_else() as another:
        another.execute(select(Case.id).where(Case.id == busy_id).with_for_update())
        assert keep_facts(LATER) == 1
        assert [len(kept_facts([case_id])[case_id][0]) for case_id in (busy_id, free_id)] == [0, 1]
        db.session.rollback()
    assert keep_facts(LATER) == 1
    assert len(kept_facts([busy_id])[busy_id][0]) == 1
    assert found() == []


@on_sqlite
def test_a_worker_that_is_at_it_is_left_alone_until_it_must_have_died(app: Flask) -> None:
    build.file_report(build.standard_world())
    with unit_of_work():
        db.session.add(FactsProgress(id=1, event_id=0, at=LATER, leased_until=LATER + timedelta(seconds=30), calendar_change_id=0))
    assert keep_facts(LATER) == 0
    assert keep_facts(LATER + timedelta(minutes=1)) == 1
    assert db.session.get_one(FactsProgress, 1).leased_until is None


@pytest.mark.exhaustive(but=2)
def test_a_day_that_was_made_off_afterwards_changes_the_minutes_of_what_was_answered(app: Flask) -> None:
    world = build.standard_world()
    administrator = of_the_installation(world, "administrator_all", build.Role.ADMINISTRATOR)
    case = build.file_report(world).case
    for month, day in ((3, 3), (3, 4)):
        state = {3: "handling", 4: "rating"}[day]
        with unit_of_work():
            record(lock_case(case.id), "write_note", by=world.actor("operator"), at=datetime(2026, month, day, 3, tzinfo=build.NOON.tzinfo))
        build.advance(world, case, state)
    keep_facts(LATER)
    sum_up_days(LATER)
    before = db.session.scalars(select(CaseSpan.minutes)).one()
    assert before is not None
    with unit_of_work():
        set_calendar_day(
            centre_id=None, day=date(2026, 3, 3), kind="off", label_vi="Nghỉ bù", label_en="Day in lieu", source="QĐ 1/2026",
            by=build.actor_for(administrator, now=LATER), now=LATER,
        )  # fmt: skip
    assert keep_facts(LATER) == 1
    sum_up_days(LATER)
    assert db.session.scalars(select(CaseSpan.minutes)).one() == before - 8 * 60
    assert found() == []


@pytest.mark.exhaustive
def test_the_command_makes_facts_and_makes_them_anew(sqlite_environment: dict[str, str], sqlite_app: Flask) -> None:
    build.case_at(build.standard_world(), "closed")
    db.session.remove()
    done = CliRunner().invoke(commands, ["facts"], env=sqlite_environment)
    assert (done.exit_code, done.stdout) == (0, "Made the facts of 1 case.\n")
    with unit_of_work():
        db.session.execute(update(CaseSpan).values(minutes=7))
    again = CliRunner().invoke(commands, ["facts", "--rebuild"], env=sqlite_environment)
    assert (again.exit_code, again.stdout) == (0, "Made the facts of 1 case.\n")
    assert db.session.scalars(select(CaseSpan.minutes)).one() != 7
    assert found() == []

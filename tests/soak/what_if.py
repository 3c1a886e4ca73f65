"""What if on many histories with known truth: how far predicted and real change lie apart, and that an unchanged draft has none."""
from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from statistics import fmean
from tempfile import TemporaryDirectory
from typing import Any

from tests import drawn_steps as drawn
from tests.conftest import environment_of, prepare_schema, running
from tests.scenarios.walking import world_of_ways
from tests.scenarios.ways import WAYS
from tests.soak.runs import Options, Round, Run
from tests.workflows.rehearsal.grown import CALENDAR, LEGAL, Lived, histories
from web.config import Config
from workflows.definitions.process import digest_of, parse, shipped_model
from workflows.rehearsal.assumptions import Assumed
from workflows.rehearsal.automaton import NOON, Automaton
from workflows.rehearsal.history import lives_of
from workflows.rehearsal.meaning import ConditionMeaning
from workflows.rehearsal.office_time import OfficeTime, told_calendar
from workflows.rehearsal.records import record_of
from workflows.rehearsal.replaying import Player
from workflows.rehearsal.states import Kind
from workflows.rehearsal.tracing import Traced, trace_case
from workflows.rehearsal.what_if import replay

CASES = 1_500
MINUTES = (60, 120, 240, 480)
"""Office minutes the new step takes, give or take a half. They are typed in over the limit the draft gives it."""
ALLOWED = 0.1
FEWEST_PER_SECOND = 500


def replayed(seed: int, histories_each: int, minutes: int) -> dict[str, Any]:
    """Histories replayed in a draft with a step more, held against the same lives lived there; and in the text they were lived in.

    Days and work are judged in each history, lateness over all of them: a step of an hour makes some forty of 1500 cases late, and
    which of them exactly hangs on how long each took, which nobody can foresee.
    """
    found = [_one(seed * 1_000 + number, minutes) for number in range(histories_each)]
    predicted, real = (sum(each["late"][side] for each in found) for side in (0, 1))
    apart = round(abs(predicted - real) / real, 4)
    print(f"  late over all: {predicted} predicted, {real} lived, {apart:.1%} apart", flush=True)
    assert apart <= ALLOWED, (predicted, real)
    return {"minutes": minutes, "late": [predicted, real], "late_apart": apart, "histories": found}


def _one(seed: int, minutes: int) -> dict[str, Any]:
    shipped, legal = shipped_model(), drawn.legal_model()
    before = list(histories(seed, CASES, digest_of(shipped)))
    after = list(histories(seed, CASES, digest_of(legal), review_minutes=minutes))
    begun = time.thread_time()
    told = replay(_asked(legal, before, minutes={LEGAL: minutes}), lambda _done, _total: None)
    speed = CASES / (time.thread_time() - begun)
    same = replay(_asked(shipped, before), lambda _done, _total: None)
    pairs = {
        "days": (_mean(told, "draft") - _mean(told, "basis"), fmean(each.days for each in after) - fmean(each.days for each in before)),
        "work": (sum(row["draft"][1] - row["basis"][1] for row in told["work"]), _hours(after) - _hours(before)),
    }
    apart = {name: round(abs(predicted - real) / abs(real), 4) for name, (predicted, real) in pairs.items()}
    late = [told["draft"]["late"] - told["basis"]["late"], sum(each.is_late for each in after) - sum(each.is_late for each in before)]
    found = {"seed": seed, "apart": apart, "late": late, "cases_per_second": round(speed)}
    print(f"  {found}", flush=True)
    assert same["basis"] == same["draft"], "an unchanged draft changes something"
    assert all(row["basis"] == row["draft"] for row in (*same["steps"], *same["work"])), "an unchanged draft changes some step"
    assert told["replayed"] == CASES, told["left_out"]
    assert max(apart.values()) <= ALLOWED, apart
    assert speed >= FEWEST_PER_SECOND, speed
    return found


def every_way() -> dict[str, Any]:
    """Every way of the rules walked, traced back from its rows and replayed as it went."""
    automaton = Automaton(parse(shipped_model()))
    meanings = {id_: ConditionMeaning([graph], NOON) for id_, graph in automaton.graphs.items()}
    acts = cases = 0
    with TemporaryDirectory() as folder:
        config = Config.from_environment(environment_of(Path(folder), None))
        prepare_schema(config)
        with running(config):
            world = world_of_ways()
            for way in WAYS:
                for case in way.walk(world).cases.values():
                    [(_, life)] = lives_of([case.id])
                    traced = trace_case(life, automaton, meanings)
                    acts, cases = acts + len(traced), cases + 1
                    if traced_is_over(traced):
                        record = record_of(life, traced)
                        office = OfficeTime(CALENDAR, record.started - 86_400, record.ended + 400 * 86_400)
                        played = Player(automaton, office, lambda _: Assumed(3_600)).play(record)
                        steps = sorted(each.act.element for each in traced if each.act is not None and each.act.kind == Kind.STEP)
                        assert (sorted(played.passages.elements()), played.ended) == (steps, record.ended), way.name
                        assert (played.assumed, played.heard) == ({}, {}), way.name
    found = {"ways": len(WAYS), "cases": cases, "acts": acts, "engine_steps": automaton.runs}
    print(f"  {found}", flush=True)
    return found


def traced_is_over(traced: list[Traced]) -> bool:
    return {each.process: each.state for each in traced}["case"].is_over


def rounds(options: Options) -> Iterator[tuple[str, Round]]:
    yield "every way traced and replayed", every_way
    for minutes in MINUTES:
        yield f"a step of {minutes} minutes more", partial(replayed, options.seed, options.runs, minutes)


def _asked(draft: bytes, lived: list[Lived], **more: Any) -> dict[str, Any]:
    told = {"draft": draft.decode(), "basis": shipped_model().decode(), "versions": {}, "lives": [each.life.told() for each in lived]}
    return {**told, "calendar": told_calendar(CALENDAR), "found": len(lived), **more}


def _mean(told: dict[str, Any], side: str) -> float:
    mean: float = told[side]["answered"]["mean"]
    return mean


def _hours(lived: list[Lived]) -> float:
    return sum(sum(each.office_hours.values()) for each in lived)


RUN = Run("what_if", "histories of 1500 cases replayed in a changed draft and in the same text, for each length of a step", 6, rounds)

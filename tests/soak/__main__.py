"""bin/soak list | NAME [--seed N] [--runs N] [--only TEXT] [--resume]"""
from __future__ import annotations

import argparse
import sys

from tests.soak import (
    api_schema,
    areas,
    benchmark,
    checks,
    chroot,
    comparing,
    exhaustive,
    facts,
    failover,
    faults,
    field,
    figures,
    fuzz,
    heat,
    houses,
    install,
    jobs,
    journeys,
    kills,
    lighthouse,
    lives,
    looks,
    messages,
    moves,
    open311,
    paper,
    pooler,
    processes,
    reorganisations,
    reports,
    restore,
    rolling,
    signatures,
    slow_receivers,
    tables,
    takebacks,
    timers,
    webhooks,
    what_if,
    whole,
    worstday,
    xes,
)
from tests.soak.runs import RESULTS, Options, Run, RunFailed, carry_out

RUNS: dict[str, Run] = {
    run.name: run
    for run in (
        kills.RUN, faults.RUN, worstday.RUN, chroot.RUN, benchmark.RUN, timers.RUN, takebacks.RUN, lives.RUN, looks.RUN, checks.RUN,
        whole.RUN, exhaustive.RUN, messages.RUN, reorganisations.RUN, benchmark.RATE, benchmark.ARRIVALS,
        comparing.RUN, lighthouse.RUN, moves.RUN, heat.RUN, figures.RUN, what_if.RUN, xes.RUN, paper.RUN, signatures.RUN, facts.RUN,
        reports.RUN, houses.RUN, journeys.RUN, field.RUN, areas.RUN, webhooks.RUN, slow_receivers.RUN,
        tables.RUN, jobs.RUN, processes.RUN, install.RUN, restore.RUN, rolling.RUN, failover.RUN, pooler.RUN, fuzz.RUN, open311.RUN,
        api_schema.RUN,
    )
}


def main(arguments: list[str]) -> int:
    """Do the run that is named. Returns the exit status: 1 when a round failed."""
    asked = _parser().parse_args(arguments)
    if asked.name == "list":
        for run in RUNS.values():
            print(f"{run.name:10} {run.what} (usually {run.usual_runs})")
        print(f"Results: {RESULTS}")
        return 0
    run = RUNS[asked.name]
    try:
        carry_out(run, Options(seed=asked.seed, runs=asked.runs or run.usual_runs), resume=asked.resume, only=asked.only)
    except RunFailed as failure:
        print(failure, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="bin/soak", description="The long runs; each writes its result as JSON.")
    parser.add_argument("name", choices=["list", *RUNS], help="the run, or list")
    parser.add_argument("--seed", type=int, default=1, help="of everything that is drawn by lot (1)")
    parser.add_argument("--runs", "--acts", type=int, help="how many, in the unit of the run (see list)")
    parser.add_argument("--only", default="", help="only the rounds whose names have this in them")
    parser.add_argument("--resume", action="store_true", help="go on where a run with the same seed was stopped")
    return parser


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))

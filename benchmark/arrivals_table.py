"""The result of `--arrive` for people."""

from collections.abc import Iterator, Mapping

from benchmark.arrivals import LATE_MS, Arrived
from benchmark.patience import CUT_OFF


def lines(measured: Arrived) -> Iterator[str]:
    """Who came, what was answered, how long it took, and what is wrong."""
    beside = measured.beside
    asked, lives = beside["asked"], beside["lives"]
    yield (
        f"{lives['arrived']} lives arrived in {asked['seconds']} s ({asked['per_second']:g} a second, seed {asked['seed']}) on "
        f"{beside['database']}: {asked['hands']} hands, server processes: {asked['servers']}, one worker, "
        f"{beside['machine']['processors']} processors"
    )
    yield (
        f"never started: {lives['never_started']}; receipts: {lives['receipts']}; finished: {lives['finished']}, the last "
        f"{beside['drained_after_seconds']} s after the last arrivals (at most {asked['drain_seconds']}); "
        f"from arrival to end, s: {_spread(lives['seconds'])}"
    )
    for each in measured.figures:
        yield each.line
    yield "answers by status: " + _counts({"none" if status == CUT_OFF else status: times for status, times in beside["answers"].items()})
    yield f"503 with Retry-After: {beside['put_off'].get('with', 0)}, without: {beside['put_off'].get('without', 0)}"
    yield f"sent again: {_counts(beside['tried_again']) or 'nothing'}; tried {beside['most_tries']} times at most"
    yield f"requests for each life that finished: {beside['requests_of_a_life']}"
    shares = "p50, p95, p99, most"
    yield f"{'milliseconds':12}{'requests':>10}{f'> {LATE_MS}':>8}   {f'from when due: {shares}':40}from when sent: {shares}"
    for name, took in beside["times"].items():
        due, sent = _spread(took["from_when_due_ms"]), _spread(took["from_when_sent_ms"])
        yield f"{name:12}{took['requests']:>10}{took['late']:>8}   {due:40}{sent}"
    for part, memory in beside["memory_mb"].items():
        yield f"memory, {part}, MB: " + " ".join(f"{each:.0f}" for each in memory)
    yield f"verify: {beside['verify']} faults"
    for fault in measured.faults[:10]:
        yield f"fault: {fault}"


def _spread(values: Mapping[str, float]) -> str:
    return ", ".join(f"{value:.0f}" for value in values.values())


def _counts(counts: Mapping[object, int]) -> str:
    return ", ".join(f"{what}: {times}" for what, times in counts.items())

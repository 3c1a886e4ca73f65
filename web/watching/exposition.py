"""The metrics in Prometheus' format. Values shared by all processes come from the database, so that any server can report them."""

from collections import Counter
from collections.abc import Collection, Iterator, Mapping
from datetime import datetime, timedelta

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from casework.upkeep.server_processes import LOST_AFTER
from web.http import metrics as http_metrics
from web.watching.figures import Backlog, Figures
from web.watching.finding import Finding
from web.watching.presence import program_version

SECOND = timedelta(seconds=1)


def exposition(figures: Figures, findings: Collection[Finding]) -> bytes:
    """This server's requests, then the state of the whole installation."""
    installation = CollectorRegistry()
    installation.register(_Installation(figures, findings))
    return generate_latest(http_metrics.registry()) + generate_latest(installation)


class _Installation(Collector):
    def __init__(self, figures: Figures, findings: Collection[Finding]) -> None:
        self._figures, self._findings = figures, findings

    def collect(self) -> Iterator[Metric]:
        found = self._figures
        yield _labelled("info", "Version of the program that answers.", "version", {program_version(): 1})
        yield self._said()
        yield _labelled("cases_open", "Cases in which the centre owes an answer, by state.", "state", found.open_cases)
        yield _plain("cases_late", "Open cases whose limit is over.", found.late_cases)
        yield _plain("cases_unconfirmed", "Reports whose sender has not confirmed a contact; in neither.", found.unconfirmed_cases)
        yield _plain("steps_waiting", "Steps that wait for staff.", found.steps_waiting)
        yield _plain("steps_unclaimed", "Steps that nobody has taken.", found.steps_unclaimed)
        yield _plain("steps_late", "Steps whose own limit is over.", found.steps_late)
        yield _plain("reports_filed_today", "Reports filed since midnight of the place.", found.filed_today)
        yield _plain("cases_answered_today", "Cases answered since midnight of the place.", found.answered_today)
        yield from self._backlogs()
        yield from self._jobs()
        yield from self._processes()
        yield from self._keeping()

    def _said(self) -> Metric:
        """The keys of the health page's sentences, so that monitoring knows all that the page shows."""
        said = GaugeMetricFamily("langbiang_findings", "What the health page says, by kind and level.", labels=["key", "level"])
        for (key, level), number in Counter((each.key, each.level.name.lower()) for each in self._findings).items():
            said.add_metric([key, level], number)
        return said

    def _backlogs(self) -> Iterator[Metric]:
        found, at = self._figures, self._figures.at
        yield from _backlog("timers_overdue", "Timers whose instant is over and that have not fired", found.timers, at)
        yield from _backlog("incidents_open", "Steps that failed and wait for an administrator", found.incidents, at)
        yield from _backlog("messages_unrouted", "Messages of which it is not worked out yet who is told by which way", found.unrouted, at)
        waiting = {channel: each.count for channel, each in found.deliveries.items()}
        ages = {channel: each.age(at) / SECOND for channel, each in found.deliveries.items()}
        yield _labelled("deliveries_due", "Messages that are due and have not left.", "channel", waiting)
        yield _labelled("deliveries_due_oldest_seconds", "How long the oldest of them is due.", "channel", ages)
        yield _labelled("deliveries_given_up", "Messages that were given up.", "channel", found.given_up)
        yield _labelled("files_waiting", "Files to be made or looked at.", "kind", {kind: each.count for kind, each in found.files.items()})
        yield _labelled("files_waiting_oldest_seconds", "How long the oldest of them waits.", "kind",
                        {kind: each.age(at) / SECOND for kind, each in found.files.items()})  # fmt: skip

    def _jobs(self) -> Iterator[Metric]:
        jobs, at = self._figures.jobs, self._figures.at
        yield _counter("job_runs", "Runs of a recurring job.", "job", {name: row.runs for name, row in jobs.items()})
        yield _counter("job_run_seconds", "Time spent in them.", "job", {name: row.run_ms / 1000 for name, row in jobs.items()})
        yield _counter("job_failures", "Runs that ended with an error.", "job", {name: row.failures for name, row in jobs.items()})
        yield _labelled("job_failures_in_a_row", "Errors since the last run that went well.", "job",
                        {name: row.failures_in_a_row for name, row in jobs.items()})  # fmt: skip
        yield _labelled("job_last_end_age_seconds", "Since its last run ended.", "job",
                        {name: (at - row.ended_at) / SECOND for name, row in jobs.items() if row.ended_at is not None})  # fmt: skip

    def _processes(self) -> Iterator[Metric]:
        at = self._figures.at
        kinds = dict.fromkeys(("server", "worker", "demo"), 0)
        memory = GaugeMetricFamily("langbiang_process_memory_bytes", "Memory a process holds.", labels=["kind", "host", "pid"])
        slow = CounterMetricFamily("langbiang_process_slow_queries", "Slow statements of a process.", labels=["kind", "host", "pid"])
        ahead = GaugeMetricFamily(
            "langbiang_process_clock_ahead_seconds", "A machine's clock before the database's.", labels=["kind", "host", "pid"]
        )
        for row in self._figures.processes:
            if row.seen_at <= at - LOST_AFTER:
                continue
            kinds[row.kind] += 1
            names = [row.kind, row.host, str(row.pid)]
            memory.add_metric(names, row.memory)
            slow.add_metric(names, row.slow_queries)
            ahead.add_metric(names, row.clock_ahead_ms / 1000)
        yield _labelled("processes", "Processes seen in the last minutes.", "kind", kinds)
        yield from (memory, slow, ahead)

    def _keeping(self) -> Iterator[Metric]:
        found, at = self._figures, self._figures.at
        yield _labelled("disk_bytes", "Size of the file system.", "where", {name: disk.total for name, disk in found.disks.items()})
        yield _labelled("disk_free_bytes", "What is free of it.", "where", {name: disk.free for name, disk in found.disks.items()})
        yield _plain("database_bytes", "Size of the database.", found.database_bytes)
        ends = {each.name: each.ends_at.timestamp() for each in found.certificates if each.ends_at is not None}
        yield _labelled("certificate_end_timestamp_seconds", "When a certificate ends.", "name", ends)
        yield _labelled("upkeep_age_seconds", "Since a backup, verification, … last ended well.", "kind", _ages(found, at))
        yield _labelled("upkeep_well", "Whether the last one ended well.", "kind",
                        {kind: int(mark.is_well) for kind, mark in found.marks.items()})  # fmt: skip
        if found.anchored_at is not None:
            yield _plain("anchor_age_seconds", "Since the newest anchor was written.", (at - found.anchored_at) / SECOND)
        of = found.standbys
        yield _labelled("standbys", "Standbys of the database by kind; hidden are those our role may not see.", "kind",
                        {"synchronous": of.synchronous, "asynchronous": of.asynchronous, "hidden": of.hidden})  # fmt: skip
        yield _labelled("replica_lag_seconds", "How far a standby is behind.", "name", of.behind)
        near = found.nearness
        behind = {"public": near.behind} if near is not None and near.behind is not None else {}
        yield _labelled("public_replica_behind_seconds", "How far the replica of the public pages is behind at most.", "name", behind)
        yield _labelled("public_replica_answers", "Whether it answers.", "name", {"public": int(near.answers)} if near is not None else {})


def _ages(figures: Figures, at: datetime) -> dict[str, float]:
    return {kind: (at - mark.well_at) / SECOND for kind, mark in figures.marks.items() if mark.well_at is not None}


def _plain(name: str, what: str, value: float) -> Metric:
    return GaugeMetricFamily(f"langbiang_{name}", what, value=value)


def _labelled(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    return _filled(GaugeMetricFamily(f"langbiang_{name}", what, labels=[label]), values)


def _counter(name: str, what: str, label: str, values: Mapping[str, float]) -> Metric:
    return _filled(CounterMetricFamily(f"langbiang_{name}", what, labels=[label]), values)


def _filled(family: GaugeMetricFamily | CounterMetricFamily, values: Mapping[str, float]) -> Metric:
    for label, value in values.items():
        family.add_metric([label], value)
    return family


def _backlog(name: str, what: str, backlog: Backlog, at: datetime) -> Iterator[Metric]:
    yield _plain(name, f"{what}.", backlog.count)
    yield _plain(f"{name}_oldest_seconds", f"{what}: how long the oldest.", backlog.age(at) / SECOND)

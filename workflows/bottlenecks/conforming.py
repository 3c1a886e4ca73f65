"""Conformance checks: requested for a period, run by the worker in a process of their own, and read by those who read bottlenecks."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from casework.db import db
from casework.models import Agency, Centre
from casework.permissions import Actor
from workflows.bottlenecks.conformance import Fit, Way, ways_of
from workflows.bottlenecks.reading import BottleneckQuery, centres_read
from workflows.bottlenecks.traces import traces_of
from workflows.definitions.parsed import text_of
from workflows.models import ProcessVersion, Rehearsal
from workflows.rehearsal.asking import ask_rehearsal, only
from workflows.rehearsal.reading import newest_about
from workflows.rehearsal.running import RUNNERS, Tell
from workflows.rehearsal.shut_in import RehearsalFailed, in_child
from workflows.rehearsal.stories import LONGEST_WHY, shortened
from workflows.versions.live import live_version

CONFORMANCE = "conformance"
MOST = 2_000
"""Cases compared; if the period has more, those that ended last."""
MOST_WAYS = 400
"""Different ways judged, the most frequent first."""

MOST_TOLD = 20
"""Departing ways reported, the most frequent first."""

SECONDS, WAITED = 45, 180
"""Processor time for the judging, and how long its process may run altogether."""


@dataclass(frozen=True, slots=True)
class ConformanceCheck:
    """The newest conformance check the reader may see, with the period it was requested for."""

    rehearsal: Rehearsal
    first: date
    last: date

    @property
    def result(self) -> dict[str, Any] | None:
        """Cases by finding, and the ways that depart."""
        return self.rehearsal.result


def ask_conformance(wanted: BottleneckQuery, *, by: Actor, now: datetime) -> Rehearsal:
    """Request a check whether the live model would have allowed the cases whose process ended in the period.

    Raises NotAllowed, RehearsalRefused and NoLiveVersion.
    """
    own = centres_read(by)
    centres = [wanted.centre.id] if wanted.centre is not None else None if own is None else sorted(own)
    version = live_version(only(centres))
    wishes = {
        "first": wanted.first.isoformat(), "last": wanted.last.isoformat(), "field": wanted.field,
        "agency": wanted.agency.id if wanted.agency is not None else None,
        "of_version": wanted.version.id if wanted.version is not None else None, "centres": centres,
    }  # fmt: skip
    return ask_rehearsal(version, kind=CONFORMANCE, wishes=wishes, centre_id=only(centres), by=by, now=now)


def newest_conformance(*, by: Actor, centre: Centre | None = None) -> ConformanceCheck | None:
    """Return the newest check about centres the person reads, or about the one centre given."""
    own = centres_read(by)
    if centre is not None:
        own = frozenset({centre.id}) if own is None or centre.id in own else frozenset()
    query = select(Rehearsal).where(Rehearsal.kind == CONFORMANCE)
    row = newest_about(query.options(joinedload(Rehearsal.version), joinedload(Rehearsal.asked_by)), own)
    if row is None:
        return None
    return ConformanceCheck(row, date.fromisoformat(row.wishes["first"]), date.fromisoformat(row.wishes["last"]))


def run_conformance(rehearsal: Rehearsal, tell: Tell) -> dict[str, Any]:
    """Judge the cases of the period, each distinct way once. A case counts as the worst of its processes."""
    wishes, version = rehearsal.wishes, rehearsal.version
    wanted = BottleneckQuery(
        date.fromisoformat(wishes["first"]),
        date.fromisoformat(wishes["last"]),
        version=db.session.get(ProcessVersion, wishes["of_version"]) if wishes["of_version"] else None,
        field=wishes["field"],
        agency=db.session.get(Agency, wishes["agency"]) if wishes["agency"] else None,
    )
    cases: list[list[Way]] = []
    is_sample = False
    for case in traces_of(wanted, wishes["centres"], newest_first=True):
        if len(cases) == MOST:
            is_sample = True
            break
        cases.append(ways_of(case))
    if not cases:
        raise RehearsalFailed("Trong kỳ này chưa có hồ sơ nào đã kết thúc.", "No case of this period is over yet.")
    xml, number = text_of(version).decode(), version.number
    db.session.rollback()
    counted = Counter(way for ways in cases for way in ways)
    ordered = sorted(counted, key=lambda way: (-counted[way], str(way)))
    asked = {"xml": xml, "ways": ordered[:MOST_WAYS], "seconds": SECONDS}
    found = in_child(CONFORMANCE, asked, tell=tell, seconds=2 * SECONDS, waited=WAITED)["findings"]
    fits = dict.fromkeys(ordered, Fit.UNDECIDED) | {way: Fit(each["fit"]) for way, each in zip(ordered[:MOST_WAYS], found, strict=True)}
    by_case = Counter(_worst({fits[way] for way in ways}) for ways in cases)
    departing = [
        {**each, "why": _cut(each["why"]), "process": way[0], "steps": [step for step, _outcome in way[1]], "number": counted[way]}
        for way, each in zip(ordered[:MOST_WAYS], found, strict=True)
        if each["fit"] != Fit.ALLOWED
    ]
    return {
        "cases": len(cases), "is_sample": is_sample, "number": number, "ways": len(ordered),
        **{str(fit): by_case[fit] for fit in Fit}, "departing": departing[:MOST_TOLD], "departing_ways": len(departing),
    }  # fmt: skip


def _cut(why: list[str] | None) -> list[str] | None:
    return [shortened(each, LONGEST_WHY) for each in why] if why else None


def _worst(fits: set[Fit]) -> Fit:
    return next((fit for fit in (Fit.DEPARTS, Fit.UNDECIDED) if fit in fits), Fit.ALLOWED)


RUNNERS[CONFORMANCE] = run_conformance

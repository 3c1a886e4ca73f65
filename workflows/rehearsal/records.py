"""A traced case prepared for replay: how each passage of a step or timer went, and what was heard after which act."""

from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache

from workflows.rehearsal.lives import CASE, CaseLife
from workflows.rehearsal.states import Act, Kind, State
from workflows.rehearsal.tracing import Traced

Sign = tuple[Kind, str]
Which = tuple[str, Sign, int]
"""An act by its process, its sign and its occurrence, counted from 0."""

NOTHING: Which = ("", (Kind.STEP, ""), 0)
"""In place of an act: the beginning of the case."""


@dataclass(frozen=True, slots=True)
class RecordedPassage:
    """One wait at a step or timer: from when, until when, and the act that ended it; None if something else did.

    For a timer that never fired, `until` is when it would have.
    """

    since: float
    until: float | None
    act: Act | None


@dataclass(frozen=True, slots=True)
class Follows:
    """What came `lag` seconds after an act: an agency's process begun, or a message heard (`act`)."""

    process: str
    act: Act | None
    lag: float
    at: float


@dataclass(frozen=True, slots=True)
class Record:
    """A case to be replayed; instants in seconds. `answered_by` and `due_by` are the acts that ended and began its limit.

    `finished` are the messages heard when its agencies were done, each with the delay since they were done
    and the case waited for it.
    """

    started: float
    ended: float
    passages: Mapping[tuple[str, Sign], list[RecordedPassage]]
    follows: Mapping[Which, list[Follows]]
    finished: tuple[tuple[Act, float], ...]
    agencies: Mapping[str, int | None]
    due: float | None = None
    due_by: tuple[Which, float] | None = None
    answered: float | None = None
    answered_by: Which | None = None


@dataclass(slots=True)
class _Walked:
    state: State
    waiting: dict[Sign, list[tuple[int, float]]] = field(default_factory=lambda: defaultdict(list))
    counted: Counter[Sign] = field(default_factory=Counter)
    last: tuple[Which, float] | None = None


FINISHED = "assignments_finished"
"""Heard when no agency of the case is at work any more; on replay it is worked out instead of remembered."""


def record_of(life: CaseLife, way: Sequence[Traced]) -> Record:
    """Return the record of a case that is over."""
    passages: dict[tuple[str, Sign], list[RecordedPassage]] = defaultdict(list)
    follows: dict[Which, list[Follows]] = defaultdict(list)
    finished: list[tuple[Act, float]] = []
    agencies = _Agencies()
    happened: dict[float, Which] = {}
    walked: dict[str, _Walked] = {}
    for each in way:
        here = walked.get(each.process)
        agencies.note(each)
        if here is None:
            begun = walked[each.process] = _Walked(each.state)
            if each.process != CASE:
                last = walked[CASE].last or (NOTHING, way[0].at)
                follows[last[0]].append(Follows(each.process, None, each.at - last[1], each.at))
            _arm(begun, each, change(None, each.state, None), passages)
            continue
        act = each.act
        assert act is not None
        if act.kind == Kind.MESSAGE:
            if act.element == FINISHED:
                finished.append((act, each.at - agencies.ready_since))
            else:
                last = here.last or (NOTHING, way[0].at)
                follows[last[0]].append(Follows(each.process, act, each.at - last[1], each.at))
        else:
            number, since = here.waiting[act.sign].pop(0)
            passages[each.process, act.sign][number] = RecordedPassage(since, each.at, act)
            here.last = (each.process, act.sign, number), each.at
            if each.process == CASE:
                happened.setdefault(each.at, here.last[0])
        _arm(here, each, change(here.state, each.state, act.sign if act.kind != Kind.MESSAGE else None), passages)
        here.state = each.state
    _note_timers(life, passages)
    due_by = happened.get(life.due_began) if life.due_began is not None else None
    return Record(
        started=way[0].at,
        ended=next((each.ended for each in life.processes if each.key == CASE and each.ended is not None), way[-1].at),
        passages=dict(passages),
        follows=dict(follows),
        finished=tuple(finished),
        agencies={each.key: each.agency for each in life.processes},
        due=life.due,
        due_by=(due_by, life.due_began) if due_by is not None and life.due_began is not None else None,
        answered=life.answered,
        answered_by=happened.get(life.answered) if life.answered is not None else None,
    )


@dataclass(slots=True)
class _Agencies:
    """Tracks since when no agency is at work while the case waits for that."""

    ready_since: float = 0.0
    working: set[str] = field(default_factory=set)
    is_awaited: bool = False

    def note(self, each: Traced) -> None:
        was_ready = self.is_awaited and not self.working
        if each.process != CASE:
            (self.working.discard if each.state.is_over else self.working.add)(each.process)
        elif each.act is None or each.act.element != FINISHED:
            self.is_awaited = (Kind.MESSAGE, FINISHED) in each.state.signs
        if not was_ready:
            self.ready_since = each.at


def _arm(here: _Walked, each: Traced, changed: "WaitingChange", passages: dict[tuple[str, Sign], list[RecordedPassage]]) -> None:
    for sign in changed.gone:
        if here.waiting[sign]:
            here.waiting[sign].pop()
    for sign in changed.come:
        here.waiting[sign].append((here.counted[sign], each.at))
        here.counted[sign] += 1
        passages[each.process, sign].append(RecordedPassage(each.at, None, None))


def _note_timers(life: CaseLife, passages: dict[tuple[str, Sign], list[RecordedPassage]]) -> None:
    """Note for timers that never fired when they would have."""
    for process in life.processes:
        due: dict[str, list[float]] = defaultdict(list)
        for timer in process.timers:
            due[timer.element].append(timer.due)
        for element, moments in due.items():
            known = passages.get((process.key, (Kind.TIMER, element)), [])
            for number, (passage, moment) in enumerate(zip(known, moments, strict=False)):
                if passage.act is None:
                    known[number] = RecordedPassage(passage.since, moment, None)


@dataclass(frozen=True, slots=True)
class WaitingChange:
    """The steps and timers that began to wait between two states, and those that no longer do, except what was done itself."""

    come: tuple[Sign, ...]
    gone: tuple[Sign, ...]


@lru_cache(maxsize=100_000)
def change(before: State | None, after: State, done: Sign | None) -> WaitingChange:
    """Return what an act changed in what waits."""
    was = Counter(_waiting(before)) if before is not None else Counter[Sign]()
    if done is not None:
        was[done] -= 1
    now = Counter(_waiting(after))
    return WaitingChange(tuple(sorted((now - was).elements())), tuple(sorted((was - now).elements())))


def _waiting(state: State) -> Iterator[Sign]:
    for each in state.enabled:
        if each.kind != Kind.MESSAGE:
            yield each.kind, each.name

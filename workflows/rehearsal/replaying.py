"""Replays a recorded case in a model, event by event: the same decisions and durations; whatever is new is assumed."""

import heapq
from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import orjson

from casework.errors import CaseworkError
from casework.permissions import AGENCY_ROLES
from workflows.definitions.step_forms import variables_of
from workflows.definitions.variables import Type
from workflows.desk_access import REPORTER
from workflows.rehearsal.assumptions import BUTTON, STEP, TIMER, Assumed, chosen_act
from workflows.rehearsal.automaton import Automaton, DoesNotRun, NotEnabled
from workflows.rehearsal.lives import CASE
from workflows.rehearsal.office_time import OfficeTime
from workflows.rehearsal.records import FINISHED, NOTHING, Record, Sign, Which, change
from workflows.rehearsal.states import Act, Kind, State
from workflows.rehearsal.stories import ASSIGNMENT, label_of, name_of

MOST_ACTS = 1_000
"""Acts per case."""
MOST_HELPED = 20
"""How often a case that is stuck is helped on by an assumption."""

DONE, BEGUN, HEARD, HEARD_BY_CASE, LOOKED = range(5)
"""The order of events at the same instant."""


class NotReplayed(CaseworkError):
    """The case cannot be replayed to its end in this model; the text says where it is stuck."""


@dataclass(slots=True)
class Played:
    """How a replayed case went: passages by element, when it was answered and over.

    `work` is by role and agency how many steps were done and their office seconds. `assumed` counts assumptions by element, kind (STEP,
    BUTTON or TIMER) and button pressed; `heard` counts messages.
    """

    passages: Counter[str] = field(default_factory=Counter)
    work: dict[tuple[str, int | None], list[float]] = field(default_factory=lambda: defaultdict(lambda: [0.0, 0.0]))
    happened: dict[Which, float] = field(default_factory=dict)
    assumed: Counter[tuple[str, str, str]] = field(default_factory=Counter)
    heard: Counter[str] = field(default_factory=Counter)
    ended: float = 0.0
    answered: float = 0.0
    is_late: bool | None = None


@dataclass(slots=True)
class _Waits:
    """A step or timer waiting in the run; `act` will end it, None while nothing is planned."""

    process: str
    sign: Sign
    number: int
    since: float
    act: Act | None = None
    is_there: bool = True


@dataclass(slots=True)
class _Process:
    state: State
    waiting: dict[Sign, list[_Waits]] = field(default_factory=lambda: defaultdict(list))
    counted: Counter[Sign] = field(default_factory=Counter)
    told: list[Act] = field(default_factory=list)


class Player:
    """Replays records in one model. `assume` says how a step goes that history does not know."""

    def __init__(self, automaton: Automaton, office: OfficeTime, assume: Callable[[str], Assumed]) -> None:
        self.automaton, self.office, self.assume = automaton, office, assume
        self.elements = automaton.definition.elements
        self._completed: dict[tuple[str, Act], Act | None] = {}

    def play(self, record: Record) -> Played:
        """Replay a case to its end. Raises NotReplayed."""
        return _Run(self, record).played()

    def fitting(self, act: Act) -> Act | None:
        """Return a recorded act as this model's step can take it; None if its button is gone.

        Additional fields of the form are filled in as the checks would.
        """
        key = act.element, act
        if key not in self._completed:
            self._completed[key] = self._fitted(act)
        return self._completed[key]

    def _fitted(self, act: Act) -> Act | None:
        element = self.elements[act.element]
        step = self.automaton.bindings.steps.get(act.element)
        variables = step.variables(element.id, element.label) if step else variables_of(element.form, element.id, element.label)
        values: dict[str, Any] = orjson.loads(act.values)
        outcome = variables.get(element.id)
        if outcome is not None and outcome.type == Type.CHOICE and values.get(element.id) not in {each.id for each in outcome.choices}:
            return None
        if values.keys() >= variables.keys():
            return act
        first = self.automaton.samples[element.process_id].of_step(self.automaton.graphs[element.process_id].nodes[element.id])
        return Act.step(act.element, {**(first[0] if first else {}), **values}, orjson.loads(act.answers))


class _Run:
    def __init__(self, player: Player, record: Record) -> None:
        self.player, self.record, self.automaton = player, record, player.automaton
        self.processes: dict[str, _Process] = {}
        self.played_so = Played()
        self.now = record.started
        self._ahead: list[tuple[float, int, int, Any]] = []
        self._order = count()
        self._finished = 0
        self._ready_since: float | None = None
        self._acts = 0

    def played(self) -> Played:
        self._begin(CASE)
        self._follow(NOTHING)
        helped = 0
        while not self._is_over():
            if self._ahead:
                self._next()
            elif helped < MOST_HELPED and self._help():
                helped += 1
            else:
                raise self._stands_still()
        return self._measured()

    def _measured(self) -> Played:
        played, record = self.played_so, self.record
        played.ended = self.now
        answered = played.happened.get(record.answered_by) if record.answered_by is not None else None
        played.answered = answered if answered is not None else self.now
        if record.due is not None:
            due = record.due
            if record.due_by is not None and record.due_by[0] in played.happened:
                due += played.happened[record.due_by[0]] - record.due_by[1]
            played.is_late = played.answered >= due
        return played

    def _is_over(self) -> bool:
        return self.processes[CASE].state.is_over

    # -- what happens next -------------------------------------------------------------------------------------------

    def _plan(self, at: float, rank: int, what: Any) -> None:
        heapq.heappush(self._ahead, (at, rank, next(self._order), what))

    def _next(self) -> None:
        at, rank, _, what = heapq.heappop(self._ahead)
        self.now = max(self.now, at)
        if rank == DONE:
            if what.is_there and what.act is not None:
                self._do(what)
        elif rank == BEGUN:
            self._begin(what.process)
        elif rank == LOOKED:
            self._look()
        else:
            self.processes[what.process].told.append(what.act)
            self._hear(what.process)

    def _begin(self, key: str) -> None:
        if key in self.processes:
            return
        process_id = CASE if key == CASE else ASSIGNMENT
        try:
            state = self.automaton.start(process_id)
        except KeyError:
            raise NotReplayed(f"Mô hình không có quy trình “{process_id}”.", f"The model has no process “{process_id}”.") from None
        except DoesNotRun as fault:
            raise NotReplayed(f"Quy trình không bắt đầu được: {fault.vi}", f"The process cannot begin: {fault.en}") from fault
        self.processes[key] = _Process(state)
        self._arm(key, None, state, None)
        self._plan(self.now, LOOKED, None)

    def _do(self, what: _Waits) -> None:
        assert what.act is not None
        process = self.processes[what.process]
        process.waiting[what.sign].remove(what)
        which = what.process, what.sign, what.number
        if what.sign[0] == Kind.STEP:
            self._count(what)
        self.played_so.happened[which] = self.now
        self._move(what.process, what.act, what.sign)
        self._follow(which)

    def _count(self, what: _Waits) -> None:
        element = self.player.elements[what.sign[1]]
        role = element.role or ""
        agency = self.record.agencies.get(what.process) if role in AGENCY_ROLES else None
        self.played_so.passages[element.id] += 1
        if role == REPORTER:
            return
        work = self.played_so.work[role, agency]
        work[0] += 1
        work[1] += self.player.office.between(what.since, self.now)

    def _follow(self, which: Which) -> None:
        for each in self.record.follows.get(which, ()):
            if each.act is None:
                self._plan(self.now + each.lag, BEGUN, each)
            else:
                self._plan(self.now + each.lag, HEARD_BY_CASE if each.process == CASE else HEARD, each)

    def _move(self, key: str, act: Act, done: Sign | None) -> None:
        self._acts += 1
        process = self.processes[key]
        if self._acts > MOST_ACTS:
            raise NotReplayed("Hồ sơ đi vòng mãi trong mô hình này.", "The case goes round for ever in this model.")
        try:
            move = self.automaton.move(process.state, act)
        except (DoesNotRun, NotEnabled) as fault:
            name = name_of({"kind": act.kind, "element": act.element}, self.automaton)
            raise NotReplayed(f"Tại “{name.vi}”: {fault.vi}", f"At “{name.en}”: {fault.en}") from fault
        before, process.state = process.state, move.state
        self._arm(key, before, move.state, done)
        for message, payload in move.thrown:
            self._send(key, message, payload)
        self._plan(self.now, LOOKED, None)
        self._hear(key)

    def _send(self, key: str, name: str, payload: bytes) -> None:
        """A message one process sends the other waits until it is heard; a fact only wakes, and is recorded separately."""
        if name in self.automaton.bindings.facts:
            return
        others = [CASE] if key != CASE else [each for each in self.processes if each != CASE]
        for other in others:
            self.processes[other].told.append(Act.message(name, orjson.loads(payload)))
            self._hear(other)

    # -- what is heard -----------------------------------------------------------------------------------------------

    def _hear(self, key: str) -> None:
        """Let the process hear the first message it was sent and now waits for; messages it does not wait for yet are kept."""
        process = self.processes.get(key)
        if process is None or process.state.is_over:
            return
        for act in process.told:
            if act.sign in process.state.signs:
                process.told.remove(act)
                self._move(key, act, None)
                return

    def _look(self) -> None:
        """Tell the case when its agencies are done, after the same delay as then; if it was not told then, it is not told now."""
        case = self.processes[CASE]
        is_ready = (Kind.MESSAGE, FINISHED) in case.state.signs and all(
            each.state.is_over for key, each in self.processes.items() if key != CASE
        )
        if not is_ready or any(rank == BEGUN and at <= self.now for at, rank, _, _ in self._ahead):
            self._ready_since = None
            return
        if self._ready_since is None:
            self._ready_since = self.now
        if self._finished < len(self.record.finished):
            act, lag = self.record.finished[self._finished]
            if self.now < self._ready_since + lag:
                self._plan(self._ready_since + lag, LOOKED, None)
            else:
                self._finish(act)

    def _finish(self, act: Act) -> None:
        self._finished += 1
        self._ready_since = None
        self._move(CASE, act, None)

    # -- what begins to wait -----------------------------------------------------------------------------------------

    def _arm(self, key: str, before: State | None, after: State, done: Sign | None) -> None:
        process = self.processes[key]
        changed = change(before, after, done)
        for sign in changed.gone:
            if process.waiting[sign]:
                process.waiting[sign].pop().is_there = False
        for sign in changed.come:
            waits = _Waits(key, sign, process.counted[sign], self.now)
            process.counted[sign] += 1
            process.waiting[sign].append(waits)
            if sign[0] == Kind.STEP:
                self._expect_step(waits)
            else:
                self._expect_timer(waits, after)

    def _expect_step(self, waits: _Waits) -> None:
        element = waits.sign[1]
        passages = self.record.passages.get((waits.process, waits.sign), [])
        if waits.number >= len(passages):
            self._assume(waits)
            return
        passage = passages[waits.number]
        if passage.act is None or passage.until is None:
            return
        waits.act = self.player.fitting(passage.act)
        if waits.act is None:
            waits.act = self._chosen(waits, self.player.assume(element))
            self.played_so.assumed[element, BUTTON, _button(waits.act)] += 1
        self._plan(self._until(element, passage.since, passage.until), DONE, waits)

    def _until(self, element: str, since: float, until: float) -> float:
        """The end of a step that took from `since` to `until`: after the same office hours from now on.

        For citizens, and where no office hours passed, after the same elapsed time.
        """
        if self.now == since:
            return until
        office = self.player.office
        worked = office.between(since, until)
        if worked <= 0 or self.player.elements[element].role == REPORTER:
            return self.now + until - since
        return office.after(self.now, worked)

    def _assume(self, waits: _Waits) -> None:
        """Let a step go as assumed, because history does not know it or has fewer passages."""
        element = waits.sign[1]
        assumed = self.player.assume(element)
        waits.act = self._chosen(waits, assumed)
        office = self.player.office
        at = office.after(self.now, assumed.seconds) if assumed.in_office else self.now + assumed.seconds
        self.played_so.assumed[element, STEP, _button(waits.act)] += 1
        self._plan(at, DONE, waits)

    def _chosen(self, waits: _Waits, assumed: Assumed) -> Act:
        return chosen_act(self.automaton, self.processes[waits.process].state, waits.sign[1], assumed)

    def _expect_timer(self, waits: _Waits, state: State) -> None:
        element = waits.sign[1]
        passages = self.record.passages.get((waits.process, waits.sign), [])
        passage = passages[waits.number] if waits.number < len(passages) else None
        if passage is not None and passage.until is not None:
            waits.act = passage.act or Act.timer(element)
            self._plan(self.now + passage.until - passage.since, DONE, waits)
            return
        seconds = next((each.seconds for each in state.enabled if (each.kind, each.name) == waits.sign), None)
        waits.act = Act.timer(element)
        self.played_so.assumed[element, TIMER, ""] += 1
        self._plan(self.now + (seconds or 0.0), DONE, waits)

    # -- where it stands still ---------------------------------------------------------------------------------------

    def _help(self) -> bool:
        """Help on a case that is stuck: let a step be done that was then withdrawn, or a message be heard that was not heard then.

        Returns whether there was anything to help with.
        """
        for process in self.processes.values():
            for waiting in process.waiting.values():
                for waits in waiting:
                    if waits.act is None and waits.is_there:
                        self._assume(waits)
                        return True
        if self._ready_since is not None:
            known = self.record.finished
            self._finish(known[-1][0] if known else Act.message(FINISHED, {"answered": True}))
            return True
        for key, process in self.processes.items():
            for each in process.state.enabled:
                if each.kind == Kind.MESSAGE and each.place in process.state.places and each.name != FINISHED:
                    choices = self.automaton.choices(process.state, each)
                    self.played_so.heard[each.name] += 1
                    process.told.append(Act.message(each.name, choices[0] if choices else {}))
                    self._hear(key)
                    return True
        return False

    def _stands_still(self) -> NotReplayed:
        places = self.processes[CASE].state.places
        names = [label_of(each, self.automaton) for each in places]
        vi, en = ", ".join(f"“{each.vi}”" for each in names), ", ".join(f"“{each.en}”" for each in names)
        return NotReplayed(f"Hồ sơ dừng mãi tại {vi}.", f"The case stands still at {en}.")


def _button(act: Act) -> str:
    return str(orjson.loads(act.values).get(act.element, ""))

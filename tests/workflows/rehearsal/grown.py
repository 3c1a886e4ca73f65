"""A synthetic history with known truth: cases that live by lots drawn ahead, in a model or in the same one with a step more.

Everything that happens to a case is drawn before it begins: how many office minutes each step takes, who hands back, what is redone.
So the same case can be lived in two models, and what the second one changes is known and not estimated. It is written down in the way
the rows of a real case are, by a loop of its own that knows the straight way of the shipped model and nothing of the replay.
"""
from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from casework.working_time import Calendar, TimeLimit, Unit, add_working_minutes, due_at, working_minutes
from workflows.rehearsal.lives import CASE, CaseLife, PassedStep, PassedTimer, ProcessLife

CALENDAR = Calendar()
MONDAY = datetime(2025, 1, 6, 1, 0, tzinfo=UTC)
LIMIT = TimeLimit(3, Unit.WORKING_DAYS)
AGENCY, LEADER, LEGAL = 7, 8, "legal_review"


@dataclass
class Lived:
    """A case as it went: `life` is what its rows say, the others what is true of it."""

    life: CaseLife
    days: float
    is_late: bool
    office_hours: dict[str, float] = field(default_factory=dict)
    passages: dict[str, int] = field(default_factory=dict)


@dataclass
class _Pen:
    """Writes one process down."""

    key: str
    process_id: str
    started: datetime
    steps: list[PassedStep] = field(default_factory=list)
    timers: list[PassedTimer] = field(default_factory=list)
    agency: int | None = None
    ended: datetime | None = None

    def step(self, element: str, since: datetime, until: datetime, outcome: str | None, *, is_done: bool = True) -> None:
        self.steps.append(PassedStep(element, since.timestamp(), until.timestamp(), is_done, outcome))

    def life(self) -> ProcessLife:
        ended = self.ended.timestamp() if self.ended else None
        passed = tuple(self.steps), tuple(self.timers)
        return ProcessLife(self.key, self.process_id, self.started.timestamp(), ended, *passed, agency=self.agency)


def histories(seed: int, cases: int, sha256: str, *, review_minutes: int | None = None) -> Iterator[Lived]:
    """Yield cases by lot; with `review_minutes` each answer of an agency is reviewed behind its leader's approval, for so long or, drawn
    by lot around it, for a while of that length."""
    for number in range(cases):
        yield _lived(Random(f"{seed}/{number}"), sha256, review_minutes)


def _lived(rng: Random, sha256: str, review_minutes: int | None) -> Lived:
    opened = MONDAY + timedelta(days=rng.randrange(300), minutes=rng.randrange(24 * 60))
    around = rng.uniform(0.5, 1.5)                        # drawn in any case: else the rest of the life would be another one
    review = round(review_minutes * around) if review_minutes is not None else None
    drawn = rng
    truth = Lived(CaseLife(sha256, ()), 0.0, is_late=False)
    case = _Pen(CASE, CASE, opened)
    at = opened
    for element, minutes in (("verify", 90), ("classify", 30), ("distribute", 60)):
        at = _done(case, truth, drawn, element, at, minutes, "accept" if element == "verify" else element)
    agencies: list[_Pen] = []
    round_ = 1
    while True:
        number = 1 + (drawn.random() < 0.3) if round_ == 1 else 1
        begun = [_agency(f"{len(agencies) + each + 1}", at, drawn, truth, review, may_hand_back=round_ == 1) for each in range(number)]
        agencies += [pen for pen, _ in begun]
        at = max(pen.ended for pen, _ in begun if pen.ended)
        if any(answered for _, answered in begun):
            break
        at = _done(case, truth, drawn, "distribute", at, 60, "distribute")
        round_ += 1
    answered = at = _done(case, truth, drawn, "publish", at, 120, "publish")
    window = due_at(TimeLimit(7, Unit.CALENDAR_DAYS), at, CALENDAR)
    assert window is not None
    case.step("rate", at, window, None, is_done=False)
    case.timers.append(PassedTimer("rating_window", window.timestamp(), window.timestamp(), window.timestamp()))
    case.ended = window
    due = due_at(LIMIT, opened, CALENDAR)
    assert due is not None
    truth.life = CaseLife(
        sha256, tuple(pen.life() for pen in (case, *agencies)), due.timestamp(), opened.timestamp(), answered.timestamp()
    )
    truth.days, truth.is_late = (answered - opened).total_seconds() / 86_400, answered >= due
    return truth


def _done(pen: _Pen, truth: Lived, rng: Random, element: str, since: datetime, usual: int, outcome: str | None) -> datetime:
    """A step done after so many office minutes, drawn by lot around what is usual."""
    return _for(pen, truth, element, since, max(1, round(rng.expovariate(1 / usual))), outcome)


def _for(pen: _Pen, truth: Lived, element: str, since: datetime, minutes: int, outcome: str | None) -> datetime:
    until = add_working_minutes(since, minutes, CALENDAR)
    pen.step(element, since, until, outcome)
    truth.passages[element] = truth.passages.get(element, 0) + 1
    truth.office_hours[element] = truth.office_hours.get(element, 0.0) + working_minutes(since, until, CALENDAR) / 60
    return until


def _agency(
    key: str, since: datetime, rng: Random, truth: Lived, review: int | None, *, may_hand_back: bool
) -> tuple[_Pen, bool]:
    pen = _Pen(key, "assignment", since, agency=AGENCY + int(key) % 3)
    hands_back, redoes = may_hand_back and rng.random() < 0.15, rng.random() < 0.2
    at = _done(pen, truth, rng, "accept_assignment", since, 120, "hand_back" if hands_back else "accept")
    if hands_back:
        pen.ended = _done(pen, truth, rng, "decide_hand_back", at, 60, "release")
        return pen, False
    for last in ((False, True) if redoes else (True,)):
        at = _done(pen, truth, rng, "submit_answer", at, 600, "submit_answer")
        at = _done(pen, truth, rng, "approve_answer", at, 90, "approve" if last else "redo")
    if review is not None:
        at = _for(pen, truth, LEGAL, at, review, "agree")
    pen.ended = at
    return pen, True

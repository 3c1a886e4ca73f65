"""Everything that can be done with a case, a row each: the row stands on the use case, and the register of all rows is read here.

A row says who may do it, what each reader of the history is told, to which parts of the history it belongs, and for an act beside the
steps that wait when it makes sense. Whoever adds a verb writes this row; what is missing is named by tests/workflows/test_verbs.py.

A module's rows are there once it has been imported: workflows/every_verb.py imports all that have one. The register is therefore read
when something is asked, never while modules are being imported.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass, replace
from datetime import datetime
from enum import StrEnum
from inspect import signature
from typing import Any, TypeVar

from casework.models import Assignment, Case, Publication, Report
from casework.permissions import Action, Actor
from casework.sentences import Audience, Sentence
from casework.states import OPEN_STATES


class HistoryKind(StrEnum):
    """A part of the history: what one looks for in it is a decision, a message or a limit."""

    DECISIONS = "decisions"
    MESSAGES = "messages"
    LIMITS = "limits"


DECISION = frozenset({HistoryKind.DECISIONS})
MESSAGE = frozenset({HistoryKind.MESSAGES})
NO_KIND = frozenset[HistoryKind]()
"""Told in the whole history alone: no decision on the matter and no message."""

Result = Mapping[str, object] | None
"""Of a step `{"outcome": ..., flags the gateways read}`; of an act the rows of other cases that take part."""

UseCase = Callable[..., Result]
"""`(subject, given, *, by, now)`, without `given` where nothing is filled in; refuses with a CaseworkError."""

F = TypeVar("F", bound=Callable[..., object])


class Input:
    """What is filled in for an act: a frozen dataclass for each use case that wants something; a page makes it, the use case takes it."""

    __slots__ = ()

    @property
    def other_cases(self) -> Sequence[Case]:
        """Cases that take part in addition to the one the act is on; all are locked together."""
        return ()


def carry_out(use_case: UseCase, subject: Case | Assignment, given: Input | None, *, by: Actor, now: datetime) -> dict[str, Any]:
    """Do what a use case does, with what was filled in; returns its result, empty where it has none."""
    result = use_case(subject, by=by, now=now) if given is None else use_case(subject, given, by=by, now=now)
    return dict(result or {})


def input_of(use_case: Callable[..., object]) -> type[Input] | None:
    """The dataclass a use case takes; None where nothing is filled in."""
    given = signature(use_case).parameters.get("given")
    return given.annotation if given is not None else None


@dataclass(frozen=True, slots=True)
class Situation:
    """A case as somebody finds it who asks what they can do."""

    case: Case
    by: Actor
    now: datetime
    publications: Callable[[], Sequence[Publication]]
    """Of the case; read when first asked for."""

    @property
    def is_under_way(self) -> bool:
        """Whether the case is owed an answer and does not rest."""
        return self.case.state in OPEN_STATES and self.case.standstill is None


Part = Assignment | Publication | Report


@dataclass(frozen=True, slots=True)
class Verb:
    """One row. `name` is that of its event too, unless `recorded_as` names another's or it leaves none in the case (`leaves_event`).

    - `action`: what has to be permitted (casework/permissions); None for what the system records by itself.
    - `kinds`: decision and message; that it is about limits follows from `moves_limit` (the day of the answer can move by it) and
      `about_limit` (it speaks of one even where none has moved).
    - `staff`, `public`, `sender`: what each is told. The public is told nothing where `public` is missing; a sender what the public is.
    - `is_personal`: about one report of the case, named in the payload; other senders are not told. `is_told_by_day`: of the instant
      the public is told the day alone. `is_from_outside`: done by people outside, also without an account.
    - `is_noted`: its reason is a note of the same instant. `gives_title`: the event tells the case's title. `writes`: the table of which
      each row was written together with such an event.
    - `is_act`: it can be done beside the steps that wait. `needs` and `may_need` are the messages a model must wait for if the act is to
      be heard: always, or only where it makes their facts hold.
    - `offered` (of the whole case) or `offered_on` (its parts it can be done to) say for acts of staff when they make sense; the
      permission is asked before. `is_for_quarantine`: it is done to what was set apart, and to nothing else.
    - `locks_family`: it takes other cases along or lets them go, so that all the case is merged with are locked together.
    """

    name: str
    action: Action | None
    _: KW_ONLY
    kinds: frozenset[HistoryKind]
    staff: Sentence | None = None
    public: Sentence | None = None
    sender: Sentence | None = None
    moves_limit: bool = False
    about_limit: bool = False
    recorded_as: str | None = None
    leaves_event: bool = True
    is_personal: bool = False
    is_told_by_day: bool = False
    is_from_outside: bool = False
    is_noted: bool = False
    gives_title: bool = False
    writes: type[Any] | None = None
    is_act: bool = False
    needs: tuple[str, ...] = ()
    may_need: tuple[str, ...] = ()
    offered: Callable[[Situation], bool] | None = None
    offered_on: Callable[[Situation], Iterable[Part]] | None = None
    is_for_quarantine: bool = False
    locks_family: bool = False
    use_case: Callable[..., object] | None = None

    def __call__(self, use_case: F) -> F:
        """Put the row into the register, with the use case it stands on."""
        if self.name in _ROWS:
            raise ValueError(f"the verb {self.name} has a row already")
        _ROWS[self.name] = replace(self, use_case=use_case)
        return use_case

    @property
    def has_event(self) -> bool:
        """Whether there are events of its own name."""
        return self.leaves_event and self.recorded_as is None

    @property
    def is_of_staff(self) -> bool:
        """Whether members of staff do it beside the steps that wait."""
        return self.is_act and not self.is_from_outside

    @property
    def parts(self) -> frozenset[HistoryKind]:
        """The parts of the history its events belong to."""
        return self.kinds | {HistoryKind.LIMITS} if self.moves_limit or self.about_limit else self.kinds

    def sentence_for(self, audience: Audience) -> Sentence | None:
        """What tells the event to a reader; None where they are told nothing."""
        match audience:
            case Audience.PUBLIC:
                return self.public
            case Audience.SENDER:
                return self.sender or self.public
            case _:
                return self.staff


class _Rows(dict[str, Verb]):
    """By name."""

    is_complete = False


_ROWS = _Rows()
_ALSO_WRITTEN: dict[str, list[Callable[..., object]]] = {}


def writes(name: str) -> Callable[[F], F]:
    """Say of a use case that it records the event of a verb whose row stands elsewhere."""

    def noted(use_case: F) -> F:
        _ALSO_WRITTEN.setdefault(name, []).append(use_case)
        return use_case

    return noted


def register_is_complete() -> None:
    """Say that every module that has a row was imported; what asks for events of a kind is answered from then on."""
    _ROWS.is_complete = True


def _complete_rows() -> _Rows:
    """All rows. Raises RuntimeError before they are complete: an erasure or a verification that missed some would say nothing of it."""
    if not _ROWS.is_complete:
        raise RuntimeError("some verbs have no row yet: import workflows.every_verb first")
    return _ROWS


def every_verb() -> list[Verb]:
    """All rows, by name."""
    return sorted(_ROWS.values(), key=lambda verb: verb.name)


def also_writing(name: str) -> tuple[Callable[..., object], ...]:
    """The use cases that record a verb's event beside the one its row stands on."""
    return tuple(_ALSO_WRITTEN.get(name, ()))


def verb_of(event_type: str) -> Verb | None:
    """The row that tells events of a type."""
    verb = _complete_rows().get(event_type)
    return verb if verb is not None and verb.has_event else None


def verb_named(name: str) -> Verb | None:
    """The row of a verb."""
    return _ROWS.get(name)


def action_of(name: str) -> Action | None:
    """What has to be permitted for a verb; None where nothing has, and for a verb without a row."""
    verb = verb_named(name)
    return verb.action if verb is not None else None


def events_where(holds: Callable[[Verb], object]) -> frozenset[str]:
    """The types of events whose rows are as asked for."""
    return frozenset(verb.name for verb in _complete_rows().values() if verb.has_event and holds(verb))


def events_told(audience: Audience) -> frozenset[str]:
    """The types of events of which a reader is told at all."""
    return events_where(lambda verb: verb.sentence_for(audience))


def events_of(kind: HistoryKind) -> frozenset[str]:
    """The types of events in a part of the history."""
    return events_where(lambda verb: kind in verb.parts)


def acts() -> list[Verb]:
    """What can be done beside the steps that wait, by name."""
    return [verb for verb in every_verb() if verb.is_act]


def under_way(at: Situation) -> bool:
    """An act that makes sense on every case that is owed an answer and does not rest."""
    return at.is_under_way

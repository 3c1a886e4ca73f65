"""The events of a history that still count: what was undone counts as if it had never happened.

Moving a case to another version of its process lets the case continue, which may record acts like any other. Undoing the move restores
the rows; its events stay, because no event is ever removed, followed by one that says they were undone.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol, TypeVar

MOVE, UNDO = "move_case", "undo_move_case"
TURNS = (MOVE, UNDO)
"""Event types needed in addition to those that are counted or shown."""


class _Told(Protocol):
    """An event, or those of its columns that are read."""

    @property
    def type(self) -> str: ...
    @property
    def seq(self) -> int: ...
    @property
    def at(self) -> datetime: ...
    @property
    def payload(self) -> dict[str, Any] | None: ...


_E = TypeVar("_E", bound=_Told)


def standing(events: Iterable[_E]) -> list[_E]:
    """Return one case's events in their order without those an undo has taken back; the moves and their undoings stay.

    A move is recorded after everything it did and names its first event; older moves do not, and cover the events with the same instant.
    """
    found: list[_E] = []
    moves: list[_E] = []
    for event in events:
        if event.type == UNDO and moves:
            move = moves.pop()
            first = (move.payload or {}).get("first")
            at = found.index(move)
            while at and _is_of(found[at - 1], move, first):
                at -= 1
                del found[at]
        elif event.type == MOVE:
            moves.append(event)
        found.append(event)
    return found


def _is_of(event: _Told, move: _Told, first: int | None) -> bool:
    if event.type in TURNS:
        return False
    return event.seq >= first if first is not None else event.at == move.at

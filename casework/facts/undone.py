"""What was undone counts as if it had never happened: of a history, the events that stand.

A move of a case to another version of its process lets the case run on, which may do what is recorded like any act. When the move is
undone the rows are as they were before; its events stay, since no event is ever taken out, and with them the word that they are undone.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Protocol, TypeVar

MOVE, UNDO = "move_case", "undo_move_case"
TURNS = (MOVE, UNDO)
"""What has to be read with the events that are counted or told."""


class _Told(Protocol):
    """One event, or the columns of it that are read."""

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
    """Return those of the events of one case, in their order, that no undo has taken back; the moves and their undoings stay.

    A move is told last of what it did. It says which event was its first; one of before it said so did what bears its instant.
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

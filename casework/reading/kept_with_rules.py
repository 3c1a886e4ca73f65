"""What depends on the rules alone (areas, bodies, limits, texts) is read once and kept until they change."""

from collections.abc import Callable, Hashable
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from casework.calendars import rules_head
from casework.db import db

MOST_KEPT = 2_000
"""An installation has some dozen centres and asks for today; what was kept for former days goes with all else once it is too much."""

KEPT: dict[tuple[Hashable, ...], tuple[str, Any]] = {}
"""The head of the rules and what was read, by the database's address, the function and its arguments."""

P = ParamSpec("P")
T = TypeVar("T")


def kept_with_rules(read: Callable[P, T]) -> Callable[P, T]:
    """Keep what `read` returned for each database and each set of hashable arguments, until the rules change.

    It returns values nobody changes, never rows of a session.
    """

    @wraps(read)
    def reading(*args: P.args, **kwargs: P.kwargs) -> T:
        head, place = rules_head(), (str(db.engine.url), read, *args, *kwargs.items())
        found = KEPT.get(place)
        if found is None or found[0] != head:
            if len(KEPT) >= MOST_KEPT:
                KEPT.clear()
            # the head was read first: whatever changed since is read again under the next one
            found = KEPT[place] = (head, read(*args, **kwargs))
        answer: T = found[1]
        return answer

    return reading

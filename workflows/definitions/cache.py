"""What was worked out from a text is kept under a name that changes with the text, the most recently used first."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class Kept(Generic[K, V]):
    """Values by name, at most `size` of them; safe to share between threads."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._guard = threading.Lock()
        self._known: OrderedDict[K, V] = OrderedDict()

    def get(self, name: K, make: Callable[[], V]) -> V:
        """Return the value, making it when it is not there. Two threads may both make it at first: neither waits for the other."""
        with self._guard:
            if name in self._known:
                self._known.move_to_end(name)
                return self._known[name]
        value = make()
        with self._guard:
            self._known[name] = value
            if len(self._known) > self._size:
                self._known.popitem(last=False)
        return value

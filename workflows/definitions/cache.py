"""A small thread-safe cache of values computed from texts."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


class LruCache(Generic[K, V]):
    """Values by name, at most `size` of them, the most recently used kept. The name has to change with the text. Thread-safe."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._guard = threading.Lock()
        self._known: OrderedDict[K, V] = OrderedDict()

    def get(self, name: K, make: Callable[[], V]) -> V:
        """Return the value, making it if it is missing. Two threads may both make it at first; neither waits for the other."""
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

"""What happened lately, numbered from 1: the oldest gives way to the newest."""

from __future__ import annotations

import threading
from collections import deque
from typing import Generic, TypeVar

_T = TypeVar("_T")


class Numbered(Generic[_T]):
    """Items with the number under which each was kept; safe to use from several threads."""

    def __init__(self, size: int) -> None:
        self._items: deque[tuple[int, _T]] = deque(maxlen=size)
        self._number = 0
        self._lock = threading.Lock()

    def add(self, item: _T) -> int:
        """Keeps `item`; gives its number."""
        with self._lock:
            self._number += 1
            self._items.append((self._number, item))
            return self._number

    def since(self, number: int) -> list[tuple[int, _T]]:
        """The items after `number`, in order, each with its own."""
        with self._lock:
            return [entry for entry in self._items if entry[0] > number]

    def clear(self) -> None:
        """Forgets every item and counts from 1 again."""
        with self._lock:
            self._items.clear()
            self._number = 0

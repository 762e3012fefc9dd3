"""Things in order: who is first, who is n-th, in and out in O(log n) comparisons.

A list kept sorted. Moving the tail of a list of some hundred entries costs less than a microsecond, so the simplest
structure is also the quickest for the sizes of a centre.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterator
from itertools import islice
from typing import Any

Key = tuple[Any, ...]
"""What is sorted by: tuples of one shape, unequal for different names."""


class Order:
    """Names, sorted by their keys."""

    __slots__ = ("_entries", "_keys")

    def __init__(self) -> None:
        self._entries: list[tuple[Key, str]] = []
        self._keys: dict[str, Key] = {}

    def put(self, name: str, key: Key) -> None:
        """Add a name, or move it."""
        self.drop(name)
        self._keys[name] = key
        insort(self._entries, (key, name))

    def drop(self, name: str) -> None:
        """Take a name out; nothing happens if it isn't in."""
        key = self._keys.pop(name, None)
        if key is not None:
            del self._entries[bisect_left(self._entries, (key, name))]

    def first(self) -> tuple[Key, str]:
        """The first key and its name; IndexError if there is none."""
        return self._entries[0]

    def take(self, most: int | None) -> list[str]:
        """The first names, in order; None: all."""
        return [name for _, name in islice(self._entries, most)]

    def place(self, name: str) -> int:
        """Which one it is, from 1; KeyError if it isn't in."""
        return bisect_left(self._entries, (self._keys[name], name)) + 1

    def __contains__(self, name: object) -> bool:
        return name in self._keys

    def __len__(self) -> int:
        return len(self._entries)

    def __iter__(self) -> Iterator[str]:
        return (name for _, name in self._entries)

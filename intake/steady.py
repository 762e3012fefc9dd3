"""A time that never goes back, made of one that may.

Rule: all durations of the core are measured on this time. A step back of the outer clock costs nothing: no deadline
moves away, none falls due early. A step forward can't be told from a long sleep of the process, and is taken as one.
"""

from __future__ import annotations


class SteadyTime:
    """Turns the outer clock's seconds into steady seconds."""

    __slots__ = ("_last", "_lead")

    def __init__(self) -> None:
        self._last: float | None = None
        self._lead = 0.0

    def at(self, now: float) -> float:
        """The steady time at which the outer clock shows `now`, seconds."""
        if self._last is not None and now < self._last:
            self._lead += self._last - now
        self._last = now
        return now + self._lead

    def shown(self, steady: float) -> float:
        """What the outer clock will show at a steady time, if it isn't set meanwhile, seconds."""
        return steady - self._lead

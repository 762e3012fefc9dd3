"""Sets of stretches of time: sorted, disjoint, half-open pairs of whole numbers."""

from __future__ import annotations

from collections.abc import Iterable

Interval = tuple[int, int]
"""From (inside) and to (outside)."""


def union(intervals: Iterable[Interval]) -> tuple[Interval, ...]:
    """What is in any of these, in any order; empty ones vanish and touching ones join."""
    joined: list[Interval] = []
    for start, end in sorted(each for each in intervals if each[0] < each[1]):
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(joined[-1][1], end))
        else:
            joined.append((start, end))
    return tuple(joined)


def intersection(ones: Iterable[Interval], others: Iterable[Interval]) -> tuple[Interval, ...]:
    """What is in both."""
    rest = tuple(others)
    return union((max(a, c), min(b, d)) for a, b in ones for c, d in rest)


def difference(ones: Iterable[Interval], others: Iterable[Interval]) -> tuple[Interval, ...]:
    """What is in the first and not in the second."""
    left = union(ones)
    for start, end in union(others):
        left = union(piece for a, b in left for piece in ((a, min(b, start)), (max(a, end), b)))
    return left

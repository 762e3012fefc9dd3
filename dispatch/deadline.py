"""What has to happen by when, if nothing else happens before."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from intake.order import Order


class Due(StrEnum):
    """What is due."""

    ORDER = "order"
    """An open order: it is overdue, or the dispatcher is told again."""
    LOOK = "look"
    """A pause in an order's ladder is over."""
    ATTEMPT = "attempt"
    """An attempt should have gone on by now."""


class Deadlines:
    """At most one deadline of a kind for an order or an attempt."""

    __slots__ = ("_order",)

    def __init__(self) -> None:
        self._order = Order()

    def put(self, due: Due, subject: str, at: float) -> None:
        """Set or move a deadline, in steady seconds."""
        self._order.put(f"{due} {subject}", (at,))

    def drop(self, due: Due, subject: str) -> None:
        """There is no such deadline any more."""
        self._order.drop(f"{due} {subject}")

    def has(self, due: Due, subject: str) -> bool:
        """Whether there is such a deadline."""
        return f"{due} {subject}" in self._order

    def next(self) -> float | None:
        """When the first one falls due, in steady seconds; None: never."""
        return self._order.first()[0][0] if self._order else None

    def fallen(self, now: float) -> Iterator[tuple[Due, str]]:
        """Take out, one after the other, what is due by now; what is set meanwhile is seen."""
        while self._order and self._order.first()[0][0] <= now:
            name = self._order.first()[1]
            self._order.drop(name)
            due, _, subject = name.partition(" ")
            yield Due(due), subject

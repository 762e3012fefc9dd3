"""What has to happen by when, if nothing else happens before."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum
from typing import Generic, TypeVar

from intake.order import Order


class Due(StrEnum):
    """What is due."""

    REPORT = "report"
    """The dialplan owes a report about a call: lose sight of it, and ask."""
    RELAX = "relax"
    """A call has waited long enough for its skill: anybody may take it."""
    PLACE = "place"
    """A waiting caller is told how many are before him."""
    WRAP_UP = "wrap-up"
    """The time for writing up is over."""
    LINE = "line"
    """A line that is in fault, or whose call is gone: ask."""


D = TypeVar("D", bound=StrEnum)


class Deadlines(Generic[D]):
    """At most one deadline of a kind for a subject; `kind` is the enum of what can be due."""

    __slots__ = ("_kind", "_order")

    def __init__(self, kind: type[D]) -> None:
        self._kind = kind
        self._order = Order()

    def put(self, due: D, subject: str, at: float) -> None:
        """Set or move a deadline, in steady seconds."""
        self._order.put(f"{due} {subject}", (at,))

    def drop(self, due: D, subject: str) -> None:
        """There is no such deadline any more."""
        self._order.drop(f"{due} {subject}")

    def has(self, due: D, subject: str) -> bool:
        """Whether there is such a deadline."""
        return f"{due} {subject}" in self._order

    def next(self) -> float | None:
        """When the first one falls due, in steady seconds; None: never."""
        return self._order.first()[0][0] if self._order else None

    def fallen(self, now: float) -> Iterator[tuple[D, str]]:
        """Take out, one after the other, what is due by now; what is set meanwhile is seen."""
        while self._order and self._order.first()[0][0] <= now:
            name = self._order.first()[1]
            self._order.drop(name)
            due, _, subject = name.partition(" ")
            yield self._kind(due), subject

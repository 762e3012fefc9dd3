"""Twins in memory of what gis asks outside, for the tests of every floor above."""

from __future__ import annotations

from collections.abc import Iterable

from gis.subscriber import Subscriber, SubscribersUnreadable


class SubscribersInMemory:
    """A `SubscriberTable` without a file."""

    def __init__(self, subscribers: Iterable[Subscriber] = ()) -> None:
        self._by_key = {subscriber.number: subscriber for subscriber in subscribers}
        self.broken = False
        """Set it, and the table is unreadable."""

    def find(self, key: str) -> Subscriber | None:
        """The subscriber with this key."""
        if self.broken:
            raise SubscribersUnreadable("in memory: told to be broken")
        return self._by_key.get(key)

"""The orders of which the core knows, or knew: that one is over may not be on disk yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dispatch.attempt import order_and_incident
from dispatch.order import Order
from telephony.department import NOTED


class Known:
    """Who is in here is never taken for new, and nothing that Asterisk has noted of his attempts is stale."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}

    def of(self, id: str) -> Order | None:
        """The order, if it is known."""
        return self._orders.get(id)

    def ids(self) -> frozenset[str]:
        """All of them, as they are now."""
        return frozenset(self._orders)

    def add(self, orders: Iterable[Order]) -> tuple[Order, ...]:
        """These are known from now on; returns those that were not."""
        new = {each.id: each for each in orders if each.id not in self._orders}
        self._orders |= new
        return tuple(new.values())

    def keep(self, ids: Iterable[str]) -> None:
        """All others are over on disk."""
        self._orders = {id: self._orders[id] for id in ids}

    def stale(self, noted: Iterable[str]) -> Iterator[str]:
        """Of what Asterisk has noted, by key: what is about attempts of which nothing is to be known any more."""
        for key in noted:
            folder, _, rest = key.partition("/")
            named = order_and_incident(rest.rpartition("/")[0])
            if folder == NOTED and (named is None or named[0] not in self._orders):
                yield key

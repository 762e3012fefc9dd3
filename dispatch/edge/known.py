"""The orders of which the core knows, or knew: that one is over may not be on disk yet. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from dispatch.attempt import order_and_incident
from dispatch.order import Order
from telephony.department import NOTED


class Known:
    """Who is in here is never taken for new, and what Asterisk has noted of his attempts counts until they are over."""

    def __init__(self) -> None:
        self._orders: dict[str, Order] = {}
        self._over: set[str] = set()

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

    def over(self, attempt: str) -> None:
        """The end of this attempt is on disk."""
        self._over.add(attempt)

    def keep(self, ids: Iterable[str]) -> None:
        """All others are over on disk."""
        self._orders = {id: self._orders[id] for id in ids}
        self._over = {each for each in self._over if _order_of(each) in self._orders}

    def stale(self, noted: Iterable[str]) -> Iterator[str]:
        """Of what Asterisk has noted, by key: what is about attempts of which nothing is to be known any more."""
        for key in noted:
            folder, _, rest = key.partition("/")
            attempt = rest.rpartition("/")[0]
            if folder == NOTED and (attempt in self._over or _order_of(attempt) not in self._orders):
                yield key


def _order_of(attempt: str) -> str:
    named = order_and_incident(attempt)
    return "" if named is None else named[0]

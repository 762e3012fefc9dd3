"""A duty line: one telephone, whichever departments and orders want it. It has one attempt at a time.

Who wants a line that is in use waits: the more urgent order first, among equals the earlier one.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from dispatch.notification import Notification
from intake.order import Order


@dataclass(slots=True)
class Line:
    """The use of one telephone."""

    attempt: str | None = None
    """The attempt that has it, from its decision to its end."""
    waiting: Order = field(default_factory=Order)
    """Who wants it, in order."""

    def want(self, notification: Notification, rung: int) -> None:
        """An order wants this line, which is that rung of its ladder."""
        key = (-notification.order.priority, notification.since, notification.serial, rung)
        self.waiting.put(f"{rung} {notification.order.id}", key)

    def leave(self, order: str, rung: int) -> None:
        """An order does not want it any more; nothing happens if it did not."""
        self.waiting.drop(f"{rung} {order}")

    def first(self) -> tuple[str, int]:
        """Who is next: the order, and the rung of its ladder. IndexError if nobody waits."""
        rung, _, order = self.waiting.first()[1].partition(" ")
        return order, int(rung)

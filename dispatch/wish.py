"""What people want of orders, by the API or by a call to the feedback number. Who may want it was checked before.

A wish is answered by `command.Reply`: at once when it is refused, else as soon as what it wished is on disk.
"""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.fact import FeedbackGiven
from dispatch.order import OrderState


@dataclass(frozen=True, slots=True)
class Cancel:
    """Take an order back: whoever rings for it stops."""

    wish: str
    """Names this wish, for the reply."""
    order: str
    by: str
    """Who wants it."""
    reason: str = ""
    """Why, in words."""


@dataclass(frozen=True, slots=True)
class Again:
    """Climb an order's ladder once more, from its beginning."""

    wish: str
    order: str
    by: str


@dataclass(frozen=True, slots=True)
class TakeWord:
    """A department has given its word to the dispatcher: the order is acknowledged."""

    wish: str
    order: str
    by: str


@dataclass(frozen=True, slots=True)
class Feedback:
    """A department reports how far it is, or what it sees."""

    wish: str
    order: str
    feedback: str
    """A new id for it; the same twice is one report, and says the same."""
    by: str
    progress: OrderState | None = None
    """EN_ROUTE, ON_SCENE or DONE; None: only words."""
    words: str = ""

    @property
    def given(self) -> FeedbackGiven:
        """As it is written down."""
        return FeedbackGiven(self.order, self.feedback, self.progress, self.words, self.by)


@dataclass(frozen=True, slots=True)
class Close:
    """An incident is closed: its open orders are taken back, and of the others nothing more is expected."""

    wish: str
    incident: str
    by: str


Wish = Cancel | Again | TakeWord | Feedback | Close
"""Everything that can be wished."""

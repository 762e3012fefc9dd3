"""What has to happen by when, if nothing else happens before."""

from __future__ import annotations

from enum import StrEnum


class Due(StrEnum):
    """What is due."""

    ORDER = "order"
    """An open order: it is overdue, or the dispatcher is told again."""
    LOOK = "look"
    """A pause in an order's ladder is over."""
    ATTEMPT = "attempt"
    """An attempt should have gone on by now."""

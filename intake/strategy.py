"""Which of several free seats gets the call.

A strategy is a key to sort free seats by, nothing more: seats lie sorted by it, and the first one gets the call.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import StrEnum
from types import MappingProxyType

from intake.order import Key


class Strategy(StrEnum):
    """The strategies that a centre can choose from."""

    LONGEST_IDLE = "longest-idle"
    """Who has been free for longest. Spreads the load; the default."""
    BEST_SKILL = "best-skill"
    """Who knows the service best; among equals the longest idle."""
    FEWEST_CALLS = "fewest-calls"
    """Who has taken the fewest calls since signing in; among equals the longest idle."""
    FIXED = "fixed"
    """Always the first free seat in the order of the centre's file: the front desk first."""


Sorting = Callable[[int, float, int, int], Key]
"""From a skill's level, the steady time since which the seat is free, the calls taken, and the seat's rank in the
file, to the key. The rank stands last in every key: no two seats are equal, so the choice is never by chance."""

SORTING: Mapping[Strategy, Sorting] = MappingProxyType(
    {
        Strategy.LONGEST_IDLE: lambda level, since, taken, rank: (since, rank),
        Strategy.BEST_SKILL: lambda level, since, taken, rank: (-level, since, rank),
        Strategy.FEWEST_CALLS: lambda level, since, taken, rank: (taken, since, rank),
        Strategy.FIXED: lambda level, since, taken, rank: (rank,),
    }
)
"""What each strategy sorts by."""

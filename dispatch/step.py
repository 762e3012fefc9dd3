"""What one event came to."""

from __future__ import annotations

from dataclasses import dataclass

from dispatch.command import Command
from dispatch.fact import Decided, Witnessed


@dataclass(frozen=True, slots=True)
class Write:
    """Decided facts that are committed together. `event.Committed` says that they are on disk.

    Writes are committed in the order of their numbers, and none is left out: what the database refuses is tried again.
    """

    number: int
    """From 1 in each life of the core."""
    at: float
    """When it was decided, seconds since 1970."""
    facts: tuple[Decided, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be written and done after one event."""

    write: Write | None = None
    """To be committed, after every earlier one; nothing of this step's commands depends on it."""
    witnessed: tuple[Witnessed, ...] = ()
    """To be journalled behind."""
    commands: tuple[Command, ...] = ()
    """To be carried out at once, in this order."""

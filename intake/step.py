"""What one event came to."""

from __future__ import annotations

from dataclasses import dataclass

from intake.command import Command
from intake.fact import Decided, Witnessed


@dataclass(frozen=True, slots=True)
class Decision:
    """A wish that waits for its fact to be committed."""

    wish: str
    """Report `Committed` or `NotCommitted` with this name."""
    fact: Decided
    """What to commit."""


@dataclass(frozen=True, slots=True)
class Step:
    """What has to be written and done after one event, each in order."""

    decided: tuple[Decision, ...] = ()
    """To be committed; nothing of this step's commands depends on it, so no caller waits for a disk."""
    witnessed: tuple[Witnessed, ...] = ()
    """To be journalled behind."""
    commands: tuple[Command, ...] = ()
    """To be carried out at once."""

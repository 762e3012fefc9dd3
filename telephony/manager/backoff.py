"""How long to wait before the next attempt to connect. Pure."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum


class Broken(Enum):
    """Why there is no link."""

    UNREACHABLE = "unreachable"
    """Nobody listens, or it is no manager interface."""
    SECRET = "secret"  # noqa: S105 - a word, no secret
    """Asterisk does not take our name and secret."""
    CLOSED = "closed"
    """Asterisk closed the connection."""
    SILENT = "silent"
    """Asterisk answered no ping, or was not ready in time."""
    RESYNC = "resync"
    """Asterisk did not say what is up."""


DEAD_S = (0.1, 0.2, 0.4, 0.8, 1.6, 2.0)  # Asterisk boots in 0.5 s, and an engine must be in charge within 3 s
SECRET_S = (5.0, 15.0, 30.0, 60.0)  # a secret mends by hand only; more often would fill Asterisk's security log


@dataclass
class BackOff:
    """Counts attempts that failed in a row, each kind with its own patience."""

    failed: int = 0
    last: Broken | None = None

    def next_s(self, why: Broken) -> float:
        """Seconds until the next attempt, after one that ended like this."""
        if (why is Broken.SECRET) != (self.last is Broken.SECRET):
            self.failed = 0
        self.last = why
        steps = SECRET_S if why is Broken.SECRET else DEAD_S
        self.failed += 1
        return steps[min(self.failed, len(steps)) - 1]

    def succeeded(self) -> None:
        """A link stands, resync and all."""
        self.failed = 0
        self.last = None

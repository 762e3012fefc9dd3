"""What became of one attempt: values, never exceptions.

Accepted is not acknowledged: a person, a machine and a fax all accept. Only a key acknowledges.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What one dial of one duty line came to."""

    ACKNOWLEDGED = "acknowledged"
    """A person pressed 1."""
    DECLINED = "declined"
    """A person pressed 9: this line can't take it."""
    NO_KEY = "no-key"
    """It was accepted, the order was spoken, and nobody pressed a key: a machine, an open line, somebody who left."""
    HUNG_UP = "hung-up"
    """It was accepted and hung up again before a key that decides."""
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    REJECTED = "rejected"
    FAILED = "failed"
    """The telephone or the way to it failed, or Asterisk refused to dial."""
    STOPPED = "stopped"
    """It wasn't needed any more: another line was quicker, or the order was cancelled."""
    UNKNOWN = "unknown"
    """Asked, Asterisk knows nothing of it, and it is over. It may have been heard."""


HEARD = frozenset({Outcome.ACKNOWLEDGED, Outcome.DECLINED, Outcome.NO_KEY, Outcome.HUNG_UP, Outcome.UNKNOWN})
"""After these the order was, or may have been, heard on that line: who is rung there again is told that it repeats."""
REPORTED = frozenset(
    {Outcome.BUSY, Outcome.NO_ANSWER, Outcome.REJECTED, Outcome.FAILED, Outcome.HUNG_UP, Outcome.UNKNOWN}
)
"""What the telephone network can say; the others are made of keys and decisions."""

"""What became of ringing a telephone: values, never exceptions.

Accepted is not answered: SIP's 200 proves that a telephone works, a join that a person and the caller hear each other.
"""

from __future__ import annotations

from enum import StrEnum


class Outcome(StrEnum):
    """What one ring of one telephone, or of several at once, came to."""

    ANSWERED = "answered"
    """Accepted. If no join follows, the person or the telephone was lost at once: nobody is to blame."""
    BUSY = "busy"
    """The line was in use by a call that we did not know, or the gate of the dialplan had let in another one."""
    NO_ANSWER = "no-answer"
    """It rang for its time. A person's doing if the telephone said that it rings, else the telephone's."""
    REJECTED = "rejected"
    """The person pressed the key for it (SIP 480, 486 or 603 after it rang)."""
    FAILED = "failed"
    """The telephone or the way to it failed."""
    UNKNOWN = "unknown"
    """Not reported. Nobody is to blame, nothing is concluded."""

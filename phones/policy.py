"""What a telephone does by itself when it is called."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Policy:
    """A behaviour; make one with the functions below.

    `tries`: a 100 is sent at once; `rings`: a 180 is sent at once. `answers_after` and `rejects_after` are in seconds,
    None for never.
    """

    tries: bool = True
    rings: bool = False
    answers_after: float | None = None
    rejects_after: float | None = None
    status: int = 486


BY_HAND = Policy()
"""Nothing is done but the 100: take the call from `Phone.incoming` and handle it."""


def ring_then_answer(after: float = 0.1) -> Policy:
    """Ring, and answer after so many seconds."""
    return Policy(rings=True, answers_after=after)


def answer_at_once() -> Policy:
    """Answer without ringing, as a telephone with auto-answer does."""
    return Policy(answers_after=0.0)


def ignore() -> Policy:
    """Ring for ever."""
    return Policy(rings=True)


def reject(status: int = 486, after: float = 0.0) -> Policy:
    """Refuse with this status (486 is busy), after ringing when a delay is given."""
    return Policy(rings=after > 0, rejects_after=after, status=status)


def silent() -> Policy:
    """Send nothing, not even a 100: a device that hangs."""
    return Policy(tries=False)

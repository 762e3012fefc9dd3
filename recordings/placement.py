"""Where a raw file's audio lies in time.

A recorder is armed at a known time (in the file's name), but it writes nothing before there is audio in one of the
two directions: a seat's telephone rings for ten seconds and its file begins when it is answered. So the *beginning*
of the samples is unknown. Their *end* is known: Asterisk hands over a full buffer the moment it is full and the rest
when the recorder stops, so the file's last write is the time of its last sample. That holds after a clean end and
after a kill alike (seen on Asterisk 22.10: to 20 ms, one frame). Hence the rule:

    start = last write - length, but never before the recorder was armed.

It errs only if both directions stood still in the middle of a call: what was said before the gap then stands later
than it was, by the gap. `late_ms` shows how much of the armed time has no samples, so nobody is misled. And where the
last write can't be true (before the arming, or long after the call: a copy that lost its times), the armed time is
all there is, and `anchor` says that.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

AFTER_END_MS = 5_000
"""A last write this long after the call's end is not the recorder's: it stops within milliseconds, 5 s covers a
machine that stalls."""


class Anchor(StrEnum):
    """What a placement rests on."""

    LAST_WRITE = "last_write"
    ARMED = "armed"
    ARMED_FOR_WANT_OF_BETTER = "armed_for_want_of_better"


@dataclass(frozen=True, slots=True)
class Placement:
    """Where a file's samples begin; times in ms since the epoch, UTC."""

    start_ms: int
    anchor: Anchor
    late_ms: int
    """Armed time without samples, before them or in gaps; 0 or more."""


def place(armed_ms: int, last_write_ms: int, length_ms: int, ended_ms: int | None = None) -> Placement:
    """Place `length_ms` of samples; `ended_ms` is the call's end if it is known."""
    too_early = last_write_ms < armed_ms
    too_late = ended_ms is not None and last_write_ms > ended_ms + AFTER_END_MS
    if too_early or too_late:
        return Placement(armed_ms, Anchor.ARMED_FOR_WANT_OF_BETTER, 0)
    start_ms = last_write_ms - length_ms
    if start_ms <= armed_ms:  # a telephone's clock runs fast: more samples than milliseconds
        return Placement(armed_ms, Anchor.ARMED, 0)
    return Placement(start_ms, Anchor.LAST_WRITE, start_ms - armed_ms)

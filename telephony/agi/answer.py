"""What the engine answers to the dialplan."""

from __future__ import annotations

import re
from dataclasses import dataclass

from telephony.agi.error import BadAnswer

_SEAT = re.compile(r"[A-Za-z0-9_.-]{1,60}")
SECONDS = range(1, 100)  # the dialplan takes any other number for its own default


@dataclass(frozen=True, slots=True)
class Offer:
    """Ring these seats, all at once, for so many seconds."""

    fence: int
    seats: tuple[str, ...]
    seconds: int


@dataclass(frozen=True, slots=True)
class Wait:
    """Nobody is free: the caller waits until he is sent for."""

    fence: int


@dataclass(frozen=True, slots=True)
class Nothing:
    """No answer: the dialplan does what it does without an engine, at once."""


Answer = Offer | Wait | Nothing


def write_answer(answer: Offer | Wait) -> str:
    """As the dialplan reads it: `offer+FENCE+SEAT&SEAT+SECONDS` or `wait+FENCE`. Raises BadAnswer."""
    if answer.fence < 1:
        raise BadAnswer(f"fence {answer.fence}: the dialplan takes 1 and more")
    match answer:
        case Wait(fence):
            return f"wait+{fence}"
        case Offer(fence, seats, seconds):
            if not seats or not all(_SEAT.fullmatch(seat) for seat in seats):
                raise BadAnswer(f"no seats: {seats!r}")
            if seconds not in SECONDS:
                raise BadAnswer(f"{seconds} s: the dialplan takes 1 to 99")
            return f"offer+{fence}+{'&'.join(seats)}+{seconds}"

"""Durable timers, the pure part: what a timer is, and when it may be handed out.

A timer is a deadline that outlives every process: a row, committed with the fact that caused it. It is handed out when
it is due, and again as long as nobody has ended it (at-least-once); who acts on it does so in one unit of work that
ends it and records what came of it, and uses the timer's id as idempotency key for whatever lies outside the database.

Deadlines are moments on the wall's clock. If that clock steps back, what is not yet due comes later by the step; what
was handed out comes again at once rather than a step too late.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

HAND_AGAIN = timedelta(seconds=30)
"""A handed-out timer that nobody ended comes again after this: six times what the slowest commit may take."""


class TimerState(StrEnum):
    """Where a timer is."""

    LIVE = "live"
    SETTLED = "settled"
    """It was due and was acted on."""
    CANCELLED = "cancelled"
    """What it was to watch came earlier, or is no longer wanted."""


@dataclass(frozen=True, slots=True)
class Timer:
    """One deadline."""

    id: str
    """Its idempotency key; the same for ever, such as `attempt-17:no-answer`."""
    kind: str
    """What is to be done, such as `offer-timeout`."""
    subject_kind: str
    subject_id: str
    """Whose deadline it is: `notification`, `n-17`. The auditor looks for these."""
    due: datetime
    body: Mapping[str, Any]
    """What who acts on it needs to know; nothing about a person."""


@dataclass(frozen=True, slots=True)
class Handed:
    """A timer that is to be acted on now."""

    timer: Timer
    attempt: int
    """1 for the first time; more if nobody ended it before."""


def may_be_handed(due: datetime, handed_at: datetime | None, now: datetime) -> bool:
    """Whether a live timer is to be handed out."""
    if due > now:
        return False
    return handed_at is None or now >= handed_at + HAND_AGAIN or now < handed_at


def next_hand_out(due: datetime, handed_at: datetime | None) -> datetime:
    """When a live timer is to be handed out, if the clock goes on evenly."""
    return due if handed_at is None else max(due, handed_at + HAND_AGAIN)

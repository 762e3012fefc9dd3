"""What the journal's tests share: a clock that they wind, and facts by number."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from journal import Draft, Promise, Registry

WAIT_S = 30.0
"""Far more than anything here takes."""
START = datetime(2026, 11, 23, 15, 0, 0, 123456, tzinfo=UTC)
REGISTRY = Registry(
    ["Counted", "SeatPaused", "NotificationStarted", "NotificationAcknowledged", "AttemptFailed"],
    [Promise("notification", frozenset({"NotificationStarted"}), frozenset({"NotificationAcknowledged"}))],
)


class Clock:
    """Stands still unless it is wound."""

    def __init__(self) -> None:
        self.now = START

    def __call__(self) -> datetime:
        return self.now

    def wind(self, seconds: float) -> datetime:
        self.now += timedelta(seconds=seconds)
        return self.now


def draft(number: int, *, personal: bool = True, type: str = "Counted") -> Draft:
    """The fact number so-and-so, with an id by which it is known."""
    return Draft.of(
        type,
        START + timedelta(seconds=number),
        subjects={"call": f"call-{number % 7}", "seat": "seat-01"},
        body={"number": number, "words": "火警 é \u2028 \x00 \"'\\"},
        personal={"ani": f"1380000{number:04d}"} if personal else None,
        id=f"fact-{number}",
    )


def until(true: Callable[[], bool]) -> None:
    """Wait for a fact."""
    deadline = time.monotonic() + WAIT_S
    while not true():
        assert time.monotonic() < deadline
        threading.Event().wait(0.01)

"""Moments: always UTC, always one text form, which sorts as the moments do.

`2026-11-23T15:00:00.123456Z`, 27 characters, as RFC 3339 has it. Nothing in this package reads the time except
through a `Clock` that it was given.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime

from journal.error import BadFact

Clock = Callable[[], datetime]
"""Gives the present moment, with a zone."""


def utc_now() -> datetime:
    """The machine's clock: the only place in this package that reads it."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """A moment as text; raises BadFact for one without a zone."""
    if moment.tzinfo is None:
        raise BadFact("a time without a zone is no moment")
    return moment.astimezone(UTC).isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"


def from_text(text: str) -> datetime:
    """The moment that a text says; raises BadFact for any other form."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is not None and to_text(moment) == text:
            return moment.astimezone(UTC)
    except ValueError:
        pass
    raise BadFact(f"{text[:40]!r} is no moment like 2026-11-23T15:00:00.123456Z")

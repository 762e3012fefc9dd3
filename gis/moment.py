"""When a position was measured, as its sender says."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from gis.trouble import Flaw, Trouble, trouble

CLOCKS_DIFFER = timedelta(minutes=1)
"""Clocks of telephones and of the centre differ by seconds; what is later than that is wrong."""
OLD = timedelta(hours=1)
"""Who moves is elsewhere by then."""


def measured(text: str, received: datetime) -> tuple[datetime, tuple[Trouble, ...]]:
    """The moment that a text says (RFC 3339), in UTC, and what was wrong; the reception's where it says none."""
    text = text.strip()
    if not text:
        return received, ()
    try:
        said = datetime.fromisoformat(text)
        zoned = said if said.tzinfo is not None else said.replace(tzinfo=UTC)
        moment = zoned.astimezone(UTC)
    except (ValueError, OverflowError):
        return received, (trouble(Flaw.BAD_TIME, text),)
    told = () if said.tzinfo is not None else (trouble(Flaw.BAD_TIME, f"{text} has no zone"),)
    if moment > received + CLOCKS_DIFFER:
        return received, (*told, trouble(Flaw.FUTURE_TIME, text))
    if moment < received - OLD:
        return moment, (*told, trouble(Flaw.OLD_TIME, text))
    return moment, told

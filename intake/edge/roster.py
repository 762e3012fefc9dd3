"""Who was signed in at a seat at a moment that has passed, as the journal knows."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from journal import LogEvent, newest_about

_PAGE = 100
"""Facts read at once: pauses and wrap-ups of some hours lie between two sign-ins."""


def person_at(engine: Engine, seat: str, moment: datetime) -> str | None:
    """Who was signed in at this seat then; None if nobody was, or the journal doesn't know. Raises SQLAlchemyError."""
    before: int | None = None
    while facts := newest_about(engine, "seat", seat, LogEvent.AGENT_STATE_CHANGE, before=before, most=_PAGE):
        for fact in facts:
            if fact.time > moment:
                continue
            match fact.body.get("what"):
                case "SignedIn":
                    return fact.subjects.get("person")
                case "SignedOut":
                    return None
        before = facts[-1].sequence
    return None

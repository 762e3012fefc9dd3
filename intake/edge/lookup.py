"""What the journal knows of a moment that has passed. Raises SQLAlchemyError."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import Engine

from journal import LogEvent, facts_about, newest_about

_PAGE = 100
"""Facts read at once: pauses and wrap-ups of some hours lie between two sign-ins."""
SAME_S = 5.0
"""Two who saw the same happening write times less far apart than this."""


def person_at(engine: Engine, seat: str, moment: datetime) -> str | None:
    """Who was signed in at this seat then; None if nobody was, or the journal doesn't know."""
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


def came_back(engine: Engine, call: str, moment: datetime) -> bool:
    """Whether it is written down that this call lost its seat then."""
    return any(
        fact.body.get("what") == "CallCameBack" and abs((fact.time - moment).total_seconds()) < SAME_S
        for fact in facts_about(engine, "call", call)
    )

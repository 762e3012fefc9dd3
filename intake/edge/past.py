"""What the journal knows of calls that an earlier life of the engine saw: read once, when a new life begins."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Engine

from journal import LogEvent, facts_about, last_of


@dataclass(frozen=True, slots=True)
class Begun:
    """How a call began, and how far it has come."""

    at: datetime
    """When it arrived."""
    called: str = ""
    """The number dialled."""
    caller: str = ""
    """The caller's number."""
    answered_at: datetime | None = None
    """When somebody first answered it."""
    by_net: bool = False
    """Whether the dialplan joined it without a decision."""


def begun(engine: Engine, calls: Iterable[str]) -> dict[str, Begun]:
    """Those of these calls of which the journal has the beginning."""
    known = {}
    for call in calls:
        facts = facts_about(engine, "call", call)
        start = next((fact for fact in facts if fact.body.get("what") == "CallArrived"), None)
        if start is None:
            continue
        answered = next((fact for fact in facts if fact.body.get("what") == "CallAnswered"), None)
        known[call] = Begun(
            at=start.time,
            called=str(start.body.get("called", "")),
            caller=str((start.personal or {}).get("caller", "")),
            answered_at=answered.time if answered else None,
            by_net=bool(answered and answered.body.get("by_net")),
        )
    return known


def last_fence(engine: Engine) -> int:
    """The highest fence that was written down: each fact of a route has it. Calls that are up may have a higher one."""
    fact = last_of(engine, LogEvent.ROUTE)
    return int(fact.body.get("fence", 0)) if fact is not None else 0

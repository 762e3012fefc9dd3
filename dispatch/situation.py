"""What plans are matched against: the facts of an incident that conditions speak of. Nothing here is about a person."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from intake.incident.kind import EventClass, Grade


@dataclass(frozen=True, slots=True)
class Situation:
    """One incident as plans see it. Whoever has the record fills it in."""

    type: str
    """Type id of the centre's list; empty: not known yet."""
    event_class: EventClass | None
    """That type's class."""
    grade: Grade | None
    """How grave; None: not known yet."""
    areas: frozenset[str]
    """Ids of every area in which it lies, or may lie."""
    at: datetime
    """When it was reported, in the centre's zone: conditions speak of the clock on the wall."""
    called: str = ""
    """The number that was dialled; empty: nobody dialled one."""
    flags: frozenset[str] = frozenset()
    """Words such as `trapped`, `hazmat`, `casualties`."""
